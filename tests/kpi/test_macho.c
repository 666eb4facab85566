/*
 * test_macho.c - which imports a Mach-O file has; the files are real ones, made by clang and lld, but
 * for the chained one, which Debian's lld cannot make
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "kpi/macho.h"

#define CORPUS SOURCE_DIR "/tests/fuzz/corpus/macho/"

enum { FILE_BYTES = 1 << 16, LIST_BYTES = 1024 };

struct file {
    uint8_t bytes[FILE_BYTES];
    size_t size;
    struct macho macho;
    char list[LIST_BYTES]; /* "_IOLog _vm_map_wire " */
    char why[MACHO_WHY_BYTES];
};

static void
read_file(struct file *file, const char *path)
{
    FILE *stream = fopen(path, "rb");

    assert_non_null(stream);
    file->size = fread(file->bytes, 1, sizeof(file->bytes), stream);
    fclose(stream);
    assert_in_range(file->size, 64, sizeof(file->bytes) - 1);
}

static void
take(void *context, const char *name, size_t length)
{
    struct file *file = context;
    size_t used = strlen(file->list);

    assert_true(used + length + 2 < sizeof(file->list));
    memcpy(file->list + used, name, length);
    memcpy(file->list + used + length, " ", 2);
}

static const char *
imports(struct file *file, size_t slice)
{
    file->list[0] = '\0';
    assert_true(macho_imports(&file->macho.slices[slice], take, file, file->why));
    return file->list;
}

static struct file *
opened(const char *path)
{
    static struct file file;

    read_file(&file, path);
    assert_true(macho_open(file.bytes, file.size, &file.macho, file.why));
    return &file;
}

static void
an_object_imports_what_it_does_not_define(void **state)
{
    struct file *file = opened(CORPUS "x86_64_object");

    (void)state;
    assert_int_equal(file->macho.count, 1);
    assert_string_equal(file->macho.slices[0].machine, "x86_64");
    assert_string_equal(macho_filetype_name(file->macho.slices[0].filetype), "object");
    assert_string_equal(imports(file, 0), "_IOLog _foo_bar _vm_map_wire ");
}

static void
a_fat_file_has_a_slice_for_each_machine(void **state)
{
    struct file *file = opened(CORPUS "fat_two_machines");

    (void)state;
    assert_int_equal(file->macho.count, 2);
    assert_string_equal(file->macho.slices[0].machine, "x86_64");
    assert_string_equal(file->macho.slices[1].machine, "arm64");
    assert_string_equal(imports(file, 1), "_IOLog _foo_bar _vm_map_wire ");
}

/* Each name twice: in the symbol table, and in the bind opcodes. */
static void
a_bundle_names_imports_in_its_bind_opcodes_too(void **state)
{
    struct file *file = opened(CORPUS "classic_bundle");
    const char *list = imports(file, 0);
    const char *first = strstr(list, "_vm_map_wire ");

    (void)state;
    assert_string_equal(macho_filetype_name(file->macho.slices[0].filetype), "bundle");
    assert_non_null(first);
    assert_non_null(strstr(first + 1, "_vm_map_wire "));
}

static void
chained_fixups_name_imports(void **state)
{
    struct file *file = opened(CORPUS "chained_arm64e_kext");

    (void)state;
    assert_string_equal(file->macho.slices[0].machine, "arm64e");
    assert_string_equal(macho_filetype_name(file->macho.slices[0].filetype), "kext");
    assert_string_equal(imports(file, 0), "_IOLog __ZN11IOMemoryMap9wireRangeEjyy _vm_fault ");
}

/* Cut at every byte: refused with a reason, or the imports that were read are still a beginning. */
static void
a_truncated_file_is_refused(void **state)
{
    struct file *file = opened(CORPUS "x86_64_object");
    size_t whole = file->size, refused = 0;

    (void)state;
    for (size_t size = 0; size < whole; size++) {
        file->why[0] = '\0';
        file->list[0] = '\0';
        if (macho_open(file->bytes, size, &file->macho, file->why) &&
            macho_imports(&file->macho.slices[0], take, file, file->why))
            continue;
        assert_string_not_equal(file->why, "");
        refused++;
    }
    assert_int_equal(refused, whole); /* the strings stand at its end */
}

static void
what_is_for_another_machine_is_refused(void **state)
{
    struct file *file = opened(CORPUS "x86_64_object");

    (void)state;
    file->bytes[4] = 18; /* PowerPC */
    assert_false(macho_open(file->bytes, file->size, &file->macho, file->why));
    assert_non_null(strstr(file->why, "neither x86_64 nor arm64"));
    file->bytes[0] = 'E';
    assert_false(macho_open(file->bytes, file->size, &file->macho, file->why));
    assert_string_equal(file->why, "not a Mach-O file");
}

/* The count of symbols times their size must not wrap. */
static void
a_count_that_overflows_is_refused(void **state)
{
    struct file *file = opened(CORPUS "x86_64_object");
    size_t at = 32;

    (void)state;
    while (file->bytes[at] != 2) /* LC_SYMTAB */
        at += file->bytes[at + 4] | (size_t)file->bytes[at + 5] << 8;
    memset(file->bytes + at + 12, 0xFF, 4);
    file->list[0] = '\0';
    assert_false(macho_imports(&file->macho.slices[0], take, file, file->why));
    assert_non_null(strstr(file->why, "symbol table"));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_object_imports_what_it_does_not_define),
        cmocka_unit_test(a_fat_file_has_a_slice_for_each_machine),
        cmocka_unit_test(a_bundle_names_imports_in_its_bind_opcodes_too),
        cmocka_unit_test(chained_fixups_name_imports),
        cmocka_unit_test(a_truncated_file_is_refused),
        cmocka_unit_test(what_is_for_another_machine_is_refused),
        cmocka_unit_test(a_count_that_overflows_is_refused),
    };

    return cmocka_run_group_tests_name("macho", tests, NULL, NULL);
}

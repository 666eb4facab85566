/* test_vm_profile.c - releases as data: every name, every field, every source; vm.md 11 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "vm/vm_profile.h"

/* Every name a user may write, and the row it means: its own, or the last row of the release. */
static const struct {
    const char *name;
    const char *row;
} names[] = {
    { "macos-10.7", "macos-10.7" },       { "macos-10.8", "macos-10.8.2" },
    { "macos-10.8.0", "macos-10.8.0" },   { "macos-10.8.2", "macos-10.8.2" },
    { "macos-10.9", "macos-10.9" },       { "macos-10.10", "macos-10.10" },
    { "macos-10.11", "macos-10.11" },     { "macos-10.12", "macos-10.12.6" },
    { "macos-10.12.0", "macos-10.12.0" }, { "macos-10.12.2", "macos-10.12.2" },
    { "macos-10.12.6", "macos-10.12.6" }, { "macos-10.13", "macos-10.13" },
    { "macos-10.14", "macos-10.14" },     { "macos-10.15", "macos-10.15" },
    { "macos-11", "macos-11" },           { "macos-12", "macos-12" },
    { "macos-13", "macos-13" },           { "macos-14", "macos-14" },
    { "macos-15", "macos-15.5" },         { "macos-15.0", "macos-15.0" },
    { "macos-15.4", "macos-15.4" },       { "macos-15.5", "macos-15.5" },
    { "seed-view", "seed-view" },
};

static struct vm_profile
profile_of(const char *name)
{
    struct vm_profile profile;
    size_t row = 0;

    assert_true(vm_profile_find(name, strlen(name), &row));
    vm_profile_at(row, &profile);
    return profile;
}

static void
every_documented_name_finds_its_row(void **state)
{
    (void)state;
    for (size_t i = 0; i < VMM_COUNT_OF(names); i++)
        assert_string_equal(profile_of(names[i].name).name, names[i].row);
}

static void
every_row_is_found_by_its_own_name(void **state)
{
    (void)state;
    for (size_t row = 0; row < vm_profile_count(); row++) {
        struct vm_profile profile;
        size_t found = vm_profile_count();

        vm_profile_at(row, &profile);
        assert_true(vm_profile_find(profile.name, strlen(profile.name), &found));
        assert_int_equal(found, row);
    }
}

static void
every_row_has_a_documented_name(void **state)
{
    (void)state;
    for (size_t row = 0; row < vm_profile_count(); row++) {
        struct vm_profile profile;
        size_t i = 0;

        vm_profile_at(row, &profile);
        while (i < VMM_COUNT_OF(names) && strcmp(names[i].name, profile.name) != 0)
            i++;
        assert_true(i < VMM_COUNT_OF(names));
    }
}

static void
an_unknown_name_is_refused_and_writes_nothing(void **state)
{
    static const char *const unknown[] = {
        "",           "macos",      "macos-",       "macos-10.6",
        "macos-10",   "macos-10.1", "macos-10.12.", "macos-10.123",
        "macos-15.1", "MACOS-15.4", "macos-15.4.1", "macos-1",
        "seed",       "15.4",       "macos-16"
    };

    (void)state;
    for (size_t i = 0; i < VMM_COUNT_OF(unknown); i++) {
        size_t row = 12345;

        assert_false(vm_profile_find(unknown[i], strlen(unknown[i]), &row));
        assert_int_equal(row, 12345);
    }
}

/*  A name is `length` bytes of a longer text; what follows does not count                       */
static void
a_name_ends_where_its_length_says(void **state)
{
    size_t exact = 0;
    size_t cut = 1;

    (void)state;
    assert_true(vm_profile_find("macos-10.9", 10, &exact));
    assert_true(vm_profile_find("macos-10.9 and more", 10, &cut));
    assert_int_equal(cut, exact);
    assert_false(vm_profile_find("macos-10.9", 0, &cut));
}

/*  Darwin and XNU numbers never go back from one release to the next (F1)                       */
static void
f1_rows_stand_in_the_order_of_release(void **state)
{
    struct vm_profile last = { .darwin_major = 0 };

    (void)state;
    for (size_t row = 0; row < vm_profile_count(); row++) {
        struct vm_profile profile;

        vm_profile_at(row, &profile);
        if (!profile.is_release)
            continue;
        assert_true(profile.darwin_major >= last.darwin_major);
        assert_true(profile.xnu_major >= last.xnu_major);
        assert_true(profile.darwin_major > last.darwin_major ||
                    strncmp(profile.name, last.name, 8) == 0);
        last = profile;
    }
}

static void
f1_every_field_of_every_row_has_a_source(void **state)
{
    (void)state;
    for (size_t row = 0; row < vm_profile_count(); row++) {
        for (size_t i = 0; i < vm_profile_field_count(); i++) {
            struct vm_profile_field field;
            size_t since = vm_profile_count();

            vm_profile_field_at(row, i, &field);
            assert_true(strlen(field.name) > 0);
            assert_true(strlen(field.text) > 0);
            assert_true(strlen(field.source) > 0);
            assert_true(vm_profile_find(field.since, strlen(field.since), &since));
            assert_true(since <= row); /* never set by a later release */
        }
    }
}

static void
field_names_are_unique(void **state)
{
    (void)state;
    for (size_t i = 0; i < vm_profile_field_count(); i++) {
        struct vm_profile_field a, b;

        vm_profile_field_at(0, i, &a);
        for (size_t j = 0; j < i; j++) {
            vm_profile_field_at(0, j, &b);
            assert_string_not_equal(a.name, b.name);
        }
    }
}

/*  A field is the same number in the struct and in the list that `profiles show` prints          */
static void
the_struct_and_the_list_of_fields_agree(void **state)
{
    (void)state;
    for (size_t row = 0; row < vm_profile_count(); row++) {
        struct vm_profile profile;
        struct vm_profile_field field;
        size_t i = 0;

        vm_profile_at(row, &profile);
#define VM_PROFILE_FIELD(name_of, type, meaning) \
    vm_profile_field_at(row, i++, &field);       \
    assert_string_equal(field.name, #name_of);   \
    assert_string_equal(field.text, meaning);    \
    assert_int_equal(field.value, (uint64_t)profile.name_of);
#include "vm/vm_profile_fields.def"
#undef VM_PROFILE_FIELD
        assert_int_equal(i, vm_profile_field_count());
    }
}

static void
a_truth_prints_as_true_or_false(void **state)
{
    size_t row = 0;

    (void)state;
    assert_true(vm_profile_find("macos-15.4", 10, &row));
    for (size_t i = 0; i < vm_profile_field_count(); i++) {
        struct vm_profile_field field;

        vm_profile_field_at(row, i, &field);
        if (strcmp(field.name, "sanitizes_ranges") == 0)
            assert_string_equal(field.value_name, "true");
        if (strcmp(field.name, "delete_clamps") == 0)
            assert_string_equal(field.value_name, "false");
        if (strcmp(field.name, "darwin_major") == 0)
            assert_null(field.value_name);
    }
}

static void
every_choice_has_a_name(void **state)
{
    static const char *const fields[] = { "prefault", "fixed_offset_mismatch", "free_space",
                                          "wire_limit", "panic_shape" };

    (void)state;
    for (size_t row = 0; row < vm_profile_count(); row++) {
        for (size_t i = 0; i < vm_profile_field_count(); i++) {
            struct vm_profile_field field;

            vm_profile_field_at(row, i, &field);
            for (size_t j = 0; j < VMM_COUNT_OF(fields); j++) {
                if (strcmp(field.name, fields[j]) == 0)
                    assert_non_null(field.value_name);
            }
        }
    }
}

/*  vm.md 11, one line a release that its table names                                             */
static void
releases_differ_as_the_table_of_vm_md_11_says(void **state)
{
    static const struct {
        const char *name;
        uint8_t free_space;
        uint8_t wire_limit;
        uint8_t panic_shape;
        bool wiring_keeps_write;
        bool keeps_wpmapped;
        bool forces_shadow;
        bool clamps;
        bool sanitizes;
        bool refuses_interrupts_off;
        bool user_failure_panics;
    } rows[] = {
        { "macos-10.9", VM_FREE_SPACE_FIRST_FREE, VM_WIRE_LIMIT_RESERVE, VM_PANIC_PLAIN, true,
          false, false, true, false, false, false },
        { "macos-10.10", VM_FREE_SPACE_FIRST_FREE, VM_WIRE_LIMIT_RESERVE, VM_PANIC_PLAIN, true,
          false, false, true, false, false, false },
        { "macos-10.11", VM_FREE_SPACE_HOLES, VM_WIRE_LIMIT_RESERVE, VM_PANIC_PL, false, false,
          false, true, false, false, false },
        { "macos-10.12", VM_FREE_SPACE_HOLES, VM_WIRE_LIMIT_RESERVE, VM_PANIC_PL, false, true,
          false, true, false, false, false },
        { "macos-10.15", VM_FREE_SPACE_HOLES, VM_WIRE_LIMIT_PERCENT, VM_PANIC_PL_VF, false, true,
          false, true, false, false, false },
        { "macos-11", VM_FREE_SPACE_HOLES, VM_WIRE_LIMIT_PERCENT, VM_PANIC_PL_VF, true, true, false,
          true, false, false, true },
        { "macos-12", VM_FREE_SPACE_HOLES, VM_WIRE_LIMIT_PERCENT, VM_PANIC_PL_VF, true, true, false,
          false, false, false, true },
        { "macos-13", VM_FREE_SPACE_HOLES, VM_WIRE_LIMIT_PERCENT, VM_PANIC_PL_VF, true, true, true,
          false, false, false, true },
        { "macos-15.0", VM_FREE_SPACE_HOLES, VM_WIRE_LIMIT_PERCENT, VM_PANIC_PL_VF, true, true,
          true, false, true, true, true },
        { "macos-15.4", VM_FREE_SPACE_HOLES, VM_WIRE_LIMIT_PERCENT, VM_PANIC_PL_VF_TYPE_EQUALS,
          true, true, true, false, true, true, true },
    };

    (void)state;
    for (size_t i = 0; i < VMM_COUNT_OF(rows); i++) {
        struct vm_profile profile = profile_of(rows[i].name);

        assert_int_equal(profile.free_space, rows[i].free_space);
        assert_int_equal(profile.wire_limit, rows[i].wire_limit);
        assert_int_equal(profile.panic_shape, rows[i].panic_shape);
        assert_int_equal(profile.wiring_keeps_write, rows[i].wiring_keeps_write);
        assert_int_equal(profile.read_fault_keeps_write_if_wpmapped, rows[i].keeps_wpmapped);
        assert_int_equal(profile.wire_forces_shadow, rows[i].forces_shadow);
        assert_int_equal(profile.delete_clamps, rows[i].clamps);
        assert_int_equal(profile.sanitizes_ranges, rows[i].sanitizes);
        assert_int_equal(profile.refuses_faults_interrupts_off, rows[i].refuses_interrupts_off);
        assert_int_equal(profile.user_fault_failure_panics, rows[i].user_failure_panics);
    }
}

/*  No release maps task memory eagerly; the report's belief of 10.9 does, and says it is none
 *  (vm.md 0.3)                                                                                   */
static void
only_the_seed_view_is_eager(void **state)
{
    (void)state;
    for (size_t row = 0; row < vm_profile_count(); row++) {
        struct vm_profile profile;

        vm_profile_at(row, &profile);
        assert_int_equal(profile.eager_task_memory, !profile.is_release);
        assert_int_equal(profile.is_release, strcmp(profile.name, "seed-view") != 0);
    }
}

static void
the_seed_view_is_the_last_row_and_else_like_10_9(void **state)
{
    struct vm_profile seed, release = profile_of("macos-10.9");

    (void)state;
    vm_profile_at(vm_profile_count() - 1, &seed);
    assert_string_equal(seed.name, "seed-view");
#define VM_PROFILE_FIELD(name_of, type, meaning)    \
    if (strcmp(#name_of, "eager_task_memory") != 0) \
        assert_int_equal(seed.name_of, release.name_of);
#include "vm/vm_profile_fields.def"
#undef VM_PROFILE_FIELD
}

static void
every_row_says_what_it_is_and_where_it_was_read(void **state)
{
    (void)state;
    for (size_t row = 0; row < vm_profile_count(); row++) {
        struct vm_profile profile;

        vm_profile_at(row, &profile);
        assert_true(strlen(profile.label) > 0);
        if (profile.is_release)
            assert_memory_equal(profile.tag, "xnu-", 4);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_documented_name_finds_its_row),
        cmocka_unit_test(every_row_is_found_by_its_own_name),
        cmocka_unit_test(every_row_has_a_documented_name),
        cmocka_unit_test(an_unknown_name_is_refused_and_writes_nothing),
        cmocka_unit_test(a_name_ends_where_its_length_says),
        cmocka_unit_test(f1_rows_stand_in_the_order_of_release),
        cmocka_unit_test(f1_every_field_of_every_row_has_a_source),
        cmocka_unit_test(field_names_are_unique),
        cmocka_unit_test(the_struct_and_the_list_of_fields_agree),
        cmocka_unit_test(a_truth_prints_as_true_or_false),
        cmocka_unit_test(every_choice_has_a_name),
        cmocka_unit_test(releases_differ_as_the_table_of_vm_md_11_says),
        cmocka_unit_test(only_the_seed_view_is_eager),
        cmocka_unit_test(the_seed_view_is_the_last_row_and_else_like_10_9),
        cmocka_unit_test(every_row_says_what_it_is_and_where_it_was_read),
    };

    return cmocka_run_group_tests_name("vm_profile", tests, NULL, NULL);
}

/* test_kext_table.c - what the kext vouches for before it follows a handle or touches a byte (kext.h) */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "kext/kext.h"

enum { PAGE = KEXT_PAGE, IN = 1, OUT = 2, NONE = 0 };

/* ---- the machine: memory from the host, and a kernel that says which page it sees ---- */

static uint64_t seen_page;
static int blocks;

void *
kext_take(size_t size)
{
    blocks++;
    return malloc(size);
}

void
kext_give(void *memory, size_t size)
{
    (void)size;
    blocks--;
    free(memory);
}

int
kext_look(uint64_t address)
{
    return seen_page == 0 ? -1 : seen_page == address;
}

static int
clear(void **state)
{
    (void)state;
    kext_table_clear();
    seen_page = 0;
    return 0;
}

/* Four pages at 0x10000 that begin 0x100 into the first; `thing` stands for the I/O Kit object. */
static char thing[8];

static struct kext_entry *
make_map(uint32_t flags)
{
    struct kext_entry *map = kext_table_add(KEXT_MAP, &thing[0], NULL);

    map->address = 0x10100;
    map->length = 4 * PAGE - 0x100;
    map->flags = KEXT_IN_KERNEL | flags;
    return map;
}

static void
wire(struct kext_entry *map, uint32_t direction, uint64_t offset, uint64_t length)
{
    assert_true(kext_table_may_wire(map, offset, length));
    kext_table_wire(map, direction, offset, length);
}

/* ---- handles ---- */

static void
K1_a_handle_is_alive_until_its_last_reference(void **state)
{
    struct kext_entry *entry = kext_table_add(KEXT_DESC, &thing[1], NULL);

    (void)state;
    assert_ptr_equal(kext_table_add(KEXT_DESC, &thing[1], NULL), entry);
    assert_null(kext_table_find(KEXT_MAP, &thing[1]));
    assert_null(kext_table_find(KEXT_DESC, NULL));
    kext_table_drop(entry);
    assert_ptr_equal(kext_table_find(KEXT_DESC, &thing[1]), entry);
    kext_table_drop(entry);
    assert_null(kext_table_find(KEXT_DESC, &thing[1]));
}

static void
K1_a_map_keeps_its_descriptor_alive(void **state)
{
    struct kext_entry *desc = kext_table_add(KEXT_DESC, &thing[1], NULL);
    struct kext_entry *map = kext_table_add(KEXT_MAP, &thing[0], desc);

    (void)state;
    kext_table_drop(desc);
    assert_non_null(kext_table_find(KEXT_DESC, &thing[1]));
    assert_int_equal(desc->references, 0); /* and none of them is the driver's to drop */
    kext_table_drop(map);
    assert_null(kext_table_find(KEXT_DESC, &thing[1]));
}

static void
K1_a_full_table_takes_no_more(void **state)
{
    static char things[KEXT_OBJECTS + 1];

    (void)state;
    for (size_t i = 0; i < KEXT_OBJECTS; i++)
        assert_non_null(kext_table_add(KEXT_DESC, &things[i], NULL));
    assert_null(kext_table_add(KEXT_DESC, &things[KEXT_OBJECTS], NULL));
}

static void
K4_maps_are_undone_before_what_they_hold(void **state)
{
    struct kext_entry *desc = kext_table_add(KEXT_DESC, &thing[1], NULL);
    struct kext_entry *map = kext_table_add(KEXT_MAP, &thing[0], desc);

    (void)state;
    assert_ptr_equal(kext_table_any(), map);
    kext_table_drop(map);
    assert_ptr_equal(kext_table_any(), desc);
    kext_table_drop(desc);
    assert_null(kext_table_any());
}

/* ---- touching ---- */

static void
K2_only_live_bytes_may_be_touched(void **state)
{
    struct kext_entry *map = make_map(0);

    (void)state;
    assert_true(kext_may_touch(map->address, map->length, true, false));
    assert_false(kext_may_touch(map->address - 1, 1, false, false));
    assert_false(kext_may_touch(map->address + map->length, 1, false, false));
    assert_false(kext_may_touch(map->address + 1, map->length, false, false));
    assert_false(kext_may_touch(map->address + 1, UINT64_MAX, false, false));
    kext_table_drop(map);
    assert_false(kext_may_touch(0x10100, 1, false, false));
}

static void
K2_a_read_only_mapping_takes_no_store(void **state)
{
    struct kext_entry *map = make_map(KEXT_READ_ONLY);

    (void)state;
    assert_true(kext_may_touch(map->address, 1, false, false));
    assert_false(kext_may_touch(map->address, 1, true, false));
}

/*  pages  0123
 *  wired  .RW.    R for reading, W for writing */
static void
K3_a_section_needs_wires_for_what_it_does(void **state)
{
    struct kext_entry *map = make_map(0);
    uint64_t first = map->address;

    (void)state;
    wire(map, IN, PAGE, 1);
    wire(map, OUT, 2 * PAGE, 1);
    assert_false(kext_may_touch(first, 1, false, true));
    assert_true(kext_may_touch(first + PAGE, PAGE + 1, false, true));
    assert_false(kext_may_touch(first + PAGE, 1, true, true));
    assert_true(kext_may_touch(first + 2 * PAGE, 1, true, true));
    assert_false(kext_may_touch(first + 2 * PAGE, PAGE, false, true));
    kext_table_drop(map);
    assert_int_equal(blocks, 0);
}

static void
K3_an_unwire_may_have_undone_the_wire_for_writing(void **state)
{
    struct kext_entry *map = make_map(0);

    (void)state;
    wire(map, IN, 0, PAGE);
    wire(map, OUT, 0, PAGE);
    kext_table_wire(map, NONE, 0, 1);
    assert_true(kext_table_is_wired(map, false, 0, 1));
    assert_false(kext_table_is_wired(map, true, 0, 1));
    kext_table_drop(map);
}

static void
K3_a_load_may_go_where_the_kernel_sees_a_translation(void **state)
{
    struct kext_entry *map = make_map(0);

    (void)state;
    seen_page = 0x11000;
    assert_true(kext_may_touch(0x11000, PAGE, false, true));
    assert_false(kext_may_touch(0x11000, PAGE, true, true));
    assert_false(kext_may_touch(0x10fff, 2, false, true));
    kext_table_drop(map);
}

/*  pages  0123
 *  wired  .##.    then 0 as well */
static void
K4_wired_pages_are_found_in_rows(void **state)
{
    struct kext_entry *map = make_map(0);
    uint64_t offset, length;

    (void)state;
    assert_false(kext_table_wired_run(map, &offset, &length));
    wire(map, IN, PAGE, PAGE);
    assert_true(kext_table_wired_run(map, &offset, &length));
    assert_int_equal(offset, PAGE - 0x100);
    assert_int_equal(length, 2 * PAGE);
    wire(map, IN, 0, 1);
    assert_true(kext_table_wired_run(map, &offset, &length));
    assert_int_equal(offset, 0);
    assert_int_equal(length, 3 * PAGE - 0x100);
    kext_table_wire(map, NONE, 0, map->length);
    assert_false(kext_table_wired_run(map, &offset, &length));
    kext_table_drop(map);
}

/* ---- parts ---- */

/* A descriptor, a view on a part of it, and a mapping of each: the second lies in the first. */
struct parts {
    struct kext_entry *desc, *view, *whole, *part;
};

static struct parts
make_parts(void)
{
    struct parts made = { .desc = kext_table_add(KEXT_DESC, &thing[1], NULL) };

    made.view = kext_table_add(KEXT_DESC, &thing[2], made.desc);
    made.whole = kext_table_add(KEXT_MAP, &thing[0], made.desc);
    made.whole->address = 0x10000;
    made.whole->length = 4 * PAGE;
    made.whole->flags = KEXT_IN_KERNEL;
    made.part = kext_table_add(KEXT_MAP, &thing[3], made.view);
    made.part->address = 0x11000;
    made.part->length = PAGE;
    made.part->flags = KEXT_IN_KERNEL;
    return made;
}

/*  whole  ....        ....   the other mapping may go: it has a place of its own
 *  part    W    other     . */
static void
K4_a_wire_keeps_whoever_shares_its_place(void **state)
{
    struct parts made = make_parts();
    struct kext_entry *other = kext_table_add(KEXT_MAP, &thing[4], made.desc);
    uint64_t offset, length;

    (void)state;
    other->address = 0x14000;
    other->length = PAGE;
    other->flags = KEXT_IN_KERNEL;
    assert_null(kext_table_wired_map(&offset, &length));
    wire(made.part, IN, 0, PAGE);
    assert_true(kext_table_would_hang(made.whole));
    assert_true(kext_table_would_hang(made.part));
    assert_false(kext_table_would_hang(other));
    assert_ptr_equal(kext_table_any(), other);
    assert_ptr_equal(kext_table_wired_map(&offset, &length), made.part);
    kext_table_wire(made.part, NONE, offset, length);
    assert_false(kext_table_would_hang(made.whole));
    wire(made.whole, IN, 0, PAGE);
    assert_true(kext_table_would_hang(made.part));
    other->address = 0x11000;
    other->held = NULL; /* another's memory, or another task's, is not that place */
    assert_false(kext_table_would_hang(other));
    other->held = made.desc;
    other->flags = 0;
    assert_false(kext_table_would_hang(other));
    kext_table_drop(made.whole);
    kext_table_drop(made.part);
    assert_int_equal(blocks, 0);
}

static void
K2_an_unmap_takes_the_parts_along(void **state)
{
    struct parts made = make_parts();
    struct kext_entry *alien = kext_table_add(KEXT_DESC, &thing[5], NULL);

    (void)state;
    kext_table_unmap(made.part);
    assert_false(kext_table_has_stale(made.desc));
    assert_true(kext_may_touch(0x11000, PAGE, true, false));
    made.part->length = PAGE;
    made.part->flags = KEXT_IN_KERNEL;
    kext_table_unmap(made.whole);
    assert_false(kext_may_touch(0x11000, 1, false, false));
    assert_true(kext_table_has_stale(made.desc));
    assert_true(kext_table_has_stale(made.view));
    assert_false(kext_table_has_stale(alien));
    kext_table_drop(made.part);
    assert_false(kext_table_has_stale(made.desc));
}

static void
K1_a_part_keeps_the_whole_descriptor_alive(void **state)
{
    struct parts made = make_parts();

    (void)state;
    kext_table_drop(made.whole);
    kext_table_drop(made.desc);
    kext_table_drop(made.view);
    assert_non_null(kext_table_find(KEXT_DESC, &thing[1]));
    kext_table_drop(made.part);
    assert_null(kext_table_find(KEXT_DESC, &thing[2]));
    assert_null(kext_table_find(KEXT_DESC, &thing[1]));
}

static void
a_page_is_not_wired_more_often_than_is_counted(void **state)
{
    struct kext_entry *map = make_map(0);

    (void)state;
    for (int i = 0; i < UINT8_MAX; i++)
        wire(map, IN, 0, 1);
    assert_false(kext_table_may_wire(map, 0, map->length));
    assert_true(kext_table_may_wire(map, PAGE, 1));
    kext_table_drop(map);
}

#define TEST(test) cmocka_unit_test_setup(test, clear)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(K1_a_handle_is_alive_until_its_last_reference),
        TEST(K1_a_map_keeps_its_descriptor_alive),
        TEST(K1_a_full_table_takes_no_more),
        TEST(K4_maps_are_undone_before_what_they_hold),
        TEST(K2_only_live_bytes_may_be_touched),
        TEST(K2_a_read_only_mapping_takes_no_store),
        TEST(K3_a_section_needs_wires_for_what_it_does),
        TEST(K3_an_unwire_may_have_undone_the_wire_for_writing),
        TEST(K3_a_load_may_go_where_the_kernel_sees_a_translation),
        TEST(K4_wired_pages_are_found_in_rows),
        TEST(K4_a_wire_keeps_whoever_shares_its_place),
        TEST(K2_an_unmap_takes_the_parts_along),
        TEST(K1_a_part_keeps_the_whole_descriptor_alive),
        TEST(a_page_is_not_wired_more_often_than_is_counted),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

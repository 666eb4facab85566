/*
 * cases_iokit.c - what iokit.md says, asked through the conformance kit's own names
 *
 * Each case runs on a fresh machine of each release and page size that it names; what to expect is
 * written here from the specification and never read from a profile.
 */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "iokit_adapter.h"

#define COUNT_OF(a) (sizeof(a) / sizeof((a)[0]))
#define CANNOT_WIRE ((int)0xE00002DE)
#define NOT_WRITABLE ((int)0xE00002CF)

static unsigned failures;
static unsigned release;    /* XNU's number */
static bool is_seed_view;   /* the report's own belief */
static uint64_t page;       /* bytes */
static const char *running; /* the case */

static void
check(bool holds, const char *what, int line)
{
    if (holds)
        return;
    failures++;
    printf("%s: line %d, %s, %s: %s\n", running, line, getenv("FAULTLINE_PROFILE"),
           getenv("FAULTLINE_MACHINE"), what);
}
#define CHECK(holds) check((holds), #holds, __LINE__)

/* ---- words ---- */

enum { FILL = 0x40 };

static oracle_task_t
kernel(void)
{
    return oracle_kernel();
}

static oracle_task_t
user(void)
{
    return oracle_user();
}

static bool
load(oracle_task_t task, uint64_t va, uint8_t *byte)
{
    return oracle_access(task, va, 0, byte) == 0;
}

static int
store(oracle_task_t task, uint64_t va, uint8_t byte)
{
    return oracle_access(task, va, 1, &byte);
}

static bool
shows(oracle_task_t task, uint64_t va, uint8_t expected)
{
    uint8_t byte = (uint8_t)~expected;

    return load(task, va, &byte) && byte == expected;
}

/* How many of the pages can be loaded from (stored to) where no fault may be taken. */
static unsigned
ready_pages(oracle_task_t task, uint64_t va, unsigned pages, bool to_store)
{
    unsigned ready = 0;

    oracle_no_faults(1);
    for (unsigned i = 0; i < pages; i++) {
        uint8_t byte = FILL;

        ready += oracle_access(task, va + i * page, to_store, &byte) == 0;
    }
    oracle_no_faults(0);
    return ready;
}

/* The user's memory: page i holds FILL + i. */
static uint64_t
filled(unsigned pages)
{
    uint64_t va = oracle_task_allocate(user(), pages * page);

    CHECK(va != 0);
    for (unsigned i = 0; i < pages; i++)
        CHECK(store(user(), va + i * page, (uint8_t)(FILL + i)) == 0);
    return va;
}

static oracle_md_t
describe(uint64_t va, uint64_t length, uint32_t options)
{
    oracle_range_t range = { va, length };
    oracle_md_t md = oracle_md_with_ranges(&range, 1, options, user());

    CHECK(md != NULL);
    return md;
}

static oracle_map_t
map_whole(oracle_md_t md, oracle_task_t task, uint32_t options)
{
    return oracle_md_map(md, task, 0, OMAP_ANYWHERE | options, 0, 0);
}

/* ---- descriptors ---- */

static void
creation_asks_nothing_of_the_range(void)
{
    oracle_range_t none = { 0, 0 };
    uint64_t hole = oracle_task_allocate(user(), 4 * page);
    oracle_md_t md = describe(hole, 4 * page, OMD_OUT);
    oracle_md_t empty = oracle_md_with_ranges(&none, 1, 0, user());

    oracle_task_free(user(), hole, 4 * page);
    CHECK(oracle_md_length(md) == 4 * page);
    CHECK(oracle_md_prepare(md, 0) == CANNOT_WIRE);
    CHECK(map_whole(md, kernel(), OMAP_READ_ONLY) == NULL);
    CHECK(empty != NULL && oracle_md_length(empty) == 0);
    CHECK(oracle_md_prepare(empty, 0) == 0 && oracle_md_complete(empty, 0) == 0);
    CHECK(map_whole(empty, kernel(), 0) == NULL);
    oracle_md_release(md);
    oracle_md_release(empty);
}

static void
prepare_makes_no_translation(void)
{
    uint64_t va = filled(4);
    oracle_md_t md = describe(va, 4 * page, OMD_OUTIN);
    oracle_map_t map;
    uint8_t bytes[2];

    CHECK(oracle_md_prepare(md, 0) == 0);
    map = map_whole(md, kernel(), 0);
    CHECK(oracle_map_length(map) == 4 * page);
    CHECK(ready_pages(kernel(), oracle_map_address(map), 4, false) == (is_seed_view ? 4 : 0));
    CHECK(oracle_md_read(md, page, bytes, 1) == 1 && bytes[0] == FILL + 1);
    CHECK(oracle_md_complete(md, 0) == 0);
    CHECK(oracle_md_prepare(md, 0) == 0);
    CHECK(ready_pages(kernel(), oracle_map_address(map), 4, false) == (is_seed_view ? 4 : 0));
    for (unsigned i = 0; i < 4; i++)
        CHECK(shows(kernel(), oracle_map_address(map) + i * page, (uint8_t)(FILL + i)));
    CHECK(ready_pages(kernel(), oracle_map_address(map), 4, false) == 4);
    oracle_map_release(map);
    CHECK(oracle_md_complete(md, 0) == 0);
    oracle_md_release(md);
}

static void
each_first_touch_is_one_fault(void)
{
    uint64_t va = filled(3);
    oracle_md_t md = describe(va, 3 * page, OMD_OUT);
    oracle_map_t map = map_whole(md, kernel(), 0);
    uint64_t before = oracle_fault_count(kernel());

    for (unsigned i = 0; i < 3; i++)
        CHECK(shows(kernel(), oracle_map_address(map) + i * page, (uint8_t)(FILL + i)));
    CHECK(oracle_fault_count(kernel()) == before + (is_seed_view ? 0 : 3));
    before = oracle_fault_count(kernel());
    CHECK(shows(kernel(), oracle_map_address(map) + 1, 0));
    CHECK(oracle_fault_count(kernel()) == before);
    oracle_map_release(map);
    oracle_md_release(md);
}

static void
codes_of_prepare(void)
{
    uint64_t va = filled(2);
    oracle_md_t md = describe(va, 2 * page, OMD_OUT);
    oracle_md_t twice = describe(va, 2 * page, OMD_OUT);
    oracle_map_t map = map_whole(md, kernel(), OMAP_READ_ONLY);

    CHECK(oracle_md_prepare(md, OMD_IN) == 17); /* the named entry is read-only */
    CHECK(oracle_md_prepare(md, 0) == 0);
    CHECK(oracle_md_complete(md, 0) == 0);
    CHECK(oracle_md_prepare(twice, OMD_OUT) == 0);
    CHECK(oracle_md_prepare(twice, OMD_IN) == NOT_WRITABLE);
    CHECK(oracle_md_prepare(twice, OMD_OUT) == 0);
    CHECK(oracle_md_complete(twice, 0) == 0 && oracle_md_complete(twice, 0) == 0);
    CHECK(oracle_md_complete(twice, 0) == 0); /* beyond balance: silent */
    CHECK(oracle_md_prepare(twice, OMD_IN) == 0);
    /* The flag sticks up to 10.12, so the nested prepare is refused there. */
    CHECK(oracle_md_prepare(twice, OMD_IN) == (release < 4570 ? NOT_WRITABLE : 0));
    oracle_map_release(map);
    oracle_md_release(md);
    oracle_md_release(twice);
}

static void
reading_past_the_end(void)
{
    uint64_t va = filled(1);
    oracle_md_t md = describe(va, page, OMD_OUT);
    uint8_t bytes[64];

    CHECK(oracle_md_prepare(md, 0) == 0);
    CHECK(oracle_md_read(md, page, bytes, 1) == 0);
    CHECK(oracle_md_read(md, page - 8, bytes, 8) == 8);
    CHECK(oracle_md_read(md, page - 8, bytes, 16) == (release < 3247 ? 8 : 0));
    CHECK(oracle_md_complete(md, 0) == 0);
    oracle_md_release(md);
}

static void
several_ranges_in_order(void)
{
    uint64_t va = filled(6);
    oracle_range_t ranges[] = { { va + 4 * page, 2 * page }, { va, page } };
    oracle_md_t md = oracle_md_with_ranges(ranges, 2, OMD_OUT, user());
    static const uint8_t order[] = { FILL + 4, FILL + 5, FILL };
    oracle_map_t map = map_whole(md, kernel(), 0);
    uint8_t byte = 0;

    CHECK(oracle_md_length(md) == 3 * page && map != NULL && oracle_map_length(map) == 3 * page);
    CHECK(oracle_md_prepare(md, 0) == 0);
    for (unsigned i = 0; i < 3; i++) {
        CHECK(oracle_md_read(md, i * page, &byte, 1) == 1 && byte == order[i]);
        CHECK(shows(kernel(), oracle_map_address(map) + i * page, order[i]));
    }
    oracle_map_release(map);
    oracle_md_release(md);
}

static void
a_ragged_follower(void)
{
    uint64_t va = filled(4);
    oracle_range_t ranges[] = { { va, page }, { va + 2 * page + 8, 16 } };
    oracle_md_t md = oracle_md_with_ranges(ranges, 2, OMD_OUT, user());
    oracle_map_t map = map_whole(md, kernel(), 0);

    /* Refused up to 10.15; from 11 on each piece stands on pages of its own. */
    CHECK((map != NULL) == (release >= 7195));
    CHECK(oracle_md_prepare(md, 0) == 0);
    if (map != NULL)
        oracle_map_release(map);
    oracle_md_release(md);
}

/* ---- mappings ---- */

static void
offsets_and_lengths(void)
{
    uint64_t va = filled(4);
    oracle_md_t md = describe(va + 0x123, 2 * page, OMD_OUT);
    oracle_map_t map = map_whole(md, kernel(), 0);

    CHECK(oracle_map_address(map) % page == 0x123);
    CHECK(oracle_map_length(map) == 2 * page);
    CHECK(shows(kernel(), oracle_map_address(map) - 0x123, FILL));
    CHECK(oracle_md_map(md, kernel(), 0, OMAP_ANYWHERE, 2 * page, 1) == NULL);
    CHECK(oracle_md_map(md, kernel(), 0, OMAP_ANYWHERE, 0, 2 * page + 1) == NULL);
    CHECK(oracle_md_map(md, kernel(), 0, OMAP_ANYWHERE, UINT64_MAX, 2) == NULL);
    oracle_map_release(map);
    oracle_md_release(md);
}

static void
the_same_mapping_twice(void)
{
    uint64_t va = filled(4);
    oracle_md_t md = describe(va, 4 * page, OMD_OUTIN);
    oracle_map_t one = map_whole(md, kernel(), 0);
    oracle_map_t again = map_whole(md, kernel(), 0);
    oracle_map_t part = oracle_md_map(md, kernel(), 0, OMAP_ANYWHERE, page, page);
    oracle_map_t unique = map_whole(md, kernel(), OMAP_UNIQUE);
    oracle_map_t read_only = map_whole(md, kernel(), OMAP_READ_ONLY);

    CHECK(oracle_map_address(one) == oracle_map_address(again));
    CHECK(oracle_map_address(part) == oracle_map_address(one) + page);
    CHECK(oracle_map_address(unique) != oracle_map_address(one));
    CHECK(oracle_map_address(read_only) != oracle_map_address(one));
    CHECK(store(kernel(), oracle_map_address(read_only), 1) == 2);
    CHECK(store(kernel(), oracle_map_address(unique), 0x77) == 0);
    CHECK(shows(user(), va, 0x77) && shows(kernel(), oracle_map_address(one), 0x77));
    oracle_map_release(again);
    CHECK(shows(kernel(), oracle_map_address(one), 0x77));
    oracle_map_release(one);
    CHECK(shows(kernel(), oracle_map_address(part), FILL + 1)); /* a part keeps the whole */
    oracle_map_release(part);
    oracle_map_release(unique);
    oracle_map_release(read_only);
    oracle_md_release(md);
}

static void
the_own_task_sees_the_original(void)
{
    uint64_t va = filled(2);
    oracle_md_t md = describe(va + 8, page, OMD_OUTIN);
    oracle_map_t map = map_whole(md, user(), 0);
    oracle_map_t unique = map_whole(md, user(), OMAP_UNIQUE);

    CHECK(oracle_map_address(map) == va + 8);
    /* Unique keeps the shortcut away from 10.14 on. */
    CHECK((oracle_map_address(unique) == va + 8) == (release < 4903));
    oracle_map_release(map);
    CHECK(shows(user(), va, FILL)); /* unmapping it does nothing */
    oracle_map_release(unique);
    oracle_md_release(md);
    CHECK(shows(user(), va, FILL));
}

static void
the_first_read_only_mapping_freezes_rights(void)
{
    uint64_t va = filled(1);
    oracle_md_t md = describe(va, page, OMD_OUT);
    oracle_map_t first = map_whole(md, kernel(), OMAP_READ_ONLY);
    oracle_map_t second = map_whole(md, kernel(), 0);

    /* Up to 10.9 the second one is refused; later it is silently read-only. */
    CHECK((second == NULL) == (release < 2782));
    if (second != NULL) {
        CHECK(shows(kernel(), oracle_map_address(second), FILL));
        CHECK(store(kernel(), oracle_map_address(second), 1) == 2);
        CHECK(oracle_map_wire_range(second, OMD_OUT, 0, page) == 2);
        oracle_map_release(second);
    }
    oracle_map_release(first);
    oracle_md_release(md);
}

static void
a_fixed_address(void)
{
    uint64_t va = filled(2);
    uint64_t room = oracle_task_allocate(kernel(), 4 * page);
    oracle_md_t md = describe(va + 16, page, OMD_OUT);
    oracle_map_t map;

    oracle_task_free(kernel(), room, 4 * page);
    map = oracle_md_map(md, kernel(), room + 16, 0, 0, 0);
    CHECK(map != NULL && oracle_map_address(map) == room + 16);
    if (map != NULL)
        oracle_map_release(map);
    map = oracle_md_map(md, kernel(), room, 0, 0, 0);
    CHECK((map != NULL) == (release >= 7195)); /* moved to where the bytes fit */
    if (map != NULL) {
        CHECK(oracle_map_address(map) == room + 16);
        oracle_map_release(map);
    }
    CHECK(oracle_md_map(md, kernel(), 16, 0, 0, 0) == NULL); /* outside the map */
    oracle_md_release(md);
}

static void
a_fixed_address_that_is_taken(void)
{
    uint64_t va = filled(1);
    uint64_t taken = oracle_task_allocate(kernel(), page);
    oracle_md_t md = describe(va, page, OMD_OUT);

    CHECK(store(kernel(), taken, 0x55) == 0);
    CHECK(oracle_md_map(md, kernel(), taken, 0, 0, 0) == NULL);
    /* Up to 10.12.1 the failed call deallocates what stood there. */
    CHECK(shows(kernel(), taken, 0x55) == (release > 3789));
    oracle_md_release(md);
}

static void
guards(void)
{
    uint64_t va = filled(2);
    oracle_md_t md = describe(va, 2 * page, OMD_OUTIN);
    oracle_map_t map = map_whole(md, kernel(), OMAP_GUARDED_SMALL);
    uint64_t at = oracle_map_address(map);

    CHECK(shows(kernel(), at, FILL) && shows(kernel(), at + page, FILL + 1));
    if (release >= 8020) {
        CHECK(store(kernel(), at - 1, 1) == 2 && store(kernel(), at + 2 * page, 1) == 2);
        CHECK(oracle_md_map(md, kernel(), at + 16 * page, OMAP_GUARDED_SMALL, 0, 0) == NULL);
    }
    oracle_map_release(map);
    CHECK(store(kernel(), at, 1) == 1 && (release < 8020 || store(kernel(), at - 1, 1) == 1));
    oracle_md_release(md);
}

static void
lifetimes(void)
{
    uint64_t va = filled(2);
    oracle_md_t md = describe(va, 2 * page, OMD_OUTIN);
    oracle_map_t map = map_whole(md, kernel(), 0);
    uint64_t at = oracle_map_address(map);

    CHECK(oracle_md_prepare(md, 0) == 0);
    oracle_md_release(md); /* the mapping keeps it */
    oracle_task_free(user(), va, 2 * page);
    CHECK(oracle_access(user(), va, 0, NULL) == 1);
    CHECK(shows(kernel(), at, FILL) && shows(kernel(), at + page, FILL + 1));
    oracle_map_release(map);
    CHECK(oracle_access(kernel(), at, 0, NULL) == 1);
}

/* ---- prefault ---- */

static void
prefault_of_task_memory(void)
{
    uint64_t va = filled(3);
    oracle_md_t md = describe(va, 3 * page, OMD_OUTIN);
    oracle_map_t unprepared = map_whole(md, kernel(), OMAP_PREFAULT);
    oracle_map_t map;

    CHECK((unprepared == NULL) == (release >= 2782));
    if (unprepared != NULL)
        oracle_map_release(unprepared);
    CHECK(oracle_md_prepare(md, 0) == 0);
    map = map_whole(md, kernel(), OMAP_PREFAULT);
    /* Ignored up to 10.9, refused for kernel_task from 10.10 to 10.12, works from 10.13 on. */
    CHECK((map == NULL) == (release >= 2782 && release < 4570));
    if (map != NULL) {
        unsigned ready = release >= 4570 || is_seed_view ? 3 : 0;

        CHECK(ready_pages(kernel(), oracle_map_address(map), 3, true) == ready);
        oracle_map_release(map);
    }
    oracle_md_release(md);
}

static void
prefault_forgets_the_page_offset(void)
{
    uint64_t va = filled(2);
    oracle_md_t md = describe(va + page / 2, page, OMD_OUTIN);
    oracle_map_t map;

    CHECK(oracle_md_prepare(md, 0) == 0);
    map = map_whole(md, kernel(), OMAP_PREFAULT);
    if (release >= 4570) {
        unsigned ready = release >= 7195 ? 1 : 2; /* trap T8 */

        CHECK(map != NULL);
        CHECK(ready_pages(kernel(), oracle_map_address(map) - page / 2, 2, false) == ready);
        oracle_map_release(map);
    }
    oracle_md_release(md);
}

static void
prefault_of_a_copy_does_nothing(void)
{
    uint64_t va = filled(2);
    oracle_md_t md = describe(va, 2 * page, OMD_OUT | OMD_MAP_COPY_ON_WRITE);
    oracle_map_t map;

    CHECK(oracle_md_prepare(md, 0) == 0);
    map = map_whole(md, kernel(), OMAP_PREFAULT);
    if (release >= 4570) {
        CHECK(map != NULL);
        CHECK(ready_pages(kernel(), oracle_map_address(map), 2, false) == 0); /* T7 */
        oracle_map_release(map);
    }
    oracle_md_release(md);
}

static void
prefault_into_the_users_task(void)
{
    uint64_t va = oracle_task_allocate(kernel(), 2 * page);
    oracle_range_t range = { va, 2 * page };
    oracle_md_t md = oracle_md_with_ranges(&range, 1, OMD_OUTIN, kernel());
    oracle_map_t map;

    CHECK(oracle_md_prepare(md, 0) == 0);
    map = map_whole(md, user(), OMAP_PREFAULT);
    CHECK(map != NULL);
    CHECK(ready_pages(user(), oracle_map_address(map), 2, true) ==
          (release >= 2782 || is_seed_view ? 2 : 0));
    oracle_map_release(map);
    oracle_md_release(md);
}

/* ---- copies ---- */

static void
a_copy_keeps_its_bytes(void)
{
    uint64_t va = filled(2);
    oracle_md_t md = describe(va, 2 * page, OMD_OUT | OMD_MAP_COPY_ON_WRITE);
    oracle_map_t map = map_whole(md, kernel(), OMAP_READ_ONLY);
    bool is_snapshot = release >= 4570; /* in truth from 10.12.2 on */

    CHECK(store(user(), va + page, 0x99) == 0);
    CHECK(shows(kernel(), oracle_map_address(map), FILL));
    CHECK(shows(kernel(), oracle_map_address(map) + page, is_snapshot ? FILL + 1 : 0x99));
    oracle_map_release(map);
    oracle_md_release(md);
}

static void
a_copy_after_prepare_is_on_other_pages(void)
{
    uint64_t va = filled(2);
    oracle_md_t md = describe(va, 2 * page, OMD_OUT | OMD_MAP_COPY_ON_WRITE);
    oracle_map_t map;
    uint8_t byte = 0;

    if (release < 4570)
        return;
    CHECK(oracle_md_prepare(md, 0) == 0);
    map = map_whole(md, kernel(), 0);
    CHECK(oracle_map_wire_range(map, OMD_IN, 0, 2 * page) == 0);
    CHECK(ready_pages(kernel(), oracle_map_address(map), 2, true) == 2);
    CHECK(shows(user(), va, FILL)); /* the kernel's stores went elsewhere */
    CHECK(oracle_md_read(md, 0, &byte, 1) == 1 && byte == FILL);
    CHECK(store(user(), va, 0x66) == 0);
    CHECK(oracle_md_read(md, 0, &byte, 1) == 1 && byte == 0x66); /* prepare() has the user's */
    CHECK(oracle_map_wire_range(map, 0, 0, 2 * page) == 0);
    oracle_map_release(map);
    oracle_md_release(md);
}

static void
a_part_of_a_copy(void)
{
    uint64_t va = filled(2);
    oracle_md_t md = describe(va, 2 * page, OMD_OUT | OMD_MAP_COPY_ON_WRITE);
    oracle_map_t part = oracle_md_map(md, kernel(), 0, OMAP_ANYWHERE | OMAP_READ_ONLY, page, page);

    CHECK((part == NULL) == (release >= 4570 && release < 7195)); /* 10.12.2 to 10.15 */
    if (part != NULL)
        oracle_map_release(part);
    oracle_md_release(md);
}

/* ---- wireRange ---- */

static void
wiring_makes_translations(void)
{
    uint64_t va = filled(4);
    oracle_md_t md = describe(va, 4 * page, OMD_OUTIN);
    oracle_map_t map = map_whole(md, kernel(), 0);
    uint64_t at = oracle_map_address(map);
    uint64_t before;

    CHECK(oracle_map_wire_range(map, OMD_IN, 0, 4 * page) == 0);
    before = oracle_fault_count(kernel());
    CHECK(ready_pages(kernel(), at, 4, false) == 4);
    CHECK(ready_pages(kernel(), at, 4, true) == 4); /* the entry's rights, not the call's */
    CHECK(oracle_fault_count(kernel()) == before);
    CHECK(oracle_map_wire_range(map, 0, 0, 4 * page) == 0);
    CHECK(ready_pages(kernel(), at, 4, true) == 4); /* translations stay (T25) */
    oracle_map_release(map);
    oracle_md_release(md);
}

static void
results_of_wiring(void)
{
    uint64_t va = filled(4);
    uint64_t room = oracle_task_allocate(kernel(), 16 * page);
    oracle_md_t md = describe(va, 4 * page, OMD_OUT);
    oracle_map_t map;

    oracle_task_free(kernel(), room, 16 * page);
    map = oracle_md_map(md, kernel(), room, OMAP_READ_ONLY, 0, 0);
    CHECK(oracle_map_wire_range(map, OMD_OUT, 0, page) == 2);
    CHECK(oracle_map_wire_range(map, OMD_OUTIN, 0, page) == 2);
    CHECK(oracle_map_wire_range(map, OMD_IN, 0, 5 * page) == 1); /* nothing behind it */
    CHECK(oracle_map_wire_range(map, OMD_IN, 8 * page, page) == 1);
    CHECK(oracle_map_wire_range(map, OMD_IN, 0, 0) == 0); /* nothing wired */
    CHECK(oracle_map_wire_range(map, OMD_IN, 0, 2 * page) == 0);
    CHECK(oracle_map_wire_range(map, OMD_OUT, 0, page) == 0); /* already wired: no question */
    CHECK(oracle_map_wire_range(map, 0, 0, page) == 0);
    CHECK(oracle_map_wire_range(map, 0, 0, 2 * page) == 0);
    CHECK(oracle_map_wire_range(map, OMD_IN, 1, 0) == 0); /* not aligned: wires one page */
    CHECK(oracle_map_wire_range(map, 0, 0, page) == 0);
    CHECK(oracle_map_wire_range(map, OMD_IN, 0, 0 - 8 * page) == (release >= 11215 ? 4 : 0));
    oracle_map_release(map);
    oracle_md_release(md);
}

static void
unwiring_what_is_not_wired_stops_the_kernel(void)
{
    uint64_t va = filled(2);
    oracle_md_t md = describe(va, 2 * page, OMD_OUTIN);
    oracle_map_t map = map_whole(md, kernel(), 0);
    uint8_t byte = 0;

    CHECK(oracle_map_wire_range(map, OMD_IN, 0, 2 * page) == 0);
    CHECK(oracle_map_wire_range(map, 0, 0, page) == 0); /* per page */
    CHECK(oracle_map_wire_range(map, 0, 0, 2 * page) != 0);
    CHECK(oracle_access(kernel(), oracle_map_address(map), 0, &byte) != 0); /* nothing runs now */
}

static void
a_read_before_the_section_is_not_enough_to_store(void)
{
    uint64_t va = oracle_task_allocate(user(), page);
    uint64_t fresh = oracle_task_allocate(user(), page);
    oracle_md_t md = describe(va, page, OMD_OUTIN);
    oracle_md_t zeroes = describe(fresh, page, OMD_OUTIN);
    oracle_map_t map = map_whole(md, kernel(), 0);
    oracle_map_t zero_map = map_whole(zeroes, kernel(), 0);
    uint8_t byte;

    if (is_seed_view)
        return;
    CHECK(store(user(), va, FILL) == 0); /* mapped writable somewhere */
    CHECK(load(kernel(), oracle_map_address(map), &byte));
    CHECK(ready_pages(kernel(), oracle_map_address(map), 1, false) == 1);
    CHECK(ready_pages(kernel(), oracle_map_address(map), 1, true) == (release >= 3789 ? 1 : 0));
    CHECK(load(kernel(), oracle_map_address(zero_map), &byte)); /* zero fill maps writable */
    CHECK(ready_pages(kernel(), oracle_map_address(zero_map), 1, true) == 1);
    oracle_map_release(map);
    oracle_map_release(zero_map);
    oracle_md_release(md);
    oracle_md_release(zeroes);
}

/* ---- buffers ---- */

static void
a_wired_buffer_never_faults(void)
{
    oracle_md_t md = oracle_buffer_md(kernel(), OMD_OUTIN, 3 * page - 5, 0);
    uint64_t before = oracle_fault_count(kernel());
    uint8_t byte = 1;

    CHECK(md != NULL && oracle_md_bytes(md) != 0 && oracle_md_length(md) == 3 * page - 5);
    CHECK(ready_pages(kernel(), oracle_md_bytes(md), 3, true) == 3);
    CHECK(oracle_fault_count(kernel()) == before);
    CHECK(oracle_md_read(md, 0, &byte, 1) == 1 && byte == FILL); /* prepared from birth */
    CHECK(oracle_map_address(map_whole(md, kernel(), 0)) == oracle_md_bytes(md));
    oracle_md_release(md);
}

static void
a_pageable_buffer_is_not_there_yet(void)
{
    oracle_md_t mine = oracle_buffer_md(kernel(), OMD_OUTIN | OMD_PAGEABLE, 2 * page, 0);
    oracle_md_t theirs = oracle_buffer_md(user(), OMD_OUTIN | OMD_PAGEABLE, 2 * page, 0);
    oracle_md_t nobodys = oracle_buffer_md(NULL, OMD_OUTIN | OMD_PAGEABLE, 2 * page, 0);
    unsigned ready = is_seed_view ? 2 : 0;

    CHECK(mine != NULL && theirs != NULL && nobodys != NULL);
    CHECK(oracle_md_bytes(mine) != 0 && oracle_md_bytes(theirs) != 0);
    CHECK(oracle_md_bytes(nobodys) == 0);
    CHECK(ready_pages(kernel(), oracle_md_bytes(mine), 2, false) == ready);
    CHECK(oracle_md_prepare(mine, 0) == 0); /* trap T16 */
    CHECK(ready_pages(kernel(), oracle_md_bytes(mine), 2, false) == ready);
    CHECK(store(user(), oracle_md_bytes(theirs), 0x31) == 0);
    CHECK(shows(kernel(), oracle_map_address(map_whole(theirs, kernel(), 0)), 0x31));
    CHECK(shows(kernel(), oracle_map_address(map_whole(nobodys, kernel(), 0)), 0));
    oracle_md_release(nobodys);
}

static void
buffers_that_are_refused(void)
{
    CHECK(oracle_buffer_md(kernel(), OMD_OUTIN, 0, 0) == NULL);
    CHECK(oracle_buffer_md(user(), OMD_OUTIN, page, 0) == NULL);
    CHECK(oracle_buffer_md(NULL, OMD_OUTIN, page, 0) == NULL);
    CHECK(oracle_buffer_md(kernel(), OMD_OUTIN, UINT64_MAX, 0) == NULL);
    CHECK(oracle_buffer_md(kernel(), OMD_OUTIN | OMD_PAGEABLE, UINT64_MAX, 0) == NULL);
}

static void
a_users_pageable_buffer_prefaults_into_the_kernel(void)
{
    oracle_md_t md = oracle_buffer_md(user(), OMD_OUTIN | OMD_PAGEABLE, 8 * page, 0);
    oracle_map_t map;

    CHECK(oracle_md_prepare(md, 0) == 0);
    map = map_whole(md, kernel(), OMAP_PREFAULT);
    CHECK(map != NULL);
    CHECK(ready_pages(kernel(), oracle_map_address(map), 8, false) ==
          (release >= 2782 || is_seed_view ? 8 : 0)); /* row 6 of iokit.md 8; 3.7 */
    oracle_map_release(map);
    CHECK(oracle_md_complete(md, 0) == 0);
    oracle_md_release(md);
}

static void
a_shortened_buffer(void)
{
    oracle_md_t md =
        oracle_buffer_md(kernel(), OMD_OUTIN | OMD_KERNEL_USER_SHARED, 4 * page, 4 * page);
    oracle_map_t small, large;

    CHECK(oracle_md_bytes(md) % (4 * page) == 0);
    oracle_md_set_length(md, 0x100);
    CHECK(oracle_md_length(md) == 0x100);
    oracle_md_set_length(md, 4 * page + 1); /* more than the capacity: ignored */
    CHECK(oracle_md_length(md) == 0x100);
    small = map_whole(md, user(), 0);
    CHECK(small != NULL && oracle_map_length(small) == 0x100);
    oracle_md_set_length(md, 2 * page);
    large = map_whole(md, user(), OMAP_UNIQUE);
    CHECK((large != NULL) == (release >= 8020)); /* up to 11 the first mapping fixed the size */
    oracle_map_release(small);
    if (large != NULL)
        oracle_map_release(large);
    oracle_md_release(md);
}

static void
nested_prepares_without_zero_fill(void)
{
    oracle_md_t md = oracle_buffer_md(NULL, OMD_OUTIN | OMD_PAGEABLE, 24 * page, 0);
    uint8_t byte = 1;

    CHECK(oracle_md_prepare(md, OMD_IN | OMD_PREPARE_NO_ZERO_FILL) == 0);
    CHECK(oracle_md_prepare(md, OMD_IN) == 0);
    CHECK(oracle_md_complete(md, OMD_IN | OMD_COMPLETE_WITH_DATA_VALID) == 0);
    CHECK(oracle_md_read(md, 23 * page, &byte, 1) == 1);
    CHECK(oracle_md_complete(md, OMD_IN) == 0);
    oracle_md_release(md);
}

static void
physical_memory(void)
{
    oracle_range_t range = { (uint64_t)1 << 40, 3 * page };
    oracle_md_t md = oracle_md_with_ranges(&range, 1, OMD_OUTIN, NULL);
    oracle_map_t map;

    CHECK(md != NULL && oracle_md_prepare(md, 0) == 0 && oracle_md_complete(md, 0) == 0);
    map = map_whole(md, kernel(), 0);
    CHECK(map != NULL && ready_pages(kernel(), oracle_map_address(map), 3, true) == 3);
    CHECK(oracle_map_wire_range(map, OMD_OUTIN, 0, 3 * page) == 0);
    CHECK(oracle_map_wire_range(map, 0, 0, 3 * page) == 0);
    oracle_map_release(map);
    map = map_whole(md, user(), 0);
    CHECK(map != NULL && ready_pages(user(), oracle_map_address(map), 3, false) == 0);
    oracle_map_release(map);
    map = map_whole(md, kernel(), OMAP_PREFAULT);
    CHECK((map == NULL) == (release >= 2782 && release < 4570));
    oracle_md_release(md);
}

/* ---- running ---- */

#define CASE(name)  \
    {               \
#name, name \
    }
static const struct {
    const char *name;
    void (*run)(void);
} cases[] = {
    CASE(creation_asks_nothing_of_the_range),
    CASE(prepare_makes_no_translation),
    CASE(each_first_touch_is_one_fault),
    CASE(codes_of_prepare),
    CASE(reading_past_the_end),
    CASE(several_ranges_in_order),
    CASE(a_ragged_follower),
    CASE(offsets_and_lengths),
    CASE(the_same_mapping_twice),
    CASE(the_own_task_sees_the_original),
    CASE(the_first_read_only_mapping_freezes_rights),
    CASE(a_fixed_address),
    CASE(a_fixed_address_that_is_taken),
    CASE(guards),
    CASE(lifetimes),
    CASE(prefault_of_task_memory),
    CASE(prefault_forgets_the_page_offset),
    CASE(prefault_of_a_copy_does_nothing),
    CASE(prefault_into_the_users_task),
    CASE(a_copy_keeps_its_bytes),
    CASE(a_copy_after_prepare_is_on_other_pages),
    CASE(a_part_of_a_copy),
    CASE(wiring_makes_translations),
    CASE(results_of_wiring),
    CASE(unwiring_what_is_not_wired_stops_the_kernel),
    CASE(a_read_before_the_section_is_not_enough_to_store),
    CASE(a_wired_buffer_never_faults),
    CASE(a_pageable_buffer_is_not_there_yet),
    CASE(buffers_that_are_refused),
    CASE(a_users_pageable_buffer_prefaults_into_the_kernel),
    CASE(a_shortened_buffer),
    CASE(nested_prepares_without_zero_fill),
    CASE(physical_memory),
};

static void
run_all(const char *profile, const char *machine)
{
    setenv("FAULTLINE_PROFILE", profile, 1);
    setenv("FAULTLINE_MACHINE", machine, 1);
    release = oracle_model_release();
    is_seed_view = strcmp(profile, "seed-view") == 0;
    page = oracle_page_size();
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        running = cases[i].name;
        CHECK(oracle_machine_start() == 0);
        cases[i].run();
    }
}

int
main(void)
{
    static const char *const profiles[] = { "macos-10.9",  "macos-10.10", "macos-10.11",
                                            "macos-10.13", "macos-15.4",  "seed-view" };
    static const char *const machines[] = { "x86_64", "arm64" };
    unsigned runs = 0;

    for (size_t p = 0; p < COUNT_OF(profiles); p++) {
        for (size_t m = 0; m < COUNT_OF(machines); m++) {
            run_all(profiles[p], machines[m]);
            runs += (unsigned)COUNT_OF(cases);
        }
    }
    printf("%u cases run, %u checks failed\n", runs, failures);
    return failures != 0;
}

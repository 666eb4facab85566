/* cases_ready.c - what is there without a fault: Prefault, copies, wireRange, buffers; iokit.md 1.3, 3, 4 */
#include "cases_words.h"

/* ---- prefault ---- */

void
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

void
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

void
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

void
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

void
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

void
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

void
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

void
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

void
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

void
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

void
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

void
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

void
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

void
buffers_that_are_refused(void)
{
    CHECK(oracle_buffer_md(kernel(), OMD_OUTIN, 0, 0) == NULL);
    CHECK(oracle_buffer_md(user(), OMD_OUTIN, page, 0) == NULL);
    CHECK(oracle_buffer_md(NULL, OMD_OUTIN, page, 0) == NULL);
    CHECK(oracle_buffer_md(kernel(), OMD_OUTIN, UINT64_MAX, 0) == NULL);
    CHECK(oracle_buffer_md(kernel(), OMD_OUTIN | OMD_PAGEABLE, UINT64_MAX, 0) == NULL);
}

void
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

void
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

void
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

void
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

/* vm.md 1.4, T20: wiring enters nothing, and cutting the entry for it removes what was there. */
void
a_part_of_a_device_wired_cuts_its_translations(void)
{
    oracle_range_t range = { (uint64_t)1 << 40, 4 * page };
    oracle_md_t md = oracle_md_with_ranges(&range, 1, OMD_OUTIN, NULL);
    oracle_map_t map = map_whole(md, kernel(), 0);
    uint64_t at = oracle_map_address(map);

    CHECK(oracle_map_wire_range(map, OMD_IN, 0, 4 * page) == 0);
    CHECK(oracle_map_wire_range(map, 0, 0, 4 * page) == 0);
    CHECK(ready_pages(kernel(), at, 4, true) == 4);
    CHECK(oracle_map_wire_range(map, OMD_IN, page, page) == 0);
    CHECK(ready_pages(kernel(), at, 4, false) == 0);
    CHECK(oracle_map_wire_range(map, 0, page, page) == 0);
    oracle_map_release(map);
    oracle_md_release(md);
}

/* 3.2, vm.md 4.4: a lazy copy is read on the user's own page, until the user's store pushes it. */
void
a_store_of_the_users_takes_the_copys_translation(void)
{
    uint64_t va = filled(2);
    oracle_md_t md = describe(va, 2 * page, OMD_OUT | OMD_MAP_COPY_ON_WRITE);
    oracle_map_t map = map_whole(md, kernel(), OMAP_READ_ONLY);
    uint64_t at = oracle_map_address(map);

    if (release < 4570)
        return;
    CHECK(shows(kernel(), at, FILL) && shows(kernel(), at + page, FILL + 1));
    CHECK(ready_pages(kernel(), at, 2, false) == 2);
    CHECK(store(user(), va, 0x99) == 0);
    CHECK(ready_pages(kernel(), at, 1, false) == 0);
    CHECK(ready_pages(kernel(), at + page, 1, false) == 1);
    CHECK(shows(kernel(), at, FILL));
    CHECK(store(user(), va, 0x98) == 0); /* pushed already */
    CHECK(ready_pages(kernel(), at, 2, false) == 2);
    oracle_map_release(map);
    oracle_md_release(md);
}

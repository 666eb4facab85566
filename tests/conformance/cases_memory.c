/* cases_memory.c - descriptors and mappings, iokit.md 1-3 */
#include "cases_words.h"

/* ---- descriptors ---- */

void
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

void
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

void
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

void
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

void
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

void
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

void
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

void
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

void
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

void
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

void
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

void
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

void
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

void
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

void
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

/* Once there is a named entry prepare() asks it, and no longer the task's map (2.1). */
void
a_mapping_remembers_a_source_that_is_gone(void)
{
    uint64_t va = filled(3);
    oracle_md_t mapped = describe(va, 3 * page, OMD_OUTIN);
    oracle_md_t unmapped = describe(va, 3 * page, OMD_OUTIN);
    oracle_map_t map = map_whole(mapped, kernel(), 0);
    uint8_t byte = 0;

    oracle_task_free(user(), va, 3 * page);
    CHECK(oracle_md_prepare(unmapped, 0) == CANNOT_WIRE);
    CHECK(oracle_md_prepare(mapped, 0) == 0);
    CHECK(store(kernel(), oracle_map_address(map) + page, 0x21) == 0);
    CHECK(oracle_md_read(mapped, page, &byte, 1) == 1 && byte == 0x21);
    CHECK(oracle_md_complete(mapped, 0) == 0);
    oracle_map_release(map);
    map = map_whole(mapped, kernel(), 0); /* the entries stay for the descriptor's life */
    CHECK(map != NULL && shows(kernel(), oracle_map_address(map) + page, 0x21));
    oracle_map_release(map);
    oracle_md_release(mapped);
    oracle_md_release(unmapped);
}

/* 5.1: remapped piece by piece, so a read-only mapping freezes nothing. */
void
pieces_up_to_10_9_have_no_entries(void)
{
    uint64_t va = filled(3);
    oracle_range_t ranges[] = { { va + 2 * page, page }, { va, page } };
    oracle_md_t md = oracle_md_with_ranges(ranges, 2, OMD_OUT, user());
    oracle_map_t map = map_whole(md, kernel(), OMAP_READ_ONLY);
    bool is_named = release >= 2782;

    CHECK(oracle_md_prepare(md, OMD_IN) == (is_named ? 17 : 0));
    oracle_map_release(map);
    map = map_whole(md, kernel(), 0);
    CHECK(store(kernel(), oracle_map_address(map), 1) == (is_named ? 2 : 0));
    oracle_map_release(map);
    oracle_md_release(md);
}

/* 3.3 does not compare Prefault: who asks for it gets the mapping as it is. */
void
prefault_is_not_asked_of_a_mapping_that_is_there(void)
{
    uint64_t va = filled(2);
    oracle_md_t md = describe(va, 2 * page, OMD_OUTIN);
    oracle_map_t first = map_whole(md, kernel(), 0);
    oracle_map_t again = map_whole(md, kernel(), OMAP_PREFAULT); /* and nothing is prepared */

    CHECK(again != NULL && oracle_map_address(again) == oracle_map_address(first));
    CHECK(ready_pages(kernel(), oracle_map_address(first), 2, false) == (is_seed_view ? 2 : 0));
    oracle_map_release(again);
    oracle_map_release(first);
    oracle_md_release(md);
}

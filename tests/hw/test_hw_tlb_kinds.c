/*
 * test_hw_tlb_kinds.c - sets that are no power of two, PLRU, chance, split first levels, generations
 *
 * Each kind of replacement runs against plain arrays that know nothing of tags and generations.
 */
#include "base/rng.h"
#include "hw/hw_pagetable.h"
#include "hw/hw_tlb.h"
#include "test_alloc.h"

#include <string.h>

enum { MOST_SETS = 8, MOST_WAYS = 8, EMPTY = 9999 };

/* One level: which page each way holds, and when or whether it was used. */
struct plain {
    unsigned sets;
    unsigned ways;
    unsigned pages[MOST_SETS][MOST_WAYS];
    unsigned used[MOST_SETS][MOST_WAYS]; /* LRU: the time; PLRU: 0 or 1 */
    unsigned clock;
};

static void
plain_clear(struct plain *plain)
{
    for (unsigned set = 0; set < MOST_SETS; set++)
        for (unsigned way = 0; way < MOST_WAYS; way++)
            plain->pages[set][way] = EMPTY;
}

static unsigned
plain_find(const struct plain *plain, unsigned page)
{
    unsigned way = 0;

    while (way < plain->ways && plain->pages[page % plain->sets][way] != page)
        way++;
    return way;
}

static unsigned
plain_victim(const struct plain *plain, unsigned set)
{
    unsigned victim = 0;

    for (unsigned way = 0; way < plain->ways; way++) {
        if (plain->pages[set][way] == EMPTY)
            return way;
    }
    for (unsigned way = 0; way < plain->ways; way++) {
        if (plain->used[set][way] < plain->used[set][victim])
            victim = way;
    }
    return victim;
}

static void
plain_use(struct plain *plain, unsigned page, enum hw_replacement replacement)
{
    unsigned set = page % plain->sets;
    unsigned way = plain_find(plain, page);
    unsigned used = 0;

    way = way == plain->ways ? plain_victim(plain, set) : way;
    plain->pages[set][way] = page;
    plain->used[set][way] = replacement == HW_REPLACE_LRU ? ++plain->clock : 1;
    for (unsigned i = 0; i < plain->ways; i++)
        used += plain->used[set][i];
    if (replacement == HW_REPLACE_PLRU && used == plain->ways) {
        memset(plain->used[set], 0, sizeof(plain->used[set]));
        plain->used[set][way] = 1;
    }
}

static uint64_t
pte_for(uint64_t vpn)
{
    return hw_pte_make((vmm_ppn)vpn + 100, HW_PTE_VALID);
}

static struct hw_geometry
shape(enum hw_replacement replacement, uint32_t l1_ways, uint32_t l2_ways)
{
    return (struct hw_geometry){ .page_shift = 12,
                                 .levels = 4,
                                 .index_bits = 9,
                                 .va_bits = 48,
                                 .replacement = replacement,
                                 .l1 = { 3, l1_ways },
                                 .l2 = { 5, l2_ways } };
}

/* Random references through the TLB and through two plain levels; they agree on where each was. */
static void
race(enum hw_replacement replacement, uint32_t l1_ways, uint32_t l2_ways)
{
    struct hw_geometry geometry = shape(replacement, l1_ways, l2_ways);
    struct plain l1 = { .sets = 3, .ways = l1_ways };
    struct plain l2 = { .sets = 5, .ways = l2_ways };
    struct counting_alloc counting;
    struct vmm_rng rng = { 7 };
    struct hw_tlb tlb;

    counting_alloc_init(&counting);
    assert_true(hw_tlb_init(&tlb, &counting.alloc, &geometry));
    plain_clear(&l1);
    plain_clear(&l2);
    for (unsigned step = 0; step < 60000; step++) {
        unsigned page = (unsigned)vmm_rng_below(&rng, 45);
        bool in_l1 = plain_find(&l1, page) < l1.ways;
        bool in_l2 = plain_find(&l2, page) < l2.ways;
        uint64_t hits[] = { tlb.l1_hits, tlb.l2_hits };
        uint64_t pte = hw_tlb_lookup(&tlb, page, 1);

        assert_true(pte == (in_l1 || in_l2 ? pte_for(page) : 0));
        assert_int_equal(tlb.l1_hits - hits[0], in_l1);
        assert_int_equal(tlb.l2_hits - hits[1], !in_l1 && in_l2);
        if (pte == 0)
            hw_tlb_fill(&tlb, page, 1, pte_for(page));
        if (!in_l1)
            plain_use(&l2, page, replacement);
        plain_use(&l1, page, replacement);
        if (vmm_rng_below(&rng, 20) == 0) { /* often enough for generations to begin again */
            hw_tlb_flush_all(&tlb);
            plain_clear(&l1);
            plain_clear(&l2);
        }
    }
    hw_tlb_destroy(&tlb, &counting.alloc);
    test_alloc_assert_empty(&counting);
}

static void
t5_lru_over_sets_of_no_power_of_two_and_many_generations(void **state)
{
    (void)state;
    race(HW_REPLACE_LRU, 2, 7);
}

/* Flushes put aside, the bits of a set outlive what it held, as they do in plain_clear(). */
static void
plru_is_one_bit_a_way(void **state)
{
    (void)state;
    race(HW_REPLACE_PLRU, 2, 7);
}

/*  One way a set: it makes room, whatever the bits say  */
static void
one_way_is_always_the_one_that_makes_room(void **state)
{
    (void)state;
    race(HW_REPLACE_LRU, 1, 1);
    race(HW_REPLACE_PLRU, 1, 7);
    race(HW_REPLACE_PLRU, 2, 1);
    race(HW_REPLACE_PLRU, 1, 1);
    race(HW_REPLACE_RANDOM, 1, 1);
}

/*  a full set: any way may go, each does at some time, the same seed chooses the same, the rest stays  */
static void
chance_replaces_one_way_and_repeats_itself(void **state)
{
    struct hw_geometry geometry = shape(HW_REPLACE_RANDOM, 2, 7);
    struct counting_alloc counting;
    unsigned gone[7] = { 0 };
    struct hw_tlb tlbs[2];

    (void)state;
    geometry.l1 = (struct hw_tlb_geometry){ 1, 7 };
    geometry.l2 = (struct hw_tlb_geometry){ 0, 0 };
    counting_alloc_init(&counting);
    for (unsigned i = 0; i < 2; i++)
        assert_true(hw_tlb_init(&tlbs[i], &counting.alloc, &geometry));
    for (unsigned step = 0; step < 200; step++) {
        for (unsigned i = 0; i < 2; i++) {
            hw_tlb_flush_all(&tlbs[i]);
            for (unsigned page = 0; page < 8; page++)
                hw_tlb_fill(&tlbs[i], page, 1, pte_for(page));
        }
        for (unsigned page = 0; page < 7; page++) {
            bool is_gone = hw_tlb_peek(&tlbs[0], page, 1) == 0;

            gone[page] += is_gone;
            assert_int_equal(hw_tlb_peek(&tlbs[1], page, 1) == 0, is_gone);
        }
        assert_int_not_equal(hw_tlb_peek(&tlbs[0], 7, 1), 0);
    }
    for (unsigned page = 0, all = 0; page < 7; page++) {
        assert_true(gone[page] > 0);
        all += gone[page];
        assert_true(page < 6 || all == 200);
    }
    for (unsigned i = 0; i < 2; i++)
        hw_tlb_destroy(&tlbs[i], &counting.alloc);
    test_alloc_assert_empty(&counting);
}

/*  L1I  2 ways   L1D  2 ways   L2 holds all: fetches do not push data out of L1D, nor the other way  */
static void
fetches_have_a_first_level_of_their_own(void **state)
{
    struct hw_geometry geometry = shape(HW_REPLACE_LRU, 2, 7);
    struct counting_alloc counting;
    struct hw_tlb tlb;
    struct hw_tlb_level *fetch;

    (void)state;
    geometry.l1 = geometry.l1i = (struct hw_tlb_geometry){ 1, 2 };
    counting_alloc_init(&counting);
    assert_true(hw_tlb_init(&tlb, &counting.alloc, &geometry));
    fetch = hw_tlb_first(&tlb, true);
    assert_ptr_equal(fetch, &tlb.l1i);
    hw_tlb_fill(&tlb, 1, 1, pte_for(1));
    for (unsigned page = 2; page < 6; page++)
        hw_tlb_fill_in(&tlb, fetch, page, 1, pte_for(page), false);
    assert_true(hw_tlb_lookup(&tlb, 1, 1) == pte_for(1));
    assert_int_equal(tlb.l1_hits, 1);
    assert_true(hw_tlb_lookup_in(&tlb, fetch, 1, 1) == pte_for(1));
    assert_int_equal(tlb.l2_hits, 1);
    hw_tlb_flush_page(&tlb, 1, 1);
    assert_int_equal(hw_tlb_peek(&tlb, 1, 1), 0);
    hw_tlb_flush_asid(&tlb, 1);
    for (unsigned page = 0; page < 6; page++)
        assert_int_equal(hw_tlb_lookup_in(&tlb, fetch, page, 1), 0);
    hw_tlb_destroy(&tlb, &counting.alloc);
    test_alloc_assert_empty(&counting);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(t5_lru_over_sets_of_no_power_of_two_and_many_generations),
        cmocka_unit_test(plru_is_one_bit_a_way),
        cmocka_unit_test(one_way_is_always_the_one_that_makes_room),
        cmocka_unit_test(chance_replaces_one_way_and_repeats_itself),
        cmocka_unit_test(fetches_have_a_first_level_of_their_own),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* test_hw_tlb.c - two levels, true LRU, against a plain model that knows only order of use */
#include "base/rng.h"
#include "hw/hw_pagetable.h"
#include "hw/hw_tlb.h"
#include "test_alloc.h"

#include <string.h>

/*  A small machine: L1 2 sets x 2 ways, L2 4 sets x 3 ways. Even pages meet in L1 set 0.  */
static const struct hw_geometry small = {
    .name = "small",
    .page_shift = 12,
    .levels = 4,
    .index_bits = 9,
    .va_bits = 48,
    .l1 = { 2, 2 },
    .l2 = { 4, 3 },
};

struct fixture {
    struct counting_alloc counting;
    struct hw_tlb tlb;
};

static int
setup(void **state)
{
    static struct fixture fixture;

    counting_alloc_init(&fixture.counting);
    assert_true(hw_tlb_init(&fixture.tlb, &fixture.counting.alloc, &small));
    *state = &fixture;
    return 0;
}

/* The tag without its rights if it is live, else 0 (T5). */
static uint64_t
live(const struct hw_tlb *tlb, uint64_t tag)
{
    bool is_live = tag >> HW_TLB_GENERATION_SHIFT == tlb->generation >> HW_TLB_GENERATION_SHIFT;

    return is_live ? tag & ~HW_TLB_TAG_RIGHTS : 0;
}

/* T1 and T3 in one level; T4 for what it holds. */
static void
check_level(const struct hw_tlb *tlb, const struct hw_tlb_level *level)
{
    for (size_t set = 0; set < level->sets; set++) {
        const uint64_t *tags = &level->tags[set * level->ways];

        for (size_t way = 0; way < level->ways; way++) {
            if (way > 0 && live(tlb, tags[way]) != 0)
                assert_true(live(tlb, tags[way - 1]) != 0);
            if (live(tlb, tags[way]) != 0)
                assert_true(tlb->asid_filter & (uint64_t)1 << (tags[way] & 63));
            for (size_t other = 0; other < way; other++)
                assert_true(live(tlb, tags[way]) == 0 ||
                            live(tlb, tags[way]) != live(tlb, tags[other]));
        }
    }
}

static void
check(const struct hw_tlb *tlb)
{
    check_level(tlb, &tlb->l1);
    check_level(tlb, &tlb->l2);
}

static int
teardown(void **state)
{
    struct fixture *f = *state;

    check(&f->tlb);
    hw_tlb_destroy(&f->tlb, &f->counting.alloc);
    test_alloc_assert_empty(&f->counting);
    return 0;
}

static uint64_t
pte_for(uint64_t vpn)
{
    return hw_pte_make((vmm_ppn)vpn + 100, HW_PTE_VALID);
}

static void
fill(struct fixture *f, uint64_t vpn)
{
    hw_tlb_fill(&f->tlb, vpn, 1, pte_for(vpn));
}

/* The pages of an L1 set, most recently used first, as digits. */
static const char *
l1_set(const struct fixture *f, size_t set, char *text)
{
    size_t length = 0;

    for (size_t way = 0; way < f->tlb.l1.ways; way++) {
        uint64_t tag = f->tlb.l1.tags[set * f->tlb.l1.ways + way];

        if (tag != 0)
            text[length++] = (char)('0' + (tag >> 16 & 0xffff));
    }
    text[length] = '\0';
    return text;
}

static void
an_empty_tlb_misses(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(hw_tlb_lookup(&f->tlb, 0, 0), 0);
    assert_int_equal(hw_tlb_lookup(&f->tlb, 5, 1), 0);
    assert_int_equal(f->tlb.misses, 2);
}

static void
what_was_filled_is_found_under_its_own_page_and_space(void **state)
{
    struct fixture *f = *state;

    fill(f, 5);
    assert_true(hw_tlb_lookup(&f->tlb, 5, 1) == pte_for(5));
    assert_int_equal(hw_tlb_lookup(&f->tlb, 5, 2), 0);
    assert_int_equal(hw_tlb_lookup(&f->tlb, 5, 0), 0);
    assert_int_equal(hw_tlb_lookup(&f->tlb, 7, 1), 0);
    assert_int_equal(f->tlb.l1_hits, 1);
}

/*  L1 set 0:   fill 0   0
 *              fill 2   20
 *              use 0    02
 *              fill 4   40     2 made room                                               */
static void
the_least_recently_used_way_makes_room(void **state)
{
    struct fixture *f = *state;
    char text[8];

    fill(f, 0);
    fill(f, 2);
    assert_string_equal(l1_set(f, 0, text), "20");
    assert_true(hw_tlb_lookup(&f->tlb, 0, 1) == pte_for(0));
    assert_string_equal(l1_set(f, 0, text), "02");
    fill(f, 4);
    assert_string_equal(l1_set(f, 0, text), "40");
    assert_string_equal(l1_set(f, 1, text), "");
}

/*  0 2 4 filled: L1 forgot 0, L2 did not; finding it there brings it back to L1  */
static void
t2_a_hit_in_l2_comes_back_to_l1(void **state)
{
    struct fixture *f = *state;
    char text[8];

    fill(f, 0);
    fill(f, 2);
    fill(f, 4);
    assert_true(hw_tlb_lookup(&f->tlb, 0, 1) == pte_for(0));
    assert_int_equal(f->tlb.l2_hits, 1);
    assert_string_equal(l1_set(f, 0, text), "04");
    assert_true(hw_tlb_lookup(&f->tlb, 0, 1) == pte_for(0));
    assert_int_equal(f->tlb.l1_hits, 1);
    assert_int_equal(f->tlb.misses, 0);
}

static void
t1_filling_again_replaces(void **state)
{
    struct fixture *f = *state;
    char text[8];

    fill(f, 0);
    fill(f, 2);
    hw_tlb_fill(&f->tlb, 0, 1, pte_for(0) | HW_PTE_WRITE);
    assert_string_equal(l1_set(f, 0, text), "02");
    assert_true(hw_tlb_lookup(&f->tlb, 0, 1) == (pte_for(0) | HW_PTE_WRITE));
    assert_true(hw_tlb_peek(&f->tlb, 0, 1) == (pte_for(0) | HW_PTE_WRITE));
}

/*  L1 set 0:   20, forget 2: 0, fill 4: 40    the empty way is filled before 0 must go  */
static void
t3_an_emptied_way_is_filled_first(void **state)
{
    struct fixture *f = *state;
    char text[8];

    fill(f, 0);
    fill(f, 2);
    hw_tlb_flush_page(&f->tlb, 2, 1);
    assert_string_equal(l1_set(f, 0, text), "0");
    fill(f, 4);
    assert_string_equal(l1_set(f, 0, text), "40");
}

static void
flushing_a_page_spares_its_neighbours_and_other_spaces(void **state)
{
    struct fixture *f = *state;

    fill(f, 0);
    fill(f, 1);
    hw_tlb_fill(&f->tlb, 0, 2, pte_for(9));
    hw_tlb_flush_page(&f->tlb, 0, 1);
    assert_int_equal(hw_tlb_peek(&f->tlb, 0, 1), 0);
    assert_true(hw_tlb_peek(&f->tlb, 1, 1) == pte_for(1));
    assert_true(hw_tlb_peek(&f->tlb, 0, 2) == pte_for(9));
    hw_tlb_flush_page(&f->tlb, 0, 1); /* once more: nothing there */
}

/*  spaces 1, 2 and 65: 1 and 65 share a bit of the filter, and still only 1 is forgotten  */
static void
t4_flushing_a_space_spares_the_others(void **state)
{
    struct fixture *f = *state;

    for (uint64_t vpn = 0; vpn < 4; vpn++)
        fill(f, vpn);
    hw_tlb_fill(&f->tlb, 0, 2, pte_for(20));
    hw_tlb_fill(&f->tlb, 1, 65, pte_for(65));
    hw_tlb_flush_asid(&f->tlb, 1);
    for (uint64_t vpn = 0; vpn < 4; vpn++)
        assert_int_equal(hw_tlb_peek(&f->tlb, vpn, 1), 0);
    assert_true(hw_tlb_peek(&f->tlb, 0, 2) == pte_for(20));
    assert_true(hw_tlb_peek(&f->tlb, 1, 65) == pte_for(65));
    check(&f->tlb);
    hw_tlb_flush_asid(&f->tlb, 1);
    assert_true(hw_tlb_peek(&f->tlb, 1, 65) == pte_for(65));
}

static void
flushing_the_kernels_space_spares_empty_ways_and_users(void **state)
{
    struct fixture *f = *state;

    hw_tlb_fill(&f->tlb, 3, 0, pte_for(3));
    fill(f, 3);
    hw_tlb_flush_asid(&f->tlb, 0);
    assert_int_equal(hw_tlb_peek(&f->tlb, 3, 0), 0);
    assert_true(hw_tlb_peek(&f->tlb, 3, 1) == pte_for(3));
}

static void
flushing_everything_leaves_nothing(void **state)
{
    struct fixture *f = *state;

    for (uint64_t vpn = 0; vpn < 9; vpn++)
        hw_tlb_fill(&f->tlb, vpn, (uint32_t)vpn, pte_for(vpn));
    hw_tlb_flush_all(&f->tlb);
    for (uint64_t vpn = 0; vpn < 9; vpn++)
        assert_int_equal(hw_tlb_peek(&f->tlb, vpn, (uint32_t)vpn), 0);
}

/*  L1 set 0 is 20; peeking at 0 leaves it 20 and counts nothing  */
static void
peeking_disturbs_nothing(void **state)
{
    struct fixture *f = *state;
    char text[8];

    fill(f, 0);
    fill(f, 2);
    assert_true(hw_tlb_peek(&f->tlb, 0, 1) == pte_for(0));
    assert_int_equal(hw_tlb_peek(&f->tlb, 8, 1), 0);
    assert_string_equal(l1_set(f, 0, text), "20");
    assert_int_equal(f->tlb.l1_hits + f->tlb.l2_hits + f->tlb.misses, 0);
}

/*  The second level keeps less of a word than the first, and both say the same of it (T7)  */
static void
both_levels_keep_the_frame_and_all_rights(void **state)
{
    static const uint64_t bits[] = { HW_PTE_WRITE, HW_PTE_USER, HW_PTE_MOD, HW_PTE_NX };
    struct fixture *f = *state;

    for (unsigned rights = 0; rights < 16; rights++) {
        uint64_t pte = hw_pte_make(UINT32_MAX - rights, HW_PTE_VALID);

        for (unsigned i = 0; i < 4; i++)
            pte |= rights >> i & 1 ? bits[i] : 0;
        hw_tlb_fill(&f->tlb, 0, 1, pte | HW_PTE_REF | HW_PTE_WIRED | HW_PTE_GLOBAL);
        assert_true(hw_tlb_peek(&f->tlb, 0, 1) == pte);
        fill(f, 2);
        fill(f, 6); /* now page 0 is in the second level only */
        assert_true(hw_tlb_peek(&f->tlb, 0, 1) == pte);
        assert_true(hw_tlb_lookup(&f->tlb, 0, 1) == pte);
    }
    assert_int_equal(f->tlb.l2_hits, 16);
}

struct seen {
    unsigned entries;
    uint64_t vpn;
    uint32_t asid;
    uint64_t pte;
};

static void
see(void *context, uint64_t vpn, uint32_t asid, uint64_t pte)
{
    struct seen *seen = context;

    *seen = (struct seen){ seen->entries + 1, vpn, asid, pte };
}

static void
each_tells_page_space_and_word_of_both_levels(void **state)
{
    struct fixture *f = *state;
    struct seen seen = { 0, 0, 0, 0 };
    uint64_t vpn = ((uint64_t)1 << 36) - 1; /* the last page of 48 bits */

    hw_tlb_fill(&f->tlb, vpn, 65535, pte_for(4));
    hw_tlb_each(&f->tlb, see, &seen);
    assert_int_equal(seen.entries, 2);
    assert_true(seen.vpn == vpn);
    assert_int_equal(seen.asid, 65535);
    assert_true(seen.pte == pte_for(4));
}

/* ---- a plain model: each set a list of pages in order of use ---- */

enum { PLAIN_WAYS = 3, PLAIN_SETS = 4, EMPTY = 999 };

struct plain {
    unsigned ways;
    unsigned sets;
    unsigned pages[PLAIN_SETS][PLAIN_WAYS];
};

static bool
plain_has(const struct plain *plain, unsigned page)
{
    const unsigned *set = plain->pages[page % plain->sets];
    unsigned way = 0;

    while (way < plain->ways && set[way] != page)
        way++;
    return way < plain->ways;
}

static void
plain_use(struct plain *plain, unsigned page)
{
    unsigned *set = plain->pages[page % plain->sets];
    unsigned way = 0;

    while (way < plain->ways - 1 && set[way] != page)
        way++;
    memmove(set + 1, set, way * sizeof(*set));
    set[0] = page;
}

static void
plain_clear(struct plain *plain)
{
    for (unsigned set = 0; set < PLAIN_SETS; set++)
        for (unsigned way = 0; way < PLAIN_WAYS; way++)
            plain->pages[set][way] = EMPTY;
}

/* One reference through both; they agree on where it was found. */
static void
refer(struct fixture *f, struct plain *l1, struct plain *l2, unsigned page)
{
    uint64_t before[] = { f->tlb.l1_hits, f->tlb.l2_hits, f->tlb.misses };
    bool in_l1 = plain_has(l1, page);
    bool in_l2 = plain_has(l2, page);
    uint64_t pte = hw_tlb_lookup(&f->tlb, page, 1);

    assert_true(pte == (in_l1 || in_l2 ? pte_for(page) : 0));
    assert_int_equal(f->tlb.l1_hits, before[0] + in_l1);
    assert_int_equal(f->tlb.l2_hits, before[1] + (!in_l1 && in_l2));
    assert_int_equal(f->tlb.misses, before[2] + (!in_l1 && !in_l2));
    if (pte == 0)
        fill(f, page);
    if (!in_l1) /* a hit in L1 is not seen by L2 */
        plain_use(l2, page);
    plain_use(l1, page);
}

static void
random_references_hit_and_miss_as_the_plain_model_says(void **state)
{
    struct plain l1 = { .ways = 2, .sets = 2 };
    struct plain l2 = { .ways = 3, .sets = 4 };
    struct fixture *f = *state;
    struct vmm_rng rng = { 4 };

    plain_clear(&l1);
    plain_clear(&l2);
    for (unsigned step = 0; step < 30000; step++) {
        refer(f, &l1, &l2, (unsigned)vmm_rng_below(&rng, 20));
        if (vmm_rng_below(&rng, 500) == 0) {
            hw_tlb_flush_asid(&f->tlb, 1);
            plain_clear(&l1);
            plain_clear(&l2);
        }
        check(&f->tlb);
    }
}

static bool
make_and_unmake(struct counting_alloc *counting)
{
    struct hw_tlb tlb;
    bool made = hw_tlb_init(&tlb, &counting->alloc, &hw_geometry_x86_64);

    if (made)
        hw_tlb_destroy(&tlb, &counting->alloc);
    return made;
}

static void
init_keeps_nothing_when_it_fails(void **state)
{
    (void)state;
    assert_int_equal(test_alloc_sweep(make_and_unmake), 6); /* tags and words of three levels */
}

#define CASE(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(an_empty_tlb_misses),
        CASE(what_was_filled_is_found_under_its_own_page_and_space),
        CASE(the_least_recently_used_way_makes_room),
        CASE(t2_a_hit_in_l2_comes_back_to_l1),
        CASE(t1_filling_again_replaces),
        CASE(t3_an_emptied_way_is_filled_first),
        CASE(flushing_a_page_spares_its_neighbours_and_other_spaces),
        CASE(t4_flushing_a_space_spares_the_others),
        CASE(flushing_the_kernels_space_spares_empty_ways_and_users),
        CASE(flushing_everything_leaves_nothing),
        CASE(peeking_disturbs_nothing),
        CASE(both_levels_keep_the_frame_and_all_rights),
        CASE(each_tells_page_space_and_word_of_both_levels),
        CASE(random_references_hit_and_miss_as_the_plain_model_says),
        cmocka_unit_test(init_keeps_nothing_when_it_fails),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

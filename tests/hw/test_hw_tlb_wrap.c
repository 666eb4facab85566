/* test_hw_tlb_wrap.c - numbers of flushes begin again, and nothing old comes back with them */
#include "hw/hw_pagetable.h"
#include "hw/hw_tlb.h"
#include "test_alloc.h"

enum { FILLER = 1 << 20, LARGE = 1 << 21 /* the first pages of leaves */ };

static struct hw_geometry
shape(uint32_t second_sets)
{
    return (struct hw_geometry){ .page_shift = 12,
                                 .levels = 4,
                                 .index_bits = 9,
                                 .va_bits = 48,
                                 .l1 = { 4, 4 },
                                 .l1i = { 4, 4 },
                                 .l2 = { second_sets, 4 },
                                 .l2i = { second_sets, 4 },
                                 .large = { 1, 4 } };
}

/* What each level is to forget: pages 1 .. 19 of data, 20 .. 29 of code, one large leaf. */
static void
fill_every_level(struct hw_tlb *tlb)
{
    for (uint64_t vpn = 1; vpn < 20; vpn++)
        hw_tlb_fill(tlb, vpn, 1, hw_pte_make(7, HW_PTE_VALID));
    for (uint64_t vpn = 20; vpn < 30; vpn++)
        hw_tlb_fill_in(tlb, &tlb->l1i, vpn, 1, hw_pte_make(7, HW_PTE_VALID), false);
    hw_tlb_fill_large(tlb, LARGE, 1, hw_pte_make(7, HW_PTE_VALID | HW_PTE_LARGE), 2);
    assert_int_not_equal(hw_tlb_lookup(tlb, 19, 1), 0);
    assert_int_not_equal(hw_tlb_lookup_in(tlb, &tlb->l1i, 29, 1), 0);
    assert_int_not_equal(hw_tlb_lookup_large(tlb, LARGE, 1), 0);
}

/* Until the numbers begin again. What comes between goes into one set of L1 and L2 only, so that the rest
 * stands where it stood: nothing but clearing takes it away. */
static void
flush_round(struct hw_tlb *tlb)
{
    for (unsigned flush = 0; flush < HW_TLB_GENERATIONS; flush++) {
        hw_tlb_flush_all(tlb);
        if (flush + 1 < HW_TLB_GENERATIONS)
            hw_tlb_fill(tlb, FILLER, 1, hw_pte_make(9, HW_PTE_VALID));
    }
    assert_true(tlb->generation == HW_TLB_FIRST_GENERATION);
}

/*  Pages of each level are filled, all is flushed as often as there are numbers, and they are looked for  */
static void
check_nothing_comes_back(const struct hw_geometry *geometry)
{
    struct counting_alloc counting;
    struct hw_tlb tlb;

    counting_alloc_init(&counting);
    assert_true(hw_tlb_init(&tlb, &counting.alloc, geometry));
    fill_every_level(&tlb);
    flush_round(&tlb);
    hw_tlb_fill_large(&tlb, LARGE + 512, 1, hw_pte_make(9, HW_PTE_VALID | HW_PTE_LARGE), 2);
    for (uint64_t vpn = 1; vpn < 20; vpn++)
        assert_int_equal(hw_tlb_lookup(&tlb, vpn, 1), 0);
    for (uint64_t vpn = 20; vpn < 30; vpn++)
        assert_int_equal(hw_tlb_lookup_in(&tlb, &tlb.l1i, vpn, 1), 0);
    assert_int_equal(hw_tlb_lookup_large(&tlb, LARGE, 1), 0);
    hw_tlb_destroy(&tlb, &counting.alloc);
    assert_int_equal(counting.live_bytes, 0);
}

static void
what_was_flushed_long_ago_does_not_come_back(void **state)
{
    static const uint32_t second_sets[] = { 1, 16, 64, 100, 256 };

    (void)state;
    for (size_t i = 0; i < VMM_COUNT_OF(second_sets); i++) {
        struct hw_geometry geometry = shape(second_sets[i]);

        check_nothing_comes_back(&geometry);
    }
}

/*  Of the sets that share a bit of `filled` all are cleared, of the others none need be (T8)  */
static void
only_what_was_filled_is_not_clear(void **state)
{
    const struct hw_geometry geometry = shape(100);
    struct counting_alloc counting;
    struct hw_tlb tlb;

    (void)state;
    counting_alloc_init(&counting);
    assert_true(hw_tlb_init(&tlb, &counting.alloc, &geometry));
    hw_tlb_fill(&tlb, 3, 1, hw_pte_make(7, HW_PTE_VALID));
    hw_tlb_fill(&tlb, 99, 1, hw_pte_make(7, HW_PTE_VALID));
    assert_true(tlb.l2.filled == ((uint64_t)1 << 3 | (uint64_t)1 << 35));
    hw_tlb_begin_again(&tlb);
    assert_int_equal(tlb.l2.filled, 0);
    for (size_t i = 0; i < (size_t)tlb.l2.sets * tlb.l2.ways; i++)
        assert_int_equal(tlb.l2.tags[i], 0);
    hw_tlb_destroy(&tlb, &counting.alloc);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_was_flushed_long_ago_does_not_come_back),
        cmocka_unit_test(only_what_was_filled_is_not_clear),
    };

    return cmocka_run_group_tests_name("hw_tlb_wrap", tests, NULL, NULL);
}

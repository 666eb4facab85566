/* test_hw_tlb_wrap.c - numbers of flushes begin again, and nothing old comes back with them */
#include "hw/hw_pagetable.h"
#include "hw/hw_tlb.h"
#include "test_alloc.h"

static const struct hw_geometry small = {
    .name = "small",
    .page_shift = 12,
    .levels = 4,
    .index_bits = 9,
    .va_bits = 48,
    .l1 = { 4, 4 },
    .l1i = { 4, 4 },
    .l2 = { 16, 4 },
};

/*  A page of each level is filled, all is flushed as often as there are numbers, and it is looked for  */
static void
what_was_flushed_long_ago_does_not_come_back(void **state)
{
    struct counting_alloc counting;
    struct hw_tlb tlb;

    (void)state;
    counting_alloc_init(&counting);
    assert_true(hw_tlb_init(&tlb, &counting.alloc, &small));
    for (uint64_t vpn = 1; vpn < 20; vpn++)
        hw_tlb_fill(&tlb, vpn, 1, hw_pte_make(7, HW_PTE_VALID));
    for (uint64_t vpn = 20; vpn < 30; vpn++)
        hw_tlb_fill_in(&tlb, &tlb.l1i, vpn, 1, hw_pte_make(7, HW_PTE_VALID), false);
    assert_int_not_equal(hw_tlb_lookup(&tlb, 19, 1), 0);
    for (unsigned flush = 0; flush < HW_TLB_GENERATIONS; flush++) {
        hw_tlb_flush_all(&tlb);
        if (flush + 1 < HW_TLB_GENERATIONS)
            hw_tlb_fill(&tlb, 100000 + flush, 1, hw_pte_make(9, HW_PTE_VALID));
    }
    for (uint64_t vpn = 1; vpn < 20; vpn++)
        assert_int_equal(hw_tlb_lookup(&tlb, vpn, 1), 0);
    for (uint64_t vpn = 20; vpn < 30; vpn++)
        assert_int_equal(hw_tlb_lookup_in(&tlb, &tlb.l1i, vpn, 1), 0);
    hw_tlb_destroy(&tlb, &counting.alloc);
    assert_int_equal(counting.live_bytes, 0);
}

int
main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(
        what_was_flushed_long_ago_does_not_come_back) };

    return cmocka_run_group_tests_name("hw_tlb_wrap", tests, NULL, NULL);
}

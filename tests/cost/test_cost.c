/* test_cost.c - from events to quantities, from quantities to time with its range */
#include "cost/cost.h"
#include "test_alloc.h"

#include <stdio.h>
#include <string.h>

static void
row_prices(const char *name, struct sheet_value *prices)
{
    size_t row;

    assert_true(sheet_row_find(&cost_prices, name, strlen(name), &row));
    sheet_row_values(&cost_prices, row, prices);
}

/*  D2 and Q2: low <= price <= high everywhere, and each says where it was read  */
static void
q2_every_price_lies_in_its_spread_and_has_a_source(void **state)
{
    (void)state;
    for (size_t row = 0; row < sheet_row_count(&cost_prices); row++) {
        struct sheet_value prices[COST_ITEM_COUNT] = { { .source = NULL } };

        sheet_row_values(&cost_prices, row, prices);
        for (size_t item = 0; item < COST_ITEM_COUNT; item++) {
            assert_true(prices[item].low <= prices[item].value);
            assert_true(prices[item].value <= prices[item].high);
            assert_non_null(prices[item].source);
            assert_true(
                strncmp(prices[item].source, "GUESS", 5) == 0 ||
                (strchr("ABC", prices[item].source[0]) != NULL && prices[item].source[1] == ':'));
            if (strncmp(prices[item].source, "GUESS", 5) == 0)
                assert_true(prices[item].low <
                            prices[item].high); /* a guess without a spread lies */
        }
    }
}

/*  what is not the other machine's way to flush costs nothing there  */
static void
x86_has_no_broadcast_and_arm64_no_interrupt(void **state)
{
    struct sheet_value prices[COST_ITEM_COUNT];

    (void)state;
    row_prices("skylake", prices);
    assert_int_equal(prices[COST_tlbi].high + prices[COST_dsb].high, 0);
    assert_true(prices[COST_ipi_first].value > 0);
    row_prices("m1", prices);
    assert_int_equal(prices[COST_ipi_first].high + prices[COST_flush_space].high, 0);
    assert_true(prices[COST_dsb].value > 0);
}

/* What one event adds, as "item quantity " words in the order of the items. */
static void
assert_adds(struct trace_event event, const char *words)
{
    struct cost_sum sum = { .quantity = { 0 } };
    char found[256] = "";

    cost_count_event(&sum, &event, 4, true);
    for (size_t item = 0; item < COST_ITEM_COUNT; item++) {
        size_t length = strlen(found);

        if (sum.quantity[item] != 0)
            snprintf(found + length, sizeof(found) - length, "%s %u ",
                     cost_prices.fields[item].name, (unsigned)sum.quantity[item]);
    }
    assert_string_equal(found, words);
}

static void
each_event_takes_its_items(void **state)
{
    (void)state;
    assert_adds((struct trace_event){ .kind = EV_FAULT, .prot = VMM_PROT_READ },
                "trap 1 fault_body 1 map_lookup 1 object_lookup 1 lock 1 ");
    assert_adds((struct trace_event){ .kind = EV_FAULT }, "map_lookup 1 object_lookup 1 lock 1 ");
    assert_adds((struct trace_event){ .kind = EV_PAGE_ZERO_FILL }, "page_frame 1 zero_fill 4 ");
    assert_adds((struct trace_event){ .kind = EV_PAGE_COPY }, "page_frame 1 copy 4 ");
    assert_adds((struct trace_event){ .kind = EV_PMAP_ENTER }, "pte_write 1 ");
    assert_adds((struct trace_event){ .kind = EV_TLB_FLUSH, .detail = 0, .count = 2 },
                "flush_space 2 ");
    assert_adds((struct trace_event){ .kind = EV_TLB_FLUSH, .detail = 1, .count = 3 },
                "flush_page 3 ");
    assert_adds((struct trace_event){ .kind = EV_TLB_FLUSH, .detail = 2, .count = 1 },
                "flush_all 1 ");
    assert_adds((struct trace_event){ .kind = EV_TLB_FLUSH, .detail = 3, .count = 5 }, "tlbi 5 ");
    assert_adds((struct trace_event){ .kind = EV_TLB_SYNC }, "dsb 1 ");
    assert_adds((struct trace_event){ .kind = EV_PAGE_OUT, .detail = 1 },
                "page_frame 1 page_out 1 ");
    assert_adds((struct trace_event){ .kind = EV_PAGE_OUT, .detail = 0 }, "page_frame 1 ");
    assert_adds((struct trace_event){ .kind = EV_PANIC }, "");
}

/*  flush, 3 interrupts, flush, 1 interrupt: two firsts, two more, four that lose time  */
static void
the_first_interrupt_of_each_flush_is_dearer(void **state)
{
    struct trace trace;
    struct cost cost;

    (void)state;
    trace_init(&trace);
    cost_init(&cost, 4096);
    trace_attach(&trace, &cost.sink);
    trace_emit(&trace, EV_TLB_FLUSH, .count = 1);
    for (uint32_t cpu = 1; cpu < 4; cpu++)
        trace_emit(&trace, EV_TLB_SHOOTDOWN, .count = cpu);
    trace_emit(&trace, EV_TLB_FLUSH, .count = 1);
    trace_emit(&trace, EV_TLB_SHOOTDOWN, .count = 2);
    assert_int_equal(cost.sum.quantity[COST_ipi_first], 2);
    assert_int_equal(cost.sum.quantity[COST_ipi_more], 2);
    assert_int_equal(cost.sum.quantity[COST_ipi_handle], 4);
}

/*  Q1: by item, by floor and in all; other CPUs' time is in no total  */
static void
q1_time_is_quantity_times_price(void **state)
{
    struct sheet_value prices[COST_ITEM_COUNT] = { { .value = 0 } };
    struct cost_sum sum = { .quantity = { 0 } };
    struct cost_sum more = { .quantity = { 0 } };
    struct cost_time time;

    (void)state;
    prices[COST_trap] = (struct sheet_value){ .low = 1, .value = 10, .high = 100 };
    prices[COST_dsb] = (struct sheet_value){ .low = 2, .value = 3, .high = 4 };
    prices[COST_ipi_handle] = (struct sheet_value){ .low = 7, .value = 7, .high = 7 };
    sum.quantity[COST_trap] = 5;
    more.quantity[COST_trap] = 1;
    more.quantity[COST_dsb] = 10;
    more.quantity[COST_ipi_handle] = 1;
    cost_add(&sum, &more);
    time = cost_of_item(&sum, COST_trap, prices);
    assert_true(time.low == 6 && time.value == 60 && time.high == 600);
    time = cost_of_floor(&sum, COST_HW, prices);
    assert_true(time.low == 20 && time.value == 30 && time.high == 40);
    time = cost_total(&sum, prices);
    assert_true(time.low == 26 && time.value == 90 && time.high == 640);
    assert_int_equal(cost_of_floor(&sum, COST_OTHERS, prices).value, 7);
    assert_int_equal(cost_since(&sum, &more).quantity[COST_trap], 5);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(q2_every_price_lies_in_its_spread_and_has_a_source),
        cmocka_unit_test(x86_has_no_broadcast_and_arm64_no_interrupt),
        cmocka_unit_test(each_event_takes_its_items),
        cmocka_unit_test(the_first_interrupt_of_each_flush_is_dearer),
        cmocka_unit_test(q1_time_is_quantity_times_price),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

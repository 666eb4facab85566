/*
 * test_calibrate.c - a host that is the model itself is predicted exactly, and what is held out is held out
 */
#include <string.h>

#include "calibrate.h"
#include "core_out.h"
#include "test_alloc.h"

/* Prices that a fit should find again. */
static void
scale(struct machine *machine, double traps, double pages)
{
    machine->prices[COST_trap].value = (uint64_t)((double)machine->prices[COST_trap].value * traps);
    machine->prices[COST_fault_body].value =
        (uint64_t)((double)machine->prices[COST_fault_body].value * traps);
    machine->prices[COST_zero_fill].value =
        (uint64_t)((double)machine->prices[COST_zero_fill].value * pages);
    machine->prices[COST_page_frame].value =
        (uint64_t)((double)machine->prices[COST_page_frame].value * pages);
}

/* What each case takes on `machine`, as its measurement. */
static size_t
measure_model(const struct vmm_alloc *alloc, const struct machine *machine,
              struct calibrate_case *cases, bool has_chains)
{
    size_t count = calibrate_cases(cases);
    struct calibrate_fit fit;
    struct machine copy = *machine;

    for (size_t i = 0; i < count; i++)
        cases[i].packed_ns = cases[i].kind == CALIBRATE_CHASE ? 1.3 : 0;

    /* With nothing measured nothing is fitted, and what is predicted is the machine's own time. */
    assert_true(calibrate_fit(alloc, &copy, cases, count, &fit));
    for (size_t i = 0; i < count; i++) {
        assert_true(cases[i].predicted > 0);
        if (has_chains || cases[i].kind != CALIBRATE_CHASE)
            cases[i].ns = cases[i].low = cases[i].high = cases[i].predicted;
    }
    return count;
}

static void
a_host_that_is_the_model_is_predicted_exactly(void **state)
{
    static struct calibrate_case cases[CALIBRATE_CASES_MAX];
    struct counting_alloc counting;
    struct calibrate_fit fit;
    struct machine machine;
    size_t count;

    (void)state;
    counting_alloc_init(&counting);
    assert_true(machine_find("zen3", &machine));
    count = measure_model(&counting.alloc, &machine, cases, false);
    assert_true(calibrate_fit(&counting.alloc, &machine, cases, count, &fit));
    assert_true(fit.predicted > 20);
    assert_true(fit.worst_error < 0.02);
    test_alloc_assert_empty(&counting);
}

/* A host whose pages cost thrice and whose faults cost twice is no stranger either. */
static void
other_prices_are_found_again(void **state)
{
    static struct calibrate_case cases[CALIBRATE_CASES_MAX];
    struct counting_alloc counting;
    struct calibrate_fit fit;
    struct machine host, base;
    size_t count;

    (void)state;
    counting_alloc_init(&counting);
    assert_true(machine_find("zen3", &host));
    base = host;
    scale(&host, 2, 3);
    count = measure_model(&counting.alloc, &host, cases, false);
    assert_true(calibrate_fit(&counting.alloc, &base, cases, count, &fit));
    assert_true(fit.worst_error < 0.06);
    test_alloc_assert_empty(&counting);
}

/* K1 */
static void
k1_what_is_predicted_has_no_part_in_the_fit(void **state)
{
    static struct calibrate_case cases[CALIBRATE_CASES_MAX];
    struct counting_alloc counting;
    struct calibrate_fit before, after;
    struct machine machine, first, second;
    size_t count;

    (void)state;
    counting_alloc_init(&counting);
    assert_true(machine_find("skylake", &machine));
    count = measure_model(&counting.alloc, &machine, cases, false);
    first = second = machine;
    assert_true(calibrate_fit(&counting.alloc, &first, cases, count, &before));
    for (size_t i = 0; i < count; i++)
        cases[i].ns *= cases[i].part == CALIBRATE_FITTED ? 1 : 5;
    assert_true(calibrate_fit(&counting.alloc, &second, cases, count, &after));
    assert_memory_equal(before.factor, after.factor, sizeof before.factor);
    assert_true(after.median_error > 0.7 && after.median_error < 0.9); /* a fifth of it */
    for (int item = 0; item < COST_ITEM_COUNT; item++)
        assert_int_equal(first.prices[item].value, second.prices[item].value);
}

/* A host whose second level is half of what the catalog says. */
static void
chains_tell_how_far_a_tlb_reaches(void **state)
{
    static struct calibrate_case cases[CALIBRATE_CASES_MAX];
    struct counting_alloc counting;
    struct calibrate_fit fit;
    struct machine host, base;
    size_t count;

    (void)state;
    counting_alloc_init(&counting);
    assert_true(machine_find("zen3", &host));
    base = host;
    host.geometry[HW_FIELD_l2_entries].value /= 2;
    count = measure_model(&counting.alloc, &host, cases, true);
    assert_true(calibrate_fit(&counting.alloc, &base, cases, count, &fit));
    assert_in_range(fit.l2_entries, 768, 1280);
    assert_in_range(fit.l1_entries, 48, 64);
    assert_int_equal(base.geometry[HW_FIELD_l2_entries].value, fit.l2_entries);
}

struct page {
    char bytes[32768];
    size_t length;
};

static void
put(void *context, const char *bytes, size_t length)
{
    struct page *page = context;

    assert_true(page->length + length < sizeof page->bytes);
    memcpy(page->bytes + page->length, bytes, length);
    page->length += length;
}

/* A host that may not lock memory. */
static void
what_was_not_measured_is_said(void **state)
{
    static struct calibrate_case cases[CALIBRATE_CASES_MAX];
    static struct page page;
    const struct core_out out = { put, &page };
    size_t count = calibrate_cases(cases);

    (void)state;
    for (size_t i = 0; i < count; i++)
        cases[i].ns = cases[i].low = cases[i].high = cases[i].predicted = 1;
    calibrate_text(&out, cases, count, &(struct calibrate_fit){ 0 });
    assert_null(strstr(page.bytes, "not measured"));
    page = (struct page){ 0 };
    for (size_t i = 0; i < count; i++)
        cases[i].ns = cases[i].kind == CALIBRATE_LOCK ? 0 : 1;
    calibrate_text(&out, cases, count, &(struct calibrate_fit){ 0 });
    assert_non_null(strstr(page.bytes, "\nnot measured: this host cannot, or may not\n"
                                       "  lock present, 64 pages\n"));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_was_not_measured_is_said),
        cmocka_unit_test(a_host_that_is_the_model_is_predicted_exactly),
        cmocka_unit_test(other_prices_are_found_again),
        cmocka_unit_test(chains_tell_how_far_a_tlb_reaches),
        cmocka_unit_test(k1_what_is_predicted_has_no_part_in_the_fit),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

/*
 * test_calibrate.c - a host that is the model itself is predicted exactly, what is held out is held out, and a
 * recorded host is predicted within the bars
 */
#include <string.h>

#include "calibrate.h"
#include "core_out.h"
#include "test_alloc.h"

static const struct calibrate_host host_now = { .near_bytes = 512 << 10 };

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
    assert_true(calibrate_fit(alloc, &copy, &host_now, cases, count, &fit));
    for (size_t i = 0; i < count; i++) {
        assert_true(cases[i].predicted > 0);
        if (has_chains || cases[i].kind != CALIBRATE_CHASE)
            cases[i].ns = cases[i].median = cases[i].high = cases[i].predicted;
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
    assert_true(calibrate_fit(&counting.alloc, &machine, &host_now, cases, count, &fit));
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
    assert_true(calibrate_fit(&counting.alloc, &base, &host_now, cases, count, &fit));
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
    assert_true(calibrate_fit(&counting.alloc, &first, &host_now, cases, count, &before));
    for (size_t i = 0; i < count; i++)
        cases[i].ns *= cases[i].part == CALIBRATE_FITTED ? 1 : 5;
    assert_true(calibrate_fit(&counting.alloc, &second, &host_now, cases, count, &after));
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
    assert_true(calibrate_fit(&counting.alloc, &base, &host_now, cases, count, &fit));
    assert_in_range(fit.second.entries, 768, 1280);
    assert_in_range(fit.first.entries, 48, 64);
    assert_int_equal(fit.near_pages, 0);
    assert_int_equal(base.geometry[HW_FIELD_l2_entries].value, fit.second.entries);
}

/* The words of some 16,384 pages are all that the caches hold; what is not there costs 240 ns more. */
static void
chains_tell_from_where_on_tables_leave_the_caches(void **state)
{
    static struct calibrate_case cases[CALIBRATE_CASES_MAX];
    struct counting_alloc counting;
    struct calibrate_fit fit;
    struct machine machine;
    size_t count;

    (void)state;
    counting_alloc_init(&counting);
    assert_true(machine_find("zen3", &machine));
    count = measure_model(&counting.alloc, &machine, cases, true);
    for (size_t i = 0; i < count; i++) {
        if (cases[i].kind == CALIBRATE_CHASE && cases[i].pages > 16384)
            cases[i].ns += cases[i].pages < 32768 ? 240 * (cases[i].pages / 16384.0 - 1) : 240;
    }
    assert_true(calibrate_fit(&counting.alloc, &machine, &host_now, cases, count, &fit));
    assert_in_range(fit.near_pages, 8192, 16384);
    assert_true(fit.factor[CALIBRATE_GROUPS - 1] > 220 && fit.factor[CALIBRATE_GROUPS - 1] < 260);
    for (size_t i = 0; i < count; i++) {
        if (cases[i].kind == CALIBRATE_CHASE && cases[i].pages == 49152)
            assert_true(cases[i].predicted > 0.95 * cases[i].ns &&
                        cases[i].predicted < 1.05 * cases[i].ns);
    }
    test_alloc_assert_empty(&counting);
}

static const struct {
    enum calibrate_kind kind;
    uint32_t touched, cpus;
    double ns, packed_ns;
} recorded[] = {
#define RECORDED(kind, touched, cpus, ns, packed_ns) \
    { CALIBRATE_##kind, touched, cpus, ns, packed_ns },
#include "calibrate_recorded.def"
#undef RECORDED
};

static struct calibrate_case *
case_of(struct calibrate_case *cases, size_t count, enum calibrate_kind kind, uint32_t touched,
        uint32_t cpus)
{
    for (size_t i = 0; i < count; i++) {
        if (cases[i].kind == kind && cases[i].touched == touched && cases[i].cpus == cpus)
            return &cases[i];
    }
    fail_msg("no case of kind %d with %u of %u CPUs", (int)kind, touched, cpus);
    return NULL;
}

static size_t
take_recorded(struct calibrate_case *cases)
{
    size_t count = calibrate_cases(cases);

    assert_int_equal(count, VMM_COUNT_OF(recorded));
    for (size_t i = 0; i < count; i++) {
        struct calibrate_case *one =
            case_of(cases, count, recorded[i].kind, recorded[i].touched, recorded[i].cpus);

        one->ns = one->median = one->high = recorded[i].ns;
        one->packed_ns = recorded[i].packed_ns;
    }
    return count;
}

/* The same measurements give the same fit, so how good it is can be told without a host. */
static void
a_recorded_host_is_predicted_within_the_bars(void **state)
{
    static struct calibrate_case cases[CALIBRATE_CASES_MAX];
    struct counting_alloc counting;
    struct calibrate_fit fit;
    struct machine machine;
    size_t count = take_recorded(cases);
    double alone, together;

    (void)state;
    counting_alloc_init(&counting);
    assert_true(machine_find("zen3", &machine));
    assert_true(calibrate_fit(&counting.alloc, &machine, &host_now, cases, count, &fit));
    assert_true(fit.predicted >= 50);
    assert_true(fit.median_error < 0.15);
    assert_true(fit.worst_error < 0.50);
    for (size_t own = CALIBRATE_OWN_GROUPS; own < CALIBRATE_GROUPS; own++)
        assert_true(fit.is_known[own]);

    /* Below the host's limit each page is flushed alone, above it all at once. */
    alone = case_of(cases, count, CALIBRATE_PROTECT, 32, 1)->predicted -
            case_of(cases, count, CALIBRATE_PROTECT, 16, 1)->predicted;
    together = case_of(cases, count, CALIBRATE_PROTECT, 512, 1)->predicted -
               case_of(cases, count, CALIBRATE_PROTECT, 128, 1)->predicted;
    assert_true(alone / 16 > 1.3 * together / 384);

    /* Lazy memory is cheaper when a half is used, and dearer when all is. */
    assert_true(case_of(cases, count, CALIBRATE_LAZY, 1024, 1)->predicted <
                case_of(cases, count, CALIBRATE_POPULATE, 1024, 1)->predicted);
    assert_true(case_of(cases, count, CALIBRATE_LAZY, 2048, 1)->predicted >
                case_of(cases, count, CALIBRATE_POPULATE, 2048, 1)->predicted);
    assert_in_range(fit.first.entries, 48, 64);
    assert_in_range(fit.second.entries, 1280, 2048);
    test_alloc_assert_empty(&counting);
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
        cases[i].ns = cases[i].median = cases[i].high = cases[i].predicted = 1;
    calibrate_text(&out, &host_now, cases, count, &(struct calibrate_fit){ 0 });
    assert_null(strstr(page.bytes, "not measured"));
    page = (struct page){ 0 };
    for (size_t i = 0; i < count; i++)
        cases[i].ns = cases[i].kind == CALIBRATE_LOCK ? 0 : 1;
    calibrate_text(&out, &host_now, cases, count, &(struct calibrate_fit){ 0 });
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
        cmocka_unit_test(chains_tell_from_where_on_tables_leave_the_caches),
        cmocka_unit_test(a_recorded_host_is_predicted_within_the_bars),
        cmocka_unit_test(k1_what_is_predicted_has_no_part_in_the_fit),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* test_compare.c - what each of the five ways does, counted, and where they cross */
#include "compare.h"
#include "counting_alloc.h"
#include "test_alloc.h"

#include <string.h>

static struct machine machine;

static struct compare_question
ask_about(const char *name, const char *release, uint32_t cpus, uint32_t pages, uint32_t touches)
{
    struct compare_question question = {
        .machine = &machine, .cpus = cpus, .pages = pages, .touches = touches
    };
    char bytes[160];
    struct vmm_text why;

    vmm_text_init(&why, bytes, sizeof bytes);
    assert_true(machine_find(name, &machine));
    assert_true(machine_geometry(&machine, &question.geometry, &why));
    assert_true(vm_profile_find(release, strlen(release), &question.profile));
    return question;
}

/*  64 pages, 16 touched, CPUs 1 and 2 in the kernel: faults, translations; one flush at unmapping which
 *  interrupts both                                                                                  */
static void
each_way_does_what_it_says(void **state)
{
    static const struct {
        enum compare_way way;
        uint64_t faults, translations, flushes, interrupts, copied;
    } rows[] = {
        { COMPARE_LAZY, 16, 16, 1, 2, 0 },       { COMPARE_TOUCH, 64, 64, 1, 2, 0 },
        { COMPARE_PREFAULT, 0, 64, 1, 2, 0 },    { COMPARE_WIRE, 64, 64, 1, 2, 0 },
        { COMPARE_COPY, 0, 0, 0, 0, 64 * 4096 },
    };
    struct compare_question question = ask_about("skylake", "macos-15.4", 3, 64, 16);
    struct counting_alloc counting;

    (void)state;
    counting_alloc_init(&counting);
    for (size_t i = 0; i < VMM_COUNT_OF(rows); i++) {
        struct compare_answer answer;

        assert_true(compare_ask(&counting.alloc, &question, rows[i].way, &answer));
        assert_true(answer.is_possible);
        assert_int_equal(answer.faults, rows[i].faults);
        assert_int_equal(answer.translations, rows[i].translations);
        assert_int_equal(answer.flushes, rows[i].flushes);
        assert_int_equal(answer.interrupts, rows[i].interrupts);
        assert_int_equal(answer.copied_bytes, rows[i].copied);
        assert_int_equal(answer.sum.quantity[COST_trap],
                         rows[i].way == COMPARE_WIRE ? 0 : rows[i].faults);
    }
    test_alloc_assert_empty(&counting);
}

/*  arm64: nobody is interrupted  */
static void
arm64_interrupts_nobody(void **state)
{
    struct compare_question question = ask_about("m1", "macos-15.4", 8, 8, 8);
    struct counting_alloc counting;
    struct compare_answer answer;

    (void)state;
    counting_alloc_init(&counting);
    assert_true(compare_ask(&counting.alloc, &question, COMPARE_LAZY, &answer));
    assert_int_equal(answer.interrupts, 0);
    assert_int_equal(answer.sum.quantity[COST_dsb], 1);
    assert_int_equal(answer.sum.quantity[COST_tlbi], 8);
}

/*  kernel prefaulting begins with 10.13, wireRange() with 10.8.2  */
static void
what_a_release_has_not_is_not_possible(void **state)
{
    static const struct {
        const char *release;
        bool prefaults, wires;
    } rows[] = { { "macos-10.7", false, false },
                 { "macos-10.9", false, true },
                 { "macos-10.12", false, true },
                 { "macos-10.13", true, true } };
    struct counting_alloc counting;

    (void)state;
    counting_alloc_init(&counting);
    for (size_t i = 0; i < VMM_COUNT_OF(rows); i++) {
        struct compare_question question = ask_about("haswell", rows[i].release, 1, 4, 4);
        struct compare_answer answer;

        assert_true(compare_ask(&counting.alloc, &question, COMPARE_PREFAULT, &answer));
        assert_int_equal(answer.is_possible, rows[i].prefaults);
        assert_true(compare_ask(&counting.alloc, &question, COMPARE_WIRE, &answer));
        assert_int_equal(answer.is_possible, rows[i].wires);
        assert_true(compare_ask(&counting.alloc, &question, COMPARE_LAZY, &answer));
        assert_true(answer.is_possible);
    }
    test_alloc_assert_empty(&counting);
}

/*  64 pages, 1 to 64 of them touched. When only traps cost, wiring is free and wins at once. When a page's
 *  wire costs a quarter of a trap, wiring and unwiring 64 of them cost as much as 32 traps.          */
static void
the_break_even_is_where_the_prices_put_it(void **state)
{
    static struct compare_sweep sweep;
    struct counting_alloc counting;

    (void)state;
    counting_alloc_init(&counting);
    memset(&sweep, 0, sizeof sweep);
    sweep.question = ask_about("skylake", "macos-15.4", 1, 64, 64);
    sweep.sweeps_touches = true;
    sweep.from = 1;
    sweep.to = 64;
    memset(machine.prices, 0, sizeof machine.prices);
    machine.prices[COST_trap] = (struct sheet_value){ 256, 128, 512, "test" };
    machine.prices[COST_map_lookup] = (struct sheet_value){ 0, 0, 0, "test" };
    assert_true(compare_run(&counting.alloc, &sweep));
    assert_int_equal(sweep.point_count, 7);
    assert_int_equal(sweep.points[6].x, 64);
    assert_int_equal(sweep.break_even.x, 1);
    machine.prices[COST_page_wire] = (struct sheet_value){ 64, 64, 64, "test" };
    assert_true(compare_run(&counting.alloc, &sweep));
    assert_int_equal(sweep.break_even.x, 32);
    assert_int_equal(sweep.break_even.low, 16);  /* traps at 512 */
    assert_int_equal(sweep.break_even.high, 64); /* traps at 128 */
    machine.prices[COST_page_wire].value = 1000;
    assert_true(compare_run(&counting.alloc, &sweep));
    assert_int_equal(sweep.break_even.x, 0);
    test_alloc_assert_empty(&counting);
}

/* What can be done without (a map's index) may fail unseen, but then the answer is the same. */
static bool
ask_once(struct counting_alloc *counting)
{
    struct compare_question question = ask_about("nehalem", "macos-10.13", 2, 8, 4);
    struct compare_answer answer, calm;
    bool got =
        compare_ask(&counting->alloc, &question, COMPARE_WIRE, &answer) && answer.is_possible;

    if (!got || counting->requests < counting->fail_at)
        return got;
    test_alloc_fail_next(counting, 0);
    assert_true(compare_ask(&counting->alloc, &question, COMPARE_WIRE, &calm));
    assert_int_equal(answer.faults, calm.faults);
    assert_int_equal(answer.flushes, calm.flushes);
    assert_int_equal(answer.translations, calm.translations);
    return false;
}

static void
every_failure_of_memory_is_told_or_makes_the_way_impossible(void **state)
{
    (void)state;
    assert_in_range(test_alloc_sweep(ask_once), 10, 400);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_way_does_what_it_says),
        cmocka_unit_test(arm64_interrupts_nobody),
        cmocka_unit_test(what_a_release_has_not_is_not_possible),
        cmocka_unit_test(the_break_even_is_where_the_prices_put_it),
        cmocka_unit_test(every_failure_of_memory_is_told_or_makes_the_way_impossible),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

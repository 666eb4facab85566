/* test_inject.c - calls that fail on purpose, and what is counted of them */
#include "inject.h"
#include "scn_fixture.h"

static const char scenario[] = "machine frames=512\n"
                               "app = task\n"
                               "buf = allocate app 2p\n"
                               "fill buf\n"
                               "md = descriptor buf direction=out\n"
                               "prepare md\n"
                               "m = map md kernel\n"
                               "wire m in\n"
                               "unwire m\n"
                               "complete md\n"
                               "unmap m\n";

static uint64_t
one_path(void)
{
    return 1;
}

/* A way of its own for every call: each of them fails once. */
static uint64_t path_calls;

static uint64_t
every_path(void)
{
    return ++path_calls;
}

static struct inject *
inject_all(struct scn_fixture *f, uint64_t (*path)(void), size_t most)
{
    struct inject_options options = { .path = path };
    struct inject *inject;

    parse_ok(f, scenario);
    options.profile = scn_program_profile_at(f->program, 0);
    inject = inject_create(&f->counting.alloc, f->program, &options);
    assert_non_null(inject);
    for (size_t i = 0; i < most; i++) {
        if (inject_step(inject) != INJECT_MORE)
            break;
    }
    return inject;
}

static void
with_one_way_for_all_each_kind_of_call_fails_once(void **state)
{
    struct scn_fixture *f = *state;
    struct inject *inject = inject_all(f, one_path, 100);
    const struct inject_result *result = inject_result(inject);

    for (int call = 0; call < VMM_CALL_COUNT; call++)
        assert_int_equal(result->failed[call], call != VMM_CALL_PAGER); /* nothing is paged here */
    assert_int_equal(result->runs, VMM_CALL_COUNT); /* six failures, and a run without one */
    assert_int_equal(result->ended, 1);
    assert_int_equal(result->leaks + result->violations, 0);
    inject_destroy(inject);
}

static void
a_prepare_a_wire_and_a_map_that_fail_are_told_to_the_caller(void **state)
{
    struct scn_fixture *f = *state;
    struct inject *inject = inject_all(f, one_path, 100);
    const struct inject_result *result = inject_result(inject);

    assert_int_equal(result->told + result->stopped + result->ended, VMM_CALL_COUNT - 1);
    assert_true(result->told >= 3);
    assert_int_equal(result->silent, 0);
    inject_destroy(inject);
}

static void
a_run_fails_one_call_only(void **state)
{
    struct scn_fixture *f = *state;
    struct inject *inject = inject_all(f, every_path, 20);
    const struct inject_result *result = inject_result(inject);
    uint64_t failed = 0;

    for (int call = 0; call < VMM_CALL_COUNT; call++)
        failed += result->failed[call];
    assert_int_equal(result->runs, 20);
    assert_int_equal(failed, 20);
    inject_destroy(inject);
}

/* ---- as a scenario ---- */

static const char two_lines[] = "app = task\nbuf = allocate app 2p\n";

static void
what_was_found_is_a_line_in_front_of_the_line_that_was_hit(void **state)
{
    struct scn_fixture *f = *state;
    struct inject_result result = { .what = "map 3: I7 does not hold",
                                    .wrong_line = 2,
                                    .wrong_call = VMM_CALL_MAP,
                                    .wrong_nth = 3 };
    struct core_arena arena;

    core_arena_init(&arena, &f->counting.alloc);
    assert_string_equal(inject_scenario(&result, &arena, two_lines, strlen(two_lines)),
                        "# faultline inject: map 3: I7 does not hold\n"
                        "app = task\n"
                        "fail map 3\n"
                        "buf = allocate app 2p\n");
    result.wrong_line = 0; /* while the world was made */
    assert_null(inject_scenario(&result, &arena, two_lines, strlen(two_lines)));
    core_arena_destroy(&arena);
}

static void
a_fail_line_makes_the_call_fail_that_it_counts(void **state)
{
    struct scn_fixture *f = *state;

    run_text(f,
             "app = task\n"
             "fail map 2\n"
             "one = allocate app 1p\n"
             "two = allocate app 1p\n"
             "three = allocate app 1p\n",
             SCN_CLEAN);
    assert_false(step_at(f, 3)->injected);
    assert_true(step_at(f, 4)->injected);
    assert_int_equal(step_at(f, 4)->injected_nth, 1); /* of its own line */
    assert_int_not_equal(step_at(f, 4)->status, 0);
    assert_int_equal(step_at(f, 5)->status, 0);
}

static void
an_allocation_that_fails_ends_the_run_with_a_report(void **state)
{
    struct scn_fixture *f = *state;

    run_text(f, "app = task\nfail allocation\nbuf = allocate app 1p\nfill buf\nfill buf\n",
             SCN_CLEAN);
    assert_true(f->report->ran_out);
    assert_int_equal(f->report->verdict, SCN_CLEAN);
    assert_true(f->report->steps[f->report->step_count - 1].injected);
}

static void
a_call_that_never_comes_is_an_expectation_that_does_not_hold(void **state)
{
    struct scn_fixture *f = *state;

    run_text(f, "app = task\nfail wire 2\nbuf = allocate app 1p\nuser-wire buf read\n", SCN_FAILED);
    assert_true(step_at(f, 2)->failed);
    assert_string_equal(step_at(f, 2)->found, "1 fewer");
}

static void
a_threads_calls_are_its_own(void **state)
{
    struct scn_fixture *f = *state;

    run_text(f,
             "app = task\n"
             "thread a {\n fail map 2\n one = allocate app 1p\n two = allocate app 1p\n}\n"
             "thread b {\n three = allocate app 1p\n}\n",
             SCN_CLEAN);
    assert_true(step_at(f, 5)->injected);
    assert_int_equal(step_at(f, 8)->status, 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, scn_fixture_setup, scn_fixture_teardown)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(with_one_way_for_all_each_kind_of_call_fails_once),
        TEST(a_prepare_a_wire_and_a_map_that_fail_are_told_to_the_caller),
        TEST(a_run_fails_one_call_only),
        TEST(what_was_found_is_a_line_in_front_of_the_line_that_was_hit),
        TEST(a_fail_line_makes_the_call_fail_that_it_counts),
        TEST(an_allocation_that_fails_ends_the_run_with_a_report),
        TEST(a_call_that_never_comes_is_an_expectation_that_does_not_hold),
        TEST(a_threads_calls_are_its_own),
    };

    return cmocka_run_group_tests_name("inject", tests, NULL, NULL);
}

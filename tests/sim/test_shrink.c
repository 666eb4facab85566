/* test_shrink.c - what is left of a scenario that goes wrong */
#include <stdio.h>
#include <stdlib.h>

#include "fiber/fiber.h"
#include "scn_fixture.h"
#include "shrink.h"

static void
shrinks_to(struct scn_fixture *f, const char *source, const char *id, const char *what,
           const char *rest)
{
    struct scn_fibers *fibers = fiber_set_create();
    struct shrink_result result;
    struct core_arena arena;

    core_arena_init(&arena, &f->counting.alloc);
    assert_int_equal(shrink_scenario(&arena, fibers, source, strlen(source), id, &result), SCN_OK);
    assert_has(result.what, what);
    assert_has(result.text, rest);
    assert_string_equal(strstr(result.text, rest), rest); /* and nothing after it */
    core_arena_destroy(&arena);
    fiber_set_destroy(fibers);
}

static void
what_has_nothing_to_do_with_a_panic_goes(void **state)
{
    shrinks_to(*state,
               "title \"long\"\n"
               "app = task\n"
               "other = task\n"
               "buf = allocate app 4p\n"
               "fill buf\n"
               "md = descriptor buf direction=out\n"
               "prepare md\n"
               "m = map md kernel\n"
               "nofault mutex {\n"
               "    check\n"
               "}\n"
               "nofault spin-lock {\n"
               "    check\n"
               "    load m\n"
               "}\n"
               "expect running\n",
               NULL, "fault-in-restricted-context",
               "app = task\n"
               "buf = allocate app 4p\n"
               "md = descriptor buf direction=out\n"
               "m = map md kernel\n"
               "nofault spin-lock {\n"
               "    load m\n"
               "}\n");
}

static void
threads_keep_a_schedule_that_goes_wrong(void **state)
{
    shrinks_to(*state,
               "app = task\n"
               "buf = allocate app 4p\n"
               "fill buf\n"
               "md = descriptor buf direction=out\n"
               "m = map md kernel\n"
               "thread a {\n"
               "    check\n"
               "    wire m in\n"
               "    unwire m\n"
               "}\n"
               "thread b {\n"
               "    unmap m\n"
               "}\n"
               "thread c {\n"
               "    check\n"
               "}\n",
               NULL, "use-after-unmap",
               "app = task\n"
               "buf = allocate app 4p\n"
               "md = descriptor buf direction=out\n"
               "m = map md kernel\n"
               "thread a {\n"
               "    unwire m\n"
               "}\n"
               "thread b {\n"
               "    unmap m\n"
               "}\n");
}

/* What is printed runs as it stands, and shows on the line that its first line names. */
static void
what_is_left_runs_with_its_schedule(void **state)
{
    struct scn_fixture *f = *state;
    struct scn_fibers *fibers = fiber_set_create();
    static const char source[] = "title \"an order among many\"\n"
                                 "app = task\n"
                                 "buf = allocate app 4p\n"
                                 "md = descriptor buf direction=out\n"
                                 "m = map md kernel\n"
                                 "more = descriptor buf direction=out\n"
                                 "thread a {\n"
                                 "    wire m in\n"
                                 "    n = map more kernel\n"
                                 "    unwire m\n"
                                 "}\n"
                                 "thread b {\n"
                                 "    unmap m\n"
                                 "}\n";
    struct scn_options options = { .fibers = fibers };
    struct shrink_result result;
    struct core_arena arena;

    core_arena_init(&arena, &f->counting.alloc);
    assert_int_equal(shrink_scenario(&arena, fibers, source, sizeof source - 1, "2b", &result),
                     SCN_OK);
    assert_has(result.text, "\nschedule \"");
    assert_has(result.what, "hang (unmap-while-wired) at line 13");
    parse_ok(f, result.text);
    assert_int_equal(scn_run(f->program, &f->counting.alloc, scn_program_profile_at(f->program, 0),
                             &options, &f->report),
                     SCN_OK);
    assert_int_equal(f->report->verdict, SCN_UNEXPECTED);
    assert_int_equal(f->report->stop_line, 13);
    core_arena_destroy(&arena);
    fiber_set_destroy(fibers);
}

enum { LONG_LINES = 10000 };

/* A load or a check in each line, and somewhere among them what goes wrong together. */
static char *
long_source(void)
{
    static const char *const among[] = { "wire m in\n", "unmap other\n",
                                         "nofault spin-lock { load n }\n" };
    char *text = malloc((size_t)32 * LONG_LINES);
    size_t length;
    size_t next = 0;

    assert_non_null(text);
    length = (size_t)sprintf(text, "app = task\n"
                                   "buf = allocate app 4p\n"
                                   "md = descriptor buf direction=out\n"
                                   "m = map md kernel\n"
                                   "more = descriptor buf direction=out\n"
                                   "other = map more kernel\n"
                                   "unwired = descriptor buf direction=out\n"
                                   "n = map unwired kernel\n");
    for (size_t i = 0; i < LONG_LINES; i++) {
        const char *line = i % 3 == 0 ? "load buf\n" : i % 3 == 1 ? "load m\n" : "load m+1p\n";

        if (i % (LONG_LINES / 4) == LONG_LINES / 4 - 1 && next < VMM_COUNT_OF(among))
            line = among[next++];
        length += (size_t)sprintf(text + length, "%s", line);
    }
    return text;
}

/* Runs are counted, not time: a minute is enough for some hundred runs of that length. */
static void
ten_thousand_lines_take_few_runs(void **state)
{
    struct scn_fixture *f = *state;
    char *source = long_source();
    struct shrink_result result;
    struct core_arena arena;

    core_arena_init(&arena, &f->counting.alloc);
    assert_int_equal(shrink_scenario(&arena, NULL, source, strlen(source), NULL, &result), SCN_OK);
    assert_has(result.what, "fault-in-restricted-context");
    assert_int_equal(result.from, LONG_LINES + 8);
    assert_true(result.lines <= 6);
    assert_true(result.runs < 300);
    print_message("%llu runs, %zu lines left\n", (unsigned long long)result.runs, result.lines);
    core_arena_destroy(&arena);
    free(source);
}

static void
what_is_fine_is_not_shrunk(void **state)
{
    struct scn_fixture *f = *state;
    struct shrink_result result;
    struct core_arena arena;

    core_arena_init(&arena, &f->counting.alloc);
    assert_int_equal(shrink_scenario(&arena, NULL, "app = task\n", 11, NULL, &result),
                     SCN_BAD_SOURCE);
    core_arena_destroy(&arena);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, scn_fixture_setup, scn_fixture_teardown)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(what_has_nothing_to_do_with_a_panic_goes),
        TEST(threads_keep_a_schedule_that_goes_wrong),
        TEST(what_is_left_runs_with_its_schedule),
        TEST(ten_thousand_lines_take_few_runs),
        TEST(what_is_fine_is_not_shrunk),
    };

    return cmocka_run_group_tests_name("shrink", tests, NULL, NULL);
}

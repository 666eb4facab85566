/* test_explore.c - threads of a scenario, schedules by id, and the search through them */
#include <stdio.h>

#include "explore.h"
#include "fiber/fiber.h"
#include "scn_fixture.h"

static const char beginning[] = "machine frames=512\n"
                                "app = task\n"
                                "buf = allocate app 2p\n"
                                "fill buf\n"
                                "md = descriptor buf direction=out\n"
                                "m = map md kernel\n";

/* Parses the beginning and what follows; the text is the caller's. */
static void
parse_after(struct scn_fixture *f, const char *lines)
{
    char text[2048];

    assert_true(sizeof beginning + strlen(lines) < sizeof text);
    strcpy(text, beginning);
    strcat(text, lines);
    parse_ok(f, text);
}

static struct explore *
explore_all(struct scn_fixture *f, struct scn_fibers *fibers)
{
    const struct explore_options options = { .profile = scn_program_profile_at(f->program, 0),
                                             .preemptions = 2,
                                             .limit = 10000 };
    struct explore *explore = explore_create(&f->counting.alloc, f->program, fibers, &options);

    assert_non_null(explore);
    while (explore_step(explore) == EXPLORE_MORE)
        continue;
    assert_true(explore_progress(explore).is_complete);
    return explore;
}

/* Explores the lines; the first failure's text must have `part`; NULL: there is none. */
static void
assert_finds(struct scn_fixture *f, const char *lines, const char *part)
{
    struct scn_fibers *fibers = fiber_set_create();
    struct explore *explore;

    parse_after(f, lines);
    explore = explore_all(f, fibers);
    assert_int_equal(explore_failure_count(explore) > 0, part != NULL);
    if (part != NULL) {
        char line[512];
        struct vmm_text text;
        uint64_t digest;

        vmm_text_init(&text, line, sizeof line);
        assert_int_equal(explore_run(f->program, &f->counting.alloc, fibers,
                                     scn_program_profile_at(f->program, 0),
                                     explore_failure_at(explore, 0)->id, false, &f->report),
                         SCN_OK);
        explore_say(f->report, &text);
        assert_has(line, part);
        digest = f->report->digest;
        scn_report_free(f->report);
        assert_int_equal(explore_run(f->program, &f->counting.alloc, fibers,
                                     scn_program_profile_at(f->program, 0),
                                     explore_failure_at(explore, 0)->id, false, &f->report),
                         SCN_OK);
        assert_true(digest == f->report->digest);
    }
    explore_destroy(explore);
    fiber_set_destroy(fibers);
}

static void
threads_run_one_after_the_other_unless_a_schedule_says_more(void **state)
{
    struct scn_fixture *f = *state;

    run_after_map(f,
                  "thread a {\n wire m in\n expect result ok\n unwire m\n}\n"
                  "thread b { load m }\nexpect faults 0\n",
                  SCN_FAILED);
    assert_null(step_at(f, 1)->thread);
    assert_string_equal(f->report->steps[f->report->step_count - 2].thread, "b");
    assert_string_equal(f->report->steps[f->report->step_count - 3].thread, "a");
}

static void
a_thread_that_waits_lets_the_other_go_on(void **state)
{
    struct scn_fixture *f = *state;
    struct scn_fibers *fibers = fiber_set_create();

    parse_after(f, "wire m in\n"
                   "thread a { unmap m }\n"
                   "thread b { unwire m }\n"
                   "expect running\n"
                   "expect translated m 0\n");
    assert_int_equal(explore_run(f->program, &f->counting.alloc, fibers,
                                 scn_program_profile_at(f->program, 0), "0", false, &f->report),
                     SCN_OK);
    assert_int_equal(f->report->verdict, SCN_CLEAN);
    assert_int_equal(f->report->switch_count, 3);
    assert_string_equal(f->report->switches[1].thread, "b");
    assert_string_equal(f->report->switches[1].why, "waits");
    fiber_set_destroy(fibers);
}

static void
a_fault_in_a_section_that_only_some_orders_take_is_found(void **state)
{
    assert_finds(*state,
                 "thread a { load m 2p }\n"
                 "thread b {\n nofault spin-lock { load m }\n}\n",
                 "panic (fault-in-restricted-context) at line 9");
}

static void
an_unmap_that_waits_for_a_wire_keeps_the_lock_of_all_mappings(void **state)
{
    assert_finds(*state,
                 "wire m in\n"
                 "more = descriptor buf direction=out\n"
                 "thread a { unmap m }\n"
                 "thread b {\n n = map more kernel\n unwire m\n}\n",
                 "hang (unmap-while-wired) at line 9");
    assert_has(((struct scn_fixture *)*state)->report->stop.text,
               "thread a, line 9 (unmap m), holds I/O Kit's lock and waits for");
    assert_has(((struct scn_fixture *)*state)->report->stop.text,
               "thread b, line 11 (n = map more kernel), waits for I/O Kit's lock, which thread a "
               "holds");
}

/* Two locks, each taken first by one thread. */
static void
two_locks_in_both_orders_are_a_deadlock(void **state)
{
    assert_finds(*state,
                 "one = new-lock mutex\n"
                 "two = new-lock mutex\n"
                 "thread a {\n lock one\n lock two\n unlock two\n unlock one\n}\n"
                 "thread b {\n lock two\n lock one\n unlock one\n unlock two\n}\n",
                 "hang (lock-deadlock) at line 11");
    assert_has(((struct scn_fixture *)*state)->report->stop.text,
               "thread a, line 11 (lock two), waits for a lock, which thread b holds; "
               "thread b, line 17 (lock one), waits for a lock, which thread a holds");
}

/* Whoever touches memory that its owner keeps to himself waits for him, and for no page. */
static void
a_wait_for_redirected_memory_is_called_so(void **state)
{
    assert_finds(*state, "block m\nthread a { load m }\nthread b { load m }\n",
                 "hang (redirected-memory-touched) at line 8");
    assert_has(((struct scn_fixture *)*state)->report->stop.text,
               "thread a, line 8 (load m), waits for redirected memory");
}

/* Both wire and look; without the lock one sees the other's wire too. */
static void
what_a_lock_keeps_out_does_not_come_between(void **state)
{
    static const char bare[] = "thread a {\n wire m in\n load m\n expect region m wires 1\n"
                               " unwire m\n}\n"
                               "thread b {\n wire m in\n load m\n unwire m\n}\n";
    static const char locked[] =
        "busy = new-lock mutex\n"
        "thread a {\n lock busy\n wire m in\n load m\n expect region m wires 1\n"
        " unwire m\n unlock busy\n}\n"
        "thread b {\n lock busy\n wire m in\n load m\n unwire m\n unlock busy\n}\n";

    assert_finds(*state, bare, "expected region m wires 1, found 2");
    scn_fixture_reset(*state);
    assert_finds(*state, locked, NULL);
}

/*
 * Who wires second sees two wires. Before c and d begin all is as it was before, whoever it has been: but it is
 * not the same that went wrong.
 */
static void
states_with_other_findings_are_not_equal(void **state)
{
    struct scn_fixture *f = *state;
    struct scn_fibers *fibers = fiber_set_create();
    struct explore *explore;

    parse_after(f, "thread a {\n wire m in\n expect region m wires 1\n unwire m\n}\n"
                   "thread b {\n wire m in\n expect region m wires 1\n unwire m\n}\n"
                   "thread c { check }\nthread d { check }\n");
    explore = explore_all(f, fibers);
    assert_int_equal(explore_failure_count(explore), 2);
    assert_string_equal(explore_failure_at(explore, 0)->id, "2b");
    assert_string_equal(explore_failure_at(explore, 1)->id, "0b.2a");
    explore_destroy(explore);
    fiber_set_destroy(fibers);
}

/* A hundred places where another thread could go on: more orders than a number holds. */
static void
what_is_left_is_said_up_to_what_a_number_holds(void **state)
{
    struct scn_fixture *f = *state;
    const struct explore_options options = { .preemptions = 1, .limit = 10000 };
    struct scn_fibers *fibers = fiber_set_create();
    struct explore *explore;
    char lines[1800];
    uint64_t most = 0;

    strcpy(lines, "thread a {\n");
    for (int i = 0; i < 100; i++)
        strcat(lines, " load buf\n");
    strcat(lines, "}\nthread b { check }\n");
    parse_after(f, lines);
    explore = explore_create(&f->counting.alloc, f->program, fibers, &options);
    while (explore_step(explore) == EXPLORE_MORE) {
        if (explore_progress(explore).left > most)
            most = explore_progress(explore).left;
    }
    assert_true(most == UINT64_MAX);
    assert_int_equal(explore_progress(explore).left, 0);
    explore_destroy(explore);
    fiber_set_destroy(fibers);
}

/* As many moves as the most preemptions and a wait behind each can make. */
static void
the_longest_id_is_read(void **state)
{
    struct scn_fixture *f = *state;
    char id[EXPLORE_ID_MAX] = "1a";

    for (int i = 2; i <= 64; i++)
        snprintf(id + strlen(id), sizeof id - strlen(id), ".%da", 1000000000 + i);
    parse_after(f, "thread a { check }\n");
    assert_int_equal(explore_run(f->program, &f->counting.alloc, NULL,
                                 scn_program_profile_at(f->program, 0), id, false, &f->report),
                     SCN_OK);
}

static void
wires_of_two_threads_nest_in_every_order(void **state)
{
    assert_finds(*state,
                 "thread a {\n wire m in\n load m\n unwire m\n}\n"
                 "thread b {\n wire m in\n load m\n unwire m\n}\n"
                 "expect wired-translations m 0\nexpect running\n",
                 NULL);
}

static void
a_mapping_that_is_released_under_a_release_is_a_panic(void **state)
{
    assert_finds(*state,
                 "wire m in\n"
                 "thread a { release m }\n"
                 "thread b { release m }\n"
                 "thread c { unwire m }\n",
                 "panic (over-release) at line 8");
}

static void
a_task_ends_after_the_calls_on_it(void **state)
{
    assert_finds(*state,
                 "thread a {\n user-wire buf\n user-unwire buf\n}\n"
                 "thread b { terminate app }\nexpect running\n",
                 NULL);
}

static void
schedules_that_are_drawn_come_back_by_id(void **state)
{
    struct scn_fixture *f = *state;
    static const char *const ids[] = { "r7", "p7.6" };
    struct scn_fibers *fibers = fiber_set_create();

    for (size_t i = 0; i < VMM_COUNT_OF(ids); i++) {
        uint64_t digest = 0;

        for (int run = 0; run < 2; run++) {
            scn_fixture_reset(f);
            parse_after(f, "thread a {\n wire m in\n unwire m\n}\n"
                           "thread b {\n load m\n store buf\n}\n");
            assert_int_equal(explore_run(f->program, &f->counting.alloc, fibers,
                                         scn_program_profile_at(f->program, 0), ids[i], false,
                                         &f->report),
                             SCN_OK);
            assert_true(run == 0 || digest == f->report->digest);
            digest = f->report->digest;
        }
    }
    fiber_set_destroy(fibers);
}

/* The one order in which the reader finds the mapping gone, by the scenario's own line. */
static void
a_scenario_can_say_in_which_order_its_threads_run(void **state)
{
    struct scn_fixture *f = *state;
    struct scn_fibers *fibers = fiber_set_create();
    static const char *const orders[] = { "0", "0b" };

    for (size_t i = 0; i < VMM_COUNT_OF(orders); i++) {
        char lines[256];
        struct scn_options options = { .fibers = fibers };

        scn_fixture_reset(f);
        snprintf(lines, sizeof lines,
                 "schedule \"%s\"\napp = task\nbuf = allocate app 2p\n"
                 "md = descriptor buf direction=out\nm = map md kernel\n"
                 "thread a {\n wire m in\n unwire m\n}\nthread b { unmap m }\n",
                 orders[i]);
        parse_ok(f, lines);
        assert_int_equal(scn_run(f->program, &f->counting.alloc,
                                 scn_program_profile_at(f->program, 0), &options, &f->report),
                         SCN_OK);
        assert_int_equal(f->report->verdict, i == 0 ? SCN_CLEAN : SCN_UNEXPECTED);
        assert_string_equal(f->report->switches[0].thread, i == 0 ? "a" : "b");
    }
    fiber_set_destroy(fibers);
}

static void
what_is_no_id_is_refused(void **state)
{
    struct scn_fixture *f = *state;
    static const char *const ids[] = { "", "3", "3z", "3b.", "b3", "r", "p3", "p3.x", "r3x", "00" };

    parse_after(f, "thread a { check }\n");
    for (size_t i = 0; i < VMM_COUNT_OF(ids); i++)
        assert_int_equal(explore_run(f->program, &f->counting.alloc, NULL,
                                     scn_program_profile_at(f->program, 0), ids[i], false,
                                     &f->report),
                         SCN_BAD_SOURCE);
}

static void
bad_threads_are_refused(void **state)
{
    struct scn_fixture *f = *state;
    static const struct {
        const char *text;
        const char *what;
    } cases[] = {
        { "thread { check }", "name is missing" },
        { "thread a { check }\nthread a { check }", "second thread of the name" },
        { "nofault mutex { thread a { check } }", "holds no threads" },
        { "thread a { on-cpu 1 }", "keeps its CPU" },
        { "schedule \"3z\"\nthread a { check }", "no schedule has the id" },
        { "schedule \"0\"\nschedule \"0\"", "a second schedule" },
        { "app = task\nschedule \"0\"", "too late for" },
        { "machine cpus=1\nthread a { check }\nthread b { check }", "no CPU is left" },
        { "thread a\ncheck", "{ is missing" },
        { "thread a {\ncheck", "never closed" },
    };

    for (size_t i = 0; i < VMM_COUNT_OF(cases); i++) {
        scn_fixture_reset(f);
        parse_bad(f, cases[i].text, strlen(cases[i].text));
        assert_has(f->error.what, cases[i].what);
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, scn_fixture_setup, scn_fixture_teardown)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(threads_run_one_after_the_other_unless_a_schedule_says_more),
        TEST(a_thread_that_waits_lets_the_other_go_on),
        TEST(a_fault_in_a_section_that_only_some_orders_take_is_found),
        TEST(an_unmap_that_waits_for_a_wire_keeps_the_lock_of_all_mappings),
        TEST(two_locks_in_both_orders_are_a_deadlock),
        TEST(a_wait_for_redirected_memory_is_called_so),
        TEST(what_a_lock_keeps_out_does_not_come_between),
        TEST(states_with_other_findings_are_not_equal),
        TEST(what_is_left_is_said_up_to_what_a_number_holds),
        TEST(the_longest_id_is_read),
        TEST(wires_of_two_threads_nest_in_every_order),
        TEST(a_mapping_that_is_released_under_a_release_is_a_panic),
        TEST(a_task_ends_after_the_calls_on_it),
        TEST(schedules_that_are_drawn_come_back_by_id),
        TEST(a_scenario_can_say_in_which_order_its_threads_run),
        TEST(what_is_no_id_is_refused),
        TEST(bad_threads_are_refused),
    };

    return cmocka_run_group_tests_name("explore", tests, NULL, NULL);
}

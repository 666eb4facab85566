/*
 * test_scn_run.c - scenarios, run: every shipped one with all invariants after every operation,
 * what a false expectation says, and memory that runs out at every request
 */
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>

#include "fiber/stack_path.h"
#include "scn_fixture.h"
#include "sweep.h"

enum { SOURCE_BYTES = 1 << 16 };

static void
read_file(const char *path, char text[SOURCE_BYTES])
{
    FILE *file = fopen(path, "rb");
    size_t length;

    assert_non_null(file);
    length = fread(text, 1, SOURCE_BYTES - 1, file);
    assert_true(length > 0 && feof(file));
    fclose(file);
    text[length] = '\0';
}

static void
each_shipped(void (*look)(struct scn_fixture *fixture, const char *path, const char *text),
             struct scn_fixture *fixture)
{
    static char text[SOURCE_BYTES];
    glob_t files;

    assert_int_equal(glob(SOURCE_DIR "/sim/scenarios/*.scn", 0, NULL, &files), 0);
    assert_true(files.gl_pathc >= 40);
    for (size_t i = 0; i < files.gl_pathc; i++) {
        read_file(files.gl_pathv[i], text);
        look(fixture, files.gl_pathv[i], text);
    }
    globfree(&files);
}

/* ---- what is shipped ---- */

static void
run_checked(struct scn_fixture *fixture, const char *path, const char *text)
{
    size_t count;

    parse_ok(fixture, text);
    assert_true(scn_program_title(fixture->program)[0] != '\0');
    count = scn_program_profile_count(fixture->program);
    for (size_t i = 0; i < count; i++) {
        struct vm_profile profile;

        vm_profile_at(scn_program_profile_at(fixture->program, i), &profile);
        run_on(fixture, text, profile.name, SCN_CLEAN);
        if (fixture->report->broken_invariant != NULL)
            fail_msg("%s on %s: %s", path, profile.name, fixture->report->broken_invariant);
        scn_fixture_reset(fixture);
        parse_ok(fixture, text);
    }
    scn_fixture_reset(fixture);
}

static void
every_shipped_scenario_holds_all_invariants_after_every_operation(void **state)
{
    each_shipped(run_checked, *state);
}

/* The rule that a file named rule_*.scn is about; the name has _ for -. NULL: another file. */
static const struct verify_rule *
rule_of_file(const char *path)
{
    const char *name = strrchr(path, '/') + 1;
    char id[64];
    size_t length = 0;

    if (strncmp(name, "rule_", 5) != 0)
        return NULL;
    for (name += 5; strcmp(name, ".scn") != 0; name++)
        id[length++] = *name == '_' ? '-' : *name;
    return verify_rule_find(id, length);
}

static bool
has_finding(const struct scn_report *report, const struct verify_rule *rule)
{
    for (size_t i = 0; i < report->finding_count; i++) {
        if (report->findings[i].rule == rule)
            return true;
    }
    return false;
}

/* rule_X.scn finds X on some release that it names; clean_X.scn finds nothing, even when strict. */
static void
run_strict(struct scn_fixture *fixture, const char *path, const char *text)
{
    const struct scn_options strict = { .is_strict = true };
    const struct verify_rule *rule = rule_of_file(path);
    bool is_clean = strstr(path, "/clean_") != NULL;
    bool was_found = false;

    if (rule == NULL && !is_clean)
        return;
    parse_ok(fixture, text);
    for (size_t i = 0; i < scn_program_profile_count(fixture->program); i++) {
        struct scn_report *report;

        assert_int_equal(scn_run(fixture->program, &fixture->counting.alloc,
                                 scn_program_profile_at(fixture->program, i), &strict, &report),
                         SCN_OK);
        was_found |= has_finding(report, rule);
        if (is_clean && report->finding_count > 0)
            fail_msg("%s: %s", path, report->findings[0].rule->id);
        scn_report_free(report);
    }
    if (!is_clean && !was_found)
        fail_msg("%s does not find its rule", path);
    scn_fixture_reset(fixture);
}

static void
scenarios_of_rules_find_them_and_clean_ones_find_nothing(void **state)
{
    each_shipped(run_strict, *state);
}

static void
contract_findings_fail_only_a_strict_run(void **state)
{
    static const char text[] = "app = task\nbuf = allocate app 1p\nfill buf\n"
                               "md = descriptor buf direction=out\nprepare md\n"
                               "m = map md kernel\nload m\nnofault spin-lock { load m }\n";
    const struct scn_options strict = { .is_strict = true };
    struct scn_fixture *fixture = *state;
    struct scn_report *report;

    run_text(fixture, text, SCN_CLEAN);
    assert_int_equal(fixture->report->finding_count, 0);
    assert_int_equal(scn_run(fixture->program, &fixture->counting.alloc,
                             scn_program_profile_at(fixture->program, 0), &strict, &report),
                     SCN_OK);
    assert_int_equal(report->verdict, SCN_UNEXPECTED);
    assert_true(report->finding_count > 0);
    assert_string_equal(report->findings[0].rule->id, "translation-held-by-nothing");
    scn_report_free(report);
}

/* ---- memory that runs out ---- */

/*
 * Each try runs a scenario up to the refusal, so refusing every request costs the square of their
 * number. Requests that the same calls lead to fail alike: of those the first of all scenarios is
 * refused, and every STRIDE-th besides.
 */
enum { STRIDE = 11, PATHS_MAX = 1 << 15, REQUESTS_MAX = 1 << 17 };

/* An allocator that notes which calls led to each request. */
struct noting_alloc {
    struct vmm_alloc alloc;
    struct counting_alloc counting;
    uint64_t *paths; /* of each request, in order */
    uint64_t count;
};

static void *
noting_take(void *context, size_t size)
{
    struct noting_alloc *noting = context;

    assert_true(noting->count < REQUESTS_MAX);
    noting->paths[noting->count++] = stack_path();
    return noting->counting.alloc.take(noting->counting.alloc.context, size);
}

static void
noting_give(void *context, void *memory, size_t size)
{
    struct noting_alloc *noting = context;

    noting->counting.alloc.give(noting->counting.alloc.context, memory, size);
}

/* The paths seen in all scenarios so far. */
struct seen_paths {
    uint64_t *slots; /* a hash table of PATHS_MAX, 0: free */
    uint64_t count;
};

/* Whether the path is new; it is not from then on. */
static bool
see_path(struct seen_paths *seen, uint64_t path)
{
    size_t at = (size_t)(path % PATHS_MAX);

    while (seen->slots[at] != 0 && seen->slots[at] != path)
        at = (at + 1) % PATHS_MAX;
    if (seen->slots[at] == path)
        return false;
    assert_true(++seen->count < PATHS_MAX / 2);
    seen->slots[at] = path;
    return true;
}

static enum scn_outcome
run_first_release(const struct vmm_alloc *alloc, const char *text)
{
    struct scn_options options = { .keep_events = true, .check_each_step = true };
    struct scn_program *program = NULL;
    struct scn_report *report = NULL;
    struct scn_error error;
    enum scn_outcome outcome = sweep_first_program(alloc, text, strlen(text), &program, &error);

    if (outcome != SCN_OK)
        return outcome;
    options.snapshot_line = scn_program_last_line(program);
    outcome = scn_run(program, alloc, scn_program_profile_at(program, 0), &options, &report);
    if (outcome == SCN_OK) {
        assert_int_equal(report->verdict, SCN_CLEAN);
        assert_null(report->broken_invariant);
        scn_report_free(report);
    }
    scn_program_free(program);
    return outcome;
}

/* One try with the n-th request refused, or all from it on. */
static void
run_starved(const char *text, uint64_t fail_at, bool from_then_on)
{
    struct counting_alloc counting;

    counting_alloc_init(&counting);
    counting.fail_at = fail_at;
    counting.fails_from_then_on = from_then_on;
    assert_int_equal(run_first_release(&counting.alloc, text), SCN_NO_MEMORY);
    assert_true(counting.requests >= fail_at);
    assert_int_equal(counting.live_bytes, 0);
    assert_false(counting.size_mismatch);
}

static struct {
    struct seen_paths seen;
    uint64_t *paths;
    uint64_t requests;
    uint64_t refused;
} sweep_state;

static void
sweep(struct scn_fixture *fixture, const char *path, const char *text)
{
    struct noting_alloc noting = { .paths = sweep_state.paths };

    (void)fixture;
    counting_alloc_init(&noting.counting);
    noting.alloc = (struct vmm_alloc){ noting_take, noting_give, &noting };
    assert_int_equal(run_first_release(&noting.alloc, text), SCN_OK);
    if (noting.count < 10)
        fail_msg("%s makes only %llu requests", path, (unsigned long long)noting.count);
    for (uint64_t at = 1; at <= noting.count; at++) {
        bool is_new = see_path(&sweep_state.seen, noting.paths[at - 1]);

        if (!is_new && (sweep_state.requests + at) % STRIDE != 0)
            continue;
        run_starved(text, at, false);
        run_starved(text, at, true);
        sweep_state.refused++;
    }
    sweep_state.requests += noting.count;
}

/*  calls      a b a a c b a ...    a request is refused when its calls are new, and each 11th:
 *  refused    x x     x            no byte leaks, no invariant breaks, and the run says so    */
static void
every_kind_of_request_of_the_shipped_scenarios_may_be_refused(void **state)
{
    sweep_state.seen.slots = calloc(PATHS_MAX, sizeof(uint64_t));
    sweep_state.paths = calloc(REQUESTS_MAX, sizeof(uint64_t));
    assert_non_null(sweep_state.seen.slots);
    assert_non_null(sweep_state.paths);
    each_shipped(sweep, *state);
    print_message("%llu requests by %llu ways; %llu refused: every way once, and every %uth\n",
                  (unsigned long long)sweep_state.requests,
                  (unsigned long long)sweep_state.seen.count,
                  (unsigned long long)sweep_state.refused, (unsigned)STRIDE);
    assert_true(sweep_state.refused >= sweep_state.seen.count);
    free(sweep_state.seen.slots);
    free(sweep_state.paths);
}

/* ---- verdicts ---- */

static void
a_false_expectation_says_line_expected_and_found(void **state)
{
    struct scn_fixture *fixture = *state;

    run_after_map(fixture, "expect translated m 3\ncheck\n", SCN_FAILED);
    assert_true(step_at(fixture, 6)->failed);
    assert_string_equal(step_at(fixture, 6)->expected, "translated m 3");
    assert_string_equal(step_at(fixture, 6)->found, "0");
    assert_false(step_at(fixture, 7)->failed);
    print_text(fixture, SCN_PRINT_QUIET);
    assert_has(fixture->printed, ":6: expected translated m 3, found 0");
}

static void
a_panic_that_no_line_expects_is_unexpected(void **state)
{
    struct scn_fixture *fixture = *state;

    run_after_map(fixture, "nofault spin-lock {\n load m\n store m\n}\n", SCN_UNEXPECTED);
    assert_int_equal(fixture->report->stop_line, 7);
    assert_true(step_at(fixture, 8)->skipped);
    assert_int_equal(fixture->report->finding_count, 1);
    assert_string_equal(fixture->report->findings[0].rule->id, "fault-in-restricted-context");
    assert_int_equal(fixture->report->findings[0].line, 7);
}

static void
advice_fails_nothing(void **state)
{
    struct scn_fixture *fixture = *state;

    run_after_map(fixture, "r = map md kernel read-only\nwire r out\nexpect result 2\n", SCN_CLEAN);
    assert_int_equal(fixture->report->finding_count, 1);
    assert_int_equal(fixture->report->findings[0].rule->severity, VERIFY_ADVICE);
    assert_false(fixture->report->findings[0].expected);
}

static void
expecting_a_finding_that_is_not_there_fails(void **state)
{
    run_after_map(*state, "expect finding over-release\n", SCN_FAILED);
}

static void
expecting_a_panic_with_other_words_fails(void **state)
{
    run_after_map(*state, "nofault spin-lock { load m }\nexpect panic \"general protection\"\n",
                  SCN_FAILED);
}

/* ---- blocks and CPUs ---- */

static void
a_block_on_another_cpu_ends_on_its_own(void **state)
{
    run_after_map(*state, "nofault spin-lock {\n on-cpu 1\n load m\n}\nload m\nexpect faults 32\n",
                  SCN_CLEAN);
}

static void
sections_nest_and_the_outer_one_still_holds(void **state)
{
    run_after_map(*state,
                  "nofault spin-lock {\n nofault mutex {\n }\n load m\n}\n"
                  "expect panic\nexpect finding fault-in-restricted-context\n",
                  SCN_CLEAN);
}

/* ---- reports ---- */

static void
a_report_is_a_named_number(void **state)
{
    struct scn_fixture *fixture = *state;

    run_after_map(fixture, "load m 1\nreport seen translated m\nreport faults faults\n", SCN_CLEAN);
    assert_int_equal(fixture->report->metric_count, 2);
    assert_string_equal(fixture->report->metrics[0].name, "seen");
    assert_int_equal(fixture->report->metrics[0].value, 1);
    assert_int_equal(fixture->report->metrics[1].value, 17);
}

static void
events_of_a_step_are_its_own(void **state)
{
    struct scn_fixture *fixture = *state;
    const struct scn_step *step;

    run_after_map(fixture, "load m 1\n", SCN_CLEAN);
    step = step_at(fixture, 6);
    assert_true(step->event_count > 0);
    assert_true(step->first_event + step->event_count <= fixture->report->event_count);
    for (uint64_t i = 0; i < step->event_count; i++) {
        enum trace_kind kind = fixture->report->events[step->first_event + i].kind;

        assert_true(kind == EV_FAULT || kind == EV_PMAP_ENTER || kind == EV_PMAP_TABLE);
    }
}

/* ---- the vm floor's words ---- */

static void
advice_says_what_the_entry_is_now(void **state)
{
    struct scn_fixture *f = *state;

    run_text(f,
             "app = task\nbuf = allocate app 4p\nprotect buf read maximum length=2p\n"
             "inherit buf none length=2p\n",
             SCN_CLEAN);
    assert_has(step_at(f, 4)->narration, "the entry there has 2 pages, read of read, inherit none");
}

static void
a_memory_entry_outlives_a_panic_and_leaks_nothing(void **state)
{
    struct scn_fixture *f = *state;

    run_text(f,
             "app = task\nbuf = allocate app 4p\nfill buf\ne = memory-entry buf read copy\n"
             "file = file 4p\nm = map-entry file app read\nload m\n"
             "kernel-unwire buf\nexpect panic\nexpect finding unwire-of-unwired\n",
             SCN_CLEAN);
}

static void
a_word_of_an_ended_task_is_refused(void **state)
{
    struct scn_fixture *f = *state;

    run_text(f,
             "app = task\nother = task\nbuf = allocate app 4p\nfile = file 2p\n"
             "mine = allocate other 4p\nterminate app\n"
             "inherit buf none\nexpect result MODEL_BAD_HANDLE\ncopy buf mine\n"
             "expect result MODEL_BAD_HANDLE\nc = fork app\nexpect result null\n"
             "m = map-entry file app read\nexpect result MODEL_BAD_HANDLE\npage-out buf\n"
             "expect result MODEL_BAD_HANDLE\nrelease-entry file\nfile-write file 0 1\n"
             "expect result MODEL_BAD_HANDLE\n",
             SCN_CLEAN);
}

static void
the_same_scenario_gives_the_same_digest(void **state)
{
    static const char text[] = "app = task\nbuf = allocate app 64K\nfill buf\n"
                               "md = descriptor buf direction=out\nm = map md kernel\nwire m in\n";
    struct scn_fixture *fixture = *state;
    uint64_t first;

    run_on(fixture, text, "macos-13", SCN_CLEAN);
    first = fixture->report->digest;
    scn_fixture_reset(fixture);
    run_on(fixture, text, "macos-13", SCN_CLEAN);
    assert_int_equal(fixture->report->digest, first);
}

/*  Behind a backend that cannot look, what the verbs gave is still compared, and the rest is left out */
static void
without_an_observer_only_answers_are_compared(void **state)
{
    static const char text[] = "app = task\nbuf = allocate app 2p\nstore buf\n"
                               "md = descriptor buf direction=out\nexpect length md 2p\n"
                               "expect resident buf 77\nreport pages resident buf\n"
                               "prepare md\nexpect result 3\n";
    struct scn_options options = { .hidden_caps = VMK_CAP_OBSERVE };
    struct scn_fixture *fixture = *state;

    parse_ok(fixture, text);
    assert_int_equal(scn_run(fixture->program, &fixture->counting.alloc,
                             scn_program_profile_at(fixture->program, 0), &options,
                             &fixture->report),
                     SCN_OK);
    assert_false(step_at(fixture, 5)->skipped);
    assert_true(step_at(fixture, 6)->skipped);
    assert_true(step_at(fixture, 7)->skipped);
    assert_int_equal(fixture->report->metric_count, 0);
    assert_true(step_at(fixture, 9)->failed);
    assert_string_equal(step_at(fixture, 3)->narration, "");
}

#define TEST(test) cmocka_unit_test_setup_teardown(test, scn_fixture_setup, scn_fixture_teardown)

/*  a machine is named in the file, or by who runs it, which goes before; pages are the machine's      */
static void
a_scenario_in_pages_means_the_same_on_every_machine(void **state)
{
    static const char text[] =
        "%sapp = task\nbuf = allocate app 6p\nfill buf\n"
        "expect translated buf 6\nmark\nprotect buf read offset=1p length=2p\n"
        "expect count PMAP_PROTECT 2\n";
    static const char *const heads[] = { "", "machine skylake\n", "machine m1\n",
                                         "machine cpus=1 m2\n" };
    struct scn_fixture *fixture = *state;
    char source[256];

    for (size_t i = 0; i < VMM_COUNT_OF(heads); i++) {
        snprintf(source, sizeof source, text, heads[i]);
        run_text(fixture, source, SCN_CLEAN);
        if (i == 0)
            assert_null(fixture->report->machine);
        else
            assert_non_null(strstr(heads[i], fixture->report->machine));
        scn_fixture_reset(fixture);
    }
    parse_ok(fixture, "machine skylake\na = task\nb = allocate a 64K\nfill b\nexpect faults 4\n");
    assert_int_equal(scn_run(fixture->program, &fixture->counting.alloc,
                             scn_program_profile_at(fixture->program, 0),
                             &(struct scn_options){ .geometry = &hw_geometry_arm64_16k },
                             &fixture->report),
                     SCN_OK);
    assert_int_equal(fixture->report->verdict, SCN_CLEAN);
    assert_string_equal(fixture->report->machine, "arm64-16k");
    print_text(fixture, 0);
    assert_non_null(strstr(fixture->printed, "[macos-15.4 arm64-16k]"));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(every_shipped_scenario_holds_all_invariants_after_every_operation),
        TEST(scenarios_of_rules_find_them_and_clean_ones_find_nothing),
        TEST(contract_findings_fail_only_a_strict_run),
        TEST(every_kind_of_request_of_the_shipped_scenarios_may_be_refused),
        TEST(a_false_expectation_says_line_expected_and_found),
        TEST(a_panic_that_no_line_expects_is_unexpected),
        TEST(advice_fails_nothing),
        TEST(expecting_a_finding_that_is_not_there_fails),
        TEST(expecting_a_panic_with_other_words_fails),
        TEST(a_block_on_another_cpu_ends_on_its_own),
        TEST(sections_nest_and_the_outer_one_still_holds),
        TEST(a_scenario_in_pages_means_the_same_on_every_machine),
        TEST(a_report_is_a_named_number),
        TEST(events_of_a_step_are_its_own),
        TEST(advice_says_what_the_entry_is_now),
        TEST(a_memory_entry_outlives_a_panic_and_leaks_nothing),
        TEST(a_word_of_an_ended_task_is_refused),
        TEST(the_same_scenario_gives_the_same_digest),
        TEST(without_an_observer_only_answers_are_compared),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

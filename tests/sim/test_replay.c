/*
 * test_replay.c - references through the model: what is counted is what a reader would count by hand
 */
#include <string.h>

#include "memtrace.h"
#include "replay.h"
#include "test_alloc.h"

static void
profile_of(const char *name, size_t *row)
{
    struct vm_profile profile;

    for (*row = 0; *row < vm_profile_count(); ++*row) {
        vm_profile_at(*row, &profile);
        if (strcmp(profile.name, name) == 0)
            return;
    }
    fail_msg("no profile %s", name);
}

static bool
ignore_bad(void *context, uint64_t line, const char *text, size_t length)
{
    (void)context;
    fail_msg("line %d: %.*s", (int)line, (int)length, text);
    return true;
}

/* Runs a plain text; the world has two CPUs and regions of four pages. */
static void
run_text(const char *text, enum replay_way way, struct replay_result *result)
{
    static struct memtrace_reader reader;
    struct counting_alloc counting;
    struct replay_options options = {
        .cpus = 2, .ram_bytes = 64 << 20, .region_bytes = 4 * 4096, .way = way
    };
    struct machine machine;
    struct vmm_text why;
    char bytes[160];
    struct replay *replay;

    counting_alloc_init(&counting);
    options.alloc = &counting.alloc;
    vmm_text_init(&why, bytes, sizeof bytes);
    profile_of("macos-15.4", &options.profile);
    assert_true(machine_find("skylake", &machine));
    assert_true(machine_geometry(&machine, &options.geometry, &why));
    replay = replay_create(&options, &why);
    assert_non_null(replay);
    memtrace_reader_init(
        &reader, MEMTRACE_PLAIN,
        &(struct memtrace_sink){ replay, replay_references, replay_event, ignore_bad, NULL });
    memtrace_feed(&reader, (const uint8_t *)text, strlen(text));
    assert_true(memtrace_finish(&reader));
    replay_result(replay, result);
    assert_int_equal(result->stop->kind, VM_RUNNING);
    replay_destroy(replay);
    test_alloc_assert_empty(&counting);
}

static const char three_pages[] = "I 400000 4\nI 400004 4\nS 401ffe 4\nL 402008 8\nM 400010 1\n";

/*  Three pages of one region of four: 0 is run and written, 1 and 2 by a store that crosses      */
static void
lazy_memory_faults_once_a_page(void **state)
{
    struct replay_result result;

    (void)state;
    run_text(three_pages, REPLAY_LAZY, &result);
    assert_int_equal(result.references[MEMTRACE_FETCH], 2);
    assert_int_equal(result.references[MEMTRACE_LOAD], 1);
    assert_int_equal(result.references[MEMTRACE_STORE], 1);
    assert_int_equal(result.references[MEMTRACE_MODIFY], 1);
    assert_int_equal(result.accesses, 6);
    assert_int_equal(result.pages, 3);
    assert_int_equal(result.regions, 1);
    assert_int_equal(result.faults[VM_FAULT_ZERO_FILL], 3);
    assert_int_equal(result.zero_fills, 3);
    assert_int_equal(result.refused + result.outside + result.refused_events, 0);
    assert_int_equal(result.tlb.l1_hits + result.tlb.l2_hits, 3);
}

static void
prefaulted_and_wired_memory_is_all_there_first(void **state)
{
    struct replay_result lazy, prefault, wire;

    (void)state;
    run_text(three_pages, REPLAY_LAZY, &lazy);
    run_text(three_pages, REPLAY_PREFAULT, &prefault);
    run_text(three_pages, REPLAY_WIRE, &wire);
    assert_int_equal(prefault.zero_fills, 4); /* the region's fourth page too */
    assert_int_equal(wire.zero_fills, 4);
    assert_int_equal(wire.wired_pages - lazy.wired_pages, 4);
    assert_int_equal(prefault.wired_pages, lazy.wired_pages);
    assert_int_equal(lazy.accesses, wire.accesses);
}

static void
the_most_used_pages_come_first(void **state)
{
    struct replay_result result;

    (void)state;
    run_text("L 9000 1\nL 5000 1\nL 5008 1\nL 5010 1\nL 7000 1\nL 7000 1\n", REPLAY_LAZY, &result);
    assert_int_equal(result.hot_count, 3);
    assert_int_equal(result.hot[0].key, 6);
    assert_int_equal(result.hot[0].count, 3);
    assert_int_equal(result.hot[1].key, 8);
    assert_int_equal(result.hot[1].count, 2);
    assert_int_equal(result.hot[2].key, 10);
}

/*  A page that the trace took away, or took the right away of, serves nobody any more            */
static void
what_a_trace_says_of_its_mappings_holds(void **state)
{
    struct replay_result result;

    (void)state;
    run_text("map 10000 8192 rw\nS 10000 8\nS 11000 8\nprotect 10000 4096 r\nL 10000 8\nS 10008 8\n"
             "unmap 11000 4096\nL 11000 8\nL 10010 8\n",
             REPLAY_LAZY, &result);
    assert_int_equal(result.events, 3);
    assert_int_equal(result.refused_events, 0);
    assert_int_equal(result.refused, 2);
    assert_int_equal(result.accesses, 4);
    assert_int_equal(result.regions, 0);
    assert_true(result.flushes > 0);
}

static void
a_fork_copies_when_somebody_writes(void **state)
{
    struct replay_result result;

    (void)state;
    run_text("S 10000 8\nfork 1\nS 10000 8\nspace 1\nL 10000 8\nS 10000 8\nL 10008 8\n",
             REPLAY_LAZY, &result);
    assert_int_equal(result.refused + result.refused_events, 0);
    assert_int_equal(result.faults[VM_FAULT_ZERO_FILL], 1);
    assert_true(result.faults[VM_FAULT_COW] >= 1);
    assert_int_equal(result.pages, 2); /* one a space */
}

/*  CPU 1 has the page in its TLB; when CPU 0 takes it away, CPU 1 is interrupted                 */
static void
two_cpus_of_one_space_are_flushed_together(void **state)
{
    struct replay_result one, two;

    (void)state;
    run_text("S 10000 8\nunmap 10000 4096\n", REPLAY_LAZY, &one);
    run_text("S 10000 8\ncpu 1\nL 10000 8\ncpu 0\nunmap 10000 4096\n", REPLAY_LAZY, &two);
    assert_int_equal(one.tlb.walks + 1, two.tlb.walks);
    assert_int_equal(one.pages, two.pages);
    assert_int_equal(one.refused_events + two.refused_events, 0);
}

static void
addresses_that_no_program_has_are_counted(void **state)
{
    struct replay_result result;

    (void)state;
    run_text("L ffffffff80000000 8\nL fffffffffffffffe 8\nL 7fffffffffff 1\nS 800000000000 1\nL "
             "1000 1\n",
             REPLAY_LAZY, &result);
    assert_true(result.outside >= 3);
    assert_int_equal(result.accesses + result.outside + result.refused, 5);
}

static void
a_reference_longer_than_a_page_touches_each(void **state)
{
    struct replay_result result;

    (void)state;
    run_text("S 10800 16777216\n", REPLAY_LAZY, &result);
    assert_int_equal(result.accesses, 4097);
    assert_int_equal(result.pages, 4097);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lazy_memory_faults_once_a_page),
        cmocka_unit_test(prefaulted_and_wired_memory_is_all_there_first),
        cmocka_unit_test(the_most_used_pages_come_first),
        cmocka_unit_test(what_a_trace_says_of_its_mappings_holds),
        cmocka_unit_test(a_fork_copies_when_somebody_writes),
        cmocka_unit_test(two_cpus_of_one_space_are_flushed_together),
        cmocka_unit_test(addresses_that_no_program_has_are_counted),
        cmocka_unit_test(a_reference_longer_than_a_page_touches_each),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* test_trace.c - events are numbered, counted and shown */
#include "trace/trace.h"
#include "test_alloc.h"

#include <string.h>

struct watcher {
    struct trace_sink sink;
    unsigned seen;
    struct trace_event last;
};

static void
watch(struct trace_sink *sink, const struct trace_event *event)
{
    struct watcher *watcher = VMM_CONTAINER(sink, struct watcher, sink);

    watcher->seen++;
    watcher->last = *event;
}

/*  sequence 0 1 2: every event has the next number, whether anybody watches or not  */
static void
e1_events_are_numbered_in_order(void **state)
{
    struct watcher watcher = { .sink = { watch, NULL } };
    struct trace trace;

    (void)state;
    trace_init(&trace);
    trace_emit(&trace, EV_FAULT, .va = 1);
    trace_attach(&trace, &watcher.sink);
    trace_emit(&trace, EV_FAULT, .va = 2);
    assert_int_equal(watcher.last.sequence, 1);
    trace_emit(&trace, EV_PANIC, .va = 3);
    assert_int_equal(watcher.last.sequence, 2);
    assert_int_equal(watcher.last.va, 3);
    assert_int_equal(watcher.last.kind, EV_PANIC);
}

static void
e2_counters_count_each_kind(void **state)
{
    struct trace trace;
    uint64_t sum = 0;

    (void)state;
    trace_init(&trace);
    for (unsigned i = 0; i < 5; i++)
        trace_emit(&trace, EV_PMAP_ENTER, .va = i);
    trace_emit(&trace, EV_TLB_FLUSH, .va = 0);
    assert_int_equal(trace.counters[EV_PMAP_ENTER], 5);
    assert_int_equal(trace.counters[EV_TLB_FLUSH], 1);
    for (size_t kind = 0; kind < EV_KIND_COUNT; kind++)
        sum += trace.counters[kind];
    assert_int_equal(sum, trace.sequence);
}

static void
an_event_that_names_no_cpu_gets_the_operations(void **state)
{
    struct watcher watcher = { .sink = { watch, NULL } };
    struct trace trace;

    (void)state;
    trace_init(&trace);
    trace_attach(&trace, &watcher.sink);
    trace.cpu = 3;
    trace_emit(&trace, EV_FAULT, .va = 1);
    assert_int_equal(watcher.last.cpu, 3);
    trace_emit(&trace, EV_FAULT, .cpu = 1);
    assert_int_equal(watcher.last.cpu, 1);
}

/*  two watch, one leaves, the other still sees; leaving twice harms nobody  */
static void
a_detached_sink_sees_nothing_more(void **state)
{
    struct watcher first = { .sink = { watch, NULL } };
    struct watcher second = { .sink = { watch, NULL } };
    struct trace trace;

    (void)state;
    trace_init(&trace);
    trace_attach(&trace, &first.sink);
    trace_attach(&trace, &second.sink);
    trace_emit(&trace, EV_FAULT, .va = 1);
    trace_detach(&trace, &first.sink);
    trace_detach(&trace, &first.sink);
    trace_emit(&trace, EV_FAULT, .va = 2);
    assert_int_equal(first.seen, 1);
    assert_int_equal(second.seen, 2);
}

static void
every_kind_is_found_by_its_name(void **state)
{
    (void)state;
    for (size_t i = 0; i < EV_KIND_COUNT; i++) {
        enum trace_kind kind = (enum trace_kind)i;
        const char *name = trace_kind_name(kind);
        enum trace_kind found = EV_KIND_COUNT;

        assert_true(trace_kind_by_name(name, strlen(name), &found));
        assert_int_equal(found, kind);
        assert_true(strlen(trace_kind_text(kind)) > 0);
        assert_true(strlen(trace_kind_fields(kind)) > 0);
        assert_true(strlen(trace_kind_xnu(kind)) > 0);
    }
    assert_string_equal(trace_kind_name(EV_PMAP_ENTER), "PMAP_ENTER");
}

static void
a_name_that_is_not_quite_one_is_not_found(void **state)
{
    enum trace_kind found = EV_HANG;

    (void)state;
    assert_false(trace_kind_by_name("PMAP_ENTE", 9, &found));
    assert_false(trace_kind_by_name("PMAP_ENTERS", 11, &found));
    assert_false(trace_kind_by_name("pmap_enter", 10, &found));
    assert_false(trace_kind_by_name("", 0, &found));
    assert_int_equal(found, EV_HANG);
}

static void
every_reason_has_a_name_of_its_own(void **state)
{
    (void)state;
    for (size_t i = 0; i < REASON_COUNT; i++) {
        assert_true(strlen(trace_reason_name((enum trace_reason)i)) > 0);
        for (size_t other = 0; other < i; other++)
            assert_string_not_equal(trace_reason_name((enum trace_reason)i),
                                    trace_reason_name((enum trace_reason)other));
    }
    assert_string_equal(trace_reason_name(REASON_UNWIRE_UNWIRED), "unwire-of-unwired");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(e1_events_are_numbered_in_order),
        cmocka_unit_test(e2_counters_count_each_kind),
        cmocka_unit_test(an_event_that_names_no_cpu_gets_the_operations),
        cmocka_unit_test(a_detached_sink_sees_nothing_more),
        cmocka_unit_test(every_kind_is_found_by_its_name),
        cmocka_unit_test(a_name_that_is_not_quite_one_is_not_found),
        cmocka_unit_test(every_reason_has_a_name_of_its_own),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

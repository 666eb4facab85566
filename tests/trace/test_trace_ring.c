/* test_trace_ring.c - the last n events */
#include "trace/trace_ring.h"
#include "test_alloc.h"

/* The addresses in the ring, oldest first, as digits. */
static const char *
spell(const struct trace_ring *ring, char *text)
{
    size_t count = trace_ring_count(ring);

    for (size_t i = 0; i < count; i++)
        text[i] = (char)('0' + trace_ring_at(ring, i)->va);
    text[count] = '\0';
    return text;
}

/*  capacity 3     emit 1..2    12
 *                 emit 3       123
 *                 emit 4..7    567                                                        */
static void
the_newest_stay_oldest_first(void **state)
{
    struct trace_event events[3];
    struct trace_ring ring;
    struct trace trace;
    char text[8];

    (void)state;
    trace_init(&trace);
    trace_ring_init(&ring, events, 3);
    trace_attach(&trace, &ring.sink);
    assert_string_equal(spell(&ring, text), "");
    trace_emit(&trace, EV_FAULT, .va = 1);
    trace_emit(&trace, EV_FAULT, .va = 2);
    assert_string_equal(spell(&ring, text), "12");
    trace_emit(&trace, EV_FAULT, .va = 3);
    assert_string_equal(spell(&ring, text), "123");
    for (uint64_t va = 4; va <= 7; va++)
        trace_emit(&trace, EV_FAULT, .va = va);
    assert_string_equal(spell(&ring, text), "567");
    assert_int_equal(ring.seen, 7);
}

static void
a_ring_of_one_holds_the_last(void **state)
{
    struct trace_event event;
    struct trace_ring ring;
    struct trace trace;
    char text[8];

    (void)state;
    trace_init(&trace);
    trace_ring_init(&ring, &event, 1);
    trace_attach(&trace, &ring.sink);
    for (uint64_t va = 1; va <= 5; va++)
        trace_emit(&trace, EV_FAULT, .va = va);
    assert_string_equal(spell(&ring, text), "5");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_newest_stay_oldest_first),
        cmocka_unit_test(a_ring_of_one_holds_the_last),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

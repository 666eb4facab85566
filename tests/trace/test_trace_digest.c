/* test_trace_digest.c - one number for a whole run */
#include "trace/trace_digest.h"
#include "test_alloc.h"

static uint64_t
digest_of(const struct trace_event *events, size_t count)
{
    struct trace_digest digest;
    struct trace trace;

    trace_init(&trace);
    trace_digest_init(&digest);
    trace_attach(&trace, &digest.sink);
    for (size_t i = 0; i < count; i++) {
        struct trace_event event = events[i];

        trace_emit_event(&trace, &event);
    }
    return digest.value;
}

/*  FNV-1a's own start value: a run that says nothing  */
static void
silence_has_the_start_value(void **state)
{
    (void)state;
    assert_true(digest_of(NULL, 0) == 0xCBF29CE484222325u);
}

static void
the_same_run_has_the_same_digest(void **state)
{
    const struct trace_event run[] = { { .kind = EV_FAULT, .va = 1 }, { .kind = EV_PANIC } };

    (void)state;
    assert_true(digest_of(run, 2) == digest_of(run, 2));
}

/*  one number for ever: other machines and compilers must find it too. Kinds by number, so that a
 *  new event does not change it.                                                           */
static void
a_known_run_has_a_known_digest(void **state)
{
    const struct trace_event run[] = {
        { .kind = (enum trace_kind)0, .space = 1, .va = 0x1000, .length = 0x2000, .prot = 3 },
        { .kind = (enum trace_kind)15, .cpu = 1, .va = 0x1000, .status = -536870206 },
    };

    (void)state;
    assert_true(digest_of(run, 2) == 0xc9d5b06276695b0u);
}

static void
the_order_matters(void **state)
{
    const struct trace_event run[] = { { .kind = EV_FAULT }, { .kind = EV_PANIC } };
    const struct trace_event other[] = { { .kind = EV_PANIC }, { .kind = EV_FAULT } };

    (void)state;
    assert_true(digest_of(run, 2) != digest_of(other, 2));
}

static void
every_field_matters(void **state)
{
    const struct trace_event plain = { .kind = EV_FAULT };
    const struct trace_event changed[] = {
        { .kind = EV_PANIC },
        { .kind = EV_FAULT, .cpu = 1 },
        { .kind = EV_FAULT, .space = 1 },
        { .kind = EV_FAULT, .object = 1 },
        { .kind = EV_FAULT, .va = (uint64_t)1 << 63 },
        { .kind = EV_FAULT, .length = 1 },
        { .kind = EV_FAULT, .ppn = 1 },
        { .kind = EV_FAULT, .prot = 1 },
        { .kind = EV_FAULT, .detail = 1 },
        { .kind = EV_FAULT, .count = 1 },
        { .kind = EV_FAULT, .status = -1 },
    };

    (void)state;
    for (size_t i = 0; i < VMM_COUNT_OF(changed); i++) {
        assert_true(digest_of(&changed[i], 1) != digest_of(&plain, 1));
        for (size_t other = 0; other < i; other++)
            assert_true(digest_of(&changed[i], 1) != digest_of(&changed[other], 1));
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(silence_has_the_start_value),
        cmocka_unit_test(the_same_run_has_the_same_digest),
        cmocka_unit_test(a_known_run_has_a_known_digest),
        cmocka_unit_test(the_order_matters),
        cmocka_unit_test(every_field_matters),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

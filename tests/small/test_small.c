/* test_small.c - every sequence of a few calls: how many states there are, and that nothing is wrong */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "counting_alloc.h"
#include "small/small.h"

enum { DEPTH = 3 };

/* Told apart too little, a state is missed; too much, and the same one is followed again. */
static void
states_are_told_apart_as_far_as_they_differ(void **state)
{
    static const struct {
        const char *release;
        uint64_t states[DEPTH + 1];
    } rows[] = {
        { "macos-10.9", { 1, 6, 27, 264 } },
        { "macos-15.4", { 1, 6, 29, 295 } },
    };

    (void)state;
    for (size_t i = 0; i < VMM_COUNT_OF(rows); i++) {
        enum small_outcome outcome = SMALL_MORE;
        struct counting_alloc counting;
        struct vm_profile profile;
        struct small *small;
        size_t row = 0;

        counting_alloc_init(&counting);
        assert_true(vm_profile_find(rows[i].release, strlen(rows[i].release), &row));
        vm_profile_at(row, &profile);
        small = small_create(&counting.alloc, &profile, DEPTH);
        assert_non_null(small);
        while (outcome == SMALL_MORE)
            outcome = small_step(small);
        assert_int_equal(outcome, SMALL_FINISHED);
        for (unsigned depth = 0; depth <= DEPTH; depth++)
            assert_int_equal(small_result(small)->states[depth], rows[i].states[depth]);
        assert_int_equal(small_result(small)->calls % small_alphabet(), 0);
        small_destroy(small);
        assert_int_equal(counting.live_bytes, 0);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(
        states_are_told_apart_as_far_as_they_differ) };

    return cmocka_run_group_tests_name("small", tests, NULL, NULL);
}

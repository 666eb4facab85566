/* explored_test.c - vmk_explore() with a driver that uses I/O Kit's names */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <faultline/cmocka.h>
#include <faultline/explore.h>

/* clang-format off */
#define PARTS(DO)                                                     \
    DO(read_locked) DO(take_locked) DO(take) DO(read_shared)          \
    DO(take_exclusive) DO(up) DO(down) DO(sleep) DO(wake)             \
    DO(wake_unlocked) DO(sleep_a_while) DO(start_a_thread) DO(begin)
/* clang-format on */
#define DECLARE(name) void explored_##name(void *);
PARTS(DECLARE)
const char *explored_end(void *);

/* The two threads in every order. */
static struct vmk_explore_result
explored(const char *name, void (*one)(void *), void (*two)(void *))
{
    const struct vmk_explore_thread threads[] = { { "one", one }, { "two", two } };
    const struct vmk_explore_test test = { .name = name,
                                           .threads = threads,
                                           .thread_count = 2,
                                           .begin = explored_begin,
                                           .check = explored_end };
    struct vmk_explore_result result;

    (void)vmk_explore(&test, &result);
    return result;
}

static void
a_map_that_is_taken_under_the_lock_is_read_in_every_order(void **state)
{
    (void)state;
    assert_int_equal(explored("locked", explored_read_locked, explored_take_locked).failures, 0);
    assert_int_equal(explored("rw", explored_read_shared, explored_take_exclusive).failures, 0);
}

static void
a_map_that_is_taken_without_it_is_a_panic_in_some_order(void **state)
{
    struct vmk_explore_result result = explored("unlocked", explored_read_locked, explored_take);

    (void)state;
    assert_true(result.failures > 0);
    assert_non_null(strstr(result.what, "panic"));
    assert_non_null(strstr(result.what, " at explored.cpp:"));
    result = explored("mixed", explored_read_shared, explored_take_locked);
    assert_true(result.failures > 0);
}

static void
two_locks_in_both_orders_wait_for_each_other(void **state)
{
    struct vmk_explore_result result = explored("locks", explored_up, explored_down);

    (void)state;
    assert_int_equal(result.failures, 1);
    assert_non_null(strstr(result.what, "deadlock: thread one"));
    assert_non_null(strstr(result.what, "waits for a lock, which thread two has"));
    assert_int_equal(explored("same", explored_up, explored_up).failures, 0);
}

static void
a_wakeup_outside_of_the_lock_is_lost_in_some_order(void **state)
{
    (void)state;
    assert_int_equal(explored("sleep", explored_sleep, explored_wake).failures, 0);
    assert_int_equal(explored("lost", explored_sleep, explored_wake_unlocked).failures, 1);
}

static void
a_sleep_with_a_limit_ends(void **state)
{
    (void)state;
    assert_int_equal(explored("limit", explored_sleep_a_while, explored_wake_unlocked).failures, 0);
}

static void
a_thread_that_nobody_can_order_is_told(void **state)
{
    struct vmk_explore_result result = explored("own", explored_start_a_thread, explored_sleep);

    (void)state;
    assert_non_null(strstr(result.what, "a thread of the kernel's own is started"));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_map_that_is_taken_under_the_lock_is_read_in_every_order),
        cmocka_unit_test(a_map_that_is_taken_without_it_is_a_panic_in_some_order),
        cmocka_unit_test(two_locks_in_both_orders_wait_for_each_other),
        cmocka_unit_test(a_wakeup_outside_of_the_lock_is_lost_in_some_order),
        cmocka_unit_test(a_sleep_with_a_limit_ends),
        cmocka_unit_test(a_thread_that_nobody_can_order_is_told),
    };

    return cmocka_run_group_tests_name("explored", tests, NULL, NULL);
}

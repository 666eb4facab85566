/* test_native_explore.c - vmk_explore(): a driver's threads in every order (faultline/explore.h) */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include <faultline/explore.h>
#include <hooks/vmk_sim.h>

enum { IN_OUT = 3, ANYWHERE = 1, PAGE = 4096, LENGTH = 2 * PAGE };

/* ---- a driver: one thread uses what the other closes ---- */

struct driver {
    vmk_desc_t md;
    vmk_map_t map;
    vmk_lock_t lock;
    vmk_lock_t other;
    volatile uint8_t *bytes; /* NULL: closed */
    int is_woken;
    uint32_t sum;
};

static struct driver driver;

static void
driver_open(void *context)
{
    struct driver *d = context;
    vmk_task_t app = vmk_sim_task_create();
    uint64_t at = 0;

    *d = (struct driver){ .lock = vmk_lock_alloc(VMK_SPIN), .other = vmk_lock_alloc(VMK_MUTEX) };
    (void)vmk_sim_allocate(app, &at, LENGTH);
    d->md = vmk_desc_range(app, at, LENGTH, IN_OUT);
    (void)vmk_desc_prepare(d->md, 0);
    d->map = vmk_map_create(d->md, vmk_kernel_task(), 0, ANYWHERE, 0, LENGTH);
    (void)vmk_map_wire(d->map, 1, 0, LENGTH);
    d->bytes = faultline_pointer(vmk_kernel_task(), vmk_map_address(d->map));
}

static const char *
driver_end(void *context)
{
    struct driver *d = context;

    (void)vmk_desc_complete(d->md, 0);
    vmk_desc_release(d->md);
    vmk_lock_free(d->lock);
    vmk_lock_free(d->other);
    return NULL;
}

static void
driver_use(void *context)
{
    struct driver *d = context;
    uint32_t state = vmk_lock_acquire(d->lock, VMK_EXCLUSIVE);

    if (d->bytes != NULL)
        d->sum += d->bytes[0]; /* the load */
    vmk_lock_release(d->lock, VMK_EXCLUSIVE, state);
}

/* Says that it is closed when it is: too late. */
static void
driver_close_late(void *context)
{
    struct driver *d = context;

    (void)vmk_map_wire(d->map, 0, 0, LENGTH);
    (void)vmk_map_unmap(d->map);
    d->bytes = NULL;
    vmk_map_release(d->map);
}

static void
driver_close(void *context)
{
    struct driver *d = context;
    uint32_t state = vmk_lock_acquire(d->lock, VMK_EXCLUSIVE);

    d->bytes = NULL;
    vmk_lock_release(d->lock, VMK_EXCLUSIVE, state);
    (void)vmk_map_wire(d->map, 0, 0, LENGTH);
    vmk_map_release(d->map);
}

/* ---- running it ---- */

static struct vmk_explore_test
test_of(const char *name, const struct vmk_explore_thread *threads, unsigned count)
{
    return (struct vmk_explore_test){ .name = name,
                                      .threads = threads,
                                      .thread_count = count,
                                      .begin = driver_open,
                                      .check = driver_end,
                                      .context = &driver,
                                      .shared = &driver,
                                      .shared_bytes = sizeof(driver) };
}

static const struct vmk_explore_thread late[] = { { "user", driver_use },
                                                  { "closer", driver_close_late } };

/* What a run prints goes to a file, which is read; the caller frees it. */
static char *
printed(const struct vmk_explore_test *test, struct vmk_explore_result *result)
{
    FILE *file = tmpfile();
    int before = dup(STDOUT_FILENO);
    char *text = calloc(1, 1 << 16);

    assert_non_null(file);
    fflush(stdout);
    assert_true(dup2(fileno(file), STDOUT_FILENO) >= 0);
    (void)vmk_explore(test, result);
    fflush(stdout);
    assert_true(dup2(before, STDOUT_FILENO) >= 0);
    close(before);
    rewind(file);
    assert_true(fread(text, 1, (1 << 16) - 1, file) > 0);
    fclose(file);
    return text;
}

static void
a_load_that_races_with_an_unmap_is_found(void **state)
{
    struct vmk_explore_test test = test_of("late", late, 2);
    struct vmk_explore_result result;

    (void)state;
    assert_true(vmk_explore(&test, &result) > 0);
    assert_non_null(strstr(result.what, "panic"));
    assert_non_null(strstr(result.what, "test_native_explore.c:"));
    assert_non_null(strstr(result.what, "driver_use()"));
    assert_true(result.id[0] != '\0');
}

static void
an_id_runs_its_order_again_with_the_same_bytes(void **state)
{
    struct vmk_explore_test test = test_of("late", late, 2);
    struct vmk_explore_result result, again;
    char *first, *second;

    (void)state;
    (void)vmk_explore(&test, &result);
    test.schedule = result.id;
    first = printed(&test, &again);
    assert_string_equal(again.what, result.what);
    assert_int_equal(again.schedules, 1);
    second = printed(&test, NULL);
    assert_string_equal(first, second);
    assert_non_null(strstr(first, "closer"));
    free(first);
    free(second);
}

static void
the_environment_can_name_the_order_of_a_test(void **state)
{
    struct vmk_explore_test test = test_of("late", late, 2);
    struct vmk_explore_result result;

    (void)state;
    setenv("FAULTLINE_SCHEDULE", "late:0", 1);
    assert_int_equal(vmk_explore(&test, &result), 0); /* the user first, to its end */
    assert_int_equal(result.schedules, 1);
    setenv("FAULTLINE_SCHEDULE", "another:0", 1);
    assert_true(vmk_explore(&test, &result) > 0);
    unsetenv("FAULTLINE_SCHEDULE");
}

static void
a_driver_that_closes_under_its_lock_is_right_in_every_order(void **state)
{
    static const struct vmk_explore_thread threads[] = { { "user", driver_use },
                                                         { "closer", driver_close },
                                                         { "another", driver_use } };
    struct vmk_explore_test test = test_of("cured", threads, 3);
    struct vmk_explore_result result;

    (void)state;
    assert_int_equal(vmk_explore(&test, &result), 0);
    assert_true(result.is_complete);
    assert_true(result.schedules > 20);
}

static void
without_what_is_shared_no_order_is_cut_short(void **state)
{
    static const struct vmk_explore_thread threads[] = { { "user", driver_use },
                                                         { "closer", driver_close } };
    struct vmk_explore_test test = test_of("cured", threads, 2);
    struct vmk_explore_result pruned, whole;

    (void)state;
    assert_int_equal(vmk_explore(&test, &pruned), 0);
    test.shared = NULL;
    assert_int_equal(vmk_explore(&test, &whole), 0);
    assert_int_equal(whole.cut, 0);
    assert_true(whole.schedules >= pruned.schedules);
}

/* ---- locks in both orders ---- */

static void
take_both(vmk_lock_t first, vmk_lock_t second)
{
    uint32_t one = vmk_lock_acquire(first, VMK_EXCLUSIVE);
    uint32_t two = vmk_lock_acquire(second, VMK_EXCLUSIVE);

    vmk_lock_release(second, VMK_EXCLUSIVE, two);
    vmk_lock_release(first, VMK_EXCLUSIVE, one);
}

static vmk_lock_t left, right;

static void
make_locks(void *context)
{
    (void)context;
    left = vmk_lock_alloc(VMK_MUTEX);
    right = vmk_lock_alloc(VMK_MUTEX);
}

static const char *
free_locks(void *context)
{
    (void)context;
    vmk_lock_free(left);
    vmk_lock_free(right);
    return NULL;
}

static void
left_first(void *context)
{
    (void)context;
    take_both(left, right);
}

static void
right_first(void *context)
{
    (void)context;
    take_both(right, left);
}

static void
two_locks_in_both_orders_are_a_deadlock(void **state)
{
    static const struct vmk_explore_thread threads[] = { { "up", left_first },
                                                         { "down", right_first } };
    struct vmk_explore_test test = { .name = "locks",
                                     .threads = threads,
                                     .thread_count = 2,
                                     .begin = make_locks,
                                     .check = free_locks };
    struct vmk_explore_result result;

    (void)state;
    assert_int_equal(vmk_explore(&test, &result), 1);
    assert_non_null(strstr(result.what, "deadlock: thread up"));
    assert_non_null(strstr(result.what, "waits for a lock, which thread down has"));
    assert_non_null(strstr(result.what, "in take_both()"));
    test.preemptions = -1; /* each runs to its end: nothing can be found */
    assert_int_equal(vmk_explore(&test, &result), 0);
}

/* ---- the check, a thread's word, and what ends a process ---- */

static int counter;

static void
count_up(void *context)
{
    int seen = counter;

    (void)context;
    vmk_explore_yield();
    counter = seen + 1;
}

static const char *
both_counted(void *context)
{
    (void)context;
    return counter == 2 ? NULL : "an increment was lost";
}

static const struct vmk_explore_thread counters[] = { { "a", count_up }, { "b", count_up } };

static void
a_lost_increment_is_the_checks_word(void **state)
{
    struct vmk_explore_test test = {
        .name = "counter", .threads = counters, .thread_count = 2, .check = both_counted
    };
    struct vmk_explore_result result;

    (void)state;
    assert_int_equal(vmk_explore(&test, &result), 1);
    assert_string_equal(result.what, "an increment was lost");
    assert_int_equal(counter, 0); /* each run had its own */
}

static void
drawn_orders_find_it_too(void **state)
{
    struct vmk_explore_test test = { .name = "counter",
                                     .threads = counters,
                                     .thread_count = 2,
                                     .check = both_counted,
                                     .limit = 1,
                                     .drawn = 20 };
    struct vmk_explore_result result;

    (void)state;
    assert_int_equal(vmk_explore(&test, &result), 1);
    assert_false(result.is_complete);
    assert_int_equal(result.schedules, 41);
    assert_true(result.id[0] == 'r' || result.id[0] == 'p');
    test.schedule = result.id;
    assert_int_equal(vmk_explore(&test, &result), 1);
}

static void
die(void *context)
{
    (void)context;
    vmk_explore_yield();
    if (counter++ == 1)
        abort();
}

static void
say_no(void *context)
{
    (void)context;
    vmk_explore_yield();
    if (counter++ == 1)
        vmk_explore_fail("the second one says no");
}

static void
a_process_that_dies_and_a_threads_word_are_found(void **state)
{
    static const struct vmk_explore_thread threads[] = { { "dies", die }, { "says", say_no } };
    struct vmk_explore_test test = { .name = "ends", .threads = threads, .thread_count = 2 };
    struct vmk_explore_result result;

    (void)state;
    assert_int_equal(vmk_explore(&test, &result), 2);
    assert_string_equal(result.what, "the second one says no");
    test.schedule = "1b";
    assert_int_equal(vmk_explore(&test, &result), 1);
    assert_non_null(
        strstr(result.what, "the program crashes (signal 6) at test_native_explore.c:"));
}

static void
leave(void *context)
{
    struct driver *d = context;

    (void)vmk_desc_prepare(d->md, 0);
}

static void
what_a_thread_leaves_behind_is_a_finding(void **state)
{
    static const struct vmk_explore_thread threads[] = { { "leaves", leave } };
    struct vmk_explore_test test = test_of("leak", threads, 1);
    struct vmk_explore_result result;

    (void)state;
    test.check = NULL;
    assert_int_equal(vmk_explore(&test, &result), 1);
    assert_non_null(strstr(result.what, "leaked"));
}

/* ---- sleeping ---- */

static void
sleep_for_it(void *context)
{
    struct driver *d = context;

    (void)vmk_lock_acquire(d->other, VMK_EXCLUSIVE);
    if (!d->is_woken)
        (void)vmk_sleep(d->other, &d->is_woken, 0);
    vmk_lock_release(d->other, VMK_EXCLUSIVE, 1);
}

static void
wake_it(void *context)
{
    struct driver *d = context;

    (void)vmk_lock_acquire(d->other, VMK_EXCLUSIVE);
    d->is_woken = 1;
    vmk_wakeup(&d->is_woken, 0);
    vmk_lock_release(d->other, VMK_EXCLUSIVE, 1);
}

/* Without the lock: between the sleeper's look and its sleep. */
static void
wake_it_unlocked(void *context)
{
    struct driver *d = context;

    vmk_wakeup(&d->is_woken, 0);
    d->is_woken = 1;
}

static const char *
close_all(void *context)
{
    driver_close(context);
    return driver_end(context);
}

static void
a_wakeup_outside_of_the_lock_comes_too_early_in_some_order(void **state)
{
    static const struct vmk_explore_thread right_way[] = { { "sleeper", sleep_for_it },
                                                           { "waker", wake_it } };
    static const struct vmk_explore_thread wrong_way[] = { { "sleeper", sleep_for_it },
                                                           { "waker", wake_it_unlocked } };
    struct vmk_explore_test test = test_of("sleep", right_way, 2);
    struct vmk_explore_result result;

    (void)state;
    test.check = close_all;
    assert_int_equal(vmk_explore(&test, &result), 0);
    test.threads = wrong_way;
    assert_int_equal(vmk_explore(&test, &result), 1);
    assert_non_null(strstr(result.what, "hang"));
}

/* ---- what is refused ---- */

static void
no_threads_and_no_id_are_refused_with_a_word(void **state)
{
    struct vmk_explore_test test = test_of("late", late, 0);
    struct vmk_explore_result result;
    char *text = printed(&test, &result);

    (void)state;
    assert_int_equal(result.failures, 1);
    assert_non_null(strstr(text, "from 1 to 8"));
    free(text);
    test.thread_count = 2;
    test.preemptions = 17;
    text = printed(&test, &result);
    assert_int_equal(result.failures, 1);
    assert_non_null(strstr(text, "at most 16"));
    free(text);
    test.preemptions = 0;
    test.schedule = "3z";
    text = printed(&test, &result);
    assert_int_equal(result.failures, 1);
    assert_non_null(strstr(text, "'3z' is no order: write one that"));
    free(text);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_load_that_races_with_an_unmap_is_found),
        cmocka_unit_test(an_id_runs_its_order_again_with_the_same_bytes),
        cmocka_unit_test(the_environment_can_name_the_order_of_a_test),
        cmocka_unit_test(a_driver_that_closes_under_its_lock_is_right_in_every_order),
        cmocka_unit_test(without_what_is_shared_no_order_is_cut_short),
        cmocka_unit_test(two_locks_in_both_orders_are_a_deadlock),
        cmocka_unit_test(a_lost_increment_is_the_checks_word),
        cmocka_unit_test(drawn_orders_find_it_too),
        cmocka_unit_test(a_process_that_dies_and_a_threads_word_are_found),
        cmocka_unit_test(what_a_thread_leaves_behind_is_a_finding),
        cmocka_unit_test(a_wakeup_outside_of_the_lock_comes_too_early_in_some_order),
        cmocka_unit_test(no_threads_and_no_id_are_refused_with_a_word),
    };

    return cmocka_run_group_tests_name("explore", tests, NULL, NULL);
}

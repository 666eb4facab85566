/* test_vmk_watch.c - who watches is told of each of the driver's calls, and of no other */
#include "hooks/vmk_watch.h"
#include "iokit_fixture.h"

enum { TOLD_MAX = 16 };

struct watched {
    struct vmk_watcher watcher;
    struct vmk_verb_call begun[TOLD_MAX];
    struct vmk_verb_call ended[TOLD_MAX];
    size_t begun_count, ended_count;
};

static void
see_begin(struct vmk_watcher *watcher, const struct vmk_verb_call *call)
{
    struct watched *watched = VMM_CONTAINER(watcher, struct watched, watcher);

    watched->begun[watched->begun_count++] = *call;
}

static void
see_end(struct vmk_watcher *watcher, const struct vmk_verb_call *call)
{
    struct watched *watched = VMM_CONTAINER(watcher, struct watched, watcher);

    watched->ended[watched->ended_count++] = *call;
}

static struct watched *
watch(void)
{
    static struct watched watched;

    watched = (struct watched){ .watcher = { see_begin, see_end, NULL } };
    vmk_sim_watch(&watched.watcher);
    return &watched;
}

static void
a_call_is_told_with_its_arguments_and_then_with_its_result(void **state)
{
    struct watched *watched = watch();
    vmk_desc_t buffer = vmk_desc_buffer(vmk_kernel_task(), 3, 4096, 1, 0);

    (void)state;
    assert_int_equal(vmk_desc_prepare(buffer, 0), 0);
    assert_int_equal(watched->begun_count, 2);
    assert_int_equal(watched->ended_count, 2);
    assert_string_equal(vmk_verb_name(watched->begun[0].verb), "desc_buffer");
    assert_int_equal(watched->begun[0].argument[2], 4096);
    assert_int_equal(watched->ended[0].result, (uintptr_t)buffer);
    assert_int_equal(watched->ended[1].verb, VMK_VERB_desc_prepare);
    assert_int_equal(watched->ended[1].argument[0], (uintptr_t)buffer);
    assert_int_equal(vmk_desc_complete(buffer, 0), 0);
    vmk_desc_release(buffer);
}

static void
a_negative_answer_stays_negative(void **state)
{
    struct watched *watched = watch();

    (void)state;
    assert_int_equal(vmk_desc_prepare(NULL, 0), VMK_BAD_HANDLE);
    assert_int_equal(watched->ended[0].result, VMK_BAD_HANDLE);
    assert_null(vmk_desc_range(vmk_kernel_task(), UINT64_MAX, 8, 3));
    assert_int_equal(watched->ended[1].result, 0);
}

static void
what_a_call_does_inside_is_not_told(void **state)
{
    struct watched *watched = watch();
    vmk_lock_t lock = vmk_lock_alloc(VMK_MUTEX);

    (void)state;
    (void)vmk_lock_acquire(lock, VMK_EXCLUSIVE);
    (void)vmk_sleep(lock, lock, 1); /* lets the lock go and takes it again */
    vmk_lock_release(lock, VMK_EXCLUSIVE, 1);
    vmk_lock_free(lock);
    assert_int_equal(watched->ended_count, 5);
    assert_int_equal(watched->ended[2].verb, VMK_VERB_sleep);
}

static void
who_watches_no_longer_is_told_nothing(void **state)
{
    struct watched *watched = watch();

    (void)state;
    vmk_sim_unwatch(&watched->watcher);
    vmk_lock_free(vmk_lock_alloc(VMK_SPIN));
    assert_int_equal(watched->begun_count, 0);
}

#define TEST(name) \
    cmocka_unit_test_setup_teardown(name, iokit_fixture_setup, iokit_fixture_teardown)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_call_is_told_with_its_arguments_and_then_with_its_result),
        TEST(a_negative_answer_stays_negative),
        TEST(what_a_call_does_inside_is_not_told),
        TEST(who_watches_no_longer_is_told_nothing),
    };

    return cmocka_run_group_tests_name("vmk_watch", tests, NULL, NULL);
}

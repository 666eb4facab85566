/* test_io_caller.c - what hangs on the thread that calls: throttled, or where nothing may block */
#include "iokit_fixture.h"

#include "base/status.h"
#include "releases.h"
#include "vm/vm_sched.h"

/*  iokit.md 2.4: from 10.15 on, and only where pages would be wired now                              */
static void
a_throttled_task_is_told_to_come_back_later(void **state)
{
    struct iokit_fixture *f = *state;

    for (size_t row = 0; row + 1 < vm_profile_count(); row++) {
        struct vm_profile profile;
        vmk_desc_t md;

        vm_profile_at(row, &profile);
        iokit_restart(f, profile.name);
        md = describe(f, 0, 2, IO_DIRECTION_OUT);
        vmk_sim_task_throttle(f->task, 1);
        vmk_sim_task_switch(f->task);
        assert_int_equal(vmk_desc_prepare(md, IO_PREPARE_AVOID_THROTTLING),
                         profile_is_from(&profile, "10.15") ? VMM_IO_NOT_READY : VMM_OK);
        assert_int_equal(vmk_desc_prepare(md, IO_DIRECTION_NONE), VMM_OK);
        assert_int_equal(vmk_desc_prepare(md, IO_PREPARE_AVOID_THROTTLING), VMM_OK); /* nested */
    }
}

/*  Whose task runs decides, not whose memory it is                                                   */
static void
a_throttled_tasks_memory_is_wired_for_another(void **state)
{
    struct iokit_fixture *f = *state;
    vmk_desc_t md = describe(f, 0, 2, IO_DIRECTION_OUT);

    vmk_sim_task_throttle(f->task, 1);
    vmk_sim_task_switch(f->kernel);
    assert_int_equal(vmk_desc_prepare(md, IO_PREPARE_AVOID_THROTTLING), VMM_OK);
    assert_int_equal(vmk_desc_complete(md, 0), VMM_OK);
    vmk_sim_task_switch(f->task);
    vmk_sim_task_throttle(f->task, 0);
    assert_int_equal(vmk_desc_prepare(md, IO_PREPARE_AVOID_THROTTLING), VMM_OK);
}

/* Two prepared descriptors: a plain one, and one that copies under the global lock. */
static vmk_desc_t
prepared(struct iokit_fixture *f, vmk_options_t options)
{
    vmk_desc_t md = describe(f, 0, 1, IO_DIRECTION_OUT_IN | options);

    assert_int_equal(vmk_desc_prepare(md, 0), VMM_OK);
    return md;
}

/*  iokit.md 7: not for spin lock context, although it takes no fault                                 */
static void
copying_thread_safe_bytes_may_block(void **state)
{
    struct iokit_fixture *f = *state;
    vmk_desc_t plain = prepared(f, 0);
    vmk_desc_t safe = prepared(f, IO_MEMORY_THREAD_SAFE);
    vmk_desc_t view = vmk_desc_sub(plain, 0, 16, IO_DIRECTION_OUT_IN); /* always thread safe */
    uint8_t byte = 1;

    vmk_sim_enter(VM_SPIN_LOCK);
    assert_int_equal(vmk_desc_read(plain, 0, &byte, 1), 1);
    assert_int_equal(vmk_desc_write(plain, 0, &byte, 1), 1);
    assert_int_equal(io_events(EV_MAY_BLOCK), 0);
    assert_int_equal(vmk_desc_read(safe, 0, &byte, 1), 1);
    assert_int_equal(vmk_desc_write(safe, 0, &byte, 1), 1);
    assert_int_equal(vmk_desc_read(view, 0, &byte, 1), 1);
    assert_int_equal(io_events(EV_MAY_BLOCK), 3);
    vmk_sim_leave(VM_SPIN_LOCK);
}

static enum vmm_status
nobody_ends_it(struct vm_sched *sched, enum vm_sched_event event, const void *object,
               enum vm_sched_wait how)
{
    (void)sched;
    (void)event;
    (void)object;
    (void)how;
    return VMM_MODEL_WOULD_BLOCK;
}

static uint32_t
first_thread(struct vm_sched *sched)
{
    (void)sched;
    return 0;
}

/*  Another thread holds the lock, as one that hangs in release() does: plain bytes come through      */
static void
copying_thread_safe_bytes_waits_for_the_global_lock(void **state)
{
    struct iokit_fixture *f = *state;
    vmk_desc_t plain = prepared(f, 0);
    vmk_desc_t safe = prepared(f, IO_MEMORY_THREAD_SAFE);
    struct vm_sched sched;
    uint8_t byte;

    vm_sched_init(&sched);
    sched.block = nobody_ends_it;
    sched.current = first_thread;
    vm_system_set_sched(vmk_sim_system(), &sched);
    *vm_system_driver_lock(vmk_sim_system()) = (struct vm_lock){ .owner = 1, .depth = 1 };
    assert_int_equal(vmk_desc_read(plain, 0, &byte, 1), 1);
    assert_int_equal(vmk_desc_read(safe, 0, &byte, 1), 0);
    assert_int_equal(vmk_sim_hidden_status(), VMM_MODEL_WOULD_BLOCK);
    assert_int_equal(vmk_desc_write(safe, 0, &byte, 1), 0);
    *vm_system_driver_lock(vmk_sim_system()) = (struct vm_lock){ .depth = 0 };
    assert_int_equal(vmk_desc_read(safe, 0, &byte, 1), 1);
    vm_system_set_sched(vmk_sim_system(), NULL);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        IOKIT_TEST(a_throttled_task_is_told_to_come_back_later),
        IOKIT_TEST(a_throttled_tasks_memory_is_wired_for_another),
        IOKIT_TEST(copying_thread_safe_bytes_may_block),
        IOKIT_TEST(copying_thread_safe_bytes_waits_for_the_global_lock),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* test_vmk_model.c - the seam as a driver sees it: handles, statuses, capabilities (vmk.h) */
#include "iokit_fixture.h"

#include "base/status.h"

/* ---- handles ---- */

/* Every verb that takes a descriptor: each answers, and nothing happens. */
static void
assert_refused_as_descriptor(struct iokit_fixture *f, vmk_desc_t d)
{
    uint64_t length = 7;
    uint8_t byte = 0;

    vmk_desc_retain(d);
    vmk_desc_release(d);
    assert_int_equal(vmk_desc_length(d), 0);
    assert_int_equal(vmk_desc_direction(d), 0);
    assert_int_equal(vmk_desc_prepare(d, IO_DIRECTION_NONE), VMK_BAD_HANDLE);
    assert_int_equal(vmk_desc_complete(d, IO_DIRECTION_NONE), VMK_BAD_HANDLE);
    assert_int_equal(vmk_desc_read(d, 0, &byte, 1), 0);
    assert_int_equal(vmk_sim_hidden_status(), VMK_BAD_HANDLE);
    assert_int_equal(vmk_desc_write(d, 0, &byte, 1), 0);
    assert_int_equal(vmk_sim_hidden_status(), VMK_BAD_HANDLE);
    assert_int_equal(vmk_desc_segment(d, 0, &length, 0), 0);
    assert_null(vmk_map_create(d, f->kernel, 0, IO_MAP_ANYWHERE, 0, 0));
    assert_int_equal(vmk_sim_hidden_status(), VMK_BAD_HANDLE);
    assert_int_equal(vmk_sim_desc_id(d), 0);
    assert_int_equal(vmk_sim_desc_references(d), 0);
    assert_int_equal(vmk_sim_desc_wire_count(d), 0);
}

static void
assert_refused_as_mapping(vmk_map_t m)
{
    vmk_map_retain(m);
    vmk_map_release(m);
    assert_int_equal(vmk_map_unmap(m), VMK_BAD_HANDLE);
    assert_int_equal(vmk_map_address(m), 0);
    assert_int_equal(vmk_map_length(m), 0);
    assert_int_equal(vmk_map_options(m), 0);
    assert_null(vmk_map_desc(m));
    assert_int_equal(vmk_map_wire(m, IO_DIRECTION_IN, 0, 1), VMK_BAD_HANDLE);
    assert_int_equal(vmk_sim_map_id(m), 0);
    assert_int_equal(vmk_sim_map_references(m), 0);
    assert_null(vmk_sim_map_task(m));
}

static void
assert_refused_as_task(vmk_task_t task)
{
    uint64_t address = 0;
    uint64_t wired = 7;
    struct vm_region region;
    struct vm_page_view view = { .is_mapped = true };

    if (task != NULL) { /* ranges without a task are physical */
        assert_null(vmk_desc_range(task, 0, IO_PAGE, IO_DIRECTION_OUT));
        assert_int_equal(vmk_sim_hidden_status(), VMK_BAD_HANDLE);
    }
    vmk_sim_task_switch(task);
    assert_int_equal(vmk_sim_task_id(task), 0);
    assert_int_equal(vmk_sim_task_faults(task), 0);
    assert_int_equal(vmk_sim_task_terminate(task), VMK_BAD_HANDLE);
    assert_int_equal(vmk_sim_allocate(task, &address, IO_PAGE), VMK_BAD_HANDLE);
    assert_int_equal(vmk_sim_deallocate(task, 0, IO_PAGE), VMK_BAD_HANDLE);
    assert_int_equal(vmk_sim_protect(task, 0, IO_PAGE, VMM_PROT_READ), VMK_BAD_HANDLE);
    assert_int_equal(vmk_sim_read(task, 0, NULL, 1, NULL), VMK_BAD_HANDLE);
    assert_int_equal(vmk_sim_write(task, 0, NULL, 0, 1, NULL), VMK_BAD_HANDLE);
    assert_int_equal(vmk_sim_user_wire(task, 0, 1, VMM_PROT_READ), VMK_BAD_HANDLE);
    assert_int_equal(vmk_sim_user_unwire(task, 0, 1), VMK_BAD_HANDLE);
    assert_int_equal(vmk_sim_translated(task, 0, IO_PAGE, &wired), 0);
    assert_int_equal(wired, 0);
    assert_int_equal(vmk_sim_resident(task, 0, IO_PAGE, NULL), 0);
    assert_false(vmk_sim_region(task, 0, &region));
    vmk_sim_probe(task, 0, &view);
    assert_false(view.is_mapped);
}

static void
assert_refused_as_lock(vmk_lock_t lock)
{
    uint32_t state = vmk_lock_acquire(lock, VMK_IRQ_OFF);

    assert_int_equal(vmk_context(), 0);
    vmk_lock_release(lock, VMK_IRQ_OFF, state);
    vmk_lock_free(lock);
}

static void
null_handles_are_refused(void **state)
{
    assert_refused_as_descriptor(*state, NULL);
    assert_refused_as_mapping(NULL);
    assert_refused_as_task(NULL);
    assert_refused_as_lock(NULL);
    assert_stopped(REASON_NONE);
}

static void
handles_out_of_thin_air_are_refused(void **state)
{
    static const uintptr_t numbers[] = { 1,
                                         0xFFFF,
                                         0xDEADBEEF,
                                         UINTPTR_MAX,
                                         UINTPTR_MAX - 1,
                                         (uintptr_t)1 << 24,
                                         ((uintptr_t)1 << 63) + 1 };

    for (size_t i = 0; i < VMM_COUNT_OF(numbers); i++) {
        assert_refused_as_descriptor(*state, (vmk_desc_t)numbers[i]);
        assert_refused_as_mapping((vmk_map_t)numbers[i]);
        assert_refused_as_task((vmk_task_t)numbers[i]);
        assert_refused_as_lock((vmk_lock_t)numbers[i]);
    }
    assert_stopped(REASON_NONE);
}

static void
released_handles_are_refused(void **state)
{
    struct iokit_fixture *f = *state;
    vmk_desc_t md = describe(f, 0, 2, IO_DIRECTION_OUT);
    vmk_map_t m = map_in_kernel(f, md, 0);
    vmk_lock_t lock = vmk_lock_alloc(VMK_SPIN);
    vmk_task_t task = vmk_sim_task_create();

    vmk_map_release(m);
    vmk_desc_release(md);
    vmk_lock_free(lock);
    assert_int_equal(vmk_sim_task_terminate(task), VMM_OK);
    assert_refused_as_mapping(m);
    assert_refused_as_descriptor(f, md);
    assert_refused_as_lock(lock);
    assert_refused_as_task(task);
}

/* The call says that the driver named something that is gone, once. */
#define ASSERT_ANNOUNCED(call)                                    \
    do {                                                          \
        uint64_t before = io_events(EV_STALE_HANDLE);             \
        (void)(call);                                             \
        assert_int_equal(io_events(EV_STALE_HANDLE) - before, 1); \
    } while (0)

/* V1: whatever a driver does with a released object, rule use-after-release sees it. */
static void
V1_every_call_on_what_is_gone_is_announced(void **state)
{
    struct iokit_fixture *f = *state;
    vmk_desc_t alive = describe(f, 1, 2, IO_DIRECTION_OUT);
    vmk_desc_t d = describe(f, 0, 1, IO_DIRECTION_OUT);
    vmk_map_t m = map_in_kernel(f, alive, 0);
    vmk_map_t kept = map_in_kernel(f, alive, IO_MAP_UNIQUE);
    vmk_dma_t c = vmk_dma_create(&(vmk_dma_spec_t){ .address_bits = 64 });
    vmk_dma_t other = vmk_dma_create(&(vmk_dma_spec_t){ .address_bits = 64 });
    uint64_t offset = 0;
    uint32_t count = 1;
    vmk_range_t segment;

    vmk_desc_release(d);
    vmk_map_release(m);
    vmk_dma_release(c);
    ASSERT_ANNOUNCED(vmk_desc_sub(d, 0, 1, IO_DIRECTION_OUT));
    ASSERT_ANNOUNCED(vmk_desc_persistent(d));
    ASSERT_ANNOUNCED(vmk_desc_multi(&d, 1, IO_DIRECTION_OUT));
    ASSERT_ANNOUNCED(vmk_desc_page_counts(d, NULL, NULL));
    ASSERT_ANNOUNCED(vmk_desc_set_purgeable(d, 1, NULL));
    ASSERT_ANNOUNCED(vmk_desc_perform(d, 1, 0, 1));
    ASSERT_ANNOUNCED(vmk_desc_dma_map_length(d, NULL));
    ASSERT_ANNOUNCED(vmk_desc_redirect(d, NULL, 1));
    ASSERT_ANNOUNCED((vmk_desc_set_length(d, 1), 0));
    ASSERT_ANNOUNCED(vmk_desc_prepare(d, IO_DIRECTION_NONE));
    ASSERT_ANNOUNCED(vmk_dma_set(other, d, 1));
    ASSERT_ANNOUNCED(vmk_map_redirect(kept, d));
    ASSERT_ANNOUNCED(vmk_map_block(m, 1));
    ASSERT_ANNOUNCED(vmk_map_unmap(m));
    ASSERT_ANNOUNCED(vmk_dma_set(c, alive, 1));
    ASSERT_ANNOUNCED(vmk_dma_clear(c, 1));
    ASSERT_ANNOUNCED(vmk_dma_prepare(c, 0, 0));
    ASSERT_ANNOUNCED(vmk_dma_complete(c));
    ASSERT_ANNOUNCED(vmk_dma_segments(c, &offset, &segment, &count));
    ASSERT_ANNOUNCED(vmk_dma_synchronize(c, 0));
    ASSERT_ANNOUNCED((vmk_dma_release(c), 0));
}

static void
V1_every_call_on_a_lock_that_is_gone_is_announced(void **state)
{
    vmk_lock_t l = vmk_lock_alloc(VMK_RW);

    (void)state;
    vmk_lock_free(l);
    ASSERT_ANNOUNCED((vmk_lock_free(l), 0));
    ASSERT_ANNOUNCED(vmk_lock_acquire(l, VMK_EXCLUSIVE));
    ASSERT_ANNOUNCED(vmk_lock_try(l));
    ASSERT_ANNOUNCED((vmk_lock_release(l, VMK_EXCLUSIVE, 1), 0));
    ASSERT_ANNOUNCED(vmk_lock_upgrade(l));
    ASSERT_ANNOUNCED(vmk_sleep(l, &l, 1));
}

/*  A new object may sit where the old one sat; the old handle still names nothing                 */
static void
a_stale_handle_does_not_name_its_successor(void **state)
{
    struct iokit_fixture *f = *state;
    vmk_desc_t stale[40];

    for (size_t i = 0; i < VMM_COUNT_OF(stale); i++) {
        stale[i] = describe(f, 0, 1, IO_DIRECTION_OUT);
        vmk_desc_release(stale[i]);
    }
    for (size_t i = 0; i < VMM_COUNT_OF(stale); i++) {
        vmk_desc_t live = describe(f, 0, 1, IO_DIRECTION_OUT);

        assert_ptr_not_equal(live, stale[i]);
        assert_int_equal(vmk_desc_length(stale[i]), 0);
    }
}

static void
handles_of_another_kind_are_refused(void **state)
{
    struct iokit_fixture *f = *state;
    vmk_desc_t md = describe(f, 0, 2, IO_DIRECTION_OUT);
    vmk_map_t m = map_in_kernel(f, md, 0);
    vmk_lock_t lock = vmk_lock_alloc(VMK_MUTEX);

    assert_refused_as_descriptor(f, (vmk_desc_t)(void *)m);
    assert_refused_as_descriptor(f, (vmk_desc_t)(void *)lock);
    assert_refused_as_descriptor(f, (vmk_desc_t)(void *)f->task);
    assert_refused_as_mapping((vmk_map_t)(void *)md);
    assert_refused_as_mapping((vmk_map_t)(void *)f->task);
    assert_refused_as_task((vmk_task_t)(void *)md);
    assert_refused_as_task((vmk_task_t)(void *)m);
    assert_refused_as_lock((vmk_lock_t)(void *)m);
    assert_int_equal(vmk_desc_length(md), 2 * IO_PAGE);
    vmk_lock_free(lock);
}

static void
without_a_world_every_verb_refuses(void **state)
{
    struct iokit_fixture *f = *state;
    vmk_desc_t md = describe(f, 0, 2, IO_DIRECTION_OUT);
    vmk_map_t m = map_in_kernel(f, md, 0);
    vmk_info_t info = { .size = sizeof(info) };

    assert_ptr_equal(vmk_sim_make_current(NULL), f->world);
    assert_int_equal(vmk_get_info(&info), VMK_BAD_HANDLE);
    assert_null(vmk_kernel_task());
    assert_null(vmk_current_task());
    assert_refused_as_descriptor(f, md);
    assert_refused_as_mapping(m);
    assert_refused_as_task(f->task);
    assert_null(vmk_lock_alloc(VMK_SPIN));
    assert_refused_as_lock(NULL);
    assert_int_equal(vmk_interrupts_set(0), 1);
    assert_int_equal(vmk_context(), 0);
    vmk_sim_make_current(f->world);
    assert_int_equal(vmk_desc_length(md), 2 * IO_PAGE);
}

static void
the_kernels_task_cannot_be_terminated(void **state)
{
    struct iokit_fixture *f = *state;

    assert_int_equal(vmk_sim_task_terminate(f->kernel), VMK_BAD_HANDLE);
    assert_ptr_equal(vmk_kernel_task(), f->kernel);
}

static void
one_object_has_one_handle(void **state)
{
    struct iokit_fixture *f = *state;
    vmk_desc_t md = describe(f, 0, 2, IO_DIRECTION_OUT);
    vmk_map_t m = map_in_kernel(f, md, 0);

    assert_ptr_equal(vmk_map_desc(m), md);
    assert_ptr_equal(vmk_kernel_task(), f->kernel);
    assert_ptr_equal(vmk_sim_map_task(m), f->kernel);
}

static void
retain_and_release_count(void **state)
{
    struct iokit_fixture *f = *state;
    vmk_desc_t md = describe(f, 0, 2, IO_DIRECTION_OUT);
    vmk_map_t m = map_in_kernel(f, md, 0);

    assert_int_equal(vmk_sim_desc_references(md), 2); /* ours and the mapping's */
    assert_int_equal(vmk_sim_map_references(m), 2);   /* ours and the descriptor's set's */
    vmk_desc_retain(md);
    vmk_map_retain(m);
    assert_int_equal(vmk_sim_desc_references(md), 3);
    assert_int_equal(vmk_sim_map_references(m), 3);
    vmk_desc_release(md);
    vmk_map_release(m);
    vmk_map_release(m);
    assert_int_equal(vmk_sim_desc_references(md), 1);
    vmk_desc_release(md);
    assert_int_equal(vmk_sim_desc_references(md), 0);
}

/* ---- a kernel that has stopped ---- */

/* What every verb that would change the kernel says. */
static void
assert_all_say(struct iokit_fixture *f, vmk_desc_t md, vmk_map_t m, vmk_return_t said)
{
    uint64_t address = 0;
    struct vmk_sim_call call = { .task = f->task };

    assert_int_equal(vmk_desc_prepare(md, IO_DIRECTION_NONE), said);
    assert_int_equal(vmk_desc_complete(md, IO_DIRECTION_NONE), said);
    assert_int_equal(vmk_desc_read(md, 0, &address, 1), 0);
    assert_int_equal(vmk_sim_hidden_status(), said);
    assert_null(vmk_desc_range(f->task, f->base, 1, IO_DIRECTION_OUT));
    assert_int_equal(vmk_sim_hidden_status(), said);
    assert_null(vmk_map_create(md, f->kernel, 0, IO_MAP_ANYWHERE, 0, 0));
    assert_int_equal(vmk_sim_hidden_status(), said);
    assert_int_equal(vmk_map_wire(m, IO_DIRECTION_IN, 0, 1), said);
    assert_int_equal(vmk_map_unmap(m), said);
    assert_int_equal(vmk_sim_allocate(f->task, &address, IO_PAGE), said);
    assert_int_equal(vmk_sim_deallocate(f->task, f->base, IO_PAGE), said);
    assert_int_equal(vmk_sim_read(f->task, f->base, NULL, 1, NULL), said);
    assert_int_equal(vmk_sim_write(f->task, f->base, NULL, 0, 1, NULL), said);
    assert_int_equal(vmk_sim_task_terminate(f->task), said);
    assert_int_equal(vmk_sim_call_begin(&call), said);
    assert_null(vmk_sim_task_create());
}

static void
after_a_panic_every_verb_says_panicked(void **state)
{
    struct iokit_fixture *f = *state;
    vmk_desc_t md = describe(f, 0, 2, IO_DIRECTION_OUT);
    vmk_map_t m = map_in_kernel(f, md, 0);

    assert_int_equal(vmk_map_wire(m, IO_DIRECTION_NONE, 0, 1), VMK_PANICKED);
    assert_all_say(f, md, m, VMK_PANICKED);
    vmk_map_release(m);
    vmk_desc_release(md);
    assert_int_equal(vmk_sim_map_references(m), 2); /* nothing changes any more (S1) */
    assert_int_equal(vmk_map_length(m), 2 * IO_PAGE);
}

static void
after_a_hang_every_verb_says_hung(void **state)
{
    struct iokit_fixture *f = *state;
    vmk_desc_t md = describe(f, 0, 2, IO_DIRECTION_OUT);
    vmk_map_t m = map_in_kernel(f, md, 0);

    assert_int_equal(vmk_map_wire(m, IO_DIRECTION_IN, 0, 1), VMM_OK);
    assert_int_equal(vmk_map_unmap(m), VMK_HUNG);
    assert_all_say(f, md, m, VMK_HUNG);
}

/* ---- what the backend is ---- */

static void
the_models_own_answers_are_the_models_statuses(void **state)
{
    (void)state;
    assert_int_equal(VMK_PANICKED, VMM_MODEL_PANIC);
    assert_int_equal(VMK_HUNG, VMM_MODEL_HANG);
    assert_int_equal(VMK_NO_MEMORY, VMM_MODEL_NO_MEMORY);
    assert_int_equal(VMK_BAD_HANDLE, VMM_MODEL_BAD_HANDLE);
}

static void
info_tells_the_release_and_its_capabilities(void **state)
{
    enum { ALWAYS = VMK_CAP_CONTEXT | VMK_CAP_OBSERVE };
    static const struct {
        const char *profile;
        uint32_t darwin_major;
        uint32_t caps;
    } cases[] = {
        { "macos-10.7", 11, ALWAYS },
        { "macos-10.8.2", 12, ALWAYS | VMK_CAP_WIRE },
        { "macos-10.10", 14, ALWAYS | VMK_CAP_WIRE | VMK_CAP_PREFAULT_TASK },
        { "macos-10.12", 16, ALWAYS | VMK_CAP_WIRE | VMK_CAP_PREFAULT_TASK },
        { "macos-10.13", 17,
          ALWAYS | VMK_CAP_WIRE | VMK_CAP_PREFAULT_TASK | VMK_CAP_PREFAULT_KERNEL },
        { "macos-15.5", 24,
          ALWAYS | VMK_CAP_WIRE | VMK_CAP_PREFAULT_TASK | VMK_CAP_PREFAULT_KERNEL },
    };
    struct iokit_fixture *f = *state;

    for (size_t i = 0; i < VMM_COUNT_OF(cases); i++) {
        vmk_info_t info = { .size = sizeof(info) };

        iokit_restart(f, cases[i].profile);
        assert_int_equal(vmk_get_info(&info), VMM_OK);
        assert_int_equal(info.size, sizeof(info));
        assert_int_equal(info.caps, cases[i].caps);
        assert_int_equal(info.darwin_major, cases[i].darwin_major);
        assert_int_equal(info.page_shift, 12);
        assert_string_equal(info.name, "sim");
    }
}

static void
info_wants_room_for_all_it_tells(void **state)
{
    vmk_info_t info = { .size = sizeof(info) - 1, .caps = 77 };

    (void)state;
    assert_int_equal(vmk_get_info(&info), VMM_IO_BAD_ARGUMENT);
    assert_int_equal(info.caps, 77);
}

/* ---- critical sections ---- */

static void
a_spin_lock_turns_preemption_off_and_a_mutex_does_not(void **state)
{
    vmk_lock_t spin = vmk_lock_alloc(VMK_SPIN);
    vmk_lock_t mutex = vmk_lock_alloc(VMK_MUTEX);
    uint32_t outer, inner;

    (void)state;
    outer = vmk_lock_acquire(mutex, VMK_EXCLUSIVE);
    assert_int_equal(vmk_context(), 0);
    inner = vmk_lock_acquire(spin, VMK_EXCLUSIVE);
    assert_int_equal(vmk_context(), VMK_CTX_PREEMPT_OFF);
    vmk_lock_release(spin, VMK_EXCLUSIVE, inner);
    vmk_lock_release(mutex, VMK_EXCLUSIVE, outer);
    assert_int_equal(vmk_context(), 0);
    vmk_lock_free(spin);
    vmk_lock_free(mutex);
}

static void
a_lock_can_turn_interrupts_off_and_gives_back_what_was(void **state)
{
    vmk_lock_t one = vmk_lock_alloc(VMK_SPIN);
    vmk_lock_t two = vmk_lock_alloc(VMK_SPIN);
    uint32_t first, second;

    (void)state;
    first = vmk_lock_acquire(one, VMK_IRQ_OFF);
    assert_int_equal(first, 1);
    second = vmk_lock_acquire(two, VMK_IRQ_OFF);
    assert_int_equal(second, 0);
    assert_int_equal(vmk_context(), VMK_CTX_PREEMPT_OFF | VMK_CTX_IRQ_OFF);
    vmk_lock_release(two, VMK_IRQ_OFF, second);
    assert_int_equal(vmk_context(), VMK_CTX_PREEMPT_OFF | VMK_CTX_IRQ_OFF);
    vmk_lock_release(one, VMK_IRQ_OFF, first);
    assert_int_equal(vmk_context(), 0);
    vmk_lock_free(one);
    vmk_lock_free(two);
}

static void
interrupts_set_returns_what_was(void **state)
{
    (void)state;
    assert_int_equal(vmk_interrupts_set(1), 1);
    assert_int_equal(vmk_interrupts_set(0), 1);
    assert_int_equal(vmk_context(), VMK_CTX_IRQ_OFF);
    assert_int_equal(vmk_interrupts_set(0), 0);
    assert_int_equal(vmk_interrupts_set(1), 0);
    assert_int_equal(vmk_context(), 0);
}

static void
a_fault_under_a_mutex_is_served(void **state)
{
    struct iokit_fixture *f = *state;
    vmk_map_t m = map_in_kernel(f, describe(f, 0, 1, IO_DIRECTION_OUT), 0);
    vmk_lock_t mutex = vmk_lock_alloc(VMK_MUTEX);
    uint32_t was = vmk_lock_acquire(mutex, VMK_EXCLUSIVE);

    assert_true(io_load(f->kernel, vmk_map_address(m)));
    vmk_lock_release(mutex, VMK_EXCLUSIVE, was);
    vmk_lock_free(mutex);
    assert_stopped(REASON_NONE);
}

static void
a_fault_under_a_spin_lock_is_fatal(void **state)
{
    struct iokit_fixture *f = *state;
    vmk_map_t m = map_in_kernel(f, describe(f, 0, 1, IO_DIRECTION_OUT), 0);
    vmk_lock_t spin = vmk_lock_alloc(VMK_SPIN);
    uint32_t was = vmk_lock_acquire(spin, VMK_EXCLUSIVE);

    assert_false(io_load(f->kernel, vmk_map_address(m)));
    assert_stopped(REASON_FAULT_RESTRICTED);
    vmk_lock_release(spin, VMK_EXCLUSIVE, was);
    vmk_lock_free(spin);
}

/* ---- the embedder's memory runs out ---- */

/* A world's worth of making things, with the n-th request failing. True: nothing failed. */
static bool
make_things(struct iokit_fixture *f, uint64_t fail_at)
{
    vmk_desc_t md;
    vmk_map_t m = NULL;
    vmk_lock_t lock;
    bool made_all;

    f->counting.requests = 0;
    f->counting.fail_at = fail_at;
    md = vmk_desc_range(f->task, f->base, 4 * IO_PAGE, IO_DIRECTION_OUT_IN);
    if (md == NULL)
        assert_int_equal(vmk_sim_hidden_status(), VMK_NO_MEMORY);
    if (md != NULL) {
        m = vmk_map_create(md, f->kernel, 0, IO_MAP_ANYWHERE, 0, 0);
        if (m == NULL)
            assert_int_equal(vmk_sim_hidden_status(), VMK_NO_MEMORY);
    }
    lock = vmk_lock_alloc(VMK_SPIN);
    made_all = md != NULL && m != NULL && lock != NULL;
    f->counting.fail_at = 0;
    assert_null(vmk_sim_check());
    vmk_lock_free(lock);
    vmk_map_release(m);
    vmk_desc_release(md);
    return made_all;
}

static void
every_failing_allocation_is_null_and_leaks_nothing(void **state)
{
    struct iokit_fixture *f = *state;
    bool made_all = false;
    uint64_t n;

    for (n = 1; n < 200 && !made_all; n++) {
        iokit_restart(f, "macos-15.4");
        made_all = make_things(f, n);
    }
    assert_true(made_all);
    assert_true(n > 4);
}

/*  mutex    |---|
 *  spin        |-----|      three ordinary ways of a driver that do not nest                 */
static void
locks_may_be_released_in_any_order(void **state)
{
    vmk_lock_t mutex = vmk_lock_alloc(VMK_MUTEX);
    vmk_lock_t spin = vmk_lock_alloc(VMK_SPIN);
    uint32_t outer = vmk_lock_acquire(mutex, 0);
    uint32_t inner = vmk_lock_acquire(spin, 0);

    (void)state;
    vmk_lock_release(mutex, 0, outer);
    assert_int_equal(vmk_context(), VMK_CTX_PREEMPT_OFF);
    vmk_lock_release(spin, 0, inner);
    assert_int_equal(vmk_context(), 0);

    vmk_interrupts_set(0);
    inner = vmk_lock_acquire(spin, 0);
    vmk_interrupts_set(1);
    assert_int_equal(vmk_context(), VMK_CTX_PREEMPT_OFF);
    vmk_lock_release(spin, 0, inner);

    inner = vmk_lock_acquire(spin, VMK_IRQ_OFF);
    vmk_interrupts_set(1);
    vmk_lock_release(spin, VMK_IRQ_OFF, inner);
    assert_int_equal(vmk_context(), 0);
    vmk_lock_free(spin);
    vmk_lock_free(mutex);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        IOKIT_TEST(null_handles_are_refused),
        IOKIT_TEST(handles_out_of_thin_air_are_refused),
        IOKIT_TEST(released_handles_are_refused),
        IOKIT_TEST(V1_every_call_on_what_is_gone_is_announced),
        IOKIT_TEST(V1_every_call_on_a_lock_that_is_gone_is_announced),
        IOKIT_TEST(a_stale_handle_does_not_name_its_successor),
        IOKIT_TEST(handles_of_another_kind_are_refused),
        IOKIT_TEST(without_a_world_every_verb_refuses),
        IOKIT_TEST(the_kernels_task_cannot_be_terminated),
        IOKIT_TEST(one_object_has_one_handle),
        IOKIT_TEST(retain_and_release_count),
        IOKIT_TEST(after_a_panic_every_verb_says_panicked),
        IOKIT_TEST(after_a_hang_every_verb_says_hung),
        IOKIT_TEST(the_models_own_answers_are_the_models_statuses),
        IOKIT_TEST(info_tells_the_release_and_its_capabilities),
        IOKIT_TEST(info_wants_room_for_all_it_tells),
        IOKIT_TEST(a_spin_lock_turns_preemption_off_and_a_mutex_does_not),
        IOKIT_TEST(a_lock_can_turn_interrupts_off_and_gives_back_what_was),
        IOKIT_TEST(interrupts_set_returns_what_was),
        IOKIT_TEST(a_fault_under_a_mutex_is_served),
        IOKIT_TEST(a_fault_under_a_spin_lock_is_fatal),
        IOKIT_TEST(every_failing_allocation_is_null_and_leaks_nothing),
        IOKIT_TEST(locks_may_be_released_in_any_order),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

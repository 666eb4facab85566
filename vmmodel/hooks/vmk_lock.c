/*
 * vmk_lock.c - the seam's locks, who sleeps, and what a driver says
 *
 * A lock is two things: what it forbids (a section of the CPU's context), and who has it. Threads are
 * the scheduler's; without one there is a single thread, and what it waits for never comes.
 */
#include "hooks/vmk_names.h" /* first: it names what is defined here */
#include "base/assert.h"
#include "base/text.h"
#include "hooks/vmk_world.h"
#include "vm/vm_sched.h"

enum { VMK_LOG_BYTES = 512 }; /* GUESS: of one line of a driver's log; the rest is cut off */

/* ---- handles ---- */

static struct vmk_lock_state *
vmk_lock_named(vmk_lock_t handle)
{
    return vmk_object_named(handle, VMK_KIND_LOCK);
}

/* A lock's number in events. */
static uint32_t
vmk_lock_id(vmk_lock_t handle)
{
    return vmm_idtable_number((uint64_t)(uintptr_t)handle);
}

vmk_lock_t
vmk_lock_alloc(enum vmk_lock_kind kind)
{
    struct vmk_world *world = vmk_world_here();
    struct vmk_lock_state *lock;
    uint64_t id;

    if (world == NULL)
        return NULL;
    lock = vmm_take_array(world->alloc, 1, sizeof(*lock));
    if (lock == NULL)
        return NULL;
    lock->kind = kind;
    id = vmm_idtable_add(&world->handles, lock, VMK_KIND_LOCK);
    if (id == 0)
        vmm_give_array(world->alloc, lock, 1, sizeof(*lock));
    return (vmk_lock_t)(uintptr_t)id;
}

void
vmk_lock_free(vmk_lock_t l)
{
    struct vmk_lock_state *lock = vmk_lock_named(l);

    if (lock == NULL)
        return;
    if (lock->waiters > 0) { /* they would wake in memory that was given back */
        vmk_world_hide(vm_panic(vmk_sim_system(), REASON_OVER_RELEASE, 0, 0,
                                "lock %u is freed while a thread waits for it", vmk_lock_id(l)));
        return;
    }
    vmm_idtable_remove(&vmk_world_here()->handles, (uint64_t)(uintptr_t)l);
    vmm_give_array(vmk_world_here()->alloc, lock, 1, sizeof(*lock));
}

/* Where each part stands in the number for comparisons; a thread's number has fewer than 8 bits. */
enum { VMK_DEPTH_SHIFT = 8, VMK_UPGRADING_SHIFT = 39, VMK_READERS_SHIFT = 40 };

uint64_t
vmk_sim_lock_holders(vmk_lock_t l)
{
    const struct vmk_lock_state *lock = vmk_object_of(l, VMK_KIND_LOCK);

    if (lock == NULL || lock->held.depth + lock->readers == 0)
        return 0;
    return (uint64_t)lock->readers << VMK_READERS_SHIFT |
           (uint64_t)lock->is_upgrading << VMK_UPGRADING_SHIFT |
           (uint64_t)lock->held.depth << VMK_DEPTH_SHIFT |
           (lock->held.depth > 0 ? lock->held.owner : 0);
}

/* ---- who has it ---- */

static bool
vmk_lock_is_mine(const struct vmk_lock_state *lock)
{
    return vm_lock_is_mine(vmk_sim_system(), &lock->held);
}

static bool
vmk_lock_is_free(const struct vmk_lock_state *lock, bool is_shared)
{
    if (is_shared)
        return lock->held.depth == 0 && !lock->is_upgrading;
    return (lock->held.depth == 0 && lock->readers == 0) ||
           (lock->kind == VMK_RECURSIVE && vmk_lock_is_mine(lock));
}

/* Sleeps until somebody gives the lock back. Its holder would wait for itself. */
static enum vmm_status
vmk_lock_wait(struct vmk_lock_state *lock, vmk_lock_t l)
{
    struct vm_system *system = vmk_sim_system();
    enum vmm_status status = VMM_MODEL_HANG;

    lock->waiters++;
    if (!vmk_lock_is_mine(lock))
        status = vm_sched_wait(system, VM_SCHED_LOCK, &lock->held, REASON_LOCK_DEADLOCK);
    lock->waiters--;
    if (status != VMM_OK && vmk_world_runs() == VMM_OK)
        status = vm_hang(system, REASON_LOCK_DEADLOCK, 0, 0,
                         "the thread waits for ever: lock %u is held%s", vmk_lock_id(l),
                         vmk_lock_is_mine(lock) ? " by itself" : ", and nobody gives it back");
    return status;
}

static bool
vmk_lock_is_shared(const struct vmk_lock_state *lock, uint32_t how)
{
    return lock->kind == VMK_RW && (how & VMK_SHARED) != 0;
}

/* Counts the holder; the lock is free for it. */
static void
vmk_lock_hold(struct vmk_lock_state *lock, bool is_shared)
{
    if (is_shared) {
        lock->readers++;
        return;
    }
    lock->held.owner = vm_sched_thread(vmk_sim_system());
    lock->held.depth++;
}

/* Counts one holder less; false: nobody who could give it back has it. */
static bool
vmk_lock_let_go(struct vmk_lock_state *lock)
{
    if (vmk_lock_is_mine(lock))
        lock->held.depth--;
    else if (lock->readers > 0)
        lock->readers--;
    else
        return false;
    if (lock->held.depth == 0)
        vm_sched_wake(vmk_sim_system(), VM_SCHED_LOCK, &lock->held);
    return true;
}

/* ---- what it forbids ---- */

static enum vm_no_fault
vmk_lock_section(const struct vmk_lock_state *lock)
{
    return lock->kind == VMK_SPIN ? VM_SPIN_LOCK : VM_MUTEX;
}

static void
vmk_lock_enter(vmk_lock_t l, const struct vmk_lock_state *lock, uint32_t how, bool is_try)
{
    if (how & VMK_IRQ_OFF)
        vmk_sim_enter(VM_INTERRUPTS_OFF);
    vmk_sim_enter(vmk_lock_section(lock));
    trace_emit(vm_system_trace(vmk_sim_system()), EV_LOCK, .object = vmk_lock_id(l),
               .count = is_try, .detail = lock->kind);
}

static void
vmk_lock_leave(vmk_lock_t l, const struct vmk_lock_state *lock, uint32_t how)
{
    trace_emit(vm_system_trace(vmk_sim_system()), EV_UNLOCK, .object = vmk_lock_id(l),
               .detail = lock->kind);
    vmk_sim_leave(vmk_lock_section(lock));
    if (how & VMK_IRQ_OFF)
        vmk_sim_leave(VM_INTERRUPTS_OFF);
}

/* ---- the verbs ---- */

uint32_t
vmk_lock_acquire(vmk_lock_t l, uint32_t how)
{
    struct vmk_lock_state *lock = vmk_lock_named(l);
    uint32_t was = lock == NULL || vm_context_interrupts_enabled(vmk_sim_system());
    enum vmm_status status = vmk_world_runs();

    if (lock == NULL)
        return was;
    if (lock->kind != VMK_SPIN)
        vmk_world_may_block(VMK_CALL_LOCK, vmk_lock_id(l));
    while (status == VMM_OK && !vmk_lock_is_free(lock, vmk_lock_is_shared(lock, how)))
        status = vmk_lock_wait(lock, l);
    vmk_world_hide(status);
    if (status != VMM_OK)
        return was;
    vmk_lock_hold(lock, vmk_lock_is_shared(lock, how));
    vmk_lock_enter(l, lock, how, false);
    return was;
}

int
vmk_lock_try(vmk_lock_t l)
{
    struct vmk_lock_state *lock = vmk_lock_named(l);

    if (lock == NULL || vmk_world_runs() != VMM_OK || !vmk_lock_is_free(lock, false))
        return 0;
    vmk_lock_hold(lock, false);
    vmk_lock_enter(l, lock, VMK_EXCLUSIVE, true);
    return 1;
}

void
vmk_lock_release(vmk_lock_t l, uint32_t how, uint32_t state)
{
    struct vmk_lock_state *lock = vmk_lock_named(l);

    (void)state; /* sections nest, so leaving one restores what was before it */
    if (lock != NULL && vmk_lock_let_go(lock))
        vmk_lock_leave(l, lock, how);
}

/* Who upgrades first waits for the other readers; who comes second has to let go. */
int
vmk_lock_upgrade(vmk_lock_t l)
{
    struct vmk_lock_state *lock = vmk_lock_named(l);
    enum vmm_status status = vmk_world_runs();

    if (lock == NULL || status != VMM_OK || lock->kind != VMK_RW || lock->readers == 0)
        return 0;
    if (lock->is_upgrading) {
        vmk_lock_release(l, VMK_SHARED, 1);
        return 0;
    }
    lock->is_upgrading = true;
    while (status == VMM_OK && lock->readers > 1)
        status = vmk_lock_wait(lock, l);
    lock->is_upgrading = false;
    vmk_world_hide(status);
    if (status != VMM_OK)
        return 0;
    lock->readers--;
    vmk_lock_hold(lock, false);
    return 1;
}

/* ---- sleeping ---- */

/* Behind those that sleep already: a wakeup of one is for who has slept longest. */
static void
vmk_sleeper_add(struct vmk_world *world, struct vmk_sleeper *sleeper)
{
    struct vmk_sleeper **at = &world->sleepers;

    while (*at != NULL)
        at = &(*at)->next;
    *at = sleeper;
}

static void
vmk_sleeper_remove(struct vmk_world *world, const struct vmk_sleeper *sleeper)
{
    struct vmk_sleeper **at = &world->sleepers;

    while (*at != sleeper)
        at = &(*at)->next;
    *at = sleeper->next;
}

/* Waits for the wakeup, with the lock dropped. */
static enum vmm_status
vmk_sleep_for(struct vmk_world *world, const void *event, bool is_limited)
{
    struct vmk_sleeper sleeper = { .event = event };
    enum vmm_status status = VMM_OK;

    vmk_sleeper_add(world, &sleeper);
    while (status == VMM_OK && !sleeper.is_awake)
        status = vm_sched_wait(world->system, VM_SCHED_EVENT, event, REASON_SLEEPS);
    vmk_sleeper_remove(world, &sleeper);
    if (status == VMM_MODEL_WOULD_BLOCK && !is_limited)
        status = vm_hang(world->system, REASON_SLEEPS, 0, 0,
                         "the thread sleeps for ever: nobody is there to wake it");
    return status;
}

int
vmk_sleep(vmk_lock_t mutex, const void *event, uint64_t timeout_ns)
{
    struct vmk_lock_state *lock = vmk_lock_named(mutex);
    enum vmm_status status = vmk_world_runs();
    uint32_t depth = lock != NULL && vmk_lock_is_mine(lock) ? lock->held.depth : 0;

    if (status != VMM_OK || depth == 0 || lock->kind == VMK_SPIN || lock->kind == VMK_RW)
        return VMK_INTERRUPTED;
    for (uint32_t i = 0; i < depth; i++)
        vmk_lock_release(mutex, VMK_EXCLUSIVE, 1);
    vmk_world_may_block(VMK_CALL_SLEEP, vmk_lock_id(mutex));
    status = vmk_sleep_for(vmk_world_here(), event, timeout_ns > 0);
    for (uint32_t i = 0; i < depth; i++)
        (void)vmk_lock_acquire(mutex, VMK_EXCLUSIVE);
    vmk_world_hide(status);
    if (status == VMM_OK)
        return VMK_AWAKENED;
    return timeout_ns > 0 ? VMK_TIMED_OUT : VMK_INTERRUPTED;
}

void
vmk_wakeup(const void *event, int one)
{
    struct vmk_world *world = vmk_world_here();
    bool goes_on = true;

    if (vmk_world_runs() != VMM_OK)
        return;
    for (struct vmk_sleeper *at = world->sleepers; at != NULL && goes_on; at = at->next) {
        if (at->event != event || at->is_awake)
            continue;
        at->is_awake = true;
        goes_on = one == 0;
    }
    vm_sched_wake(world->system, VM_SCHED_EVENT, event);
}

/* ---- text ---- */

void
vmk_logv(const char *format, va_list ap)
{
    struct vmk_world *world = vmk_world_here();
    char bytes[VMK_LOG_BYTES];
    struct vmm_text text;

    if (world == NULL || world->log == NULL)
        return;
    vmm_text_init(&text, bytes, sizeof(bytes));
    vmm_text_vformat(&text, format, ap);
    world->log(world->log_context, text.bytes, text.length);
}

void
vmk_panic(const char *what)
{
    if (vmk_world_runs() == VMM_OK)
        (void)vm_panic(vmk_sim_system(), REASON_PANIC_CALLED, 0, 0, "%s", what);
}

/*
 * locks.cpp - locks, sleeping and threads; see kern.h
 *
 * A lock is two things: the host's, which keeps other threads out, and the model's, which says what
 * this CPU may do meanwhile. A spin lock forbids page faults, a mutex does not.
 */
#include <faultline_kext/kern.h>

#include "host.h"
#include "seam.h"

struct IOLock {
    struct kext_mutex *mutex;
    vmk_lock_t model;
    bool is_spin;
    uint32_t state;
};

/* All of these are IOLock; the names are for the compiler. */
struct IORecursiveLock : IOLock {
};
struct IOSimpleLock : IOLock {
};
struct __lck_mtx_t__ : IOLock {
};
struct __lck_spin_t__ : IOLock {
};

static void
lock_init(IOLock *lock, bool is_recursive, bool is_spin)
{
    Seam seam;

    lock->mutex = kext_mutex_create(is_recursive);
    lock->is_spin = is_spin;
    lock->model = vmk_lock_alloc(is_spin ? VMK_SPIN : VMK_MUTEX);
}

template <class Lock>
static Lock *
lock_alloc(bool is_recursive, bool is_spin)
{
    Lock *lock = (Lock *)kext_allocate(sizeof(Lock), 16);

    lock_init(lock, is_recursive, is_spin);
    return lock;
}

static void
lock_free(IOLock *lock)
{
    Seam seam;

    if (lock->model != NULL)
        vmk_lock_free(lock->model);
    kext_mutex_destroy(lock->mutex);
    kext_release(lock);
}

static void
lock_enter(IOLock *lock, uint32_t how)
{
    Seam seam;

    if (lock->model != NULL)
        lock->state = vmk_lock_acquire(lock->model, how);
}

static void
lock_leave(IOLock *lock, uint32_t how, uint32_t state)
{
    Seam seam;

    if (lock->model != NULL)
        vmk_lock_release(lock->model, how, state);
}

static void
lock_lock(IOLock *lock)
{
    kext_mutex_lock(lock->mutex);
    lock_enter(lock, VMK_EXCLUSIVE);
}

static boolean_t
lock_try(IOLock *lock)
{
    if (!kext_mutex_try(lock->mutex))
        return false;
    lock_enter(lock, VMK_EXCLUSIVE);
    return true;
}

static void
lock_unlock(IOLock *lock)
{
    lock_leave(lock, VMK_EXCLUSIVE, lock->state);
    kext_mutex_unlock(lock->mutex);
}

static int
lock_sleep(IOLock *lock, void *event, uint64_t timeout)
{
    int is_late;

    lock_leave(lock, VMK_EXCLUSIVE, lock->state);
    is_late = kext_sleep(lock->mutex, event, timeout);
    lock_enter(lock, VMK_EXCLUSIVE);
    return is_late ? THREAD_TIMED_OUT : THREAD_AWAKENED;
}

/* A deadline as the time until then; at least a little, as 0 is for ever. */
static uint64_t
until(uint64_t deadline)
{
    uint64_t now = kext_now();

    return deadline > now ? deadline - now : 1;
}

/* ---- IOLock, IORecursiveLock ---- */

IOLock *
IOLockAlloc(void)
{
    return lock_alloc<IOLock>(false, false);
}

void
IOLockFree(IOLock *lock)
{
    lock_free(lock);
}

void
IOLockLock(IOLock *lock)
{
    lock_lock(lock);
}

boolean_t
IOLockTryLock(IOLock *lock)
{
    return lock_try(lock);
}

void
IOLockUnlock(IOLock *lock)
{
    lock_unlock(lock);
}

int
IOLockSleep(IOLock *lock, void *event, UInt32)
{
    return lock_sleep(lock, event, 0);
}

int
IOLockSleepDeadline(IOLock *lock, void *event, AbsoluteTime deadline, UInt32)
{
    return lock_sleep(lock, event, until(deadline));
}

void
IOLockWakeup(IOLock *, void *event, bool one)
{
    kext_wakeup(event, one);
}

IORecursiveLock *
IORecursiveLockAlloc(void)
{
    return lock_alloc<IORecursiveLock>(true, false);
}

void
IORecursiveLockFree(IORecursiveLock *lock)
{
    lock_free(lock);
}

void
IORecursiveLockLock(IORecursiveLock *lock)
{
    lock_lock(lock);
}

boolean_t
IORecursiveLockTryLock(IORecursiveLock *lock)
{
    return lock_try(lock);
}

void
IORecursiveLockUnlock(IORecursiveLock *lock)
{
    lock_unlock(lock);
}

boolean_t
IORecursiveLockHaveLock(const IORecursiveLock *lock)
{
    return kext_mutex_is_mine(lock->mutex);
}

int
IORecursiveLockSleep(IORecursiveLock *lock, void *event, UInt32)
{
    return lock_sleep(lock, event, 0);
}

int
IORecursiveLockSleepDeadline(IORecursiveLock *lock, void *event, AbsoluteTime deadline, UInt32)
{
    return lock_sleep(lock, event, until(deadline));
}

void
IORecursiveLockWakeup(IORecursiveLock *, void *event, bool one)
{
    kext_wakeup(event, one);
}

/* ---- IORWLock, lck_rw ---- */

struct IORWLock {
    struct kext_rw *rw;
};
struct __lck_rw_t__ : IORWLock {
};

IORWLock *
IORWLockAlloc(void)
{
    IORWLock *lock = (IORWLock *)kext_allocate(sizeof(IORWLock), 16);

    lock->rw = kext_rw_create();
    return lock;
}

void
IORWLockFree(IORWLock *lock)
{
    kext_rw_destroy(lock->rw);
    kext_release(lock);
}

void
IORWLockRead(IORWLock *lock)
{
    kext_rw_lock(lock->rw, 0);
}

void
IORWLockWrite(IORWLock *lock)
{
    kext_rw_lock(lock->rw, 1);
}

void
IORWLockUnlock(IORWLock *lock)
{
    kext_rw_unlock(lock->rw);
}

lck_rw_t *
lck_rw_alloc_init(lck_grp_t *, lck_attr_t *)
{
    return (lck_rw_t *)IORWLockAlloc();
}

void
lck_rw_free(lck_rw_t *lock, lck_grp_t *)
{
    IORWLockFree(lock);
}

void
lck_rw_lock(lck_rw_t *lock, lck_rw_type_t type)
{
    kext_rw_lock(lock->rw, type == LCK_RW_TYPE_EXCLUSIVE);
}

void
lck_rw_unlock(lck_rw_t *lock, lck_rw_type_t)
{
    kext_rw_unlock(lock->rw);
}

void
lck_rw_lock_shared(lck_rw_t *lock)
{
    kext_rw_lock(lock->rw, 0);
}

void
lck_rw_unlock_shared(lck_rw_t *lock)
{
    kext_rw_unlock(lock->rw);
}

void
lck_rw_lock_exclusive(lck_rw_t *lock)
{
    kext_rw_lock(lock->rw, 1);
}

void
lck_rw_unlock_exclusive(lck_rw_t *lock)
{
    kext_rw_unlock(lock->rw);
}

/* The kernel drops the lock when another thread wants the same; the caller must be ready for that. */
boolean_t
lck_rw_lock_shared_to_exclusive(lck_rw_t *lock)
{
    kext_rw_unlock(lock->rw);
    return false;
}

void
lck_rw_lock_exclusive_to_shared(lck_rw_t *lock)
{
    kext_rw_unlock(lock->rw);
    kext_rw_lock(lock->rw, 0);
}

/* ---- IOSimpleLock ---- */

IOSimpleLock *
IOSimpleLockAlloc(void)
{
    return lock_alloc<IOSimpleLock>(false, true);
}

void
IOSimpleLockInit(IOSimpleLock *lock)
{
    lock_init(lock, false, true);
}

void
IOSimpleLockFree(IOSimpleLock *lock)
{
    lock_free(lock);
}

void
IOSimpleLockLock(IOSimpleLock *lock)
{
    lock_lock(lock);
}

boolean_t
IOSimpleLockTryLock(IOSimpleLock *lock)
{
    return lock_try(lock);
}

void
IOSimpleLockUnlock(IOSimpleLock *lock)
{
    lock_unlock(lock);
}

IOInterruptState
IOSimpleLockLockDisableInterrupt(IOSimpleLock *lock)
{
    kext_mutex_lock(lock->mutex);
    lock_enter(lock, VMK_EXCLUSIVE | VMK_IRQ_OFF);
    return lock->state;
}

void
IOSimpleLockUnlockEnableInterrupt(IOSimpleLock *lock, IOInterruptState state)
{
    lock_leave(lock, VMK_EXCLUSIVE | VMK_IRQ_OFF, (uint32_t)state);
    kext_mutex_unlock(lock->mutex);
}

/* ---- lck_* ---- */

static char nothing; /* groups and attributes say how locks are counted, which nobody does here */

lck_grp_attr_t *
lck_grp_attr_alloc_init(void)
{
    return (lck_grp_attr_t *)&nothing;
}

void
lck_grp_attr_setstat(lck_grp_attr_t *)
{
}

void
lck_grp_attr_free(lck_grp_attr_t *)
{
}

lck_grp_t *
lck_grp_alloc_init(const char *, lck_grp_attr_t *)
{
    return (lck_grp_t *)&nothing;
}

void
lck_grp_free(lck_grp_t *)
{
}

lck_attr_t *
lck_attr_alloc_init(void)
{
    return (lck_attr_t *)&nothing;
}

void
lck_attr_setdebug(lck_attr_t *)
{
}

void
lck_attr_free(lck_attr_t *)
{
}

lck_mtx_t *
lck_mtx_alloc_init(lck_grp_t *, lck_attr_t *)
{
    return lock_alloc<lck_mtx_t>(false, false);
}

void
lck_mtx_free(lck_mtx_t *lock, lck_grp_t *)
{
    lock_free(lock);
}

void
lck_mtx_lock(lck_mtx_t *lock)
{
    lock_lock(lock);
}

boolean_t
lck_mtx_try_lock(lck_mtx_t *lock)
{
    return lock_try(lock);
}

void
lck_mtx_unlock(lck_mtx_t *lock)
{
    lock_unlock(lock);
}

void
lck_mtx_assert(lck_mtx_t *lock, unsigned type)
{
    if (kext_mutex_is_mine(lock->mutex) != (type == LCK_MTX_ASSERT_OWNED))
        panic("lck_mtx_assert(%p, %u)", (void *)lock, type);
}

wait_result_t
lck_mtx_sleep(lck_mtx_t *lock, lck_sleep_action_t action, event_t event, wait_interrupt_t)
{
    int result = lock_sleep(lock, event, 0);

    if (action & LCK_SLEEP_UNLOCK)
        lock_unlock(lock);
    return (wait_result_t)result;
}

lck_spin_t *
lck_spin_alloc_init(lck_grp_t *, lck_attr_t *)
{
    return lock_alloc<lck_spin_t>(false, true);
}

void
lck_spin_free(lck_spin_t *lock, lck_grp_t *)
{
    lock_free(lock);
}

void
lck_spin_lock(lck_spin_t *lock)
{
    lock_lock(lock);
}

boolean_t
lck_spin_try_lock(lck_spin_t *lock)
{
    return lock_try(lock);
}

void
lck_spin_unlock(lck_spin_t *lock)
{
    lock_unlock(lock);
}

/* ---- sleeping and threads ---- */

int
msleep(void *channel, lck_mtx_t *lock, int priority, const char *, struct timespec *time)
{
    uint64_t timeout = 0;
    int result;

    if (time != NULL)
        timeout = (uint64_t)time->tv_sec * NSEC_PER_SEC + (uint64_t)time->tv_nsec;
    if (lock == NULL)
        return kext_sleep(NULL, channel, timeout) ? EWOULDBLOCK : 0;
    result = lock_sleep(lock, channel, timeout);
    if (priority & PDROP)
        lock_unlock(lock);
    return result == THREAD_TIMED_OUT ? EWOULDBLOCK : 0;
}

void
wakeup(void *channel)
{
    kext_wakeup(channel, 0);
}

void
wakeup_one(caddr_t channel)
{
    kext_wakeup(channel, 1);
}

struct kernel_thread {
    thread_continue_t run;
    void *parameter;
};

static void
kernel_thread_main(void *context)
{
    struct kernel_thread start = *(struct kernel_thread *)context;

    kext_release(context);
    start.run(start.parameter, THREAD_AWAKENED);
}

kern_return_t
kernel_thread_start(thread_continue_t run, void *parameter, thread_t *thread)
{
    struct kernel_thread *start =
        (struct kernel_thread *)kext_allocate(sizeof(struct kernel_thread), 16);

    start->run = run;
    start->parameter = parameter;
    kext_thread_start(kernel_thread_main, start);
    if (thread != NULL)
        *thread = (thread_t)start;
    return KERN_SUCCESS;
}

/* A thread that ends itself returns from here, and then from its function. */
kern_return_t
thread_terminate(thread_t)
{
    return KERN_SUCCESS;
}

void
thread_deallocate(thread_t)
{
}

void
thread_reference(thread_t)
{
}

/* ---- thread calls: one thread for each that waits ---- */

struct thread_call {
    thread_call_func_t function;
    thread_call_param_t first, second;
    uint64_t generation; /* of the entry that counts; an older one was cancelled or replaced */
    bool is_pending, is_running, is_freed;
    uint64_t deadline;
    unsigned entries; /* threads that will still look at it */
};

struct thread_call_entry {
    struct thread_call *call;
    uint64_t generation;
};

static struct kext_mutex *calls_lock = kext_mutex_create(1);

/* Waits for the entry's time; true when it is still the one that counts. */
static bool
thread_call_wait(const struct thread_call_entry *entry)
{
    struct thread_call *call = entry->call;

    while (call->generation == entry->generation && call->deadline > kext_now())
        (void)kext_sleep(calls_lock, call, until(call->deadline));
    return call->generation == entry->generation && call->is_pending;
}

/* The last to look at a call that was freed gives it back. */
static void
thread_call_reap(struct thread_call *call)
{
    if (call->is_freed && call->entries == 0)
        kext_release(call);
}

static void
thread_call_run(void *context)
{
    struct thread_call_entry entry = *(struct thread_call_entry *)context;
    struct thread_call *call = entry.call;

    kext_release(context);
    kext_mutex_lock(calls_lock);
    if (thread_call_wait(&entry)) {
        call->is_pending = false;
        call->is_running = true;
        kext_mutex_unlock(calls_lock);
        call->function(call->first, call->second);
        kext_mutex_lock(calls_lock);
        call->is_running = false;
        kext_wakeup(&call->is_running, 0);
    }
    call->entries--;
    thread_call_reap(call);
    kext_mutex_unlock(calls_lock);
}

thread_call_t
thread_call_allocate(thread_call_func_t function, thread_call_param_t parameter)
{
    thread_call_t call = (thread_call_t)kext_allocate(sizeof(*call), 16);

    call->function = function;
    call->first = parameter;
    return call;
}

boolean_t
thread_call_free(thread_call_t call)
{
    boolean_t is_free;

    kext_mutex_lock(calls_lock);
    is_free = !call->is_pending;
    call->is_freed = is_free;
    thread_call_reap(call);
    kext_mutex_unlock(calls_lock);
    return is_free;
}

boolean_t
thread_call_enter1_delayed(thread_call_t call, thread_call_param_t second, uint64_t deadline)
{
    struct thread_call_entry *entry = (struct thread_call_entry *)kext_allocate(sizeof(*entry), 16);
    boolean_t was_pending;

    kext_mutex_lock(calls_lock);
    was_pending = call->is_pending;
    call->second = second;
    call->deadline = deadline;
    call->is_pending = true;
    entry->call = call;
    entry->generation = ++call->generation;
    call->entries++;
    kext_wakeup(call, 0); /* an older entry has nothing to wait for */
    kext_mutex_unlock(calls_lock);
    kext_thread_start(thread_call_run, entry);
    return was_pending;
}

boolean_t
thread_call_enter_delayed(thread_call_t call, uint64_t deadline)
{
    return thread_call_enter1_delayed(call, NULL, deadline);
}

boolean_t
thread_call_enter1(thread_call_t call, thread_call_param_t second)
{
    return thread_call_enter1_delayed(call, second, 0);
}

boolean_t
thread_call_enter(thread_call_t call)
{
    return thread_call_enter1_delayed(call, NULL, 0);
}

boolean_t
thread_call_cancel(thread_call_t call)
{
    boolean_t was_pending;

    kext_mutex_lock(calls_lock);
    was_pending = call->is_pending;
    call->is_pending = false;
    call->generation++;
    kext_wakeup(call, 0);
    kext_mutex_unlock(calls_lock);
    return was_pending;
}

boolean_t
thread_call_cancel_wait(thread_call_t call)
{
    boolean_t was_pending = thread_call_cancel(call);

    kext_mutex_lock(calls_lock);
    while (call->is_running)
        (void)kext_sleep(calls_lock, &call->is_running, 0);
    kext_mutex_unlock(calls_lock);
    return was_pending;
}

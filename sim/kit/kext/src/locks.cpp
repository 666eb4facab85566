/*
 * locks.cpp - locks; see kern_locks.h
 *
 * A lock is two things: the host's, which keeps other threads out, and the model's, which says what
 * this CPU may do meanwhile. A spin lock forbids page faults, a mutex does not. What the kernel's code
 * has of it is one pointer in a structure of the caller's.
 */
#include <faultline_kext/kern.h>

#include "host.h"
#include "seam.h"

struct kext_lock {
    struct kext_mutex *mutex; /* NULL: a lock of readers and writers */
    struct kext_rw *rw;
    vmk_lock_t model;
    uint32_t state;
};

static struct kext_lock *
lock_of(const void *handle)
{
    return *(struct kext_lock *const *)handle;
}

static void
lock_enter(struct kext_lock *lock, uint32_t how)
{
    Seam seam;

    if (lock->model != NULL)
        lock->state = vmk_lock_acquire(lock->model, how);
}

/* After the host's was got: nobody has the model's either, as it is let go of first. */
static void
lock_enter_by_try(struct kext_lock *lock)
{
    Seam seam;

    if (lock->model != NULL)
        (void)vmk_lock_try(lock->model);
}

/* The state is looked at in here: readers come and go at once. */
static void
lock_leave(const struct kext_lock *lock, uint32_t how)
{
    Seam seam;

    if (lock->model != NULL)
        vmk_lock_release(lock->model, how, lock->state);
}

/* ---- making and ending, in memory of the caller's or in new ---- */

enum kind { PLAIN, RECURSIVE, SPIN, READ_WRITE };

static void
lock_init(void *handle, enum kind kind)
{
    static const enum vmk_lock_kind models[] = { VMK_MUTEX, VMK_RECURSIVE, VMK_SPIN, VMK_RW };
    struct kext_lock *lock = (struct kext_lock *)kext_allocate(sizeof(*lock), 16);
    Seam seam;

    if (kind == READ_WRITE)
        lock->rw = kext_rw_create();
    else
        lock->mutex = kext_mutex_create(kind == RECURSIVE);
    lock->model = vmk_lock_alloc(models[kind]);
    faultline_note_lock(lock->model);
    *(struct kext_lock **)handle = lock;
}

static void *
lock_alloc(enum kind kind)
{
    void *handle = seam_allocation_fails() ? NULL : kext_allocate(sizeof(lck_mtx_t), 16);

    if (handle != NULL)
        lock_init(handle, kind);
    return handle;
}

static void
lock_destroy(void *handle)
{
    struct kext_lock *lock = lock_of(handle);
    Seam seam;

    if (lock->model != NULL)
        vmk_lock_free(lock->model);
    if (lock->rw != NULL)
        kext_rw_destroy(lock->rw);
    else
        kext_mutex_destroy(lock->mutex);
    kext_release(lock);
    *(struct kext_lock **)handle = NULL;
}

static void
lock_free(void *handle)
{
    lock_destroy(handle);
    kext_release(handle);
}

/* ---- mutexes and spin locks ---- */

static void
lock_lock(const void *handle)
{
    struct kext_lock *lock = lock_of(handle);

    kext_mutex_lock(lock->mutex);
    lock_enter(lock, VMK_EXCLUSIVE);
}

static boolean_t
lock_try(const void *handle)
{
    struct kext_lock *lock = lock_of(handle);

    if (!kext_mutex_try(lock->mutex))
        return false;
    lock_enter_by_try(lock);
    return true;
}

static void
lock_unlock(const void *handle)
{
    struct kext_lock *lock = lock_of(handle);

    lock_leave(lock, VMK_EXCLUSIVE);
    kext_mutex_unlock(lock->mutex);
}

/* A lock that is held several times is let go of whole, as on the Mac, and is held as often afterwards. */
static int
lock_sleep(const void *handle, const void *event, uint64_t timeout)
{
    struct kext_lock *lock = lock_of(handle);
    unsigned depth = kext_mutex_depth(lock->mutex);
    int is_late;

    for (unsigned i = 0; i < depth; i++)
        lock_leave(lock, VMK_EXCLUSIVE);
    seam_may_block();
    is_late = kext_sleep(lock->mutex, event, timeout);
    for (unsigned i = 0; i < depth; i++)
        lock_enter(lock, VMK_EXCLUSIVE);
    return is_late ? THREAD_TIMED_OUT : THREAD_AWAKENED;
}

static void
lock_assert(const void *handle, bool is_owned, const char *what)
{
    if ((kext_mutex_depth(lock_of(handle)->mutex) > 0) != is_owned)
        panic("%s(%p): the lock is %sheld by this thread", what, handle, is_owned ? "not " : "");
}

static wait_result_t
lock_sleep_and(const void *handle, lck_sleep_action_t action, event_t event, uint64_t timeout)
{
    int result = lock_sleep(handle, event, timeout);

    if (action & LCK_SLEEP_UNLOCK)
        lock_unlock(handle);
    return (wait_result_t)result;
}

/* The same lock by its many names. */
#define MAKES(Type, allocate, release, kind) \
    Type *allocate(void)                     \
    {                                        \
        return (Type *)lock_alloc(kind);     \
    }                                        \
    void release(Type *lock)                 \
    {                                        \
        lock_free(lock);                     \
    }
#define TAKES(Type, lock_name, try_name, unlock_name) \
    void lock_name(Type *lock)                        \
    {                                                 \
        lock_lock(lock);                              \
    }                                                 \
    boolean_t try_name(Type *lock)                    \
    {                                                 \
        return lock_try(lock);                        \
    }                                                 \
    void unlock_name(Type *lock)                      \
    {                                                 \
        lock_unlock(lock);                            \
    }
#define SLEEPS(Type, sleep_name, deadline_name, wakeup_name)                  \
    int sleep_name(Type *lock, void *event, UInt32)                           \
    {                                                                         \
        return lock_sleep(lock, event, 0);                                    \
    }                                                                         \
    int deadline_name(Type *lock, void *event, AbsoluteTime deadline, UInt32) \
    {                                                                         \
        return lock_sleep(lock, event, time_until(deadline));                 \
    }                                                                         \
    void wakeup_name(Type *, void *event, bool one)                           \
    {                                                                         \
        (void)kext_wakeup(event, one);                                        \
    }
#define LCK(name, kind)                                                     \
    lck_##name##_t *lck_##name##_alloc_init(lck_grp_t *, lck_attr_t *)      \
    {                                                                       \
        return (lck_##name##_t *)lock_alloc(kind);                          \
    }                                                                       \
    void lck_##name##_init(lck_##name##_t *lock, lck_grp_t *, lck_attr_t *) \
    {                                                                       \
        lock_init(lock, kind);                                              \
    }                                                                       \
    void lck_##name##_destroy(lck_##name##_t *lock, lck_grp_t *)            \
    {                                                                       \
        lock_destroy(lock);                                                 \
    }                                                                       \
    void lck_##name##_free(lck_##name##_t *lock, lck_grp_t *)               \
    {                                                                       \
        lock_free(lock);                                                    \
    }

MAKES(IOLock, IOLockAlloc, IOLockFree, PLAIN)
TAKES(IOLock, IOLockLock, IOLockTryLock, IOLockUnlock)
SLEEPS(IOLock, IOLockSleep, IOLockSleepDeadline, IOLockWakeup)
MAKES(IORecursiveLock, IORecursiveLockAlloc, IORecursiveLockFree, RECURSIVE)
TAKES(IORecursiveLock, IORecursiveLockLock, IORecursiveLockTryLock, IORecursiveLockUnlock)
SLEEPS(IORecursiveLock, IORecursiveLockSleep, IORecursiveLockSleepDeadline, IORecursiveLockWakeup)
MAKES(IOSimpleLock, IOSimpleLockAlloc, IOSimpleLockFree, SPIN)
TAKES(IOSimpleLock, IOSimpleLockLock, IOSimpleLockTryLock, IOSimpleLockUnlock)
LCK(mtx, PLAIN)
TAKES(lck_mtx_t, lck_mtx_lock, lck_mtx_try_lock, lck_mtx_unlock)
LCK(spin, SPIN)
TAKES(lck_spin_t, lck_spin_lock, lck_spin_try_lock, lck_spin_unlock)
LCK(rw, READ_WRITE)

void
IOLockInitWithState(IOLock *lock, IOLockState state)
{
    if (state == kIOLockStateLocked)
        lock_lock(lock);
}

lck_mtx_t *
IOLockGetMachLock(IOLock *lock)
{
    return (lck_mtx_t *)lock;
}

void
IOLockAssert(IOLock *lock, IOLockAssertState state)
{
    lock_assert(lock, state == kIOLockAssertOwned, "IOLockAssert");
}

IORecursiveLock *
IORecursiveLockAllocWithLockGroup(lck_grp_t *)
{
    return IORecursiveLockAlloc();
}

lck_mtx_t *
IORecursiveLockGetMachLock(IORecursiveLock *lock)
{
    return (lck_mtx_t *)lock;
}

boolean_t
IORecursiveLockHaveLock(const IORecursiveLock *lock)
{
    return kext_mutex_depth(lock_of(lock)->mutex) > 0;
}

void
IOSimpleLockInit(IOSimpleLock *lock)
{
    if (lock_of(lock) == NULL)
        lock_init(lock, SPIN);
}

void
IOSimpleLockDestroy(IOSimpleLock *lock)
{
    lock_destroy(lock);
}

lck_spin_t *
IOSimpleLockGetMachLock(IOSimpleLock *lock)
{
    return (lck_spin_t *)lock;
}

void
IOSimpleLockAssert(IOSimpleLock *lock, IOLockAssertState state)
{
    lock_assert(lock, state == kIOLockAssertOwned, "IOSimpleLockAssert");
}

IOInterruptState
IOSimpleLockLockDisableInterrupt(IOSimpleLock *handle)
{
    struct kext_lock *lock = lock_of(handle);

    kext_mutex_lock(lock->mutex);
    lock_enter(lock, VMK_EXCLUSIVE | VMK_IRQ_OFF);
    return lock->state;
}

void
IOSimpleLockUnlockEnableInterrupt(IOSimpleLock *handle, IOInterruptState state)
{
    struct kext_lock *lock = lock_of(handle);

    lock->state = (uint32_t)state;
    lock_leave(lock, VMK_EXCLUSIVE | VMK_IRQ_OFF);
    kext_mutex_unlock(lock->mutex);
}

/* A mutex that was taken to spin is a mutex here, where nobody spins. */
void
lck_mtx_lock_spin(lck_mtx_t *lock)
{
    lock_lock(lock);
}

void
lck_mtx_convert_spin(lck_mtx_t *lock)
{
    lock_assert(lock, true, "lck_mtx_convert_spin");
}

void
lck_mtx_assert(lck_mtx_t *lock, unsigned type)
{
    lock_assert(lock, type == LCK_MTX_ASSERT_OWNED, "lck_mtx_assert");
}

void
lck_spin_assert(lck_spin_t *lock, unsigned type)
{
    lock_assert(lock, type == LCK_ASSERT_OWNED, "lck_spin_assert");
}

wait_result_t
lck_mtx_sleep(lck_mtx_t *lock, lck_sleep_action_t action, event_t event, wait_interrupt_t)
{
    return lock_sleep_and(lock, action, event, 0);
}

wait_result_t
lck_mtx_sleep_deadline(lck_mtx_t *lock, lck_sleep_action_t action, event_t event, wait_interrupt_t,
                       uint64_t deadline)
{
    return lock_sleep_and(lock, action, event, time_until(deadline));
}

wait_result_t
lck_spin_sleep(lck_spin_t *lock, lck_sleep_action_t action, event_t event, wait_interrupt_t)
{
    return lock_sleep_and(lock, action, event, 0);
}

/* bsd/kern/kern_synch.c */
int
msleep(void *channel, lck_mtx_t *lock, int priority, const char *, struct timespec *time)
{
    uint64_t timeout = 0;
    int result;

    if (time != NULL)
        timeout = (uint64_t)time->tv_sec * NSEC_PER_SEC + (uint64_t)time->tv_nsec;
    if (lock == NULL) {
        seam_may_block();
        return kext_sleep(NULL, channel, timeout) ? EWOULDBLOCK : 0;
    }
    result = lock_sleep(lock, channel, timeout);
    if (priority & PDROP)
        lock_unlock(lock);
    return result == THREAD_TIMED_OUT ? EWOULDBLOCK : 0;
}

/* ---- readers and writers ---- */

static void
rw_lock(const void *handle, bool is_exclusive)
{
    struct kext_lock *lock = lock_of(handle);

    kext_rw_lock(lock->rw, is_exclusive);
    lock_enter(lock, is_exclusive ? VMK_EXCLUSIVE : VMK_SHARED);
}

/* The model tries for the whole lock only: who tries to read takes it there. */
static boolean_t
rw_try(const void *handle, bool is_exclusive)
{
    struct kext_lock *lock = lock_of(handle);

    if (!kext_rw_try(lock->rw, is_exclusive))
        return false;
    if (is_exclusive)
        lock_enter_by_try(lock);
    else
        lock_enter(lock, VMK_SHARED);
    return true;
}

static bool
rw_unlock(const void *handle)
{
    struct kext_lock *lock = lock_of(handle);

    lock_leave(lock, VMK_EXCLUSIVE);
    return kext_rw_unlock(lock->rw) != 0;
}

/* The asserted states of both interfaces have one numbering: read, write, held, not held. */
static void
rw_assert(const void *handle, unsigned wanted, const char *what)
{
    int state = kext_rw_state(lock_of(handle)->rw);
    bool is_so = wanted == LCK_RW_ASSERT_HELD      ? state != 0
                 : wanted == LCK_RW_ASSERT_NOTHELD ? state == 0
                                                   : state == (int)wanted;

    if (!is_so)
        panic("%s(%p, %u): the lock's state is %d", what, handle, wanted, state);
}

MAKES(IORWLock, IORWLockAlloc, IORWLockFree, READ_WRITE)

lck_rw_t *
IORWLockGetMachLock(IORWLock *lock)
{
    return (lck_rw_t *)lock;
}

void
IORWLockRead(IORWLock *lock)
{
    rw_lock(lock, false);
}

void
IORWLockWrite(IORWLock *lock)
{
    rw_lock(lock, true);
}

void
IORWLockUnlock(IORWLock *lock)
{
    (void)rw_unlock(lock);
}

void
IORWLockAssert(IORWLock *lock, IORWLockAssertState state)
{
    rw_assert(lock, state, "IORWLockAssert");
}

void
lck_rw_lock(lck_rw_t *lock, lck_rw_type_t type)
{
    rw_lock(lock, type == LCK_RW_TYPE_EXCLUSIVE);
}

boolean_t
lck_rw_try_lock(lck_rw_t *lock, lck_rw_type_t type)
{
    return rw_try(lock, type == LCK_RW_TYPE_EXCLUSIVE);
}

void
lck_rw_unlock(lck_rw_t *lock, lck_rw_type_t)
{
    (void)rw_unlock(lock);
}

lck_rw_type_t
lck_rw_done(lck_rw_t *lock)
{
    return rw_unlock(lock) ? LCK_RW_TYPE_EXCLUSIVE : LCK_RW_TYPE_SHARED;
}

void
lck_rw_lock_shared(lck_rw_t *lock)
{
    rw_lock(lock, false);
}

void
lck_rw_unlock_shared(lck_rw_t *lock)
{
    (void)rw_unlock(lock);
}

boolean_t
lck_rw_try_lock_shared(lck_rw_t *lock)
{
    return rw_try(lock, false);
}

void
lck_rw_lock_exclusive(lck_rw_t *lock)
{
    rw_lock(lock, true);
}

void
lck_rw_unlock_exclusive(lck_rw_t *lock)
{
    (void)rw_unlock(lock);
}

boolean_t
lck_rw_try_lock_exclusive(lck_rw_t *lock)
{
    return rw_try(lock, true);
}

boolean_t
lck_rw_lock_shared_to_exclusive(lck_rw_t *handle)
{
    struct kext_lock *lock = lock_of(handle);
    boolean_t is_held;

    /* First the model's: whoever gets the lock next finds it free there too. */
    lock_leave(lock, VMK_SHARED);
    is_held = kext_rw_upgrade(lock->rw);
    if (is_held)
        lock_enter(lock, VMK_EXCLUSIVE);
    return is_held;
}

void
lck_rw_lock_exclusive_to_shared(lck_rw_t *handle)
{
    struct kext_lock *lock = lock_of(handle);

    lock_leave(lock, VMK_EXCLUSIVE);
    lock_enter(lock, VMK_SHARED);
    kext_rw_downgrade(lock->rw);
}

void
lck_rw_assert(lck_rw_t *lock, unsigned type)
{
    rw_assert(lock, type, "lck_rw_assert");
}

wait_result_t
lck_rw_sleep(lck_rw_t *lock, lck_sleep_action_t action, event_t event, wait_interrupt_t)
{
    bool was_exclusive;
    int is_late;

    kext_assert_wait(event, 0);
    was_exclusive = rw_unlock(lock);
    seam_may_block();
    is_late = kext_block();
    if (!(action & LCK_SLEEP_UNLOCK))
        rw_lock(lock, action & LCK_SLEEP_EXCLUSIVE ? true
                      : action & LCK_SLEEP_SHARED  ? false
                                                   : was_exclusive);
    return is_late ? THREAD_TIMED_OUT : THREAD_AWAKENED;
}

/* ---- groups and attributes say how locks are counted, which nobody does here ---- */

static char nothing;

lck_grp_attr_t *
lck_grp_attr_alloc_init(void)
{
    return (lck_grp_attr_t *)&nothing;
}

void
lck_grp_attr_setdefault(lck_grp_attr_t *)
{
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
lck_attr_setdefault(lck_attr_t *)
{
}

void
lck_attr_setdebug(lck_attr_t *)
{
}

void
lck_attr_cleardebug(lck_attr_t *)
{
}

void
lck_attr_free(lck_attr_t *)
{
}

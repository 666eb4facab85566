/*
 * kern_locks.h - the kernel's locks
 *
 * PURPOSE     IOLocks.h and kern/locks.h: keep threads out, and tell the model what the CPU may do.
 * INVARIANTS  a spin lock forbids page faults on its thread's CPU, as on the Mac; a mutex does not
 * UNITS       deadlines: absolute time
 * OWNERSHIP   alloc gives what free takes; init makes one in the caller's memory, destroy ends it
 * ERRORS      as Darwin
 * EVENTS      LOCK, UNLOCK, MAY_BLOCK
 * XNU         iokit/IOKit/IOLocks.h; osfmk/kern/locks.h
 *             Differs: all locks have one size
 */
#ifndef KEXT_KERN_LOCKS_H
#define KEXT_KERN_LOCKS_H

#include <faultline_kext/base.h>

__BEGIN_DECLS

/* ---- kern/locks.h ---- */

typedef struct __lck_grp__ lck_grp_t;
typedef struct __lck_grp_attr__ lck_grp_attr_t;
typedef struct __lck_attr__ lck_attr_t;
typedef struct __lck_mtx_t__ {
    void *opaque[2];
} lck_mtx_t;
typedef struct __lck_rw_t__ {
    void *opaque[2];
} lck_rw_t;
typedef struct __lck_spin_t__ {
    void *opaque[2];
} lck_spin_t;
typedef unsigned int lck_rw_type_t, lck_sleep_action_t, lck_wake_action_t;
#define LCK_GRP_ATTR_NULL ((lck_grp_attr_t *)0)
#define LCK_GRP_NULL ((lck_grp_t *)0)
#define LCK_ATTR_NULL ((lck_attr_t *)0)
#define LCK_RW_TYPE_SHARED 1
#define LCK_RW_TYPE_EXCLUSIVE 2
#define LCK_SLEEP_DEFAULT 0x00
#define LCK_SLEEP_UNLOCK 0x01
#define LCK_SLEEP_SHARED 0x02
#define LCK_SLEEP_EXCLUSIVE 0x04
#define LCK_SLEEP_SPIN 0x08
#define LCK_MTX_ASSERT_OWNED 1
#define LCK_MTX_ASSERT_NOTOWNED 2
#define LCK_ASSERT_OWNED 1
#define LCK_ASSERT_NOTOWNED 2
#define LCK_RW_ASSERT_SHARED 1
#define LCK_RW_ASSERT_EXCLUSIVE 2
#define LCK_RW_ASSERT_HELD 3
#define LCK_RW_ASSERT_NOTHELD 4
lck_grp_attr_t *lck_grp_attr_alloc_init(void);
void lck_grp_attr_setdefault(lck_grp_attr_t *);
void lck_grp_attr_setstat(lck_grp_attr_t *);
void lck_grp_attr_free(lck_grp_attr_t *);
lck_grp_t *lck_grp_alloc_init(const char *, lck_grp_attr_t *);
void lck_grp_free(lck_grp_t *);
lck_attr_t *lck_attr_alloc_init(void);
void lck_attr_setdefault(lck_attr_t *);
void lck_attr_setdebug(lck_attr_t *);
void lck_attr_cleardebug(lck_attr_t *);
void lck_attr_free(lck_attr_t *);

lck_mtx_t *lck_mtx_alloc_init(lck_grp_t *, lck_attr_t *);
void lck_mtx_init(lck_mtx_t *, lck_grp_t *, lck_attr_t *);
void lck_mtx_destroy(lck_mtx_t *, lck_grp_t *);
void lck_mtx_free(lck_mtx_t *, lck_grp_t *);
void lck_mtx_lock(lck_mtx_t *);
void lck_mtx_lock_spin(lck_mtx_t *);
void lck_mtx_convert_spin(lck_mtx_t *);
boolean_t lck_mtx_try_lock(lck_mtx_t *);
void lck_mtx_unlock(lck_mtx_t *);
void lck_mtx_assert(lck_mtx_t *, unsigned);
wait_result_t lck_mtx_sleep(lck_mtx_t *, lck_sleep_action_t, event_t, wait_interrupt_t);
wait_result_t lck_mtx_sleep_deadline(lck_mtx_t *, lck_sleep_action_t, event_t, wait_interrupt_t,
                                     uint64_t deadline);

lck_rw_t *lck_rw_alloc_init(lck_grp_t *, lck_attr_t *);
void lck_rw_init(lck_rw_t *, lck_grp_t *, lck_attr_t *);
void lck_rw_destroy(lck_rw_t *, lck_grp_t *);
void lck_rw_free(lck_rw_t *, lck_grp_t *);
void lck_rw_lock(lck_rw_t *, lck_rw_type_t);
boolean_t lck_rw_try_lock(lck_rw_t *, lck_rw_type_t);
void lck_rw_unlock(lck_rw_t *, lck_rw_type_t);
lck_rw_type_t lck_rw_done(lck_rw_t *);
void lck_rw_lock_shared(lck_rw_t *);
void lck_rw_unlock_shared(lck_rw_t *);
boolean_t lck_rw_try_lock_shared(lck_rw_t *);
void lck_rw_lock_exclusive(lck_rw_t *);
void lck_rw_unlock_exclusive(lck_rw_t *);
boolean_t lck_rw_try_lock_exclusive(lck_rw_t *);
/* False: the lock was dropped, as another thread upgrades already. */
boolean_t lck_rw_lock_shared_to_exclusive(lck_rw_t *);
void lck_rw_lock_exclusive_to_shared(lck_rw_t *);
void lck_rw_assert(lck_rw_t *, unsigned);
wait_result_t lck_rw_sleep(lck_rw_t *, lck_sleep_action_t, event_t, wait_interrupt_t);

lck_spin_t *lck_spin_alloc_init(lck_grp_t *, lck_attr_t *);
void lck_spin_init(lck_spin_t *, lck_grp_t *, lck_attr_t *);
void lck_spin_destroy(lck_spin_t *, lck_grp_t *);
void lck_spin_free(lck_spin_t *, lck_grp_t *);
void lck_spin_lock(lck_spin_t *);
boolean_t lck_spin_try_lock(lck_spin_t *);
void lck_spin_unlock(lck_spin_t *);
void lck_spin_assert(lck_spin_t *, unsigned);
wait_result_t lck_spin_sleep(lck_spin_t *, lck_sleep_action_t, event_t, wait_interrupt_t);

/* ---- IOLocks.h ---- */

typedef struct _IOLock IOLock;
typedef struct _IORecursiveLock IORecursiveLock;
typedef struct _IORWLock IORWLock;
typedef struct _IOSimpleLock IOSimpleLock;
typedef long int IOInterruptState;
typedef enum { kIOLockStateUnlocked = 0, kIOLockStateLocked = 1 } IOLockState;
typedef enum { kIOLockAssertOwned = 1, kIOLockAssertNotOwned = 2 } IOLockAssertState;
typedef enum {
    kIORWLockAssertRead = 1,
    kIORWLockAssertWrite = 2,
    kIORWLockAssertHeld = 3,
    kIORWLockAssertNotHeld = 4
} IORWLockAssertState;
IOLock *IOLockAlloc(void);
void IOLockFree(IOLock *);
void IOLockInitWithState(IOLock *, IOLockState);
lck_mtx_t *IOLockGetMachLock(IOLock *);
void IOLockLock(IOLock *);
boolean_t IOLockTryLock(IOLock *);
void IOLockUnlock(IOLock *);
int IOLockSleep(IOLock *, void *event, UInt32);
int IOLockSleepDeadline(IOLock *, void *event, AbsoluteTime, UInt32);
void IOLockWakeup(IOLock *, void *event, bool one);
void IOLockAssert(IOLock *, IOLockAssertState);
#define IOLOCK_ASSERT IOLockAssert
IORecursiveLock *IORecursiveLockAlloc(void);
IORecursiveLock *IORecursiveLockAllocWithLockGroup(lck_grp_t *);
void IORecursiveLockFree(IORecursiveLock *);
lck_mtx_t *IORecursiveLockGetMachLock(IORecursiveLock *);
void IORecursiveLockLock(IORecursiveLock *);
boolean_t IORecursiveLockTryLock(IORecursiveLock *);
void IORecursiveLockUnlock(IORecursiveLock *);
boolean_t IORecursiveLockHaveLock(const IORecursiveLock *);
int IORecursiveLockSleep(IORecursiveLock *, void *, UInt32);
int IORecursiveLockSleepDeadline(IORecursiveLock *, void *, AbsoluteTime, UInt32);
void IORecursiveLockWakeup(IORecursiveLock *, void *, bool);
IORWLock *IORWLockAlloc(void);
void IORWLockFree(IORWLock *);
lck_rw_t *IORWLockGetMachLock(IORWLock *);
void IORWLockRead(IORWLock *);
void IORWLockWrite(IORWLock *);
void IORWLockUnlock(IORWLock *);
void IORWLockAssert(IORWLock *, IORWLockAssertState);
#define IORWLOCK_ASSERT IORWLockAssert
IOSimpleLock *IOSimpleLockAlloc(void);
void IOSimpleLockFree(IOSimpleLock *);
void IOSimpleLockInit(IOSimpleLock *);
void IOSimpleLockDestroy(IOSimpleLock *);
lck_spin_t *IOSimpleLockGetMachLock(IOSimpleLock *);
void IOSimpleLockLock(IOSimpleLock *);
boolean_t IOSimpleLockTryLock(IOSimpleLock *);
void IOSimpleLockUnlock(IOSimpleLock *);
void IOSimpleLockAssert(IOSimpleLock *, IOLockAssertState);
#define IOSIMPLELOCK_ASSERT IOSimpleLockAssert
IOInterruptState IOSimpleLockLockDisableInterrupt(IOSimpleLock *);
void IOSimpleLockUnlockEnableInterrupt(IOSimpleLock *, IOInterruptState);
/* their names of long ago */
#define IOTakeLock(lock) IOLockLock(lock)
#define IOTryLock(lock) IOLockTryLock(lock)
#define IOUnlock(lock) IOLockUnlock(lock)
#define IOReadLock(lock) IORWLockRead(lock)
#define IOWriteLock(lock) IORWLockWrite(lock)
#define IORWUnlock(lock) IORWLockUnlock(lock)

__END_DECLS

#endif

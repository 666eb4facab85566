/*
 * vm_sched.h - where XNU would sleep or let others in
 *
 * PURPOSE     The model makes no threads. Where XNU sleeps or drops a lock it asks its embedder, who
 *             may run other threads there, or give up the wait.
 * INVARIANTS  I19 whoever waits for an event is woken when it comes; waits are looked at again, as
 *                 one event of a map stands for all its entries (vm.md 9)
 * UNITS       start, end: bytes; end 0: there is no range
 * OWNERSHIP   the embedder owns the scheduler and outlives the system
 * ERRORS      block() answers VMM_OK when the event may have come; VMM_ABORTED when an interruptible
 *             wait was interrupted; VMM_MODEL_WOULD_BLOCK when nobody can make it come before this
 *             operation ends: the operation undoes what its header says, and may be tried again;
 *             VMM_MODEL_HANG when nothing in the system can ever make it come
 * EVENTS      none
 * XNU         osfmk/kern/sched_prim.c thread_block, thread_wakeup
 */
#ifndef VM_VM_SCHED_H
#define VM_VM_SCHED_H

#include "base/status.h"
#include "base/types.h"
#include "trace/trace.h"

struct vm_system;

enum vm_sched_event {
    VM_SCHED_ENTRY_TRANSITION, /* a map entry leaves in_transition or loses its wires */
    VM_SCHED_MAP_SPACE,        /* an entry of a map goes away */
    VM_SCHED_PAGE_BUSY,
    VM_SCHED_PAGE_FREE,
    VM_SCHED_OBJECT_BLOCKED, /* an object may be touched again */
    VM_SCHED_LOCK,           /* a lock is free */
    VM_SCHED_EVENT           /* the driver's own: vmk_wakeup() */
};

/* THREAD_UNINT and THREAD_ABORTSAFE: whether a signal may end the wait. */
enum vm_sched_wait { VM_SCHED_UNINTERRUPTIBLE, VM_SCHED_INTERRUPTIBLE };

/* What the thread that calls block() waits for, for whoever tells of a deadlock. */
struct vm_wait {
    enum trace_reason reason; /* what the kernel would hang for; REASON_NONE: a lock */
    uint32_t space;
    vmm_va start; /* of a fault: the page */
    vmm_va end;
    uint32_t wired_count; /* of the entry that is waited for */
};

struct vm_sched {
    /* The map lock is dropped here: another thread may run. */
    void (*yield)(struct vm_sched *sched);
    enum vmm_status (*block)(struct vm_sched *sched, enum vm_sched_event event, const void *object,
                             enum vm_sched_wait how);
    void (*wakeup)(struct vm_sched *sched, enum vm_sched_event event, const void *object);
    uint32_t (*current)(struct vm_sched *sched); /* the thread that runs; NULL: there is one, 0 */
    struct vm_wait wait;                         /* set before each block() */
};

/*
 * The least scheduler: nobody runs at a yield, and every wait is VMM_MODEL_WOULD_BLOCK. The caller
 * of an operation that says so does something else first and then tries again.
 */
void vm_sched_init(struct vm_sched *sched);

/* The thread that runs; 0 without a scheduler. */
uint32_t vm_sched_thread(const struct vm_system *system);

/*
 * What the floor above waits for, and its coming. Errors of the wait: those of block();
 * VMM_MODEL_WOULD_BLOCK without a scheduler, since nobody else is there. `reason`: what a deadlock over
 * it is.
 */
enum vmm_status vm_sched_wait(struct vm_system *system, enum vm_sched_event event,
                              const void *object, enum trace_reason reason) VMM_MUST_USE;
void vm_sched_wake(struct vm_system *system, enum vm_sched_event event, const void *object);

/* ---- a lock that a floor holds over calls that may wait (IORecursiveLock) ---- */

struct vm_lock {
    uint32_t owner; /* while depth > 0 */
    uint32_t depth; /* how often its owner took it */
};

/* Takes the lock, after a wait if another thread has it. Not VMM_OK: it was not taken. */
enum vmm_status vm_lock_take(struct vm_system *system, struct vm_lock *lock) VMM_MUST_USE;
void vm_lock_drop(struct vm_system *system, struct vm_lock *lock);
bool vm_lock_is_mine(const struct vm_system *system, const struct vm_lock *lock);

#endif

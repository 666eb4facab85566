/*
 * vm_sched.h - where XNU would sleep or let others in
 *
 * PURPOSE     The model makes no threads. Where XNU sleeps or drops a lock it asks its embedder, who
 *             may run other threads there, or give up the wait.
 * INVARIANTS  I19 whoever waits for an event is woken when it comes; waits are looked at again, as
 *                 one event of a map stands for all its entries (vm.md 9)
 * UNITS       none
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

enum vm_sched_event {
    VM_SCHED_ENTRY_TRANSITION, /* a map entry leaves in_transition or loses its wires */
    VM_SCHED_MAP_SPACE,        /* an entry of a map goes away */
    VM_SCHED_PAGE_BUSY,
    VM_SCHED_PAGE_FREE,
    VM_SCHED_OBJECT_BLOCKED, /* an object may be touched again */
};

/* THREAD_UNINT and THREAD_ABORTSAFE: whether a signal may end the wait. */
enum vm_sched_wait { VM_SCHED_UNINTERRUPTIBLE, VM_SCHED_INTERRUPTIBLE };

struct vm_sched {
    /* The map lock is dropped here: another thread may run. */
    void (*yield)(struct vm_sched *sched);
    enum vmm_status (*block)(struct vm_sched *sched, enum vm_sched_event event, const void *object,
                             enum vm_sched_wait how);
    void (*wakeup)(struct vm_sched *sched, enum vm_sched_event event, const void *object);
};

/*
 * The least scheduler: nobody runs at a yield, and every wait is VMM_MODEL_WOULD_BLOCK. The caller
 * of an operation that says so does something else first and then tries again.
 */
void vm_sched_init(struct vm_sched *sched);

#endif

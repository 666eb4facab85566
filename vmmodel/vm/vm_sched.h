/*
 * vm_sched.h - where XNU would sleep or let others in
 *
 * PURPOSE     The model makes no threads. Where XNU sleeps or drops a lock it asks its embedder.
 * INVARIANTS  none
 * UNITS       none
 * OWNERSHIP   the embedder owns the scheduler and outlives the system
 * ERRORS      block() answers VMM_OK when the event came, VMM_ABORTED when the wait was interrupted,
 *             or VMM_MODEL_HANG when nothing in the system can ever make it come
 * EVENTS      none
 * XNU         osfmk/kern/sched_prim.c thread_block, thread_wakeup
 */
#ifndef VM_VM_SCHED_H
#define VM_VM_SCHED_H

#include "base/status.h"

enum vm_sched_event {
    VM_SCHED_ENTRY_TRANSITION, /* a map entry leaves in_transition or loses its wires */
    VM_SCHED_PAGE_BUSY,
    VM_SCHED_PAGE_FREE
};

struct vm_sched {
    /* The map lock is dropped here: another thread may run. */
    void (*yield)(struct vm_sched *sched);
    enum vmm_status (*block)(struct vm_sched *sched, enum vm_sched_event event, const void *object);
    void (*wakeup)(struct vm_sched *sched, enum vm_sched_event event, const void *object);
};

#endif

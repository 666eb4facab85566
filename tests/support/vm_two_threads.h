/*
 * vm_two_threads.h - a scheduler for one other thread
 *
 * PURPOSE     At the first yield the other thread runs, to its end. A wait of it cannot end before the
 *             first thread goes on: block() answers "interrupted" where that may be, else "would block",
 *             and the thread tries again later, as a thread of XNU does.
 * INVARIANTS  none
 * UNITS       none
 * OWNERSHIP   the fixture's system borrows the scheduler until the test ends
 * ERRORS      assertions of the test: a wait for another event than `event`
 * EVENTS      none
 * XNU         none
 */
#ifndef SUPPORT_VM_TWO_THREADS_H
#define SUPPORT_VM_TWO_THREADS_H

#include "vm/vm_sched.h"
#include "vm_fixture.h"

struct two_threads {
    struct vm_sched sched;
    struct vm_fixture *fixture;
    enum vm_sched_event event;                  /* what may be waited for */
    void (*other)(struct two_threads *threads); /* runs once */
    enum vmm_status other_status;
    uint8_t other_byte;
    unsigned blocked;
    unsigned woken;
};

void two_threads_start(struct two_threads *threads, struct vm_fixture *f, enum vm_sched_event event,
                       void (*other)(struct two_threads *threads));

#endif

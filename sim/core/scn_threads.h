/*
 * scn_threads.h - the threads of a scenario, and who decides which of them goes on
 *
 * PURPOSE     `thread a { ... }  thread b { ... }` start together and end before the next line. Each
 *             runs on a stack of its own, which the embedder makes; where the kernel lets others in
 *             or sleeps (vm/vm_sched.h), and between two lines, a schedule says who goes on.
 * INVARIANTS  H1  one thread runs at a time; thread i has CPU i for itself
 *             H2  same program, release and choices: same bytes
 * UNITS       none
 * OWNERSHIP   the embedder owns fibers and schedule; they outlive the run
 * ERRORS      a deadlock is a hang of the kernel, told with who waits for whom; a thread that sleeps
 *             although what it waits for has come is a broken I19
 * EVENTS      HANG
 * XNU         osfmk/kern/sched_prim.c
 */
#ifndef CORE_SCN_THREADS_H
#define CORE_SCN_THREADS_H

#include "scn.h"

enum { SCN_THREADS_MAX = 8, SCN_NO_THREAD = SCN_THREADS_MAX };

/*
 * Stacks. Only one runs: run() goes to one and comes back when it pauses or its body returns, which
 * happens before end().
 */
struct scn_fibers {
    bool (*make)(struct scn_fibers *fibers, uint32_t index, void (*body)(void *), void *argument);
    void (*run)(struct scn_fibers *fibers, uint32_t index);
    void (*pause)(struct scn_fibers *fibers); /* called on the stack that runs */
    void (*end)(struct scn_fibers *fibers, uint32_t index);
};

struct scn_choice {
    uint64_t index;   /* how many choices there were before, in the whole run */
    uint32_t can_run; /* bit i: thread i; at least two bits */
    uint32_t current; /* who ran last, if it can go on; else SCN_NO_THREAD */
    uint64_t state;   /* of kernel and threads, when wants_state; 0: it cannot be told */
};

enum { SCN_CUT = SCN_THREADS_MAX + 1 }; /* choose() answers: this run is of no more use */

struct scn_schedule {
    uint32_t (*choose)(struct scn_schedule *schedule, const struct scn_choice *choice);
    bool wants_state;
};

/* Where a thread stopped and another went on. */
struct scn_switch {
    const char *thread; /* who goes on */
    uint32_t line;      /* and where */
    const char *source;
    const char *why; /* what the one before did: "lets others in", "waits", "ends" */
};

#endif

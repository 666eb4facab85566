/*
 * faultline/explore.h - a driver's threads, in every order that matters
 *
 * PURPOSE     A test hands over two threads or more, and a check. They run again and again, each time in a
 *             new world and in another order: first without a preemption, then with one, up to a bound;
 *             where that is too much, orders are drawn, as `faultline explore` does with a scenario. What
 *             goes wrong in some order is printed with that order's short id, which runs it again.
 * INVARIANTS  E1  a run is a process of its own: nothing of one is seen in the next, not even a global
 *             E2  the same test and the same id: the same run
 * UNITS       orders: whole runs of all threads
 * OWNERSHIP   the test borrows what it names; `begin` makes what the threads use, in the new world
 * ERRORS      of the test's own making (no thread, an id that is none) are printed and count as a failure
 * EVENTS      those of the model
 * XNU         none
 *             One thread runs at a time, thread i on CPU i. It can give way where it calls the seam (vmk.h,
 *             I/O Kit's names, the calls of a task in vmk_sim.h) and where it is back from there, where the
 *             kernel drops a lock, where it waits, and in vmk_explore_yield(); not at a load or store,
 *             unless that faults and the kernel lets others in. Who runs while another thread has a spin
 *             lock runs on another CPU, as on a Mac.
 *             Threads of the kernel's own (work loops, thread calls) cannot be ordered: starting one ends
 *             the run with a word about it. A sleep with a limit is over when nobody else can run.
 *             CMocka's assertions belong outside of the threads: inside, vmk_explore_fail().
 */
#ifndef FAULTLINE_EXPLORE_H
#define FAULTLINE_EXPLORE_H

#include "faultline/native.h"

#ifdef __cplusplus
extern "C" {
#endif

enum { VMK_EXPLORE_THREADS_MAX = 8, VMK_EXPLORE_ID_BYTES = 768, VMK_EXPLORE_WHAT_BYTES = 512 };

struct vmk_explore_thread {
    const char *name;
    void (*run)(void *context);
};

struct vmk_explore_test {
    const char *name; /* of one word */
    const struct vmk_explore_thread *threads;
    unsigned thread_count;
    void (*begin)(void *context);        /* before the threads, alone; NULL: nothing to do */
    const char *(*check)(void *context); /* after them: what is wrong, NULL when nothing; or NULL */
    void *context;                       /* of all of them */
    /*
     * Everything outside of simulated memory that more than one thread uses. With it, runs are given up
     * at a state that was seen before; with NULL each is run to its end, which is always right.
     */
    const void *shared;
    size_t shared_bytes;
    const struct faultline_config
        *config;     /* of each world, 16 MiB of RAM if it says none; or NULL */
    int preemptions; /* the bound, 16 at most; 0: two; below 0: none */
    uint64_t limit;  /* orders, before some are drawn; 0: 20000 */
    uint64_t drawn;  /* by PCT, and as many at random; 0: 500 */
    uint64_t seed;   /* 0: 1 */
    /*
     * Only this order; NULL: all, or what the environment's FAULTLINE_SCHEDULE says: NAME:ID for the
     * test of that name.
     */
    const char *schedule;
};

struct vmk_explore_result {
    uint64_t schedules;
    uint64_t cut;    /* of them, given up at a state that was seen before */
    int is_complete; /* every order up to the bound was run */
    unsigned failures;
    char id[VMK_EXPLORE_ID_BYTES];     /* of the first failure, or "" */
    char what[VMK_EXPLORE_WHAT_BYTES]; /* it was */
};

/*
 * Runs the test and prints what came of it. How many different things went wrong: a finding, a panic, a
 * deadlock, a lost wakeup, a leak, a broken invariant, a word of the check's or of a thread's; 0: none in
 * any order. *result may be NULL.
 */
unsigned vmk_explore(const struct vmk_explore_test *test, struct vmk_explore_result *result);

/* Inside of a run: this is wrong, and the run ends. Outside of one the process ends. */
#ifdef __GNUC__
__attribute__((noreturn))
#endif
void
vmk_explore_fail(const char *what);

/* Another thread may run here: between two steps of the driver's own that a Mac can be stopped at. */
void vmk_explore_yield(void);

/* ---- for who stands in for the kernel: locks and sleeps that are not the model's ---- */

/* The thread that runs now; -1: no run goes on. */
int vmk_explore_self(void);
/* Whether this process is one of a run's, its threads begun or not. */
int vmk_explore_is_on(void);
/*
 * This thread waits until `object` is woken: 1. With a limit, 0 when nobody else can run. `holder`: the
 * thread that has what it waits for, -1 when nobody knows.
 */
int vmk_explore_wait(const void *object, int holder, int is_limited);
void vmk_explore_wake(const void *object);

#ifdef __cplusplus
}
#endif
#endif

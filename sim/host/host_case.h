/*
 * host_case.h - one case of a calibration, once
 *
 * PURPOSE     What calibrate.h lists, done by this host's own kernel and timed.
 * INVARIANTS  none
 * UNITS       nanoseconds of this thread's CPU time; of an access for a chain
 * OWNERSHIP   a bench owns the memory of its chains; what a case maps is unmapped again
 * ERRORS      ns < 0: this host cannot
 * EVENTS      none
 * XNU         none
 */
#ifndef HOST_HOST_CASE_H
#define HOST_HOST_CASE_H

#include "base/rng.h"
#include "core/calibrate.h"

struct host_bench {
    struct vmm_rng rng;
    volatile char *pool; /* pages for chains; a fork does not see them. NULL: there was no memory */
};

struct host_time {
    double ns;
    double rest;       /* a fork without the pages; a chain's lines side by side; else 0 */
    bool is_disturbed; /* something else ran in between */
};

/* Puts a list into an order of chance. */
void host_shuffle(struct vmm_rng *rng, size_t *order, size_t count);

/* Takes memory for the chains; `seed` orders them. */
void host_bench_init(struct host_bench *bench, uint64_t seed);
void host_bench_destroy(struct host_bench *bench);

/* Does one case once; ns < 0: this host cannot, or has no memory for it. */
struct host_time host_case_time(struct host_bench *bench, const struct calibrate_case *one);

#endif

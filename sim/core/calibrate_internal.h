/*
 * calibrate_internal.h - what the fit asks of a case
 *
 * PURPOSE     A case's cost in the model's items; the fit knows no verbs.
 * INVARIANTS  none
 * UNITS       those of cost.h
 * OWNERSHIP   none
 * ERRORS      false: memory ran out
 * EVENTS      those of the worlds it runs
 * XNU         none
 */
#ifndef CORE_CALIBRATE_INTERNAL_H
#define CORE_CALIBRATE_INTERNAL_H

#include "calibrate.h"

struct calibrate_cost {
    struct cost_sum sum;
    uint64_t made, far_lines, shared_lines; /* what the model has no item for */
};

/* How much of each item a case takes on a machine, in a world of its own. */
bool calibrate_case_cost(const struct vmm_alloc *alloc, const struct machine *machine,
                         const struct calibrate_case *one, uint64_t near_bytes,
                         struct calibrate_cost *cost);

/* What its measurement is divided by: 1, or the accesses of a chain. */
uint32_t calibrate_case_accesses(const struct calibrate_case *one);

/* ---- the reach of the TLBs (calibrate_reach.c) ---- */

/* Of one access of a chain. */
struct calibrate_misses {
    double first; /* found in the second level, or not at all */
    double both;
};

struct calibrate_reach {
    struct calibrate_level first, second;
    uint64_t less;  /* entries of the second level while others have the most of it .. */
    double is_less; /* .. and how much of the time they do */
};

/* What fits the fitted chains best; as the machine has it where there are none. */
bool calibrate_find_reach(const struct vmm_alloc *alloc, const struct machine *machine,
                          const struct calibrate_case *cases, size_t count,
                          struct calibrate_reach *reach);

bool calibrate_chain_misses(const struct vmm_alloc *alloc, const struct machine *machine,
                            const struct calibrate_reach *reach, const struct calibrate_case *one,
                            struct calibrate_misses *misses);

#endif

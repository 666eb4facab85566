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

/* How much of each item a case takes on a machine, in a world of its own. */
bool calibrate_case_cost(const struct vmm_alloc *alloc, const struct machine *machine,
                         const struct calibrate_case *one, struct cost_sum *sum);

/* What its measurement is divided by: 1, or the accesses of a chain. */
uint32_t calibrate_case_accesses(const struct calibrate_case *one);

#endif

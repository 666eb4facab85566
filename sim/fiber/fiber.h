/*
 * fiber.h - stacks of their own, for simulated threads
 *
 * PURPOSE     The one place where a stack is switched. sim/core says when (scn_threads.h).
 * INVARIANTS  B1  a fiber is ended after its body returned
 * UNITS       none
 * OWNERSHIP   a set owns its stacks and keeps them for the next run; one host thread uses it at a time
 * ERRORS      make() answers false when no stack can be had
 * EVENTS      none
 * XNU         osfmk/x86_64/cswitch.s plays this part
 */
#ifndef FIBER_FIBER_H
#define FIBER_FIBER_H

#include "core/scn_threads.h"

/* NULL: no memory. */
struct scn_fibers *fiber_set_create(void);
void fiber_set_destroy(struct scn_fibers *fibers);

#endif

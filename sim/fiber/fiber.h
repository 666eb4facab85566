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

/*
 * One number for all that a paused fiber knows: its stack and registers. 0: cannot be told here (another
 * machine than x86_64, or asan keeps locals elsewhere). Two fibers that know the same may differ in it by
 * what lies unused on their stacks.
 */
uint64_t fiber_digest(struct scn_fibers *fibers, uint32_t index);

#endif

/*
 * small.h - every short sequence of Mach calls on a small system, against the plain model
 *
 * PURPOSE     Two tasks, two CPUs, four pages each: all sequences of calls of a small alphabet, up to
 *             a length, on the real model. Each result is compared with the plain model's
 *             (plain_vm.h); each state that is new is checked whole: every invariant, every byte on
 *             both CPUs, and that nothing is left when all is undone.
 * INVARIANTS  K1  a state is followed once: sequences that lead to equal states share what follows
 *             K2  states that differ by the names of the two tasks, or of the two CPUs, are equal
 * UNITS       depth: calls
 * OWNERSHIP   owns its systems; borrows the allocator
 * ERRORS      SMALL_NO_MEMORY; SMALL_VIOLATION with the sequence and what was wrong
 * EVENTS      none
 * XNU         none
 */
#ifndef SMALL_SMALL_H
#define SMALL_SMALL_H

#include "vmmodel.h"

enum { SMALL_DEPTH_MAX = 8 };

struct small_result {
    uint32_t depth;                       /* that is being worked on, from 1 */
    uint64_t states[SMALL_DEPTH_MAX + 1]; /* new at each depth; [0]: the empty system */
    uint64_t calls;                       /* sequences whose last call was tried */
    uint64_t left;                        /* of this depth */
    char sequence[400];                   /* of the violation, a call a line */
    char what[200];
    char story[4096]; /* the same as a scenario, with what should have come of it last */
};

enum small_outcome { SMALL_MORE, SMALL_FINISHED, SMALL_VIOLATION, SMALL_NO_MEMORY };

struct small;

/*
 * All sequences of up to `depth` calls (at most SMALL_DEPTH_MAX) on a release. NULL: memory ran out;
 * small_destroy() gives it back, NULL is allowed.
 */
struct small *small_create(const struct vmm_alloc *alloc, const struct vm_profile *profile,
                           uint32_t depth);
void small_destroy(struct small *small);

/* Tries every call after one state. */
enum small_outcome small_step(struct small *small);
const struct small_result *small_result(const struct small *small);

/* How many calls the alphabet has. */
size_t small_alphabet(void);

#endif

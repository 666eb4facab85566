/*
 * rng.h - random numbers that are the same everywhere
 *
 * PURPOSE     Random choices are reproducible: same seed, same sequence, on every machine.
 * INVARIANTS  none
 * UNITS       none
 * OWNERSHIP   the caller owns the state
 * ERRORS      none
 * EVENTS      none
 * XNU         none; the generator is splitmix64 (public domain, S. Vigna)
 */
#ifndef BASE_RNG_H
#define BASE_RNG_H

#include "base/types.h"

struct vmm_rng {
    uint64_t state;
};

/* The next 64 random bits. */
uint64_t vmm_rng_next(struct vmm_rng *rng);

/* A number in [0, bound); bound > 0. */
uint64_t vmm_rng_below(struct vmm_rng *rng, uint64_t bound);

#endif

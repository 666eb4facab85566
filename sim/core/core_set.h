/*
 * core_set.h - which digests have been seen
 *
 * PURPOSE     Searches ask millions of times whether a state or a call path is new: an open-addressing
 *             hash set of what is already a good hash.
 * INVARIANTS  S1  what was added is found until the set is cleared
 *             S2  at most half of the slots are taken
 * UNITS       count: digests
 * OWNERSHIP   the set owns its slots; it borrows the allocator
 * ERRORS      is_exhausted stays true once there was no memory to keep a digest
 * EVENTS      none
 * XNU         none
 */
#ifndef CORE_SET_H
#define CORE_SET_H

#include "vmmodel.h"

struct core_set {
    const struct vmm_alloc *alloc;
    uint64_t *slots; /* 0: free; the digest 0 is kept as 1 */
    size_t capacity; /* a power of two, or 0 */
    size_t count;
    bool is_exhausted;
};

/* Makes an empty set; takes nothing yet. */
void core_set_init(struct core_set *set, const struct vmm_alloc *alloc);
/* Gives its slots back; the set is empty then, and may be used again. */
void core_set_destroy(struct core_set *set);

/* Whether the digest was added. */
bool core_set_has(const struct core_set *set, uint64_t digest);

/* Whether the digest is new; it is kept then, unless the set is exhausted. */
bool core_set_add(struct core_set *set, uint64_t digest);

/* Forgets all, and keeps the room. */
void core_set_clear(struct core_set *set);

#endif

/*
 * radix.h - a sparse array of 32-bit values by 64-bit index
 *
 * PURPOSE     The resident pages of an object: dense runs are cheap, huge empty objects cost
 *             nothing.
 * INVARIANTS  R1  a stored value is never 0; 0 is "nothing here"
 *             R2  no node is empty except while an operation runs
 *             R3  count equals the number of stored values
 * UNITS       index: pages into the object, by its owner's choice
 * OWNERSHIP   the radix owns its nodes, which come from the zone given at init
 * ERRORS      vmm_radix_set() returns false when a node could not be had; nothing changed then
 * EVENTS      none
 * XNU         osfmk/vm/vm_resident.c keeps resident pages in a hash by (object, offset).
 *             Differs: per object, so that a walk over a range is a walk in order.
 */
#ifndef BASE_RADIX_H
#define BASE_RADIX_H

#include "base/alloc.h"
#include "base/types.h"

enum { VMM_RADIX_SHIFT = 6, VMM_RADIX_FANOUT = 1 << VMM_RADIX_SHIFT };

struct vmm_radix_node {
    uint32_t used; /* slots in use */
    uint32_t shift;
    union {
        struct vmm_radix_node *child[VMM_RADIX_FANOUT]; /* shift > 0 */
        uint32_t value[VMM_RADIX_FANOUT];               /* shift == 0 */
    } slot;
};

struct vmm_radix {
    struct vmm_zone *zone; /* of struct vmm_radix_node */
    struct vmm_radix_node *root;
    uint64_t count;
};

/* Makes an empty array over a zone of struct vmm_radix_node; takes nothing yet. */
void vmm_radix_init(struct vmm_radix *radix, struct vmm_zone *zone);

/* The value at `index`, or 0. */
uint32_t vmm_radix_get(const struct vmm_radix *radix, uint64_t index);

/* Stores a value other than 0 at `index`; replaces one that is there. False: no node to be had. */
bool vmm_radix_set(struct vmm_radix *radix, uint64_t index, uint32_t value) VMM_MUST_USE;

/* Clears `index` and gives empty nodes back. Returns the value that was there, or 0. */
uint32_t vmm_radix_clear(struct vmm_radix *radix, uint64_t index);

/*
 * Finds the first stored value at or after *index. True: *index and *value tell where and what.
 */
bool vmm_radix_next(const struct vmm_radix *radix, uint64_t *index, uint32_t *value);

/* Gives every node back. */
void vmm_radix_destroy(struct vmm_radix *radix);

#endif

/*
 * radix.h - a sparse array of 32-bit values by 64-bit index
 *
 * PURPOSE     The resident pages of an object: dense runs are cheap, huge empty objects cost
 *             nothing.
 * INVARIANTS  R1  a stored value is never 0; 0 is "nothing here"
 *             R2  no node is empty except while an operation runs
 *             R3  count equals the number of stored values
 *             R4  a leaf stays where it is while it holds a value
 *             R5  values of a leaf that follow each other as their indices do take no room; clearing
 *                 one never needs any
 * UNITS       index: pages into the object, by its owner's choice
 * OWNERSHIP   the radix owns its nodes, which come from the store given at init
 * ERRORS      vmm_radix_set() returns false when a node could not be had; nothing changed then
 * EVENTS      none
 * XNU         osfmk/vm/vm_resident.c keeps resident pages in a hash by (object, offset).
 *             Differs: per object, so that a walk over a range is a walk in order.
 */
#ifndef BASE_RADIX_H
#define BASE_RADIX_H

#include "base/alloc.h"
#include "base/pool.h"
#include "base/types.h"

enum { VMM_RADIX_SHIFT = 6, VMM_RADIX_FANOUT = 1 << VMM_RADIX_SHIFT };

/* What leaves and the nodes above them begin with. */
struct vmm_radix_head {
    uint16_t used;   /* slots in use */
    uint16_t shift;  /* 0: a leaf */
    uint32_t number; /* of a leaf, in its pool */
};

struct vmm_radix_node {
    struct vmm_radix_head head;
    struct vmm_radix_head *child[VMM_RADIX_FANOUT];
};

struct vmm_radix_leaf {
    struct vmm_radix_head head;
    struct vmm_radix *radix; /* whose it is */
    uint64_t first;          /* the index of its slot 0 */
    uint64_t held;           /* a bit for each slot in use */
    uint32_t base;           /* the value of slot n is base + n, ... */
    uint32_t values;         /* ... unless this is not 0: the number of who has them all */
};

/* Where radixes get their nodes; several share one. */
struct vmm_radix_store {
    struct vmm_zone nodes;
    struct vmm_pool leaves;
    struct vmm_pool values; /* VMM_RADIX_FANOUT a piece */
};

struct vmm_radix {
    struct vmm_radix_store *store;
    bool stores_all; /* no value is told from its neighbours: replacing one never needs memory */
    struct vmm_radix_head *root;
    struct vmm_radix_leaf *last; /* the leaf that was stored into last, or NULL */
    uint64_t count;
};

/* Makes an empty store; takes nothing yet. Destroying it leaves its radixes without their nodes. */
void vmm_radix_store_init(struct vmm_radix_store *store, const struct vmm_alloc *alloc);
void vmm_radix_store_destroy(struct vmm_radix_store *store);

/* Makes an empty array that gets its nodes from a store; takes nothing yet. It stays where it is. */
void vmm_radix_init(struct vmm_radix *radix, struct vmm_radix_store *store);

/* The same, of which a value can always be replaced: all are stored. */
void vmm_radix_init_stored(struct vmm_radix *radix, struct vmm_radix_store *store);

/* The leaf that holds `index`, or NULL. */
struct vmm_radix_leaf *vmm_radix_leaf(const struct vmm_radix *radix, uint64_t index);

static inline bool
vmm_radix_holds(const struct vmm_radix_leaf *leaf, uint32_t slot)
{
    return (leaf->held >> slot & 1) != 0;
}

/* The values of a leaf that stores them. */
static inline uint32_t *
vmm_radix_values(const struct vmm_radix_leaf *leaf)
{
    return vmm_pool_at(&leaf->radix->store->values, leaf->values);
}

static inline uint32_t
vmm_radix_value(const struct vmm_radix_leaf *leaf, uint32_t slot)
{
    if (!vmm_radix_holds(leaf, slot))
        return 0;
    return leaf->values == 0 ? leaf->base + slot : vmm_radix_values(leaf)[slot];
}

/* The value at `index`, or 0. Most of who asks is near what was stored last. */
static inline uint32_t
vmm_radix_get(const struct vmm_radix *radix, uint64_t index)
{
    const struct vmm_radix_leaf *leaf = radix->last;

    if (leaf == NULL || (index ^ leaf->first) >= VMM_RADIX_FANOUT)
        leaf = vmm_radix_leaf(radix, index);
    return leaf == NULL ? 0 : vmm_radix_value(leaf, index & (VMM_RADIX_FANOUT - 1));
}

/* Stores a value other than 0 at `index`; replaces one that is there. False: no memory. */
bool vmm_radix_set(struct vmm_radix *radix, uint64_t index, uint32_t value) VMM_MUST_USE;

/* The same; the leaf that holds it from then on, or NULL. */
struct vmm_radix_leaf *vmm_radix_put(struct vmm_radix *radix, uint64_t index,
                                     uint32_t value) VMM_MUST_USE;

/*
 * Stores `count` values from `index` on, all in one leaf and where nothing is yet; that leaf, or NULL.
 */
struct vmm_radix_leaf *vmm_radix_put_run(struct vmm_radix *radix, uint64_t index,
                                         const uint32_t *values, uint32_t count) VMM_MUST_USE;

/* For how many indices from `index` on, at most `count`, there is a value, or there is none. */
uint32_t vmm_radix_held(const struct vmm_radix *radix, uint64_t index, uint32_t count);
uint32_t vmm_radix_vacant(const struct vmm_radix *radix, uint64_t index, uint32_t count);

/*
 * How many values from `index` on, at most `count`, follow each other as numbers do. 0: there is none at
 * `index`.
 */
uint32_t vmm_radix_row(const struct vmm_radix *radix, uint64_t index, uint32_t count);

/*
 * Where a value stands, in 32 bits: the leaf's number and the slot in it. It holds until the value is
 * cleared.
 */
static inline uint32_t
vmm_radix_place(const struct vmm_radix_leaf *leaf, uint64_t index)
{
    return leaf->head.number << VMM_RADIX_SHIFT | (uint32_t)(index & (VMM_RADIX_FANOUT - 1));
}

static inline struct vmm_radix_leaf *
vmm_radix_at(const struct vmm_radix_store *store, uint32_t place)
{
    return vmm_pool_at(&store->leaves, place >> VMM_RADIX_SHIFT);
}

/* Clears `index` and gives empty nodes back. Returns the value that was there, or 0. */
uint32_t vmm_radix_clear(struct vmm_radix *radix, uint64_t index);

/*
 * Finds the first stored value at or after *index. True: *index and *value tell where and what.
 */
bool vmm_radix_next(const struct vmm_radix *radix, uint64_t *index, uint32_t *value);

/* Each holds what the other did from now on; places stay what they are. */
void vmm_radix_exchange(struct vmm_radix *a, struct vmm_radix *b);

/* Gives every node back. */
void vmm_radix_destroy(struct vmm_radix *radix);

#endif

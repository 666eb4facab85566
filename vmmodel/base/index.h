/*
 * index.h - the member with the largest key that is not above a given one, in few steps
 *
 * PURPOSE     A tree of wide nodes over 64-bit keys: a step asks for all lines of a node at once, so that it
 *             waits as long as for one, where a binary tree would wait six times.
 *             The owner keeps the members in order by itself (a list) and can do without the index.
 * INVARIANTS  X1  keys strictly increase; a node's key for a child is the child's first key
 *             X2  all leaves are on one level, and no node is empty
 *             X3  count is the number of members
 * UNITS       key: whatever the owner compares; vm_map uses start addresses in bytes
 * OWNERSHIP   the index owns its nodes, which come from the zone given at init, and no member
 * ERRORS      false from insert when a node could not be had; nothing changed then
 * EVENTS      none
 * XNU         none: osfmk/vm/vm_map_store_rb.c keeps entries in a red-black tree. The order is the same.
 */
#ifndef BASE_INDEX_H
#define BASE_INDEX_H

#include "base/alloc.h"
#include "base/types.h"

enum { VMM_INDEX_BITS = 6, VMM_INDEX_WIDTH = (1 << VMM_INDEX_BITS) - 1 };

/* Keys and their number in one half, what they stand for in the other. */
struct vmm_index_node {
    _Alignas(64) uint64_t key[VMM_INDEX_WIDTH]; /* behind `used`: all bits set */
    uint32_t used;
    uint32_t level; /* 0: at[] are members; else nodes of the level below */
    void *at[VMM_INDEX_WIDTH];
};

_Static_assert(sizeof(struct vmm_index_node) == (8 + sizeof(void *)) << VMM_INDEX_BITS,
               "a node is whole lines, and none of them is empty");

struct vmm_index {
    struct vmm_zone *zone; /* of struct vmm_index_node */
    struct vmm_index_node *root;
    size_t count;
};

/* Makes an empty index over a zone of struct vmm_index_node; takes nothing yet. */
void vmm_index_init(struct vmm_index *index, struct vmm_zone *zone);

/* The member with the largest key that is at most `key`, or NULL. */
void *vmm_index_find(const struct vmm_index *index, uint64_t key);

/* Adds a member with a key that none has; UINT64_MAX is no key. */
bool vmm_index_insert(struct vmm_index *index, uint64_t key, void *member) VMM_MUST_USE;

/* Removes the member with exactly this key; false: none has it. */
bool vmm_index_remove(struct vmm_index *index, uint64_t key);

/* Gives every node back. */
void vmm_index_destroy(struct vmm_index *index);

/* Whether X1, X2 and X3 hold. */
bool vmm_index_check(const struct vmm_index *index);

#endif

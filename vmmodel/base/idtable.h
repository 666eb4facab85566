/*
 * idtable.h - handles that can be told stale
 *
 * PURPOSE     The seam gives out numbers, not pointers, so that a driver that uses a released
 *             object gets a finding and not a crash.
 * INVARIANTS  H1  an id names at most one live object, for ever: slots are reused with a new
 *                 generation
 *             H2  id 0 is never given out
 *             H3  the lowest free slot is used first, so ids are the same in every run
 * UNITS       id: generation << 24 | slot + 1
 * OWNERSHIP   the table owns its slots, not the objects
 * ERRORS      0 from vmm_idtable_add() when no slot could be had; NULL from a lookup
 * EVENTS      none
 * XNU         none; in the kext a handle is the I/O Kit object itself
 */
#ifndef BASE_IDTABLE_H
#define BASE_IDTABLE_H

#include "base/alloc.h"
#include "base/types.h"

struct vmm_idtable_slot {
    void *object; /* NULL: free */
    uint32_t generation;
    uint32_t kind;
};

struct vmm_idtable {
    const struct vmm_alloc *alloc;
    struct vmm_idtable_slot *slots;
    size_t capacity;
    size_t live;
    size_t first_free; /* no slot below this one is free */
};

enum vmm_id_state { VMM_ID_LIVE, VMM_ID_STALE, VMM_ID_NEVER };

/* Makes an empty table; takes nothing yet. */
void vmm_idtable_init(struct vmm_idtable *table, const struct vmm_alloc *alloc);

/* A fresh id for `object` of the owner's `kind`, or 0 when the embedder has no memory. */
uint64_t vmm_idtable_add(struct vmm_idtable *table, void *object, uint32_t kind);

/* The live object behind `id` if its kind matches, else NULL. */
void *vmm_idtable_get(const struct vmm_idtable *table, uint64_t id, uint32_t kind);

/* Whether `id` is live, was live once, or never existed. */
enum vmm_id_state vmm_idtable_state(const struct vmm_idtable *table, uint64_t id);

/* The id that slot `slot` < capacity has now, for walking the table; it may be stale. */
uint64_t vmm_idtable_id_at(const struct vmm_idtable *table, size_t slot);

/* The slot + 1 of an id, whatever its generation: a number short enough for an event. */
uint32_t vmm_idtable_number(uint64_t id);

/* Makes `id` stale. The id is live. */
void vmm_idtable_remove(struct vmm_idtable *table, uint64_t id);

/* Gives the slots back; objects still live are the owner's to free. */
void vmm_idtable_destroy(struct vmm_idtable *table);

#endif

/*
 * alloc.h - the embedder's memory, and zones of equal pieces cut from it
 *
 * PURPOSE     The model never calls malloc: all storage comes from the allocator that the embedder
 *             passes, so that a test can fail the n-th request and count what was not given back.
 *             A zone hands out fixed-size pieces and reuses them, as a kernel zone does.
 * INVARIANTS  A1  everything a zone or an owner took is given back at destroy with its exact size
 *             A2  a piece from a zone is zeroed
 * UNITS       size: bytes
 * OWNERSHIP   the embedder owns the allocator and outlives every system made with it
 * ERRORS      NULL when the embedder has nothing to give; nothing else changed
 * EVENTS      none
 * XNU         osfmk/kern/zalloc.h. Differs: no per-CPU caches, no garbage collection.
 */
#ifndef BASE_ALLOC_H
#define BASE_ALLOC_H

#include "base/types.h"

struct vmm_alloc {
    /* Returns `size` bytes aligned to 64, contents undefined, or NULL. size > 0. */
    void *(*take)(void *context, size_t size);
    /* Gives back what take() returned, with the same size. */
    void (*give)(void *context, void *memory, size_t size);
    void *context;
};

/* `count` zeroed pieces of `size` bytes each, or NULL; the product is checked before it wraps. */
void *vmm_take_array(const struct vmm_alloc *alloc, uint64_t count, size_t size);

/* Gives back what vmm_take_array() returned; NULL is allowed. */
void vmm_give_array(const struct vmm_alloc *alloc, void *memory, uint64_t count, size_t size);

struct vmm_zone {
    const struct vmm_alloc *alloc;
    size_t piece_bytes; /* each piece, rounded up to hold a pointer */
    void *free_list;    /* pieces given back, linked through their first word */
    size_t chunk_bytes; /* of the next chunk: each is twice the one before, up to a limit */
    void *chunks;       /* what was taken from the embedder, linked through its head */
    size_t pieces_in_use;
};

/* Makes an empty zone; takes nothing yet. */
void vmm_zone_init(struct vmm_zone *zone, const struct vmm_alloc *alloc, size_t piece_bytes);

/* A zeroed piece, or NULL when the embedder has nothing to give. */
void *vmm_zone_take(struct vmm_zone *zone);

/* Makes sure that the next take succeeds. False: the embedder has nothing to give. */
bool vmm_zone_reserve(struct vmm_zone *zone);

/* Gives a piece back to its zone. */
void vmm_zone_give(struct vmm_zone *zone, void *piece);

/* Gives every chunk back to the embedder, pieces in use included. */
void vmm_zone_destroy(struct vmm_zone *zone);

#endif

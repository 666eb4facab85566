/*
 * pool.h - equal pieces that have a number instead of a place
 *
 * PURPOSE     What there are millions of names its neighbours by number, in half the bytes that a pointer
 *             takes. A piece stays where it is until it is given back.
 * INVARIANTS  N1  a number in use is not 0, below the limit, and nobody else's
 *             N2  a piece that was just taken is zeroed
 * UNITS       numbers count pieces
 * OWNERSHIP   the pool owns the pieces; the embedder owns the allocator
 * ERRORS      0 when the embedder has nothing to give, or the numbers are used up; nothing else changed
 * EVENTS      none
 * XNU         osfmk/vm/vm_page.h VM_PAGE_PACK_PTR names pages in 32 bits in the same spirit
 */
#ifndef BASE_POOL_H
#define BASE_POOL_H

#include "base/alloc.h"

enum { VMM_POOL_SHIFT = 6, VMM_POOL_PIECES = 1 << VMM_POOL_SHIFT /* of one chunk */ };

struct vmm_pool {
    const struct vmm_alloc *alloc;
    uint32_t piece_bytes; /* a multiple of 4, and of what the pieces must be aligned to */
    uint32_t limit;       /* numbers are below it */
    uint32_t fresh;       /* numbers from here up were never taken */
    uint32_t free_list;   /* numbers given back, linked through their first word; 0: none */
    char **chunks;        /* of VMM_POOL_PIECES pieces each */
    uint32_t chunk_count;
    uint32_t chunk_capacity;
    uint32_t pieces_in_use;
};

/* Makes an empty pool; takes nothing yet. */
void vmm_pool_init(struct vmm_pool *pool, const struct vmm_alloc *alloc, uint32_t piece_bytes,
                   uint32_t limit);

/* The number of a zeroed piece, or 0. */
uint32_t vmm_pool_take(struct vmm_pool *pool) VMM_MUST_USE;

/* Gives a piece back. */
void vmm_pool_give(struct vmm_pool *pool, uint32_t number);

/* The piece of a number in use. */
static inline void *
vmm_pool_at(const struct vmm_pool *pool, uint32_t number)
{
    return pool->chunks[number >> VMM_POOL_SHIFT] +
           (size_t)(number & (VMM_POOL_PIECES - 1)) * pool->piece_bytes;
}

/* Gives every chunk back to the embedder, pieces in use included. */
void vmm_pool_destroy(struct vmm_pool *pool);

#endif

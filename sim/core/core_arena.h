/*
 * core_arena.h - memory that is given back all at once
 *
 * PURPOSE     A program, a run and a report each live in one arena: pieces are taken in passing and
 *             nobody frees one, so no error path can leak.
 * INVARIANTS  A1  a piece is zeroed, and aligned for any object
 *             A2  once the embedder gave nothing, is_exhausted stays true
 * UNITS       sizes: bytes
 * OWNERSHIP   the arena owns its chunks; it borrows the allocator
 * ERRORS      NULL when the embedder had nothing to give; what was taken before stays good
 * EVENTS      none
 * XNU         none
 */
#ifndef CORE_ARENA_H
#define CORE_ARENA_H

#include "vmmodel.h"

struct core_chunk;

struct core_arena {
    const struct vmm_alloc *alloc;
    struct core_chunk *chunks; /* newest first; pieces come from the newest */
    size_t next_bytes;         /* how large the next chunk will be */
    bool is_exhausted;
};

/* Makes an empty arena; takes nothing yet. */
void core_arena_init(struct core_arena *arena, const struct vmm_alloc *alloc);

/* Gives back every piece at once. */
void core_arena_destroy(struct core_arena *arena);

/* `size` zeroed bytes, or `count` zeroed pieces of `size` bytes; never NULL for 0 bytes. */
void *core_arena_take(struct core_arena *arena, size_t size);
void *core_arena_array(struct core_arena *arena, size_t count, size_t size);

/* A terminated copy of `length` bytes. */
char *core_arena_copy(struct core_arena *arena, const char *bytes, size_t length);

#endif

/*
 * core_arena.c - chunks that double in size, pieces cut from the newest
 */
#include "core_arena.h"

#include <string.h>

enum { ARENA_ALIGN = 16, ARENA_FIRST = 4096, ARENA_LARGEST = 256 * 1024 };

struct core_chunk {
    struct core_chunk *next;
    size_t bytes; /* of the whole chunk, as the embedder gave it */
    size_t used;
};

void
core_arena_init(struct core_arena *arena, const struct vmm_alloc *alloc)
{
    *arena = (struct core_arena){ .alloc = alloc, .next_bytes = ARENA_FIRST };
}

void
core_arena_destroy(struct core_arena *arena)
{
    const struct vmm_alloc *alloc = arena->alloc;
    struct core_chunk *chunk = arena->chunks; /* the arena itself may live in a chunk */

    while (chunk != NULL) {
        struct core_chunk *next = chunk->next;

        alloc->give(alloc->context, chunk, chunk->bytes);
        chunk = next;
    }
}

static size_t
arena_round(size_t size)
{
    return (size + ARENA_ALIGN - 1) & ~(size_t)(ARENA_ALIGN - 1);
}

static bool
arena_grow(struct core_arena *arena, size_t size)
{
    size_t head = arena_round(sizeof(struct core_chunk));
    size_t bytes = arena->next_bytes;
    struct core_chunk *chunk;

    if (size > bytes - head)
        bytes = head + size;
    chunk = arena->alloc->take(arena->alloc->context, bytes);
    if (chunk == NULL)
        return false;
    *chunk = (struct core_chunk){ .next = arena->chunks, .bytes = bytes, .used = head };
    arena->chunks = chunk;
    if (arena->next_bytes < ARENA_LARGEST)
        arena->next_bytes *= 2;
    return true;
}

void *
core_arena_take(struct core_arena *arena, size_t size)
{
    size_t rounded = arena_round(size > 0 ? size : 1);
    struct core_chunk *chunk = arena->chunks;
    void *piece;

    if (arena->is_exhausted || rounded < size || rounded > SIZE_MAX / 2)
        arena->is_exhausted = true;
    else if (chunk == NULL || rounded > chunk->bytes - chunk->used)
        arena->is_exhausted = !arena_grow(arena, rounded);
    if (arena->is_exhausted)
        return NULL;

    chunk = arena->chunks;
    piece = (char *)chunk + chunk->used;
    chunk->used += rounded;
    memset(piece, 0, rounded);
    return piece;
}

void *
core_arena_array(struct core_arena *arena, size_t count, size_t size)
{
    if (size != 0 && count > SIZE_MAX / size) {
        arena->is_exhausted = true;
        return NULL;
    }
    return core_arena_take(arena, count * size);
}

char *
core_arena_copy(struct core_arena *arena, const char *bytes, size_t length)
{
    char *copy = core_arena_take(arena, length + 1);

    if (copy != NULL)
        memcpy(copy, bytes, length);
    return copy;
}

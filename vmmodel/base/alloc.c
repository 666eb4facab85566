/* alloc.c - see alloc.h */
#include "base/alloc.h"

#include <string.h>

#include "base/assert.h"

/* A small system shall be small, and a large one shall ask seldom. */
enum {
    VMM_ZONE_FIRST_CHUNK_BYTES = 1024,
    VMM_ZONE_CHUNK_BYTES = 16384,
    VMM_ZONE_LEAST_PIECES = 4 /* of one chunk, however large they are */
};

void *
vmm_take_array(const struct vmm_alloc *alloc, uint64_t count, size_t size)
{
    void *memory;

    if (count == 0 || size == 0 || count > SIZE_MAX / size)
        return NULL;
    memory = alloc->take(alloc->context, (size_t)count * size);
    if (memory != NULL)
        memset(memory, 0, (size_t)count * size);
    return memory;
}

void
vmm_give_array(const struct vmm_alloc *alloc, void *memory, uint64_t count, size_t size)
{
    if (memory != NULL)
        alloc->give(alloc->context, memory, (size_t)count * size);
}

/* The head of a chunk; pieces follow. */
struct vmm_zone_chunk {
    struct vmm_zone_chunk *next;
    size_t bytes;
};

enum { VMM_ZONE_HEAD_BYTES = 64 }; /* keeps pieces aligned */

_Static_assert(sizeof(struct vmm_zone_chunk) <= VMM_ZONE_HEAD_BYTES, "a chunk's head has outgrown");

void
vmm_zone_init(struct vmm_zone *zone, const struct vmm_alloc *alloc, size_t piece_bytes)
{
    size_t rounded = (piece_bytes + sizeof(void *) - 1) & ~(sizeof(void *) - 1);

    *zone = (struct vmm_zone){ .alloc = alloc,
                               .piece_bytes = rounded,
                               .chunk_bytes = VMM_ZONE_FIRST_CHUNK_BYTES };
}

static void
vmm_zone_push(struct vmm_zone *zone, void *piece)
{
    memcpy(piece, &zone->free_list, sizeof(zone->free_list));
    zone->free_list = piece;
}

/* Takes a chunk from the embedder and cuts it, so that pieces come out in order of address. */
static bool
vmm_zone_grow(struct vmm_zone *zone)
{
    size_t pieces = (zone->chunk_bytes - VMM_ZONE_HEAD_BYTES) / zone->piece_bytes;
    size_t bytes;
    struct vmm_zone_chunk *chunk;

    pieces = pieces < VMM_ZONE_LEAST_PIECES ? VMM_ZONE_LEAST_PIECES : pieces;
    bytes = VMM_ZONE_HEAD_BYTES + pieces * zone->piece_bytes;
    chunk = zone->alloc->take(zone->alloc->context, bytes);
    if (chunk == NULL)
        return false;
    *chunk = (struct vmm_zone_chunk){ zone->chunks, bytes };
    zone->chunks = chunk;
    if (zone->chunk_bytes < VMM_ZONE_CHUNK_BYTES)
        zone->chunk_bytes *= 2;
    while (pieces-- > 0)
        vmm_zone_push(zone, (char *)chunk + VMM_ZONE_HEAD_BYTES + pieces * zone->piece_bytes);
    return true;
}

bool
vmm_zone_reserve(struct vmm_zone *zone)
{
    return zone->free_list != NULL || vmm_zone_grow(zone);
}

void *
vmm_zone_take(struct vmm_zone *zone)
{
    void *piece;

    if (!vmm_zone_reserve(zone))
        return NULL;
    piece = zone->free_list;
    memcpy(&zone->free_list, piece, sizeof(zone->free_list));
    zone->pieces_in_use++;
    memset(piece, 0, zone->piece_bytes); /* A2 */
    return piece;
}

void
vmm_zone_give(struct vmm_zone *zone, void *piece)
{
    VMM_ASSERT(zone->pieces_in_use > 0);
    zone->pieces_in_use--;
    vmm_zone_push(zone, piece);
}

void
vmm_zone_destroy(struct vmm_zone *zone)
{
    struct vmm_zone_chunk *chunk = zone->chunks;

    while (chunk != NULL) {
        struct vmm_zone_chunk *next = chunk->next;

        zone->alloc->give(zone->alloc->context, chunk, chunk->bytes);
        chunk = next;
    }
    zone->chunks = NULL;
    zone->chunk_bytes = VMM_ZONE_FIRST_CHUNK_BYTES;
    zone->free_list = NULL;
    zone->pieces_in_use = 0;
}

/* pool.c - see pool.h */
#include "base/pool.h"

#include <string.h>

#include "base/assert.h"

enum { VMM_POOL_FIRST = 8 }; /* chunks that the first table has room for */

void
vmm_pool_init(struct vmm_pool *pool, const struct vmm_alloc *alloc, uint32_t piece_bytes,
              uint32_t limit)
{
    VMM_ASSERT(piece_bytes >= sizeof(uint32_t) && piece_bytes % sizeof(uint32_t) == 0);
    *pool =
        (struct vmm_pool){ .alloc = alloc, .piece_bytes = piece_bytes, .limit = limit, .fresh = 1 };
}

static size_t
vmm_pool_chunk_bytes(const struct vmm_pool *pool)
{
    return (size_t)VMM_POOL_PIECES * pool->piece_bytes;
}

/* Room in the table for one more chunk. */
static bool
vmm_pool_grow_table(struct vmm_pool *pool)
{
    uint32_t capacity = pool->chunk_capacity == 0 ? VMM_POOL_FIRST : pool->chunk_capacity * 2;
    char **chunks;

    if (pool->chunk_count < pool->chunk_capacity)
        return true;
    chunks = vmm_take_array(pool->alloc, capacity, sizeof(*chunks));
    if (chunks == NULL)
        return false;
    if (pool->chunk_count > 0)
        memcpy(chunks, pool->chunks, pool->chunk_count * sizeof(*chunks));
    vmm_give_array(pool->alloc, pool->chunks, pool->chunk_capacity, sizeof(*chunks));
    pool->chunks = chunks;
    pool->chunk_capacity = capacity;
    return true;
}

/* Makes sure that the piece of the first fresh number is there. */
static bool
vmm_pool_grow(struct vmm_pool *pool)
{
    char *chunk;

    if (pool->fresh == pool->limit)
        return false;
    if (pool->fresh >> VMM_POOL_SHIFT < pool->chunk_count)
        return true;
    if (!vmm_pool_grow_table(pool))
        return false;
    chunk = pool->alloc->take(pool->alloc->context, vmm_pool_chunk_bytes(pool));
    if (chunk == NULL)
        return false;
    pool->chunks[pool->chunk_count++] = chunk;
    return true;
}

uint32_t
vmm_pool_take(struct vmm_pool *pool)
{
    uint32_t number = pool->free_list;

    if (number != 0)
        memcpy(&pool->free_list, vmm_pool_at(pool, number), sizeof(pool->free_list));
    else if (vmm_pool_grow(pool))
        number = pool->fresh++;
    else
        return 0;
    pool->pieces_in_use++;
    memset(vmm_pool_at(pool, number), 0, pool->piece_bytes); /* N2 */
    return number;
}

void
vmm_pool_give(struct vmm_pool *pool, uint32_t number)
{
    VMM_ASSERT(number != 0 && number < pool->fresh && pool->pieces_in_use > 0);
    memcpy(vmm_pool_at(pool, number), &pool->free_list, sizeof(pool->free_list));
    pool->free_list = number;
    pool->pieces_in_use--;
}

void
vmm_pool_destroy(struct vmm_pool *pool)
{
    for (uint32_t i = 0; i < pool->chunk_count; i++)
        pool->alloc->give(pool->alloc->context, pool->chunks[i], vmm_pool_chunk_bytes(pool));
    vmm_give_array(pool->alloc, pool->chunks, pool->chunk_capacity, sizeof(*pool->chunks));
    vmm_pool_init(pool, pool->alloc, pool->piece_bytes, pool->limit);
}

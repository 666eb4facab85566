/* hw_walk_cache.c - see hw_walk_cache.h */
#include "hw/hw_walk_cache.h"

#include <string.h>

bool
hw_walk_cache_init(struct hw_walk_cache *cache, const struct vmm_alloc *alloc,
                   const struct hw_geometry *geometry)
{
    bool is_whole = true;

    *cache = (struct hw_walk_cache){ .geometry = geometry };
    for (uint32_t level = 1; level < geometry->levels; level++) {
        uint32_t entries = geometry->walk_entries[level];

        if (entries != 0)
            cache->tags[level] = vmm_take_array(alloc, entries, sizeof(uint64_t));
        is_whole &= entries == 0 || cache->tags[level] != NULL;
        cache->remembers |= entries != 0;
    }
    if (!is_whole)
        hw_walk_cache_destroy(cache, alloc);
    return is_whole;
}

void
hw_walk_cache_destroy(struct hw_walk_cache *cache, const struct vmm_alloc *alloc)
{
    for (uint32_t level = 1; level < HW_MAX_LEVELS; level++) {
        vmm_give_array(alloc, cache->tags[level],
                       cache->tags[level] == NULL ? 0 : cache->geometry->walk_entries[level],
                       sizeof(uint64_t));
        cache->tags[level] = NULL;
    }
}

/* Moves the tag to the front, where it stands from now on; says whether it was there. */
static bool
hw_walk_cache_touch(uint64_t *tags, uint32_t entries, uint64_t tag)
{
    uint32_t at = 0;
    bool is_there;

    while (at + 1 < entries && tags[at] != tag)
        at++;
    is_there = tags[at] == tag;
    for (; at > 0; at--)
        tags[at] = tags[at - 1];
    tags[0] = tag;
    return is_there;
}

uint32_t
hw_walk_cache_use(struct hw_walk_cache *cache, const struct hw_geometry *space, uint64_t vpn,
                  uint32_t asid, uint32_t levels)
{
    uint32_t above = space->levels - cache->geometry->levels; /* levels that nothing is kept of */
    uint32_t known = 0; /* the deepest table whose address was remembered; the root's always is */

    for (uint32_t level = 1 + above; level < levels; level++) {
        uint64_t table = vpn >> (space->levels - level) * space->index_bits;
        uint64_t tag = (uint64_t)1 << 63 | table << 16 | (asid & 0xffffu);
        uint32_t at = level - above;

        if (cache->tags[at] != NULL &&
            hw_walk_cache_touch(cache->tags[at], cache->geometry->walk_entries[at], tag))
            known = level;
    }
    return levels - known;
}

void
hw_walk_cache_flush_asid(struct hw_walk_cache *cache, uint32_t asid)
{
    for (uint32_t level = 1; cache->remembers && level < cache->geometry->levels; level++) {
        uint32_t entries = cache->tags[level] == NULL ? 0 : cache->geometry->walk_entries[level];

        for (uint32_t i = 0; i < entries; i++) {
            if ((cache->tags[level][i] & 0xffffu) == (asid & 0xffffu))
                cache->tags[level][i] = 0;
        }
    }
}

void
hw_walk_cache_flush_all(struct hw_walk_cache *cache)
{
    for (uint32_t level = 1; cache->remembers && level < cache->geometry->levels; level++) {
        if (cache->tags[level] != NULL)
            memset(cache->tags[level], 0,
                   cache->geometry->walk_entries[level] * sizeof(*cache->tags[level]));
    }
}

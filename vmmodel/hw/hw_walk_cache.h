/*
 * hw_walk_cache.h - which tables one CPU's walker remembers
 *
 * PURPOSE     A walk does not begin at the root when the walker knows the address of a table further
 *             down. It tells how many words a walk reads, and changes nothing else: what a walk finds
 *             always comes from the tables.
 * INVARIANTS  K1  a walk of n levels reads between 1 and n words
 * UNITS       vpn: virtual page number; level: 0 is the root
 * OWNERSHIP   a CPU owns its cache; storage comes from the machine's allocator
 * ERRORS      false from init when storage could not be had
 * EVENTS      none
 * XNU         none (hardware: Intel's paging-structure caches and their like)
 */
#ifndef HW_HW_WALK_CACHE_H
#define HW_HW_WALK_CACHE_H

#include "base/alloc.h"
#include "hw/hw_geometry.h"

struct hw_walk_cache {
    const struct hw_geometry *geometry;
    bool remembers;                /* any level has entries */
    uint64_t *tags[HW_MAX_LEVELS]; /* [walk_entries], most recently used first; 0: empty */
};

bool hw_walk_cache_init(struct hw_walk_cache *cache, const struct vmm_alloc *alloc,
                        const struct hw_geometry *geometry) VMM_MUST_USE;
void hw_walk_cache_destroy(struct hw_walk_cache *cache, const struct vmm_alloc *alloc);

/* hw_walk_cache_reads() of a cache that remembers anything. */
uint32_t hw_walk_cache_use(struct hw_walk_cache *cache, const struct hw_geometry *space,
                           uint64_t vpn, uint32_t asid, uint32_t levels);

/*
 * The words that a walk reads which would read `levels` of them from the root; remembers its way. In a
 * space with more levels than the machine's own, the tables are remembered that are as far from the
 * leaves.
 */
static inline uint32_t
hw_walk_cache_reads(struct hw_walk_cache *cache, const struct hw_geometry *space, uint64_t vpn,
                    uint32_t asid, uint32_t levels)
{
    return cache->remembers ? hw_walk_cache_use(cache, space, vpn, asid, levels) : levels;
}

/* Forgets one address space, or everything. */
void hw_walk_cache_flush_asid(struct hw_walk_cache *cache, uint32_t asid);
void hw_walk_cache_flush_all(struct hw_walk_cache *cache);

#endif

/*
 * hw_tlb.h - what one CPU remembers of the page tables
 *
 * PURPOSE     A set-associative TLB of two levels with true LRU. It is allowed to be stale; keeping
 *             it honest is pmap's work.
 * INVARIANTS  T1  a tag stands at most once in a set
 *             T2  a translation in L1 also went through L2 when it was filled (no inclusion later)
 *             T3  empty ways stand behind the full ones, so that they are filled first
 *             T4  the filter has the bit of every address space that is remembered
 * UNITS       vpn: virtual page number (va >> page_shift, VA bits only); asid: 0 is the kernel's
 * OWNERSHIP   a CPU owns its TLB; storage comes from the machine's allocator
 * ERRORS      false from init when storage could not be had
 * EVENTS      none; hits and misses are counted, not announced
 * XNU         none (hardware)
 */
#ifndef HW_HW_TLB_H
#define HW_HW_TLB_H

#include "base/alloc.h"
#include "hw/hw_geometry.h"

/* One level. Ways of a set stand next to each other, most recently used first. */
struct hw_tlb_level {
    uint32_t sets;
    uint32_t ways;
    uint64_t *tags; /* [sets * ways]; 0: empty */
    uint64_t *ptes; /* same shape */
};

struct hw_tlb {
    struct hw_tlb_level l1;
    struct hw_tlb_level l2;
    uint64_t asid_filter; /* bit asid % 64; spares a flush the look at every way */
    uint64_t l1_hits;
    uint64_t l2_hits;
    uint64_t misses;
};

/* A tag is never 0: bit 63 says "in use". */
static inline uint64_t
hw_tlb_tag(uint64_t vpn, uint32_t asid)
{
    return ((uint64_t)1 << 63) | (vpn << 16) | (asid & 0xffffu);
}

bool hw_tlb_init(struct hw_tlb *tlb, const struct vmm_alloc *alloc,
                 const struct hw_geometry *geometry) VMM_MUST_USE;
void hw_tlb_destroy(struct hw_tlb *tlb, const struct vmm_alloc *alloc);

/* The first way of the set for `vpn`. */
static inline size_t
hw_tlb_set(const struct hw_tlb_level *level, uint64_t vpn)
{
    return (size_t)(vpn & (level->sets - 1)) * level->ways;
}

/* hw_tlb_lookup() past the front of the L1 set. */
uint64_t hw_tlb_lookup_further(struct hw_tlb *tlb, uint64_t vpn, uint64_t tag);

/*
 * The PTE remembered for (vpn, asid), made most recently used; an L2 hit moves it into L1 too.
 * Returns 0 on a miss. Counts. What was used last is found without a call.
 */
static inline uint64_t
hw_tlb_lookup(struct hw_tlb *tlb, uint64_t vpn, uint32_t asid)
{
    uint64_t tag = hw_tlb_tag(vpn, asid);
    size_t front = hw_tlb_set(&tlb->l1, vpn);

    if (tlb->l1.tags[front] != tag)
        return hw_tlb_lookup_further(tlb, vpn, tag);
    tlb->l1_hits++;
    return tlb->l1.ptes[front];
}

/* Remembers a translation in both levels; the least recently used way makes room. */
void hw_tlb_fill(struct hw_tlb *tlb, uint64_t vpn, uint32_t asid, uint64_t pte);

/* Forgets one page. */
void hw_tlb_flush_page(struct hw_tlb *tlb, uint64_t vpn, uint32_t asid);

/* Forgets everything of one address space. */
void hw_tlb_flush_asid(struct hw_tlb *tlb, uint32_t asid);

/* Forgets everything. */
void hw_tlb_flush_all(struct hw_tlb *tlb);

/* Looks without counting and without touching recency; 0: not there. For checks and displays. */
uint64_t hw_tlb_peek(const struct hw_tlb *tlb, uint64_t vpn, uint32_t asid);

/*
 * Calls `see` for every remembered translation of both levels. For checks (vm.md I18).
 */
void hw_tlb_each(const struct hw_tlb *tlb,
                 void (*see)(void *context, uint64_t vpn, uint32_t asid, uint64_t pte),
                 void *context);

#endif

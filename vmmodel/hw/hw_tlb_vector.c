/* hw_tlb_vector.c - see hw_tlb_vector.h; where there are no vectors nobody calls it, and it does nothing */
#include "hw/hw_tlb_vector.h"

#include "hw/hw_tlb_lanes.h"

#ifdef HW_LANES_TARGET

bool
hw_host_has_vectors(void)
{
    return hw_lanes_serve();
}

bool
hw_tlb_vector_serves(const struct hw_tlb *tlb)
{
    return tlb->replacement == HW_REPLACE_LRU && tlb->l1.ways % HW_LANES == 0 &&
           tlb->l1i.ways % HW_LANES == 0 && tlb->l2.ways % HW_LANES == 0 &&
           tlb->l2i.ways % HW_LANES == 0 && hw_host_has_vectors();
}

/* ---- one level ---- */

HW_LANES_TARGET static inline uint64_t
hw_vector_level_lookup(struct hw_tlb_level *level, uint64_t vpn, uint64_t tag)
{
    size_t set = hw_tlb_set(level, vpn);
    uint32_t way = hw_vector_find(level, set, tag);
    uint64_t pte;

    if (way == level->ways)
        return 0;
    pte = level->ptes[set + way];
    hw_vector_put(level, set, way, tag, pte);
    return pte;
}

/* A tag that is not there takes the last way (T3). `is_new`: it is known not to be there. */
HW_LANES_TARGET static inline void
hw_vector_level_fill(struct hw_tlb_level *level, uint64_t vpn, uint64_t tag, uint64_t pte,
                     bool is_new)
{
    size_t set = hw_tlb_set(level, vpn);
    uint32_t way = is_new ? level->ways : hw_vector_find(level, set, tag);

    if (way < level->ways)
        hw_vector_put(level, set, way, tag, pte);
    else
        hw_vector_push(level, set, tag, pte);
}

HW_LANES_TARGET static inline uint64_t
hw_packed_level_lookup(struct hw_tlb_level *level, uint64_t vpn, uint64_t tag)
{
    size_t set = hw_tlb_set(level, vpn);
    uint32_t way = hw_packed_find(level, set, tag);
    vmm_ppn frame;

    if (way == level->ways)
        return 0;
    tag = level->tags[set + way];
    frame = level->frames[set + way];
    hw_packed_put(level, set, way, tag, frame);
    return hw_tlb_unpack(tag, frame);
}

HW_LANES_TARGET static inline void
hw_packed_level_fill(struct hw_tlb_level *level, uint64_t vpn, uint64_t tag, uint64_t pte,
                     bool is_new)
{
    size_t set = hw_tlb_set(level, vpn);
    uint32_t way = is_new ? level->ways : hw_packed_find(level, set, tag);

    tag |= hw_tlb_pack_rights(pte);
    if (way < level->ways)
        hw_packed_put(level, set, way, tag, hw_pte_ppn(pte));
    else
        hw_packed_push(level, set, tag, hw_pte_ppn(pte));
}

/* ---- the two levels ---- */

HW_LANES_TARGET uint64_t
hw_tlb_vector_lookup(struct hw_tlb *tlb, struct hw_tlb_level *first, uint64_t vpn, uint64_t tag)
{
    struct hw_tlb_level *second = hw_tlb_second(tlb, first);
    uint64_t pte = hw_vector_level_lookup(first, vpn, tag);

    if (pte != 0) {
        tlb->l1_hits++;
        return pte;
    }
    if (second->sets != 0)
        pte = hw_packed_level_lookup(second, vpn, tag);
    if (pte == 0) {
        tlb->misses++;
        return 0;
    }
    tlb->l2_hits++;
    hw_vector_level_fill(first, vpn, tag, pte, true);
    return pte;
}

HW_LANES_TARGET void
hw_tlb_vector_fill(struct hw_tlb *tlb, struct hw_tlb_level *first, uint64_t vpn, uint64_t tag,
                   uint64_t pte, bool is_new)
{
    struct hw_tlb_level *second = hw_tlb_second(tlb, first);

    if (second->sets != 0)
        hw_packed_level_fill(second, vpn, tag, pte, is_new);
    hw_vector_level_fill(first, vpn, tag, pte, is_new);
}

#else

bool
hw_host_has_vectors(void)
{
    return false;
}

bool
hw_tlb_vector_serves(const struct hw_tlb *tlb)
{
    (void)tlb;
    return false;
}

uint64_t
hw_tlb_vector_lookup(struct hw_tlb *tlb, struct hw_tlb_level *first, uint64_t vpn, uint64_t tag)
{
    (void)tlb, (void)first, (void)vpn, (void)tag;
    return 0;
}

void
hw_tlb_vector_fill(struct hw_tlb *tlb, struct hw_tlb_level *first, uint64_t vpn, uint64_t tag,
                   uint64_t pte, bool is_new)
{
    (void)tlb, (void)first, (void)vpn, (void)tag, (void)pte, (void)is_new;
}

#endif

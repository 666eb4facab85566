/* hw_tlb.c - see hw_tlb.h */
#include "hw/hw_tlb.h"

#include <string.h>

static uint32_t
hw_tlb_tag_asid(uint64_t tag)
{
    return (uint32_t)(tag & 0xffffu);
}

static uint64_t
hw_tlb_filter_bit(uint64_t tag)
{
    return (uint64_t)1 << (tag & 63);
}

static size_t
hw_tlb_slots(const struct hw_tlb_level *level)
{
    return (size_t)level->sets * level->ways;
}

static bool
hw_tlb_level_init(struct hw_tlb_level *level, const struct vmm_alloc *alloc,
                  const struct hw_tlb_geometry *geometry)
{
    *level = (struct hw_tlb_level){ .sets = geometry->sets, .ways = geometry->ways };
    level->tags = vmm_take_array(alloc, hw_tlb_slots(level), sizeof(*level->tags));
    level->ptes = vmm_take_array(alloc, hw_tlb_slots(level), sizeof(*level->ptes));
    return level->tags != NULL && level->ptes != NULL;
}

static void
hw_tlb_level_destroy(struct hw_tlb_level *level, const struct vmm_alloc *alloc)
{
    vmm_give_array(alloc, level->tags, hw_tlb_slots(level), sizeof(*level->tags));
    vmm_give_array(alloc, level->ptes, hw_tlb_slots(level), sizeof(*level->ptes));
    level->tags = NULL;
    level->ptes = NULL;
}

bool
hw_tlb_init(struct hw_tlb *tlb, const struct vmm_alloc *alloc, const struct hw_geometry *geometry)
{
    *tlb = (struct hw_tlb){ .l1_hits = 0 };
    if (hw_tlb_level_init(&tlb->l1, alloc, &geometry->l1) &&
        hw_tlb_level_init(&tlb->l2, alloc, &geometry->l2))
        return true;
    hw_tlb_destroy(tlb, alloc);
    return false;
}

void
hw_tlb_destroy(struct hw_tlb *tlb, const struct vmm_alloc *alloc)
{
    hw_tlb_level_destroy(&tlb->l1, alloc);
    hw_tlb_level_destroy(&tlb->l2, alloc);
}

/* Puts a translation in front of its set; the ways up to `way` move back one place. */
static inline void
hw_tlb_to_front(struct hw_tlb_level *level, size_t set, uint32_t way, uint64_t tag, uint64_t pte)
{
    for (; way > 0; way--) {
        level->tags[set + way] = level->tags[set + way - 1];
        level->ptes[set + way] = level->ptes[set + way - 1];
    }
    level->tags[set] = tag;
    level->ptes[set] = pte;
}

/* The remembered PTE, made most recently used, or 0. `first`: the ways before it were asked. */
static inline uint64_t
hw_tlb_level_lookup(struct hw_tlb_level *level, uint64_t vpn, uint64_t tag, uint32_t first)
{
    size_t set = hw_tlb_set(level, vpn);

    for (uint32_t way = first; way < level->ways; way++) {
        if (level->tags[set + way] == tag) {
            uint64_t pte = level->ptes[set + way];

            hw_tlb_to_front(level, set, way, tag, pte);
            return pte;
        }
    }
    return 0;
}

/* Which way holds the tag, or the number of ways. */
static uint32_t
hw_tlb_level_find(const struct hw_tlb_level *level, size_t set, uint64_t tag)
{
    uint32_t way = 0;

    while (way < level->ways && level->tags[set + way] != tag)
        way++;
    return way;
}

/* Remembers a translation; one with the same tag is replaced, else the last way makes room. */
static void
hw_tlb_level_fill(struct hw_tlb_level *level, uint64_t vpn, uint64_t tag, uint64_t pte)
{
    size_t set = hw_tlb_set(level, vpn);
    uint32_t way = hw_tlb_level_find(level, set, tag);

    hw_tlb_to_front(level, set, way == level->ways ? way - 1 : way, tag, pte);
}

uint64_t
hw_tlb_lookup_further(struct hw_tlb *tlb, uint64_t vpn, uint64_t tag)
{
    uint64_t pte = hw_tlb_level_lookup(&tlb->l1, vpn, tag, 1);

    if (pte != 0) {
        tlb->l1_hits++;
        return pte;
    }
    pte = hw_tlb_level_lookup(&tlb->l2, vpn, tag, 0);
    if (pte != 0) {
        tlb->l2_hits++;
        hw_tlb_level_fill(&tlb->l1, vpn, tag, pte);
        return pte;
    }
    tlb->misses++;
    return 0;
}

void
hw_tlb_fill(struct hw_tlb *tlb, uint64_t vpn, uint32_t asid, uint64_t pte)
{
    uint64_t tag = hw_tlb_tag(vpn, asid);

    tlb->asid_filter |= hw_tlb_filter_bit(tag);
    hw_tlb_level_fill(&tlb->l2, vpn, tag, pte);
    hw_tlb_level_fill(&tlb->l1, vpn, tag, pte);
}

/* Empties one way; the ways behind it come one place forward (T3). */
static void
hw_tlb_level_flush_page(struct hw_tlb_level *level, uint64_t vpn, uint64_t tag)
{
    size_t set = hw_tlb_set(level, vpn);
    uint32_t way = hw_tlb_level_find(level, set, tag);

    if (way == level->ways)
        return;
    for (; way + 1 < level->ways; way++) {
        level->tags[set + way] = level->tags[set + way + 1];
        level->ptes[set + way] = level->ptes[set + way + 1];
    }
    level->tags[set + way] = 0;
}

void
hw_tlb_flush_page(struct hw_tlb *tlb, uint64_t vpn, uint32_t asid)
{
    uint64_t tag = hw_tlb_tag(vpn, asid);

    hw_tlb_level_flush_page(&tlb->l1, vpn, tag);
    hw_tlb_level_flush_page(&tlb->l2, vpn, tag);
}

/* Empties the ways of one set that belong to `asid`; returns the filter bits of those that stay. */
static uint64_t
hw_tlb_set_flush_asid(struct hw_tlb_level *level, size_t set, uint32_t asid)
{
    uint64_t filter = 0;
    size_t kept = set;

    for (size_t at = set; at < set + level->ways; at++) {
        uint64_t tag = level->tags[at];

        level->tags[at] = 0;
        if (tag == 0 || hw_tlb_tag_asid(tag) == asid)
            continue;
        level->tags[kept] = tag;
        level->ptes[kept++] = level->ptes[at];
        filter |= hw_tlb_filter_bit(tag);
    }
    return filter;
}

static uint64_t
hw_tlb_level_flush_asid(struct hw_tlb_level *level, uint32_t asid)
{
    uint64_t filter = 0;

    for (size_t set = 0; set < hw_tlb_slots(level); set += level->ways)
        filter |= hw_tlb_set_flush_asid(level, set, asid);
    return filter;
}

void
hw_tlb_flush_asid(struct hw_tlb *tlb, uint32_t asid)
{
    if (!(tlb->asid_filter & hw_tlb_filter_bit(hw_tlb_tag(0, asid))))
        return;
    tlb->asid_filter = hw_tlb_level_flush_asid(&tlb->l1, asid);
    tlb->asid_filter |= hw_tlb_level_flush_asid(&tlb->l2, asid);
}

void
hw_tlb_flush_all(struct hw_tlb *tlb)
{
    if (tlb->asid_filter == 0)
        return;
    memset(tlb->l1.tags, 0, hw_tlb_slots(&tlb->l1) * sizeof(*tlb->l1.tags));
    memset(tlb->l2.tags, 0, hw_tlb_slots(&tlb->l2) * sizeof(*tlb->l2.tags));
    tlb->asid_filter = 0;
}

static uint64_t
hw_tlb_level_peek(const struct hw_tlb_level *level, uint64_t vpn, uint64_t tag)
{
    size_t set = hw_tlb_set(level, vpn);
    uint32_t way = hw_tlb_level_find(level, set, tag);

    return way < level->ways ? level->ptes[set + way] : 0;
}

uint64_t
hw_tlb_peek(const struct hw_tlb *tlb, uint64_t vpn, uint32_t asid)
{
    uint64_t tag = hw_tlb_tag(vpn, asid);
    uint64_t pte = hw_tlb_level_peek(&tlb->l1, vpn, tag);

    return pte != 0 ? pte : hw_tlb_level_peek(&tlb->l2, vpn, tag);
}

static void
hw_tlb_level_each(const struct hw_tlb_level *level,
                  void (*see)(void *context, uint64_t vpn, uint32_t asid, uint64_t pte),
                  void *context)
{
    for (size_t i = 0; i < hw_tlb_slots(level); i++) {
        uint64_t tag = level->tags[i];

        if (tag != 0)
            see(context, (tag & ~((uint64_t)1 << 63)) >> 16, hw_tlb_tag_asid(tag), level->ptes[i]);
    }
}

void
hw_tlb_each(const struct hw_tlb *tlb,
            void (*see)(void *context, uint64_t vpn, uint32_t asid, uint64_t pte), void *context)
{
    hw_tlb_level_each(&tlb->l1, see, context);
    hw_tlb_level_each(&tlb->l2, see, context);
}

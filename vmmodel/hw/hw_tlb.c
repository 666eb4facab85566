/*
 * hw_tlb.c - see hw_tlb.h
 *
 * With LRU the order in which ways stand is the order of use, so a hit moves its way to the front and
 * the last way makes room. With PLRU and chance ways stay where they are: PLRU keeps a bit for each way
 * that was used since the bits were last cleared, and clears the others when all would be set.
 *
 * Forgetting everything is a new generation in the tags that are looked for; what is stored with an
 * older one no longer matches, and counts as empty. After HW_TLB_GENERATIONS of them the numbers begin
 * again, and that one time the tags are really cleared.
 *
 * The second level has most of the places, so there a place takes 12 bytes and not 16: the frame's number, and
 * a tag whose spare bits are the rights. Who looks for a tag leaves them out.
 */
#include "hw/hw_tlb.h"

#include <string.h>

#include "base/assert.h"
#include "hw/hw_tlb_vector.h"

/* ---- tags ---- */

static uint32_t
hw_tlb_tag_asid(uint64_t tag)
{
    return (uint32_t)(tag & 0xffffu);
}

static uint64_t
hw_tlb_tag_vpn(uint64_t tag)
{
    return (tag & (((uint64_t)1 << HW_TLB_RIGHTS_SHIFT) - 1)) >> 16;
}

static uint64_t
hw_tlb_filter_bit(uint64_t tag)
{
    return (uint64_t)1 << (tag & 63);
}

static bool
hw_tlb_is_live(const struct hw_tlb *tlb, uint64_t tag)
{
    return (tag ^ tlb->generation) >> HW_TLB_GENERATION_SHIFT == 0;
}

static size_t
hw_tlb_slots(const struct hw_tlb_level *level)
{
    return (size_t)level->sets * level->ways;
}

/* ---- life ---- */

static bool
hw_tlb_level_init(struct hw_tlb_level *level, const struct vmm_alloc *alloc,
                  const struct hw_tlb_geometry *geometry, enum hw_replacement replacement,
                  bool is_packed)
{
    *level =
        (struct hw_tlb_level){ .sets = geometry->sets,
                               .ways = geometry->ways,
                               .sets_are_power = (geometry->sets & (geometry->sets - 1)) == 0 };
    if (level->sets == 0)
        return true;
    VMM_ASSERT(level->ways >= 1);                                                  /* G2 */
    VMM_ASSERT(replacement != HW_REPLACE_PLRU || level->ways <= HW_PLRU_MAX_WAYS); /* G4 */
    level->tags = vmm_take_array(alloc, hw_tlb_slots(level), sizeof(*level->tags));
    if (is_packed)
        level->frames = vmm_take_array(alloc, hw_tlb_slots(level), sizeof(*level->frames));
    else
        level->ptes = vmm_take_array(alloc, hw_tlb_slots(level), sizeof(*level->ptes));
    if (replacement == HW_REPLACE_PLRU)
        level->recent = vmm_take_array(alloc, level->sets, sizeof(*level->recent));
    return level->tags != NULL && (level->ptes != NULL || level->frames != NULL) &&
           (level->recent != NULL || replacement != HW_REPLACE_PLRU);
}

static void
hw_tlb_level_destroy(struct hw_tlb_level *level, const struct vmm_alloc *alloc)
{
    vmm_give_array(alloc, level->tags, hw_tlb_slots(level), sizeof(*level->tags));
    vmm_give_array(alloc, level->ptes, hw_tlb_slots(level), sizeof(*level->ptes));
    vmm_give_array(alloc, level->frames, hw_tlb_slots(level), sizeof(*level->frames));
    vmm_give_array(alloc, level->recent, level->sets, sizeof(*level->recent));
    *level = (struct hw_tlb_level){ .sets = 0 };
}

bool
hw_tlb_init(struct hw_tlb *tlb, const struct vmm_alloc *alloc, const struct hw_geometry *geometry)
{
    *tlb = (struct hw_tlb){ .geometry = geometry,
                            .replacement = geometry->replacement,
                            .chance = { 1 },
                            .generation = HW_TLB_FIRST_GENERATION };
    if (hw_tlb_level_init(&tlb->l1, alloc, &geometry->l1, geometry->replacement, false) &&
        hw_tlb_level_init(&tlb->l1i, alloc, &geometry->l1i, geometry->replacement, false) &&
        hw_tlb_level_init(&tlb->l2, alloc, &geometry->l2, geometry->replacement, true) &&
        hw_tlb_level_init(&tlb->l2i, alloc, &geometry->l2i, geometry->replacement, true) &&
        hw_tlb_level_init(&tlb->large, alloc, &geometry->large, geometry->replacement, false)) {
        tlb->is_vector = hw_tlb_vector_serves(tlb);
        return true;
    }
    hw_tlb_destroy(tlb, alloc);
    return false;
}

void
hw_tlb_destroy(struct hw_tlb *tlb, const struct vmm_alloc *alloc)
{
    hw_tlb_level_destroy(&tlb->l1, alloc);
    hw_tlb_level_destroy(&tlb->l1i, alloc);
    hw_tlb_level_destroy(&tlb->l2, alloc);
    hw_tlb_level_destroy(&tlb->l2i, alloc);
    hw_tlb_level_destroy(&tlb->large, alloc);
}

/* ---- one set ---- */

static inline void
hw_tlb_write_place(struct hw_tlb_level *level, size_t at, uint64_t tag, uint64_t pte)
{
    if (level->ptes != NULL) {
        level->tags[at] = tag;
        level->ptes[at] = pte;
    } else {
        level->tags[at] = tag | hw_tlb_pack_rights(pte);
        level->frames[at] = hw_pte_ppn(pte);
    }
}

static inline void
hw_tlb_copy_place(struct hw_tlb_level *level, size_t to, size_t from)
{
    level->tags[to] = level->tags[from];
    if (level->ptes != NULL)
        level->ptes[to] = level->ptes[from];
    else
        level->frames[to] = level->frames[from];
}

/* Puts a translation in front of its set; the ways up to `way` move back one place. */
static inline void
hw_tlb_to_front(struct hw_tlb_level *level, size_t set, uint32_t way, uint64_t tag, uint64_t pte)
{
    for (; way > 0; way--)
        hw_tlb_copy_place(level, set + way, set + way - 1);
    hw_tlb_write_place(level, set, tag, pte);
}

/* Notes that a way was used. PLRU: when that would be all of them, only this one was. */
static void
hw_tlb_note_use(struct hw_tlb_level *level, size_t set, uint32_t way)
{
    uint64_t *recent = &level->recent[set / level->ways];
    uint64_t bit = (uint64_t)1 << (way & 63);

    *recent |= bit;
    if (*recent == UINT64_MAX >> (64 - level->ways))
        *recent = bit;
}

/* Writes a translation to the place where it stood, or was given room, as the one used last. */
static inline void
hw_tlb_put(const struct hw_tlb *tlb, struct hw_tlb_level *level, size_t set, uint32_t way,
           uint64_t tag, uint64_t pte)
{
    if (tlb->replacement == HW_REPLACE_LRU) {
        hw_tlb_to_front(level, set, way, tag, pte);
        return;
    }
    hw_tlb_write_place(level, set + way, tag, pte);
    if (tlb->replacement == HW_REPLACE_PLRU)
        hw_tlb_note_use(level, set, way);
}

/* Which way holds the tag, or the number of ways. */
static inline uint32_t
hw_tlb_level_find(const struct hw_tlb_level *level, size_t set, uint64_t tag, uint32_t first)
{
    uint32_t way = first;

    while (way < level->ways && (level->tags[set + way] & ~HW_TLB_TAG_RIGHTS) != tag)
        way++;
    return way;
}

/* The way that makes room: an empty one if there is one. */
static uint32_t
hw_tlb_victim(struct hw_tlb *tlb, const struct hw_tlb_level *level, size_t set)
{
    uint32_t way = 0;

    if (tlb->replacement == HW_REPLACE_LRU || level->ways == 1)
        return level->ways - 1; /* T3; and no bit of one way is ever clear */
    while (way < level->ways && hw_tlb_is_live(tlb, level->tags[set + way]))
        way++;
    if (way < level->ways)
        return way;
    if (tlb->replacement == HW_REPLACE_RANDOM)
        return (uint32_t)(vmm_rng_next(&tlb->chance) % level->ways);
    return (uint32_t)__builtin_ctzll(~level->recent[set / level->ways]);
}

/* Remembers a translation; one with the same tag is replaced, else somebody makes room. */
static void
hw_tlb_level_fill(struct hw_tlb *tlb, struct hw_tlb_level *level, uint64_t vpn, uint64_t tag,
                  uint64_t pte)
{
    size_t set = hw_tlb_set(level, vpn);
    uint32_t way = hw_tlb_level_find(level, set, tag, 0);

    hw_tlb_put(tlb, level, set, way == level->ways ? hw_tlb_victim(tlb, level, set) : way, tag,
               pte);
}

/* The remembered PTE, made most recently used, or 0. `first`: the ways before it were asked. */
static inline uint64_t
hw_tlb_level_lookup(struct hw_tlb *tlb, struct hw_tlb_level *level, uint64_t vpn, uint64_t tag,
                    uint32_t first)
{
    size_t set = hw_tlb_set(level, vpn);
    uint32_t way = hw_tlb_level_find(level, set, tag, first);
    uint64_t pte;

    if (way == level->ways)
        return 0;
    pte = hw_tlb_word(level, set + way);
    hw_tlb_put(tlb, level, set, way, tag, pte);
    return pte;
}

/* ---- looking up and remembering ---- */

uint64_t
hw_tlb_lookup_further(struct hw_tlb *tlb, struct hw_tlb_level *first, uint64_t vpn, uint64_t tag)
{
    struct hw_tlb_level *second = hw_tlb_second(tlb, first);
    uint64_t pte;

    if (tlb->is_vector)
        return hw_tlb_vector_lookup(tlb, first, vpn, tag);
    pte = hw_tlb_level_lookup(tlb, first, vpn, tag, tlb->replacement == HW_REPLACE_LRU ? 1 : 0);
    if (pte != 0) {
        tlb->l1_hits++;
        return pte;
    }
    if (second->sets != 0)
        pte = hw_tlb_level_lookup(tlb, second, vpn, tag, 0);
    if (pte != 0) {
        tlb->l2_hits++;
        hw_tlb_level_fill(tlb, first, vpn, tag, pte);
        return pte;
    }
    tlb->misses++;
    return 0;
}

void
hw_tlb_fill_in(struct hw_tlb *tlb, struct hw_tlb_level *first, uint64_t vpn, uint32_t asid,
               uint64_t pte, bool is_new)
{
    struct hw_tlb_level *second = hw_tlb_second(tlb, first);
    uint64_t tag = hw_tlb_tag(vpn, asid) | tlb->generation;

    pte &= HW_TLB_KEPT; /* T7 */
    hw_tlb_note_fill(tlb, second, vpn, asid);
    if (tlb->is_vector) {
        hw_tlb_vector_fill(tlb, first, vpn, tag, pte, is_new);
        return;
    }
    if (second->sets != 0)
        hw_tlb_level_fill(tlb, second, vpn, tag, pte);
    hw_tlb_level_fill(tlb, first, vpn, tag, pte);
}

void
hw_tlb_fill(struct hw_tlb *tlb, uint64_t vpn, uint32_t asid, uint64_t pte)
{
    hw_tlb_fill_in(tlb, &tlb->l1, vpn, asid, pte, false);
}

/* ---- leaves above the last level ---- */

/* The number by which the leaf at `level` that covers a page is known: its first page, and its level. */
static uint64_t
hw_tlb_large_vpn(const struct hw_tlb *tlb, uint64_t vpn, uint32_t level)
{
    return (vpn & ~(hw_pt_pages(tlb->geometry, level) - 1)) | level;
}

uint64_t
hw_tlb_lookup_large(struct hw_tlb *tlb, uint64_t vpn, uint32_t asid)
{
    uint64_t leaf = 0;
    uint32_t level = tlb->has_large ? tlb->geometry->levels - 1 : 1;

    while (leaf == 0 && --level > 0) {
        uint64_t number = hw_tlb_large_vpn(tlb, vpn, level);

        leaf = hw_tlb_level_lookup(tlb, &tlb->large, number,
                                   hw_tlb_tag(number, asid) | tlb->generation, 0);
    }
    if (leaf == 0)
        return 0;
    tlb->misses--;
    tlb->l1_hits++;
    return hw_pte_of_page(tlb->geometry, leaf, level, vpn);
}

void
hw_tlb_fill_large(struct hw_tlb *tlb, uint64_t vpn, uint32_t asid, uint64_t leaf, uint32_t level)
{
    uint64_t number = hw_tlb_large_vpn(tlb, vpn, level);
    uint64_t tag = hw_tlb_tag(number, asid) | tlb->generation;

    tlb->has_large = true;
    hw_tlb_note_asid(tlb, asid);
    hw_tlb_level_fill(tlb, &tlb->large, number, tag, leaf);
}

/* ---- forgetting ---- */

/* Empties one way; with LRU the ways behind it come one place forward (T3). */
static void
hw_tlb_level_flush_page(const struct hw_tlb *tlb, struct hw_tlb_level *level, uint64_t vpn,
                        uint64_t tag)
{
    size_t set;
    uint32_t way;

    if (level->sets == 0)
        return;
    set = hw_tlb_set(level, vpn);
    way = hw_tlb_level_find(level, set, tag, 0);
    if (way == level->ways)
        return;
    for (; tlb->replacement == HW_REPLACE_LRU && way + 1 < level->ways; way++)
        hw_tlb_copy_place(level, set + way, set + way + 1);
    level->tags[set + way] = 0;
}

void
hw_tlb_flush_page(struct hw_tlb *tlb, uint64_t vpn, uint32_t asid)
{
    uint64_t tag = hw_tlb_tag(vpn, asid) | tlb->generation;

    if (!(tlb->asid_filter & hw_tlb_filter_bit(tag)))
        return;
    hw_tlb_level_flush_page(tlb, &tlb->l1, vpn, tag);
    hw_tlb_level_flush_page(tlb, &tlb->l1i, vpn, tag);
    hw_tlb_level_flush_page(tlb, &tlb->l2, vpn, tag);
    hw_tlb_level_flush_page(tlb, &tlb->l2i, vpn, tag);
    for (uint32_t level = 1; tlb->has_large && level + 1 < tlb->geometry->levels; level++) {
        uint64_t number = hw_tlb_large_vpn(tlb, vpn, level);

        hw_tlb_level_flush_page(tlb, &tlb->large, number,
                                hw_tlb_tag(number, asid) | tlb->generation);
    }
}

/* Empties the ways of one set that belong to `asid`; returns the filter bits of those that stay. */
static uint64_t
hw_tlb_set_flush_asid(const struct hw_tlb *tlb, struct hw_tlb_level *level, size_t set,
                      uint32_t asid)
{
    bool moves = tlb->replacement == HW_REPLACE_LRU;
    uint64_t filter = 0;
    size_t kept = set;

    for (size_t at = set; at < set + level->ways; at++) {
        uint64_t tag = level->tags[at];

        if (!hw_tlb_is_live(tlb, tag) || hw_tlb_tag_asid(tag) == asid) {
            level->tags[at] = 0;
            continue;
        }
        filter |= hw_tlb_filter_bit(tag);
        if (moves && kept < at) {
            hw_tlb_copy_place(level, kept, at);
            level->tags[at] = 0;
        }
        kept++;
    }
    return filter;
}

static uint64_t
hw_tlb_level_flush_asid(const struct hw_tlb *tlb, struct hw_tlb_level *level, uint32_t asid)
{
    uint64_t filter = 0;

    for (size_t set = 0; set < hw_tlb_slots(level); set += level->ways)
        filter |= hw_tlb_set_flush_asid(tlb, level, set, asid);
    return filter;
}

void
hw_tlb_flush_asid(struct hw_tlb *tlb, uint32_t asid)
{
    if (!(tlb->asid_filter & hw_tlb_filter_bit(hw_tlb_tag(0, asid))))
        return;
    if (tlb->only_asid == asid) {
        hw_tlb_flush_all(tlb);
        return;
    }
    tlb->asid_filter = hw_tlb_level_flush_asid(tlb, &tlb->l1, asid);
    tlb->asid_filter |= hw_tlb_level_flush_asid(tlb, &tlb->l1i, asid);
    tlb->asid_filter |= hw_tlb_level_flush_asid(tlb, &tlb->l2, asid);
    tlb->asid_filter |= hw_tlb_level_flush_asid(tlb, &tlb->l2i, asid);
    if (tlb->has_large)
        tlb->asid_filter |= hw_tlb_level_flush_asid(tlb, &tlb->large, asid);
}

static void
hw_tlb_level_clear(struct hw_tlb_level *level)
{
    if (level->sets != 0)
        memset(level->tags, 0, hw_tlb_slots(level) * sizeof(*level->tags));
}

/* A second level is large, and may have got little since the last time. */
static void
hw_tlb_second_clear(struct hw_tlb_level *level)
{
    for (uint32_t set = 0; set < level->sets && level->filled != 0; set++) {
        if (level->filled >> (set & 63) & 1)
            memset(&level->tags[(size_t)set * level->ways], 0, level->ways * sizeof(*level->tags));
    }
    level->filled = 0;
}

void
hw_tlb_begin_again(struct hw_tlb *tlb)
{
    tlb->generation = HW_TLB_FIRST_GENERATION;
    hw_tlb_level_clear(&tlb->l1);
    hw_tlb_level_clear(&tlb->l1i);
    hw_tlb_second_clear(&tlb->l2);
    hw_tlb_second_clear(&tlb->l2i);
    hw_tlb_level_clear(&tlb->large);
}

/* ---- looking without touching ---- */

uint64_t
hw_tlb_level_peek(const struct hw_tlb *tlb, const struct hw_tlb_level *level, uint64_t vpn,
                  uint32_t asid)
{
    uint64_t tag = hw_tlb_tag(vpn, asid) | tlb->generation;
    size_t set;
    uint32_t way;

    if (level->sets == 0)
        return 0;
    set = hw_tlb_set(level, vpn);
    way = hw_tlb_level_find(level, set, tag, 0);
    return way < level->ways ? hw_tlb_word(level, set + way) : 0;
}

uint64_t
hw_tlb_peek(const struct hw_tlb *tlb, uint64_t vpn, uint32_t asid)
{
    uint64_t pte = hw_tlb_level_peek(tlb, &tlb->l1, vpn, asid);

    if (pte == 0)
        pte = hw_tlb_level_peek(tlb, &tlb->l1i, vpn, asid);
    if (pte == 0)
        pte = hw_tlb_level_peek(tlb, &tlb->l2, vpn, asid);
    return pte != 0 ? pte : hw_tlb_level_peek(tlb, &tlb->l2i, vpn, asid);
}

void
hw_tlb_level_each(const struct hw_tlb *tlb, const struct hw_tlb_level *level, hw_tlb_see see,
                  void *context)
{
    uint64_t low_bits = level == &tlb->large ? HW_MAX_LEVELS - 1 : 0; /* a leaf's level */

    for (size_t i = 0; i < hw_tlb_slots(level); i++) {
        uint64_t tag = level->tags[i];

        if (hw_tlb_is_live(tlb, tag))
            see(context, hw_tlb_tag_vpn(tag) & ~low_bits, hw_tlb_tag_asid(tag),
                hw_tlb_word(level, i) & ~HW_PTE_LARGE);
    }
}

void
hw_tlb_each(const struct hw_tlb *tlb, hw_tlb_see see, void *context)
{
    hw_tlb_level_each(tlb, &tlb->l1, see, context);
    hw_tlb_level_each(tlb, &tlb->l1i, see, context);
    hw_tlb_level_each(tlb, &tlb->l2, see, context);
    hw_tlb_level_each(tlb, &tlb->l2i, see, context);
    hw_tlb_level_each(tlb, &tlb->large, see, context);
}

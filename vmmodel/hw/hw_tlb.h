/*
 * hw_tlb.h - what one CPU remembers of the page tables
 *
 * PURPOSE     A set-associative TLB of two levels, each split or not, with true LRU, one bit a way, or
 *             chance; and beside them a level for leaves that cover many pages. It is allowed to be
 *             stale; keeping it honest is pmap's work.
 * INVARIANTS  T1  a live tag stands at most once in a set
 *             T2  a translation in L1 also went through L2 when it was filled (no inclusion later)
 *             T3  with LRU, empty ways stand behind the full ones, so that they are filled first
 *             T4  the filter has the bit of every address space that is remembered
 *             T5  a tag of an older generation is empty: that is how everything is forgotten at once
 *             T6  without has_large nothing is in the level for large leaves, so nobody need look
 *             T7  of a page's word a TLB keeps the frame and what an access asks (HW_TLB_KEPT)
 *             T8  where a second level is not filled, all tags are 0
 * UNITS       vpn: virtual page number (va >> page_shift, VA bits only); asid: 0 is the kernel's
 * OWNERSHIP   a CPU owns its TLB; storage comes from the machine's allocator
 * ERRORS      false from init when storage could not be had
 * EVENTS      none; hits and misses are counted, not announced
 * XNU         none (hardware)
 */
#ifndef HW_HW_TLB_H
#define HW_HW_TLB_H

#include "base/alloc.h"
#include "base/rng.h"
#include "hw/hw_geometry.h"
#include "hw/hw_pagetable.h"

/* One level. Ways of a set stand next to each other, with LRU the most recently used first. */
struct hw_tlb_level {
    uint32_t sets; /* 0: there is no such level */
    uint32_t ways;
    bool sets_are_power; /* of two, so that the set is a mask away */
    uint64_t *tags;      /* [sets * ways]; 0: empty */
    uint64_t *ptes;   /* same shape; not in the second level, which has most of the ways: there */
    vmm_ppn *frames;  /* are only the words' frames, same shape, and their rights in the tags */
    uint64_t filled;  /* second level: bit set % 64 of those filled since all was cleared (T8) */
    uint64_t *recent; /* [sets], PLRU only: bit of each way that was used recently */
};

struct hw_tlb {
    struct hw_tlb_level l1;
    struct hw_tlb_level l1i;
    struct hw_tlb_level l2;
    struct hw_tlb_level l2i;
    struct hw_tlb_level large; /* by the leaf's first page, and in the bits below that its level */
    const struct hw_geometry *geometry;
    enum hw_replacement replacement;
    bool is_vector;        /* hw_tlb_vector.h does the looking up: the same results, sooner */
    struct vmm_rng chance; /* HW_REPLACE_RANDOM: the same run, the same choices */
    uint64_t generation;   /* of live tags, at its place in a tag */
    bool has_large;        /* a large leaf was remembered since everything was forgotten */
    uint64_t asid_filter;  /* bit asid % 64; spares a flush the look at every way */
    uint32_t only_asid;    /* whose all translations are; HW_TLB_MANY_ASIDS: nobody knows */
    uint64_t l1_hits;
    uint64_t l2_hits;
    uint64_t misses;
};

enum { HW_TLB_MANY_ASIDS = 1 << 16 };
enum {
    HW_TLB_RIGHTS_SHIFT = 52,
    HW_TLB_GENERATION_SHIFT = 56, /* to the top */
    HW_TLB_GENERATIONS = 255      /* 0 is none of them: an empty tag has it */
};

#define HW_TLB_KEPT_RIGHTS (HW_PTE_WRITE | HW_PTE_USER | HW_PTE_MOD | HW_PTE_NX)
#define HW_TLB_KEPT ((uint64_t)UINT32_MAX << 12 | HW_PTE_VALID | HW_TLB_KEPT_RIGHTS)
#define HW_TLB_TAG_RIGHTS ((uint64_t)15 << HW_TLB_RIGHTS_SHIFT)
#define HW_TLB_FIRST_GENERATION ((uint64_t)1 << HW_TLB_GENERATION_SHIFT)

/*
 * 16 bits of asid and 36 of page number. Above them come four of rights, in the second level only, and the
 * generation, so that a tag in use is never 0.
 */
static inline uint64_t
hw_tlb_tag(uint64_t vpn, uint32_t asid)
{
    return vpn << 16 | (asid & 0xffffu);
}

/* The rights of a word as a tag has them. */
static inline uint64_t
hw_tlb_pack_rights(uint64_t pte)
{
    return ((pte & (HW_PTE_WRITE | HW_PTE_USER)) >> 1 | (pte & HW_PTE_MOD) >> 4 | pte >> 63 << 3)
           << HW_TLB_RIGHTS_SHIFT;
}

/* The word whose rights a tag has. */
static inline uint64_t
hw_tlb_unpack(uint64_t tag, vmm_ppn frame)
{
    uint64_t rights = tag >> HW_TLB_RIGHTS_SHIFT & 15;

    return hw_pte_make(frame,
                       HW_PTE_VALID | (rights & 3) << 1 | (rights & 4) << 4 | rights >> 3 << 63);
}

/* The word that place `at` of a level remembers. */
static inline uint64_t
hw_tlb_word(const struct hw_tlb_level *level, size_t at)
{
    return level->ptes != NULL ? level->ptes[at]
                               : hw_tlb_unpack(level->tags[at], level->frames[at]);
}

bool hw_tlb_init(struct hw_tlb *tlb, const struct vmm_alloc *alloc,
                 const struct hw_geometry *geometry) VMM_MUST_USE;
void hw_tlb_destroy(struct hw_tlb *tlb, const struct vmm_alloc *alloc);

static inline uint64_t
hw_tlb_set_number(const struct hw_tlb_level *level, uint64_t vpn)
{
    return level->sets_are_power ? vpn & (level->sets - 1) : vpn % level->sets;
}

/* The first way of the set for `vpn`. */
static inline size_t
hw_tlb_set(const struct hw_tlb_level *level, uint64_t vpn)
{
    return (size_t)hw_tlb_set_number(level, vpn) * level->ways;
}

/* The first level that serves an instruction fetch, or data. */
static inline struct hw_tlb_level *
hw_tlb_first(struct hw_tlb *tlb, bool is_fetch)
{
    return is_fetch && tlb->l1i.sets != 0 ? &tlb->l1i : &tlb->l1;
}

/* Whether a look-up that misses says that the page is nowhere. */
static inline bool
hw_tlb_is_joint(const struct hw_tlb *tlb)
{
    return tlb->l1i.sets == 0 && tlb->l2i.sets == 0 && !tlb->has_large;
}

/* What is asked when the first level has nothing. */
static inline struct hw_tlb_level *
hw_tlb_second(struct hw_tlb *tlb, const struct hw_tlb_level *first)
{
    return first == &tlb->l1i && tlb->l2i.sets != 0 ? &tlb->l2i : &tlb->l2;
}

/* hw_tlb_lookup() past the front of the L1 set. */
uint64_t hw_tlb_lookup_further(struct hw_tlb *tlb, struct hw_tlb_level *first, uint64_t vpn,
                               uint64_t tag);

/*
 * The PTE remembered for (vpn, asid), made most recently used; an L2 hit moves it into `first` too.
 * Returns 0 on a miss. Counts. What was used last in its set is found without a call.
 */
static inline uint64_t
hw_tlb_lookup_in(struct hw_tlb *tlb, struct hw_tlb_level *first, uint64_t vpn, uint32_t asid)
{
    uint64_t tag = hw_tlb_tag(vpn, asid) | tlb->generation;
    size_t front = hw_tlb_set(first, vpn);

    if (first->tags[front] != tag || tlb->replacement != HW_REPLACE_LRU)
        return hw_tlb_lookup_further(tlb, first, vpn, tag);
    tlb->l1_hits++;
    return first->ptes[front];
}

/* The same for data. */
static inline uint64_t
hw_tlb_lookup(struct hw_tlb *tlb, uint64_t vpn, uint32_t asid)
{
    return hw_tlb_lookup_in(tlb, &tlb->l1, vpn, asid);
}

/* Notes whose translation comes (T4). */
static inline void
hw_tlb_note_asid(struct hw_tlb *tlb, uint32_t asid)
{
    if (tlb->asid_filter == 0)
        tlb->only_asid = asid;
    else if (tlb->only_asid != asid)
        tlb->only_asid = HW_TLB_MANY_ASIDS;
    tlb->asid_filter |= (uint64_t)1 << (asid & 63);
}

/* Notes that, and where in the second level it goes (T8). */
static inline void
hw_tlb_note_fill(struct hw_tlb *tlb, struct hw_tlb_level *second, uint64_t vpn, uint32_t asid)
{
    second->filled |= (uint64_t)1 << (hw_tlb_set_number(second, vpn) & 63);
    hw_tlb_note_asid(tlb, asid);
}

/*
 * Remembers a translation in both levels; who makes room is the replacement's choice. `is_new`: a
 * look-up has just missed, so nobody needs to look for it again.
 */
void hw_tlb_fill_in(struct hw_tlb *tlb, struct hw_tlb_level *first, uint64_t vpn, uint32_t asid,
                    uint64_t pte, bool is_new);
void hw_tlb_fill(struct hw_tlb *tlb, uint64_t vpn, uint32_t asid, uint64_t pte);

/*
 * The same for leaves above the last level, whatever page of one is asked for; hw_pte_of_page() of the
 * leaf, or 0. A hit counts as one in the first level, in place of the miss that was counted for the
 * page. Without a level for them they are remembered page by page, by hw_tlb_fill_in().
 */
uint64_t hw_tlb_lookup_large(struct hw_tlb *tlb, uint64_t vpn, uint32_t asid);
void hw_tlb_fill_large(struct hw_tlb *tlb, uint64_t vpn, uint32_t asid, uint64_t leaf,
                       uint32_t level);

/* Forgets one page, and a leaf that covers it. */
void hw_tlb_flush_page(struct hw_tlb *tlb, uint64_t vpn, uint32_t asid);

/* Forgets everything of one address space. */
void hw_tlb_flush_asid(struct hw_tlb *tlb, uint32_t asid);

/* After the last generation: clears every tag, and the first one is next. */
void hw_tlb_begin_again(struct hw_tlb *tlb);

/* Forgets everything: a new generation, whatever the size. In the header, as a machine has many CPUs. */
static inline void
hw_tlb_flush_all(struct hw_tlb *tlb)
{
    if (tlb->asid_filter == 0)
        return;
    tlb->asid_filter = 0;
    tlb->has_large = false;
    tlb->generation += HW_TLB_FIRST_GENERATION;
    if (tlb->generation == 0)
        hw_tlb_begin_again(tlb);
}

/*
 * Looks in one level, or in all that know single pages, without counting and without touching recency; 0: not
 * there. For checks and displays.
 */
uint64_t hw_tlb_level_peek(const struct hw_tlb *tlb, const struct hw_tlb_level *level, uint64_t vpn,
                           uint32_t asid);
uint64_t hw_tlb_peek(const struct hw_tlb *tlb, uint64_t vpn, uint32_t asid);

/* A translation that is remembered; of a leaf that covers many pages the first one. */
typedef void (*hw_tlb_see)(void *context, uint64_t vpn, uint32_t asid, uint64_t pte);

/* Calls `see` for every translation of one level, or of every level. For displays and checks (vm.md I18). */
void hw_tlb_level_each(const struct hw_tlb *tlb, const struct hw_tlb_level *level, hw_tlb_see see,
                       void *context);
void hw_tlb_each(const struct hw_tlb *tlb, hw_tlb_see see, void *context);

#endif

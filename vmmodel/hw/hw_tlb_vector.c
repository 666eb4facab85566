/*
 * hw_tlb_vector.c - see hw_tlb_vector.h
 *
 * Finding compares four tags at a time. Moving a way to the front of its set moves the ways before it
 * one place back. Words are only ever read in the fours they were written in: a read that straddles two
 * stores that are still under way would wait for both, which costs more than the vectors gain.
 *
 * What each machine does in its own way is in hw_lanes_avx2.h and hw_lanes_neon.h. On any other nobody calls
 * these functions, and they do nothing.
 */
#include "hw/hw_tlb_vector.h"

#include "hw/hw_pagetable.h"

#if defined(__x86_64__)
#include "hw/hw_lanes_avx2.h"
#elif defined(__aarch64__) && defined(__ARM_NEON) && __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
#include "hw/hw_lanes_neon.h"
#endif

#ifdef HW_LANES_TARGET

bool
hw_tlb_vector_serves(const struct hw_tlb *tlb)
{
    return tlb->replacement == HW_REPLACE_LRU && tlb->l1.ways % HW_LANES == 0 &&
           tlb->l1i.ways % HW_LANES == 0 && tlb->l2.ways % HW_LANES == 0 &&
           tlb->l2i.ways % HW_LANES == 0 && hw_lanes_serve();
}

/* ---- one set of a first level ---- */

/* Which way holds the tag, or the number of ways. */
HW_LANES_TARGET static inline uint32_t
hw_vector_find(const struct hw_tlb_level *level, size_t set, uint64_t tag)
{
    for (uint32_t way = 0; way < level->ways; way += HW_LANES) {
        uint32_t mask = hw_lanes_that_are(tag, hw_lanes_load(&level->tags[set + way]));

        if (mask != 0)
            return way + (uint32_t)__builtin_ctz(mask);
    }
    return level->ways;
}

/* Moves words [0, way) one place back and puts `word` in front. */
HW_LANES_TARGET static inline void
hw_vector_to_front(uint64_t *words, uint32_t way, uint64_t word)
{
    hw_lanes before = hw_lanes_all(word); /* its last lane comes into the next four */

    for (uint32_t at = 0; at <= way; at += HW_LANES) {
        hw_lanes four = hw_lanes_load(words + at);

        hw_lanes_store(words + at,
                       hw_lanes_up_to((int64_t)way - at, hw_lanes_behind(before, four), four));
        before = four;
    }
}

/* The same where the last of `count` words goes. */
HW_LANES_TARGET static inline void
hw_vector_push(uint64_t *words, uint32_t count, uint64_t word)
{
    hw_lanes before = hw_lanes_all(word);

    for (uint32_t at = 0; at < count; at += HW_LANES) {
        hw_lanes four = hw_lanes_load(words + at);

        hw_lanes_store(words + at, hw_lanes_behind(before, four));
        before = four;
    }
}

HW_LANES_TARGET static inline void
hw_vector_put(const struct hw_tlb_level *level, size_t set, uint32_t way, uint64_t tag,
              uint64_t pte)
{
    hw_vector_to_front(&level->tags[set], way, tag);
    hw_vector_to_front(&level->ptes[set], way, pte);
}

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

/* Behind a set's first way everything moves back, and the last way makes room. */
HW_LANES_TARGET static inline void
hw_vector_level_push(const struct hw_tlb_level *level, size_t set, uint64_t tag, uint64_t pte)
{
    hw_vector_push(&level->tags[set], level->ways, tag);
    hw_vector_push(&level->ptes[set], level->ways, pte);
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
        hw_vector_level_push(level, set, tag, pte);
}

/* ---- one set of a second level, whose tags have the rights in them ---- */

typedef uint32_t hw_frames_four __attribute__((vector_size(16)));
typedef int32_t hw_frames_signed __attribute__((vector_size(16)));
typedef uint32_t hw_frames_anywhere __attribute__((vector_size(16), aligned(4), may_alias));

HW_LANES_TARGET static inline uint32_t
hw_packed_find(const struct hw_tlb_level *level, size_t set, uint64_t tag)
{
    for (uint32_t way = 0; way < level->ways; way += HW_LANES) {
        hw_lanes tags = hw_lanes_without(HW_TLB_TAG_RIGHTS, hw_lanes_load(&level->tags[set + way]));
        uint32_t mask = hw_lanes_that_are(tag, tags);

        if (mask != 0)
            return way + (uint32_t)__builtin_ctz(mask);
    }
    return level->ways;
}

/* hw_vector_to_front() of frames. */
HW_LANES_TARGET static inline void
hw_packed_frames_to_front(vmm_ppn *frames, uint32_t way, vmm_ppn frame)
{
    const hw_frames_signed numbers = { 0, 1, 2, 3 };
    hw_frames_four before = { frame, frame, frame, frame };

    for (uint32_t at = 0; at <= way; at += HW_LANES) {
        hw_frames_four four = *(const hw_frames_anywhere *)(frames + at);
        int32_t last = (int32_t)(way - at);
        hw_frames_four moves =
            (hw_frames_four)(numbers <= (hw_frames_signed){ last, last, last, last });
        hw_frames_four moved = __builtin_shufflevector(before, four, 3, 4, 5, 6);

        *(hw_frames_anywhere *)(frames + at) = (moved & moves) | (four & ~moves);
        before = four;
    }
}

/* What stands at `way` goes in front, with the given rights in its tag. */
HW_LANES_TARGET static inline void
hw_packed_put(const struct hw_tlb_level *level, size_t set, uint32_t way, uint64_t tag,
              vmm_ppn frame)
{
    hw_vector_to_front(&level->tags[set], way, tag);
    hw_packed_frames_to_front(&level->frames[set], way, frame);
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

    hw_packed_put(level, set, way < level->ways ? way : way - 1, tag | hw_tlb_pack_rights(pte),
                  hw_pte_ppn(pte));
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

/* ---- runs ---- */

bool
hw_tlb_vector_runs(const struct hw_tlb *tlb)
{
    return tlb->is_vector;
}

/* What is looked for, and in which of the two first levels. */
struct hw_vector_wish {
    uint64_t vpn, tag, wanted;
    uint32_t side;
};

/* One that the first level has not: the second moves it there. */
HW_LANES_TARGET static inline bool
hw_vector_touch_second(struct hw_run *run, const struct hw_tlb_level *first,
                       struct hw_tlb_level *second, size_t first_set, struct hw_vector_wish wish)
{
    size_t set;
    uint64_t tag, pte;
    uint32_t way;

    run->missed = true;
    if (second->sets == 0)
        return false;
    set = hw_tlb_set(second, wish.vpn);
    way = hw_packed_find(second, set, wish.tag);
    if (way == second->ways)
        return false;
    run->missed = false;
    tag = second->tags[set + way];
    pte = hw_tlb_unpack(tag, second->frames[set + way]);
    if (((pte ^ HW_PTE_NX) & wish.wanted) != wish.wanted)
        return false;
    hw_packed_put(second, set, way, tag, hw_pte_ppn(pte));
    hw_vector_level_push(first, first_set, wish.tag, pte);
    run->rights[wish.side] = pte ^ HW_PTE_NX;
    run->l2_hits++;
    return true;
}

/* One reference; false, and nothing done, when it does not hit or may not be. */
HW_LANES_TARGET static inline bool
hw_vector_touch(struct hw_run *run, const struct hw_tlb_level *first, struct hw_tlb_level *second,
                size_t set, struct hw_vector_wish wish)
{
    uint32_t way = hw_vector_find(first, set, wish.tag);
    uint64_t pte;

    if (way == first->ways)
        return hw_vector_touch_second(run, first, second, set, wish);
    pte = first->ptes[set + way];
    if (((pte ^ HW_PTE_NX) & wish.wanted) != wish.wanted)
        return false;
    hw_vector_put(first, set, way, wish.tag, pte);
    run->rights[wish.side] = pte ^ HW_PTE_NX;
    return true;
}

/* The same where a set is four ways: all is there at once. */
HW_LANES_TARGET static inline bool
hw_vector_touch_four(struct hw_run *run, const struct hw_tlb_level *first,
                     struct hw_tlb_level *second, size_t set, struct hw_vector_wish wish)
{
    hw_lanes tags = hw_lanes_load(&first->tags[set]), ptes;
    uint32_t mask = hw_lanes_that_are(wish.tag, tags), way;
    uint64_t pte;

    if (mask == 0)
        return hw_vector_touch_second(run, first, second, set, wish);
    way = (uint32_t)__builtin_ctz(mask);
    pte = first->ptes[set + way];
    if (((pte ^ HW_PTE_NX) & wish.wanted) != wish.wanted)
        return false;
    ptes = hw_lanes_load(&first->ptes[set]);
    hw_lanes_store(&first->ptes[set], hw_lanes_front(ptes, way, pte));
    hw_lanes_store(&first->tags[set], hw_lanes_front(tags, way, wish.tag));
    run->rights[wish.side] = pte ^ HW_PTE_NX;
    return true;
}

/* A reference's page number and tag; false: its upper bits are not alike. */
HW_LANES_TARGET static inline bool
hw_vector_wish(const struct hw_run *run, uint64_t reference, struct hw_vector_wish *wish)
{
    uint64_t sign = (uint64_t)((int64_t)reference >> run->sign_shift);

    wish->vpn = (reference & run->va_mask) >> run->shift;
    wish->tag = hw_tlb_tag(wish->vpn, (uint32_t)(run->user_asid & ~sign)) | run->tlb->generation;
    return sign + 1 <= 1;
}

/* What a run of `count` that was in registers has come to: what the second level had not, the first had. */
static inline void
hw_vector_run_end(struct hw_run *run, const struct hw_run *here, size_t count)
{
    run->tlb->l1_hits += count - here->l2_hits;
    run->tlb->l2_hits += here->l2_hits;
    run->missed = here->missed;
    run->page[0] = here->page[0];
    run->page[1] = here->page[1];
    run->rights[0] = here->rights[0];
    run->rights[1] = here->rights[1];
}

/* One first level, of four ways and as many sets as a mask tells apart. */
HW_LANES_TARGET static size_t
hw_vector_run_plain(struct hw_run *run, const uint64_t *references, size_t count)
{
    struct hw_run here = *run; /* in registers: no store of ours may change it */
    struct hw_tlb *tlb = run->tlb;
    const struct hw_tlb_level first = tlb->l1;
    size_t at = 0;

    for (; at < count; at++) {
        uint64_t reference = references[at];
        struct hw_vector_wish wish = { .wanted = here.wanted[reference & 3] };

        if (hw_run_stays(&here, 0, reference, wish.wanted))
            continue;
        if (!hw_vector_wish(&here, reference, &wish) ||
            !hw_vector_touch_four(&here, &first, &tlb->l2,
                                  (size_t)(wish.vpn & (first.sets - 1)) * HW_LANES, wish))
            break;
        here.page[0] = reference >> here.shift;
    }
    hw_vector_run_end(run, &here, at);
    return at;
}

/* Any levels. */
HW_LANES_TARGET static size_t
hw_vector_run_any(struct hw_run *run, const uint64_t *references, size_t count)
{
    struct hw_run here = *run;
    struct hw_tlb *tlb = run->tlb;
    struct hw_tlb_level *const firsts[] = { &tlb->l1, &tlb->l1i };
    size_t at = 0;

    for (; at < count; at++) {
        uint64_t reference = references[at];
        struct hw_vector_wish wish = { .wanted = here.wanted[reference & 3],
                                       .side = hw_run_side(&here, reference) };
        struct hw_tlb_level *first = firsts[wish.side];

        if (hw_run_stays(&here, wish.side, reference, wish.wanted))
            continue;
        if (!hw_vector_wish(&here, reference, &wish) ||
            !hw_vector_touch(&here, first, hw_tlb_second(tlb, first), hw_tlb_set(first, wish.vpn),
                             wish))
            break;
        here.page[wish.side] = reference >> here.shift;
    }
    hw_vector_run_end(run, &here, at);
    return at;
}

size_t
hw_tlb_vector_run(struct hw_run *run, const uint64_t *references, size_t count)
{
    const struct hw_tlb *tlb = run->tlb;

    return tlb->l1.ways == HW_LANES && tlb->l1.sets_are_power && tlb->l1i.sets == 0
               ? hw_vector_run_plain(run, references, count)
               : hw_vector_run_any(run, references, count);
}

#else

bool
hw_tlb_vector_runs(const struct hw_tlb *tlb)
{
    (void)tlb;
    return false;
}

size_t
hw_tlb_vector_run(struct hw_run *run, const uint64_t *references, size_t count)
{
    (void)run, (void)references, (void)count;
    return 0;
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

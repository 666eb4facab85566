/*
 * hw_tlb_vector.c - see hw_tlb_vector.h
 *
 * Finding compares four tags at a time. Moving a way to the front of its set moves the ways before it
 * one place back. Words are only ever read in the fours they were written in: a read that straddles two
 * stores that are still under way would wait for both, which costs more than the vectors gain.
 *
 * Elsewhere than on x86_64 nobody calls these functions, and they do nothing.
 */
#include "hw/hw_tlb_vector.h"

#include "hw/hw_pagetable.h"

#ifdef __x86_64__

typedef uint64_t hw_vector __attribute__((vector_size(32)));
typedef uint64_t hw_vector_anywhere __attribute__((vector_size(32), aligned(8), may_alias));
typedef int64_t hw_vector_signed __attribute__((vector_size(32))); /* is compared in one step */
typedef int hw_vector_halves __attribute__((vector_size(32)));
typedef double hw_vector_doubles __attribute__((vector_size(32)));

#define HW_AVX2 __attribute__((target("avx2")))

enum { HW_LANES = 4 };

/* ---- may we? ---- */

static void
hw_cpuid(uint32_t leaf, uint32_t found[4])
{
    __asm__("cpuid"
            : "=a"(found[0]), "=b"(found[1]), "=c"(found[2]), "=d"(found[3])
            : "a"(leaf), "c"(0));
}

/* AVX2 in the processor, and the host's kernel saves its registers (Intel SDM 1, 14.3 and 14.7.1). */
static bool
hw_has_avx2(void)
{
    uint32_t found[4], low, high;

    hw_cpuid(0, found);
    if (found[0] < 7)
        return false;
    hw_cpuid(1, found);
    if (!(found[2] >> 27 & 1) || !(found[2] >> 28 & 1))
        return false;
    __asm__("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
    if ((low & 6) != 6)
        return false;
    hw_cpuid(7, found);
    return (found[1] >> 5 & 1) != 0;
}

bool
hw_tlb_vector_serves(const struct hw_tlb *tlb)
{
    return tlb->replacement == HW_REPLACE_LRU && tlb->l1.ways % HW_LANES == 0 &&
           tlb->l1i.ways % HW_LANES == 0 && tlb->l2.ways % HW_LANES == 0 &&
           tlb->l2i.ways % HW_LANES == 0 && hw_has_avx2();
}

/* ---- one set ---- */

HW_AVX2 static inline hw_vector
hw_vector_load(const uint64_t *words)
{
    return *(const hw_vector_anywhere *)words;
}

HW_AVX2 static inline void
hw_vector_store(uint64_t *words, hw_vector vector)
{
    *(hw_vector_anywhere *)words = vector;
}

/* Which way holds the tag, or the number of ways. */
HW_AVX2 static inline uint32_t
hw_vector_find(const struct hw_tlb_level *level, size_t set, uint64_t tag)
{
    const hw_vector wanted = { tag, tag, tag, tag };

    for (uint32_t way = 0; way < level->ways; way += HW_LANES) {
        hw_vector same = (hw_vector)(hw_vector_load(&level->tags[set + way]) == wanted);
        uint32_t mask = (uint32_t)__builtin_ia32_movmskpd256((hw_vector_doubles)same);

        if (mask != 0)
            return way + (uint32_t)__builtin_ctz(mask);
    }
    return level->ways;
}

/* Each lane one place back; the last one comes to the front. */
HW_AVX2 static inline hw_vector
hw_vector_turn(hw_vector vector)
{
    const hw_vector_halves turned = { 6, 7, 0, 1, 2, 3, 4, 5 };

    return (hw_vector)__builtin_ia32_permvarsi256((hw_vector_halves)vector, turned);
}

/* Lanes [0, last] of `moved`, the others of `still`. */
HW_AVX2 static inline hw_vector
hw_vector_up_to(int64_t last, hw_vector moved, hw_vector still)
{
    const hw_vector_signed lanes = { 0, 1, 2, 3 };
    hw_vector moves = (hw_vector)(lanes <= (hw_vector_signed){ last, last, last, last });

    return (moved & moves) | (still & ~moves);
}

/* Lane 0 of `first`, the others of `rest`. */
HW_AVX2 static inline hw_vector
hw_vector_begin(hw_vector first, hw_vector rest)
{
    return (hw_vector)__builtin_ia32_pblendd256((hw_vector_halves)rest, (hw_vector_halves)first, 3);
}

/* Moves words [0, way) one place back and puts `word` in front. */
HW_AVX2 static inline void
hw_vector_to_front(uint64_t *words, uint32_t way, uint64_t word)
{
    hw_vector front = { word, word, word, word }; /* its lane 0 comes into the next four */

    for (uint32_t at = 0; at <= way; at += HW_LANES) {
        hw_vector four = hw_vector_load(words + at);
        hw_vector turned = hw_vector_turn(four);
        hw_vector moved = hw_vector_begin(front, turned);

        hw_vector_store(words + at, hw_vector_up_to((int64_t)way - at, moved, four));
        front = turned;
    }
}

/* The same where the last of `count` words goes. */
HW_AVX2 static inline void
hw_vector_push(uint64_t *words, uint32_t count, uint64_t word)
{
    hw_vector front = { word, word, word, word };

    for (uint32_t at = 0; at < count; at += HW_LANES) {
        hw_vector turned = hw_vector_turn(hw_vector_load(words + at));

        hw_vector_store(words + at, hw_vector_begin(front, turned));
        front = turned;
    }
}

HW_AVX2 static inline void
hw_vector_put(struct hw_tlb_level *level, size_t set, uint32_t way, uint64_t tag, uint64_t pte)
{
    hw_vector_to_front(&level->tags[set], way, tag);
    hw_vector_to_front(&level->ptes[set], way, pte);
}

HW_AVX2 static inline uint64_t
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
HW_AVX2 static inline void
hw_vector_level_fill(struct hw_tlb_level *level, uint64_t vpn, uint64_t tag, uint64_t pte,
                     bool is_new)
{
    size_t set = hw_tlb_set(level, vpn);
    uint32_t way = is_new ? level->ways : hw_vector_find(level, set, tag);

    if (way < level->ways) {
        hw_vector_put(level, set, way, tag, pte);
        return;
    }
    hw_vector_push(&level->tags[set], level->ways, tag);
    hw_vector_push(&level->ptes[set], level->ways, pte);
}

/* ---- the two levels ---- */

HW_AVX2 uint64_t
hw_tlb_vector_lookup(struct hw_tlb *tlb, struct hw_tlb_level *first, uint64_t vpn, uint64_t tag)
{
    struct hw_tlb_level *second = hw_tlb_second(tlb, first);
    uint64_t pte = hw_vector_level_lookup(first, vpn, tag);

    if (pte != 0) {
        tlb->l1_hits++;
        return pte;
    }
    if (second->sets != 0)
        pte = hw_vector_level_lookup(second, vpn, tag);
    if (pte == 0) {
        tlb->misses++;
        return 0;
    }
    tlb->l2_hits++;
    hw_vector_level_fill(first, vpn, tag, pte, true);
    return pte;
}

HW_AVX2 void
hw_tlb_vector_fill(struct hw_tlb *tlb, struct hw_tlb_level *first, uint64_t vpn, uint64_t tag,
                   uint64_t pte, bool is_new)
{
    struct hw_tlb_level *second = hw_tlb_second(tlb, first);

    if (second->sets != 0)
        hw_vector_level_fill(second, vpn, tag, pte, is_new);
    hw_vector_level_fill(first, vpn, tag, pte, is_new);
}

/* ---- runs ---- */

bool
hw_tlb_vector_runs(const struct hw_tlb *tlb)
{
    return tlb->is_vector && tlb->l1.ways == HW_LANES && tlb->l1.sets_are_power &&
           tlb->l1i.sets == 0;
}

/* Brings lane `way` to the front of those before it. */
static const hw_vector_halves hw_vector_fronts[HW_LANES] = {
    { 0, 1, 2, 3, 4, 5, 6, 7 },
    { 2, 3, 0, 1, 4, 5, 6, 7 },
    { 4, 5, 0, 1, 2, 3, 6, 7 },
    { 6, 7, 0, 1, 2, 3, 4, 5 },
};

/* One that the first level has not: the second moves it there. */
HW_AVX2 static inline bool
hw_vector_touch_second(struct hw_run *run, const struct hw_tlb_level *l1, size_t l1_set,
                       uint64_t vpn, uint64_t tag, uint64_t wanted)
{
    struct hw_tlb_level *l2 = &run->tlb->l2;
    size_t set;
    uint64_t pte;
    uint32_t way;

    run->missed = true;
    if (l2->sets == 0)
        return false;
    set = hw_tlb_set(l2, vpn);
    way = hw_vector_find(l2, set, tag);
    if (way == l2->ways)
        return false;
    run->missed = false;
    pte = l2->ptes[set + way];
    if (((pte ^ HW_PTE_NX) & wanted) != wanted)
        return false;
    hw_vector_put(l2, set, way, tag, pte);
    hw_vector_push(&l1->tags[l1_set], HW_LANES, tag);
    hw_vector_push(&l1->ptes[l1_set], HW_LANES, pte);
    run->rights = pte ^ HW_PTE_NX;
    run->l2_hits++;
    return true;
}

/* One reference; false, and nothing done, when it does not hit or may not be. */
HW_AVX2 static inline bool
hw_vector_touch(struct hw_run *run, const struct hw_tlb_level *l1, uint64_t reference,
                uint64_t wanted)
{
    uint64_t vpn = (reference & run->va_mask) >> run->shift;
    uint64_t sign = (uint64_t)((int64_t)reference >> run->sign_shift);
    uint64_t tag = hw_tlb_tag(vpn, (uint32_t)(run->user_asid & ~sign)) | run->tlb->generation;
    size_t set = (size_t)(vpn & (l1->sets - 1)) * HW_LANES;
    hw_vector tags = hw_vector_load(&l1->tags[set]);
    hw_vector same = (hw_vector)(tags == (hw_vector){ tag, tag, tag, tag });
    uint32_t mask = (uint32_t)__builtin_ia32_movmskpd256((hw_vector_doubles)same);
    hw_vector ptes;
    uint32_t way;

    if (sign + 1 > 1)
        return false;
    if (mask == 0)
        return hw_vector_touch_second(run, l1, set, vpn, tag, wanted);
    way = (uint32_t)__builtin_ctz(mask);
    ptes = (hw_vector)__builtin_ia32_permvarsi256((hw_vector_halves)hw_vector_load(&l1->ptes[set]),
                                                  hw_vector_fronts[way]);
    if (((ptes[0] ^ HW_PTE_NX) & wanted) != wanted)
        return false;
    hw_vector_store(&l1->ptes[set], ptes);
    hw_vector_store(&l1->tags[set], (hw_vector)__builtin_ia32_permvarsi256((hw_vector_halves)tags,
                                                                           hw_vector_fronts[way]));
    run->rights = ptes[0] ^ HW_PTE_NX;
    run->l1_hits++;
    return true;
}

HW_AVX2 size_t
hw_tlb_vector_run(struct hw_run *run, const uint64_t *references, size_t count)
{
    struct hw_run here = *run; /* in registers: no store of ours may change it */
    const struct hw_tlb_level l1 = run->tlb->l1;
    size_t at = 0;

    for (; at < count; at++) {
        uint64_t reference = references[at];
        uint64_t wanted = here.wanted[reference & 3];

        if (reference >> here.shift == here.page && (here.rights & wanted) == wanted) {
            here.l1_hits++;
            continue;
        }
        if (!hw_vector_touch(&here, &l1, reference, wanted))
            break;
        here.page = reference >> here.shift;
    }
    run->tlb->l1_hits += here.l1_hits;
    run->tlb->l2_hits += here.l2_hits;
    run->missed = here.missed;
    run->page = here.page;
    run->rights = here.rights;
    return at;
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

/*
 * hw_lanes_avx2.h - four words at a time, on x86_64
 *
 * PURPOSE     What hw_tlb_vector.c's loops are made of; hw_lanes_neon.h has the same names. HW_LANES_TARGET
 *             stands before whatever uses them: it is compiled for AVX2, whatever the rest is compiled for.
 * INVARIANTS  lane 0 is the word at the lowest address
 * UNITS       none
 * OWNERSHIP   none
 * ERRORS      none
 * EVENTS      none
 * XNU         none
 */
#ifndef HW_HW_LANES_AVX2_H
#define HW_HW_LANES_AVX2_H

#ifdef __x86_64__

#include <stdbool.h>
#include <stdint.h>

#define HW_LANES_TARGET __attribute__((target("avx2")))

enum { HW_LANES = 4 };

typedef uint64_t hw_lanes __attribute__((vector_size(32)));
typedef uint64_t hw_lanes_anywhere __attribute__((vector_size(32), aligned(8), may_alias));
typedef int64_t hw_lanes_signed __attribute__((vector_size(32))); /* is compared in one step */
typedef int hw_lanes_halves __attribute__((vector_size(32)));
typedef double hw_lanes_doubles __attribute__((vector_size(32)));

static inline void
hw_lanes_cpuid(uint32_t leaf, uint32_t found[4])
{
    __asm__("cpuid"
            : "=a"(found[0]), "=b"(found[1]), "=c"(found[2]), "=d"(found[3])
            : "a"(leaf), "c"(0));
}

/* AVX2 in the processor, and the host's kernel saves its registers (Intel SDM 1, 14.3 and 14.7.1). */
static inline bool
hw_lanes_serve(void)
{
    uint32_t found[4], low, high;

    hw_lanes_cpuid(0, found);
    if (found[0] < 7)
        return false;
    hw_lanes_cpuid(1, found);
    if (!(found[2] >> 27 & 1) || !(found[2] >> 28 & 1))
        return false;
    __asm__("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
    if ((low & 6) != 6)
        return false;
    hw_lanes_cpuid(7, found);
    return (found[1] >> 5 & 1) != 0;
}

HW_LANES_TARGET static inline hw_lanes
hw_lanes_load(const uint64_t *words)
{
    return *(const hw_lanes_anywhere *)words;
}

HW_LANES_TARGET static inline void
hw_lanes_store(uint64_t *words, hw_lanes lanes)
{
    *(hw_lanes_anywhere *)words = lanes;
}

HW_LANES_TARGET static inline hw_lanes
hw_lanes_all(uint64_t word)
{
    return (hw_lanes){ word, word, word, word };
}

/* Bit n: lane n is `word`. */
HW_LANES_TARGET static inline uint32_t
hw_lanes_that_are(uint64_t word, hw_lanes lanes)
{
    hw_lanes same = (hw_lanes)(lanes == hw_lanes_all(word));

    return (uint32_t)__builtin_ia32_movmskpd256((hw_lanes_doubles)same);
}

/* Each lane without the given bits. */
HW_LANES_TARGET static inline hw_lanes
hw_lanes_without(uint64_t bits, hw_lanes lanes)
{
    return lanes & hw_lanes_all(~bits);
}

/* Each lane one place back; the last one of `before` comes to the front. */
HW_LANES_TARGET static inline hw_lanes
hw_lanes_behind(hw_lanes before, hw_lanes lanes)
{
    return __builtin_shufflevector(before, lanes, 3, 4, 5, 6);
}

/* Lanes [0, last] of `moved`, the others of `still`. */
HW_LANES_TARGET static inline hw_lanes
hw_lanes_up_to(int64_t last, hw_lanes moved, hw_lanes still)
{
    const hw_lanes_signed numbers = { 0, 1, 2, 3 };
    hw_lanes moves = (hw_lanes)(numbers <= (hw_lanes_signed){ last, last, last, last });

    return (moved & moves) | (still & ~moves);
}

/* Where the halves of each lane come from when lane `way` goes in front of those before it. */
static const hw_lanes_halves hw_lanes_fronts[HW_LANES] = {
    { 0, 1, 2, 3, 4, 5, 6, 7 },
    { 2, 3, 0, 1, 4, 5, 6, 7 },
    { 4, 5, 0, 1, 2, 3, 6, 7 },
    { 6, 7, 0, 1, 2, 3, 4, 5 },
};

/* Lane `way`, which is `word`, goes in front of those before it. */
HW_LANES_TARGET static inline hw_lanes
hw_lanes_front(hw_lanes lanes, uint32_t way, uint64_t word)
{
    (void)word;
    return (hw_lanes)__builtin_ia32_permvarsi256((hw_lanes_halves)lanes, hw_lanes_fronts[way]);
}

#endif
#endif

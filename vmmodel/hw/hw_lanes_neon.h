/*
 * hw_lanes_neon.h - four words at a time, on arm64
 *
 * PURPOSE     The names of hw_lanes_avx2.h, over two registers of two words. NEON is part of every arm64
 *             processor that runs a usual system, so nobody need be asked for it.
 * INVARIANTS  as hw_lanes_avx2.h
 * UNITS       none
 * OWNERSHIP   none
 * ERRORS      none
 * EVENTS      none
 * XNU         none
 */
#ifndef HW_HW_LANES_NEON_H
#define HW_HW_LANES_NEON_H

#include <stdbool.h>
#include <stdint.h>

#define HW_LANES_TARGET

enum { HW_LANES = 4 };

typedef uint64_t hw_pair __attribute__((vector_size(16)));
typedef uint64_t hw_pair_anywhere __attribute__((vector_size(16), aligned(8), may_alias));
typedef int64_t hw_pair_signed __attribute__((vector_size(16)));

typedef struct {
    hw_pair low, high;
} hw_lanes;

static inline bool
hw_lanes_serve(void)
{
    return true;
}

static inline hw_lanes
hw_lanes_load(const uint64_t *words)
{
    const hw_pair_anywhere *pairs = (const hw_pair_anywhere *)words;

    return (hw_lanes){ pairs[0], pairs[1] };
}

static inline void
hw_lanes_store(uint64_t *words, hw_lanes lanes)
{
    hw_pair_anywhere *pairs = (hw_pair_anywhere *)words;

    pairs[0] = lanes.low;
    pairs[1] = lanes.high;
}

static inline hw_lanes
hw_lanes_all(uint64_t word)
{
    const hw_pair pair = { word, word };

    return (hw_lanes){ pair, pair };
}

/* Bit n: lane n is `word`. */
static inline uint32_t
hw_lanes_that_are(uint64_t word, hw_lanes lanes)
{
    const hw_pair wanted = { word, word }, low_bits = { 1, 2 }, high_bits = { 4, 8 };
    hw_pair bits =
        ((hw_pair)(lanes.low == wanted) & low_bits) | ((hw_pair)(lanes.high == wanted) & high_bits);

    return (uint32_t)(bits[0] | bits[1]);
}

/* Each lane without the given bits. */
static inline hw_lanes
hw_lanes_without(uint64_t bits, hw_lanes lanes)
{
    const hw_pair kept = { ~bits, ~bits };

    return (hw_lanes){ lanes.low & kept, lanes.high & kept };
}

/* Each lane one place back; the last one of `before` comes to the front. */
static inline hw_lanes
hw_lanes_behind(hw_lanes before, hw_lanes lanes)
{
    return (hw_lanes){ __builtin_shufflevector(before.high, lanes.low, 1, 2),
                       __builtin_shufflevector(lanes.low, lanes.high, 1, 2) };
}

/* Lanes [0, last] of `moved`, the others of `still`. */
static inline hw_lanes
hw_lanes_up_to(int64_t last, hw_lanes moved, hw_lanes still)
{
    const hw_pair_signed lasts = { last, last }, low = { 0, 1 }, high = { 2, 3 };
    hw_pair low_moves = (hw_pair)(low <= lasts), high_moves = (hw_pair)(high <= lasts);

    return (hw_lanes){ (moved.low & low_moves) | (still.low & ~low_moves),
                       (moved.high & high_moves) | (still.high & ~high_moves) };
}

/* Lane `way`, which is `word`, goes in front of those before it. */
static inline hw_lanes
hw_lanes_front(hw_lanes lanes, uint32_t way, uint64_t word)
{
    return hw_lanes_up_to(way, hw_lanes_behind(hw_lanes_all(word), lanes), lanes);
}

#endif

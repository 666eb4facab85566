/*
 * hw_tlb_lanes.h - one set of a TLB, four ways at a time
 *
 * PURPOSE     What hw_tlb_vector.c and hw_run.c do with a set. Finding compares four tags at a time. Moving
 *             a way to the front of its set moves the ways before it one place back. What each machine does
 *             in its own way is in hw_lanes_avx2.h and hw_lanes_neon.h; on any other there is no
 *             HW_LANES_TARGET, and nothing here.
 * INVARIANTS  words are only ever read in the fours they were written in: a read that straddles two stores
 *             that are still under way would wait for both, which costs more than the vectors gain
 * UNITS       set: the index of its first way; way: below level->ways, a multiple of four
 * OWNERSHIP   none
 * ERRORS      none
 * EVENTS      none
 * XNU         none
 */
#ifndef HW_HW_TLB_LANES_H
#define HW_HW_TLB_LANES_H

#include "hw/hw_tlb.h"

#if defined(__x86_64__)
#include "hw/hw_lanes_avx2.h"
#elif defined(__aarch64__) && defined(__ARM_NEON) && __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
#include "hw/hw_lanes_neon.h"
#endif

#ifdef HW_LANES_TARGET

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

HW_LANES_TARGET static inline void
hw_vector_put(const struct hw_tlb_level *level, size_t set, uint32_t way, uint64_t tag,
              uint64_t pte)
{
    hw_vector_to_front(&level->tags[set], way, tag);
    hw_vector_to_front(&level->ptes[set], way, pte);
}

/* Everything moves back one place, and the last way makes room. */
HW_LANES_TARGET static inline void
hw_vector_push(const struct hw_tlb_level *level, size_t set, uint64_t tag, uint64_t pte)
{
    uint64_t *tags = &level->tags[set], *ptes = &level->ptes[set];
    hw_lanes tag_before = hw_lanes_all(tag), pte_before = hw_lanes_all(pte);

    for (uint32_t left = level->ways; left > 0; left -= HW_LANES) {
        hw_lanes four_tags = hw_lanes_load(tags), four_ptes = hw_lanes_load(ptes);

        hw_lanes_store(tags, hw_lanes_behind(tag_before, four_tags));
        hw_lanes_store(ptes, hw_lanes_behind(pte_before, four_ptes));
        tag_before = four_tags;
        pte_before = four_ptes;
        tags += HW_LANES;
        ptes += HW_LANES;
    }
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

/* The same where the last way goes. */
HW_LANES_TARGET static inline void
hw_packed_push(const struct hw_tlb_level *level, size_t set, uint64_t tag, vmm_ppn frame)
{
    uint64_t *tags = &level->tags[set];
    vmm_ppn *frames = &level->frames[set];
    hw_lanes tag_before = hw_lanes_all(tag);
    hw_frames_four frame_before = { frame, frame, frame, frame };

    for (uint32_t left = level->ways; left > 0; left -= HW_LANES) {
        hw_lanes four_tags = hw_lanes_load(tags);
        hw_frames_four four_frames = *(const hw_frames_anywhere *)frames;

        hw_lanes_store(tags, hw_lanes_behind(tag_before, four_tags));
        *(hw_frames_anywhere *)frames =
            __builtin_shufflevector(frame_before, four_frames, 3, 4, 5, 6);
        tag_before = four_tags;
        frame_before = four_frames;
        tags += HW_LANES;
        frames += HW_LANES;
    }
}

#endif
#endif

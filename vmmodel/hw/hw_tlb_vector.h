/*
 * hw_tlb_vector.h - TLB look-ups four ways at a time
 *
 * PURPOSE     The same look-up and the same filling as hw_tlb.c, with AVX2 or NEON, where the processor that the
 *             model runs on has it. Which one runs changes no result, bit for bit.
 * INVARIANTS  as hw_tlb.h
 * UNITS       as hw_tlb.h
 * OWNERSHIP   none
 * ERRORS      none
 * EVENTS      none
 * XNU         none
 */
#ifndef HW_HW_TLB_VECTOR_H
#define HW_HW_TLB_VECTOR_H

#include "hw/hw_tlb.h"

/* Whether this processor can, and the TLB is of a kind that it is written for: LRU, ways by fours. */
bool hw_tlb_vector_serves(const struct hw_tlb *tlb);

/* hw_tlb_lookup_further() and hw_tlb_fill_in() for such a TLB. */
uint64_t hw_tlb_vector_lookup(struct hw_tlb *tlb, struct hw_tlb_level *first, uint64_t vpn,
                              uint64_t tag);
void hw_tlb_vector_fill(struct hw_tlb *tlb, struct hw_tlb_level *first, uint64_t vpn, uint64_t tag,
                        uint64_t pte, bool is_new);

/*
 * What stays the same during a run of references, and the page that the last of them was to: of fetches
 * and of the others, where fetches have a first level of their own.
 */
struct hw_run {
    struct hw_tlb *tlb;
    uint32_t shift;      /* of a page */
    uint32_t sign_shift; /* bits from here up are all alike in an address */
    uint64_t va_mask;
    uint64_t user_asid;
    uint64_t wanted[4]; /* by kind: what a word must have, NX turned around */
    uint32_t is_split;  /* 0 or 1: fetches do */
    uint64_t page[2];
    uint64_t rights[2]; /* what its word has; 0: no reference was made yet */
    bool missed;        /* the next reference was looked for in vain: nothing remembers its page */
    uint64_t l1_hits;   /* of one call */
    uint64_t l2_hits;
};

/* Whose page a reference is compared with. */
static inline uint32_t
hw_run_side(const struct hw_run *run, uint64_t reference)
{
    return (uint32_t)(reference >> 1) & run->is_split; /* a fetch has bit 1 */
}

/* Whether it is to the same page and may be: it hits, and changes nothing but a count. */
static inline bool
hw_run_stays(const struct hw_run *run, uint32_t side, uint64_t reference, uint64_t wanted)
{
    return reference >> run->shift == run->page[side] && (run->rights[side] & wanted) == wanted;
}

/* Whether hw_tlb_vector_run() is for this TLB. */
bool hw_tlb_vector_runs(const struct hw_tlb *tlb);

/*
 * Makes references as long as they hit and may be; returns how many. For the next one nothing has been
 * done yet.
 */
size_t hw_tlb_vector_run(struct hw_run *run, const uint64_t *references, size_t count);

#endif

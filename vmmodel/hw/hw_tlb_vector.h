/*
 * hw_tlb_vector.h - TLB look-ups four ways at a time
 *
 * PURPOSE     The same look-up and the same filling as hw_tlb.c, with AVX2 or NEON, where the processor that
 *             the model runs on has it. Which one runs changes no result, bit for bit.
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

/* Whether this processor has what hw_lanes_avx2.h or hw_lanes_neon.h are written for. */
bool hw_host_has_vectors(void);

/* Whether it has, and the TLB is of a kind that it is written for: LRU, ways by fours. */
bool hw_tlb_vector_serves(const struct hw_tlb *tlb);

/*
 * hw_tlb_lookup_further() for such a TLB; and hw_tlb_fill_in(), of a word without what nobody keeps (T7), once
 * the fill was noted.
 */
uint64_t hw_tlb_vector_lookup(struct hw_tlb *tlb, struct hw_tlb_level *first, uint64_t vpn,
                              uint64_t tag);
void hw_tlb_vector_fill(struct hw_tlb *tlb, struct hw_tlb_level *first, uint64_t vpn, uint64_t tag,
                        uint64_t pte, bool is_new);

#endif

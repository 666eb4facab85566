/*
 * counting_alloc.h - an allocator that counts, and that can run dry at the n-th request
 *
 * PURPOSE     Shows that everything taken is given back with its size, and that every failure of the
 *             embedder's memory is survived.
 * INVARIANTS  live_bytes is what was taken and not given back
 * UNITS       bytes, requests
 * OWNERSHIP   the test owns it
 * ERRORS      take() gives NULL once `fail_at` requests were made, when fail_at is not 0
 * EVENTS      none
 * XNU         none
 */
#ifndef SUPPORT_COUNTING_ALLOC_H
#define SUPPORT_COUNTING_ALLOC_H

#include "base/alloc.h"

struct counting_alloc {
    struct vmm_alloc alloc; /* pass this on */
    uint64_t requests;
    uint64_t fail_at; /* the request that fails, from 1; 0: none */
    bool fails_from_then_on;
    uint64_t live_bytes;
    uint64_t live_blocks;
    bool size_mismatch; /* something was given back with another size */
};

void counting_alloc_init(struct counting_alloc *counting);

#endif

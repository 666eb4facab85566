/*
 * trace_digest.h - one number for a whole run
 *
 * PURPOSE     Two runs that say the same things in the same order have the same digest; used to
 *             show determinism and to compare compilers.
 * INVARIANTS  E3  every field of every event is folded in, in a fixed byte order
 * UNITS       64-bit FNV-1a
 * OWNERSHIP   the caller owns the sink
 * ERRORS      none
 * EVENTS      watches all
 * XNU         none
 */
#ifndef TRACE_TRACE_DIGEST_H
#define TRACE_TRACE_DIGEST_H

#include "trace/trace.h"

struct trace_digest {
    struct trace_sink sink; /* attach this */
    uint64_t value;
};

/* Makes the digest of no events; its owner attaches the sink. */
void trace_digest_init(struct trace_digest *digest);

#endif

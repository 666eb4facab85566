/*
 * trace_ring.h - the last n events
 *
 * PURPOSE     Keeps the newest events in storage that the caller gives.
 * INVARIANTS  E4  the ring holds min(seen, capacity) events, oldest first by trace_ring_at()
 * UNITS       capacity: events
 * OWNERSHIP   the caller owns the storage
 * ERRORS      none; old events are overwritten
 * EVENTS      watches all
 * XNU         the kdebug buffer with KDBG_WRAP
 */
#ifndef TRACE_TRACE_RING_H
#define TRACE_TRACE_RING_H

#include "trace/trace.h"

struct trace_ring {
    struct trace_sink sink; /* attach this */
    struct trace_event *events;
    size_t capacity;
    uint64_t seen;
};

/* Makes an empty ring over `capacity` events of storage, capacity > 0. */
void trace_ring_init(struct trace_ring *ring, struct trace_event *events, size_t capacity);

/* How many events the ring holds now. */
size_t trace_ring_count(const struct trace_ring *ring);

/* The i-th oldest event held, i < trace_ring_count(). */
const struct trace_event *trace_ring_at(const struct trace_ring *ring, size_t index);

#endif

/* trace_ring.c - see trace_ring.h */
#include "trace/trace_ring.h"

#include "base/assert.h"

static void
trace_ring_see(struct trace_sink *sink, const struct trace_event *event)
{
    struct trace_ring *ring = VMM_CONTAINER(sink, struct trace_ring, sink);

    ring->events[ring->seen++ % ring->capacity] = *event;
}

void
trace_ring_init(struct trace_ring *ring, struct trace_event *events, size_t capacity)
{
    VMM_ASSERT(capacity > 0);
    *ring = (struct trace_ring){ .sink = { trace_ring_see, NULL },
                                 .events = events,
                                 .capacity = capacity };
}

size_t
trace_ring_count(const struct trace_ring *ring)
{
    return ring->seen < ring->capacity ? (size_t)ring->seen : ring->capacity;
}

const struct trace_event *
trace_ring_at(const struct trace_ring *ring, size_t index)
{
    uint64_t oldest = ring->seen - trace_ring_count(ring);

    VMM_ASSERT(index < trace_ring_count(ring));
    return &ring->events[(oldest + index) % ring->capacity];
}

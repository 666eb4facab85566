/* trace_digest.c - see trace_digest.h */
#include "trace/trace_digest.h"

/* FNV-1a's numbers for 64 bits. */
#define TRACE_FNV_BASIS 0xCBF29CE484222325u
#define TRACE_FNV_PRIME 0x100000001B3u

static uint64_t
trace_digest_fold(uint64_t value, uint64_t word)
{
    for (unsigned i = 0; i < 8; i++) {
        value = (value ^ (word & 0xff)) * TRACE_FNV_PRIME;
        word >>= 8;
    }
    return value;
}

static void
trace_digest_see(struct trace_sink *sink, const struct trace_event *event)
{
    struct trace_digest *digest = VMM_CONTAINER(sink, struct trace_digest, sink);
    const uint64_t words[] = { event->sequence, event->kind,   event->cpu,
                               event->space,    event->object, event->va,
                               event->length,   event->ppn,    event->prot,
                               event->detail,   event->count,  (uint64_t)(int64_t)event->status };

    for (size_t i = 0; i < VMM_COUNT_OF(words); i++)
        digest->value = trace_digest_fold(digest->value, words[i]);
}

void
trace_digest_init(struct trace_digest *digest)
{
    *digest = (struct trace_digest){ .sink = { trace_digest_see, NULL }, .value = TRACE_FNV_BASIS };
}

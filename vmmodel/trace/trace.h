/*
 * trace.h - what happened, told once, after it happened
 *
 * PURPOSE     Floors announce; sinks watch. Nothing in the model reads a trace, so watching never
 *             changes a run.
 * INVARIANTS  E1  every event has the next sequence number
 *             E2  counters[kind] is the number of events of that kind since the start
 * UNITS       va, length: bytes. count and kind: as event.def says for each event.
 * OWNERSHIP   a trace borrows its sinks; the embedder owns them
 * ERRORS      none
 * EVENTS      all of event.def
 * XNU         bsd/kern/kdebug.c plays this part. Differs: no buffer of its own, no time.
 */
#ifndef TRACE_TRACE_H
#define TRACE_TRACE_H

#include "base/types.h"

enum trace_kind {
#define TRACE_EVENT(id, name, text, fields, xnu) id,
#include "trace/event.def"
#undef TRACE_EVENT
    EV_KIND_COUNT
};

enum trace_reason {
#define TRACE_REASON(id, name) id,
#include "trace/reason.def"
#undef TRACE_REASON
    REASON_COUNT
};

/* What EV_LEAK is about. */
enum trace_leak {
    TRACE_LEAK_DESCRIPTOR = 1,
    TRACE_LEAK_BUFFER, /* an IOBufferMemoryDescriptor: the memory too */
    TRACE_LEAK_MAPPING,
    TRACE_LEAK_LOCK,
    TRACE_LEAK_COMMAND,
    TRACE_LEAK_COUNT
};

struct trace_event {
    uint64_t sequence; /* filled in by trace_emit() */
    enum trace_kind kind;
    uint32_t cpu;
    uint32_t space;
    uint32_t object;
    uint64_t va;
    uint64_t length;
    vmm_ppn ppn;
    vmm_prot prot;
    uint32_t detail; /* what event.def calls kind(...) */
    uint32_t count;
    int32_t status;
};

/* Watches a trace. `see` may keep a copy of the event, never the pointer. */
struct trace_sink {
    void (*see)(struct trace_sink *sink, const struct trace_event *event);
    struct trace_sink *next;
};

struct trace {
    uint64_t sequence;
    uint32_t cpu; /* the CPU the current operation runs on; stamps events that name none */
    uint64_t counters[EV_KIND_COUNT];
    struct trace_sink *sinks;
};

/* Makes a trace that nobody watches. */
void trace_init(struct trace *trace);

/* A sink sees every event from now on, before those that were attached earlier; or no more of them. */
void trace_attach(struct trace *trace, struct trace_sink *sink);
void trace_detach(struct trace *trace, struct trace_sink *sink);

/* Numbers the event, counts it and shows it to every sink. A CPU of 0 becomes the trace's own. */
void trace_emit_event(struct trace *trace, struct trace_event *event);

/* What is left of an event when nobody watches: its number and its count. */
static inline void
trace_count_event(struct trace *trace, enum trace_kind kind)
{
    trace->sequence++;
    trace->counters[kind]++;
}

/* The same for `count` of them. */
static inline void
trace_count_events(struct trace *trace, enum trace_kind kind, uint64_t count)
{
    trace->sequence += count;
    trace->counters[kind] += count;
}

/* The fields are evaluated only when somebody watches. */
#define trace_emit(trace, event_kind, ...)          \
    ((trace)->sinks == NULL                         \
         ? trace_count_event((trace), (event_kind)) \
         : trace_emit_event((trace), &(struct trace_event){ .kind = (event_kind), __VA_ARGS__ }))

/* "PMAP_ENTER" and its like; the sentence, the fields and the XNU counterpart of event.def. */
const char *trace_kind_name(enum trace_kind kind);
const char *trace_kind_text(enum trace_kind kind);
const char *trace_kind_fields(enum trace_kind kind);
const char *trace_kind_xnu(enum trace_kind kind);

/* Finds a kind by name; true and *kind written when it is known. */
bool trace_kind_by_name(const char *name, size_t length, enum trace_kind *kind);

/* "unwire-of-unwired" and its like: the name of why a kernel stopped. */
const char *trace_reason_name(enum trace_reason reason);

#endif

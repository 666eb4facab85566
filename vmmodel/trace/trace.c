/*
 * trace.c - see trace.h
 *
 * As in status.c the tables hold characters and not pointers, so that they are read-only.
 */
#include "trace/trace.h"

#include <string.h>

#include "base/assert.h"

enum { TRACE_NAME_BYTES = 20, TRACE_TEXT_BYTES = 88, TRACE_REASON_BYTES = 36 };

#define TRACE_EVENT(id, name, text, fields, xnu)                           \
    _Static_assert(sizeof(name) <= TRACE_NAME_BYTES, "name too long");     \
    _Static_assert(sizeof(text) <= TRACE_TEXT_BYTES, "text too long");     \
    _Static_assert(sizeof(fields) <= TRACE_TEXT_BYTES, "fields too long"); \
    _Static_assert(sizeof(xnu) <= TRACE_TEXT_BYTES, "xnu too long");
#include "trace/event.def"
#undef TRACE_EVENT

#define TRACE_REASON(id, name) _Static_assert(sizeof(name) <= TRACE_REASON_BYTES, "name too long");
#include "trace/reason.def"
#undef TRACE_REASON

struct trace_kind_row {
    char name[TRACE_NAME_BYTES];
    char text[TRACE_TEXT_BYTES];
    char fields[TRACE_TEXT_BYTES];
    char xnu[TRACE_TEXT_BYTES];
};

static const struct trace_kind_row rows[EV_KIND_COUNT] = {
#define TRACE_EVENT(id, name, text, fields, xnu) [id] = { name, text, fields, xnu },
#include "trace/event.def"
#undef TRACE_EVENT
};

void
trace_init(struct trace *trace)
{
    *trace = (struct trace){ .sequence = 0 };
}

void
trace_attach(struct trace *trace, struct trace_sink *sink)
{
    sink->next = trace->sinks;
    trace->sinks = sink;
}

void
trace_detach(struct trace *trace, struct trace_sink *sink)
{
    struct trace_sink **at = &trace->sinks;

    while (*at != NULL && *at != sink)
        at = &(*at)->next;
    if (*at == sink)
        *at = sink->next;
}

void
trace_emit_event(struct trace *trace, struct trace_event *event)
{
    event->sequence = trace->sequence++;
    if (event->cpu == 0)
        event->cpu = trace->cpu;
    trace->counters[event->kind]++;
    for (struct trace_sink *sink = trace->sinks; sink != NULL; sink = sink->next)
        sink->see(sink, event);
}

static const struct trace_kind_row *
trace_kind_row(enum trace_kind kind)
{
    VMM_ASSERT(kind < EV_KIND_COUNT);
    return &rows[kind];
}

const char *
trace_kind_name(enum trace_kind kind)
{
    return trace_kind_row(kind)->name;
}

const char *
trace_kind_text(enum trace_kind kind)
{
    return trace_kind_row(kind)->text;
}

const char *
trace_kind_fields(enum trace_kind kind)
{
    return trace_kind_row(kind)->fields;
}

const char *
trace_kind_xnu(enum trace_kind kind)
{
    return trace_kind_row(kind)->xnu;
}

bool
trace_kind_by_name(const char *name, size_t length, enum trace_kind *kind)
{
    for (size_t i = 0; i < EV_KIND_COUNT; i++) {
        if (strlen(rows[i].name) == length && memcmp(rows[i].name, name, length) == 0) {
            *kind = (enum trace_kind)i;
            return true;
        }
    }
    return false;
}

const char *
trace_reason_name(enum trace_reason reason)
{
    static const char names[REASON_COUNT][TRACE_REASON_BYTES] = {
#define TRACE_REASON(id, name) [id] = name,
#include "trace/reason.def"
#undef TRACE_REASON
    };

    VMM_ASSERT(reason < REASON_COUNT);
    return names[reason];
}

/*
 * scn_watch.c - counts per step, and a growing array of events
 */
#include "scn_watch.h"

#include <string.h>

enum { WATCH_FIRST_CAPACITY = 256 };

static bool
grow(struct scn_watch *watch)
{
    size_t capacity = watch->capacity != 0 ? watch->capacity * 2 : WATCH_FIRST_CAPACITY;
    struct trace_event *events = vmm_take_array(watch->alloc, capacity, sizeof *events);

    if (events == NULL)
        return false;
    if (watch->count > 0)
        memcpy(events, watch->events, watch->count * sizeof *events);
    vmm_give_array(watch->alloc, watch->events, watch->capacity, sizeof *events);
    watch->events = events;
    watch->capacity = capacity;
    return true;
}

static void
keep(struct scn_watch *watch, const struct trace_event *event)
{
    if (watch->is_short)
        return;
    if (watch->count == watch->capacity && !grow(watch))
        watch->is_short = true;
    else
        watch->events[watch->count++] = *event;
}

static void
see(struct trace_sink *sink, const struct trace_event *event)
{
    struct scn_watch *watch = VMM_CONTAINER(sink, struct scn_watch, sink);

    watch->seen++;
    watch->step.counts[event->kind]++;
    watch->step.bytes_of[event->kind] += event->length;
    watch->step.last[event->kind] = *event;
    if (event->kind == EV_FAULT && event->status != VMM_OK)
        watch->step.failed_faults++;
    else if (event->kind == EV_FAULT && event->detail < VM_FAULT_KINDS)
        watch->step.faults[event->detail]++;
    if (watch->keeps)
        keep(watch, event);
}

void
scn_watch_init(struct scn_watch *watch, const struct vmm_alloc *alloc, bool keeps)
{
    *watch = (struct scn_watch){ .sink = { .see = see }, .alloc = alloc, .keeps = keeps };
}

void
scn_watch_begin(struct scn_watch *watch)
{
    memset(&watch->step, 0, sizeof watch->step);
}

void
scn_watch_free(struct scn_watch *watch)
{
    vmm_give_array(watch->alloc, watch->events, watch->capacity, sizeof *watch->events);
    watch->events = NULL;
}

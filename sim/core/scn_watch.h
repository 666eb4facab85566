/*
 * scn_watch.h - what one operation caused
 *
 * PURPOSE     A sink that folds the events of one step into counts, for the narration, and keeps
 *             all events of the run when asked.
 * INVARIANTS  none
 * UNITS       bytes_of: bytes
 * OWNERSHIP   the watch owns its copy of the events until the report takes it
 * ERRORS      is_short: an event could not be kept
 * EVENTS      watches all
 * XNU         none
 */
#ifndef CORE_SCN_WATCH_H
#define CORE_SCN_WATCH_H

#include "vmmodel.h"

/* What the events of one step come to. */
struct scn_watch_step {
    uint64_t counts[EV_KIND_COUNT];
    uint64_t bytes_of[EV_KIND_COUNT]; /* the sum of their lengths */
    struct trace_event last[EV_KIND_COUNT];
    uint64_t faults[VM_FAULT_KINDS]; /* served, by kind */
    uint64_t failed_faults;
};

struct scn_watch {
    struct trace_sink sink; /* attach this */
    struct scn_watch_step step;
    uint64_t seen;
    bool keeps;
    bool is_short;
    const struct vmm_alloc *alloc;
    struct trace_event *events;
    size_t capacity;
    size_t count;
};

void scn_watch_init(struct scn_watch *watch, const struct vmm_alloc *alloc, bool keeps);
/* Forgets what the last step caused. */
void scn_watch_begin(struct scn_watch *watch);
/* Gives the kept events back. */
void scn_watch_free(struct scn_watch *watch);

#endif

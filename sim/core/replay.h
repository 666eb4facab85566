/*
 * replay.h - a trace of memory references run through the model
 *
 * PURPOSE     What would this program's references have cost on that machine and release, with its memory left
 *             lazy, touched before use, or wired? Memory that the trace uses without saying where it came
 *             from is mapped a region at a time, when it is first used.
 * INVARIANTS  Y1  the same trace and options give the same result, as visits or as references
 * UNITS       bytes; times: picoseconds
 * OWNERSHIP   replay_destroy() ends the world and frees the replay; options are copied
 * ERRORS      NULL, and *why says why; a kernel that stopped is in the result
 * EVENTS      those of the model, folded
 * XNU         none
 */
#ifndef CORE_REPLAY_H
#define CORE_REPLAY_H

#include "machine.h"
#include "memtrace.h"

enum replay_way { REPLAY_LAZY, REPLAY_PREFAULT, REPLAY_WIRE, REPLAY_WAYS };

const char *replay_way_name(enum replay_way way);

struct replay_options {
    const struct vmm_alloc *alloc;
    struct hw_geometry geometry;
    size_t profile;
    uint32_t cpus;
    uint64_t ram_bytes;
    uint64_t region_bytes;     /* a power of two, at least a page */
    uint32_t page_flush_limit; /* 0: the release's; see vm_profile_fields.def */
    enum replay_way way;
};

struct replay;

struct replay *replay_create(const struct replay_options *options, struct vmm_text *why);
void replay_destroy(struct replay *replay);

/* What memtrace.h hands out; `context` is the replay. False: the kernel stopped, or memory ran out. */
bool replay_references(void *context, const struct memtrace_batch *batch);
bool replay_event(void *context, const struct memtrace_event *event);

/* The same for a trace's visits: a block of them takes the time of these, and the result is that of its references. */
extern const struct memtrace_visitor replay_visitor;

enum { REPLAY_HOT = 10, REPLAY_FAULT_KINDS = VM_FAULT_KINDS };

struct replay_page {
    uint64_t key; /* space and page, plus 1; 0: none */
    uint64_t count;
};

struct replay_result {
    uint64_t references[4]; /* by memtrace_kind */
    uint64_t accesses;      /* of pages: what crosses a page's end makes two */
    uint64_t outside;       /* no user's address on this machine */
    uint64_t refused;       /* nothing is mapped there, or not with that right */
    uint64_t events, refused_events;
    uint64_t pages;   /* different ones */
    uint64_t regions; /* mapped because they were used */
    struct vm_access_counts tlb;
    uint64_t faults[REPLAY_FAULT_KINDS]; /* by vm_fault_kind */
    uint64_t failed_faults;
    uint64_t flushes, shootdowns, zero_fills;
    struct cost_sum cost;
    struct replay_page hot[REPLAY_HOT]; /* the most used pages first */
    size_t hot_count;
    uint64_t resident_pages, wired_pages;
    const struct vm_stop *stop;
    bool is_short; /* the host's memory ran out */
};

void replay_result(struct replay *replay, struct replay_result *result);

/* ---- printing ---- */
struct replay_report {
    const char *file;
    const char *format;
    uint64_t bad_lines;
    const struct replay_options *options;
    const struct machine *machine;
    const struct replay_result *result;
};

void replay_text(const struct core_out *out, const struct replay_report *report);
void replay_json(const struct core_out *out, const struct replay_report *report);

#endif

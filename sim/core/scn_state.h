/*
 * scn_state.h - everything there is to see at one event of a run
 *
 * PURPOSE     Maps page by page, objects and their chains, the page-table walk of an address, every
 *             TLB, who maps a frame, each CPU's context, counters: copied out of the world at the
 *             moment an event is announced, so that a display can stop a run anywhere.
 * INVARIANTS  Y2  taking a state changes nothing: it only probes
 *             Y3  the same program, release and event give the same state
 * UNITS       addresses and sizes: bytes; counts: pages; event: how many events there have been
 * OWNERSHIP   a state lies in its report
 * ERRORS      NULL when memory ran out; the run notices. What is longer than the limits below is cut,
 *             and says so.
 * EVENTS      watches all
 * XNU         none
 */
#ifndef CORE_SCN_STATE_H
#define CORE_SCN_STATE_H

#include "scn_snapshot.h"

enum {
    SCN_STATE_PAGES_MAX = 512, /* of a region, and of an object */
    SCN_STATE_OBJECTS_MAX = 256,
    SCN_STATE_MAPPINGS_MAX = 8,   /* of a frame */
    SCN_STATE_TLB_LINES_MAX = 512 /* of a CPU */
};

/* What a state can do without. */
enum scn_state_parts {
    SCN_STATE_COUNTERS = 1,
    SCN_STATE_MAPS = 2,
    SCN_STATE_OBJECTS = 4,
    SCN_STATE_CPUS = 8,
    SCN_STATE_WALK = 16
};

enum scn_page_bits {
    SCN_PAGE_RESIDENT = 1,
    SCN_PAGE_WIRED = 2, /* the page has a wire count */
    SCN_PAGE_TRANSLATED = 4,
    SCN_PAGE_TRANSLATION_WIRED = 8,
    SCN_PAGE_WRITABLE = 16, /* the translation allows stores */
};

/* The pages of one region, from its start on. */
struct scn_state_region {
    uint8_t *bits; /* enum scn_page_bits */
    vmm_ppn *frames;
    size_t page_count; /* 0 when nothing is there */
    bool is_cut;
};

struct scn_state_space {
    const struct scn_space *space;
    struct scn_state_region *regions; /* as the space's */
};

struct scn_state_mapping {
    uint32_t space;
    vmm_va va;
};

struct scn_state_page {
    struct vm_look_page page;
    struct scn_state_mapping mappings[SCN_STATE_MAPPINGS_MAX];
    size_t mapping_count; /* may be more than are kept */
};

struct scn_state_object {
    struct vm_look_object object;
    struct scn_state_page *pages;
    size_t page_count;
    bool is_cut;
};

struct scn_state_cpu {
    struct vm_look_cpu cpu;
    struct pmap_look_line *lines;
    size_t line_count;
    bool is_cut;
};

struct scn_state {
    uint64_t event; /* it is as behind this one, from 1; fewer than asked: the run ended before */
    bool has_last;
    struct trace_event last;
    uint64_t page_bytes;
    struct scn_snapshot *maps; /* NULL when left out; what else is left out counts 0 */
    struct scn_state_space *spaces;
    struct scn_state_object *objects;
    size_t object_count;
    bool objects_are_cut;
    struct scn_state_cpu *cpus;
    size_t cpu_count;
    uint32_t walk_space;
    vmm_va walk_va;
    struct pmap_look_step walk[PMAP_LOOK_LEVELS];
    uint32_t walk_levels;
    size_t walk_count; /* 0: no address to walk to */
    uint64_t counters[EV_KIND_COUNT];
};

/* A sink that takes the state of `run` when it has seen `event` events. */
struct scn_state_sink {
    struct trace_sink sink;
    struct scn_run *run;
    uint64_t seen;
};

void scn_state_watch(struct scn_state_sink *sink, struct scn_run *run);

/* Takes it at the end of a run that had too few events. */
void scn_state_finish(struct scn_state_sink *sink);

/* Whether the event is about an address, and not about an offset of an object. */
bool scn_event_has_address(const struct trace_event *event);

void scn_state_json(const struct core_out *out, const struct scn_state *state);

#endif

/*
 * verify.h - findings: a fold of events with a rule table
 *
 * PURPOSE     The model says what happened; rules say what of it was wrong, what was missing, and
 *             which call would have helped.
 * INVARIANTS  W1  a finding is made from events alone; watching changes nothing
 * UNITS       va: bytes
 * OWNERSHIP   the caller gives the storage for findings; texts are constants
 * ERRORS      findings beyond the storage are counted, not kept. A fold remembers the last
 *             VERIFY_ROOM objects of each kind; of older ones it finds only what one event tells.
 * EVENTS      watches all
 * XNU         each rule names its source
 */
#ifndef VERIFY_VERIFY_H
#define VERIFY_VERIFY_H

#include "trace/trace.h"

/* It happened; it did not happen here, but nothing promises that; it can be done better. */
enum verify_severity { VERIFY_OBSERVED, VERIFY_CONTRACT, VERIFY_ADVICE };

struct verify_rule {
    const char *id; /* "fault-in-restricted-context" */
    enum verify_severity severity;
    const char *sentence; /* what went wrong */
    const char *missing;  /* what was not there */
    const char *fix;      /* the call that fixes it */
    const char *source;   /* spec section and XNU function */
};

struct verify_finding {
    const struct verify_rule *rule;
    struct trace_event event; /* the event that decided */
    struct trace_event cause; /* what led to it, where the rule needs both; sequence 0: none */
};

enum { VERIFY_ROOM = 64, VERIFY_HELD = 16 };

struct verify_descriptor {
    uint32_t id; /* 0: nobody's place */
    uint32_t prepares;
    bool was_prepared;
};

/* A part of a task's memory that a descriptor is about. */
struct verify_range {
    uint32_t descriptor;
    uint32_t space;
    uint64_t va;
    uint64_t length;
    vmm_prot direction;
    bool is_snapshot;
};

struct verify_mapping {
    uint32_t id;
    uint32_t descriptor;
    uint32_t space;
    uint64_t va;
    uint64_t length;
    bool is_undone;
};

/* A physical address that a driver was given. */
struct verify_segment {
    uint32_t descriptor;
    uint64_t va;
    uint64_t length;
    bool is_over; /* its descriptor was completed or freed */
};

/* `then` was taken while `first` was held. */
struct verify_order {
    uint32_t first;
    uint32_t then;
};

struct verify_held {
    uint32_t lock;
    uint32_t cpu;
};

/* What a fold remembers: each table is a ring, in which the oldest makes room. */
struct verify_memory {
    struct verify_descriptor descriptors[VERIFY_ROOM];
    struct verify_range ranges[VERIFY_ROOM];
    struct verify_mapping mappings[VERIFY_ROOM];
    struct verify_segment segments[VERIFY_ROOM];
    struct verify_order orders[VERIFY_ROOM];
    struct verify_held held[VERIFY_HELD];
    size_t descriptor_count; /* ever; the same for the others */
    size_t range_count;
    size_t mapping_count;
    size_t segment_count;
    size_t order_count;
    size_t held_count;          /* now */
    struct trace_event refused; /* the last FAULT_REFUSED */
    bool has_told_kpi;
};

enum { VERIFY_CHANGES = 64 };

struct verify {
    struct trace_sink sink; /* attach this */
    struct verify_finding *findings;
    struct trace_event changes[VERIFY_CHANGES]; /* of translations, the latest ones */
    size_t change_count;
    size_t capacity;
    size_t count;
    uint64_t dropped; /* findings that there was no room for */
    bool is_strict;   /* contract findings are made too; as verify_init() leaves it, not */
    struct verify_memory memory;
};

/* Makes an empty fold over `capacity` findings of storage. */
void verify_init(struct verify *verify, struct verify_finding *findings, size_t capacity);

/* "observed": it happened. "contract": it did not happen here, but nothing promises that. "advice". */
const char *verify_severity_name(enum verify_severity severity);

/* How many rules there are; rule `index` < that. */
size_t verify_rule_count(void);
const struct verify_rule *verify_rule_at(size_t index);

/* The rule with that id of `length` bytes, or NULL. */
const struct verify_rule *verify_rule_find(const char *id, size_t length);

#endif

/*
 * verify.h - findings: a fold of events with a rule table
 *
 * PURPOSE     The model says what happened; rules say what of it was wrong, what was missing, and
 *             which call would have helped.
 * INVARIANTS  a finding is made from events alone; watching changes nothing
 * UNITS       va: bytes
 * OWNERSHIP   the caller gives the storage for findings; texts are constants
 * ERRORS      findings beyond the storage are counted, not kept
 * EVENTS      watches all
 * XNU         each rule names its source
 */
#ifndef VERIFY_VERIFY_H
#define VERIFY_VERIFY_H

#include "trace/trace.h"

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
};

struct verify {
    struct trace_sink sink; /* attach this */
    struct verify_finding *findings;
    size_t capacity;
    size_t count;
    uint64_t dropped;
};

/* Makes an empty fold over `capacity` findings of storage. */
void verify_init(struct verify *verify, struct verify_finding *findings, size_t capacity);

/* "observed": it happened. "contract": it did not happen here, but nothing promises that. "advice". */
const char *verify_severity_name(enum verify_severity severity);

size_t verify_rule_count(void);
const struct verify_rule *verify_rule_at(size_t index);

/* The rule with that id, or NULL. */
const struct verify_rule *verify_rule_find(const char *id, size_t length);

#endif

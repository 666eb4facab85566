/*
 * scn.h - a scenario: text in, report out
 *
 * PURPOSE     Parses the scenario language, runs a program on one release over the seam, and hands
 *             out a report that printers turn into text or JSON. No files, no clock, no libuv: the
 *             same code runs in the program, in a page and in a kext.
 * INVARIANTS  N1  any bytes parse or give one error; nothing crashes
 *             N2  same source, profile and version: same report
 * UNITS       line, column: from 1. Sizes: bytes.
 * OWNERSHIP   a program borrows nothing from its source; scn_program_free() and scn_report_free()
 *             give everything back
 * ERRORS      scn_parse() fills *error; SCN_NO_MEMORY when the allocator gave nothing
 * EVENTS      a report may keep all events of the run
 * XNU         none
 */
#ifndef CORE_SCN_H
#define CORE_SCN_H

#include "vmmodel.h"

enum {
    SCN_SOURCE_MAX = 1 << 20, /* bytes of a scenario file; more is an error */
    SCN_LINE_MAX = 4096,
};

struct scn_error {
    uint32_t line; /* 0: the whole file */
    uint32_t column;
    char what[160]; /* "unknown operation 'wyre'" */
    char how[160];  /* "did you mean 'wire'?" */
};

/* Fills an error: where, how to mend it, and what is wrong as base/text.h formats it; cut where it is too long. */
void scn_error_set(struct scn_error *error, uint32_t line, size_t column, const char *how,
                   const char *format, ...) __attribute__((format(printf, 5, 6)));

struct scn_program;

enum scn_outcome { SCN_OK, SCN_BAD_SOURCE, SCN_NO_MEMORY };

/*
 * Reads `length` bytes of the language. SCN_OK: *program, which scn_program_free() gives back; SCN_BAD_SOURCE:
 * *error has the first thing that is wrong; SCN_NO_MEMORY.
 */
enum scn_outcome scn_parse(const struct vmm_alloc *alloc, const char *bytes, size_t length,
                           struct scn_program **program, struct scn_error *error);

/* NULL is allowed. */
void scn_program_free(struct scn_program *program);

/* The title line, or "". */
const char *scn_program_title(const struct scn_program *program);

/* The machine that the file names, one of `faultline machines`, or "". */
const char *scn_program_machine(const struct scn_program *program);

/* The profile rows the file asks for, in its order; never empty (the default is one). */
size_t scn_program_profile_count(const struct scn_program *program);
size_t scn_program_profile_at(const struct scn_program *program, size_t index);

enum scn_verdict {
    SCN_CLEAN,      /* every expectation held; no unexpected finding, panic or hang */
    SCN_UNEXPECTED, /* a finding, panic or hang that no line expected */
    SCN_FAILED      /* an expectation did not hold */
};

/* How many threads the program has. */
uint32_t scn_program_thread_count(const struct scn_program *program);
/* The name of a thread, in the order of the file. */
const char *scn_program_thread_name(const struct scn_program *program, uint32_t index);

/* Whether a statement ends on that line. */
bool scn_program_has_line(const struct scn_program *program, uint32_t line);

/* The last line with a statement. */
uint32_t scn_program_last_line(const struct scn_program *program);

/* One line of the run, in order. */
struct scn_step {
    uint32_t line;
    uint32_t depth;     /* nesting of blocks */
    const char *source; /* the line as written, without comment and indentation */
    const char *thread; /* that ran it; NULL: a line outside of threads */
    bool is_expectation;
    bool skipped;  /* the kernel had stopped, `on` did not name this release, or nobody can look */
    bool injected; /* a call that this line caused was made to fail: */
    enum vmm_call injected_call;
    uint64_t injected_nth; /* of its kind, from the line's beginning on */
    bool failed;           /* an expectation that did not hold */
    bool has_status;
    bool gave_null;        /* an operation that gives an object gave NULL */
    int32_t status;        /* of an operation: the number the Mac would give */
    int32_t hidden_status; /* the code behind a NULL */
    bool has_loaded;       /* a load or a read-bytes that got its bytes */
    uint8_t loaded;        /* the first of them */
    const char *narration; /* what each floor did, one or more lines; "" for none */
    const char *expected;  /* of a failed expectation */
    const char *found;
    struct vm_access_counts accesses; /* what its loads and stores found in TLBs and tables */
    uint64_t first_event; /* events [first_event, first_event + event_count) of the run */
    uint64_t event_count;
};

struct scn_finding {
    const struct verify_rule *rule;
    struct trace_event event;
    struct trace_event cause; /* what led to it, for rules of two events; sequence 0: none */
    uint32_t line;
    bool expected;
};

struct scn_snapshot; /* scn_snapshot.h */
struct scn_fibers;   /* scn_threads.h */
struct scn_schedule;
struct scn_switch;
struct scn_state; /* scn_state.h */

struct scn_report {
    const struct vmm_alloc *alloc;
    size_t profile;      /* row */
    const char *machine; /* its name; NULL: nobody named one */
    enum scn_verdict verdict;
    struct scn_step *steps;
    size_t step_count;
    struct scn_finding *findings;
    size_t finding_count;
    struct vm_stop stop; /* how the kernel ended */
    uint32_t stop_line;
    bool stop_expected;
    struct vm_statistics statistics;
    uint64_t counters[EV_KIND_COUNT];
    uint64_t digest;            /* of all events */
    struct trace_event *events; /* kept when asked; else NULL */
    size_t event_count;
    const char *broken_invariant; /* vm_system_check() at the end, NULL when all hold */
    bool leaks;                   /* that one is the allocator's: not all was given back */
    bool ran_out;                 /* an allocation was made to fail, and the run ended there */
    struct scn_metric {           /* `report NAME EXPRESSION` lines: named numbers for the story */
        const char *name;
        uint64_t value;
    } * metrics;
    size_t metric_count;
    const struct scn_snapshot *snapshot; /* when asked; NULL: not asked */
    struct scn_switch *switches;         /* from thread to thread, in order */
    size_t switch_count;
    uint64_t choice_count;         /* where more than one thread could have gone on */
    bool is_cut;                   /* the schedule gave the run up: nothing here counts */
    const struct scn_state *state; /* when asked; NULL: not asked */
};

enum scn_kernel { SCN_KERNEL_AS_WRITTEN, SCN_KERNEL_RELEASE, SCN_KERNEL_ASSERTS };

/* Told of a run while it goes on. `event` may change the options' state_event, to what is yet to come. */
struct scn_follower {
    void *context;
    void (*event)(void *context, uint64_t seen);                 /* behind every event */
    void (*state)(void *context, const struct scn_state *state); /* as soon as it is taken */
};

struct scn_options {
    enum scn_kernel kernel;             /* against what the `machine` line says */
    const struct vm_profile *behaviour; /* in place of the row's own; NULL: the row's */
    const struct hw_geometry *geometry; /* NULL: what the file says, else x86_64 */
    bool keep_events;
    bool is_strict;            /* contract findings are reported, and fail as observed ones do */
    bool check_each_step;      /* vm_system_check() after every operation */
    uint32_t snapshot_line;    /* keep counters and maps as they are behind this line; 0: do not */
    struct scn_fibers *fibers; /* NULL: threads run one after the other, each to its end */
    struct vmm_injector *injector; /* makes calls of the model fail, or NULL */
    struct scn_schedule *schedule; /* NULL: a thread goes on until it ends or waits */
    uint32_t hidden_caps; /* VMK_CAP_* bits to do without, as on a backend that lacks them */
    uint64_t state_event; /* keep what there is to see at this event, from 1 on; 0: do not */
    uint32_t state_parts; /* SCN_STATE_* to look at; 0: all, which takes longer in a large world */
    bool state_has_address; /* walk the tables to this address then, not to the event's own */
    uint32_t state_space;
    uint64_t state_address;
    const struct scn_follower *follower; /* NULL: nobody */
};

/* Runs the program on one profile row. SCN_OK: *report is filled. Makes its own world. */
enum scn_outcome scn_run(const struct scn_program *program, const struct vmm_alloc *alloc,
                         size_t profile, const struct scn_options *options,
                         struct scn_report **report);

/* NULL is allowed; what the report shows goes with it. */
void scn_report_free(struct scn_report *report);

/* "clean", "unexpected", "failed" */
const char *scn_verdict_name(enum scn_verdict verdict);

/* Whether a finding fails its run: no line expects it, and it is more than advice. */
bool scn_finding_fails(const struct scn_finding *finding);

/* The first finding that does, and the first step that failed; NULL: none. They belong to the report. */
const struct scn_finding *scn_report_unexpected(const struct scn_report *report);
const struct scn_step *scn_report_failed(const struct scn_report *report);

/* Where printers put their bytes. */
struct core_out {
    void (*put)(void *context, const char *bytes, size_t length);
    void *context;
};

enum { SCN_PRINT_EVENTS = 1, SCN_PRINT_QUIET = 2, SCN_PRINT_COLOUR = 4 };

/* One run as a reader sees it: steps, narration, findings in the panic's shape first, verdict. */
void scn_print_text(const struct core_out *out, const char *file, const struct scn_program *program,
                    const struct scn_report *report, uint32_t flags);

/*
 * Many runs as one JSON object: { "schema": 1, "program": "faultline", "version": .., "runs": [..] }.
 * Called as begin, run..., end.
 */
void scn_json_begin(const struct core_out *out);
void scn_json_run(const struct core_out *out, bool is_first, const char *file,
                  const struct scn_program *program, const struct scn_report *report,
                  uint32_t flags);
void scn_json_end(const struct core_out *out);

#endif

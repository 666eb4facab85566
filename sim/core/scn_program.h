/*
 * scn_program.h - a parsed scenario
 *
 * PURPOSE     What the parser hands to the runner: statements in order, with every word resolved.
 * INVARIANTS  P1  a name is bound before it is used, on every release where the line runs, and to
 *                 the type that the operation takes
 *             P2  blocks nest; every SCN_OPEN has its SCN_CLOSE
 * UNITS       numbers: bytes, or pages of the machine that runs the program
 * OWNERSHIP   everything lies in the program's arena
 * ERRORS      none
 * EVENTS      none
 * XNU         none
 */
#ifndef CORE_SCN_PROGRAM_H
#define CORE_SCN_PROGRAM_H

#include "core_arena.h"
#include "scn.h"
#include "scn_rows.h"
#include "scn_threads.h"
#include "scn_words.h"

enum {
    SCN_DEPTH_MAX = 16,       /* nesting of blocks */
    SCN_CPUS_MAX = 64,        /* what the machine can have */
    SCN_FRAMES_MAX = 1 << 18, /* 1 GiB of 4 KiB frames */
    SCN_STORE_MAX = 1 << 20,
    SCN_TURNS_MAX = 10000, /* of other threads, while a pager works */
    SCN_SMALL_PAGE = 4096, /* task pages=4K */
    SCN_DEFAULT_CPUS = 2,
    SCN_DEFAULT_BYTE = 0x41,
};

#define SCN_NO_NAME UINT32_MAX
#define SCN_KERNEL_NAME 0u /* the first name of every program */

struct scn_number {
    uint64_t value;
    bool in_pages;
};

/* NAME[+OFFSET][:LENGTH] */
struct scn_place {
    uint32_t name;
    bool has_offset;
    bool has_length;
    struct scn_number offset;
    struct scn_number length;
};

/* What stands behind an operation's word. */
struct scn_operands {
    struct scn_place *places; /* names and places, in order */
    size_t place_count;
    struct scn_number numbers[2];
    size_t number_count;
    uint32_t word; /* direction or rights */
    bool has_word;
    uint32_t given; /* SCN_TAKES_* bits that stand on the line */
    struct scn_number offset;
    struct scn_number length;
    struct scn_number value;
    struct scn_number at;
    struct scn_number align;
    struct scn_place place; /* at=PLACE or output=PLACE */
    bool at_is_place;
    uint32_t inherit; /* inherit= */
    int32_t status;   /* an error that somebody is to answer */
};

enum scn_comparison { SCN_EXACTLY, SCN_AT_LEAST, SCN_AT_MOST };

enum scn_result_form { SCN_RESULT_STATUS, SCN_RESULT_NULL };

/* What stands behind `expect` or `report NAME`. */
struct scn_claim {
    enum scn_subject_id subject;
    size_t text_at; /* where the subject begins in the statement's source */
    struct scn_place *places;
    size_t place_count;
    struct scn_number offset; /* offset= and length=, of the only place */
    struct scn_number length;
    bool has_offset;
    bool has_length;
    enum scn_comparison comparison;
    struct scn_number number;
    enum scn_result_form form;
    int32_t status;
    enum trace_kind event;
    uint32_t word; /* rights, a state, a fact, page query bits: what the subject takes */
    const struct verify_rule *rule;
    const char *string; /* NULL: none given */
    const char *metric; /* of a report line */
};

enum scn_form {
    SCN_DO,
    SCN_EXPECT,
    SCN_REPORT,
    SCN_OPEN,
    SCN_CLOSE,
    SCN_THREAD,    /* `thread NAME {`; result: its number */
    SCN_THREAD_END /* and its brace */
};

struct scn_statement {
    struct scn_statement *next;
    enum scn_form form;
    uint32_t line;
    uint32_t depth;
    const char *source;
    struct scn_rows rows;            /* where it runs */
    enum scn_operation_id operation; /* SCN_DO */
    enum vm_no_fault section;        /* SCN_OPEN, SCN_CLOSE */
    uint32_t result; /* SCN_DO: the name it binds, or SCN_NO_NAME; of threads: which one */
    union {
        struct scn_operands operands; /* SCN_DO */
        struct scn_claim claim;       /* SCN_EXPECT, SCN_REPORT */
    } u;
};

struct scn_name {
    struct scn_name *next; /* bound after this one */
    struct scn_name *next_same_hash;
    const char *text;
    uint32_t index;
    enum scn_type type;
    uint32_t line;        /* where it was bound first */
    struct scn_rows rows; /* where it is bound */
};

struct scn_program {
    struct core_arena arena;
    const char *title;
    size_t profiles[SCN_ROWS_MAX];
    size_t profile_count;
    struct hw_geometry geometry; /* of the machine that the file names; no levels: it names none */
    uint32_t cpu_count;          /* 0: the default */
    uint32_t frame_count;        /* 0: the default */
    uint32_t store_pages;
    bool kernel_asserts;
    bool evicts_on_entry;
    bool has_failures;                    /* a `fail` line */
    const char *schedule;                 /* an id (explore.h), or NULL */
    const char *threads[SCN_THREADS_MAX]; /* their names */
    uint32_t thread_count;
    struct scn_name *names; /* in the order of their indices */
    struct scn_statement *first;
    size_t statement_count;
    size_t operation_count;
    size_t report_count;
    uint32_t name_count;
};

#endif

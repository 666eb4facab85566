/*
 * matrix.h - one scenario on every release and on both kernels, and what made the difference
 *
 * PURPOSE     Runs a program on each profile row, on a release kernel and on one with assertions, and
 *             folds each run into facts: what each line gave, each finding, how the kernel ended. Where
 *             a row's facts differ from those of the release before it, asks the model which of the
 *             two rows' differences decide: it runs the newer row again with one field as it was.
 * INVARIANTS  X1  a fact is what scn_run() reported on that row and kernel
 *             X2  a cause is proved: with that one field as it was before, some fact is another
 * UNITS       row: index of a profile row. line: of the scenario.
 * OWNERSHIP   borrows program and allocator; matrix_destroy() gives the rest back
 * ERRORS      MATRIX_NO_MEMORY
 * EVENTS      none of its own
 * XNU         none
 */
#ifndef CORE_MATRIX_H
#define CORE_MATRIX_H

#include "scn.h"

enum matrix_kernel { MATRIX_RELEASE, MATRIX_ASSERTS, MATRIX_KERNELS };

/* What one line, one rule or the kernel itself came to. */
struct matrix_fact {
    /* "ok", "KERN_PROTECTION_FAILURE", "16", "FAILED: found 0", "panic, line 9" */
    const char *text;
    bool ran;     /* false: the line was skipped */
    bool applies; /* false: the line is not for this release, and is compared with nothing */
};

enum matrix_outcome {
    MATRIX_CLEAN,
    MATRIX_FAILED,  /* an expectation does not hold */
    MATRIX_FINDING, /* a finding that no line expects, and the kernel lives */
    MATRIX_PANICS,
    MATRIX_HANGS
};

struct matrix_cell {
    enum matrix_outcome outcome;
    uint32_t line;             /* where */
    const char *reason;        /* the rule's id; NULL: none */
    const char *broken;        /* an invariant of the model that does not hold */
    struct matrix_fact *facts; /* matrix_fact_count() of them */
};

struct matrix_cause {
    size_t field; /* of the profile */
};

/* What a row changed against the row before it (seed-view: against its own base). */
struct matrix_change {
    bool is_change;
    size_t base;
    struct matrix_cause *causes;
    size_t cause_count; /* 0 with is_change: only several fields together decide */
};

struct matrix;

enum matrix_progress { MATRIX_MORE, MATRIX_FINISHED, MATRIX_NO_MEMORY };

/* NULL: no memory. */
struct matrix *matrix_create(const struct vmm_alloc *alloc, const struct scn_program *program);
void matrix_destroy(struct matrix *matrix);

/* Runs the next row on both kernels and asks what decided. MATRIX_FINISHED: all rows are done. */
enum matrix_progress matrix_step(struct matrix *matrix);

/* ---- after MATRIX_FINISHED ---- */
const struct matrix_cell *matrix_cell_at(const struct matrix *matrix, size_t row,
                                         enum matrix_kernel kernel);
const struct matrix_change *matrix_change_at(const struct matrix *matrix, size_t row);
const char *matrix_broken(const struct matrix *matrix); /* NULL: the model kept its rules */

size_t matrix_fact_count(const struct matrix *matrix);
/* The scenario's line as written, "finding RULE" or "the kernel"; *line: its number, 0 for none. */
const char *matrix_fact_label(const struct matrix *matrix, size_t fact, uint32_t *line);
/* Whether the fact is a `report` line's; *name: the number's. */
bool matrix_fact_is_metric(const struct matrix *matrix, size_t fact, const char **name);

bool matrix_facts_differ(const struct matrix_fact *a, const struct matrix_fact *b);
bool matrix_same_facts(const struct matrix *matrix, const struct matrix_cell *a,
                       const struct matrix_cell *b);

/* "clean", "fails", "finding", "panic", "hang" */
const char *matrix_outcome_name(enum matrix_outcome outcome);

/* "clean", "panic, line 9" */
void matrix_put_outcome(struct vmm_text *text, const struct matrix_cell *cell);

void matrix_print_text(const struct core_out *out, const char *file,
                       const struct scn_program *program, const struct matrix *matrix);
void matrix_print_json(const struct core_out *out, const char *file,
                       const struct scn_program *program, const struct matrix *matrix);

#endif

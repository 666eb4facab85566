/*
 * matrix.c - runs become facts, and facts that differ get a cause
 *
 * Facts stand at fixed places: one for each statement in order, one for each rule, one for the
 * kernel's end. So two runs differ where two texts at one place differ, and nothing that depends on
 * an address or on a count of events can differ by accident.
 *
 * Which field decides is asked of the model and not guessed from the table: a release changes several
 * behaviours at once, and most have nothing to do with the scenario at hand.
 */
#include "matrix.h"

#include <string.h>

#include "scn_program.h"
#include "scn_run.h"

enum { FACT_MAX = 256 };

struct matrix {
    const struct vmm_alloc *alloc;
    const struct scn_program *program;
    struct core_arena arena;
    struct matrix_cell *cells; /* row by row, MATRIX_KERNELS each */
    struct matrix_change *changes;
    size_t fact_count;
    size_t row; /* the next one */
    const char *broken;
};

/* ---- places of facts ---- */

size_t
matrix_fact_count(const struct matrix *matrix)
{
    return matrix->fact_count;
}

static const struct scn_statement *
statement_at(const struct matrix *matrix, size_t fact)
{
    const struct scn_statement *statement = matrix->program->first;

    while (statement != NULL && fact-- > 0)
        statement = statement->next;
    return statement;
}

const char *
matrix_fact_label(const struct matrix *matrix, size_t fact, uint32_t *line)
{
    size_t statements = matrix->program->statement_count;

    *line = 0;
    if (fact < statements) {
        const struct scn_statement *statement = statement_at(matrix, fact);

        *line = statement->line;
        return statement->source;
    }
    return fact - statements < verify_rule_count() ? verify_rule_at(fact - statements)->id
                                                   : "the kernel";
}

bool
matrix_fact_is_metric(const struct matrix *matrix, size_t fact, const char **name)
{
    const struct scn_statement *statement = NULL;

    if (fact < matrix->program->statement_count)
        statement = statement_at(matrix, fact);
    if (statement == NULL || statement->form != SCN_REPORT)
        return false;
    *name = statement->u.claim.metric;
    return true;
}

bool
matrix_facts_differ(const struct matrix_fact *a, const struct matrix_fact *b)
{
    return a->applies && b->applies && strcmp(a->text, b->text) != 0;
}

bool
matrix_same_facts(const struct matrix *matrix, const struct matrix_cell *a,
                  const struct matrix_cell *b)
{
    for (size_t i = 0; i < matrix->fact_count; i++) {
        if (matrix_facts_differ(&a->facts[i], &b->facts[i]))
            return false;
    }
    return true;
}

/* ---- from a report to facts ---- */

static struct matrix_fact
fact(struct core_arena *arena, bool ran, const struct vmm_text *text)
{
    return (struct matrix_fact){ core_arena_copy(arena, text->bytes, text->length), ran, true };
}

static void
put_result(struct vmm_text *text, const struct scn_step *step)
{
    if (step->status == VMK_PANICKED || step->status == VMK_HUNG) {
        vmm_text_put(text, step->status == VMK_PANICKED ? "panic" : "hang");
    } else if (step->gave_null) {
        vmm_text_put(text, "null");
        if (step->hidden_status != 0) {
            vmm_text_put(text, ", hiding ");
            scn_put_status(text, step->hidden_status);
        }
    } else if (step->has_status && step->status == 0) {
        vmm_text_put(text, "ok");
        if (step->has_loaded)
            vmm_text_format(text, ", 0x%02x", step->loaded);
    } else if (step->has_status) {
        scn_put_status(text, step->status);
    }
}

/* What stands behind "NAME = " in a report's narration: the number. */
static const char *
number_of(const struct scn_step *step)
{
    const char *at = step->narration;

    for (; *at != '\0'; at++) {
        if (*at == '=' && at[1] == ' ')
            return at + 2;
    }
    return step->narration;
}

/* What a false expectation found, without the rest of a panic's text. */
static void
put_failure(struct vmm_text *text, const char *found)
{
    enum { FOUND_MOST = 60 };
    size_t length = 0;

    while (found[length] != '\0' && found[length] != '\n' && length < FOUND_MOST)
        length++;
    vmm_text_put(text, "FAILED: found ");
    vmm_text_put_bytes(text, found, length);
    vmm_text_put(text, found[length] != '\0' ? "..." : "");
}

static struct matrix_fact
step_fact(struct core_arena *arena, const struct scn_statement *statement,
          const struct scn_step *step)
{
    char bytes[FACT_MAX];
    struct vmm_text text;

    vmm_text_init(&text, bytes, sizeof bytes);
    if (step->skipped && statement->form == SCN_REPORT) {
        vmm_text_put(&text, "-");
        return fact(arena, true, &text);
    }
    if (step->skipped) {
        vmm_text_format(&text, "not run: %s", step->narration);
    } else if (statement->form == SCN_EXPECT && step->failed) {
        put_failure(&text, step->found);
    } else if (statement->form == SCN_EXPECT) {
        vmm_text_put(&text, "holds");
    } else if (statement->form == SCN_REPORT) {
        vmm_text_put(&text, number_of(step));
    } else {
        put_result(&text, step);
    }
    return fact(arena, !step->skipped, &text);
}

/* The lines on which a rule found something. */
static struct matrix_fact
rule_fact(struct core_arena *arena, const struct scn_report *report, const struct verify_rule *rule)
{
    char bytes[FACT_MAX];
    struct vmm_text text;
    uint32_t last = 0;

    vmm_text_init(&text, bytes, sizeof bytes);
    for (size_t i = 0; i < report->finding_count; i++) {
        const struct scn_finding *finding = &report->findings[i];

        if (finding->rule != rule || finding->line == last)
            continue;
        vmm_text_put(&text, last == 0 ? "line " : ", ");
        vmm_text_format(&text, "%u", finding->line);
        last = finding->line;
    }
    if (last == 0)
        vmm_text_put(&text, "none");
    return fact(arena, true, &text);
}

const char *
matrix_outcome_name(enum matrix_outcome outcome)
{
    static const char *const names[] = { "clean", "fails", "finding", "panic", "hang" };

    return names[outcome];
}

void
matrix_put_outcome(struct vmm_text *text, const struct matrix_cell *cell)
{
    vmm_text_put(text, matrix_outcome_name(cell->outcome));
    if (cell->outcome != MATRIX_CLEAN)
        vmm_text_format(text, ", line %u", cell->line);
}

/* Findings and expectations are facts of their own; this one says whether the kernel lives. */
static struct matrix_fact
end_fact(struct core_arena *arena, const struct matrix_cell *cell)
{
    char bytes[FACT_MAX];
    struct vmm_text text;

    vmm_text_init(&text, bytes, sizeof bytes);
    if (cell->outcome == MATRIX_PANICS || cell->outcome == MATRIX_HANGS) {
        matrix_put_outcome(&text, cell);
        vmm_text_format(&text, ": %s", cell->reason);
    } else {
        vmm_text_put(&text, "running");
    }
    return fact(arena, true, &text);
}

/* How the kernel ended says more than what the lines made of it. */
static void
decide_outcome(struct matrix_cell *cell, const struct scn_report *report)
{
    const struct scn_finding *finding = scn_report_unexpected(report);
    const struct scn_step *failed = scn_report_failed(report);

    if (report->stop.kind != VM_RUNNING) {
        cell->outcome = report->stop.kind == VM_PANICKED ? MATRIX_PANICS : MATRIX_HANGS;
        cell->line = report->stop_line;
        cell->reason = trace_reason_name(report->stop.reason);
    } else if (finding != NULL) {
        cell->outcome = MATRIX_FINDING;
        cell->line = finding->line;
        cell->reason = finding->rule->id;
    } else if (report->verdict == SCN_FAILED) {
        cell->outcome = MATRIX_FAILED;
        cell->line = failed != NULL ? failed->line : 0;
    }
}

static void
fold(struct core_arena *arena, const struct scn_program *program, const struct scn_report *report,
     struct matrix_cell *cell)
{
    const struct scn_statement *statement = program->first;
    size_t at = 0;

    decide_outcome(cell, report);
    for (; statement != NULL; statement = statement->next, at++) {
        cell->facts[at] = step_fact(arena, statement, &report->steps[at]);
        cell->facts[at].applies = scn_rows_has(&statement->rows, report->profile);
    }
    for (size_t rule = 0; rule < verify_rule_count(); rule++)
        cell->facts[at++] = rule_fact(arena, report, verify_rule_at(rule));
    cell->facts[at] = end_fact(arena, cell);
    if (report->broken_invariant != NULL)
        cell->broken =
            core_arena_copy(arena, report->broken_invariant, strlen(report->broken_invariant));
}

/* One run; false: no memory. */
static bool
run_cell(const struct matrix *matrix, struct core_arena *arena, size_t row,
         const struct vm_profile *behaviour, enum matrix_kernel kernel, struct matrix_cell *cell)
{
    struct scn_options options = { .kernel = kernel == MATRIX_ASSERTS ? SCN_KERNEL_ASSERTS
                                                                      : SCN_KERNEL_RELEASE,
                                   .behaviour = behaviour };
    struct scn_report *report;

    *cell = (struct matrix_cell){ .facts = core_arena_array(arena, matrix->fact_count,
                                                            sizeof *cell->facts) };
    if (cell->facts == NULL ||
        scn_run(matrix->program, matrix->alloc, row, &options, &report) != SCN_OK)
        return false;
    fold(arena, matrix->program, report, cell);
    scn_report_free(report);
    return !arena->is_exhausted;
}

/* ---- causes ---- */

/* Numbers that say which release it is, and how its panics read, decide nothing. */
static bool
is_only_a_label(const char *field)
{
    return strcmp(field, "darwin_major") == 0 || strcmp(field, "xnu_major") == 0;
}

/* Whether the row with one field as its base has it comes to other facts, on any kernel. */
static bool
ask_field(struct matrix *matrix, size_t row, size_t base, size_t field, bool *decides)
{
    struct vm_profile mixed;
    struct vm_profile before;
    struct core_arena scratch;
    bool is_done = true;

    vm_profile_at(row, &mixed);
    vm_profile_at(base, &before);
    vm_profile_field_copy(&mixed, field, &before);
    core_arena_init(&scratch, matrix->alloc);
    for (int i = 0; is_done && !*decides && i < MATRIX_KERNELS; i++) {
        enum matrix_kernel kernel = (enum matrix_kernel)i;
        struct matrix_cell cell;

        is_done = run_cell(matrix, &scratch, row, &mixed, kernel, &cell);
        if (is_done)
            *decides = !matrix_same_facts(matrix, &cell, matrix_cell_at(matrix, row, kernel));
    }
    core_arena_destroy(&scratch);
    return is_done;
}

static bool
find_causes(struct matrix *matrix, size_t row, struct matrix_change *change)
{
    change->causes =
        core_arena_array(&matrix->arena, vm_profile_field_count(), sizeof *change->causes);
    for (size_t i = 0; change->causes != NULL && i < vm_profile_field_count(); i++) {
        struct vm_profile_field now;
        struct vm_profile_field then;
        bool decides = false;

        vm_profile_field_at(row, i, &now);
        vm_profile_field_at(change->base, i, &then);
        if (now.value == then.value || is_only_a_label(now.name))
            continue;
        if (!ask_field(matrix, row, change->base, i, &decides))
            return false;
        if (decides)
            change->causes[change->cause_count++].field = i;
    }
    return change->causes != NULL;
}

static bool
compare(struct matrix *matrix, size_t row)
{
    struct matrix_change *change = &matrix->changes[row];

    if (!vm_profile_base(row, &change->base))
        return true;
    for (int i = 0; i < MATRIX_KERNELS; i++) {
        enum matrix_kernel kernel = (enum matrix_kernel)i;

        change->is_change |= !matrix_same_facts(matrix, matrix_cell_at(matrix, row, kernel),
                                                matrix_cell_at(matrix, change->base, kernel));
    }
    return !change->is_change || find_causes(matrix, row, change);
}

/* ---- running ---- */

enum matrix_progress
matrix_step(struct matrix *matrix)
{
    size_t row = matrix->row;

    for (int i = 0; i < MATRIX_KERNELS; i++) {
        struct matrix_cell *cell = &matrix->cells[row * MATRIX_KERNELS + (size_t)i];

        if (!run_cell(matrix, &matrix->arena, row, NULL, (enum matrix_kernel)i, cell))
            return MATRIX_NO_MEMORY;
        if (matrix->broken == NULL)
            matrix->broken = cell->broken;
    }
    if (!compare(matrix, row))
        return MATRIX_NO_MEMORY;
    matrix->row++;
    return matrix->row < vm_profile_count() ? MATRIX_MORE : MATRIX_FINISHED;
}

/* ---- life ---- */

struct matrix *
matrix_create(const struct vmm_alloc *alloc, const struct scn_program *program)
{
    struct core_arena arena;
    struct matrix *matrix;

    core_arena_init(&arena, alloc);
    matrix = core_arena_take(&arena, sizeof *matrix);
    if (matrix != NULL) {
        matrix->cells =
            core_arena_array(&arena, vm_profile_count() * MATRIX_KERNELS, sizeof *matrix->cells);
        matrix->changes = core_arena_array(&arena, vm_profile_count(), sizeof *matrix->changes);
    }
    if (arena.is_exhausted) {
        core_arena_destroy(&arena);
        return NULL;
    }
    matrix->alloc = alloc;
    matrix->program = program;
    matrix->fact_count = program->statement_count + verify_rule_count() + 1;
    matrix->arena = arena;
    return matrix;
}

void
matrix_destroy(struct matrix *matrix)
{
    struct core_arena arena = matrix->arena; /* the matrix itself lies in it */

    core_arena_destroy(&arena);
}

/* ---- looking ---- */

const struct matrix_cell *
matrix_cell_at(const struct matrix *matrix, size_t row, enum matrix_kernel kernel)
{
    return &matrix->cells[row * MATRIX_KERNELS + (size_t)kernel];
}

const struct matrix_change *
matrix_change_at(const struct matrix *matrix, size_t row)
{
    return &matrix->changes[row];
}

const char *
matrix_broken(const struct matrix *matrix)
{
    return matrix->broken;
}

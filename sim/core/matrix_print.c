/*
 * matrix_print.c - the matrix as a reader sees it: the table, then what changed when, and why
 */
#include <string.h>

#include "core_out.h"
#include "matrix.h"
#include "scn_rows.h"

enum { TEXT_MAX = 256, GAP = 2, METRICS_MAX = 12, LABEL_MOST = 44 };

struct print {
    const struct core_out *out;
    const struct matrix *matrix;
    size_t label_width;
    size_t outcome_widths[MATRIX_KERNELS];
    size_t metrics[METRICS_MAX]; /* facts */
    size_t metric_widths[METRICS_MAX];
    size_t metric_count;
};

/* ---- which rows share a line ---- */

static bool
is_same_outcome(const struct print *print, size_t a, size_t b)
{
    for (int i = 0; i < MATRIX_KERNELS; i++) {
        const struct matrix_cell *one = matrix_cell_at(print->matrix, a, (enum matrix_kernel)i);
        const struct matrix_cell *other = matrix_cell_at(print->matrix, b, (enum matrix_kernel)i);

        if (one->outcome != other->outcome || one->line != other->line)
            return false;
    }
    return true;
}

static size_t
line_end(const struct print *print, size_t first)
{
    size_t last = first;

    while (last + 1 < vm_profile_count() && !matrix_change_at(print->matrix, last + 1)->is_change) {
        struct vm_profile profile;

        vm_profile_at(last + 1, &profile);
        if (!profile.is_release || !is_same_outcome(print, first, last + 1))
            break;
        last++;
    }
    return last;
}

/* ---- columns ---- */

static void
cell_text(const struct print *print, size_t row, enum matrix_kernel kernel, struct vmm_text *text)
{
    const struct matrix_cell *cell = matrix_cell_at(print->matrix, row, kernel);

    if (kernel == MATRIX_ASSERTS &&
        matrix_same_facts(print->matrix, cell, matrix_cell_at(print->matrix, row, MATRIX_RELEASE)))
        vmm_text_put(text, "the same");
    else
        matrix_put_outcome(text, cell);
}

static void
widen(size_t *width, size_t length)
{
    *width = length > *width ? length : *width;
}

static void
measure_row(struct print *print, size_t row)
{
    const struct matrix_cell *cell = matrix_cell_at(print->matrix, row, MATRIX_RELEASE);
    char bytes[TEXT_MAX];
    struct vmm_text text;

    vmm_text_init(&text, bytes, sizeof bytes);
    scn_span_put(&text, (struct scn_span){ row, line_end(print, row) });
    widen(&print->label_width, text.length);
    for (int kernel = 0; kernel < MATRIX_KERNELS; kernel++) {
        vmm_text_init(&text, bytes, sizeof bytes);
        cell_text(print, row, (enum matrix_kernel)kernel, &text);
        widen(&print->outcome_widths[kernel], text.length);
    }
    for (size_t i = 0; i < print->metric_count; i++)
        widen(&print->metric_widths[i], strlen(cell->facts[print->metrics[i]].text));
}

static void
measure(struct print *print)
{
    const char *name;

    for (size_t i = 0; i < matrix_fact_count(print->matrix); i++) {
        if (print->metric_count < METRICS_MAX && matrix_fact_is_metric(print->matrix, i, &name)) {
            print->metrics[print->metric_count] = i;
            print->metric_widths[print->metric_count++] = strlen(name);
        }
    }
    print->label_width = strlen("release");
    print->outcome_widths[MATRIX_RELEASE] = strlen("release kernel");
    print->outcome_widths[MATRIX_ASSERTS] = strlen("with assertions");
    for (size_t row = 0; row < vm_profile_count(); row = line_end(print, row) + 1)
        measure_row(print, row);
}

static void
put_heading(const struct print *print)
{
    const char *name = "";

    core_put_left(print->out, "release", print->label_width + GAP);
    core_put_left(print->out, "release kernel", print->outcome_widths[MATRIX_RELEASE] + GAP);
    core_put(print->out, "with assertions");
    for (size_t i = 0; i < print->metric_count; i++) {
        size_t before =
            i > 0 ? 0 : print->outcome_widths[MATRIX_ASSERTS] - strlen("with assertions");

        matrix_fact_is_metric(print->matrix, print->metrics[i], &name);
        core_put_spaces(print->out, before + GAP);
        core_put_right(print->out, name, print->metric_widths[i]);
    }
    core_put(print->out, "\n");
}

static void
put_row(const struct print *print, size_t row)
{
    const struct matrix_cell *cell = matrix_cell_at(print->matrix, row, MATRIX_RELEASE);
    char bytes[TEXT_MAX];
    struct vmm_text text;

    vmm_text_init(&text, bytes, sizeof bytes);
    scn_span_put(&text, (struct scn_span){ row, line_end(print, row) });
    core_put_left(print->out, text.bytes, print->label_width + GAP);
    for (int kernel = 0; kernel < MATRIX_KERNELS; kernel++) {
        bool is_last = kernel + 1 == MATRIX_KERNELS;
        size_t width = print->outcome_widths[kernel];

        vmm_text_init(&text, bytes, sizeof bytes);
        cell_text(print, row, (enum matrix_kernel)kernel, &text);
        if (is_last && print->metric_count == 0)
            width = 0;
        core_put_left(print->out, text.bytes, is_last ? width : width + GAP);
    }
    for (size_t i = 0; i < print->metric_count; i++) {
        core_put_spaces(print->out, GAP);
        core_put_right(print->out, cell->facts[print->metrics[i]].text, print->metric_widths[i]);
    }
    core_put(print->out, "\n");
}

/* ---- what changed ---- */

struct difference {
    const struct matrix_fact *before;
    const struct matrix_fact *after;
};

static bool
differs(const struct print *print, size_t row, enum matrix_kernel kernel, size_t fact,
        struct difference *difference)
{
    size_t base = matrix_change_at(print->matrix, row)->base;

    difference->before = &matrix_cell_at(print->matrix, base, kernel)->facts[fact];
    difference->after = &matrix_cell_at(print->matrix, row, kernel)->facts[fact];
    return matrix_facts_differ(difference->before, difference->after);
}

/* Whether the other kernel, which was shown before, changed in the same way. */
static bool
was_shown(const struct print *print, size_t row, enum matrix_kernel kernel, size_t fact,
          const struct difference *difference)
{
    struct difference first;

    return kernel != MATRIX_RELEASE && differs(print, row, MATRIX_RELEASE, fact, &first) &&
           strcmp(first.before->text, difference->before->text) == 0 &&
           strcmp(first.after->text, difference->after->text) == 0;
}

static void
put_difference(const struct print *print, enum matrix_kernel kernel, size_t fact,
               const struct difference *difference)
{
    uint32_t line;
    const char *label = matrix_fact_label(print->matrix, fact, &line);
    char bytes[TEXT_MAX];
    struct vmm_text text;

    vmm_text_init(&text, bytes, sizeof bytes);
    if (line != 0)
        vmm_text_format(&text, "  line %u  ", line);
    else
        vmm_text_put(&text, "  ");
    core_put_left(print->out, text.bytes, strlen("  line 1234  ") - 2);
    core_put_clean(print->out, label);
    core_put_spaces(print->out, strlen(label) < LABEL_MOST ? LABEL_MOST - strlen(label) : 0);
    core_format(print->out, "  %s -> %s%s\n", difference->before->text, difference->after->text,
                kernel == MATRIX_ASSERTS ? "  (with assertions)" : "");
}

/* Whether the run had stopped before that line. */
static bool
is_behind_stop(const struct print *print, size_t row, enum matrix_kernel kernel, size_t fact)
{
    const struct matrix_cell *cell = matrix_cell_at(print->matrix, row, kernel);
    uint32_t line;

    matrix_fact_label(print->matrix, fact, &line);
    return (cell->outcome == MATRIX_PANICS || cell->outcome == MATRIX_HANGS) && line > cell->line;
}

/* What only follows from where a run stopped, or was not run on one side, is left out. */
static bool
is_worth_a_line(const struct print *print, size_t row, enum matrix_kernel kernel, size_t fact,
                const struct difference *difference)
{
    size_t base = matrix_change_at(print->matrix, row)->base;

    return difference->before->ran && difference->after->ran &&
           !is_behind_stop(print, base, kernel, fact) &&
           !is_behind_stop(print, row, kernel, fact) &&
           !was_shown(print, row, kernel, fact, difference);
}

static void
put_differences(const struct print *print, size_t row, enum matrix_kernel kernel)
{
    for (size_t i = 0; i < matrix_fact_count(print->matrix); i++) {
        struct difference difference;

        if (differs(print, row, kernel, i, &difference) &&
            is_worth_a_line(print, row, kernel, i, &difference))
            put_difference(print, kernel, i, &difference);
    }
}

static void
put_value(const struct print *print, const struct vm_profile_field *field)
{
    if (field->value_name != NULL)
        core_put(print->out, field->value_name);
    else
        core_format(print->out, "%llu", (unsigned long long)field->value);
}

static void
put_cause(const struct print *print, size_t row, const struct matrix_cause *cause)
{
    struct vm_profile_field before;
    struct vm_profile_field after;

    vm_profile_field_at(matrix_change_at(print->matrix, row)->base, cause->field, &before);
    vm_profile_field_at(row, cause->field, &after);
    core_format(print->out, "    because %s: ", after.name);
    put_value(print, &before);
    core_put(print->out, " -> ");
    put_value(print, &after);
    core_format(print->out, "\n            %s\n    source  %s\n", after.text, after.source);
}

static void
put_change(const struct print *print, size_t row)
{
    const struct matrix_change *change = matrix_change_at(print->matrix, row);
    struct vm_profile profile;
    struct vm_profile base;

    vm_profile_at(row, &profile);
    vm_profile_at(change->base, &base);
    core_format(print->out, "\n%s, against %s\n", profile.name, base.name);
    for (int kernel = 0; kernel < MATRIX_KERNELS; kernel++)
        put_differences(print, row, (enum matrix_kernel)kernel);
    for (size_t i = 0; i < change->cause_count; i++)
        put_cause(print, row, &change->causes[i]);
    if (change->cause_count == 0)
        core_put(print->out, "    because of several behaviours together; "
                             "see faultline profiles show\n");
}

static void
put_title(const struct core_out *out, const char *file, const struct scn_program *program)
{
    core_put_clean(out, file);
    if (scn_program_title(program)[0] != '\0') {
        core_put(out, ": ");
        core_put_clean(out, scn_program_title(program));
    }
    core_put(out, "\n\n");
}

void
matrix_print_text(const struct core_out *out, const char *file, const struct scn_program *program,
                  const struct matrix *matrix)
{
    struct print print = { .out = out, .matrix = matrix };
    size_t changes = 0;

    measure(&print);
    put_title(out, file, program);
    put_heading(&print);
    for (size_t row = 0; row < vm_profile_count(); row = line_end(&print, row) + 1)
        put_row(&print, row);
    core_put(
        out,
        "\nWhat changed, when, and which behaviour decides: the release was run again with that\n"
        "one behaviour as it was before, and came to something else.\n");
    for (size_t row = 0; row < vm_profile_count(); row++) {
        if (matrix_change_at(matrix, row)->is_change)
            put_change(&print, row);
        changes += matrix_change_at(matrix, row)->is_change;
    }
    if (changes == 0)
        core_put(out, "\nNothing: every release and both kernels come to the same.\n");
}

/*
 * matrix_json.c - the matrix as one JSON object: every fact of every run, and every change
 */
#include "core_json.h"
#include "matrix.h"

static void
put_facts(struct core_json *object, const struct matrix *matrix, const struct matrix_cell *cell)
{
    core_json_list(object, "facts");
    for (size_t i = 0; i < matrix_fact_count(matrix); i++) {
        core_put(object->out, i > 0 ? ", " : "");
        core_put_json(object->out, cell->facts[i].text);
    }
    core_json_list_end(object->out);
}

static void
put_metrics(struct core_json *object, const struct matrix *matrix, const struct matrix_cell *cell)
{
    struct core_json metrics;
    const char *name;

    core_json_key(object, "metrics");
    metrics = core_json_begin(object->out);
    for (size_t i = 0; i < matrix_fact_count(matrix); i++) {
        if (!matrix_fact_is_metric(matrix, i, &name))
            continue;
        core_json_key(&metrics, name);
        core_put(object->out, cell->facts[i].text[0] == '-' ? "null" : cell->facts[i].text);
    }
    core_json_end(&metrics);
}

static void
put_cell(struct core_json *row, const char *name, const struct matrix *matrix,
         const struct matrix_cell *cell)
{
    struct core_json object;

    core_json_key(row, name);
    object = core_json_begin(row->out);
    core_json_string(&object, "outcome", matrix_outcome_name(cell->outcome));
    core_json_number(&object, "line", cell->line);
    core_json_string(&object, "reason", cell->reason);
    put_metrics(&object, matrix, cell);
    put_facts(&object, matrix, cell);
    core_json_end(&object);
}

static void
put_labels(struct core_json *answer, const struct matrix *matrix)
{
    core_json_list(answer, "facts");
    for (size_t i = 0; i < matrix_fact_count(matrix); i++) {
        struct core_json object;
        const char *label;
        uint32_t line;

        core_json_element(answer->out, i);
        object = core_json_begin(answer->out);
        label = matrix_fact_label(matrix, i, &line);
        core_json_number(&object, "line", line);
        core_json_string(&object, "what", label);
        core_json_end(&object);
    }
    core_json_list_end(answer->out);
}

/* ---- changes ---- */

static void
put_difference(const struct core_out *out, const char *kernel, const struct matrix *matrix,
               size_t fact, const struct matrix_fact *before, const struct matrix_fact *after)
{
    struct core_json object = core_json_begin(out);
    uint32_t line;
    const char *label = matrix_fact_label(matrix, fact, &line);

    core_json_string(&object, "kernel", kernel);
    core_json_number(&object, "line", line);
    core_json_string(&object, "what", label);
    core_json_string(&object, "before", before->text);
    core_json_string(&object, "after", after->text);
    core_json_end(&object);
}

static size_t
put_kernel_differences(const struct core_out *out, const char *name, const struct matrix *matrix,
                       size_t row, enum matrix_kernel kernel, size_t shown)
{
    const struct matrix_cell *after = matrix_cell_at(matrix, row, kernel);
    const struct matrix_cell *before =
        matrix_cell_at(matrix, matrix_change_at(matrix, row)->base, kernel);

    for (size_t i = 0; i < matrix_fact_count(matrix); i++) {
        if (!matrix_facts_differ(&before->facts[i], &after->facts[i]))
            continue;
        core_json_element(out, shown++);
        put_difference(out, name, matrix, i, &before->facts[i], &after->facts[i]);
    }
    return shown;
}

static void
put_value(struct core_json *object, const char *name, const struct vm_profile_field *field)
{
    if (field->value_name != NULL)
        core_json_string(object, name, field->value_name);
    else
        core_json_number(object, name, field->value);
}

static void
put_cause(const struct core_out *out, size_t row, size_t base, size_t field)
{
    struct core_json object = core_json_begin(out);
    struct vm_profile_field before;
    struct vm_profile_field after;

    vm_profile_field_at(base, field, &before);
    vm_profile_field_at(row, field, &after);
    core_json_string(&object, "field", after.name);
    core_json_string(&object, "text", after.text);
    put_value(&object, "before", &before);
    put_value(&object, "after", &after);
    core_json_string(&object, "source", after.source);
    core_json_end(&object);
}

static void
put_change(const struct core_out *out, const struct matrix *matrix, size_t row)
{
    const struct matrix_change *change = matrix_change_at(matrix, row);
    struct core_json object = core_json_begin(out);
    struct vm_profile profile;
    size_t shown;

    vm_profile_at(row, &profile);
    core_json_string(&object, "profile", profile.name);
    vm_profile_at(change->base, &profile);
    core_json_string(&object, "against", profile.name);
    core_json_list(&object, "differences");
    shown = put_kernel_differences(out, "release", matrix, row, MATRIX_RELEASE, 0);
    put_kernel_differences(out, "asserts", matrix, row, MATRIX_ASSERTS, shown);
    core_json_list_end(out);
    core_json_list(&object, "causes");
    for (size_t i = 0; i < change->cause_count; i++) {
        core_json_element(out, i);
        put_cause(out, row, change->base, change->causes[i].field);
    }
    core_json_list_end(out);
    core_json_end(&object);
}

static void
put_row(const struct core_out *out, const struct matrix *matrix, size_t row)
{
    struct core_json object = core_json_begin(out);

    core_json_profile(&object, row);
    put_cell(&object, "release_kernel", matrix, matrix_cell_at(matrix, row, MATRIX_RELEASE));
    put_cell(&object, "with_assertions", matrix, matrix_cell_at(matrix, row, MATRIX_ASSERTS));
    core_json_end(&object);
}

void
matrix_print_json(const struct core_out *out, const char *file, const struct scn_program *program,
                  const struct matrix *matrix)
{
    struct core_json answer = core_json_begin_answer(out, "matrix");
    size_t shown = 0;

    core_json_string(&answer, "file", file);
    core_json_string(&answer, "title", scn_program_title(program));
    put_labels(&answer, matrix);
    core_json_list(&answer, "rows");
    for (size_t row = 0; row < vm_profile_count(); row++) {
        core_json_element(out, row);
        put_row(out, matrix, row);
    }
    core_json_list_end(out);
    core_json_list(&answer, "changes");
    for (size_t row = 0; row < vm_profile_count(); row++) {
        if (!matrix_change_at(matrix, row)->is_change)
            continue;
        core_json_element(out, shown++);
        put_change(out, matrix, row);
    }
    core_json_list_end(out);
    core_json_end_answer(&answer);
}

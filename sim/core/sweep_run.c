/*
 * sweep_run.c - a point of the grid: text, program, runs, rows
 */
#include <string.h>

#include "core_out.h"
#include "core_text.h"
#include "price.h"
#include "sweep_internal.h"

/* ---- rows ---- */

static void
sweep_put_number(const struct core_out *out, bool *has_keys, const char *name, uint64_t value)
{
    core_put(out, *has_keys ? ", " : "");
    core_put_json(out, name);
    CORE_PUT(out, ": %llu", (unsigned long long)value);
    *has_keys = true;
}

/* A point that names no machine has counts alone. */
static void
sweep_put_cost(const struct core_out *out, bool *has_keys, const struct scn_report *report,
               const char *machine_name)
{
    struct machine machine;
    struct hw_geometry geometry;
    struct cost_sum sum;
    struct cost_time time;
    char bytes[160];
    struct vmm_text why;

    vmm_text_init(&why, bytes, sizeof bytes);
    if (!machine_find(machine_name, &machine) || !machine_geometry(&machine, &geometry, &why))
        return;
    price_since_mark(report, hw_page_bytes(&geometry), &sum);
    time = cost_total(&sum, machine.prices);
    sweep_put_number(out, has_keys, "cost_ns", (time.value + 500) / 1000);
    sweep_put_number(out, has_keys, "cost_low_ns", (time.low + 500) / 1000);
    sweep_put_number(out, has_keys, "cost_high_ns", (time.high + 500) / 1000);
}

/* The scenario's own numbers first, since they are what it is about. */
static void
sweep_put_values(const struct core_out *out, const struct scn_report *report,
                 const char *machine_name)
{
    bool has_keys = false;

    core_put(out, "{");
    for (size_t i = 0; i < report->metric_count; i++)
        sweep_put_number(out, &has_keys, report->metrics[i].name, report->metrics[i].value);
    sweep_put_cost(out, &has_keys, report, machine_name);
    for (size_t kind = 0; kind < EV_KIND_COUNT; kind++) {
        if (report->counters[kind] == 0)
            continue;
        sweep_put_number(out, &has_keys, trace_kind_name((enum trace_kind)kind),
                         report->counters[kind]);
    }
    core_put(out, "}");
}

static enum scn_outcome
sweep_run_row(struct core_arena *arena, const struct scn_program *program,
              struct scn_fibers *fibers, size_t profile, struct sweep_row *row, sweep_take take,
              void *context)
{
    struct core_text text = { .arena = arena };
    const struct core_out out = { core_text_put, &text };
    const char *machine_name = scn_program_machine(program);
    const struct scn_options options = { .keep_events = machine_name[0] != '\0', .fibers = fibers };
    struct scn_report *report;
    enum scn_outcome outcome = scn_run(program, arena->alloc, profile, &options, &report);

    if (outcome != SCN_OK)
        return SCN_NO_MEMORY;
    sweep_put_values(&out, report, machine_name);
    row->profile = profile;
    row->verdict = scn_verdict_name(report->verdict);
    row->stop =
        report->stop.kind == VM_RUNNING ? "running" : trace_reason_name(report->stop.reason);
    row->digest = report->digest;
    row->values = core_text_bytes(&text);
    if (!arena->is_exhausted)
        take(context, row);
    scn_report_free(report);
    return arena->is_exhausted ? SCN_NO_MEMORY : SCN_OK;
}

/* ---- points ---- */

static enum scn_outcome
sweep_parse_text(const struct core_text *text, struct scn_program **program,
                 struct scn_error *error)
{
    if (text->arena->is_exhausted)
        return SCN_NO_MEMORY;
    return scn_parse(text->arena->alloc, core_text_bytes(text), text->length, program, error);
}

static enum scn_outcome
sweep_program(const struct sweep *sweep, struct core_arena *arena, uint64_t point,
              struct scn_program **program, struct scn_error *error)
{
    struct core_text text = { .arena = arena };
    const struct core_out out = { core_text_put, &text };
    enum scn_outcome outcome = sweep_point_text(sweep, point, &out, error);

    return outcome == SCN_OK ? sweep_parse_text(&text, program, error) : outcome;
}

enum scn_outcome
sweep_run_point(const struct sweep *sweep, const struct vmm_alloc *alloc, struct scn_fibers *fibers,
                uint64_t point, sweep_take take, void *context, struct scn_error *error)
{
    struct scn_program *program = NULL;
    struct core_arena arena;
    enum scn_outcome outcome;

    core_arena_init(&arena, alloc);
    outcome = sweep_program(sweep, &arena, point, &program, error);
    for (size_t i = 0; outcome == SCN_OK && i < scn_program_profile_count(program); i++) {
        struct sweep_row row = { .point = point };

        outcome = sweep_run_row(&arena, program, fibers, scn_program_profile_at(program, i), &row,
                                take, context);
    }
    if (program != NULL)
        scn_program_free(program);
    core_arena_destroy(&arena);
    return outcome;
}

enum scn_outcome
sweep_first_text(const struct vmm_alloc *alloc, const char *bytes, size_t length,
                 const struct core_out *out, struct scn_error *error)
{
    struct sweep *sweep = NULL;
    enum scn_outcome outcome = sweep_parse(alloc, bytes, length, 0, &sweep, error);

    if (outcome != SCN_OK)
        return outcome;
    if (sweep_param_count(sweep) == 0)
        core_put_bytes(out, bytes, length);
    else
        outcome = sweep_point_text(sweep, 0, out, error);
    sweep_free(sweep);
    return outcome;
}

enum scn_outcome
sweep_first_program(const struct vmm_alloc *alloc, const char *bytes, size_t length,
                    struct scn_program **program, struct scn_error *error)
{
    struct core_arena arena;
    struct core_text text = { .arena = &arena };
    const struct core_out out = { core_text_put, &text };
    enum scn_outcome outcome;

    core_arena_init(&arena, alloc);
    outcome = sweep_first_text(alloc, bytes, length, &out, error);
    if (outcome == SCN_OK)
        outcome = sweep_parse_text(&text, program, error);
    core_arena_destroy(&arena);
    return outcome;
}

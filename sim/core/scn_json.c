/*
 * scn_json.c - runs as JSON: the same keys in the same order, no pointer, no time
 *
 * Numbers that may need more than 53 bits (addresses, the digest) are hex strings; counts are
 * numbers. The schema is docs/json.md.
 */
#include "core_json.h"
#include "scn_words.h"
#include "version.h"

#include <string.h>

/* ---- parts of a run ---- */

static void
put_stop(struct core_json *run, const struct scn_report *report)
{
    static const char *const kinds[] = { "running", "panic", "hang" };
    const struct vm_stop *stop = &report->stop;
    struct core_json object;

    core_json_key(run, "stop");
    object = core_json_begin(run->out);
    core_json_string(&object, "kind", kinds[stop->kind]);
    if (stop->kind != VM_RUNNING) {
        core_json_string(&object, "reason", trace_reason_name(stop->reason));
        core_json_string(&object, "text", stop->text);
        core_json_hex(&object, "address", stop->va);
        core_json_number(&object, "space", stop->space);
        core_json_number(&object, "cpu", stop->cpu);
        core_json_number(&object, "line", report->stop_line);
        core_json_bool(&object, "expected", report->stop_expected);
    }
    core_json_end(&object);
}

static void
put_event_fields(struct core_json *object, const struct trace_event *event)
{
    struct core_field field = { .rest = trace_kind_fields(event->kind) };

    core_json_number(object, "sequence", event->sequence);
    core_json_string(object, "event", trace_kind_name(event->kind));
    while (core_event_field(event, &field)) {
        if (field.is_address)
            core_json_hex(object, field.name, field.value);
        else if (scn_same(field.name, strlen(field.name), "status"))
            core_json_status(object, field.name, event->status);
        else
            core_json_number(object, field.name, field.value);
    }
    if (core_event_detail(event) != NULL)
        core_json_string(object, "detail_name", core_event_detail(event));
}

static void
put_event(struct core_json *parent, const char *name, const struct trace_event *event)
{
    struct core_json object;

    core_json_key(parent, name);
    object = core_json_begin(parent->out);
    put_event_fields(&object, event);
    core_json_end(&object);
}

static const char *
step_kind(const struct scn_step *step)
{
    if (step->skipped)
        return "skipped";
    if (step->is_expectation)
        return step->failed ? "failed" : "held";
    return step->failed ? "failed" : "done";
}

static void
put_step(const struct core_out *out, const struct scn_step *step)
{
    struct core_json object = core_json_begin(out);

    core_json_number(&object, "line", step->line);
    core_json_number(&object, "depth", step->depth);
    core_json_string(&object, "source", step->source);
    core_json_bool(&object, "expectation", step->is_expectation);
    core_json_string(&object, "state", step_kind(step));
    if (step->has_status) {
        core_json_status(&object, "status", step->status);
        core_json_bool(&object, "null", step->gave_null);
        if (step->gave_null)
            core_json_status(&object, "hidden", step->hidden_status);
    }
    core_json_string(&object, "narration", step->narration);
    if (step->failed) {
        core_json_string(&object, "expected", step->expected);
        core_json_string(&object, "found", step->found);
    }
    core_json_number(&object, "first_event", step->first_event);
    core_json_number(&object, "event_count", step->event_count);
    core_json_end(&object);
}

static void
put_finding(const struct core_out *out, const struct scn_finding *finding)
{
    struct core_json object = core_json_begin(out);

    core_json_string(&object, "rule", finding->rule->id);
    core_json_string(&object, "severity", verify_severity_name(finding->rule->severity));
    core_json_number(&object, "line", finding->line);
    core_json_bool(&object, "expected", finding->expected);
    core_json_string(&object, "sentence", finding->rule->sentence);
    core_json_string(&object, "missing", finding->rule->missing);
    core_json_string(&object, "fix", finding->rule->fix);
    core_json_string(&object, "source", finding->rule->source);
    put_event(&object, "event", &finding->event);
    core_json_end(&object);
}

static void
put_metric(const struct core_out *out, const struct scn_metric *metric)
{
    struct core_json object = core_json_begin(out);

    core_json_string(&object, "name", metric->name);
    core_json_number(&object, "value", metric->value);
    core_json_end(&object);
}

static void
put_one_event(const struct core_out *out, const struct trace_event *event)
{
    struct core_json object = core_json_begin(out);

    put_event_fields(&object, event);
    core_json_end(&object);
}

static void
put_statistics(struct core_json *run, const struct vm_statistics *statistics)
{
    struct core_json object;

    core_json_key(run, "statistics");
    object = core_json_begin(run->out);
    core_json_number(&object, "free_pages", statistics->free_pages);
    core_json_number(&object, "active_pages", statistics->active_pages);
    core_json_number(&object, "wire_pages", statistics->wire_pages);
    core_json_number(&object, "faults", statistics->faults);
    core_json_number(&object, "cow_faults", statistics->cow_faults);
    core_json_number(&object, "zero_fill_faults", statistics->zero_fill_faults);
    core_json_number(&object, "pageins", statistics->pageins);
    core_json_end(&object);
}

static void
put_counters(struct core_json *run, const uint64_t counters[EV_KIND_COUNT])
{
    struct core_json object;

    core_json_key(run, "counters");
    object = core_json_begin(run->out);
    for (uint32_t kind = 0; kind < EV_KIND_COUNT; kind++)
        core_json_number(&object, trace_kind_name((enum trace_kind)kind), counters[kind]);
    core_json_end(&object);
}

/* ---- lists: one element a line ---- */

static void
put_steps(struct core_json *run, const struct scn_report *report)
{
    core_json_list(run, "steps");
    for (size_t i = 0; i < report->step_count; i++) {
        core_json_element(run->out, i);
        put_step(run->out, &report->steps[i]);
    }
    core_json_list_end(run->out);
}

static void
put_findings(struct core_json *run, const struct scn_report *report)
{
    core_json_list(run, "findings");
    for (size_t i = 0; i < report->finding_count; i++) {
        core_json_element(run->out, i);
        put_finding(run->out, &report->findings[i]);
    }
    core_json_list_end(run->out);
}

static void
put_metrics(struct core_json *run, const struct scn_report *report)
{
    core_json_list(run, "metrics");
    for (size_t i = 0; i < report->metric_count; i++) {
        core_json_element(run->out, i);
        put_metric(run->out, &report->metrics[i]);
    }
    core_json_list_end(run->out);
}

static void
put_events(struct core_json *run, const struct scn_report *report)
{
    core_json_list(run, "events");
    for (size_t i = 0; i < report->event_count; i++) {
        core_json_element(run->out, i);
        put_one_event(run->out, &report->events[i]);
    }
    core_json_list_end(run->out);
}

/* ---- the whole ---- */

void
scn_json_begin(const struct core_out *out)
{
    core_put(out, "{\n  \"schema\": 1,\n  \"program\": \"faultline\",\n  \"version\": ");
    core_put_json(out, FAULTLINE_VERSION);
    core_put(out, ",\n  \"runs\": [");
}

void
scn_json_run(const struct core_out *out, bool is_first, const char *file,
             const struct scn_program *program, const struct scn_report *report, uint32_t flags)
{
    struct core_json run;

    core_put(out, is_first ? "\n    " : ",\n    ");
    run = core_json_begin(out);
    core_json_string(&run, "file", file);
    core_json_string(&run, "title", scn_program_title(program));
    core_json_profile(&run, report->profile);
    core_json_string(&run, "machine", report->machine);
    core_json_string(&run, "verdict", scn_verdict_name(report->verdict));
    put_stop(&run, report);
    core_json_string(&run, "broken_invariant", report->broken_invariant);
    put_steps(&run, report);
    put_findings(&run, report);
    put_metrics(&run, report);
    put_statistics(&run, &report->statistics);
    put_counters(&run, report->counters);
    core_json_hex(&run, "digest", report->digest);
    if ((flags & SCN_PRINT_EVENTS) != 0)
        put_events(&run, report);
    core_json_end(&run);
}

void
scn_json_end(const struct core_out *out)
{
    core_put(out, "\n  ]\n}\n");
}

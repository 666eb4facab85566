/*
 * scn_json.c - runs as JSON: the same keys in the same order, no pointer, no time
 *
 * Numbers that may need more than 53 bits (addresses, the digest) are hex strings; counts are
 * numbers. The schema is docs/scenario-language.md, "JSON".
 */
#include "core_out.h"
#include "scn_words.h"
#include "version.h"

#include <string.h>

/* ---- pieces: each writes `, "key": value`, the first of an object without the comma ---- */

struct object {
    const struct core_out *out;
    bool has_keys;
};

static void
key(struct object *object, const char *name)
{
    core_format(object->out, "%s\"%s\": ", object->has_keys ? ", " : "", name);
    object->has_keys = true;
}

static struct object
begin(const struct core_out *out)
{
    core_put(out, "{");
    return (struct object){ out, false };
}

static void
end(const struct object *object)
{
    core_put(object->out, "}");
}

static void
put_string(struct object *object, const char *name, const char *value)
{
    key(object, name);
    if (value != NULL)
        core_put_json(object->out, value);
    else
        core_put(object->out, "null");
}

static void
put_number(struct object *object, const char *name, uint64_t value)
{
    key(object, name);
    core_format(object->out, "%llu", (unsigned long long)value);
}

static void
put_bool(struct object *object, const char *name, bool value)
{
    key(object, name);
    core_put(object->out, value ? "true" : "false");
}

static void
put_hex(struct object *object, const char *name, uint64_t value)
{
    key(object, name);
    core_format(object->out, "\"0x%llx\"", (unsigned long long)value);
}

static void
put_status(struct object *object, const char *name, int32_t status)
{
    struct object inner;

    key(object, name);
    inner = begin(object->out);
    key(&inner, "code");
    core_format(object->out, "%d", (int)status);
    put_string(&inner, "name", vmm_status_name((enum vmm_status)status));
    end(&inner);
}

/* ---- parts of a run ---- */

static void
put_profile(struct object *run, size_t row)
{
    struct vm_profile profile;
    struct object object;

    vm_profile_at(row, &profile);
    key(run, "profile");
    object = begin(run->out);
    put_string(&object, "name", profile.name);
    put_string(&object, "label", profile.label);
    put_string(&object, "tag", profile.tag);
    put_bool(&object, "release", profile.is_release);
    end(&object);
}

static void
put_stop(struct object *run, const struct scn_report *report)
{
    static const char *const kinds[] = { "running", "panic", "hang" };
    const struct vm_stop *stop = &report->stop;
    struct object object;

    key(run, "stop");
    object = begin(run->out);
    put_string(&object, "kind", kinds[stop->kind]);
    if (stop->kind != VM_RUNNING) {
        put_string(&object, "reason", trace_reason_name(stop->reason));
        put_string(&object, "text", stop->text);
        put_hex(&object, "address", stop->va);
        put_number(&object, "space", stop->space);
        put_number(&object, "cpu", stop->cpu);
        put_number(&object, "line", report->stop_line);
        put_bool(&object, "expected", report->stop_expected);
    }
    end(&object);
}

static void
put_event_fields(struct object *object, const struct trace_event *event)
{
    struct core_field field = { .rest = trace_kind_fields(event->kind) };

    put_number(object, "sequence", event->sequence);
    put_string(object, "event", trace_kind_name(event->kind));
    while (core_event_field(event, &field)) {
        if (field.is_address)
            put_hex(object, field.name, field.value);
        else if (scn_same(field.name, strlen(field.name), "status"))
            put_status(object, field.name, event->status);
        else
            put_number(object, field.name, field.value);
    }
    if (core_event_detail(event) != NULL)
        put_string(object, "detail_name", core_event_detail(event));
}

static void
put_event(struct object *parent, const char *name, const struct trace_event *event)
{
    struct object object;

    key(parent, name);
    object = begin(parent->out);
    put_event_fields(&object, event);
    end(&object);
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
    struct object object = begin(out);

    put_number(&object, "line", step->line);
    put_number(&object, "depth", step->depth);
    put_string(&object, "source", step->source);
    put_bool(&object, "expectation", step->is_expectation);
    put_string(&object, "state", step_kind(step));
    if (step->has_status) {
        put_status(&object, "status", step->status);
        put_bool(&object, "null", step->gave_null);
        if (step->gave_null)
            put_status(&object, "hidden", step->hidden_status);
    }
    put_string(&object, "narration", step->narration);
    if (step->failed) {
        put_string(&object, "expected", step->expected);
        put_string(&object, "found", step->found);
    }
    put_number(&object, "first_event", step->first_event);
    put_number(&object, "event_count", step->event_count);
    end(&object);
}

static void
put_finding(const struct core_out *out, const struct scn_finding *finding)
{
    struct object object = begin(out);

    put_string(&object, "rule", finding->rule->id);
    put_string(&object, "severity", verify_severity_name(finding->rule->severity));
    put_number(&object, "line", finding->line);
    put_bool(&object, "expected", finding->expected);
    put_string(&object, "sentence", finding->rule->sentence);
    put_string(&object, "missing", finding->rule->missing);
    put_string(&object, "fix", finding->rule->fix);
    put_string(&object, "source", finding->rule->source);
    put_event(&object, "event", &finding->event);
    end(&object);
}

static void
put_metric(const struct core_out *out, const struct scn_metric *metric)
{
    struct object object = begin(out);

    put_string(&object, "name", metric->name);
    put_number(&object, "value", metric->value);
    end(&object);
}

static void
put_one_event(const struct core_out *out, const struct trace_event *event)
{
    struct object object = begin(out);

    put_event_fields(&object, event);
    end(&object);
}

static void
put_statistics(struct object *run, const struct vm_statistics *statistics)
{
    struct object object;

    key(run, "statistics");
    object = begin(run->out);
    put_number(&object, "free_pages", statistics->free_pages);
    put_number(&object, "active_pages", statistics->active_pages);
    put_number(&object, "wire_pages", statistics->wire_pages);
    put_number(&object, "faults", statistics->faults);
    put_number(&object, "cow_faults", statistics->cow_faults);
    put_number(&object, "zero_fill_faults", statistics->zero_fill_faults);
    put_number(&object, "pageins", statistics->pageins);
    end(&object);
}

static void
put_counters(struct object *run, const uint64_t counters[EV_KIND_COUNT])
{
    struct object object;

    key(run, "counters");
    object = begin(run->out);
    for (uint32_t kind = 0; kind < EV_KIND_COUNT; kind++)
        put_number(&object, trace_kind_name((enum trace_kind)kind), counters[kind]);
    end(&object);
}

/* ---- lists: one element a line ---- */

static void
next_element(const struct core_out *out, size_t index)
{
    core_put(out, index > 0 ? ",\n      " : "\n      ");
}

static void
put_steps(struct object *run, const struct scn_report *report)
{
    key(run, "steps");
    core_put(run->out, "[");
    for (size_t i = 0; i < report->step_count; i++) {
        next_element(run->out, i);
        put_step(run->out, &report->steps[i]);
    }
    core_put(run->out, "]");
}

static void
put_findings(struct object *run, const struct scn_report *report)
{
    key(run, "findings");
    core_put(run->out, "[");
    for (size_t i = 0; i < report->finding_count; i++) {
        next_element(run->out, i);
        put_finding(run->out, &report->findings[i]);
    }
    core_put(run->out, "]");
}

static void
put_metrics(struct object *run, const struct scn_report *report)
{
    key(run, "metrics");
    core_put(run->out, "[");
    for (size_t i = 0; i < report->metric_count; i++) {
        next_element(run->out, i);
        put_metric(run->out, &report->metrics[i]);
    }
    core_put(run->out, "]");
}

static void
put_events(struct object *run, const struct scn_report *report)
{
    key(run, "events");
    core_put(run->out, "[");
    for (size_t i = 0; i < report->event_count; i++) {
        next_element(run->out, i);
        put_one_event(run->out, &report->events[i]);
    }
    core_put(run->out, "]");
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
    static const char *const verdicts[] = { "clean", "unexpected", "failed" };
    struct object run;

    core_put(out, is_first ? "\n    " : ",\n    ");
    run = begin(out);
    put_string(&run, "file", file);
    put_string(&run, "title", scn_program_title(program));
    put_profile(&run, report->profile);
    put_string(&run, "verdict", verdicts[report->verdict]);
    put_stop(&run, report);
    put_string(&run, "broken_invariant", report->broken_invariant);
    put_steps(&run, report);
    put_findings(&run, report);
    put_metrics(&run, report);
    put_statistics(&run, &report->statistics);
    put_counters(&run, report->counters);
    put_hex(&run, "digest", report->digest);
    if ((flags & SCN_PRINT_EVENTS) != 0)
        put_events(&run, report);
    end(&run);
}

void
scn_json_end(const struct core_out *out)
{
    core_put(out, "\n  ]\n}\n");
}

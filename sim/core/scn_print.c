/*
 * scn_print.c - a run as a reader sees it
 *
 * A header, the numbered lines of the scenario with what each floor did under them, the findings in
 * the panic's own shape, and a verdict in one line. Nothing is decided here.
 */
#include "core_out.h"
#include "scn_run.h"

#include <string.h>

enum { INDENT = 12, SOURCE_MOST = 48 };

struct printer {
    const struct core_out *out;
    const char *file;
    const struct scn_program *program;
    const struct scn_report *report;
    uint32_t flags;
    size_t source_width;
};

enum colour { PLAIN, RED, GREEN, YELLOW, DIM, BOLD };

static void
colour(const struct printer *printer, enum colour colour)
{
    static const char *const codes[] = { "\x1b[0m",  "\x1b[31m", "\x1b[32m",
                                         "\x1b[33m", "\x1b[2m",  "\x1b[1m" };

    if ((printer->flags & SCN_PRINT_COLOUR) != 0)
        core_put(printer->out, codes[colour]);
}

/* Text of several lines, each behind `indent` spaces. */
static void
put_block(const struct printer *printer, const char *text, size_t indent)
{
    while (*text != '\0') {
        const char *end = memchr(text, '\n', strlen(text));
        size_t length = end != NULL ? (size_t)(end - text) : strlen(text);

        core_put_spaces(printer->out, indent);
        core_put_bytes(printer->out, text, length);
        core_put(printer->out, "\n");
        text += length + (end != NULL);
    }
}

static void
put_status(const struct printer *printer, int32_t status)
{
    char bytes[64];
    struct vmm_text text;

    vmm_text_init(&text, bytes, sizeof bytes);
    scn_put_status(&text, status);
    core_put(printer->out, text.bytes);
}

/* ---- the header ---- */

static void
put_header(const struct printer *printer)
{
    const char *title = scn_program_title(printer->program);
    struct vm_profile profile;

    vm_profile_at(printer->report->profile, &profile);
    colour(printer, BOLD);
    core_put_clean(printer->out, printer->file);
    colour(printer, PLAIN);
    if (title[0] != '\0') {
        core_put(printer->out, ": ");
        core_put_clean(printer->out, title);
    }
    core_format(printer->out, "  [%s: %s%s%s]\n\n", profile.name, profile.label,
                printer->report->machine != NULL ? "; " : "",
                printer->report->machine != NULL ? printer->report->machine : "");
}

/* ---- steps ---- */

static size_t
step_width(const struct scn_step *step)
{
    return 2 * (size_t)step->depth + strlen(step->source) +
           (step->thread != NULL ? strlen(step->thread) + 2 : 0);
}

/* The column where results stand: behind the longest line that is not too long. */
static size_t
source_width(const struct scn_report *report)
{
    size_t width = 0;

    for (size_t i = 0; i < report->step_count; i++) {
        size_t own = step_width(&report->steps[i]);

        if (own > width && own <= SOURCE_MOST)
            width = own;
    }
    return width;
}

static void
put_arrow(const struct printer *printer, const struct scn_step *step)
{
    size_t width = step_width(step);

    core_put_spaces(printer->out,
                    width < printer->source_width ? printer->source_width - width : 0);
    core_put(printer->out, "  ");
}

static void
put_result(const struct printer *printer, const struct scn_step *step)
{
    if (step->gave_null) {
        core_put(printer->out, "-> null");
        if (step->hidden_status != 0) {
            core_put(printer->out, ", hiding ");
            put_status(printer, step->hidden_status);
        }
    } else if (step->status == VMK_PANICKED || step->status == VMK_HUNG) {
        colour(printer, RED);
        core_put(printer->out, step->status == VMK_PANICKED ? "-> panic" : "-> hang");
        colour(printer, PLAIN);
    } else if (step->status == 0) {
        core_put(printer->out, "-> ok");
    } else {
        core_put(printer->out, "-> ");
        put_status(printer, step->status);
    }
}

static void
put_outcome(const struct printer *printer, const struct scn_step *step)
{
    if (step->skipped) {
        put_arrow(printer, step);
        colour(printer, DIM);
        core_format(printer->out, "-- %s", step->narration);
        colour(printer, PLAIN);
    } else if (step->is_expectation) {
        put_arrow(printer, step);
        colour(printer, step->failed ? RED : GREEN);
        core_put(printer->out, step->failed ? "FAILED" : "holds");
        colour(printer, PLAIN);
    } else if (step->has_status) {
        put_arrow(printer, step);
        put_result(printer, step);
    }
}

static void
put_field(const struct printer *printer, const struct trace_event *event,
          const struct core_field *field)
{
    const char *detail = core_event_detail(event);
    char rights[CORE_RIGHTS_BYTES];

    core_put(printer->out, " ");
    core_put_bytes(printer->out, field->label, field->label_length);
    if (scn_same(field->name, strlen(field->name), "prot")) {
        core_format(printer->out, " %s", core_rights((vmm_prot)field->value, rights));
    } else if (scn_same(field->name, strlen(field->name), "status")) {
        core_put(printer->out, " ");
        put_status(printer, event->status);
    } else if (scn_same(field->name, strlen(field->name), "detail") && detail != NULL) {
        core_format(printer->out, " %s", detail);
    } else if (field->is_address) {
        core_format(printer->out, " 0x%llx", (unsigned long long)field->value);
    } else {
        core_format(printer->out, " %llu", (unsigned long long)field->value);
    }
}

static void
put_event(const struct printer *printer, const struct trace_event *event)
{
    struct core_field field = { .rest = trace_kind_fields(event->kind) };

    core_put_spaces(printer->out, INDENT);
    core_format(printer->out, "#%llu %s", (unsigned long long)event->sequence,
                trace_kind_name(event->kind));
    while (core_event_field(event, &field))
        put_field(printer, event, &field);
    core_put(printer->out, "\n");
}

static void
put_step_events(const struct printer *printer, const struct scn_step *step)
{
    const struct scn_report *report = printer->report;

    if ((printer->flags & SCN_PRINT_EVENTS) == 0)
        return;
    for (uint64_t i = step->first_event; i < step->first_event + step->event_count; i++) {
        if (i < report->event_count)
            put_event(printer, &report->events[i]);
    }
}

/* "file:line: expected X, found Y" */
static void
put_failure(const struct printer *printer, const struct scn_step *step)
{
    core_put_clean(printer->out, printer->file);
    core_format(printer->out, ":%u: expected ", step->line);
    core_put_clean(printer->out, step->expected);
    core_put(printer->out, ", found ");
    core_put(printer->out, step->found);
    core_put(printer->out, "\n");
}

static void
put_step(const struct printer *printer, const struct scn_step *step)
{
    core_format(printer->out, "%s%u  ",
                step->line < 10     ? "   "
                : step->line < 100  ? "  "
                : step->line < 1000 ? " "
                                    : "",
                step->line);
    core_put_spaces(printer->out, 2 * (size_t)step->depth);
    if (step->thread != NULL)
        core_format(printer->out, "%s: ", step->thread);
    core_put_clean(printer->out, step->source);
    put_outcome(printer, step);
    core_put(printer->out, "\n");
    if (step->skipped)
        return;
    colour(printer, DIM);
    put_block(printer, step->narration, INDENT);
    put_step_events(printer, step);
    colour(printer, PLAIN);
    if (step->failed) {
        core_put_spaces(printer->out, INDENT);
        put_failure(printer, step);
    }
}

static void
put_steps(const struct printer *printer)
{
    const struct scn_report *report = printer->report;

    for (size_t i = 0; i < report->step_count; i++) {
        if ((printer->flags & SCN_PRINT_QUIET) == 0)
            put_step(printer, &report->steps[i]);
        else if (report->steps[i].failed)
            put_failure(printer, &report->steps[i]);
    }
    if (report->broken_invariant != NULL)
        core_format(printer->out, "the model's own invariant does not hold: %s\n",
                    report->broken_invariant);
}

/* ---- findings ---- */

static void
put_stop(const struct printer *printer)
{
    const struct vm_stop *stop = &printer->report->stop;

    core_format(printer->out, "    %s at line %u:\n", stop->kind == VM_PANICKED ? "panic" : "hang",
                printer->report->stop_line);
    put_block(printer, stop->text, 8);
}

static void
put_rule_line(const struct printer *printer, const char *label, const char *text)
{
    if (text != NULL && text[0] != '\0') {
        core_format(printer->out, "    %s", label);
        core_put(printer->out, text);
        core_put(printer->out, "\n");
    }
}

static void
put_finding(const struct printer *printer, const struct scn_finding *finding)
{
    const struct scn_report *report = printer->report;
    const struct verify_rule *rule = finding->rule;

    core_put(printer->out, "\n");
    colour(printer, finding->expected ? DIM : YELLOW);
    core_format(printer->out, "finding: %s, line %u (%s%s)\n", rule->id, finding->line,
                verify_severity_name(rule->severity), finding->expected ? ", expected" : "");
    colour(printer, PLAIN);
    if (report->stop.kind != VM_RUNNING && finding->line == report->stop_line)
        put_stop(printer);
    if (finding->cause.sequence != 0) {
        put_event(printer, &finding->cause);
        put_event(printer, &finding->event);
    }
    put_rule_line(printer, "what:    ", rule->sentence);
    put_rule_line(printer, "missing: ", rule->missing);
    put_rule_line(printer, "fix:     ", rule->fix);
    put_rule_line(printer, "source:  ", rule->source);
}

/* How often the finding at `index` comes again right after it, on its line. */
static size_t
count_repeats(const struct scn_report *report, size_t index)
{
    const struct scn_finding *first = &report->findings[index];
    size_t more = 0;

    while (index + more + 1 < report->finding_count &&
           report->findings[index + more + 1].rule == first->rule &&
           report->findings[index + more + 1].line == first->line)
        more++;
    return more;
}

static void
put_findings(const struct printer *printer)
{
    const struct scn_report *report = printer->report;
    bool is_quiet = (printer->flags & SCN_PRINT_QUIET) != 0;
    bool stop_is_told = report->stop.kind == VM_RUNNING || (is_quiet && report->stop_expected);

    for (size_t i = 0; i < report->finding_count; i++) {
        const struct scn_finding *finding = &report->findings[i];
        size_t more = count_repeats(report, i);

        i += more;
        if (is_quiet && finding->expected)
            continue;
        put_finding(printer, finding);
        if (more > 0)
            core_format(printer->out, "    and %llu more on that line\n", (unsigned long long)more);
        stop_is_told |= finding->line == report->stop_line;
    }
    if (!stop_is_told) {
        core_put(printer->out, "\n");
        put_stop(printer);
    }
}

/* ---- the verdict ---- */

struct tally {
    size_t operations;
    size_t expectations;
    size_t failed;
    size_t findings;
    size_t unexpected;
};

static struct tally
count_all(const struct scn_report *report)
{
    struct tally tally = { 0 };

    for (size_t i = 0; i < report->step_count; i++) {
        const struct scn_step *step = &report->steps[i];

        tally.operations += !step->skipped && step->has_status;
        tally.expectations += !step->skipped && step->is_expectation;
        tally.failed += step->failed;
    }
    for (size_t i = 0; i < report->finding_count; i++) {
        if (report->findings[i].rule->severity == VERIFY_ADVICE)
            continue;
        tally.findings += report->findings[i].expected;
        tally.unexpected += scn_finding_fails(&report->findings[i]);
    }
    return tally;
}

static void
put_number(const struct printer *printer, size_t count, const char *noun)
{
    core_format(printer->out, "%llu %s%s", (unsigned long long)count, noun, count == 1 ? "" : "s");
}

static void
put_clean_words(const struct printer *printer, const struct tally *tally)
{
    const struct scn_report *report = printer->report;

    put_number(printer, tally->operations, "operation");
    core_put(printer->out, ", ");
    put_number(printer, tally->expectations, "expectation");
    core_put(printer->out, " held");
    if (report->stop.kind != VM_RUNNING)
        core_put(printer->out,
                 report->stop.kind == VM_PANICKED ? ", panic as expected" : ", hang as expected");
    if (tally->findings > 0) {
        core_put(printer->out, ", ");
        put_number(printer, tally->findings, "finding");
        core_put(printer->out, " as expected");
    }
}

static void
put_unexpected_words(const struct printer *printer, const struct tally *tally)
{
    const struct scn_report *report = printer->report;
    bool stop = report->stop.kind != VM_RUNNING && !report->stop_expected;

    if (tally->unexpected > 0) {
        put_number(printer, tally->unexpected, "unexpected finding");
        core_put(printer->out, stop ? ", " : "");
    }
    if (stop)
        core_format(printer->out, "unexpected %s at line %u",
                    report->stop.kind == VM_PANICKED ? "panic" : "hang", report->stop_line);
}

static void
put_failed_words(const struct printer *printer, const struct tally *tally)
{
    if (tally->failed > 0) {
        core_format(printer->out, "%llu of ", (unsigned long long)tally->failed);
        put_number(printer, tally->expectations, "expectation");
        core_put(printer->out, " failed");
    } else {
        core_put(printer->out, "an invariant of the model does not hold");
    }
}

static void
put_verdict(const struct printer *printer)
{
    static const char *const words[] = { "PASS", "FINDING", "FAIL" };
    static const enum colour colours[] = { GREEN, YELLOW, RED };
    const struct scn_report *report = printer->report;
    struct tally tally = count_all(report);
    struct vm_profile profile;

    vm_profile_at(report->profile, &profile);
    if ((printer->flags & SCN_PRINT_QUIET) == 0)
        core_put(printer->out, "\n");
    colour(printer, colours[report->verdict]);
    core_put(printer->out, words[report->verdict]);
    colour(printer, PLAIN);
    core_put(printer->out, " ");
    core_put_clean(printer->out, printer->file);
    core_format(printer->out, " [%s%s%s]: ", profile.name, report->machine != NULL ? " " : "",
                report->machine != NULL ? report->machine : "");
    if (report->verdict == SCN_CLEAN)
        put_clean_words(printer, &tally);
    else if (report->verdict == SCN_UNEXPECTED)
        put_unexpected_words(printer, &tally);
    else
        put_failed_words(printer, &tally);
    core_put(printer->out, "\n");
}

void
scn_print_text(const struct core_out *out, const char *file, const struct scn_program *program,
               const struct scn_report *report, uint32_t flags)
{
    struct printer printer = { out, file, program, report, flags, source_width(report) };

    if ((flags & SCN_PRINT_QUIET) == 0)
        put_header(&printer);
    put_steps(&printer);
    put_findings(&printer);
    put_verdict(&printer);
}

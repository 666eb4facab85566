/*
 * explore.c - see explore.h
 *
 * A run is a scenario's; which run comes next is explore_search.c's.
 */
#include "core_out.h"
#include "explore.h"
#include "explore_schedule.h"

struct explore {
    struct explore_search *search;
    const struct vmm_alloc *alloc;
    const struct scn_program *program;
    struct scn_fibers *fibers;
    size_t profile;
};

/* ---- what went wrong ---- */

void
explore_say(const struct scn_report *report, struct vmm_text *text)
{
    const struct scn_finding *finding = scn_report_unexpected(report);
    const struct scn_step *step = scn_report_failed(report);

    if (report->broken_invariant != NULL)
        vmm_text_format(text, "broken invariant: %s", report->broken_invariant);
    else if (report->stop.kind != VM_RUNNING && !report->stop_expected)
        vmm_text_format(text, "%s (%s) at line %u", report->stop.kind == VM_HUNG ? "hang" : "panic",
                        trace_reason_name(report->stop.reason), (unsigned)report->stop_line);
    else if (finding != NULL)
        vmm_text_format(text, "finding %s at line %u", finding->rule->id, (unsigned)finding->line);
    else if (step != NULL)
        vmm_text_format(text, "line %u: expected %s, found %s", (unsigned)step->line,
                        step->expected, step->found);
}

/* ---- runs ---- */

enum explore_outcome
explore_step(struct explore *explore)
{
    struct scn_options options = { .check_each_step = true, .fibers = explore->fibers };
    struct scn_report *report;
    struct vmm_text text;
    char what[512];
    bool goes_on;

    options.schedule = explore_search_next(explore->search);
    if (options.schedule == NULL)
        return EXPLORE_FINISHED;
    if (scn_run(explore->program, explore->alloc, explore->profile, &options, &report) != SCN_OK)
        return EXPLORE_NO_MEMORY;
    vmm_text_init(&text, what, sizeof what);
    if (report->verdict != SCN_CLEAN)
        explore_say(report, &text);
    goes_on = explore_search_ran(explore->search, report->choice_count, report->is_cut, text.bytes);
    scn_report_free(report);
    return goes_on ? EXPLORE_MORE : EXPLORE_NO_MEMORY;
}

/* ---- life ---- */

struct explore *
explore_create(const struct vmm_alloc *alloc, const struct scn_program *program,
               struct scn_fibers *fibers, const struct explore_options *options)
{
    struct explore *explore = vmm_take_array(alloc, 1, sizeof *explore);

    if (explore == NULL)
        return NULL;
    explore->alloc = alloc;
    explore->program = program;
    explore->fibers = fibers;
    explore->profile = options->profile;
    explore->search = explore_search_create(alloc, options);
    if (explore->search != NULL)
        return explore;
    explore_destroy(explore);
    return NULL;
}

void
explore_destroy(struct explore *explore)
{
    if (explore == NULL)
        return;
    explore_search_destroy(explore->search);
    vmm_give_array(explore->alloc, explore, 1, sizeof *explore);
}

struct explore_progress
explore_progress(const struct explore *explore)
{
    return explore_search_progress(explore->search);
}

size_t
explore_failure_count(const struct explore *explore)
{
    return explore_search_failure_count(explore->search);
}

const struct explore_failure *
explore_failure_at(const struct explore *explore, size_t index)
{
    return explore_search_failure_at(explore->search, index);
}

enum scn_outcome
explore_run(const struct scn_program *program, const struct vmm_alloc *alloc,
            struct scn_fibers *fibers, size_t profile, const char *id, bool keep_events,
            struct scn_report **report)
{
    struct explore_schedule schedule;
    struct scn_options options = { .check_each_step = true,
                                   .keep_events = keep_events,
                                   .fibers = fibers,
                                   .schedule = &schedule.schedule };

    if (!explore_schedule_parse(&schedule, id))
        return SCN_BAD_SOURCE;
    return scn_run(program, alloc, profile, &options, report);
}

void
explore_print_switches(const struct core_out *out, const struct scn_report *report)
{
    for (size_t i = 0; i < report->switch_count; i++) {
        const struct scn_switch *at = &report->switches[i];

        core_put(out, "     ");
        if (i > 0) {
            core_put_clean(out, report->switches[i - 1].thread);
            core_format(out, " %s; ", at->why);
        }
        core_put_clean(out, at->thread);
        core_format(out, " runs from line %u: ", (unsigned)at->line);
        core_put_clean(out, at->source);
        core_put(out, "\n");
    }
}

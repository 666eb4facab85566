/*
 * story.c - a report becomes a cell
 */
#include "story.h"

#include <string.h>

#include "core_arena.h"
#include "scn_rows.h"

static const struct story_strategy strategies[] = {
#define STORY_STRATEGY(id, top, bottom, text, scenario) { #id, top, bottom, text, scenario },
#include "story.def"
#undef STORY_STRATEGY
};

struct story {
    const struct vmm_alloc *alloc;
    struct core_arena arena;
    struct scn_program *programs[STORY_STRATEGY_COUNT];
    struct story_cell *cells; /* row by row */
    size_t row;               /* the next one */
    struct vm_stop panic;
    const struct verify_rule *rule;
};

const struct story_strategy *
story_strategy_at(size_t index)
{
    return &strategies[index];
}

const char *
story_outcome_name(enum story_outcome outcome)
{
    static const char *const names[] = { "clean", "panics", "hangs", "refused", "absent" };

    return names[outcome];
}

/* ---- from a report to a cell ---- */

static uint64_t
metric(const struct scn_report *report, const char *name)
{
    for (size_t i = 0; i < report->metric_count; i++) {
        if (strcmp(report->metrics[i].name, name) == 0)
            return report->metrics[i].value;
    }
    return 0;
}

/* The page of the mapping that the kernel stopped at; the trace says where the mapping is. */
static uint64_t
stop_page(const struct scn_report *report)
{
    const struct trace_event *mapping = NULL;

    for (size_t i = 0; i < report->event_count; i++) {
        if (report->events[i].kind == EV_IOMAP_CREATE)
            mapping = &report->events[i];
    }
    if (mapping == NULL || report->stop.va < mapping->va || mapping->length == 0)
        return 0;
    return (report->stop.va - mapping->va) / (mapping->length / STORY_PAGES);
}

/* The first answer that a driver would not go on with; 0: there is none. */
static int32_t
first_refusal(const struct scn_report *report)
{
    for (size_t i = 0; i < report->step_count; i++) {
        const struct scn_step *step = &report->steps[i];

        if (step->is_expectation || step->skipped)
            continue;
        if (step->hidden_status != 0)
            return step->hidden_status;
        if (step->has_status && step->status != 0)
            return step->status;
    }
    return 0;
}

static struct story_cell
cell_of(const struct scn_report *report)
{
    struct story_cell cell = {
        .outcome = STORY_CLEAN,
        .code = first_refusal(report),
        .faults = metric(report, "faults"),
        .translations = metric(report, "translations"),
    };

    if (cell.code == VMM_NOT_SUPPORTED) {
        cell.outcome = STORY_ABSENT;
    } else if (cell.code != 0 && cell.code != VMK_PANICKED && cell.code != VMK_HUNG) {
        cell.outcome = STORY_REFUSED;
    } else if (report->stop.kind == VM_PANICKED) {
        cell.outcome = STORY_PANICS;
        cell.page = stop_page(report);
    } else if (report->stop.kind == VM_HUNG) {
        cell.outcome = STORY_HANGS;
    }
    return cell;
}

/* ---- running ---- */

static void
keep_panic(struct story *story, const struct scn_report *report)
{
    story->panic = report->stop;
    for (size_t i = 0; i < report->finding_count && story->rule == NULL; i++)
        story->rule = report->findings[i].rule;
}

static enum story_progress
run_cell(struct story *story, size_t strategy)
{
    struct scn_options options = { .keep_events = true };
    struct scn_report *report;

    if (scn_run(story->programs[strategy], story->alloc, story->row, &options, &report) != SCN_OK)
        return STORY_NO_MEMORY;
    story->cells[story->row * STORY_STRATEGY_COUNT + strategy] = cell_of(report);
    if (strategy == STORY_PREPARE_MAP && story->row == scn_newest_release())
        keep_panic(story, report);
    scn_report_free(report);
    return STORY_MORE;
}

bool
story_run_one(const struct vmm_alloc *alloc, enum story_strategy_id strategy, size_t row,
              struct story_cell *cell)
{
    struct scn_options options = { .keep_events = true };
    const char *text = strategies[strategy].scenario;
    struct scn_program *program;
    struct scn_report *report;
    struct scn_error error;
    bool ran = false;

    if (scn_parse(alloc, text, strlen(text), &program, &error) != SCN_OK)
        return false;
    if (scn_run(program, alloc, row, &options, &report) == SCN_OK) {
        *cell = cell_of(report);
        scn_report_free(report);
        ran = true;
    }
    scn_program_free(program);
    return ran;
}

static enum story_progress
parse_all(struct story *story)
{
    for (size_t i = 0; i < STORY_STRATEGY_COUNT; i++) {
        const char *text = strategies[i].scenario;
        struct scn_error error;
        enum scn_outcome outcome;

        outcome = scn_parse(story->alloc, text, strlen(text), &story->programs[i], &error);
        if (outcome != SCN_OK)
            return outcome == SCN_NO_MEMORY ? STORY_NO_MEMORY : STORY_BROKEN;
    }
    return STORY_MORE;
}

enum story_progress
story_step(struct story *story)
{
    enum story_progress progress = STORY_MORE;

    if (story->programs[STORY_STRATEGY_COUNT - 1] == NULL)
        progress = parse_all(story);
    for (size_t i = 0; progress == STORY_MORE && i < STORY_STRATEGY_COUNT; i++)
        progress = run_cell(story, i);
    if (progress != STORY_MORE)
        return progress;
    story->row++;
    return story->row < vm_profile_count() ? STORY_MORE : STORY_FINISHED;
}

/* ---- life ---- */

struct story *
story_create(const struct vmm_alloc *alloc)
{
    struct core_arena arena;
    struct story *story;

    core_arena_init(&arena, alloc);
    story = core_arena_take(&arena, sizeof(*story));
    if (story != NULL)
        story->cells = core_arena_array(&arena, vm_profile_count() * STORY_STRATEGY_COUNT,
                                        sizeof(*story->cells));
    if (arena.is_exhausted) {
        core_arena_destroy(&arena);
        return NULL;
    }
    story->alloc = alloc;
    story->arena = arena;
    return story;
}

void
story_destroy(struct story *story)
{
    struct core_arena arena = story->arena; /* the story itself lies in it */

    for (size_t i = 0; i < STORY_STRATEGY_COUNT; i++) {
        if (story->programs[i] != NULL)
            scn_program_free(story->programs[i]);
    }
    core_arena_destroy(&arena);
}

/* ---- looking ---- */

const struct story_cell *
story_cell_at(const struct story *story, size_t row, enum story_strategy_id strategy)
{
    return &story->cells[row * STORY_STRATEGY_COUNT + strategy];
}

const struct vm_stop *
story_panic(const struct story *story, const struct verify_rule **rule)
{
    *rule = story->rule;
    return &story->panic;
}

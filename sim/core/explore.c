/*
 * explore.c - see explore.h
 *
 * Depth first: a run follows the prefix that is to be tried, then goes on by default and notes what
 * else could have been chosen. The last place with something left to try, within the bound, is changed
 * for the next run.
 */
#include "core_out.h"
#include "core_set.h"
#include "explore_schedule.h"

#include <string.h>

/* A place in the run where more than one thread could go on. */
struct point {
    uint32_t can_run;
    uint32_t tried; /* bit i: thread i, the one that is chosen included */
    uint32_t current;
    uint32_t chosen;
    uint32_t preemptions; /* before it */
};

struct explore {
    struct scn_schedule schedule;
    const struct vmm_alloc *alloc;
    const struct scn_program *program;
    struct scn_fibers *fibers;
    struct explore_options options;
    struct explore_progress progress;
    struct explore_failure failures[EXPLORE_FAILURES_MAX];
    size_t failure_count;

    struct point *points;
    size_t capacity;
    size_t count;  /* of the run */
    size_t prefix; /* that is to be followed */
    bool is_short;

    struct core_set seen; /* states */
    uint64_t in_bound;    /* schedules run with this bound */
    uint64_t drawn;
    uint64_t length; /* choices of the longest run */
};

/* ---- points ---- */

static bool
points_grow(struct explore *explore)
{
    size_t capacity = explore->capacity == 0 ? 64 : 2 * explore->capacity;
    struct point *points = vmm_take_array(explore->alloc, capacity, sizeof *points);

    if (points == NULL)
        return false;
    if (explore->count > 0)
        memcpy(points, explore->points, explore->count * sizeof *points);
    vmm_give_array(explore->alloc, explore->points, explore->capacity, sizeof *points);
    explore->points = points;
    explore->capacity = capacity;
    return true;
}

static bool
is_preemption(const struct point *point, uint32_t thread)
{
    return point->current != SCN_NO_THREAD && thread != point->current;
}

static uint32_t
choose(struct scn_schedule *schedule, const struct scn_choice *choice)
{
    struct explore *explore = VMM_CONTAINER(schedule, struct explore, schedule);
    uint32_t preemptions = 0;
    struct point *point;

    if (choice->index < explore->prefix)
        return explore->points[choice->index].chosen;
    if (choice->index > 0) {
        point = &explore->points[choice->index - 1];
        preemptions = point->preemptions + is_preemption(point, point->chosen);
    }
    /* the change that this run is about is made already when a state can be called seen */
    if (!core_set_add(&explore->seen,
                      vm_digest_mix(choice->state, (uint64_t)preemptions << 8 | choice->current)))
        return SCN_CUT;
    explore->progress.states = explore->seen.count;
    if (explore->count == explore->capacity && !points_grow(explore)) {
        explore->is_short = true;
        return SCN_CUT;
    }
    point = &explore->points[explore->count++];
    *point = (struct point){ .can_run = choice->can_run,
                             .current = choice->current,
                             .chosen = explore_default(choice),
                             .preemptions = preemptions };
    point->tried = 1u << point->chosen;
    return point->chosen;
}

/* What is left to try at a point, within the bound. */
static uint32_t
untried(const struct explore *explore, const struct point *point)
{
    uint32_t left = point->can_run & ~point->tried;

    if (point->current != SCN_NO_THREAD && point->preemptions >= explore->progress.preemptions)
        left = 0;
    return left;
}

/* The next prefix; false: everything within the bound was run. */
static bool
backtrack(struct explore *explore)
{
    while (explore->count > 0) {
        struct point *point = &explore->points[explore->count - 1];
        uint32_t left = untried(explore, point);

        if (left != 0) {
            point->chosen = 0;
            while (!(left >> point->chosen & 1))
                point->chosen++;
            point->tried |= 1u << point->chosen;
            explore->prefix = explore->count;
            return true;
        }
        explore->count--;
    }
    return false;
}

static uint32_t
bits(uint32_t mask)
{
    uint32_t count = 0;

    for (; mask != 0; mask &= mask - 1)
        count++;
    return count;
}

/* The tree is as large as it would be if what is left at each point were like what was tried. */
static uint64_t
estimate_left(const struct explore *explore)
{
    double done = 0;
    double share = 1;
    double left;

    for (size_t i = 0; i < explore->count; i++) {
        const struct point *point = &explore->points[i];
        uint32_t tried = bits(point->tried);
        uint32_t all = tried + bits(untried(explore, point));

        done += share * (tried - 1) / all;
        share /= all;
    }
    done += share;
    if (done >= 1)
        return 0;
    left = (double)explore->in_bound * (1 - done) / done;
    return left < 1e18 ? (uint64_t)left + 1 : UINT64_MAX;
}

/* ---- ids ---- */

static void
put_id(const struct explore *explore, struct vmm_text *text)
{
    bool has_moves = false;

    for (size_t i = 0; i < explore->count; i++) {
        const struct point *point = &explore->points[i];
        struct scn_choice choice = { .can_run = point->can_run, .current = point->current };

        if (point->chosen == explore_default(&choice))
            continue;
        vmm_text_format(text, "%s%u%c", has_moves ? "." : "", (unsigned)i,
                        (int)('a' + point->chosen));
        has_moves = true;
    }
    if (!has_moves)
        vmm_text_put(text, "0");
}

/* ---- failures ---- */

static const struct scn_step *
failed_step(const struct scn_report *report)
{
    for (size_t i = 0; i < report->step_count; i++) {
        if (report->steps[i].failed)
            return &report->steps[i];
    }
    return NULL;
}

static const struct scn_finding *
unexpected_finding(const struct scn_report *report)
{
    for (size_t i = 0; i < report->finding_count; i++) {
        if (!report->findings[i].expected && report->findings[i].rule->severity != VERIFY_ADVICE)
            return &report->findings[i];
    }
    return NULL;
}

void
explore_say(const struct scn_report *report, struct vmm_text *text)
{
    const struct scn_finding *finding = unexpected_finding(report);
    const struct scn_step *step = failed_step(report);

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

static void
note_failure(struct explore *explore, const struct scn_report *report, const char *id)
{
    struct explore_failure *failure;
    struct explore_schedule schedule;
    struct vmm_text text;
    char line[512];
    uint64_t key = 0;

    if (report->verdict == SCN_CLEAN)
        return;
    vmm_text_init(&text, line, sizeof line);
    explore_say(report, &text);
    for (const char *at = line; *at != '\0'; at++)
        key = vm_digest_mix(key, (unsigned char)*at);
    for (size_t i = 0; i < explore->failure_count; i++) {
        if (explore->failures[i].key == key) {
            explore->failures[i].schedules++;
            return;
        }
    }
    if (!explore_schedule_parse(&schedule, id)) {
        explore->progress.unnamed++;
        return;
    }
    if (explore->failure_count == EXPLORE_FAILURES_MAX)
        return;
    failure = &explore->failures[explore->failure_count++];
    *failure = (struct explore_failure){ .key = key, .schedules = 1 };
    vmm_text_init(&text, failure->id, sizeof failure->id);
    vmm_text_put(&text, id);
}

/* ---- runs ---- */

static enum explore_outcome
run_one(struct explore *explore, struct scn_schedule *schedule, const char *drawn_id)
{
    struct scn_options options = { .check_each_step = true,
                                   .fibers = explore->fibers,
                                   .schedule = schedule };
    struct scn_report *report;
    struct vmm_text text;
    char id[EXPLORE_ID_MAX];

    if (scn_run(explore->program, explore->alloc, explore->options.profile, &options, &report) !=
        SCN_OK)
        return EXPLORE_NO_MEMORY;
    explore->progress.schedules++;
    explore->progress.cut += report->is_cut;
    if (report->choice_count > explore->length)
        explore->length = report->choice_count;
    vmm_text_init(&text, id, sizeof id);
    if (drawn_id == NULL)
        put_id(explore, &text);
    if (!report->is_cut)
        note_failure(explore, report, drawn_id != NULL ? drawn_id : id);
    scn_report_free(report);
    return explore->is_short || explore->seen.is_exhausted ? EXPLORE_NO_MEMORY : EXPLORE_MORE;
}

/* By PCT and at random, in turns. */
static enum explore_outcome
step_drawn(struct explore *explore)
{
    uint64_t seed = explore->options.seed + explore->drawn / 2;
    struct explore_schedule schedule;
    struct vmm_text text;
    char id[EXPLORE_ID_MAX];

    if (explore->drawn >= 2 * explore->options.drawn)
        return EXPLORE_FINISHED;
    vmm_text_init(&text, id, sizeof id);
    if (explore->drawn++ % 2 == 0)
        vmm_text_format(&text, "p%llu.%llu", (unsigned long long)seed,
                        (unsigned long long)explore->length);
    else
        vmm_text_format(&text, "r%llu", (unsigned long long)seed);
    explore->progress.left = 2 * explore->options.drawn - explore->drawn;
    if (!explore_schedule_parse(&schedule, id))
        return EXPLORE_FINISHED;
    return run_one(explore, &schedule.schedule, id);
}

/* With the next bound; false: there is none. States count anew, as more can follow from them. */
static bool
next_bound(struct explore *explore)
{
    if (explore->progress.preemptions == explore->options.preemptions)
        return false;
    explore->progress.preemptions++;
    explore->count = explore->prefix = 0;
    explore->in_bound = 0;
    explore->progress.states = 0;
    core_set_clear(&explore->seen);
    return true;
}

enum explore_outcome
explore_step(struct explore *explore)
{
    enum explore_outcome outcome;

    if (explore->progress.draws)
        return step_drawn(explore);
    if (explore->progress.is_complete)
        return EXPLORE_FINISHED;
    explore->count = explore->prefix;
    outcome = run_one(explore, &explore->schedule, NULL);
    if (outcome != EXPLORE_MORE)
        return outcome;
    explore->in_bound++;
    if (!backtrack(explore) && !next_bound(explore))
        explore->progress.is_complete = true;
    else if (explore->progress.schedules >= explore->options.limit)
        explore->progress.draws = true;
    explore->progress.left = explore->progress.is_complete ? 0 : estimate_left(explore);
    return EXPLORE_MORE;
}

/* ---- life ---- */

struct explore *
explore_create(const struct vmm_alloc *alloc, const struct scn_program *program,
               struct scn_fibers *fibers, const struct explore_options *options)
{
    struct explore *explore = vmm_take_array(alloc, 1, sizeof *explore);

    if (explore == NULL)
        return NULL;
    explore->schedule = (struct scn_schedule){ choose, true };
    explore->alloc = alloc;
    core_set_init(&explore->seen, alloc);
    explore->program = program;
    explore->fibers = fibers;
    explore->options = *options;
    return explore;
}

void
explore_destroy(struct explore *explore)
{
    if (explore == NULL)
        return;
    vmm_give_array(explore->alloc, explore->points, explore->capacity, sizeof *explore->points);
    core_set_destroy(&explore->seen);
    vmm_give_array(explore->alloc, explore, 1, sizeof *explore);
}

struct explore_progress
explore_progress(const struct explore *explore)
{
    return explore->progress;
}

size_t
explore_failure_count(const struct explore *explore)
{
    return explore->failure_count;
}

const struct explore_failure *
explore_failure_at(const struct explore *explore, size_t index)
{
    return &explore->failures[index];
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

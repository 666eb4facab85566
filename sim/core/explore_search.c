/*
 * explore_search.c - see explore_search.h
 *
 * Depth first: a run follows the prefix that is to be tried, then goes on by default and notes what
 * else could have been chosen. The last place with something left to try, within the bound, is changed
 * for the next run.
 */
#include "explore_search.h"
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

struct explore_search {
    struct scn_schedule schedule;
    const struct vmm_alloc *alloc;
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

    struct explore_schedule draw; /* the schedule of a run that is drawn */
    char draw_id[EXPLORE_ID_MAX];
};

/* ---- points ---- */

static bool
points_grow(struct explore_search *search)
{
    size_t capacity = search->capacity == 0 ? 64 : 2 * search->capacity;
    struct point *points = vmm_take_array(search->alloc, capacity, sizeof *points);

    if (points == NULL)
        return false;
    if (search->count > 0)
        memcpy(points, search->points, search->count * sizeof *points);
    vmm_give_array(search->alloc, search->points, search->capacity, sizeof *points);
    search->points = points;
    search->capacity = capacity;
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
    struct explore_search *search = VMM_CONTAINER(schedule, struct explore_search, schedule);
    uint32_t preemptions = 0;
    struct point *point;

    if (choice->index < search->prefix)
        return search->points[choice->index].chosen;
    if (choice->index > 0) {
        point = &search->points[choice->index - 1];
        preemptions = point->preemptions + is_preemption(point, point->chosen);
    }
    /* the change that this run is about is made already when a state can be called seen */
    if (choice->state != 0 &&
        !core_set_add(&search->seen,
                      vm_digest_mix(choice->state, (uint64_t)preemptions << 8 | choice->current)))
        return SCN_CUT;
    search->progress.states = search->seen.count;
    if (search->count == search->capacity && !points_grow(search)) {
        search->is_short = true;
        return SCN_CUT;
    }
    point = &search->points[search->count++];
    *point = (struct point){ .can_run = choice->can_run,
                             .current = choice->current,
                             .chosen = explore_default(choice),
                             .preemptions = preemptions };
    point->tried = 1u << point->chosen;
    return point->chosen;
}

/* What is left to try at a point, within the bound. */
static uint32_t
untried(const struct explore_search *search, const struct point *point)
{
    uint32_t left = point->can_run & ~point->tried;

    if (point->current != SCN_NO_THREAD && point->preemptions >= search->progress.preemptions)
        left = 0;
    return left;
}

/* The next prefix; false: everything within the bound was run. */
static bool
backtrack(struct explore_search *search)
{
    while (search->count > 0) {
        struct point *point = &search->points[search->count - 1];
        uint32_t left = untried(search, point);

        if (left != 0) {
            point->chosen = 0;
            while (!(left >> point->chosen & 1))
                point->chosen++;
            point->tried |= 1u << point->chosen;
            search->prefix = search->count;
            return true;
        }
        search->count--;
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
estimate_left(const struct explore_search *search)
{
    double done = 0;
    double share = 1;
    double left;

    for (size_t i = 0; i < search->count; i++) {
        const struct point *point = &search->points[i];
        uint32_t tried = bits(point->tried);
        uint32_t all = tried + bits(untried(search, point));

        done += share * (tried - 1) / all;
        share /= all;
    }
    done += share;
    if (done >= 1)
        return 0;
    left = (double)search->in_bound * (1 - done) / done;
    return left < 1e18 ? (uint64_t)left + 1 : UINT64_MAX;
}

/* ---- ids ---- */

static void
put_id(const struct explore_search *search, struct vmm_text *text)
{
    bool has_moves = false;

    for (size_t i = 0; i < search->count; i++) {
        const struct point *point = &search->points[i];
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

static void
note_failure(struct explore_search *search, const char *what)
{
    struct explore_failure *failure;
    struct explore_schedule schedule;
    struct vmm_text text;
    char id[EXPLORE_ID_MAX];
    uint64_t key = 0;

    for (const char *at = what; *at != '\0'; at++)
        key = vm_digest_mix(key, (unsigned char)*at);
    for (size_t i = 0; i < search->failure_count; i++) {
        if (search->failures[i].key == key) {
            search->failures[i].schedules++;
            return;
        }
    }
    vmm_text_init(&text, id, sizeof id);
    if (search->progress.draws)
        vmm_text_put(&text, search->draw_id);
    else
        put_id(search, &text);
    if (!explore_schedule_parse(&schedule, id)) {
        search->progress.unnamed++;
        return;
    }
    if (search->failure_count == EXPLORE_FAILURES_MAX)
        return;
    failure = &search->failures[search->failure_count++];
    *failure = (struct explore_failure){ .key = key, .schedules = 1 };
    memcpy(failure->id, id, sizeof id);
}

/* ---- runs ---- */

/* By PCT and at random, in turns. */
static struct scn_schedule *
next_drawn(struct explore_search *search)
{
    uint64_t seed = search->options.seed + search->drawn / 2;
    struct vmm_text text;

    if (search->drawn >= 2 * search->options.drawn)
        return NULL;
    vmm_text_init(&text, search->draw_id, sizeof search->draw_id);
    if (search->drawn++ % 2 == 0)
        vmm_text_format(&text, "p%llu.%llu", (unsigned long long)seed,
                        (unsigned long long)search->length);
    else
        vmm_text_format(&text, "r%llu", (unsigned long long)seed);
    search->progress.left = 2 * search->options.drawn - search->drawn;
    return explore_schedule_parse(&search->draw, search->draw_id) ? &search->draw.schedule : NULL;
}

struct scn_schedule *
explore_search_next(struct explore_search *search)
{
    if (search->progress.draws)
        return next_drawn(search);
    if (search->progress.is_complete)
        return NULL;
    search->count = search->prefix;
    return &search->schedule;
}

/* With the next bound; false: there is none. States count anew, as more can follow from them. */
static bool
next_bound(struct explore_search *search)
{
    if (search->progress.preemptions == search->options.preemptions)
        return false;
    search->progress.preemptions++;
    search->count = search->prefix = 0;
    search->in_bound = 0;
    search->progress.states = 0;
    core_set_clear(&search->seen);
    return true;
}

/* Where the next run, in order, goes another way. */
static void
turn(struct explore_search *search)
{
    search->in_bound++;
    if (!backtrack(search) && !next_bound(search))
        search->progress.is_complete = true;
    else if (search->progress.schedules >= search->options.limit)
        search->progress.draws = true;
    search->progress.left = search->progress.is_complete ? 0 : estimate_left(search);
}

bool
explore_search_ran(struct explore_search *search, uint64_t choices, bool is_cut, const char *what)
{
    search->progress.schedules++;
    search->progress.cut += is_cut;
    if (choices > search->length)
        search->length = choices;
    if (!is_cut && what[0] != '\0')
        note_failure(search, what);
    if (!search->progress.draws)
        turn(search);
    return !search->is_short && !search->seen.is_exhausted;
}

/* ---- life ---- */

struct explore_search *
explore_search_create(const struct vmm_alloc *alloc, const struct explore_options *options)
{
    struct explore_search *search = vmm_take_array(alloc, 1, sizeof *search);

    if (search == NULL)
        return NULL;
    search->schedule = (struct scn_schedule){ choose, true };
    search->alloc = alloc;
    core_set_init(&search->seen, alloc);
    search->options = *options;
    return search;
}

void
explore_search_destroy(struct explore_search *search)
{
    if (search == NULL)
        return;
    vmm_give_array(search->alloc, search->points, search->capacity, sizeof *search->points);
    core_set_destroy(&search->seen);
    vmm_give_array(search->alloc, search, 1, sizeof *search);
}

struct explore_progress
explore_search_progress(const struct explore_search *search)
{
    return search->progress;
}

size_t
explore_search_failure_count(const struct explore_search *search)
{
    return search->failure_count;
}

const struct explore_failure *
explore_search_failure_at(const struct explore_search *search, size_t index)
{
    return &search->failures[index];
}

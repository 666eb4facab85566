/* explore_schedule.c - see explore_schedule.h */
#include "explore_schedule.h"

uint32_t
explore_default(const struct scn_choice *choice)
{
    uint32_t thread = 0;

    if (choice->current != SCN_NO_THREAD)
        return choice->current;
    while (!(choice->can_run >> thread & 1))
        thread++;
    return thread;
}

/* ---- choices ---- */

static uint32_t
choose_by_moves(const struct explore_schedule *schedule, const struct scn_choice *choice)
{
    for (size_t i = 0; i < schedule->move_count; i++) {
        uint32_t thread = schedule->moves[i].thread;

        if (schedule->moves[i].index == choice->index && (choice->can_run >> thread & 1))
            return thread;
    }
    return explore_default(choice);
}

static uint32_t
choose_by_chance(struct explore_schedule *schedule, const struct scn_choice *choice)
{
    uint32_t thread;

    do {
        thread = (uint32_t)vmm_rng_below(&schedule->rng, SCN_THREADS_MAX);
    } while (!(choice->can_run >> thread & 1));
    return thread;
}

static uint32_t
choose_by_priority(struct explore_schedule *schedule, const struct scn_choice *choice)
{
    uint32_t best = SCN_NO_THREAD;

    for (uint32_t i = 0; i < EXPLORE_PCT_CHANGES; i++) {
        if (schedule->change[i] == choice->index && choice->current != SCN_NO_THREAD)
            schedule->priority[choice->current] = i; /* below all that were drawn */
    }
    for (uint32_t thread = 0; thread < SCN_THREADS_MAX; thread++) {
        if ((choice->can_run >> thread & 1) &&
            (best == SCN_NO_THREAD || schedule->priority[thread] > schedule->priority[best]))
            best = thread;
    }
    return best;
}

static uint32_t
choose(struct scn_schedule *base, const struct scn_choice *choice)
{
    struct explore_schedule *schedule = VMM_CONTAINER(base, struct explore_schedule, schedule);

    switch (schedule->kind) {
    case EXPLORE_BY_CHANCE:
        return choose_by_chance(schedule, choice);
    case EXPLORE_BY_PRIORITY:
        return choose_by_priority(schedule, choice);
    default:
        return choose_by_moves(schedule, choice);
    }
}

/* ---- ids ---- */

static bool
read_number(const char **at, uint64_t *number)
{
    const char *start = *at;

    *number = 0;
    for (; **at >= '0' && **at <= '9' && *at - start < 19; (*at)++)
        *number = 10 * *number + (uint64_t)(**at - '0');
    return *at > start;
}

static bool
read_moves(struct explore_schedule *schedule, const char *at)
{
    if (at[0] == '0' && at[1] == '\0')
        return true;
    for (;;) {
        uint64_t index;

        if (schedule->move_count == EXPLORE_MOVES_MAX || !read_number(&at, &index) || *at < 'a' ||
            *at >= 'a' + SCN_THREADS_MAX)
            return false;
        schedule->moves[schedule->move_count].index = index;
        schedule->moves[schedule->move_count++].thread = (uint32_t)(*at++ - 'a');
        if (*at == '\0')
            return true;
        if (*at++ != '.')
            return false;
    }
}

static void
draw_priorities(struct explore_schedule *schedule, uint64_t length)
{
    for (uint32_t i = 0; i < SCN_THREADS_MAX; i++)
        schedule->priority[i] = EXPLORE_PCT_CHANGES + i;
    for (uint32_t i = SCN_THREADS_MAX - 1; i > 0; i--) {
        uint32_t other = (uint32_t)vmm_rng_below(&schedule->rng, i + 1);
        uint32_t priority = schedule->priority[i];

        schedule->priority[i] = schedule->priority[other];
        schedule->priority[other] = priority;
    }
    for (uint32_t i = 0; i < EXPLORE_PCT_CHANGES; i++)
        schedule->change[i] = vmm_rng_below(&schedule->rng, length == 0 ? 1 : length);
}

bool
explore_schedule_parse(struct explore_schedule *schedule, const char *id)
{
    uint64_t length = 0;
    uint64_t seed;

    *schedule = (struct explore_schedule){ .schedule = { .choose = choose } };
    if (*id != 'r' && *id != 'p')
        return read_moves(schedule, id);
    schedule->kind = *id++ == 'r' ? EXPLORE_BY_CHANCE : EXPLORE_BY_PRIORITY;
    if (!read_number(&id, &seed))
        return false;
    schedule->rng = (struct vmm_rng){ seed };
    if (schedule->kind == EXPLORE_BY_PRIORITY && (*id++ != '.' || !read_number(&id, &length)))
        return false;
    if (schedule->kind == EXPLORE_BY_PRIORITY)
        draw_priorities(schedule, length);
    return *id == '\0';
}

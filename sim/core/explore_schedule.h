/*
 * explore_schedule.h - schedules by id
 *
 * PURPOSE     From an id to choices, for explore.c.
 * INVARIANTS  none
 * UNITS       none
 * OWNERSHIP   a schedule owns nothing
 * ERRORS      false: it is no id
 * EVENTS      none
 * XNU         none
 */
#ifndef CORE_EXPLORE_SCHEDULE_H
#define CORE_EXPLORE_SCHEDULE_H

#include "explore_search.h"

enum { EXPLORE_PCT_CHANGES = 3 };

struct explore_schedule {
    struct scn_schedule schedule;
    enum { EXPLORE_BY_MOVES, EXPLORE_BY_CHANCE, EXPLORE_BY_PRIORITY } kind;
    struct {
        uint64_t index;
        uint32_t thread;
    } moves[EXPLORE_MOVES_MAX];
    size_t move_count;
    struct vmm_rng rng;
    uint32_t priority[SCN_THREADS_MAX];
    uint64_t change[EXPLORE_PCT_CHANGES];
};

bool explore_schedule_parse(struct explore_schedule *schedule, const char *id);

/* Who goes on when nothing says otherwise. */
uint32_t explore_default(const struct scn_choice *choice);

#endif

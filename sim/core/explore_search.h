/*
 * explore_search.h - which schedule is run next
 *
 * PURPOSE     The search of explore.h without the scenario: whoever can run threads by a schedule asks
 *             here for the next one, and says what came of it.
 * INVARIANTS  X1  a schedule's id is enough to run it again
 *             X2  a run is given up where kernel, threads and findings are as they were before
 * UNITS       schedules: whole runs
 * OWNERSHIP   borrows the allocator, from which all of it comes
 * ERRORS      none; explore_search_ran() says when memory ran out
 * EVENTS      none
 * XNU         none
 */
#ifndef CORE_EXPLORE_SEARCH_H
#define CORE_EXPLORE_SEARCH_H

#include "scn_threads.h"

enum {
    EXPLORE_MOVES_MAX = 64,                  /* of an id */
    EXPLORE_ID_MAX = EXPLORE_MOVES_MAX * 12, /* "123456789b." and more than that is no run */
    EXPLORE_FAILURES_MAX = 16,
    EXPLORE_DEFAULT_PREEMPTIONS = 2,
    EXPLORE_MOST_PREEMPTIONS = 16, /* an id's other moves are where a thread waits or ends */
    EXPLORE_DEFAULT_LIMIT = 20000,
    EXPLORE_DEFAULT_DRAWN = 500, /* by PCT, and as many at random, where the limit was reached */
};

struct explore_options {
    size_t profile; /* of a scenario; the search does not ask */
    uint32_t preemptions;
    uint64_t limit; /* schedules, before we begin to draw */
    uint64_t drawn;
    uint64_t seed;
};

/* What went wrong in some schedules; the same thing is kept once. */
struct explore_failure {
    char id[EXPLORE_ID_MAX]; /* of the first schedule */
    uint64_t key;
    uint64_t schedules; /* how many showed it */
};

struct explore_progress {
    uint64_t schedules;
    uint64_t cut; /* of them, given up at a state that was seen before */
    uint64_t states;
    uint64_t unnamed;     /* went wrong, with more moves than an id has */
    uint64_t left;        /* an estimate; of the part that runs now */
    uint32_t preemptions; /* the bound that runs now */
    bool draws;
    bool is_complete; /* every schedule up to the bound was run */
};

enum explore_outcome { EXPLORE_MORE, EXPLORE_FINISHED, EXPLORE_NO_MEMORY };

struct explore_search;

struct explore_search *explore_search_create(const struct vmm_alloc *alloc,
                                             const struct explore_options *options);
void explore_search_destroy(struct explore_search *search);

/* The schedule of the next run; NULL: there is none left. */
struct scn_schedule *explore_search_next(struct explore_search *search);

/* That run has ended; `what` went wrong, "" for nothing. False: memory ran out. */
bool explore_search_ran(struct explore_search *search, uint64_t choices, bool is_cut,
                        const char *what);

struct explore_progress explore_search_progress(const struct explore_search *search);
size_t explore_search_failure_count(const struct explore_search *search);
const struct explore_failure *explore_search_failure_at(const struct explore_search *search,
                                                        size_t index);

#endif

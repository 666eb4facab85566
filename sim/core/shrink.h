/*
 * shrink.h - the shortest scenario that still goes wrong in the same way
 *
 * PURPOSE     Leaves out lines, and whole stretches of them first, as long as what remains goes wrong as
 *             before: the same stop, rule, invariant or failed subject, wherever it stands. Threads
 *             keep the schedule, or take the first short one that shows the same.
 * INVARIANTS  L1  what is given back goes wrong as the source did
 * UNITS       lines
 * OWNERSHIP   the text lies in the caller's arena
 * ERRORS      SCN_BAD_SOURCE: the source does not parse, or nothing is wrong with it
 * EVENTS      none
 * XNU         none
 */
#ifndef CORE_SHRINK_H
#define CORE_SHRINK_H

#include "core_arena.h"
#include "explore.h"

struct shrink_result {
    const char *text;        /* of the scenario; in front what it shows, and its schedule */
    char id[EXPLORE_ID_MAX]; /* the schedule; "0" without threads */
    char what[512];          /* what goes wrong */
    uint64_t runs;
    size_t lines; /* left, of `from` */
    size_t from;
};

/* `id`: the schedule with which it goes wrong; NULL: the source's own, or look for one. */
enum scn_outcome shrink_scenario(struct core_arena *arena, struct scn_fibers *fibers,
                                 const char *bytes, size_t length, const char *id,
                                 struct shrink_result *result);

#endif

/*
 * native_turns.h - one run of a test's threads, by a schedule
 *
 * PURPOSE     What explore.h's process does: threads on fibers, each for a while.
 * INVARIANTS  one thread runs at a time; thread i has CPU i
 * UNITS       choices: places where more than one thread could go on
 * OWNERSHIP   borrows all; a run that goes wrong ends the process where it stands
 * ERRORS      `wrong` says what went wrong, in one line
 * EVENTS      HANG for a deadlock
 * XNU         osfmk/kern/sched_prim.c
 */
#ifndef NATIVE_TURNS_H
#define NATIVE_TURNS_H

#include "core/scn_threads.h"
#include "faultline/explore.h"

/* What a run leaves, in memory that its parent sees. */
struct native_run_result {
    bool has_ended;
    bool is_cut;
    bool has_saved; /* its calls, as a scenario */
    uint64_t choices;
    char what[VMK_EXPLORE_WHAT_BYTES]; /* "": nothing went wrong */
};

struct native_turns_config {
    const struct vmk_explore_test *test;
    struct scn_fibers *fibers;
    struct scn_schedule *schedule;
    struct native_run_result *result;
    bool tells; /* prints who goes on, and the report of what goes wrong */
};

/* The whole run: a world, begin, threads, check, the end. The process ends there. */
void native_turns_run(const struct native_turns_config *config) __attribute__((noreturn));

#endif

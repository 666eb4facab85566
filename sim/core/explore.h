/*
 * explore.h - a scenario's threads, in every order that matters
 *
 * PURPOSE     Runs a program again and again, each time with another schedule, and keeps what went
 *             wrong. First every schedule without a preemption, then with one, and so on up to a
 *             bound; where that is too much, schedules drawn by PCT (random priorities that change at
 *             a few random places; Burckhardt et al., ASPLOS 2010), and plainly at random.
 *             A schedule's id: 0 goes on with each thread until it waits or ends; "3b.9a" the same,
 *             but choice 3 goes to the second thread of the file and choice 9 to the first; "r17" and
 *             "p17.40" are drawn with seed 17, the latter for runs of about 40 choices.
 * INVARIANTS  those of explore_search.h
 * UNITS       schedules: whole runs of the program
 * OWNERSHIP   borrows program, allocator and fibers
 * ERRORS      EXPLORE_NO_MEMORY
 * EVENTS      none
 * XNU         none
 */
#ifndef CORE_EXPLORE_H
#define CORE_EXPLORE_H

#include "explore_search.h"

struct explore;

/* A search that has run nothing yet; NULL: memory ran out. explore_destroy() gives it back, NULL is allowed. */
struct explore *explore_create(const struct vmm_alloc *alloc, const struct scn_program *program,
                               struct scn_fibers *fibers, const struct explore_options *options);
void explore_destroy(struct explore *explore);

/* Runs one schedule. */
enum explore_outcome explore_step(struct explore *explore);

/* How far the search is, and what it has found so far: the same thing once, with its first schedule. */
struct explore_progress explore_progress(const struct explore *explore);
size_t explore_failure_count(const struct explore *explore);
const struct explore_failure *explore_failure_at(const struct explore *explore, size_t index);

/* One run with the schedule of that id; SCN_BAD_SOURCE: it is no id. */
enum scn_outcome explore_run(const struct scn_program *program, const struct vmm_alloc *alloc,
                             struct scn_fibers *fibers, size_t profile, const char *id,
                             bool keep_events, struct scn_report **report);

/* What went wrong in a run, in a line: "hang (unmap-while-wired) at line 12"; "" for nothing. */
void explore_say(const struct scn_report *report, struct vmm_text *text);

/* The way through the threads, a line a switch. */
void explore_print_switches(const struct core_out *out, const struct scn_report *report);

#endif

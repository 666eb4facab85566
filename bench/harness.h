/*
 * harness.h - sides that run in turns, and what may be claimed of them
 *
 * PURPOSE     A machine's clock, neighbours and caches move every absolute number by more than half.
 *             So whoever claims something runs both sides in turns in one process, takes the median
 *             of each and gives their ratio; the spread says how far the turns were apart.
 * INVARIANTS  H1  all sides of a race answer the same number, or the program ends: they did different
 *                 work
 *             H2  the arena is empty at the start of each turn, and its memory stays with us between
 *                 turns: no turn but the first pays for the host's page faults
 * UNITS       times: seconds of this thread. spread: (third quartile - first) / median.
 * OWNERSHIP   what a side takes lives in the arena until the turn ends
 * ERRORS      a line on stderr and exit 2
 * EVENTS      none
 * XNU         none
 */
#ifndef BENCH_HARNESS_H
#define BENCH_HARNESS_H

#include "base/alloc.h"

/* Ends the program with `what` unless it holds. */
void bench_check(bool holds, const char *what);

/* One block of host memory for everything; touched when it is first used. */
void bench_arena_create(size_t bytes);
/* Asks for large pages for it, as sim/io/io_heap.c does for the program's own systems. */
void bench_arena_in_large_pages(void);
void bench_arena_empty(void);
size_t bench_arena_used(void);
extern const struct vmm_alloc bench_alloc; /* takes from the arena */

/* The host's heap, aligned as alloc.h asks, for what outlives a turn or is given back. */
extern const struct vmm_alloc bench_heap;

/* `start` and `end` are not timed. `end` may be NULL. */
struct bench_side {
    const void *context;
    void *(*start)(const void *context);
    uint64_t (*run)(void *state);
    void (*end)(void *state);
};

struct bench_time {
    double median;
    double spread;
    uint64_t answer;
};

enum { BENCH_TURNS_MAX = 64 };

/* Every side runs once to get warm and then `turns` times, in turns. */
void bench_race(const struct bench_side *sides, size_t count, unsigned turns,
                struct bench_time *times);

/* The largest resident set this process has had, in bytes. */
uint64_t bench_peak_bytes(void);

/* Runs `work` in a process of its own, so that its peak is its own; ends the program if it fails. */
void bench_alone(void (*work)(const void *context), const void *context);

/* "4096", "64K", "1M", "64G" -> a number; ends the program on anything else. */
uint64_t bench_number(const char *text);

#endif

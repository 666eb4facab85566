/*
 * harness.c - see harness.h
 */
#ifndef _DEFAULT_SOURCE
#define _DEFAULT_SOURCE /* madvise() */
#endif

#include "harness.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

void
bench_check(bool holds, const char *what)
{
    if (!holds) {
        fprintf(stderr, "bench: %s\n", what);
        exit(2);
    }
}

/* ---- memory ---- */

static struct {
    uint8_t *bytes;
    size_t size;
    size_t used;
} arena;

void
bench_arena_create(size_t bytes)
{
    enum { LARGE_PAGE = 2 << 20 };

    free(arena.bytes);
    arena.size = (bytes + LARGE_PAGE - 1) / LARGE_PAGE * LARGE_PAGE;
    arena.bytes = aligned_alloc(LARGE_PAGE, arena.size);
    arena.used = 0;
    bench_check(arena.bytes != NULL, "out of memory");
}

void
bench_arena_in_large_pages(void)
{
#ifdef MADV_HUGEPAGE
    (void)madvise(arena.bytes, arena.size, MADV_HUGEPAGE);
#endif
}

void
bench_arena_empty(void)
{
    arena.used = 0;
}

size_t
bench_arena_used(void)
{
    return arena.used;
}

static void *
arena_take(void *context, size_t size)
{
    void *memory = arena.bytes + arena.used;

    (void)context;
    arena.used += (size + 63) / 64 * 64;
    bench_check(arena.used <= arena.size, "the arena is too small");
    return memory;
}

static void
arena_give(void *context, void *memory, size_t size)
{
    (void)context;
    (void)memory;
    (void)size;
}

const struct vmm_alloc bench_alloc = { arena_take, arena_give, NULL };

static void *
heap_take(void *context, size_t size)
{
    (void)context;
    return aligned_alloc(64, (size + 63) / 64 * 64);
}

static void
heap_give(void *context, void *memory, size_t size)
{
    (void)context;
    (void)size;
    free(memory);
}

const struct vmm_alloc bench_heap = { heap_take, heap_give, NULL };

uint64_t
bench_peak_bytes(void)
{
    struct rusage usage;

    getrusage(RUSAGE_SELF, &usage);
    return (uint64_t)usage.ru_maxrss * 1024; /* Linux counts in KiB */
}

void
bench_alone(void (*work)(const void *context), const void *context)
{
    pid_t child;
    int status = 0;

    fflush(stdout);
    child = fork();
    bench_check(child >= 0, "no process");
    if (child == 0) {
        work(context);
        exit(0);
    }
    bench_check(waitpid(child, &status, 0) == child && WIFEXITED(status) &&
                    WEXITSTATUS(status) == 0,
                "a part failed");
}

/* ---- turns ---- */

static double
seconds(void)
{
    struct timespec now;

    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

static double
turn(const struct bench_side *side, uint64_t *answer)
{
    void *state;
    double before;
    double spent;

    bench_arena_empty();
    state = side->start(side->context);
    before = seconds();
    *answer = side->run(state);
    spent = seconds() - before;
    if (side->end != NULL)
        side->end(state);
    return spent;
}

static int
compare_doubles(const void *left, const void *right)
{
    double a = *(const double *)left;
    double b = *(const double *)right;

    return (a > b) - (a < b);
}

static struct bench_time
time_of(double *values, unsigned count, uint64_t answer)
{
    struct bench_time time = { .answer = answer };

    qsort(values, count, sizeof(*values), compare_doubles);
    time.median = values[count / 2];
    time.spread = (values[count * 3 / 4] - values[count / 4]) / time.median;
    return time;
}

void
bench_race(const struct bench_side *sides, size_t count, unsigned turns, struct bench_time *times)
{
    enum { SIDES_MAX = 6 };
    static double values[SIDES_MAX][BENCH_TURNS_MAX];
    uint64_t answers[SIDES_MAX];

    bench_check(count <= SIDES_MAX && turns >= 1 && turns <= BENCH_TURNS_MAX, "too many turns");
    for (size_t side = 0; side < count; side++)
        turn(&sides[side], &answers[side]); /* warm: caches, predictors, clock, the host's pages */
    for (unsigned i = 0; i < turns; i++) {
        for (size_t side = 0; side < count; side++) {
            values[side][i] = turn(&sides[side], &answers[side]);
            bench_check(answers[side] == answers[0], "the sides did different work"); /* H1 */
        }
    }
    for (size_t side = 0; side < count; side++)
        times[side] = time_of(values[side], turns, answers[side]);
}

/* ---- words ---- */

uint64_t
bench_number(const char *text)
{
    static const char units[] = "KMG";
    char *end;
    uint64_t number = strtoull(text, &end, 10);
    const char *unit = *end != '\0' ? strchr(units, *end) : NULL;

    bench_check(text[0] >= '0' && text[0] <= '9' &&
                    (*end == '\0' || (unit != NULL && end[1] == '\0')),
                "a size is a number, or a number with K, M or G");
    return unit != NULL ? number << (10 * (unit - units + 1)) : number;
}

/*
 * host_case.c - see host_case.h
 *
 * Every case maps memory of its own. Chains are the exception: theirs is a question about caches and TLBs, and
 * to make so many pages each time would take longer than to go through them. They begin at a page of chance in
 * memory that is there all the time. Whoever else uses the machine empties the caches, so a sample is the fastest
 * of some stretches.
 */
#define _GNU_SOURCE /* MADV_*, MAP_ANONYMOUS */
#include "host/host_case.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum {
    PAGE = 4096,
    LINE = 64,
    STRETCHES = 16,
    STRETCH_STEPS = 1 << 13,
    FORKS = 5,
    PAIRS = 3,      /* of changes of rights in one sample */
    PAIRS_MOST = 5, /* .. with those that did not count */
    POOL = CALIBRATE_CHASE_MOST + 512
};

/* ---- time ---- */

/* Of this thread: what others do on the machine is in it only as far as they empty our caches. */
struct watch {
    double cpu, wall;
};

static double
clock_ns(clockid_t clock)
{
    struct timespec time;

    clock_gettime(clock, &time);
    return (double)time.tv_sec * 1e9 + (double)time.tv_nsec;
}

static struct watch
watch_start(void)
{
    double wall = clock_ns(CLOCK_MONOTONIC);

    return (struct watch){ clock_ns(CLOCK_THREAD_CPUTIME_ID), wall };
}

/* Somebody else ran in between where more time went by than we used. */
static struct host_time
watch_stop(struct watch start)
{
    double cpu = clock_ns(CLOCK_THREAD_CPUTIME_ID) - start.cpu;
    double wall = clock_ns(CLOCK_MONOTONIC) - start.wall;

    return (struct host_time){ cpu, 0, wall - cpu > 5000 + cpu / 20 };
}

static const struct host_time cannot = { -1, 0, false };

/* ---- memory ---- */

static volatile char *
map_pages(size_t pages, int flags)
{
    void *memory = mmap(NULL, pages * PAGE, PROT_READ | PROT_WRITE,
                        MAP_PRIVATE | MAP_ANONYMOUS | flags, -1, 0);

    if (memory == MAP_FAILED)
        return NULL;
    madvise(memory, pages * PAGE, MADV_NOHUGEPAGE);
    return memory;
}

static void
unmap_pages(volatile char *memory, size_t pages)
{
    munmap((void *)(uintptr_t)memory, pages * PAGE);
}

/* Each page's line is in another place of its page, so that they do not crowd one set of a cache. */
static size_t
line_of(size_t page)
{
    return page * PAGE + page * LINE % PAGE;
}

static void
write_pages(volatile char *memory, const struct calibrate_case *one)
{
    for (size_t i = 0; i < one->touched; i++)
        memory[line_of(i * one->pages / one->touched)] = 1;
}

/* ---- whole lives ---- */

static bool
make_pages(volatile char *memory, const struct calibrate_case *one)
{
    void *start = (void *)(uintptr_t)memory;
    size_t bytes = (size_t)one->pages * PAGE;

    switch (one->kind) {
    case CALIBRATE_POPULATE:
        return madvise(start, bytes, MADV_POPULATE_WRITE) == 0;
    case CALIBRATE_MLOCK:
        return mlock(start, bytes) == 0;
    default:
        return true;
    }
}

static struct host_time
time_life(const struct calibrate_case *one)
{
    struct watch start = watch_start();
    volatile char *memory = map_pages(one->pages, 0);
    bool is_made;

    if (memory == NULL)
        return cannot;
    is_made = make_pages(memory, one);
    write_pages(memory, one);
    unmap_pages(memory, one->pages);
    return is_made ? watch_stop(start) : cannot;
}

/* ---- pages of 2 MiB ---- */

static bool
has_huge_pages(void)
{
    FILE *file = fopen("/sys/kernel/mm/transparent_hugepage/enabled", "r");
    char line[64] = "[never]";
    bool has_them = file != NULL && fgets(line, sizeof line, file) != NULL;

    if (file != NULL)
        fclose(file);
    return has_them && strstr(line, "[never]") == NULL;
}

/* Maps one huge page more, to begin at a whole one. */
static struct host_time
time_huge(const struct calibrate_case *one)
{
    size_t huge = (size_t)CALIBRATE_HUGE_PAGES * PAGE, bytes = (size_t)one->pages * PAGE;
    struct watch start = watch_start();
    char *memory =
        mmap(NULL, bytes + huge, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    volatile char *first;

    if (memory == MAP_FAILED)
        return cannot;
    first = memory + (huge - (uintptr_t)memory % huge) % huge;
    madvise((void *)(uintptr_t)first, bytes, MADV_HUGEPAGE);
    write_pages(first, one);
    munmap(memory, bytes + huge);
    return watch_stop(start);
}

/* ---- pages that are there, or are not ---- */

static struct host_time
time_unmap(const struct calibrate_case *one)
{
    volatile char *memory = map_pages(one->pages, 0);
    struct watch start;

    if (memory == NULL)
        return cannot;
    write_pages(memory, one);
    start = watch_start();
    unmap_pages(memory, one->pages);
    return watch_stop(start);
}

static struct host_time
time_lock(const struct calibrate_case *one)
{
    volatile char *memory = map_pages(one->pages, 0);
    struct watch start;
    struct host_time time;
    bool is_locked;

    if (memory == NULL)
        return cannot;
    write_pages(memory, one);
    start = watch_start();
    is_locked = mlock((void *)(uintptr_t)memory, (size_t)one->pages * PAGE) == 0;
    time = watch_stop(start);
    unmap_pages(memory, one->pages);
    return is_locked ? time : cannot;
}

static struct host_time
time_read_write(const struct calibrate_case *one)
{
    volatile char *memory = map_pages(one->pages, 0);
    struct watch start;
    struct host_time time;
    char sum = 0;

    if (memory == NULL)
        return cannot;
    start = watch_start();
    for (size_t i = 0; i < one->pages; i++)
        sum = (char)(sum + memory[line_of(i)]);
    write_pages(memory, one);
    time = watch_stop(start);
    unmap_pages(memory, one->pages);
    return sum == 0 ? time : cannot;
}

/* ---- rights, and another thread that has the pages in its TLB ---- */

struct reader {
    pthread_t thread;
    volatile char *memory;
    size_t pages;
    atomic_uint asked, has_read; /* how often */
    atomic_uint beats;           /* grows while it runs */
    atomic_bool is_told_to_end;
};

/*
 * Reads all pages when it is asked to, another line of each than the one that is written, and then runs without
 * touching them: its TLB is all that the others have to care for.
 */
static void *
read_pages(void *context)
{
    struct reader *reader = context;
    char sum = 0;

    while (!atomic_load(&reader->is_told_to_end)) {
        unsigned asked = atomic_load(&reader->asked);

        if (asked != atomic_load(&reader->has_read)) {
            for (size_t i = 0; i < 2 * reader->pages; i++)
                sum = (char)(sum + reader->memory[line_of(i % reader->pages) ^ PAGE / 2]);
            atomic_store(&reader->has_read, asked);
        }
        atomic_fetch_add_explicit(&reader->beats, 1, memory_order_relaxed);
    }
    return sum == 1 ? reader : NULL;
}

/* Asks the other thread to have all pages in its TLB, and waits until it has. */
static void
ask_reader(struct reader *reader)
{
    unsigned asked = atomic_fetch_add(&reader->asked, 1) + 1;

    while (atomic_load(&reader->has_read) != asked)
        ;
}

/* Disturbed too if somebody used our caches while we waited, or the other was not there to be interrupted. */
static struct host_time
time_pair(const struct calibrate_case *one, struct reader *reader)
{
    void *start = (void *)(uintptr_t)reader->memory;
    size_t bytes = (size_t)one->pages * PAGE;
    struct watch waiting = watch_start(), watch;
    struct host_time time;
    unsigned beats;

    if (one->cpus > 1)
        ask_reader(reader);
    beats = atomic_load(&reader->beats);
    watch = watch_start();
    mprotect(start, bytes, PROT_READ);
    mprotect(start, bytes, PROT_READ | PROT_WRITE);
    write_pages(reader->memory, one);
    time = watch_stop(watch);
    time.is_disturbed |= watch_stop(waiting).is_disturbed;
    time.is_disturbed |= one->cpus > 1 && atomic_load(&reader->beats) == beats;
    return time;
}

/* The shortest of some pairs that were not disturbed, or of all. The first finds nothing in the caches. */
static struct host_time
time_pairs(const struct calibrate_case *one, struct reader *reader)
{
    struct host_time least = time_pair(one, reader);
    int calm = 0;

    for (int i = 0; i < PAIRS_MOST && calm < PAIRS; i++) {
        struct host_time time = time_pair(one, reader);
        bool is_better =
            time.is_disturbed == least.is_disturbed ? time.ns < least.ns : least.is_disturbed;

        calm += !time.is_disturbed;
        if (i == 0 || is_better)
            least = time;
    }
    least.is_disturbed = false; /* as good as it gets */
    return least;
}

static struct host_time
time_protect(const struct calibrate_case *one)
{
    volatile char *memory = map_pages(one->pages, 0);
    struct reader reader = { .memory = memory, .pages = one->pages };
    struct host_time time = cannot;
    bool is_ready;

    if (memory == NULL)
        return cannot;
    write_pages(memory, one);
    is_ready = one->cpus == 1 || pthread_create(&reader.thread, NULL, read_pages, &reader) == 0;
    if (is_ready)
        time = time_pairs(one, &reader);
    if (is_ready && one->cpus > 1) {
        atomic_store(&reader.is_told_to_end, true);
        pthread_join(reader.thread, NULL);
    }
    unmap_pages(memory, one->pages);
    return time;
}

/* ---- copy on write ---- */

static struct host_time
time_cow(const struct calibrate_case *one)
{
    volatile char *memory = map_pages(one->pages, 0);
    struct host_time time;
    struct watch start;
    int hold[2];
    pid_t child;
    char byte;

    if (memory == NULL || pipe(hold) != 0) {
        if (memory != NULL)
            unmap_pages(memory, one->pages);
        return cannot;
    }
    write_pages(memory, one);
    child = fork();
    if (child == 0) { /* lives until we close our end */
        close(hold[1]);
        _exit(read(hold[0], &byte, 1) == 0 ? 0 : 1);
    }
    close(hold[0]);
    start = watch_start();
    write_pages(memory, one);
    time = watch_stop(start);
    close(hold[1]);
    if (child > 0)
        waitpid(child, NULL, 0);
    unmap_pages(memory, one->pages);
    return child > 0 ? time : cannot;
}

/* ---- fork ---- */

static struct host_time
time_one_fork(void)
{
    struct watch start = watch_start();
    struct host_time time;
    pid_t child = fork();

    if (child == 0)
        _exit(0);
    time = watch_stop(start);
    if (child > 0)
        waitpid(child, NULL, 0);
    return child > 0 ? time : cannot;
}

/* The shortest of some. */
static double
shortest_fork_ns(void)
{
    double least = -1;

    for (int i = 0; i < FORKS; i++) {
        struct host_time time = time_one_fork();

        if (time.ns > 0 && (least < 0 || time.ns < least))
            least = time.ns;
    }
    return least;
}

/* A process has more than these pages: what it takes without them is to be subtracted. */
static struct host_time
time_fork(const struct calibrate_case *one)
{
    volatile char *memory = map_pages(one->pages, 0);
    void *start = (void *)(uintptr_t)memory;
    size_t bytes = (size_t)one->pages * PAGE;
    double with, without;

    if (memory == NULL)
        return cannot;
    write_pages(memory, one);
    with = shortest_fork_ns();
    madvise(start, bytes, MADV_DONTFORK);
    without = shortest_fork_ns();
    unmap_pages(memory, one->pages);
    if (with < 0 || without < 0)
        return cannot;
    return (struct host_time){ with, without, false };
}

/* ---- a chain through memory ---- */

void
host_shuffle(struct vmm_rng *rng, size_t *order, size_t count)
{
    for (size_t left = count; left > 1; left--) {
        size_t other = (size_t)vmm_rng_below(rng, left), kept = order[left - 1];

        order[left - 1] = order[other];
        order[other] = kept;
    }
}

/* Links `count` places, `stride` bytes apart, into one cycle in an order of chance. False: memory ran out. */
static bool
link_chain(volatile char *memory, size_t count, size_t stride, size_t more, struct vmm_rng *rng)
{
    size_t *order = malloc(count * sizeof *order);

    if (order == NULL)
        return false;
    for (size_t i = 0; i < count; i++)
        order[i] = i;
    host_shuffle(rng, order, count);
    for (size_t i = 0; i < count; i++) {
        size_t from = order[i], to = order[(i + 1) % count];
        volatile char *place = memory + from * stride + from * more % PAGE / LINE * LINE;

        *(volatile char *volatile *)(uintptr_t)place =
            memory + to * stride + to * more % PAGE / LINE * LINE;
    }
    free(order);
    return true;
}

/* Of an access, in the fastest of some stretches. Long chains are gone through fewer times. */
static double
follow_ns(volatile char *memory, size_t count)
{
    volatile char *at = memory;
    double least = 0;
    bool is_long = count > STRETCH_STEPS;

    for (size_t i = 0; i < (is_long ? 1 : 2) * count; i++)
        at = *(volatile char *volatile *)(uintptr_t)at;
    for (int stretch = 0; stretch < (is_long ? STRETCHES / 2 : STRETCHES); stretch++) {
        double start = clock_ns(CLOCK_THREAD_CPUTIME_ID), spent;

        for (size_t i = 0; i < STRETCH_STEPS; i++)
            at = *(volatile char *volatile *)(uintptr_t)at;
        spent = (clock_ns(CLOCK_THREAD_CPUTIME_ID) - start) / STRETCH_STEPS;
        least = stretch == 0 || spent < least ? spent : least;
    }
    return at == NULL ? -1 : least;
}

static double
chain_ns(struct host_bench *bench, const struct calibrate_case *one, bool is_packed)
{
    volatile char *memory = bench->pool + vmm_rng_below(&bench->rng, POOL - one->pages) * PAGE;

    if (!link_chain(memory, one->pages, is_packed ? LINE : PAGE, is_packed ? 0 : LINE, &bench->rng))
        return -1;
    return follow_ns(memory, one->pages);
}

static struct host_time
time_chain(struct host_bench *bench, const struct calibrate_case *one)
{
    struct host_time time = cannot;

    if (bench->pool == NULL)
        return cannot;
    time.ns = chain_ns(bench, one, false);
    time.rest = chain_ns(bench, one, true);
    return time.ns < 0 || time.rest < 0 ? cannot : time;
}

/* ---- all of them ---- */

struct host_time
host_case_time(struct host_bench *bench, const struct calibrate_case *one)
{
    switch (one->kind) {
    case CALIBRATE_HUGE:
        return has_huge_pages() ? time_huge(one) : cannot;
    case CALIBRATE_UNMAP:
        return time_unmap(one);
    case CALIBRATE_LOCK:
        return time_lock(one);
    case CALIBRATE_READ_WRITE:
        return time_read_write(one);
    case CALIBRATE_PROTECT:
        return time_protect(one);
    case CALIBRATE_FORK:
        return time_fork(one);
    case CALIBRATE_COW:
        return time_cow(one);
    case CALIBRATE_CHASE:
        return time_chain(bench, one);
    default:
        return time_life(one);
    }
}

void
host_bench_init(struct host_bench *bench, uint64_t seed)
{
    bench->rng.state = seed;
    bench->pool = map_pages(POOL, 0);
    if (bench->pool == NULL)
        return;
    madvise((void *)(uintptr_t)bench->pool, (size_t)POOL * PAGE, MADV_DONTFORK);
    for (size_t i = 0; i < POOL; i++)
        bench->pool[i * PAGE] = 0;
}

void
host_bench_destroy(struct host_bench *bench)
{
    if (bench->pool != NULL)
        unmap_pages(bench->pool, POOL);
}

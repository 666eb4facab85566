/*
 * host_measure.c - see host_measure.h
 *
 * Every case maps memory of its own. Memory that the kernel had given away, and a guest's that its host has
 * taken back, cost more the first time, so the first round of all is thrown away. No case runs twice in a row:
 * the pages it gave back would still be in the caches. Chains are the exception. Theirs is a question about
 * caches, and whoever else uses the machine empties them, so a sample is the fastest of some stretches.
 */
#define _GNU_SOURCE /* MADV_*, MAP_POPULATE */
#include "host/host_measure.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/rng.h"

enum { PAGE = 4096, LINE = 64, STRETCHES = 16, STRETCH_STEPS = 1 << 13, FORKS = 3 };

/* Of this thread: what others do on the machine is in it only as far as they empty our caches. */
static double
now_ns(void)
{
    struct timespec time;

    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
    return (double)time.tv_sec * 1e9 + (double)time.tv_nsec;
}

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

static void
write_pages(volatile char *memory, const struct calibrate_case *one)
{
    for (size_t i = 0; i < one->touched; i++)
        memory[i * one->pages / one->touched * PAGE] = 1;
}

/* ---- whole lives ---- */

static double
life_ns(const struct calibrate_case *one)
{
    volatile char *memory;
    double start = now_ns();

    memory = map_pages(one->pages, 0);
    if (memory == NULL)
        return -1;
    if (one->kind == CALIBRATE_POPULATE &&
        madvise((void *)(uintptr_t)memory, (size_t)one->pages * PAGE, MADV_POPULATE_WRITE) != 0)
        return unmap_pages(memory, one->pages), -1;
    if (one->kind == CALIBRATE_MLOCK &&
        mlock((void *)(uintptr_t)memory, (size_t)one->pages * PAGE) != 0)
        return unmap_pages(memory, one->pages), -1;
    write_pages(memory, one);
    unmap_pages(memory, one->pages);
    return now_ns() - start;
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
static double
huge_ns(const struct calibrate_case *one)
{
    size_t huge = (size_t)CALIBRATE_HUGE_PAGES * PAGE, bytes = (size_t)one->pages * PAGE;
    double start = now_ns();
    char *memory =
        mmap(NULL, bytes + huge, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    volatile char *first;

    if (memory == MAP_FAILED)
        return -1;
    first = memory + (huge - (uintptr_t)memory % huge) % huge;
    madvise((void *)(uintptr_t)first, bytes, MADV_HUGEPAGE);
    write_pages(first, one);
    munmap(memory, bytes + huge);
    return now_ns() - start;
}

/* ---- pages that are there, or are not ---- */

static double
unmap_ns(const struct calibrate_case *one)
{
    volatile char *memory = map_pages(one->pages, 0);
    double start;

    if (memory == NULL)
        return -1;
    write_pages(memory, one);
    start = now_ns();
    unmap_pages(memory, one->pages);
    return now_ns() - start;
}

static double
lock_ns(const struct calibrate_case *one)
{
    volatile char *memory = map_pages(one->pages, 0);
    double start, spent;
    bool is_locked;

    if (memory == NULL)
        return -1;
    write_pages(memory, one);
    start = now_ns();
    is_locked = mlock((void *)(uintptr_t)memory, (size_t)one->pages * PAGE) == 0;
    spent = now_ns() - start;
    unmap_pages(memory, one->pages);
    return is_locked ? spent : -1;
}

static double
read_write_ns(const struct calibrate_case *one)
{
    volatile char *memory = map_pages(one->pages, 0);
    double start, spent;
    char sum = 0;

    if (memory == NULL)
        return -1;
    start = now_ns();
    for (size_t i = 0; i < one->pages; i++)
        sum = (char)(sum + memory[i * PAGE]);
    write_pages(memory, one);
    spent = now_ns() - start;
    unmap_pages(memory, one->pages);
    return sum == 0 ? spent : -1;
}

/* ---- another thread that has the pages in its TLB ---- */

struct reader {
    pthread_t thread;
    volatile char *memory;
    size_t pages;
    atomic_bool has_read, is_told_to_end;
};

/*
 * Reads all pages twice, another line of each than the one that is written, and then runs without touching
 * them: its TLB is all that the others have to care for.
 */
static void *
read_pages(void *context)
{
    struct reader *reader = context;
    char sum = 0;

    for (size_t i = 0; i < 2 * reader->pages; i++)
        sum = (char)(sum + reader->memory[i % reader->pages * PAGE + PAGE / 2]);
    atomic_store(&reader->has_read, true);
    while (!atomic_load(&reader->is_told_to_end))
        ;
    return sum == 1 ? reader : NULL;
}

static double
protect_ns(const struct calibrate_case *one)
{
    volatile char *memory = map_pages(one->pages, 0);
    struct reader reader = { .memory = memory, .pages = one->pages };
    size_t bytes = (size_t)one->pages * PAGE;
    double start, end;
    bool has_reader = false;

    if (memory == NULL)
        return -1;
    write_pages(memory, one);
    if (one->cpus > 1) {
        has_reader = pthread_create(&reader.thread, NULL, read_pages, &reader) == 0;
        while (has_reader && !atomic_load(&reader.has_read))
            ;
    }
    start = now_ns();
    mprotect((void *)(uintptr_t)memory, bytes, PROT_READ);
    mprotect((void *)(uintptr_t)memory, bytes, PROT_READ | PROT_WRITE);
    write_pages(memory, one);
    end = now_ns();
    if (has_reader) {
        atomic_store(&reader.is_told_to_end, true);
        pthread_join(reader.thread, NULL);
    }
    unmap_pages(memory, one->pages);
    return one->cpus > 1 && !has_reader ? -1 : end - start;
}

/* ---- copy on write ---- */

static double
cow_ns(const struct calibrate_case *one)
{
    volatile char *memory = map_pages(one->pages, 0);
    int hold[2];
    double start, end;
    pid_t child;
    char byte;

    if (memory == NULL || pipe(hold) != 0)
        return -1;
    write_pages(memory, one);
    child = fork();
    if (child == 0) { /* lives until we close our end */
        close(hold[1]);
        _exit(read(hold[0], &byte, 1) == 0 ? 0 : 1);
    }
    close(hold[0]);
    start = now_ns();
    write_pages(memory, one);
    end = now_ns();
    close(hold[1]);
    if (child > 0)
        waitpid(child, NULL, 0);
    unmap_pages(memory, one->pages);
    return child > 0 ? end - start : -1;
}

/* ---- fork ---- */

static double
one_fork_ns(void)
{
    double start = now_ns(), spent;
    pid_t child = fork();

    if (child == 0)
        _exit(0);
    spent = now_ns() - start;
    if (child > 0)
        waitpid(child, NULL, 0);
    return child > 0 ? spent : -1;
}

/*
 * A process has more than these pages: what it takes without them is subtracted. An interruption of one fork
 * must not make it longer than the other, so each is the fastest of some.
 */
static double
fork_ns(const struct calibrate_case *one)
{
    volatile char *memory = map_pages(one->pages, 0);
    void *start = (void *)(uintptr_t)memory;
    size_t bytes = (size_t)one->pages * PAGE;
    double with = 0, without = 0;

    if (memory == NULL)
        return -1;
    for (int i = 0; i < FORKS && with >= 0 && without >= 0; i++) {
        double spent;

        write_pages(memory, one); /* the fork before took the right away */
        madvise(start, bytes, MADV_DOFORK);
        spent = one_fork_ns();
        with = i == 0 || spent < with ? spent : with;
        madvise(start, bytes, MADV_DONTFORK);
        spent = one_fork_ns();
        without = i == 0 || spent < without ? spent : without;
    }
    unmap_pages(memory, one->pages);
    return with < 0 || without < 0 || with < without ? -1 : with - without;
}

/* ---- a chain through memory ---- */

/* Links `count` places, `stride` bytes apart, into one cycle in an order of chance. */
static void
link_chain(volatile char *memory, size_t count, size_t stride, size_t more, struct vmm_rng *rng)
{
    size_t *order = malloc(count * sizeof *order);

    if (order == NULL)
        return;
    for (size_t i = 0; i < count; i++)
        order[i] = i;
    for (size_t i = count - 1; i > 0; i--) {
        size_t other = (size_t)(vmm_rng_below(rng, i + 1)), kept = order[i];

        order[i] = order[other];
        order[other] = kept;
    }
    for (size_t i = 0; i < count; i++) {
        size_t from = order[i], to = order[(i + 1) % count];
        volatile char *place = memory + from * stride + from * more % PAGE / LINE * LINE;

        *(volatile char *volatile *)(uintptr_t)place =
            memory + to * stride + to * more % PAGE / LINE * LINE;
    }
    free(order);
}

/* Of an access, in the fastest of some stretches. */
static double
follow_ns(volatile char *memory, size_t count)
{
    volatile char *at = memory;
    double least = 0;

    for (size_t i = 0; i < 2 * count; i++)
        at = *(volatile char *volatile *)(uintptr_t)at;
    for (int stretch = 0; stretch < STRETCHES; stretch++) {
        double start = now_ns(), spent;

        for (size_t i = 0; i < STRETCH_STEPS; i++)
            at = *(volatile char *volatile *)(uintptr_t)at;
        spent = (now_ns() - start) / STRETCH_STEPS;
        least = stretch == 0 || spent < least ? spent : least;
    }
    return at == NULL ? -1 : least;
}

/* One line a page, each in another place of its page so that they do not crowd one set of a cache. */
static double
chase_ns(const struct calibrate_case *one, struct vmm_rng *rng, bool is_packed)
{
    size_t stride = is_packed ? LINE : PAGE, pages = one->pages;
    volatile char *memory = map_pages(pages + 1, 0);
    double ns;

    if (memory == NULL)
        return -1;
    for (size_t i = 0; i <= pages; i++)
        memory[i * PAGE] = 0;
    link_chain(memory, pages, stride, is_packed ? 0 : LINE, rng);
    ns = follow_ns(memory, pages);
    unmap_pages(memory, pages + 1);
    return ns;
}

/* ---- all of them ---- */

static double
case_ns(const struct calibrate_case *one, struct vmm_rng *rng)
{
    switch (one->kind) {
    case CALIBRATE_HUGE:
        return has_huge_pages() ? huge_ns(one) : -1;
    case CALIBRATE_UNMAP:
        return unmap_ns(one);
    case CALIBRATE_LOCK:
        return lock_ns(one);
    case CALIBRATE_READ_WRITE:
        return read_write_ns(one);
    case CALIBRATE_PROTECT:
        return protect_ns(one);
    case CALIBRATE_FORK:
        return fork_ns(one);
    case CALIBRATE_COW:
        return cow_ns(one);
    case CALIBRATE_CHASE:
        return chase_ns(one, rng, false);
    default:
        return life_ns(one);
    }
}

static int
compare_doubles(const void *left, const void *right)
{
    const double *a = left, *b = right;

    return (*a > *b) - (*a < *b);
}

static double
quartile(double *sorted, unsigned count, unsigned of_four)
{
    return sorted[(size_t)(count - 1) * of_four / 4];
}

struct samples {
    double ns[HOST_ROUNDS_MAX], packed[HOST_ROUNDS_MAX];
};

static void
summarize(struct calibrate_case *one, struct samples *samples, unsigned rounds)
{
    qsort(samples->ns, rounds, sizeof(double), compare_doubles);
    qsort(samples->packed, rounds, sizeof(double), compare_doubles);
    if (samples->ns[0] < 0) /* this host cannot */
        return;
    one->low = quartile(samples->ns, rounds, 1);
    one->ns = quartile(samples->ns, rounds, 2);
    one->high = quartile(samples->ns, rounds, 3);
    one->packed_ns = quartile(samples->packed, rounds, 2);
}

bool
host_measure(struct calibrate_case *cases, size_t count, unsigned rounds, uint64_t seed,
             void (*progress)(unsigned round, unsigned rounds), char why[HOST_WHY_BYTES])
{
    struct samples *samples = calloc(count, sizeof *samples);
    size_t *order = calloc(count, sizeof *order);
    struct vmm_rng rng;

    rng.state = seed;
    for (unsigned round = 0; samples != NULL && order != NULL && round <= rounds; round++) {
        for (size_t i = 0; i < count; i++) {
            size_t other = (size_t)(vmm_rng_below(&rng, i + 1));

            order[i] = order[other];
            order[other] = i;
        }
        for (size_t i = 0; i < count; i++) {
            const struct calibrate_case *one = &cases[order[i]];
            double ns = case_ns(one, &rng);

            if (round == 0)
                continue;
            samples[order[i]].ns[round - 1] = ns;
            if (one->kind == CALIBRATE_CHASE)
                samples[order[i]].packed[round - 1] = chase_ns(one, &rng, true);
        }
        if (progress != NULL)
            progress(round, rounds);
    }
    for (size_t i = 0; samples != NULL && i < count; i++)
        summarize(&cases[i], &samples[i], rounds);
    if (samples == NULL || order == NULL)
        snprintf(why, HOST_WHY_BYTES, "memory ran out");
    free(samples);
    free(order);
    return samples != NULL && order != NULL;
}

const char *
host_machine_base(void)
{
    FILE *file = fopen("/proc/cpuinfo", "r");
    const char *base = "skylake";
    char line[256];

    while (file != NULL && fgets(line, sizeof line, file) != NULL) {
        if (strstr(line, "AuthenticAMD") != NULL)
            base = "zen3";
    }
    if (file != NULL)
        fclose(file);
    return base;
}

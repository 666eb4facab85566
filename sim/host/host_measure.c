/*
 * host_measure.c - see host_measure.h
 *
 * Memory that the kernel had given away, and a guest's that its host has taken back, cost more the first time, so
 * the first round of all is thrown away. Cases run in an order of chance, as the pages that one gave back
 * are still in the caches. Short cases are visited more often.
 *
 * Whatever disturbs makes a case longer, never shorter. So one that was interrupted is measured again, and of all
 * samples the first decile counts. What no clock of ours can tell is another guest on the same core: it halves the
 * caches and the TLB for some seconds, so what counts is to come back later.
 *
 * Near a knee of the TLB such seconds make another curve, and a point of one beside a point of the other makes none.
 * So the chains of a TLB are gone through together, in an order of chance, and the calmest of these sweeps count.
 */
#define _GNU_SOURCE /* _SC_LEVEL2_CACHE_SIZE */
#include "host/host_measure.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "host/host_case.h"

enum {
    TRIES = 2,
    VISITS = 3, /* of a short case in a round */
    SHORT_PAGES = 512,
    SHORT_FORK = 4096,
    SHORT_CHAIN = 6144,
    SAMPLES_MAX = VISITS * HOST_ROUNDS_MAX + 1, /* one is being made */
    LIMIT_SECONDS = 40,
    ROUNDS_LEAST = 5,
    LOW = 10,    /* percent */
    CALM_OF = 4, /* one sweep of so many counts */
    NEAR_BYTES = 512 << 10
};

struct samples {
    double ns[SAMPLES_MAX], rest[SAMPLES_MAX];
    unsigned count;
};

struct measuring {
    struct calibrate_case *cases;
    size_t count;
    struct samples *samples;
    size_t *order; /* a round's; short cases have more places; `count` stands for a sweep */
    size_t visits;
    unsigned sweeps;
    struct host_bench bench;
    struct calibrate_host *host;
};

/* The shortest of those that were all disturbed. */
static struct host_time
take_sample(struct measuring *measuring, const struct calibrate_case *one)
{
    struct host_time least = { 0 };

    measuring->host->samples++;
    for (int i = 0; i < TRIES; i++) {
        struct host_time time = host_case_time(&measuring->bench, one);

        if (time.ns < 0 || !time.is_disturbed)
            return time;
        measuring->host->repeated += i == 0;
        if (i == 0 || time.ns < least.ns)
            least = time;
    }
    return least;
}

static bool
is_swept(const struct calibrate_case *one)
{
    return one->kind == CALIBRATE_CHASE && one->pages <= SHORT_CHAIN;
}

static bool
is_short(const struct calibrate_case *one)
{
    switch (one->kind) {
    case CALIBRATE_UNMAP:
    case CALIBRATE_LOCK:
    case CALIBRATE_PROTECT:
    case CALIBRATE_FORK:
        return one->touched <= SHORT_FORK;
    case CALIBRATE_READ_WRITE:
    case CALIBRATE_COW:
        return one->touched <= SHORT_PAGES;
    default:
        return false;
    }
}

static void
list_visits(struct measuring *measuring)
{
    for (size_t i = 0; i < measuring->count; i++) {
        const struct calibrate_case *one = &measuring->cases[i];

        for (int visit = 0; !is_swept(one) && visit < (is_short(one) ? VISITS : 1); visit++)
            measuring->order[measuring->visits++] = i;
    }
    for (int visit = 0; visit < VISITS; visit++)
        measuring->order[measuring->visits++] = measuring->count;
}

static void
visit(struct measuring *measuring, size_t at, bool is_kept)
{
    struct samples *samples = &measuring->samples[at];
    struct host_time time = take_sample(measuring, &measuring->cases[at]);

    samples->ns[samples->count] = time.ns;
    samples->rest[samples->count] = time.rest;
    samples->count += is_kept;
}

static void
sweep_chains(struct measuring *measuring)
{
    size_t chains[CALIBRATE_CASES_MAX], count = 0;

    for (size_t i = 0; i < measuring->count; i++) {
        if (is_swept(&measuring->cases[i]))
            chains[count++] = i;
    }
    host_shuffle(&measuring->bench.rng, chains, count);
    for (size_t i = 0; i < count; i++)
        visit(measuring, chains[i], true);
    measuring->sweeps++;
}

static void
measure_round(struct measuring *measuring)
{
    host_shuffle(&measuring->bench.rng, measuring->order, measuring->visits);
    for (size_t i = 0; i < measuring->visits; i++) {
        if (measuring->order[i] == measuring->count)
            sweep_chains(measuring);
        else
            visit(measuring, measuring->order[i], true);
    }
}

static int
compare_doubles(const void *left, const void *right)
{
    const double *a = left, *b = right;

    return (*a > *b) - (*a < *b);
}

static double
quantile(const double *sorted, unsigned count, unsigned percent)
{
    return sorted[(size_t)(count - 1) * percent / 100];
}

static void
summarize(struct calibrate_case *one, struct samples *samples)
{
    double rest, without;

    qsort(samples->ns, samples->count, sizeof(double), compare_doubles);
    qsort(samples->rest, samples->count, sizeof(double), compare_doubles);
    rest = quantile(samples->rest, samples->count, LOW);
    without = one->kind == CALIBRATE_FORK ? rest : 0;
    if (samples->ns[0] < 0 || quantile(samples->ns, samples->count, LOW) <= without)
        return; /* this host cannot */
    one->ns = quantile(samples->ns, samples->count, LOW) - without;
    one->median = quantile(samples->ns, samples->count, 50) - without;
    one->high = quantile(samples->ns, samples->count, 75) - without;
    one->packed_ns = one->kind == CALIBRATE_CHASE ? rest : 0;
}

/* ---- the calmest sweeps ---- */

/* How long its chains took, each against its own shortest time. */
static double
sweep_score(const struct measuring *measuring, unsigned sweep)
{
    double score = 0;

    for (size_t i = 0; i < measuring->count; i++) {
        const double *ns = measuring->samples[i].ns;
        double least = ns[0];

        for (unsigned other = 1; is_swept(&measuring->cases[i]) && other < measuring->sweeps;
             other++)
            least = ns[other] < least ? ns[other] : least;
        if (is_swept(&measuring->cases[i]))
            score += ns[sweep] / least;
    }
    return score;
}

/* Those that score no more than `most`: their medians are what counts. */
static void
count_calm(struct measuring *measuring, const double *scores, double most)
{
    for (size_t i = 0; i < measuring->count; i++) {
        struct samples *samples = &measuring->samples[i], calm = { .count = 0 };

        if (!is_swept(&measuring->cases[i]))
            continue;
        for (unsigned sweep = 0; sweep < measuring->sweeps; sweep++) {
            calm.ns[calm.count] = samples->ns[sweep];
            calm.rest[calm.count] = samples->rest[sweep];
            calm.count += scores[sweep] <= most;
        }
        summarize(&measuring->cases[i], samples);
        if (measuring->cases[i].ns <= 0)
            continue;
        qsort(calm.ns, calm.count, sizeof(double), compare_doubles);
        qsort(calm.rest, calm.count, sizeof(double), compare_doubles);
        measuring->cases[i].ns = quantile(calm.ns, calm.count, 50);
        measuring->cases[i].packed_ns = quantile(calm.rest, calm.count, 50);
    }
}

static void
summarize_sweeps(struct measuring *measuring)
{
    double scores[SAMPLES_MAX], sorted[SAMPLES_MAX];
    unsigned kept = measuring->sweeps > CALM_OF ? measuring->sweeps / CALM_OF : 1;

    for (unsigned sweep = 0; sweep < measuring->sweeps; sweep++)
        scores[sweep] = sorted[sweep] = sweep_score(measuring, sweep);
    qsort(sorted, measuring->sweeps, sizeof(double), compare_doubles);
    measuring->host->sweeps = measuring->sweeps;
    measuring->host->calm = kept;
    count_calm(measuring, scores, sorted[kept - 1]);
}

static void
measure_rounds(struct measuring *measuring, unsigned rounds, uint64_t seed,
               void (*progress)(unsigned round, unsigned rounds))
{
    time_t start = time(NULL);
    unsigned round = 0;

    host_bench_init(&measuring->bench, seed);
    list_visits(measuring);
    for (; round <= rounds; round++) {
        if (round > ROUNDS_LEAST && time(NULL) - start > LIMIT_SECONDS)
            break;
        for (size_t i = 0; round == 0 && i < measuring->count; i++)
            visit(measuring, i, false);
        if (round > 0)
            measure_round(measuring);
        if (progress != NULL)
            progress(round, rounds);
    }
    host_bench_destroy(&measuring->bench);
    measuring->host->rounds = round - 1;
    for (size_t i = 0; i < measuring->count; i++) {
        if (!is_swept(&measuring->cases[i]))
            summarize(&measuring->cases[i], &measuring->samples[i]);
    }
    summarize_sweeps(measuring);
}

static uint64_t
near_bytes(void)
{
    long bytes = sysconf(_SC_LEVEL2_CACHE_SIZE);

    return bytes > 0 ? (uint64_t)bytes : NEAR_BYTES;
}

bool
host_measure(struct calibrate_case *cases, size_t count, unsigned rounds, uint64_t seed,
             void (*progress)(unsigned round, unsigned rounds), struct calibrate_host *host)
{
    struct measuring measuring = {
        .cases = cases,
        .count = count,
        .samples = calloc(count, sizeof *measuring.samples),
        .order = calloc(VISITS * (count + 1), sizeof *measuring.order),
        .host = host,
    };
    bool has_room = measuring.samples != NULL && measuring.order != NULL;

    *host = (struct calibrate_host){ .near_bytes = near_bytes() };
    if (has_room)
        measure_rounds(&measuring, rounds, seed, progress);
    free(measuring.samples);
    free(measuring.order);
    return has_room;
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

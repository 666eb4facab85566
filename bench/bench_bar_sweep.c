/*
 * bench_bar_sweep.c - what a sweep gains from a second worker, what its points leave behind, what writing takes
 *
 *     sweep-workers   the program with one worker and with two, against a bare loop on one thread and on two
 *     sweep-memory    the most memory that 100,000 points had, against that of 10,000
 *     sweep-writing   points and their rows in SQLite, against the points alone; one thread's time. A slower
 *                     point makes this ratio better, so what a row takes is said too.
 *
 * A point wires 16 pages in a system of its own. Both gains come from the same minutes: what else the machine
 * does takes from both.
 */
#include <pthread.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "bar.h"
#include "core/sweep.h"
#include "harness.h"
#include "store/store.h"

enum {
    TURNS = 7,
    GAIN_POINTS = 2000,
    WRITE_POINTS = 2000,
    BATCH = 256 /* rows of a transaction, as cmd_sweep.c ends one at the latest */
};
enum { FEW = 10000, MANY = 100000 };

static char folder[] = "/tmp/bench_bar_sweep.XXXXXX", scenario[64], results[64];

extern char **environ;

static double
seconds(clockid_t clock)
{
    struct timespec now;

    clock_gettime(clock, &now);
    return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

/* ---- the program ---- */

static size_t
scenario_text(char *text, size_t room, unsigned points)
{
    return (size_t)snprintf(text, room,
                            "title \"16 pages\"\n"
                            "param i = 1 .. 100\n"
                            "param j = 1 .. %u\n"
                            "app = task\n"
                            "b   = allocate app 16p\n"
                            "fill b\n"
                            "md  = descriptor b direction=out\n"
                            "prepare md\n"
                            "m   = map md kernel\n"
                            "wire m in\n"
                            "nofault spin-lock { load m }\n"
                            "report translations translated m\n"
                            "unwire m\n",
                            points / 100);
}

static void
remove_results(void)
{
    static const char *const ends[] = { "", "-wal", "-shm" };
    char path[80];

    for (size_t i = 0; i < VMM_COUNT_OF(ends); i++) {
        snprintf(path, sizeof path, "%s%s", results, ends[i]);
        unlink(path);
    }
}

/* Runs the program on so many points; the seconds that pass. */
static double
sweep_seconds(unsigned points, const char *workers)
{
    char *words[] = {
        (char *)(uintptr_t)BENCH_PROGRAM, "sweep", scenario, "-o", results, "--quiet", "--jobs",
        (char *)(uintptr_t)workers,       NULL
    };
    posix_spawn_file_actions_t actions;
    FILE *file = fopen(scenario, "w");
    char text[512];
    double start;
    int status = 1;
    pid_t program;

    bench_check(file != NULL &&
                    fwrite(text, 1, scenario_text(text, sizeof text, points), file) > 0 &&
                    fclose(file) == 0,
                "no scenario");
    remove_results();
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addopen(&actions, 1, "/dev/null", 1 /* O_WRONLY */, 0);
    start = seconds(CLOCK_MONOTONIC);
    bench_check(posix_spawn(&program, BENCH_PROGRAM, &actions, NULL, words, environ) == 0 &&
                    waitpid(program, &status, 0) == program && status == 0,
                "the sweep failed");
    posix_spawn_file_actions_destroy(&actions);
    return seconds(CLOCK_MONOTONIC) - start;
}

/* ---- a bare loop ---- */

enum { BARE_STEPS = 400000000 };

static void *
bare_work(void *context)
{
    uint64_t *steps = context, value = 88172645463325252u;

    for (uint64_t i = 0; i < *steps; i++) {
        value ^= value << 13;
        value ^= value >> 7;
        value ^= value << 17;
    }
    *steps = value;
    return NULL;
}

/* The same work on one thread or on two. */
static double
bare_seconds(unsigned threads)
{
    uint64_t steps[2] = { BARE_STEPS / threads, BARE_STEPS / threads };
    double start = seconds(CLOCK_MONOTONIC);
    pthread_t other;

    bench_check(threads == 1 || pthread_create(&other, NULL, bare_work, &steps[1]) == 0,
                "no thread");
    bare_work(&steps[0]);
    if (threads > 1)
        pthread_join(other, NULL);
    bench_check(steps[0] != 0, "the loop did not run");
    return seconds(CLOCK_MONOTONIC) - start;
}

static int
compare_doubles(const void *left, const void *right)
{
    double a = *(const double *)left, b = *(const double *)right;

    return (a > b) - (a < b);
}

/* The share of one worker's time that two take; of each turn by itself, so that a turn's load is its own. */
static void
workers_bar(void)
{
    double bare[TURNS], ours[TURNS];

    for (unsigned turn = 0; turn < TURNS; turn++) {
        double bare_one = bare_seconds(1), sweep_one = sweep_seconds(GAIN_POINTS, "1");
        double bare_two = bare_seconds(2), sweep_two = sweep_seconds(GAIN_POINTS, "2");

        bare[turn] = bare_two / bare_one;
        ours[turn] = sweep_two / sweep_one;
    }
    qsort(bare, TURNS, sizeof(double), compare_doubles);
    qsort(ours, TURNS, sizeof(double), compare_doubles);
    bench_bar("sweep-workers", ours[TURNS / 2], bare[TURNS / 2], "of one worker's time", 0.9);
}

/* ---- memory ---- */

static double
peak_of_children(void)
{
    struct rusage usage;

    getrusage(RUSAGE_CHILDREN, &usage);
    return (double)usage.ru_maxrss / 1024;
}

/* The peak is of all children so far, so the small one goes first. */
static void
memory_bar(void)
{
    double few;

    sweep_seconds(FEW, "2");
    few = peak_of_children();
    sweep_seconds(MANY, "2");
    bench_bar("sweep-memory", peak_of_children(), few, "MiB", 0.95);
}

/* ---- writing ---- */

struct rows {
    struct {
        struct store_row row;
        char digest[20], params[48], values[2048];
    } of[WRITE_POINTS];
    size_t count;
};

static void
keep_row(void *context, const struct sweep_row *row)
{
    struct rows *rows = context;
    size_t at = rows->count++;

    bench_check(at < WRITE_POINTS && strlen(row->values) < sizeof rows->of[at].values,
                "a row is too long");
    snprintf(rows->of[at].digest, sizeof rows->of[at].digest, "%016llx",
             (unsigned long long)row->digest);
    snprintf(rows->of[at].params, sizeof rows->of[at].params, "{\"i\": \"%u\", \"j\": \"%u\"}",
             (unsigned)(row->point / 20), (unsigned)(row->point % 20));
    strcpy(rows->of[at].values, row->values);
    rows->of[at].row = (struct store_row){ .point = row->point,
                                           .profile = "macos-15.5",
                                           .verdict = row->verdict,
                                           .stop = row->stop,
                                           .digest = rows->of[at].digest,
                                           .params = rows->of[at].params,
                                           .values = rows->of[at].values };
}

static double
run_points(const struct sweep *sweep, struct rows *rows)
{
    double start = seconds(CLOCK_THREAD_CPUTIME_ID);
    struct scn_error error;

    rows->count = 0;
    for (uint64_t point = 0; point < WRITE_POINTS; point++) {
        bench_arena_empty();
        bench_check(sweep_run_point(sweep, &bench_alloc, NULL, point, keep_row, rows, &error) ==
                        SCN_OK,
                    "a point failed");
    }
    return seconds(CLOCK_THREAD_CPUTIME_ID) - start;
}

static double
write_rows(struct store *store, int64_t run, const struct rows *rows)
{
    double start = seconds(CLOCK_THREAD_CPUTIME_ID);

    for (size_t i = 0; i < rows->count; i++) {
        bench_check(i % BATCH != 0 || store_begin(store), "no transaction");
        bench_check(store_put(store, run, &rows->of[i].row), "a row was not written");
        bench_check(((i + 1) % BATCH != 0 && i + 1 < rows->count) || store_commit(store),
                    "no commit");
    }
    return seconds(CLOCK_THREAD_CPUTIME_ID) - start;
}

/* Each turn writes to a run of its own. */
static void
writing_bar(void)
{
    static struct rows rows;
    double both[TURNS], alone[TURNS], rows_only[TURNS];
    char text[512], why[STORE_WHY_BYTES];
    struct scn_error error;
    struct sweep *sweep;
    struct store *store;

    bench_arena_create((size_t)16 << 20);
    remove_results();
    bench_check(sweep_parse(&bench_heap, text, scenario_text(text, sizeof text, WRITE_POINTS), 1,
                            &sweep, &error) == SCN_OK,
                "no sweep");
    store = store_open(results, STORE_WRITE, why);
    bench_check(store != NULL, "no results");
    for (unsigned turn = 0; turn < TURNS; turn++) {
        alone[turn] = run_points(sweep, &rows);
        rows_only[turn] = write_rows(store, (int64_t)turn + 1, &rows);
        both[turn] = alone[turn] + rows_only[turn];
    }
    store_close(store);
    sweep_free(sweep);
    qsort(both, TURNS, sizeof(double), compare_doubles);
    qsort(alone, TURNS, sizeof(double), compare_doubles);
    qsort(rows_only, TURNS, sizeof(double), compare_doubles);
    printf("sweep-writing: a row takes %.2f us\n", rows_only[TURNS / 2] * 1e6 / WRITE_POINTS);
    bench_bar("sweep-writing", both[TURNS / 2] * 1e6 / WRITE_POINTS,
              alone[TURNS / 2] * 1e6 / WRITE_POINTS, "us a point", 0.95);
}

int
main(void)
{
    bench_check(mkdtemp(folder) != NULL, "no folder");
    snprintf(scenario, sizeof scenario, "%s/s.scn", folder);
    snprintf(results, sizeof results, "%s/r.db", folder);
    memory_bar(); /* while this process is small: a child's peak begins at what its parent has */
    writing_bar();
    workers_bar();
    remove_results();
    unlink(scenario);
    rmdir(folder);
    return bench_bar_code();
}

/*
 * bench_bar_cachegrind.c - a recorded trace replayed, against Valgrind's cachegrind set up as the same TLB
 *
 * Cachegrind simulates caches. With lines of 4 KiB they are TLBs that have nothing behind them, and it accepts
 * what our skylake has: I1 of 128, 8-way, D1 of 64, 4-way, LL of 1,536, 12-way. It runs the program itself.
 * Ours is the whole of `faultline replay` with everything on, and reads, in our own form, what lackey
 * recorded of the same program. Somebody must have recorded it: what that takes is said, and is in no ratio.
 *
 *     cachegrind-compile  cc1 makes a function of one line; both from start to end
 *     cachegrind-gzip     gzip -1 of 256 KiB; both from start to end
 *     cachegrind-long     a reference of gzip beyond those 256 KiB, where cachegrind has little left to
 *                         translate, against one of ours
 *
 * Times are CPU time of the processes, user's and kernel's. Only its name runs it: recording takes a minute or two.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "bar.h"
#include "base/types.h"
#include "harness.h"

enum { TURNS = 7, SHORT_KIB = 256, LONG_KIB = 8192, COMMAND = 1024 };

#define CACHEGRIND                                                                \
    "valgrind --tool=cachegrind --cache-sim=yes --cachegrind-out-file=/dev/null " \
    "--I1=524288,8,4096 --D1=262144,4,4096 --LL=6291456,12,4096 --log-file=cachegrind.txt "
/* What the program itself writes goes nowhere; what lackey writes is all that comes. */
#define LACKEY "exec 3>&1 >/dev/null 2>&1; valgrind --tool=lackey --trace-mem=yes --log-fd=3 "
#define REPLAY "'" BENCH_PROGRAM "' replay "
#define QUIETLY " >/dev/null 2>&1"

static const char compiler[] = "$(cc -print-prog-name=cc1) -quiet -o /dev/null one.c";
static const char zip_short[] = "gzip -1 -c short";
static const char zip_long[] = "gzip -1 -c long";

static double
children_seconds(void)
{
    struct rusage usage;

    getrusage(RUSAGE_CHILDREN, &usage);
    return (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
           (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) * 1e-6;
}

/* The CPU time of `before`, `program` and `behind`, as one line for the shell. */
static double
seconds_of(const char *before, const char *program, const char *behind)
{
    double start = children_seconds();
    char command[COMMAND];

    snprintf(command, sizeof(command), "%s%s%s", before, program, behind);
    bench_check(system(command) == 0, command);
    return children_seconds() - start;
}

/* ---- what cachegrind did ---- */

/* "==17== I   refs:      60,259,272"; 0: another line. */
static uint64_t
references_in(const char *line)
{
    const char *at = strstr(line, " refs:");
    uint64_t number = 0;

    if (at == NULL || strstr(line, "LL refs:") != NULL)
        return 0;
    for (; *at != '\0' && *at != '('; at++)
        number = *at >= '0' && *at <= '9' ? number * 10 + (uint64_t)(*at - '0') : number;
    return number;
}

/* How many references the last run of it had, of instructions and of data. */
static double
cachegrind_references(void)
{
    FILE *file = fopen("cachegrind.txt", "r");
    uint64_t number = 0;
    char line[256];

    bench_check(file != NULL, "cachegrind says nothing");
    while (fgets(line, sizeof(line), file) != NULL)
        number += references_in(line);
    fclose(file);
    bench_check(number > 0, "cachegrind does not say how many references there were");
    return (double)number;
}

/* ---- the sides ---- */

struct side {
    double seconds[TURNS]; /* in order, once all are there */
    double references;
};

static int
by_size(const void *a, const void *b)
{
    double left = *(const double *)a, right = *(const double *)b;

    return (left > right) - (left < right);
}

static double
median(struct side *side)
{
    qsort(side->seconds, TURNS, sizeof(side->seconds[0]), by_size);
    return side->seconds[TURNS / 2];
}

/* Records `program` in trace.flt, and says what it took. */
static void
record(const char *name, const char *program, struct side *ours)
{
    double seconds =
        seconds_of("(" LACKEY, program,
                   ") | " REPLAY "- --format lackey --convert trace.flt --quiet >recorded.txt");
    FILE *file = fopen("recorded.txt", "r");
    struct stat trace;

    bench_check(file != NULL && fscanf(file, "trace.flt: %lf", &ours->references) == 1 &&
                    fclose(file) == 0 && stat("trace.flt", &trace) == 0,
                "nothing was recorded");
    printf("%s: recorded %.1f million references in %.1f s, %.1f MB\n", name,
           ours->references / 1e6, seconds, (double)trace.st_size / 1e6);
}

static void
race(const char *name, const char *program, double needs, struct side *cachegrind,
     struct side *ours)
{
    record(name, program, ours);
    for (int turn = 0; turn < TURNS; turn++) {
        cachegrind->seconds[turn] = seconds_of(CACHEGRIND, program, QUIETLY);
        ours->seconds[turn] = seconds_of(REPLAY "trace.flt --quiet", "", QUIETLY);
    }
    cachegrind->references = cachegrind_references();
    bench_bar(name, median(ours), median(cachegrind), "s", needs);
}

/* The same program goes on: what a further reference takes cachegrind. Ours hardly has a start. */
static void
race_long(struct side *begun, struct side *ours)
{
    struct side cachegrind;
    double references, seconds;

    for (int turn = 0; turn < TURNS; turn++)
        cachegrind.seconds[turn] = seconds_of(CACHEGRIND, zip_long, QUIETLY);
    references = cachegrind_references() - begun->references;
    seconds = median(&cachegrind) - median(begun);
    bench_bar("cachegrind-long", median(ours) * 1e9 / ours->references, seconds * 1e9 / references,
              "ns a reference", 1.0);
}

/* ---- what the programs read ---- */

static void
make_inputs(void)
{
    char command[COMMAND];

    snprintf(command, sizeof(command),
             "echo 'int f(int x) { int s = 0; for (int i = 0; i < x; i++) s += i * i; return s; }' "
             ">one.c && "
             "head -c %dK \"$(cc -print-prog-name=cc1)\" >short && "
             "head -c %dK \"$(cc -print-prog-name=cc1)\" >long",
             SHORT_KIB, LONG_KIB);
    bench_check(system(command) == 0, "there is no cc1 to compile and to pack");
}

int
main(void)
{
    char folder[] = "/tmp/bench_bar_cachegrind.XXXXXX", command[64];
    struct side cachegrind, ours;

    if (system("valgrind --version >/dev/null 2>&1") != 0) {
        fprintf(stderr, "bench: cachegrind: nothing can be measured without valgrind\n");
        return 2;
    }
    bench_check(mkdtemp(folder) != NULL && chdir(folder) == 0, "no folder");
    setvbuf(stdout, NULL, _IOLBF, 0);
    make_inputs();
    race("cachegrind-compile", compiler, 5.0, &cachegrind, &ours);
    race("cachegrind-gzip", zip_short, 1.0, &cachegrind, &ours);
    race_long(&cachegrind, &ours);
    snprintf(command, sizeof(command), "rm -r %s", folder);
    return system(command) == 0 ? bench_bar_code() : 2;
}

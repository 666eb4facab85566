/*
 * recorded.c - recorded FILE [--write] SCENARIO... - every shipped scenario does what it did
 *
 * A line per scenario: a digest of all events on all its releases, and one of what the runner saw
 * besides: verdicts, results, TLB hits and walks, loaded bytes, findings, vm_stat. A change of the model
 * that is meant is recorded again with --write; one that is not shows here, wherever it is.
 */
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "counting_alloc.h"
#include "fiber/fiber.h"
#include "scn.h"
#include "sweep.h"

enum { LINE_BYTES = 200 };

struct sums {
    uint64_t events;
    uint64_t rest;
};

static uint64_t
mix_step(uint64_t digest, const struct scn_step *step)
{
    digest = vm_digest_mix(digest, (uint64_t)(uint32_t)step->status << 8 | step->loaded);
    digest = vm_digest_mix(digest, step->accesses.l1_hits << 32 | step->accesses.l2_hits);
    return vm_digest_mix(digest, step->accesses.walks << 32 | step->accesses.walk_reads);
}

static uint64_t
mix_statistics(uint64_t digest, const struct vm_statistics *statistics)
{
    uint64_t words[sizeof *statistics / sizeof(uint64_t)];

    memcpy(words, statistics, sizeof words);
    for (size_t i = 0; i < VMM_COUNT_OF(words); i++)
        digest = vm_digest_mix(digest, words[i]);
    return digest;
}

static uint64_t
rest_of(const struct scn_report *report)
{
    uint64_t digest = 0;

    for (size_t i = 0; i < report->step_count; i++)
        digest = mix_step(digest, &report->steps[i]);
    for (size_t i = 0; i < report->finding_count; i++)
        digest = vm_digest_mix(digest, (uint64_t)report->findings[i].line << 32 |
                                           report->findings[i].event.kind);
    for (size_t i = 0; i < report->metric_count; i++)
        digest = vm_digest_mix(digest, report->metrics[i].value);
    return mix_statistics(digest, &report->statistics);
}

static const char *
base_name(const char *path)
{
    const char *slash = strrchr(path, '/');

    return slash == NULL ? path : slash + 1;
}

/* Adds one run to what all releases came to. */
static bool
run_row(const struct scn_program *program, size_t row, struct sums *sums)
{
    struct scn_options options = { .fibers = fiber_set_create() };
    struct counting_alloc counting;
    struct scn_report *report;
    bool is_run;

    counting_alloc_init(&counting);
    is_run = scn_run(program, &counting.alloc, row, &options, &report) == SCN_OK;
    if (is_run) {
        sums->events = vm_digest_mix(sums->events, report->digest);
        sums->rest = vm_digest_mix(sums->rest, rest_of(report) ^ report->verdict);
        scn_report_free(report);
    }
    fiber_set_destroy(options.fibers);
    return is_run;
}

static char *
read_all(const char *path)
{
    FILE *file = fopen(path, "rb");
    char *text = calloc(1, SCN_SOURCE_MAX + 1);

    if (file == NULL || text == NULL || fread(text, 1, SCN_SOURCE_MAX, file) == 0) {
        perror(path);
        exit(2);
    }
    fclose(file);
    return text;
}

static bool
is_recorded(const char *recorded, const char *line)
{
    const char *found = strstr(recorded, line);

    return found != NULL && (found == recorded || found[-1] == '\n');
}

/* Whether a scenario differs from what was recorded; with `out` it is written there. */
static bool
differs(const char *path, const char *recorded, FILE *out)
{
    char *source = read_all(path);
    struct counting_alloc counting;
    struct scn_program *program;
    struct scn_error error;
    struct sums sums = { 0, 0 };
    char line[LINE_BYTES];

    counting_alloc_init(&counting);
    if (sweep_first_program(&counting.alloc, source, strlen(source), &program, &error) != SCN_OK) {
        printf("%s: %s\n", path, error.what);
        exit(2);
    }
    for (size_t i = 0; i < scn_program_profile_count(program); i++) {
        if (!run_row(program, scn_program_profile_at(program, i), &sums))
            exit(2);
    }
    snprintf(line, sizeof line, "%s %016" PRIx64 " %016" PRIx64 "\n", base_name(path), sums.events,
             sums.rest);
    scn_program_free(program);
    free(source);
    if (out != NULL)
        return fputs(line, out) < 0;
    if (is_recorded(recorded, line))
        return false;
    printf("not as recorded: %s", line);
    return true;
}

int
main(int argc, char **argv)
{
    bool writes = argc > 2 && strcmp(argv[2], "--write") == 0;
    int first = writes ? 3 : 2;
    FILE *out = writes ? fopen(argv[1], "wb") : NULL;
    char *recorded = writes ? NULL : read_all(argv[1]);
    unsigned wrong = 0;

    if (argc <= first || (writes && out == NULL))
        return 2;
    for (int i = first; i < argc; i++)
        wrong += differs(argv[i], recorded, out);
    if (out != NULL)
        return fclose(out) == 0 ? 0 : 2;
    free(recorded);
    printf("%d scenarios, %u differ%s\n", argc - first, wrong,
           wrong == 0 ? "" : "; if that is meant: cmake --build --preset release -t record");
    return wrong == 0 ? 0 : 1;
}

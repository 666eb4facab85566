/*
 * fuzz_scn.c - any bytes as a scenario: they parse or give one error, and what parses runs
 *
 * A run has a small machine unless the scenario names one, so that what asks for much ends in a
 * refusal and not in time; every operation is followed by all invariants, which look at each frame.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "counting_alloc.h"
#include "scn_program.h"

enum { RUNS_MAX = 2, FRAMES = 2048 }; /* frames: four superpages' */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
ignore(void *context, const char *bytes, size_t length)
{
    (void)context;
    if (length > 0 && memchr(bytes, '\0', length) != NULL)
        abort(); /* printers print text */
}

static void
run(const struct counting_alloc *counting, const struct scn_program *program)
{
    const struct core_out out = { ignore, NULL };
    const struct scn_options options = { .keep_events = true, .check_each_step = true };

    for (size_t i = 0; i < scn_program_profile_count(program) && i < RUNS_MAX; i++) {
        struct scn_report *report;

        if (scn_run(program, &counting->alloc, scn_program_profile_at(program, i), &options,
                    &report) != SCN_OK)
            continue;
        if (report->broken_invariant != NULL)
            abort();
        scn_print_text(&out, "fuzz", program, report, SCN_PRINT_EVENTS);
        scn_json_run(&out, true, "fuzz", program, report, SCN_PRINT_EVENTS);
        scn_report_free(report);
    }
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct counting_alloc counting;
    struct scn_program *program = NULL;
    struct scn_error error = { 0 };

    counting_alloc_init(&counting);
    switch (scn_parse(&counting.alloc, (const char *)data, size, &program, &error)) {
    case SCN_OK:
        if (program->frame_count == 0)
            program->frame_count = FRAMES;
        run(&counting, program);
        scn_program_free(program);
        break;
    case SCN_BAD_SOURCE:
        if (error.what[0] == '\0' || error.how[0] == '\0')
            abort(); /* an error says what, and the way out */
        break;
    case SCN_NO_MEMORY:
        break;
    }
    if (counting.live_bytes != 0)
        abort();
    return 0;
}

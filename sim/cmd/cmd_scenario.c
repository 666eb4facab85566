/*
 * cmd_scenario.c - from a file's name to a program
 */
#include <stdio.h>

#include "cmd/cmd.h"
#include "core/sweep.h"
#include "fiber/fiber.h"

void
cmd_error_text(const char *file, const struct scn_error *error, char text[CMD_ERROR_BYTES])
{
    char place[32] = "";

    if (error->line > 0)
        snprintf(place, sizeof place, ":%u:%u", (unsigned)error->line, (unsigned)error->column);
    snprintf(text, CMD_ERROR_BYTES, "%s%s: %s: %s", file, place, error->what, error->how);
}

int
cmd_complain_at(struct io_bytes *err, const char *file, const struct scn_error *error)
{
    char text[CMD_ERROR_BYTES];

    cmd_error_text(file, error, text);
    return cmd_complain(err, "%s", text);
}

struct scn_program *
cmd_program(const char *file, const char *text, size_t length, struct io_bytes *err)
{
    struct scn_program *program = NULL;
    struct scn_error error = { 0 };
    enum scn_outcome outcome = sweep_first_program(&cmd_heap, text, length, &program, &error);

    if (outcome == SCN_BAD_SOURCE)
        cmd_complain_at(err, file, &error);
    if (outcome == SCN_NO_MEMORY)
        cmd_no_memory(err, file);
    return outcome == SCN_OK ? program : NULL;
}

struct scn_program *
cmd_load_text(const char *file, struct io_bytes *source, struct io_bytes *err)
{
    if (!cmd_read_file(file, SCN_SOURCE_MAX, source, err))
        return NULL;
    return cmd_program(file, source->data != NULL ? source->data : "", source->length, err);
}

struct scn_program *
cmd_load_point(const char *file, struct io_bytes *text, struct io_bytes *err)
{
    struct io_bytes source = { 0 };
    struct scn_program *program = cmd_load_text(file, &source, err);
    struct core_out out = cmd_out(text);
    struct scn_error error;

    if (program != NULL &&
        (sweep_first_text(&cmd_heap, source.data, source.length, &out, &error) != SCN_OK ||
         text->is_short)) {
        cmd_no_memory(err, file);
        scn_program_free(program);
        program = NULL;
    }
    io_bytes_free(&source);
    return program;
}

struct scn_program *
cmd_load(const char *file, struct io_bytes *err)
{
    struct io_bytes source = { 0 };
    struct scn_program *program = cmd_load_text(file, &source, err);

    io_bytes_free(&source);
    return program;
}

struct scn_report *
cmd_run_row(const char *file, const struct scn_program *program, size_t row,
            struct scn_options options, struct io_bytes *err, int *code)
{
    struct scn_report *report;
    enum scn_outcome outcome;
    struct vm_profile profile;

    options.fibers = fiber_set_create();
    outcome = scn_run(program, &cmd_heap, row, &options, &report);
    fiber_set_destroy(options.fibers);
    if (outcome != SCN_OK) {
        *code = cmd_no_memory(err, file);
        return NULL;
    }
    if (report->verdict != SCN_CLEAN) {
        vm_profile_at(row, &profile);
        cmd_complain(err, "%s: not clean on %s: 'faultline run %s' says why", file, profile.name,
                     file);
        *code = CMD_FINDINGS;
    }
    return report;
}

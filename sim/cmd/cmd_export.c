/* cmd_export.c - see cmd_export.h */
#include "cmd/cmd_export.h"

#include "core/export_dot.h"
#include "core/export_trace.h"
#include "fiber/fiber.h"
#include "io/io_target.h"

struct exporting {
    const struct cmd_export *asked;
    struct scn_program *program;
    struct scn_report *report;
    int code;
};

/* Writes one file by a printer that says whether it had the memory for it. */
typedef bool (*export_print)(const struct exporting *exporting, const struct core_out *out);

static void
export_write(struct exporting *exporting, const char *path, export_print print,
             struct io_bytes *err)
{
    char why[IO_WHY_BYTES];
    struct io_target *target = io_target_open_whole(path, why);
    struct core_out out = { io_target_put, target };

    if (target == NULL) {
        exporting->code = cmd_complain(err, "%s: cannot be written: %s", path, why);
        return;
    }
    if (!print(exporting, &out)) {
        io_target_drop(target);
        exporting->code = cmd_no_memory(err, path);
    } else if (!io_target_close(target, why)) {
        exporting->code = cmd_complain(err, "%s: cannot be written: %s", path, why);
    }
}

static bool
export_print_trace(const struct exporting *exporting, const struct core_out *out)
{
    return export_trace(out, &cmd_heap, exporting->asked->file, exporting->program,
                        exporting->report);
}

static bool
export_print_dot(const struct exporting *exporting, const struct core_out *out)
{
    export_dot(out, scn_program_title(exporting->program), exporting->report->state);
    return true;
}

static bool
export_work(void *context, struct io_bytes *out, struct io_bytes *err)
{
    struct exporting *exporting = context;
    const struct cmd_export *asked = exporting->asked;
    struct scn_options options = { .keep_events = true,
                                   .fibers = fiber_set_create(),
                                   .state_event = UINT64_MAX, /* the end */
                                   .geometry = asked->geometry };

    (void)out;
    exporting->program = cmd_load(asked->file, err);
    exporting->code = exporting->program != NULL ? CMD_CLEAN : CMD_TROUBLE;
    if (exporting->program != NULL) {
        size_t row =
            asked->has_profile ? asked->profile : scn_program_profile_at(exporting->program, 0);

        if (scn_run(exporting->program, &cmd_heap, row, &options, &exporting->report) != SCN_OK)
            exporting->code = cmd_no_memory(err, asked->file);
    }
    if (exporting->report != NULL && asked->trace != NULL)
        export_write(exporting, asked->trace, export_print_trace, err);
    if (exporting->report != NULL && asked->dot != NULL)
        export_write(exporting, asked->dot, export_print_dot, err);
    scn_report_free(exporting->report);
    if (exporting->program != NULL)
        scn_program_free(exporting->program);
    fiber_set_destroy(options.fibers);
    return false;
}

int
cmd_export(const struct cmd_export *export)
{
    struct exporting exporting = { .asked = export };

    return cmd_work(export_work, &exporting, &exporting.code);
}

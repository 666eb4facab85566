/* page.c - see page.h */
#include "page/page.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "core/core_json.h"
#include "core/core_out.h"
#include "core/machine.h"
#include "core/scn.h"
#include "core/scn_state.h"
#include "core/sweep.h"

#define PAGE_EXPORT(name) __attribute__((export_name(#name)))

enum { PAGE_CLEAN, PAGE_FINDINGS, PAGE_TROUBLE };

enum { PAGE_NAME_MAX = 255 };

static struct {
    char *input;
    size_t input_length;
    char *output;
    size_t output_length;
    size_t output_room;
    bool is_short; /* memory ran out while the output grew */
    enum scn_kernel kernel;
    bool has_geometry; /* else the text's own machine */
    struct hw_geometry geometry;
    char file[PAGE_NAME_MAX + 1];
} page = { .file = "scenario.scn" };

/* ---- memory ---- */

static void *
page_take(void *context, size_t size)
{
    (void)context;
    return size > SIZE_MAX - 64 ? NULL : aligned_alloc(64, (size + 63) / 64 * 64);
}

static void
page_give(void *context, void *memory, size_t size)
{
    (void)context;
    (void)size;
    free(memory);
}

static const struct vmm_alloc page_heap = { page_take, page_give, NULL };

/* ---- output ---- */

static void
page_put(void *context, const char *bytes, size_t length)
{
    (void)context;
    if (length > page.output_room - page.output_length) {
        size_t room = 2 * (page.output_length + length);
        char *grown = realloc(page.output, room);

        if (grown == NULL) {
            page.is_short = true;
            return;
        }
        page.output = grown;
        page.output_room = room;
    }
    memcpy(page.output + page.output_length, bytes, length);
    page.output_length += length;
}

static const struct core_out page_out = { page_put, NULL };

static void
page_begin(void)
{
    page.output_length = 0;
    page.is_short = false;
}

/* ---- running ---- */

/* { "error": { "line": .., "column": .., "text": "file:line:col: what: how" } } */
static int
page_error(const struct scn_error *error)
{
    char line[512];
    struct vmm_text text;

    vmm_text_init(&text, line, sizeof(line));
    vmm_text_format(&text, "%s:%u:%u: %s: %s", page.file, error->line, error->column, error->what,
                    error->how);
    page_begin();
    core_format(&page_out, "{ \"error\": { \"line\": %u, \"column\": %u, \"text\": ", error->line,
                error->column);
    core_put_json(&page_out, line);
    core_put(&page_out, " } }\n");
    return PAGE_TROUBLE;
}

static int
page_no_memory(void)
{
    return page_error(&(struct scn_error){ .what = "the page has no memory for this run",
                                           .how = "ask for fewer frames or shorter buffers" });
}

static const struct hw_geometry *
page_geometry(void)
{
    return page.has_geometry ? &page.geometry : NULL;
}

static int
page_run_row(const struct scn_program *program, size_t row, bool is_first)
{
    struct scn_options options = { .keep_events = true,
                                   .kernel = page.kernel,
                                   .geometry = page_geometry() };
    struct scn_report *report;
    int code;

    if (scn_run(program, &page_heap, row, &options, &report) != SCN_OK)
        return PAGE_TROUBLE;
    scn_json_run(&page_out, is_first, page.file, program, report, SCN_PRINT_EVENTS);
    code = report->verdict == SCN_CLEAN ? PAGE_CLEAN : PAGE_FINDINGS;
    scn_report_free(report);
    return code;
}

static int
page_run_all(const struct scn_program *program, int profile)
{
    size_t count = profile >= 0 ? 1 : scn_program_profile_count(program);
    int code = PAGE_CLEAN;

    scn_json_begin(&page_out);
    for (size_t i = 0; i < count && code != PAGE_TROUBLE; i++) {
        size_t row = profile >= 0 ? (size_t)profile : scn_program_profile_at(program, i);
        int ran = page_run_row(program, row, i == 0);

        code = ran > code ? ran : code;
    }
    scn_json_end(&page_out);
    return code == PAGE_TROUBLE || page.is_short ? page_no_memory() : code;
}

/* The input as a program; NULL after the error was written. */
static struct scn_program *
page_program(size_t length, int profile)
{
    struct scn_program *program = NULL;
    struct scn_error error = { 0 };
    enum scn_outcome outcome;

    if (length > page.input_length || profile >= (int)vm_profile_count()) {
        page_error(&(struct scn_error){ .what = "no such input or profile", .how = "ask" });
        return NULL;
    }
    page_begin();
    outcome = sweep_first_program(&page_heap, page.input, length, &program, &error);
    if (outcome == SCN_OK)
        return program;
    if (outcome == SCN_NO_MEMORY)
        page_no_memory();
    else
        page_error(&error);
    return NULL;
}

PAGE_EXPORT(page_run) int page_run(size_t length, int profile)
{
    struct scn_program *program = page_program(length, profile);
    int code;

    if (program == NULL)
        return PAGE_TROUBLE;
    code = page_run_all(program, profile);
    scn_program_free(program);
    return code;
}

PAGE_EXPORT(page_state)
int
page_state(size_t length, int profile, uint32_t event, int space, uint32_t address_high,
           uint32_t address_low)
{
    struct scn_options options = { .kernel = page.kernel,
                                   .geometry = page_geometry(),
                                   .state_event = event != 0 ? event : 1,
                                   .state_has_address = space != PAGE_NO_SPACE,
                                   .state_space = (uint32_t)space,
                                   .state_address = (uint64_t)address_high << 32 | address_low };
    struct scn_program *program = page_program(length, profile);
    struct scn_report *report;
    enum scn_outcome outcome;

    if (program == NULL)
        return PAGE_TROUBLE;
    outcome = scn_run(program, &page_heap,
                      profile >= 0 ? (size_t)profile : scn_program_profile_at(program, 0), &options,
                      &report);
    if (outcome == SCN_OK) {
        scn_state_json(&page_out, report->state);
        scn_report_free(report);
    }
    scn_program_free(program);
    return outcome != SCN_OK || page.is_short ? page_no_memory() : PAGE_CLEAN;
}

PAGE_EXPORT(page_profiles) int page_profiles(void)
{
    struct vm_profile profile;

    page_begin();
    for (size_t row = 0; row < vm_profile_count(); row++) {
        vm_profile_at(row, &profile);
        core_put(&page_out, row == 0 ? "[" : ", ");
        core_put_json(&page_out, profile.name);
    }
    core_put(&page_out, "]\n");
    return PAGE_CLEAN;
}

PAGE_EXPORT(page_machines) int page_machines(void)
{
    page_begin();
    for (size_t row = 0; row < machine_count(); row++) {
        core_put(&page_out, row == 0 ? "[" : ", ");
        core_put_json(&page_out, machine_name_at(row));
    }
    core_put(&page_out, "]\n");
    return PAGE_CLEAN;
}

PAGE_EXPORT(page_kinds) int page_kinds(void)
{
    page_begin();
    for (uint32_t kind = 0; kind < EV_KIND_COUNT; kind++) {
        struct core_json object;

        core_put(&page_out, kind == 0 ? "[" : ", ");
        object = core_json_begin(&page_out);
        core_json_string(&object, "name", trace_kind_name((enum trace_kind)kind));
        core_json_string(&object, "text", trace_kind_text((enum trace_kind)kind));
        core_json_string(&object, "xnu", trace_kind_xnu((enum trace_kind)kind));
        core_json_end(&object);
    }
    core_put(&page_out, "]\n");
    return PAGE_CLEAN;
}

/* ---- settings ---- */

PAGE_EXPORT(page_kernel) int page_kernel(int kernel)
{
    if (kernel < SCN_KERNEL_AS_WRITTEN || kernel > SCN_KERNEL_ASSERTS)
        return PAGE_TROUBLE;
    page.kernel = (enum scn_kernel)kernel;
    return PAGE_CLEAN;
}

PAGE_EXPORT(page_machine) int page_machine(int row)
{
    struct machine machine;
    char why[128];
    struct vmm_text text;

    page.has_geometry = row >= 0;
    if (row < 0)
        return PAGE_CLEAN;
    vmm_text_init(&text, why, sizeof why);
    page.has_geometry = row < (int)machine_count() &&
                        machine_find(machine_name_at((size_t)row), &machine) &&
                        machine_geometry(&machine, &page.geometry, &text);
    return page.has_geometry ? PAGE_CLEAN : PAGE_TROUBLE;
}

PAGE_EXPORT(page_name) int page_name(size_t length)
{
    if (length == 0 || length > PAGE_NAME_MAX || length > page.input_length)
        return PAGE_TROUBLE;
    memcpy(page.file, page.input, length);
    page.file[length] = '\0';
    return PAGE_CLEAN;
}

/* ---- buffers ---- */

PAGE_EXPORT(page_input) char *page_input(size_t length)
{
    char *grown = length > SCN_SOURCE_MAX + 1 ? NULL : realloc(page.input, length + 1);

    if (grown == NULL)
        return NULL;
    page.input = grown;
    page.input_length = length;
    return grown;
}

PAGE_EXPORT(page_output) const char *page_output(void)
{
    return page.output;
}

PAGE_EXPORT(page_output_length) size_t page_output_length(void)
{
    return page.output_length;
}

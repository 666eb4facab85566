/*
 * cmd_step.c - faultline step: through a run, event by event
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cmd/step.h"
#include "fiber/fiber.h"
#include "io/io_file.h"

const char cmd_step_help[] =
    "usage: faultline step [options] FILE\n"
    "\n"
    "Runs a scenario and steps through what happened, forward and back: maps page by\n"
    "page, objects, the page-table walk of an address, every TLB, who maps a frame,\n"
    "counters. What changed since the last command has a * before it. On a terminal\n"
    "it is a screen with keys; else it reads commands, one a line, from standard\n"
    "input and writes what they show.\n"
    "\n"
    "  --script FILE   read the commands from this file\n"
    "  --profile NAME  on this release instead of the first that the file names\n"
    "  --machine NAME  on this machine, or a .json file of your own\n"
    "  --json          print the state at one event as one JSON object instead\n"
    "  --at N          with --json: that event, from 1 (the end)\n"
    "  --help          this page; 'help' among the commands lists them\n"
    "\n"
    "exit: 0 stepped through, 2 a bad file or option\n"
    "\n"
    "example:\n"
    "  printf 'until PAGE_WIRE\\nobjects\\n' | faultline step FILE.scn\n";

enum { SCRIPT_MAX = 1 << 20 };

static void
put_errors(const struct io_bytes *err)
{
    if (err->length > 0)
        fwrite(err->data, 1, err->length, stderr);
}

/* One command, as it would look had somebody typed it. */
static void
transcribe(struct step *step, const char *command)
{
    struct io_bytes said = { 0 };

    cmd_print_line("> %s", command);
    step_do(step, command, &said);
    if (!step->is_over) {
        step_put_event(step, &said);
        step_put_view(step, &said);
    }
    cmd_print(said.data, said.length);
    io_bytes_free(&said);
}

static void
transcribe_all(struct step *step, char *script)
{
    char *rest = script;

    while (!step->is_over && *rest != '\0') {
        size_t length = strcspn(rest, "\n");
        bool is_last = rest[length] == '\0';

        rest[length] = '\0';
        rest[strcspn(rest, "\r")] = '\0'; /* lines of another system's editor */
        if (rest[0] != '#' && rest[0] != '\0')
            transcribe(step, rest);
        rest += length + (is_last ? 0 : 1);
    }
}

static int
step_transcript(struct step *step, const char *script)
{
    struct io_bytes commands = { 0 };
    char why[IO_WHY_BYTES];

    if (!io_file_read(script, SCRIPT_MAX, &commands, why)) {
        io_bytes_free(&commands);
        return cmd_trouble("%s: cannot be read: %s", script, why);
    }
    io_bytes_put(&commands, "", 1);
    transcribe_all(step, commands.data);
    io_bytes_free(&commands);
    return CMD_CLEAN;
}

/* What the words say. */
struct step_call {
    const char *file, *script, *profile, *machine, *at; /* NULL: not said */
    uint32_t event;
    bool is_json;
    size_t row;
    struct hw_geometry geometry;
};

/* Without the loop: its threads would not be there in a forked checkpoint. */
static int
step_program(const struct step_call *call, struct scn_program *program)
{
    struct step *step = malloc(sizeof(*step));
    struct io_bytes err = { 0 };
    int code = CMD_TROUBLE;

    if (step == NULL)
        return cmd_trouble("memory ran out");
    if (step_begin(step, call->file, program, call->row,
                   call->machine != NULL ? &call->geometry : NULL, &err)) {
        bool is_screen = call->script == NULL && io_is_terminal(0) && io_is_terminal(1);

        code = is_screen ? step_screen(step)
                         : step_transcript(step, call->script != NULL ? call->script : "-");
        step_end(step);
    }
    put_errors(&err);
    io_bytes_free(&err);
    free(step);
    return code;
}

/* The whole state at one event. */
static int
step_json(const struct step_call *call, const struct scn_program *program)
{
    const struct scn_options options = {
        .state_event = call->at != NULL ? call->event : UINT64_MAX,
        .fibers = fiber_set_create(),
        .geometry = call->machine != NULL ? &call->geometry : NULL,
    };
    struct io_bytes answer = { 0 };
    struct core_out out = cmd_out(&answer);
    struct scn_report *report;
    enum scn_outcome outcome = scn_run(program, &cmd_heap, call->row, &options, &report);

    fiber_set_destroy(options.fibers);
    if (outcome != SCN_OK)
        return cmd_trouble("%s: memory ran out", call->file);
    scn_state_json(&out, report->state);
    scn_report_free(report);
    cmd_print(answer.data, answer.length);
    io_bytes_free(&answer);
    return CMD_CLEAN;
}

static int
step_file(struct step_call *call)
{
    struct io_bytes err = { 0 };
    struct machine machine;
    struct scn_program *program = NULL;
    int code = CMD_TROUBLE;

    if (call->machine == NULL || cmd_machine_shape(call->machine, &machine, &call->geometry, &err))
        program = cmd_load(call->file, &err);
    put_errors(&err);
    io_bytes_free(&err);
    if (program == NULL)
        return code;
    if (call->profile == NULL)
        call->row = scn_program_profile_at(program, 0);
    code = call->is_json ? step_json(call, program) : step_program(call, program);
    scn_program_free(program);
    return code;
}

int
cmd_step(const struct cmd_verb *verb, struct cmd_words *words)
{
    struct step_call call = { 0 };
    bool wants_help = false;
    const struct cmd_option options[] = {
        { "--profile", NULL, &call.profile }, { "--machine", NULL, &call.machine },
        { "--script", NULL, &call.script },   { "--json", &call.is_json, NULL },
        { "--at", NULL, &call.at },           { "--help", &wants_help, NULL },
    };

    if (!cmd_parse(verb, words, options, VMM_COUNT_OF(options)))
        return CMD_TROUBLE;
    if (wants_help)
        return cmd_say(verb->help);
    if (call.profile != NULL && !cmd_profile_find(call.profile, &call.row))
        return CMD_TROUBLE;
    if (call.at != NULL && !cmd_number("--at", call.at, &call.event))
        return CMD_TROUBLE;
    if (call.is_json ? call.script != NULL : call.at != NULL)
        return cmd_trouble("--at goes with --json, and --json without --script");
    if (words->count == 0)
        return cmd_trouble("'step' needs a file: faultline step FILE");
    if (!cmd_at_most(verb, words, 1))
        return CMD_TROUBLE;
    call.file = words->word[0];
    return step_file(&call);
}

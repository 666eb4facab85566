/*
 * cmd_run.c - faultline run: scenario files, on the releases they name
 *
 * Text: each file is one piece of work that reads, parses, runs and prints it; a bad file complains
 * and the others still run. JSON: one piece parses all files first, since a half-printed object
 * helps nobody, and then each file is a piece. With --jobs the pieces run on the pool and are printed in the
 * order of the files.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cmd/cmd.h"
#include "cmd/cmd_backend.h"
#include "cmd/cmd_export.h"
#include "fiber/fiber.h"
#include "io/io_pool.h"
#include "io/io_watch.h"

const char cmd_run_help[] =
    "usage: faultline run [options] FILE...\n"
    "\n"
    "Runs scenario files, each on the releases it names, and says what every floor\n"
    "did. FILE may be -, standard input. The worst result decides the exit code.\n"
    "\n"
    "  --profile NAME        on this release instead of those the file names\n"
    "  --machine NAME        on this machine, or a .json file of your own\n"
    "  --backend NAME        model; replay: FILE is a recording; xnu: a Mac's kernel\n"
    "  --may-panic           with xnu: also run what could stop this machine\n"
    "  --events              print every event of the model under its step\n"
    "  --quiet               print the verdicts only\n"
    "  --verify LEVEL        observed (as without it), or strict: luck fails too\n"
    "  --json                print one JSON object for all files and releases\n"
    "  --trace OUT           write the first run for a trace viewer (Perfetto)\n"
    "  --dot OUT             write maps and objects at its end for Graphviz\n"
    "  --jobs N              files at a time (1); any number prints the same\n"
    "  --watch               run again whenever a file is saved, until Ctrl-C\n"
    "  --time-limit S        end after S seconds, with exit code 124\n"
    "  --memory-limit BYTES  for all worlds together (512M)\n"
    "  --help                this page\n"
    "exit: 0 as expected, 1 a finding or a failed expectation, 2 trouble\n"
    "\n"
    "example:\n"
    "  faultline run --profile macos-15.4 sim/scenarios/way3_wire_then_access.scn\n";

enum { RUN_JOBS_MOST = 64 };

/* A file's part of what is printed, until those before it are done. */
struct run_piece {
    struct io_bytes out, err;
    int code;
    bool is_done;
};

struct run {
    struct cmd_words *files;
    uint32_t jobs;                 /* 1: no pool */
    struct run_piece *pieces;      /* with a pool: of each file */
    struct scn_program **programs; /* JSON: all files, parsed */
    int next;
    int code;
    uint32_t flags;
    bool has_profile;
    size_t profile;
    const char *machine_name; /* NULL: what the files say */
    struct machine machine;
    struct hw_geometry geometry;
    bool is_first_run;
    bool is_strict;
};

static void
run_worse(struct run *run, int code)
{
    run->code = code > run->code ? code : run->code;
}

/* One file on one release. */
static void
run_one(struct run *run, const char *file, const struct scn_program *program, size_t row,
        struct io_bytes *out, struct io_bytes *err)
{
    struct scn_options options = { .keep_events = (run->flags & SCN_PRINT_EVENTS) != 0,
                                   .fibers = fiber_set_create(),
                                   .geometry = run->machine_name != NULL ? &run->geometry : NULL,
                                   .is_strict = run->is_strict };
    struct core_out to = cmd_out(out);
    struct scn_report *report;
    enum scn_outcome outcome = scn_run(program, &cmd_heap, row, &options, &report);

    fiber_set_destroy(options.fibers);
    if (outcome != SCN_OK) {
        run_worse(run, cmd_no_memory(err, file));
        return;
    }
    if (run->programs != NULL)
        scn_json_run(&to, run->is_first_run, file, program, report, run->flags);
    else
        scn_print_text(&to, file, program, report, run->flags);
    run->is_first_run = false;
    run_worse(run, report->verdict == SCN_CLEAN ? CMD_CLEAN : CMD_FINDINGS);
    if (report->broken_invariant != NULL)
        run_worse(run, cmd_complain(err, "%s: the model broke its own rule: %s", file,
                                    report->broken_invariant));
    scn_report_free(report);
}

static void
run_each(struct run *run, const char *file, const struct scn_program *program, struct io_bytes *out,
         struct io_bytes *err)
{
    if (run->has_profile) {
        run_one(run, file, program, run->profile, out, err);
        return;
    }
    for (size_t i = 0; i < scn_program_profile_count(program); i++)
        run_one(run, file, program, scn_program_profile_at(program, i), out, err);
}

/* Behind --machine, once for all files. */
static bool
run_has_machine(struct run *run, struct io_bytes *err)
{
    if (run->machine_name == NULL ||
        cmd_machine_shape(run->machine_name, &run->machine, &run->geometry, err))
        return true;
    run_worse(run, CMD_TROUBLE);
    return false;
}

static bool
run_text_work(void *context, struct io_bytes *out, struct io_bytes *err)
{
    struct run *run = context;
    struct scn_program *program;
    const char *file;

    if (run->next == 0 && !run_has_machine(run, err))
        return false;
    file = run->files->word[run->next++];
    program = cmd_load(file, err);
    if (program == NULL)
        run_worse(run, CMD_TROUBLE);
    else
        run_each(run, file, program, out, err);
    if (program != NULL)
        scn_program_free(program);
    return run->next < run->files->count;
}

static bool
run_json_work(void *context, struct io_bytes *out, struct io_bytes *err)
{
    struct run *run = context;
    struct core_out to = cmd_out(out);

    if (run->next == 0)
        scn_json_begin(&to);
    run_each(run, run->files->word[run->next], run->programs[run->next], out, err);
    run->next++;
    if (run->next < run->files->count)
        return true;
    scn_json_end(&to);
    return false;
}

/* ---- several files at a time ---- */

static void
run_job(void *context, uint64_t job, struct io_bytes *bytes)
{
    const struct run *run = context;
    struct run_piece *piece = &run->pieces[job];
    struct run one = *run;
    const char *file = run->files->word[job];
    struct scn_program *program =
        run->programs != NULL ? run->programs[job] : cmd_load(file, &piece->err);
    struct core_out to = cmd_out(bytes);

    one.code = program != NULL ? CMD_CLEAN : CMD_TROUBLE;
    one.is_first_run = job == 0;
    if (run->programs != NULL && job == 0)
        scn_json_begin(&to);
    if (program != NULL)
        run_each(&one, file, program, bytes, &piece->err);
    if (run->programs != NULL && job + 1 == (uint64_t)run->files->count)
        scn_json_end(&to);
    if (run->programs == NULL && program != NULL)
        scn_program_free(program);
    piece->code = one.code;
}

/* Prints what is done and has nothing undone before it. */
static bool
run_job_done(void *context, uint64_t job, const struct io_bytes *bytes)
{
    struct run *run = context;
    bool goes_on = true;

    io_bytes_put(&run->pieces[job].out, bytes->data, bytes->length);
    run->pieces[job].is_done = true;
    for (; run->next < run->files->count && run->pieces[run->next].is_done; run->next++) {
        struct run_piece *piece = &run->pieces[run->next];

        run_worse(run, piece->out.is_short ? cmd_trouble("memory ran out") : piece->code);
        goes_on = cmd_print(piece->out.data, piece->out.length);
        if (piece->err.length > 0)
            fwrite(piece->err.data, 1, piece->err.length, stderr);
        io_bytes_free(&piece->out);
        io_bytes_free(&piece->err);
    }
    return goes_on;
}

static bool
run_machine_work(void *context, struct io_bytes *out, struct io_bytes *err)
{
    (void)out;
    (void)run_has_machine(context, err);
    return false;
}

static int
run_pool(struct run *run)
{
    struct io_pool pool = { .program = "faultline",
                            .workers = run->jobs,
                            .jobs = (uint64_t)run->files->count,
                            .context = run,
                            .job = run_job,
                            .done = run_job_done };
    int code = run->programs != NULL ? CMD_CLEAN : cmd_work(run_machine_work, run, &run->code);
    enum io_end end;

    if (code != CMD_CLEAN)
        return code;
    run->pieces = calloc((size_t)run->files->count, sizeof *run->pieces);
    if (run->pieces == NULL)
        return cmd_trouble("memory ran out");
    cmd_worlds_by_thread();
    end = io_pool_run(&pool);
    for (int i = 0; i < run->files->count; i++) {
        io_bytes_free(&run->pieces[i].out);
        io_bytes_free(&run->pieces[i].err);
    }
    free(run->pieces);
    return end == IO_INTERRUPTED ? IO_EXIT_INTERRUPTED : end == IO_DONE ? run->code : CMD_TROUBLE;
}

static int
run_work(struct run *run, io_work work)
{
    return run->jobs > 1 ? run_pool(run) : cmd_work(work, run, &run->code);
}

/* The first piece with --json: every file must be good before a byte is printed. */
static bool
run_json_load(void *context, struct io_bytes *out, struct io_bytes *err)
{
    struct run *run = context;

    (void)out;
    (void)run_has_machine(run, err);
    for (int i = 0; i < run->files->count; i++) {
        run->programs[i] = cmd_load(run->files->word[i], err);
        if (run->programs[i] == NULL)
            run_worse(run, CMD_TROUBLE);
    }
    return false;
}

static int
run_json(struct run *run)
{
    int code;

    run->programs = calloc((size_t)run->files->count, sizeof(*run->programs));
    if (run->programs == NULL)
        return cmd_trouble("memory ran out");
    code = cmd_work(run_json_load, run, &run->code);
    if (code == CMD_CLEAN)
        code = run_work(run, run_json_work);
    for (int i = 0; i < run->files->count; i++) {
        if (run->programs[i] != NULL)
            scn_program_free(run->programs[i]);
    }
    free(run->programs);
    return code;
}

/* --backend; false: the model is to run. */
static bool
run_elsewhere(const char *backend, struct cmd_words *words, bool is_json, bool may_panic, int *code)
{
    if (strcmp(backend, "model") == 0 && !may_panic)
        return false;
    if (strcmp(backend, "replay") == 0 && !may_panic)
        *code = cmd_replay_recording(words, is_json);
    else if (strcmp(backend, "xnu") != 0)
        *code = may_panic ? cmd_trouble("--may-panic goes with --backend xnu")
                          : cmd_trouble("unknown backend '%s': model, replay or xnu", backend);
    else if (words->count != 1)
        *code = cmd_trouble("--backend xnu takes one file");
    else
        *code = cmd_xnu(words->word[0], may_panic);
    return true;
}

/* Each run has the whole time, and the worlds of each the whole memory. */
static bool
run_limit(const char *seconds_text, const char *memory_text)
{
    uint32_t seconds;
    uint64_t bytes;

    if (seconds_text != NULL) {
        if (!cmd_number("--time-limit", seconds_text, &seconds))
            return false;
        io_limit_time((uint64_t)seconds * 1000);
    }
    if (memory_text != NULL) {
        if (!cmd_size("--memory-limit", memory_text, &bytes))
            return false;
        cmd_limit_memory(bytes);
    }
    return true;
}

static bool
run_may_watch(const struct cmd_words *words, bool is_json)
{
    if (is_json)
        cmd_trouble("--watch and --json exclude each other");
    for (int i = 0; i < words->count; i++) {
        if (strcmp(words->word[i], "-") == 0) {
            cmd_trouble("--watch needs files: standard input is not saved again");
            return false;
        }
    }
    return !is_json;
}

/* Again and again: what is saved while a run goes on is seen behind it. */
static int
run_watch(struct run *run)
{
    struct io_stamp *stamps = calloc((size_t)run->files->count, sizeof *stamps);
    bool has_changed;
    int code;

    if (stamps == NULL)
        return cmd_trouble("memory ran out");
    do {
        run->next = 0;
        run->code = CMD_CLEAN;
        run->is_first_run = true;
        io_stamps_take(run->files->word, run->files->count, stamps);
        code = run_work(run, run_text_work);
        if (code == IO_EXIT_INTERRUPTED)
            break;
        fprintf(stderr, "waiting until a file is saved; Ctrl-C ends\n");
        has_changed = io_watch(run->files->word, run->files->count, stamps);
    } while (has_changed);
    free(stamps);
    return IO_EXIT_INTERRUPTED;
}

/* --trace and --dot: one file, which can be read twice. */
static bool
run_may_export(const struct cmd_words *words, const struct cmd_export *export, bool is_watching)
{
    if (words->count != 1 || strcmp(words->word[0], "-") == 0)
        cmd_trouble("--trace and --dot need one file: faultline run --trace OUT FILE");
    else if (is_watching)
        cmd_trouble("--watch goes without --trace and --dot");
    else if ((export->trace != NULL && strcmp(export->trace, "-") == 0) ||
             (export->dot != NULL && strcmp(export->dot, "-") == 0))
        cmd_trouble("--trace and --dot need a file's name: standard output has the run");
    else
        return true;
    return false;
}

/* Behind the run; what it said decides the exit code, unless the file cannot be written. */
static int
run_export(const struct run *run, struct cmd_export *export, int code)
{
    int exported;

    if (code != CMD_CLEAN && code != CMD_FINDINGS)
        return code;
    export->file = run->files->word[0];
    export->has_profile = run->has_profile;
    export->profile = run->profile;
    export->geometry = run->machine_name != NULL ? &run->geometry : NULL;
    exported = cmd_export(export);
    return exported != CMD_CLEAN ? exported : code;
}

int
cmd_run(const struct cmd_verb *verb, struct cmd_words *words)
{
    struct run run = { .files = words, .is_first_run = true, .jobs = 1 };
    bool is_json = false, wants_events = false, is_quiet = false, wants_help = false;
    bool may_panic = false, is_watching = false;
    const char *profile = NULL, *backend = "model", *verify = "observed";
    const char *seconds = NULL, *memory = NULL, *jobs = NULL;
    struct cmd_export export = { 0 };
    int code;
    const struct cmd_option options[] = {
        { "--trace", NULL, &export.trace },  { "--dot", NULL, &export.dot },
        { "--backend", NULL, &backend },     { "--may-panic", &may_panic, NULL },
        { "--json", &is_json, NULL },        { "--events", &wants_events, NULL },
        { "--quiet", &is_quiet, NULL },      { "--profile", &run.has_profile, &profile },
        { "--verify", NULL, &verify },       { "--watch", &is_watching, NULL },
        { "--jobs", NULL, &jobs },           { "--time-limit", NULL, &seconds },
        { "--memory-limit", NULL, &memory }, { "--machine", NULL, &run.machine_name },
        { "--help", &wants_help, NULL },
    };

    if (!cmd_parse(verb, words, options, VMM_COUNT_OF(options)))
        return CMD_TROUBLE;
    if (wants_help)
        return cmd_say(verb->help);
    if (!run_limit(seconds, memory))
        return CMD_TROUBLE;
    if (jobs != NULL && !cmd_number("--jobs", jobs, &run.jobs))
        return CMD_TROUBLE;
    if (run.jobs > RUN_JOBS_MOST)
        return cmd_trouble("--jobs: at most %d", RUN_JOBS_MOST);
    if (run.has_profile && !cmd_profile_find(profile, &run.profile))
        return CMD_TROUBLE;
    run.is_strict = strcmp(verify, "strict") == 0;
    if (!run.is_strict && strcmp(verify, "observed") != 0)
        return cmd_trouble("--verify takes observed or strict, not '%s'", verify);
    if (words->count == 0)
        return cmd_trouble("'run' needs a file: faultline run FILE...");
    if (run_elsewhere(backend, words, is_json, may_panic, &code))
        return code;
    run.flags = (wants_events ? SCN_PRINT_EVENTS : 0u) | (is_quiet ? SCN_PRINT_QUIET : 0u);
    if (is_watching && !run_may_watch(words, is_json))
        return CMD_TROUBLE;
    if ((export.trace != NULL || export.dot != NULL) &&
        !run_may_export(words, &export, is_watching))
        return CMD_TROUBLE;
    run.flags |= !is_json && cmd_wants_colour() ? SCN_PRINT_COLOUR : 0u;
    if (is_watching)
        code = run_watch(&run);
    else
        code = is_json ? run_json(&run) : run_work(&run, run_text_work);
    if (export.trace != NULL || export.dot != NULL)
        code = run_export(&run, &export, code);
    return code;
}

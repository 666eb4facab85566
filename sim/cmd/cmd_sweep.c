/*
 * cmd_sweep.c - faultline sweep: every point of a grid, kept as it comes, gone on with later
 *
 *     points --> chunks --> pool: text, program, runs --> loop: one transaction a batch --> file
 *
 * A chunk is a run of points of our shard; those that were done before are passed over. Its rows come back
 * as lines of tab-separated fields, which no field can break: names hold no tab, and JSON escapes it. What we
 * keep of a point is one bit.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cmd/cmd.h"
#include "core/core_out.h"
#include "core/sweep.h"
#include "core/version.h"
#include "fiber/fiber.h"
#include "io/io_file.h"
#include "io/io_pool.h"
#include "store/store.h"

enum { SWEEP_CHUNK = 16, SWEEP_FIELDS = 8, SWEEP_TICK_MS = 200, SWEEP_LINE_MS = 10000 };

/* A batch ends with a tick, or with so many chunks: a fast machine too loses little when the disk is full. */
enum { SWEEP_BATCH = 16 };

const char cmd_sweep_help[] =
    "usage: faultline sweep FILE -o RESULTS.db [options]\n"
    "\n"
    "Runs every point of a scenario with parameters, each in a world of its own:\n"
    "\n"
    "  param pages = 1 4 16 .. 4096        param how = lazy wire\n"
    "  when how is wire: wire m in         load m ${pages*touched}p\n"
    "\n"
    "Points that name a machine ('param on = skylake m1', 'machine $on') have its\n"
    "prices: cost_ns, and the range. Results go to an SQLite file as they come; the\n"
    "same command goes on where Ctrl-C or worse has stopped it.\n"
    "\n"
    "  -o FILE      where results go; made when it is not there\n"
    "  --jobs N     workers (all cores); the results are the same with any number\n"
    "  --shard I/N  only every N-th point, from the I-th on (1/4 to 4/4)\n"
    "  --seed N     of 'random' samples (1)\n"
    "  --quiet      no progress\n"
    "  --help       this page\n"
    "exit: 0 all points are done, 2 trouble, 130 Ctrl-C\n"
    "\n"
    "example:\n"
    "  faultline sweep sim/scenarios/sweep_break_even.scn -o r.db\n";

struct sweep_job {
    struct sweep *sweep;
    const char *file;
    const char *path;
    struct store *store;
    struct store_run run;
    uint8_t *done; /* bits of points, as they were when we began */
    uint64_t shard, shards;
    uint64_t shard_points; /* all of our shard's */
    uint64_t point_count;  /* what is to do of them */
    uint64_t finished;     /* points, in this process */
    uint64_t began_ms, said_ms;
    unsigned batch; /* chunks in the transaction that is open; 0: none is */
    bool has_failed;
    bool is_quiet;
    bool is_terminal;
    unsigned jobs;
};

/* ---- chunks ---- */

/* The `index`th point of our shard. */
static uint64_t
sweep_point_at(const struct sweep_job *job, uint64_t index)
{
    return job->shard - 1 + index * job->shards;
}

static uint64_t
sweep_chunk_end(const struct sweep_job *job, uint64_t chunk)
{
    uint64_t end = (chunk + 1) * SWEEP_CHUNK;

    return end < job->shard_points ? end : job->shard_points;
}

static bool
sweep_was_done(const struct sweep_job *job, uint64_t point)
{
    return (job->done[point / 8] >> point % 8 & 1) != 0;
}

/* ---- on the pool ---- */

struct sweep_writer {
    const struct sweep_job *job;
    struct io_bytes *bytes;
    uint32_t order;
};

static void
sweep_put_params(const struct core_out *out, const struct sweep *sweep, uint64_t point)
{
    core_put(out, "{");
    for (size_t i = 0; i < sweep_param_count(sweep); i++) {
        core_put(out, i > 0 ? ", " : "");
        core_put_json(out, sweep_param_name(sweep, i));
        core_put(out, ": ");
        core_put_json(out, sweep_value_at(sweep, i, sweep_point_value(sweep, point, i)));
    }
    core_put(out, "}");
}

static void
sweep_write_row(void *context, const struct sweep_row *row)
{
    struct sweep_writer *writer = context;
    struct core_out out = cmd_out(writer->bytes);
    struct vm_profile profile;

    vm_profile_at(row->profile, &profile);
    io_bytes_format(writer->bytes, "%" PRIu64 "\t%" PRIu32 "\t%s\t%s\t%s\t%016" PRIx64 "\t",
                    row->point, writer->order++, profile.name, row->verdict, row->stop,
                    row->digest);
    sweep_put_params(&out, writer->job->sweep, row->point);
    core_put(&out, "\t");
    core_put(&out, row->values);
    core_put(&out, "\n");
}

/* False, with a line "!...": the point is no scenario, or memory is short for it. */
static bool
sweep_do_point(const struct sweep_job *job, struct scn_fibers *fibers, uint64_t point,
               struct io_bytes *bytes)
{
    struct sweep_writer writer = { job, bytes, 0 };
    struct scn_error error = { 0 };
    char text[CMD_ERROR_BYTES];

    switch (
        sweep_run_point(job->sweep, &cmd_heap, fibers, point, sweep_write_row, &writer, &error)) {
    case SCN_OK:
        return true;
    case SCN_BAD_SOURCE:
        cmd_error_text(job->file, &error, text);
        io_bytes_format(bytes, "!%s (point %" PRIu64 ")\n", text, point);
        break;
    case SCN_NO_MEMORY:
        io_bytes_format(bytes, "!%s: memory ran out at point %" PRIu64 "\n", job->file, point);
        break;
    }
    return false;
}

static void
sweep_do_chunk(void *context, uint64_t chunk, struct io_bytes *bytes)
{
    const struct sweep_job *job = context;
    struct scn_fibers *fibers = fiber_set_create();
    bool goes_on = true;

    for (uint64_t i = chunk * SWEEP_CHUNK; goes_on && i < sweep_chunk_end(job, chunk); i++) {
        uint64_t point = sweep_point_at(job, i);

        if (!sweep_was_done(job, point))
            goes_on = sweep_do_point(job, fibers, point, bytes);
    }
    fiber_set_destroy(fibers);
}

/* ---- on the loop's thread ---- */

static bool
sweep_store_fail(struct sweep_job *job)
{
    store_rollback(job->store);
    job->batch = 0;
    job->has_failed = true;
    cmd_trouble(
        "%s: cannot be written: %s: what was reported done is kept; the same command goes on",
        job->path, store_why(job->store));
    return false;
}

static bool
sweep_commit(struct sweep_job *job)
{
    if (job->batch == 0)
        return true;
    job->batch = 0;
    return store_commit(job->store) || sweep_store_fail(job);
}

/* Cuts a line at its tabs, in place. */
static bool
sweep_store_line(struct sweep_job *job, char *line)
{
    char *field[SWEEP_FIELDS];
    struct store_row row;

    for (size_t i = 0; i < SWEEP_FIELDS; i++) {
        field[i] = line;
        line += strcspn(line, "\t");
        if (*line != '\0')
            *line++ = '\0';
    }
    row = (struct store_row){ .point = strtoull(field[0], NULL, 10),
                              .order = (uint32_t)strtoul(field[1], NULL, 10),
                              .profile = field[2],
                              .verdict = field[3],
                              .stop = field[4],
                              .digest = field[5],
                              .params = field[6],
                              .values = field[7] };
    return store_put(job->store, job->run.id, &row) || sweep_store_fail(job);
}

static bool
sweep_store_chunk(void *context, uint64_t chunk, const struct io_bytes *bytes)
{
    struct sweep_job *job = context;
    char *line = bytes->data;

    if (job->has_failed) /* a tick could not commit */
        return false;
    if (job->batch == 0 && !store_begin(job->store))
        return sweep_store_fail(job);
    job->batch++;
    for (const char *end = bytes->data + bytes->length; line < end;) {
        char *next = memchr(line, '\n', (size_t)(end - line));

        *next = '\0';
        if (*line == '!') {
            job->has_failed = true;
            cmd_trouble("%s", line + 1);
            store_rollback(job->store);
            job->batch = 0;
            return false;
        }
        if (!sweep_store_line(job, line))
            return false;
        line = next + 1;
    }
    for (uint64_t i = chunk * SWEEP_CHUNK; i < sweep_chunk_end(job, chunk); i++)
        job->finished += !sweep_was_done(job, sweep_point_at(job, i));
    return job->batch < SWEEP_BATCH || sweep_commit(job);
}

/* ---- progress ---- */

static void
sweep_say_progress(struct sweep_job *job, uint64_t now)
{
    uint64_t total = job->point_count;
    uint64_t spent = now - job->began_ms + 1;
    double rate = (double)job->finished * 1000 / (double)spent;
    double left = rate > 0 ? (double)(total - job->finished) / rate : 0;

    fprintf(stderr, "%s%" PRIu64 " of %" PRIu64 " points, %.0f a second, %.0f s left%s",
            job->is_terminal ? "\r\033[K" : "", job->finished, total, rate, left,
            job->is_terminal ? "" : "\n");
    job->said_ms = now;
}

static void
sweep_say_end(struct sweep_job *job)
{
    sweep_say_progress(job, io_now_ms());
    fputc('\n', stderr);
}

/* What is finished is committed, and only then told. */
static void
sweep_tick(void *context)
{
    struct sweep_job *job = context;
    uint64_t now = io_now_ms();

    if (!sweep_commit(job) || job->is_quiet)
        return;
    if (job->is_terminal || now - job->said_ms >= SWEEP_LINE_MS)
        sweep_say_progress(job, now);
}

/* ---- beginning and end ---- */

/* "I/N": both numbers, 1 <= I <= N. */
static bool
sweep_read_shard(const char *text, struct sweep_job *job)
{
    char *end;

    errno = 0;
    job->shard = strtoull(text, &end, 10);
    job->shards = *end == '/' ? strtoull(end + 1, &end, 10) : 0;
    if (errno == 0 && *end == '\0' && text[0] >= '1' && text[0] <= '9' && job->shard >= 1 &&
        job->shard <= job->shards && job->shards <= SWEEP_POINTS_MAX)
        return true;
    cmd_trouble("--shard %s: write I/N with I from 1 to N, such as 1/4, and N up to %" PRIu64, text,
                SWEEP_POINTS_MAX);
    return false;
}

static bool
sweep_read_number(const char *name, const char *text, uint64_t most, uint64_t *number)
{
    char *end;

    errno = 0;
    *number = strtoull(text, &end, 0);
    if (errno == 0 && *end == '\0' && text[0] >= '0' && text[0] <= '9' && *number <= most)
        return true;
    cmd_trouble("%s %s: a number up to %" PRIu64 " is wanted", name, text, most);
    return false;
}

/* Whether the first point is a scenario: what is wrong in every point is told before there is a run. */
static enum scn_outcome
sweep_try_first(const struct sweep_job *job, struct scn_error *error)
{
    struct scn_program *program = NULL;
    struct io_bytes text = { 0 };
    struct core_out out = cmd_out(&text);
    enum scn_outcome outcome = sweep_point_text(job->sweep, 0, &out, error);

    if (outcome == SCN_OK)
        outcome =
            scn_parse(&cmd_heap, text.length > 0 ? text.data : "", text.length, &program, error);
    if (outcome == SCN_OK)
        scn_program_free(program);
    io_bytes_free(&text);
    return outcome;
}

static bool
sweep_load(struct sweep_job *job, uint64_t seed)
{
    struct scn_error error = { 0 };
    struct io_bytes source = { 0 };
    char why[IO_WHY_BYTES], text[CMD_ERROR_BYTES];
    enum scn_outcome outcome;

    if (!io_file_read(job->file, SCN_SOURCE_MAX, &source, why)) {
        io_bytes_free(&source);
        cmd_trouble("%s: cannot be read: %s", job->file, why);
        return false;
    }
    outcome = sweep_parse(&cmd_heap, source.data != NULL ? source.data : "", source.length, seed,
                          &job->sweep, &error);
    io_bytes_free(&source);
    if (outcome == SCN_OK)
        outcome = sweep_try_first(job, &error);
    if (outcome == SCN_BAD_SOURCE) {
        cmd_error_text(job->file, &error, text);
        cmd_trouble("%s", text);
    }
    if (outcome == SCN_NO_MEMORY)
        cmd_trouble("%s: memory ran out", job->file);
    return outcome == SCN_OK;
}

/* Counts the points of our shard, and those that are not done yet. */
static bool
sweep_plan(struct sweep_job *job)
{
    uint64_t points = sweep_point_count(job->sweep);

    job->done = calloc((size_t)(points / 8 + 1), 1);
    if (job->done == NULL) {
        cmd_trouble("%s: memory ran out", job->file);
        return false;
    }
    if (!store_run_done(job->store, &job->run, job->done)) {
        cmd_trouble("%s: cannot be read: %s", job->path, store_why(job->store));
        return false;
    }
    for (uint64_t point = job->shard - 1; point < points; point += job->shards) {
        job->shard_points++;
        job->point_count += !sweep_was_done(job, point);
    }
    return true;
}

static void
sweep_count_runs(void *context, const struct store_run *run)
{
    uint64_t *runs = context;

    (void)run;
    (*runs)++;
}

static bool
sweep_open(struct sweep_job *job, uint64_t seed)
{
    struct io_bytes params = { 0 };
    struct core_out out = cmd_out(&params);
    char why[STORE_WHY_BYTES];
    uint64_t runs = 0;
    bool is_new = false, is_begun;

    job->store = store_open(job->path, STORE_WRITE, why);
    if (job->store == NULL) {
        cmd_trouble("%s: cannot be opened: %s", job->path, why);
        return false;
    }
    core_put(&out, "[");
    for (size_t i = 0; i < sweep_param_count(job->sweep); i++) {
        core_put(&out, i > 0 ? ", " : "");
        core_put_json(&out, sweep_param_name(job->sweep, i));
    }
    core_put_bytes(&out, "]", 2);
    job->run = (struct store_run){ .file = job->file,
                                   .identity = sweep_identity(job->sweep),
                                   .version = FAULTLINE_VERSION,
                                   .seed = seed,
                                   .points = sweep_point_count(job->sweep),
                                   .params = params.data };
    is_begun = store_each_run(job->store, sweep_count_runs, &runs) &&
               store_run_begin(job->store, &job->run, &is_new);
    io_bytes_free(&params);
    job->run.params = NULL;
    if (!is_begun)
        cmd_trouble("%s: cannot be written: %s", job->path, store_why(job->store));
    else if (is_new && runs > 0 && !job->is_quiet)
        cmd_warn("a new run: the scenario, the seed or the version is not that of the %" PRIu64
                 " run(s) in %s",
                 runs, job->path);
    return is_begun;
}

static int
sweep_run(struct sweep_job *job)
{
    struct io_pool pool = { .program = "faultline",
                            .workers = job->jobs,
                            .jobs = (job->shard_points + SWEEP_CHUNK - 1) / SWEEP_CHUNK,
                            .context = job,
                            .job = sweep_do_chunk,
                            .done = sweep_store_chunk,
                            .tick = sweep_tick,
                            .tick_ms = SWEEP_TICK_MS };
    enum io_end end = IO_DONE;

    job->is_terminal = io_is_terminal(2);
    job->began_ms = job->said_ms = io_now_ms();
    if (job->point_count > 0)
        end = io_pool_run(&pool);
    (void)sweep_commit(job);
    if (job->is_terminal && !job->is_quiet)
        sweep_say_end(job);
    if (end == IO_WRITE_FAILED || job->has_failed)
        return CMD_TROUBLE;
    cmd_print_line("run %" PRId64 " of %s: %" PRIu64 " point(s) done now, %" PRIu64
                   " before, of %" PRIu64 "%s",
                   job->run.id, job->path, job->finished, job->run.done, job->run.points,
                   end == IO_INTERRUPTED ? "; stopped, the same command goes on" : "");
    return end == IO_INTERRUPTED ? IO_EXIT_INTERRUPTED : CMD_CLEAN;
}

static void
sweep_close(struct sweep_job *job)
{
    if (job->store != NULL)
        store_close(job->store);
    if (job->sweep != NULL)
        sweep_free(job->sweep);
    free(job->done);
}

int
cmd_sweep(const struct cmd_verb *verb, struct cmd_words *words)
{
    struct sweep_job job = { .shard = 1, .shards = 1 };
    const char *jobs = NULL, *shard = NULL, *seed_text = "1";
    bool wants_help = false;
    uint64_t seed, workers = 0;
    const struct cmd_option options[] = {
        { "-o", NULL, &job.path },          { "--jobs", NULL, &jobs },
        { "--shard", NULL, &shard },        { "--seed", NULL, &seed_text },
        { "--quiet", &job.is_quiet, NULL }, { "--help", &wants_help, NULL },
    };
    int code = CMD_TROUBLE;

    if (!cmd_parse(verb, words, options, VMM_COUNT_OF(options)))
        return CMD_TROUBLE;
    if (wants_help)
        return cmd_say(verb->help);
    if (!sweep_read_number("--seed", seed_text, UINT64_MAX, &seed) ||
        (jobs != NULL && !sweep_read_number("--jobs", jobs, 64, &workers)) ||
        (shard != NULL && !sweep_read_shard(shard, &job)) || !cmd_at_most(verb, words, 1))
        return CMD_TROUBLE;
    if (words->count == 0 || job.path == NULL)
        return cmd_trouble(
            "'sweep' needs a file and where results go: faultline sweep FILE -o R.db");
    job.file = words->word[0];
    job.jobs = (unsigned)workers;
    cmd_worlds_by_thread();
    if (sweep_load(&job, seed) && sweep_open(&job, seed) && sweep_plan(&job))
        code = sweep_run(&job);
    sweep_close(&job);
    return code;
}

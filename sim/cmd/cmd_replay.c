/*
 * cmd_replay.c - faultline replay: a trace of memory references, run through the model or converted
 *
 * One piece of work reads for a fraction of a second, so that the loop hears Ctrl-C and shows progress.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cmd/cmd.h"
#include "core/memtrace_own.h"
#include "core/replay.h"
#include "io/io_pool.h"
#include "io/io_source.h"
#include "io/io_target.h"

const char cmd_replay_help[] =
    "usage: faultline replay TRACE [options]\n"
    "\n"
    "Runs a program's memory references through the model: TLB misses, walks, faults,\n"
    "flushes, their cost, hot pages. '-' is standard input; gzip and zstd are\n"
    "unpacked. Forms: lackey (valgrind), din, view (DynamoRIO), champsim, plain, own.\n"
    "\n"
    "  --machine NAME  machine (skylake), or a .json file of your own\n"
    "  --profile NAME  release (macos-15.5); --release is the same\n"
    "  --cpus N        CPUs (4); threads of the trace share them\n"
    "  --memory WAY    what comes before use: lazy, prefault or wire (lazy)\n"
    "  --region BYTES  mapped around an address that is used first (64K)\n"
    "  --ram BYTES     physical memory (4G)\n"
    "  --format FORM   do not guess; champsim is never guessed\n"
    "  --skip N        begin behind the first N references, as if they were not\n"
    "  --limit N       stop after N references\n"
    "  --strict        a bad line ends it\n"
    "  --convert FILE  write the trace in our own form instead of running it\n"
    "  --json          print one JSON object\n"
    "  --quiet         no progress\n"
    "  --help          this page\n"
    "\n"
    "example:\n"
    "  valgrind --tool=lackey --trace-mem=yes ls 2>&1 | faultline replay -\n";

enum {
    REPLAY_CHUNK = 1 << 16,
    REPLAY_PIECE_MS = 200,
    REPLAY_SAY_MS = 10000,
    REPLAY_SHOWN = 10,
    REPLAY_LINE_BYTES = 96
};

struct replaying {
    const char *file, *machine_name, *profile_name, *way, *format, *convert;
    const char *region, *ram, *cpus_text, *limit_text, *skip_text;
    bool is_strict, is_json, is_quiet;
    uint64_t limit, region_bytes, ram_bytes;
    uint32_t cpus;
    struct machine machine;
    struct replay_options options;
    struct replay *replay;
    struct io_source *source;
    struct io_target *target;
    struct memtrace_writer *writer;
    struct memtrace_reader *reader;
    uint8_t *chunk;
    uint64_t references; /* taken */
    uint64_t begun;      /* taken before the block that comes as visits */
    uint64_t visited;    /* that the block has */
    uint64_t skip;       /* how many more are passed over */
    struct {
        uint64_t line;
        char text[REPLAY_LINE_BYTES];
    } shown[REPLAY_SHOWN];
    size_t shown_count;
    bool is_started, is_limited, hit_bad;
    uint64_t started_ms, said_ms;
    int code;
};

/* ---- what the reader hands out ---- */

/* What of a batch lies behind those that are passed over. */
static const struct memtrace_batch *
replaying_skip(struct replaying *replaying, const struct memtrace_batch *batch,
               struct memtrace_batch *rest)
{
    size_t skipped = batch->count < replaying->skip ? batch->count : (size_t)replaying->skip;

    if (skipped == 0)
        return batch;
    replaying->skip -= skipped;
    rest->count = batch->count - skipped;
    memcpy(rest->va, batch->va + skipped, rest->count * sizeof *rest->va);
    memcpy(rest->how, batch->how + skipped, rest->count * sizeof *rest->how);
    return rest;
}

static bool
replaying_references(void *context, const struct memtrace_batch *all)
{
    struct replaying *replaying = context;
    struct memtrace_batch rest, part;
    const struct memtrace_batch *batch = replaying_skip(replaying, all, &rest), *taken = batch;
    bool goes_on = true;

    if (batch->count >= replaying->limit - replaying->references) {
        part = *batch;
        part.count = (size_t)(replaying->limit - replaying->references);
        replaying->is_limited = true;
        taken = &part;
    }
    replaying->references += taken->count;
    if (replaying->writer != NULL)
        memtrace_write(replaying->writer, taken);
    else
        goes_on = replay_references(replaying->replay, taken);
    return goes_on && !replaying->is_limited;
}

static bool
replaying_event(void *context, const struct memtrace_event *event)
{
    struct replaying *replaying = context;

    if (replaying->skip > 0)
        return true;
    if (replaying->writer == NULL)
        return replay_event(replaying->replay, event);
    memtrace_write_event(replaying->writer, event);
    return true;
}

/* A block that is wanted whole may come as visits: none of it is passed over, and it does not reach the limit. */
static bool
replaying_begins(void *context, const struct memtrace_block *block)
{
    struct replaying *replaying = context;

    replaying->begun = replaying->references;
    replaying->visited = block->references;
    return replaying->writer == NULL && replaying->skip == 0 &&
           block->references < replaying->limit - replaying->references &&
           replay_visitor.begins(replaying->replay, block);
}

static bool
replaying_visits(void *context, const uint8_t *visits, size_t count)
{
    struct replaying *replaying = context;

    if (replay_visitor.visits(replaying->replay, visits, count))
        return true;
    replaying->references = replaying->begun; /* they come again */
    return false;
}

static bool
replaying_ends(void *context)
{
    struct replaying *replaying = context;
    bool is_made = replay_visitor.ends(replaying->replay);

    replaying->references = replaying->begun + (is_made ? replaying->visited : 0);
    return is_made;
}

static const struct memtrace_visitor replaying_visitor = { replaying_begins, replaying_visits,
                                                           replaying_ends };

static bool
replaying_bad(void *context, uint64_t line, const char *text, size_t length)
{
    struct replaying *replaying = context;

    replaying->hit_bad = true;
    if (replaying->shown_count < REPLAY_SHOWN) {
        size_t i = replaying->shown_count++;

        replaying->shown[i].line = line;
        snprintf(replaying->shown[i].text, REPLAY_LINE_BYTES, "%.*s", (int)length, text);
    }
    return !replaying->is_strict;
}

/* ---- begin and end ---- */

static bool
replaying_options(struct replaying *replaying, struct io_bytes *err)
{
    struct replay_options *options = &replaying->options;
    char bytes[160];
    struct vmm_text why;

    vmm_text_init(&why, bytes, sizeof bytes);
    if (!cmd_machine_load(replaying->machine_name, &replaying->machine, err))
        return false;
    options->alloc = &cmd_heap;
    options->cpus = replaying->cpus;
    options->region_bytes = replaying->region_bytes;
    options->ram_bytes = replaying->ram_bytes;
    if (!machine_geometry(&replaying->machine, &options->geometry, &why)) {
        cmd_complain(err, "%s: %s", replaying->machine_name, bytes);
        return false;
    }
    replaying->replay = replay_create(options, &why);
    if (replaying->replay == NULL)
        cmd_complain(err, "faultline: %s", bytes);
    return replaying->replay != NULL;
}

static bool
replaying_convert(struct replaying *replaying, struct io_bytes *err)
{
    char why[IO_WHY_BYTES];
    struct core_out to;

    replaying->target = io_target_open_whole(replaying->convert, why);
    if (replaying->target == NULL) {
        cmd_complain(err, "%s: cannot be written: %s", replaying->convert, why);
        return false;
    }
    replaying->writer = malloc(sizeof *replaying->writer);
    if (replaying->writer == NULL)
        return false;
    to = (struct core_out){ io_target_put, replaying->target };
    memtrace_writer_init(replaying->writer, &cmd_heap, &to);
    return true;
}

static bool
replaying_read_at(void *context, uint64_t offset, uint8_t *bytes, size_t length)
{
    return io_source_read_at(context, offset, bytes, length);
}

/* Where the file has an index, what is passed over need not be read. */
static void
replaying_seek(struct replaying *replaying)
{
    const struct memtrace_file file = { replaying->source, io_source_total(replaying->source),
                                        replaying_read_at };
    struct memtrace_entry block;

    if (replaying->skip == 0 || !memtrace_find_block(&file, replaying->skip, &block))
        return;
    memtrace_begin_at(replaying->reader, &block);
    io_source_seek(replaying->source, block.offset);
    replaying->skip -= block.references;
}

static bool
replaying_start(struct replaying *replaying, struct io_bytes *err)
{
    const struct memtrace_sink sink = { replaying, replaying_references, replaying_event,
                                        replaying_bad, &replaying_visitor };
    enum memtrace_format format = MEMTRACE_UNKNOWN;
    char why[IO_WHY_BYTES];

    replaying->is_started = true;
    replaying->started_ms = replaying->said_ms = io_now_ms();
    replaying->reader = malloc(sizeof *replaying->reader);
    replaying->chunk = malloc(REPLAY_CHUNK);
    if (replaying->reader == NULL || replaying->chunk == NULL) {
        cmd_complain(err, "faultline: memory ran out");
        return false;
    }
    if (replaying->format != NULL)
        memtrace_format_find(replaying->format, &format);
    memtrace_reader_init(replaying->reader, format, &sink);
    replaying->source = io_source_open(replaying->file, why);
    if (replaying->source == NULL) {
        cmd_complain(err, "%s: cannot be read: %s", replaying->file, why);
        return false;
    }
    replaying_seek(replaying);
    return replaying->convert != NULL ? replaying_convert(replaying, err)
                                      : replaying_options(replaying, err);
}

static void
replaying_free(struct replaying *replaying)
{
    if (replaying->replay != NULL)
        replay_destroy(replaying->replay);
    if (replaying->source != NULL)
        io_source_close(replaying->source);
    if (replaying->writer != NULL)
        memtrace_writer_free(replaying->writer);
    if (replaying->target != NULL)
        io_target_drop(replaying->target);
    free(replaying->writer);
    free(replaying->reader);
    free(replaying->chunk);
}

/* The lines that were no references, as far as they are shown. */
static void
replaying_say_bad(const struct replaying *replaying, struct io_bytes *err)
{
    for (size_t i = 0; i < replaying->shown_count; i++)
        cmd_complain(err, "%s:%" PRIu64 ": no reference of %s: %s", replaying->file,
                     replaying->shown[i].line, memtrace_format_name(replaying->reader->format),
                     replaying->shown[i].text);
    if (replaying->reader->bad > replaying->shown_count)
        cmd_complain(err, "%s: %" PRIu64 " bad lines in all", replaying->file,
                     replaying->reader->bad);
}

static void
replaying_show(struct replaying *replaying, struct io_bytes *out)
{
    struct core_out to = cmd_out(out);
    struct replay_result result;
    const struct replay_report report = {
        replaying->file,        memtrace_format_name(replaying->reader->format),
        replaying->reader->bad, &replaying->options,
        &replaying->machine,    &result
    };

    replay_result(replaying->replay, &result);
    if (replaying->is_json)
        replay_json(&to, &report);
    else
        replay_text(&to, &report);
    if (result.stop->kind != VM_RUNNING)
        replaying->code = CMD_FINDINGS;
}

static void
replaying_close_target(struct replaying *replaying, struct io_bytes *out, struct io_bytes *err)
{
    bool is_whole = memtrace_writer_finish(replaying->writer);
    uint64_t bytes = replaying->writer->offset, references = replaying->writer->references;
    char why[IO_WHY_BYTES] = "memory ran out";

    if (is_whole)
        is_whole = io_target_close(replaying->target, why);
    else
        io_target_drop(replaying->target);
    replaying->target = NULL;
    if (!is_whole) {
        replaying->code = cmd_complain(err, "%s: cannot be written: %s", replaying->convert, why);
        return;
    }
    if (strcmp(replaying->convert, "-") != 0)
        io_bytes_format(out,
                        "%s: %" PRIu64 " references and %" PRIu64 " events in %" PRIu64
                        " bytes, %.2f a reference\n",
                        replaying->convert, references, replaying->writer->events, bytes,
                        references == 0 ? 0 : (double)bytes / (double)references);
}

/* The trace has ended, or one of us has: either a table, or one line. */
static void
replaying_end(struct replaying *replaying, const char *why, struct io_bytes *out,
              struct io_bytes *err)
{
    struct memtrace_reader *reader = replaying->reader;

    if (why == NULL && !replaying->is_limited && !memtrace_finish(reader))
        why = memtrace_why(reader);
    if (replaying->is_strict && replaying->hit_bad) {
        replaying_say_bad(replaying, err);
        replaying->code = CMD_TROUBLE;
    } else if (why != NULL) {
        replaying->code =
            cmd_complain(err, "%s: %s (%s, %" PRIu64 " references before it)", replaying->file, why,
                         memtrace_format_name(reader->format), replaying->references);
    } else if (replaying->skip > 0) {
        replaying->code =
            cmd_complain(err, "%s: --skip passes over all of its %" PRIu64 " references",
                         replaying->file, reader->references);
    } else if (replaying->writer != NULL) {
        replaying_say_bad(replaying, err);
        replaying_close_target(replaying, out, err);
    } else {
        struct replay_result result;

        replay_result(replaying->replay, &result);
        if (result.is_short) {
            replaying->code = cmd_complain(err, "faultline: memory ran out");
        } else if (result.accesses + result.refused == 0 && result.outside > 0) {
            replaying->code =
                cmd_complain(err, "%s: every address is outside of what %s gives a program",
                             replaying->file, replaying->machine_name);
        } else {
            replaying_say_bad(replaying, err);
            replaying_show(replaying, out);
        }
    }
}

/* ---- pieces ---- */

static void
replaying_say(struct replaying *replaying, uint64_t now, struct io_bytes *err)
{
    uint64_t done = io_source_done(replaying->source), total = io_source_total(replaying->source);
    bool is_terminal = io_is_terminal(2);
    double seconds = (double)(now - replaying->started_ms) / 1000;

    if (replaying->is_quiet || (!is_terminal && now - replaying->said_ms < REPLAY_SAY_MS))
        return;
    replaying->said_ms = now;
    io_bytes_format(err, "%s%.1f MB", is_terminal ? "\r\033[K" : "", (double)done / 1e6);
    if (total > 0)
        io_bytes_format(err, " of %.1f MB (%.0f %%)", (double)total / 1e6,
                        100 * (double)done / (double)total);
    io_bytes_format(err, ", %.1f M references, %.1f M/s", (double)replaying->references / 1e6,
                    seconds > 0 ? (double)replaying->references / 1e6 / seconds : 0);
    if (total > 0 && done > 0)
        io_bytes_format(err, ", %.0f s left", seconds * (double)(total - done) / (double)done);
    io_bytes_text(err, is_terminal ? "" : "\n");
}

static bool
replaying_work(void *context, struct io_bytes *out, struct io_bytes *err)
{
    struct replaying *replaying = context;
    char why[IO_WHY_BYTES];
    uint64_t began = io_now_ms(), now = began;
    ptrdiff_t got = 1;
    bool wants_more = true;

    if (!replaying->is_started && !replaying_start(replaying, err)) {
        replaying->code = CMD_TROUBLE;
        return false;
    }
    while (got > 0 && wants_more && now - began < REPLAY_PIECE_MS) {
        got = io_source_read(replaying->source, replaying->chunk, REPLAY_CHUNK, why);
        if (got > 0)
            wants_more = memtrace_feed(replaying->reader, replaying->chunk, (size_t)got);
        now = io_now_ms();
    }
    if (got > 0 && wants_more) {
        replaying_say(replaying, now, err);
        return true;
    }
    if (!replaying->is_quiet && io_is_terminal(2))
        io_bytes_text(err, "\r\033[K");
    replaying_end(replaying, got < 0 ? why : NULL, out, err);
    return false;
}

static bool
replaying_parse(struct replaying *replaying)
{
    enum memtrace_format format;
    uint32_t limit = UINT32_MAX, skip = 0;
    bool has_way = false;

    for (int way = 0; way < REPLAY_WAYS; way++) {
        if (strcmp(replaying->way, replay_way_name((enum replay_way)way)) == 0) {
            replaying->options.way = (enum replay_way)way;
            has_way = true;
        }
    }
    if (!has_way) {
        cmd_trouble("--memory %s: 'lazy', 'prefault' or 'wire' is wanted", replaying->way);
        return false;
    }
    if (replaying->format != NULL && !memtrace_format_find(replaying->format, &format)) {
        cmd_trouble("--format %s: lackey, din, view, champsim, plain or own is wanted",
                    replaying->format);
        return false;
    }
    if (!cmd_number("--cpus", replaying->cpus_text, &replaying->cpus) ||
        (replaying->limit_text != NULL && !cmd_number("--limit", replaying->limit_text, &limit)) ||
        (replaying->skip_text != NULL && !cmd_number("--skip", replaying->skip_text, &skip)) ||
        !cmd_size("--region", replaying->region, &replaying->region_bytes) ||
        !cmd_size("--ram", replaying->ram, &replaying->ram_bytes) ||
        !cmd_profile_find(replaying->profile_name, &replaying->options.profile))
        return false;
    replaying->skip = skip;
    replaying->limit = replaying->limit_text != NULL ? limit : UINT64_MAX;
    if (replaying->cpus > 64 || (replaying->region_bytes & (replaying->region_bytes - 1)) != 0) {
        cmd_trouble("%s", replaying->cpus > 64 ? "--cpus: at most 64"
                                               : "--region: a power of two is wanted");
        return false;
    }
    return true;
}

int
cmd_replay(const struct cmd_verb *verb, struct cmd_words *words)
{
    static struct replaying replaying = { .machine_name = "skylake",
                                          .profile_name = "macos-15.5",
                                          .way = "lazy",
                                          .region = "64K",
                                          .ram = "4G",
                                          .cpus_text = "4" };
    bool wants_help = false;
    const struct cmd_option options[] = {
        { "--machine", NULL, &replaying.machine_name },
        { "--release", NULL, &replaying.profile_name },
        { "--profile", NULL, &replaying.profile_name },
        { "--cpus", NULL, &replaying.cpus_text },
        { "--memory", NULL, &replaying.way },
        { "--region", NULL, &replaying.region },
        { "--ram", NULL, &replaying.ram },
        { "--format", NULL, &replaying.format },
        { "--skip", NULL, &replaying.skip_text },
        { "--limit", NULL, &replaying.limit_text },
        { "--convert", NULL, &replaying.convert },
        { "--strict", &replaying.is_strict, NULL },
        { "--json", &replaying.is_json, NULL },
        { "--quiet", &replaying.is_quiet, NULL },
        { "--help", &wants_help, NULL },
        { "-h", &wants_help, NULL },
    };
    int code;

    if (!cmd_parse(verb, words, options, VMM_COUNT_OF(options)))
        return CMD_TROUBLE;
    if (wants_help)
        return cmd_say(verb->help);
    if (words->count == 0)
        return cmd_trouble("'replay' needs a trace: faultline replay FILE");
    if (!cmd_at_most(verb, words, 1) || !replaying_parse(&replaying))
        return CMD_TROUBLE;
    replaying.file = words->word[0];
    code = cmd_work(replaying_work, &replaying, &replaying.code);
    replaying_free(&replaying);
    return code;
}

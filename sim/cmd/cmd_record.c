/*
 * cmd_record.c - faultline record: the trace of a program on this host, by valgrind's lackey or by DynamoRIO
 *
 * Lackey writes its text to a descriptor of its own, so that the program's output stays what it is; DynamoRIO's
 * view tool writes to standard error, which is then the trace's. The text is never kept.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cmd/cmd.h"
#include "core/memtrace_own.h"
#include "io/io_child.h"
#include "io/io_pool.h"
#include "io/io_target.h"

const char cmd_record_help[] =
    "usage: faultline record [-o FILE] [options] -- PROGRAM [ARGUMENTS...]\n"
    "\n"
    "Runs a program under valgrind's lackey and keeps every memory reference it\n"
    "makes, in the form that 'faultline replay' reads soonest. Lackey makes some two\n"
    "million references a second: what takes a second by itself takes ten minutes or\n"
    "more, and a byte or two a reference on disk. With DynamoRIO (drrun in PATH)\n"
    "threads become CPUs; what the program says on standard error is lost.\n"
    "\n"
    "  -o FILE      where to (PROGRAM.flt)\n"
    "  --with TOOL  lackey or dynamorio (lackey)\n"
    "  --limit N    end the program after N references (100000000)\n"
    "  --quiet      say nothing but the result\n"
    "  --help       this page\n"
    "\n"
    "example:\n"
    "  faultline record -o ls.flt -- ls -l && faultline replay ls.flt\n";

enum { RECORD_WORDS = 7 /* of a tool */, RECORD_NAME_BYTES = 256, RECORD_SAY_MS = 2000 };

static const struct record_tool {
    const char *name;
    char *words[RECORD_WORDS]; /* before the program's */
    int descriptor;            /* where the text comes */
    enum memtrace_format format;
    const char *says; /* how slow it will be */
    const char *absent;
} record_tools[] = {
    { "lackey",
      { "valgrind", "--tool=lackey", "--trace-mem=yes", "--log-fd=3", "--" },
      IO_CHILD_DESCRIPTOR,
      MEMTRACE_LACKEY,
      "valgrind's lackey: about 2 M references a second, some hundred times slower than alone",
      "valgrind cannot be run: install the package valgrind" },
    { "dynamorio",
      { "drrun", "-t", "drmemtrace", "-simulator_type", "view", "--" },
      2,
      MEMTRACE_VIEW,
      "DynamoRIO's view tool: about 100 bytes of text a reference, some hundred times slower than "
      "alone",
      "drrun cannot be run: put the folder bin64 of DynamoRIO into PATH" },
};

struct recording {
    const struct record_tool *tool;
    const char *target_name;
    bool is_quiet;
    uint64_t limit, references;
    bool is_limited;
    uint64_t started_ms, said_ms;
    struct io_target *target;
    struct memtrace_reader reader;
    struct memtrace_writer writer;
};

static bool
recording_references(void *context, const struct memtrace_batch *batch)
{
    struct recording *recording = context;
    struct memtrace_batch part = *batch;

    if (part.count >= recording->limit - recording->references) {
        part.count = (size_t)(recording->limit - recording->references);
        recording->is_limited = true;
    }
    recording->references += part.count;
    memtrace_write(&recording->writer, &part);
    return !recording->is_limited;
}

static bool
recording_event(void *context, const struct memtrace_event *event)
{
    struct recording *recording = context;

    memtrace_write_event(&recording->writer, event);
    return true;
}

static bool
recording_bad(void *context, uint64_t line, const char *text, size_t length)
{
    (void)context;
    (void)line;
    (void)text;
    (void)length;
    return true;
}

static bool
recording_take(void *context, const uint8_t *bytes, size_t length)
{
    struct recording *recording = context;
    uint64_t now = io_now_ms();

    if (!recording->is_quiet && now - recording->said_ms >= RECORD_SAY_MS) {
        recording->said_ms = now;
        fprintf(stderr, "%.1f M references, %.1f M/s\n", (double)recording->references / 1e6,
                (double)recording->references / 1e3 / (double)(now - recording->started_ms + 1));
    }
    return memtrace_feed(&recording->reader, bytes, length);
}

/* What was recorded up to any end is a whole trace. */
static int
recording_end(struct recording *recording, const struct io_child *child, char *const *program)
{
    bool is_whole = memtrace_finish(&recording->reader) || recording->is_limited;
    bool is_written = memtrace_writer_finish(&recording->writer);
    char why[IO_WHY_BYTES] = "memory ran out";
    double seconds = (double)(io_now_ms() - recording->started_ms) / 1000;

    if (is_whole && is_written)
        is_written = io_target_close(recording->target, why);
    else
        io_target_drop(recording->target);
    memtrace_writer_free(&recording->writer);
    if (!is_written)
        return cmd_trouble("%s: cannot be written: %s", recording->target_name, why);
    if (!is_whole)
        return cmd_trouble("%s: %s made no trace of it: does the program exist?", program[0],
                           recording->tool->words[0]);
    printf("%s: %" PRIu64 " references in %" PRIu64 " bytes, %.1f s%s\n", recording->target_name,
           recording->references, recording->writer.offset, seconds,
           recording->is_limited    ? ", ended at the limit"
           : child->was_interrupted ? ", interrupted"
           : child->exit_code != 0  ? ", the program failed"
           : child->signal != 0     ? ", a signal ended the program"
                                    : "");
    return child->was_interrupted && !recording->is_limited ? IO_EXIT_INTERRUPTED : CMD_CLEAN;
}

static int
record(struct recording *recording, char *const *program, int count)
{
    const struct record_tool *tool = recording->tool;
    char **words = calloc((size_t)count + RECORD_WORDS, sizeof *words);
    struct io_child child = {
        .words = words, .descriptor = tool->descriptor, .context = recording, .take = recording_take
    };
    size_t own = 0;
    const struct memtrace_sink sink = { recording, recording_references, recording_event,
                                        recording_bad, NULL };
    char why[IO_WHY_BYTES];
    struct core_out to;

    if (words == NULL)
        return cmd_trouble("memory ran out");
    for (; tool->words[own] != NULL; own++)
        words[own] = tool->words[own];
    memcpy(words + own, program, (size_t)count * sizeof *words);
    recording->target = io_target_open_whole(recording->target_name, why);
    if (recording->target == NULL) {
        free(words);
        return cmd_trouble("%s: cannot be written: %s", recording->target_name, why);
    }
    to = (struct core_out){ io_target_put, recording->target };
    memtrace_writer_init(&recording->writer, &cmd_heap, &to);
    memtrace_reader_init(&recording->reader, tool->format, &sink);
    recording->started_ms = recording->said_ms = io_now_ms();
    if (!recording->is_quiet)
        fprintf(stderr, "%s under %s\n", program[0], tool->says);
    if (!io_child_run(&child, why)) {
        memtrace_writer_free(&recording->writer);
        io_target_drop(recording->target);
        free(words);
        return cmd_trouble("%s", tool->absent);
    }
    free(words);
    return recording_end(recording, &child, program);
}

static bool
recording_find_tool(struct recording *recording, const char *name)
{
    for (size_t i = 0; i < VMM_COUNT_OF(record_tools); i++) {
        if (strcmp(record_tools[i].name, name) == 0) {
            recording->tool = &record_tools[i];
            return true;
        }
    }
    cmd_trouble("--with takes lackey or dynamorio, not '%s'", name);
    return false;
}

/* Words up to `--` are ours. */
static int
recording_split(struct cmd_words *words)
{
    for (int i = 0; i < words->count; i++) {
        if (strcmp(words->word[i], "--") == 0)
            return i;
    }
    return words->count;
}

int
cmd_record(const struct cmd_verb *verb, struct cmd_words *words)
{
    static struct recording recording;
    char name[RECORD_NAME_BYTES];
    const char *limit_text = "100000000", *tool = "lackey", *slash;
    bool wants_help = false;
    int ours = recording_split(words), count = words->count - ours - 1;
    char *const *program = words->word + ours + 1;
    uint32_t limit;
    const struct cmd_option options[] = {
        { "-o", NULL, &recording.target_name }, { "--with", NULL, &tool },
        { "--limit", NULL, &limit_text },       { "--quiet", &recording.is_quiet, NULL },
        { "--help", &wants_help, NULL },        { "-h", &wants_help, NULL },
    };

    words->count = ours;
    if (!cmd_parse(verb, words, options, VMM_COUNT_OF(options)))
        return CMD_TROUBLE;
    if (wants_help)
        return cmd_say(verb->help);
    if (!cmd_at_most(verb, words, 0) || !cmd_number("--limit", limit_text, &limit) ||
        !recording_find_tool(&recording, tool))
        return CMD_TROUBLE;
    if (count <= 0)
        return cmd_trouble("'record' needs a program: faultline record -- PROGRAM");
    if (recording.target_name == NULL) {
        slash = strrchr(program[0], '/');
        snprintf(name, sizeof name, "%s.flt", slash != NULL ? slash + 1 : program[0]);
        recording.target_name = name;
    }
    recording.limit = limit;
    return record(&recording, program, count);
}

/*
 * cmd_shrink.c - faultline shrink: the shortest scenario that still goes wrong
 */
#include "cmd/cmd.h"
#include "core/shrink.h"
#include "fiber/fiber.h"

const char cmd_shrink_help[] =
    "usage: faultline shrink [options] FILE\n"
    "\n"
    "Leaves out lines of a scenario that goes wrong as long as it goes wrong in the\n"
    "same way, and prints what is left, with what it shows and its schedule in front.\n"
    "Threads may end with another schedule than the one they began with.\n"
    "\n"
    "  --schedule ID  one that 'faultline explore' printed (the first that shows it)\n"
    "  --help         this page\n"
    "\n"
    "exit: 0 done, 2 a bad file or option, or nothing goes wrong\n"
    "\n"
    "example:\n"
    "  faultline shrink sim/scenarios/global_lock_hang.scn >short.scn\n";

struct shrinking {
    const char *file;
    const char *id;
    int code;
};

static void
shrink_text(struct shrinking *it, const struct io_bytes *text, struct io_bytes *out,
            struct io_bytes *err)
{
    struct scn_fibers *fibers = fiber_set_create();
    enum scn_outcome outcome = SCN_NO_MEMORY;
    struct shrink_result result;
    struct core_arena arena;

    core_arena_init(&arena, &cmd_heap);
    if (fibers != NULL)
        outcome = shrink_scenario(&arena, fibers, text->data, text->length, it->id, &result);
    if (outcome == SCN_OK) {
        io_bytes_text(out, result.text);
        io_bytes_format(err, "%zu of %zu lines are left after %llu runs\n", result.lines,
                        result.from, (unsigned long long)result.runs);
    } else if (outcome == SCN_BAD_SOURCE) {
        it->code = cmd_complain(err,
                                "%s: nothing goes wrong: `faultline run` or `explore` must find "
                                "something first",
                                it->file);
    } else {
        it->code = cmd_no_memory(err, it->file);
    }
    core_arena_destroy(&arena);
    fiber_set_destroy(fibers);
}

static bool
shrink_work(void *context, struct io_bytes *out, struct io_bytes *err)
{
    struct shrinking *it = context;
    struct io_bytes text = { 0 };
    struct scn_program *program = cmd_load_point(it->file, &text, err);

    if (program != NULL)
        shrink_text(it, &text, out, err);
    else
        it->code = CMD_TROUBLE;
    scn_program_free(program);
    io_bytes_free(&text);
    return false;
}

int
cmd_shrink(const struct cmd_verb *verb, struct cmd_words *words)
{
    struct shrinking it = { .code = CMD_CLEAN };
    bool wants_help = false;
    const struct cmd_option options[] = {
        { "--schedule", NULL, &it.id },
        { "--help", &wants_help, NULL },
    };

    if (!cmd_parse(verb, words, options, VMM_COUNT_OF(options)))
        return CMD_TROUBLE;
    if (wants_help)
        return cmd_say(verb->help);
    if (words->count == 0)
        return cmd_trouble("'shrink' needs a file: faultline shrink FILE");
    if (!cmd_at_most(verb, words, 1) || (it.id != NULL && !cmd_is_schedule(it.id)))
        return CMD_TROUBLE;
    it.file = words->word[0];
    return cmd_work(shrink_work, &it, &it.code);
}

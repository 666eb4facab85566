/*
 * cmd_explore.c - faultline explore: a scenario's threads, in every order
 *
 * A piece of work runs some schedules and says on a terminal how far we are; the last one prints what
 * was found. --schedule runs one and prints it as `faultline run` does.
 */
#include <string.h>

#include "cmd/cmd.h"
#include "core/core_out.h"
#include "core/explore.h"
#include "core/shrink.h"
#include "fiber/fiber.h"
#include "small/small.h"

const char cmd_explore_help[] =
    "usage: faultline explore [options] FILE\n"
    "       faultline explore --small [--long] [--profile NAME] [--save PATH]\n"
    "\n"
    "Runs a scenario's threads in every order, with 0, 1, 2 ... preemptions: threads\n"
    "switch where the kernel lets others in or waits, and between two lines. States\n"
    "seen before are not followed again. Finds deadlocks, lost wakeups, broken\n"
    "invariants, panics, and what fails in some orders only, each with its schedule.\n"
    "\n"
    "  --schedule ID    run this schedule and say what every floor did\n"
    "  --events         with --schedule: print every event under its step\n"
    "  --profile NAME   on this release instead of the first that the file names\n"
    "  --preemptions N  how many threads may be preempted in a run (2, at most 16)\n"
    "  --limit N        schedules before we begin to draw (20000)\n"
    "  --draw N         schedules drawn by PCT, and as many at random (500)\n"
    "  --seed N         of what is drawn (1)\n"
    "  --small          no file: every sequence of 5 Mach calls against a plain model\n"
    "  --long           sequences of 7\n"
    "  --save PATH      write the first find as a short scenario that repeats it\n"
    "  --help           this page\n"
    "exit: 0 nothing found, 1 something goes wrong in some order, 2 trouble\n"
    "\n"
    "example:\n"
    "  faultline explore sim/scenarios/global_lock_hang.scn\n";

enum { EXPLORE_PIECE = 200 }; /* schedules of a piece of work */

struct exploring {
    const char *file;
    const char *id;       /* NULL: search */
    const char *save;     /* where the first find goes; NULL: nowhere */
    struct io_bytes text; /* of the program */
    struct scn_program *program;
    struct scn_fibers *fibers;
    struct explore *explore;
    struct explore_options options;
    bool has_profile;
    uint32_t flags;
    bool shows_progress;
    int code;
};

static bool
exploring_begin(struct exploring *it, struct io_bytes *err)
{
    it->program = cmd_load_point(it->file, &it->text, err);
    it->code = CMD_TROUBLE;
    if (it->program == NULL)
        return false;
    if (scn_program_thread_count(it->program) == 0 && it->id == NULL) {
        cmd_complain(err, "%s: there is nothing to explore: write thread NAME { ... }", it->file);
        return false;
    }
    if (!it->has_profile)
        it->options.profile = scn_program_profile_at(it->program, 0);
    it->fibers = fiber_set_create();
    if (it->fibers != NULL)
        it->explore = explore_create(&cmd_heap, it->program, it->fibers, &it->options);
    if (it->explore == NULL) {
        cmd_no_memory(err, "faultline");
        return false;
    }
    it->code = CMD_CLEAN;
    return true;
}

/* ---- one schedule ---- */

static void
replay(struct exploring *it, struct io_bytes *out, struct io_bytes *err)
{
    struct core_out to = cmd_out(out);
    struct scn_report *report;
    enum scn_outcome outcome = explore_run(it->program, &cmd_heap, it->fibers, it->options.profile,
                                           it->id, (it->flags & SCN_PRINT_EVENTS) != 0, &report);

    if (outcome != SCN_OK) {
        it->code = cmd_no_memory(err, it->file);
        return;
    }
    scn_print_text(&to, it->file, it->program, report, it->flags);
    io_bytes_format(out, "\nschedule %s:\n", it->id);
    explore_print_switches(&to, report);
    it->code = report->verdict == SCN_CLEAN ? CMD_CLEAN : CMD_FINDINGS;
    scn_report_free(report);
}

/* ---- the search ---- */

static bool
put_failure(struct exploring *it, size_t index, struct io_bytes *out)
{
    const struct explore_failure *failure = explore_failure_at(it->explore, index);
    struct core_out to = cmd_out(out);
    struct scn_report *report;
    struct vmm_text text;
    char line[512];

    if (explore_run(it->program, &cmd_heap, it->fibers, it->options.profile, failure->id, false,
                    &report) != SCN_OK)
        return false;
    vmm_text_init(&text, line, sizeof(line));
    explore_say(report, &text);
    io_bytes_format(out, "\n%zu. ", index + 1);
    core_put_clean(&to, line);
    io_bytes_format(out, "\n     in %llu schedule%s; the first is %s\n",
                    (unsigned long long)failure->schedules, failure->schedules == 1 ? "" : "s",
                    failure->id);
    explore_print_switches(&to, report);
    if (report->stop.kind != VM_RUNNING) {
        core_put(&to, "     ");
        core_put_clean(&to, report->stop.text);
        core_put(&to, "\n");
    }
    io_bytes_text(out, "     again: faultline explore --schedule ");
    core_put(&to, failure->id);
    core_put(&to, " ");
    core_put_clean(&to, it->file);
    core_put(&to, "\n");
    scn_report_free(report);
    return true;
}

static void
put_result(struct exploring *it, struct io_bytes *out, struct io_bytes *err)
{
    struct explore_progress progress = explore_progress(it->explore);
    size_t failures = explore_failure_count(it->explore);
    struct core_out to = cmd_out(out);
    struct vm_profile profile;

    vm_profile_at(it->options.profile, &profile);
    core_put_clean(&to, it->file);
    io_bytes_format(out,
                    " [%s]: %u threads, %llu schedules, %llu of them cut short at a known state\n",
                    profile.name, (unsigned)scn_program_thread_count(it->program),
                    (unsigned long long)progress.schedules, (unsigned long long)progress.cut);
    if (progress.is_complete)
        io_bytes_format(out, "every schedule with up to %u preemptions was run (%llu states)\n",
                        (unsigned)it->options.preemptions, (unsigned long long)progress.states);
    else
        io_bytes_format(out,
                        "every schedule with up to %d preemptions, and %llu drawn with seed %llu\n",
                        (int)progress.preemptions - 1, 2 * (unsigned long long)it->options.drawn,
                        (unsigned long long)it->options.seed);
    for (size_t i = 0; i < failures; i++) {
        if (!put_failure(it, i, out)) {
            it->code = cmd_no_memory(err, it->file);
            return;
        }
    }
    if (progress.unnamed > 0)
        io_bytes_format(out,
                        "\n%llu schedules of more than %d moves, too long for an id, went wrong\n",
                        (unsigned long long)progress.unnamed, EXPLORE_MOVES_MAX);
    it->code = failures == 0 && progress.unnamed == 0 ? CMD_CLEAN : CMD_FINDINGS;
    io_bytes_text(out, it->code == CMD_CLEAN ? "nothing was found\n" : "");
}

/* The first find, as short as it gets. */
static int
save_first(struct exploring *it, struct io_bytes *out, struct io_bytes *err)
{
    struct shrink_result result;
    struct core_arena arena;
    int code = it->code;

    core_arena_init(&arena, &cmd_heap);
    if (shrink_scenario(&arena, it->fibers, it->text.data, it->text.length,
                        explore_failure_at(it->explore, 0)->id, &result) != SCN_OK)
        code = cmd_no_memory(err, it->file);
    else if (!cmd_write_file(it->save, result.text, strlen(result.text), err))
        code = CMD_TROUBLE;
    else
        io_bytes_format(out, "\nthe first in %zu of %zu lines: faultline run %s\n", result.lines,
                        result.from, it->save);
    core_arena_destroy(&arena);
    return code;
}

static void
put_progress(const struct exploring *it, struct io_bytes *err)
{
    struct explore_progress progress = explore_progress(it->explore);

    if (it->shows_progress)
        io_bytes_format(err, "\r%s: %llu schedules, about %llu left, %zu found \x1b[K",
                        progress.draws ? "drawn" : "in order",
                        (unsigned long long)progress.schedules, (unsigned long long)progress.left,
                        explore_failure_count(it->explore));
}

static bool
explore_work(void *context, struct io_bytes *out, struct io_bytes *err)
{
    struct exploring *it = context;
    enum explore_outcome outcome = EXPLORE_MORE;

    if (it->explore == NULL)
        return exploring_begin(it, err);
    if (it->id != NULL) {
        replay(it, out, err);
        return false;
    }
    for (int i = 0; outcome == EXPLORE_MORE && i < EXPLORE_PIECE; i++)
        outcome = explore_step(it->explore);
    put_progress(it, err);
    if (outcome == EXPLORE_MORE)
        return true;
    if (it->shows_progress)
        io_bytes_text(err, "\r\x1b[K");
    if (outcome == EXPLORE_FINISHED) {
        put_result(it, out, err);
        if (explore_failure_count(it->explore) > 0 && it->save != NULL && it->code == CMD_FINDINGS)
            it->code = save_first(it, out, err);
    } else {
        it->code = cmd_no_memory(err, it->file);
    }
    return false;
}

/* ---- small scope ---- */

enum { SMALL_DEPTH = 5, SMALL_LONG_DEPTH = 7, SMALL_PIECE = 20 };

struct small_work {
    struct small *small;
    const char *save;
    bool shows_progress;
    int code;
};

static void
put_small(const struct small_result *result, enum small_outcome outcome, struct io_bytes *out)
{
    uint64_t states = 0;

    for (uint32_t depth = 0; depth <= result->depth; depth++) {
        io_bytes_format(out, "%llu states after %u calls\n",
                        (unsigned long long)result->states[depth], (unsigned)depth);
        states += result->states[depth];
    }
    io_bytes_format(out, "%llu states, %llu sequences tried, an alphabet of %zu calls\n",
                    (unsigned long long)states, (unsigned long long)result->calls,
                    small_alphabet());
    if (outcome == SMALL_VIOLATION)
        io_bytes_format(out, "violation: %s\nafter\n%s", result->what, result->sequence);
    else
        io_bytes_text(out, "0 violations\n");
}

static int
save_small(const struct small_work *work, struct io_bytes *out, struct io_bytes *err)
{
    const char *story = small_result(work->small)->story;

    if (!cmd_write_file(work->save, story, strlen(story), err))
        return CMD_TROUBLE;
    io_bytes_format(out, "as a scenario: faultline run %s\n", work->save);
    return CMD_FINDINGS;
}

static bool
small_work(void *context, struct io_bytes *out, struct io_bytes *err)
{
    struct small_work *work = context;
    const struct small_result *result = small_result(work->small);
    enum small_outcome outcome = SMALL_MORE;

    for (int i = 0; outcome == SMALL_MORE && i < SMALL_PIECE; i++)
        outcome = small_step(work->small);
    if (work->shows_progress)
        io_bytes_format(err, "\r%u calls: %llu states, %llu to follow \x1b[K%s",
                        (unsigned)result->depth, (unsigned long long)result->states[result->depth],
                        (unsigned long long)result->left, outcome == SMALL_MORE ? "" : "\r\x1b[K");
    if (outcome == SMALL_MORE)
        return true;
    if (outcome == SMALL_NO_MEMORY)
        work->code = cmd_no_memory(err, "faultline");
    else
        put_small(result, outcome, out);
    if (outcome == SMALL_VIOLATION)
        work->code = work->save == NULL ? CMD_FINDINGS : save_small(work, out, err);
    return false;
}

static int
explore_small(const char *profile_name, bool is_long, const char *save)
{
    struct small_work work = { .save = save, .shows_progress = io_is_terminal(2) };
    size_t row;
    struct vm_profile profile;
    int code;

    if (!cmd_profile_find(profile_name != NULL ? profile_name : "macos-15.4", &row))
        return CMD_TROUBLE;
    vm_profile_at(row, &profile);
    work.small = small_create(&cmd_heap, &profile, is_long ? SMALL_LONG_DEPTH : SMALL_DEPTH);
    if (work.small == NULL)
        return cmd_trouble("memory ran out");
    code = cmd_work(small_work, &work, &work.code);
    small_destroy(work.small);
    return code;
}

/* ---- words ---- */

static bool
option_number(const char *option, const char *text, uint64_t *number)
{
    uint32_t value;

    if (text == NULL)
        return true;
    if (strcmp(text, "0") == 0) {
        *number = 0;
        return true;
    }
    if (!cmd_number(option, text, &value))
        return false;
    *number = value;
    return true;
}

int
cmd_explore(const struct cmd_verb *verb, struct cmd_words *words)
{
    struct exploring it = {
        .options = { .limit = EXPLORE_DEFAULT_LIMIT, .drawn = EXPLORE_DEFAULT_DRAWN, .seed = 1 }
    };
    const char *profile = NULL, *preemptions = NULL, *limit = NULL, *drawn = NULL, *seed = NULL;
    uint64_t bound = EXPLORE_DEFAULT_PREEMPTIONS;
    bool wants_help = false, wants_events = false, is_small = false, is_long = false;
    const struct cmd_option options[] = {
        { "--schedule", NULL, &it.id },
        { "--profile", &it.has_profile, &profile },
        { "--preemptions", NULL, &preemptions },
        { "--limit", NULL, &limit },
        { "--draw", NULL, &drawn },
        { "--seed", NULL, &seed },
        { "--save", NULL, &it.save },
        { "--events", &wants_events, NULL },
        { "--help", &wants_help, NULL },
        { "--small", &is_small, NULL },
        { "--long", &is_long, NULL },
    };
    int code;

    if (!cmd_parse(verb, words, options, VMM_COUNT_OF(options)))
        return CMD_TROUBLE;
    if (wants_help)
        return cmd_say(verb->help);
    if (is_long && !is_small)
        return cmd_trouble("--long goes with --small");
    if (wants_events && it.id == NULL)
        return cmd_trouble("--events goes with --schedule");
    if (it.id != NULL && !cmd_is_schedule(it.id))
        return CMD_TROUBLE;
    if (is_small)
        return cmd_at_most(verb, words, 0) ? explore_small(profile, is_long, it.save) : CMD_TROUBLE;
    if (words->count == 0)
        return cmd_trouble("'explore' needs a file: faultline explore FILE");
    if (!cmd_at_most(verb, words, 1) ||
        (it.has_profile && !cmd_profile_find(profile, &it.options.profile)) ||
        !option_number("--preemptions", preemptions, &bound) ||
        !option_number("--limit", limit, &it.options.limit) ||
        !option_number("--draw", drawn, &it.options.drawn) ||
        !option_number("--seed", seed, &it.options.seed))
        return CMD_TROUBLE;
    if (bound > EXPLORE_MOST_PREEMPTIONS)
        return cmd_trouble("--preemptions %s: at most %d", preemptions, EXPLORE_MOST_PREEMPTIONS);
    it.options.preemptions = (uint32_t)bound;
    it.file = words->word[0];
    it.flags =
        (wants_events ? SCN_PRINT_EVENTS : 0u) | (cmd_wants_colour() ? SCN_PRINT_COLOUR : 0u);
    it.shows_progress = io_is_terminal(2);
    code = cmd_work(explore_work, &it, &it.code);
    explore_destroy(it.explore);
    fiber_set_destroy(it.fibers);
    if (it.program != NULL)
        scn_program_free(it.program);
    io_bytes_free(&it.text);
    return code;
}

/*
 * cmd_inject.c - faultline inject: every call that can fail fails once
 */
#include <string.h>

#include "cmd/cmd.h"
#include "core/core_out.h"
#include "core/inject.h"
#include "fiber/fiber.h"
#include "fiber/stack_path.h"
#include "io/io_file.h"

const char cmd_inject_help[] =
    "usage: faultline inject [options] FILE...\n"
    "\n"
    "Runs a scenario again and again; in each run one more call of the model fails:\n"
    "an allocation, a page of memory, a page for a page table, a pager's page, a\n"
    "prepare(), a wiring, a map entry. A call fails once for every call stack that\n"
    "leads to it, until there is none left. After each run nothing may be left over\n"
    "and every invariant must hold. What the scenario expects is not asked.\n"
    "\n"
    "  --profile NAME  on this release instead of the first that the file names\n"
    "  --save PATH     write the first leak or violation as a scenario with it\n"
    "  --help          this page\n"
    "\n"
    "exit: 0 nothing leaked and every invariant held, 1 something did not, 2 trouble\n"
    "\n"
    "example:\n"
    "  faultline inject sim/scenarios/way3_wire_then_access.scn\n";

enum { INJECT_PIECE = 50 }; /* runs of a piece of work */

struct injecting {
    struct cmd_words *files;
    int next; /* file */
    struct scn_program *program;
    struct scn_fibers *fibers;
    struct inject *inject;
    size_t profile;
    bool has_profile;
    size_t ran;               /* the row */
    const char *save;         /* NULL: nowhere; or it is done */
    struct inject_result sum; /* of all files */
    int code;
};

static void
injecting_end(struct injecting *it)
{
    inject_destroy(it->inject);
    fiber_set_destroy(it->fibers);
    if (it->program != NULL)
        scn_program_free(it->program);
    it->inject = NULL;
    it->fibers = NULL;
    it->program = NULL;
    it->next++;
}

static bool
injecting_begin(struct injecting *it, struct io_bytes *err)
{
    struct inject_options options = { .profile = it->profile, .path = stack_path };

    it->program = cmd_load(it->files->word[it->next], err);
    if (it->program == NULL)
        return false;
    if (!it->has_profile)
        options.profile = scn_program_profile_at(it->program, 0);
    it->ran = options.profile;
    it->fibers = options.fibers = fiber_set_create();
    if (it->fibers != NULL)
        it->inject = inject_create(&cmd_heap, it->program, &options);
    if (it->inject == NULL)
        cmd_no_memory(err, "faultline");
    return it->inject != NULL;
}

/* "51 calls failed, each call stack once (allocation 42, frame 1)" */
static void
put_failed(const struct inject_result *result, struct io_bytes *out)
{
    const char *between = "";
    uint64_t failed = 0;

    for (size_t i = 0; i < VMM_CALL_COUNT; i++)
        failed += result->failed[i];
    io_bytes_format(out, "%llu calls failed, each call stack once (", (unsigned long long)failed);
    for (size_t i = 0; i < VMM_CALL_COUNT; i++) {
        if (result->failed[i] == 0)
            continue;
        io_bytes_format(out, "%s%s %llu", between, vmm_call_name((enum vmm_call)i),
                        (unsigned long long)result->failed[i]);
        between = ", ";
    }
    io_bytes_text(out, ")\n");
}

static void
put_outcomes(const struct inject_result *result, struct io_bytes *out)
{
    io_bytes_format(out,
                    "    %llu told the caller, %llu ended the run, %llu stopped the kernel, "
                    "%llu changed nothing; %llu leaks, %llu violations\n",
                    (unsigned long long)result->told, (unsigned long long)result->ended,
                    (unsigned long long)result->stopped, (unsigned long long)result->silent,
                    (unsigned long long)result->leaks, (unsigned long long)result->violations);
}

static void
add_result(struct inject_result *sum, const struct inject_result *result)
{
    for (size_t i = 0; i < VMM_CALL_COUNT; i++)
        sum->failed[i] += result->failed[i];
    sum->told += result->told;
    sum->ended += result->ended;
    sum->stopped += result->stopped;
    sum->silent += result->silent;
    sum->leaks += result->leaks;
    sum->violations += result->violations;
}

/* The first find of all files, once. */
static void
save_first(struct injecting *it, struct io_bytes *out, struct io_bytes *err)
{
    const struct inject_result *result = inject_result(it->inject);
    const char *file = it->files->word[it->next];
    struct io_bytes source = { 0 };
    struct vm_profile profile;
    struct core_arena arena;
    const char *text = NULL;
    char why[IO_WHY_BYTES] = "";

    core_arena_init(&arena, &cmd_heap);
    if (result->wrong_line == 0)
        it->code = cmd_complain(err,
                                "%s: not written: the call failed before the first line, where no "
                                "line can say so",
                                file);
    else if (io_file_read(file, SCN_SOURCE_MAX, &source, why))
        text = inject_scenario(result, &arena, source.data, source.length);
    if (text != NULL && io_file_write(it->save, text, strlen(text), why)) {
        vm_profile_at(it->ran, &profile);
        io_bytes_format(out, "    as a scenario: faultline run --profile %s %s\n", profile.name,
                        it->save);
    } else if (result->wrong_line != 0) {
        it->code = cmd_complain(err, "%s: cannot be written: %s", it->save, why);
    }
    it->save = NULL;
    io_bytes_free(&source);
    core_arena_destroy(&arena);
}

static void
put_result(struct injecting *it, struct io_bytes *out, struct io_bytes *err)
{
    const struct inject_result *result = inject_result(it->inject);
    struct core_out to = cmd_out(out);

    add_result(&it->sum, result);
    core_put_clean(&to, it->files->word[it->next]);
    io_bytes_text(out, ": ");
    put_failed(result, out);
    put_outcomes(result, out);
    if (result->silent > 0)
        io_bytes_format(out, "    changed nothing: %s\n", result->silences);
    if (result->leaks + result->violations > 0) {
        io_bytes_format(out, "    first: %s\n", result->what);
        it->code = it->code > CMD_FINDINGS ? it->code : CMD_FINDINGS;
        if (it->save != NULL)
            save_first(it, out, err);
    }
}

/* Behind the last of several files. */
static void
put_sum(const struct injecting *it, struct io_bytes *out)
{
    if (it->files->count < 2)
        return;
    io_bytes_format(out, "%d files: ", it->files->count);
    put_failed(&it->sum, out);
    put_outcomes(&it->sum, out);
}

/* Whether there is another file. */
static bool
injecting_next(struct injecting *it, struct io_bytes *out)
{
    injecting_end(it);
    if (it->next < it->files->count)
        return true;
    put_sum(it, out);
    return false;
}

static bool
inject_work(void *context, struct io_bytes *out, struct io_bytes *err)
{
    struct injecting *it = context;
    enum inject_outcome outcome = INJECT_MORE;

    if (it->inject == NULL && !injecting_begin(it, err)) {
        it->code = CMD_TROUBLE;
        return injecting_next(it, out);
    }
    for (int i = 0; outcome == INJECT_MORE && i < INJECT_PIECE; i++)
        outcome = inject_step(it->inject);
    if (outcome == INJECT_MORE)
        return true;
    if (outcome == INJECT_FINISHED)
        put_result(it, out, err);
    else
        it->code = cmd_no_memory(err, it->files->word[it->next]);
    return injecting_next(it, out);
}

int
cmd_inject(const struct cmd_verb *verb, struct cmd_words *words)
{
    struct injecting it = { .files = words };
    const char *profile = NULL;
    bool wants_help = false;
    const struct cmd_option options[] = {
        { "--profile", &it.has_profile, &profile },
        { "--save", NULL, &it.save },
        { "--help", &wants_help, NULL },
    };
    int code;

    if (!cmd_parse(verb, words, options, VMM_COUNT_OF(options)))
        return CMD_TROUBLE;
    if (wants_help)
        return cmd_say(verb->help);
    if (it.has_profile && !cmd_profile_find(profile, &it.profile))
        return CMD_TROUBLE;
    if (words->count == 0)
        return cmd_trouble("'inject' needs a file: faultline inject FILE...");
    code = cmd_work(inject_work, &it, &it.code);
    injecting_end(&it);
    return code;
}

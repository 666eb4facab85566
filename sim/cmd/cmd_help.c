/*
 * cmd_help.c - faultline help and faultline version
 */
#include "cmd/cmd.h"
#include "core/version.h"

const char cmd_help_help[] = "usage: faultline help [VERB]\n"
                             "\n"
                             "Lists the verbs, or shows one verb's own page.\n"
                             "\n"
                             "  --help  this page\n"
                             "\n"
                             "example:\n"
                             "  faultline help run\n";

const char cmd_version_help[] =
    "usage: faultline version\n"
    "\n"
    "Prints the program's version, and where to read what it does not model;\n"
    "--version does the same.\n"
    "\n"
    "  --help  this page\n"
    "\n"
    "example:\n"
    "  faultline --version\n";

static bool
help_work(void *context, struct io_bytes *out, struct io_bytes *err)
{
    (void)context;
    (void)err;
    io_bytes_text(out, "faultline finds, on Linux, the page fault that would panic a Mac.\n"
                       "\n"
                       "usage: faultline [VERB] [options]\n"
                       "\n");
    for (size_t i = 0; i < cmd_verb_count(); i++)
        io_bytes_format(out, "  %-11s%s\n", cmd_verb_at(i)->name, cmd_verb_at(i)->summary);
    io_bytes_text(out, "\n"
                       "Every verb has --help. Results go to stdout, warnings to stderr.\n"
                       "exit: 0 clean, 1 findings or failed expectations, 2 trouble\n"
                       "\n"
                       "example:\n"
                       "  faultline run sim/scenarios/way3_wire_then_access.scn\n");
    return false;
}

int
cmd_help(const struct cmd_verb *verb, struct cmd_words *words)
{
    bool wants_help = false;
    const struct cmd_option options[] = { { "--help", &wants_help, NULL } };
    const struct cmd_verb *about;
    int code = CMD_CLEAN;

    if (!cmd_parse(verb, words, options, VMM_COUNT_OF(options)) || !cmd_at_most(verb, words, 1))
        return CMD_TROUBLE;
    if (wants_help)
        return cmd_say(verb->help);
    if (words->count == 0)
        return cmd_work(help_work, NULL, &code);
    about = cmd_verb_find(words->word[0]);
    return about != NULL ? cmd_say(about->help) : CMD_TROUBLE;
}

static const char version_text[] =
    "faultline " FAULTLINE_VERSION "\n"
    "a model, not XNU: docs/limits.md, among its documents, lists what it leaves\n"
    "out, and what it infers\n";

int
cmd_version(const struct cmd_verb *verb, struct cmd_words *words)
{
    bool wants_help = false;
    const struct cmd_option options[] = { { "--help", &wants_help, NULL } };

    if (!cmd_parse(verb, words, options, VMM_COUNT_OF(options)) || !cmd_at_most(verb, words, 0))
        return CMD_TROUBLE;
    return cmd_say(wants_help ? verb->help : version_text);
}

/*
 * cmd_completion.c - faultline completion: what may stand where a shell's user is typing
 *
 * The verbs' help pages are the table: an option a line, "  --name VALUE  what it does". The shells'
 * scripts (sim/cmd/completion) pass the words so far and show what comes back.
 */
#include <string.h>

#include "cmd/cmd.h"
#include "core/explain.h"

const char cmd_completion_help[] =
    "usage: faultline completion -- [WORD...]\n"
    "\n"
    "Prints what may stand in the place of the last WORD, behind the others, with a\n"
    "tab and what it means; nothing where only a file can help. This is what the\n"
    "installed completions of bash, zsh and fish ask.\n"
    "\n"
    "  --help  this page\n"
    "\n"
    "example:\n"
    "  faultline completion -- run --pro\n";

/* A part of a text. */
struct span {
    const char *text;
    int length;
};

struct help_option {
    struct span name;  /* "--json" */
    struct span value; /* "NAME"; empty: it takes none */
    struct span about;
};

struct completing {
    struct cmd_words words;
    struct io_bytes *out;
    const char *typed; /* what candidates begin with */
    struct span front; /* of the typed word and not of a candidate: "--profile=" */
};

/* ---- what a help page says ---- */

static struct span
span_until(const char *text, const char *stops)
{
    return (struct span){ text, (int)strcspn(text, stops) };
}

static bool
span_is(struct span span, const char *word)
{
    return (size_t)span.length == strlen(word) && memcmp(span.text, word, strlen(word)) == 0;
}

/* The next option of a page; *at moves behind its line. False: there is none left. */
static bool
help_option_next(const char **at, struct help_option *option)
{
    const char *line = strstr(*at, "\n  -");
    struct span rest;

    if (line == NULL)
        return false;
    option->name = span_until(line + 3, " \n");
    option->value = span_until(option->name.text + option->name.length + 1, " \n");
    rest = span_until(option->value.text, "\n");
    *at = rest.text + rest.length;
    option->about.text = option->value.text + option->value.length;
    option->about.text += strspn(option->about.text, " ");
    option->about.length = (int)(*at - option->about.text);
    return true;
}

static bool
help_option_find(const struct cmd_verb *verb, struct span name, struct help_option *option)
{
    const char *at = verb->help;

    while (help_option_next(&at, option)) {
        if (option->name.length == name.length &&
            memcmp(option->name.text, name.text, (size_t)name.length) == 0)
            return true;
    }
    return false;
}

/* ---- candidates ---- */

static void
offer_span(struct completing *it, struct span word, struct span about)
{
    size_t typed = strlen(it->typed);

    if ((size_t)word.length >= typed && memcmp(word.text, it->typed, typed) == 0)
        io_bytes_format(it->out, "%.*s%.*s\t%.*s\n", it->front.length, it->front.text, word.length,
                        word.text, about.length, about.text);
}

static void
offer(struct completing *it, const char *word, const char *about)
{
    offer_span(it, span_until(word, ""), span_until(about, ""));
}

static void
offer_profiles(struct completing *it)
{
    struct vm_profile profile;

    for (size_t i = 0; i < vm_profile_count(); i++) {
        vm_profile_at(i, &profile);
        offer(it, profile.name, profile.label);
    }
}

static void
offer_machines(struct completing *it)
{
    for (size_t i = 0; i < machine_count(); i++)
        offer(it, machine_name_at(i), "machine");
}

static void
offer_verbs(struct completing *it)
{
    for (size_t i = 0; i < cmd_verb_count(); i++)
        offer(it, cmd_verb_at(i)->name, cmd_verb_at(i)->summary);
}

static void
offer_explained(struct completing *it)
{
    struct explain explain;

    for (size_t i = 0; i < explain_count(); i++) {
        explain_at(i, &explain);
        offer(it, explain.word, explain_kind_name(explain.kind));
    }
}

static void
offer_options(struct completing *it, const struct cmd_verb *verb)
{
    struct help_option option;

    for (const char *at = verb->help; help_option_next(&at, &option);)
        offer_span(it, option.name, option.about);
}

/* A value of a few words has them in the text about it: "lazy, prefault or wire". */
static void
offer_value(struct completing *it, const struct help_option *option)
{
    static const char *const words[][2] = {
        { "--verify", "observed" }, { "--verify", "strict" },   { "--backend", "model" },
        { "--backend", "replay" },  { "--backend", "xnu" },     { "--memory", "lazy" },
        { "--memory", "prefault" }, { "--memory", "wire" },     { "--plot", "line" },
        { "--plot", "heat" },       { "--plot", "break-even" }, { "--with", "lackey" },
        { "--with", "dynamorio" },
    };

    if (span_is(option->name, "--profile"))
        offer_profiles(it);
    if (span_is(option->name, "--machine") || span_is(option->name, "--base"))
        offer_machines(it);
    for (size_t i = 0; i < VMM_COUNT_OF(words); i++) {
        if (span_is(option->name, words[i][0]))
            offer(it, words[i][1], "");
    }
}

static void
offer_operands(struct completing *it, const struct cmd_verb *verb)
{
    if (verb->run == cmd_help)
        offer_verbs(it);
    else if (verb->run == cmd_explain)
        offer_explained(it);
    else if (verb->run == cmd_results)
        offer(it, "merge", "copy what other files have");
    else if (verb->run == cmd_profiles && it->words.count > 2)
        offer_profiles(it);
    else if (verb->run == cmd_machines && it->words.count > 2)
        offer_machines(it);
    else if (verb->run == cmd_profiles || verb->run == cmd_machines)
        offer(it, "show", "one, with every number and its source");
}

/* ---- where the typed word stands ---- */

static const struct cmd_verb *
verb_named(const char *name)
{
    for (size_t i = 0; i < cmd_verb_count(); i++) {
        if (strcmp(cmd_verb_at(i)->name, name) == 0)
            return cmd_verb_at(i);
    }
    return NULL;
}

/* The option whose value is being typed: the word before, or the typed word up to its '='. bash makes three words
 * of --name=value. */
static struct span
option_before(struct completing *it)
{
    struct cmd_words *words = &it->words;
    char *typed = words->word[words->count - 1];
    const char *equals = strchr(typed, '=');

    if (typed[0] == '-' && equals != NULL) {
        it->typed = equals + 1;
        it->front = (struct span){ typed, (int)(equals + 1 - typed) };
        return (struct span){ typed, (int)(equals - typed) };
    }
    if (strcmp(typed, "=") == 0)
        it->typed = "";
    else if (words->count > 3 && strcmp(words->word[words->count - 2], "=") == 0)
        return span_until(words->word[words->count - 3], "");
    return span_until(words->word[words->count - 2], "");
}

static bool
completion_work(void *context, struct io_bytes *out, struct io_bytes *err)
{
    struct completing *it = context;
    const struct cmd_verb *verb;
    struct help_option option;

    (void)err;
    it->out = out;
    it->typed = it->words.count > 0 ? it->words.word[it->words.count - 1] : "";
    if (it->words.count < 2) {
        offer_verbs(it);
        return false;
    }
    verb = verb_named(it->words.word[0]);
    if (verb == NULL)
        return false;
    if (help_option_find(verb, option_before(it), &option) && option.value.length > 0)
        offer_value(it, &option);
    else if (it->typed[0] == '-')
        offer_options(it, verb);
    else
        offer_operands(it, verb);
    return false;
}

int
cmd_completion(const struct cmd_verb *verb, struct cmd_words *words)
{
    bool wants_help = false;
    const struct cmd_option options[] = { { "--help", &wants_help, NULL } };
    struct completing it = { .words = { words->count - 1, words->word + 1 } };
    int code = CMD_CLEAN;

    if (words->count > 0 && strcmp(words->word[0], "--") == 0)
        return cmd_work(completion_work, &it, &code);
    if (!cmd_parse(verb, words, options, VMM_COUNT_OF(options)))
        return CMD_TROUBLE;
    if (wants_help)
        return cmd_say(verb->help);
    return cmd_trouble("'completion' needs the words so far: faultline completion -- run --pro");
}

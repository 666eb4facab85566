/*
 * cmd_story.c - faultline story, and faultline with no words
 */
#include "cmd/cmd.h"
#include "core/story.h"

const char cmd_story_help[] =
    "usage: faultline story [--all] [--json]\n"
    "\n"
    "Runs the case of rdar://25140509 on every release with every remedy, and prints\n"
    "what came out: the table, the panic, why, and the fix. faultline with no words\n"
    "does the same.\n"
    "\n"
    "  --all    a line for every release; else neighbours with equal cells share one\n"
    "  --json   print one JSON object: every cell, and the scenario it came from\n"
    "  --help   this page\n"
    "\n"
    "example:\n"
    "  faultline story --all\n";

struct telling {
    struct story *story;
    uint32_t flags;
    bool is_json;
    int code;
};

/* One release a piece of work; the last one prints. */
static bool
telling_work(void *context, struct io_bytes *out, struct io_bytes *err)
{
    struct telling *telling = context;
    struct core_out to = cmd_out(out);

    switch (story_step(telling->story)) {
    case STORY_MORE:
        return true;
    case STORY_NO_MEMORY:
        telling->code = cmd_no_memory(err, "faultline");
        return false;
    case STORY_BROKEN:
        telling->code = cmd_complain(err, "faultline: a scenario of the story does not parse");
        return false;
    case STORY_FINISHED:
        break;
    }
    if (telling->is_json)
        story_print_json(&to, telling->story);
    else
        story_print_text(&to, telling->story, telling->flags);
    return false;
}

int
cmd_story(const struct cmd_verb *verb, struct cmd_words *words)
{
    struct telling telling = { .code = CMD_CLEAN };
    bool wants_all = false, wants_help = false;
    const struct cmd_option options[] = {
        { "--all", &wants_all, NULL },
        { "--json", &telling.is_json, NULL },
        { "--help", &wants_help, NULL },
    };
    int code;

    if (!cmd_parse(verb, words, options, VMM_COUNT_OF(options)) || !cmd_at_most(verb, words, 0))
        return CMD_TROUBLE;
    if (wants_help)
        return cmd_say(verb->help);
    telling.flags = (wants_all ? STORY_ALL_ROWS : 0u) | (cmd_wants_colour() ? STORY_COLOUR : 0u);
    telling.story = story_create(&cmd_heap);
    if (telling.story == NULL)
        return cmd_trouble("memory ran out");
    code = cmd_work(telling_work, &telling, &telling.code);
    story_destroy(telling.story);
    return code;
}

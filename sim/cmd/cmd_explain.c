/*
 * cmd_explain.c - faultline explain: what a word means, why, and which call helps
 */
#include <string.h>

#include "cmd/cmd.h"
#include "core/explain.h"

const char cmd_explain_help[] =
    "usage: faultline explain [--json] WORD\n"
    "       faultline explain --list\n"
    "\n"
    "Says what a word means, why it comes up, which call helps, and where that was\n"
    "read. WORD is\n"
    "\n"
    "  a code        KERN_PROTECTION_FAILURE, kIOReturnBadArgument, 2, 0xE00002C2\n"
    "  a rule        fault-in-restricted-context: what a finding is named after\n"
    "  an event      PMAP_ENTER: what run --events prints\n"
    "  a trap        vm-t1 to vm-t32, io-t1 to io-t32: what surprises who knows XNU\n"
    "  a behaviour   has_wire_range: what differs between releases, and since when\n"
    "\n"
    "  --list   print every word with one phrase\n"
    "  --json   print one JSON object\n"
    "  --help   this page\n"
    "\n"
    "example:\n"
    "  faultline explain vm-t5\n";

struct explaining {
    bool is_json;
    bool is_list;
    struct explain explain;
    int code;
};

static bool
explaining_work(void *context, struct io_bytes *out, struct io_bytes *err)
{
    const struct explaining *explaining = context;
    struct core_out to = cmd_out(out);

    (void)err;
    if (explaining->is_list)
        explain_print_list(&to);
    else if (explaining->is_json)
        explain_print_json(&to, &explaining->explain);
    else
        explain_print_text(&to, &explaining->explain);
    return false;
}

static bool
find(const char *word, struct explain *explain)
{
    struct scn_guess guess;

    if (explain_find(word, explain, &guess))
        return true;
    if (guess.word != NULL)
        cmd_trouble("nothing is called '%s': did you mean '%s'?", word, guess.word);
    else
        cmd_trouble("nothing is called '%s': 'faultline explain --list' has every word", word);
    return false;
}

/* A negative code looks like an option; it is handed on as a word. */
static void
guard_negative_number(struct cmd_words *words, char **number)
{
    int kept = 0;

    for (int i = 0; i < words->count; i++) {
        char *word = words->word[i];

        if (*number == NULL && word[0] == '-' && word[1] >= '0' && word[1] <= '9')
            *number = word;
        else
            words->word[kept++] = word;
    }
    words->count = kept;
}

int
cmd_explain(const struct cmd_verb *verb, struct cmd_words *words)
{
    struct explaining explaining = { .code = CMD_CLEAN };
    bool wants_help = false;
    char *number = NULL;
    const struct cmd_option options[] = {
        { "--json", &explaining.is_json, NULL },
        { "--list", &explaining.is_list, NULL },
        { "--help", &wants_help, NULL },
    };

    guard_negative_number(words, &number);
    if (!cmd_parse(verb, words, options, VMM_COUNT_OF(options)) ||
        !cmd_at_most(verb, words, number != NULL || explaining.is_list ? 0 : 1))
        return CMD_TROUBLE;
    if (wants_help)
        return cmd_say(verb->help);
    if (!explaining.is_list && number == NULL && words->count == 0)
        return cmd_trouble("'explain' needs a word: 'faultline explain --list' has them all");
    if (!explaining.is_list && !find(number != NULL ? number : words->word[0], &explaining.explain))
        return CMD_TROUBLE;
    return cmd_work(explaining_work, &explaining, &explaining.code);
}

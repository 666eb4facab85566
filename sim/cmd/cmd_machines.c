/*
 * cmd_machines.c - faultline machines: what there is to run on, and what it costs there
 */
#include <string.h>

#include "cmd/cmd.h"

const char cmd_machines_help[] =
    "usage: faultline machines [--json]\n"
    "       faultline machines show NAME [--json]\n"
    "\n"
    "Lists the machines, or shows one with every number of its TLBs and every price,\n"
    "its spread and where it was read. Trust comes first: A a primary source, B\n"
    "secondary, C recalled and not checked, GUESS a knob to turn. NAME may be a file\n"
    "of your own that ends in .json:\n"
    "\n"
    "  { \"name\": \"mine\", \"base\": \"skylake\",\n"
    "    \"geometry\": { \"l2_entries\": 2048, \"l2_ways\": 16 },\n"
    "    \"prices\": { \"trap\": 250,\n"
    "                \"ipi_first\": { \"low\": 300, \"ns\": 700, \"high\": 2000 } } }\n"
    "\n"
    "  --json   print one JSON object\n"
    "  --help   this page\n"
    "\n"
    "example:\n"
    "  faultline machines show m1\n";

struct machines {
    bool is_json;
    const char *name; /* NULL: all of them */
    int code;
};

static bool
machines_work(void *context, struct io_bytes *out, struct io_bytes *err)
{
    struct machines *machines = context;
    struct core_out to = cmd_out(out);
    struct machine machine;

    if (machines->name == NULL) {
        if (machines->is_json)
            machine_list_json(&to);
        else
            machine_list_text(&to);
        return false;
    }
    if (!cmd_machine_load(machines->name, &machine, err))
        machines->code = CMD_TROUBLE;
    else if (machines->is_json)
        machine_show_json(&to, &machine);
    else
        machine_show_text(&to, &machine);
    return false;
}

/* "show NAME" behind the verb, or nothing. */
static bool
machines_operands(const struct cmd_verb *verb, const struct cmd_words *words,
                  struct machines *machines)
{
    if (words->count == 0)
        return true;
    if (strcmp(words->word[0], "show") != 0) {
        cmd_trouble("'machines' does not know '%s': did you mean 'machines show %s'?",
                    words->word[0], words->word[0]);
        return false;
    }
    if (words->count == 1) {
        cmd_trouble("'machines show' needs a name: 'faultline machines' lists them");
        return false;
    }
    machines->name = words->word[1];
    return cmd_at_most(verb, words, 2);
}

int
cmd_machines(const struct cmd_verb *verb, struct cmd_words *words)
{
    struct machines machines = { .code = CMD_CLEAN };
    bool wants_help = false;
    const struct cmd_option options[] = {
        { "--json", &machines.is_json, NULL },
        { "--help", &wants_help, NULL },
    };

    if (!cmd_parse(verb, words, options, VMM_COUNT_OF(options)))
        return CMD_TROUBLE;
    if (wants_help)
        return cmd_say(verb->help);
    if (!machines_operands(verb, words, &machines))
        return CMD_TROUBLE;
    return cmd_work(machines_work, &machines, &machines.code);
}

/*
 * cmd_rules.c - faultline rules: what a finding can be
 */
#include "cmd/cmd.h"

const char cmd_rules_help[] =
    "usage: faultline rules\n"
    "\n"
    "Lists the rules behind findings: what went wrong, what was missing, the call\n"
    "that fixes it, and where XNU says so. Advice does not fail a run; what is\n"
    "observed does, unless a line of the scenario expects it.\n"
    "\n"
    "  --help  this page\n"
    "\n"
    "example:\n"
    "  faultline rules\n";

static bool
rules_work(void *context, struct io_bytes *out, struct io_bytes *err)
{
    (void)context;
    (void)err;
    for (size_t i = 0; i < verify_rule_count(); i++) {
        const struct verify_rule *rule = verify_rule_at(i);

        io_bytes_format(out, "%s%s (%s)\n    what:    %s\n    missing: %s\n    fix:     %s\n",
                        i > 0 ? "\n" : "", rule->id, verify_severity_name(rule->severity),
                        rule->sentence, rule->missing, rule->fix);
        io_bytes_format(out, "    source:  %s\n", rule->source);
    }
    return false;
}

int
cmd_rules(const struct cmd_verb *verb, struct cmd_words *words)
{
    bool wants_help = false;
    const struct cmd_option options[] = { { "--help", &wants_help, NULL } };
    int code = CMD_CLEAN;

    if (!cmd_parse(verb, words, options, VMM_COUNT_OF(options)) || !cmd_at_most(verb, words, 0))
        return CMD_TROUBLE;
    return wants_help ? cmd_say(verb->help) : cmd_work(rules_work, NULL, &code);
}

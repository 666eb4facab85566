/*
 * cmd_main.c - from words to a verb
 */
#include <string.h>

#include "cmd/cmd.h"

static const struct cmd_verb cmd_verbs[] = {
    { "story", "a driver's bug and its cure, release by release (with no words too)",
      cmd_story_help, cmd_story },
    { "run", "run scenario files and say what each floor did", cmd_run_help, cmd_run },
    { "matrix", "one scenario on every release and kernel: what changed, and why", cmd_matrix_help,
      cmd_matrix },
    { "explore", "a scenario's threads in every order: deadlocks, races", cmd_explore_help,
      cmd_explore },
    { "inject", "a scenario with every call failing once: what leaks, what breaks", cmd_inject_help,
      cmd_inject },
    { "shrink", "the shortest scenario that still goes wrong in the same way", cmd_shrink_help,
      cmd_shrink },
    { "stat", "run a scenario and print the counters as vm_stat does", cmd_stat_help, cmd_stat },
    { "vmmap", "run a scenario and print every map as vmmap does", cmd_vmmap_help, cmd_vmmap },
    { "price", "run a scenario and say what it cost, by floor, cause and line", cmd_price_help,
      cmd_price },
    { "compare", "lazy, touched first, prefaulted, wired, copied: what each costs",
      cmd_compare_help, cmd_compare },
    { "machines", "the machines, their TLBs and prices, with sources", cmd_machines_help,
      cmd_machines },
    { "step", "step through a run, forward and back, in the terminal", cmd_step_help, cmd_step },
    { "report", "one HTML file that runs a scenario in any browser, step by step", cmd_report_help,
      cmd_report },
    { "serve", "the same page from a server here, live while a file changes", cmd_serve_help,
      cmd_serve },
    { "lab", "four labs that ask before they tell, and grade", cmd_lab_help, cmd_lab },
    { "profiles", "the releases, and what each one does where they differ", cmd_profiles_help,
      cmd_profiles },
    { "explain", "what a code, rule, event or trap means, and which call helps", cmd_explain_help,
      cmd_explain },
    { "rules", "what a finding can be, and what fixes it", cmd_rules_help, cmd_rules },
    { "kpi", "which kernel symbols of a driver are supported, and since when", cmd_kpi_help,
      cmd_kpi },
    { "contract", "what every backend behind the driver's verbs must answer", cmd_contract_help,
      cmd_contract },
    { "diff", "two reports of one scenario, or two recordings, verb by verb", cmd_diff_help,
      cmd_diff },
    { "sweep", "run every point of a scenario with parameters, and keep the results",
      cmd_sweep_help, cmd_sweep },
    { "replay", "run a program's memory references through the model", cmd_replay_help,
      cmd_replay },
    { "record", "a program's memory references on this host, by valgrind", cmd_record_help,
      cmd_record },
    { "calibrate", "measure this host, fit prices to one half, predict the other",
      cmd_calibrate_help, cmd_calibrate },
    { "results", "what sweeps left: list, filter, export, join", cmd_results_help, cmd_results },
    { "completion", "what may come next on a shell's line; shells ask it", cmd_completion_help,
      cmd_completion },
    { "help", "this page, or a verb's own", cmd_help_help, cmd_help },
    { "version", "the program's version", cmd_version_help, cmd_version },
};

size_t
cmd_verb_count(void)
{
    return VMM_COUNT_OF(cmd_verbs);
}

const struct cmd_verb *
cmd_verb_at(size_t index)
{
    return &cmd_verbs[index];
}

/* The spellings that other programs have taught us to type. */
static const char *
cmd_verb_alias(const char *name)
{
    if (strcmp(name, "--help") == 0 || strcmp(name, "-h") == 0)
        return "help";
    if (strcmp(name, "--version") == 0)
        return "version";
    return name;
}

const struct cmd_verb *
cmd_verb_find(const char *name)
{
    const char *wanted = cmd_verb_alias(name);
    struct scn_guess guess;

    for (size_t i = 0; i < VMM_COUNT_OF(cmd_verbs); i++) {
        if (strcmp(cmd_verbs[i].name, wanted) == 0)
            return &cmd_verbs[i];
    }
    scn_guess_init(&guess, name, strlen(name));
    for (size_t i = 0; i < VMM_COUNT_OF(cmd_verbs); i++)
        scn_guess_offer(&guess, cmd_verbs[i].name);
    if (guess.word != NULL)
        cmd_trouble("unknown verb '%s': did you mean '%s'?", name, guess.word);
    else
        cmd_trouble("unknown verb '%s': 'faultline help' lists the verbs", name);
    return NULL;
}

int
main(int argc, char **argv)
{
    struct cmd_words words = { argc > 1 ? argc - 2 : 0, argv + (argc > 1 ? 2 : argc) };
    const struct cmd_verb *verb;

    io_guard_standard();
    if (argc <= 1)
        return cmd_story(&cmd_verbs[0], &words);
    verb = cmd_verb_find(argv[1]);
    return verb != NULL ? cmd_print_end(verb->run(verb, &words)) : CMD_TROUBLE;
}

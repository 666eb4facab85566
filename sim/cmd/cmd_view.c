/*
 * cmd_view.c - faultline stat and faultline vmmap: a Mac's tools, looking at a scenario
 */
#include "cmd/cmd.h"
#include "core/core_json.h"
#include "core/scn_snapshot.h"

const char cmd_stat_help[] =
    "usage: faultline stat [options] FILE\n"
    "\n"
    "Runs a scenario on the releases that it names and prints the machine's counters\n"
    "at its end, in the lines and the order of vm_stat. FILE may be -.\n"
    "\n"
    "  --at LINE       look behind this line of the file instead of at its end\n"
    "  --profile NAME  run on this release instead of those the file names\n"
    "  --machine NAME  on this machine, or a .json file of your own\n"
    "  --json          print one JSON object\n"
    "  --help          this page\n"
    "\n"
    "exit: as run: 0 clean, 1 a finding or a failed expectation, 2 trouble\n"
    "\n"
    "example:\n"
    "  faultline stat --at 12 sim/scenarios/way3_wire_then_access.scn\n";

const char cmd_vmmap_help[] =
    "usage: faultline vmmap [options] FILE\n"
    "\n"
    "Runs a scenario on the releases that it names and prints the map of every task\n"
    "and of the kernel at its end, in the columns and words of vmmap. Three columns\n"
    "are ours, for what vmmap cannot see: WIRED/USR how often the entry is wired, and\n"
    "by users; PAGES with a wire count; PTES, pages that the hardware can reach now,\n"
    "and those of them with the WIRED bit. FILE may be -.\n"
    "\n"
    "  --at LINE       look behind this line of the file instead of at its end\n"
    "  --profile NAME  run on this release instead of those the file names\n"
    "  --machine NAME  on this machine, or a .json file of your own\n"
    "  --json          print one JSON object\n"
    "  --help          this page\n"
    "\n"
    "exit: as run: 0 clean, 1 a finding or a failed expectation, 2 trouble\n"
    "\n"
    "example:\n"
    "  faultline vmmap --at 12 sim/scenarios/way3_wire_then_access.scn\n";

struct viewing {
    enum scn_view view;
    const char *verb;
    const char *file;
    bool is_json;
    bool has_profile;
    size_t profile;
    const char *machine_name; /* NULL: what the file says */
    struct machine machine;
    struct hw_geometry geometry;
    uint32_t line; /* 0: the last one */
    size_t shown;
    struct core_json answer;
    int code;
};

static void
show(struct viewing *viewing, const struct core_out *to, const struct scn_program *program,
     const struct scn_report *report)
{
    if (viewing->is_json) {
        core_json_element(to, viewing->shown);
        scn_view_json(to, viewing->view, viewing->file, program, report);
    } else {
        core_put(to, viewing->shown > 0 ? "\n" : "");
        scn_view_text(to, viewing->view, viewing->file, program, report);
    }
    viewing->shown++;
}

static bool
view_one(struct viewing *viewing, const struct scn_program *program, size_t row,
         struct io_bytes *out, struct io_bytes *err)
{
    const struct scn_options options = {
        .snapshot_line = viewing->line,
        .geometry = viewing->machine_name != NULL ? &viewing->geometry : NULL,
    };
    struct scn_report *report =
        cmd_run_row(viewing->file, program, row, options, err, &viewing->code);
    struct core_out to = cmd_out(out);

    if (report == NULL)
        return false;
    show(viewing, &to, program, report);
    scn_report_free(report);
    return true;
}

static void
view_each(struct viewing *viewing, const struct scn_program *program, struct io_bytes *out,
          struct io_bytes *err)
{
    size_t count = viewing->has_profile ? 1 : scn_program_profile_count(program);
    bool goes_on = true;

    for (size_t i = 0; goes_on && i < count; i++) {
        size_t row = viewing->has_profile ? viewing->profile : scn_program_profile_at(program, i);

        goes_on = view_one(viewing, program, row, out, err);
    }
}

static bool
has_line(struct viewing *viewing, const struct scn_program *program, struct io_bytes *err)
{
    uint32_t last = scn_program_last_line(program);

    if (viewing->line == 0)
        viewing->line = last;
    if (scn_program_has_line(program, viewing->line))
        return true;
    viewing->code =
        cmd_complain(err,
                     "%s: nothing happens on line %u: name a line with a statement, the "
                     "last one is %u",
                     viewing->file, (unsigned)viewing->line, (unsigned)last);
    return false;
}

static bool
viewing_work(void *context, struct io_bytes *out, struct io_bytes *err)
{
    struct viewing *viewing = context;
    struct scn_program *program = cmd_load(viewing->file, err);
    struct core_out to = cmd_out(out);

    if (program == NULL ||
        (viewing->machine_name != NULL &&
         !cmd_machine_shape(viewing->machine_name, &viewing->machine, &viewing->geometry, err))) {
        scn_program_free(program);
        viewing->code = CMD_TROUBLE;
        return false;
    }
    if (has_line(viewing, program, err)) {
        if (viewing->is_json) {
            viewing->answer = core_json_begin_answer(&to, viewing->verb);
            core_json_list(&viewing->answer, "runs");
        }
        view_each(viewing, program, out, err);
        if (viewing->is_json) {
            core_json_list_end(&to);
            core_json_end_answer(&viewing->answer);
        }
    }
    scn_program_free(program);
    return false;
}

static int
view(const struct cmd_verb *verb, struct cmd_words *words, enum scn_view what)
{
    struct viewing viewing = { .view = what, .verb = verb->name };
    bool wants_help = false;
    const char *profile = NULL;
    const char *at = NULL;
    const struct cmd_option options[] = {
        { "--json", &viewing.is_json, NULL },
        { "--profile", &viewing.has_profile, &profile },
        { "--machine", NULL, &viewing.machine_name },
        { "--at", NULL, &at },
        { "--help", &wants_help, NULL },
    };

    if (!cmd_parse(verb, words, options, VMM_COUNT_OF(options)))
        return CMD_TROUBLE;
    if (wants_help)
        return cmd_say(verb->help);
    if (at != NULL && !cmd_number("--at", at, &viewing.line))
        return CMD_TROUBLE;
    if (viewing.has_profile && !cmd_profile_find(profile, &viewing.profile))
        return CMD_TROUBLE;
    if (words->count == 0)
        return cmd_trouble("'%s' needs a file: faultline %s FILE", verb->name, verb->name);
    if (!cmd_at_most(verb, words, 1))
        return CMD_TROUBLE;
    viewing.file = words->word[0];
    return cmd_work(viewing_work, &viewing, &viewing.code);
}

int
cmd_stat(const struct cmd_verb *verb, struct cmd_words *words)
{
    return view(verb, words, SCN_VIEW_STAT);
}

int
cmd_vmmap(const struct cmd_verb *verb, struct cmd_words *words)
{
    return view(verb, words, SCN_VIEW_MAPS);
}

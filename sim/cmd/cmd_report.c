/*
 * cmd_report.c - faultline report: a scenario in one HTML file that runs it
 *
 * The page carries the model as wasm, so the report holds no results: it makes them when it is opened.
 */
#include <string.h>

#include "cmd/cmd.h"
#include "cmd/cmd_page.h"

const char cmd_report_help[] =
    "usage: faultline report [options] FILE -o OUT.html\n"
    "\n"
    "Writes one HTML file with the scenario and the model inside. It opens from disk\n"
    "in any browser, fetches nothing, steps forward and back through every event, and\n"
    "runs again what is edited in it, on any release. FILE may be -, OUT too.\n"
    "\n"
    "  -o OUT          the file to write\n"
    "  --profile NAME  show this release first\n"
    "  --machine NAME  on this one of 'faultline machines'\n"
    "  --help          this page\n"
    "\n"
    "exit: 0 written, 2 a bad file or option\n"
    "\n"
    "example:\n"
    "  faultline report sim/scenarios/way3_wire_then_access.scn -o r.html\n";

struct reporting {
    const char *file;
    const char *to;
    const char *profile; /* NULL: the first that the scenario names */
    const char *machine; /* NULL: the scenario's own */
    int code;
};

static void
write_page(struct reporting *reporting, struct io_bytes *page, struct io_bytes *out,
           struct io_bytes *err)
{
    if (page->is_short)
        reporting->code = cmd_no_memory(err, reporting->file);
    else if (strcmp(reporting->to, "-") == 0)
        io_bytes_put(out, page->data, page->length);
    else if (!cmd_write_file(reporting->to, page->data, page->length, err))
        reporting->code = CMD_TROUBLE;
}

static bool
report_work(void *context, struct io_bytes *out, struct io_bytes *err)
{
    struct reporting *reporting = context;
    struct io_bytes source = { 0 };
    struct io_bytes page = { 0 };
    struct scn_program *program = cmd_load_text(reporting->file, &source, err);
    const struct cmd_given given = { .file = reporting->file,
                                     .profile = reporting->profile,
                                     .machine = reporting->machine };

    io_bytes_put(&source, "", 1); /* the text ends here */
    if (program == NULL)
        reporting->code = CMD_TROUBLE;
    else if (!cmd_page(&given, source.data, &page))
        reporting->code =
            cmd_complain(err, "faultline: this build has no page in it: './run page' puts it in");
    else
        write_page(reporting, &page, out, err);
    if (program != NULL)
        scn_program_free(program);
    io_bytes_free(&page);
    io_bytes_free(&source);
    return false;
}

int
cmd_report(const struct cmd_verb *verb, struct cmd_words *words)
{
    struct reporting reporting = { 0 };
    bool wants_help = false;
    size_t row;
    const struct cmd_option options[] = {
        { "-o", NULL, &reporting.to },
        { "--profile", NULL, &reporting.profile },
        { "--machine", NULL, &reporting.machine },
        { "--help", &wants_help, NULL },
    };

    if (!cmd_parse(verb, words, options, VMM_COUNT_OF(options)))
        return CMD_TROUBLE;
    if (wants_help)
        return cmd_say(verb->help);
    if (reporting.profile != NULL && !cmd_profile_find(reporting.profile, &row))
        return CMD_TROUBLE;
    if (reporting.machine != NULL && !cmd_page_has_machine(reporting.machine))
        return CMD_TROUBLE;
    if (words->count == 0)
        return cmd_trouble("'report' needs a file: faultline report FILE -o OUT.html");
    if (reporting.to == NULL)
        return cmd_trouble("'report' needs a place to write: faultline report FILE -o OUT.html");
    if (!cmd_at_most(verb, words, 1))
        return CMD_TROUBLE;
    reporting.file = words->word[0];
    return cmd_work(report_work, &reporting, &reporting.code);
}

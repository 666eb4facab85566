/*
 * cmd_price.c - faultline price: what a scenario costs on a machine
 */
#include "cmd/cmd.h"
#include "core/core_json.h"
#include "core/price.h"

const char cmd_price_help[] =
    "usage: faultline price [options] FILE\n"
    "\n"
    "Runs a scenario on a machine and says what it cost there: in all, by floor, by\n"
    "cause, by verb and by line. The model counts and knows no time; a time is counts\n"
    "times prices, and its range is what the prices' spreads make of it. What other\n"
    "CPUs lose to interrupts stands apart and is in no total. FILE may be -.\n"
    "\n"
    "  --machine NAME  one of 'faultline machines', or a .json file of your own (the\n"
    "                  one the file names, else skylake)\n"
    "  --profile NAME  run on this release instead of those the file names\n"
    "  --json          print one JSON object\n"
    "  --help          this page\n"
    "\n"
    "exit: as run: 0 clean, 1 a finding or a failed expectation, 2 trouble\n"
    "\n"
    "example:\n"
    "  faultline price --profile macos-10.15 sim/scenarios/way3_wire_then_access.scn\n";

struct pricing {
    const char *file;
    const char *machine_name;
    bool is_json;
    bool has_profile;
    size_t profile;
    struct machine machine;
    struct hw_geometry geometry;
    size_t shown;
    int code;
};

static void
price_show(struct pricing *pricing, const struct core_out *to, const struct scn_program *program,
           const struct scn_report *report)
{
    uint64_t page_bytes = hw_page_bytes(&pricing->geometry);

    if (pricing->is_json) {
        core_json_element(to, pricing->shown);
        price_json(to, pricing->file, program, report, &pricing->machine, page_bytes);
    } else {
        core_put(to, pricing->shown > 0 ? "\n" : "");
        price_text(to, pricing->file, report, &pricing->machine, page_bytes);
    }
    pricing->shown++;
}

static bool
price_one(struct pricing *pricing, const struct scn_program *program, size_t row,
          struct io_bytes *out, struct io_bytes *err)
{
    const struct scn_options options = { .keep_events = true, .geometry = &pricing->geometry };
    struct scn_report *report =
        cmd_run_row(pricing->file, program, row, options, err, &pricing->code);
    struct core_out to = cmd_out(out);

    if (report == NULL)
        return false;
    price_show(pricing, &to, program, report);
    scn_report_free(report);
    return true;
}

static void
price_each(struct pricing *pricing, const struct scn_program *program, struct io_bytes *out,
           struct io_bytes *err)
{
    size_t count = pricing->has_profile ? 1 : scn_program_profile_count(program);

    for (size_t i = 0; i < count; i++) {
        size_t row = pricing->has_profile ? pricing->profile : scn_program_profile_at(program, i);

        if (!price_one(pricing, program, row, out, err))
            return;
    }
}

/* The machine that the command names, or the file, or one that many have. */
static bool
price_machine(struct pricing *pricing, const struct scn_program *program, struct io_bytes *err)
{
    const char *name = scn_program_machine(program);

    if (pricing->machine_name != NULL)
        name = pricing->machine_name;
    return cmd_machine_shape(name[0] != '\0' ? name : "skylake", &pricing->machine,
                             &pricing->geometry, err);
}

static bool
pricing_work(void *context, struct io_bytes *out, struct io_bytes *err)
{
    struct pricing *pricing = context;
    struct scn_program *program = cmd_load(pricing->file, err);
    struct core_out to = cmd_out(out);
    struct core_json answer;

    if (program == NULL || !price_machine(pricing, program, err)) {
        scn_program_free(program);
        pricing->code = CMD_TROUBLE;
        return false;
    }
    if (pricing->is_json) {
        answer = core_json_begin_answer(&to, "price");
        core_json_list(&answer, "runs");
    }
    price_each(pricing, program, out, err);
    if (pricing->is_json) {
        core_json_list_end(&to);
        core_json_end_answer(&answer);
    }
    scn_program_free(program);
    return false;
}

int
cmd_price(const struct cmd_verb *verb, struct cmd_words *words)
{
    struct pricing pricing = { .is_json = false };
    bool wants_help = false;
    const char *profile = NULL;
    const struct cmd_option options[] = {
        { "--json", &pricing.is_json, NULL },
        { "--machine", NULL, &pricing.machine_name },
        { "--profile", &pricing.has_profile, &profile },
        { "--help", &wants_help, NULL },
    };

    if (!cmd_parse(verb, words, options, VMM_COUNT_OF(options)))
        return CMD_TROUBLE;
    if (wants_help)
        return cmd_say(verb->help);
    if (pricing.has_profile && !cmd_profile_find(profile, &pricing.profile))
        return CMD_TROUBLE;
    if (words->count == 0)
        return cmd_trouble("'price' needs a file: faultline price FILE");
    if (!cmd_at_most(verb, words, 1))
        return CMD_TROUBLE;
    pricing.file = words->word[0];
    return cmd_work(pricing_work, &pricing, &pricing.code);
}

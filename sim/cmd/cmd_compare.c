/*
 * cmd_compare.c - faultline compare: five ways, and from how many pages on wiring is cheaper
 */
#include <stdlib.h>
#include <string.h>

#include "cmd/cmd.h"
#include "core/compare.h"
#include "core/core_json.h"

const char cmd_compare_help[] =
    "usage: faultline compare [options]\n"
    "\n"
    "A driver reads a user's pages from the kernel. It can map them and let each page\n"
    "fault (lazy), read every page once first (touch-first), map with kIOMapPrefault\n"
    "(prefault), wireRange() them (wire), or readBytes() everything (copy). Each way\n"
    "runs in the model, from prepare() to complete(), and its counts are priced.\n"
    "The break-even says from how many pages on wiring is cheaper than faulting; its\n"
    "interval moves one price at a time to an end of its spread.\n"
    "\n"
    "  --pages N|A..B     pages mapped (1..4096); a range is swept by doubling\n"
    "  --touches K|A..B   pages of those that are used (all)\n"
    "  --cpus C           CPUs (4): one works, the others run kernel code\n"
    "  --machine NAME,..  machines (skylake), or .json files of your own\n"
    "  --profile NAME     release (macos-15.5)\n"
    "  --svg FILE         draw the curves, a panel a machine\n"
    "  --csv              print comma-separated values\n"
    "  --json             print one JSON object\n"
    "  --help             this page\n"
    "\n"
    "example:\n"
    "  faultline compare --pages 1..4096 --machine skylake,m1 --svg out.svg\n";

enum { COMPARE_MACHINES = 16, COMPARE_NAME_BYTES = 256 };

struct comparing {
    const char *pages, *touches, *cpus, *machines, *profile_name, *svg;
    bool is_csv;
    bool is_json;
    struct machine machine[COMPARE_MACHINES];
    struct compare_sweep *sweeps; /* one a machine */
    size_t count;
    int code;
};

/* ---- words ---- */

/* "A..B" or "N"; from 1 to COMPARE_MOST_PAGES. False after the complaint. */
static bool
compare_range(const char *option, const char *word, uint32_t *from, uint32_t *to,
              struct io_bytes *err)
{
    char *end;
    unsigned long low = strtoul(word, &end, 10);
    unsigned long high = low;

    if (strncmp(end, "..", 2) == 0 && end[2] >= '0' && end[2] <= '9')
        high = strtoul(end + 2, &end, 10);
    if (word[0] >= '0' && word[0] <= '9' && *end == '\0' && low >= 1 && low <= high &&
        high <= COMPARE_MOST_PAGES) {
        *from = (uint32_t)low;
        *to = (uint32_t)high;
        return true;
    }
    cmd_complain(err, "faultline: %s %s: a number or a range A..B from 1 to %u is allowed", option,
                 word, (unsigned)COMPARE_MOST_PAGES);
    return false;
}

/* What is swept, and what stands still. */
static bool
compare_axes(const struct comparing *comparing, struct compare_sweep *like, struct io_bytes *err)
{
    uint32_t pages[2], touches[2] = { 0, 0 }, cpus[2];

    if (!compare_range("--pages", comparing->pages, &pages[0], &pages[1], err) ||
        (comparing->touches != NULL &&
         !compare_range("--touches", comparing->touches, &touches[0], &touches[1], err)) ||
        !compare_range("--cpus", comparing->cpus, &cpus[0], &cpus[1], err))
        return false;
    if (cpus[0] != cpus[1] || cpus[1] > 64) {
        cmd_complain(err, "faultline: --cpus %s: one number from 1 to 64 is allowed",
                     comparing->cpus);
        return false;
    }
    like->question.cpus = cpus[0];
    like->touches_all = comparing->touches == NULL;
    like->sweeps_touches = touches[0] != touches[1];
    if (like->sweeps_touches && (pages[0] != pages[1] || touches[1] > pages[1])) {
        cmd_complain(err,
                     "faultline: --touches %s: with a range, --pages must be one number, no "
                     "less than it",
                     comparing->touches);
        return false;
    }
    if (touches[1] > pages[1]) {
        cmd_complain(err, "faultline: --touches %s: no more than the %u pages that are mapped",
                     comparing->touches, (unsigned)pages[1]);
        return false;
    }
    like->question.pages = pages[1];
    like->question.touches = touches[1];
    like->from = like->sweeps_touches ? touches[0] : pages[0];
    like->to = like->sweeps_touches ? touches[1] : pages[1];
    return true;
}

/* ---- machines ---- */

static bool
compare_add_machine(struct comparing *comparing, const char *name, const struct compare_sweep *like,
                    struct io_bytes *err)
{
    struct machine *machine = &comparing->machine[comparing->count];
    struct compare_sweep *sweep = &comparing->sweeps[comparing->count];
    char bytes[160];
    struct vmm_text why;

    if (!cmd_machine_load(name, machine, err))
        return false;
    vmm_text_init(&why, bytes, sizeof bytes);
    *sweep = *like;
    sweep->question.machine = machine;
    if (!machine_geometry(machine, &sweep->question.geometry, &why)) {
        cmd_complain(err, "%s: %s", name, bytes);
        return false;
    }
    comparing->count++;
    return true;
}

static bool
compare_add_machines(struct comparing *comparing, const struct compare_sweep *like,
                     struct io_bytes *err)
{
    const char *word = comparing->machines;

    while (comparing->count < COMPARE_MACHINES) {
        size_t length = strcspn(word, ",");
        char name[COMPARE_NAME_BYTES];

        if (length == 0 || length >= sizeof name) {
            cmd_complain(err, "faultline: --machine %s: names with commas between them are allowed",
                         comparing->machines);
            return false;
        }
        memcpy(name, word, length);
        name[length] = '\0';
        if (!compare_add_machine(comparing, name, like, err))
            return false;
        if (word[length] == '\0')
            return true;
        word += length + 1;
    }
    cmd_complain(err, "faultline: --machine: at most %u at a time", (unsigned)COMPARE_MACHINES);
    return false;
}

/* ---- results ---- */

static bool
compare_write_svg(const struct comparing *comparing, struct io_bytes *err)
{
    struct io_bytes picture = { 0 };
    struct core_out to = cmd_out(&picture);
    bool is_written;

    compare_svg_begin(&to, comparing->count);
    for (size_t i = 0; i < comparing->count; i++)
        compare_svg(&to, &comparing->sweeps[i], i);
    compare_svg_end(&to);
    is_written = cmd_write_file(comparing->svg, picture.data, picture.length, err);
    io_bytes_free(&picture);
    return is_written;
}

static void
compare_show(const struct comparing *comparing, const struct core_out *to)
{
    struct core_json answer;

    if (comparing->is_json) {
        answer = core_json_begin_answer(to, "compare");
        core_json_list(&answer, "sweeps");
    }
    if (comparing->is_csv)
        compare_csv_head(to);
    for (size_t i = 0; i < comparing->count; i++) {
        if (comparing->is_json) {
            core_json_element(to, i);
            compare_json(to, &comparing->sweeps[i]);
        } else if (comparing->is_csv) {
            compare_csv(to, &comparing->sweeps[i]);
        } else {
            core_put(to, i > 0 ? "\n" : "");
            compare_text(to, &comparing->sweeps[i]);
        }
    }
    if (comparing->is_json) {
        core_json_list_end(to);
        core_json_end_answer(&answer);
    }
}

static bool
compare_everything(struct comparing *comparing, const struct compare_sweep *like,
                   struct io_bytes *out, struct io_bytes *err)
{
    struct core_out to = cmd_out(out);

    if (!compare_add_machines(comparing, like, err))
        return false;
    for (size_t i = 0; i < comparing->count; i++) {
        if (!compare_run(&cmd_heap, &comparing->sweeps[i])) {
            cmd_no_memory(err, "faultline");
            return false;
        }
    }
    if (comparing->svg != NULL && !compare_write_svg(comparing, err))
        return false;
    compare_show(comparing, &to);
    return true;
}

static bool
compare_work(void *context, struct io_bytes *out, struct io_bytes *err)
{
    struct comparing *comparing = context;
    static struct compare_sweep like; /* large, and all zero */
    bool is_done = false;

    comparing->sweeps = calloc(COMPARE_MACHINES, sizeof *comparing->sweeps);
    if (comparing->sweeps == NULL)
        cmd_no_memory(err, "faultline");
    else if (cmd_profile_find(comparing->profile_name, &like.question.profile) &&
             compare_axes(comparing, &like, err))
        is_done = compare_everything(comparing, &like, out, err);
    free(comparing->sweeps);
    comparing->code = is_done ? CMD_CLEAN : CMD_TROUBLE;
    return false;
}

int
cmd_compare(const struct cmd_verb *verb, struct cmd_words *words)
{
    static struct comparing comparing = {
        .pages = "1..4096", .cpus = "4", .machines = "skylake", .profile_name = "macos-15.5"
    };
    bool wants_help = false;
    const struct cmd_option options[] = {
        { "--pages", NULL, &comparing.pages },
        { "--touches", NULL, &comparing.touches },
        { "--cpus", NULL, &comparing.cpus },
        { "--machine", NULL, &comparing.machines },
        { "--profile", NULL, &comparing.profile_name },
        { "--svg", NULL, &comparing.svg },
        { "--csv", &comparing.is_csv, NULL },
        { "--json", &comparing.is_json, NULL },
        { "--help", &wants_help, NULL },
    };

    if (!cmd_parse(verb, words, options, VMM_COUNT_OF(options)))
        return CMD_TROUBLE;
    if (wants_help)
        return cmd_say(verb->help);
    if (!cmd_at_most(verb, words, 0))
        return CMD_TROUBLE;
    if (comparing.is_csv && comparing.is_json)
        return cmd_trouble("--csv and --json exclude each other");
    return cmd_work(compare_work, &comparing, &comparing.code);
}

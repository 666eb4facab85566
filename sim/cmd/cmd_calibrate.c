/*
 * cmd_calibrate.c - faultline calibrate: measure this host, fit prices to one half, predict the other
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cmd/cmd.h"
#include "core/calibrate.h"
#include "core/core_json.h"
#include "host/host_measure.h"

const char cmd_calibrate_help[] =
    "usage: faultline calibrate [options]\n"
    "\n"
    "Measures this host: memory lazy, populated, locked and in huge pages by how much\n"
    "of it is used; unmapping and locking; reading before writing; rights taken and\n"
    "given back with one CPU and with two; forks; pointer chains by footprint. Each\n"
    "case runs many times, in an order of chance; what was disturbed runs again. A\n"
    "busy host makes fewer rounds, but five. Prices are fitted to one half of the\n"
    "cases; the other half is predicted and compared. The host's kernel is not XNU:\n"
    "the check says how far counts times prices can be trusted, not what a Mac costs.\n"
    "\n"
    "  -o FILE.json  write the fitted machine, for --machine FILE.json elsewhere\n"
    "  --svg FILE    draw predicted against measured\n"
    "  --base NAME   the machine to begin with (zen3 on AMD, else skylake)\n"
    "  --rounds N    how often each case is measured, 3 to 64 (15)\n"
    "  --seed N      of the order (1)\n"
    "  --quiet       no progress\n"
    "  --help        this page\n"
    "\n"
    "example:\n"
    "  faultline calibrate -o here.json --svg check.svg\n";

struct calibrating {
    const char *target, *svg, *base, *rounds_text, *seed_text;
    uint32_t rounds, seed;
    bool is_quiet;
    int code;
};

static void
calibrating_say(unsigned round, unsigned rounds)
{
    fprintf(stderr, "%sround %u of %u%s", io_is_terminal(2) ? "\r" : "", round, rounds,
            io_is_terminal(2) && round < rounds ? "" : "\n");
}

/* Asked before a minute of measuring. */
static bool
calibrating_has_folder(const char *path, struct io_bytes *err)
{
    const char *slash = path == NULL ? NULL : strrchr(path, '/');
    char folder[4096] = ".";

    if (path == NULL)
        return true;
    if (slash != NULL)
        snprintf(folder, sizeof folder, "%.*s", slash == path ? 1 : (int)(slash - path), path);
    if (access(folder, W_OK) == 0)
        return true;
    cmd_complain(err, "%s: cannot be written: %s", path, strerror(errno));
    return false;
}

static bool
calibrating_files(const struct calibrating *calibrating, const struct machine *machine,
                  const struct calibrate_case *cases, size_t count, struct io_bytes *err)
{
    struct io_bytes json = { 0 }, picture = { 0 };
    struct core_out to_json = cmd_out(&json), to_picture = cmd_out(&picture);
    bool is_written = true;

    calibrate_machine_json(&to_json, machine, calibrating->base, "calibrated");
    calibrate_svg(&to_picture, cases, count, "predicted and measured on this host");
    if (calibrating->target != NULL)
        is_written = cmd_write_file(calibrating->target, json.data, json.length, err);
    if (calibrating->svg != NULL)
        is_written &= cmd_write_file(calibrating->svg, picture.data, picture.length, err);
    io_bytes_free(&json);
    io_bytes_free(&picture);
    return is_written;
}

static bool
calibrating_work(void *context, struct io_bytes *out, struct io_bytes *err)
{
    struct calibrating *calibrating = context;
    static struct calibrate_case cases[CALIBRATE_CASES_MAX];
    size_t count = calibrate_cases(cases);
    struct core_out to = cmd_out(out);
    struct calibrate_host host;
    struct calibrate_fit fit;
    struct machine machine;

    calibrating->code = CMD_TROUBLE;
    if (!cmd_machine_load(calibrating->base, &machine, err) ||
        !calibrating_has_folder(calibrating->target, err) ||
        !calibrating_has_folder(calibrating->svg, err))
        return false;
    if (!host_measure(cases, count, calibrating->rounds, calibrating->seed,
                      calibrating->is_quiet ? NULL : calibrating_say, &host) ||
        !calibrate_fit(&cmd_heap, &machine, &host, cases, count, &fit)) {
        cmd_no_memory(err, "faultline");
        return false;
    }
    if (!calibrating_files(calibrating, &machine, cases, count, err))
        return false;
    calibrate_text(&to, &host, cases, count, &fit);
    calibrating->code = CMD_CLEAN;
    return false;
}

int
cmd_calibrate(const struct cmd_verb *verb, struct cmd_words *words)
{
    struct calibrating calibrating = { .base = host_machine_base(),
                                       .rounds_text = "15",
                                       .seed_text = "1" };
    bool wants_help = false;
    const struct cmd_option options[] = {
        { "-o", NULL, &calibrating.target },
        { "--svg", NULL, &calibrating.svg },
        { "--base", NULL, &calibrating.base },
        { "--rounds", NULL, &calibrating.rounds_text },
        { "--seed", NULL, &calibrating.seed_text },
        { "--quiet", &calibrating.is_quiet, NULL },
        { "--help", &wants_help, NULL },
    };

    if (!cmd_parse(verb, words, options, VMM_COUNT_OF(options)))
        return CMD_TROUBLE;
    if (wants_help)
        return cmd_say(verb->help);
    if (!cmd_at_most(verb, words, 0) ||
        !cmd_number("--rounds", calibrating.rounds_text, &calibrating.rounds) ||
        !cmd_number("--seed", calibrating.seed_text, &calibrating.seed))
        return CMD_TROUBLE;
    if (calibrating.rounds < 3 || calibrating.rounds > HOST_ROUNDS_MAX)
        return cmd_trouble("--rounds: 3 to %d", HOST_ROUNDS_MAX);
    return cmd_work(calibrating_work, &calibrating, &calibrating.code);
}

/*
 * cmd_serve.c - faultline serve: the page from a server on this machine, and a file's runs as they change
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "cmd/cmd.h"
#include "cmd/cmd_page.h"
#include "core/core_out.h"
#include "fiber/fiber.h"
#include "io/io_serve.h"

const char cmd_serve_help[] =
    "usage: faultline serve [options] [FILE]\n"
    "\n"
    "Serves the page of 'faultline report' on 127.0.0.1 alone, with FILE's runs by\n"
    "this program, until Ctrl-C. No foreign page is answered.\n"
    "\n"
    "  /          the page; without FILE it begins with a short scenario\n"
    "  /scenario  the scenario as JSON\n"
    "  /run       as 'faultline run --json FILE'\n"
    "  /events    server-sent events: what changed, how far a run is, how it ended\n"
    "\n"
    "  --watch         read and run FILE again whenever it is saved; pages follow\n"
    "  --follow FILE   show what a driver's test does that has FAULTLINE_LIVE=FILE\n"
    "  --port N        the port (any that is free)\n"
    "  --profile NAME  show and run this release\n"
    "  --machine NAME  on this one of 'faultline machines'\n"
    "  --help          this page\n"
    "exit: 130 after Ctrl-C, 2 a bad file or option, or no port\n"
    "\n"
    "example:\n"
    "  faultline serve --watch sim/scenarios/way3_wire_then_access.scn\n";

static const char serve_starter[] = "title \"a page that is touched under a spin lock\"\n"
                                    "app = task\n"
                                    "buf = allocate app 16p\n"
                                    "fill buf\n"
                                    "md  = descriptor buf direction=out\n"
                                    "prepare md\n"
                                    "m   = map md kernel\n"
                                    "nofault spin-lock {\n"
                                    "    load m\n"
                                    "}\n";

enum { SERVE_PROGRESS = 1 << 16 /* events between two words about a run */ };

enum { SERVE_LINE_BYTES = 320 };

/* What a driver's test has told so far. */
struct serve_live {
    uint64_t events, findings;
    char line[SERVE_LINE_BYTES]; /* that has not ended yet */
    size_t length;
    char last_event[SERVE_LINE_BYTES];
};

struct serving {
    struct cmd_given given;
    bool has_file;
    bool has_profile;
    size_t profile;
    struct hw_geometry geometry; /* of given.machine */
    uint16_t port;
    struct io_bytes text; /* as it was read last, terminated */
    /* While a run goes on: */
    struct io_server *server;
    unsigned runs, unclean;
    const char *followed; /* or NULL */
    struct serve_live live;
};

/* ---- what is served ---- */

static struct io_bytes *
serve_page(struct io_site *site, const char *path, const char *type)
{
    struct io_serve_page *page = &site->page[site->count++];

    page->path = path;
    page->type = type;
    return &page->body;
}

static void
serve_fill(struct serving *serving, struct io_site *site)
{
    static const char json[] = "application/json; charset=utf-8";
    struct io_bytes *body = serve_page(site, "/", "text/html; charset=utf-8");
    struct core_out out;

    if (!cmd_page(&serving->given, serving->text.data, body))
        io_bytes_text(
            body, "<!doctype html><title>Faultline</title><p>This build has no page in it: "
                  "<code>./run page</code> puts it in. <a href=\"/run\">The run</a> is there.\n");
    body = serve_page(site, "/scenario", json);
    out = cmd_out(body);
    cmd_page_given(&serving->given, serving->text.data, &out);
}

/* ---- the run ---- */

static void
serve_follow(void *context, uint64_t seen)
{
    struct serving *serving = context;
    char line[64];

    if (seen % SERVE_PROGRESS != 0)
        return;
    snprintf(line, sizeof line, "{\"run\": %u, \"events\": %" PRIu64 "}", serving->runs + 1, seen);
    io_serve_tell(serving->server, "progress", line);
}

static bool
serve_one(struct serving *serving, const struct scn_program *program, size_t row,
          const struct core_out *out)
{
    const struct scn_follower follower = { .context = serving, .event = serve_follow };
    const struct scn_options options = {
        .fibers = fiber_set_create(),
        .follower = &follower,
        .geometry = serving->given.machine != NULL ? &serving->geometry : NULL,
    };
    struct scn_report *report;
    enum scn_outcome outcome = scn_run(program, &cmd_heap, row, &options, &report);

    fiber_set_destroy(options.fibers);
    if (outcome != SCN_OK)
        return false;
    scn_json_run(out, serving->runs == 0, serving->given.file, program, report, 0);
    serving->runs++;
    serving->unclean += report->verdict != SCN_CLEAN;
    scn_report_free(report);
    return true;
}

static bool
serve_run(struct serving *serving, const struct scn_program *program, struct io_bytes *body)
{
    size_t count = serving->has_profile ? 1 : scn_program_profile_count(program);
    struct core_out out = cmd_out(body);
    bool goes_on = true;

    scn_json_begin(&out);
    for (size_t i = 0; goes_on && i < count; i++)
        goes_on = serve_one(
            serving, program,
            serving->has_profile ? serving->profile : scn_program_profile_at(program, i), &out);
    scn_json_end(&out);
    return goes_on;
}

/* { "error": "file:line:col: what: how" }, and the same for the terminal. */
static void
serve_error(struct io_bytes *body, struct io_bytes *said, struct io_bytes *err)
{
    struct core_out out = cmd_out(body);

    io_bytes_put(said, "", 1);
    io_bytes_text(err, said->data);
    said->data[strcspn(said->data, "\n")] = '\0';
    core_put(&out, "{ \"error\": ");
    core_put_json(&out, said->data);
    core_put(&out, " }\n");
}

static void
serve_fill_run(struct serving *serving, struct io_site *site, struct io_bytes *err)
{
    struct io_bytes *body = serve_page(site, "/run", "application/json; charset=utf-8");
    struct io_bytes said = { 0 };
    struct scn_program *program =
        cmd_program(serving->given.file, serving->text.data, serving->text.length - 1, &said);
    char line[64];

    serving->runs = serving->unclean = 0;
    if (program != NULL && !serve_run(serving, program, body)) {
        io_bytes_free(body);
        cmd_no_memory(&said, serving->given.file);
    }
    if (said.length > 0)
        serve_error(body, &said, err);
    snprintf(line, sizeof line, "{\"runs\": %u, \"unclean\": %u}", serving->runs, serving->unclean);
    io_serve_tell(serving->server, "ran", line);
    if (program != NULL)
        scn_program_free(program);
    io_bytes_free(&said);
}

/* ---- a driver's test ---- */

/* A line of FAULTLINE_LIVE's file has ended. */
static void
serve_line(struct serving *serving)
{
    struct serve_live *live = &serving->live;

    live->line[live->length] = '\0';
    if (live->length == 0 || live->line[live->length - 1] != '}')
        live->length = 0; /* no line of ours, or one that was cut */
    else if (strncmp(live->line, "{\"event\"", strlen("{\"event\"")) == 0) {
        live->events++;
        memcpy(live->last_event, live->line, live->length + 1);
    } else if (strncmp(live->line, "{\"finding\"", strlen("{\"finding\"")) == 0) {
        live->findings++;
    }
    live->length = 0;
}

static void
serve_grown(void *context, struct io_server *server, const char *bytes, size_t length)
{
    struct serving *serving = context;
    struct serve_live *live = &serving->live;
    char news[sizeof live->last_event + 96];

    if (bytes == NULL)
        *live = (struct serve_live){ 0 };
    for (size_t i = 0; i < length; i++) {
        if (bytes[i] == '\n')
            serve_line(serving);
        else if (live->length < sizeof live->line - 1) /* what is longer is no line of ours */
            live->line[live->length++] = bytes[i] >= ' ' ? bytes[i] : '?';
    }
    snprintf(news, sizeof news,
             "{\"events\": %" PRIu64 ", \"findings\": %" PRIu64 ", \"last\": %s}", live->events,
             live->findings, live->events > 0 ? live->last_event : "null");
    io_serve_tell(server, "driver", news);
}

/* ---- the server ---- */

/* Reads the file; what was read before stays when it cannot be read. */
static bool
serve_read(struct serving *serving, struct io_bytes *err)
{
    struct io_bytes text = { 0 };

    if (!serving->has_file) {
        io_bytes_text(&text, serve_starter);
    } else if (!cmd_read_file(serving->given.file, SCN_SOURCE_MAX, &text, err)) {
        io_bytes_free(&text);
        return false;
    }
    io_bytes_put(&text, "", 1);
    io_bytes_free(&serving->text);
    serving->text = text;
    return true;
}

/* First the page, so that it need not wait; then the same with the run. */
static bool
serve_make(void *context, struct io_server *server, unsigned step, struct io_site *site,
           struct io_bytes *err)
{
    struct serving *serving = context;

    serving->server = server;
    if (step == 0)
        serve_read(serving, err);
    serve_fill(serving, site);
    if (step > 0)
        serve_fill_run(serving, site, err);
    return step == 0;
}

static void
serve_ready(void *context, uint16_t port)
{
    const struct serving *serving = context;

    cmd_print_line("http://127.0.0.1:%u/ shows %s; Ctrl-C ends", (unsigned)port,
                   serving->has_file ? serving->given.file : "a short scenario");
}

static int
serve(struct serving *serving, bool is_watching)
{
    const struct io_serve_user user = { .program = "faultline",
                                        .port = serving->port,
                                        .watched = is_watching ? serving->given.file : NULL,
                                        .context = serving,
                                        .make = serve_make,
                                        .followed = serving->followed,
                                        .grown = serve_grown,
                                        .ready = serve_ready };
    struct io_bytes err = { 0 };
    bool is_read = serve_read(serving, &err); /* a name that is no file's ends here */
    int code = CMD_TROUBLE;

    fwrite(err.data != NULL ? err.data : "", 1, err.length, stderr);
    io_bytes_free(&err);
    if (is_read)
        code = io_serve(&user) == IO_INTERRUPTED ? IO_EXIT_INTERRUPTED : CMD_TROUBLE;
    io_bytes_free(&serving->text);
    return code;
}

static bool
serve_has_machine(struct serving *serving)
{
    struct machine machine;
    char why[128];
    struct vmm_text text;

    vmm_text_init(&text, why, sizeof why);
    return cmd_page_has_machine(serving->given.machine) &&
           machine_find(serving->given.machine, &machine) &&
           machine_geometry(&machine, &serving->geometry, &text);
}

int
cmd_serve(const struct cmd_verb *verb, struct cmd_words *words)
{
    struct serving serving = { .given = { .file = "scenario.scn", .is_live = true } };
    bool is_watching = false, wants_help = false;
    const char *port = NULL;
    uint32_t number = 0;
    const struct cmd_option options[] = {
        { "--watch", &is_watching, NULL },
        { "--follow", NULL, &serving.followed },
        { "--port", NULL, &port },
        { "--profile", &serving.has_profile, &serving.given.profile },
        { "--machine", NULL, &serving.given.machine },
        { "--help", &wants_help, NULL },
    };

    if (!cmd_parse(verb, words, options, VMM_COUNT_OF(options)))
        return CMD_TROUBLE;
    if (wants_help)
        return cmd_say(verb->help);
    if (port != NULL && !cmd_number("--port", port, &number))
        return CMD_TROUBLE;
    if (number > UINT16_MAX)
        return cmd_trouble("'--port' needs a number from 1 to 65535, not '%s'", port);
    if (serving.has_profile && !cmd_profile_find(serving.given.profile, &serving.profile))
        return CMD_TROUBLE;
    if (serving.given.machine != NULL && !serve_has_machine(&serving))
        return CMD_TROUBLE;
    if (!cmd_at_most(verb, words, 1))
        return CMD_TROUBLE;
    serving.has_file = words->count == 1;
    if (serving.has_file && strcmp(words->word[0], "-") == 0)
        return cmd_trouble("'serve' needs a file that can be read again, not standard input");
    if (is_watching && !serving.has_file)
        return cmd_trouble("--watch needs a file: faultline serve --watch FILE");
    if (serving.has_file)
        serving.given.file = words->word[0];
    serving.port = (uint16_t)number;
    return serve(&serving, is_watching);
}

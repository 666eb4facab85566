/*
 * cmd_results.c - faultline results: what sweeps left, listed, filtered, exported, joined
 *
 * The columns of an export are the point, its parameters, what became of it, and every value that any
 * of the rows has, in the order in which they first appear. So rows are read twice: for names, then
 * for numbers.
 */
#include <errno.h>
#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cmd/cmd.h"
#include "cmd/cmd_results_plot.h"
#include "cmd/cmd_results_where.h"
#include "core/core_json.h"
#include "core/core_out.h"
#include "core/plot.h"
#include "store/store.h"

enum { RESULTS_WHERE_MAX = 16 };

const char cmd_results_help[] =
    "usage: faultline results FILE.db [--run N] [NAME=VALUE...] [options]\n"
    "       faultline results merge INTO.db FROM.db...\n"
    "\n"
    "Lists the runs of a results file, or hands out the rows of one; NAME=VALUE keeps\n"
    "those with this parameter, profile, verdict, stop or count. merge copies what\n"
    "the others have and INTO lacks; doing it again changes nothing.\n"
    "\n"
    "  --run N            which run (the newest)\n"
    "  --csv              its rows as comma-separated values\n"
    "  --json             its rows as one JSON object\n"
    "  --svg FILE         draw medians and ranges of the rows\n"
    "  --html FILE        the same as a page, with the numbers\n"
    "  --plot KIND        line, heat or break-even\n"
    "  --x NAME           the parameter along the axis\n"
    "  --y NAME           the other axis; of a line plot, one line each\n"
    "  --value NAME       a 'report' line or an event to draw (the first)\n"
    "  --versus NAME=A,B  of a break-even: value where NAME is A, over value where B\n"
    "  --help             this page\n"
    "\n"
    "example:\n"
    "  faultline results r.db how=wire --csv\n"
    "  faultline results r.db --svg p.svg --plot heat --x pages --y touched\n";

struct results {
    const char *path;
    struct cmd_words *words;
    struct store *store;
    struct store_where where[RESULTS_WHERE_MAX];
    size_t where_count;
    int64_t run;
    bool has_run;
    bool is_csv, is_json;
    const char *svg, *html;
    struct results_plot plot;
    int code;
    /* of one export */
    struct io_bytes *out;
    struct io_bytes file; /* the scenario's name */
    json_t *params;       /* names, in order */
    json_t *columns;      /* names of counted values, in order: a set that keeps its order */
    size_t rows;
};

static void
results_fail(struct results *results, struct io_bytes *err, const char *what)
{
    results->code = cmd_complain(err, "%s: %s: %s", results->path, what, store_why(results->store));
}

/* ---- runs ---- */

static void
results_list_run(void *context, const struct store_run *run)
{
    struct results *results = context;
    struct core_out to = cmd_out(results->out);

    io_bytes_format(results->out, "%s%4" PRId64 "  ", results->rows == 0 ? " run\n" : "", run->id);
    core_put_clean(&to, run->file);
    io_bytes_text(results->out, "  version ");
    core_put_clean(&to, run->version);
    io_bytes_format(results->out, ", seed %" PRIu64 "  %" PRIu64 " of %" PRIu64 " points  ",
                    run->seed, run->done, run->points);
    core_put_clean(&to, run->params);
    io_bytes_text(results->out, "\n");
    results->rows++;
}

static void
results_newest_run(void *context, const struct store_run *run)
{
    struct results *results = context;

    if (!results->has_run || run->id == results->run) {
        io_bytes_free(&results->file);
        io_bytes_put(&results->file, run->file, strlen(run->file) + 1);
        json_decref(results->params);
        results->params = json_loads(run->params, 0, NULL);
        results->run = run->id;
        results->rows = 1; /* found */
    }
}

/* ---- columns ---- */

static void
results_note_columns(void *context, const struct store_row *row)
{
    const struct results *results = context;

    results_note_counted(results->columns, row);
}

/* ---- CSV ---- */

/* RFC 4180: quotes where a comma, a quote or a line's end stands inside. */
static void
results_put_cell(struct io_bytes *out, const char *text)
{
    if (strpbrk(text, ",\"\r\n") == NULL) {
        io_bytes_text(out, text);
        return;
    }
    io_bytes_text(out, "\"");
    for (; *text != '\0'; text++) {
        if (*text == '"')
            io_bytes_text(out, "\"");
        io_bytes_put(out, text, 1);
    }
    io_bytes_text(out, "\"");
}

static void
results_csv_head(struct results *results)
{
    const char *name;
    size_t index;
    json_t *value;

    io_bytes_text(results->out, "point");
    json_array_foreach(results->params, index, value)
    {
        io_bytes_text(results->out, ",");
        results_put_cell(results->out, json_string_value(value));
    }
    io_bytes_text(results->out, ",profile,verdict,stop,digest");
    json_object_foreach(results->columns, name, value)
    {
        io_bytes_text(results->out, ",");
        results_put_cell(results->out, name);
    }
    io_bytes_text(results->out, "\n");
}

static void
results_csv_row(void *context, const struct store_row *row)
{
    struct results *results = context;
    json_t *params = json_loads(row->params, 0, NULL);
    json_t *values = json_loads(row->values, 0, NULL);
    const char *name;
    size_t index;
    json_t *value;

    io_bytes_format(results->out, "%" PRIu64, row->point);
    json_array_foreach(results->params, index, value)
    {
        const char *text = json_string_value(json_object_get(params, json_string_value(value)));

        io_bytes_text(results->out, ",");
        results_put_cell(results->out, text == NULL ? "" : text);
    }
    io_bytes_format(results->out, ",%s,%s,%s,%s", row->profile, row->verdict, row->stop,
                    row->digest);
    json_object_foreach(results->columns, name, value) io_bytes_format(
        results->out, ",%" JSON_INTEGER_FORMAT, json_integer_value(json_object_get(values, name)));
    io_bytes_text(results->out, "\n");
    results->rows++;
    json_decref(params);
    json_decref(values);
}

/* ---- JSON ---- */

static void
results_json_row(void *context, const struct store_row *row)
{
    struct results *results = context;
    struct core_out to = cmd_out(results->out);

    core_json_element(&to, results->rows++);
    io_bytes_format(results->out,
                    "{ \"point\": %" PRIu64 ", \"params\": %s, \"profile\": \"%s\", \"verdict\": "
                    "\"%s\", \"stop\": \"%s\", ",
                    row->point, row->params, row->profile, row->verdict, row->stop);
    io_bytes_format(results->out, "\"digest\": \"0x%s\", \"values\": %s }", row->digest,
                    row->values);
}

/* ---- pictures ---- */

/* A page that needs nothing else: the picture, and behind it the numbers it was drawn from. */
static bool
results_put_page(struct results *results, const struct store_query *query,
                 const struct io_bytes *picture, struct io_bytes *page)
{
    struct core_out to = cmd_out(page);
    struct io_bytes *out = results->out;
    struct io_bytes rows = { 0 };
    bool is_whole;

    results->out = &rows;
    results->columns = json_object();
    is_whole = store_each_row(results->store, query, results_note_columns, results);
    results_csv_head(results);
    is_whole = is_whole && store_each_row(results->store, query, results_csv_row, results);
    json_decref(results->columns);
    results->out = out;
    io_bytes_put(&rows, "", 1);
    io_bytes_text(page, "<!doctype html>\n<html lang=\"en\"><meta charset=\"utf-8\">\n"
                        "<meta name=\"viewport\" content=\"width=device-width\">\n<title>");
    plot_put_text(&to, results->plot.file);
    io_bytes_text(page,
                  "</title>\n<style>body{font:14px sans-serif;max-width:640px;margin:1em auto}"
                  "svg{max-width:100%;height:auto}pre{overflow-x:auto}</style>\n");
    io_bytes_put(page, picture->data, picture->length);
    io_bytes_text(page, "<details><summary>the rows</summary><pre>");
    plot_put_lines(&to, rows.data == NULL ? "" : rows.data);
    io_bytes_text(page, "</pre></details>\n</html>\n");
    is_whole &= !rows.is_short;
    io_bytes_free(&rows);
    return is_whole;
}

static void
results_write(struct results *results, const char *path, const struct io_bytes *bytes,
              struct io_bytes *err)
{
    if (!cmd_write_file(path, bytes->data, bytes->length, err))
        results->code = CMD_TROUBLE;
}

static void
results_picture(struct results *results, struct io_bytes *err)
{
    const struct store_query query = { results->run, results->where, results->where_count };
    struct io_bytes picture = { 0 }, page = { 0 };
    struct core_out to = cmd_out(&picture);

    const char *slash = results->file.data == NULL ? NULL : strrchr(results->file.data, '/');

    results->plot.file = slash != NULL                ? slash + 1
                         : results->file.data == NULL ? ""
                                                      : results->file.data;
    if (!results_plot_choose(&results->plot, results->store, &query, results->params, err) ||
        !results_plot_draw(&results->plot, results->store, &query, &to, err)) {
        results->code = CMD_TROUBLE;
    } else {
        if (results->svg != NULL)
            results_write(results, results->svg, &picture, err);
        if (results->html != NULL && results->code == CMD_CLEAN) {
            if (results_put_page(results, &query, &picture, &page))
                results_write(results, results->html, &page, err);
            else
                results_fail(results, err, "cannot be read");
        }
    }
    results_plot_free(&results->plot);
    io_bytes_free(&picture);
    io_bytes_free(&page);
}

/* ---- the work ---- */

static bool
results_export(struct results *results)
{
    const struct store_query query = { results->run, results->where, results->where_count };
    struct core_out to = cmd_out(results->out);
    struct core_json answer;
    bool is_whole;

    results->rows = 0;
    if (results->is_json) {
        answer = core_json_begin_answer(&to, "results");
        core_json_list(&answer, "rows");
        is_whole = store_each_row(results->store, &query, results_json_row, results);
        core_json_list_end(&to);
        core_json_end_answer(&answer);
        return is_whole;
    }
    results->columns = json_object();
    is_whole = store_each_row(results->store, &query, results_note_columns, results);
    results_csv_head(results);
    is_whole = is_whole && store_each_row(results->store, &query, results_csv_row, results);
    json_decref(results->columns);
    return is_whole;
}

/* The rows of a run that is there, as they were asked for. */
static void
results_hand_out(struct results *results, struct io_bytes *err)
{
    const struct store_query query = { results->run, results->where, results->where_count };

    if (!results_where_check(results->store, &query, results->params, err))
        results->code = CMD_TROUBLE;
    else if (results->svg != NULL || results->html != NULL)
        results_picture(results, err);
    else if (!results_export(results))
        results_fail(results, err, "cannot be read");
    else if (results->rows == 0)
        results_where_explain(results->store, &query, results->path, err);
}

static void
results_answer(struct results *results, struct io_bytes *err)
{
    bool is_picture = results->svg != NULL || results->html != NULL;
    bool is_listing = !results->is_csv && !results->is_json && !is_picture && !results->has_run &&
                      results->where_count == 0;

    if (is_listing) {
        if (!store_each_run(results->store, results_list_run, results))
            results_fail(results, err, "cannot be read");
        else if (results->rows == 0)
            io_bytes_text(results->out, "no run yet\n");
        return;
    }
    if (!store_each_run(results->store, results_newest_run, results))
        results_fail(results, err, "cannot be read");
    else if (results->rows == 0)
        results->code =
            cmd_complain(err, "%s: there is no such run: 'faultline results %s' lists them",
                         results->path, results->path);
    else
        results_hand_out(results, err);
    json_decref(results->params);
    io_bytes_free(&results->file);
}

static bool
results_work(void *context, struct io_bytes *out, struct io_bytes *err)
{
    struct results *results = context;
    char why[STORE_WHY_BYTES];

    results->out = out;
    results->store = store_open(results->path, STORE_READ, why);
    if (results->store == NULL) {
        results->code = cmd_complain(err, "%s: cannot be opened: %s", results->path, why);
        return false;
    }
    results_answer(results, err);
    if (results->code == CMD_TROUBLE)
        io_bytes_free(out);
    store_close(results->store);
    return false;
}

static void
results_say_merged(struct io_bytes *out, const char *into, uint64_t rows, const char *from)
{
    struct core_out to = cmd_out(out);

    core_put_clean(&to, into);
    io_bytes_format(out, ": %" PRIu64 " row(s) from ", rows);
    core_put_clean(&to, from);
    io_bytes_text(out, "\n");
}

static bool
results_merge_work(void *context, struct io_bytes *out, struct io_bytes *err)
{
    struct results *results = context;
    char why[STORE_WHY_BYTES];

    results->store = store_open(results->path, STORE_WRITE, why);
    if (results->store == NULL) {
        results->code = cmd_complain(err, "%s: cannot be opened: %s", results->path, why);
        return false;
    }
    for (int i = 2; i < results->words->count && results->code == CMD_CLEAN; i++) {
        uint64_t rows = 0;

        if (store_merge(results->store, results->words->word[i], &rows))
            results_say_merged(out, results->path, rows, results->words->word[i]);
        else
            results->code = cmd_complain(err, "%s: cannot be merged: %s", results->words->word[i],
                                         store_why(results->store));
    }
    store_close(results->store);
    return false;
}

/* NAME=VALUE behind the file. */
static bool
results_read_where(struct results *results)
{
    for (int i = 1; i < results->words->count; i++) {
        char *word = results->words->word[i];
        char *equals = strchr(word, '=');

        if (equals == NULL || equals == word) {
            cmd_trouble("'results' does not know what to do with '%s': write NAME=VALUE", word);
            return false;
        }
        if (results->where_count == RESULTS_WHERE_MAX) {
            cmd_trouble("more than %d conditions", RESULTS_WHERE_MAX);
            return false;
        }
        *equals = '\0';
        results->where[results->where_count++] = (struct store_where){ word, equals + 1 };
    }
    return true;
}

/* NAME=A,B. */
static bool
results_read_versus(struct results_plot *plot, char *word)
{
    char *equals = strchr(word, '=');
    char *comma = equals == NULL ? NULL : strchr(equals, ',');

    plot->versus = word;
    if (equals == NULL || comma == NULL)
        return equals == NULL;
    *equals = *comma = '\0';
    plot->first = equals + 1;
    plot->second = comma + 1;
    return true;
}

static bool
results_read_plot(struct results *results, char *versus)
{
    static const char *const kinds[] = { "line", "heat", "break-even" };
    bool is_kind = false;

    for (size_t i = 0; i < VMM_COUNT_OF(kinds); i++)
        is_kind |= strcmp(results->plot.kind, kinds[i]) == 0;
    if (!is_kind)
        cmd_trouble("--plot %s: 'line', 'heat' or 'break-even' is wanted", results->plot.kind);
    else if (versus != NULL && !results_read_versus(&results->plot, versus))
        cmd_trouble("--versus %s: write NAME=A,B", versus);
    else
        return true;
    return false;
}

int
cmd_results(const struct cmd_verb *verb, struct cmd_words *words)
{
    struct results results = { .words = words, .code = CMD_CLEAN, .plot = { .kind = "line" } };
    const char *run = NULL, *versus = NULL;
    bool wants_help = false;
    const struct cmd_option options[] = {
        { "--csv", &results.is_csv, NULL },     { "--json", &results.is_json, NULL },
        { "--run", &results.has_run, &run },    { "--help", &wants_help, NULL },
        { "--svg", NULL, &results.svg },        { "--html", NULL, &results.html },
        { "--plot", NULL, &results.plot.kind }, { "--x", NULL, &results.plot.x },
        { "--y", NULL, &results.plot.y },       { "--value", NULL, &results.plot.value },
        { "--versus", NULL, &versus },
    };
    char *end = NULL;

    if (!cmd_parse(verb, words, options, VMM_COUNT_OF(options)))
        return CMD_TROUBLE;
    if (wants_help)
        return cmd_say(verb->help);
    if (words->count == 0)
        return cmd_trouble("'results' needs a file: faultline results FILE.db");
    errno = 0;
    if (run != NULL && ((results.run = strtoll(run, &end, 10)) <= 0 || *end != '\0' || errno != 0))
        return cmd_trouble("--run %s: a run's number is wanted", run);
    if (results.is_csv && results.is_json)
        return cmd_trouble("--csv and --json exclude each other");
    if (!results_read_plot(&results, (char *)(uintptr_t)versus))
        return CMD_TROUBLE;
    if (strcmp(words->word[0], "merge") == 0) {
        if (words->count < 3)
            return cmd_trouble(
                "'results merge' needs files: faultline results merge INTO.db FROM.db");
        results.path = words->word[1];
        return cmd_work(results_merge_work, &results, &results.code);
    }
    results.path = words->word[0];
    if (!results_read_where(&results))
        return CMD_TROUBLE;
    return cmd_work(results_work, &results, &results.code);
}

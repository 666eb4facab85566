/*
 * cmd_results_plot.c - see cmd_results_plot.h
 *
 * Rows are read twice. The first time we see which values each parameter takes; a dimension that was
 * not asked for becomes the first parameter that varies and is not yet taken: numbers along x and y,
 * words as curves. The second time each row becomes a sample at its place.
 */
#include "cmd/cmd_results_plot.h"
#include "cmd/cmd_results_where.h"

#include <stdlib.h>
#include <string.h>

#include "core/plot.h"

enum { PLOT_X, PLOT_Y, PLOT_VERSUS, PLOT_DIMENSIONS };

/* ---- values of a dimension ---- */

/* "4", "64p", "25%", "4K": what it counts and how much of it. */
static bool
results_number(const char *text, double *number, char *suffix)
{
    char *end;

    *number = strtod(text, &end);
    *suffix = *end;
    if (end == text || (*end != '\0' && end[1] != '\0') || strchr("%pKMG", *end) == NULL)
        return false;
    *number *= *end == 'K' ? 1024.0 : *end == 'M' ? 1048576.0 : *end == 'G' ? 1073741824.0 : 1;
    return true;
}

static bool
results_axis_find(const struct results_axis *axis, const char *text, size_t *index)
{
    for (*index = 0; *index < axis->count; ++*index) {
        if (strcmp(axis->keys[*index].text, text) == 0)
            return true;
    }
    return false;
}

static void
results_axis_add(struct results_plot *plot, struct results_axis *axis, const char *text)
{
    struct results_key *keys;
    size_t index;
    char suffix;

    if (results_axis_find(axis, text, &index))
        return;
    keys = realloc(axis->keys, (axis->count + 1) * sizeof *keys);
    if (keys == NULL) {
        plot->is_short = true;
        return;
    }
    axis->keys = keys;
    keys[axis->count].text = strdup(text);
    keys[axis->count].is_number = results_number(text, &keys[axis->count].number, &suffix);
    plot->is_short |= keys[axis->count].text == NULL;
    axis->count += keys[axis->count].text != NULL;
}

static bool
results_axis_is_numbers(const struct results_axis *axis)
{
    for (size_t i = 0; i < axis->count; i++) {
        if (!axis->keys[i].is_number)
            return false;
    }
    return axis->count > 0;
}

static int
results_compare_keys(const void *left, const void *right)
{
    const struct results_key *a = left, *b = right;

    return (a->number > b->number) - (a->number < b->number);
}

static void
results_axis_free(struct results_axis *axis)
{
    for (size_t i = 0; i < axis->count; i++)
        free(axis->keys[i].text);
    free(axis->keys);
    *axis = (struct results_axis){ 0 };
}

/* ---- which dimension is which ---- */

struct results_survey {
    struct results_plot *plot;
    const json_t *params;
    struct results_axis *found; /* one a parameter, then "profile" */
    size_t count;
    json_t *columns; /* counted values, in the order of their first row */
};

static const char *
results_param_of(const struct store_row *row, const json_t *params, const char *name)
{
    const char *text;

    if (strcmp(name, "profile") == 0 && json_object_get(params, name) == NULL)
        return row->profile;
    text = json_string_value(json_object_get(params, name));
    return text == NULL ? "" : text;
}

static void
results_survey_row(void *context, const struct store_row *row)
{
    struct results_survey *survey = context;
    json_t *params = json_loads(row->params, 0, NULL);

    for (size_t i = 0; i < survey->count; i++)
        results_axis_add(survey->plot, &survey->found[i],
                         results_param_of(row, params, survey->found[i].name));
    results_note_counted(survey->columns, row);
    json_decref(params);
}

static bool
results_is_taken(const struct results_plot *plot, const char *name)
{
    const char *asked[] = { plot->x, plot->y, plot->versus };

    for (size_t i = 0; i < VMM_COUNT_OF(asked); i++) {
        if (asked[i] != NULL && strcmp(asked[i], name) == 0)
            return true;
    }
    return false;
}

/* The first parameter that varies, has the kind of values that is wanted, and is free. */
static const char *
results_free_param(const struct results_survey *survey, bool wants_numbers)
{
    for (size_t i = 0; i < survey->count; i++) {
        const struct results_axis *axis = &survey->found[i];

        if (axis->count > 1 && results_axis_is_numbers(axis) == wants_numbers &&
            !results_is_taken(survey->plot, axis->name))
            return axis->name;
    }
    return NULL;
}

static struct results_axis *
results_survey_find(struct results_survey *survey, const char *name)
{
    for (size_t i = 0; i < survey->count; i++) {
        if (strcmp(survey->found[i].name, name) == 0)
            return &survey->found[i];
    }
    return NULL;
}

/* NAME=A,B: A's values over B's. */
static bool
results_split_versus(struct results_survey *survey, struct io_bytes *err)
{
    struct results_plot *plot = survey->plot;
    struct results_axis *axis =
        plot->versus == NULL ? NULL : results_survey_find(survey, plot->versus);
    size_t index;

    if (plot->versus != NULL && plot->first == NULL && axis != NULL && axis->count > 1) {
        plot->first = axis->keys[0].text;
        plot->second = axis->keys[1].text;
    }
    if (axis == NULL || plot->first == NULL || !results_axis_find(axis, plot->first, &index) ||
        !results_axis_find(axis, plot->second, &index)) {
        cmd_complain(err, "faultline: --versus: write NAME=A,B, a parameter and two of its values");
        return false;
    }
    return true;
}

static void
results_choose_defaults(struct results_survey *survey)
{
    struct results_plot *plot = survey->plot;
    bool is_line = strcmp(plot->kind, "line") == 0;

    if (plot->x == NULL)
        plot->x = results_free_param(survey, true);
    if (plot->x == NULL)
        plot->x = results_free_param(survey, false);
    if (strcmp(plot->kind, "break-even") == 0 && plot->versus == NULL)
        plot->versus = results_free_param(survey, false);
    if (plot->y == NULL)
        plot->y = results_free_param(survey, !is_line);
    if (plot->y == NULL)
        plot->y = results_free_param(survey, is_line);
    if (plot->value == NULL)
        plot->value = json_object_iter_key(json_object_iter(survey->columns));
}

static void
results_unknown_axis(const struct results_survey *survey, const char *name, struct io_bytes *err)
{
    struct scn_guess guess;

    scn_guess_init(&guess, name, strlen(name));
    for (size_t i = 0; i < survey->count; i++)
        scn_guess_offer(&guess, survey->found[i].name);
    cmd_complain(err, "faultline: '%s' is no parameter of this run%s%s%s", name,
                 guess.word != NULL ? ": did you mean '" : "", guess.word != NULL ? guess.word : "",
                 guess.word != NULL ? "'?" : "");
}

static bool
results_choose_axes(struct results_survey *survey, struct io_bytes *err)
{
    struct results_plot *plot = survey->plot;
    const char *names[PLOT_DIMENSIONS] = { plot->x, plot->y, plot->versus };

    for (size_t i = 0; i < PLOT_DIMENSIONS; i++) {
        struct results_axis *axis;

        if (names[i] == NULL)
            continue;
        axis = results_survey_find(survey, names[i]);
        if (axis == NULL || axis->count == 0) {
            if (axis == NULL)
                results_unknown_axis(survey, names[i], err);
            else
                cmd_complain(err, "faultline: '%s' cannot be two axes", names[i]);
            return false;
        }
        plot->axes[i] = *axis; /* taken over: the survey forgets it */
        axis->keys = NULL;
        axis->count = 0;
        if (results_axis_is_numbers(&plot->axes[i]))
            qsort(plot->axes[i].keys, plot->axes[i].count, sizeof *plot->axes[i].keys,
                  results_compare_keys);
    }
    return true;
}

static void
results_unknown_value(const struct results_survey *survey, const char *name, struct io_bytes *err)
{
    struct scn_guess guess;
    const char *column;
    json_t *about;

    scn_guess_init(&guess, name, strlen(name));
    json_object_foreach(survey->columns, column, about) scn_guess_offer(&guess, column);
    cmd_complain(err, "faultline: no row has a value '%s': %s%s%s", name,
                 guess.word != NULL ? "did you mean '" : "'report' lines and events are values",
                 guess.word != NULL ? guess.word : "", guess.word != NULL ? "'?" : "");
}

/* A name that json or the store owns must outlive them. */
static bool
results_keep_value(struct results_survey *survey, struct io_bytes *err)
{
    struct results_plot *plot = survey->plot;

    if (plot->value == NULL || json_object_get(survey->columns, plot->value) == NULL) {
        results_unknown_value(survey, plot->value == NULL ? "" : plot->value, err);
        return false;
    }
    plot->value = strdup(plot->value);
    plot->is_short |= plot->value == NULL;
    return !plot->is_short;
}

bool
results_plot_choose(struct results_plot *plot, struct store *store, const struct store_query *query,
                    const json_t *params, struct io_bytes *err)
{
    size_t count = json_array_size(params) + 1;
    struct results_survey survey = { .plot = plot,
                                     .params = params,
                                     .count = count,
                                     .columns = json_object(),
                                     .found = calloc(count, sizeof(struct results_axis)) };
    bool is_chosen;

    if (survey.found == NULL) {
        cmd_no_memory(err, "faultline");
        return false;
    }
    for (size_t i = 0; i + 1 < count; i++)
        survey.found[i].name = json_string_value(json_array_get(params, i));
    survey.found[count - 1].name = "profile";
    is_chosen = store_each_row(store, query, results_survey_row, &survey);
    results_choose_defaults(&survey);
    if (plot->x == NULL) {
        cmd_complain(err, "faultline: nothing varies in these rows: there is nothing to draw");
        is_chosen = false;
    }
    if (is_chosen && strcmp(plot->kind, "break-even") == 0)
        is_chosen = results_split_versus(&survey, err);
    is_chosen = is_chosen && results_choose_axes(&survey, err) && results_keep_value(&survey, err);
    for (size_t i = 0; i < count; i++)
        results_axis_free(&survey.found[i]);
    free(survey.found);
    json_decref(survey.columns);
    if (!is_chosen)
        plot->value = NULL;
    return is_chosen;
}

/* ---- samples ---- */

static void
results_sample_row(void *context, const struct store_row *row)
{
    struct results_plot *plot = context;
    json_t *params = json_loads(row->params, 0, NULL);
    json_t *values = json_loads(row->values, 0, NULL);
    struct results_sample sample = { .value =
                                         json_number_value(json_object_get(values, plot->value)) };

    for (size_t i = 0; i < PLOT_DIMENSIONS; i++) {
        if (plot->axes[i].name != NULL &&
            !results_axis_find(&plot->axes[i], results_param_of(row, params, plot->axes[i].name),
                               &sample.at[i]))
            sample.at[i] = 0;
    }
    if (plot->sample_count == plot->sample_room) {
        size_t room = plot->sample_room * 2 + 256;
        struct results_sample *grown = realloc(plot->samples, room * sizeof *grown);

        plot->is_short |= grown == NULL;
        if (grown != NULL) {
            plot->samples = grown;
            plot->sample_room = room;
        }
    }
    if (plot->sample_count < plot->sample_room)
        plot->samples[plot->sample_count++] = sample;
    json_decref(params);
    json_decref(values);
}

/* What fell on one place. */
struct results_group {
    size_t count;
    double median, least, most;
};

static int
results_compare_places(const size_t *a, const size_t *b)
{
    for (size_t i = 0; i < PLOT_DIMENSIONS; i++) {
        if (a[i] != b[i])
            return a[i] < b[i] ? -1 : 1;
    }
    return 0;
}

static int
results_compare_samples(const void *left, const void *right)
{
    const struct results_sample *a = left, *b = right;
    int order = results_compare_places(a->at, b->at);

    return order != 0 ? order : (a->value > b->value) - (a->value < b->value);
}

/* Samples are sorted: those of one place stand together, by value. */
static struct results_group
results_group_at(const struct results_plot *plot, size_t x, size_t y, size_t versus)
{
    const size_t place[PLOT_DIMENSIONS] = { x, y, versus };
    struct results_group group = { 0 };
    size_t first = 0, end = plot->sample_count;

    while (first < end) {
        size_t middle = first + (end - first) / 2;

        if (results_compare_places(plot->samples[middle].at, place) < 0)
            first = middle + 1;
        else
            end = middle;
    }
    while (first + group.count < plot->sample_count &&
           results_compare_places(plot->samples[first + group.count].at, place) == 0)
        group.count++;
    if (group.count == 0)
        return group;
    group.least = plot->samples[first].value;
    group.most = plot->samples[first + group.count - 1].value;
    group.median = (plot->samples[first + group.count / 2].value +
                    plot->samples[first + (group.count - 1) / 2].value) /
                   2;
    return group;
}

/* ---- pictures ---- */

/* "touched (%)": the unit is what the values end with. */
static void
results_axis_label(const struct results_axis *axis, char *label, size_t size)
{
    struct vmm_text text;
    const char *unit = "";
    double number;
    char suffix;

    if (axis->count > 0 && results_number(axis->keys[axis->count - 1].text, &number, &suffix))
        unit = suffix == '%'    ? " (%)"
               : suffix == 'p'  ? " (pages)"
               : suffix != '\0' ? " (bytes)"
                                : "";
    vmm_text_init(&text, label, size);
    vmm_text_format(&text, "%s%s", axis->name, unit);
}

/* "faults (count, median; band: least to most)" */
static void
results_value_label(const char *name, const char *more, char *label, size_t size)
{
    static const struct {
        const char *ending, *unit;
    } units[] = {
        { "_ns", "ns" },       { "_us", "us" },       { "_ps", "ps" },
        { "_bytes", "bytes" }, { "_pages", "pages" },
    };
    const char *unit = "count";
    struct vmm_text text;

    for (size_t i = 0; i < VMM_COUNT_OF(units); i++) {
        size_t length = strlen(name), ending = strlen(units[i].ending);

        if (length > ending && strcmp(name + length - ending, units[i].ending) == 0)
            unit = units[i].unit;
    }
    vmm_text_init(&text, label, size);
    vmm_text_format(&text, "%s (%s%s)", name, unit, more);
}

/* Values that double are better seen on a logarithmic axis. */
static bool
results_axis_is_log(const struct results_axis *axis)
{
    return results_axis_is_numbers(axis) && axis->keys[0].number > 0 &&
           axis->keys[axis->count - 1].number / axis->keys[0].number >= 30;
}

/* The same of what is drawn, when nothing in it is 0. */
static bool
results_samples_double(const struct results_plot *plot)
{
    double least = plot->samples[0].value, most = least;

    for (size_t i = 1; i < plot->sample_count; i++) {
        double value = plot->samples[i].value;

        least = value < least ? value : least;
        most = value > most ? value : most;
    }
    return least > 0 && most / least >= 100;
}

static void
results_fill_curve(const struct results_plot *plot, size_t curve, struct plot_point *points,
                   struct plot_curve *drawn)
{
    const struct results_axis *x = &plot->axes[PLOT_X];

    drawn->points = points;
    drawn->name =
        plot->axes[PLOT_Y].name == NULL ? plot->value : plot->axes[PLOT_Y].keys[curve].text;
    for (size_t i = 0; i < x->count; i++) {
        struct results_group group = results_group_at(plot, i, curve, 0);

        if (group.count > 0)
            points[drawn->count++] =
                (struct plot_point){ results_axis_is_numbers(x) ? x->keys[i].number : (double)i,
                                     group.median, group.least, group.most };
    }
}

static bool
results_draw_lines(struct results_plot *plot, const char *note, const struct core_out *out,
                   struct io_bytes *err)
{
    const struct results_axis *x = &plot->axes[PLOT_X];
    size_t curves = plot->axes[PLOT_Y].name == NULL ? 1 : plot->axes[PLOT_Y].count;
    struct plot_curve drawn[PLOT_CURVES_MAX] = { 0 };
    struct plot_point *points;
    struct plot_tick *ticks;
    char x_label[96], y_label[96];
    bool is_drawn = false;

    if (curves > PLOT_CURVES_MAX) {
        cmd_complain(err,
                     "faultline: '%s' has %zu values, and %d curves are drawn at most: keep "
                     "fewer with NAME=VALUE, or choose --y",
                     plot->axes[PLOT_Y].name, curves, PLOT_CURVES_MAX);
        return false;
    }
    points = calloc(curves * x->count, sizeof *points);
    ticks = calloc(x->count, sizeof *ticks);
    if (points != NULL && ticks != NULL) {
        struct plot_lines picture = { plot->file,
                                      note,
                                      { x_label, results_axis_is_log(x), ticks, x->count },
                                      { y_label, false, NULL, 0 },
                                      drawn,
                                      curves,
                                      NULL,
                                      0 };

        for (size_t i = 0; i < curves; i++)
            results_fill_curve(plot, i, points + i * x->count, &drawn[i]);
        for (size_t i = 0; i < x->count; i++)
            ticks[i] =
                (struct plot_tick){ results_axis_is_numbers(x) ? x->keys[i].number : (double)i,
                                    x->keys[i].text };
        results_axis_label(x, x_label, sizeof x_label);
        results_value_label(plot->value, "; band: least to most", y_label, sizeof y_label);
        picture.y.is_log = results_samples_double(plot);
        plot_lines(out, &picture);
        is_drawn = true;
    }
    free(points);
    free(ticks);
    return is_drawn;
}

static struct plot_cell
results_cell_at(const struct results_plot *plot, size_t x, size_t y)
{
    const struct results_axis *versus = &plot->axes[PLOT_VERSUS];
    struct results_group first, second;
    size_t one, other;

    if (versus->name == NULL) {
        first = results_group_at(plot, x, y, 0);
        return (struct plot_cell){ first.count > 0, first.median };
    }
    if (!results_axis_find(versus, plot->first, &one) ||
        !results_axis_find(versus, plot->second, &other))
        return (struct plot_cell){ 0 };
    first = results_group_at(plot, x, y, one);
    second = results_group_at(plot, x, y, other);
    if (first.count == 0 || second.count == 0)
        return (struct plot_cell){ 0 };
    if (second.median == 0)
        return (struct plot_cell){ true, first.median == 0 ? 1 : 1e300 };
    return (struct plot_cell){ true, first.median / second.median };
}

static bool
results_draw_map(struct results_plot *plot, const char *note, const struct core_out *out,
                 struct io_bytes *err)
{
    const struct results_axis *x = &plot->axes[PLOT_X], *y = &plot->axes[PLOT_Y];
    size_t rows = y->name == NULL ? 1 : y->count;
    const char *x_names[PLOT_NAMES_MAX], *y_names[PLOT_NAMES_MAX] = { "" };
    char x_label[96], y_label[96] = "", value_label[160];
    struct plot_cell *cells;

    if (x->count > PLOT_NAMES_MAX || rows > PLOT_NAMES_MAX) {
        cmd_complain(err,
                     "faultline: a map has at most %d columns and rows: keep fewer with "
                     "NAME=VALUE",
                     PLOT_NAMES_MAX);
        return false;
    }
    cells = calloc(x->count * rows, sizeof *cells);
    if (cells == NULL)
        return false;
    for (size_t i = 0; i < x->count * rows; i++)
        cells[i] = results_cell_at(plot, i % x->count, i / x->count);
    for (size_t i = 0; i < x->count; i++)
        x_names[i] = x->keys[i].text;
    for (size_t i = 0; i < y->count; i++)
        y_names[i] = y->keys[i].text;
    results_axis_label(x, x_label, sizeof x_label);
    if (y->name != NULL)
        results_axis_label(y, y_label, sizeof y_label);
    results_value_label(plot->value, plot->axes[PLOT_VERSUS].name == NULL ? ", median" : ", ratio",
                        value_label, sizeof value_label);
    plot_map(out,
             &(struct plot_map){ plot->file, note, x_label, y_label, value_label, x_names, y_names,
                                 x->count, rows, cells, plot->axes[PLOT_VERSUS].name != NULL });
    free(cells);
    return true;
}

/* What the rows have been narrowed to, and what a place stands for. */
static void
results_note(const struct results_plot *plot, const struct store_query *query, char *note,
             size_t size)
{
    struct vmm_text text;

    vmm_text_init(&text, note, size);
    if (plot->axes[PLOT_VERSUS].name != NULL)
        vmm_text_format(&text, "%s / %s: blue below 1, %s has fewer", plot->first, plot->second,
                        plot->first);
    else if (plot->axes[PLOT_Y].name != NULL)
        vmm_text_format(&text, "by %s", plot->axes[PLOT_Y].name);
    for (size_t i = 0; i < query->where_count; i++)
        vmm_text_format(&text, "%s%s=%s", text.length > 0 ? "; " : "", query->where[i].name,
                        query->where[i].value);
    vmm_text_format(&text, "%s%lu rows", text.length > 0 ? "; " : "",
                    (unsigned long)plot->sample_count);
}

bool
results_plot_draw(struct results_plot *plot, struct store *store, const struct store_query *query,
                  const struct core_out *out, struct io_bytes *err)
{
    char note[160];

    if (!store_each_row(store, query, results_sample_row, plot) || plot->is_short) {
        cmd_no_memory(err, "faultline");
        return false;
    }
    qsort(plot->samples, plot->sample_count, sizeof *plot->samples, results_compare_samples);
    results_note(plot, query, note, sizeof note);
    if (strcmp(plot->kind, "line") == 0)
        return results_draw_lines(plot, note, out, err);
    return results_draw_map(plot, note, out, err);
}

void
results_plot_free(struct results_plot *plot)
{
    for (size_t i = 0; i < PLOT_DIMENSIONS; i++)
        results_axis_free(&plot->axes[i]);
    free(plot->samples);
    free((char *)(uintptr_t)plot->value);
}

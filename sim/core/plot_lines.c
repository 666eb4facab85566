/*
 * plot_lines.c - curves over an axis, each with its own colour, dashes, marks and name
 */
#include "plot_internal.h"

#include <string.h>

enum {
    LEFT = 70, /* room for the labels of the y axis */
    TOP = 56,
    BOTTOM = 52,
    TICK_ROOM = 38, /* pixels between two labels of the x axis */
    LETTER = 7,     /* pixels a letter takes */
    NAME_LETTERS = 20,
};

static const struct {
    const char *colour; /* told apart by the colour-blind too (Okabe and Ito) */
    const char *dashes;
} styles[PLOT_CURVES_MAX] = {
    { "#0072B2", "none" }, { "#D55E00", "7 3" }, { "#009E73", "2 3" }, { "#111111", "8 3 2 3" },
    { "#CC79A7", "none" }, { "#E69F00", "7 3" }, { "#56B4E9", "2 3" }, { "#777777", "8 3 2 3" },
    { "#882255", "none" }, { "#44AA99", "7 3" }, { "#999933", "2 3" }, { "#332288", "8 3 2 3" },
};

/* One axis on the paper: low at `from`, high at `to`. */
struct scale {
    bool is_log;
    double low, high;
    int from, to;
};

struct paper {
    const struct core_out *out;
    const struct plot_lines *plot;
    struct scale x, y;
};

static double
share_of(const struct scale *scale, double value)
{
    double share;

    if (!scale->is_log)
        share = (value - scale->low) / (scale->high - scale->low);
    else if (value <= scale->low)
        share = 0;
    else
        share = plot_log2(value / scale->low) / plot_log2(scale->high / scale->low);
    return share < 0 ? 0 : share > 1 ? 1 : share;
}

static int
place_of(const struct scale *scale, double value)
{
    return scale->from + (int)((scale->to - scale->from) * share_of(scale, value) +
                               (scale->to > scale->from ? 0.5 : -0.5));
}

/* ---- extents ---- */

/* The axis reaches from `least` to `most`; a linear one that begins near 0 begins at 0. */
static void
scale_fit(struct scale *scale, bool is_log, double least, double most)
{
    scale->is_log = is_log && least > 0 && most > least;
    scale->low = !scale->is_log && least > 0 && least < most / 2 ? 0 : least;
    scale->high = most > scale->low ? most : scale->low + 1;
    if (!scale->is_log)
        scale->high += (scale->high - scale->low) / 20;
}

/* What stands on a logarithmic axis is more than 0; a point's range may reach 0 all the same. */
static void
widen(double value, bool is_log, double *least, double *most)
{
    if (is_log && value <= 0)
        return;
    *least = value < *least ? value : *least;
    *most = value > *most ? value : *most;
}

static void
find_extent(struct paper *paper)
{
    const struct plot_lines *plot = paper->plot;
    double least_x = 1e300, most_x = -1e300, least_y = 1e300, most_y = -1e300;

    for (size_t c = 0; c < plot->curve_count; c++) {
        for (size_t i = 0; i < plot->curves[c].count; i++) {
            const struct plot_point *point = &plot->curves[c].points[i];

            widen(point->x, plot->x.is_log, &least_x, &most_x);
            widen(point->low, plot->y.is_log, &least_y, &most_y);
            widen(point->high, plot->y.is_log, &least_y, &most_y);
        }
    }
    if (least_x > most_x)
        least_x = most_x = 1;
    if (least_y > most_y)
        least_y = most_y = 1;
    scale_fit(&paper->x, plot->x.is_log, least_x, most_x);
    if (!paper->x.is_log) { /* parameters stand where they stand: no room at the ends */
        paper->x.low = least_x;
        paper->x.high = most_x > least_x ? most_x : least_x + 1;
    }
    scale_fit(&paper->y, plot->y.is_log, least_y, most_y);
}

/* ---- axes ---- */

/* 1, 2, 5, 10 ...: the first of them that cuts the axis into at most `pieces`. */
static double
round_step(double span, int pieces)
{
    static const double steps[] = { 1, 2, 5 };
    double power = 1e-6;

    for (;; power *= 10) {
        for (size_t i = 0; i < VMM_COUNT_OF(steps); i++) {
            if (span / (power * steps[i]) <= pieces)
                return power * steps[i];
        }
    }
}

static void
put_y_tick(const struct paper *paper, double value)
{
    int y = place_of(&paper->y, value);

    plot_line_at(paper->out, paper->x.from, y, paper->x.to, y, "stroke=\"#e6e6e6\"");
    plot_number_at(paper->out, paper->x.from - 6, y + 4, "end", "", value);
}

/* The ticks that the picture names. */
static void
put_named_y_ticks(const struct paper *paper)
{
    const struct plot_axis *axis = &paper->plot->y;

    for (size_t i = 0; i < axis->tick_count; i++) {
        int y = place_of(&paper->y, axis->ticks[i].at);

        if (axis->ticks[i].at < paper->y.low || axis->ticks[i].at > paper->y.high)
            continue;
        plot_line_at(paper->out, paper->x.from, y, paper->x.to, y, "stroke=\"#e6e6e6\"");
        plot_text_at(paper->out, paper->x.from - 6, y + 4, "end", "", axis->ticks[i].label);
    }
}

static void
put_y_ticks(const struct paper *paper)
{
    double value = 1e-12;

    if (paper->plot->y.tick_count > 0) {
        put_named_y_ticks(paper);
        return;
    }
    if (!paper->y.is_log) {
        double step = round_step(paper->y.high - paper->y.low, 6);

        value = step * (double)(int64_t)(paper->y.low / step);
        for (; value <= paper->y.high; value += step) {
            if (value >= paper->y.low)
                put_y_tick(paper, value);
        }
        return;
    }
    for (; value <= paper->y.high * 1.0001; value *= 10) {
        bool is_short = paper->y.high / paper->y.low < 100;

        for (int digit = 1; digit < 10; digit = digit == 1 ? 2 : digit == 2 ? 5 : 10) {
            double at = value * digit;

            if (at >= paper->y.low * 0.9999 && at <= paper->y.high * 1.0001 &&
                (digit == 1 || is_short))
                put_y_tick(paper, at);
        }
    }
}

static bool
put_x_line(const struct paper *paper, double value, int *last)
{
    int x = place_of(&paper->x, value);

    if (x < *last + TICK_ROOM)
        return false;
    *last = x;
    plot_line_at(paper->out, x, paper->y.from, x, paper->y.to, "stroke=\"#e6e6e6\"");
    return true;
}

static void
put_x_ticks(const struct paper *paper)
{
    const struct plot_axis *axis = &paper->plot->x;
    double step = round_step(paper->x.high - paper->x.low, 8);
    int last = -TICK_ROOM, y = paper->y.from + 17;

    for (size_t i = 0; i < axis->tick_count; i++) {
        if (put_x_line(paper, axis->ticks[i].at, &last))
            plot_text_at(paper->out, last, y, "middle", "", axis->ticks[i].label);
    }
    if (axis->tick_count > 0)
        return;
    if (paper->x.is_log) {
        bool has_decades = paper->x.high / paper->x.low >= 1000;

        for (double value = has_decades ? 1e-9 : 1.0 / (1 << 30); value <= paper->x.high * 1.0001;
             value *= has_decades ? 10 : 2) {
            if (value >= paper->x.low * 0.9999 && put_x_line(paper, value, &last))
                plot_number_at(paper->out, last, y, "middle", "", value);
        }
        return;
    }
    for (double value = step * (double)(int64_t)(paper->x.low / step); value <= paper->x.high;
         value += step) {
        if (value >= paper->x.low && put_x_line(paper, value, &last))
            plot_number_at(paper->out, last, y, "middle", "", value);
    }
}

static void
put_axes(const struct paper *paper)
{
    put_y_ticks(paper);
    put_x_ticks(paper);
    plot_line_at(paper->out, paper->x.from, paper->y.from, paper->x.to, paper->y.from,
                 "stroke=\"#555555\"");
    plot_line_at(paper->out, paper->x.from, paper->y.from, paper->x.from, paper->y.to,
                 "stroke=\"#555555\"");
    plot_text_at(paper->out, (paper->x.from + paper->x.to) / 2, PLOT_HEIGHT - 12, "middle", "",
                 paper->plot->x.label);
    plot_text_up(paper->out, 16, (paper->y.from + paper->y.to) / 2, paper->plot->y.label);
}

/* ---- a mark ---- */

static void
put_mark(const struct paper *paper, const struct plot_mark *mark)
{
    int low = place_of(&paper->x, mark->low), high = place_of(&paper->x, mark->high);
    int at = place_of(&paper->x, mark->at);

    CORE_PUT(paper->out,
             "<rect x=\"%d\" y=\"%d\" width=\"%d\" height=\"%d\" fill=\"#0072B2\" "
             "fill-opacity=\"0.09\"/>\n",
             low, paper->y.to, high - low + 1, paper->y.from - paper->y.to);
    if (mark->at > 0)
        plot_line_at(paper->out, at, paper->y.to, at, paper->y.from,
                     "stroke=\"#0072B2\" stroke-dasharray=\"4 3\"");
}

/* ---- curves ---- */

/* From the least to the most that a point stands for. */
static void
put_band(const struct paper *paper, size_t index)
{
    const struct plot_curve *curve = &paper->plot->curves[index];

    CORE_PUT(paper->out, "<polygon fill=\"%s\" fill-opacity=\"0.12\" points=\"",
             styles[index].colour);
    for (size_t i = 0; i < curve->count; i++)
        CORE_PUT(paper->out, "%d,%d ", place_of(&paper->x, curve->points[i].x),
                 place_of(&paper->y, curve->points[i].high));
    for (size_t i = curve->count; i-- > 0;)
        CORE_PUT(paper->out, "%d,%d ", place_of(&paper->x, curve->points[i].x),
                 place_of(&paper->y, curve->points[i].low));
    core_put(paper->out, "\"/>\n");
}

static void
put_curve(const struct paper *paper, size_t index)
{
    const struct plot_curve *curve = &paper->plot->curves[index];

    if (!curve->is_dots) {
        put_band(paper, index);
        CORE_PUT(paper->out,
                 "<polyline fill=\"none\" stroke=\"%s\" stroke-width=\"2.2\" "
                 "stroke-dasharray=\"%s\" points=\"",
                 styles[index].colour, styles[index].dashes);
        for (size_t i = 0; i < curve->count; i++)
            CORE_PUT(paper->out, "%d,%d ", place_of(&paper->x, curve->points[i].x),
                     place_of(&paper->y, curve->points[i].y));
        core_put(paper->out, "\"/>\n");
    }
    for (size_t i = 0; i < curve->count; i++) {
        const struct plot_point *point = &curve->points[i];
        int x = place_of(&paper->x, point->x);

        if (curve->is_dots)
            CORE_PUT(paper->out, "<line x1=\"%d\" y1=\"%d\" x2=\"%d\" y2=\"%d\" stroke=\"%s\"/>\n",
                     x, place_of(&paper->y, point->low), x, place_of(&paper->y, point->high),
                     styles[index].colour);
        CORE_PUT(paper->out, "<circle cx=\"%d\" cy=\"%d\" r=\"%s\" fill=\"%s\"/>\n", x,
                 place_of(&paper->y, point->y), curve->is_dots ? "3.5" : "2.2",
                 styles[index].colour);
    }
}

static int
name_place(const struct paper *paper, size_t index)
{
    const struct plot_curve *curve = &paper->plot->curves[index];

    return curve->count == 0 ? paper->y.from
                             : place_of(&paper->y, curve->points[curve->count - 1].y);
}

/* Names at the ends of the curves, from the top one down, moved apart where they would overlap. */
static void
put_names(const struct paper *paper)
{
    bool is_put[PLOT_CURVES_MAX] = { false };
    int above = 0;

    for (size_t turn = 0; turn < paper->plot->curve_count; turn++) {
        size_t next = PLOT_CURVES_MAX;
        char name[NAME_LETTERS + 1], more[64];
        struct vmm_text text;
        int y;

        for (size_t i = 0; i < paper->plot->curve_count; i++) {
            if (!is_put[i] &&
                (next == PLOT_CURVES_MAX || name_place(paper, i) < name_place(paper, next)))
                next = i;
        }
        is_put[next] = true;
        y = name_place(paper, next) + 4;
        /* those that still come must find room above the axis */
        if (y > paper->y.from + 4 - (int)(paper->plot->curve_count - turn - 1) * 15)
            y = paper->y.from + 4 - (int)(paper->plot->curve_count - turn - 1) * 15;
        y = turn > 0 && y < above + 15 ? above + 15 : y;
        above = y;
        vmm_text_init(&text, more, sizeof more);
        vmm_text_format(&text, "font-weight=\"bold\" fill=\"%s\"", styles[next].colour);
        vmm_text_init(&text, name, sizeof name);
        vmm_text_put(&text, paper->plot->curves[next].name);
        plot_text_at(paper->out, paper->x.to + 7, y, "start", more, name);
    }
}

static int
name_width(const struct plot_lines *plot)
{
    size_t longest = 3;

    for (size_t i = 0; i < plot->curve_count; i++) {
        size_t length = strlen(plot->curves[i].name);

        longest = length > longest ? length : longest;
    }
    return (int)(longest > NAME_LETTERS ? NAME_LETTERS : longest) * LETTER + 18;
}

void
plot_lines(const struct core_out *out, const struct plot_lines *plot)
{
    struct paper paper = { .out = out, .plot = plot };

    find_extent(&paper);
    paper.x.from = LEFT;
    paper.x.to = PLOT_WIDTH - name_width(plot);
    paper.y.from = PLOT_HEIGHT - BOTTOM;
    paper.y.to = TOP;
    plot_begin(out, plot->place * PLOT_HEIGHT, PLOT_HEIGHT, plot->title, plot->note);
    put_axes(&paper);
    if (plot->mark != NULL)
        put_mark(&paper, plot->mark);
    for (size_t i = 0; i < plot->curve_count; i++)
        put_curve(&paper, i);
    put_names(&paper);
    plot_end(out);
}

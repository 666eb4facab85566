/*
 * compare_svg.c - sweeps as curves
 *
 * Both axes are logarithmic: pages double, and the ways differ by factors. One panel a machine, 600
 * pixels wide, each curve with its own colour and dashes and its name at its end. The break-even is a
 * line with its interval shaded.
 */
#include "compare.h"
#include "core_out.h"

#include <string.h>

enum {
    LEFT = 76,  /* room for the labels of the time axis */
    RIGHT = 96, /* and for the curves' names */
    TOP = 54,
    BOTTOM = 52,
    LOG_ONE = 1 << 10, /* logarithms are in 1024ths of a doubling */
};

struct plot {
    const struct core_out *out;
    const struct compare_sweep *sweep;
    uint32_t x_low, x_high; /* logarithms */
    uint32_t y_low, y_high;
    int top; /* of the panel */
};

static const struct {
    const char *colour; /* told apart by the colour-blind too (Okabe and Ito) */
    const char *dashes;
} styles[COMPARE_WAYS] = {
    { "#D55E00", "none" }, { "#E69F00", "7 3" },     { "#009E73", "2 3" },
    { "#0072B2", "none" }, { "#555555", "8 3 2 3" },
};

/* log2(value) in 1024ths; value >= 1. Squaring gives one binary digit after the other. */
static uint32_t
log_of(uint64_t value)
{
    uint32_t whole = 63 - (uint32_t)__builtin_clzll(value);
    uint64_t mantissa = whole >= 31 ? value >> (whole - 31) : value << (31 - whole);
    uint32_t fraction = 0;

    for (uint32_t bit = LOG_ONE >> 1; bit != 0; bit >>= 1) {
        mantissa = mantissa * mantissa >> 31;
        if (mantissa >> 32) {
            mantissa >>= 1;
            fraction |= bit;
        }
    }
    return whole * LOG_ONE + fraction;
}

static int
scale(uint32_t value, uint32_t low, uint32_t high, int from, int to)
{
    int64_t span = high > low ? high - low : 1;

    return from + (int)(((int64_t)value - low) * (to - from) / span);
}

static int
x_of(const struct plot *plot, uint32_t x)
{
    return scale(log_of(x), plot->x_low, plot->x_high, LEFT, COMPARE_SVG_WIDTH - RIGHT);
}

static int
y_of(const struct plot *plot, uint64_t ps)
{
    return scale(log_of(ps == 0 ? 1 : ps), plot->y_low, plot->y_high,
                 plot->top + COMPARE_SVG_HEIGHT - BOTTOM, plot->top + TOP);
}

/* ---- parts ---- */

static void
put_line(const struct plot *plot, int x1, int y1, int x2, int y2, const char *style)
{
    CORE_PUT(plot->out, "<line x1=\"%d\" y1=\"%d\" x2=\"%d\" y2=\"%d\" %s/>\n", x1, y1, x2, y2,
             style);
}

static void
put_text(const struct plot *plot, int x, int y, const char *attributes, const char *text)
{
    CORE_PUT(plot->out, "<text x=\"%d\" y=\"%d\" %s>", x, y, attributes);
    core_put(plot->out, text);
    core_put(plot->out, "</text>\n");
}

/* 1, 2, 4 ... or 1, 4, 16 ... along the bottom. */
static void
put_x_axis(const struct plot *plot)
{
    int bottom = plot->top + COMPARE_SVG_HEIGHT - BOTTOM;
    uint32_t step = plot->x_high - plot->x_low > 7 * LOG_ONE ? 4 : 2;

    for (uint64_t x = 1; x <= plot->sweep->to; x *= step) {
        char label[16];
        struct vmm_text text;

        if (x < plot->sweep->from)
            continue;
        vmm_text_init(&text, label, sizeof label);
        vmm_text_format(&text, "%u", (unsigned)x);
        put_line(plot, x_of(plot, (uint32_t)x), bottom, x_of(plot, (uint32_t)x), plot->top + TOP,
                 "stroke=\"#e6e6e6\"");
        put_text(plot, x_of(plot, (uint32_t)x), bottom + 17, "text-anchor=\"middle\"", label);
    }
    put_text(plot, (LEFT + COMPARE_SVG_WIDTH - RIGHT) / 2, bottom + 40, "text-anchor=\"middle\"",
             plot->sweep->sweeps_touches ? "pages touched, of those mapped"
                                         : "pages in the mapping");
}

/* 1 us, 10 us ... up the left side. */
static void
put_y_axis(const struct plot *plot)
{
    static const char *const labels[] = { "1 ps",   "10 ps",  "100 ps", "1 ns",   "10 ns",
                                          "100 ns", "1 us",   "10 us",  "100 us", "1 ms",
                                          "10 ms",  "100 ms", "1 s",    "10 s",   "100 s" };
    uint64_t ps = 1;

    for (size_t i = 0; i < VMM_COUNT_OF(labels); i++, ps *= 10) {
        uint32_t at = log_of(ps);

        if (at < plot->y_low || at > plot->y_high)
            continue;
        put_line(plot, LEFT, y_of(plot, ps), COMPARE_SVG_WIDTH - RIGHT, y_of(plot, ps),
                 "stroke=\"#e6e6e6\"");
        put_text(plot, LEFT - 6, y_of(plot, ps) + 4, "text-anchor=\"end\"", labels[i]);
    }
    CORE_PUT(plot->out,
             "<text transform=\"translate(15 %d) rotate(-90)\" text-anchor=\"middle\">time, "
             "prepare() to complete()</text>\n",
             plot->top + (TOP + COMPARE_SVG_HEIGHT - BOTTOM) / 2);
}

static uint64_t
time_at(const struct plot *plot, size_t point, size_t way)
{
    return cost_total(&plot->sweep->points[point].answers[way].sum,
                      plot->sweep->question.machine->prices)
        .value;
}

static bool
is_drawn(const struct plot *plot, size_t way)
{
    const struct compare_sweep *sweep = plot->sweep;

    return sweep->points[sweep->point_count - 1].answers[way].is_possible;
}

static void
put_curve(const struct plot *plot, size_t way)
{
    CORE_PUT(plot->out,
             "<polyline fill=\"none\" stroke=\"%s\" stroke-width=\"2.2\" stroke-dasharray=\"%s\" "
             "points=\"",
             styles[way].colour, styles[way].dashes);
    for (size_t i = 0; i < plot->sweep->point_count; i++)
        CORE_PUT(plot->out, "%d,%d ", x_of(plot, plot->sweep->points[i].x),
                 y_of(plot, time_at(plot, i, way)));
    core_put(plot->out, "\"/>\n");
}

/* Names at the ends of the curves, moved apart where they would lie on each other. */
static void
put_names(const struct plot *plot)
{
    size_t last = plot->sweep->point_count - 1;
    bool is_put[COMPARE_WAYS] = { false };
    int above = plot->top;

    for (size_t turn = 0; turn < COMPARE_WAYS; turn++) {
        size_t next = COMPARE_WAYS;
        char attributes[64];
        struct vmm_text text;
        int y;

        for (size_t way = 0; way < COMPARE_WAYS; way++) {
            if (!is_put[way] && is_drawn(plot, way) &&
                (next == COMPARE_WAYS || time_at(plot, last, way) > time_at(plot, last, next)))
                next = way;
        }
        if (next == COMPARE_WAYS)
            return;
        is_put[next] = true;
        y = y_of(plot, time_at(plot, last, next)) + 4;
        y = y < above + 15 ? above + 15 : y;
        above = y;
        vmm_text_init(&text, attributes, sizeof attributes);
        vmm_text_format(&text, "font-weight=\"bold\" fill=\"%s\"", styles[next].colour);
        put_text(plot, COMPARE_SVG_WIDTH - RIGHT + 7, y, attributes,
                 compare_way_name((enum compare_way)next));
    }
}

static void
put_break_even(const struct plot *plot)
{
    const struct compare_break_even *found = &plot->sweep->break_even;
    int top = plot->top + TOP;
    int height = COMPARE_SVG_HEIGHT - TOP - BOTTOM;
    uint32_t high = found->high == 0 ? plot->sweep->to : found->high;
    char label[96];
    struct vmm_text text;

    vmm_text_init(&text, label, sizeof label);
    if (found->low != 0)
        CORE_PUT(plot->out,
                 "<rect x=\"%d\" y=\"%d\" width=\"%d\" height=\"%d\" fill=\"#0072B2\" "
                 "fill-opacity=\"0.09\"/>\n",
                 x_of(plot, found->low), top, x_of(plot, high) - x_of(plot, found->low) + 1,
                 height);
    if (found->x == 0) {
        vmm_text_put(&text, "wiring is never cheaper than faulting here");
    } else {
        put_line(plot, x_of(plot, found->x), top, x_of(plot, found->x), top + height,
                 "stroke=\"#0072B2\" stroke-dasharray=\"4 3\"");
        vmm_text_format(&text, "wiring is cheaper than faulting from %u on (%u to ",
                        (unsigned)found->x, (unsigned)found->low);
        if (found->high == 0)
            vmm_text_put(&text, "never)");
        else
            vmm_text_format(&text, "%u)", (unsigned)found->high);
    }
    put_text(plot, LEFT, plot->top + 42, "fill=\"#0072B2\"", label);
}

/* The axes reach from the least to the most that is drawn, the time axis to whole powers of ten. */
static void
find_extent(struct plot *plot)
{
    const struct compare_sweep *sweep = plot->sweep;
    uint64_t least = UINT64_MAX, most = 1, low = 1, high = 10;

    for (size_t i = 0; i < sweep->point_count; i++) {
        for (size_t way = 0; way < COMPARE_WAYS; way++) {
            uint64_t ps = time_at(plot, i, way);

            if (!is_drawn(plot, way))
                continue;
            least = ps < least ? ps : least;
            most = ps > most ? ps : most;
        }
    }
    while (low * 10 <= least && low < UINT64_MAX / 100)
        low *= 10;
    while (high < most && high < UINT64_MAX / 100)
        high *= 10;
    plot->x_low = log_of(sweep->from);
    plot->x_high = log_of(sweep->to);
    plot->y_low = log_of(low);
    plot->y_high = log_of(high);
}

/* ---- the picture ---- */

void
compare_svg_begin(const struct core_out *out, size_t sweeps)
{
    int height = (int)sweeps * COMPARE_SVG_HEIGHT;

    CORE_PUT(
        out,
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%d\" height=\"%d\" viewBox=\"0 0 %d "
        "%d\" font-family=\"Helvetica, Arial, sans-serif\" font-size=\"13\">\n",
        COMPARE_SVG_WIDTH, height, COMPARE_SVG_WIDTH, height);
    CORE_PUT(out, "<rect width=\"%d\" height=\"%d\" fill=\"white\"/>\n", COMPARE_SVG_WIDTH, height);
}

void
compare_svg(const struct core_out *out, const struct compare_sweep *sweep, size_t index)
{
    struct plot plot = { .out = out, .sweep = sweep, .top = (int)index * COMPARE_SVG_HEIGHT };
    char title[128];
    struct vmm_text text;
    struct vm_profile profile;

    vm_profile_at(sweep->question.profile, &profile);
    find_extent(&plot);
    vmm_text_init(&text, title, sizeof title);
    vmm_text_format(&text, "%s on %s, %u CPU%s, pages of %u KiB", profile.name,
                    sweep->question.machine->name, (unsigned)sweep->question.cpus,
                    sweep->question.cpus == 1 ? "" : "s",
                    (unsigned)(hw_page_bytes(&sweep->question.geometry) / 1024));
    put_text(&plot, LEFT, plot.top + 24, "font-size=\"15\" font-weight=\"bold\"", title);
    put_x_axis(&plot);
    put_y_axis(&plot);
    put_break_even(&plot);
    for (size_t way = 0; way < COMPARE_WAYS; way++) {
        if (is_drawn(&plot, way))
            put_curve(&plot, way);
    }
    put_names(&plot);
}

void
compare_svg_end(const struct core_out *out)
{
    core_put(out, "</svg>\n");
}

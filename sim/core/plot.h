/*
 * plot.h - pictures of numbers: curves and maps of cells, as SVG
 *
 * PURPOSE     One home for what makes a picture readable: axes with ticks, labels and units, colours that
 *             the colour-blind tell apart (Okabe and Ito; viridis), ranges as bands, names at the ends
 *             of curves. 600 pixels wide, so that it fits a page beside text.
 * INVARIANTS  G1  the same numbers give the same bytes
 *             G2  text from outside comes out as text, never as markup
 * UNITS       pixels inside; axes are in whatever their labels say
 * OWNERSHIP   everything is borrowed
 * ERRORS      none; values that an axis cannot show (0 on a logarithmic one) stand at its edge
 * EVENTS      none
 * XNU         none
 */
#ifndef CORE_PLOT_H
#define CORE_PLOT_H

#include "scn.h"

enum { PLOT_WIDTH = 600, PLOT_HEIGHT = 400, PLOT_CURVES_MAX = 12, PLOT_NAMES_MAX = 64 };

struct plot_tick {
    double at;
    const char *label;
};

struct plot_axis {
    const char *label; /* with its unit: "pages touched (pages)" */
    bool is_log;
    const struct plot_tick *ticks; /* NULL: round numbers */
    size_t tick_count;
};

/* low <= y <= high: what the point stands for. */
struct plot_point {
    double x, y, low, high;
};

struct plot_curve {
    const char *name;
    const struct plot_point *points; /* in the order of x */
    size_t count;
    bool is_dots; /* measured points; else a line through them */
};

/* A place on the x axis, and the interval that it may lie in. */
struct plot_mark {
    double at; /* 0: nowhere, there is only an interval */
    double low, high;
};

struct plot_lines {
    const char *title;
    const char *note; /* a line under the title, or "" */
    struct plot_axis x, y;
    const struct plot_curve *curves; /* at most PLOT_CURVES_MAX */
    size_t curve_count;
    const struct plot_mark *mark; /* NULL: none */
    int place;                    /* which picture of a page it is, from the top */
};

/* Several pictures of PLOT_HEIGHT, one below the other, between these two. */
void plot_begin_page(const struct core_out *out, size_t pictures);
void plot_end_page(const struct core_out *out);

void plot_lines(const struct core_out *out, const struct plot_lines *plot);

struct plot_cell {
    bool is_known;
    double value;
};

/* Columns from left to right, rows from bottom to top. */
struct plot_map {
    const char *title;
    const char *note;
    const char *x_label, *y_label, *value_label;
    const char *const *x_names, *const *y_names; /* at most PLOT_NAMES_MAX each */
    size_t x_count, y_count;
    const struct plot_cell *cells; /* [y * x_count + x] */
    bool is_ratio;                 /* 1 is even: two colours, and a line between them */
};

void plot_map(const struct core_out *out, const struct plot_map *map);

/* Text inside an element or an attribute of XML. */
void plot_put_text(const struct core_out *out, const char *text);
/* The same for several lines. */
void plot_put_lines(const struct core_out *out, const char *text);

/* "0", "0.25", "12", "3.4k", "16M": three digits that mean something. */
void plot_put_number(const struct core_out *out, double value);

/* Binary logarithm of value > 0; sim/core has no libm. */
double plot_log2(double value);

#endif

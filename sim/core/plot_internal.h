/*
 * plot_internal.h - what curves and maps share
 *
 * PURPOSE     The frame of a picture, its texts and its colours.
 * INVARIANTS  see plot.h
 * UNITS       pixels, in tenths where a name says so
 * OWNERSHIP   everything is borrowed
 * ERRORS      none
 * EVENTS      none
 * XNU         none
 */
#ifndef CORE_PLOT_INTERNAL_H
#define CORE_PLOT_INTERNAL_H

#include "core_out.h"
#include "plot.h"

struct plot_colour {
    int red, green, blue;
};

/* `top`: how far below the page's top. */
void plot_begin(const struct core_out *out, int top, int height, const char *title,
                const char *note);
void plot_end(const struct core_out *out);

/* `anchor`: "start", "middle", "end"; `more`: further attributes, or "". */
void plot_text_at(const struct core_out *out, int x, int y, const char *anchor, const char *more,
                  const char *text);
void plot_text_up(const struct core_out *out, int x, int y, const char *text);
void plot_number_at(const struct core_out *out, int x, int y, const char *anchor, const char *more,
                    double value);
void plot_line_at(const struct core_out *out, int x1, int y1, int x2, int y2, const char *more);

/* 0 .. 1 on a scale from little to much, or from the one to the other with white between them. */
struct plot_colour plot_colour_of(double share, bool is_ratio);
void plot_put_colour(const struct core_out *out, struct plot_colour colour);
/* What is readable on it. */
const char *plot_ink_on(struct plot_colour colour);

#endif

/*
 * cmd_results_plot.h - from the rows of a sweep to a picture
 *
 * PURPOSE     Chooses which parameter runs along which axis, gathers the rows that fall on one place,
 *             and draws their median with the range from the least to the most.
 * INVARIANTS  none
 * UNITS       as the parameters' own suffixes say: %, p (pages), K M G (bytes)
 * OWNERSHIP   results_plot_free() gives back what results_plot_row() took
 * ERRORS      false after one line on *err
 * EVENTS      none
 * XNU         none
 */
#ifndef CMD_CMD_RESULTS_PLOT_H
#define CMD_CMD_RESULTS_PLOT_H

#include <jansson.h>

#include "cmd/cmd.h"
#include "store/store.h"

struct results_key {
    char *text;
    bool is_number;
    double number;
};

/* The values that one dimension of the rows takes. */
struct results_axis {
    const char *name; /* NULL: there is no such dimension */
    struct results_key *keys;
    size_t count;
};

struct results_sample {
    size_t at[3]; /* x, y (or the curve), versus */
    double value;
};

struct results_plot {
    const char *kind;                   /* "line", "heat", "break-even" */
    const char *x, *y, *value, *versus; /* as the user named them, or NULL */
    const char *first, *second;         /* of versus */
    struct results_axis axes[3];
    struct results_sample *samples;
    size_t sample_count, sample_room;
    const char *file; /* of the scenario */
    bool is_short;    /* memory ran out */
};

/* Chooses the axes from all rows of a run: `params` is the list of names, `rows` what store has. */
bool results_plot_choose(struct results_plot *plot, struct store *store,
                         const struct store_query *query, const json_t *params,
                         struct io_bytes *err);
/* Reads the rows and draws. */
bool results_plot_draw(struct results_plot *plot, struct store *store,
                       const struct store_query *query, const struct core_out *out,
                       struct io_bytes *err);
void results_plot_free(struct results_plot *plot);

#endif

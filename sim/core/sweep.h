/*
 * sweep.h - one scenario text with parameters: many scenarios
 *
 * PURPOSE     A sweep file is a scenario in which `param NAME = VALUES` lines name what varies, `$NAME`
 *             and `${A*B}` stand for a value, and `when NAME is VALUE ... : STATEMENT` keeps a line for
 *             some values only. Each point of the grid is plain scenario text with the same line
 *             numbers, so that an error in it names the line that its author wrote.
 *             A point that names a machine is priced for it.
 * INVARIANTS  S1  point i has the same text in every run of the same file and seed
 *             S2  a point's text has as many lines as the file
 * UNITS       index: of a point, row-major, the last parameter running fastest
 * OWNERSHIP   the sweep owns everything; sweep_free() gives it back
 * ERRORS      *error names line and column; SCN_NO_MEMORY
 * EVENTS      none
 * XNU         none
 */
#ifndef CORE_SWEEP_H
#define CORE_SWEEP_H

#include "scn.h"

enum {
    SWEEP_PARAMS_MAX = 16,
    SWEEP_VALUES_MAX = 4096, /* of one parameter */
};

#define SWEEP_POINTS_MAX UINT64_C(100000000)

struct sweep;

/* Reads the params of a text. A text without any is one point. `seed` draws the random samples. */
enum scn_outcome sweep_parse(const struct vmm_alloc *alloc, const char *bytes, size_t length,
                             uint64_t seed, struct sweep **sweep, struct scn_error *error);
void sweep_free(struct sweep *sweep);

size_t sweep_param_count(const struct sweep *sweep);
const char *sweep_param_name(const struct sweep *sweep, size_t param);
size_t sweep_value_count(const struct sweep *sweep, size_t param);
const char *sweep_value_at(const struct sweep *sweep, size_t param, size_t value);

uint64_t sweep_point_count(const struct sweep *sweep);
/* Which value of a parameter a point has. */
size_t sweep_point_value(const struct sweep *sweep, uint64_t point, size_t param);

/*
 * Writes a point's text. SCN_BAD_SOURCE: a `$` names no parameter, or an expression is none; the
 * same for every point.
 */
enum scn_outcome sweep_point_text(const struct sweep *sweep, uint64_t point,
                                  const struct core_out *out, struct scn_error *error);

/*
 * The text and the program of the first point: what a file means where nobody sweeps. A file without params is
 * its own text. They fail as sweep_parse() and scn_parse() do.
 */
enum scn_outcome sweep_first_text(const struct vmm_alloc *alloc, const char *bytes, size_t length,
                                  const struct core_out *out, struct scn_error *error);
enum scn_outcome sweep_first_program(const struct vmm_alloc *alloc, const char *bytes,
                                     size_t length, struct scn_program **program,
                                     struct scn_error *error);

/* What one release made of a point. The texts are good until the callback returns. */
struct sweep_row {
    uint64_t point;
    size_t profile;      /* row of the profile */
    const char *verdict; /* "clean", "unexpected", "failed" */
    const char *stop;    /* "running", or why the kernel stopped */
    uint64_t digest;     /* of all events */
    /* A JSON object: the scenario's `report` lines; on a machine what ran behind the last `mark` took, in
     * nanoseconds; events that came. */
    const char *values;
};

typedef void (*sweep_take)(void *context, const struct sweep_row *row);

/*
 * Runs a point on every release that it asks for; each run has its own world. `fibers`: for its threads,
 * as scn_options have them. SCN_BAD_SOURCE: this point's text is no scenario.
 */
enum scn_outcome sweep_run_point(const struct sweep *sweep, const struct vmm_alloc *alloc,
                                 struct scn_fibers *fibers, uint64_t point, sweep_take take,
                                 void *context, struct scn_error *error);

/* A number that differs when text or values differ: what a stored result belongs to. */
uint64_t sweep_identity(const struct sweep *sweep);

#endif

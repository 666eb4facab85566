/*
 * cmd_results_where.h - NAME=VALUE of `faultline results`, held against a run
 *
 * PURPOSE     A name that nothing in the run has is a slip of the hand and is refused; a value that no row
 *             has keeps no row, and the reader is told which condition did that.
 * INVARIANTS  none
 * UNITS       none
 * OWNERSHIP   borrows everything
 * ERRORS      results_where_check(): false after one line on *err
 * EVENTS      none
 * XNU         none
 */
#ifndef CMD_CMD_RESULTS_WHERE_H
#define CMD_CMD_RESULTS_WHERE_H

#include <jansson.h>

#include "cmd/cmd.h"
#include "store/store.h"

/* Adds the names of a row's counted values to a set: an object, which keeps its order. */
void results_note_counted(json_t *names, const struct store_row *row);

/* Whether each condition names a parameter (of `params`, a list), a column, a counted value or an event. */
bool results_where_check(struct store *store, const struct store_query *query, const json_t *params,
                         struct io_bytes *err);

/* No row was kept: one line on *err says why. `path`: of the results file. */
void results_where_explain(struct store *store, const struct store_query *query, const char *path,
                           struct io_bytes *err);

#endif

/*
 * export_dot.h - maps and objects as a graph
 *
 * PURPOSE     Writes a state in Graphviz's language: a box for every map with its entries, the objects
 *             that they show, and from object to object the shadow and copy chains.
 * INVARIANTS  none
 * UNITS       as the state's
 * OWNERSHIP   nothing is kept
 * ERRORS      none; a state that was cut says so in the graph
 * EVENTS      none
 * XNU         none
 */
#ifndef CORE_EXPORT_DOT_H
#define CORE_EXPORT_DOT_H

#include "scn_state.h"

/* `title`: what the graph is of. */
void export_dot(const struct core_out *out, const char *title, const struct scn_state *state);

#endif

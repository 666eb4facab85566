/*
 * export_trace.h - a run as a file for trace viewers
 *
 * PURPOSE     Writes the JSON trace format that Perfetto's and Chrome's viewers open: a track for the
 *             scenario's lines, for each CPU, each task and each floor, and counters. A fault is one
 *             slice on its CPU, from its first piece of work to its end, with an arrow from what left
 *             the page without a translation.
 * INVARIANTS  T1  one slice of category "fault" for each FAULT and FAULT_REFUSED event, nested in none
 *             T2  the same report gives the same bytes
 * UNITS       time: events; the n-th takes the n-th microsecond, since the model knows no time
 * OWNERSHIP   nothing is kept
 * ERRORS      false: memory ran out, and what was put is no whole file
 * EVENTS      reads a report's
 * XNU         none
 */
#ifndef CORE_EXPORT_TRACE_H
#define CORE_EXPORT_TRACE_H

#include "scn.h"

/* The report was made with keep_events and has the state of its end. */
bool export_trace(const struct core_out *out, const struct vmm_alloc *alloc, const char *file,
                  const struct scn_program *program, const struct scn_report *report);

#endif

/*
 * price.h - what a scenario's run cost: in all, by floor, by item, by verb, by line
 *
 * PURPOSE     A run keeps its events; each line's events and accesses are folded with a machine's
 *             prices.
 * INVARIANTS  the lines' sums together are the total
 * UNITS       picoseconds
 * OWNERSHIP   nothing is kept
 * ERRORS      none
 * EVENTS      reads a report's
 * XNU         none
 */
#ifndef CORE_PRICE_H
#define CORE_PRICE_H

#include "machine.h"
#include "scn.h"

/* What one line took. The report was made with keep_events. */
void price_of_step(const struct scn_report *report, const struct scn_step *step,
                   uint64_t page_bytes, struct cost_sum *sum);
/* Of the lines behind the last `mark`; without one, the whole run. */
void price_since_mark(const struct scn_report *report, uint64_t page_bytes, struct cost_sum *sum);

/* One run on one machine. `page_bytes`: of the machine it ran on. */
void price_text(const struct core_out *out, const char *file, const struct scn_report *report,
                const struct machine *machine, uint64_t page_bytes);
void price_json(const struct core_out *out, const char *file, const struct scn_program *program,
                const struct scn_report *report, const struct machine *machine,
                uint64_t page_bytes);

#endif

/*
 * step_view.h - one side of a state, as lines for a terminal
 *
 * PURPOSE     What `faultline step` shows of a state: maps, objects, the walk, TLBs, a frame's
 *             mappings, counters. Lines that tell the same at two events are the same bytes, so that
 *             a reader's diff is what changed.
 * INVARIANTS  none
 * UNITS       none
 * OWNERSHIP   none
 * ERRORS      none
 * EVENTS      none
 * XNU         none
 */
#ifndef CORE_STEP_VIEW_H
#define CORE_STEP_VIEW_H

#include "scn_state.h"

enum step_view {
    STEP_MAPS,
    STEP_OBJECTS,
    STEP_WALK,
    STEP_TLB,
    STEP_FRAME,
    STEP_COUNTERS,
    STEP_VIEWS
};

const char *step_view_name(enum step_view view);

/* The parts of a state (enum scn_state_parts) that a view shows. */
uint32_t step_view_parts(enum step_view view);

/* `frame`: of STEP_FRAME. */
void step_view_text(const struct core_out *out, enum step_view view, const struct scn_state *state,
                    vmm_ppn frame);

#endif

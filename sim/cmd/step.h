/*
 * step.h - a run that is stepped through: where we are, what is shown, and what a command does
 *
 * PURPOSE     Shared by the transcript (cmd_step.c) and the screen (step_screen.c).
 * INVARIANTS  S1  1 <= at <= the run's events, unless the run has none
 * UNITS       at: events, from 1
 * OWNERSHIP   step_end() gives everything back
 * ERRORS      a command that cannot be done says so in one line and changes nothing
 * EVENTS      none
 * XNU         none
 */
#ifndef CMD_STEP_H
#define CMD_STEP_H

#include "cmd/cmd.h"
#include "core/step_view.h"
#include "io/io_checkpoint.h"
#include "io/io_heap.h"

enum { STEP_BREAKS = 16, STEP_WORDS = 4 };

/* Stops at events of a kind, or of an address. */
struct step_break {
    bool is_kind;
    enum trace_kind kind;
    uint64_t address;
};

/* What a worker is asked for. */
struct step_request {
    uint64_t event;
    enum step_view view;
    vmm_ppn frame;
    bool has_address;
    uint32_t space;
    uint64_t address;
};

struct step {
    const char *file;
    struct scn_program *program;
    struct io_heap heap;
    struct vmm_alloc alloc; /* of the heap, or the program's own where there is none */
    bool has_heap;
    struct scn_report *report; /* of the whole run, with its events */
    struct scn_options options;
    struct scn_follower follower;
    struct io_checkpoints checkpoints;
    struct step_request request;
    struct step_break breaks[STEP_BREAKS];
    size_t break_count;
    uint64_t at;
    struct io_bytes shown;  /* the view at the event, line by line */
    struct io_bytes before; /* and as it was before the last command */
    bool is_over;           /* quit */
};

/* Runs the program once. `geometry`: NULL for the file's own. False: *err says why. */
bool step_begin(struct step *step, const char *file, struct scn_program *program, size_t row,
                const struct hw_geometry *geometry, struct io_bytes *err);
void step_end(struct step *step);

/* Does one command; what it has to say besides the view goes to *said. */
void step_do(struct step *step, const char *command, struct io_bytes *said);

/* "12/78 line 10 FAULT space 1 ..", and what that event means. */
void step_put_event(const struct step *step, struct io_bytes *out);

/* The view, each line with "* " before it when it was not there before, else with "  ". */
void step_put_view(const struct step *step, struct io_bytes *out);

extern const char step_commands[];

/* The screen of a terminal; returns when the reader quits. */
int step_screen(struct step *step);

#endif

/*
 * story.h - the radar's own case, on every release, with every remedy
 *
 * PURPOSE     Runs each strategy of story.def on each profile row and folds each report into one
 *             cell. Nothing here knows what will come out.
 * INVARIANTS  T1  a cell is what scn_run() reported for that strategy on that row
 * UNITS       page: index in the mapping. faults, translations: counts.
 * OWNERSHIP   story_destroy() gives everything back
 * ERRORS      STORY_NO_MEMORY; STORY_BROKEN: a text of story.def is no scenario
 * EVENTS      none of its own
 * XNU         none
 */
#ifndef CORE_STORY_H
#define CORE_STORY_H

#include "scn.h"

enum story_outcome {
    STORY_CLEAN,   /* every access went through */
    STORY_PANICS,  /* the kernel panicked at `page` of the mapping */
    STORY_HANGS,   /* a thread waits for ever */
    STORY_REFUSED, /* a call answered `code`, and the driver stops there */
    STORY_ABSENT   /* the release does not have the call */
};

struct story_cell {
    enum story_outcome outcome;
    uint64_t page;
    int32_t code;
    uint64_t faults;       /* served from the descriptor's arrival to the end */
    uint64_t translations; /* of the mapping, when the section is entered */
};

enum story_strategy_id {
#define STORY_STRATEGY(id, top, bottom, text, scenario) STORY_##id,
#include "story.def"
#undef STORY_STRATEGY
    STORY_STRATEGY_COUNT
};

struct story_strategy {
    const char *id;
    const char *top; /* the column's heading, two lines */
    const char *bottom;
    const char *text;
    const char *scenario;
};

const struct story_strategy *story_strategy_at(size_t index);

enum { STORY_PAGES = 16 }; /* 64 KiB on a machine with pages of 4 KiB */

struct story;

enum story_progress { STORY_MORE, STORY_FINISHED, STORY_NO_MEMORY, STORY_BROKEN };

/* Runs one strategy on one profile row, for who asks only that. False: no memory. */
bool story_run_one(const struct vmm_alloc *alloc, enum story_strategy_id strategy, size_t row,
                   struct story_cell *cell);

/* NULL: no memory. */
struct story *story_create(const struct vmm_alloc *alloc);
void story_destroy(struct story *story);

/* Runs every strategy on the next profile row. STORY_FINISHED: all rows are done. */
enum story_progress story_step(struct story *story);

/* After STORY_FINISHED. */
const struct story_cell *story_cell_at(const struct story *story, size_t row,
                                       enum story_strategy_id strategy);

/* The panic of prepare-then-map on the newest release, and the rule that found it (may be NULL). */
const struct vm_stop *story_panic(const struct story *story, const struct verify_rule **rule);

/* "clean", "panics", "hangs", "refused", "absent" */
const char *story_outcome_name(enum story_outcome outcome);

enum { STORY_ALL_ROWS = 1, STORY_COLOUR = 2 };

/* The table, the panic, why, the fix and what to type next. */
void story_print_text(const struct core_out *out, const struct story *story, uint32_t flags);

/* One object: every cell of every row, and the panic. */
void story_print_json(const struct core_out *out, const struct story *story);

#endif

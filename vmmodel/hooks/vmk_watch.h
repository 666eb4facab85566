/*
 * vmk_watch.h - being told of each of the driver's calls, as it begins and when it has ended
 *
 * PURPOSE     For whoever lets other threads run between two calls, or keeps what was called.
 * INVARIANTS  V4  a call that another call makes inside the model is not told
 * UNITS       none
 * OWNERSHIP   the watcher is the embedder's and outlives its time on the world; a call is the model's, and
 *             pointers among its arguments are the caller's
 * ERRORS      none
 * EVENTS      none
 * XNU         none
 */
#ifndef HOOKS_VMK_WATCH_H
#define HOOKS_VMK_WATCH_H

#include "hooks/vmk_sim.h"

enum vmk_verb {
#define NOTHING(type, name, parameters, arguments, numbers) VMK_VERB_##name,
#define NUMBER NOTHING
#define OBJECT NOTHING
#include "hooks/verbs.def"
#undef NOTHING
#undef NUMBER
#undef OBJECT
    VMK_VERB_COUNT
};

enum { VMK_ARGUMENTS_MAX = 6 };

struct vmk_verb_call {
    enum vmk_verb verb;
    uint64_t argument[VMK_ARGUMENTS_MAX]; /* in the verb's order; handles and pointers as numbers */
    uint64_t result;                      /* when it has ended; a signed one as it is in 64 bits */
};

struct vmk_watcher {
    /* The model stands still at both: other threads may run. Either may be NULL. */
    void (*begins)(struct vmk_watcher *watcher, const struct vmk_verb_call *call);
    void (*ends)(struct vmk_watcher *watcher, const struct vmk_verb_call *call);
    struct vmk_watcher *next; /* the model's: who else is told, later */
};

/* Adds a watcher of the current world, told after those that came before it; takes one away. */
void vmk_sim_watch(struct vmk_watcher *watcher);
void vmk_sim_unwatch(struct vmk_watcher *watcher);

/* "desc_prepare": without vmk_ */
const char *vmk_verb_name(enum vmk_verb verb);

#endif

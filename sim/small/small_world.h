/*
 * small_world.h - one system and its plain counterpart, and the calls of the alphabet
 *
 * PURPOSE     For small.c: a world is made, a few calls are done in it, it is looked at, it ends.
 * INVARIANTS  none
 * UNITS       pages
 * OWNERSHIP   a world owns its system
 * ERRORS      false: world->what says what differs
 * EVENTS      none
 * XNU         none
 */
#ifndef SMALL_SMALL_WORLD_H
#define SMALL_SMALL_WORLD_H

#include "small/plain_vm.h"
#include "vmmodel.h"
#include "vm/vm_task.h"

enum { SMALL_TASKS = 2, SMALL_PAGES = 4 };

struct small_world {
    struct vmm_alloc alloc; /* the embedder's, with a count of what is out */
    const struct vmm_alloc *host;
    uint64_t live_bytes;
    struct vm_system *system;
    struct vm_task *tasks[SMALL_TASKS];
    struct plain_vm plain;
    unsigned cpu;
    struct vmm_text *story; /* gets each call as a line of a scenario; NULL: nobody asked */
    unsigned names;         /* that the story has bound */
    char what[200];
};

/* SMALL_ALPHABET calls for each task. */
enum { SMALL_ALPHABET = 16, SMALL_CALLS = SMALL_ALPHABET * SMALL_TASKS };

/* small_world_tell() writes a scenario's head; what is called then follows, and what differs last. */
void small_world_tell(struct small_world *world, struct vmm_text *story);

bool small_world_begin(struct small_world *world, const struct vmm_alloc *alloc,
                       const struct vm_profile *profile);
/* Ends it without a look. */
void small_world_end(struct small_world *world);

/* Does call `number` in both models; false: they differ. */
bool small_world_call(struct small_world *world, unsigned number);

/* Looks at everything, undoes everything, and ends the world. */
bool small_world_judge(struct small_world *world);

uint64_t small_world_state(const struct small_world *world);

/* "user-wire task 0 [0, 2)" */
void small_put_call(struct vmm_text *text, unsigned number);

#endif

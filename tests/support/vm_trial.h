/*
 * vm_trial.h - Mach calls on the real model (vm/) and on the plain one, which must agree
 *
 * PURPOSE     An operation is done to both; then what a user and a simulator can see is compared.
 *             Whoever wants the story of it gives a vm_story: each call is written down in the words of
 *             docs/scenario-language.md before it is made, and the comparison that fails as its
 *             expectation.
 *
 *                 pages       0123456789..      the window of each task, across a 2 MiB boundary
 *                 app0        rrwwww..WW        rights, wires
 *                 app1          ====            the same cells as app0: shared
 * INVARIANTS  none of its own
 * UNITS       first, count, source: pages of the window
 * OWNERSHIP   a trial that failed keeps what it has: the process ends
 * ERRORS      vm_trial_escape: 1 a comparison failed and trial->failure says which; 2 a trap of the model
 * EVENTS      those of the model
 * XNU         none
 */
#ifndef SUPPORT_VM_TRIAL_H
#define SUPPORT_VM_TRIAL_H

#include <setjmp.h>

#include "counting_alloc.h"
#include "small/plain_vm.h"
#include "trace/trace_digest.h"
#include "vm/vm_profile.h"

struct vm_story;
struct vm_task;
struct vm_system;
struct vm_memory_entry;

enum { TASKS = PLAIN_TASKS, PAGES = PLAIN_PAGES, PAGE = 4096 };

enum vm_verb {
    TASK,
    FORK,
    TERMINATE,
    ALLOCATE,
    DEALLOCATE,
    PROTECT,
    INHERIT,
    LOAD,
    STORE,
    USER_WIRE,
    USER_UNWIRE,
    KERNEL_WIRE,
    KERNEL_UNWIRE,
    COPY,
    REMAP,
    BEHAVIOR,
    MSYNC,
    PAGE_OUT,
    RECLAIM,
    PURGABLE,
    MEMORY_ENTRY,
    MAP_ENTRY,
    RELEASE_ENTRY,
    PAGER_FAILS,
    VERB_COUNT
};

enum { NO_LOOK = 0xFF };

/* Everything an operation needs, so that it can be done again without the random numbers. */
struct vm_operation {
    uint8_t verb;
    uint8_t cpu;
    uint8_t task;
    uint8_t first;
    uint8_t count;
    uint8_t other;  /* a second task: child, or source of a copy or remap */
    uint8_t source; /* a second page */
    uint8_t prot;
    uint8_t value; /* byte, inheritance, behavior, or msync's flags */
    uint8_t entry; /* a memory entry; 0 is a file */
    bool
        flag; /* protect: the maximum; allocate, remap, map-entry: overwrite; copy: ends in mid-page */
    bool copies;         /* remap, map-entry, memory-entry; allocate: purgable */
    uint8_t look[TASKS]; /* the page of each task that is looked at afterwards, or NO_LOOK */
};

/* What a round starts from. */
struct vm_trial_setting {
    const char *profile;
    vmm_ppn frames;
    bool
        is_small; /* tasks with pages of 4 KiB on a machine of 16 KiB frames, which hold four each */
    uint64_t seed; /* of the run that drew the operations */
};

struct vm_trial_failure {
    const char *what;
    int64_t expected;
    int64_t found;
    bool is_real;
};

/* One round: a system, and the plain model of it. */
struct vm_trial {
    struct vm_trial_setting setting;
    struct counting_alloc counting;
    struct vm_profile profile;
    struct vm_system *system;
    struct vm_task *tasks[TASKS];
    struct vm_memory_entry *entries[PLAIN_ENTRIES];
    struct plain_vm plain;
    struct trace_digest *digest;
    unsigned wire_max; /* pages */
    size_t done;       /* operations of this round */
    size_t check_every;
    struct vm_trial_failure failure;
    struct vm_story *story; /* NULL: nobody asked */
};

/* Where a failed comparison goes back to; whoever calls what follows sets it. */
extern sigjmp_buf vm_trial_escape;

void vm_trial_start(struct vm_trial *trial);
void vm_trial_perform(struct vm_trial *trial, const struct vm_operation *op);

/* Every page is looked at; then kernel wires go, then tasks, and nothing may be left. */
void vm_trial_finish(struct vm_trial *trial);

bool vm_trial_is_alive(const struct vm_trial *trial, unsigned task);

#endif

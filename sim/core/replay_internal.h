/*
 * replay_internal.h - what the two ways to take references share
 *
 * PURPOSE     replay.c takes them one by one; replay_visit.c a visit and all that follows it at once.
 * INVARIANTS  Y2  both ways come to the same result
 * UNITS       see replay.h
 * OWNERSHIP   everything is the replay's
 * ERRORS      see replay.h
 * EVENTS      none
 * XNU         none
 */
#ifndef CORE_REPLAY_INTERNAL_H
#define CORE_REPLAY_INTERNAL_H

#include "replay.h"

#include "hw/hw_run.h"
#include "vm/vm_access.h"

enum {
    REPLAY_FRONT = 1024, /* pages whose counts are at hand */
    REPLAY_FIRST_ROOM = 1024,
    REPLAY_WORDS = 2 * MEMTRACE_BATCH,
    REPLAY_VPN_BITS = 52, /* of a key; the space above */
};

#define REPLAY_PAGE_ZERO ((vmm_va)1 << 32)

/*
 * A block that comes as visits (memtrace.h). Where what follows a visit may be more than a count, the block is
 * asked for again, and what was made of it is passed over.
 */
struct replay_visiting {
    const struct memtrace_block *block; /* NULL: none comes so */
    uint64_t words[MEMTRACE_WORDS];     /* the block's, as the hardware wants them */
    bool is_known[MEMTRACE_WORDS];      /* the page was used before */
    bool are_all_known, has_looked;
    struct memtrace_slots slots;
    size_t unseen;                      /* visits that were made and are not in the slots yet */
    uint64_t visits, crossings, events; /* made */
    bool is_passing;  /* the block comes again, and as many are passed over as above */
    bool passes_last; /* with what stayed behind the last visit */
};

struct replay {
    struct replay_options options;
    struct vm_system *system;
    struct vm_task *task[MEMTRACE_SPACES];
    uint32_t space[HW_MAX_CPUS]; /* that each CPU runs */
    uint32_t cpu;
    vmm_va user_max;
    uint32_t page_shift;
    struct replay_page front[REPLAY_FRONT];
    struct replay_page *pages; /* open addressing; room is a power of two */
    uint64_t room;
    uint64_t words[REPLAY_WORDS]; /* not yet run */
    size_t word_count;
    struct cost cost;
    struct trace_sink faults;
    struct replay_result result;
    bool takes_visits;
    uint64_t stays; /* hits that no TLB was asked for */
    struct replay_visiting visiting;
};

static inline uint64_t
replay_key(const struct replay *replay, vmm_va va)
{
    return ((uint64_t)replay->space[replay->cpu] << REPLAY_VPN_BITS | va >> replay->page_shift) + 1;
}

static inline uint64_t
replay_hw_kind(enum memtrace_kind kind)
{
    static const uint8_t kinds[4] = { HW_REFERENCE_EXECUTE, HW_REFERENCE_READ, HW_REFERENCE_WRITE,
                                      HW_REFERENCE_WRITE };

    return kinds[kind];
}

/* A block comes as visits: the kernel that stopped is told of at its end. */
static inline bool
replay_is_visiting(const struct replay *replay)
{
    return replay->visiting.block != NULL || replay->visiting.is_passing;
}

bool replay_runs(const struct replay *replay);
struct vm_task *replay_task(const struct replay *replay);

/* The page's count, or the empty place where it would be. */
struct replay_page *replay_find(const struct replay *replay, uint64_t key);

/* Adds to a page's count. *is_new: it was never there. False: the host's memory ran out. */
bool replay_count(struct replay *replay, uint64_t key, uint64_t count, bool *is_new);

/* Runs what has collected. A reference that nothing serves is counted and left out. */
void replay_flush(struct replay *replay);

/* A page that was never used: the region around it if nothing is there, else the page if it is a hole. */
void replay_know(struct replay *replay, vmm_va va);

/* Counts a reference to a page that is known. */
void replay_count_only(struct replay *replay, vmm_va va);

/* For references and events that come one by one, in a block of visits or again: whether it is made already. */
bool replay_passes(struct replay *replay, uint64_t va, uint32_t how);
bool replay_passes_event(struct replay *replay);

/* So many references, or events, came between visits. */
void replay_note_between(struct replay *replay, uint64_t references, uint64_t events);

#endif

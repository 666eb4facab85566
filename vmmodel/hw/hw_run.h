/*
 * hw_run.h - many references at once
 *
 * PURPOSE     As many hw_access(), with the same counts, TLBs and bits at the end, in a loop that only a
 *             fault leaves: a hit is counted and no more, a miss walks the tables and goes on.
 * INVARIANTS  U1  what a run keeps from one call to the next is believed only while nobody looked
 *                 anything up in that CPU's TLB
 * UNITS       as hw_machine.h
 * OWNERSHIP   a run borrows its machine
 * ERRORS      as hw_access()
 * EVENTS      none; accesses are counted per CPU
 * XNU         none (hardware)
 */
#ifndef HW_HW_RUN_H
#define HW_HW_RUN_H

#include "hw/hw_machine.h"

/* A reference in one word: the address, and in the two lowest bits, which no TLB looks at, the kind. */
enum { HW_REFERENCE_READ, HW_REFERENCE_WRITE, HW_REFERENCE_EXECUTE, HW_REFERENCE_KIND = 3 };

/*
 * A run of references by one CPU: what stays the same while it lasts, and what it has come to. `page` is
 * the one that the last reference was to: of fetches and of the others, where fetches have a first level
 * of their own.
 */
struct hw_run {
    struct hw_machine *machine;
    struct hw_cpu *cpu;
    struct hw_tlb *tlb;
    uint32_t shift;      /* of a page */
    uint32_t sign_shift; /* bits from here up are all alike in an address */
    uint32_t is_split;   /* 0 or 1: fetches do */
    uint64_t va_mask;
    uint64_t user_asid;
    uint64_t wanted[4]; /* by kind: what a word must have, NX turned around */
    uint64_t page[2];
    uint64_t rights[2]; /* what its word has; 0: no reference was made yet */
    bool missed;        /* the next reference was looked for in vain: nothing remembers its page */
    uint64_t faulted;   /* the reference that walked last, */
    uint64_t lookups;   /* and how many look-ups there had been then */
};

/* Whose page a reference is compared with. */
static inline uint32_t
hw_run_side(const struct hw_run *run, uint64_t reference)
{
    return (uint32_t)(reference >> 1) & run->is_split; /* a fetch has bit 1 */
}

/* Whether it is to the same page and may be: it hits, and changes nothing but a count. */
static inline bool
hw_run_stays(const struct hw_run *run, uint32_t side, uint64_t reference)
{
    uint64_t wanted = run->wanted[reference & 3];

    return reference >> run->shift == run->page[side] && (run->rights[side] & wanted) == wanted;
}

/* Begins a run of references by one CPU, in user mode or not. */
void hw_run_begin(struct hw_run *run, struct hw_machine *machine, uint32_t cpu, bool from_user);

/*
 * Makes references until one faults. Returns how many were made; *outcome says why the next one was not,
 * HW_OK: all were. Between two calls anything may happen to the machine; what a fault's second try need
 * not look for again is known.
 */
size_t hw_run_on(struct hw_run *run, const uint64_t *references, size_t count,
                 enum hw_outcome *outcome);

/* Whether one more such reference by this CPU would be a hit that changes no more than hw_tlb.l1_hits. */
bool hw_access_repeats(struct hw_machine *machine, uint32_t cpu, uint64_t reference,
                       bool from_user);

#endif

/*
 * inject.h - a scenario, again and again, each time with one more call that fails
 *
 * PURPOSE     Every call that can be refused (base/injector.h) is refused once for each way that leads
 *             to it. After each run nothing may be left over and every invariant must hold.
 * INVARIANTS  J1  a run fails at most one call; a way is hit in one run only
 * UNITS       none
 * OWNERSHIP   borrows program and allocator
 * ERRORS      INJECT_NO_MEMORY: the allocator gave nothing though we did not ask it to
 * EVENTS      none
 * XNU         none
 */
#ifndef CORE_INJECT_H
#define CORE_INJECT_H

#include "core_arena.h"
#include "scn.h"

struct inject_options {
    size_t profile;
    struct scn_fibers *fibers;
    uint64_t (*path)(void); /* a number for the call stack it is called on */
};

struct inject_result {
    uint64_t failed[VMM_CALL_COUNT]; /* calls that were made to fail */
    uint64_t runs;
    uint64_t told;    /* the line that was hit ended with an error, or gave NULL */
    uint64_t stopped; /* the kernel panicked or hung */
    uint64_t ended;   /* the allocator failed: the run ended there */
    uint64_t silent;  /* the line went on without it: what it wanted was not needed */
    uint64_t leaks;
    uint64_t violations;
    char what[200];      /* of the first leak or violation */
    uint32_t wrong_line; /* the line it happened in; 0: none, or before the first */
    enum vmm_call wrong_call;
    uint64_t wrong_nth; /* of its kind, from the line's beginning on */
    char silences[400]; /* the first lines that went on, by kind and line */
};

struct inject;

enum inject_outcome { INJECT_MORE, INJECT_FINISHED, INJECT_NO_MEMORY };

/* Nothing has run yet; NULL: memory ran out. inject_destroy() gives it back, NULL is allowed. */
struct inject *inject_create(const struct vmm_alloc *alloc, const struct scn_program *program,
                             const struct inject_options *options);
void inject_destroy(struct inject *inject);

/* One run. Finished: it came to its end without a way that was not hit before. */
enum inject_outcome inject_step(struct inject *inject);

/* What the runs so far came to; it changes with each. */
const struct inject_result *inject_result(const struct inject *inject);

/*
 * The source with a `fail` line in front of the line that the first leak or violation was in: a
 * scenario that goes wrong in the same way, in the caller's arena. NULL: there is none (wrong_line 0), or no
 * memory.
 */
const char *inject_scenario(const struct inject_result *result, struct core_arena *arena,
                            const char *bytes, size_t length);

#endif

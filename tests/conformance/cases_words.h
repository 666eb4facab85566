/*
 * cases_words.h - what the descriptor cases share
 *
 * PURPOSE     Short words over the conformance kit's names. Each case runs on a fresh machine of each
 *             release and page size; what to expect is written from the specification and never read
 *             from a profile.
 * INVARIANTS  none
 * UNITS       page: bytes
 * OWNERSHIP   a case gives back what it made, or leaves it to the machine's end
 * ERRORS      CHECK counts and prints, and goes on
 * EVENTS      none
 * XNU         iokit.md
 */
#ifndef CONFORMANCE_CASES_WORDS_H
#define CONFORMANCE_CASES_WORDS_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "iokit_adapter.h"

#define COUNT_OF(a) (sizeof(a) / sizeof((a)[0]))
#define CANNOT_WIRE ((int)0xE00002DE)
#define NOT_WRITABLE ((int)0xE00002CF)

extern unsigned release;  /* XNU's number */
extern bool is_seed_view; /* the report's own belief */
extern uint64_t page;     /* bytes */

void check(bool holds, const char *what, int line);
#define CHECK(holds) check((holds), #holds, __LINE__)

#define CASE(name) void name(void);
#include "cases.def"
#undef CASE

enum { FILL = 0x40 };

static inline oracle_task_t
kernel(void)
{
    return oracle_kernel();
}

static inline oracle_task_t
user(void)
{
    return oracle_user();
}

static inline bool
load(oracle_task_t task, uint64_t va, uint8_t *byte)
{
    return oracle_access(task, va, 0, byte) == 0;
}

static inline int
store(oracle_task_t task, uint64_t va, uint8_t byte)
{
    return oracle_access(task, va, 1, &byte);
}

static inline bool
shows(oracle_task_t task, uint64_t va, uint8_t expected)
{
    uint8_t byte = (uint8_t)~expected;

    return load(task, va, &byte) && byte == expected;
}

/* How many of the pages can be loaded from (stored to) where no fault may be taken. */
static inline unsigned
ready_pages(oracle_task_t task, uint64_t va, unsigned pages, bool to_store)
{
    unsigned ready = 0;

    oracle_no_faults(1);
    for (unsigned i = 0; i < pages; i++) {
        uint8_t byte = FILL;

        ready += oracle_access(task, va + i * page, to_store, &byte) == 0;
    }
    oracle_no_faults(0);
    return ready;
}

/* The user's memory: page i holds FILL + i. */
static inline uint64_t
filled(unsigned pages)
{
    uint64_t va = oracle_task_allocate(user(), pages * page);

    CHECK(va != 0);
    for (unsigned i = 0; i < pages; i++)
        CHECK(store(user(), va + i * page, (uint8_t)(FILL + i)) == 0);
    return va;
}

static inline oracle_md_t
describe(uint64_t va, uint64_t length, uint32_t options)
{
    oracle_range_t range = { va, length };
    oracle_md_t md = oracle_md_with_ranges(&range, 1, options, user());

    CHECK(md != NULL);
    return md;
}

static inline oracle_map_t
map_whole(oracle_md_t md, oracle_task_t task, uint32_t options)
{
    return oracle_md_map(md, task, 0, OMAP_ANYWHERE | options, 0, 0);
}

#endif

/*
 * row.h - loops over narrow arrays
 *
 * PURPOSE     What is known of a million pages stands in narrow arrays, and what is done to a run of pages
 *             is a loop over a run of each. The loops are there twice, as all code is compiled and for the
 *             widest vectors of this kind of host, with the same results.
 * INVARIANTS  none
 * UNITS       count: elements
 * OWNERSHIP   none; the arrays are the caller's
 * ERRORS      none
 * EVENTS      none
 * XNU         none
 */
#ifndef BASE_ROW_H
#define BASE_ROW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct vmm_rows {
    /* Every bit that some element has. */
    uint64_t (*held64)(const uint64_t *words, uint32_t count);
    uint32_t (*held32)(const uint32_t *numbers, uint32_t count);
    /* Every bit in which some element is not as `one`. */
    uint16_t (*unlike16)(const uint16_t *bits, uint32_t count, uint16_t one);
    /* Makes them `first`, first + step and so on; joins such numbers to what stands there. */
    void (*put64)(uint64_t *words, uint32_t count, uint64_t first, uint64_t step);
    void (*put32)(uint32_t *numbers, uint32_t count, uint32_t first, uint32_t step);
    void (*join32)(uint32_t *numbers, uint32_t count, uint32_t first, uint32_t step);
    /* Takes some bits from each and gives it others. */
    void (*change16)(uint16_t *bits, uint32_t count, uint16_t taken, uint16_t given);
};

/* The loops for a host with vectors, or without: with AVX2 on x86_64, which others have none for. */
const struct vmm_rows *vmm_rows(bool has_vectors);

/* Asks the host for `bytes` from `at` on, which a loop will soon go over. */
static inline void
vmm_row_expect(const void *at, size_t bytes)
{
    enum { LINE = 64 };

    for (size_t i = 0; i < bytes; i += LINE)
        __builtin_prefetch((const char *)at + i);
}

#endif

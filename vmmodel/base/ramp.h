/*
 * ramp.h - numbers that follow each other
 *
 * PURPOSE     What is handed out in order stays in order mostly, so arrays of millions of numbers are ramps
 *             for long stretches. These loops take several numbers at once.
 * INVARIANTS  none
 * UNITS       count: numbers
 * OWNERSHIP   none
 * ERRORS      none
 * EVENTS      none
 * XNU         none
 */
#ifndef BASE_RAMP_H
#define BASE_RAMP_H

#include <stdint.h>

/* How many of `count` numbers, from the first on, are `first`, first + 1 and so on. */
static inline uint32_t
vmm_ramp_count(const uint32_t *numbers, uint32_t count, uint32_t first)
{
    uint32_t next = first;
    uint32_t off = 0;
    uint32_t row = 0;

    for (uint32_t i = 0; i < count; i++, next++)
        off |= numbers[i] ^ next; /* nearly always all are */
    while (off != 0 && numbers[row] == first + row)
        row++;
    return off == 0 ? count : row;
}

/* Makes `count` numbers first, first + 1 and so on. */
static inline void
vmm_ramp_fill(uint32_t *numbers, uint32_t count, uint32_t first)
{
    for (uint32_t i = 0; i < count; i++, first++)
        numbers[i] = first;
}

#endif

/*
 * test_alloc.h - what every test asks of memory: nothing left over, and every failure survived
 *
 * PURPOSE     Assertions and a sweep over the counting allocator.
 * INVARIANTS  none of its own
 * UNITS       requests
 * OWNERSHIP   the test owns the allocator
 * ERRORS      assertions of the test
 * EVENTS      none
 * XNU         none
 */
#ifndef SUPPORT_TEST_ALLOC_H
#define SUPPORT_TEST_ALLOC_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "counting_alloc.h"

/* Everything came back, each piece with its size. */
void test_alloc_assert_empty(const struct counting_alloc *counting);

/* The next request from now on that fails; 0: none does. */
void test_alloc_fail_next(struct counting_alloc *counting, uint64_t nth);

/*
 * Runs `attempt` with its first request failing, then its second, and so on, until it needs no
 * further one. An attempt makes, checks and unmakes its world; it returns whether it got all it
 * asked for. It must get it exactly when no request failed, and leave nothing behind either way.
 * Returns how many requests could fail.
 */
uint64_t test_alloc_sweep(bool (*attempt)(struct counting_alloc *counting));

#endif

/*
 * bad_input.h - every bit alone and in pairs, edges of lengths, and what may come of them
 *
 * PURPOSE     Tables for tests that ask whether any input is answered: with a code that the
 *             specification knows, and never with a stop of ours.
 * INVARIANTS  none
 * UNITS       edges: bytes, around a descriptor of two pages
 * OWNERSHIP   none
 * ERRORS      assertions of the test
 * EVENTS      none
 * XNU         none
 */
#ifndef SUPPORT_BAD_INPUT_H
#define SUPPORT_BAD_INPUT_H

#include "base/status.h"
#include "iokit_fixture.h"

static const char *const bad_input_releases[] = { "macos-10.7",  "macos-10.9",  "macos-10.10",
                                                  "macos-10.11", "macos-10.13", "macos-11",
                                                  "macos-12",    "macos-15.4",  "seed-view" };

/* Every bit alone, then every pair of two. */
enum { BITS = 32, COMBINATIONS = BITS + BITS * (BITS - 1) / 2 };

static inline uint32_t
combination(unsigned index)
{
    unsigned first = 0;

    if (index < BITS)
        return 1u << index;
    index -= BITS;
    while (index >= BITS - 1 - first)
        index -= BITS - 1 - first++;
    return 1u << first | 1u << (first + 1 + index);
}

/* A status that some Mac call returns, or a stop that the specification knows. */
static inline void
assert_known(vmk_return_t status)
{
    assert_non_null(vmm_status_name((enum vmm_status)status));
    assert_int_not_equal(status, VMK_NO_MEMORY);
}

/* A kernel that stopped is started again. */
static inline void
go_on(struct iokit_fixture *f, const char *release)
{
    if (vm_system_stop(vmk_sim_system())->kind != VM_RUNNING)
        iokit_restart(f, release);
}

static const uint64_t bad_input_edges[] = { 0,
                                            1,
                                            IO_PAGE - 1,
                                            IO_PAGE,
                                            2 * IO_PAGE - 1,
                                            2 * IO_PAGE,
                                            2 * IO_PAGE + 1,
                                            UINT32_MAX,
                                            (uint64_t)1 << 32,
                                            (uint64_t)1 << 63,
                                            UINT64_MAX - IO_PAGE,
                                            UINT64_MAX };

#endif

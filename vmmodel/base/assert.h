/*
 * assert.h - what only our own bug can cause
 *
 * PURPOSE     A wrong number is worse than a stop. VMM_ASSERT stays on in release builds.
 *             VMM_ASSERT_DEEP walks whole structures and is on with VMM_DEEP_CHECKS.
 * INVARIANTS  one condition per assertion
 * UNITS       none
 * OWNERSHIP   none
 * ERRORS      never returns when the condition is false: the process traps at the call site, so a
 *             debugger or a core shows the line. Nothing that input can cause is asserted.
 * EVENTS      none
 * XNU         osfmk/kern/assert.h
 */
#ifndef BASE_ASSERT_H
#define BASE_ASSERT_H

#include "base/types.h"

#define VMM_ASSERT(condition) ((condition) ? (void)0 : __builtin_trap())

#if defined(VMM_DEEP_CHECKS) && VMM_DEEP_CHECKS
#define VMM_ASSERT_DEEP(condition) VMM_ASSERT(condition)
#else
#define VMM_ASSERT_DEEP(condition) ((void)sizeof(condition))
#endif

#endif

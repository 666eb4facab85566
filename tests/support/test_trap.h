/*
 * test_trap.h - shows that an assertion of the model stops the program
 *
 * PURPOSE     What only our own bug can cause traps (base/assert.h); this runs it in a child process.
 * INVARIANTS  none
 * UNITS       none
 * OWNERSHIP   none
 * ERRORS      assertions of the test
 * EVENTS      none
 * XNU         none
 */
#ifndef SUPPORT_TEST_TRAP_H
#define SUPPORT_TEST_TRAP_H

/* Asserts that `act` does not come back. */
void test_trap_assert(void (*act)(void *context), void *context);

#endif

/*
 * stack_path.h - a number for the call stack we stand on
 *
 * PURPOSE     Tells two ways to the same call apart, within one process.
 * INVARIANTS  none
 * UNITS       none
 * OWNERSHIP   none
 * ERRORS      none
 * EVENTS      none
 * XNU         none
 */
#ifndef FIBER_STACK_PATH_H
#define FIBER_STACK_PATH_H

#include <stdint.h>

/* Of the 48 innermost calls, the caller's included. It differs from process to process. */
uint64_t stack_path(void);

#endif

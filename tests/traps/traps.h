/*
 * traps.h - the traps of traps.def as functions
 *
 * PURPOSE     One declaration per line of traps.def.
 * INVARIANTS  none
 * UNITS       none
 * OWNERSHIP   the program owns the fixture that a trap gets
 * ERRORS      assertions of the test
 * EVENTS      none
 * XNU         vm.md 10
 */
#ifndef TRAPS_TRAPS_H
#define TRAPS_TRAPS_H

#include "trap_fixture.h"

#define TRAP(name) void name(struct vm_fixture *f);
#include "traps.def"
#undef TRAP

#endif

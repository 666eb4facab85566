/*
 * trap_program.h - a program of many named tests, each on one release or on every one
 *
 * PURPOSE     What the programs of the traps share. Their words:
 *
 *                 PROGRAM              all of them
 *                 PROGRAM NAME         this one
 *                 PROGRAM --list       their names
 *
 * INVARIANTS  none
 * UNITS       none
 * OWNERSHIP   the program owns the fixture that a test gets: one for each test and release
 * ERRORS      exit: what CMocka says; 2 when nothing has that name
 * EVENTS      none
 * XNU         none
 */
#ifndef SUPPORT_TRAP_PROGRAM_H
#define SUPPORT_TRAP_PROGRAM_H

#include "base/types.h"

struct trap_line {
    const char *name;
    bool on_each_release; /* false: once, and it starts the releases it names */
};

struct trap_program {
    const char *name;
    const struct trap_line *lines;
    size_t line_count;
    size_t fixture_bytes;
    void (*start)(void *fixture, const char *profile);
    void (*run)(void *fixture, size_t line);
    void (*end)(void *fixture); /* checks that nothing is left */
};

int trap_program_main(const struct trap_program *program, int count, char **words);

#endif

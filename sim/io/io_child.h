/*
 * io_child.h - another program, and what it writes for us
 *
 * PURPOSE     Runs a program with our own standard input, output and error, and hands over the bytes that it
 *             writes to one more descriptor, or to its standard error. Ctrl-C, or a taker that has enough, ends the program.
 * INVARIANTS  C1  one child at a time
 * UNITS       bytes
 * OWNERSHIP   the caller's arguments are borrowed
 * ERRORS      false, and *why says why in one phrase: it could not be started
 * EVENTS      none
 * XNU         none
 */
#ifndef IO_IO_CHILD_H
#define IO_IO_CHILD_H

#include <stdint.h>

#include "io/io_file.h"

enum { IO_CHILD_DESCRIPTOR = 3 };

struct io_child {
    /* The program, found as a shell would, and its arguments; NULL behind them. */
    char *const *words;
    int descriptor; /* whose bytes we take: 2 or IO_CHILD_DESCRIPTOR */
    void *context;
    bool (*take)(void *context, const uint8_t *bytes, size_t length); /* false: enough */
    /* afterwards */
    int64_t exit_code;
    int signal;     /* that ended it, or 0 */
    bool was_ended; /* by us */
    bool was_interrupted;
};

/* Runs it to its end; child's last fields say how that was. Blocks. */
bool io_child_run(struct io_child *child, char why[IO_WHY_BYTES]);

#endif

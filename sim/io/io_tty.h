/*
 * io_tty.h - a terminal's screen and keys
 *
 * PURPOSE     Draws a screen, hands over keys, draws again; also when the terminal changes its size.
 * INVARIANTS  T1  the terminal is as it was when io_tty_run() returns
 * UNITS       columns, rows: characters
 * OWNERSHIP   borrows the user
 * ERRORS      false: it is no terminal, or it went away
 * EVENTS      none
 * XNU         none
 */
#ifndef IO_IO_TTY_H
#define IO_IO_TTY_H

#include "io/io_bytes.h"

struct io_tty_user {
    void *context;
    /* Lines of the whole screen, ended by '\n'; what is too long or too much is cut. */
    void (*draw)(void *context, unsigned columns, unsigned rows, struct io_bytes *screen);
    /* What one read gave: a key, or several that were typed fast. False: the end. */
    bool (*key)(void *context, const char *bytes, size_t length);
};

/* Until a key says that it is the end. False: there is no terminal on 0 and 1, or it went away. */
bool io_tty_run(const struct io_tty_user *user);

#endif

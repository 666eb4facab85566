/*
 * io_watch.h - waiting until somebody saves a file
 *
 * PURPOSE     Says that one of some files changed. It asks for their times and sizes a few times a second: editors
 *             that write a new file in the place of the old one would take a watched one from under us.
 * INVARIANTS  none
 * UNITS       none
 * OWNERSHIP   paths are borrowed
 * ERRORS      none: a file that is not there is one that may come
 * EVENTS      none
 * XNU         none
 */
#ifndef IO_IO_WATCH_H
#define IO_IO_WATCH_H

#include <stdbool.h>

/* Waits until one of the files is not what it was when the wait began. False: Ctrl-C. */
bool io_watch(char *const *paths, int count);

#endif

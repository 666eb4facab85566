/*
 * io_watch.h - waiting until somebody saves a file
 *
 * PURPOSE     Says that one of some files changed. It asks for their times and sizes a few times a second: editors
 *             that write a new file in the place of the old one would take a watched one from under us.
 * INVARIANTS  none
 * UNITS       as named
 * OWNERSHIP   paths and stamps are borrowed
 * ERRORS      none: a file that is not there is one that may come
 * EVENTS      none
 * XNU         none
 */
#ifndef IO_IO_WATCH_H
#define IO_IO_WATCH_H

#include <stdbool.h>
#include <stdint.h>

/* What tells one saved file from the next. */
struct io_stamp {
    uint64_t second, nanosecond; /* of its last change */
    uint64_t bytes;
    uint64_t inode;
};

/* Before the files are read, so that what is saved while they are used is not lost. */
void io_stamps_take(char *const *paths, int count, struct io_stamp *stamps);

/* Whether it was saved in between; a file that is not there `now` may just be being replaced. */
bool io_stamp_differs(const struct io_stamp *before, const struct io_stamp *now);

/* Waits until one of the files is not what its stamp says; comes back at once if it is so already. False: Ctrl-C. */
bool io_watch(char *const *paths, int count, const struct io_stamp *stamps);

#endif

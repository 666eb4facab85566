/*
 * io_target.h - bytes to a file or to standard output, as they come
 *
 * PURPOSE     What is too large to be put together in memory first.
 * INVARIANTS  none
 * UNITS       bytes
 * OWNERSHIP   io_target_close() frees the target
 * ERRORS      a failed write is kept until io_target_close(), whose *why says why in one phrase
 * EVENTS      none
 * XNU         none
 */
#ifndef IO_IO_TARGET_H
#define IO_IO_TARGET_H

#include <stdint.h>

#include "io/io_file.h"

struct io_target;

/*
 * A file that is there whole or not at all: what is written stands in PATH.part until io_target_close() gives it its
 * name. NULL: *why. A file that is there keeps its rights, and a link leads to the new file as
 * it led to the old one. Standard output ("-"), a device or a pipe is written as it comes.
 */
struct io_target *io_target_open_whole(const char *path, char why[IO_WHY_BYTES]);

/* Forgets a target that io_target_open_whole() opened, and what was written. */
void io_target_drop(struct io_target *target);

/* `context` is a target, so that a printer can be handed this function. Blocks. */
void io_target_put(void *context, const char *bytes, size_t length);

/* False: not everything was written. */
bool io_target_close(struct io_target *target, char why[IO_WHY_BYTES]);

#endif

/*
 * io_file.h - a whole file as bytes
 *
 * PURPOSE     Reads or writes what the user named, or says in one phrase why it cannot be.
 * INVARIANTS  none
 * UNITS       limit: bytes
 * OWNERSHIP   the caller frees the bytes
 * ERRORS      the phrase: "no such file or directory", "is a directory", "is larger than .. bytes"
 * EVENTS      none
 * XNU         none
 */
#ifndef IO_IO_FILE_H
#define IO_IO_FILE_H

#include "io/io_bytes.h"

enum { IO_WHY_BYTES = 160 };

/*
 * Appends the file's bytes to *bytes; "-" is standard input. Blocks: call it from a piece of work.
 * False: *why says what is wrong. A file of more than `limit` bytes is not read to its end.
 */
bool io_file_read(const char *path, size_t limit, struct io_bytes *bytes, char why[IO_WHY_BYTES]);

/*
 * Writes a whole file, in the place of what it held, or leaves what it held; "-" is standard output. Blocks. False: *why says
 * what is wrong.
 */
bool io_file_write(const char *path, const char *data, size_t length, char why[IO_WHY_BYTES]);

#endif

/*
 * io_source.h - bytes of a file or of standard input, unpacked as they come
 *
 * PURPOSE     Traces are larger than memory and mostly packed. gzip and zstd are known by their first
 *             bytes, not by the file's name, so that standard input is as good as a file.
 * INVARIANTS  S1  memory does not grow with the source
 * UNITS       bytes; read: packed ones, for progress; total: 0 when nobody knows
 * OWNERSHIP   io_source_close() frees the source
 * ERRORS      NULL or -1, and *why says why in one phrase
 * EVENTS      none
 * XNU         none
 */
#ifndef IO_IO_SOURCE_H
#define IO_IO_SOURCE_H

#include <stdint.h>

#include "io/io_file.h"

struct io_source;

/* "-" is standard input. */
struct io_source *io_source_open(const char *path, char why[IO_WHY_BYTES]);
void io_source_close(struct io_source *source);

/* The next unpacked bytes; 0: the end. -1: *why. Blocks. */
ptrdiff_t io_source_read(struct io_source *source, uint8_t *bytes, size_t length,
                         char why[IO_WHY_BYTES]);

/* Bytes from anywhere in a file that is not packed; false: it is packed, a pipe, or shorter. */
bool io_source_read_at(struct io_source *source, uint64_t offset, uint8_t *bytes, size_t length);
/* The next bytes are those at `offset`; only where io_source_read_at() works. */
void io_source_seek(struct io_source *source, uint64_t offset);

/* Packed bytes that were read, and all of them; 0: nobody knows how many. */
uint64_t io_source_done(const struct io_source *source);
uint64_t io_source_total(const struct io_source *source);

#endif

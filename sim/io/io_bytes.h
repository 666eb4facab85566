/*
 * io_bytes.h - bytes that grow at the end
 *
 * PURPOSE     What a piece of work has to say, kept until the loop has written it.
 * INVARIANTS  none
 * UNITS       length, capacity: bytes
 * OWNERSHIP   io_bytes_free() gives back what grew; a zeroed struct is an empty one
 * ERRORS      is_short: memory ran out and bytes are missing; the loop reports it
 * EVENTS      none
 * XNU         none
 */
#ifndef IO_IO_BYTES_H
#define IO_IO_BYTES_H

#include <stdbool.h>
#include <stddef.h>

struct io_bytes {
    char *data;
    size_t length;
    size_t capacity;
    bool is_short;
};

/* Appends; `context` is a struct io_bytes, so that a printer can be handed this function. */
void io_bytes_put(void *context, const char *bytes, size_t length);

/* Appends a terminated text. */
void io_bytes_text(struct io_bytes *bytes, const char *text);

/* Appends what printf would print. */
void io_bytes_format(struct io_bytes *bytes, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

void io_bytes_free(struct io_bytes *bytes);

#endif

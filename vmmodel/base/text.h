/*
 * text.h - text built in a fixed buffer without a formatter from outside
 *
 * PURPOSE     Panic texts and dumps from a library that imports memcpy and nothing else.
 * INVARIANTS  X1  the buffer is always terminated; what does not fit is cut and `is_cut` is set
 * UNITS       capacity, length: bytes; length excludes the terminator
 * OWNERSHIP   the caller owns the buffer
 * ERRORS      none; see X1
 * EVENTS      none
 * XNU         none
 */
#ifndef BASE_TEXT_H
#define BASE_TEXT_H

#include <stdarg.h>

#include "base/types.h"

struct vmm_text {
    char *bytes;
    size_t capacity; /* at least 1 */
    size_t length;
    bool is_cut;
};

/* Makes an empty text over `capacity` bytes, capacity >= 1. */
void vmm_text_init(struct vmm_text *text, char *bytes, size_t capacity);

/* Appends a terminated string, or `length` bytes as they are. */
void vmm_text_put(struct vmm_text *text, const char *string);
void vmm_text_put_bytes(struct vmm_text *text, const char *bytes, size_t length);

/*
 * printf's syntax, a small part of it: %s %c %% and %d %u %x %X with an optional zero-padded width
 * and the length modifiers l and ll (so PRIu64, PRId64 and PRIx64 of <inttypes.h> work). Any other
 * directive is copied as it stands.
 */
void vmm_text_format(struct vmm_text *text, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* The same with its arguments in a list. */
void vmm_text_vformat(struct vmm_text *text, const char *format, va_list arguments)
    __attribute__((format(printf, 2, 0)));

#endif

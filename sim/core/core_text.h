/*
 * core_text.h - a text that grows in an arena
 *
 * PURPOSE     Where printers put what is to be read again: the text of a sweep's point, a lab's words.
 * INVARIANTS  E1  what is there is terminated
 * UNITS       length, room: bytes; length without the terminator
 * OWNERSHIP   the text lies in the arena, which it borrows; what it leaves behind when it grows does too
 * ERRORS      none of its own: the arena is_exhausted, and bytes are missing
 * EVENTS      none
 * XNU         none
 */
#ifndef CORE_TEXT_H
#define CORE_TEXT_H

#include "core_arena.h"

/* An empty one: { .arena = ... }. */
struct core_text {
    struct core_arena *arena;
    char *bytes; /* NULL: nothing was put yet; core_text_bytes() */
    size_t length;
    size_t room;
};

/* Appends; `context` is a text, so that a printer can be handed this function. */
void core_text_put(void *context, const char *bytes, size_t length);

/* What was put, or "". */
const char *core_text_bytes(const struct core_text *text);

#endif

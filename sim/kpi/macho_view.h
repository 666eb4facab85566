/*
 * macho_view.h - numbers out of bytes that nobody vouches for
 *
 * PURPOSE     A window on a file. A read outside it gives 0 and is remembered, so that a reader checks
 *             once, after a group of reads, and never looks at what is not there.
 * INVARIANTS  M1  see macho.h
 * UNITS       offsets: bytes from the window's start
 * OWNERSHIP   borrows the bytes
 * ERRORS      is_short stays true from the first read outside the window on
 * EVENTS      none
 * XNU         none
 */
#ifndef KPI_MACHO_VIEW_H
#define KPI_MACHO_VIEW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

enum { MACHO_NAME_MAX = 4096 }; /* GUESS: the longest name of the table has 150 bytes */

struct macho_view {
    const uint8_t *bytes;
    size_t size;
    bool is_short;
};

static inline bool
macho_view_has(const struct macho_view *view, uint64_t offset, uint64_t size)
{
    return offset <= view->size && size <= view->size - offset;
}

/* `count` bytes, the first one lowest. */
static inline uint64_t
macho_view_little(struct macho_view *view, uint64_t offset, unsigned count)
{
    uint64_t value = 0;

    if (!macho_view_has(view, offset, count)) {
        view->is_short = true;
        return 0;
    }
    while (count-- > 0)
        value = value << 8 | view->bytes[offset + count];
    return value;
}

/* `count` bytes, the first one highest. */
static inline uint64_t
macho_view_big(struct macho_view *view, uint64_t offset, unsigned count)
{
    uint64_t value = 0;

    if (!macho_view_has(view, offset, count)) {
        view->is_short = true;
        return 0;
    }
    for (unsigned i = 0; i < count; i++)
        value = value << 8 | view->bytes[offset + i];
    return value;
}

static inline uint8_t
macho_view_8(struct macho_view *view, uint64_t offset)
{
    return (uint8_t)macho_view_little(view, offset, 1);
}

static inline uint32_t
macho_view_32(struct macho_view *view, uint64_t offset)
{
    return (uint32_t)macho_view_little(view, offset, 4);
}

/* The terminated string at `offset`; false when it has no end inside the window, or a far one. */
static inline bool
macho_view_string(const struct macho_view *view, uint64_t offset, const char **string,
                  size_t *length)
{
    const uint8_t *end;
    size_t room;

    if (offset >= view->size)
        return false;
    room =
        view->size - (size_t)offset < MACHO_NAME_MAX ? view->size - (size_t)offset : MACHO_NAME_MAX;
    end = memchr(view->bytes + offset, 0, room);
    if (end == NULL)
        return false;
    *string = (const char *)view->bytes + offset;
    *length = (size_t)(end - (view->bytes + offset));
    return true;
}

/* [offset, offset + size) as a window of its own; an empty, short one when it is not all there. */
static inline struct macho_view
macho_view_part(const struct macho_view *view, uint64_t offset, uint64_t size)
{
    if (!macho_view_has(view, offset, size))
        return (struct macho_view){ view->bytes, 0, true };
    return (struct macho_view){ view->bytes + offset, (size_t)size, false };
}

#endif

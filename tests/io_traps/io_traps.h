/*
 * io_traps.h - the lines of io_traps.def as functions
 *
 * PURPOSE     One declaration per line, and the words that the traps share.
 * INVARIANTS  none
 * UNITS       version: as releases.h
 * OWNERSHIP   the program owns the fixture that a trap gets
 * ERRORS      assertions of the test
 * EVENTS      none
 * XNU         iokit.md 8 and 9
 */
#ifndef IO_TRAPS_IO_TRAPS_H
#define IO_TRAPS_IO_TRAPS_H

#include "iokit_fixture.h"
#include "releases.h"

#define IO_ONCE(name) void name(struct iokit_fixture *f);
#define IO_EACH(name) void name(struct iokit_fixture *f);
#include "io_traps.def"
#undef IO_ONCE
#undef IO_EACH

/* Whether the release that runs is `version` or later. */
static inline bool
is_from(const struct iokit_fixture *f, const char *version)
{
    return profile_is_from(&f->profile, version);
}

/* A buffer; must be made. */
static inline vmk_desc_t
buffer(vmk_task_t task, vmk_options_t options, uint64_t length)
{
    vmk_desc_t md = vmk_desc_buffer(task, options, length, 0, 0);

    assert_non_null(md);
    return md;
}

/* Where the buffer's owner sees it. */
static inline uint64_t
bytes_of(vmk_desc_t md)
{
    return (uint64_t)(uintptr_t)vmk_desc_bytes(md);
}

#endif

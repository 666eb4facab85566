/*
 * io_types.h - Apple's bits, with Apple's values
 *
 * PURPOSE     Options pass through the seam unchanged, so a driver's own constants work.
 * INVARIANTS  none
 * UNITS       none
 * OWNERSHIP   constants
 * ERRORS      none
 * EVENTS      none
 * XNU         IOMemoryDescriptor.h, IOTypes.h; iokit.md 1.1
 */
#ifndef IOKIT_IO_TYPES_H
#define IOKIT_IO_TYPES_H

#include "base/types.h"

enum {
    IO_DIRECTION_NONE = 0,
    IO_DIRECTION_IN = 1,  /* prepare: pages will be written; wireRange: wire for READ */
    IO_DIRECTION_OUT = 2, /* prepare: pages will be read; wireRange: wire for WRITE */
    IO_DIRECTION_OUT_IN = 3,
    IO_DIRECTION_MASK = 7,
    IO_PREPARE_NO_FAULT = 0x8,

    IO_MEMORY_MAP_COPY_ON_WRITE = 0x20000, /* 10.12.2 and later */
    IO_MEMORY_THREAD_SAFE = 0x100000,
};

#define IO_MAP_ANYWHERE 0x1u
#define IO_MAP_READ_ONLY 0x1000u
#define IO_MAP_STATIC 0x01000000u
#define IO_MAP_PREFAULT 0x10000000u

enum { IO_INBAND_BYTES = 4096 }; /* sizeof(io_struct_inband_t), iokit.md 6.1 */

#endif

/*
 * io_types.h - Apple's bits, with Apple's values
 *
 * PURPOSE     Options pass through the seam unchanged, so a driver's own constants work.
 * INVARIANTS  none
 * UNITS       none
 * OWNERSHIP   constants
 * ERRORS      none
 * EVENTS      none
 * XNU         IOMemoryDescriptor.h, IOBufferMemoryDescriptor.h, IOTypes.h; iokit.md 1.1
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

    /* only for prepare() */
    IO_PREPARE_TO_PHYS_32 = 0x4,
    IO_PREPARE_NO_FAULT = 0x8,
    IO_PREPARE_NO_ZERO_FILL = 0x10,
    IO_PREPARE_NON_COHERENT = 0x20,
    IO_PREPARE_AVOID_THROTTLING = 0x100,

    /* only for complete() */
    IO_COMPLETE_WITH_ERROR = 0x40,
    IO_COMPLETE_WITH_DATA_VALID = 0x80,
};

/* kIOMemory*: what a descriptor is made with. */
enum {
    IO_MEMORY_AUTO_PREPARE = 0x8,
    IO_MEMORY_TYPE_VIRTUAL = 0x10,
    IO_MEMORY_TYPE_PHYSICAL = 0x20,
    IO_MEMORY_TYPE_UPL = 0x30,
    IO_MEMORY_TYPE_PERSISTENT_MD = 0x40,
    IO_MEMORY_TYPE_UIO = 0x50,
    IO_MEMORY_TYPE_MASK = 0xf0,
    IO_MEMORY_AS_REFERENCE = 0x100,
    IO_MEMORY_BUFFER_PAGEABLE = 0x400,
    IO_MEMORY_MAPPER_NONE = 0x800,
    IO_MEMORY_HOST_ONLY = 0x1000,
    IO_MEMORY_SOURCE_SEGMENT = 0x2000, /* of getPhysicalSegment() */
    IO_MEMORY_REDIRECTED = 0x4000,     /* state, not an option */
    IO_MEMORY_PERSISTENT = 0x10000,
    IO_MEMORY_MAP_COPY_ON_WRITE = 0x20000, /* 10.12.2 and later */
    IO_MEMORY_REMOTE = 0x40000,            /* 10.13 and later */
    IO_MEMORY_THREAD_SAFE = 0x100000,
    IO_MEMORY_BUFFER_PURGEABLE = 0x400000,
};

/* IOBufferMemoryDescriptor's own; the numbers mean something else there. */
enum {
    IO_BUFFER_PHYSICALLY_CONTIGUOUS = 0x10,
    IO_BUFFER_PAGEABLE = 0x20,
    IO_BUFFER_PURGEABLE = 0x40,
    IO_BUFFER_HOST_PHYSICALLY_CONTIGUOUS = 0x80,
    IO_BUFFER_KERNEL_USER_SHARED = 0x10000,
    IO_BUFFER_CLEAR_ENCRYPT = 0x200000,
};

/* kIOMap*: mapping options; the cache mode stands at IO_MAP_CACHE_SHIFT. */
#define IO_MAP_ANYWHERE 0x1u
#define IO_MAP_CACHE_SHIFT 8
enum { IO_CACHE_DEFAULT, IO_CACHE_INHIBIT, IO_CACHE_WRITE_THRU, IO_CACHE_COPYBACK };
#define IO_MAP_READ_ONLY 0x1000u
#define IO_MAP_STATIC 0x01000000u
#define IO_MAP_REFERENCE 0x02000000u
#define IO_MAP_UNIQUE 0x04000000u
#define IO_MAP_PREFAULT 0x10000000u
#define IO_MAP_OVERWRITE 0x20000000u
#define IO_MAP_GUARDED_MASK 0xC0000000u
#define IO_MAP_GUARDED_SMALL 0x40000000u
#define IO_MAP_GUARDED_LARGE 0x80000000u

enum {
    IO_PAGEABLE_MAX_BYTES = 512 << 20, /* kIOPageableMaxMapSize, LP64; iokit.md 3.4, 7 */
};

enum { IO_INBAND_BYTES = 4096 }; /* sizeof(io_struct_inband_t), iokit.md 6.1 */

#endif

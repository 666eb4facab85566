/*
 * runs.h - physical memory that is in one piece
 *
 * PURPOSE     What a cursor, and a command over memory of the kext's own, cut into segments.
 * INVARIANTS  none
 * UNITS       bytes
 * OWNERSHIP   none
 * ERRORS      a run of no bytes: there is no memory at that offset
 * EVENTS      DESC_SEGMENT
 * XNU         iokit/Kernel/IOMemoryCursor.cpp
 */
#ifndef KEXT_RUNS_H
#define KEXT_RUNS_H

#include <faultline_kext/iokit_memory.h>

struct kext_run {
    UInt64 address, length;
};

struct kext_run next_run(IOMemoryDescriptor *memory, UInt64 offset, UInt64 end, UInt64 most);

#endif

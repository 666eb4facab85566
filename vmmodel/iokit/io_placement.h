/*
 * io_placement.h - putting a descriptor's bytes somewhere in an address space
 *
 * PURPOSE     doMap: which addresses, which rights, and whether any translation is made at once.
 * INVARIANTS  none of its own
 * UNITS       bytes
 * OWNERSHIP   fills the mapping; on failure the mapping holds no region
 * ERRORS      as iokit.md 3.1 to 3.7
 * EVENTS      IOMAP_LEAK IOMAP_PREFAULT
 * XNU         IOGeneralMemoryDescriptor::doMap, memoryReferenceMap(New); iokit.md 3.1 - 3.7
 */
#ifndef IOKIT_IO_PLACEMENT_H
#define IOKIT_IO_PLACEMENT_H

#include "iokit/io_internal.h"

/* What the caller of createMappingInTask asked for; length 0 is filled in. */
struct io_request {
    struct vm_task *task;
    struct vm_map *map;
    uint64_t at;
    uint32_t options;
    uint64_t offset;
    uint64_t length;
};

enum vmm_status io_map_place(struct io_map *map, const struct io_request *request) VMM_MUST_USE;

#endif

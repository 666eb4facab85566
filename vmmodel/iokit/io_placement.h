/*
 * io_placement.h - putting a descriptor's bytes somewhere in an address space
 *
 * PURPOSE     doMap: which addresses, which rights, and whether any translation is made at once. The
 *             kinds of descriptor share the checks and the reserving, and fill the region each in
 *             its way.
 *
 *                 vm_start                                            vm_start + vm_size
 *                 | guard | page_offset, then the bytes ...   | guard |
 *                         ^ start                             ^ start + size
 *
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

/* A mapping while it is being placed. */
struct io_placement {
    struct io_map *map;
    const struct io_request *request;
    struct vm_map
        *into; /* where the region stands: the request's map, or a pageable submap of it */
    const struct io_reference *reference; /* what is mapped: the originals, the copies, a device */
    uint64_t page_offset;                 /* of the first byte */
    vmm_prot prot;
    vmm_va start;   /* the region for the bytes */
    vmm_size size;  /* its pages */
    vmm_size guard; /* on either side of it */
    bool may_leak;  /* the failure is one that leaves the region behind */
};

static inline const struct vm_profile *
io_profile(const struct io_placement *placement)
{
    return vm_system_profile(placement->map->md->system);
}

/* IOGeneralMemoryDescriptor::doMap over virtual memory. */
enum vmm_status io_map_place(struct io_map *map, const struct io_request *request) VMM_MUST_USE;

/* Whether the request lies in the descriptor and its options go together (iokit.md 3.1, 3.4). */
enum vmm_status io_place_check(const struct io_md *md,
                               const struct io_request *request) VMM_MUST_USE;

/* The part of a piece that the request covers; false: none. */
bool io_part_of(const struct io_placement *placement, const struct io_piece *piece,
                struct io_run *part);

/* The pages that a part takes, in bytes. */
vmm_size io_part_bytes(const struct io_md *md, const struct io_run *part);

/* Sums up the pages of the parts that the request covers, and how they fit together. */
enum vmm_status io_measure(struct io_placement *placement) VMM_MUST_USE;

/* Sets aside placement->size bytes with their guards; kIOMapOverwrite takes what is there. */
enum vmm_status io_reserve(struct io_placement *placement) VMM_MUST_USE;

/* Faults a device's segments in, if the mapping is kernel_map's and not redirected (3.6). */
enum vmm_status io_device_populate(const struct io_placement *placement) VMM_MUST_USE;

/* Whether this release looks at kIOMapPrefault at all, and then refuses it; may leak (3.7). */
enum vmm_status io_check_prefault(struct io_placement *placement) VMM_MUST_USE;

/* Gives back a region that could not be filled; gives the status to return. */
enum vmm_status io_unreserve(struct io_placement *placement, enum vmm_status status);

/* Puts every part of the reference over its pages. */
enum vmm_status io_enter_entries(struct io_placement *placement) VMM_MUST_USE;

/* What is left when the region could not be filled; gives the status to return. */
enum vmm_status io_fail_after_reserve(struct io_placement *placement, enum vmm_status status);

/* The mapping holds the region from now on. */
void io_placed(struct io_placement *placement);

/* The rights of the mapping, within what the entries allow; VMM_INVALID_RIGHT: beyond them. */
enum vmm_status io_choose_prot(struct io_placement *placement) VMM_MUST_USE;

#endif

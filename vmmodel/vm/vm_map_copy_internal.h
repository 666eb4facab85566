/*
 * vm_map_copy_internal.h - what copyin, remap and copyout share
 *
 * PURPOSE     vm_map_copy.c makes copies, vm_map_extract.c the pieces of a remap, vm_map_copyout.c
 *             places them and writes them over memory.
 * INVARIANTS  as vm_map_copy.h
 * UNITS       addresses: bytes
 * OWNERSHIP   as vm_map_copy.h
 * ERRORS      those of the calls
 * EVENTS      none of its own
 * XNU         osfmk/vm/vm_map.c
 */
#ifndef VM_VM_MAP_COPY_INTERNAL_H
#define VM_VM_MAP_COPY_INTERNAL_H

#include "vm/vm_map_copy.h"
#include "vm/vm_submap.h"

/* One more piece, which takes the entry's rights and tag. */
void vm_map_copy_add(struct vm_map_copy *copy, const struct vm_map_entry *entry,
                     const struct vm_piece *piece);

/* What a place has of [start, end), which begins in it; the entry is clipped to that. */
enum vmm_status vm_map_copy_place(struct vm_map *map, const struct vm_place *place, vmm_va start,
                                  vmm_va end, struct vm_map_copy *copy) VMM_MUST_USE;

/* Where in physical memory a byte of a device's entry is; 0: nowhere. */
uint64_t vm_map_device_address(const struct vm_map_entry *entry, vmm_va va);

/* Whether every piece can be an entry of the map: it may come from one with smaller pages. */
bool vm_map_copy_fits(const struct vm_map *map, const struct vm_map_copy *copy);

#endif

/*
 * vm_map_behavior.h - advice about a range, and what it does at once
 *
 * PURPOSE     Access patterns are kept by the entries; the rest is done to the pages now.
 * INVARIANTS  wired pages are never taken out of memory
 * UNITS       start, end: bytes, page aligned
 * OWNERSHIP   none
 * ERRORS      VMM_INVALID_ADDRESS: a hole where none may be; VMM_PROTECTION_FAILURE,
 *             VMM_NO_ACCESS: an entry may not be treated so; VMM_MODEL_NO_MEMORY. What stood before the
 *             place that refused has been treated.
 * EVENTS      PAGE_OUT PAGE_IN PAGE_FREE
 * XNU         osfmk/vm/vm_map.c vm_map_behavior_set, vm_map_msync; vm.md 2.1, 2.3
 */
#ifndef VM_VM_MAP_BEHAVIOR_H
#define VM_VM_MAP_BEHAVIOR_H

#include "vm/vm_map.h"

/*
 * VM_BEHAVIOR_*, which the release knows. Where memory or its store has no room, advice does nothing and
 * is success. DONTNEED and FREE are vm_map_msync()'s.
 */
enum vmm_status vm_map_behavior_set(struct vm_map *map, vmm_va start, vmm_va end,
                                    uint32_t behavior) VMM_MUST_USE;

/*
 * `flags`: VM_SYNC_* of vm_user.h. Holes are passed over and told of at the end if CONTIGUOUS; KILLPAGES
 * stops at the first one. SYNCHRONOUS and ASYNCHRONOUS write a file's dirty pages back, and the first
 * waits for the pager; INVALIDATE throws a file's pages away.
 */
enum vmm_status vm_map_msync(struct vm_map *map, vmm_va start, vmm_va end,
                             uint32_t flags) VMM_MUST_USE;

/*
 * Severs the objects of [start, end) from what their pages were copied from (vm_object_sever()). For a
 * simulator. VMM_FAILURE: a page is wired through one of them; those before it are severed.
 */
enum vmm_status vm_map_sever(struct vm_map *map, vmm_va start, vmm_va end) VMM_MUST_USE;

/*
 * Takes the pages that [start, end) shows out of memory, whatever the release; wired ones stay. For a
 * simulator: as if vm_pageout_scan() had come by.
 */
enum vmm_status vm_map_page_out(struct vm_map *map, vmm_va start, vmm_va end) VMM_MUST_USE;

#endif

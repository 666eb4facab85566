/*
 * vm_map_prefault.h - warming the cache without a promise
 *
 * PURPOSE     Enters translations for pages that the caller already holds, when a mapping is made.
 * INVARIANTS  the entry's wired_count stays 0 although the entries carry the wired bit (vm.md T10)
 * UNITS       start: bytes, page aligned; pages: array of `count` page numbers
 * OWNERSHIP   the caller keeps the pages resident
 * ERRORS      VMM_MEMORY_ERROR and pmap's, only when `must` is set
 * EVENTS      PMAP_ENTER
 * XNU         vm_map_enter_mem_object_prefault, "kernel_prefault" from 10.13; vm.md 2.3, iokit.md 3.7
 */
#ifndef VM_VM_MAP_PREFAULT_H
#define VM_VM_MAP_PREFAULT_H

#include "vm/vm_map.h"

/*
 * Enters `count` translations from `start` on; a page number of VMM_NO_PAGE is a missing page. With
 * `must` the first failure is returned; without it the loop ends silently. *entered counts.
 */
enum vmm_status vm_map_prefault(struct vm_map *map, vmm_va start, const vmm_ppn *pages,
                                uint64_t count, vmm_prot prot, bool must,
                                uint64_t *entered) VMM_MUST_USE;

#endif

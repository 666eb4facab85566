/*
 * vm_fault_wire.h - the page loop of wiring
 *
 * PURPOSE     For one entry whose counts are already raised: make every page resident, wire it, and
 *             enter its translation; and the way back.
 * INVARIANTS  I6, I7, I8 of vm_map_wire.h
 * UNITS       pmap_start: bytes, page aligned
 * OWNERSHIP   none
 * ERRORS      what the slow path's fault gives (vm_fault.h); the pages wired so far are unwired then
 * EVENTS      FAULT PAGE_WIRE PAGE_UNWIRE PMAP_ENTER PMAP_WIRING
 * XNU         osfmk/vm/vm_fault.c vm_fault_wire, vm_fault_wire_fast, vm_fault_unwire; vm.md 3.4
 */
#ifndef VM_VM_FAULT_WIRE_H
#define VM_VM_FAULT_WIRE_H

#include "vm/vm_internal.h"

/* The translations go to `pmap`, from `pmap_start` on: for a submap those of the map above it. */
enum vmm_status vm_fault_wire(struct vm_map *map, struct vm_map_entry *entry, struct pmap *pmap,
                              vmm_va pmap_start) VMM_MUST_USE;

/*
 * Translations stay valid; they only lose the wired bit. An entry with zero_wired_pages leaves zeroes
 * behind.
 */
void vm_fault_unwire(struct vm_map *map, struct vm_map_entry *entry, struct pmap *pmap,
                     vmm_va pmap_start);

#endif

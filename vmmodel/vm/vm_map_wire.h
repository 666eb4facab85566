/*
 * vm_map_wire.h - the promise that a range will not fault
 *
 * PURPOSE     Wiring makes every page resident, keeps it there, and enters its translation; it is
 *             the only verb of the kernel that answers on the pmap floor.
 * INVARIANTS  I5  a wired entry has an object and no needs_copy (but VM_PROT_COPY until 10.13, T4)
 *             I6  its pages are resident and wired (but copies made because of that)
 *             I7  their translations are valid and wired (until a protect or a disconnect)
 *             I8  with WRITE when the entry is writable (but see wiring_keeps_write)
 *             I10 page.wire_count = wired entries that map it + I/O wires + wires lost by T4
 * UNITS       start, end: bytes, page aligned, half open
 * OWNERSHIP   an entry's wire counts belong to whoever wired; unwire the same range
 * ERRORS      vm_map_wire: 1 hole or no entry, 2 rights, 5 aborted or too many user wires,
 *             6 user limit, page-in errors; everything this call wired is unwired again, entries that
 *             were cut stay cut (T29). VMM_MODEL_WOULD_BLOCK likewise, and may be tried again.
 *             VMM_MODEL_PANIC: a kernel wire count beyond 65535
 *             vm_map_unwire: 1 user unwire of an unmapped start; VMM_MODEL_PANIC for the kernel's
 * EVENTS      MAP_WIRE MAP_UNWIRE PAGE_WIRE PAGE_UNWIRE PMAP_ENTER PMAP_WIRING FAULT
 * XNU         vm_map_wire_nested, vm_map_unwire_nested; vm.md 3.1 - 3.3
 */
#ifndef VM_VM_MAP_WIRE_H
#define VM_VM_MAP_WIRE_H

#include "vm/vm_map.h"

enum { VM_MAX_WIRE_COUNT = 65535 }; /* vm.md 0.2 */

/* Wires [start, end), clamped to the map; `access` must be allowed by every entry. */
enum vmm_status vm_map_wire(struct vm_map *map, vmm_va start, vmm_va end, vmm_prot access,
                            bool user_wire) VMM_MUST_USE;

/*
 * Wires one page and says which it is, without copying anything for it: 4 for what waits to be
 * copied, has no object, or (13 on) is symmetric, and for a submap. 2 also when it is wired already
 * and the rights are missing; 5 when the page is not in the top object. vm.md 3.2, 3.5; 10.10 on, before
 * that VMM_NOT_SUPPORTED. Outside the map nothing is wired, which is success: *page is VMM_NO_PAGE (XNU: 0).
 */
enum vmm_status vm_map_wire_and_extract(struct vm_map *map, vmm_va address, vmm_prot access,
                                        bool user_wire, vmm_ppn *page) VMM_MUST_USE;

/* Undoes one wiring of [start, end); translations stay. */
enum vmm_status vm_map_unwire(struct vm_map *map, vmm_va start, vmm_va end,
                              bool user_wire) VMM_MUST_USE;

#endif

/*
 * vm_fault_internal.h - the parts of a fault that wiring and I/O lists share
 *
 * PURPOSE     Finding or making the page a fault is about, and entering its translation.
 * INVARIANTS  I14 a translation names the page that the chain shows
 *             I15 WRITE only when the entry allows it, nothing is to be copied and nothing pushed
 * UNITS       offset: bytes into the object, page aligned
 * OWNERSHIP   none
 * ERRORS      those of vm_fault.h, but VMM_MODEL_NO_FRAME where no page is free: vm_fault_result()
 *             makes the hang of it
 * EVENTS      those of vm_fault.h
 * XNU         osfmk/vm/vm_fault.c vm_fault_page, vm_fault_enter; vm.md 4.4, 4.5
 */
#ifndef VM_VM_FAULT_INTERNAL_H
#define VM_VM_FAULT_INTERNAL_H

#include "vm/vm_fault.h"
#include "vm/vm_internal.h"

/*
 * The page for (object, offset), made if nobody has it. With `for_write` it ends up in this very
 * object (copied up if need be), the old contents are pushed to the object's copy first, and every
 * other view of a copied or pushed page loses its translation. XNU: vm_fault_page(), vm.md 4.4.
 */
enum vmm_status vm_fault_page(struct vm_object *object, vmm_off offset, bool for_write,
                              struct vm_page **page, enum vm_fault_kind *kind) VMM_MUST_USE;

/* How a translation is to be entered. */
struct vm_fault_enter {
    struct pmap *pmap;
    vmm_va va;
    vmm_va delta;       /* `va` less the address in the map of the entry: not 0 behind a submap */
    uint32_t part;      /* of the page; XNU: fault_phys_offset */
    vmm_prot prot;      /* what the entry, and nothing still to copy, allow */
    vmm_prot access;    /* what the access asked for */
    bool is_wired;      /* the entry is wired */
    bool change_wiring; /* this is the wiring itself: the page is wired too */
    enum vm_fault_kind kind;
};

/* The rights that vm.md 4.5 and 3.4 leave of how->prot; `wpmapped`: the page was mapped to write. */
vmm_prot vm_fault_rights(const struct vm_profile *profile, const struct vm_fault_enter *how,
                         bool wpmapped);

/*
 * A fault on an entry of a device: maps the page, or the whole entry if the device is one block
 * (vm.md 4.4 step 8). VMM_MEMORY_ERROR: nothing is there.
 */
enum vmm_status vm_fault_device(struct vm_map *map, const struct vm_map_entry *entry,
                                const struct vm_fault_enter *how) VMM_MUST_USE;

/*
 * A fault on an entry of a superpage: maps all of it, by one leaf above the last level where the entry is
 * whole, and page by page where it was cut.
 */
enum vmm_status vm_fault_superpage(struct vm_map *map, const struct vm_map_entry *entry,
                                   const struct vm_fault_enter *how) VMM_MUST_USE;

/*
 * vm_fault() for the wiring path: no check of the context, and the page becomes wired. The
 * translation goes to `pmap` at `pmap_va`.
 */
enum vmm_status vm_fault_wire_slow(struct vm_map *map, vmm_va va, struct pmap *pmap,
                                   vmm_va pmap_va) VMM_MUST_USE;

/* One more fault for everybody who counts. */
void vm_fault_count(struct vm_map *map);

/* Turns "no free page" into the wait that nothing ends. */
enum vmm_status vm_fault_result(struct vm_map *map, vmm_va va, enum vmm_status status);

/* Makes sure the entry has an object of its own: needs_copy resolved, a missing object made. */
enum vmm_status vm_fault_materialise(struct vm_map_entry *entry,
                                     struct vm_system *system) VMM_MUST_USE;

#endif

/*
 * vm_fault.h - deciding what an absent translation means
 *
 * PURPOSE     vm_fault() alone chooses between zero fill, copy, push and "resident", and then has
 *             pmap make the translation. It refuses where XNU refuses.
 * INVARIANTS  I14, I15 of vm_fault_internal.h; I21 of vm_page.h
 * UNITS       va: bytes, any byte of the page
 * OWNERSHIP   none
 * ERRORS      VMM_INVALID_ADDRESS: no entry; VMM_PROTECTION_FAILURE: the entry forbids it; VMM_FAILURE:
 *             faults are not allowed here; VMM_MEMORY_ERROR: the page is lost, emptied or a guard;
 *             VMM_ABORTED: interrupted while it waited; else the pager's own. VMM_MODEL_HANG: nothing
 *             ends a wait for a free page or for redirected memory; VMM_MODEL_WOULD_BLOCK (vm_sched.h)
 * EVENTS      FAULT PAGE_ZERO_FILL PAGE_COPY PAGE_ASK PAGE_IN OBJECT_CREATE OBJECT_SHADOW PMAP_ENTER
 *             HANG
 * XNU         osfmk/vm/vm_fault.c vm_fault_internal, vm_fault_page, vm_fault_enter; vm.md 4
 */
#ifndef VM_VM_FAULT_H
#define VM_VM_FAULT_H

#include "vm/vm_map.h"

/*
 * kdebug's codes (vm.md 0.2); 0: nothing was decided. PAGEIN is told as PAGEINV or PAGEIND, nothing is
 * swapped behind the store, and COR needs code signing: these three never come.
 */
enum vm_fault_kind {
    VM_FAULT_NONE = 0,
    VM_FAULT_ZERO_FILL = 1,
    VM_FAULT_PAGEIN = 2,
    VM_FAULT_COW = 3,
    VM_FAULT_CACHE_HIT = 4,
    VM_FAULT_NZF = 5,     /* a fresh page of a map without zero filling */
    VM_FAULT_GUARD = 6,   /* a guard page: refused, or wired without a translation */
    VM_FAULT_PAGEINV = 7, /* from a file: asked for, or the first touch of what was read ahead */
    VM_FAULT_PAGEIND = 8, /* the same of anonymous memory */
    VM_FAULT_COMPRESSOR = 9,
    VM_FAULT_COMPRESSOR_SWAPIN = 10,
    VM_FAULT_COR = 11,
    VM_FAULT_KINDS
};

/* "ZERO_FILL", "COW", "CACHE_HIT". */
const char *vm_fault_kind_name(enum vm_fault_kind kind);

/*
 * Services one fault of `access` (VMM_PROT_* bits) at `va`. Refused with VMM_FAILURE, no counter
 * touched, when preemption is off on the current CPU or the thread has faults disabled (vm.md 4.1).
 */
enum vmm_status vm_fault(struct vm_map *map, vmm_va va, vmm_prot access) VMM_MUST_USE;

#endif

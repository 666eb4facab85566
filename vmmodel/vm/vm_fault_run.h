/*
 * vm_fault_run.h - wiring many pages at once
 *
 * PURPOSE     A range that nobody watches page by page is wired and unwired run by run: as many pages
 *             as one leaf of the object, one page table and one chunk have in common. State, counts
 *             and numbers of events are those of the way page by page (test_vm_fault_run.c); what
 *             needs more than a run can do takes that way.
 * INVARIANTS  as vm_fault_wire.h
 * UNITS       va: bytes, page aligned; results: pages
 * OWNERSHIP   none
 * ERRORS      none: what could fail is left to the way page by page
 * EVENTS      counted, for nobody sees them
 * XNU         none: vm_fault_wire() goes page by page
 */
#ifndef VM_VM_FAULT_RUN_H
#define VM_VM_FAULT_RUN_H

#include "vm/vm_internal.h"

/* The pages of an entry, and where their translations go. */
struct vm_fault_wire {
    struct vm_map *map;
    struct vm_map_entry *entry;
    struct pmap *pmap;
    vmm_va delta; /* the translation of `va` is at va + delta */
};

/* How many pages from `va` on were wired, each once more; 0: the next one cannot be done here. */
uint32_t vm_fault_wire_run(const struct vm_fault_wire *wire, vmm_va va);

/* The same for unwiring the pages of [va, end). */
uint32_t vm_fault_unwire_run(const struct vm_fault_wire *wire, vmm_va va, vmm_va end);

#endif

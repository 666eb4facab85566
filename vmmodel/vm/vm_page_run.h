/*
 * vm_page_run.h - many pages of an object at once
 *
 * PURPOSE     What vm_page.h does to one page, done to those that stand next to each other in an object.
 *             Mostly their frames follow each other too, and then each step is a loop over narrow
 *             arrays that takes several pages at once.
 * INVARIANTS  as vm_page.h; nobody watches, and the object has no pager
 * UNITS       index: pages into the object
 * OWNERSHIP   as vm_page.h
 * ERRORS      false: no memory
 * EVENTS      counted, for nobody sees them
 * XNU         none: vm_fault_wire() goes page by page
 */
#ifndef VM_VM_PAGE_RUN_H
#define VM_VM_PAGE_RUN_H

#include "vm/vm_internal.h"

/*
 * Puts frames that were just taken, all zero, into places of one leaf that hold nothing: pages wired
 * once, that are about to be entered. False: no memory, and they were given back.
 */
bool vm_page_insert_wired_run(struct vm_object *object, uint64_t index, const vmm_ppn *ppns,
                              uint32_t count, bool is_writable) VMM_MUST_USE;

/* How many, from the first on, are pages that can be entered as they are. */
uint32_t vm_page_run_at_hand(const struct vm_system *system, const vmm_ppn *ppns, uint32_t count);

/* vm_page_wire() of several pages of an object that were just entered, and vm_page_unwire(). */
void vm_page_wire_run(struct vm_object *object, const vmm_ppn *ppns, uint32_t count,
                      bool is_writable);
void vm_page_unwire_run(struct vm_object *object, const vmm_ppn *ppns, uint32_t count);

#endif

/*
 * vm_page.h - one page of an object's contents
 *
 * PURPOSE     Pages are taken from physical memory into an object, wired, and given back.
 * INVARIANTS  I10 object.wired_page_count = pages with wire_count > 0
 *             I17 a free page has no mapping and no wire count
 * UNITS       offset: bytes into the object, page aligned
 * OWNERSHIP   an object owns its pages until vm_page_free()
 * ERRORS      VMM_MODEL_NO_FRAME: no page of memory is free; VMM_MODEL_NO_MEMORY
 * EVENTS      PAGE_WIRE PAGE_UNWIRE PAGE_FREE
 * XNU         osfmk/vm/vm_resident.c vm_page_grab, vm_page_insert, vm_page_wire, vm_page_unwire
 *             Differs: no queues but "wired" and "not wired", no pageout yet
 */
#ifndef VM_VM_PAGE_H
#define VM_VM_PAGE_H

#include "vm/vm_internal.h"

/* The resident page at `offset` of this very object, or NULL. */
struct vm_page *vm_page_lookup(const struct vm_object *object, vmm_off offset);

/* Takes a free page into `object` at `offset`, contents zeroed. */
enum vmm_status vm_page_alloc(struct vm_object *object, vmm_off offset,
                              struct vm_page **page) VMM_MUST_USE;

/* Takes a free page into `object` and copies `source`'s bytes into it. Announces PAGE_COPY. */
enum vmm_status vm_page_alloc_copy(struct vm_object *object, vmm_off offset,
                                   const struct vm_page *source,
                                   struct vm_page **page) VMM_MUST_USE;

/* Drops every translation of the page and gives it back. */
void vm_page_free(struct vm_page *page);

/* One more and one less reason to keep the page in memory. */
void vm_page_wire(struct vm_page *page);
void vm_page_unwire(struct vm_page *page);

vmm_ppn vm_page_ppn(const struct vm_page *page);

#endif

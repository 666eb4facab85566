/*
 * vm_store.h - where dirty pages go that memory has no room for
 *
 * PURPOSE     Plays the default pager and the compressor: keeps a page's bytes while no frame does.
 *             It can be told to fail, and each page that comes back is an event, so that its price
 *             can be set. The system has one; a pager (vm_pager.h) keeps a file's bytes in another.
 * INVARIANTS  G3  used = slots that some object names; used <= limit
 * UNITS       limit, used: pages. slot: a number from 1 on; 0 is none.
 * OWNERSHIP   the system owns its store, a pager its own; a slot belongs to the object that names it
 * ERRORS      VMM_MEMORY_ERROR when it fails, VMM_RESOURCE_SHORTAGE when it is full
 * EVENTS      none; its callers announce PAGE_OUT and PAGE_IN
 * XNU         osfmk/vm/vm_compressor_pager.c, vm_pageout.c; vm.md 4.3, 4.4
 *             Differs: nothing is compressed; one store for all anonymous memory
 */
#ifndef VM_VM_STORE_H
#define VM_VM_STORE_H

#include "vm/vm_internal.h"

/* Copies a frame's bytes into a fresh slot. */
enum vmm_status vm_store_put(struct vm_system *system, struct vm_store *store, vmm_ppn ppn,
                             uint32_t *slot) VMM_MUST_USE;

/* Changes bytes of a slot; 0: of a fresh one of zeroes, whose number comes back, failure or not. */
enum vmm_status vm_store_write(struct vm_system *system, struct vm_store *store, uint32_t *slot,
                               uint32_t offset, const void *from, uint32_t length) VMM_MUST_USE;

/* Copies a slot's bytes into a frame; the slot stays. */
enum vmm_status vm_store_get(struct vm_system *system, const struct vm_store *store, uint32_t slot,
                             vmm_ppn ppn) VMM_MUST_USE;

/* A slot's bytes, a page of them; NULL: all are zero. */
const uint8_t *vm_store_bytes(const struct vm_system *system, const struct vm_store *store,
                              uint32_t slot);

/* Gives a slot back. */
void vm_store_drop(struct vm_system *system, struct vm_store *store, uint32_t slot);

void vm_store_destroy(struct vm_system *system, struct vm_store *store);

#endif

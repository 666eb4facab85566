/*
 * vm_pager.h - a file's bytes behind an object, and asking for them
 *
 * PURPOSE     Plays the vnode pager. An object with a pager has a page wherever the file has one; what
 *             is not in memory is asked for, with its neighbours (a cluster), and that takes time.
 *
 *                 nobody asked          asked: busy                 here
 *                 +-----------+ request +-----------------+ data  +---------+   the neighbours come as
 *                 | no page   |-------->| placeholder     |------>| a page  |   speculative pages that
 *                 +-----------+         +-----------------+       +---------+   nobody has touched
 *                       ^                        | error
 *                       +------------------------+ the pager's code
 *
 *             vm_memory_entry_file() (vm_memory_entry.h) makes the handle to map.
 * INVARIANTS  F1  an object with a pager has no shadow, and nothing of it is in the system's store
 *             I21 a placeholder is busy: on no queue, in no pmap, not wired
 * UNITS       offset, length: bytes
 * OWNERSHIP   the object owns its pager
 * ERRORS      what vm_pager_fail() set, else VMM_MODEL_NO_MEMORY, VMM_MODEL_NO_FRAME
 * EVENTS      PAGE_IN PAGE_OUT
 * XNU         bsd/vm/vnode_pager.c, osfmk/vm/memory_object.c memory_object_data_request;
 *             vm.md 4.4 step 2, 4.6. Differs: a file has no name and one mapping object for ever;
 *             cluster sizes are ours
 */
#ifndef VM_VM_PAGER_H
#define VM_VM_PAGER_H

#include "base/status.h"
#include "base/types.h"

struct vm_system;
struct vm_object;
struct vm_page;

/* An object over a fresh file of `size` bytes, page aligned, all zero. */
enum vmm_status vm_object_create_file(struct vm_system *system, vmm_size size,
                                      struct vm_object **object) VMM_MUST_USE;

/* Ends the object's pager, if it has one. For vm_object_terminate(). */
void vm_pager_free(struct vm_object *object);

/* Changes the file behind the object, or looks at it; pages in memory are not touched. */
enum vmm_status vm_pager_write(struct vm_object *object, vmm_off offset, const void *from,
                               vmm_size length) VMM_MUST_USE;
void vm_pager_read(const struct vm_object *object, vmm_off offset, void *to, vmm_size length);

/* Every request for a page of [start, end) ends with `status` from now on; VMM_OK: none does. */
void vm_pager_fail(struct vm_object *object, vmm_off start, vmm_off end, enum vmm_status status);

/* How a request came about. */
struct vm_pager_ask {
    vmm_off offset;    /* the page wanted */
    uint32_t behavior; /* VM_BEHAVIOR_*: which neighbours come along */
    bool may_yield;    /* others may run while the pager works: no lock is held */
};

/*
 * Brings a page that is not in memory, and its cluster. Others may have run when this returns: look
 * everything up again then.
 */
enum vmm_status vm_pager_request(struct vm_object *object,
                                 const struct vm_pager_ask *ask) VMM_MUST_USE;

/* Fills a placeholder that somebody left while the pager works: for who must not wait. */
enum vmm_status vm_pager_finish(struct vm_page *page) VMM_MUST_USE;

/* Writes a page back to the file. */
enum vmm_status vm_pager_put(const struct vm_page *page) VMM_MUST_USE;

#endif

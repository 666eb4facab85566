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
 *                       ^                        | no data
 *                       +----- page in error ----+
 *                         the pager's own code for who asked, 10 for who meets it later
 *
 *             Who asked, or meets a page in error, frees it; so only neighbours and what was asked for
 *             ahead of time stand in error for long (vm.md 4.4 step 2).
 *             vm_memory_entry_file() (vm_memory_entry.h) makes the handle to map.
 * INVARIANTS  F1  an object with a pager has no shadow, and nothing of it is in the system's store
 *             F2  a page in error is in no pmap and not wired
 *             I21 a placeholder is busy: on no queue, in no pmap, not wired
 * UNITS       offset, length: bytes; turns: how often others may run while the pager works
 * OWNERSHIP   the object owns its pager
 * ERRORS      what vm_pager_fail() set, else VMM_MODEL_NO_MEMORY, VMM_MODEL_NO_FRAME
 * EVENTS      PAGE_ASK PAGE_IN PAGE_CLEAN
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

/* Folds what requests will be answered, and how fast, into a digest (vm_digest.h). */
uint64_t vm_pager_digest(const struct vm_object *object, uint64_t digest);

/* Every request for a page of [start, end) ends with `status` from now on; VMM_OK: none does. */
void vm_pager_fail(struct vm_object *object, vmm_off start, vmm_off end, enum vmm_status status);

/* How long each request takes from now on; 1 for a fresh file. Who may not wait does not. */
void vm_pager_set_latency(struct vm_object *object, uint32_t turns);

/* How a request came about. */
struct vm_pager_ask {
    vmm_off offset;    /* the page wanted */
    uint32_t behavior; /* VM_BEHAVIOR_*: which neighbours come along */
    bool may_yield;    /* others may run while the pager works: no lock is held */
    bool is_ahead;     /* nobody waits for it: a page that cannot be had stays there, in error */
};

/*
 * Brings a page that is not in memory, and its cluster. Others may have run when this returns: look
 * everything up again then.
 */
enum vmm_status vm_pager_request(struct vm_object *object,
                                 const struct vm_pager_ask *ask) VMM_MUST_USE;

/*
 * For who must not wait: fills a placeholder that somebody left while the pager works. A page in error
 * is freed. VMM_OK: the page is good; VMM_MEMORY_ERROR, or the pager's own code: it is gone.
 */
enum vmm_status vm_pager_finish(struct vm_page *page) VMM_MUST_USE;

/* Writes a page back to the file. */
enum vmm_status vm_pager_put(const struct vm_page *page) VMM_MUST_USE;

/*
 * Writes back what was stored into a page since it came or was last written; the page stays. It is in
 * laundry while the pager works: others use it as before, and who stores to it makes it dirty again.
 * With `may_yield` others may have run when this returns. The caller holds the object.
 * XNU: vm_object_sync(), vm_pageout_steal_laundry().
 */
enum vmm_status vm_pager_clean(struct vm_page *page, bool may_yield) VMM_MUST_USE;

#endif

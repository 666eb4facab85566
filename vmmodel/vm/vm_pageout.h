/*
 * vm_pageout.h - pages leave memory, and come back
 *
 * PURPOSE     When no frame is free, something goes: volatile objects are emptied first, then the
 *             oldest pages that nobody holds or uses, to the store or the file if they are dirty.
 *
 *                 arrival, a touch               half of the pages      nobody used it
 *                ------------------> active ----------------------> inactive ----------> gone
 *                                       ^                              |
 *                                       +------------------------------+
 *                                         used meanwhile: a reactivation
 * INVARIANTS  G2  a page that is wired or busy stays, and so does every page of a superpage
 * UNITS       offset: bytes into the object, page aligned
 * OWNERSHIP   none
 * ERRORS      VMM_MODEL_NO_FRAME: nothing can go; VMM_MEMORY_ERROR, or the pager's own code: a page
 *             cannot come back
 * EVENTS      PAGE_OUT PAGE_IN PAGE_FREE
 * XNU         osfmk/vm/vm_pageout.c vm_pageout_scan; vm_purgeable.c; vm.md 4.3, 4.8
 *             Differs: no daemon: who needs a frame reclaims one, at once, and ages pages only then
 */
#ifndef VM_VM_PAGEOUT_H
#define VM_VM_PAGEOUT_H

#include "vm/vm_internal.h"

/* Where the page that the chain shows was. */
enum vm_page_origin {
    VM_PAGE_WAS_HERE, /* or nowhere: nobody touched it yet */
    VM_PAGE_WAS_STORED,
    VM_PAGE_WAS_FILED,
};

/*
 * Brings back the page that the chain under (object, offset) shows, if it is not in memory. The
 * caller cannot wait: a request of somebody else is answered in its place. XNU: vm.md 4.4.
 */
enum vmm_status vm_page_in(struct vm_object *object, vmm_off offset,
                           enum vm_page_origin *origin) VMM_MUST_USE;

/* The same ahead of time: nobody has touched the page yet, and its first touch is a pagein. */
enum vmm_status vm_page_read_ahead(struct vm_object *object, vmm_off offset) VMM_MUST_USE;

/*
 * Whether a page can leave memory while nobody holds it. Without a store only what a file has can:
 * anonymous memory stays as it is. Of a superpage nothing goes.
 */
bool vm_page_may_go(const struct vm_page *page);

/*
 * Takes a page that is not wired out of memory: to the store or the file if it is dirty, else it is
 * dropped. The page is gone on success.
 */
enum vmm_status vm_page_out(struct vm_page *page) VMM_MUST_USE;

/* Whether a page has bytes that nothing else keeps. */
bool vm_page_is_dirty(const struct vm_page *page);

/* From now on it is clean; translations lose WRITE, so that the next store is seen. */
void vm_page_forget_stores(struct vm_page *page, struct pmap_flush_context *later);

/* Reclaims at least one frame. */
enum vmm_status vm_page_reclaim(struct vm_system *system) VMM_MUST_USE;

/*
 * To the inactive queue, and counted as unused from now on. With `kill` the contents may be dropped.
 * Flushes are put off to `later`.
 */
void vm_page_deactivate(struct vm_page *page, bool kill, struct pmap_flush_context *later);

#endif

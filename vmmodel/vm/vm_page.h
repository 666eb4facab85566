/*
 * vm_page.h - one page of an object's contents
 *
 * PURPOSE     Pages are taken from physical memory into an object, wired, and given back.
 * INVARIANTS  I10 object.wired_page_count = pages with wire_count > 0
 *             I17 a free page has no mapping and no wire count
 *             I21 a busy page is on no queue, in no pmap and not wired
 *             Q1  each page of a queue is on it, behind the one before
 * UNITS       offset: bytes into the object, page aligned
 * OWNERSHIP   an object owns its pages until vm_page_free()
 * ERRORS      VMM_MODEL_NO_FRAME: no page of memory is free; VMM_MODEL_NO_MEMORY
 * EVENTS      PAGE_WIRE PAGE_UNWIRE PAGE_COPY PAGE_FREE PMAP_ENTER
 * XNU         osfmk/vm/vm_resident.c vm_page_grab, vm_page_insert, vm_page_wire, vm_page_unwire
 *             Differs: queues in order of arrival; busy only while a pager works, for nothing else
 *             takes time here
 */
#ifndef VM_VM_PAGE_H
#define VM_VM_PAGE_H

#include "vm/vm_internal.h"

static inline uint64_t
vm_page_index(const struct vm_object *object, vmm_off offset)
{
    return offset >> object->system->page_shift;
}

/* The resident page at `offset` of this very object, or NULL. */
static inline struct vm_page *
vm_page_lookup(const struct vm_object *object, vmm_off offset)
{
    vmm_ppn ppn = vmm_radix_get(&object->pages, vm_page_index(object, offset));

    return ppn == VMM_NO_PAGE ? NULL : vm_page_at(object->system, ppn);
}

/* The slot of the store that has the page of this very object, or 0. */
static inline uint32_t
vm_page_slot(const struct vm_object *object, vmm_off offset)
{
    return object->paged_out.count == 0
               ? 0
               : vmm_radix_get(&object->paged_out, vm_page_index(object, offset));
}

/*
 * Takes a free page into `object` at `offset`, contents zeroed; reclaims one if none is free and the
 * store has room. The object has no page there, and no slot.
 */
enum vmm_status vm_page_alloc(struct vm_object *object, vmm_off offset,
                              struct vm_page **page) VMM_MUST_USE;

/* The same with a frame that was just taken from the machine; without success it goes back. */
enum vmm_status vm_page_insert(struct vm_object *object, vmm_off offset, vmm_ppn ppn,
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

/* pmap_enter() that lacks a table, again and again while a reclaimed page may give it. */
enum vmm_status vm_page_enter_reclaiming(struct vm_page *page, struct pmap *pmap, vmm_va va,
                                         vmm_prot prot, uint32_t flags) VMM_MUST_USE;

/*
 * pmap_enter() of this page, which counts as mapped from then on; other pages are reclaimed when a
 * table needs a frame and none is free. Without any right there is no translation to make, and
 * nothing happens. XNU: pmap_expand() waits for a page.
 */
VMM_MUST_USE static inline enum vmm_status
vm_page_enter(struct vm_page *page, struct pmap *pmap, vmm_va va, vmm_prot prot, uint32_t flags)
{
    enum vmm_status status;

    if (prot == VMM_PROT_NONE)
        return VMM_OK;
    if (page->is_absent) { /* as missing: whoever sees it sees zeroes (vm.md 4.4) */
        hw_frame_zero(&vm_page_system(page)->machine->frames, vm_page_ppn(page));
        page->is_absent = false;
    }
    status = pmap_enter(pmap, va, vm_page_ppn(page), prot, flags);
    if (status == VMM_MODEL_NO_FRAME)
        status = vm_page_enter_reclaiming(page, pmap, va, prot, flags);
    if (status != VMM_OK)
        return status;
    page->pmapped = true;
    if (prot & VMM_PROT_WRITE)
        page->wpmapped = true;
    return VMM_OK;
}

/* Makes two pages neighbours on a queue, or one of them the first or the last. */
static inline void
vm_page_link(struct vm_system *system, struct vm_page_list *list, vmm_ppn before, vmm_ppn after)
{
    struct vm_page *next;

    if (before == VMM_NO_PAGE)
        list->first = after;
    if (after == VMM_NO_PAGE) {
        list->last = before;
        return;
    }
    next = vm_page_at(system, after);
    next->follows = before != VMM_NO_PAGE && before + 1 == after && vm_page_nth(next) > 0;
    if (before == VMM_NO_PAGE || next->follows)
        return;
    vm_page_chunk(vm_page_at(system, before))->queue_next[before % VM_PAGE_CHUNK] = after;
    vm_page_chunk(next)->queue_prev[vm_page_nth(next)] = before;
}

/* To the end of a queue; the page is neither wired nor busy. */
void vm_page_enqueue(struct vm_page *page, enum vm_page_queue queue);

/* To the active queue, unless it is held somewhere else: it is in use. */
static inline void
vm_page_activate(struct vm_page *page)
{
    page->reference = true;
    if (page->laundry) { /* vm_pageout_steal_laundry(): its bytes are still to be kept */
        page->is_dirty = true;
        page->laundry = false;
    }
    if (page->queue != VM_PAGE_ACTIVE && vm_page_wire_count(page) == 0 && !page->busy)
        vm_page_enqueue(page, VM_PAGE_ACTIVE);
}

/* To the queue that goes first. */
void vm_page_speculate(struct vm_page *page);

/* Whether it was written, or may have been through a translation. */
static inline bool
vm_page_may_be_dirty(const struct vm_page *page)
{
    return page->is_dirty || page->wpmapped;
}

/* Whether somebody used the page since it was last deactivated. XNU: vmp_reference, pmap_is_referenced(). */
bool vm_page_is_referenced(const struct vm_page *page);

/*
 * Takes a page that is about to be written back off its queue: what was stored so far is in hand, and
 * the next store will be seen. Its end: back to `queue`, unless somebody used or wired it meanwhile.
 */
void vm_page_launder(struct vm_page *page);
void vm_page_end_laundry(struct vm_page *page, enum vm_page_queue queue);

/* Makes a page busy: off its queue, and nobody else's business. vm_pager_finish() ends it. */
void vm_page_hold(struct vm_page *page);

/* Moves a page to another object at another offset; its translations stay. False: no memory. */
bool vm_page_rename(struct vm_page *page, struct vm_object *object, vmm_off offset) VMM_MUST_USE;

/* How many wires of a kind that nearly no page has; one more (false: no memory), and one less. */
static inline uint32_t
vm_page_odd_wires(const struct vm_page *page, enum vm_odd_wires kind)
{
    const struct vmm_radix *counts = &vm_page_system(page)->odd_wires[kind];

    return counts->count == 0 ? 0 : vmm_radix_get(counts, vm_page_ppn(page));
}
bool vm_page_add_odd_wire(struct vm_page *page, enum vm_odd_wires kind) VMM_MUST_USE;
void vm_page_drop_odd_wire(struct vm_page *page, enum vm_odd_wires kind);

#endif

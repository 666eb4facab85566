/* vm_pageout.c - see vm_pageout.h */
#include "vm/vm_pageout.h"

#include "vm/vm_object.h"
#include "vm/vm_page.h"
#include "vm/vm_pager.h"
#include "vm/vm_purgeable.h"
#include "vm/vm_store.h"

/* ---- out ---- */

/*
 * A page has something to lose when it was written, or may have been through a translation. So has a
 * page of zeroes over a shadow: it hides what the shadow has got since.
 */
static bool
vm_page_is_dirty(const struct vm_page *page)
{
    return page->is_dirty || page->wpmapped || vm_page_object(page)->shadow != NULL;
}

void
vm_page_deactivate(struct vm_page *page, bool kill)
{
    struct vm_system *system = vm_page_system(page);

    if (vm_page_wire_count(page) > 0 || page->busy)
        return;
    if (kill) {
        /* The next store must be seen, or the page would be dropped with it: WRITE goes. */
        if (page->pmapped)
            pmap_page_protect(system->pmaps, vm_page_ppn(page), VMM_PROT_READ | VMM_PROT_EXECUTE);
        page->is_dirty = page->wpmapped = false;
    }
    vm_page_enqueue(page, VM_PAGE_INACTIVE);
}

/* Keeps a dirty page's bytes where vm_page_in() will look for them. */
static enum vmm_status
vm_page_keep(struct vm_page *page)
{
    struct vm_object *object = vm_page_object(page);
    struct vm_system *system = object->system;
    enum vmm_status status;
    uint32_t slot = 0;

    if (object->pager != NULL) {
        status = vm_pager_put(page);
        system->counts.pageouts += status == VMM_OK;
        return status;
    }
    status = vm_store_put(system, &system->store, vm_page_ppn(page), &slot);
    if (status != VMM_OK)
        return status;
    if (!vmm_radix_set(&object->paged_out, vm_page_offset(page) >> system->page_shift, slot)) {
        vm_store_drop(system, &system->store, slot);
        return VMM_MODEL_NO_MEMORY;
    }
    system->counts.compressions++;
    return VMM_OK;
}

enum vmm_status
vm_page_out(struct vm_page *page)
{
    struct vm_object *object = vm_page_object(page);
    struct vm_system *system = object->system;
    bool is_dirty = vm_page_is_dirty(page);
    enum vmm_status status = is_dirty ? vm_page_keep(page) : VMM_OK;
    vmm_ppn ppn = vm_page_ppn(page);
    vmm_off offset = vm_page_offset(page);

    VMM_ASSERT(vm_page_wire_count(page) == 0 && !page->busy);
    if (status != VMM_OK)
        return status;
    vm_page_free(page);
    trace_emit(&system->trace, EV_PAGE_OUT, .object = object->id, .va = offset, .ppn = ppn,
               .detail = is_dirty);
    return VMM_OK;
}

/* Without a store only what a file has can go: anonymous memory stays as it is. */
static bool
vm_page_may_go(const struct vm_system *system, const struct vm_page *page)
{
    return system->store.limit > 0 || vm_page_object(page)->pager != NULL;
}

/* Reclaims the oldest page of a queue that can go. */
static enum vmm_status
vm_page_reclaim_from(struct vm_system *system, enum vm_page_queue queue)
{
    vmm_ppn ppn = system->queues[queue].first;

    for (; ppn != VMM_NO_PAGE; ppn = vm_page_at(system, ppn)->queue_next) {
        enum vmm_status status;

        if (!vm_page_may_go(system, vm_page_at(system, ppn)))
            continue;
        status = vm_page_out(vm_page_at(system, ppn));
        if (status == VMM_OK || status == VMM_MODEL_NO_MEMORY)
            return status;
    }
    return VMM_MODEL_NO_FRAME;
}

enum vmm_status
vm_page_reclaim(struct vm_system *system)
{
    static const enum vm_page_queue order[] = { VM_PAGE_SPECULATIVE, VM_PAGE_INACTIVE,
                                                VM_PAGE_ACTIVE };
    enum vmm_status status = VMM_MODEL_NO_FRAME;

    if (vm_purge_oldest(system))
        return VMM_OK;
    for (size_t i = 0; i < VMM_COUNT_OF(order) && status == VMM_MODEL_NO_FRAME; i++)
        status = vm_page_reclaim_from(system, order[i]);
    return status;
}

uint64_t
vm_system_reclaim(struct vm_system *system, uint64_t pages)
{
    vmm_ppn before = system->machine->frames.free_count;
    uint64_t gone = 0;

    while (gone < pages && vm_page_reclaim(system) == VMM_OK)
        gone = system->machine->frames.free_count - before;
    return gone;
}

/* ---- in ---- */

/* From the store; the slot is given back. */
static enum vmm_status
vm_page_unstore(struct vm_object *object, vmm_off offset, uint32_t slot)
{
    struct vm_system *system = object->system;
    struct vm_page *page;
    enum vmm_status status = vm_page_alloc(object, offset, &page);

    if (status != VMM_OK)
        return status;
    status = vm_store_get(system, &system->store, slot, vm_page_ppn(page));
    trace_emit(&system->trace, EV_PAGE_IN, .object = object->id, .va = offset,
               .ppn = vm_page_ppn(page), .length = system->page_bytes, .status = status);
    if (status != VMM_OK) {
        vm_page_free(page);
        return status;
    }
    vmm_radix_clear(&object->paged_out, offset >> system->page_shift);
    vm_store_drop(system, &system->store, slot);
    page->is_dirty = true; /* its only copy is this one again */
    system->counts.decompressions++;
    return VMM_OK;
}

enum vmm_status
vm_page_in(struct vm_object *object, vmm_off offset, enum vm_page_origin *origin)
{
    *origin = VM_PAGE_WAS_HERE;
    for (; object != NULL; object = object->shadow) {
        struct vm_page *page = vm_page_lookup(object, offset);
        uint32_t slot = vm_page_slot(object, offset);

        if (page != NULL)
            return vm_pager_finish(page);
        if (slot != 0) {
            *origin = VM_PAGE_WAS_STORED;
            return vm_page_unstore(object, offset, slot);
        }
        if (object->pager != NULL) {
            *origin = VM_PAGE_WAS_FILED;
            return vm_pager_request(object, &(struct vm_pager_ask){ .offset = offset });
        }
        offset += object->shadow_offset;
    }
    return VMM_OK;
}

enum vmm_status
vm_page_read_ahead(struct vm_object *object, vmm_off offset)
{
    enum vm_page_origin origin;
    enum vmm_status status = vm_page_in(object, offset, &origin);
    struct vm_page *page = vm_object_find_page(object, offset);

    if (status == VMM_OK && origin == VM_PAGE_WAS_STORED)
        page->clustered = true;
    return status;
}

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
bool
vm_page_is_dirty(const struct vm_page *page)
{
    return vm_page_may_be_dirty(page) || vm_page_object(page)->shadow != NULL;
}

void
vm_page_forget_stores(struct vm_page *page, struct pmap_flush_context *later)
{
    if (page->pmapped)
        pmap_page_protect_options(vm_page_system(page)->pmaps, vm_page_ppn(page),
                                  VMM_PROT_READ | VMM_PROT_EXECUTE, later);
    page->is_dirty = page->wpmapped = false;
}

void
vm_page_deactivate(struct vm_page *page, bool kill, struct pmap_flush_context *later)
{
    struct vm_system *system = vm_page_system(page);

    if (vm_page_wire_count(page) > 0 || page->busy || page->laundry)
        return;
    if (kill)
        vm_page_forget_stores(page, later);
    pmap_clear_refmod_options(system->pmaps, vm_page_ppn(page), PMAP_REFERENCED, later);
    page->reference = false;
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

    VMM_ASSERT(vm_page_wire_count(page) == 0 && !page->busy && !object->phys_contiguous);
    if (status != VMM_OK)
        return status;
    vm_page_free(page);
    trace_emit(&system->trace, EV_PAGE_OUT, .object = object->id, .va = offset, .ppn = ppn,
               .detail = is_dirty);
    return VMM_OK;
}

bool
vm_page_may_go(const struct vm_page *page)
{
    const struct vm_object *object = vm_page_object(page);

    return !object->phys_contiguous && (object->system->store.limit > 0 || object->pager != NULL);
}

/* Somebody used an inactive page: it goes back, and has its turn again later. */
static bool
vm_page_reactivate(struct vm_page *page)
{
    if (page->queue != VM_PAGE_INACTIVE || !vm_page_is_referenced(page))
        return false;
    vm_page_activate(page);
    vm_page_system(page)->counts.reactivations++;
    return true;
}

/* Reclaims the oldest page of a queue that can go; of the inactive ones, that nobody used. */
static enum vmm_status
vm_page_reclaim_from(struct vm_system *system, enum vm_page_queue queue)
{
    const struct vm_page_list *list = &system->queues[queue];
    vmm_ppn ppn = list->first;
    vmm_ppn next;

    for (; ppn != VMM_NO_PAGE; ppn = next) {
        struct vm_page *page = vm_page_at(system, ppn);
        enum vmm_status status;

        next = vm_page_queue_next(list, page);
        if (!vm_page_may_go(page) || vm_page_reactivate(page))
            continue;
        status = vm_page_out(page);
        if (status == VMM_OK || status == VMM_MODEL_NO_MEMORY)
            return status;
    }
    return VMM_MODEL_NO_FRAME;
}

/*
 * Half of what can age is to be inactive (VM_PAGE_INACTIVE_TARGET): the oldest active pages become so,
 * and whether they are used is watched from then on. XNU: vm_page_balance_inactive().
 */
static void
vm_page_balance(struct vm_system *system)
{
    const struct vm_page_list *active = &system->queues[VM_PAGE_ACTIVE];
    const struct vm_page_list *inactive = &system->queues[VM_PAGE_INACTIVE];
    struct pmap_flush_context later = { 0 };

    while (inactive->count < active->count)
        vm_page_deactivate(vm_page_at(system, active->first), false, &later);
    pmap_flush(system->pmaps, &later);
}

/*
 * The second look at the inactive pages finds those that were in use at the first one and nobody has
 * used since; where only active ones can go, one of them does.
 */
enum vmm_status
vm_page_reclaim(struct vm_system *system)
{
    static const enum vm_page_queue order[] = { VM_PAGE_SPECULATIVE, VM_PAGE_INACTIVE,
                                                VM_PAGE_INACTIVE, VM_PAGE_ACTIVE };
    enum vmm_status status = VMM_MODEL_NO_FRAME;

    if (vm_purge_oldest(system))
        return VMM_OK;
    for (size_t i = 0; i < VMM_COUNT_OF(order) && status == VMM_MODEL_NO_FRAME; i++) {
        if (order[i] == VM_PAGE_INACTIVE)
            vm_page_balance(system);
        status = vm_page_reclaim_from(system, order[i]);
    }
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
vm_page_unstore(const struct vm_spot *spot)
{
    struct vm_object *object = spot->object;
    struct vm_system *system = object->system;
    struct vm_page *page;
    enum vmm_status status = vm_page_alloc(object, spot->offset, &page);

    if (status != VMM_OK)
        return status;
    status = vm_system_call_fails(system, VMM_CALL_PAGER)
                 ? VMM_MEMORY_ERROR
                 : vm_store_get(system, &system->store, spot->slot, vm_page_ppn(page));
    trace_emit(&system->trace, EV_PAGE_IN, .object = object->id, .va = spot->offset,
               .ppn = vm_page_ppn(page), .length = system->page_bytes, .status = status);
    if (status != VMM_OK) {
        vm_page_free(page);
        return status;
    }
    vmm_radix_clear(&object->paged_out, spot->offset >> system->page_shift);
    vm_store_drop(system, &system->store, spot->slot);
    page->is_dirty = true; /* its only copy is this one again */
    system->counts.decompressions++;
    return VMM_OK;
}

enum vmm_status
vm_page_in(struct vm_object *object, vmm_off offset, enum vm_page_origin *origin)
{
    struct vm_spot spot;

    *origin = VM_PAGE_WAS_HERE;
    vm_object_look(object, offset, &spot);
    if (spot.page != NULL)
        return vm_pager_finish(spot.page);
    if (spot.slot != 0) {
        *origin = VM_PAGE_WAS_STORED;
        return vm_page_unstore(&spot);
    }
    if (spot.object->shadow_severed)
        return VMM_MEMORY_ERROR;
    if (spot.object->pager == NULL)
        return VMM_OK;
    *origin = VM_PAGE_WAS_FILED;
    return vm_pager_request(spot.object, &(struct vm_pager_ask){ .offset = spot.offset });
}

enum vmm_status
vm_page_read_ahead(struct vm_object *object, vmm_off offset)
{
    enum vmm_status status = VMM_OK;
    struct vm_spot spot;

    vm_object_look(object, offset, &spot);
    if (spot.page == NULL && spot.object->pager != NULL)
        return vm_pager_request(spot.object,
                                &(struct vm_pager_ask){ .offset = spot.offset, .is_ahead = true });
    if (spot.slot == 0)
        return VMM_OK;
    status = vm_page_unstore(&spot);
    if (status == VMM_OK)
        vm_page_lookup(spot.object, spot.offset)->clustered = true;
    return status;
}

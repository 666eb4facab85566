/*
 * vm_page.c - pages come, are wired, and go
 *
 * Every page of an object that is not wired stands in one of two queues, in the order in which it
 * came; reclaim takes the oldest inactive one, else the oldest active one.
 */
#include "vm/vm_page.h"

#include "vm/vm_store.h"

/* ---- queues ---- */

static void
vm_page_dequeue(struct vm_system *system, struct vm_page *page)
{
    struct vm_page_list *list = &system->queues[page->queue];

    if (page->queue == VM_PAGE_ON_NONE)
        return;
    if (page->queue_prev == VMM_NO_PAGE)
        list->first = page->queue_next;
    else
        system->pages[page->queue_prev].queue_next = page->queue_next;
    if (page->queue_next == VMM_NO_PAGE)
        list->last = page->queue_prev;
    else
        system->pages[page->queue_next].queue_prev = page->queue_prev;
    list->count--;
    page->queue = VM_PAGE_ON_NONE;
    page->queue_next = page->queue_prev = VMM_NO_PAGE;
}

/* To the end of a queue. */
static void
vm_page_enqueue(struct vm_system *system, struct vm_page *page, enum vm_page_queue queue)
{
    struct vm_page_list *list = &system->queues[queue];
    vmm_ppn ppn = (vmm_ppn)(page - system->pages);

    vm_page_dequeue(system, page);
    page->queue = (uint8_t)queue;
    page->queue_prev = list->last;
    if (list->last == VMM_NO_PAGE)
        list->first = ppn;
    else
        system->pages[list->last].queue_next = ppn;
    list->last = ppn;
    list->count++;
}

/* ---- pages ---- */

static uint64_t
vm_page_index(const struct vm_object *object, vmm_off offset)
{
    return offset >> object->system->page_shift;
}

vmm_ppn
vm_page_ppn(const struct vm_page *page)
{
    return (vmm_ppn)(page - page->object->system->pages);
}

struct vm_page *
vm_page_lookup(const struct vm_object *object, vmm_off offset)
{
    vmm_ppn ppn = vmm_radix_get(&object->pages, vm_page_index(object, offset));

    return ppn == VMM_NO_PAGE ? NULL : &object->system->pages[ppn];
}

enum vmm_status
vm_page_insert(struct vm_object *object, vmm_off offset, vmm_ppn ppn, struct vm_page **page)
{
    struct vm_system *system = object->system;

    if (!vmm_radix_set(&object->pages, vm_page_index(object, offset), ppn)) {
        hw_frame_free(&system->machine->frames, ppn);
        return VMM_MODEL_NO_MEMORY;
    }
    hw_frame_zero(&system->machine->frames, ppn);
    *page = &system->pages[ppn];
    **page = (struct vm_page){ .object = object, .offset = offset };
    vm_page_enqueue(system, *page, VM_PAGE_ACTIVE);
    return VMM_OK;
}

enum vmm_status
vm_page_alloc(struct vm_object *object, vmm_off offset, struct vm_page **page)
{
    struct vm_system *system = object->system;
    vmm_ppn ppn = hw_frame_alloc(&system->machine->frames);

    while (ppn == VMM_NO_PAGE) {
        enum vmm_status status = vm_page_reclaim(system);

        if (status != VMM_OK)
            return status;
        ppn = hw_frame_alloc(&system->machine->frames);
    }
    return vm_page_insert(object, offset, ppn, page);
}

enum vmm_status
vm_page_alloc_copy(struct vm_object *object, vmm_off offset, const struct vm_page *source,
                   struct vm_page **page)
{
    struct vm_system *system = object->system;
    vmm_ppn from = vm_page_ppn(source);
    struct vm_page *kept = &system->pages[from];
    uint8_t queue = kept->queue;
    enum vmm_status status;

    vm_page_dequeue(system, kept); /* making room must not take the page we copy */
    status = vm_page_alloc(object, offset, page);
    if (queue != VM_PAGE_ON_NONE)
        vm_page_enqueue(system, kept, (enum vm_page_queue)queue);
    if (status != VMM_OK)
        return status;
    if (!hw_frame_copy(&system->machine->frames, from, vm_page_ppn(*page))) {
        vm_page_free(*page);
        return VMM_MODEL_NO_MEMORY;
    }
    (*page)->is_dirty = true;
    trace_emit(&system->trace, EV_PAGE_COPY, .object = object->id, .va = offset,
               .ppn = vm_page_ppn(*page), .count = from);
    return VMM_OK;
}

void
vm_page_free(struct vm_page *page)
{
    struct vm_object *object = page->object;
    struct vm_system *system = object->system;
    vmm_ppn ppn = vm_page_ppn(page);

    if (page->pmapped)
        pmap_page_protect(system->pmaps, ppn, VMM_PROT_NONE);
    if (page->wire_count > 0) {
        object->wired_page_count--;
        system->wired_pages--;
    }
    vm_page_dequeue(system, page);
    vmm_radix_clear(&object->pages, vm_page_index(object, page->offset));
    hw_frame_free(&system->machine->frames, ppn);
    trace_emit(&system->trace, EV_PAGE_FREE, .object = object->id, .va = page->offset, .ppn = ppn);
    *page = (struct vm_page){ .object = NULL };
}

void
vm_page_wire(struct vm_page *page)
{
    struct vm_object *object = page->object;

    VMM_ASSERT(page->wire_count < UINT16_MAX);
    if (page->wire_count++ == 0) {
        object->wired_page_count++;
        object->system->wired_pages++;
        vm_page_dequeue(object->system, page);
    }
    trace_emit(&object->system->trace, EV_PAGE_WIRE, .object = object->id, .va = page->offset,
               .ppn = vm_page_ppn(page), .count = page->wire_count);
}

void
vm_page_unwire(struct vm_page *page)
{
    struct vm_object *object = page->object;

    VMM_ASSERT(page->wire_count > 0);
    if (--page->wire_count == 0) {
        object->wired_page_count--;
        object->system->wired_pages--;
        vm_page_enqueue(object->system, page, VM_PAGE_ACTIVE);
    }
    trace_emit(&object->system->trace, EV_PAGE_UNWIRE, .object = object->id, .va = page->offset,
               .ppn = vm_page_ppn(page), .count = page->wire_count);
}

bool
vm_page_rename(struct vm_page *page, struct vm_object *object, vmm_off offset)
{
    struct vm_object *before = page->object;

    if (!vmm_radix_set(&object->pages, vm_page_index(object, offset), vm_page_ppn(page)))
        return false;
    vmm_radix_clear(&before->pages, vm_page_index(before, page->offset));
    before->wired_page_count -= page->wire_count > 0;
    object->wired_page_count += page->wire_count > 0;
    page->object = object;
    page->offset = offset;
    return true;
}

/* ---- out and in ---- */

/*
 * A page has something to lose when it was written, or may have been through a translation. So has a
 * page of zeroes over a shadow: it hides what the shadow has got since.
 */
static bool
vm_page_is_dirty(const struct vm_page *page)
{
    return page->is_dirty || page->wpmapped || page->object->shadow != NULL;
}

void
vm_page_deactivate(struct vm_page *page, bool kill)
{
    struct vm_system *system = page->object->system;

    if (page->wire_count > 0)
        return;
    if (kill) {
        /* The next store must be seen, or the page would be dropped with it: WRITE goes. */
        if (page->pmapped)
            pmap_page_protect(system->pmaps, vm_page_ppn(page), VMM_PROT_READ | VMM_PROT_EXECUTE);
        page->is_dirty = page->wpmapped = false;
    }
    vm_page_enqueue(system, page, VM_PAGE_INACTIVE);
}

enum vmm_status
vm_page_out(struct vm_page *page)
{
    struct vm_object *object = page->object;
    struct vm_system *system = object->system;
    uint64_t index = vm_page_index(object, page->offset);
    bool is_dirty = vm_page_is_dirty(page);
    enum vmm_status status = VMM_OK;
    vmm_ppn ppn = vm_page_ppn(page);
    vmm_off offset = page->offset;
    uint32_t slot = 0;

    VMM_ASSERT(page->wire_count == 0);
    if (is_dirty)
        status = vm_store_put(system, ppn, &slot);
    if (status != VMM_OK)
        return status;
    if (is_dirty && !vmm_radix_set(&object->paged_out, index, slot)) {
        vm_store_drop(system, slot);
        return VMM_MODEL_NO_MEMORY;
    }
    system->counts.pageouts += is_dirty;
    vm_page_free(page);
    trace_emit(&system->trace, EV_PAGE_OUT, .object = object->id, .va = offset, .ppn = ppn,
               .detail = is_dirty);
    return VMM_OK;
}

enum vmm_status
vm_page_reclaim(struct vm_system *system)
{
    static const enum vm_page_queue order[] = { VM_PAGE_INACTIVE, VM_PAGE_ACTIVE };

    if (system->store.limit == 0)
        return VMM_MODEL_NO_FRAME;
    for (size_t i = 0; i < VMM_COUNT_OF(order); i++) {
        vmm_ppn ppn = system->queues[order[i]].first;

        for (; ppn != VMM_NO_PAGE; ppn = system->pages[ppn].queue_next) {
            enum vmm_status status = vm_page_out(&system->pages[ppn]);

            if (status == VMM_OK || status == VMM_MODEL_NO_MEMORY)
                return status;
        }
    }
    return VMM_MODEL_NO_FRAME;
}

/* pmap_enter(), again and again while a reclaimed page may give the table it lacks. */
static enum vmm_status
vm_page_enter_reclaiming(struct vm_page *page, struct pmap *pmap, vmm_va va, vmm_prot prot,
                         uint32_t flags)
{
    struct vm_system *system = page->object->system;
    uint8_t queue = page->queue;
    enum vmm_status status;

    if (page->is_absent) { /* as missing: whoever sees it sees zeroes (vm.md 4.4) */
        hw_frame_zero(&system->machine->frames, vm_page_ppn(page));
        page->is_absent = false;
    }
    status = pmap_enter(pmap, va, vm_page_ppn(page), prot, flags);
    if (status != VMM_MODEL_NO_FRAME)
        return status;
    vm_page_dequeue(system, page); /* making room must not take the page itself */
    while (status == VMM_MODEL_NO_FRAME) {
        status = vm_page_reclaim(system);
        if (status == VMM_OK)
            status = pmap_enter(pmap, va, vm_page_ppn(page), prot, flags);
        else
            break;
    }
    if (queue != VM_PAGE_ON_NONE)
        vm_page_enqueue(system, page, (enum vm_page_queue)queue);
    return status;
}

enum vmm_status
vm_page_enter(struct vm_page *page, struct pmap *pmap, vmm_va va, vmm_prot prot, uint32_t flags)
{
    enum vmm_status status;

    if (prot == VMM_PROT_NONE)
        return VMM_OK;
    status = vm_page_enter_reclaiming(page, pmap, va, prot, flags);
    if (status != VMM_OK)
        return status;
    page->pmapped = true;
    page->wpmapped |= (prot & VMM_PROT_WRITE) != 0;
    return VMM_OK;
}

enum vmm_status
vm_page_in(struct vm_object *object, vmm_off offset, bool *was_out)
{
    struct vm_system *system = object->system;
    struct vm_page *page;
    enum vmm_status status;
    uint32_t slot = 0;

    *was_out = false;
    for (; object != NULL && vm_page_lookup(object, offset) == NULL; object = object->shadow) {
        slot = vmm_radix_get(&object->paged_out, vm_page_index(object, offset));
        if (slot != 0)
            break;
        offset += object->shadow_offset;
    }
    if (slot == 0)
        return VMM_OK;
    status = vm_page_alloc(object, offset, &page);
    if (status != VMM_OK)
        return status;
    status = vm_store_get(system, slot, vm_page_ppn(page));
    trace_emit(&system->trace, EV_PAGE_IN, .object = object->id, .va = offset,
               .ppn = vm_page_ppn(page), .status = status);
    if (status != VMM_OK) {
        vm_page_free(page);
        return status;
    }
    vmm_radix_clear(&object->paged_out, vm_page_index(object, offset));
    vm_store_drop(system, slot);
    page->is_dirty = true; /* its only copy is this one again */
    system->counts.pageins++;
    *was_out = true;
    return VMM_OK;
}

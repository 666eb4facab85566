/*
 * vm_page.c - pages come, are wired, and go
 *
 * Every page of an object that is neither wired nor busy stands in one of three queues, in the order
 * in which it came; vm_pageout.c takes from them.
 */
#include "vm/vm_page.h"

#include "vm/vm_pageout.h"

/* ---- queues ---- */

static void
vm_page_dequeue(struct vm_page *page)
{
    struct vm_system *system = vm_page_system(page);
    struct vm_page_list *list = &system->queues[page->queue];

    if (page->queue == VM_PAGE_ON_NONE)
        return;
    vm_page_link(system, list, vm_page_queue_prev(list, page), vm_page_queue_next(list, page));
    list->count--;
    system->external_pages -= vm_page_object(page)->pager != NULL;
    page->queue = VM_PAGE_ON_NONE;
    page->follows = false;
    vm_page_set_wire_count(page, 0);
}

/* To the end of a queue, of a page that is on none. */
static inline void
vm_page_append(const struct vm_object *object, struct vm_page *page, vmm_ppn ppn,
               enum vm_page_queue queue)
{
    struct vm_system *system = object->system;
    struct vm_page_list *list = &system->queues[queue];

    page->queue = queue & VM_PAGE_ANY_QUEUE;
    vm_page_link(system, list, list->last, ppn);
    vm_page_link(system, list, ppn, VMM_NO_PAGE);
    list->count++;
    system->external_pages += object->pager != NULL;
}

void
vm_page_enqueue(struct vm_page *page, enum vm_page_queue queue)
{
    vm_page_dequeue(page);
    vm_page_append(vm_page_object(page), page, vm_page_ppn(page), queue);
}

void
vm_page_speculate(struct vm_page *page)
{
    vm_page_enqueue(page, VM_PAGE_SPECULATIVE);
}

void
vm_page_hold(struct vm_page *page)
{
    VMM_ASSERT(!page->busy);
    page->busy = true;
    vm_page_dequeue(page);
}

void
vm_page_launder(struct vm_page *page)
{
    vm_page_forget_stores(page, NULL);
    vm_page_dequeue(page);
    page->laundry = true;
}

void
vm_page_end_laundry(struct vm_page *page, enum vm_page_queue queue)
{
    if (!page->laundry)
        return;
    page->laundry = false;
    if (vm_page_wire_count(page) == 0)
        vm_page_enqueue(page, queue == VM_PAGE_ON_NONE ? VM_PAGE_ACTIVE : queue);
}

bool
vm_page_is_referenced(const struct vm_page *page)
{
    return page->reference ||
           (pmap_refmod(vm_page_system(page)->pmaps, vm_page_ppn(page)) & PMAP_REFERENCED) != 0;
}

/* ---- pages ---- */

/* A free frame, reclaimed if need be; the object it is for is not purged meanwhile. */
static enum vmm_status
vm_page_grab(struct vm_object *object, vmm_ppn *ppn)
{
    struct hw_frames *frames = &object->system->machine->frames;
    enum vmm_status status = VMM_OK;

    *ppn = VMM_NO_PAGE;
    if (vmm_call_fails(frames->injector, VMM_CALL_FRAME))
        return VMM_MODEL_NO_FRAME;
    object->paging_in_progress++;
    *ppn = hw_frame_alloc(frames);
    while (status == VMM_OK && *ppn == VMM_NO_PAGE) {
        status = vm_page_reclaim(object->system);
        *ppn = hw_frame_alloc(frames);
    }
    object->paging_in_progress--;
    return *ppn != VMM_NO_PAGE ? VMM_OK : status;
}

/* A page of which nothing is known but where in its object it is. */
static void
vm_page_begin(struct vm_page *page, uint32_t place)
{
    *page = (struct vm_page){ .queue = VM_PAGE_ON_NONE };
    *vm_page_place(page) = place;
    vm_page_set_wire_count(page, 0);
}

inline enum vmm_status
vm_page_insert(struct vm_object *object, vmm_off offset, vmm_ppn ppn, struct vm_page **page)
{
    struct vm_system *system = object->system;
    uint64_t index = vm_page_index(object, offset);
    const struct vmm_radix_leaf *leaf = vmm_radix_put(&object->pages, index, ppn);

    if (leaf == NULL) {
        hw_frame_free(&system->machine->frames, ppn);
        return VMM_MODEL_NO_MEMORY;
    }
    hw_frame_zero(&system->machine->frames, ppn);
    pmap_page_begin(system->pmaps, ppn);
    *page = vm_page_at(system, ppn);
    vm_page_begin(*page, vmm_radix_place(leaf, index));
    vm_page_append(object, *page, ppn, VM_PAGE_ACTIVE);
    return VMM_OK;
}

enum vmm_status
vm_page_alloc(struct vm_object *object, vmm_off offset, struct vm_page **page)
{
    enum vmm_status status;
    vmm_ppn ppn;

    status = vm_page_grab(object, &ppn);
    return status == VMM_OK ? vm_page_insert(object, offset, ppn, page) : status;
}

/* Keeps a page from being reclaimed or purged, and lets it go again to the queue it was on. */
static void
vm_page_keep_out(struct vm_page *page)
{
    vm_page_object(page)->paging_in_progress++;
    vm_page_dequeue(page);
}

static void
vm_page_let_go(struct vm_page *page, uint8_t queue)
{
    vm_page_object(page)->paging_in_progress--;
    if (queue != VM_PAGE_ON_NONE)
        vm_page_enqueue(page, (enum vm_page_queue)queue);
}

enum vmm_status
vm_page_alloc_copy(struct vm_object *object, vmm_off offset, const struct vm_page *source,
                   struct vm_page **page)
{
    struct vm_system *system = object->system;
    vmm_ppn from = vm_page_ppn(source);
    struct vm_page *kept = vm_page_at(system, from);
    uint8_t queue = kept->queue;
    enum vmm_status status;

    vm_page_keep_out(kept); /* making room must not take the page we copy */
    status = vm_page_alloc(object, offset, page);
    vm_page_let_go(kept, queue);
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
    struct vm_object *object = vm_page_object(page);
    struct vm_system *system = object->system;
    vmm_off offset = vm_page_offset(page);
    vmm_ppn ppn = vm_page_ppn(page);

    if (page->pmapped)
        pmap_page_protect(system->pmaps, ppn, VMM_PROT_NONE);
    VMM_ASSERT(!pmap_page_is_mapped(system->pmaps, ppn)); /* I17 */
    if (vm_page_wire_count(page) > 0) {
        object->wired_page_count--;
        system->wired_pages--;
    }
    vm_page_dequeue(page);
    for (int kind = 0; kind < VM_ODD_WIRES; kind++)
        vmm_radix_clear(&system->odd_wires[kind], ppn);
    vmm_radix_clear(&object->pages, vm_page_index(object, offset));
    hw_frame_free(&system->machine->frames, ppn);
    trace_emit(&system->trace, EV_PAGE_FREE, .object = object->id, .va = offset, .ppn = ppn);
    vm_page_begin(page, 0);
    if (system->waiting_for_pages > 0)
        system->sched->wakeup(system->sched, VM_SCHED_PAGE_FREE, system);
}

void
vm_page_wire(struct vm_page *page)
{
    struct vm_object *object = vm_page_object(page);
    uint32_t wires = vm_page_wire_count(page);

    vm_page_dequeue(page);
    VMM_ASSERT(wires < UINT32_MAX);
    vm_page_set_wire_count(page, wires + 1);
    if (wires == 0) {
        object->wired_page_count++;
        object->system->wired_pages++;
    }
    trace_emit(&object->system->trace, EV_PAGE_WIRE, .object = object->id,
               .va = vm_page_offset(page), .ppn = vm_page_ppn(page), .count = wires + 1);
}

void
vm_page_unwire(struct vm_page *page)
{
    struct vm_object *object = vm_page_object(page);
    uint32_t wires = vm_page_wire_count(page);

    VMM_ASSERT(wires > 0);
    vm_page_set_wire_count(page, wires - 1);
    if (wires == 1) {
        object->wired_page_count--;
        object->system->wired_pages--;
        vm_page_activate(page);
    }
    trace_emit(&object->system->trace, EV_PAGE_UNWIRE, .object = object->id,
               .va = vm_page_offset(page), .ppn = vm_page_ppn(page), .count = wires - 1);
}

bool
vm_page_rename(struct vm_page *page, struct vm_object *object, vmm_off offset)
{
    struct vm_object *before = vm_page_object(page);
    uint64_t index = vm_page_index(object, offset);
    const struct vmm_radix_leaf *leaf = vmm_radix_put(&object->pages, index, vm_page_ppn(page));

    if (leaf == NULL)
        return false;
    vmm_radix_clear(&before->pages, vm_page_index(before, vm_page_offset(page)));
    before->wired_page_count -= vm_page_wire_count(page) > 0;
    object->wired_page_count += vm_page_wire_count(page) > 0;
    *vm_page_place(page) = vmm_radix_place(leaf, index);
    return true;
}

/* ---- wires that nearly no page has ---- */

bool
vm_page_add_odd_wire(struct vm_page *page, enum vm_odd_wires kind)
{
    return vmm_radix_set(&vm_page_system(page)->odd_wires[kind], vm_page_ppn(page),
                         vm_page_odd_wires(page, kind) + 1);
}

void
vm_page_drop_odd_wire(struct vm_page *page, enum vm_odd_wires kind)
{
    struct vmm_radix *counts = &vm_page_system(page)->odd_wires[kind];
    uint32_t count = vm_page_odd_wires(page, kind);

    VMM_ASSERT(count > 0);
    if (count == 1)
        vmm_radix_clear(counts, vm_page_ppn(page));
    else
        VMM_ASSERT(vmm_radix_set(counts, vm_page_ppn(page), count - 1)); /* its node is there */
}

/* ---- translations ---- */

enum vmm_status
vm_page_enter_reclaiming(struct vm_page *page, struct pmap *pmap, vmm_va va, vmm_prot prot,
                         uint32_t flags)
{
    struct vm_system *system = vm_page_system(page);
    uint8_t queue = page->queue;
    enum vmm_status status = VMM_MODEL_NO_FRAME;

    vm_page_keep_out(page); /* making room must not take the page itself */
    while (status == VMM_MODEL_NO_FRAME) {
        status = vm_page_reclaim(system);
        if (status == VMM_OK)
            status = pmap_enter(pmap, va, vm_page_ppn(page), prot, flags);
        else
            break;
    }
    vm_page_let_go(page, queue);
    return status;
}

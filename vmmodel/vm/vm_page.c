/* vm_page.c - see vm_page.h */
#include "vm/vm_page.h"

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
vm_page_alloc(struct vm_object *object, vmm_off offset, struct vm_page **page)
{
    struct vm_system *system = object->system;
    vmm_ppn ppn = hw_frame_alloc(&system->machine->frames);

    if (ppn == VMM_NO_PAGE)
        return VMM_MODEL_NO_FRAME;
    if (!vmm_radix_set(&object->pages, vm_page_index(object, offset), ppn)) {
        hw_frame_free(&system->machine->frames, ppn);
        return VMM_MODEL_NO_MEMORY;
    }
    hw_frame_zero(&system->machine->frames, ppn);
    *page = &system->pages[ppn];
    **page = (struct vm_page){ .object = object, .offset = offset };
    return VMM_OK;
}

enum vmm_status
vm_page_alloc_copy(struct vm_object *object, vmm_off offset, const struct vm_page *source,
                   struct vm_page **page)
{
    struct vm_system *system = object->system;
    vmm_ppn from = vm_page_ppn(source);
    enum vmm_status status = vm_page_alloc(object, offset, page);

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
    }
    trace_emit(&object->system->trace, EV_PAGE_UNWIRE, .object = object->id, .va = page->offset,
               .ppn = vm_page_ppn(page), .count = page->wire_count);
}

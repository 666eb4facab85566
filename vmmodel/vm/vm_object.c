/* vm_object.c - see vm_object.h; copies are in vm_object_copy.c */
#include "vm/vm_object.h"

#include "vm/vm_device.h"
#include "vm/vm_page.h"
#include "vm/vm_pager.h"
#include "vm/vm_store.h"

enum vmm_status
vm_object_create(struct vm_system *system, vmm_size size, struct vm_object **object)
{
    struct vm_object *made = vmm_zone_take(&system->object_zone);

    if (made == NULL)
        return VMM_MODEL_NO_MEMORY;
    made->system = system;
    made->id = system->next_object_id++;
    made->ref_count = 1;
    made->size = size;
    made->copy_strategy = VM_COPY_SYMMETRIC;
    made->purgable = VM_PURGABLE_DENY;
    vmm_radix_init(&made->pages, &system->radix_store);
    vmm_radix_init(&made->paged_out, &system->radix_store);
    vmm_list_append(&system->objects, &made->link);
    trace_emit(&system->trace, EV_OBJECT_CREATE, .object = made->id, .length = size);
    *object = made;
    return VMM_OK;
}

void
vm_object_reference(struct vm_object *object)
{
    VMM_ASSERT(object->ref_count > 0);
    object->ref_count++;
}

void
vm_object_drop_slots(struct vm_object *object, vmm_off start, vmm_off end)
{
    uint32_t page_shift = object->system->page_shift;
    uint64_t index = start >> page_shift;
    uint32_t slot;

    while (vmm_radix_next(&object->paged_out, &index, &slot) && index < end >> page_shift) {
        vm_store_drop(object->system, &object->system->store, slot);
        vmm_radix_clear(&object->paged_out, index++);
    }
}

void
vm_object_page_remove(struct vm_object *object, vmm_off start, vmm_off end)
{
    struct vm_page *page;
    vmm_off offset = start;

    while (vm_object_next_page(object, &offset, end, &page)) {
        if (!page->busy)
            vm_page_free(page);
    }
    vm_object_drop_slots(object, start, end);
}

void
vm_object_grow(struct vm_object *object, vmm_off offset, vmm_size size)
{
    vmm_size end = vm_object_span(object, 0, offset + size);

    vm_object_page_remove(object, offset, end);
    if (end > object->size)
        object->size = end;
}

/* Frees an object nobody names any more; its reference on the shadow passes to the caller. */
static struct vm_object *
vm_object_terminate(struct vm_object *object)
{
    struct vm_system *system = object->system;
    struct vm_object *shadow = object->shadow;
    uint64_t index = 0;
    uint32_t ppn;

    while (vmm_radix_next(&object->pages, &index, &ppn))
        vm_page_free(vm_page_at(system, ppn));
    vmm_radix_destroy(&object->pages);
    vm_object_drop_slots(object, 0, UINT64_MAX);
    vmm_radix_destroy(&object->paged_out);
    vm_device_free(object);
    vm_pager_free(object);
    if (shadow != NULL && shadow->copy == object)
        shadow->copy = NULL;
    VMM_ASSERT(object->copy == NULL); /* a copy holds a reference on what it copies */
    vmm_list_remove(&object->link);
    trace_emit(&system->trace, EV_OBJECT_FREE, .object = object->id);
    vmm_zone_give(&system->object_zone, object);
    return shadow;
}

void
vm_object_release(struct vm_object **object)
{
    struct vm_object *next = *object;

    *object = NULL;
    while (next != NULL) {
        VMM_ASSERT(next->ref_count > 0);
        if (--next->ref_count > 0) {
            if (next->ref_count == 1)
                vm_object_collapse(next, false);
            return;
        }
        next = vm_object_terminate(next);
    }
}

/* Whether vm_object_shadow() may leave the object as it is (vm.md 1.9). */
static bool
vm_object_is_private(const struct vm_object *object, vmm_off offset, vmm_size length)
{
    return object->size == vm_object_span(object, offset, length) && object->ref_count == 1 &&
           (object->shadow == NULL || object->shadow->copy == NULL);
}

enum vmm_status
vm_object_shadow_always(struct vm_object **object, vmm_off *offset, vmm_size length)
{
    struct vm_object *below = *object;
    vmm_off start = vm_object_trunc_page(below, *offset);
    struct vm_object *top;
    enum vmm_status status;

    length = vm_object_span(below, *offset, length);
    status = vm_object_create(below->system, length, &top);
    if (status != VMM_OK)
        return status;
    top->shadow = below; /* the caller's reference moves here */
    top->shadow_offset = start;
    *object = top;
    *offset -= start;
    trace_emit(&top->system->trace, EV_OBJECT_SHADOW, .object = top->id, .length = length,
               .count = below->id);
    return VMM_OK;
}

enum vmm_status
vm_object_shadow(struct vm_object **object, vmm_off *offset, vmm_size length)
{
    if (vm_object_is_private(*object, *offset, length))
        return VMM_OK;
    return vm_object_shadow_always(object, offset, length);
}

/* ---- chains grow short again (vm.md 1.9) ---- */

/*
 * Whether `object` needs nothing of the object below it any more: it has every page itself, or no
 * page of the other shows through.
 */
static bool
vm_object_hides_shadow(const struct vm_object *object)
{
    const struct vm_object *below = object->shadow;
    uint32_t page_shift = object->system->page_shift;
    uint64_t index = object->shadow_offset >> page_shift;
    uint64_t end = (object->shadow_offset + object->size) >> page_shift;
    uint32_t ppn;

    if (object->pages.count == object->size >> page_shift)
        return true;
    if (below->paged_out.count > 0 || object->paged_out.count > 0)
        return false;
    for (; vmm_radix_next(&below->pages, &index, &ppn) && index < end; index++) {
        if (vm_page_lookup(object, (index << page_shift) - object->shadow_offset) == NULL)
            return false;
    }
    return true;
}

/* `object` looks past the one below it from now on; others still name that one. */
static void
vm_object_bypass(struct vm_object *object)
{
    struct vm_object *below = object->shadow;

    object->shadow = below->shadow;
    object->shadow_offset += below->shadow_offset;
    if (object->shadow == NULL)
        object->shadow_offset = 0;
    else
        vm_object_reference(object->shadow);
    if (below->copy == object)
        below->copy = NULL;
    below->ref_count--; /* at least one is left: it is not the last name */
}

/* Moves the pages and slots of the object below up where nothing hides them. False: no memory. */
static bool
vm_object_take_pages(struct vm_object *object, struct vm_object *below)
{
    uint32_t page_shift = object->system->page_shift;
    uint64_t index = 0;
    uint32_t value;

    while (vmm_radix_next(&below->pages, &index, &value)) {
        struct vm_page *page = vm_page_at(object->system, value);
        vmm_off offset = vm_page_offset(page) - object->shadow_offset;

        if (vm_page_offset(page) >= object->shadow_offset && offset < object->size &&
            vm_page_lookup(object, offset) == NULL && vm_page_slot(object, offset) == 0) {
            if (!vm_page_rename(page, object, offset))
                return false;
        } else {
            vm_page_free(page);
        }
    }
    for (index = 0; vmm_radix_next(&below->paged_out, &index, &value); index = 0) {
        vmm_off at = index << page_shift;
        vmm_off offset = at - object->shadow_offset;
        bool shows = at >= object->shadow_offset && offset < object->size &&
                     vm_page_lookup(object, offset) == NULL && vm_page_slot(object, offset) == 0;

        if (shows && !vmm_radix_set(&object->paged_out, offset >> page_shift, value))
            return false;
        vmm_radix_clear(&below->paged_out, index);
        if (!shows)
            vm_store_drop(object->system, &object->system->store, value);
    }
    return true;
}

/* Takes over the object below, which nobody else names. False: no memory, and both stay. */
static bool
vm_object_swallow(struct vm_object *object)
{
    struct vm_object *below = object->shadow;
    struct vm_object *next = below->shadow;

    if (!vm_object_take_pages(object, below))
        return false;
    object->shadow = next; /* with the reference that `below` held */
    object->shadow_offset = next == NULL ? 0 : object->shadow_offset + below->shadow_offset;
    below->copy = NULL;
    below->shadow = NULL;
    below->ref_count = 0;
    (void)vm_object_terminate(below);
    return true;
}

/* A copy object's place in the chain is promised to its source. */
static bool
vm_object_may_go(const struct vm_object *below)
{
    return below->device == NULL && below->pager == NULL && below->paging_in_progress == 0 &&
           !below->phys_contiguous && !below->shadow_severed &&
           (below->shadow == NULL || below->shadow->copy != below) &&
           below->purgable == VM_PURGABLE_DENY;
}

void
vm_object_collapse(struct vm_object *object, bool can_bypass)
{
    while (object != NULL && object->shadow != NULL) {
        struct vm_object *below = object->shadow;

        if (!vm_object_may_go(below) || object->purgable != VM_PURGABLE_DENY ||
            object->paging_in_progress > 0) {
            object = below;
        } else if (below->ref_count == 1) {
            if (!vm_object_swallow(object))
                return;
        } else if (can_bypass && vm_object_hides_shadow(object)) {
            vm_object_bypass(object);
        } else {
            object = below;
        }
    }
}

bool
vm_object_sever(struct vm_object *object)
{
    vmm_off offset = 0;

    if (object->shadow == NULL || object->is_under_wires)
        return object->shadow == NULL;
    for (; vm_object_next_content(object, &offset, object->size);
         offset += object->system->page_bytes) {
        const struct vm_page *page = vm_object_find_page(object, offset);

        if (page != NULL && vm_page_object(page) != object)
            pmap_page_protect(object->system->pmaps, vm_page_ppn(page), VMM_PROT_NONE);
    }
    if (object->shadow->copy == object)
        object->shadow->copy = NULL;
    vm_object_release(&object->shadow);
    object->shadow_offset = 0;
    object->shadow_severed = true;
    return true;
}

void
vm_object_share(struct vm_object *object)
{
    object->true_share = true;
    if (object->copy_strategy == VM_COPY_SYMMETRIC)
        object->copy_strategy = VM_COPY_DELAY;
}

void
vm_object_look_below(struct vm_spot *spot)
{
    while (spot->page == NULL && spot->slot == 0 && spot->object->shadow != NULL) {
        spot->offset += spot->object->shadow_offset;
        spot->object = spot->object->shadow;
        spot->page = vm_page_lookup(spot->object, spot->offset);
        spot->slot = spot->page == NULL ? vm_page_slot(spot->object, spot->offset) : 0;
    }
}

/* Moves *offset to the first index at or after it that the radix holds, if that is before *end. */
static void
vm_object_clamp_next(const struct vmm_radix *radix, vmm_off from, uint32_t shift, vmm_off offset,
                     vmm_off *end)
{
    uint64_t index = from >> shift;
    uint32_t value;

    if (vmm_radix_next(radix, &index, &value) && (index << shift) - from < *end - offset)
        *end = offset + ((index << shift) - from);
}

bool
vm_object_next_content(const struct vm_object *object, vmm_off *offset, vmm_off end)
{
    vmm_off found = end;
    vmm_off from = *offset;

    for (; object != NULL && *offset < found; object = object->shadow) {
        if ((object->device != NULL || object->pager != NULL) && from < object->size)
            return true; /* each page of it is there, or in the file */
        vm_object_clamp_next(&object->pages, from, object->system->page_shift, *offset, &found);
        vm_object_clamp_next(&object->paged_out, from, object->system->page_shift, *offset, &found);
        from += object->shadow_offset;
    }
    *offset = found;
    return found < end;
}

uint64_t
vm_object_resident(struct vm_object *object, vmm_off offset, vmm_size size)
{
    uint64_t resident = 0;
    vmm_off end = offset + size;

    if (object == NULL)
        return 0;
    offset = vm_object_trunc_page(object, offset);
    for (; vm_object_next_content(object, &offset, end); offset += object->system->page_bytes)
        resident += vm_object_find_page(object, offset) != NULL;
    return resident;
}

uint32_t
vm_object_depth(const struct vm_object *object)
{
    uint32_t depth = 0;

    while (object != NULL && object->shadow != NULL) {
        depth++;
        object = object->shadow;
    }
    return depth;
}

bool
vm_object_next_page(const struct vm_object *object, vmm_off *offset, vmm_off end,
                    struct vm_page **page)
{
    uint64_t index = *offset >> object->system->page_shift;
    uint32_t ppn;

    if (!vmm_radix_next(&object->pages, &index, &ppn))
        return false;
    *page = vm_page_at(object->system, ppn);
    *offset = vm_page_offset(*page) + object->system->page_bytes;
    return vm_page_offset(*page) < end;
}

/* The pages of this very object. */
static void
vm_object_narrow(struct vm_object *object, vmm_off offset, vmm_off end, vmm_prot prot,
                 struct pmap_flush_context *later)
{
    struct vm_page *page;

    while (vm_object_next_page(object, &offset, end, &page)) {
        if (page->pmapped)
            pmap_page_protect_options(object->system->pmaps, vm_page_ppn(page), prot, later);
    }
}

void
vm_object_pmap_protect(struct vm_object *object, vmm_off offset, vmm_size size, vmm_prot prot)
{
    struct pmap_system *pmaps = object->system->pmaps;
    struct pmap_flush_context later = { .cpus = 0 };

    vm_object_narrow(object, offset, offset + size, prot, &later);
    while (prot == VMM_PROT_NONE && object->shadow != NULL) {
        offset += object->shadow_offset;
        object = object->shadow;
        vm_object_narrow(object, offset, offset + size, prot, &later);
    }
    pmap_flush(pmaps, &later); /* one for all pages: vm.md 5.3 */
}

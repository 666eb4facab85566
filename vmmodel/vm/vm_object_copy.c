/*
 * vm_object_copy.c - copying objects, now or when somebody writes
 *
 * Two ways to copy without copying. Symmetric: both sides point at one object, both entries are
 * needs_copy, and whoever writes first gets a shadow on top. Delayed: the source stays as it is and
 * the copy is an object whose shadow is the source; the writer of the source pushes the old page up
 * into the copy first (vm_fault_push). An object that I/O Kit named is shared, so only the second
 * way is open to it. What may not be copied by delay is copied slowly: at once, page by page.
 */
#include "vm/vm_device.h"
#include "vm/vm_object.h"
#include "vm/vm_page.h"
#include "vm/vm_pageout.h"

static bool
vm_object_has_wired_page(struct vm_object *object, vmm_off offset, vmm_size size)
{
    struct vm_page *page;
    vmm_off end = offset + size;

    while (object->wired_page_count > 0 && vm_object_next_page(object, &offset, end, &page)) {
        if (vm_page_wire_count(page) > 0)
            return true;
    }
    return false;
}

/* The bytes of one page that the chain shows at `from`, if it shows any, to `to` of the copy. */
static enum vmm_status
vm_object_copy_page(struct vm_object *source, vmm_off from, struct vm_object *copy, vmm_off to)
{
    const struct vm_page *page;
    struct vm_page *mine;
    enum vm_page_origin origin;
    enum vmm_status status = vm_page_in(source, from, &origin);

    if (status != VMM_OK)
        return status;
    page = vm_object_find_page(source, from);
    return page == NULL ? VMM_OK : vm_page_alloc_copy(copy, to, page, &mine);
}

/* The same of a device's object. */
static enum vmm_status
vm_object_copy_device(const struct vm_object *source, vmm_off from, struct vm_object *copy,
                      vmm_off to)
{
    struct vm_system *system = source->system;
    vmm_ppn ppn = vm_device_frame(source, from);
    struct vm_page *mine;
    enum vmm_status status;

    if (!vm_device_frame_is_usable(system, ppn))
        return VMM_MEMORY_ERROR;
    status = vm_page_alloc(copy, to, &mine);
    if (status != VMM_OK)
        return status;
    mine->is_dirty = true;
    return hw_frame_copy(&system->machine->frames, ppn, vm_page_ppn(mine)) ? VMM_OK
                                                                           : VMM_MODEL_NO_MEMORY;
}

enum vmm_status
vm_object_copy_slowly(struct vm_object *source, vmm_off offset, vmm_size size,
                      struct vm_object **copy)
{
    vmm_size page_bytes = source->system->page_bytes;
    struct vm_object *made;
    enum vmm_status status;

    size = vm_object_span(source, offset, size);
    offset = vm_object_trunc_page(source, offset);
    status = vm_object_create(source->system, size, &made);
    if (status != VMM_OK)
        return status;
    for (vmm_off at = offset;
         status == VMM_OK && vm_object_next_content(source, &at, offset + size); at += page_bytes)
        status = source->device != NULL ? vm_object_copy_device(source, at, made, at - offset)
                                        : vm_object_copy_page(source, at, made, at - offset);
    if (status != VMM_OK)
        vm_object_release(&made);
    else
        *copy = made;
    return status;
}

/* A fresh copy object over the source, in front of an older copy if there is one. */
static enum vmm_status
vm_object_insert_copy(struct vm_object *source, vmm_size size, struct vm_object **copy)
{
    struct vm_object *made;
    enum vmm_status status = vm_object_create(source->system, size, &made);

    if (status != VMM_OK)
        return status;
    made->shadow = source;
    if (source->copy == NULL) {
        vm_object_reference(source);
    } else {
        source->copy->shadow = made; /* the older copy's reference on the source is ours now */
        vm_object_reference(made);
    }
    source->copy = made;
    trace_emit(&made->system->trace, EV_OBJECT_SHADOW, .object = made->id, .length = size,
               .count = source->id);
    *copy = made;
    return VMM_OK;
}

/*
 * A copy object that nothing was pushed into yet still says "as the source is now", so it serves
 * again, grown if need be; else a fresh one is made, which covers at least what the older did, since
 * the source pushes to one copy only. Every resident page that is newly covered loses WRITE, so that
 * the next store pushes first; false in *is_done when one of them is wired, and then nothing was
 * done. The copy covers the source from its very start, as in XNU. vm_object_copy_delayed().
 */
static enum vmm_status
vm_object_copy_delayed(struct vm_object *source, vmm_size size, struct vm_object **copy,
                       bool *is_done)
{
    struct vm_object *older = source->copy;
    bool is_reused = older != NULL && older->pages.count == 0 && older->paged_out.count == 0;
    vmm_off from = is_reused ? older->size : 0;
    enum vmm_status status = VMM_OK;

    if (older != NULL && older->size > size)
        size = older->size;
    *is_done = from >= size || !vm_object_has_wired_page(source, from, size - from);
    if (!*is_done)
        return VMM_OK;
    if (is_reused) {
        vm_object_reference(older);
        older->size = size;
        *copy = older;
    } else {
        status = vm_object_insert_copy(source, size, copy);
    }
    if (status == VMM_OK && from < size)
        vm_object_pmap_protect(source, from, size - from, VMM_PROT_READ | VMM_PROT_EXECUTE);
    return status;
}

enum vmm_status
vm_object_copy(struct vm_object *source, vmm_off offset, vmm_size size, struct vm_object_copy *copy)
{
    enum vmm_status status;
    bool is_done = false;

    if (source->phys_contiguous)
        return VMM_PROTECTION_FAILURE; /* vm.md 2.1: a block is nothing to copy */
    status = VMM_OK;
    if (source->copy_strategy == VM_COPY_DELAY)
        status = vm_object_copy_delayed(source, vm_object_span(source, 0, offset + size),
                                        &copy->object, &is_done);
    if (status != VMM_OK)
        return status;
    copy->offset = is_done ? offset : offset - vm_object_trunc_page(source, offset);
    copy->needs_copy = is_done;
    return is_done ? VMM_OK : vm_object_copy_slowly(source, offset, size, &copy->object);
}

/* ---- contents change places ---- */

static bool
vm_object_may_transpose(const struct vm_object *object)
{
    bool is_a_copy = object->shadow != NULL && object->shadow->copy == object;

    return object->device == NULL && !object->phys_contiguous && object->wired_page_count == 0 &&
           !object->is_under_wires && object->paging_in_progress == 0 && object->copy == NULL &&
           !is_a_copy;
}

/* Whether `object` is in the chain that begins with `top`. */
static bool
vm_object_is_in_chain(const struct vm_object *top, const struct vm_object *object)
{
    while (top != NULL && top != object)
        top = top->shadow;
    return top != NULL;
}

/* What `from` holds besides pages is the object's. */
static void
vm_object_take_contents(struct vm_object *object, const struct vm_object *from)
{
    object->shadow = from->shadow;
    object->shadow_offset = from->shadow_offset;
    object->shadow_severed = from->shadow_severed;
    object->guard_first = from->guard_first;
    object->guard_last = from->guard_last;
    object->pager = from->pager;
    object->copy_strategy = from->copy_strategy;
    object->purgable = from->purgable;
    object->volatile_state = from->volatile_state;
    object->volatile_since = from->volatile_since;
}

enum vmm_status
vm_object_transpose(struct vm_object *a, struct vm_object *b)
{
    struct vm_object was = *a;

    if (a->size != b->size || !vm_object_may_transpose(a) || !vm_object_may_transpose(b) ||
        vm_object_is_in_chain(a, b) || vm_object_is_in_chain(b, a))
        return VMM_INVALID_VALUE;
    vm_object_pmap_protect(a, 0, a->size, VMM_PROT_NONE);
    vm_object_pmap_protect(b, 0, b->size, VMM_PROT_NONE);
    vmm_radix_exchange(&a->pages, &b->pages);
    vmm_radix_exchange(&a->paged_out, &b->paged_out);
    vm_object_take_contents(a, b);
    vm_object_take_contents(b, &was);
    return VMM_OK;
}

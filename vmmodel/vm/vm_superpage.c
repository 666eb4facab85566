/*
 * vm_superpage.c - memory in rows of frames, mapped by one word each
 *
 * A superpage is an object of 2 MiB whose pages are all there from the beginning, in frames that stand
 * in a row. It is phys_contiguous: none of its pages ever goes, wired or not, wiring enters no translation
 * (T6), and the first touch maps the whole of it. It begins wired, but that wire can be lost: by a munlock
 * that begins before it, or when the entry it was made for goes and another shares the object.
 * vm.md 1.6, 3.4, 4.4 step 8.
 */
#include "vm/vm_fault_internal.h"
#include "vm/vm_object.h"
#include "vm/vm_page.h"
#include "vm/vm_pageout.h"

/* Superpages stand on multiples of their size, and only x86 has them; vm_map_enter(), vm.md 1.6. */
enum vmm_status
vm_superpage_args(const struct vm_map *map, struct vm_map_enter_args *args)
{
    uint32_t kind = args->flags & VM_MAP_SUPERPAGE_MASK;

    if (kind == 0)
        return VMM_OK;
    if (kind == VM_MAP_SUPERPAGE_ANY)
        args->size = (args->size + VM_SUPERPAGE_BYTES - 1) & ~(VM_SUPERPAGE_BYTES - 1);
    if ((kind != VM_MAP_SUPERPAGE_ANY && kind != VM_MAP_SUPERPAGE_2MB) || args->size == 0 ||
        args->size % VM_SUPERPAGE_BYTES != 0 || map->system->page_bytes != 4096)
        return VMM_INVALID_ARGUMENT;
    args->mask = VM_SUPERPAGE_BYTES - 1;
    return VMM_OK;
}

enum vmm_status
vm_object_fill_superpage(struct vm_object *object)
{
    struct vm_system *system = object->system;
    struct hw_frames *frames = &system->machine->frames;
    vmm_ppn count = (vmm_ppn)(object->size >> system->page_shift);
    enum vmm_status status = VMM_OK;
    vmm_ppn first = vmm_call_fails(frames->injector, VMM_CALL_FRAME)
                        ? VMM_NO_PAGE
                        : hw_frame_alloc_aligned_run(frames, count);

    if (first == VMM_NO_PAGE)
        return VMM_RESOURCE_SHORTAGE;
    for (vmm_ppn n = 0; n < count; n++) {
        struct vm_page *page;

        if (status == VMM_OK)
            status = vm_page_insert(object, (vmm_off)n << system->page_shift, first + n, &page);
        else
            hw_frame_free(frames, first + n); /* one that failed was given back already */
        if (status == VMM_OK)
            trace_emit(&system->trace, EV_PAGE_ZERO_FILL, .object = object->id,
                       .va = (vmm_off)n << system->page_shift, .ppn = first + n);
    }
    object->phys_contiguous = status == VMM_OK;
    object->first_ppn = first;
    return status;
}

/* Every page counts as mapped: who frees or copies one must look for its translation. */
static void
vm_superpage_mark(const struct vm_map_entry *entry, const struct vm_fault_enter *how)
{
    struct vm_system *system = entry->object->system;

    for (vmm_off at = 0; at < vm_entry_size(entry); at += system->page_bytes) {
        struct vm_page *page = vm_page_lookup(entry->object, entry->offset + at);

        page->pmapped = true;
        page->wpmapped |= (how->prot & VMM_PROT_WRITE) != 0;
        page->is_dirty |= (how->prot & VMM_PROT_WRITE) != 0;
    }
}

enum vmm_status
vm_fault_superpage(struct vm_map *map, const struct vm_map_entry *entry,
                   const struct vm_fault_enter *how)
{
    struct vm_system *system = map->system;
    vmm_size size = vm_entry_size(entry);
    vmm_ppn first = entry->object->first_ppn + (vmm_ppn)(entry->offset >> system->page_shift);
    vmm_va va = entry->start + how->delta;
    bool is_whole =
        size == pmap_large_bytes(system->pmaps, 1) && ((va | entry->offset) & (size - 1)) == 0;
    enum vmm_status status;

    do
        status = is_whole ? pmap_enter_large(how->pmap, va, first, how->prot, PMAP_ENTER_WIRED, 1)
                          : pmap_map_block(how->pmap, va, first, 0, size, how->prot);
    while (status == VMM_MODEL_NO_FRAME && vm_page_reclaim(system) == VMM_OK);
    if (status == VMM_OK)
        vm_superpage_mark(entry, how);
    return status;
}

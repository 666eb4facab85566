/*
 * vm_map_extract.c - the pieces behind a range, for another place: vm_map_remap_extract(), vm.md 2.3
 */
#include "vm/vm_fault_internal.h"
#include "vm/vm_map_copy_internal.h"
#include "vm/vm_object.h"

/*
 * Sharing needs an object of one's own: a missing one is made; one that waits to be copied, or that
 * is larger than the entry and nobody shares yet, gets a shadow; then it is copied by delay only.
 */
static enum vmm_status
vm_map_make_shareable(struct vm_map *map, struct vm_map_entry *entry)
{
    struct vm_map_entry before = *entry;
    enum vmm_status status = vm_fault_materialise(entry, map->system);

    if (status != VMM_OK)
        return status;
    if (entry->object->copy_strategy == VM_COPY_SYMMETRIC && entry->wired_count == 0 &&
        (entry->object->size > vm_object_span(entry->object, entry->offset, vm_entry_size(entry)) &&
         !entry->object->true_share && !entry->is_shared))
        status = vm_object_shadow(&entry->object, &entry->offset, vm_entry_size(entry));
    if (status != VMM_OK)
        return status;
    if (before.object != NULL && entry->object != before.object)
        vm_map_entry_narrow(map, &before, entry->protection & ~(vmm_prot)VMM_PROT_WRITE);
    if (entry->object->copy_strategy == VM_COPY_SYMMETRIC)
        entry->object->copy_strategy = VM_COPY_DELAY;
    return VMM_OK;
}

enum vmm_status
vm_map_share_entry(struct vm_map *map, struct vm_map_entry *entry)
{
    enum vmm_status status = vm_map_make_shareable(map, entry);

    if (status == VMM_OK)
        entry->is_shared = true;
    return status;
}

/* One entry as a piece that names its object, from `start` to `end`; nothing is clipped. */
static enum vmm_status
vm_map_extract_shared(struct vm_map *map, struct vm_map_entry *entry, vmm_va start, vmm_va end,
                      struct vm_map_copy *extract)
{
    enum vmm_status status = vm_map_share_entry(map, entry);

    if (status != VMM_OK)
        return status;
    vm_object_reference(entry->object);
    vm_map_copy_add(extract, entry,
                    &(struct vm_piece){ .object = entry->object,
                                        .offset = vm_entry_offset(entry, start),
                                        .size = end - start,
                                        .is_shared = true });
    return VMM_OK;
}

static enum vmm_status
vm_map_extract_entries(struct vm_map *map, vmm_va start, vmm_va end, bool copies, vmm_prot needed,
                       struct vm_map_copy *extract)
{
    enum vmm_status status = VMM_OK;
    struct vm_place place;

    for (; status == VMM_OK && start < end; start = place.end) {
        vmm_size size;

        if (!vm_map_find_place(map, start, &place))
            return VMM_INVALID_ADDRESS;
        if ((place.entry->protection & needed) != needed)
            return VMM_PROTECTION_FAILURE;
        if (!copies && place.entry->used_for_jit)
            return VMM_INVALID_ARGUMENT; /* vm.md 2.1; from 15 on a policy may allow it */
        size = (place.end < end ? place.end : end) - start;
        status = copies ? vm_map_copy_place(map, &place, start, end, extract)
                        : vm_map_extract_shared(vm_place_map(&place, map), place.entry,
                                                place.address, place.address + size, extract);
    }
    return status;
}

enum vmm_status
vm_map_extract(struct vm_map *map, vmm_va start, vmm_size size, bool copies, vmm_prot needed,
               struct vm_map_copy **made)
{
    size_t span = vm_map_span(map, start, start + size);
    struct vm_map_copy *extract;
    enum vmm_status status;

    if (span == 0)
        return VMM_INVALID_ADDRESS;
    extract = vm_map_copy_create(map->system, span);
    if (extract == NULL)
        return VMM_MODEL_NO_MEMORY;
    extract->size = size;
    vm_map_lock(map);
    status = vm_map_extract_entries(map, start, start + size, copies, needed, extract);
    vm_map_unlock(map);
    if (status != VMM_OK)
        vm_map_copy_discard(&extract);
    else
        *made = extract;
    return vm_fault_result(map, start, status);
}

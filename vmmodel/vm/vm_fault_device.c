/*
 * vm_fault_device.c - faults on what a device has, where no page stands behind an address
 *
 * A block is mapped whole by one fault, wired, whoever asked for which page of it, as far as the window
 * reaches that 10.15 and older releases have; the translations go when the entry is clipped or removed.
 * A page list is mapped page by page, with the rights that a page of memory would get.
 */
#include "vm/vm_device.h"
#include "vm/vm_fault_internal.h"
#include "vm/vm_object.h"
#include "vm/vm_pageout.h"

/* Memory that a device's range names may be somebody's page, who must find this mapping again. */
static void
vm_fault_device_mark(struct vm_system *system, vmm_ppn ppn)
{
    if (!hw_frame_is_device(&system->machine->frames, ppn))
        vm_page_at(system, ppn)->pmapped = true;
}

/* Whether every frame behind an entry can be mapped; then each of them counts as mapped. */
static bool
vm_fault_device_ready(struct vm_system *system, vmm_ppn first, uint64_t pages)
{
    for (uint64_t i = 0; i < pages; i++) {
        if (!vm_device_frame_is_usable(system, first + (vmm_ppn)i))
            return false;
    }
    for (uint64_t i = 0; i < pages; i++)
        vm_fault_device_mark(system, first + (vmm_ppn)i);
    return true;
}

/* How much of a block's entry one fault maps (vm.md 4.4 step 8). */
static void
vm_fault_block_window(const struct vm_profile *profile, vmm_va va, vmm_va *start, vmm_va *end)
{
    if (profile->block_window == 0)
        return;
    if (va - *start > profile->block_window)
        *start = va - profile->block_window;
    if (*end - va > profile->block_window)
        *end = va + profile->block_window;
}

static enum vmm_status
vm_fault_block(struct vm_map *map, const struct vm_map_entry *entry,
               const struct vm_fault_enter *how)
{
    struct vm_system *system = map->system;
    vmm_va start = entry->start;
    vmm_va end = entry->end;
    vmm_off offset;
    vmm_ppn first;
    enum vmm_status status;

    vm_fault_block_window(&system->profile, how->va - how->delta, &start, &end);
    offset = vm_entry_offset(entry, start);
    first = vm_device_frame(entry->object, offset);
    if (first == VMM_NO_PAGE ||
        !vm_fault_device_ready(system, first,
                               vm_object_span(entry->object, offset, end - start) >>
                                   system->page_shift))
        return VMM_MEMORY_ERROR;
    do
        status = pmap_map_block(how->pmap, start + how->delta, first, vm_map_part(map, offset),
                                end - start, how->prot);
    while (status == VMM_MODEL_NO_FRAME && vm_page_reclaim(system) == VMM_OK);
    return status;
}

static enum vmm_status
vm_fault_device_page(struct vm_map *map, const struct vm_map_entry *entry,
                     const struct vm_fault_enter *how)
{
    struct vm_system *system = map->system;
    vmm_ppn ppn = vm_device_frame(entry->object, vm_entry_offset(entry, how->va - how->delta));
    vmm_prot prot = vm_fault_rights(&system->profile, how, false);
    uint32_t flags = pmap_enter_part(how->part) | (how->is_wired ? (uint32_t)PMAP_ENTER_WIRED : 0);
    enum vmm_status status;

    if (!vm_fault_device_ready(system, ppn, 1))
        return VMM_MEMORY_ERROR;
    if (prot == VMM_PROT_NONE)
        return VMM_OK;
    do
        status = pmap_enter(how->pmap, how->va, ppn, prot, flags);
    while (status == VMM_MODEL_NO_FRAME && vm_page_reclaim(system) == VMM_OK);
    return status;
}

enum vmm_status
vm_fault_device(struct vm_map *map, const struct vm_map_entry *entry,
                const struct vm_fault_enter *how)
{
    return entry->object->phys_contiguous ? vm_fault_block(map, entry, how)
                                          : vm_fault_device_page(map, entry, how);
}

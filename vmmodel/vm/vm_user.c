/* vm_user.c - the Mach calls' own checks and rounding, before vm_map.c works (vm.md 2.1, 2.2) */
#include <inttypes.h>

#include "vm/vm_internal.h"
#include "vm/vm_map_store.h"
#include "vm/vm_user.h"

enum vmm_status
vm_allocate(struct vm_map *map, vmm_va *address, vmm_size size, uint32_t flags)
{
    struct vm_map_enter_args args = { .flags = flags,
                                      .protection = VMM_PROT_DEFAULT,
                                      .max_protection = VMM_PROT_ALL,
                                      .inheritance = VMM_INHERIT_COPY };
    vmm_va at = flags & VM_MAP_ANYWHERE ? map->min : vm_map_trunc_page(map, *address);
    enum vmm_status status = vm_system_runs(map->system);

    if (status != VMM_OK)
        return status;
    if (flags & 0xFFFFFF &
        ~(uint32_t)(VM_MAP_ANYWHERE | VM_MAP_PURGABLE | VM_MAP_4GB_CHUNK | VM_MAP_RANDOM_ADDR |
                    VM_MAP_NO_CACHE | VM_MAP_PERMANENT | VM_MAP_OVERWRITE | VM_MAP_SUPERPAGE_MASK |
                    VM_MAP_TPRO))
        return VMM_INVALID_ARGUMENT;
    if (size == 0) {
        *address = 0;
        return VMM_OK;
    }
    args.size = vm_map_round_page(map, size);
    if (args.size == 0)
        return VMM_INVALID_ARGUMENT;
    status = vm_superpage_args(map, &args);
    if (status != VMM_OK)
        return status;
    if (vm_range_wraps(at, args.size))
        return flags & VM_MAP_ANYWHERE ? VMM_NO_SPACE : VMM_INVALID_ADDRESS;
    status = vm_map_enter(map, &at, &args);
    if (status == VMM_OK)
        *address = at;
    return status;
}

/*
 * Deallocation outside [min, max): older releases cut the range to the map; newer ones remove
 * nothing. Either way the answer is success.
 */
static bool
vm_deallocate_range(const struct vm_map *map, vmm_va *start, vmm_va *end)
{
    bool is_outside = *start < map->min || *end > map->max;

    if (is_outside && !map->system->profile.delete_clamps)
        return false;
    *start = *start < map->min ? map->min : *start;
    *end = *end > map->max ? map->max : *end;
    return *start < *end;
}

/* The kernel's own map must be mapped throughout: a hole is a panic (vm.md 2.1). */
static enum vmm_status
vm_deallocate_kernel_check(struct vm_map *map, vmm_va start, vmm_va end)
{
    struct vm_map_entry *entry;
    vmm_va at = start;

    while (at < end && vm_map_lookup_entry(map, at, &entry))
        at = entry->end;
    if (at >= end)
        return VMM_OK;
    return vm_panic(map->system, REASON_DELETE_HOLE, map->space, at,
                    "vm_map_delete: no map entry at 0x%" PRIx64, at);
}

enum vmm_status
vm_deallocate(struct vm_map *map, vmm_va address, vmm_size size)
{
    vmm_va start = vm_map_trunc_page(map, address);
    vmm_va end = vm_map_round_page(map, address + size);
    enum vmm_status status = vm_system_runs(map->system);

    if (status != VMM_OK)
        return status;
    if (vm_range_wraps(address, size))
        return VMM_INVALID_ARGUMENT;
    if (size == 0)
        return VMM_OK;
    if (end == 0)
        return map->system->profile.sanitizes_ranges ? VMM_INVALID_ARGUMENT : VMM_OK;
    if (!vm_deallocate_range(map, &start, &end))
        return VMM_OK;
    if (vm_map_is_kernel_pmap(map))
        status = vm_deallocate_kernel_check(map, start, end);
    return status == VMM_OK ? vm_map_delete(map, start, end) : status;
}

/* From 10.14 on VM_PROT_COPY puts a copy of the range over itself, with WRITE in its maximum. */
static enum vmm_status
vm_protect_remap(struct vm_map *map, vmm_va start, vmm_va end, vmm_prot prot)
{
    struct vm_remap_call call = { .size = end - start,
                                  .flags = VM_MAP_OVERWRITE,
                                  .source_map = map,
                                  .source = start,
                                  .copy = true,
                                  .inheritance = VMM_INHERIT_COPY };
    vmm_prot max_prot;
    struct vm_map_entry *entry;
    enum vmm_status status =
        vm_map_protect_check(map, start, end, prot & VMM_PROT_ALL & ~(vmm_prot)VMM_PROT_WRITE);

    if (status == VMM_OK)
        status = vm_remap(map, &start, &call, &prot, &max_prot);
    if (status != VMM_OK)
        return status;
    entry = vm_map_entry_at_or_after(map, start);
    for (; entry != NULL && entry->start < end; entry = vm_map_next(map, entry))
        entry->max_protection |= VMM_PROT_WRITE;
    return VMM_OK;
}

enum vmm_status
vm_protect(struct vm_map *map, vmm_va address, vmm_size size, bool set_maximum, vmm_prot prot)
{
    bool sanitizes = map->system->profile.sanitizes_ranges;
    vmm_va start = vm_map_trunc_page(map, address);
    vmm_va end = vm_map_round_page(map, address + size);
    enum vmm_status status = vm_system_runs(map->system);

    if (status != VMM_OK)
        return status;
    if (vm_range_wraps(address, size))
        return VMM_INVALID_ARGUMENT;
    if (size == 0 && sanitizes)
        return VMM_OK;
    if (prot & ~(vmm_prot)(VMM_PROT_ALL | VMM_PROT_COPY))
        return VMM_INVALID_ARGUMENT;
    if (size == 0)
        return VMM_OK;
    if (end == 0)
        return VMM_INVALID_ADDRESS; /* vm.md 2.1: 0 or 1 before 15, 1 from 15; we take 1 */
    if ((prot & VMM_PROT_COPY) &&
        (map->system->profile.protect_copy_remaps || vm_map_is_small(map))) {
        status = vm_protect_remap(map, start, end, prot);
        if (status != VMM_OK)
            return status;
        prot &= VMM_PROT_ALL;
    }
    return vm_map_protect(map, start, end, prot, set_maximum);
}

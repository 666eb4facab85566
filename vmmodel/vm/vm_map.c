/*
 * vm_map.c - entries come, change and go
 *
 * Nothing here makes a page or a translation. Translations are only ever taken away: removal drops
 * them, protection narrows them. What they once allowed comes back through vm_fault(), one page at a
 * time; that is what "lazy" means.
 */
#include "vm/vm_map.h"

#include <inttypes.h>

#include "vm/vm_fault_wire.h"
#include "vm/vm_map_store.h"
#include "vm/vm_map_wire.h"
#include "vm/vm_object.h"
#include "vm/vm_page.h"

vmm_va
vm_map_min(const struct vm_map *map)
{
    return map->min;
}

vmm_va
vm_map_max(const struct vm_map *map)
{
    return map->max;
}

vmm_size
vm_map_size(const struct vm_map *map)
{
    return map->size;
}

uint32_t
vm_map_space(const struct vm_map *map)
{
    return map->space;
}

bool
vm_map_is_kernel(const struct vm_map *map)
{
    return map == map->system->kernel_map;
}

struct vm_system *
vm_map_system(const struct vm_map *map)
{
    return map->system;
}

void
vm_map_reference(struct vm_map *map)
{
    map->ref_count++;
}

vmm_va
vm_map_trunc_page(const struct vm_map *map, vmm_va address)
{
    return address & ~(map->system->page_bytes - 1);
}

vmm_va
vm_map_round_page(const struct vm_map *map, vmm_va address)
{
    return vm_map_trunc_page(map, address + map->system->page_bytes - 1);
}

/* ---- enter ---- */

/* Finds or checks the place; with OVERWRITE what is there goes. The map is locked. */
static enum vmm_status
vm_map_place(struct vm_map *map, vmm_va *address, const struct vm_map_enter_args *args)
{
    struct vm_map_entry *entry;

    if (args->flags & VM_MAP_ANYWHERE)
        return vm_map_find_space(map, args->size, args->mask, address);
    if (*address & args->mask)
        return VMM_NO_SPACE;
    if (*address < map->min || *address > map->max || map->max - *address < args->size)
        return VMM_INVALID_ADDRESS;
    if (args->flags & VM_MAP_OVERWRITE) {
        enum vmm_status status;

        vm_map_unlock(map);
        status = vm_map_delete(map, *address, *address + args->size);
        vm_map_lock(map);
        if (status != VMM_OK)
            return status;
    }
    entry = vm_map_entry_at_or_after(map, *address);
    return entry != NULL && entry->start < *address + args->size ? VMM_NO_SPACE : VMM_OK;
}

enum vmm_status
vm_map_enter(struct vm_map *map, vmm_va *address, const struct vm_map_enter_args *args)
{
    struct vm_map_entry *entry = vmm_zone_take(&map->system->entry_zone);
    enum vmm_status status;
    vmm_va at = *address;

    if (entry == NULL)
        return VMM_MODEL_NO_MEMORY;
    vm_map_lock(map);
    status = vm_map_place(map, &at, args);
    if (status == VMM_OK) {
        *entry = (struct vm_map_entry){ .start = at,
                                        .end = at + args->size,
                                        .object = args->object,
                                        .offset = args->offset,
                                        .protection = args->protection,
                                        .max_protection = args->max_protection,
                                        .inheritance = (uint8_t)args->inheritance,
                                        .needs_copy = args->needs_copy };
        vm_map_entry_link(map, entry);
    }
    vm_map_unlock(map);
    if (status != VMM_OK) {
        vmm_zone_give(&map->system->entry_zone, entry);
        return status;
    }
    *address = at;
    trace_emit(&map->system->trace, EV_MAP_ENTER, .space = map->space, .va = at,
               .length = args->size, .prot = args->protection,
               .object = args->object == NULL ? 0 : args->object->id);
    return VMM_OK;
}

/* ---- delete ---- */

/*
 * What happens to a thread that removes an entry with kernel wires: it waits for their owner, under
 * I/O Kit's global lock if it came from there. A kernel with assertions stops instead, for its own
 * map (iokit.md 4.4).
 */
static enum vmm_status
vm_map_wait_for_kernel_wires(struct vm_map *map, struct vm_map_entry *entry)
{
    struct vm_system *system = map->system;

    if (system->kernel_asserts && vm_map_is_kernel(map))
        return vm_panic(system, REASON_WIRED_AT_UNMAP, map->space, entry->start,
                        "vm_map_delete: kernel map entry 0x%" PRIx64 "-0x%" PRIx64
                        " is still wired (%u)",
                        entry->start, entry->end, (unsigned)entry->wired_count);
    if (system->sched != NULL)
        return system->sched->block(system->sched, VM_SCHED_ENTRY_TRANSITION, map);
    return vm_hang(system, REASON_WIRED_AT_UNMAP, map->space, entry->start,
                   "vm_map_delete waits for ever: entry 0x%" PRIx64 "-0x%" PRIx64
                   " has %u kernel wiring(s) that nobody undoes",
                   entry->start, entry->end, (unsigned)entry->wired_count);
}

/* Drops every user wire of the entry; with the last wire the pages are unwired. vm.md 3.6. */
static void
vm_map_drop_user_wires(struct vm_map *map, struct vm_map_entry *entry)
{
    if (entry->user_wired_count == 0)
        return;
    map->user_wire_size -= vm_entry_size(entry);
    entry->user_wired_count = 0;
    entry->wired_count--;
    trace_emit(&map->system->trace, EV_MAP_UNWIRE, .space = map->space, .va = entry->start,
               .length = vm_entry_size(entry), .count = entry->wired_count);
    if (entry->wired_count == 0)
        vm_fault_unwire(map, entry);
}

/* Removes one whole entry that lies inside the range. */
static enum vmm_status
vm_map_delete_entry(struct vm_map *map, struct vm_map_entry *entry)
{
    vm_map_drop_user_wires(map, entry);
    while (entry->wired_count > 0) {
        enum vmm_status status = vm_map_wait_for_kernel_wires(map, entry);

        if (status != VMM_OK)
            return status;
    }
    if (entry->object != NULL || vm_map_is_kernel(map))
        pmap_remove(map->pmap, entry->start, entry->end);
    trace_emit(&map->system->trace, EV_MAP_REMOVE, .space = map->space, .va = entry->start,
               .length = vm_entry_size(entry),
               .object = entry->object == NULL ? 0 : entry->object->id);
    vm_map_entry_dispose(map, entry);
    return VMM_OK;
}

enum vmm_status
vm_map_delete(struct vm_map *map, vmm_va start, vmm_va end)
{
    enum vmm_status status = VMM_OK;
    struct vm_map_entry *entry;

    vm_map_lock(map);
    entry = vm_map_entry_at_or_after(map, start);
    while (status == VMM_OK && entry != NULL && entry->start < end) {
        status = vm_map_clip_start(map, entry, start);
        if (status == VMM_OK)
            status = vm_map_clip_end(map, entry, end);
        if (status == VMM_OK)
            status = vm_map_delete_entry(map, entry);
        entry = vm_map_entry_at_or_after(map, start);
    }
    vm_map_unlock(map);
    return status;
}

/* ---- protect ---- */

/* First pass: the whole range is mapped and may have these rights; nothing changes yet. */
static enum vmm_status
vm_map_protect_check(const struct vm_map *map, vmm_va start, vmm_va end, vmm_prot prot)
{
    struct vm_map_entry *entry;

    if (start >= map->max || !vm_map_lookup_entry(map, start, &entry))
        return VMM_INVALID_ADDRESS;
    for (;;) {
        if ((prot & entry->max_protection) != prot)
            return VMM_PROTECTION_FAILURE;
        if (entry->end >= end)
            return VMM_OK;
        if (vm_map_next(map, entry) == NULL || vm_map_next(map, entry)->start != entry->end)
            return VMM_INVALID_ADDRESS;
        entry = vm_map_next(map, entry);
    }
}

/* Second pass, one entry: translations lose WRITE whenever the value changes at all (vm.md 2.3). */
static void
vm_map_protect_entry(struct vm_map *map, struct vm_map_entry *entry, vmm_prot prot,
                     bool set_maximum)
{
    vmm_prot before = entry->protection;

    if (set_maximum) {
        entry->max_protection = prot;
        entry->protection &= prot;
    } else {
        entry->protection = prot;
    }
    if (entry->protection == before)
        return;
    pmap_protect(map->pmap, entry->start, entry->end,
                 entry->protection & ~(vmm_prot)VMM_PROT_WRITE);
    trace_emit(&map->system->trace, EV_MAP_PROTECT, .space = map->space, .va = entry->start,
               .length = vm_entry_size(entry), .prot = entry->protection);
}

enum vmm_status
vm_map_protect(struct vm_map *map, vmm_va start, vmm_va end, vmm_prot prot, bool set_maximum)
{
    struct vm_map_entry *entry;
    enum vmm_status status;

    vm_map_lock(map);
    status = vm_map_protect_check(map, start, end, prot);
    entry = status == VMM_OK ? vm_map_entry_at_or_after(map, start) : NULL;
    while (entry != NULL && entry->start < end) {
        status = vm_map_clip_start(map, entry, start);
        if (status == VMM_OK)
            status = vm_map_clip_end(map, entry, end);
        if (status != VMM_OK)
            break;
        vm_map_protect_entry(map, entry, prot, set_maximum);
        entry = vm_map_next(map, entry);
    }
    vm_map_simplify_range(map, start, end);
    vm_map_unlock(map);
    return status;
}

/* ---- life ---- */

void
vm_map_release(struct vm_map **map)
{
    struct vm_map *gone = *map;

    *map = NULL;
    if (--gone->ref_count > 0)
        return;
    VMM_ASSERT(gone->tree.count == 0);
    if (gone->pmap != NULL)
        pmap_destroy(gone->pmap);
    vmm_list_remove(&gone->link);
    vmm_zone_give(&gone->system->map_zone, gone);
}

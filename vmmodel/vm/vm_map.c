/*
 * vm_map.c - entries change
 *
 * Nothing here makes a page or a translation. Translations are only ever taken away: removal drops
 * them, protection narrows them. What they once allowed comes back through vm_fault(), one page at a
 * time; that is what "lazy" means.
 */
#include "vm/vm_map.h"

#include "vm/vm_map_store.h"
#include "vm/vm_object.h"

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

vmm_size
vm_map_page_bytes(const struct vm_map *map)
{
    return (vmm_size)1 << map->page_shift;
}

vmm_va
vm_map_trunc_page(const struct vm_map *map, vmm_va address)
{
    return address & ~(vm_map_page_bytes(map) - 1);
}

vmm_va
vm_map_round_page(const struct vm_map *map, vmm_va address)
{
    return vm_map_trunc_page(map, address + vm_map_page_bytes(map) - 1);
}

bool
vm_map_is_kernel_pmap(const struct vm_map *map)
{
    return map->pmap == pmap_kernel(map->system->pmaps);
}

/* A submap's translations are in the pmaps of whoever shows it: there the object's pages tell. */
void
vm_map_entry_narrow(const struct vm_map *map, const struct vm_map_entry *entry, vmm_prot prot)
{
    if (map->pmap != NULL && !map->mapped_in_other_pmaps)
        pmap_protect(map->pmap, entry->start, entry->end, prot);
    else if (entry->object != NULL)
        vm_object_pmap_protect(entry->object, entry->offset, vm_entry_size(entry), prot);
}

/* ---- protect ---- */

/* First pass: the whole range is mapped and may have these rights; nothing changes yet. */
enum vmm_status
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
        entry->max_protection = (uint8_t)prot;
        entry->protection &= (uint8_t)prot;
    } else {
        entry->protection = (uint8_t)prot;
    }
    if (entry->protection == before)
        return;
    if (!VMM_PLANTED(VMM_PLANTED_NO_NARROW))
        vm_map_entry_narrow(map, entry, entry->protection & ~(vmm_prot)VMM_PROT_WRITE);
    trace_emit(&map->system->trace, EV_MAP_PROTECT, .space = map->space, .va = entry->start,
               .length = vm_entry_size(entry), .prot = entry->protection);
}

/* From 15 on protect begins when nobody (un)wires any entry of the range. */
static enum vmm_status
vm_map_protect_wait(struct vm_map *map, vmm_va start, vmm_va end)
{
    struct vm_map_entry *entry = vm_map_entry_at_or_after(map, start);
    enum vmm_status status = VMM_OK;

    while (status == VMM_OK && map->system->profile.protect_waits && entry != NULL &&
           entry->start < end) {
        if (entry->in_transition) {
            status =
                vm_map_entry_wait(map, entry, VM_SCHED_UNINTERRUPTIBLE, REASON_IN_TRANSITION_WAIT);
            entry = vm_map_entry_at_or_after(map, start);
        } else {
            entry = vm_map_next(map, entry);
        }
    }
    return status;
}

/*
 * VM_PROT_COPY up to 10.13: the entry becomes a pending copy of itself that may be written, wired or
 * not (T4). The next store makes the copy. Differs from XNU: what a submap shows and is wired there
 * stays shared, since the wires could not be found again.
 */
static void
vm_map_protect_copy(struct vm_map *map, struct vm_map_entry *entry)
{
    entry->max_protection |= VMM_PROT_WRITE;
    if (entry->submap == NULL ? entry->object == NULL : entry->wired_count > 0)
        return;
    entry->needs_copy = true;
    vm_map_entry_narrow(map, entry, entry->protection & ~(vmm_prot)VMM_PROT_WRITE);
}

enum vmm_status
vm_map_protect(struct vm_map *map, vmm_va start, vmm_va end, vmm_prot prot, bool set_maximum)
{
    bool copies = (prot & VMM_PROT_COPY) != 0;
    struct vm_map_entry *entry;
    enum vmm_status status;

    prot &= VMM_PROT_ALL;
    vm_map_lock(map);
    status = vm_map_protect_wait(map, start, end);
    if (status == VMM_OK) /* a copy may be written, whatever the maximum was */
        status =
            vm_map_protect_check(map, start, end, copies ? prot & ~(vmm_prot)VMM_PROT_WRITE : prot);
    entry = status == VMM_OK ? vm_map_entry_at_or_after(map, start) : NULL;
    while (entry != NULL && entry->start < end) {
        status = vm_map_clip_range(map, entry, start, end);
        if (status != VMM_OK)
            break;
        if (copies)
            vm_map_protect_copy(map, entry);
        vm_map_protect_entry(map, entry, prot, set_maximum);
        entry = vm_map_next(map, entry);
    }
    if (status == VMM_OK)
        vm_map_simplify_range(map, start, end);
    vm_map_unlock(map);
    return status;
}

/* ---- inherit ---- */

/* A submap is shown or not; it cannot be copied by a fork (vm.md 2.1). */
static bool
vm_map_has_submap(const struct vm_map *map, vmm_va start, vmm_va end)
{
    const struct vm_map_entry *entry = vm_map_entry_at_or_after(map, start);

    while (entry != NULL && entry->start < end && entry->submap == NULL)
        entry = vm_map_next(map, entry);
    return entry != NULL && entry->start < end;
}

enum vmm_status
vm_map_inherit(struct vm_map *map, vmm_va start, vmm_va end, uint32_t inheritance)
{
    struct vm_map_entry *entry;
    enum vmm_status status = VMM_OK;

    if (inheritance == VMM_INHERIT_COPY && vm_map_has_submap(map, start, end))
        return VMM_INVALID_ARGUMENT;
    vm_map_lock(map);
    entry = vm_map_entry_at_or_after(map, start);
    for (; entry != NULL && entry->start < end; entry = vm_map_next(map, entry)) {
        status = vm_map_clip_range(map, entry, start, end);
        if (status != VMM_OK)
            break;
        entry->inheritance = (uint8_t)inheritance;
    }
    vm_map_unlock(map);
    return status;
}

/* ---- life ---- */

void
vm_map_set_user_wire_limit(struct vm_map *map, vmm_size bytes)
{
    map->user_wire_limit = bytes;
}

enum vmm_status
vm_map_create(struct vm_system *system, uint32_t space, vmm_va min, vmm_va max,
              struct vm_map **made)
{
    struct vm_map *map = vmm_zone_take(&system->map_zone);

    if (map == NULL)
        return VMM_MODEL_NO_MEMORY;
    map->system = system;
    map->space = space;
    map->page_shift = system->page_shift;
    map->ref_count = 1;
    map->min = min;
    map->max = max;
    vm_map_search_within(map, min, max);
    map->user_wire_limit = system->machine->geometry->user_max; /* "unlimited", vm.md 1.1 */
    vmm_list_init(&map->entries);
    vmm_index_init(&map->index, &system->index_zone);
    map->hint_place = &map->hint;
    vmm_list_append(&system->maps, &map->link);
    *made = map;
    return VMM_OK;
}

/* Entries are left only in a submap; one that is still wired keeps the map for ever. */
void
vm_map_release(struct vm_map **map)
{
    struct vm_map *gone = *map;

    *map = NULL;
    VMM_ASSERT(gone->ref_count > 0);
    if (--gone->ref_count > 0)
        return;
    if (gone->entry_count > 0 && vm_map_delete(gone, gone->min, gone->max) != VMM_OK)
        return;
    VMM_ASSERT(gone->entry_count == 0);
    if (gone->owns_pmap && gone->pmap != NULL)
        pmap_destroy(gone->pmap);
    if (gone->shared_pmap != NULL)
        pmap_destroy(gone->shared_pmap);
    vmm_list_remove(&gone->link);
    vmm_zone_give(&gone->system->map_zone, gone);
}

void
vm_map_drop_translations(struct vm_map *map, vmm_va start, vmm_va end)
{
    pmap_remove(map->pmap, start, end);
}

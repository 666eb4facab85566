/*
 * vm_map_delete.c - entries go, when nobody holds them any more
 *
 * An entry in transition is waited for; then every user wire goes; what kernel wires are left is
 * waited for too. The last wire is undone with the map unlocked and the entry in transition, so each
 * wait begins with a fresh look. Translations go with the entry.
 */
#include <inttypes.h>

#include "vm/vm_map_store.h"
#include "vm/vm_map_wire_internal.h"
#include "vm/vm_object.h"
#include "vm/vm_submap.h"

/* One removal in progress. */
struct vm_delete {
    struct vm_map *map;
    vmm_va at; /* [start, at) is gone */
    vmm_va end;
    uint32_t flags;
    vmm_va unwired_to;      /* with KUNWIRE: below it the caller's own wire is dropped already */
    struct vmm_list *saved; /* who gets the entries; NULL: they are freed */
};

static enum vm_sched_wait
vm_delete_wait(const struct vm_delete *delete)
{
    return delete->flags & VM_MAP_REMOVE_INTERRUPTIBLE ? VM_SCHED_INTERRUPTIBLE
                                                       : VM_SCHED_UNINTERRUPTIBLE;
}

/*
 * What happens to a thread that removes an entry with kernel wires: it waits for their owner, under
 * I/O Kit's global lock if it came from there. A kernel with assertions stops instead, for its own
 * map (iokit.md 4.4).
 */
static enum vmm_status
vm_delete_wait_for_kernel_wires(const struct vm_delete *delete, struct vm_map_entry *entry)
{
    struct vm_map *map = delete->map;
    struct vm_system *system = map->system;

    if (system->kernel_asserts && vm_map_is_kernel(map))
        return vm_panic(system, REASON_WIRED_AT_UNMAP, map->space, entry->start,
                        "vm_map_delete: kernel map entry 0x%" PRIx64 "-0x%" PRIx64
                        " is still wired (%u)",
                        entry->start, entry->end, (unsigned)entry->wired_count);
    return vm_map_entry_wait(map, entry, vm_delete_wait(delete), REASON_WIRED_AT_UNMAP);
}

/* Drops every user wire and, once, the kernel wire that the caller says is its own. vm.md 3.6. */
static void
vm_delete_drop_wires(struct vm_delete *delete, struct vm_map_entry *entry)
{
    struct vm_map *map = delete->map;
    uint16_t before = entry->wired_count;

    if (entry->user_wired_count > 0) {
        map->user_wire_size -= vm_entry_size(entry);
        entry->user_wired_count = 0;
        entry->wired_count--;
    }
    if ((delete->flags & VM_MAP_REMOVE_KUNWIRE) && entry->wired_count > 0 &&
        entry->start >= delete->unwired_to) {
        entry->wired_count--;
        delete->unwired_to = entry->end;
    }
    if (entry->wired_count != before)
        trace_emit(&map->system->trace, EV_MAP_UNWIRE, .space = map->space, .va = entry->start,
                   .length = vm_entry_size(entry), .count = entry->wired_count);
}

/* A user entry that nobody touched is passed over; the kernel's never is (vm.md 2.3). */
static void
vm_delete_translations(struct vm_map *map, struct vm_map_entry *entry)
{
    if (entry->submap != NULL)
        vm_map_submap_clean(map, entry);
    else if (map->pmap == NULL || map->mapped_in_other_pmaps)
        vm_map_entry_narrow(map, entry, VMM_PROT_NONE);
    else if (entry->object != NULL || vm_map_is_kernel_pmap(map))
        pmap_remove(map->pmap, entry->start, entry->end);
}

/* A permanent entry stays, and nothing is allowed in it any more; older releases panic. */
static enum vmm_status
vm_map_close_permanent(struct vm_map *map, struct vm_map_entry *entry)
{
    if (vm_map_is_kernel(map) || map->system->profile.permanent_delete_panics)
        return vm_panic(map->system, REASON_DELETE_PERMANENT, map->space, entry->start,
                        "vm_map_delete: attempt to remove permanent VM map entry 0x%" PRIx64
                        "-0x%" PRIx64,
                        entry->start, entry->end);
    entry->protection = VMM_PROT_NONE;
    entry->max_protection = VMM_PROT_NONE;
    vm_delete_translations(map, entry);
    trace_emit(&map->system->trace, EV_MAP_PROTECT, .space = map->space, .va = entry->start,
               .length = vm_entry_size(entry), .prot = VMM_PROT_NONE);
    return VMM_OK;
}

/* Removes one whole entry that lies inside the range and has no wires. */
static void
vm_delete_entry(const struct vm_delete *delete, struct vm_map_entry *entry)
{
    struct vm_map *map = delete->map;

    vm_delete_translations(map, entry);
    trace_emit(&map->system->trace, EV_MAP_REMOVE, .space = map->space, .va = entry->start,
               .length = vm_entry_size(entry),
               .object = entry->object == NULL ? 0 : entry->object->id);
    vm_map_entry_unlink(map, entry);
    if (delete->saved != NULL)
        vmm_list_append(delete->saved, &entry->link);
    else
        vm_map_entry_free(map, entry);
    if (map->wait_for_space)
        vm_map_wakeup(map, VM_SCHED_MAP_SPACE);
}

/* All wires that may go, go; with the last one the pages are unwired, the map unlocked. */
static enum vmm_status
vm_delete_unwire(struct vm_delete *delete, struct vm_map_entry *entry)
{
    struct vm_wire_range range =
        vm_wire_range(delete->map, entry->start, entry->end, entry->user_wired_count > 0);

    vm_delete_drop_wires(delete, entry);
    return entry->wired_count > 0 ? vm_delete_wait_for_kernel_wires(delete, entry)
                                  : vm_map_unwire_pages(&range, entry);
}

/* Cuts off what is not to go; a nested entry that goes whole is not cut, so it is unnested at once. */
static enum vmm_status
vm_delete_clip(const struct vm_delete *delete, struct vm_map_entry *entry)
{
    enum vmm_status status = VMM_OK;

    if (entry->start < delete->at)
        status = vm_map_clip_start(delete->map, entry, delete->at);
    if (status == VMM_OK && entry->end > delete->end)
        status = vm_map_clip_end(delete->map, entry, delete->end);
    return status;
}

/* One entry from `at` on; `at` moves behind it, or stays when the entry must be looked at again. */
static enum vmm_status
vm_delete_step(struct vm_delete *delete)
{
    struct vm_map *map = delete->map;
    struct vm_map_entry *entry = vm_map_entry_at_or_after(map, delete->at);
    enum vmm_status status;

    if (entry == NULL || entry->start >= delete->end) {
        delete->at = delete->end;
        return VMM_OK;
    }
    status = vm_delete_clip(delete, entry);
    if (status != VMM_OK)
        return status;
    if (entry->in_transition)
        return vm_map_entry_wait(map, entry, vm_delete_wait(delete), REASON_IN_TRANSITION_WAIT);
    if (entry->wired_count > 0)
        return vm_delete_unwire(delete, entry); /* the map was unlocked: look again */
    delete->at = entry->end;
    if (entry->permanent)
        return vm_map_close_permanent(map, entry);
    vm_delete_entry(delete, entry);
    return VMM_OK;
}

enum vmm_status
vm_map_delete_locked(struct vm_map *map, vmm_va start, vmm_va end, uint32_t flags,
                     struct vmm_list *saved)
{
    struct vm_delete delete = { map, start, end, flags, start, saved };
    enum vmm_status status = VMM_OK;

    while (status == VMM_OK && delete.at < delete.end)
        status = vm_delete_step(&delete);
    return status;
}

enum vmm_status
vm_map_remove(struct vm_map *map, vmm_va start, vmm_va end, uint32_t flags)
{
    enum vmm_status status;

    vm_map_lock(map);
    status = vm_map_delete_locked(map, start, end, flags, NULL);
    vm_map_unlock(map);
    return status;
}

enum vmm_status
vm_map_delete(struct vm_map *map, vmm_va start, vmm_va end)
{
    return vm_map_remove(map, start, end, 0);
}

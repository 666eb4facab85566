/*
 * vm_map_delete.c - entries go, when nobody holds them any more
 *
 * An entry in transition is waited for; then every user wire goes; what kernel wires are left is
 * waited for too. Translations go with the entry.
 */
#include <inttypes.h>

#include "vm/vm_fault_wire.h"
#include "vm/vm_map_store.h"
#include "vm/vm_object.h"

/* Another thread may end the wait with the map unlocked; then the caller must look again. */
enum vmm_status
vm_map_entry_wait(struct vm_map *map, struct vm_map_entry *entry, enum trace_reason reason)
{
    struct vm_system *system = map->system;
    enum vmm_status status;

    if (system->sched == NULL)
        return vm_hang(system, reason, map->space, entry->start,
                       "the thread waits for ever: entry 0x%" PRIx64 "-0x%" PRIx64
                       " has %u kernel wiring(s)%s",
                       entry->start, entry->end, (unsigned)entry->wired_count,
                       entry->in_transition ? " and is in transition" : " that nobody undoes");
    entry->needs_wakeup |= entry->in_transition;
    vm_map_unlock(map);
    status = system->sched->block(system->sched, VM_SCHED_ENTRY_TRANSITION, map);
    vm_map_lock(map);
    return status;
}

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
    return vm_map_entry_wait(map, entry, REASON_WIRED_AT_UNMAP);
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
    pmap_remove(map->pmap, entry->start, entry->end);
    trace_emit(&map->system->trace, EV_MAP_PROTECT, .space = map->space, .va = entry->start,
               .length = vm_entry_size(entry), .prot = VMM_PROT_NONE);
    return VMM_OK;
}

/* Removes one whole entry that lies inside the range and has no wires. */
static void
vm_map_delete_entry(struct vm_map *map, struct vm_map_entry *entry)
{
    if (entry->object != NULL || vm_map_is_kernel(map))
        pmap_remove(map->pmap, entry->start, entry->end);
    trace_emit(&map->system->trace, EV_MAP_REMOVE, .space = map->space, .va = entry->start,
               .length = vm_entry_size(entry),
               .object = entry->object == NULL ? 0 : entry->object->id);
    vm_map_entry_dispose(map, entry);
}

/* One entry from *at on; *at moves behind it, or stays when the entry must be looked at again. */
static enum vmm_status
vm_map_delete_step(struct vm_map *map, vmm_va *at, vmm_va end)
{
    struct vm_map_entry *entry = vm_map_entry_at_or_after(map, *at);
    enum vmm_status status;

    if (entry == NULL || entry->start >= end) {
        *at = end;
        return VMM_OK;
    }
    status = vm_map_clip_range(map, entry, *at, end);
    if (status != VMM_OK)
        return status;
    if (entry->in_transition)
        return vm_map_entry_wait(map, entry, REASON_IN_TRANSITION_WAIT);
    vm_map_drop_user_wires(map, entry);
    if (entry->wired_count > 0)
        return vm_map_wait_for_kernel_wires(map, entry);
    *at = entry->end;
    if (entry->permanent)
        return vm_map_close_permanent(map, entry);
    vm_map_delete_entry(map, entry);
    return VMM_OK;
}

enum vmm_status
vm_map_delete_locked(struct vm_map *map, vmm_va start, vmm_va end)
{
    enum vmm_status status = VMM_OK;

    while (status == VMM_OK && start < end)
        status = vm_map_delete_step(map, &start, end);
    return status;
}

enum vmm_status
vm_map_delete(struct vm_map *map, vmm_va start, vmm_va end)
{
    enum vmm_status status;

    vm_map_lock(map);
    status = vm_map_delete_locked(map, start, end);
    vm_map_unlock(map);
    return status;
}

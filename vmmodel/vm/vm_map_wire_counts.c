/* vm_map_wire_counts.c - how often an entry is wired, and how much a user may wire (vm.md 3.1) */
#include <inttypes.h>

#include "vm/vm_map_wire.h"
#include "vm/vm_map_wire_internal.h"

vmm_size
vm_system_user_wire_limit(const struct vm_system *system)
{
    static const uint8_t percent[] = { 70, 73, 76, 79, 82, 85, 88, 91, 94, 97 };
    vmm_size ram = (vmm_size)system->frame_count << system->page_shift;
    vmm_size reserve = ram / 5;
    unsigned step = 0;

    if (system->profile.wire_limit == VM_WIRE_LIMIT_RESERVE)
        return ram - (reserve < (64u << 20) ? reserve : (64u << 20));
    while (step + 1 < VMM_COUNT_OF(percent) && (ram >> 32) >> (step + 1) != 0)
        step++;
    reserve = ram - ram / 100 * percent[step];
    return ram - (reserve < ((vmm_size)32 << 30) ? reserve : ((vmm_size)32 << 30));
}

static bool
vm_wire_exceeds_limit(const struct vm_map *map, vmm_size size)
{
    const struct vm_system *system = map->system;
    vmm_size global = vm_system_user_wire_limit(system);
    vmm_size task = map->user_wire_limit < global ? map->user_wire_limit : global;
    uint64_t wired = system->wired_pages + pmap_table_pages(system->pmaps);

    return size + map->user_wire_size > task || size + (wired << system->page_shift) > global;
}

/* add_wire_counts() */
enum vmm_status
vm_map_add_wire(struct vm_map *map, struct vm_map_entry *entry, bool user_wire)
{
    bool is_first_user = user_wire && entry->user_wired_count == 0;

    if (is_first_user && vm_wire_exceeds_limit(map, vm_entry_size(entry)))
        return VMM_RESOURCE_SHORTAGE;
    if (user_wire && entry->user_wired_count >= VM_MAX_WIRE_COUNT)
        return VMM_FAILURE;
    if ((is_first_user || !user_wire) && entry->wired_count >= VM_MAX_WIRE_COUNT) {
        if (user_wire)
            return VMM_FAILURE;
        return vm_panic(map->system, REASON_TOO_MANY_WIRES, map->space, entry->start,
                        "vm_map_wire: too many wirings of entry 0x%" PRIx64 "-0x%" PRIx64,
                        entry->start, entry->end);
    }
    if (is_first_user)
        map->user_wire_size += vm_entry_size(entry);
    entry->wired_count = (uint16_t)(entry->wired_count + (is_first_user || !user_wire));
    entry->user_wired_count = (uint16_t)(entry->user_wired_count + user_wire);
    return VMM_OK;
}

/*
 * subtract_wire_counts(). Differs from XNU: when the kernel unwires what only users wired, the one wire
 * goes that all of theirs stand for, and they go with it; XNU keeps a user count that nothing can undo.
 */
void
vm_map_subtract_wire(struct vm_map *map, struct vm_map_entry *entry, bool user_wire)
{
    bool is_users_last = entry->user_wired_count > 0 &&
                         (user_wire ? entry->user_wired_count : entry->wired_count) == 1;

    VMM_ASSERT(entry->wired_count > 0);
    if (is_users_last && !VMM_PLANTED(VMM_PLANTED_WIRE_SIZE))
        map->user_wire_size -= vm_entry_size(entry);
    entry->wired_count = (uint16_t)(entry->wired_count - (is_users_last || !user_wire));
    entry->user_wired_count = is_users_last ? 0 : (uint16_t)(entry->user_wired_count - user_wire);
}

void
vm_map_say_wire(struct vm_map *map, enum trace_kind kind, const struct vm_map_entry *entry,
                vmm_prot access)
{
    trace_emit(&map->system->trace, kind, .space = map->space, .va = entry->start,
               .length = vm_entry_size(entry), .prot = access, .count = entry->wired_count);
}

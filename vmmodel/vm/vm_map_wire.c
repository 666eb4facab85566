/*
 * vm_map_wire.c - wiring a range, entry by entry, all or nothing
 *
 * An entry goes through: ask (rights, contiguity), count, mark in_transition, unlock, touch every
 * page (vm_fault_wire), lock, unmark. An entry that is wired already only counts: no question is
 * asked and no page is touched, which is how a second wire can succeed over a hole (vm.md T11).
 *
 * On failure the failing entry has undone itself, and [start, reached) is unwired as a caller would.
 */
#include "vm/vm_map_wire.h"

#include <inttypes.h>

#include "vm/vm_fault_internal.h"
#include "vm/vm_fault_wire.h"
#include "vm/vm_map_store.h"
#include "vm/vm_object.h"

/* One wiring in progress. */
struct vm_wire {
    struct vm_map *map;
    vmm_va at; /* [start, at) is done, or ours to undo */
    vmm_va end;
    vmm_prot access;
    bool user_wire;
};

/* ---- counts (vm.md 3.1) ---- */

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
static enum vmm_status
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

/* subtract_wire_counts() */
static void
vm_map_subtract_wire(struct vm_map *map, struct vm_map_entry *entry, bool user_wire)
{
    bool is_last_user = user_wire && entry->user_wired_count == 1;

    VMM_ASSERT(entry->wired_count > 0);
    if (is_last_user)
        map->user_wire_size -= vm_entry_size(entry);
    entry->wired_count = (uint16_t)(entry->wired_count - (is_last_user || !user_wire));
    entry->user_wired_count = (uint16_t)(entry->user_wired_count - user_wire);
}

static void
vm_map_say_wire(struct vm_map *map, enum trace_kind kind, const struct vm_map_entry *entry,
                vmm_prot access)
{
    trace_emit(&map->system->trace, kind, .space = map->space, .va = entry->start,
               .length = vm_entry_size(entry), .prot = access, .count = entry->wired_count);
}

/* ---- wire ---- */

/* Already wired: clip and count, nothing else. vm.md 3.2 step 3.3. */
static enum vmm_status
vm_map_wire_again(struct vm_wire *wire, struct vm_map_entry *entry)
{
    enum vmm_status status = vm_map_clip_range(wire->map, entry, wire->at, wire->end);

    if (status == VMM_OK)
        status = vm_map_add_wire(wire->map, entry, wire->user_wire);
    if (status == VMM_OK)
        vm_map_say_wire(wire->map, EV_MAP_WIRE, entry, wire->access);
    return status;
}

/* The wired part of an entry gets an object of its own: a shadow, unless the object is that already. */
static enum vmm_status
vm_map_wire_shadow(struct vm_wire *wire, struct vm_map_entry *entry)
{
    struct vm_object *before = entry->object;
    enum vmm_status status = vm_map_clip_range(wire->map, entry, wire->at, wire->end);

    if (status == VMM_OK)
        status = vm_object_shadow(&entry->object, &entry->offset, vm_entry_size(entry));
    if (status == VMM_OK && entry->object != before)
        pmap_protect(wire->map->pmap, entry->start, entry->end,
                     entry->protection & ~(vmm_prot)VMM_PROT_WRITE);
    return status;
}

/*
 * Gives the entry the object whose pages are wired. A missing object, or the copy that is still to
 * be made, comes for the whole entry, before it is clipped. From 13 on a symmetric object cannot
 * stay under a wiring: one that was there is shadowed for the wired part alone, and whatever backs
 * the entry then is copied by delay from now on. vm.md 3.2 step 3.5.
 */
static enum vmm_status
vm_map_wire_object(struct vm_wire *wire, struct vm_map_entry *entry)
{
    bool forces = wire->map->system->profile.wire_forces_shadow;
    enum vmm_status status = VMM_OK;

    if (entry->object == NULL || entry->needs_copy)
        status = vm_fault_materialise(entry, wire->map->system);
    else if (forces && entry->object->copy_strategy == VM_COPY_SYMMETRIC)
        status = vm_map_wire_shadow(wire, entry);
    if (status == VMM_OK && forces && entry->object->copy_strategy == VM_COPY_SYMMETRIC)
        vm_object_share(entry->object);
    return status;
}

/* The questions asked of an entry that is not wired yet. vm.md 3.2 steps 3.7 and 3.8. */
static enum vmm_status
vm_map_wire_check(const struct vm_wire *wire, const struct vm_map_entry *entry)
{
    const struct vm_map_entry *next = vm_map_next(wire->map, entry);

    if (entry->end < wire->end && (next == NULL || next->start > entry->end))
        return VMM_INVALID_ADDRESS;
    if ((entry->protection & wire->access) != wire->access)
        return VMM_PROTECTION_FAILURE;
    return VMM_OK;
}

/* Others may run while the map is unlocked; they find the entry in transition. */
static void
vm_map_yield(struct vm_map *map)
{
    if (map->system->sched != NULL)
        map->system->sched->yield(map->system->sched);
}

/*
 * Ends the transition of what was one entry when it began: others may have cut it meanwhile. Without
 * success every fragment loses the wire that was counted. vm.md 3.2 step 3.11.
 */
static void
vm_map_wire_end(struct vm_wire *wire, const struct vm_map_entry *snapshot, bool is_wired)
{
    struct vm_map *map = wire->map;
    struct vm_map_entry *entry = vm_map_entry_at_or_after(map, snapshot->start);
    bool wakes = false;

    for (; entry != NULL && entry->start < snapshot->end; entry = vm_map_next(map, entry)) {
        entry->in_transition = false;
        wakes |= entry->needs_wakeup;
        entry->needs_wakeup = false;
        if (is_wired)
            vm_map_say_wire(map, EV_MAP_WIRE, entry, wire->access);
        else
            vm_map_subtract_wire(map, entry, wire->user_wire);
    }
    if (wakes && map->system->sched != NULL)
        map->system->sched->wakeup(map->system->sched, VM_SCHED_ENTRY_TRANSITION, map);
}

/*
 * Touches the pages with the map unlocked. The entry cannot go away meanwhile: it is in transition.
 */
static enum vmm_status
vm_map_wire_pages(struct vm_wire *wire, struct vm_map_entry *entry)
{
    struct vm_map *map = wire->map;
    struct vm_map_entry snapshot;
    enum vmm_status status;

    entry->in_transition = true;
    snapshot = *entry;
    vm_map_unlock(map);
    vm_map_yield(map);
    status = vm_fault_wire(map, &snapshot);
    vm_map_lock(map);
    vm_map_wire_end(wire, &snapshot, status == VMM_OK);
    return status;
}

/* An entry that is not wired yet. Its end is what was wired, in one piece or several. */
static enum vmm_status
vm_map_wire_first(struct vm_wire *wire, struct vm_map_entry *entry, vmm_va *end)
{
    enum vmm_status status = vm_map_wire_object(wire, entry);

    if (status == VMM_OK)
        status = vm_map_clip_range(wire->map, entry, wire->at, wire->end);
    if (status == VMM_OK)
        status = vm_map_wire_check(wire, entry);
    if (status == VMM_OK)
        status = vm_map_add_wire(wire->map, entry, wire->user_wire);
    if (status != VMM_OK)
        return status;
    *end = entry->end;
    return vm_map_wire_pages(wire, entry);
}

/* One entry, from wire->at on. */
static enum vmm_status
vm_map_wire_entry(struct vm_wire *wire)
{
    struct vm_map_entry *entry;
    enum vmm_status status;
    vmm_va end;

    entry = vm_map_entry_at_or_after(wire->map, wire->at);
    if (entry == NULL || entry->start >= wire->end) {
        wire->at = wire->end; /* a hole after a wired entry is not looked at (T11) */
        return VMM_OK;
    }
    if (wire->at < entry->start)
        wire->at = entry->start;
    if (entry->in_transition) {
        status = vm_map_entry_wait(wire->map, entry, REASON_IN_TRANSITION_WAIT);
        return status == VMM_ABORTED && wire->user_wire ? VMM_FAILURE : status;
    }
    if (entry->wired_count > 0) {
        status = vm_map_wire_again(wire, entry);
        end = entry->end;
    } else {
        status = vm_map_wire_first(wire, entry, &end);
    }
    if (status == VMM_OK)
        wire->at = end;
    return status;
}

/* Clamps to the map; an empty range stays empty. vm.md 3.2 step 1. */
static void
vm_map_clamp(const struct vm_map *map, vmm_va *start, vmm_va *end)
{
    *start = *start < map->min ? map->min : *start;
    *end = *end > map->max ? map->max : *end;
    if (*start > *end)
        *start = *end;
}

static enum vmm_status vm_map_unwire_loop(struct vm_map *map, vmm_va start, vmm_va end,
                                          bool user_wire);

/*
 * Undoes [start, at) as a caller would, so a kernel wire that failed behind a hole panics here
 * (vm.md T11). Bounds were clipped on the way in, so no memory is needed. Entries that were cut and
 * objects that were made beyond `at` stay (T29).
 */
static enum vmm_status
vm_map_wire_undo(struct vm_wire *wire, vmm_va start, enum vmm_status status)
{
    enum vmm_status undone = vm_map_unwire_loop(wire->map, start, wire->at, wire->user_wire);

    if (start < wire->at)
        vm_map_simplify_range(wire->map, start, wire->at);
    return undone == VMM_OK ? status : undone;
}

enum vmm_status
vm_map_wire(struct vm_map *map, vmm_va start, vmm_va end, vmm_prot access, bool user_wire)
{
    struct vm_wire wire = { map, start, end, access, user_wire };
    struct vm_map_entry *entry;
    enum vmm_status status = vm_system_runs(map->system);

    vm_map_clamp(map, &wire.at, &wire.end);
    start = wire.at;
    if (status != VMM_OK || wire.at == wire.end)
        return status;
    vm_map_lock(map);
    if (!vm_map_lookup_entry(map, start, &entry))
        status = VMM_INVALID_ADDRESS;
    while (status == VMM_OK && wire.at < wire.end)
        status = vm_map_wire_entry(&wire);
    if (status == VMM_OK)
        vm_map_simplify_range(map, start, wire.end);
    else
        status = vm_map_wire_undo(&wire, start, status);
    vm_map_unlock(map);
    return status;
}

/* ---- unwire ---- */

/* Drops one wire of an entry that has one; the last one unwires the pages. vm.md 3.3. */
static void
vm_map_unwire_entry(struct vm_map *map, struct vm_map_entry *entry, bool user_wire)
{
    vm_map_subtract_wire(map, entry, user_wire);
    vm_map_say_wire(map, EV_MAP_UNWIRE, entry, VMM_PROT_NONE);
    if (entry->wired_count > 0)
        return;
    vm_fault_unwire(map, entry);
    if (map->system->sched != NULL) /* whoever removes the entry may wait for this */
        map->system->sched->wakeup(map->system->sched, VM_SCHED_ENTRY_TRANSITION, map);
}

/* Whether the range goes on after this entry although nothing is mapped there. */
static bool
vm_map_hole_follows(const struct vm_map *map, const struct vm_map_entry *entry, vmm_va end)
{
    const struct vm_map_entry *next = vm_map_next(map, entry);

    return entry->end < end && (next == NULL || next->start > entry->end);
}

/* What a kernel unwire makes of an entry that it cannot unwire: always a panic (vm.md T12). */
static enum vmm_status
vm_map_unwire_refuse(struct vm_map *map, struct vm_map_entry *entry, vmm_va end)
{
    struct vm_system *system = map->system;

    if (entry->in_transition)
        return vm_panic(system, REASON_UNWIRE_IN_TRANSITION, map->space, entry->start,
                        "vm_map_unwire: in_transition entry 0x%" PRIx64, entry->start);
    if (entry->wired_count == 0)
        return vm_panic(system, REASON_UNWIRE_UNWIRED, map->space, entry->start,
                        "vm_map_unwire: entry is unwired 0x%" PRIx64 "-0x%" PRIx64, entry->start,
                        entry->end);
    if (vm_map_hole_follows(map, entry, end))
        return vm_panic(system, REASON_UNWIRE_HOLE, map->space, entry->end,
                        "vm_map_unwire: non-contiguous region at 0x%" PRIx64, entry->end);
    return VMM_OK;
}

/* Whether a user unwire passes over an entry without a word. */
static bool
vm_map_unwire_skips(const struct vm_map *map, const struct vm_map_entry *entry, vmm_va end)
{
    return entry->in_transition || entry->user_wired_count == 0 ||
           (vm_map_hole_follows(map, entry, end) &&
            map->system->profile.user_unwire_skips_before_hole);
}

static enum vmm_status
vm_map_unwire_loop(struct vm_map *map, vmm_va start, vmm_va end, bool user_wire)
{
    struct vm_map_entry *entry = vm_map_entry_at_or_after(map, start);
    enum vmm_status status = VMM_OK;

    for (; entry != NULL && entry->start < end; entry = vm_map_next(map, entry)) {
        if (user_wire && vm_map_unwire_skips(map, entry, end))
            continue;
        if (!user_wire)
            status = vm_map_unwire_refuse(map, entry, end);
        if (status == VMM_OK)
            status = vm_map_clip_range(map, entry, start, end);
        if (status != VMM_OK)
            return status;
        vm_map_unwire_entry(map, entry, user_wire);
    }
    return VMM_OK;
}

enum vmm_status
vm_map_unwire(struct vm_map *map, vmm_va start, vmm_va end, bool user_wire)
{
    struct vm_map_entry *entry;
    enum vmm_status status = vm_system_runs(map->system);

    vm_map_clamp(map, &start, &end);
    if (status != VMM_OK || start == end)
        return status;
    vm_map_lock(map);
    if (vm_map_lookup_entry(map, start, &entry)) {
        status = entry->is_superpage ? VMM_INVALID_ADDRESS /* T31 */
                                     : vm_map_unwire_loop(map, start, end, user_wire);
        vm_map_simplify_range(map, start, end);
    } else if (user_wire) {
        status = VMM_INVALID_ADDRESS;
    } else {
        status = vm_panic(map->system, REASON_UNWIRE_NOT_MAPPED, map->space, start,
                          "vm_map_unwire: start not found 0x%" PRIx64, start);
    }
    vm_map_unlock(map);
    return status;
}

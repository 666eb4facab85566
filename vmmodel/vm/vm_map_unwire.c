/*
 * vm_map_unwire.c - one wire less, and the pages let go with the last one (vm.md 3.3)
 *
 * A user unwire passes over what it cannot undo without a word; a kernel unwire panics (T12).
 */
#include <inttypes.h>

#include "vm/vm_fault_wire.h"
#include "vm/vm_map_store.h"
#include "vm/vm_map_wire.h"
#include "vm/vm_map_wire_internal.h"
#include "vm/vm_object.h"

/* ---- the window (vm.md 3.3 step 2, 9) ---- */

struct vm_map_entry
vm_map_begin_transition(struct vm_map *map, struct vm_map_entry *entry)
{
    struct vm_map_entry snapshot;

    entry->in_transition = true;
    snapshot = *entry;
    vm_map_unlock(map);
    vm_map_yield(map);
    return snapshot;
}

void
vm_map_end_transition(struct vm_map *map, const struct vm_map_entry *snapshot)
{
    struct vm_map_entry *entry = vm_map_entry_at_or_after(map, snapshot->start);
    bool wakes = false;

    VMM_ASSERT(entry != NULL && entry->start == snapshot->start); /* in transition: it stays */
    for (; entry != NULL && entry->start < snapshot->end; entry = vm_map_next(map, entry)) {
        entry->in_transition = false;
        wakes |= entry->needs_wakeup;
        entry->needs_wakeup = false;
    }
    if (wakes && !VMM_PLANTED(VMM_PLANTED_NO_WAKEUP))
        vm_map_wakeup(map, VM_SCHED_ENTRY_TRANSITION);
}

static enum vmm_status vm_map_unwire_range(const struct vm_wire_range *range);

/*
 * The pages of the entry as it was; the object stays alive although others may give the entry
 * another one meanwhile.
 */
static void
vm_map_unwire_object(const struct vm_wire_range *range, struct vm_map_entry *snapshot)
{
    struct vm_object *object = snapshot->object;

    vm_fault_unwire(range->map, snapshot, range->pmap, snapshot->start + range->delta);
    vm_object_release(&object);
}

enum vmm_status
vm_map_unwire_pages(const struct vm_wire_range *range, struct vm_map_entry *entry)
{
    struct vm_map *map = range->map;
    enum vmm_status status = VMM_OK;
    struct vm_map_entry snapshot;

    if (entry->object != NULL)
        vm_object_reference(entry->object);
    snapshot = vm_map_begin_transition(map, entry);
    if (snapshot.submap != NULL) {
        struct vm_wire_range below = vm_wire_range_below(range, &snapshot);

        status = vm_map_unwire_range(&below);
    } else {
        vm_map_unwire_object(range, &snapshot);
    }
    vm_map_lock(map);
    vm_map_end_transition(map, &snapshot);
    return status;
}

/* ---- one entry ---- */

/* Drops one wire of an entry that has one; the last one unwires the pages. */
static enum vmm_status
vm_map_unwire_entry(const struct vm_wire_range *range, struct vm_map_entry *entry)
{
    struct vm_map *map = range->map;

    vm_map_subtract_wire(map, entry, range->user_wire);
    vm_map_say_wire(map, EV_MAP_UNWIRE, entry, VMM_PROT_NONE);
    if (entry->wired_count > 0)
        return VMM_OK;
    entry->zero_wired_pages = false; /* who unwires by hand keeps the contents */
    return vm_map_unwire_pages(range, entry);
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

/* One entry from *at on; *at moves behind it. */
static enum vmm_status
vm_map_unwire_step(const struct vm_wire_range *range, vmm_va *at)
{
    struct vm_map *map = range->map;
    struct vm_map_entry *entry = vm_map_entry_at_or_after(map, *at);
    enum vmm_status status = VMM_OK;

    if (entry == NULL || entry->start >= range->end) {
        *at = range->end;
        return VMM_OK;
    }
    *at = entry->end < range->end ? entry->end : range->end;
    if (range->user_wire && vm_map_unwire_skips(map, entry, range->end))
        return VMM_OK;
    if (!range->user_wire)
        status = vm_map_unwire_refuse(map, entry, range->end);
    if (status == VMM_OK)
        status = vm_map_clip_range(map, entry, range->start, range->end);
    if (status == VMM_OK)
        *at = entry->end;
    return status == VMM_OK ? vm_map_unwire_entry(range, entry) : status;
}

enum vmm_status
vm_map_unwire_locked(const struct vm_wire_range *range)
{
    enum vmm_status status = VMM_OK;
    vmm_va at = range->start;

    while (status == VMM_OK && at < range->end)
        status = vm_map_unwire_step(range, &at);
    vm_map_simplify_range(range->map, range->start, range->end);
    return status;
}

/* What the start must be: mapped, and not a superpage, whose wires are for life (T31). */
static enum vmm_status
vm_map_unwire_check(const struct vm_wire_range *range)
{
    struct vm_map *map = range->map;
    struct vm_map_entry *entry;

    if (vm_map_lookup_entry(map, range->start, &entry))
        return entry->is_superpage ? VMM_INVALID_ADDRESS : VMM_OK;
    if (range->user_wire)
        return VMM_INVALID_ADDRESS;
    return vm_panic(map->system, REASON_UNWIRE_NOT_MAPPED, map->space, range->start,
                    "vm_map_unwire: start not found 0x%" PRIx64, range->start);
}

static enum vmm_status
vm_map_unwire_range(const struct vm_wire_range *range)
{
    enum vmm_status status;

    if (range->start == range->end)
        return VMM_OK;
    vm_map_lock(range->map);
    status = vm_map_unwire_check(range);
    if (status == VMM_OK)
        status = vm_map_unwire_locked(range);
    vm_map_unlock(range->map);
    return status;
}

enum vmm_status
vm_map_unwire(struct vm_map *map, vmm_va start, vmm_va end, bool user_wire)
{
    struct vm_wire_range range = vm_wire_range(map, start, end, user_wire);
    enum vmm_status status = vm_system_runs(map->system);

    return status == VMM_OK ? vm_map_unwire_range(&range) : status;
}

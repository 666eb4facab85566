/*
 * vm_map_wire.c - wiring a range, entry by entry, all or nothing
 *
 * An entry goes through: ask (rights, contiguity), count, mark in_transition, unlock, touch every
 * page (vm_fault_wire), lock, unmark. An entry that is wired already only counts: no question is
 * asked and no page is touched, which is how a second wire can succeed over a hole (vm.md T11). A
 * submap's entry is counted like any other; what it shows is wired in the submap, with counts there
 * too, and the translations go to the map above.
 *
 * On failure the failing entry has undone itself, and [start, at) is unwired as a caller would.
 */
#include "vm/vm_map_wire.h"

#include "vm/vm_fault_internal.h"
#include "vm/vm_fault_wire.h"
#include "vm/vm_map_store.h"
#include "vm/vm_map_wire_internal.h"
#include "vm/vm_object.h"
#include "vm/vm_page.h"
#include "vm/vm_submap.h"

/* One wiring in progress. */
struct vm_wire {
    struct vm_wire_range range;
    vmm_va at; /* [range.start, at) is done, or ours to undo */
    vmm_prot access;
    vmm_ppn *extract; /* vm_map_wire_and_extract(): one page, and nothing is copied for it */
};

/* ---- ranges ---- */

struct vm_wire_range
vm_wire_range(struct vm_map *map, vmm_va start, vmm_va end, bool user_wire)
{
    start = start < map->min ? map->min : start;
    end = end > map->max ? map->max : end;
    return (struct vm_wire_range){ .map = map,
                                   .start = start > end ? end : start,
                                   .end = end,
                                   .pmap = map->pmap,
                                   .user_wire = user_wire };
}

struct vm_wire_range
vm_wire_range_below(const struct vm_wire_range *range, const struct vm_map_entry *entry)
{
    return (struct vm_wire_range){ .map = entry->submap,
                                   .start = entry->offset,
                                   .end = entry->offset + vm_entry_size(entry),
                                   .pmap = range->pmap,
                                   .delta = entry->start + range->delta - entry->offset,
                                   .user_wire = range->user_wire,
                                   .is_nested = true };
}

/* ---- the questions (vm.md 3.2) ---- */

/* Steps 3.7 and 3.8, of an entry that is not wired yet. */
static enum vmm_status
vm_map_wire_check(const struct vm_wire *wire, const struct vm_map_entry *entry)
{
    const struct vm_map_entry *next = vm_map_next(wire->range.map, entry);

    if (entry->end < wire->range.end && (next == NULL || next->start > entry->end))
        return VMM_INVALID_ADDRESS;
    if ((entry->protection & wire->access) != wire->access)
        return VMM_PROTECTION_FAILURE;
    return VMM_OK;
}

/* Step 3.4: signed code stays as it is on the disk, so nobody wires it. */
static bool
vm_map_wire_is_code(const struct vm_wire *wire, const struct vm_map_entry *entry)
{
    const struct vm_map *map = wire->range.map;

    return map->system->profile.wire_refuses_executable && map->enforces_code_signing &&
           wire->range.pmap != pmap_kernel(map->system->pmaps) &&
           (entry->protection & VMM_PROT_EXECUTE) != 0;
}

/* What wire_and_extract does not do: copy, or make an object (vm.md 3.5). */
static bool
vm_map_wire_would_copy(const struct vm_map *map, const struct vm_map_entry *entry)
{
    return entry->object == NULL || entry->needs_copy ||
           (map->system->profile.wire_forces_shadow &&
            entry->object->copy_strategy == VM_COPY_SYMMETRIC);
}

/* ---- one entry ---- */

static enum vmm_status
vm_map_wire_clip(const struct vm_wire *wire, struct vm_map_entry *entry)
{
    return vm_map_clip_range(wire->range.map, entry, wire->at, wire->range.end);
}

/* Step 3.3. Already wired: clip and count, nothing else; only wire_and_extract asks for the rights. */
static enum vmm_status
vm_map_wire_again(const struct vm_wire *wire, struct vm_map_entry *entry)
{
    enum vmm_status status = VMM_OK;

    if (wire->extract != NULL && (entry->protection & wire->access) != wire->access)
        return VMM_PROTECTION_FAILURE;
    status = vm_map_wire_clip(wire, entry);
    if (status == VMM_OK)
        status = vm_map_add_wire(wire->range.map, entry, wire->range.user_wire);
    if (status == VMM_OK)
        vm_map_say_wire(wire->range.map, EV_MAP_WIRE, entry, wire->access);
    return status;
}

/* The wired part of an entry gets an object of its own: a shadow, unless the object is that already. */
static enum vmm_status
vm_map_wire_shadow(const struct vm_wire *wire, struct vm_map_entry *entry)
{
    struct vm_object *before = entry->object;
    enum vmm_status status = vm_map_wire_clip(wire, entry);

    if (status == VMM_OK)
        status = vm_object_shadow(&entry->object, &entry->offset, vm_entry_size(entry));
    if (status == VMM_OK && entry->object != before)
        pmap_protect(wire->range.pmap, entry->start + wire->range.delta,
                     entry->end + wire->range.delta, entry->protection & ~(vmm_prot)VMM_PROT_WRITE);
    return status;
}

/*
 * Step 3.5. Gives the entry the object whose pages are wired. A missing object, or the copy that is
 * still to be made, comes for the whole entry, before it is clipped. From 13 on a symmetric object
 * cannot stay under a wiring: one that was there is shadowed for the wired part alone, and whatever
 * backs the entry then is copied by delay from now on.
 */
static enum vmm_status
vm_map_wire_object(const struct vm_wire *wire, struct vm_map_entry *entry)
{
    struct vm_system *system = wire->range.map->system;
    bool forces = system->profile.wire_forces_shadow;
    enum vmm_status status = VMM_OK;

    if (entry->object == NULL || entry->needs_copy)
        status = vm_fault_materialise(entry, system);
    else if (forces && entry->object->copy_strategy == VM_COPY_SYMMETRIC)
        status = vm_map_wire_shadow(wire, entry);
    if (status == VMM_OK && forces && entry->object->copy_strategy == VM_COPY_SYMMETRIC)
        vm_object_share(entry->object);
    return status;
}

/*
 * Ends the window of what was one entry when it began: others may have cut it meanwhile. Without
 * success every fragment loses the wire that was counted. Step 3.11.
 */
static void
vm_map_wire_end(const struct vm_wire *wire, const struct vm_map_entry *snapshot, bool is_wired)
{
    struct vm_map *map = wire->range.map;
    struct vm_map_entry *entry;

    vm_map_end_transition(map, snapshot);
    entry = vm_map_entry_at_or_after(map, snapshot->start);
    for (; entry != NULL && entry->start < snapshot->end; entry = vm_map_next(map, entry)) {
        if (is_wired)
            vm_map_say_wire(map, EV_MAP_WIRE, entry, wire->access);
        else
            vm_map_subtract_wire(map, entry, wire->range.user_wire);
    }
}

static enum vmm_status vm_map_wire_range(const struct vm_wire_range *range, vmm_prot access,
                                         vmm_ppn *extract);

/*
 * Steps 3.9 to 3.12. Counts, and touches the pages with the map unlocked; the entry cannot go away
 * meanwhile: it is in transition. Its neighbour can.
 */
static enum vmm_status
vm_map_wire_pages(struct vm_wire *wire, struct vm_map_entry *entry)
{
    struct vm_map *map = wire->range.map;
    enum vmm_status status = vm_map_add_wire(map, entry, wire->range.user_wire);
    struct vm_map_entry snapshot, *next;

    if (status != VMM_OK)
        return status;
    snapshot = vm_map_begin_transition(map, entry);
    if (vm_system_call_fails(map->system, VMM_CALL_WIRE)) {
        status = VMM_RESOURCE_SHORTAGE;
    } else if (snapshot.submap != NULL) {
        struct vm_wire_range below = vm_wire_range_below(&wire->range, &snapshot);

        status = vm_map_wire_range(&below, wire->access, NULL);
    } else {
        status =
            vm_fault_wire(map, &snapshot, wire->range.pmap, snapshot.start + wire->range.delta);
    }
    vm_map_lock(map);
    vm_map_wire_end(wire, &snapshot, status == VMM_OK);
    if (status != VMM_OK)
        return status;
    wire->at = snapshot.end;
    next = vm_map_entry_at_or_after(map, wire->at);
    if (map->system->profile.wire_finds_new_holes && wire->at < wire->range.end &&
        (next == NULL || next->start > wire->at))
        return VMM_INVALID_ADDRESS; /* and this entry is undone with the others */
    return VMM_OK;
}

/* An object's entry that is not wired yet. */
static enum vmm_status
vm_map_wire_first(struct vm_wire *wire, struct vm_map_entry *entry)
{
    struct vm_map *map = wire->range.map;
    enum vmm_status status;

    if (vm_map_wire_is_code(wire, entry))
        return VMM_PROTECTION_FAILURE;
    if (wire->extract != NULL && vm_map_wire_would_copy(map, entry))
        return VMM_INVALID_ARGUMENT;
    status = vm_map_wire_object(wire, entry);
    if (status == VMM_OK)
        status = vm_map_wire_clip(wire, entry);
    if (status == VMM_OK)
        status = vm_map_wire_check(wire, entry);
    return status == VMM_OK ? vm_map_wire_pages(wire, entry) : status;
}

/*
 * Step 3.2. What the access would copy out of the submap is copied first; the entry may be an
 * object's then, and is looked at again.
 */
static enum vmm_status
vm_map_wire_submap(struct vm_wire *wire, struct vm_map_entry *entry)
{
    struct vm_map *map = wire->range.map;
    enum vmm_status status;
    struct vm_place place;

    if (wire->extract != NULL)
        return VMM_INVALID_ARGUMENT;
    status = vm_map_wire_clip(wire, entry);
    if (status != VMM_OK)
        return status;
    if (!wire->range.is_nested && entry->wired_count > 0) {
        status = vm_map_wire_again(wire, entry);
        wire->at = status == VMM_OK ? entry->end : wire->at;
        return status;
    }
    if (!wire->range.is_nested) {
        status = vm_map_lookup_for(map, wire->at, wire->access | VMM_PROT_COPY, &place);
        if (status == VMM_INVALID_ADDRESS || status == VMM_PROTECTION_FAILURE)
            return map->system->profile.wire_submap_own_code ? status : VMM_FAILURE;
        if (status != VMM_OK || place.map == map)
            return status;
        entry = vm_map_entry_at_or_after(map, wire->at);
        status = vm_map_wire_clip(wire, entry);
    }
    return status == VMM_OK ? vm_map_wire_pages(wire, entry) : status;
}

/* Step 3.1. After the wait the place is looked at again; a place that is gone is code 5. */
static enum vmm_status
vm_map_wire_wait(const struct vm_wire *wire, struct vm_map_entry *entry)
{
    bool user_wire = wire->range.user_wire;
    struct vm_map *map = wire->range.map;
    enum vmm_status status =
        vm_map_entry_wait(map, entry, user_wire ? VM_SCHED_INTERRUPTIBLE : VM_SCHED_UNINTERRUPTIBLE,
                          REASON_IN_TRANSITION_WAIT);

    if (status == VMM_ABORTED || (status == VMM_OK && !vm_map_lookup_entry(map, wire->at, &entry)))
        return VMM_FAILURE;
    return status;
}

/* One entry, from wire->at on. */
static enum vmm_status
vm_map_wire_entry(struct vm_wire *wire)
{
    struct vm_map_entry *entry = vm_map_entry_at_or_after(wire->range.map, wire->at);
    enum vmm_status status;

    if (entry == NULL || entry->start >= wire->range.end) {
        wire->at = wire->range.end; /* a hole after a wired entry is not looked at (T11) */
        return VMM_OK;
    }
    if (wire->at < entry->start)
        wire->at = entry->start;
    if (entry->in_transition)
        return vm_map_wire_wait(wire, entry);
    if (entry->submap != NULL)
        return vm_map_wire_submap(wire, entry);
    if (entry->wired_count == 0)
        return vm_map_wire_first(wire, entry);
    status = vm_map_wire_again(wire, entry);
    if (status == VMM_OK)
        wire->at = entry->end;
    return status;
}

/* ---- the range ---- */

/*
 * Undoes [start, at) as a caller would, so a kernel wire that failed behind a hole panics here
 * (vm.md T11). Bounds were clipped on the way in, so no memory is needed. What was cut behind `at`
 * stays cut (T29).
 */
static enum vmm_status
vm_map_wire_undo(const struct vm_wire *wire, enum vmm_status status)
{
    struct vm_wire_range done = wire->range;
    enum vmm_status undone;

    done.end = wire->at;
    if (done.start == done.end || VMM_PLANTED(VMM_PLANTED_NO_UNDO))
        return status;
    undone = vm_map_unwire_locked(&done);
    return undone == VMM_OK ? status : undone;
}

/* The page that was wired, for who asked. */
static enum vmm_status
vm_map_wire_extract(const struct vm_wire *wire)
{
    const struct vm_page *page = NULL;
    struct vm_map_entry *entry;

    if (vm_map_lookup_entry(wire->range.map, wire->range.start, &entry))
        page = vm_page_lookup(entry->object, vm_entry_offset(entry, wire->range.start));
    if (page == NULL)
        return VMM_FAILURE;
    *wire->extract = vm_page_ppn(page);
    return VMM_OK;
}

/* vm_map_wire_nested() */
static enum vmm_status
vm_map_wire_range(const struct vm_wire_range *range, vmm_prot access, vmm_ppn *extract)
{
    struct vm_wire wire = { *range, range->start, access, extract };
    struct vm_map *map = range->map;
    enum vmm_status status = VMM_OK;
    struct vm_map_entry *entry;

    if (range->start == range->end)
        return VMM_OK;
    vm_map_lock(map);
    if (!vm_map_lookup_entry(map, range->start, &entry))
        status = VMM_INVALID_ADDRESS;
    while (status == VMM_OK && wire.at < range->end)
        status = vm_map_wire_entry(&wire);
    if (status == VMM_OK && extract != NULL)
        status = vm_map_wire_extract(&wire);
    if (status != VMM_OK)
        status = vm_map_wire_undo(&wire, status);
    else
        vm_map_simplify_range(map, range->start, range->end);
    vm_map_unlock(map);
    return status;
}

enum vmm_status
vm_map_wire(struct vm_map *map, vmm_va start, vmm_va end, vmm_prot access, bool user_wire)
{
    struct vm_wire_range range = vm_wire_range(map, start, end, user_wire);
    enum vmm_status status = vm_system_runs(map->system);

    return status == VMM_OK ? vm_map_wire_range(&range, access, NULL) : status;
}

enum vmm_status
vm_map_wire_and_extract(struct vm_map *map, vmm_va address, vmm_prot access, bool user_wire,
                        vmm_ppn *page)
{
    vmm_va start = vm_map_trunc_page(map, address);
    struct vm_wire_range range =
        vm_wire_range(map, start, start + vm_map_page_bytes(map), user_wire);
    enum vmm_status status = vm_system_runs(map->system);

    if (status == VMM_OK && !map->system->profile.has_wire_and_extract)
        status = VMM_NOT_SUPPORTED;
    if (status == VMM_OK && range.start == range.end)
        *page = VMM_NO_PAGE;
    return status == VMM_OK ? vm_map_wire_range(&range, access, page) : status;
}

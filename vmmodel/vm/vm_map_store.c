/*
 * vm_map_store.c - see vm_map_store.h
 *
 * The list has every entry in order. The index finds one by its address; a node of it may be
 * missing for want of memory, and then the entry that came is on the list alone: a look-up goes on along
 * the list behind what the index has found. So linking an entry never fails.
 */
#include "vm/vm_map_store.h"

#include <inttypes.h>

#include "vm/vm_object.h"
#include "vm/vm_submap.h"

/* The last entry that starts at or before `address`, or NULL. */
static struct vm_map_entry *
vm_map_entry_before(const struct vm_map *map, vmm_va address)
{
    struct vm_map_entry *before = vmm_index_find(&map->index, address);
    struct vm_map_entry *next;

    if (map->index.count == map->entry_count)
        return before;
    next = before == NULL ? vm_map_first(map) : vm_map_next(map, before);
    for (; next != NULL && next->start <= address; next = vm_map_next(map, next))
        before = next;
    return before;
}

bool
vm_map_search_entry(const struct vm_map *map, vmm_va address, struct vm_map_entry **entry)
{
    struct vm_map_entry *before = vm_map_entry_before(map, address);

    *entry = before;
    if (before == NULL || address >= before->end)
        return false;
    *map->hint_place = before;
    return true;
}

struct vm_map_entry *
vm_map_entry_at_or_after(const struct vm_map *map, vmm_va address)
{
    struct vm_map_entry *entry;

    if (vm_map_lookup_entry(map, address, &entry))
        return entry;
    return entry == NULL ? vm_map_first(map) : vm_map_next(map, entry);
}

/* What the searches for room remember of an entry that came or grew. */
static void
vm_map_note_end(struct vm_map *map, const struct vm_map_entry *entry)
{
    if (entry->start <= map->first_free && entry->end > map->first_free)
        map->first_free = entry->end;
    if (entry->end > map->highest_entry_end)
        map->highest_entry_end = entry->end;
}

void
vm_map_entry_link(struct vm_map *map, struct vm_map_entry *entry)
{
    struct vm_map_entry *before = vm_map_entry_before(map, entry->start);
    const struct vm_map_entry *after =
        before == NULL ? vm_map_first(map) : vm_map_next(map, before);

    VMM_ASSERT(before == NULL || before->end <= entry->start); /* I1 */
    VMM_ASSERT(after == NULL || entry->end <= after->start);
    vmm_list_insert_after(before == NULL ? &map->entries : &before->link, &entry->link);
    map->entry_count++;
    (void)!vmm_index_insert(&map->index, entry->start, entry);
    map->size += vm_entry_size(entry);
    vm_map_note_end(map, entry);
}

void
vm_map_entry_lengthen(struct vm_map *map, struct vm_map_entry *entry, vmm_size more)
{
    map->size += more;
    entry->end += more;
    vm_map_note_end(map, entry);
}

void
vm_map_entry_unlink(struct vm_map *map, struct vm_map_entry *entry)
{
    (void)vmm_index_remove(&map->index, entry->start);
    vmm_list_remove(&entry->link);
    map->entry_count--;
    if (map->hint == entry)
        map->hint = NULL;
    map->size -= vm_entry_size(entry);
    if (entry->start < map->first_free)
        map->first_free = entry->start > map->search_min ? entry->start : map->search_min;
}

void
vm_map_entry_free(struct vm_map *map, struct vm_map_entry *entry)
{
    vm_object_release(&entry->object);
    if (entry->submap != NULL)
        vm_map_release(&entry->submap);
    vmm_zone_give(&map->system->entry_zone, entry);
}

void
vm_map_entry_dispose(struct vm_map *map, struct vm_map_entry *entry)
{
    vm_map_entry_unlink(map, entry);
    vm_map_entry_free(map, entry);
}

/* Gives an entry that is on the list another start; its neighbours stay its neighbours. */
static void
vm_map_entry_set_start(struct vm_map *map, struct vm_map_entry *entry, vmm_va start)
{
    (void)vmm_index_remove(&map->index, entry->start);
    entry->start = start;
    (void)!vmm_index_insert(&map->index, start, entry);
}

/* A second entry with the same fields and a reference of its own; not linked. */
static struct vm_map_entry *
vm_map_entry_twin(struct vm_map *map, const struct vm_map_entry *entry)
{
    struct vm_map_entry *twin = vmm_zone_take(&map->system->entry_zone);

    if (twin == NULL)
        return NULL;
    *twin = *entry;
    if (twin->object != NULL)
        vm_object_reference(twin->object);
    if (twin->submap != NULL)
        vm_map_reference(twin->submap);
    return twin;
}

/* Cuts `entry` in two at `at`, which is inside; the part named by `keeps_tail` stays `entry`. */
static enum vmm_status
vm_map_split(struct vm_map *map, struct vm_map_entry *entry, vmm_va at, bool keeps_tail)
{
    struct vm_map_entry *twin = vm_map_entry_twin(map, entry);

    if (twin == NULL)
        return VMM_MODEL_NO_MEMORY;
    map->size -= vm_entry_size(twin);
    if (keeps_tail) {
        twin->end = at;
        if (!VMM_PLANTED(VMM_PLANTED_CLIP_OFFSET))
            entry->offset = vm_entry_offset(entry, at);
        vm_map_entry_set_start(map, entry, at);
    } else {
        twin->offset = vm_entry_offset(entry, at);
        twin->start = at;
        entry->end = at;
    }
    map->size += vm_entry_size(entry);
    vm_map_entry_link(map, twin);
    trace_emit(&map->system->trace, EV_MAP_CLIP, .space = map->space, .va = at);
    return VMM_OK;
}

/*
 * Takes [start, end), whole nesting units of a nested entry, out of the nesting: the entry is cut
 * down to it, and the pmap no longer shows the shared tables. vm_map_clip_unnest(), vm.md 1.4.
 */
static enum vmm_status
vm_map_unnest(struct vm_map *map, struct vm_map_entry *entry, vmm_va start, vmm_va end)
{
    enum vmm_status status = VMM_OK;

    if (start > entry->start)
        status = vm_map_split(map, entry, start, true);
    if (status == VMM_OK && end < entry->end)
        status = vm_map_split(map, entry, end, false);
    if (status != VMM_OK)
        return status;
    pmap_unnest(map->pmap, entry->start, entry->end);
    entry->use_pmap = false;
    return VMM_OK;
}

static bool
vm_map_entry_is_nested(const struct vm_map_entry *entry)
{
    return entry->submap != NULL && entry->use_pmap;
}

/*
 * Before a cut at `at`, inside. A device's block is one translation unit: cutting it drops every
 * translation (vm.md 1.4, T28). An atomic entry must not be cut.
 */
static enum vmm_status
vm_map_cut(struct vm_map *map, struct vm_map_entry *entry, vmm_va at, bool keeps_tail)
{
    if (entry->object != NULL && entry->object->phys_contiguous)
        vm_map_entry_narrow(map, entry, VMM_PROT_NONE);
    if (entry->is_atomic)
        return vm_panic(map->system, REASON_CLIP_ATOMIC, map->space, at,
                        "Attempting to clip an atomic VM entry! (0x%" PRIx64 "-0x%" PRIx64 ")",
                        entry->start, entry->end);
    return vm_map_split(map, entry, at, keeps_tail);
}

/* A nested entry is unnested around the place even when there is nothing to cut (T28). */
enum vmm_status
vm_map_clip_start(struct vm_map *map, struct vm_map_entry *entry, vmm_va at)
{
    enum vmm_status status = VMM_OK;

    if (vm_map_entry_is_nested(entry) && at >= entry->start && at < entry->end) {
        vmm_size unit = vm_map_nesting_bytes(map->system);
        vmm_va start = at & ~(unit - 1);

        status = vm_map_unnest(map, entry, start, start + unit);
    }
    if (status != VMM_OK || at <= entry->start)
        return status;
    return vm_map_cut(map, entry, at, true);
}

enum vmm_status
vm_map_clip_end(struct vm_map *map, struct vm_map_entry *entry, vmm_va at)
{
    enum vmm_status status = VMM_OK;

    at = at > entry->end ? entry->end : at;
    if (vm_map_entry_is_nested(entry)) {
        vmm_size unit = vm_map_nesting_bytes(map->system);

        status = vm_map_unnest(map, entry, entry->start, (at + unit - 1) & ~(unit - 1));
    }
    if (status != VMM_OK || at >= entry->end)
        return status;
    return vm_map_cut(map, entry, at, false);
}

enum vmm_status
vm_map_clip_range(struct vm_map *map, struct vm_map_entry *entry, vmm_va start, vmm_va end)
{
    enum vmm_status status = vm_map_clip_start(map, entry, start);

    return status == VMM_OK ? vm_map_clip_end(map, entry, end) : status;
}

/* Whether two neighbours say the same about one run of one object (vm.md 1.5). */
static bool
vm_map_entries_match(const struct vm_map *map, const struct vm_map_entry *a,
                     const struct vm_map_entry *b)
{
    bool may_be_shared = map->system->profile.simplify_merges_shared;

    return a->end == b->start && a->object == b->object && a->submap == b->submap &&
           a->use_pmap == b->use_pmap && a->used_for_jit == b->used_for_jit && a->tag == b->tag &&
           !a->is_atomic && !b->is_atomic && a->behavior == b->behavior &&
           a->no_cache == b->no_cache && a->permanent == b->permanent &&
           a->zero_wired_pages == b->zero_wired_pages && a->is_shared == b->is_shared &&
           (!a->is_shared || may_be_shared) && !a->is_superpage && !b->is_superpage &&
           a->offset + vm_entry_size(a) == b->offset && a->protection == b->protection &&
           a->max_protection == b->max_protection && a->inheritance == b->inheritance &&
           a->needs_copy == b->needs_copy && a->wired_count == b->wired_count &&
           a->user_wired_count == b->user_wired_count && !a->in_transition && !b->in_transition &&
           !a->needs_wakeup && !b->needs_wakeup;
}

/* Merges the entry before `entry` into it when the two match. vm_map_simplify_entry(). */
static void
vm_map_simplify_entry(struct vm_map *map, struct vm_map_entry *entry)
{
    struct vm_map_entry *prev = vm_map_prev(map, entry);
    vmm_va start;
    vmm_off offset;

    if (prev == NULL || !vm_map_entries_match(map, prev, entry))
        return;
    start = prev->start;
    offset = prev->offset;
    entry->is_prefaulted |= prev->is_prefaulted;
    vm_map_entry_dispose(map, prev);
    map->size += entry->start - start;
    vm_map_entry_set_start(map, entry, start);
    entry->offset = offset;
    trace_emit(&map->system->trace, EV_MAP_SIMPLIFY, .space = map->space, .va = start,
               .length = vm_entry_size(entry));
}

void
vm_map_simplify_range(struct vm_map *map, vmm_va start, vmm_va end)
{
    struct vm_map_entry *entry = vm_map_entry_at_or_after(map, start);

    while (entry != NULL && entry->start <= end) {
        vm_map_simplify_entry(map, entry);
        entry = vm_map_next(map, entry);
    }
}

/* vm_map_store.c - see vm_map_store.h */
#include "vm/vm_map_store.h"

#include "vm/vm_object.h"

static struct vm_map_entry *
vm_entry_of_node(const struct vmm_tree_node *node)
{
    return VMM_CONTAINER(node, struct vm_map_entry, node);
}

bool
vm_map_lookup_entry(const struct vm_map *map, vmm_va address, struct vm_map_entry **entry)
{
    const struct vmm_tree_node *node = map->tree.root;
    struct vm_map_entry *before = NULL;

    while (node != NULL) {
        struct vm_map_entry *here = vm_entry_of_node(node);

        if (address < here->start) {
            node = node->child[0];
        } else if (address < here->end) {
            *entry = here;
            return true;
        } else {
            before = here;
            node = node->child[1];
        }
    }
    *entry = before;
    return false;
}

struct vm_map_entry *
vm_map_entry_at_or_after(const struct vm_map *map, vmm_va address)
{
    struct vm_map_entry *entry;

    if (vm_map_lookup_entry(map, address, &entry))
        return entry;
    return entry == NULL ? vm_map_first(map) : vm_map_next(map, entry);
}

void
vm_map_entry_link(struct vm_map *map, struct vm_map_entry *entry)
{
    struct vmm_tree_node *parent = NULL;
    struct vmm_tree_node *node = map->tree.root;
    struct vm_map_entry *before = NULL;
    int side = 0;

    while (node != NULL) {
        struct vm_map_entry *here = vm_entry_of_node(node);

        VMM_ASSERT(entry->end <= here->start || entry->start >= here->end); /* I1 */
        parent = node;
        side = entry->start >= here->end;
        before = side ? here : before;
        node = node->child[side];
    }
    vmm_tree_insert_at(&map->tree, parent, side, &entry->node);
    vmm_list_insert_after(before == NULL ? &map->entries : &before->link, &entry->link);
    map->size += vm_entry_size(entry);
    if (entry->start <= map->first_free && entry->end > map->first_free)
        map->first_free = entry->end;
}

void
vm_map_entry_dispose(struct vm_map *map, struct vm_map_entry *entry)
{
    vmm_tree_remove(&map->tree, &entry->node);
    vmm_list_remove(&entry->link);
    map->size -= vm_entry_size(entry);
    if (entry->start < map->first_free)
        map->first_free = entry->start > map->search_min ? entry->start : map->search_min;
    vm_object_release(&entry->object);
    vmm_zone_give(&map->system->entry_zone, entry);
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
        entry->offset = vm_entry_offset(entry, at);
        entry->start = at;
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

/* A device's block is one translation unit: cutting it drops every translation (vm.md 1.4, T28). */
static void
vm_map_clip_device(struct vm_map *map, struct vm_map_entry *entry)
{
    if (entry->object != NULL && entry->object->phys_contiguous)
        pmap_remove(map->pmap, entry->start, entry->end);
}

enum vmm_status
vm_map_clip_start(struct vm_map *map, struct vm_map_entry *entry, vmm_va at)
{
    if (at <= entry->start)
        return VMM_OK;
    vm_map_clip_device(map, entry);
    return vm_map_split(map, entry, at, true);
}

enum vmm_status
vm_map_clip_end(struct vm_map *map, struct vm_map_entry *entry, vmm_va at)
{
    if (at >= entry->end)
        return VMM_OK;
    vm_map_clip_device(map, entry);
    return vm_map_split(map, entry, at, false);
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

    return a->end == b->start && a->object == b->object && a->tag == b->tag &&
           a->behavior == b->behavior && a->no_cache == b->no_cache &&
           a->permanent == b->permanent && a->zero_wired_pages == b->zero_wired_pages &&
           a->is_shared == b->is_shared && (!a->is_shared || may_be_shared) && !a->is_superpage &&
           !b->is_superpage && a->offset + vm_entry_size(a) == b->offset &&
           a->protection == b->protection && a->max_protection == b->max_protection &&
           a->inheritance == b->inheritance && a->needs_copy == b->needs_copy &&
           a->wired_count == b->wired_count && a->user_wired_count == b->user_wired_count &&
           !a->in_transition && !b->in_transition && !a->needs_wakeup && !b->needs_wakeup;
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
    entry->start = start;
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

/* Rounds up to the alignment and to a page; 0 when that wraps. */
static vmm_va
vm_map_align(const struct vm_map *map, vmm_va address, vmm_va mask)
{
    vmm_va aligned = (address + mask) & ~mask;

    return aligned < address ? 0 : vm_map_round_page(map, aligned);
}

/*
 * Where the search starts. With first_free (10.9, 10.10) a hint below the first hole moves up to it,
 * and any hint may thus end below where the caller asked for (vm.md 1.7, T26).
 */
static vmm_va
vm_map_search_start(const struct vm_map *map, vmm_va hint)
{
    vmm_va free_from = map->first_free; /* nothing below it is free */
    struct vm_map_entry *after;

    if (map->system->profile.free_space != VM_FREE_SPACE_FIRST_FREE)
        return hint < free_from ? free_from : hint;
    after = vm_map_entry_at_or_after(map, free_from);
    if (hint < free_from || (after != NULL && hint < after->start))
        return free_from;
    return hint;
}

/* Whether `size` bytes from `start` on end before `entry` (NULL: none) and where the search ends. */
static bool
vm_map_fits(const struct vm_map *map, vmm_va start, vmm_size size, const struct vm_map_entry *entry)
{
    vmm_va limit = entry == NULL || entry->start > map->search_max ? map->search_max : entry->start;

    return start <= limit && limit - start >= size;
}

/* Moves first_free up to the first address that is really free. */
static void
vm_map_find_first_free(struct vm_map *map)
{
    struct vm_map_entry *entry;

    while (map->first_free < map->search_max && vm_map_lookup_entry(map, map->first_free, &entry))
        map->first_free = entry->end;
}

void
vm_map_search_within(struct vm_map *map, vmm_va start, vmm_va end)
{
    VMM_ASSERT(map->min <= start && start < end && end <= map->max);
    map->search_min = map->first_free = start;
    map->search_max = end;
}

/* The hint, or where to begin instead when a place beyond it would do but lies in nobody's reach. */
static vmm_va
vm_map_search_hint(const struct vm_map *map, vmm_va hint, vmm_size size)
{
    bool is_outside = hint < map->search_min || hint >= map->search_max;

    return is_outside && hint <= map->max && map->max - hint >= size ? map->search_min : hint;
}

enum vmm_status
vm_map_find_space(struct vm_map *map, vmm_size size, vmm_va mask, vmm_va *address)
{
    vmm_va start;
    const struct vm_map_entry *entry;

    vm_map_find_first_free(map);
    start = vm_map_search_start(map, vm_map_search_hint(map, *address, size));
    entry = vm_map_entry_at_or_after(map, start);
    if (start == 0)
        start = map->system->page_bytes; /* a search never answers 0 */
    start = vm_map_align(map, start, mask);
    for (; start != 0 && !vm_map_fits(map, start, size, entry); entry = vm_map_next(map, entry)) {
        if (entry == NULL || entry->start >= map->search_max)
            return VMM_NO_SPACE;
        if (entry->end > start)
            start = vm_map_align(map, entry->end, mask);
    }
    if (start == 0)
        return VMM_NO_SPACE;
    *address = start;
    return VMM_OK;
}

enum vmm_status
vm_map_find_random(struct vm_map *map, vmm_size size, vmm_va *address)
{
    enum { TRIES = 1000 };
    uint64_t pages = (map->search_max - map->search_min) >> map->system->page_shift;

    for (unsigned i = 0; i < TRIES; i++) {
        vmm_va at =
            map->search_min + (vmm_rng_below(&map->system->rng, pages) << map->system->page_shift);
        struct vm_map_entry *entry;

        if (at == 0 || vm_map_lookup_entry(map, at, &entry))
            continue;
        if (vm_map_fits(map, at, size, vm_map_entry_at_or_after(map, at))) {
            *address = at;
            return VMM_OK;
        }
    }
    return VMM_NO_SPACE;
}

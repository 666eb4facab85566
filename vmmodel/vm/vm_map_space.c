/*
 * vm_map_space.c - where in an address space there is room (vm.md 1.7)
 *
 * 10.9, 10.10   first_free: a hint below the entry after the first hole moves down to that hole
 * 10.11 on      holes: the first room at or after the hint
 * 12 on         the kernel searches from the start of its range whatever the hint, and may ask for
 *               the last room instead of the first
 */
#include "vm/vm_map_store.h"

/* What a search is about. */
struct vm_search {
    struct vm_map *map;
    vmm_size size;
    vmm_va mask;    /* alignment - 1 */
    vmm_size guard; /* bytes before the answer that must be free too */
};

/* Rounds up to the alignment and to a page; 0 when that wraps. */
static vmm_va
vm_search_align(const struct vm_search *search, vmm_va address)
{
    vmm_va aligned = (address + search->mask) & ~search->mask;

    return aligned < address ? 0 : vm_map_round_page(search->map, aligned);
}

/* Moves first_free up to the first address that is really free. */
static void
vm_map_find_first_free(struct vm_map *map)
{
    struct vm_map_entry *entry;

    while (map->first_free < map->search_max && vm_map_lookup_entry(map, map->first_free, &entry))
        map->first_free = entry->end;
}

/*
 * Where the search starts. With first_free (10.9, 10.10) a hint below the first hole moves up to it,
 * and any hint may thus end below where the caller asked for (T26).
 */
static vmm_va
vm_search_start(const struct vm_map *map, vmm_va hint)
{
    const struct vm_profile *profile = &map->system->profile;
    vmm_va free_from = map->first_free; /* nothing below it is free */
    struct vm_map_entry *after;

    if (map->disable_vmentry_reuse)
        return map->highest_entry_end + vm_map_page_bytes(map);
    if (vm_map_is_kernel(map) && profile->kernel_search_ignores_hint)
        return free_from;
    if (profile->has_high_start && hint <= map->search_min && map->high_start > free_from)
        return map->high_start;
    if (profile->free_space != VM_FREE_SPACE_FIRST_FREE)
        return hint < free_from ? free_from : hint;
    after = vm_map_entry_at_or_after(map, free_from);
    if (hint < free_from || (after != NULL && hint < after->start))
        return free_from;
    return hint;
}

/* Whether the range from `start` on ends before `entry` (NULL: none) and where the search ends. */
static bool
vm_search_fits(const struct vm_search *search, vmm_va start, const struct vm_map_entry *entry)
{
    vmm_va last = search->map->search_max;
    vmm_va limit = entry == NULL || entry->start > last ? last : entry->start;

    return start <= limit && limit - start >= search->size;
}

/* The hint, or where to begin instead when a place beyond it would do but lies in nobody's reach. */
static vmm_va
vm_search_hint(const struct vm_search *search, vmm_va hint)
{
    const struct vm_map *map = search->map;
    bool is_outside = hint < map->search_min || hint >= map->search_max;

    return is_outside && hint <= map->max && map->max - hint >= search->size ? map->search_min
                                                                             : hint;
}

/* The first room at or after the hint. */
static enum vmm_status
vm_search_up(const struct vm_search *search, vmm_va *address)
{
    struct vm_map *map = search->map;
    const struct vm_map_entry *entry;
    vmm_va start;

    vm_map_find_first_free(map);
    start = vm_search_start(map, vm_search_hint(search, *address));
    entry = vm_map_entry_at_or_after(map, start);
    if (start == 0)
        start = vm_map_page_bytes(map); /* a search never answers 0 */
    start = vm_search_align(search, start + search->guard);
    for (; start != 0 && !vm_search_fits(search, start, entry); entry = vm_map_next(map, entry)) {
        if (entry == NULL || entry->start >= map->search_max)
            return VMM_NO_SPACE;
        if (entry->end + search->guard > start)
            start = vm_search_align(search, entry->end + search->guard);
    }
    if (start == 0)
        return VMM_NO_SPACE;
    *address = start;
    return VMM_OK;
}

/* The last room of the map: holes from the top down, each filled from its end. */
static enum vmm_status
vm_search_down(const struct vm_search *search, vmm_va *address)
{
    struct vm_map *map = search->map;
    const struct vm_map_entry *before;
    vmm_va top = map->search_max;

    for (before = vm_map_last(map);; before = vm_map_prev(map, before)) {
        vmm_va bottom =
            before != NULL && before->end > map->search_min ? before->end : map->search_min;
        vmm_va start;

        if (bottom == 0)
            bottom = vm_map_page_bytes(map);
        start =
            top < search->size ? 0 : vm_map_trunc_page(map, (top - search->size) & ~search->mask);
        if (start >= bottom && start - bottom >= search->guard) {
            *address = start;
            return VMM_OK;
        }
        if (before == NULL)
            return VMM_NO_SPACE;
        top = before->start < top ? before->start : top;
    }
}

/* A free place anywhere, by the system's own random numbers. */
static enum vmm_status
vm_search_random(const struct vm_search *search, vmm_va *address)
{
    enum { TRIES = 1000 };
    struct vm_map *map = search->map;
    uint64_t pages = (map->search_max - map->search_min) >> map->page_shift;

    for (unsigned i = 0; i < TRIES; i++) {
        vmm_va at = map->search_min + (vmm_rng_below(&map->system->rng, pages) << map->page_shift);
        struct vm_map_entry *entry;

        if (at == 0 || vm_map_lookup_entry(map, at, &entry))
            continue;
        if (vm_search_fits(search, at, vm_map_entry_at_or_after(map, at))) {
            *address = at;
            return VMM_OK;
        }
    }
    return VMM_NO_SPACE;
}

void
vm_map_search_within(struct vm_map *map, vmm_va start, vmm_va end)
{
    VMM_ASSERT(map->min <= start && start <= end && end <= map->max);
    map->search_min = map->first_free = start;
    map->search_max = end;
}

enum vmm_status
vm_map_find_room(struct vm_map *map, const struct vm_map_enter_args *args, vmm_va *address)
{
    bool wants_guard = (args->vmk_flags & VMKF_GUARD_BEFORE) != 0;
    struct vm_search search = { map, args->size, args->mask,
                                wants_guard ? vm_map_page_bytes(map) : 0 };

    if ((args->flags & VM_MAP_RANDOM_ADDR) || (args->vmk_flags & VMKF_JIT))
        return vm_search_random(&search, address);
    if ((args->vmk_flags & VMKF_LAST_FREE) && map->system->profile.searches_backward &&
        vm_map_is_kernel_pmap(map))
        return vm_search_down(&search, address);
    return vm_search_up(&search, address);
}

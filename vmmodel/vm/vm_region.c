/* vm_region.c - looking at a map without touching it (vm.md 7.3) */
#include "vm/vm_map.h"
#include "vm/vm_map_store.h"
#include "vm/vm_object.h"
#include "vm/vm_page.h"
#include "vm/vm_submap.h"

/* What is told of one entry. */
static struct vm_region
vm_region_of(const struct vm_map_entry *entry)
{
    struct vm_object *object = entry->object;

    return (struct vm_region){
        .start = entry->start,
        .end = entry->end,
        .protection = entry->protection,
        .max_protection = entry->max_protection,
        .inheritance = entry->inheritance,
        .wired_count = entry->wired_count,
        .user_wired_count = entry->user_wired_count,
        .needs_copy = entry->needs_copy,
        .object_id = object == NULL ? 0 : object->id,
        .offset = entry->offset,
        .resident_pages = vm_object_resident(object, entry->offset, vm_entry_size(entry)),
        .shadow_depth = vm_object_depth(object),
        .object_references = object == NULL ? 0 : object->ref_count,
        .behavior = entry->behavior,
        .tag = entry->tag,
        .is_shared = entry->is_shared,
        .is_permanent = entry->permanent,
        .is_submap = entry->submap != NULL,
        .purgable = object == NULL ? VM_PURGABLE_DENY : object->purgable,
    };
}

bool
vm_map_region(const struct vm_map *map, vmm_va address, struct vm_region *region)
{
    const struct vm_map_entry *entry = vm_map_entry_at_or_after(map, address);

    if (entry == NULL)
        return false;
    *region = vm_region_of(entry);
    return true;
}

/* The first entry of [from, to) at most *depth submaps down; *depth: how many it was. */
static bool
vm_region_find(const struct vm_map *map, vmm_va from, vmm_va to, uint32_t *depth,
               struct vm_region *region)
{
    const struct vm_map_entry *entry = vm_map_entry_at_or_after(map, from);

    for (; entry != NULL && entry->start < to; entry = vm_map_next(map, entry)) {
        vmm_va start = entry->start > from ? entry->start : from;
        vmm_va end = entry->end < to ? entry->end : to;
        vmm_va inside = vm_entry_offset(entry, entry->start);
        uint32_t below = *depth - 1;

        if (entry->submap == NULL || *depth == 0) {
            *region = vm_region_of(entry);
            *depth = 0;
            return true;
        }
        if (vm_region_find(entry->submap, inside + (start - entry->start),
                           inside + (end - entry->start), &below, region)) {
            vmm_va first = inside > region->start ? inside : region->start;
            vmm_va last = inside + vm_entry_size(entry);

            region->end = entry->start + ((region->end < last ? region->end : last) - inside);
            region->start = entry->start + (first - inside);
            *depth = below + 1;
            return true;
        }
    }
    return false;
}

bool
vm_map_region_recurse(const struct vm_map *map, vmm_va address, uint32_t *depth,
                      struct vm_region *region)
{
    uint32_t found = *depth;

    if (!vm_region_find(map, address, map->max, &found, region))
        return false;
    *depth = found;
    return true;
}

/* ---- who else sees it (vm.md 7.3) ---- */

/* Looks for one page down the chain and counts what it finds. vm_map_region_look_for_page(). */
static void
vm_region_look(const struct vm_object *object, vmm_off offset, struct vm_region_pages *pages)
{
    uint32_t most_references = object->ref_count;
    uint32_t depth = 0;

    for (;;) {
        const struct vm_page *page = vm_page_lookup(object, offset);

        if (page != NULL) {
            pages->resident++;
            pages->dirty += vm_page_may_be_dirty(page);
            pages->reusable += page->is_reusable;
            pages->wired += vm_page_wire_count(page) > 0;
            pages->shared_now_private += object->shadow != NULL && most_references == 1;
            return;
        }
        if (vm_page_slot(object, offset) != 0) {
            pages->swapped_out++;
            return;
        }
        if (object->shadow == NULL)
            return;
        offset += object->shadow_offset;
        object = object->shadow;
        most_references = object->ref_count > most_references ? object->ref_count : most_references;
        if (++depth > pages->shadow_depth)
            pages->shadow_depth = depth;
    }
}

/* How often the entries of a map name an object, directly or through their chains. */
static uint32_t
vm_region_count_names(const struct vm_map *map, const struct vm_object *object)
{
    const struct vm_map_entry *entry = vm_map_first(map);
    uint32_t names = 0;

    for (; entry != NULL; entry = vm_map_next(map, entry)) {
        for (const struct vm_object *at = entry->object; at != NULL; at = at->shadow)
            names += at == object;
    }
    return names;
}

/* A file that one mapping shows is private: the other reference is the file's own. */
static enum vm_share_mode
vm_region_share_mode(const struct vm_map *map, const struct vm_map_entry *entry,
                     uint32_t shadow_depth)
{
    const struct vm_object *object = entry->object;
    uint32_t names;

    if (shadow_depth > 0 || entry->needs_copy)
        return VM_SHARE_COW;
    if (object->ref_count == 1)
        return VM_SHARE_PRIVATE;
    if (object->true_share)
        return VM_SHARE_TRUESHARED;
    names = vm_region_count_names(map, object);
    if (names == object->ref_count)
        return VM_SHARE_PRIVATE_ALIASED;
    if (names > 1)
        return VM_SHARE_SHARED_ALIASED;
    return object->pager != NULL && object->ref_count == 2 ? VM_SHARE_PRIVATE : VM_SHARE_SHARED;
}

/* Names of the chain down to `depth`, without those that its own members hold. */
static uint32_t
vm_region_references(const struct vm_object *object, uint32_t depth)
{
    uint32_t references = object->ref_count - depth;

    for (; depth > 0 && object->shadow != NULL; depth--) {
        object = object->shadow;
        references += object->ref_count;
    }
    return references;
}

/* The next page of the map, at or after *at, that some object of the chain may have. */
static bool
vm_region_next(const struct vm_map *map, const struct vm_object *object, vmm_off *at, vmm_off end)
{
    return vm_map_is_small(map) ? *at < end : vm_object_next_content(object, at, end);
}

/* Looks for every page of an entry; true when each was found. vm_map_region_walk(). */
static bool
vm_region_walk(const struct vm_map *map, const struct vm_map_entry *entry,
               struct vm_region_pages *pages)
{
    vmm_off end = entry->offset + vm_entry_size(entry);
    vmm_off at = entry->offset;

    for (; vm_region_next(map, entry->object, &at, end); at += vm_map_page_bytes(map))
        vm_region_look(entry->object, at, pages);
    return pages->resident + pages->swapped_out == vm_entry_size(entry) >> map->page_shift;
}

/* Whether somebody else than the system has bytes of the chain down to `depth`. */
static bool
vm_region_is_external(const struct vm_object *object, uint32_t depth)
{
    for (; object != NULL && object->pager == NULL && object->device == NULL; depth--)
        object = depth == 0 ? NULL : object->shadow;
    return object != NULL;
}

/* Everything of one entry. vm_map_region_walk(). */
static void
vm_region_pages_of(const struct vm_map *map, const struct vm_map_entry *entry, bool walks,
                   struct vm_region_pages *pages)
{
    *pages = (struct vm_region_pages){ .share_mode = VM_SHARE_EMPTY };
    if (entry->object == NULL || (entry->object->phys_contiguous && !entry->is_superpage))
        return;
    if (entry->is_superpage) {
        *pages =
            (struct vm_region_pages){ .share_mode = VM_SHARE_LARGE_PAGE,
                                      .reference_count = 1,
                                      .resident = vm_entry_size(entry) >> map->system->page_shift };
        return;
    }
    if (!walks ||
        !vm_region_walk(map, entry, pages)) /* who misses a page has looked all the way down */
        pages->shadow_depth = vm_object_depth(entry->object);
    pages->share_mode = vm_region_share_mode(map, entry, pages->shadow_depth);
    pages->reference_count = vm_region_references(entry->object, pages->shadow_depth);
    pages->external_pager = vm_region_is_external(entry->object, pages->shadow_depth);
}

bool
vm_map_region_pages(const struct vm_map *map, vmm_va address, bool walks,
                    struct vm_region_pages *pages)
{
    struct vm_map_entry *entry;

    if (!vm_map_lookup_entry(map, address, &entry))
        return false;
    vm_region_pages_of(map, entry, walks, pages);
    return true;
}

bool
vm_map_region_pages_below(const struct vm_map *map, vmm_va address, uint32_t depth, bool walks,
                          struct vm_region_pages *pages)
{
    struct vm_map_entry *entry;

    if (!vm_map_lookup_entry(map, address, &entry))
        return false;
    if (depth > 0 && entry->submap != NULL)
        return vm_map_region_pages_below(entry->submap, vm_entry_offset(entry, address), depth - 1,
                                         walks, pages);
    vm_region_pages_of(map, entry, walks, pages);
    if (entry->submap == NULL)
        return true;
    pages->share_mode = entry->use_pmap ? VM_SHARE_TRUESHARED : VM_SHARE_PRIVATE;
    pages->reference_count = entry->submap->ref_count;
    return true;
}

void
vm_map_probe(const struct vm_map *map, vmm_va address, struct vm_page_view *view)
{
    struct pmap_translation found;
    struct vm_place place;
    const struct vm_page *page = NULL;
    vmm_va va = vm_map_trunc_page(map, address);

    *view = (struct vm_page_view){ .is_mapped = vm_map_find_place(map, va, &place) };
    if (view->is_mapped && place.entry->object != NULL)
        page =
            vm_object_find_page(place.entry->object, vm_entry_offset(place.entry, place.address));
    if (page != NULL && !page->error) {
        view->is_resident = true;
        view->ppn = vm_page_ppn(page);
        view->object_id = vm_page_object(page)->id;
        view->page_wire_count = vm_page_wire_count(page);
    }
    if (pmap_query(map->pmap, va, &found)) {
        view->is_translated = true;
        view->is_translation_wired = found.is_wired;
        view->translation_prot = found.prot;
        view->translation_ppn = found.ppn;
        view->translation_part = found.part;
    }
}

uint64_t
vm_map_translated(const struct vm_map *map, vmm_va start, vmm_va end, uint64_t *wired)
{
    return pmap_count(map->pmap, vm_map_trunc_page(map, start), vm_map_round_page(map, end), wired);
}

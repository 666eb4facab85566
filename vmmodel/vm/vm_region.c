/* vm_region.c - looking at a map without touching it (vm.md 7.3) */
#include "vm/vm_map.h"
#include "vm/vm_map_store.h"
#include "vm/vm_object.h"
#include "vm/vm_page.h"

bool
vm_map_region(const struct vm_map *map, vmm_va address, struct vm_region *region)
{
    const struct vm_map_entry *entry = vm_map_entry_at_or_after(map, address);
    const struct vm_object *object;

    if (entry == NULL)
        return false;
    object = entry->object;
    *region = (struct vm_region){
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
    };
    return true;
}

void
vm_map_probe(const struct vm_map *map, vmm_va address, struct vm_page_view *view)
{
    struct pmap_translation found;
    struct vm_map_entry *entry;
    const struct vm_page *page = NULL;
    vmm_va va = vm_map_trunc_page(map, address);

    *view = (struct vm_page_view){ .is_mapped = vm_map_lookup_entry(map, va, &entry) };
    if (view->is_mapped && entry->object != NULL)
        page = vm_object_find_page(entry->object, vm_entry_offset(entry, va));
    if (page != NULL) {
        view->is_resident = true;
        view->ppn = vm_page_ppn(page);
        view->object_id = page->object->id;
        view->page_wire_count = page->wire_count;
    }
    if (pmap_query(map->pmap, va, &found)) {
        view->is_translated = true;
        view->is_translation_wired = found.is_wired;
        view->translation_prot = found.prot;
        view->translation_ppn = found.ppn;
    }
}

uint64_t
vm_map_translated(const struct vm_map *map, vmm_va start, vmm_va end, uint64_t *wired)
{
    return pmap_count(map->pmap, vm_map_trunc_page(map, start), vm_map_round_page(map, end), wired);
}

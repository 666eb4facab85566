/* vm_page_query.c - what a user may know of one page (vm.md 7.3) */
#include "vm/vm_map_store.h"
#include "vm/vm_object.h"
#include "vm/vm_page.h"
#include "vm/vm_submap.h"
#include "vm/vm_user.h"

/* What a page in memory says of itself. */
static int
vm_page_query_bits(const struct vm_page *page)
{
    return VM_PAGE_QUERY_PRESENT | (vm_page_may_be_dirty(page) ? VM_PAGE_QUERY_DIRTY : 0) |
           (vm_page_is_referenced(page) ? VM_PAGE_QUERY_REF : 0) |
           (page->queue == VM_PAGE_SPECULATIVE ? VM_PAGE_QUERY_SPECULATIVE : 0);
}

/*
 * The object of the chain that has the page, or its last one; *found says what it has. COPIED: the
 * page stands in the top object and hides one below. vm_map_page_range_info_internal().
 */
static const struct vm_object *
vm_page_query_chain(const struct vm_object *top, vmm_off offset, int *found)
{
    const struct vm_object *object = top;

    for (;;) {
        const struct vm_page *page = vm_page_lookup(object, offset);

        if (vm_object_is_guard(object, offset))
            *found |= VM_PAGE_QUERY_PRESENT | VM_PAGE_QUERY_FICTITIOUS;
        else if (page != NULL && !page->busy)
            *found |= vm_page_query_bits(page);
        else if (vm_page_slot(object, offset) != 0)
            *found |= VM_PAGE_QUERY_PAGED_OUT;
        if (*found != 0 || object->shadow == NULL)
            break;
        offset += object->shadow_offset;
        object = object->shadow;
    }
    if (*found != 0 && object == top && object->shadow != NULL)
        *found |= VM_PAGE_QUERY_COPIED;
    if (object->pager != NULL || object->device != NULL)
        *found |= VM_PAGE_QUERY_EXTERNAL;
    return object;
}

enum vmm_status
vm_page_query(struct vm_map *map, vmm_va address, int *disposition, int *references)
{
    const struct vm_object *object = NULL;
    struct vm_place place;
    int found = 0;

    if (!vm_map_find_place(map, vm_map_trunc_page(map, address), &place)) {
        if (!map->system->profile.page_query_passes_holes)
            return VMM_FAILURE;
        *disposition = *references = 0;
        return VMM_OK;
    }
    if (place.entry->object != NULL)
        object = vm_page_query_chain(place.entry->object,
                                     vm_entry_offset(place.entry, place.address), &found);
    *disposition = found;
    *references = object == NULL ? 0 : (int)object->ref_count;
    return VMM_OK;
}

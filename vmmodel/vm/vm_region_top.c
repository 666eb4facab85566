/*
 * vm_region_top.c - what an entry's objects hold, whoever maps them (vm.md 7.3)
 *
 * VM_REGION_TOP_INFO counts whole objects, not the entry's pages, and knows fewer ways of sharing.
 * XNU: vm_map_region_top_walk().
 */
#include "vm/vm_internal.h"
#include "vm/vm_map_store.h"

/* The pages that an object has in memory, but those that were offered for reuse. */
static uint64_t
vm_region_top_pages(const struct vm_object *object)
{
    uint64_t pages = 0;
    uint64_t index = 0;
    uint32_t ppn;

    for (; vmm_radix_next(&object->pages, &index, &ppn); index++)
        pages += !vm_page_at(object->system, ppn)->is_reusable;
    return pages;
}

/* Under a shadow, everything below the top object is shared. */
static void
vm_region_top_chain(const struct vm_object *object, struct vm_region_top *top)
{
    uint64_t pages = vm_region_top_pages(object);

    top->share_mode = VM_SHARE_COW;
    top->private_pages = object->ref_count == 1 ? pages : 0;
    top->shared_pages = object->ref_count == 1 ? 0 : pages;
    for (object = object->shadow; object != NULL; object = object->shadow) {
        top->shared_pages += vm_region_top_pages(object);
        top->reference_count += object->ref_count - 1;
        top->object_id = object->id; /* the last one's */
    }
}

/* One name alone, or a file's own reference and one more. */
static bool
vm_region_top_is_private(const struct vm_object *object)
{
    return object->ref_count == 1 || (object->ref_count == 2 && object->pager != NULL);
}

static void
vm_region_top_object(const struct vm_map_entry *entry, struct vm_region_top *top)
{
    const struct vm_object *object = entry->object;
    uint64_t pages = vm_region_top_pages(object);

    if (entry->is_superpage) {
        top->share_mode = VM_SHARE_LARGE_PAGE;
        top->private_pages = vm_entry_size(entry) >> object->system->page_shift;
    } else if (!entry->needs_copy && vm_region_top_is_private(object)) {
        top->share_mode = VM_SHARE_PRIVATE;
        top->private_pages = pages;
    } else {
        top->share_mode = entry->needs_copy ? VM_SHARE_COW : VM_SHARE_SHARED;
        top->shared_pages = pages;
    }
}

bool
vm_map_region_top(const struct vm_map *map, vmm_va address, struct vm_region_top *top)
{
    struct vm_map_entry *entry;

    if (!vm_map_lookup_entry(map, address, &entry))
        return false;
    *top = (struct vm_region_top){ .share_mode = VM_SHARE_EMPTY };
    if (entry->object == NULL)
        return true;
    top->object_id = entry->object->id;
    top->reference_count = entry->object->ref_count;
    if (entry->object->shadow != NULL)
        vm_region_top_chain(entry->object, top);
    else
        vm_region_top_object(entry, top);
    return true;
}

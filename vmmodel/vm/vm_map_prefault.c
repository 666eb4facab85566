/* vm_map_prefault.c - see vm_map_prefault.h */
#include "vm/vm_map_prefault.h"

#include "vm/vm_internal.h"
#include "vm/vm_submap.h"

/* One page's translation, or those of its parts in a map of smaller pages. */
static enum vmm_status
vm_map_prefault_enter(struct vm_map *map, vmm_va va, vmm_ppn ppn, vmm_prot prot, uint32_t flags)
{
    enum vmm_status status = VMM_OK;
    vmm_va end = va + map->system->page_bytes;

    for (uint32_t part = 0; status == VMM_OK && va < end; va += vm_map_page_bytes(map))
        status = pmap_enter(map->pmap, va, ppn, prot, flags | pmap_enter_part(part++));
    return status;
}

/* One page, wired in the hardware's word although no entry is (vm.md T10). */
static enum vmm_status
vm_map_prefault_page(struct vm_map *map, vmm_va va, vmm_ppn ppn, vmm_prot prot, bool must)
{
    struct vm_page *page;
    struct vm_place place;
    enum vmm_status status;

    if (ppn == VMM_NO_PAGE || !vm_map_find_place(map, va, &place))
        return VMM_MEMORY_ERROR;
    place.entry->is_prefaulted = true;
    status = vm_map_prefault_enter(map, va, ppn, prot,
                                   PMAP_ENTER_WIRED | (must ? 0 : PMAP_ENTER_NOWAIT));
    if (status == VMM_OK) {
        page = vm_page_at(map->system, ppn);
        page->pmapped = true; /* differs from vm.md 2.3 [INF]: XNU leaves these two alone */
        page->wpmapped |= (prot & VMM_PROT_WRITE) != 0;
    }
    return status;
}

enum vmm_status
vm_map_prefault(struct vm_map *map, vmm_va start, const vmm_ppn *pages, uint64_t count,
                vmm_prot prot, bool must, uint64_t *entered)
{
    enum vmm_status status = VMM_OK;
    uint64_t done = 0;

    for (; done < count && status == VMM_OK; done += status == VMM_OK)
        status = vm_map_prefault_page(map, start + (done << map->system->page_shift), pages[done],
                                      prot, must);
    *entered = done;
    return must ? status : VMM_OK;
}

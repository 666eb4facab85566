/* vm_fault_wire.c - see vm_fault_wire.h */
#include "vm/vm_fault_wire.h"

#include "vm/vm_fault_internal.h"
#include "vm/vm_object.h"
#include "vm/vm_page.h"

/*
 * The fast way: the page is resident in the top object. It gets the entry's rights, whatever the
 * wirer asked for, unless that would need a page for a table that is not there: the fast way does not
 * wait. Until 10.14 the page keeps the wire that it had got by then (vm.md 3.4 [INF]). False: the
 * slow way must do it, and it counts a second fault (vm.md T17).
 */
static bool
vm_fault_wire_fast(struct vm_map *map, struct vm_map_entry *entry, vmm_va va,
                   enum vmm_status *status)
{
    struct vm_object *object = entry->object;
    struct vm_page *page = vm_page_lookup(object, vm_entry_offset(entry, va));
    bool is_writable = (entry->protection & VMM_PROT_WRITE) != 0;

    vm_fault_count(map);
    if (page == NULL || page->busy || (object->copy != NULL && is_writable))
        return false;
    *status =
        vm_page_enter(page, map->pmap, va, entry->protection, PMAP_ENTER_WIRED | PMAP_ENTER_NOWAIT);
    if (*status == VMM_RESOURCE_SHORTAGE && map->system->profile.wire_fast_leaks) {
        vm_page_wire(page);
        page->lost_wires++;
    }
    if (*status == VMM_RESOURCE_SHORTAGE)
        return false;
    if (*status != VMM_OK)
        return true;
    vm_page_wire(page);
    trace_emit(&map->system->trace, EV_FAULT, .space = map->space, .va = va,
               .detail = VM_FAULT_CACHE_HIT);
    return true;
}

/* A page of a device's list has no wire count; its translation is all there is to wire. */
static enum vmm_status
vm_fault_wire_device(struct vm_map *map, struct vm_map_entry *entry, vmm_va va)
{
    struct vm_fault_enter how = { .pmap = map->pmap,
                                  .va = va,
                                  .prot = entry->protection,
                                  .access = entry->protection,
                                  .is_wired = true,
                                  .kind = VM_FAULT_CACHE_HIT };
    enum vmm_status status;

    vm_fault_count(map);
    status = vm_fault_device(map, entry, &how);
    trace_emit(&map->system->trace, EV_FAULT, .space = map->space, .va = va,
               .detail = VM_FAULT_CACHE_HIT, .status = status);
    return vm_fault_result(map, va, status);
}

static enum vmm_status
vm_fault_wire_page(struct vm_map *map, struct vm_map_entry *entry, vmm_va va)
{
    enum vmm_status status;

    if (entry->object->device != NULL)
        return vm_fault_wire_device(map, entry, va);
    if (vm_fault_wire_fast(map, entry, va, &status))
        return vm_fault_result(map, va, status);
    return vm_fault_wire_slow(map, va);
}

/* What a page was copied from under a wired entry stays wired for ever (T4). */
static void
vm_fault_unwire_page(const struct vm_map_entry *entry, struct vm_page *page)
{
    if (entry->object->is_under_wires && page->wires_at_risk > 0)
        page->wires_at_risk--;
    if (page->missing_wires > 0)
        page->missing_wires--;
    else
        vm_page_unwire(page);
}

static void
vm_fault_unwire_range(struct vm_map *map, struct vm_map_entry *entry, vmm_va end)
{
    for (vmm_va va = entry->start; va < end; va += map->system->page_bytes) {
        struct vm_page *page = vm_object_find_page(entry->object, vm_entry_offset(entry, va));

        pmap_change_wiring(map->pmap, va, false);
        if (entry->object->device != NULL)
            continue;
        VMM_ASSERT(page != NULL); /* I6 */
        vm_fault_unwire_page(entry, page);
    }
}

enum vmm_status
vm_fault_wire(struct vm_map *map, struct vm_map_entry *entry)
{
    if (entry->object->phys_contiguous)
        return VMM_OK; /* a block: nothing is entered (T6) */
    for (vmm_va va = entry->start; va < entry->end; va += map->system->page_bytes) {
        enum vmm_status status = vm_fault_wire_page(map, entry, va);

        if (status != VMM_OK) {
            vm_fault_unwire_range(map, entry, va);
            return status;
        }
    }
    return VMM_OK;
}

void
vm_fault_unwire(struct vm_map *map, struct vm_map_entry *entry)
{
    if (!entry->object->phys_contiguous)
        vm_fault_unwire_range(map, entry, entry->end);
}

/* vm_fault_wire.c - see vm_fault_wire.h */
#include "vm/vm_fault_wire.h"

#include "vm/vm_fault_internal.h"
#include "vm/vm_fault_run.h"
#include "vm/vm_object.h"
#include "vm/vm_page.h"

/*
 * The fast way: the page is resident in the top object. It gets the entry's rights, whatever the
 * wirer asked for, unless that would need a page for a table that is not there: the fast way does not
 * wait. Until 10.14 the page keeps the wire that it had got by then (vm.md 3.4 [INF]). False: the
 * slow way must do it, and it counts a second fault (vm.md T17).
 */
static bool
vm_fault_wire_fast(const struct vm_fault_wire *wire, vmm_va va, enum vmm_status *status)
{
    struct vm_object *object = wire->entry->object;
    struct vm_page *page = vm_page_lookup(object, vm_entry_offset(wire->entry, va));
    bool is_writable = (wire->entry->protection & VMM_PROT_WRITE) != 0;

    vm_fault_count(wire->map);
    if (vm_object_is_guard(object, vm_entry_offset(wire->entry, va))) {
        *status = VMM_OK; /* nothing to hold, and nothing to map */
        trace_emit(&wire->map->system->trace, EV_FAULT, .space = wire->map->space, .va = va,
                   .detail = VM_FAULT_GUARD);
        return true;
    }
    if (page == NULL || page->busy || page->error || page->is_absent ||
        (object->copy != NULL && is_writable))
        return false;
    *status = vm_page_enter(
        page, wire->pmap, va + wire->delta, wire->entry->protection,
        PMAP_ENTER_WIRED | PMAP_ENTER_NOWAIT |
            pmap_enter_part(vm_map_part(wire->map, vm_entry_offset(wire->entry, va))));
    if (*status == VMM_RESOURCE_SHORTAGE && wire->map->system->profile.wire_fast_leaks) {
        if (!vm_page_add_odd_wire(page, VM_WIRES_LOST)) {
            *status = VMM_MODEL_NO_MEMORY;
            return true;
        }
        vm_page_wire(page);
    }
    if (*status == VMM_RESOURCE_SHORTAGE)
        return false;
    if (*status != VMM_OK)
        return true;
    vm_page_wire(page);
    trace_emit(&wire->map->system->trace, EV_FAULT, .space = wire->map->space, .va = va,
               .detail = VM_FAULT_CACHE_HIT);
    return true;
}

/* A page of a device's list has no wire count; its translation is all there is to wire. */
static enum vmm_status
vm_fault_wire_device(const struct vm_fault_wire *wire, vmm_va va)
{
    struct vm_map *map = wire->map;
    struct vm_fault_enter how = { .pmap = wire->pmap,
                                  .va = va + wire->delta,
                                  .delta = wire->delta,
                                  .prot = wire->entry->protection,
                                  .access = wire->entry->protection,
                                  .part = vm_map_part(map, vm_entry_offset(wire->entry, va)),
                                  .is_wired = true,
                                  .kind = VM_FAULT_CACHE_HIT };
    enum vmm_status status;

    vm_fault_count(map);
    status = vm_fault_result(map, va, vm_fault_device(map, wire->entry, &how));
    trace_emit(&map->system->trace, EV_FAULT, .space = map->space, .va = va,
               .detail = status == VMM_OK ? VM_FAULT_CACHE_HIT : VM_FAULT_NONE, .status = status);
    return status;
}

static enum vmm_status
vm_fault_wire_page(const struct vm_fault_wire *wire, vmm_va va)
{
    enum vmm_status status;

    if (wire->entry->object->device != NULL)
        return vm_fault_wire_device(wire, va);
    if (vm_fault_wire_fast(wire, va, &status))
        return vm_fault_result(wire->map, va, status);
    return vm_fault_wire_slow(wire->map, va, wire->pmap, va + wire->delta);
}

/* What a page was copied from under a wired entry stays wired for ever (T4). */
static void
vm_fault_unwire_page(const struct vm_map_entry *entry, struct vm_page *page)
{
    if (entry->object->is_under_wires && vm_page_odd_wires(page, VM_WIRES_AT_RISK) > 0)
        vm_page_drop_odd_wire(page, VM_WIRES_AT_RISK);
    if (vm_page_odd_wires(page, VM_WIRES_MISSING) > 0)
        vm_page_drop_odd_wire(page, VM_WIRES_MISSING);
    else
        vm_page_unwire(page);
}

/* One page of an entry by itself. */
static void
vm_fault_unwire_at(const struct vm_fault_wire *wire, vmm_va va)
{
    const struct vm_map_entry *entry = wire->entry;
    vmm_off offset = vm_entry_offset(entry, va);
    struct vm_page *page = vm_object_find_page(entry->object, offset);

    pmap_change_wiring(wire->pmap, va + wire->delta, false);
    if (entry->object->device != NULL || vm_object_is_guard(entry->object, offset))
        return;
    VMM_ASSERT(page != NULL); /* I6 */
    vm_fault_unwire_page(entry, page);
    if (entry->zero_wired_pages)
        hw_frame_zero_part(&wire->map->system->machine->frames, vm_page_ppn(page),
                           (uint32_t)(offset - vm_object_trunc_page(entry->object, offset)),
                           (uint32_t)vm_map_page_bytes(wire->map));
}

static void
vm_fault_unwire_range(const struct vm_fault_wire *wire, vmm_va end)
{
    for (vmm_va va = wire->entry->start; va < end;) {
        uint32_t pages = vm_fault_unwire_run(wire, va, end);

        if (pages == 0)
            vm_fault_unwire_at(wire, va);
        va += (vmm_va)(pages > 0 ? pages : 1) << wire->map->page_shift;
    }
}

/* A superpage's pages are all there, and are wired without a translation. */
static bool
vm_fault_is_superpage(const struct vm_map_entry *entry)
{
    return entry->object->phys_contiguous && entry->object->device == NULL;
}

static void
vm_fault_each_page(const struct vm_map_entry *entry, void (*change)(struct vm_page *page))
{
    vmm_size page_bytes = entry->object->system->page_bytes;

    for (vmm_size at = 0; at < vm_entry_size(entry); at += page_bytes)
        change(vm_page_lookup(entry->object, entry->offset + at));
}

enum vmm_status
vm_fault_wire(struct vm_map *map, struct vm_map_entry *entry, struct pmap *pmap, vmm_va pmap_start)
{
    struct vm_fault_wire wire = { map, entry, pmap, pmap_start - entry->start };

    if (vm_fault_is_superpage(entry))
        vm_fault_each_page(entry, vm_page_wire);
    if (entry->object->phys_contiguous)
        return VMM_OK; /* nothing is entered (T6), and of a device's block nothing is held */
    for (vmm_va va = entry->start; va < entry->end;) {
        uint32_t pages = vm_fault_wire_run(&wire, va);
        enum vmm_status status = pages > 0 ? VMM_OK : vm_fault_wire_page(&wire, va);

        if (status != VMM_OK) {
            vm_fault_unwire_range(&wire, va);
            return status;
        }
        va += (vmm_va)(pages > 0 ? pages : 1) << map->page_shift;
    }
    return VMM_OK;
}

void
vm_fault_unwire(struct vm_map *map, struct vm_map_entry *entry, struct pmap *pmap,
                vmm_va pmap_start)
{
    if (vm_fault_is_superpage(entry))
        vm_fault_each_page(entry, vm_page_unwire);
    if (!entry->object->phys_contiguous)
        vm_fault_unwire_range(
            &(struct vm_fault_wire){ map, entry, pmap, pmap_start - entry->start }, entry->end);
}

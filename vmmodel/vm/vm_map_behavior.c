/* vm_map_behavior.c - see vm_map_behavior.h */
#include "vm/vm_map_behavior.h"

#include "vm/vm_fault_internal.h"
#include "vm/vm_map_copy.h"
#include "vm/vm_map_store.h"
#include "vm/vm_object.h"
#include "vm/vm_page.h"
#include "vm/vm_pageout.h"
#include "vm/vm_pager.h"
#include "vm/vm_submap.h"
#include "vm/vm_user.h"

/* ---- what is done to one page, or to one entry's part of an object ---- */

enum vm_page_deed {
    VM_DEED_DEACTIVATE,
    VM_DEED_KILL,
    VM_DEED_OUT,
    VM_DEED_REUSABLE,
    VM_DEED_REUSE
};

static enum vmm_status
vm_behavior_page(struct vm_page *page, enum vm_page_deed deed, struct pmap_flush_context *later)
{
    enum vmm_status status = VMM_OK;

    if (vm_page_wire_count(page) > 0 || page->busy || page->laundry)
        return VMM_OK;
    switch (deed) {
    case VM_DEED_OUT:
        status = vm_page_may_go(page) ? vm_page_out(page) : VMM_OK;
        break;
    case VM_DEED_REUSE:
        page->is_reusable = false;
        break;
    case VM_DEED_REUSABLE:
        page->is_reusable = true;
        vm_page_deactivate(page, true, later);
        break;
    default:
        vm_page_deactivate(page, deed == VM_DEED_KILL, later);
        break;
    }
    /* A store that is full or fails leaves the page where it is. */
    return status == VMM_MEMORY_ERROR || status == VMM_RESOURCE_SHORTAGE ? VMM_OK : status;
}

/* Every resident page of this very object in [start, end) of its offsets. */
static enum vmm_status
vm_behavior_pages(struct vm_object *object, vmm_off start, vmm_off end, enum vm_page_deed deed)
{
    uint32_t page_shift = object->system->page_shift;
    uint64_t index = start >> page_shift;
    struct pmap_flush_context later = { 0 };
    enum vmm_status status = VMM_OK;
    uint32_t ppn;

    for (; status == VMM_OK && vmm_radix_next(&object->pages, &index, &ppn) &&
           index < end >> page_shift;
         index++)
        status = vm_behavior_page(vm_page_at(object->system, ppn), deed, &later);
    pmap_flush(object->system->pmaps, &later);
    return status;
}

/*
 * Contents may only be dropped where nobody is promised the old ones (vm.md 2.3): one name alone, or
 * an object that all its names see change, and no copy of it. XNU: kill_pages in vm_map_msync().
 */
static bool
vm_behavior_may_drop(const struct vm_object *object)
{
    return object->shadow == NULL &&
           (object->ref_count == 1 ||
            (object->copy_strategy != VM_COPY_SYMMETRIC && object->copy == NULL));
}

static enum vmm_status
vm_behavior_entry(struct vm_map_entry *entry, vmm_va start, vmm_va end, enum vm_page_deed deed)
{
    vmm_off from = vm_entry_offset(entry, entry->start > start ? entry->start : start);
    vmm_off to = vm_entry_offset(entry, (entry->end < end ? entry->end : end) - 1) + 1;

    if (entry->object == NULL)
        return VMM_OK;
    if ((deed == VM_DEED_KILL || deed == VM_DEED_REUSABLE) && !vm_behavior_may_drop(entry->object))
        return VMM_OK;
    from = vm_system_round_page(entry->object->system, from); /* whole pages only */
    if (deed == VM_DEED_KILL)
        vm_object_drop_slots(entry->object, from, to);
    return vm_behavior_pages(entry->object, from, to, deed);
}

static enum vmm_status
vm_behavior_range(struct vm_map *map, vmm_va start, vmm_va end, enum vm_page_deed deed)
{
    struct vm_map_entry *entry = vm_map_entry_at_or_after(map, start);
    enum vmm_status status = VMM_OK;

    for (; status == VMM_OK && entry != NULL && entry->start < end;
         entry = vm_map_next(map, entry)) {
        vmm_va from = entry->start > start ? entry->start : start;
        vmm_va to = entry->end < end ? entry->end : end;

        if (entry->submap != NULL)
            status = vm_behavior_range(entry->submap, vm_entry_offset(entry, from),
                                       vm_entry_offset(entry, to), deed);
        else
            status = vm_behavior_entry(entry, start, end, deed);
    }
    return status;
}

/* ---- patterns ---- */

static enum vmm_status
vm_behavior_mark(struct vm_map *map, vmm_va start, vmm_va end, uint32_t behavior)
{
    struct vm_map_entry *entry = vm_map_entry_at_or_after(map, start);
    enum vmm_status status = VMM_OK;

    for (; entry != NULL && entry->start < end; entry = vm_map_next(map, entry)) {
        bool zeroes = behavior == VM_BEHAVIOR_ZERO_WIRED_PAGES;

        status = vm_map_clip_range(map, entry, start, end);
        if (status != VMM_OK)
            break;
        if (!zeroes)
            entry->behavior = (uint8_t)behavior;
        else if (entry->protection & VMM_PROT_WRITE)
            entry->zero_wired_pages = true;
        else if (map->system->profile.sanitizes_ranges)
            return VMM_PROTECTION_FAILURE;
    }
    return status;
}

/* What the store has comes back; no translation is made (vm.md 2.3). */
static enum vmm_status
vm_behavior_read_ahead(const struct vm_map_entry *entry, vmm_va start, vmm_va end)
{
    vmm_off to = vm_entry_offset(entry, end - 1);
    enum vmm_status status = VMM_OK;

    if (entry->object == NULL)
        return VMM_OK;
    for (vmm_off at = vm_object_trunc_page(entry->object, vm_entry_offset(entry, start));
         at <= to && status == VMM_OK; at += entry->object->system->page_bytes)
        status = vm_page_read_ahead(entry->object, at);
    return status;
}

/*
 * Anonymous memory is touched as a store would, where nothing translates it yet: a pending copy is
 * made. What the entry forbids is passed over. The map is unlocked meanwhile. vm_pre_fault().
 */
static enum vmm_status
vm_behavior_touch(struct vm_map *map, vmm_va start, vmm_va end)
{
    enum vmm_status status = VMM_OK;

    vm_map_unlock(map);
    for (; start < end && vm_system_runs(map->system) == VMM_OK; start += vm_map_page_bytes(map)) {
        struct pmap_translation found;

        if (!pmap_query(map->pmap, start, &found))
            status = vm_fault(map, start, VMM_PROT_DEFAULT);
        if (status == VMM_MODEL_NO_MEMORY)
            break;
        status = VMM_OK; /* only advice */
    }
    vm_map_lock(map);
    return status == VMM_OK ? vm_system_runs(map->system) : status;
}

static bool
vm_behavior_is_anonymous(const struct vm_map_entry *entry)
{
    return entry->submap == NULL && (entry->object == NULL || (entry->object->pager == NULL &&
                                                               entry->object->device == NULL));
}

/* vm_map_willneed() */
static enum vmm_status
vm_behavior_will_need(struct vm_map *map, vmm_va start, vmm_va end)
{
    bool touches = map->system->profile.willneed_touches_anonymous;
    enum vmm_status status = VMM_OK;

    if (vm_map_span(map, start, end) == 0)
        return VMM_INVALID_ADDRESS;
    while (start < end && status == VMM_OK) {
        struct vm_map_entry *entry;
        vmm_va to;

        if (!vm_map_lookup_entry(map, start, &entry))
            return VMM_INVALID_ADDRESS; /* a hole that came up meanwhile */
        to = entry->end < end ? entry->end : end;
        if (touches && !(entry->protection & VMM_PROT_READ))
            status = VMM_OK;
        else if (touches && vm_behavior_is_anonymous(entry))
            status = vm_behavior_touch(map, start, to);
        else
            status = vm_behavior_read_ahead(entry, start, to);
        start = to;
    }
    return status == VMM_MODEL_NO_FRAME ? VMM_OK : status; /* only advice */
}

/* Reuse needs every entry writable; a hole is code 1. */
static enum vmm_status
vm_behavior_reusable_check(struct vm_map *map, vmm_va start, vmm_va end, bool needs_write)
{
    struct vm_map_entry *entry;

    if (vm_map_span(map, start, end) == 0)
        return VMM_INVALID_ADDRESS;
    entry = vm_map_entry_at_or_after(map, start);
    for (; entry != NULL && entry->start < end; entry = vm_map_next(map, entry)) {
        if (needs_write && !(entry->protection & VMM_PROT_WRITE))
            return VMM_PROTECTION_FAILURE;
    }
    return VMM_OK;
}

/*
 * Zeroing is for the writable, anonymous memory of one's own that no copy depends on; anything else
 * is told so, and stays. vm_map_zero_entry_preflight(), vm_object_zero_preflight().
 */
static enum vmm_status
vm_behavior_may_zero(const struct vm_map_entry *entry)
{
    const struct vm_object *object = entry->object;

    if (!(entry->protection & VMM_PROT_WRITE) || (entry->protection & VMM_PROT_EXECUTE) ||
        entry->used_for_jit)
        return VMM_PROTECTION_FAILURE;
    if (entry->needs_copy || entry->submap != NULL)
        return VMM_NO_ACCESS;
    if (object == NULL)
        return VMM_OK;
    if (object->pager != NULL || object->device != NULL)
        return VMM_PROTECTION_FAILURE;
    return object->shadow != NULL || object->copy != NULL ? VMM_NO_ACCESS : VMM_OK;
}

/* What is paged out is dropped, which makes it zero too; what is nowhere stays nowhere. */
static void
vm_behavior_zero_object(struct vm_object *object, vmm_off offset, vmm_off end)
{
    struct vm_page *page;

    vm_object_drop_slots(object, offset, end);
    for (; vm_object_next_page(object, &offset, end, &page);) {
        page->is_dirty = true;
        hw_frame_zero(&object->system->machine->frames, vm_page_ppn(page));
    }
}

/* Entry by entry: those before the one that refuses are zeroed. vm_map_zero(). */
static enum vmm_status
vm_behavior_zero(struct vm_map *map, vmm_va start, vmm_va end)
{
    struct vm_map_entry *entry = vm_map_entry_at_or_after(map, start);

    if (vm_map_span(map, start, end) == 0)
        return VMM_INVALID_ADDRESS;
    if (vm_map_is_small(map))
        return VMM_NO_ACCESS; /* GUESS: nobody zeroes a part of a page */
    for (; entry != NULL && entry->start < end; entry = vm_map_next(map, entry)) {
        enum vmm_status status = vm_behavior_may_zero(entry);
        vmm_va from = entry->start > start ? entry->start : start;
        vmm_va to = entry->end < end ? entry->end : end;

        if (status != VMM_OK)
            return status;
        if (entry->object != NULL)
            vm_behavior_zero_object(entry->object, vm_entry_offset(entry, from),
                                    vm_entry_offset(entry, to - 1) + 1);
    }
    return VMM_OK;
}

/* Every page of every object that the range names goes out, not only the range's. */
static enum vmm_status
vm_behavior_pageout(struct vm_map *map, vmm_va start, vmm_va end)
{
    struct vm_map_entry *entry = vm_map_entry_at_or_after(map, start);
    enum vmm_status status = VMM_OK;

    if (vm_map_span(map, start, end) == 0)
        return VMM_INVALID_ADDRESS;
    for (; status == VMM_OK && entry != NULL && entry->start < end;
         entry = vm_map_next(map, entry)) {
        if (entry->object != NULL)
            status = vm_behavior_pages(entry->object, 0, UINT64_MAX, VM_DEED_OUT);
    }
    return status;
}

static enum vmm_status
vm_behavior_reusable(struct vm_map *map, vmm_va start, vmm_va end, uint32_t behavior)
{
    enum vmm_status status =
        vm_behavior_reusable_check(map, start, end, behavior == VM_BEHAVIOR_REUSABLE);

    if (status != VMM_OK || behavior == VM_BEHAVIOR_CAN_REUSE || vm_map_is_small(map))
        return status; /* GUESS: nothing is done with a part of a page */
    return vm_behavior_range(map, start, end,
                             behavior == VM_BEHAVIOR_REUSABLE ? VM_DEED_REUSABLE : VM_DEED_REUSE);
}

static enum vmm_status
vm_behavior_do(struct vm_map *map, vmm_va start, vmm_va end, uint32_t behavior)
{
    switch (behavior) {
    case VM_BEHAVIOR_WILLNEED:
        return vm_behavior_will_need(map, start, end);
    case VM_BEHAVIOR_REUSABLE:
    case VM_BEHAVIOR_REUSE:
    case VM_BEHAVIOR_CAN_REUSE:
        return vm_behavior_reusable(map, start, end, behavior);
    case VM_BEHAVIOR_PAGEOUT:
        return vm_behavior_pageout(map, start, end);
    case VM_BEHAVIOR_ZERO:
        return vm_behavior_zero(map, start, end);
    default:
        return vm_map_span(map, start, end) == 0 ? VMM_INVALID_ADDRESS
                                                 : vm_behavior_mark(map, start, end, behavior);
    }
}

enum vmm_status
vm_map_behavior_set(struct vm_map *map, vmm_va start, vmm_va end, uint32_t behavior)
{
    enum vmm_status status;

    if (behavior == VM_BEHAVIOR_DONTNEED)
        return vm_map_msync(map, start, end, VM_SYNC_DEACTIVATE | VM_SYNC_CONTIGUOUS);
    if (behavior == VM_BEHAVIOR_FREE)
        return vm_map_msync(map, start, end,
                            VM_SYNC_DEACTIVATE | VM_SYNC_KILLPAGES | VM_SYNC_CONTIGUOUS);
    vm_map_lock(map);
    status = vm_behavior_do(map, start, end, behavior);
    vm_map_unlock(map);
    return status;
}

/* The end of what is mapped from `start` on without a gap. */
static vmm_va
vm_behavior_first_hole(const struct vm_map *map, vmm_va start)
{
    struct vm_map_entry *entry;

    while (vm_map_lookup_entry(map, start, &entry))
        start = entry->end;
    return start;
}

/* ---- msync ---- */

/* One page of a file: written back if it must be, thrown away if it may be (vm_object_sync()). */
static enum vmm_status
vm_sync_page(struct vm_page *page, uint32_t flags)
{
    struct vm_object *object = vm_page_object(page);
    vmm_off offset = vm_page_offset(page);
    enum vmm_status status = VMM_OK;

    if (flags & (VM_SYNC_SYNCHRONOUS | VM_SYNC_ASYNCHRONOUS))
        status = vm_pager_clean(page, (flags & VM_SYNC_SYNCHRONOUS) != 0);
    if (status == VMM_MODEL_NO_MEMORY)
        return status;
    page = vm_page_lookup(object, offset);
    if ((flags & VM_SYNC_INVALIDATE) && status == VMM_OK && page != NULL && !page->busy &&
        !page->laundry && vm_page_wire_count(page) == 0)
        vm_page_free(page);
    return VMM_OK; /* what the file would not take stays as it is: the caller is not told */
}

/* The pages of one entry's part of a file's object; the map is not locked. */
static enum vmm_status
vm_sync_object(struct vm_object *object, vmm_off from, vmm_off to, uint32_t flags)
{
    struct vm_object *hold = object;
    enum vmm_status status = VMM_OK;
    struct vm_page *page;

    vm_object_reference(object);
    while (status == VMM_OK && vm_object_next_page(object, &from, to, &page))
        status = vm_sync_page(page, flags);
    vm_object_release(&hold);
    return status;
}

/* Memory that no file is behind has nowhere to be written to. */
static enum vmm_status
vm_map_sync(struct vm_map *map, vmm_va start, vmm_va end, uint32_t flags)
{
    enum vmm_status status = VMM_OK;

    while (status == VMM_OK && start < end) {
        const struct vm_map_entry *entry = vm_map_entry_at_or_after(map, start);
        struct vm_place place;
        struct vm_object *object;
        vmm_off from;

        if (entry == NULL)
            return VMM_OK;
        start = entry->start > start ? entry->start : start;
        if (!vm_map_find_place(map, start, &place)) {
            start += vm_map_page_bytes(map); /* a hole in a submap */
            continue;
        }
        object = place.entry->object;
        from = vm_entry_offset(place.entry, place.address);
        place.end = place.end < end ? place.end : end;
        if (start < end && object != NULL && object->pager != NULL)
            status = vm_sync_object(object, from, from + (place.end - start), flags);
        start = place.end;
    }
    return status;
}

enum vmm_status
vm_map_msync(struct vm_map *map, vmm_va start, vmm_va end, uint32_t flags)
{
    enum vmm_status status = VMM_OK;
    bool kills = (flags & VM_SYNC_KILLPAGES) != 0;
    bool has_hole;

    vm_map_lock(map);
    has_hole = vm_map_span(map, start, end) == 0;
    if (kills && has_hole)
        end = vm_behavior_first_hole(map, start);
    if (flags & (VM_SYNC_DEACTIVATE | VM_SYNC_KILLPAGES))
        status = vm_behavior_range(map, start, end, kills ? VM_DEED_KILL : VM_DEED_DEACTIVATE);
    vm_map_unlock(map);
    if (!(flags & (VM_SYNC_DEACTIVATE | VM_SYNC_KILLPAGES)))
        status = vm_map_sync(map, start, end, flags);
    if (status == VMM_OK && has_hole && (flags & VM_SYNC_CONTIGUOUS))
        return VMM_INVALID_ADDRESS;
    return status;
}

enum vmm_status
vm_map_sever(struct vm_map *map, vmm_va start, vmm_va end)
{
    struct vm_map_entry *entry = vm_map_entry_at_or_after(map, start);
    enum vmm_status status = vm_system_runs(map->system);

    for (; status == VMM_OK && entry != NULL && entry->start < end;
         entry = vm_map_next(map, entry)) {
        if (entry->object != NULL && !vm_object_sever(entry->object))
            status = VMM_FAILURE;
    }
    return status;
}

enum vmm_status
vm_map_page_out(struct vm_map *map, vmm_va start, vmm_va end)
{
    enum vmm_status status = vm_system_runs(map->system);

    for (vmm_va va = start; va < end && status == VMM_OK; va += vm_map_page_bytes(map)) {
        struct vm_place place;
        struct vm_page *page = NULL;

        if (vm_map_find_place(map, va, &place) && place.entry->object != NULL)
            page = vm_object_find_page(place.entry->object,
                                       vm_entry_offset(place.entry, place.address));
        if (page != NULL)
            status = vm_behavior_page(page, VM_DEED_OUT, NULL);
    }
    return status;
}

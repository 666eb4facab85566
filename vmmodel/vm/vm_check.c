/*
 * vm_check.c - every invariant of vm.md 8 that applies to what exists
 *
 * Each check returns NULL or a text that begins with the invariant's number. Invariants with
 * exceptions are checked as far as the exceptions leave them: a wired entry may lack a translation
 * after a protect or a disconnect (T2, T3), but one that is there carries the wired bit.
 */
#include "vm/vm_device.h"
#include "vm/vm_internal.h"
#include "vm/vm_map_store.h"
#include "vm/vm_object.h"
#include "vm/vm_page.h"
#include "vm/vm_submap.h"

/* ---- one entry ---- */

static const char *
vm_check_wired_page(const struct vm_map_entry *entry, vmm_va va)
{
    const struct vm_page *page = vm_object_find_page(entry->object, vm_entry_offset(entry, va));

    if (vm_object_is_guard(entry->object, vm_entry_offset(entry, va)))
        return page == NULL ? NULL : "G1 a guard page has a frame";
    if (page == NULL)
        return "I6 a page of a wired entry is not resident";
    if (vm_page_wire_count(page) == 0 && vm_page_odd_wires(page, VM_WIRES_MISSING) == 0)
        return "I6 a page of a wired entry has no wire count";
    return NULL;
}

static const char *
vm_check_submap(const struct vm_map *map, const struct vm_map_entry *entry)
{
    vmm_size unit = vm_map_nesting_bytes(map->system);

    if (entry->object != NULL)
        return "M1 an entry has both an object and a submap";
    if (entry->offset < entry->submap->min || entry->offset > entry->submap->max ||
        entry->submap->max - entry->offset < vm_entry_size(entry))
        return "M2 an entry shows more than its submap has";
    if (entry->use_pmap && ((entry->start | entry->end) & (unit - 1)) != 0)
        return "M3 a nested entry does not lie at nesting boundaries";
    return NULL;
}

static const char *
vm_check_entry(const struct vm_map *map, const struct vm_map_entry *entry)
{
    vmm_size mask = vm_map_page_bytes(map) - 1;
    const char *broken = NULL;

    if (entry->start >= entry->end || entry->start < map->min || entry->end > map->max)
        return "I1 an entry is empty or outside the map";
    if ((entry->start | entry->end | entry->offset) & mask)
        return "I2 an entry is not page aligned";
    if (entry->user_wired_count > 0 && entry->wired_count == 0)
        return "I3 user wires without a wired count";
    if (entry->in_transition || (entry->needs_wakeup && entry->wired_count == 0))
        return "I19 an entry is in transition with nobody at work";
    if (entry->submap != NULL)
        return vm_check_submap(map, entry);
    if (entry->wired_count > 0 &&
        (entry->object == NULL ||
         (entry->needs_copy && map->system->profile.protect_copy_remaps))) /* T4 */
        return "I5 a wired entry has no object of its own";
    if (entry->needs_copy && entry->object == NULL)
        return "I16 needs_copy without an object";
    if (entry->wired_count == 0 || (entry->object != NULL && entry->object->device != NULL))
        return NULL; /* a device's frames carry no counts */
    for (vmm_va va = entry->start; va < entry->end && broken == NULL; va += mask + 1)
        broken = vm_check_wired_page(entry, va);
    return broken;
}

/* ---- translations against entries ---- */

struct vm_check_pte {
    const struct vm_map *map;
    const char *broken;
};

/* Whether `ppn` is the page the chain shows, or one further down it (an older COW source). */
static bool
vm_check_in_chain(const struct vm_object *object, vmm_off offset, vmm_ppn ppn)
{
    for (; object != NULL; object = object->shadow) {
        const struct vm_page *page = vm_page_lookup(object, offset);

        if (page != NULL && vm_page_ppn(page) == ppn)
            return true;
        if (object->device != NULL)
            return vm_device_frame(object, offset) == ppn;
        offset += object->shadow_offset;
    }
    return false;
}

static const char *
vm_check_writable(const struct vm_map_entry *entry, vmm_off offset, vmm_ppn ppn)
{
    const struct vm_page *page = vm_page_lookup(entry->object, offset);

    if (!(entry->protection & VMM_PROT_WRITE))
        return "I15 a writable translation of an entry that forbids WRITE";
    if (entry->object->device != NULL)
        return NULL;
    if (entry->needs_copy)
        return "I16 a writable translation of a needs_copy entry";
    if (page == NULL || vm_page_ppn(page) != ppn)
        return "I15 a writable translation of a page below the top object";
    if (vm_object_is_unpushed(entry->object, offset))
        return "I15 a writable translation of a page its copy still needs";
    return NULL;
}

static const char *
vm_check_translation(const struct vm_map *map, vmm_va va, const struct pmap_translation *found)
{
    const struct vm_map_entry *entry;
    struct vm_place place;
    bool is_shown; /* to several maps: each has wired what it wired itself */
    vmm_off offset;

    if (!vm_map_find_place(map, va, &place) || place.entry->object == NULL)
        return "I14 a translation where nothing is mapped";
    entry = place.entry;
    is_shown = place.map->mapped_in_other_pmaps;
    offset = vm_entry_offset(entry, place.address);
    if (!vm_check_in_chain(entry->object, offset, found->ppn))
        return "I14 a translation of a page that the chain does not hold";
    if (found->part != vm_map_part(map, offset))
        return "I14 a translation of another part of the page";
    if (entry->wired_count > 0 && !found->is_wired && !is_shown)
        return "I7 a translation of a wired entry lacks the wired bit";
    if (entry->wired_count == 0 && found->is_wired && !is_shown && !entry->is_prefaulted &&
        !entry->object->phys_contiguous)
        return "I9 a wired translation without a wired entry";
    if ((found->prot & VMM_PROT_WRITE) && place.nested != NULL)
        return "M4 a translation that several maps share may be written through";
    if ((found->prot & VMM_PROT_WRITE) && place.needs_copy)
        return "I16 a writable translation through a submap that waits to be copied";
    return found->prot & VMM_PROT_WRITE ? vm_check_writable(entry, offset, found->ppn) : NULL;
}

static void
vm_check_see_translation(void *context, vmm_va va, const struct pmap_translation *found)
{
    struct vm_check_pte *check = context;

    if (check->broken == NULL)
        check->broken = vm_check_translation(check->map, va, found);
}

/* ---- one map ---- */

/* Each entry is found by its start, but for those that the index had no memory for. */
static bool
vm_check_index(const struct vm_map *map)
{
    const struct vm_map_entry *entry = vm_map_first(map);
    size_t missing = map->entry_count - map->index.count;

    if (map->index.count > map->entry_count || !vmm_index_check(&map->index))
        return false;
    for (; entry != NULL; entry = vm_map_next(map, entry))
        missing -= vmm_index_find(&map->index, entry->start) != entry;
    return missing == 0;
}

static const char *
vm_check_map(const struct vm_map *map)
{
    const struct vm_map_entry *entry = vm_map_first(map);
    struct vm_check_pte check = { map, NULL };
    vmm_size size = 0;
    vmm_size user_wired = 0;
    vmm_va last = map->min;
    size_t count = 0;

    if (map->is_locked)
        return "I19 a map is locked with nobody at work";
    for (; entry != NULL; entry = vm_map_next(map, entry), count++) {
        const char *broken = vm_check_entry(map, entry);

        if (broken != NULL)
            return broken;
        if (entry->start < last)
            return "I1 entries overlap or are out of order";
        last = entry->end;
        size += vm_entry_size(entry);
        user_wired += entry->user_wired_count > 0 ? vm_entry_size(entry) : 0;
    }
    if (count != map->entry_count || size != map->size || !vm_check_index(map))
        return "I1 index, list and size of a map disagree";
    if (user_wired != map->user_wire_size)
        return "I4 user_wire_size differs from the entries with user wires";
    if (map->pmap != NULL)
        pmap_each(map->pmap, map->min, map->max, vm_check_see_translation, &check);
    return check.broken;
}

/* ---- objects and pages ---- */

/* One page by itself: who holds it, and on which queue it is. */
static const char *
vm_check_page(const struct vm_system *system, const struct vm_page *page)
{
    if (page->busy)
        return "I21 a page is busy with nobody at work";
    if (page->laundry)
        return "I21 a page is in laundry with nobody at work";
    if (page->error &&
        (vm_page_wire_count(page) > 0 || pmap_page_is_mapped(system->pmaps, vm_page_ppn(page))))
        return "F2 a page in error is wired or mapped";
    if (vm_page_wire_count(page) == 0 && page->queue == VM_PAGE_ON_NONE)
        return "I10 a page that nobody holds stands on no queue";
    if (!page->pmapped && pmap_page_is_mapped(system->pmaps, vm_page_ppn(page)))
        return "I17 a page that was never mapped has a translation";
    return NULL;
}

static const char *
vm_check_object(const struct vm_object *object)
{
    const struct vm_system *system = object->system;
    uint64_t wired = 0;
    uint64_t index = 0;
    uint32_t ppn;

    for (; vmm_radix_next(&object->pages, &index, &ppn); index++) {
        const struct vm_page *page = vm_page_at(system, ppn);
        const char *broken = vm_check_page(system, page);

        if (vm_page_object(page) != object || vm_page_offset(page) != index << system->page_shift)
            return "I14 a page does not name the object that holds it";
        if (broken != NULL)
            return broken;
        wired += vm_page_wire_count(page) > 0;
    }
    if (object->paging_in_progress > 0)
        return "I21 an object pages with nobody at work";
    if (object->pager != NULL && (object->shadow != NULL || object->paged_out.count > 0))
        return "F1 a file's object has a shadow, or pages in the store";
    if (object->device != NULL && object->pages.count + object->paged_out.count > 0)
        return "D1 a device's object has a page";
    if (object->ref_count == 0)
        return "O1 an object nobody names is still there";
    if (object->copy != NULL && object->copy->shadow != object)
        return "O2 an object's copy does not have it as shadow";
    return wired != object->wired_page_count ? "I10 wired_page_count is wrong" : NULL;
}

/* G3: each slot of the store is named by the one object that it belongs to. */
static const char *
vm_check_store(const struct vm_system *system)
{
    uint64_t named = 0;

    for (const struct vmm_list *at = system->objects.next; at != &system->objects; at = at->next)
        named += VMM_CONTAINER(at, struct vm_object, link)->paged_out.count;
    if (named != system->store.used)
        return "G3 the store holds more or less than objects name";
    return system->store.used > system->store.limit ? "G3 the store holds more than it may" : NULL;
}

/* References as they can be counted from maps and shadows: never more than the object says. */
static const char *
vm_check_references(const struct vm_system *system, const struct vm_object *object)
{
    const struct vmm_list *at;
    uint64_t references = 0;

    for (at = system->objects.next; at != &system->objects; at = at->next)
        references += VMM_CONTAINER(at, struct vm_object, link)->shadow == object;
    for (at = system->maps.next; at != &system->maps; at = at->next) {
        const struct vm_map *map = VMM_CONTAINER(at, struct vm_map, link);
        const struct vm_map_entry *entry = vm_map_first(map);

        for (; entry != NULL; entry = vm_map_next(map, entry))
            references += entry->object == object;
    }
    return references > object->ref_count ? "O1 more names for an object than references" : NULL;
}

/*
 * How many pages an entry has wired: a device's frames and guards carry no counts. A page of the map is
 * one wire, whether it is a whole page of the object or a part.
 */
static uint64_t
vm_check_wired_pages(const struct vm_map *map, const struct vm_map_entry *entry)
{
    const struct vm_object *object = entry->object;
    vmm_size page_bytes = vm_map_page_bytes(map);
    vmm_off end = entry->offset + vm_entry_size(entry);
    uint64_t pages = vm_entry_size(entry) / page_bytes;

    if (entry->wired_count == 0 || object == NULL || object->device != NULL)
        return 0;
    if (!object->guard_first && !object->guard_last)
        return pages;
    for (vmm_off at = entry->offset; at < end; at += page_bytes)
        pages -= vm_object_is_guard(object, at) ? 1 : 0;
    return pages;
}

/* Wires of all pages. */
struct vm_check_wires {
    uint64_t held;
    uint64_t lost;  /* nobody owns them any more (T4) */
    uint64_t wired; /* pages with a wire count */
};

/* I10: every wire count has an owner: a wired entry or an I/O list, unless it was lost (T4). */
static const char *
vm_check_wire_counts(const struct vm_system *system, const struct vm_check_wires *wires)
{
    uint64_t owned = system->io_wires + wires->lost;

    for (const struct vmm_list *at = system->maps.next; at != &system->maps; at = at->next) {
        const struct vm_map *map = VMM_CONTAINER(at, struct vm_map, link);
        const struct vm_map_entry *entry = vm_map_first(map);

        for (; entry != NULL; entry = vm_map_next(map, entry))
            owned += vm_check_wired_pages(map, entry);
    }
    if (wires->held != owned)
        return "I10 wire counts of pages differ from wired entries and I/O lists";
    return wires->wired != system->wired_pages ? "I11 the number of wired pages is wrong" : NULL;
}

/* I17: a frame that is free, or a table's, is no object's page and remembers nothing. */
static const char *
vm_check_frame(const struct vm_system *system, vmm_ppn ppn, const struct vm_page *page)
{
    bool is_free = vm_page_object(page) == NULL;
    bool is_in_use = hw_frame_is_in_use(&system->machine->frames, ppn); /* or a table's */

    if (is_free && vm_page_wire_count(page) > 0)
        return "I17 a free page has a wire count";
    if (is_free && page->queue != VM_PAGE_ON_NONE)
        return "I17 a free page is on a queue";
    if (page->follows && page->queue == VM_PAGE_ON_NONE)
        return "Q1 a page that is on no queue follows another";
    if (is_free && is_in_use && pmap_page_is_mapped(system->pmaps, ppn))
        return "I17 a free page is mapped";
    return !is_free && !is_in_use ? "I17 an object's page is a free frame" : NULL;
}

/* Whether no frame of a chunk was ever handed out, and nothing is known of any: most of a large machine. */
static bool
vm_check_is_blank(const struct vm_system *system, const struct vm_page_chunk *chunk)
{
    const struct vmm_rows *rows = system->machine->rows;

    return chunk->first >= system->machine->frames.fresh &&
           rows->unlike16(chunk->bits, VM_PAGE_CHUNK, 0) == 0 &&
           rows->held32(chunk->place, VM_PAGE_CHUNK) == 0 &&
           rows->held32(chunk->wires, VM_PAGE_CHUNK) == 0;
}

static const char *
vm_check_chunk(const struct vm_system *system, const struct vm_page_chunk *chunk,
               struct vm_check_wires *wires)
{
    const char *broken = NULL;

    for (uint32_t nth = chunk->first == 0 ? 1 : 0; nth < VM_PAGE_CHUNK && broken == NULL; nth++) {
        const struct vm_page *page = &chunk->pages[nth];
        vmm_ppn ppn = chunk->first + nth;
        uint32_t count = vm_page_wire_count(page);
        uint32_t lost = vm_page_odd_wires(page, VM_WIRES_LOST);

        if (ppn > system->frame_count)
            break;
        broken = vm_check_frame(system, ppn, page);
        if (broken == NULL && lost > count)
            broken = "I10 a page lost more wires than it has";
        wires->held += count + vm_page_odd_wires(page, VM_WIRES_MISSING);
        wires->lost += lost;
        wires->wired += count > 0;
    }
    return broken;
}

/* Every frame is looked at, so this is most of a check: all that one page tells is asked at once. */
static const char *
vm_check_pages(const struct vm_system *system, struct vm_check_wires *wires)
{
    const char *broken = NULL;

    for (vmm_ppn i = 0; i <= system->frame_count / VM_PAGE_CHUNK && broken == NULL; i++) {
        if (!vm_check_is_blank(system, &system->page_chunks[i]))
            broken = vm_check_chunk(system, &system->page_chunks[i], wires);
    }
    return broken;
}

/* Q1: each page of a queue is on it, behind the one before. */
static const char *
vm_check_queue(const struct vm_system *system, uint32_t queue)
{
    const struct vm_page_list *list = &system->queues[queue];
    vmm_ppn before = VMM_NO_PAGE;
    uint64_t count = 0;

    for (vmm_ppn ppn = list->first; ppn != VMM_NO_PAGE; count++) {
        const struct vm_page *page = vm_page_at(system, ppn);

        if (count == list->count || page->queue != queue ||
            vm_page_queue_prev(list, page) != before)
            return "Q1 a page of a queue is not behind the one before";
        before = ppn;
        ppn = vm_page_queue_next(list, page);
    }
    return count == list->count && before == list->last
               ? NULL
               : "Q1 a queue has not the pages that it counts";
}

const char *
vm_system_check(const struct vm_system *system)
{
    const char *broken = pmap_system_check(system->pmaps);
    struct vm_check_wires wires = { 0 };
    const struct vmm_list *at;

    if (broken == NULL)
        broken = vm_check_pages(system, &wires);
    for (at = system->maps.next; at != &system->maps && broken == NULL; at = at->next)
        broken = vm_check_map(VMM_CONTAINER(at, struct vm_map, link));
    for (at = system->objects.next; at != &system->objects && broken == NULL; at = at->next) {
        broken = vm_check_object(VMM_CONTAINER(at, struct vm_object, link));
        if (broken == NULL)
            broken = vm_check_references(system, VMM_CONTAINER(at, struct vm_object, link));
    }
    for (uint32_t queue = VM_PAGE_ON_NONE + 1; queue < VM_PAGE_QUEUES && broken == NULL; queue++)
        broken = vm_check_queue(system, queue);
    if (broken == NULL)
        broken = vm_check_store(system);
    return broken != NULL ? broken : vm_check_wire_counts(system, &wires);
}

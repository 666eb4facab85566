/*
 * vm_fault_run.c - see vm_fault_run.h
 *
 * Two kinds of runs are wired: pages that the entry's own object holds (vm_fault_wire_fast() for each)
 * and places that nobody has touched, of an object with nothing below it (vm_fault_wire_slow() for
 * each: the fast way has counted its fault by then, so there are two a page, vm.md T17).
 */
#include "vm/vm_fault_run.h"

#include "pmap/pmap_enter_run.h"
#include "vm/vm_map_store.h"
#include "vm/vm_page_run.h"
#include "vm/vm_purgeable.h"

/* ---- what can be done ---- */

static bool
vm_fault_run_serves(const struct vm_fault_wire *wire)
{
    const struct vm_object *object = wire->entry->object;
    const struct vm_system *system = object->system;

    return !vm_map_is_small(wire->map) && system->trace.sinks == NULL &&
           system->machine->frames.injector == NULL && object->device == NULL &&
           object->pager == NULL && !object->guard_first && !object->guard_last &&
           !object->shadow_severed && !wire->map->no_zero_fill;
}

/* Pages from `va` on that lie in one leaf of the object and in the entry. */
static uint32_t
vm_fault_run_length(const struct vm_fault_wire *wire, vmm_va va, uint64_t index)
{
    uint64_t left = (wire->entry->end - va) >> wire->map->system->page_shift;
    uint32_t leaf = VMM_RADIX_FANOUT - (uint32_t)(index & (VMM_RADIX_FANOUT - 1));

    return left < leaf ? (uint32_t)left : leaf;
}

/*
 * What the slow way finds in the map, whose entry may not be what it was when the wiring began: others
 * have run since.
 */
static bool
vm_fault_run_entry_stands(const struct vm_fault_wire *wire, vmm_va va)
{
    const struct vm_map_entry *was = wire->entry;
    struct vm_map_entry *entry;

    return vm_map_lookup_entry(wire->map, va, &entry) && entry->object == was->object &&
           entry->end >= was->end && vm_entry_offset(entry, va) == vm_entry_offset(was, va) &&
           entry->protection == was->protection && entry->wired_count > 0 && !entry->needs_copy;
}

/* Whether a place that holds nothing gets a page of zeroes at once, where runs serve at all. */
static bool
vm_fault_run_fills(const struct vm_fault_wire *wire, vmm_va va)
{
    const struct vm_object *object = wire->entry->object;

    return object->shadow == NULL && object->copy == NULL && object->paged_out.count == 0 &&
           !object->blocked_access && !vm_object_is_purge_error(object) &&
           object->system->machine->frames.ram == NULL && vm_fault_run_entry_stands(wire, va);
}

/* ---- wire ---- */

enum { VM_WIRE_FAST = PMAP_ENTER_WIRED | PMAP_ENTER_NOWAIT }; /* as vm_fault_wire_fast() enters */

static void
vm_fault_run_count(const struct vm_fault_wire *wire, uint32_t pages, uint32_t faults)
{
    struct vm_system *system = wire->map->system;

    system->counts.faults += (uint64_t)pages * faults;
    if (wire->map->task != NULL)
        wire->map->task->faults += (uint64_t)pages * faults;
    trace_count_events(&system->trace, EV_FAULT, pages);
}

/* Places that hold nothing. */
static uint32_t
vm_fault_wire_absent(const struct vm_fault_wire *wire, vmm_va va, uint64_t index)
{
    struct vm_system *system = wire->map->system;
    struct hw_frames *frames = &system->machine->frames;
    vmm_ppn ppns[VMM_RADIX_FANOUT];
    uint32_t count = vm_fault_run_length(wire, va, index);
    uint32_t pages = vmm_radix_vacant(&wire->entry->object->pages, index, count);
    struct pmap_row words;

    pages = pages < frames->free_count ? pages : frames->free_count;
    if (pages == 0 || !pmap_row_find(wire->pmap, va + wire->delta, pages, &words))
        return 0;
    pages = pmap_row_room(&words);
    if (pages == 0 || !vm_fault_run_fills(wire, va))
        return 0;
    hw_frame_alloc_many(frames, ppns, pages);
    if (!vm_page_insert_wired_run(wire->entry->object, index, ppns, pages,
                                  (wire->entry->protection & VMM_PROT_WRITE) != 0))
        return 0;
    for (uint32_t done = 0, row; done < pages; done += row) {
        row = hw_frames_in_row(&ppns[done], pages - done);
        VMM_ASSERT(pmap_row_enter(&words, done, ppns[done], row, wire->entry->protection,
                                  PMAP_ENTER_WIRED) == row);
    }
    system->counts.zero_fill_faults += pages;
    trace_count_events(&system->trace, EV_PAGE_ZERO_FILL, pages);
    vm_fault_run_count(wire, pages, 2);
    return pages;
}

/* Whether the page at `index` is one that pmap takes as it is, for page `at` of a row of words. */
static bool
vm_fault_run_goes_on(const struct vm_fault_wire *wire, const struct pmap_row *words, uint32_t at,
                     uint64_t index)
{
    vmm_ppn ppn = vmm_radix_get(&wire->entry->object->pages, index);

    return ppn != VMM_NO_PAGE &&
           pmap_row_takes(words, at, ppn, wire->entry->protection, VM_WIRE_FAST);
}

/* Pages that are there. */
static uint32_t
vm_fault_wire_resident(const struct vm_fault_wire *wire, vmm_va va, uint64_t index)
{
    struct vm_object *object = wire->entry->object;
    uint64_t left = (wire->entry->end - va) >> object->system->page_shift;
    vmm_prot prot = wire->entry->protection;
    bool is_writable = (prot & VMM_PROT_WRITE) != 0;
    bool is_stopped = false;
    uint32_t pages = 0;
    struct pmap_row words;

    if ((object->copy != NULL && is_writable) ||
        !pmap_row_find(wire->pmap, va + wire->delta, left, &words))
        return 0;
    while (!is_stopped && pages < words.count &&
           vm_fault_run_goes_on(wire, &words, pages, index + pages)) {
        struct vm_page_row row = vm_page_row_at(object, index + pages, words.count - pages);
        uint32_t entered;

        pmap_row_expect(&words, pages, vm_page_row_first(&row), row.count);
        row.count = vm_page_row_at_hand(&row);
        entered =
            pmap_row_enter(&words, pages, vm_page_row_first(&row), row.count, prot, VM_WIRE_FAST);
        is_stopped = row.count == 0 || entered < row.count;
        row.count = entered;
        vm_page_wire_row(object, &row, is_writable);
        pages += entered;
    }
    vm_fault_run_count(wire, pages, 1);
    return pages;
}

uint32_t
vm_fault_wire_run(const struct vm_fault_wire *wire, vmm_va va)
{
    struct vm_object *object = wire->entry->object;
    uint64_t index = vm_entry_offset(wire->entry, va) >> object->system->page_shift;

    if (!vm_fault_run_serves(wire) || wire->entry->protection == VMM_PROT_NONE)
        return 0;
    return vmm_radix_get(&object->pages, index) == 0 ? vm_fault_wire_absent(wire, va, index)
                                                     : vm_fault_wire_resident(wire, va, index);
}

/* ---- unwire ---- */

/* Whether no page is wired in a way that VM_PROT_COPY made odd (T4). */
static bool
vm_fault_run_is_even(const struct vm_system *system)
{
    return system->odd_wires[VM_WIRES_AT_RISK].count == 0 &&
           system->odd_wires[VM_WIRES_MISSING].count == 0;
}

uint32_t
vm_fault_unwire_run(const struct vm_fault_wire *wire, vmm_va va, vmm_va end)
{
    struct vm_object *object = wire->entry->object;
    const struct vm_system *system = object->system;
    uint64_t index = vm_entry_offset(wire->entry, va) >> system->page_shift;
    uint64_t left = (end - va) >> system->page_shift;
    uint32_t pages;

    if (!vm_fault_run_serves(wire) || wire->entry->zero_wired_pages ||
        !vm_fault_run_is_even(system))
        return 0;
    pages = vmm_radix_held(&object->pages, index, left < UINT32_MAX ? (uint32_t)left : UINT32_MAX);
    if (pages == 0)
        return 0;
    pmap_unwire_range(wire->pmap, va + wire->delta,
                      va + wire->delta + ((vmm_va)pages << system->page_shift));
    vm_page_unwire_run(object, index, pages);
    return pages;
}

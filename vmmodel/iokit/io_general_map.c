/*
 * io_general_map.c - mapping virtual memory, and the two ways to have translations at once
 *
 * Reserving and entering make no translation. kIOMapPrefault does, where the release lets it; and so
 * did every mapping, in the report's own view of 10.9.
 */
#include "iokit/io_placement.h"
#include "vm/vm_fault.h"
#include "vm/vm_map_prefault.h"

/* ---- the same-task shortcut (iokit.md 3.1) ---- */

static bool
io_is_shortcut(const struct io_md *md, const struct io_request *request)
{
    const struct vm_profile *profile = vm_system_profile(md->system);

    if (((request->options & IO_MAP_UNIQUE) && !profile->shortcut_despite_unique) ||
        ((request->options & IO_MAP_GUARDED_MASK) && profile->has_map_guards))
        return false;
    return md->has_task && vm_task_id(request->task) == md->task_id &&
           (request->options & IO_MAP_ANYWHERE) && md->range_count == 1 && request->offset == 0 &&
           request->length <= md->length;
}

/* ---- prefault (iokit.md 3.7) ---- */

/*
 * Up to 10.12 the test is for kernel_map itself, after a pageable buffer was diverted to a submap of
 * it: such a buffer passes.
 */
enum vmm_status
io_check_prefault(struct io_placement *placement)
{
    struct io_md *md = placement->map->md;
    uint8_t prefault = io_profile(placement)->prefault;
    bool is_refused = prefault == VM_PREFAULT_NOT_KERNEL && vm_map_is_kernel(placement->into);

    if (!(placement->request->options & IO_MAP_PREFAULT) || prefault == VM_PREFAULT_ABSENT)
        return VMM_OK;
    if (is_refused && vm_system_kernel_asserts(md->system))
        return vm_panic(md->system, REASON_PREFAULT_ASSERT, 0, placement->start,
                        "assertion failed: kIOMapPrefault into kernel_map");
    if (md->wire_count > 0 && md->list_count > 0 && !is_refused)
        return VMM_OK;
    placement->may_leak = true;
    return VMM_IO_BAD_ARGUMENT;
}

/* How many pages are entered. From 11 on the page offset is forgotten (trap T8). */
static uint64_t
io_prefault_pages(const struct io_placement *placement)
{
    uint64_t mask = io_page_mask(placement->map->md);
    uint64_t bytes = placement->request->length;

    if (!io_profile(placement)->prefault_omits_page_offset)
        bytes += placement->page_offset;
    return (bytes + mask) / (mask + 1);
}

/* Whether the first page that cannot be had fails the mapping; elsewhere it only ends the walk. */
static bool
io_prefault_must(const struct io_placement *placement)
{
    return vm_map_is_kernel(placement->request->map) &&
           io_profile(placement)->prefault == VM_PREFAULT_ANY;
}

/*
 * The pages of one part at `at`, in order, as far as `*left` goes: the one with its first byte, and then
 * one at each page boundary. The first that cannot be entered ends it.
 */
static enum vmm_status
io_prefault_part(struct io_placement *placement, const struct io_run *part, vmm_va at,
                 uint64_t *left)
{
    struct io_md *md = placement->map->md;
    uint64_t page_bytes = io_page_mask(md) + 1;
    uint64_t on_first_page = page_bytes - (part->page_offset & (page_bytes - 1));
    enum vmm_status status = VMM_OK;
    uint64_t done = 0;

    while (status == VMM_OK && *left > 0 && done < part->length) {
        vmm_ppn ppn = io_md_page(md, part->md_offset + done);
        uint64_t entered;

        status = vm_map_prefault(placement->request->map, at, &ppn, 1, placement->prot,
                                 io_prefault_must(placement), &entered);
        if (entered == 0)
            return status == VMM_OK ? VMM_RESOURCE_SHORTAGE : status;
        done += done == 0 ? on_first_page : page_bytes;
        at += page_bytes;
        --*left;
    }
    return status;
}

/*
 * Enters the pages that prepare() listed, one by one. A copy takes a path that comes back before this
 * step: no translation, and success (iokit.md 3.5).
 */
static enum vmm_status
io_prefault(struct io_placement *placement)
{
    struct io_md *md = placement->map->md;
    uint64_t count = io_md_is_snapshot(md) ? 0 : io_prefault_pages(placement);
    uint64_t left = count;
    vmm_va at = placement->start;
    enum vmm_status status = VMM_OK;

    if (!(placement->request->options & IO_MAP_PREFAULT) ||
        io_profile(placement)->prefault == VM_PREFAULT_ABSENT)
        return VMM_OK;
    for (size_t i = 0; i < placement->reference->count && left > 0 && status == VMM_OK; i++) {
        struct io_run part;

        if (!io_part_of(placement, &placement->reference->pieces[i], &part))
            continue;
        status = io_prefault_part(placement, &part, at, &left);
        at += io_part_bytes(md, &part);
    }
    trace_emit(vm_system_trace(md->system), EV_IOMAP_PREFAULT, .object = placement->map->id,
               .space = vm_map_space(placement->request->map),
               .va = placement->start + placement->page_offset,
               .length = placement->request->length, .count = (uint32_t)(count - left));
    return io_prefault_must(placement) ? status : VMM_OK;
}

/* What the report believed of 10.9: every page is faulted in when the mapping is made. */
static enum vmm_status
io_fault_eagerly(struct io_placement *placement)
{
    vmm_va end = placement->start + placement->size;
    enum vmm_status status = VMM_OK;

    if (!io_profile(placement)->eager_task_memory)
        return VMM_OK;
    for (vmm_va va = placement->start; va < end && status == VMM_OK;
         va += vm_map_page_bytes(placement->request->map))
        status = vm_fault(placement->request->map, va, placement->prot);
    return status == VMM_FAILURE ? VMM_OK : status; /* refused here: it stays lazy */
}

/* ---- the whole ---- */

/* 10.12.2 to 10.15: a copy can only be mapped whole (iokit.md 3.2). */
static enum vmm_status
io_check_partial_copy(const struct io_placement *placement)
{
    const struct io_request *request = placement->request;
    const struct io_md *md = placement->map->md;

    if (io_md_is_snapshot(md) && io_profile(placement)->partial_cow_map_refused &&
        (request->offset != 0 || request->length != md->length))
        return VMM_INVALID_ARGUMENT;
    return VMM_OK;
}

static enum vmm_status
io_fill_region(struct io_placement *placement)
{
    enum vmm_status status = io_check_prefault(placement);

    if (status == VMM_OK)
        status = io_enter_entries(placement);
    if (status == VMM_OK)
        status = io_prefault(placement);
    if (status == VMM_OK)
        status = io_fault_eagerly(placement);
    return status == VMM_OK ? VMM_OK : io_fail_after_reserve(placement, status);
}

static enum vmm_status
io_place_named(struct io_placement *placement)
{
    struct io_md *md = placement->map->md;
    enum vmm_status status;

    placement->reference = io_md_is_snapshot(md) ? &md->copies : &md->source;
    status = io_choose_prot(placement);
    if (status == VMM_OK)
        status = io_check_partial_copy(placement);
    if (status == VMM_OK)
        status = io_measure(placement);
    if (status == VMM_OK)
        status = io_reserve(placement);
    return status == VMM_OK ? io_fill_region(placement) : status;
}

/*
 * Up to 10.9 only a descriptor that is one piece has a named entry; the pieces of another are remapped
 * from the task anew for each mapping, and none of them freezes a right (iokit.md 2.1, 5.1).
 */
static bool
io_md_keeps_names(const struct io_md *md)
{
    return (md->options & IO_MEMORY_PERSISTENT) != 0 ||
           (md->range_count == 1 && md->source.count == 1) ||
           !vm_system_profile(md->system)->pieces_in_pageable_map;
}

static enum vmm_status
io_place_entries(struct io_placement *placement)
{
    struct io_md *md = placement->map->md;
    enum vmm_status status = io_md_reference(md, placement->request->options);

    if (status != VMM_OK)
        return status;
    status = io_place_named(placement);
    if (!io_md_keeps_names(md))
        io_reference_release(md, &md->source);
    return status;
}

enum vmm_status
io_map_place(struct io_map *map, const struct io_request *request)
{
    struct io_placement placement = { .map = map, .request = request };
    struct io_md *md = map->md;
    enum vmm_status status = io_place_check(md, request);

    if (status != VMM_OK || io_md_is_remote(md))
        return status; /* remote memory: a mapping at address 0 (trap T32) */
    if (io_is_shortcut(md, request)) {
        map->address = md->ranges[0].address;
        map->options |= IO_MAP_STATIC;
        return VMM_OK;
    }
    status = io_place_entries(&placement);
    if (status == VMM_OK)
        io_placed(&placement);
    return status;
}

/* io_placement.c - see io_placement.h */
#include "iokit/io_placement.h"

#include "vm/vm_fault.h"
#include "vm/vm_map_prefault.h"

/* A mapping while it is being placed. */
struct io_placement {
    struct io_map *map;
    const struct io_request *request;
    const struct io_reference *reference; /* what is mapped: the originals or the copies */
    uint64_t page_offset;                 /* of the first byte */
    vmm_prot prot;
    vmm_va start; /* the reserved region */
    vmm_size size;
};

static const struct vm_profile *
io_profile(const struct io_placement *placement)
{
    return vm_system_profile(placement->map->md->system);
}

/* ---- the same-task shortcut (iokit.md 3.1) ---- */

static bool
io_is_shortcut(const struct io_md *md, const struct io_request *request)
{
    return vm_task_id(request->task) == md->task_id && (request->options & IO_MAP_ANYWHERE) &&
           md->range_count == 1 && request->offset == 0 && request->length <= md->length;
}

/* ---- parts ---- */

/* The part of a piece that the request covers; false: none. */
static bool
io_part_of(const struct io_placement *placement, const struct io_piece *piece, struct io_run *part)
{
    uint64_t from = placement->request->offset;
    uint64_t to = from + placement->request->length;
    uint64_t start = piece->run.md_offset > from ? piece->run.md_offset : from;
    uint64_t end = piece->run.md_offset + piece->run.length;

    end = end < to ? end : to;
    if (start >= end)
        return false;
    *part = (struct io_run){ start, end - start,
                             piece->run.page_offset + (start - piece->run.md_offset) };
    return true;
}

/* The pages that a part takes, in bytes. */
static vmm_size
io_part_bytes(const struct io_md *md, const struct io_run *part)
{
    uint64_t mask = io_page_mask(md);

    return ((part->page_offset & mask) + part->length + mask) & ~mask;
}

/*
 * Checks how the parts fit together and sums their pages. Where one does not begin on a page right
 * after its predecessor, older releases refuse, and from 11 on each stands on pages of its own
 * (iokit.md 3.4).
 */
static enum vmm_status
io_measure(struct io_placement *placement)
{
    const struct io_md *md = placement->map->md;
    uint64_t mask = io_page_mask(md);
    bool is_first = true;
    bool is_ragged = false;
    struct io_run part = { 0, 0, 0 };

    for (size_t i = 0; i < placement->reference->count; i++) {
        uint64_t end = part.page_offset + part.length;

        if (!io_part_of(placement, &placement->reference->pieces[i], &part))
            continue;
        if (is_first)
            placement->page_offset = part.page_offset & mask;
        else
            is_ragged |= ((part.page_offset | end) & mask) != 0;
        placement->size += io_part_bytes(md, &part);
        is_first = false;
    }
    if (!is_ragged || io_profile(placement)->fixed_offset_mismatch == VM_MISMATCH_TRUNCATES)
        return VMM_OK;
    return io_profile(placement)->fixed_offset_mismatch == VM_MISMATCH_VM_ERROR
               ? VMM_IO_BAD_ARGUMENT
               : VMM_IO_NOT_ALIGNED;
}

/* ---- reserving (iokit.md 3.4) ---- */

static enum vmm_status
io_check_fixed(const struct io_placement *placement)
{
    uint64_t low = placement->request->at & io_page_mask(placement->map->md);

    if (low == placement->page_offset)
        return VMM_OK;
    switch (io_profile(placement)->fixed_offset_mismatch) {
    case VM_MISMATCH_VM_ERROR:
        return VMM_IO_VM_ERROR;
    case VM_MISMATCH_NOT_ALIGNED:
        return VMM_IO_NOT_ALIGNED;
    default:
        return VMM_OK; /* moved silently to where the bytes fit */
    }
}

static enum vmm_status
io_reserve(struct io_placement *placement)
{
    bool is_anywhere = (placement->request->options & IO_MAP_ANYWHERE) != 0;
    struct vm_map *map = placement->request->map;
    enum vmm_status status = is_anywhere ? VMM_OK : io_check_fixed(placement);

    if (status != VMM_OK)
        return status;
    placement->start =
        is_anywhere ? vm_map_min(map) : vm_map_trunc_page(map, placement->request->at);
    return vm_map_enter(
        map, &placement->start,
        &(struct vm_map_enter_args){ .size = placement->size,
                                     .flags = is_anywhere ? VM_MAP_ANYWHERE : VM_MAP_FIXED,
                                     .protection = VMM_PROT_DEFAULT,
                                     .max_protection = VMM_PROT_ALL,
                                     .inheritance = VMM_INHERIT_NONE });
}

/* ---- the entries over the region ---- */

static enum vmm_status
io_enter_entries(struct io_placement *placement)
{
    const struct io_md *md = placement->map->md;
    uint64_t mask = io_page_mask(md);
    vmm_va at = placement->start;
    enum vmm_status status = VMM_OK;

    for (size_t i = 0; i < placement->reference->count && status == VMM_OK; i++) {
        const struct io_piece *piece = &placement->reference->pieces[i];
        struct io_run part;

        if (!io_part_of(placement, piece, &part))
            continue;
        status = vm_memory_entry_map(piece->entry, placement->request->map, &at,
                                     part.page_offset & ~mask, io_part_bytes(md, &part),
                                     VM_MAP_FIXED | VM_MAP_OVERWRITE, placement->prot);
        at += io_part_bytes(md, &part);
    }
    return status;
}

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

/* ---- prefault (iokit.md 3.7) ---- */

/* Whether this release looks at the option at all, and then refuses it. */
static enum vmm_status
io_check_prefault(const struct io_placement *placement)
{
    struct io_md *md = placement->map->md;
    bool is_kernel = vm_map_is_kernel(placement->request->map);
    uint8_t prefault = io_profile(placement)->prefault;

    if (!(placement->request->options & IO_MAP_PREFAULT) || prefault == VM_PREFAULT_ABSENT)
        return VMM_OK;
    if (prefault == VM_PREFAULT_NOT_KERNEL && is_kernel && vm_system_kernel_asserts(md->system))
        return vm_panic(md->system, REASON_PREFAULT_ASSERT, 0, placement->start,
                        "assertion failed: kIOMapPrefault into kernel_map");
    if (md->wire_count == 0 || (prefault == VM_PREFAULT_NOT_KERNEL && is_kernel))
        return VMM_IO_BAD_ARGUMENT;
    return VMM_OK;
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

/* The pages of one part, in order, as far as `*left` goes. Each piece stands on its own pages. */
static enum vmm_status
io_prefault_part(struct io_placement *placement, const struct io_run *part, vmm_va at,
                 uint64_t *left)
{
    struct io_md *md = placement->map->md;
    uint64_t page_bytes = io_page_mask(md) + 1;
    uint64_t first = page_bytes - (part->page_offset & (page_bytes - 1)); /* on its first page */
    bool must = vm_map_is_kernel(placement->request->map);
    enum vmm_status status = VMM_OK;

    for (uint64_t done = 0; done<part->length && * left> 0 && status == VMM_OK;
         done = done == 0 ? first : done + page_bytes) {
        vmm_ppn ppn = io_md_page(md, part->md_offset + done);
        uint64_t entered;

        status =
            vm_map_prefault(placement->request->map, at, &ppn, 1, placement->prot, must, &entered);
        if (entered == 0)
            return status == VMM_OK ? VMM_RESOURCE_SHORTAGE
                                    : status; /* the first failure ends it */
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
    return vm_map_is_kernel(placement->request->map) ? status : VMM_OK; /* elsewhere best effort */
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
         va += io_page_mask(placement->map->md) + 1)
        status = vm_fault(placement->request->map, va, placement->prot);
    return status == VMM_FAILURE ? VMM_OK : status; /* refused here: it stays lazy */
}

/* ---- the whole ---- */

/* What is left of a mapping that failed after the region was reserved. */
static enum vmm_status
io_fail_after_reserve(struct io_placement *placement, enum vmm_status status, bool leaks)
{
    struct io_md *md = placement->map->md;

    if (status == VMM_MODEL_PANIC || status == VMM_MODEL_HANG)
        return status; /* nobody cleans up any more */
    if (leaks) {
        trace_emit(vm_system_trace(md->system), EV_IOMAP_LEAK,
                   .space = vm_map_space(placement->request->map), .va = placement->start,
                   .length = placement->size);
        return status;
    }
    if (status != VMM_MODEL_NO_MEMORY && io_profile(placement)->map_enter_failure_panics)
        return vm_panic(md->system, REASON_MAP_ENTER, vm_map_space(placement->request->map),
                        placement->start, "map enter err 0x%x", (unsigned)status);
    if (vm_deallocate(placement->request->map, placement->start, placement->size) != VMM_OK)
        return VMM_MODEL_NO_MEMORY;
    return status;
}

static enum vmm_status
io_fill_region(struct io_placement *placement)
{
    enum vmm_status status = io_check_prefault(placement);

    if (status != VMM_OK)
        return io_fail_after_reserve(placement, status, status == VMM_IO_BAD_ARGUMENT);
    status = io_enter_entries(placement);
    if (status == VMM_OK)
        status = io_prefault(placement);
    if (status == VMM_OK)
        status = io_fault_eagerly(placement);
    return status == VMM_OK ? VMM_OK : io_fail_after_reserve(placement, status, false);
}

/* The rights of the mapping, within what the entries allow (iokit.md 3.2). */
static vmm_prot
io_mapping_prot(const struct io_placement *placement)
{
    vmm_prot prot = VMM_PROT_READ;

    if (!(placement->request->options & IO_MAP_READ_ONLY))
        prot |= VMM_PROT_WRITE;
    if (io_profile(placement)->masks_map_protection)
        prot &= placement->map->md->entry_prot;
    return prot;
}

static enum vmm_status
io_place_entries(struct io_placement *placement)
{
    struct io_md *md = placement->map->md;
    enum vmm_status status = io_md_reference(md, placement->request->options);

    if (status != VMM_OK)
        return status;
    placement->reference = io_md_is_snapshot(md) ? &md->copies : &md->source;
    placement->prot = io_mapping_prot(placement);
    if (placement->prot & ~md->entry_prot)
        return VMM_INVALID_RIGHT;
    status = io_check_partial_copy(placement);
    if (status == VMM_OK)
        status = io_measure(placement);
    if (status == VMM_OK)
        status = io_reserve(placement);
    return status == VMM_OK ? io_fill_region(placement) : status;
}

enum vmm_status
io_map_place(struct io_map *map, const struct io_request *request)
{
    struct io_placement placement = { .map = map, .request = request };
    struct io_md *md = map->md;
    enum vmm_status status;

    if (request->offset >= md->length || request->length > md->length - request->offset)
        return VMM_IO_BAD_ARGUMENT;
    if (io_is_shortcut(md, request)) {
        map->address = md->ranges[0].address;
        map->options |= IO_MAP_STATIC;
        return VMM_OK;
    }
    status = io_place_entries(&placement);
    if (status != VMM_OK)
        return status;
    map->vm_start = placement.start;
    map->vm_size = placement.size;
    map->address = placement.start + placement.page_offset;
    return VMM_OK;
}

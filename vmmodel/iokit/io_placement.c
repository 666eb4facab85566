/* io_placement.c - see io_placement.h */
#include "iokit/io_placement.h"

#include "iokit/io_pageable.h"

enum { IO_GUARD_LARGE_BYTES = 65536 }; /* iokit.md 3.4 */

uint32_t
io_cache_mode(const struct io_md *md, uint32_t options)
{
    return (options & vm_system_profile(md->system)->cache_mode_mask) >> IO_MAP_CACHE_SHIFT;
}

/* ---- checks ---- */

/* The guard bits that this release knows. */
static uint32_t
io_guards(const struct io_md *md, uint32_t options)
{
    return vm_system_profile(md->system)->has_map_guards ? options & IO_MAP_GUARDED_MASK : 0;
}

/* Whether the bytes go over a region that is there already. */
static bool
io_overwrites(const struct io_md *md, uint32_t options)
{
    return (options & IO_MAP_OVERWRITE) && vm_system_profile(md->system)->has_map_overwrite;
}

enum vmm_status
io_place_check(const struct io_md *md, const struct io_request *request)
{
    if (request->offset >= md->length || request->length > md->length - request->offset)
        return VMM_IO_BAD_ARGUMENT;
    if (io_guards(md, request->options) && !(request->options & IO_MAP_ANYWHERE))
        return VMM_IO_BAD_ARGUMENT;
    return VMM_OK;
}

/* ---- parts ---- */

bool
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

vmm_size
io_part_bytes(const struct io_md *md, const struct io_run *part)
{
    uint64_t mask = io_page_mask(md);

    return ((part->page_offset & mask) + part->length + mask) & ~mask;
}

/*
 * Where one part does not begin on a page right after its predecessor, older releases refuse, and
 * from 11 on each stands on pages of its own (iokit.md 3.4). A buffer that was longer when its entry
 * was made has all it needs; one that was shorter has too little.
 */
enum vmm_status
io_measure(struct io_placement *placement)
{
    const struct io_md *md = placement->map->md;
    uint64_t mask = io_page_mask(md);
    uint64_t covered = 0;
    bool is_ragged = false;
    struct io_run part = { 0, 0, 0 };

    for (size_t i = 0; i < placement->reference->count; i++) {
        uint64_t end = part.page_offset + part.length;

        if (!io_part_of(placement, &placement->reference->pieces[i], &part))
            continue;
        if (covered == 0)
            placement->page_offset = part.page_offset & mask;
        else
            is_ragged |= ((part.page_offset | end) & mask) != 0;
        placement->size += io_part_bytes(md, &part);
        covered += part.length;
    }
    if (covered < placement->request->length)
        return VMM_IO_OVERRUN;
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
    vmm_size mask = vm_map_page_bytes(placement->request->map) - 1;

    if (((placement->request->at ^ placement->page_offset) & mask) == 0)
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

static vmm_size
io_guard_bytes(const struct io_placement *placement)
{
    const struct io_md *md = placement->map->md;

    switch (io_guards(md, placement->request->options)) {
    case 0:
        return 0;
    case IO_MAP_GUARDED_SMALL:
        return vm_map_page_bytes(placement->request->map); /* iokit.md 3.4 */
    default:
        return IO_GUARD_LARGE_BYTES;
    }
}

/* Nothing may be touched on either side of the bytes. */
static enum vmm_status
io_protect_guards(const struct io_placement *placement)
{
    struct vm_map *map = placement->into;
    vmm_va end = placement->start + placement->size;
    enum vmm_status status;

    if (placement->guard == 0)
        return VMM_OK;
    status = vm_map_protect(map, placement->start - placement->guard, placement->start,
                            VMM_PROT_NONE, false);
    if (status == VMM_OK)
        status = vm_map_protect(map, end, end + placement->guard, VMM_PROT_NONE, false);
    return status;
}

/*
 * Whether the kernel sees the memory in a pageable submap: a pageable buffer, and up to 10.9 whatever
 * has several pieces (iokit.md 3.4, 5.1).
 */
static bool
io_is_diverted(const struct io_placement *placement)
{
    bool has_pieces = placement->reference != NULL && placement->reference->count > 1 &&
                      placement->map->md->has_task;

    return vm_map_is_kernel(placement->request->map) &&
           ((placement->map->md->options & IO_MEMORY_BUFFER_PAGEABLE) ||
            (has_pieces && io_profile(placement)->pieces_in_pageable_map));
}

/*
 * Where the first page of the region stands, if the first byte is to stand at request->at: in a map
 * with smaller pages that is not the page around it.
 */
static vmm_va
io_fixed_start(const struct io_placement *placement, const struct vm_map *map)
{
    return vm_map_trunc_page(map, placement->request->at) -
           vm_map_trunc_page(map, placement->page_offset);
}

/* Takes a region of nobody's memory in that map, with its guards. */
static enum vmm_status
io_allocate_in(struct vm_map *map, void *context)
{
    struct io_placement *placement = context;
    bool is_anywhere = (placement->request->options & IO_MAP_ANYWHERE) != 0;
    vmm_va at = is_anywhere ? vm_map_min(map) : io_fixed_start(placement, map);
    enum vmm_status status;

    placement->into = map;
    placement->guard = io_guard_bytes(placement);
    if (placement->size + 2 * placement->guard < placement->size)
        return VMM_NO_SPACE;
    status = vm_map_enter(
        map, &at,
        &(struct vm_map_enter_args){ .size = placement->size + 2 * placement->guard,
                                     .flags = is_anywhere ? VM_MAP_ANYWHERE : VM_MAP_FIXED,
                                     .protection = VMM_PROT_DEFAULT,
                                     .max_protection = VMM_PROT_ALL,
                                     .inheritance = VMM_INHERIT_NONE });
    if (status != VMM_OK)
        return status;
    placement->start = at + placement->guard;
    status = io_protect_guards(placement);
    return status == VMM_OK ? VMM_OK : io_unreserve(placement, status);
}

static enum vmm_status
io_allocate(struct io_placement *placement)
{
    return io_is_diverted(placement)
               ? io_pageable_find_room(placement->map->md->system, placement->size, io_allocate_in,
                                       placement)
               : io_allocate_in(placement->request->map, placement);
}

/*
 * Up to 10.12.1 the way out of a failed allocation deallocates what it did not allocate: whatever
 * stood at the address that was asked for.
 */
static enum vmm_status
io_fail_fixed(const struct io_placement *placement, enum vmm_status status)
{
    struct vm_map *map = placement->into;
    enum vmm_status gone;

    if (map == NULL || !io_profile(placement)->failed_fixed_map_deallocates ||
        status == VMM_MODEL_NO_MEMORY)
        return status; /* NULL: no submap was asked */
    gone = vm_deallocate(map, vm_map_trunc_page(map, placement->request->at), placement->size);
    return gone == VMM_MODEL_PANIC || gone == VMM_MODEL_HANG ? gone : status;
}

/* Over a region that is there already, in the submap if that is where it stands. */
static enum vmm_status
io_take_region(struct io_placement *placement)
{
    const struct io_request *request = placement->request;

    placement->into = request->map;
    placement->start = io_fixed_start(placement, request->map);
    return io_is_diverted(placement)
               ? io_pageable_map_of(placement->map->md->system, placement->start, &placement->into)
               : VMM_OK;
}

enum vmm_status
io_reserve(struct io_placement *placement)
{
    const struct io_request *request = placement->request;
    enum vmm_status status;

    if (io_overwrites(placement->map->md, request->options)) {
        status = io_check_fixed(placement);
        return status == VMM_OK ? io_take_region(placement) : status;
    }
    if (request->options & IO_MAP_ANYWHERE)
        return io_allocate(placement);
    status = io_check_fixed(placement);
    if (status != VMM_OK)
        return status;
    status = io_allocate(placement);
    return status == VMM_OK ? VMM_OK : io_fail_fixed(placement, status);
}

/* ---- the entries over the region ---- */

enum vmm_status
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
        status = vm_memory_entry_map(piece->entry, placement->into, &at, part.page_offset & ~mask,
                                     io_part_bytes(md, &part), VM_MAP_FIXED | VM_MAP_OVERWRITE,
                                     placement->prot);
        at += io_part_bytes(md, &part);
    }
    return status;
}

enum vmm_status
io_unreserve(struct io_placement *placement, enum vmm_status status)
{
    enum vmm_status gone;

    if (status == VMM_MODEL_PANIC || status == VMM_MODEL_HANG ||
        io_overwrites(placement->map->md, placement->request->options))
        return status; /* nobody cleans up any more, or the region is the caller's */
    gone = vm_deallocate(placement->into, placement->start - placement->guard,
                         placement->size + 2 * placement->guard);
    return gone == VMM_OK ? status : gone;
}

enum vmm_status
io_fail_after_reserve(struct io_placement *placement, enum vmm_status status)
{
    struct io_md *md = placement->map->md;

    if (status == VMM_MODEL_PANIC || status == VMM_MODEL_HANG)
        return status; /* nobody cleans up any more */
    if (placement->may_leak) {
        trace_emit(vm_system_trace(md->system), EV_IOMAP_LEAK,
                   .space = vm_map_space(placement->into),
                   .va = placement->start - placement->guard,
                   .length = placement->size + 2 * placement->guard);
        return status;
    }
    if (status != VMM_MODEL_NO_MEMORY && io_profile(placement)->map_enter_failure_panics)
        return vm_panic(md->system, REASON_MAP_ENTER, vm_map_space(placement->into),
                        placement->start, "map enter err 0x%x", (unsigned)status);
    return io_unreserve(placement, status);
}

void
io_placed(struct io_placement *placement)
{
    struct io_map *map = placement->map;

    if (!io_overwrites(map->md, placement->request->options)) {
        map->vm_start = placement->start - placement->guard;
        map->vm_size = placement->size + 2 * placement->guard;
    }
    map->region = placement->into;
    map->address = placement->start + placement->page_offset;
}

/*
 * The rights of the mapping, within what the entries allow (iokit.md 3.2). Up to 10.9 a cache mode of
 * its own makes any mapping writable, since setting the mode needs the right to write.
 */
enum vmm_status
io_choose_prot(struct io_placement *placement)
{
    const struct io_md *md = placement->map->md;
    uint32_t options = placement->request->options;

    placement->prot = VMM_PROT_READ;
    if (!(options & IO_MAP_READ_ONLY) ||
        (io_cache_mode(md, options) != 0 && io_profile(placement)->cache_mode_forces_write))
        placement->prot |= VMM_PROT_WRITE;
    if (io_profile(placement)->masks_map_protection)
        placement->prot &= md->entry_prot;
    return placement->prot & ~md->entry_prot ? VMM_INVALID_RIGHT : VMM_OK;
}

/*
 * io_multi.c - see io_multi.h
 *
 * From 10.11 on the children are mapped one after the other over one reserved region, each as it
 * would be alone. Up to 10.9 the region was faulted in without them: zeroes. 10.10 gives NULL (T31).
 */
#include "iokit/io_multi.h"

#include <string.h>

#include "iokit/io_internal.h"
#include "iokit/io_pageable.h"
#include "iokit/io_placement.h"
#include "vm/vm_fault.h"

static const struct io_md_ops io_multi_ops;
static const struct io_md_ops io_guard_ops;

/* ---- birth ---- */

static enum vmm_status
io_multi_check(struct vm_system *system, struct io_md *const *children, uint32_t count,
               uint32_t direction)
{
    const struct vm_profile *profile = vm_system_profile(system);
    uint64_t total = 0;

    for (uint32_t i = 0; i < count; i++) {
        uint32_t unlike = children[i]->options ^ children[0]->options;

        if (total + children[i]->length < total)
            return VMM_IO_BAD_ARGUMENT;
        total += children[i]->length;
        if ((unlike & IO_MEMORY_BUFFER_PAGEABLE) && profile->multi_checks_pageable)
            return VMM_IO_BAD_ARGUMENT;
        if (io_md_direction(children[i]) != direction && vm_system_kernel_asserts(system))
            return vm_panic(system, REASON_MULTI_DIRECTION, 0, 0,
                            "assertion failed: descriptor %u of an IOMultiMemoryDescriptor has "
                            "another direction",
                            (unsigned)i);
    }
    return VMM_OK;
}

enum vmm_status
io_multi_create(struct vm_system *system, struct io_md *const *children, uint32_t count,
                uint32_t direction, struct io_md **made)
{
    enum vmm_status status = io_multi_check(system, children, count, direction);
    struct io_md *md;

    if (status != VMM_OK)
        return status;
    md = io_md_take(system, &io_multi_ops, direction, 0);
    if (md == NULL)
        return VMM_MODEL_NO_MEMORY;
    if (count > 0)
        md->children = vmm_take_array(vm_system_alloc(system), count, sizeof(*md->children));
    if (count > 0 && md->children == NULL) {
        io_md_discard(md);
        return VMM_MODEL_NO_MEMORY;
    }
    md->child_count = count;
    if (count > 0 && vm_system_profile(system)->multi_checks_pageable)
        md->options |= children[0]->options & IO_MEMORY_BUFFER_PAGEABLE;
    for (uint32_t i = 0; i < count; i++) {
        md->children[i] = children[i];
        md->length += children[i]->length;
        io_md_keep(children[i]);
    }
    *made = md;
    return VMM_OK;
}

/* ---- prepare, complete: the children's ---- */

static enum vmm_status
io_multi_prepare(struct io_md *md, uint32_t direction)
{
    enum vmm_status status = md->child_count == 0 ? VMM_IO_INTERNAL_ERROR : VMM_OK;
    uint32_t done = 0;

    while (status == VMM_OK && done < md->child_count) {
        status = io_md_prepare(md->children[done], direction);
        done += status == VMM_OK;
    }
    while (status != VMM_OK && done > 0)
        (void)io_md_complete(md->children[--done], direction); /* a stop was the first error's */
    return status;
}

/* Every child, whatever the others say; the last one's answer. */
static enum vmm_status
io_multi_complete(struct io_md *md, uint32_t direction)
{
    enum vmm_status status = md->child_count == 0 ? VMM_IO_INTERNAL_ERROR : VMM_OK;

    for (uint32_t i = 0; i < md->child_count; i++)
        status = io_md_complete(md->children[i], direction);
    return status;
}

static enum vmm_status
io_multi_retire(struct io_md *md)
{
    enum vmm_status status = VMM_OK;

    for (uint32_t i = 0; i < md->child_count && status == VMM_OK; i++)
        status = io_md_let_go(&md->children[i]);
    return status;
}

/* ---- mapping, from 10.11 on ---- */

/* The part of the request that one child has, over the region that is reserved. */
static enum vmm_status
io_multi_place_child(const struct io_placement *placement, struct io_md *child, uint64_t offset,
                     uint64_t length, vmm_va at)
{
    struct io_request request = *placement->request;
    struct io_map part = { .map = request.map, .options = request.options };

    request.at = at;
    request.offset = offset;
    request.length = length;
    request.options &= ~(uint32_t)(IO_MAP_ANYWHERE | IO_MAP_GUARDED_MASK);
    request.options |= IO_MAP_OVERWRITE;
    part.md = io_md_mapped(child, &request);
    part.id = placement->map->id;
    return part.md->ops->place(&part, &request);
}

/* A child that does not begin on a page of its own right after its predecessor cannot be placed. */
static bool
io_multi_is_ragged(const struct io_md *child, uint64_t offset, vmm_va at)
{
    uint64_t run;

    return ((io_md_source_segment(child, offset, &run) | at) & io_page_mask(child)) != 0;
}

static enum vmm_status
io_multi_place_children(const struct io_placement *placement)
{
    const struct io_request *request = placement->request;
    vmm_va first = placement->start + placement->page_offset;
    enum vmm_status status = VMM_OK;
    uint64_t done = 0;

    while (status == VMM_OK && done < request->length) {
        uint64_t offset = request->offset + done;
        struct io_md *child = io_md_child_at(placement->map->md, &offset);
        uint64_t rest = request->length - done;
        uint64_t length;

        if (child == NULL)
            return VMM_IO_OVERRUN; /* a child became shorter */
        length = child->length - offset < rest ? child->length - offset : rest;
        if (done > 0 && io_multi_is_ragged(child, offset, first + done))
            return VMM_IO_NOT_ALIGNED;
        status = io_multi_place_child(placement, child, offset, length, first + done);
        done += length;
    }
    return status;
}

/* ---- mapping up to 10.9 [I] ---- */

/*
 * Memory of nobody's, faulted in where each physical segment of the children begins, as a device's
 * would be. The walk over segments needs prepared children.
 */
static enum vmm_status
io_multi_fault_anonymous(const struct io_placement *placement)
{
    const struct io_request *request = placement->request;
    struct io_md *md = placement->map->md;
    enum vmm_status status = VMM_OK;
    uint64_t done = 0;

    if (!vm_map_is_kernel(request->map))
        return VMM_OK;
    while (done < request->length && status == VMM_OK) {
        uint64_t address, run;

        status = io_md_segment(md, request->offset + done, 0, &address, &run);
        if (status == VMM_OK && run == 0)
            status = VMM_IO_OVERRUN;
        if (status == VMM_OK)
            status = vm_fault(request->map, placement->start + placement->page_offset + done,
                              VMM_PROT_DEFAULT);
        done += run;
    }
    return status;
}

/* Unmapping looks the address up among the pageable maps, where it is not. */
static enum vmm_status
io_multi_unmap(struct io_map *map)
{
    const struct vm_profile *profile = vm_system_profile(map->md->system);

    if (profile->multi_map != VM_MULTI_ANONYMOUS || !vm_map_is_kernel(map->map) ||
        map->vm_size == 0)
        return VMM_OK;
    return io_pageable_map_of(map->md->system, map->address, &map->region);
}

/* ---- the whole ---- */

static enum vmm_status
io_multi_fill(struct io_placement *placement)
{
    const struct vm_profile *profile = io_profile(placement);
    enum vmm_status status = profile->multi_map == VM_MULTI_ANONYMOUS
                                 ? io_multi_fault_anonymous(placement)
                                 : io_multi_place_children(placement);

    return status == VMM_OK ? VMM_OK : io_unreserve(placement, status);
}

static enum vmm_status
io_multi_place(struct io_map *map, const struct io_request *request)
{
    struct io_placement placement = { .map = map, .request = request, .prot = VMM_PROT_DEFAULT };
    uint64_t mask = io_page_mask(map->md);
    enum vmm_status status = io_place_check(map->md, request);
    uint64_t run;

    if (status == VMM_OK && vm_system_profile(map->md->system)->multi_map == VM_MULTI_NULL)
        status = VMM_IO_UNSUPPORTED;
    if (status != VMM_OK)
        return status;
    placement.page_offset = io_md_source_segment(map->md, request->offset, &run) & mask;
    placement.size = (placement.page_offset + request->length + mask) & ~mask;
    status = io_reserve(&placement);
    if (status == VMM_OK)
        status = io_multi_fill(&placement);
    if (status == VMM_OK)
        io_placed(&placement);
    return status;
}

static const struct io_md_ops io_multi_ops = { .class_name = "IOMultiMemoryDescriptor",
                                               .prepare = io_multi_prepare,
                                               .complete = io_multi_complete,
                                               .segment = io_child_segment,
                                               .place = io_multi_place,
                                               .unmap = io_multi_unmap,
                                               .retire = io_multi_retire };

/* ---- guard pages ---- */

enum vmm_status
io_guard_create(struct vm_system *system, uint64_t size, struct io_md **made)
{
    uint64_t mask = vm_system_page_bytes(system) - 1;
    struct io_md *md;

    if (!vm_system_profile(system)->has_map_guards)
        return VMM_NOT_SUPPORTED;
    if (size == 0 || size + mask < size)
        return VMM_IO_BAD_ARGUMENT;
    md = io_md_take(system, &io_guard_ops, IO_DIRECTION_NONE, 0);
    if (md == NULL)
        return VMM_MODEL_NO_MEMORY;
    md->length = (size + mask) & ~mask;
    md->wire_count = 1; /* there is nothing that could be paged out */
    *made = md;
    return VMM_OK;
}

static enum vmm_status
io_guard_nothing_to_do(struct io_md *md, uint32_t direction)
{
    (void)md;
    (void)direction;
    return VMM_OK;
}

/* Guards have no bytes. */
static enum vmm_status
io_guard_segment(struct io_md *md, uint64_t offset, uint64_t *address, uint64_t *length)
{
    *address = 0;
    *length = md->length - offset;
    return VMM_IO_NOT_READABLE;
}

static enum vmm_status
io_guard_place(struct io_map *map, const struct io_request *request)
{
    struct io_placement placement = { .map = map, .request = request };
    uint64_t mask = io_page_mask(map->md);
    enum vmm_status status = io_place_check(map->md, request);

    placement.page_offset = request->offset & mask;
    placement.size = (placement.page_offset + request->length + mask) & ~mask;
    if (status == VMM_OK)
        status = io_reserve(&placement);
    if (status != VMM_OK)
        return status;
    status = vm_map_enter(placement.into, &placement.start,
                          &(struct vm_map_enter_args){ .size = placement.size,
                                                       .flags = VM_MAP_FIXED | VM_MAP_OVERWRITE,
                                                       .inheritance = VMM_INHERIT_NONE });
    if (status != VMM_OK)
        return io_unreserve(&placement, status);
    io_placed(&placement);
    return VMM_OK;
}

static enum vmm_status
io_guard_retire(struct io_md *md)
{
    md->wire_count = 0;
    return VMM_OK;
}

static const struct io_md_ops io_guard_ops = { .class_name = "IOGuardPageMemoryDescriptor",
                                               .prepare = io_guard_nothing_to_do,
                                               .complete = io_guard_nothing_to_do,
                                               .segment = io_guard_segment,
                                               .place = io_guard_place,
                                               .retire = io_guard_retire };

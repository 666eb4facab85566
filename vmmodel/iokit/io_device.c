/*
 * io_device.c - see io_device.h
 *
 * The named entry is over a device's object: a block for a single range, a row of pages else. It is
 * mapped as any other; what differs comes after: in kernel_map each physical segment is faulted once,
 * on its first page. That maps a whole block, but only one page of a row (trap T21).
 */
#include "iokit/io_device.h"

#include <inttypes.h>

#include "iokit/io_internal.h"
#include "iokit/io_placement.h"
#include "vm/vm_device.h"
#include "vm/vm_fault.h"

static const struct io_md_ops io_device_ops;
static const struct io_md_ops io_list_ops;

/* ---- birth ---- */

static bool
io_device_set_ranges(struct io_md *md, const struct io_range *ranges)
{
    uint64_t total = 0;

    for (uint32_t i = 0; i < md->range_count; i++) {
        if (ranges[i].address + ranges[i].length < ranges[i].address ||
            total + ranges[i].length < total)
            return false;
        total += ranges[i].length;
        md->ranges[i] = ranges[i];
    }
    md->length = vm_system_profile(md->system)->sums_lengths_in_32_bits ? (uint32_t)total : total;
    return true;
}

enum vmm_status
io_device_create(struct vm_system *system, const struct io_range *ranges, uint32_t count,
                 uint32_t options, struct io_md **made)
{
    uint32_t type = options & IO_MEMORY_TYPE_MASK;
    struct io_md *md;

    if (count == 0 || (type != 0 && type != IO_MEMORY_TYPE_PHYSICAL))
        return VMM_IO_BAD_ARGUMENT;
    md = io_md_take(system, &io_device_ops, options | IO_MEMORY_TYPE_PHYSICAL, count);
    if (md == NULL)
        return VMM_MODEL_NO_MEMORY;
    if (!io_device_set_ranges(md, ranges)) {
        io_md_discard(md);
        return VMM_IO_BAD_ARGUMENT;
    }
    md->wire_count = 1;
    *made = md;
    return VMM_OK;
}

enum vmm_status
io_device_create_of_list(struct vm_system *system, struct vm_upl **list, uint64_t offset,
                         uint64_t length, uint32_t options, struct io_md **made)
{
    uint64_t page_bytes = vm_system_page_bytes(system);
    uint64_t bytes = vm_upl_page_count(*list) * page_bytes;
    struct io_md *md;

    if (offset > bytes || length > bytes - offset)
        return vm_panic(system, REASON_LIST_TOO_SHORT, 0, 0,
                        "short external upl: %" PRIu64 " bytes from %" PRIu64 " of %" PRIu64,
                        length, offset, bytes);
    md = io_md_take(system, &io_list_ops,
                    (options & ~(uint32_t)IO_MEMORY_TYPE_MASK) | IO_MEMORY_TYPE_UPL, 0);
    if (md == NULL)
        return VMM_MODEL_NO_MEMORY;
    if (!io_md_add_list(md, *list, 0, length, offset)) {
        io_md_discard(md);
        return VMM_MODEL_NO_MEMORY;
    }
    *list = NULL;
    md->length = length;
    md->wire_count = 1;
    *made = md;
    return VMM_OK;
}

/* ---- prepare, complete ---- */

/* Physical memory cannot be paged out: nothing to do and nothing to refuse (trap T28). */
static enum vmm_status
io_device_prepare(struct io_md *md, uint32_t direction)
{
    (void)direction;
    trace_emit(vm_system_trace(md->system), EV_DESC_PREPARE, .object = md->id, .length = md->length,
               .count = md->wire_count);
    return VMM_OK;
}

static enum vmm_status
io_device_complete(struct io_md *md, uint32_t direction)
{
    (void)direction;
    trace_emit(vm_system_trace(md->system), EV_DESC_COMPLETE, .object = md->id,
               .count = md->wire_count);
    return VMM_OK;
}

/* The list holds its pages whatever the count says; it goes with the descriptor. */
static enum vmm_status
io_list_prepare(struct io_md *md, uint32_t direction)
{
    md->wire_count++;
    return io_device_prepare(md, direction);
}

static enum vmm_status
io_list_complete(struct io_md *md, uint32_t direction)
{
    bool is_beyond = md->wire_count == 0;
    enum vmm_status status = io_md_check_complete(md);

    (void)direction;
    if (status != VMM_OK)
        return status;
    md->wire_count -= !is_beyond;
    trace_emit(vm_system_trace(md->system), EV_DESC_COMPLETE, .object = md->id,
               .count = md->wire_count, .detail = is_beyond);
    return VMM_OK;
}

static enum vmm_status
io_device_retire(struct io_md *md)
{
    io_md_drop_lists(md);
    return VMM_OK;
}

/* ---- segments ---- */

static enum vmm_status
io_device_segment(struct io_md *md, uint64_t offset, uint64_t *address, uint64_t *length)
{
    uint64_t run = 0;

    *address = io_md_source_segment(md, offset, length);
    while (offset + *length < md->length &&
           io_md_source_segment(md, offset + *length, &run) == *address + *length)
        *length += run;
    return VMM_OK;
}

/* ---- the named entry ---- */

/* The range's pages, in page numbers. */
static struct vm_device_range
io_device_pages(const struct io_md *md, const struct io_range *range)
{
    uint64_t page_bytes = io_page_mask(md) + 1;
    uint64_t first = range->address / page_bytes;
    uint64_t last = (range->address + range->length - 1) / page_bytes;

    return (struct vm_device_range){ .first = last > UINT32_MAX ? VMM_NO_PAGE : (vmm_ppn)first,
                                     .pages = last - first + 1 };
}

/* Where each range's bytes lie in the object that has all their pages in a row. */
static enum vmm_status
io_device_add_pieces(struct io_md *md, struct vm_memory_entry *entry)
{
    uint64_t page_bytes = io_page_mask(md) + 1;
    enum vmm_status status = VMM_OK;
    uint64_t md_offset = 0;
    uint64_t page = 0;

    for (uint32_t i = 0; i < md->range_count && status == VMM_OK;) {
        struct io_range range = io_md_join_ranges(md, &i);
        struct io_run run = { md_offset, range.length,
                              page * page_bytes + (range.address & (page_bytes - 1)) };

        if (range.length == 0)
            continue;
        status = io_reference_add_piece(md, &run, entry);
        md_offset += range.length;
        page += io_device_pages(md, &range).pages;
    }
    return status;
}

static enum vmm_status
io_device_name(struct io_md *md, const struct vm_device_range *ranges, size_t count)
{
    struct vm_memory_entry *entry;
    enum vmm_status status =
        vm_memory_entry_device(md->system,
                               &(struct vm_device_layout){
                                   .kind = md->range_count == 1 ? VM_DEVICE_BLOCK : VM_DEVICE_PAGES,
                                   .ranges = ranges,
                                   .count = count },
                               VMM_PROT_DEFAULT, &entry);

    if (status != VMM_OK)
        return status;
    if (io_md_is_physical(md))
        status = io_device_add_pieces(md, entry);
    else
        status = io_reference_add_piece(md, &md->lists[0].run, entry);
    vm_memory_entry_release(&entry);
    if (status != VMM_OK)
        io_reference_release(md, &md->source);
    return status;
}

/* Every page range that the descriptor has, in order; *count of them. */
static void
io_device_layout(const struct io_md *md, struct vm_device_range *ranges, size_t *count)
{
    uint64_t pages = io_md_is_physical(md) ? 0 : vm_upl_page_count(md->lists[0].upl);

    *count = 0;
    for (uint32_t i = 0; i < md->range_count;) {
        struct io_range range = io_md_join_ranges(md, &i);

        if (range.length > 0)
            ranges[(*count)++] = io_device_pages(md, &range);
    }
    for (uint64_t i = 0; i < pages; i++)
        ranges[(*count)++] =
            (struct vm_device_range){ .first = vm_upl_page(md->lists[0].upl, i), .pages = 1 };
}

/* Makes the named entry if there is none. */
static enum vmm_status
io_device_reference(struct io_md *md)
{
    const struct vmm_alloc *alloc = vm_system_alloc(md->system);
    size_t room =
        io_md_is_physical(md) ? md->range_count : (size_t)vm_upl_page_count(md->lists[0].upl);
    struct vm_device_range *ranges;
    enum vmm_status status;
    size_t count;

    if (md->source.pieces != NULL)
        return VMM_OK;
    ranges = vmm_take_array(alloc, room, sizeof(*ranges));
    if (ranges == NULL)
        return VMM_MODEL_NO_MEMORY;
    md->entry_prot = VMM_PROT_DEFAULT;
    io_device_layout(md, ranges, &count);
    status = io_device_name(md, ranges, count);
    vmm_give_array(alloc, ranges, room, sizeof(*ranges));
    return status;
}

/* ---- mapping ---- */

/* Segments stand side by side in the mapping, so all but the ends must be whole pages (3.6). */
static enum vmm_status
io_device_check_segments(struct io_md *md, const struct io_request *request)
{
    uint64_t mask = io_page_mask(md);
    uint64_t done = 0;

    while (done < request->length) {
        uint64_t run = 0;
        uint64_t address = 0;
        enum vmm_status status = md->ops->segment(md, request->offset + done, &address, &run);

        if (status != VMM_OK)
            return status;
        if (done > 0 && (address & mask))
            return VMM_IO_BAD_ARGUMENT;
        if (done + run < request->length && ((address + run) & mask))
            return VMM_IO_VM_ERROR;
        if ((request->options & IO_MAP_UNIQUE) && io_md_is_physical(md) && run < request->length)
            return VMM_IO_NO_RESOURCES;
        done += run;
    }
    return VMM_OK;
}

/* What the early fault asks for (iokit.md 3.5). */
static enum vmm_status
io_device_fault(const struct io_placement *placement, vmm_va va)
{
    const struct vm_profile *profile = io_profile(placement);
    vmm_prot access =
        profile->device_fault_wants_write ? (vmm_prot)VMM_PROT_DEFAULT : placement->prot;
    enum vmm_status status = vm_fault(placement->request->map, va, access);
    bool is_stop =
        status == VMM_MODEL_PANIC || status == VMM_MODEL_HANG || status == VMM_MODEL_NO_MEMORY;

    return profile->device_fault_wants_write && !is_stop ? VMM_OK : status;
}

/* Only in kernel_map, so that interrupt code never faults; elsewhere it stays lazy. */
enum vmm_status
io_device_populate(const struct io_placement *placement)
{
    const struct io_request *request = placement->request;
    struct io_md *md = placement->map->md;
    vmm_va first = placement->start + placement->page_offset;
    enum vmm_status status = VMM_OK;
    uint64_t done = 0;

    if (!vm_map_is_kernel(request->map) || (md->options & IO_MEMORY_REDIRECTED))
        return VMM_OK;
    while (done < request->length && status == VMM_OK) {
        uint64_t run = 0;
        uint64_t address = 0;

        status = md->ops->segment(md, request->offset + done, &address, &run);
        if (status == VMM_OK)
            status = io_device_fault(placement, first + done);
        done += run;
    }
    return status;
}

/* getMapOptions() shows the cache mode that was found, unshifted: mode 1 looks like kIOMapAnywhere. */
static void
io_device_tell_cache_mode(struct io_placement *placement)
{
    struct io_md *md = placement->map->md;
    uint64_t run = 0;
    uint64_t address = 0;
    bool is_memory;

    if (io_cache_mode(md, placement->request->options) != 0 ||
        !vm_system_profile(md->system)->reports_cache_mode_unshifted ||
        md->ops->segment(md, placement->request->offset, &address, &run) != VMM_OK)
        return;
    is_memory = address / (io_page_mask(md) + 1) <= vm_system_frame_count(md->system);
    placement->map->options |= is_memory ? IO_CACHE_COPYBACK : IO_CACHE_INHIBIT;
}

static enum vmm_status
io_device_fill(struct io_placement *placement)
{
    const struct vm_profile *profile = io_profile(placement);
    enum vmm_status status =
        profile->prefault == VM_PREFAULT_ANY ? VMM_OK : io_check_prefault(placement);

    if (status == VMM_OK)
        status = io_enter_entries(placement);
    if (status != VMM_OK)
        return io_fail_after_reserve(placement, status);
    status = io_device_populate(placement);
    return status == VMM_OK ? VMM_OK : io_unreserve(placement, status);
}

static enum vmm_status
io_device_place(struct io_map *map, const struct io_request *request)
{
    struct io_placement placement = { .map = map, .request = request };
    struct io_md *md = map->md;
    enum vmm_status status = io_place_check(md, request);

    if (status != VMM_OK || io_md_is_remote(md))
        return status;
    status = io_device_check_segments(md, request);
    if (status == VMM_OK)
        status = io_device_reference(md);
    if (status != VMM_OK)
        return status;
    placement.reference = &md->source;
    status = io_choose_prot(&placement);
    if (status == VMM_OK)
        status = io_measure(&placement);
    if (status == VMM_OK)
        status = io_reserve(&placement);
    if (status == VMM_OK)
        status = io_device_fill(&placement);
    if (status != VMM_OK)
        return status;
    io_placed(&placement);
    io_device_tell_cache_mode(&placement);
    return VMM_OK;
}

static const struct io_md_ops io_device_ops = { .class_name = "IOGeneralMemoryDescriptor",
                                                .prepare = io_device_prepare,
                                                .complete = io_device_complete,
                                                .segment = io_device_segment,
                                                .place = io_device_place,
                                                .retire = io_device_retire };

static const struct io_md_ops io_list_ops = { .class_name = "IOGeneralMemoryDescriptor",
                                              .prepare = io_list_prepare,
                                              .complete = io_list_complete,
                                              .segment = io_general_segment,
                                              .place = io_device_place,
                                              .retire = io_device_retire };

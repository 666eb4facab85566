/*
 * io_general.c - IOGeneralMemoryDescriptor over virtual memory: naming bytes, keeping them in memory
 *
 * prepare() goes over the ranges and asks the vm floor for I/O lists: from the task's map, or, when a
 * mapping made named entries before, from those. Either way pages are wired in their object, and no
 * translation is made anywhere. That is the whole misunderstanding of rdar://25140509.
 */
#include <inttypes.h>
#include <string.h>

#include "iokit/io_internal.h"
#include "iokit/io_placement.h"

/* ---- birth ---- */

/* One range, from 11 on: no wrap, and inside the task's map. Before, nobody asks. */
static bool
io_range_is_valid(const struct io_md *md, const struct vm_map *map, const struct io_range *range)
{
    uint64_t end = range->address + range->length;

    if (end < range->address)
        return false; /* no release can map it; see docs/limits.md */
    return !vm_system_profile(md->system)->checks_descriptor_range || range->length == 0 ||
           (range->address >= vm_map_min(map) && end <= vm_map_max(map));
}

/* How many pages the ranges touch. */
static uint64_t
io_pages_of(const struct io_md *md, const struct io_range *range)
{
    uint64_t page_bytes = io_page_mask(md) + 1;

    return range->length == 0 ? 0
                              : (range->address + range->length - 1) / page_bytes -
                                    range->address / page_bytes + 1;
}

bool
io_md_set_ranges(struct io_md *md, struct vm_task *task, const struct io_range *ranges)
{
    const struct vm_profile *profile = vm_system_profile(md->system);
    uint64_t total = 0;
    uint64_t pages = 0;

    for (uint32_t i = 0; i < md->range_count; i++) {
        if (!io_range_is_valid(md, vm_task_map(task), &ranges[i]) ||
            total + ranges[i].length < total)
            return false;
        total += ranges[i].length;
        pages += io_pages_of(md, &ranges[i]);
        md->ranges[i] = ranges[i];
    }
    if (profile->limits_descriptor_pages && pages > vm_system_frame_count(md->system))
        return false;
    md->length = profile->sums_lengths_in_32_bits ? (uint32_t)total : total;
    md->task_id = vm_task_id(task);
    md->has_task = true;
    return true;
}

enum vmm_status
io_general_begin(struct io_md *md)
{
    enum vmm_status status = VMM_OK;

    if (md->options & IO_MEMORY_PERSISTENT)
        status = io_md_reference(md, 0);
    if (status == VMM_OK && (md->options & IO_MEMORY_AUTO_PREPARE))
        status = io_md_prepare(md, IO_DIRECTION_NONE);
    return status;
}

/* Which type bits withAddressRanges() allows: its own, said again or not. */
static bool
io_type_is(uint32_t options, uint32_t type)
{
    uint32_t asked = options & IO_MEMORY_TYPE_MASK;

    return asked == 0 || asked == type;
}

enum vmm_status
io_md_create(struct vm_task *task, const struct io_range *ranges, uint32_t count, uint32_t options,
             struct io_md **made)
{
    struct vm_system *system = vm_task_system(task);
    enum vmm_status status = VMM_OK;
    struct io_md *md;

    if (count == 0 || !io_type_is(options, IO_MEMORY_TYPE_VIRTUAL))
        return VMM_IO_BAD_ARGUMENT;
    md = io_md_take(system, &io_general_ops, options | IO_MEMORY_TYPE_VIRTUAL, count);
    if (md == NULL)
        return VMM_MODEL_NO_MEMORY;
    status = io_md_set_ranges(md, task, ranges) ? io_general_begin(md) : VMM_IO_BAD_ARGUMENT;
    if (status != VMM_OK) {
        io_md_discard(md);
        return status;
    }
    for (uint32_t i = 0; i < count; i++)
        trace_emit(vm_system_trace(system), EV_DESC_RANGE, .object = md->id,
                   .space = vm_task_id(task), .va = ranges[i].address, .length = ranges[i].length,
                   .prot = options & IO_DIRECTION_OUT_IN, .detail = io_md_is_snapshot(md));
    *made = md;
    return VMM_OK;
}

enum vmm_status
io_md_create_with_address(struct vm_system *system, uint64_t address, uint64_t length,
                          uint32_t direction, struct io_md **md)
{
    struct io_range range = { address, length };

    return io_md_create(vm_task_kernel(system), &range, 1, direction | IO_MEMORY_AUTO_PREPARE, md);
}

/*
 * withPersistentMemoryDescriptor(): the same object while its ranges still show what its named entries
 * name, else a new one over the same addresses. kIOMemoryPersistent made those entries at birth.
 */
enum vmm_status
io_md_create_persistent(struct io_md *original, struct io_md **md)
{
    if (original->ops != &io_general_ops || !(original->options & IO_MEMORY_PERSISTENT) ||
        io_md_map(original) == NULL)
        return VMM_IO_BAD_ARGUMENT;
    if (!io_reference_is_current(original))
        return io_md_create(io_md_task(original), original->ranges, original->range_count,
                            original->options, md);
    io_md_retain(original);
    *md = original;
    return VMM_OK;
}

/* ---- wiring ---- */

/* Room for one more list. */
static bool
io_md_grow_lists(struct io_md *md)
{
    const struct vmm_alloc *alloc = vm_system_alloc(md->system);
    size_t capacity = md->list_capacity == 0 ? 4 : md->list_capacity * 2;
    struct io_list *lists;

    if (md->list_count < md->list_capacity)
        return true;
    lists = vmm_take_array(alloc, capacity, sizeof(*lists));
    if (lists == NULL)
        return false;
    if (md->list_count > 0)
        memcpy(lists, md->lists, md->list_count * sizeof(*lists));
    vmm_give_array(alloc, md->lists, md->list_capacity, sizeof(*lists));
    md->lists = lists;
    md->list_capacity = capacity;
    return true;
}

bool
io_md_add_list(struct io_md *md, struct vm_upl *upl, uint64_t md_offset, uint64_t length,
               uint64_t page_offset)
{
    if (!io_md_grow_lists(md))
        return false;
    md->lists[md->list_count++] =
        (struct io_list){ .run = { md_offset, length, page_offset }, .upl = upl };
    return true;
}

void
io_md_drop_lists(struct io_md *md)
{
    while (md->list_count > 0)
        vm_upl_commit(&md->lists[--md->list_count].upl);
}

/* io_md_add_list(), but a list that there is no room for ends here. */
static enum vmm_status
io_md_take_list(struct io_md *md, struct vm_upl *upl, uint64_t md_offset, uint64_t length,
                uint64_t page_offset)
{
    if (io_md_add_list(md, upl, md_offset, length, page_offset))
        return VMM_OK;
    vm_upl_commit(&upl);
    return VMM_MODEL_NO_MEMORY;
}

/* Path a of iokit.md 2.1: from the source task's map, one list per map entry. */
static enum vmm_status
io_md_wire_range_of_task(struct io_md *md, const struct io_range *range, uint64_t md_offset,
                         uint32_t flags)
{
    struct vm_map *map = io_md_map(md);
    uint64_t done = 0;

    if (map == NULL)
        return VMM_FAILURE;
    while (done < range->length) {
        vmm_va address = range->address + done;
        vmm_size size = range->length - done;
        struct vm_upl *upl;
        enum vmm_status status;

        status = vm_upl_create(map, address, &size, flags, &upl);
        if (status == VMM_OK)
            status = io_md_take_list(md, upl, md_offset + done, size, vm_upl_first_byte(upl));
        if (status != VMM_OK)
            return status;
        done += size;
    }
    return VMM_OK;
}

/* Path b: from the named entries that a mapping made, as far as the descriptor reaches. */
static enum vmm_status
io_md_wire_piece(struct io_md *md, const struct io_piece *piece, uint32_t flags)
{
    uint64_t mask = io_page_mask(md);
    uint64_t rest = md->length > piece->run.md_offset ? md->length - piece->run.md_offset : 0;
    vmm_size size = piece->run.length < rest ? piece->run.length : rest;
    struct vm_upl *upl;
    enum vmm_status status;

    if (size == 0)
        return VMM_OK;
    status = vm_upl_create_from_entry(piece->entry, piece->run.page_offset, &size, flags, &upl);
    if (status == VMM_OK)
        status =
            io_md_take_list(md, upl, piece->run.md_offset, size, piece->run.page_offset & mask);
    return status;
}

/* wireVirtual(): every range, or nothing. */
static enum vmm_status
io_md_wire(struct io_md *md, uint32_t flags)
{
    enum vmm_status status = VMM_OK;
    uint64_t md_offset = 0;

    if (md->source.pieces != NULL) {
        for (size_t i = 0; i < md->source.count && status == VMM_OK; i++)
            status = io_md_wire_piece(md, &md->source.pieces[i], flags);
    } else {
        for (uint32_t i = 0; i < md->range_count && status == VMM_OK; i++) {
            status = io_md_wire_range_of_task(md, &md->ranges[i], md_offset, flags);
            md_offset += md->ranges[i].length;
        }
    }
    if (status != VMM_OK)
        io_md_drop_lists(md);
    return status;
}

/* Two Mach codes are translated; every other escapes as it is (iokit.md 2.4). */
static enum vmm_status
io_md_translate(enum vmm_status status)
{
    if (status == VMM_FAILURE)
        return VMM_IO_CANNOT_WIRE;
    return status == VMM_MEMORY_ERROR ? VMM_IO_NO_RESOURCES : status;
}

/* What the direction asks of the pages (iokit.md 2.3): only pure Out merely reads them. */
static bool
io_md_only_reads(const struct io_md *md, uint32_t direction)
{
    uint32_t bits = direction & IO_DIRECTION_OUT_IN;

    if (bits == IO_DIRECTION_NONE)
        bits = md->options & IO_DIRECTION_OUT_IN;
    return bits == IO_DIRECTION_OUT;
}

static uint32_t
io_upl_flags(const struct io_md *md, uint32_t direction)
{
    return (io_md_only_reads(md, direction) ? (uint32_t)VM_UPL_COPYOUT_FROM : 0) |
           (direction & IO_PREPARE_NO_FAULT ? (uint32_t)VM_UPL_NO_FAULT : 0) |
           (direction & IO_PREPARE_NO_ZERO_FILL ? (uint32_t)VM_UPL_NO_ZERO_FILL : 0);
}

/* ---- prepare, complete ---- */

static enum vmm_status
io_prepare_first(struct io_md *md, uint32_t direction)
{
    enum vmm_status status = VMM_OK;

    if ((direction & IO_PREPARE_AVOID_THROTTLING) &&
        vm_system_profile(md->system)->prepare_avoids_throttling &&
        vm_task_current_is_throttled(md->system))
        return VMM_IO_NOT_READY;
    status = io_md_translate(io_md_wire(md, io_upl_flags(md, direction)));

    if (status != VMM_OK)
        return status;
    md->wire_count = 1;
    md->is_read_only |= io_md_only_reads(md, direction);
    md->preparation_id = vm_system_next_id(md->system) + IO_PREPARATION_ID_UNSUPPORTED;
    return VMM_OK;
}

enum vmm_status
io_general_prepare(struct io_md *md, uint32_t direction)
{
    const struct vm_profile *profile = vm_system_profile(md->system);
    enum vmm_status status = VMM_OK;

    if (io_md_is_remote(md))
        status = VMM_IO_NOT_ATTACHED;
    else if (md->wire_count == 0)
        status = io_prepare_first(md, direction);
    else if (profile->prepare_checks_direction && md->is_read_only &&
             !io_md_only_reads(md, direction))
        status = VMM_IO_NOT_WRITABLE;
    else
        md->wire_count++;
    trace_emit(vm_system_trace(md->system), EV_DESC_PREPARE, .object = md->id, .length = md->length,
               .status = status, .count = md->wire_count);
    return status;
}

enum vmm_status
io_md_check_complete(struct io_md *md)
{
    if (md->wire_count == 0 && vm_system_kernel_asserts(md->system))
        return vm_panic(md->system, REASON_UNBALANCED_COMPLETE, 0, 0,
                        "assertion failed: complete() of %s %u, which is not prepared",
                        md->ops->class_name, md->id);
    if (md->wire_count == 1 && md->dma_active > 0)
        return vm_panic(md->system, REASON_COMPLETE_WHILE_DMA, 0, 0,
                        "%s %u: complete() while dma active", md->ops->class_name, md->id);
    return VMM_OK;
}

enum vmm_status
io_general_complete(struct io_md *md, uint32_t direction)
{
    enum vmm_status status = io_md_is_remote(md) ? VMM_IO_NOT_ATTACHED : io_md_check_complete(md);
    bool is_beyond = md->wire_count == 0;

    if (status != VMM_OK)
        return status;
    if (direction & IO_COMPLETE_WITH_DATA_VALID) {
        for (size_t i = 0; i < md->list_count; i++)
            vm_upl_set_valid(md->lists[i].upl);
    }
    if (md->wire_count > 0 && --md->wire_count == 0) {
        io_md_drop_lists(md);
        if (vm_system_profile(md->system)->complete_clears_read_only)
            md->is_read_only = false;
    }
    trace_emit(vm_system_trace(md->system), EV_DESC_COMPLETE, .object = md->id,
               .count = md->wire_count, .detail = is_beyond);
    return VMM_OK;
}

/* Outstanding prepares are repaired when the descriptor dies (iokit.md 1.4). */
static enum vmm_status
io_general_retire(struct io_md *md)
{
    enum vmm_status status = VMM_OK;

    while (md->wire_count > 0 && status == VMM_OK)
        status = io_general_complete(md, IO_DIRECTION_NONE);
    return status;
}

/* ---- where the bytes are ---- */

/* The list that holds byte `md_offset`, or NULL. */
static const struct io_list *
io_md_list_at(const struct io_md *md, uint64_t md_offset)
{
    for (size_t i = 0; i < md->list_count; i++) {
        const struct io_run *run = &md->lists[i].run;

        if (md_offset >= run->md_offset && md_offset - run->md_offset < run->length)
            return &md->lists[i];
    }
    return NULL;
}

vmm_ppn
io_md_page(const struct io_md *md, uint64_t md_offset)
{
    const struct io_list *list = io_md_list_at(md, md_offset);
    uint64_t byte;

    if (list == NULL)
        return VMM_NO_PAGE;
    byte = md_offset - list->run.md_offset + list->run.page_offset;
    return vm_upl_page(list->upl, byte / (io_page_mask(md) + 1));
}

/* The physical address of a byte, and in *run what follows it on its page; 0: no list has it. */
static uint64_t
io_md_physical(const struct io_md *md, uint64_t md_offset, uint64_t *run)
{
    const struct io_list *list = io_md_list_at(md, md_offset);
    uint64_t page_bytes = io_page_mask(md) + 1;
    uint64_t in_page, rest;

    if (list == NULL)
        return 0;
    in_page = (md_offset - list->run.md_offset + list->run.page_offset) & (page_bytes - 1);
    rest = list->run.md_offset + list->run.length - md_offset;
    *run = page_bytes - in_page < rest ? page_bytes - in_page : rest;
    return (uint64_t)io_md_page(md, md_offset) * page_bytes + in_page;
}

/* A buffer that grew after it was prepared has bytes without pages: setLength() asks nobody. */
enum vmm_status
io_general_segment(struct io_md *md, uint64_t offset, uint64_t *address, uint64_t *length)
{
    uint64_t run = 0;

    *address = io_md_physical(md, offset, length);
    if (*address == 0)
        return vm_panic(md->system, REASON_NOT_PREPARED, md->task_id, md->ranges[0].address,
                        "%s %u: byte %" PRIu64 " lies behind what was prepared",
                        md->ops->class_name, md->id, offset);
    while (offset + *length < md->length &&
           io_md_physical(md, offset + *length, &run) == *address + *length)
        *length += run;
    return VMM_OK;
}

const struct io_md_ops io_general_ops = { .class_name = "IOGeneralMemoryDescriptor",
                                          .prepare = io_general_prepare,
                                          .complete = io_general_complete,
                                          .segment = io_general_segment,
                                          .place = io_map_place,
                                          .retire = io_general_retire };

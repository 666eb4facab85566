/*
 * io_memory_descriptor.c - naming bytes, and keeping them in memory
 *
 * prepare() goes over the ranges and asks the vm floor for I/O lists: from the task's map, or, when a
 * mapping made named entries before, from those. Either way pages are wired in their object, and no
 * translation is made anywhere. That is the whole misunderstanding of rdar://25140509.
 */
#include "iokit/io_memory_descriptor.h"

#include <inttypes.h>
#include <string.h>

#include "iokit/io_internal.h"
#include "vm/vm_access.h"

/* ---- birth ---- */

/* Whether the ranges make sense: no overflow, and from 11 on inside the task's map. */
static bool
io_ranges_are_valid(struct vm_task *task, const struct io_range *ranges, uint32_t count)
{
    const struct vm_map *map = vm_task_map(task);
    bool checks = vm_system_profile(vm_task_system(task))->checks_descriptor_range;
    uint64_t total = 0;

    for (uint32_t i = 0; i < count; i++) {
        uint64_t end = ranges[i].address + ranges[i].length;

        if (end < ranges[i].address || total + ranges[i].length < total)
            return false;
        if (checks && ranges[i].length > 0 &&
            (ranges[i].address < vm_map_min(map) || end > vm_map_max(map)))
            return false;
        total += ranges[i].length;
    }
    return count > 0;
}

static void
io_md_free_storage(struct io_md *md)
{
    const struct vmm_alloc *alloc = vm_system_alloc(md->system);

    io_reference_release(md, &md->source);
    io_reference_release(md, &md->copies);
    vmm_give_array(alloc, md->lists, md->list_capacity, sizeof(*md->lists));
    vmm_give_array(alloc, md->ranges, md->range_count, sizeof(*md->ranges));
    vmm_give_array(alloc, md, 1, sizeof(*md));
}

enum vmm_status
io_md_create(struct vm_task *task, const struct io_range *ranges, uint32_t count, uint32_t options,
             struct io_md **made)
{
    struct vm_system *system = vm_task_system(task);
    const struct vmm_alloc *alloc = vm_system_alloc(system);
    struct io_md *md;

    if (!io_ranges_are_valid(task, ranges, count))
        return VMM_IO_BAD_ARGUMENT;
    md = vmm_take_array(alloc, 1, sizeof(*md));
    if (md == NULL)
        return VMM_MODEL_NO_MEMORY;
    md->ranges = vmm_take_array(alloc, count, sizeof(*md->ranges));
    if (md->ranges == NULL) {
        vmm_give_array(alloc, md, 1, sizeof(*md));
        return VMM_MODEL_NO_MEMORY;
    }
    memcpy(md->ranges, ranges, count * sizeof(*ranges));
    md->system = system;
    md->id = vm_system_next_id(system);
    md->task_id = vm_task_id(task);
    md->options = options;
    md->ref_count = 1;
    md->range_count = count;
    for (uint32_t i = 0; i < count; i++)
        md->length += ranges[i].length;
    vmm_list_init(&md->maps);
    *made = md;
    return VMM_OK;
}

void
io_md_retain(struct io_md *md)
{
    md->ref_count++;
}

void
io_md_keep(struct io_md *md)
{
    md->ref_count++;
    md->kept++;
}

enum vmm_status
io_over_release(struct vm_system *system, const char *class_name, uint32_t id)
{
    return vm_panic(system, REASON_OVER_RELEASE, 0, 0,
                    "%s %u: released by a driver that holds no reference on it", class_name, id);
}

/* One reference less; the last one frees. */
static enum vmm_status
io_md_drop(struct io_md *md)
{
    if (--md->ref_count > 0)
        return VMM_OK;
    VMM_ASSERT(vmm_list_is_empty(&md->maps)); /* D2 */
    while (md->wire_count > 0)
        io_md_complete(md,
                       IO_DIRECTION_NONE); /* outstanding prepares are repaired (iokit.md 1.4) */
    if (md->owner != NULL)
        md->owner->gone(md->owner, md->handle);
    io_md_free_storage(md);
    return VMM_OK;
}

enum vmm_status
io_md_release(struct io_md **released)
{
    struct io_md *md = *released;

    if (md->ref_count == md->kept)
        return io_over_release(md->system, "IOGeneralMemoryDescriptor", md->id);
    *released = NULL;
    return io_md_drop(md);
}

enum vmm_status
io_md_let_go(struct io_md **kept)
{
    struct io_md *md = *kept;

    *kept = NULL;
    md->kept--;
    return io_md_drop(md);
}

static void
io_md_drop_lists(struct io_md *md)
{
    while (md->list_count > 0)
        vm_upl_commit(&md->lists[--md->list_count].upl);
}

void
io_md_abandon(struct io_md *md)
{
    while (!vmm_list_is_empty(&md->maps))
        io_map_abandon(VMM_CONTAINER(md->maps.next, struct io_map, link));
    io_md_drop_lists(md);
    io_md_free_storage(md);
}

/* ---- small answers ---- */

uint64_t
io_md_length(const struct io_md *md)
{
    return md->length;
}

uint32_t
io_md_direction(const struct io_md *md)
{
    return md->options & IO_DIRECTION_MASK;
}

uint32_t
io_md_options(const struct io_md *md)
{
    return md->options;
}

struct vm_task *
io_md_task(const struct io_md *md)
{
    return vm_task_find(md->system, md->task_id);
}

struct vm_map *
io_md_map(const struct io_md *md)
{
    const struct vm_task *task = io_md_task(md);

    return task == NULL ? NULL : vm_task_map(task);
}

uint32_t
io_md_id(const struct io_md *md)
{
    return md->id;
}

uint32_t
io_md_wire_count(const struct io_md *md)
{
    return md->wire_count;
}

uint32_t
io_md_references(const struct io_md *md)
{
    return md->ref_count;
}

void
io_md_set_owner(struct io_md *md, struct io_owner *owner, uint64_t handle)
{
    md->owner = owner;
    md->handle = handle;
}

uint64_t
io_md_handle(const struct io_md *md)
{
    return md->handle;
}

/* ---- prepare ---- */

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

static void
io_md_add_list(struct io_md *md, struct vm_upl *upl, uint64_t md_offset, uint64_t length,
               uint64_t page_offset)
{
    md->lists[md->list_count++] =
        (struct io_list){ .run = { md_offset, length, page_offset }, .upl = upl };
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

        if (!io_md_grow_lists(md))
            return VMM_MODEL_NO_MEMORY;
        status = vm_upl_create(map, address, &size, flags, &upl);
        if (status != VMM_OK)
            return status;
        io_md_add_list(md, upl, md_offset + done, size, address & io_page_mask(md));
        done += size;
    }
    return VMM_OK;
}

/* Path b: from the named entries that a mapping made. */
static enum vmm_status
io_md_wire_piece(struct io_md *md, const struct io_piece *piece, uint32_t flags)
{
    uint64_t mask = io_page_mask(md);
    vmm_size size = piece->run.length;
    struct vm_upl *upl;
    enum vmm_status status;

    if (!io_md_grow_lists(md))
        return VMM_MODEL_NO_MEMORY;
    status = vm_upl_create_from_entry(piece->entry, piece->run.page_offset, &size, flags, &upl);
    if (status == VMM_OK)
        io_md_add_list(md, upl, piece->run.md_offset, piece->run.length,
                       piece->run.page_offset & mask);
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

static enum vmm_status
io_md_prepare_first(struct io_md *md, uint32_t direction)
{
    bool only_reads = io_md_only_reads(md, direction);
    uint32_t flags = (only_reads ? (uint32_t)VM_UPL_COPYOUT_FROM : 0) |
                     (direction & IO_PREPARE_NO_FAULT ? (uint32_t)VM_UPL_NO_FAULT : 0);
    enum vmm_status status = io_md_translate(io_md_wire(md, flags));

    if (status == VMM_OK) {
        md->wire_count = 1;
        md->is_read_only |= only_reads;
    }
    return status;
}

enum vmm_status
io_md_prepare(struct io_md *md, uint32_t direction)
{
    const struct vm_profile *profile = vm_system_profile(md->system);
    enum vmm_status status = VMM_OK;

    if (md->wire_count == 0)
        status = io_md_prepare_first(md, direction);
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
io_md_complete(struct io_md *md, uint32_t direction)
{
    (void)direction; /* ignored but for the flags that later issues bring (iokit.md 2.2) */
    if (md->wire_count == 0 && vm_system_kernel_asserts(md->system))
        return vm_panic(md->system, REASON_UNBALANCED_COMPLETE, 0, 0,
                        "assertion failed: complete() of IOGeneralMemoryDescriptor %u, which is "
                        "not prepared",
                        md->id);
    if (md->wire_count > 0 && --md->wire_count == 0) {
        io_md_drop_lists(md);
        if (vm_system_profile(md->system)->complete_clears_read_only)
            md->is_read_only = false;
    }
    trace_emit(vm_system_trace(md->system), EV_DESC_COMPLETE, .object = md->id,
               .count = md->wire_count);
    return VMM_OK;
}

/* ---- bytes, through physical memory ---- */

/* The list that holds byte `md_offset`, or NULL. */
static struct io_list *
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

/* An unprepared descriptor has no pages to go to (iokit.md 2.5). */
static enum vmm_status
io_md_must_be_prepared(struct io_md *md)
{
    if (md->wire_count > 0)
        return VMM_OK;
    return vm_panic(md->system, REASON_NOT_PREPARED, md->task_id, md->ranges[0].address,
                    "IOGeneralMemoryDescriptor %u not wired for the IODMACommand", md->id);
}

/* How much of [offset, offset + length) may be moved (iokit.md 7). */
static uint64_t
io_md_clip(const struct io_md *md, uint64_t offset, uint64_t length)
{
    uint64_t rest = offset < md->length ? md->length - offset : 0;

    if (length <= rest)
        return length;
    return vm_system_profile(md->system)->read_bytes_clips ? rest : 0;
}

/* How many bytes from `offset` on one list holds, at most `length`. */
static uint64_t
io_list_run(const struct io_list *list, uint64_t offset, uint64_t length)
{
    uint64_t rest = list->run.md_offset + list->run.length - offset;

    return rest < length ? rest : length;
}

enum vmm_status
io_md_read(struct io_md *md, uint64_t offset, void *to, uint64_t length, uint64_t *done)
{
    enum vmm_status status = io_md_must_be_prepared(md);
    uint64_t total = io_md_clip(md, offset, length);
    uint64_t at = 0;

    while (status == VMM_OK && at < total) {
        const struct io_list *list = io_md_list_at(md, offset + at);
        uint64_t run = io_list_run(list, offset + at, total - at);

        vm_upl_read(list->upl, offset + at - list->run.md_offset + list->run.page_offset,
                    (uint8_t *)to + at, run);
        at += run;
    }
    *done = at;
    return status;
}

enum vmm_status
io_md_write(struct io_md *md, uint64_t offset, const void *from, uint64_t length, uint64_t *done)
{
    enum vmm_status status = io_md_must_be_prepared(md);
    uint64_t total = md->is_read_only ? 0 : io_md_clip(md, offset, length);
    uint64_t at = 0;

    while (status == VMM_OK && at < total) {
        struct io_list *list = io_md_list_at(md, offset + at);
        uint64_t run = io_list_run(list, offset + at, total - at);

        status = vm_upl_write(list->upl, offset + at - list->run.md_offset + list->run.page_offset,
                              (const uint8_t *)from + at, run);
        at += status == VMM_OK ? run : 0;
    }
    *done = at;
    return status;
}

enum vmm_status
io_md_segment(struct io_md *md, uint64_t offset, uint64_t *address, uint64_t *length)
{
    uint64_t page_bytes = io_page_mask(md) + 1;
    enum vmm_status status = io_md_must_be_prepared(md);
    const struct io_list *list;
    uint64_t in_page;
    vmm_ppn ppn;

    if (status != VMM_OK)
        return status;
    *address = 0;
    *length = 0;
    list = io_md_list_at(md, offset);
    if (list == NULL)
        return VMM_OK;
    in_page = (offset - list->run.md_offset + list->run.page_offset) & io_page_mask(md);
    ppn = io_md_page(md, offset);
    *address = (uint64_t)ppn * page_bytes + in_page;
    *length = page_bytes - in_page;
    while (offset + *length < md->length && io_md_page(md, offset + *length) == ++ppn)
        *length += page_bytes;
    if (*length > md->length - offset)
        *length = md->length - offset;
    return VMM_OK;
}

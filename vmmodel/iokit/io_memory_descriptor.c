/*
 * io_memory_descriptor.c - what every kind of descriptor has: a life, small answers, bytes
 *
 * A kind is a table of functions (struct io_md_ops). Bytes go through physical memory, one unbroken
 * segment after the other, whatever the kind: no translation is used, so none can be missing.
 */
#include "iokit/io_memory_descriptor.h"

#include "base/planted.h"
#include "iokit/io_internal.h"
#include "vm/vm_device.h"
#include "vm/vm_sched.h"

/* ---- life ---- */

struct io_md *
io_md_take(struct vm_system *system, const struct io_md_ops *ops, uint32_t options,
           uint32_t range_count)
{
    const struct vmm_alloc *alloc = vm_system_alloc(system);
    struct io_md *md = vmm_take_array(alloc, 1, sizeof(*md));

    if (md == NULL)
        return NULL;
    if (range_count > 0) {
        md->ranges = vmm_take_array(alloc, range_count, sizeof(*md->ranges));
        if (md->ranges == NULL) {
            if (!VMM_PLANTED(VMM_PLANTED_LEAK))
                vmm_give_array(alloc, md, 1, sizeof(*md));
            return NULL;
        }
    }
    md->ops = ops;
    md->system = system;
    md->id = vm_system_next_id(system);
    md->options = options;
    md->ref_count = 1;
    md->range_count = range_count;
    vmm_list_init(&md->maps);
    return md;
}

void
io_md_discard(struct io_md *md)
{
    const struct vmm_alloc *alloc = vm_system_alloc(md->system);

    io_reference_release(md, &md->source);
    io_reference_release(md, &md->copies);
    vmm_give_array(alloc, md->lists, md->list_capacity, sizeof(*md->lists));
    vmm_give_array(alloc, md->ranges, md->range_count, sizeof(*md->ranges));
    vmm_give_array(alloc, md->children, md->child_count, sizeof(*md->children));
    vmm_give_array(alloc, md, 1, sizeof(*md));
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

/* Prepares that the driver owes a complete(): birth's own is not its (iokit.md 1.2). */
static uint32_t
io_md_prepares_left(const struct io_md *md)
{
    bool born_prepared =
        io_md_is_physical(md) || (md->options & IO_MEMORY_AUTO_PREPARE) || md->range_count == 0;

    return md->wire_count > born_prepared ? md->wire_count - born_prepared : 0;
}

/* One reference less; the last one frees. A kernel that stops meanwhile frees nothing any more. */
static enum vmm_status
io_md_drop(struct io_md *md)
{
    enum vmm_status status;
    uint32_t left;

    if (--md->ref_count > 0)
        return VMM_OK;
    VMM_ASSERT(vmm_list_is_empty(&md->maps)); /* D2 */
    if (md->in_use > 0)
        return io_over_release(md->system, md->ops->class_name, md->id); /* others are using it */
    left = io_md_prepares_left(md);
    status = md->ops->retire(md);
    if (status != VMM_OK)
        return status;
    if (md->owner != NULL)
        md->owner->gone(md->owner, md->handle);
    trace_emit(vm_system_trace(md->system), EV_DESC_FREE, .object = md->id, .count = left);
    io_md_discard(md);
    return VMM_OK;
}

enum vmm_status
io_md_release(struct io_md **released)
{
    struct io_md *md = *released;

    if (md->ref_count == md->kept)
        return io_over_release(md->system, md->ops->class_name, md->id);
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

void
io_md_abandon(struct io_md *md)
{
    while (!vmm_list_is_empty(&md->maps))
        io_map_abandon(VMM_CONTAINER(md->maps.next, struct io_map, link));
    if (md->buffer.mapped != NULL)
        io_map_abandon(md->buffer.mapped);
    io_md_drop_lists(md);
    io_md_discard(md);
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
    return md->has_task ? vm_task_find(md->system, md->task_id) : NULL;
}

struct vm_map *
io_md_map(const struct io_md *md)
{
    const struct vm_task *task = io_md_task(md);

    return task == NULL ? NULL : vm_task_map(task);
}

bool
io_md_is_physical(const struct io_md *md)
{
    return (md->options & IO_MEMORY_TYPE_MASK) == IO_MEMORY_TYPE_PHYSICAL;
}

bool
io_md_is_remote(const struct io_md *md)
{
    return (md->options & IO_MEMORY_REMOTE) != 0 &&
           vm_system_profile(md->system)->has_remote_memory;
}

uint32_t
io_md_id(const struct io_md *md)
{
    return md->id;
}

const char *
io_md_class_name(const struct io_md *md)
{
    return md->ops->class_name;
}

/* A view counts what it looks at: one prepare through it wires all of that (iokit.md 2.4). */
uint32_t
io_md_wire_count(const struct io_md *md)
{
    uint32_t least = md->wire_count;

    for (uint32_t i = 0; i < md->child_count; i++) {
        uint32_t count = io_md_wire_count(md->children[i]);

        least = i == 0 || count < least ? count : least;
    }
    return least;
}

uint32_t
io_md_references(const struct io_md *md)
{
    return md->ref_count;
}

uint32_t
io_md_held(const struct io_md *md)
{
    return md->ref_count - md->kept;
}

uint64_t
io_md_preparation_id(const struct io_md *md)
{
    if (io_md_is_physical(md))
        return IO_PREPARATION_ID_UNSUPPORTED;
    return md->wire_count == 0 ? IO_PREPARATION_ID_UNPREPARED : md->preparation_id;
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

/* ---- prepare, complete ---- */

enum vmm_status
io_md_prepare(struct io_md *md, uint32_t direction)
{
    enum vmm_status status;

    if (vm_system_call_fails(md->system, VMM_CALL_PREPARE))
        return VMM_IO_CANNOT_WIRE;
    md->in_use++;
    status = md->ops->prepare(md, direction);
    md->in_use--;
    return status;
}

enum vmm_status
io_md_complete(struct io_md *md, uint32_t direction)
{
    enum vmm_status status;

    md->in_use++;
    status = md->ops->complete(md, direction);
    md->in_use--;
    return status;
}

/* ---- bytes, through physical memory ---- */

/* An unprepared descriptor has no pages to go to (iokit.md 2.5). */
static enum vmm_status
io_md_must_be_prepared(struct io_md *md)
{
    if (io_md_wire_count(md) > 0)
        return VMM_OK;
    return vm_panic(md->system, REASON_NOT_PREPARED, md->task_id,
                    md->range_count > 0 ? md->ranges[0].address : 0,
                    "%s %u not wired for the IODMACommand", md->ops->class_name, md->id);
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

/* The unbroken run at `offset`, at most `most` bytes of it; none: a child became shorter. */
static enum vmm_status
io_md_run(struct io_md *md, uint64_t offset, uint64_t most, uint64_t *address, uint64_t *run)
{
    enum vmm_status status = md->ops->segment(md, offset, address, run);

    if (*run > most)
        *run = most;
    return status;
}

bool
io_md_is_thread_safe(const struct io_md *md)
{
    return (md->options & IO_MEMORY_THREAD_SAFE) != 0;
}

/* A thread-safe descriptor's bytes are copied under I/O Kit's global lock (iokit.md 7). */
static enum vmm_status
io_md_lock_bytes(struct io_md *md)
{
    return io_md_is_thread_safe(md) ? vm_lock_take(md->system, vm_system_driver_lock(md->system))
                                    : VMM_OK;
}

static void
io_md_unlock_bytes(struct io_md *md)
{
    if (io_md_is_thread_safe(md))
        vm_lock_drop(md->system, vm_system_driver_lock(md->system));
}

static enum vmm_status
io_md_read_all(struct io_md *md, uint64_t offset, void *to, uint64_t length, uint64_t *done)
{
    uint64_t total = io_md_clip(md, offset, length);
    enum vmm_status status = total > 0 ? io_md_must_be_prepared(md) : VMM_OK;
    uint64_t at = 0;

    while (status == VMM_OK && at < total) {
        uint64_t address = 0;
        uint64_t run = 0;

        status = io_md_run(md, offset + at, total - at, &address, &run);
        if (status == VMM_OK && run == 0)
            break;
        if (status == VMM_OK)
            vm_device_read(md->system, address, (uint8_t *)to + at, run);
        at += status == VMM_OK ? run : 0;
    }
    *done = at;
    return status;
}

enum vmm_status
io_md_read(struct io_md *md, uint64_t offset, void *to, uint64_t length, uint64_t *done)
{
    enum vmm_status status = io_md_lock_bytes(md);

    *done = 0;
    if (status != VMM_OK)
        return status;
    status = io_md_read_all(md, offset, to, length, done);
    io_md_unlock_bytes(md);
    return status;
}

/* Whether writeBytes() finds the read-only flag, here or below. */
static bool
io_md_forbids_writes(const struct io_md *md)
{
    bool forbids = md->is_read_only;

    for (uint32_t i = 0; i < md->child_count; i++)
        forbids |= io_md_forbids_writes(md->children[i]);
    return forbids;
}

/* Bytes, or zeroes, to a physical address. */
static enum vmm_status
io_md_store(struct io_md *md, uint64_t address, const uint8_t *from, uint64_t length)
{
    static const uint8_t zeroes[IO_COPY_BYTES];
    enum vmm_status status = VMM_OK;

    if (from != NULL)
        return vm_device_write(md->system, address, from, length);
    while (length > 0 && status == VMM_OK) {
        uint64_t run = length < sizeof(zeroes) ? length : sizeof(zeroes);

        status = vm_device_write(md->system, address, zeroes, run);
        address += run;
        length -= run;
    }
    return status;
}

static enum vmm_status
io_md_write_all(struct io_md *md, uint64_t offset, const void *from, uint64_t length,
                uint64_t *done)
{
    uint64_t total = io_md_forbids_writes(md) ? 0 : io_md_clip(md, offset, length);
    enum vmm_status status = total > 0 ? io_md_must_be_prepared(md) : VMM_OK;
    uint64_t at = 0;

    while (status == VMM_OK && at < total) {
        uint64_t address = 0;
        uint64_t run = 0;

        status = io_md_run(md, offset + at, total - at, &address, &run);
        if (status == VMM_OK && run == 0)
            break;
        if (status == VMM_OK)
            status =
                io_md_store(md, address, from == NULL ? NULL : (const uint8_t *)from + at, run);
        at += status == VMM_OK ? run : 0;
    }
    *done = at;
    return status;
}

enum vmm_status
io_md_write(struct io_md *md, uint64_t offset, const void *from, uint64_t length, uint64_t *done)
{
    enum vmm_status status = io_md_lock_bytes(md);

    *done = 0;
    if (status != VMM_OK)
        return status;
    status = io_md_write_all(md, offset, from, length, done);
    io_md_unlock_bytes(md);
    return status;
}

struct io_md *
io_md_child_at(const struct io_md *md, uint64_t *offset)
{
    *offset += md->child_offset;
    for (uint32_t i = 0; i < md->child_count; i++) {
        if (*offset < md->children[i]->length)
            return md->children[i];
        *offset -= md->children[i]->length;
    }
    return NULL;
}

enum vmm_status
io_child_segment(struct io_md *md, uint64_t offset, uint64_t *address, uint64_t *length)
{
    uint64_t in_child = offset;
    struct io_md *child = io_md_child_at(md, &in_child);
    enum vmm_status status;

    *address = 0;
    *length = 0;
    if (child == NULL)
        return VMM_OK;
    status = child->ops->segment(child, in_child, address, length);
    if (*length > child->length - in_child)
        *length = child->length - in_child;
    if (*length > md->length - offset)
        *length = md->length - offset;
    return status;
}

uint64_t
io_md_source_segment(const struct io_md *md, uint64_t offset, uint64_t *length)
{
    uint64_t start = 0;

    *length = 0;
    while (md != NULL && md->child_count > 0)
        md = io_md_child_at(md, &offset);
    if (md == NULL)
        return 0;
    if (md->range_count == 0) { /* a page list, or guard pages: only where on a page is known */
        *length = md->length - offset;
        return md->list_count > 0 ? md->lists[0].run.page_offset + offset : 0;
    }
    for (uint32_t i = 0; i < md->range_count; i++) {
        const struct io_range *range = &md->ranges[i];

        if (offset - start < range->length) {
            *length = range->length - (offset - start);
            return range->address + (offset - start);
        }
        start += range->length;
    }
    return 0;
}

enum vmm_status
io_md_segment(struct io_md *md, uint64_t offset, uint32_t options, uint64_t *address,
              uint64_t *length)
{
    enum vmm_status status = VMM_OK;

    *address = 0;
    *length = 0;
    if (offset >= md->length)
        return VMM_OK; /* asked before anything is looked at */
    if (options & IO_MEMORY_SOURCE_SEGMENT) {
        *address = io_md_source_segment(md, offset, length);
        return VMM_OK;
    }
    status = io_md_must_be_prepared(md);
    if (status == VMM_OK)
        status = md->ops->segment(md, offset, address, length);
    if (*length > md->length - offset)
        *length = md->length - offset;
    if (status == VMM_OK && *length > 0)
        trace_emit(vm_system_trace(md->system), EV_DESC_SEGMENT, .object = md->id, .va = *address,
                   .length = *length);
    return status;
}

/*
 * io_buffer.c - see io_buffer.h
 *
 * A wired buffer is a descriptor over kernel memory that is born wired, translated and prepared. A
 * pageable one is a descriptor over a fresh named entry; its owner sees it through a mapping that was
 * made at birth and that no other mapping is shared with.
 */
#include "iokit/io_buffer.h"

#include <inttypes.h>

#include "iokit/io_internal.h"
#include "iokit/io_placement.h"
#include "vm/vm_kmem.h"

enum { IO_BUFFER_KEPT_OPTIONS = IO_DIRECTION_MASK | IO_MEMORY_THREAD_SAFE };

static const struct io_md_ops io_buffer_ops;

/* ---- what was asked for ---- */

static bool
io_buffer_is_contiguous(const struct io_buffer_request *request, uint64_t page_bytes)
{
    return (request->options &
            (IO_BUFFER_PHYSICALLY_CONTIGUOUS | IO_BUFFER_HOST_PHYSICALLY_CONTIGUOUS)) != 0 ||
           request->alignment > page_bytes;
}

/* The least power of two that is no less; no alignment is 1. */
static uint64_t
io_buffer_alignment(uint64_t alignment)
{
    uint64_t power = 1;

    while (power < alignment && power < (uint64_t)1 << 63)
        power <<= 1;
    return power;
}

static bool
io_buffer_request_is_valid(const struct vm_system *system, const struct io_buffer_request *request)
{
    uint64_t mask = vm_system_page_bytes(system) - 1;
    bool is_kernels = request->task != NULL && vm_task_id(request->task) == 0;

    if (request->capacity == 0 || request->capacity + mask < request->capacity)
        return false;
    return is_kernels || (request->options & IO_BUFFER_PAGEABLE) != 0;
}

/* ---- birth ---- */

/* A descriptor of one range that is not anywhere yet. */
static struct io_md *
io_buffer_take(struct vm_system *system, const struct io_buffer_request *request)
{
    struct io_md *md =
        io_md_take(system, &io_buffer_ops,
                   (request->options & IO_BUFFER_KEPT_OPTIONS) | IO_MEMORY_TYPE_VIRTUAL, 1);

    if (md == NULL)
        return NULL;
    md->buffer.capacity = request->capacity;
    md->ranges[0].length = request->capacity;
    md->length = request->capacity;
    return md;
}

/* The owner sees the bytes at `address` from now on. */
static void
io_buffer_settle(struct io_md *md, const struct vm_task *task, uint64_t address)
{
    md->has_task = true;
    md->task_id = vm_task_id(task);
    md->ranges[0].address = address;
    md->buffer.address = address;
}

/* Whether every page lies where the device can reach. */
static bool
io_buffer_is_reachable(struct vm_system *system, uint64_t address, uint64_t bytes,
                       uint64_t physical_mask)
{
    uint64_t page_bytes = vm_system_page_bytes(system);
    bool is_reachable = true;

    for (uint64_t at = 0; physical_mask != 0 && is_reachable && at < bytes; at += page_bytes) {
        struct vm_page_view view;

        vm_map_probe(vm_task_map(vm_task_kernel(system)), address + at, &view);
        is_reachable = ((uint64_t)view.ppn * page_bytes & ~physical_mask) == 0;
    }
    return is_reachable;
}

static enum vmm_status
io_buffer_begin_wired(struct io_md *md, const struct io_buffer_request *request)
{
    struct vm_system *system = md->system;
    uint64_t page_bytes = vm_system_page_bytes(system);
    uint64_t bytes = (request->capacity + page_bytes - 1) & ~(page_bytes - 1);
    enum vmm_status status =
        vm_kmem_alloc(system, bytes, io_buffer_alignment(request->alignment) - 1,
                      io_buffer_is_contiguous(request, page_bytes) ? VM_KMEM_CONTIGUOUS : 0u,
                      &md->buffer.address);

    if (status != VMM_OK)
        return status;
    md->buffer.kmem_bytes = bytes;
    io_buffer_settle(md, request->task, md->buffer.address);
    if (!io_buffer_is_reachable(system, md->buffer.address, bytes, request->physical_mask))
        return VMM_IO_NO_RESOURCES;
    md->options |= IO_MEMORY_AUTO_PREPARE;
    return io_general_begin(md);
}

/* The mapping that the owner of a pageable buffer is born with. */
static enum vmm_status
io_buffer_map(struct io_md *md, const struct io_buffer_request *request, uint32_t guards)
{
    uint32_t cache = request->options & vm_system_profile(md->system)->cache_mode_mask;
    struct io_map *map;
    enum vmm_status status = io_map_create(
        md, request->task, 0,
        IO_MAP_ANYWHERE | (request->options & IO_MAP_PREFAULT) | cache | guards, 0, 0, &map);

    if (status != VMM_OK)
        return status;
    io_map_hide(map);
    md->buffer.mapped = map;
    io_buffer_settle(md, request->task, io_map_address(map));
    return VMM_OK;
}

static enum vmm_status
io_buffer_begin_pageable(struct io_md *md, const struct io_buffer_request *request, uint32_t guards)
{
    uint64_t mask = io_page_mask(md);
    bool is_purgable = (request->options & IO_BUFFER_PURGEABLE) != 0;
    struct io_run whole = { 0, (request->capacity + mask) & ~mask, 0 };
    struct vm_memory_entry *entry;
    enum vmm_status status =
        vm_memory_entry_anonymous(md->system, whole.length, VMM_PROT_DEFAULT, is_purgable, &entry);

    if (status != VMM_OK)
        return status;
    md->options |= IO_MEMORY_BUFFER_PAGEABLE | (is_purgable ? IO_MEMORY_BUFFER_PURGEABLE : 0);
    md->entry_prot = VMM_PROT_DEFAULT;
    status = io_reference_add_piece(md, &whole, entry);
    vm_memory_entry_release(&entry);
    if (status == VMM_OK && (request->options & IO_MEMORY_AUTO_PREPARE))
        status = io_md_prepare(md, IO_DIRECTION_NONE);
    return status == VMM_OK && request->task != NULL ? io_buffer_map(md, request, guards) : status;
}

/* Nobody has seen it yet; what it holds goes back. */
static enum vmm_status
io_buffer_abort(struct io_md *md, enum vmm_status status)
{
    enum vmm_status gone = md->ops->retire(md);

    if (gone == VMM_OK)
        io_md_discard(md);
    else
        io_md_abandon(md);
    return status;
}

static enum vmm_status
io_buffer_begin(struct vm_system *system, const struct io_buffer_request *request, uint32_t guards,
                struct io_md **made)
{
    struct io_md *md;
    enum vmm_status status;

    if (!io_buffer_request_is_valid(system, request))
        return VMM_IO_BAD_ARGUMENT;
    md = io_buffer_take(system, request);
    if (md == NULL)
        return VMM_MODEL_NO_MEMORY;
    status = request->options & IO_BUFFER_PAGEABLE ? io_buffer_begin_pageable(md, request, guards)
                                                   : io_buffer_begin_wired(md, request);
    if (status != VMM_OK)
        return io_buffer_abort(md, status);
    *made = md;
    return VMM_OK;
}

enum vmm_status
io_buffer_create(struct vm_system *system, const struct io_buffer_request *request,
                 struct io_md **md)
{
    return io_buffer_begin(system, request, 0, md);
}

enum vmm_status
io_buffer_create_guarded(struct vm_system *system, struct vm_task *task, uint32_t options,
                         uint64_t capacity, struct io_md **md)
{
    uint64_t mask = vm_system_page_bytes(system) - 1;
    struct io_buffer_request request = { .task = task,
                                         .options = options | IO_BUFFER_PAGEABLE,
                                         .capacity = (capacity + mask) & ~mask };

    if (!vm_system_profile(system)->has_map_guards)
        return VMM_NOT_SUPPORTED;
    return io_buffer_begin(system, &request, IO_MAP_GUARDED_SMALL, md);
}

/* ---- life ---- */

/* The mapping first, then the prepares, then the memory (iokit.md 1.3). */
static enum vmm_status
io_buffer_retire(struct io_md *md)
{
    enum vmm_status status =
        md->buffer.mapped == NULL ? VMM_OK : io_map_free_hidden(&md->buffer.mapped);

    if (status == VMM_OK)
        status = io_general_ops.retire(md);
    io_reference_release(md, &md->source);
    if (status == VMM_OK && md->buffer.kmem_bytes > 0)
        status = vm_kmem_free(md->system, md->buffer.address, md->buffer.kmem_bytes);
    return status;
}

uint64_t
io_buffer_bytes(const struct io_md *md)
{
    return md->buffer.address;
}

uint64_t
io_buffer_capacity(const struct io_md *md)
{
    return md->buffer.capacity;
}

enum vmm_status
io_buffer_set_length(struct io_md *md, uint64_t length)
{
    if (md->buffer.capacity == 0)
        return VMM_IO_UNSUPPORTED;
    if (length > md->buffer.capacity && vm_system_kernel_asserts(md->system))
        return vm_panic(md->system, REASON_SET_LENGTH, 0, md->buffer.address,
                        "assertion failed: setLength(%" PRIu64 ") of a buffer of %" PRIu64 " bytes",
                        length, md->buffer.capacity);
    if (length > md->buffer.capacity)
        return VMM_OK;
    md->ranges[0].length = length;
    md->length = length;
    return VMM_OK;
}

static const struct io_md_ops io_buffer_ops = { .class_name = "IOBufferMemoryDescriptor",
                                                .prepare = io_general_prepare,
                                                .complete = io_general_complete,
                                                .segment = io_general_segment,
                                                .place = io_map_place,
                                                .retire = io_buffer_retire };

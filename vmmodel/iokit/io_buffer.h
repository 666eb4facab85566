/*
 * io_buffer.h - memory that a driver asks I/O Kit for
 *
 * PURPOSE     IOBufferMemoryDescriptor: wired kernel memory that never faults, or, with
 *             kIOMemoryPageable, memory that nobody has touched yet.
 * INVARIANTS  B1  length <= capacity
 * UNITS       capacity, alignment, length: bytes
 * OWNERSHIP   the descriptor owns its memory and the mapping it was born with
 * ERRORS      io_buffer_create(): what a Mac shows as NULL; then as io_memory_descriptor.h
 * EVENTS      those of vm_kmem.h or of the mapping, and DESC_PREPARE
 * XNU         iokit/Kernel/IOBufferMemoryDescriptor.cpp initWithPhysicalMask; iokit.md 1.3
 *             Differs: wired buffers begin on a page; a physical mask is only looked at
 */
#ifndef IOKIT_IO_BUFFER_H
#define IOKIT_IO_BUFFER_H

#include "iokit/io_memory_descriptor.h"

struct io_buffer_request {
    struct vm_task *task; /* whose it is; NULL: nobody's, only with IO_BUFFER_PAGEABLE */
    uint32_t options;     /* direction, IO_BUFFER_*, a cache mode, IO_MAP_PREFAULT */
    uint64_t capacity;
    uint64_t alignment;     /* 0 or 1: none */
    uint64_t physical_mask; /* 0: any address */
};

/* initWithPhysicalMask(): the rows of iokit.md 1.3. VMM_IO_BAD_ARGUMENT: a request that no row has. */
enum vmm_status io_buffer_create(struct vm_system *system, const struct io_buffer_request *request,
                                 struct io_md **md) VMM_MUST_USE;

/* inTaskWithGuardPages(): pageable, rounded up to pages, guards around every mapping. 12 and later. */
enum vmm_status io_buffer_create_guarded(struct vm_system *system, struct vm_task *task,
                                         uint32_t options, uint64_t capacity,
                                         struct io_md **md) VMM_MUST_USE;

/* getBytesNoCopy(): where the owner sees it; 0: nowhere, or not a buffer. */
uint64_t io_buffer_bytes(const struct io_md *md);

/* getCapacity(), in bytes; 0: not a buffer. */
uint64_t io_buffer_capacity(const struct io_md *md);

/*
 * setLength(): more than the capacity is ignored, VMM_OK; a kernel with assertions stops, VMM_MODEL_PANIC.
 * VMM_IO_UNSUPPORTED: not a buffer.
 */
enum vmm_status io_buffer_set_length(struct io_md *md, uint64_t length);

#endif

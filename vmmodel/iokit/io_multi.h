/*
 * io_multi.h - several descriptors as one, and pages that nothing may touch
 *
 * PURPOSE     IOMultiMemoryDescriptor::withDescriptors(), and the guard pages to put between them.
 * INVARIANTS  none of its own
 * UNITS       length, size: bytes
 * OWNERSHIP   a row of descriptors keeps each of them
 * ERRORS      VMM_IO_BAD_ARGUMENT: children that do not go together (NULL on a Mac);
 *             VMM_IO_INTERNAL_ERROR: prepare() without children; VMM_IO_UNSUPPORTED: mapped on a
 *             release that cannot; VMM_MODEL_PANIC: mapped unprepared, or unmapped, up to 10.9
 * EVENTS      the children's
 * XNU         iokit/Kernel/IOMultiMemoryDescriptor.cpp, IOGuardPageMemoryDescriptor; iokit.md 1.2,
 *             2.4, 5.1, trap T31
 */
#ifndef IOKIT_IO_MULTI_H
#define IOKIT_IO_MULTI_H

#include "iokit/io_memory_descriptor.h"

/*
 * withDescriptors(): the bytes of `count` children in a row. 0 children make one that cannot be prepared.
 * VMM_MODEL_PANIC: a development kernel asserts that they have one direction.
 */
enum vmm_status io_multi_create(struct vm_system *system, struct io_md *const *children,
                                uint32_t count, uint32_t direction, struct io_md **md) VMM_MUST_USE;

/* IOGuardPageMemoryDescriptor::withSize(), `size` rounded up to pages. VMM_NOT_SUPPORTED before 12. */
enum vmm_status io_guard_create(struct vm_system *system, uint64_t size,
                                struct io_md **md) VMM_MUST_USE;

#endif

/*
 * io_malloc.h - IOMalloc and its kin
 *
 * PURPOSE     Which kernel memory faults and which never does (iokit.md 7).
 * INVARIANTS  none of its own
 * UNITS       size, alignment: bytes
 * OWNERSHIP   the caller frees with the call of the same name and size
 * ERRORS      what a Mac shows as NULL: VMM_RESOURCE_SHORTAGE, VMM_NO_SPACE, VMM_INVALID_ARGUMENT
 * EVENTS      those of the memory
 * XNU         iokit/Kernel/IOLib.cpp IOMallocAligned, IOMallocPageable; iokit.md 7
 */
#ifndef IOKIT_IO_MALLOC_H
#define IOKIT_IO_MALLOC_H

#include "vm/vm_system.h"

/*
 * IOMalloc, IOMallocAligned, IOMallocContiguous: wired, with translations from birth. `alignment` is 0 or
 * a power of two.
 */
enum vmm_status io_malloc(struct vm_system *system, uint64_t size, uint64_t alignment,
                          bool contiguous, uint64_t *address) VMM_MUST_USE;

/* IOFree and its kin; `size` as it was asked for. */
enum vmm_status io_free(struct vm_system *system, uint64_t address, uint64_t size);

/*
 * IOMallocPageable: no page, no translation, in a pageable submap; the first touch faults. An alignment of
 * more than a page is refused.
 */
enum vmm_status io_malloc_pageable(struct vm_system *system, uint64_t size, uint64_t alignment,
                                   uint64_t *address) VMM_MUST_USE;

/* IOFreePageable; VMM_MODEL_PANIC: the address is in no pageable submap. */
enum vmm_status io_free_pageable(struct vm_system *system, uint64_t address, uint64_t size);

#endif

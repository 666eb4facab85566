/*
 * io_memory_state.h - what state a descriptor's pages are in
 *
 * PURPOSE     getPageCounts(), setPurgeable(), performOperation().
 * INVARIANTS  none of its own
 * UNITS       offset, length: bytes; counts: pages
 * OWNERSHIP   none
 * ERRORS      VMM_IO_NOT_READY: no named entry yet (trap T30); VMM_IO_BAD_ARGUMENT,
 *             VMM_IO_UNSUPPORTED, VMM_IO_UNDERRUN; VMM_MODEL_PANIC: an operation on what is not
 *             prepared
 * EVENTS      PAGE_FREE when something is purged
 * XNU         IOMemoryDescriptor.cpp getPageCounts, setPurgeable, performOperation; iokit.md 7
 *             Differs: there are no data caches to flush, so operations only walk
 */
#ifndef IOKIT_IO_MEMORY_STATE_H
#define IOKIT_IO_MEMORY_STATE_H

#include "iokit/io_memory_descriptor.h"

/* kIOMemoryPurgeable* */
enum {
    IO_PURGEABLE_KEEP_CURRENT = 1,
    IO_PURGEABLE_NON_VOLATILE = 2,
    IO_PURGEABLE_VOLATILE = 3,
    IO_PURGEABLE_EMPTY = 4,
};

/* Operations. */
enum {
    IO_MEMORY_INCOHERENT_IO_FLUSH = 1,
    IO_MEMORY_INCOHERENT_IO_STORE = 2,
    IO_MEMORY_CLEAR_ENCRYPTED = 50,
    IO_MEMORY_SET_ENCRYPTED = 51,
};

/* getPageCounts(), in pages; from 10.11 on a view's or a row's are its children's. */
enum vmm_status io_md_page_counts(const struct io_md *md, uint64_t *resident,
                                  uint64_t *dirty) VMM_MUST_USE;

/* setPurgeable(): `state` and *old are IO_PURGEABLE_*; *old is written on VMM_OK. */
enum vmm_status io_md_set_purgeable(struct io_md *md, uint32_t state, uint32_t *old) VMM_MUST_USE;

/* performOperation() on [offset, offset + length): VMM_IO_UNDERRUN when the bytes end before. */
enum vmm_status io_md_perform(struct io_md *md, uint32_t operation, uint64_t offset,
                              uint64_t length) VMM_MUST_USE;

#endif

/*
 * io_sub.h - a view on a part of another descriptor
 *
 * PURPOSE     IOSubMemoryDescriptor::withSubRange().
 * INVARIANTS  none of its own
 * UNITS       offset, length: bytes of the parent
 * OWNERSHIP   a view keeps its parent
 * ERRORS      VMM_IO_BAD_ARGUMENT: it would reach beyond the parent (NULL on a Mac); else the parent's
 * EVENTS      the parent's
 * XNU         iokit/Kernel/IOSubMemoryDescriptor.cpp; iokit.md 1.2, 2.4, trap T18
 */
#ifndef IOKIT_IO_SUB_H
#define IOKIT_IO_SUB_H

#include "iokit/io_memory_descriptor.h"

/* withSubRange(): a view on [offset, offset + length) of `parent`, whose ranges are not looked at again. */
enum vmm_status io_sub_create(struct io_md *parent, uint64_t offset, uint64_t length,
                              uint32_t options, struct io_md **md) VMM_MUST_USE;

#endif

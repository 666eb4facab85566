/*
 * io_device.h - descriptors of physical memory, and of a list of pages
 *
 * PURPOSE     withPhysicalAddress() and its like: a device's registers, or pages that somebody else
 *             holds. Their mappings into kernel_map are entered early, so that interrupt code never
 *             faults (iokit.md 3.6).
 * INVARIANTS  a descriptor of physical memory is born wired: its wire count is 1 for life
 * UNITS       address, offset, length: physical bytes; bytes of a list
 * OWNERSHIP   a descriptor of a list takes the list over
 * ERRORS      mapping: VMM_IO_VM_ERROR, VMM_IO_BAD_ARGUMENT: ranges that do not end or begin on a
 *             page; VMM_IO_NO_RESOURCES: kIOMapUnique of what is not contiguous
 * EVENTS      DESC_PREPARE DESC_COMPLETE FAULT
 * XNU         IOMemoryDescriptor.cpp kIOMemoryTypePhysical64, kIOMemoryTypeUPL, populateDevicePager;
 *             iokit.md 1.2, 2.2, 3.5, 3.6, traps T20, T21, T28
 *             Differs: frames beyond the machine's memory exist wherever a device says they are
 */
#ifndef IOKIT_IO_DEVICE_H
#define IOKIT_IO_DEVICE_H

#include "iokit/io_memory_descriptor.h"
#include "vm/vm_upl.h"

/* withAddressRanges() without a task. */
enum vmm_status io_device_create(struct vm_system *system, const struct io_range *ranges,
                                 uint32_t count, uint32_t options, struct io_md **md) VMM_MUST_USE;

/*
 * withOptions() of kIOMemoryTypeUPL: `length` bytes of the list from `offset` on. The list is taken
 * over on success. VMM_MODEL_PANIC: the list is shorter.
 */
enum vmm_status io_device_create_of_list(struct vm_system *system, struct vm_upl **list,
                                         uint64_t offset, uint64_t length, uint32_t options,
                                         struct io_md **md) VMM_MUST_USE;

#endif

/*
 * vm_physical.h - bytes by physical address
 *
 * PURPOSE     The kernel's window on physical memory: copies that use no translation, so that none
 *             can be missing. Addresses that no memory answers read as zero and forget what is stored.
 * INVARIANTS  none of its own
 * UNITS       address, length: bytes
 * OWNERSHIP   buffers are the caller's
 * ERRORS      VMM_MODEL_NO_MEMORY: no storage for a frame
 * EVENTS      none
 * XNU         osfmk/x86_64/loose_ends.c bcopy_phys; osfmk/arm64/loose_ends.c; copypv
 */
#ifndef VM_VM_PHYSICAL_H
#define VM_VM_PHYSICAL_H

#include "vm/vm_system.h"

void vm_physical_read(const struct vm_system *system, uint64_t address, void *to, uint64_t length);

/* `from` NULL stores zeroes. */
enum vmm_status vm_physical_write(struct vm_system *system, uint64_t address, const void *from,
                                  uint64_t length) VMM_MUST_USE;

/* Whether the machine has memory there. */
bool vm_physical_is_memory(const struct vm_system *system, uint64_t address);

#endif

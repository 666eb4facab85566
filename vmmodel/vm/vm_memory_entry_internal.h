/*
 * vm_memory_entry_internal.h - what an I/O list must know of a plain memory entry
 *
 * PURPOSE     The object behind a plain entry.
 * INVARIANTS  none
 * UNITS       offset: bytes into the entry
 * OWNERSHIP   the object is borrowed
 * ERRORS      none
 * EVENTS      none
 * XNU         vm_named_entry
 */
#ifndef VM_VM_MEMORY_ENTRY_INTERNAL_H
#define VM_VM_MEMORY_ENTRY_INTERNAL_H

#include "vm/vm_internal.h"
#include "vm/vm_memory_entry.h"

/* The object that a plain (not copied) entry names, and where in it `offset` is. */
struct vm_object *vm_memory_entry_object(const struct vm_memory_entry *entry, vmm_off offset,
                                         vmm_off *object_offset);

#endif

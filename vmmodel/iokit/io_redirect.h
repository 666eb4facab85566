/*
 * io_redirect.h - keeping everybody out of a descriptor's memory for a while
 *
 * PURPOSE     IOMemoryDescriptor::redirect(): a device goes to sleep, its mappings lose their
 *             translations, and whoever touches one waits. IOMemoryMap::redirect(NULL): the same for
 *             any memory, through one mapping. IOMemoryMap::redirect(other): the memory behind two
 *             descriptors changes places under everybody who maps it.
 * INVARIANTS  none of its own
 * UNITS       none
 * OWNERSHIP   none
 * ERRORS      VMM_IO_NOT_READABLE: not exactly one named entry; VMM_INVALID_VALUE: memory that cannot
 *             change places (vm_object_transpose()); what faulting in again says
 * EVENTS      PMAP_REMOVE FAULT
 * XNU         IOMemoryDescriptor::redirect, IOMemoryMap::redirect; iokit.md 3.6, 3.8
 *             Differs: memory that cannot change places stays; a Mac says so in its log only
 */
#ifndef IOKIT_IO_REDIRECT_H
#define IOKIT_IO_REDIRECT_H

#include "iokit/io_memory_map.h"

/*
 * IOMemoryDescriptor::redirect(): mappings but those into `safe` (NULL: nobody) lose their translations,
 * and whoever touches a device's memory waits; is_redirected false ends that.
 */
enum vmm_status io_md_redirect(struct io_md *view, const struct vm_task *safe,
                               bool is_redirected) VMM_MUST_USE;

/* IOMemoryMap::redirect(NULL), and its end: whoever touches the one object behind the mapping waits. */
enum vmm_status io_map_block(struct io_map *map, bool is_blocked) VMM_MUST_USE;

/*
 * IOMemoryMap::redirect(to): the mapping shows `to`'s bytes at the same address from now on, and is `to`'s,
 * from its first byte; each descriptor keeps its bytes. Whoever maps the memory without a descriptor sees
 * it change too. Ends a block. VMM_OK for a mapping that was unmapped, and nothing happens.
 */
enum vmm_status io_map_redirect(struct io_map *map, struct io_md *to) VMM_MUST_USE;

#endif

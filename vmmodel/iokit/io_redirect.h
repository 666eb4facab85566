/*
 * io_redirect.h - keeping everybody out of a descriptor's memory for a while
 *
 * PURPOSE     IOMemoryDescriptor::redirect(): a device goes to sleep, its mappings lose their
 *             translations, and whoever touches one waits. IOMemoryMap::redirect(NULL): the same for
 *             any memory, through one mapping.
 * INVARIANTS  none of its own
 * UNITS       none
 * OWNERSHIP   none
 * ERRORS      VMM_IO_NOT_READABLE: not exactly one named entry; what faulting in again says
 * EVENTS      PMAP_REMOVE FAULT
 * XNU         IOMemoryDescriptor::redirect, IOMemoryMap::redirect; iokit.md 3.6, 3.8
 *             Differs: redirecting to another descriptor is left out
 */
#ifndef IOKIT_IO_REDIRECT_H
#define IOKIT_IO_REDIRECT_H

#include "iokit/io_memory_map.h"

/* Mappings into `safe` (NULL: nobody) keep what they have. */
enum vmm_status io_md_redirect(struct io_md *md, const struct vm_task *safe,
                               bool is_redirected) VMM_MUST_USE;

enum vmm_status io_map_block(struct io_map *map, bool is_blocked) VMM_MUST_USE;

#endif

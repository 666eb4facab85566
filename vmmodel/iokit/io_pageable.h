/*
 * io_pageable.h - the kernel's pageable submaps
 *
 * PURPOSE     Pageable memory that I/O Kit shows the kernel (pageable buffers, IOMallocPageable, and
 *             up to 10.9 every mapping of several pieces) stands in submaps of the kernel's map. A
 *             fault, a wire or a look through the kernel's map goes down into them; what removes the
 *             memory must find the submap first.
 *
 *                 kernel_map   ..|  submap 0, 512 MiB  |..|  submap 1  |..
 *                                      | buffer |  |
 *
 * INVARIANTS  none of its own
 * UNITS       size, address: bytes
 * OWNERSHIP   submaps are the system's and stay for good
 * ERRORS      VMM_IO_BAD_ARGUMENT: more than 512 MiB; VMM_NO_SPACE: no room, and no submap more;
 *             VMM_MODEL_PANIC: an address that no submap holds
 * EVENTS      MAP_ENTER
 * XNU         iokit/Kernel/IOLib.cpp IOIteratePageableMaps, IOPageableMapForAddress; iokit.md 3.4, 7
 *             Differs: the first submap is made when it is needed, not at boot
 */
#ifndef IOKIT_IO_PAGEABLE_H
#define IOKIT_IO_PAGEABLE_H

#include "vm/vm_map.h"

/* Asks one submap for room; VMM_NO_SPACE when another one should be asked. */
typedef enum vmm_status io_pageable_try(struct vm_map *submap, void *context);

/*
 * Asks submap after submap for room for `size` bytes, the one that had some last first, and makes
 * another one when none has any. Gives the last answer.
 */
enum vmm_status io_pageable_find_room(struct vm_system *system, vmm_size size,
                                      io_pageable_try *try_one, void *context) VMM_MUST_USE;

/* The submap that holds an address. */
enum vmm_status io_pageable_map_of(struct vm_system *system, vmm_va address,
                                   struct vm_map **submap) VMM_MUST_USE;

#endif

/*
 * io_memory_map.h - where do I see them?
 *
 * PURPOSE     A mapping of a descriptor's bytes into a task, made lazily, and the one call that
 *             makes it certain: wireRange().
 * INVARIANTS  Y1  a mapping is in its descriptor's set until it is freed, unmapped or not; the one that
 *                 a buffer is born with is in none
 *             Y2  references >= 2 while live: one is the set's (iokit.md 1.4)
 * UNITS       address, offset, length: bytes; a mapping's length is not rounded to pages
 * OWNERSHIP   io_map_create() gives one reference, and the set has another; a mapping retains its
 *             descriptor and the target vm_map
 * ERRORS      io_map_create() gives the code that the kernel hides behind NULL (iokit.md 3.1);
 *             io_map_wire_range() returns bare kern_return_t numbers (iokit.md 4.3);
 *             VMM_MODEL_HANG: unmapped while wired (iokit.md 4.4)
 * EVENTS      IOMAP_CREATE IOMAP_FAIL IOMAP_WIRE IOMAP_UNMAP, and those of io_placement.h
 * XNU         IOMemoryDescriptor.cpp IOMemoryMap; iokit.md 3 and 4
 */
#ifndef IOKIT_IO_MEMORY_MAP_H
#define IOKIT_IO_MEMORY_MAP_H

#include "iokit/io_memory_descriptor.h"

/*
 * createMappingInTask(task, at, options, offset, length); length 0 is the descriptor's. Any status
 * but VMM_OK is what the Mac shows as NULL; a MODEL_* status is the model's own.
 */
enum vmm_status io_map_create(struct io_md *md, struct vm_task *task, uint64_t at, uint32_t options,
                              uint64_t offset, uint64_t length, struct io_map **map) VMM_MUST_USE;

/* One reference more, which io_map_release() drops. */
void io_map_retain(struct io_map *map);

/*
 * Drops a reference of the driver's; the last one unmaps and lets the descriptor go. *map is cleared on
 * VMM_OK only: a thread that waits for ever, or a panic, leaves the mapping there.
 */
enum vmm_status io_map_release(struct io_map **map);

/* unmap(): undoes the mapping now, for whoever shares it; address becomes 0. Again: VMM_OK. */
enum vmm_status io_map_unmap(struct io_map *map);

/* taskDied(): forgets the target; unmaps only what the user client made (iokit.md 3.8). */
enum vmm_status io_map_task_died(struct io_map *map, bool by_user_client);

/*
 * wireRange(): IO_DIRECTION_IN wires for read, _OUT for write, _NONE unwires once; `offset` and `length`
 * are rounded out to pages and not held against the mapping. The rows of iokit.md 4.3;
 * VMM_NOT_SUPPORTED before 10.8.2, which has no such call.
 */
enum vmm_status io_map_wire_range(struct io_map *map, uint32_t direction, uint64_t offset,
                                  uint64_t length) VMM_MUST_USE;

uint64_t io_map_address(const struct io_map *map); /* 0 after unmap */
uint64_t io_map_length(const struct io_map *map);  /* bytes, as asked for */
uint32_t io_map_options(const struct io_map *map); /* IO_MAP_*, and what iokit.md 3.1 adds */
struct io_md *io_map_descriptor(const struct io_map *map); /* borrowed */
struct vm_map *io_map_vm_map(const struct io_map *map);    /* borrowed; NULL after unmap */
uint32_t io_map_id(const struct io_map *map);              /* `object` in events */
uint32_t io_map_references(const struct io_map *map);      /* all of them */

/* The references that are neither the set's nor the mapping's parts': the driver's. */
uint32_t io_map_held(const struct io_map *map);

/* As io_md_set_owner() and io_md_handle(). */
void io_map_set_owner(struct io_map *map, struct io_owner *owner, uint64_t handle);
uint64_t io_map_handle(const struct io_map *map);

#endif

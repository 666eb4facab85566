/*
 * io_memory_descriptor.h - whose bytes?
 *
 * PURPOSE     Names ranges of a task's memory and keeps them in memory while prepared. It does not
 *             say where the kernel can see them: that is a mapping's answer.
 * INVARIANTS  D1  while wire_count > 0, I/O lists hold every page that the ranges had when it left 0
 *                 (physical memory has no lists, and its count is 1 for life)
 *             D2  a mapping in the set holds one reference on the descriptor
 * UNITS       address, offset, length: bytes
 * OWNERSHIP   io_md_create() gives one reference; the last io_md_release() completes outstanding
 *             prepares and frees. The task is stored and not retained (iokit.md 1.2).
 * ERRORS      as iokit.md 2.4 for prepare; NULL from create (iokit.md 1.2);
 *             VMM_MODEL_PANIC: bytes asked of an unprepared descriptor (iokit.md 2.5)
 * EVENTS      DESC_RANGE DESC_PREPARE DESC_COMPLETE DESC_SEGMENT DESC_FREE
 * XNU         iokit/Kernel/IOMemoryDescriptor.cpp IOGeneralMemoryDescriptor; iokit.md 1 and 2
 */
#ifndef IOKIT_IO_MEMORY_DESCRIPTOR_H
#define IOKIT_IO_MEMORY_DESCRIPTOR_H

#include "base/status.h"
#include "iokit/io_types.h"
#include "vm/vm_task.h"

struct io_md;
struct io_map;

/*
 * Who gave an object a number of his own and wants to know when it is gone. Both calls are about
 * the same object; `owner` outlives it.
 */
struct io_owner {
    void (*gone)(struct io_owner *owner, uint64_t handle);
};

struct io_range {
    uint64_t address;
    uint64_t length;
};

/*
 * withAddressRanges(): `count` ranges of `task`'s memory, copied. Options: direction in the low
 * bits, IO_MEMORY_*. The ranges need not be mapped. Status: VMM_OK with *md set; VMM_IO_BAD_ARGUMENT
 * when the real call returns NULL (count 0, an overflow, and what checks_descriptor_range says).
 */
enum vmm_status io_md_create(struct vm_task *task, const struct io_range *ranges, uint32_t count,
                             uint32_t options, struct io_md **md) VMM_MUST_USE;

/* withAddress(): bytes of the kernel's own, prepared at once; refused with prepare()'s code. */
enum vmm_status io_md_create_with_address(struct vm_system *system, uint64_t address,
                                          uint64_t length, uint32_t direction,
                                          struct io_md **md) VMM_MUST_USE;

/* withPersistentMemoryDescriptor(): *md is the original with one reference more, or a new one. */
enum vmm_status io_md_create_persistent(struct io_md *original, struct io_md **md) VMM_MUST_USE;

/* One reference more, which io_md_release() drops. */
void io_md_retain(struct io_md *md);

/*
 * Drops a reference of the driver's and clears *md; the last one of all frees. VMM_OK, or what completing
 * and freeing met; VMM_MODEL_PANIC: the driver has none (REASON_OVER_RELEASE).
 */
enum vmm_status io_md_release(struct io_md **md);

uint64_t io_md_length(const struct io_md *md);        /* bytes */
uint32_t io_md_direction(const struct io_md *md);     /* IO_DIRECTION_* */
uint32_t io_md_options(const struct io_md *md);       /* IO_MEMORY_*, state bits included */
struct vm_task *io_md_task(const struct io_md *md);   /* borrowed; NULL: it has ended, or none */
uint32_t io_md_id(const struct io_md *md);            /* `object` in events */
uint32_t io_md_wire_count(const struct io_md *md);    /* prepares; a view's are its parent's */
uint32_t io_md_references(const struct io_md *md);    /* all of them */
const char *io_md_class_name(const struct io_md *md); /* Apple's: "IOGeneralMemoryDescriptor" */

/* The references that are neither mappings' nor other descriptors': the driver's, or a call's. */
uint32_t io_md_held(const struct io_md *md);

/* kIOMemoryThreadSafe: its bytes are copied under the global lock, so not where none may block. */
bool io_md_is_thread_safe(const struct io_md *md);

/* getPreparationID(): a number of its own for each prepare from zero. */
enum { IO_PREPARATION_ID_UNPREPARED = 0, IO_PREPARATION_ID_UNSUPPORTED = 1 };
uint64_t io_md_preparation_id(const struct io_md *md);

/* Who is told, with his number, when the descriptor is gone (NULL: nobody); and that number, 0 at first. */
void io_md_set_owner(struct io_md *md, struct io_owner *owner, uint64_t handle);
uint64_t io_md_handle(const struct io_md *md);

/*
 * Frees a descriptor with its mappings, prepares and handles, whatever state the kernel is in, and
 * tells no owner. For the end of a simulated world; vm_system_destroy() follows.
 */
void io_md_abandon(struct io_md *md);

/* prepare(): wires the source pages; enters no translation anywhere. iokit.md 2.1 - 2.4. */
enum vmm_status io_md_prepare(struct io_md *md, uint32_t direction) VMM_MUST_USE;

/* complete(): the last one unwires. Beyond balance it is silent (iokit.md 2.2). */
enum vmm_status io_md_complete(struct io_md *md, uint32_t direction);

/*
 * readBytes(), writeBytes(): through physical memory, never a fault. *done counts bytes.
 * VMM_MODEL_PANIC when not prepared. `from` NULL stores zeroes.
 */
enum vmm_status io_md_read(struct io_md *md, uint64_t offset, void *to, uint64_t length,
                           uint64_t *done) VMM_MUST_USE;
enum vmm_status io_md_write(struct io_md *md, uint64_t offset, const void *from, uint64_t length,
                            uint64_t *done) VMM_MUST_USE;

/*
 * getPhysicalSegment(): the physical address of byte `offset` and how many bytes follow without a
 * break. *address 0: past the end. VMM_MODEL_PANIC when not prepared. With IO_MEMORY_SOURCE_SEGMENT
 * the source's virtual address, prepared or not.
 */
enum vmm_status io_md_segment(struct io_md *md, uint64_t offset, uint32_t options,
                              uint64_t *address, uint64_t *length) VMM_MUST_USE;

#endif

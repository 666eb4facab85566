/*
 * io_dma_command.h - the list of segments that a device gets
 *
 * PURPOSE     IODMACommand: cuts a descriptor's pages into what a device can take. It does not
 *             prepare the descriptor: `auto_prepare` prepares the command.
 * INVARIANTS  C1  a descriptor's dma_active = commands that hold it
 * UNITS       offset, length, sizes: bytes; address_bits, alignment: bits, bytes
 * OWNERSHIP   a command keeps its descriptor until it is cleared; io_dma_release() clears it
 * ERRORS      as iokit.md 7: NotReady, Busy, NoSpace, NotAligned, BadArgument, Overrun,
 *             MessageTooLarge; VMM_MODEL_PANIC: segments of an unprepared descriptor
 * EVENTS      none of its own; those of a bounce buffer's memory
 * XNU         iokit/Kernel/IODMACommand.cpp; iokit.md 7
 *             Differs: no mapper; a device's addresses are physical addresses
 */
#ifndef IOKIT_IO_DMA_COMMAND_H
#define IOKIT_IO_DMA_COMMAND_H

#include "iokit/io_memory_descriptor.h"

struct io_dma;

struct io_dma_spec {
    uint32_t address_bits;    /* what the device can reach; 0: 64 */
    uint64_t max_segment;     /* 0: no limit */
    uint64_t max_transfer;    /* 0: no limit */
    uint32_t alignment_bytes; /* of addresses and lengths; 0 or 1: none */
};

struct io_dma_segment {
    uint64_t address;
    uint64_t length;
};

enum { IO_DMA_FORCE_DOUBLE_BUFFER = 0x01000000 }; /* of synchronize() */

/* withSpecification(), in mapped mode: VMM_IO_BAD_ARGUMENT when the specification makes no sense. */
enum vmm_status io_dma_create(struct vm_system *system, const struct io_dma_spec *spec,
                              struct io_dma **dma) VMM_MUST_USE;

/* One reference more; one less, and the last one completes, clears and frees, with *dma cleared. */
void io_dma_retain(struct io_dma *dma);
enum vmm_status io_dma_release(struct io_dma **dma);

/* As io_md_set_owner() and io_md_handle(). */
void io_dma_set_owner(struct io_dma *dma, struct io_owner *owner, uint64_t handle);
uint64_t io_dma_handle(const struct io_dma *dma);

/* Frees a command whatever state the kernel is in; for the end of a simulated world. */
void io_dma_abandon(struct io_dma *dma);

/*
 * setMemoryDescriptor(): takes a descriptor (NULL: clears), and with `auto_prepare` prepares the command
 * for all of it. VMM_IO_BUSY: another one is prepared.
 */
enum vmm_status io_dma_set(struct io_dma *dma, struct io_md *md, bool auto_prepare) VMM_MUST_USE;

/* clearMemoryDescriptor(); VMM_IO_NOT_READY: prepared, and not to be completed here. */
enum vmm_status io_dma_clear(struct io_dma *dma, bool auto_complete);
struct io_md *io_dma_descriptor(const struct io_dma *dma); /* borrowed; NULL: none */

/* prepare(), complete(): nest. `length` 0: to the end. */
enum vmm_status io_dma_prepare(struct io_dma *dma, uint64_t offset, uint64_t length) VMM_MUST_USE;
enum vmm_status io_dma_complete(struct io_dma *dma);

/*
 * gen64IOVMSegments(): fills up to *count segments from byte *offset of what was prepared; both move
 * on to what was done.
 */
enum vmm_status io_dma_gen_segments(struct io_dma *dma, uint64_t *offset,
                                    struct io_dma_segment *segments, uint32_t *count) VMM_MUST_USE;

/*
 * synchronize(): with IO_DMA_FORCE_DOUBLE_BUFFER the device gets a copy from now on; Out brings the
 * bytes to it, and complete() brings them back when the descriptor's direction has In.
 */
enum vmm_status io_dma_synchronize(struct io_dma *dma, uint32_t options) VMM_MUST_USE;

/* getDMAMapLength(): bytes of whole pages that the descriptor touches; *offset into the first. */
uint64_t io_md_dma_map_length(struct io_md *md, uint64_t *offset);

#endif

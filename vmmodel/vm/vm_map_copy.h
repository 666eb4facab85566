/*
 * vm_map_copy.h - memory on its way from one map to another
 *
 * PURPOSE     A list of pieces, one per map entry of the source, each saying how it was copied or
 *             that it is shared; or, for a few bytes, the bytes themselves.
 * INVARIANTS  K1  size = the bytes asked for; pieces cover them in order, rounded out to pages
 * UNITS       address, size, offset: bytes
 * OWNERSHIP   a copy holds one reference on every piece's object; vm_map_copy_discard() gives all back
 * ERRORS      VMM_INVALID_ADDRESS a hole; VMM_PROTECTION_FAILURE not readable or not writable, or a
 *             device's block is to be copied; VMM_INVALID_ARGUMENT JIT memory is to be shared;
 *             VMM_NO_SPACE; VMM_MODEL_NO_MEMORY; a want of frames is a hang. Nothing is placed then,
 *             but bytes that were written over are not undone.
 * EVENTS      those of the objects and maps
 * XNU         osfmk/vm/vm_map.c vm_map_copyin, vm_map_copyout, vm_map_copy_overwrite,
 *             vm_map_remap_extract; vm.md 2.3. Differs: a source is never destroyed by copying
 */
#ifndef VM_VM_MAP_COPY_H
#define VM_VM_MAP_COPY_H

#include "vm/vm_internal.h"

struct vm_piece {
    struct vm_object *object; /* NULL: memory nobody touched yet */
    vmm_off offset;
    vmm_size size;
    vmm_prot protection; /* of the source entry */
    vmm_prot max_protection;
    uint8_t inheritance;
    uint8_t tag;
    bool needs_copy;
    bool is_shared; /* the object itself, not a copy */
    bool is_wired;  /* the source was wired */
};

struct vm_map_copy {
    struct vm_system *system;
    vmm_off offset; /* of the first byte in the first piece's first page */
    vmm_size size;
    uint8_t *bytes; /* not NULL: a kernel buffer of `size` bytes, and no pieces */
    size_t count;
    size_t capacity;
    struct vm_piece *pieces;
};

/* Room for `capacity` pieces; NULL: no memory. */
struct vm_map_copy *vm_map_copy_create(struct vm_system *system, size_t capacity);
void vm_map_copy_discard(struct vm_map_copy **copy);

struct vm_object_copy;

/* A virtual copy of one whole entry's memory; the source's entry may become needs_copy itself. */
enum vmm_status vm_map_copy_object(const struct vm_map *map, struct vm_map_entry *entry,
                                   struct vm_object_copy *copy) VMM_MUST_USE;

/* How many entries [start, end) spans, page aligned; 0 when it has a hole, or wraps. */
size_t vm_map_span(const struct vm_map *map, vmm_va start, vmm_va end);

/*
 * A virtual copy of [address, address + size): small ranges through a kernel buffer, wired ones at
 * once, others when somebody writes. `always_pieces`: never a buffer.
 */
enum vmm_status vm_map_copyin(struct vm_map *map, vmm_va address, vmm_size size, bool always_pieces,
                              struct vm_map_copy **copy) VMM_MUST_USE;

/*
 * The pieces behind [start, start + size), page aligned, for another place: shared, or copied.
 * `needed` is what each entry must allow. XNU: vm_map_remap_extract(), vm.md 2.3 remap.
 */
enum vmm_status vm_map_extract(struct vm_map *map, vmm_va start, vmm_size size, bool copies,
                               vmm_prot needed, struct vm_map_copy **extract) VMM_MUST_USE;

/* Places a copy where there is room; the copy is used up on success. */
enum vmm_status vm_map_copyout(struct vm_map *map, struct vm_map_copy **copy,
                               vmm_va *address) VMM_MUST_USE;

/*
 * Writes a copy over [address, address + size): whole entries of temporary memory take the pieces
 * over by reference, the rest gets the bytes. The copy is used up on success.
 */
enum vmm_status vm_map_copy_overwrite(struct vm_map *map, vmm_va address,
                                      struct vm_map_copy **copy) VMM_MUST_USE;

/* Bytes [offset, offset + size) of what a copy holds. */
enum vmm_status vm_map_copy_read(const struct vm_map_copy *copy, vmm_off offset, void *to,
                                 vmm_size size) VMM_MUST_USE;

/*
 * Maps one piece at *address with the rights given. The piece keeps its reference; the entry gets
 * one of its own. `copies`: the entry must not write to the piece's object.
 */
enum vmm_status vm_map_enter_piece(struct vm_map *map, vmm_va *address,
                                   const struct vm_piece *piece, vmm_off offset, vmm_size size,
                                   const struct vm_map_enter_args *like) VMM_MUST_USE;

#endif

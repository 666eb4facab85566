/*
 * io_internal.h - the structs of the iokit floor
 *
 * PURPOSE     Shown to this floor and to tests.
 *
 *                 io_md --- ranges of a task
 *                   |  \--- lists (one vm_upl per run of source memory), while prepared
 *                   |  \--- source: named entries on the originals, once made
 *                   |  \--- copies: named entries on a virtual copy, for kIOMemoryMapCopyOnWrite
 *                   +--- maps: io_map, io_map, ...
 *
 * INVARIANTS  D1, D2, Y1, Y2 of the public headers
 * UNITS       md_offset: bytes into the descriptor
 * OWNERSHIP   a descriptor owns its lists and pieces; the set owns one reference on each mapping
 * ERRORS      none of its own
 * EVENTS      none of its own
 * XNU         ioGMDData, IOMemoryReference in IOMemoryDescriptor.cpp; iokit.md 1.4, 3.2
 */
#ifndef IOKIT_IO_INTERNAL_H
#define IOKIT_IO_INTERNAL_H

#include "base/alloc.h"
#include "base/assert.h"
#include "base/list.h"
#include "iokit/io_memory_map.h"
#include "vm/vm_memory_entry.h"
#include "vm/vm_upl.h"

/* A run of the descriptor's bytes and where they are in something page aligned. */
struct io_run {
    uint64_t md_offset;
    uint64_t length;
    uint64_t page_offset; /* of the first byte, from the start of the entry or list */
};

struct io_piece {
    struct io_run run;
    struct vm_memory_entry *entry;
};

/* Named entries for a whole descriptor: IOMemoryReference. */
struct io_reference {
    size_t count;
    size_t capacity;
    struct io_piece *pieces; /* NULL: not made */
};

struct io_list {
    struct io_run run;
    struct vm_upl *upl;
};

struct io_md {
    struct vm_system *system;
    uint32_t id;
    uint32_t task_id;
    uint32_t options;
    uint32_t ref_count;
    uint32_t kept; /* how many of them are not the driver's */
    uint32_t wire_count;
    bool is_read_only; /* kIOMemoryPreparedReadOnly */
    uint64_t length;
    uint32_t range_count;
    struct io_range *ranges;
    size_t list_count;
    size_t list_capacity;
    struct io_list *lists;
    vmm_prot entry_prot; /* what the first mapping froze (iokit.md 3.2) */
    struct io_reference source;
    struct io_reference copies;
    struct vmm_list maps;
    struct io_owner *owner;
    uint64_t handle;
};

struct io_map {
    struct vmm_list link; /* on md->maps */
    struct io_md *md;
    struct io_map *super; /* the mapping this one is a part of */
    uint32_t id;
    uint32_t ref_count;
    uint32_t kept; /* how many of them are not the driver's: the set's, and its parts' */
    uint32_t options;
    struct vm_map *map; /* one reference; NULL after unmap */
    uint64_t address;   /* of the first byte; 0 after unmap */
    uint64_t offset;
    uint64_t length;
    uint64_t vm_start; /* what unmap removes */
    uint64_t vm_size;
    struct io_owner *owner;
    uint64_t handle;
};

/* A reference that is the kernel's own; the driver cannot give it away. */
void io_md_keep(struct io_md *md);
enum vmm_status io_md_let_go(struct io_md **md) VMM_MUST_USE;

/* The stop that comes of releasing what is not yours. */
enum vmm_status io_over_release(struct vm_system *system, const char *class_name, uint32_t id);

/* The descriptor's task's map, or NULL when the task has ended. */
struct vm_map *io_md_map(const struct io_md *md);

/* The page number behind byte `md_offset` while prepared, or VMM_NO_PAGE. */
vmm_ppn io_md_page(const struct io_md *md, uint64_t md_offset);

/* Makes the named entries if there are none (iokit.md 3.2). `options`: the mapping request's. */
enum vmm_status io_md_reference(struct io_md *md, uint32_t options) VMM_MUST_USE;
void io_reference_release(struct io_md *md, struct io_reference *reference);

/* Whether the descriptor's mappings show a snapshot. */
bool io_md_is_snapshot(const struct io_md *md);

void io_map_abandon(struct io_map *map);

static inline uint64_t
io_page_mask(const struct io_md *md)
{
    return vm_system_page_bytes(md->system) - 1;
}

#endif

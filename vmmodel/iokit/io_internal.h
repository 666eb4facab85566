/*
 * io_internal.h - the structs of the iokit floor
 *
 * PURPOSE     Shown to this floor and to tests.
 *
 *                 io_md --- ops: what its kind does
 *                   |  \--- ranges of a task, or of physical memory
 *                   |  \--- lists (one vm_upl per run of source memory), while prepared
 *                   |  \--- source: named entries on the originals, once made
 *                   |  \--- copies: named entries on a virtual copy, for kIOMemoryMapCopyOnWrite
 *                   |  \--- children: what a sub- or multi-descriptor looks at
 *                   +--- maps: io_map, io_map, ...
 *
 * INVARIANTS  D1, D2, Y1, Y2, C1 of the public headers
 * UNITS       md_offset: bytes into the descriptor
 * OWNERSHIP   a descriptor owns its lists and pieces; the set owns one reference on each mapping;
 *             a sub- or multi-descriptor holds one reference on each child
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

struct io_request;

enum { IO_COPY_BYTES = 256 }; /* GUESS: of one step where bytes go through a buffer on the stack */

/* What differs between the kinds of descriptor: the virtual methods of IOMemoryDescriptor. */
struct io_md_ops {
    const char *class_name;
    enum vmm_status (*prepare)(struct io_md *md, uint32_t direction);
    enum vmm_status (*complete)(struct io_md *md, uint32_t direction);
    /*
     * The physical address of byte `offset` < length and the bytes that follow without a break; both 0
     * where nothing has the byte any more.
     */
    enum vmm_status (*segment)(struct io_md *md, uint64_t offset, uint64_t *address,
                               uint64_t *length);
    /* doMap(): where the request's bytes are to be seen. */
    enum vmm_status (*place)(struct io_map *map, const struct io_request *request);
    /* What unmapping does before the region goes; may be NULL. */
    enum vmm_status (*unmap)(struct io_map *map);
    /* What free() does: ends outstanding prepares, gives back what the kind holds. */
    enum vmm_status (*retire)(struct io_md *md);
};

/* What an IOBufferMemoryDescriptor has besides. */
struct io_buffer {
    uint64_t capacity;     /* 0: not a buffer */
    uint64_t address;      /* getBytesNoCopy(): where its owner sees it; 0: nowhere */
    uint64_t kmem_bytes;   /* wired kernel memory to free at `address` */
    struct io_map *mapped; /* the mapping of its own that no other is ever shared with */
};

struct io_md {
    const struct io_md_ops *ops;
    struct vm_system *system;
    uint32_t id;
    uint32_t task_id; /* of the ranges, if they are a task's */
    bool has_task;
    uint32_t options;
    uint32_t ref_count;
    uint32_t kept;   /* how many of them are not the driver's */
    uint32_t in_use; /* calls of other threads that are on their way through it */
    uint32_t wire_count;
    uint32_t dma_active; /* IODMACommands that hold it */
    bool is_read_only;   /* kIOMemoryPreparedReadOnly */
    uint64_t preparation_id;
    uint64_t length;
    uint32_t range_count;
    struct io_range *ranges;
    size_t list_count;
    size_t list_capacity;
    struct io_list *lists;
    vmm_prot entry_prot; /* what the first mapping froze (iokit.md 3.2) */
    struct io_reference source;
    struct io_reference copies;
    struct io_buffer buffer;
    uint64_t child_offset; /* where the only child's bytes begin, for a sub-descriptor */
    uint32_t child_count;
    struct io_md **children;
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
    uint32_t kept;   /* how many of them are not the driver's: the set's, and its parts' */
    uint32_t in_use; /* calls that are on their way through it, a release included */
    uint32_t options;
    struct vm_map *map; /* one reference; NULL after unmap */
    uint64_t address;   /* of the first byte; 0 after unmap */
    uint64_t offset;
    uint64_t length;
    struct vm_map *region; /* where what unmap removes stands: `map`, or a submap of it */
    uint64_t vm_start;
    uint64_t vm_size; /* 0: unmap removes nothing */
    struct io_owner *owner;
    uint64_t handle;
};

/*
 * A descriptor of that kind with nothing in it yet but room for `count` ranges; NULL: no memory.
 * The caller fills it in and owns one reference.
 */
struct io_md *io_md_take(struct vm_system *system, const struct io_md_ops *ops, uint32_t options,
                         uint32_t range_count);

/* Undoes io_md_take() of what nobody has seen yet. */
void io_md_discard(struct io_md *md);

/* A reference that is the kernel's own; the driver cannot give it away. */
void io_md_keep(struct io_md *md);
enum vmm_status io_md_let_go(struct io_md **md) VMM_MUST_USE;

/* The stop that comes of releasing what is not yours. */
enum vmm_status io_over_release(struct vm_system *system, const char *class_name, uint32_t id);

/* The descriptor's task's map, or NULL when the task has ended or there is none. */
struct vm_map *io_md_map(const struct io_md *md);

/* ---- IOGeneralMemoryDescriptor over virtual memory (io_general.c) ---- */

extern const struct io_md_ops io_general_ops;

/* Copies the ranges in and sums them up; false: they make no sense on this release. */
bool io_md_set_ranges(struct io_md *md, struct vm_task *task, const struct io_range *ranges);

/* What initWithOptions() does last: kIOMemoryPersistent and kIOMemoryAutoPrepare. */
enum vmm_status io_general_begin(struct io_md *md) VMM_MUST_USE;

/* The page number behind byte `md_offset` while prepared, or VMM_NO_PAGE. */
vmm_ppn io_md_page(const struct io_md *md, uint64_t md_offset);

/*
 * The child that holds byte *offset of a view or a row of descriptors, which becomes the offset into
 * the child; NULL: none does.
 */
struct io_md *io_md_child_at(const struct io_md *md, uint64_t *offset);

/*
 * The segment of a view or a row is its child's. A child that is a buffer may have become shorter: where
 * none has the byte any more it is past the end, address 0 and length 0 (iokit.md 7).
 */
enum vmm_status io_child_segment(struct io_md *md, uint64_t offset, uint64_t *address,
                                 uint64_t *length);

/*
 * Where byte `offset` is in what the ranges name, and how many bytes follow without a break: no prepare
 * needed (iokit.md 7). Both 0: nowhere.
 */
uint64_t io_md_source_segment(const struct io_md *md, uint64_t offset, uint64_t *length);

/* Adds a list of the descriptor's bytes from `md_offset` on; false: no memory. */
bool io_md_add_list(struct io_md *md, struct vm_upl *upl, uint64_t md_offset, uint64_t length,
                    uint64_t page_offset);

/* Ends every list. */
void io_md_drop_lists(struct io_md *md);

/* prepare(), complete() and the segments of a descriptor over virtual memory. */
enum vmm_status io_general_prepare(struct io_md *md, uint32_t direction);
enum vmm_status io_general_complete(struct io_md *md, uint32_t direction);

/* What a complete() that must not be comes to; VMM_OK: it may (iokit.md 2.2). */
enum vmm_status io_md_check_complete(struct io_md *md) VMM_MUST_USE;
enum vmm_status io_general_segment(struct io_md *md, uint64_t offset, uint64_t *address,
                                   uint64_t *length);

/* Makes the named entries if there are none (iokit.md 3.2). `options`: the mapping request's. */
enum vmm_status io_md_reference(struct io_md *md, uint32_t options) VMM_MUST_USE;

/* Adds a piece; it takes a reference of its own on the entry. */
enum vmm_status io_reference_add_piece(struct io_md *md, const struct io_run *run,
                                       struct vm_memory_entry *entry) VMM_MUST_USE;

void io_reference_release(struct io_md *md, struct io_reference *reference);

/* Range *index with those that follow it without a break; *index moves behind them. */
struct io_range io_md_join_ranges(const struct io_md *md, uint32_t *index);

/* Whether the ranges still show what the named entries name (kIOMemoryPersistent). */
bool io_reference_is_current(struct io_md *md);

/* The cache mode that mapping options ask for, 0: the default. */
uint32_t io_cache_mode(const struct io_md *md, uint32_t options);

/* Whether the descriptor's mappings show a snapshot. */
bool io_md_is_snapshot(const struct io_md *md);

/* Whether the bytes are a device's or given by page: no task, no lists. */
bool io_md_is_physical(const struct io_md *md);

/* Whether the descriptor is over memory that this machine cannot map (10.13+). */
bool io_md_is_remote(const struct io_md *md);

void io_map_abandon(struct io_map *map);

/*
 * The descriptor whose mappings the request is about: a view's are its parent's (iokit.md 1.2), which
 * moves the request.
 */
struct io_md *io_md_mapped(struct io_md *md, struct io_request *request);

/* Takes a mapping out of its descriptor's set: nothing will be shared with it. */
void io_map_hide(struct io_map *map);

/* Ends such a mapping; on failure it is still there. */
enum vmm_status io_map_free_hidden(struct io_map **hidden);

extern const struct io_md_ops io_sub_ops; /* io_sub.c */

/* What a view, or a view of a view, looks at; any other descriptor itself. */
struct io_md *io_md_behind_views(struct io_md *md);

static inline uint64_t
io_page_mask(const struct io_md *md)
{
    return vm_system_page_bytes(md->system) - 1;
}

#endif

/*
 * io_reference.c - the named entries of a descriptor, made once
 *
 * The first mapping decides the rights of the entries for the descriptor's life: a first read-only
 * mapping of an Out descriptor freezes them read-only (iokit.md 3.2, trap T3). A copy-on-write
 * descriptor gets a second set, on a virtual copy of the source, and that one is mapped.
 */
#include "iokit/io_internal.h"

bool
io_md_is_snapshot(const struct io_md *md)
{
    return (md->options & IO_MEMORY_MAP_COPY_ON_WRITE) != 0 &&
           vm_system_profile(md->system)->input_copy_on_write;
}

void
io_reference_release(struct io_md *md, struct io_reference *reference)
{
    for (size_t i = 0; i < reference->count; i++)
        vm_memory_entry_release(&reference->pieces[i].entry);
    vmm_give_array(vm_system_alloc(md->system), reference->pieces, reference->capacity,
                   sizeof(*reference->pieces));
    *reference = (struct io_reference){ .count = 0 };
}

/* Room for one more piece. */
static bool
io_reference_grow(struct io_md *md, struct io_reference *reference)
{
    const struct vmm_alloc *alloc = vm_system_alloc(md->system);
    size_t capacity = reference->capacity == 0 ? 4 : reference->capacity * 2;
    struct io_piece *pieces;

    if (reference->count < reference->capacity)
        return true;
    pieces = vmm_take_array(alloc, capacity, sizeof(*pieces));
    if (pieces == NULL)
        return false;
    for (size_t i = 0; i < reference->count; i++)
        pieces[i] = reference->pieces[i];
    vmm_give_array(alloc, reference->pieces, reference->capacity, sizeof(*pieces));
    reference->pieces = pieces;
    reference->capacity = capacity;
    return true;
}

/*
 * Names one range, cut at every map entry of the source. The last piece of a range reaches to the end
 * of its page: a buffer whose length grows within that page can still be mapped.
 */
static enum vmm_status
io_reference_add_range(struct io_md *md, struct io_reference *reference,
                       const struct io_range *range, uint64_t md_offset)
{
    struct vm_map *map = io_md_map(md);
    uint64_t done = 0;

    while (done < range->length) {
        uint64_t page_offset = (range->address + done) & (vm_map_page_bytes(map) - 1);
        vmm_size size = range->length - done;
        struct vm_memory_entry *entry;
        enum vmm_status status;
        uint64_t covered;
        vmm_off before;

        if (!io_reference_grow(md, reference))
            return VMM_MODEL_NO_MEMORY;
        status = vm_memory_entry_create(map, range->address + done, &size, md->entry_prot, &entry);
        if (status != VMM_OK)
            return status;
        covered = size - page_offset;
        VMM_ASSERT(vm_memory_entry_widen(entry, &before)); /* one piece */
        page_offset += before;
        if (covered > range->length - done && md->range_count > 1)
            covered = range->length - done;
        reference->pieces[reference->count++] =
            (struct io_piece){ .run = { md_offset + done, covered, page_offset }, .entry = entry };
        done += covered;
    }
    return VMM_OK;
}

/* Copies one range as it is now, in one piece. */
static enum vmm_status
io_reference_copy_range(struct io_md *md, struct io_reference *reference,
                        const struct io_range *range, uint64_t md_offset)
{
    struct vm_memory_entry *entry;
    enum vmm_status status;
    vmm_off before;

    if (range->length == 0)
        return VMM_OK;
    if (!io_reference_grow(md, reference))
        return VMM_MODEL_NO_MEMORY;
    status = vm_memory_entry_copy(io_md_map(md), range->address, range->length, &entry);
    if (status != VMM_OK)
        return status;
    if (!vm_memory_entry_widen(entry, &before)) {
        vm_memory_entry_release(&entry);
        return VMM_IO_NOT_ALIGNED;
    }
    reference->pieces[reference->count++] =
        (struct io_piece){ .run = { md_offset, range->length,
                                    vm_memory_entry_data_offset(entry) + before },
                           .entry = entry };
    return VMM_OK;
}

/* How one range becomes pieces. */
typedef enum vmm_status io_reference_way(struct io_md *md, struct io_reference *reference,
                                         const struct io_range *range, uint64_t md_offset);

struct io_range
io_md_join_ranges(const struct io_md *md, uint32_t *index)
{
    struct io_range run = md->ranges[(*index)++];

    while (*index < md->range_count && md->ranges[*index].address == run.address + run.length)
        run.length += md->ranges[(*index)++].length;
    return run;
}

/*
 * The next ranges that are named together. A buffer's only one may be shortened, and its entry need
 * not be.
 */
static struct io_range
io_reference_range(const struct io_md *md, uint32_t *index)
{
    const struct vm_profile *profile = vm_system_profile(md->system);
    struct io_range run =
        profile->joins_adjacent_ranges ? io_md_join_ranges(md, index) : md->ranges[(*index)++];

    if (md->buffer.capacity > 0 && profile->buffer_entry_covers_capacity)
        run.length = md->buffer.capacity;
    return run;
}

static enum vmm_status
io_reference_add(struct io_md *md, struct io_reference *reference, io_reference_way *way)
{
    enum vmm_status status = VMM_OK;
    uint64_t md_offset = 0;
    uint32_t next = 0;

    while (next < md->range_count && status == VMM_OK) {
        struct io_range run = io_reference_range(md, &next);

        status = way(md, reference, &run, md_offset);
        md_offset += run.length;
    }
    return status;
}

/* What the first mapping freezes (iokit.md 3.2). */
static vmm_prot
io_entry_prot(const struct io_md *md, uint32_t options)
{
    bool only_reads = (md->options & IO_DIRECTION_OUT_IN) == IO_DIRECTION_OUT &&
                      (options & IO_MAP_READ_ONLY) != 0 && io_cache_mode(md, options) == 0;

    return VMM_PROT_READ | (only_reads ? 0 : (vmm_prot)VMM_PROT_WRITE);
}

enum vmm_status
io_md_reference(struct io_md *md, uint32_t options)
{
    enum vmm_status status;

    if (md->source.pieces != NULL)
        return VMM_OK;
    if (io_md_map(md) == NULL)
        return VMM_INVALID_TASK;
    md->entry_prot = io_entry_prot(md, options);
    status = io_reference_add(md, &md->source, io_reference_add_range);
    if (status == VMM_OK && io_md_is_snapshot(md))
        status = io_reference_add(md, &md->copies, io_reference_copy_range);
    if (status != VMM_OK) {
        io_reference_release(md, &md->source);
        io_reference_release(md, &md->copies);
    }
    return status;
}

enum vmm_status
io_reference_add_piece(struct io_md *md, const struct io_run *run, struct vm_memory_entry *entry)
{
    if (!io_reference_grow(md, &md->source))
        return VMM_MODEL_NO_MEMORY;
    vm_memory_entry_reference(entry);
    md->source.pieces[md->source.count++] = (struct io_piece){ .run = *run, .entry = entry };
    return VMM_OK;
}

bool
io_reference_is_current(struct io_md *md)
{
    struct io_reference now = { .count = 0 };
    bool is_same = io_reference_add(md, &now, io_reference_add_range) == VMM_OK &&
                   now.count == md->source.count;

    for (size_t i = 0; is_same && i < now.count; i++)
        is_same = vm_memory_entry_is_same(now.pieces[i].entry, md->source.pieces[i].entry);
    io_reference_release(md, &now);
    return is_same;
}

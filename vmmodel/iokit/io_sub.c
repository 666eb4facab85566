/*
 * io_sub.c - IOSubMemoryDescriptor: a view on a part of another descriptor
 *
 * It has nothing of its own. prepare() wires the whole parent and complete() of any view undoes that
 * (trap T18); its mappings are mappings of the parent (io_map_create).
 */
#include "iokit/io_sub.h"

#include "iokit/io_internal.h"

enum vmm_status
io_sub_create(struct io_md *parent, uint64_t offset, uint64_t length, uint32_t options,
              struct io_md **made)
{
    struct io_md *md;

    if (offset > parent->length || length > parent->length - offset)
        return VMM_IO_BAD_ARGUMENT;
    md = io_md_take(parent->system, &io_sub_ops, options | IO_MEMORY_THREAD_SAFE, 0);
    if (md == NULL)
        return VMM_MODEL_NO_MEMORY;
    md->children = vmm_take_array(vm_system_alloc(parent->system), 1, sizeof(*md->children));
    if (md->children == NULL) {
        io_md_discard(md);
        return VMM_MODEL_NO_MEMORY;
    }
    md->children[md->child_count++] = parent;
    md->child_offset = offset;
    md->length = length;
    io_md_keep(parent);
    *made = md;
    return VMM_OK;
}

struct io_md *
io_md_behind_views(struct io_md *md)
{
    while (md->ops == &io_sub_ops)
        md = md->children[0];
    return md;
}

static enum vmm_status
io_sub_prepare(struct io_md *md, uint32_t direction)
{
    return io_md_prepare(md->children[0], direction);
}

static enum vmm_status
io_sub_complete(struct io_md *md, uint32_t direction)
{
    return io_md_complete(md->children[0], direction);
}

static enum vmm_status
io_sub_retire(struct io_md *md)
{
    return io_md_let_go(&md->children[0]);
}

/* There is no doMap: io_map_create() maps the parent. */
const struct io_md_ops io_sub_ops = { .class_name = "IOSubMemoryDescriptor",
                                      .prepare = io_sub_prepare,
                                      .complete = io_sub_complete,
                                      .segment = io_child_segment,
                                      .retire = io_sub_retire };

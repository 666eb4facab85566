/* io_redirect.c - see io_redirect.h */
#include "iokit/io_redirect.h"

#include "iokit/io_internal.h"
#include "iokit/io_placement.h"

/* Drops the translations of what the mapping itself mapped. */
static void
io_map_drop_translations(struct io_map *map)
{
    if (map->map != NULL && map->vm_size > 0)
        vm_map_drop_translations(map->map, map->vm_start, map->vm_start + map->vm_size);
}

/* Enters a device's mapping again, as when it was made. */
static enum vmm_status
io_map_populate(struct io_map *map)
{
    struct io_request request = {
        .map = map->map, .options = map->options, .offset = map->offset, .length = map->length
    };
    struct io_placement placement = {
        .map = map,
        .request = &request,
        .into = map->region,
        .prot = VMM_PROT_READ | (map->options & IO_MAP_READ_ONLY ? 0 : (vmm_prot)VMM_PROT_WRITE),
        .start = map->address
    };

    return map->map == NULL || map->vm_size == 0 ? VMM_OK : io_device_populate(&placement);
}

/* Whether touching the memory waits: only where a pager is asked, which is a device's. */
static bool
io_md_has_pager(const struct io_md *md)
{
    return io_md_is_physical(md) || (md->options & IO_MEMORY_TYPE_MASK) == IO_MEMORY_TYPE_UPL;
}

static enum vmm_status
io_md_redirect_maps(struct io_md *md, const struct vm_map *spared, bool is_redirected)
{
    enum vmm_status status = VMM_OK;

    md->options = is_redirected ? md->options | IO_MEMORY_REDIRECTED
                                : md->options & ~(uint32_t)IO_MEMORY_REDIRECTED;
    if (io_md_has_pager(md) && md->source.pieces != NULL)
        vm_memory_entry_block(md->source.pieces[0].entry, is_redirected);
    for (struct vmm_list *at = md->maps.next; at != &md->maps && status == VMM_OK; at = at->next) {
        struct io_map *map = VMM_CONTAINER(at, struct io_map, link);

        if (is_redirected && map->map != spared)
            io_map_drop_translations(map);
        else if (!is_redirected && io_md_has_pager(md))
            status = io_map_populate(map);
    }
    return status;
}

enum vmm_status
io_md_redirect(struct io_md *view, const struct vm_task *safe, bool is_redirected)
{
    struct io_md *md = io_md_behind_views(view);
    struct vm_lock *lock = vm_system_driver_lock(md->system);
    enum vmm_status status;

    md->in_use++;
    status = vm_lock_take(md->system, lock);
    if (status == VMM_OK) {
        status = io_md_redirect_maps(md, safe == NULL ? NULL : vm_task_map(safe), is_redirected);
        vm_lock_drop(md->system, lock);
    }
    md->in_use--;
    return status;
}

enum vmm_status
io_map_block(struct io_map *map, bool is_blocked)
{
    if (map->md->source.count != 1)
        return VMM_IO_NOT_READABLE;
    vm_memory_entry_block(map->md->source.pieces[0].entry, is_blocked);
    if (is_blocked)
        io_map_drop_translations(map);
    return VMM_OK;
}

/* ---- to another descriptor ---- */

/* Every descriptor's entries name the bytes that they named before: the objects changed theirs. */
static void
io_md_swap_references(struct io_md *a, struct io_md *b)
{
    struct io_reference source = a->source;
    vmm_prot entry_prot = a->entry_prot;

    a->source = b->source;
    a->entry_prot = b->entry_prot;
    b->source = source;
    b->entry_prot = entry_prot;
}

/* The mapping leaves one descriptor's set for another's; the first may end with it. */
static enum vmm_status
io_map_move(struct io_map *map, struct io_md *to)
{
    struct io_md *from = map->md;

    io_md_keep(to);
    vmm_list_remove(&map->link);
    vmm_list_append(&to->maps, &map->link);
    map->md = to;
    map->offset = 0;
    return io_md_let_go(&from);
}

static enum vmm_status
io_md_transpose(struct io_md *from, struct io_md *to)
{
    enum vmm_status status = to->has_task ? io_md_reference(to, 0) : VMM_OK;

    if (status != VMM_OK)
        return status;
    if (from->source.count != 1 || to->source.count != 1)
        return VMM_IO_NOT_READABLE;
    if (io_md_is_snapshot(from) || io_md_is_snapshot(to)) /* shown by their copies */
        return VMM_INVALID_VALUE;
    vm_memory_entry_block(from->source.pieces[0].entry, false);
    status = vm_memory_entry_transpose(from->source.pieces[0].entry, to->source.pieces[0].entry);
    if (status == VMM_OK)
        io_md_swap_references(from, to);
    return status;
}

static enum vmm_status
io_map_redirect_to(struct io_map *map, struct io_md *to)
{
    enum vmm_status status;

    if (map->map == NULL)
        return VMM_OK;
    if (to == map->md)
        return io_map_block(map, false);
    status = io_md_transpose(map->md, to);
    return status == VMM_OK ? io_map_move(map, to) : status;
}

enum vmm_status
io_map_redirect(struct io_map *map, struct io_md *view)
{
    struct io_md *to = io_md_behind_views(view);
    struct vm_lock *lock = vm_system_driver_lock(to->system);
    enum vmm_status status;

    map->in_use++;
    to->in_use++;
    status = vm_lock_take(to->system, lock);
    if (status == VMM_OK) {
        status = io_map_redirect_to(map, to);
        vm_lock_drop(to->system, lock);
    }
    to->in_use--;
    map->in_use--;
    return status;
}

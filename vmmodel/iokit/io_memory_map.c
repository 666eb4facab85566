/*
 * io_memory_map.c - mappings: made, shared, wired, undone
 *
 * Making one has two steps: reserve an address range, then put each named entry over its part. Neither
 * enters a translation. Only kIOMapPrefault does, where the release lets it (io_placement.c), and
 * wireRange(), whose every answer is the vm floor's own.
 */
#include "iokit/io_memory_map.h"

#include "iokit/io_internal.h"
#include "iokit/io_placement.h"
#include "vm/vm_map_wire.h"

/* ---- sharing (iokit.md 3.3) ---- */

/* Whether the request wants what the mapping has, apart from how much of it. */
static bool
io_map_is_alike(const struct io_map *map, const struct io_request *request)
{
    const struct io_md *md = map->md;
    uint32_t cache_mode = io_cache_mode(md, request->options);
    uint32_t same = IO_MAP_READ_ONLY;

    if (vm_system_profile(md->system)->has_map_guards)
        same |= IO_MAP_GUARDED_MASK;
    return map->map == request->map && map->address != 0 &&
           ((map->options ^ request->options) & same) == 0 &&
           (cache_mode == 0 || cache_mode == io_cache_mode(md, map->options)) &&
           ((request->options & IO_MAP_ANYWHERE) || request->at == map->address);
}

static bool
io_map_is_exact(const struct io_map *map, const struct io_request *request)
{
    return map->offset == request->offset && map->length == request->length;
}

static bool
io_map_contains(const struct io_map *map, const struct io_request *request)
{
    return map->super == NULL && request->offset >= map->offset &&
           request->offset - map->offset <= map->length &&
           request->length <= map->length - (request->offset - map->offset);
}

/* A mapping of exactly the request's bytes, else one that they are a part of, else NULL. */
static struct io_map *
io_map_find_compatible(struct io_md *md, const struct io_request *request)
{
    struct io_map *found = NULL;

    for (struct vmm_list *at = md->maps.next; at != &md->maps; at = at->next) {
        struct io_map *map = VMM_CONTAINER(at, struct io_map, link);

        if (!io_map_is_alike(map, request))
            continue;
        if (io_map_is_exact(map, request))
            return map;
        if (found == NULL && io_map_contains(map, request))
            found = map;
    }
    return found;
}

/* ---- create ---- */

/* A mapping that holds nothing yet but its place in the set. */
static struct io_map *
io_map_take(struct io_md *md, const struct io_request *request)
{
    struct io_map *map = vmm_take_array(vm_system_alloc(md->system), 1, sizeof(*map));

    if (map == NULL)
        return NULL;
    map->md = md;
    map->id = vm_system_next_id(md->system);
    map->ref_count = 2; /* the caller's and the set's (iokit.md 1.4) */
    map->options = request->options;
    map->map = request->map;
    map->offset = request->offset;
    map->length = request->length;
    vm_map_reference(map->map);
    map->kept = 1;
    io_md_keep(md);
    vmm_list_append(&md->maps, &map->link);
    return map;
}

/* Undoes io_map_take() and tells the owner. */
static enum vmm_status
io_map_free(struct io_map *map)
{
    struct io_md *md = map->md;
    struct vm_system *system = md->system;

    if (map->owner != NULL)
        map->owner->gone(map->owner, map->handle);
    if (map->map != NULL)
        vm_map_release(&map->map);
    vmm_list_remove(&map->link);
    vmm_give_array(vm_system_alloc(system), map, 1, sizeof(*map));
    return io_md_let_go(&md);
}

/* A part of an existing mapping: it keeps that one alive and never unmaps anything itself. */
static void
io_map_become_part(struct io_map *map, struct io_map *super)
{
    super->ref_count++;
    super->kept++;
    map->super = super;
    map->address = super->address + (map->offset - super->offset);
}

/* What a new mapping shows: what somebody else mapped, a part of another mapping, or its own. */
static enum vmm_status
io_map_fill(struct io_map *map, struct io_map *shared, const struct io_request *request)
{
    if (request->options & IO_MAP_STATIC) {
        map->address = request->at;
        return VMM_OK;
    }
    if (shared == NULL)
        return map->md->ops->place(map, request);
    io_map_become_part(map, shared);
    return VMM_OK;
}

static enum vmm_status
io_map_make(struct io_md *md, const struct io_request *request, struct io_map **made)
{
    bool may_share = !(request->options & (IO_MAP_UNIQUE | IO_MAP_STATIC));
    struct io_map *shared = may_share ? io_map_find_compatible(md, request) : NULL;
    struct io_map *map;
    enum vmm_status status;

    if (shared != NULL && io_map_is_exact(shared, request)) {
        io_map_retain(shared);
        *made = shared;
        return VMM_OK;
    }
    if (shared == NULL && may_share && (request->options & IO_MAP_REFERENCE))
        return VMM_IO_ERROR; /* kIOMapReference never makes one */
    map = io_map_take(md, request);
    if (map == NULL)
        return VMM_MODEL_NO_MEMORY;
    status = io_map_fill(map, shared, request);
    if (status != VMM_OK) {
        (void)io_map_free(map); /* the descriptor lives on: the caller holds it */
        return status;
    }
    *made = map;
    return VMM_OK;
}

struct io_md *
io_md_mapped(struct io_md *md, struct io_request *request)
{
    while (md->ops == &io_sub_ops) {
        request->offset += md->child_offset;
        md = md->children[0];
    }
    return md;
}

/* makeMapping() runs under the global lock (iokit.md 3.1). */
static enum vmm_status
io_map_make_locked(struct io_md *md, struct io_request *request, struct io_map **made)
{
    struct vm_lock *lock = vm_system_driver_lock(md->system);
    enum vmm_status status;

    md->in_use++;
    status = vm_lock_take(md->system, lock);
    if (status == VMM_OK) {
        status = io_map_make(io_md_mapped(md, request), request, made);
        vm_lock_drop(md->system, lock);
    }
    md->in_use--;
    return status;
}

enum vmm_status
io_map_create(struct io_md *md, struct vm_task *task, uint64_t at, uint32_t options,
              uint64_t offset, uint64_t length, struct io_map **map)
{
    struct io_request request = { .task = task,
                                  .map = vm_task_map(task),
                                  .at = at,
                                  .options = options,
                                  .offset = offset,
                                  .length = length == 0 ? md->length : length };
    struct trace *trace = vm_system_trace(md->system);
    enum vmm_status status = VMM_OK;

    if (md->ops == &io_sub_ops)
        status = io_place_check(md, &request);
    if (status == VMM_OK)
        status = io_map_make_locked(md, &request, map);
    if (status == VMM_OK)
        trace_emit(trace, EV_IOMAP_CREATE, .object = (*map)->id, .space = vm_task_id(task),
                   .va = (*map)->address, .length = (*map)->length, .count = (*map)->md->id,
                   .detail = (*map)->super == NULL ? 0 : (*map)->super->id);
    else
        trace_emit(trace, EV_IOMAP_FAIL, .object = md->id, .space = vm_task_id(task),
                   .length = request.length, .status = status);
    return status;
}

/* ---- a mapping that no other is ever shared with (iokit.md 1.3) ---- */

void
io_map_hide(struct io_map *map)
{
    struct io_md *md = map->md;

    vmm_list_remove(&map->link);
    vmm_list_init(&map->link);
    md->ref_count--; /* nobody keeps anybody: the buffer frees it first */
    md->kept--;
}

enum vmm_status
io_map_free_hidden(struct io_map **hidden)
{
    struct io_map *map = *hidden;
    enum vmm_status status = io_map_unmap(map);

    if (status != VMM_OK)
        return status;
    *hidden = NULL;
    vmm_give_array(vm_system_alloc(map->md->system), map, 1, sizeof(*map));
    return VMM_OK;
}

/* ---- life ---- */

void
io_map_retain(struct io_map *map)
{
    map->ref_count++;
}

/* The region goes; a wait for what is wired in it keeps the global lock (iokit.md 4.4). */
static enum vmm_status
io_map_undo(struct io_map *map)
{
    uint64_t address = map->address;
    enum vmm_status status = VMM_OK;

    if (map->map == NULL)
        return VMM_OK;
    if (map->md->ops->unmap != NULL)
        status = map->md->ops->unmap(map);
    if (status == VMM_OK && map->super == NULL && map->vm_size > 0)
        status = vm_deallocate(map->region, map->vm_start, map->vm_size);
    if (status != VMM_OK)
        return status;
    trace_emit(vm_system_trace(map->md->system), EV_IOMAP_UNMAP, .object = map->id,
               .space = vm_map_space(map->map), .va = address, .length = map->length,
               .count = io_map_held(map), .detail = map->kept > 1 ? map->kept - 1 : 0);
    vm_map_release(&map->map);
    map->address = 0;
    return VMM_OK;
}

enum vmm_status
io_map_unmap(struct io_map *map)
{
    struct vm_system *system = map->md->system;
    struct vm_lock *lock = vm_system_driver_lock(system);
    enum vmm_status status;

    map->in_use++;
    status = vm_lock_take(system, lock);
    if (status == VMM_OK) {
        status = io_map_undo(map);
        vm_lock_drop(system, lock);
    }
    map->in_use--;
    return status;
}

/* The task's map is emptied by somebody else; only a mapping that the user client made unmaps. */
enum vmm_status
io_map_task_died(struct io_map *map, bool by_user_client)
{
    if (map->map == NULL)
        return VMM_OK;
    if (by_user_client)
        return io_map_unmap(map);
    vm_map_release(&map->map);
    map->address = 0;
    return VMM_OK;
}

/* One reference less; the last but the set's unmaps, and lets a larger mapping go. */
static enum vmm_status
io_map_drop(struct io_map *map)
{
    struct io_map *super = map->super;
    enum vmm_status status;

    if (map->ref_count > 2) {
        map->ref_count--;
        return VMM_OK;
    }
    status = io_map_unmap(map);
    if (status != VMM_OK)
        return status; /* the thread never came back: the mapping is still there */
    if (map->in_use > 0)
        return io_over_release(map->md->system, "IOMemoryMap", map->id); /* others are using it */
    status = io_map_free(map);
    if (super == NULL || status != VMM_OK)
        return status;
    super->kept--;
    return io_map_drop(super);
}

enum vmm_status
io_map_release(struct io_map **released)
{
    struct io_map *map = *released;
    enum vmm_status status;

    if (map->ref_count == map->kept)
        return io_over_release(map->md->system, "IOMemoryMap", map->id);
    status = io_map_drop(map);
    if (status == VMM_OK)
        *released = NULL;
    return status;
}

void
io_map_abandon(struct io_map *map)
{
    vmm_list_remove(&map->link);
    vmm_give_array(vm_system_alloc(map->md->system), map, 1, sizeof(*map));
}

/* ---- wireRange (iokit.md 4) ---- */

/* NULL dereference in the kernel: what a method of an unmapped mapping comes to (iokit.md 4.3). */
static enum vmm_status
io_map_used_after_unmap(struct io_map *map)
{
    return vm_panic(map->md->system, REASON_USE_AFTER_UNMAP, 0, 0,
                    "wireRange on mapping %u after unmap(): its vm_map is NULL", map->id);
}

static enum vmm_status
io_map_wire_pages(struct io_map *map, uint32_t direction, uint64_t from, uint64_t to)
{
    vmm_va start = vm_map_trunc_page(map->map, from);
    vmm_va end = vm_map_round_page(map->map, to);
    vmm_prot prot = direction & IO_DIRECTION_OUT_IN;

    if (end < start && vm_system_profile(map->md->system)->sanitizes_ranges)
        return VMM_INVALID_ARGUMENT;
    if (end < start)
        return VMM_OK; /* older kernels take a wrapped range for an empty one */
    return prot == 0 ? vm_map_unwire(map->map, start, end, false)
                     : vm_map_wire(map->map, start, end, prot, false);
}

enum vmm_status
io_map_wire_range(struct io_map *map, uint32_t direction, uint64_t offset, uint64_t length)
{
    struct vm_system *system = map->md->system;
    uint64_t from = map->address + offset;
    enum vmm_status status;

    if (!vm_system_profile(system)->has_wire_range)
        return VMM_NOT_SUPPORTED;
    if (map->map == NULL)
        return io_map_used_after_unmap(map);
    map->in_use++;
    status = io_map_wire_pages(map, direction, from, from + length);
    map->in_use--;
    trace_emit(vm_system_trace(system), EV_IOMAP_WIRE, .object = map->id, .va = from,
               .length = length, .prot = direction & IO_DIRECTION_OUT_IN, .status = status);
    return status;
}

/* ---- small answers ---- */

uint64_t
io_map_address(const struct io_map *map)
{
    return map->super != NULL && map->super->address == 0 ? 0 : map->address;
}

uint64_t
io_map_length(const struct io_map *map)
{
    return map->length;
}

uint32_t
io_map_options(const struct io_map *map)
{
    return map->options;
}

struct io_md *
io_map_descriptor(const struct io_map *map)
{
    return map->md;
}

struct vm_map *
io_map_vm_map(const struct io_map *map)
{
    return map->map;
}

uint32_t
io_map_id(const struct io_map *map)
{
    return map->id;
}

uint32_t
io_map_references(const struct io_map *map)
{
    return map->ref_count;
}

uint32_t
io_map_held(const struct io_map *map)
{
    return map->ref_count - map->kept;
}

void
io_map_set_owner(struct io_map *map, struct io_owner *owner, uint64_t handle)
{
    map->owner = owner;
    map->handle = handle;
}

uint64_t
io_map_handle(const struct io_map *map)
{
    return map->handle;
}

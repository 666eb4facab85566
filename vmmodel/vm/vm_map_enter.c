/*
 * vm_map_enter.c - room is found and an entry made in it
 *
 * No page and no translation comes of it; that is what "lazy" means.
 */
#include <inttypes.h>

#include "vm/vm_map_store.h"
#include "vm/vm_map_wire.h"
#include "vm/vm_object.h"
#include "vm/vm_purgeable.h"

#define VM_ANON_CHUNK_BYTES ((vmm_size)128 << 20)
#define VM_COALESCE_BYTES ((vmm_size)(128 << 10) - 1)

enum { VM_TAG_REALLOC = 6 };

/* One request in progress. */
struct vm_enter {
    struct vm_map *map;
    const struct vm_map_enter_args *args;
    vmm_va at;
    bool is_made;          /* [at, at + size) is mapped as asked */
    struct vmm_list saved; /* what OVERWRITE took away; comes back when the request fails */
};

/* VM_FLAGS_ALREADY: the very mapping that is asked for may be there already (vm.md 1.6). */
static bool
vm_enter_is_there(const struct vm_enter *enter)
{
    const struct vm_map_enter_args *args = enter->args;
    vmm_va end = enter->at + args->size;
    vmm_off offset = args->offset;
    struct vm_map_entry *entry;

    for (vmm_va at = enter->at; at < end; at = entry->end) {
        if (!vm_map_lookup_entry(enter->map, at, &entry) ||
            (at == enter->at && entry->start != at) || entry->end > end ||
            entry->object != args->object || entry->submap != args->submap ||
            (entry->object != NULL && entry->offset != offset) ||
            entry->needs_copy != args->needs_copy || entry->protection != args->protection ||
            entry->max_protection != args->max_protection ||
            entry->inheritance != args->inheritance || entry->tag != VM_MAP_TAG(args->flags))
            return false;
        offset += vm_entry_size(entry);
    }
    return true;
}

/* Waits until something of the map goes away, where a map says so; else there is no room. */
static enum vmm_status
vm_enter_wait_for_space(struct vm_map *map, vmm_size size)
{
    if (!map->wait_for_space || size > map->search_max - map->search_min)
        return VMM_NO_SPACE;
    if (map->system->sched == NULL)
        return vm_hang(map->system, REASON_NO_MAP_SPACE, map->space, map->search_min,
                       "vm_map_enter: the thread waits for %" PRIu64 " bytes of room in a full map",
                       size);
    map->system->sched->wait = (struct vm_wait){ .reason = REASON_NO_MAP_SPACE,
                                                 .space = map->space,
                                                 .start = map->search_min,
                                                 .end = map->search_max };
    return vm_map_block(map, VM_SCHED_MAP_SPACE, VM_SCHED_UNINTERRUPTIBLE);
}

static enum vmm_status
vm_enter_anywhere(struct vm_enter *enter)
{
    const struct vm_map_enter_args *args = enter->args;
    enum vmm_status status = vm_map_find_room(enter->map, args, &enter->at);

    while (status == VMM_NO_SPACE && enter->map->wait_for_space) {
        status = vm_enter_wait_for_space(enter->map, args->size);
        if (status != VMM_OK)
            return status;
        status = vm_map_find_room(enter->map, args, &enter->at);
    }
    return status;
}

/* Finds or checks the place; with OVERWRITE what is there goes. The map is locked. */
static enum vmm_status
vm_enter_place(struct vm_enter *enter)
{
    const struct vm_map_enter_args *args = enter->args;
    struct vm_map *map = enter->map;
    struct vm_map_entry *entry;

    if (args->flags & VM_MAP_ANYWHERE)
        return vm_enter_anywhere(enter);
    if (enter->at & args->mask)
        return VMM_NO_SPACE;
    if (enter->at < map->min || enter->at > map->max || map->max - enter->at < args->size)
        return VMM_INVALID_ADDRESS;
    if (args->flags & VM_MAP_OVERWRITE) {
        enum vmm_status status =
            vm_map_delete_locked(map, enter->at, enter->at + args->size, 0, &enter->saved);

        if (status != VMM_OK)
            return status;
    }
    entry = vm_map_entry_at_or_after(map, enter->at);
    if (entry == NULL || entry->start >= enter->at + args->size)
        return VMM_OK;
    return (args->vmk_flags & VMKF_ALREADY) && vm_enter_is_there(enter) ? VMM_MEMORY_PRESENT
                                                                        : VMM_NO_SPACE;
}

/* The entry that a request describes, with the object it brings or none. */
static struct vm_map_entry
vm_map_entry_made(const struct vm_map *map, vmm_va start, vmm_size size,
                  const struct vm_map_enter_args *args)
{
    return (struct vm_map_entry){ .start = start,
                                  .end = start + size,
                                  .object = args->object,
                                  .submap = args->submap,
                                  .offset = args->offset,
                                  .protection = (uint8_t)args->protection,
                                  .max_protection = (uint8_t)args->max_protection,
                                  .inheritance = (uint8_t)args->inheritance,
                                  .tag = VM_MAP_TAG(args->flags),
                                  .no_cache = (args->flags & VM_MAP_NO_CACHE) != 0,
                                  .permanent = (args->flags & VM_MAP_PERMANENT) != 0,
                                  .is_shared = args->is_shared,
                                  .used_for_jit = (args->vmk_flags & VMKF_JIT) != 0,
                                  .is_atomic = (args->vmk_flags & VMKF_ATOMIC) != 0 &&
                                               map->system->profile.has_atomic_entries,
                                  .use_pmap = args->submap == NULL ||
                                              (args->vmk_flags & VMKF_NESTED_PMAP) != 0,
                                  .needs_copy = args->needs_copy };
}

/* vm_object_coalesce(): whether an object may simply grow to back what follows it. */
static bool
vm_object_may_grow(const struct vm_object *object)
{
    return object == NULL ||
           (object->ref_count == 1 && object->shadow == NULL && !object->shadow_severed &&
            object->copy == NULL && object->paged_out.count == 0 && !object->true_share &&
            !object->phys_contiguous && object->copy_strategy == VM_COPY_SYMMETRIC &&
            object->purgable == VM_PURGABLE_DENY);
}

/* Anonymous memory right behind an entry that is just like it makes that entry longer. */
static bool
vm_map_coalesce(struct vm_map *map, vmm_va start, const struct vm_map_enter_args *args)
{
    struct vm_map_entry made = vm_map_entry_made(map, start, args->size, args);
    struct vm_map_entry *prev;
    vmm_size limit = made.tag == VM_TAG_REALLOC ? VM_ANON_CHUNK_BYTES : VM_COALESCE_BYTES;

    if (args->object != NULL || args->submap != NULL || start == map->min || made.used_for_jit ||
        made.is_atomic || (args->flags & (VM_MAP_SUPERPAGE_MASK | VM_MAP_PURGABLE)) ||
        !vm_map_lookup_entry(map, start - 1, &prev))
        return false;
    if (prev->is_shared || prev->in_transition || prev->needs_wakeup || prev->is_superpage ||
        prev->submap != NULL || prev->used_for_jit || prev->is_atomic ||
        prev->behavior != VM_BEHAVIOR_DEFAULT || prev->zero_wired_pages || prev->wired_count > 0 ||
        prev->protection != made.protection || prev->max_protection != made.max_protection ||
        prev->inheritance != made.inheritance || prev->no_cache != made.no_cache ||
        prev->permanent != made.permanent ||
        (prev->tag != made.tag && made.tag != VM_TAG_REALLOC) ||
        vm_entry_size(prev) + args->size > limit || !vm_object_may_grow(prev->object) ||
        (prev->object != NULL && vm_map_part(map, vm_entry_offset(prev, prev->end)) != 0))
        return false;
    if (prev->object != NULL)
        vm_object_grow(prev->object, vm_entry_offset(prev, prev->end), args->size);
    vm_map_entry_lengthen(map, prev, args->size);
    return true;
}

/* One entry at a place that is free. */
static enum vmm_status
vm_map_enter_one(struct vm_map *map, const struct vm_map_entry *made)
{
    struct vm_map_entry *entry = vmm_zone_take(&map->system->entry_zone);

    if (entry == NULL)
        return VMM_MODEL_NO_MEMORY;
    *entry = *made;
    vm_map_entry_link(map, entry);
    return VMM_OK;
}

/* How much of a request one entry takes. */
static vmm_size
vm_map_chunk(const struct vm_map_enter_args *args)
{
    if (args->flags & VM_MAP_SUPERPAGE_MASK)
        return VM_SUPERPAGE_BYTES;
    if (args->object == NULL && args->submap == NULL && args->max_protection != VMM_PROT_NONE &&
        !(args->flags & VM_MAP_PURGABLE))
        return VM_ANON_CHUNK_BYTES;
    return args->size;
}

/* What the flags ask of an entry besides its place: an object that can be purged, or a superpage. */
static enum vmm_status
vm_map_give_object(struct vm_map *map, struct vm_map_entry *made, uint32_t flags)
{
    enum vmm_status status;

    if (!(flags & (VM_MAP_PURGABLE | VM_MAP_SUPERPAGE_MASK)) || made->object != NULL)
        return VMM_OK; /* vm_enter_check() has looked at an object that came along */
    status = vm_object_create(
        map->system, vm_system_round_page(map->system, made->end - made->start), &made->object);
    if (status != VMM_OK)
        return status;
    if (flags & VM_MAP_PURGABLE)
        vm_object_make_purgable(made->object);
    if (flags & VM_MAP_SUPERPAGE_MASK) {
        made->is_superpage = true;
        made->inheritance = VMM_INHERIT_NONE;
        status = vm_object_fill_superpage(made->object);
    }
    return status;
}

/* All entries of a request, or none. */
static enum vmm_status
vm_map_enter_chunks(struct vm_map *map, vmm_va at, const struct vm_map_enter_args *args)
{
    vmm_size chunk = vm_map_chunk(args);
    enum vmm_status status = VMM_OK;
    vmm_size done = 0;

    while (status == VMM_OK && done < args->size) {
        vmm_size size = args->size - done < chunk ? args->size - done : chunk;
        struct vm_map_entry made = vm_map_entry_made(map, at + done, size, args);

        status = vm_map_give_object(map, &made, args->flags);
        if (status == VMM_OK)
            status = vm_map_enter_one(map, &made);
        if (status == VMM_OK)
            done += size;
        else if (args->object == NULL)
            vm_object_release(&made.object);
    }
    while (status != VMM_OK && done > 0) {
        struct vm_map_entry *made = vm_map_entry_at_or_after(map, at);

        done -= vm_entry_size(made);
        vm_map_entry_dispose(map, made);
    }
    return status;
}

/* The new mapping goes again, with the reference that its entry took over. */
static enum vmm_status
vm_enter_undo(struct vm_enter *enter, enum vmm_status status)
{
    enum vmm_status removed;

    if (enter->args->object != NULL)
        vm_object_reference(enter->args->object);
    if (enter->args->submap != NULL)
        vm_map_reference(enter->args->submap);
    removed = vm_map_delete(enter->map, enter->at, enter->at + enter->args->size);
    return removed == VMM_OK ? status : removed;
}

/*
 * Whether what OVERWRITE took away may come back: nothing stands in one of its places or between
 * them, and nothing begins right behind the last one. XNU asks no finer, so memory before a permanent
 * entry is lost with a request that fails, and memory behind one comes back. A want of memory that is
 * our host's is none of XNU's, and what begins behind does not count then.
 */
static bool
vm_enter_coast_is_clear(const struct vm_enter *enter, enum vmm_status status)
{
    vmm_va start = vm_entry_of_link(enter->saved.next)->start;
    vmm_va end = vm_entry_of_link(enter->saved.prev)->end - (status == VMM_MODEL_NO_MEMORY);
    struct vm_map_entry *before_start;
    struct vm_map_entry *before_end;

    return !vm_map_lookup_entry(enter->map, start, &before_start) &&
           !vm_map_lookup_entry(enter->map, end, &before_end) && before_start == before_end;
}

/* What OVERWRITE took away comes back, all of it or nothing; or goes for good. */
static void
vm_enter_settle(struct vm_enter *enter, enum vmm_status status)
{
    struct vm_map *map = enter->map;
    bool restores;

    if (vmm_list_is_empty(&enter->saved))
        return;
    restores = status != VMM_OK && vm_enter_coast_is_clear(enter, status);
    while (!vmm_list_is_empty(&enter->saved)) {
        struct vm_map_entry *entry = vm_entry_of_link(enter->saved.next);

        vmm_list_remove(&entry->link);
        if (!restores) {
            vm_map_entry_free(map, entry);
            continue;
        }
        vm_map_entry_link(map, entry);
        trace_emit(&map->system->trace, EV_MAP_ENTER, .space = map->space, .va = entry->start,
                   .length = vm_entry_size(entry), .prot = entry->protection,
                   .object = entry->object == NULL ? 0 : entry->object->id);
    }
}

/* What can be purged, or is a superpage, is whole: fresh memory, or all of an object that can be purged. */
static bool
vm_enter_asks_for_whole(const struct vm_map_enter_args *args)
{
    const struct vm_object *object = args->object;

    if (args->flags & VM_MAP_SUPERPAGE_MASK)
        return object == NULL && args->submap == NULL && args->size % VM_SUPERPAGE_BYTES == 0;
    return args->offset == 0 && args->submap == NULL &&
           (object == NULL || (object->size == args->size && object->purgable != VM_PURGABLE_DENY));
}

/* What a request may not ask at all. */
static enum vmm_status
vm_enter_check(const struct vm_map *map, const struct vm_map_enter_args *args)
{
    if ((args->flags & (VM_MAP_SUPERPAGE_MASK | VM_MAP_PURGABLE)) && !vm_enter_asks_for_whole(args))
        return VMM_INVALID_ARGUMENT;
    if ((args->vmk_flags & VMKF_JIT) && map->jit_entry_exists)
        return VMM_INVALID_ARGUMENT;
    if ((args->offset | args->size) & (vm_map_page_bytes(map) - 1))
        return VMM_INVALID_ARGUMENT; /* of a handle that a map with smaller pages made */
    return VMM_OK;
}

/* Superpages, and everything in a map that says so, are user-wired at once (T31, vm.md 1.6). */
static enum vmm_status
vm_enter_wire(const struct vm_enter *enter)
{
    if (!(enter->args->flags & VM_MAP_SUPERPAGE_MASK) && !enter->map->wiring_required)
        return VMM_OK;
    return vm_map_wire(enter->map, enter->at, enter->at + enter->args->size,
                       enter->args->protection, true);
}

enum vmm_status
vm_map_enter(struct vm_map *map, vmm_va *address, const struct vm_map_enter_args *args)
{
    struct vm_enter enter = { .map = map, .args = args, .at = *address };
    enum vmm_status status = vm_enter_check(map, args);

    if (status != VMM_OK)
        return status;
    vmm_list_init(&enter.saved);
    vm_map_lock(map);
    status = vm_enter_place(&enter);
    if (status == VMM_OK && vm_system_call_fails(map->system, VMM_CALL_MAP))
        status = VMM_NO_SPACE;
    if (status == VMM_OK && !vm_map_coalesce(map, enter.at, args))
        status = vm_map_enter_chunks(map, enter.at, args);
    enter.is_made = status == VMM_OK;
    map->jit_entry_exists |= enter.is_made && (args->vmk_flags & VMKF_JIT) != 0;
    vm_map_unlock(map);
    if (enter.is_made) {
        trace_emit(&map->system->trace, EV_MAP_ENTER, .space = map->space, .va = enter.at,
                   .length = args->size, .prot = args->protection,
                   .object = args->object == NULL ? 0 : args->object->id);
        status = vm_enter_wire(&enter);
    }
    if (status != VMM_OK && enter.is_made)
        status = vm_enter_undo(&enter, status);
    vm_map_lock(map);
    vm_enter_settle(&enter, status);
    vm_map_unlock(map);
    if (status == VMM_OK)
        *address = enter.at;
    return status;
}

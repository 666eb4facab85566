/*
 * vm_map_enter.c - room is found and an entry made in it
 *
 * No page and no translation comes of it; that is what "lazy" means.
 */
#include "vm/vm_map_store.h"
#include "vm/vm_map_wire.h"
#include "vm/vm_object.h"

#define VM_ANON_CHUNK_BYTES ((vmm_size)128 << 20)
#define VM_COALESCE_BYTES ((vmm_size)(128 << 10) - 1)
#define VM_SUPERPAGE_BYTES ((vmm_size)2 << 20)

enum { VM_TAG_REALLOC = 6 };

/* Finds or checks the place; with OVERWRITE what is there goes. The map is locked. */
static enum vmm_status
vm_map_place(struct vm_map *map, vmm_va *address, const struct vm_map_enter_args *args)
{
    struct vm_map_entry *entry;

    if ((args->flags & VM_MAP_ANYWHERE) && (args->flags & VM_MAP_RANDOM_ADDR))
        return vm_map_find_random(map, args->size, address);
    if (args->flags & VM_MAP_ANYWHERE)
        return vm_map_find_space(map, args->size, args->mask, address);
    if (*address & args->mask)
        return VMM_NO_SPACE;
    if (*address < map->min || *address > map->max || map->max - *address < args->size)
        return VMM_INVALID_ADDRESS;
    if (args->flags & VM_MAP_OVERWRITE) {
        enum vmm_status status = vm_map_delete_locked(map, *address, *address + args->size);

        if (status != VMM_OK)
            return status;
    }
    entry = vm_map_entry_at_or_after(map, *address);
    return entry != NULL && entry->start < *address + args->size ? VMM_NO_SPACE : VMM_OK;
}

/* The entry that a request describes, with the object it brings or none. */
static struct vm_map_entry
vm_map_entry_made(vmm_va start, vmm_size size, const struct vm_map_enter_args *args)
{
    return (struct vm_map_entry){ .start = start,
                                  .end = start + size,
                                  .object = args->object,
                                  .offset = args->offset,
                                  .protection = args->protection,
                                  .max_protection = args->max_protection,
                                  .inheritance = (uint8_t)args->inheritance,
                                  .tag = VM_MAP_TAG(args->flags),
                                  .no_cache = (args->flags & VM_MAP_NO_CACHE) != 0,
                                  .permanent = (args->flags & VM_MAP_PERMANENT) != 0,
                                  .is_shared = args->is_shared,
                                  .needs_copy = args->needs_copy };
}

/* vm_object_coalesce(): whether an object may simply grow to back what follows it. */
static bool
vm_object_may_grow(const struct vm_object *object)
{
    return object == NULL ||
           (object->ref_count == 1 && object->shadow == NULL && object->copy == NULL &&
            object->paged_out.count == 0 && !object->true_share && !object->phys_contiguous &&
            object->copy_strategy == VM_COPY_SYMMETRIC && object->purgable == VM_PURGABLE_DENY);
}

/* Anonymous memory right behind an entry that is just like it makes that entry longer. */
static bool
vm_map_coalesce(struct vm_map *map, vmm_va start, const struct vm_map_enter_args *args)
{
    struct vm_map_entry made = vm_map_entry_made(start, args->size, args);
    struct vm_map_entry *prev;
    vmm_size limit = made.tag == VM_TAG_REALLOC ? VM_ANON_CHUNK_BYTES : VM_COALESCE_BYTES;

    if (args->object != NULL || start == map->min || (args->flags & VM_MAP_SUPERPAGE_MASK) ||
        (args->flags & VM_MAP_PURGABLE) || !vm_map_lookup_entry(map, start - 1, &prev))
        return false;
    if (prev->is_shared || prev->in_transition || prev->needs_wakeup || prev->is_superpage ||
        prev->behavior != VM_BEHAVIOR_DEFAULT || prev->zero_wired_pages || prev->needs_copy ||
        prev->wired_count > 0 || prev->protection != made.protection ||
        prev->max_protection != made.max_protection || prev->inheritance != made.inheritance ||
        prev->no_cache != made.no_cache || prev->permanent != made.permanent ||
        prev->tag != made.tag || vm_entry_size(prev) + args->size > limit ||
        !vm_object_may_grow(prev->object))
        return false;
    if (prev->object != NULL)
        vm_object_grow(prev->object, prev->offset + vm_entry_size(prev), args->size);
    map->size += args->size;
    prev->end += args->size;
    if (prev->start <= map->first_free && prev->end > map->first_free)
        map->first_free = prev->end;
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
    if (args->object == NULL && args->max_protection != VMM_PROT_NONE)
        return VM_ANON_CHUNK_BYTES;
    return args->size;
}

/* What the flags ask of an entry besides its place: an object that can be purged, or a superpage. */
static enum vmm_status
vm_map_give_object(struct vm_map *map, struct vm_map_entry *made, uint32_t flags)
{
    enum vmm_status status = VMM_OK;

    if (flags & (VM_MAP_PURGABLE | VM_MAP_SUPERPAGE_MASK))
        status = vm_object_create(map->system, made->end - made->start, &made->object);
    if (status != VMM_OK)
        return status;
    if (flags & VM_MAP_PURGABLE)
        made->object->purgable = VM_PURGABLE_NONVOLATILE;
    if (flags & VM_MAP_SUPERPAGE_MASK) {
        made->is_superpage = true;
        made->inheritance = VMM_INHERIT_NONE;
    }
    return VMM_OK;
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
        struct vm_map_entry made = vm_map_entry_made(at + done, size, args);

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

enum vmm_status
vm_map_enter(struct vm_map *map, vmm_va *address, const struct vm_map_enter_args *args)
{
    bool is_super = (args->flags & VM_MAP_SUPERPAGE_MASK) != 0;
    enum vmm_status status;
    vmm_va at = *address;

    if (is_super && args->size % VM_SUPERPAGE_BYTES != 0)
        return VMM_INVALID_ARGUMENT;
    if (!vmm_zone_reserve(&map->system->entry_zone))
        return VMM_MODEL_NO_MEMORY; /* before OVERWRITE takes away what it could not replace */
    vm_map_lock(map);
    status = vm_map_place(map, &at, args);
    if (status == VMM_OK && !vm_map_coalesce(map, at, args))
        status = vm_map_enter_chunks(map, at, args);
    vm_map_unlock(map);
    if (status != VMM_OK)
        return status;
    trace_emit(&map->system->trace, EV_MAP_ENTER, .space = map->space, .va = at,
               .length = args->size, .prot = args->protection,
               .object = args->object == NULL ? 0 : args->object->id);
    if (is_super)
        status = vm_map_wire(map, at, at + args->size, args->protection, true); /* T31 */
    if (status == VMM_OK)
        *address = at;
    return status;
}

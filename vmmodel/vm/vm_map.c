/*
 * vm_map.c - entries come, change and go
 *
 * Nothing here makes a page or a translation. Translations are only ever taken away: removal drops
 * them, protection narrows them. What they once allowed comes back through vm_fault(), one page at a
 * time; that is what "lazy" means.
 */
#include "vm/vm_map.h"

#include <inttypes.h>

#include "vm/vm_fault_wire.h"
#include "vm/vm_map_store.h"
#include "vm/vm_map_wire.h"
#include "vm/vm_object.h"
#include "vm/vm_page.h"

vmm_va
vm_map_min(const struct vm_map *map)
{
    return map->min;
}

vmm_va
vm_map_max(const struct vm_map *map)
{
    return map->max;
}

vmm_size
vm_map_size(const struct vm_map *map)
{
    return map->size;
}

uint32_t
vm_map_space(const struct vm_map *map)
{
    return map->space;
}

bool
vm_map_is_kernel(const struct vm_map *map)
{
    return map == map->system->kernel_map;
}

struct vm_system *
vm_map_system(const struct vm_map *map)
{
    return map->system;
}

void
vm_map_reference(struct vm_map *map)
{
    map->ref_count++;
}

vmm_va
vm_map_trunc_page(const struct vm_map *map, vmm_va address)
{
    return address & ~(map->system->page_bytes - 1);
}

vmm_va
vm_map_round_page(const struct vm_map *map, vmm_va address)
{
    return vm_map_trunc_page(map, address + map->system->page_bytes - 1);
}

/* ---- enter (vm.md 1.6) ---- */

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

/* ---- delete ---- */

/* Another thread may end the wait with the map unlocked; then the caller must look again. */
enum vmm_status
vm_map_entry_wait(struct vm_map *map, struct vm_map_entry *entry, enum trace_reason reason)
{
    struct vm_system *system = map->system;
    enum vmm_status status;

    if (system->sched == NULL)
        return vm_hang(system, reason, map->space, entry->start,
                       "the thread waits for ever: entry 0x%" PRIx64 "-0x%" PRIx64
                       " has %u kernel wiring(s)%s",
                       entry->start, entry->end, (unsigned)entry->wired_count,
                       entry->in_transition ? " and is in transition" : " that nobody undoes");
    entry->needs_wakeup |= entry->in_transition;
    vm_map_unlock(map);
    status = system->sched->block(system->sched, VM_SCHED_ENTRY_TRANSITION, map);
    vm_map_lock(map);
    return status;
}

/*
 * What happens to a thread that removes an entry with kernel wires: it waits for their owner, under
 * I/O Kit's global lock if it came from there. A kernel with assertions stops instead, for its own
 * map (iokit.md 4.4).
 */
static enum vmm_status
vm_map_wait_for_kernel_wires(struct vm_map *map, struct vm_map_entry *entry)
{
    struct vm_system *system = map->system;

    if (system->kernel_asserts && vm_map_is_kernel(map))
        return vm_panic(system, REASON_WIRED_AT_UNMAP, map->space, entry->start,
                        "vm_map_delete: kernel map entry 0x%" PRIx64 "-0x%" PRIx64
                        " is still wired (%u)",
                        entry->start, entry->end, (unsigned)entry->wired_count);
    return vm_map_entry_wait(map, entry, REASON_WIRED_AT_UNMAP);
}

/* Drops every user wire of the entry; with the last wire the pages are unwired. vm.md 3.6. */
static void
vm_map_drop_user_wires(struct vm_map *map, struct vm_map_entry *entry)
{
    if (entry->user_wired_count == 0)
        return;
    map->user_wire_size -= vm_entry_size(entry);
    entry->user_wired_count = 0;
    entry->wired_count--;
    trace_emit(&map->system->trace, EV_MAP_UNWIRE, .space = map->space, .va = entry->start,
               .length = vm_entry_size(entry), .count = entry->wired_count);
    if (entry->wired_count == 0)
        vm_fault_unwire(map, entry);
}

/* A permanent entry stays, and nothing is allowed in it any more; older releases panic. */
static enum vmm_status
vm_map_close_permanent(struct vm_map *map, struct vm_map_entry *entry)
{
    if (vm_map_is_kernel(map) || map->system->profile.permanent_delete_panics)
        return vm_panic(map->system, REASON_DELETE_PERMANENT, map->space, entry->start,
                        "vm_map_delete: attempt to remove permanent VM map entry 0x%" PRIx64
                        "-0x%" PRIx64,
                        entry->start, entry->end);
    entry->protection = VMM_PROT_NONE;
    entry->max_protection = VMM_PROT_NONE;
    pmap_remove(map->pmap, entry->start, entry->end);
    trace_emit(&map->system->trace, EV_MAP_PROTECT, .space = map->space, .va = entry->start,
               .length = vm_entry_size(entry), .prot = VMM_PROT_NONE);
    return VMM_OK;
}

/* Removes one whole entry that lies inside the range and has no wires. */
static void
vm_map_delete_entry(struct vm_map *map, struct vm_map_entry *entry)
{
    if (entry->object != NULL || vm_map_is_kernel(map))
        pmap_remove(map->pmap, entry->start, entry->end);
    trace_emit(&map->system->trace, EV_MAP_REMOVE, .space = map->space, .va = entry->start,
               .length = vm_entry_size(entry),
               .object = entry->object == NULL ? 0 : entry->object->id);
    vm_map_entry_dispose(map, entry);
}

/* One entry from *at on; *at moves behind it, or stays when the entry must be looked at again. */
static enum vmm_status
vm_map_delete_step(struct vm_map *map, vmm_va *at, vmm_va end)
{
    struct vm_map_entry *entry = vm_map_entry_at_or_after(map, *at);
    enum vmm_status status;

    if (entry == NULL || entry->start >= end) {
        *at = end;
        return VMM_OK;
    }
    status = vm_map_clip_range(map, entry, *at, end);
    if (status != VMM_OK)
        return status;
    if (entry->in_transition)
        return vm_map_entry_wait(map, entry, REASON_IN_TRANSITION_WAIT);
    vm_map_drop_user_wires(map, entry);
    if (entry->wired_count > 0)
        return vm_map_wait_for_kernel_wires(map, entry);
    *at = entry->end;
    if (entry->permanent)
        return vm_map_close_permanent(map, entry);
    vm_map_delete_entry(map, entry);
    return VMM_OK;
}

enum vmm_status
vm_map_delete_locked(struct vm_map *map, vmm_va start, vmm_va end)
{
    enum vmm_status status = VMM_OK;

    while (status == VMM_OK && start < end)
        status = vm_map_delete_step(map, &start, end);
    return status;
}

enum vmm_status
vm_map_delete(struct vm_map *map, vmm_va start, vmm_va end)
{
    enum vmm_status status;

    vm_map_lock(map);
    status = vm_map_delete_locked(map, start, end);
    vm_map_unlock(map);
    return status;
}

/* ---- protect ---- */

/* First pass: the whole range is mapped and may have these rights; nothing changes yet. */
enum vmm_status
vm_map_protect_check(const struct vm_map *map, vmm_va start, vmm_va end, vmm_prot prot)
{
    struct vm_map_entry *entry;

    if (start >= map->max || !vm_map_lookup_entry(map, start, &entry))
        return VMM_INVALID_ADDRESS;
    for (;;) {
        if ((prot & entry->max_protection) != prot)
            return VMM_PROTECTION_FAILURE;
        if (entry->end >= end)
            return VMM_OK;
        if (vm_map_next(map, entry) == NULL || vm_map_next(map, entry)->start != entry->end)
            return VMM_INVALID_ADDRESS;
        entry = vm_map_next(map, entry);
    }
}

/* Second pass, one entry: translations lose WRITE whenever the value changes at all (vm.md 2.3). */
static void
vm_map_protect_entry(struct vm_map *map, struct vm_map_entry *entry, vmm_prot prot,
                     bool set_maximum)
{
    vmm_prot before = entry->protection;

    if (set_maximum) {
        entry->max_protection = prot;
        entry->protection &= prot;
    } else {
        entry->protection = prot;
    }
    if (entry->protection == before)
        return;
    pmap_protect(map->pmap, entry->start, entry->end,
                 entry->protection & ~(vmm_prot)VMM_PROT_WRITE);
    trace_emit(&map->system->trace, EV_MAP_PROTECT, .space = map->space, .va = entry->start,
               .length = vm_entry_size(entry), .prot = entry->protection);
}

/* From 15 on protect begins when nobody (un)wires any entry of the range. */
static enum vmm_status
vm_map_protect_wait(struct vm_map *map, vmm_va start, vmm_va end)
{
    struct vm_map_entry *entry = vm_map_entry_at_or_after(map, start);
    enum vmm_status status = VMM_OK;

    while (status == VMM_OK && map->system->profile.protect_waits && entry != NULL &&
           entry->start < end) {
        if (entry->in_transition) {
            status = vm_map_entry_wait(map, entry, REASON_IN_TRANSITION_WAIT);
            entry = vm_map_entry_at_or_after(map, start);
        } else {
            entry = vm_map_next(map, entry);
        }
    }
    return status;
}

/*
 * VM_PROT_COPY up to 10.13: the entry becomes a pending copy of itself that may be written, wired or
 * not (T4). The next store makes the copy.
 */
static void
vm_map_protect_copy(struct vm_map *map, struct vm_map_entry *entry)
{
    entry->max_protection |= VMM_PROT_WRITE;
    if (entry->object == NULL)
        return;
    entry->needs_copy = true;
    pmap_protect(map->pmap, entry->start, entry->end,
                 entry->protection & ~(vmm_prot)VMM_PROT_WRITE);
}

enum vmm_status
vm_map_protect(struct vm_map *map, vmm_va start, vmm_va end, vmm_prot prot, bool set_maximum)
{
    bool copies = (prot & VMM_PROT_COPY) != 0;
    struct vm_map_entry *entry;
    enum vmm_status status;

    prot &= VMM_PROT_ALL;
    vm_map_lock(map);
    status = vm_map_protect_wait(map, start, end);
    if (status == VMM_OK) /* a copy may be written, whatever the maximum was */
        status =
            vm_map_protect_check(map, start, end, copies ? prot & ~(vmm_prot)VMM_PROT_WRITE : prot);
    entry = status == VMM_OK ? vm_map_entry_at_or_after(map, start) : NULL;
    while (entry != NULL && entry->start < end) {
        status = vm_map_clip_range(map, entry, start, end);
        if (status != VMM_OK)
            break;
        if (copies)
            vm_map_protect_copy(map, entry);
        vm_map_protect_entry(map, entry, prot, set_maximum);
        entry = vm_map_next(map, entry);
    }
    vm_map_simplify_range(map, start, end);
    vm_map_unlock(map);
    return status;
}

/* ---- inherit ---- */

enum vmm_status
vm_map_inherit(struct vm_map *map, vmm_va start, vmm_va end, uint32_t inheritance)
{
    struct vm_map_entry *entry;
    enum vmm_status status = VMM_OK;

    vm_map_lock(map);
    entry = vm_map_entry_at_or_after(map, start);
    for (; entry != NULL && entry->start < end; entry = vm_map_next(map, entry)) {
        status = vm_map_clip_range(map, entry, start, end);
        if (status != VMM_OK)
            break;
        entry->inheritance = (uint8_t)inheritance;
    }
    vm_map_unlock(map);
    return status;
}

/* ---- life ---- */

void
vm_map_release(struct vm_map **map)
{
    struct vm_map *gone = *map;

    *map = NULL;
    if (--gone->ref_count > 0)
        return;
    VMM_ASSERT(gone->tree.count == 0);
    if (gone->pmap != NULL)
        pmap_destroy(gone->pmap);
    vmm_list_remove(&gone->link);
    vmm_zone_give(&gone->system->map_zone, gone);
}

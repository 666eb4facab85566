/*
 * vm_user_calls.c - see vm_user.h
 *
 * Allocate, deallocate and protect are in vm_user.c, page_query in vm_page_query.c.
 */
#include "vm/vm_fault_internal.h"
#include "vm/vm_internal.h"
#include "vm/vm_map_behavior.h"
#include "vm/vm_map_copy.h"
#include "vm/vm_map_store.h"
#include "vm/vm_map_wire.h"
#include "vm/vm_memory_entry_internal.h"
#include "vm/vm_object.h"
#include "vm/vm_page.h"
#include "vm/vm_purgeable.h"
#include "vm/vm_submap.h"
#include "vm/vm_user.h"

enum {
    VM_FLAGS_MAP = VM_MAP_ANYWHERE | VM_MAP_PURGABLE | VM_MAP_4GB_CHUNK | VM_MAP_RANDOM_ADDR |
                   VM_MAP_NO_CACHE | VM_MAP_PERMANENT | VM_MAP_OVERWRITE | VM_MAP_SUPERPAGE_MASK |
                   VM_MAP_TPRO | VM_MAP_RETURN_DATA_ADDR | VM_MAP_RETURN_4K_DATA_ADDR,
    VM_FLAGS_MAP_COPY =
        VM_MAP_ANYWHERE | VM_MAP_OVERWRITE | VM_MAP_RETURN_DATA_ADDR | VM_MAP_RETURN_4K_DATA_ADDR,
    VM_FLAGS_REMAP = VM_MAP_ANYWHERE | VM_MAP_RANDOM_ADDR | VM_MAP_OVERWRITE |
                     VM_MAP_RETURN_DATA_ADDR | VM_MAP_RESILIENT,
};

/* Whether a flag is set that a call does not know; tags are always known. */
static bool
vm_flags_unknown(uint32_t flags, uint32_t known)
{
    return (flags & 0xFFFFFF & ~known) != 0;
}

/*
 * What most calls ask of a range: VMM_OK with *start < *end, or the answer. A size of 0 is success
 * with nothing to do; so is an end that rounds away, up to 14.
 */
static enum vmm_status
vm_range(struct vm_map *map, vmm_va address, vmm_size size, vmm_va *start, vmm_va *end)
{
    enum vmm_status status = vm_system_runs(map->system);

    *start = vm_map_trunc_page(map, address);
    *end = *start;
    if (status != VMM_OK)
        return status;
    if (vm_range_wraps(address, size))
        return VMM_INVALID_ARGUMENT;
    if (size == 0)
        return VMM_OK;
    *end = vm_map_round_page(map, address + size);
    if (*end == 0) {
        *end = *start;
        return map->system->profile.sanitizes_ranges ? VMM_INVALID_ARGUMENT : VMM_OK;
    }
    return VMM_OK;
}

/* ---- inherit, wire, behaviour, msync ---- */

enum vmm_status
vm_inherit(struct vm_map *map, vmm_va address, vmm_size size, uint32_t inheritance)
{
    vmm_va start, end;
    enum vmm_status status = vm_range(map, address, size, &start, &end);

    if (status != VMM_OK || (size == 0 && map->system->profile.sanitizes_ranges))
        return status;
    if (inheritance > VMM_INHERIT_NONE)
        return VMM_INVALID_ARGUMENT;
    return start < end ? vm_map_inherit(map, start, end, inheritance) : VMM_OK;
}

enum vmm_status
vm_wire(struct vm_map *map, vmm_va address, vmm_size size, vmm_prot access)
{
    vmm_va start, end;
    enum vmm_status status = vm_range(map, address, size, &start, &end);

    if (status != VMM_OK)
        return status;
    if (size == 0 && map->system->profile.sanitizes_ranges)
        return VMM_OK; /* whatever the access */
    if (access & ~(vmm_prot)VMM_PROT_ALL)
        return VMM_INVALID_ARGUMENT;
    if (size == 0 && !map->system->profile.sanitizes_ranges)
        end = vm_map_round_page(map, address); /* an unaligned start takes in its page (T25) */
    if (start == end)
        return VMM_OK;
    return access == VMM_PROT_NONE ? vm_map_unwire(map, start, end, true)
                                   : vm_map_wire(map, start, end, access, true);
}

enum vmm_status
vm_behavior_set(struct vm_map *map, vmm_va address, vmm_size size, uint32_t behavior)
{
    vmm_va start = vm_map_trunc_page(map, address);
    vmm_va end = vm_map_round_page(map, address + size);
    enum vmm_status status = vm_system_runs(map->system);

    if (status != VMM_OK)
        return status;
    if (vm_range_wraps(address, size))
        return VMM_INVALID_ARGUMENT;
    if (size == 0)
        return VMM_OK;
    if (end == 0) /* rounded away: nothing is mapped in [0, 0), and [start, 0) is out of the map */
        return start == 0 ? VMM_INVALID_ADDRESS : VMM_NO_SPACE;
    if (start < map->min || end > map->max)
        return VMM_NO_SPACE;
    if (behavior >=
        (map->system->profile.sanitizes_ranges ? VM_BEHAVIOR_COUNT : VM_BEHAVIOR_PAGEOUT))
        return VMM_INVALID_ARGUMENT;
    return vm_map_behavior_set(map, start, end, behavior);
}

enum vmm_status
vm_msync(struct vm_map *map, vmm_va address, vmm_size size, uint32_t flags)
{
    vmm_va start, end;
    bool is_both = (flags & VM_SYNC_ASYNCHRONOUS) && (flags & VM_SYNC_SYNCHRONOUS);
    enum vmm_status status = vm_system_runs(map->system);

    if (status != VMM_OK)
        return status;
    if (is_both && (size != 0 || !map->system->profile.sanitizes_ranges))
        return VMM_INVALID_ARGUMENT;
    status = vm_range(map, address, size, &start, &end);
    return status != VMM_OK || start == end ? status : vm_map_msync(map, start, end, flags);
}

/* ---- copies of data ---- */

enum vmm_status
vm_read(struct vm_map *map, vmm_va address, vmm_size size, struct vm_map *to, vmm_va *data)
{
    struct vm_map_copy *copy = NULL;
    enum vmm_status status = vm_system_runs(map->system);

    if (status != VMM_OK)
        return status;
    if (size > UINT32_MAX)
        return VMM_INVALID_ARGUMENT;
    if (size == 0) {
        *data = 0;
        return VMM_OK;
    }
    status = vm_map_copyin(map, address, size, false, &copy);
    if (status == VMM_OK)
        status = vm_map_copyout(to, &copy, data);
    vm_map_copy_discard(&copy);
    return status;
}

enum vmm_status
vm_read_overwrite(struct vm_map *map, vmm_va address, vmm_size size, struct vm_map *to, vmm_va data)
{
    struct vm_map_copy *copy = NULL;
    enum vmm_status status = vm_system_runs(map->system);

    if (status != VMM_OK || size == 0)
        return status;
    status = vm_map_copyin(map, address, size, false, &copy);
    if (status == VMM_OK)
        status = vm_map_copy_overwrite(to, data, &copy);
    vm_map_copy_discard(&copy);
    return status;
}

enum vmm_status
vm_write(struct vm_map *map, vmm_va address, struct vm_map *from, vmm_va data, vmm_size size)
{
    return vm_read_overwrite(from, data, size, map, address);
}

enum vmm_status
vm_copy(struct vm_map *map, vmm_va source, vmm_size size, vmm_va target)
{
    return vm_read_overwrite(map, source, size, map, target);
}

/* ---- map ---- */

static enum vmm_status
vm_map_call_check(const struct vm_map *map, const struct vm_map_call *call)
{
    const vmm_prot known = VMM_PROT_ALL | VMM_PROT_IS_MASK;

    if (vm_flags_unknown(call->flags, VM_FLAGS_MAP) ||
        ((call->protection | call->max_protection) & ~known) ||
        call->inheritance > VMM_INHERIT_NONE || call->size == 0 ||
        vm_map_round_page(map, call->size) == 0)
        return VMM_INVALID_ARGUMENT;
    return VMM_OK;
}

/* The rights that the call ends up with: masks are cut to what the handle allows. */
static struct vm_map_enter_args
vm_map_call_args(const struct vm_map *map, const struct vm_map_call *call)
{
    struct vm_map_enter_args args = { .size = vm_map_round_page(map, call->size),
                                      .mask = call->mask,
                                      .flags = call->flags,
                                      .vmk_flags = call->vmk_flags,
                                      .protection = call->protection,
                                      .max_protection = call->max_protection,
                                      .inheritance = call->inheritance,
                                      .needs_copy = call->copy };

    if (call->entry != NULL && (args.protection & VMM_PROT_IS_MASK))
        args.protection &= vm_memory_entry_prot(call->entry);
    if (call->entry != NULL && (args.max_protection & VMM_PROT_IS_MASK))
        args.max_protection &= vm_memory_entry_prot(call->entry);
    args.protection &= VMM_PROT_ALL;
    args.max_protection &= VMM_PROT_ALL;
    if (map->system->profile.sanitizes_ranges)
        args.protection &= args.max_protection;
    return args;
}

/*
 * A mapping of several pieces needs its place reserved first, then each piece goes over it. Such a handle
 * knows few flags; code 4 for the others.
 */
static enum vmm_status
vm_map_call_pieces(struct vm_map *map, vmm_va *at, const struct vm_map_call *call,
                   struct vm_map_enter_args *args)
{
    struct vm_map_enter_args room = *args;
    enum vmm_status status;
    vmm_va start = *at;

    if (vm_flags_unknown(call->flags, VM_FLAGS_MAP_COPY))
        return VMM_INVALID_ARGUMENT;
    room.needs_copy = false;
    status = vm_map_enter(map, &start, &room);
    if (status != VMM_OK)
        return status;
    args->flags = (args->flags & ~(uint32_t)VM_MAP_ANYWHERE) | VM_MAP_OVERWRITE;
    args->mask = 0;
    status = vm_memory_entry_enter(call->entry, map, &start, call->offset, args->size, args);
    if (status != VMM_OK) {
        enum vmm_status removed = vm_map_delete(map, start, start + args->size);

        return removed == VMM_OK ? status : removed;
    }
    *at = start;
    return VMM_OK;
}

static enum vmm_status
vm_map_call_entry(struct vm_map *map, vmm_va *at, const struct vm_map_call *call,
                  struct vm_map_enter_args *args)
{
    const struct vm_memory_entry *entry = call->entry;

    if (args->protection & ~vm_memory_entry_prot(entry))
        return VMM_INVALID_RIGHT;
    if (call->offset + args->size < call->offset ||
        call->offset + args->size > vm_memory_entry_size(entry))
        return VMM_INVALID_ARGUMENT;
    if (vm_memory_entry_is_copy(entry))
        return vm_map_call_pieces(map, at, call, args);
    args->max_protection &= vm_memory_entry_prot(entry);
    return vm_memory_entry_enter(call->entry, map, at, call->offset, args->size, args);
}

enum vmm_status
vm_map_call(struct vm_map *map, vmm_va *address, const struct vm_map_call *call)
{
    enum vmm_status status = vm_system_runs(map->system);
    vmm_va at = vm_map_trunc_page(map, *address);
    struct vm_map_enter_args args;

    if (status == VMM_OK)
        status = vm_map_call_check(map, call);
    if (status != VMM_OK)
        return status;
    args = vm_map_call_args(map, call);
    status = vm_superpage_args(map, &args);
    if (status != VMM_OK)
        return status;
    if (!(call->flags & VM_MAP_ANYWHERE) && vm_range_wraps(at, args.size))
        return VMM_INVALID_ADDRESS;
    if (call->entry != NULL) {
        status = vm_map_call_entry(map, &at, call, &args);
    } else {
        args.needs_copy = false;
        status = vm_map_enter(map, &at, &args);
    }
    if (status != VMM_OK)
        return status;
    if (call->entry != NULL && (call->flags & VM_MAP_RETURN_DATA_ADDR))
        at += vm_memory_entry_data_offset(call->entry);
    *address = at;
    return VMM_OK;
}

/* ---- remap ---- */

/* The last piece ends with the room, whose map may have smaller pages. */
static enum vmm_status
vm_remap_pieces(struct vm_map *map, vmm_va start, vmm_va end, const struct vm_map_copy *extract,
                const struct vm_remap_call *call, vmm_prot limit, vmm_prot max_limit)
{
    enum vmm_status status = VMM_OK;

    for (size_t i = 0; i < extract->count && status == VMM_OK; i++) {
        const struct vm_piece *piece = &extract->pieces[i];
        vmm_size size = piece->size < end - start ? piece->size : end - start;
        struct vm_map_enter_args like = { .flags = VM_MAP_OVERWRITE | (uint32_t)piece->tag << 24,
                                          .protection = piece->protection & limit,
                                          .max_protection = piece->max_protection & max_limit,
                                          .inheritance = call->inheritance };

        status = vm_map_enter_piece(map, &start, piece, 0, size, &like);
        start += size;
    }
    return status;
}

/* The rights common to all pieces: what the call hands back. */
static void
vm_remap_rights(const struct vm_map_copy *extract, vmm_prot *protection, vmm_prot *max_protection)
{
    *protection = *max_protection = VMM_PROT_ALL;
    for (size_t i = 0; i < extract->count; i++) {
        *protection &= extract->pieces[i].protection;
        *max_protection &= extract->pieces[i].max_protection;
    }
}

static enum vmm_status
vm_remap_place(struct vm_map *map, vmm_va *at, vmm_size size, const struct vm_map_copy *extract,
               const struct vm_remap_call *call, vmm_prot limit, vmm_prot max_limit)
{
    struct vm_map_enter_args room = { .size = size,
                                      .mask = call->mask,
                                      .flags = call->flags & 0xFFFFFF,
                                      .protection = VMM_PROT_DEFAULT,
                                      .max_protection = VMM_PROT_ALL,
                                      .inheritance = call->inheritance };
    enum vmm_status status = vm_map_enter(map, at, &room);

    if (status != VMM_OK)
        return status;
    status = vm_remap_pieces(map, *at, *at + size, extract, call, limit, max_limit);
    if (status != VMM_OK) {
        enum vmm_status removed = vm_map_delete(map, *at, *at + size);

        return removed == VMM_OK ? status : removed;
    }
    return VMM_OK;
}

enum vmm_status
vm_remap(struct vm_map *map, vmm_va *address, const struct vm_remap_call *call,
         vmm_prot *protection, vmm_prot *max_protection)
{
    vmm_va source = vm_map_trunc_page(call->source_map, call->source);
    bool returns_data = (call->flags & VM_MAP_RETURN_DATA_ADDR) != 0;
    vmm_size size = returns_data ? vm_map_round_page(map, call->source + call->size) - source
                                 : vm_map_round_page(map, call->size);
    vmm_size whole = vm_map_round_page(call->source_map, source + size) - source;
    vmm_prot limit = call->is_new ? *protection : VMM_PROT_ALL;
    vmm_prot max_limit = call->is_new ? *max_protection : VMM_PROT_ALL;
    vmm_va at = vm_map_trunc_page(map, *address);
    struct vm_map_copy *extract = NULL;
    enum vmm_status status = vm_system_runs(map->system);

    if (status != VMM_OK)
        return status;
    if ((call->flags & ~(uint32_t)VM_FLAGS_REMAP) != 0 || call->inheritance > VMM_INHERIT_NONE ||
        call->size == 0 || size == 0 ||
        (call->is_new && ((limit | max_limit) & ~(vmm_prot)VMM_PROT_ALL || (limit & ~max_limit))))
        return VMM_INVALID_ARGUMENT;
    if (vm_range_wraps(source, size))
        return VMM_INVALID_ADDRESS;
    if (!(call->flags & VM_MAP_ANYWHERE) && vm_range_wraps(at, size))
        return VMM_INVALID_ADDRESS;
    status = vm_map_extract(call->source_map, source, whole, call->copy,
                            call->is_new ? limit : VMM_PROT_NONE, &extract);
    if (status != VMM_OK)
        return status;
    status = vm_remap_place(map, &at, size, extract, call, limit, max_limit);
    if (status == VMM_OK) {
        vm_remap_rights(extract, protection, max_protection);
        *protection &= limit;
        *max_protection &= max_limit;
        *address = at + (returns_data ? call->source - source : 0);
    }
    vm_map_copy_discard(&extract);
    return status;
}

/* ---- memory entries ---- */

/* Whether the entry there, which is all that a plain handle names, may ever have the rights asked for. */
static enum vmm_status
vm_make_entry_check(const struct vm_map *map, vmm_va start, vmm_prot prot)
{
    struct vm_map_entry *entry;

    if (!vm_map_lookup_entry(map, start, &entry))
        return VMM_INVALID_ADDRESS;
    if (prot & ~entry->max_protection)
        return VMM_INVALID_RIGHT;
    return VMM_OK;
}

static enum vmm_status
vm_make_entry_named(struct vm_map *map, vmm_size *size, uint32_t permission,
                    struct vm_memory_entry **made)
{
    bool is_purgable = (permission & VM_MEM_PURGABLE) != 0;
    vmm_size rounded = vm_map_round_page(map, *size);
    vmm_size most = map->system->profile.anon_max_bytes;
    enum vmm_status status;

    if (rounded < *size || *size > (most != 0 ? most : UINT64_C(0x7FFFFFFFFFFFF800)))
        return VMM_FAILURE;
    if (is_purgable && !(permission & VMM_PROT_WRITE))
        return VMM_INVALID_ARGUMENT;
    if (rounded == 0)
        return VMM_INVALID_ARGUMENT;
    status = vm_memory_entry_anonymous(map->system, rounded, permission & VMM_PROT_ALL, is_purgable,
                                       made);
    if (status == VMM_OK)
        *size = rounded;
    return status;
}

static enum vmm_status
vm_make_entry_of_map(struct vm_map *map, vmm_size *size, vmm_va address, uint32_t permission,
                     struct vm_memory_entry **made)
{
    vmm_prot prot = permission & VMM_PROT_ALL;
    enum vmm_status status;

    if (vm_range_wraps(address, *size) || vm_map_round_page(map, address + *size) == 0)
        return VMM_INVALID_ARGUMENT;
    if (*size == 0)
        return VMM_INVALID_ARGUMENT;
    if (permission & VM_MEM_VM_COPY) {
        status = vm_memory_entry_copy(map, address, *size, made);
    } else if (permission & VM_MEM_VM_SHARE) {
        status = vm_memory_entry_share(map, address, *size, prot, made);
    } else {
        status = vm_make_entry_check(map, vm_map_trunc_page(map, address), prot);
        if (status == VMM_OK)
            status = vm_memory_entry_create(map, address, size, prot, made);
    }
    if (status == VMM_OK)
        *size = vm_memory_entry_size(*made);
    return status;
}

/* The flags that no call knows. Up to 14 only the upper half of them is looked at. */
static uint32_t
vm_make_entry_unknown(const struct vm_map *map)
{
    return map != NULL && map->system->profile.sanitizes_ranges ? VM_MEM_UNKNOWN : 0;
}

enum vmm_status
vm_make_memory_entry(struct vm_map *map, vmm_size *size, vmm_off offset, uint32_t permission,
                     const struct vm_memory_entry *parent, struct vm_memory_entry **made)
{
    enum vmm_status status;

    if (permission & vm_make_entry_unknown(map))
        return VMM_INVALID_VALUE;
    if (map == NULL && parent == NULL)
        return VMM_INVALID_TASK;
    if (permission & VM_MEM_ONLY)
        return parent == NULL
                   ? VMM_INVALID_ARGUMENT
                   : vm_memory_entry_part(parent, 0, *size, permission & VMM_PROT_ALL, made);
    if (parent != NULL && !(permission & (VM_MEM_NAMED_CREATE | VM_MEM_VM_COPY | VM_MEM_VM_SHARE)))
        return vm_memory_entry_part(parent, offset, *size, permission & VMM_PROT_ALL, made);
    if (map == NULL)
        return VMM_INVALID_TASK;
    status = vm_system_runs(map->system);
    if (status != VMM_OK)
        return status;
    if (permission & VM_MEM_NAMED_CREATE)
        return vm_make_entry_named(map, size, permission, made);
    return vm_make_entry_of_map(map, size, offset, permission, made);
}

/* ---- purgeable memory ---- */

static bool
vm_purgable_is_known(uint32_t control, int state)
{
    return control == VM_PURGABLE_GET_STATE ||
           (control == VM_PURGABLE_SET_STATE && (state & ~VM_PURGABLE_STATE_BITS) == 0);
}

/* What both calls do to the object, or NULL, that they have found. */
static enum vmm_status
vm_purgable_object(struct vm_object *object, uint32_t control, int *state)
{
    if (object == NULL || object->purgable == VM_PURGABLE_DENY)
        return VMM_INVALID_ARGUMENT;
    if (control == VM_PURGABLE_SET_STATE)
        return vm_purgable_set(object, state);
    *state = (int)object->purgable;
    return VMM_OK;
}

enum vmm_status
vm_purgable_control(struct vm_map *map, vmm_va address, uint32_t control, int *state)
{
    struct vm_map_entry *entry;
    enum vmm_status status = vm_system_runs(map->system);

    if (status != VMM_OK)
        return status;
    if (control == VM_PURGABLE_PURGE_ALL) {
        vm_purge_all(map->system);
        return VMM_OK;
    }
    if (!vm_purgable_is_known(control, *state))
        return VMM_INVALID_ARGUMENT;
    if (!vm_map_lookup_entry(map, address, &entry))
        return VMM_INVALID_ADDRESS;
    if (!(entry->protection & VMM_PROT_WRITE) && control == VM_PURGABLE_SET_STATE)
        return VMM_PROTECTION_FAILURE;
    if (entry->object != NULL &&
        (entry->offset != 0 || entry->object->size != vm_entry_size(entry)))
        return VMM_INVALID_ARGUMENT;
    return vm_purgable_object(entry->object, control, state);
}

enum vmm_status
vm_memory_entry_purgable(struct vm_memory_entry *entry, uint32_t control, int *state)
{
    vmm_off offset;

    if (!vm_purgable_is_known(control, *state) || vm_memory_entry_is_copy(entry))
        return VMM_INVALID_ARGUMENT;
    return vm_purgable_object(vm_memory_entry_object(entry, 0, &offset), control, state);
}

/*
 * vm_memory_entry.c - handles on memory: the thing itself, or a copy of how it is now
 *
 * A plain entry is one (object, offset, size). A copy, or a share of several map entries, is a list
 * of pieces, one per entry of the source (vm_map_copy.h).
 */
#include "vm/vm_memory_entry.h"

#include "vm/vm_fault_internal.h"
#include "vm/vm_map_copy_internal.h"
#include "vm/vm_map_store.h"
#include "vm/vm_memory_entry_internal.h"
#include "vm/vm_object.h"
#include "vm/vm_page.h"
#include "vm/vm_pager.h"
#include "vm/vm_purgeable.h"
#include "vm/vm_submap.h"

struct vm_memory_entry {
    struct vm_system *system;
    uint32_t ref_count;
    vmm_prot prot;
    vmm_size size;
    vmm_off data_offset; /* of the address it was made for, in its first page */
    bool is_copy;        /* pieces as they were, not the thing itself */
    struct vm_map_copy *pieces;
};

static struct vm_memory_entry *
vm_memory_entry_take(struct vm_system *system, size_t pieces)
{
    struct vm_memory_entry *entry = vmm_take_array(system->alloc, 1, sizeof(*entry));

    if (entry == NULL)
        return NULL;
    entry->system = system;
    entry->ref_count = 1;
    if (pieces > 0) {
        entry->pieces = vm_map_copy_create(system, pieces);
        if (entry->pieces == NULL) {
            vmm_give_array(system->alloc, entry, 1, sizeof(*entry));
            return NULL;
        }
    }
    return entry;
}

void
vm_memory_entry_reference(struct vm_memory_entry *entry)
{
    entry->ref_count++;
}

void
vm_memory_entry_release(struct vm_memory_entry **entry)
{
    struct vm_memory_entry *gone = *entry;

    if (gone == NULL)
        return;
    *entry = NULL;
    if (--gone->ref_count > 0)
        return;
    vm_map_copy_discard(&gone->pieces);
    vmm_give_array(gone->system->alloc, gone, 1, sizeof(*gone));
}

vmm_size
vm_memory_entry_size(const struct vm_memory_entry *entry)
{
    return entry->size;
}

vmm_prot
vm_memory_entry_prot(const struct vm_memory_entry *entry)
{
    return entry->prot;
}

bool
vm_memory_entry_is_copy(const struct vm_memory_entry *entry)
{
    return entry->is_copy;
}

bool
vm_memory_entry_is_same(const struct vm_memory_entry *a, const struct vm_memory_entry *b)
{
    const struct vm_map_copy *mine = a->pieces;
    const struct vm_map_copy *other = b->pieces;
    bool is_same = a->size == b->size && a->prot == b->prot && mine->count == other->count;

    for (size_t i = 0; is_same && i < mine->count; i++)
        is_same = mine->pieces[i].object == other->pieces[i].object &&
                  mine->pieces[i].offset == other->pieces[i].offset;
    return is_same;
}

vmm_off
vm_memory_entry_data_offset(const struct vm_memory_entry *entry)
{
    return entry->data_offset;
}

uint64_t
vm_memory_entry_resident(const struct vm_memory_entry *entry)
{
    const struct vm_map_copy *pieces = entry->pieces;
    uint64_t resident = 0;

    for (size_t i = 0; i < pieces->count; i++)
        resident += vm_object_resident(pieces->pieces[i].object, pieces->pieces[i].offset,
                                       pieces->pieces[i].size);
    return resident;
}

void
vm_memory_entry_block(struct vm_memory_entry *entry, bool is_blocked)
{
    struct vm_object *object = entry->pieces->pieces[0].object;
    struct vm_sched *sched = entry->system->sched;

    object->blocked_access = is_blocked;
    if (!is_blocked && sched != NULL)
        sched->wakeup(sched, VM_SCHED_OBJECT_BLOCKED, object);
}

/* The object that the entry is all of, or NULL. */
static struct vm_object *
vm_memory_entry_whole(const struct vm_memory_entry *entry)
{
    const struct vm_piece *piece = &entry->pieces->pieces[0];

    return entry->pieces->count == 1 && piece->object != NULL && !piece->needs_copy &&
                   piece->offset == 0 && piece->size == piece->object->size
               ? piece->object
               : NULL;
}

enum vmm_status
vm_memory_entry_transpose(struct vm_memory_entry *a, struct vm_memory_entry *b)
{
    struct vm_object *one = vm_memory_entry_whole(a);
    struct vm_object *other = vm_memory_entry_whole(b);

    return one == NULL || other == NULL ? VMM_INVALID_VALUE : vm_object_transpose(one, other);
}

/* The pages of one piece that its chain shows. */
static void
vm_piece_count_pages(const struct vm_piece *piece, uint64_t *resident, uint64_t *dirty)
{
    vmm_off end = piece->offset + piece->size;

    if (piece->object == NULL)
        return;
    for (vmm_off at = vm_object_trunc_page(piece->object, piece->offset); at < end;
         at += piece->object->system->page_bytes) {
        const struct vm_page *page = vm_object_find_page(piece->object, at);

        *resident += page != NULL;
        *dirty += page != NULL && vm_page_may_be_dirty(page);
    }
}

void
vm_memory_entry_count_pages(const struct vm_memory_entry *entry, uint64_t *resident,
                            uint64_t *dirty)
{
    for (size_t i = 0; i < entry->pieces->count; i++)
        vm_piece_count_pages(&entry->pieces->pieces[i], resident, dirty);
}

bool
vm_memory_entry_widen(struct vm_memory_entry *entry, vmm_off *before)
{
    struct vm_map_copy *pieces = entry->pieces;
    struct vm_piece *piece = &pieces->pieces[0];
    vmm_off end;

    *before = 0;
    if (pieces->count > 1)
        return vm_map_copy_fits(entry->system->kernel_map, pieces);
    if (piece->object != NULL)
        *before = piece->offset - vm_object_trunc_page(piece->object, piece->offset);
    end = vm_system_round_page(entry->system, *before + piece->size);
    piece->offset -= *before;
    entry->size = pieces->size = piece->size = end;
    return true;
}

struct vm_object *
vm_memory_entry_object(const struct vm_memory_entry *entry, vmm_off offset, vmm_off *object_offset)
{
    *object_offset = entry->pieces->pieces[0].offset + offset;
    return entry->pieces->pieces[0].object;
}

/*
 * An object that is going to be shared must be this entry's own: a pending copy is resolved, and an
 * object larger than the entry gets a shadow, so that no more than the entry is shared. Old
 * translations lose WRITE, since their pages may be below now. mach_make_memory_entry_64().
 */
static enum vmm_status
vm_memory_entry_own(struct vm_map *map, struct vm_map_entry *entry)
{
    struct vm_map_entry before = *entry;
    enum vmm_status status;

    if (entry->wired_count > 0)
        return VMM_OK; /* wiring gave it an object of its own */
    status = vm_fault_materialise(entry, map->system);
    if (status == VMM_OK && entry->object->copy_strategy == VM_COPY_SYMMETRIC &&
        entry->object->size > vm_object_span(entry->object, entry->offset, vm_entry_size(entry)))
        status = vm_object_shadow(&entry->object, &entry->offset, vm_entry_size(entry));
    if (status == VMM_OK && before.object != NULL && entry->object != before.object)
        vm_map_entry_narrow(map, &before, entry->protection & ~(vmm_prot)VMM_PROT_WRITE);
    return status;
}

enum vmm_status
vm_memory_entry_create(struct vm_map *map, vmm_va address, vmm_size *size, vmm_prot prot,
                       struct vm_memory_entry **made)
{
    vmm_va start = vm_map_trunc_page(map, address);
    vmm_va end = vm_map_round_page(map, address + *size);
    struct vm_memory_entry *handle;
    struct vm_map_entry *entry;
    struct vm_place place;
    enum vmm_status status = vm_map_lookup_for(map, start, prot, &place);

    if (status != VMM_OK)
        return status;
    entry = place.entry;
    if (end - 1 > place.end - 1) /* 0: the end of all addresses */
        end = place.end;
    end = place.address + (end - start);
    start = place.address;
    handle = vm_memory_entry_take(map->system, 1);
    if (handle == NULL)
        return VMM_MODEL_NO_MEMORY;
    status = vm_memory_entry_own(vm_place_map(&place, map), entry);
    if (status != VMM_OK) {
        vm_memory_entry_release(&handle);
        return status;
    }
    vm_object_share(entry->object);
    vm_object_reference(entry->object);
    handle->prot = prot;
    handle->size = end - start;
    handle->pieces->size = handle->size;
    handle->pieces->pieces[handle->pieces->count++] =
        (struct vm_piece){ .object = entry->object,
                           .offset = vm_entry_offset(entry, start),
                           .size = handle->size,
                           .is_shared = true };
    *size = handle->size;
    *made = handle;
    return VMM_OK;
}

/* ---- copies, shares, fresh memory, parts ---- */

enum vmm_status
vm_memory_entry_copy(struct vm_map *map, vmm_va address, vmm_size size,
                     struct vm_memory_entry **made)
{
    struct vm_memory_entry *handle;
    vmm_va start = vm_map_trunc_page(map, address);
    vmm_va end = vm_map_round_page(map, address + size);
    enum vmm_status status;

    if (vm_range_wraps(address, size) || start >= end || vm_map_span(map, start, end) == 0)
        return VMM_INVALID_ADDRESS;
    handle = vm_memory_entry_take(map->system, 0);
    if (handle == NULL)
        return VMM_MODEL_NO_MEMORY;
    handle->prot = VMM_PROT_ALL;
    handle->size = end - start;
    handle->data_offset = address - start;
    handle->is_copy = true;
    status = vm_map_copyin(map, start, end - start, true, &handle->pieces);
    if (status != VMM_OK)
        vm_memory_entry_release(&handle);
    else
        *made = handle;
    return status;
}

enum vmm_status
vm_memory_entry_share(struct vm_map *map, vmm_va address, vmm_size size, vmm_prot prot,
                      struct vm_memory_entry **made)
{
    vmm_va start = vm_map_trunc_page(map, address);
    vmm_va end = vm_map_round_page(map, address + size);
    struct vm_memory_entry *handle;
    enum vmm_status status;

    if (vm_range_wraps(address, size) || start >= end)
        return VMM_INVALID_ADDRESS;
    handle = vm_memory_entry_take(map->system, 0);
    if (handle == NULL)
        return VMM_MODEL_NO_MEMORY;
    handle->prot = prot;
    handle->size = end - start;
    handle->data_offset = address - start;
    handle->is_copy = true;
    status = vm_map_extract(map, start, end - start, false, prot & VMM_PROT_ALL, &handle->pieces);
    if (status != VMM_OK) {
        vm_memory_entry_release(&handle);
        return status;
    }
    for (size_t i = 0; i < handle->pieces->count; i++)
        handle->pieces->pieces[i].object->true_share = true;
    *made = handle;
    return VMM_OK;
}

/* A handle on [offset, offset + size) of one object, which must be shareable; takes a reference. */
static enum vmm_status
vm_memory_entry_over(struct vm_object *object, vmm_off offset, vmm_size size, vmm_prot prot,
                     struct vm_memory_entry **made)
{
    struct vm_memory_entry *handle = vm_memory_entry_take(object->system, 1);

    if (handle == NULL)
        return VMM_MODEL_NO_MEMORY;
    vm_object_reference(object);
    handle->prot = prot;
    handle->size = size;
    handle->pieces->size = size;
    handle->pieces->pieces[handle->pieces->count++] =
        (struct vm_piece){ .object = object, .offset = offset, .size = size, .is_shared = true };
    *made = handle;
    return VMM_OK;
}

enum vmm_status
vm_memory_entry_anonymous(struct vm_system *system, vmm_size size, vmm_prot prot, bool is_purgable,
                          struct vm_memory_entry **made)
{
    struct vm_object *object;
    enum vmm_status status = vm_object_create(system, vm_system_round_page(system, size), &object);

    if (status != VMM_OK)
        return status;
    vm_object_share(object);
    if (is_purgable)
        vm_object_make_purgable(object);
    status = vm_memory_entry_over(object, 0, size, prot, made);
    vm_object_release(&object);
    return status;
}

enum vmm_status
vm_memory_entry_device(struct vm_system *system, const struct vm_device_layout *layout,
                       vmm_prot prot, struct vm_memory_entry **made)
{
    struct vm_object *object;
    enum vmm_status status = vm_object_create_device(system, layout, &object);

    if (status != VMM_OK)
        return status;
    status = vm_memory_entry_over(object, 0, object->size, prot, made);
    vm_object_release(&object);
    return status;
}

enum vmm_status
vm_memory_entry_file(struct vm_system *system, vmm_size size, vmm_prot prot,
                     struct vm_memory_entry **made)
{
    struct vm_object *object;
    enum vmm_status status = vm_object_create_file(system, size, &object);

    if (status != VMM_OK)
        return status;
    status = vm_memory_entry_over(object, 0, size, prot, made);
    vm_object_release(&object);
    return status;
}

bool
vm_memory_entry_is_file(const struct vm_memory_entry *entry)
{
    const struct vm_object *object =
        entry == NULL || entry->pieces->count == 0 ? NULL : entry->pieces->pieces[0].object;

    return object != NULL && object->pager != NULL;
}

enum vmm_status
vm_memory_entry_file_write(struct vm_memory_entry *entry, vmm_off offset, const void *from,
                           vmm_size length)
{
    return vm_pager_write(entry->pieces->pieces[0].object, offset, from, length);
}

void
vm_memory_entry_file_read(const struct vm_memory_entry *entry, vmm_off offset, void *to,
                          vmm_size length)
{
    vm_pager_read(entry->pieces->pieces[0].object, offset, to, length);
}

void
vm_memory_entry_file_fail(struct vm_memory_entry *entry, vmm_off start, vmm_off end,
                          enum vmm_status status)
{
    vm_pager_fail(entry->pieces->pieces[0].object, start, end, status);
}

void
vm_memory_entry_file_delay(struct vm_memory_entry *entry, uint32_t turns)
{
    vm_pager_set_latency(entry->pieces->pieces[0].object, turns);
}

enum vmm_status
vm_memory_entry_part(const struct vm_memory_entry *parent, vmm_off offset, vmm_size size,
                     vmm_prot prot, struct vm_memory_entry **made)
{
    if (parent->is_copy || offset > parent->size || parent->size - offset < size)
        return VMM_INVALID_ARGUMENT;
    return vm_memory_entry_over(parent->pieces->pieces[0].object,
                                parent->pieces->pieces[0].offset + offset, size,
                                prot & parent->prot, made);
}

/* ---- mapping ---- */

/*
 * A copy handle may be mapped again, so an object that is mapped as it is becomes a shared one: else
 * a wiring would put a shadow between two mappings of it.
 */
static void
vm_memory_entry_settle(const struct vm_piece *piece)
{
    if (piece->object != NULL && !piece->needs_copy &&
        piece->object->copy_strategy == VM_COPY_SYMMETRIC)
        vm_object_share(piece->object);
}

/*
 * Maps a part of a piece, or a virtual copy of it if that is wanted: the copy shows the memory as it is
 * now, whoever writes first. XNU: vm_object_copy_strategically() in vm_map_enter_mem_object().
 */
static enum vmm_status
vm_memory_map_part(struct vm_map *map, vmm_va *at, const struct vm_piece *piece, vmm_off from,
                   vmm_size size, const struct vm_map_enter_args *like)
{
    struct vm_map_enter_args args = *like;
    struct vm_object_copy copy;
    struct vm_piece made = *piece;
    enum vmm_status status;

    if (!like->needs_copy || piece->object == NULL || piece->needs_copy)
        return vm_map_enter_piece(map, at, piece, from, size, like);
    status = vm_object_copy(piece->object, piece->offset + from, size, &copy);
    if (status != VMM_OK)
        return vm_fault_result(map, *at, status);
    made.object = copy.object;
    made.offset = copy.offset;
    made.needs_copy = copy.needs_copy;
    made.is_shared = false;
    args.needs_copy = false;
    status = vm_map_enter_piece(map, at, &made, 0, size, &args);
    vm_object_release(&copy.object);
    return status;
}

/* The part of one piece that lies in [offset, offset + size) of the whole, at `at`. */
static enum vmm_status
vm_memory_map_piece(struct vm_map *map, struct vm_piece *piece, vmm_off piece_start, vmm_va *at,
                    vmm_off offset, vmm_size size, const struct vm_map_enter_args *like)
{
    vmm_off from = offset > piece_start ? offset - piece_start : 0;
    vmm_off to =
        offset + size - piece_start < piece->size ? offset + size - piece_start : piece->size;

    *at += piece_start + from - offset;
    vm_memory_entry_settle(piece);
    return vm_memory_map_part(map, at, piece, from, to - from, like);
}

enum vmm_status
vm_memory_entry_enter(struct vm_memory_entry *entry, struct vm_map *map, vmm_va *address,
                      vmm_off offset, vmm_size size, const struct vm_map_enter_args *like)
{
    struct vm_map_copy *pieces = entry->pieces;
    enum vmm_status status = VMM_OK;
    vmm_off piece_start = 0;
    vmm_va start = *address;

    if (size == 0)
        return VMM_INVALID_ARGUMENT;
    if (like->protection & ~entry->prot)
        return VMM_INVALID_RIGHT;
    if (offset > entry->size || entry->size - offset < size)
        return VMM_INVALID_ARGUMENT;
    if ((like->flags & VM_MAP_ANYWHERE) && pieces->count > 1)
        return VMM_INVALID_ARGUMENT;
    for (size_t i = 0; i < pieces->count && status == VMM_OK; i++) {
        struct vm_piece *piece = &pieces->pieces[i];
        vmm_va at = start;

        if (offset < piece_start + piece->size && piece_start < offset + size) {
            status = vm_memory_map_piece(map, piece, piece_start, &at, offset, size, like);
            if (status == VMM_OK && (like->flags & VM_MAP_ANYWHERE))
                *address = at;
        }
        piece_start += piece->size;
    }
    return status;
}

enum vmm_status
vm_memory_entry_map(struct vm_memory_entry *entry, struct vm_map *map, vmm_va *address,
                    vmm_off offset, vmm_size size, uint32_t flags, vmm_prot prot)
{
    struct vm_map_enter_args like = {
        .flags = flags, .protection = prot, .max_protection = prot, .inheritance = VMM_INHERIT_NONE
    };

    return vm_memory_entry_enter(entry, map, address, offset, size, &like);
}

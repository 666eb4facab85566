/*
 * vm_memory_entry.c - handles on memory: the thing itself, or a copy of how it is now
 *
 * A plain entry is one (object, offset, size). A copy is a list of pieces, one per map entry of the
 * source, each with its own way of having been copied.
 */
#include "vm/vm_memory_entry.h"

#include "vm/vm_fault_internal.h"
#include "vm/vm_map_store.h"
#include "vm/vm_memory_entry_internal.h"
#include "vm/vm_object.h"

struct vm_memory_piece {
    struct vm_object *object; /* NULL: memory nobody touched yet */
    vmm_off offset;
    vmm_size size;
    bool needs_copy;
};

struct vm_memory_entry {
    struct vm_system *system;
    vmm_prot prot;
    vmm_size size;
    bool is_copy;
    size_t piece_count;
    size_t piece_capacity;
    struct vm_memory_piece *pieces;
};

static struct vm_memory_entry *
vm_memory_entry_take(struct vm_system *system, size_t pieces)
{
    struct vm_memory_entry *entry = vmm_take_array(system->alloc, 1, sizeof(*entry));

    if (entry == NULL)
        return NULL;
    entry->system = system;
    entry->piece_capacity = pieces;
    entry->pieces = vmm_take_array(system->alloc, pieces, sizeof(*entry->pieces));
    if (entry->pieces == NULL) {
        vmm_give_array(system->alloc, entry, 1, sizeof(*entry));
        return NULL;
    }
    return entry;
}

void
vm_memory_entry_release(struct vm_memory_entry **entry)
{
    struct vm_memory_entry *gone = *entry;

    if (gone == NULL)
        return;
    *entry = NULL;
    for (size_t i = 0; i < gone->piece_count; i++)
        vm_object_release(&gone->pieces[i].object);
    vmm_give_array(gone->system->alloc, gone->pieces, gone->piece_capacity, sizeof(*gone->pieces));
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

uint64_t
vm_memory_entry_resident(const struct vm_memory_entry *entry)
{
    uint64_t resident = 0;

    for (size_t i = 0; i < entry->piece_count; i++)
        resident += vm_object_resident(entry->pieces[i].object, entry->pieces[i].offset,
                                       entry->pieces[i].size);
    return resident;
}

struct vm_object *
vm_memory_entry_object(const struct vm_memory_entry *entry, vmm_off offset, vmm_off *object_offset)
{
    *object_offset = entry->pieces[0].offset + offset;
    return entry->pieces[0].object;
}

/*
 * An object that is going to be shared must be this entry's own: a pending copy is resolved, and an
 * object larger than the entry gets a shadow, so that no more than the entry is shared. Old
 * translations lose WRITE, since their pages may be below now. mach_make_memory_entry_64().
 */
static enum vmm_status
vm_memory_entry_own(struct vm_map *map, struct vm_map_entry *entry)
{
    struct vm_object *before = entry->object;
    enum vmm_status status;

    if (entry->wired_count > 0)
        return VMM_OK; /* wiring gave it an object of its own */
    status = vm_fault_materialise(entry, map->system);
    if (status == VMM_OK && entry->object->copy_strategy == VM_COPY_SYMMETRIC &&
        entry->object->size > vm_entry_size(entry))
        status = vm_object_shadow(&entry->object, &entry->offset, vm_entry_size(entry));
    if (status == VMM_OK && before != NULL && entry->object != before)
        pmap_protect(map->pmap, entry->start, entry->end,
                     entry->protection & ~(vmm_prot)VMM_PROT_WRITE);
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
    enum vmm_status status;

    if (!vm_map_lookup_entry(map, start, &entry))
        return VMM_INVALID_ADDRESS;
    if (prot & ~entry->protection)
        return VMM_PROTECTION_FAILURE;
    handle = vm_memory_entry_take(map->system, 1);
    if (handle == NULL)
        return VMM_MODEL_NO_MEMORY;
    status = vm_memory_entry_own(map, entry);
    if (status != VMM_OK) {
        vm_memory_entry_release(&handle);
        return status;
    }
    vm_object_share(entry->object);
    vm_object_reference(entry->object);
    handle->prot = prot;
    handle->size = (end < entry->end ? end : entry->end) - start;
    handle->pieces[handle->piece_count++] =
        (struct vm_memory_piece){ entry->object, vm_entry_offset(entry, start), handle->size,
                                  false };
    *size = handle->size;
    *made = handle;
    return VMM_OK;
}

/* ---- copies (vm_map_copyin) ---- */

/* How many entries [start, end) spans; 0 when it has a hole. */
static size_t
vm_memory_entry_span(const struct vm_map *map, vmm_va start, vmm_va end)
{
    struct vm_map_entry *entry;
    size_t count = 1;

    if (!vm_map_lookup_entry(map, start, &entry))
        return 0;
    for (; entry->end < end; count++) {
        struct vm_map_entry *next = vm_map_next(map, entry);

        if (next == NULL || next->start != entry->end)
            return 0;
        entry = next;
    }
    return count;
}

/* One entry, clipped to the range: nothing, both sides needs_copy, at once, or delayed. */
static enum vmm_status
vm_memory_copy_piece(struct vm_map *map, struct vm_map_entry *entry, struct vm_memory_piece *piece)
{
    struct vm_object_copy copy = { NULL, 0, false };
    enum vmm_status status = VMM_OK;

    if (entry->object == NULL) {
        *piece = (struct vm_memory_piece){ NULL, 0, vm_entry_size(entry), false };
        return VMM_OK;
    }
    if (entry->wired_count > 0) {
        status =
            vm_object_copy_slowly(entry->object, entry->offset, vm_entry_size(entry), &copy.object);
    } else if (entry->object->copy_strategy == VM_COPY_SYMMETRIC) {
        copy = (struct vm_object_copy){ entry->object, entry->offset, true };
        vm_object_reference(entry->object);
        entry->needs_copy = true;
        pmap_protect(map->pmap, entry->start, entry->end,
                     entry->protection & ~(vmm_prot)VMM_PROT_WRITE);
    } else {
        status = vm_object_copy(entry->object, entry->offset, vm_entry_size(entry), &copy);
    }
    if (status == VMM_OK)
        *piece = (struct vm_memory_piece){ copy.object, copy.offset, vm_entry_size(entry),
                                           copy.needs_copy };
    return status;
}

static enum vmm_status
vm_memory_copy_range(struct vm_map *map, vmm_va start, vmm_va end, struct vm_memory_entry *handle)
{
    struct vm_map_entry *entry = vm_map_entry_at_or_after(map, start);
    enum vmm_status status = VMM_OK;

    for (; status == VMM_OK && start < end; entry = vm_map_next(map, entry)) {
        if (!(entry->protection & VMM_PROT_READ))
            return VMM_PROTECTION_FAILURE;
        status = vm_map_clip_start(map, entry, start);
        if (status == VMM_OK)
            status = vm_map_clip_end(map, entry, end);
        if (status == VMM_OK)
            status = vm_memory_copy_piece(map, entry, &handle->pieces[handle->piece_count]);
        handle->piece_count += status == VMM_OK;
        start = entry->end;
    }
    return status;
}

enum vmm_status
vm_memory_entry_copy(struct vm_map *map, vmm_va address, vmm_size size,
                     struct vm_memory_entry **made)
{
    vmm_va start = vm_map_trunc_page(map, address);
    vmm_va end = vm_map_round_page(map, address + size);
    size_t span = vm_memory_entry_span(map, start, end);
    struct vm_memory_entry *handle;
    enum vmm_status status;

    if (span == 0)
        return VMM_INVALID_ADDRESS;
    handle = vm_memory_entry_take(map->system, span);
    if (handle == NULL)
        return VMM_MODEL_NO_MEMORY;
    handle->prot = VMM_PROT_ALL;
    handle->size = end - start;
    handle->is_copy = true;
    status = vm_memory_copy_range(map, start, end, handle);
    vm_map_simplify_range(map, start, end);
    if (status != VMM_OK)
        vm_memory_entry_release(&handle);
    else
        *made = handle;
    return vm_fault_result(map, start, status);
}

/* ---- mapping ---- */

/*
 * Maps the part of one piece that lies in [offset, offset + size) of the whole. An object that is
 * mapped as it is (a copy made at once, or by delayed copy) may be mapped again from this handle, so
 * it becomes a shared one: else a wiring would put a shadow between two mappings of it.
 */
static enum vmm_status
vm_memory_map_piece(struct vm_map *map, const struct vm_memory_piece *piece, vmm_va *address,
                    vmm_off offset, vmm_size size, uint32_t flags, vmm_prot prot)
{
    struct vm_map_enter_args args = { .size = size,
                                      .flags = flags,
                                      .object = piece->object,
                                      .offset = piece->offset + offset,
                                      .needs_copy = piece->needs_copy,
                                      .protection = prot,
                                      .max_protection = prot,
                                      .inheritance = VMM_INHERIT_NONE };
    enum vmm_status status;

    if (piece->object == NULL)
        args.offset = 0;
    else
        vm_object_reference(piece->object);
    if (piece->object != NULL && !piece->needs_copy)
        vm_object_share(piece->object);
    status = vm_map_enter(map, address, &args);
    if (status != VMM_OK)
        vm_object_release(&args.object);
    return status;
}

enum vmm_status
vm_memory_entry_map(struct vm_memory_entry *entry, struct vm_map *map, vmm_va *address,
                    vmm_off offset, vmm_size size, uint32_t flags, vmm_prot prot)
{
    enum vmm_status status = VMM_OK;
    vmm_off piece_start = 0;

    if (size == 0)
        return VMM_INVALID_ARGUMENT;
    if (prot & ~entry->prot)
        return VMM_INVALID_RIGHT;
    if (offset > entry->size || entry->size - offset < size)
        return VMM_INVALID_ARGUMENT;
    if ((flags & VM_MAP_ANYWHERE) && entry->piece_count > 1)
        return VMM_INVALID_ARGUMENT;
    for (size_t i = 0; i < entry->piece_count && status == VMM_OK; i++) {
        const struct vm_memory_piece *piece = &entry->pieces[i];
        vmm_off from = offset > piece_start ? offset - piece_start : 0;
        vmm_off to = offset + size - piece_start;
        vmm_va at = *address + (piece_start + from - offset);

        if (from < piece->size && piece_start + from < offset + size) {
            status = vm_memory_map_piece(map, piece, &at, from,
                                         (to < piece->size ? to : piece->size) - from, flags, prot);
            if (status == VMM_OK && (flags & VM_MAP_ANYWHERE))
                *address = at;
        }
        piece_start += piece->size;
    }
    return status;
}

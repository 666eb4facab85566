/*
 * vm_map_copyout.c - a copy gets a place of its own, or goes over memory that is there (vm.md 2.3)
 */
#include <string.h>

#include "vm/vm_device.h"
#include "vm/vm_fault_internal.h"
#include "vm/vm_map_copy_internal.h"
#include "vm/vm_map_store.h"
#include "vm/vm_object.h"
#include "vm/vm_page.h"
#include "vm/vm_pageout.h"

enum vmm_status
vm_map_enter_piece(struct vm_map *map, vmm_va *address, const struct vm_piece *piece,
                   vmm_off offset, vmm_size size, const struct vm_map_enter_args *like)
{
    struct vm_map_enter_args args = *like;
    enum vmm_status status;

    args.size = size;
    args.object = piece->object;
    args.offset = piece->object == NULL ? 0 : piece->offset + offset;
    args.needs_copy = piece->object != NULL && (piece->needs_copy || like->needs_copy);
    args.is_shared = piece->is_shared && !args.needs_copy;
    if (piece->object != NULL)
        vm_object_reference(piece->object);
    status = vm_map_enter(map, address, &args);
    if (status != VMM_OK)
        vm_object_release(&args.object);
    return status;
}

/* The bytes of a piece, which need not be in memory and need not be there at all. */
static enum vmm_status
vm_piece_read(const struct vm_piece *piece, vmm_off offset, uint8_t *to, vmm_size size)
{
    struct vm_system *system;
    const struct vm_page *page;
    enum vmm_status status;
    enum vm_page_origin origin;
    vmm_off at;

    if (piece->object == NULL) {
        memset(to, 0, (size_t)size);
        return VMM_OK;
    }
    system = piece->object->system;
    offset += piece->offset;
    at = vm_object_trunc_page(piece->object, offset);
    status = vm_page_in(piece->object, at, &origin);
    if (status != VMM_OK)
        return status;
    page = vm_object_find_page(piece->object, at);
    if (page == NULL)
        memset(to, 0, (size_t)size);
    else
        hw_frame_read(&system->machine->frames, vm_page_ppn(page),
                      (uint32_t)(offset & (system->page_bytes - 1)), to, (uint32_t)size);
    return VMM_OK;
}

enum vmm_status
vm_map_copy_read(const struct vm_map_copy *copy, vmm_off offset, void *to, vmm_size size)
{
    vmm_size page_bytes = copy->system->page_bytes;
    enum vmm_status status = VMM_OK;
    const struct vm_piece *piece = copy->pieces;
    uint8_t *out = to;

    if (copy->bytes != NULL) {
        memcpy(to, copy->bytes + offset, (size_t)size);
        return VMM_OK;
    }
    for (offset += copy->offset; size > 0 && offset >= piece->size; piece++)
        offset -= piece->size;
    while (status == VMM_OK && size > 0) {
        vmm_size rest = page_bytes - ((piece->offset + offset) & (page_bytes - 1));
        vmm_size run = size < rest ? size : rest;

        run = run < piece->size - offset ? run : piece->size - offset;
        status = vm_piece_read(piece, offset, out, run);
        out += run;
        size -= run;
        offset += run;
        if (offset >= piece->size) {
            offset -= piece->size;
            piece++;
        }
    }
    return status;
}

/* Bytes into one page of a map: the page is made the entry's own first. vm_fault_copy(). */
static enum vmm_status
vm_map_write_page(struct vm_map *map, struct vm_map_entry *entry, vmm_va va, const uint8_t *from,
                  uint32_t size)
{
    struct vm_map_entry before = *entry;
    enum vmm_status status = vm_fault_materialise(entry, map->system);
    struct vm_page *page;
    enum vm_fault_kind kind;
    vmm_off offset;

    if (status != VMM_OK)
        return status;
    if (entry->object->device != NULL) {
        uint64_t address = vm_map_device_address(entry, va);

        return address != 0 ? vm_device_write(map->system, address, from, size) : VMM_MEMORY_ERROR;
    }
    if (before.object != NULL && entry->object != before.object)
        vm_map_entry_narrow(map, &before, entry->protection & ~(vmm_prot)VMM_PROT_WRITE);
    offset = vm_entry_offset(entry, va);
    status = vm_fault_page(entry->object, vm_object_trunc_page(entry->object, offset), true, &page,
                           &kind);
    if (status != VMM_OK)
        return status;
    page->is_dirty = true;
    if (!hw_frame_write(&map->system->machine->frames, vm_page_ppn(page),
                        (uint32_t)(offset & (map->system->page_bytes - 1)), from, size))
        return VMM_MODEL_NO_MEMORY;
    return VMM_OK;
}

/* Bytes [done, end) of the copy to address + done, page by page. */
static enum vmm_status
vm_map_overwrite_bytes(struct vm_map *map, vmm_va address, const struct vm_map_copy *copy,
                       vmm_size done, vmm_size end)
{
    vmm_size page_bytes = vm_map_page_bytes(map);
    enum vmm_status status = VMM_OK;
    uint8_t bytes[256];

    while (status == VMM_OK && done < end) {
        vmm_va va = address + done;
        vmm_size rest = page_bytes - (va & (page_bytes - 1));
        vmm_size run = end - done < rest ? end - done : rest;
        struct vm_place place;

        run = run < sizeof(bytes) ? run : sizeof(bytes);
        status = vm_map_lookup_for(map, va, VMM_PROT_WRITE, &place);
        if (status == VMM_OK)
            status = vm_map_copy_read(copy, done, bytes, run);
        if (status == VMM_OK)
            status = vm_map_write_page(vm_place_map(&place, map), place.entry, place.address, bytes,
                                       (uint32_t)run);
        done += run;
    }
    return status;
}

bool
vm_map_copy_fits(const struct vm_map *map, const struct vm_map_copy *copy)
{
    vmm_size mask = vm_map_page_bytes(map) - 1;
    vmm_size low = 0; /* bits that some bound of a piece has */

    for (size_t i = 0; i < copy->count; i++)
        low |= (copy->pieces[i].object == NULL ? 0 : copy->pieces[i].offset) | copy->pieces[i].size;
    return copy->bytes == NULL && (low & mask) == 0;
}

/* Whether an entry's memory may be thrown away for a piece, by reference. */
static bool
vm_map_may_replace(const struct vm_map_entry *entry, const struct vm_piece *piece)
{
    const struct vm_object *object = entry->object;
    bool is_temporary =
        entry->needs_copy ||
        (!entry->is_shared && (object == NULL || (object->pager == NULL && !object->true_share)));

    return is_temporary && entry->submap == NULL && entry->wired_count == 0 &&
           !entry->is_superpage &&
           (piece->object == NULL || piece->object->copy_strategy == VM_COPY_SYMMETRIC);
}

static void
vm_map_replace(struct vm_map *map, struct vm_map_entry *entry, const struct vm_piece *piece,
               vmm_off offset)
{
    struct vm_object *old = entry->object;

    if (old != NULL)
        vm_map_entry_narrow(map, entry, VMM_PROT_NONE);
    if (piece->object != NULL)
        vm_object_reference(piece->object);
    entry->object = piece->object;
    entry->offset = piece->object == NULL ? 0 : piece->offset + offset;
    entry->needs_copy = piece->needs_copy;
    entry->is_shared = false;
    vm_object_release(&old);
}

/* One run that is one part of one entry and of one piece: by reference, or byte by byte. */
static enum vmm_status
vm_map_overwrite_run(struct vm_map *map, vmm_va address, const struct vm_map_copy *copy,
                     vmm_size done, const struct vm_piece *piece, vmm_off offset, vmm_size *run)
{
    struct vm_map_entry *entry = vm_map_entry_at_or_after(map, address + done);
    enum vmm_status status;

    *run = piece->size - offset < copy->size - done ? piece->size - offset : copy->size - done;
    if (entry->end - (address + done) < *run)
        *run = entry->end - (address + done);
    if (!vm_map_may_replace(entry, piece))
        return vm_map_overwrite_bytes(map, address, copy, done, done + *run);
    status = vm_map_clip_range(map, entry, address + done, address + done + *run);
    if (status == VMM_OK)
        vm_map_replace(map, entry, piece, offset);
    return status;
}

static enum vmm_status
vm_map_overwrite_pieces(struct vm_map *map, vmm_va address, const struct vm_map_copy *copy)
{
    const struct vm_piece *piece = copy->pieces;
    enum vmm_status status = VMM_OK;
    vmm_off offset = 0;
    vmm_size run;

    for (vmm_size done = 0; status == VMM_OK && done < copy->size; done += run) {
        status = vm_map_overwrite_run(map, address, copy, done, piece, offset, &run);
        offset += run;
        if (offset == piece->size) {
            offset = 0;
            piece++;
        }
    }
    return status;
}

/* Whether a store may go through, be it into a private copy. */
static bool
vm_map_may_write(const struct vm_map_entry *first, const struct vm_place *place)
{
    vmm_prot rights = place->entry->protection | (place->needs_copy ? first->protection : 0);

    return (rights & VMM_PROT_WRITE) != 0;
}

/* The whole target is mapped and may be written; nothing of it is in transition. */
static enum vmm_status
vm_map_overwrite_check(struct vm_map *map, vmm_va start, vmm_va end)
{
    struct vm_map_entry *entry;
    struct vm_place place;

    for (vmm_va at = start; at < end; at = place.end) {
        if (!vm_map_find_place(map, at, &place) || !vm_map_lookup_entry(map, at, &entry))
            return VMM_INVALID_ADDRESS;
        if (entry->in_transition) {
            enum vmm_status status =
                vm_map_entry_wait(map, entry, VM_SCHED_UNINTERRUPTIBLE, REASON_IN_TRANSITION_WAIT);

            if (status != VMM_OK)
                return status;
            return vm_map_overwrite_check(map, start, end);
        }
        if (!vm_map_may_write(entry, &place))
            return VMM_PROTECTION_FAILURE;
    }
    return VMM_OK;
}

enum vmm_status
vm_map_copy_overwrite(struct vm_map *map, vmm_va address, struct vm_map_copy **copy)
{
    vmm_size mask = vm_map_page_bytes(map) - 1;
    vmm_size size = (*copy)->size;
    enum vmm_status status;

    if (vm_range_wraps(address, size) || address + size > map->max)
        return VMM_INVALID_ADDRESS;
    vm_map_lock(map);
    status = vm_map_overwrite_check(map, vm_map_trunc_page(map, address), address + size);
    if (status == VMM_OK && vm_map_copy_fits(map, *copy) &&
        ((address | size | (*copy)->offset) & mask) == 0)
        status = vm_map_overwrite_pieces(map, address, *copy);
    else if (status == VMM_OK)
        status = vm_map_overwrite_bytes(map, address, *copy, 0, size);
    vm_map_unlock(map);
    status = vm_fault_result(map, address, status);
    if (status == VMM_OK)
        vm_map_copy_discard(copy);
    return status;
}

/*
 * Pieces that nobody shares become entries of their own, rights and all, as after a fork. The last one ends with
 * the room, whose map may have smaller pages than the map that it is from.
 */
static enum vmm_status
vm_map_copyout_pieces(struct vm_map *map, struct vm_map_copy *copy, vmm_va start, vmm_va end)
{
    enum vmm_status status = VMM_OK;

    for (size_t i = 0; i < copy->count && status == VMM_OK; i++) {
        const struct vm_piece *piece = &copy->pieces[i];
        vmm_size size = piece->size < end - start ? piece->size : end - start;
        struct vm_map_enter_args like = { .flags = VM_MAP_FIXED | VM_MAP_OVERWRITE,
                                          .protection = VMM_PROT_DEFAULT,
                                          .max_protection = VMM_PROT_ALL,
                                          .inheritance = VMM_INHERIT_COPY };

        status = vm_map_enter_piece(map, &start, piece, 0, size, &like);
        start += size;
    }
    return status;
}

enum vmm_status
vm_map_copyout(struct vm_map *map, struct vm_map_copy **copy, vmm_va *address)
{
    vmm_size size = vm_map_round_page(map, (*copy)->offset + (*copy)->size);
    struct vm_map_enter_args room = { .size = size,
                                      .flags = VM_MAP_ANYWHERE,
                                      .protection = VMM_PROT_DEFAULT,
                                      .max_protection = VMM_PROT_ALL,
                                      .inheritance = VMM_INHERIT_COPY };
    vmm_va start = map->min;
    enum vmm_status status = vm_map_enter(map, &start, &room);

    if (status != VMM_OK)
        return status;
    if (!vm_map_copy_fits(map, *copy)) {
        vm_map_lock(map);
        status = vm_map_overwrite_bytes(map, start + (*copy)->offset, *copy, 0, (*copy)->size);
        vm_map_unlock(map);
    } else {
        status = vm_map_copyout_pieces(map, *copy, start, start + size);
    }
    if (status != VMM_OK) {
        enum vmm_status removed = vm_map_delete(map, start, start + size);

        return vm_fault_result(map, start, removed == VMM_OK ? status : removed);
    }
    *address = start + (*copy)->offset;
    vm_map_copy_discard(copy);
    return VMM_OK;
}

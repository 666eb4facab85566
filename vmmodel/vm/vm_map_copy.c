/*
 * vm_map_copy.c - copying without copying, as far as it goes
 *
 *      source entry                     piece
 *      nobody touched it yet            no object
 *      wired                            copied now, page by page (T16)
 *      symmetric object                 the object itself; both sides needs_copy
 *      delayed-copy object              a copy object above it, or copied now if a page is wired
 */
#include "vm/vm_map_copy_internal.h"

#include <string.h>

#include "vm/vm_device.h"
#include "vm/vm_fault_internal.h"
#include "vm/vm_map_store.h"
#include "vm/vm_object.h"
#include "vm/vm_page.h"

/* ---- life ---- */

struct vm_map_copy *
vm_map_copy_create(struct vm_system *system, size_t capacity)
{
    struct vm_map_copy *copy = vmm_take_array(system->alloc, 1, sizeof(*copy));

    if (copy == NULL)
        return NULL;
    copy->system = system;
    copy->capacity = capacity;
    copy->pieces = vmm_take_array(system->alloc, capacity, sizeof(*copy->pieces));
    if (copy->pieces == NULL && capacity > 0) {
        vmm_give_array(system->alloc, copy, 1, sizeof(*copy));
        return NULL;
    }
    return copy;
}

void
vm_map_copy_discard(struct vm_map_copy **discarded)
{
    struct vm_map_copy *copy = *discarded;
    const struct vmm_alloc *alloc;

    *discarded = NULL;
    if (copy == NULL)
        return;
    alloc = copy->system->alloc;
    for (size_t i = 0; i < copy->count; i++)
        vm_object_release(&copy->pieces[i].object);
    vmm_give_array(alloc, copy->pieces, copy->capacity, sizeof(*copy->pieces));
    vmm_give_array(alloc, copy->bytes, copy->size, 1);
    vmm_give_array(alloc, copy, 1, sizeof(*copy));
}

size_t
vm_map_span(const struct vm_map *map, vmm_va start, vmm_va end)
{
    struct vm_place place;
    size_t count = 1;

    if (end < start || !vm_map_find_place(map, start, &place))
        return 0;
    for (; place.end < end; count++) {
        if (!vm_map_find_place(map, place.end, &place))
            return 0;
    }
    return count;
}

void
vm_map_copy_add(struct vm_map_copy *copy, const struct vm_map_entry *entry,
                const struct vm_piece *piece)
{
    struct vm_piece *added = &copy->pieces[copy->count++];

    *added = *piece;
    added->protection = entry->protection;
    added->max_protection = entry->max_protection;
    added->inheritance = entry->inheritance;
    added->tag = entry->tag;
    added->is_wired = entry->wired_count > 0;
}

/* ---- copyin ---- */

enum vmm_status
vm_map_copy_object(const struct vm_map *map, struct vm_map_entry *entry,
                   struct vm_object_copy *copy)
{
    *copy = (struct vm_object_copy){ NULL, 0, false };
    if (entry->object == NULL)
        return VMM_OK;
    if (entry->wired_count > 0) {
        copy->offset = entry->offset - vm_object_trunc_page(entry->object, entry->offset);
        return vm_object_copy_slowly(entry->object, entry->offset, vm_entry_size(entry),
                                     &copy->object);
    }
    if (entry->object->copy_strategy != VM_COPY_SYMMETRIC)
        return vm_object_copy(entry->object, entry->offset, vm_entry_size(entry), copy);
    *copy = (struct vm_object_copy){ entry->object, entry->offset, true };
    vm_object_reference(entry->object);
    if (!entry->needs_copy && (entry->protection & VMM_PROT_WRITE))
        vm_map_entry_narrow(map, entry, entry->protection & ~(vmm_prot)VMM_PROT_WRITE);
    entry->needs_copy = true;
    return VMM_OK;
}

/* One entry that lies inside the range. */
static enum vmm_status
vm_map_copy_entry(struct vm_map *map, struct vm_map_entry *entry, struct vm_map_copy *copy)
{
    struct vm_object_copy made;
    enum vmm_status status = vm_map_copy_object(map, entry, &made);

    if (status == VMM_OK)
        vm_map_copy_add(copy, entry,
                        &(struct vm_piece){ .object = made.object,
                                            .offset = made.offset,
                                            .size = vm_entry_size(entry),
                                            .needs_copy = made.needs_copy });
    return status;
}

enum vmm_status
vm_map_copy_place(struct vm_map *map, const struct vm_place *place, vmm_va start, vmm_va end,
                  struct vm_map_copy *copy)
{
    struct vm_map *owner = vm_place_map(place, map);
    vmm_size size = (place->end < end ? place->end : end) - start;
    enum vmm_status status;

    if (owner != map)
        vm_map_lock(owner);
    status = vm_map_clip_range(owner, place->entry, place->address, place->address + size);
    if (status == VMM_OK)
        status = vm_map_copy_entry(owner, place->entry, copy);
    if (owner != map)
        vm_map_unlock(owner);
    return status;
}

/* Every entry of [start, end), clipped to it; behind submaps theirs. */
static enum vmm_status
vm_map_copy_entries(struct vm_map *map, vmm_va start, vmm_va end, struct vm_map_copy *copy)
{
    enum vmm_status status = VMM_OK;
    struct vm_place place;

    for (; status == VMM_OK && start < end; start = place.end) {
        if (!vm_map_find_place(map, start, &place))
            return VMM_INVALID_ADDRESS;
        if (!(place.entry->protection & VMM_PROT_READ))
            return VMM_PROTECTION_FAILURE;
        status = vm_map_copy_place(map, &place, start, end, copy);
    }
    return status;
}

static enum vmm_status
vm_map_copyin_pieces(struct vm_map *map, vmm_va address, vmm_size size, struct vm_map_copy **made)
{
    vmm_va start = vm_map_trunc_page(map, address);
    vmm_va end = vm_map_round_page(map, address + size);
    size_t span = vm_map_span(map, start, end);
    struct vm_map_copy *copy;
    enum vmm_status status;

    if (span == 0)
        return VMM_INVALID_ADDRESS;
    copy = vm_map_copy_create(map->system, span);
    if (copy == NULL)
        return VMM_MODEL_NO_MEMORY;
    copy->offset = address - start;
    copy->size = size;
    vm_map_lock(map);
    status = vm_map_copy_entries(map, start, end, copy);
    vm_map_simplify_range(map, start, end);
    vm_map_unlock(map);
    if (status != VMM_OK)
        vm_map_copy_discard(&copy);
    else
        *made = copy;
    return vm_fault_result(map, start, status);
}

uint64_t
vm_map_device_address(const struct vm_map_entry *entry, vmm_va va)
{
    const struct vm_system *system = entry->object->system;
    vmm_off offset = vm_entry_offset(entry, va);
    vmm_ppn ppn = vm_device_frame(entry->object, offset);

    if (!vm_device_frame_is_usable(system, ppn))
        return 0;
    return (uint64_t)ppn << system->page_shift | (offset & (system->page_bytes - 1));
}

/* The bytes of [va, va + size) inside one page of a map, through a fault if need be. */
static enum vmm_status
vm_map_read_page(struct vm_map *map, vmm_va va, uint8_t *to, uint32_t size)
{
    struct vm_map_entry *entry;
    struct vm_place place;
    struct vm_page *page;
    enum vm_fault_kind kind;
    enum vmm_status status;
    vmm_off offset;

    if (!vm_map_find_place(map, va, &place))
        return VMM_INVALID_ADDRESS;
    entry = place.entry;
    va = place.address;
    if (!(entry->protection & VMM_PROT_READ))
        return VMM_PROTECTION_FAILURE;
    if (entry->object == NULL) {
        status = vm_fault_materialise(entry, map->system);
        if (status != VMM_OK)
            return status;
    }
    vm_fault_count(map);
    if (entry->object->device != NULL) {
        uint64_t address = vm_map_device_address(entry, va);

        if (address != 0)
            vm_device_read(map->system, address, to, size);
        return address != 0 ? VMM_OK : VMM_MEMORY_ERROR;
    }
    offset = vm_entry_offset(entry, va);
    status = vm_fault_page(entry->object, vm_object_trunc_page(entry->object, offset), false, &page,
                           &kind);
    if (status == VMM_OK)
        hw_frame_read(&map->system->machine->frames, vm_page_ppn(page),
                      (uint32_t)(offset & (map->system->page_bytes - 1)), to, size);
    return status;
}

/* Up to a few pages: the bytes are taken as copyin() would; any refusal is code 1 (T27). */
static enum vmm_status
vm_map_copyin_buffer(struct vm_map *map, vmm_va address, vmm_size size, struct vm_map_copy **made)
{
    struct vm_map_copy *copy = vm_map_copy_create(map->system, 0);
    vmm_size page_bytes = vm_map_page_bytes(map);
    enum vmm_status status = VMM_OK;

    if (copy == NULL)
        return VMM_MODEL_NO_MEMORY;
    copy->bytes = vmm_take_array(map->system->alloc, size, 1);
    copy->size = size;
    if (copy->bytes == NULL)
        status = VMM_MODEL_NO_MEMORY;
    for (vmm_size done = 0; status == VMM_OK && done < size;) {
        vmm_va va = address + done;
        vmm_size rest = page_bytes - (va & (page_bytes - 1));
        vmm_size run = size - done < rest ? size - done : rest;

        status = vm_map_read_page(map, va, copy->bytes + done, (uint32_t)run);
        done += run;
    }
    if (status != VMM_OK)
        vm_map_copy_discard(&copy);
    else
        *made = copy;
    status = vm_fault_result(map, address, status);
    return status == VMM_PROTECTION_FAILURE ? VMM_INVALID_ADDRESS : status;
}

/* The most that goes through a kernel buffer: bytes that the profile counts on pages of 4 KiB. */
static vmm_size
vm_map_copyin_buffer_max(const struct vm_map *map)
{
    return map->system->profile.copyin_buffer_max * (map->system->page_bytes / 4096);
}

enum vmm_status
vm_map_copyin(struct vm_map *map, vmm_va address, vmm_size size, bool always_pieces,
              struct vm_map_copy **copy)
{
    if (vm_range_wraps(address, size) || vm_map_round_page(map, address + size) == 0)
        return VMM_INVALID_ADDRESS;
    if (!always_pieces && size <= vm_map_copyin_buffer_max(map))
        return vm_map_copyin_buffer(map, address, size, copy);
    return vm_map_copyin_pieces(map, address, size, copy);
}

/*
 * vm_map_copy.c - copying without copying, as far as it goes
 *
 *      source entry                     piece
 *      nobody touched it yet            no object
 *      wired                            copied now, page by page (T16)
 *      symmetric object                 the object itself; both sides needs_copy
 *      delayed-copy object              a copy object above it, or copied now if a page is wired
 */
#include "vm/vm_map_copy.h"

#include <string.h>

#include "vm/vm_access.h"
#include "vm/vm_device.h"
#include "vm/vm_fault_internal.h"
#include "vm/vm_map_store.h"
#include "vm/vm_object.h"
#include "vm/vm_page.h"
#include "vm/vm_pageout.h"
#include "vm/vm_submap.h"

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

    if (!vm_map_find_place(map, start, &place))
        return 0;
    for (; place.end < end; count++) {
        if (!vm_map_find_place(map, place.end, &place))
            return 0;
    }
    return count;
}

static void
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
    if (entry->wired_count > 0)
        return vm_object_copy_slowly(entry->object, entry->offset, vm_entry_size(entry),
                                     &copy->object);
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

/* What a place has of [start, end), which begins in it; the entry is clipped to that. */
static enum vmm_status
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

/* Where in physical memory a byte of a device's entry is; 0: nowhere. */
static uint64_t
vm_map_device_address(const struct vm_map_entry *entry, vmm_va va)
{
    const struct vm_system *system = entry->object->system;
    vmm_ppn ppn = vm_device_frame(entry->object, vm_entry_offset(entry, va));

    if (!vm_device_frame_is_usable(system, ppn))
        return 0;
    return (uint64_t)ppn << system->page_shift | (va & (system->page_bytes - 1));
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
    status = vm_fault_page(entry->object, vm_entry_offset(entry, vm_map_trunc_page(map, va)), false,
                           &page, &kind);
    if (status == VMM_OK)
        hw_frame_read(&map->system->machine->frames, vm_page_ppn(page),
                      (uint32_t)(va & (map->system->page_bytes - 1)), to, size);
    return status;
}

/* Up to a few pages: the bytes are taken as copyin() would; any refusal is code 1 (T27). */
static enum vmm_status
vm_map_copyin_buffer(struct vm_map *map, vmm_va address, vmm_size size, struct vm_map_copy **made)
{
    struct vm_map_copy *copy = vm_map_copy_create(map->system, 0);
    vmm_size page_bytes = map->system->page_bytes;
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
    if (address + size < address || vm_map_round_page(map, address + size) == 0)
        return VMM_INVALID_ADDRESS;
    if (!always_pieces && size <= vm_map_copyin_buffer_max(map))
        return vm_map_copyin_buffer(map, address, size, copy);
    return vm_map_copyin_pieces(map, address, size, copy);
}

/* ---- extract (remap) ---- */

/*
 * Sharing needs an object of one's own: a missing one is made; one that waits to be copied, or that
 * is larger than the entry and nobody shares yet, gets a shadow; then it is copied by delay only.
 */
static enum vmm_status
vm_map_make_shareable(struct vm_map *map, struct vm_map_entry *entry)
{
    struct vm_object *before = entry->object;
    enum vmm_status status = vm_fault_materialise(entry, map->system);

    if (status != VMM_OK)
        return status;
    if (entry->object->copy_strategy == VM_COPY_SYMMETRIC && entry->wired_count == 0 &&
        (entry->object->size > vm_entry_size(entry) && !entry->object->true_share &&
         !entry->is_shared))
        status = vm_object_shadow(&entry->object, &entry->offset, vm_entry_size(entry));
    if (status != VMM_OK)
        return status;
    if (before != NULL && entry->object != before)
        vm_map_entry_narrow(map, entry, entry->protection & ~(vmm_prot)VMM_PROT_WRITE);
    entry->object->copy_strategy = VM_COPY_DELAY;
    return VMM_OK;
}

enum vmm_status
vm_map_share_entry(struct vm_map *map, struct vm_map_entry *entry)
{
    enum vmm_status status = vm_map_make_shareable(map, entry);

    if (status == VMM_OK)
        entry->is_shared = true;
    return status;
}

/* One entry as a piece that names its object, from `start` to `end`; nothing is clipped. */
static enum vmm_status
vm_map_extract_shared(struct vm_map *map, struct vm_map_entry *entry, vmm_va start, vmm_va end,
                      struct vm_map_copy *extract)
{
    enum vmm_status status = vm_map_share_entry(map, entry);

    if (status != VMM_OK)
        return status;
    vm_object_reference(entry->object);
    vm_map_copy_add(extract, entry,
                    &(struct vm_piece){ .object = entry->object,
                                        .offset = vm_entry_offset(entry, start),
                                        .size = end - start,
                                        .is_shared = true });
    return VMM_OK;
}

static enum vmm_status
vm_map_extract_entries(struct vm_map *map, vmm_va start, vmm_va end, bool copies, vmm_prot needed,
                       struct vm_map_copy *extract)
{
    enum vmm_status status = VMM_OK;
    struct vm_place place;

    for (; status == VMM_OK && start < end; start = place.end) {
        vmm_size size;

        if (!vm_map_find_place(map, start, &place))
            return VMM_INVALID_ADDRESS;
        if ((place.entry->protection & needed) != needed)
            return VMM_PROTECTION_FAILURE;
        if (!copies && place.entry->used_for_jit)
            return VMM_INVALID_ARGUMENT; /* vm.md 2.1; from 15 on a policy may allow it */
        size = (place.end < end ? place.end : end) - start;
        status = copies ? vm_map_copy_place(map, &place, start, end, extract)
                        : vm_map_extract_shared(vm_place_map(&place, map), place.entry,
                                                place.address, place.address + size, extract);
    }
    return status;
}

enum vmm_status
vm_map_extract(struct vm_map *map, vmm_va start, vmm_size size, bool copies, vmm_prot needed,
               struct vm_map_copy **made)
{
    size_t span = vm_map_span(map, start, start + size);
    struct vm_map_copy *extract;
    enum vmm_status status;

    if (span == 0)
        return VMM_INVALID_ADDRESS;
    extract = vm_map_copy_create(map->system, span);
    if (extract == NULL)
        return VMM_MODEL_NO_MEMORY;
    extract->size = size;
    vm_map_lock(map);
    status = vm_map_extract_entries(map, start, start + size, copies, needed, extract);
    vm_map_unlock(map);
    if (status != VMM_OK)
        vm_map_copy_discard(&extract);
    else
        *made = extract;
    return vm_fault_result(map, start, status);
}

/* ---- out ---- */

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
    at = piece->offset + (offset & ~(system->page_bytes - 1));
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
        vmm_size rest = page_bytes - (offset & (page_bytes - 1));
        vmm_size run = size < rest ? size : rest;

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
    struct vm_object *before = entry->object;
    enum vmm_status status = vm_fault_materialise(entry, map->system);
    struct vm_page *page;
    enum vm_fault_kind kind;

    if (status != VMM_OK)
        return status;
    if (entry->object->device != NULL) {
        uint64_t address = vm_map_device_address(entry, va);

        return address != 0 ? vm_device_write(map->system, address, from, size) : VMM_MEMORY_ERROR;
    }
    if (before != NULL && entry->object != before)
        vm_map_entry_narrow(map, entry, entry->protection & ~(vmm_prot)VMM_PROT_WRITE);
    status = vm_fault_page(entry->object, vm_entry_offset(entry, vm_map_trunc_page(map, va)), true,
                           &page, &kind);
    if (status != VMM_OK)
        return status;
    page->is_dirty = true;
    if (!hw_frame_write(&map->system->machine->frames, vm_page_ppn(page),
                        (uint32_t)(va & (map->system->page_bytes - 1)), from, size))
        return VMM_MODEL_NO_MEMORY;
    return VMM_OK;
}

/* Bytes [done, end) of the copy to address + done, page by page. */
static enum vmm_status
vm_map_overwrite_bytes(struct vm_map *map, vmm_va address, const struct vm_map_copy *copy,
                       vmm_size done, vmm_size end)
{
    vmm_size page_bytes = map->system->page_bytes;
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

/* Whether an entry's memory may be thrown away for a piece, by reference. */
static bool
vm_map_may_replace(const struct vm_map_entry *entry, const struct vm_piece *piece)
{
    const struct vm_object *object = entry->object;
    bool is_temporary =
        entry->needs_copy || (!entry->is_shared && (object == NULL || !object->true_share));

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
        pmap_remove(map->pmap, entry->start, entry->end);
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
    vmm_size mask = map->system->page_bytes - 1;
    vmm_size size = (*copy)->size;
    enum vmm_status status;

    if (address + size < address || address + size > map->max)
        return VMM_INVALID_ADDRESS;
    vm_map_lock(map);
    status = vm_map_overwrite_check(map, vm_map_trunc_page(map, address), address + size);
    if (status == VMM_OK && (*copy)->bytes == NULL &&
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

/* Pieces that nobody shares become entries of their own, rights and all, as after a fork. */
static enum vmm_status
vm_map_copyout_pieces(struct vm_map *map, struct vm_map_copy *copy, vmm_va start)
{
    enum vmm_status status = VMM_OK;

    for (size_t i = 0; i < copy->count && status == VMM_OK; i++) {
        const struct vm_piece *piece = &copy->pieces[i];
        struct vm_map_enter_args like = { .flags = VM_MAP_FIXED | VM_MAP_OVERWRITE,
                                          .protection = VMM_PROT_DEFAULT,
                                          .max_protection = VMM_PROT_ALL,
                                          .inheritance = VMM_INHERIT_COPY };

        status = vm_map_enter_piece(map, &start, piece, 0, piece->size, &like);
        start += piece->size;
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
    if ((*copy)->bytes != NULL) {
        vm_map_lock(map);
        status = vm_map_overwrite_bytes(map, start, *copy, 0, (*copy)->size);
        vm_map_unlock(map);
    } else {
        status = vm_map_copyout_pieces(map, *copy, start);
    }
    if (status != VMM_OK) {
        enum vmm_status removed = vm_map_delete(map, start, start + size);

        return vm_fault_result(map, start, removed == VMM_OK ? status : removed);
    }
    *address = start + (*copy)->offset;
    vm_map_copy_discard(copy);
    return VMM_OK;
}

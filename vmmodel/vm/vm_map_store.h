/*
 * vm_map_store.h - the sorted set of a map's entries: find, link, split, merge, find room
 *
 * PURPOSE     The structure of an address space, without any opinion on what entries mean.
 * INVARIANTS  I1, with vm_map.h
 * UNITS       addresses: bytes
 * OWNERSHIP   an entry holds one reference on its object
 * ERRORS      VMM_MODEL_NO_MEMORY: no entry could be had; VMM_NO_SPACE: no room
 * EVENTS      MAP_CLIP MAP_SIMPLIFY
 * XNU         vm_map_store_rb.c, _vm_map_clip_start, _vm_map_clip_end, vm_map_simplify_entry;
 *             vm.md 1.3 - 1.7
 */
#ifndef VM_VM_MAP_STORE_H
#define VM_VM_MAP_STORE_H

#include "vm/vm_internal.h"

/* vm_map_lookup_entry() where the hint does not help. */
bool vm_map_search_entry(const struct vm_map *map, vmm_va address, struct vm_map_entry **entry);

/* True: *entry holds `address`. False: *entry is the one before it, or NULL when none is. */
static inline bool
vm_map_lookup_entry(const struct vm_map *map, vmm_va address, struct vm_map_entry **entry)
{
    struct vm_map_entry *hint = map->hint;

    if (hint == NULL || address < hint->start || address >= hint->end)
        return vm_map_search_entry(map, address, entry);
    *entry = hint;
    return true;
}

/* The entry that holds `address`, or the first one after it, or NULL. */
struct vm_map_entry *vm_map_entry_at_or_after(const struct vm_map *map, vmm_va address);

/* Links a filled entry in; the range is free. */
void vm_map_entry_link(struct vm_map *map, struct vm_map_entry *entry);

/* Moves the end of a linked entry up; what follows is free. */
void vm_map_entry_lengthen(struct vm_map *map, struct vm_map_entry *entry, vmm_size more);

/* Takes an entry out of its map; it keeps its reference on the object. */
void vm_map_entry_unlink(struct vm_map *map, struct vm_map_entry *entry);

/* Frees an entry of no map, with its reference on the object. */
void vm_map_entry_free(struct vm_map *map, struct vm_map_entry *entry);

/* Both. */
void vm_map_entry_dispose(struct vm_map *map, struct vm_map_entry *entry);

/*
 * Splits so that an entry starts (ends) at `at`; nothing to do when `at` is not inside. The original
 * keeps the tail (clip_start) or the front (clip_end); both halves keep counts and flags.
 */
enum vmm_status vm_map_clip_start(struct vm_map *map, struct vm_map_entry *entry,
                                  vmm_va at) VMM_MUST_USE;
enum vmm_status vm_map_clip_end(struct vm_map *map, struct vm_map_entry *entry,
                                vmm_va at) VMM_MUST_USE;

/* Both ends of a range, as far as they lie inside the entry. */
enum vmm_status vm_map_clip_range(struct vm_map *map, struct vm_map_entry *entry, vmm_va start,
                                  vmm_va end) VMM_MUST_USE;

/* Merges what can be merged between start and end, and with the entry that begins at end. */
void vm_map_simplify_range(struct vm_map *map, vmm_va start, vmm_va end);

/*
 * Room as a request asks for it: at random, from the top down, with a free page before it, or at or after
 * *address as the profile searches (vm.md 1.7). VMM_NO_SPACE: there is none, or none in 1000 random tries.
 */
enum vmm_status vm_map_find_room(struct vm_map *map, const struct vm_map_enter_args *args,
                                 vmm_va *address) VMM_MUST_USE;

#endif

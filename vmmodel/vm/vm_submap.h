/*
 * vm_submap.h - a map that stands in another map's entry
 *
 * PURPOSE     A kernel submap is a range of the kernel's map with a lock and a search of its own: it
 *             shares the kernel's pmap, and addresses are the same in both. A nested user submap is
 *             memory that several tasks' maps show, each through one entry. Nested, its leaf tables
 *             stand in every one of those tasks' tables: what one touched, all have.
 *
 *                 map     ...|  entry, submap, offset o  |...
 *                                    |
 *                 submap     ...|  entry  |  entry  |...        address = va - start + o
 *
 * INVARIANTS  M1  an entry has an object or a submap, not both
 *             M2  the part of the submap that an entry shows lies inside the submap
 *             M3  an entry with use_pmap begins and ends at a nesting boundary
 *             M4  no translation in a submap's shared tables may be written through
 * UNITS       addresses: bytes
 * OWNERSHIP   an entry holds one reference on its submap; a submap with no reference left removes its
 *             entries
 * ERRORS      those of vm_map_enter; VMM_INVALID_ARGUMENT: not at nesting boundaries
 * EVENTS      MAP_ENTER MAP_CLIP; those of the maps
 * XNU         vm_kern.c kmem_suballoc, vm_map.c vm_map_submap, vm_map_clip_unnest,
 *             vm_map_lookup_and_lock_object; vm.md 1.4, 1.8, 4.2
 */
#ifndef VM_VM_SUBMAP_H
#define VM_VM_SUBMAP_H

#include "vm/vm_internal.h"
#include "vm/vm_map_store.h"

/*
 * Takes [*address, + size), rounded down and up, of a map (or the first room, ANYWHERE in `flags`) for a
 * submap that shares its pmap. The caller gets a reference. XNU: kmem_suballoc().
 */
enum vmm_status vm_map_suballoc(struct vm_map *parent, vmm_va *address, vmm_size size,
                                uint32_t flags, struct vm_map **submap) VMM_MUST_USE;

/*
 * A submap of [0, size) for user maps, with one reference: the caller's. It has no pmap: its memory is
 * touched and wired through the maps that show it.
 */
enum vmm_status vm_map_create_submap(struct vm_system *system, vmm_size size,
                                     struct vm_map **submap) VMM_MUST_USE;

/*
 * Shows [offset, offset + size) of a submap in a map, args->submap and args->offset: the entry takes
 * over one reference. VMKF_NESTED_PMAP: at nesting boundaries only, in a task's map only, and the tables
 * on the way are made now. XNU: vm_map_enter() with VMKF_SUBMAP, pmap_nest().
 */
enum vmm_status vm_map_enter_submap(struct vm_map *map, vmm_va *address,
                                    const struct vm_map_enter_args *args) VMM_MUST_USE;

/*
 * Lets the map's pmap use the leaf tables of what a nested entry shows. VMM_MODEL_NO_MEMORY,
 * VMM_MODEL_NO_FRAME: none is used then. XNU: pmap_nest(), in vm_map_enter() and vm_map_fork_share().
 */
enum vmm_status vm_map_nest_entry(struct vm_map *map,
                                  const struct vm_map_entry *entry) VMM_MUST_USE;

/* What a pmap nests at a time: the range of one leaf table; x86_64 2 MiB, arm64 32 MiB. */
vmm_size vm_map_nesting_bytes(const struct vm_system *system);

/* Where an address ends up behind all submaps. */
struct vm_place {
    const struct vm_map *map; /* the one whose entry it is */
    struct vm_map *submap;    /* the same, or NULL: no submap was on the way */
    struct vm_map_entry *entry;
    vmm_va address; /* in that map */
    vmm_va start;   /* what of the entry the first map shows, in its own addresses */
    vmm_va end;
    unsigned depth;      /* submaps on the way */
    bool needs_copy;     /* one of their entries waits to be copied: nothing may be written */
    struct pmap *nested; /* the submap's pmap, where its translations stand; NULL: the map's own */
};

/* The map of a place that was looked up from `map`. */
static inline struct vm_map *
vm_place_map(const struct vm_place *place, struct vm_map *map)
{
    return place->submap == NULL ? map : place->submap;
}

/* From an entry that names a submap, down to the one that names none; false: nothing is mapped there. */
bool vm_map_find_below(vmm_va address, struct vm_place *place);

/* False: nothing is mapped there. Nothing changes. */
static inline bool
vm_map_find_place(const struct vm_map *map, vmm_va address, struct vm_place *place)
{
    *place = (struct vm_place){ .map = map, .address = address };
    if (!vm_map_lookup_entry(map, address, &place->entry))
        return false;
    place->start = place->entry->start;
    place->end = place->entry->end;
    return place->entry->submap == NULL || vm_map_find_below(address, place);
}

/* What vm_map_lookup_for() does with a place behind a submap. */
enum vmm_status vm_map_lookup_through(struct vm_map *map, vmm_va address, vmm_prot access,
                                      struct vm_place *place) VMM_MUST_USE;

/*
 * vm_map_find_place() for an access. A store (or VMM_PROT_COPY) through an entry that waits to be copied puts a
 * private copy of the smallest part into that map first; one through a nested entry unnests its unit
 * (vm.md 5.7). Errors: 1 nothing mapped, 2 rights.
 * XNU: vm_map_lookup_locked(), vm.md 4.2.
 */
VMM_MUST_USE static inline enum vmm_status
vm_map_lookup_for(struct vm_map *map, vmm_va address, vmm_prot access, struct vm_place *place)
{
    if (!vm_map_find_place(map, address, place))
        return VMM_INVALID_ADDRESS;
    if (place->depth > 0)
        return vm_map_lookup_through(map, address, access, place);
    return access & VMM_PROT_ALL & ~(vmm_prot)place->entry->protection ? VMM_PROTECTION_FAILURE
                                                                       : VMM_OK;
}

/*
 * Takes the translations of what an entry shows of its submap away; a nested one is unnested.
 * XNU: pmap_unnest(), vm_map_submap_pmap_clean() in vm_map_delete().
 */
void vm_map_submap_clean(struct vm_map *map, struct vm_map_entry *entry);

#endif

/*
 * vm_map_wire_internal.h - what wiring, unwiring and removal share
 *
 * PURPOSE     Counts of wires, and the window in which an entry's pages are (un)wired with the map
 *             unlocked.
 * INVARIANTS  I3, I4, I19
 * UNITS       addresses: bytes
 * OWNERSHIP   none
 * ERRORS      see vm_map_wire.h
 * EVENTS      MAP_WIRE MAP_UNWIRE
 * XNU         add_wire_counts, subtract_wire_counts, vm_map_wire_nested, vm_map_unwire_nested
 */
#ifndef VM_VM_MAP_WIRE_INTERNAL_H
#define VM_VM_MAP_WIRE_INTERNAL_H

#include "vm/vm_internal.h"

/*
 * A range of a map, and whose translations stand for it: the map's own, or for a submap those of the
 * map above, where address `va` of this map is `va + delta`.
 */
struct vm_wire_range {
    struct vm_map *map;
    vmm_va start;
    vmm_va end;
    struct pmap *pmap;
    vmm_va delta; /* modulo 2^64 */
    bool user_wire;
    bool is_nested; /* this is a submap's part of a wiring that began above */
};

/* [start, end) cut to the map; empty stays empty. vm.md 3.2 step 1. */
struct vm_wire_range vm_wire_range(struct vm_map *map, vmm_va start, vmm_va end, bool user_wire);

/* The part of a submap that `entry`, of the range's map, shows. */
struct vm_wire_range vm_wire_range_below(const struct vm_wire_range *range,
                                         const struct vm_map_entry *entry);

enum vmm_status vm_map_add_wire(struct vm_map *map, struct vm_map_entry *entry,
                                bool user_wire) VMM_MUST_USE;
void vm_map_subtract_wire(struct vm_map *map, struct vm_map_entry *entry, bool user_wire);

void vm_map_say_wire(struct vm_map *map, enum trace_kind kind, const struct vm_map_entry *entry,
                     vmm_prot access);

/*
 * Begins the window: the entry is in transition and the map unlocked, others may have run. Returns
 * the entry as it was. vm_map_end_transition() ends it for all that came of that entry.
 */
struct vm_map_entry vm_map_begin_transition(struct vm_map *map, struct vm_map_entry *entry);
void vm_map_end_transition(struct vm_map *map, const struct vm_map_entry *snapshot);

/*
 * Undoes the wiring of the pages of an entry whose last wire is gone, with the map unlocked; what
 * the entry became may have been cut meanwhile.
 */
enum vmm_status vm_map_unwire_pages(const struct vm_wire_range *range,
                                    struct vm_map_entry *entry) VMM_MUST_USE;

/* vm_map_unwire() of a range whose map is locked and whose start is mapped. */
enum vmm_status vm_map_unwire_locked(const struct vm_wire_range *range) VMM_MUST_USE;

#endif

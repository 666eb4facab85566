/*
 * vm_map.h - what should be there: ranges of an address space and their backing
 *
 * PURPOSE     A sorted set of entries. An entry says which object backs a range and with which
 *             rights; it makes no page and no translation.
 * INVARIANTS  I1  entries sorted, disjoint, start < end, inside [min, max); tree and list agree;
 *                 map.size = sum of entry sizes
 *             I2  entry bounds are page aligned
 *             I3  user_wired_count > 0 implies wired_count >= 1; both <= 65535
 *             I4  user_wire_size = sum of sizes of entries with user wires
 *             I16 needs_copy implies an object, and no writable translation
 *             I19 in_transition only while an operation runs
 *             I20 timestamp grows on every exclusive unlock
 * UNITS       start, end, address, size: bytes; ranges half open. mask: alignment - 1, bytes.
 * OWNERSHIP   a map owns its entries and its pmap; an entry holds one reference on its object.
 *             vm_map_reference() and vm_map_release() count who keeps the map.
 * ERRORS      the KERN_* numbers that vm.md 2.1 gives for each call, VMM_MODEL_*
 * EVENTS      MAP_ENTER MAP_REMOVE MAP_PROTECT MAP_CLIP MAP_SIMPLIFY
 * XNU         osfmk/vm/vm_map.c. Differs: an entry is always aligned to the pages of its map, so
 *             that map_aligned is not asked; submaps are in vm_submap.h
 */
#ifndef VM_VM_MAP_H
#define VM_VM_MAP_H

#include "base/status.h"
#include "base/types.h"

struct vm_map;
struct vm_object;
struct vm_system;

/* VM_FLAGS_* (vm.md 0.2); the tag stands in the highest byte. */
enum {
    VM_MAP_FIXED = 0,
    VM_MAP_ANYWHERE = 1,
    VM_MAP_PURGABLE = 2,
    VM_MAP_4GB_CHUNK = 4,
    VM_MAP_RANDOM_ADDR = 8,
    VM_MAP_NO_CACHE = 0x10,
    VM_MAP_RESILIENT = 0x60,
    VM_MAP_PERMANENT = 0x80,
    VM_MAP_TPRO = 0x1000,
    VM_MAP_OVERWRITE = 0x4000, /* with FIXED, what is there goes first */
    VM_MAP_SUPERPAGE_MASK = 0x70000,
    VM_MAP_SUPERPAGE_ANY = 1 << 16,
    VM_MAP_SUPERPAGE_2MB = 2 << 16,
    VM_MAP_RETURN_DATA_ADDR = 0x100000,
    VM_MAP_RETURN_4K_DATA_ADDR = 0x800000,
};

#define VM_MAP_TAG(flags) ((uint8_t)((uint32_t)(flags) >> 24))

/* Access patterns and advice (vm.md 0.2). */
enum vm_behavior {
    VM_BEHAVIOR_DEFAULT,
    VM_BEHAVIOR_RANDOM,
    VM_BEHAVIOR_SEQUENTIAL,
    VM_BEHAVIOR_RSEQNTL,
    VM_BEHAVIOR_WILLNEED,
    VM_BEHAVIOR_DONTNEED,
    VM_BEHAVIOR_FREE,
    VM_BEHAVIOR_ZERO_WIRED_PAGES,
    VM_BEHAVIOR_REUSABLE,
    VM_BEHAVIOR_REUSE,
    VM_BEHAVIOR_CAN_REUSE,
    VM_BEHAVIOR_PAGEOUT,
    VM_BEHAVIOR_ZERO,
    VM_BEHAVIOR_COUNT
};

/* What only the kernel itself may ask of vm_map_enter(); vmk_flags. */
enum {
    VMKF_ALREADY = 1,      /* FIXED: that very mapping there is code 23, not 3 */
    VMKF_ATOMIC = 2,       /* cutting the entry is a panic (10.12 on) */
    VMKF_GUARD_BEFORE = 4, /* ANYWHERE: the page before the mapping is free */
    VMKF_LAST_FREE = 8,    /* ANYWHERE in the kernel: from the top down (12 on) */
    VMKF_JIT = 16,         /* ANYWHERE: at random; one a map, the second is code 4 */
    VMKF_NESTED_PMAP = 32, /* with `submap`: use_pmap */
};

struct vm_map_enter_args {
    vmm_size size;            /* bytes, page aligned, > 0 */
    vmm_va mask;              /* alignment - 1 */
    uint32_t flags;           /* VM_MAP_* */
    uint32_t vmk_flags;       /* VMKF_* */
    struct vm_map *submap;    /* instead of an object: as with `object`, its reference goes over */
    struct vm_object *object; /* NULL: anonymous, made when needed; else the entry takes over one
                                 reference on success */
    vmm_off offset;           /* into the object, or the address in the submap */
    bool needs_copy;
    bool is_shared;
    vmm_prot protection;
    vmm_prot max_protection;
    uint32_t inheritance; /* VMM_INHERIT_* */
};

/*
 * The size of the map's pages: what entries are multiples of, and what one fault maps. Some user maps
 * on machines of 16 KiB have pages of 4 KiB (vm.md 1.8), while objects keep pages of the machine's: such
 * a map shows parts of them. XNU: VM_MAP_PAGE_SIZE().
 */
vmm_size vm_map_page_bytes(const struct vm_map *map);

/*
 * Makes an entry at *address (FIXED) or at the first room at or after it (ANYWHERE). No page, no
 * translation. Anonymous memory may extend the entry before it, and takes several entries from 128
 * MiB on; superpages are filled and user-wired at once. Errors: VMM_INVALID_ADDRESS outside the map,
 * VMM_NO_SPACE taken or no room, VMM_INVALID_ARGUMENT a superpage's size, a second
 * JIT entry, an object that PURGABLE or a superpage does not go with, or an offset that is on no page
 * of the map.
 * XNU: vm_map_enter(), vm.md 1.6, 1.7, 2.1.
 */
enum vmm_status vm_map_enter(struct vm_map *map, vmm_va *address,
                             const struct vm_map_enter_args *args) VMM_MUST_USE;

/* How vm_map_remove() treats wires; XNU's names. */
enum {
    VM_MAP_REMOVE_KUNWIRE = 1, /* one kernel wire of each entry is the caller's own: drop it */
    VM_MAP_REMOVE_INTERRUPTIBLE = 2, /* a wait may end with code 14 */
};

/*
 * Removes [start, end), page aligned. Waits for entries in transition; drops user wires; waits for
 * kernel wires, which nothing in a single-threaded run can end: VMM_MODEL_HANG (or the panic of a
 * kernel with assertions) with nothing removed at or after that entry. XNU: vm_map_delete(),
 * vm.md 3.6, iokit.md 4.4. vm_map_delete() is the same without flags.
 */
enum vmm_status vm_map_remove(struct vm_map *map, vmm_va start, vmm_va end,
                              uint32_t flags) VMM_MUST_USE;
enum vmm_status vm_map_delete(struct vm_map *map, vmm_va start, vmm_va end) VMM_MUST_USE;

/*
 * Sets the current (or, with set_maximum, the maximum) rights of [start, end). Translations only
 * lose rights here. Errors: 1 for a hole, 2 when `prot` exceeds the maximum; nothing changed then.
 * XNU: vm_map_protect(), vm.md 2.3.
 */
enum vmm_status vm_map_protect(struct vm_map *map, vmm_va start, vmm_va end, vmm_prot prot,
                               bool set_maximum) VMM_MUST_USE;

/*
 * Bookkeeping for fork; holes are passed over. VMM_INVALID_ARGUMENT, and nothing changed: COPY over a
 * submap. XNU: vm_map_inherit().
 */
enum vmm_status vm_map_inherit(struct vm_map *map, vmm_va start, vmm_va end,
                               uint32_t inheritance) VMM_MUST_USE;

/*
 * From now on room is looked for in [start, end) only, which lies in the map: where a hint lies
 * outside, the search begins at `start`. For an embedder whose host has other places taken.
 */
void vm_map_search_within(struct vm_map *map, vmm_va start, vmm_va end);

/* mach_vm_allocate, mach_vm_deallocate, mach_vm_protect: rounding and checks of vm.md 2.1, 2.2. */
enum vmm_status vm_allocate(struct vm_map *map, vmm_va *address, vmm_size size,
                            uint32_t flags) VMM_MUST_USE;
enum vmm_status vm_deallocate(struct vm_map *map, vmm_va address, vmm_size size) VMM_MUST_USE;
enum vmm_status vm_protect(struct vm_map *map, vmm_va address, vmm_size size, bool set_maximum,
                           vmm_prot prot) VMM_MUST_USE;

/* RLIMIT_MEMLOCK: how many bytes of this map its user may wire (vm.md 1.1). */
void vm_map_set_user_wire_limit(struct vm_map *map, vmm_size bytes);

vmm_va vm_map_min(const struct vm_map *map);
vmm_va vm_map_max(const struct vm_map *map);
vmm_size vm_map_size(const struct vm_map *map);
uint32_t vm_map_space(const struct vm_map *map); /* the number events carry; 0: the kernel's */
bool vm_map_is_kernel(const struct vm_map *map);
struct vm_system *vm_map_system(const struct vm_map *map);
void vm_map_reference(struct vm_map *map);
void vm_map_release(struct vm_map **map);

/* Rounds an address down and up to the map's page; up may wrap to 0. */
vmm_va vm_map_trunc_page(const struct vm_map *map, vmm_va address);
vmm_va vm_map_round_page(const struct vm_map *map, vmm_va address);

/* What mach_vm_region and a simulator's display tell of one entry (vm.md 7.3). */
struct vm_region {
    vmm_va start;
    vmm_va end;
    vmm_prot protection;
    vmm_prot max_protection;
    uint32_t inheritance;
    uint32_t wired_count; /* not exported by the Mac */
    uint32_t user_wired_count;
    bool needs_copy;
    uint32_t object_id; /* 0: no object yet */
    vmm_off offset;
    uint64_t resident_pages; /* in the entry's part of the object chain */
    uint32_t shadow_depth;   /* the whole chain under the object */
    uint32_t object_references;
    uint32_t behavior;
    uint32_t tag;
    bool is_shared;
    bool is_permanent;
    bool is_submap;    /* told as "reserved" */
    uint32_t purgable; /* 0 nonvolatile, 1 volatile, 2 empty, 3 cannot be purged */
};

/* Who else sees the memory of an entry (vm.md 7.3). */
enum vm_share_mode {
    VM_SHARE_COW = 1,
    VM_SHARE_PRIVATE,
    VM_SHARE_EMPTY,
    VM_SHARE_SHARED,
    VM_SHARE_TRUESHARED,
    VM_SHARE_PRIVATE_ALIASED,
    VM_SHARE_SHARED_ALIASED,
    VM_SHARE_LARGE_PAGE
};

/* What mach_vm_region's extended flavour and mach_vm_region_recurse tell besides. */
struct vm_region_pages {
    enum vm_share_mode share_mode;
    uint64_t resident;           /* pages that the chain shows, each page of the entry once */
    uint64_t shared_now_private; /* of those, found below in an object that only this chain names */
    uint64_t swapped_out;
    uint64_t dirty;
    uint64_t reusable;
    uint64_t wired;           /* pages with a wire count; not exported by the Mac */
    uint32_t reference_count; /* of the chain, less the references between its members */
    uint32_t shadow_depth;    /* how far down a page of the entry was looked for */
    bool external_pager;      /* a file or a device has bytes of that chain */
};

/* The entry that holds `address`, or the next one after it; false at the end of the map. */
bool vm_map_region(const struct vm_map *map, vmm_va address, struct vm_region *region);

/*
 * The same at most *depth submaps down; a submap's hole is passed over. *depth becomes the depth of
 * what was found, whose bounds are those that `map` shows. XNU: vm_map_region_recurse_64().
 */
bool vm_map_region_recurse(const struct vm_map *map, vmm_va address, uint32_t *depth,
                           struct vm_region *region);

/*
 * Walks the pages of the entry that holds `address`; false when none does. `walks` false: the chain
 * is measured and no page is looked for. XNU: vm_map_region_walk().
 */
bool vm_map_region_pages(const struct vm_map *map, vmm_va address, bool walks,
                         struct vm_region_pages *pages);

/*
 * The same at most `depth` submaps down, as vm_map_region_recurse() finds it. A submap that is not
 * looked into is TRUESHARED with nested translations, else PRIVATE, with the submap's references.
 */
bool vm_map_region_pages_below(const struct vm_map *map, vmm_va address, uint32_t depth, bool walks,
                               struct vm_region_pages *pages);

/* What mach_vm_region's top flavour tells: of the objects behind an entry, not of its pages. */
struct vm_region_top {
    enum vm_share_mode share_mode; /* EMPTY, PRIVATE, SHARED, COW or LARGE_PAGE */
    uint32_t object_id;            /* of the chain's last object */
    uint32_t reference_count;
    uint64_t private_pages;
    uint64_t shared_pages;
};

/* The objects behind the entry that holds `address`; false when none does. */
bool vm_map_region_top(const struct vm_map *map, vmm_va address, struct vm_region_top *top);

/* One page as a simulator's probe sees it; nothing is disturbed. */
struct vm_page_view {
    bool is_mapped;     /* an entry covers it */
    bool is_resident;   /* some object of the chain holds the page */
    vmm_ppn ppn;        /* that page */
    uint32_t object_id; /* the object that holds it */
    uint32_t page_wire_count;
    bool is_translated;
    bool is_translation_wired;
    vmm_prot translation_prot;
    vmm_ppn translation_ppn;
    uint32_t translation_part; /* of that frame, in pages of the map */
};

void vm_map_probe(const struct vm_map *map, vmm_va address, struct vm_page_view *view);

/* Drops the translations of [start, end), wired or not; the entries stay. XNU: IOUnmapPages(). */
void vm_map_drop_translations(struct vm_map *map, vmm_va start, vmm_va end);

/* How many pages of [start, end) have a translation; those with the wired bit in *wired if given. */
uint64_t vm_map_translated(const struct vm_map *map, vmm_va start, vmm_va end, uint64_t *wired);

#endif

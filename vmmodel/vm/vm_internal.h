/*
 * vm_internal.h - the structs of the vm floor, and how they hang together
 *
 * PURPOSE     Shown to this floor and to tests.
 *
 *                 vm_system --- vm_task --- vm_map --- vm_map_entry --(ref)--> vm_object
 *                     |                        |                                  |  \ shadow (ref)
 *                     |                       pmap                             radix  v
 *                     +-- vm_page_at(ppn) <------------------------------------- ppn  vm_object
 *
 * INVARIANTS  O1  object.ref_count = entries + memory entries + I/O lists + shadows that name it
 *             O2  object->copy names an object whose shadow is this one (no reference held)
 *             I10 see vm_map_wire.h
 *             I17 a page on no object is free and has no mapping
 * UNITS       sizes and offsets: bytes
 * OWNERSHIP   an object owns its pages
 * ERRORS      none of its own
 * EVENTS      none of its own
 * XNU         vm_map.h, vm_object.h, vm_page.h; vm.md 1.1, 1.2, 1.9, 4.8
 */
#ifndef VM_VM_INTERNAL_H
#define VM_VM_INTERNAL_H

#include "base/alloc.h"
#include "base/assert.h"
#include "base/index.h"
#include "base/list.h"
#include "base/planted.h"
#include "base/radix.h"
#include "base/rng.h"
#include "hw/hw_machine.h"
#include "pmap/pmap.h"
#include "vm/vm_context.h"
#include "vm/vm_kmem.h"
#include "vm/vm_map.h"
#include "vm/vm_system.h"
#include "vm/vm_task.h"

enum vm_page_queue {
    VM_PAGE_ON_NONE,
    VM_PAGE_ACTIVE,
    VM_PAGE_INACTIVE,
    VM_PAGE_SPECULATIVE, /* read ahead and not touched yet, or not to be cached */
    VM_PAGE_QUEUES,
    VM_PAGE_ANY_QUEUE = 15 /* all bits of page->queue */
};

/*
 * What is asked of a page first. There are as many of these as there are frames, and a machine has
 * millions: what else a page needs stands beside it in its chunk, and what nearly no page has stands
 * elsewhere (enum vm_odd_wires).
 */
struct vm_page {
    uint16_t queue : 4; /* enum vm_page_queue; wired pages are on none (vm.md 4.8) */
    bool is_dirty : 1;
    bool pmapped : 1;  /* ever mapped */
    bool wpmapped : 1; /* ever mapped with WRITE */
    bool is_reusable : 1;
    bool is_absent : 1; /* held for a device that has not written it yet (vm.md 4.8) */
    bool busy : 1;      /* asked for, and its bytes have not come: nobody else's business (I21) */
    bool clustered : 1; /* came ahead of time: its first touch is the pagein */
    bool reference : 1; /* used since it was last deactivated, as far as no translation tells */
    bool error : 1;     /* the pager had no bytes for it: who meets it has code 10, and it goes */
    bool laundry : 1; /* being written back: on no queue until that is done, or somebody uses it */
    bool follows : 1; /* behind the page before it in its queue too: that link is not stored */
    bool wired_once : 1; /* its wire count is 1, and not stored */
};

enum { VM_PAGE_CHUNK_BYTES = 16384, VM_PAGE_CHUNK = 1169 /* pages of one */ };

/*
 * Pages of neighbouring frames, aligned to its size, so that a page finds its system and its number.
 * Each thing there is to know of them is an array of its own, so that a run of pages is a run of it. A
 * page that is on no queue, as every wired one, needs no neighbours there; and what nearly all pages have,
 * the page before as neighbour or one wire, is a bit.
 */
struct vm_page_chunk {
    _Alignas(VM_PAGE_CHUNK_BYTES) struct vm_system *system;
    vmm_ppn first;
    union {
        struct vm_page pages[VM_PAGE_CHUNK];
        uint16_t bits[VM_PAGE_CHUNK]; /* all of each, for who asks many at once */
    };
    uint32_t place[VM_PAGE_CHUNK];     /* in its object: vmm_radix_place(); 0: of no object */
    vmm_ppn queue_next[VM_PAGE_CHUNK]; /* of system->queues[queue]: vm_page_queue_next() */
    union {
        vmm_ppn queue_prev[VM_PAGE_CHUNK];
        uint32_t wires[VM_PAGE_CHUNK]; /* while it is on no queue: vm_page_wire_count() */
    };
};

_Static_assert(sizeof(struct vm_page) == 2, "a byte here is a GiB for each four TiB");
_Static_assert(sizeof(struct vm_page_chunk) == VM_PAGE_CHUNK_BYTES,
               "more pages than there is room");

/* What VM_PROT_COPY does to wired memory (vm.md T4), counted in entries that ... */
enum vm_odd_wires {
    VM_WIRES_AT_RISK, /* wired this page, and lose the wire when they copy it */
    VM_WIRES_LOST,    /* wired this page, and show a copy now, or lost count (3.4) */
    VM_WIRES_MISSING, /* show this page, and wired what it was copied from */
    VM_ODD_WIRES
};

/* Pages in the order in which they will be reclaimed. */
struct vm_page_list {
    vmm_ppn first;
    vmm_ppn last;
    uint64_t count;
};

/* How an object may be copied (vm.md 1.9). */
enum vm_copy_strategy {
    VM_COPY_NONE,      /* at once, page by page */
    VM_COPY_CALL,      /* XNU asks the pager; here as NONE */
    VM_COPY_DELAY,     /* a copy object above, to which old pages are pushed */
    VM_COPY_SYMMETRIC, /* both sides shadow when they write */
};

enum vm_purgable {
    VM_PURGABLE_NONVOLATILE,
    VM_PURGABLE_VOLATILE,
    VM_PURGABLE_EMPTY,
    VM_PURGABLE_DENY
};

struct vm_object {
    struct vmm_list link; /* on system->objects */
    struct vm_system *system;
    uint32_t id;
    uint32_t ref_count;
    vmm_size size;
    struct vm_object *shadow;
    vmm_off shadow_offset;
    bool shadow_severed;    /* what it does not have itself is lost (vm.md 4.3) */
    bool guard_first;       /* its first page is a guard: no frame, and no touch is served */
    bool guard_last;        /* the same of its last page (XNU: KMA_GUARD_FIRST, KMA_GUARD_LAST) */
    struct vm_object *copy; /* who must get the old page before this one is written */
    enum vm_copy_strategy copy_strategy;
    bool true_share;
    bool is_under_wires;    /* put under an entry that was wired already: its pages are not (T4) */
    struct vmm_radix pages; /* ppn by page index */
    struct vmm_radix paged_out; /* slot of the store by page index; never a page and a slot */
    uint64_t wired_page_count;
    bool blocked_access;  /* a fault waits until it is unblocked (IOMemoryDescriptor::redirect) */
    bool phys_contiguous; /* frames from first_ppn on: a device's block, which has no pages, or a
                             superpage (vm.md 1.6, 1.9) */
    vmm_ppn first_ppn;
    struct vm_device *device;    /* not NULL: the bytes are a device's (vm_device.h) */
    struct vm_pager *pager;      /* not NULL: a file has the bytes (vm_pager.h) */
    uint32_t paging_in_progress; /* it stays as it is: no collapse, no purge */
    uint8_t purgable;            /* enum vm_purgable */
    uint32_t volatile_state;     /* the bits besides the state, as they were set */
    uint64_t volatile_since;     /* in the order of system->last_volatile */
};

struct vm_map_entry {
    vmm_va start;
    vmm_va end;
    struct vmm_list link;     /* on map->entries, in order */
    struct vm_object *object; /* NULL: nothing yet, or a submap */
    struct vm_map *submap;    /* the map that says what is here; one reference; XNU: is_sub_map */
    vmm_off offset;           /* into the object, or the address in the submap */
    uint8_t protection;       /* vmm_prot */
    uint8_t max_protection;
    uint8_t inheritance;
    uint8_t behavior;
    uint8_t tag; /* VM_MAKE_TAG's number; XNU: alias */
    bool is_shared : 1;
    bool no_cache : 1;
    bool permanent : 1;
    bool is_superpage : 1;
    bool is_atomic : 1; /* XNU: vme_atomic */
    bool used_for_jit : 1;
    bool use_pmap : 1; /* of a submap: translations are nested; of an object: always */
    bool zero_wired_pages : 1;
    bool needs_copy : 1;
    bool in_transition : 1;
    bool needs_wakeup : 1;
    bool is_prefaulted : 1; /* translations may carry the wired bit without a wire (vm.md T10) */
    uint16_t wired_count;
    uint16_t user_wired_count;
};

/* Of a 64-bit host; with its part of the index that makes less than 96. */
_Static_assert(sizeof(struct vm_map_entry) <= 72, "a map may have a million of these");

struct vm_map {
    struct vmm_list link; /* on system->maps */
    struct vm_system *system;
    struct vm_task *task; /* NULL once the task ended */
    uint32_t space;
    uint32_t ref_count;
    uint32_t page_shift; /* of its pages: the system's, or smaller (vm_map_page_bytes()) */
    vmm_va min;
    vmm_va max;
    struct pmap *pmap; /* NULL: a user submap */
    bool owns_pmap;
    struct pmap *shared_pmap; /* a user submap's, once it is nested: what the maps above share */
    struct vmm_list entries;
    struct vmm_index index;    /* of the entries, by start; it may lack some (vm_map_store.c) */
    size_t entry_count;        /* on the list; XNU: hdr.nentries */
    struct vm_map_entry *hint; /* where the last look-up ended, or NULL; XNU: hint */
    struct vm_map_entry **hint_place; /* &hint: a look-up changes nothing but that */
    vmm_size size;
    vmm_size user_wire_limit;
    vmm_size user_wire_size;
    vmm_va first_free; /* nothing in [search_min, first_free) is free: no search need begin there */
    vmm_va search_min; /* room is looked for in [search_min, search_max) only */
    vmm_va search_max;
    vmm_va high_start;        /* where searches begin that have no hint; 0: nowhere special */
    vmm_va highest_entry_end; /* of all entries there ever were */
    bool wait_for_space;
    bool no_zero_fill;          /* nobody will read a fresh page before it is written */
    bool wiring_required;       /* what is new is user-wired at once */
    bool disable_vmentry_reuse; /* searches begin above every entry there ever was */
    bool jit_entry_exists;
    bool mapped_in_other_pmaps; /* a submap whose translations are in several maps' pmaps */
    bool enforces_code_signing;
    uint64_t timestamp;
    bool is_locked;
};

struct vm_task {
    struct vmm_list link; /* on system->tasks */
    struct vm_system *system;
    uint32_t id;
    struct vm_map *map;
    uint64_t faults;
    bool is_throttled;
};

struct vm_cpu_context {
    uint32_t preemption_level;
    uint32_t interrupt_level;
    uint32_t interrupts_off;
    uint32_t faults_disabled;
    uint32_t depth;
    uint8_t stack[VM_CONTEXT_DEPTH]; /* enum vm_no_fault, innermost last */
};

/* Where dirty pages go that memory has no room for; the default pager, or the compressor. */
struct vm_store {
    uint8_t **slots; /* contents by slot, NULL: all zero */
    uint32_t *free_slots;
    size_t capacity; /* slots that have been made */
    size_t free_count;
    uint64_t limit; /* pages it may hold; 0: none, and nothing dirty can be reclaimed */
    uint64_t used;
    bool fails; /* every request ends with an error, until told otherwise */
};

struct vm_system {
    const struct vmm_alloc *alloc;
    struct vm_profile profile;
    struct vm_sched *sched;
    bool watches_tlbs;          /* vm_system_watch_tlbs() */
    struct vm_lock driver_lock; /* vm_system_driver_lock() */
    bool kernel_asserts;
    bool evicts_on_entry;
    struct trace trace;
    struct hw_machine *machine;
    struct pmap_system *pmaps;
    vmm_size page_bytes;
    uint32_t page_shift;
    vmm_ppn frame_count;
    struct vm_page_chunk *page_chunks;        /* by ppn: vm_page_at() */
    void *page_memory;                        /* what they were taken as */
    struct vmm_radix odd_wires[VM_ODD_WIRES]; /* counts by ppn; none: 0 */
    uint64_t wired_pages;       /* pages with a wire count, table pages not included */
    uint64_t io_wires;          /* wire counts that I/O lists hold */
    uint64_t external_pages;    /* on the queues, of objects with a pager */
    uint32_t waiting_for_pages; /* threads that sleep until a page is free */
    uint64_t last_volatile;     /* how many objects became volatile */
    struct vmm_zone entry_zone;
    struct vmm_zone index_zone;
    struct vmm_zone object_zone;
    struct vmm_radix_store radix_store;
    struct vmm_zone map_zone;
    struct vmm_zone task_zone;
    struct vm_page_list queues[VM_PAGE_QUEUES];
    struct vm_store store;
    struct vmm_list objects;
    struct vmm_list maps;
    struct vmm_list tasks;
    struct vm_task *kernel_task;
    struct vm_map *kernel_map;
    struct vm_kmem_submaps kernel_submaps; /* vm_kmem_submaps() */
    struct vm_cpu_context contexts[HW_MAX_CPUS];
    struct vm_task *cpu_tasks[HW_MAX_CPUS]; /* whose user space each CPU has loaded; NULL: none */
    uint32_t cpu;
    struct vmm_rng rng; /* for random placement; the same in every run */
    uint32_t next_object_id;
    uint32_t next_space;
    uint32_t next_id;
    struct vm_statistics counts;       /* the fault counters; page counts are computed */
    enum vmm_status last_fault_status; /* what a panic's VF says */
    struct vm_stop stop;
};

/* The section that the current CPU is in, if any. */
static inline const struct vm_cpu_context *
vm_context_of(const struct vm_system *system)
{
    return &system->contexts[system->cpu];
}

/* Whether the kernel runs and its current CPU is in no section: nothing refuses a fault then. */
static inline bool
vm_system_is_at_ease(const struct vm_system *system)
{
    return system->stop.kind == VM_RUNNING && vm_context_of(system)->depth == 0;
}

static inline struct vm_page *
vm_page_at(const struct vm_system *system, vmm_ppn ppn)
{
    return &system->page_chunks[ppn / VM_PAGE_CHUNK].pages[ppn % VM_PAGE_CHUNK];
}

static inline struct vm_page_chunk *
vm_page_chunk(const struct vm_page *page)
{
    return (struct vm_page_chunk *)((uintptr_t)page & ~(uintptr_t)(VM_PAGE_CHUNK_BYTES - 1));
}

static inline struct vm_system *
vm_page_system(const struct vm_page *page)
{
    return vm_page_chunk(page)->system;
}

/* Which of its chunk a page is. */
static inline uint32_t
vm_page_nth(const struct vm_page *page)
{
    return (uint32_t)(page - vm_page_chunk(page)->pages);
}

static inline vmm_ppn
vm_page_ppn(const struct vm_page *page)
{
    return vm_page_chunk(page)->first + vm_page_nth(page);
}

static inline uint32_t *
vm_page_place(const struct vm_page *page)
{
    return &vm_page_chunk(page)->place[vm_page_nth(page)];
}

/* The page behind one in its queue, and the one before; VMM_NO_PAGE: there is none. */
static inline vmm_ppn
vm_page_queue_next(const struct vm_page_list *list, const struct vm_page *page)
{
    const struct vm_page_chunk *chunk = vm_page_chunk(page);
    uint32_t nth = vm_page_nth(page);

    if (list->last == chunk->first + nth)
        return VMM_NO_PAGE;
    return nth + 1 < VM_PAGE_CHUNK && page[1].follows ? chunk->first + nth + 1
                                                      : chunk->queue_next[nth];
}

static inline vmm_ppn
vm_page_queue_prev(const struct vm_page_list *list, const struct vm_page *page)
{
    const struct vm_page_chunk *chunk = vm_page_chunk(page);
    uint32_t nth = vm_page_nth(page);

    if (list->first == chunk->first + nth)
        return VMM_NO_PAGE;
    return page->follows ? chunk->first + nth - 1 : chunk->queue_prev[nth];
}

/* NULL: the page is free. */
static inline struct vm_object *
vm_page_object(const struct vm_page *page)
{
    const struct vmm_radix_store *store = &vm_page_system(page)->radix_store;
    uint32_t place = *vm_page_place(page);

    return place == 0 ? NULL
                      : VMM_CONTAINER(vmm_radix_at(store, place)->radix, struct vm_object, pages);
}

/* Where in its object a page is. */
static inline vmm_off
vm_page_offset(const struct vm_page *page)
{
    const struct vm_system *system = vm_page_system(page);
    uint32_t place = *vm_page_place(page);
    uint32_t slot = place & (VMM_RADIX_FANOUT - 1);

    return (vmm_radix_at(&system->radix_store, place)->first + slot) << system->page_shift;
}

static inline uint32_t
vm_page_wire_count(const struct vm_page *page)
{
    if (page->queue != VM_PAGE_ON_NONE)
        return 0;
    return page->wired_once ? 1 : vm_page_chunk(page)->wires[vm_page_nth(page)];
}

/* Of a page that is on no queue. */
static inline void
vm_page_set_wire_count(struct vm_page *page, uint32_t count)
{
    page->wired_once = count == 1;
    if (count != 1)
        vm_page_chunk(page)->wires[vm_page_nth(page)] = count;
}

/* Loads a task's user space (NULL: none) on a CPU. */
void vm_cpu_switch(struct vm_system *system, uint32_t cpu, struct vm_task *task);

static inline struct vm_map_entry *
vm_entry_of_link(const struct vmm_list *link)
{
    return VMM_CONTAINER(link, struct vm_map_entry, link);
}

static inline struct vm_map_entry *
vm_map_first(const struct vm_map *map)
{
    return map->entries.next == &map->entries ? NULL : vm_entry_of_link(map->entries.next);
}

static inline struct vm_map_entry *
vm_map_last(const struct vm_map *map)
{
    return map->entries.prev == &map->entries ? NULL : vm_entry_of_link(map->entries.prev);
}

/* The entry after `entry`, or NULL. */
static inline struct vm_map_entry *
vm_map_next(const struct vm_map *map, const struct vm_map_entry *entry)
{
    return entry->link.next == &map->entries ? NULL : vm_entry_of_link(entry->link.next);
}

static inline struct vm_map_entry *
vm_map_prev(const struct vm_map *map, const struct vm_map_entry *entry)
{
    return entry->link.prev == &map->entries ? NULL : vm_entry_of_link(entry->link.prev);
}

static inline vmm_size
vm_entry_size(const struct vm_map_entry *entry)
{
    return entry->end - entry->start;
}

/* Whether a page of the map is less than one of an object, so that entries may begin inside of those. */
static inline bool
vm_map_is_small(const struct vm_map *map)
{
    return map->page_shift != map->system->page_shift;
}

/* Which part of its object's page a page of the map at `offset` is; XNU: fault_phys_offset. */
static inline uint32_t
vm_map_part(const struct vm_map *map, vmm_off offset)
{
    return (uint32_t)((offset & (map->system->page_bytes - 1)) >> map->page_shift);
}

/* The bytes of as many of the system's pages as `size` takes: objects are made of those. */
static inline vmm_size
vm_system_round_page(const struct vm_system *system, vmm_size size)
{
    return (size + system->page_bytes - 1) & ~(system->page_bytes - 1);
}

/* How many bytes from `at` on, at most `length`, lie on one page. */
static inline uint32_t
vm_system_page_run(const struct vm_system *system, uint64_t at, vmm_size length)
{
    vmm_size rest = system->page_bytes - (at & (system->page_bytes - 1));

    return (uint32_t)(rest < length ? rest : length);
}

/* Where the page of the object begins that has the byte at `offset`; XNU: vm_object_trunc_page(). */
static inline vmm_off
vm_object_trunc_page(const struct vm_object *object, vmm_off offset)
{
    return offset & ~(object->system->page_bytes - 1);
}

/* The bytes of all the pages of the object that [offset, offset + size) has a part of. */
static inline vmm_size
vm_object_span(const struct vm_object *object, vmm_off offset, vmm_size size)
{
    return vm_system_round_page(object->system, offset + size) -
           vm_object_trunc_page(object, offset);
}

/* Whether [address, address + size) ends beyond 2^64. */
static inline bool
vm_range_wraps(vmm_va address, vmm_size size)
{
    return address + size < address;
}

/* Where in its object the byte at `va` of an entry is. */
static inline vmm_off
vm_entry_offset(const struct vm_map_entry *entry, vmm_va va)
{
    return va - entry->start + entry->offset;
}

enum { VM_SUBMAP_SPACE = 0x7FFFFFFF }; /* what events say of a submap of no one task */

/* A map without entries and without a pmap, with one reference. */
enum vmm_status vm_map_create(struct vm_system *system, uint32_t space, vmm_va min, vmm_va max,
                              struct vm_map **map) VMM_MUST_USE;

/* Whether it is the kernel's map or a submap of it. */
bool vm_map_is_kernel_pmap(const struct vm_map *map);

/*
 * Narrows the translations of one entry, in every pmap that may hold any. Who puts an object on top of
 * the entry's narrows what the entry was before: the pages are below now.
 */
void vm_map_entry_narrow(const struct vm_map *map, const struct vm_map_entry *entry, vmm_prot prot);

/* A user task whose map has no entry at all. */
enum vmm_status vm_task_create_empty(struct vm_system *system, uint32_t page_shift,
                                     struct vm_task **task) VMM_MUST_USE;

/*
 * vm_map_remove() with the map locked; a wait unlocks it meanwhile. With `saved`, removed entries are
 * hung there instead of freed, without their translations.
 */
enum vmm_status vm_map_delete_locked(struct vm_map *map, vmm_va start, vmm_va end, uint32_t flags,
                                     struct vmm_list *saved) VMM_MUST_USE;

/*
 * Sleeps until an entry may have changed, with the map unlocked meanwhile: `entry` may be gone then.
 * Without a scheduler nothing can change it, and the kernel hangs for `reason`.
 */
enum vmm_status vm_map_entry_wait(struct vm_map *map, struct vm_map_entry *entry,
                                  enum vm_sched_wait how, enum trace_reason reason) VMM_MUST_USE;

/* The same for any event of the map; there is a scheduler. */
enum vmm_status vm_map_block(struct vm_map *map, enum vm_sched_event event,
                             enum vm_sched_wait how) VMM_MUST_USE;

/* Others may run while the map is unlocked, and who waits for the map is woken. */
void vm_map_yield(struct vm_map *map);
void vm_map_wakeup(struct vm_map *map, enum vm_sched_event event);

/* What would refuse vm_map_protect(): a hole (1), or more than the maximum allows (2). */
enum vmm_status vm_map_protect_check(const struct vm_map *map, vmm_va start, vmm_va end,
                                     vmm_prot prot) VMM_MUST_USE;

#define VM_SUPERPAGE_BYTES ((vmm_size)2 << 20)

/* What superpage flags, if any, make of a request's size and alignment; or their refusal. */
enum vmm_status vm_superpage_args(const struct vm_map *map,
                                  struct vm_map_enter_args *args) VMM_MUST_USE;

/* Makes an entry's object one that others may map too, copied by delay from now on. */
enum vmm_status vm_map_share_entry(struct vm_map *map, struct vm_map_entry *entry) VMM_MUST_USE;

/* The map lock, as far as one thread at a time can tell: it guards against our own mistakes. */
static inline void
vm_map_lock(struct vm_map *map)
{
    VMM_ASSERT(!map->is_locked);
    map->is_locked = true;
}

static inline void
vm_map_unlock(struct vm_map *map)
{
    VMM_ASSERT(map->is_locked);
    map->is_locked = false;
    map->timestamp++; /* I20 */
}

#endif

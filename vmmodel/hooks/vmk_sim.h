/*
 * vmk_sim.h - what only a simulator can do: make worlds, run user code, and look without touching
 *
 * PURPOSE     The other half of the seam for tests, scenarios and tools. A kext cannot answer these.
 * INVARIANTS  V2  the probes change nothing: no fault, no TLB fill, no event
 *             V3  a handle means something in its own world only; in another one it may name
 *                 something else there
 * UNITS       addresses, lengths: bytes
 * OWNERSHIP   vmk_sim_create() gives a world that vmk_sim_destroy() frees with everything in it
 * ERRORS      as each call says; VMK_PANICKED and VMK_HUNG when the kernel stopped or had stopped
 * EVENTS      STORE LEAK, and those of the floors below
 * XNU         none
 */
#ifndef VMK_SIM_H
#define VMK_SIM_H

#include "base/alloc.h"
#include "hooks/vmk.h"
#include "trace/trace.h"
#include "vm/vm_context.h"
#include "vm/vm_map.h"
#include "vm/vm_system.h"

typedef struct vmk_world *vmk_world_t;

struct vmk_sim_config {
    const struct vmm_alloc *alloc;
    const struct vm_profile *profile;
    const struct hw_geometry *geometry; /* NULL: x86_64 */
    uint32_t cpu_count;                 /* 0: 2 */
    uint32_t frame_count;               /* 0: 16384 */
    uint64_t store_pages;               /* pages that can be paged out at a time */
    bool kernel_asserts;
    bool evicts_on_entry; /* vm_config's: a latent fault in a section becomes a certain one */
    void *ram;            /* as vm_config's, for an embedder whose MMU follows */
    const struct pmap_watch *watch;
    /* Who gets what the driver logs, one call a vmk_logv(); NULL: nobody. */
    void (*log)(void *context, const char *text, size_t length);
    void *log_context;
};

/* A world: one kernel, its machine, its handles. NULL: no memory or a number out of range. */
vmk_world_t vmk_sim_create(const struct vmk_sim_config *config);

/* Ends a world, whatever state its kernel is in; nobody watches the end. NULL is allowed. */
void vmk_sim_destroy(vmk_world_t world);

/* Which world answers vmk.h from now on (NULL: none); returns the one before. */
vmk_world_t vmk_sim_make_current(vmk_world_t world);

/*
 * Where the current world is kept from now on: `slot` answers for the calling thread, so that each
 * thread of an embedder can have a world of its own. NULL: one place for all threads, as at first.
 */
void vmk_sim_keep_current(vmk_world_t *(*slot)(void));

/* The current world's kernel, for statistics, trace sinks, profile and stop. */
struct vm_system *vmk_sim_system(void);

/* ---- tasks and their memory ---- */
vmk_task_t vmk_sim_task_create(void); /* NULL: no memory */
/* One with pages of 4 KiB where the machine's are larger; NULL: vmk_sim_hidden_status() says why. */
vmk_task_t vmk_sim_task_create_small(void);
uint64_t vmk_sim_page_bytes(vmk_task_t task);    /* of the task's map; 0: the handle is stale */
vmk_task_t vmk_sim_task_fork(vmk_task_t parent); /* NULL: vmk_sim_hidden_status() says why */
/* The task's memory goes and its handle is stale; VMK_HUNG: some of it is wired. */
vmk_return_t vmk_sim_task_terminate(vmk_task_t task);
/*
 * IOMemoryMap::taskDied(), which a user client's end calls on what it mapped into a task that is gone:
 * the mapping forgets its task; only one that the user client made is unmapped.
 */
vmk_return_t vmk_sim_map_task_died(vmk_map_t m, int by_user_client);
void vmk_sim_task_switch(vmk_task_t task);           /* the current CPU runs this task's thread */
vmk_task_t vmk_sim_task_by_id(uint32_t id);          /* NULL: never was, or has ended */
uint32_t vmk_sim_task_id(vmk_task_t task);           /* 0: the kernel's; as `space` in events */
uint64_t vmk_sim_task_faults(vmk_task_t task);       /* page faults that it took so far */
void vmk_sim_task_throttle(vmk_task_t task, int on); /* vm_task_set_throttled() */
/* The map of a task, for the Mach calls of vm/vm_user.h; NULL: the handle is stale. */
struct vm_map *vmk_sim_task_map(vmk_task_t task);
/* mach_vm_allocate (anywhere when *address is 0, else fixed), mach_vm_deallocate, mach_vm_protect */
vmk_return_t vmk_sim_allocate(vmk_task_t task, uint64_t *address, uint64_t length);
vmk_return_t vmk_sim_deallocate(vmk_task_t task, uint64_t address, uint64_t length);
vmk_return_t vmk_sim_protect(vmk_task_t task, uint64_t address, uint64_t length, uint32_t prot);

/*
 * Code of `task` reads or stores bytes (vm/vm_access.h). `to` may be NULL (touch only); `from` NULL stores
 * `fill`. *done (may be NULL) is how many bytes went through.
 */
vmk_return_t vmk_sim_read(vmk_task_t task, uint64_t address, void *to, uint64_t length,
                          uint64_t *done);
vmk_return_t vmk_sim_write(vmk_task_t task, uint64_t address, const void *from, uint8_t fill,
                           uint64_t length, uint64_t *done);

/*
 * One access of one byte by code of `task` that survives a refusal: 0, or what vm_fault() said. A
 * store takes *byte, a load gives it; `byte` may be NULL. Nothing stops and nothing changes when it is
 * refused.
 */
vmk_return_t vmk_sim_try(vmk_task_t task, uint64_t address, int is_store, uint8_t *byte);

/* mlock-like user wiring and its undo, through the same vm_map_wire (vm.md 3.1). */
vmk_return_t vmk_sim_user_wire(vmk_task_t task, uint64_t address, uint64_t length, uint32_t access);
vmk_return_t vmk_sim_user_unwire(vmk_task_t task, uint64_t address, uint64_t length);

/*
 * withOptions(kIOMemoryTypeUPL): a list of the task's pages, made and described in one call. The list
 * covers one map entry; a shorter one than asked for panics.
 */
vmk_desc_t vmk_sim_desc_list(vmk_task_t task, uint64_t address, uint64_t length,
                             vmk_options_t options);

/*
 * vmk_alloc(), vmk_alloc_pageable() and vmk_desc_bytes() with the address as a number (0: NULL): the
 * host's pointers may be shorter than the kernel's, as they are in a web page.
 */
uint64_t vmk_sim_alloc(uint64_t length, uint64_t alignment);
uint64_t vmk_sim_alloc_pageable(uint64_t length, uint64_t alignment);
uint64_t vmk_sim_desc_bytes(vmk_desc_t d);

/* ---- contexts ---- */
/* The CPU that calls run on from now on; one that the machine lacks is ignored. */
void vmk_sim_set_cpu(uint32_t cpu);
/* A section that forbids something begins or ends (vm/vm_context.h); sections nest. */
void vmk_sim_enter(enum vm_no_fault kind);
void vmk_sim_leave(enum vm_no_fault kind);
/* A call of the driver's that may wait and that the seam has no verb for (IOSleep(), IOMalloc()). */
void vmk_sim_may_block(void);

/* ---- the user client's path (iokit.md 6) ---- */
struct vmk_sim_call {
    vmk_task_t task;
    uint64_t input, input_size;
    uint64_t output, output_size;
    int force_out_of_line;
    /* results */
    const uint8_t *inline_input; /* valid until vmk_sim_call_end(); NULL when out of line */
    uint32_t inline_input_size;
    vmk_desc_t input_descriptor; /* borrowed: released by vmk_sim_call_end() */
    vmk_desc_t output_descriptor;
    void *state;
};

/* What the kernel does before externalMethod() and after it; an error of the first: it was not called. */
vmk_return_t vmk_sim_call_begin(struct vmk_sim_call *call);
vmk_return_t vmk_sim_call_end(struct vmk_sim_call *call);

/*
 * DMA: a device reads (`to` may be NULL) or stores `fill` at a physical address, as vmk_desc_segment()
 * gave it out. It asks nobody; the event DEVICE_ACCESS says what it found.
 */
vmk_return_t vmk_sim_device_read(uint64_t physical, void *to, uint64_t length);
vmk_return_t vmk_sim_device_write(uint64_t physical, uint8_t fill, uint64_t length);

/*
 * The driver unloads: what it still holds (descriptors, mappings, commands, locks) is announced as
 * LEAK, one event each, and stays. How many there were.
 */
uint64_t vmk_sim_unload(void);

/* ---- looking ---- */
/* What there is at an address, floor by floor. */
void vmk_sim_probe(vmk_task_t task, uint64_t address, struct vm_page_view *view);
/* Pages of the range with a translation; *wired (may be NULL): those with the wired bit. */
uint64_t vmk_sim_translated(vmk_task_t task, uint64_t address, uint64_t length, uint64_t *wired);
/* Pages of the range resident in their objects; *wired (may be NULL): with a page wire count. */
uint64_t vmk_sim_resident(vmk_task_t task, uint64_t address, uint64_t length, uint64_t *wired);
/* The next region at or after *address, behind submaps (mach_vm_region_recurse); 0: none. */
int vmk_sim_region(vmk_task_t task, uint64_t address, struct vm_region *region);
/* The pages of the region that holds `address`, and who else sees them; 0: nothing holds it. */
int vmk_sim_region_pages(vmk_task_t task, uint64_t address, struct vm_region_pages *pages);
/* Why the last call that gave NULL or 0 gave it: the code that the Mac hides. */
vmk_return_t vmk_sim_hidden_status(void);
/* Numbers in events (`object`), 0 for a stale handle; prepares; references of everybody's. */
uint32_t vmk_sim_desc_id(vmk_desc_t d);
uint32_t vmk_sim_desc_wire_count(vmk_desc_t d);
uint32_t vmk_sim_desc_references(vmk_desc_t d);
vmk_task_t vmk_sim_desc_task(vmk_desc_t d); /* NULL: none, or it ended */
uint32_t vmk_sim_map_id(vmk_map_t m);
vmk_task_t vmk_sim_map_task(vmk_map_t m);
uint32_t vmk_sim_map_references(vmk_map_t m);
/* vm_system_check() of the current world: NULL when every invariant holds. */
const char *vmk_sim_check(void);
/*
 * One number for the kernel and what the driver holds of it (vm/vm_digest.h): equal worlds give equal
 * numbers when their objects were made in the same order.
 */
uint64_t vmk_sim_digest(void);
/* Who has a lock, and how, as one number for comparisons; 0: nobody. */
uint64_t vmk_sim_lock_holders(vmk_lock_t l);

#endif

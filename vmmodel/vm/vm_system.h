/*
 * vm_system.h - one simulated kernel and the machine under it
 *
 * PURPOSE     Everything hangs off one struct vm_system made from a config; several may live side by
 *             side. A kernel that panics or hangs says so in its `stop`, and the process lives on.
 * INVARIANTS  S1  once stopped, no operation changes the system any more
 * UNITS       frames: pages of simulated physical memory
 * OWNERSHIP   the system owns maps, objects, pages and the machine; it borrows config->alloc,
 *             config->sched, config->ram, config->watch and the trace's sinks
 * ERRORS      VMM_MODEL_PANIC, VMM_MODEL_HANG from any operation; the text is in the stop
 * EVENTS      PANIC HANG
 * XNU         osfmk/vm/vm_init.c; osfmk/i386/trap.c panic_trap for the text
 */
#ifndef VM_VM_SYSTEM_H
#define VM_VM_SYSTEM_H

#include "base/alloc.h"
#include "base/injector.h"
#include "base/status.h"
#include "hw/hw_geometry.h"
#include "trace/trace.h"
#include "vm/vm_profile.h"
#include "vm/vm_sched.h"

struct pmap_watch;
struct vm_system;
struct vm_task;

struct vm_config {
    const struct vmm_alloc *alloc;
    const struct vm_profile *profile; /* copied */
    const struct hw_geometry *geometry;
    uint32_t cpu_count;     /* 1 .. HW_MAX_CPUS */
    vmm_ppn frame_count;    /* at least VM_MIN_FRAMES */
    struct vm_sched *sched; /* NULL: a wait that nothing can end is a hang */
    uint64_t store_pages;   /* pages that can be paged out at a time; 0: none */
    bool kernel_asserts;    /* a DEVELOPMENT kernel: its assertions panic */
    bool evicts_on_entry;   /* a section that refuses faults begins without unwired translations */
    void *ram; /* frame_count pages, all zero, to be the memory (hw/hw_frame.h), or NULL */
    const struct pmap_watch *watch; /* who is told of translations (pmap/pmap.h), or NULL */
};

enum { VM_MIN_FRAMES = 64 };

/* NULL: the embedder has no memory, or a number in the config is out of range. */
struct vm_system *vm_system_create(const struct vm_config *config);
void vm_system_destroy(struct vm_system *system);

struct trace *vm_system_trace(struct vm_system *system);
const struct vm_profile *vm_system_profile(const struct vm_system *system);
vmm_size vm_system_page_bytes(const struct vm_system *system);
bool vm_system_kernel_asserts(const struct vm_system *system);
vmm_ppn vm_system_frame_count(const struct vm_system *system);
uint32_t vm_system_cpu_count(const struct vm_system *system);

/* The CPU that the following operations run on; cpu < cpu_count. */
void vm_system_set_cpu(struct vm_system *system, uint32_t cpu);

/* Who runs other threads where this kernel waits, from now on; NULL: nobody does. */
void vm_system_set_sched(struct vm_system *system, struct vm_sched *sched);

/* Who makes calls fail from now on; NULL: nobody does. And whether this one fails. */
void vm_system_set_injector(struct vm_system *system, struct vmm_injector *injector);
bool vm_system_call_fails(const struct vm_system *system, enum vmm_call call);

/*
 * From now on each access is compared with the tables: one that uses what a flush should have taken
 * away is an event, unless that CPU still owes the flush (vm.md I18).
 */
void vm_system_watch_tlbs(struct vm_system *system, bool watches);

/* The one lock of the floor above: gIOMemoryLock, under which it maps, unmaps and releases. */
struct vm_lock *vm_system_driver_lock(struct vm_system *system);

/* A running number for objects of the floor above; starts at 1. */
uint32_t vm_system_next_id(struct vm_system *system);

/* The allocator, for the floor above. */
const struct vmm_alloc *vm_system_alloc(const struct vm_system *system);

enum vm_stop_kind { VM_RUNNING, VM_PANICKED, VM_HUNG };

struct vm_stop {
    enum vm_stop_kind kind;
    enum trace_reason reason;
    char text[384]; /* in the panic's own shape (vm.md 6.3), or what the thread waits for */
    vmm_va va;      /* the address it is about */
    uint32_t space;
    uint32_t cpu;
};

/* Whether and why the kernel stopped. */
const struct vm_stop *vm_system_stop(const struct vm_system *system);

/* VMM_OK while it runs, else VMM_MODEL_PANIC or VMM_MODEL_HANG: a stopped kernel does nothing more. */
enum vmm_status vm_system_runs(const struct vm_system *system);

/*
 * Stops the kernel with a printf-like text (base/text.h's subset); the first stop wins.
 * Returns VMM_MODEL_PANIC and VMM_MODEL_HANG.
 */
enum vmm_status vm_panic(struct vm_system *system, enum trace_reason reason, uint32_t space,
                         vmm_va va, const char *format, ...) __attribute__((format(printf, 5, 6)));
enum vmm_status vm_hang(struct vm_system *system, enum trace_reason reason, uint32_t space,
                        vmm_va va, const char *format, ...) __attribute__((format(printf, 5, 6)));

/* Counters in vm_statistics64's words (vm.md 7). */
struct vm_statistics {
    uint64_t free_pages;
    uint64_t active_pages;
    uint64_t inactive_pages;
    uint64_t wire_pages;
    uint64_t faults;
    uint64_t cow_faults;
    uint64_t zero_fill_faults;
    uint64_t pageins;           /* from files, and first touches of what was read ahead */
    uint64_t pageouts;          /* to files */
    uint64_t compressions;      /* to the store */
    uint64_t decompressions;    /* from the store */
    uint64_t stored_pages;      /* in the store now */
    uint64_t purges;            /* pages of volatile objects that were emptied */
    uint64_t reactivations;     /* pages that reclaim found in use, and put back */
    uint64_t purgeable_pages;   /* of volatile objects */
    uint64_t speculative_pages; /* on that queue; free_pages includes them */
    uint64_t external_pages;    /* on the queues, of files */
    uint64_t internal_pages;
};

void vm_system_statistics(const struct vm_system *system, struct vm_statistics *statistics);

/* What the CPUs' accesses found, all together: no event tells it (hw_tlb.h, hw_walk_cache.h). */
struct vm_access_counts {
    uint64_t l1_hits;
    uint64_t l2_hits;
    uint64_t walks;
    uint64_t walk_reads;
};

void vm_system_access_counts(const struct vm_system *system, struct vm_access_counts *counts);

/* How many bytes users may wire together on this machine (vm.md 3.1). */
vmm_size vm_system_user_wire_limit(const struct vm_system *system);

/* Pressure: pages leave memory as when none is free, `pages` of them or all that can; how many went. */
uint64_t vm_system_reclaim(struct vm_system *system, uint64_t pages);

/* Lets the store fail every request from now on, or work again. A failed page-in is error 10. */
void vm_system_fail_store(struct vm_system *system, bool fails);

/*
 * Checks every invariant of vm.md 8 that applies to what exists. NULL when all hold, else a text
 * that begins with the invariant's number.
 */
const char *vm_system_check(const struct vm_system *system);

#endif

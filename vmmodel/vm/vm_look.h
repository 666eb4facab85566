/*
 * vm_look.h - objects, page tables, TLBs and contexts, for displays and debuggers
 *
 * PURPOSE     What a reader of a stopped kernel would look up, by the numbers that events carry.
 * INVARIANTS  K1  looking changes nothing, so that it may be done from a trace's sink, in the middle
 *                 of an operation
 * UNITS       sizes, offsets, va: bytes
 * OWNERSHIP   borrows everything; what is handed to `see` lasts for the call
 * ERRORS      nothing is seen, and 0 is answered, where there is nothing of that number
 * EVENTS      none
 * XNU         none; a kernel debugger's vm_object and pmap commands play this part
 */
#ifndef VM_VM_LOOK_H
#define VM_VM_LOOK_H

#include "pmap/pmap_look.h"
#include "vm/vm_context.h"
#include "vm/vm_system.h"

struct vm_object;

struct vm_look_object {
    uint32_t id;
    uint32_t references;
    vmm_size size;
    uint32_t shadow; /* the object below; 0: none */
    vmm_off shadow_offset;
    uint32_t copy;             /* who must get the old page before this one is written; 0: nobody */
    const char *copy_strategy; /* "none", "call", "delay", "symmetric" */
    uint64_t resident_pages;
    uint64_t wired_pages;
    uint64_t stored_pages; /* in the store */
    bool is_shared;        /* never copied symmetrically any more; XNU: true_share */
    bool is_file;
    bool is_device;
};

/* Calls `see` for every object, oldest first. */
void vm_look_objects(const struct vm_system *system,
                     void (*see)(void *context, const struct vm_object *object), void *context);
void vm_look_object(const struct vm_object *object, struct vm_look_object *view);

struct vm_look_page {
    vmm_off offset;
    vmm_ppn ppn;
    uint32_t wire_count;
    bool is_dirty;
};

/* The next resident page of the object at or after *offset; moves *offset past it. */
bool vm_look_page(const struct vm_object *object, vmm_off *offset, struct vm_look_page *page);

/* What a walker reads for an address of a space (0: the kernel's), root first; how many words. */
uint32_t vm_look_walk(const struct vm_system *system, uint32_t space, vmm_va va,
                      struct pmap_look_step steps[PMAP_LOOK_LEVELS]);

/* How many words a whole walk reads. */
uint32_t vm_look_levels(const struct vm_system *system);

void vm_look_mappings(const struct vm_system *system, vmm_ppn ppn,
                      void (*see)(void *context, uint32_t space, vmm_va va), void *context);
void vm_look_tlb(const struct vm_system *system, uint32_t cpu,
                 void (*see)(void *context, const struct pmap_look_line *line), void *context);

struct vm_look_cpu {
    uint32_t space; /* whose user space is loaded; 0: none */
    uint32_t preemption_level;
    bool interrupts_enabled;
    bool flush_pending;
    uint32_t depth;                  /* sections */
    uint8_t stack[VM_CONTEXT_DEPTH]; /* enum vm_no_fault, innermost last */
    uint64_t l1_hits;
    uint64_t l2_hits;
    uint64_t misses;
};

/* cpu < vm_system_cpu_count() */
void vm_look_cpu(const struct vm_system *system, uint32_t cpu, struct vm_look_cpu *view);

#endif

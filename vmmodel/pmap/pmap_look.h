/*
 * pmap_look.h - tables, mappings of a frame and TLBs, for displays and debuggers
 *
 * PURPOSE     What a page walker would read for an address, who maps a frame, and what each CPU
 *             remembers, with the numbers of events (space) in place of the hardware's.
 * INVARIANTS  K1  looking changes nothing: no reference bit, no TLB fill, no recency, no event
 * UNITS       va: bytes, page aligned; level: 0 is the root
 * OWNERSHIP   borrows everything; what is handed to `see` lasts for the call
 * ERRORS      none
 * EVENTS      none
 * XNU         none; a kernel debugger's showpte and pv_list commands play this part
 */
#ifndef PMAP_PMAP_LOOK_H
#define PMAP_PMAP_LOOK_H

#include "pmap/pmap.h"

enum { PMAP_LOOK_LEVELS = HW_MAX_LEVELS };

#define PMAP_LOOK_NO_SPACE UINT32_MAX /* the address space ended, and its number is not in use */

/* One word that the walker reads. */
struct pmap_look_step {
    vmm_ppn table;
    uint32_t index;
    uint64_t entry; /* HW_PTE_* bits and a frame; without HW_PTE_VALID the walk ends here */
};

/* Fills `steps`, root first; answers how many: all levels, or fewer when a table is missing. */
uint32_t pmap_look_walk(const struct pmap *pmap, vmm_va va,
                        struct pmap_look_step steps[PMAP_LOOK_LEVELS]);

/* Calls `see` for every mapping of a frame, the youngest first. */
void pmap_look_mappings(const struct pmap_system *system, vmm_ppn ppn,
                        void (*see)(void *context, uint32_t space, vmm_va va), void *context);

/* A translation that a CPU remembers. */
struct pmap_look_line {
    uint32_t space; /* or PMAP_LOOK_NO_SPACE */
    vmm_va va;
    struct pmap_translation translation;
    bool in_l1;
    bool in_l2;
    bool is_stale; /* the tables say something else, or nothing */
};

/* Calls `see` for every translation in the TLB of `cpu`, each once; L1's first. */
void pmap_look_tlb(const struct pmap_system *system, uint32_t cpu,
                   void (*see)(void *context, const struct pmap_look_line *line), void *context);

#endif

/*
 * pmap_internal.h - the structs of the pmap floor
 *
 * PURPOSE     Shown to this floor and to tests.
 * INVARIANTS  as pmap.h
 * UNITS       va: bytes, page aligned
 * OWNERSHIP   the system owns pmaps and pv records
 * ERRORS      none of its own
 * EVENTS      none of its own
 * XNU         osfmk/i386/pmap.h, pmap_internal.h
 */
#ifndef PMAP_PMAP_INTERNAL_H
#define PMAP_PMAP_INTERNAL_H

#include "base/alloc.h"
#include "base/assert.h"
#include "base/list.h"
#include "pmap/pmap.h"

enum { PMAP_MAX_ASID = 0xffff }; /* what a TLB tag can tell apart */

struct pmap_pv {
    struct pmap_pv *next;
    struct pmap *pmap;
    vmm_va va;
};

struct pmap {
    struct vmm_list link; /* on system->pmaps */
    struct pmap_system *system;
    uint32_t space;
    uint32_t asid; /* 0: the kernel's */
    vmm_ppn root;
    uint64_t *last_leaf; /* the leaf table that was entered into last, or NULL */
    vmm_va last_chunk;   /* which one that is: va >> (page_shift + index_bits) */
    uint64_t resident_pages;
    uint64_t wired_pages;
    uint64_t wired_drift; /* wirings that were never counted down (vm.md T9) */
    uint64_t table_pages; /* the root included */
};

struct pmap_system {
    const struct vmm_alloc *alloc;
    struct hw_machine *machine;
    struct trace *trace;
    const struct pmap_watch *watch; /* NULL: nobody */
    struct pmap *kernel;
    struct vmm_list pmaps;
    struct vmm_zone pmap_zone;
    struct vmm_zone pv_zone;
    struct pmap_pv **pv; /* by ppn */
    uint64_t table_pages;
    uint32_t last_asid;
    bool wired_drifts; /* vm.md T9 */
    struct pmap *loaded[HW_MAX_CPUS]; /* whose tables each CPU has as its user space */
};

/* A page of memory; a device's frames have no pv record, and nobody counts them (vm.md 5.1). */
static inline bool
pmap_is_managed(const struct pmap_system *system, vmm_ppn ppn)
{
    return !hw_frame_is_device(&system->machine->frames, ppn);
}

#endif

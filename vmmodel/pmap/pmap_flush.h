/*
 * pmap_flush.h - who forgets, now or later, when a translation narrowed or went away
 *
 * PURPOSE     The one place that chooses between flushing here, interrupting another CPU, leaving a
 *             mark for when it next looks, and broadcasting.
 * INVARIANTS  I18, with pmap.h
 * UNITS       start, end: bytes, page aligned
 * OWNERSHIP   none
 * ERRORS      none
 * EVENTS      TLB_FLUSH once per flush; TLB_SHOOTDOWN once per interrupted CPU; TLB_SYNC (arm64)
 * XNU         osfmk/x86_64/pmap.c pmap_flush_tlbs, pmap_flush, process_pmap_updates;
 *             osfmk/arm/pmap/pmap.c flush_mmu_tlb_region_asid_async; vm.md 5.5, 5.6
 *             Differs: an interrupted CPU has flushed when the call returns, also one whose interrupts
 *             are off, which a sender would wait for
 */
#ifndef PMAP_PMAP_FLUSH_H
#define PMAP_PMAP_FLUSH_H

#include "pmap/pmap.h"

/* What EV_TLB_FLUSH carries in its detail: how much the flushing CPU forgets. */
enum pmap_flush_scope {
    PMAP_FLUSH_SPACE,     /* one address space: CR3 reload or INVPCID */
    PMAP_FLUSH_PAGES,     /* page by page */
    PMAP_FLUSH_ALL,       /* every context */
    PMAP_FLUSH_BROADCAST, /* arm64: TLBI, on every CPU */
};

/*
 * x86: flushes [start, end) of `pmap` from the CPU of the current operation (trace.cpu), if it runs
 * the pmap, and from every other that may use it. Kernel pmap: CPUs in kernel mode are interrupted,
 * the others get the mark. User pmap: every non-idle CPU that runs it is interrupted, an idle one gets
 * the mark. Shared pmap: every non-idle CPU is interrupted. arm64: TLBI and DSB, nobody is interrupted.
 */
void pmap_flush_range(struct pmap *pmap, vmm_va start, vmm_va end);

/* arm64: the DSB behind broadcasts. */
void pmap_flush_sync(struct pmap *pmap);

/* Forgets what the marks of `cpu` say. */
void pmap_take_pending_flush(struct pmap_system *system, uint32_t cpu);

/* Forgets a space on a CPU that is about to run it, if it was flushed in the meantime. */
void pmap_take_incoherence(struct pmap *pmap, uint32_t cpu);

#endif

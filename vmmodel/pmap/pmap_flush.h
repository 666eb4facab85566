/*
 * pmap_flush.h - who forgets, now or later, when a translation narrowed or went away
 *
 * PURPOSE     The one place that chooses between flushing here, interrupting another CPU, and
 *             leaving a mark for when it next enters the kernel.
 * INVARIANTS  I18, with pmap.h
 * UNITS       start, end: bytes, page aligned
 * OWNERSHIP   none
 * ERRORS      none
 * EVENTS      TLB_FLUSH once per call; TLB_SHOOTDOWN once per interrupted CPU
 * XNU         osfmk/x86_64/pmap.c pmap_flush_tlbs; vm.md 5.5
 *             Differs: acknowledgement is immediate, and a CPU that runs another address space
 *             forgets at once instead of at its next switch (no visible difference: it cannot use
 *             those entries before it switches). A mark makes a CPU forget everything, an interrupt
 *             this address space only, also for 10.15 and later
 */
#ifndef PMAP_PMAP_FLUSH_H
#define PMAP_PMAP_FLUSH_H

#include "pmap/pmap.h"

/*
 * Flushes [start, end) of `pmap` from the CPU of the current operation (trace.cpu) and every other
 * that may hold it. Kernel pmap: CPUs in kernel mode are interrupted; user-mode and idle CPUs get
 * the pending mark. User pmap: every non-idle CPU that runs it is interrupted; an idle one gets the
 * mark.
 */
void pmap_flush_range(struct pmap *pmap, vmm_va start, vmm_va end);

/* Flushes everything from `cpu` if a flush is pending there. */
void pmap_take_pending_flush(struct pmap_system *system, uint32_t cpu);

#endif

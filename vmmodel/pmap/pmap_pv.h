/*
 * pmap_pv.h - from a frame back to everybody who maps it
 *
 * PURPOSE     pmap's own list of (pmap, va) per frame, for pmap_page_protect().
 * INVARIANTS  I12, with pmap.h
 * UNITS       va: bytes, page aligned
 * OWNERSHIP   the pmap system owns the records
 * ERRORS      false when a record could not be had; nothing changed
 * EVENTS      none
 * XNU         osfmk/i386/pmap_internal.h pv_* code
 */
#ifndef PMAP_PMAP_PV_H
#define PMAP_PMAP_PV_H

#include "pmap/pmap.h"

bool pmap_pv_add(struct pmap_system *system, vmm_ppn ppn, struct pmap *pmap,
                 vmm_va va) VMM_MUST_USE;
void pmap_pv_remove(struct pmap_system *system, vmm_ppn ppn, struct pmap *pmap, vmm_va va);

#endif

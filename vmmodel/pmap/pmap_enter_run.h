/*
 * pmap_enter_run.h - many translations made at once
 *
 * PURPOSE     For who has many pages to enter, and nobody is told of each: pmap_enter() without a table
 *             to be made, a flush, or a record. What stops it, pmap_enter() does.
 * INVARIANTS  as pmap.h
 * UNITS       va: bytes, page aligned; count, at: pages
 * OWNERSHIP   a row borrows tables and records: it holds while nothing else is removed from the pmap
 * ERRORS      none: what could fail is not done
 * EVENTS      PMAP_ENTER is counted, for nobody sees it
 * XNU         none: there each page takes the whole way
 */
#ifndef PMAP_PMAP_ENTER_RUN_H
#define PMAP_PMAP_ENTER_RUN_H

#include "pmap/pmap.h"

/* Where the words of neighbouring pages stand. */
struct pmap_row {
    struct pmap *pmap;
    vmm_va va;
    uint64_t *words;
    uint32_t count;
};

/* The row from `va` on, at most `count` pages of one table; false: there is none. */
bool pmap_row_find(struct pmap *pmap, vmm_va va, uint64_t count, struct pmap_row *row);

/*
 * How many words of a row, from the first on, hold nothing, and get a frame of memory that nobody maps without
 * any memory of the embedder's.
 */
uint32_t pmap_row_room(const struct pmap_row *row);

/*
 * Whether pmap_row_enter() would enter frame `ppn` for page `at` of a row: for who would have to look at a
 * whole row before it can ask that.
 */
bool pmap_row_takes(const struct pmap_row *row, uint32_t at, vmm_ppn ppn, vmm_prot prot,
                    uint32_t flags);

/* Asks the host for what pmap_row_enter() goes over: nothing changes. */
void pmap_row_expect(const struct pmap_row *row, uint32_t at, vmm_ppn first, uint32_t count);

/*
 * pmap_enter() of `count` frames of memory (none is a device's), `first` and following, for the pages of a row
 * from the one `at` on. Returns for how many it was done: the next one takes what only pmap_enter() does.
 */
uint32_t pmap_row_enter(const struct pmap_row *row, uint32_t at, vmm_ppn first, uint32_t count,
                        vmm_prot prot, uint32_t flags);

#endif

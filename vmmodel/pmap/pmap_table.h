/*
 * pmap_table.h - the page tables as pages of memory, and walks over a range of them
 *
 * PURPOSE     Finds and makes the word that holds a translation. A walk over a range goes from leaf
 *             table to leaf table, so that empty terabytes cost a few steps.
 * INVARIANTS  table_pages counts the tables of a pmap, root included
 *             a table stays where it is until its pmap goes or, on arm64, until it is empty; the
 *             last leaf table is remembered until then
 * UNITS       va, start, end: bytes, page aligned. level: 0 is the root.
 * OWNERSHIP   a pmap owns its table frames
 * ERRORS      VMM_MODEL_NO_FRAME, VMM_MODEL_NO_MEMORY, VMM_RESOURCE_SHORTAGE (may not wait for a
 *             frame); tables made on the way stay and harm nobody
 * EVENTS      PMAP_TABLE PMAP_TABLE_FREE
 * XNU         osfmk/x86_64/pmap.c pmap_expand, pmap_pte in osfmk/i386/pmap_internal.h
 */
#ifndef PMAP_PMAP_TABLE_H
#define PMAP_PMAP_TABLE_H

#include "pmap/pmap_internal.h"

/* Makes the root of a new pmap. */
enum vmm_status pmap_table_make_root(struct pmap *pmap) VMM_MUST_USE;

/* Frees every table, the root included. */
void pmap_table_free_all(struct pmap *pmap);

/* The leaf word for `va` where its table is the one that was entered into last, else NULL. */
static inline uint64_t *
pmap_table_at_hand(const struct pmap *pmap, vmm_va va)
{
    const struct hw_geometry *geometry = pmap->geometry;
    uint64_t page = va >> geometry->page_shift;

    return pmap->last_leaf != NULL && page >> geometry->index_bits == pmap->last_chunk
               ? pmap->last_leaf + (page & (((uint64_t)1 << geometry->index_bits) - 1))
               : NULL;
}

/* The leaf word for `va`, or NULL when no leaf table is there. */
uint64_t *pmap_table_slot(const struct pmap *pmap, vmm_va va);

/*
 * The leaf word for `va`; makes the tables on the way. Without a free frame for one a caller that may
 * not wait gets VMM_RESOURCE_SHORTAGE, any other VMM_MODEL_NO_FRAME: it is the one that would wait.
 */
enum vmm_status pmap_table_expand(struct pmap *pmap, vmm_va va, bool may_wait,
                                  uint64_t **slot) VMM_MUST_USE;

/* What the tables say of one page, large leaf or not; 0: nothing. */
uint64_t pmap_table_word(const struct pmap *pmap, vmm_va va);

/* The word for `va` at `level`, not beyond a large leaf; makes the tables above it, as above. */
enum vmm_status pmap_table_make_way(struct pmap *pmap, vmm_va va, uint32_t level,
                                    uint64_t **slot) VMM_MUST_USE;

/* The same for the word that names the leaf table: NULL where the way there has a gap. */
uint64_t *pmap_table_parent(const struct pmap *pmap, vmm_va va);
enum vmm_status pmap_table_expand_parent(struct pmap *pmap, vmm_va va,
                                         uint64_t **parent) VMM_MUST_USE;

/* Frees the leaf table of `va` if there is one of the pmap's own and no word of it is in use. */
void pmap_table_free_if_empty(struct pmap *pmap, vmm_va va);

/* The bytes of address space that one leaf table covers. */
vmm_size pmap_table_leaf_bytes(const struct pmap *pmap);

/* Part of a range that lies in one leaf table, or in one large leaf. */
struct pmap_run {
    uint64_t *slots; /* the first word of the run */
    vmm_va start;
    vmm_va end;
    vmm_size large_bytes; /* what the one word covers; 0: a table's words */
    bool is_nested;       /* the table is a sub-pmap's */
};

/* Where a large leaf begins, of which a run may be a part. */
static inline vmm_va
pmap_run_large_start(const struct pmap_run *run)
{
    return run->start & ~(run->large_bytes - 1);
}

/*
 * The first run of [*va, end) that has a leaf table or a large leaf; *va moves behind it. Skips what has no
 * table in one step per missing table. False: no more.
 */
bool pmap_table_next_run(const struct pmap *pmap, vmm_va *va, vmm_va end, struct pmap_run *run);

#endif

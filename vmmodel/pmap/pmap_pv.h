/*
 * pmap_pv.h - from a frame back to everybody who maps it
 *
 * PURPOSE     pmap's own list of (pmap, va) per frame, for pmap_page_protect(). Nearly every page is
 *             mapped once, so the word that the frame keeps for its user says where, and what was
 *             harvested of the page:
 *
 *                 31      30 29              28                                    0
 *                 list?   modified, ref'd    a place, or the number of the first record
 *
 *             A place is a chunk's number and a page of it: chunks are the 2 MiB of a pmap that some
 *             page is mapped in. Who is mapped more than once has a list of records, newest first.
 * INVARIANTS  I12, with pmap.h
 *             V1  a chunk is known while `count` places are in it, and no longer
 * UNITS       va: bytes, page aligned
 * OWNERSHIP   the pmap system owns chunks and records
 * ERRORS      false when a record could not be had, or chunks are used up (2 TiB are mapped); nothing
 *             changed
 * EVENTS      none
 * XNU         osfmk/i386/pmap_internal.h pv_* code: the first mapping stands in the rooted entry too;
 *             osfmk/arm64/pmap: pv_head_table with PVH_TYPE_PTEP for one mapping
 */
#ifndef PMAP_PMAP_PV_H
#define PMAP_PMAP_PV_H

#include "pmap/pmap_internal.h"

enum {
    PMAP_PV_PLACE_BITS = 29,
    PMAP_PV_ATTRIBUTES_SHIFT = 29,
    PMAP_CHUNK_SHIFT = 21,
    PMAP_CHUNK_PAGE_SHIFT = 12, /* the smallest page of any machine */
    PMAP_CHUNK_PAGE_BITS = PMAP_CHUNK_SHIFT - PMAP_CHUNK_PAGE_SHIFT,
};

#define PMAP_PV_LIST ((uint32_t)1 << 31)
#define PMAP_PV_PLACE (((uint32_t)1 << PMAP_PV_PLACE_BITS) - 1)

/* Part of an address space where pages are mapped. */
struct pmap_chunk {
    struct pmap *pmap;
    uint64_t number; /* va >> PMAP_CHUNK_SHIFT */
    uint32_t count;
};

struct pmap_pv {
    uint32_t next;
    uint32_t place;
};

/* One mapping of a page. */
struct pmap_mapping {
    struct pmap *pmap;
    vmm_va va;
    uint32_t next;
};

/* The first mapping, newest first, and the next. The one that was got may be removed meanwhile. */
bool pmap_pv_first(const struct pmap_system *system, vmm_ppn ppn, struct pmap_mapping *mapping);
bool pmap_pv_next(const struct pmap_system *system, struct pmap_mapping *mapping);

static inline bool
pmap_pv_is_mapped(const struct pmap_system *system, vmm_ppn ppn)
{
    return (system->machine->frames.words[ppn] & PMAP_PV_PLACE) != 0;
}

/* PMAP_REFERENCED and PMAP_MODIFIED, harvested so far. */
static inline uint32_t
pmap_attributes(const struct pmap_system *system, vmm_ppn ppn)
{
    return system->machine->frames.words[ppn] >> PMAP_PV_ATTRIBUTES_SHIFT & PMAP_REFMOD;
}

static inline void
pmap_note_attributes(struct pmap_system *system, vmm_ppn ppn, uint32_t attributes)
{
    system->machine->frames.words[ppn] |= attributes << PMAP_PV_ATTRIBUTES_SHIFT;
}

static inline void
pmap_forget_attributes(struct pmap_system *system, vmm_ppn ppn, uint32_t attributes)
{
    system->machine->frames.words[ppn] &= ~(attributes << PMAP_PV_ATTRIBUTES_SHIFT);
}

/* Remembers what a word says of its page before the word changes. */
static inline void
pmap_harvest(const struct pmap *pmap, uint64_t pte)
{
    vmm_ppn ppn = pmap_frame(pmap, pte);

    if (pmap_is_managed(pmap->system, ppn))
        pmap_note_attributes(pmap->system, ppn,
                             (pte & HW_PTE_REF ? (uint32_t)PMAP_REFERENCED : 0) |
                                 (pte & HW_PTE_MOD ? (uint32_t)PMAP_MODIFIED : 0));
}

static inline struct pmap_chunk *
pmap_chunk_of(const struct pmap_system *system, uint32_t place)
{
    return vmm_pool_at(&system->chunks, place >> PMAP_CHUNK_PAGE_BITS);
}

/* Where a pmap keeps the number of a chunk; all addresses of one pmap have the same bits above. */
static inline uint64_t
pmap_chunk_index(vmm_va va)
{
    return (va & (((vmm_va)1 << 48) - 1)) >> PMAP_CHUNK_SHIFT;
}

/* The number of a new chunk for `va`, or 0. */
uint32_t pmap_chunk_make(struct pmap_system *system, struct pmap *pmap, vmm_va va);

static inline uint32_t
pmap_chunk_place(uint32_t number, vmm_va va)
{
    uint32_t pages = ((uint32_t)1 << PMAP_CHUNK_PAGE_BITS) - 1;

    return number << PMAP_CHUNK_PAGE_BITS | ((uint32_t)(va >> PMAP_CHUNK_PAGE_SHIFT) & pages);
}

/* The place of `va`, with its chunk made if need be; 0: none could be had. */
static inline uint32_t
pmap_pv_place(struct pmap_system *system, struct pmap *pmap, vmm_va va)
{
    uint32_t number = vmm_radix_get(&pmap->chunks, pmap_chunk_index(va));

    if (number == 0)
        number = pmap_chunk_make(system, pmap, va);
    return number == 0 ? 0 : pmap_chunk_place(number, va);
}

/* pmap_pv_add() of a place for a page that is mapped elsewhere too. */
bool pmap_pv_add_another(struct pmap_system *system, vmm_ppn ppn, uint32_t place) VMM_MUST_USE;

/* Notes a mapping of a page that is not mapped there yet. False: see ERRORS. */
VMM_MUST_USE static inline bool
pmap_pv_add(struct pmap_system *system, vmm_ppn ppn, struct pmap *pmap, vmm_va va)
{
    uint32_t place;

    if (!pmap_is_managed(system, ppn))
        return true;
    place = pmap_pv_place(system, pmap, va);
    if (place == 0)
        return false;
    if (pmap_pv_is_mapped(system, ppn))
        return pmap_pv_add_another(system, ppn, place);
    system->machine->frames.words[ppn] |= place; /* where nothing but attributes stood */
    pmap_chunk_of(system, place)->count++;
    return true;
}

/* Takes a mapping of a page away, which is there; a device's has no record, and that is fine. */
void pmap_pv_remove(struct pmap_system *system, vmm_ppn ppn, struct pmap *pmap, vmm_va va);

/* Makes the system's chunks and records, none yet; gives all of them back. */
void pmap_pv_init(struct pmap_system *system);
void pmap_pv_destroy(struct pmap_system *system);

/* Whether the chunk of `va` is there: to map one more page in it never needs memory. */
bool pmap_pv_has_chunk(const struct pmap *pmap, vmm_va va);

/*
 * For who maps several pages of a chunk at once, with pmap_pv_place() before: how many are mapped there now
 * that were not; a chunk in which none is goes.
 */
void pmap_pv_count(struct pmap_system *system, uint32_t place, uint32_t made);

#endif

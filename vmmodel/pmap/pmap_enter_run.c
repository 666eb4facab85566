/*
 * pmap_enter_run.c - many translations made at once
 *
 * What pmap_enter() asks again for each page is asked here once: the leaf table, the chunk of the pv
 * records, and on x86 the bits of the word. Only what needs none of pmap_enter()'s other work is done:
 * a word that holds nothing gets one for a frame that is mapped nowhere, or one for the same page
 * changes in nothing but the wired bit (x86).
 */
#include "pmap/pmap_internal.h"
#include "pmap/pmap_pv.h"
#include "pmap/pmap_table.h"

/* Where the words and the pv records of neighbouring pages stand. */
struct pmap_row {
    uint64_t *slots;
    struct pmap_chunk *chunk;
    uint32_t place; /* of the first; the others follow in steps of a page */
    uint32_t step;
    uint32_t count;
};

/* The row from `va` on, at most `count` pages of one table and one chunk; false: there is none. */
static bool
pmap_row_find(const struct pmap *pmap, vmm_va va, uint32_t count, struct pmap_row *row)
{
    const struct pmap_system *system = pmap->system;
    uint32_t step = (uint32_t)(pmap_page_bytes(pmap) >> PMAP_CHUNK_PAGE_SHIFT);
    vmm_va left = ((vmm_va)1 << PMAP_CHUNK_SHIFT) - (va & (((vmm_va)1 << PMAP_CHUNK_SHIFT) - 1));
    uint32_t pages = (uint32_t)(left / pmap_page_bytes(pmap));

    if (system->trace->sinks != NULL || system->watch != NULL)
        return false;
    row->slots = pmap_table_slot(pmap, va);
    row->place = row->slots == NULL ? 0 : pmap_pv_find_place(pmap, va, &row->chunk);
    row->step = step;
    row->count = count < pages ? count : pages;
    return row->place != 0;
}

static bool
pmap_row_is_empty(const struct pmap_row *row)
{
    const uint64_t *slots = row->slots;
    uint64_t held = 0;

    for (uint32_t i = 0, count = row->count; i < count; i++)
        held |= slots[i];
    return held == 0;
}

uint32_t
pmap_enter_room(const struct pmap *pmap, vmm_va va, uint32_t count)
{
    struct pmap_row row;
    uint32_t room = 0;

    if (!pmap_row_find(pmap, va, count, &row))
        return 0;
    if (pmap_row_is_empty(&row))
        return row.count;
    while (row.slots[room] == 0)
        room++;
    return room;
}

/* Whether pmap_store() of `pte` would do no more than change the wired bit. */
static bool
pmap_only_wires(const struct pmap_system *system, uint64_t before, uint64_t pte)
{
    return (before & HW_PTE_VALID) && !pmap_tracks_refmod(system) &&
           ((before ^ pte) & ~(HW_PTE_WIRED | HW_PTE_REF | HW_PTE_MOD)) == 0;
}

/* What a row changed in counts. */
struct pmap_row_sum {
    uint32_t done;
    uint32_t made;  /* words that held nothing */
    uint32_t wired; /* of those that are wired now and were not; modulo 2^32 */
};

/* pmap_enter() of the pages of a row, until one takes more than is done here. */
static inline struct pmap_row_sum
pmap_enter_row(const struct pmap *pmap, const struct pmap_row *row, const vmm_ppn *frames,
               vmm_prot prot, uint32_t flags)
{
    struct pmap_system *system = pmap->system;
    bool tracks = pmap_tracks_refmod(system);
    uint64_t bits = tracks ? 0 : pmap_word(pmap, VMM_NO_PAGE, prot, flags);
    uint32_t wires = (flags & PMAP_ENTER_WIRED) != 0;
    uint32_t *words = system->machine->frames.words;
    uint32_t place = row->place;
    uint64_t *slots = row->slots;
    struct pmap_row_sum sum = { 0, 0, 0 };

    for (uint32_t i = 0; i < row->count; i++, place += row->step) {
        vmm_ppn ppn = frames[i];
        uint64_t before = slots[i];
        bool is_new = before == 0 && (words[ppn] & PMAP_PV_PLACE) == 0;
        uint64_t pte;

        if (tracks && !is_new)
            break; /* before pmap_word() notes a store to the page */
        pte = tracks ? pmap_word(pmap, ppn, prot, flags) : hw_pte_make(ppn, bits);
        if (is_new) {
            words[ppn] |= place;
            slots[i] = pte;
            sum.made++;
        } else if (pmap_only_wires(system, before, pte)) {
            slots[i] = pte | (before & (HW_PTE_REF | HW_PTE_MOD));
            sum.wired -= (before & HW_PTE_WIRED) != 0;
        } else {
            break;
        }
        if (tracks)
            pmap_harvest(system, pte);
        sum.wired += wires;
        sum.done++;
    }
    return sum;
}

/* Whether a row holds nothing, and its frames follow each other and are mapped nowhere. */
static bool
pmap_row_is_fresh(const struct pmap *pmap, const struct pmap_row *row, const vmm_ppn *frames)
{
    const uint32_t *words = &pmap->system->machine->frames.words[frames[0]];
    uint32_t mapped = 0;

    if (!pmap_row_is_empty(row) || hw_frames_in_row(frames, row->count) < row->count)
        return false;
    for (uint32_t i = 0; i < row->count; i++)
        mapped |= words[i];
    return (mapped & PMAP_PV_PLACE) == 0;
}

/* pmap_enter_row() of such a row on x86: there is nothing to ask. */
static struct pmap_row_sum
pmap_fill_row(const struct pmap *pmap, const struct pmap_row *row, vmm_ppn first, vmm_prot prot,
              uint32_t flags)
{
    uint64_t pte = hw_pte_make(first, pmap_word(pmap, VMM_NO_PAGE, prot, flags));
    uint32_t *words = &pmap->system->machine->frames.words[first];
    uint64_t *slots = row->slots;
    uint32_t place = row->place;
    uint32_t step = row->step;

    for (uint32_t i = 0, count = row->count; i < count; i++, place += step)
        words[i] |= place;
    for (uint32_t i = 0, count = row->count; i < count; i++, pte += hw_pte_make(1, 0))
        slots[i] = pte;
    return (struct pmap_row_sum){ row->count, row->count,
                                  flags & PMAP_ENTER_WIRED ? row->count : 0 };
}

uint32_t
pmap_enter_run(struct pmap *pmap, vmm_va va, const vmm_ppn *frames, uint32_t count, vmm_prot prot,
               uint32_t flags)
{
    struct pmap_row_sum sum;
    struct pmap_row row;

    if (!pmap_row_find(pmap, va, count, &row))
        return 0;
    if (!pmap_tracks_refmod(pmap->system) && pmap_row_is_fresh(pmap, &row, frames))
        sum = pmap_fill_row(pmap, &row, frames[0], prot, flags);
    else
        sum = pmap_enter_row(pmap, &row, frames, prot, flags);
    row.chunk->count += sum.made;
    pmap->resident_pages += sum.made;
    pmap->wired_pages += (uint64_t)(int32_t)sum.wired;
    trace_count_events(pmap->system->trace, EV_PMAP_ENTER, sum.done);
    return sum.done;
}

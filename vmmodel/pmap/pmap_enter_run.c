/*
 * pmap_enter_run.c - see pmap_enter_run.h
 *
 * What pmap_enter() asks again for each page is asked here once: the leaf table, the chunk of the pv
 * records, and on x86 the bits of the word. Only what needs none of pmap_enter()'s other work is done:
 * a word that holds nothing gets one for a frame that is mapped nowhere, or one for the same page
 * changes in nothing but the wired bit (x86).
 */
#include "pmap/pmap_enter_run.h"

#include "pmap/pmap_internal.h"
#include "pmap/pmap_pv.h"
#include "pmap/pmap_table.h"

bool
pmap_row_find(struct pmap *pmap, vmm_va va, uint64_t count, struct pmap_row *row)
{
    const struct pmap_system *system = pmap->system;
    vmm_va left = ((vmm_va)1 << PMAP_CHUNK_SHIFT) - (va & (((vmm_va)1 << PMAP_CHUNK_SHIFT) - 1));
    uint64_t pages = left / pmap_page_bytes(pmap);

    if (system->trace->sinks != NULL || system->watch != NULL || pmap_frame_parts(pmap) > 1)
        return false;
    *row = (struct pmap_row){ pmap, va, pmap_table_slot(pmap, va),
                              (uint32_t)(count < pages ? count : pages) };
    return row->words != NULL;
}

uint32_t
pmap_row_room(const struct pmap_row *row)
{
    uint32_t room = 0;

    if (!pmap_pv_has_chunk(row->pmap, row->va))
        return 0;
    if (row->pmap->system->machine->rows->held64(row->words, row->count) == 0)
        return row->count;
    while (row->words[room] == 0)
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

bool
pmap_row_takes(const struct pmap_row *row, uint32_t at, vmm_ppn ppn, vmm_prot prot, uint32_t flags)
{
    const struct pmap_system *system = row->pmap->system;
    uint64_t before = row->words[at];

    if (before == 0)
        return !pmap_pv_is_mapped(system, ppn);
    return pmap_only_wires(system, before, pmap_word(row->pmap, ppn, prot, flags));
}

/* Pages of a row, and what is to be entered for them. */
struct pmap_batch {
    struct pmap *pmap;
    uint64_t *words;
    uint32_t *pv; /* of their frames, which follow each other */
    uint32_t place;
    uint32_t step; /* from the place of a page to that of the next */
    vmm_ppn first;
    uint32_t count;
    vmm_prot prot;
    uint32_t flags;
};

/* What changed in counts. */
struct pmap_batch_sum {
    uint32_t done;
    uint32_t made;  /* words that held nothing */
    uint32_t wired; /* of those that are wired now and were not; modulo 2^32 */
};

/* pmap_enter() of each page, until one takes more than is done here. */
static inline struct pmap_batch_sum
pmap_batch_enter(const struct pmap_batch *batch)
{
    struct pmap_system *system = batch->pmap->system;
    bool tracks = pmap_tracks_refmod(system);
    uint64_t bits = tracks ? 0 : pmap_word(batch->pmap, VMM_NO_PAGE, batch->prot, batch->flags);
    uint32_t wires = (batch->flags & PMAP_ENTER_WIRED) != 0;
    struct pmap_batch_sum sum = { 0, 0, 0 };

    for (uint32_t i = 0; i < batch->count; i++) {
        uint64_t before = batch->words[i];
        bool is_new = before == 0 && (batch->pv[i] & PMAP_PV_PLACE) == 0;
        uint64_t pte = tracks ? pmap_word(batch->pmap, batch->first + i, batch->prot, batch->flags)
                              : hw_pte_make(batch->first + i, bits);

        if (is_new) {
            batch->pv[i] |= batch->place + i * batch->step;
            batch->words[i] = pte;
            sum.made++;
        } else if (pmap_only_wires(system, before, pte)) {
            batch->words[i] = pte | (before & (HW_PTE_REF | HW_PTE_MOD));
            sum.wired -= (before & HW_PTE_WIRED) != 0;
        } else {
            break;
        }
        if (tracks)
            pmap_harvest(batch->pmap, pte);
        sum.wired += wires;
        sum.done++;
    }
    return sum;
}

/* Whether the words hold nothing, and the frames are mapped nowhere. */
static bool
pmap_batch_is_fresh(const struct pmap_batch *batch)
{
    const struct vmm_rows *rows = batch->pmap->system->machine->rows;

    return rows->held64(batch->words, batch->count) == 0 &&
           (rows->held32(batch->pv, batch->count) & PMAP_PV_PLACE) == 0;
}

/* pmap_batch_enter() of such a run on x86: there is nothing to ask. */
static struct pmap_batch_sum
pmap_batch_fill(const struct pmap_batch *batch)
{
    const struct vmm_rows *rows = batch->pmap->system->machine->rows;
    uint64_t bits = pmap_word(batch->pmap, VMM_NO_PAGE, batch->prot, batch->flags);
    uint32_t count = batch->count;

    rows->put64(batch->words, count, hw_pte_make(batch->first, bits), hw_pte_make(1, 0));
    rows->join32(batch->pv, count, batch->place, batch->step);
    return (struct pmap_batch_sum){ count, count, batch->flags & PMAP_ENTER_WIRED ? count : 0 };
}

void
pmap_row_expect(const struct pmap_row *row, uint32_t at, vmm_ppn first, uint32_t count)
{
    const struct hw_frames *frames = &row->pmap->system->machine->frames;

    vmm_row_expect(&row->words[at], count * sizeof(*row->words));
    vmm_row_expect(&frames->words[first], count * sizeof(*frames->words));
}

uint32_t
pmap_row_enter(const struct pmap_row *row, uint32_t at, vmm_ppn first, uint32_t count,
               vmm_prot prot, uint32_t flags)
{
    struct pmap *pmap = row->pmap;
    struct pmap_system *system = pmap->system;
    struct pmap_batch_sum sum;
    struct pmap_batch batch = { .pmap = pmap,
                                .words = &row->words[at],
                                .pv = &system->machine->frames.words[first],
                                .step = (uint32_t)(pmap_page_bytes(pmap) >> PMAP_CHUNK_PAGE_SHIFT),
                                .first = first,
                                .count = count,
                                .prot = prot,
                                .flags = flags };

    batch.place = pmap_pv_place(system, pmap, row->va + at * pmap_page_bytes(pmap));
    if (batch.place == 0)
        return 0;
    sum = !pmap_tracks_refmod(system) && pmap_batch_is_fresh(&batch) ? pmap_batch_fill(&batch)
                                                                     : pmap_batch_enter(&batch);
    pmap_pv_count(system, batch.place, sum.made);
    pmap->resident_pages += sum.made;
    pmap->wired_pages += (uint64_t)(int32_t)sum.wired;
    trace_count_events(system->trace, EV_PMAP_ENTER, sum.done);
    return sum.done;
}

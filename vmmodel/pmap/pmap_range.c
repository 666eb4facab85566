/*
 * pmap_range.c - ranges of one pmap: dropped, narrowed, wired bits
 *
 * One loop a verb, leaf table by leaf table: what has no table is stepped over. The two machines differ
 * in when they flush (vm.md 5.3): x86 asks whether there was a valid word, arm64's pmap_protect() only
 * whether there was a table.
 */
#include "pmap/pmap_flush.h"
#include "pmap/pmap_internal.h"
#include "pmap/pmap_pv.h"
#include "pmap/pmap_table.h"

/* What happens to a part of a large leaf happens to all of it. */
static void
pmap_widen_run(struct pmap_run *run)
{
    if (run->large_bytes == 0)
        return;
    run->start = pmap_run_large_start(run);
    run->end = run->start + run->large_bytes;
}

/* ---- remove ---- */

/* Drops what one leaf table holds of the run; says whether anything was valid. */
static bool
pmap_remove_run(struct pmap *pmap, const struct pmap_run *run)
{
    uint64_t *slot = run->slots;
    bool any = false;

    if (run->large_bytes != 0) {
        pmap_drop_large(pmap, pmap_run_large_start(run), slot, run->large_bytes);
        return true;
    }
    for (vmm_va va = run->start; va < run->end; va += pmap_page_bytes(pmap), slot++) {
        if (*slot & HW_PTE_VALID) {
            pmap_drop(pmap, va, slot, 0);
            any = true;
        } else if (*slot == HW_PTE_COMPRESSED) {
            *slot = 0;
            pmap->compressed_pages--;
        }
    }
    return any;
}

void
pmap_remove_options(struct pmap *pmap, vmm_va start, vmm_va end, struct pmap_flush_context *later)
{
    bool frees_tables = pmap_tracks_refmod(pmap->system) && !pmap_is_kernel(pmap) &&
                        !pmap->is_shared; /* whose tables are in use through others */
    struct pmap_run run;

    while (pmap_table_next_run(pmap, &start, end, &run)) {
        if (run.is_nested)
            continue;
        if (pmap_remove_run(pmap, &run)) {
            pmap_widen_run(&run);
            pmap_flush_or_defer(pmap, run.start, run.end, later);
            pmap_tell_removed(pmap, run.start, run.end);
        }
        if (frees_tables)
            pmap_table_free_if_empty(pmap, run.start);
    }
}

void
pmap_remove(struct pmap *pmap, vmm_va start, vmm_va end)
{
    pmap_remove_options(pmap, start, end, NULL);
}

/* The same for what nothing but habit keeps there: neither wired nor a device's. */
static bool
pmap_remove_unwired_run(struct pmap *pmap, const struct pmap_run *run)
{
    uint64_t *slot = run->slots;
    bool any = false;

    if (run->large_bytes != 0)
        return false; /* memory that is mapped so is wired for ever (vm.md 1.6) */
    for (vmm_va va = run->start; va < run->end; va += pmap_page_bytes(pmap), slot++) {
        if (!(*slot & HW_PTE_VALID) || (*slot & HW_PTE_WIRED) != 0 ||
            hw_frame_is_device(&pmap->system->machine->frames, pmap_frame(pmap, *slot)))
            continue;
        pmap_drop(pmap, va, slot, 0);
        pmap_tell_removed(pmap, va, va + pmap_page_bytes(pmap));
        any = true;
    }
    return any;
}

void
pmap_remove_unwired(struct pmap *pmap)
{
    const struct hw_geometry *geometry = pmap->geometry;
    vmm_va start = pmap_is_kernel(pmap) ? geometry->kernel_min : 0;
    vmm_va end = pmap_is_kernel(pmap) ? geometry->kernel_max : geometry->user_max;
    struct pmap_run run;

    while (pmap_table_next_run(pmap, &start, end, &run)) {
        if (!run.is_nested && pmap_remove_unwired_run(pmap, &run))
            pmap_flush_or_defer(pmap, run.start, run.end, NULL);
    }
}

/* ---- protect ---- */

bool
pmap_narrow(struct pmap *pmap, vmm_va va, uint64_t *slot, vmm_prot prot)
{
    uint64_t before = *slot;

    if (!(prot & VMM_PROT_WRITE)) {
        pmap_harvest(pmap, before);
        *slot &= ~(HW_PTE_WRITE | HW_PTE_SOFT_WRITE);
        if (pmap_tracks_refmod(pmap->system))
            *slot &= ~HW_PTE_MOD; /* there MOD says that WRITE is open */
    }
    if (!(prot & VMM_PROT_EXECUTE))
        *slot |= HW_PTE_NX;
    if (*slot != before)
        trace_emit(pmap->system->trace, EV_PMAP_PROTECT, .space = pmap->space, .va = va,
                   .ppn = pmap_frame(pmap, before), .prot = pmap_rights(*slot));
    return *slot != before;
}

/*
 * Narrows what one leaf table holds of the run; says whether there was anything. Neighbours that may
 * less than before, and have the same rights now, are told together.
 */
static bool
pmap_protect_run(struct pmap *pmap, const struct pmap_run *run, vmm_prot prot)
{
    uint64_t *slot = run->slots;
    vmm_size step = run->large_bytes != 0 ? run->large_bytes : pmap_page_bytes(pmap);
    vmm_va told_to = run->start; /* [told_to, va) may less and nobody knows */
    vmm_prot rights = VMM_PROT_NONE;
    bool any = false;

    for (vmm_va va = run->start; va < run->end; va += step, slot++) {
        uint64_t before = *slot;
        bool is_less = (before & HW_PTE_VALID) && pmap_narrow(pmap, va, slot, prot) &&
                       pmap_is_less(pmap, before, *slot);

        any |= (before & HW_PTE_VALID) != 0;
        if (is_less && pmap_rights(*slot) == rights)
            continue;
        pmap_tell_narrowed(pmap, told_to, va, rights);
        rights = is_less ? pmap_rights(*slot) : (vmm_prot)VMM_PROT_NONE;
        told_to = is_less ? va : va + step;
    }
    pmap_tell_narrowed(pmap, told_to, run->end, rights);
    return any;
}

void
pmap_protect_options(struct pmap *pmap, vmm_va start, vmm_va end, vmm_prot prot,
                     struct pmap_flush_context *later)
{
    bool by_table = pmap->system->machine->geometry->has_broadcast_flush;
    struct pmap_run run;
    vmm_va changed_start = start; /* what a flush of all of it covers: more than was asked for */
    vmm_va changed_end = end;     /* when a large leaf sticks out */
    vmm_va at = start;
    bool any = false;

    if (prot == VMM_PROT_NONE) {
        pmap_remove_options(pmap, start, end, later);
        return;
    }
    while (pmap_table_next_run(pmap, &at, end, &run)) {
        if (run.is_nested)
            continue;
        pmap_widen_run(&run);
        changed_start = run.start < changed_start ? run.start : changed_start;
        changed_end = run.end > changed_end ? run.end : changed_end;
        any |= pmap_protect_run(pmap, &run, prot);
        if (by_table)
            pmap_flush_or_defer(pmap, run.start, run.end, later);
    }
    if (any && !by_table)
        pmap_flush_or_defer(pmap, changed_start, changed_end, later);
}

void
pmap_protect(struct pmap *pmap, vmm_va start, vmm_va end, vmm_prot prot)
{
    pmap_protect_options(pmap, start, end, prot, NULL);
}

/* ---- wiring ---- */

bool
pmap_change_wiring(struct pmap *pmap, vmm_va va, bool wired)
{
    uint64_t *slot = pmap_table_slot(pmap, va);
    bool is_arm64 = pmap_tracks_refmod(pmap->system);

    if (slot == NULL || !(*slot & HW_PTE_VALID))
        return is_arm64 ? !wired : slot != NULL;
    if (((*slot & HW_PTE_WIRED) != 0) == wired)
        return true;
    *slot ^= HW_PTE_WIRED;
    pmap->wired_pages += wired ? 1 : (uint64_t)-1;
    trace_emit(pmap->system->trace, EV_PMAP_WIRING, .space = pmap->space, .va = va,
               .ppn = pmap_frame(pmap, *slot), .detail = wired);
    return true;
}

/* Unwires neighbouring words when nobody is told of each. */
static void
pmap_unwire_words(struct pmap *pmap, uint64_t *slots, uint64_t count)
{
    uint64_t changed = 0;

    for (uint64_t i = 0; i < count; i++) {
        uint64_t pte = slots[i];
        bool changes = (pte & HW_PTE_VALID) && (pte & HW_PTE_WIRED);

        slots[i] = changes ? pte ^ HW_PTE_WIRED : pte;
        changed += changes;
    }
    pmap->wired_pages -= changed;
    trace_count_events(pmap->system->trace, EV_PMAP_WIRING, changed);
}

void
pmap_unwire_range(struct pmap *pmap, vmm_va start, vmm_va end)
{
    struct pmap_run run;

    VMM_ASSERT(pmap->system->trace->sinks == NULL);
    while (pmap_table_next_run(pmap, &start, end, &run)) {
        if (run.large_bytes == 0)
            pmap_unwire_words(pmap, run.slots, (run.end - run.start) / pmap_page_bytes(pmap));
    }
}

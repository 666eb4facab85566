/*
 * pmap.c - making, narrowing and dropping translations
 *
 * Tables are pages of memory: pmap_slot() walks them, pmap_expand() adds what is missing. A walk over
 * a range goes from leaf table to leaf table (pmap_next_table), so that empty terabytes cost a few
 * steps. Every change of a valid entry passes pmap_flush_range() or one of vm.md 5.4's exceptions.
 */
#include "pmap/pmap.h"

#include <inttypes.h>

#include "pmap/pmap_flush.h"
#include "pmap/pmap_internal.h"
#include "pmap/pmap_pv.h"

enum { PMAP_MAX_ASID = 0xffff };

/* ---- words ---- */

static uint64_t
pmap_bits(const struct pmap *pmap, vmm_prot prot, bool wired)
{
    return HW_PTE_VALID | (prot & VMM_PROT_WRITE ? HW_PTE_WRITE : 0) |
           (prot & VMM_PROT_EXECUTE ? 0 : HW_PTE_NX) | (wired ? HW_PTE_WIRED : 0) |
           (pmap->asid != 0 ? HW_PTE_USER : 0);
}

static void
pmap_decode(uint64_t pte, struct pmap_translation *found)
{
    found->ppn = hw_pte_ppn(pte);
    found->prot = VMM_PROT_READ | (pte & HW_PTE_WRITE ? (vmm_prot)VMM_PROT_WRITE : 0) |
                  (pte & HW_PTE_NX ? 0 : (vmm_prot)VMM_PROT_EXECUTE);
    found->is_wired = (pte & HW_PTE_WIRED) != 0;
}

/* The leaf word for `va`, or NULL when no leaf table is there. */
static uint64_t *
pmap_slot(const struct pmap *pmap, vmm_va va)
{
    struct hw_machine *machine = pmap->system->machine;

    return hw_pt_slot(&machine->frames, machine->geometry, pmap->root, va,
                      machine->geometry->levels - 1, NULL);
}

/* ---- tables ---- */

/* A frame that reads as an empty table; VMM_NO_PAGE with *status telling why not. */
static vmm_ppn
pmap_table_alloc(struct pmap *pmap, enum vmm_status *status)
{
    struct hw_frames *frames = &pmap->system->machine->frames;
    vmm_ppn ppn = hw_frame_alloc(frames);

    *status = VMM_MODEL_NO_FRAME;
    if (ppn == VMM_NO_PAGE)
        return VMM_NO_PAGE;
    hw_frame_zero(frames, ppn);
    if (hw_frame_words(frames, ppn) == NULL) {
        hw_frame_free(frames, ppn);
        *status = VMM_MODEL_NO_MEMORY;
        return VMM_NO_PAGE;
    }
    pmap->table_pages++;
    pmap->system->table_pages++;
    *status = VMM_OK;
    return ppn;
}

/* Makes the tables on the way to `va`. XNU: pmap_expand(). What was made stays on failure. */
static enum vmm_status
pmap_expand(struct pmap *pmap, vmm_va va, bool may_wait)
{
    struct hw_machine *machine = pmap->system->machine;
    uint32_t leaf = machine->geometry->levels - 1;
    uint32_t missing;
    enum vmm_status status = VMM_OK;

    while (status == VMM_OK && hw_pt_slot(&machine->frames, machine->geometry, pmap->root, va, leaf,
                                          &missing) == NULL) {
        vmm_ppn ppn;

        if (!may_wait)
            return VMM_RESOURCE_SHORTAGE;
        ppn = pmap_table_alloc(pmap, &status);
        if (status != VMM_OK)
            break;
        *hw_pt_slot(&machine->frames, machine->geometry, pmap->root, va, missing, NULL) =
            hw_pte_make(ppn, HW_PTE_VALID | HW_PTE_WRITE | HW_PTE_USER);
        trace_emit(pmap->system->trace, EV_PMAP_TABLE, .space = pmap->space, .va = va, .ppn = ppn,
                   .count = missing + 1);
    }
    return status;
}

/*
 * The leaf table that holds the first page at or after *va and below `end` that has a leaf table at
 * all; NULL when none has. *va moves to that page.
 */
static uint64_t *
pmap_next_table(const struct pmap *pmap, vmm_va *va, vmm_va end)
{
    struct hw_machine *machine = pmap->system->machine;
    const struct hw_geometry *geometry = machine->geometry;

    while (*va < end) {
        uint32_t missing;
        uint64_t *slot =
            hw_pt_slot(&machine->frames, geometry, pmap->root, *va, geometry->levels - 1, &missing);
        vmm_va span;

        if (slot != NULL)
            return slot - hw_pt_index(geometry, *va, geometry->levels - 1);
        span = (vmm_va)1 << (geometry->page_shift +
                             (geometry->levels - 1 - missing) * geometry->index_bits);
        if ((*va | (span - 1)) == UINT64_MAX)
            return NULL;
        *va = (*va & ~(span - 1)) + span;
    }
    return NULL;
}

/* Part of a range that lies in one leaf table. */
struct pmap_run {
    uint64_t *slots; /* the first word of the run */
    vmm_va start;
    vmm_va end;
};

/* The next run of [*va, end) with a leaf table; moves *va behind it. False: no more. */
static bool
pmap_next_run(const struct pmap *pmap, vmm_va *va, vmm_va end, struct pmap_run *run)
{
    const struct hw_geometry *geometry = pmap->system->machine->geometry;
    vmm_va chunk = pmap_chunk_bytes(pmap->system);
    uint64_t *table = pmap_next_table(pmap, va, end);

    if (table == NULL)
        return false;
    run->start = *va;
    run->slots = table + hw_pt_index(geometry, *va, geometry->levels - 1);
    run->end = (*va & ~(chunk - 1)) + chunk;
    if (run->end > end || run->end < *va)
        run->end = end;
    *va = run->end;
    return true;
}

static vmm_va
pmap_page_bytes(const struct pmap *pmap)
{
    return hw_page_bytes(pmap->system->machine->geometry);
}

/* ---- life ---- */

static uint32_t
pmap_new_asid(struct pmap_system *system)
{
    bool is_taken = true;

    while (is_taken) {
        system->last_asid = system->last_asid == PMAP_MAX_ASID ? 1 : system->last_asid + 1;
        is_taken = false;
        for (struct vmm_list *at = system->pmaps.next; at != &system->pmaps; at = at->next)
            is_taken |= VMM_CONTAINER(at, struct pmap, link)->asid == system->last_asid;
    }
    return system->last_asid;
}

static struct pmap *
pmap_make(struct pmap_system *system, uint32_t space)
{
    struct pmap *pmap = vmm_zone_take(&system->pmap_zone);
    enum vmm_status status;

    if (pmap == NULL)
        return NULL;
    pmap->system = system;
    pmap->space = space;
    pmap->root = pmap_table_alloc(pmap, &status);
    if (status != VMM_OK) {
        vmm_zone_give(&system->pmap_zone, pmap);
        return NULL;
    }
    vmm_list_append(&system->pmaps, &pmap->link);
    return pmap;
}

struct pmap *
pmap_create(struct pmap_system *system, uint32_t space)
{
    struct pmap *pmap = pmap_make(system, space);

    if (pmap != NULL)
        pmap->asid = pmap_new_asid(system);
    return pmap;
}

/* Frees the tables below and including `ppn`. */
static void
pmap_free_tables(struct pmap *pmap, vmm_ppn ppn, uint32_t level)
{
    struct hw_machine *machine = pmap->system->machine;
    uint64_t *table = hw_frame_words(&machine->frames, ppn);
    uint32_t entries = (uint32_t)1 << machine->geometry->index_bits;

    for (uint32_t i = 0; level + 1 < machine->geometry->levels && i < entries; i++) {
        if (table[i] & HW_PTE_VALID)
            pmap_free_tables(pmap, hw_pte_ppn(table[i]), level + 1);
    }
    hw_frame_free(&machine->frames, ppn);
    pmap->table_pages--;
    pmap->system->table_pages--;
}

void
pmap_destroy(struct pmap *pmap)
{
    struct pmap_system *system = pmap->system;

    VMM_ASSERT(pmap->resident_pages == 0);
    for (uint32_t cpu = 0; cpu < system->machine->cpu_count; cpu++) {
        hw_tlb_flush_asid(&system->machine->cpus[cpu].tlb, pmap->asid);
        if (system->loaded[cpu] == pmap)
            pmap_switch(system, cpu, NULL);
    }
    pmap_free_tables(pmap, pmap->root, 0);
    vmm_list_remove(&pmap->link);
    vmm_zone_give(&system->pmap_zone, pmap);
}

struct pmap_system *
pmap_system_create(const struct vmm_alloc *alloc, struct hw_machine *machine, struct trace *trace)
{
    struct pmap_system *system = vmm_take_array(alloc, 1, sizeof(*system));

    if (system == NULL)
        return NULL;
    system->alloc = alloc;
    system->machine = machine;
    system->trace = trace;
    vmm_list_init(&system->pmaps);
    vmm_zone_init(&system->pmap_zone, alloc, sizeof(struct pmap));
    vmm_zone_init(&system->pv_zone, alloc, sizeof(struct pmap_pv));
    system->pv = vmm_take_array(alloc, (size_t)machine->frames.count + 1, sizeof(*system->pv));
    if (system->pv != NULL)
        system->kernel = pmap_make(system, 0);
    if (system->kernel == NULL) {
        pmap_system_destroy(system);
        return NULL;
    }
    machine->kernel_root = system->kernel->root;
    return system;
}

/* Tables live in the machine's frames and go with it; only our own records are freed here. */
void
pmap_system_destroy(struct pmap_system *system)
{
    const struct vmm_alloc *alloc = system->alloc;

    vmm_zone_destroy(&system->pmap_zone);
    vmm_zone_destroy(&system->pv_zone);
    vmm_give_array(alloc, system->pv, (size_t)system->machine->frames.count + 1,
                   sizeof(*system->pv));
    vmm_give_array(alloc, system, 1, sizeof(*system));
}

struct pmap *
pmap_kernel(struct pmap_system *system)
{
    return system->kernel;
}

/* ---- enter ---- */

static void
pmap_count_entry(struct pmap *pmap, uint64_t pte, uint64_t step)
{
    pmap->resident_pages += step;
    pmap->wired_pages += pte & HW_PTE_WIRED ? step : 0;
}

/* Drops one valid entry, its record and its counts; the caller flushes. */
static void
pmap_drop(struct pmap *pmap, vmm_va va, uint64_t *slot)
{
    uint64_t pte = *slot;

    *slot = 0;
    pmap_count_entry(pmap, pte, (uint64_t)-1);
    pmap_pv_remove(pmap->system, hw_pte_ppn(pte), pmap, va);
    trace_emit(pmap->system->trace, EV_PMAP_REMOVE, .space = pmap->space, .va = va,
               .ppn = hw_pte_ppn(pte));
}

/*
 * Whether a change of a valid entry to the same page needs a flush: not when exactly the wired bit
 * changes, and not when exactly WRITE is added (vm.md 5.4); both at once do (T32).
 */
static bool
pmap_change_needs_flush(uint64_t from, uint64_t to)
{
    uint64_t changed = (from ^ to) & ~(HW_PTE_REF | HW_PTE_MOD);

    return changed != 0 && changed != HW_PTE_WIRED &&
           !(changed == HW_PTE_WRITE && (to & HW_PTE_WRITE));
}

/* Stores the word for a page that is there already, or for an address that has none. */
static void
pmap_store(struct pmap *pmap, vmm_va va, uint64_t *slot, uint64_t pte)
{
    uint64_t before = *slot;

    if (before & HW_PTE_VALID) {
        pmap_count_entry(pmap, before, (uint64_t)-1);
        pte |= before & (HW_PTE_REF | HW_PTE_MOD);
    }
    *slot = pte;
    pmap_count_entry(pmap, pte, 1);
    if ((before & HW_PTE_VALID) && pmap_change_needs_flush(before, pte))
        pmap_flush_range(pmap, va, va + pmap_page_bytes(pmap));
}

enum vmm_status
pmap_enter(struct pmap *pmap, vmm_va va, vmm_ppn ppn, vmm_prot prot, uint32_t flags)
{
    uint64_t pte = hw_pte_make(ppn, pmap_bits(pmap, prot, flags & PMAP_ENTER_WIRED));
    enum vmm_status status = pmap_expand(pmap, va, !(flags & PMAP_ENTER_NOWAIT));
    uint64_t *slot;

    if (status != VMM_OK || (flags & PMAP_ENTER_NOENTER))
        return status;
    slot = pmap_slot(pmap, va);
    if (!(*slot & HW_PTE_VALID) || hw_pte_ppn(*slot) != ppn) {
        if (!pmap_pv_add(pmap->system, ppn, pmap, va))
            return VMM_MODEL_NO_MEMORY;
        if (*slot & HW_PTE_VALID) {
            pmap_drop(pmap, va, slot);
            pmap_flush_range(pmap, va, va + pmap_page_bytes(pmap));
        }
    }
    pmap_store(pmap, va, slot, pte);
    trace_emit(pmap->system->trace, EV_PMAP_ENTER, .space = pmap->space, .va = va, .ppn = ppn,
               .prot = prot, .detail = flags);
    return VMM_OK;
}

/* ---- remove, protect, wiring ---- */

/* Drops what one leaf table holds of the run; says whether there was anything. */
static bool
pmap_remove_run(struct pmap *pmap, const struct pmap_run *run)
{
    bool any = false;
    uint64_t *slot = run->slots;

    for (vmm_va va = run->start; va < run->end; va += pmap_page_bytes(pmap), slot++) {
        if (*slot & HW_PTE_VALID) {
            pmap_drop(pmap, va, slot);
            any = true;
        }
    }
    return any;
}

void
pmap_remove(struct pmap *pmap, vmm_va start, vmm_va end)
{
    struct pmap_run run;

    while (pmap_next_run(pmap, &start, end, &run)) {
        if (pmap_remove_run(pmap, &run))
            pmap_flush_range(pmap, run.start, run.end);
    }
}

/* Narrows one valid word; announces it only when it changed. */
static void
pmap_narrow(struct pmap *pmap, vmm_va va, uint64_t *slot, vmm_prot prot)
{
    uint64_t before = *slot;

    if (!(prot & VMM_PROT_WRITE))
        *slot &= ~HW_PTE_WRITE;
    if (!(prot & VMM_PROT_EXECUTE))
        *slot |= HW_PTE_NX;
    if (*slot != before)
        trace_emit(pmap->system->trace, EV_PMAP_PROTECT, .space = pmap->space, .va = va,
                   .ppn = hw_pte_ppn(before), .prot = prot);
}

void
pmap_protect(struct pmap *pmap, vmm_va start, vmm_va end, vmm_prot prot)
{
    struct pmap_run run;
    vmm_va at = start;
    bool any = false;

    if (prot == VMM_PROT_NONE) {
        pmap_remove(pmap, start, end);
        return;
    }
    while (pmap_next_run(pmap, &at, end, &run)) {
        uint64_t *slot = run.slots;

        for (vmm_va va = run.start; va < run.end; va += pmap_page_bytes(pmap), slot++) {
            if (*slot & HW_PTE_VALID) {
                pmap_narrow(pmap, va, slot, prot);
                any = true;
            }
        }
    }
    if (any)
        pmap_flush_range(pmap, start, end);
}

void
pmap_change_wiring(struct pmap *pmap, vmm_va va, bool wired)
{
    uint64_t *slot = pmap_slot(pmap, va);

    if (slot == NULL || !(*slot & HW_PTE_VALID) || ((*slot & HW_PTE_WIRED) != 0) == wired)
        return;
    *slot ^= HW_PTE_WIRED;
    pmap->wired_pages += wired ? 1 : (uint64_t)-1;
    trace_emit(pmap->system->trace, EV_PMAP_WIRING, .space = pmap->space, .va = va,
               .ppn = hw_pte_ppn(*slot), .detail = wired);
}

void
pmap_page_protect(struct pmap_system *system, vmm_ppn ppn, vmm_prot prot)
{
    struct pmap_pv *pv = system->pv[ppn];

    if (prot & VMM_PROT_WRITE)
        return;
    while (pv != NULL) {
        struct pmap_pv *next = pv->next;
        struct pmap *pmap = pv->pmap;
        vmm_va va = pv->va;
        uint64_t *slot = pmap_slot(pmap, va);

        if (prot == VMM_PROT_NONE)
            pmap_drop(pmap, va, slot);
        else
            pmap_narrow(pmap, va, slot, prot);
        pmap_flush_range(pmap, va, va + pmap_page_bytes(pmap));
        pv = next;
    }
}

bool
pmap_page_is_mapped(const struct pmap_system *system, vmm_ppn ppn)
{
    return system->pv[ppn] != NULL;
}

/* ---- looking ---- */

bool
pmap_query(const struct pmap *pmap, vmm_va va, struct pmap_translation *found)
{
    const uint64_t *slot = pmap_slot(pmap, va);

    if (slot == NULL || !(*slot & HW_PTE_VALID))
        return false;
    pmap_decode(*slot, found);
    return true;
}

void
pmap_each(const struct pmap *pmap, vmm_va start, vmm_va end,
          void (*see)(void *context, vmm_va va, const struct pmap_translation *found),
          void *context)
{
    struct pmap_run run;

    while (pmap_next_run(pmap, &start, end, &run)) {
        const uint64_t *slot = run.slots;

        for (vmm_va va = run.start; va < run.end; va += pmap_page_bytes(pmap), slot++) {
            struct pmap_translation found;

            if (*slot & HW_PTE_VALID) {
                pmap_decode(*slot, &found);
                see(context, va, &found);
            }
        }
    }
}

struct pmap_tally {
    uint64_t valid;
    uint64_t wired;
};

static void
pmap_tally_see(void *context, vmm_va va, const struct pmap_translation *found)
{
    struct pmap_tally *tally = context;

    (void)va;
    tally->valid++;
    tally->wired += found->is_wired;
}

uint64_t
pmap_count(const struct pmap *pmap, vmm_va start, vmm_va end, uint64_t *wired_pages)
{
    struct pmap_tally tally = { 0, 0 };

    pmap_each(pmap, start, end, pmap_tally_see, &tally);
    if (wired_pages != NULL)
        *wired_pages = tally.wired;
    return tally.valid;
}

void
pmap_statistics(const struct pmap *pmap, struct pmap_statistics *statistics)
{
    *statistics =
        (struct pmap_statistics){ pmap->resident_pages, pmap->wired_pages, pmap->table_pages };
}

uint64_t
pmap_table_pages(const struct pmap_system *system)
{
    return system->table_pages;
}

/* ---- CPUs ---- */

void
pmap_switch(struct pmap_system *system, uint32_t cpu, struct pmap *pmap)
{
    pmap_take_pending_flush(system, cpu);
    system->loaded[cpu] = pmap;
    hw_cpu_load(system->machine, cpu, pmap == NULL ? VMM_NO_PAGE : pmap->root,
                pmap == NULL ? 0 : pmap->asid);
}

void
pmap_cpu_mode(struct pmap_system *system, uint32_t cpu, enum hw_cpu_mode mode)
{
    struct hw_cpu *at = &system->machine->cpus[cpu];

    if (mode == HW_CPU_KERNEL || at->mode == HW_CPU_IDLE)
        pmap_take_pending_flush(system, cpu);
    at->mode = mode;
}

/*
 * pmap.c - making, narrowing and dropping translations
 *
 * A word in a leaf table is in one of two states:
 *
 *                 pmap_enter                     pmap_enter (another page): drop, flush, enter
 *      invalid ----------------> valid ----+     pmap_enter (same page), pmap_change_wiring
 *         ^                        |  ^____|     pmap_protect, pmap_page_protect: narrow, flush
 *         +------------------------+
 *            pmap_remove, pmap_page_protect(NONE): drop, flush
 *
 * The hardware sets the reference and modify bits of a valid word on its own. Every change of a valid
 * word is followed by pmap_flush_range() or is one of the exceptions of vm.md 5.4, which stand in
 * pmap_change_needs_flush(). The pv record and the counts go with the word: pmap_drop() and
 * pmap_store() are the only places that change which words are valid.
 */
#include "pmap/pmap.h"

#include "pmap/pmap_flush.h"
#include "pmap/pmap_internal.h"
#include "pmap/pmap_pv.h"
#include "pmap/pmap_table.h"

/* ---- words ---- */

static uint64_t
pmap_bits(const struct pmap *pmap, vmm_prot prot, bool wired)
{
    return HW_PTE_VALID | (prot & VMM_PROT_WRITE ? HW_PTE_WRITE : 0) |
           (prot & VMM_PROT_EXECUTE ? 0 : HW_PTE_NX) | (wired ? HW_PTE_WIRED : 0) |
           (pmap->asid != 0 ? HW_PTE_USER : 0);
}

static vmm_prot
pmap_rights(uint64_t pte)
{
    return VMM_PROT_READ | (pte & HW_PTE_WRITE ? (vmm_prot)VMM_PROT_WRITE : 0) |
           (pte & HW_PTE_NX ? 0 : (vmm_prot)VMM_PROT_EXECUTE);
}

static void
pmap_decode(uint64_t pte, struct pmap_translation *found)
{
    found->ppn = hw_pte_ppn(pte);
    found->prot = pmap_rights(pte);
    found->is_wired = (pte & HW_PTE_WIRED) != 0;
}

static vmm_size
pmap_page_bytes(const struct pmap *pmap)
{
    return hw_page_bytes(pmap->system->machine->geometry);
}

/* ---- telling the embedder ---- */

void
pmap_system_watch(struct pmap_system *system, const struct pmap_watch *watch)
{
    system->watch = watch;
}

static void
pmap_tell_entered(const struct pmap *pmap, vmm_va va, uint64_t pte)
{
    const struct pmap_watch *watch = pmap->system->watch;

    if (watch != NULL)
        watch->entered(watch->context, pmap->space, va, hw_pte_ppn(pte), pmap_rights(pte));
}

static void
pmap_tell_removed(const struct pmap *pmap, vmm_va start, vmm_va end)
{
    const struct pmap_watch *watch = pmap->system->watch;

    if (watch != NULL)
        watch->removed(watch->context, pmap->space, start, end - start);
}

static void
pmap_tell_narrowed(const struct pmap *pmap, vmm_va start, vmm_va end, vmm_prot prot)
{
    const struct pmap_watch *watch = pmap->system->watch;

    if (watch != NULL && start < end)
        watch->narrowed(watch->context, pmap->space, start, end - start, prot);
}

static void
pmap_flush_page(struct pmap *pmap, vmm_va va)
{
    pmap_flush_range(pmap, va, va + pmap_page_bytes(pmap));
}

/* ---- life ---- */

static bool
pmap_asid_is_taken(const struct pmap_system *system, uint32_t asid)
{
    const struct vmm_list *at = system->pmaps.next;

    while (at != &system->pmaps && VMM_CONTAINER(at, struct pmap, link)->asid != asid)
        at = at->next;
    return at != &system->pmaps;
}

/* The next free number, running and starting over; 0 when all are taken. */
static uint32_t
pmap_new_asid(struct pmap_system *system)
{
    if (system->pmap_zone.pieces_in_use > PMAP_MAX_ASID)
        return 0;
    do
        system->last_asid = system->last_asid == PMAP_MAX_ASID ? 1 : system->last_asid + 1;
    while (pmap_asid_is_taken(system, system->last_asid));
    return system->last_asid;
}

static struct pmap *
pmap_make(struct pmap_system *system, uint32_t space, uint32_t asid)
{
    struct pmap *pmap = vmm_zone_take(&system->pmap_zone);

    if (pmap == NULL)
        return NULL;
    pmap->system = system;
    pmap->space = space;
    pmap->asid = asid;
    if (pmap_table_make_root(pmap) != VMM_OK) {
        vmm_zone_give(&system->pmap_zone, pmap);
        return NULL;
    }
    vmm_list_append(&system->pmaps, &pmap->link);
    return pmap;
}

struct pmap *
pmap_create(struct pmap_system *system, uint32_t space)
{
    uint32_t asid = pmap_new_asid(system);

    VMM_ASSERT(space > 0);
    return asid == 0 ? NULL : pmap_make(system, space, asid);
}

/* Takes a pmap off every CPU and out of every TLB. */
static void
pmap_unload(struct pmap *pmap)
{
    struct pmap_system *system = pmap->system;

    for (uint32_t cpu = 0; cpu < system->machine->cpu_count; cpu++) {
        if (system->loaded[cpu] == pmap)
            pmap_switch(system, cpu, NULL);
        hw_tlb_flush_asid(&system->machine->cpus[cpu].tlb, pmap->asid);
    }
}

static void
pmap_free(struct pmap *pmap)
{
    pmap_unload(pmap);
    pmap_table_free_all(pmap);
    vmm_list_remove(&pmap->link);
    vmm_zone_give(&pmap->system->pmap_zone, pmap);
}

void
pmap_destroy(struct pmap *pmap)
{
    VMM_ASSERT(pmap->asid != 0);
    VMM_ASSERT(pmap->resident_pages == 0);
    pmap_free(pmap);
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
    system->pv = vmm_take_array(alloc, (size_t)machine->frames.count + 1, sizeof(struct pmap_pv *));
    if (system->pv != NULL)
        system->kernel = pmap_make(system, 0, 0);
    if (system->kernel == NULL) {
        pmap_system_destroy(system);
        return NULL;
    }
    machine->kernel_root = system->kernel->root;
    return system;
}

void
pmap_system_destroy(struct pmap_system *system)
{
    const struct vmm_alloc *alloc = system->alloc;

    while (!vmm_list_is_empty(&system->pmaps))
        pmap_free(VMM_CONTAINER(system->pmaps.next, struct pmap, link));
    system->machine->kernel_root = VMM_NO_PAGE;
    vmm_zone_destroy(&system->pmap_zone);
    vmm_zone_destroy(&system->pv_zone);
    vmm_give_array(alloc, system->pv, (size_t)system->machine->frames.count + 1,
                   sizeof(struct pmap_pv *));
    vmm_give_array(alloc, system, 1, sizeof(*system));
}

struct pmap *
pmap_kernel(struct pmap_system *system)
{
    return system->kernel;
}

void
pmap_system_set_wired_drift(struct pmap_system *system, bool drifts)
{
    system->wired_drifts = drifts;
}

/* ---- enter ---- */

/* Drops one valid word, its record and its counts; the caller flushes. */
static void
pmap_drop(struct pmap *pmap, vmm_va va, uint64_t *slot)
{
    uint64_t pte = *slot;

    *slot = 0;
    pmap->resident_pages -= pmap_is_managed(pmap->system, hw_pte_ppn(pte));
    pmap->wired_pages -= (pte & HW_PTE_WIRED) != 0;
    pmap_pv_remove(pmap->system, hw_pte_ppn(pte), pmap, va);
    trace_emit(pmap->system->trace, EV_PMAP_REMOVE, .space = pmap->space, .va = va,
               .ppn = hw_pte_ppn(pte));
}

/* Makes the word ready for another page: a record for it, and what was there is gone. */
static enum vmm_status
pmap_make_way(struct pmap *pmap, vmm_va va, uint64_t *slot, vmm_ppn ppn)
{
    if (!pmap_pv_add(pmap->system, ppn, pmap, va))
        return VMM_MODEL_NO_MEMORY;
    if (*slot & HW_PTE_VALID) {
        pmap->wired_drift += (*slot & HW_PTE_WIRED) != 0 && pmap->system->wired_drifts;
        pmap_drop(pmap, va, slot);
        pmap_flush_page(pmap, va);
    }
    pmap->resident_pages += pmap_is_managed(pmap->system, ppn);
    return VMM_OK;
}

/*
 * Whether a change from a valid word to one for the same page needs a flush: not when exactly the
 * wired bit changes, and not when exactly WRITE is added; both at once do (vm.md 5.4, T32).
 */
static bool
pmap_change_needs_flush(uint64_t from, uint64_t to)
{
    uint64_t changed = (from ^ to) & ~(HW_PTE_REF | HW_PTE_MOD);

    if (changed == 0 || changed == HW_PTE_WIRED)
        return false;
    return changed != HW_PTE_WRITE || !(to & HW_PTE_WRITE);
}

/* Stores the word, with what the hardware has noted of the same page. */
static void
pmap_store(struct pmap *pmap, vmm_va va, uint64_t *slot, uint64_t pte)
{
    uint64_t before = *slot;

    *slot = pte | (before & (HW_PTE_REF | HW_PTE_MOD));
    pmap->wired_pages -= (before & HW_PTE_WIRED) != 0;
    pmap->wired_pages += (pte & HW_PTE_WIRED) != 0;
    if ((before & HW_PTE_VALID) && pmap_change_needs_flush(before, pte))
        pmap_flush_page(pmap, va);
}

/* Whether the address is one this pmap may translate. */
static bool
pmap_owns(const struct pmap *pmap, vmm_va va)
{
    return hw_is_kernel_va(va) == (pmap->asid == 0) && (va & (pmap_page_bytes(pmap) - 1)) == 0;
}

enum vmm_status
pmap_enter(struct pmap *pmap, vmm_va va, vmm_ppn ppn, vmm_prot prot, uint32_t flags)
{
    uint64_t *slot = NULL;
    enum vmm_status status;

    VMM_ASSERT(pmap_owns(pmap, va));
    status = pmap_table_expand(pmap, va, !(flags & PMAP_ENTER_NOWAIT), &slot);
    if (status != VMM_OK || (flags & PMAP_ENTER_NOENTER))
        return status;
    if (pmap_is_managed(pmap->system, ppn))
        VMM_ASSERT(hw_frame_is_in_use(&pmap->system->machine->frames, ppn)); /* I17 */
    if (!(*slot & HW_PTE_VALID) || hw_pte_ppn(*slot) != ppn)
        status = pmap_make_way(pmap, va, slot, ppn);
    if (status != VMM_OK)
        return status;
    pmap_store(pmap, va, slot,
               hw_pte_make(ppn, pmap_bits(pmap, prot, (flags & PMAP_ENTER_WIRED) != 0)));
    trace_emit(pmap->system->trace, EV_PMAP_ENTER, .space = pmap->space, .va = va, .ppn = ppn,
               .prot = prot, .detail = flags);
    pmap_tell_entered(pmap, va, *slot);
    return VMM_OK;
}

enum vmm_status
pmap_map_block(struct pmap *pmap, vmm_va va, vmm_ppn ppn, vmm_size size, vmm_prot prot)
{
    vmm_size page_bytes = pmap_page_bytes(pmap);
    enum vmm_status status = VMM_OK;

    for (vmm_size at = 0; at < size && status == VMM_OK; at += page_bytes)
        status = pmap_enter(pmap, va + at, ppn++, prot, PMAP_ENTER_WIRED);
    return status;
}

/* ---- remove ---- */

/* Drops what one leaf table holds of the run; says whether there was anything. */
static bool
pmap_remove_run(struct pmap *pmap, const struct pmap_run *run)
{
    uint64_t *slot = run->slots;
    bool any = false;

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

    while (pmap_table_next_run(pmap, &start, end, &run)) {
        if (pmap_remove_run(pmap, &run)) {
            pmap_flush_range(pmap, run.start, run.end);
            pmap_tell_removed(pmap, run.start, run.end);
        }
    }
}

/* ---- protect ---- */

/* Narrows one valid word; announces it only when it changed, and says whether it did. */
static bool
pmap_narrow(struct pmap *pmap, vmm_va va, uint64_t *slot, vmm_prot prot)
{
    uint64_t before = *slot;

    if (!(prot & VMM_PROT_WRITE))
        *slot &= ~HW_PTE_WRITE;
    if (!(prot & VMM_PROT_EXECUTE))
        *slot |= HW_PTE_NX;
    if (*slot != before)
        trace_emit(pmap->system->trace, EV_PMAP_PROTECT, .space = pmap->space, .va = va,
                   .ppn = hw_pte_ppn(before), .prot = pmap_rights(*slot));
    return *slot != before;
}

/*
 * Narrows what one leaf table holds of the run; says whether there was anything. Neighbours that
 * changed and have the same rights now are told together.
 */
static bool
pmap_protect_run(struct pmap *pmap, const struct pmap_run *run, vmm_prot prot)
{
    uint64_t *slot = run->slots;
    vmm_va told_to = run->start; /* [told_to, va) changed and nobody knows */
    vmm_prot rights = VMM_PROT_NONE;
    bool any = false;

    for (vmm_va va = run->start; va < run->end; va += pmap_page_bytes(pmap), slot++) {
        bool changed = (*slot & HW_PTE_VALID) && pmap_narrow(pmap, va, slot, prot);

        any |= (*slot & HW_PTE_VALID) != 0;
        if (changed && pmap_rights(*slot) == rights)
            continue;
        pmap_tell_narrowed(pmap, told_to, va, rights);
        rights = changed ? pmap_rights(*slot) : (vmm_prot)VMM_PROT_NONE;
        told_to = changed ? va : va + pmap_page_bytes(pmap);
    }
    pmap_tell_narrowed(pmap, told_to, run->end, rights);
    return any;
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
    while (pmap_table_next_run(pmap, &at, end, &run))
        any |= pmap_protect_run(pmap, &run, prot);
    if (any)
        pmap_flush_range(pmap, start, end);
}

void
pmap_change_wiring(struct pmap *pmap, vmm_va va, bool wired)
{
    uint64_t *slot = pmap_table_slot(pmap, va);

    if (slot == NULL || !(*slot & HW_PTE_VALID) || ((*slot & HW_PTE_WIRED) != 0) == wired)
        return;
    *slot ^= HW_PTE_WIRED;
    pmap->wired_pages += wired ? 1 : (uint64_t)-1;
    trace_emit(pmap->system->trace, EV_PMAP_WIRING, .space = pmap->space, .va = va,
               .ppn = hw_pte_ppn(*slot), .detail = wired);
}

/* Takes WRITE from one translation and tells it. */
static void
pmap_take_write(struct pmap *pmap, vmm_va va)
{
    uint64_t *slot = pmap_table_slot(pmap, va);

    if (pmap_narrow(pmap, va, slot, VMM_PROT_READ | VMM_PROT_EXECUTE))
        pmap_tell_narrowed(pmap, va, va + pmap_page_bytes(pmap), pmap_rights(*slot));
}

void
pmap_page_protect(struct pmap_system *system, vmm_ppn ppn, vmm_prot prot)
{
    struct pmap_pv *pv;

    if ((prot & VMM_PROT_WRITE) || !pmap_is_managed(system, ppn))
        return;
    pv = system->pv[ppn];
    while (pv != NULL) {
        struct pmap_pv *next = pv->next; /* dropping gives the record back */
        struct pmap *pmap = pv->pmap;
        vmm_va va = pv->va;

        if (prot == VMM_PROT_NONE)
            pmap_drop(pmap, va, pmap_table_slot(pmap, va));
        else
            pmap_take_write(pmap, va);
        pmap_flush_page(pmap, va);
        if (prot == VMM_PROT_NONE)
            pmap_tell_removed(pmap, va, va + pmap_page_bytes(pmap));
        pv = next;
    }
}

bool
pmap_page_is_mapped(const struct pmap_system *system, vmm_ppn ppn)
{
    return pmap_is_managed(system, ppn) && system->pv[ppn] != NULL;
}

/* ---- looking ---- */

bool
pmap_query(const struct pmap *pmap, vmm_va va, struct pmap_translation *found)
{
    const uint64_t *slot = pmap_table_slot(pmap, va);

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

    while (pmap_table_next_run(pmap, &start, end, &run)) {
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
        (struct pmap_statistics){ .resident_pages = pmap->resident_pages,
                                  .wired_pages = pmap->wired_pages,
                                  .wired_statistic = pmap->wired_pages + pmap->wired_drift,
                                  .table_pages = pmap->table_pages };
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
    VMM_ASSERT(pmap == NULL || pmap != system->kernel);
    pmap_take_pending_flush(system, cpu);
    system->loaded[cpu] = pmap;
    hw_cpu_load(system->machine, cpu, pmap == NULL ? VMM_NO_PAGE : pmap->root,
                pmap == NULL ? 0 : pmap->asid);
}

void
pmap_cpu_mode(struct pmap_system *system, uint32_t cpu, enum hw_cpu_mode mode)
{
    struct hw_cpu *at = &system->machine->cpus[cpu];

    if (mode == HW_CPU_KERNEL || (mode == HW_CPU_USER && at->mode == HW_CPU_IDLE))
        pmap_take_pending_flush(system, cpu);
    at->mode = mode;
}

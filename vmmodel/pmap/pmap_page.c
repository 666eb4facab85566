/*
 * pmap_page.c - every mapping of one page, found through its pv records
 *
 * vm.md 5.3: pmap_page_protect() and its like, clear_refmod. On x86 each mapping is flushed by itself;
 * on arm64 each gets a TLBI and one DSB ends them all. A caller with many pages gives a context and
 * flushes once (vm_object_pmap_protect).
 */
#include "pmap/pmap_flush.h"
#include "pmap/pmap_internal.h"
#include "pmap/pmap_pv.h"
#include "pmap/pmap_table.h"

/* Changes one mapping; true when it is to be flushed. */
typedef bool (*pmap_page_change)(struct pmap *pmap, vmm_va va, uint64_t *slot, uint32_t argument);

/*
 * Changes every mapping and flushes those that want it; returns how many those are. arm64's flushes go
 * out one by one and end together, so it has a context in any case.
 */
static uint32_t
pmap_each_mapping(struct pmap_system *system, vmm_ppn ppn, pmap_page_change change,
                  uint32_t argument, struct pmap_flush_context *later)
{
    struct pmap_flush_context own = { .cpus = 0 };
    struct pmap_flush_context *context =
        later == NULL && system->machine->geometry->has_broadcast_flush ? &own : later;
    struct pmap_mapping at;
    uint32_t changed = 0;

    for (bool any = pmap_pv_first(system, ppn, &at); any; any = pmap_pv_next(system, &at)) {
        if (!change(at.pmap, at.va, pmap_table_slot(at.pmap, at.va), argument))
            continue;
        pmap_flush_or_defer(at.pmap, at.va, at.va + pmap_page_bytes(at.pmap), context);
        changed++;
    }
    pmap_flush(system, &own);
    return changed;
}

/* ---- rights ---- */

static bool
pmap_page_drop(struct pmap *pmap, vmm_va va, uint64_t *slot, uint32_t instead)
{
    pmap_drop(pmap, va, slot, instead);
    pmap_tell_removed(pmap, va, va + pmap_page_bytes(pmap));
    return true;
}

static bool
pmap_page_narrow(struct pmap *pmap, vmm_va va, uint64_t *slot, uint32_t prot)
{
    uint64_t before = *slot;

    if (pmap_narrow(pmap, va, slot, (vmm_prot)prot) && pmap_is_less(pmap, before, *slot))
        pmap_tell_narrowed(pmap, va, va + pmap_page_bytes(pmap), pmap_rights(*slot));
    return true;
}

void
pmap_page_protect_options(struct pmap_system *system, vmm_ppn ppn, vmm_prot prot,
                          struct pmap_flush_context *later)
{
    if (prot & VMM_PROT_WRITE)
        return;
    if (!(prot & VMM_PROT_READ))
        (void)pmap_each_mapping(system, ppn, pmap_page_drop, 0, later);
    else
        (void)pmap_each_mapping(system, ppn, pmap_page_narrow, VMM_PROT_READ | VMM_PROT_EXECUTE,
                                later);
}

void
pmap_page_protect(struct pmap_system *system, vmm_ppn ppn, vmm_prot prot)
{
    pmap_page_protect_options(system, ppn, prot, NULL);
}

void
pmap_page_compress(struct pmap_system *system, vmm_ppn ppn)
{
    (void)pmap_each_mapping(system, ppn, pmap_page_drop, (uint32_t)HW_PTE_COMPRESSED, NULL);
}

bool
pmap_page_is_mapped(const struct pmap_system *system, vmm_ppn ppn)
{
    return hw_frame_is_in_use(&system->machine->frames, ppn) && pmap_pv_is_mapped(system, ppn);
}

/* ---- referenced and modified ---- */

uint32_t
pmap_refmod(const struct pmap_system *system, vmm_ppn ppn)
{
    uint32_t attributes = pmap_attributes(system, ppn);
    struct pmap_mapping at;

    if (pmap_tracks_refmod(system))
        return attributes;
    for (bool any = pmap_pv_first(system, ppn, &at); any && attributes != PMAP_REFMOD;
         any = pmap_pv_next(system, &at)) {
        uint64_t pte = *pmap_table_slot(at.pmap, at.va);

        attributes |= pte & HW_PTE_REF ? (uint32_t)PMAP_REFERENCED : 0;
        attributes |= pte & HW_PTE_MOD ? (uint32_t)PMAP_MODIFIED : 0;
    }
    return attributes;
}

/* x86: clears the bits, and flushes whether they were set or not. */
static bool
pmap_clear_bits(struct pmap *pmap, vmm_va va, uint64_t *slot, uint32_t attributes)
{
    (void)pmap;
    (void)va;
    *slot &= ~((attributes & PMAP_REFERENCED ? HW_PTE_REF : 0) |
               (attributes & PMAP_MODIFIED ? HW_PTE_MOD : 0));
    return true;
}

/* arm64: arm_force_fast_fault(), so that the next use is seen. Wired mappings are left alone. */
static bool
pmap_force_fast_fault(struct pmap *pmap, vmm_va va, uint64_t *slot, uint32_t attributes)
{
    uint64_t before = *slot;

    if (before & HW_PTE_WIRED)
        return false;
    if (attributes & PMAP_REFERENCED)
        *slot &= ~HW_PTE_REF;
    if ((attributes & PMAP_MODIFIED) && (before & HW_PTE_WRITE))
        *slot = (*slot & ~(HW_PTE_WRITE | HW_PTE_MOD)) | HW_PTE_SOFT_WRITE;
    if (*slot == before)
        return false;
    if (!pmap_is_open(pmap, *slot))
        pmap_tell_removed(pmap, va, va + pmap_page_bytes(pmap));
    else if (pmap_is_less(pmap, before, *slot))
        pmap_tell_narrowed(pmap, va, va + pmap_page_bytes(pmap), pmap_rights(*slot));
    return true;
}

void
pmap_clear_refmod_options(struct pmap_system *system, vmm_ppn ppn, uint32_t attributes,
                          struct pmap_flush_context *later)
{
    (void)pmap_each_mapping(system, ppn,
                            pmap_tracks_refmod(system) ? pmap_force_fast_fault : pmap_clear_bits,
                            attributes, later);
    pmap_forget_attributes(system, ppn, attributes);
}

void
pmap_clear_refmod(struct pmap_system *system, vmm_ppn ppn, uint32_t attributes)
{
    pmap_clear_refmod_options(system, ppn, attributes, NULL);
}

void
pmap_page_begin(struct pmap_system *system, vmm_ppn ppn)
{
    VMM_ASSERT(!pmap_pv_is_mapped(system, ppn));
    pmap_forget_attributes(system, ppn, PMAP_REFMOD);
}

/* ---- fast faults ---- */

/* arm_clear_fast_fault() for one mapping: what the access needs, if it was only kept back. */
static bool
pmap_clear_fast_fault(struct pmap *pmap, vmm_va va, uint64_t *slot, uint32_t access)
{
    uint64_t before = *slot;

    *slot |= HW_PTE_REF;
    if ((access & VMM_PROT_WRITE) && (before & HW_PTE_SOFT_WRITE))
        *slot = (*slot & ~HW_PTE_SOFT_WRITE) | HW_PTE_WRITE | HW_PTE_MOD;
    pmap_harvest(pmap, *slot & ~(before & (HW_PTE_REF | HW_PTE_MOD))); /* what is new */
    if (*slot == before)
        return false;
    pmap_tell_entered(pmap, va, *slot);
    return true;
}

bool
pmap_fast_fault(struct pmap *pmap, vmm_va va, vmm_prot access)
{
    struct pmap_system *system = pmap->system;
    vmm_va page = va & ~(pmap_page_bytes(pmap) - 1);
    uint64_t *slot = pmap_tracks_refmod(system) ? pmap_table_slot(pmap, page) : NULL;
    bool is_kept_back =
        slot != NULL && (*slot & HW_PTE_VALID) &&
        (!(*slot & HW_PTE_REF) || ((access & VMM_PROT_WRITE) && (*slot & HW_PTE_SOFT_WRITE)));
    uint32_t changed;

    if (!is_kept_back)
        return false;
    changed =
        pmap_each_mapping(system, pmap_frame(pmap, *slot), pmap_clear_fast_fault, access, NULL);
    trace_emit(system->trace, EV_FAST_FAULT, .space = pmap->space, .va = page,
               .ppn = pmap_frame(pmap, *slot), .prot = access, .count = changed,
               .cpu = system->trace->cpu);
    return true;
}

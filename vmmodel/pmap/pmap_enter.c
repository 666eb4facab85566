/*
 * pmap_enter.c - one translation is made or replaced
 *
 * vm.md 5.3 (pmap_enter), 5.4 (when that flushes). On arm64 the kernel and not the hardware knows which
 * pages were stored to, so a user's translation gets WRITE only when a store asks or one was there
 * before; until then a soft mark stands for it (T24). Many translations at once: pmap_enter_run.c.
 */
#include "pmap/pmap_internal.h"
#include "pmap/pmap_flush.h"
#include "pmap/pmap_pv.h"
#include "pmap/pmap_table.h"

/* ---- words ---- */

/* What WRITE becomes: the right itself, or on arm64 the mark that the first store turns into it. */
static uint64_t
pmap_write_bits(const struct pmap *pmap, vmm_ppn ppn, uint32_t flags)
{
    const struct pmap_system *system = pmap->system;

    if (!pmap_tracks_refmod(system))
        return HW_PTE_WRITE;
    return !pmap_is_managed(system, ppn) || pmap_is_kernel(pmap) || (flags & PMAP_ENTER_STORE) ||
                   (pmap_attributes(system, ppn) & PMAP_MODIFIED)
               ? HW_PTE_WRITE | HW_PTE_MOD
               : HW_PTE_SOFT_WRITE;
}

inline uint64_t
pmap_word(const struct pmap *pmap, vmm_ppn ppn, vmm_prot prot, uint32_t flags)
{
    return hw_pte_make(pmap_leaf_number(pmap, ppn, flags),
                       HW_PTE_VALID | (prot & VMM_PROT_EXECUTE ? 0 : HW_PTE_NX) |
                           (flags & PMAP_ENTER_WIRED ? HW_PTE_WIRED : 0) |
                           (pmap_is_kernel(pmap) ? 0 : HW_PTE_USER) |
                           (pmap_tracks_refmod(pmap->system) ? HW_PTE_REF : 0) |
                           (prot & VMM_PROT_WRITE ? pmap_write_bits(pmap, ppn, flags) : 0));
}

/*
 * Whether a change from a valid word to one for the same page needs a flush. x86: not when exactly the
 * wired bit changes, and not when exactly WRITE is added; both at once do (vm.md 5.4, T32). arm64:
 * every change does, that of AF too.
 */
static bool
pmap_change_needs_flush(const struct pmap *pmap, uint64_t from, uint64_t to)
{
    uint64_t changed = (from ^ to) & ~(HW_PTE_REF | HW_PTE_MOD);

    if (pmap_tracks_refmod(pmap->system))
        return from != to;
    if (changed == 0 || changed == HW_PTE_WIRED)
        return false;
    return changed != HW_PTE_WRITE || !(to & HW_PTE_WRITE);
}

/* ---- valid or not ---- */

void
pmap_drop(struct pmap *pmap, vmm_va va, uint64_t *slot, uint64_t instead)
{
    struct pmap_system *system = pmap->system;
    uint64_t pte = *slot;
    vmm_ppn ppn = pmap_frame(pmap, pte);

    *slot = instead;
    pmap->compressed_pages += instead != 0;
    pmap->wired_pages -= (pte & HW_PTE_WIRED) != 0;
    pmap->resident_pages -= pmap_is_managed(system, ppn);
    pmap_harvest(pmap, pte);
    pmap_pv_remove(system, ppn, pmap, va);
    trace_emit(system->trace, EV_PMAP_REMOVE, .space = pmap->space, .va = va, .ppn = ppn);
}

/*
 * Invalidates and flushes what another page is to replace. XNU on x86 looks for the wired bit in the
 * word that it has just cleared, so its statistic keeps the page (vm.md T9).
 */
static void
pmap_drop_replaced(struct pmap *pmap, vmm_va va, uint64_t *slot)
{
    pmap->wired_drift +=
        pmap->system->behavior.wired_statistic_drifts && (*slot & HW_PTE_WIRED) != 0;
    pmap_drop(pmap, va, slot, 0);
    pmap_flush_range(pmap, va, va + pmap_page_bytes(pmap));
}

/* Makes the word ready for another page: a record for it, and what was there is gone. */
static enum vmm_status
pmap_make_way(struct pmap *pmap, vmm_va va, uint64_t *slot, vmm_ppn ppn)
{
    bool is_managed = pmap_is_managed(pmap->system, ppn);

    if (!pmap_pv_add(pmap->system, ppn, pmap, va))
        return VMM_MODEL_NO_MEMORY;
    if (*slot & HW_PTE_VALID)
        pmap_drop_replaced(pmap, va, slot);
    pmap->compressed_pages -= *slot == HW_PTE_COMPRESSED;
    *slot = 0;
    pmap->resident_pages += is_managed;
    return VMM_OK;
}

/* Stores the word, with what the hardware has noted of the same page. */
static void
pmap_store(struct pmap *pmap, vmm_va va, uint64_t *slot, uint64_t pte)
{
    uint64_t before = *slot;

    if (!pmap_tracks_refmod(pmap->system))
        pte |= before & (HW_PTE_REF | HW_PTE_MOD);
    *slot = pte;
    pmap->wired_pages -= (before & HW_PTE_WIRED) != 0;
    pmap->wired_pages += (pte & HW_PTE_WIRED) != 0;
    if (pmap_tracks_refmod(pmap->system))
        pmap_harvest(pmap, pte);
    if ((before & HW_PTE_VALID) && pmap_change_needs_flush(pmap, before, pte))
        pmap_flush_range(pmap, va, va + pmap_page_bytes(pmap));
}

/* ---- enter ---- */

/* Whether the address is one this pmap may translate. */
static bool
pmap_owns(const struct pmap *pmap, vmm_va va)
{
    return hw_is_kernel_va(va) == (pmap->asid == 0) && (va & (pmap_page_bytes(pmap) - 1)) == 0;
}

/* A large leaf around the page goes as a whole; who wants its other pages faults. */
static void
pmap_clear_large(struct pmap *pmap, vmm_va va)
{
    struct pmap_run run;
    vmm_va at = va;

    if (pmap_table_next_run(pmap, &at, va + pmap_page_bytes(pmap), &run) && run.large_bytes != 0)
        pmap_remove(pmap, run.start, run.end);
}

enum vmm_status
pmap_enter(struct pmap *pmap, vmm_va va, vmm_ppn ppn, vmm_prot prot, uint32_t flags)
{
    struct pmap_system *system = pmap->system;
    uint64_t *slot = pmap_table_at_hand(pmap, va), *made;
    enum vmm_status status = VMM_OK;

    VMM_ASSERT(pmap_owns(pmap, va));
    if (ppn > UINT32_MAX >> pmap->part_bits)
        return VMM_MEMORY_ERROR;
    if (slot == NULL || pmap->has_large) {
        if (pmap->has_large)
            pmap_clear_large(pmap, va);
        status = pmap_table_expand(pmap, va, !(flags & PMAP_ENTER_NOWAIT), &made);
        slot = status == VMM_OK ? made : NULL;
    }
    if (status != VMM_OK || (flags & PMAP_ENTER_NOENTER))
        return status;
    VMM_ASSERT(!pmap_is_managed(system, ppn) ||
               hw_frame_is_in_use(&system->machine->frames, ppn)); /* I17 */
    VMM_ASSERT(flags >> PMAP_ENTER_PART_SHIFT < pmap_frame_parts(pmap));
    if (!(*slot & HW_PTE_VALID) || hw_pte_ppn(*slot) != pmap_leaf_number(pmap, ppn, flags))
        status = pmap_make_way(pmap, va, slot, ppn);
    if (status != VMM_OK)
        return status;
    pmap_store(pmap, va, slot, pmap_word(pmap, ppn, prot, flags));
    trace_emit(system->trace, EV_PMAP_ENTER, .space = pmap->space, .va = va, .ppn = ppn,
               .prot = prot, .detail = flags);
    pmap_tell_entered(pmap, va, *slot);
    return VMM_OK;
}

enum vmm_status
pmap_map_block(struct pmap *pmap, vmm_va va, vmm_ppn ppn, uint32_t part, vmm_size size,
               vmm_prot prot)
{
    uint32_t parts = pmap_frame_parts(pmap);
    enum vmm_status status = VMM_OK;

    for (vmm_size at = 0; at < size && status == VMM_OK; at += pmap_page_bytes(pmap), part++)
        status = pmap_enter(pmap, va + at, ppn + part / parts, prot,
                            PMAP_ENTER_WIRED | pmap_enter_part(part % parts));
    return status;
}

/* ---- large leaves ---- */

vmm_size
pmap_large_bytes(const struct pmap_system *system, uint32_t above)
{
    const struct hw_geometry *geometry = system->machine->geometry;

    return hw_pt_pages(geometry, geometry->levels - 1 - above) << geometry->page_shift;
}

/* pmap_harvest() of a word that stands for many pages. */
static void
pmap_harvest_large(const struct pmap *pmap, uint64_t leaf, uint64_t pages)
{
    for (uint64_t n = 0; n < pages; n++)
        pmap_harvest(pmap, leaf + hw_pte_make((vmm_ppn)n, 0));
}

/* pmap_store() of a word that stands for many pages, in place of none or of the same ones. */
static void
pmap_store_large(struct pmap *pmap, vmm_va va, uint64_t *slot, uint64_t leaf, vmm_size bytes)
{
    uint64_t pages = bytes / pmap_page_bytes(pmap);
    uint64_t before = *slot;

    if (pmap_tracks_refmod(pmap->system))
        pmap_harvest_large(pmap, leaf, pages);
    else
        leaf |= before & (HW_PTE_REF | HW_PTE_MOD);
    *slot = leaf;
    pmap->has_large = true;
    pmap->wired_pages -= before & HW_PTE_WIRED ? pages : 0;
    pmap->wired_pages += leaf & HW_PTE_WIRED ? pages : 0;
    if (before & HW_PTE_VALID) {
        if (pmap_change_needs_flush(pmap, before, leaf))
            pmap_flush_range(pmap, va, va + bytes);
    } else {
        pmap->resident_pages += pmap_is_managed(pmap->system, hw_pte_ppn(leaf)) ? pages : 0;
    }
}

/* Tells of every page of a large leaf; the watch knows pages only. */
static void
pmap_tell_large(const struct pmap *pmap, vmm_va va, uint64_t leaf, vmm_size bytes)
{
    for (vmm_size at = 0; at < bytes; at += pmap_page_bytes(pmap), leaf += hw_pte_make(1, 0))
        pmap_tell_entered(pmap, va + at, leaf);
}

enum vmm_status
pmap_enter_large(struct pmap *pmap, vmm_va va, vmm_ppn ppn, vmm_prot prot, uint32_t flags,
                 uint32_t above)
{
    struct pmap_system *system = pmap->system;
    vmm_size bytes = pmap_large_bytes(system, above);
    uint64_t pages = bytes / pmap_page_bytes(pmap);
    uint64_t *slot = NULL;
    enum vmm_status status;

    VMM_ASSERT(pmap_owns(pmap, va) && pmap_frame_parts(pmap) == 1);
    VMM_ASSERT((va & (bytes - 1)) == 0 && (ppn & (pages - 1)) == 0);
    status = pmap_table_make_way(pmap, va, system->machine->geometry->levels - 1 - above, &slot);
    if (status != VMM_OK)
        return status;
    if (above == 1)
        pmap_table_free_if_empty(pmap, va);
    VMM_ASSERT(!(*slot & HW_PTE_VALID) || (*slot & HW_PTE_LARGE)); /* no page is mapped there */
    if ((*slot & HW_PTE_VALID) && hw_pte_ppn(*slot) != ppn) {
        pmap_drop_large(pmap, va, slot, bytes);
        pmap_flush_range(pmap, va, va + bytes);
    }
    pmap_store_large(pmap, va, slot, pmap_word(pmap, ppn, prot, flags) | HW_PTE_LARGE, bytes);
    trace_emit(system->trace, EV_PMAP_ENTER, .space = pmap->space, .va = va, .ppn = ppn,
               .prot = prot, .detail = flags | PMAP_ENTER_LARGE);
    pmap_tell_large(pmap, va, *slot, bytes);
    return VMM_OK;
}

void
pmap_drop_large(struct pmap *pmap, vmm_va va, uint64_t *slot, vmm_size bytes)
{
    struct pmap_system *system = pmap->system;
    uint64_t pages = bytes / pmap_page_bytes(pmap);
    uint64_t leaf = *slot;

    *slot = 0;
    pmap->wired_pages -= leaf & HW_PTE_WIRED ? pages : 0;
    pmap->resident_pages -= pmap_is_managed(system, hw_pte_ppn(leaf)) ? pages : 0;
    pmap_harvest_large(pmap, leaf, pages);
    trace_emit(system->trace, EV_PMAP_REMOVE, .space = pmap->space, .va = va,
               .ppn = hw_pte_ppn(leaf));
}

/* pmap_check.c - I12, I13, I17 and I18, by walking everything */
#include "pmap/pmap_internal.h"

struct pmap_check {
    const struct pmap *pmap;
    uint64_t resident;
    uint64_t wired;
    const char *broken;
};

static size_t
pmap_check_records(const struct pmap_system *system, vmm_ppn ppn, const struct pmap *pmap,
                   vmm_va va)
{
    size_t records = 0;

    for (const struct pmap_pv *pv = system->pv[ppn]; pv != NULL; pv = pv->next)
        records += pv->pmap == pmap && pv->va == va;
    return records;
}

static void
pmap_check_see(void *context, vmm_va va, const struct pmap_translation *found)
{
    struct pmap_check *check = context;

    check->resident++;
    check->wired += found->is_wired;
    if (pmap_check_records(check->pmap->system, found->ppn, check->pmap, va) != 1)
        check->broken = "I12 a translation has no pv record, or two";
}

static const char *
pmap_check_one(const struct pmap *pmap)
{
    const struct hw_geometry *geometry = pmap->system->machine->geometry;
    vmm_va half = (vmm_va)1 << (geometry->va_bits - 1);
    struct pmap_check check = { pmap, 0, 0, NULL };

    if (pmap->asid == 0)
        pmap_each(pmap, (vmm_va)0 - half, UINT64_MAX & ~(hw_page_bytes(geometry) - 1),
                  pmap_check_see, &check);
    else
        pmap_each(pmap, 0, half, pmap_check_see, &check);
    if (check.broken != NULL)
        return check.broken;
    if (check.resident != pmap->resident_pages)
        return "I13 resident_pages differs from the valid entries";
    return check.wired != pmap->wired_pages ? "I13 wired_pages differs from the wired entries"
                                            : NULL;
}

/* Records of a frame against translations, and none for a free frame. */
static const char *
pmap_check_pv(const struct pmap_system *system, uint64_t *records)
{
    const struct hw_frames *frames = &system->machine->frames;

    for (vmm_ppn ppn = 1; ppn < frames->fresh; ppn++) {
        for (const struct pmap_pv *pv = system->pv[ppn]; pv != NULL; pv = pv->next) {
            struct pmap_translation found;

            (*records)++;
            if (!pmap_query(pv->pmap, pv->va, &found) || found.ppn != ppn)
                return "I12 a pv record has no translation";
        }
    }
    for (vmm_ppn ppn = frames->free_head; ppn != VMM_NO_PAGE; ppn = frames->next_free[ppn]) {
        if (system->pv[ppn] != NULL)
            return "I17 a free frame is mapped";
    }
    return NULL;
}

/* ---- I18: what a TLB remembers against what the tables say ---- */

struct pmap_check_tlb {
    const struct pmap_system *system;
    const char *broken;
};

static const struct pmap *
pmap_check_by_asid(const struct pmap_system *system, uint32_t asid)
{
    const struct vmm_list *at;

    for (at = system->pmaps.next; at != &system->pmaps; at = at->next) {
        const struct pmap *pmap = VMM_CONTAINER(at, struct pmap, link);

        if (pmap->asid == asid)
            return pmap;
    }
    return NULL;
}

/* A remembered right may be less than the tables give (added without a flush), never more. */
static void
pmap_check_tlb_see(void *context, uint64_t vpn, uint32_t asid, uint64_t pte)
{
    struct pmap_check_tlb *check = context;
    const struct hw_geometry *geometry = check->system->machine->geometry;
    const struct pmap *pmap = pmap_check_by_asid(check->system, asid);
    vmm_va va = vpn << geometry->page_shift;
    struct pmap_translation found;

    if (asid == 0)
        va |= ~(((vmm_va)1 << geometry->va_bits) - 1);
    if (pmap == NULL || !pmap_query(pmap, va, &found) || found.ppn != hw_pte_ppn(pte))
        check->broken = "I18 a TLB holds a translation that no table has";
    else if ((pte & HW_PTE_WRITE) && !(found.prot & VMM_PROT_WRITE))
        check->broken = "I18 a TLB holds WRITE that the table took away";
}

const char *
pmap_system_check(const struct pmap_system *system)
{
    struct pmap_check_tlb tlb = { system, NULL };
    const char *broken = NULL;
    uint64_t records = 0;
    uint64_t resident = 0;

    for (const struct vmm_list *at = system->pmaps.next; at != &system->pmaps; at = at->next) {
        const struct pmap *pmap = VMM_CONTAINER(at, struct pmap, link);

        broken = pmap_check_one(pmap);
        if (broken != NULL)
            return broken;
        resident += pmap->resident_pages;
    }
    broken = pmap_check_pv(system, &records);
    if (broken != NULL)
        return broken;
    if (records != resident)
        return "I12 pv records and translations differ in number";
    for (uint32_t cpu = 0; cpu < system->machine->cpu_count; cpu++) {
        if (!system->machine->cpus[cpu].flush_pending)
            hw_tlb_each(&system->machine->cpus[cpu].tlb, pmap_check_tlb_see, &tlb);
    }
    return tlb.broken;
}

/* pmap_look.c - see pmap_look.h */
#include "pmap/pmap_look.h"

#include "pmap/pmap_internal.h"
#include "pmap/pmap_pv.h"

/* ---- tables ---- */

uint32_t
pmap_look_walk(const struct pmap *pmap, vmm_va va, struct pmap_look_step steps[PMAP_LOOK_LEVELS])
{
    struct hw_machine *machine = pmap->system->machine;
    const struct hw_geometry *geometry = pmap->geometry;
    vmm_ppn table = pmap->root;
    uint32_t level = 0;

    VMM_ASSERT(geometry->levels <= PMAP_LOOK_LEVELS);
    while (level < geometry->levels) {
        const uint64_t *slot = hw_pt_slot(&machine->frames, geometry, pmap->root, va, level, NULL);

        steps[level] = (struct pmap_look_step){ table, hw_pt_index(geometry, va, level), *slot };
        level++;
        if ((*slot & (HW_PTE_VALID | HW_PTE_LARGE)) != HW_PTE_VALID)
            break;
        table = hw_pte_ppn(*slot);
    }
    return level;
}

void
pmap_look_mappings(const struct pmap_system *system, vmm_ppn ppn,
                   void (*see)(void *context, uint32_t space, vmm_va va), void *context)
{
    struct pmap_mapping at;

    if (!pmap_page_is_mapped(system, ppn))
        return;
    for (bool any = pmap_pv_first(system, ppn, &at); any; any = pmap_pv_next(system, &at))
        see(context, at.pmap->space, at.va);
}

/* ---- TLBs ---- */

/* The kernel's half has all bits above va_bits set. */
static vmm_va
pmap_va_of(const struct hw_geometry *geometry, uint64_t vpn, uint32_t asid)
{
    vmm_va va = vpn << geometry->page_shift;

    return asid == 0 ? va | ~(((uint64_t)1 << geometry->va_bits) - 1) : va;
}

static bool
pmap_level_holds(const struct hw_tlb *tlb, const struct hw_tlb_level *level, uint64_t vpn,
                 uint32_t asid)
{
    size_t way = level->sets != 0 ? hw_tlb_set(level, vpn) : 0;
    size_t end = level->sets != 0 ? way + level->ways : 0;

    while (way < end &&
           (level->tags[way] & ~HW_TLB_TAG_RIGHTS) != (hw_tlb_tag(vpn, asid) | tlb->generation))
        way++;
    return way < end;
}

/* Walks one level after the other and passes on what no level before had. */
struct pmap_look_walker {
    const struct pmap_system *system;
    const struct hw_tlb *tlb;
    enum { LOOK_L1, LOOK_L1I, LOOK_L2, LOOK_L2I, LOOK_LARGE, LOOK_LEVELS } level;
    void (*see)(void *context, const struct pmap_look_line *line);
    void *context;
};

static void
pmap_look_see(void *context, uint64_t vpn, uint32_t asid, uint64_t pte)
{
    const struct pmap_look_walker *walker = context;
    const struct hw_tlb *tlb = walker->tlb;
    const struct pmap *pmap = pmap_by_asid(walker->system, asid);
    bool in_data = pmap_level_holds(tlb, &tlb->l1, vpn, asid);
    bool in_code = pmap_level_holds(tlb, &tlb->l1i, vpn, asid);
    bool in_second = pmap_level_holds(tlb, &tlb->l2, vpn, asid);
    bool is_large = walker->level == LOOK_LARGE;
    const struct hw_geometry *geometry =
        pmap != NULL ? pmap->geometry : walker->system->machine->geometry;
    struct pmap_look_line line = { .space = pmap != NULL ? pmap->space : PMAP_LOOK_NO_SPACE,
                                   .va = pmap_va_of(geometry, vpn, asid),
                                   .in_l1 = in_data || in_code || is_large,
                                   .in_l2 =
                                       in_second || pmap_level_holds(tlb, &tlb->l2i, vpn, asid) };
    struct pmap_translation now;

    if (!is_large &&
        ((walker->level > LOOK_L1 && in_data) || (walker->level > LOOK_L1I && in_code) ||
         (walker->level > LOOK_L2 && in_second)))
        return;
    if (pmap != NULL)
        pmap_decode(pmap, pte, &line.translation);
    else
        line.translation =
            (struct pmap_translation){ .ppn = hw_pte_ppn(pte), .prot = pmap_rights(pte) };
    line.is_stale = pmap == NULL || !pmap_query(pmap, line.va, &now) ||
                    now.ppn != line.translation.ppn || now.part != line.translation.part ||
                    now.prot != line.translation.prot;
    walker->see(walker->context, &line);
}

void
pmap_look_tlb(const struct pmap_system *system, uint32_t cpu,
              void (*see)(void *context, const struct pmap_look_line *line), void *context)
{
    struct pmap_look_walker walker = { system, &system->machine->cpus[cpu].tlb, LOOK_L1, see,
                                       context };

    for (; walker.level < LOOK_LEVELS; walker.level++) {
        struct hw_tlb only = *walker.tlb; /* as if it had this level alone */

        only.l1.sets = walker.level == LOOK_L1 ? only.l1.sets : 0;
        only.l1i.sets = walker.level == LOOK_L1I ? only.l1i.sets : 0;
        only.l2.sets = walker.level == LOOK_L2 ? only.l2.sets : 0;
        only.l2i.sets = walker.level == LOOK_L2I ? only.l2i.sets : 0;
        only.large.sets = walker.level == LOOK_LARGE ? only.large.sets : 0;
        hw_tlb_each(&only, pmap_look_see, &walker);
    }
}

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

enum { LOOK_L1, LOOK_L1I, LOOK_L2, LOOK_L2I, LOOK_LARGE, LOOK_LEVELS };

/* Walks one level after the other and passes on what no level before had. */
struct pmap_look_walker {
    const struct pmap_system *system;
    const struct hw_tlb *tlb;
    const struct hw_tlb_level *levels[LOOK_LEVELS];
    uint32_t level;
    void (*see)(void *context, const struct pmap_look_line *line);
    void *context;
};

static bool
pmap_look_holds(const struct pmap_look_walker *walker, uint32_t level, uint64_t vpn, uint32_t asid)
{
    return hw_tlb_level_peek(walker->tlb, walker->levels[level], vpn, asid) != 0;
}

/* Whether a level before the walker's had it; nobody else has what is in the last one. */
static bool
pmap_look_was_told(const struct pmap_look_walker *walker, uint64_t vpn, uint32_t asid)
{
    uint32_t level = 0;

    while (level < walker->level && !pmap_look_holds(walker, level, vpn, asid))
        level++;
    return walker->level != LOOK_LARGE && level < walker->level;
}

/* Whether the tables say something else than the TLB, or nothing. */
static bool
pmap_look_is_stale(const struct pmap *pmap, const struct pmap_look_line *line)
{
    struct pmap_translation now;

    return !pmap_query(pmap, line->va, &now) || now.ppn != line->translation.ppn ||
           now.part != line->translation.part || now.prot != line->translation.prot;
}

static void
pmap_look_see(void *context, uint64_t vpn, uint32_t asid, uint64_t pte)
{
    const struct pmap_look_walker *walker = context;
    const struct pmap *pmap = pmap_by_asid(walker->system, asid);
    const struct hw_geometry *geometry =
        pmap != NULL ? pmap->geometry : walker->system->machine->geometry;
    struct pmap_look_line line = { .space = pmap != NULL ? pmap->space : PMAP_LOOK_NO_SPACE,
                                   .va = pmap_va_of(geometry, vpn, asid),
                                   .in_l1 = walker->level == LOOK_LARGE ||
                                            pmap_look_holds(walker, LOOK_L1, vpn, asid) ||
                                            pmap_look_holds(walker, LOOK_L1I, vpn, asid),
                                   .in_l2 = pmap_look_holds(walker, LOOK_L2, vpn, asid) ||
                                            pmap_look_holds(walker, LOOK_L2I, vpn, asid) };

    if (pmap_look_was_told(walker, vpn, asid))
        return;
    if (pmap != NULL)
        pmap_decode(pmap, pte, &line.translation);
    else
        line.translation =
            (struct pmap_translation){ .ppn = hw_pte_ppn(pte), .prot = pmap_rights(pte) };
    line.is_stale = pmap == NULL || pmap_look_is_stale(pmap, &line);
    walker->see(walker->context, &line);
}

void
pmap_look_tlb(const struct pmap_system *system, uint32_t cpu,
              void (*see)(void *context, const struct pmap_look_line *line), void *context)
{
    const struct hw_tlb *tlb = &system->machine->cpus[cpu].tlb;
    struct pmap_look_walker walker = { .system = system,
                                       .tlb = tlb,
                                       .levels = { &tlb->l1, &tlb->l1i, &tlb->l2, &tlb->l2i,
                                                   &tlb->large },
                                       .see = see,
                                       .context = context };

    for (; walker.level < LOOK_LEVELS; walker.level++)
        hw_tlb_level_each(tlb, walker.levels[walker.level], pmap_look_see, &walker);
}

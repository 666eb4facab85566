/* pmap_pv.c - see pmap_pv.h */
#include "pmap/pmap_pv.h"

#include "pmap/pmap_internal.h"

bool
pmap_pv_add(struct pmap_system *system, vmm_ppn ppn, struct pmap *pmap, vmm_va va)
{
    struct pmap_pv *pv;

    if (!pmap_is_managed(system, ppn))
        return true;
    pv = vmm_zone_take(&system->pv_zone);
    if (pv == NULL)
        return false;
    *pv = (struct pmap_pv){ system->pv[ppn], pmap, va };
    system->pv[ppn] = pv;
    return true;
}

void
pmap_pv_remove(struct pmap_system *system, vmm_ppn ppn, struct pmap *pmap, vmm_va va)
{
    struct pmap_pv **at;
    struct pmap_pv *gone;

    if (!pmap_is_managed(system, ppn))
        return;
    at = &system->pv[ppn];
    while (*at != NULL && ((*at)->pmap != pmap || (*at)->va != va))
        at = &(*at)->next;
    gone = *at;
    VMM_ASSERT(gone != NULL); /* I12 */
    *at = gone->next;
    vmm_zone_give(&system->pv_zone, gone);
}

/*
 * pmap_nest.c - leaf tables in common: XNU's shared region
 *
 * A nested range's words one level above the leaves name the sub-pmap's tables, so what the sub-pmap
 * enters later is there for everybody at once. Those words carry HW_PTE_NESTED: the tables behind them
 * are counted, checked and freed where they belong. vm.md 5.3 nest/unnest, 5.7.
 */
#include "pmap/pmap_flush.h"
#include "pmap/pmap_internal.h"
#include "pmap/pmap_table.h"

/*
 * Lets the tables on the way to one leaf table stand, and ends that way in the sub-pmap's. A table of
 * the pmap's own that is empty gives up its place. Differs from XNU: on x86 it would stay allocated.
 */
static enum vmm_status
pmap_nest_table(struct pmap *pmap, struct pmap *shared, vmm_va va)
{
    uint64_t *unused;
    uint64_t *from;
    uint64_t *to;
    enum vmm_status status = pmap_table_expand(shared, va, true, &unused);

    if (status == VMM_OK)
        status = pmap_table_expand_parent(pmap, va, &to);
    if (status == VMM_OK)
        pmap_table_free_if_empty(pmap, va);
    if (status != VMM_OK)
        return status;
    VMM_ASSERT(!(*to & HW_PTE_VALID)); /* nothing is mapped there */
    from = pmap_table_parent(shared, va);
    *to = *from | HW_PTE_NESTED;
    return VMM_OK;
}

enum vmm_status
pmap_nest(struct pmap *pmap, struct pmap *shared, vmm_va start, vmm_va end)
{
    vmm_size span = pmap_table_leaf_bytes(pmap);
    enum vmm_status status = VMM_OK;

    VMM_ASSERT(pmap->geometry == shared->geometry);
    VMM_ASSERT(shared->is_shared && !pmap->is_shared && !pmap_is_kernel(pmap));
    VMM_ASSERT((start & (span - 1)) == 0 && (end & (span - 1)) == 0);
    pmap->has_nested = true;
    for (vmm_va va = start; va < end && status == VMM_OK; va += span)
        status = pmap_nest_table(pmap, shared, va);
    return status;
}

void
pmap_unnest(struct pmap *pmap, vmm_va start, vmm_va end)
{
    vmm_size span = pmap_table_leaf_bytes(pmap);
    bool any = false;

    VMM_ASSERT((start & (span - 1)) == 0 && (end & (span - 1)) == 0);
    for (vmm_va va = start; va < end; va += span) {
        uint64_t *parent = pmap_table_parent(pmap, va);

        if (parent != NULL && (*parent & HW_PTE_NESTED)) {
            *parent = 0;
            any = true;
        }
    }
    if (!any)
        return;
    hw_machine_forget_tables(pmap->system->machine);
    pmap_flush_range(pmap, start, end);
}

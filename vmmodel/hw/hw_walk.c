/*
 * hw_walk.c - an access that the TLB has no answer to
 *
 * What the TLB remembers may be out of date; a remembered right that forbids the access is not believed but
 * looked up again, so a right that was added without a flush is seen. The first store to a page walks even
 * on a hit, because the modify bit is the leaf's to have.
 */
#include "hw/hw_walk.h"

void
hw_remember_large(struct hw_cpu *cpu, struct hw_request *request, uint32_t level)
{
    uint64_t leaf = request->pte;

    request->pte = hw_pte_of_page(cpu->tlb.geometry, leaf, level, request->vpn);
    request->is_front = cpu->tlb.large.sets == 0;
    if (request->is_front)
        hw_tlb_fill_in(&cpu->tlb, request->first, request->vpn, request->asid, request->pte, false);
    else
        hw_tlb_fill_large(&cpu->tlb, request->vpn, request->asid, leaf, level);
}

/* Whether the TLB has a leaf that covers the page and serves the access. */
static bool
hw_knows_large(struct hw_cpu *cpu, struct hw_request *request)
{
    uint64_t wanted = request->wanted | (request->is_store ? HW_PTE_MOD : 0);

    if (!request->missed || !cpu->tlb.has_large)
        return false;
    request->pte = hw_tlb_lookup_large(&cpu->tlb, request->vpn, request->asid);
    request->is_front = false;
    return ((request->pte ^ HW_PTE_NX) & wanted) == wanted;
}

enum hw_outcome
hw_access_further(struct hw_machine *machine, struct hw_cpu *cpu, struct hw_request *request)
{
    enum hw_outcome outcome;
    uint32_t level;

    if (!hw_is_canonical(machine->geometry, request->va))
        return HW_FAULT_ADDRESS;
    if (hw_knows_large(cpu, request))
        return HW_OK;
    outcome = hw_walk(machine, cpu, request, &level);
    if (outcome != HW_OK) {
        hw_walk_failed(cpu, request);
    } else if (request->pte & HW_PTE_LARGE) {
        hw_remember_large(cpu, request, level);
    } else {
        request->is_front = true;
        hw_tlb_fill_in(&cpu->tlb, request->first, request->vpn, request->asid, request->pte,
                       request->missed);
    }
    return outcome;
}

enum hw_outcome
hw_access_walk(struct hw_machine *machine, struct hw_cpu *cpu, vmm_va va, enum hw_access_kind kind,
               bool from_user, bool missed, uint64_t *word)
{
    struct hw_request request = { .va = va,
                                  .vpn = hw_vpn(hw_cpu_space(cpu, va), va),
                                  .asid = hw_is_kernel_va(va) ? 0 : cpu->user_asid,
                                  .wanted = hw_pte_wanted(kind, from_user),
                                  .is_store = kind == HW_WRITE,
                                  .missed = missed,
                                  .first = hw_tlb_first(&cpu->tlb, kind == HW_EXECUTE) };
    enum hw_outcome outcome = hw_access_further(machine, cpu, &request);

    if (outcome == HW_OK)
        *word = request.pte;
    return outcome;
}

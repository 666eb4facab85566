/*
 * hw_machine.c - one access: TLB, then the tables, then a page or a fault
 *
 * The TLB is asked first. What it remembers may be out of date; a remembered right that forbids the
 * access is not believed but looked up again, so a right that was added without a flush is seen. The
 * first store to a page walks even on a hit, because the modify bit is the leaf's to have.
 */
#include "hw/hw_machine.h"

#include <string.h>

#include "base/assert.h"
#include "hw/hw_tlb_vector.h"
#include "hw/hw_walk.h"

struct hw_machine *
hw_machine_create(const struct vmm_alloc *alloc, const struct hw_geometry *geometry,
                  uint32_t cpu_count, vmm_ppn frame_count)
{
    struct hw_machine *machine = vmm_take_array(alloc, 1, sizeof(*machine));
    bool is_whole;

    VMM_ASSERT(cpu_count >= 1 && cpu_count <= HW_MAX_CPUS && frame_count > 0);
    if (machine == NULL)
        return NULL;
    machine->alloc = alloc;
    machine->rows = vmm_rows(hw_host_has_vectors());
    machine->geometry = geometry;
    machine->small = hw_geometry_small(geometry);
    machine->cpus = vmm_take_array(alloc, cpu_count, sizeof(*machine->cpus));
    is_whole =
        hw_frames_init(&machine->frames, alloc, (uint32_t)hw_page_bytes(geometry), frame_count) &&
        machine->cpus != NULL;
    machine->cpu_count = machine->cpus == NULL ? 0 : cpu_count;
    for (uint32_t cpu = 0; is_whole && cpu < cpu_count; cpu++) {
        machine->cpus[cpu].id = cpu;
        machine->cpus[cpu].space[0] = machine->cpus[cpu].space[1] = geometry;
        machine->cpus[cpu].mode = cpu == 0 ? HW_CPU_KERNEL : HW_CPU_IDLE;
        machine->cpus[cpu].interrupts_enabled = true;
        is_whole = hw_tlb_init(&machine->cpus[cpu].tlb, alloc, geometry) &&
                   hw_walk_cache_init(&machine->cpus[cpu].walk_cache, alloc, geometry);
    }
    if (is_whole)
        return machine;
    hw_machine_destroy(machine);
    return NULL;
}

void
hw_machine_destroy(struct hw_machine *machine)
{
    const struct vmm_alloc *alloc = machine->alloc;

    for (uint32_t cpu = 0; cpu < machine->cpu_count; cpu++) {
        hw_tlb_destroy(&machine->cpus[cpu].tlb, alloc);
        if (machine->cpus[cpu].walk_cache.geometry != NULL)
            hw_walk_cache_destroy(&machine->cpus[cpu].walk_cache, alloc);
    }
    vmm_give_array(alloc, machine->cpus, machine->cpu_count, sizeof(*machine->cpus));
    if (machine->frames.alloc != NULL)
        hw_frames_destroy(&machine->frames);
    vmm_give_array(alloc, machine, 1, sizeof(*machine));
}

/* ---- walks ---- */

void
hw_machine_forget_tables(struct hw_machine *machine)
{
    memset(machine->known, 0, sizeof(machine->known));
}

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

void
hw_cpu_load(struct hw_machine *machine, uint32_t cpu, const struct hw_geometry *space,
            vmm_ppn user_root, uint32_t user_asid)
{
    VMM_ASSERT((user_root == VMM_NO_PAGE) == (user_asid == 0)); /* C1 */
    machine->cpus[cpu].space[0] = space;
    machine->cpus[cpu].user_root = user_root;
    machine->cpus[cpu].user_asid = user_asid;
}

void
hw_cpu_flush_page(struct hw_cpu *cpu, uint64_t vpn, uint32_t asid)
{
    hw_tlb_flush_page(&cpu->tlb, vpn, asid);
    hw_walk_cache_flush_asid(&cpu->walk_cache, asid); /* Intel SDM 3A 4.10.4.1: INVLPG, all of it */
}

void
hw_cpu_flush_asid(struct hw_cpu *cpu, uint32_t asid)
{
    hw_tlb_flush_asid(&cpu->tlb, asid);
    hw_walk_cache_flush_asid(&cpu->walk_cache, asid);
}

void
hw_cpu_flush_all(struct hw_cpu *cpu)
{
    hw_tlb_flush_all(&cpu->tlb);
    hw_walk_cache_flush_all(&cpu->walk_cache);
}

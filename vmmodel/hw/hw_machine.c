/*
 * hw_machine.c - one access: TLB, then the tables, then a page or a fault
 *
 * The TLB is asked first. What it remembers may be out of date; a remembered right that forbids the
 * access is not believed but looked up again, so a right that was added without a flush is seen.
 */
#include "hw/hw_machine.h"

#include "base/assert.h"

struct hw_machine *
hw_machine_create(const struct vmm_alloc *alloc, const struct hw_geometry *geometry,
                  uint32_t cpu_count, vmm_ppn frame_count)
{
    struct hw_machine *machine = vmm_take_array(alloc, 1, sizeof(*machine));
    bool is_whole;

    if (machine == NULL)
        return NULL;
    machine->alloc = alloc;
    machine->geometry = geometry;
    machine->cpus = vmm_take_array(alloc, cpu_count, sizeof(*machine->cpus));
    is_whole =
        hw_frames_init(&machine->frames, alloc, (uint32_t)hw_page_bytes(geometry), frame_count) &&
        machine->cpus != NULL;
    machine->cpu_count = machine->cpus == NULL ? 0 : cpu_count;
    for (uint32_t cpu = 0; is_whole && cpu < cpu_count; cpu++) {
        machine->cpus[cpu].id = cpu;
        machine->cpus[cpu].mode = cpu == 0 ? HW_CPU_KERNEL : HW_CPU_IDLE;
        machine->cpus[cpu].interrupts_enabled = true;
        is_whole = hw_tlb_init(&machine->cpus[cpu].tlb, alloc, geometry);
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

    for (uint32_t cpu = 0; cpu < machine->cpu_count; cpu++)
        hw_tlb_destroy(&machine->cpus[cpu].tlb, alloc);
    vmm_give_array(alloc, machine->cpus, machine->cpu_count, sizeof(*machine->cpus));
    if (machine->frames.alloc != NULL)
        hw_frames_destroy(&machine->frames);
    vmm_give_array(alloc, machine, 1, sizeof(*machine));
}

/* Whether the bits above va_bits repeat the top one. */
static bool
hw_is_canonical(const struct hw_geometry *geometry, vmm_va va)
{
    uint64_t top = va >> (geometry->va_bits - 1);

    return top == 0 || top == UINT64_MAX >> (geometry->va_bits - 1);
}

static bool
hw_pte_permits(uint64_t pte, enum hw_access_kind kind, bool from_user)
{
    return !(kind == HW_WRITE && !(pte & HW_PTE_WRITE)) &&
           !(kind == HW_EXECUTE && (pte & HW_PTE_NX)) && !(from_user && !(pte & HW_PTE_USER));
}

/* Walks the tables, sets the reference and modify bits, and fills the TLB. */
static enum hw_outcome
hw_walk(struct hw_machine *machine, struct hw_cpu *cpu, vmm_va va, enum hw_access_kind kind,
        bool from_user, uint64_t *pte)
{
    const struct hw_geometry *geometry = machine->geometry;
    vmm_ppn root = hw_is_kernel_va(va) ? machine->kernel_root : cpu->user_root;
    uint64_t *slot = NULL;

    cpu->walks++;
    if (root != VMM_NO_PAGE)
        slot = hw_pt_slot(&machine->frames, geometry, root, va, geometry->levels - 1, NULL);
    if (slot == NULL || !(*slot & HW_PTE_VALID))
        return HW_FAULT_NOT_PRESENT;
    if (!hw_pte_permits(*slot, kind, from_user))
        return HW_FAULT_PROTECTION;
    *slot |= HW_PTE_REF | (kind == HW_WRITE ? HW_PTE_MOD : 0);
    *pte = *slot;
    hw_tlb_fill(&cpu->tlb, hw_vpn(geometry, va), hw_is_kernel_va(va) ? 0 : cpu->user_asid, *slot);
    return HW_OK;
}

enum hw_outcome
hw_access(struct hw_machine *machine, uint32_t cpu_id, vmm_va va, enum hw_access_kind kind,
          bool from_user, vmm_ppn *ppn)
{
    struct hw_cpu *cpu = &machine->cpus[cpu_id];
    uint64_t vpn = hw_vpn(machine->geometry, va);
    uint32_t asid = hw_is_kernel_va(va) ? 0 : cpu->user_asid;
    enum hw_outcome outcome;
    uint64_t pte;

    if (!hw_is_canonical(machine->geometry, va))
        return HW_FAULT_ADDRESS;
    if (asid == 0 && !hw_is_kernel_va(va))
        return HW_FAULT_NOT_PRESENT; /* C1: no user space is loaded */
    pte = hw_tlb_lookup(&cpu->tlb, vpn, asid);
    if (pte != 0 && hw_pte_permits(pte, kind, from_user) &&
        (kind != HW_WRITE || (pte & HW_PTE_MOD))) {
        *ppn = hw_pte_ppn(pte);
        return HW_OK;
    }
    outcome = hw_walk(machine, cpu, va, kind, from_user, &pte);
    if (outcome == HW_OK)
        *ppn = hw_pte_ppn(pte);
    else
        hw_tlb_flush_page(&cpu->tlb, vpn, asid); /* a fault forgets the page */
    return outcome;
}

void
hw_cpu_load(struct hw_machine *machine, uint32_t cpu, vmm_ppn user_root, uint32_t user_asid)
{
    VMM_ASSERT((user_root == VMM_NO_PAGE) == (user_asid == 0)); /* C1 */
    machine->cpus[cpu].user_root = user_root;
    machine->cpus[cpu].user_asid = user_asid;
}

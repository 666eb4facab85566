/* hw_machine.c - see hw_machine.h */
#include "hw/hw_machine.h"

#include <string.h>

#include "base/assert.h"
#include "hw/hw_tlb_vector.h"

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

void
hw_machine_forget_tables(struct hw_machine *machine)
{
    memset(machine->known, 0, sizeof(machine->known));
}

/* ---- what one CPU runs, and forgets ---- */

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

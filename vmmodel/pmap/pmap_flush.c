/*
 * pmap_flush.c - see pmap_flush.h
 *
 * XNU on x86 flushes whole address spaces whatever the range (INP_MAX is 0: vm.md 5.5, T22), and so
 * do we: the range is for the event. Who is told:
 *
 *                     other CPU runs          kernel code     user code      idle
 *      kernel pmap                            interrupt       mark           mark
 *      user pmap      that pmap               interrupt       interrupt      mark
 *      user pmap      another or none         forget at once, nobody is told
 */
#include "pmap/pmap_flush.h"

#include "pmap/pmap_internal.h"

/* Forgets this address space on one CPU. */
static void
pmap_flush_cpu(struct pmap *pmap, uint32_t cpu)
{
    hw_tlb_flush_asid(&pmap->system->machine->cpus[cpu].tlb, pmap->asid);
}

/* What becomes of another CPU. vm.md 5.5 steps 2 to 5. */
static void
pmap_flush_other(struct pmap *pmap, uint32_t id)
{
    struct pmap_system *system = pmap->system;
    struct hw_cpu *cpu = &system->machine->cpus[id];
    bool is_kernel = pmap == system->kernel;
    bool is_running = is_kernel || system->loaded[id] == pmap;
    bool is_reached = is_kernel ? cpu->mode == HW_CPU_KERNEL : cpu->mode != HW_CPU_IDLE;

    if (is_running && !is_reached) {
        cpu->flush_pending = true;
        return;
    }
    if (is_running)
        trace_emit(system->trace, EV_TLB_SHOOTDOWN, .space = pmap->space, .cpu = system->trace->cpu,
                   .count = id);
    pmap_flush_cpu(pmap, id);
}

void
pmap_flush_range(struct pmap *pmap, vmm_va start, vmm_va end)
{
    struct pmap_system *system = pmap->system;

    trace_emit(system->trace, EV_TLB_FLUSH, .space = pmap->space, .va = start,
               .length = end - start, .cpu = system->trace->cpu);
    for (uint32_t cpu = 0; cpu < system->machine->cpu_count; cpu++) {
        if (cpu == system->trace->cpu)
            pmap_flush_cpu(pmap, cpu);
        else
            pmap_flush_other(pmap, cpu);
    }
}

void
pmap_take_pending_flush(struct pmap_system *system, uint32_t cpu)
{
    if (!system->machine->cpus[cpu].flush_pending)
        return;
    system->machine->cpus[cpu].flush_pending = false;
    hw_tlb_flush_all(&system->machine->cpus[cpu].tlb);
}

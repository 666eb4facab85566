/*
 * pmap_flush.c - see pmap_flush.h
 *
 * XNU on x86 flushes whole address spaces whatever the range (INP_MAX is 0: vm.md 5.5, T22). Who is
 * told, with CPUs as sets so that nobody is looked at who has nothing to do with it:
 *
 *                     other CPU runs          kernel code     user code      idle
 *      kernel pmap                            interrupt       mark           mark
 *      user pmap      that pmap               interrupt       interrupt      mark
 *      user pmap      another or none         nobody is told: it forgets the space before it runs it
 *      shared pmap                            interrupt       interrupt      mark
 *
 * A put-off flush only collects CPUs; when it is done, every collected CPU that is awake is
 * interrupted, whatever it runs by then, user code included.
 *
 * arm64 tells the hardware: every CPU forgets, none is interrupted. A broadcast by page takes one TLBI
 * a page; above PMAP_TLBI_MAX_PAGES it is one for the whole space, or for the kernel's and a shared
 * pmap one for everything.
 */
#include "pmap/pmap_flush.h"

#include "base/planted.h"
#include "pmap/pmap_internal.h"

enum { PMAP_TLBI_MAX_PAGES = 256 }; /* vm.md 5.6 */

/* ---- sets of CPUs ---- */

static uint64_t
pmap_cpu_bit(uint32_t cpu)
{
    return (uint64_t)1 << cpu;
}

static uint64_t
pmap_all_cpus(const struct pmap_system *system)
{
    return UINT64_MAX >> (64 - system->machine->cpu_count);
}

/* Takes the lowest CPU out of a set that has one. */
static uint32_t
pmap_cpus_next(uint64_t *cpus)
{
    uint32_t cpu = (uint32_t)__builtin_ctzll(*cpus);

    *cpus &= *cpus - 1;
    return cpu;
}

/* ---- what one CPU forgets ---- */

static void
pmap_forget_all(struct pmap_system *system, uint32_t cpu)
{
    hw_cpu_flush_all(&system->machine->cpus[cpu]);
    if (system->loaded[cpu] != NULL)
        system->loaded[cpu]->incoherent_cpus &= ~pmap_cpu_bit(cpu);
}

/* The space that the CPU runs: what reloading CR3 forgets. */
static void
pmap_forget_space(struct pmap_system *system, uint32_t cpu)
{
    struct pmap *pmap = system->loaded[cpu];

    if (pmap == NULL)
        return;
    hw_cpu_flush_asid(&system->machine->cpus[cpu], pmap->asid);
    pmap->incoherent_cpus &= ~pmap_cpu_bit(cpu);
}

static void
pmap_forget_pages(struct pmap *pmap, uint32_t cpu, vmm_va start, vmm_va end)
{
    struct hw_machine *machine = pmap->system->machine;

    for (vmm_va va = start; va < end; va += pmap_page_bytes(pmap))
        hw_cpu_flush_page(&machine->cpus[cpu], hw_vpn(pmap->geometry, va), pmap->asid);
    pmap->incoherent_cpus &= ~pmap_cpu_bit(cpu);
}

/* What a CPU forgets that was told by another (vm.md 5.5, the granularity table). */
static void
pmap_forget_remote(struct pmap_system *system, uint32_t cpu, bool is_global)
{
    if (is_global || system->behavior.flushes_remote_globally)
        pmap_forget_all(system, cpu);
    else
        pmap_forget_space(system, cpu);
}

/* ---- x86: marks and interrupts ---- */

static void
pmap_mark(struct pmap_system *system, uint64_t cpus, bool is_global)
{
    if (is_global)
        system->pending_global |= cpus;
    else
        system->pending_local |= cpus;
}

/* Interrupts every CPU of a set and waits: they have forgotten when this returns. */
static void
pmap_interrupt(struct pmap_system *system, uint64_t cpus, bool is_global, uint32_t space)
{
    while (cpus != 0) {
        uint32_t cpu = pmap_cpus_next(&cpus);

        trace_emit(system->trace, EV_TLB_SHOOTDOWN, .space = space, .cpu = system->trace->cpu,
                   .count = cpu, .detail = !system->machine->cpus[cpu].interrupts_enabled);
        pmap_forget_remote(system, cpu, is_global);
    }
}

/* Who uses the translations of a pmap, awake or not: vm.md 5.5 step 2. */
static uint64_t
pmap_running_cpus(const struct pmap *pmap)
{
    return pmap_is_kernel(pmap) || pmap->is_shared ? pmap_all_cpus(pmap->system)
                                                   : pmap->loaded_cpus;
}

/* Step 1: whoever does not flush now must do so before it runs the pmap again. Nobody runs a shared one. */
static void
pmap_mark_incoherent(struct pmap *pmap)
{
    if (!pmap_is_kernel(pmap) && !pmap->is_shared)
        pmap->incoherent_cpus = pmap_all_cpus(pmap->system);
}

static enum pmap_flush_scope
pmap_flush_scope(const struct pmap *pmap, uint64_t pages)
{
    if (pmap_is_kernel(pmap) || pmap->is_shared)
        return PMAP_FLUSH_ALL;
    return pages < pmap->system->behavior.page_flush_limit ? PMAP_FLUSH_PAGES : PMAP_FLUSH_SPACE;
}

static void
pmap_flush_self(struct pmap *pmap, enum pmap_flush_scope scope, vmm_va start, vmm_va end)
{
    uint32_t cpu = pmap->system->trace->cpu;

    if (scope == PMAP_FLUSH_ALL)
        pmap_forget_all(pmap->system, cpu);
    else if (scope == PMAP_FLUSH_PAGES)
        pmap_forget_pages(pmap, cpu, start, end);
    else
        pmap_forget_space(pmap->system, cpu);
}

/* pmap_flush_tlbs(), vm.md 5.5 steps 1 to 7. */
static void
pmap_flush_interrupting(struct pmap *pmap, vmm_va start, vmm_va end)
{
    struct pmap_system *system = pmap->system;
    uint64_t self = pmap_cpu_bit(system->trace->cpu);
    uint64_t running = pmap_running_cpus(pmap);
    uint64_t reached =
        running & ~system->idle_cpus & (pmap_is_kernel(pmap) ? system->kernel_cpus : UINT64_MAX);
    uint64_t pages = (end - start) / pmap_page_bytes(pmap);
    enum pmap_flush_scope scope = pmap_flush_scope(pmap, pages);
    bool is_global = scope == PMAP_FLUSH_ALL;

    trace_emit(system->trace, EV_TLB_FLUSH, .space = pmap->space, .va = start,
               .length = end - start, .cpu = system->trace->cpu, .detail = scope,
               .count = (uint32_t)(scope == PMAP_FLUSH_PAGES ? pages : 1)
                        << system->behavior.has_two_views);
    pmap_mark_incoherent(pmap);
    pmap_mark(system, running & ~reached & ~self, is_global);
    pmap_interrupt(system, reached & ~self, is_global, pmap->space);
    if (running & self)
        pmap_flush_self(pmap, scope, start, end);
}

/* ---- arm64: broadcasts ---- */

/* Forgets pages of one space on every CPU. */
static void
pmap_broadcast_pages(struct pmap *pmap, vmm_va start, vmm_va end)
{
    for (uint32_t cpu = 0; cpu < pmap->system->machine->cpu_count; cpu++)
        pmap_forget_pages(pmap, cpu, start, end);
}

/* The same of a whole space; the kernel's and a shared one are everybody's, so everything goes. */
static void
pmap_broadcast_space(struct pmap *pmap)
{
    struct hw_machine *machine = pmap->system->machine;

    for (uint32_t cpu = 0; cpu < machine->cpu_count; cpu++) {
        if (pmap_is_kernel(pmap) || pmap->is_shared)
            hw_cpu_flush_all(&machine->cpus[cpu]);
        else
            hw_cpu_flush_asid(&machine->cpus[cpu], pmap->asid);
    }
}

/* A shared pmap's translations are remembered under the tags of those that nest it: all are told. */
static void
pmap_broadcast_shared_pages(const struct pmap *pmap, vmm_va start, vmm_va end)
{
    const struct vmm_list *pmaps = &pmap->system->pmaps;

    for (const struct vmm_list *at = pmaps->next; at != pmaps; at = at->next) {
        struct pmap *user = VMM_CONTAINER(at, struct pmap, link);

        if (user->has_nested)
            pmap_broadcast_pages(user, start, end);
    }
}

static void
pmap_flush_broadcasting(struct pmap *pmap, vmm_va start, vmm_va end)
{
    struct pmap_system *system = pmap->system;
    uint64_t pages = (end - start) / pmap_page_bytes(pmap);
    bool is_by_page = pages <= PMAP_TLBI_MAX_PAGES;

    trace_emit(system->trace, EV_TLB_FLUSH, .space = pmap->space, .va = start,
               .length = end - start, .cpu = system->trace->cpu, .detail = PMAP_FLUSH_BROADCAST,
               .count = is_by_page ? (uint32_t)pages : 1);
    if (!is_by_page)
        pmap_broadcast_space(pmap);
    else if (pmap->is_shared)
        pmap_broadcast_shared_pages(pmap, start, end);
    else
        pmap_broadcast_pages(pmap, start, end);
}

void
pmap_flush_sync(struct pmap *pmap)
{
    trace_emit(pmap->system->trace, EV_TLB_SYNC, .space = pmap->space,
               .cpu = pmap->system->trace->cpu);
}

/* ---- now or later ---- */

void
pmap_flush_range(struct pmap *pmap, vmm_va start, vmm_va end)
{
    pmap_flush_or_defer(pmap, start, end, NULL);
}

void
pmap_flush_or_defer(struct pmap *pmap, vmm_va start, vmm_va end, struct pmap_flush_context *later)
{
    if (VMM_PLANTED(VMM_PLANTED_NO_FLUSH))
        return;
    if (pmap->system->machine->geometry->has_broadcast_flush) {
        pmap_flush_broadcasting(pmap, start, end);
        if (later == NULL)
            pmap_flush_sync(pmap);
        else
            later->is_sent = true;
    } else if (later == NULL) {
        pmap_flush_interrupting(pmap, start, end);
    } else {
        pmap_mark_incoherent(pmap);
        later->cpus |= pmap_running_cpus(pmap);
        later->is_global |= pmap_is_kernel(pmap) || pmap->is_shared;
    }
}

/* pmap_flush(): whoever was collected and sleeps now is marked, the others are interrupted. */
static void
pmap_flush_collected(struct pmap_system *system, const struct pmap_flush_context *later)
{
    uint64_t self = pmap_cpu_bit(system->trace->cpu);
    bool is_all = later->is_global || system->behavior.flushes_remote_globally;

    trace_emit(system->trace, EV_TLB_FLUSH, .cpu = system->trace->cpu,
               .detail = is_all ? PMAP_FLUSH_ALL : PMAP_FLUSH_SPACE,
               .count = 1u << system->behavior.has_two_views);
    pmap_mark(system, later->cpus & system->idle_cpus & ~self, later->is_global);
    pmap_interrupt(system, later->cpus & ~system->idle_cpus & ~self, later->is_global, 0);
    if (later->cpus & self)
        pmap_forget_remote(system, system->trace->cpu, later->is_global);
}

void
pmap_flush(struct pmap_system *system, struct pmap_flush_context *later)
{
    if (later->is_sent)
        pmap_flush_sync(system->kernel);
    if (later->cpus != 0)
        pmap_flush_collected(system, later);
    *later = (struct pmap_flush_context){ .cpus = 0 };
}

/* ---- when a CPU looks ---- */

bool
pmap_is_flush_pending(const struct pmap_system *system, uint32_t cpu)
{
    return ((system->pending_local | system->pending_global) & pmap_cpu_bit(cpu)) != 0;
}

bool
pmap_may_be_stale(const struct pmap *pmap, uint32_t cpu)
{
    return pmap_is_flush_pending(pmap->system, cpu) ||
           (pmap->incoherent_cpus & pmap_cpu_bit(cpu)) != 0;
}

void
pmap_take_pending_flush(struct pmap_system *system, uint32_t cpu)
{
    if (!pmap_is_flush_pending(system, cpu))
        return;
    pmap_forget_remote(system, cpu, (system->pending_global & pmap_cpu_bit(cpu)) != 0);
    system->pending_local &= ~pmap_cpu_bit(cpu);
    system->pending_global &= ~pmap_cpu_bit(cpu);
}

void
pmap_take_incoherence(struct pmap *pmap, uint32_t cpu)
{
    if (!(pmap->incoherent_cpus & pmap_cpu_bit(cpu)))
        return;
    hw_cpu_flush_asid(&pmap->system->machine->cpus[cpu], pmap->asid);
    pmap->incoherent_cpus &= ~pmap_cpu_bit(cpu);
}

uint32_t
pmap_cpu_owes(const struct pmap_system *system, uint32_t cpu)
{
    uint64_t bit = pmap_cpu_bit(cpu);
    uint32_t owes =
        ((system->pending_local & bit) != 0) | (uint32_t)((system->pending_global & bit) != 0) << 1;

    for (const struct vmm_list *at = system->pmaps.next; at != &system->pmaps; at = at->next)
        owes += VMM_CONTAINER(at, struct pmap, link)->incoherent_cpus & bit ? 4 : 0;
    return owes;
}

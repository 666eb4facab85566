/*
 * pmap.c - the life of pmaps, what CPUs run, and looking at translations
 *
 * A word in a leaf table is in one of three states:
 *
 *                     pmap_enter                     pmap_enter (another page): drop, flush, enter
 *      invalid -----------------------> valid ----+     pmap_enter (same page), pmap_change_wiring
 *       ^   ^      pmap_enter         ^ |  ^____|     pmap_protect, pmap_page_protect: narrow, flush
 *       |   +------- compressed ------+ |
 *       |              ^ pmap_page_compress
 *       +----------------------------+
 *            pmap_remove, pmap_page_protect(NONE): drop, flush
 *
 * The hardware sets the reference and modify bits of a valid word on its own (x86), or the kernel does
 * (arm64: pmap_fast_fault). Every change of a valid word is followed by a flush or is one of the
 * exceptions of vm.md 5.4, which stand in pmap_change_needs_flush(). The pv record and the counts go
 * with the word: pmap_store() and pmap_drop(), the same two for large leaves, and pmap_row_enter() are
 * the only places that change which words are valid.
 *
 *      pmap_enter.c       one translation made          pmap_table.c   tables, and walks over ranges
 *      pmap_enter_run.c   many at once                  pmap_pv.c      from a frame to who maps it
 *      pmap_range.c       a range narrowed or dropped   pmap_flush.c   who forgets, now or later
 *      pmap_page.c        every mapping of one page     pmap_look.c    for displays
 *      pmap_nest.c        leaf tables in common         pmap_check.c   the invariants
 */
#include "pmap/pmap.h"

#include "pmap/pmap_flush.h"
#include "pmap/pmap_internal.h"
#include "pmap/pmap_pv.h"
#include "pmap/pmap_table.h"

void
pmap_system_watch(struct pmap_system *system, const struct pmap_watch *watch)
{
    system->watch = watch;
}

/* ---- life ---- */

/* Puts a CPU into the sets that its mode belongs to. */
static void
pmap_note_mode(struct pmap_system *system, uint32_t cpu)
{
    uint64_t bit = (uint64_t)1 << cpu;
    enum hw_cpu_mode mode = system->machine->cpus[cpu].mode;

    system->kernel_cpus &= ~bit;
    system->idle_cpus &= ~bit;
    if (mode == HW_CPU_KERNEL)
        system->kernel_cpus |= bit;
    else if (mode == HW_CPU_IDLE)
        system->idle_cpus |= bit;
}

const struct pmap *
pmap_by_asid(const struct pmap_system *system, uint32_t asid)
{
    const struct vmm_list *at = system->pmaps.next;

    while (at != &system->pmaps && VMM_CONTAINER(at, struct pmap, link)->asid != asid)
        at = at->next;
    return at == &system->pmaps ? NULL : VMM_CONTAINER(at, struct pmap, link);
}

/* The next free number, running and starting over; 0 when all are taken. */
static uint32_t
pmap_new_asid(struct pmap_system *system)
{
    if (system->pmap_zone.pieces_in_use > PMAP_MAX_ASID)
        return 0;
    do
        system->last_asid = system->last_asid == PMAP_MAX_ASID ? 1 : system->last_asid + 1;
    while (pmap_by_asid(system, system->last_asid) != NULL);
    return system->last_asid;
}

static struct pmap *
pmap_make(struct pmap_system *system, const struct hw_geometry *geometry, uint32_t space,
          uint32_t asid)
{
    struct pmap *pmap = vmm_zone_take(&system->pmap_zone);

    if (pmap == NULL)
        return NULL;
    pmap->system = system;
    pmap->geometry = geometry;
    pmap->part_bits = system->machine->geometry->page_shift - geometry->page_shift;
    pmap->space = space;
    pmap->asid = asid;
    vmm_radix_init(&pmap->chunks, &system->chunk_store);
    if (pmap_table_make_root(pmap) != VMM_OK) {
        vmm_zone_give(&system->pmap_zone, pmap);
        return NULL;
    }
    vmm_list_append(&system->pmaps, &pmap->link);
    return pmap;
}

static struct pmap *
pmap_make_user(struct pmap_system *system, const struct hw_geometry *geometry, uint32_t space)
{
    uint32_t asid = pmap_new_asid(system);

    VMM_ASSERT(space > 0);
    return asid == 0 ? NULL : pmap_make(system, geometry, space, asid);
}

struct pmap *
pmap_create(struct pmap_system *system, uint32_t space)
{
    return pmap_make_user(system, system->machine->geometry, space);
}

struct pmap *
pmap_create_small(struct pmap_system *system, uint32_t space)
{
    VMM_ASSERT(system->machine->small.page_shift < system->machine->geometry->page_shift);
    return pmap_make_user(system, &system->machine->small, space);
}

struct pmap *
pmap_create_shared(struct pmap_system *system, uint32_t space)
{
    struct pmap *pmap = pmap_create(system, space);

    if (pmap != NULL)
        pmap->is_shared = true;
    return pmap;
}

/* Takes a pmap off every CPU and out of every TLB. */
static void
pmap_unload(struct pmap *pmap)
{
    struct pmap_system *system = pmap->system;

    for (uint32_t cpu = 0; cpu < system->machine->cpu_count; cpu++) {
        if (system->loaded[cpu] == pmap)
            pmap_switch(system, cpu, NULL);
        hw_cpu_flush_asid(&system->machine->cpus[cpu], pmap->asid);
    }
}

static void
pmap_free(struct pmap *pmap)
{
    pmap_unload(pmap);
    pmap_table_free_all(pmap);
    vmm_radix_destroy(&pmap->chunks);
    vmm_list_remove(&pmap->link);
    vmm_zone_give(&pmap->system->pmap_zone, pmap);
}

void
pmap_destroy(struct pmap *pmap)
{
    VMM_ASSERT(pmap->asid != 0);
    VMM_ASSERT(pmap->resident_pages == 0);
    pmap_free(pmap);
}

struct pmap_system *
pmap_system_create(const struct vmm_alloc *alloc, struct hw_machine *machine, struct trace *trace)
{
    struct pmap_system *system = vmm_take_array(alloc, 1, sizeof(*system));

    if (system == NULL)
        return NULL;
    system->alloc = alloc;
    system->machine = machine;
    system->trace = trace;
    vmm_list_init(&system->pmaps);
    vmm_zone_init(&system->pmap_zone, alloc, sizeof(struct pmap));
    pmap_pv_init(system);
    for (uint32_t cpu = 0; cpu < machine->cpu_count; cpu++)
        pmap_note_mode(system, cpu);
    system->kernel = pmap_make(system, machine->geometry, 0, 0);
    if (system->kernel == NULL) {
        pmap_system_destroy(system);
        return NULL;
    }
    machine->kernel_root = system->kernel->root;
    return system;
}

void
pmap_system_destroy(struct pmap_system *system)
{
    const struct vmm_alloc *alloc = system->alloc;

    while (!vmm_list_is_empty(&system->pmaps))
        pmap_free(VMM_CONTAINER(system->pmaps.next, struct pmap, link));
    system->machine->kernel_root = VMM_NO_PAGE;
    vmm_zone_destroy(&system->pmap_zone);
    pmap_pv_destroy(system);
    vmm_give_array(alloc, system, 1, sizeof(*system));
}

struct pmap *
pmap_kernel(struct pmap_system *system)
{
    return system->kernel;
}

void
pmap_set_behavior(struct pmap_system *system, const struct pmap_behavior *behavior)
{
    VMM_ASSERT(system->kernel->resident_pages == 0);
    system->behavior = *behavior;
}

/* ---- looking ---- */

bool
pmap_query(const struct pmap *pmap, vmm_va va, struct pmap_translation *found)
{
    uint64_t word = pmap_table_word(pmap, va);

    if (!(word & HW_PTE_VALID))
        return false;
    pmap_decode(pmap, word, found);
    return true;
}

void
pmap_each(const struct pmap *pmap, vmm_va start, vmm_va end,
          void (*see)(void *context, vmm_va va, const struct pmap_translation *found),
          void *context)
{
    struct pmap_run run;

    while (pmap_table_next_run(pmap, &start, end, &run)) {
        const uint64_t *slot = run.slots;

        for (vmm_va va = run.start; va < run.end; va += pmap_page_bytes(pmap)) {
            uint64_t word = run.large_bytes != 0 ? pmap_table_word(pmap, va) : *slot++;
            struct pmap_translation found;

            if (word & HW_PTE_VALID) {
                pmap_decode(pmap, word, &found);
                see(context, va, &found);
            }
        }
    }
}

struct pmap_tally {
    uint64_t valid;
    uint64_t wired;
};

static void
pmap_tally_see(void *context, vmm_va va, const struct pmap_translation *found)
{
    struct pmap_tally *tally = context;

    (void)va;
    tally->valid++;
    tally->wired += found->is_wired;
}

uint64_t
pmap_count(const struct pmap *pmap, vmm_va start, vmm_va end, uint64_t *wired_pages)
{
    struct pmap_tally tally = { 0, 0 };

    pmap_each(pmap, start, end, pmap_tally_see, &tally);
    if (wired_pages != NULL)
        *wired_pages = tally.wired;
    return tally.valid;
}

void
pmap_statistics(const struct pmap *pmap, struct pmap_statistics *statistics)
{
    *statistics =
        (struct pmap_statistics){ .resident_pages = pmap->resident_pages,
                                  .wired_pages = pmap->wired_pages,
                                  .wired_statistic = pmap->wired_pages + pmap->wired_drift,
                                  .compressed_pages = pmap->compressed_pages,
                                  .table_pages = pmap->table_pages };
}

uint64_t
pmap_table_pages(const struct pmap_system *system)
{
    return system->table_pages;
}

/* ---- CPUs ---- */

void
pmap_switch(struct pmap_system *system, uint32_t cpu, struct pmap *pmap)
{
    struct pmap *before = system->loaded[cpu];
    uint64_t bit = (uint64_t)1 << cpu;

    VMM_ASSERT(pmap == NULL || (pmap != system->kernel && !pmap->is_shared));
    pmap_take_pending_flush(system, cpu);
    if (before != NULL)
        before->loaded_cpus &= ~bit;
    system->loaded[cpu] = pmap;
    hw_cpu_load(system->machine, cpu, pmap == NULL ? system->machine->geometry : pmap->geometry,
                pmap == NULL ? VMM_NO_PAGE : pmap->root, pmap == NULL ? 0 : pmap->asid);
    if (pmap != before && !system->machine->geometry->has_asids)
        hw_cpu_flush_all(&system->machine->cpus[cpu]);
    if (pmap == NULL)
        return;
    pmap->loaded_cpus |= bit;
    pmap_take_incoherence(pmap, cpu);
}

void
pmap_cpu_mode(struct pmap_system *system, uint32_t cpu, enum hw_cpu_mode mode)
{
    struct hw_cpu *at = &system->machine->cpus[cpu];

    if (mode == HW_CPU_KERNEL || (mode == HW_CPU_USER && at->mode == HW_CPU_IDLE))
        pmap_take_pending_flush(system, cpu);
    if (at->mode == mode)
        return;
    at->mode = mode;
    pmap_note_mode(system, cpu);
}

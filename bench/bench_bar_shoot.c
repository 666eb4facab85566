/*
 * bench_bar_shoot.c - telling simulated CPUs to forget, against bare loops that do only that
 *
 *     shoot-64        one page of a pmap that all 64 CPUs run, 10.15's way (each told CPU forgets all):
 *                     against invalidating one page in 64 bare TLBs
 *     shoot-2-of-64   the same with two CPUs that run it, and 62 that do not, against 2 of 8: that it
 *                     does not depend on how many there are
 *     flush-all       64 TLBs that remember something forget everything, against counting up in as many
 *                     places: the generation, and the note that nothing is remembered
 */
#include <string.h>

#include "bar.h"
#include "harness.h"
#include "pmap/pmap_flush.h"
#include "pmap/pmap.h"

enum { TURNS = 9, FLUSHES = 20000, PAGE = 4096, MOST_CPUS = 64, L1_WAYS = 4 };

#define BASE ((vmm_va)1 << 33)

struct plan {
    uint32_t cpus;
    uint32_t holders;
};

struct world {
    const struct plan *plan;
    struct hw_machine *machine;
    struct trace trace;
    struct pmap_system *pmaps;
    struct pmap *pmap;
};

static void *
world_start(const void *context)
{
    struct world *world = vmm_take_array(&bench_alloc, 1, sizeof(*world));

    bench_check(world != NULL, "no memory");
    world->plan = context;
    trace_init(&world->trace);
    world->machine = hw_machine_create(&bench_alloc, &hw_geometry_x86_64, world->plan->cpus, 256);
    bench_check(world->machine != NULL, "no machine");
    world->pmaps = pmap_system_create(&bench_alloc, world->machine, &world->trace);
    bench_check(world->pmaps != NULL, "no pmaps");
    pmap_set_behavior(world->pmaps, &(struct pmap_behavior){ .flushes_remote_globally = true });
    world->pmap = pmap_create(world->pmaps, 1);
    bench_check(world->pmap != NULL &&
                    pmap_enter(world->pmap, BASE, hw_frame_alloc(&world->machine->frames),
                               VMM_PROT_READ, 0) == VMM_OK,
                "no translation");
    for (uint32_t cpu = 0; cpu < world->plan->cpus; cpu++) {
        pmap_cpu_mode(world->pmaps, cpu, HW_CPU_USER);
        if (cpu < world->plan->holders)
            pmap_switch(world->pmaps, cpu, world->pmap);
    }
    return world;
}

/* Every holder remembers the page again before the next flush, on both sides. */
static uint64_t
world_run(void *state)
{
    struct world *world = state;

    for (uint32_t i = 0; i < FLUSHES; i++) {
        for (uint32_t cpu = 0; cpu < world->plan->holders; cpu++)
            hw_tlb_fill(&world->machine->cpus[cpu].tlb, BASE / PAGE, 1, hw_pte_make(1, 1));
        pmap_flush_range(world->pmap, BASE, BASE + PAGE);
    }
    return FLUSHES;
}

/* ---- bare ---- */

struct bare {
    const struct plan *plan;
    struct {
        uint64_t tags[16 * L1_WAYS], ptes[16 * L1_WAYS];
        uint64_t more_tags[128 * 12], more_ptes[128 * 12];
    } cpus[MOST_CPUS];
};

static void *
bare_start(const void *context)
{
    struct bare *bare = vmm_take_array(&bench_alloc, 1, sizeof(*bare));

    bench_check(bare != NULL, "no memory");
    bare->plan = context;
    return bare;
}

static void
bare_fill(uint64_t *tags, uint64_t *ptes, uint32_t ways, uint64_t tag)
{
    memmove(tags + 1, tags, (ways - 1) * sizeof(*tags));
    memmove(ptes + 1, ptes, (ways - 1) * sizeof(*ptes));
    tags[0] = tag;
    ptes[0] = tag;
}

static void
bare_forget(uint64_t *tags, uint32_t ways, uint64_t tag)
{
    for (uint32_t way = 0; way < ways; way++) {
        if (tags[way] == tag)
            tags[way] = 0;
    }
}

static uint64_t
bare_run(void *state)
{
    struct bare *bare = state;

    for (uint64_t i = 1; i <= FLUSHES; i++) {
        for (uint32_t cpu = 0; cpu < bare->plan->holders; cpu++) {
            bare_fill(bare->cpus[cpu].more_tags, bare->cpus[cpu].more_ptes, 12, 7);
            bare_fill(bare->cpus[cpu].tags, bare->cpus[cpu].ptes, L1_WAYS, 7);
        }
        for (uint32_t cpu = 0; cpu < bare->plan->holders; cpu++) {
            bare_forget(bare->cpus[cpu].tags, L1_WAYS, 7);
            bare_forget(bare->cpus[cpu].more_tags, 12, 7);
        }
    }
    return FLUSHES;
}

/* ---- everything ---- */

/* Each remembers something, or there would be nothing to forget. */
static uint64_t
flush_all_run(void *state)
{
    struct world *world = state;

    for (uint32_t i = 0; i < FLUSHES; i++) {
        for (uint32_t cpu = 0; cpu < world->plan->holders; cpu++) {
            struct hw_tlb *tlb = &world->machine->cpus[cpu].tlb;

            tlb->asid_filter |= 2;
            hw_tlb_flush_all(tlb);
        }
    }
    return FLUSHES;
}

static uint64_t
count_up_run(void *state)
{
    struct bare *bare = state;

    for (uint32_t i = 0; i < FLUSHES; i++) {
        for (uint32_t cpu = 0; cpu < bare->plan->holders; cpu++) {
            volatile uint64_t *generation = &bare->cpus[cpu].tags[0];

            generation[1] = 2;
            generation[1] = 0;
            generation[0]++;
        }
    }
    return FLUSHES;
}

static double
per_cpu(double seconds, const struct plan *plan)
{
    return seconds * 1e9 / FLUSHES / plan->holders;
}

int
main(void)
{
    static const struct plan all = { 64, 64 }, two = { 64, 2 }, two_of_few = { 8, 2 };
    const struct bench_side sides[] = {
        { &all, world_start, world_run, NULL },     { &all, bare_start, bare_run, NULL },
        { &two, world_start, world_run, NULL },     { &two_of_few, world_start, world_run, NULL },
        { &all, world_start, flush_all_run, NULL }, { &all, bare_start, count_up_run, NULL }
    };
    struct bench_time times[VMM_COUNT_OF(sides)];

    bench_arena_create((size_t)64 << 20);
    bench_race(sides, VMM_COUNT_OF(sides), TURNS, times);
    bench_bar("shoot-64", per_cpu(times[0].median, &all), per_cpu(times[1].median, &all),
              "ns a CPU, refill included", 0.5);
    bench_bar("shoot-2-of-64", per_cpu(times[2].median, &two),
              per_cpu(times[3].median, &two_of_few), "ns a CPU, refill included", 0.9);
    bench_bar("flush-all", per_cpu(times[4].median, &all), per_cpu(times[5].median, &all),
              "ns a CPU", 0.5);
    return bench_bar_code();
}

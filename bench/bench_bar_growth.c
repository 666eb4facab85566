/*
 * bench_bar_growth.c - what one page costs when there are more of them
 *
 *     growth-wire      wiring 64 GiB at once, by page, against wiring 1 MiB at once, as often as makes a
 *                      GiB: flat within 1.5
 */
#include "bar.h"
#include "harness.h"
#include "vm/vm_map_wire.h"
#include "vm/vm_task.h"

enum { TURNS = 7, PAGE = 4096 };

#define FIRST ((vmm_va)1 << 40)

struct plan {
    uint64_t ranges;
    uint64_t pages; /* of each */
};

struct world {
    const struct plan *plan;
    struct vm_map *map;
};

static vmm_va
start_of(const struct plan *plan, uint64_t range)
{
    return FIRST + range * plan->pages * 2 * PAGE;
}

static void *
world_start(const void *context)
{
    struct world *world = vmm_take_array(&bench_alloc, 1, sizeof(*world));
    const struct plan *plan = context;
    uint64_t pages = plan->ranges * plan->pages;
    struct vm_profile profile;
    struct vm_system *system;
    struct vm_task *task;

    vm_profile_at(vm_profile_count() - 2, &profile);
    system = vm_system_create(
        &(struct vm_config){ .alloc = &bench_alloc,
                             .profile = &profile,
                             .geometry = &hw_geometry_x86_64,
                             .cpu_count = 1,
                             .frame_count = (vmm_ppn)(pages + pages / 256 + 2048) });
    bench_check(system != NULL && vm_task_create(system, &task) == VMM_OK, "no task");
    world->plan = plan;
    world->map = vm_task_map(task);
    for (uint64_t i = 0; i < plan->ranges; i++) {
        vmm_va at = start_of(plan, i);

        bench_check(vm_allocate(world->map, &at, plan->pages * PAGE, VM_MAP_FIXED) == VMM_OK,
                    "no entry");
    }
    return world;
}

static uint64_t
world_run(void *state)
{
    const struct world *world = state;
    const struct plan *plan = world->plan;

    for (uint64_t i = 0; i < plan->ranges; i++) {
        vmm_va at = start_of(plan, i);

        bench_check(vm_map_wire(world->map, at, at + plan->pages * PAGE, VMM_PROT_DEFAULT, false) ==
                        VMM_OK,
                    "could not wire");
    }
    return 1;
}

static double
per_page(const struct bench_time *time, const struct plan *plan)
{
    return time->median * 1e9 / (double)(plan->ranges * plan->pages);
}

int
main(void)
{
    static const struct plan few = { 1024, 256 }, many = { 1, (uint64_t)1 << 24 };
    const struct bench_side sides[] = { { &many, world_start, world_run, NULL },
                                        { &few, world_start, world_run, NULL } };
    struct bench_time times[VMM_COUNT_OF(sides)];

    bench_arena_create((size_t)1 << 30);
    bench_race(sides, VMM_COUNT_OF(sides), TURNS, times);
    bench_bar("growth-wire", per_page(&times[0], &many), per_page(&times[1], &few), "ns a page",
              1 / 1.5);
    return bench_bar_code();
}

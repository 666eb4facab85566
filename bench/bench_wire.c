/*
 * bench_wire.c - wiring and unwiring n bytes of simulated memory, forking it, and what it takes
 *
 *     bench_wire [SIZE...]           default: 16M 64M 256M 1G; 64G needs 4 GiB of host memory
 *     bench_wire --fork [SIZE...]    default: 16M 64M 256M 1G 4000M: a fork of resident pages
 *
 * Everything is in pages of 4 KiB without contents: a page that nobody stored to takes no bytes for
 * what is in it. Each size runs in a process of its own, so that its peak is its own.
 *
 *     wire      vm_map_wire() of memory that nobody has touched: zero fill, page, wire, translation
 *     unwire    vm_map_unwire() of all of it
 *     again     vm_map_wire() of what is resident and translated by now
 *     fork      vm_task_fork(): the parent's translations lose WRITE
 *     peak      the process's largest resident set, for each simulated page
 *
 * Without sizes a line follows in which the smallest and the largest size ran in turns in one process:
 * what a page costs in the one and in the other, and their ratio. 1 is linear.
 */
#include <stdio.h>
#include <string.h>

#include "harness.h"
#include "vm/vm_map_wire.h"
#include "vm/vm_task.h"

enum { TURNS = 5, PAGE = 4096 };

/* The most that a page and its share of tables may take; the rest is for what there is always. */
enum { BYTES_PER_PAGE = 256, BYTES_ALWAYS = 64 << 20 };

struct world {
    struct vm_task *task;
    struct vm_map *map;
    vmm_va start;
    vmm_va end;
};

static void *
start(const void *context)
{
    const uint64_t *size = context;
    struct world *world = vmm_take_array(&bench_alloc, 1, sizeof(*world));
    uint64_t pages = *size / PAGE;
    struct vm_profile profile;
    struct vm_system *system;

    vm_profile_at(vm_profile_count() - 2, &profile); /* the newest release; seed-view is the last */
    system = vm_system_create(
        &(struct vm_config){ .alloc = &bench_alloc,
                             .profile = &profile,
                             .geometry = &hw_geometry_x86_64,
                             .cpu_count = 1,
                             .frame_count = (vmm_ppn)(pages + pages / 128 + 1024) });
    bench_check(system != NULL && vm_task_create(system, &world->task) == VMM_OK, "no task");
    world->map = vm_task_map(world->task);
    world->start = 0;
    bench_check(vm_allocate(world->map, &world->start, *size, VM_MAP_ANYWHERE) == VMM_OK,
                "no address space");
    world->end = world->start + *size;
    return world;
}

static uint64_t
run_wire(void *state)
{
    struct world *world = state;

    return vm_map_wire(world->map, world->start, world->end, VMM_PROT_DEFAULT, false) == VMM_OK;
}

static uint64_t
run_unwire(void *state)
{
    struct world *world = state;

    return vm_map_unwire(world->map, world->start, world->end, false) == VMM_OK;
}

static void *
start_wired(const void *context)
{
    void *state = start(context);

    bench_check(run_wire(state) == 1, "cannot wire");
    return state;
}

static void *
start_resident(const void *context)
{
    void *state = start_wired(context);

    bench_check(run_unwire(state) == 1, "cannot unwire");
    return state;
}

static uint64_t
run_fork(void *state)
{
    struct world *world = state;
    struct vm_task *child;

    return vm_task_fork(world->task, &child) == VMM_OK;
}

/* Everything is wired and translated, page by page, as it should be. */
static void
check_wired(void *state)
{
    struct world *world = state;
    uint64_t wired;
    uint64_t translated = vm_map_translated(world->map, world->start, world->end, &wired);

    bench_check(translated == (world->end - world->start) / PAGE && wired == translated,
                "a page is not wired");
}

/* ---- one line ---- */

static double
nanoseconds(const struct bench_time *time, uint64_t size)
{
    return time->median / (double)(size / PAGE) * 1e9;
}

static void
begin(uint64_t size)
{
    bench_arena_create(size / PAGE * BYTES_PER_PAGE + BYTES_ALWAYS);
}

static void
put_peak(uint64_t size)
{
    printf("| %.0f MiB | %.0f |\n", (double)bench_peak_bytes() / (1 << 20),
           (double)bench_peak_bytes() / (double)(size / PAGE));
}

static void
measure_wire(const void *context)
{
    const uint64_t *size = context;
    const struct bench_side sides[] = { { size, start, run_wire, check_wired },
                                        { size, start_wired, run_unwire, NULL },
                                        { size, start_resident, run_wire, check_wired } };
    struct bench_time times[3];

    begin(*size);
    bench_race(sides, 3, *size > (uint64_t)4 << 30 ? 1 : TURNS, times);
    printf("| %llu | %.1f ns | %.1f ns | %.1f ns | %.0f %% ", (unsigned long long)(*size / PAGE),
           nanoseconds(&times[0], *size), nanoseconds(&times[1], *size),
           nanoseconds(&times[2], *size), times[0].spread * 100);
    put_peak(*size);
}

static void
measure_fork(const void *context)
{
    const uint64_t *size = context;
    const struct bench_side side = { size, start_resident, run_fork, NULL };
    struct bench_time time;

    begin(*size);
    bench_race(&side, 1, TURNS, &time);
    printf("| %llu | %.1f ns | %.2f ms | %.0f %% ", (unsigned long long)(*size / PAGE),
           nanoseconds(&time, *size), time.median * 1e3, time.spread * 100);
    put_peak(*size);
}

/* ---- growth ---- */

struct growth {
    uint64_t small;
    uint64_t large;
    bool forks;
};

static void
measure_growth(const void *context)
{
    const struct growth *growth = context;
    void *(*begin_with)(const void *context) = growth->forks ? start_resident : start;
    uint64_t (*run)(void *state) = growth->forks ? run_fork : run_wire;
    const struct bench_side sides[] = { { &growth->small, begin_with, run, NULL },
                                        { &growth->large, begin_with, run, NULL } };
    struct bench_time times[2];
    double costs[2];

    begin(growth->large);
    bench_race(sides, 2, TURNS, times);
    costs[0] = nanoseconds(&times[0], growth->small);
    costs[1] = nanoseconds(&times[1], growth->large);
    printf("\ngrowth of %s, in turns: %.1f ns per page of %llu, %.1f ns per page of %llu, ratio "
           "%.2f\n",
           growth->forks ? "fork" : "wire", costs[0], (unsigned long long)(growth->small / PAGE),
           costs[1], (unsigned long long)(growth->large / PAGE), costs[1] / costs[0]);
}

int
main(int argc, char **argv)
{
    static const char *const usual[] = { "16M", "64M", "256M", "1G", "4000M" };
    bool forks = argc > 1 && strcmp(argv[1], "--fork") == 0;
    int first = forks ? 2 : 1;
    int count = argc > first ? argc - first : (int)VMM_COUNT_OF(usual) - !forks;

    puts(forks ? "| pages | fork, per page | fork | spread | peak | peak bytes per page |\n"
                 "|---|---|---|---|---|---|"
               : "| pages | wire | unwire | wire again | spread | peak | peak bytes per page |\n"
                 "|---|---|---|---|---|---|---|");
    for (int i = 0; i < count; i++) {
        uint64_t size = bench_number(argc > first ? argv[first + i] : usual[i]);

        bench_check(size >= PAGE && size % PAGE == 0, "a size is whole pages of 4096 bytes");
        bench_alone(forks ? measure_fork : measure_wire, &size);
    }
    if (argc <= first) {
        const struct growth growth = { bench_number(usual[0]), bench_number(usual[count - 1]),
                                       forks };

        bench_alone(measure_growth, &growth);
    }
    return 0;
}

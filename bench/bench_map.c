/*
 * bench_map.c - a map of n entries: finding one, entering and removing one, and what an entry takes
 *
 *     bench_map [ENTRIES...]         default: 1000 10000 100000 1000000
 *
 * One line for each n:
 *
 *     n       entries of one page with a page of room behind each, neighbours unlike, so that none merge
 *     lookup  vm_map_lookup_entry() at random addresses, each depending on the answer before
 *     bare    the same search in a sorted array of the start addresses: what the machine takes for
 *             log2 n dependent steps. Both grow as the logarithm when their ratio stays.
 *     enter   vm_map_enter() of a page in a hole in the middle of the map, and vm_map_delete() of it
 *     any     vm_map_enter(ANYWHERE) of a page and vm_map_delete() of it: the lowest hole is taken
 *     bytes   host memory for each entry, the object that none of them has yet not included
 *
 * Without numbers a line follows in which the smallest and the largest map ran in turns in one process:
 * by how much a look-up grew, in the map and in the bare array, beside the ratio of the logarithms.
 */
#include <stdio.h>

#include "base/rng.h"
#include "harness.h"
#include "vm/vm_map_store.h"

enum { TURNS = 5, LOOKUPS = 1 << 18, EDITS = 1 << 15, PAGE = 4096, ARENA_BYTES = 1 << 30 };

#define FIRST ((vmm_va)1 << 33)

struct world {
    struct vm_map *map;
    uint64_t *starts;
    uint64_t entries;
    size_t bytes_before;
};

/* ---- a map full of entries ---- */

static void
enter(struct vm_map *map, vmm_va at, vmm_prot protection)
{
    struct vm_map_enter_args args = { .size = PAGE,
                                      .flags = VM_MAP_FIXED,
                                      .protection = protection,
                                      .max_protection = VMM_PROT_ALL,
                                      .inheritance = VMM_INHERIT_COPY };

    bench_check(vm_map_enter(map, &at, &args) == VMM_OK, "cannot enter");
}

/* The start of entry i; the page behind it is free. */
static vmm_va
start_of(uint64_t i)
{
    return FIRST + i * 2 * PAGE;
}

static void *
start(const void *context)
{
    const uint64_t *entries = context;
    struct world *world = vmm_take_array(&bench_alloc, 1, sizeof(*world));
    struct vm_profile profile;
    struct vm_system *system;
    struct vm_task *task;

    vm_profile_at(vm_profile_count() - 2, &profile); /* the newest release; seed-view is the last */
    system = vm_system_create(&(struct vm_config){ .alloc = &bench_alloc,
                                                   .profile = &profile,
                                                   .geometry = &hw_geometry_x86_64,
                                                   .cpu_count = 1,
                                                   .frame_count = 1024 });
    bench_check(system != NULL && vm_task_create(system, &task) == VMM_OK, "no task");
    world->map = vm_task_map(task);
    world->entries = *entries;
    world->starts = vmm_take_array(&bench_alloc, *entries, sizeof(*world->starts));
    world->bytes_before = bench_arena_used();
    for (uint64_t i = 0; i < *entries; i++) {
        world->starts[i] = start_of(i);
        enter(world->map, world->starts[i], VMM_PROT_DEFAULT);
    }
    return world;
}

/* ---- looking up ---- */

static uint64_t
run_lookup(void *state)
{
    const struct world *world = state;
    struct vmm_rng rng = { 1 };
    uint64_t sum = 0;

    for (size_t i = 0; i < LOOKUPS; i++) {
        uint64_t at = vmm_rng_below(&rng, world->entries) ^ (sum & 1);
        struct vm_map_entry *entry;

        at = at < world->entries ? at : 0;
        sum += vm_map_lookup_entry(world->map, start_of(at), &entry) ? entry->start : 0;
    }
    return sum;
}

static uint64_t
run_lookup_bare(void *state)
{
    const struct world *world = state;
    struct vmm_rng rng = { 1 };
    uint64_t sum = 0;

    for (size_t i = 0; i < LOOKUPS; i++) {
        uint64_t at = vmm_rng_below(&rng, world->entries) ^ (sum & 1);
        uint64_t low = 0;
        uint64_t high = world->entries;

        at = at < world->entries ? at : 0;
        while (high - low > 1) {
            uint64_t middle = (low + high) / 2;

            if (world->starts[middle] <= start_of(at))
                low = middle;
            else
                high = middle;
        }
        sum += world->starts[low];
    }
    return sum;
}

/* ---- entering and removing ---- */

static uint64_t
run_edits(void *state)
{
    const struct world *world = state;
    struct vmm_rng rng = { 2 };

    for (size_t i = 0; i < EDITS; i++) {
        vmm_va hole = start_of(vmm_rng_below(&rng, world->entries)) + PAGE;

        enter(world->map, hole, VMM_PROT_READ);
        bench_check(vm_map_delete(world->map, hole, hole + PAGE) == VMM_OK, "cannot remove");
    }
    return vm_map_size(world->map);
}

static uint64_t
run_anywhere(void *state)
{
    const struct world *world = state;

    for (size_t i = 0; i < EDITS; i++) {
        struct vm_map_enter_args args = { .size = PAGE,
                                          .flags = VM_MAP_ANYWHERE,
                                          .protection = VMM_PROT_READ,
                                          .max_protection = VMM_PROT_ALL,
                                          .inheritance = VMM_INHERIT_COPY };
        vmm_va at = FIRST;

        bench_check(vm_map_enter(world->map, &at, &args) == VMM_OK, "no room");
        bench_check(vm_map_delete(world->map, at, at + PAGE) == VMM_OK, "cannot remove");
    }
    return vm_map_size(world->map);
}

/* ---- one line ---- */

static void
measure(const void *context)
{
    const uint64_t *entries = context;
    const struct bench_side lookups[] = { { entries, start, run_lookup, NULL },
                                          { entries, start, run_lookup_bare, NULL } };
    const struct bench_side edits[] = { { entries, start, run_edits, NULL },
                                        { entries, start, run_anywhere, NULL } };
    struct bench_time found[2];
    struct bench_time edited[2];
    struct world *world;
    double bytes;

    bench_arena_create(ARENA_BYTES);
    world = start(entries);
    bytes = (double)(bench_arena_used() - world->bytes_before) / (double)*entries;
    bench_race(lookups, 2, TURNS, found);
    bench_race(edits, 2, TURNS, edited);
    printf("| %llu | %.0f ns | %.0f ns | %.2f | %.0f %% | %.0f ns | %.0f ns | %.0f %% | %.0f |\n",
           (unsigned long long)*entries, found[0].median / LOOKUPS * 1e9,
           found[1].median / LOOKUPS * 1e9, found[0].median / found[1].median,
           found[0].spread * 100, edited[0].median / EDITS * 1e9, edited[1].median / EDITS * 1e9,
           edited[0].spread * 100, bytes);
}

/* ---- growth ---- */

struct growth {
    uint64_t few;
    uint64_t many;
};

static unsigned
log2_of(uint64_t number)
{
    unsigned bits = 0;

    while (number > 1) {
        number /= 2;
        bits++;
    }
    return bits;
}

/* The same look-ups in both maps, so that only the size differs. */
static uint64_t
run_lookup_only(void *state)
{
    return run_lookup(state) != 0;
}

static uint64_t
run_bare_only(void *state)
{
    return run_lookup_bare(state) != 0;
}

static void
measure_growth(const void *context)
{
    const struct growth *growth = context;
    const struct bench_side sides[] = { { &growth->few, start, run_lookup_only, NULL },
                                        { &growth->many, start, run_lookup_only, NULL },
                                        { &growth->few, start, run_bare_only, NULL },
                                        { &growth->many, start, run_bare_only, NULL } };
    struct bench_time times[4];

    bench_arena_create(ARENA_BYTES);
    bench_race(sides, 4, TURNS, times);
    printf("\ngrowth from %llu to %llu entries, in turns: lookup x%.1f, bare search x%.1f; "
           "their ratio x%.2f; log2 n x%.1f, n x%llu\n",
           (unsigned long long)growth->few, (unsigned long long)growth->many,
           times[1].median / times[0].median, times[3].median / times[2].median,
           times[1].median / times[0].median / (times[3].median / times[2].median),
           (double)log2_of(growth->many) / log2_of(growth->few),
           (unsigned long long)(growth->many / growth->few));
}

int
main(int argc, char **argv)
{
    static const char *const usual[] = { "1000", "10000", "100000", "1000000" };
    int count = argc > 1 ? argc - 1 : (int)VMM_COUNT_OF(usual);

    printf("| entries | lookup | bare search | ratio | spread | enter + remove | anywhere + remove "
           "| spread | bytes per entry |\n|---|---|---|---|---|---|---|---|---|\n");
    for (int i = 0; i < count; i++) {
        uint64_t entries = bench_number(argc > 1 ? argv[i + 1] : usual[i]);

        bench_check(entries >= 1, "a map has at least one entry here");
        bench_alone(measure, &entries);
    }
    if (argc <= 1) {
        const struct growth growth = { bench_number(usual[0]), bench_number(usual[count - 1]) };

        bench_alone(measure_growth, &growth);
    }
    return 0;
}

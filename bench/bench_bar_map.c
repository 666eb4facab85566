/*
 * bench_bar_map.c - which map entry holds this address, and one entry more
 *
 *     map-lookup-1000      vm_map_lookup_entry() at random addresses, each depending on the answer before,
 *     map-lookup-1m        against a static tree of 16 keys a node, compared four at a time and laid out
 *                          without pointers: it can neither grow nor shrink
 *     map-hint             the same address again, against a load from L1 that depends on the one before
 *     map-insert-1m        vm_map_enter() into random holes of a map of a million, the test whether it
 *                          can be one with a neighbour included, against linking nodes at random places
 *                          into a red-black tree of as many
 */
#include <string.h>

#include "bar.h"
#include "base/rng.h"
#include "harness.h"
#include "tree.h"
#include "vm/vm_map_store.h"

enum { TURNS = 7, LOOKUPS = 1 << 17, HINTS = 1 << 20, INSERTS = 1 << 16, PAGE = 4096 };

#define FIRST ((vmm_va)1 << 33)

/* The start of entry i; the page behind it is free. */
static vmm_va
start_of(uint64_t i)
{
    return FIRST + i * 2 * PAGE;
}

/* Where the next look-up goes: at random, and not to be known before the last answer is. */
static vmm_va
next_address(struct vmm_rng *rng, uint64_t entries, uint64_t answer)
{
    uint64_t at = vmm_rng_below(rng, entries) ^ (answer >> 12 & 1);

    return start_of(at < entries ? at : 0);
}

/* Holes in random order, each once. */
static uint32_t *
random_holes(uint64_t entries)
{
    uint32_t *holes = vmm_take_array(&bench_alloc, entries, sizeof(*holes));
    struct vmm_rng rng = { 3 };

    for (uint64_t i = 0; i < entries; i++) {
        uint64_t other = vmm_rng_below(&rng, i + 1);

        holes[i] = holes[other];
        holes[other] = (uint32_t)i;
    }
    return holes;
}

/* ---- the map ---- */

struct world {
    struct vm_map *map;
    uint64_t entries;
    uint32_t *holes;
};

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

static void *
world_start(const void *context)
{
    struct world *world = vmm_take_array(&bench_alloc, 1, sizeof(*world));
    struct vm_profile profile;
    struct vm_system *system;
    struct vm_task *task;

    vm_profile_at(vm_profile_count() - 2, &profile);
    system = vm_system_create(&(struct vm_config){ .alloc = &bench_alloc,
                                                   .profile = &profile,
                                                   .geometry = &hw_geometry_x86_64,
                                                   .cpu_count = 1,
                                                   .frame_count = 1024 });
    bench_check(system != NULL && vm_task_create(system, &task) == VMM_OK, "no task");
    world->map = vm_task_map(task);
    world->entries = *(const uint64_t *)context;
    world->holes = random_holes(world->entries);
    for (uint64_t i = 0; i < world->entries; i++)
        enter(world->map, start_of(i), VMM_PROT_DEFAULT);
    return world;
}

static uint64_t
lookup_run(void *state)
{
    const struct world *world = state;
    struct vmm_rng rng = { 1 };
    uint64_t answer = 0;

    for (size_t i = 0; i < LOOKUPS; i++) {
        struct vm_map_entry *entry = NULL;

        (void)vm_map_lookup_entry(world->map, next_address(&rng, world->entries, answer), &entry);
        answer = entry->start;
    }
    return answer;
}

static uint64_t
hint_run(void *state)
{
    const struct world *world = state;
    vmm_va address = start_of(world->entries / 2);

    for (size_t i = 0; i < HINTS; i++) {
        struct vm_map_entry *entry = NULL;

        (void)vm_map_lookup_entry(world->map, address, &entry);
        address = entry->start;
    }
    return HINTS;
}

static uint64_t
insert_run(void *state)
{
    const struct world *world = state;

    for (size_t i = 0; i < INSERTS; i++)
        enter(world->map, start_of(world->holes[i]) + PAGE, VMM_PROT_READ);
    return INSERTS;
}

/* ---- the floors ---- */

enum { KEYS = 16, FANOUT = KEYS + 1 };

typedef int64_t key_vector __attribute__((vector_size(32), may_alias));

/* Node k's children are nodes 17 k + 1 to 17 k + 17; keys behind the last are larger than any. */
struct limit {
    int64_t (*nodes)[KEYS];
    size_t node_count;
    uint64_t entries;
    int64_t filled;
};

/* Fills the nodes below k in order of key. */
static void
limit_fill(struct limit *limit, size_t k)
{
    if (k >= limit->node_count)
        return;
    for (size_t i = 0; i < FANOUT; i++) {
        limit_fill(limit, k * FANOUT + i + 1);
        if (i == KEYS)
            break;
        limit->nodes[k][i] = (uint64_t)limit->filled < limit->entries
                                 ? (int64_t)start_of((uint64_t)limit->filled)
                                 : INT64_MAX;
        limit->filled++;
    }
}

static void *
limit_start(const void *context)
{
    struct limit *limit = vmm_take_array(&bench_alloc, 1, sizeof(*limit));

    limit->entries = *(const uint64_t *)context;
    limit->node_count = (size_t)((limit->entries + KEYS - 1) / KEYS);
    limit->nodes = vmm_take_array(&bench_alloc, limit->node_count, sizeof(*limit->nodes));
    bench_check(limit->nodes != NULL, "no memory");
    limit_fill(limit, 0);
    return limit;
}

#ifdef __x86_64__
__attribute__((target("avx2")))
#endif
static uint64_t
limit_run(void *state)
{
    const struct limit *limit = state;
    struct vmm_rng rng = { 1 };
    uint64_t answer = 0;

    for (size_t i = 0; i < LOOKUPS; i++) {
        int64_t address = (int64_t)next_address(&rng, limit->entries, answer);
        const key_vector wanted = { address, address, address, address };

        for (size_t k = 0; k < limit->node_count;) {
            const key_vector *keys = (const key_vector *)limit->nodes[k];
            key_vector larger =
                (keys[0] > wanted) + (keys[1] > wanted) + (keys[2] > wanted) + (keys[3] > wanted);
            size_t rank = (size_t)(KEYS + larger[0] + larger[1] + larger[2] + larger[3]);

            answer = rank > 0 ? (uint64_t)limit->nodes[k][rank - 1] : answer;
            k = k * FANOUT + rank + 1;
        }
    }
    return answer;
}

static void *
chain_start(const void *context)
{
    size_t *cell = vmm_take_array(&bench_alloc, 1, sizeof(*cell));

    (void)context;
    *cell = (size_t)cell;
    return cell;
}

static uint64_t
chain_run(void *state)
{
    size_t *volatile *cell = state;

    for (size_t i = 0; i < HINTS; i++)
        cell = (size_t *volatile *)*cell;
    return cell != NULL ? HINTS : 0;
}

/* As long as a line, so that the bare tree's nodes are no smaller than anybody's. */
struct member {
    struct vmm_tree_node node;
    vmm_va start;
    uint64_t rest[3];
};

struct forest {
    struct vmm_tree tree;
    struct member *members;
    uint32_t *holes;
    uint64_t entries;
};

static void
link_member(struct vmm_tree *tree, struct member *member)
{
    struct vmm_tree_node *parent = NULL;
    int side = 0;

    for (struct vmm_tree_node *at = tree->root; at != NULL; at = at->child[side]) {
        parent = at;
        side = member->start >= VMM_CONTAINER(at, struct member, node)->start;
    }
    vmm_tree_insert_at(tree, parent, side, &member->node);
}

static void *
forest_start(const void *context)
{
    struct forest *forest = vmm_take_array(&bench_alloc, 1, sizeof(*forest));

    forest->entries = *(const uint64_t *)context;
    forest->holes = random_holes(forest->entries);
    forest->members =
        vmm_take_array(&bench_alloc, forest->entries + INSERTS, sizeof(*forest->members));
    bench_check(forest->members != NULL, "no memory");
    for (uint64_t i = 0; i < forest->entries; i++) {
        forest->members[i].start = start_of(i);
        link_member(&forest->tree, &forest->members[i]);
    }
    return forest;
}

static uint64_t
forest_run(void *state)
{
    struct forest *forest = state;

    for (size_t i = 0; i < INSERTS; i++) {
        struct member *member = &forest->members[forest->entries + i];

        member->start = start_of(forest->holes[i]) + PAGE;
        link_member(&forest->tree, member);
    }
    return INSERTS;
}

/* ---- the bars ---- */

static double
each(const struct bench_time *time, double count)
{
    return time->median * 1e9 / count;
}

int
main(void)
{
    static const uint64_t few = 1000, many = 1000000;
    const struct bench_side small[] = { { &few, world_start, lookup_run, NULL },
                                        { &few, limit_start, limit_run, NULL } };
    const struct bench_side large[] = { { &many, world_start, lookup_run, NULL },
                                        { &many, limit_start, limit_run, NULL } };
    const struct bench_side hints[] = { { &few, world_start, hint_run, NULL },
                                        { NULL, chain_start, chain_run, NULL } };
    const struct bench_side inserts[] = { { &many, world_start, insert_run, NULL },
                                          { &many, forest_start, forest_run, NULL } };
    struct bench_time times[2];

    bench_arena_create((size_t)512 << 20);
    bench_arena_in_large_pages();
    bench_race(small, 2, TURNS, times);
    bench_bar("map-lookup-1000", each(&times[0], LOOKUPS), each(&times[1], LOOKUPS), "ns", 1.0 / 3);
    bench_race(large, 2, TURNS, times);
    bench_bar("map-lookup-1m", each(&times[0], LOOKUPS), each(&times[1], LOOKUPS), "ns", 0.5);
    bench_race(hints, 2, TURNS, times);
    bench_bar("map-hint", each(&times[0], HINTS), each(&times[1], HINTS), "ns", 0.2);
    bench_race(inserts, 2, TURNS, times);
    bench_bar("map-insert-1m", each(&times[0], INSERTS), each(&times[1], INSERTS), "ns", 1);
    return bench_bar_code();
}

/*
 * bench_bar_fault.c - a page that nobody has touched is touched, through the whole stack
 *
 *     fault        references to one new page after another: TLB miss, walk, fault, map entry, object,
 *                  frame, translation, pv record, walk again, TLB; against one bare loop that does the
 *                  least of each: a search in one node of keys, a word in the object's array, a frame
 *                  from a list in order, its record on a list, a descent of four levels and the word in a
 *                  table that is zeroed when it is new, and a set of each TLB level
 *     fault-1m     faults in ten entries of a map of a million, against the same in a map of ten: that
 *                  the cost does not depend on what else is mapped. Each fault is in another entry than
 *                  the one before, so no look-up is answered by the hint.
 */
#include <string.h>

#include "bar.h"
#include "harness.h"
#include "vm/vm_access.h"
#include "vm/vm_map.h"
#include "vm/vm_task.h"

enum { TURNS = 7, PAGES = 1 << 15, PAGE = 4096, TARGETS = 10 };

#define FIRST ((vmm_va)1 << 33)
#define CROWD ((vmm_va)1 << 36) /* where the entries are that nobody touches */

struct world {
    struct vm_task *task;
    uint64_t *references;
};

/* ---- the model ---- */

static void
allocate(struct vm_task *task, vmm_va at, vmm_size size)
{
    bench_check(vm_allocate(vm_task_map(task), &at, size, VM_MAP_FIXED) == VMM_OK, "no entry");
}

/* Ten entries with PAGES pages in all, and as many others as are wanted. */
static void *
world_start(const void *context)
{
    struct world *world = vmm_take_array(&bench_alloc, 1, sizeof(*world));
    const uint64_t *entries = context;
    vmm_size apart = (vmm_size)PAGES * PAGE * 2;
    struct vm_profile profile;
    struct vm_system *system;

    vm_profile_at(vm_profile_count() - 2, &profile);
    system = vm_system_create(&(struct vm_config){ .alloc = &bench_alloc,
                                                   .profile = &profile,
                                                   .geometry = &hw_geometry_x86_64,
                                                   .cpu_count = 1,
                                                   .frame_count = PAGES + 2048 });
    bench_check(system != NULL && vm_task_create(system, &world->task) == VMM_OK, "no task");
    for (uint64_t i = TARGETS; i < *entries; i++)
        allocate(world->task, CROWD + i * 2 * PAGE, PAGE);
    for (uint64_t i = 0; i < TARGETS; i++)
        allocate(world->task, FIRST + i * apart, (vmm_size)PAGES * PAGE);
    world->references = vmm_take_array(&bench_alloc, PAGES, sizeof(*world->references));
    for (uint64_t i = 0; i < PAGES; i++)
        world->references[i] = FIRST + i % TARGETS * apart + i / TARGETS * PAGE;
    return world;
}

/* The same pages in one entry, one after the other. */
static void *
row_start(const void *context)
{
    struct world *world = world_start(context);

    for (uint64_t i = 0; i < PAGES; i++)
        world->references[i] = FIRST + i * PAGE;
    return world;
}

static uint64_t
world_run(void *state)
{
    struct world *world = state;
    size_t done = 0;

    bench_check(vm_access_run(world->task, world->references, PAGES, &done) == VMM_OK &&
                    done == PAGES,
                "a reference failed");
    return PAGES;
}

/* ---- bare ---- */

enum { ENTRIES = 512, KEYS = 16, L1_SETS = 16, L1_WAYS = 4, L2_SETS = 128, L2_WAYS = 12 };

struct record {
    uint64_t words[8];
};

struct bare {
    uint64_t keys[KEYS];
    uint32_t *object;
    uint32_t *next_free;
    struct record *records;
    uint64_t *root;
    uint64_t *fresh_table;
    uint32_t free_head;
    uint32_t list_head;
    uint64_t l1_tags[L1_SETS * L1_WAYS], l1_ptes[L1_SETS * L1_WAYS];
    uint64_t l2_tags[L2_SETS * L2_WAYS], l2_ptes[L2_SETS * L2_WAYS];
};

static void *
bare_start(const void *context)
{
    struct bare *bare = vmm_take_array(&bench_alloc, 1, sizeof(*bare));
    size_t tables = PAGES / ENTRIES + 8;

    (void)context;
    bare->object = vmm_take_array(&bench_alloc, PAGES, sizeof(*bare->object));
    bare->next_free = vmm_take_array(&bench_alloc, PAGES + 2, sizeof(*bare->next_free));
    bare->records = vmm_take_array(&bench_alloc, PAGES + 2, sizeof(*bare->records));
    bare->root = vmm_take_array(&bench_alloc, tables * ENTRIES, sizeof(*bare->root));
    bench_check(bare->root != NULL, "no memory");
    bare->fresh_table = bare->root + ENTRIES;
    for (uint32_t i = 1; i <= PAGES; i++)
        bare->next_free[i] = i + 1;
    bare->free_head = 1;
    for (uint32_t i = 0; i < KEYS; i++)
        bare->keys[i] = i == 0 ? FIRST : UINT64_MAX;
    return bare;
}

static uint64_t *
bare_descend(struct bare *bare, vmm_va va)
{
    uint64_t *table = bare->root;

    for (uint32_t shift = 39; shift > 12; shift -= 9) {
        uint64_t *word = &table[va >> shift & (ENTRIES - 1)];

        if (*word == 0) {
            memset(bare->fresh_table, 0, PAGE);
            *word = (uintptr_t)bare->fresh_table;
            bare->fresh_table += ENTRIES;
        }
        table = (uint64_t *)(uintptr_t)*word;
    }
    return &table[va >> 12 & (ENTRIES - 1)];
}

static void
bare_remember(uint64_t *tags, uint64_t *ptes, uint32_t ways, uint64_t tag, uint64_t pte)
{
    memmove(tags + 1, tags, (ways - 1) * sizeof(*tags));
    memmove(ptes + 1, ptes, (ways - 1) * sizeof(*ptes));
    tags[0] = tag;
    ptes[0] = pte;
}

static void
bare_touch(struct bare *bare, vmm_va va)
{
    uint64_t vpn = va >> 12;
    uint32_t ppn = bare->free_head;
    struct record *record = &bare->records[ppn];
    uint64_t *word = bare_descend(bare, va);
    uint32_t rank = 0;

    for (uint32_t i = 0; i < KEYS; i++)
        rank += bare->keys[i] <= va;
    bare->free_head = bare->next_free[ppn];
    bare->object[(va - bare->keys[rank - 1]) >> 12] = ppn;
    record->words[0] = bare->list_head;
    record->words[1] = vpn;
    record->words[2]++;
    bare->list_head = ppn;
    *word = (uint64_t)ppn << 12 | 7;
    bare_remember(&bare->l2_tags[vpn % L2_SETS * L2_WAYS], &bare->l2_ptes[vpn % L2_SETS * L2_WAYS],
                  L2_WAYS, vpn, *word);
    bare_remember(&bare->l1_tags[vpn % L1_SETS * L1_WAYS], &bare->l1_ptes[vpn % L1_SETS * L1_WAYS],
                  L1_WAYS, vpn, *word);
}

static uint64_t
bare_run(void *state)
{
    struct bare *bare = state;

    for (uint64_t i = 0; i < PAGES; i++)
        bare_touch(bare, FIRST + i * PAGE);
    return PAGES;
}

static double
per_fault(const struct bench_time *time)
{
    return time->median * 1e9 / PAGES;
}

int
main(void)
{
    static const uint64_t few = TARGETS, many = 1000000;
    const struct bench_side sides[] = { { &few, row_start, world_run, NULL },
                                        { NULL, bare_start, bare_run, NULL },
                                        { &few, world_start, world_run, NULL },
                                        { &many, world_start, world_run, NULL } };
    struct bench_time times[VMM_COUNT_OF(sides)];

    bench_arena_create((size_t)256 << 20);
    bench_race(sides, VMM_COUNT_OF(sides), TURNS, times);
    bench_bar("fault", per_fault(&times[0]), per_fault(&times[1]), "ns", 1.0 / 3);
    bench_bar("fault-1m", per_fault(&times[3]), per_fault(&times[2]), "ns", 0.5);
    return bench_bar_code();
}

/*
 * bench_bar_wire.c - wiring with all its bookkeeping against the least that could be called that
 *
 *     wire      vm_map_wire() of memory that nobody has touched
 *     rewire    vm_map_wire() of what is resident and in order, without translations
 *     unwire    vm_map_unwire() of all of it
 *
 * The floor of wire and unwire is one bare loop ("fullseq"): a frame from a list in order, a record of 64
 * bytes on a list, its count, a word in a table page that is zeroed when it is new. That of rewire is the
 * words and the zeroed tables alone ("fresh").
 */
#include <string.h>

#include "bar.h"
#include "harness.h"
#include "vm/vm_map_wire.h"
#include "vm/vm_task.h"

enum { TURNS = 31, PAGES = 1 << 16, PAGE = 4096 };

struct world {
    struct vm_map *map;
    vmm_va start, end;
};

static void *
world_start(const void *context)
{
    struct world *world = vmm_take_array(&bench_alloc, 1, sizeof(*world));
    struct vm_profile profile;
    struct vm_system *system;
    struct vm_task *task;

    (void)context;
    vm_profile_at(vm_profile_count() - 2, &profile);
    system = vm_system_create(&(struct vm_config){ .alloc = &bench_alloc,
                                                   .profile = &profile,
                                                   .geometry = &hw_geometry_x86_64,
                                                   .cpu_count = 1,
                                                   .frame_count = PAGES + 2048 });
    bench_check(system != NULL && vm_task_create(system, &task) == VMM_OK, "no task");
    world->map = vm_task_map(task);
    bench_check(vm_allocate(world->map, &world->start, (vmm_size)PAGES * PAGE, VM_MAP_ANYWHERE) ==
                    VMM_OK,
                "no address space");
    world->end = world->start + (vmm_size)PAGES * PAGE;
    return world;
}

static uint64_t
wire_run(void *state)
{
    struct world *world = state;

    bench_check(vm_map_wire(world->map, world->start, world->end, VMM_PROT_DEFAULT, false) ==
                    VMM_OK,
                "could not wire");
    return PAGES;
}

static uint64_t
unwire_run(void *state)
{
    struct world *world = state;

    bench_check(vm_map_unwire(world->map, world->start, world->end, false) == VMM_OK,
                "could not unwire");
    return PAGES;
}

static void *
wired_start(const void *context)
{
    struct world *world = world_start(context);

    (void)wire_run(world);
    return world;
}

/* Resident, and no longer translated: READ and back would keep the words, NONE drops them. */
static void *
resident_start(const void *context)
{
    struct world *world = wired_start(context);
    vmm_size size = world->end - world->start;

    (void)unwire_run(world);
    bench_check(vm_protect(world->map, world->start, size, false, VMM_PROT_NONE) == VMM_OK &&
                    vm_protect(world->map, world->start, size, false, VMM_PROT_DEFAULT) == VMM_OK,
                "could not protect");
    return world;
}

/* ---- bare ---- */

struct record {
    uint64_t words[8];
};

struct bare {
    struct record *records;
    uint32_t *next_free;
    uint64_t *tables;
    uint32_t free_head;
    uint32_t list_head;
};

static void *
bare_start(const void *context)
{
    struct bare *bare = vmm_take_array(&bench_alloc, 1, sizeof(*bare));

    (void)context;
    bare->records = vmm_take_array(&bench_alloc, PAGES + 1, sizeof(*bare->records));
    bare->next_free = vmm_take_array(&bench_alloc, PAGES + 1, sizeof(*bare->next_free));
    bare->tables = vmm_take_array(&bench_alloc, PAGES, sizeof(*bare->tables));
    bench_check(bare->tables != NULL, "no memory");
    for (uint32_t i = 1; i < PAGES; i++)
        bare->next_free[i] = i + 1;
    bare->free_head = 1;
    return bare;
}

/* The words alone. */
static uint64_t
fresh_run(void *state)
{
    struct bare *bare = state;

    for (uint32_t page = 0; page < PAGES; page += 512) {
        uint64_t *table = bare->tables + page;

        memset(table, 0, PAGE);
        for (uint32_t i = 0; i < 512; i++)
            table[i] = (uint64_t)(page + i + 1) << 12 | 0x207;
    }
    return PAGES;
}

static uint64_t
fullseq_run(void *state)
{
    struct bare *bare = state;

    for (uint32_t page = 0; page < PAGES; page++) {
        uint32_t ppn = bare->free_head;
        struct record *record = &bare->records[ppn];

        if (page % 512 == 0)
            memset(bare->tables + page, 0, PAGE);
        bare->free_head = bare->next_free[ppn];
        bare->next_free[ppn] = ppn;
        record->words[0] = bare->list_head;
        record->words[1] = page;
        record->words[2]++;
        bare->list_head = ppn;
        bare->tables[page] = (uint64_t)ppn << 12 | 0x207;
    }
    return PAGES;
}

static double
per_page(const struct bench_time *time)
{
    return time->median * 1e9 / PAGES;
}

int
main(void)
{
    const struct bench_side sides[] = { { NULL, world_start, wire_run, NULL },
                                        { NULL, resident_start, wire_run, NULL },
                                        { NULL, wired_start, unwire_run, NULL },
                                        { NULL, bare_start, fullseq_run, NULL },
                                        { NULL, bare_start, fresh_run, NULL } };
    struct bench_time times[VMM_COUNT_OF(sides)];

    bench_arena_create((size_t)128 << 20);
    bench_race(sides, VMM_COUNT_OF(sides), TURNS, times);
    bench_bar("wire", per_page(&times[0]), per_page(&times[3]), "ns a page", 0.5);
    bench_bar("rewire", per_page(&times[1]), per_page(&times[4]), "ns a page", 0.25);
    bench_bar("unwire", per_page(&times[2]), per_page(&times[3]), "ns a page", 0.5);
    return bench_bar_code();
}

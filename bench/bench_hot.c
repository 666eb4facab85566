/*
 * bench_hot.c - the hot paths of the model against bare loops that do only the arithmetic
 *
 * Prints one line for each:
 *
 *     bench tlb-hit model X Mref/s bare Y Mref/s ratio Z
 *     bench pmap-enter model X Mpage/s bare Y Mpage/s ratio Z
 *     bench vm-map-wire model X Mpage/s bare Y Mpage/s ratio Z
 *
 * and behind it the spread of both sides (harness.h). The ratio can be compared between machines, the
 * absolute figures cannot.
 *
 * tlb-hit     references that all hit L1, through hw_access() with everything it asks (canonical?
 *             allowed? modified already?) and counts, against the look-up alone: the same tag arrays
 *             in the same shape, kept in order of use in the same way
 * pmap-enter  wired translations with pv records, counts and events, against a plain fill of a
 *             4-level table with the same words in malloc'd memory, one descent a page
 * vm-map-wire vm_map_wire() of resident pages that have no translation: entry, object, page and its
 *             wire count, then the same translations, against the same bare fill
 */
#include <stdio.h>

#include "base/rng.h"
#include "harness.h"
#include "hw/hw_machine.h"
#include "pmap/pmap.h"
#include "vm/vm_map_wire.h"
#include "vm/vm_memory_entry.h"
#include "vm/vm_profile.h"
#include "vm/vm_system.h"
#include "vm/vm_task.h"

enum {
    TURNS = 11,
    REFERENCES = 1 << 21,
    HOT_PAGES = 32, /* in 64 ways of L1: every reference hits */
    STAY = 8, /* references in a row on one page, on average: as the traces of real programs */
    FILL_PAGES = 1 << 15,
    ARENA_BYTES = 128 << 20,
    PAGE = 4096
};

#define BASE ((vmm_va)0xffffff8000000000)

static void
race(const char *name, const char *unit, double work, const struct bench_side *model,
     const struct bench_side *bare)
{
    const struct bench_side sides[] = { *model, *bare };
    struct bench_time times[2];
    double rates[2];

    bench_race(sides, 2, TURNS, times);
    rates[0] = work / times[0].median * 1e-6;
    rates[1] = work / times[1].median * 1e-6;
    printf("bench %s model %.1f %s bare %.1f %s ratio %.3f spread %.0f%% %.0f%%\n", name, rates[0],
           unit, rates[1], unit, rates[0] / rates[1], times[0].spread * 100, times[1].spread * 100);
}

/* ---- a kernel pmap with a run of pages, all wired ---- */

struct world {
    struct hw_machine *machine;
    struct trace trace;
    struct pmap_system *pmaps;
    vmm_ppn first; /* of the data frames, which are in order */
};

static struct world *
world_create(vmm_ppn pages)
{
    struct world *world = vmm_take_array(&bench_alloc, 1, sizeof(*world));

    trace_init(&world->trace);
    world->machine =
        hw_machine_create(&bench_alloc, &hw_geometry_x86_64, 1, pages + pages / 256 + 16);
    bench_check(world->machine != NULL, "no machine");
    world->first = hw_frame_alloc(&world->machine->frames);
    for (vmm_ppn i = 1; i < pages; i++)
        bench_check(hw_frame_alloc(&world->machine->frames) == world->first + i,
                    "frames out of order");
    world->pmaps = pmap_system_create(&bench_alloc, world->machine, &world->trace);
    bench_check(world->pmaps != NULL, "no pmap system");
    return world;
}

static void
world_end(void *state)
{
    struct world *world = state;

    pmap_system_destroy(world->pmaps);
    hw_machine_destroy(world->machine);
}

static void
world_fill(struct world *world, vmm_ppn pages)
{
    struct pmap *kernel = pmap_kernel(world->pmaps);

    for (vmm_ppn i = 0; i < pages; i++) {
        enum vmm_status status = pmap_enter(kernel, BASE + (vmm_va)i * PAGE, world->first + i,
                                            VMM_PROT_DEFAULT, PMAP_ENTER_WIRED);

        bench_check(status == VMM_OK, "pmap_enter failed");
    }
}

/* ---- tlb-hit ---- */

static vmm_va references[REFERENCES];

static void
make_references(void)
{
    struct vmm_rng rng = { 1 };
    uint64_t page = 0;

    for (size_t i = 0; i < REFERENCES; i++) {
        if (vmm_rng_below(&rng, STAY) == 0)
            page = vmm_rng_below(&rng, HOT_PAGES);
        references[i] = BASE + page * PAGE + (vmm_rng_next(&rng) & (PAGE - 8));
    }
}

/* Every hot page is entered, and in the TLB with its modify bit. */
static void *
hit_start(const void *context)
{
    struct world *world = world_create(HOT_PAGES);
    vmm_ppn ppn;

    (void)context;
    world_fill(world, HOT_PAGES);
    for (vmm_va page = 0; page < HOT_PAGES; page++)
        bench_check(hw_access(world->machine, 0, BASE + page * PAGE, HW_WRITE, false, &ppn) ==
                        HW_OK,
                    "a warm page faulted");
    return world;
}

static uint64_t
hit_run_model(void *state)
{
    struct world *world = state;
    uint64_t sum = 0;

    for (size_t i = 0; i < REFERENCES; i++) {
        vmm_ppn ppn = VMM_NO_PAGE;

        if (hw_access(world->machine, 0, references[i], i & 3 ? HW_READ : HW_WRITE, false, &ppn) !=
            HW_OK)
            return 0;
        sum += ppn;
    }
    return sum;
}

static void
hit_end_model(void *state)
{
    struct world *world = state;

    bench_check(world->machine->cpus[0].tlb.misses == HOT_PAGES, "a reference missed");
    world_end(world);
}

/* The word for the tag, which is there; brought to the front of its set. */
static inline uint64_t
bare_lookup(struct hw_tlb_level *level, uint64_t vpn, uint64_t tag)
{
    uint64_t *tags = level->tags + (vpn & (level->sets - 1)) * level->ways;
    uint64_t *ptes = level->ptes + (tags - level->tags);
    uint32_t way = 0;
    uint64_t pte;

    while (way < level->ways && tags[way] != tag)
        way++;
    pte = ptes[way];
    for (; way > 0; way--) {
        tags[way] = tags[way - 1];
        ptes[way] = ptes[way - 1];
    }
    tags[0] = tag;
    ptes[0] = pte;
    return pte;
}

static uint64_t
hit_run_bare(void *state)
{
    struct world *world = state;
    struct hw_tlb_level *level = &world->machine->cpus[0].tlb.l1;
    uint64_t generation = world->machine->cpus[0].tlb.generation;
    uint64_t sum = 0;

    for (size_t i = 0; i < REFERENCES; i++) {
        uint64_t vpn = references[i] << 16 >> 28;

        sum += hw_pte_ppn(bare_lookup(level, vpn, hw_tlb_tag(vpn, 0) | generation));
    }
    return sum;
}

/* ---- pmap-enter ---- */

static void *
fill_start_model(const void *context)
{
    (void)context;
    return world_create(FILL_PAGES);
}

static uint64_t
fill_run_model(void *state)
{
    world_fill(state, FILL_PAGES);
    return FILL_PAGES;
}

static void
fill_end_model(void *state)
{
    struct world *world = state;
    struct pmap_statistics statistics;

    pmap_statistics(pmap_kernel(world->pmaps), &statistics);
    bench_check(statistics.wired_pages == FILL_PAGES, "not every page was entered");
    world_end(world);
}

/* ---- vm-map-wire ---- */

struct mapped {
    struct vm_system *system;
    struct vm_map *map;
    vmm_va start;
};

static struct vm_map *
new_map(struct vm_system *system)
{
    struct vm_task *task;

    bench_check(system != NULL && vm_task_create(system, &task) == VMM_OK, "no task");
    return vm_task_map(task);
}

/* One task's pages, all in memory, as another task sees them: not wired, and no translation. */
static void *
wire_start(const void *context)
{
    struct mapped *mapped = vmm_take_array(&bench_alloc, 1, sizeof(*mapped));
    vmm_size size = (vmm_size)FILL_PAGES * PAGE;
    struct vm_profile profile;
    struct vm_memory_entry *entry;
    struct vm_map *owner;
    vmm_va start = 0;

    (void)context;
    vm_profile_at(vm_profile_count() - 2, &profile); /* the newest release; seed-view is the last */
    mapped->system = vm_system_create(&(struct vm_config){ .alloc = &bench_alloc,
                                                           .profile = &profile,
                                                           .geometry = &hw_geometry_x86_64,
                                                           .cpu_count = 1,
                                                           .frame_count = FILL_PAGES + 1024 });
    owner = new_map(mapped->system);
    mapped->map = new_map(mapped->system);
    mapped->start = 0;
    bench_check(vm_allocate(owner, &start, size, VM_MAP_ANYWHERE) == VMM_OK &&
                    vm_map_wire(owner, start, start + size, VMM_PROT_DEFAULT, false) == VMM_OK &&
                    vm_map_unwire(owner, start, start + size, false) == VMM_OK,
                "cannot make the pages resident");
    bench_check(vm_memory_entry_create(owner, start, &size, VMM_PROT_DEFAULT, &entry) == VMM_OK &&
                    vm_memory_entry_map(entry, mapped->map, &mapped->start, 0, size,
                                        VM_MAP_ANYWHERE, VMM_PROT_DEFAULT) == VMM_OK,
                "cannot share the pages");
    vm_memory_entry_release(&entry);
    return mapped;
}

static uint64_t
wire_run_model(void *state)
{
    struct mapped *mapped = state;
    vmm_va end = mapped->start + (vmm_size)FILL_PAGES * PAGE;

    return vm_map_wire(mapped->map, mapped->start, end, VMM_PROT_DEFAULT, false) == VMM_OK
               ? FILL_PAGES
               : 0;
}

static void
wire_end(void *state)
{
    struct mapped *mapped = state;

    for (vmm_va page = 0; page < FILL_PAGES; page++) {
        struct vm_page_view view;

        vm_map_probe(mapped->map, mapped->start + page * PAGE, &view);
        bench_check(view.is_translation_wired && view.page_wire_count == 1, "a page is not wired");
    }
    vm_system_destroy(mapped->system);
}

/* ---- the bare fill ---- */

static void *
fill_start_bare(const void *context)
{
    (void)context;
    return vmm_take_array(&bench_alloc, 512, sizeof(uint64_t));
}

static uint64_t
fill_run_bare(void *state)
{
    for (uint64_t i = 0; i < FILL_PAGES; i++) {
        vmm_va va = BASE + i * PAGE;
        uint64_t *table = state;

        for (unsigned shift = 39; shift > 12; shift -= 9) {
            uint64_t *slot = &table[va >> shift & 511];

            if (*slot == 0)
                *slot = (uintptr_t)vmm_take_array(&bench_alloc, 512, sizeof(*slot)) | HW_PTE_VALID;
            table = (uint64_t *)(uintptr_t)(*slot & ~HW_PTE_VALID);
        }
        table[va >> 12 & 511] =
            hw_pte_make((vmm_ppn)i + 1, HW_PTE_VALID | HW_PTE_WRITE | HW_PTE_WIRED | HW_PTE_NX);
    }
    return FILL_PAGES;
}

static void
fill_end_bare(void *state)
{
    (void)state;
}

int
main(void)
{
    static const struct bench_side hit_model = { NULL, hit_start, hit_run_model, hit_end_model };
    static const struct bench_side hit_bare = { NULL, hit_start, hit_run_bare, world_end };
    static const struct bench_side fill_model = { NULL, fill_start_model, fill_run_model,
                                                  fill_end_model };
    static const struct bench_side fill_bare = { NULL, fill_start_bare, fill_run_bare,
                                                 fill_end_bare };

    static const struct bench_side wire_model = { NULL, wire_start, wire_run_model, wire_end };

    bench_arena_create(ARENA_BYTES);
    make_references();
    race("tlb-hit", "Mref/s", REFERENCES, &hit_model, &hit_bare);
    race("pmap-enter", "Mpage/s", FILL_PAGES, &fill_model, &fill_bare);
    race("vm-map-wire", "Mpage/s", FILL_PAGES, &wire_model, &fill_bare);
    return 0;
}

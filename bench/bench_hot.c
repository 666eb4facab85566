/*
 * bench_hot.c - the hot paths of the model against bare loops that do only the arithmetic
 *
 * Prints one line for each:
 *
 *     bench tlb-hit model X Mref/s bare Y Mref/s ratio Z
 *     bench pmap-enter model X Mpage/s bare Y Mpage/s ratio Z
 *     bench vm-map-wire model X Mpage/s bare Y Mpage/s ratio Z
 *
 * Both sides of a line run in turns in one process and each number is the median of its turns, so the
 * ratio can be compared between machines and the absolute figures cannot (a machine's clock alone
 * moves them by more than half).
 *
 * tlb-hit     references that all hit L1, through hw_access() with everything it asks (canonical?
 *             allowed? modified already?) and counts, against the look-up alone: the same tag arrays
 *             in the same shape, kept in order of use in the same way
 * pmap-enter  wired translations with pv records, counts and events, against a plain fill of a
 *             4-level table with the same words in malloc'd memory, one descent a page
 * vm-map-wire vm_map_wire() of resident pages that have no translation: entry, object, page and its
 *             wire count, then the same translations, against the same bare fill
 */
#ifndef _POSIX_C_SOURCE
#define _POSIX_C_SOURCE 200809L
#endif

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/rng.h"
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
check(bool holds, const char *what)
{
    if (!holds) {
        fprintf(stderr, "bench_hot: %s\n", what);
        exit(2);
    }
}

/* ---- memory: one block from malloc, touched once, so that no turn pays for the host's faults ---- */

static struct {
    uint8_t *bytes;
    size_t used;
} arena;

static void
arena_create(void)
{
    arena.bytes = aligned_alloc(64, ARENA_BYTES);
    check(arena.bytes != NULL, "out of memory");
    memset(arena.bytes, 1, ARENA_BYTES);
}

static void *
take(void *context, size_t size)
{
    void *memory = arena.bytes + arena.used;

    (void)context;
    arena.used += (size + 63) / 64 * 64;
    check(arena.used <= ARENA_BYTES, "the arena is too small");
    return memory;
}

static void
give(void *context, void *memory, size_t size)
{
    (void)context;
    (void)memory;
    (void)size;
}

static const struct vmm_alloc alloc = { take, give, NULL };

/* ---- turns ---- */

/*
 * One side of a line. `start` and `end` are not timed; what `run` returns must be the same on both.
 * The state lives in the arena, which is empty again before the next turn.
 */
struct side {
    void *(*start)(void);
    uint64_t (*run)(void *state);
    void (*end)(void *state);
};

static double
seconds(void)
{
    struct timespec now;

    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

static double
turn(const struct side *side, uint64_t *answer)
{
    void *state;
    double before;
    double spent;

    arena.used = 0;
    state = side->start();
    before = seconds();
    *answer = side->run(state);
    spent = seconds() - before;
    side->end(state);
    return spent;
}

static int
compare_doubles(const void *left, const void *right)
{
    double a = *(const double *)left;
    double b = *(const double *)right;

    return (a > b) - (a < b);
}

static double
median(double *values)
{
    qsort(values, TURNS, sizeof(*values), compare_doubles);
    return values[TURNS / 2];
}

static void
race(const char *name, const char *unit, double work, const struct side *model,
     const struct side *bare)
{
    double model_seconds[TURNS];
    double bare_seconds[TURNS];
    uint64_t answers[2];
    double rates[2];

    turn(model, &answers[0]); /* warm: caches, predictors, clock */
    turn(bare, &answers[1]);
    for (int i = 0; i < TURNS; i++) {
        model_seconds[i] = turn(model, &answers[0]);
        bare_seconds[i] = turn(bare, &answers[1]);
        check(answers[0] == answers[1], "the two sides did different work");
    }
    rates[0] = work / median(model_seconds) * 1e-6;
    rates[1] = work / median(bare_seconds) * 1e-6;
    printf("bench %s model %.1f %s bare %.1f %s ratio %.3f\n", name, rates[0], unit, rates[1], unit,
           rates[0] / rates[1]);
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
    struct world *world = vmm_take_array(&alloc, 1, sizeof(*world));

    trace_init(&world->trace);
    world->machine = hw_machine_create(&alloc, &hw_geometry_x86_64, 1, pages + pages / 256 + 16);
    check(world->machine != NULL, "no machine");
    world->first = hw_frame_alloc(&world->machine->frames);
    for (vmm_ppn i = 1; i < pages; i++)
        check(hw_frame_alloc(&world->machine->frames) == world->first + i, "frames out of order");
    world->pmaps = pmap_system_create(&alloc, world->machine, &world->trace);
    check(world->pmaps != NULL, "no pmap system");
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

        check(status == VMM_OK, "pmap_enter failed");
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
hit_start(void)
{
    struct world *world = world_create(HOT_PAGES);
    vmm_ppn ppn;

    world_fill(world, HOT_PAGES);
    for (vmm_va page = 0; page < HOT_PAGES; page++)
        check(hw_access(world->machine, 0, BASE + page * PAGE, HW_WRITE, false, &ppn) == HW_OK,
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

    check(world->machine->cpus[0].tlb.misses == HOT_PAGES, "a reference missed");
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
    uint64_t sum = 0;

    for (size_t i = 0; i < REFERENCES; i++) {
        uint64_t vpn = references[i] << 16 >> 28;

        sum += hw_pte_ppn(bare_lookup(level, vpn, hw_tlb_tag(vpn, 0)));
    }
    return sum;
}

/* ---- pmap-enter ---- */

static void *
fill_start_model(void)
{
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
    check(statistics.wired_pages == FILL_PAGES, "not every page was entered");
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

    check(system != NULL && vm_task_create(system, &task) == VMM_OK, "no task");
    return vm_task_map(task);
}

/* One task's pages, all in memory, as another task sees them: not wired, and no translation. */
static void *
wire_start(void)
{
    struct mapped *mapped = vmm_take_array(&alloc, 1, sizeof(*mapped));
    vmm_size size = (vmm_size)FILL_PAGES * PAGE;
    struct vm_profile profile;
    struct vm_memory_entry *entry;
    struct vm_map *owner;
    vmm_va start = 0;

    vm_profile_at(vm_profile_count() - 2, &profile); /* the newest release; seed-view is the last */
    mapped->system = vm_system_create(&(struct vm_config){ .alloc = &alloc,
                                                           .profile = &profile,
                                                           .geometry = &hw_geometry_x86_64,
                                                           .cpu_count = 1,
                                                           .frame_count = FILL_PAGES + 1024 });
    owner = new_map(mapped->system);
    mapped->map = new_map(mapped->system);
    mapped->start = 0;
    check(vm_allocate(owner, &start, size, VM_MAP_ANYWHERE) == VMM_OK &&
              vm_map_wire(owner, start, start + size, VMM_PROT_DEFAULT, false) == VMM_OK &&
              vm_map_unwire(owner, start, start + size, false) == VMM_OK,
          "cannot make the pages resident");
    check(vm_memory_entry_create(owner, start, &size, VMM_PROT_DEFAULT, &entry) == VMM_OK &&
              vm_memory_entry_map(entry, mapped->map, &mapped->start, 0, size, VM_MAP_ANYWHERE,
                                  VMM_PROT_DEFAULT) == VMM_OK,
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
        check(view.is_translation_wired && view.page_wire_count == 1, "a page is not wired");
    }
    vm_system_destroy(mapped->system);
}

/* ---- the bare fill ---- */

static void *
fill_start_bare(void)
{
    return vmm_take_array(&alloc, 512, sizeof(uint64_t));
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
                *slot = (uintptr_t)vmm_take_array(&alloc, 512, sizeof(*slot)) | HW_PTE_VALID;
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
    static const struct side hit_model = { hit_start, hit_run_model, hit_end_model };
    static const struct side hit_bare = { hit_start, hit_run_bare, world_end };
    static const struct side fill_model = { fill_start_model, fill_run_model, fill_end_model };
    static const struct side fill_bare = { fill_start_bare, fill_run_bare, fill_end_bare };

    static const struct side wire_model = { wire_start, wire_run_model, wire_end };

    arena_create();
    make_references();
    race("tlb-hit", "Mref/s", REFERENCES, &hit_model, &hit_bare);
    race("pmap-enter", "Mpage/s", FILL_PAGES, &fill_model, &fill_bare);
    race("vm-map-wire", "Mpage/s", FILL_PAGES, &wire_model, &fill_bare);
    return 0;
}

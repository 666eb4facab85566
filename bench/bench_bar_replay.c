/*
 * bench_bar_replay.c - replaying references against the best bare loop for each trace
 *
 * Ours is vm_access_run() with everything on: address spaces, rights, A and D bits, counts, the walker's
 * caches, a VM behind it. The floor is the better of two loops that do the look-up and the walk and
 * nothing else: the same geometry (64 x 4-way, 1536 x 12-way, exact LRU), a real 4-level table. Both must
 * miss equally often, or the program ends.
 *
 * Five traces are made up; two are recorded when this runs, of a compiler and of gzip, where there is
 * Valgrind: the references that follow their first million.
 *
 *     bare-order   recency order, first way tested first
 *     bare-vector  the page before tested first, then AVX2 compare and permute (where there is AVX2)
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bar.h"
#include "base/rng.h"
#include "harness.h"
#include "recorded.h"
#include "vm/vm_access.h"
#include "vm/vm_task.h"

enum { TURNS = 7, REFERENCES = 1 << 21, GIB_PAGES = 1 << 18, PAGE = 4096 };

/* ---- traces: page numbers, then addresses ---- */

struct trace_plan {
    const char *name;
    double needs;
    uint32_t pages;
    uint32_t (*next)(struct vmm_rng *rng, uint32_t pages, uint32_t i); /* NULL: recorded */
    const char *command;
};

static uint32_t
next_uniform(struct vmm_rng *rng, uint32_t pages, uint32_t i)
{
    (void)i;
    return (uint32_t)vmm_rng_below(rng, pages);
}

/* Strides of 8 bytes. */
static uint32_t
next_sequential(struct vmm_rng *rng, uint32_t pages, uint32_t i)
{
    (void)rng;
    return i / (PAGE / 8) % pages;
}

/* Zipf-like: half of the references go to a 64th of the pages, and so on inside it. */
static uint32_t
next_skewed(struct vmm_rng *rng, uint32_t pages, uint32_t i)
{
    (void)i;
    while (pages > 64 && vmm_rng_below(rng, 2) == 0)
        pages /= 64;
    return (uint32_t)(vmm_rng_below(rng, pages) * 2654435761u % GIB_PAGES);
}

/* What the program itself writes goes nowhere; what lackey writes is all that comes. */
#define LACKEY "exec 3>&1 >/dev/null 2>&1; valgrind --tool=lackey --trace-mem=yes --log-fd=3 "

static const struct trace_plan plans[] = {
    { "replay-hot32", 0.5, 32, next_uniform, NULL },
    { "replay-sequential", 0.5, GIB_PAGES, next_sequential, NULL },
    { "replay-1024-pages", 0.6, 1024, next_uniform, NULL },
    { "replay-random-1g", 0.6, GIB_PAGES, next_uniform, NULL },
    { "replay-skewed-1g", 0.6, GIB_PAGES, next_skewed, NULL },
    { "replay-compile", 0.5, GIB_PAGES, NULL,
      LACKEY "$(cc -print-prog-name=cc1) -quiet -O1 -o /dev/null " BENCH_C_FILE },
    { "replay-gzip", 0.5, GIB_PAGES, NULL, LACKEY "gzip -1 -c $(cc -print-prog-name=cc1)" },
};

static uint64_t
    offsets[REFERENCES]; /* from the first page, kind in the lowest bits: one in four writes */

static bool
make_trace(const struct trace_plan *plan)
{
    struct vmm_rng rng = { 1 };

    if (plan->next == NULL)
        return bench_record(plan->command, 1000000, offsets, REFERENCES, GIB_PAGES);

    for (uint32_t i = 0; i < REFERENCES; i++) {
        uint64_t page = plan->next(&rng, plan->pages, i);

        offsets[i] = page * PAGE + (i * 8u) % PAGE + (vmm_rng_below(&rng, 4) == 0);
    }
    return true;
}

/* ---- ours ---- */

struct ours {
    struct vm_task *task;
    uint64_t *references;
};

static uint64_t
walks_of(struct vm_task *task)
{
    struct vm_access_counts counts;

    vm_system_access_counts(vm_task_system(task), &counts);
    return counts.walks;
}

/* Every page of a GiB is resident and written to, so nothing faults while the clock runs. */
static void *
ours_start(const void *context)
{
    struct ours *ours = vmm_take_array(&bench_alloc, 1, sizeof(*ours));
    struct vm_profile profile;
    struct vm_system *system;
    vmm_va base = 0;
    size_t done;

    (void)context;
    vm_profile_at(vm_profile_count() - 2, &profile);
    system = vm_system_create(&(struct vm_config){ .alloc = &bench_alloc,
                                                   .profile = &profile,
                                                   .geometry = &hw_geometry_x86_64,
                                                   .cpu_count = 1,
                                                   .frame_count = GIB_PAGES + 4096 });
    bench_check(system != NULL && vm_task_create(system, &ours->task) == VMM_OK, "no task");
    bench_check(vm_allocate(vm_task_map(ours->task), &base, (vmm_size)GIB_PAGES * PAGE,
                            VM_MAP_ANYWHERE) == VMM_OK,
                "no address space");
    ours->references = vmm_take_array(&bench_alloc, REFERENCES, sizeof(uint64_t));
    bench_check(ours->references != NULL, "no memory for references");
    for (uint32_t i = 0; i < GIB_PAGES; i++)
        ours->references[i] = (base + (vmm_va)i * PAGE) | 1;
    bench_check(vm_access_run(ours->task, ours->references, GIB_PAGES, &done) == VMM_OK,
                "a page could not be had");
    for (uint32_t i = 0; i < REFERENCES; i++)
        ours->references[i] = base + offsets[i];
    return ours;
}

static uint64_t
ours_run(void *state)
{
    struct ours *ours = state;
    uint64_t before = walks_of(ours->task);
    size_t done;

    bench_check(vm_access_run(ours->task, ours->references, REFERENCES, &done) == VMM_OK,
                "a reference failed");
    return walks_of(ours->task) - before;
}

/* ---- bare ---- */

enum { L1_SETS = 16, L1_WAYS = 4, L2_SETS = 128, L2_WAYS = 12 };

struct bare {
    uint64_t l1_tags[L1_SETS * L1_WAYS], l1_ptes[L1_SETS * L1_WAYS];
    uint64_t l2_tags[L2_SETS * L2_WAYS], l2_ptes[L2_SETS * L2_WAYS];
    uint64_t *root;
    uint64_t walks;
    uint64_t sum; /* so that no look-up is for nothing */
};

static uint64_t *
bare_table(void)
{
    uint64_t *table = vmm_take_array(&bench_alloc, 512, sizeof(uint64_t));

    bench_check(table != NULL, "no memory for tables");
    return table;
}

static uint64_t *
bare_below(uint64_t *table, uint64_t index)
{
    if (table[index] == 0)
        table[index] = (uint64_t)(uintptr_t)bare_table();
    return (uint64_t *)(uintptr_t)table[index];
}

static inline uint64_t
bare_walk(struct bare *bare, uint64_t page, uint64_t kind)
{
    const uint64_t *top = (const uint64_t *)(uintptr_t)bare->root[page >> 27 & 511];
    const uint64_t *middle = (const uint64_t *)(uintptr_t)top[page >> 18 & 511];
    uint64_t *leaf = (uint64_t *)(uintptr_t)middle[page >> 9 & 511];

    bare->walks++;
    return leaf[page & 511] |= 0x20 | kind << 6;
}

static inline void
bare_shift(uint64_t *tags, uint64_t *ptes, uint32_t way, uint64_t tag, uint64_t pte)
{
    for (; way > 0; way--) {
        tags[way] = tags[way - 1];
        ptes[way] = ptes[way - 1];
    }
    tags[0] = tag;
    ptes[0] = pte;
}

/* The second level, or a walk; recency order. */
static inline uint64_t
bare_second(struct bare *bare, uint64_t page, uint64_t kind)
{
    uint64_t *tags = &bare->l2_tags[(page & (L2_SETS - 1)) * L2_WAYS];
    uint64_t *ptes = &bare->l2_ptes[(page & (L2_SETS - 1)) * L2_WAYS];
    uint32_t way = 0;
    uint64_t pte;

    while (way < L2_WAYS && tags[way] != page + 1)
        way++;
    pte = way < L2_WAYS ? ptes[way] : bare_walk(bare, page, kind);
    bare_shift(tags, ptes, way < L2_WAYS ? way : L2_WAYS - 1, page + 1, pte);
    return pte;
}

/* One reference; recency order, first way tested first. */
static inline uint64_t
bare_touch(struct bare *bare, uint64_t page, uint64_t kind)
{
    uint64_t *tags = &bare->l1_tags[(page & (L1_SETS - 1)) * L1_WAYS];
    uint64_t *ptes = &bare->l1_ptes[(page & (L1_SETS - 1)) * L1_WAYS];
    uint32_t way = 1;
    uint64_t pte;

    if (tags[0] == page + 1)
        return ptes[0];
    while (way < L1_WAYS && tags[way] != page + 1)
        way++;
    pte = way < L1_WAYS ? ptes[way] : bare_second(bare, page, kind);
    bare_shift(tags, ptes, way < L1_WAYS ? way : L1_WAYS - 1, page + 1, pte);
    return pte;
}

/* The tables, and the TLB as ours has it after every page was touched in order. */
static void *
bare_start(const void *context)
{
    struct bare *bare = vmm_take_array(&bench_alloc, 1, sizeof(*bare));

    (void)context;
    bench_check(bare != NULL, "no memory");
    bare->root = bare_table();
    for (uint64_t page = 0; page < GIB_PAGES; page++) {
        uint64_t *leaf =
            bare_below(bare_below(bare_below(bare->root, page >> 27 & 511), page >> 18 & 511),
                       page >> 9 & 511);

        leaf[page & 511] = (page + 1) << 12 | 0x63;
    }
    for (uint64_t page = 0; page < GIB_PAGES; page++)
        bare->sum += bare_touch(bare, page, 1);
    bare->walks = 0;
    return bare;
}

static uint64_t
order_run(void *state)
{
    struct bare *bare = state;
    uint64_t sum = 0;

    for (uint32_t i = 0; i < REFERENCES; i++)
        sum += bare_touch(bare, offsets[i] / PAGE, offsets[i] & 1);
    bare->sum = sum;
    return bare->walks;
}

#ifdef __x86_64__
typedef uint64_t four __attribute__((vector_size(32), aligned(8), may_alias));
typedef double four_doubles __attribute__((vector_size(32)));
typedef int eight __attribute__((vector_size(32)));

/* Puts lane `way` in front of the lanes before it. */
static const eight fronts[4] = { { 0, 1, 2, 3, 4, 5, 6, 7 },
                                 { 2, 3, 0, 1, 4, 5, 6, 7 },
                                 { 4, 5, 0, 1, 2, 3, 6, 7 },
                                 { 6, 7, 0, 1, 2, 3, 4, 5 } };

__attribute__((target("avx2"))) static uint64_t
vector_run(void *state)
{
    struct bare *bare = state;
    uint64_t last = UINT64_MAX, last_pte = 0, sum = 0;

    for (uint32_t i = 0; i < REFERENCES; i++) {
        uint64_t page = offsets[i] / PAGE;
        four *tags = (four *)&bare->l1_tags[(page & (L1_SETS - 1)) * L1_WAYS];
        four *ptes = (four *)&bare->l1_ptes[(page & (L1_SETS - 1)) * L1_WAYS];
        uint64_t tag = page + 1;
        uint32_t mask, way;

        if (page == last) {
            sum += last_pte;
            continue;
        }
        mask = (uint32_t)__builtin_ia32_movmskpd256(
            (four_doubles)(*tags == (four){ tag, tag, tag, tag }));
        way = mask != 0 ? (uint32_t)__builtin_ctz(mask) : 3;
        *tags = (four)__builtin_ia32_permvarsi256((eight)*tags, fronts[way]);
        *ptes = (four)__builtin_ia32_permvarsi256((eight)*ptes, fronts[way]);
        if (mask == 0) {
            (*tags)[0] = tag;
            (*ptes)[0] = bare_second(bare, page, offsets[i] & 1);
        }
        last = page;
        last_pte = (*ptes)[0];
        sum += last_pte;
    }
    bare->sum = sum;
    return bare->walks;
}
#endif

int
main(void)
{
    struct bench_side sides[3] = { { NULL, ours_start, ours_run, NULL },
                                   { NULL, bare_start, order_run, NULL } };
    size_t count = 2;

#ifdef __x86_64__
    if (__builtin_cpu_supports("avx2"))
        sides[count++] = (struct bench_side){ NULL, bare_start, vector_run, NULL };
#endif
    bench_arena_create((size_t)256 << 20);
    for (size_t i = 0; i < VMM_COUNT_OF(plans); i++) {
        struct bench_time times[3];
        double floor;

        if (!make_trace(&plans[i])) {
            fprintf(stderr, "bench: %s: nothing could be recorded (valgrind?)\n", plans[i].name);
            continue;
        }
        bench_race(sides, count, TURNS, times);
        floor = count == 3 && times[2].median < times[1].median ? times[2].median : times[1].median;
        bench_bar(plans[i].name, times[0].median * 1e9 / REFERENCES, floor * 1e9 / REFERENCES,
                  "ns a reference", plans[i].needs);
    }
    return bench_bar_code();
}

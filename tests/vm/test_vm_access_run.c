/*
 * test_vm_access_run.c - many references at once are as many accesses, and vectors change nothing
 *
 * Two worlds get the same random references, one by one and in batches, or with and without vectors.
 * Afterwards everything is the same, bit for bit: TLBs, tables, counters, every event.
 */
#include "base/rng.h"
#include "hw/hw_catalog.h"
#include "hw/hw_run.h"
#include "trace/trace_digest.h"
#include "vm_fixture.h"

#include "vm/vm_internal.h"

enum { REFERENCES = 40000, PAGES = 3000, FRAMES = 8192 };

struct world {
    struct counting_alloc counting;
    struct vm_profile profile;
    struct vm_system *system;
    struct vm_task *task;
    struct trace_digest digest;
    vmm_va base;
    bool by_one;
};

static void
start(struct world *w, const struct hw_geometry *geometry)
{
    *w = (struct world){ .base = 0 };
    counting_alloc_init(&w->counting);
    vm_profile_at(vm_profile_count() - 2, &w->profile);
    w->system = vm_system_create(&(struct vm_config){ .alloc = &w->counting.alloc,
                                                      .profile = &w->profile,
                                                      .geometry = geometry,
                                                      .cpu_count = 1,
                                                      .frame_count = FRAMES });
    assert_non_null(w->system);
    trace_digest_init(&w->digest);
    trace_attach(vm_system_trace(w->system), &w->digest.sink);
    assert_int_equal(vm_task_create(w->system, &w->task), VMM_OK);
    assert_int_equal(vm_allocate(vm_task_map(w->task), &w->base,
                                 PAGES * vm_system_page_bytes(w->system), VM_MAP_ANYWHERE),
                     VMM_OK);
    assert_int_equal(vm_protect(vm_task_map(w->task), w->base,
                                PAGES * vm_system_page_bytes(w->system), false, VMM_PROT_ALL),
                     VMM_OK);
}

static void
end(struct world *w)
{
    assert_null(vm_system_check(w->system));
    vm_system_destroy(w->system);
    assert_int_equal(w->counting.live_bytes, 0);
}

static void
refer(struct world *w, const uint64_t *references, size_t count)
{
    static const enum vm_access_kind kinds[] = { VM_ACCESS_READ, VM_ACCESS_WRITE,
                                                 VM_ACCESS_EXECUTE };
    size_t done = 0;

    if (!w->by_one) {
        assert_int_equal(vm_access_run(w->task, references, count, &done), VMM_OK);
        assert_int_equal(done, count);
        return;
    }
    for (size_t i = 0; i < count; i++)
        assert_int_equal(vm_access(w->system,
                                   &(struct vm_access){ .task = w->task,
                                                        .va = references[i] & ~(uint64_t)3,
                                                        .length = 1,
                                                        .kind = kinds[references[i] & 3],
                                                        .only_translates = true },
                                   NULL),
                         VMM_OK);
}

static void
assert_same_level(const struct hw_tlb_level *a, const struct hw_tlb_level *b)
{
    size_t words = (size_t)a->sets * a->ways;

    if (words == 0)
        return;
    assert_memory_equal(a->tags, b->tags, words * sizeof(*a->tags));
    if (a->ptes != NULL)
        assert_memory_equal(a->ptes, b->ptes, words * sizeof(*a->ptes));
    else
        assert_memory_equal(a->frames, b->frames, words * sizeof(*a->frames));
}

static void
assert_same(const struct world *a, const struct world *b)
{
    const struct hw_cpu *left = &a->system->machine->cpus[0];
    const struct hw_cpu *right = &b->system->machine->cpus[0];

    assert_same_level(&left->tlb.l1, &right->tlb.l1);
    assert_same_level(&left->tlb.l1i, &right->tlb.l1i);
    assert_same_level(&left->tlb.l2, &right->tlb.l2);
    assert_same_level(&left->tlb.l2i, &right->tlb.l2i);
    assert_int_equal(left->tlb.l1_hits, right->tlb.l1_hits);
    assert_int_equal(left->tlb.l2_hits, right->tlb.l2_hits);
    assert_int_equal(left->tlb.misses, right->tlb.misses);
    assert_int_equal(left->walks, right->walks);
    assert_int_equal(left->walk_reads, right->walk_reads);
    assert_true(a->digest.value == b->digest.value);
    assert_int_equal(vm_system_trace(a->system)->sequence, vm_system_trace(b->system)->sequence);
}

/* Runs of a page, jumps near and far, every kind; now and then a batch ends. */
static void
race(struct world *a, struct world *b, uint64_t seed)
{
    vmm_size page_bytes = vm_system_page_bytes(a->system);
    static uint64_t references[REFERENCES];
    struct vmm_rng rng = { seed };
    uint64_t at = 0;

    assert_int_equal(a->base, b->base);
    for (size_t i = 0; i < REFERENCES; i++) {
        if (vmm_rng_below(&rng, 3) == 0)
            at = vmm_rng_below(&rng, vmm_rng_below(&rng, 2) ? 40 : PAGES);
        references[i] = (a->base + at * page_bytes + vmm_rng_below(&rng, page_bytes / 4) * 4) |
                        vmm_rng_below(&rng, 3);
    }
    for (size_t i = 0; i < REFERENCES;) {
        size_t count = 1 + (size_t)vmm_rng_below(&rng, 500);

        count = count < REFERENCES - i ? count : REFERENCES - i;
        refer(a, references + i, count);
        refer(b, references + i, count);
        if (vmm_rng_below(&rng, 20) == 0) {
            hw_cpu_flush_all(&a->system->machine->cpus[0]);
            hw_cpu_flush_all(&b->system->machine->cpus[0]);
        }
        i += count;
    }
    assert_same(a, b);
}

static void
machine_geometry(const char *name, struct hw_geometry *geometry)
{
    struct sheet_value values[HW_FIELD_COUNT];
    size_t row;

    if (name == NULL) {
        *geometry = hw_geometry_x86_64;
        return;
    }
    assert_true(sheet_row_find(&hw_catalog, name, strlen(name), &row));
    sheet_row_values(&hw_catalog, row, values);
    hw_catalog_geometry(values, name, geometry);
}

/* NULL: the plain one, whose fetches share the first TLB with data. */
static const char *const machines[] = { "nehalem", "skylake", "zen2", "m1", NULL };

static void
a_run_is_as_many_accesses(void **state)
{
    (void)state;
    for (size_t i = 0; i < VMM_COUNT_OF(machines); i++) {
        for (unsigned replacement = 0; replacement < 3; replacement++) {
            struct hw_geometry geometry;
            struct world a, b;

            machine_geometry(machines[i], &geometry);
            geometry.replacement = (enum hw_replacement)replacement;
            start(&a, &geometry);
            start(&b, &geometry);
            a.by_one = true;
            race(&a, &b, i + 1);
            end(&a);
            end(&b);
        }
    }
}

/*  where the processor has no vectors both worlds are portable, and the same all the more  */
static void
vectors_change_no_bit(void **state)
{
    (void)state;
    for (size_t i = 0; i < VMM_COUNT_OF(machines); i++) {
        struct hw_geometry geometry;
        struct world a, b;

        machine_geometry(machines[i], &geometry);
        start(&a, &geometry);
        start(&b, &geometry);
        a.system->machine->cpus[0].tlb.is_vector = false;
        race(&a, &b, i + 7);
        end(&a);
        end(&b);
    }
}

/*  page 1 is a hole: two references before it are made, the third is the error  */
static void
a_run_stops_where_an_access_would(void **state)
{
    struct world w;
    size_t done = 9;
    uint64_t references[4];

    (void)state;
    start(&w, &hw_geometry_x86_64);
    assert_int_equal(vm_deallocate(vm_task_map(w.task), w.base + 4096, 4096), VMM_OK);
    references[0] = w.base | HW_REFERENCE_WRITE;
    references[1] = w.base + 8;
    references[2] = w.base + 4096;
    references[3] = w.base;
    assert_int_equal(vm_access_run(w.task, references, 4, &done), VMM_INVALID_ADDRESS);
    assert_int_equal(done, 2);
    end(&w);
}

/*  the first reference to each page traps once: each of these is the last of its run  */
static void
a_run_to_a_trap_makes_it_and_stops(void **state)
{
    struct world w;
    size_t done = 9;
    bool traps = true;
    uint64_t references[5];

    (void)state;
    start(&w, &hw_geometry_x86_64);
    for (size_t i = 0; i < 5; i++)
        references[i] = (w.base + (i / 2) * 4096) | HW_REFERENCE_WRITE;
    for (size_t at = 0; at < 5; at += done) {
        assert_int_equal(vm_access_run_to_trap(w.task, references + at, 5 - at, &done, &traps),
                         VMM_OK);
        assert_int_equal(done, at == 0 ? 1 : 2);
        assert_true(traps);
    }
    assert_int_equal(vm_access_run_to_trap(w.task, references, 5, &done, &traps), VMM_OK);
    assert_int_equal(done, 5);
    assert_false(traps);
    end(&w);
}

/*  page 0 was read, then page 16, which is of its set, then page 0's set was flushed  */
static void
what_repeats_changes_nothing(void **state)
{
    struct world w;
    size_t done;

    (void)state;
    start(&w, &hw_geometry_x86_64);
    w.base = (w.base + 0xffff) & ~(vmm_va)0xffff;
    assert_false(vm_access_repeats(w.task, w.base));
    assert_int_equal(vm_access_run(w.task, (uint64_t[]){ w.base }, 1, &done), VMM_OK);
    assert_true(vm_access_repeats(w.task, w.base));
    assert_false(vm_access_repeats(w.task, w.base | HW_REFERENCE_WRITE)); /* MOD is not set yet */
    assert_false(vm_access_repeats(w.task, w.base + 4096));
    assert_int_equal(vm_access_run(w.task, (uint64_t[]){ w.base + 16 * 4096 }, 1, &done), VMM_OK);
    assert_false(vm_access_repeats(w.task, w.base)); /* a hit, but it would move */
    assert_int_equal(vm_access_run(w.task, (uint64_t[]){ w.base }, 1, &done), VMM_OK);
    assert_true(vm_access_repeats(w.task, w.base));
    hw_cpu_flush_all(&w.system->machine->cpus[0]);
    assert_false(vm_access_repeats(w.task, w.base));
    end(&w);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_run_is_as_many_accesses),
        cmocka_unit_test(vectors_change_no_bit),
        cmocka_unit_test(a_run_stops_where_an_access_would),
        cmocka_unit_test(a_run_to_a_trap_makes_it_and_stops),
        cmocka_unit_test(what_repeats_changes_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

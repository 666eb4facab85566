/* test_hw_large.c - leaves above the last level, and a second level for instructions */
#include "hw/hw_catalog.h"
#include "hw/hw_run.h"
#include "test_alloc.h"

#define VA ((vmm_va)0x40200000)
#define MIB2 ((vmm_va)2 << 20)

struct fixture {
    struct counting_alloc counting;
    struct hw_geometry geometry;
    struct hw_machine *machine;
    vmm_ppn root;
};

static void
begin(struct fixture *f, const struct hw_geometry *geometry)
{
    counting_alloc_init(&f->counting);
    f->geometry = *geometry;
    f->machine = hw_machine_create(&f->counting.alloc, &f->geometry, 1, 8);
    assert_non_null(f->machine);
    f->root = hw_frame_alloc(&f->machine->frames);
    assert_non_null(hw_frame_words(&f->machine->frames, f->root));
    hw_cpu_load(f->machine, 0, f->machine->geometry, f->root, 1);
}

static void
end(struct fixture *f)
{
    hw_machine_destroy(f->machine);
    test_alloc_assert_empty(&f->counting);
}

/* The word for `va` at `level`, with the tables on the way. */
static uint64_t *
slot(struct fixture *f, vmm_va va, uint32_t level)
{
    struct hw_frames *frames = &f->machine->frames;
    uint32_t missing;

    while (hw_pt_slot(frames, &f->geometry, f->root, va, level, &missing) == NULL) {
        vmm_ppn table = hw_frame_alloc(frames);

        assert_non_null(hw_frame_words(frames, table));
        *hw_pt_slot(frames, &f->geometry, f->root, va, missing, NULL) =
            hw_pte_make(table, HW_PTE_VALID | HW_PTE_WRITE | HW_PTE_USER);
    }
    return hw_pt_slot(frames, &f->geometry, f->root, va, level, NULL);
}

static uint64_t *
lay(struct fixture *f, vmm_va va, uint32_t level, vmm_ppn ppn)
{
    uint64_t *word = slot(f, va, level);

    *word = hw_pte_make(ppn, HW_PTE_VALID | HW_PTE_WRITE | HW_PTE_USER | HW_PTE_LARGE);
    return word;
}

static vmm_ppn
touch(struct fixture *f, vmm_va va, enum hw_access_kind kind)
{
    vmm_ppn ppn = VMM_NO_PAGE;

    assert_int_equal(hw_access(f->machine, 0, va, kind, true, &ppn), HW_OK);
    return ppn;
}

/*  a leaf of 2 MiB is walked to in one step less, and stands for 512 pages                          */
static void
a_large_leaf_serves_all_its_pages_after_one_walk(void **state)
{
    struct fixture f;
    struct hw_cpu *cpu;

    (void)state;
    begin(&f, &hw_geometry_x86_64);
    cpu = &f.machine->cpus[0];
    lay(&f, VA, 2, 0x200);
    assert_int_equal(touch(&f, VA + 4096, HW_READ), 0x201);
    assert_int_equal(cpu->walk_reads, 3);
    for (unsigned n = 0; n < 512; n++)
        assert_int_equal(touch(&f, VA + n * 4096, HW_READ), 0x200 + n);
    assert_int_equal(cpu->walks, 1);
    assert_int_equal(cpu->tlb.misses, 1);
    assert_int_equal(cpu->tlb.l1_hits, 512);
    end(&f);
}

/*  and one of 1 GiB for as many as that; the two stand side by side                                 */
static void
leaves_of_both_sizes_and_pages_stand_side_by_side(void **state)
{
    vmm_va gib = (vmm_va)1 << 30;
    struct fixture f;

    (void)state;
    begin(&f, &hw_geometry_x86_64);
    lay(&f, 4 * gib, 1, 0x40000);
    lay(&f, VA, 2, 0x200);
    *slot(&f, VA + MIB2, 3) = hw_pte_make(7, HW_PTE_VALID | HW_PTE_USER);
    for (unsigned n = 0; n < 3; n++) {
        assert_int_equal(touch(&f, 4 * gib + 0x12345000, HW_READ), 0x40000 + 0x12345);
        assert_int_equal(touch(&f, VA + 0x5000, HW_READ), 0x205);
        assert_int_equal(touch(&f, VA + MIB2, HW_READ), 7);
    }
    assert_int_equal(f.machine->cpus[0].walks, 3);
    assert_int_equal(f.machine->cpus[0].walk_reads, 2 + 3 + 4);
    end(&f);
}

/*  the first store walks once more, for the modify bit; a flush of any page of it forgets the leaf   */
static void
bits_and_flushes_are_the_whole_leafs(void **state)
{
    struct fixture f;
    struct hw_cpu *cpu;
    uint64_t *word;

    (void)state;
    begin(&f, &hw_geometry_x86_64);
    cpu = &f.machine->cpus[0];
    word = lay(&f, VA, 2, 0x200);
    touch(&f, VA, HW_READ);
    assert_true((*word & HW_PTE_REF) && !(*word & HW_PTE_MOD));
    touch(&f, VA + 4096, HW_WRITE);
    assert_true(*word & HW_PTE_MOD);
    assert_int_equal(cpu->walks, 2);
    touch(&f, VA + 8192, HW_WRITE);
    assert_int_equal(cpu->walks, 2);
    *word &= ~HW_PTE_VALID;
    touch(&f, VA + 8192, HW_WRITE); /* stale */
    hw_cpu_flush_page(cpu, hw_vpn(&f.geometry, VA + 0x1ff000), 1);
    assert_int_equal(hw_access(f.machine, 0, VA, HW_READ, true, &(vmm_ppn){ 0 }),
                     HW_FAULT_NOT_PRESENT);
    end(&f);
}

/*  a space's flush, and a flush of everything, forget large leaves too                              */
static void
spaces_and_everything_forget_large_leaves(void **state)
{
    struct fixture f;
    struct hw_cpu *cpu;

    (void)state;
    begin(&f, &hw_geometry_x86_64);
    cpu = &f.machine->cpus[0];
    lay(&f, VA, 2, 0x200);
    touch(&f, VA, HW_READ);
    hw_cpu_flush_asid(cpu, 2);
    touch(&f, VA, HW_READ);
    assert_int_equal(cpu->walks, 1);
    hw_cpu_flush_asid(cpu, 1);
    touch(&f, VA, HW_READ);
    assert_int_equal(cpu->walks, 2);
    hw_cpu_flush_all(cpu);
    touch(&f, VA, HW_READ);
    assert_int_equal(cpu->walks, 3);
    end(&f);
}

/*  a TLB without a level for them remembers a large leaf page by page                               */
static void
without_a_level_for_them_pages_are_remembered(void **state)
{
    struct hw_geometry geometry = hw_geometry_x86_64;
    struct fixture f;

    (void)state;
    geometry.large = (struct hw_tlb_geometry){ 0, 0 };
    begin(&f, &geometry);
    lay(&f, VA, 2, 0x200);
    assert_int_equal(touch(&f, VA + 4096, HW_READ), 0x201);
    assert_int_equal(touch(&f, VA + 8192, HW_READ), 0x202);
    assert_int_equal(touch(&f, VA + 4096, HW_READ), 0x201);
    assert_int_equal(f.machine->cpus[0].walks, 2);
    end(&f);
}

/*  many references at once find what one by one find, with the same counts                          */
static void
a_run_over_large_leaves_counts_as_one_by_one(void **state)
{
    uint64_t references[64];
    struct fixture one, many;
    enum hw_outcome outcome;
    struct hw_run run;

    (void)state;
    begin(&one, &hw_geometry_x86_64);
    begin(&many, &hw_geometry_x86_64);
    lay(&one, VA, 2, 0x200);
    lay(&many, VA, 2, 0x200);
    for (unsigned n = 0; n < 64; n++) {
        references[n] = (VA + (n * 7 % 16) * 4096) | (n % 5 == 0 ? HW_REFERENCE_WRITE : 0);
        touch(&one, references[n] & ~(uint64_t)3, n % 5 == 0 ? HW_WRITE : HW_READ);
    }
    hw_run_begin(&run, many.machine, 0, true);
    assert_int_equal(hw_run_on(&run, references, 64, &outcome), 64);
    assert_int_equal(outcome, HW_OK);
    assert_int_equal(many.machine->cpus[0].walks, one.machine->cpus[0].walks);
    assert_int_equal(many.machine->cpus[0].tlb.l1_hits, one.machine->cpus[0].tlb.l1_hits);
    assert_int_equal(many.machine->cpus[0].tlb.misses, one.machine->cpus[0].tlb.misses);
    end(&one);
    end(&many);
}

/*  Zen: fetches have a second level of their own, so data does not push them out                     */
static void
fetches_have_a_second_level_of_their_own(void **state)
{
    struct sheet_value values[HW_FIELD_COUNT];
    struct hw_geometry geometry;
    struct fixture f;
    size_t row;

    (void)state;
    assert_true(sheet_row_find(&hw_catalog, "zen3", 4, &row));
    sheet_row_values(&hw_catalog, row, values);
    hw_catalog_geometry(values, "zen3", &geometry);
    assert_int_equal(geometry.l2i.sets * geometry.l2i.ways, 512);
    begin(&f, &geometry);
    for (unsigned n = 0; n < 65; n++) /* one more than the first level holds */
        *slot(&f, VA + n * 4096, 3) = hw_pte_make(n + 1, HW_PTE_VALID | HW_PTE_USER);
    for (unsigned round = 0; round < 2; round++)
        for (unsigned n = 0; n < 65; n++)
            assert_int_equal(touch(&f, VA + n * 4096, HW_EXECUTE), n + 1);
    assert_int_equal(f.machine->cpus[0].walks, 65);
    assert_int_equal(f.machine->cpus[0].tlb.l2_hits, 65);
    touch(&f, VA, HW_READ); /* the data's levels know nothing of it */
    assert_int_equal(f.machine->cpus[0].walks, 66);
    end(&f);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_large_leaf_serves_all_its_pages_after_one_walk),
        cmocka_unit_test(leaves_of_both_sizes_and_pages_stand_side_by_side),
        cmocka_unit_test(bits_and_flushes_are_the_whole_leafs),
        cmocka_unit_test(spaces_and_everything_forget_large_leaves),
        cmocka_unit_test(without_a_level_for_them_pages_are_remembered),
        cmocka_unit_test(a_run_over_large_leaves_counts_as_one_by_one),
        cmocka_unit_test(fetches_have_a_second_level_of_their_own),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

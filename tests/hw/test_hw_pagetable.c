/* test_hw_pagetable.c - the walk from root to leaf, over tables laid by hand */
#include "hw/hw_pagetable.h"
#include "test_alloc.h"

/*  indexes at the levels:   3       5       7       9      of this address  */
#define VA (((vmm_va)3 << 39) | ((vmm_va)5 << 30) | ((vmm_va)7 << 21) | ((vmm_va)9 << 12))

struct fixture {
    struct counting_alloc counting;
    struct hw_frames frames;
    vmm_ppn tables[4]; /* root first */
};

static int
setup(void **state)
{
    static struct fixture fixture;

    counting_alloc_init(&fixture.counting);
    assert_true(hw_frames_init(&fixture.frames, &fixture.counting.alloc, 4096, 16));
    for (size_t level = 0; level < 4; level++) {
        fixture.tables[level] = hw_frame_alloc(&fixture.frames);
        assert_non_null(hw_frame_words(&fixture.frames, fixture.tables[level]));
    }
    *state = &fixture;
    return 0;
}

static int
teardown(void **state)
{
    struct fixture *f = *state;

    hw_frames_destroy(&f->frames);
    test_alloc_assert_empty(&f->counting);
    return 0;
}

static void
hang(struct fixture *f, uint32_t level)
{
    uint64_t *words = hw_frame_words(&f->frames, f->tables[level]);

    words[hw_pt_index(&hw_geometry_x86_64, VA, level)] =
        hw_pte_make(f->tables[level + 1], HW_PTE_VALID);
}

static uint64_t *
walk(struct fixture *f, uint32_t level, uint32_t *missing)
{
    return hw_pt_slot(&f->frames, &hw_geometry_x86_64, f->tables[0], VA, level, missing);
}

static void
each_level_has_its_own_bits_of_the_address(void **state)
{
    (void)state;
    assert_int_equal(hw_pt_index(&hw_geometry_x86_64, VA, 0), 3);
    assert_int_equal(hw_pt_index(&hw_geometry_x86_64, VA, 1), 5);
    assert_int_equal(hw_pt_index(&hw_geometry_x86_64, VA, 2), 7);
    assert_int_equal(hw_pt_index(&hw_geometry_x86_64, VA | 0xfff, 3), 9);
    assert_int_equal(hw_pt_index(&hw_geometry_x86_64, UINT64_MAX, 0), 511);
}

/*  largest frame number and every bit we use: neither disturbs the other  */
static void
a_word_keeps_page_and_bits_apart(void **state)
{
    uint64_t bits = HW_PTE_VALID | HW_PTE_WRITE | HW_PTE_USER | HW_PTE_REF | HW_PTE_MOD |
                    HW_PTE_WIRED | HW_PTE_NX;
    uint64_t pte = hw_pte_make(UINT32_MAX, bits);

    (void)state;
    assert_int_equal(hw_pte_ppn(pte), UINT32_MAX);
    assert_true((pte & bits) == bits);
    assert_int_equal(hw_pte_ppn(hw_pte_make(0, bits)), 0);
}

/*  root ok, then nothing:  the walk to the leaf ends at level 0, 1, 2, and arrives at last  */
static void
a_walk_ends_where_a_table_is_missing(void **state)
{
    struct fixture *f = *state;
    uint32_t missing = 9;

    for (uint32_t level = 0; level < 3; level++) {
        assert_null(walk(f, 3, &missing));
        assert_int_equal(missing, level);
        assert_null(walk(f, 3, NULL));
        hang(f, level);
    }
    assert_ptr_equal(walk(f, 3, &missing), hw_frame_words(&f->frames, f->tables[3]) + 9);
}

static void
a_walk_may_stop_above_the_leaf(void **state)
{
    struct fixture *f = *state;
    uint32_t missing;

    hang(f, 0);
    assert_ptr_equal(walk(f, 0, &missing), hw_frame_words(&f->frames, f->tables[0]) + 3);
    assert_ptr_equal(walk(f, 1, &missing), hw_frame_words(&f->frames, f->tables[1]) + 5);
    assert_null(walk(f, 2, &missing));
}

#define CASE(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_level_has_its_own_bits_of_the_address),
        cmocka_unit_test(a_word_keeps_page_and_bits_apart),
        CASE(a_walk_ends_where_a_table_is_missing),
        CASE(a_walk_may_stop_above_the_leaf),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* test_hw_walk_cache.c - how many words a walk reads when the walker knows tables by address */
#include "hw/hw_walk_cache.h"
#include "test_alloc.h"

static struct hw_geometry
shape(uint32_t upper, uint32_t middle, uint32_t leaf)
{
    struct hw_geometry geometry = hw_geometry_x86_64;

    geometry.walk_entries[1] = upper;
    geometry.walk_entries[2] = middle;
    geometry.walk_entries[3] = leaf;
    return geometry;
}

/*  page 0 and 1 share all tables, page 512 all but the leaf's, 1 << 18 only the root and one more  */
static void
k1_a_walk_begins_at_the_deepest_table_that_is_known(void **state)
{
    static const struct {
        uint32_t entries[3];
        uint64_t vpn[5];
        uint32_t reads[5];
    } cases[] = {
        { { 0, 0, 0 }, { 0, 0, 1, 512, 0 }, { 4, 4, 4, 4, 4 } },
        { { 0, 0, 2 }, { 0, 1, 512, 513, 1 }, { 4, 1, 4, 1, 1 } },
        { { 0, 0, 1 }, { 0, 512, 0, 0, 512 }, { 4, 4, 4, 1, 4 } },
        { { 2, 2, 2 }, { 0, 512, (uint64_t)1 << 18, 1, 512 }, { 4, 2, 3, 2, 2 } },
    };

    (void)state;
    for (size_t i = 0; i < VMM_COUNT_OF(cases); i++) {
        struct hw_geometry geometry =
            shape(cases[i].entries[0], cases[i].entries[1], cases[i].entries[2]);
        struct counting_alloc counting;
        struct hw_walk_cache cache;

        counting_alloc_init(&counting);
        assert_true(hw_walk_cache_init(&cache, &counting.alloc, &geometry));
        for (size_t at = 0; at < 5; at++)
            assert_int_equal(hw_walk_cache_reads(&cache, &geometry, cases[i].vpn[at], 1, 4),
                             cases[i].reads[at]);
        assert_int_equal(hw_walk_cache_reads(&cache, &geometry, cases[i].vpn[4], 2, 4),
                         4); /* not its space */
        hw_walk_cache_destroy(&cache, &counting.alloc);
        test_alloc_assert_empty(&counting);
    }
}

static void
a_flush_forgets_its_space_or_everything(void **state)
{
    struct hw_geometry geometry = shape(4, 4, 4);
    struct counting_alloc counting;
    struct hw_walk_cache cache;

    (void)state;
    counting_alloc_init(&counting);
    assert_true(hw_walk_cache_init(&cache, &counting.alloc, &geometry));
    (void)hw_walk_cache_reads(&cache, &geometry, 0, 1, 4);
    (void)hw_walk_cache_reads(&cache, &geometry, 0, 2, 4);
    hw_walk_cache_flush_asid(&cache, 1);
    assert_int_equal(hw_walk_cache_reads(&cache, &geometry, 0, 2, 4), 1);
    assert_int_equal(hw_walk_cache_reads(&cache, &geometry, 0, 1, 4), 4);
    hw_walk_cache_flush_all(&cache);
    assert_int_equal(hw_walk_cache_reads(&cache, &geometry, 0, 2, 4), 4);
    assert_int_equal(hw_walk_cache_reads(&cache, &geometry, 1, 2, 2),
                     1); /* it ends where a table is missing */
    hw_walk_cache_destroy(&cache, &counting.alloc);
    test_alloc_assert_empty(&counting);
}

static bool
make_and_unmake(struct counting_alloc *counting)
{
    struct hw_geometry geometry = shape(4, 4, 4);
    struct hw_walk_cache cache;
    bool made = hw_walk_cache_init(&cache, &counting->alloc, &geometry);

    if (made)
        hw_walk_cache_destroy(&cache, &counting->alloc);
    return made;
}

static void
init_keeps_nothing_when_it_fails(void **state)
{
    (void)state;
    assert_int_equal(test_alloc_sweep(make_and_unmake), 3);
}

/*  three levels of the machine's, four of the space's: what is as far from the leaves is remembered  */
static void
a_space_with_more_levels_uses_the_lower_ones(void **state)
{
    struct hw_geometry machine = hw_geometry_arm64_16k;
    struct hw_geometry small = hw_geometry_small(&machine);
    struct counting_alloc counting;
    struct hw_walk_cache cache;

    (void)state;
    machine.walk_entries[2] = 2; /* of tables of leaves */
    counting_alloc_init(&counting);
    assert_true(hw_walk_cache_init(&cache, &counting.alloc, &machine));
    assert_int_equal(hw_walk_cache_reads(&cache, &small, 0, 1, 4), 4);
    assert_int_equal(hw_walk_cache_reads(&cache, &small, 511, 1, 4), 1);
    assert_int_equal(hw_walk_cache_reads(&cache, &small, 512, 1, 4), 4);
    assert_int_equal(hw_walk_cache_reads(&cache, &machine, 512, 2, 3), 3);
    assert_int_equal(hw_walk_cache_reads(&cache, &machine, 0, 2, 3), 1);
    hw_walk_cache_destroy(&cache, &counting.alloc);
    test_alloc_assert_empty(&counting);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(k1_a_walk_begins_at_the_deepest_table_that_is_known),
        cmocka_unit_test(a_flush_forgets_its_space_or_everything),
        cmocka_unit_test(a_space_with_more_levels_uses_the_lower_ones),
        cmocka_unit_test(init_keeps_nothing_when_it_fails),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

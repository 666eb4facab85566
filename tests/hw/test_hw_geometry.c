/* test_hw_geometry.c - the shapes of machines hold together */
#include "hw/hw_geometry.h"
#include "test_alloc.h"

#include <string.h>

static const struct hw_geometry *const all[] = { &hw_geometry_x86_64, &hw_geometry_arm64_16k };

/*  x86_64: 12 + 4 * 9 == 48      arm64: 14 + 3 * 11 == 47, and the half chooses the root  */
static void
g1_pages_and_tables_cover_the_address_space(void **state)
{
    (void)state;
    for (size_t i = 0; i < VMM_COUNT_OF(all); i++)
        assert_in_range(all[i]->page_shift + all[i]->levels * all[i]->index_bits,
                        all[i]->va_bits - 1, all[i]->va_bits);
}

static void
g2_sets_are_powers_of_two(void **state)
{
    (void)state;
    for (size_t i = 0; i < VMM_COUNT_OF(all); i++) {
        const struct hw_tlb_geometry levels[] = { all[i]->l1, all[i]->l2 };

        for (size_t level = 0; level < 2; level++) {
            assert_true(levels[level].ways >= 1);
            assert_true(levels[level].sets >= 1);
            assert_int_equal(levels[level].sets & (levels[level].sets - 1), 0);
        }
    }
}

/*  arm64: 12 + 4 * 9 == 48, the rest is the machine's; a table is one page of the space  */
static void
g3_a_space_may_have_smaller_pages(void **state)
{
    struct hw_geometry small = hw_geometry_small(&hw_geometry_arm64_16k);

    (void)state;
    assert_int_equal(hw_page_bytes(&small), 4096);
    assert_int_equal(small.page_shift + small.levels * small.index_bits, small.va_bits);
    assert_int_equal((vmm_size)8 << small.index_bits, hw_page_bytes(&small));
    assert_int_equal(small.user_max, hw_geometry_arm64_16k.user_max);
    assert_true(small.has_software_refmod && small.has_broadcast_flush);
}

/*  a table page is exactly one page of words  */
static void
a_table_fills_one_page(void **state)
{
    (void)state;
    for (size_t i = 0; i < VMM_COUNT_OF(all); i++)
        assert_int_equal(((vmm_size)8) << all[i]->index_bits, hw_page_bytes(all[i]));
}

static void
x86_64_has_skylakes_numbers(void **state)
{
    (void)state;
    assert_string_equal(hw_geometry_x86_64.name, "x86_64");
    assert_true(strlen(hw_geometry_x86_64.source) > 0);
    assert_int_equal(hw_page_bytes(&hw_geometry_x86_64), 4096);
    assert_int_equal(hw_geometry_x86_64.l1.sets * hw_geometry_x86_64.l1.ways, 64);
    assert_int_equal(hw_geometry_x86_64.l2.sets * hw_geometry_x86_64.l2.ways, 1536);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(g1_pages_and_tables_cover_the_address_space),
        cmocka_unit_test(g2_sets_are_powers_of_two),
        cmocka_unit_test(g3_a_space_may_have_smaller_pages),
        cmocka_unit_test(a_table_fills_one_page),
        cmocka_unit_test(x86_64_has_skylakes_numbers),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

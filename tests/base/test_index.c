/* test_index.c - the wide tree against a plain array */
#include "base/index.h"
#include "base/rng.h"
#include "test_alloc.h"

struct fixture {
    struct counting_alloc counting;
    struct vmm_zone zone;
    struct vmm_index index;
};

static int
setup(void **state)
{
    static struct fixture fixture;

    counting_alloc_init(&fixture.counting);
    vmm_zone_init(&fixture.zone, &fixture.counting.alloc, sizeof(struct vmm_index_node));
    vmm_index_init(&fixture.index, &fixture.zone);
    *state = &fixture;
    return 0;
}

static int
teardown(void **state)
{
    struct fixture *f = *state;

    assert_true(vmm_index_check(&f->index));
    vmm_index_destroy(&f->index);
    assert_int_equal(f->zone.pieces_in_use, 0);
    vmm_zone_destroy(&f->zone);
    test_alloc_assert_empty(&f->counting);
    return 0;
}

static char members[8000]; /* the member of key n is &members[n] */

static void
an_empty_index_finds_nothing(void **state)
{
    struct fixture *f = *state;

    assert_null(vmm_index_find(&f->index, 0));
    assert_null(vmm_index_find(&f->index, UINT64_MAX));
    assert_false(vmm_index_remove(&f->index, 0));
    assert_int_equal(f->counting.requests, 0);
}

/*  rising keys leave full nodes behind, falling ones half full ones or better  */
static void
members_in_rising_order_make_full_nodes(void **state)
{
    struct fixture *f = *state;

    for (uint64_t key = 0; key < VMM_COUNT_OF(members); key++)
        assert_true(vmm_index_insert(&f->index, key, &members[key]));
    assert_true(vmm_index_check(&f->index));
    assert_in_range(f->zone.pieces_in_use, 1, VMM_COUNT_OF(members) / (VMM_INDEX_WIDTH - 1) + 3);
    for (uint64_t key = 0; key < VMM_COUNT_OF(members); key++)
        assert_ptr_equal(vmm_index_find(&f->index, key), &members[key]);
    for (uint64_t key = 0; key < VMM_COUNT_OF(members); key++)
        assert_true(vmm_index_remove(&f->index, key));
    assert_int_equal(f->zone.pieces_in_use, 0); /* X2 */
}

/*  UINT64_MAX is no key, and is above all: it finds the last member, in a root that is a leaf, in a full
 *  one and in a tree; a place that was used before tells nothing                                   */
static void
the_largest_number_finds_the_last_member(void **state)
{
    struct fixture *f = *state;

    for (uint64_t key = 0; key < VMM_COUNT_OF(members) - 1; key++) {
        assert_true(vmm_index_insert(&f->index, key, &members[key]));
        assert_ptr_equal(vmm_index_find(&f->index, UINT64_MAX), &members[key]);
        assert_false(vmm_index_remove(&f->index, UINT64_MAX));
        assert_int_equal(f->index.count, key + 1);
    }
    assert_true(vmm_index_insert(&f->index, UINT64_MAX - 1, &members[VMM_COUNT_OF(members) - 1]));
    assert_ptr_equal(vmm_index_find(&f->index, UINT64_MAX), &members[VMM_COUNT_OF(members) - 1]);
    assert_true(vmm_index_remove(&f->index, UINT64_MAX - 1));
    for (uint64_t key = VMM_COUNT_OF(members) - 1; key-- > 0;) {
        assert_ptr_equal(vmm_index_find(&f->index, UINT64_MAX), &members[key]);
        assert_false(vmm_index_remove(&f->index, UINT64_MAX));
        assert_true(vmm_index_remove(&f->index, key));
    }
}

static void
random_operations_agree_with_a_plain_array(void **state)
{
    struct fixture *f = *state;
    static bool there[VMM_COUNT_OF(members)];
    struct vmm_rng rng = { 5 };
    size_t count = 0;

    for (unsigned step = 0; step < 60000; step++) {
        uint64_t span =
            step / 10000 % 2 == 0 ? VMM_COUNT_OF(members) : 300; /* grows, and shrinks */
        uint64_t key = vmm_rng_below(&rng, span);
        uint64_t before = vmm_rng_below(&rng, VMM_COUNT_OF(members));
        void *found = vmm_index_find(&f->index, before);

        while (before > 0 && !there[before])
            before--;
        assert_ptr_equal(found, there[before] ? &members[before] : NULL);
        assert_int_equal(vmm_index_remove(&f->index, key), there[key]);
        count -= there[key];
        if (!there[key] && vmm_rng_below(&rng, 4) > step / 10000 % 2 * 2) {
            assert_true(vmm_index_insert(&f->index, key, &members[key]));
            there[key] = true;
            count++;
        } else {
            there[key] = false;
        }
        assert_int_equal(f->index.count, count);
        if (step % 500 == 0)
            assert_true(vmm_index_check(&f->index));
    }
}

/* Enough for three levels; what failed changed nothing. */
static bool
insert_many(struct counting_alloc *counting)
{
    struct vmm_zone zone;
    struct vmm_index index;
    size_t count = 0;

    vmm_zone_init(&zone, &counting->alloc, sizeof(struct vmm_index_node));
    vmm_index_init(&index, &zone);
    while (count < 5000 && vmm_index_insert(&index, count * 7 % 5003, &members[count]))
        count++;
    assert_int_equal(index.count, count);
    assert_true(count == 0 || vmm_index_check(&index));
    vmm_index_destroy(&index);
    assert_int_equal(zone.pieces_in_use, 0);
    vmm_zone_destroy(&zone);
    return count == 5000;
}

static void
an_insert_without_a_node_changes_nothing(void **state)
{
    (void)state;
    assert_in_range(test_alloc_sweep(insert_many), 3, 200);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(an_empty_index_finds_nothing, setup, teardown),
        cmocka_unit_test_setup_teardown(members_in_rising_order_make_full_nodes, setup, teardown),
        cmocka_unit_test_setup_teardown(the_largest_number_finds_the_last_member, setup, teardown),
        cmocka_unit_test_setup_teardown(random_operations_agree_with_a_plain_array, setup,
                                        teardown),
        cmocka_unit_test(an_insert_without_a_node_changes_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

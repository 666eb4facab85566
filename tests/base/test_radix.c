/* test_radix.c - a sparse array against a plain one */
#include "base/radix.h"
#include "base/rng.h"
#include "test_alloc.h"

struct fixture {
    struct counting_alloc counting;
    struct vmm_radix_store store;
    struct vmm_radix radix;
};

static int
setup(void **state)
{
    static struct fixture fixture;

    counting_alloc_init(&fixture.counting);
    vmm_radix_store_init(&fixture.store, &fixture.counting.alloc);
    vmm_radix_init(&fixture.radix, &fixture.store);
    *state = &fixture;
    return 0;
}

/* Pieces of all kinds that somebody has. */
static size_t
nodes_in_use(const struct vmm_radix_store *store)
{
    return store->nodes.pieces_in_use + store->leaves.pieces_in_use + store->values.pieces_in_use;
}

static uint64_t
count_leaf(const struct vmm_radix *radix, const struct vmm_radix_leaf *leaf)
{
    uint32_t used = 0;

    for (uint32_t slot = 0; slot < VMM_RADIX_FANOUT; slot++) {
        if (!(leaf->held >> slot & 1))
            continue;
        used++;
        assert_ptr_equal(vmm_radix_leaf(radix, leaf->first + slot), leaf);
        assert_ptr_equal(vmm_radix_at(radix->store, vmm_radix_place(leaf, slot)), leaf);
    }
    assert_ptr_equal(leaf->radix, radix);
    assert_int_equal(leaf->head.used, used);
    return used;
}

/* R2 below `head`; R3 by counting. */
static uint64_t
count_values(const struct vmm_radix *radix, struct vmm_radix_head *head)
{
    const struct vmm_radix_node *node = VMM_CONTAINER(head, struct vmm_radix_node, head);
    uint64_t values = 0;
    uint32_t used = 0;

    assert_int_not_equal(head->used, 0);
    if (head->shift == 0)
        return count_leaf(radix, VMM_CONTAINER(head, struct vmm_radix_leaf, head));
    for (uint32_t slot = 0; slot < VMM_RADIX_FANOUT; slot++) {
        if (node->child[slot] == NULL)
            continue;
        assert_int_equal(node->child[slot]->shift, head->shift - VMM_RADIX_SHIFT);
        used++;
        values += count_values(radix, node->child[slot]);
    }
    assert_int_equal(head->used, used);
    return values;
}

static void
check(const struct vmm_radix *radix)
{
    assert_int_equal(radix->count, radix->root == NULL ? 0 : count_values(radix, radix->root));
}

static int
teardown(void **state)
{
    struct fixture *f = *state;

    check(&f->radix);
    vmm_radix_destroy(&f->radix);
    assert_int_equal(nodes_in_use(&f->store), 0);
    vmm_radix_store_destroy(&f->store);
    test_alloc_assert_empty(&f->counting);
    return 0;
}

static void
an_empty_array_holds_nothing_and_costs_nothing(void **state)
{
    struct fixture *f = *state;
    uint64_t index = 0;
    uint32_t value;

    assert_int_equal(vmm_radix_get(&f->radix, 0), 0);
    assert_int_equal(vmm_radix_get(&f->radix, UINT64_MAX), 0);
    assert_int_equal(vmm_radix_clear(&f->radix, 5), 0);
    assert_false(vmm_radix_next(&f->radix, &index, &value));
    assert_int_equal(f->counting.requests, 0);
}

static void
a_value_is_read_back_replaced_and_cleared(void **state)
{
    struct fixture *f = *state;

    assert_true(vmm_radix_set(&f->radix, 70, 7));
    assert_true(vmm_radix_set(&f->radix, 70, 8));
    assert_int_equal(vmm_radix_get(&f->radix, 70), 8);
    assert_int_equal(vmm_radix_get(&f->radix, 71), 0);
    assert_int_equal(f->radix.count, 1);
    assert_int_equal(vmm_radix_clear(&f->radix, 70), 8);
    assert_int_equal(vmm_radix_get(&f->radix, 70), 0);
}

/*  one value far out, and again none: not a node stays, on the way up or down  */
static void
r2_no_empty_node_stays(void **state)
{
    static const uint64_t far[] = { 0, 63, 64, 4095, 4096, (uint64_t)1 << 40, UINT64_MAX };
    struct fixture *f = *state;

    for (size_t i = 0; i < VMM_COUNT_OF(far); i++) {
        assert_true(vmm_radix_set(&f->radix, far[i], 1));
        check(&f->radix);
        assert_int_equal(vmm_radix_clear(&f->radix, far[i]), 1);
        assert_int_equal(nodes_in_use(&f->store), 0);
    }
}

/*  index   0    5    64   2^20   2^63   max
 *  value   1    2    3    4      5      6                                                  */
static void
next_walks_in_order_over_huge_gaps(void **state)
{
    static const uint64_t places[] = { 0, 5, 64, (uint64_t)1 << 20, (uint64_t)1 << 63, UINT64_MAX };
    struct fixture *f = *state;
    uint64_t index = 0;
    uint32_t value;

    for (uint32_t i = 0; i < VMM_COUNT_OF(places); i++)
        assert_true(vmm_radix_set(&f->radix, places[i], i + 1));
    for (uint32_t i = 0; i < VMM_COUNT_OF(places); i++, index++) {
        assert_true(vmm_radix_next(&f->radix, &index, &value));
        assert_int_equal(index, places[i]);
        assert_int_equal(value, i + 1);
    }
    vmm_radix_clear(&f->radix, UINT64_MAX);
    index = ((uint64_t)1 << 63) + 1;
    assert_false(vmm_radix_next(&f->radix, &index, &value));
}

static void
random_operations_agree_with_a_plain_array(void **state)
{
    enum { SPAN = 9000 };
    static uint32_t plain[SPAN];
    struct fixture *f = *state;
    struct vmm_rng rng = { 2 };
    uint64_t base = ((uint64_t)1 << 36) - SPAN / 2; /* straddles a node on every level */

    for (unsigned step = 0; step < 40000; step++) {
        uint64_t i = vmm_rng_below(&rng, SPAN);
        uint32_t value = (uint32_t)vmm_rng_below(&rng, 1000);

        if (value > 900) /* in a row with what is there, as far as that is */
            value = (uint32_t)(i + 1);
        if (value < 400) {
            assert_int_equal(vmm_radix_clear(&f->radix, base + i), plain[i]);
            plain[i] = 0;
        } else {
            assert_true(vmm_radix_set(&f->radix, base + i, value));
            plain[i] = value;
        }
        if (step % 1000 == 0)
            check(&f->radix);
    }
    for (uint64_t i = 0, at = base; i < SPAN; i++) {
        uint32_t value;

        assert_int_equal(vmm_radix_get(&f->radix, base + i), plain[i]);
        if (plain[i] == 0)
            continue;
        assert_true(vmm_radix_next(&f->radix, &at, &value));
        assert_int_equal(at++, base + i);
        assert_int_equal(value, plain[i]);
    }
}

/*  slot    0 1 2 3 ... 63         a row takes no room, whatever is cleared of it and set again
 *  value   5 6 7 8     68         as it was; another value does                              */
static void
r5_values_in_a_row_take_no_room(void **state)
{
    struct fixture *f = *state;

    for (uint32_t slot = 0; slot < VMM_RADIX_FANOUT; slot++)
        assert_true(vmm_radix_set(&f->radix, slot, 5 + slot));
    assert_int_equal(vmm_radix_clear(&f->radix, 0), 5);
    assert_int_equal(vmm_radix_clear(&f->radix, 7), 12);
    assert_true(vmm_radix_set(&f->radix, 7, 12));
    assert_int_equal(f->store.values.pieces_in_use, 0);
    assert_int_equal(vmm_radix_row(&f->radix, 1, 100), 63);

    assert_true(vmm_radix_set(&f->radix, 7, 13));
    assert_int_equal(f->store.values.pieces_in_use, 1);
    assert_int_equal(vmm_radix_row(&f->radix, 1, 100), 6);
    assert_int_equal(vmm_radix_get(&f->radix, 0), 0);
    assert_int_equal(vmm_radix_get(&f->radix, 8), 13);
}

/*  leaf      0           1            2
 *  values    1 ... 64    65 ... 128   129 130 .  132       rows, and what is held, go over leaves  */
static void
rows_and_what_is_held_reach_over_leaves(void **state)
{
    struct fixture *f = *state;

    for (uint32_t i = 0; i < 132; i++)
        assert_true(vmm_radix_set(&f->radix, i, i + 1));
    assert_int_equal(vmm_radix_clear(&f->radix, 130), 131);
    assert_int_equal(vmm_radix_row(&f->radix, 3, UINT32_MAX), 127);
    assert_int_equal(vmm_radix_row(&f->radix, 3, 70), 70);
    assert_int_equal(vmm_radix_row(&f->radix, 130, 70), 0);
    assert_int_equal(vmm_radix_held(&f->radix, 3, UINT32_MAX), 127);
    assert_int_equal(vmm_radix_held(&f->radix, 131, UINT32_MAX), 1);
    assert_int_equal(vmm_radix_held(&f->radix, 130, UINT32_MAX), 0);
    assert_int_equal(vmm_radix_vacant(&f->radix, 130, 9), 1);
    assert_int_equal(vmm_radix_vacant(&f->radix, 132, 9), 9);
    assert_int_equal(vmm_radix_vacant(&f->radix, 132, 100), 60); /* in that leaf */
    assert_int_equal(vmm_radix_vacant(&f->radix, 1000, 9), 9);
}

/*  index     4000 ... 4095    4096 ... 4299     the 64 leaves of one node end between               */
static void
rows_and_what_is_held_reach_over_nodes(void **state)
{
    struct fixture *f = *state;

    for (uint32_t i = 4000; i < 4300; i++)
        assert_true(vmm_radix_set(&f->radix, i, i));
    assert_int_equal(vmm_radix_row(&f->radix, 4000, UINT32_MAX), 300);
    assert_int_equal(vmm_radix_held(&f->radix, 4000, UINT32_MAX), 300);
    assert_int_equal(vmm_radix_clear(&f->radix, 4096), 4096);
    assert_int_equal(vmm_radix_row(&f->radix, 4000, UINT32_MAX), 96);
    assert_int_equal(vmm_radix_held(&f->radix, 4000, UINT32_MAX), 96);
    assert_int_equal(vmm_radix_row(&f->radix, 4097, UINT32_MAX), 203);
}

/* A value that breaks a row needs room for all, and without it nothing changes; the second time it has it. */
static bool
break_a_row(struct counting_alloc *counting)
{
    struct vmm_radix_store store;
    struct vmm_radix radix;
    bool got_all;

    vmm_radix_store_init(&store, &counting->alloc);
    vmm_radix_init(&radix, &store);
    got_all = vmm_radix_set(&radix, 70, 5) && vmm_radix_set(&radix, 71, 6);
    if (got_all) {
        got_all = vmm_radix_set(&radix, 72, 9);
        assert_int_equal(radix.count, 2 + got_all);
        assert_int_equal(vmm_radix_get(&radix, 71), 6);
        assert_int_equal(vmm_radix_get(&radix, 72), got_all ? 9 : 0);
        check(&radix);
    }
    vmm_radix_destroy(&radix);
    assert_int_equal(nodes_in_use(&store), 0);
    vmm_radix_store_destroy(&store);
    return got_all;
}

static void
a_row_that_cannot_be_broken_stays(void **state)
{
    (void)state;
    assert_in_range(test_alloc_sweep(break_a_row), 3, 100);
}

static void
a_stored_value_is_replaced_without_memory(void **state)
{
    struct fixture *f = *state;
    struct vmm_radix stored;

    vmm_radix_init_stored(&stored, &f->store);
    assert_true(vmm_radix_set(&stored, 70, 1) && vmm_radix_set(&stored, 71, 2));
    f->counting.fail_at = f->counting.requests + 1;
    assert_true(vmm_radix_set(&stored, 71, 9));
    assert_int_equal(vmm_radix_get(&stored, 70), 1);
    assert_int_equal(vmm_radix_get(&stored, 71), 9);
    f->counting.fail_at = 0;
    vmm_radix_destroy(&stored);
}

/* Sets far apart, so that the tree grows and each path is long; what failed changed nothing. */
static bool
set_far_apart(struct counting_alloc *counting)
{
    struct vmm_radix_store store;
    struct vmm_radix radix;
    bool got_all = true;

    vmm_radix_store_init(&store, &counting->alloc);
    store.nodes.piece_bytes = 40000; /* four nodes a chunk: many requests can fail */
    vmm_radix_init(&radix, &store);
    for (uint64_t i = 0; i < 6 && got_all; i++) {
        uint64_t before = radix.count;

        got_all = vmm_radix_set(&radix, i << (i * 10), (uint32_t)i + 1);
        assert_int_equal(radix.count, before + got_all);
        check(&radix);
    }
    vmm_radix_destroy(&radix);
    assert_int_equal(nodes_in_use(&store), 0);
    vmm_radix_store_destroy(&store);
    return got_all;
}

static void
a_set_without_a_node_changes_nothing(void **state)
{
    (void)state;
    assert_in_range(test_alloc_sweep(set_far_apart), 3, 100);
}

static void
exchanged_arrays_hold_what_the_other_did(void **state)
{
    struct fixture *fixture = *state;
    struct vmm_radix other;
    struct vmm_radix_leaf *leaf;
    uint32_t place;

    vmm_radix_init(&other, &fixture->store);
    leaf = vmm_radix_put(&fixture->radix, 70, 7);
    assert_non_null(leaf);
    place = vmm_radix_place(leaf, 70);
    assert_true(vmm_radix_set(&fixture->radix, UINT64_MAX, 8));
    vmm_radix_exchange(&fixture->radix, &other);

    assert_int_equal(fixture->radix.count, 0);
    assert_int_equal(vmm_radix_get(&fixture->radix, 70), 0);
    assert_int_equal(vmm_radix_get(&other, 70), 7);
    assert_int_equal(vmm_radix_get(&other, UINT64_MAX), 8);
    assert_ptr_equal(vmm_radix_at(&fixture->store, place)->radix, &other);
    assert_ptr_equal(vmm_radix_leaf(&other, UINT64_MAX)->radix, &other);
    vmm_radix_destroy(&other);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(an_empty_array_holds_nothing_and_costs_nothing, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(a_value_is_read_back_replaced_and_cleared, setup, teardown),
        cmocka_unit_test_setup_teardown(r2_no_empty_node_stays, setup, teardown),
        cmocka_unit_test_setup_teardown(next_walks_in_order_over_huge_gaps, setup, teardown),
        cmocka_unit_test_setup_teardown(random_operations_agree_with_a_plain_array, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(exchanged_arrays_hold_what_the_other_did, setup, teardown),
        cmocka_unit_test_setup_teardown(r5_values_in_a_row_take_no_room, setup, teardown),
        cmocka_unit_test_setup_teardown(rows_and_what_is_held_reach_over_leaves, setup, teardown),
        cmocka_unit_test_setup_teardown(rows_and_what_is_held_reach_over_nodes, setup, teardown),
        cmocka_unit_test(a_row_that_cannot_be_broken_stays),
        cmocka_unit_test_setup_teardown(a_stored_value_is_replaced_without_memory, setup, teardown),
        cmocka_unit_test(a_set_without_a_node_changes_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

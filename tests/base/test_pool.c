/* test_pool.c - pieces by number against a plain array */
#include "base/pool.h"
#include "base/rng.h"
#include "test_alloc.h"

enum { LIMIT = 200 };

/* Random takes and gives: nobody's piece is another's, and each keeps what its owner wrote. */
static void
l1_l2_pieces_are_zeroed_and_nobody_elses(void **state)
{
    struct counting_alloc counting;
    struct vmm_rng rng = { 3 };
    struct vmm_pool pool;
    bool taken[LIMIT] = { false };
    uint32_t in_use = 0;

    (void)state;
    counting_alloc_init(&counting);
    vmm_pool_init(&pool, &counting.alloc, 2 * sizeof(uint32_t), LIMIT);
    for (unsigned step = 0; step < 20000; step++) {
        uint32_t number = (uint32_t)vmm_rng_below(&rng, LIMIT);
        uint32_t *piece;

        if (taken[number]) {
            piece = vmm_pool_at(&pool, number);
            assert_int_equal(piece[1], number);
            vmm_pool_give(&pool, number);
            taken[number] = false;
            in_use--;
            continue;
        }
        number = vmm_pool_take(&pool);
        if (number == 0) {
            assert_int_equal(in_use, LIMIT - 1); /* 0 is nobody's */
            continue;
        }
        assert_in_range(number, 1, LIMIT - 1);
        assert_false(taken[number]);
        piece = vmm_pool_at(&pool, number);
        assert_int_equal(piece[0] | piece[1], 0);
        piece[0] = piece[1] = number;
        taken[number] = true;
        in_use++;
        assert_int_equal(pool.pieces_in_use, in_use);
    }
    vmm_pool_destroy(&pool);
    test_alloc_assert_empty(&counting);
}

/* Takes more than a chunk; what failed changed nothing. */
static bool
take_many(struct counting_alloc *counting)
{
    struct vmm_pool pool;
    uint32_t count = 0;

    vmm_pool_init(&pool, &counting->alloc, sizeof(uint32_t), 1000);
    while (count < 3 * VMM_POOL_PIECES && vmm_pool_take(&pool) != 0)
        count++;
    assert_int_equal(pool.pieces_in_use, count);
    vmm_pool_destroy(&pool);
    return count == 3 * VMM_POOL_PIECES;
}

static void
a_take_without_memory_changes_nothing(void **state)
{
    (void)state;
    assert_in_range(test_alloc_sweep(take_many), 4, 10);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(l1_l2_pieces_are_zeroed_and_nobody_elses),
        cmocka_unit_test(a_take_without_memory_changes_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* test_core_set.c - digests that were added are found, whatever they are */
#include "core_set.h"

#include "test_alloc.h"

enum { MANY = 10000 };

/* Digests that all want the same slot, at any size. */
static uint64_t
colliding(uint64_t i)
{
    return i << 32 | i;
}

static void
an_empty_set_has_nothing_and_takes_nothing(void **state)
{
    struct counting_alloc counting;
    struct core_set set;

    (void)state;
    counting_alloc_init(&counting);
    core_set_init(&set, &counting.alloc);
    assert_false(core_set_has(&set, 0));
    assert_false(core_set_has(&set, 7));
    core_set_clear(&set);
    assert_int_equal(set.capacity, 0);
    core_set_destroy(&set);
    test_alloc_assert_empty(&counting);
}

static void
S1_what_was_added_is_found_until_the_set_is_cleared(void **state)
{
    struct counting_alloc counting;
    struct core_set set;

    (void)state;
    counting_alloc_init(&counting);
    core_set_init(&set, &counting.alloc);
    for (int round = 0; round < 2; round++) {
        for (uint64_t i = 0; i < MANY; i++) {
            assert_false(core_set_has(&set, i << 20));
            assert_true(core_set_add(&set, i << 20));
            assert_false(core_set_add(&set, i << 20));
        }
        for (uint64_t i = 0; i < MANY; i++)
            assert_true(core_set_has(&set, i << 20));
        assert_int_equal(set.count, MANY);
        core_set_clear(&set);
        assert_int_equal(set.count, 0);
    }
    core_set_destroy(&set);
    test_alloc_assert_empty(&counting);
}

static void
digests_that_want_the_same_slot_are_told_apart(void **state)
{
    struct counting_alloc counting;
    struct core_set set;

    (void)state;
    counting_alloc_init(&counting);
    core_set_init(&set, &counting.alloc);
    for (uint64_t i = 1; i <= 700; i++)
        assert_true(core_set_add(&set, colliding(i)));
    for (uint64_t i = 1; i <= 700; i++)
        assert_true(core_set_has(&set, colliding(i)));
    assert_false(core_set_has(&set, colliding(701)));
    core_set_destroy(&set);
    test_alloc_assert_empty(&counting);
}

static void
S2_at_most_half_of_the_slots_are_taken(void **state)
{
    struct counting_alloc counting;
    struct core_set set;

    (void)state;
    counting_alloc_init(&counting);
    core_set_init(&set, &counting.alloc);
    for (uint64_t i = 0; i < MANY; i++) {
        core_set_add(&set, i * UINT64_C(0x9E3779B97F4A7C15));
        assert_true(2 * set.count <= set.capacity);
    }
    core_set_destroy(&set);
    test_alloc_assert_empty(&counting);
}

static void
without_memory_a_digest_is_not_kept_and_those_before_stay(void **state)
{
    struct counting_alloc counting;
    struct core_set set;
    uint64_t last = 1;

    (void)state;
    counting_alloc_init(&counting);
    core_set_init(&set, &counting.alloc);
    assert_true(core_set_add(&set, last));
    test_alloc_fail_next(&counting, 1);
    while (!set.is_exhausted)
        assert_true(core_set_add(&set, ++last));
    assert_false(core_set_has(&set, last));
    assert_int_equal(set.count, last - 1);
    for (uint64_t kept = 1; kept < last; kept++)
        assert_true(core_set_has(&set, kept));
    core_set_destroy(&set);
    test_alloc_assert_empty(&counting);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_empty_set_has_nothing_and_takes_nothing),
        cmocka_unit_test(S1_what_was_added_is_found_until_the_set_is_cleared),
        cmocka_unit_test(digests_that_want_the_same_slot_are_told_apart),
        cmocka_unit_test(S2_at_most_half_of_the_slots_are_taken),
        cmocka_unit_test(without_memory_a_digest_is_not_kept_and_those_before_stay),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

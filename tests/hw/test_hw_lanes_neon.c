/*
 * test_hw_lanes_neon.c - arm64's lanes against plain arrays
 *
 * They are written in what gcc and clang know everywhere, so that every machine can try them.
 */
#include "hw/hw_lanes_neon.h"

#include "test_alloc.h"

enum { A = 10, B = 20, C = 30, D = 40 };

static void
assert_lanes(hw_lanes lanes, uint64_t first, uint64_t second, uint64_t third, uint64_t fourth)
{
    const uint64_t wanted[] = { first, second, third, fourth };
    uint64_t words[HW_LANES + 1] = { 0 }; /* at no place where 16 bytes would like to be */

    hw_lanes_store(words + 1, lanes);
    assert_memory_equal(words + 1, wanted, sizeof(wanted));
}

static hw_lanes
a_to_d(void)
{
    static const uint64_t words[] = { 0, A, B, C, D };

    return hw_lanes_load(words + 1);
}

static void
what_is_loaded_is_stored(void **state)
{
    (void)state;
    assert_lanes(a_to_d(), A, B, C, D);
    assert_lanes(hw_lanes_all(7), 7, 7, 7, 7);
}

static void
each_lane_has_its_bit(void **state)
{
    (void)state;
    assert_int_equal(hw_lanes_that_are(A, a_to_d()), 1);
    assert_int_equal(hw_lanes_that_are(B, a_to_d()), 2);
    assert_int_equal(hw_lanes_that_are(C, a_to_d()), 4);
    assert_int_equal(hw_lanes_that_are(D, a_to_d()), 8);
    assert_int_equal(hw_lanes_that_are(0, a_to_d()), 0);
    assert_int_equal(hw_lanes_that_are(7, hw_lanes_all(7)), 15);
}

/*  a word is found by all of its bits  */
static void
halves_that_are_alike_are_no_match(void **state)
{
    (void)state;
    assert_int_equal(hw_lanes_that_are(A | (uint64_t)1 << 32, a_to_d()), 0);
    assert_int_equal(hw_lanes_that_are(A, hw_lanes_all(A | (uint64_t)1 << 63)), 0);
}

static void
bits_are_left_out_of_each_lane(void **state)
{
    (void)state;
    assert_lanes(hw_lanes_without(2, a_to_d()), 8, 20, 28, 40);
    assert_lanes(hw_lanes_without((uint64_t)3 << 62, hw_lanes_all(UINT64_MAX)), UINT64_MAX >> 2,
                 UINT64_MAX >> 2, UINT64_MAX >> 2, UINT64_MAX >> 2);
}

static void
lanes_go_one_place_back(void **state)
{
    (void)state;
    assert_lanes(hw_lanes_behind(hw_lanes_all(7), a_to_d()), 7, A, B, C);
    assert_lanes(hw_lanes_behind(a_to_d(), hw_lanes_all(7)), D, 7, 7, 7);
}

static void
lanes_up_to_the_last_move(void **state)
{
    hw_lanes moved = hw_lanes_all(7);

    (void)state;
    assert_lanes(hw_lanes_up_to(0, moved, a_to_d()), 7, B, C, D);
    assert_lanes(hw_lanes_up_to(1, moved, a_to_d()), 7, 7, C, D);
    assert_lanes(hw_lanes_up_to(2, moved, a_to_d()), 7, 7, 7, D);
    assert_lanes(hw_lanes_up_to(3, moved, a_to_d()), 7, 7, 7, 7);
    assert_lanes(hw_lanes_up_to(11, moved, a_to_d()), 7, 7, 7, 7);
}

static void
one_lane_goes_to_the_front(void **state)
{
    (void)state;
    assert_lanes(hw_lanes_front(a_to_d(), 0, A), A, B, C, D);
    assert_lanes(hw_lanes_front(a_to_d(), 1, B), B, A, C, D);
    assert_lanes(hw_lanes_front(a_to_d(), 2, C), C, A, B, D);
    assert_lanes(hw_lanes_front(a_to_d(), 3, D), D, A, B, C);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_loaded_is_stored),
        cmocka_unit_test(each_lane_has_its_bit),
        cmocka_unit_test(halves_that_are_alike_are_no_match),
        cmocka_unit_test(bits_are_left_out_of_each_lane),
        cmocka_unit_test(lanes_go_one_place_back),
        cmocka_unit_test(lanes_up_to_the_last_move),
        cmocka_unit_test(one_lane_goes_to_the_front),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

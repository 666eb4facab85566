/* test_alloc.c - arrays and zones over the embedder's memory */
#include "test_alloc.h"

#include <string.h>

static bool
is_zero(const void *memory, size_t size)
{
    const unsigned char *bytes = memory;
    size_t i = 0;

    while (i < size && bytes[i] == 0)
        i++;
    return i == size;
}

static void
an_array_is_zeroed_and_goes_back_with_its_size(void **state)
{
    struct counting_alloc counting;
    void *array;

    (void)state;
    counting_alloc_init(&counting);
    array = vmm_take_array(&counting.alloc, 7, 24);
    assert_true(is_zero(array, (size_t)7 * 24));
    assert_int_equal(counting.live_bytes, 7 * 24);
    vmm_give_array(&counting.alloc, array, 7, 24);
    test_alloc_assert_empty(&counting);
}

/*  count      size         product
 *  2^63       2            wraps to 0
 *  2^32 + 1   2^32         wraps to 2^32
 *  0          8            nothing to take
 *  8          0            nothing to take                                                 */
static void
an_array_whose_size_wraps_is_refused_before_asking(void **state)
{
    struct counting_alloc counting;

    (void)state;
    counting_alloc_init(&counting);
    assert_null(vmm_take_array(&counting.alloc, (size_t)1 << 63, 2));
    assert_null(vmm_take_array(&counting.alloc, ((size_t)1 << 32) + 1, (size_t)1 << 32));
    assert_null(vmm_take_array(&counting.alloc, 0, 8));
    assert_null(vmm_take_array(&counting.alloc, 8, 0));
    assert_int_equal(counting.requests, 0);
}

static void
giving_no_array_is_allowed(void **state)
{
    struct counting_alloc counting;

    (void)state;
    counting_alloc_init(&counting);
    vmm_give_array(&counting.alloc, NULL, 3, 8);
    test_alloc_assert_empty(&counting);
}

static void
a_new_zone_has_taken_nothing(void **state)
{
    struct counting_alloc counting;
    struct vmm_zone zone;

    (void)state;
    counting_alloc_init(&counting);
    vmm_zone_init(&zone, &counting.alloc, 40);
    assert_int_equal(counting.requests, 0);
    vmm_zone_destroy(&zone);
    test_alloc_assert_empty(&counting);
}

static void
a2_a_piece_that_was_used_before_is_zeroed_again(void **state)
{
    struct counting_alloc counting;
    struct vmm_zone zone;
    void *piece;
    void *again;

    (void)state;
    counting_alloc_init(&counting);
    vmm_zone_init(&zone, &counting.alloc, 40);
    piece = vmm_zone_take(&zone);
    memset(piece, 0xff, 40);
    vmm_zone_give(&zone, piece);
    again = vmm_zone_take(&zone);
    assert_ptr_equal(again, piece);
    assert_true(is_zero(again, 40));
    vmm_zone_destroy(&zone);
    test_alloc_assert_empty(&counting);
}

/*  pieces of 3 bytes are rounded up to hold a pointer; none overlaps another  */
static void
pieces_do_not_overlap(void **state)
{
    enum { PIECES = 5000 };
    struct counting_alloc counting;
    struct vmm_zone zone;
    unsigned char *pieces[PIECES];

    (void)state;
    counting_alloc_init(&counting);
    vmm_zone_init(&zone, &counting.alloc, 3);
    assert_int_equal(zone.piece_bytes, sizeof(void *));
    for (size_t i = 0; i < PIECES; i++) {
        pieces[i] = vmm_zone_take(&zone);
        assert_int_equal((uintptr_t)pieces[i] % sizeof(void *), 0);
        memset(pieces[i], (int)(i % 251), zone.piece_bytes);
    }
    for (size_t i = 0; i < PIECES; i++)
        assert_int_equal(pieces[i][sizeof(void *) - 1], i % 251);
    assert_int_equal(zone.pieces_in_use, PIECES);
    vmm_zone_destroy(&zone);
    test_alloc_assert_empty(&counting);
}

static void
a_piece_larger_than_a_chunk_still_comes(void **state)
{
    struct counting_alloc counting;
    struct vmm_zone zone;

    (void)state;
    counting_alloc_init(&counting);
    vmm_zone_init(&zone, &counting.alloc, 100000);
    assert_true(is_zero(vmm_zone_take(&zone), 100000));
    vmm_zone_destroy(&zone);
    test_alloc_assert_empty(&counting);
}

static bool
take_a_thousand(struct counting_alloc *counting)
{
    struct vmm_zone zone;
    size_t got = 0;

    vmm_zone_init(&zone, &counting->alloc, 100);
    while (got < 1000 && vmm_zone_take(&zone) != NULL)
        got++;
    assert_int_equal(zone.pieces_in_use, got);
    vmm_zone_destroy(&zone);
    return got == 1000;
}

static void
a_zone_that_cannot_grow_keeps_what_it_has(void **state)
{
    (void)state;
    assert_in_range(test_alloc_sweep(take_a_thousand), 2, 1000);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_array_is_zeroed_and_goes_back_with_its_size),
        cmocka_unit_test(an_array_whose_size_wraps_is_refused_before_asking),
        cmocka_unit_test(giving_no_array_is_allowed),
        cmocka_unit_test(a_new_zone_has_taken_nothing),
        cmocka_unit_test(a2_a_piece_that_was_used_before_is_zeroed_again),
        cmocka_unit_test(pieces_do_not_overlap),
        cmocka_unit_test(a_piece_larger_than_a_chunk_still_comes),
        cmocka_unit_test(a_zone_that_cannot_grow_keeps_what_it_has),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* test_alloc.c - see test_alloc.h */
#include "test_alloc.h"

void
test_alloc_assert_empty(const struct counting_alloc *counting)
{
    assert_int_equal(counting->live_bytes, 0);
    assert_int_equal(counting->live_blocks, 0);
    assert_false(counting->size_mismatch);
}

void
test_alloc_fail_next(struct counting_alloc *counting, uint64_t nth)
{
    counting->fail_at = nth == 0 ? 0 : counting->requests + nth;
}

uint64_t
test_alloc_sweep(bool (*attempt)(struct counting_alloc *counting))
{
    for (uint64_t nth = 1;; nth++) {
        struct counting_alloc counting;
        bool got_all;

        counting_alloc_init(&counting);
        counting.fail_at = nth;
        got_all = attempt(&counting);
        test_alloc_assert_empty(&counting);
        assert_int_equal(got_all, counting.requests < nth);
        if (got_all)
            return nth - 1;
    }
}

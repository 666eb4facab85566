/* test_ring.c - the ring is read in its section, in the right order, on every release, and fails well */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <faultline/cmocka.h>
#include <hooks/vmk_sim.h>

#include "ring.h"

enum { LENGTH = 4 * 4096 };

static vmk_return_t
open_ring(struct ring *ring, uint8_t byte)
{
    vmk_task_t app = vmk_sim_task_create();
    uint64_t at = 0;

    if (vmk_sim_allocate(app, &at, LENGTH) != 0 ||
        vmk_sim_write(app, at, NULL, byte, LENGTH, NULL) != 0)
        return -1;
    return ring_open(ring, app, at, LENGTH);
}

static void
the_ring_is_read_where_no_fault_may_be_taken(void **state)
{
    struct ring ring;

    (void)state;
    assert_int_equal(open_ring(&ring, 2), 0);
    assert_wired(ring.map, 0, LENGTH);
    assert_faults(0)
    {
        assert_int_equal(ring_sum(&ring), 2 * LENGTH);
    }
    ring_close(&ring);
    expect_calls("prepare", "map", "wire", "unwire", "unmap", "complete");
}

static void
a_ring_that_cannot_be_prepared_is_not_opened(void **state)
{
    struct ring ring;

    (void)state;
    assert_true(faultline_fail("prepare", 1));
    assert_int_not_equal(open_ring(&ring, 0), 0);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        faultline_unit_test(the_ring_is_read_where_no_fault_may_be_taken),
        faultline_unit_test_on(the_ring_is_read_where_no_fault_may_be_taken, "macos-10.9",
                               "macos-10.12.6", "macos-13"),
        faultline_unit_test(a_ring_that_cannot_be_prepared_is_not_opened),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* test_io_stops.c - what stops the kernel in I/O Kit's code and no other test names; iokit.md 1, 2.5 */
#include "iokit_fixture.h"

/*  Rows of one direction are wanted by a development kernel; a release kernel takes what it gets     */
static void
rows_of_several_directions_are_an_assertion(void **state)
{
    struct iokit_fixture *f = *state;

    for (int asserts = 0; asserts < 2; asserts++) {
        for (int differs = 0; differs < 2; differs++) {
            vmk_desc_t rows[2], multi;

            iokit_fixture_end(f);
            iokit_fixture_start(f, "macos-15.4", asserts != 0);
            rows[0] = describe(f, 0, 1, IO_DIRECTION_OUT);
            rows[1] = describe(f, 1, 2, differs ? IO_DIRECTION_IN : IO_DIRECTION_OUT);
            multi = vmk_desc_multi(rows, 2, IO_DIRECTION_OUT);
            assert_int_equal(multi == NULL, asserts && differs);
            assert_stopped(asserts && differs ? REASON_MULTI_DIRECTION : REASON_NONE);
        }
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        IOKIT_TEST(rows_of_several_directions_are_an_assertion),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

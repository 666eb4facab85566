/* test_fold.c - what the project tests today */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "fold.h"

static void
bytes_cancel_out(void **state)
{
    (void)state;
    assert_int_equal(fold((const unsigned char[]){ 1, 2, 3 }, 3), 0);
    assert_int_equal(fold((const unsigned char[]){ 7 }, 1), 7);
}

int
main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(bytes_cancel_out) };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

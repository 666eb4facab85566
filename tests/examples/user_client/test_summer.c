/* test_summer.c - the driver adds up what a program hands it; every call a Mac's program could make */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <faultline/cmocka.h>
#include <faultline/iokit.h>
#include <hooks/vmk_sim.h>

static uint64_t
sum_of(const void *input, uint64_t size)
{
    vmk_task_t app = vmk_sim_task_create();
    faultline_service_t *driver = faultline_load("com_example_Summer");
    faultline_client_t *client = faultline_open(driver, app, 0);
    uint64_t sum = 0;
    struct faultline_call call = {
        .input = input, .input_size = size, .scalar_output = &sum, .scalar_output_count = 1
    };

    assert_non_null(client);
    assert_int_equal(faultline_user_call(client, 0, &call), 0);
    faultline_close(client);
    faultline_unload(driver);
    return sum;
}

static void
small_input_comes_inline(void **state)
{
    uint8_t input[100];

    (void)state;
    memset(input, 3, sizeof(input));
    assert_int_equal(sum_of(input, sizeof(input)), 300);
}

static void
large_input_comes_as_a_descriptor(void **state)
{
    uint8_t *input = malloc(65536);

    (void)state;
    memset(input, 1, 65536);
    assert_int_equal(sum_of(input, 65536), 65536);
    free(input);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        faultline_unit_test(small_input_comes_inline),
        faultline_unit_test(large_input_comes_as_a_descriptor),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

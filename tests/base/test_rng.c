/* test_rng.c - random numbers that are the same everywhere */
#include "base/rng.h"
#include "test_alloc.h"

/*  splitmix64 from seed 1234567, as published with its reference code  */
static void
the_sequence_is_splitmix64(void **state)
{
    static const uint64_t published[] = { 6457827717110365317u, 3203168211198807973u,
                                          9817491932198370423u, 4593380528125082431u,
                                          16408922859458223821u };
    struct vmm_rng rng = { 1234567 };

    (void)state;
    for (size_t i = 0; i < VMM_COUNT_OF(published); i++)
        assert_true(vmm_rng_next(&rng) == published[i]);
}

static void
below_stays_below_and_reaches_everything(void **state)
{
    struct vmm_rng rng = { 3 };
    unsigned seen[7] = { 0 };

    (void)state;
    for (unsigned i = 0; i < 7000; i++)
        seen[vmm_rng_below(&rng, 7)]++;
    for (unsigned i = 0; i < 7; i++)
        assert_in_range(seen[i], 800, 1200);
    assert_int_equal(vmm_rng_below(&rng, 1), 0);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_sequence_is_splitmix64),
        cmocka_unit_test(below_stays_below_and_reaches_everything),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* test_shrink.c - what is left of a scenario that goes wrong */
#include "fiber/fiber.h"
#include "scn_fixture.h"
#include "shrink.h"

static void
shrinks_to(struct scn_fixture *f, const char *source, const char *id, const char *what,
           const char *rest)
{
    struct scn_fibers *fibers = fiber_set_create();
    struct shrink_result result;
    struct core_arena arena;

    core_arena_init(&arena, &f->counting.alloc);
    assert_int_equal(shrink_scenario(&arena, fibers, source, strlen(source), id, &result), SCN_OK);
    assert_has(result.what, what);
    assert_has(result.text, rest);
    assert_string_equal(strstr(result.text, rest), rest); /* and nothing after it */
    core_arena_destroy(&arena);
    fiber_set_destroy(fibers);
}

static void
what_has_nothing_to_do_with_a_panic_goes(void **state)
{
    shrinks_to(*state,
               "title \"long\"\n"
               "app = task\n"
               "other = task\n"
               "buf = allocate app 4p\n"
               "fill buf\n"
               "md = descriptor buf direction=out\n"
               "prepare md\n"
               "m = map md kernel\n"
               "nofault mutex {\n"
               "    check\n"
               "}\n"
               "nofault spin-lock {\n"
               "    check\n"
               "    load m\n"
               "}\n"
               "expect running\n",
               NULL, "fault-in-restricted-context",
               "app = task\n"
               "buf = allocate app 4p\n"
               "md = descriptor buf direction=out\n"
               "m = map md kernel\n"
               "nofault spin-lock {\n"
               "    load m\n"
               "}\n");
}

static void
threads_keep_a_schedule_that_goes_wrong(void **state)
{
    shrinks_to(*state,
               "app = task\n"
               "buf = allocate app 4p\n"
               "fill buf\n"
               "md = descriptor buf direction=out\n"
               "m = map md kernel\n"
               "thread a {\n"
               "    check\n"
               "    wire m in\n"
               "    unwire m\n"
               "}\n"
               "thread b {\n"
               "    unmap m\n"
               "}\n"
               "thread c {\n"
               "    check\n"
               "}\n",
               NULL, "use-after-unmap",
               "app = task\n"
               "buf = allocate app 4p\n"
               "md = descriptor buf direction=out\n"
               "m = map md kernel\n"
               "thread a {\n"
               "    unwire m\n"
               "}\n"
               "thread b {\n"
               "    unmap m\n"
               "}\n");
}

static void
what_is_fine_is_not_shrunk(void **state)
{
    struct scn_fixture *f = *state;
    struct shrink_result result;
    struct core_arena arena;

    core_arena_init(&arena, &f->counting.alloc);
    assert_int_equal(shrink_scenario(&arena, NULL, "app = task\n", 11, NULL, &result),
                     SCN_BAD_SOURCE);
    core_arena_destroy(&arena);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, scn_fixture_setup, scn_fixture_teardown)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(what_has_nothing_to_do_with_a_panic_goes),
        TEST(threads_keep_a_schedule_that_goes_wrong),
        TEST(what_is_fine_is_not_shrunk),
    };

    return cmocka_run_group_tests_name("shrink", tests, NULL, NULL);
}

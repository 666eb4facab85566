/* classes_test.c - runs the checks of the files beside it in the kernel, and their drivers from outside */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <faultline/cmocka.h>
#include <faultline/iokit.h>
#include <hooks/vmk_sim.h>

/* clang-format off */
#define CHECKS(DO) \
    DO(objects) DO(containers) DO(queues) DO(buffers) DO(bounds) DO(dma) DO(queue) \
    DO(work_loop) DO(sleep) DO(twice) DO(last_loop) DO(shut_gate) DO(names) DO(overlap) \
    DO(late_service) DO(told_once) DO(contexts) DO(values) DO(truths) DO(tagged) \
    DO(capacities) DO(members) DO(copies) DO(serialized) DO(opening) DO(registry) \
    DO(telling) DO(deferring) DO(interrupts) DO(gates) DO(timers) DO(sources) DO(pools) \
    DO(data_queues) DO(memory) DO(moving) DO(far_device) DO(values_by_name) DO(dead_port) \
    DO(readers) DO(output)
/* clang-format on */

#define DEFINE(name)                        \
    const char *check_##name(void);         \
    static void name(void **state)          \
    {                                       \
        const char *wrong = check_##name(); \
                                            \
        (void)state;                        \
        if (wrong != NULL)                  \
            fail_msg("%s", wrong);          \
        assert_no_findings();               \
    }
CHECKS(DEFINE)

const char *check_users_buffer(vmk_task_t task);

static void
a_users_buffer_is_filled(void **state)
{
    const char *wrong = check_users_buffer(vmk_sim_task_create());

    (void)state;
    if (wrong != NULL)
        fail_msg("%s", wrong);
    assert_no_findings();
}

const char *check_own_bytes(int clips);

static void
own_memory_ends(void **state)
{
    static const struct {
        const char *profile;
        int clips;
    } releases[] = { { "macos-10.10", 1 }, { "macos-10.11", 0 }, { "macos-15.4", 0 } };

    for (size_t i = 0; i < sizeof(releases) / sizeof(releases[0]); i++) {
        faultline_world_t *world =
            faultline_start(&(struct faultline_config){ .profile = releases[i].profile });
        const char *wrong = check_own_bytes(releases[i].clips);

        faultline_stop(world);
        faultline_make_current(*state);
        if (wrong != NULL)
            fail_msg("%s: %s", releases[i].profile, wrong);
    }
}

void end_this_thread(void);

static void *
end_there(void *is_back)
{
    end_this_thread();
    *(int *)is_back = 1;
    return NULL;
}

/* A thread of the test's own is on no CPU of the kit's. */
static void
a_foreign_thread_ends(void **state)
{
    int is_back = 0;
    pthread_t thread;

    (void)state;
    assert_int_equal(pthread_create(&thread, NULL, end_there, &is_back), 0);
    assert_int_equal(pthread_join(thread, NULL), 0);
    assert_int_equal(is_back, 0);
}

static void
an_old_driver_is_called_and_mapped(void **state)
{
    static const uint8_t large_input[5000];
    vmk_task_t app = vmk_sim_task_create();
    faultline_service_t *driver = faultline_load("test_Old");
    uint64_t inputs[] = { 30, 12 }, output = 0, size = 0;
    struct faultline_call call = { .scalar_input = inputs,
                                   .scalar_input_count = 2,
                                   .scalar_output = &output,
                                   .scalar_output_count = 1 };
    struct faultline_call large = { .input = large_input, .input_size = sizeof(large_input) };
    faultline_client_t *client;
    vmk_return_t result;
    char *memory;

    (void)state;
    assert_non_null(driver);
    assert_null(faultline_open(driver, app, 0)); /* no IOUserClientClass yet */
    faultline_set_property(driver, "IOUserClientClass", "test_OldClient");
    client = faultline_open(driver, app, 0);
    assert_non_null(client);
    assert_int_equal(faultline_user_call(client, 0, &call), 0);
    assert_int_equal(output, 42);
    assert_int_equal((uint32_t)faultline_user_call(client, 9, &call), 0xe00002c7);
    /* Old tables know no descriptors: kIOReturnIPCError, with an answer that comes later or without. */
    assert_int_equal((uint32_t)faultline_user_call(client, 0, &large), 0xe00002bf);
    large.port = faultline_port_create();
    assert_int_equal((uint32_t)faultline_user_call(client, 0, &large), 0xe00002bf);
    faultline_port_destroy(large.port);
    memory = faultline_user_map(client, 0, 0, &size, &result);
    assert_int_equal(result, 0);
    assert_int_equal(size, 4096);
    assert_string_equal(memory, "shared");
    faultline_close(client);
    faultline_unload(driver);
    assert_null(faultline_load("test_Nothing"));
}

const char *check_prober(void);

static void
who_probes_may_name_another(void **state)
{
    faultline_service_t *driver = faultline_load("test_Prober");
    const char *wrong = check_prober();

    (void)state;
    assert_non_null(driver);
    assert_null(wrong);
    faultline_unload(driver);
}

static void
the_older_way_makes_a_client(void **state)
{
    vmk_task_t app = vmk_sim_task_create();
    faultline_service_t *driver = faultline_load("test_Older");
    faultline_client_t *client = faultline_open(driver, app, 7);

    (void)state;
    assert_non_null(client);
    assert_null(faultline_open(driver, app, 8));
    faultline_close(client);
    faultline_unload(driver);
}

int
main(void)
{
#define CASE(name) faultline_unit_test(name),
    const struct CMUnitTest tests[] = {
        CHECKS(CASE) faultline_unit_test(a_users_buffer_is_filled),
        faultline_unit_test(own_memory_ends),
        faultline_unit_test(a_foreign_thread_ends),
        faultline_unit_test(an_old_driver_is_called_and_mapped),
        faultline_unit_test(who_probes_may_name_another),
        faultline_unit_test(the_older_way_makes_a_client),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

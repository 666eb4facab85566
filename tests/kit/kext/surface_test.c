/* surface_test.c - runs the checks of surface.cpp, and the drivers of drivers.cpp from outside */
#define _POSIX_C_SOURCE 200809L /* fileno */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include <faultline/cmocka.h>
#include <faultline/iokit.h>
#include <hooks/vmk_sim.h>

/* Some of these tests are about what is never given back. */
const char *__asan_default_options(void);

const char *
__asan_default_options(void)
{
    return "detect_leaks=0";
}

#define CHECKS(DO)         \
    DO(own_descriptor)     \
    DO(many_pieces)        \
    DO(descriptor_surface) \
    DO(dma_surface)        \
    DO(lock_surface) DO(library_surface) DO(container_surface) DO(service_surface)

#define DEFINE(name)                        \
    const char *check_##name(void);         \
    static void name(void **state)          \
    {                                       \
        const char *wrong = check_##name(); \
                                            \
        (void)state;                        \
        if (wrong != NULL)                  \
            fail_msg("%s", wrong);          \
    }
CHECKS(DEFINE)

/*  "%{public}s" is "%s"  */
static void
the_log_is_plain_lines(void **state)
{
    FILE *file = tmpfile();
    int kept = dup(STDERR_FILENO);
    char text[4096] = "";

    (void)state;
    assert_non_null(file);
    dup2(fileno(file), STDERR_FILENO);
    (void)check_library_surface();
    dup2(kept, STDERR_FILENO);
    close(kept);
    rewind(file);
    (void)!fread(text, 1, sizeof(text) - 1, file);
    fclose(file);
    assert_non_null(strstr(text, "a plain log\n"));
}

const char *use_what_may_be_missing(void *nub);

static int
use_injected(void *nub)
{
    const char *wrong = use_what_may_be_missing(nub);

    if (wrong != NULL)
        fprintf(stderr, "does not hold: %s\n", wrong);
    return wrong != NULL;
}

/* An allocation that fails gives the driver NULL; the kit itself does not fall over it. */
static void
no_memory_is_NULL_for_the_driver(void **state)
{
    unsigned tried = 0;

    (void)state;
    assert_int_equal(faultline_inject_all(use_injected, faultline_nub(), &tried), 0);
    assert_true(tried >= 20);
}

/* ---- the sampler ---- */

static faultline_client_t *
open_sampler(faultline_service_t *nub, vmk_task_t app)
{
    faultline_service_t *driver = faultline_load_on("test_Sampler", nub);

    assert_non_null(driver);
    faultline_set_property(driver, "IOUserClientClass", "test_SamplerClient");
    return faultline_open(driver, app, 0);
}

static uint64_t
samples_of(faultline_client_t *client)
{
    uint64_t count = 0;
    struct faultline_call call = { .scalar_output = &count, .scalar_output_count = 1 };

    assert_int_equal(faultline_user_call(client, 0, &call), 0);
    return count;
}

static void
wire(faultline_client_t *client, uint64_t is_on)
{
    struct faultline_call call = { .scalar_input = &is_on, .scalar_input_count = 1 };

    assert_int_equal(faultline_user_call(client, 1, &call), 0);
}

static void
an_interrupt_goes_through_the_filter_to_the_task(void **state)
{
    vmk_task_t app = vmk_sim_task_create();
    faultline_service_t *nub = faultline_nub();
    faultline_client_t *client = open_sampler(nub, app);
    faultline_port_t *port = faultline_port_create();
    struct faultline_message message;
    vmk_return_t result;
    uint64_t size = 0;

    (void)state;
    assert_int_equal(faultline_user_set_port(client, port, 0, 0), 0);
    wire(client, 1);
    assert_int_equal(faultline_interrupt(nub, 0), 0);
    assert_true(faultline_port_receive(port, 2000, &message)); /* the queue has data */
    assert_int_equal(samples_of(client), 1);
    assert_non_null(faultline_user_map(client, 0, 0, &size, &result));
    assert_true(size >= 1024);
    wire(client, 0);
    faultline_close(client);
    faultline_port_destroy(port);
}

static void
an_answer_comes_later(void **state)
{
    vmk_task_t app = vmk_sim_task_create();
    faultline_client_t *client = open_sampler(faultline_nub(), app);
    faultline_port_t *port = faultline_port_create();
    uint64_t word = 7;
    struct faultline_call call = {
        .scalar_input = &word, .scalar_input_count = 1, .port = port, .refcon = 99
    };
    struct faultline_message message;

    (void)state;
    assert_int_equal(faultline_user_call(client, 2, &call), 0);
    assert_true(faultline_port_receive(port, 2000, &message));
    assert_int_equal(message.refcon, 99);
    assert_int_equal(message.count, 2);
    assert_int_equal(message.arguments[0], 7);
    assert_int_equal(message.arguments[1], 42);
    word = 0; /* the client ends while it waits */
    assert_int_equal(faultline_user_call(client, 2, &call), 0);
    assert_false(faultline_port_receive(port, 1, &message));
    faultline_die(client);
    assert_true(faultline_port_receive(port, 2000, &message));
    assert_int_equal((uint32_t)message.result, 0xe00002eb); /* kIOReturnAborted */
    faultline_port_destroy(port);
}

static void
structures_travel_inline_and_as_descriptors(void **state)
{
    faultline_client_t *client = open_sampler(faultline_nub(), vmk_sim_task_create());
    static uint8_t in[20000], out[20000];
    static const uint64_t sizes[] = { 5, 4096, 4097, 20000 };

    (void)state;
    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        struct faultline_call call = {
            .input = in, .input_size = sizes[i], .output = out, .output_size = sizes[i]
        };

        memset(in, (int)(i + 1), sizeof(in));
        memset(out, 0, sizeof(out));
        assert_int_equal(faultline_user_call(client, 3, &call), 0);
        assert_int_equal(call.output_size, sizes[i]);
        assert_memory_equal(in, out, sizes[i]);
    }
}

static void
who_may_not_is_refused(void **state)
{
    (void)state;
    faultline_set_privileged(0);
    assert_null(open_sampler(faultline_nub(), vmk_sim_task_create()));
    faultline_set_privileged(1);
    assert_non_null(open_sampler(faultline_nub(), vmk_sim_task_create()));
}

static faultline_client_t *
open_class(const char *class_name)
{
    faultline_service_t *nub = faultline_nub();

    faultline_set_property(nub, "IOUserClientClass", class_name);
    return faultline_open(nub, vmk_sim_task_create(), 0);
}

static void
a_client_of_today_is_called(void **state)
{
    faultline_client_t *client = open_class("test_TodayClient");
    faultline_port_t *port = faultline_port_create();
    uint64_t word = 0;
    struct faultline_call call = { .scalar_output = &word, .scalar_output_count = 1 };

    (void)state;
    assert_non_null(client);
    assert_int_equal(faultline_user_call(client, 0, &call), 0);
    assert_int_equal(word, 42);
    assert_int_equal((uint32_t)faultline_user_call(client, 9, &call), 0xe00002c2); /* BadArgument */
    call.port = port; /* an asynchronous call, which the record does not allow */
    assert_int_equal((uint32_t)faultline_user_call(client, 0, &call), 0xe00002c2);
    call.port = NULL;
    call.scalar_output_count = 0;
    assert_int_equal((uint32_t)faultline_user_call(client, 0, &call), 0xe00002c2);
    faultline_close(client);
    faultline_port_destroy(port);
}

static void
an_entitlement_is_asked_for_before_anything_is_counted(void **state)
{
    faultline_client_t *client = open_class("test_TodayClient");
    uint64_t word = 0;
    struct faultline_call call = { .scalar_output = &word, .scalar_output_count = 1 };
    struct faultline_call wrong = { .scalar_output = &word, .scalar_output_count = 0 };

    (void)state;
    assert_int_equal(faultline_user_call(client, 1, &call), 0);
    assert_int_equal((uint32_t)faultline_user_call(client, 1, &wrong),
                     0xe00002c2); /* BadArgument */
    faultline_set_privileged(0);
    assert_int_equal((uint32_t)faultline_user_call(client, 1, &call),
                     0xe00002c1); /* NotPrivileged */
    assert_int_equal((uint32_t)faultline_user_call(client, 1, &wrong), 0xe00002c1);
    faultline_set_privileged(1);
    faultline_close(client);
}

/* ---- a device node ---- */

bool make_device(void);
bool remove_device(void);

static void
a_device_node_is_written_and_read(void **state)
{
    vmk_task_t app = vmk_sim_task_create();
    char *theirs = faultline_user_allocate(app, 4096);
    char ours[32] = "";
    uint64_t done = 0;
    int length = 0;

    (void)state;
    assert_true(make_device());
    assert_int_equal(faultline_device_open("kept3"), 0);
    vmk_sim_task_switch(app);
    strcpy(theirs, "hello");
    assert_int_equal(faultline_device_transfer("kept3", theirs, 6, 1, &done), 0);
    assert_int_equal(done, 6);
    assert_int_equal(faultline_device_transfer("kept3", ours, sizeof(ours), 0, &done), 0);
    assert_int_equal(done, 6);
    assert_string_equal(ours, "hello");
    assert_int_equal(faultline_device_ioctl("kept3", 0x40046b01, &length), 0);
    assert_int_equal(length, 306);
    assert_int_equal(faultline_device_ioctl("kept3", 1, &length), 25); /* ENOTTY */
    assert_int_equal(faultline_device_close("kept3"), 0);
    assert_true(remove_device());
    assert_int_equal(faultline_device_open("kept3"), 6); /* ENXIO */
}

/* ---- named values ---- */

void make_values(bool is_on);

static void
a_named_value_is_read_and_set(void **state)
{
    int level = 0, wanted = 7;
    char text[8] = "";
    uint64_t size = sizeof(level);

    (void)state;
    make_values(true);
    assert_int_equal(faultline_sysctl("debug.kit_level", &level, &size, &wanted, sizeof(wanted)),
                     0);
    assert_int_equal(level, 3);
    assert_int_equal(faultline_sysctl("debug.kit_twice", &level, &size, NULL, 0), 0);
    assert_int_equal(level, 14);
    assert_int_equal(faultline_sysctl("debug.kit_twice", NULL, NULL, &wanted, sizeof(wanted)), 1);
    size = sizeof(text);
    assert_int_equal(faultline_sysctl("debug.kit_text", text, &size, "new", 3), 0);
    assert_string_equal(text, "old");
    size = 2;
    assert_int_equal(faultline_sysctl("debug.kit_text", text, &size, NULL, 0), 12); /* ENOMEM */
    assert_int_equal(size, 2);
    wanted = 3;
    assert_int_equal(faultline_sysctl("debug.kit_level", NULL, NULL, &wanted, sizeof(wanted)), 0);
    make_values(false);
    assert_int_equal(faultline_sysctl("debug.kit_level", NULL, NULL, NULL, 0), 2); /* ENOENT */
}

/* ---- misuse: the finding has the line ---- */

static struct {
    jmp_buf back;
    int line;
    char rule[64];
    char file[256];
} found;

static void
keep_finding(void *context, const struct faultline_finding *finding)
{
    (void)context;
    found.line = finding->line;
    snprintf(found.rule, sizeof(found.rule), "%s", finding->rule);
    snprintf(found.file, sizeof(found.file), "%s", finding->file);
    longjmp(found.back, 1);
}

/* Whether a statement was stopped by a finding. */
#define STOPS(statement)                                       \
    (faultline_on_finding(keep_finding, NULL), found.line = 0, \
     setjmp(found.back) != 0 || ((statement), 0))

/* The line of drivers.cpp with this comment. */
static int
line_with(const char *comment)
{
    FILE *file = fopen(SOURCE_DIR "/tests/kit/kext/drivers.cpp", "r");
    char text[256], wanted[64];
    int line = 0;

    assert_non_null(file);
    snprintf(wanted, sizeof(wanted), "/* %s */", comment);
    do
        line++;
    while (fgets(text, sizeof(text), file) != NULL && strstr(text, wanted) == NULL);
    fclose(file);
    return line;
}

static void
assert_found(const char *rule, const char *comment)
{
    assert_string_equal(found.rule, rule);
    assert_non_null(strstr(found.file, "drivers.cpp"));
    assert_int_equal(found.line, line_with(comment));
}

void use_null_map(void);
void use_freed_object(void);
void unwire_what_is_not_wired(void);
void sleep_under_spin_lock(void);
int try_against_the_order(void);
void forget_to_release(void);

/*  the ring is pageable and not wired: the filter's read is a fault in interrupt context  */
static void
a_filter_may_not_fault(void **state)
{
    faultline_service_t *nub = faultline_nub();
    faultline_client_t *client = open_sampler(nub, vmk_sim_task_create());

    (void)state;
    assert_non_null(client);
    assert_true(STOPS(faultline_interrupt(nub, 0)));
    assert_found("fault-in-restricted-context", "the filter's read");
    assert_finding("fault-in-restricted-context");
    while (faultline_finding_unexpected() >= 0) /* and what led there */
        assert_finding(faultline_finding_rule((unsigned)faultline_finding_unexpected()));
}

static void
NULL_is_a_page_fault_with_a_line(void **state)
{
    (void)state;
    faultline_claim_null(1);
    assert_true(STOPS(use_null_map()));
    assert_found("unresolved-kernel-fault", "NULL");
    assert_finding("unresolved-kernel-fault");
}

static void
a_record_without_a_target_calls_with_NULL(void **state)
{
    faultline_client_t *client = open_class("test_AimlessClient");
    uint64_t word = 0;
    struct faultline_call call = { .scalar_output = &word, .scalar_output_count = 1 };

    (void)state;
    assert_non_null(client);
    assert_true(STOPS(faultline_user_call(client, 0, &call)));
    assert_found("unresolved-kernel-fault", "no target");
    assert_finding("unresolved-kernel-fault");
}

static void
a_freed_object_is_found_where_it_is_used(void **state)
{
    (void)state;
    assert_true(STOPS(use_freed_object()));
    assert_found("use-after-release", "freed");
}

static void
a_call_that_panics_is_found_where_it_is_made(void **state)
{
    (void)state;
    assert_true(STOPS(unwire_what_is_not_wired()));
    assert_found("unwire-of-unwired", "unwired");
    assert_finding("unwire-of-unwired");
}

static void
waiting_under_a_spin_lock_is_a_contract_finding(void **state)
{
    struct faultline_finding finding;
    faultline_world_t *strict =
        faultline_start(&(struct faultline_config){ .is_strict = 1, .evicts_on_entry = 1 });

    (void)state;
    sleep_under_spin_lock();
    assert_true(faultline_finding_at(0, &finding));
    assert_string_equal(finding.rule, "blocking-call-in-atomic-section");
    assert_int_equal(finding.line, line_with("sleeps"));
    faultline_stop(strict);
    faultline_make_current(*state);
    sleep_under_spin_lock();
    assert_no_findings();
}

static void
a_try_is_in_no_order(void **state)
{
    faultline_world_t *strict =
        faultline_start(&(struct faultline_config){ .is_strict = 1, .evicts_on_entry = 1 });

    (void)state;
    assert_int_equal(try_against_the_order(), 5);
    assert_no_findings();
    faultline_stop(strict);
    faultline_make_current(*state);
}

static void
a_leak_is_found_where_it_was_made(void **state)
{
    faultline_world_t *world = faultline_start(NULL);
    struct faultline_finding finding;

    forget_to_release();
    assert_int_equal(faultline_end(world), 1);
    assert_true(faultline_finding_at(0, &finding));
    assert_string_equal(finding.rule, "buffer-leaked");
    assert_non_null(strstr(finding.file, "drivers.cpp"));
    assert_int_equal(finding.line, line_with("forgotten"));
    faultline_stop(world);
    faultline_make_current(*state);
}

int
main(void)
{
#define CASE(name) faultline_unit_test(name),
    const struct CMUnitTest tests[] = {
        CHECKS(CASE) faultline_unit_test(the_log_is_plain_lines),
        faultline_unit_test(no_memory_is_NULL_for_the_driver),
        faultline_unit_test(an_interrupt_goes_through_the_filter_to_the_task),
        faultline_unit_test(an_answer_comes_later),
        faultline_unit_test(structures_travel_inline_and_as_descriptors),
        faultline_unit_test(who_may_not_is_refused),
        faultline_unit_test(a_client_of_today_is_called),
        faultline_unit_test(an_entitlement_is_asked_for_before_anything_is_counted),
        faultline_unit_test(a_device_node_is_written_and_read),
        faultline_unit_test(a_named_value_is_read_and_set),
        faultline_unit_test(a_filter_may_not_fault),
        faultline_unit_test(NULL_is_a_page_fault_with_a_line),
        faultline_unit_test(a_record_without_a_target_calls_with_NULL),
        faultline_unit_test(a_freed_object_is_found_where_it_is_used),
        faultline_unit_test(a_call_that_panics_is_found_where_it_is_made),
        faultline_unit_test(waiting_under_a_spin_lock_is_a_contract_finding),
        faultline_unit_test(a_try_is_in_no_order),
        faultline_unit_test(a_leak_is_found_where_it_was_made),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

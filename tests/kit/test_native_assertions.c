/*
 * test_native_assertions.c - faultline/cmocka.h: each assertion passes, and each fails
 *
 * A case runs in a process of its own, as the kit runs one for each release and each injected failure.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <unistd.h>

#include <cmocka.h>

#include <faultline/cmocka.h>
#include <hooks/vmk_sim.h>

enum { IN_OUT = 3, IN = 1, ANYWHERE = 1, PAGE = 4096, LENGTH = 4 * PAGE };

/* ---- a driver: prepares and maps a task's memory, and perhaps wires it ---- */

struct driver {
    vmk_desc_t md;
    vmk_map_t map;
    volatile uint8_t *bytes;
};

/* False: refused, and nothing is held. */
static int
driver_open(struct driver *d)
{
    vmk_task_t app = vmk_sim_task_create();
    uint64_t at = 0;

    if (vmk_sim_allocate(app, &at, LENGTH) != 0)
        return 0;
    d->md = vmk_desc_range(app, at, LENGTH, IN_OUT);
    if (vmk_desc_prepare(d->md, 0) != 0) {
        vmk_desc_release(d->md);
        return 0;
    }
    d->map = vmk_map_create(d->md, vmk_kernel_task(), 0, ANYWHERE, 0, LENGTH);
    if (d->map == NULL) {
        (void)vmk_desc_complete(d->md, 0);
        vmk_desc_release(d->md);
        return 0;
    }
    d->bytes = faultline_pointer(vmk_kernel_task(), vmk_map_address(d->map));
    return 1;
}

static void
driver_close(struct driver *d)
{
    vmk_map_release(d->map);
    (void)vmk_desc_complete(d->md, 0);
    vmk_desc_release(d->md);
}

static void
read_all(const struct driver *d)
{
    for (unsigned n = 0; n < LENGTH / PAGE; n++)
        (void)d->bytes[n * PAGE];
}

/* ---- cases: what passes, what does not ---- */

static void
balanced(void **state)
{
    struct driver d;

    assert_true(driver_open(&d));
    driver_close(&d);
    assert_balanced(*state);
}

static void
leaking(void **state)
{
    struct driver d;

    (void)state;
    assert_true(driver_open(&d));
}

static void
leaking_and_saying_so(void **state)
{
    leaking(state);
    assert_balanced(*state);
}

static void
faulting_under_a_lock(void **state)
{
    vmk_lock_t lock = vmk_lock_alloc(VMK_SPIN);
    struct driver d;

    (void)state;
    assert_true(driver_open(&d));
    (void)vmk_lock_acquire(lock, VMK_EXCLUSIVE);
    read_all(&d);
}

static void
expecting_a_finding(void **state)
{
    struct driver d;

    (void)state;
    assert_true(driver_open(&d));
    driver_close(&d);
    vmk_desc_release(d.md); /* once too often */
    assert_finding("use-after-release");
    assert_no_findings();
}

static void
expecting_another_finding(void **state)
{
    (void)state;
    assert_finding("use-after-release");
}

static void
with_a_finding_that_nobody_expects(void **state)
{
    struct driver d;

    (void)state;
    assert_true(driver_open(&d));
    driver_close(&d);
    vmk_desc_release(d.md);
}

static void
counting_faults(void **state)
{
    struct driver d;

    (void)state;
    assert_true(driver_open(&d));
    assert_faults(4)
    {
        read_all(&d);
    }
    assert_faults(0)
    {
        read_all(&d);
    }
    driver_close(&d);
}

static void
counting_too_few_faults(void **state)
{
    struct driver d;

    (void)state;
    assert_true(driver_open(&d));
    assert_faults(3)
    {
        read_all(&d);
    }
}

static void
translated_after_reading(void **state)
{
    struct driver d;

    (void)state;
    assert_true(driver_open(&d));
    read_all(&d);
    assert_translated(d.map, 0, LENGTH);
    driver_close(&d);
}

static void
translated_without_reading(void **state)
{
    struct driver d;

    (void)state;
    assert_true(driver_open(&d));
    assert_translated(d.map, 0, LENGTH);
}

static void
wired_after_wiring(void **state)
{
    struct driver d;

    (void)state;
    assert_true(driver_open(&d));
    assert_int_equal(vmk_map_wire(d.map, IN, 0, LENGTH), 0);
    assert_wired(d.map, 0, LENGTH);
    assert_int_equal(vmk_map_wire(d.map, 0, 0, LENGTH), 0);
    driver_close(&d);
    expect_calls("prepare", "map", "wire", "unwire", "unmap", "complete");
    faultline_forget_calls();
    assert_null(faultline_call_name(0));
}

static void
wired_after_reading(void **state)
{
    struct driver d;

    (void)state;
    assert_true(driver_open(&d));
    read_all(&d);
    assert_wired(d.map, 0, LENGTH);
}

static void
calls_in_another_order(void **state)
{
    struct driver d;

    (void)state;
    assert_true(driver_open(&d));
    driver_close(&d);
    expect_calls("prepare", "map", "complete", "unmap");
}

static void
calls_that_are_missing(void **state)
{
    struct driver d;

    (void)state;
    assert_true(driver_open(&d));
    driver_close(&d);
    expect_calls("prepare", "map", "unmap", "complete", "wire");
}

/* ---- running them ---- */

static int
outcome_of(const char *name, void (*test)(void **))
{
    struct faultline_case one = { name, test, NULL, 0 };

    return faultline_in_child(faultline_run_here, &one);
}
#define OUTCOME(test) outcome_of(#test, test)

/* What a child said on stderr. */
static char said[16384];

static int
outcome_with_words(void (*test)(void **), int (*run)(void *))
{
    struct faultline_case one = { "case", test, NULL, 0 };
    FILE *file = tmpfile();
    int kept = dup(STDERR_FILENO), result;
    size_t length;

    assert_non_null(file);
    dup2(fileno(file), STDERR_FILENO);
    result = faultline_in_child(run, &one);
    dup2(kept, STDERR_FILENO);
    close(kept);
    rewind(file);
    length = fread(said, 1, sizeof(said) - 1, file);
    said[length] = '\0';
    fclose(file);
    return result;
}

static void
each_assertion_passes(void **state)
{
    (void)state;
    assert_int_equal(OUTCOME(balanced), FAULTLINE_PASSED);
    assert_int_equal(OUTCOME(expecting_a_finding), FAULTLINE_PASSED);
    assert_int_equal(OUTCOME(counting_faults), FAULTLINE_PASSED);
    assert_int_equal(OUTCOME(translated_after_reading), FAULTLINE_PASSED);
    assert_int_equal(OUTCOME(wired_after_wiring), FAULTLINE_PASSED);
}

static void
each_assertion_fails(void **state)
{
    (void)state;
    assert_int_equal(OUTCOME(leaking), FAULTLINE_FOUND); /* by the teardown */
    assert_int_equal(OUTCOME(leaking_and_saying_so), FAULTLINE_FOUND);
    assert_int_equal(OUTCOME(expecting_another_finding), FAULTLINE_FAILED);
    assert_int_equal(OUTCOME(with_a_finding_that_nobody_expects), FAULTLINE_FOUND);
    assert_int_equal(OUTCOME(faulting_under_a_lock), FAULTLINE_FOUND);
    assert_int_not_equal(OUTCOME(counting_too_few_faults), FAULTLINE_PASSED);
    assert_int_not_equal(OUTCOME(translated_without_reading), FAULTLINE_PASSED);
    assert_int_not_equal(OUTCOME(wired_after_reading), FAULTLINE_PASSED);
    assert_int_equal(OUTCOME(calls_in_another_order), FAULTLINE_FAILED);
    assert_int_equal(OUTCOME(calls_that_are_missing), FAULTLINE_FAILED);
}

static void
a_failure_shows_the_report(void **state)
{
    (void)state;
    assert_int_equal(outcome_with_words(faulting_under_a_lock, faultline_run_here),
                     FAULTLINE_FOUND);
    assert_non_null(strstr(said, "type = 14=page fault"));
    assert_non_null(strstr(said, "test_native_assertions.c"));
    assert_non_null(strstr(said, "wireRange("));
    (void)outcome_with_words(calls_in_another_order, faultline_run_here);
    assert_non_null(strstr(said, "the calls were: prepare map unmap complete"));
}

/* ---- releases ---- */

static int
run_over_profiles(void *context)
{
    static const char *const profiles[] = { "seed-view", "macos-15.4", NULL };
    const struct faultline_case *one = context;
    struct faultline_case over = { "case", one->test, profiles, 0 };
    const struct CMUnitTest tests[] = { { "case", faultline_run_case, faultline_setup,
                                          faultline_teardown, &over } };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

static int
run_over_all_profiles(void *context)
{
    const struct faultline_case *one = context;
    struct faultline_case over = { "case", one->test, NULL, 1 };
    const struct CMUnitTest tests[] = { { "case", faultline_run_case, faultline_setup,
                                          faultline_teardown, &over } };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

static void
the_report_says_on_which_release_it_breaks(void **state)
{
    (void)state;
    assert_int_equal(outcome_with_words(counting_faults, run_over_profiles), 1);
    assert_non_null(
        strstr(said, "case breaks on seed-view\n")); /* which makes translations early */
    assert_null(strstr(said, "breaks on macos-15.4"));
    assert_int_equal(outcome_with_words(balanced, run_over_profiles), 0);
    assert_int_equal(outcome_with_words(balanced, run_over_all_profiles), 0);
    assert_int_equal(outcome_with_words(counting_faults, run_over_all_profiles), 1);
    assert_non_null(strstr(said, "breaks on seed-view\n"));
    assert_null(strstr(said, "breaks on macos"));
}

/* ---- annotations ---- */

static void
annotations_are_printed_when_asked_for(void **state)
{
    struct faultline_finding finding = {
        .file = "driver.c", .line = 7, .rule = "a-rule", .function = "f", .profile = "macos-15.4"
    };
    FILE *file = tmpfile();
    int kept = dup(STDOUT_FILENO);
    char text[200] = "";

    (void)state;
    fflush(stdout);
    dup2(fileno(file), STDOUT_FILENO);
    faultline_annotate(&finding);
    setenv("FAULTLINE_ANNOTATIONS", "github", 1);
    faultline_annotate(&finding);
    unsetenv("FAULTLINE_ANNOTATIONS");
    fflush(stdout);
    dup2(kept, STDOUT_FILENO);
    close(kept);
    rewind(file);
    assert_true(fread(text, 1, sizeof(text) - 1, file) > 0);
    fclose(file);
    assert_string_equal(text, "::error file=driver.c,line=7,title=a-rule::f on macos-15.4\n");
}

/* ---- calls that fail ---- */

static void
the_nth_call_fails(void **state)
{
    struct driver d;

    (void)state;
    assert_true(faultline_fail("prepare", 2));
    assert_true(driver_open(&d));
    driver_close(&d);
    assert_false(driver_open(&d));
    assert_true(driver_open(&d));
    driver_close(&d);
    assert_true(faultline_fail("map", 1));
    assert_false(driver_open(&d));
    assert_int_equal(faultline_failed_count(), 2);
    assert_false(faultline_fail("nothing", 1));
    assert_string_equal(faultline_trouble(), "no such call: nothing");
}

/* Takes prepare() for granted: the memory stays prepared when the mapping fails. */
static void
careless(void **state)
{
    vmk_task_t app = vmk_sim_task_create();
    struct driver d;
    uint64_t at = 0;

    (void)state;
    if (vmk_sim_allocate(app, &at, LENGTH) != 0)
        return;
    d.md = vmk_desc_range(app, at, LENGTH, IN_OUT);
    (void)vmk_desc_prepare(d.md, 0);
    d.map = vmk_map_create(d.md, vmk_kernel_task(), 0, ANYWHERE, 0, LENGTH);
    if (d.map == NULL)
        return;
    driver_close(&d);
}

static unsigned injected_tried, injected_unhandled;

static int
inject(void *context)
{
    unsigned tried = 0, unhandled = faultline_inject_all(faultline_run_injected, context, &tried);

    return (int)(tried > 100 ? 100 : tried) << 1 | (unhandled > 0);
}

static void
run_injected(void (*test)(void **))
{
    int both = outcome_with_words(test, inject);

    injected_tried = (unsigned)both >> 1;
    injected_unhandled = both & 1;
}

static void
every_failure_is_tried_and_what_is_not_handled_is_found(void **state)
{
    (void)state;
    run_injected(balanced);
    assert_true(injected_tried >= 3); /* prepare, map, and pages for both */
    assert_int_equal(injected_unhandled, 0);
    run_injected(careless);
    assert_true(injected_tried >= 3);
    assert_int_equal(injected_unhandled, 1);
    assert_non_null(strstr(said, "descriptor-leaked"));
}

/* ---- strictness and suppressions ---- */

static vmk_lock_t spin;

static void
wire_for_a_section(void)
{
    struct driver d;

    assert_true(driver_open(&d));
    assert_int_equal(vmk_map_wire(d.map, IN, 0, LENGTH), 0);
    assert_int_equal(vmk_map_wire(d.map, 0, 0, LENGTH), 0);
    driver_close(&d);
    spin = NULL; /* the calls above are not the last: they have a return address here */
}

/* A file with this text; its name. */
static const char *
file_with(const char *text)
{
    static char path[64];
    FILE *file;

    snprintf(path, sizeof(path), "/tmp/faultline-suppressions-%d", (int)getpid());
    file = fopen(path, "w");
    assert_non_null(file);
    fputs(text, file);
    fclose(file);
    return path;
}

static unsigned
findings_with(const char *suppressions, const char *rule)
{
    struct faultline_config config = { .is_strict = 1, .suppressions = suppressions };
    faultline_world_t *world = faultline_start(&config);
    unsigned count = 0;

    assert_non_null(world);
    wire_for_a_section();
    while (faultline_finding_expect(rule))
        count++;
    faultline_stop(world);
    return count;
}

static void
a_suppression_needs_a_rule_a_function_and_a_reason(void **state)
{
    struct faultline_config config = { .suppressions =
                                           file_with("# ours\n\nno-such-rule f why\n") };
    char wanted[128];

    assert_null(faultline_start(&config));
    snprintf(wanted, sizeof(wanted),
             "%s:3:1: no such rule: no-such-rule: `faultline rules` lists them",
             config.suppressions);
    assert_string_equal(faultline_trouble(), wanted);
    config.suppressions = file_with("unsupported-kpi-used *\n");
    assert_null(faultline_start(&config));
    assert_non_null(strstr(faultline_trouble(), ":1:23: no reason: write `RULE FUNCTION WHY`"));
    config.suppressions = "/nowhere";
    assert_null(faultline_start(&config));
    assert_non_null(strstr(faultline_trouble(), "/nowhere:1:1: cannot be read"));
    faultline_make_current(*state);
}

static void
a_suppressed_finding_is_not_made(void **state)
{
    static const char rule[] = "unsupported-kpi-used";

    assert_int_equal(findings_with(NULL, rule), 1);
    assert_int_equal(
        findings_with(file_with("unsupported-kpi-used wire_for_a_section known\n"), rule), 0);
    assert_int_equal(findings_with(file_with("unsupported-kpi-used * known\n"), rule), 0);
    assert_int_equal(findings_with(file_with("unsupported-kpi-used another_one known\n"), rule), 1);
    assert_int_equal(findings_with(file_with("lock-leaked * known\n"), rule), 1);
    unlink(file_with(""));
    faultline_make_current(*state);
}

/*  touched once, then read under the lock: luck, unless the section drops what is not wired  */
static void
eviction_on_entry_makes_luck_a_finding(void **state)
{
    struct faultline_config config = { .evicts_on_entry = 1 };
    faultline_world_t *world;

    assert_int_equal(OUTCOME(translated_after_reading), FAULTLINE_PASSED);
    world = faultline_start(&config);
    {
        struct driver d;

        assert_true(driver_open(&d));
        read_all(&d);
        assert_translated(d.map, 0, LENGTH);
        vmk_sim_enter(VM_SPIN_LOCK);
        assert_int_equal(faultline_map_pages(d.map, 0, LENGTH, &(uint64_t){ 0 }, &(uint64_t){ 0 }),
                         4);
        vmk_sim_leave(VM_SPIN_LOCK);
        assert_faults(4)
        {
            read_all(&d);
        }
        driver_close(&d);
    }
    faultline_stop(world);
    faultline_make_current(*state);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        faultline_unit_test(each_assertion_passes),
        faultline_unit_test(each_assertion_fails),
        faultline_unit_test(a_failure_shows_the_report),
        faultline_unit_test(the_report_says_on_which_release_it_breaks),
        faultline_unit_test(annotations_are_printed_when_asked_for),
        faultline_unit_test(the_nth_call_fails),
        faultline_unit_test(every_failure_is_tried_and_what_is_not_handled_is_found),
        faultline_unit_test(a_suppression_needs_a_rule_a_function_and_a_reason),
        faultline_unit_test(a_suppressed_finding_is_not_made),
        faultline_unit_test(eviction_on_entry_makes_luck_a_finding),
        faultline_unit_test_on(balanced, "macos-10.9", "macos-15.4"),
        faultline_unit_test_on_all(balanced),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

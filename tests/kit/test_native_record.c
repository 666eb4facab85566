/*
 * test_native_record.c - a failing run of a test is written as a scenario that fails in the same way
 *
 * Each case runs a driver in a process of its own, with FAULTLINE_SAVE naming a file; the file is run
 * here as `faultline run` runs it.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include <faultline/explore.h>
#include <hooks/vmk_sim.h>

#include "fiber/fiber.h"
#include "scn_fixture.h"
#include "shrink.h"

enum { IN = 1, IN_OUT = 3, ANYWHERE = 1, PAGE = 4096, LENGTH = 2 * PAGE };

/* ---- a driver ---- */

static vmk_desc_t md;
static vmk_map_t map;

static void
open_driver(void)
{
    vmk_task_t app = vmk_sim_task_create();
    uint64_t at = 0;
    uint64_t done;

    (void)vmk_sim_allocate(app, &at, LENGTH);
    (void)vmk_sim_write(app, at + 5, NULL, 7, 100, &done);
    md = vmk_desc_range(app, at, LENGTH, IN_OUT);
    (void)vmk_desc_prepare(md, 0);
    map = vmk_map_create(md, vmk_kernel_task(), 0, ANYWHERE, 0, LENGTH);
}

static void
close_driver(void)
{
    vmk_map_release(map);
    (void)vmk_desc_complete(md, 0);
    vmk_desc_release(md);
}

/* ---- running it, and what it left ---- */

static void
leave(void *context, const struct faultline_finding *finding)
{
    (void)context;
    (void)finding;
    _exit(0);
}

static int
run_in_world(void *context)
{
    void (*const *run)(void) = context;
    faultline_world_t *world = faultline_start(NULL);

    faultline_on_finding(leave, NULL);
    (*run)();
    (void)faultline_end(world);
    faultline_stop(world);
    return 0;
}

/* The scenario that the run wrote, in the fixture's hands; "" when it wrote none. */
static const char *
saved_by(int (*child)(void *context), void *context)
{
    static char text[1 << 16];
    char path[] = "/tmp/faultline-record-XXXXXX";
    int file = mkstemp(path);
    ssize_t length;

    assert_true(file >= 0);
    close(file);
    assert_int_equal(unlink(path), 0);
    setenv("FAULTLINE_SAVE", path, 1);
    assert_int_equal(faultline_in_child(child, context), 0);
    unsetenv("FAULTLINE_SAVE");
    text[0] = '\0';
    if (access(path, R_OK) != 0)
        return text;
    {
        FILE *written = fopen(path, "r");

        assert_non_null(written);
        length = (ssize_t)fread(text, 1, sizeof(text) - 1, written);
        fclose(written);
    }
    assert_true(length > 0);
    text[length] = '\0';
    assert_int_equal(unlink(path), 0);
    return text;
}

static const char *
saved(void (*run)(void))
{
    return saved_by(run_in_world, &run);
}

/* The scenario goes wrong with this rule. */
static void
assert_shows(struct scn_fixture *f, const char *text, const char *rule)
{
    bool is_found = false;

    assert_true(text[0] != '\0');
    parse_ok(f, text);
    assert_int_equal(scn_run(f->program, &f->counting.alloc, scn_program_profile_at(f->program, 0),
                             NULL, &f->report),
                     SCN_OK);
    for (size_t i = 0; i < f->report->finding_count; i++)
        is_found |= strcmp(f->report->findings[i].rule->id, rule) == 0;
    if (!is_found || f->report->verdict != SCN_UNEXPECTED)
        print_error("%s", text);
    assert_true(is_found);
    assert_int_equal(f->report->verdict, SCN_UNEXPECTED);
}

/* ---- what goes wrong ---- */

static void
load_under_a_spin_lock(void)
{
    vmk_lock_t lock = vmk_lock_alloc(VMK_SPIN);
    volatile uint8_t *bytes;

    open_driver();
    bytes = faultline_pointer(vmk_kernel_task(), vmk_map_address(map));
    (void)vmk_lock_acquire(lock, VMK_EXCLUSIVE | VMK_IRQ_OFF);
    (void)bytes[PAGE + 3];
}

static void
a_load_that_traps_is_a_line(void **state)
{
    const char *text = saved(load_under_a_spin_lock);

    assert_non_null(strstr(text, "+0x1003 1\n"));
    assert_null(strstr(text, "not said"));
    assert_shows(*state, text, "fault-in-restricted-context");
}

static void
forget_to_complete(void)
{
    open_driver();
    vmk_map_release(map);
}

static void
a_leak_is_told_when_the_driver_unloads(void **state)
{
    const char *text = saved(forget_to_complete);

    assert_non_null(strstr(text, "\nunload\n"));
    assert_shows(*state, text, "descriptor-leaked");
}

static void
wire_after_unmap(void)
{
    open_driver();
    (void)vmk_map_unmap(map);
    vmk_sim_set_cpu(1);
    (void)vmk_map_wire(map, IN, 0, LENGTH);
}

static void
a_panic_that_nobody_told_is_kept_too(void **state)
{
    const char *text = saved(wire_after_unmap);

    assert_non_null(strstr(text, "\non-cpu 1\nwire m"));
    assert_shows(*state, text, "use-after-unmap");
}

static void
all_is_well(void)
{
    open_driver();
    close_driver();
}

static void
a_run_that_goes_well_writes_nothing(void **state)
{
    (void)state;
    assert_string_equal(saved(all_is_well), "");
}

/* ---- many calls ---- */

static void
call_much(void)
{
    vmk_dma_spec_t spec = { 32, PAGE, 8 * PAGE, 0 };
    vmk_dma_t dma = vmk_dma_create(&spec);
    vmk_desc_t buffer = vmk_desc_buffer(vmk_kernel_task(), IN_OUT, 3 * PAGE, PAGE, 0);
    vmk_lock_t rw = vmk_lock_alloc(VMK_RW);
    vmk_task_t app = vmk_sim_task_create();
    uint64_t at = 0x200000000;
    char bytes[64] = "b";

    (void)vmk_sim_allocate(app, &at, 4 * PAGE);
    (void)vmk_sim_protect(app, at + PAGE, PAGE, 1);
    (void)vmk_sim_user_wire(app, at, PAGE, 1);
    (void)vmk_sim_user_unwire(app, at, PAGE);
    (void)vmk_sim_deallocate(app, at + 3 * PAGE, PAGE);
    (void)vmk_desc_write(buffer, 8, bytes, sizeof(bytes));
    (void)vmk_desc_read(buffer, 0, bytes, sizeof(bytes));
    vmk_desc_set_length(buffer, 2 * PAGE);
    md = vmk_desc_sub(buffer, PAGE, PAGE, IN_OUT);
    (void)vmk_desc_prepare(md, 1);
    (void)vmk_desc_segment(md, 0, &at, 0);
    (void)vmk_dma_set(dma, md, 1);
    (void)vmk_dma_clear(dma, 1);
    vmk_dma_release(dma);
    (void)vmk_lock_acquire(rw, VMK_SHARED);
    vmk_lock_release(rw, VMK_SHARED, 1);
    (void)vmk_interrupts_set(0);
    (void)vmk_interrupts_set(1);
    vmk_sim_enter(VM_MUTEX);
    vmk_sim_leave(VM_MUTEX);
    (void)vmk_alloc_pageable(PAGE, PAGE);
    vmk_lock_free(rw);
    (void)vmk_sim_task_terminate(app);
}

static void
what_the_language_has_words_for_is_said(void **state)
{
    const char *text = saved(call_much);

    assert_null(strstr(text, "not said"));
    assert_shows(*state, text, "descriptor-leaked");
}

static void
wake_and_leak(void)
{
    vmk_wakeup(&md, 0);
    forget_to_complete();
}

static void
what_it_has_none_for_is_a_comment_and_counted(void **state)
{
    const char *text = saved(wake_and_leak);

    assert_non_null(strstr(text, "# 1 of the test's calls have no line"));
    assert_non_null(strstr(text, "# not said: wakeup: the language has no line for it\n"));
    assert_shows(*state, text, "descriptor-leaked");
}

/* ---- calls that fail ---- */

/* Takes a prepare that failed for one that did not. */
static void
ignore_a_failure(void)
{
    vmk_task_t app = vmk_sim_task_create();
    uint64_t at = 0;

    (void)vmk_sim_allocate(app, &at, LENGTH);
    md = vmk_desc_range(app, at, LENGTH, IN_OUT);
    faultline_fail("prepare", 1);
    (void)vmk_desc_prepare(md, 0);
    (void)vmk_desc_complete(md, 0);
}

static void
a_call_that_was_made_to_fail_fails_there_too(void **state)
{
    const char *text = saved(ignore_a_failure);

    assert_non_null(strstr(text, "\nfail prepare 1\nprepare md"));
    assert_shows(*state, text, "descriptor-leaked");
}

/* ---- an order of threads ---- */

static void
begin(void *context)
{
    (void)context;
    open_driver();
}

static void
wires(void *context)
{
    (void)context;
    (void)vmk_map_wire(map, IN, 0, LENGTH);
    (void)vmk_map_wire(map, 0, 0, LENGTH);
}

static void
unmaps(void *context)
{
    (void)context;
    (void)vmk_map_unmap(map);
}

static const char *
end(void *context)
{
    (void)context;
    close_driver();
    return NULL;
}

static int
explore_race(void *context)
{
    static const struct vmk_explore_thread threads[] = { { "wires", wires }, { "unmaps", unmaps } };
    const struct vmk_explore_test test = {
        .name = "race", .threads = threads, .thread_count = 2, .begin = begin, .check = end
    };

    (void)context;
    return vmk_explore(&test, NULL) == 0;
}

static void
an_order_that_goes_wrong_is_the_calls_in_that_order(void **state)
{
    const char *text = saved_by(explore_race, NULL);

    assert_non_null(strstr(text, "on-cpu 1\nunmap m"));
    assert_shows(*state, text, "use-after-unmap");
}

/* ---- shorter ---- */

static void
it_shrinks_as_any_scenario_does(void **state)
{
    struct scn_fixture *f = *state;
    const char *text = saved(wire_after_unmap);
    struct scn_fibers *fibers = fiber_set_create();
    struct shrink_result result;
    struct core_arena arena;

    core_arena_init(&arena, &f->counting.alloc);
    assert_int_equal(shrink_scenario(&arena, fibers, text, strlen(text), NULL, &result), SCN_OK);
    assert_true(result.lines < result.from);
    assert_null(strstr(result.text, "store"));
    assert_shows(f, result.text, "use-after-unmap");
    core_arena_destroy(&arena);
    fiber_set_destroy(fibers);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, scn_fixture_setup, scn_fixture_teardown)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_load_that_traps_is_a_line),
        TEST(a_leak_is_told_when_the_driver_unloads),
        TEST(a_panic_that_nobody_told_is_kept_too),
        TEST(a_run_that_goes_well_writes_nothing),
        TEST(what_the_language_has_words_for_is_said),
        TEST(what_it_has_none_for_is_a_comment_and_counted),
        TEST(a_call_that_was_made_to_fail_fails_there_too),
        TEST(an_order_that_goes_wrong_is_the_calls_in_that_order),
        TEST(it_shrinks_as_any_scenario_does),
    };

    return cmocka_run_group_tests_name("record", tests, NULL, NULL);
}

/* test_native_live.c - a driver's test tells a file what happens, while it happens */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "faultline/native.h"
#include "hooks/vmk_sim.h"

static char path[] = "/tmp/faultline-live-XXXXXX";

/* What the file says so far. */
static const char *
told(void)
{
    static char bytes[65536];
    FILE *file = fopen(path, "r");

    assert_non_null(file);
    bytes[fread(bytes, 1, sizeof(bytes) - 1, file)] = '\0';
    fclose(file);
    return bytes;
}

static size_t
count_of(const char *text, const char *part)
{
    size_t count = 0;

    for (const char *at = strstr(text, part); at != NULL; at = strstr(at + 1, part))
        count++;
    return count;
}

static void
events_and_findings_are_there_at_once(void **state)
{
    faultline_world_t *world;
    uint64_t address = 0;
    vmk_task_t app;
    vmk_desc_t md;
    size_t lines;

    (void)state;
    setenv("FAULTLINE_LIVE", path, 1);
    setenv("FAULTLINE_VERIFY", "strict", 1);
    world = faultline_start(NULL);
    assert_non_null(world);
    app = vmk_sim_task_create();
    assert_int_equal(vmk_sim_allocate(app, &address, 4096), 0);
    assert_int_equal(count_of(told(), "{\"event\": \"MAP_ENTER\", \"cpu\": 0, \"space\": 1,"), 2);
    md = vmk_desc_range(app, address, 4096, 2);
    assert_int_equal(vmk_desc_prepare(md, 0), 0);
    vmk_desc_release(md); /* prepared still */
    lines = count_of(told(), "\n");
    assert_int_equal(lines, count_of(told(), "{\"event\": ") + count_of(told(), "{\"finding\": "));
    assert_int_equal(count_of(told(), "{\"finding\": \"prepare-without-complete\"}\n"), 1);
    faultline_stop(world);

    /* Another world adds to it; without the variable nothing is told. */
    world = faultline_start(NULL);
    vmk_sim_task_create();
    faultline_stop(world);
    assert_true(count_of(told(), "\n") > lines);
    unsetenv("FAULTLINE_LIVE");
    lines = count_of(told(), "\n");
    world = faultline_start(NULL);
    vmk_sim_task_create();
    faultline_stop(world);
    assert_int_equal(count_of(told(), "\n"), lines);
}

static void
a_file_that_cannot_be_written_stops_nobody(void **state)
{
    faultline_world_t *world;

    (void)state;
    setenv("FAULTLINE_LIVE", "/nowhere/live", 1);
    world = faultline_start(NULL);
    assert_non_null(world);
    assert_non_null(strstr(faultline_trouble(), "FAULTLINE_LIVE=/nowhere/live"));
    vmk_sim_task_create();
    faultline_stop(world);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(events_and_findings_are_there_at_once),
        cmocka_unit_test(a_file_that_cannot_be_written_stops_nobody),
    };
    int file = mkstemp(path);
    int failed;

    if (file < 0)
        return 1;
    close(file);
    failed = cmocka_run_group_tests(tests, NULL, NULL);
    unlink(path);
    return failed;
}

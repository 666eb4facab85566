/*
 * test_native_explore_example.c - the example of docs/kit.md, as it stands there
 *
 * Between the two lines of dashes is what the page shows; the last test holds the page to it.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <faultline/cmocka.h>
#include <hooks/vmk_sim.h>

/* ------ */
enum { IN = 1, NONE = 0, IN_OUT = 3, ANYWHERE = 1, LENGTH = 16384 };

static struct ring {
    vmk_desc_t md;
    vmk_map_t map;
    vmk_lock_t spin;
    volatile uint8_t *bytes;
} ring;

static void
ring_begin(void *context) /* in each new world */
{
    struct ring *r = context;
    vmk_task_t app = vmk_sim_task_create();
    uint64_t at = 0;

    (void)vmk_sim_allocate(app, &at, LENGTH);
    r->md = vmk_desc_range(app, at, LENGTH, IN_OUT);
    (void)vmk_desc_prepare(r->md, 0);
    r->map = vmk_map_create(r->md, vmk_kernel_task(), 0, ANYWHERE, 0, LENGTH);
    r->bytes = faultline_pointer(vmk_kernel_task(), vmk_map_address(r->map));
    r->spin = vmk_lock_alloc(VMK_SPIN);
}

static void
ring_reader(void *context)
{
    struct ring *r = context;
    uint32_t state;

    if (vmk_map_wire(r->map, IN, 0, LENGTH) != 0)
        return;
    state = vmk_lock_acquire(r->spin, VMK_EXCLUSIVE);
    (void)r->bytes[0]; /* may not fault here */
    vmk_lock_release(r->spin, VMK_EXCLUSIVE, state);
    (void)vmk_map_wire(r->map, NONE, 0, LENGTH);
}

static void
ring_closer(void *context)
{
    struct ring *r = context;

    (void)vmk_map_unmap(r->map);
}

static const char *
ring_end(void *context) /* after the threads; a text here is a failure too */
{
    struct ring *r = context;

    vmk_map_release(r->map);
    (void)vmk_desc_complete(r->md, 0);
    vmk_desc_release(r->md);
    vmk_lock_free(r->spin);
    return NULL;
}

static const struct vmk_explore_thread ring_threads[] = { { "reader", ring_reader },
                                                          { "closer", ring_closer } };
static const struct vmk_explore_test ring_test = { .name = "ring",
                                                   .threads = ring_threads,
                                                   .thread_count = 2,
                                                   .begin = ring_begin,
                                                   .check = ring_end,
                                                   .context = &ring,
                                                   .shared = &ring,
                                                   .shared_bytes = sizeof(ring) };
/* ------ */

/* What the page would have as assert_explored(&ring_test), which fails. */
static void
the_race_of_wire_and_unmap_is_found(void **state)
{
    struct vmk_explore_result result;

    (void)state;
    assert_true(vmk_explore(&ring_test, &result) > 0);
    assert_true(result.is_complete);
}

static void
without_the_closer_all_is_well(void **state)
{
    struct vmk_explore_test alone = ring_test;

    (void)state;
    alone.thread_count = 1;
    assert_explored(&alone);
}

/* ---- the page ---- */

/* The file's text; the caller frees it. */
static char *
text_of(const char *path)
{
    FILE *file = fopen(path, "r");
    char *text = calloc(1, 1 << 17);

    assert_non_null(file);
    assert_true(fread(text, 1, (1 << 17) - 1, file) > 0);
    fclose(file);
    return text;
}

static void
the_page_shows_this_file(void **state)
{
    static const char dashes[] = "/* ------ */\n";
    char *page = text_of(SOURCE_DIR "/docs/kit.md");
    char *own = text_of(SOURCE_DIR "/tests/kit/test_native_explore_example.c");
    char *start = strstr(own, dashes) + strlen(dashes);

    (void)state;
    *strstr(start, dashes) = '\0';
    assert_non_null(strstr(page, start));
    free(page);
    free(own);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_race_of_wire_and_unmap_is_found),
        cmocka_unit_test(without_the_closer_all_is_well),
        cmocka_unit_test(the_page_shows_this_file),
    };

    return cmocka_run_group_tests_name("explore_example", tests, NULL, NULL);
}

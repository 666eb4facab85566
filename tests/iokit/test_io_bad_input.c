/*
 * test_io_bad_input.c - every option bit alone and in pairs, edges, gone handles: a code, never a stop
 * of ours
 *
 * What each call answers is asked elsewhere; here every answer must be one that the specification
 * knows, the kernel must run on unless the specification says that it stops, and every invariant
 * holds (the fixture asks at the end).
 */
#include "bad_input.h"

#include "base/status.h"

static void
combinations_are_all_different(void **state)
{
    (void)state;
    for (unsigned i = 0; i < COMBINATIONS; i++) {
        for (unsigned j = i + 1; j < COMBINATIONS; j++)
            assert_int_not_equal(combination(i), combination(j));
    }
}

/* What a driver does with a descriptor, whatever it got. */
static void
use_descriptor(struct iokit_fixture *f, vmk_desc_t md)
{
    vmk_map_t m;
    uint8_t byte = 0;

    if (md == NULL) {
        assert_known(vmk_sim_hidden_status());
        return;
    }
    if (vmk_desc_prepare(md, IO_DIRECTION_NONE) == VMM_OK && vmk_sim_desc_wire_count(md) > 0)
        (void)vmk_desc_read(md, 0, &byte, 1);
    m = vmk_map_create(md, f->kernel, 0, IO_MAP_ANYWHERE, 0, 0);
    if (m == NULL)
        assert_known(vmk_sim_hidden_status());
    vmk_map_release(m);
    assert_known(vmk_desc_complete(md, IO_DIRECTION_NONE));
    vmk_desc_release(md);
}

static void
descriptor_options(void **state)
{
    struct iokit_fixture *f = *state;

    for (size_t r = 0; r < VMM_COUNT_OF(bad_input_releases); r++) {
        iokit_restart(f, bad_input_releases[r]);
        for (unsigned i = 0; i < COMBINATIONS; i++) {
            vmk_range_t ranges[] = { { f->base, IO_PAGE }, { f->base + 2 * IO_PAGE, IO_PAGE } };

            use_descriptor(f, vmk_desc_ranges(f->task, ranges, 2, combination(i)));
            go_on(f, bad_input_releases[r]);
            use_descriptor(f, vmk_desc_physical((uint64_t)1 << 40, IO_PAGE, combination(i)));
            go_on(f, bad_input_releases[r]);
        }
    }
}

static void
buffer_options(void **state)
{
    struct iokit_fixture *f = *state;

    for (size_t r = 0; r < VMM_COUNT_OF(bad_input_releases); r++) {
        iokit_restart(f, bad_input_releases[r]);
        for (unsigned i = 0; i < COMBINATIONS; i++) {
            vmk_task_t owners[] = { f->kernel, f->task, NULL };

            for (size_t o = 0; o < VMM_COUNT_OF(owners); o++) {
                use_descriptor(f, vmk_desc_buffer(owners[o], combination(i), IO_PAGE + 1, 0, 0));
                go_on(f, bad_input_releases[r]);
            }
        }
    }
}

static void
mapping_options(void **state)
{
    struct iokit_fixture *f = *state;

    for (size_t r = 0; r < VMM_COUNT_OF(bad_input_releases); r++) {
        iokit_restart(f, bad_input_releases[r]);
        for (unsigned i = 0; i < COMBINATIONS; i++) {
            vmk_desc_t md = vmk_desc_range(f->task, f->base + 16, IO_PAGE, IO_DIRECTION_OUT);
            vmk_map_t m = vmk_map_create(md, f->kernel, 0, combination(i), 0, 0);

            if (m == NULL)
                assert_known(vmk_sim_hidden_status());
            else
                assert_int_equal(vmk_map_length(m), IO_PAGE);
            vmk_map_release(m);
            m = vmk_map_create(md, f->task, 0, IO_MAP_ANYWHERE | combination(i), 8, 8);
            vmk_map_release(m);
            vmk_desc_release(md);
            go_on(f, bad_input_releases[r]);
        }
    }
}

static void
prepare_and_wire_bits(void **state)
{
    struct iokit_fixture *f = *state;

    for (size_t r = 0; r < VMM_COUNT_OF(bad_input_releases); r++) {
        iokit_restart(f, bad_input_releases[r]);
        for (unsigned i = 0; i < COMBINATIONS; i++) {
            vmk_desc_t md = describe(f, 0, 2, IO_DIRECTION_OUT_IN);
            vmk_map_t m = map_in_kernel(f, md, 0);
            vmk_return_t wired = vmk_map_wire(m, combination(i) | IO_DIRECTION_IN, 0, IO_PAGE);

            assert_known(vmk_desc_prepare(md, combination(i)));
            assert_known(vmk_desc_complete(md, combination(i)));
            /* Bits but the lowest two are ignored. */
            assert_int_equal(wired, r == 0 ? VMM_NOT_SUPPORTED : VMM_OK);
            if (wired == VMM_OK)
                assert_int_equal(vmk_map_wire(m, combination(i) & ~3u, 0, IO_PAGE), VMM_OK);
            vmk_map_release(m);
            vmk_desc_release(md);
            go_on(f, bad_input_releases[r]);
        }
    }
}

/* Offsets and lengths of everything that takes them. */
static void
offsets_and_lengths_at_the_edges(void **state)
{
    struct iokit_fixture *f = *state;
    uint8_t byte[4];

    for (size_t r = 0; r < VMM_COUNT_OF(bad_input_releases); r++) {
        iokit_restart(f, bad_input_releases[r]);
        for (size_t o = 0; o < VMM_COUNT_OF(bad_input_edges); o++) {
            for (size_t l = 0; l < VMM_COUNT_OF(bad_input_edges); l++) {
                vmk_desc_t md = describe(f, 0, 2, IO_DIRECTION_OUT_IN);
                vmk_map_t m = vmk_map_create(md, f->kernel, 0, IO_MAP_ANYWHERE, bad_input_edges[o],
                                             bad_input_edges[l]);
                uint64_t length = bad_input_edges[l] == 0 ? 2 * IO_PAGE : bad_input_edges[l];
                bool is_inside =
                    bad_input_edges[o] < 2 * IO_PAGE && length <= 2 * IO_PAGE - bad_input_edges[o];
                vmk_desc_t view =
                    vmk_desc_sub(md, bad_input_edges[o], bad_input_edges[l], IO_DIRECTION_OUT_IN);

                assert_int_equal(m != NULL, is_inside);
                assert_int_equal(view != NULL,
                                 bad_input_edges[o] <= 2 * IO_PAGE &&
                                     bad_input_edges[l] <= 2 * IO_PAGE - bad_input_edges[o]);
                assert_int_equal(vmk_desc_prepare(md, IO_DIRECTION_NONE), VMM_OK);
                (void)vmk_desc_read(md, bad_input_edges[o], byte, sizeof(byte));
                (void)vmk_desc_segment(md, bad_input_edges[o], &length, 0);
                (void)vmk_desc_perform(md, 1, bad_input_edges[o], IO_PAGE);
                vmk_desc_release(view);
                vmk_map_release(m);
                vmk_desc_release(md);
                assert_stopped(REASON_NONE);
            }
        }
    }
}

static void
ranges_at_the_edges(void **state)
{
    struct iokit_fixture *f = *state;

    for (size_t r = 0; r < VMM_COUNT_OF(bad_input_releases); r++) {
        iokit_restart(f, bad_input_releases[r]);
        for (size_t a = 0; a < VMM_COUNT_OF(bad_input_edges); a++) {
            for (size_t l = 0; l < VMM_COUNT_OF(bad_input_edges); l++) {
                vmk_range_t two[] = { { f->base, IO_PAGE },
                                      { bad_input_edges[a], bad_input_edges[l] } };

                use_descriptor(f, vmk_desc_range(f->task, bad_input_edges[a], bad_input_edges[l],
                                                 IO_DIRECTION_OUT));
                go_on(f, bad_input_releases[r]);
                use_descriptor(f, vmk_desc_ranges(f->task, two, 2, IO_DIRECTION_OUT));
                go_on(f, bad_input_releases[r]);
                if (bad_input_edges[l] <= (uint64_t)IO_PAGE * 4)
                    use_descriptor(f, vmk_desc_physical(bad_input_edges[a], bad_input_edges[l],
                                                        IO_DIRECTION_OUT));
                go_on(f, bad_input_releases[r]);
                use_descriptor(f, vmk_desc_buffer(f->kernel, IO_DIRECTION_OUT, bad_input_edges[l],
                                                  bad_input_edges[a], 0));
                go_on(f, bad_input_releases[r]);
            }
        }
    }
}

/* A handle that was good once. */
static void
released_handles_are_answered(void **state)
{
    struct iokit_fixture *f = *state;
    vmk_desc_t md = describe(f, 0, 1, IO_DIRECTION_OUT_IN);
    vmk_map_t m = map_in_kernel(f, md, 0);
    vmk_dma_t c = vmk_dma_create(&(vmk_dma_spec_t){ .max_segment = IO_PAGE });
    vmk_range_t segment;
    uint64_t offset = 0;
    uint32_t count = 1;

    vmk_map_release(m);
    vmk_desc_release(md);
    vmk_dma_release(c);
    assert_int_equal(vmk_desc_prepare(md, 0), VMK_BAD_HANDLE);
    assert_int_equal(vmk_desc_complete(md, 0), VMK_BAD_HANDLE);
    assert_int_equal(vmk_desc_page_counts(md, NULL, NULL), VMK_BAD_HANDLE);
    assert_int_equal(vmk_desc_set_purgeable(md, 2, NULL), VMK_BAD_HANDLE);
    assert_int_equal(vmk_desc_perform(md, 1, 0, 1), VMK_BAD_HANDLE);
    assert_int_equal(vmk_desc_dma_map_length(md, NULL), 0);
    assert_null(vmk_desc_sub(md, 0, 1, 0));
    assert_null(vmk_desc_multi(&md, 1, 0));
    assert_null(vmk_desc_persistent(md));
    assert_null(vmk_desc_bytes(md));
    assert_int_equal(vmk_desc_capacity(md), 0);
    vmk_desc_set_length(md, 1);
    vmk_desc_release(md);
    assert_null(vmk_map_create(md, f->kernel, 0, IO_MAP_ANYWHERE, 0, 0));
    assert_null(vmk_map_set(md, f->kernel, f->base, 0));
    assert_int_equal(vmk_map_wire(m, 1, 0, 1), VMK_BAD_HANDLE);
    assert_int_equal(vmk_map_unmap(m), VMK_BAD_HANDLE);
    assert_int_equal(vmk_dma_set(c, NULL, 1), VMK_BAD_HANDLE);
    assert_int_equal(vmk_dma_prepare(c, 0, 0), VMK_BAD_HANDLE);
    assert_int_equal(vmk_dma_complete(c), VMK_BAD_HANDLE);
    assert_int_equal(vmk_dma_clear(c, 1), VMK_BAD_HANDLE);
    assert_int_equal(vmk_dma_segments(c, &offset, &segment, &count), VMK_BAD_HANDLE);
    assert_int_equal(vmk_dma_synchronize(c, 0), VMK_BAD_HANDLE);
    assert_null(vmk_dma_create(NULL));
    assert_null(vmk_desc_ranges(f->task, NULL, 1, IO_DIRECTION_OUT));
    assert_null(vmk_desc_ranges(f->task, NULL, 0, IO_DIRECTION_OUT));
    assert_stopped(REASON_NONE);
}

/* ---- the embedder's memory runs out ---- */

/* Every kind once, used and given back, with the n-th request failing; true: none failed. */
static bool
make_every_kind(struct iokit_fixture *f, uint64_t fail_at)
{
    uint64_t far_away = (uint64_t)1 << 40;
    vmk_range_t ranges[] = { { far_away, IO_PAGE }, { far_away + 8 * IO_PAGE, IO_PAGE } };
    vmk_desc_t made[8];
    vmk_dma_t c;
    bool is_all = true;

    f->counting.requests = 0;
    f->counting.fail_at = fail_at;
    made[0] = vmk_desc_buffer(f->kernel, IO_DIRECTION_OUT_IN, 2 * IO_PAGE, 0, 0);
    made[1] = vmk_desc_buffer(f->kernel, IO_BUFFER_PAGEABLE | IO_DIRECTION_OUT_IN, IO_PAGE, 0, 0);
    made[2] = vmk_desc_ranges(NULL, ranges, 2, IO_DIRECTION_OUT_IN);
    made[3] = vmk_desc_sub(made[0], IO_PAGE, IO_PAGE, IO_DIRECTION_OUT_IN);
    made[4] = vmk_desc_multi((vmk_desc_t[]){ made[0], made[3] }, 2, IO_DIRECTION_OUT_IN);
    made[5] = vmk_desc_guard(IO_PAGE);
    made[6] = vmk_sim_desc_list(f->task, f->base, 2 * IO_PAGE, IO_DIRECTION_OUT_IN);
    made[7] = vmk_desc_buffer_guarded(f->task, IO_DIRECTION_OUT_IN, IO_PAGE);
    c = vmk_dma_create(&(vmk_dma_spec_t){ .max_segment = IO_PAGE });
    if (c != NULL && made[0] != NULL)
        is_all &= vmk_dma_set(c, made[0], 1) == VMM_OK;
    for (size_t i = 0; i < VMM_COUNT_OF(made); i++) {
        uint32_t unique = i == 2 ? 0 : IO_MAP_UNIQUE; /* two blocks cannot be one (3.1) */
        vmk_map_t m = vmk_map_create(made[i], f->kernel, 0, IO_MAP_ANYWHERE | unique, 0, 0);

        is_all &= m != NULL;
        vmk_map_release(m);
    }
    is_all &= c != NULL;
    f->counting.fail_at = 0;
    assert_null(vmk_sim_check());
    assert_stopped(REASON_NONE);
    vmk_dma_release(c);
    for (size_t i = VMM_COUNT_OF(made); i > 0; i--)
        vmk_desc_release(made[i - 1]);
    return is_all;
}

static void
every_failing_allocation_is_null_and_leaks_nothing(void **state)
{
    struct iokit_fixture *f = *state;
    bool is_all = false;
    uint64_t n;

    for (n = 1; n < 500 && !is_all; n++) {
        iokit_restart(f, "macos-15.4"); /* which checks that nothing is left */
        is_all = make_every_kind(f, n);
    }
    assert_true(is_all);
    assert_true(n > 20); /* many requests could fail */
}

/* A descriptor whose task has ended: its range cannot be looked up any more. */
static void
an_ended_task_is_no_source(void **state)
{
    struct iokit_fixture *f = *state;
    vmk_desc_t md = describe(f, 0, 1, IO_DIRECTION_OUT_IN);
    vmk_desc_t never = vmk_desc_buffer(f->task, IO_BUFFER_PAGEABLE, IO_PAGE, 0, 0);

    vmk_desc_release(never);
    assert_int_equal(vmk_sim_task_terminate(f->task), VMM_OK);
    assert_int_equal(vmk_desc_prepare(md, IO_DIRECTION_NONE), VMM_IO_CANNOT_WIRE);
    assert_map_refused(md, f->kernel, 0, IO_MAP_ANYWHERE, VMM_INVALID_TASK);
    assert_null(vmk_desc_range(f->task, f->base, IO_PAGE, IO_DIRECTION_OUT));
    assert_int_equal(vmk_sim_hidden_status(), VMK_BAD_HANDLE);
    vmk_desc_release(md);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(combinations_are_all_different),
        IOKIT_TEST(descriptor_options),
        IOKIT_TEST(buffer_options),
        IOKIT_TEST(mapping_options),
        IOKIT_TEST(prepare_and_wire_bits),
        IOKIT_TEST(offsets_and_lengths_at_the_edges),
        IOKIT_TEST(ranges_at_the_edges),
        IOKIT_TEST(released_handles_are_answered),
        IOKIT_TEST(every_failing_allocation_is_null_and_leaks_nothing),
        IOKIT_TEST(an_ended_task_is_no_source),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

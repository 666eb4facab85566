/*
 * test_io_bad_calls.c - the factories and calls that test_io_bad_input.c leaves: views, rows, guards,
 * commands, redirection, kernel memory, and handles of the wrong kind
 */
#include "bad_input.h"

static vmk_desc_t
two_pages(struct iokit_fixture *f)
{
    return describe(f, 0, 2, IO_DIRECTION_OUT_IN);
}

/* What a driver may do with any descriptor; gone afterwards. */
static void
use(struct iokit_fixture *f, vmk_desc_t md)
{
    vmk_map_t m;

    if (md == NULL) {
        assert_known(vmk_sim_hidden_status());
        return;
    }
    assert_known(vmk_desc_prepare(md, 0));
    m = vmk_map_create(md, f->kernel, 0, IO_MAP_ANYWHERE, 0, 0);
    assert_known(m == NULL ? vmk_sim_hidden_status() : VMM_OK);
    vmk_map_release(m);
    assert_known(vmk_desc_complete(md, 0));
    vmk_desc_release(md);
}

static void
options_of_views_rows_and_guarded_buffers(void **state)
{
    struct iokit_fixture *f = *state;

    for (size_t r = 0; r < VMM_COUNT_OF(bad_input_releases); r++) {
        iokit_restart(f, bad_input_releases[r]);
        for (unsigned i = 0; i < COMBINATIONS; i++) {
            vmk_desc_t parts[2] = { two_pages(f), two_pages(f) };

            use(f, vmk_desc_sub(parts[0], 16, IO_PAGE, combination(i)));
            go_on(f, bad_input_releases[r]);
            parts[0] = two_pages(f);
            parts[1] = two_pages(f);
            use(f, vmk_desc_multi(parts, 2, combination(i)));
            go_on(f, bad_input_releases[r]);
            use(f, vmk_desc_buffer_guarded(f->kernel, combination(i), IO_PAGE));
            go_on(f, bad_input_releases[r]);
            use(f, vmk_sim_desc_list(f->task, f->base, IO_PAGE, combination(i)));
            go_on(f, bad_input_releases[r]);
            use(f, vmk_desc_address((uint64_t)(uintptr_t)vmk_alloc(IO_PAGE, 0), IO_PAGE,
                                    combination(i)));
            iokit_restart(f, bad_input_releases[r]);
        }
    }
}

/* setMapping() of any address with any bit: nothing is mapped, so nothing can go wrong. */
static void
adopted_addresses(void **state)
{
    struct iokit_fixture *f = *state;
    vmk_desc_t md = two_pages(f);

    for (unsigned i = 0; i < COMBINATIONS; i++) {
        for (size_t e = 0; e < VMM_COUNT_OF(bad_input_edges); e++) {
            vmk_map_t m = vmk_map_set(md, f->task, bad_input_edges[e], combination(i));

            assert_non_null(m);
            assert_int_equal(vmk_map_address(m), bad_input_edges[e]);
            assert_true((vmk_map_options(m) & IO_MAP_STATIC) != 0);
            vmk_map_release(m);
        }
    }
    assert_int_equal(vmk_sim_desc_references(md), 1);
    assert_stopped(REASON_NONE);
}

/* wireRange() of any range: a code of iokit.md 4.3, and an unwire of what it wired undoes it. */
static void
wires_at_the_edges(void **state)
{
    struct iokit_fixture *f = *state;

    for (size_t r = 0; r < VMM_COUNT_OF(bad_input_releases); r++) {
        iokit_restart(f, bad_input_releases[r]);
        for (size_t o = 0; o < VMM_COUNT_OF(bad_input_edges); o++) {
            for (size_t l = 0; l < VMM_COUNT_OF(bad_input_edges); l++) {
                vmk_desc_t md = describe(f, 0, 2, IO_DIRECTION_OUT_IN);
                vmk_map_t m = map_in_kernel(f, md, 0);
                uint64_t offset = bad_input_edges[o], length = bad_input_edges[l];
                vmk_return_t wired = vmk_map_wire(m, IO_DIRECTION_IN, offset, length);

                assert_known(wired);
                if (offset < 2 * IO_PAGE && length <= 2 * IO_PAGE - offset)
                    assert_int_equal(wired, r == 0 ? VMM_NOT_SUPPORTED : VMM_OK);
                if (wired == VMM_OK)
                    assert_int_equal(vmk_map_wire(m, IO_DIRECTION_NONE, offset, length), VMM_OK);
                assert_stopped(REASON_NONE);
                assert_io_wired(f->kernel, vmk_map_address(m), "00");
                vmk_map_release(m);
                vmk_desc_release(md);
            }
        }
    }
}

static void
commands_at_the_edges(void **state)
{
    struct iokit_fixture *f = *state;
    vmk_desc_t md = two_pages(f);
    vmk_range_t segment;

    assert_int_equal(vmk_desc_prepare(md, 0), VMM_OK);
    for (size_t o = 0; o < VMM_COUNT_OF(bad_input_edges); o++) {
        for (size_t l = 0; l < VMM_COUNT_OF(bad_input_edges); l++) {
            uint64_t offset = bad_input_edges[o], length = bad_input_edges[l];
            uint64_t rest = offset <= 2 * IO_PAGE ? 2 * IO_PAGE - offset : 0;
            vmk_dma_t c = vmk_dma_create(&(vmk_dma_spec_t){ .max_segment = length,
                                                            .max_transfer = length,
                                                            .alignment = (uint32_t)offset & 63 });
            vmk_dma_t plain = vmk_dma_create(&(vmk_dma_spec_t){ .address_bits = 64 });
            uint32_t count = 1;
            uint64_t at = offset;
            vmk_return_t prepared;

            assert_known(vmk_dma_set(c, md, 1));
            assert_known(vmk_dma_segments(c, &at, &segment, &count));
            assert_int_equal(vmk_dma_set(plain, md, 0), VMM_OK);
            prepared = vmk_dma_prepare(plain, offset, length);
            assert_int_equal(prepared == VMM_OK,
                             offset <= 2 * IO_PAGE && (length == 0 || length <= rest));
            assert_known(prepared);
            for (unsigned i = 0; i < COMBINATIONS && prepared == VMM_OK; i += 37)
                assert_known(vmk_dma_synchronize(plain, combination(i)));
            assert_known(vmk_dma_complete(plain));
            assert_int_equal(vmk_dma_clear(plain, 1), VMM_OK);
            vmk_dma_release(plain);
            vmk_dma_release(c);
            assert_stopped(REASON_NONE);
        }
    }
    assert_int_equal(vmk_desc_complete(md, 0), VMM_OK);
    assert_int_equal(vmk_sim_desc_references(md), 1);
}

static void
states_and_operations_of_any_bits(void **state)
{
    struct iokit_fixture *f = *state;
    vmk_desc_t md = two_pages(f);
    vmk_desc_t pageable = vmk_desc_buffer(f->kernel, 3 | IO_BUFFER_PAGEABLE, 2 * IO_PAGE, 0, 0);

    assert_int_equal(vmk_desc_prepare(md, 0), VMM_OK);
    for (unsigned i = 0; i < COMBINATIONS; i++) {
        uint32_t bits = combination(i);
        bool is_state = bits >= 1 && bits <= 4;
        bool is_operation = bits == 1 || bits == 2 || bits == 50 || bits == 51;

        assert_int_equal(vmk_desc_set_purgeable(md, bits, NULL) == VMM_IO_BAD_ARGUMENT, !is_state);
        assert_int_equal(vmk_desc_set_purgeable(pageable, bits, NULL) == VMM_IO_BAD_ARGUMENT,
                         !is_state);
        assert_int_equal(vmk_desc_perform(md, bits, 0, IO_PAGE),
                         is_operation ? VMM_OK : VMM_IO_UNSUPPORTED);
    }
    for (size_t e = 0; e < VMM_COUNT_OF(bad_input_edges); e++) {
        uint64_t length = bad_input_edges[e];

        vmk_desc_set_length(pageable, length);
        assert_true(vmk_desc_length(pageable) <= 2 * IO_PAGE);
        vmk_desc_set_length(md, length); /* no buffer */
        assert_int_equal(vmk_desc_length(md), 2 * IO_PAGE);
        assert_int_equal(vmk_desc_perform(md, 1, 0, length),
                         length <= 2 * IO_PAGE ? VMM_OK : VMM_IO_UNDERRUN);
    }
    assert_stopped(REASON_NONE);
}

/* IOMallocAligned and IOMallocPageable of any size and alignment: memory, or NULL. */
static void
kernel_memory_at_the_edges(void **state)
{
    struct iokit_fixture *f = *state;

    (void)f;
    for (size_t l = 0; l < VMM_COUNT_OF(bad_input_edges); l++) {
        for (size_t a = 0; a < VMM_COUNT_OF(bad_input_edges); a++) {
            uint64_t length = bad_input_edges[l], alignment = bad_input_edges[a];
            void *wired = vmk_alloc(length, alignment);
            void *pageable = vmk_alloc_pageable(length, alignment);
            bool is_aligned = alignment == 0 || (uint64_t)(uintptr_t)wired % alignment == 0;

            assert_true(wired == NULL || is_aligned);
            assert_int_equal(pageable != NULL,
                             length > 0 && length <= IO_PAGEABLE_MAX_BYTES && alignment <= IO_PAGE);
            vmk_free(wired, length, alignment);
            if (pageable != NULL)
                vmk_free_pageable(pageable, length);
            assert_stopped(REASON_NONE);
        }
    }
}

/* Guards, views and rows of any size. */
static void
sizes_at_the_edges(void **state)
{
    struct iokit_fixture *f = *state;

    for (size_t l = 0; l < VMM_COUNT_OF(bad_input_edges); l++) {
        uint64_t length = bad_input_edges[l];
        vmk_desc_t guard = vmk_desc_guard(length);
        vmk_desc_t parts[2] = { guard, two_pages(f) };
        vmk_desc_t guarded;

        assert_int_equal(guard != NULL, length > 0 && length + IO_PAGE - 1 >= length);
        use(f, guard == NULL ? NULL : vmk_desc_multi(parts, 2, 0));
        vmk_desc_release(guard);
        guarded = vmk_desc_buffer_guarded(f->task, IO_DIRECTION_OUT_IN, length);
        if (guarded != NULL && length > 4 * IO_PAGE)
            vmk_desc_release(guarded); /* more than this machine could wire */
        else
            use(f, guarded);
        use(f, vmk_desc_buffer(f->kernel, IO_DIRECTION_OUT_IN, IO_PAGE, 0, length));
        assert_stopped(REASON_NONE);
    }
}

/* A lock's, a task's and a command's handle where a descriptor or a mapping is wanted, and none. */
static void
handles_of_the_wrong_kind(void **state)
{
    struct iokit_fixture *f = *state;
    vmk_desc_t md = two_pages(f);
    vmk_map_t m = map_in_kernel(f, md, 0);
    void *wrong[] = { NULL,
                      (void *)vmk_lock_alloc(VMK_MUTEX),
                      (void *)f->task,
                      (void *)vmk_dma_create(&(vmk_dma_spec_t){ .address_bits = 64 }),
                      (void *)m,
                      (void *)(uintptr_t)0xdeadbeef };

    for (size_t i = 0; i < VMM_COUNT_OF(wrong); i++) {
        vmk_desc_t d = (vmk_desc_t)wrong[i];
        vmk_map_t map = (vmk_map_t)(wrong[i] == (void *)m ? (void *)md : wrong[i]);

        assert_int_equal(vmk_desc_prepare(d, 0), VMK_BAD_HANDLE);
        assert_int_equal(vmk_desc_complete(d, 0), VMK_BAD_HANDLE);
        assert_int_equal(vmk_desc_redirect(d, NULL, 1), VMK_BAD_HANDLE);
        assert_null(vmk_desc_sub(d, 0, 1, 0));
        assert_null(vmk_desc_multi(&d, 1, 0));
        assert_null(vmk_desc_persistent(d));
        assert_null(vmk_map_create(d, f->kernel, 0, IO_MAP_ANYWHERE, 0, 0));
        assert_int_equal(vmk_map_unmap(map), VMK_BAD_HANDLE);
        assert_int_equal(vmk_map_wire(map, 1, 0, 1), VMK_BAD_HANDLE);
        assert_int_equal(vmk_map_block(map, 1), VMK_BAD_HANDLE);
        assert_int_equal(vmk_map_redirect(map, md), VMK_BAD_HANDLE);
        assert_int_equal(vmk_map_redirect(m, d), VMK_BAD_HANDLE);
        assert_int_equal(vmk_map_address(map), 0);
        assert_int_equal(vmk_map_length(map), 0);
        if (wrong[i] != (void *)f->task && wrong[i] != NULL) {
            assert_null(vmk_desc_range((vmk_task_t)wrong[i], f->base, IO_PAGE, 3));
            assert_null(vmk_map_create(md, (vmk_task_t)wrong[i], 0, IO_MAP_ANYWHERE, 0, 0));
        }
    }
    assert_io_byte(f->kernel, vmk_map_address(m), IO_FILL);
    assert_stopped(REASON_NONE);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        IOKIT_TEST(options_of_views_rows_and_guarded_buffers),
        IOKIT_TEST(adopted_addresses),
        IOKIT_TEST(wires_at_the_edges),
        IOKIT_TEST(commands_at_the_edges),
        IOKIT_TEST(states_and_operations_of_any_bits),
        IOKIT_TEST(kernel_memory_at_the_edges),
        IOKIT_TEST(sizes_at_the_edges),
        IOKIT_TEST(handles_of_the_wrong_kind),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

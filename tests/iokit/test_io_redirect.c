/* test_io_redirect.c - keeping everybody out of a descriptor's memory, iokit.md 3.6 and 3.8 */
#include "iokit_fixture.h"

#include "base/status.h"

enum { FAR_AWAY = 40 };

static vmk_desc_t
device(void)
{
    return vmk_desc_physical((uint64_t)1 << FAR_AWAY, 2 * IO_PAGE, IO_DIRECTION_OUT_IN);
}

static uint64_t
translated(vmk_task_t task, vmk_map_t m)
{
    return vmk_sim_translated(task, vmk_map_address(m), 2 * IO_PAGE, NULL);
}

/*  A device sleeps: nobody but the safe task keeps a translation, and the kernel's come back after   */
static void
redirect_drops_translations_and_brings_the_kernels_back(void **state)
{
    struct iokit_fixture *f = *state;
    vmk_desc_t md = device();
    vmk_map_t kernels = map_in_kernel(f, md, 0);
    vmk_map_t users = vmk_map_create(md, f->task, 0, IO_MAP_ANYWHERE, 0, 0);

    assert_true(io_store(f->task, vmk_map_address(users), 1));
    assert_int_equal(vmk_desc_redirect(md, f->task, 1), VMM_OK);
    assert_int_equal(translated(f->kernel, kernels), 0);
    assert_int_equal(translated(f->task, users), 2);
    assert_true(io_load(f->task, vmk_map_address(users)));
    assert_int_equal(vmk_desc_redirect(md, NULL, 0), VMM_OK);
    assert_int_equal(translated(f->kernel, kernels), 2);
    assert_true(io_load_locked(f->kernel, vmk_map_address(kernels)));
}

static void
touching_redirected_device_memory_waits(void **state)
{
    struct iokit_fixture *f = *state;
    vmk_desc_t md = device();
    vmk_map_t m = map_in_kernel(f, md, 0);
    vmk_map_t later;

    assert_int_equal(vmk_desc_redirect(md, NULL, 1), VMM_OK);
    later = map_in_kernel(f, md, IO_MAP_UNIQUE);
    assert_int_equal(translated(f->kernel, later), 0); /* not entered early while redirected */
    assert_false(io_load(f->kernel, vmk_map_address(m)));
    assert_stopped(REASON_ACCESS_BLOCKED);
}

/*  Task memory has no pager that would wait: a redirection costs a fault and no more                 */
static void
redirected_task_memory_only_faults_again(void **state)
{
    struct iokit_fixture *f = *state;
    vmk_desc_t md = describe(f, 0, 2, IO_DIRECTION_OUT_IN);
    vmk_map_t m = map_in_kernel(f, md, 0);

    assert_io_byte(f->kernel, vmk_map_address(m), IO_FILL);
    assert_int_equal(vmk_desc_redirect(md, NULL, 1), VMM_OK);
    assert_int_equal(translated(f->kernel, m), 0);
    assert_io_byte(f->kernel, vmk_map_address(m), IO_FILL);
    assert_int_equal(vmk_desc_redirect(md, NULL, 0), VMM_OK);
}

static void
a_blocked_mapping_waits_until_it_is_let_go(void **state)
{
    struct iokit_fixture *f = *state;
    vmk_desc_t md = describe(f, 0, 2, IO_DIRECTION_OUT_IN);
    vmk_map_t m = map_in_kernel(f, md, 0);

    assert_io_byte(f->kernel, vmk_map_address(m), IO_FILL);
    assert_int_equal(vmk_map_block(m, 1), VMM_OK);
    assert_int_equal(translated(f->kernel, m), 0);
    assert_int_equal(vmk_map_block(m, 0), VMM_OK);
    assert_io_byte(f->kernel, vmk_map_address(m), IO_FILL);
    assert_int_equal(vmk_map_block(m, 1), VMM_OK);
    assert_false(io_load(f->kernel, vmk_map_address(m)));
    assert_stopped(REASON_ACCESS_BLOCKED);
}

/*  Several named entries: IOMemoryMap::redirect() cannot                                             */
static void
a_mapping_of_several_entries_cannot_be_blocked(void **state)
{
    struct iokit_fixture *f = *state;
    vmk_range_t ranges[] = { { io_page(f, 0), IO_PAGE }, { io_page(f, 4), IO_PAGE } };
    vmk_desc_t md = vmk_desc_ranges(f->task, ranges, 2, IO_DIRECTION_OUT_IN);

    assert_int_equal(vmk_map_block(map_in_kernel(f, md, 0), 1), VMM_IO_NOT_READABLE);
    assert_int_equal(vmk_map_block(NULL, 1), VMK_BAD_HANDLE);
    assert_int_equal(vmk_desc_redirect(NULL, NULL, 1), VMK_BAD_HANDLE);
    assert_int_equal(vmk_desc_redirect(md, (vmk_task_t)(uintptr_t)0xdead, 1), VMK_BAD_HANDLE);
}

static uint64_t
bytes_of(vmk_desc_t md)
{
    return (uint64_t)(uintptr_t)vmk_desc_bytes(md);
}

/* A pageable buffer of the task, two pages of `byte`. */
static vmk_desc_t
buffer_of(struct iokit_fixture *f, uint8_t byte)
{
    vmk_desc_t md =
        vmk_desc_buffer(f->task, IO_DIRECTION_OUT_IN | IO_BUFFER_PAGEABLE, 2 * IO_PAGE, 0, 0);

    assert_non_null(md);
    assert_int_equal(vmk_sim_write(f->task, bytes_of(md), NULL, byte, 2 * IO_PAGE, NULL), VMM_OK);
    return md;
}

/*  map of a: 1111      redirected to b: 2222, at the same address, and it is b's mapping now
 *  Each descriptor keeps its bytes; who only maps the memory, as its task does, sees them change      */
static void
a_redirected_mapping_shows_the_other_descriptor(void **state)
{
    struct iokit_fixture *f = *state;
    vmk_desc_t a = buffer_of(f, 0x11);
    vmk_desc_t b = buffer_of(f, 0x22);
    vmk_map_t m = map_in_kernel(f, a, 0);
    uint64_t at = vmk_map_address(m);
    uint8_t read[2] = { 0, 0 };

    assert_io_byte(f->kernel, at, 0x11);
    assert_int_equal(vmk_map_redirect(m, b), VMM_OK);
    assert_int_equal(translated(f->kernel, m), 0);
    assert_io_byte(f->kernel, at, 0x22);
    assert_int_equal(vmk_map_address(m), at);
    assert_ptr_equal(vmk_map_desc(m), b);
    assert_io_byte(f->task, bytes_of(a), 0x22);
    assert_io_byte(f->task, bytes_of(b), 0x11);
    assert_int_equal(vmk_desc_prepare(a, IO_DIRECTION_NONE), VMM_OK);
    assert_int_equal(vmk_desc_prepare(b, IO_DIRECTION_NONE), VMM_OK);
    assert_int_equal(vmk_desc_read(a, 0, &read[0], 1), 1);
    assert_int_equal(vmk_desc_read(b, 0, &read[1], 1), 1);
    assert_int_equal(read[0], 0x11);
    assert_int_equal(read[1], 0x22);
    assert_int_equal(vmk_desc_complete(a, IO_DIRECTION_NONE), VMM_OK);
    assert_int_equal(vmk_desc_complete(b, IO_DIRECTION_NONE), VMM_OK);
    assert_int_equal(vmk_map_redirect(m, a), VMM_OK); /* and back */
    assert_io_byte(f->kernel, at, 0x11);
    assert_io_byte(f->task, bytes_of(a), 0x11);
}

static void
a_redirection_moves_the_mappings_reference(void **state)
{
    struct iokit_fixture *f = *state;
    vmk_desc_t a = buffer_of(f, 0x11);
    vmk_desc_t b = buffer_of(f, 0x22);
    vmk_map_t m = map_in_kernel(f, a, 0);

    assert_int_equal(vmk_sim_desc_references(a), 2);
    assert_int_equal(vmk_map_redirect(m, vmk_desc_sub(b, 0, IO_PAGE, 0)), VMM_OK);
    assert_int_equal(vmk_sim_desc_references(a), 1);
    vmk_desc_release(a);
    assert_int_equal(vmk_sim_desc_id(a), 0); /* nothing keeps it */
    assert_io_byte(f->kernel, vmk_map_address(m), 0x22);
    assert_int_equal(vmk_map_unmap(m), VMM_OK);
    assert_int_equal(vmk_map_redirect(m, b), VMM_OK); /* there is nothing to redirect */
}

/*  Blocked, then redirected: the wait ends, whichever descriptor it ends with                         */
static void
a_redirection_ends_a_block(void **state)
{
    struct iokit_fixture *f = *state;
    vmk_desc_t a = buffer_of(f, 0x11);
    vmk_desc_t b = buffer_of(f, 0x22);
    vmk_map_t m = map_in_kernel(f, a, 0);

    assert_int_equal(vmk_map_block(m, 1), VMM_OK);
    assert_int_equal(vmk_map_redirect(m, b), VMM_OK);
    assert_io_byte(f->kernel, vmk_map_address(m), 0x22);
    assert_int_equal(vmk_map_block(m, 1), VMM_OK);
    assert_int_equal(vmk_map_redirect(m, b), VMM_OK);
    assert_io_byte(f->kernel, vmk_map_address(m), 0x22);
}

/*  Nothing changes for memory of several entries, of another size, wired, copied, a snapshot, a device's       */
static void
what_cannot_change_places_stays(void **state)
{
    struct iokit_fixture *f = *state;
    vmk_range_t ranges[] = { { io_page(f, 0), IO_PAGE }, { io_page(f, 4), IO_PAGE } };
    vmk_desc_t a = buffer_of(f, 0x11);
    vmk_desc_t b = buffer_of(f, 0x22);
    vmk_desc_t large =
        vmk_desc_buffer(NULL, IO_DIRECTION_OUT_IN | IO_BUFFER_PAGEABLE, 3 * IO_PAGE, 0, 0);
    vmk_desc_t snapshot = describe(f, 6, 8, 3 | IO_MEMORY_MAP_COPY_ON_WRITE);
    vmk_map_t m = map_in_kernel(f, a, 0);

    assert_int_equal(vmk_map_redirect(m, vmk_desc_ranges(f->task, ranges, 2, 3)),
                     VMM_IO_NOT_READABLE);
    assert_int_equal(vmk_map_redirect(m, vmk_desc_multi(&b, 1, 3)), VMM_IO_NOT_READABLE);
    assert_int_equal(vmk_map_redirect(m, large), VMM_INVALID_VALUE);
    assert_int_equal(vmk_map_redirect(m, describe(f, 0, 2, 3)), VMM_INVALID_VALUE);
    assert_int_equal(vmk_map_redirect(map_in_kernel(f, snapshot, 0), b), VMM_INVALID_VALUE);
    assert_int_equal(vmk_map_redirect(m, device()), VMM_IO_NOT_READABLE); /* nobody mapped it yet */
    assert_int_equal(vmk_desc_prepare(b, IO_DIRECTION_NONE), VMM_OK);
    assert_int_equal(vmk_map_redirect(m, b), VMM_INVALID_VALUE);
    assert_int_equal(vmk_desc_complete(b, IO_DIRECTION_NONE), VMM_OK);
    assert_int_equal(vmk_map_redirect(m, NULL), VMK_BAD_HANDLE);
    assert_int_equal(vmk_map_redirect(NULL, b), VMK_BAD_HANDLE);
    assert_io_byte(f->kernel, vmk_map_address(m), 0x11);
    assert_ptr_equal(vmk_map_desc(m), a);
    assert_int_equal(vmk_map_redirect(m, b), VMM_OK);
    assert_io_byte(f->kernel, vmk_map_address(m), 0x22);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        IOKIT_TEST(redirect_drops_translations_and_brings_the_kernels_back),
        IOKIT_TEST(touching_redirected_device_memory_waits),
        IOKIT_TEST(redirected_task_memory_only_faults_again),
        IOKIT_TEST(a_blocked_mapping_waits_until_it_is_let_go),
        IOKIT_TEST(a_mapping_of_several_entries_cannot_be_blocked),
        IOKIT_TEST(a_redirected_mapping_shows_the_other_descriptor),
        IOKIT_TEST(a_redirection_moves_the_mappings_reference),
        IOKIT_TEST(a_redirection_ends_a_block),
        IOKIT_TEST(what_cannot_change_places_stays),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

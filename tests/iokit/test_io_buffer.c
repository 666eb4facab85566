/* test_io_buffer.c - memory that a driver asks I/O Kit for, iokit.md 1.3 */
#include "iokit_fixture.h"

#include "base/status.h"
#include "releases.h"

static uint64_t
bytes_of(vmk_desc_t md)
{
    return (uint64_t)(uintptr_t)vmk_desc_bytes(md);
}

/*  capacity aaaa, shortened to a: a mapping made then fixes the entry's size up to 11               */
static void
a_shortened_buffers_entry_covers_its_capacity_from_12_on(void **state)
{
    struct iokit_fixture *f = *state;

    for (size_t row = 0; row + 1 < vm_profile_count(); row++) {
        struct vm_profile profile;
        vmk_desc_t md;

        vm_profile_at(row, &profile);
        iokit_restart(f, profile.name);
        md = vmk_desc_buffer(f->kernel, IO_DIRECTION_OUT_IN, 4 * IO_PAGE, 0, 0);
        vmk_desc_set_length(md, 16);
        assert_non_null(vmk_map_create(md, f->task, 0, IO_MAP_ANYWHERE, 0, 0));
        vmk_desc_set_length(md, 2 * IO_PAGE);
        if (profile_is_from(&profile, "12"))
            assert_non_null(vmk_map_create(md, f->task, 0, IO_MAP_ANYWHERE | IO_MAP_UNIQUE, 0, 0));
        else
            assert_map_refused(md, f->task, 0, IO_MAP_ANYWHERE | IO_MAP_UNIQUE, VMM_IO_OVERRUN);
    }
}

static void
set_length_never_exceeds_the_capacity(void **state)
{
    struct iokit_fixture *f = *state;
    vmk_desc_t md = vmk_desc_buffer(f->kernel, IO_DIRECTION_OUT_IN, IO_PAGE + 5, 0, 0);

    assert_int_equal(vmk_desc_length(md), IO_PAGE + 5);
    assert_int_equal(vmk_desc_capacity(md), IO_PAGE + 5);
    vmk_desc_set_length(md, IO_PAGE + 6);
    assert_int_equal(vmk_desc_length(md), IO_PAGE + 5);
    vmk_desc_set_length(md, 0);
    assert_int_equal(vmk_desc_length(md), 0);
    iokit_restart_development(f, "macos-15.4");
    md = vmk_desc_buffer(f->kernel, IO_DIRECTION_OUT_IN, IO_PAGE, 0, 0);
    vmk_desc_set_length(md, IO_PAGE + 1);
    assert_stopped(REASON_SET_LENGTH);
}

static void
contiguous_buffers_are_one_segment_where_they_were_asked_to_be(void **state)
{
    struct iokit_fixture *f = *state;
    vmk_desc_t large = vmk_desc_buffer(f->kernel, IO_DIRECTION_OUT_IN, 4 * IO_PAGE, 4 * IO_PAGE, 0);
    vmk_desc_t md = vmk_desc_buffer(
        f->kernel, IO_DIRECTION_OUT_IN | IO_BUFFER_PHYSICALLY_CONTIGUOUS, 8 * IO_PAGE, 0, 0);
    uint64_t length = 0;

    assert_int_equal(bytes_of(large) % (4 * IO_PAGE), 0);
    assert_int_not_equal(vmk_desc_segment(large, 0, &length, 0), 0);
    assert_int_equal(length, 4 * IO_PAGE); /* an alignment of more than a page is contiguous too */
    assert_int_not_equal(vmk_desc_segment(md, 0, &length, 0), 0);
    assert_int_equal(length, 8 * IO_PAGE);
    assert_null(vmk_desc_buffer(f->kernel, IO_DIRECTION_OUT_IN | IO_BUFFER_PHYSICALLY_CONTIGUOUS,
                                4096 * (uint64_t)IO_PAGE, 0, 0));
    assert_null(vmk_desc_buffer(f->kernel, IO_DIRECTION_OUT_IN, IO_PAGE, 0, 0xfff));
    assert_int_equal(vmk_sim_hidden_status(), VMM_IO_NO_RESOURCES); /* page 0 is nobody's */
}

/*  kIOMapPrefault at birth: nothing is prepared yet, so it fails unless kIOMemoryAutoPrepare is there */
static void
prefault_at_birth_needs_auto_prepare(void **state)
{
    struct iokit_fixture *f = *state;
    uint32_t options = IO_DIRECTION_OUT_IN | IO_BUFFER_PAGEABLE | IO_MAP_PREFAULT;
    vmk_desc_t md;

    assert_null(vmk_desc_buffer(f->task, options, 2 * IO_PAGE, 0, 0));
    assert_int_equal(vmk_sim_hidden_status(), VMM_IO_BAD_ARGUMENT);
    md = vmk_desc_buffer(f->task, options | IO_MEMORY_AUTO_PREPARE, 2 * IO_PAGE, 0, 0);
    assert_io_translated(f->task, bytes_of(md), "WW");
    vmk_desc_release(md);
}

/*  Its own mapping is shared with nobody; free() unmaps it, completes, and frees                    */
static void
a_buffer_takes_its_own_mapping_with_it(void **state)
{
    struct iokit_fixture *f = *state;
    unsigned regions = io_regions(f->task);
    vmk_desc_t md =
        vmk_desc_buffer(f->task, IO_DIRECTION_OUT_IN | IO_BUFFER_PAGEABLE, IO_PAGE, 0, 0);
    uint64_t at = bytes_of(md);
    vmk_map_t m = vmk_map_create(md, f->kernel, 0, IO_MAP_ANYWHERE, 0, 0);

    assert_int_equal(vmk_desc_prepare(md, IO_DIRECTION_NONE), VMM_OK);
    assert_true(io_store(f->task, at, 0x12));
    vmk_desc_release(md);
    assert_io_byte(f->kernel, vmk_map_address(m), 0x12); /* the mapping keeps it */
    vmk_map_release(m);
    assert_false(io_load(f->task, at));
    assert_int_equal(io_regions(f->task), regions);
}

/*  An unbalanced unwire of a wired buffer takes away the wire that it was born with                 */
static void
wiring_a_wired_buffer_counts_on_its_own_entry(void **state)
{
    struct iokit_fixture *f = *state;
    vmk_desc_t md = vmk_desc_buffer(f->kernel, IO_DIRECTION_OUT_IN, IO_PAGE, 0, 0);
    vmk_map_t m = map_in_kernel(f, md, 0);

    assert_io_wired(f->kernel, bytes_of(md), "1");
    assert_int_equal(vmk_map_wire(m, IO_DIRECTION_IN, 0, IO_PAGE), VMM_OK);
    assert_io_wired(f->kernel, bytes_of(md), "2");
    assert_int_equal(vmk_map_wire(m, IO_DIRECTION_NONE, 0, IO_PAGE), VMM_OK);
    assert_int_equal(vmk_map_wire(m, IO_DIRECTION_NONE, 0, IO_PAGE), VMM_OK);
    assert_int_equal(vmk_map_wire(m, IO_DIRECTION_NONE, 0, IO_PAGE), VMK_PANICKED);
    assert_stopped(REASON_UNWIRE_UNWIRED);
}

/*  a device that reaches every page gets its buffer, one that reaches none gets NULL  */
static void
a_buffer_lies_where_the_device_reaches(void **state)
{
    struct iokit_fixture *f = *state;
    vmk_desc_t md = vmk_desc_buffer(f->kernel, IO_DIRECTION_OUT_IN, 4 * IO_PAGE, 0, UINT32_MAX);

    assert_non_null(md);
    assert_null(vmk_desc_buffer(f->kernel, IO_DIRECTION_OUT_IN, 4 * IO_PAGE, 0, IO_PAGE - 1));
    assert_int_equal(vmk_sim_hidden_status(), VMM_IO_NO_RESOURCES);
    vmk_desc_release(md);
}

static void
purgeable_states_need_the_right_memory(void **state)
{
    struct iokit_fixture *f = *state;
    vmk_desc_t md = vmk_desc_buffer(
        f->task, IO_DIRECTION_OUT_IN | IO_BUFFER_PAGEABLE | IO_BUFFER_PURGEABLE, IO_PAGE, 0, 0);
    vmk_desc_t device = vmk_desc_physical((uint64_t)1 << 40, IO_PAGE, IO_DIRECTION_OUT_IN);
    uint32_t old = 0;

    assert_int_equal(vmk_desc_set_purgeable(md, 0, &old), VMM_IO_BAD_ARGUMENT);
    assert_int_equal(vmk_desc_set_purgeable(md, 5, &old), VMM_IO_BAD_ARGUMENT);
    assert_int_equal(vmk_desc_set_purgeable(device, 2, &old), VMM_IO_UNSUPPORTED);
    assert_int_equal(vmk_desc_set_purgeable(md, 1, &old), VMM_OK);
    assert_int_equal(old, 2);
    assert_true(io_store(f->task, bytes_of(md), 0x33));
    assert_int_equal(vmk_desc_set_purgeable(md, 4, &old), VMM_OK);
    assert_int_equal(old, 2);
    assert_int_equal(vmk_desc_set_purgeable(md, 2, &old), VMM_OK);
    assert_int_equal(old, 4);
    assert_io_byte(f->task, bytes_of(md), 0); /* what was emptied is gone */
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        IOKIT_TEST(a_shortened_buffers_entry_covers_its_capacity_from_12_on),
        IOKIT_TEST(set_length_never_exceeds_the_capacity),
        IOKIT_TEST(contiguous_buffers_are_one_segment_where_they_were_asked_to_be),
        IOKIT_TEST(prefault_at_birth_needs_auto_prepare),
        IOKIT_TEST(a_buffer_takes_its_own_mapping_with_it),
        IOKIT_TEST(wiring_a_wired_buffer_counts_on_its_own_entry),
        IOKIT_TEST(a_buffer_lies_where_the_device_reaches),
        IOKIT_TEST(purgeable_states_need_the_right_memory),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

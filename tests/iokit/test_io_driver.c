/*
 * test_io_driver.c - what happens around a driver's descriptors: tasks die, devices transfer, sections
 * evict, drivers unload
 */
#include "iokit_fixture.h"

#include "base/status.h"

/* ---- taskDied (iokit.md 3.8) ---- */

static vmk_map_t
map_in_task(struct iokit_fixture *f, vmk_desc_t md)
{
    vmk_map_t m = vmk_map_create(md, f->task, 0, IO_MAP_ANYWHERE | IO_MAP_UNIQUE, 0, 0);

    assert_non_null(m);
    assert_int_not_equal(vmk_map_address(m), io_page(f, 0));
    return m;
}

static void
a_mapping_of_a_dead_task_forgets_it(void **state)
{
    struct iokit_fixture *f = *state;
    vmk_desc_t md = describe(f, 0, 2, IO_DIRECTION_OUT);
    vmk_map_t m = map_in_task(f, md);
    unsigned regions = io_regions(f->task);

    assert_int_equal(vmk_sim_map_task_died(m, 0), VMM_OK);
    assert_int_equal(vmk_map_address(m), 0);
    assert_int_equal(io_regions(f->task), regions); /* the task's own end empties its map */
    assert_int_equal(vmk_map_unmap(m), VMM_OK);     /* nothing is left to undo */
    assert_int_equal(io_regions(f->task), regions);
    vmk_map_release(m);
    vmk_desc_release(md);
}

static void
a_mapping_that_the_user_client_made_is_unmapped(void **state)
{
    struct iokit_fixture *f = *state;
    vmk_desc_t md = describe(f, 0, 2, IO_DIRECTION_OUT);
    unsigned before = io_regions(f->task);
    vmk_map_t m = map_in_task(f, md);

    assert_int_equal(io_regions(f->task), before + 1);
    assert_int_equal(vmk_sim_map_task_died(m, 1), VMM_OK);
    assert_int_equal(vmk_map_address(m), 0);
    assert_int_equal(io_regions(f->task), before);
    assert_int_equal(vmk_sim_map_task_died(m, 1), VMM_OK); /* twice is once */
    vmk_map_release(m);
    vmk_desc_release(md);
    assert_int_equal(vmk_sim_map_task_died(m, 1), VMM_MODEL_BAD_HANDLE);
}

/* ---- devices ---- */

static void
a_device_reads_and_writes_what_was_prepared(void **state)
{
    struct iokit_fixture *f = *state;
    vmk_desc_t md = describe(f, 1, 2, IO_DIRECTION_OUT_IN);
    uint64_t length = 0;
    uint64_t physical;
    uint8_t bytes[3] = { 0 };

    assert_int_equal(vmk_desc_prepare(md, IO_DIRECTION_NONE), VMM_OK);
    physical = vmk_desc_segment(md, 0, &length, 0);
    assert_int_equal(length, IO_PAGE);
    assert_int_equal(vmk_sim_device_read(physical, bytes, 2), VMM_OK);
    assert_int_equal(bytes[0], IO_FILL + 1);
    assert_int_equal(bytes[1], IO_FILL + 1);
    assert_int_equal(bytes[2], 0);
    assert_int_equal(vmk_sim_device_write(physical + IO_PAGE - 1, 0x5a, 1), VMM_OK);
    assert_io_byte(f->task, io_page(f, 2) - 1, 0x5a);
    assert_io_byte(f->task, io_page(f, 2) - 2, IO_FILL + 1);
    assert_int_equal(io_events(EV_DEVICE_ACCESS), 2);
    vmk_desc_release(md);
}

/* A page that is nobody's keeps its bytes: whoever gets it next finds zeroes. */
static void
a_device_changes_no_page_that_is_nobodys(void **state)
{
    struct iokit_fixture *f = *state;
    struct vm_page_view view;

    vmk_sim_probe(f->task, io_page(f, 3), &view);
    assert_int_equal(vmk_sim_deallocate(f->task, io_page(f, 3), IO_PAGE), VMM_OK);
    assert_int_equal(vmk_sim_device_write((uint64_t)view.ppn * IO_PAGE, 0x77, 2 * IO_PAGE), VMM_OK);
    assert_int_equal(io_events(EV_DEVICE_ACCESS), 2);
    assert_null(vmk_sim_check());
}

/* ---- sections that evict ---- */

static void
a_section_that_evicts_leaves_wired_translations_only(void **state)
{
    struct iokit_fixture *f = *state;
    vmk_desc_t md;
    vmk_map_t m;

    iokit_fixture_end(f);
    iokit_fixture_start_evicting(f, "macos-15.4");
    md = describe(f, 0, 4, IO_DIRECTION_OUT);
    m = map_in_kernel(f, md, 0);
    assert_int_equal(vmk_sim_read(f->kernel, vmk_map_address(m), NULL, 4 * IO_PAGE, NULL), VMM_OK);
    assert_int_equal(vmk_map_wire(m, IO_DIRECTION_IN, IO_PAGE, IO_PAGE), VMM_OK);
    vmk_sim_enter(VM_MUTEX); /* refuses nothing, so evicts nothing */
    assert_int_equal(vmk_sim_translated(f->kernel, vmk_map_address(m), 4 * IO_PAGE, NULL), 4);
    vmk_sim_enter(VM_SPIN_LOCK);
    assert_int_equal(vmk_sim_translated(f->kernel, vmk_map_address(m), 4 * IO_PAGE, NULL), 1);
    assert_true(io_load(f->kernel, vmk_map_address(m) + IO_PAGE));
    vmk_sim_leave(VM_SPIN_LOCK);
    vmk_sim_leave(VM_MUTEX);
    assert_null(vmk_sim_check());
    assert_int_equal(vmk_map_wire(m, IO_DIRECTION_NONE, IO_PAGE, IO_PAGE), VMM_OK);
    vmk_map_release(m);
    vmk_desc_release(md);
}

/* ---- unload ---- */

static void
unload_counts_what_the_driver_holds_and_not_what_others_do(void **state)
{
    struct iokit_fixture *f = *state;
    vmk_desc_t md = describe(f, 0, 2, IO_DIRECTION_OUT);
    vmk_map_t m = map_in_kernel(f, md, 0);

    assert_int_equal(vmk_sim_unload(), 2);
    vmk_desc_release(md); /* the mapping keeps it */
    assert_int_equal(vmk_sim_unload(), 1);
    vmk_map_release(m);
    assert_int_equal(vmk_sim_unload(), 0);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        IOKIT_TEST(a_mapping_of_a_dead_task_forgets_it),
        IOKIT_TEST(a_mapping_that_the_user_client_made_is_unmapped),
        IOKIT_TEST(a_device_reads_and_writes_what_was_prepared),
        IOKIT_TEST(a_device_changes_no_page_that_is_nobodys),
        IOKIT_TEST(a_section_that_evicts_leaves_wired_translations_only),
        IOKIT_TEST(unload_counts_what_the_driver_holds_and_not_what_others_do),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

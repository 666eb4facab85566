/*
 * test_io_small.c - descriptors over memory of a task with pages of 4 KiB, on a machine of 16 KiB
 *
 * I/O Kit lists and maps pages of the machine: four of the task's (where its entry begins at one). The
 * kernel sees a byte at the offset that it has in its page of 16 KiB, which is not the one in the task.
 */
#include "iokit_fixture.h"

#include <stdlib.h>

#include "base/status.h"
#include "vm/vm_task.h"
#include "vm/vm_user.h"

enum { FRAME = 16384 };

static void
start(struct iokit_fixture *f, const char *release)
{
    size_t row = 0;

    counting_alloc_init(&f->counting);
    assert_true(vm_profile_find(release, strlen(release), &row));
    vm_profile_at(row, &f->profile);
    f->world = vmk_sim_create(&(struct vmk_sim_config){ .alloc = &f->counting.alloc,
                                                        .profile = &f->profile,
                                                        .geometry = &hw_geometry_arm64_16k,
                                                        .frame_count = 1024 });
    assert_non_null(f->world);
    vmk_sim_make_current(f->world);
    f->kernel = vmk_kernel_task();
    f->task = vmk_sim_task_create_small();
    assert_non_null(f->task);
    assert_int_equal(vmk_sim_page_bytes(f->task), IO_PAGE);
    f->base = (uint64_t)1 << 33;
    assert_int_equal(vmk_sim_allocate(f->task, &f->base, IO_PAGES * IO_PAGE), VMM_OK);
    for (unsigned n = 0; n < IO_PAGES; n++)
        assert_int_equal(
            vmk_sim_write(f->task, io_page(f, n), NULL, (uint8_t)(IO_FILL + n), IO_PAGE, NULL),
            VMM_OK);
}

static int
setup(void **state)
{
    struct iokit_fixture *f = calloc(1, sizeof(*f));

    assert_non_null(f);
    start(f, "macos-15.4");
    *state = f;
    return 0;
}

static void
release(vmk_map_t map, vmk_desc_t md)
{
    if (map != NULL)
        vmk_map_release(map);
    vmk_desc_release(md);
}

/*  ..xxx...   a prepared range holds two pages of 16 KiB; the kernel's view begins in the first one's middle */
static void
the_kernel_sees_the_bytes_at_their_place_in_the_page(void **state)
{
    struct iokit_fixture *f = *state;
    vmk_desc_t md = describe(f, 2, 5, IO_DIRECTION_OUT_IN);
    vmk_map_t map;
    uint64_t address;

    assert_int_equal(vmk_desc_prepare(md, 0), 0);
    assert_io_held(f->task, io_page(f, 0), "11111111");
    map = map_in_kernel(f, md, 0);
    address = vmk_map_address(map);
    assert_int_equal(address % FRAME, 2 * IO_PAGE);
    for (unsigned n = 2; n < 5; n++)
        assert_io_byte(f->kernel, address + (uint64_t)(n - 2) * IO_PAGE, (uint8_t)(IO_FILL + n));
    assert_true(io_store(f->kernel, address + IO_PAGE + 5, 0x77));
    assert_io_byte(f->task, io_page(f, 3) + 5, 0x77);
    assert_true(io_store(f->task, io_page(f, 4) + 6, 0x78));
    assert_io_byte(f->kernel, address + 2 * IO_PAGE + 6, 0x78);
    assert_int_equal(vmk_desc_complete(md, 0), 0);
    assert_io_held(f->task, io_page(f, 0), "00000000");
    release(map, md);
}

/*  an address inside of a page keeps its low bits; a list made without a mapping finds the same bytes  */
static void
a_range_may_begin_anywhere(void **state)
{
    struct iokit_fixture *f = *state;

    for (unsigned maps_first = 0; maps_first < 2; maps_first++) {
        vmk_desc_t md =
            vmk_desc_range(f->task, io_page(f, 3) + 100, 2 * IO_PAGE, IO_DIRECTION_OUT_IN);
        vmk_map_t map = maps_first ? map_in_kernel(f, md, 0) : NULL;
        uint8_t bytes[8] = { 0 };
        uint64_t address, length;

        assert_int_equal(vmk_desc_prepare(md, 0), 0);
        assert_int_equal(vmk_desc_read(md, 0, bytes, 1), 1);
        assert_int_equal(bytes[0], IO_FILL + 3);
        assert_int_equal(vmk_desc_read(md, IO_PAGE - 100, bytes, 1), 1);
        assert_int_equal(bytes[0], IO_FILL + 4);
        address = vmk_desc_segment(md, 0, &length, 0);
        assert_int_equal(address % FRAME, 3 * IO_PAGE + 100);
        bytes[0] = 0x55;
        assert_int_equal(vmk_desc_write(md, IO_PAGE, bytes, 1), 1);
        assert_io_byte(f->task, io_page(f, 4) + 100, 0x55);
        assert_true(io_store(f->task, io_page(f, 4), IO_FILL + 4));
        if (map != NULL) {
            assert_int_equal(vmk_map_address(map) % FRAME, 3 * IO_PAGE + 100);
            assert_io_byte(f->kernel, vmk_map_address(map) + IO_PAGE, 0x55);
        }
        assert_int_equal(vmk_desc_complete(md, 0), 0);
        release(map, md);
    }
}

/*  the radar's bug is the same here: prepared pages need no translation, and wireRange makes them  */
static void
prepare_leaves_the_mapping_lazy_and_wire_range_does_not(void **state)
{
    struct iokit_fixture *f = *state;
    vmk_desc_t md = describe(f, 0, 8, IO_DIRECTION_OUT_IN);
    vmk_map_t map;
    uint64_t wired;

    assert_int_equal(vmk_desc_prepare(md, 0), 0);
    map = map_in_kernel(f, md, 0);
    assert_int_equal(vmk_sim_translated(f->kernel, vmk_map_address(map), 8 * IO_PAGE, &wired), 0);
    assert_int_equal(vmk_map_wire(map, IO_DIRECTION_OUT_IN, 0, 8 * IO_PAGE), 0);
    assert_int_equal(vmk_sim_translated(f->kernel, vmk_map_address(map), 8 * IO_PAGE, &wired), 2);
    assert_int_equal(wired, 2);
    assert_true(io_load_locked(f->kernel, vmk_map_address(map) + 7 * IO_PAGE));
    assert_io_held(f->task, io_page(f, 0), "22222222");
    assert_int_equal(vmk_map_wire(map, IO_DIRECTION_NONE, 0, 8 * IO_PAGE), 0);
    assert_int_equal(vmk_desc_complete(md, 0), 0);
    assert_io_held(f->task, io_page(f, 0), "00000000");
    release(map, md);
}

/*  a list, a user's wire of one page, and the kernel's wire of the whole: each counts by itself  */
static void
wires_of_both_sizes_balance(void **state)
{
    struct iokit_fixture *f = *state;
    vmk_desc_t md = describe(f, 0, 4, IO_DIRECTION_OUT_IN);

    assert_int_equal(vmk_desc_prepare(md, 0), 0);
    assert_int_equal(vmk_sim_user_wire(f->task, io_page(f, 0), 4 * IO_PAGE, VMM_PROT_DEFAULT), 0);
    assert_io_held(f->task, io_page(f, 0), "5555");
    assert_int_equal(vmk_sim_user_unwire(f->task, io_page(f, 1), IO_PAGE), 0);
    assert_io_held(f->task, io_page(f, 0), "4444");
    assert_int_equal(vmk_desc_complete(md, 0), 0);
    assert_io_held(f->task, io_page(f, 0), "3333");
    assert_int_equal(vmk_sim_user_unwire(f->task, io_page(f, 0), 4 * IO_PAGE), 0);
    assert_io_held(f->task, io_page(f, 0), "0000");
    vmk_desc_release(md);
}

/*  a kernel's buffer in such a task: whole pages of 16 KiB, at an address that is on a page of 4 KiB  */
static void
a_buffer_is_mapped_into_the_task(void **state)
{
    struct iokit_fixture *f = *state;
    vmk_desc_t md = vmk_desc_buffer(f->kernel, IO_DIRECTION_OUT_IN, 2 * FRAME, 0, 0);
    uint8_t byte = 0x66;
    vmk_map_t map;
    uint64_t address;

    assert_non_null(md);
    assert_int_equal(vmk_desc_write(md, FRAME + IO_PAGE, &byte, 1), 1);
    map = map_part(md, f->task, IO_MAP_ANYWHERE, 0, 2 * FRAME);
    assert_non_null(map);
    address = vmk_map_address(map);
    assert_io_byte(f->task, address + FRAME + IO_PAGE, 0x66);
    assert_io_translated(f->task, address, "-----w--");
    assert_true(io_store(f->task, address + IO_PAGE, 0x67));
    assert_int_equal(vmk_desc_read(md, IO_PAGE, &byte, 1), 1);
    assert_int_equal(byte, 0x67);
    release(map, NULL);
    map = vmk_map_create(md, f->task, io_page(f, 17), 0, 0, 2 * FRAME);
    assert_non_null(map);
    assert_int_equal(vmk_map_address(map), io_page(f, 17));
    assert_io_byte(f->task, io_page(f, 18), 0x67);
    release(map, md);
}

/*  kIOMapPrefault into such a task: four translations a page  */
static void
prefault_enters_every_part(void **state)
{
    struct iokit_fixture *f = *state;
    vmk_desc_t md = vmk_desc_buffer(f->kernel, IO_DIRECTION_OUT_IN, 2 * FRAME, 0, 0);
    vmk_map_t map = map_part(md, f->task, IO_MAP_ANYWHERE | IO_MAP_PREFAULT, 0, 2 * FRAME);

    assert_non_null(map);
    assert_io_translated(f->task, vmk_map_address(map), "WWWWWWWW");
    release(map, md);
}

/*
 * Two entries of such a task need not meet at a page of 16 KiB. As other ragged ranges (iokit.md 3.4): up to
 * 10.15 they cannot be mapped, from 11 on each stands on pages of its own. A list has them all the same.
 */
static void
entries_that_do_not_meet_on_a_page_are_ragged(void **state)
{
    static const char *const releases[] = { "macos-10.15", "macos-11", "macos-15.4" };
    struct iokit_fixture *f = *state;

    for (size_t i = 0; i < VMM_COUNT_OF(releases); i++) {
        vmk_desc_t md;
        uint8_t byte = 0;

        iokit_fixture_end(f);
        start(f, releases[i]);
        assert_int_equal(vmk_sim_protect(f->task, io_page(f, 2), IO_PAGE, VMM_PROT_READ), 0);
        md = describe(f, 1, 3, IO_DIRECTION_OUT);
        assert_int_equal(vmk_desc_prepare(md, 0), 0);
        assert_int_equal(vmk_desc_read(md, IO_PAGE, &byte, 1), 1);
        assert_int_equal(byte, IO_FILL + 2);
        if (i == 0) {
            assert_map_refused(md, f->kernel, 0, IO_MAP_ANYWHERE | IO_MAP_READ_ONLY,
                               VMM_IO_NOT_ALIGNED);
        } else {
            vmk_map_t map = map_in_kernel(f, md, IO_MAP_READ_ONLY);
            uint64_t first = vmk_map_address(map) & ~(uint64_t)(FRAME - 1);

            assert_io_byte(f->kernel, first + IO_PAGE, IO_FILL + 1);
            assert_io_byte(f->kernel, first + FRAME + 2 * IO_PAGE, IO_FILL + 2);
            vmk_map_release(map);
        }
        assert_int_equal(vmk_desc_complete(md, 0), 0);
        vmk_desc_release(md);
    }
}

/*
 * A snapshot has whole pages too, of which the range is the snapshot. Of several entries that do not meet at
 * a page of 16 KiB there is none.
 */
static void
a_snapshot_keeps_the_bytes_of_its_range(void **state)
{
    struct iokit_fixture *f = *state;
    vmk_desc_t md = describe(f, 1, 3, IO_DIRECTION_IN | IO_MEMORY_MAP_COPY_ON_WRITE);
    vmk_map_t map = map_in_kernel(f, md, 0);

    assert_int_equal(vmk_map_address(map) % FRAME, IO_PAGE);
    assert_io_byte(f->kernel, vmk_map_address(map), IO_FILL + 1);
    assert_true(io_store(f->task, io_page(f, 1), 0x11));
    assert_io_byte(f->kernel, vmk_map_address(map), IO_FILL + 1);
    assert_true(io_store(f->kernel, vmk_map_address(map) + IO_PAGE, 0x12));
    assert_io_byte(f->task, io_page(f, 2), IO_FILL + 2);
    assert_io_byte(f->task, io_page(f, 1), 0x11);
    release(map, md);
    assert_int_equal(
        vm_inherit(vmk_sim_task_map(f->task), io_page(f, 6), IO_PAGE, VMM_INHERIT_NONE), VMM_OK);
    md = describe(f, 5, 7, IO_DIRECTION_IN | IO_MEMORY_MAP_COPY_ON_WRITE);
    assert_map_refused(md, f->kernel, 0, IO_MAP_ANYWHERE | IO_MAP_READ_ONLY, VMM_IO_NOT_ALIGNED);
    release(NULL, md);
}

/*  a device's registers in such a task: a block is entered whole, part by part  */
static void
a_device_is_mapped_part_by_part(void **state)
{
    struct iokit_fixture *f = *state;
    vmk_desc_t md = vmk_desc_physical((uint64_t)4096 * FRAME, 2 * FRAME, IO_DIRECTION_OUT_IN);
    vmk_map_t map = map_part(md, f->task, IO_MAP_ANYWHERE, 0, 2 * FRAME);
    uint8_t byte = 0;

    assert_non_null(map);
    assert_true(io_store(f->task, vmk_map_address(map) + 5 * IO_PAGE + 9, 0x31));
    assert_int_equal(vmk_desc_read(md, 5 * IO_PAGE + 9, &byte, 1), 1);
    assert_int_equal(byte, 0x31);
    release(map, md);
}

/*  iokit.md 3.4: a small guard is one page of the map that it stands in  */
static void
a_small_guard_is_a_page_of_the_map(void **state)
{
    struct iokit_fixture *f = *state;
    vmk_task_t tasks[] = { f->task, f->kernel };
    uint64_t pages[] = { IO_PAGE, FRAME };

    for (unsigned i = 0; i < 2; i++) {
        vmk_desc_t md = vmk_desc_buffer(f->kernel, IO_DIRECTION_OUT_IN, 2 * FRAME, 0, 0);
        vmk_map_t map =
            map_part(md, tasks[i], IO_MAP_ANYWHERE | IO_MAP_GUARDED_SMALL, 0, 2 * FRAME);
        struct vm_region region;

        assert_non_null(map);
        assert_true(vmk_sim_region(tasks[i], vmk_map_address(map) - 1, &region));
        assert_int_equal(region.protection, VMM_PROT_NONE);
        assert_int_equal(region.end - region.start, pages[i]);
        assert_int_equal(region.end, vmk_map_address(map));
        release(map, md);
    }
}

#define SMALL_TEST(name) cmocka_unit_test_setup_teardown(name, setup, iokit_fixture_teardown)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        SMALL_TEST(the_kernel_sees_the_bytes_at_their_place_in_the_page),
        SMALL_TEST(a_range_may_begin_anywhere),
        SMALL_TEST(prepare_leaves_the_mapping_lazy_and_wire_range_does_not),
        SMALL_TEST(wires_of_both_sizes_balance),
        SMALL_TEST(a_buffer_is_mapped_into_the_task),
        SMALL_TEST(prefault_enters_every_part),
        SMALL_TEST(entries_that_do_not_meet_on_a_page_are_ragged),
        SMALL_TEST(a_snapshot_keeps_the_bytes_of_its_range),
        SMALL_TEST(a_device_is_mapped_part_by_part),
        SMALL_TEST(a_small_guard_is_a_page_of_the_map),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

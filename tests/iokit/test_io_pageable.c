/* test_io_pageable.c - the kernel's pageable submaps, iokit.md 1.3, 3.4, 4.2, 5.1, 7 */
#include "iokit_fixture.h"

#include "base/status.h"
#include "releases.h"

enum { PAGEABLE = IO_DIRECTION_OUT_IN | IO_BUFFER_PAGEABLE };

#define MAX_BYTES ((uint64_t)IO_PAGEABLE_MAX_BYTES)

static uint64_t
bytes_of(vmk_desc_t md)
{
    return (uint64_t)(uintptr_t)vmk_desc_bytes(md);
}

/* The region that the kernel's map has at an address, at most `depth` submaps down. */
static struct vm_region
kernels_region(struct iokit_fixture *f, uint64_t address, uint32_t depth)
{
    struct vm_region region = { .start = UINT64_MAX };

    assert_true(vm_map_region_recurse(vmk_sim_task_map(f->kernel), address, &depth, &region));
    assert_true(region.start <= address);
    return region;
}

static bool
is_in_a_submap(struct iokit_fixture *f, uint64_t address)
{
    return kernels_region(f, address, 0).is_submap;
}

static unsigned
submaps(struct iokit_fixture *f)
{
    const struct vm_map *map = vmk_sim_task_map(f->kernel);
    struct vm_region region = { .end = 0 };
    unsigned count = 0;

    while (vm_map_region(map, region.end, &region))
        count += region.is_submap;
    return count;
}

/*  kernel_map  ..|      submap, 512 MiB      |..    region_recurse sees both
 *                  | buffer |  |  |                                                                  */
static void
pageable_memory_of_the_kernel_stands_in_a_submap(void **state)
{
    struct iokit_fixture *f = *state;
    vmk_desc_t md = vmk_desc_buffer(f->kernel, PAGEABLE, 3 * IO_PAGE, 0, 0);
    uint64_t pages = vmk_sim_alloc_pageable(2 * IO_PAGE, 0);
    struct vm_region top = kernels_region(f, bytes_of(md), 0);
    struct vm_region below = kernels_region(f, bytes_of(md), 1);

    assert_true(top.is_submap);
    assert_int_equal(top.end - top.start, MAX_BYTES);
    assert_false(below.is_submap);
    assert_int_equal(below.start, bytes_of(md));
    assert_int_equal(below.end, bytes_of(md) + 3 * (uint64_t)IO_PAGE);
    assert_true(pages >= top.start && pages < top.end);
    assert_int_equal(submaps(f), 1);
    assert_io_translated(f->kernel, bytes_of(md), "---");
    assert_true(io_store(f->kernel, bytes_of(md), 1)); /* a fault looks through the submap */
    assert_io_translated(f->kernel, bytes_of(md), "w--");
    vmk_desc_release(md);
    vmk_free_pageable((void *)(uintptr_t)pages, 2 * IO_PAGE);
    assert_int_equal(io_regions(f->kernel), 0); /* the submap stays, and is empty */
    assert_int_equal(submaps(f), 1);
}

static void
a_users_pageable_buffer_is_in_no_submap_before_the_kernel_maps_it(void **state)
{
    struct iokit_fixture *f = *state;
    vmk_desc_t md = vmk_desc_buffer(f->task, PAGEABLE, IO_PAGE, 0, 0);
    struct vm_region region;
    vmk_map_t m;

    assert_int_equal(submaps(f), 0);
    assert_true(vm_map_region(vmk_sim_task_map(f->task), bytes_of(md), &region));
    assert_false(region.is_submap);
    m = map_in_kernel(f, md, 0);
    assert_true(is_in_a_submap(f, vmk_map_address(m)));
    vmk_map_release(m);
    assert_int_equal(io_regions(f->kernel), 0);
}

/*  512 MiB at most; then another submap, and at last none                                            */
static void
submaps_are_added_until_there_are_as_many_as_may_be(void **state)
{
    struct iokit_fixture *f = *state;
    uint64_t last = 0;
    unsigned count = 0;

    assert_int_equal(vmk_sim_alloc_pageable(MAX_BYTES + 1, 0), 0);
    assert_int_equal(vmk_sim_hidden_status(), VMM_IO_BAD_ARGUMENT);
    assert_int_equal(submaps(f), 0);
    for (uint64_t at = 1; at != 0; count += at != 0) {
        at = vmk_sim_alloc_pageable(MAX_BYTES, 0);
        last = at != 0 ? at : last;
    }
    assert_int_equal(vmk_sim_hidden_status(), VMM_NO_SPACE);
    assert_int_equal(count, submaps(f));
    assert_int_equal(count, 8);
    assert_null(vmk_desc_buffer(f->kernel, PAGEABLE, IO_PAGE, 0, 0));
    vmk_free_pageable((void *)(uintptr_t)last, MAX_BYTES);
    assert_int_equal(vmk_sim_alloc_pageable(MAX_BYTES - IO_PAGE, 0), last);
    assert_int_equal(vmk_sim_alloc_pageable(IO_PAGE, 0), last + MAX_BYTES - IO_PAGE);
    assert_int_equal(submaps(f), 8);
}

/*  wireRange() goes in through the kernel's map: counts stay on both levels                          */
static void
wiring_through_the_kernels_map_counts_on_both_levels(void **state)
{
    struct iokit_fixture *f = *state;
    vmk_desc_t md = vmk_desc_buffer(NULL, PAGEABLE, 4 * IO_PAGE, 0, 0);
    vmk_map_t m = map_in_kernel(f, md, 0);
    uint64_t at = vmk_map_address(m);

    assert_int_equal(vmk_map_wire(m, IO_DIRECTION_IN, IO_PAGE, 2 * IO_PAGE), VMM_OK);
    assert_io_translated(f->kernel, at, "-WW-");
    assert_io_wired(f->kernel, at, "0110");
    assert_int_equal(kernels_region(f, at, 0).wired_count, 0);
    assert_int_equal(kernels_region(f, at + IO_PAGE, 0).wired_count, 1);
    assert_true(io_store_locked(f->kernel, at + IO_PAGE, 7));
    assert_int_equal(vmk_map_wire(m, IO_DIRECTION_NONE, IO_PAGE, IO_PAGE), VMM_OK);
    assert_io_wired(f->kernel, at, "0010");
    assert_int_equal(kernels_region(f, at + IO_PAGE, 0).wired_count, 0);
    assert_int_equal(vmk_map_wire(m, IO_DIRECTION_NONE, 2 * IO_PAGE, IO_PAGE), VMM_OK);
    assert_int_equal(vmk_map_wire(m, IO_DIRECTION_NONE, 0, IO_PAGE), VMK_PANICKED);
    assert_stopped(REASON_UNWIRE_UNWIRED);
}

/*  |buffer ..|hole   behind the last thing in a submap nothing is mapped, so the wire undoes itself  */
static void
a_wire_past_the_end_meets_the_submaps_hole(void **state)
{
    struct iokit_fixture *f = *state;
    vmk_desc_t md = vmk_desc_buffer(NULL, PAGEABLE, 2 * IO_PAGE, 0, 0);
    vmk_map_t m = map_in_kernel(f, md, 0);

    assert_int_equal(vmk_map_wire(m, IO_DIRECTION_IN, 0, 3 * IO_PAGE), VMM_INVALID_ADDRESS);
    assert_io_wired(f->kernel, vmk_map_address(m), "00.");
    vmk_map_release(m);
}

/*  What the submap refuses comes through the kernel's map as 5 before 15, and as itself from then on */
static void
a_refusal_of_the_submap_is_another_code_before_15(void **state)
{
    struct iokit_fixture *f = *state;

    for (size_t row = 0; row + 1 < vm_profile_count(); row++) {
        struct vm_profile profile;
        bool is_late;
        vmk_desc_t md;
        vmk_map_t m;

        vm_profile_at(row, &profile);
        if (!profile.has_wire_range)
            continue;
        is_late = profile_is_from(&profile, "15.0");
        iokit_restart(f, profile.name);
        md = vmk_desc_buffer(NULL, PAGEABLE, 2 * IO_PAGE, 0, 0);
        m = map_in_kernel(f, md, IO_MAP_READ_ONLY);
        assert_int_equal(vmk_map_wire(m, IO_DIRECTION_OUT, 0, IO_PAGE),
                         is_late ? VMM_PROTECTION_FAILURE : VMM_FAILURE);
        assert_int_equal(vmk_map_wire(m, IO_DIRECTION_IN, 4 * IO_PAGE, IO_PAGE),
                         is_late ? VMM_INVALID_ADDRESS : VMM_FAILURE); /* a hole of the submap */
        assert_io_wired(f->kernel, vmk_map_address(m), "00");
        assert_int_equal(vmk_map_wire(m, IO_DIRECTION_IN, 0, 2 * IO_PAGE), VMM_OK);
        assert_int_equal(vmk_map_wire(m, IO_DIRECTION_NONE, 0, 2 * IO_PAGE), VMM_OK);
    }
}

/*  The assertion of a development kernel asks for kernel_map itself, so in a submap both kernels hang */
static void
release_with_wires_hangs_on_every_kernel(void **state)
{
    struct iokit_fixture *f = *state;

    for (int asserts = 0; asserts < 2; asserts++) {
        vmk_desc_t md;
        vmk_map_t m;

        iokit_fixture_end(f);
        iokit_fixture_start(f, "macos-15.4", asserts != 0);
        md = vmk_desc_buffer(NULL, PAGEABLE, IO_PAGE, 0, 0);
        m = map_in_kernel(f, md, 0);
        assert_int_equal(vmk_map_wire(m, IO_DIRECTION_IN, 0, IO_PAGE), VMM_OK);
        vmk_map_release(m);
        assert_int_equal(vm_system_stop(vmk_sim_system())->kind, VM_HUNG);
        assert_stopped(REASON_WIRED_AT_UNMAP);
    }
}

/*  a wire through the submap takes the kernel's faults, as one in its map does: two for each fresh page  */
static void
wiring_a_pageable_buffer_takes_the_kernels_faults(void **state)
{
    struct iokit_fixture *f = *state;
    vmk_desc_t md = vmk_desc_buffer(f->kernel, PAGEABLE, 3 * IO_PAGE, 0, 0);
    vmk_map_t m = map_in_kernel(f, md, 0);
    uint64_t before = vmk_sim_task_faults(f->kernel);

    assert_true(is_in_a_submap(f, vmk_map_address(m)));
    assert_int_equal(vmk_map_wire(m, IO_DIRECTION_IN, 0, 3 * IO_PAGE), VMM_OK);
    assert_int_equal(vmk_sim_task_faults(f->kernel) - before, 6);
    assert_int_equal(vmk_map_wire(m, IO_DIRECTION_NONE, 0, 3 * IO_PAGE), VMM_OK);
    assert_int_equal(vmk_map_wire(m, IO_DIRECTION_IN, 0, 3 * IO_PAGE), VMM_OK);
    assert_int_equal(vmk_sim_task_faults(f->kernel) - before, 9);
    assert_int_equal(vmk_map_wire(m, IO_DIRECTION_NONE, 0, 3 * IO_PAGE), VMM_OK);
}

/*  task memory of two pieces: up to 10.9 in a pageable submap, later in the kernel's map itself      */
static void
several_pieces_are_mapped_in_a_submap_up_to_10_9(void **state)
{
    struct iokit_fixture *f = *state;

    for (size_t row = 0; row + 1 < vm_profile_count(); row++) {
        struct vm_profile profile;
        vmk_range_t ranges[2];
        vmk_desc_t whole, pieces;
        vmk_map_t m;

        vm_profile_at(row, &profile);
        iokit_restart(f, profile.name);
        ranges[0] = (vmk_range_t){ io_page(f, 0), IO_PAGE };
        ranges[1] = (vmk_range_t){ io_page(f, 4), IO_PAGE };
        whole = describe(f, 0, 2, IO_DIRECTION_OUT_IN);
        pieces = vmk_desc_ranges(f->task, ranges, 2, IO_DIRECTION_OUT_IN);
        assert_false(is_in_a_submap(f, vmk_map_address(map_in_kernel(f, whole, 0))));
        m = map_in_kernel(f, pieces, 0);
        assert_int_equal(is_in_a_submap(f, vmk_map_address(m)),
                         !profile_is_from(&profile, "10.10"));
        assert_io_byte(f->kernel, vmk_map_address(m) + IO_PAGE, IO_FILL + 4);
        assert_int_equal(vmk_map_unmap(m), VMM_OK);
        assert_int_equal(io_regions(f->kernel), 1);
        m = vmk_map_create(pieces, f->task, 0, IO_MAP_ANYWHERE, 0, 0);
        assert_io_byte(f->task, vmk_map_address(m), IO_FILL); /* in a task there is no submap */
    }
}

/*
 *  up to 10.9 pieces are remapped, and no named entry is made: a first read-only mapping freezes
 *  nothing, and prepare() goes on asking the task's map
 */
static void
pieces_freeze_no_rights_up_to_10_9(void **state)
{
    struct iokit_fixture *f = *state;
    uint64_t resident, dirty;
    vmk_range_t ranges[2];
    vmk_desc_t md;
    vmk_map_t first, second;

    iokit_restart(f, "macos-10.9");
    ranges[0] = (vmk_range_t){ io_page(f, 4), IO_PAGE };
    ranges[1] = (vmk_range_t){ io_page(f, 0), IO_PAGE };
    md = vmk_desc_ranges(f->task, ranges, 2, IO_DIRECTION_OUT);
    first = map_in_kernel(f, md, IO_MAP_READ_ONLY);
    assert_int_equal(vmk_desc_page_counts(md, &resident, &dirty), VMM_IO_NOT_READY);
    assert_int_equal(vmk_desc_prepare(md, IO_DIRECTION_IN), VMM_OK);
    assert_int_equal(vmk_desc_complete(md, IO_DIRECTION_NONE), VMM_OK);
    second = map_in_kernel(f, md, 0);
    assert_true(io_store(f->kernel, vmk_map_address(second), 7));
    assert_io_byte(f->kernel, vmk_map_address(first), 7);
    assert_int_equal(vmk_sim_deallocate(f->task, io_page(f, 0), IO_PAGE), VMM_OK);
    assert_int_equal(vmk_desc_prepare(md, IO_DIRECTION_NONE), VMM_IO_CANNOT_WIRE);
    assert_io_byte(f->kernel, vmk_map_address(first) + IO_PAGE, IO_FILL);
}

/*  12+: the guards stand in the submap too, on either side, and go with the mapping                  */
static void
guards_of_a_pageable_buffer_stand_in_the_submap(void **state)
{
    struct iokit_fixture *f = *state;
    vmk_desc_t md = vmk_desc_buffer_guarded(f->kernel, IO_DIRECTION_OUT_IN, IO_PAGE);
    uint64_t at = bytes_of(md);

    assert_true(is_in_a_submap(f, at));
    assert_int_equal(kernels_region(f, at - IO_PAGE, 1).protection, VMM_PROT_NONE);
    assert_int_equal(kernels_region(f, at + IO_PAGE, 1).protection, VMM_PROT_NONE);
    vmk_desc_release(md);
    assert_int_equal(io_regions(f->kernel), 0);
}

/*  10.11+: a row of pageable buffers is mapped as one, where its first would be                      */
static void
a_row_of_pageable_buffers_is_mapped_in_a_submap(void **state)
{
    struct iokit_fixture *f = *state;
    vmk_desc_t parts[2], multi;
    vmk_map_t m;

    for (unsigned n = 0; n < 2; n++)
        parts[n] = vmk_desc_buffer(f->task, PAGEABLE, IO_PAGE, 0, 0);
    assert_true(io_store(f->task, bytes_of(parts[1]), 0x21));
    multi = vmk_desc_multi(parts, 2, IO_DIRECTION_OUT_IN);
    m = map_in_kernel(f, multi, 0);
    assert_true(is_in_a_submap(f, vmk_map_address(m)));
    assert_io_byte(f->kernel, vmk_map_address(m) + IO_PAGE, 0x21);
    vmk_map_release(m);
    assert_int_equal(io_regions(f->kernel), 0);
}

/*  A fixed address: inside a submap it may be had, elsewhere in the kernel it is outside of all      */
static void
a_fixed_address_must_lie_in_a_submap(void **state)
{
    struct iokit_fixture *f = *state;
    vmk_desc_t md = vmk_desc_buffer(NULL, PAGEABLE, IO_PAGE, 0, 0);
    vmk_map_t first = map_in_kernel(f, md, 0);
    uint64_t next = vmk_map_address(first) + 16 * (uint64_t)IO_PAGE;
    vmk_map_t m = vmk_map_create(md, f->kernel, next, IO_MAP_UNIQUE, 0, 0);

    assert_int_equal(vmk_map_address(m), next);
    assert_map_refused(md, f->kernel, vmk_map_address(first) + 2 * MAX_BYTES, IO_MAP_UNIQUE,
                       VMM_INVALID_ADDRESS);
    assert_map_refused(md, f->kernel, next, IO_MAP_UNIQUE, VMM_NO_SPACE);
    assert_io_byte(f->kernel, next, 0);
}

/*  More than a submap has: nobody is asked, and so nothing is deallocated where it was wanted (3.4)   */
static void
what_no_submap_can_hold_is_refused_at_any_address(void **state)
{
    struct iokit_fixture *f = *state;

    iokit_restart(f, "macos-10.11");
    assert_map_refused(vmk_desc_buffer(NULL, PAGEABLE, MAX_BYTES + IO_PAGE, 0, 0), f->kernel,
                       free_kernel_address(f), 0, VMM_IO_BAD_ARGUMENT);
    assert_stopped(REASON_NONE);
}

static void
freeing_what_is_in_no_submap_panics(void **state)
{
    struct iokit_fixture *f = *state;
    void *wired = vmk_alloc(IO_PAGE, 0);

    (void)f;
    assert_non_null(wired);
    vmk_free_pageable(wired, IO_PAGE);
    assert_stopped(REASON_NOT_PAGEABLE);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        IOKIT_TEST(pageable_memory_of_the_kernel_stands_in_a_submap),
        IOKIT_TEST(a_users_pageable_buffer_is_in_no_submap_before_the_kernel_maps_it),
        IOKIT_TEST(submaps_are_added_until_there_are_as_many_as_may_be),
        IOKIT_TEST(wiring_through_the_kernels_map_counts_on_both_levels),
        IOKIT_TEST(a_wire_past_the_end_meets_the_submaps_hole),
        IOKIT_TEST(a_refusal_of_the_submap_is_another_code_before_15),
        IOKIT_TEST(release_with_wires_hangs_on_every_kernel),
        IOKIT_TEST(wiring_a_pageable_buffer_takes_the_kernels_faults),
        IOKIT_TEST(several_pieces_are_mapped_in_a_submap_up_to_10_9),
        IOKIT_TEST(pieces_freeze_no_rights_up_to_10_9),
        IOKIT_TEST(guards_of_a_pageable_buffer_stand_in_the_submap),
        IOKIT_TEST(a_row_of_pageable_buffers_is_mapped_in_a_submap),
        IOKIT_TEST(a_fixed_address_must_lie_in_a_submap),
        IOKIT_TEST(what_no_submap_can_hold_is_refused_at_any_address),
        IOKIT_TEST(freeing_what_is_in_no_submap_panics),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

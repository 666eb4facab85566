/* test_io_memory_map.c - where do I see them, with which rights, and who shares it: iokit.md 3.1-3.3 */
#include "iokit_fixture.h"

#include "base/status.h"

/* ---- what a mapping is, iokit.md 3.1 ---- */

/*  source   |....xxxx|xxxxxxxx|xx......|       5000 bytes from 0x800 on
 *  mapping  |....xxxx|xxxxxxxx|xx......|       the same page offset, the same bytes, no PTE      */
static void
a_mapping_shows_the_bytes_at_their_page_offset(void **state)
{
    struct iokit_fixture *f = *state;
    vmk_desc_t md = vmk_desc_range(f->task, io_page(f, 2) + 0x800, 5000, IO_DIRECTION_OUT);
    vmk_map_t m = map_in_kernel(f, md, 0);
    struct vm_region region;

    assert_int_equal(vmk_map_address(m) % IO_PAGE, 0x800);
    assert_int_equal(vmk_map_length(m), 5000);
    assert_true(vmk_sim_region(f->kernel, vmk_map_address(m), &region));
    assert_int_equal(region.end - region.start, 2 * IO_PAGE);
    assert_io_translated(f->kernel, vmk_map_address(m), "--");
    assert_io_byte(f->kernel, vmk_map_address(m), IO_FILL + 2);
    assert_io_byte(f->kernel, vmk_map_address(m) + 4999, IO_FILL + 3);
    vmk_map_release(m);
    vmk_desc_release(md);
}

static void
a_mapping_of_task_memory_is_lazy_in_every_release(void **state)
{
    struct iokit_fixture *f = *state;

    for (size_t row = 0; row < vm_profile_count(); row++) {
        struct vm_profile profile;
        vmk_desc_t md;
        vmk_map_t m;

        vm_profile_at(row, &profile);
        iokit_restart(f, profile.name);
        md = describe(f, 0, 4, IO_DIRECTION_OUT_IN);
        assert_int_equal(vmk_desc_prepare(md, IO_DIRECTION_NONE), VMM_OK);
        m = map_in_kernel(f, md, 0);
        /* seed-view is not a release but the report's own belief (iokit.md 5.3) */
        assert_io_translated(f->kernel, vmk_map_address(m), profile.is_release ? "----" : "wwww");
        vmk_map_release(m);
        vmk_desc_release(md);
    }
}

static void
both_sides_see_each_others_stores(void **state)
{
    struct iokit_fixture *f = *state;
    vmk_desc_t md = describe(f, 0, 2, IO_DIRECTION_OUT_IN);
    vmk_map_t m = map_in_kernel(f, md, 0);

    assert_true(io_store(f->kernel, vmk_map_address(m) + IO_PAGE, 1));
    assert_io_byte(f->task, io_page(f, 1), 1);
    assert_true(io_store(f->task, io_page(f, 1), 2));
    assert_io_byte(f->kernel, vmk_map_address(m) + IO_PAGE, 2);
    vmk_map_release(m);
    vmk_desc_release(md);
}

/*  What offset and length may be; each refusal is NULL and hides kIOReturnBadArgument            */
static void
a_part_must_lie_in_the_descriptor(void **state)
{
    static const struct {
        uint64_t offset;
        uint64_t length;
        bool is_made;
    } cases[] = {
        { 0, 0, true },
        { 0, 4 * IO_PAGE, true },
        { 3 * IO_PAGE, IO_PAGE, true },
        { 4 * IO_PAGE - 1, 1, true },
        { IO_PAGE, 0, false }, /* length 0 is the descriptor's: too long from here */
        { 0, 4 * IO_PAGE + 1, false },
        { 4 * IO_PAGE, 1, false },
        { 4 * IO_PAGE - 1, 2, false },
        { IO_PAGE, UINT64_MAX - IO_PAGE + 2, false }, /* the end wraps */
        { UINT64_MAX, 2, false },
    };
    struct iokit_fixture *f = *state;

    for (size_t i = 0; i < VMM_COUNT_OF(cases); i++) {
        vmk_desc_t md = describe(f, 0, 4, IO_DIRECTION_OUT);
        vmk_map_t m = map_part(md, f->kernel, 0, cases[i].offset, cases[i].length);

        assert_int_equal(m != NULL, cases[i].is_made);
        if (m == NULL)
            assert_int_equal(vmk_sim_hidden_status(), VMM_IO_BAD_ARGUMENT);
        vmk_map_release(m);
        vmk_desc_release(md);
    }
}

static void
zero_bytes_cannot_be_mapped(void **state)
{
    struct iokit_fixture *f = *state;
    vmk_desc_t md = vmk_desc_range(f->task, f->base, 0, IO_DIRECTION_OUT);

    assert_map_refused(md, f->kernel, 0, IO_MAP_ANYWHERE, VMM_IO_BAD_ARGUMENT);
    vmk_desc_release(md);
}

static void
a_hole_in_the_source_is_found_by_the_mapping(void **state)
{
    struct iokit_fixture *f = *state;
    vmk_desc_t md = describe(f, 0, 4, IO_DIRECTION_OUT);
    unsigned regions = io_regions(f->kernel);

    assert_int_equal(vmk_sim_deallocate(f->task, io_page(f, 2), IO_PAGE), VMM_OK);
    assert_map_refused(md, f->kernel, 0, IO_MAP_ANYWHERE, VMM_INVALID_ADDRESS);
    assert_int_equal(io_regions(f->kernel), regions);
    vmk_desc_release(md);
}

/*  setMapping(): the place is the caller's word; undoing it removes nothing                     */
static void
a_mapping_that_is_set_is_where_the_caller_says(void **state)
{
    struct iokit_fixture *f = *state;
    vmk_desc_t md = describe(f, 1, 4, IO_DIRECTION_OUT_IN);
    unsigned regions = io_regions(f->task);
    vmk_map_t m = vmk_map_set(md, f->task, io_page(f, 2), 0);

    assert_non_null(m);
    assert_int_equal(vmk_map_address(m), io_page(f, 2));
    assert_int_equal(vmk_map_length(m), 3 * IO_PAGE);
    assert_int_equal(io_regions(f->task), regions);
    vmk_map_release(m);
    assert_int_equal(io_regions(f->task), regions);
    assert_io_byte(f->task, io_page(f, 2), IO_FILL + 2);
    vmk_desc_release(md);
}

/*  The descriptor's own task, Anywhere, one range from 0 on: no new region, and Static           */
static void
the_own_task_gets_the_original_address(void **state)
{
    struct iokit_fixture *f = *state;
    vmk_desc_t md = describe(f, 1, 4, IO_DIRECTION_OUT_IN);
    unsigned regions = io_regions(f->task);
    vmk_map_t m = map_part(md, f->task, 0, 0, 0);

    assert_int_equal(vmk_map_address(m), io_page(f, 1));
    assert_true(vmk_map_options(m) & IO_MAP_STATIC);
    assert_int_equal(io_regions(f->task), regions);
    assert_int_equal(vmk_map_unmap(m), VMM_OK);
    assert_io_byte(f->task, io_page(f, 1), IO_FILL + 1);
    vmk_map_release(m);
    vmk_desc_release(md);
}

/*  ... and each of these is no shortcut: a region of its own                                     */
static void
the_shortcut_needs_one_range_from_its_start_on(void **state)
{
    struct iokit_fixture *f = *state;
    vmk_range_t ranges[] = { { io_page(f, 0), IO_PAGE }, { io_page(f, 4), IO_PAGE } };
    vmk_desc_t md = describe(f, 0, 2, IO_DIRECTION_OUT_IN);
    vmk_desc_t two = vmk_desc_ranges(f->task, ranges, 2, IO_DIRECTION_OUT_IN);
    vmk_map_t part = map_part(md, f->task, 0, IO_PAGE, IO_PAGE);
    vmk_map_t many = map_part(two, f->task, 0, 0, 0);
    uint64_t at = f->base + ((uint64_t)1 << 30);
    vmk_map_t fixed = vmk_map_create(md, f->task, at, 0, 0, 0);

    assert_int_not_equal(vmk_map_address(part), io_page(f, 1));
    assert_int_not_equal(vmk_map_address(many), io_page(f, 0));
    assert_int_equal(vmk_map_address(fixed), at);
    assert_io_byte(f->task, vmk_map_address(part), IO_FILL + 1);
    assert_io_byte(f->task, vmk_map_address(many) + IO_PAGE, IO_FILL + 4);
    assert_io_byte(f->task, at, IO_FILL);
    vmk_map_release(part);
    vmk_map_release(many);
    vmk_map_release(fixed);
    vmk_desc_release(md);
    vmk_desc_release(two);
}

/* ---- protections, iokit.md 3.2 ---- */

/*  What a mapping needs of the source: WRITE, unless descriptor and request both do without      */
static void
a_read_only_buffer_needs_out_and_read_only(void **state)
{
    static const struct {
        vmk_options_t direction;
        vmk_options_t options;
        bool is_made;
    } cases[] = {
        { IO_DIRECTION_OUT, IO_MAP_READ_ONLY, true },
        { IO_DIRECTION_OUT, 0, false },
        { IO_DIRECTION_IN, IO_MAP_READ_ONLY, false },
        { IO_DIRECTION_OUT_IN, IO_MAP_READ_ONLY, false },
        { IO_DIRECTION_NONE, IO_MAP_READ_ONLY, false },
    };
    struct iokit_fixture *f = *state;

    assert_int_equal(vmk_sim_protect(f->task, f->base, IO_PAGES * IO_PAGE, VMM_PROT_READ), VMM_OK);
    for (size_t i = 0; i < VMM_COUNT_OF(cases); i++) {
        vmk_desc_t md = describe(f, 0, 2, cases[i].direction);
        vmk_map_t m = map_part(md, f->kernel, cases[i].options, 0, 0);

        assert_int_equal(m != NULL, cases[i].is_made);
        if (m == NULL)
            assert_int_equal(vmk_sim_hidden_status(), VMM_PROTECTION_FAILURE);
        vmk_map_release(m);
        vmk_desc_release(md);
    }
}

static void
read_only_is_both_the_current_and_the_maximum_right(void **state)
{
    struct iokit_fixture *f = *state;
    vmk_desc_t md = describe(f, 0, 1, IO_DIRECTION_OUT_IN);
    vmk_map_t m = map_in_kernel(f, md, IO_MAP_READ_ONLY);
    struct vm_region region;

    assert_true(vmk_sim_region(f->kernel, vmk_map_address(m), &region));
    assert_int_equal(region.protection, VMM_PROT_READ);
    assert_int_equal(region.max_protection, VMM_PROT_READ);
    vmk_map_release(m);
    vmk_desc_release(md);
}

static void
a_store_through_a_read_only_mapping_panics(void **state)
{
    struct iokit_fixture *f = *state;
    vmk_map_t m = map_in_kernel(f, describe(f, 0, 1, IO_DIRECTION_OUT_IN), IO_MAP_READ_ONLY);

    assert_true(io_load(f->kernel, vmk_map_address(m)));
    assert_false(io_store(f->kernel, vmk_map_address(m), 1));
    assert_stopped(REASON_FAULT_UNRESOLVED);
}

static void
a_read_only_mapping_of_an_in_descriptor_freezes_nothing(void **state)
{
    struct iokit_fixture *f = *state;
    vmk_desc_t md = describe(f, 0, 1, IO_DIRECTION_IN);
    vmk_map_t reader = map_in_kernel(f, md, IO_MAP_READ_ONLY);
    vmk_map_t writer = map_in_kernel(f, md, 0);

    assert_true(io_store(f->kernel, vmk_map_address(writer), 9));
    assert_io_byte(f->kernel, vmk_map_address(reader), 9);
    vmk_map_release(reader);
    vmk_map_release(writer);
    vmk_desc_release(md);
}

/* ---- copy on write, iokit.md 3.2 ---- */

static void
a_snapshot_hides_later_stores_of_both_sides(void **state)
{
    struct iokit_fixture *f = *state;
    vmk_desc_t md = describe(f, 0, 2, IO_DIRECTION_OUT | IO_MEMORY_MAP_COPY_ON_WRITE);
    vmk_map_t m = map_in_kernel(f, md, 0);

    assert_true(io_store(f->task, io_page(f, 0), 1));
    assert_true(io_store(f->kernel, vmk_map_address(m) + IO_PAGE, 2));
    assert_io_byte(f->kernel, vmk_map_address(m), IO_FILL);
    assert_io_byte(f->task, io_page(f, 1), IO_FILL + 1);
    vmk_map_release(m);
    vmk_desc_release(md);
}

/*  No page wired: the copy is lazy, and a kernel read shows the user's own page, read-only       */
static void
a_lazy_snapshot_reads_the_users_own_page(void **state)
{
    struct iokit_fixture *f = *state;
    vmk_desc_t md = describe(f, 0, 1, IO_DIRECTION_OUT | IO_MEMORY_MAP_COPY_ON_WRITE);
    vmk_map_t m = map_in_kernel(f, md, 0);
    struct vm_page_view user, kernel;

    assert_true(io_load(f->kernel, vmk_map_address(m)));
    vmk_sim_probe(f->task, f->base, &user);
    vmk_sim_probe(f->kernel, vmk_map_address(m), &kernel);
    assert_int_equal(kernel.translation_ppn, user.ppn);
    assert_io_translated(f->kernel, vmk_map_address(m), "r");
    vmk_map_release(m);
    vmk_desc_release(md);
}

/*  Prepared first: pages that are wired cannot be copied later, so all are copied now            */
static void
a_snapshot_of_prepared_pages_is_copied_at_once(void **state)
{
    struct iokit_fixture *f = *state;
    vmk_desc_t md = describe(f, 0, 3, IO_DIRECTION_OUT | IO_MEMORY_MAP_COPY_ON_WRITE);
    struct vm_page_view user, kernel;
    vmk_map_t m;

    assert_int_equal(vmk_desc_prepare(md, IO_DIRECTION_NONE), VMM_OK);
    m = map_in_kernel(f, md, 0);
    assert_io_held(f->kernel, vmk_map_address(m), "000");
    assert_io_held(f->task, f->base, "11100000");
    vmk_sim_probe(f->task, f->base, &user);
    vmk_sim_probe(f->kernel, vmk_map_address(m), &kernel);
    assert_int_not_equal(kernel.ppn, user.ppn);
    vmk_map_release(m);
    vmk_desc_release(md);
}

static void
wiring_a_lazy_snapshot_copies_its_pages(void **state)
{
    struct iokit_fixture *f = *state;
    vmk_desc_t md = describe(f, 0, 2, IO_DIRECTION_OUT | IO_MEMORY_MAP_COPY_ON_WRITE);
    vmk_map_t m = map_in_kernel(f, md, 0);
    struct vm_page_view user, kernel;

    assert_int_equal(vmk_map_wire(m, IO_DIRECTION_IN, 0, 2 * IO_PAGE), VMM_OK);
    vmk_sim_probe(f->task, f->base, &user);
    vmk_sim_probe(f->kernel, vmk_map_address(m), &kernel);
    assert_int_not_equal(kernel.ppn, user.ppn);
    assert_io_held(f->task, f->base, "00000000");
    assert_int_equal(vmk_map_wire(m, IO_DIRECTION_NONE, 0, 2 * IO_PAGE), VMM_OK);
    vmk_map_release(m);
    vmk_desc_release(md);
}

static void
the_copy_on_write_bit_means_nothing_before_10_12_2(void **state)
{
    static const struct {
        const char *profile;
        uint8_t seen;
    } cases[] = { { "macos-10.11", 1 }, { "macos-10.12.0", 1 }, { "macos-10.12.2", IO_FILL } };
    struct iokit_fixture *f = *state;

    for (size_t i = 0; i < VMM_COUNT_OF(cases); i++) {
        vmk_map_t m;

        iokit_restart(f, cases[i].profile);
        m = map_in_kernel(f, describe(f, 0, 1, IO_DIRECTION_OUT | IO_MEMORY_MAP_COPY_ON_WRITE), 0);
        assert_true(io_store(f->task, f->base, 1));
        assert_io_byte(f->kernel, vmk_map_address(m), cases[i].seen);
    }
}

static void
a_part_of_a_snapshot_is_refused_from_10_12_2_to_10_15(void **state)
{
    static const char *const profiles[] = { "macos-10.12.2", "macos-10.13", "macos-10.15" };
    struct iokit_fixture *f = *state;

    for (size_t i = 0; i < VMM_COUNT_OF(profiles); i++) {
        vmk_desc_t md;

        iokit_restart(f, profiles[i]);
        md = describe(f, 0, 2, IO_DIRECTION_OUT | IO_MEMORY_MAP_COPY_ON_WRITE);
        assert_null(map_part(md, f->kernel, 0, IO_PAGE, IO_PAGE));
        assert_int_equal(vmk_sim_hidden_status(), VMM_INVALID_ARGUMENT);
        assert_null(map_part(md, f->kernel, 0, 0, IO_PAGE));
        assert_int_equal(vmk_sim_hidden_status(), VMM_INVALID_ARGUMENT);
        vmk_desc_release(md);
    }
}

/* ---- sharing, iokit.md 3.3 ---- */

/*  descriptor  01234567
 *  M             2345            one mapping of [2, 6); what a further request gets             */
static void
requests_share_a_mapping_that_covers_them(void **state)
{
    static const struct {
        uint64_t offset, length; /* pages */
        vmk_options_t options;
        enum { SAME, PART, OTHER } expected;
    } cases[] = {
        { 2, 4, 0, SAME },  { 2, 1, 0, PART },
        { 3, 2, 0, PART },  { 5, 1, 0, PART },
        { 1, 4, 0, OTHER }, { 3, 4, 0, OTHER },
        { 0, 8, 0, OTHER }, { 2, 4, IO_MAP_READ_ONLY, OTHER },
    };
    struct iokit_fixture *f = *state;
    vmk_desc_t md = describe(f, 0, 8, IO_DIRECTION_OUT_IN);
    vmk_map_t m = map_part(md, f->kernel, 0, 2 * IO_PAGE, 4 * IO_PAGE);

    for (size_t i = 0; i < VMM_COUNT_OF(cases); i++) {
        uint64_t delta = (cases[i].offset - 2) * IO_PAGE;
        vmk_map_t other = map_part(md, f->kernel, cases[i].options, cases[i].offset * IO_PAGE,
                                   cases[i].length * IO_PAGE);

        assert_non_null(other);
        assert_int_equal(other == m, cases[i].expected == SAME);
        assert_int_equal(vmk_map_address(other) == vmk_map_address(m) + delta,
                         cases[i].expected != OTHER);
        assert_io_byte(f->kernel, vmk_map_address(other), (uint8_t)(IO_FILL + cases[i].offset));
        vmk_map_release(other);
    }
    assert_int_equal(vmk_sim_map_references(m), 2);
    vmk_map_release(m);
    vmk_desc_release(md);
}

static void
a_fixed_request_shares_only_at_that_very_address(void **state)
{
    struct iokit_fixture *f = *state;
    uint64_t elsewhere = free_kernel_address(f) + 2 * IO_PAGES * IO_PAGE;
    vmk_desc_t md = describe(f, 0, 2, IO_DIRECTION_OUT_IN);
    vmk_map_t m = map_in_kernel(f, md, 0);
    vmk_map_t same = vmk_map_create(md, f->kernel, vmk_map_address(m), 0, 0, 0);
    vmk_map_t other = vmk_map_create(md, f->kernel, elsewhere, 0, 0, 0);

    assert_ptr_equal(same, m);
    assert_int_equal(vmk_map_address(other), elsewhere);
    vmk_map_release(same);
    vmk_map_release(other);
    vmk_map_release(m);
    vmk_desc_release(md);
}

static void
another_task_gets_its_own_mapping(void **state)
{
    struct iokit_fixture *f = *state;
    vmk_task_t other = vmk_sim_task_create();
    vmk_desc_t md = describe(f, 0, 2, IO_DIRECTION_OUT_IN);
    vmk_map_t in_kernel = map_in_kernel(f, md, 0);
    vmk_map_t in_other = map_part(md, other, 0, 0, 0);

    assert_ptr_not_equal(in_kernel, in_other);
    assert_ptr_equal(vmk_sim_map_task(in_other), other);
    assert_io_byte(other, vmk_map_address(in_other), IO_FILL);
    vmk_map_release(in_kernel);
    vmk_map_release(in_other);
    vmk_desc_release(md);
}

static void
unmap_by_one_holder_unmaps_for_both(void **state)
{
    struct iokit_fixture *f = *state;
    vmk_desc_t md = describe(f, 0, 2, IO_DIRECTION_OUT_IN);
    vmk_map_t one = map_in_kernel(f, md, 0);
    vmk_map_t two = map_in_kernel(f, md, 0);
    uint64_t address = vmk_map_address(one);
    struct vm_page_view view;

    assert_int_equal(vmk_map_unmap(one), VMM_OK);
    assert_int_equal(vmk_map_address(two), 0);
    assert_int_equal(vmk_map_length(two), 2 * IO_PAGE); /* unchanged by unmap (3.1) */
    vmk_sim_probe(f->kernel, address, &view);
    assert_false(view.is_mapped);
    assert_int_equal(vmk_map_unmap(two), VMM_OK); /* a second unmap returns 0 (3.8) */
    vmk_map_release(one);
    vmk_map_release(two);
    vmk_desc_release(md);
}

static void
a_part_never_unmaps_and_keeps_the_whole(void **state)
{
    struct iokit_fixture *f = *state;
    vmk_desc_t md = describe(f, 0, 4, IO_DIRECTION_OUT_IN);
    vmk_map_t whole = map_in_kernel(f, md, 0);
    vmk_map_t part = map_part(md, f->kernel, 0, IO_PAGE, IO_PAGE);
    uint64_t address = vmk_map_address(part);

    vmk_map_release(whole);
    assert_io_byte(f->kernel, address, IO_FILL + 1);
    assert_int_equal(vmk_map_unmap(part), VMM_OK);
    assert_io_byte(f->kernel, address, IO_FILL + 1);
    vmk_map_release(part);
    vmk_desc_release(md);
}

static void
an_unmapped_mapping_is_not_shared(void **state)
{
    struct iokit_fixture *f = *state;
    vmk_desc_t md = describe(f, 0, 1, IO_DIRECTION_OUT_IN);
    vmk_map_t gone = map_in_kernel(f, md, 0);
    vmk_map_t fresh;

    assert_int_equal(vmk_map_unmap(gone), VMM_OK);
    fresh = map_in_kernel(f, md, 0);
    assert_ptr_not_equal(fresh, gone);
    assert_io_byte(f->kernel, vmk_map_address(fresh), IO_FILL);
    vmk_map_release(gone);
    vmk_map_release(fresh);
    vmk_desc_release(md);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        IOKIT_TEST(a_mapping_shows_the_bytes_at_their_page_offset),
        IOKIT_TEST(a_mapping_of_task_memory_is_lazy_in_every_release),
        IOKIT_TEST(both_sides_see_each_others_stores),
        IOKIT_TEST(a_part_must_lie_in_the_descriptor),
        IOKIT_TEST(zero_bytes_cannot_be_mapped),
        IOKIT_TEST(a_hole_in_the_source_is_found_by_the_mapping),
        IOKIT_TEST(the_own_task_gets_the_original_address),
        IOKIT_TEST(a_mapping_that_is_set_is_where_the_caller_says),
        IOKIT_TEST(the_shortcut_needs_one_range_from_its_start_on),
        IOKIT_TEST(a_read_only_buffer_needs_out_and_read_only),
        IOKIT_TEST(read_only_is_both_the_current_and_the_maximum_right),
        IOKIT_TEST(a_store_through_a_read_only_mapping_panics),
        IOKIT_TEST(a_read_only_mapping_of_an_in_descriptor_freezes_nothing),
        IOKIT_TEST(a_snapshot_hides_later_stores_of_both_sides),
        IOKIT_TEST(a_lazy_snapshot_reads_the_users_own_page),
        IOKIT_TEST(a_snapshot_of_prepared_pages_is_copied_at_once),
        IOKIT_TEST(wiring_a_lazy_snapshot_copies_its_pages),
        IOKIT_TEST(the_copy_on_write_bit_means_nothing_before_10_12_2),
        IOKIT_TEST(a_part_of_a_snapshot_is_refused_from_10_12_2_to_10_15),
        IOKIT_TEST(requests_share_a_mapping_that_covers_them),
        IOKIT_TEST(a_fixed_request_shares_only_at_that_very_address),
        IOKIT_TEST(another_task_gets_its_own_mapping),
        IOKIT_TEST(unmap_by_one_holder_unmaps_for_both),
        IOKIT_TEST(a_part_never_unmaps_and_keeps_the_whole),
        IOKIT_TEST(an_unmapped_mapping_is_not_shared),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

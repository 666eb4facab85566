/* test_io_placement.c - where a mapping lands, and Prefault: iokit.md 3.4, 3.7 */
#include "iokit_fixture.h"

#include "base/status.h"

/* ---- placement, iokit.md 3.4 ---- */

static void
a_fixed_address_with_the_right_page_offset_is_taken(void **state)
{
    struct iokit_fixture *f = *state;
    uint64_t at = free_kernel_address(f) + 0x123;
    vmk_desc_t md = vmk_desc_range(f->task, io_page(f, 1) + 0x123, 8000, IO_DIRECTION_OUT);
    vmk_map_t m = vmk_map_create(md, f->kernel, at, 0, 0, 0);

    assert_non_null(m);
    assert_int_equal(vmk_map_address(m), at);
    vmk_map_release(m);
    vmk_desc_release(md);
}

static void
a_fixed_address_that_is_taken_is_code_3(void **state)
{
    struct iokit_fixture *f = *state;
    vmk_desc_t md = describe(f, 0, 2, IO_DIRECTION_OUT);
    uint64_t taken = 0;

    assert_int_equal(vmk_sim_allocate(f->kernel, &taken, 2 * IO_PAGE), VMM_OK);
    assert_true(io_store(f->kernel, taken, 7));
    assert_map_refused(md, f->kernel, taken, 0, VMM_NO_SPACE);
    assert_io_byte(f->kernel, taken, 7); /* row 11 of iokit.md 8: nothing else is damaged */
    vmk_desc_release(md);
}

static void
a_fixed_address_outside_the_map_is_code_1(void **state)
{
    struct iokit_fixture *f = *state;
    vmk_desc_t md = describe(f, 0, 2, IO_DIRECTION_OUT);

    assert_map_refused(md, f->kernel, 0x2000, 0, VMM_INVALID_ADDRESS);
    vmk_desc_release(md);
}

/*  Pieces that begin and end on pages stand one after the other                                  */
static void
page_aligned_ranges_are_joined(void **state)
{
    struct iokit_fixture *f = *state;
    vmk_range_t ranges[] = { { io_page(f, 5), 2 * IO_PAGE },
                             { io_page(f, 0), IO_PAGE },
                             { io_page(f, 3), IO_PAGE } };
    static const uint8_t expected[] = { 5, 6, 0, 3 };
    static const char *const profiles[] = { "macos-10.9", "macos-10.11", "macos-15.4" };

    for (size_t i = 0; i < VMM_COUNT_OF(profiles); i++) {
        vmk_map_t m;

        iokit_restart(f, profiles[i]);
        m = map_in_kernel(f, vmk_desc_ranges(f->task, ranges, 3, IO_DIRECTION_OUT), 0);
        for (unsigned n = 0; n < VMM_COUNT_OF(expected); n++)
            assert_io_byte(f->kernel, vmk_map_address(m) + (uint64_t)n * IO_PAGE,
                           (uint8_t)(IO_FILL + expected[n]));
    }
}

/*  A second range that does not begin on a page                                                  */
static void
a_ragged_follower_is_refused_until_11(void **state)
{
    static const struct {
        const char *profile;
        vmk_return_t hidden;
    } cases[] = { { "macos-10.9", VMM_IO_BAD_ARGUMENT },
                  { "macos-10.10", VMM_IO_NOT_ALIGNED },
                  { "macos-10.15", VMM_IO_NOT_ALIGNED } };
    struct iokit_fixture *f = *state;
    vmk_range_t ranges[] = { { io_page(f, 0), IO_PAGE }, { io_page(f, 3) + 8, 100 } };

    for (size_t i = 0; i < VMM_COUNT_OF(cases); i++) {
        vmk_desc_t md;

        iokit_restart(f, cases[i].profile);
        md = vmk_desc_ranges(f->task, ranges, 2, IO_DIRECTION_OUT);
        assert_map_refused(md, f->kernel, 0, IO_MAP_ANYWHERE, cases[i].hidden);
        vmk_desc_release(md);
    }
}

/*  ... from 11 on [I]: each piece on pages of its own, so bytes do not follow each other          */
static void
a_ragged_follower_has_pages_of_its_own_from_11_on(void **state)
{
    struct iokit_fixture *f = *state;
    vmk_range_t ranges[] = { { io_page(f, 0), IO_PAGE }, { io_page(f, 3) + 8, 100 } };
    vmk_desc_t md;
    vmk_map_t m;

    iokit_restart(f, "macos-11");
    md = vmk_desc_ranges(f->task, ranges, 2, IO_DIRECTION_OUT);
    m = map_in_kernel(f, md, 0);
    assert_io_byte(f->kernel, vmk_map_address(m), IO_FILL);
    assert_io_byte(f->kernel, vmk_map_address(m) + IO_PAGE + 8, IO_FILL + 3);
    vmk_map_release(m);
    vmk_desc_release(md);
}

/*  A source of several map entries is cut there, and the mapping joins it again (3.2)             */
static void
a_source_of_several_entries_is_one_mapping(void **state)
{
    struct iokit_fixture *f = *state;
    uint64_t more = io_page(f, IO_PAGES);
    vmk_desc_t md;
    vmk_map_t m;

    assert_int_equal(vmk_sim_allocate(f->task, &more, 2 * IO_PAGE), VMM_OK);
    assert_int_equal(vmk_sim_protect(f->task, io_page(f, 3), IO_PAGE, VMM_PROT_READ), VMM_OK);
    md = vmk_desc_range(f->task, io_page(f, 2) + 100, 6 * IO_PAGE, IO_DIRECTION_OUT);
    m = map_in_kernel(f, md, IO_MAP_READ_ONLY);
    for (unsigned n = 0; n < 6; n++)
        assert_io_byte(f->kernel, vmk_map_address(m) + (uint64_t)n * IO_PAGE,
                       (uint8_t)(IO_FILL + 2 + n));
    vmk_map_release(m);
    vmk_desc_release(md);
}

/* ---- Prefault, iokit.md 3.7 ---- */

static void
prefault_into_the_kernel_by_release(void **state)
{
    static const struct {
        const char *profile;
        const char *translated; /* NULL: refused, and the region leaks */
    } cases[] = { { "macos-10.8.2", "----" }, { "macos-10.9", "----" }, { "macos-10.10", NULL },
                  { "macos-10.11", NULL },    { "macos-10.12", NULL },  { "macos-10.13", "WWWW" },
                  { "macos-11", "WWWW" },     { "macos-15.5", "WWWW" } };
    struct iokit_fixture *f = *state;

    for (size_t i = 0; i < VMM_COUNT_OF(cases); i++) {
        vmk_desc_t md;
        vmk_map_t m;

        iokit_restart(f, cases[i].profile);
        md = describe(f, 0, 4, IO_DIRECTION_OUT_IN);
        assert_int_equal(vmk_desc_prepare(md, IO_DIRECTION_NONE), VMM_OK);
        m = map_part(md, f->kernel, IO_MAP_PREFAULT, 0, 0);
        assert_int_equal(m != NULL, cases[i].translated != NULL);
        assert_int_equal(io_events(EV_IOMAP_LEAK), cases[i].translated == NULL);
        if (m != NULL)
            assert_io_translated(f->kernel, vmk_map_address(m), cases[i].translated);
        else
            assert_int_equal(vmk_sim_hidden_status(), VMM_IO_BAD_ARGUMENT);
    }
}

static void
prefault_into_a_user_task_by_release(void **state)
{
    static const struct {
        const char *profile;
        const char *translated;
    } cases[] = { { "macos-10.9", "----" },
                  { "macos-10.10", "WWWW" },
                  { "macos-10.12", "WWWW" },
                  { "macos-15.5", "WWWW" } };
    struct iokit_fixture *f = *state;

    for (size_t i = 0; i < VMM_COUNT_OF(cases); i++) {
        vmk_desc_t md;
        vmk_task_t other;
        vmk_map_t m;

        iokit_restart(f, cases[i].profile);
        other = vmk_sim_task_create();
        md = describe(f, 0, 4, IO_DIRECTION_OUT_IN);
        assert_int_equal(vmk_desc_prepare(md, IO_DIRECTION_NONE), VMM_OK);
        m = map_part(md, other, IO_MAP_PREFAULT, 0, 0);
        assert_non_null(m);
        assert_io_translated(other, vmk_map_address(m), cases[i].translated);
    }
}

static void
prefault_of_an_unprepared_descriptor_is_refused_and_leaks(void **state)
{
    static const char *const profiles[] = { "macos-10.10", "macos-10.12", "macos-10.13", "macos-11",
                                            "macos-15.5" };
    struct iokit_fixture *f = *state;

    for (size_t i = 0; i < VMM_COUNT_OF(profiles); i++) {
        vmk_desc_t md;
        unsigned regions;

        iokit_restart(f, profiles[i]);
        md = describe(f, 0, 4, IO_DIRECTION_OUT_IN);
        regions = io_regions(f->kernel);
        assert_map_refused(md, f->kernel, 0, IO_MAP_ANYWHERE | IO_MAP_PREFAULT,
                           VMM_IO_BAD_ARGUMENT);
        assert_int_equal(io_regions(f->kernel), regions + 1);
        assert_stopped(REASON_NONE);
        vmk_desc_release(md);
    }
}

/*  |guard|bytes|guard|     made in three steps, of which each may find no memory                    */
static void
a_guarded_mapping_that_fails_leaves_no_region(void **state)
{
    struct iokit_fixture *f = *state;
    vmk_desc_t md = describe(f, 0, 1, IO_DIRECTION_OUT_IN);
    unsigned failures = 0, maps = 0;

    while (failures < 12) {
        uint64_t regions = io_regions(f->kernel);
        uint64_t apart = 0;

        f->counting.fail_at = f->counting.requests + 2; /* the first is the mapping itself */
        if (map_part(md, f->kernel, IO_MAP_UNIQUE | IO_MAP_GUARDED_SMALL, 0, IO_PAGE) != NULL) {
            assert_true(maps++ < 4096); /* it stays, until entries need memory again */
            continue;
        }
        f->counting.fail_at = 0;
        assert_int_equal(vmk_sim_hidden_status(), VMM_MODEL_NO_MEMORY);
        assert_int_equal(io_regions(f->kernel), regions);
        failures++;
        /* Now they get it, and run out at another step the next time. */
        assert_non_null(map_part(md, f->kernel, IO_MAP_UNIQUE | IO_MAP_GUARDED_SMALL, 0, IO_PAGE));
        for (unsigned i = 0; i < failures % 4; i++, apart = 0)
            assert_int_equal(vmk_sim_allocate(f->kernel, &apart, IO_PAGE), VMM_OK);
    }
}

static void
prefault_into_the_kernel_asserts_on_a_development_kernel(void **state)
{
    struct iokit_fixture *f = *state;
    vmk_desc_t md;

    iokit_restart_development(f, "macos-10.11");
    md = describe(f, 0, 1, IO_DIRECTION_OUT_IN);
    assert_int_equal(vmk_desc_prepare(md, IO_DIRECTION_NONE), VMM_OK);
    assert_map_refused(md, f->kernel, 0, IO_MAP_ANYWHERE | IO_MAP_PREFAULT, VMK_PANICKED);
    assert_stopped(REASON_PREFAULT_ASSERT);
}

static void
prefault_of_a_read_only_mapping_enters_read_only(void **state)
{
    struct iokit_fixture *f = *state;
    vmk_desc_t md = describe(f, 0, 2, IO_DIRECTION_OUT);
    vmk_map_t m;

    assert_int_equal(vmk_desc_prepare(md, IO_DIRECTION_NONE), VMM_OK);
    m = map_in_kernel(f, md, IO_MAP_READ_ONLY | IO_MAP_PREFAULT);
    assert_io_translated(f->kernel, vmk_map_address(m), "RR");
    assert_true(io_load_locked(f->kernel, vmk_map_address(m)));
    vmk_map_release(m);
    vmk_desc_release(md);
}

/*  What prepare brought in and nobody touched has its first translation                           */
static void
prefault_is_the_first_mapping_of_untouched_pages(void **state)
{
    struct iokit_fixture *f = *state;
    uint64_t fresh = 0;
    vmk_range_t range;
    vmk_desc_t md;
    vmk_map_t m;

    assert_int_equal(vmk_sim_allocate(f->task, &fresh, 2 * IO_PAGE), VMM_OK);
    range = (vmk_range_t){ fresh, 2 * IO_PAGE };
    md = vmk_desc_ranges(f->task, &range, 1, IO_DIRECTION_OUT_IN);
    assert_int_equal(vmk_desc_prepare(md, IO_DIRECTION_NONE), VMM_OK);
    m = map_in_kernel(f, md, IO_MAP_PREFAULT);
    assert_io_translated(f->task, fresh, "--");
    assert_io_translated(f->kernel, vmk_map_address(m), "WW");
    assert_null(vmk_sim_check());
}

/*  Wired PTEs, but no wired entry: the kernel's unwire finds nothing to undo                      */
static void
prefaulted_pages_are_not_wired_for_unwire(void **state)
{
    struct iokit_fixture *f = *state;
    vmk_desc_t md = describe(f, 0, 2, IO_DIRECTION_OUT_IN);
    vmk_map_t m;

    assert_int_equal(vmk_desc_prepare(md, IO_DIRECTION_NONE), VMM_OK);
    m = map_in_kernel(f, md, IO_MAP_PREFAULT);
    assert_io_wired(f->kernel, vmk_map_address(m), "00");
    assert_int_equal(vmk_map_wire(m, IO_DIRECTION_NONE, 0, IO_PAGE), VMK_PANICKED);
    assert_stopped(REASON_UNWIRE_UNWIRED);
}

/*  The part [2, 4) of 8 pages: its own pages are entered, not the descriptor's first              */
static void
prefault_of_a_part_enters_the_parts_pages(void **state)
{
    struct iokit_fixture *f = *state;
    vmk_desc_t md = describe(f, 0, 8, IO_DIRECTION_OUT_IN);
    vmk_map_t m;

    assert_int_equal(vmk_desc_prepare(md, IO_DIRECTION_NONE), VMM_OK);
    m = map_part(md, f->kernel, IO_MAP_PREFAULT, 2 * IO_PAGE, 2 * IO_PAGE);
    assert_non_null(m);
    assert_io_translated(f->kernel, vmk_map_address(m), "WW");
    assert_io_byte(f->kernel, vmk_map_address(m), IO_FILL + 2);
    assert_io_byte(f->kernel, vmk_map_address(m) + IO_PAGE, IO_FILL + 3);
    vmk_map_release(m);
    vmk_desc_release(md);
}

/*  ranges   |page 0, 10 bytes|page 2, 10 bytes|page 4, 5000 bytes|
 *  mapping  |0               |2               |4      5          |                           */
static void
prefault_of_ragged_ranges_enters_each_pieces_own_pages(void **state)
{
    struct iokit_fixture *f = *state;
    vmk_range_t ranges[] = { { io_page(f, 0), 10 },
                             { io_page(f, 2), 10 },
                             { io_page(f, 4), 5000 } };
    static const unsigned pages[] = { 0, 2, 4, 5 };
    vmk_desc_t md;
    vmk_map_t m;

    iokit_restart(f, "macos-11");
    md = vmk_desc_ranges(f->task, ranges, 3, IO_DIRECTION_OUT_IN);
    assert_int_equal(vmk_desc_prepare(md, IO_DIRECTION_NONE), VMM_OK);
    m = map_in_kernel(f, md, IO_MAP_PREFAULT);
    for (unsigned i = 0; i < 2; i++) {
        struct vm_page_view source;
        struct vm_page_view mapped;

        vmk_sim_probe(f->task, io_page(f, pages[i]), &source);
        vmk_sim_probe(f->kernel, vmk_map_address(m) + (uint64_t)i * IO_PAGE, &mapped);
        assert_true(mapped.is_translated);
        assert_int_equal(mapped.translation_ppn, source.ppn);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        IOKIT_TEST(a_fixed_address_with_the_right_page_offset_is_taken),
        IOKIT_TEST(a_fixed_address_that_is_taken_is_code_3),
        IOKIT_TEST(a_fixed_address_outside_the_map_is_code_1),
        IOKIT_TEST(page_aligned_ranges_are_joined),
        IOKIT_TEST(a_ragged_follower_is_refused_until_11),
        IOKIT_TEST(a_ragged_follower_has_pages_of_its_own_from_11_on),
        IOKIT_TEST(a_source_of_several_entries_is_one_mapping),
        IOKIT_TEST(prefault_into_the_kernel_by_release),
        IOKIT_TEST(prefault_into_a_user_task_by_release),
        IOKIT_TEST(prefault_of_an_unprepared_descriptor_is_refused_and_leaks),
        IOKIT_TEST(a_guarded_mapping_that_fails_leaves_no_region),
        IOKIT_TEST(prefault_into_the_kernel_asserts_on_a_development_kernel),
        IOKIT_TEST(prefault_of_a_read_only_mapping_enters_read_only),
        IOKIT_TEST(prefaulted_pages_are_not_wired_for_unwire),
        IOKIT_TEST(prefault_is_the_first_mapping_of_untouched_pages),
        IOKIT_TEST(prefault_of_a_part_enters_the_parts_pages),
        IOKIT_TEST(prefault_of_ragged_ranges_enters_each_pieces_own_pages),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

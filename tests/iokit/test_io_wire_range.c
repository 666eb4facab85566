/* test_io_wire_range.c - wireRange(), and what its wires keep: iokit.md 4.3, 4.4 */
#include "iokit_fixture.h"

#include "base/status.h"

/* ---- wireRange, every row of iokit.md 4.3 ---- */

/* A writable mapping of pages [0, 4) at a page's start. */
static vmk_map_t
map_four_pages(struct iokit_fixture *f)
{
    return map_in_kernel(f, describe(f, 0, 4, IO_DIRECTION_OUT_IN), 0);
}

static void
wire_enters_translations_with_the_mappings_rights(void **state)
{
    struct iokit_fixture *f = *state;
    vmk_map_t m = map_four_pages(f);

    assert_int_equal(vmk_map_wire(m, IO_DIRECTION_IN, IO_PAGE, 2 * IO_PAGE), VMM_OK);
    assert_io_wired(f->kernel, vmk_map_address(m), "0110");
    assert_io_translated(f->kernel, vmk_map_address(m), "-WW-"); /* not just READ (4.2) */
    assert_io_held(f->task, f->base, "01100000");
    assert_int_equal(vmk_map_wire(m, IO_DIRECTION_NONE, IO_PAGE, 2 * IO_PAGE), VMM_OK);
}

/*  [0x800 + 0xFFF, + 2): two bytes on two pages of an unaligned mapping                           */
static void
wire_rounds_out_at_both_ends(void **state)
{
    struct iokit_fixture *f = *state;
    vmk_desc_t md =
        vmk_desc_range(f->task, io_page(f, 0) + 0x800, 3 * IO_PAGE, IO_DIRECTION_OUT_IN);
    vmk_map_t m = map_in_kernel(f, md, 0);

    assert_int_equal(vmk_map_wire(m, IO_DIRECTION_IN, IO_PAGE + 0x7FF, 2), VMM_OK);
    assert_io_wired(f->kernel, vmk_map_address(m), "0110");
    assert_int_equal(vmk_map_wire(m, IO_DIRECTION_NONE, IO_PAGE + 0x7FF, 2), VMM_OK);
}

static void
wire_of_zero_aligned_bytes_wires_nothing(void **state)
{
    struct iokit_fixture *f = *state;
    vmk_map_t m = map_four_pages(f);

    assert_int_equal(vmk_map_wire(m, IO_DIRECTION_IN, IO_PAGE, 0), VMM_OK);
    assert_io_wired(f->kernel, vmk_map_address(m), "0000");
}

static void
wire_of_zero_unaligned_bytes_wires_a_page(void **state)
{
    struct iokit_fixture *f = *state;
    vmk_map_t m = map_four_pages(f);

    assert_int_equal(vmk_map_wire(m, IO_DIRECTION_IN, IO_PAGE + 1, 0), VMM_OK);
    assert_io_wired(f->kernel, vmk_map_address(m), "0100");
    assert_int_equal(vmk_map_wire(m, IO_DIRECTION_NONE, IO_PAGE + 1, 0), VMM_OK);
}

/*  mapping 0123, neighbour 45: wire pages [3, 6) of the four                                      */
static void
wire_past_the_end_wires_the_neighbour(void **state)
{
    struct iokit_fixture *f = *state;
    uint64_t at = free_kernel_address(f);
    uint64_t next = at + 4 * IO_PAGE;
    vmk_map_t m = vmk_map_create(describe(f, 0, 4, IO_DIRECTION_OUT_IN), f->kernel, at, 0, 0, 0);

    assert_non_null(m);
    assert_int_equal(vmk_sim_allocate(f->kernel, &next, 2 * IO_PAGE), VMM_OK);
    assert_int_equal(vmk_map_wire(m, IO_DIRECTION_IN, 3 * IO_PAGE, 3 * IO_PAGE), VMM_OK);
    assert_io_wired(f->kernel, at, "000111");
    assert_int_equal(vmk_map_wire(m, IO_DIRECTION_NONE, 3 * IO_PAGE, 3 * IO_PAGE), VMM_OK);
}

static void
wire_over_a_hole_is_code_1_and_leaves_nothing_wired(void **state)
{
    struct iokit_fixture *f = *state;
    uint64_t at = free_kernel_address(f);
    vmk_map_t m = vmk_map_create(describe(f, 0, 4, IO_DIRECTION_OUT_IN), f->kernel, at, 0, 0, 0);

    assert_int_equal(vmk_map_wire(m, IO_DIRECTION_IN, IO_PAGE, 4 * IO_PAGE), VMM_INVALID_ADDRESS);
    assert_io_wired(f->kernel, at, "0000.");
    assert_io_held(f->task, f->base, "00000000");
    assert_int_equal(vmk_map_wire(m, IO_DIRECTION_IN, 4 * IO_PAGE, IO_PAGE), VMM_INVALID_ADDRESS);
}

/*  Beyond the end of a user's map both ends are clamped to it: an empty range                     */
static void
wire_beyond_the_map_is_clamped_to_nothing(void **state)
{
    struct iokit_fixture *f = *state;
    vmk_task_t other = vmk_sim_task_create();
    vmk_map_t m = map_part(describe(f, 0, 4, IO_DIRECTION_OUT_IN), other, 0, 0, 0);

    assert_non_null(m);
    assert_int_equal(vmk_map_wire(m, IO_DIRECTION_IN, (uint64_t)1 << 50, IO_PAGE), VMM_OK);
    assert_io_wired(other, vmk_map_address(m), "0000");
}

static void
wire_of_a_wrapped_range_by_release(void **state)
{
    static const struct {
        const char *profile;
        vmk_return_t result;
    } cases[] = { { "macos-10.11", VMM_OK },
                  { "macos-14", VMM_OK },
                  { "macos-15.0", VMM_INVALID_ARGUMENT } };
    struct iokit_fixture *f = *state;

    for (size_t i = 0; i < VMM_COUNT_OF(cases); i++) {
        vmk_map_t m;

        iokit_restart(f, cases[i].profile);
        m = map_four_pages(f);
        assert_int_equal(vmk_map_wire(m, IO_DIRECTION_IN, 0, UINT64_MAX - IO_PAGE),
                         cases[i].result);
        assert_io_wired(f->kernel, vmk_map_address(m), "0000");
    }
}

static void
wire_for_a_right_the_mapping_lacks_is_code_2(void **state)
{
    struct iokit_fixture *f = *state;
    vmk_map_t m = map_in_kernel(f, describe(f, 0, 2, IO_DIRECTION_OUT_IN), IO_MAP_READ_ONLY);

    assert_int_equal(vmk_map_wire(m, IO_DIRECTION_OUT, 0, IO_PAGE), VMM_PROTECTION_FAILURE);
    assert_int_equal(vmk_map_wire(m, IO_DIRECTION_OUT_IN, 0, IO_PAGE), VMM_PROTECTION_FAILURE);
    assert_io_wired(f->kernel, vmk_map_address(m), "00");
    assert_int_equal(vmk_map_wire(m, IO_DIRECTION_IN, 0, IO_PAGE), VMM_OK);
    assert_int_equal(vmk_map_wire(m, IO_DIRECTION_OUT, 0, IO_PAGE), VMM_OK); /* wired already */
    assert_io_wired(f->kernel, vmk_map_address(m), "20");
    assert_int_equal(vmk_map_wire(m, IO_DIRECTION_NONE, 0, IO_PAGE), VMM_OK);
    assert_int_equal(vmk_map_wire(m, IO_DIRECTION_NONE, 0, IO_PAGE), VMM_OK);
}

/*  wired   1111  +  .11.  +  ..11   =   1232                                                      */
static void
overlapping_wires_add_up_page_by_page(void **state)
{
    struct iokit_fixture *f = *state;
    vmk_map_t m = map_four_pages(f);

    assert_int_equal(vmk_map_wire(m, IO_DIRECTION_IN, 0, 4 * IO_PAGE), VMM_OK);
    assert_int_equal(vmk_map_wire(m, IO_DIRECTION_OUT, IO_PAGE, 2 * IO_PAGE), VMM_OK);
    assert_int_equal(vmk_map_wire(m, IO_DIRECTION_IN, 2 * IO_PAGE, 2 * IO_PAGE), VMM_OK);
    assert_io_wired(f->kernel, vmk_map_address(m), "1232");
    assert_int_equal(vmk_map_wire(m, IO_DIRECTION_NONE, 0, 4 * IO_PAGE), VMM_OK);
    assert_io_wired(f->kernel, vmk_map_address(m), "0121");
    assert_int_equal(vmk_map_wire(m, IO_DIRECTION_NONE, IO_PAGE, 3 * IO_PAGE), VMM_OK);
    assert_int_equal(vmk_map_wire(m, IO_DIRECTION_NONE, 2 * IO_PAGE, IO_PAGE), VMM_OK);
}

static void
wire_ignores_all_bits_but_the_lowest_two(void **state)
{
    struct iokit_fixture *f = *state;
    vmk_map_t m = map_four_pages(f);

    assert_int_equal(vmk_map_wire(m, 0xFFFFFFFCu | IO_DIRECTION_IN, 0, IO_PAGE), VMM_OK);
    assert_io_wired(f->kernel, vmk_map_address(m), "1000");
    assert_int_equal(vmk_map_wire(m, 0xFFFFFFFCu, 0, IO_PAGE), VMM_OK);
    assert_io_wired(f->kernel, vmk_map_address(m), "0000");
}

static void
the_65536th_wire_of_a_page_panics(void **state)
{
    struct iokit_fixture *f = *state;
    vmk_map_t m = map_four_pages(f);
    vmk_return_t result = VMM_OK;

    for (unsigned i = 0; i < 65535 && result == VMM_OK; i++)
        result = vmk_map_wire(m, IO_DIRECTION_IN, 0, IO_PAGE);
    assert_int_equal(result, VMM_OK);
    assert_int_equal(vmk_map_wire(m, IO_DIRECTION_IN, 0, IO_PAGE), VMK_PANICKED);
    assert_stopped(REASON_TOO_MANY_WIRES);
}

/*  wired   0111      wire [0, 4), unwire [0, 1), then unwire [0, 4) panics on page 0              */
static void
unwire_of_a_page_that_is_not_wired_panics(void **state)
{
    struct iokit_fixture *f = *state;
    vmk_map_t m = map_four_pages(f);

    assert_int_equal(vmk_map_wire(m, IO_DIRECTION_IN, 0, 4 * IO_PAGE), VMM_OK);
    assert_int_equal(vmk_map_wire(m, IO_DIRECTION_NONE, 0, IO_PAGE), VMM_OK);
    assert_io_wired(f->kernel, vmk_map_address(m), "0111");
    assert_int_equal(vmk_map_wire(m, IO_DIRECTION_NONE, 0, 4 * IO_PAGE), VMK_PANICKED);
    assert_stopped(REASON_UNWIRE_UNWIRED);
    assert_int_equal(vm_system_stop(vmk_sim_system())->va, vmk_map_address(m));
}

static void
unwire_that_starts_where_nothing_is_mapped_panics(void **state)
{
    struct iokit_fixture *f = *state;
    uint64_t at = free_kernel_address(f);
    vmk_map_t m = vmk_map_create(describe(f, 0, 4, IO_DIRECTION_OUT_IN), f->kernel, at, 0, 0, 0);

    assert_int_equal(vmk_map_wire(m, IO_DIRECTION_NONE, 4 * IO_PAGE, IO_PAGE), VMK_PANICKED);
    assert_stopped(REASON_UNWIRE_NOT_MAPPED);
}

static void
unwire_over_a_hole_panics(void **state)
{
    struct iokit_fixture *f = *state;
    uint64_t at = free_kernel_address(f);
    vmk_map_t m = vmk_map_create(describe(f, 0, 4, IO_DIRECTION_OUT_IN), f->kernel, at, 0, 0, 0);

    assert_int_equal(vmk_map_wire(m, IO_DIRECTION_IN, 0, 4 * IO_PAGE), VMM_OK);
    assert_int_equal(vmk_map_wire(m, IO_DIRECTION_NONE, 0, 5 * IO_PAGE), VMK_PANICKED);
    assert_stopped(REASON_UNWIRE_HOLE);
}

static void
wire_after_unmap_panics(void **state)
{
    struct iokit_fixture *f = *state;
    vmk_map_t m = map_four_pages(f);

    assert_int_equal(vmk_map_unmap(m), VMM_OK);
    assert_int_equal(vmk_map_wire(m, IO_DIRECTION_IN, 0, IO_PAGE), VMK_PANICKED);
    assert_stopped(REASON_USE_AFTER_UNMAP);
}

static void
wire_range_is_absent_before_10_8_2(void **state)
{
    static const struct {
        const char *profile;
        vmk_return_t result;
    } cases[] = { { "macos-10.7", VMM_NOT_SUPPORTED },
                  { "macos-10.8.0", VMM_NOT_SUPPORTED },
                  { "macos-10.8.2", VMM_OK } };
    struct iokit_fixture *f = *state;

    for (size_t i = 0; i < VMM_COUNT_OF(cases); i++) {
        vmk_map_t m;

        iokit_restart(f, cases[i].profile);
        m = map_four_pages(f);
        assert_int_equal(vmk_map_wire(m, IO_DIRECTION_IN, 0, IO_PAGE), cases[i].result);
    }
}

/*  A Static mapping: the call works on the original memory's own entries (4.3)                    */
static void
wire_of_a_static_mapping_wires_the_original(void **state)
{
    struct iokit_fixture *f = *state;
    vmk_map_t m = map_part(describe(f, 1, 3, IO_DIRECTION_OUT_IN), f->task, 0, 0, 0);

    assert_int_equal(vmk_map_wire(m, IO_DIRECTION_IN, 0, 2 * IO_PAGE), VMM_OK);
    assert_io_wired(f->task, f->base, "01100000");
    assert_int_equal(vmk_map_wire(m, IO_DIRECTION_NONE, 0, 2 * IO_PAGE), VMM_OK);
}

/*  page wires: prepare 1 + wireRange 1; either goes first (4.2)                                   */
static void
wires_and_prepares_nest_in_any_order(void **state)
{
    struct iokit_fixture *f = *state;

    for (unsigned complete_first = 0; complete_first < 2; complete_first++) {
        vmk_desc_t md = describe(f, 0, 2, IO_DIRECTION_OUT_IN);
        vmk_map_t m = map_in_kernel(f, md, 0);

        assert_int_equal(vmk_desc_prepare(md, IO_DIRECTION_NONE), VMM_OK);
        assert_int_equal(vmk_map_wire(m, IO_DIRECTION_IN, 0, 2 * IO_PAGE), VMM_OK);
        assert_io_held(f->task, f->base, "22000000");
        if (complete_first)
            assert_int_equal(vmk_desc_complete(md, IO_DIRECTION_NONE), VMM_OK);
        assert_int_equal(vmk_map_wire(m, IO_DIRECTION_NONE, 0, 2 * IO_PAGE), VMM_OK);
        assert_io_held(f->task, f->base, complete_first ? "00000000" : "11000000");
        if (!complete_first)
            assert_int_equal(vmk_desc_complete(md, IO_DIRECTION_NONE), VMM_OK);
        vmk_map_release(m);
        vmk_desc_release(md);
    }
}

/* ---- unmap with wires outstanding, iokit.md 4.4 ---- */

static void
unmap_while_wired_hangs(void **state)
{
    struct iokit_fixture *f = *state;
    vmk_map_t m = map_four_pages(f);

    assert_int_equal(vmk_map_wire(m, IO_DIRECTION_IN, IO_PAGE, IO_PAGE), VMM_OK);
    assert_int_equal(vmk_map_unmap(m), VMK_HUNG);
    assert_stopped(REASON_WIRED_AT_UNMAP);
    assert_int_equal(vm_system_stop(vmk_sim_system())->kind, VM_HUNG);
}

static void
the_last_release_while_wired_hangs(void **state)
{
    struct iokit_fixture *f = *state;
    vmk_map_t m = map_four_pages(f);

    assert_int_equal(vmk_map_wire(m, IO_DIRECTION_IN, 0, 1), VMM_OK);
    vmk_map_retain(m);
    vmk_map_release(m);
    assert_stopped(REASON_NONE);
    vmk_map_release(m);
    assert_stopped(REASON_WIRED_AT_UNMAP);
}

static void
unmap_while_wired_panics_on_a_development_kernel(void **state)
{
    struct iokit_fixture *f = *state;
    vmk_map_t m;

    iokit_restart_development(f, "macos-10.11");
    m = map_four_pages(f);
    assert_int_equal(vmk_map_wire(m, IO_DIRECTION_IN, 0, IO_PAGE), VMM_OK);
    assert_int_equal(vmk_map_unmap(m), VMK_PANICKED);
    assert_stopped(REASON_WIRED_AT_UNMAP);
}

/*  The assertion is about kernel_map alone: a user's map waits on every kernel                    */
static void
unmap_of_a_wired_user_mapping_hangs_on_every_kernel(void **state)
{
    struct iokit_fixture *f = *state;
    vmk_map_t m;

    iokit_restart_development(f, "macos-10.11");
    m = map_part(describe(f, 0, 4, IO_DIRECTION_OUT_IN), vmk_sim_task_create(), 0, 0, 0);
    assert_int_equal(vmk_map_wire(m, IO_DIRECTION_IN, 0, IO_PAGE), VMM_OK);
    assert_int_equal(vmk_map_unmap(m), VMK_HUNG);
    assert_stopped(REASON_WIRED_AT_UNMAP);
}

static void
task_exit_waits_for_kernel_wires(void **state)
{
    struct iokit_fixture *f = *state;
    vmk_task_t other = vmk_sim_task_create();
    vmk_map_t m = map_part(describe(f, 0, 4, IO_DIRECTION_OUT_IN), other, 0, 0, 0);

    assert_int_equal(vmk_map_wire(m, IO_DIRECTION_IN, 0, IO_PAGE), VMM_OK);
    assert_int_equal(vmk_sim_task_terminate(other), VMK_HUNG);
    assert_stopped(REASON_WIRED_AT_UNMAP);
}

static void
release_after_unwire_goes_well(void **state)
{
    struct iokit_fixture *f = *state;
    vmk_desc_t md = describe(f, 0, 4, IO_DIRECTION_OUT_IN);
    vmk_map_t m = map_in_kernel(f, md, 0);
    uint64_t address = vmk_map_address(m);

    assert_int_equal(vmk_map_wire(m, IO_DIRECTION_IN, 0, vmk_map_length(m)), VMM_OK);
    assert_int_equal(vmk_map_wire(m, IO_DIRECTION_NONE, 0, vmk_map_length(m)), VMM_OK);
    vmk_map_release(m);
    assert_stopped(REASON_NONE);
    assert_io_translated(f->kernel, address, "----");
    assert_io_held(f->task, f->base, "00000000");
    vmk_desc_release(md);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        IOKIT_TEST(wire_enters_translations_with_the_mappings_rights),
        IOKIT_TEST(wire_rounds_out_at_both_ends),
        IOKIT_TEST(wire_of_zero_aligned_bytes_wires_nothing),
        IOKIT_TEST(wire_of_zero_unaligned_bytes_wires_a_page),
        IOKIT_TEST(wire_past_the_end_wires_the_neighbour),
        IOKIT_TEST(wire_over_a_hole_is_code_1_and_leaves_nothing_wired),
        IOKIT_TEST(wire_beyond_the_map_is_clamped_to_nothing),
        IOKIT_TEST(wire_of_a_wrapped_range_by_release),
        IOKIT_TEST(wire_for_a_right_the_mapping_lacks_is_code_2),
        IOKIT_TEST(overlapping_wires_add_up_page_by_page),
        IOKIT_TEST(wire_ignores_all_bits_but_the_lowest_two),
        IOKIT_TEST(the_65536th_wire_of_a_page_panics),
        IOKIT_TEST(unwire_of_a_page_that_is_not_wired_panics),
        IOKIT_TEST(unwire_that_starts_where_nothing_is_mapped_panics),
        IOKIT_TEST(unwire_over_a_hole_panics),
        IOKIT_TEST(wire_after_unmap_panics),
        IOKIT_TEST(wire_range_is_absent_before_10_8_2),
        IOKIT_TEST(wire_of_a_static_mapping_wires_the_original),
        IOKIT_TEST(wires_and_prepares_nest_in_any_order),
        IOKIT_TEST(unmap_while_wired_hangs),
        IOKIT_TEST(the_last_release_while_wired_hangs),
        IOKIT_TEST(unmap_while_wired_panics_on_a_development_kernel),
        IOKIT_TEST(unmap_of_a_wired_user_mapping_hangs_on_every_kernel),
        IOKIT_TEST(task_exit_waits_for_kernel_wires),
        IOKIT_TEST(release_after_unwire_goes_well),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* test_io_memory_descriptor.c - whose bytes?, iokit.md 1.2, 1.4, 2 and 7 */
#include "iokit_fixture.h"

#include "base/status.h"

/* ---- creation, iokit.md 1.2 ---- */

static void
creation_does_not_ask_whether_the_range_is_mapped(void **state)
{
    struct iokit_fixture *f = *state;
    vmk_desc_t md = describe(f, IO_PAGES, IO_PAGES + 2, IO_DIRECTION_OUT);

    assert_int_equal(vmk_desc_length(md), 2 * IO_PAGE);
    assert_int_equal(vmk_desc_direction(md), IO_DIRECTION_OUT);
    vmk_desc_release(md);
}

static void
creation_wires_nothing(void **state)
{
    struct iokit_fixture *f = *state;
    vmk_desc_t md = describe(f, 0, 4, IO_DIRECTION_OUT_IN);

    assert_int_equal(vmk_sim_desc_wire_count(md), 0);
    assert_io_held(f->task, f->base, "00000000");
    vmk_desc_release(md);
}

static void
creation_copies_the_ranges(void **state)
{
    struct iokit_fixture *f = *state;
    vmk_range_t ranges[] = { { io_page(f, 1), 100 }, { io_page(f, 4) + 50, 200 } };
    vmk_desc_t md = vmk_desc_ranges(f->task, ranges, 2, IO_DIRECTION_OUT);
    uint8_t bytes[300];

    assert_non_null(md);
    memset(ranges, 0, sizeof(ranges));
    assert_int_equal(vmk_desc_length(md), 300);
    assert_int_equal(vmk_desc_prepare(md, IO_DIRECTION_NONE), VMM_OK);
    assert_int_equal(vmk_desc_read(md, 0, bytes, 300), 300);
    assert_int_equal(bytes[99], IO_FILL + 1);
    assert_int_equal(bytes[100], IO_FILL + 4);
    vmk_desc_release(md);
}

static void
creation_refuses_what_makes_no_sense(void **state)
{
    struct iokit_fixture *f = *state;
    const struct {
        vmk_range_t ranges[2];
        uint32_t count;
    } cases[] = {
        { { { 0, 0 } }, 0 },                                  /* no range */
        { { { UINT64_MAX - 10, 20 } }, 1 },                   /* the range wraps */
        { { { 0, UINT64_MAX - 10 }, { 0, UINT64_MAX } }, 2 }, /* the total wraps */
    };

    for (size_t i = 0; i < VMM_COUNT_OF(cases); i++) {
        assert_null(vmk_desc_ranges(f->task, cases[i].ranges, cases[i].count, IO_DIRECTION_OUT));
        assert_int_equal(vmk_sim_hidden_status(), VMM_IO_BAD_ARGUMENT);
    }
}

/*  From 11 on a range must lie in the task's map (iokit.md 1.2).                               */
static void
creation_asks_for_the_maps_bounds_from_11_on(void **state)
{
    static const struct {
        const char *profile;
        bool is_made;
    } cases[] = { { "macos-10.11", true }, { "macos-10.15", true }, { "macos-11", false } };
    struct iokit_fixture *f = *state;

    for (size_t i = 0; i < VMM_COUNT_OF(cases); i++) {
        vmk_desc_t md;

        iokit_restart(f, cases[i].profile);
        md = vmk_desc_range(f->task, (uint64_t)1 << 62, IO_PAGE, IO_DIRECTION_OUT);
        assert_int_equal(md != NULL, cases[i].is_made);
        vmk_desc_release(md);
    }
}

/*  Row 9 of iokit.md 8: withAddressRange(0, 0, None), prepare, complete, release.              */
static void
zero_bytes_can_be_described_and_prepared(void **state)
{
    struct iokit_fixture *f = *state;
    vmk_desc_t md = vmk_desc_range(f->task, 0, 0, IO_DIRECTION_NONE);

    assert_non_null(md);
    assert_int_equal(vmk_desc_prepare(md, IO_DIRECTION_NONE), VMM_OK);
    assert_int_equal(vmk_desc_complete(md, IO_DIRECTION_NONE), VMM_OK);
    vmk_desc_release(md);
}

/* ---- lifetime, iokit.md 1.4 ---- */

static void
the_last_release_completes_outstanding_prepares(void **state)
{
    struct iokit_fixture *f = *state;
    vmk_desc_t md = describe(f, 0, 3, IO_DIRECTION_OUT);

    assert_int_equal(vmk_desc_prepare(md, IO_DIRECTION_NONE), VMM_OK);
    assert_int_equal(vmk_desc_prepare(md, IO_DIRECTION_NONE), VMM_OK);
    vmk_desc_retain(md);
    vmk_desc_release(md);
    assert_io_held(f->task, f->base, "11100000");
    vmk_desc_release(md);
    assert_io_held(f->task, f->base, "00000000");
}

static void
a_mapping_keeps_its_descriptor_and_its_wires(void **state)
{
    struct iokit_fixture *f = *state;
    vmk_desc_t md = describe(f, 0, 2, IO_DIRECTION_OUT);
    vmk_map_t m = map_in_kernel(f, md, 0);

    assert_int_equal(vmk_desc_prepare(md, IO_DIRECTION_NONE), VMM_OK);
    assert_int_equal(vmk_sim_desc_references(md), 2);
    vmk_desc_release(md);
    assert_ptr_equal(vmk_map_desc(m), md);
    assert_io_held(f->task, f->base, "11000000");
    vmk_map_release(m);
    assert_io_held(f->task, f->base, "00000000");
}

/* ---- prepare and complete, iokit.md 2.1 and 2.2 ---- */

/*  pages         01234567       prepare [1, 5)
 *  page wires    01111000
 *  entry wires   00000000       and not one translation more than before                       */
static void
prepare_wires_pages_and_enters_no_translation(void **state)
{
    struct iokit_fixture *f = *state;
    vmk_desc_t md = describe(f, 1, 5, IO_DIRECTION_OUT_IN);
    vmk_map_t m = map_in_kernel(f, md, 0);
    uint64_t entered = io_events(EV_PMAP_ENTER);

    assert_int_equal(vmk_desc_prepare(md, IO_DIRECTION_NONE), VMM_OK);
    assert_io_held(f->task, f->base, "01111000");
    assert_io_wired(f->task, f->base, "00000000");
    assert_io_translated(f->kernel, vmk_map_address(m), "----");
    assert_int_equal(io_events(EV_PMAP_ENTER), entered);
    vmk_map_release(m);
    vmk_desc_release(md);
}

static void
prepare_makes_absent_pages_resident(void **state)
{
    struct iokit_fixture *f = *state;
    uint64_t fresh = 0;
    vmk_desc_t md;

    assert_int_equal(vmk_sim_allocate(f->task, &fresh, 3 * IO_PAGE), VMM_OK);
    assert_io_held(f->task, fresh, "...");
    md = vmk_desc_range(f->task, fresh, 3 * IO_PAGE, IO_DIRECTION_IN);
    assert_int_equal(vmk_desc_prepare(md, IO_DIRECTION_NONE), VMM_OK);
    assert_io_held(f->task, fresh, "111");
    assert_io_translated(f->task, fresh, "---");
    vmk_desc_release(md);
}

/*  Bytes [page 0 + 4000, page 2 + 8): three pages for 4200 bytes                               */
static void
prepare_rounds_out_to_whole_pages(void **state)
{
    struct iokit_fixture *f = *state;
    vmk_desc_t md = vmk_desc_range(f->task, io_page(f, 0) + 4000, 4200, IO_DIRECTION_OUT);

    assert_int_equal(vmk_desc_prepare(md, IO_DIRECTION_NONE), VMM_OK);
    assert_io_held(f->task, f->base, "11100000");
    vmk_desc_release(md);
}

static void
prepares_nest_and_only_the_last_complete_unwires(void **state)
{
    struct iokit_fixture *f = *state;
    vmk_desc_t md = describe(f, 0, 2, IO_DIRECTION_OUT);

    assert_int_equal(vmk_desc_prepare(md, IO_DIRECTION_NONE), VMM_OK);
    assert_int_equal(vmk_desc_prepare(md, IO_DIRECTION_NONE), VMM_OK);
    assert_int_equal(vmk_sim_desc_wire_count(md), 2);
    assert_io_held(f->task, f->base, "11000000"); /* pages are wired once */
    assert_int_equal(vmk_desc_complete(md, IO_DIRECTION_NONE), VMM_OK);
    assert_io_held(f->task, f->base, "11000000");
    assert_int_equal(vmk_desc_complete(md, IO_DIRECTION_IN), VMM_OK); /* direction is ignored */
    assert_io_held(f->task, f->base, "00000000");
    vmk_desc_release(md);
}

static void
two_descriptors_of_one_buffer_wire_it_twice(void **state)
{
    struct iokit_fixture *f = *state;
    vmk_desc_t one = describe(f, 0, 4, IO_DIRECTION_OUT);
    vmk_desc_t two = describe(f, 2, 6, IO_DIRECTION_OUT);

    assert_int_equal(vmk_desc_prepare(one, IO_DIRECTION_NONE), VMM_OK);
    assert_int_equal(vmk_desc_prepare(two, IO_DIRECTION_NONE), VMM_OK);
    assert_io_held(f->task, f->base, "11221100");
    vmk_desc_release(one);
    assert_io_held(f->task, f->base, "00111100");
    vmk_desc_release(two);
}

static void
complete_beyond_balance_is_silent(void **state)
{
    struct iokit_fixture *f = *state;
    vmk_desc_t md = describe(f, 0, 1, IO_DIRECTION_OUT);

    assert_int_equal(vmk_desc_complete(md, IO_DIRECTION_NONE), VMM_OK);
    assert_int_equal(vmk_sim_desc_wire_count(md), 0);
    assert_int_equal(vmk_desc_prepare(md, IO_DIRECTION_NONE), VMM_OK);
    assert_int_equal(vmk_sim_desc_wire_count(md), 1);
    assert_stopped(REASON_NONE);
    vmk_desc_release(md);
}

/* ---- what prepare returns, iokit.md 2.4 ---- */

/*  pages   012..     a descriptor over a hole: made, and refused by prepare; nothing stays wired */
static void
prepare_over_a_hole_cannot_wire(void **state)
{
    struct iokit_fixture *f = *state;
    vmk_desc_t md = describe(f, 0, 5, IO_DIRECTION_OUT);

    assert_int_equal(vmk_sim_deallocate(f->task, io_page(f, 3), 2 * IO_PAGE), VMM_OK);
    assert_int_equal(vmk_desc_prepare(md, IO_DIRECTION_NONE), VMM_IO_CANNOT_WIRE);
    assert_int_equal(vmk_sim_desc_wire_count(md), 0);
    assert_io_held(f->task, f->base, "000..000");
    vmk_desc_release(md);
}

static void
prepare_of_an_ended_tasks_memory_cannot_wire(void **state)
{
    struct iokit_fixture *f = *state;
    vmk_desc_t md = describe(f, 0, 1, IO_DIRECTION_OUT);

    assert_int_equal(vmk_sim_task_terminate(f->task), VMM_OK);
    assert_int_equal(vmk_desc_prepare(md, IO_DIRECTION_NONE), VMM_IO_CANNOT_WIRE);
    vmk_desc_release(md);
}

/*  rights  wwrw      a writing prepare stops at page 2 with the raw Mach code; a reading one not */
static void
prepare_to_write_read_only_memory_is_mach_code_2(void **state)
{
    struct iokit_fixture *f = *state;
    vmk_desc_t md = describe(f, 0, 4, IO_DIRECTION_OUT_IN);

    assert_int_equal(vmk_sim_protect(f->task, io_page(f, 2), IO_PAGE, VMM_PROT_READ), VMM_OK);
    assert_int_equal(vmk_desc_prepare(md, IO_DIRECTION_NONE), VMM_PROTECTION_FAILURE);
    assert_io_held(f->task, f->base, "00000000");
    assert_int_equal(vmk_desc_prepare(md, IO_DIRECTION_OUT), VMM_OK);
    assert_io_held(f->task, f->base, "11110000");
    vmk_desc_release(md);
}

static void
prepare_to_write_after_a_read_only_mapping_is_mach_code_17(void **state)
{
    struct iokit_fixture *f = *state;
    vmk_desc_t md = describe(f, 0, 2, IO_DIRECTION_OUT);
    vmk_map_t m = map_in_kernel(f, md, IO_MAP_READ_ONLY);

    assert_int_equal(vmk_desc_prepare(md, IO_DIRECTION_IN), VMM_INVALID_RIGHT);
    assert_int_equal(vmk_sim_desc_wire_count(md), 0);
    assert_int_equal(vmk_desc_prepare(md, IO_DIRECTION_OUT), VMM_OK);
    vmk_map_release(m);
    vmk_desc_release(md);
}

/*  PrepareNoFault: the fresh page 1 is not resident and may not be brought in (iokit.md 2.3)   */
static void
prepare_without_faulting_says_no_resources(void **state)
{
    struct iokit_fixture *f = *state;
    uint64_t fresh = 0;
    vmk_desc_t md;

    assert_int_equal(vmk_sim_allocate(f->task, &fresh, 2 * IO_PAGE), VMM_OK);
    assert_true(io_store(f->task, fresh, 1));
    md = vmk_desc_range(f->task, fresh, 2 * IO_PAGE, IO_DIRECTION_OUT);
    assert_int_equal(vmk_desc_prepare(md, IO_DIRECTION_OUT | IO_PREPARE_NO_FAULT),
                     VMM_IO_NO_RESOURCES);
    assert_io_held(f->task, fresh, "0.");
    assert_int_equal(vmk_desc_prepare(md, IO_DIRECTION_OUT), VMM_OK);
    assert_io_held(f->task, fresh, "11");
    vmk_desc_release(md);
}

/*  The second range is a hole: all or nothing, over all ranges                                 */
static void
prepare_of_several_ranges_is_all_or_nothing(void **state)
{
    struct iokit_fixture *f = *state;
    vmk_range_t ranges[] = { { io_page(f, 0), 2 * IO_PAGE }, { io_page(f, IO_PAGES), IO_PAGE } };
    vmk_desc_t md = vmk_desc_ranges(f->task, ranges, 2, IO_DIRECTION_OUT);

    assert_int_equal(vmk_desc_prepare(md, IO_DIRECTION_NONE), VMM_IO_CANNOT_WIRE);
    assert_io_held(f->task, f->base, "00000000");
    vmk_desc_release(md);
}

/* ---- direction and access, iokit.md 2.3; the read-only state, 2.2 ---- */

/*  What a prepare asks of a source that may only be read: nothing, or to write it              */
static void
only_pure_out_merely_reads(void **state)
{
    static const struct {
        uint32_t descriptor;
        uint32_t prepare;
        vmk_return_t result;
    } cases[] = {
        { IO_DIRECTION_OUT, IO_DIRECTION_NONE, VMM_OK },
        { IO_DIRECTION_IN, IO_DIRECTION_NONE, VMM_PROTECTION_FAILURE },
        { IO_DIRECTION_OUT_IN, IO_DIRECTION_NONE, VMM_PROTECTION_FAILURE },
        { IO_DIRECTION_NONE, IO_DIRECTION_NONE, VMM_PROTECTION_FAILURE },
        { IO_DIRECTION_IN, IO_DIRECTION_OUT, VMM_OK },
        { IO_DIRECTION_OUT, IO_DIRECTION_IN, VMM_PROTECTION_FAILURE },
        { IO_DIRECTION_OUT, IO_DIRECTION_OUT_IN, VMM_PROTECTION_FAILURE },
    };
    struct iokit_fixture *f = *state;

    assert_int_equal(vmk_sim_protect(f->task, f->base, IO_PAGES * IO_PAGE, VMM_PROT_READ), VMM_OK);
    for (size_t i = 0; i < VMM_COUNT_OF(cases); i++) {
        vmk_desc_t md = describe(f, 0, 1, cases[i].descriptor);

        assert_int_equal(vmk_desc_prepare(md, cases[i].prepare), cases[i].result);
        vmk_desc_release(md);
    }
}

/*  A lazy snapshot shares page 0; preparing it for writing pushes the old bytes there first      */
static void
prepare_to_write_pushes_pages_to_a_snapshot(void **state)
{
    struct iokit_fixture *f = *state;
    vmk_desc_t copied = describe(f, 0, 1, IO_DIRECTION_OUT | IO_MEMORY_MAP_COPY_ON_WRITE);
    vmk_map_t m = map_in_kernel(f, copied, 0);
    vmk_desc_t md = describe(f, 0, 1, IO_DIRECTION_IN);
    uint64_t copies = io_events(EV_PAGE_COPY);

    assert_int_equal(vmk_desc_prepare(md, IO_DIRECTION_NONE), VMM_OK);
    assert_int_equal(io_events(EV_PAGE_COPY), copies + 1);
    assert_int_equal(vmk_desc_write(md, 0, "x", 1), 1);
    assert_io_byte(f->task, f->base, 'x');
    assert_io_byte(f->kernel, vmk_map_address(m), IO_FILL);
    vmk_map_release(m);
    vmk_desc_release(copied);
    vmk_desc_release(md);
}

static void
a_nested_prepare_to_write_is_refused_from_10_9_on(void **state)
{
    static const struct {
        const char *profile;
        vmk_return_t result;
        uint32_t count;
    } cases[] = { { "macos-10.7", VMM_OK, 2 },
                  { "macos-10.8.2", VMM_OK, 2 },
                  { "macos-10.9", VMM_IO_NOT_WRITABLE, 1 },
                  { "macos-15.5", VMM_IO_NOT_WRITABLE, 1 } };
    struct iokit_fixture *f = *state;

    for (size_t i = 0; i < VMM_COUNT_OF(cases); i++) {
        vmk_desc_t md;

        iokit_restart(f, cases[i].profile);
        md = describe(f, 0, 1, IO_DIRECTION_OUT_IN);
        assert_int_equal(vmk_desc_prepare(md, IO_DIRECTION_OUT), VMM_OK);
        assert_int_equal(vmk_desc_prepare(md, IO_DIRECTION_IN), cases[i].result);
        assert_int_equal(vmk_sim_desc_wire_count(md), cases[i].count);
        vmk_desc_release(md);
    }
}

static void
a_nested_prepare_to_read_is_always_welcome(void **state)
{
    struct iokit_fixture *f = *state;
    vmk_desc_t md = describe(f, 0, 1, IO_DIRECTION_OUT_IN);

    assert_int_equal(vmk_desc_prepare(md, IO_DIRECTION_IN), VMM_OK);
    assert_int_equal(vmk_desc_prepare(md, IO_DIRECTION_OUT), VMM_OK);
    assert_int_equal(vmk_sim_desc_wire_count(md), 2);
    vmk_desc_release(md);
}

/*  prepare(Out), complete, prepare(In): up to 10.12 the flag outlives the complete, so bytes    */
/*  cannot be written and a nested prepare(In) is refused (iokit.md 2.2)                         */
static void
the_read_only_flag_sticks_until_10_13(void **state)
{
    static const struct {
        const char *profile;
        uint64_t written;
        vmk_return_t nested;
    } cases[] = { { "macos-10.7", 0, VMM_OK },
                  { "macos-10.9", 0, VMM_IO_NOT_WRITABLE },
                  { "macos-10.12", 0, VMM_IO_NOT_WRITABLE },
                  { "macos-10.13", 4, VMM_OK },
                  { "macos-15.4", 4, VMM_OK } };
    struct iokit_fixture *f = *state;

    for (size_t i = 0; i < VMM_COUNT_OF(cases); i++) {
        vmk_desc_t md;

        iokit_restart(f, cases[i].profile);
        md = describe(f, 0, 1, IO_DIRECTION_OUT_IN);
        assert_int_equal(vmk_desc_prepare(md, IO_DIRECTION_OUT), VMM_OK);
        assert_int_equal(vmk_desc_complete(md, IO_DIRECTION_OUT), VMM_OK);
        assert_int_equal(vmk_desc_prepare(md, IO_DIRECTION_IN), VMM_OK);
        assert_int_equal(vmk_desc_write(md, 0, "abcd", 4), cases[i].written);
        assert_int_equal(vmk_desc_prepare(md, IO_DIRECTION_IN), cases[i].nested);
        vmk_desc_release(md);
    }
}

/* ---- bytes through physical memory, iokit.md 2.5 and 7 ---- */

/* Where a descriptor ends is asked first. */
static void
no_bytes_of_an_unprepared_descriptor_are_none(void **state)
{
    struct iokit_fixture *f = *state;
    uint64_t length = 7;
    uint8_t byte;
    vmk_desc_t md;

    iokit_restart(f, "macos-15.4");
    md = describe(f, 0, 1, IO_DIRECTION_OUT_IN);
    assert_int_equal(vmk_desc_read(md, IO_PAGE, &byte, 1), 0);
    assert_int_equal(vmk_desc_read(md, 0, &byte, 0), 0);
    assert_int_equal(vmk_desc_write(md, IO_PAGE, "x", 1), 0);
    assert_int_equal(vmk_desc_segment(md, IO_PAGE, &length, 0), 0);
    assert_int_equal(length, 0);
    assert_stopped(REASON_NONE);
    vmk_desc_release(md);
}

static void
bytes_of_an_unprepared_descriptor_panic(void **state)
{
    struct iokit_fixture *f = *state;
    uint8_t byte;
    uint64_t length;

    for (unsigned which = 0; which < 3; which++) {
        vmk_desc_t md;

        iokit_restart(f, "macos-10.11");
        md = describe(f, 0, 1, IO_DIRECTION_OUT_IN);
        if (which == 0)
            assert_int_equal(vmk_desc_read(md, 0, &byte, 1), 0);
        else if (which == 1)
            assert_int_equal(vmk_desc_write(md, 0, "x", 1), 0);
        else
            assert_int_equal(vmk_desc_segment(md, 0, &length, 0), 0);
        assert_stopped(REASON_NOT_PREPARED);
    }
}

static void
read_bytes_crosses_ranges_and_takes_no_fault(void **state)
{
    struct iokit_fixture *f = *state;
    vmk_range_t ranges[] = { { io_page(f, 5) + 4000, 96 }, { io_page(f, 2), IO_PAGE } };
    vmk_desc_t md = vmk_desc_ranges(f->task, ranges, 2, IO_DIRECTION_OUT);
    uint8_t bytes[200];
    uint64_t faults;

    assert_int_equal(vmk_desc_prepare(md, IO_DIRECTION_NONE), VMM_OK);
    faults = io_events(EV_FAULT);
    vmk_sim_enter(VM_SPIN_LOCK);
    assert_int_equal(vmk_desc_read(md, 0, bytes, 200), 200);
    vmk_sim_leave(VM_SPIN_LOCK);
    assert_int_equal(bytes[0], IO_FILL + 5);
    assert_int_equal(bytes[95], IO_FILL + 5);
    assert_int_equal(bytes[96], IO_FILL + 2);
    assert_int_equal(bytes[199], IO_FILL + 2);
    assert_int_equal(io_events(EV_FAULT), faults);
    vmk_desc_release(md);
}

static void
write_bytes_reaches_the_users_pages(void **state)
{
    struct iokit_fixture *f = *state;
    vmk_desc_t md = describe(f, 1, 3, IO_DIRECTION_IN);

    assert_int_equal(vmk_desc_prepare(md, IO_DIRECTION_NONE), VMM_OK);
    assert_int_equal(vmk_desc_write(md, IO_PAGE - 1, "ab", 2), 2);
    assert_io_byte(f->task, io_page(f, 2) - 1, 'a');
    assert_io_byte(f->task, io_page(f, 2), 'b');
    vmk_desc_release(md);
}

static void
write_bytes_of_memory_prepared_for_reading_writes_nothing(void **state)
{
    struct iokit_fixture *f = *state;
    vmk_desc_t md = describe(f, 0, 1, IO_DIRECTION_OUT);

    assert_int_equal(vmk_desc_prepare(md, IO_DIRECTION_NONE), VMM_OK);
    assert_int_equal(vmk_desc_write(md, 0, "x", 1), 0);
    assert_io_byte(f->task, f->base, IO_FILL);
    vmk_desc_release(md);
}

/*  An overrun is clipped by old releases and refused by later ones; past the end is 0 bytes     */
static void
read_bytes_beyond_the_length(void **state)
{
    static const struct {
        const char *profile;
        uint64_t overrun;
    } cases[] = { { "macos-10.10", 6 }, { "macos-10.11", 0 }, { "macos-15.5", 0 } };
    struct iokit_fixture *f = *state;
    uint8_t bytes[32];

    for (size_t i = 0; i < VMM_COUNT_OF(cases); i++) {
        vmk_desc_t md;

        iokit_restart(f, cases[i].profile);
        md = describe(f, 0, 1, IO_DIRECTION_OUT);
        assert_int_equal(vmk_desc_prepare(md, IO_DIRECTION_NONE), VMM_OK);
        assert_int_equal(vmk_desc_read(md, IO_PAGE - 6, bytes, 20), cases[i].overrun);
        assert_int_equal(vmk_desc_read(md, IO_PAGE, bytes, 1), 0);
        assert_int_equal(vmk_desc_read(md, UINT64_MAX, bytes, 1), 0);
        vmk_desc_release(md);
    }
}

/*  Every byte lies in exactly one segment, and each segment is one run of physical memory       */
static void
segments_cover_the_descriptor_without_a_gap(void **state)
{
    struct iokit_fixture *f = *state;
    vmk_range_t ranges[] = { { io_page(f, 0) + 0x123, 2 * IO_PAGE }, { io_page(f, 6) + 7, 500 } };
    vmk_desc_t md = vmk_desc_ranges(f->task, ranges, 2, IO_DIRECTION_OUT);
    uint64_t offset = 0;

    assert_int_equal(vmk_desc_prepare(md, IO_DIRECTION_NONE), VMM_OK);
    while (offset < vmk_desc_length(md)) {
        bool is_first = offset < 2 * IO_PAGE;
        uint64_t va =
            is_first ? ranges[0].address + offset : ranges[1].address + offset - 2 * IO_PAGE;
        uint64_t length = 0;
        uint64_t address = vmk_desc_segment(md, offset, &length, 0);
        struct vm_page_view view;

        assert_true(length > 0);
        vmk_sim_probe(f->task, va, &view);
        assert_int_equal(address, (uint64_t)view.ppn * IO_PAGE + va % IO_PAGE);
        offset += length;
    }
    assert_int_equal(offset, vmk_desc_length(md));
    assert_int_equal(vmk_desc_segment(md, offset, NULL, 0), 0);
    vmk_desc_release(md);
}
/*  withPersistentMemoryDescriptor()                                                              */
static void
a_persistent_descriptor_is_itself_until_its_memory_is_another(void **state)
{
    struct iokit_fixture *f = *state;
    vmk_desc_t md = describe(f, 0, 2, IO_DIRECTION_OUT_IN | IO_MEMORY_PERSISTENT);
    vmk_desc_t other;
    uint64_t base = f->base;

    assert_ptr_equal(vmk_desc_persistent(md), md);
    assert_int_equal(vmk_sim_desc_references(md), 2);
    vmk_desc_release(md);
    assert_int_equal(vmk_sim_deallocate(f->task, base, 2 * IO_PAGE), VMM_OK);
    assert_int_equal(vmk_sim_allocate(f->task, &base, 2 * IO_PAGE), VMM_OK);
    other = vmk_desc_persistent(md);
    assert_non_null(other);
    assert_ptr_not_equal(other, md);
    assert_int_equal(vmk_sim_desc_references(md), 1);
    assert_int_equal(vmk_desc_length(other), 2 * IO_PAGE);
    vmk_desc_release(other);
    vmk_desc_release(md);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        IOKIT_TEST(creation_does_not_ask_whether_the_range_is_mapped),
        IOKIT_TEST(creation_wires_nothing),
        IOKIT_TEST(creation_copies_the_ranges),
        IOKIT_TEST(creation_refuses_what_makes_no_sense),
        IOKIT_TEST(creation_asks_for_the_maps_bounds_from_11_on),
        IOKIT_TEST(zero_bytes_can_be_described_and_prepared),
        IOKIT_TEST(the_last_release_completes_outstanding_prepares),
        IOKIT_TEST(a_mapping_keeps_its_descriptor_and_its_wires),
        IOKIT_TEST(prepare_wires_pages_and_enters_no_translation),
        IOKIT_TEST(prepare_makes_absent_pages_resident),
        IOKIT_TEST(prepare_rounds_out_to_whole_pages),
        IOKIT_TEST(prepares_nest_and_only_the_last_complete_unwires),
        IOKIT_TEST(two_descriptors_of_one_buffer_wire_it_twice),
        IOKIT_TEST(complete_beyond_balance_is_silent),
        IOKIT_TEST(prepare_over_a_hole_cannot_wire),
        IOKIT_TEST(prepare_of_an_ended_tasks_memory_cannot_wire),
        IOKIT_TEST(prepare_to_write_read_only_memory_is_mach_code_2),
        IOKIT_TEST(prepare_to_write_after_a_read_only_mapping_is_mach_code_17),
        IOKIT_TEST(prepare_without_faulting_says_no_resources),
        IOKIT_TEST(prepare_of_several_ranges_is_all_or_nothing),
        IOKIT_TEST(only_pure_out_merely_reads),
        IOKIT_TEST(prepare_to_write_pushes_pages_to_a_snapshot),
        IOKIT_TEST(a_nested_prepare_to_write_is_refused_from_10_9_on),
        IOKIT_TEST(a_nested_prepare_to_read_is_always_welcome),
        IOKIT_TEST(the_read_only_flag_sticks_until_10_13),
        IOKIT_TEST(no_bytes_of_an_unprepared_descriptor_are_none),
        IOKIT_TEST(bytes_of_an_unprepared_descriptor_panic),
        IOKIT_TEST(read_bytes_crosses_ranges_and_takes_no_fault),
        IOKIT_TEST(write_bytes_reaches_the_users_pages),
        IOKIT_TEST(write_bytes_of_memory_prepared_for_reading_writes_nothing),
        IOKIT_TEST(read_bytes_beyond_the_length),
        IOKIT_TEST(segments_cover_the_descriptor_without_a_gap),
        IOKIT_TEST(a_persistent_descriptor_is_itself_until_its_memory_is_another),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

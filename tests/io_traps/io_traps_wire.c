/* io_traps_wire.c - traps of iokit.md 9: what wireRange() promises */
#include "io_traps.h"

#include "base/status.h"

/* A descriptor of pages [0, 4), and its mapping in the kernel. */
static vmk_map_t
map_four_pages(struct iokit_fixture *f, vmk_options_t descriptor, vmk_options_t options)
{
    return map_in_kernel(f, describe(f, 0, 4, descriptor), options);
}

/* A mapping of pages [0, 4) in the kernel with nothing mapped behind it. */
static vmk_map_t
map_before_a_hole(struct iokit_fixture *f)
{
    uint64_t at = 0;

    assert_int_equal(vmk_sim_allocate(f->kernel, &at, 16 * IO_PAGE), VMM_OK);
    assert_int_equal(vmk_sim_deallocate(f->kernel, at, 16 * IO_PAGE), VMM_OK);
    return vmk_map_create(describe(f, 0, 4, IO_DIRECTION_OUT_IN), f->kernel, at, 0, 0, 0);
}

/*  In: to prepare "will be written", to wireRange "wire for READ"; Out the other way round        */
void
t01_in_and_out_mean_opposite_things(struct iokit_fixture *f)
{
    vmk_desc_t md = describe(f, 0, 1, IO_DIRECTION_OUT);
    vmk_map_t m;

    assert_int_equal(vmk_sim_protect(f->task, f->base, IO_PAGE, VMM_PROT_READ), VMM_OK);
    assert_int_equal(vmk_desc_prepare(md, IO_DIRECTION_IN), VMM_PROTECTION_FAILURE);
    assert_int_equal(vmk_desc_prepare(md, IO_DIRECTION_OUT), VMM_OK);
    m = map_in_kernel(f, md, IO_MAP_READ_ONLY);
    assert_int_equal(vmk_map_wire(m, IO_DIRECTION_OUT, 0, IO_PAGE), 2);
    assert_int_equal(vmk_map_wire(m, IO_DIRECTION_IN, 0, IO_PAGE), VMM_OK);
    assert_int_equal(vmk_map_wire(m, IO_DIRECTION_NONE, 0, IO_PAGE), VMM_OK);
}

/*  A read before the section: enough for loads in it, not for stores                              */
void
t05_touching_by_reading_maps_read_only(struct iokit_fixture *f)
{
    static const struct {
        const char *profile;
        const char *translated;
    } cases[] = { { "macos-10.9", "r---" },
                  { "macos-10.11", "r---" },
                  { "macos-10.12", "w---" }, /* the user's store mapped the page writable before */
                  { "macos-15.4", "w---" } };

    for (size_t i = 0; i < VMM_COUNT_OF(cases); i++) {
        bool is_writable = cases[i].translated[0] == 'w';
        vmk_map_t m;

        iokit_restart(f, cases[i].profile);
        m = map_four_pages(f, IO_DIRECTION_OUT_IN, 0);
        assert_true(io_load(f->kernel, vmk_map_address(m)));
        assert_io_translated(f->kernel, vmk_map_address(m), cases[i].translated);
        assert_true(io_load_locked(f->kernel, vmk_map_address(m)));
        assert_int_equal(io_store_locked(f->kernel, vmk_map_address(m), 1), is_writable);
    }
}

void
t05_a_read_that_fills_with_zeros_maps_writable(struct iokit_fixture *f)
{
    uint64_t fresh = 0;
    vmk_map_t m;

    iokit_restart(f, "macos-10.11");
    assert_int_equal(vmk_sim_allocate(f->task, &fresh, IO_PAGE), VMM_OK);
    m = map_in_kernel(f, vmk_desc_range(f->task, fresh, IO_PAGE, IO_DIRECTION_OUT_IN), 0);
    assert_true(io_load(f->kernel, vmk_map_address(m)));
    assert_io_translated(f->kernel, vmk_map_address(m), "w");
    assert_true(io_store_locked(f->kernel, vmk_map_address(m), 1));
}

void
t10_unwire_as_a_cleanup_kills_the_machine(struct iokit_fixture *f)
{
    vmk_map_t m = map_four_pages(f, IO_DIRECTION_OUT_IN, IO_MAP_READ_ONLY);

    assert_int_equal(vmk_map_wire(m, IO_DIRECTION_OUT, 0, IO_PAGE), VMM_PROTECTION_FAILURE);
    assert_int_equal(vmk_map_wire(m, IO_DIRECTION_NONE, 0, IO_PAGE), VMK_PANICKED);
    assert_stopped(REASON_UNWIRE_UNWIRED);
}

void
t11_odd_ranges_are_taken_as_they_come(struct iokit_fixture *f)
{
    uint64_t next;
    vmk_map_t m;

    iokit_restart(f, "macos-14");
    m = map_before_a_hole(f);
    next = vmk_map_address(m) + 4 * IO_PAGE;
    assert_int_equal(vmk_sim_allocate(f->kernel, &next, IO_PAGE), VMM_OK);
    assert_int_equal(vmk_map_wire(m, IO_DIRECTION_IN, 1, 0), VMM_OK);
    assert_io_wired(f->kernel, vmk_map_address(m), "10000");
    assert_int_equal(vmk_map_wire(m, IO_DIRECTION_IN, 0, UINT64_MAX - 1), VMM_OK);
    assert_io_wired(f->kernel, vmk_map_address(m), "10000");
    assert_int_equal(vmk_map_wire(m, IO_DIRECTION_IN, 4 * IO_PAGE, 1), VMM_OK);
    assert_io_wired(f->kernel, vmk_map_address(m), "10001");
}

/*  pages   0123.      page 3 is wired: wire [3, 5) again reaches into the hole and says 0         */
void
t12_a_second_wire_asks_and_faults_nothing(struct iokit_fixture *f)
{
    vmk_map_t m = map_before_a_hole(f);
    uint64_t faults;

    assert_int_equal(vmk_map_wire(m, IO_DIRECTION_IN, 3 * IO_PAGE, IO_PAGE), VMM_OK);
    assert_int_equal(vmk_sim_protect(f->kernel, vmk_map_address(m), 4 * IO_PAGE, VMM_PROT_READ),
                     VMM_OK);
    faults = io_events(EV_FAULT);
    assert_int_equal(vmk_map_wire(m, IO_DIRECTION_OUT, 3 * IO_PAGE, 2 * IO_PAGE), VMM_OK);
    assert_io_wired(f->kernel, vmk_map_address(m), "0002.");
    assert_int_equal(io_events(EV_FAULT), faults);
}

void
t13_a_release_with_wires_stops_unrelated_mappings_too(struct iokit_fixture *f)
{
    vmk_desc_t other = describe(f, 4, 5, IO_DIRECTION_OUT);
    vmk_map_t unrelated = map_in_kernel(f, other, 0);
    vmk_map_t m = map_four_pages(f, IO_DIRECTION_OUT_IN, 0);

    assert_int_equal(vmk_map_wire(m, IO_DIRECTION_IN, 0, IO_PAGE), VMM_OK);
    vmk_map_release(m);
    assert_stopped(REASON_WIRED_AT_UNMAP);
    assert_int_equal(vmk_map_unmap(unrelated), VMK_HUNG);
    assert_map_refused(other, f->kernel, 0, IO_MAP_ANYWHERE, VMK_HUNG);
}

/*  100 bytes in the middle of a page: the mapping shows, and wires, the whole page                */
void
t22_lengths_are_bytes_and_wiring_is_pages(struct iokit_fixture *f)
{
    vmk_desc_t md = vmk_desc_range(f->task, io_page(f, 1) + 1000, 100, IO_DIRECTION_OUT_IN);
    vmk_desc_t neighbour = vmk_desc_range(f->task, io_page(f, 1) + 2000, 100, IO_DIRECTION_OUT_IN);
    vmk_map_t m = map_in_kernel(f, md, 0);
    vmk_map_t n = map_in_kernel(f, neighbour, 0);

    assert_int_equal(vmk_map_length(m), 100);
    assert_int_equal(vmk_map_wire(m, IO_DIRECTION_IN, 0, vmk_map_length(m)), VMM_OK);
    assert_io_held(f->kernel, vmk_map_address(n), "1");
    assert_io_byte(f->kernel, vmk_map_address(m) - 1000, IO_FILL + 1);
    assert_int_equal(vmk_map_wire(m, IO_DIRECTION_NONE, 0, vmk_map_length(m)), VMM_OK);
}

/*  Wired, and yet a store faults: the page was copied by the slow path                            */
void
t24_wired_does_not_mean_that_a_store_will_not_fault(struct iokit_fixture *f)
{
    static const struct {
        const char *profile;
        const char *translated;
    } cases[] = {
        { "macos-10.12.2", "R" }, { "macos-10.15", "R" }, { "macos-11", "W" }, { "macos-15.5", "W" }
    };

    for (size_t i = 0; i < VMM_COUNT_OF(cases); i++) {
        bool is_writable = cases[i].translated[0] == 'W';
        vmk_map_t m;

        iokit_restart(f, cases[i].profile);
        m = map_in_kernel(f, describe(f, 0, 1, IO_DIRECTION_OUT | IO_MEMORY_MAP_COPY_ON_WRITE), 0);
        assert_int_equal(vmk_map_wire(m, IO_DIRECTION_OUT, 0, IO_PAGE), VMM_OK);
        assert_io_translated(f->kernel, vmk_map_address(m), cases[i].translated);
        assert_int_equal(io_store_locked(f->kernel, vmk_map_address(m), 1), is_writable);
        assert_stopped(is_writable ? REASON_NONE : REASON_FAULT_RESTRICTED);
    }
}

void
t25_translations_outlive_the_wires_by_luck(struct iokit_fixture *f)
{
    vmk_desc_t md = describe(f, 0, 2, IO_DIRECTION_OUT_IN);
    vmk_map_t m = map_in_kernel(f, md, 0);

    assert_int_equal(vmk_desc_prepare(md, IO_DIRECTION_NONE), VMM_OK);
    assert_int_equal(vmk_map_wire(m, IO_DIRECTION_IN, 0, 2 * IO_PAGE), VMM_OK);
    assert_int_equal(vmk_map_wire(m, IO_DIRECTION_NONE, 0, 2 * IO_PAGE), VMM_OK);
    assert_int_equal(vmk_desc_complete(md, IO_DIRECTION_NONE), VMM_OK);
    assert_io_held(f->task, f->base, "00000000");
    assert_io_translated(f->kernel, vmk_map_address(m), "ww");
    assert_true(io_load_locked(f->kernel, vmk_map_address(m)));
    vmk_map_release(m);
    vmk_desc_release(md);
}

/*  W  then protect to READ and back: R, and the store in the section faults                       */
void
t26_a_wired_translation_can_lose_its_rights(struct iokit_fixture *f)
{
    vmk_map_t m = map_four_pages(f, IO_DIRECTION_OUT_IN, 0);
    uint64_t at = vmk_map_address(m);

    assert_int_equal(vmk_map_wire(m, IO_DIRECTION_OUT, 0, IO_PAGE), VMM_OK);
    assert_io_translated(f->kernel, at, "W---");
    assert_int_equal(vmk_sim_protect(f->kernel, at, IO_PAGE, VMM_PROT_READ), VMM_OK);
    assert_int_equal(vmk_sim_protect(f->kernel, at, IO_PAGE, VMM_PROT_READ | VMM_PROT_WRITE),
                     VMM_OK);
    assert_io_translated(f->kernel, at, "R---");
    assert_io_wired(f->kernel, at, "1000");
    assert_false(io_store_locked(f->kernel, at, 1));
    assert_stopped(REASON_FAULT_RESTRICTED);
}

/*
 * test_io_traps.c - what separates a faithful model from a toy, iokit.md 9
 *
 * One test for each trap that task memory can show, named after its number. The others need buffers,
 * sub-, multi-, physical or remote descriptors, or paging: T16, T18, T20, T21, T28, T30, T31, T32.
 */
#include "iokit_fixture.h"

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
static void
t01_in_and_out_mean_opposite_things(void **state)
{
    struct iokit_fixture *f = *state;
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

static void
t02_prepare_wires_pages_and_not_translations_in_either_order(void **state)
{
    struct iokit_fixture *f = *state;

    for (unsigned prepare_first = 0; prepare_first < 2; prepare_first++) {
        vmk_desc_t md;
        vmk_map_t m;

        iokit_restart(f, "macos-10.11");
        md = describe(f, 0, 4, IO_DIRECTION_OUT);
        if (prepare_first)
            assert_int_equal(vmk_desc_prepare(md, IO_DIRECTION_NONE), VMM_OK);
        m = map_in_kernel(f, md, 0);
        if (!prepare_first)
            assert_int_equal(vmk_desc_prepare(md, IO_DIRECTION_NONE), VMM_OK);
        assert_io_held(f->kernel, vmk_map_address(m), "1111");
        assert_io_translated(f->kernel, vmk_map_address(m), "----");
        assert_false(io_load_locked(f->kernel, vmk_map_address(m)));
        assert_stopped(REASON_FAULT_RESTRICTED);
    }
}

static void
t02_prepare_to_read_does_not_ask_for_the_right_to_read(void **state)
{
    struct iokit_fixture *f = *state;
    vmk_desc_t md = describe(f, 0, 1, IO_DIRECTION_OUT);
    uint8_t byte = 0;

    assert_int_equal(vmk_sim_protect(f->task, f->base, IO_PAGE, VMM_PROT_NONE), VMM_OK);
    assert_int_equal(vmk_desc_prepare(md, IO_DIRECTION_NONE), VMM_OK);
    assert_int_equal(vmk_desc_read(md, 0, &byte, 1), 1);
    assert_int_equal(byte, IO_FILL);
    vmk_desc_release(md);
}

/*  First a read-only mapping of an Out descriptor, then one without kIOMapReadOnly                */
static void
t03_the_first_read_only_mapping_freezes_the_rights(void **state)
{
    struct iokit_fixture *f = *state;
    vmk_desc_t md;
    vmk_map_t m;

    iokit_restart(f, "macos-10.9");
    md = describe(f, 0, 1, IO_DIRECTION_OUT);
    (void)map_in_kernel(f, md, IO_MAP_READ_ONLY);
    assert_map_refused(md, f->kernel, 0, IO_MAP_ANYWHERE, VMM_INVALID_RIGHT);

    iokit_restart(f, "macos-10.10");
    md = describe(f, 0, 1, IO_DIRECTION_OUT);
    (void)map_in_kernel(f, md, IO_MAP_READ_ONLY);
    assert_int_equal(vmk_desc_prepare(md, IO_DIRECTION_IN), VMM_INVALID_RIGHT); /* 17, not 2 */
    m = map_in_kernel(f, md, 0);
    assert_false(vmk_map_options(m) & IO_MAP_READ_ONLY);
    assert_false(io_store(f->kernel, vmk_map_address(m), 1));
    assert_stopped(REASON_FAULT_UNRESOLVED);
}

/*  One descriptor, and all the number families that its calls may return                          */
static void
t04_mach_codes_escape_beside_ioreturns(void **state)
{
    struct iokit_fixture *f = *state;
    vmk_desc_t md = describe(f, 0, 1, IO_DIRECTION_OUT);
    vmk_desc_t hole = describe(f, IO_PAGES, IO_PAGES + 1, IO_DIRECTION_OUT);
    uint64_t taken = 0;

    assert_int_equal(vmk_sim_allocate(f->kernel, &taken, IO_PAGE), VMM_OK);
    assert_int_equal(vmk_desc_prepare(hole, IO_DIRECTION_NONE), (int32_t)0xE00002DE);
    assert_map_refused(hole, f->kernel, 0, IO_MAP_ANYWHERE, 1);
    assert_map_refused(md, f->kernel, taken, IO_MAP_READ_ONLY, 3);
    assert_int_equal(vmk_desc_prepare(md, IO_DIRECTION_IN), 17);
    assert_null(vmk_map_create(md, f->kernel, 0, IO_MAP_ANYWHERE, IO_PAGE, 1));
    assert_int_equal(vmk_sim_hidden_status(), (int32_t)0xE00002C2);
    vmk_desc_release(md);
    vmk_desc_release(hole);
}

/*  A read before the section: enough for loads in it, not for stores                              */
static void
t05_touching_by_reading_maps_read_only(void **state)
{
    static const struct {
        const char *profile;
        const char *translated;
    } cases[] = { { "macos-10.9", "r---" },
                  { "macos-10.11", "r---" },
                  { "macos-10.12", "w---" }, /* the user's store mapped the page writable before */
                  { "macos-15.4", "w---" } };
    struct iokit_fixture *f = *state;

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

static void
t05_a_read_that_fills_with_zeros_maps_writable(void **state)
{
    struct iokit_fixture *f = *state;
    uint64_t fresh = 0;
    vmk_map_t m;

    iokit_restart(f, "macos-10.11");
    assert_int_equal(vmk_sim_allocate(f->task, &fresh, IO_PAGE), VMM_OK);
    m = map_in_kernel(f, vmk_desc_range(f->task, fresh, IO_PAGE, IO_DIRECTION_OUT_IN), 0);
    assert_true(io_load(f->kernel, vmk_map_address(m)));
    assert_io_translated(f->kernel, vmk_map_address(m), "w");
    assert_true(io_store_locked(f->kernel, vmk_map_address(m), 1));
}

/*  user pages     AAAA   wired by prepare                                                         */
/*  mapping        BBBB   wired by wireRange, as of the mapping                                    */
static void
t06_a_snapshot_is_wired_apart_from_the_users_pages(void **state)
{
    struct iokit_fixture *f = *state;
    vmk_desc_t md;
    struct vm_page_view user, kernel;
    vmk_map_t m;

    iokit_restart(f, "macos-10.12.2");
    md = describe(f, 0, 4, IO_DIRECTION_OUT | IO_MEMORY_MAP_COPY_ON_WRITE);
    assert_int_equal(vmk_desc_prepare(md, IO_DIRECTION_NONE), VMM_OK);
    m = map_in_kernel(f, md, 0);
    assert_int_equal(vmk_map_wire(m, IO_DIRECTION_IN, 0, 4 * IO_PAGE), VMM_OK);
    assert_io_held(f->task, f->base, "11110000");
    assert_io_held(f->kernel, vmk_map_address(m), "1111");
    vmk_sim_probe(f->task, f->base, &user);
    vmk_sim_probe(f->kernel, vmk_map_address(m), &kernel);
    assert_int_not_equal(user.ppn, kernel.ppn);
    assert_true(io_store(f->task, f->base, 1));
    assert_io_byte(f->kernel, vmk_map_address(m), IO_FILL);
}

static void
t07_prefault_of_a_snapshot_succeeds_and_does_nothing(void **state)
{
    static const char *const profiles[] = { "macos-10.13", "macos-10.15", "macos-15.5" };
    struct iokit_fixture *f = *state;

    for (size_t i = 0; i < VMM_COUNT_OF(profiles); i++) {
        vmk_desc_t md;
        vmk_map_t m;

        iokit_restart(f, profiles[i]);
        md = describe(f, 0, 4, IO_DIRECTION_OUT | IO_MEMORY_MAP_COPY_ON_WRITE);
        assert_int_equal(vmk_desc_prepare(md, IO_DIRECTION_NONE), VMM_OK);
        m = map_in_kernel(f, md, IO_MAP_PREFAULT);
        assert_io_translated(f->kernel, vmk_map_address(m), "----");
    }
}

/*  |........xxxxxxxx|xxxxxxxx........|    0x1000 bytes from 0x800 on: two pages, one counted      */
static void
t08_prefault_forgets_the_page_offset_from_11_on(void **state)
{
    static const struct {
        const char *profile;
        uint64_t offset, length;
        const char *translated;
    } cases[] = {
        { "macos-10.13", 0x800, 0x1000, "WW-" }, { "macos-10.15", 0x800, 0x1000, "WW-" },
        { "macos-11", 0x800, 0x1000, "W--" },    { "macos-15.5", 0x800, 0x1000, "W--" },
        { "macos-11", 0x800, 0x1800, "WW-" },    { "macos-11", 0x000, 0x3000, "WWW" },
        { "macos-11", 0xFFF, 0x2000, "WW-" },
    };
    struct iokit_fixture *f = *state;

    for (size_t i = 0; i < VMM_COUNT_OF(cases); i++) {
        vmk_desc_t md;
        vmk_map_t m;

        iokit_restart(f, cases[i].profile);
        md = vmk_desc_range(f->task, f->base + cases[i].offset, cases[i].length,
                            IO_DIRECTION_OUT_IN);
        assert_int_equal(vmk_desc_prepare(md, IO_DIRECTION_NONE), VMM_OK);
        m = map_in_kernel(f, md, IO_MAP_PREFAULT);
        assert_io_translated(f->kernel, vmk_map_address(m), cases[i].translated);
    }
}

static void
t09_each_refused_prefault_leaks_a_region(void **state)
{
    struct iokit_fixture *f = *state;
    vmk_desc_t md;
    unsigned regions;

    iokit_restart(f, "macos-10.11");
    md = describe(f, 0, 4, IO_DIRECTION_OUT_IN);
    assert_int_equal(vmk_desc_prepare(md, IO_DIRECTION_NONE), VMM_OK);
    regions = io_regions(f->kernel);
    for (unsigned i = 1; i <= 5; i++) {
        assert_map_refused(md, f->kernel, 0, IO_MAP_ANYWHERE | IO_MAP_PREFAULT,
                           VMM_IO_BAD_ARGUMENT);
        assert_int_equal(io_events(EV_IOMAP_LEAK), i);
    }
    assert_true(io_regions(f->kernel) > regions);
    vmk_desc_release(md);
}

static void
t10_unwire_as_a_cleanup_kills_the_machine(void **state)
{
    struct iokit_fixture *f = *state;
    vmk_map_t m = map_four_pages(f, IO_DIRECTION_OUT_IN, IO_MAP_READ_ONLY);

    assert_int_equal(vmk_map_wire(m, IO_DIRECTION_OUT, 0, IO_PAGE), VMM_PROTECTION_FAILURE);
    assert_int_equal(vmk_map_wire(m, IO_DIRECTION_NONE, 0, IO_PAGE), VMK_PANICKED);
    assert_stopped(REASON_UNWIRE_UNWIRED);
}

static void
t11_odd_ranges_are_taken_as_they_come(void **state)
{
    struct iokit_fixture *f = *state;
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
static void
t12_a_second_wire_asks_and_faults_nothing(void **state)
{
    struct iokit_fixture *f = *state;
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

static void
t13_a_release_with_wires_stops_unrelated_mappings_too(void **state)
{
    struct iokit_fixture *f = *state;
    vmk_desc_t other = describe(f, 4, 5, IO_DIRECTION_OUT);
    vmk_map_t unrelated = map_in_kernel(f, other, 0);
    vmk_map_t m = map_four_pages(f, IO_DIRECTION_OUT_IN, 0);

    assert_int_equal(vmk_map_wire(m, IO_DIRECTION_IN, 0, IO_PAGE), VMM_OK);
    vmk_map_release(m);
    assert_stopped(REASON_WIRED_AT_UNMAP);
    assert_int_equal(vmk_map_unmap(unrelated), VMK_HUNG);
    assert_map_refused(other, f->kernel, 0, IO_MAP_ANYWHERE, VMK_HUNG);
}

static void
t14_equal_mappings_are_one_object(void **state)
{
    struct iokit_fixture *f = *state;
    vmk_desc_t md = describe(f, 0, 2, IO_DIRECTION_OUT_IN);
    vmk_map_t one = map_in_kernel(f, md, 0);
    vmk_map_t two = map_in_kernel(f, md, 0);

    assert_ptr_equal(one, two);
    assert_int_equal(vmk_sim_map_references(one), 3);
    assert_int_equal(vmk_map_unmap(one), VMM_OK);
    assert_int_equal(vmk_map_address(two), 0);
    assert_int_equal(vmk_map_wire(two, IO_DIRECTION_IN, 0, IO_PAGE), VMK_PANICKED);
    assert_stopped(REASON_USE_AFTER_UNMAP);
}

static void
t15_kernel_memory_is_not_mapped_again_into_the_kernel(void **state)
{
    struct iokit_fixture *f = *state;
    uint64_t at = 0;
    vmk_desc_t md;
    vmk_map_t m;

    assert_int_equal(vmk_sim_allocate(f->kernel, &at, 2 * IO_PAGE), VMM_OK);
    assert_true(io_store(f->kernel, at, 3));
    md = vmk_desc_range(f->kernel, at, 2 * IO_PAGE, IO_DIRECTION_OUT_IN);
    m = map_in_kernel(f, md, 0);
    assert_int_equal(vmk_map_address(m), at);
    assert_true(vmk_map_options(m) & IO_MAP_STATIC);
    assert_int_equal(vmk_map_wire(m, IO_DIRECTION_IN, 0, IO_PAGE), VMM_OK);
    assert_io_wired(f->kernel, at, "10");
    assert_int_equal(vmk_map_unmap(m), VMM_OK); /* no-op: not even the wire is in its way */
    assert_io_byte(f->kernel, at, 3);
    vmk_map_release(m);
    vmk_desc_release(md);
}

static void
t17_a_range_of_the_kernel_is_not_prepared_by_itself(void **state)
{
    struct iokit_fixture *f = *state;
    uint64_t at = 0;
    uint8_t byte;
    vmk_desc_t md;

    assert_int_equal(vmk_sim_allocate(f->kernel, &at, IO_PAGE), VMM_OK);
    md = vmk_desc_range(f->kernel, at, IO_PAGE, IO_DIRECTION_OUT);
    assert_int_equal(vmk_sim_desc_wire_count(md), 0);
    assert_int_equal(vmk_desc_read(md, 0, &byte, 1), 0);
    assert_int_equal(vmk_sim_hidden_status(), VMK_PANICKED);
    assert_stopped(REASON_NOT_PREPARED);
}

static void
t19_an_unbalanced_complete_undoes_somebody_elses_prepare(void **state)
{
    struct iokit_fixture *f = *state;
    vmk_desc_t md = describe(f, 0, 1, IO_DIRECTION_OUT);

    assert_int_equal(vmk_desc_prepare(md, IO_DIRECTION_NONE), VMM_OK); /* ours */
    assert_int_equal(vmk_desc_prepare(md, IO_DIRECTION_NONE), VMM_OK); /* somebody else's */
    for (unsigned i = 0; i < 3; i++)
        assert_int_equal(vmk_desc_complete(md, IO_DIRECTION_NONE), VMM_OK); /* not a word */
    assert_io_held(f->task, f->base, "00000000");
    assert_int_equal(vmk_sim_desc_wire_count(md), 0);
    vmk_desc_release(md);
}

/*  100 bytes in the middle of a page: the mapping shows, and wires, the whole page                */
static void
t22_lengths_are_bytes_and_wiring_is_pages(void **state)
{
    struct iokit_fixture *f = *state;
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

/*  A fixed address with other low bits than the source's                                          */
static void
t23_a_page_offset_mismatch_has_three_outcomes(void **state)
{
    static const struct {
        const char *profile;
        vmk_return_t hidden; /* 0: moved to where the bytes fit */
    } cases[] = { { "macos-10.9", VMM_IO_VM_ERROR },
                  { "macos-10.10", VMM_IO_NOT_ALIGNED },
                  { "macos-10.15", VMM_IO_NOT_ALIGNED },
                  { "macos-11", VMM_OK },
                  { "macos-15.5", VMM_OK } };
    struct iokit_fixture *f = *state;

    for (size_t i = 0; i < VMM_COUNT_OF(cases); i++) {
        uint64_t at = 0;
        vmk_desc_t md;
        vmk_map_t m;

        iokit_restart(f, cases[i].profile);
        assert_int_equal(vmk_sim_allocate(f->kernel, &at, 4 * IO_PAGE), VMM_OK);
        assert_int_equal(vmk_sim_deallocate(f->kernel, at, 4 * IO_PAGE), VMM_OK);
        md = vmk_desc_range(f->task, f->base + 0x300, 100, IO_DIRECTION_OUT);
        m = vmk_map_create(md, f->kernel, at + 0x200, 0, 0, 0);
        assert_int_equal(vmk_sim_hidden_status(), cases[i].hidden);
        assert_int_equal(vmk_map_address(m), m == NULL ? 0 : at + 0x300);
        vmk_map_release(m);
        vmk_desc_release(md);
    }
}

/*  Wired, and yet a store faults: the page was copied by the slow path                            */
static void
t24_wired_does_not_mean_that_a_store_will_not_fault(void **state)
{
    static const struct {
        const char *profile;
        const char *translated;
    } cases[] = {
        { "macos-10.12.2", "R" }, { "macos-10.15", "R" }, { "macos-11", "W" }, { "macos-15.5", "W" }
    };
    struct iokit_fixture *f = *state;

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

static void
t25_translations_outlive_the_wires_by_luck(void **state)
{
    struct iokit_fixture *f = *state;
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
static void
t26_a_wired_translation_can_lose_its_rights(void **state)
{
    struct iokit_fixture *f = *state;
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

static void
t27_a_descriptor_does_not_keep_its_task(void **state)
{
    struct iokit_fixture *f = *state;
    vmk_desc_t md = describe(f, 0, 2, IO_DIRECTION_OUT);

    assert_int_equal(vmk_sim_task_terminate(f->task), VMM_OK);
    assert_int_equal(vmk_desc_length(md), 2 * IO_PAGE);
    assert_null(vmk_map_create(md, f->kernel, 0, IO_MAP_ANYWHERE, 0, 0));
    assert_stopped(REASON_NONE);
    vmk_desc_release(md);
}

static void
t27_a_mapping_keeps_the_map_of_its_target_and_not_the_task(void **state)
{
    struct iokit_fixture *f = *state;
    vmk_task_t other = vmk_sim_task_create();
    vmk_desc_t md = describe(f, 0, 2, IO_DIRECTION_OUT);
    vmk_map_t m = vmk_map_create(md, other, 0, IO_MAP_ANYWHERE, 0, 0);

    assert_non_null(m);
    assert_int_equal(vmk_sim_task_terminate(other), VMM_OK);
    assert_null(vmk_sim_map_task(m));
    assert_int_not_equal(vmk_map_address(m), 0);
    assert_int_equal(vmk_map_unmap(m), VMM_OK);
    vmk_map_release(m);
    vmk_desc_release(md);
}

static void
t29_the_user_can_rewrite_and_unmap_under_the_kernel(void **state)
{
    struct iokit_fixture *f = *state;
    vmk_desc_t md = describe(f, 0, 2, IO_DIRECTION_OUT);
    vmk_map_t m = map_in_kernel(f, md, 0);
    uint64_t at = vmk_map_address(m);

    assert_int_equal(vmk_desc_prepare(md, IO_DIRECTION_NONE), VMM_OK);
    assert_int_equal(vmk_map_wire(m, IO_DIRECTION_IN, 0, 2 * IO_PAGE), VMM_OK);
    assert_true(io_store(f->task, f->base, 1));
    assert_io_byte(f->kernel, at, 1);
    assert_int_equal(vmk_sim_deallocate(f->task, f->base, 2 * IO_PAGE), VMM_OK);
    assert_true(io_load_locked(f->kernel, at));
    assert_io_byte(f->kernel, at, 1);
    assert_io_byte(f->kernel, at + IO_PAGE, IO_FILL + 1);
    assert_int_equal(vmk_map_wire(m, IO_DIRECTION_NONE, 0, 2 * IO_PAGE), VMM_OK);
    vmk_map_release(m);
    vmk_desc_release(md);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        IOKIT_TEST(t01_in_and_out_mean_opposite_things),
        IOKIT_TEST(t02_prepare_wires_pages_and_not_translations_in_either_order),
        IOKIT_TEST(t02_prepare_to_read_does_not_ask_for_the_right_to_read),
        IOKIT_TEST(t03_the_first_read_only_mapping_freezes_the_rights),
        IOKIT_TEST(t04_mach_codes_escape_beside_ioreturns),
        IOKIT_TEST(t05_touching_by_reading_maps_read_only),
        IOKIT_TEST(t05_a_read_that_fills_with_zeros_maps_writable),
        IOKIT_TEST(t06_a_snapshot_is_wired_apart_from_the_users_pages),
        IOKIT_TEST(t07_prefault_of_a_snapshot_succeeds_and_does_nothing),
        IOKIT_TEST(t08_prefault_forgets_the_page_offset_from_11_on),
        IOKIT_TEST(t09_each_refused_prefault_leaks_a_region),
        IOKIT_TEST(t10_unwire_as_a_cleanup_kills_the_machine),
        IOKIT_TEST(t11_odd_ranges_are_taken_as_they_come),
        IOKIT_TEST(t12_a_second_wire_asks_and_faults_nothing),
        IOKIT_TEST(t13_a_release_with_wires_stops_unrelated_mappings_too),
        IOKIT_TEST(t14_equal_mappings_are_one_object),
        IOKIT_TEST(t15_kernel_memory_is_not_mapped_again_into_the_kernel),
        IOKIT_TEST(t17_a_range_of_the_kernel_is_not_prepared_by_itself),
        IOKIT_TEST(t19_an_unbalanced_complete_undoes_somebody_elses_prepare),
        IOKIT_TEST(t22_lengths_are_bytes_and_wiring_is_pages),
        IOKIT_TEST(t23_a_page_offset_mismatch_has_three_outcomes),
        IOKIT_TEST(t24_wired_does_not_mean_that_a_store_will_not_fault),
        IOKIT_TEST(t25_translations_outlive_the_wires_by_luck),
        IOKIT_TEST(t26_a_wired_translation_can_lose_its_rights),
        IOKIT_TEST(t27_a_descriptor_does_not_keep_its_task),
        IOKIT_TEST(t27_a_mapping_keeps_the_map_of_its_target_and_not_the_task),
        IOKIT_TEST(t29_the_user_can_rewrite_and_unmap_under_the_kernel),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

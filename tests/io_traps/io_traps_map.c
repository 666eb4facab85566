/* io_traps_map.c - traps of iokit.md 9: where a mapping is, and with which rights */
#include "io_traps.h"

#include "base/status.h"

/*  First a read-only mapping of an Out descriptor, then one without kIOMapReadOnly                */
void
t03_the_first_read_only_mapping_freezes_the_rights(struct iokit_fixture *f)
{
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

/*  user pages     AAAA   wired by prepare                                                         */
/*  mapping        BBBB   wired by wireRange, as of the mapping                                    */
void
t06_a_snapshot_is_wired_apart_from_the_users_pages(struct iokit_fixture *f)
{
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

void
t07_prefault_of_a_snapshot_succeeds_and_does_nothing(struct iokit_fixture *f)
{
    static const char *const profiles[] = { "macos-10.13", "macos-10.15", "macos-15.5" };

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
void
t08_prefault_forgets_the_page_offset_from_11_on(struct iokit_fixture *f)
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

void
t09_each_refused_prefault_leaks_a_region(struct iokit_fixture *f)
{
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

void
t14_equal_mappings_are_one_object(struct iokit_fixture *f)
{
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

void
t15_kernel_memory_is_not_mapped_again_into_the_kernel(struct iokit_fixture *f)
{
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

/*  A fixed address with other low bits than the source's                                          */
void
t23_a_page_offset_mismatch_has_three_outcomes(struct iokit_fixture *f)
{
    static const struct {
        const char *profile;
        vmk_return_t hidden; /* 0: moved to where the bytes fit */
    } cases[] = { { "macos-10.9", VMM_IO_VM_ERROR },
                  { "macos-10.10", VMM_IO_NOT_ALIGNED },
                  { "macos-10.15", VMM_IO_NOT_ALIGNED },
                  { "macos-11", VMM_OK },
                  { "macos-15.5", VMM_OK } };

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

/* io_traps_descriptor.c - traps of iokit.md 9: what a descriptor promises */
#include "io_traps.h"

#include "base/status.h"

void
t02_prepare_wires_pages_and_not_translations_in_either_order(struct iokit_fixture *f)
{
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

void
t02_prepare_to_read_does_not_ask_for_the_right_to_read(struct iokit_fixture *f)
{
    vmk_desc_t md = describe(f, 0, 1, IO_DIRECTION_OUT);
    uint8_t byte = 0;

    assert_int_equal(vmk_sim_protect(f->task, f->base, IO_PAGE, VMM_PROT_NONE), VMM_OK);
    assert_int_equal(vmk_desc_prepare(md, IO_DIRECTION_NONE), VMM_OK);
    assert_int_equal(vmk_desc_read(md, 0, &byte, 1), 1);
    assert_int_equal(byte, IO_FILL);
    vmk_desc_release(md);
}

/*  One descriptor, and all the number families that its calls may return                          */
void
t04_mach_codes_escape_beside_ioreturns(struct iokit_fixture *f)
{
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

void
t17_a_range_of_the_kernel_is_not_prepared_by_itself(struct iokit_fixture *f)
{
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

void
t19_an_unbalanced_complete_undoes_somebody_elses_prepare(struct iokit_fixture *f)
{
    vmk_desc_t md = describe(f, 0, 1, IO_DIRECTION_OUT);

    assert_int_equal(vmk_desc_prepare(md, IO_DIRECTION_NONE), VMM_OK); /* ours */
    assert_int_equal(vmk_desc_prepare(md, IO_DIRECTION_NONE), VMM_OK); /* somebody else's */
    for (unsigned i = 0; i < 3; i++)
        assert_int_equal(vmk_desc_complete(md, IO_DIRECTION_NONE), VMM_OK); /* not a word */
    assert_io_held(f->task, f->base, "00000000");
    assert_int_equal(vmk_sim_desc_wire_count(md), 0);
    vmk_desc_release(md);
}

/*  prepared to read, completed, prepared to write: writeBytes() finds the old flag before 10.13, and a
 *  nested prepare to write (asked from 10.9 on) does too                                             */
void
t19_the_read_only_flag_sticks_until_10_13(struct iokit_fixture *f)
{
    vmk_desc_t md = describe(f, 0, 1, IO_DIRECTION_OUT_IN);
    bool is_cleared = is_from(f, "10.13");

    assert_int_equal(vmk_desc_prepare(md, IO_DIRECTION_OUT), VMM_OK);
    assert_int_equal(vmk_desc_prepare(md, IO_DIRECTION_IN),
                     is_from(f, "10.9") ? VMM_IO_NOT_WRITABLE : VMM_OK);
    while (vmk_sim_desc_wire_count(md) > 0)
        assert_int_equal(vmk_desc_complete(md, IO_DIRECTION_NONE), VMM_OK);
    assert_int_equal(vmk_desc_prepare(md, IO_DIRECTION_IN), VMM_OK);
    assert_int_equal(vmk_desc_write(md, 0, "abcd", 4), is_cleared ? 4 : 0);
    assert_int_equal(vmk_desc_prepare(md, IO_DIRECTION_IN),
                     is_cleared || !is_from(f, "10.9") ? VMM_OK : VMM_IO_NOT_WRITABLE);
    vmk_desc_release(md);
}

void
t27_a_descriptor_does_not_keep_its_task(struct iokit_fixture *f)
{
    vmk_desc_t md = describe(f, 0, 2, IO_DIRECTION_OUT);

    assert_int_equal(vmk_sim_task_terminate(f->task), VMM_OK);
    assert_int_equal(vmk_desc_length(md), 2 * IO_PAGE);
    assert_null(vmk_map_create(md, f->kernel, 0, IO_MAP_ANYWHERE, 0, 0));
    assert_stopped(REASON_NONE);
    vmk_desc_release(md);
}

void
t27_a_mapping_keeps_the_map_of_its_target_and_not_the_task(struct iokit_fixture *f)
{
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

void
t29_the_user_can_rewrite_and_unmap_under_the_kernel(struct iokit_fixture *f)
{
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

/* io_traps_kinds.c - traps of iokit.md 9: buffers, views, rows, physical and remote memory */
#include "io_traps.h"

#include "base/status.h"

enum { FAR_AWAY = 40 }; /* bits: a physical address where a device may be, beyond any memory */

static vmk_desc_t
device(unsigned pages)
{
    vmk_desc_t md =
        vmk_desc_physical((uint64_t)1 << FAR_AWAY, pages * (uint64_t)IO_PAGE, IO_DIRECTION_OUT_IN);

    assert_non_null(md);
    return md;
}

/*  getBytesNoCopy() of a pageable kernel buffer: no page, and after prepare() no translation       */
void
t16_pageable_buffers_fault_even_when_prepared(struct iokit_fixture *f)
{
    bool is_eager = !f->profile.is_release;
    vmk_desc_t md = buffer(f->kernel, IO_DIRECTION_OUT_IN | IO_BUFFER_PAGEABLE, 2 * IO_PAGE);
    vmk_map_t again;

    if (!is_eager)
        assert_io_held(f->kernel, bytes_of(md), "..");
    assert_int_equal(vmk_desc_prepare(md, IO_DIRECTION_NONE), VMM_OK);
    assert_io_held(f->kernel, bytes_of(md), "11");
    assert_io_translated(f->kernel, bytes_of(md), is_eager ? "ww" : "--");
    again = vmk_map_create(md, f->kernel, 0, IO_MAP_ANYWHERE | IO_MAP_PREFAULT, 0, 0);
    assert_int_equal(vmk_map_address(again), bytes_of(md)); /* static: it prefaults nothing */
    assert_true(vmk_map_options(again) & IO_MAP_STATIC);
    assert_io_translated(f->kernel, bytes_of(md), is_eager ? "ww" : "--");
    assert_int_equal(io_load_locked(f->kernel, bytes_of(md)), is_eager);
}

/*  parent  aaaa      views [0, 1) and [3, 4): one prepare wires all, the other's complete undoes it */
void
t18_a_view_prepares_and_completes_its_whole_parent(struct iokit_fixture *f)
{
    vmk_desc_t parent = describe(f, 0, 4, IO_DIRECTION_OUT_IN);
    vmk_desc_t first = vmk_desc_sub(parent, 0, IO_PAGE, IO_DIRECTION_OUT_IN);
    vmk_desc_t last = vmk_desc_sub(parent, 3 * IO_PAGE, IO_PAGE, IO_DIRECTION_OUT_IN);
    uint8_t byte = 0;

    assert_int_equal(vmk_desc_prepare(first, IO_DIRECTION_NONE), VMM_OK);
    assert_io_held(f->task, f->base, "1111");
    assert_int_equal(vmk_desc_read(last, 0, &byte, 1), 1);
    assert_int_equal(byte, IO_FILL + 3);
    assert_int_equal(vmk_desc_complete(last, IO_DIRECTION_NONE), VMM_OK);
    assert_io_held(f->task, f->base, "0000");
    assert_null(vmk_desc_sub(parent, 3 * IO_PAGE, IO_PAGE + 1, IO_DIRECTION_OUT_IN));
    vmk_desc_release(parent);
    assert_int_equal(vmk_desc_length(last), IO_PAGE); /* a view keeps its parent */
    vmk_desc_release(first);
    vmk_desc_release(last);
}

/*  One range in kernel_map: entered when mapped, and wiring adds nothing; in a task: neither        */
void
t20_wiring_device_memory_enters_nothing(struct iokit_fixture *f)
{
    vmk_desc_t md = device(3);
    vmk_map_t kernels = map_in_kernel(f, md, 0);
    vmk_map_t users = vmk_map_create(md, f->task, 0, IO_MAP_ANYWHERE, 0, 0);

    assert_int_equal(vmk_sim_translated(f->kernel, vmk_map_address(kernels), 3 * IO_PAGE, NULL), 3);
    assert_int_equal(vmk_sim_translated(f->task, vmk_map_address(users), 3 * IO_PAGE, NULL), 0);
    if (is_from(f, "10.8.2")) {
        assert_int_equal(vmk_map_wire(users, IO_DIRECTION_OUT_IN, 0, 3 * IO_PAGE), VMM_OK);
        assert_int_equal(vmk_sim_translated(f->task, vmk_map_address(users), 3 * IO_PAGE, NULL), 0);
        assert_int_equal(vmk_map_wire(users, IO_DIRECTION_NONE, 0, 3 * IO_PAGE), VMM_OK);
    }
    assert_true(io_store_locked(f->kernel, vmk_map_address(kernels), 1));
    vmk_map_release(kernels);
    vmk_map_release(users);
    vmk_desc_release(md);
}

/*  ranges  aa bb     two segments: the first page of each; read-only up to 10.12: none             */
void
t21_each_physical_segment_prefaults_one_page(struct iokit_fixture *f)
{
    uint64_t at = (uint64_t)1 << FAR_AWAY;
    vmk_range_t ranges[] = { { at, 2 * IO_PAGE }, { at + 16 * IO_PAGE, 2 * IO_PAGE } };
    vmk_desc_t md = vmk_desc_ranges(NULL, ranges, 2, IO_DIRECTION_OUT_IN);
    vmk_map_t m = map_in_kernel(f, md, 0);
    vmk_map_t read_only;

    assert_int_equal(vmk_sim_translated(f->kernel, vmk_map_address(m), IO_PAGE, NULL), 1);
    assert_int_equal(vmk_sim_translated(f->kernel, vmk_map_address(m) + 2 * IO_PAGE, IO_PAGE, NULL),
                     1);
    assert_int_equal(vmk_sim_translated(f->kernel, vmk_map_address(m), 4 * IO_PAGE, NULL), 2);
    vmk_map_release(m);
    read_only = map_in_kernel(f, device(2), IO_MAP_READ_ONLY);
    assert_int_equal(vmk_sim_translated(f->kernel, vmk_map_address(read_only), 2 * IO_PAGE, NULL),
                     is_from(f, "10.13") ? 2 : 0);
    vmk_map_release(read_only);
    vmk_desc_release(md);
}

/*  prepare() and complete() do nothing, and the wire count is 1 all the time                        */
void
t28_physical_memory_is_born_wired(struct iokit_fixture *f)
{
    vmk_desc_t md = device(1);
    vmk_map_t m;

    for (unsigned i = 0; i < 2; i++) {
        assert_int_equal(vmk_sim_desc_wire_count(md), 1);
        assert_int_equal(vmk_desc_complete(md, IO_DIRECTION_NONE), VMM_OK);
        assert_int_equal(vmk_desc_prepare(md, IO_DIRECTION_IN), VMM_OK);
    }
    assert_int_equal(vmk_desc_preparation(md), 1); /* unsupported */
    m = vmk_map_create(md, f->kernel, 0, IO_MAP_ANYWHERE | IO_MAP_PREFAULT, 0, 0);
    if (is_from(f, "10.10") && !is_from(f, "10.13")) {
        assert_null(m);
        assert_int_equal(vmk_sim_hidden_status(), VMM_IO_BAD_ARGUMENT);
    } else {
        assert_non_null(m);
    }
    vmk_desc_release(md);
}

void
t30_page_counts_need_a_mapping_first(struct iokit_fixture *f)
{
    vmk_desc_t md = describe(f, 0, 4, IO_DIRECTION_OUT_IN);
    vmk_desc_t view = vmk_desc_sub(md, 0, IO_PAGE, IO_DIRECTION_OUT_IN);
    uint64_t resident = 7;
    uint64_t dirty = 7;

    assert_int_equal(vmk_desc_page_counts(md, &resident, &dirty), VMM_IO_NOT_READY);
    assert_int_equal(vmk_desc_prepare(md, IO_DIRECTION_NONE), VMM_OK);
    assert_int_equal(vmk_desc_page_counts(md, &resident, &dirty), VMM_IO_NOT_READY);
    (void)map_in_kernel(f, md, 0);
    assert_int_equal(vmk_desc_page_counts(md, &resident, &dirty), VMM_OK);
    assert_int_equal(resident, 4);
    assert_int_equal(dirty, 4);
    assert_int_equal(vmk_desc_page_counts(view, &resident, &dirty),
                     is_from(f, "10.11") ? VMM_OK : VMM_IO_NOT_READY);
}

/*  up to 10.9 memory of nobody's, in 10.10 nothing, from 10.11 on the children                     */
void
t31_a_row_maps_zeroes_then_nothing_then_its_children(struct iokit_fixture *f)
{
    vmk_desc_t parts[] = { describe(f, 2, 3, IO_DIRECTION_OUT),
                           describe(f, 0, 1, IO_DIRECTION_OUT) };
    vmk_desc_t row = vmk_desc_multi(parts, 2, IO_DIRECTION_OUT);
    vmk_map_t m;

    assert_int_equal(vmk_desc_length(row), 2 * IO_PAGE);
    assert_int_equal(vmk_desc_prepare(row, IO_DIRECTION_NONE), VMM_OK);
    m = vmk_map_create(row, f->kernel, 0, IO_MAP_ANYWHERE, 0, 0);
    if (!is_from(f, "10.10")) {
        assert_io_byte(f->kernel, vmk_map_address(m), 0);
        vmk_map_release(m);
        assert_stopped(REASON_NOT_PAGEABLE);
    } else if (!is_from(f, "10.11")) {
        assert_null(m);
        assert_int_equal(vmk_sim_hidden_status(), VMM_IO_UNSUPPORTED);
    } else {
        assert_io_byte(f->kernel, vmk_map_address(m), IO_FILL + 2);
        assert_io_byte(f->kernel, vmk_map_address(m) + IO_PAGE, IO_FILL);
        vmk_map_release(m);
        assert_int_equal(vmk_desc_complete(row, IO_DIRECTION_NONE), VMM_OK);
    }
}

void
t32_remote_memory_maps_at_address_zero_from_10_13(struct iokit_fixture *f)
{
    vmk_desc_t md = describe(f, 0, 1, IO_DIRECTION_OUT_IN | IO_MEMORY_REMOTE);
    vmk_map_t m = vmk_map_create(md, f->kernel, 0, IO_MAP_ANYWHERE, 0, 0);
    bool is_remote = is_from(f, "10.13");

    assert_non_null(m);
    assert_int_equal(vmk_map_address(m) == 0, is_remote);
    assert_int_equal(vmk_desc_prepare(md, IO_DIRECTION_NONE),
                     is_remote ? VMM_IO_NOT_ATTACHED : VMM_OK);
    assert_int_equal(vmk_desc_complete(md, IO_DIRECTION_NONE),
                     is_remote ? VMM_IO_NOT_ATTACHED : VMM_OK);
    vmk_map_release(m);
    vmk_desc_release(md);
}

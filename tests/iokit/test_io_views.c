/* test_io_views.c - sub- and multi-descriptors over a buffer whose length changed after they were made */
#include "iokit_fixture.h"

#include "base/status.h"

enum { SHORT = 100 };

static vmk_desc_t
buffer(struct iokit_fixture *f, unsigned pages)
{
    vmk_desc_t md =
        vmk_desc_buffer(f->kernel, IO_DIRECTION_OUT_IN, (uint64_t)pages * IO_PAGE, IO_PAGE, 0);

    assert_non_null(md);
    return md;
}

/*  row     |first page|second page|     then the second buffer ends after SHORT bytes */
static vmk_desc_t
row_that_shrank(struct iokit_fixture *f)
{
    vmk_desc_t parts[2] = { buffer(f, 1), buffer(f, 1) };
    vmk_desc_t row = vmk_desc_multi(parts, 2, IO_DIRECTION_OUT_IN);

    assert_non_null(row);
    vmk_desc_set_length(parts[1], SHORT);
    assert_int_equal(vmk_desc_length(row), 2 * IO_PAGE);
    return row;
}

/*  buffer  |first page|second page|
 *  view               |***********|     then the buffer ends after SHORT bytes */
static vmk_desc_t
view_of_nothing(struct iokit_fixture *f)
{
    vmk_desc_t parent = buffer(f, 2);
    vmk_desc_t view = vmk_desc_sub(parent, IO_PAGE, IO_PAGE, IO_DIRECTION_OUT_IN);

    assert_non_null(view);
    vmk_desc_set_length(parent, SHORT);
    return view;
}

/* iokit.md 7: past the end of what holds the bytes, a segment is 0 and copying ends. */
static void
bytes_that_no_child_has_any_more_are_past_the_end(void **state)
{
    struct iokit_fixture *f = *state;
    vmk_desc_t row = row_that_shrank(f);
    vmk_desc_t view = view_of_nothing(f);
    uint8_t bytes[2 * IO_PAGE] = { 0 };
    uint64_t length = 1;

    assert_int_not_equal(vmk_desc_segment(row, IO_PAGE, &length, 0), 0);
    assert_int_equal(length, SHORT);
    assert_int_equal(vmk_desc_segment(row, IO_PAGE + SHORT, &length, 0), 0);
    assert_int_equal(length, 0);
    assert_int_equal(vmk_desc_segment(view, 0, &length, 0), 0);
    assert_int_equal(vmk_desc_segment(view, 0, &length, IO_MEMORY_SOURCE_SEGMENT), 0);
    assert_int_equal(vmk_desc_read(row, 0, bytes, sizeof(bytes)), IO_PAGE + SHORT);
    assert_int_equal(vmk_desc_write(row, 0, bytes, sizeof(bytes)), IO_PAGE + SHORT);
    assert_int_equal(vmk_desc_read(view, 0, bytes, IO_PAGE), 0);
    assert_int_equal(vmk_desc_perform(row, 1, 0, 2 * IO_PAGE), VMM_IO_UNDERRUN);
}

/* iokit.md 7: a DMA command that walks past the end meets kIOReturnOverrun. */
static void
a_dma_command_ends_where_the_children_do(void **state)
{
    struct iokit_fixture *f = *state;
    vmk_desc_t row = row_that_shrank(f);
    vmk_dma_t c = vmk_dma_create(&(vmk_dma_spec_t){ .address_bits = 32 });
    vmk_dma_t far = vmk_dma_create(&(vmk_dma_spec_t){ .address_bits = 64 });
    vmk_range_t segments[4];
    uint64_t offset = IO_PAGE + SHORT;
    uint32_t count = 4;

    assert_int_equal(vmk_dma_set(c, row, 1), VMM_IO_OVERRUN);
    assert_int_equal(vmk_dma_set(far, row, 1), VMM_OK);
    assert_int_equal(vmk_dma_segments(far, &offset, segments, &count), VMM_IO_OVERRUN);
    assert_int_equal(count, 0);
    assert_int_equal(vmk_desc_dma_map_length(row, &offset), 2 * IO_PAGE);
    assert_int_equal(vmk_desc_dma_map_length(view_of_nothing(f), &offset), 0);
}

/* iokit.md 3.4: what is mapped runs out. */
static void
a_row_that_shrank_cannot_be_mapped_whole(void **state)
{
    static const char *const releases[] = { "macos-10.9", "macos-10.11", "macos-15.4" };
    struct iokit_fixture *f = *state;

    for (size_t i = 0; i < VMM_COUNT_OF(releases); i++) {
        iokit_restart(f, releases[i]);
        assert_map_refused(row_that_shrank(f), f->kernel, 0, IO_MAP_ANYWHERE, VMM_IO_OVERRUN);
        assert_map_refused(view_of_nothing(f), f->kernel, 0, IO_MAP_ANYWHERE, VMM_IO_BAD_ARGUMENT);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        IOKIT_TEST(bytes_that_no_child_has_any_more_are_past_the_end),
        IOKIT_TEST(a_dma_command_ends_where_the_children_do),
        IOKIT_TEST(a_row_that_shrank_cannot_be_mapped_whole),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* test_io_dma_command.c - segments for a device, iokit.md 7 */
#include "iokit_fixture.h"

#include "base/status.h"

static vmk_dma_t
command(vmk_dma_spec_t spec)
{
    vmk_dma_t c = vmk_dma_create(&spec);

    assert_non_null(c);
    return c;
}

/* A prepared descriptor of pages [0, n). */
static vmk_desc_t
prepared(struct iokit_fixture *f, unsigned n)
{
    vmk_desc_t md = describe(f, 0, n, IO_DIRECTION_OUT_IN);

    assert_int_equal(vmk_desc_prepare(md, IO_DIRECTION_NONE), VMM_OK);
    return md;
}

static void
segments_cover_the_descriptor_in_order(void **state)
{
    struct iokit_fixture *f = *state;
    vmk_desc_t md = prepared(f, 4);
    vmk_dma_t c = command((vmk_dma_spec_t){ .max_segment = IO_PAGE / 2 });
    vmk_range_t segments[3];
    uint64_t offset = 0;
    uint64_t seen = 0;

    assert_int_equal(vmk_dma_set(c, md, 1), VMM_OK);
    while (offset < 4 * IO_PAGE) {
        uint32_t count = VMM_COUNT_OF(segments);

        assert_int_equal(vmk_dma_segments(c, &offset, segments, &count), VMM_OK);
        for (uint32_t i = 0; i < count; i++) {
            assert_int_equal(segments[i].address, vmk_desc_segment(md, seen, NULL, 0));
            assert_int_equal(segments[i].length, IO_PAGE / 2);
            seen += segments[i].length;
        }
    }
    assert_int_equal(seen, 4 * IO_PAGE);
    vmk_dma_release(c);
    assert_int_equal(vmk_desc_complete(md, IO_DIRECTION_NONE), VMM_OK);
}

static void
codes_of_the_command(void **state)
{
    struct iokit_fixture *f = *state;
    vmk_desc_t md = prepared(f, 4);
    vmk_desc_t other = describe(f, 4, 5, IO_DIRECTION_OUT);
    vmk_dma_t c = command((vmk_dma_spec_t){ .max_transfer = 2 * IO_PAGE, .alignment = 512 });
    vmk_range_t segment;
    uint64_t offset = 0;
    uint32_t count = 1;

    assert_int_equal(vmk_dma_prepare(c, 0, 0), VMM_IO_NOT_READY);
    assert_int_equal(vmk_dma_segments(c, &offset, &segment, &count), VMM_IO_NOT_READY);
    assert_int_equal(vmk_dma_set(c, md, 1), VMM_IO_NO_SPACE); /* longer than a transfer may be */
    assert_int_equal(vmk_dma_set(c, md, 0), VMM_OK);
    assert_int_equal(vmk_dma_prepare(c, 0, 100), VMM_IO_NOT_ALIGNED);
    assert_int_equal(vmk_dma_prepare(c, 0, IO_PAGE), VMM_OK);
    assert_int_equal(vmk_dma_prepare(c, 0, IO_PAGE), VMM_OK); /* nests */
    assert_int_equal(vmk_dma_prepare(c, IO_PAGE, IO_PAGE), VMM_IO_NOT_READY);
    assert_int_equal(vmk_dma_set(c, other, 0), VMM_IO_BUSY);
    assert_int_equal(vmk_dma_set(c, md, 1), VMM_OK); /* the same again */
    assert_int_equal(vmk_dma_segments(c, NULL, &segment, &count), VMM_IO_BAD_ARGUMENT);
    offset = IO_PAGE;
    assert_int_equal(vmk_dma_segments(c, &offset, &segment, &count), VMM_IO_OVERRUN);
    offset = 4;
    assert_int_equal(vmk_dma_segments(c, &offset, &segment, &count), VMM_IO_NOT_ALIGNED);
    assert_int_equal(vmk_dma_clear(c, 0), VMM_IO_NOT_READY);
    assert_int_equal(vmk_dma_complete(c), VMM_OK);
    assert_int_equal(vmk_dma_set(c, md, 0), VMM_OK); /* completes */
    assert_int_equal(vmk_dma_complete(c), VMM_IO_NOT_READY);
    assert_int_equal(vmk_dma_clear(c, 0), VMM_OK);
    vmk_dma_release(c);
}

static void
an_address_that_the_device_cannot_reach(void **state)
{
    struct iokit_fixture *f = *state;
    vmk_desc_t md = vmk_desc_physical((uint64_t)1 << 40, IO_PAGE, IO_DIRECTION_OUT_IN);
    vmk_dma_t c = command((vmk_dma_spec_t){ .address_bits = 32 });

    (void)f;
    assert_int_equal(vmk_dma_set(c, md, 1), VMM_IO_MESSAGE_TOO_LARGE);
    vmk_dma_release(c);
    vmk_desc_release(md);
}

static void
a_command_prepares_itself_and_never_the_descriptor(void **state)
{
    struct iokit_fixture *f = *state;
    vmk_desc_t md = describe(f, 0, 1, IO_DIRECTION_OUT);
    vmk_dma_t c = command((vmk_dma_spec_t){ .address_bits = 64 });
    vmk_range_t segment;
    uint64_t offset = 0;
    uint32_t count = 1;

    assert_int_equal(vmk_dma_set(c, md, 1), VMM_OK);
    assert_int_equal(vmk_sim_desc_wire_count(md), 0);
    assert_int_equal(vmk_dma_segments(c, &offset, &segment, &count), VMK_PANICKED);
    assert_stopped(REASON_NOT_PREPARED);
}

static void
completing_the_descriptor_under_a_command_panics(void **state)
{
    struct iokit_fixture *f = *state;
    vmk_desc_t md = prepared(f, 1);
    vmk_dma_t c = command((vmk_dma_spec_t){ .address_bits = 64 });

    assert_int_equal(vmk_desc_prepare(md, IO_DIRECTION_NONE), VMM_OK);
    assert_int_equal(vmk_dma_set(c, md, 1), VMM_OK);
    assert_int_equal(vmk_desc_complete(md, IO_DIRECTION_NONE), VMM_OK); /* not the last one */
    assert_int_equal(vmk_desc_complete(md, IO_DIRECTION_NONE), VMK_PANICKED);
    assert_stopped(REASON_COMPLETE_WHILE_DMA);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        IOKIT_TEST(segments_cover_the_descriptor_in_order),
        IOKIT_TEST(codes_of_the_command),
        IOKIT_TEST(an_address_that_the_device_cannot_reach),
        IOKIT_TEST(a_command_prepares_itself_and_never_the_descriptor),
        IOKIT_TEST(completing_the_descriptor_under_a_command_panics),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

/*
 * io_traps_rows.c - what TestIOMemoryDescriptor.cpp asks of a kernel, iokit.md 8
 *
 * Each row runs from the release on that it is there, and on every later one; rows 4, 14, 17 and 19
 * are out of reach.
 */
#include "io_traps.h"

#include "base/status.h"
#include "vm/vm_user.h"

enum { FAR_AWAY = 40 };

/* Kernel memory whose page i is filled with `first` + i. */
static uint64_t
kernel_pages(struct iokit_fixture *f, unsigned pages, uint8_t first)
{
    uint64_t at = 0;

    assert_int_equal(vmk_sim_allocate(f->kernel, &at, pages * (uint64_t)IO_PAGE), VMM_OK);
    for (unsigned i = 0; i < pages; i++)
        assert_int_equal(vmk_sim_write(f->kernel, at + i * (uint64_t)IO_PAGE, NULL,
                                       (uint8_t)(first + i), IO_PAGE, NULL),
                         VMM_OK);
    return at;
}

static vmk_desc_t
kernel_range(struct iokit_fixture *f, uint64_t at, uint64_t length, vmk_options_t options)
{
    vmk_desc_t md = vmk_desc_range(f->kernel, at, length, options);

    assert_non_null(md);
    return md;
}

/* A: pages 4-7, then 0-3 of eight; B: two pages of A from 3 on; C: the last page of A. */
struct nested {
    vmk_desc_t a, b, c, row;
};

static struct nested
nest(struct iokit_fixture *f)
{
    uint64_t at = kernel_pages(f, 8, 0xd0);
    vmk_range_t ranges[] = { { at + 4 * IO_PAGE, 4 * IO_PAGE }, { at, 4 * IO_PAGE } };
    struct nested made;

    made.a = vmk_desc_ranges(f->kernel, ranges, 2, IO_DIRECTION_OUT_IN);
    made.b = vmk_desc_sub(made.a, 3 * IO_PAGE, 2 * IO_PAGE, IO_DIRECTION_OUT_IN);
    made.c = vmk_desc_sub(made.a, 7 * IO_PAGE, IO_PAGE, IO_DIRECTION_OUT_IN);
    made.row = vmk_desc_multi((vmk_desc_t[]){ made.a, made.b, made.c }, 3, IO_DIRECTION_OUT_IN);
    assert_non_null(made.row);
    assert_int_equal(vmk_desc_length(made.row), 11 * IO_PAGE);
    return made;
}

void
row01_a_row_of_views_maps_from_the_middle(struct iokit_fixture *f)
{
    static const uint8_t words[] = { 0xd3, 0xd7, 0xd0, 0xd3 };
    unsigned regions = io_regions(f->kernel);
    struct nested made;
    vmk_map_t m;

    if (!is_from(f, "10.11"))
        return;
    made = nest(f);
    vmk_desc_release(made.a);
    vmk_desc_release(made.b);
    vmk_desc_release(made.c);
    m = vmk_map_create(made.row, f->kernel, 0,
                       IO_MAP_ANYWHERE | (is_from(f, "12") ? IO_MAP_GUARDED_SMALL : 0), 7 * IO_PAGE,
                       0);
    assert_null(m); /* length 0 is the whole length, which does not fit behind page 7 */
    m = vmk_map_create(made.row, f->kernel, 0,
                       IO_MAP_ANYWHERE | (is_from(f, "12") ? IO_MAP_GUARDED_SMALL : 0), 7 * IO_PAGE,
                       4 * IO_PAGE);
    assert_non_null(m);
    vmk_desc_release(made.row);
    assert_int_equal(vmk_map_length(m), 4 * IO_PAGE);
    for (unsigned i = 0; i < VMM_COUNT_OF(words); i++)
        assert_io_byte(f->kernel, vmk_map_address(m) + i * (uint64_t)IO_PAGE, words[i]);
    vmk_map_release(m);
    assert_true(io_regions(f->kernel) > regions); /* the eight pages of the test itself */
}

static void
assert_dma_map(vmk_desc_t md, uint64_t length, uint64_t offset)
{
    uint64_t in_page = 7;

    assert_int_equal(vmk_desc_dma_map_length(md, &in_page), length);
    assert_int_equal(in_page, offset);
}

void
row02_dma_map_lengths(struct iokit_fixture *f)
{
    uint64_t at = kernel_pages(f, 2, 0);
    struct nested made;

    if (!is_from(f, "11"))
        return;
    assert_dma_map(kernel_range(f, at, 2, IO_DIRECTION_OUT_IN), IO_PAGE, 0);
    assert_dma_map(kernel_range(f, at + IO_PAGE - 2, 4, IO_DIRECTION_OUT_IN), 2 * IO_PAGE,
                   IO_PAGE - 2);
    made = nest(f);
    assert_dma_map(made.a, 8 * IO_PAGE, 0);
    assert_dma_map(made.b, 2 * IO_PAGE, 0);
    assert_dma_map(made.row, 11 * IO_PAGE, 0);
}

static void
double_buffer(struct iokit_fixture *f, uint32_t direction)
{
    vmk_desc_t md = buffer(f->kernel, direction | IO_BUFFER_PAGEABLE, 8 * IO_PAGE);
    vmk_dma_t c = vmk_dma_create(&(vmk_dma_spec_t){ .address_bits = 64 });
    uint32_t word = 0x53535300 | direction;
    uint32_t from_device = 0x11223300 | direction;
    vmk_range_t segment;
    uint64_t offset = 0;
    uint32_t count = 1;

    assert_int_equal(vmk_sim_write(f->kernel, bytes_of(md), &word, 0, sizeof(word), NULL), VMM_OK);
    assert_int_equal(vmk_desc_prepare(md, direction), VMM_OK);
    assert_int_equal(vmk_dma_set(c, md, 1), VMM_OK);
    assert_int_equal(vmk_dma_synchronize(c, 0x01000000 | IO_DIRECTION_OUT), VMM_OK);
    assert_int_equal(vmk_dma_segments(c, &offset, &segment, &count), VMM_OK);
    assert_int_equal(count, 1);
    assert_int_equal(segment.length, 8 * IO_PAGE);
    if (direction & IO_DIRECTION_IN) {
        vmk_desc_t device = vmk_desc_physical(segment.address, 4, IO_DIRECTION_OUT_IN);

        assert_int_equal(vmk_desc_write(device, 0, &from_device, sizeof(from_device)), 4);
        vmk_desc_release(device);
    }
    assert_int_equal(vmk_dma_clear(c, 1), VMM_OK);
    assert_int_equal(vmk_desc_complete(md, direction), VMM_OK);
    word = 0;
    assert_int_equal(vmk_sim_read(f->kernel, bytes_of(md), &word, sizeof(word), NULL), VMM_OK);
    assert_int_equal(word, direction & IO_DIRECTION_IN ? from_device : 0x53535300 | direction);
    vmk_dma_release(c);
    vmk_desc_release(md);
}

void
row03_double_buffered_dma(struct iokit_fixture *f)
{
    if (!is_from(f, "10.13"))
        return;
    double_buffer(f, IO_DIRECTION_IN);
    double_buffer(f, IO_DIRECTION_OUT);
    double_buffer(f, IO_DIRECTION_OUT_IN);
}

void
row05_remote_physical_ranges(struct iokit_fixture *f)
{
    uint64_t at = (uint64_t)1 << FAR_AWAY;
    vmk_range_t ranges[] = { { at, 0x1000 }, { at + 0x100000, 0x2000 } };
    vmk_desc_t md;
    vmk_dma_t c;
    vmk_range_t segments[4];
    uint32_t count = 4;
    uint64_t offset = 0;

    if (!is_from(f, "10.13"))
        return;
    md = vmk_desc_ranges(NULL, ranges, 2, IO_DIRECTION_OUT_IN | IO_MEMORY_REMOTE);
    assert_int_equal(vmk_desc_prepare(md, IO_DIRECTION_NONE), VMM_OK);
    c = vmk_dma_create(&(vmk_dma_spec_t){ .address_bits = 64 });
    assert_int_equal(vmk_dma_set(c, md, 1), VMM_OK);
    assert_int_equal(vmk_dma_segments(c, &offset, segments, &count), VMM_OK);
    assert_int_equal(count, 2);
    assert_int_equal(offset, 0x3000);
    for (unsigned i = 0; i < 2; i++) {
        assert_int_equal(segments[i].address, ranges[i].address);
        assert_int_equal(segments[i].length, ranges[i].length);
    }
    vmk_dma_release(c);
    vmk_desc_release(md);
}

/*  The radar's scenario, as Apple fixed it                                                          */
void
row06_prefault_reads_under_spin_lock(struct iokit_fixture *f)
{
    vmk_desc_t md;
    vmk_map_t m;

    if (!is_from(f, "10.13"))
        return;
    md = buffer(f->task, IO_DIRECTION_OUT_IN | IO_BUFFER_PAGEABLE, 8 * IO_PAGE);
    assert_int_equal(vmk_desc_prepare(md, IO_DIRECTION_NONE), VMM_OK);
    m = map_in_kernel(f, md, IO_MAP_PREFAULT);
    assert_true(io_load_locked(f->kernel, vmk_map_address(m)));
    vmk_map_release(m);
    assert_int_equal(vmk_desc_complete(md, IO_DIRECTION_NONE), VMM_OK);
    vmk_desc_release(md);
}

void
row07_too_large_buffers_are_null(struct iokit_fixture *f)
{
    assert_null(vmk_desc_buffer(f->kernel, IO_DIRECTION_OUT_IN, UINT64_MAX, 0, UINT32_MAX));
    assert_null(
        vmk_desc_buffer(f->kernel, IO_DIRECTION_OUT_IN | IO_BUFFER_PAGEABLE, UINT64_MAX, 0, 0));
    assert_null(vmk_desc_buffer(f->kernel, IO_DIRECTION_OUT_IN, UINT64_MAX - 3 * IO_PAGE, 0, 0));
}

void
row08_a_buffer_maps_after_each_set_length(struct iokit_fixture *f)
{
    vmk_desc_t md = vmk_desc_buffer(f->kernel, IO_DIRECTION_OUT_IN | IO_BUFFER_KERNEL_USER_SHARED,
                                    0x4000, 0x4000, 0);

    if (!is_from(f, "12"))
        return;
    assert_int_equal(bytes_of(md) % 0x4000, 0);
    vmk_desc_set_length(md, 0x100);
    assert_non_null(vmk_map_create(md, f->task, 0, IO_MAP_ANYWHERE, 0, 0));
    vmk_desc_set_length(md, 0x200);
    assert_non_null(vmk_map_create(md, f->task, 0, IO_MAP_ANYWHERE, 0, 0));
}

void
row09_nothing_at_address_0(struct iokit_fixture *f)
{
    vmk_desc_t md = vmk_desc_range(f->task, 0, 0, IO_DIRECTION_NONE);

    assert_non_null(md);
    assert_int_equal(vmk_desc_prepare(md, IO_DIRECTION_NONE), VMM_OK);
    assert_int_equal(vmk_desc_complete(md, IO_DIRECTION_NONE), VMM_OK);
    vmk_desc_release(md);
}

void
row10_nested_prepares_without_zero_fill(struct iokit_fixture *f)
{
    vmk_desc_t md = buffer(NULL, IO_DIRECTION_OUT_IN | IO_BUFFER_PAGEABLE, 24 * IO_PAGE);
    uint8_t byte = 0x5a;

    (void)f;
    assert_int_equal(vmk_desc_prepare(md, IO_DIRECTION_IN | IO_PREPARE_NO_ZERO_FILL), VMM_OK);
    assert_int_equal(vmk_desc_prepare(md, IO_DIRECTION_IN), VMM_OK);
    assert_int_equal(vmk_sim_desc_wire_count(md), 2);
    assert_int_equal(vmk_desc_write(md, IO_PAGE, &byte, 1), 1);
    assert_int_equal(vmk_desc_complete(md, IO_DIRECTION_IN | IO_COMPLETE_WITH_DATA_VALID), VMM_OK);
    assert_int_equal(vmk_desc_complete(md, IO_DIRECTION_IN), VMM_OK);
    assert_int_equal(vmk_sim_desc_wire_count(md), 0);
    assert_int_equal(vmk_desc_prepare(md, IO_DIRECTION_OUT), VMM_OK);
    byte = 0;
    assert_int_equal(vmk_desc_read(md, IO_PAGE, &byte, 1), 1);
    assert_int_equal(byte, 0x5a); /* valid data stayed */
    assert_int_equal(vmk_desc_complete(md, IO_DIRECTION_OUT), VMM_OK);
    assert_int_equal(vmk_desc_prepare(md, IO_DIRECTION_IN | IO_PREPARE_NO_ZERO_FILL), VMM_OK);
    vmk_desc_release(md); /* free() completes it */
}

void
row11_a_fixed_address_outside_the_map(struct iokit_fixture *f)
{
    vmk_desc_t md = buffer(NULL, IO_DIRECTION_OUT_IN | IO_BUFFER_PAGEABLE, IO_PAGE);
    unsigned regions = io_regions(f->kernel);

    assert_null(vmk_map_create(md, f->kernel, 0x2000, 0, 0, 0));
    assert_int_equal(io_regions(f->kernel), regions);
    assert_stopped(REASON_NONE);
    vmk_desc_release(md);
}

/* A user's pageable buffer with a word each 0x1000 bytes, seen through a mapping in the kernel. */
static void
user_buffer(struct iokit_fixture *f, vmk_options_t options, uint8_t third_word_after)
{
    static const uint8_t words[] = { 0x11, 0x22, 0x33, 0x44 };
    vmk_desc_t memory = buffer(f->task, IO_DIRECTION_OUT_IN | IO_BUFFER_PAGEABLE, 0x4818);
    uint64_t at = bytes_of(memory) + 0x800;
    vmk_desc_t md;
    vmk_map_t m;

    for (unsigned i = 0; i < VMM_COUNT_OF(words); i++)
        assert_true(io_store(f->task, at + i * 0x1000, words[i]));
    md = vmk_desc_range(f->task, at, 0x4018, IO_DIRECTION_OUT | options);
    m = map_in_kernel(f, md, IO_MAP_READ_ONLY);
    for (unsigned i = 0; i < VMM_COUNT_OF(words); i++)
        assert_io_byte(f->kernel, vmk_map_address(m) + i * 0x1000, words[i]);
    assert_true(io_store(f->task, at + 0x2000, 0x99));
    for (unsigned i = 0; i < VMM_COUNT_OF(words); i++)
        assert_io_byte(f->kernel, vmk_map_address(m) + i * 0x1000,
                       i == 2 ? third_word_after : words[i]);
    vmk_map_release(m);
    vmk_desc_release(md);
    vmk_desc_release(memory);
}

void
row12_a_users_store_shows_in_the_kernel(struct iokit_fixture *f)
{
    user_buffer(f, 0, 0x99);
}

void
row13_a_copy_keeps_what_the_user_had(struct iokit_fixture *f)
{
    user_buffer(f, IO_MEMORY_MAP_COPY_ON_WRITE, is_from(f, "10.12.2") ? 0x33 : 0x99);
}

/* guards of `left` and `right` pages around one page of data */
static void
guard_page(struct iokit_fixture *f, unsigned left, unsigned right)
{
    uint64_t at = kernel_pages(f, 1, 0x61);
    vmk_desc_t parts[] = { vmk_desc_guard(left * (uint64_t)IO_PAGE),
                           kernel_range(f, at, IO_PAGE, IO_DIRECTION_OUT_IN),
                           vmk_desc_guard(right * (uint64_t)IO_PAGE) };
    vmk_desc_t row = vmk_desc_multi(parts, 3, IO_DIRECTION_OUT_IN);
    struct vm_region region;
    vmk_map_t m;

    assert_int_equal(vmk_desc_length(row), (left + 1 + right) * (uint64_t)IO_PAGE);
    m = map_in_kernel(f, row, 0);
    assert_io_byte(f->kernel, vmk_map_address(m) + left * (uint64_t)IO_PAGE, 0x61);
    assert_true(vmk_sim_region(f->kernel, vmk_map_address(m), &region));
    assert_int_equal(region.protection, VMM_PROT_NONE);
    assert_true(
        vmk_sim_region(f->kernel, vmk_map_address(m) + (left + 1) * (uint64_t)IO_PAGE, &region));
    assert_int_equal(region.protection, VMM_PROT_NONE);
    vmk_map_release(m);
    vmk_desc_release(row);
    for (unsigned i = 0; i < VMM_COUNT_OF(parts); i++)
        vmk_desc_release(parts[i]);
}

void
row15_guard_pages_around_a_page_of_data(struct iokit_fixture *f)
{
    if (!is_from(f, "12")) {
        assert_null(vmk_desc_guard(IO_PAGE));
        return;
    }
    for (unsigned left = 1; left <= 4; left++) {
        for (unsigned right = 1; right <= 4; right++)
            guard_page(f, left, right);
    }
}

void
row16_buffers_with_guard_pages(struct iokit_fixture *f)
{
    static const uint64_t capacities[] = { 1, IO_PAGE - 1, IO_PAGE, IO_PAGE + 1, 5 * IO_PAGE - 3 };

    if (!is_from(f, "12"))
        return;
    for (size_t i = 0; i < VMM_COUNT_OF(capacities); i++) {
        uint64_t rounded = (capacities[i] + IO_PAGE - 1) / IO_PAGE * IO_PAGE;
        vmk_desc_t md = vmk_desc_buffer_guarded(f->kernel, IO_DIRECTION_OUT_IN, capacities[i]);
        vmk_map_t m;

        assert_int_equal(vmk_desc_length(md), rounded);
        assert_int_equal(bytes_of(md) % IO_PAGE, 0);
        assert_int_equal(vmk_sim_write(f->kernel, bytes_of(md), NULL, 0x7e, rounded, NULL), VMM_OK);
        m = map_in_kernel(f, md, IO_MAP_UNIQUE);
        assert_int_equal(vmk_map_length(m), rounded);
        assert_int_not_equal(vmk_map_address(m), bytes_of(md));
        assert_io_byte(f->kernel, vmk_map_address(m) + rounded - 1, 0x7e);
        assert_int_equal(vmk_sim_try(f->kernel, bytes_of(md) - 1, 1, NULL), VMM_PROTECTION_FAILURE);
        assert_int_equal(vmk_sim_try(f->kernel, bytes_of(md) + rounded, 0, NULL),
                         VMM_PROTECTION_FAILURE);
        vmk_map_release(m);
        vmk_desc_release(md);
    }
}

/* ---- row 18 ---- */

enum { SWEEP_PAGES = 40 }; /* bench/ sweeps the 16 MiB of the original */

/* The word at byte `offset` of the sweep's memory. */
static uint32_t
word_at(uint64_t offset)
{
    return (uint32_t)(offset / sizeof(uint32_t));
}

/* Makes [at, at + length) of the kernel's map an entry of its own, as the original does. */
static void
cut_out(struct iokit_fixture *f, uint64_t at, uint64_t length)
{
    assert_int_equal(vm_inherit(vmk_sim_task_map(f->kernel), at, length, VMM_INHERIT_NONE), VMM_OK);
}

/* Its words are their own indices; its entries lie in five pieces. */
static uint64_t
sweep_memory(struct iokit_fixture *f)
{
    static uint32_t words[SWEEP_PAGES * IO_PAGE / sizeof(uint32_t)];
    uint64_t at = 0;

    for (size_t i = 0; i < VMM_COUNT_OF(words); i++)
        words[i] = (uint32_t)i;
    assert_int_equal(vmk_sim_allocate(f->kernel, &at, sizeof(words)), VMM_OK);
    cut_out(f, at + IO_PAGE, IO_PAGE);
    cut_out(f, at + 16 * IO_PAGE, 4 * IO_PAGE);
    assert_int_equal(vmk_sim_write(f->kernel, at, words, 0, sizeof(words), NULL), VMM_OK);
    return at;
}

/* Every word of the mapped part, through the mapping and through readBytes(). */
static void
compare_words(struct iokit_fixture *f, vmk_desc_t md, vmk_map_t m, uint64_t first,
              uint64_t map_offset, uint64_t length)
{
    static uint8_t mapped[SWEEP_PAGES * IO_PAGE];
    static uint8_t read[SWEEP_PAGES * IO_PAGE];

    assert_int_equal(vmk_sim_read(f->kernel, vmk_map_address(m), mapped, length, NULL), VMM_OK);
    assert_int_equal(vmk_desc_read(md, map_offset, read, length), length);
    assert_memory_equal(mapped, read, length);
    for (uint64_t at = 0; at + 4 <= length; at++) {
        uint32_t word;

        if ((first + map_offset + at) % sizeof(word) != 0)
            continue;
        memcpy(&word, mapped + at, sizeof(word));
        assert_int_equal(word, word_at(first + map_offset + at));
    }
}

/* One descriptor, mapped from several places on; its bytes are those of the memory from `first` on. */
static void
sweep_descriptor(struct iokit_fixture *f, vmk_desc_t md, uint64_t first)
{
    static const uint64_t map_offsets[] = { 0, 1, 0x7ff, IO_PAGE, 3 * IO_PAGE + 5 };
    uint64_t size = vmk_desc_length(md);

    for (size_t i = 0; i < VMM_COUNT_OF(map_offsets) && map_offsets[i] < size; i++) {
        vmk_map_t m = vmk_map_create(md, f->kernel, 0, IO_MAP_ANYWHERE, map_offsets[i],
                                     size - map_offsets[i]);

        assert_non_null(m);
        assert_int_equal(vmk_desc_prepare(md, IO_DIRECTION_NONE), VMM_OK);
        compare_words(f, md, m, first, map_offsets[i], size - map_offsets[i]);
        assert_int_equal(vmk_desc_complete(md, IO_DIRECTION_NONE), VMM_OK);
        vmk_map_release(m);
    }
    vmk_desc_release(md);
}

/* [offset, offset + size) as one range, and as three that follow one another. */
static void
sweep_one(struct iokit_fixture *f, uint64_t memory, uint64_t offset, uint64_t size)
{
    uint64_t at = memory + offset;
    const uint64_t one = 7634, two = 9870;
    vmk_range_t three[] = { { at, one }, { at + one, two }, { at + one + two, size - one - two } };

    sweep_descriptor(f, kernel_range(f, at, size, IO_DIRECTION_OUT_IN), offset);
    if (size > 5 * IO_PAGE)
        sweep_descriptor(f, vmk_desc_ranges(f->kernel, three, 3, IO_DIRECTION_OUT_IN), offset);
}

/* The first two pages of [0, size) change places. */
static void
sweep_swapped(struct iokit_fixture *f, uint64_t memory, uint64_t size)
{
    vmk_range_t swapped[] = { { memory + IO_PAGE, IO_PAGE },
                              { memory, IO_PAGE },
                              { memory + 2 * IO_PAGE, size - 2 * IO_PAGE } };
    vmk_desc_t md = vmk_desc_ranges(f->kernel, swapped, 3, IO_DIRECTION_OUT_IN);
    vmk_map_t m = map_in_kernel(f, md, 0);
    static const unsigned order[] = { 1, 0, 2, 3 };

    for (unsigned i = 0; i < VMM_COUNT_OF(order); i++) {
        uint32_t word = 0;

        assert_int_equal(vmk_sim_read(f->kernel, vmk_map_address(m) + i * (uint64_t)IO_PAGE, &word,
                                      sizeof(word), NULL),
                         VMM_OK);
        assert_int_equal(word, word_at(order[i] * (uint64_t)IO_PAGE));
    }
    vmk_map_release(m);
    vmk_desc_release(md);
}

void
row18_every_offset_and_piece_shows_its_own_words(struct iokit_fixture *f)
{
    static const uint64_t offsets[] = { 0, 4, 0x7fc, IO_PAGE - 4, IO_PAGE, 15 * IO_PAGE + 8 };
    static const uint64_t sizes[] = { 4, IO_PAGE, IO_PAGE + 4, 6 * IO_PAGE + 12, 20 * IO_PAGE };
    uint64_t memory;

    if (!is_from(f, "10.10"))
        return;
    memory = sweep_memory(f);
    for (size_t o = 0; o < VMM_COUNT_OF(offsets); o++) {
        for (size_t s = 0; s < VMM_COUNT_OF(sizes); s++)
            sweep_one(f, memory, offsets[o], sizes[s]);
    }
    sweep_swapped(f, memory, 20 * IO_PAGE);
}

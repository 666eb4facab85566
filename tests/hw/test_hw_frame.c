/* test_hw_frame.c - who is free, and what frames contain */
#include "hw/hw_frame.h"
#include "test_alloc.h"
#include "test_trap.h"

#include <string.h>

enum { PAGE_BYTES = 4096, FRAMES = 5 };

struct fixture {
    struct counting_alloc counting;
    struct hw_frames frames;
};

static int
setup(void **state)
{
    static struct fixture fixture;

    counting_alloc_init(&fixture.counting);
    assert_true(hw_frames_init(&fixture.frames, &fixture.counting.alloc, PAGE_BYTES, FRAMES));
    *state = &fixture;
    return 0;
}

static int
teardown(void **state)
{
    struct fixture *f = *state;

    hw_frames_destroy(&f->frames);
    test_alloc_assert_empty(&f->counting);
    return 0;
}

static uint8_t
byte_at(const struct hw_frames *frames, vmm_ppn ppn, uint32_t offset)
{
    uint8_t byte;

    hw_frame_read(frames, ppn, offset, &byte, 1);
    return byte;
}

/*  frames 1..5; a sixth is not there, and 0 is never one (M1)  */
static void
m1_frames_are_handed_out_from_1_until_none_is_left(void **state)
{
    struct fixture *f = *state;

    for (vmm_ppn ppn = 1; ppn <= FRAMES; ppn++)
        assert_int_equal(hw_frame_alloc(&f->frames), ppn);
    assert_int_equal(hw_frame_alloc(&f->frames), VMM_NO_PAGE);
    assert_int_equal(f->frames.free_count, 0);
}

/*  1 2 3 out, 1 and 3 back: 3, 1, then the fresh 4  */
static void
m3_what_came_back_last_goes_out_first(void **state)
{
    struct fixture *f = *state;

    for (vmm_ppn ppn = 1; ppn <= 3; ppn++)
        assert_int_equal(hw_frame_alloc(&f->frames), ppn);
    hw_frame_free(&f->frames, 1);
    hw_frame_free(&f->frames, 3);
    assert_int_equal(hw_frame_alloc(&f->frames), 3);
    assert_int_equal(hw_frame_alloc(&f->frames), 1);
    assert_int_equal(hw_frame_alloc(&f->frames), 4);
}

static void
a_frame_is_in_use_from_alloc_to_free(void **state)
{
    struct fixture *f = *state;

    assert_false(hw_frame_is_in_use(&f->frames, 1));
    assert_int_equal(hw_frame_alloc(&f->frames), 1);
    assert_true(hw_frame_is_in_use(&f->frames, 1));
    hw_frame_free(&f->frames, 1);
    assert_false(hw_frame_is_in_use(&f->frames, 1));
    assert_false(hw_frame_is_in_use(&f->frames, VMM_NO_PAGE));
    assert_false(hw_frame_is_in_use(&f->frames, 12345));
}

static void
free_frame_1(void *context)
{
    hw_frame_free(context, 1);
}

static void
a_frame_that_is_not_in_use_cannot_be_freed(void **state)
{
    struct fixture *f = *state;

    test_trap_assert(free_frame_1, &f->frames);
    assert_int_equal(hw_frame_alloc(&f->frames), 1);
    hw_frame_free(&f->frames, 1);
    test_trap_assert(free_frame_1, &f->frames);
}

static void
m2_a_frame_without_storage_reads_as_zeroes(void **state)
{
    struct fixture *f = *state;
    vmm_ppn ppn = hw_frame_alloc(&f->frames);
    uint64_t before = f->counting.live_bytes;

    assert_int_equal(byte_at(&f->frames, ppn, 4095), 0);
    assert_int_equal(f->counting.live_bytes, before); /* reading takes nothing */
}

/*  write "wired" at 100; it reads back there and is zero around it  */
static void
written_bytes_read_back(void **state)
{
    struct fixture *f = *state;
    vmm_ppn ppn = hw_frame_alloc(&f->frames);
    char bytes[8];

    assert_true(hw_frame_write(&f->frames, ppn, 100, "wired", 5));
    hw_frame_read(&f->frames, ppn, 99, bytes, 7);
    assert_memory_equal(bytes, "\0wired\0", 7);
    assert_true(hw_frame_write(&f->frames, ppn, 4095, "!", 1));
    assert_int_equal(byte_at(&f->frames, ppn, 4095), '!');
}

static void
zeroing_and_freeing_drop_the_storage(void **state)
{
    struct fixture *f = *state;
    vmm_ppn ppn = hw_frame_alloc(&f->frames);
    uint64_t before;

    assert_true(hw_frame_write(&f->frames, ppn, 0, "x", 1));
    before = f->counting.live_bytes - PAGE_BYTES;
    hw_frame_zero(&f->frames, ppn);
    assert_int_equal(f->counting.live_bytes, before);
    assert_int_equal(byte_at(&f->frames, ppn, 0), 0);
    assert_true(hw_frame_write(&f->frames, ppn, 0, "x", 1));
    hw_frame_free(&f->frames, ppn);
    assert_int_equal(f->counting.live_bytes, before);
}

/*  a copy is its own frame; copying zeroes takes no storage  */
static void
a_copy_is_separate_from_its_source(void **state)
{
    struct fixture *f = *state;
    vmm_ppn from = hw_frame_alloc(&f->frames);
    vmm_ppn to = hw_frame_alloc(&f->frames);
    uint64_t empty;

    assert_true(hw_frame_write(&f->frames, from, 7, "a", 1));
    empty = f->counting.live_bytes - PAGE_BYTES;
    assert_true(hw_frame_copy(&f->frames, from, to));
    assert_true(hw_frame_write(&f->frames, from, 7, "b", 1));
    assert_int_equal(byte_at(&f->frames, to, 7), 'a');
    hw_frame_zero(&f->frames, from);
    assert_true(hw_frame_copy(&f->frames, from, to));
    assert_int_equal(byte_at(&f->frames, to, 7), 0);
    assert_int_equal(f->counting.live_bytes, empty);
}

static void
words_are_the_frames_bytes(void **state)
{
    struct fixture *f = *state;
    vmm_ppn ppn = hw_frame_alloc(&f->frames);
    uint64_t *words = hw_frame_words(&f->frames, ppn);

    assert_int_equal(words[511], 0);
    words[511] = 0x42;
    assert_ptr_equal(hw_frame_words(&f->frames, ppn), words);
    assert_int_equal(byte_at(&f->frames, ppn, 511 * 8), 0x42);
}

/*  without storage: nothing written, nothing copied, no words; and all works later  */
static void
a_failure_to_store_leaves_the_frame_as_it_was(void **state)
{
    struct fixture *f = *state;
    vmm_ppn from = hw_frame_alloc(&f->frames);
    vmm_ppn to = hw_frame_alloc(&f->frames);

    assert_true(hw_frame_write(&f->frames, from, 0, "a", 1));
    test_alloc_fail_next(&f->counting, 1);
    assert_false(hw_frame_write(&f->frames, to, 0, "b", 1));
    test_alloc_fail_next(&f->counting, 1);
    assert_false(hw_frame_copy(&f->frames, from, to));
    test_alloc_fail_next(&f->counting, 1);
    assert_null(hw_frame_words(&f->frames, to));
    assert_int_equal(byte_at(&f->frames, to, 0), 0);
    assert_true(hw_frame_copy(&f->frames, from, to));
    assert_int_equal(byte_at(&f->frames, to, 0), 'a');
}

/* ---- frames in the embedder's RAM ---- */

static uint8_t ram[100 * PAGE_BYTES];

static int
setup_ram(void **state)
{
    int result = setup(state);
    struct fixture *f = *state;

    memset(ram, 0, sizeof(ram));
    assert_true(hw_frames_back(&f->frames, ram));
    return result;
}

/*  frame n is page n - 1 of the RAM, both ways  */
static void
a_frame_is_its_page_of_the_ram(void **state)
{
    struct fixture *f = *state;

    for (vmm_ppn ppn = 1; ppn <= FRAMES; ppn++) {
        uint8_t byte = (uint8_t)(0x40 + ppn);

        assert_int_equal(hw_frame_alloc(&f->frames), ppn);
        assert_true(hw_frame_write(&f->frames, ppn, 7, &byte, 1));
        assert_int_equal(ram[(size_t)(ppn - 1) * PAGE_BYTES + 7], byte);
        ram[(size_t)(ppn - 1) * PAGE_BYTES + 8] = 1; /* by a mapping of the embedder's */
        assert_int_equal(byte_at(&f->frames, ppn, 8), 1);
    }
    assert_int_equal(hw_frame_alloc(&f->frames), VMM_NO_PAGE);
}

/*  1 2 3 out, 1 and 2 back: 4 and 5 come first, then 1 and 2  */
static void
m5_frames_of_ram_go_out_in_rising_order_round_and_round(void **state)
{
    struct fixture *f = *state;

    for (vmm_ppn ppn = 1; ppn <= 3; ppn++)
        assert_int_equal(hw_frame_alloc(&f->frames), ppn);
    hw_frame_free(&f->frames, 2);
    hw_frame_free(&f->frames, 1);
    assert_false(hw_frame_is_in_use(&f->frames, 2));
    assert_int_equal(hw_frame_alloc(&f->frames), 4);
    assert_int_equal(hw_frame_alloc(&f->frames), 5);
    assert_int_equal(hw_frame_alloc(&f->frames), 1);
    assert_int_equal(hw_frame_alloc(&f->frames), 2);
    assert_int_equal(hw_frame_alloc(&f->frames), VMM_NO_PAGE);
    assert_int_equal(f->frames.free_count, 0);
}

/*  what the embedder stored behind our back goes too, first use or not  */
static void
a_zeroed_frame_of_ram_reads_as_zeroes(void **state)
{
    struct fixture *f = *state;
    vmm_ppn ppn = hw_frame_alloc(&f->frames);

    hw_frame_zero(&f->frames, ppn);
    memset(ram, 0x5a, PAGE_BYTES);
    hw_frame_zero(&f->frames, ppn);
    assert_int_equal(byte_at(&f->frames, ppn, 9), 0);
    memset(ram, 0x5a, PAGE_BYTES);
    hw_frame_free(&f->frames, ppn);
    while (f->frames.free_count > 0)
        ppn = hw_frame_alloc(&f->frames);
    assert_int_equal(ppn, 1);
    hw_frame_zero(&f->frames, ppn);
    assert_int_equal(byte_at(&f->frames, ppn, PAGE_BYTES - 1), 0);
}

/*  written as a fresh frame and never zeroed: zeroing must not take it for untouched  */
static void
a_fresh_frame_that_was_written_is_zeroed(void **state)
{
    struct fixture *f = *state;
    vmm_ppn ppn = hw_frame_alloc(&f->frames);
    uint8_t byte = 3;

    assert_true(hw_frame_write(&f->frames, ppn, 0, &byte, 1));
    hw_frame_zero(&f->frames, ppn);
    assert_int_equal(byte_at(&f->frames, ppn, 0), 0);
}

static bool
make_and_unmake(struct counting_alloc *counting)
{
    struct hw_frames frames;
    bool made = hw_frames_init(&frames, &counting->alloc, PAGE_BYTES, 100);

    bool backed = made && hw_frames_back(&frames, ram);

    if (made)
        hw_frames_destroy(&frames);
    return backed;
}

static void
init_keeps_nothing_when_it_fails(void **state)
{
    (void)state;
    assert_int_equal(test_alloc_sweep(make_and_unmake), 3 + 100 / HW_FRAME_BLOCK + 1);
}

/*  counts around a whole word of the map of free frames: each frame is free, 0 and what is behind is not  */
static void
exactly_the_frames_there_are_begin_as_free(void **state)
{
    static const vmm_ppn counts[] = { 1, 62, 63, 64, 65, 127, 128, 200 };
    struct fixture *f = *state;

    for (size_t i = 0; i < VMM_COUNT_OF(counts); i++) {
        struct hw_frames frames;

        assert_true(hw_frames_init(&frames, &f->counting.alloc, PAGE_BYTES, counts[i]));
        for (vmm_ppn ppn = 0; ppn < (counts[i] / 64 + 1) * 64; ppn++)
            assert_int_equal(frames.free_map[ppn / 64] >> ppn % 64 & 1,
                             ppn >= 1 && ppn <= counts[i]);
        hw_frames_destroy(&frames);
    }
}

/*  M4: frames beyond memory are a device's registers: they read as zeroes until they are written    */
static void
m4_a_devices_frames_keep_what_is_written(void **state)
{
    struct fixture *f = *state;
    vmm_ppn near = hw_frame_alloc(&f->frames);
    vmm_ppn far = 0xfee00;
    uint8_t byte = 0xff;

    assert_true(hw_frame_is_device(&f->frames, far));
    hw_frame_read(&f->frames, far, 5, &byte, 1);
    assert_int_equal(byte, 0);
    for (vmm_ppn n = 0; n < 40; n++)
        assert_true(hw_frame_write(&f->frames, far + n, 5, &(uint8_t){ (uint8_t)n }, 1));
    for (vmm_ppn n = 0; n < 40; n++) {
        hw_frame_read(&f->frames, far + n, 5, &byte, 1);
        assert_int_equal(byte, n);
    }
    assert_true(hw_frame_copy(&f->frames, far + 7, near));
    hw_frame_read(&f->frames, near, 5, &byte, 1);
    assert_int_equal(byte, 7);
    hw_frame_zero(&f->frames, far + 7);
    hw_frame_read(&f->frames, far + 7, 5, &byte, 1);
    assert_int_equal(byte, 0);
}

/*  frames  1 2 3 4 5
 *  out     a r r b c        a row of RAM is nobody else's                                */
static void
m5_a_row_of_ram_is_handed_out_once(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(hw_frame_alloc(&f->frames), 1);
    assert_int_equal(hw_frame_alloc_run(&f->frames, 2), 2);
    assert_int_equal(hw_frame_alloc(&f->frames), 4);
    assert_int_equal(hw_frame_alloc(&f->frames), 5);
    assert_int_equal(hw_frame_alloc(&f->frames), VMM_NO_PAGE);
}

#define CASE_RAM(test) cmocka_unit_test_setup_teardown(test, setup_ram, teardown)
#define CASE(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(m1_frames_are_handed_out_from_1_until_none_is_left),
        CASE(m3_what_came_back_last_goes_out_first),
        CASE(a_frame_is_in_use_from_alloc_to_free),
        CASE(a_frame_that_is_not_in_use_cannot_be_freed),
        CASE(m2_a_frame_without_storage_reads_as_zeroes),
        CASE(written_bytes_read_back),
        CASE(zeroing_and_freeing_drop_the_storage),
        CASE(a_copy_is_separate_from_its_source),
        CASE(m4_a_devices_frames_keep_what_is_written),
        CASE(words_are_the_frames_bytes),
        CASE(a_failure_to_store_leaves_the_frame_as_it_was),
        CASE_RAM(a_frame_is_its_page_of_the_ram),
        CASE_RAM(m5_frames_of_ram_go_out_in_rising_order_round_and_round),
        CASE_RAM(m5_a_row_of_ram_is_handed_out_once),
        CASE_RAM(a_zeroed_frame_of_ram_reads_as_zeroes),
        CASE_RAM(a_fresh_frame_that_was_written_is_zeroed),
        cmocka_unit_test(init_keeps_nothing_when_it_fails),
        CASE(exactly_the_frames_there_are_begin_as_free),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

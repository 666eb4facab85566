/*
 * test_row.c - loops over narrow arrays: what each is to do, and that both kinds do it at every length and
 * at every alignment
 */
#include "base/rng.h"
#include "base/row.h"
#include "base/types.h"
#include "hw/hw_tlb_vector.h"
#include "test_alloc.h"

enum { MOST = 97, OFFSETS = 9 };

/* Arrays as the loops see them; what lies beside must stay as it is. */
struct arrays {
    uint64_t words[OFFSETS + MOST + 8];
    uint32_t numbers[OFFSETS + MOST + 8];
    uint16_t bits[OFFSETS + MOST + 8];
};

static void
arrays_fill(struct arrays *arrays, uint64_t seed)
{
    struct vmm_rng rng = { seed };

    for (size_t i = 0; i < VMM_COUNT_OF(arrays->words); i++) {
        arrays->words[i] = vmm_rng_next(&rng);
        arrays->numbers[i] = (uint32_t)vmm_rng_next(&rng);
        arrays->bits[i] = (uint16_t)vmm_rng_next(&rng);
    }
}

/* What all loops make of arrays, one element after another, as row.h says it. */
static void
arrays_expect(struct arrays *arrays, size_t at, uint32_t count)
{
    for (size_t i = at; i < at + count; i++) {
        arrays->words[i] = 0x8000000000000207 + (i - at) * 4096;
        arrays->numbers[i] |= 7 + (uint32_t)(i - at) * 3;
        arrays->bits[i] = (uint16_t)((arrays->bits[i] & ~0x0ff0) | 0x0030);
    }
}

static void
each_changes_its_elements_and_no_other(const struct vmm_rows *rows, size_t at, uint32_t count)
{
    struct arrays made, expected;

    arrays_fill(&made, count);
    expected = made;
    arrays_expect(&expected, at, count);
    rows->put64(made.words + at, count, 0x8000000000000207, 4096);
    rows->join32(made.numbers + at, count, 7, 3);
    rows->change16(made.bits + at, count, 0x0ff0, 0x0030);
    assert_memory_equal(&made, &expected, sizeof(made));
    rows->put32(made.numbers + at, count, 0xfffffff0, 1);
    for (uint32_t i = 0; i < count; i++)
        assert_int_equal(made.numbers[at + i], (uint32_t)(0xfffffff0 + i));
    assert_int_equal(made.numbers[at + count], expected.numbers[at + count]);
}

/* One element at `odd` is not as the others: found, wherever it is, and not when it lies outside. */
static void
each_sees_its_elements_and_no_other(const struct vmm_rows *rows, size_t at, uint32_t count,
                                    uint32_t odd)
{
    struct arrays arrays = { .words = { 0 } };
    bool is_inside = odd < count;

    arrays.words[at + odd] = 0x8000000000000001;
    arrays.numbers[at + odd] = 0x80000001;
    arrays.bits[at + odd] = 0x8001;
    assert_true(rows->held64(arrays.words + at, count) == (is_inside ? 0x8000000000000001 : 0));
    assert_int_equal(rows->held32(arrays.numbers + at, count), is_inside ? 0x80000001 : 0);
    assert_int_equal(rows->unlike16(arrays.bits + at, count, 0), is_inside ? 0x8001 : 0);
    assert_int_equal(rows->unlike16(arrays.bits + at, count, 4), count == 0  ? 0
                                                                 : is_inside ? 0x8005
                                                                             : 4);
}

static void
loops_hold(const struct vmm_rows *rows)
{
    for (size_t at = 0; at < OFFSETS; at++) {
        for (uint32_t count = 0; count < MOST; count++) {
            each_changes_its_elements_and_no_other(rows, at, count);
            for (uint32_t odd = 0; odd <= count; odd += odd + 3 < count ? 3 : 1)
                each_sees_its_elements_and_no_other(rows, at, count, odd);
        }
    }
}

static void
ordinary_loops_do_what_they_say(void **state)
{
    (void)state;
    loops_hold(vmm_rows(false));
}

/* On a host without vectors, or without loops for them, these are the ordinary ones. */
static void
wide_loops_do_the_same(void **state)
{
    (void)state;
    loops_hold(vmm_rows(hw_host_has_vectors()));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ordinary_loops_do_what_they_say),
        cmocka_unit_test(wide_loops_do_the_same),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

/*
 * test_hw_tlb_vector.c - the TLB with vectors and its portable twin: the same arrays, bit for bit
 *
 * Where the processor has no vectors both are portable, and the same all the more.
 * tests/vm/test_vm_access_run.c has the same for whole runs of references.
 */
#include "base/rng.h"
#include "hw/hw_pagetable.h"
#include "hw/hw_tlb_vector.h"
#include "test_alloc.h"

enum { STEPS = 40000, SPACES = 3 };

struct pair {
    struct hw_tlb vector;
    struct hw_tlb portable;
};

static struct hw_geometry
shape(struct hw_tlb_geometry l1, struct hw_tlb_geometry l1i, struct hw_tlb_geometry l2)
{
    return (struct hw_geometry){ .page_shift = 12,
                                 .levels = 4,
                                 .index_bits = 9,
                                 .va_bits = 48,
                                 .l1 = l1,
                                 .l1i = l1i,
                                 .l2 = l2 };
}

static void
assert_same_level(const struct hw_tlb_level *a, const struct hw_tlb_level *b)
{
    size_t bytes = (size_t)a->sets * a->ways * sizeof(*a->tags);

    if (bytes == 0)
        return;
    assert_memory_equal(a->tags, b->tags, bytes);
    if (a->ptes != NULL)
        assert_memory_equal(a->ptes, b->ptes, bytes);
    else
        assert_memory_equal(a->frames, b->frames, bytes / 2);
}

static void
assert_same(const struct pair *pair)
{
    assert_same_level(&pair->vector.l1, &pair->portable.l1);
    assert_same_level(&pair->vector.l1i, &pair->portable.l1i);
    assert_same_level(&pair->vector.l2, &pair->portable.l2);
    assert_int_equal(pair->vector.l1_hits, pair->portable.l1_hits);
    assert_int_equal(pair->vector.l2_hits, pair->portable.l2_hits);
    assert_int_equal(pair->vector.misses, pair->portable.misses);
}

/* Every frame has all bits somewhen, and all rights come together with each other. */
static uint64_t
word_of(uint64_t step)
{
    return hw_pte_make((vmm_ppn)step * 0x9e3779b1u,
                       HW_PTE_VALID | (step & 1 ? HW_PTE_WRITE : 0) | (step & 2 ? HW_PTE_USER : 0) |
                           (step & 4 ? HW_PTE_MOD : 0) | (step & 8 ? HW_PTE_NX : 0));
}

/* A page is looked up, and remembered where it was not; the word says when that was. */
static uint64_t
use(struct hw_tlb *tlb, uint64_t vpn, uint32_t asid, bool is_fetch, uint64_t step)
{
    struct hw_tlb_level *first = hw_tlb_first(tlb, is_fetch);
    uint64_t pte = hw_tlb_lookup_in(tlb, first, vpn, asid);

    if (pte == 0)
        hw_tlb_fill_in(tlb, first, vpn, asid, word_of(step), hw_tlb_is_joint(tlb));
    return pte;
}

/* Now and then something is forgotten, or remembered anew where it is. */
static void
disturb(struct hw_tlb *tlb, uint64_t what, uint64_t vpn, uint32_t asid)
{
    switch (what) {
    case 0:
        hw_tlb_flush_all(tlb);
        break;
    case 1:
        hw_tlb_flush_asid(tlb, asid);
        break;
    case 2:
    case 3:
        hw_tlb_flush_page(tlb, vpn, asid);
        break;
    case 4:
        hw_tlb_fill(tlb, vpn, asid, hw_pte_make(9, HW_PTE_VALID | HW_PTE_NX));
        break;
    default:
        break;
    }
}

static void
race(const struct hw_geometry *geometry, uint64_t pages)
{
    struct counting_alloc counting;
    struct vmm_rng rng = { pages };
    struct pair pair;

    counting_alloc_init(&counting);
    assert_true(hw_tlb_init(&pair.vector, &counting.alloc, geometry));
    assert_true(hw_tlb_init(&pair.portable, &counting.alloc, geometry));
    assert_true(pair.vector.is_vector == hw_tlb_vector_serves(&pair.vector));
    pair.portable.is_vector = false;
    for (uint64_t step = 0; step < STEPS; step++) {
        uint64_t vpn = vmm_rng_below(&rng, pages), what = vmm_rng_below(&rng, 500);
        uint32_t asid = (uint32_t)vmm_rng_below(&rng, SPACES);
        bool is_fetch = vmm_rng_below(&rng, 2) != 0;

        disturb(&pair.vector, what, vpn, asid);
        disturb(&pair.portable, what, vpn, asid);
        assert_true(use(&pair.vector, vpn, asid, is_fetch, step) ==
                    use(&pair.portable, vpn, asid, is_fetch, step));
        if (step % 97 == 0)
            assert_same(&pair);
    }
    assert_same(&pair);
    hw_tlb_destroy(&pair.vector, &counting.alloc);
    hw_tlb_destroy(&pair.portable, &counting.alloc);
    test_alloc_assert_empty(&counting);
}

static void
vectors_change_no_bit_of_any_shape(void **state)
{
    const struct hw_tlb_geometry none = { 0, 0 };
    const struct hw_geometry shapes[] = {
        shape((struct hw_tlb_geometry){ 16, 4 }, none, (struct hw_tlb_geometry){ 128, 12 }),
        shape((struct hw_tlb_geometry){ 3, 4 }, none, (struct hw_tlb_geometry){ 5, 8 }),
        shape((struct hw_tlb_geometry){ 2, 8 }, (struct hw_tlb_geometry){ 1, 4 },
              (struct hw_tlb_geometry){ 4, 16 }),
        shape((struct hw_tlb_geometry){ 1, 64 }, none, none),
    };

    (void)state;
    for (size_t i = 0; i < VMM_COUNT_OF(shapes); i++) {
        race(&shapes[i], 20);
        race(&shapes[i], 900);
    }
}

static void
ways_that_are_no_fours_are_left_to_the_twin(void **state)
{
    const struct hw_tlb_geometry none = { 0, 0 };
    const struct hw_geometry geometry =
        shape((struct hw_tlb_geometry){ 16, 6 }, none, (struct hw_tlb_geometry){ 128, 12 });
    struct counting_alloc counting;
    struct hw_tlb tlb;

    (void)state;
    counting_alloc_init(&counting);
    assert_true(hw_tlb_init(&tlb, &counting.alloc, &geometry));
    assert_false(tlb.is_vector);
    hw_tlb_destroy(&tlb, &counting.alloc);
}

/*  or what the others say of arm64 would be about the twin  */
static void
arm64_always_has_vectors(void **state)
{
    struct counting_alloc counting;
    struct hw_tlb tlb;

    (void)state;
    counting_alloc_init(&counting);
    assert_true(hw_tlb_init(&tlb, &counting.alloc, &hw_geometry_x86_64));
#ifdef __aarch64__
    assert_true(tlb.is_vector);
#endif
    hw_tlb_destroy(&tlb, &counting.alloc);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(vectors_change_no_bit_of_any_shape),
        cmocka_unit_test(ways_that_are_no_fours_are_left_to_the_twin),
        cmocka_unit_test(arm64_always_has_vectors),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* test_pmap_table.c - the words of the tables, one by one and over ranges */
#include "pmap/pmap_table.h"
#include "pmap/pmap_internal.h"
#include "pmap_fixture.h"

#define GIB ((vmm_va)1 << 30)

static uint64_t *
expand(struct pmap *pmap, vmm_va va)
{
    uint64_t *slot = NULL;

    assert_int_equal(pmap_table_expand(pmap, va, true, &slot), VMM_OK);
    assert_non_null(slot);
    return slot;
}

static void
no_word_before_its_table(void **state)
{
    struct pmap_fixture *f = *state;
    uint64_t *slot;

    assert_null(pmap_table_slot(f->user, GIB));
    slot = expand(f->user, GIB);
    assert_ptr_equal(pmap_table_slot(f->user, GIB), slot);
    assert_ptr_equal(expand(f->user, GIB), slot);
    assert_int_equal(*slot, 0);
    assert_int_equal(f->user->table_pages, 4);
}

/*  1 GiB:     page 0 and page 511 share a table, page 512 has the next one;
 *  kernel and user never share one                                                         */
static void
words_of_one_chunk_stand_side_by_side(void **state)
{
    struct pmap_fixture *f = *state;
    uint64_t *first = expand(f->user, GIB);

    assert_ptr_equal(expand(f->user, GIB + 511 * 4096), first + 511);
    assert_int_equal(f->user->table_pages, 4);
    expand(f->user, GIB + 512 * 4096);
    assert_int_equal(f->user->table_pages, 5);
    assert_ptr_equal(pmap_table_slot(f->user, GIB + 4096), first + 1); /* not the last leaf now */
    assert_null(pmap_table_slot(f->other, GIB));
}

/*  the same low bits in the other half are another chunk, also for the last leaf's memory  */
static void
the_last_leaf_is_not_taken_for_another_chunk(void **state)
{
    struct pmap_fixture *f = *state;

    expand(f->user, GIB);
    assert_null(pmap_table_slot(f->user, GIB + ((vmm_va)1 << 21)));
    assert_null(pmap_table_slot(f->user, GIB + ((vmm_va)1 << 39)));
    assert_null(pmap_table_slot(f->user, GIB - 4096));
}

/*  leaf tables for the chunks at 0, 2 MiB and 3 GiB; the range starts and ends inside a chunk
 *  runs  [4K, 2M)  [2M, 4M)  [3G, 3G + 8K)                                                 */
static void
runs_go_from_table_to_table_and_are_cut_at_the_range(void **state)
{
    struct pmap_fixture *f = *state;
    uint64_t *low = expand(f->user, 0);
    uint64_t *high = expand(f->user, 3 * GIB);
    struct pmap_run run;
    vmm_va at = 4096;

    expand(f->user, 2 << 20);
    assert_true(pmap_table_next_run(f->user, &at, 3 * GIB + 8192, &run));
    assert_ptr_equal(run.slots, low + 1);
    assert_int_equal(run.start, 4096);
    assert_int_equal(run.end, 2 << 20);
    assert_true(pmap_table_next_run(f->user, &at, 3 * GIB + 8192, &run));
    assert_int_equal(run.start, 2 << 20);
    assert_int_equal(run.end, 4 << 20);
    assert_true(pmap_table_next_run(f->user, &at, 3 * GIB + 8192, &run));
    assert_ptr_equal(run.slots, high);
    assert_int_equal(run.start, 3 * GIB);
    assert_int_equal(run.end, 3 * GIB + 8192);
    assert_false(pmap_table_next_run(f->user, &at, 3 * GIB + 8192, &run));
}

static void
an_empty_range_has_no_run(void **state)
{
    struct pmap_fixture *f = *state;
    struct pmap_run run;
    vmm_va at = GIB;

    expand(f->user, GIB);
    assert_false(pmap_table_next_run(f->user, &at, GIB, &run));
    assert_false(pmap_table_next_run(f->user, &at, 0, &run));
}

/*  the topmost chunk: its end would wrap to 0  */
static void
the_topmost_run_ends_with_the_range(void **state)
{
    struct pmap_fixture *f = *state;
    vmm_va top = ~(vmm_va)0 << 21;
    struct pmap_run run;
    vmm_va at = ~(vmm_va)0 << 47;

    assert_false(pmap_table_next_run(f->kernel, &at, ~(vmm_va)0 << 12, &run));
    expand(f->kernel, top);
    at = ~(vmm_va)0 << 47;
    assert_true(pmap_table_next_run(f->kernel, &at, ~(vmm_va)0 << 12, &run));
    assert_true(run.start == top);
    assert_true(run.end == ~(vmm_va)0 << 12);
    assert_false(pmap_table_next_run(f->kernel, &at, ~(vmm_va)0 << 12, &run));
}

static void
freeing_gives_every_table_back(void **state)
{
    struct pmap_fixture *f = *state;
    vmm_ppn before = f->machine->frames.free_count;

    for (unsigned i = 0; i < 20; i++)
        expand(f->other, i * GIB * 37);
    assert_int_equal(f->machine->frames.free_count, before + 1 - f->other->table_pages);
    pmap_table_free_all(f->other);
    assert_int_equal(f->machine->frames.free_count, before + 1); /* the root too */
    assert_int_equal(pmap_table_make_root(f->other), VMM_OK);
}

#define CASE(test) cmocka_unit_test_setup_teardown(test, pmap_fixture_setup, pmap_fixture_teardown)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(no_word_before_its_table),
        CASE(words_of_one_chunk_stand_side_by_side),
        CASE(the_last_leaf_is_not_taken_for_another_chunk),
        CASE(runs_go_from_table_to_table_and_are_cut_at_the_range),
        CASE(an_empty_range_has_no_run),
        CASE(the_topmost_run_ends_with_the_range),
        CASE(freeing_gives_every_table_back),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

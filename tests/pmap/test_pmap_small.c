/*
 * test_pmap_small.c - a user pmap with pages of 4 KiB on a machine with frames of 16 KiB (vm.md 1.8)
 *
 * Pictures have one character a page of 4 KiB: which part of frame 0 it shows.
 */
#include "hw/hw_run.h"
#include "pmap/pmap_enter_run.h"
#include "pmap/pmap_internal.h"
#include "pmap/pmap_look.h"
#include "pmap/pmap_pv.h"
#include "pmap_fixture.h"

#include <string.h>

enum { SMALL = 4096, FRAME = 16384 };

#define BASE ((vmm_va)1 << 33)

static struct pmap *small;

static int
setup(void **state)
{
    struct pmap_fixture *f;

    pmap_fixture_setup_arm64(state);
    f = *state;
    small = pmap_create_small(f->pmaps, 3);
    assert_non_null(small);
    pmap_switch(f->pmaps, 0, small);
    return 0;
}

static vmm_va
page(unsigned n)
{
    return BASE + (vmm_va)n * SMALL;
}

static void
enter_part(unsigned n, vmm_ppn ppn, unsigned part, vmm_prot prot, uint32_t flags)
{
    assert_int_equal(pmap_enter(small, page(n), ppn, prot, flags | pmap_enter_part(part)), VMM_OK);
}

/* Pages 0 to 3 show the four parts of frame 0. */
static void
enter_four(const struct pmap_fixture *f, vmm_prot prot, uint32_t flags)
{
    for (unsigned n = 0; n < 4; n++)
        enter_part(n, f->data[0], n, prot, flags);
}

static void
assert_parts(const char *picture)
{
    for (unsigned n = 0; picture[n] != '\0'; n++) {
        struct pmap_translation found;
        bool is_there = pmap_query(small, page(n), &found);

        assert_int_equal(is_there, picture[n] != '-');
        if (is_there)
            assert_int_equal(found.part, (uint32_t)(picture[n] - '0'));
    }
}

static struct pmap_statistics
statistics_of(const struct pmap *pmap)
{
    struct pmap_statistics statistics;

    pmap_statistics(pmap, &statistics);
    return statistics;
}

/* The word that CPU 0 uses for an access to page n; 0: it cannot. */
static uint64_t
word_of(const struct pmap_fixture *f, unsigned n, enum hw_access_kind kind)
{
    uint64_t word = 0;

    return hw_access_word(f->machine, 0, page(n), kind, true, &word) == HW_OK ? word : 0;
}

static unsigned
mappings_of(const struct pmap_fixture *f, vmm_ppn ppn)
{
    struct pmap_mapping at;
    unsigned count = 0;

    for (bool any = pmap_pv_first(f->pmaps, ppn, &at); any; any = pmap_pv_next(f->pmaps, &at))
        count++;
    return count;
}

/*  pages 0123, one frame: four translations, four records, each says which part  */
static void
i12_four_pages_of_one_frame_have_a_record_each(void **state)
{
    struct pmap_fixture *f = *state;

    enter_four(f, VMM_PROT_READ, 0);
    assert_parts("0123-");
    assert_int_equal(mappings_of(f, f->data[0]), 4);
    assert_int_equal(statistics_of(small).resident_pages, 4);
    for (unsigned n = 0; n < 4; n++) {
        assert_int_equal(hw_pte_ppn(word_of(f, n, HW_READ)) / 4, f->data[0]);
        assert_int_equal(hw_pte_ppn(word_of(f, n, HW_READ)) % 4, n);
    }
}

/*  four levels of 512 words where the machine itself has three of 2048  */
static void
its_tables_have_four_levels(void **state)
{
    struct pmap_fixture *f = *state;
    struct pmap_look_step steps[PMAP_LOOK_LEVELS];

    enter_part(1, f->data[0], 3, VMM_PROT_READ, 0);
    assert_int_equal(statistics_of(small).table_pages, 4);
    assert_int_equal(pmap_look_walk(small, page(1), steps), 4);
    assert_int_equal(steps[0].index, 0);
    assert_int_equal(steps[1].index, 8); /* 8 GiB */
    assert_int_equal(steps[3].index, 1);
    assert_int_equal(hw_pte_encode(small->geometry, steps[3].entry) >> 12 & 0xffffffff,
                     (uint64_t)f->data[0] * 4 + 3);
    assert_int_equal(pmap_look_walk(f->user, page(1), steps), 1);
}

/*  pages 0123 without 1: the others stay  */
static void
removing_one_page_keeps_the_others(void **state)
{
    struct pmap_fixture *f = *state;

    enter_four(f, VMM_PROT_READ, 0);
    (void)word_of(f, 0, HW_READ);
    (void)word_of(f, 1, HW_READ);
    f->events_length = 0;
    pmap_remove(small, page(1), page(2));
    assert_parts("0-23");
    assert_int_equal(mappings_of(f, f->data[0]), 3);
    assert_true(word_of(f, 0, HW_READ) != 0);
    assert_true(word_of(f, 1, HW_READ) == 0);
}

/*  disconnect: one TLBI each, one DSB, and the frame is nobody's  */
static void
disconnecting_the_frame_drops_all_four(void **state)
{
    struct pmap_fixture *f = *state;
    char *events = f->events;
    unsigned flushes = 0, syncs = 0;

    enter_four(f, VMM_PROT_READ, PMAP_ENTER_WIRED);
    f->events_length = 0;
    pmap_page_protect(f->pmaps, f->data[0], VMM_PROT_NONE);
    f->events[f->events_length] = '\0';
    for (char *at = events; (at = strstr(at, "FLUSH")) != NULL; at++)
        flushes++;
    for (char *at = events; (at = strstr(at, "SYNC")) != NULL; at++)
        syncs++;
    assert_int_equal(flushes, 4);
    assert_int_equal(syncs, 1);
    assert_parts("----");
    assert_int_equal(statistics_of(small).resident_pages, 0);
    assert_int_equal(statistics_of(small).wired_pages, 0);
    assert_false(pmap_page_is_mapped(f->pmaps, f->data[0]));
}

/*  another part of the same frame is another page: the old translation goes first  */
static void
another_part_replaces_and_flushes(void **state)
{
    struct pmap_fixture *f = *state;

    enter_part(0, f->data[0], 0, VMM_PROT_READ, 0);
    assert_int_equal(hw_pte_ppn(word_of(f, 0, HW_READ)) % 4, 0);
    enter_part(0, f->data[0], 2, VMM_PROT_READ, 0);
    assert_int_equal(hw_pte_ppn(word_of(f, 0, HW_READ)) % 4, 2);
    assert_parts("2");
    assert_int_equal(mappings_of(f, f->data[0]), 1);
    assert_int_equal(statistics_of(small).resident_pages, 1);
}

/*  page 1 alone becomes read-only, and stays so for the hardware  */
static void
protecting_one_page_leaves_the_others(void **state)
{
    struct pmap_fixture *f = *state;

    enter_four(f, VMM_PROT_DEFAULT, PMAP_ENTER_STORE);
    for (unsigned n = 0; n < 4; n++)
        assert_true(word_of(f, n, HW_WRITE) != 0);
    pmap_protect(small, page(1), page(2), VMM_PROT_READ);
    for (unsigned n = 0; n < 4; n++)
        assert_int_equal(word_of(f, n, HW_WRITE) != 0, n != 1);
}

/*  a store through one part opens the soft mark of all: modified is the frame (vm.md 5.4)  */
static void
a_fast_fault_opens_every_part(void **state)
{
    struct pmap_fixture *f = *state;

    enter_four(f, VMM_PROT_DEFAULT, 0);
    assert_true(word_of(f, 2, HW_WRITE) == 0);
    assert_true(pmap_fast_fault(small, page(2) + 5, VMM_PROT_WRITE));
    for (unsigned n = 0; n < 4; n++)
        assert_true(word_of(f, n, HW_WRITE) != 0);
    assert_int_equal(pmap_refmod(f->pmaps, f->data[0]), PMAP_REFMOD);
}

/*  kernel, 16 KiB: the whole frame; small: two parts. What one flushes is not the other's  */
static void
i18_spaces_with_different_pages_share_a_tlb(void **state)
{
    struct pmap_fixture *f = *state;
    vmm_va kernel = f->machine->geometry->kernel_min;
    uint64_t word;

    assert_int_equal(pmap_enter(f->kernel, kernel, f->data[0], VMM_PROT_DEFAULT, 0), VMM_OK);
    enter_part(0, f->data[0], 1, VMM_PROT_DEFAULT, PMAP_ENTER_STORE);
    enter_part(1, f->data[0], 3, VMM_PROT_DEFAULT, PMAP_ENTER_STORE);
    assert_int_equal(hw_access_word(f->machine, 0, kernel + 3 * SMALL, HW_WRITE, false, &word),
                     HW_OK);
    assert_int_equal(hw_pte_ppn(word), f->data[0]);
    assert_int_equal(hw_pte_ppn(word_of(f, 0, HW_WRITE)) % 4, 1);
    assert_int_equal(hw_pte_ppn(word_of(f, 1, HW_WRITE)) % 4, 3);
    assert_pmap_invariants(f);
    pmap_remove(f->kernel, kernel, kernel + FRAME);
    assert_int_equal(hw_access_word(f->machine, 0, kernel, HW_READ, false, &word),
                     HW_FAULT_NOT_PRESENT);
    assert_parts("13");
    pmap_switch(f->pmaps, 0, f->user);
    assert_true(word_of(f, 0, HW_READ) == 0);
    pmap_switch(f->pmaps, 0, small);
    assert_true(word_of(f, 0, HW_READ) != 0);
}

/*  a run of references makes the same as one by one: kernel and user in turn, two sizes of pages  */
static void
a_run_over_both_halves_finds_each_its_pages(void **state)
{
    struct pmap_fixture *f = *state;
    vmm_va kernel = f->machine->geometry->kernel_min;
    uint64_t references[64];
    enum hw_outcome outcome;
    struct hw_run run;

    assert_int_equal(pmap_enter(f->kernel, kernel, f->data[1], VMM_PROT_DEFAULT, 0), VMM_OK);
    enter_four(f, VMM_PROT_DEFAULT, PMAP_ENTER_STORE);
    for (unsigned i = 0; i < 64; i++)
        references[i] = i % 2 == 0 ? kernel + (i % 4) * SMALL : page(i / 2 % 5);
    hw_run_begin(&run, f->machine, 0, false);
    assert_int_equal(hw_run_on(&run, references, 64, &outcome), 9);
    assert_int_equal(outcome, HW_FAULT_NOT_PRESENT); /* page 4 */
    assert_int_equal(f->machine->cpus[0].walks, 6);
}

/*  a frame whose four pages are not all modified at once is compressed with a marker each  */
static void
a_marker_stands_for_each_page(void **state)
{
    struct pmap_fixture *f = *state;

    enter_four(f, VMM_PROT_READ, 0);
    pmap_page_compress(f->pmaps, f->data[0]);
    assert_parts("----");
    assert_int_equal(statistics_of(small).compressed_pages, 4);
    enter_part(3, f->data[2], 0, VMM_PROT_READ, 0);
    assert_int_equal(statistics_of(small).compressed_pages, 3);
    pmap_remove(small, page(0), page(4));
    assert_int_equal(statistics_of(small).compressed_pages, 0);
}

/*  a device's block: six pages from the third part of its first frame on  */
static void
a_block_goes_on_in_the_next_frame(void **state)
{
    struct pmap_fixture *f = *state;
    struct pmap_translation found;

    assert_int_equal(
        pmap_map_block(small, page(0), FIXTURE_FRAMES + 1, 2, 6 * SMALL, VMM_PROT_DEFAULT), VMM_OK);
    assert_parts("230123-");
    assert_true(pmap_query(small, page(5), &found));
    assert_int_equal(found.ppn, FIXTURE_FRAMES + 2);
    assert_true(found.is_wired);
    (void)f;
}

/*  nothing is entered by rows  */
static void
rows_leave_it_alone(void **state)
{
    struct pmap_fixture *f = *state;
    struct pmap_row row;

    enter_part(0, f->data[0], 0, VMM_PROT_READ, 0);
    trace_detach(&f->trace, &f->sink);
    assert_false(pmap_row_find(small, page(1), 8, &row));
    trace_attach(&f->trace, &f->sink);
}

#define SMALL_TEST(name) cmocka_unit_test_setup_teardown(name, setup, pmap_fixture_teardown)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        SMALL_TEST(i12_four_pages_of_one_frame_have_a_record_each),
        SMALL_TEST(its_tables_have_four_levels),
        SMALL_TEST(removing_one_page_keeps_the_others),
        SMALL_TEST(disconnecting_the_frame_drops_all_four),
        SMALL_TEST(another_part_replaces_and_flushes),
        SMALL_TEST(protecting_one_page_leaves_the_others),
        SMALL_TEST(a_fast_fault_opens_every_part),
        SMALL_TEST(i18_spaces_with_different_pages_share_a_tlb),
        SMALL_TEST(a_run_over_both_halves_finds_each_its_pages),
        SMALL_TEST(a_marker_stands_for_each_page),
        SMALL_TEST(a_block_goes_on_in_the_next_frame),
        SMALL_TEST(rows_leave_it_alone),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

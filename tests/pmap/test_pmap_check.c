/* test_pmap_check.c - each broken invariant is noticed; every test breaks one thing and mends it */
#include "pmap/pmap_internal.h"
#include "pmap/pmap_pv.h"
#include "pmap_fixture.h"

#include <string.h>

/* The check says no, and begins with this number. */
static void
assert_broken(const struct pmap_fixture *f, const char *number)
{
    const char *broken = pmap_system_check(f->pmaps);

    assert_non_null(broken);
    assert_memory_equal(broken, number, strlen(number));
}

static int
setup(void **state)
{
    struct pmap_fixture *f;

    if (pmap_fixture_setup(state) != 0)
        return 1;
    f = *state;
    enter_picture(f, f->user, "wWr");
    enter_picture(f, f->other, "w");
    enter_picture(f, f->kernel, "Wr");
    assert_int_equal(fixture_access(f, 0, f->user, 0, HW_WRITE), HW_OK);
    assert_int_equal(fixture_access(f, 0, f->user, 2, HW_READ), HW_OK);
    return 0;
}

static void
i12_an_entry_without_a_record(void **state)
{
    struct pmap_fixture *f = *state;
    vmm_va va = pmap_fixture_va(f, f->user, 1);

    pmap_pv_remove(f->pmaps, f->data[1], f->user, va);
    assert_broken(f, "I12 a valid entry has no pv record");
    assert_true(pmap_pv_add(f->pmaps, f->data[1], f->user, va));
}

static void
i12_a_record_without_an_entry(void **state)
{
    struct pmap_fixture *f = *state;
    vmm_va va = pmap_fixture_va(f, f->user, 7);

    assert_true(pmap_pv_add(f->pmaps, f->data[1], f->user, va));
    assert_broken(f, "I12 a pv record has no valid entry");
    pmap_pv_remove(f->pmaps, f->data[1], f->user, va);
}

/*  as many records as entries, but one stands twice and one is missing  */
static void
i12_a_record_that_stands_twice_in_place_of_another(void **state)
{
    struct pmap_fixture *f = *state;
    uint32_t *word = &f->machine->frames.words[f->data[1]];
    uint32_t good = *word;

    *word = pmap_pv_place(f->pmaps, f->user, pmap_fixture_va(f, f->user, 0));
    assert_broken(f, "I12");
    *word = pmap_pv_place(f->pmaps, f->other, pmap_fixture_va(f, f->other, 1));
    assert_broken(f, "I12");
    *word = good;
}

static void
i12_an_entry_that_names_another_frame(void **state)
{
    struct pmap_fixture *f = *state;
    uint64_t *slot = fixture_leaf(f, f->user, 1);
    uint64_t good = *slot;

    *slot = hw_pte_make(f->data[9], good & 0xfff);
    assert_broken(f, "I12");
    *slot = good;
}

static void
i13_each_count(void **state)
{
    struct pmap_fixture *f = *state;

    f->user->resident_pages++;
    assert_broken(f, "I13 resident_pages");
    f->user->resident_pages--;
    f->kernel->wired_pages--;
    assert_broken(f, "I13 wired_pages");
    f->kernel->wired_pages++;
    f->other->table_pages++;
    assert_broken(f, "I13 table_pages");
    f->other->table_pages--;
    f->pmaps->table_pages++;
    assert_broken(f, "I13 table_pages");
    f->pmaps->table_pages--;
}

static void
i13_a_wired_bit_nobody_counted(void **state)
{
    struct pmap_fixture *f = *state;

    *fixture_leaf(f, f->user, 0) ^= HW_PTE_WIRED;
    assert_broken(f, "I13 wired_pages");
    *fixture_leaf(f, f->user, 0) ^= HW_PTE_WIRED;
}

static void
v1_a_chunk_counts_the_places_in_it(void **state)
{
    struct pmap_fixture *f = *state;
    struct pmap_chunk *chunk =
        pmap_chunk_of(f->pmaps, pmap_pv_place(f->pmaps, f->user, pmap_fixture_va(f, f->user, 0)));

    chunk->count++;
    assert_broken(f, "V1");
    chunk->count -= 2;
    assert_broken(f, "V1");
    chunk->count++;
}

static void
i17_a_free_frame_with_a_translation(void **state)
{
    struct pmap_fixture *f = *state;
    uint32_t good = f->machine->frames.words[f->data[0]];

    hw_frame_free(&f->machine->frames, f->data[0]);
    assert_broken(f, "I17");
    assert_int_equal(hw_frame_alloc(&f->machine->frames), f->data[0]);
    f->machine->frames.words[f->data[0]] = good;
}

static void
i18_a_remembered_translation_that_no_table_has(void **state)
{
    struct pmap_fixture *f = *state;
    struct hw_tlb *tlb = &f->machine->cpus[0].tlb;
    uint64_t pte = hw_pte_make(f->data[3], HW_PTE_VALID);

    hw_tlb_fill(tlb, 12345, f->user->asid, pte); /* no table there */
    assert_broken(f, "I18 a TLB holds a translation");
    hw_tlb_flush_page(tlb, 12345, f->user->asid);
    hw_tlb_fill(tlb, 7, 999, pte); /* no such space */
    assert_broken(f, "I18 a TLB holds a translation");
    f->pmaps->pending_global = 1; /* then it is allowed */
    assert_pmap_invariants(f);
    f->pmaps->pending_global = 0;
    hw_tlb_flush_page(tlb, 7, 999);
}

static void
i18_a_remembered_page_that_was_replaced(void **state)
{
    struct pmap_fixture *f = *state;
    uint64_t vpn = hw_vpn(f->machine->geometry, pmap_fixture_va(f, f->user, 0));
    struct hw_tlb *tlb = &f->machine->cpus[1].tlb;

    hw_tlb_fill(tlb, vpn, f->user->asid, hw_pte_make(f->data[5], HW_PTE_VALID | HW_PTE_NX));
    assert_broken(f, "I18 a TLB holds a translation");
    hw_tlb_flush_page(tlb, vpn, f->user->asid);
}

/*  page 0 is 'w', page 2 is 'r': remembering less is fine, more is not  */
static void
i18_a_remembered_right_that_was_taken_away(void **state)
{
    static const struct {
        unsigned page;
        uint64_t bits;
        bool is_fine;
    } rows[] = {
        { 0, HW_PTE_NX, true },
        { 0, HW_PTE_NX | HW_PTE_WRITE | HW_PTE_USER, true },
        { 0, 0, false }, /* EXECUTE */
        { 2, HW_PTE_NX | HW_PTE_USER, true },
        { 2, HW_PTE_NX | HW_PTE_WRITE, false },
    };
    struct pmap_fixture *f = *state;
    struct hw_tlb *tlb = &f->machine->cpus[1].tlb;

    for (size_t i = 0; i < VMM_COUNT_OF(rows); i++) {
        uint64_t vpn = hw_vpn(f->machine->geometry, pmap_fixture_va(f, f->user, rows[i].page));

        hw_tlb_fill(tlb, vpn, f->user->asid,
                    hw_pte_make(f->data[rows[i].page], HW_PTE_VALID | rows[i].bits));
        if (rows[i].is_fine)
            assert_pmap_invariants(f);
        else
            assert_broken(f, "I18 a TLB holds a right");
        hw_tlb_flush_page(tlb, vpn, f->user->asid);
    }
}

#define CASE(test) cmocka_unit_test_setup_teardown(test, setup, pmap_fixture_teardown)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(i12_an_entry_without_a_record),
        CASE(i12_a_record_without_an_entry),
        CASE(i12_a_record_that_stands_twice_in_place_of_another),
        CASE(i12_an_entry_that_names_another_frame),
        CASE(i13_each_count),
        CASE(i13_a_wired_bit_nobody_counted),
        CASE(v1_a_chunk_counts_the_places_in_it),
        CASE(i17_a_free_frame_with_a_translation),
        CASE(i18_a_remembered_translation_that_no_table_has),
        CASE(i18_a_remembered_page_that_was_replaced),
        CASE(i18_a_remembered_right_that_was_taken_away),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

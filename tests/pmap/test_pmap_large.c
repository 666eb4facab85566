/* test_pmap_large.c - leaves above the last level: one word for a whole table's pages; vm.md 5.2 */
#include "pmap/pmap_internal.h"
#include "pmap/pmap_look.h"
#include "pmap_fixture.h"

enum { DEVICE = 0x80000 }; /* frames beyond memory, so that no test needs a large machine */

/* A large leaf at page 0 of a window; the pages it covers. */
static unsigned
enter_large(struct pmap_fixture *f, struct pmap *pmap, uint32_t above, vmm_prot prot,
            uint32_t flags)
{
    assert_int_equal(
        pmap_enter_large(pmap, pmap_fixture_va(f, pmap, 0), DEVICE, prot, flags, above), VMM_OK);
    f->events_length = 0;
    return (unsigned)(pmap_large_bytes(f->pmaps, above) / pmap_page_bytes(pmap));
}

/*  x86_64: 2 MiB and 1 GiB; arm64 with 16 KiB pages: 32 MiB, and more than anybody maps              */
static void
a_large_leaf_covers_what_a_table_would(void **state)
{
    struct pmap_fixture *f = *state;
    bool is_x86 = f->geometry->page_shift == 12;

    assert_int_equal(pmap_large_bytes(f->pmaps, 1), is_x86 ? 2 << 20 : 32 << 20);
    assert_int_equal(pmap_large_bytes(f->pmaps, 2),
                     is_x86 ? (vmm_size)1 << 30 : (vmm_size)64 << 30);
}

static void
one_word_translates_every_page(void **state)
{
    struct pmap_fixture *f = *state;
    uint64_t tables = f->user->table_pages;
    unsigned pages = enter_large(f, f->user, 1, VMM_PROT_READ, PMAP_ENTER_WIRED);
    struct pmap_look_step steps[PMAP_LOOK_LEVELS];
    struct pmap_translation found;
    struct pmap_statistics statistics;
    uint64_t wired;

    assert_int_equal(f->user->table_pages - tables, f->geometry->levels - 2); /* no leaf table */
    assert_true(pmap_query(f->user, pmap_fixture_va(f, f->user, pages - 1), &found));
    assert_int_equal(found.ppn, DEVICE + pages - 1);
    assert_true(found.is_wired);
    assert_false(pmap_query(f->user, pmap_fixture_va(f, f->user, pages), &found));
    assert_int_equal(pmap_count(f->user, pmap_fixture_va(f, f->user, 3),
                                pmap_fixture_va(f, f->user, pages + 9), &wired),
                     pages - 3);
    assert_int_equal(wired, pages - 3);
    pmap_statistics(f->user, &statistics);
    assert_int_equal(statistics.wired_pages, pages);
    assert_int_equal(statistics.resident_pages, 0); /* a device's frames are nobody's memory */
    assert_int_equal(pmap_look_walk(f->user, pmap_fixture_va(f, f->user, 3), steps),
                     f->geometry->levels - 1);
    assert_picture(f, f->user, "RRRR");
    assert_pmap_invariants(f);
}

/*  x86_64 marks it by PS, arm64 by the type of a block in place of a page's (vm.md 5.2)                */
static void
a_large_leaf_is_spelled_as_the_machine_does(void **state)
{
    struct pmap_fixture *f = *state;
    uint64_t word = hw_pte_make(DEVICE, HW_PTE_VALID | HW_PTE_USER | HW_PTE_LARGE);
    bool is_x86 = f->geometry->page_shift == 12;

    assert_int_equal(hw_pte_encode(f->geometry, word) & 3, 1);
    assert_int_equal(hw_pte_encode(f->geometry, word & ~HW_PTE_LARGE) & 3, is_x86 ? 1 : 3);
    assert_int_equal(hw_pte_encode(f->geometry, word) >> 7 & 1, 1); /* PS, or AP[7]: read-only */
}

/*  before   RRRRRRRR      remove page 2: all of it goes, with one flush; XNU has no smaller word      */
static void
removing_a_part_removes_the_whole_leaf(void **state)
{
    struct pmap_fixture *f = *state;
    unsigned pages = enter_large(f, f->user, 1, VMM_PROT_READ, PMAP_ENTER_WIRED);

    assert_int_equal(fixture_access(f, 0, f->user, 1, HW_READ), HW_OK);
    pmap_remove(f->user, pmap_fixture_va(f, f->user, 2), pmap_fixture_va(f, f->user, 3));
    assert_events(f, f->geometry->has_broadcast_flush ? "REMOVE@0 FLUSH@0+2048 SYNC"
                                                      : "REMOVE@0 FLUSH@0+512");
    assert_picture(f, f->user, "----");
    assert_int_equal(fixture_access(f, 0, f->user, 1, HW_READ), HW_FAULT_NOT_PRESENT);
    assert_int_equal(pmap_count(f->user, 0, pmap_fixture_va(f, f->user, pages), NULL), 0);
    assert_pmap_invariants(f);
}

static void
narrowing_a_part_narrows_the_whole_leaf(void **state)
{
    struct pmap_fixture *f = *state;

    enter_large(f, f->user, 1, VMM_PROT_READ | VMM_PROT_WRITE, PMAP_ENTER_WIRED);
    assert_int_equal(fixture_access(f, 0, f->user, 5, HW_WRITE), HW_OK);
    pmap_protect(f->user, pmap_fixture_va(f, f->user, 2), pmap_fixture_va(f, f->user, 3),
                 VMM_PROT_READ);
    assert_picture(f, f->user, "RRRR");
    assert_int_equal(fixture_access(f, 0, f->user, 5, HW_WRITE), HW_FAULT_PROTECTION);
    assert_pmap_invariants(f);
}

/* A machine whose TLBs know pages only; each of a large leaf is remembered by itself. */
static int
setup_without_large_entries(void **state)
{
    static struct hw_geometry geometry;

    geometry = hw_geometry_x86_64;
    geometry.large = (struct hw_tlb_geometry){ 0, 0 };
    return pmap_fixture_setup_on(state, &geometry);
}

/*  pages   0 1 2 3 4 5      page 2 is protected, 5 and 1 are remembered with WRITE: the flush goes as far
 *  flush   ^^^^^^^^^^^      as the change did, also when it goes page by page                            */
static void
narrowing_a_part_flushes_the_whole_leaf(void **state)
{
    struct pmap_fixture *f = *state;
    unsigned pages = enter_large(f, f->user, 1, VMM_PROT_READ | VMM_PROT_WRITE, PMAP_ENTER_WIRED);

    f->pmaps->behavior.page_flush_limit = 4 * pages;
    assert_int_equal(fixture_access(f, 0, f->user, 1, HW_WRITE), HW_OK);
    assert_int_equal(fixture_access(f, 0, f->user, 5, HW_WRITE), HW_OK);
    pmap_protect(f->user, pmap_fixture_va(f, f->user, 2), pmap_fixture_va(f, f->user, 3),
                 VMM_PROT_READ);
    assert_events(f, "PROTECT@0 FLUSH@0+512");
    assert_int_equal(fixture_access(f, 0, f->user, 1, HW_WRITE), HW_FAULT_PROTECTION);
    assert_int_equal(fixture_access(f, 0, f->user, 5, HW_WRITE), HW_FAULT_PROTECTION);
    assert_pmap_invariants(f);
}

/*  before   RRRR      a page of its own at 1: the leaf makes way, and its other pages fault           */
static void
a_page_among_them_takes_the_leafs_place(void **state)
{
    struct pmap_fixture *f = *state;

    enter_large(f, f->user, 1, VMM_PROT_READ, PMAP_ENTER_WIRED);
    enter_picture(f, f->user, "-r--");
    assert_picture(f, f->user, "-r--");
    pmap_remove(f->user, pmap_fixture_va(f, f->user, 0), pmap_fixture_va(f, f->user, 4));
    enter_large(f, f->user, 1, VMM_PROT_READ, PMAP_ENTER_WIRED); /* the empty table makes way too */
    assert_picture(f, f->user, "RRRR");
    assert_pmap_invariants(f);
}

/*  before   RRRR      the same frames with WRITE too: on x86 no flush (vm.md 5.4); others: one           */
static void
a_leaf_over_a_leaf_flushes_as_a_page_over_a_page(void **state)
{
    struct pmap_fixture *f = *state;
    vmm_va va = pmap_fixture_va(f, f->user, 0);
    bool is_arm64 = f->geometry->has_broadcast_flush;
    unsigned pages = enter_large(f, f->user, 1, VMM_PROT_READ, PMAP_ENTER_WIRED);

    assert_int_equal(
        pmap_enter_large(f->user, va, DEVICE, VMM_PROT_READ | VMM_PROT_WRITE, PMAP_ENTER_WIRED, 1),
        VMM_OK);
    assert_events(f, is_arm64 ? "FLUSH@0+2048 SYNC ENTER@0" : "ENTER@0");
    assert_picture(f, f->user, "WWWW");
    f->events_length = 0;
    assert_int_equal(pmap_enter_large(f->user, va, DEVICE + pages, VMM_PROT_READ, 0, 1), VMM_OK);
    assert_events(f,
                  is_arm64 ? "REMOVE@0 FLUSH@0+2048 SYNC ENTER@0" : "REMOVE@0 FLUSH@0+512 ENTER@0");
    assert_picture(f, f->user, "rrrr");
    assert_pmap_invariants(f);
}

static void
eviction_leaves_large_leaves_alone(void **state)
{
    struct pmap_fixture *f = *state;

    enter_large(f, f->user, 1, VMM_PROT_READ, PMAP_ENTER_WIRED);
    pmap_remove_unwired(f->user);
    assert_picture(f, f->user, "RRRR");
}

/*  1 GiB on x86_64, in the kernel's half: the root's child is the leaf                                */
static void
a_leaf_two_levels_up_serves_its_pages(void **state)
{
    struct pmap_fixture *f = *state;
    vmm_va va = (f->geometry->kernel_max - ((vmm_va)4 << 30)) & ~(((vmm_va)1 << 30) - 1);
    struct pmap_translation found;
    vmm_ppn ppn;

    assert_int_equal(pmap_enter_large(f->kernel, va, DEVICE, VMM_PROT_READ, PMAP_ENTER_WIRED, 2),
                     VMM_OK);
    assert_true(pmap_query(f->kernel, va + 0x12345000, &found));
    assert_int_equal(found.ppn, DEVICE + 0x12345);
    assert_int_equal(hw_access(f->machine, 0, va + 0x3ffff000, HW_READ, false, &ppn), HW_OK);
    assert_int_equal(ppn, DEVICE + 0x3ffff);
    assert_pmap_invariants(f);
    pmap_remove(f->kernel, va + 0x1000, va + 0x2000);
    assert_false(pmap_query(f->kernel, va, &found));
    assert_pmap_invariants(f);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        BOTH(a_large_leaf_covers_what_a_table_would),
        BOTH(one_word_translates_every_page),
        BOTH(a_large_leaf_is_spelled_as_the_machine_does),
        BOTH(removing_a_part_removes_the_whole_leaf),
        BOTH(narrowing_a_part_narrows_the_whole_leaf),
        BOTH(a_page_among_them_takes_the_leafs_place),
        BOTH(a_leaf_over_a_leaf_flushes_as_a_page_over_a_page),
        BOTH(eviction_leaves_large_leaves_alone),
        cmocka_unit_test_setup_teardown(narrowing_a_part_flushes_the_whole_leaf,
                                        setup_without_large_entries, pmap_fixture_teardown),
        cmocka_unit_test_setup_teardown(a_leaf_two_levels_up_serves_its_pages, pmap_fixture_setup,
                                        pmap_fixture_teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

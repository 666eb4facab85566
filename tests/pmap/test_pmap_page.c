/* test_pmap_page.c - every mapping of a page; attributes, markers, T9, arm64's own ways; vm.md 5.2-5.4 */
#include "pmap/pmap_internal.h"
#include "pmap_fixture.h"

#include <string.h>

static vmm_va
va_of(const struct pmap_fixture *f, const struct pmap *pmap, unsigned n)
{
    return pmap_fixture_va(f, pmap, n);
}

static struct pmap_statistics
statistics_of(const struct pmap *pmap)
{
    struct pmap_statistics statistics;

    pmap_statistics(pmap, &statistics);
    return statistics;
}

/* ---- x86_64 ---- */

/*  T9: frame 0 wired, then frame 5: the true count goes down, the statistic of 10.10 and later does not  */
static void
t9_the_wired_statistic_drifts_and_the_true_count_does_not(void **state)
{
    struct pmap_fixture *f = *state;

    for (unsigned drifts = 0; drifts < 2; drifts++) {
        f->pmaps->behavior.wired_statistic_drifts = drifts;
        enter_picture(f, f->user, "W");
        assert_int_equal(statistics_of(f->user).wired_statistic, 1);
        assert_int_equal(pmap_enter(f->user, va_of(f, f->user, 0), f->data[5], VMM_PROT_READ, 0),
                         VMM_OK);
        assert_int_equal(statistics_of(f->user).wired_pages, 0);
        assert_int_equal(statistics_of(f->user).wired_statistic, drifts);
        pmap_remove(f->user, va_of(f, f->user, 0), va_of(f, f->user, 1));
        assert_int_equal(statistics_of(f->user).wired_statistic, drifts);
    }
}

/*  what the hardware noted outlives the mapping, and begins again with the frame's next life  */
static void
refmod_is_harvested_when_a_mapping_goes(void **state)
{
    struct pmap_fixture *f = *state;

    enter_picture(f, f->user, "wr");
    assert_int_equal(pmap_refmod(f->pmaps, f->data[0]), 0);
    assert_int_equal(fixture_access(f, 0, f->user, 0, HW_WRITE), HW_OK);
    assert_int_equal(fixture_access(f, 0, f->user, 1, HW_READ), HW_OK);
    assert_int_equal(pmap_refmod(f->pmaps, f->data[0]), PMAP_REFMOD);
    assert_int_equal(pmap_refmod(f->pmaps, f->data[1]), PMAP_REFERENCED);
    pmap_page_protect(f->pmaps, f->data[0], VMM_PROT_NONE);
    assert_int_equal(pmap_refmod(f->pmaps, f->data[0]), PMAP_REFMOD);
    pmap_page_begin(f->pmaps, f->data[0]);
    assert_int_equal(pmap_refmod(f->pmaps, f->data[0]), 0);
}

/*  kernel  wWrR-w      a pmap is a cache: what is not wired may go at any time, and goes here
 *  after   -W-R--      while the other pmaps are not asked                                    */
static void
remove_unwired_leaves_what_is_wired(void **state)
{
    struct pmap_fixture *f = *state;

    enter_picture(f, f->kernel, "wWrR-w");
    enter_picture(f, f->user, "w");
    assert_true(f->events_length > 0);
    f->events_length = 0;
    f->events[0] = '\0';
    pmap_remove_unwired(f->kernel);
    assert_picture(f, f->kernel, "-W-R--");
    assert_picture(f, f->user, "w");
    assert_null(pmap_system_check(f->pmaps));
    assert_true(f->events_length > 0);
    f->events_length = 0;
    f->events[0] = '\0';
    pmap_remove_unwired(f->kernel); /* nothing more, and no flush */
    assert_int_equal(f->events_length, 0);
}

/*  each mapping is flushed, whether the bit was set or not; the next store notes it again  */
static void
clear_refmod_flushes_each_mapping(void **state)
{
    struct pmap_fixture *f = *state;

    enter_picture(f, f->user, "w");
    enter_picture(f, f->other, "W");
    assert_int_equal(fixture_access(f, 0, f->user, 0, HW_WRITE), HW_OK);
    f->events_length = 0;
    pmap_clear_refmod(f->pmaps, f->data[0], PMAP_MODIFIED);
    assert_events(f, "FLUSH@0+1 FLUSH@0+1");
    assert_int_equal(pmap_refmod(f->pmaps, f->data[0]), PMAP_REFERENCED);
    assert_int_equal(fixture_access(f, 0, f->user, 0, HW_WRITE), HW_OK);
    assert_int_equal(pmap_refmod(f->pmaps, f->data[0]), PMAP_REFMOD);
    pmap_clear_refmod(f->pmaps, f->data[0], PMAP_REFMOD);
    assert_int_equal(pmap_refmod(f->pmaps, f->data[0]), 0);
}

/*  the marker stands in an invalid word: not resident, not wired; entering or removing takes it away  */
static void
a_compressed_page_leaves_a_marker(void **state)
{
    struct pmap_fixture *f = *state;

    enter_picture(f, f->user, "Ww");
    pmap_page_compress(f->pmaps, f->data[0]);
    pmap_page_compress(f->pmaps, f->data[1]);
    assert_picture(f, f->user, "--");
    assert_true(*fixture_leaf(f, f->user, 0) == HW_PTE_COMPRESSED);
    assert_int_equal(statistics_of(f->user).compressed_pages, 2);
    assert_int_equal(statistics_of(f->user).wired_pages, 0);
    assert_pmap_invariants(f);
    f->events_length = 0;
    enter_picture(f, f->user, "r");
    assert_events(f, "ENTER@0");
    assert_false(*fixture_leaf(f, f->user, 0) & HW_PTE_REF); /* the marker is no reference */
    pmap_remove(f->user, va_of(f, f->user, 1), va_of(f, f->user, 2));
    assert_events(f, "");
    assert_int_equal(statistics_of(f->user).compressed_pages, 0);
}

/*  frames beyond memory are a device's: wired words, nothing resident, no record  */
static void
a_block_of_device_frames_has_no_records(void **state)
{
    struct pmap_fixture *f = *state;

    assert_int_equal(pmap_map_block(f->user, va_of(f, f->user, 0), FIXTURE_FRAMES + 1, 0, 3 * 4096,
                                    VMM_PROT_READ | VMM_PROT_WRITE),
                     VMM_OK);
    assert_picture(f, f->user, "WWW-");
    assert_int_equal(statistics_of(f->user).resident_pages, 0);
    assert_int_equal(statistics_of(f->user).wired_pages, 3);
    assert_false(pmap_page_is_mapped(f->pmaps, FIXTURE_FRAMES + 1));
    assert_pmap_invariants(f);
    f->events_length = 0;
    pmap_remove(f->user, va_of(f, f->user, 0), va_of(f, f->user, 3));
    assert_events(f, "REMOVE@0 REMOVE@1 REMOVE@2 FLUSH@0+3");
    assert_int_equal(statistics_of(f->user).wired_pages, 0);
}

/*                        no table    no translation
 *  x86    wire, unwire   panic       left alone
 *  arm64  wire           panic       panic
 *         unwire         left alone  left alone          vm.md 5.3                             */
static void
change_wiring_says_where_xnu_panics(void **state)
{
    struct pmap_fixture *f = *state;
    bool is_arm64 = f->geometry->has_software_refmod;

    assert_false(pmap_change_wiring(f->user, va_of(f, f->user, 0), true));
    assert_int_equal(pmap_change_wiring(f->user, va_of(f, f->user, 0), false), is_arm64);
    enter_picture(f, f->user, "r");
    assert_int_equal(pmap_change_wiring(f->user, va_of(f, f->user, 1), true), !is_arm64);
    assert_true(pmap_change_wiring(f->user, va_of(f, f->user, 1), false));
    assert_true(pmap_change_wiring(f->user, va_of(f, f->user, 0), true));
    assert_picture(f, f->user, "R-");
}

/* ---- arm64 ---- */

/*  5.2: the words as the machine spells them  */
static void
words_are_spelled_as_5_2_says(void **state)
{
    struct pmap_fixture *f = *state;
    const uint64_t read_only = (uint64_t)1 << 7, user = (uint64_t)1 << 6 | (uint64_t)1 << 11;
    const uint64_t af = (uint64_t)1 << 10, pnx = (uint64_t)1 << 53, nx = (uint64_t)1 << 54;
    const uint64_t wired = (uint64_t)1 << 58, soft = (uint64_t)1 << 59;
    uint64_t frame[4];

    for (unsigned n = 0; n < 4; n++)
        frame[n] = (uint64_t)f->data[n] << 14;
    enter_picture(f, f->user, "wRX");
    enter_picture(f, f->kernel, "---w");
    assert_true(hw_pte_encode(f->geometry, *fixture_leaf(f, f->user, 0)) ==
                (frame[0] | 3 | read_only | user | af | pnx | nx | soft));
    assert_true(hw_pte_encode(f->geometry, *fixture_leaf(f, f->user, 1)) ==
                (frame[1] | 3 | read_only | user | af | pnx | nx | wired));
    assert_true(hw_pte_encode(f->geometry, *fixture_leaf(f, f->user, 2)) ==
                (frame[2] | 3 | read_only | user | af | pnx | wired));
    assert_true(hw_pte_encode(f->geometry, *fixture_leaf(f, f->kernel, 3)) ==
                (frame[3] | 3 | af | pnx | nx));
    assert_true(hw_pte_encode(f->geometry, HW_PTE_COMPRESSED) == (uint64_t)1 << 63);
    assert_true(hw_pte_encode(&hw_geometry_x86_64, HW_PTE_COMPRESSED) == HW_PTE_COMPRESSED);
}

/*  a page in two users' pmaps: the first store opens both, one TLBI each, one DSB, no vm_fault  */
static void
a_first_store_is_a_fast_fault(void **state)
{
    struct pmap_fixture *f = *state;

    enter_picture(f, f->user, "w");
    enter_picture(f, f->other, "w");
    assert_picture(f, f->user, "r");
    f->events_length = 0;
    assert_int_equal(fixture_access(f, 0, f->user, 0, HW_WRITE), HW_FAULT_PROTECTION);
    assert_false(pmap_fast_fault(f->user, va_of(f, f->user, 0), VMM_PROT_READ));
    assert_true(pmap_fast_fault(f->user, va_of(f, f->user, 0) + 5, VMM_PROT_WRITE));
    assert_events(f, "FLUSH@0+1 FLUSH@0+1 SYNC FAST_FAULT@0");
    assert_int_equal(fixture_access(f, 0, f->user, 0, HW_WRITE), HW_OK);
    assert_picture(f, f->user, "w");
    assert_picture(f, f->other, "w");
    assert_int_equal(pmap_refmod(f->pmaps, f->data[0]), PMAP_REFMOD);
    assert_false(pmap_fast_fault(f->user, va_of(f, f->user, 0), VMM_PROT_WRITE));
    pmap_remove(f->other, va_of(f, f->other, 0), va_of(f, f->other, 1));
    enter_picture(f, f->other, "w"); /* modified already: no mark this time */
    assert_picture(f, f->other, "w");
}

/*  a store's fault and the kernel's pmap get WRITE at once  */
static void
a_store_and_the_kernel_get_write_at_once(void **state)
{
    struct pmap_fixture *f = *state;

    assert_int_equal(pmap_enter(f->user, va_of(f, f->user, 0), f->data[0],
                                VMM_PROT_READ | VMM_PROT_WRITE, PMAP_ENTER_STORE),
                     VMM_OK);
    assert_int_equal(pmap_enter(f->kernel, va_of(f, f->kernel, 0), f->data[1],
                                VMM_PROT_READ | VMM_PROT_WRITE, 0),
                     VMM_OK);
    assert_picture(f, f->user, "w");
    assert_picture(f, f->kernel, "w");
    assert_true(pmap_refmod(f->pmaps, f->data[0]) & PMAP_MODIFIED);
    assert_true(pmap_refmod(f->pmaps, f->data[1]) & PMAP_MODIFIED);
}

/*  clearing takes AF and WRITE from what is not wired; the next use brings them back  */
static void
clear_refmod_makes_fast_faults_and_spares_what_is_wired(void **state)
{
    struct pmap_fixture *f = *state;

    assert_int_equal(pmap_enter(f->user, va_of(f, f->user, 0), f->data[0],
                                VMM_PROT_READ | VMM_PROT_WRITE, PMAP_ENTER_STORE),
                     VMM_OK);
    enter_picture(f, f->other, "W");
    f->events_length = 0;
    pmap_clear_refmod(f->pmaps, f->data[0], PMAP_REFMOD);
    assert_events(f, "FLUSH@0+1 SYNC");
    assert_picture(f, f->user, "r");
    assert_picture(f, f->other, "W");
    assert_int_equal(pmap_refmod(f->pmaps, f->data[0]), 0);
    assert_int_equal(fixture_access(f, 0, f->user, 0, HW_READ), HW_FAULT_ACCESS_FLAG);
    assert_true(pmap_fast_fault(f->user, va_of(f, f->user, 0), VMM_PROT_READ));
    assert_int_equal(fixture_access(f, 0, f->user, 0, HW_READ), HW_OK);
    assert_int_equal(fixture_access(f, 0, f->user, 0, HW_WRITE), HW_FAULT_PROTECTION);
    assert_int_equal(pmap_refmod(f->pmaps, f->data[0]), PMAP_REFERENCED);
}

/*  protect takes the mark too, so that a later store is a real fault; and it flushes each table  */
static void
protect_clears_the_mark_and_flushes_each_table(void **state)
{
    struct pmap_fixture *f = *state;
    unsigned table = 2048;

    enter_picture(f, f->user, "w");
    assert_int_equal(pmap_enter(f->user, va_of(f, f->user, table), f->data[1], VMM_PROT_READ, 0),
                     VMM_OK);
    assert_int_equal(
        pmap_enter(f->user, va_of(f, f->user, table + 1), f->data[2], VMM_PROT_READ, 0), VMM_OK);
    pmap_remove(f->user, va_of(f, f->user, table), va_of(f, f->user, table + 1));
    f->events_length = 0;
    pmap_protect(f->user, va_of(f, f->user, 0), va_of(f, f->user, table + 1), VMM_PROT_READ);
    assert_events(f, "PROTECT@0 FLUSH@0+2048 SYNC FLUSH@2048+1 SYNC"); /* the second has no word */
    assert_false(pmap_fast_fault(f->user, va_of(f, f->user, 0), VMM_PROT_WRITE));
}

/*  a user's table goes when its last word does; the kernel's stays  */
static void
an_empty_table_of_a_user_is_freed(void **state)
{
    struct pmap_fixture *f = *state;
    uint64_t before = statistics_of(f->user).table_pages;
    uint64_t kernel_tables;

    enter_picture(f, f->user, "ww");
    enter_picture(f, f->kernel, "w");
    kernel_tables = statistics_of(f->kernel).table_pages;
    pmap_remove(f->user, va_of(f, f->user, 0), va_of(f, f->user, 1));
    assert_int_equal(statistics_of(f->user).table_pages, before + 2);
    pmap_remove(f->user, va_of(f, f->user, 1), va_of(f, f->user, 2));
    assert_int_equal(statistics_of(f->user).table_pages, before + 1);
    assert_int_equal(f->trace.counters[EV_PMAP_TABLE_FREE], 1);
    pmap_remove(f->kernel, va_of(f, f->kernel, 0), va_of(f, f->kernel, 1));
    assert_int_equal(statistics_of(f->kernel).table_pages, kernel_tables);
    enter_picture(f, f->user, "w"); /* not into the freed one */
    assert_pmap_invariants(f);
}

/*  before  cd      a marker, and a page that was disconnected: nothing there is valid any more
 *  remove  ^^      flushes nothing, and the table goes all the same (vm.md 5.2, 5.3)          */
static void
a_table_that_emptied_in_other_ways_is_freed_too(void **state)
{
    struct pmap_fixture *f = *state;
    uint64_t before = statistics_of(f->user).table_pages;

    enter_picture(f, f->user, "ww");
    pmap_page_compress(f->pmaps, f->data[0]);
    pmap_page_protect(f->pmaps, f->data[1], VMM_PROT_NONE);
    f->events_length = 0;
    pmap_remove(f->user, va_of(f, f->user, 1), va_of(f, f->user, 2));
    assert_int_equal(statistics_of(f->user).table_pages, before + 2); /* the marker needs it */
    pmap_remove(f->user, va_of(f, f->user, 0), va_of(f, f->user, 1));
    assert_int_equal(statistics_of(f->user).table_pages, before + 1);
    assert_int_equal(f->trace.counters[EV_PMAP_TABLE_FREE], 1);
    assert_events(f, "");
}

static int
setup_with_walk_caches(void **state)
{
    static struct hw_geometry geometry;

    geometry = hw_geometry_arm64_16k;
    geometry.walk_entries[1] = geometry.walk_entries[2] = 4;
    return pmap_fixture_setup_on(state, &geometry);
}

/*  a walk that ended in an empty table left its address with the walker; the freed one must not be believed  */
static void
a_freed_table_is_forgotten_by_walkers(void **state)
{
    struct pmap_fixture *f = *state;
    const struct hw_cpu *cpu = &f->machine->cpus[0];
    uint64_t before;

    enter_picture(f, f->user, "r");
    pmap_page_protect(f->pmaps, f->data[0], VMM_PROT_NONE);
    assert_int_equal(fixture_access(f, 0, f->user, 0, HW_READ), HW_FAULT_NOT_PRESENT);
    pmap_remove(f->user, va_of(f, f->user, 0), va_of(f, f->user, 1));
    assert_int_equal(f->trace.counters[EV_PMAP_TABLE_FREE], 1);
    enter_picture(f, f->user, "r");
    before = cpu->walk_reads;
    assert_int_equal(fixture_access(f, 0, f->user, 0, HW_READ), HW_OK);
    assert_int_equal(cpu->walk_reads - before, f->geometry->levels);
}

/*  AF is a part of the word, and every change of a valid word flushes (vm.md 5.4)  */
static void
enter_that_sets_af_again_flushes(void **state)
{
    struct pmap_fixture *f = *state;

    enter_picture(f, f->user, "r");
    pmap_clear_refmod(f->pmaps, f->data[0], PMAP_REFERENCED);
    f->events_length = 0;
    enter_picture(f, f->user, "r");
    assert_events(f, "FLUSH@0+1 SYNC ENTER@0");
    enter_picture(f, f->user, "r");
    assert_events(f, "ENTER@0");
}

/*  more than 256 pages are one TLBI for the space  */
static void
a_large_broadcast_is_one_for_the_space(void **state)
{
    struct pmap_fixture *f = *state;

    enter_picture(f, f->user, "r");
    assert_int_equal(fixture_access(f, 0, f->user, 0, HW_READ), HW_OK);
    pmap_remove(f->user, va_of(f, f->user, 0), va_of(f, f->user, 300));
    assert_int_equal(fixture_access(f, 0, f->user, 0, HW_READ), HW_FAULT_NOT_PRESENT);
    assert_pmap_invariants(f);
}

#define CASE(test) cmocka_unit_test_setup_teardown(test, pmap_fixture_setup, pmap_fixture_teardown)
#define ARM64(test) \
    cmocka_unit_test_setup_teardown(test, pmap_fixture_setup_arm64, pmap_fixture_teardown)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(t9_the_wired_statistic_drifts_and_the_true_count_does_not),
        CASE(refmod_is_harvested_when_a_mapping_goes),
        CASE(remove_unwired_leaves_what_is_wired),
        ARM64(remove_unwired_leaves_what_is_wired),
        CASE(clear_refmod_flushes_each_mapping),
        CASE(a_compressed_page_leaves_a_marker),
        CASE(a_block_of_device_frames_has_no_records),
        CASE(change_wiring_says_where_xnu_panics),
        ARM64(change_wiring_says_where_xnu_panics),
        ARM64(words_are_spelled_as_5_2_says),
        ARM64(a_first_store_is_a_fast_fault),
        ARM64(a_store_and_the_kernel_get_write_at_once),
        ARM64(clear_refmod_makes_fast_faults_and_spares_what_is_wired),
        ARM64(protect_clears_the_mark_and_flushes_each_table),
        ARM64(an_empty_table_of_a_user_is_freed),
        ARM64(a_table_that_emptied_in_other_ways_is_freed_too),
        cmocka_unit_test_setup_teardown(a_freed_table_is_forgotten_by_walkers,
                                        setup_with_walk_caches, pmap_fixture_teardown),
        ARM64(enter_that_sets_af_again_flushes),
        ARM64(a_large_broadcast_is_one_for_the_space),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* test_vm_map_behavior.c - advice, and what it does to entries and pages; vm.md 2.1, 2.3 */
#include "vm_fixture.h"

#include "vm/vm_user.h"

static enum vmm_status
advise(struct vm_fixture *f, unsigned from, unsigned to, uint32_t behavior)
{
    return vm_behavior_set(f->map, page(f, from), (vmm_size)(to - from) * PAGE, behavior);
}

static struct vm_region
region_of(struct vm_fixture *f, unsigned n)
{
    struct vm_region region;

    assert_true(vm_map_region(f->map, page(f, n), &region));
    return region;
}

static void
store_all(struct vm_fixture *f, unsigned from, unsigned to)
{
    for (unsigned n = from; n < to; n++)
        assert_int_equal(user_store(f, n, (uint8_t)(n + 1)), VMM_OK);
}

/*  pages   xxxxxxxx      then "random" for [2, 5)
 *  entries aabbbccc      cut, and "default" afterwards does not merge them again            */
static void
a_pattern_cuts_entries_and_nothing_merges_them(void **state)
{
    struct vm_fixture *f = *state;

    draw_pages(f, "xxxxxxxx");
    assert_int_equal(advise(f, 2, 5, VM_BEHAVIOR_RANDOM), VMM_OK);
    assert_int_equal(advise(f, 2, 5, VM_BEHAVIOR_DEFAULT), VMM_OK);
    assert_int_equal(region_of(f, 0).end, page(f, 2));
    assert_int_equal(region_of(f, 2).end, page(f, 5));
    assert_int_equal(region_of(f, 5).end, page(f, 8));
}

/*  pages   xx.x          every advice but the reading of patterns wants a range without holes  */
static void
advice_over_a_hole_is_code_1(void **state)
{
    struct vm_fixture *f = *state;

    draw_pages(f, "xx.x");
    for (uint32_t behavior = 0; behavior < VM_BEHAVIOR_COUNT; behavior++)
        assert_int_equal(advise(f, 0, 4, behavior), VMM_INVALID_ADDRESS);
    assert_int_equal(region_of(f, 0).end, page(f, 2));
}

/*  The first page of a map is in it, and what is behind its last is not                            */
static void
advice_reaches_from_end_to_end(void **state)
{
    struct vm_fixture *f = *state;
    vmm_va end = vm_map_max(f->map);

    assert_int_equal(vm_behavior_set(f->map, vm_map_min(f->map), PAGE, VM_BEHAVIOR_RANDOM), VMM_OK);
    assert_int_equal(vm_behavior_set(f->map, end - PAGE, PAGE, VM_BEHAVIOR_RANDOM),
                     VMM_INVALID_ADDRESS);
    assert_int_equal(vm_behavior_set(f->map, end - PAGE, 2 * PAGE, VM_BEHAVIOR_RANDOM),
                     VMM_NO_SPACE);
}

static uint64_t
dirty_pages(struct vm_fixture *f, unsigned n)
{
    struct vm_region_pages pages;

    assert_true(vm_map_region_pages(f->map, page(f, n), true, &pages));
    return pages.dirty;
}

/*  pages   xx.x          FREE reaches what stands before the hole: those pages need not be kept  */
static void
free_stops_at_the_first_hole(void **state)
{
    struct vm_fixture *f = *state;

    draw_pages(f, "xx.x");
    store_all(f, 0, 2);
    store_all(f, 3, 4);
    assert_int_equal(advise(f, 0, 4, VM_BEHAVIOR_FREE), VMM_INVALID_ADDRESS);
    assert_int_equal(dirty_pages(f, 0), 0);
    assert_int_equal(dirty_pages(f, 3), 1);
}

/*  Who waits to copy an object still wants its bytes; who shares it sees them go.  */
static void
free_keeps_what_a_copy_was_promised(void **state)
{
    struct vm_fixture *f = *state;
    const bool copies[] = { true, false };

    for (size_t i = 0; i < 2; i++) {
        struct vm_remap_call call = { .size = 2 * PAGE,
                                      .flags = VM_MAP_ANYWHERE,
                                      .source_map = f->map,
                                      .copy = copies[i],
                                      .inheritance = VMM_INHERIT_COPY };
        vmm_prot prot, max_prot;
        vmm_va at = 0;

        vm_fixture_restart(f, "macos-15.4");
        draw_pages(f, "xx");
        store_all(f, 0, 2);
        call.source_map = f->map;
        call.source = page(f, 0);
        assert_int_equal(vm_remap(f->map, &at, &call, &prot, &max_prot), VMM_OK);
        assert_int_equal(advise(f, 0, 2, VM_BEHAVIOR_FREE), VMM_OK);
        assert_int_equal(dirty_pages(f, 0), copies[i] ? 2 : 0);
    }
}

/*  Only what may be written can be zeroed when it is unwired; 14 and before pass over the rest.  */
static void
zeroing_at_unwire_needs_write(void **state)
{
    static const char *const names[] = { "macos-15.4", "macos-14" };
    struct vm_fixture *f = *state;

    for (size_t i = 0; i < 2; i++) {
        vm_fixture_restart(f, names[i]);
        draw_pages(f, "xx");
        assert_int_equal(vm_protect(f->map, page(f, 1), PAGE, false, VMM_PROT_READ), VMM_OK);
        assert_int_equal(advise(f, 0, 2, VM_BEHAVIOR_ZERO_WIRED_PAGES),
                         i == 0 ? VMM_PROTECTION_FAILURE : VMM_OK);
    }
}

/*  pages   xxxx          touched: 1 and 2; zeroing makes no page that was not there  */
static void
zero_brings_nothing_in(void **state)
{
    struct vm_fixture *f = *state;
    uint8_t byte;

    draw_pages(f, "xxxx");
    store_all(f, 1, 3);
    assert_int_equal(advise(f, 0, 4, VM_BEHAVIOR_ZERO), VMM_OK);
    assert_int_equal(region_of(f, 0).resident_pages, 2);
    assert_int_equal(user_load(f, 2, &byte), VMM_OK);
    assert_int_equal(byte, 0);
}

/*  copy    of what the first entry was: neither side of a pending copy, nor what a copy depends on, is
 *          zeroed; the entries before it are                                                       */
static void
zero_refuses_what_a_copy_depends_on(void **state)
{
    struct vm_fixture *f = *state;
    uint8_t byte;

    vm_fixture_restart(f, "macos-15.4");
    draw_pages(f, "xxxxx.xxxxx");
    store_all(f, 0, 5);
    store_all(f, 6, 11);
    assert_int_equal(vm_copy(f->map, page(f, 0), 4 * PAGE, page(f, 6)), VMM_OK);
    assert_int_equal(advise(f, 0, 4, VM_BEHAVIOR_ZERO), VMM_NO_ACCESS);
    assert_int_equal(advise(f, 6, 10, VM_BEHAVIOR_ZERO), VMM_NO_ACCESS);
    assert_int_equal(advise(f, 10, 11, VM_BEHAVIOR_ZERO), VMM_OK);
    assert_int_equal(user_load(f, 10, &byte), VMM_OK);
    assert_int_equal(byte, 0);
}

/*  pages   xxx.xx        nothing is there; the middle one may only be read, the last not even that */
static void
willneed_touches_what_is_anonymous(void **state)
{
    struct vm_fixture *f = *state;

    vm_fixture_restart(f, "macos-15.4");
    draw_pages(f, "xxx.xx");
    assert_int_equal(vm_protect(f->map, page(f, 1), PAGE, false, VMM_PROT_READ), VMM_OK);
    assert_int_equal(vm_protect(f->map, page(f, 2), PAGE, false, VMM_PROT_NONE), VMM_OK);
    assert_int_equal(advise(f, 0, 3, VM_BEHAVIOR_WILLNEED), VMM_OK);
    assert_int_equal(region_of(f, 0).resident_pages, 1);
    assert_int_equal(region_of(f, 1).resident_pages, 0);
    assert_int_equal(advise(f, 2, 5, VM_BEHAVIOR_WILLNEED), VMM_INVALID_ADDRESS);
    assert_int_equal(region_of(f, 4).resident_pages, 0);
}

int
main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, vm_fixture_setup, vm_fixture_teardown)
    const struct CMUnitTest tests[] = {
        TEST(a_pattern_cuts_entries_and_nothing_merges_them),
        TEST(advice_over_a_hole_is_code_1),
        TEST(advice_reaches_from_end_to_end),
        TEST(free_stops_at_the_first_hole),
        TEST(free_keeps_what_a_copy_was_promised),
        TEST(zeroing_at_unwire_needs_write),
        TEST(zero_brings_nothing_in),
        TEST(zero_refuses_what_a_copy_depends_on),
        TEST(willneed_touches_what_is_anonymous),
    };

    return cmocka_run_group_tests_name("vm_map_behavior", tests, NULL, NULL);
}

/* test_vm_purgeable.c - memory that its owner can do without; vm.md 4.3, 7.2 */
#include "vm_fixture.h"

#include "vm/vm_internal.h"
#include "vm/vm_purgeable.h"
#include "vm/vm_user.h"

enum { NONVOLATILE, VOLATILE, EMPTY };

/* Purgeable pages [first, first + count), each written. */
static void
draw_purgeable(struct vm_fixture *f, unsigned first, unsigned count)
{
    vmm_va address = page(f, first);

    assert_int_equal(
        vm_allocate(f->map, &address, (vmm_size)count * PAGE, VM_MAP_FIXED | VM_MAP_PURGABLE),
        VMM_OK);
    for (unsigned n = first; n < first + count; n++)
        assert_int_equal(user_store(f, n, 0x77), VMM_OK);
}

/* Sets the state of the object at page n; what it was. */
static int
set_state(struct vm_fixture *f, unsigned n, int state)
{
    assert_int_equal(vm_purgable_control(f->map, page(f, n), VM_PURGABLE_SET_STATE, &state),
                     VMM_OK);
    return state;
}

static int
state_at(struct vm_fixture *f, unsigned n)
{
    int state = -1;

    assert_int_equal(vm_purgable_control(f->map, page(f, n), VM_PURGABLE_GET_STATE, &state),
                     VMM_OK);
    return state;
}

static struct vm_statistics
statistics(const struct vm_fixture *f)
{
    struct vm_statistics found;

    vm_system_statistics(f->system, &found);
    return found;
}

/*  volatile   www    purge   ---    nonvolatile: "it was empty", and the pages read as zeroes     */
static void
a_purge_empties_what_is_volatile(void **state)
{
    struct vm_fixture *f = *state;
    int none = 0;
    uint8_t byte;

    draw_purgeable(f, 0, 3);
    draw_purgeable(f, 4, 1);
    assert_int_equal(set_state(f, 0, VOLATILE), NONVOLATILE);
    assert_translated(f, "www-w");
    assert_int_equal(statistics(f).purgeable_pages, 3);
    assert_int_equal(vm_purgable_control(f->map, page(f, 0), VM_PURGABLE_PURGE_ALL, &none), VMM_OK);
    assert_translated(f, "----w");
    assert_int_equal(statistics(f).purges, 3);
    assert_int_equal(statistics(f).purgeable_pages, 0);
    assert_int_equal(state_at(f, 0), EMPTY);
    assert_int_equal(state_at(f, 4), NONVOLATILE);
    assert_int_equal(set_state(f, 0, NONVOLATILE), EMPTY);
    assert_int_equal(user_load(f, 0, &byte), VMM_OK);
    assert_int_equal(byte, 0);
}

/*  Volatile and left alone, nothing is lost                                                       */
static void
what_was_not_purged_is_still_there(void **state)
{
    struct vm_fixture *f = *state;
    uint8_t byte;

    draw_purgeable(f, 0, 2);
    set_state(f, 0, VOLATILE);
    assert_int_equal(set_state(f, 0, NONVOLATILE), VOLATILE);
    assert_int_equal(user_load(f, 1, &byte), VMM_OK);
    assert_int_equal(byte, 0x77);
}

/*  An owner that let go with the fault bit gets error 10 until it takes the object back             */
static void
touching_what_was_emptied_can_be_an_error(void **state)
{
    struct vm_fixture *f = *state;
    uint8_t byte;

    draw_purgeable(f, 0, 1);
    set_state(f, 0, VOLATILE | VM_PURGABLE_DEBUG_FAULT | VM_PURGABLE_DEBUG_EMPTY);
    assert_int_equal(state_at(f, 0), EMPTY);
    assert_int_equal(user_load(f, 0, &byte), VMM_MEMORY_ERROR);
    assert_int_equal(set_state(f, 0, NONVOLATILE), EMPTY);
    assert_int_equal(user_load(f, 0, &byte), VMM_OK);
    assert_int_equal(byte, 0);
}

/*  a wired page stays: the others go
 *
 *  wired      .1.        purge  ---      the page is still in memory, with its byte               */
static void
v1_a_wired_page_stays(void **state)
{
    struct vm_fixture *f = *state;
    uint8_t byte;

    draw_purgeable(f, 0, 3);
    assert_int_equal(vm_map_wire(f->map, page(f, 0), page(f, 3), VMM_PROT_READ, true), VMM_OK);
    set_state(f, 0, VOLATILE);
    set_state(f, 0, EMPTY);
    assert_translated(f, "WWW");
    assert_int_equal(user_load(f, 1, &byte), VMM_OK);
    assert_int_equal(byte, 0x77);
    assert_int_equal(statistics(f).purges, 0);
}

/*  Under pressure the object that has been volatile for the longest goes first, whole, and nothing
 *  of it is kept anywhere
 *
 *  first      vv           second   vv          made volatile second, then first                  */
static void
pressure_empties_the_longest_volatile_first(void **state)
{
    struct vm_fixture *f = *state;
    vmm_va address = page(f, 8);
    unsigned n = 8;

    draw_purgeable(f, 0, 2);
    draw_purgeable(f, 4, 2);
    set_state(f, 4, VOLATILE);
    set_state(f, 0, VOLATILE);
    assert_int_equal(vm_allocate(f->map, &address, 512 * PAGE, VM_MAP_FIXED), VMM_OK);
    while (statistics(f).purges == 0)
        assert_int_equal(user_store(f, n++, 1), VMM_OK);
    assert_int_equal(statistics(f).purges, 2);
    assert_int_equal(state_at(f, 4), EMPTY);
    assert_int_equal(state_at(f, 0), VOLATILE);
    assert_translated(f, "ww------");
    assert_int_equal(statistics(f).stored_pages, 0);
}

/*  other anonymous memory has an entry for each 128 MiB; a purgeable object is one, with one state  */
static void
purgeable_memory_is_one_entry_however_large(void **state)
{
    const vmm_size size = (vmm_size)256 << 20;
    struct vm_fixture *f = *state;
    vmm_va address = page(f, 0);
    struct vm_region region;
    int word = VM_PURGABLE_VOLATILE;

    assert_int_equal(vm_allocate(f->map, &address, size, VM_MAP_FIXED | VM_MAP_PURGABLE), VMM_OK);
    assert_true(vm_map_region(f->map, address, &region));
    assert_int_equal(region.end - region.start, size);
    assert_int_equal(vm_purgable_control(f->map, address, VM_PURGABLE_SET_STATE, &word), VMM_OK);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, vm_fixture_setup, vm_fixture_teardown)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_purge_empties_what_is_volatile),
        TEST(what_was_not_purged_is_still_there),
        TEST(touching_what_was_emptied_can_be_an_error),
        TEST(v1_a_wired_page_stays),
        TEST(pressure_empties_the_longest_volatile_first),
        TEST(purgeable_memory_is_one_entry_however_large),
    };

    return cmocka_run_group_tests_name("vm_purgeable", tests, NULL, NULL);
}

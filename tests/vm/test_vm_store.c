/* test_vm_store.c - where pages go that are not in memory: slots, and what they hold; vm.md 4.5 */
#include "vm_fixture.h"

#include "vm/vm_store.h"

enum { SLOTS = 300 }; /* more than the store makes at once, twice over */

/*  every slot has its own bytes however often the store grows; no more than the limit; all is given back  */
static void
slots_keep_their_bytes_while_the_store_grows(void **state)
{
    struct vm_fixture *f = *state;
    struct vm_store store = { .limit = SLOTS };
    uint32_t slots[SLOTS];
    uint32_t more = 0;
    uint8_t byte;

    for (unsigned i = 0; i < SLOTS; i++) {
        slots[i] = 0;
        byte = (uint8_t)(i + 1);
        assert_int_equal(vm_store_write(f->system, &store, &slots[i], i, &byte, 1), VMM_OK);
        assert_int_not_equal(slots[i], 0);
    }
    assert_int_equal(store.used, SLOTS);
    assert_int_equal(vm_store_write(f->system, &store, &more, 0, &byte, 1), VMM_RESOURCE_SHORTAGE);
    for (unsigned i = 0; i < SLOTS; i++)
        assert_int_equal(store.slots[slots[i] - 1][i], (uint8_t)(i + 1));
    vm_store_drop(f->system, &store, slots[7]);
    assert_int_equal(store.used, SLOTS - 1);
    byte = 99;
    assert_int_equal(vm_store_write(f->system, &store, &more, 5, &byte, 1), VMM_OK);
    assert_int_equal(more, slots[7]);
    assert_int_equal(store.slots[more - 1][5], 99);
    assert_int_equal(store.slots[more - 1][7], 0); /* nothing of what was there */
    vm_store_destroy(f->system, &store);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, vm_fixture_setup, vm_fixture_teardown)

int
main(void)
{
    const struct CMUnitTest tests[] = { TEST(slots_keep_their_bytes_while_the_store_grows) };

    return cmocka_run_group_tests_name("vm_store", tests, NULL, NULL);
}

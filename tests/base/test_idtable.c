/* test_idtable.c - handles that can be told stale */
#include "base/idtable.h"
#include "test_alloc.h"

enum { KIND_DESCRIPTOR = 1, KIND_MAP = 2 };

struct fixture {
    struct counting_alloc counting;
    struct vmm_idtable table;
    char objects[64];
};

static int
setup(void **state)
{
    static struct fixture fixture;

    counting_alloc_init(&fixture.counting);
    vmm_idtable_init(&fixture.table, &fixture.counting.alloc);
    *state = &fixture;
    return 0;
}

static int
teardown(void **state)
{
    struct fixture *f = *state;

    vmm_idtable_destroy(&f->table);
    test_alloc_assert_empty(&f->counting);
    return 0;
}

static void
a_live_id_finds_its_object_of_its_kind_only(void **state)
{
    struct fixture *f = *state;
    uint64_t id = vmm_idtable_add(&f->table, &f->objects[0], KIND_MAP);

    assert_int_not_equal(id, 0);
    assert_ptr_equal(vmm_idtable_get(&f->table, id, KIND_MAP), &f->objects[0]);
    assert_null(vmm_idtable_get(&f->table, id, KIND_DESCRIPTOR));
    assert_int_equal(vmm_idtable_state(&f->table, id), VMM_ID_LIVE);
}

/*  id            0      made-up       of a slot never used      of a later generation      */
static void
h2_an_id_that_was_never_given_out_is_known_as_such(void **state)
{
    struct fixture *f = *state;
    uint64_t id = vmm_idtable_add(&f->table, &f->objects[0], KIND_MAP);

    assert_int_equal(vmm_idtable_state(&f->table, 0), VMM_ID_NEVER);
    assert_int_equal(vmm_idtable_state(&f->table, UINT64_MAX), VMM_ID_NEVER);
    assert_int_equal(vmm_idtable_state(&f->table, id + 1), VMM_ID_NEVER);
    assert_int_equal(vmm_idtable_state(&f->table, id + ((uint64_t)1 << 24)), VMM_ID_NEVER);
    assert_int_equal(vmm_idtable_state(&f->table, id & 0xffffff), VMM_ID_NEVER);
    assert_null(vmm_idtable_get(&f->table, 0, KIND_MAP));
}

static void
h1_a_removed_id_stays_stale_when_its_slot_is_used_again(void **state)
{
    struct fixture *f = *state;
    uint64_t first = vmm_idtable_add(&f->table, &f->objects[0], KIND_MAP);
    uint64_t second;

    vmm_idtable_remove(&f->table, first);
    assert_int_equal(vmm_idtable_state(&f->table, first), VMM_ID_STALE);
    second = vmm_idtable_add(&f->table, &f->objects[1], KIND_MAP);
    assert_int_equal(second & 0xffffff, first & 0xffffff);
    assert_int_not_equal(second, first);
    assert_int_equal(vmm_idtable_state(&f->table, first), VMM_ID_STALE);
    assert_null(vmm_idtable_get(&f->table, first, KIND_MAP));
    assert_ptr_equal(vmm_idtable_get(&f->table, second, KIND_MAP), &f->objects[1]);
}

/*  slots   1 2 3 4      remove 3, then 2; the next three adds go to 2, 3 and 5  */
static void
h3_the_lowest_free_slot_comes_first(void **state)
{
    struct fixture *f = *state;
    uint64_t ids[4];

    for (size_t i = 0; i < 4; i++)
        ids[i] = vmm_idtable_add(&f->table, &f->objects[i], KIND_MAP);
    vmm_idtable_remove(&f->table, ids[2]);
    vmm_idtable_remove(&f->table, ids[1]);
    assert_int_equal(vmm_idtable_add(&f->table, &f->objects[1], KIND_MAP) & 0xffffff, 2);
    assert_int_equal(vmm_idtable_add(&f->table, &f->objects[2], KIND_MAP) & 0xffffff, 3);
    assert_int_equal(vmm_idtable_add(&f->table, &f->objects[4], KIND_MAP) & 0xffffff, 5);
}

static void
ids_survive_the_growth_of_the_table(void **state)
{
    enum { MANY = 3000 };
    struct fixture *f = *state;
    uint64_t ids[MANY];

    for (size_t i = 0; i < MANY; i++)
        ids[i] = vmm_idtable_add(&f->table, &f->objects[i % 64], KIND_MAP);
    assert_int_equal(f->table.live, MANY);
    for (size_t i = 0; i < MANY; i++)
        assert_ptr_equal(vmm_idtable_get(&f->table, ids[i], KIND_MAP), &f->objects[i % 64]);
}

static void
a_slot_with_no_generation_left_gives_no_id(void **state)
{
    struct fixture *f = *state;

    vmm_idtable_remove(&f->table, vmm_idtable_add(&f->table, &f->objects[0], KIND_MAP));
    f->table.slots[0].generation = UINT32_MAX;
    assert_int_equal(vmm_idtable_add(&f->table, &f->objects[0], KIND_MAP), 0);
    assert_int_equal(f->table.live, 0);
}

static bool
add_a_hundred(struct counting_alloc *counting)
{
    struct vmm_idtable table;
    char object;
    size_t got = 0;

    vmm_idtable_init(&table, &counting->alloc);
    while (got < 100 && vmm_idtable_add(&table, &object, KIND_MAP) != 0)
        got++;
    assert_int_equal(table.live, got);
    vmm_idtable_destroy(&table);
    return got == 100;
}

static void
a_table_that_cannot_grow_gives_0_and_keeps_what_it_has(void **state)
{
    (void)state;
    assert_int_equal(test_alloc_sweep(add_a_hundred), 4); /* 16, 32, 64, 128 slots */
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_live_id_finds_its_object_of_its_kind_only, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(h2_an_id_that_was_never_given_out_is_known_as_such, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(h1_a_removed_id_stays_stale_when_its_slot_is_used_again,
                                        setup, teardown),
        cmocka_unit_test_setup_teardown(h3_the_lowest_free_slot_comes_first, setup, teardown),
        cmocka_unit_test_setup_teardown(ids_survive_the_growth_of_the_table, setup, teardown),
        cmocka_unit_test_setup_teardown(a_slot_with_no_generation_left_gives_no_id, setup,
                                        teardown),
        cmocka_unit_test(a_table_that_cannot_grow_gives_0_and_keeps_what_it_has),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* test_io_stops.c - what stops the kernel in I/O Kit's code and no other test names; iokit.md 1, 2.5 */
#include "iokit_fixture.h"

#include "trace/trace_ring.h"
#include "vm/vm_map.h"
#include "vm/vm_system.h"

/*  Rows of one direction are wanted by a development kernel; a release kernel takes what it gets     */
static void
rows_of_several_directions_are_an_assertion(void **state)
{
    struct iokit_fixture *f = *state;

    for (int asserts = 0; asserts < 2; asserts++) {
        for (int differs = 0; differs < 2; differs++) {
            vmk_desc_t rows[2], multi;

            iokit_fixture_end(f);
            iokit_fixture_start(f, "macos-15.4", asserts != 0);
            rows[0] = describe(f, 0, 1, IO_DIRECTION_OUT);
            rows[1] = describe(f, 1, 2, differs ? IO_DIRECTION_IN : IO_DIRECTION_OUT);
            multi = vmk_desc_multi(rows, 2, IO_DIRECTION_OUT);
            assert_int_equal(multi == NULL, asserts && differs);
            assert_stopped(asserts && differs ? REASON_MULTI_DIRECTION : REASON_NONE);
        }
    }
}

/* Fails the second map entry from when it was set on: the first one is the mapping's place. */
struct second_entry {
    struct vmm_injector injector;
    unsigned entries;
};

static bool
second_entry_fails(struct vmm_injector *injector, enum vmm_call call)
{
    struct second_entry *second = VMM_CONTAINER(injector, struct second_entry, injector);

    return call == VMM_CALL_MAP && ++second->entries == 2;
}

/*  A place was had and the memory cannot be put there: NULL and the place given back, from 11 on a panic */
static void
a_mapping_that_fails_halfway_panics_from_11_on(void **state)
{
    static const struct {
        const char *profile;
        bool panics;
    } cases[] = { { "macos-10.15", false }, { "macos-11", true }, { "macos-15.4", true } };
    struct iokit_fixture *f = *state;

    for (size_t i = 0; i < VMM_COUNT_OF(cases); i++) {
        struct second_entry second = { { second_entry_fails }, 0 };
        unsigned regions;
        vmk_desc_t md;

        iokit_fixture_end(f);
        iokit_fixture_start(f, cases[i].profile, false);
        md = describe(f, 0, 2, IO_DIRECTION_OUT);
        regions = io_regions(f->kernel);
        vm_system_set_injector(vmk_sim_system(), &second.injector);
        assert_null(vmk_map_create(md, f->kernel, 0, IO_MAP_ANYWHERE, 0, 0));
        vm_system_set_injector(vmk_sim_system(), NULL);
        assert_int_equal(second.entries, 2);
        assert_stopped(cases[i].panics ? REASON_MAP_ENTER : REASON_NONE);
        if (!cases[i].panics)
            assert_int_equal(io_regions(f->kernel), regions);
    }
}

/*  buffer  ab   two map entries: the list covers the first one alone, and that is too short for both  */
static void
a_page_list_shorter_than_the_descriptor_panics(void **state)
{
    struct iokit_fixture *f = *state;
    struct vm_map *map = vmk_sim_task_map(f->task);
    vmk_desc_t md;

    assert_int_equal(vm_protect(map, f->base + IO_PAGE, IO_PAGE, false, VMM_PROT_READ), VMM_OK);
    md = vmk_sim_desc_list(f->task, f->base, IO_PAGE, IO_DIRECTION_OUT);
    assert_non_null(md);
    vmk_desc_release(md);
    assert_stopped(REASON_NONE);
    assert_null(vmk_sim_desc_list(f->task, f->base, 2 * IO_PAGE, IO_DIRECTION_OUT));
    assert_stopped(REASON_LIST_TOO_SHORT);
}

/*  A page list is born prepared once; what is completed beyond that is announced, or asserted (2.2)  */
static void
a_page_list_is_completed_as_often_as_it_is_prepared(void **state)
{
    struct iokit_fixture *f = *state;

    for (int asserts = 0; asserts < 2; asserts++) {
        struct trace_event newest;
        struct trace_ring ring;
        vmk_desc_t md;

        iokit_fixture_end(f);
        iokit_fixture_start(f, "macos-15.4", asserts != 0);
        trace_ring_init(&ring, &newest, 1);
        trace_attach(vm_system_trace(vmk_sim_system()), &ring.sink);
        md = vmk_sim_desc_list(f->task, f->base, IO_PAGE, IO_DIRECTION_OUT);
        assert_int_equal(vmk_desc_complete(md, IO_DIRECTION_NONE), VMM_OK);
        assert_int_equal(newest.detail, 0);
        assert_int_equal(vmk_desc_complete(md, IO_DIRECTION_NONE), asserts ? VMK_PANICKED : VMM_OK);
        assert_stopped(asserts ? REASON_UNBALANCED_COMPLETE : REASON_NONE);
        assert_int_equal(newest.kind, asserts ? EV_PANIC : EV_DESC_COMPLETE);
        if (!asserts)
            assert_int_equal(newest.detail, 1);
        trace_detach(vm_system_trace(vmk_sim_system()), &ring.sink);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        IOKIT_TEST(rows_of_several_directions_are_an_assertion),
        IOKIT_TEST(a_mapping_that_fails_halfway_panics_from_11_on),
        IOKIT_TEST(a_page_list_shorter_than_the_descriptor_panics),
        IOKIT_TEST(a_page_list_is_completed_as_often_as_it_is_prepared),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* test_vm_kmem.c - the kernel's own memory and its guard pages; vm.md 3.4, 4.3, 8 I6, I7 */
#include "vm_fixture.h"

#include "vm/vm_fault.h"
#include "vm/vm_internal.h"
#include "vm/vm_kmem.h"
#include "vm/vm_upl.h"
#include "vm/vm_user.h"

enum { GUARDS = VM_KMEM_GUARD_FIRST | VM_KMEM_GUARD_LAST };

static vmm_va
allocate(struct vm_fixture *f, unsigned pages, uint32_t flags)
{
    vmm_va address = 0;

    assert_int_equal(vm_kmem_alloc(f->system, pages * PAGE, 0, flags, &address), VMM_OK);
    return address;
}

static void
give_back(struct vm_fixture *f, vmm_va address, unsigned pages)
{
    assert_int_equal(vm_kmem_free(f->system, address, pages * PAGE), VMM_OK);
}

static bool
is_translated(struct vm_fixture *f, vmm_va address)
{
    struct vm_page_view view;

    vm_map_probe(f->kernel, address, &view);
    return view.is_translated;
}

static int
disposition(struct vm_fixture *f, vmm_va address)
{
    int found = -1;
    int references;

    assert_int_equal(vm_page_query(f->kernel, address, &found, &references), VMM_OK);
    return found;
}

/* What the last fault decided. */
struct watch {
    struct trace_sink sink;
    struct trace_event fault;
};

static void
see(struct trace_sink *sink, const struct trace_event *event)
{
    if (event->kind == EV_FAULT)
        VMM_CONTAINER(sink, struct watch, sink)->fault = *event;
}

/*  G1   g x x g   the pages between have frames and translations, the guards neither               */
static void
g1_a_guard_page_has_no_frame(void **state)
{
    struct vm_fixture *f = *state;
    vmm_va address = allocate(f, 4, GUARDS);

    assert_false(is_translated(f, address));
    assert_true(is_translated(f, address + PAGE));
    assert_true(is_translated(f, address + 2 * PAGE));
    assert_false(is_translated(f, address + 3 * PAGE));
    assert_int_equal(f->system->wired_pages, 2);
    assert_int_equal(disposition(f, address), VM_PAGE_QUERY_PRESENT | VM_PAGE_QUERY_FICTITIOUS);
    assert_false(disposition(f, address + PAGE) & VM_PAGE_QUERY_FICTITIOUS);
    give_back(f, address, 4);
    assert_int_equal(f->system->wired_pages, 0);
}

/*  Every touch of a guard is error 10, and kdebug calls the fault GUARD (vm.md 0.2, 4.3)           */
static void
a_guard_page_refuses_every_touch(void **state)
{
    static const vmm_prot accesses[] = { VMM_PROT_READ, VMM_PROT_DEFAULT };
    struct vm_fixture *f = *state;
    struct watch watch = { .sink = { .see = see } };
    vmm_va address = allocate(f, 3, GUARDS);

    trace_attach(vm_system_trace(f->system), &watch.sink);
    for (size_t i = 0; i < VMM_COUNT_OF(accesses); i++) {
        assert_int_equal(vm_fault(f->kernel, address, accesses[i]), VMM_MEMORY_ERROR);
        assert_string_equal(vm_fault_kind_name((enum vm_fault_kind)watch.fault.detail), "GUARD");
        assert_int_equal(vm_fault(f->kernel, address + 2 * PAGE, accesses[i]), VMM_MEMORY_ERROR);
        assert_int_equal(vm_fault(f->kernel, address + PAGE, accesses[i]), VMM_OK);
    }
    trace_detach(vm_system_trace(f->system), &watch.sink);
    give_back(f, address, 3);
}

/*  A store one byte behind what was allocated is not silent: the kernel panics                    */
static void
an_overrun_into_a_guard_panics(void **state)
{
    struct vm_fixture *f = *state;
    vmm_va address = allocate(f, 3, GUARDS);

    assert_int_equal(vm_access(f->system,
                               &(struct vm_access){ .task = vm_task_kernel(f->system),
                                                    .va = address + 2 * PAGE - 1,
                                                    .length = 2,
                                                    .kind = VM_ACCESS_WRITE,
                                                    .fill = 1 },
                               NULL),
                     VMM_MODEL_PANIC);
    assert_int_equal(vm_system_stop(f->system)->va, address + 2 * PAGE);
}

/*  wire    g x g   succeeds: there is nothing to hold in a guard, and nothing is entered (3.4)      */
static void
a_guard_page_is_wired_without_a_translation(void **state)
{
    struct vm_fixture *f = *state;
    vmm_va address = allocate(f, 3, GUARDS);

    assert_int_equal(vm_map_unwire(f->kernel, address, address + 3 * PAGE, false), VMM_OK);
    assert_int_equal(f->system->wired_pages, 0);
    assert_int_equal(vm_map_wire(f->kernel, address, address + 3 * PAGE, VMM_PROT_DEFAULT, false),
                     VMM_OK);
    assert_int_equal(f->system->wired_pages, 1);
    assert_false(is_translated(f, address));
    assert_null(vm_system_check(f->system));
    give_back(f, address, 3);
}

/*  An I/O list over a guard page cannot be had, whether it wants zeroes or not                     */
static void
a_guard_page_is_no_memory_for_a_device(void **state)
{
    static const uint32_t flags[] = { 0, VM_UPL_COPYOUT_FROM, VM_UPL_NO_ZERO_FILL };
    struct vm_fixture *f = *state;
    vmm_va address = allocate(f, 3, GUARDS);

    for (size_t i = 0; i < VMM_COUNT_OF(flags); i++) {
        vmm_size size = 3 * PAGE;
        struct vm_upl *list = NULL;

        assert_int_equal(vm_upl_create(f->kernel, address, &size, flags[i], &list),
                         VMM_MEMORY_ERROR);
        assert_null(list);
    }
    assert_null(vm_system_check(f->system));
    give_back(f, address, 3);
}

/*  Guards count among the pages that were asked for; guards alone are nothing                     */
static void
guards_alone_are_nothing(void **state)
{
    struct vm_fixture *f = *state;
    vmm_va address = 7;

    assert_int_equal(vm_kmem_alloc(f->system, 2 * PAGE, 0, GUARDS, &address), VMM_INVALID_ARGUMENT);
    assert_int_equal(vm_kmem_alloc(f->system, PAGE, 0, VM_KMEM_GUARD_LAST, &address),
                     VMM_INVALID_ARGUMENT);
    assert_int_equal(address, 7);
    address = allocate(f, 2, VM_KMEM_GUARD_LAST);
    assert_true(is_translated(f, address));
    assert_false(is_translated(f, address + PAGE));
    give_back(f, address, 2);
}

/*  The frames between two guards follow one another when that is asked for too                     */
static void
a_contiguous_row_stands_between_guards(void **state)
{
    struct vm_fixture *f = *state;
    vmm_va address = allocate(f, 6, GUARDS | VM_KMEM_CONTIGUOUS);
    struct vm_page_view first;
    struct vm_page_view last;

    vm_map_probe(f->kernel, address + PAGE, &first);
    vm_map_probe(f->kernel, address + 4 * PAGE, &last);
    assert_int_equal(last.ppn - first.ppn, 3);
    give_back(f, address, 6);
}

/*  kernel  aa.aa   deallocate all five: the kernel's own map must be mapped throughout (vm.md 2.1)   */
static void
deallocating_over_a_hole_of_the_kernel_panics(void **state)
{
    struct vm_fixture *f = *state;
    vmm_va address = 0;

    assert_int_equal(vm_allocate(f->kernel, &address, 5 * PAGE, VM_MAP_ANYWHERE), VMM_OK);
    assert_int_equal(vm_deallocate(f->kernel, address + 2 * PAGE, PAGE), VMM_OK);
    assert_int_equal(vm_system_stop(f->system)->kind, VM_RUNNING);
    assert_int_equal(vm_deallocate(f->kernel, address, 5 * PAGE), VMM_MODEL_PANIC);
    assert_int_equal(vm_system_stop(f->system)->reason, REASON_DELETE_HOLE);
    assert_int_equal(vm_system_stop(f->system)->va, address + 2 * PAGE);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, vm_fixture_setup, vm_fixture_teardown)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(g1_a_guard_page_has_no_frame),
        TEST(a_guard_page_refuses_every_touch),
        TEST(an_overrun_into_a_guard_panics),
        TEST(a_guard_page_is_wired_without_a_translation),
        TEST(a_guard_page_is_no_memory_for_a_device),
        TEST(guards_alone_are_nothing),
        TEST(a_contiguous_row_stands_between_guards),
        TEST(deallocating_over_a_hole_of_the_kernel_panics),
    };

    return cmocka_run_group_tests_name("vm_kmem", tests, NULL, NULL);
}

/*
 * test_vm_sched.c - where the kernel lets others in: the window inside vm_map_wire, and waits
 *
 * The scheduler here runs one other thread, to its end, at the first yield. A wait of that thread
 * cannot end before the first thread goes on, so block() answers "interrupted" and the thread tries
 * again later, as an interruptible thread of XNU does.
 */
#include "vm/vm_internal.h"
#include "vm/vm_map_wire.h"
#include "vm/vm_user.h"
#include "vm_fixture.h"

struct two_threads {
    struct vm_sched sched;
    struct vm_fixture *fixture;
    void (*other)(struct two_threads *threads); /* runs once */
    enum vmm_status other_status;
    unsigned blocked;
    unsigned woken;
};

static void
run_other(struct vm_sched *sched)
{
    struct two_threads *threads = VMM_CONTAINER(sched, struct two_threads, sched);
    void (*other)(struct two_threads *) = threads->other;

    threads->other = NULL;
    if (other != NULL)
        other(threads);
}

static enum vmm_status
cannot_wait(struct vm_sched *sched, enum vm_sched_event event, const void *object)
{
    struct two_threads *threads = VMM_CONTAINER(sched, struct two_threads, sched);

    assert_int_equal(event, VM_SCHED_ENTRY_TRANSITION);
    assert_non_null(object);
    threads->blocked++;
    return VMM_ABORTED;
}

static void
wake(struct vm_sched *sched, enum vm_sched_event event, const void *object)
{
    (void)event;
    (void)object;
    VMM_CONTAINER(sched, struct two_threads, sched)->woken++;
}

static void
two_threads_start(struct two_threads *threads, struct vm_fixture *f,
                  void (*other)(struct two_threads *threads))
{
    *threads = (struct two_threads){ .sched = { run_other, cannot_wait, wake },
                                     .fixture = f,
                                     .other = other };
    f->system->sched = &threads->sched;
}

static enum vmm_status
wire(struct vm_fixture *f, unsigned from, unsigned to, bool user_wire)
{
    return vm_map_wire(f->map, page(f, from), page(f, to), VMM_PROT_READ, user_wire);
}

static void
wires_all(struct two_threads *threads)
{
    threads->other_status = wire(threads->fixture, 0, 4, true);
}

/*  thread A   wire [0, 4) ----unlocked----------- done
 *  thread B               wire [0, 4): sleeps, code 5      again: only counts                 */
static void
a_second_wire_waits_for_the_first_and_then_only_counts(void **state)
{
    struct vm_fixture *f = *state;
    struct two_threads threads;
    uint64_t faults;

    draw_pages(f, "xxxx");
    two_threads_start(&threads, f, wires_all);
    assert_int_equal(wire(f, 0, 4, true), VMM_OK);
    assert_int_equal(threads.other_status, VMM_FAILURE);
    assert_int_equal(threads.blocked, 1);
    assert_int_equal(threads.woken, 1);
    assert_wired(f, "1111");
    faults = vm_task_faults(f->task);
    wires_all(&threads);
    assert_int_equal(threads.other_status, VMM_OK);
    assert_int_equal(vm_task_faults(f->task), faults);
    f->system->sched = NULL;
    assert_int_equal(vm_map_unwire(f->map, page(f, 0), page(f, 4), true), VMM_OK);
    assert_int_equal(vm_map_unwire(f->map, page(f, 0), page(f, 4), true), VMM_OK);
    assert_wired(f, "0000");
}

static void
protects_the_middle(struct two_threads *threads)
{
    struct vm_fixture *f = threads->fixture;

    threads->other_status = vm_protect(f->map, page(f, 1), 2 * PAGE, false, VMM_PROT_READ);
}

/*  A   wire [0, 4) ----unlocked---- done     the entry was cut under it: every fragment is wired
 *  B               protect [1, 3)                                                             */
static void
protect_cuts_an_entry_that_is_being_wired_until_14(void **state)
{
    struct vm_fixture *f = *state;
    struct two_threads threads;

    vm_fixture_restart(f, "macos-14");
    draw_pages(f, "xxxx");
    two_threads_start(&threads, f, protects_the_middle);
    assert_int_equal(wire(f, 0, 4, true), VMM_OK);
    assert_int_equal(threads.other_status, VMM_OK);
    assert_int_equal(threads.blocked, 0);
    assert_wired(f, "1111");
    f->system->sched = NULL;
    assert_int_equal(vm_map_unwire(f->map, page(f, 0), page(f, 4), true), VMM_OK);
}

static void
protect_waits_for_an_entry_that_is_being_wired_from_15_on(void **state)
{
    struct vm_fixture *f = *state;
    struct two_threads threads;

    draw_pages(f, "xxxx");
    two_threads_start(&threads, f, protects_the_middle);
    assert_int_equal(wire(f, 0, 4, true), VMM_OK);
    assert_int_equal(threads.other_status, VMM_ABORTED);
    assert_int_equal(threads.blocked, 1);
    protects_the_middle(&threads);
    assert_int_equal(threads.other_status, VMM_OK);
    f->system->sched = NULL;
    assert_int_equal(vm_map_unwire(f->map, page(f, 0), page(f, 4), true), VMM_OK);
}

static void
deallocates(struct two_threads *threads)
{
    struct vm_fixture *f = threads->fixture;

    threads->other_status = vm_deallocate(f->map, page(f, 0), 4 * PAGE);
}

/*  A   kernel wire [0, 4) --unlocked-- done           unwire
 *  B          deallocate: waits          waits again           done  (T15)                    */
static void
deallocate_waits_for_the_transition_and_then_for_the_kernel_wires(void **state)
{
    struct vm_fixture *f = *state;
    struct two_threads threads;

    draw_pages(f, "xxxx");
    two_threads_start(&threads, f, deallocates);
    assert_int_equal(wire(f, 0, 4, false), VMM_OK);
    assert_int_equal(threads.other_status, VMM_ABORTED);
    deallocates(&threads);
    assert_int_equal(threads.other_status, VMM_ABORTED);
    assert_int_equal(threads.blocked, 2);
    assert_wired(f, "1111");
    threads.woken = 0;
    assert_int_equal(vm_map_unwire(f->map, page(f, 0), page(f, 4), false), VMM_OK);
    assert_int_equal(threads.woken, 1);
    deallocates(&threads);
    assert_int_equal(threads.other_status, VMM_OK);
    f->system->sched = NULL;
    assert_wired(f, "....");
}

static void
unwires_for_the_kernel(struct two_threads *threads)
{
    struct vm_fixture *f = threads->fixture;

    threads->other_status = vm_map_unwire(f->map, page(f, 0), page(f, 4), false);
}

static void
a_kernel_unwire_of_an_entry_in_transition_panics(void **state)
{
    struct vm_fixture *f = *state;
    struct two_threads threads;

    draw_pages(f, "xxxx");
    two_threads_start(&threads, f, unwires_for_the_kernel);
    assert_int_equal(wire(f, 0, 4, false), VMM_OK); /* under way when the other thread panicked */
    assert_int_equal(threads.other_status, VMM_MODEL_PANIC);
    assert_int_equal(vm_system_stop(f->system)->reason, REASON_UNWIRE_IN_TRANSITION);
    f->system->sched = NULL;
}

static void
takes_a_fault(struct two_threads *threads)
{
    uint8_t byte;

    threads->other_status = user_load(threads->fixture, 2, &byte);
}

/*  a fault does not wait: it finds the entry counted and enters a wired translation (vm.md 9)   */
static void
a_fault_goes_on_while_an_entry_is_being_wired(void **state)
{
    struct vm_fixture *f = *state;
    struct two_threads threads;
    struct vm_page_view view;

    draw_pages(f, "xxxx");
    two_threads_start(&threads, f, takes_a_fault);
    assert_int_equal(wire(f, 0, 4, true), VMM_OK);
    assert_int_equal(threads.other_status, VMM_OK);
    assert_int_equal(threads.blocked, 0);
    vm_map_probe(f->map, page(f, 2), &view);
    assert_true(view.is_translation_wired);
    assert_int_equal(view.page_wire_count, 1);
    f->system->sched = NULL;
    assert_int_equal(vm_map_unwire(f->map, page(f, 0), page(f, 4), true), VMM_OK);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, vm_fixture_setup, vm_fixture_teardown)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_second_wire_waits_for_the_first_and_then_only_counts),
        TEST(protect_cuts_an_entry_that_is_being_wired_until_14),
        TEST(protect_waits_for_an_entry_that_is_being_wired_from_15_on),
        TEST(deallocate_waits_for_the_transition_and_then_for_the_kernel_wires),
        TEST(a_kernel_unwire_of_an_entry_in_transition_panics),
        TEST(a_fault_goes_on_while_an_entry_is_being_wired),
    };

    return cmocka_run_group_tests_name("vm_sched", tests, NULL, NULL);
}

/*
 * test_vm_sched.c - where the kernel lets others in: the window inside vm_map_wire, and waits
 *
 * support/vm_two_threads.h says who runs when.
 */
#include "vm/vm_internal.h"
#include "vm/vm_map_store.h"
#include "vm/vm_map_wire.h"
#include "vm/vm_memory_entry.h"
#include "vm/vm_user.h"
#include "vm_fixture.h"
#include "vm_two_threads.h"

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
    two_threads_start(&threads, f, VM_SCHED_ENTRY_TRANSITION, wires_all);
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
    two_threads_start(&threads, f, VM_SCHED_ENTRY_TRANSITION, protects_the_middle);
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
    two_threads_start(&threads, f, VM_SCHED_ENTRY_TRANSITION, protects_the_middle);
    assert_int_equal(wire(f, 0, 4, true), VMM_OK);
    assert_int_equal(threads.other_status, VMM_MODEL_WOULD_BLOCK);
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
    two_threads_start(&threads, f, VM_SCHED_ENTRY_TRANSITION, deallocates);
    assert_int_equal(wire(f, 0, 4, false), VMM_OK);
    assert_int_equal(threads.other_status, VMM_MODEL_WOULD_BLOCK);
    deallocates(&threads);
    assert_int_equal(threads.other_status, VMM_MODEL_WOULD_BLOCK);
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
    two_threads_start(&threads, f, VM_SCHED_ENTRY_TRANSITION, unwires_for_the_kernel);
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
    two_threads_start(&threads, f, VM_SCHED_ENTRY_TRANSITION, takes_a_fault);
    assert_int_equal(wire(f, 0, 4, true), VMM_OK);
    assert_int_equal(threads.other_status, VMM_OK);
    assert_int_equal(threads.blocked, 0);
    vm_map_probe(f->map, page(f, 2), &view);
    assert_true(view.is_translation_wired);
    assert_int_equal(view.page_wire_count, 1);
    f->system->sched = NULL;
    assert_int_equal(vm_map_unwire(f->map, page(f, 0), page(f, 4), true), VMM_OK);
}

/* ---- more races (vm.md 9) ---- */

static void
removes_the_neighbour(struct two_threads *threads)
{
    struct vm_fixture *f = threads->fixture;

    threads->other_status = vm_deallocate(f->map, page(f, 2), 2 * PAGE);
}

/*  entries  aabb        A wires [0, 4), and B removes b while a is being wired
 *  10.13 on             code 1, and a is undone; before: the end of the range is never looked at  */
static void
a_hole_that_comes_up_while_wiring_is_found_from_10_13_on(void **state)
{
    static const struct {
        const char *profile;
        enum vmm_status status;
        const char *wired;
    } cases[] = { { "macos-10.12", VMM_OK, "11.." },
                  { "macos-10.13", VMM_INVALID_ADDRESS, "00.." },
                  { "macos-15.4", VMM_INVALID_ADDRESS, "00.." } };
    struct vm_fixture *f = *state;

    for (size_t i = 0; i < VMM_COUNT_OF(cases); i++) {
        struct two_threads threads;

        vm_fixture_restart(f, cases[i].profile);
        draw_pages(f, "xxxx");
        assert_int_equal(vm_protect(f->map, page(f, 2), 2 * PAGE, false, VMM_PROT_READ), VMM_OK);
        two_threads_start(&threads, f, VM_SCHED_ENTRY_TRANSITION, removes_the_neighbour);
        assert_int_equal(wire(f, 0, 4, true), cases[i].status);
        assert_int_equal(threads.other_status, VMM_OK);
        f->system->sched = NULL;
        assert_wired(f, cases[i].wired);
    }
}

static void
unlocks_all(struct two_threads *threads)
{
    struct vm_fixture *f = threads->fixture;

    threads->other_status = vm_map_unwire(f->map, page(f, 0), page(f, 4), true);
}

/*  user     11..        A wires [0, 4) for the kernel; B unlocks [0, 4) while [2, 4) is in transition
 *  after    1111        the user's wire of [0, 2) is gone, what is in transition was passed over   */
static void
munlock_passes_over_what_the_kernel_is_wiring(void **state)
{
    struct vm_fixture *f = *state;
    struct two_threads threads;

    draw_pages(f, "xxxx");
    assert_int_equal(wire(f, 0, 2, true), VMM_OK);
    two_threads_start(&threads, f, VM_SCHED_ENTRY_TRANSITION, unlocks_all);
    assert_int_equal(wire(f, 0, 4, false), VMM_OK);
    assert_int_equal(threads.other_status, VMM_OK);
    assert_int_equal(threads.blocked, 0);
    f->system->sched = NULL;
    assert_wired(f, "1111");
    assert_int_equal(vm_map_unwire(f->map, page(f, 0), page(f, 4), false), VMM_OK);
    assert_wired(f, "0000");
}

static void
exits(struct two_threads *threads)
{
    threads->other_status = vm_task_terminate(threads->fixture->task);
}

/*  the exit of a task waits for who wires its memory, and comes through when it is tried again     */
static void
exit_waits_for_a_wire_and_then_completes(void **state)
{
    struct vm_fixture *f = *state;
    struct two_threads threads;

    draw_pages(f, "xxxx");
    two_threads_start(&threads, f, VM_SCHED_ENTRY_TRANSITION, exits);
    assert_int_equal(wire(f, 0, 4, true), VMM_OK);
    assert_int_equal(threads.other_status, VMM_MODEL_WOULD_BLOCK);
    assert_int_equal(threads.woken, 1);
    assert_wired(f, "1111");
    exits(&threads);
    assert_int_equal(threads.other_status, VMM_OK);
    f->system->sched = NULL;
}

static void
wires_for_the_kernel(struct two_threads *threads)
{
    threads->other_status = wire(threads->fixture, 0, 4, false);
}

/*  A undoes the last wire with the map unlocked: B's wire waits, and is a first wire afterwards    */
static void
a_wire_waits_for_an_unwire(void **state)
{
    struct vm_fixture *f = *state;
    struct two_threads threads;

    draw_pages(f, "xxxx");
    assert_int_equal(wire(f, 0, 4, true), VMM_OK);
    two_threads_start(&threads, f, VM_SCHED_ENTRY_TRANSITION, wires_for_the_kernel);
    assert_int_equal(vm_map_unwire(f->map, page(f, 0), page(f, 4), true), VMM_OK);
    assert_int_equal(threads.other_status, VMM_MODEL_WOULD_BLOCK);
    assert_int_equal(threads.woken, 1);
    assert_wired(f, "0000");
    wires_for_the_kernel(&threads);
    assert_int_equal(threads.other_status, VMM_OK);
    f->system->sched = NULL;
    assert_translated(f, "WWWW");
    assert_int_equal(vm_map_unwire(f->map, page(f, 0), page(f, 4), false), VMM_OK);
}

/* ---- waits that end in a way of their own ---- */

/* A scheduler whose wait lets `meanwhile` happen and then ends with `status`. */
struct waiter {
    struct vm_sched sched;
    struct vm_fixture *fixture;
    void (*meanwhile)(struct vm_fixture *fixture);
    enum vmm_status status;
    enum vm_sched_event event;
    unsigned waits;
};

static enum vmm_status
wait_for_it(struct vm_sched *sched, enum vm_sched_event event, const void *object,
            enum vm_sched_wait how)
{
    struct waiter *waiter = VMM_CONTAINER(sched, struct waiter, sched);

    (void)object;
    (void)how;
    assert_true(waiter->waits++ < 4);
    waiter->event = event;
    if (waiter->meanwhile != NULL)
        waiter->meanwhile(waiter->fixture);
    return waiter->status;
}

static void
waiter_start(struct waiter *waiter, struct vm_fixture *f, void (*meanwhile)(struct vm_fixture *f),
             enum vmm_status status)
{
    vm_sched_init(&waiter->sched);
    waiter->sched.block = wait_for_it;
    waiter->fixture = f;
    waiter->meanwhile = meanwhile;
    waiter->status = status;
    waiter->waits = 0;
    f->system->sched = &waiter->sched;
}

static struct vm_map_entry *
entry_at(struct vm_fixture *f, unsigned n)
{
    struct vm_map_entry *entry;

    assert_true(vm_map_lookup_entry(f->map, page(f, n), &entry));
    return entry;
}

/* Two entries, the second as if somebody else were at work on it. */
static void
draw_busy_second(struct vm_fixture *f)
{
    draw_pages(f, "xxxx");
    assert_int_equal(vm_protect(f->map, page(f, 2), 2 * PAGE, false, VMM_PROT_READ), VMM_OK);
    entry_at(f, 2)->in_transition = true;
}

static void
ends_the_transition(struct vm_fixture *f)
{
    entry_at(f, 2)->in_transition = entry_at(f, 2)->needs_wakeup = false;
}

/*  entries  aaBB        a is wired, B is in transition, a signal comes: code 5, and a is undone    */
static void
an_interrupted_user_wire_is_code_5_and_undoes_everything(void **state)
{
    struct vm_fixture *f = *state;
    struct waiter waiter;

    draw_busy_second(f);
    waiter_start(&waiter, f, NULL, VMM_ABORTED);
    assert_int_equal(wire(f, 0, 4, true), VMM_FAILURE);
    assert_int_equal(waiter.waits, 1);
    f->system->sched = NULL;
    ends_the_transition(f);
    assert_wired(f, "0000");
}

/*  a kernel's wait is not interruptible; it may be tried again, and then goes through              */
static void
a_kernel_wire_that_would_block_is_undone_and_can_be_tried_again(void **state)
{
    struct vm_fixture *f = *state;
    struct vm_sched sched;

    draw_busy_second(f);
    vm_sched_init(&sched);
    f->system->sched = &sched;
    assert_int_equal(wire(f, 0, 4, false), VMM_MODEL_WOULD_BLOCK);
    assert_wired(f, "0000");
    assert_int_equal(vm_system_stop(f->system)->kind, VM_RUNNING);
    ends_the_transition(f);
    assert_int_equal(wire(f, 0, 4, false), VMM_OK);
    assert_wired(f, "1111");
    assert_int_equal(vm_map_unwire(f->map, page(f, 0), page(f, 4), false), VMM_OK);
    f->system->sched = NULL;
}

static void
after_the_wait_the_wire_goes_on(void **state)
{
    struct vm_fixture *f = *state;
    struct waiter waiter;

    draw_busy_second(f);
    waiter_start(&waiter, f, ends_the_transition, VMM_OK);
    assert_int_equal(wire(f, 0, 4, true), VMM_OK);
    assert_int_equal(waiter.event, VM_SCHED_ENTRY_TRANSITION);
    f->system->sched = NULL;
    assert_wired(f, "1111");
    assert_int_equal(vm_map_unwire(f->map, page(f, 0), page(f, 4), true), VMM_OK);
}

static void
takes_the_place_away(struct vm_fixture *f)
{
    ends_the_transition(f);
    assert_int_equal(vm_deallocate(f->map, page(f, 2), 2 * PAGE), VMM_OK);
}

/*  what was waited for is gone when the wait ends: code 5, not a hole's 1 (vm.md 3.2 step 3.1)     */
static void
a_place_that_went_away_during_the_wait_is_code_5(void **state)
{
    struct vm_fixture *f = *state;
    struct waiter waiter;

    draw_busy_second(f);
    waiter_start(&waiter, f, takes_the_place_away, VMM_OK);
    assert_int_equal(wire(f, 0, 4, true), VMM_FAILURE);
    f->system->sched = NULL;
    assert_wired(f, "00..");
}

/*  T15 with the least scheduler: no hang, and the removal comes through after the unwire           */
static void
a_removal_that_would_block_completes_when_tried_again(void **state)
{
    struct vm_fixture *f = *state;
    struct vm_sched sched;

    draw_pages(f, "xxxx");
    assert_int_equal(wire(f, 1, 3, false), VMM_OK);
    vm_sched_init(&sched);
    f->system->sched = &sched;
    assert_int_equal(vm_deallocate(f->map, page(f, 0), 4 * PAGE), VMM_MODEL_WOULD_BLOCK);
    assert_wired(f, ".110");
    assert_null(vm_system_check(f->system));
    assert_int_equal(vm_map_unwire(f->map, page(f, 1), page(f, 3), false), VMM_OK);
    assert_int_equal(vm_deallocate(f->map, page(f, 0), 4 * PAGE), VMM_OK);
    assert_wired(f, "....");
    f->system->sched = NULL;
}

static void
makes_room(struct vm_fixture *f)
{
    assert_int_equal(vm_deallocate(f->map, page(f, 0), PAGE), VMM_OK);
}

/*  a full map that makes its callers wait: room comes, and the request is served                   */
static void
a_map_may_make_its_callers_wait_for_room(void **state)
{
    struct vm_fixture *f = *state;
    struct waiter waiter;
    vmm_va address = 0;

    vm_map_search_within(f->map, page(f, 0), page(f, 2));
    draw_pages(f, "xx");
    assert_int_equal(vm_allocate(f->map, &address, PAGE, VM_MAP_ANYWHERE), VMM_NO_SPACE);
    f->map->wait_for_space = true;
    waiter_start(&waiter, f, makes_room, VMM_OK);
    assert_int_equal(vm_allocate(f->map, &address, PAGE, VM_MAP_ANYWHERE), VMM_OK);
    assert_int_equal(address, page(f, 0));
    assert_int_equal(waiter.event, VM_SCHED_MAP_SPACE);
    assert_int_equal(vm_allocate(f->map, &address, 3 * PAGE, VM_MAP_ANYWHERE), VMM_NO_SPACE);
    f->system->sched = NULL;
    assert_int_equal(vm_allocate(f->map, &address, PAGE, VM_MAP_ANYWHERE), VMM_MODEL_HANG);
    assert_int_equal(vm_system_stop(f->system)->reason, REASON_NO_MAP_SPACE);
}

/* A page of the kernel's that its owner keeps everybody out of, and nobody who could wait for him. */
static struct vm_memory_entry *
blocked_kernel_page(struct vm_fixture *f, struct vm_sched *least, vmm_va *va)
{
    struct vm_memory_entry *entry;
    vmm_size size = PAGE;

    *va = 0;
    assert_int_equal(vm_allocate(f->kernel, va, PAGE, VM_MAP_ANYWHERE), VMM_OK);
    assert_int_equal(vm_memory_entry_create(f->kernel, *va, &size, VMM_PROT_DEFAULT, &entry),
                     VMM_OK);
    vm_memory_entry_block(entry, true);
    vm_sched_init(least);
    f->system->sched = least;
    return entry;
}

static enum vmm_status
kernel_load(struct vm_fixture *f, vmm_va va, bool has_recovery)
{
    const struct vm_access access = { .task = vm_task_kernel(f->system),
                                      .va = va,
                                      .length = 1,
                                      .kind = VM_ACCESS_READ,
                                      .has_recovery = has_recovery };

    return vm_access(f->system, &access, NULL);
}

/*  A wait that cannot end now is no panic and no EFAULT: the access may be tried again             */
static void
an_access_that_would_block_may_be_tried_again(void **state)
{
    struct vm_fixture *f = *state;
    struct vm_sched least;
    vmm_va va;
    struct vm_memory_entry *entry = blocked_kernel_page(f, &least, &va);

    assert_int_equal(kernel_load(f, va, false), VMM_MODEL_WOULD_BLOCK);
    assert_int_equal(kernel_load(f, va, true), VMM_MODEL_WOULD_BLOCK);
    assert_int_equal(vm_system_stop(f->system)->kind, VM_RUNNING);
    vm_memory_entry_block(entry, false);
    assert_int_equal(kernel_load(f, va, false), VMM_OK);
    vm_memory_entry_release(&entry);
    f->system->sched = NULL;
}

/*  What a deadlock over such a wait is called, and where it is                                     */
static void
who_waits_for_redirected_memory_says_so(void **state)
{
    struct vm_fixture *f = *state;
    struct vm_sched least;
    vmm_va va;
    struct vm_memory_entry *entry = blocked_kernel_page(f, &least, &va);

    assert_int_equal(kernel_load(f, va + 5, false), VMM_MODEL_WOULD_BLOCK);
    assert_int_equal(least.wait.reason, REASON_ACCESS_BLOCKED);
    assert_int_equal(least.wait.start, va);
    vm_memory_entry_release(&entry);
    f->system->sched = NULL;
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
        TEST(a_hole_that_comes_up_while_wiring_is_found_from_10_13_on),
        TEST(munlock_passes_over_what_the_kernel_is_wiring),
        TEST(exit_waits_for_a_wire_and_then_completes),
        TEST(a_wire_waits_for_an_unwire),
        TEST(an_interrupted_user_wire_is_code_5_and_undoes_everything),
        TEST(a_kernel_wire_that_would_block_is_undone_and_can_be_tried_again),
        TEST(after_the_wait_the_wire_goes_on),
        TEST(a_place_that_went_away_during_the_wait_is_code_5),
        TEST(a_removal_that_would_block_completes_when_tried_again),
        TEST(a_map_may_make_its_callers_wait_for_room),
        TEST(an_access_that_would_block_may_be_tried_again),
        TEST(who_waits_for_redirected_memory_says_so),
    };

    return cmocka_run_group_tests_name("vm_sched", tests, NULL, NULL);
}

/* test_vm_task.c - tasks, their maps and their ends; vm.md 1.8, 3.6, 7.2, iokit.md 1.4, 4.4 */
#include "vm_fixture.h"

#include "vm/vm_internal.h"

static struct vm_task *
new_task(struct vm_fixture *f)
{
    struct vm_task *task = NULL;

    assert_int_equal(vm_task_create(f->system, &task), VMM_OK);
    return task;
}

static enum vmm_status
store(struct vm_fixture *f, struct vm_task *task, vmm_va va, uint8_t byte)
{
    return vm_access(
        f->system,
        &(struct vm_access){
            .task = task, .va = va, .length = 1, .kind = VM_ACCESS_WRITE, .fill = byte },
        NULL);
}

static uint8_t
load(struct vm_fixture *f, struct vm_task *task, vmm_va va)
{
    uint8_t byte = 0;

    assert_int_equal(
        vm_access(f->system,
                  &(struct vm_access){
                      .task = task, .va = va, .length = 1, .kind = VM_ACCESS_READ, .to = &byte },
                  NULL),
        VMM_OK);
    return byte;
}

static void
allocate_page_0(struct vm_fixture *f, struct vm_task *task)
{
    vmm_va address = page(f, 0);

    assert_int_equal(vm_allocate(vm_task_map(task), &address, PAGE, VM_MAP_FIXED), VMM_OK);
}

/*  The kernel's task is number 0 and there from the start                                         */
static void
task_0_is_the_kernel(void **state)
{
    struct vm_fixture *f = *state;
    struct vm_task *kernel = vm_task_kernel(f->system);

    assert_int_equal(vm_task_id(kernel), 0);
    assert_ptr_equal(vm_task_find(f->system, 0), kernel);
    assert_true(vm_map_is_kernel(vm_task_map(kernel)));
    assert_int_equal(vm_map_size(vm_task_map(kernel)), 0);
    assert_ptr_equal(vm_task_system(kernel), f->system);
}

/*  vm.md 1.8: below 4 GiB lies one entry that allows nothing                                       */
static void
a_user_task_begins_with_nothing_but_pagezero(void **state)
{
    struct vm_fixture *f = *state;
    struct vm_region region;

    assert_true(vm_map_region(f->map, 0, &region));
    assert_int_equal(region.start, 0);
    assert_int_equal(region.end, (vmm_va)1 << 32);
    assert_int_equal(region.protection, VMM_PROT_NONE);
    assert_int_equal(region.max_protection, VMM_PROT_NONE);
    assert_false(vm_map_region(f->map, region.end, &region));
}

static void
an_access_through_a_null_pointer_is_code_2(void **state)
{
    struct vm_fixture *f = *state;

    assert_int_equal(store(f, f->task, 8, 1), VMM_PROTECTION_FAILURE);
}

/*  Tasks 1 2 3, 2 ends, the next one is 4                                                           */
static void
k1_ids_are_never_used_again(void **state)
{
    struct vm_fixture *f = *state;
    struct vm_task *second = new_task(f);
    struct vm_task *third = new_task(f);

    assert_int_equal(vm_task_id(f->task), 1);
    assert_int_equal(vm_task_id(second), 2);
    assert_int_equal(vm_task_id(third), 3);
    assert_int_equal(vm_task_terminate(second), VMM_OK);
    assert_int_equal(vm_task_terminate(third), VMM_OK);
    assert_int_equal(vm_task_id(new_task(f)), 4);
}

static void
a_task_is_found_by_its_id_as_long_as_it_lives(void **state)
{
    struct vm_fixture *f = *state;
    struct vm_task *task = new_task(f);

    assert_ptr_equal(vm_task_find(f->system, 2), task);
    assert_null(vm_task_find(f->system, 3));
    assert_int_equal(vm_task_terminate(task), VMM_OK);
    assert_null(vm_task_find(f->system, 2));
    assert_ptr_equal(vm_task_find(f->system, 1), f->task);
}

/*  One address, two tasks, two pages; switching from one to the other mixes nothing up               */
static void
tasks_do_not_see_each_other(void **state)
{
    struct vm_fixture *f = *state;
    struct vm_task *other = new_task(f);

    allocate_page_0(f, f->task);
    allocate_page_0(f, other);
    assert_int_equal(store(f, f->task, page(f, 0), 'A'), VMM_OK);
    assert_int_equal(store(f, other, page(f, 0), 'B'), VMM_OK);
    assert_int_equal(load(f, f->task, page(f, 0)), 'A');
    assert_int_equal(load(f, other, page(f, 0)), 'B');
}

static void
a_task_has_no_access_to_what_only_another_mapped(void **state)
{
    struct vm_fixture *f = *state;
    struct vm_task *other = new_task(f);

    allocate_page_0(f, f->task);
    assert_int_equal(store(f, f->task, page(f, 0), 'A'), VMM_OK);
    assert_int_equal(store(f, other, page(f, 0), 'B'), VMM_INVALID_ADDRESS);
}

/*  vm.md 7.2: one count for all, and one for the task whose thread took it                          */
static void
faults_are_counted_for_their_task(void **state)
{
    struct vm_fixture *f = *state;
    struct vm_task *other = new_task(f);
    vmm_va address = 0;

    allocate_page_0(f, f->task);
    assert_int_equal(vm_allocate(f->kernel, &address, PAGE, VM_MAP_ANYWHERE), VMM_OK);
    assert_int_equal(store(f, f->task, page(f, 0), 1), VMM_OK);
    assert_int_equal(store(f, f->task, page(f, 0), 2), VMM_OK);
    assert_int_equal(store(f, other, page(f, 0), 1), VMM_INVALID_ADDRESS); /* counted as well */
    assert_int_equal(store(f, vm_task_kernel(f->system), address, 1), VMM_OK);
    assert_int_equal(vm_task_faults(f->task), 1);
    assert_int_equal(vm_task_faults(other), 1);
    assert_int_equal(vm_task_faults(vm_task_kernel(f->system)), 1);
    assert_int_equal(faults_since(f), 3);
}

static void
an_ended_task_gives_its_pages_back(void **state)
{
    struct vm_fixture *f = *state;
    struct vm_statistics before, after;
    struct vm_task *task;

    vm_system_statistics(f->system, &before);
    task = new_task(f);
    allocate_page_0(f, task);
    assert_int_equal(store(f, task, page(f, 0), 1), VMM_OK);
    assert_int_equal(vm_task_terminate(task), VMM_OK);
    vm_system_statistics(f->system, &after);
    assert_int_equal(after.free_pages, before.free_pages); /* the tables' frames too */
    assert_int_equal(after.wire_pages, before.wire_pages);
}

/*  Two CPUs run the task's threads; afterwards neither has its space loaded                          */
static void
an_ended_task_is_on_no_cpu(void **state)
{
    struct vm_fixture *f = *state;
    struct vm_task *task = new_task(f);

    allocate_page_0(f, task);
    for (uint32_t cpu = 0; cpu < 2; cpu++) {
        vm_system_set_cpu(f->system, cpu);
        assert_int_equal(store(f, task, page(f, 0), 1), VMM_OK);
        assert_ptr_equal(f->system->cpu_tasks[cpu], task);
    }
    assert_int_equal(vm_task_terminate(task), VMM_OK);
    assert_null(f->system->cpu_tasks[0]);
    assert_null(f->system->cpu_tasks[1]);
    assert_null(vm_system_check(f->system));
}

static void
a_new_task_does_not_see_what_an_ended_one_left(void **state)
{
    struct vm_fixture *f = *state;
    struct vm_task *task = new_task(f);

    allocate_page_0(f, task);
    assert_int_equal(store(f, task, page(f, 0), 'A'), VMM_OK);
    assert_int_equal(vm_task_terminate(task), VMM_OK);
    task = new_task(f);
    allocate_page_0(f, task);
    assert_int_equal(load(f, task, page(f, 0)), 0);
}

/*  iokit.md 1.4: a mapping may keep the map when the task is gone; it is empty then                  */
static void
a_map_outlives_its_task_as_long_as_somebody_keeps_it(void **state)
{
    struct vm_fixture *f = *state;
    struct vm_task *task = new_task(f);
    struct vm_map *map = vm_task_map(task);

    allocate_page_0(f, task);
    vm_map_reference(map);
    assert_int_equal(vm_task_terminate(task), VMM_OK);
    assert_null(vm_task_find(f->system, 2));
    assert_int_equal(vm_map_size(map), 0);
    assert_int_equal(vm_map_space(map), 2);
    vm_map_release(&map);
    assert_null(map);
}

/*  The end of a task drops its own wires (vm.md 3.6)                                                  */
static void
user_wires_do_not_keep_a_task(void **state)
{
    struct vm_fixture *f = *state;
    struct vm_task *task = new_task(f);

    allocate_page_0(f, task);
    assert_int_equal(vm_map_wire(vm_task_map(task), page(f, 0), page(f, 1), VMM_PROT_READ, true),
                     VMM_OK);
    assert_int_equal(vm_task_terminate(task), VMM_OK);
    assert_int_equal(f->system->wired_pages, 0);
}

/*  iokit.md 4.4: a kernel wire that nobody undoes keeps the exiting thread for ever                   */
static void
a_kernel_wire_keeps_a_task_for_ever(void **state)
{
    struct vm_fixture *f = *state;

    draw_pages(f, "x");
    assert_int_equal(vm_map_wire(f->map, page(f, 0), page(f, 1), VMM_PROT_READ, false), VMM_OK);
    assert_int_equal(vm_task_terminate(f->task), VMM_MODEL_HANG);
    assert_int_equal(vm_system_stop(f->system)->kind, VM_HUNG);
    assert_int_equal(vm_system_stop(f->system)->reason, REASON_WIRED_AT_UNMAP);
    assert_ptr_equal(vm_task_find(f->system, 1), f->task);
    assert_wired(f, "1");
}

/*  A thread of the kernel leaves the user space of its CPU empty                                       */
static void
switching_to_the_kernel_loads_no_user_space(void **state)
{
    struct vm_fixture *f = *state;

    vm_task_switch(f->task);
    assert_ptr_equal(f->system->cpu_tasks[0], f->task);
    vm_task_switch(vm_task_kernel(f->system));
    assert_null(f->system->cpu_tasks[0]);
}

static void
a_switch_concerns_the_current_cpu_alone(void **state)
{
    struct vm_fixture *f = *state;
    struct vm_task *other = new_task(f);

    vm_task_switch(f->task);
    vm_system_set_cpu(f->system, 1);
    vm_task_switch(other);
    assert_ptr_equal(f->system->cpu_tasks[0], f->task);
    assert_ptr_equal(f->system->cpu_tasks[1], other);
}

static void
creating_a_task_survives_every_failing_allocation(void **state)
{
    struct vm_fixture *f = *state;
    enum vmm_status status = VMM_MODEL_NO_MEMORY;

    for (uint64_t n = 1; status != VMM_OK && n < 100; n++) {
        struct vm_task *task = NULL;

        vm_fixture_restart(f, "macos-15.4");
        f->counting.requests = 0;
        f->counting.fail_at = n;
        for (unsigned i = 0; i < 64; i++) { /* more than the storage that is at hand */
            status = vm_task_create(f->system, &task);
            if (status != VMM_OK)
                break;
        }
        f->counting.fail_at = 0;
        if (status != VMM_OK)
            assert_int_equal(status, VMM_MODEL_NO_MEMORY);
        assert_null(vm_system_check(f->system));
    }
    assert_int_equal(status, VMM_OK);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, vm_fixture_setup, vm_fixture_teardown)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(task_0_is_the_kernel),
        TEST(a_user_task_begins_with_nothing_but_pagezero),
        TEST(an_access_through_a_null_pointer_is_code_2),
        TEST(k1_ids_are_never_used_again),
        TEST(a_task_is_found_by_its_id_as_long_as_it_lives),
        TEST(tasks_do_not_see_each_other),
        TEST(a_task_has_no_access_to_what_only_another_mapped),
        TEST(faults_are_counted_for_their_task),
        TEST(an_ended_task_gives_its_pages_back),
        TEST(an_ended_task_is_on_no_cpu),
        TEST(a_new_task_does_not_see_what_an_ended_one_left),
        TEST(a_map_outlives_its_task_as_long_as_somebody_keeps_it),
        TEST(user_wires_do_not_keep_a_task),
        TEST(a_kernel_wire_keeps_a_task_for_ever),
        TEST(switching_to_the_kernel_loads_no_user_space),
        TEST(a_switch_concerns_the_current_cpu_alone),
        TEST(creating_a_task_survives_every_failing_allocation),
    };

    return cmocka_run_group_tests_name("vm_task", tests, NULL, NULL);
}

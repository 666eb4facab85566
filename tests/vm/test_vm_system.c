/* test_vm_system.c - what a system needs, what it lets users wire, and calls on whole ranges */
#include "vm_fixture.h"

#include "vm/vm_internal.h"
#include "vm/vm_map_store.h"
#include "vm/vm_memory_entry.h"
#include "vm/vm_user.h"

static bool
can_start(struct vm_fixture *f, uint32_t cpus, vmm_ppn frames)
{
    struct counting_alloc counting;
    struct vm_system *system;

    counting_alloc_init(&counting);
    system = vm_system_create(&(struct vm_config){ .alloc = &counting.alloc,
                                                   .profile = &f->profile,
                                                   .geometry = &hw_geometry_x86_64,
                                                   .cpu_count = cpus,
                                                   .frame_count = frames });
    if (system != NULL)
        vm_system_destroy(system);
    assert_int_equal(counting.live_bytes, 0);
    return system != NULL;
}

static void
a_system_starts_with_few_frames_and_many_cpus_but_no_fewer_and_no_more(void **state)
{
    struct vm_fixture *f = *state;

    assert_true(can_start(f, 1, VM_MIN_FRAMES));
    assert_false(can_start(f, 1, VM_MIN_FRAMES - 1));
    assert_true(can_start(f, HW_MAX_CPUS, 512));
    assert_false(can_start(f, HW_MAX_CPUS + 1, 512));
    assert_false(can_start(f, 0, 512));
}

/*  until 10.14 all but a fifth, and no more than 64 MiB are kept back; then a share by size  */
static void
users_may_wire_what_the_release_leaves_them(void **state)
{
    struct vm_fixture *f = *state;
    const vmm_size ram = (vmm_size)4096 * PAGE;

    vm_fixture_restart_on(f, "macos-10.11", &hw_geometry_x86_64, 4096);
    assert_int_equal(vm_system_user_wire_limit(f->system), ram - ram / 5);
    vm_fixture_restart_on(f, "macos-10.11", &hw_geometry_x86_64, 1 << 17);
    assert_int_equal(vm_system_user_wire_limit(f->system), ((vmm_size)512 << 20) - (64 << 20));
    vm_fixture_restart_on(f, "macos-15.4", &hw_geometry_x86_64, 4096);
    assert_int_equal(vm_system_user_wire_limit(f->system), ram / 100 * 70);
}

/*  a superpage has 2 MiB, stands on 2 MiB, and has a size of that; any rounds up, the other does not  */
static void
superpages_have_whole_sizes(void **state)
{
    struct vm_fixture *f = *state;
    const vmm_size superpage = (vmm_size)2 << 20;
    struct vm_region_pages pages;
    static const struct {
        uint32_t kind;
        vmm_size size;
        enum vmm_status status;
    } rows[] = {
        { VM_MAP_SUPERPAGE_2MB, (vmm_size)2 << 20, VMM_OK },
        { VM_MAP_SUPERPAGE_2MB, PAGE, VMM_INVALID_ARGUMENT },
        { VM_MAP_SUPERPAGE_ANY, PAGE, VMM_OK },
        { VM_MAP_SUPERPAGE_ANY | VM_MAP_SUPERPAGE_2MB, (vmm_size)2 << 20, VMM_INVALID_ARGUMENT },
    };

    vm_fixture_restart_on(f, "macos-15.4", &hw_geometry_x86_64, 8192);
    for (size_t i = 0; i < VMM_COUNT_OF(rows); i++) {
        vmm_va at = 0;

        assert_int_equal(vm_allocate(f->map, &at, rows[i].size, rows[i].kind | VM_MAP_ANYWHERE),
                         rows[i].status);
        if (rows[i].status != VMM_OK)
            continue;
        assert_int_equal(at % superpage, 0);
        assert_true(vm_map_region_pages(f->map, at, true, &pages));
        assert_int_equal(pages.share_mode, VM_SHARE_LARGE_PAGE);
        assert_int_equal(pages.resident, superpage / PAGE);
        assert_int_equal(vm_deallocate(f->map, at, superpage), VMM_OK);
    }
}

/*  from 10.14 VM_PROT_COPY puts a copy over what may never be written, and it may be written then  */
static void
protecting_by_copy_gives_the_maximum_write(void **state)
{
    struct vm_fixture *f = *state;
    struct vm_region region;
    uint8_t byte = 0;

    draw_pages(f, "xx");
    assert_int_equal(user_store(f, 0, 5), VMM_OK);
    assert_int_equal(vm_protect(f->map, page(f, 0), PAGE, true, VMM_PROT_READ), VMM_OK);
    assert_int_equal(user_store(f, 0, 6), VMM_PROTECTION_FAILURE);
    assert_int_equal(vm_protect(f->map, page(f, 0), PAGE, false, VMM_PROT_DEFAULT | VMM_PROT_COPY),
                     VMM_OK);
    assert_true(vm_map_region(f->map, page(f, 0), &region));
    assert_int_equal(region.max_protection & VMM_PROT_WRITE, VMM_PROT_WRITE);
    assert_int_equal(user_load(f, 0, &byte), VMM_OK);
    assert_int_equal(byte, 5);
    assert_int_equal(user_store(f, 0, 6), VMM_OK);
    assert_true(vm_map_region(f->map, page(f, 1), &region));
    assert_int_equal(region.max_protection, VMM_PROT_ALL);
}

/*  parts of a handle  0 1 2 3   the last page, all of it, nothing beyond; with no more rights than it  */
static void
a_part_of_a_handle_may_reach_its_end(void **state)
{
    struct vm_fixture *f = *state;
    struct vm_memory_entry *whole, *part;
    vmm_size size = 4 * PAGE;

    draw_pages(f, "xxxx");
    assert_int_equal(vm_memory_entry_create(f->map, page(f, 0), &size, VMM_PROT_READ, &whole),
                     VMM_OK);
    assert_int_equal(vm_memory_entry_part(whole, 0, 4 * PAGE, VMM_PROT_DEFAULT, &part), VMM_OK);
    assert_int_equal(vm_memory_entry_prot(part), VMM_PROT_READ);
    assert_true(vm_memory_entry_is_same(whole, part));
    vm_memory_entry_release(&part);
    assert_int_equal(vm_memory_entry_part(whole, 3 * PAGE, PAGE, VMM_PROT_READ, &part), VMM_OK);
    assert_int_equal(vm_memory_entry_size(part), PAGE);
    assert_false(vm_memory_entry_is_same(whole, part));
    vm_memory_entry_release(&part);
    assert_int_equal(vm_memory_entry_part(whole, 3 * PAGE, 2 * PAGE, VMM_PROT_READ, &part),
                     VMM_INVALID_ARGUMENT);
    assert_int_equal(vm_memory_entry_part(whole, 5 * PAGE, PAGE, VMM_PROT_READ, &part),
                     VMM_INVALID_ARGUMENT);
    vm_memory_entry_release(&whole);
}

/*  two handles of equal bytes by different rights, sizes and places are not the same  */
static void
handles_are_the_same_when_all_of_them_is(void **state)
{
    struct vm_fixture *f = *state;
    struct vm_memory_entry *a, *b, *c, *d;
    vmm_size size = 2 * PAGE;

    draw_pages(f, "xxxx");
    assert_int_equal(vm_memory_entry_create(f->map, page(f, 0), &size, VMM_PROT_READ, &a), VMM_OK);
    assert_int_equal(vm_memory_entry_create(f->map, page(f, 0), &size, VMM_PROT_READ, &b), VMM_OK);
    assert_int_equal(vm_memory_entry_create(f->map, page(f, 0), &size, VMM_PROT_DEFAULT, &c),
                     VMM_OK);
    assert_int_equal(vm_memory_entry_create(f->map, page(f, 2), &size, VMM_PROT_READ, &d), VMM_OK);
    assert_true(vm_memory_entry_is_same(a, b));
    assert_false(vm_memory_entry_is_same(a, c));
    assert_false(vm_memory_entry_is_same(a, d));
    vm_memory_entry_release(&a);
    vm_memory_entry_release(&b);
    vm_memory_entry_release(&c);
    vm_memory_entry_release(&d);
}

/*
 *  parent  Ab over ab    a shadow, because a child by copy had the same; the child ends
 *  both    Ab            a second child shares the shadow, and ends: one names it again, and what is
 *                        below it is taken in
 */
static void
a_shadow_takes_in_what_only_it_names(void **state)
{
    struct vm_fixture *f = *state;
    struct vm_map_entry *entry;
    struct vm_task *child;

    draw_pages(f, "xx");
    assert_int_equal(user_store(f, 0, 'a'), VMM_OK);
    assert_int_equal(user_store(f, 1, 'b'), VMM_OK);
    assert_int_equal(vm_task_fork(f->task, &child), VMM_OK);
    assert_int_equal(user_store(f, 0, 'A'), VMM_OK);
    assert_int_equal(vm_task_terminate(child), VMM_OK);
    assert_int_equal(vm_inherit(f->map, page(f, 0), 2 * PAGE, VMM_INHERIT_SHARE), VMM_OK);
    assert_int_equal(vm_task_fork(f->task, &child), VMM_OK);
    assert_true(vm_map_lookup_entry(f->map, page(f, 0), &entry));
    assert_non_null(entry->object->shadow);
    assert_int_equal(vm_task_terminate(child), VMM_OK);
    assert_null(entry->object->shadow);
    assert_int_equal(entry->object->ref_count, 1);
}

/*  remap_new's rights are the caller's: within its own maximum, and rights  */
static void
remap_new_takes_rights_within_their_maximum(void **state)
{
    struct vm_fixture *f = *state;
    struct vm_remap_call call = { .size = PAGE,
                                  .flags = VM_MAP_ANYWHERE,
                                  .is_new = true,
                                  .source_map = f->map,
                                  .source = page(f, 0),
                                  .inheritance = VMM_INHERIT_COPY };
    static const struct {
        vmm_prot prot, max_prot;
        enum vmm_status status;
    } rows[] = {
        { VMM_PROT_READ, VMM_PROT_READ, VMM_OK },
        { VMM_PROT_READ, VMM_PROT_DEFAULT, VMM_OK },
        { VMM_PROT_DEFAULT, VMM_PROT_READ, VMM_INVALID_ARGUMENT },
        { 0x100 | VMM_PROT_READ, 0x100 | VMM_PROT_READ, VMM_INVALID_ARGUMENT },
    };

    draw_pages(f, "x");
    for (size_t i = 0; i < VMM_COUNT_OF(rows); i++) {
        vmm_prot prot = rows[i].prot, max_prot = rows[i].max_prot;
        vmm_va at = 0;

        assert_int_equal(vm_remap(f->map, &at, &call, &prot, &max_prot), rows[i].status);
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, vm_fixture_setup, vm_fixture_teardown)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_system_starts_with_few_frames_and_many_cpus_but_no_fewer_and_no_more),
        TEST(users_may_wire_what_the_release_leaves_them),
        TEST(superpages_have_whole_sizes),
        TEST(protecting_by_copy_gives_the_maximum_write),
        TEST(a_part_of_a_handle_may_reach_its_end),
        TEST(handles_are_the_same_when_all_of_them_is),
        TEST(a_shadow_takes_in_what_only_it_names),
        TEST(remap_new_takes_rights_within_their_maximum),
    };

    return cmocka_run_group_tests_name("vm_system", tests, NULL, NULL);
}

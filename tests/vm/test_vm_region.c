/* test_vm_region.c - what mach_vm_region's flavours and mach_vm_region_recurse tell; vm.md 7.3 */
#include "vm_fixture.h"

#include "vm/vm_map.h"
#include "vm/vm_memory_entry.h"
#include "vm/vm_submap.h"
#include "vm/vm_user.h"

static struct vm_region_pages
pages_at(struct vm_fixture *f, unsigned n)
{
    struct vm_region_pages pages;

    assert_true(vm_map_region_pages(f->map, page(f, n), true, &pages));
    return pages;
}

static struct vm_region_top
top_at(struct vm_fixture *f, unsigned n)
{
    struct vm_region_top top;

    assert_true(vm_map_region_top(f->map, page(f, n), &top));
    return top;
}

static struct vm_region
region_at(struct vm_fixture *f, unsigned n)
{
    struct vm_region region;

    assert_true(vm_map_region(f->map, page(f, n), &region));
    return region;
}

static struct vm_task *
fork_with(struct vm_fixture *f, unsigned first, unsigned count, uint32_t inheritance)
{
    struct vm_task *child;

    assert_int_equal(vm_inherit(f->map, page(f, first), count * PAGE, inheritance), VMM_OK);
    assert_int_equal(vm_task_fork(f->task, &child), VMM_OK);
    return child;
}

static void
end(struct vm_task *task)
{
    assert_int_equal(vm_task_terminate(task), VMM_OK);
}

/*  nothing yet: EMPTY; touched: PRIVATE; both sides of a cut: the same object twice in one map     */
static void
a_private_entry_and_its_parts(void **state)
{
    struct vm_fixture *f = *state;

    draw_pages(f, "xxxx");
    assert_int_equal(pages_at(f, 0).share_mode, VM_SHARE_EMPTY);
    assert_int_equal(top_at(f, 0).share_mode, VM_SHARE_EMPTY);
    assert_int_equal(user_store(f, 1, 1), VMM_OK);
    assert_int_equal(pages_at(f, 0).share_mode, VM_SHARE_PRIVATE);
    assert_int_equal(pages_at(f, 0).resident, 1);
    assert_int_equal(pages_at(f, 0).dirty, 1);
    assert_int_equal(top_at(f, 0).share_mode, VM_SHARE_PRIVATE);
    assert_int_equal(top_at(f, 0).private_pages, 1);
    assert_int_equal(vm_protect(f->map, page(f, 0), 2 * PAGE, false, VMM_PROT_READ), VMM_OK);
    assert_int_equal(region_at(f, 0).end, page(f, 2));
    assert_int_equal(pages_at(f, 0).share_mode, VM_SHARE_PRIVATE_ALIASED);
    assert_int_equal(pages_at(f, 2).share_mode, VM_SHARE_PRIVATE_ALIASED);
    assert_int_equal(top_at(f, 0).share_mode, VM_SHARE_SHARED);
    assert_int_equal(pages_at(f, 0).reference_count, 2);
}

/*  Shared with a child: the whole entry is SHARED in both, and the object is copied by delay only  */
static void
a_whole_entry_shared_with_a_child(void **state)
{
    struct vm_fixture *f = *state;
    struct vm_task *child;
    struct vm_region_pages pages;

    draw_pages(f, "xxxx");
    assert_int_equal(user_store(f, 0, 1), VMM_OK);
    child = fork_with(f, 0, 4, VMM_INHERIT_SHARE);
    assert_true(vm_map_region_pages(vm_task_map(child), page(f, 0), true, &pages));
    assert_int_equal(pages.share_mode, VM_SHARE_SHARED);
    assert_int_equal(pages.reference_count, 2);
    assert_int_equal(pages.shadow_depth, 0);
    assert_int_equal(pages_at(f, 0).share_mode, VM_SHARE_SHARED);
    assert_true(region_at(f, 0).is_shared);
    end(child);
    assert_int_equal(pages_at(f, 0).share_mode, VM_SHARE_PRIVATE);
    assert_true(region_at(f, 0).is_shared); /* the mark stays */
}

/*
 * A part of an entry shared with a child: its object is larger than the part, so the part gets a
 * shadow of its own (vm.md 2.3), and what is below is told as COW. The other part is COW by fork.
 */
static void
a_part_of_an_entry_shared_with_a_child(void **state)
{
    struct vm_fixture *f = *state;
    struct vm_task *child;
    struct vm_region_pages pages;
    uint8_t byte;

    draw_pages(f, "xxxx");
    assert_int_equal(user_store(f, 0, 1), VMM_OK);
    assert_int_equal(user_store(f, 3, 3), VMM_OK);
    child = fork_with(f, 0, 2, VMM_INHERIT_SHARE);
    assert_true(vm_map_region_pages(vm_task_map(child), page(f, 0), true, &pages));
    assert_int_equal(pages.share_mode, VM_SHARE_COW);
    assert_int_equal(pages.shadow_depth, 1);
    assert_int_equal(pages.resident, 1);
    assert_int_equal(pages_at(f, 0).share_mode, VM_SHARE_COW);
    assert_true(region_at(f, 0).is_shared);
    assert_false(region_at(f, 0).needs_copy);
    assert_int_equal(pages_at(f, 2).share_mode, VM_SHARE_COW);
    assert_true(region_at(f, 2).needs_copy);
    assert_int_equal(user_store(f, 0, 7), VMM_OK); /* and it is shared all the same */
    assert_int_equal(
        vm_access(
            f->system,
            &(struct vm_access){
                .task = child, .va = page(f, 0), .length = 1, .kind = VM_ACCESS_READ, .to = &byte },
            NULL),
        VMM_OK);
    assert_int_equal(byte, 7);
    end(child);
}

/*  A named entry makes an object TRUESHARED once two know it                                      */
static void
a_named_entrys_object_is_true_shared(void **state)
{
    struct vm_fixture *f = *state;
    struct vm_memory_entry *entry = NULL;
    vmm_size size = 2 * PAGE;

    draw_pages(f, "xx");
    assert_int_equal(user_store(f, 0, 1), VMM_OK);
    assert_int_equal(vm_memory_entry_create(f->map, page(f, 0), &size, VMM_PROT_DEFAULT, &entry),
                     VMM_OK);
    assert_int_equal(pages_at(f, 0).share_mode, VM_SHARE_TRUESHARED);
    vm_memory_entry_release(&entry);
    assert_int_equal(pages_at(f, 0).share_mode, VM_SHARE_PRIVATE);
}

/*  A file that one mapping shows is its own; a second one makes it shared                          */
static void
a_file_shown_once_is_private(void **state)
{
    struct vm_fixture *f = *state;
    struct vm_memory_entry *file = NULL;
    struct vm_task *child;
    vmm_va address = page(f, 0);

    assert_int_equal(vm_memory_entry_file(f->system, 4 * PAGE, VMM_PROT_DEFAULT, &file), VMM_OK);
    assert_int_equal(
        vm_memory_entry_map(file, f->map, &address, 0, 4 * PAGE, VM_MAP_FIXED, VMM_PROT_DEFAULT),
        VMM_OK);
    assert_true(pages_at(f, 0).external_pager);
    assert_int_equal(pages_at(f, 0).share_mode, VM_SHARE_PRIVATE);
    assert_int_equal(top_at(f, 0).share_mode, VM_SHARE_PRIVATE);
    child = fork_with(f, 0, 4, VMM_INHERIT_SHARE);
    assert_int_equal(pages_at(f, 0).share_mode, VM_SHARE_SHARED);
    assert_int_equal(top_at(f, 0).share_mode, VM_SHARE_SHARED);
    end(child);
    vm_memory_entry_release(&file);
}

/*  A submap that is not looked into: PRIVATE with its references; EXTENDED_INFO says EMPTY         */
static void
a_submap_tells_of_itself(void **state)
{
    struct vm_fixture *f = *state;
    struct vm_region_pages pages;
    struct vm_map *submap;
    vmm_va at = 0;

    assert_int_equal(vm_map_suballoc(f->kernel, &at, 4 * PAGE, VM_MAP_ANYWHERE, &submap), VMM_OK);
    assert_true(vm_map_region_pages_below(f->kernel, at, 0, true, &pages));
    assert_int_equal(pages.share_mode, VM_SHARE_PRIVATE);
    assert_int_equal(pages.reference_count, 2);
    assert_true(vm_map_region_pages(f->kernel, at, true, &pages));
    assert_int_equal(pages.share_mode, VM_SHARE_EMPTY);
    assert_int_equal(pages.reference_count, 0);
    vm_map_release(&submap);
    assert_int_equal(vm_map_delete(f->kernel, at, at + 4 * PAGE), VMM_OK);
}

/*  A superpage: LARGE_PAGE, all of it resident, one reference                                      */
static void
a_superpage_is_a_large_page(void **state)
{
    struct vm_fixture *f = *state;
    vmm_va address = 0;
    struct vm_region_pages pages;

    vm_fixture_restart_on(f, "macos-15.4", &hw_geometry_x86_64, 4096);
    assert_int_equal(vm_allocate(f->map, &address, 2 << 20, VM_MAP_ANYWHERE | VM_MAP_SUPERPAGE_2MB),
                     VMM_OK);
    assert_true(vm_map_region_pages(f->map, address, true, &pages));
    assert_int_equal(pages.share_mode, VM_SHARE_LARGE_PAGE);
    assert_int_equal(pages.resident, 512);
    assert_int_equal(pages.reference_count, 1);
}

/*  ANON_MAX_SIZE is a limit of fresh named memory through 10.15 (vm.md 0.2, 2.1)                    */
static void
named_memory_has_a_limit_through_10_15(void **state)
{
    static const struct {
        const char *release;
        vmm_size size;
        enum vmm_status status;
    } cases[] = {
        { "macos-10.15", UINT64_C(0xFFFFF000), VMM_OK },
        { "macos-10.15", UINT64_C(0xFFFFF001), VMM_FAILURE },
        { "macos-11", UINT64_C(0xFFFFF001), VMM_OK },
        { "macos-11", UINT64_C(0x7FFFFFFFFFFFF801), VMM_FAILURE },
    };
    struct vm_fixture *f = *state;

    for (size_t i = 0; i < VMM_COUNT_OF(cases); i++) {
        struct vm_memory_entry *made = NULL;
        vmm_size size = cases[i].size;

        vm_fixture_restart(f, cases[i].release);
        assert_int_equal(
            vm_make_memory_entry(f->map, &size, 0, VM_MEM_NAMED_CREATE | 3, NULL, &made),
            cases[i].status);
        vm_memory_entry_release(&made);
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, vm_fixture_setup, vm_fixture_teardown)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_private_entry_and_its_parts),
        TEST(a_whole_entry_shared_with_a_child),
        TEST(a_part_of_an_entry_shared_with_a_child),
        TEST(a_named_entrys_object_is_true_shared),
        TEST(a_file_shown_once_is_private),
        TEST(a_submap_tells_of_itself),
        TEST(a_superpage_is_a_large_page),
        TEST(named_memory_has_a_limit_through_10_15),
    };

    return cmocka_run_group_tests_name("vm_region", tests, NULL, NULL);
}

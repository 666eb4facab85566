/* test_vm_region_pages.c - what mach_vm_region tells of pages and of sharing; vm.md 7.3 */
#include "vm_fixture.h"

#include "vm/vm_internal.h"
#include "vm/vm_map_store.h"
#include "vm/vm_user.h"

static struct vm_region_pages
pages_of(const struct vm_map *map, vmm_va at)
{
    struct vm_region_pages pages;

    assert_true(vm_map_region_pages(map, at, true, &pages));
    return pages;
}

static struct vm_region_top
top_of(const struct vm_map *map, vmm_va at)
{
    struct vm_region_top top;

    assert_true(vm_map_region_top(map, at, &top));
    return top;
}

/*  pages   xxxx     never touched: an entry without an object has no pages; a hole tells nothing  */
static void
untouched_memory_has_no_object_and_a_hole_is_nothing(void **state)
{
    struct vm_fixture *f = *state;
    struct vm_region_pages pages = { .reference_count = 77 };
    struct vm_region_top top;

    draw_pages(f, "xxxx");
    pages = pages_of(f->map, page(f, 0));
    assert_int_equal(pages.resident + pages.reference_count, 0);
    assert_int_equal(top_of(f->map, page(f, 0)).object_id, 0);
    assert_false(vm_map_region_pages(f->map, page(f, 9), true, &pages));
    assert_false(vm_map_region_top(f->map, page(f, 9), &top));
}

/*  pages   sl.w     stored, loaded, not touched, wired  */
static void
each_page_is_counted_once_for_what_it_is(void **state)
{
    struct vm_fixture *f = *state;
    struct vm_region_pages pages;
    struct vm_region_top top;
    uint8_t byte;

    draw_pages(f, "xxxx");
    assert_int_equal(user_store(f, 0, 1), VMM_OK);
    assert_int_equal(user_load(f, 1, &byte), VMM_OK);
    pages = pages_of(f->map, page(f, 0));
    assert_int_equal(pages.resident, 2);
    assert_int_equal(pages.dirty, 2); /* zero fill maps for writing at once (T24) */
    assert_int_equal(pages.wired, 0);
    assert_int_equal(pages.reusable, 0);
    assert_int_equal(pages.swapped_out, 0);
    assert_int_equal(pages.reference_count, 1);
    assert_int_equal(pages.shadow_depth, 0);
    assert_false(pages.external_pager);
    top = top_of(f->map, page(f, 0));
    assert_int_equal(top.private_pages, 2);
    assert_int_equal(top.shared_pages, 0);
    assert_int_equal(top.reference_count, 1);
    assert_int_not_equal(top.object_id, 0);
    assert_int_equal(vm_map_wire(f->map, page(f, 3), page(f, 4), VMM_PROT_READ, true), VMM_OK);
    assert_int_equal(pages_of(f->map, page(f, 3)).wired, 1);
}

/*  REUSABLE takes pages out of the top's count and into the other's; REUSE brings them back  */
static void
what_is_offered_for_reuse_is_counted_apart(void **state)
{
    struct vm_fixture *f = *state;

    draw_pages(f, "xx");
    assert_int_equal(user_store(f, 0, 1), VMM_OK);
    assert_int_equal(user_store(f, 1, 1), VMM_OK);
    assert_int_equal(vm_behavior_set(f->map, page(f, 0), 2 * PAGE, VM_BEHAVIOR_REUSABLE), VMM_OK);
    assert_int_equal(pages_of(f->map, page(f, 0)).reusable, 2);
    assert_int_equal(top_of(f->map, page(f, 0)).private_pages, 0);
    assert_int_equal(vm_behavior_set(f->map, page(f, 0), 2 * PAGE, VM_BEHAVIOR_REUSE), VMM_OK);
    assert_int_equal(pages_of(f->map, page(f, 0)).reusable, 0);
    assert_int_equal(top_of(f->map, page(f, 0)).private_pages, 2);
}

/*
 *  parent   ab     forked: both see one object, each by copy
 *  then the parent stores to page 0: a shadow of its own over what both had
 */
static void
a_copy_is_cow_and_its_chain_is_told(void **state)
{
    struct vm_fixture *f = *state;
    struct vm_task *child;
    struct vm_region_top top;
    struct vm_region_pages pages;

    draw_pages(f, "xx");
    assert_int_equal(user_store(f, 0, 'a'), VMM_OK);
    assert_int_equal(user_store(f, 1, 'b'), VMM_OK);
    assert_int_equal(vm_task_fork(f->task, &child), VMM_OK);
    top = top_of(f->map, page(f, 0));
    assert_int_equal(top.share_mode, VM_SHARE_COW);
    assert_int_equal(top.shared_pages, 2);
    assert_int_equal(top.private_pages, 0);
    assert_int_equal(top.reference_count, 2);
    assert_int_equal(pages_of(f->map, page(f, 0)).share_mode, VM_SHARE_COW);

    assert_int_equal(user_store(f, 0, 'A'), VMM_OK);
    top = top_of(f->map, page(f, 0));
    assert_int_equal(top.share_mode, VM_SHARE_COW);
    assert_int_equal(top.private_pages, 1);
    assert_int_equal(top.shared_pages, 2);
    assert_int_equal(top.object_id, top_of(vm_task_map(child), page(f, 0)).object_id);
    pages = pages_of(f->map, page(f, 0));
    assert_int_equal(pages.resident, 2);
    assert_int_equal(pages.shadow_depth, 1);
    assert_int_equal(pages.shared_now_private, 1); /* its own copy of page 0 */
    assert_int_equal(vm_task_terminate(child), VMM_OK);
}

/*  a share in the child and one more in the same map: who else names the object decides the word  */
static void
sharing_has_a_word_for_who_shares(void **state)
{
    struct vm_fixture *f = *state;
    struct vm_remap_call call = { .size = 2 * PAGE,
                                  .flags = VM_MAP_FIXED,
                                  .source_map = f->map,
                                  .source = page(f, 0),
                                  .inheritance = VMM_INHERIT_NONE };
    vmm_va again = page(f, 8);
    vmm_prot prot, max_prot;
    struct vm_task *child;

    draw_pages(f, "xx");
    assert_int_equal(user_store(f, 0, 1), VMM_OK);
    assert_int_equal(vm_inherit(f->map, page(f, 0), 2 * PAGE, VMM_INHERIT_SHARE), VMM_OK);
    assert_int_equal(vm_task_fork(f->task, &child), VMM_OK);
    assert_int_equal(top_of(f->map, page(f, 0)).share_mode, VM_SHARE_SHARED);
    assert_int_equal(top_of(f->map, page(f, 0)).shared_pages, 1);
    assert_int_equal(top_of(f->map, page(f, 0)).private_pages, 0);
    assert_int_equal(vm_remap(f->map, &again, &call, &prot, &max_prot), VMM_OK);
    assert_int_equal(pages_of(f->map, page(f, 0)).share_mode, VM_SHARE_SHARED_ALIASED);
    assert_int_equal(pages_of(f->map, page(f, 8)).share_mode, VM_SHARE_SHARED_ALIASED);
    assert_int_equal(pages_of(f->map, page(f, 0)).reference_count, 3);
    assert_int_equal(vm_task_terminate(child), VMM_OK);
    assert_int_equal(pages_of(f->map, page(f, 0)).share_mode, VM_SHARE_PRIVATE_ALIASED);
    assert_int_equal(pages_of(f->map, page(f, 8)).share_mode, VM_SHARE_PRIVATE_ALIASED);
    assert_int_equal(pages_of(f->map, page(f, 0)).reference_count, 2);
}

/*  a child of a plain parent has entries that nobody shares, and none of the wires  */
static void
a_childs_entry_is_its_own(void **state)
{
    struct vm_fixture *f = *state;
    struct vm_map_entry *entry;
    struct vm_region region;
    struct vm_task *child;

    draw_pages(f, "xx");
    assert_int_equal(vm_map_wire(f->map, page(f, 0), page(f, 1), VMM_PROT_READ, true), VMM_OK);
    assert_int_equal(vm_task_fork(f->task, &child), VMM_OK);
    entry = vm_map_entry_at_or_after(vm_task_map(child), page(f, 0));
    assert_non_null(entry);
    assert_false(entry->is_shared);
    assert_true(vm_map_region(vm_task_map(child), page(f, 0), &region));
    assert_int_equal(region.wired_count + region.user_wired_count, 0);
    assert_int_equal(vm_task_terminate(child), VMM_OK);
}

/*  pages   xx       shared with a child that has ended: what is allocated behind is an entry of its own  */
static void
nothing_grows_out_of_what_was_shared(void **state)
{
    struct vm_fixture *f = *state;
    vmm_va at = page(f, 2);
    struct vm_region region;
    struct vm_task *child;

    draw_pages(f, "xx");
    assert_int_equal(vm_inherit(f->map, page(f, 0), 2 * PAGE, VMM_INHERIT_SHARE), VMM_OK);
    assert_int_equal(vm_task_fork(f->task, &child), VMM_OK);
    assert_int_equal(vm_task_terminate(child), VMM_OK);
    assert_int_equal(vm_inherit(f->map, page(f, 0), 2 * PAGE, VMM_INHERIT_COPY), VMM_OK);
    assert_int_equal(vm_allocate(f->map, &at, PAGE, VM_MAP_FIXED), VMM_OK);
    assert_true(vm_map_region(f->map, page(f, 0), &region));
    assert_int_equal(region.end, page(f, 2));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, vm_fixture_setup, vm_fixture_teardown)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(untouched_memory_has_no_object_and_a_hole_is_nothing),
        TEST(each_page_is_counted_once_for_what_it_is),
        TEST(what_is_offered_for_reuse_is_counted_apart),
        TEST(a_copy_is_cow_and_its_chain_is_told),
        TEST(sharing_has_a_word_for_who_shares),
        TEST(a_childs_entry_is_its_own),
        TEST(nothing_grows_out_of_what_was_shared),
    };

    return cmocka_run_group_tests_name("vm_region_pages", tests, NULL, NULL);
}

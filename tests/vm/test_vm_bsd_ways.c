/* test_vm_bsd_ways.c - what Darwin's calls do when they succeed, and the last places of a map; vm.md 2.1 */
#include "vm_fixture.h"

#include "vm/vm_bsd.h"
#include "vm/vm_internal.h"
#include "vm/vm_user.h"

static void
mmap_takes_shared_or_private_and_anonymous(void **state)
{
    struct vm_fixture *f = *state;
    static const struct {
        vmm_size length;
        uint32_t flags;
        int errno_expected;
    } rows[] = {
        { PAGE, VM_BSD_PRIVATE | VM_BSD_ANON, 0 },
        { PAGE, VM_BSD_SHARED | VM_BSD_ANON, 0 },
        { 1, VM_BSD_PRIVATE | VM_BSD_ANON, 0 },
        { PAGE, VM_BSD_PRIVATE | VM_BSD_ANON | VM_BSD_JIT, 0 },
        { PAGE, VM_BSD_SHARED | VM_BSD_ANON | VM_BSD_JIT, VM_EINVAL },
        { PAGE, VM_BSD_PRIVATE | VM_BSD_ANON | VM_BSD_FIXED, 0 },
    };

    for (size_t i = 0; i < VMM_COUNT_OF(rows); i++) {
        vmm_va at = page(f, 0);

        assert_int_equal(
            vm_bsd_mmap(f->map, &at, rows[i].length, VMM_PROT_DEFAULT, rows[i].flags, 0),
            rows[i].errno_expected);
    }
}

/*  a fixed place replaces what is there; a hint is rounded, and gives way where something is  */
static void
mmap_at_a_fixed_place_replaces_and_a_hint_gives_way(void **state)
{
    struct vm_fixture *f = *state;
    uint32_t flags = VM_BSD_PRIVATE | VM_BSD_ANON;
    vmm_va at = page(f, 0);
    vmm_va ragged = page(f, 0) + 1;
    uint8_t byte = 1;

    draw_pages(f, "xx");
    assert_int_equal(user_store(f, 0, 7), VMM_OK);
    assert_int_equal(vm_bsd_mmap(f->map, &at, PAGE, VMM_PROT_DEFAULT, flags | VM_BSD_FIXED, 0), 0);
    assert_int_equal(at, page(f, 0));
    assert_int_equal(user_load(f, 0, &byte), VMM_OK);
    assert_int_equal(byte, 0);
    assert_int_equal(vm_bsd_mmap(f->map, &ragged, PAGE, VMM_PROT_DEFAULT, flags, 0), 0);
    assert_int_equal(ragged % PAGE, 0);
    assert_true(ragged > page(f, 1));
}

/*  a child shares what was mapped so, and has a copy of the rest; rights to write bring READ  */
static void
mmap_gives_inheritance_rights_and_tag(void **state)
{
    struct vm_fixture *f = *state;
    struct vm_region region;
    vmm_va shared = page(f, 0), own = page(f, 4);

    assert_int_equal(vm_bsd_mmap(f->map, &shared, PAGE, VMM_PROT_WRITE,
                                 VM_BSD_SHARED | VM_BSD_ANON | VM_BSD_FIXED, 42),
                     0);
    assert_true(vm_map_region(f->map, shared, &region));
    assert_int_equal(region.inheritance, VMM_INHERIT_SHARE);
    assert_int_equal(region.protection, VMM_PROT_DEFAULT);
    assert_int_equal(region.max_protection, VMM_PROT_ALL);
    assert_int_equal(region.tag, 42);
    assert_int_equal(vm_bsd_mmap(f->map, &own, PAGE, VMM_PROT_NONE,
                                 VM_BSD_PRIVATE | VM_BSD_ANON | VM_BSD_FIXED, 0),
                     0);
    assert_true(vm_map_region(f->map, own, &region));
    assert_int_equal(region.inheritance, VMM_INHERIT_COPY);
    assert_int_equal(region.protection, VMM_PROT_NONE);
    assert_int_equal(vm_bsd_mprotect(f->map, own, PAGE, VMM_PROT_EXECUTE), 0);
    assert_true(vm_map_region(f->map, own, &region));
    assert_int_equal(region.protection, VMM_PROT_READ | VMM_PROT_EXECUTE);
}

/*  pages   xxx     munmap of 0, mprotect of 1: what is beside them stays as it is  */
static void
munmap_and_mprotect_change_whole_pages(void **state)
{
    struct vm_fixture *f = *state;

    draw_pages(f, "xxx");
    assert_int_equal(vm_bsd_munmap(f->map, page(f, 0), PAGE), 0);
    assert_int_equal(user_store(f, 0, 1), VMM_INVALID_ADDRESS);
    assert_int_equal(vm_bsd_mprotect(f->map, page(f, 0), 2 * PAGE, VMM_PROT_READ), VM_ENOMEM);
    assert_int_equal(vm_bsd_mprotect(f->map, page(f, 1), PAGE, VMM_PROT_READ), 0);
    assert_int_equal(user_store(f, 1, 1), VMM_PROTECTION_FAILURE);
    assert_int_equal(user_store(f, 2, 1), VMM_OK);
}

static void
minherit_says_what_a_child_gets(void **state)
{
    struct vm_fixture *f = *state;
    struct vm_region region;

    draw_pages(f, "x");
    assert_int_equal(vm_bsd_minherit(f->map, page(f, 0), PAGE, VMM_INHERIT_NONE), 0);
    assert_true(vm_map_region(f->map, page(f, 0), &region));
    assert_int_equal(region.inheritance, VMM_INHERIT_NONE);
}

static void
msync_takes_each_of_its_ways(void **state)
{
    struct vm_fixture *f = *state;
    static const uint32_t ways[] = { 0,
                                     VM_BSD_SYNC,
                                     VM_BSD_ASYNC,
                                     VM_BSD_SYNC | VM_BSD_INVALIDATE,
                                     VM_BSD_DEACTIVATE,
                                     VM_BSD_KILLPAGES };

    draw_pages(f, "xx");
    for (size_t i = 0; i < VMM_COUNT_OF(ways); i++) {
        assert_int_equal(user_store(f, 0, 9), VMM_OK);
        assert_int_equal(vm_bsd_msync(f->map, page(f, 0), 2 * PAGE, ways[i]), 0);
    }
    assert_int_equal(vm_bsd_msync(f->map, page(f, 0), ~(vmm_size)0, 0), VM_EINVAL);
}

/*  mlock rounds out to pages and counts; no length is no work  */
static void
mlock_wires_whole_pages(void **state)
{
    struct vm_fixture *f = *state;

    draw_pages(f, "xxx");
    assert_int_equal(vm_bsd_mlock(f->map, page(f, 0) + 100, PAGE), 0);
    assert_wired(f, "110");
    assert_int_equal(vm_bsd_mlock(f->map, page(f, 0), 0), 0);
    assert_wired(f, "110");
    assert_int_equal(vm_bsd_mlock(f->map, page(f, 2), 2 * PAGE), VM_ENOMEM);
    assert_int_equal(vm_bsd_mlock(f->map, page(f, 0), ~(vmm_size)0), VM_EINVAL);
    assert_int_equal(vm_bsd_munlock(f->map, page(f, 0), ~(vmm_size)0), VM_EINVAL);
    assert_int_equal(vm_bsd_munlock(f->map, page(f, 0), 0), 0);
    assert_wired(f, "110");
    assert_int_equal(vm_bsd_munlock(f->map, page(f, 0) + 100, PAGE), 0);
    assert_wired(f, "000");
}

static void
madvise_has_numbers_of_its_own(void **state)
{
    struct vm_fixture *f = *state;
    struct vm_region region;

    draw_pages(f, "xx");
    assert_int_equal(vm_bsd_madvise(f->map, page(f, 0), PAGE, 1 /* MADV_RANDOM */), 0);
    assert_true(vm_map_region(f->map, page(f, 0), &region));
    assert_int_equal(region.behavior, VM_BEHAVIOR_RANDOM);
    assert_int_equal(vm_bsd_madvise(f->map, page(f, 0), 3 * PAGE, 4 /* MADV_DONTNEED */),
                     VM_EINVAL);
    assert_int_equal(vm_bsd_madvise(f->map, f->map->max, PAGE, 3), VM_ENOMEM);
}

/*  pages   x.x   touched, a hole, never touched: one call, a byte each  */
static void
mincore_says_what_each_page_is(void **state)
{
    struct vm_fixture *f = *state;
    uint8_t pages[3] = { 0xff, 0xff, 0xff };

    draw_pages(f, "x.x");
    assert_int_equal(user_store(f, 0, 1), VMM_OK);
    assert_int_equal(vm_bsd_mincore(f->map, page(f, 0), 3 * PAGE, pages), 0);
    assert_int_equal(pages[0], VM_MINCORE_INCORE | VM_MINCORE_REFERENCED | VM_MINCORE_MODIFIED |
                                   VM_MINCORE_ANONYMOUS);
    assert_int_equal(pages[1], VM_MINCORE_ANONYMOUS);
    assert_int_equal(pages[2], VM_MINCORE_ANONYMOUS);
    assert_int_equal(vm_bsd_mincore(f->map, f->map->max, PAGE, pages), VM_ENOMEM);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, vm_fixture_setup, vm_fixture_teardown)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(mmap_takes_shared_or_private_and_anonymous),
        TEST(mmap_at_a_fixed_place_replaces_and_a_hint_gives_way),
        TEST(mmap_gives_inheritance_rights_and_tag),
        TEST(munmap_and_mprotect_change_whole_pages),
        TEST(minherit_says_what_a_child_gets),
        TEST(msync_takes_each_of_its_ways),
        TEST(mlock_wires_whole_pages),
        TEST(madvise_has_numbers_of_its_own),
        TEST(mincore_says_what_each_page_is),
    };

    return cmocka_run_group_tests_name("vm_bsd_ways", tests, NULL, NULL);
}

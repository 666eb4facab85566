/* test_vm_bsd_ways.c - Darwin's calls on memory, and the errno of each way out; vm.md 2.1 */
#include "vm_fixture.h"

#include "vm/vm_bsd.h"
#include "vm/vm_internal.h"
#include "vm/vm_user.h"

enum { ASYNC = 1, INVALIDATE = 2, KILLPAGES = 4, DEACTIVATE = 8, SYNC = 0x10 };

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
        { 0, VM_BSD_PRIVATE | VM_BSD_ANON, VM_EINVAL },
        { ~(vmm_size)0, VM_BSD_PRIVATE | VM_BSD_ANON, VM_EINVAL },
        { PAGE, VM_BSD_ANON, VM_EINVAL },
        { PAGE, VM_BSD_PRIVATE, VM_EBADF },
        { PAGE, VM_BSD_PRIVATE | VM_BSD_ANON | VM_BSD_JIT, 0 },
        { PAGE, VM_BSD_SHARED | VM_BSD_ANON | VM_BSD_JIT, VM_EINVAL },
        { PAGE, VM_BSD_PRIVATE | VM_BSD_ANON | VM_BSD_FIXED | VM_BSD_JIT, VM_EINVAL },
        { PAGE, VM_BSD_PRIVATE | VM_BSD_ANON | VM_BSD_FIXED, 0 },
        { (vmm_size)1 << 60, VM_BSD_PRIVATE | VM_BSD_ANON, VM_ENOMEM },
    };

    for (size_t i = 0; i < VMM_COUNT_OF(rows); i++) {
        vmm_va at = page(f, 0);

        assert_int_equal(
            vm_bsd_mmap(f->map, &at, rows[i].length, VMM_PROT_DEFAULT, rows[i].flags, 0),
            rows[i].errno_expected);
    }
}

/*  a fixed place replaces what is there, and only on a page boundary; a hint that is taken gives way  */
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
    assert_int_equal(vm_bsd_mmap(f->map, &ragged, PAGE, VMM_PROT_DEFAULT, flags | VM_BSD_FIXED, 0),
                     VM_EINVAL);
    ragged = page(f, 0) + 1;
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

static void
unmapping_and_protecting_want_page_boundaries(void **state)
{
    struct vm_fixture *f = *state;

    draw_pages(f, "xxx");
    assert_int_equal(vm_bsd_munmap(f->map, page(f, 0) + 1, PAGE), VM_EINVAL);
    assert_int_equal(vm_bsd_munmap(f->map, page(f, 0), 0), VM_EINVAL);
    assert_int_equal(vm_bsd_munmap(f->map, page(f, 0), ~(vmm_size)0), VM_EINVAL);
    assert_int_equal(vm_bsd_munmap(f->map, page(f, 0), PAGE), 0);
    assert_int_equal(vm_bsd_mprotect(f->map, page(f, 1) + 1, PAGE, VMM_PROT_READ), VM_EINVAL);
    assert_int_equal(vm_bsd_mprotect(f->map, page(f, 0), PAGE, VMM_PROT_READ), VM_ENOMEM);
    assert_int_equal(vm_bsd_mprotect(f->map, page(f, 1), PAGE, VMM_PROT_READ), 0);
    assert_int_equal(user_store(f, 1, 1), VMM_PROTECTION_FAILURE);
    assert_int_equal(user_store(f, 2, 1), VMM_OK);
    assert_int_equal(vm_protect(f->map, page(f, 2), PAGE, true /* the maximum */, VMM_PROT_READ),
                     VMM_OK);
    assert_int_equal(vm_bsd_mprotect(f->map, page(f, 2), PAGE, VMM_PROT_DEFAULT), VM_EACCES);
    assert_int_equal(vm_bsd_minherit(f->map, page(f, 1), PAGE, VMM_INHERIT_NONE), 0);
    assert_int_equal(vm_bsd_minherit(f->map, page(f, 1), PAGE, 99), VM_EINVAL);
}

/*  either way of waiting, never both; a hole is ENOMEM  */
static void
msync_takes_one_way_of_waiting(void **state)
{
    struct vm_fixture *f = *state;
    static const struct {
        uint32_t flags;
        int errno_expected;
    } rows[] = {
        { 0, 0 },          { SYNC, 0 },
        { ASYNC, 0 },      { SYNC | ASYNC, VM_EINVAL },
        { INVALIDATE, 0 }, { SYNC | INVALIDATE, 0 },
        { DEACTIVATE, 0 }, { KILLPAGES, 0 },
    };

    draw_pages(f, "xx");
    for (size_t i = 0; i < VMM_COUNT_OF(rows); i++) {
        assert_int_equal(user_store(f, 0, 9), VMM_OK);
        assert_int_equal(vm_bsd_msync(f->map, page(f, 0), 2 * PAGE, rows[i].flags),
                         rows[i].errno_expected);
    }
    assert_int_equal(vm_bsd_msync(f->map, page(f, 0) + 1, PAGE, 0), VM_EINVAL);
    assert_int_equal(vm_bsd_msync(f->map, page(f, 0), 0, 0), VM_EINVAL);
    assert_int_equal(vm_bsd_msync(f->map, page(f, 0), ~(vmm_size)0, 0), VM_EINVAL);
    assert_int_equal(vm_bsd_msync(f->map, page(f, 0), 3 * PAGE, 0), VM_ENOMEM);
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
    assert_int_equal(vm_bsd_munlock(f->map, page(f, 5), PAGE), VM_ENOMEM);
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
    assert_int_equal(vm_bsd_madvise(f->map, page(f, 0), PAGE, 99), VM_EINVAL);
    assert_int_equal(vm_bsd_madvise(f->map, page(f, 0), 3 * PAGE, 4 /* MADV_DONTNEED */),
                     VM_EINVAL);
    assert_int_equal(vm_bsd_madvise(f->map, f->map->max, PAGE, 3), VM_ENOMEM);
}

/*  pages   x.x   touched, a hole, never touched  */
static void
mincore_says_what_each_page_is(void **state)
{
    struct vm_fixture *f = *state;
    uint8_t pages[3] = { 0xff, 0xff, 0xff };
    enum { INCORE = 1, REFERENCED = 2, MODIFIED = 4, ANONYMOUS = 0x80 };

    draw_pages(f, "x.x");
    assert_int_equal(user_store(f, 0, 1), VMM_OK);
    assert_int_equal(vm_bsd_mincore(f->map, page(f, 0), 3 * PAGE, pages), 0);
    assert_int_equal(pages[0], INCORE | REFERENCED | MODIFIED | ANONYMOUS);
    assert_int_equal(pages[1], ANONYMOUS);
    assert_int_equal(pages[2], ANONYMOUS);
    assert_int_equal(vm_bsd_mincore(f->map, page(f, 0), ~(vmm_size)0, pages), VM_EINVAL);
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
        TEST(unmapping_and_protecting_want_page_boundaries),
        TEST(msync_takes_one_way_of_waiting),
        TEST(mlock_wires_whole_pages),
        TEST(madvise_has_numbers_of_its_own),
        TEST(mincore_says_what_each_page_is),
    };

    return cmocka_run_group_tests_name("vm_bsd", tests, NULL, NULL);
}

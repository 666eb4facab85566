/* test_vm_bsd.c - errno of the BSD calls, and what mincore tells; vm.md 2.1, 7.3 */
#include "vm_fixture.h"

#include "vm/vm_bsd.h"
#include "vm/vm_internal.h"
#include "vm/vm_memory_entry.h"
#include "vm/vm_user.h"

static int
flags_at(struct vm_fixture *f, unsigned n)
{
    uint8_t flags = 0;

    assert_int_equal(vm_bsd_mincore(f->map, page(f, n), 1, &flags), 0);
    return flags;
}

/*  touched, never touched, not mapped                                                             */
static void
mincore_tells_what_a_page_query_tells(void **state)
{
    struct vm_fixture *f = *state;

    f->system->store.limit = 8;
    draw_pages(f, "xx.");
    assert_int_equal(user_store(f, 0, 1), VMM_OK);
    assert_int_equal(flags_at(f, 0), VM_MINCORE_INCORE | VM_MINCORE_REFERENCED |
                                         VM_MINCORE_MODIFIED | VM_MINCORE_ANONYMOUS);
    assert_int_equal(flags_at(f, 1), VM_MINCORE_ANONYMOUS);
    assert_int_equal(flags_at(f, 2), VM_MINCORE_ANONYMOUS);
    assert_int_equal(vm_bsd_madvise(f->map, page(f, 0), PAGE, 4), 0);
    assert_int_equal(flags_at(f, 0),
                     VM_MINCORE_INCORE | VM_MINCORE_MODIFIED | VM_MINCORE_ANONYMOUS);
    assert_int_equal(vm_bsd_madvise(f->map, page(f, 0), PAGE, 10), 0);
    assert_int_equal(flags_at(f, 0), VM_MINCORE_PAGED_OUT | VM_MINCORE_ANONYMOUS);
}

/*  Memory of a file is not anonymous; a private copy of one of its pages is                        */
static void
mincore_tells_files_from_anonymous_memory(void **state)
{
    struct vm_fixture *f = *state;
    struct vm_memory_entry *file = NULL;
    struct vm_map_enter_args like = { .flags = VM_MAP_FIXED,
                                      .protection = VMM_PROT_DEFAULT,
                                      .max_protection = VMM_PROT_ALL,
                                      .inheritance = VMM_INHERIT_COPY,
                                      .needs_copy = true };
    vmm_va address = page(f, 0);
    uint8_t byte;

    assert_int_equal(vm_memory_entry_file(f->system, 4 * PAGE, VMM_PROT_DEFAULT, &file), VMM_OK);
    assert_int_equal(vm_memory_entry_enter(file, f->map, &address, 0, 4 * PAGE, &like), VMM_OK);
    assert_int_equal(flags_at(f, 0), 0);
    assert_int_equal(user_load(f, 0, &byte), VMM_OK);
    assert_int_equal(flags_at(f, 0), VM_MINCORE_INCORE | VM_MINCORE_REFERENCED);
    assert_int_equal(user_store(f, 0, 1), VMM_OK);
    assert_int_equal(flags_at(f, 0), VM_MINCORE_INCORE | VM_MINCORE_REFERENCED |
                                         VM_MINCORE_MODIFIED | VM_MINCORE_COPIED |
                                         VM_MINCORE_ANONYMOUS);
    vm_memory_entry_release(&file);
}

enum { MUNMAP, MPROTECT, MADVISE, MSYNC, MINHERIT, MLOCK, MUNLOCK, MINCORE };

static int
call(struct vm_fixture *f, int which, vmm_va address, vmm_size length, uint32_t word)
{
    uint8_t flags[8];

    switch (which) {
    case MUNMAP:
        return vm_bsd_munmap(f->map, address, length);
    case MPROTECT:
        return vm_bsd_mprotect(f->map, address, length, word);
    case MADVISE:
        return vm_bsd_madvise(f->map, address, length, word);
    case MSYNC:
        return vm_bsd_msync(f->map, address, length, word);
    case MINHERIT:
        return vm_bsd_minherit(f->map, address, length, word);
    case MLOCK:
        return vm_bsd_mlock(f->map, address, length);
    case MUNLOCK:
        return vm_bsd_munlock(f->map, address, length);
    default:
        return vm_bsd_mincore(f->map, address, length, flags);
    }
}

/*  pages 0123456   `at` and `length` in bytes from page 0; 2 and 3 allow reading only, 5 is a hole   */
static void
each_call_has_its_errno(void **state)
{
    static const struct {
        int which;
        vmm_va at;
        vmm_size length;
        uint32_t word;
        int expected;
    } cases[] = {
        { MUNMAP, 1, PAGE, 0, VM_EINVAL },
        { MUNMAP, 0, 0, 0, VM_EINVAL },
        { MUNMAP, 0, UINT64_MAX, 0, VM_EINVAL },
        { MUNMAP, 5 * PAGE, PAGE, 0, 0 },
        { MPROTECT, 1, PAGE, VMM_PROT_READ, VM_EINVAL },
        { MPROTECT, 5 * PAGE, PAGE, VMM_PROT_READ, VM_ENOMEM },
        { MPROTECT, 2 * PAGE, PAGE, VMM_PROT_DEFAULT, VM_EACCES },
        { MPROTECT, 0, 0, VMM_PROT_READ, 0 },
        { MADVISE, 0, PAGE, 12, VM_EINVAL },
        { MADVISE, 5 * PAGE, PAGE, 1, VM_EINVAL },
        { MADVISE, 2 * PAGE, PAGE, 7, VM_EPERM }, /* free-reusable of memory that is read-only */
        { MADVISE, UINT64_C(1) << 62, PAGE, 1, VM_ENOMEM },
        { MADVISE, 1, PAGE, 1, 0 },
        { MSYNC, 1, PAGE, VM_BSD_SYNC, VM_EINVAL },
        { MSYNC, 0, 0, VM_BSD_SYNC, VM_EINVAL },
        { MSYNC, 0, PAGE, VM_BSD_SYNC | VM_BSD_ASYNC, VM_EINVAL },
        { MSYNC, 4 * PAGE, 2 * PAGE, VM_BSD_ASYNC, VM_ENOMEM },
        { MSYNC, 0, PAGE, VM_BSD_INVALIDATE, 0 },
        { MINHERIT, 0, PAGE, 3, VM_EINVAL },
        { MINHERIT, 5 * PAGE, PAGE, VMM_INHERIT_SHARE, 0 },
        { MLOCK, 0, 0, 0, 0 },
        { MLOCK, 5 * PAGE, PAGE, 0, VM_ENOMEM },
        { MLOCK, 2 * PAGE, PAGE, 0, 0 }, /* no access is asked for: any rights will do */
        { MUNLOCK, 5 * PAGE, PAGE, 0, VM_ENOMEM },
        { MUNLOCK, 2 * PAGE, PAGE, 0, 0 },
        { MINCORE, 0, UINT64_MAX, 0, VM_EINVAL },
        { MINCORE, UINT64_C(1) << 62, PAGE, 0, VM_ENOMEM },
        { MINCORE, 5 * PAGE, PAGE, 0, 0 },
    };
    struct vm_fixture *f = *state;

    draw_pages(f, "xxxxx");
    assert_int_equal(vm_protect(f->map, page(f, 2), 2 * PAGE, true, VMM_PROT_READ), VMM_OK);
    for (size_t i = 0; i < VMM_COUNT_OF(cases); i++) {
        int found =
            call(f, cases[i].which, page(f, 0) + cases[i].at, cases[i].length, cases[i].word);

        if (found != cases[i].expected)
            fail_msg("case %zu: %d instead of %d", i, found, cases[i].expected);
    }
}

/*  Every call with every address and length of the list: an errno that it may have, or success */
static void
bad_ranges_leave_the_map_whole(void **state)
{
    static const uint64_t numbers[] = { 0,
                                        1,
                                        PAGE - 1,
                                        PAGE,
                                        PAGE + 1,
                                        (UINT64_C(1) << 33) + PAGE,
                                        (UINT64_C(1) << 33) + 1,
                                        UINT64_C(0x7FFFFFE00000),
                                        UINT64_MAX - 2 * PAGE + 2,
                                        UINT64_MAX - PAGE + 1,
                                        UINT64_MAX };
    static const uint32_t words[] = { 0, 1, 3, 0x1F, 0xFFFFFFFF };
    static const int known[] = { 0, VM_EPERM, VM_EIO, VM_ENOMEM, VM_EACCES, VM_EINVAL, VM_EAGAIN };
    struct vm_fixture *f = *state;

    for (int which = MUNMAP; which < MINCORE; which++) {
        for (size_t i = 0; i < VMM_COUNT_OF(numbers) * VMM_COUNT_OF(numbers); i++) {
            vmm_va address = numbers[i % VMM_COUNT_OF(numbers)];
            vmm_size length = numbers[i / VMM_COUNT_OF(numbers)];
            int found;
            size_t n = 0;

            assert_int_equal(vm_deallocate(f->map, page(f, 0), 3 * PAGE), VMM_OK);
            draw_pages(f, "xxx");
            found = call(f, which, address, length, words[i % VMM_COUNT_OF(words)]);
            while (n < VMM_COUNT_OF(known) && known[n] != found)
                n++;
            if (n == VMM_COUNT_OF(known))
                fail_msg("call %d of 0x%jx, 0x%jx: %d", which, (uintmax_t)address,
                         (uintmax_t)length, found);
            assert_null(vm_system_check(f->system));
        }
    }
}

/*  A refused mmap leaves the address alone                                                        */
static void
mmap_refuses_what_makes_no_sense(void **state)
{
    static const struct {
        vmm_va at;
        vmm_size length;
        uint32_t flags;
        int expected;
    } cases[] = {
        { 0, 0, VM_BSD_ANON | VM_BSD_PRIVATE, VM_EINVAL },
        { 0, PAGE, VM_BSD_ANON, VM_EINVAL },
        { 0, PAGE, VM_BSD_PRIVATE, VM_EBADF },
        { 0, UINT64_MAX, VM_BSD_ANON | VM_BSD_PRIVATE, VM_EINVAL },
        { 1, PAGE, VM_BSD_ANON | VM_BSD_PRIVATE | VM_BSD_FIXED, VM_EINVAL },
        { PAGE, PAGE, VM_BSD_ANON | VM_BSD_PRIVATE | VM_BSD_JIT | VM_BSD_FIXED, VM_EINVAL },
        { UINT64_MAX - PAGE + 1, 2 * PAGE, VM_BSD_ANON | VM_BSD_SHARED | VM_BSD_FIXED, VM_EINVAL },
        { UINT64_C(1) << 62, PAGE, VM_BSD_ANON | VM_BSD_SHARED | VM_BSD_FIXED, VM_ENOMEM },
        { 0, UINT64_C(1) << 62, VM_BSD_ANON | VM_BSD_PRIVATE, VM_ENOMEM },
    };
    struct vm_fixture *f = *state;
    vmm_size before = vm_map_size(f->map);

    for (size_t i = 0; i < VMM_COUNT_OF(cases); i++) {
        vmm_va address = cases[i].at;
        int found =
            vm_bsd_mmap(f->map, &address, cases[i].length, VMM_PROT_READ, cases[i].flags, 0);

        if (found != cases[i].expected)
            fail_msg("case %zu: %d instead of %d", i, found, cases[i].expected);
        assert_int_equal(address, cases[i].at);
    }
    assert_int_equal(vm_map_size(f->map), before);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, vm_fixture_setup, vm_fixture_teardown)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(mincore_tells_what_a_page_query_tells),
        TEST(mincore_tells_files_from_anonymous_memory),
        TEST(each_call_has_its_errno),
        TEST(bad_ranges_leave_the_map_whole),
        TEST(mmap_refuses_what_makes_no_sense),
    };

    return cmocka_run_group_tests_name("vm_bsd", tests, NULL, NULL);
}

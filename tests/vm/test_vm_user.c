/* test_vm_user.c - what the Mach calls check and how they round; vm.md 2.1, 2.2 */
#include "vm_fixture.h"

#include "vm/vm_internal.h"

/* Every release in turn, with a fresh kernel. */
#define FOR_EACH_RELEASE(f)                                  \
    for (size_t row_ = 0; row_ < vm_profile_count(); row_++) \
        if (start_row((f), row_))

static bool
start_row(struct vm_fixture *f, size_t row)
{
    struct vm_profile profile;

    vm_profile_at(row, &profile);
    if (profile.is_release)
        vm_fixture_restart(f, profile.name);
    return profile.is_release;
}

static bool
is_15(const struct vm_fixture *f)
{
    return f->profile.xnu_major >= 11215;
}

static bool
is_12_or_later(const struct vm_fixture *f)
{
    return f->profile.darwin_major >= 21;
}

/* One picture of a window: 'x' mapped, '.' not. */
static void
assert_pages(struct vm_fixture *f, const char *picture)
{
    char found[64] = "";

    for (unsigned n = 0; picture[n] != '\0'; n++) {
        struct vm_page_view view;

        vm_map_probe(f->map, page(f, n), &view);
        found[n] = view.is_mapped ? 'x' : '.';
    }
    assert_string_equal(found, picture);
}

/* One picture of a window: the current rights of each page as a digit, '.' for a hole. */
static void
assert_rights(struct vm_fixture *f, const char *picture)
{
    char found[64] = "";

    for (unsigned n = 0; picture[n] != '\0'; n++) {
        struct vm_region region;
        bool is_mapped = vm_map_region(f->map, page(f, n), &region) && region.start <= page(f, n);

        found[n] = is_mapped ? (char)('0' + region.protection) : '.';
    }
    assert_string_equal(found, picture);
}

/* ---- mach_vm_allocate ---- */

static enum vmm_status
allocate_at(struct vm_fixture *f, vmm_va at, vmm_size size, uint32_t flags)
{
    return vm_allocate(f->map, &at, size, flags);
}

static void
allocate_gives_read_write_memory_for_copying(void **state)
{
    struct vm_fixture *f = *state;
    struct vm_region region;

    draw_pages(f, "xx");
    assert_true(vm_map_region(f->map, page(f, 0), &region));
    assert_int_equal(region.protection, VMM_PROT_DEFAULT);
    assert_int_equal(region.max_protection, VMM_PROT_ALL);
    assert_int_equal(region.inheritance, VMM_INHERIT_COPY);
    assert_int_equal(region.object_id, 0); /* vm.md 2.3: an entry and nothing else */
}

static void
allocate_with_an_unknown_flag_is_code_4(void **state)
{
    struct vm_fixture *f = *state;

    FOR_EACH_RELEASE(f)
    {
        assert_int_equal(allocate_at(f, page(f, 0), PAGE, 0x8000), VMM_INVALID_ARGUMENT);
        assert_int_equal(allocate_at(f, page(f, 0), 0, 0x8000), VMM_INVALID_ARGUMENT);
    }
}

static void
allocate_of_nothing_succeeds_at_address_0(void **state)
{
    struct vm_fixture *f = *state;

    FOR_EACH_RELEASE(f)
    {
        vmm_va fixed = page(f, 3), anywhere = page(f, 3);

        assert_int_equal(vm_allocate(f->map, &fixed, 0, VM_MAP_FIXED), VMM_OK);
        assert_int_equal(vm_allocate(f->map, &anywhere, 0, VM_MAP_ANYWHERE), VMM_OK);
        assert_int_equal(fixed, 0);
        assert_int_equal(anywhere, 0);
    }
}

static void
allocate_of_a_size_that_rounds_to_0_is_code_4(void **state)
{
    struct vm_fixture *f = *state;

    FOR_EACH_RELEASE(f)
    {
        assert_int_equal(allocate_at(f, page(f, 0), UINT64_MAX, VM_MAP_FIXED),
                         VMM_INVALID_ARGUMENT);
        assert_int_equal(allocate_at(f, page(f, 0), UINT64_MAX - PAGE + 2, VM_MAP_ANYWHERE),
                         VMM_INVALID_ARGUMENT);
    }
}

static void
allocate_fixed_that_wraps_is_code_1(void **state)
{
    struct vm_fixture *f = *state;

    FOR_EACH_RELEASE(f)
    assert_int_equal(allocate_at(f, UINT64_MAX - PAGE, 4 * PAGE, VM_MAP_FIXED),
                     VMM_INVALID_ADDRESS);
}

static void
allocate_fixed_beyond_the_map_is_code_1(void **state)
{
    struct vm_fixture *f = *state;

    FOR_EACH_RELEASE(f)
    {
        vmm_va max = vm_map_max(f->map);
        vmm_va below = vm_map_min(f->kernel) - PAGE;

        assert_int_equal(allocate_at(f, max, PAGE, VM_MAP_FIXED), VMM_INVALID_ADDRESS);
        assert_int_equal(allocate_at(f, max - PAGE, 2 * PAGE, VM_MAP_FIXED), VMM_INVALID_ADDRESS);
        assert_int_equal(allocate_at(f, max - PAGE, PAGE, VM_MAP_FIXED), VMM_OK);
        assert_int_equal(vm_allocate(f->kernel, &below, PAGE, VM_MAP_FIXED), VMM_INVALID_ADDRESS);
    }
}

static void
allocate_fixed_where_something_is_is_code_3(void **state)
{
    struct vm_fixture *f = *state;

    FOR_EACH_RELEASE(f)
    {
        draw_pages(f, "..x..");
        assert_int_equal(allocate_at(f, page(f, 0), 3 * PAGE, VM_MAP_FIXED), VMM_NO_SPACE);
        assert_int_equal(allocate_at(f, page(f, 2), PAGE, VM_MAP_FIXED), VMM_NO_SPACE);
        assert_int_equal(allocate_at(f, page(f, 0), 2 * PAGE, VM_MAP_FIXED), VMM_OK);
        assert_pages(f, "xxx..");
    }
}

static void
allocate_overwrite_takes_the_place(void **state)
{
    struct vm_fixture *f = *state;
    uint8_t byte = 1;

    draw_pages(f, "xxx");
    assert_int_equal(user_store(f, 1, 'A'), VMM_OK);
    assert_int_equal(allocate_at(f, page(f, 1), PAGE, VM_MAP_FIXED | VM_MAP_OVERWRITE), VMM_OK);
    assert_translated(f, "---");
    assert_int_equal(user_load(f, 1, &byte), VMM_OK);
    assert_int_equal(byte, 0); /* new memory */
}

static void
allocate_anywhere_without_room_is_code_3(void **state)
{
    struct vm_fixture *f = *state;

    FOR_EACH_RELEASE(f)
    assert_int_equal(allocate_at(f, 0, vm_map_max(f->map), VM_MAP_ANYWHERE), VMM_NO_SPACE);
}

/*  vm.md 1.7: the search begins at the map's start, whatever the caller's variable held          */
static void
allocate_anywhere_ignores_the_address(void **state)
{
    struct vm_fixture *f = *state;

    FOR_EACH_RELEASE(f)
    {
        vmm_va address = page(f, 8);

        assert_int_equal(vm_allocate(f->map, &address, PAGE, VM_MAP_ANYWHERE), VMM_OK);
        assert_int_equal(address, (vmm_va)1 << 32);
    }
}

/*  vm.md 2.2: byte 100 of page 2 on, one page long: page 2 alone, not pages 2 and 3              */
static void
allocate_at_an_odd_address_does_not_extend_the_range(void **state)
{
    struct vm_fixture *f = *state;
    vmm_va address = page(f, 2) + 100;

    assert_int_equal(vm_allocate(f->map, &address, PAGE, VM_MAP_FIXED), VMM_OK);
    assert_int_equal(address, page(f, 2));
    assert_pages(f, "..x.");
}

static void
allocate_rounds_an_odd_size_up(void **state)
{
    struct vm_fixture *f = *state;

    assert_int_equal(allocate_at(f, page(f, 0), PAGE + 1, VM_MAP_FIXED), VMM_OK);
    assert_pages(f, "xx.");
}

/*  vm.md 2.1: 15 writes *addr on success and for size 0 only                                     */
static void
allocate_that_fails_leaves_the_address_alone_in_15(void **state)
{
    struct vm_fixture *f = *state;
    vmm_va address = page(f, 0) + 5;

    draw_pages(f, "x");
    assert_int_equal(vm_allocate(f->map, &address, PAGE, VM_MAP_FIXED), VMM_NO_SPACE);
    assert_int_equal(address, page(f, 0) + 5);
}

/* ---- mach_vm_deallocate ---- */

static void
deallocate_of_a_range_that_wraps_is_code_4(void **state)
{
    struct vm_fixture *f = *state;

    FOR_EACH_RELEASE(f)
    {
        draw_pages(f, "xx");
        assert_int_equal(vm_deallocate(f->map, page(f, 0), UINT64_MAX), VMM_INVALID_ARGUMENT);
        assert_pages(f, "xx");
    }
}

static void
deallocate_of_nothing_succeeds(void **state)
{
    struct vm_fixture *f = *state;

    FOR_EACH_RELEASE(f)
    {
        draw_pages(f, "xx");
        assert_int_equal(vm_deallocate(f->map, page(f, 0) + 1, 0), VMM_OK);
        assert_int_equal(vm_deallocate(f->map, UINT64_MAX, 0), VMM_OK);
        assert_pages(f, "xx");
    }
}

/*  The end rounds up to 2^64, which is 0: nothing is done up to 14, and 15 says so                */
static void
deallocate_of_a_range_that_rounds_away(void **state)
{
    struct vm_fixture *f = *state;

    FOR_EACH_RELEASE(f)
    {
        draw_pages(f, "xx");
        assert_int_equal(vm_deallocate(f->map, page(f, 0), UINT64_MAX - page(f, 0)),
                         is_15(f) ? VMM_INVALID_ARGUMENT : VMM_OK);
        assert_pages(f, "xx");
    }
}

static void
deallocate_passes_over_holes(void **state)
{
    struct vm_fixture *f = *state;

    FOR_EACH_RELEASE(f)
    {
        draw_pages(f, "x.xx.x");
        assert_int_equal(vm_deallocate(f->map, page(f, 0), 5 * PAGE), VMM_OK);
        assert_pages(f, ".....x");
        assert_int_equal(vm_deallocate(f->map, page(f, 0), 5 * PAGE), VMM_OK);
    }
}

/*  byte 100 of page 1, one page long: the range reaches into page 2, and both go                 */
static void
deallocate_rounds_out_at_both_ends(void **state)
{
    struct vm_fixture *f = *state;

    draw_pages(f, "xxxx");
    assert_int_equal(vm_deallocate(f->map, page(f, 1) + 100, PAGE), VMM_OK);
    assert_pages(f, "x..x");
}

/*  map     ...x|        deallocate the last page and one beyond: up to 11 the page goes,
 *  from 12 nothing does; the answer is success                                                   */
static void
deallocate_beyond_the_map_is_clamped_up_to_11(void **state)
{
    struct vm_fixture *f = *state;

    FOR_EACH_RELEASE(f)
    {
        vmm_va last = vm_map_max(f->map) - PAGE;
        struct vm_page_view view;

        assert_int_equal(allocate_at(f, last, PAGE, VM_MAP_FIXED), VMM_OK);
        assert_int_equal(vm_deallocate(f->map, last, 2 * PAGE), VMM_OK);
        vm_map_probe(f->map, last, &view);
        assert_int_equal(view.is_mapped, is_12_or_later(f));
        assert_int_equal(vm_deallocate(f->map, last + PAGE, PAGE), VMM_OK); /* all of it outside */
    }
}

/* ---- mach_vm_protect ---- */

static enum vmm_status
protect(struct vm_fixture *f, unsigned from, unsigned to, vmm_prot prot)
{
    return vm_protect(f->map, page(f, from), (to - from) * PAGE, false, prot);
}

static void
protect_of_a_range_that_wraps_is_code_4(void **state)
{
    struct vm_fixture *f = *state;

    FOR_EACH_RELEASE(f)
    {
        draw_pages(f, "x");
        assert_int_equal(vm_protect(f->map, page(f, 0), UINT64_MAX, false, VMM_PROT_READ),
                         VMM_INVALID_ARGUMENT);
        assert_rights(f, "3");
    }
}

static void
protect_with_unknown_rights_is_code_4(void **state)
{
    struct vm_fixture *f = *state;

    FOR_EACH_RELEASE(f)
    {
        draw_pages(f, "x");
        assert_int_equal(protect(f, 0, 1, 0x8000), VMM_INVALID_ARGUMENT);
        assert_int_equal(protect(f, 0, 1, VMM_PROT_READ | 0x800), VMM_INVALID_ARGUMENT);
        assert_rights(f, "3");
    }
}

static void
protect_of_nothing_succeeds(void **state)
{
    struct vm_fixture *f = *state;

    FOR_EACH_RELEASE(f)
    {
        draw_pages(f, "x");
        assert_int_equal(protect(f, 0, 0, VMM_PROT_NONE), VMM_OK);
        assert_int_equal(protect(f, 5, 5, VMM_PROT_NONE), VMM_OK); /* nor need it be mapped */
        assert_rights(f, "3");
    }
}

/*  Up to 14 the rights are looked at before the size; vm_sanitize looks at the size first         */
static void
protect_of_nothing_with_unknown_rights(void **state)
{
    struct vm_fixture *f = *state;

    FOR_EACH_RELEASE(f)
    assert_int_equal(protect(f, 0, 0, 0x8000), is_15(f) ? VMM_OK : VMM_INVALID_ARGUMENT);
}

static void
protect_of_a_range_that_rounds_away_changes_nothing(void **state)
{
    struct vm_fixture *f = *state;

    FOR_EACH_RELEASE(f)
    {
        enum vmm_status status;

        draw_pages(f, "x");
        status = vm_protect(f->map, page(f, 0), UINT64_MAX - page(f, 0), false, VMM_PROT_READ);
        if (is_15(f) || status != VMM_OK) /* 0 or 1 before 15 */
            assert_int_equal(status, VMM_INVALID_ADDRESS);
        assert_rights(f, "3");
    }
}

static void
protect_where_something_is_missing_is_code_1(void **state)
{
    struct vm_fixture *f = *state;

    FOR_EACH_RELEASE(f)
    {
        draw_pages(f, "xx.xx");
        assert_int_equal(protect(f, 2, 4, VMM_PROT_READ), VMM_INVALID_ADDRESS); /* at the start */
        assert_int_equal(protect(f, 1, 4, VMM_PROT_READ), VMM_INVALID_ADDRESS); /* in between */
        assert_int_equal(protect(f, 4, 6, VMM_PROT_READ), VMM_INVALID_ADDRESS); /* at the end */
        assert_rights(f, "33.33");
    }
}

static void
protect_beyond_the_map_is_code_1(void **state)
{
    struct vm_fixture *f = *state;

    FOR_EACH_RELEASE(f)
    assert_int_equal(vm_protect(f->map, vm_map_max(f->map), PAGE, false, VMM_PROT_READ),
                     VMM_INVALID_ADDRESS);
}

static void
protect_beyond_the_maximum_is_code_2(void **state)
{
    struct vm_fixture *f = *state;

    FOR_EACH_RELEASE(f)
    {
        draw_pages(f, "xx");
        assert_int_equal(vm_protect(f->map, page(f, 1), PAGE, true, VMM_PROT_READ), VMM_OK);
        assert_int_equal(protect(f, 0, 2, VMM_PROT_DEFAULT), VMM_PROTECTION_FAILURE);
        assert_rights(f, "31");
    }
}

static void
protect_rounds_out_at_both_ends(void **state)
{
    struct vm_fixture *f = *state;

    draw_pages(f, "xxxx");
    assert_int_equal(vm_protect(f->map, page(f, 1) + 100, PAGE, false, VMM_PROT_READ), VMM_OK);
    assert_rights(f, "3113");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, vm_fixture_setup, vm_fixture_teardown)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(allocate_gives_read_write_memory_for_copying),
        TEST(allocate_with_an_unknown_flag_is_code_4),
        TEST(allocate_of_nothing_succeeds_at_address_0),
        TEST(allocate_of_a_size_that_rounds_to_0_is_code_4),
        TEST(allocate_fixed_that_wraps_is_code_1),
        TEST(allocate_fixed_beyond_the_map_is_code_1),
        TEST(allocate_fixed_where_something_is_is_code_3),
        TEST(allocate_overwrite_takes_the_place),
        TEST(allocate_anywhere_without_room_is_code_3),
        TEST(allocate_anywhere_ignores_the_address),
        TEST(allocate_at_an_odd_address_does_not_extend_the_range),
        TEST(allocate_rounds_an_odd_size_up),
        TEST(allocate_that_fails_leaves_the_address_alone_in_15),
        TEST(deallocate_of_a_range_that_wraps_is_code_4),
        TEST(deallocate_of_nothing_succeeds),
        TEST(deallocate_of_a_range_that_rounds_away),
        TEST(deallocate_passes_over_holes),
        TEST(deallocate_rounds_out_at_both_ends),
        TEST(deallocate_beyond_the_map_is_clamped_up_to_11),
        TEST(protect_of_a_range_that_wraps_is_code_4),
        TEST(protect_with_unknown_rights_is_code_4),
        TEST(protect_of_nothing_succeeds),
        TEST(protect_of_nothing_with_unknown_rights),
        TEST(protect_of_a_range_that_rounds_away_changes_nothing),
        TEST(protect_where_something_is_missing_is_code_1),
        TEST(protect_beyond_the_map_is_code_1),
        TEST(protect_beyond_the_maximum_is_code_2),
        TEST(protect_rounds_out_at_both_ends),
    };

    return cmocka_run_group_tests_name("vm_user", tests, NULL, NULL);
}

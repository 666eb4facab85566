/* test_vm_upl.c - lists of source pages kept for an I/O; iokit.md 2, vm.md 3, T1 */
#include "vm_fixture.h"

#include "vm/vm_internal.h"
#include "vm/vm_map_store.h"
#include "vm/vm_object.h"
#include "vm/vm_page.h"
#include "vm/vm_upl.h"

static uint64_t
count_of(struct vm_fixture *f, enum trace_kind kind)
{
    return vm_system_trace(f->system)->counters[kind];
}

static struct vm_object *
object_at(const struct vm_fixture *f, unsigned n)
{
    struct vm_map_entry *entry;

    assert_true(vm_map_lookup_entry(f->map, page(f, n), &entry));
    return entry->object;
}

/* One picture of a window: how many times each resident page is wired, '-' not resident. */
static void
assert_pages_wired(struct vm_fixture *f, const char *picture)
{
    char found[64] = "";

    for (unsigned n = 0; picture[n] != '\0'; n++) {
        struct vm_page_view view;

        vm_map_probe(f->map, page(f, n), &view);
        found[n] = view.is_resident ? (char)('0' + view.page_wire_count) : '-';
    }
    assert_string_equal(found, picture);
}

/* A list over [from, to) that one map entry covers. */
static struct vm_upl *
list(struct vm_fixture *f, unsigned from, unsigned to, uint32_t flags)
{
    struct vm_upl *upl = NULL;
    vmm_size size = (vmm_size)(to - from) * PAGE;

    assert_int_equal(vm_upl_create(f->map, page(f, from), &size, flags, &upl), VMM_OK);
    assert_int_equal(size, (to - from) * PAGE);
    return upl;
}

static enum vmm_status
try_list(struct vm_fixture *f, unsigned from, unsigned to, uint32_t flags)
{
    struct vm_upl *upl = NULL;
    vmm_size size = (vmm_size)(to - from) * PAGE;
    enum vmm_status status = vm_upl_create(f->map, page(f, from), &size, flags, &upl);

    if (status == VMM_OK)
        vm_upl_commit(&upl);
    return status;
}

/* Maps a virtual copy of the pages at page `at`. */
static void
map_copy(struct vm_fixture *f, unsigned from, unsigned count, unsigned at)
{
    struct vm_memory_entry *entry;
    vmm_va address = page(f, at);
    vmm_size size = (vmm_size)count * PAGE;

    assert_int_equal(vm_memory_entry_copy(f->map, page(f, from), size, &entry), VMM_OK);
    assert_int_equal(
        vm_memory_entry_map(entry, f->map, &address, 0, size, VM_MAP_FIXED, VMM_PROT_DEFAULT),
        VMM_OK);
    vm_memory_entry_release(&entry);
}

/* ---- making a list ---- */

/*  pages   xxxx         list [1, 3): resident and wired in the object; no entry is wired and
 *  PTEs    ----         no pmap learns of it (T1)                                                */
static void
t01_a_list_wires_pages_and_translates_nothing(void **state)
{
    struct vm_fixture *f = *state;
    struct vm_upl *upl;

    draw_pages(f, "xxxx");
    upl = list(f, 1, 3, 0);
    assert_int_equal(vm_upl_page_count(upl), 2);
    assert_pages_wired(f, "-11-");
    assert_wired(f, "0000");
    assert_translated(f, "----");
    assert_int_equal(faults_since(f), 0);
    assert_int_equal(user_store(f, 1, 1), VMM_OK); /* and the access still costs its fault */
    assert_int_equal(faults_since(f), 1);
    vm_upl_commit(&upl);
    assert_null(upl);
    assert_pages_wired(f, "-00-");
}

static void
i10_two_lists_of_one_page_are_two_wire_counts(void **state)
{
    struct vm_fixture *f = *state;
    struct vm_upl *first, *second;

    draw_pages(f, "xxx");
    first = list(f, 0, 2, 0);
    second = list(f, 1, 3, VM_UPL_COPYOUT_FROM);
    assert_int_equal(vm_upl_page(first, 1), vm_upl_page(second, 0));
    assert_pages_wired(f, "121");
    assert_null(vm_system_check(f->system));
    vm_upl_commit(&first);
    assert_pages_wired(f, "011");
    vm_upl_commit(&second);
    assert_pages_wired(f, "000");
}

static void
a_list_names_the_pages_that_the_chain_shows(void **state)
{
    struct vm_fixture *f = *state;
    struct vm_page_view view;
    struct vm_upl *upl;

    draw_pages(f, "xx");
    assert_int_equal(user_store(f, 1, 7), VMM_OK);
    upl = list(f, 0, 2, 0);
    for (unsigned n = 0; n < 2; n++) {
        vm_map_probe(f->map, page(f, n), &view);
        assert_int_equal(vm_upl_page(upl, n), view.ppn);
    }
    vm_upl_commit(&upl);
}

/*  entries aabb         a list over [1, 4) ends with its entry: it covers page 1 alone            */
static void
a_list_covers_one_entry(void **state)
{
    struct vm_fixture *f = *state;
    vmm_size size = 3 * PAGE;
    struct vm_upl *upl;

    draw_pages(f, "xxxx");
    assert_int_equal(vm_protect(f->map, page(f, 2), 2 * PAGE, false, VMM_PROT_READ), VMM_OK);
    assert_int_equal(vm_upl_create(f->map, page(f, 1), &size, 0, &upl), VMM_OK);
    assert_int_equal(size, PAGE);
    assert_int_equal(vm_upl_page_count(upl), 1);
    vm_upl_commit(&upl);
}

/*  From byte 100 of page 0, one page long: it reaches into page 1, and both are kept               */
static void
odd_ends_are_rounded_out_to_pages(void **state)
{
    struct vm_fixture *f = *state;
    vmm_size size = PAGE;
    struct vm_upl *upl;

    draw_pages(f, "xxx");
    assert_int_equal(vm_upl_create(f->map, page(f, 0) + 100, &size, 0, &upl), VMM_OK);
    assert_int_equal(size, PAGE);
    assert_int_equal(vm_upl_page_count(upl), 2);
    assert_pages_wired(f, "11-");
    vm_upl_commit(&upl);
}

/* ---- what is refused (iokit.md 2.3, 2.4) ---- */

static void
a_list_where_nothing_is_mapped_is_code_5(void **state)
{
    struct vm_fixture *f = *state;

    draw_pages(f, "x.x");
    assert_int_equal(try_list(f, 1, 2, 0), VMM_FAILURE);
    assert_int_equal(try_list(f, 1, 2, VM_UPL_COPYOUT_FROM), VMM_FAILURE);
}

static void
a_write_list_of_read_only_memory_is_code_2(void **state)
{
    struct vm_fixture *f = *state;

    draw_pages(f, "x");
    assert_int_equal(vm_protect(f->map, page(f, 0), PAGE, false, VMM_PROT_READ), VMM_OK);
    assert_int_equal(try_list(f, 0, 1, 0), VMM_PROTECTION_FAILURE);
    assert_pages_wired(f, "-");
}

/*  iokit.md 2.3: Out checks nothing on the source entry, not even READ                              */
static void
a_read_list_asks_for_no_right(void **state)
{
    struct vm_fixture *f = *state;

    draw_pages(f, "x");
    assert_int_equal(vm_protect(f->map, page(f, 0), PAGE, false, VMM_PROT_NONE), VMM_OK);
    assert_int_equal(try_list(f, 0, 1, VM_UPL_COPYOUT_FROM), VMM_OK);
}

/*  pages   xxxx         0, 1 and 3 are resident; NO_FAULT meets page 2: nothing stays wired         */
static void
no_fault_refuses_what_is_not_resident(void **state)
{
    struct vm_fixture *f = *state;

    draw_pages(f, "xxxx");
    for (unsigned n = 0; n < 4; n++) {
        if (n != 2)
            assert_int_equal(user_store(f, n, 1), VMM_OK);
    }
    assert_int_equal(try_list(f, 0, 4, VM_UPL_NO_FAULT), VMM_MEMORY_ERROR);
    assert_pages_wired(f, "00-0");
    assert_int_equal(try_list(f, 0, 2, VM_UPL_NO_FAULT), VMM_OK);
}

/*  512 frames, 600 pages: the thread waits for a free page that never comes                        */
static void
a_list_that_finds_no_free_page_hangs_and_keeps_nothing(void **state)
{
    struct vm_fixture *f = *state;
    vmm_va address = page(f, 0);

    assert_int_equal(vm_allocate(f->map, &address, 600 * PAGE, VM_MAP_FIXED), VMM_OK);
    assert_int_equal(try_list(f, 0, 600, 0), VMM_MODEL_HANG);
    assert_int_equal(vm_system_stop(f->system)->reason, REASON_NO_FREE_PAGE);
    assert_int_equal(f->system->wired_pages, 0);
    assert_int_equal(f->system->io_wires, 0);
}

static void
a_list_survives_every_failing_allocation(void **state)
{
    struct vm_fixture *f = *state;
    enum vmm_status status = VMM_MODEL_NO_MEMORY;

    for (uint64_t n = 1; status != VMM_OK && n < 100; n++) {
        vm_fixture_restart(f, "macos-15.4");
        draw_pages(f, "xxxx");
        f->counting.requests = 0;
        f->counting.fail_at = n;
        status = try_list(f, 0, 4, 0);
        f->counting.fail_at = 0;
        if (status != VMM_OK)
            assert_int_equal(status, VMM_MODEL_NO_MEMORY);
        assert_int_equal(f->system->wired_pages, 0);
        assert_null(vm_system_check(f->system));
    }
    assert_int_equal(status, VMM_OK);
}

/* ---- what a list does to sharing (iokit.md 2.3) ---- */

static void
a_list_makes_its_object_shared_and_delayed(void **state)
{
    struct vm_fixture *f = *state;

    draw_pages(f, "x");
    assert_int_equal(try_list(f, 0, 1, VM_UPL_COPYOUT_FROM), VMM_OK);
    assert_true(object_at(f, 0)->true_share);
    assert_int_equal(object_at(f, 0)->copy_strategy, VM_COPY_DELAY);
}

static void
only_a_write_list_makes_pages_dirty(void **state)
{
    struct vm_fixture *f = *state;
    uint8_t byte;

    draw_pages(f, "xx");
    assert_int_equal(user_load(f, 0, &byte), VMM_OK);
    assert_int_equal(user_load(f, 1, &byte), VMM_OK);
    assert_int_equal(try_list(f, 0, 1, VM_UPL_COPYOUT_FROM), VMM_OK);
    assert_int_equal(try_list(f, 1, 2, 0), VMM_OK);
    assert_false(vm_page_lookup(object_at(f, 0), 0)->is_dirty);
    assert_true(vm_page_lookup(object_at(f, 0), PAGE)->is_dirty);
}

/*  copy 0 -> 4, then a list that only reads 0: the pending copy is resolved all the same,
 *  and the page missing from the new top object is copied up                                        */
static void
a_read_list_breaks_copy_on_write_too(void **state)
{
    struct vm_fixture *f = *state;
    struct vm_upl *upl;
    uint8_t byte = 0;

    draw_pages(f, "x");
    assert_int_equal(user_store(f, 0, 'A'), VMM_OK);
    map_copy(f, 0, 1, 4);
    assert_ptr_equal(object_at(f, 0), object_at(f, 4));
    upl = list(f, 0, 1, VM_UPL_COPYOUT_FROM);
    assert_ptr_not_equal(object_at(f, 0), object_at(f, 4));
    assert_int_equal(count_of(f, EV_PAGE_COPY), 1);
    vm_upl_read(upl, 0, &byte, 1);
    assert_int_equal(byte, 'A');
    vm_upl_commit(&upl);
}

/*  A delayed copy still needs the page as it was: a list that writes pushes it first                */
static void
a_write_list_pushes_the_old_page_to_the_copy(void **state)
{
    struct vm_fixture *f = *state;
    struct vm_upl *upl;
    uint8_t byte = 'B';

    draw_pages(f, "x");
    assert_int_equal(user_store(f, 0, 'A'), VMM_OK);
    vm_object_share(object_at(f, 0));
    map_copy(f, 0, 1, 4);
    upl = list(f, 0, 1, 0);
    assert_int_equal(count_of(f, EV_PAGE_COPY), 1);
    assert_int_equal(vm_upl_write(upl, 0, &byte, 1), VMM_OK);
    assert_int_equal(user_load(f, 0, &byte), VMM_OK);
    assert_int_equal(byte, 'B');
    assert_int_equal(user_load(f, 4, &byte), VMM_OK);
    assert_int_equal(byte, 'A');
    vm_upl_commit(&upl);
}

static void
a_read_list_of_resident_pages_pushes_nothing(void **state)
{
    struct vm_fixture *f = *state;

    draw_pages(f, "x");
    assert_int_equal(user_store(f, 0, 'A'), VMM_OK);
    vm_object_share(object_at(f, 0));
    map_copy(f, 0, 1, 4);
    assert_int_equal(try_list(f, 0, 1, VM_UPL_COPYOUT_FROM), VMM_OK);
    assert_int_equal(count_of(f, EV_PAGE_COPY), 0);
}

/*  iokit.md 3.2: with the list there first, nothing can be delayed                                   */
static void
a_copy_of_listed_pages_is_made_at_once(void **state)
{
    struct vm_fixture *f = *state;
    struct vm_upl *upl;
    uint8_t byte = 'B';

    draw_pages(f, "x");
    assert_int_equal(user_store(f, 0, 'A'), VMM_OK);
    upl = list(f, 0, 1, 0);
    map_copy(f, 0, 1, 4);
    assert_int_equal(count_of(f, EV_PAGE_COPY), 1);
    assert_int_equal(vm_upl_write(upl, 0, &byte, 1), VMM_OK);
    assert_int_equal(user_load(f, 4, &byte), VMM_OK);
    assert_int_equal(byte, 'A');
    vm_upl_commit(&upl);
}

/* ---- the life of a list ---- */

/*  iokit.md 2.1 (2): no entry is wired, so the user may deallocate; the pages live on                */
static void
listed_pages_outlive_their_mapping(void **state)
{
    struct vm_fixture *f = *state;
    struct vm_upl *upl;
    uint8_t byte = 0;

    draw_pages(f, "xx");
    assert_int_equal(user_store(f, 1, 'A'), VMM_OK);
    upl = list(f, 0, 2, 0);
    assert_int_equal(vm_deallocate(f->map, page(f, 0), 2 * PAGE), VMM_OK);
    vm_upl_read(upl, PAGE, &byte, 1);
    assert_int_equal(byte, 'A');
    assert_int_equal(f->system->wired_pages, 2);
    vm_upl_commit(&upl);
    assert_int_equal(f->system->wired_pages, 0);
    assert_int_equal(count_of(f, EV_OBJECT_FREE), 1);
}

static void
listed_pages_outlive_their_task(void **state)
{
    struct vm_fixture *f = *state;
    struct vm_upl *upl;

    draw_pages(f, "xx");
    upl = list(f, 0, 2, 0);
    assert_int_equal(vm_task_terminate(f->task), VMM_OK);
    assert_int_equal(vm_upl_page_count(upl), 2);
    vm_upl_commit(&upl);
}

/*  Six bytes over the edge of two pages: what a device wrote the user reads, and the other way       */
static void
bytes_cross_from_page_to_page(void **state)
{
    struct vm_fixture *f = *state;
    uint64_t offset = PAGE - 3;
    struct vm_upl *upl;
    char bytes[7] = "";

    draw_pages(f, "xxx");
    upl = list(f, 0, 3, 0);
    assert_int_equal(vm_upl_write(upl, offset, "device", 6), VMM_OK);
    assert_int_equal(vm_access(f->system,
                               &(struct vm_access){ .task = f->task,
                                                    .va = page(f, 0) + offset,
                                                    .length = 6,
                                                    .kind = VM_ACCESS_READ,
                                                    .to = bytes },
                               NULL),
                     VMM_OK);
    assert_string_equal(bytes, "device");
    assert_int_equal(user_store(f, 1, 'u'), VMM_OK);
    vm_upl_read(upl, offset, bytes, 6);
    assert_string_equal(bytes, "devuuu");
    vm_upl_commit(&upl);
}

/* ---- from a memory entry ---- */

static struct vm_memory_entry *
name_pages(struct vm_fixture *f, unsigned from, unsigned to, vmm_prot prot)
{
    struct vm_memory_entry *entry = NULL;
    vmm_size size = (vmm_size)(to - from) * PAGE;

    assert_int_equal(vm_memory_entry_create(f->map, page(f, from), &size, prot, &entry), VMM_OK);
    return entry;
}

static void
a_list_of_a_memory_entry_names_its_pages(void **state)
{
    struct vm_fixture *f = *state;
    struct vm_memory_entry *entry;
    vmm_size size = 2 * PAGE;
    struct vm_upl *upl;

    draw_pages(f, "xxxx");
    entry = name_pages(f, 0, 4, VMM_PROT_DEFAULT);
    assert_int_equal(vm_upl_create_from_entry(entry, PAGE, &size, 0, &upl), VMM_OK);
    assert_int_equal(size, 2 * PAGE);
    assert_pages_wired(f, "-11-");
    vm_upl_commit(&upl);
    vm_memory_entry_release(&entry);
}

/*  Four pages from page 2 of an entry of three: the list ends with the entry                         */
static void
a_list_ends_with_its_memory_entry(void **state)
{
    struct vm_fixture *f = *state;
    struct vm_memory_entry *entry;
    vmm_size size = 4 * PAGE;
    struct vm_upl *upl;

    draw_pages(f, "xxx");
    entry = name_pages(f, 0, 3, VMM_PROT_DEFAULT);
    assert_int_equal(vm_upl_create_from_entry(entry, 2 * PAGE, &size, 0, &upl), VMM_OK);
    assert_int_equal(size, PAGE);
    assert_int_equal(vm_upl_page_count(upl), 1);
    assert_pages_wired(f, "--1");
    vm_upl_commit(&upl);
    vm_memory_entry_release(&entry);
}

static void
a_write_list_of_a_read_only_memory_entry_is_code_17(void **state)
{
    struct vm_fixture *f = *state;
    struct vm_memory_entry *entry;
    struct vm_upl *upl = NULL;
    vmm_size size = PAGE;

    draw_pages(f, "x");
    entry = name_pages(f, 0, 1, VMM_PROT_READ);
    assert_int_equal(vm_upl_create_from_entry(entry, 0, &size, 0, &upl), VMM_INVALID_RIGHT);
    assert_int_equal(vm_upl_create_from_entry(entry, 0, &size, VM_UPL_COPYOUT_FROM, &upl), VMM_OK);
    vm_upl_commit(&upl);
    vm_memory_entry_release(&entry);
}

/*  The entry keeps the object when the source is gone, and so does a list made from it               */
static void
a_memory_entry_gives_lists_when_its_source_is_gone(void **state)
{
    struct vm_fixture *f = *state;
    struct vm_memory_entry *entry;
    struct vm_upl *upl;
    vmm_size size = PAGE;
    uint8_t byte = 0;

    draw_pages(f, "x");
    assert_int_equal(user_store(f, 0, 'A'), VMM_OK);
    entry = name_pages(f, 0, 1, VMM_PROT_DEFAULT);
    assert_int_equal(vm_deallocate(f->map, page(f, 0), PAGE), VMM_OK);
    assert_int_equal(vm_upl_create_from_entry(entry, 0, &size, 0, &upl), VMM_OK);
    vm_memory_entry_release(&entry);
    vm_upl_read(upl, 0, &byte, 1);
    assert_int_equal(byte, 'A');
    vm_upl_commit(&upl);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, vm_fixture_setup, vm_fixture_teardown)

/*  A page held for a device is missing to who faults on it (vm.md 4.4): it is filled with zeroes     */
static void
a_fault_on_an_absent_page_is_a_zero_fill(void **state)
{
    struct vm_fixture *f = *state;
    struct vm_statistics before;
    struct vm_statistics after;
    struct vm_upl *upl;
    uint8_t byte = 9;

    draw_pages(f, "x");
    upl = list(f, 0, 1, VM_UPL_NO_ZERO_FILL);
    vm_system_statistics(f->system, &before);
    assert_int_equal(user_load(f, 0, &byte), VMM_OK);
    assert_int_equal(byte, 0);
    vm_system_statistics(f->system, &after);
    assert_int_equal(after.zero_fill_faults - before.zero_fill_faults, 1);
    assert_translated(f, "w"); /* as any page of zeroes (T19) */
    vm_upl_commit(&upl);
    assert_pages_wired(f, "0");
}

/*  The fast way of wiring leaves an absent page to the slow one (vm.md 3.4), and so there are two faults */
static void
wiring_an_absent_page_takes_the_slow_way(void **state)
{
    struct vm_fixture *f = *state;
    struct vm_upl *upl;

    draw_pages(f, "x");
    upl = list(f, 0, 1, VM_UPL_NO_ZERO_FILL);
    (void)faults_since(f);
    assert_int_equal(vm_map_wire(f->map, page(f, 0), page(f, 1), VMM_PROT_READ, true), VMM_OK);
    assert_int_equal(faults_since(f), 2);
    assert_pages_wired(f, "2");
    assert_translated(f, "W");
    assert_int_equal(vm_map_unwire(f->map, page(f, 0), page(f, 1), true), VMM_OK);
    vm_upl_commit(&upl);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(t01_a_list_wires_pages_and_translates_nothing),
        TEST(i10_two_lists_of_one_page_are_two_wire_counts),
        TEST(a_list_names_the_pages_that_the_chain_shows),
        TEST(a_list_covers_one_entry),
        TEST(odd_ends_are_rounded_out_to_pages),
        TEST(a_list_where_nothing_is_mapped_is_code_5),
        TEST(a_write_list_of_read_only_memory_is_code_2),
        TEST(a_read_list_asks_for_no_right),
        TEST(no_fault_refuses_what_is_not_resident),
        TEST(a_list_that_finds_no_free_page_hangs_and_keeps_nothing),
        TEST(a_list_survives_every_failing_allocation),
        TEST(a_list_makes_its_object_shared_and_delayed),
        TEST(only_a_write_list_makes_pages_dirty),
        TEST(a_read_list_breaks_copy_on_write_too),
        TEST(a_write_list_pushes_the_old_page_to_the_copy),
        TEST(a_read_list_of_resident_pages_pushes_nothing),
        TEST(a_copy_of_listed_pages_is_made_at_once),
        TEST(listed_pages_outlive_their_mapping),
        TEST(listed_pages_outlive_their_task),
        TEST(bytes_cross_from_page_to_page),
        TEST(a_list_of_a_memory_entry_names_its_pages),
        TEST(a_list_ends_with_its_memory_entry),
        TEST(a_write_list_of_a_read_only_memory_entry_is_code_17),
        TEST(a_memory_entry_gives_lists_when_its_source_is_gone),
        TEST(a_fault_on_an_absent_page_is_a_zero_fill),
        TEST(wiring_an_absent_page_takes_the_slow_way),
    };

    return cmocka_run_group_tests_name("vm_upl", tests, NULL, NULL);
}

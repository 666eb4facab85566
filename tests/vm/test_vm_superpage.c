/* test_vm_superpage.c - 2 MiB of frames in a row, mapped by one word; vm.md 1.6, 3.4, 4.4 step 8 */
#include "vm/vm_internal.h"
#include "vm/vm_memory_entry.h"
#include "vm/vm_page.h"
#include "vm/vm_purgeable.h"
#include "vm/vm_user.h"
#include "vm_fixture.h"

#include "vm/vm_object.h"

enum { SUPERPAGE = 2 << 20, PAGES = SUPERPAGE / PAGE, FRAMES = 4096 };

static vmm_va
allocate(struct vm_fixture *f, unsigned count)
{
    vmm_va address = f->base;

    vm_fixture_restart_on(f, f->profile.name, &hw_geometry_x86_64, FRAMES);
    assert_int_equal(
        vm_allocate(f->map, &address, count * SUPERPAGE, VM_MAP_FIXED | VM_MAP_SUPERPAGE_2MB),
        VMM_OK);
    (void)faults_since(f);
    return address;
}

static uint64_t
count_of(const struct vm_fixture *f, enum trace_kind kind)
{
    return vm_system_trace(f->system)->counters[kind];
}

/*  each 2 MiB have frames in a row that begin at a multiple of 2 MiB, all zero and wired              */
static void
its_frames_stand_in_a_row(void **state)
{
    struct vm_fixture *f = *state;
    vmm_va address = allocate(f, 2);
    struct vm_page_view view;
    vmm_ppn first;

    for (unsigned n = 0; n < 2; n++) {
        vm_map_probe(f->map, address + n * SUPERPAGE, &view);
        first = view.ppn;
        assert_int_equal(first % PAGES, 0);
        vm_map_probe(f->map, address + n * SUPERPAGE + 77 * PAGE, &view);
        assert_int_equal(view.ppn, first + 77);
        assert_int_equal(view.page_wire_count, 1);
    }
    assert_null(vm_system_check(f->system));
}

/*  the first touch of any page maps all 512 with one word; the others never fault                     */
static void
the_first_touch_maps_the_whole_of_it(void **state)
{
    struct vm_fixture *f = *state;
    vmm_va address = allocate(f, 1);
    uint64_t enters, tables;
    uint8_t byte = 1;

    enters = count_of(f, EV_PMAP_ENTER);
    tables = count_of(f, EV_PMAP_TABLE);
    f->base = address;
    assert_int_equal(user_load(f, 300, &byte), VMM_OK);
    assert_int_equal(byte, 0);
    for (unsigned n = 0; n < PAGES; n++)
        assert_int_equal(user_store(f, n, (uint8_t)n), VMM_OK);
    assert_int_equal(faults_since(f), 1);
    assert_int_equal(count_of(f, EV_PMAP_ENTER) - enters, 1);
    assert_int_equal(count_of(f, EV_PMAP_TABLE) - tables, 2); /* no leaf table */
    assert_int_equal(vm_map_translated(f->map, address, address + SUPERPAGE, NULL), PAGES);
    assert_int_equal(user_load(f, 300, &byte), VMM_OK);
    assert_int_equal(byte, (uint8_t)300);
    assert_null(vm_system_check(f->system));
}

/*  the TLB needs one place for it, and one walk of three words                                         */
static void
one_walk_serves_all_its_pages(void **state)
{
    struct vm_fixture *f = *state;
    struct vm_access_counts before, after;
    uint8_t byte;

    f->base = allocate(f, 1);
    assert_int_equal(user_load(f, 0, &byte), VMM_OK);
    vm_system_access_counts(f->system, &before);
    for (unsigned n = 0; n < PAGES; n++)
        assert_int_equal(user_load(f, n, &byte), VMM_OK);
    vm_system_access_counts(f->system, &after);
    assert_int_equal(after.walks - before.walks, 0);
    assert_int_equal(after.l1_hits - before.l1_hits, PAGES);
}

/*  before   one entry      protect page 1: the entry is cut, all translations go (T28), and what is
 *  after    a b ccc...     touched again is mapped by pages                                           */
static void
a_cut_superpage_is_mapped_by_pages(void **state)
{
    struct vm_fixture *f = *state;
    uint64_t enters;
    uint8_t byte;

    f->base = allocate(f, 1);
    assert_int_equal(user_store(f, 5, 9), VMM_OK);
    assert_int_equal(vm_protect(f->map, page(f, 1), PAGE, false, VMM_PROT_READ), VMM_OK);
    assert_int_equal(vm_map_translated(f->map, f->base, f->base + SUPERPAGE, NULL), 0);
    enters = count_of(f, EV_PMAP_ENTER);
    assert_int_equal(user_load(f, 5, &byte), VMM_OK);
    assert_int_equal(byte, 9);
    assert_int_equal(count_of(f, EV_PMAP_ENTER) - enters, PAGES - 2);
    assert_int_equal(user_store(f, 1, 9), VMM_PROTECTION_FAILURE);
    assert_null(vm_system_check(f->system));
    assert_int_equal(vm_deallocate(f->map, f->base, SUPERPAGE), VMM_OK);
}

/*  a copy is made at once, as of all wired memory (vm.md 3.6); a share of it maps the same frames     */
static void
it_is_copied_at_once_and_shared_as_it_is(void **state)
{
    struct vm_fixture *f = *state;
    vmm_va address = allocate(f, 1);
    struct vm_memory_entry *entry;
    vmm_size size = SUPERPAGE;
    vmm_va at = address + 4 * SUPERPAGE;
    vmm_va data = 0;
    uint8_t byte;

    f->base = address;
    assert_int_equal(user_store(f, 3, 7), VMM_OK);
    assert_int_equal(vm_read(f->map, address, SUPERPAGE, f->map, &data), VMM_OK);
    f->base = data;
    assert_int_equal(user_load(f, 3, &byte), VMM_OK);
    assert_int_equal(byte, 7);
    assert_int_equal(vm_deallocate(f->map, data, SUPERPAGE), VMM_OK);
    assert_int_equal(vm_memory_entry_create(f->map, address, &size, VMM_PROT_DEFAULT, &entry),
                     VMM_OK);
    assert_int_equal(
        vm_memory_entry_map(entry, f->map, &at, 0, size, VM_MAP_FIXED, VMM_PROT_DEFAULT), VMM_OK);
    f->base = at;
    assert_int_equal(user_load(f, 3, &byte), VMM_OK);
    assert_int_equal(vm_map_translated(f->map, at, at + SUPERPAGE, NULL), PAGES);
    assert_int_equal(vm_map_wire(f->map, at, at + SUPERPAGE, VMM_PROT_READ, true), VMM_OK);
    assert_null(vm_system_check(f->system));
    assert_int_equal(vm_map_unwire(f->map, at, at + SUPERPAGE, true), VMM_OK);
    assert_int_equal(vm_deallocate(f->map, at, SUPERPAGE), VMM_OK);
    vm_memory_entry_release(&entry);
}

/* The superpage at f->base is in memory, and has no wire: nothing of it goes however much is asked. */
static void
assert_stays(struct vm_fixture *f)
{
    uint64_t resident = PAGES;
    struct vm_page_view view;
    uint8_t byte;

    vm_map_probe(f->map, f->base, &view);
    assert_int_equal(view.page_wire_count, 0);
    assert_int_equal(vm_system_reclaim(f->system, PAGES), 0);
    for (unsigned n = 0; n < PAGES; n++) {
        vm_map_probe(f->map, page(f, n), &view);
        resident -= !view.is_resident;
    }
    assert_int_equal(resident, PAGES);
    assert_int_equal(user_load(f, 3, &byte), VMM_OK);
    assert_int_equal(byte, 7);
    assert_null(vm_system_check(f->system));
}

/*  pages   xSSSS      munlock of a range that begins before f->base takes the wire of all behind      */
static void
lose_wire(struct vm_fixture *f)
{
    vmm_va before = f->base - PAGE;

    assert_int_equal(vm_allocate(f->map, &before, PAGE, VM_MAP_FIXED), VMM_OK);
    assert_int_equal(vm_map_wire(f->map, before, f->base, VMM_PROT_READ, true), VMM_OK);
    assert_int_equal(vm_map_unwire(f->map, before, f->base + SUPERPAGE, true), VMM_OK);
    assert_int_equal(vm_deallocate(f->map, before, PAGE), VMM_OK);
}

/*  its wire goes with the entry that was made for it; who shares it has all of it as before           */
static void
it_stays_when_its_wire_goes_with_the_original(void **state)
{
    struct vm_fixture *f = *state;
    vmm_va address = allocate(f, 1);
    struct vm_remap_call call = { .size = SUPERPAGE,
                                  .flags = VM_MAP_FIXED,
                                  .source_map = f->map,
                                  .source = address,
                                  .inheritance = VMM_INHERIT_SHARE };
    vmm_va at = address + 4 * SUPERPAGE;
    vmm_prot prot, max_prot;

    f->system->store.limit = FRAMES;
    f->base = address;
    assert_int_equal(user_store(f, 3, 7), VMM_OK);
    assert_int_equal(vm_remap(f->map, &at, &call, &prot, &max_prot), VMM_OK);
    assert_int_equal(vm_deallocate(f->map, address, SUPERPAGE), VMM_OK);
    f->base = at;
    assert_stays(f);
    assert_int_equal(vm_behavior_set(f->map, at, SUPERPAGE, VM_BEHAVIOR_PAGEOUT), VMM_OK);
    assert_stays(f);
}

static void
it_stays_when_an_unlock_takes_its_wire(void **state)
{
    struct vm_fixture *f = *state;

    f->base = allocate(f, 1);
    f->system->store.limit = FRAMES;
    assert_int_equal(user_store(f, 3, 7), VMM_OK);
    lose_wire(f);
    assert_stays(f);
}

/*  one that can be purged too: it becomes empty, and all of it stays                                  */
static void
it_stays_when_it_is_purged(void **state)
{
    struct vm_fixture *f = *state;
    int volatile_now = VM_PURGABLE_VOLATILE | VM_PURGABLE_DEBUG_EMPTY;

    vm_fixture_restart_on(f, f->profile.name, &hw_geometry_x86_64, FRAMES);
    f->system->store.limit = FRAMES;
    assert_int_equal(vm_allocate(f->map, &f->base, SUPERPAGE,
                                 VM_MAP_FIXED | VM_MAP_SUPERPAGE_2MB | VM_MAP_PURGABLE),
                     VMM_OK);
    assert_int_equal(user_store(f, 3, 7), VMM_OK);
    lose_wire(f);
    assert_int_equal(vm_purgable_control(f->map, f->base, VM_PURGABLE_SET_STATE, &volatile_now),
                     VMM_OK);
    assert_stays(f);
}

/*  VM_PROT_COPY, up to 10.13: a store copies one page, whose word takes the large one's place         */
static void
a_copy_on_write_of_one_page_takes_the_large_word_away(void **state)
{
    struct vm_fixture *f = *state;
    uint8_t byte;

    vm_fixture_restart(f, "macos-10.11");
    f->base = allocate(f, 1);
    assert_int_equal(user_store(f, 3, 7), VMM_OK);
    assert_int_equal(
        vm_protect(f->map, f->base, SUPERPAGE, false, VMM_PROT_DEFAULT | (vmm_prot)VMM_PROT_COPY),
        VMM_OK);
    assert_int_equal(user_store(f, 3, 8), VMM_OK);
    assert_int_equal(user_load(f, 3, &byte), VMM_OK);
    assert_int_equal(byte, 8);
    assert_null(vm_system_check(f->system));
}

/*  512 frames in a row are not to be had: code 6, and nothing is kept                                  */
static void
without_a_row_of_frames_it_is_code_6(void **state)
{
    struct vm_fixture *f = *state;
    vmm_va address = f->base;
    struct vm_statistics before, after;

    vm_fixture_restart_on(f, f->profile.name, &hw_geometry_x86_64, 1536);
    vm_system_statistics(f->system, &before);
    assert_int_equal(
        vm_allocate(f->map, &address, 3 * SUPERPAGE, VM_MAP_FIXED | VM_MAP_SUPERPAGE_2MB),
        VMM_RESOURCE_SHORTAGE);
    vm_system_statistics(f->system, &after);
    assert_int_equal(after.free_pages, before.free_pages);
    assert_null(vm_system_check(f->system));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, vm_fixture_setup, vm_fixture_teardown)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(its_frames_stand_in_a_row),
        TEST(the_first_touch_maps_the_whole_of_it),
        TEST(one_walk_serves_all_its_pages),
        TEST(a_cut_superpage_is_mapped_by_pages),
        TEST(it_is_copied_at_once_and_shared_as_it_is),
        TEST(it_stays_when_its_wire_goes_with_the_original),
        TEST(it_stays_when_an_unlock_takes_its_wire),
        TEST(it_stays_when_it_is_purged),
        TEST(a_copy_on_write_of_one_page_takes_the_large_word_away),
        TEST(without_a_row_of_frames_it_is_code_6),
    };

    return cmocka_run_group_tests_name("vm_superpage", tests, NULL, NULL);
}

/*
 * test_vm_check.c - break one invariant of vm.md 8 by hand, and see it named
 *
 * Every test takes a kernel in order, bends one number or one link, asks vm_system_check(), and bends
 * it back: the teardown checks everything once more.
 */
#include "vm_inside.h"

#include "pmap/pmap_internal.h"
#include "vm/vm_map_store.h"
#include "vm/vm_memory_entry.h"
#include "vm/vm_object.h"
#include "vm/vm_page.h"

static void
wire(struct vm_fixture *f, unsigned from, unsigned to)
{
    assert_int_equal(vm_map_wire(f->map, page(f, from), page(f, to), VMM_PROT_READ, false), VMM_OK);
}

static void
unwire(struct vm_fixture *f, unsigned from, unsigned to)
{
    assert_int_equal(vm_map_unwire(f->map, page(f, from), page(f, to), false), VMM_OK);
}

/* Maps a virtual copy of the pages at page `at`; the map keeps what the copy needs. */
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

/* ---- entries ---- */

static void
nothing_is_broken_in_a_kernel_at_work(void **state)
{
    struct vm_fixture *f = *state;

    draw_and_touch(f, "xxx.xx");
    wire(f, 1, 2);
    map_copy(f, 4, 2, 8);
    assert_null(vm_system_check(f->system));
    unwire(f, 1, 2);
}

static void
i01_an_empty_entry(void **state)
{
    struct vm_fixture *f = *state;
    struct vm_map_entry *entry;

    draw_pages(f, "xx");
    entry = entry_at(f, 0);
    entry->end = entry->start;
    assert_broken(f, "I1 an entry is empty or outside the map");
    entry->end = page(f, 2);
}

static void
i01_an_entry_beyond_the_end_of_the_map(void **state)
{
    struct vm_fixture *f = *state;
    vmm_va max = f->map->max;

    draw_pages(f, "xx");
    f->map->max = page(f, 1);
    assert_broken(f, "I1 an entry is empty or outside the map");
    f->map->max = max;
}

/*  pages   xx.xx        the second entry begins one page early: [3, 5) says [1, 5)            */
static void
i01_two_entries_that_overlap(void **state)
{
    struct vm_fixture *f = *state;
    struct vm_map_entry *entry;

    draw_pages(f, "xx.xx");
    entry = entry_at(f, 3);
    entry->start = page(f, 1);
    assert_broken(f, "I1 entries overlap or are out of order");
    entry->start = page(f, 3);
}

static void
i01_a_size_that_is_not_the_sum(void **state)
{
    struct vm_fixture *f = *state;

    draw_pages(f, "xx");
    f->map->size += PAGE;
    assert_broken(f, "I1 index, list and size of a map disagree");
    f->map->size -= PAGE;
}

static void
i01_an_index_that_counts_another_number(void **state)
{
    struct vm_fixture *f = *state;

    draw_pages(f, "xx");
    f->map->index.count++;
    assert_broken(f, "I1 index, list and size of a map disagree");
    f->map->index.count--;
}

static void
i01_an_index_that_finds_another_entry(void **state)
{
    struct vm_fixture *f = *state;

    draw_pages(f, "x.x");
    assert_true(vmm_index_remove(&f->map->index, page(f, 0)));
    assert_true(vmm_index_insert(&f->map->index, page(f, 1), entry_at(f, 0)));
    assert_broken(f, "I1 index, list and size of a map disagree");
    assert_true(vmm_index_remove(&f->map->index, page(f, 1)));
    assert_true(vmm_index_insert(&f->map->index, page(f, 0), entry_at(f, 0)));
}

static void
i02_an_offset_inside_a_page(void **state)
{
    struct vm_fixture *f = *state;

    draw_pages(f, "x");
    entry_at(f, 0)->offset += 1;
    assert_broken(f, "I2 an entry is not page aligned");
    entry_at(f, 0)->offset -= 1;
}

static void
i03_user_wires_without_a_wired_count(void **state)
{
    struct vm_fixture *f = *state;

    draw_pages(f, "x");
    entry_at(f, 0)->user_wired_count = 1;
    assert_broken(f, "I3 user wires without a wired count");
    entry_at(f, 0)->user_wired_count = 0;
}

static void
i04_a_user_wire_size_that_no_entry_explains(void **state)
{
    struct vm_fixture *f = *state;

    draw_pages(f, "x");
    f->map->user_wire_size += PAGE;
    assert_broken(f, "I4 user_wire_size differs from the entries with user wires");
    f->map->user_wire_size -= PAGE;
}

static void
i05_a_wired_entry_without_an_object(void **state)
{
    struct vm_fixture *f = *state;

    draw_pages(f, "x");
    assert_null(entry_at(f, 0)->object);
    entry_at(f, 0)->wired_count = 1;
    assert_broken(f, "I5 a wired entry has no object of its own");
    entry_at(f, 0)->wired_count = 0;
}

static void
i05_a_wired_entry_that_has_still_to_copy(void **state)
{
    struct vm_fixture *f = *state;

    draw_pages(f, "x");
    wire(f, 0, 1);
    entry_at(f, 0)->needs_copy = true;
    assert_broken(f, "I5 a wired entry has no object of its own");
    entry_at(f, 0)->needs_copy = false;
    unwire(f, 0, 1);
}

static void
i06_a_wired_page_that_left_its_object(void **state)
{
    struct vm_fixture *f = *state;
    struct vm_object *object;
    vmm_ppn ppn;

    draw_pages(f, "xx");
    wire(f, 0, 2);
    object = entry_at(f, 0)->object;
    ppn = vmm_radix_clear(&object->pages, 1);
    assert_broken(f, "I6 a page of a wired entry is not resident");
    assert_true(vmm_radix_set(&object->pages, 1, ppn));
    unwire(f, 0, 2);
}

static void
i06_a_wired_entry_over_a_page_without_a_wire(void **state)
{
    struct vm_fixture *f = *state;

    draw_pages(f, "x");
    wire(f, 0, 1);
    vm_page_set_wire_count(page_at(f, 0), 0);
    assert_broken(f, "I6 a page of a wired entry has no wire count");
    vm_page_set_wire_count(page_at(f, 0), 1);
    unwire(f, 0, 1);
}

static void
i16_needs_copy_without_an_object(void **state)
{
    struct vm_fixture *f = *state;

    draw_pages(f, "x");
    entry_at(f, 0)->needs_copy = true;
    assert_broken(f, "I16 needs_copy without an object");
    entry_at(f, 0)->needs_copy = false;
}

static void
i19_an_entry_in_transition_with_nobody_at_work(void **state)
{
    struct vm_fixture *f = *state;

    draw_pages(f, "x");
    entry_at(f, 0)->in_transition = true;
    assert_broken(f, "I19 an entry is in transition with nobody at work");
    entry_at(f, 0)->in_transition = false;
}

static void
i19_a_wakeup_that_nobody_will_send(void **state)
{
    struct vm_fixture *f = *state;

    draw_pages(f, "x");
    entry_at(f, 0)->needs_wakeup = true;
    assert_broken(f, "I19 an entry is in transition with nobody at work");
    entry_at(f, 0)->needs_wakeup = false;
}

static void
i19_a_map_that_stayed_locked(void **state)
{
    struct vm_fixture *f = *state;

    f->map->is_locked = true;
    assert_broken(f, "I19 a map is locked with nobody at work");
    f->map->is_locked = false;
}

/* ---- translations ---- */

static void
i07_a_wired_entry_whose_translation_lost_the_bit(void **state)
{
    struct vm_fixture *f = *state;

    draw_pages(f, "xx");
    wire(f, 0, 2);
    pmap_change_wiring(f->map->pmap, page(f, 1), false);
    assert_broken(f, "I7 a translation of a wired entry lacks the wired bit");
    pmap_change_wiring(f->map->pmap, page(f, 1), true);
    unwire(f, 0, 2);
}

static void
i09_a_wired_translation_of_an_entry_nobody_wired(void **state)
{
    struct vm_fixture *f = *state;

    draw_and_touch(f, "xx");
    pmap_change_wiring(f->map->pmap, page(f, 0), true);
    assert_broken(f, "I9 a wired translation without a wired entry");
    pmap_change_wiring(f->map->pmap, page(f, 0), false);
}

/*  The exception of I9: Prefault leaves wired translations under an unwired entry (T10)          */
static void
i09_allows_what_prefault_leaves(void **state)
{
    struct vm_fixture *f = *state;

    draw_and_touch(f, "x");
    pmap_change_wiring(f->map->pmap, page(f, 0), true);
    entry_at(f, 0)->is_prefaulted = true;
    assert_null(vm_system_check(f->system));
}

static void
i14_a_translation_where_nothing_is_mapped(void **state)
{
    struct vm_fixture *f = *state;
    vmm_ppn ppn;

    draw_and_touch(f, "x");
    ppn = vm_page_ppn(page_at(f, 0));
    assert_int_equal(pmap_enter(f->map->pmap, page(f, 4), ppn, VMM_PROT_READ, 0), VMM_OK);
    assert_broken(f, "I14 a translation where nothing is mapped");
    pmap_remove(f->map->pmap, page(f, 4), page(f, 5));
}

/*  pages   xx           page 0 touched; page 1 translated to the frame of page 0                */
static void
i14_a_translation_to_another_page(void **state)
{
    struct vm_fixture *f = *state;
    vmm_ppn ppn;

    draw_pages(f, "xx");
    assert_int_equal(user_store(f, 0, 1), VMM_OK);
    ppn = vm_page_ppn(page_at(f, 0));
    assert_int_equal(pmap_enter(f->map->pmap, page(f, 1), ppn, VMM_PROT_READ, 0), VMM_OK);
    assert_broken(f, "I14 a translation of a page that the chain does not hold");
    pmap_remove(f->map->pmap, page(f, 1), page(f, 2));
}

static void
i14_a_page_that_claims_another_place(void **state)
{
    struct vm_fixture *f = *state;

    draw_and_touch(f, "x");
    (*vm_page_place(page_at(f, 0)))++;
    assert_broken(f, "I14 a page does not name the object that holds it");
    (*vm_page_place(page_at(f, 0)))--;
}

static void
i15_a_writable_translation_of_a_read_only_entry(void **state)
{
    struct vm_fixture *f = *state;

    draw_and_touch(f, "x");
    entry_at(f, 0)->protection = VMM_PROT_READ;
    assert_broken(f, "I15 a writable translation of an entry that forbids WRITE");
    entry_at(f, 0)->protection = VMM_PROT_DEFAULT;
}

/*  copy 0,1 -> 4,5; a store to 4 gives the copy a top object, and page 5 stays below it          */
static void
i15_a_writable_translation_below_the_top_object(void **state)
{
    struct vm_fixture *f = *state;
    vmm_ppn ppn;

    draw_and_touch(f, "xx");
    map_copy(f, 0, 2, 4);
    assert_int_equal(user_store(f, 4, 9), VMM_OK);
    assert_false(entry_at(f, 5)->needs_copy);
    ppn = vm_page_ppn(page_at(f, 5));
    assert_int_equal(pmap_enter(f->map->pmap, page(f, 5), ppn, VMM_PROT_DEFAULT, 0), VMM_OK);
    assert_broken(f, "I15 a writable translation of a page below the top object");
    pmap_protect(f->map->pmap, page(f, 5), page(f, 6), VMM_PROT_READ);
}

/*  A delayed copy took WRITE from the source; with WRITE back a store would reach the copy too    */
static void
i15_a_writable_translation_of_a_page_the_copy_needs(void **state)
{
    struct vm_fixture *f = *state;
    vmm_ppn ppn;

    draw_and_touch(f, "x");
    vm_object_share(entry_at(f, 0)->object); /* delayed copy from here on */
    map_copy(f, 0, 1, 4);
    assert_translated(f, "r----");
    ppn = vm_page_ppn(page_at(f, 0));
    assert_int_equal(pmap_enter(f->map->pmap, page(f, 0), ppn, VMM_PROT_DEFAULT, 0), VMM_OK);
    assert_broken(f, "I15 a writable translation of a page its copy still needs");
    pmap_protect(f->map->pmap, page(f, 0), page(f, 1), VMM_PROT_READ);
}

static void
i16_a_writable_translation_of_a_needs_copy_entry(void **state)
{
    struct vm_fixture *f = *state;

    draw_and_touch(f, "x");
    entry_at(f, 0)->needs_copy = true;
    assert_broken(f, "I16 a writable translation of a needs_copy entry");
    entry_at(f, 0)->needs_copy = false;
}

/*  What the floor below finds is told as it is                                                   */
static void
i12_a_page_whose_pv_record_is_gone(void **state)
{
    struct vm_fixture *f = *state;
    uint32_t *word;
    uint32_t kept;

    draw_and_touch(f, "x");
    word = &f->system->machine->frames.words[vm_page_ppn(page_at(f, 0))];
    kept = *word;
    *word = 0;
    assert_broken(f, "I12 a valid entry has no pv record");
    *word = kept;
}

static void
i13_a_pmap_that_counts_one_page_too_many(void **state)
{
    struct vm_fixture *f = *state;

    draw_and_touch(f, "x");
    f->map->pmap->resident_pages++;
    assert_broken(f, "I13 resident_pages differs from the valid entries");
    f->map->pmap->resident_pages--;
}

/* ---- objects and pages ---- */

static void
i10_an_object_that_miscounts_its_wired_pages(void **state)
{
    struct vm_fixture *f = *state;

    draw_and_touch(f, "x");
    entry_at(f, 0)->object->wired_page_count++;
    assert_broken(f, "I10 wired_page_count is wrong");
    entry_at(f, 0)->object->wired_page_count--;
}

static void
i10_a_wire_count_without_an_owner(void **state)
{
    struct vm_fixture *f = *state;

    draw_pages(f, "x");
    wire(f, 0, 1);
    vm_page_set_wire_count(page_at(f, 0), 2);
    assert_broken(f, "I10 wire counts of pages differ from wired entries and I/O lists");
    vm_page_set_wire_count(page_at(f, 0), 1);
    unwire(f, 0, 1);
}

static void
i10_an_io_list_that_wired_no_page(void **state)
{
    struct vm_fixture *f = *state;

    f->system->io_wires++;
    assert_broken(f, "I10 wire counts of pages differ from wired entries and I/O lists");
    f->system->io_wires--;
}

static void
i11_a_wrong_number_of_wired_pages(void **state)
{
    struct vm_fixture *f = *state;

    f->system->wired_pages++;
    assert_broken(f, "I11 the number of wired pages is wrong");
    f->system->wired_pages--;
}

static void
o1_an_object_that_nobody_names(void **state)
{
    struct vm_fixture *f = *state;
    struct vm_object *object;

    assert_int_equal(vm_object_create(f->system, PAGE, &object), VMM_OK);
    object->ref_count = 0;
    assert_broken(f, "O1 an object nobody names is still there");
    object->ref_count = 1;
    vm_object_release(&object);
}

/*  One entry cut in two names its object twice                                                   */
static void
o1_more_names_than_references(void **state)
{
    struct vm_fixture *f = *state;
    struct vm_object *object;

    draw_and_touch(f, "xx");
    assert_int_equal(vm_map_clip_end(f->map, entry_at(f, 0), page(f, 1)), VMM_OK);
    object = entry_at(f, 0)->object;
    assert_int_equal(object->ref_count, 2);
    object->ref_count = 1;
    assert_broken(f, "O1 more names for an object than references");
    object->ref_count = 2;
}

static void
o2_a_copy_with_another_shadow(void **state)
{
    struct vm_fixture *f = *state;
    struct vm_object *object;

    draw_and_touch(f, "x");
    object = entry_at(f, 0)->object;
    object->copy = object;
    assert_broken(f, "O2 an object's copy does not have it as shadow");
    object->copy = NULL;
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, vm_fixture_setup, vm_fixture_teardown)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(nothing_is_broken_in_a_kernel_at_work),
        TEST(i01_an_empty_entry),
        TEST(i01_an_entry_beyond_the_end_of_the_map),
        TEST(i01_two_entries_that_overlap),
        TEST(i01_a_size_that_is_not_the_sum),
        TEST(i01_an_index_that_counts_another_number),
        TEST(i01_an_index_that_finds_another_entry),
        TEST(i02_an_offset_inside_a_page),
        TEST(i03_user_wires_without_a_wired_count),
        TEST(i04_a_user_wire_size_that_no_entry_explains),
        TEST(i05_a_wired_entry_without_an_object),
        TEST(i05_a_wired_entry_that_has_still_to_copy),
        TEST(i06_a_wired_page_that_left_its_object),
        TEST(i06_a_wired_entry_over_a_page_without_a_wire),
        TEST(i07_a_wired_entry_whose_translation_lost_the_bit),
        TEST(i09_a_wired_translation_of_an_entry_nobody_wired),
        TEST(i09_allows_what_prefault_leaves),
        TEST(i10_an_object_that_miscounts_its_wired_pages),
        TEST(i10_a_wire_count_without_an_owner),
        TEST(i10_an_io_list_that_wired_no_page),
        TEST(i11_a_wrong_number_of_wired_pages),
        TEST(i12_a_page_whose_pv_record_is_gone),
        TEST(i13_a_pmap_that_counts_one_page_too_many),
        TEST(i14_a_translation_where_nothing_is_mapped),
        TEST(i14_a_translation_to_another_page),
        TEST(i14_a_page_that_claims_another_place),
        TEST(i15_a_writable_translation_of_a_read_only_entry),
        TEST(i15_a_writable_translation_below_the_top_object),
        TEST(i15_a_writable_translation_of_a_page_the_copy_needs),
        TEST(i16_needs_copy_without_an_object),
        TEST(i16_a_writable_translation_of_a_needs_copy_entry),
        TEST(i19_an_entry_in_transition_with_nobody_at_work),
        TEST(i19_a_wakeup_that_nobody_will_send),
        TEST(i19_a_map_that_stayed_locked),
        TEST(o1_an_object_that_nobody_names),
        TEST(o1_more_names_than_references),
        TEST(o2_a_copy_with_another_shadow),
    };

    return cmocka_run_group_tests_name("vm_check", tests, NULL, NULL);
}

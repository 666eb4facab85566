/* test_vm_memory_entry.c - handles on memory, shared or copied; vm.md 1.9, 2.1, 2.3, iokit.md 3.2 */
#include "vm_fixture.h"

#include "vm/vm_internal.h"
#include "vm/vm_map_store.h"
#include "vm/vm_memory_entry.h"
#include "vm/vm_memory_entry_internal.h"
#include "vm/vm_user.h"

static uint64_t
count_of(struct vm_fixture *f, enum trace_kind kind)
{
    return vm_system_trace(f->system)->counters[kind];
}

static struct vm_map_entry *
entry_at(const struct vm_fixture *f, unsigned n)
{
    struct vm_map_entry *entry;

    assert_true(vm_map_lookup_entry(f->map, page(f, n), &entry));
    return entry;
}

/* Stores the letters of the picture, a page each. */
static void
store_letters(struct vm_fixture *f, unsigned from, const char *letters)
{
    for (unsigned n = 0; letters[n] != '\0'; n++)
        assert_int_equal(user_store(f, from + n, (uint8_t)letters[n]), VMM_OK);
}

/* What user code reads in each page, '0' for a zero. */
static void
assert_letters(struct vm_fixture *f, unsigned from, const char *picture)
{
    char found[64] = "";

    for (unsigned n = 0; picture[n] != '\0'; n++) {
        uint8_t byte = '?';

        assert_int_equal(user_load(f, from + n, &byte), VMM_OK);
        found[n] = byte == 0 ? '0' : (char)byte;
    }
    assert_string_equal(found, picture);
}

static struct vm_memory_entry *
name_pages(struct vm_fixture *f, unsigned from, unsigned to, vmm_prot prot)
{
    struct vm_memory_entry *entry = NULL;
    vmm_size size = (vmm_size)(to - from) * PAGE;

    assert_int_equal(vm_memory_entry_create(f->map, page(f, from), &size, prot, &entry), VMM_OK);
    assert_int_equal(size, (to - from) * PAGE);
    return entry;
}

static struct vm_memory_entry *
copy_pages(struct vm_fixture *f, unsigned from, unsigned to)
{
    struct vm_memory_entry *entry = NULL;

    assert_int_equal(
        vm_memory_entry_copy(f->map, page(f, from), (vmm_size)(to - from) * PAGE, &entry), VMM_OK);
    return entry;
}

/* Maps pages [from, to) of what the entry names at page `at`. */
static enum vmm_status
map_at(struct vm_fixture *f, struct vm_memory_entry *entry, unsigned from, unsigned to, unsigned at,
       vmm_prot prot)
{
    vmm_va address = page(f, at);

    return vm_memory_entry_map(entry, f->map, &address, (vmm_off)from * PAGE,
                               (vmm_size)(to - from) * PAGE, VM_MAP_FIXED, prot);
}

/* ---- naming memory ---- */

/*  entries aabb         a name for [1, 4) ends with the entry: one page                           */
static void
a_memory_entry_covers_one_map_entry(void **state)
{
    struct vm_fixture *f = *state;
    struct vm_memory_entry *entry;
    vmm_size size = 3 * PAGE;

    draw_pages(f, "xxxx");
    assert_int_equal(vm_protect(f->map, page(f, 2), 2 * PAGE, false, VMM_PROT_READ), VMM_OK);
    assert_int_equal(vm_memory_entry_create(f->map, page(f, 1), &size, VMM_PROT_READ, &entry),
                     VMM_OK);
    assert_int_equal(size, PAGE);
    assert_int_equal(vm_memory_entry_size(entry), PAGE);
    assert_int_equal(vm_memory_entry_prot(entry), VMM_PROT_READ);
    assert_false(vm_memory_entry_is_copy(entry));
    vm_memory_entry_release(&entry);
    assert_null(entry);
}

/*  From byte 100 of page 0 on, one page long: both pages are named, from the first one's start      */
static void
a_memory_entry_is_rounded_out_to_pages(void **state)
{
    struct vm_fixture *f = *state;
    struct vm_memory_entry *entry;
    vmm_size size = PAGE;

    draw_pages(f, "xxx");
    assert_int_equal(vm_memory_entry_create(f->map, page(f, 0) + 100, &size, VMM_PROT_READ, &entry),
                     VMM_OK);
    assert_int_equal(size, 2 * PAGE);
    vm_memory_entry_release(&entry);
}

static void
naming_what_is_not_mapped_is_code_1(void **state)
{
    struct vm_fixture *f = *state;
    struct vm_memory_entry *entry = NULL;
    vmm_size size = PAGE;

    draw_pages(f, "x.x");
    assert_int_equal(vm_memory_entry_create(f->map, page(f, 1), &size, VMM_PROT_READ, &entry),
                     VMM_INVALID_ADDRESS);
    assert_null(entry);
    assert_int_equal(size, PAGE);
}

static void
naming_with_more_rights_than_the_source_is_code_2(void **state)
{
    struct vm_fixture *f = *state;
    struct vm_memory_entry *entry = NULL;
    vmm_size size = PAGE;

    draw_pages(f, "x");
    assert_int_equal(vm_protect(f->map, page(f, 0), PAGE, false, VMM_PROT_READ), VMM_OK);
    assert_int_equal(vm_memory_entry_create(f->map, page(f, 0), &size, VMM_PROT_DEFAULT, &entry),
                     VMM_PROTECTION_FAILURE);
    assert_null(entry);
    assert_null(entry_at(f, 0)->object); /* nothing was made for it */
}

static void
naming_makes_the_object_shared_and_delayed(void **state)
{
    struct vm_fixture *f = *state;
    struct vm_memory_entry *entry;

    draw_pages(f, "x");
    entry = name_pages(f, 0, 1, VMM_PROT_READ);
    assert_true(entry_at(f, 0)->object->true_share);
    assert_int_equal(entry_at(f, 0)->object->copy_strategy, VM_COPY_DELAY);
    assert_int_equal(entry_at(f, 0)->object->ref_count, 2);
    vm_memory_entry_release(&entry);
    assert_int_equal(entry_at(f, 0)->object->ref_count, 1);
}

/*  entries aabb of one object of four pages: naming b alone gives it an object of its own,
 *  PTEs    wwrr         and its old translations lose WRITE (vm.md 2.3)                            */
static void
naming_a_part_of_an_object_shadows_it(void **state)
{
    struct vm_fixture *f = *state;
    struct vm_memory_entry *entry;

    draw_pages(f, "xxxx");
    store_letters(f, 0, "ABCD");
    assert_int_equal(vm_map_clip_end(f->map, entry_at(f, 0), page(f, 2)), VMM_OK);
    entry = name_pages(f, 2, 4, VMM_PROT_DEFAULT);
    assert_ptr_not_equal(entry_at(f, 2)->object, entry_at(f, 0)->object);
    assert_ptr_equal(entry_at(f, 2)->object->shadow, entry_at(f, 0)->object);
    assert_false(entry_at(f, 0)->object->true_share);
    assert_translated(f, "wwrr");
    assert_letters(f, 0, "ABCD");
    vm_memory_entry_release(&entry);
}

/*  A pending copy is resolved first: what is shared must be this entry's own                        */
static void
naming_resolves_a_pending_copy(void **state)
{
    struct vm_fixture *f = *state;
    struct vm_memory_entry *copy, *entry;

    draw_pages(f, "x");
    store_letters(f, 0, "A");
    copy = copy_pages(f, 0, 1);
    assert_true(entry_at(f, 0)->needs_copy);
    entry = name_pages(f, 0, 1, VMM_PROT_DEFAULT);
    assert_false(entry_at(f, 0)->needs_copy);
    assert_int_equal(map_at(f, entry, 0, 1, 4, VMM_PROT_DEFAULT), VMM_OK);
    assert_int_equal(map_at(f, copy, 0, 1, 8, VMM_PROT_DEFAULT), VMM_OK);
    store_letters(f, 4, "B");
    assert_letters(f, 0, "B");
    assert_letters(f, 8, "A");
    vm_memory_entry_release(&entry);
    vm_memory_entry_release(&copy);
}

/*  vm.md 2.3: a wired entry only sets true_share; its translations stay as they are                  */
static void
naming_wired_memory_moves_nothing(void **state)
{
    struct vm_fixture *f = *state;
    struct vm_memory_entry *entry;
    struct vm_object *object;

    draw_pages(f, "xxxx");
    assert_int_equal(vm_map_wire(f->map, page(f, 0), page(f, 2), VMM_PROT_READ, false), VMM_OK);
    object = entry_at(f, 0)->object;
    entry = name_pages(f, 0, 2, VMM_PROT_DEFAULT);
    assert_ptr_equal(entry_at(f, 0)->object, object);
    assert_true(object->true_share);
    assert_translated(f, "WW--");
    assert_int_equal(vm_map_unwire(f->map, page(f, 0), page(f, 2), false), VMM_OK);
    vm_memory_entry_release(&entry);
}

static void
a_plain_entry_knows_its_object_and_offset(void **state)
{
    struct vm_fixture *f = *state;
    struct vm_memory_entry *entry;
    vmm_off offset = 0;

    draw_pages(f, "xxxx");
    entry = name_pages(f, 1, 4, VMM_PROT_READ);
    assert_ptr_equal(vm_memory_entry_object(entry, PAGE, &offset), entry_at(f, 1)->object);
    assert_int_equal(offset, 2 * PAGE);
    vm_memory_entry_release(&entry);
}

static void
resident_counts_the_pages_that_are_named(void **state)
{
    struct vm_fixture *f = *state;
    struct vm_memory_entry *entry;

    draw_pages(f, "xxxx");
    store_letters(f, 0, "AB");
    entry = name_pages(f, 1, 4, VMM_PROT_READ);
    assert_int_equal(vm_memory_entry_resident(entry), 1);
    store_letters(f, 3, "D");
    assert_int_equal(vm_memory_entry_resident(entry), 2);
    vm_memory_entry_release(&entry);
}

static void
releasing_no_entry_is_allowed(void **state)
{
    struct vm_memory_entry *none = NULL;

    (void)state;
    vm_memory_entry_release(&none);
    assert_null(none);
}

/* ---- mapping what was named ---- */

/*  0..3 named, pages 1..2 of it mapped at 8: no page and no translation, but the same bytes           */
static void
mapping_shares_the_bytes_and_is_lazy(void **state)
{
    struct vm_fixture *f = *state;
    struct vm_memory_entry *entry;

    draw_pages(f, "xxxx");
    store_letters(f, 0, "ABCD");
    entry = name_pages(f, 0, 4, VMM_PROT_DEFAULT);
    faults_since(f);
    assert_int_equal(map_at(f, entry, 1, 3, 8, VMM_PROT_DEFAULT), VMM_OK);
    assert_int_equal(faults_since(f), 0);
    assert_translated(f, "wwww------");
    assert_letters(f, 8, "BC");
    store_letters(f, 9, "x");
    assert_letters(f, 0, "ABxD");
    vm_memory_entry_release(&entry);
}

static void
a_mapping_has_its_rights_as_maximum_too(void **state)
{
    struct vm_fixture *f = *state;
    struct vm_memory_entry *entry;
    struct vm_region region;

    draw_pages(f, "x");
    entry = name_pages(f, 0, 1, VMM_PROT_DEFAULT);
    assert_int_equal(map_at(f, entry, 0, 1, 4, VMM_PROT_READ), VMM_OK);
    assert_true(vm_map_region(f->map, page(f, 4), &region));
    assert_int_equal(region.protection, VMM_PROT_READ);
    assert_int_equal(region.max_protection, VMM_PROT_READ);
    assert_int_equal(vm_protect(f->map, page(f, 4), PAGE, false, VMM_PROT_DEFAULT),
                     VMM_PROTECTION_FAILURE);
    vm_memory_entry_release(&entry);
}

static void
mapping_with_more_rights_than_the_entry_is_code_17(void **state)
{
    struct vm_fixture *f = *state;
    struct vm_memory_entry *entry;

    draw_pages(f, "x");
    entry = name_pages(f, 0, 1, VMM_PROT_READ);
    assert_int_equal(map_at(f, entry, 0, 1, 4, VMM_PROT_DEFAULT), VMM_INVALID_RIGHT);
    assert_int_equal(map_at(f, entry, 0, 1, 4, VMM_PROT_READ), VMM_OK);
    vm_memory_entry_release(&entry);
}

/*  vm.md 2.1: size 0, beyond the entry, or so far that offset + size wraps                             */
static void
mapping_beyond_the_entry_is_code_4(void **state)
{
    static const struct {
        vmm_off offset;
        vmm_size size;
    } cases[] = { { 0, 0 },
                  { 0, 3 * PAGE },
                  { PAGE, 2 * PAGE },
                  { 2 * PAGE, PAGE },
                  { PAGE, UINT64_MAX - PAGE + 1 },
                  { UINT64_MAX - PAGE + 1, 2 * PAGE } };
    struct vm_fixture *f = *state;
    struct vm_memory_entry *entry;

    draw_pages(f, "xx");
    entry = name_pages(f, 0, 2, VMM_PROT_DEFAULT);
    for (size_t i = 0; i < VMM_COUNT_OF(cases); i++) {
        vmm_va address = page(f, 8);

        assert_int_equal(vm_memory_entry_map(entry, f->map, &address, cases[i].offset,
                                             cases[i].size, VM_MAP_FIXED, VMM_PROT_READ),
                         VMM_INVALID_ARGUMENT);
    }
    vm_memory_entry_release(&entry);
}

static void
mapping_over_something_is_code_3_and_holds_nothing(void **state)
{
    struct vm_fixture *f = *state;
    struct vm_memory_entry *entry;

    draw_pages(f, "x...x");
    entry = name_pages(f, 0, 1, VMM_PROT_DEFAULT);
    assert_int_equal(map_at(f, entry, 0, 1, 4, VMM_PROT_DEFAULT), VMM_NO_SPACE);
    assert_int_equal(entry_at(f, 0)->object->ref_count, 2);
    vm_memory_entry_release(&entry);
}

static void
mapping_anywhere_says_where(void **state)
{
    struct vm_fixture *f = *state;
    struct vm_memory_entry *entry;
    vmm_va address = page(f, 0);

    draw_pages(f, "xx");
    store_letters(f, 0, "AB");
    entry = name_pages(f, 0, 2, VMM_PROT_DEFAULT);
    assert_int_equal(
        vm_memory_entry_map(entry, f->map, &address, 0, 2 * PAGE, VM_MAP_ANYWHERE, VMM_PROT_READ),
        VMM_OK);
    assert_int_equal(address, page(f, 2));
    assert_letters(f, 0, "ABAB");
    vm_memory_entry_release(&entry);
}

/*  The kernel reads a task's bytes through a mapping of its own                                       */
static void
two_tasks_share_one_page(void **state)
{
    struct vm_fixture *f = *state;
    struct vm_memory_entry *entry;
    vmm_va address = 0;
    uint8_t byte = 'B';

    draw_pages(f, "x");
    store_letters(f, 0, "A");
    entry = name_pages(f, 0, 1, VMM_PROT_DEFAULT);
    assert_int_equal(
        vm_memory_entry_map(entry, f->kernel, &address, 0, PAGE, VM_MAP_ANYWHERE, VMM_PROT_DEFAULT),
        VMM_OK);
    assert_int_equal(vm_access(f->system,
                               &(struct vm_access){ .task = vm_task_kernel(f->system),
                                                    .va = address,
                                                    .length = 1,
                                                    .kind = VM_ACCESS_WRITE,
                                                    .from = &byte },
                               NULL),
                     VMM_OK);
    assert_letters(f, 0, "B");
    vm_memory_entry_release(&entry);
}

/*  The source goes, the name stays; the last of name and mapping takes the object along               */
static void
named_memory_outlives_its_source(void **state)
{
    struct vm_fixture *f = *state;
    struct vm_memory_entry *entry;

    draw_pages(f, "x");
    store_letters(f, 0, "A");
    entry = name_pages(f, 0, 1, VMM_PROT_DEFAULT);
    assert_int_equal(vm_deallocate(f->map, page(f, 0), PAGE), VMM_OK);
    assert_int_equal(map_at(f, entry, 0, 1, 4, VMM_PROT_READ), VMM_OK);
    vm_memory_entry_release(&entry);
    assert_letters(f, 4, "A");
    assert_int_equal(vm_deallocate(f->map, page(f, 4), PAGE), VMM_OK);
    assert_int_equal(count_of(f, EV_OBJECT_FREE), 1);
}

/* ---- virtual copies ---- */

/*  source  ABCD         copied, then b and d are stored into it: the copy still says ABCD,
 *  PTEs    rrrr         and until then nobody has copied a byte                                        */
static void
a_copy_shows_the_contents_as_they_were(void **state)
{
    struct vm_fixture *f = *state;
    struct vm_memory_entry *copy;

    draw_pages(f, "xxxx");
    store_letters(f, 0, "ABCD");
    copy = copy_pages(f, 0, 4);
    assert_true(vm_memory_entry_is_copy(copy));
    assert_int_equal(vm_memory_entry_size(copy), 4 * PAGE);
    assert_int_equal(vm_memory_entry_prot(copy), VMM_PROT_ALL);
    assert_int_equal(vm_memory_entry_resident(copy), 4);
    assert_translated(f, "rrrr");
    assert_int_equal(count_of(f, EV_PAGE_COPY), 0);
    store_letters(f, 1, "b");
    store_letters(f, 3, "d");
    assert_int_equal(map_at(f, copy, 0, 4, 8, VMM_PROT_READ), VMM_OK);
    assert_letters(f, 8, "ABCD");
    assert_letters(f, 0, "AbCd");
    vm_memory_entry_release(&copy);
}

/*  Stores into the mapping of a copy stay there, and a second mapping begins afresh                     */
static void
mappings_of_a_lazy_copy_keep_apart(void **state)
{
    struct vm_fixture *f = *state;
    struct vm_memory_entry *copy;

    draw_pages(f, "xx");
    store_letters(f, 0, "AB");
    copy = copy_pages(f, 0, 2);
    assert_int_equal(map_at(f, copy, 0, 2, 4, VMM_PROT_DEFAULT), VMM_OK);
    store_letters(f, 4, "x");
    assert_int_equal(map_at(f, copy, 0, 2, 8, VMM_PROT_DEFAULT), VMM_OK);
    assert_letters(f, 0, "AB");
    assert_letters(f, 4, "xB");
    assert_letters(f, 8, "AB");
    vm_memory_entry_release(&copy);
}

/*  entries aabc         four kinds of piece in one copy: touched, read-only, not touched                */
static void
a_copy_spans_several_entries(void **state)
{
    struct vm_fixture *f = *state;
    struct vm_memory_entry *copy;

    draw_pages(f, "xxx");
    store_letters(f, 0, "ABC");
    assert_int_equal(vm_protect(f->map, page(f, 2), PAGE, false, VMM_PROT_READ), VMM_OK);
    draw_pages(f, "...x");
    copy = copy_pages(f, 0, 4);
    assert_int_equal(map_at(f, copy, 0, 4, 8, VMM_PROT_DEFAULT), VMM_OK);
    assert_letters(f, 8, "ABC0");
    store_letters(f, 3, "D");
    store_letters(f, 8, "wxyz");
    assert_letters(f, 8, "wxyz");
    assert_letters(f, 0, "ABCD");
    vm_memory_entry_release(&copy);
}

static void
a_part_of_a_copy_may_cross_its_pieces(void **state)
{
    struct vm_fixture *f = *state;
    struct vm_memory_entry *copy;

    draw_pages(f, "xxxx");
    store_letters(f, 0, "ABCD");
    assert_int_equal(vm_protect(f->map, page(f, 2), 2 * PAGE, false, VMM_PROT_READ), VMM_OK);
    copy = copy_pages(f, 0, 4);
    assert_int_equal(map_at(f, copy, 1, 3, 8, VMM_PROT_READ), VMM_OK);
    assert_letters(f, 8, "BC");
    assert_int_equal(user_store(f, 7, 1), VMM_INVALID_ADDRESS);
    assert_int_equal(user_store(f, 10, 1), VMM_INVALID_ADDRESS);
    vm_memory_entry_release(&copy);
}

static void
copying_over_a_hole_is_code_1(void **state)
{
    struct vm_fixture *f = *state;
    struct vm_memory_entry *copy = NULL;

    draw_pages(f, "xx.x");
    assert_int_equal(vm_memory_entry_copy(f->map, page(f, 0), 4 * PAGE, &copy),
                     VMM_INVALID_ADDRESS);
    assert_int_equal(vm_memory_entry_copy(f->map, page(f, 2), PAGE, &copy), VMM_INVALID_ADDRESS);
    assert_int_equal(vm_memory_entry_copy(f->map, page(f, 3), 2 * PAGE, &copy),
                     VMM_INVALID_ADDRESS);
    assert_null(copy);
}

static void
copying_what_may_not_be_read_is_code_2(void **state)
{
    struct vm_fixture *f = *state;
    struct vm_memory_entry *copy = NULL;

    draw_pages(f, "xx");
    assert_int_equal(vm_protect(f->map, page(f, 1), PAGE, false, VMM_PROT_NONE), VMM_OK);
    assert_int_equal(vm_memory_entry_copy(f->map, page(f, 0), 2 * PAGE, &copy),
                     VMM_PROTECTION_FAILURE);
    assert_null(copy);
}

/*  T16: pages of a wired entry are copied at once, and the source's translations stay writable          */
static void
t16_a_copy_of_wired_memory_is_made_at_once(void **state)
{
    struct vm_fixture *f = *state;
    struct vm_memory_entry *copy;

    draw_pages(f, "xx");
    store_letters(f, 0, "AB");
    assert_int_equal(vm_map_wire(f->map, page(f, 0), page(f, 2), VMM_PROT_READ, false), VMM_OK);
    copy = copy_pages(f, 0, 2);
    assert_int_equal(count_of(f, EV_PAGE_COPY), 2);
    assert_translated(f, "WW");
    assert_false(entry_at(f, 0)->needs_copy);
    store_letters(f, 0, "b");
    assert_int_equal(map_at(f, copy, 0, 2, 4, VMM_PROT_READ), VMM_OK);
    assert_letters(f, 4, "AB");
    assert_wired(f, "11..00");
    assert_int_equal(vm_map_unwire(f->map, page(f, 0), page(f, 2), false), VMM_OK);
    vm_memory_entry_release(&copy);
}

/*  T7: wiring the mapping of a copy breaks the sharing: its page is another one from then on             */
static void
t07_wiring_a_copy_makes_it_private(void **state)
{
    struct vm_fixture *f = *state;
    struct vm_page_view source, wired;
    struct vm_memory_entry *copy;

    draw_pages(f, "x");
    store_letters(f, 0, "A");
    copy = copy_pages(f, 0, 1);
    assert_int_equal(map_at(f, copy, 0, 1, 4, VMM_PROT_DEFAULT), VMM_OK);
    assert_int_equal(vm_map_wire(f->map, page(f, 4), page(f, 5), VMM_PROT_READ, false), VMM_OK);
    vm_map_probe(f->map, page(f, 0), &source);
    vm_map_probe(f->map, page(f, 4), &wired);
    assert_int_not_equal(source.ppn, wired.ppn);
    assert_letters(f, 4, "A");
    assert_int_equal(vm_map_unwire(f->map, page(f, 4), page(f, 5), false), VMM_OK);
    vm_memory_entry_release(&copy);
}

static void
a_copy_outlives_its_source(void **state)
{
    struct vm_fixture *f = *state;
    struct vm_memory_entry *copy;

    draw_pages(f, "xx");
    store_letters(f, 0, "AB");
    copy = copy_pages(f, 0, 2);
    assert_int_equal(vm_deallocate(f->map, page(f, 0), 2 * PAGE), VMM_OK);
    assert_int_equal(map_at(f, copy, 0, 2, 4, VMM_PROT_DEFAULT), VMM_OK);
    assert_letters(f, 4, "AB");
    vm_memory_entry_release(&copy);
}

static void
a_copy_survives_every_failing_allocation(void **state)
{
    struct vm_fixture *f = *state;
    enum vmm_status status = VMM_MODEL_NO_MEMORY;

    for (uint64_t n = 1; status != VMM_OK && n < 100; n++) {
        struct vm_memory_entry *copy = NULL;

        vm_fixture_restart(f, "macos-15.4");
        draw_pages(f, "xxxx");
        store_letters(f, 0, "ABCD");
        assert_int_equal(vm_map_wire(f->map, page(f, 1), page(f, 2), VMM_PROT_READ, false), VMM_OK);
        f->counting.requests = 0;
        f->counting.fail_at = n;
        status = vm_memory_entry_copy(f->map, page(f, 0), 4 * PAGE, &copy);
        f->counting.fail_at = 0;
        if (status != VMM_OK) {
            assert_int_equal(status, VMM_MODEL_NO_MEMORY);
            assert_null(copy);
        }
        assert_null(vm_system_check(f->system));
        vm_memory_entry_release(&copy);
        assert_letters(f, 0, "ABCD");
        assert_int_equal(vm_map_unwire(f->map, page(f, 1), page(f, 2), false), VMM_OK);
    }
    assert_int_equal(status, VMM_OK);
}

static void
naming_survives_every_failing_allocation(void **state)
{
    struct vm_fixture *f = *state;
    enum vmm_status status = VMM_MODEL_NO_MEMORY;

    for (uint64_t n = 1; status != VMM_OK && n < 100; n++) {
        struct vm_memory_entry *entry = NULL;
        vmm_size size = PAGE;

        vm_fixture_restart(f, "macos-15.4");
        draw_pages(f, "x");
        f->counting.requests = 0;
        f->counting.fail_at = n;
        status = vm_memory_entry_create(f->map, page(f, 0), &size, VMM_PROT_READ, &entry);
        f->counting.fail_at = 0;
        if (status != VMM_OK) {
            assert_int_equal(status, VMM_MODEL_NO_MEMORY);
            assert_null(entry);
        }
        assert_null(vm_system_check(f->system));
        vm_memory_entry_release(&entry);
    }
    assert_int_equal(status, VMM_OK);
}

/*
 *  before  AB, of which B is read from below since a copy was taken; and handle b of fresh memory
 *  after   00: the bytes changed places, also of the page that stood below
 */
static void
transposed_memory_is_not_read_from_what_was_below(void **state)
{
    struct vm_fixture *f = *state;
    struct vm_memory_entry *copy, *a, *b;

    draw_pages(f, "xx");
    store_letters(f, 0, "AB");
    copy = copy_pages(f, 0, 2);
    a = name_pages(f, 0, 2, VMM_PROT_DEFAULT);
    assert_letters(f, 0, "AB");
    assert_int_equal(vm_memory_entry_anonymous(f->system, 2 * PAGE, VMM_PROT_DEFAULT, false, &b),
                     VMM_OK);
    assert_int_equal(vm_memory_entry_transpose(a, b), VMM_OK);
    assert_letters(f, 0, "00");
    assert_null(vm_system_check(f->system));
    vm_memory_entry_release(&b);
    vm_memory_entry_release(&a);
    vm_memory_entry_release(&copy);
}

/*  a copy of memory that nobody touched has no object: it cannot be purgeable                     */
static void
a_handle_that_names_no_object_is_not_purgeable(void **state)
{
    struct vm_fixture *f = *state;
    struct vm_memory_entry *copy;
    int word = 0;

    draw_pages(f, "xx");
    copy = copy_pages(f, 0, 2);
    assert_int_equal(vm_memory_entry_purgable(copy, VM_PURGABLE_GET_STATE, &word),
                     VMM_INVALID_ARGUMENT);
    vm_memory_entry_release(&copy);
}

/*  XNU's entry point knows two calls; what the map's own call refuses it refuses too              */
static void
a_handle_refuses_states_and_calls_that_it_does_not_know(void **state)
{
    struct vm_fixture *f = *state;
    struct vm_memory_entry *entry;
    int word = 0;

    assert_int_equal(vm_memory_entry_anonymous(f->system, PAGE, VMM_PROT_DEFAULT, true, &entry),
                     VMM_OK);
    assert_int_equal(vm_memory_entry_purgable(entry, VM_PURGABLE_PURGE_ALL, &word),
                     VMM_INVALID_ARGUMENT);
    assert_int_equal(vm_memory_entry_purgable(entry, VM_PURGABLE_PURGE_ALL + 1, &word),
                     VMM_INVALID_ARGUMENT);
    word = 1 << 30;
    assert_int_equal(vm_memory_entry_purgable(entry, VM_PURGABLE_SET_STATE, &word),
                     VMM_INVALID_ARGUMENT);
    word = VM_PURGABLE_VOLATILE;
    assert_int_equal(vm_memory_entry_purgable(entry, VM_PURGABLE_SET_STATE, &word), VMM_OK);
    assert_int_equal(word, VM_PURGABLE_NONVOLATILE);
    vm_memory_entry_release(&entry);
}

/* ---- mach_vm_map ---- */

static enum vmm_status
call_at(struct vm_fixture *f, struct vm_memory_entry *entry, unsigned pages, uint32_t flags,
        unsigned at)
{
    vmm_va address = page(f, at);

    return vm_map_call(f->map, &address,
                       &(struct vm_map_call){ .size = (vmm_size)pages * PAGE,
                                              .flags = flags,
                                              .entry = entry,
                                              .protection = VMM_PROT_DEFAULT,
                                              .max_protection = VMM_PROT_DEFAULT,
                                              .inheritance = VMM_INHERIT_COPY });
}

/*  VM_FLAGS_PURGABLE goes with a handle on the whole of what can be purged, and with no other      */
static void
purgeable_asks_for_the_whole_of_a_purgeable_handle(void **state)
{
    struct vm_fixture *f = *state;
    struct vm_memory_entry *plain, *copy, *purgeable;
    uint8_t byte;

    draw_pages(f, "xx");
    store_letters(f, 0, "AB");
    plain = name_pages(f, 0, 2, VMM_PROT_DEFAULT);
    copy = copy_pages(f, 0, 2);
    assert_int_equal(
        vm_memory_entry_anonymous(f->system, 2 * PAGE, VMM_PROT_DEFAULT, true, &purgeable), VMM_OK);
    assert_int_equal(call_at(f, plain, 2, VM_MAP_PURGABLE, 4), VMM_INVALID_ARGUMENT);
    assert_int_equal(call_at(f, copy, 2, VM_MAP_PURGABLE, 4), VMM_INVALID_ARGUMENT);
    assert_int_equal(call_at(f, plain, 2, VM_MAP_SUPERPAGE_ANY, 4), VMM_INVALID_ARGUMENT);
    assert_int_equal(call_at(f, purgeable, 1, VM_MAP_PURGABLE, 4), VMM_INVALID_ARGUMENT);
    assert_int_equal(user_load(f, 4, &byte), VMM_INVALID_ADDRESS);
    assert_int_equal(call_at(f, purgeable, 2, VM_MAP_PURGABLE, 4), VMM_OK);
    assert_int_equal(call_at(f, purgeable, 2, 0, 8), VMM_OK);
    store_letters(f, 4, "CD");
    assert_letters(f, 8, "CD");
    vm_memory_entry_release(&plain);
    vm_memory_entry_release(&copy);
    vm_memory_entry_release(&purgeable);
}

/*  one vm_map_enter(): what it replaces comes back when it fails, and it is one event              */
static void
mapping_a_handle_is_one_request(void **state)
{
    struct vm_fixture *f = *state;
    struct vm_memory_entry *entry;
    uint64_t entered;

    draw_pages(f, "xx..xx");
    store_letters(f, 0, "AB");
    entry = name_pages(f, 4, 6, VMM_PROT_DEFAULT);
    entered = count_of(f, EV_MAP_ENTER);
    assert_int_equal(call_at(f, entry, 2, 0, 8), VMM_OK);
    assert_int_equal(count_of(f, EV_MAP_ENTER), entered + 1);
    f->map->wiring_required = true;
    vm_map_set_user_wire_limit(f->map, PAGE);
    assert_int_equal(call_at(f, entry, 2, VM_MAP_OVERWRITE, 0), VMM_RESOURCE_SHORTAGE);
    f->map->wiring_required = false;
    assert_letters(f, 0, "AB");
    vm_memory_entry_release(&entry);
}

/*  a range that wraps round the last address has a hole, whichever handle is asked for             */
static void
a_range_that_wraps_is_no_memory(void **state)
{
    struct vm_fixture *f = *state;
    const vmm_size wraps[] = { UINT64_MAX, UINT64_MAX - page(f, 0) + 1, UINT64_MAX - page(f, 0) };

    draw_pages(f, "xx");
    for (size_t i = 0; i < VMM_COUNT_OF(wraps); i++) {
        struct vm_memory_entry *entry = NULL;

        assert_int_equal(vm_memory_entry_share(f->map, page(f, 0), wraps[i], VMM_PROT_READ, &entry),
                         VMM_INVALID_ADDRESS);
        assert_int_equal(vm_memory_entry_copy(f->map, page(f, 0), wraps[i], &entry),
                         VMM_INVALID_ADDRESS);
        assert_null(entry);
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, vm_fixture_setup, vm_fixture_teardown)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_memory_entry_covers_one_map_entry),
        TEST(a_memory_entry_is_rounded_out_to_pages),
        TEST(naming_what_is_not_mapped_is_code_1),
        TEST(naming_with_more_rights_than_the_source_is_code_2),
        TEST(naming_makes_the_object_shared_and_delayed),
        TEST(naming_a_part_of_an_object_shadows_it),
        TEST(naming_resolves_a_pending_copy),
        TEST(naming_wired_memory_moves_nothing),
        TEST(a_plain_entry_knows_its_object_and_offset),
        TEST(resident_counts_the_pages_that_are_named),
        TEST(releasing_no_entry_is_allowed),
        TEST(mapping_shares_the_bytes_and_is_lazy),
        TEST(a_mapping_has_its_rights_as_maximum_too),
        TEST(mapping_with_more_rights_than_the_entry_is_code_17),
        TEST(mapping_beyond_the_entry_is_code_4),
        TEST(mapping_over_something_is_code_3_and_holds_nothing),
        TEST(mapping_anywhere_says_where),
        TEST(two_tasks_share_one_page),
        TEST(named_memory_outlives_its_source),
        TEST(a_copy_shows_the_contents_as_they_were),
        TEST(mappings_of_a_lazy_copy_keep_apart),
        TEST(a_copy_spans_several_entries),
        TEST(a_part_of_a_copy_may_cross_its_pieces),
        TEST(copying_over_a_hole_is_code_1),
        TEST(copying_what_may_not_be_read_is_code_2),
        TEST(t16_a_copy_of_wired_memory_is_made_at_once),
        TEST(t07_wiring_a_copy_makes_it_private),
        TEST(a_copy_outlives_its_source),
        TEST(a_copy_survives_every_failing_allocation),
        TEST(naming_survives_every_failing_allocation),
        TEST(transposed_memory_is_not_read_from_what_was_below),
        TEST(a_handle_that_names_no_object_is_not_purgeable),
        TEST(a_handle_refuses_states_and_calls_that_it_does_not_know),
        TEST(purgeable_asks_for_the_whole_of_a_purgeable_handle),
        TEST(mapping_a_handle_is_one_request),
        TEST(a_range_that_wraps_is_no_memory),
    };

    return cmocka_run_group_tests_name("vm_memory_entry", tests, NULL, NULL);
}

/* test_vm_submap.c - maps in maps: the kernel's own ranges, and memory that several tasks show */
#include "vm/vm_submap.h"

#include "vm/vm_map_store.h"
#include "vm/vm_upl.h"
#include "vm/vm_user.h"
#include "vm_fixture.h"

enum { SUB_PAGES = 8 };

/* A submap of the kernel's map, in the fixture's window: base and map become the kernel's. */
static struct vm_map *
suballoc(struct vm_fixture *f)
{
    struct vm_map *submap;
    vmm_va at = 0;

    assert_int_equal(vm_map_suballoc(f->kernel, &at, SUB_PAGES * PAGE, VM_MAP_ANYWHERE, &submap),
                     VMM_OK);
    f->base = at;
    f->map = f->kernel;
    return submap;
}

/* Allocates pages [from, to) in a submap; `at` is the address of page 0 there. */
static void
fill(struct vm_map *submap, vmm_va at, unsigned from, unsigned to)
{
    vmm_va address = at + from * (vmm_va)PAGE;

    assert_int_equal(vm_allocate(submap, &address, (to - from) * (vmm_size)PAGE, VM_MAP_FIXED),
                     VMM_OK);
}

static enum vmm_status
touch(struct vm_task *task, vmm_va va, enum vm_access_kind kind, uint8_t *byte)
{
    return vm_access(vm_task_system(task),
                     &(struct vm_access){ .task = task,
                                          .va = va,
                                          .length = 1,
                                          .kind = kind,
                                          .to = kind == VM_ACCESS_READ ? byte : NULL,
                                          .fill = *byte },
                     NULL);
}

static void
assert_store(struct vm_task *task, vmm_va va, uint8_t byte)
{
    assert_int_equal(touch(task, va, VM_ACCESS_WRITE, &byte), VMM_OK);
}

static void
assert_load(struct vm_task *task, vmm_va va, uint8_t expected)
{
    uint8_t byte = (uint8_t)~expected;

    assert_int_equal(touch(task, va, VM_ACCESS_READ, &byte), VMM_OK);
    assert_int_equal(byte, expected);
}

/* Wire counts of a map's entries from `at` on: one digit a page, '.' a hole. */
static void
assert_counts(struct vm_map *map, vmm_va at, const char *picture)
{
    char found[32] = "";

    for (unsigned n = 0; picture[n] != '\0'; n++) {
        struct vm_map_entry *entry;
        bool is_mapped = vm_map_lookup_entry(map, at + n * (vmm_va)PAGE, &entry);

        found[n] = is_mapped ? (char)('0' + entry->wired_count) : '.';
    }
    assert_string_equal(found, picture);
}

/* One letter an entry in order; small: an object's or none, capital: a submap's, '!' nested. */
static void
assert_shown(struct vm_map *map, vmm_va at, vmm_size step, const char *picture)
{
    const struct vm_map_entry *last = NULL;
    char found[32] = "";
    char letter = -1;

    for (unsigned n = 0; picture[n] != '\0'; n++) {
        struct vm_map_entry *entry;
        bool is_mapped = vm_map_lookup_entry(map, at + n * step, &entry);

        letter = (char)(letter + (is_mapped && entry != last));
        last = is_mapped ? entry : last;
        if (!is_mapped)
            found[n] = '.';
        else if (entry->submap != NULL && entry->use_pmap)
            found[n] = '!';
        else
            found[n] = (char)((entry->submap != NULL ? 'A' : 'a') + letter);
    }
    assert_string_equal(found, picture);
}

/* ---- kernel submaps (vm.md 1.8) ---- */

/*  kernel map   AAAAAAAA     one entry; the submap has its own, and the kernel's pmap             */
static void
a_kernel_submap_shares_the_kernels_pmap(void **state)
{
    struct vm_fixture *f = *state;
    struct vm_task *kernel = vm_task_kernel(f->system);
    struct vm_map *submap = suballoc(f);
    struct vm_page_view view;

    assert_shown(f->kernel, f->base, PAGE, "AAAAAAAA");
    assert_int_equal(vm_map_min(submap), f->base);
    assert_int_equal(vm_map_max(submap), f->base + SUB_PAGES * PAGE);
    fill(submap, f->base, 2, 4);
    assert_store(kernel, page(f, 2), 7);
    assert_load(kernel, page(f, 2), 7);
    assert_translated(f, "--w-----");
    vm_map_probe(f->kernel, page(f, 2), &view);
    assert_true(view.is_mapped && view.is_resident && view.is_translated);
    vm_map_probe(f->kernel, page(f, 4), &view);
    assert_false(view.is_mapped); /* the submap has nothing there */
    vm_map_release(&submap);
}

static void
what_the_submap_does_not_map_faults(void **state)
{
    struct vm_fixture *f = *state;
    struct vm_map *submap = suballoc(f);
    uint8_t byte = 1;

    fill(submap, f->base, 2, 4);
    assert_int_equal(touch(vm_task_kernel(f->system), page(f, 4), VM_ACCESS_READ, &byte),
                     VMM_MODEL_PANIC);
    assert_int_equal(vm_system_stop(f->system)->reason, REASON_FAULT_UNRESOLVED);
    vm_map_release(&submap);
}

/*  submap   ..xx....   removed from the kernel's map: entries, pages and translations all go      */
static void
removing_the_entry_ends_a_submap_that_nobody_else_has(void **state)
{
    struct vm_fixture *f = *state;
    struct vm_map *submap = suballoc(f);
    struct vm_statistics before, after;

    vm_system_statistics(f->system, &before);
    fill(submap, f->base, 2, 4);
    assert_store(vm_task_kernel(f->system), page(f, 2), 7);
    vm_map_release(&submap);
    assert_translated(f, "--w-----");
    assert_int_equal(vm_map_delete(f->kernel, page(f, 0), page(f, SUB_PAGES)), VMM_OK);
    assert_translated(f, "--------");
    vm_system_statistics(f->system, &after);
    assert_int_equal(after.active_pages, before.active_pages);
}

static void
a_submap_without_room_is_code_3_and_leaves_nothing(void **state)
{
    struct vm_fixture *f = *state;
    struct vm_map *submap = NULL;
    vmm_va at = vm_map_min(f->kernel);
    vmm_size size = vm_map_size(f->kernel);

    assert_int_equal(vm_map_suballoc(f->kernel, &at, (vmm_size)1 << 62, VM_MAP_ANYWHERE, &submap),
                     VMM_NO_SPACE);
    assert_null(submap);
    assert_int_equal(vm_map_size(f->kernel), size);
}

/*  a map that wires what is new cannot wire an empty submap: nothing is left of it                */
static void
a_submap_that_cannot_be_wired_goes_again(void **state)
{
    struct vm_fixture *f = *state;
    struct vm_map *submap = NULL;
    vmm_va at = 0;

    f->kernel->wiring_required = true;
    assert_int_equal(vm_map_suballoc(f->kernel, &at, SUB_PAGES * PAGE, VM_MAP_ANYWHERE, &submap),
                     VMM_INVALID_ADDRESS);
    f->kernel->wiring_required = false;
    assert_null(submap);
    assert_null(vm_system_check(f->system));
}

/*  wire [2, 4) of the kernel's map        kernel  ..11....      submap  ..11....
 *  again                                          ..22....              ..11....   only counts
 *  twice unwired                                  ..00....              ..00....               */
static void
a_wire_through_a_submap_counts_on_both_levels(void **state)
{
    struct vm_fixture *f = *state;
    struct vm_map *submap = suballoc(f);

    fill(submap, f->base, 1, 5);
    for (unsigned n = 0; n < 2; n++)
        assert_int_equal(vm_map_wire(f->kernel, page(f, 2), page(f, 4), VMM_PROT_DEFAULT, false),
                         VMM_OK);
    assert_counts(f->kernel, f->base, "00220000");
    assert_counts(submap, f->base, ".0110...");
    assert_translated(f, "--WW----");
    assert_null(vm_system_check(f->system));
    assert_int_equal(vm_map_unwire(f->kernel, page(f, 2), page(f, 4), false), VMM_OK);
    assert_counts(submap, f->base, ".0110...");
    assert_int_equal(vm_map_unwire(f->kernel, page(f, 2), page(f, 4), false), VMM_OK);
    assert_counts(f->kernel, f->base, "00000000");
    assert_counts(submap, f->base, ".0000...");
    assert_translated(f, "--ww----");
    vm_map_release(&submap);
}

/*  wired by a user, then by the kernel: the submap has the user's wire only, and the kernel's unwire
 *  is the last; nothing is left on either level                                                  */
static void
the_last_unwire_through_a_submap_undoes_whose_wire_it_finds(void **state)
{
    struct vm_fixture *f = *state;
    struct vm_map *submap = suballoc(f);

    fill(submap, f->base, 1, 5);
    assert_int_equal(vm_map_wire(f->kernel, page(f, 1), page(f, 5), VMM_PROT_READ, true), VMM_OK);
    assert_int_equal(vm_map_wire(f->kernel, page(f, 1), page(f, 5), VMM_PROT_READ, false), VMM_OK);
    assert_int_equal(vm_map_unwire(f->kernel, page(f, 1), page(f, 5), true), VMM_OK);
    assert_counts(submap, f->base, ".1111...");
    assert_int_equal(vm_map_unwire(f->kernel, page(f, 1), page(f, 5), false), VMM_OK);
    assert_counts(f->kernel, f->base, "00000000");
    assert_counts(submap, f->base, ".0000...");
    assert_null(vm_system_check(f->system));
    vm_map_release(&submap);
}

/*  submap   .xx.x...   wire [1, 5): the hole inside is code 1 (5 before 15), nothing stays wired  */
static void
a_wire_over_a_hole_of_the_submap_undoes_both_levels(void **state)
{
    struct vm_fixture *f = *state;
    struct vm_map *submap = suballoc(f);

    fill(submap, f->base, 1, 3);
    fill(submap, f->base, 4, 5);
    assert_int_equal(vm_map_wire(f->kernel, page(f, 1), page(f, 5), VMM_PROT_READ, false),
                     VMM_INVALID_ADDRESS);
    assert_counts(f->kernel, f->base, "00000000");
    assert_counts(submap, f->base, ".00.0...");
    assert_int_equal(vm_system_stop(f->system)->kind, VM_RUNNING);
    vm_map_release(&submap);
}

static void
a_submap_that_cannot_be_looked_up_is_code_5_before_15(void **state)
{
    static const struct {
        const char *profile;
        enum vmm_status status;
    } cases[] = { { "macos-10.9", VMM_FAILURE },
                  { "macos-10.15", VMM_FAILURE },
                  { "macos-15.4", VMM_INVALID_ADDRESS } };
    struct vm_fixture *f = *state;

    for (size_t i = 0; i < VMM_COUNT_OF(cases); i++) {
        struct vm_map *submap;

        vm_fixture_restart(f, cases[i].profile);
        submap = suballoc(f);
        assert_int_equal(vm_map_wire(f->kernel, page(f, 1), page(f, 5), VMM_PROT_READ, false),
                         cases[i].status);
        assert_counts(f->kernel, f->base, "00000000");
        vm_map_release(&submap);
    }
}

/*  removing a wired range waits; a caller that owns the wire says so (kmem_free)                  */
static void
removal_undoes_the_wires_of_both_levels(void **state)
{
    struct vm_fixture *f = *state;
    struct vm_map *submap = suballoc(f);

    fill(submap, f->base, 1, 5);
    assert_int_equal(vm_map_wire(f->kernel, page(f, 1), page(f, 5), VMM_PROT_READ, false), VMM_OK);
    assert_int_equal(vm_map_remove(f->kernel, page(f, 1), page(f, 5), VM_MAP_REMOVE_KUNWIRE),
                     VMM_OK);
    assert_counts(f->kernel, f->base, "0....000");
    assert_counts(submap, f->base, ".0000...");
    assert_translated(f, "--------");
    vm_map_release(&submap);
}

static void
extracting_a_page_of_a_submap_is_code_4(void **state)
{
    struct vm_fixture *f = *state;
    struct vm_map *submap = suballoc(f);
    vmm_ppn ppn;

    fill(submap, f->base, 1, 5);
    assert_int_equal(vm_map_wire_and_extract(f->kernel, page(f, 1), VMM_PROT_READ, false, &ppn),
                     VMM_INVALID_ARGUMENT);
    vm_map_release(&submap);
}

/*  an I/O list, a copy and a page query look through the submap                                   */
static void
lists_copies_and_queries_look_through_a_submap(void **state)
{
    struct vm_fixture *f = *state;
    struct vm_map *submap = suballoc(f);
    vmm_size size = 8 * PAGE;
    struct vm_upl *upl;
    int disposition, references;
    vmm_va data;

    fill(submap, f->base, 1, 5);
    assert_store(vm_task_kernel(f->system), page(f, 4), 9);
    assert_int_equal(vm_page_query(f->kernel, page(f, 4), &disposition, &references), VMM_OK);
    assert_true(disposition & VM_PAGE_QUERY_PRESENT);
    assert_int_equal(vm_upl_create(f->kernel, page(f, 2), &size, 0, &upl), VMM_OK);
    assert_int_equal(size, 3 * PAGE); /* as far as the submap's entry goes */
    vm_upl_commit(&upl);
    data = 0;
    assert_int_equal(vm_read(f->kernel, page(f, 1), 4 * PAGE, vm_task_map(f->task), &data), VMM_OK);
    assert_load(f->task, data + 3 * PAGE, 9);
    assert_int_equal(vm_read(f->kernel, page(f, 4), 2 * PAGE + 1, vm_task_map(f->task), &data),
                     VMM_INVALID_ADDRESS); /* page 5 is a hole of the submap */
    vm_map_release(&submap);
}

/* ---- user submaps: a shared region (vm.md 1.4, 4.2) ---- */

/* Shows [0, pages) of a submap at page 0 of a task's window. */
static vmm_va
show(struct vm_map *map, struct vm_map *submap, vmm_va at, vmm_size size, bool needs_copy,
     uint32_t vmk_flags, uint32_t inheritance)
{
    struct vm_map_enter_args args = { .size = size,
                                      .flags = VM_MAP_FIXED,
                                      .vmk_flags = vmk_flags,
                                      .submap = submap,
                                      .needs_copy = needs_copy,
                                      .protection = VMM_PROT_READ,
                                      .max_protection = VMM_PROT_ALL,
                                      .inheritance = inheritance };

    vm_map_reference(submap);
    assert_int_equal(vm_map_enter_submap(map, &at, &args), VMM_OK);
    return at;
}

/* A submap with SUB_PAGES pages in one entry, page n filled with n + 1 by `task` through its map. */
static struct vm_map *
region_submap(struct vm_fixture *f)
{
    struct vm_map *submap;

    assert_int_equal(vm_map_create_submap(f->system, SUB_PAGES * PAGE, &submap), VMM_OK);
    fill(submap, 0, 0, SUB_PAGES);
    return submap;
}

/*  task A   AAAA        a store by one task is seen by the other: the same memory                 */
static void
two_tasks_show_the_same_memory(void **state)
{
    struct vm_fixture *f = *state;
    struct vm_map *submap = region_submap(f);
    struct vm_task *other;

    assert_int_equal(vm_task_create(f->system, &other), VMM_OK);
    show(f->map, submap, f->base, SUB_PAGES * PAGE, false, 0, VMM_INHERIT_SHARE);
    show(vm_task_map(other), submap, f->base, SUB_PAGES * PAGE, false, 0, VMM_INHERIT_SHARE);
    assert_store(f->task, page(f, 3), 5);
    assert_load(other, page(f, 3), 5);
    assert_null(vm_system_check(f->system));
    vm_map_release(&submap);
}

/*
 *  A copy was taken of all, then a task stored to page 0: that page stands above the others, which it
 *  reads from below. When the submap lets go of the memory, the task has a translation of neither.
 */
static void
what_leaves_a_submap_leaves_no_translation_of_the_pages_below(void **state)
{
    struct vm_fixture *f = *state;
    struct vm_map *submap = region_submap(f);
    vmm_va copy;

    show(f->map, submap, f->base, SUB_PAGES * PAGE, false, 0, VMM_INHERIT_SHARE);
    for (unsigned n = 0; n < SUB_PAGES; n++)
        assert_store(f->task, page(f, n), 5);
    assert_int_equal(vm_read(f->map, f->base, SUB_PAGES * PAGE, f->map, &copy), VMM_OK);
    assert_store(f->task, page(f, 0), 6);
    assert_translated(f, "wrrrrrrr");
    assert_int_equal(vm_deallocate(submap, 0, SUB_PAGES * PAGE), VMM_OK);
    assert_translated(f, "--------");
    assert_null(vm_system_check(f->system));
    vm_map_release(&submap);
}

/*  a superpage in a submap: reading a part of it cuts its entry, which has no pmap of its own      */
static void
a_superpage_of_a_submap_may_be_cut(void **state)
{
    const vmm_size size = (vmm_size)2 << 20;
    struct vm_fixture *f = *state;
    struct vm_map *submap;
    vmm_va in = 0, copy;

    vm_fixture_restart_on(f, "macos-15.4", &hw_geometry_x86_64, 4096);
    assert_int_equal(vm_map_create_submap(f->system, size, &submap), VMM_OK);
    assert_int_equal(vm_allocate(submap, &in, size, VM_MAP_FIXED | VM_MAP_SUPERPAGE_2MB), VMM_OK);
    show(f->map, submap, f->base, size, false, 0, VMM_INHERIT_SHARE);
    assert_store(f->task, page(f, 4), 5);
    assert_int_equal(vm_read(f->map, page(f, 4), 16 * PAGE, f->map, &copy), VMM_OK);
    assert_load(f->task, copy, 5);
    assert_load(f->task, page(f, 4), 5);
    assert_null(vm_system_check(f->system));
    vm_map_release(&submap);
}

/* Pages [0, 4) of the window once more from page 20 on: remapped, or through a handle. */
static void
share_again(struct vm_fixture *f, bool by_handle)
{
    struct vm_remap_call call = { .size = 4 * PAGE,
                                  .flags = VM_MAP_FIXED,
                                  .source_map = f->map,
                                  .source = page(f, 0),
                                  .inheritance = VMM_INHERIT_COPY };
    struct vm_memory_entry *handle = NULL;
    vmm_va at = page(f, 20);
    vmm_prot prot, max_prot;

    if (!by_handle) {
        assert_int_equal(vm_remap(f->map, &at, &call, &prot, &max_prot), VMM_OK);
        return;
    }
    assert_int_equal(
        vm_memory_entry_create(f->map, call.source, &call.size, VMM_PROT_DEFAULT, &handle), VMM_OK);
    assert_int_equal(
        vm_memory_entry_map(handle, f->map, &at, 0, call.size, VM_MAP_FIXED, VMM_PROT_DEFAULT),
        VMM_OK);
    vm_memory_entry_release(&handle);
}

/*
 *  submap entries  aaaabbbb of one object: sharing a's memory with another place gives a an object
 *  of its own. Who may store through the submap to the pages below that loses the right, so later
 *  stores are seen at the other place too.
 */
static void
memory_of_a_submap_is_shared_with_another_place(void **state)
{
    struct vm_fixture *f = *state;

    for (unsigned by_handle = 0; by_handle < 2; by_handle++) {
        struct vm_map *submap;

        vm_fixture_restart(f, "macos-15.4");
        submap = region_submap(f);
        show(f->map, submap, f->base, SUB_PAGES * PAGE, false, 0, VMM_INHERIT_SHARE);
        assert_store(f->task, page(f, 0), 1);
        assert_int_equal(vm_protect(submap, 4 * PAGE, 4 * PAGE, false, VMM_PROT_READ), VMM_OK);
        assert_store(f->task, page(f, 1), 1);
        share_again(f, by_handle == 1);
        assert_null(vm_system_check(f->system));
        assert_store(f->task, page(f, 20), 2);
        assert_load(f->task, page(f, 0), 2);
        assert_store(f->task, page(f, 1), 3);
        assert_load(f->task, page(f, 21), 3);
        vm_map_release(&submap);
    }
}

/*  submap entries  aaaabbbb (page 4 on read-only); task: needs_copy over all of it
 *  before   AAAAAAAA        store to page 1
 *  after    aaaaBBBB        one entry of the submap's became a private copy, no more             */
static void
a_store_through_a_submap_copies_the_smallest_part(void **state)
{
    struct vm_fixture *f = *state;
    struct vm_map *submap = region_submap(f);
    struct vm_task *other;

    assert_int_equal(vm_protect(submap, 4 * PAGE, 4 * PAGE, false, VMM_PROT_READ), VMM_OK);
    assert_int_equal(vm_task_create(f->system, &other), VMM_OK);
    show(vm_task_map(other), submap, f->base, SUB_PAGES * PAGE, false, 0, VMM_INHERIT_SHARE);
    show(f->map, submap, f->base, SUB_PAGES * PAGE, true, 0, VMM_INHERIT_SHARE);
    assert_store(other, page(f, 1), 5);
    assert_load(f->task, page(f, 1), 5);
    assert_translated(f, "-r------"); /* a read leaves WRITE out: the store must copy */
    assert_store(f->task, page(f, 1), 6);
    assert_shown(f->map, f->base, PAGE, "aaaaBBBB");
    assert_load(f->task, page(f, 1), 6);
    assert_load(other, page(f, 1), 5);
    assert_store(other, page(f, 2), 7); /* copied at the store, not before: symmetric */
    assert_load(f->task, page(f, 2), 0);
    assert_null(vm_system_check(f->system));
    vm_map_release(&submap);
}

/*  neither the entry nor the submap's own allows WRITE: code 2, and nothing was copied            */
static void
a_store_that_nothing_allows_copies_nothing(void **state)
{
    struct vm_fixture *f = *state;
    struct vm_map *submap = region_submap(f);
    uint8_t byte = 1;

    assert_int_equal(vm_protect(submap, 0, SUB_PAGES * PAGE, false, VMM_PROT_READ), VMM_OK);
    show(f->map, submap, f->base, SUB_PAGES * PAGE, true, 0, VMM_INHERIT_SHARE);
    assert_int_equal(touch(f->task, page(f, 1), VM_ACCESS_WRITE, &byte), VMM_PROTECTION_FAILURE);
    assert_shown(f->map, f->base, PAGE, "AAAAAAAA");
    vm_map_release(&submap);
}

/*  wired memory of the submap is copied at once (vm.md 3.6)                                       */
static void
a_store_over_wired_memory_of_a_submap_copies_now(void **state)
{
    struct vm_fixture *f = *state;
    struct vm_map *submap = region_submap(f);
    struct vm_task *other;
    struct vm_region region;

    assert_int_equal(vm_task_create(f->system, &other), VMM_OK);
    show(vm_task_map(other), submap, f->base, SUB_PAGES * PAGE, false, 0, VMM_INHERIT_SHARE);
    show(f->map, submap, f->base, SUB_PAGES * PAGE, true, 0, VMM_INHERIT_SHARE);
    assert_int_equal(
        vm_map_wire(vm_task_map(other), page(f, 0), page(f, SUB_PAGES), VMM_PROT_READ, true),
        VMM_OK);
    assert_store(f->task, page(f, 1), 6);
    assert_true(vm_map_region(f->map, page(f, 1), &region));
    assert_false(region.needs_copy);
    assert_int_equal(region.resident_pages, SUB_PAGES);
    assert_null(vm_system_check(f->system));
    assert_int_equal(vm_map_unwire(vm_task_map(other), page(f, 0), page(f, SUB_PAGES), true),
                     VMM_OK);
    vm_map_release(&submap);
}

/*  wiring resolves the copy first: the pages that are wired are private (T7)                      */
static void
a_wire_through_a_submap_that_waits_to_be_copied_copies(void **state)
{
    struct vm_fixture *f = *state;
    struct vm_map *submap = region_submap(f);

    show(f->map, submap, f->base, SUB_PAGES * PAGE, true, 0, VMM_INHERIT_SHARE);
    assert_int_equal(vm_map_wire(f->map, page(f, 2), page(f, 4), VMM_PROT_READ, true), VMM_OK);
    assert_counts(f->map, f->base, "00110000");
    assert_counts(submap, 0, "00000000");
    assert_shown(f->map, f->base, PAGE, "AAbbCCCC");
    assert_int_equal(vm_map_unwire(f->map, page(f, 2), page(f, 4), true), VMM_OK);
    vm_map_release(&submap);
}

/*  inherit COPY over a submap is code 4, and changes nothing before it either (vm.md 2.1)         */
static void
inherit_copy_over_a_submap_is_code_4(void **state)
{
    struct vm_fixture *f = *state;
    struct vm_map *submap = region_submap(f);
    struct vm_region region;

    draw_pages(f, "........xx");
    show(f->map, submap, f->base, SUB_PAGES * PAGE, false, 0, VMM_INHERIT_SHARE);
    assert_int_equal(vm_inherit(f->map, page(f, 0), 10 * PAGE, VMM_INHERIT_COPY),
                     VMM_INVALID_ARGUMENT);
    assert_int_equal(vm_inherit(f->map, page(f, 0), 10 * PAGE, VMM_INHERIT_NONE), VMM_OK);
    assert_true(vm_map_region(f->map, page(f, 0), &region));
    assert_true(region.is_submap);
    assert_int_equal(region.inheritance, VMM_INHERIT_NONE);
    vm_map_release(&submap);
}

/*  parent   AAAAAAAA      SHARE: the child shows the submap; COPY: it has a copy of its memory    */
static void
fork_shares_or_copies_what_a_submap_shows(void **state)
{
    static const struct {
        uint32_t inheritance;
        const char *child;
        uint8_t seen; /* after the parent stored 2 */
    } cases[] = { { VMM_INHERIT_SHARE, "AAAAAAAA", 2 },
                  { VMM_INHERIT_COPY, "aaaaaaaa", 1 },
                  { VMM_INHERIT_NONE, "........", 0 } };
    struct vm_fixture *f = *state;

    for (size_t i = 0; i < VMM_COUNT_OF(cases); i++) {
        struct vm_map *submap;
        struct vm_task *child;

        vm_fixture_restart(f, "macos-15.4");
        submap = region_submap(f);
        show(f->map, submap, f->base, SUB_PAGES * PAGE, false, 0, cases[i].inheritance);
        assert_store(f->task, page(f, 3), 1);
        assert_int_equal(vm_task_fork(f->task, &child), VMM_OK);
        assert_shown(vm_task_map(child), f->base, PAGE, cases[i].child);
        assert_store(f->task, page(f, 3), 2);
        if (cases[i].seen != 0)
            assert_load(child, page(f, 3), cases[i].seen);
        assert_null(vm_system_check(f->system));
        assert_int_equal(vm_task_terminate(child), VMM_OK);
        vm_map_release(&submap);
    }
}

/*  submap    aaaa..bb     depth 0: the submap's entry; depth 1 on: what is in it                  */
static void
a_region_is_told_as_deep_as_one_asks(void **state)
{
    struct vm_fixture *f = *state;
    struct vm_map *submap;
    struct vm_region region;
    struct vm_region_pages pages;
    uint8_t byte;
    uint32_t depth = 0;

    assert_int_equal(vm_map_create_submap(f->system, SUB_PAGES * PAGE, &submap), VMM_OK);
    fill(submap, 0, 0, 4);
    fill(submap, 0, 6, 8);
    show(f->map, submap, f->base, SUB_PAGES * PAGE, false, 0, VMM_INHERIT_SHARE);
    assert_true(vm_map_region_recurse(f->map, f->base, &depth, &region));
    assert_int_equal(depth, 0);
    assert_true(region.is_submap);
    assert_int_equal(region.end, page(f, 8));
    depth = 5;
    assert_true(vm_map_region_recurse(f->map, page(f, 1), &depth, &region));
    assert_int_equal(depth, 1);
    assert_false(region.is_submap);
    assert_int_equal(region.start, page(f, 0));
    assert_int_equal(region.end, page(f, 4));
    assert_int_equal(touch(f->task, page(f, 2), VM_ACCESS_READ, &byte), VMM_OK);
    assert_true(vm_map_region_pages(f->map, region.start, true, &pages));
    assert_int_equal(pages.resident, 0); /* the entry itself has no object */
    assert_true(vm_map_region_pages_below(f->map, region.start, depth, true, &pages));
    assert_int_equal(pages.resident, 1);
    assert_false(pages.external_pager);
    depth = 5;
    assert_true(vm_map_region_recurse(f->map, page(f, 4), &depth, &region));
    assert_int_equal(region.start, page(f, 6));
    depth = 5;
    assert_false(vm_map_region_recurse(f->map, page(f, 8), &depth, &region));
    vm_map_release(&submap);
}

/* ---- nesting (vm.md 1.4, T28) ---- */

/* A submap of four nesting units, shown nested at the base; each unit's first page was touched. */
static struct vm_map *
show_nested(struct vm_fixture *f, bool needs_copy)
{
    vmm_size unit = vm_map_nesting_bytes(f->system);
    vmm_va at = 0;
    struct vm_map *submap;
    uint8_t byte = 0;

    assert_int_equal(vm_map_create_submap(f->system, 4 * unit, &submap), VMM_OK);
    assert_int_equal(vm_allocate(submap, &at, 4 * unit, VM_MAP_FIXED), VMM_OK);
    show(f->map, submap, f->base, 4 * unit, needs_copy, VMKF_NESTED_PMAP, VMM_INHERIT_SHARE);
    for (unsigned n = 0; n < 4; n++)
        assert_int_equal(touch(f->task, f->base + n * unit, VM_ACCESS_READ, &byte), VMM_OK);
    return submap;
}

/* Which units' first pages have a translation: '+' or '-'. */
static void
assert_units(struct vm_fixture *f, const char *picture)
{
    char found[8] = "";

    for (unsigned n = 0; picture[n] != '\0'; n++) {
        struct vm_page_view view;

        vm_map_probe(f->map, f->base + n * vm_map_nesting_bytes(f->system), &view);
        found[n] = view.is_translated ? '+' : '-';
    }
    assert_string_equal(found, picture);
}

static void
a_nesting_unit_is_what_one_leaf_table_covers(void **state)
{
    struct vm_fixture *f = *state;

    assert_int_equal(vm_map_nesting_bytes(f->system), 2 << 20); /* x86_64 */
}

/*  units   !!!!     clip at the start of unit 2: nothing to cut, and yet it is unnested
 *  after   !!B!     and its translations are gone                                                */
static void
t28_a_clip_at_the_very_start_unnests_the_unit(void **state)
{
    struct vm_fixture *f = *state;
    vmm_size unit = vm_map_nesting_bytes(f->system);
    struct vm_map *submap = show_nested(f, false);
    struct vm_map_entry *entry = vm_map_entry_at_or_after(f->map, f->base);

    assert_units(f, "++++");
    assert_int_equal(vm_map_clip_start(f->map, entry, f->base), VMM_OK);
    assert_shown(f->map, f->base, unit, "A!!!");
    assert_units(f, "-+++");
    entry = vm_map_entry_at_or_after(f->map, f->base + 2 * unit);
    assert_int_equal(vm_map_clip_start(f->map, entry, f->base + 2 * unit + PAGE), VMM_OK);
    assert_shown(f->map, f->base, unit, "A!C!");
    assert_units(f, "-+-+");
    assert_null(vm_system_check(f->system));
    vm_map_release(&submap);
}

/*  units   !!!!     protect 2 pages of unit 1: that unit is unnested and cut                      */
static void
protect_unnests_what_it_touches(void **state)
{
    struct vm_fixture *f = *state;
    vmm_size unit = vm_map_nesting_bytes(f->system);
    struct vm_map *submap = show_nested(f, false);

    assert_int_equal(vm_protect(f->map, f->base + unit + PAGE, 2 * PAGE, false, VMM_PROT_NONE),
                     VMM_OK);
    assert_shown(f->map, f->base, unit, "!B!!");
    assert_units(f, "+-++");
    assert_null(vm_system_check(f->system));
    vm_map_release(&submap);
}

/*  units   !!!!     a store to unit 2: only that unit becomes private                             */
static void
a_store_copies_one_nesting_unit(void **state)
{
    struct vm_fixture *f = *state;
    vmm_size unit = vm_map_nesting_bytes(f->system);
    struct vm_map *submap = show_nested(f, true);

    assert_store(f->task, f->base + 2 * unit + PAGE, 3);
    assert_shown(f->map, f->base, unit, "!!b!");
    assert_units(f, "++-+");
    assert_load(f->task, f->base + 2 * unit, 0);
    assert_null(vm_system_check(f->system));
    vm_map_release(&submap);
}

static void
nesting_begins_and_ends_at_units(void **state)
{
    struct vm_fixture *f = *state;
    vmm_size unit = vm_map_nesting_bytes(f->system);
    struct vm_map *submap;
    vmm_va at = f->base + PAGE;
    struct vm_map_enter_args args = { .size = unit,
                                      .vmk_flags = VMKF_NESTED_PMAP,
                                      .protection = VMM_PROT_READ,
                                      .max_protection = VMM_PROT_ALL };

    assert_int_equal(vm_map_create_submap(f->system, 2 * unit, &submap), VMM_OK);
    args.submap = submap;
    assert_int_equal(vm_map_enter_submap(f->map, &at, &args), VMM_NO_SPACE);
    args.size = PAGE;
    at = f->base;
    assert_int_equal(vm_map_enter_submap(f->map, &at, &args), VMM_INVALID_ARGUMENT);
    args.size = 3 * unit;
    assert_int_equal(vm_map_enter_submap(f->map, &at, &args), VMM_INVALID_ARGUMENT);
    vm_map_release(&submap);
}

/*  kmem_suballoc() rounds a place down and a size up, and has no hint                              */
static void
a_submaps_place_is_whole_pages(void **state)
{
    struct vm_fixture *f = *state;
    struct vm_map *submap = suballoc(f), *fixed, *anywhere;
    vmm_va at = page(f, 40) + 5, hint = page(f, 80);

    assert_int_equal(vm_map_suballoc(f->kernel, &at, PAGE + 1, VM_MAP_FIXED, &fixed), VMM_OK);
    assert_int_equal(at, page(f, 40));
    assert_int_equal(vm_map_max(fixed), page(f, 42));
    assert_int_equal(vm_map_suballoc(f->kernel, &hint, PAGE, VM_MAP_ANYWHERE, &anywhere), VMM_OK);
    assert_in_range(hint, vm_map_min(f->kernel), page(f, 79));
    vm_map_release(&submap);
    vm_map_release(&fixed);
    vm_map_release(&anywhere);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, vm_fixture_setup, vm_fixture_teardown)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_kernel_submap_shares_the_kernels_pmap),
        TEST(what_the_submap_does_not_map_faults),
        TEST(removing_the_entry_ends_a_submap_that_nobody_else_has),
        TEST(a_submap_without_room_is_code_3_and_leaves_nothing),
        TEST(a_submap_that_cannot_be_wired_goes_again),
        TEST(a_wire_through_a_submap_counts_on_both_levels),
        TEST(the_last_unwire_through_a_submap_undoes_whose_wire_it_finds),
        TEST(a_wire_over_a_hole_of_the_submap_undoes_both_levels),
        TEST(a_submap_that_cannot_be_looked_up_is_code_5_before_15),
        TEST(removal_undoes_the_wires_of_both_levels),
        TEST(extracting_a_page_of_a_submap_is_code_4),
        TEST(lists_copies_and_queries_look_through_a_submap),
        TEST(two_tasks_show_the_same_memory),
        TEST(what_leaves_a_submap_leaves_no_translation_of_the_pages_below),
        TEST(a_superpage_of_a_submap_may_be_cut),
        TEST(memory_of_a_submap_is_shared_with_another_place),
        TEST(a_store_through_a_submap_copies_the_smallest_part),
        TEST(a_store_that_nothing_allows_copies_nothing),
        TEST(a_store_over_wired_memory_of_a_submap_copies_now),
        TEST(a_wire_through_a_submap_that_waits_to_be_copied_copies),
        TEST(inherit_copy_over_a_submap_is_code_4),
        TEST(fork_shares_or_copies_what_a_submap_shows),
        TEST(a_region_is_told_as_deep_as_one_asks),
        TEST(a_nesting_unit_is_what_one_leaf_table_covers),
        TEST(t28_a_clip_at_the_very_start_unnests_the_unit),
        TEST(protect_unnests_what_it_touches),
        TEST(a_store_copies_one_nesting_unit),
        TEST(nesting_begins_and_ends_at_units),
        TEST(a_submaps_place_is_whole_pages),
    };

    return cmocka_run_group_tests_name("vm_submap", tests, NULL, NULL);
}

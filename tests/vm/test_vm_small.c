/*
 * test_vm_small.c - a task with pages of 4 KiB on a machine of 16 KiB (vm.md 1.8, 4.6)
 *
 * Pictures have one character a page of 4 KiB; four of them are one page of an object where the entry
 * begins at a page of it.
 */
#include "vm_fixture.h"

#include <stdlib.h>

#include "hw/hw_run.h"
#include "vm/vm_internal.h"
#include "vm/vm_map_behavior.h"
#include "vm/vm_map_copy.h"
#include "vm/vm_map_store.h"
#include "vm/vm_memory_entry.h"
#include "vm/vm_page.h"
#include "vm/vm_pageout.h"
#include "vm/vm_submap.h"
#include "vm/vm_upl.h"
#include "vm/vm_user.h"

enum { FRAME = 16384, FRAMES = 1024 };

static void
start(struct vm_fixture *f, const char *release)
{
    vm_fixture_start_on(f, release, &hw_geometry_arm64_16k, FRAMES);
    assert_int_equal(vm_task_create_small(f->system, &f->task), VMM_OK);
    f->map = vm_task_map(f->task);
}

static int
setup(void **state)
{
    struct vm_fixture *f = calloc(1, sizeof(*f));

    assert_non_null(f);
    start(f, "macos-15.4");
    *state = f;
    return 0;
}

static void
restart(struct vm_fixture *f, const char *release)
{
    vm_fixture_end(f);
    start(f, release);
}

static struct vm_map_entry *
entry_at(const struct vm_fixture *f, unsigned n)
{
    struct vm_map_entry *entry;

    assert_true(vm_map_lookup_entry(f->map, page(f, n), &entry));
    return entry;
}

static struct vm_page_view
look(const struct vm_fixture *f, unsigned n)
{
    struct vm_page_view view;

    vm_map_probe(f->map, page(f, n), &view);
    return view;
}

/* One picture: how often the page that each page of the map is a part of is wired, '-' not resident. */
static void
assert_pages_wired(struct vm_fixture *f, const char *picture)
{
    char found[64] = "";

    for (unsigned n = 0; picture[n] != '\0'; n++) {
        struct vm_page_view view = look(f, n);

        found[n] = view.is_resident ? (char)('0' + view.page_wire_count) : '-';
    }
    assert_string_equal(found, picture);
}

static void
store_text(struct vm_fixture *f, vmm_va va, const char *text)
{
    assert_int_equal(vm_access(f->system,
                               &(struct vm_access){ .task = f->task,
                                                    .va = va,
                                                    .length = strlen(text),
                                                    .kind = VM_ACCESS_WRITE,
                                                    .from = text },
                               NULL),
                     VMM_OK);
}

static void
assert_text_of(struct vm_fixture *f, struct vm_task *task, vmm_va va, const char *text)
{
    char found[64] = "";

    assert_int_equal(vm_access(f->system,
                               &(struct vm_access){ .task = task,
                                                    .va = va,
                                                    .length = strlen(text),
                                                    .kind = VM_ACCESS_READ,
                                                    .to = found },
                               NULL),
                     VMM_OK);
    assert_string_equal(found, text);
}

static void
assert_text(struct vm_fixture *f, vmm_va va, const char *text)
{
    assert_text_of(f, f->task, va, text);
}

static uint64_t
count_of(struct vm_fixture *f, enum trace_kind kind)
{
    return vm_system_trace(f->system)->counters[kind];
}

/* ---- faults ---- */

/*  xxxx: one page of 16 KiB, one zero fill, four faults, four translations of its parts  */
static void
four_pages_share_one_frame(void **state)
{
    struct vm_fixture *f = *state;

    draw_pages(f, "xxxx");
    (void)faults_since(f);
    for (unsigned n = 0; n < 4; n++)
        assert_int_equal(user_store(f, n, (uint8_t)('a' + n)), VMM_OK);
    assert_int_equal(faults_since(f), 4);
    assert_int_equal(count_of(f, EV_PAGE_ZERO_FILL), 1);
    for (unsigned n = 0; n < 4; n++) {
        assert_int_equal(look(f, n).translation_ppn, look(f, 0).ppn);
        assert_int_equal(look(f, n).translation_part, n);
        assert_text(f, page(f, n) + 4090,
                    (const char *[]){ "aaaaaa", "bbbbbb", "cccccc", "dddddd" }[n]);
    }
    assert_text(f, page(f, 1) - 2, "aabb");
}

/*  one touch maps 4 KiB and no more (vm.md 4.6)  */
static void
a_fault_maps_one_part(void **state)
{
    struct vm_fixture *f = *state;

    draw_pages(f, "xxxxxx");
    assert_int_equal(user_store(f, 2, 1), VMM_OK);
    assert_translated(f, "--w---");
    assert_int_equal(user_store(f, 5, 1), VMM_OK);
    assert_translated(f, "--w--w");
    assert_int_equal(count_of(f, EV_PAGE_ZERO_FILL), 2);
}

/*  entries stand and are cut at 4 KiB; offsets are no multiples of 16 KiB  */
static void
i2_entries_are_aligned_to_the_map(void **state)
{
    struct vm_fixture *f = *state;
    vmm_va address = page(f, 3);

    assert_int_equal(vm_allocate(f->map, &address, 1, VM_MAP_FIXED), VMM_OK);
    assert_int_equal(vm_entry_size(entry_at(f, 3)), PAGE);
    address = page(f, 4) + 5;
    assert_int_equal(vm_allocate(f->map, &address, 2 * PAGE, VM_MAP_FIXED), VMM_OK);
    assert_int_equal(address, page(f, 4));
    assert_int_equal(user_store(f, 4, 'x'), VMM_OK);
    assert_int_equal(entry_at(f, 4)->object->size, FRAME);
    assert_int_equal(vm_deallocate(f->map, page(f, 4), PAGE), VMM_OK);
    assert_int_equal(entry_at(f, 5)->start, page(f, 5));
    assert_int_not_equal(entry_at(f, 5)->offset % FRAME, 0);
    assert_int_equal(vm_map_page_bytes(f->map), PAGE);
    assert_int_equal(vm_map_page_bytes(f->kernel), FRAME);
}

/*  a part that goes and comes back is zero; the others keep their bytes  */
static void
unmapping_one_part_keeps_the_others(void **state)
{
    struct vm_fixture *f = *state;
    vmm_va address = page(f, 1);
    uint8_t byte = 1;

    draw_pages(f, "xxxx");
    for (unsigned n = 0; n < 4; n++)
        assert_int_equal(user_store(f, n, (uint8_t)('a' + n)), VMM_OK);
    assert_int_equal(vm_deallocate(f->map, page(f, 1), PAGE), VMM_OK);
    assert_translated(f, "w-ww");
    assert_int_equal(user_load(f, 1, &byte), VMM_INVALID_ADDRESS);
    assert_text(f, page(f, 0), "aaaa");
    assert_text(f, page(f, 2), "cccc");
    assert_int_equal(vm_allocate(f->map, &address, PAGE, VM_MAP_FIXED), VMM_OK);
    assert_int_equal(user_load(f, 1, &byte), VMM_OK);
    assert_int_equal(byte, 0);
    assert_text(f, page(f, 2), "cccc");
}

/*  xx..: what is behind goes, and comes again behind the entry that has written there before  */
static void
memory_that_comes_again_behind_its_page_is_zero(void **state)
{
    struct vm_fixture *f = *state;
    vmm_va address = page(f, 1);
    uint8_t byte = 1;

    draw_pages(f, "xx");
    assert_int_equal(user_store(f, 0, 'a'), VMM_OK);
    assert_int_equal(user_store(f, 1, 'b'), VMM_OK);
    assert_int_equal(vm_deallocate(f->map, page(f, 1), PAGE), VMM_OK);
    assert_int_equal(vm_allocate(f->map, &address, PAGE, VM_MAP_FIXED), VMM_OK);
    assert_int_equal(user_load(f, 1, &byte), VMM_OK);
    assert_int_equal(byte, 0);
    assert_text(f, page(f, 0), "aaaa");
}

static void
protecting_one_part_leaves_the_others(void **state)
{
    struct vm_fixture *f = *state;

    draw_pages(f, "xxxx");
    for (unsigned n = 0; n < 4; n++)
        assert_int_equal(user_store(f, n, 'a'), VMM_OK);
    assert_int_equal(vm_protect(f->map, page(f, 2), PAGE, false, VMM_PROT_READ), VMM_OK);
    assert_translated(f, "wwrw");
    assert_int_equal(user_store(f, 2, 'b'), VMM_PROTECTION_FAILURE);
    assert_int_equal(user_store(f, 3, 'b'), VMM_OK);
    assert_text(f, page(f, 2), "aaaa");
}

/* ---- wires ---- */

/*  xxxxxx   a page of 16 KiB is wired once for each page of the map: 4, then 2  */
static void
i10_each_part_is_a_wire_of_its_page(void **state)
{
    struct vm_fixture *f = *state;

    draw_pages(f, "xxxxxx");
    (void)faults_since(f);
    assert_int_equal(vm_map_wire(f->map, page(f, 0), page(f, 6), VMM_PROT_DEFAULT, true), VMM_OK);
    assert_int_equal(faults_since(f), 6 + 2);
    assert_pages_wired(f, "444422");
    assert_translated(f, "RRRRRR"); /* until the first store (T24) */
    assert_int_equal(f->system->wired_pages, 2);
    assert_null(vm_system_check(f->system));
    assert_int_equal(vm_map_unwire(f->map, page(f, 0), page(f, 6), true), VMM_OK);
    assert_pages_wired(f, "000000");
    assert_translated(f, "rrrrrr");
    assert_int_equal(f->system->wired_pages, 0);
}

/*  one part is wired, then another one twice; each goes by itself, the page stays until the last  */
static void
wiring_one_part_holds_the_whole_page(void **state)
{
    struct vm_fixture *f = *state;

    restart(f, "macos-11"); /* where the object is not shadowed by the first wire */
    draw_pages(f, "xxxx");
    for (unsigned n = 0; n < 4; n++)
        assert_int_equal(user_store(f, n, 'a'), VMM_OK);
    assert_int_equal(vm_map_wire(f->map, page(f, 1), page(f, 2), VMM_PROT_DEFAULT, false), VMM_OK);
    assert_int_equal(vm_map_wire(f->map, page(f, 2), page(f, 3), VMM_PROT_DEFAULT, true), VMM_OK);
    assert_int_equal(vm_map_wire(f->map, page(f, 2), page(f, 3), VMM_PROT_DEFAULT, true), VMM_OK);
    assert_wired(f, "0110");
    assert_pages_wired(f, "2222");
    assert_int_equal(vm_map_unwire(f->map, page(f, 1), page(f, 2), false), VMM_OK);
    assert_pages_wired(f, "1111");
    assert_int_equal(vm_map_page_out(f->map, page(f, 0), page(f, 4)), VMM_OK);
    assert_translated(f, "wwWw");
    assert_int_equal(vm_map_unwire(f->map, page(f, 2), page(f, 3), true), VMM_OK);
    assert_pages_wired(f, "1111");
    assert_int_equal(vm_map_unwire(f->map, page(f, 2), page(f, 3), true), VMM_OK);
    assert_pages_wired(f, "0000");
}

/*  from 13 on what is wired alone gets an object of its own, and its bytes with it  */
static void
a_wired_part_is_shadowed_with_its_bytes(void **state)
{
    struct vm_fixture *f = *state;

    draw_pages(f, "xxxx");
    for (unsigned n = 0; n < 4; n++)
        assert_int_equal(user_store(f, n, (uint8_t)('a' + n)), VMM_OK);
    assert_int_equal(vm_map_wire(f->map, page(f, 1), page(f, 2), VMM_PROT_DEFAULT, false), VMM_OK);
    store_text(f, page(f, 1), "new");
    assert_text(f, page(f, 1), "newb");
    assert_text(f, page(f, 0), "aaaa");
    assert_text(f, page(f, 3), "dddd");
    assert_null(vm_system_check(f->system));
    assert_int_equal(vm_map_unwire(f->map, page(f, 1), page(f, 2), false), VMM_OK);
    assert_text(f, page(f, 1), "newb");
}

/*  VM_BEHAVIOR_ZERO_WIRED_PAGES: the part of the entry that goes, and nobody else's  */
static void
zero_wired_pages_zeroes_the_part_only(void **state)
{
    struct vm_fixture *f = *state;
    vmm_size size = FRAME;
    struct vm_memory_entry *handle;
    vmm_va again = page(f, 16);

    draw_pages(f, "xxxx");
    for (unsigned n = 0; n < 4; n++)
        assert_int_equal(user_store(f, n, (uint8_t)('a' + n)), VMM_OK);
    assert_int_equal(vm_memory_entry_create(f->map, page(f, 0), &size, VMM_PROT_DEFAULT, &handle),
                     VMM_OK);
    assert_int_equal(
        vm_memory_entry_map(handle, f->map, &again, 0, size, VM_MAP_FIXED, VMM_PROT_DEFAULT),
        VMM_OK);
    assert_int_equal(vm_behavior_set(f->map, page(f, 1), PAGE, VM_BEHAVIOR_ZERO_WIRED_PAGES),
                     VMM_OK);
    assert_int_equal(vm_map_wire(f->map, page(f, 1), page(f, 2), VMM_PROT_DEFAULT, true), VMM_OK);
    assert_int_equal(vm_deallocate(f->map, page(f, 1), PAGE), VMM_OK);
    assert_text(f, page(f, 16), "aaaa");
    assert_text(f, page(f, 17) - 1, "a");
    assert_text(f, page(f, 18), "cccc");
    {
        uint8_t byte = 1;

        assert_int_equal(user_load(f, 17, &byte), VMM_OK);
        assert_int_equal(byte, 0);
    }
    vm_memory_entry_release(&handle);
}

/* ---- the page goes ---- */

/*  the page is written to the store: no part is translated; each comes back by a fault of its own  */
static void
pageout_drops_every_translation(void **state)
{
    struct vm_fixture *f = *state;

    f->system->store.limit = 16;
    draw_pages(f, "xxxx");
    for (unsigned n = 0; n < 4; n++)
        assert_int_equal(user_store(f, n, (uint8_t)('a' + n)), VMM_OK);
    assert_int_equal(vm_map_page_out(f->map, page(f, 1), page(f, 2)), VMM_OK);
    assert_translated(f, "----");
    assert_int_equal(f->system->store.used, 1);
    (void)faults_since(f);
    for (unsigned n = 0; n < 4; n++)
        assert_text(f, page(f, n), (const char *[]){ "aaaa", "bbbb", "cccc", "dddd" }[n]);
    assert_int_equal(faults_since(f), 4);
    assert_int_equal(f->system->store.used, 0);
}

/*  bytes that are thrown away are whole pages: two parts of one are kept  */
static void
free_drops_whole_pages_only(void **state)
{
    struct vm_fixture *f = *state;

    draw_pages(f, "xxxxxxxx");
    for (unsigned n = 0; n < 8; n++)
        assert_int_equal(user_store(f, n, 'a'), VMM_OK);
    assert_int_equal(vm_behavior_set(f->map, page(f, 2), 6 * PAGE, VM_BEHAVIOR_FREE), VMM_OK);
    assert_false(vm_page_at(f->system, look(f, 2).ppn)->is_reusable);
    assert_true(vm_page_at(f->system, look(f, 2).ppn)->is_dirty);
    assert_false(vm_page_at(f->system, look(f, 4).ppn)->is_dirty);
    assert_int_equal(vm_behavior_set(f->map, page(f, 0), 8 * PAGE, VM_BEHAVIOR_REUSABLE), VMM_OK);
    assert_false(vm_page_at(f->system, look(f, 2).ppn)->is_reusable);
    assert_int_equal(vm_behavior_set(f->map, page(f, 0), 8 * PAGE, VM_BEHAVIOR_ZERO),
                     VMM_NO_ACCESS);
}

/* ---- copies ---- */

/*
 * Parent and child share the page of 16 KiB. The parent stores to one part: the whole page is copied, and
 * no part of the old one stays translated, or what is stored to another one later would not be seen.
 */
static void
copying_a_page_drops_the_other_parts(void **state)
{
    struct vm_fixture *f = *state;
    struct vm_task *child;

    draw_pages(f, "xxxx");
    for (unsigned n = 0; n < 4; n++)
        assert_int_equal(user_store(f, n, (uint8_t)('a' + n)), VMM_OK);
    assert_int_equal(vm_task_fork(f->task, &child), VMM_OK);
    assert_int_equal(vm_map_page_bytes(vm_task_map(child)), PAGE);
    assert_translated(f, "rrrr");
    store_text(f, page(f, 1), "new");
    assert_translated(f, "-w--");
    assert_text(f, page(f, 0), "aaaa");
    assert_text(f, page(f, 1), "newb");
    assert_text_of(f, child, page(f, 1), "bbbb");
    assert_text_of(f, child, page(f, 3), "dddd");
    assert_null(vm_system_check(f->system));
    assert_int_equal(vm_task_terminate(child), VMM_OK);
    store_text(f, page(f, 2), "new");
    assert_text(f, page(f, 2), "newc");
}

/*  only one part is copied by reference; storing to another one is nobody's business  */
static void
a_part_is_copied_by_itself(void **state)
{
    struct vm_fixture *f = *state;
    struct vm_memory_entry *copy;
    vmm_va at = page(f, 16);

    draw_pages(f, "xxxx");
    for (unsigned n = 0; n < 4; n++)
        assert_int_equal(user_store(f, n, (uint8_t)('a' + n)), VMM_OK);
    assert_int_equal(vm_memory_entry_copy(f->map, page(f, 2), PAGE, &copy), VMM_OK);
    assert_int_equal(
        vm_memory_entry_map(copy, f->map, &at, 0, PAGE, VM_MAP_FIXED, VMM_PROT_DEFAULT), VMM_OK);
    assert_translated(f, "wwrw");
    store_text(f, page(f, 2), "new");
    store_text(f, page(f, 1), "new");
    assert_text(f, page(f, 16), "cccc");
    assert_text(f, page(f, 2), "newc");
    assert_text(f, page(f, 1), "newb");
    store_text(f, page(f, 16), "own");
    assert_text(f, page(f, 16), "ownc");
    assert_text(f, page(f, 2), "newc");
    vm_memory_entry_release(&copy);
}

/*  wired memory is copied at once, part by part of whole pages (T16)  */
static void
t16_a_wired_part_is_copied_at_once(void **state)
{
    struct vm_fixture *f = *state;
    struct vm_task *child;

    draw_pages(f, "xxxx");
    for (unsigned n = 0; n < 4; n++)
        assert_int_equal(user_store(f, n, (uint8_t)('a' + n)), VMM_OK);
    assert_int_equal(vm_map_wire(f->map, page(f, 3), page(f, 4), VMM_PROT_DEFAULT, true), VMM_OK);
    assert_int_equal(vm_task_fork(f->task, &child), VMM_OK);
    store_text(f, page(f, 3), "new");
    assert_text_of(f, child, page(f, 3), "dddd");
    assert_text_of(f, child, page(f, 0), "aaaa");
    assert_null(vm_system_check(f->system));
    assert_int_equal(vm_task_terminate(child), VMM_OK);
    assert_int_equal(vm_map_unwire(f->map, page(f, 3), page(f, 4), true), VMM_OK);
}

/*  a call that copies more than a buffer holds, from a place on no page of 16 KiB, to another map  */
static void
copies_go_between_maps_of_different_pages(void **state)
{
    struct vm_fixture *f = *state;
    struct vm_task *other;
    vmm_va data = 0;
    vmm_size size = 200 * PAGE;
    vmm_va address = page(f, 0);

    assert_int_equal(vm_task_create(f->system, &other), VMM_OK);
    assert_int_equal(vm_allocate(f->map, &address, 240 * PAGE, VM_MAP_FIXED), VMM_OK);
    store_text(f, page(f, 1) + 7, "first");
    store_text(f, page(f, 200), "last");
    assert_int_equal(vm_read(f->map, page(f, 1) + 7, size, vm_task_map(other), &data), VMM_OK);
    assert_text_of(f, other, data, "first");
    assert_text_of(f, other, data + (page(f, 200) - page(f, 1) - 7), "last");
    assert_int_equal(vm_write(f->map, page(f, 5), vm_task_map(other), data, 6), VMM_OK);
    assert_text(f, page(f, 5), "first");
    assert_int_equal(vm_read_overwrite(f->map, page(f, 1), 150 * PAGE, vm_task_map(other),
                                       data & ~(vmm_va)0x3fff),
                     VMM_OK);
    assert_text_of(f, other, (data & ~(vmm_va)0x3fff) + 7, "first");
}

/*  what comes from larger pages ends with its room: |201 pages|neighbour|                          */
static void
a_copy_from_larger_pages_spares_the_neighbour(void **state)
{
    struct vm_fixture *f = *state;
    vmm_size size = 201 * PAGE;
    struct vm_task *other;
    vmm_va from = (vmm_va)1 << 33;
    vmm_va data = 0, again = 0, neighbour;

    assert_int_equal(vm_task_create(f->system, &other), VMM_OK);
    assert_int_equal(vm_allocate(vm_task_map(other), &from, 208 * PAGE, VM_MAP_FIXED), VMM_OK);
    assert_int_equal(vm_read(vm_task_map(other), from, size, f->map, &data), VMM_OK);
    assert_int_equal(vm_deallocate(f->map, data, size), VMM_OK);
    neighbour = data + size;
    assert_int_equal(vm_allocate(f->map, &neighbour, PAGE, VM_MAP_FIXED), VMM_OK);
    store_text(f, neighbour, "mine");
    assert_int_equal(vm_read(vm_task_map(other), from, size, f->map, &again), VMM_OK);
    assert_int_equal(again, data);
    assert_text(f, neighbour, "mine");
}

/*  the same of what is shown again, as a copy and shared                                            */
static void
a_remap_of_larger_pages_spares_the_neighbour(void **state)
{
    struct vm_fixture *f = *state;
    struct vm_task *other;
    vmm_va from = (vmm_va)1 << 33;

    assert_int_equal(vm_task_create(f->system, &other), VMM_OK);
    assert_int_equal(vm_allocate(vm_task_map(other), &from, 32 * PAGE, VM_MAP_FIXED), VMM_OK);
    for (unsigned is_copy = 0; is_copy < 2; is_copy++) {
        struct vm_remap_call call = { .source_map = vm_task_map(other),
                                      .source = from,
                                      .size = 5 * PAGE,
                                      .copy = is_copy != 0,
                                      .inheritance = VMM_INHERIT_SHARE };
        vmm_va at = page(f, 40), neighbour = page(f, 45);
        vmm_prot protection, max_protection;

        assert_int_equal(vm_allocate(f->map, &neighbour, PAGE, VM_MAP_FIXED), VMM_OK);
        store_text(f, neighbour, "mine");
        assert_int_equal(vm_remap(f->map, &at, &call, &protection, &max_protection), VMM_OK);
        assert_text(f, neighbour, "mine");
        assert_int_equal(vm_deallocate(f->map, page(f, 40), 16 * PAGE), VMM_OK);
    }
}

/*  a piece that is on no page of the other map can be no entry of it: code 4, and nothing changes  */
static void
sharing_with_larger_pages_needs_whole_pages(void **state)
{
    struct vm_fixture *f = *state;
    struct vm_memory_entry *handle;
    vmm_size size = PAGE;
    vmm_off before = 0;
    vmm_va at = 0;

    draw_pages(f, "xxxx");
    assert_int_equal(user_store(f, 1, 'b'), VMM_OK);
    assert_int_equal(vm_protect(f->map, page(f, 1), PAGE, false, VMM_PROT_READ), VMM_OK);
    assert_int_equal(vm_memory_entry_create(f->map, page(f, 1), &size, VMM_PROT_READ, &handle),
                     VMM_OK);
    assert_int_equal(vm_memory_entry_size(handle), PAGE);
    assert_int_equal(
        vm_memory_entry_map(handle, f->kernel, &at, 0, PAGE, VM_MAP_ANYWHERE, VMM_PROT_READ),
        VMM_INVALID_ARGUMENT);
    at = page(f, 9);
    assert_int_equal(vm_memory_entry_map(handle, f->map, &at, 0, PAGE, VM_MAP_FIXED, VMM_PROT_READ),
                     VMM_OK);
    assert_text(f, page(f, 9), "bbbb");
    assert_true(vm_memory_entry_widen(handle, &before));
    assert_int_equal(before, PAGE);
    at = f->kernel->min;
    assert_int_equal(
        vm_memory_entry_map(handle, f->kernel, &at, 0, FRAME, VM_MAP_ANYWHERE, VMM_PROT_READ),
        VMM_OK);
    assert_text_of(f, vm_task_kernel(f->system), at + PAGE, "bbbb");
    vm_memory_entry_release(&handle);
}

/* ---- I/O lists ---- */

/*  .xx.: the list has the one page of 16 KiB that holds both; the bytes begin in its second part  */
static void
a_list_has_whole_pages(void **state)
{
    struct vm_fixture *f = *state;
    vmm_size size = 2 * PAGE - 100;
    struct vm_upl *upl;
    char bytes[8] = "";

    draw_pages(f, "xxxxx");
    store_text(f, page(f, 1) + 100, "device");
    assert_int_equal(vm_upl_create(f->map, page(f, 1) + 100, &size, 0, &upl), VMM_OK);
    assert_int_equal(size, 2 * PAGE - 100);
    assert_int_equal(vm_upl_page_count(upl), 1);
    assert_int_equal(vm_upl_page(upl, 0), look(f, 1).ppn);
    assert_int_equal(vm_upl_first_byte(upl), PAGE + 100);
    assert_pages_wired(f, "1111-");
    vm_upl_read(upl, vm_upl_first_byte(upl), bytes, 6);
    assert_string_equal(bytes, "device");
    vm_upl_commit(&upl);
    assert_pages_wired(f, "0000-");
}

/* ---- what there is not ---- */

static void
it_needs_a_machine_with_larger_pages(void **state)
{
    struct vm_fixture *f = *state;
    struct vm_task *task;

    vm_fixture_restart(f, "macos-15.4");
    assert_int_equal(vm_task_create_small(f->system, &task), VMM_NOT_SUPPORTED);
}

static void
submaps_have_the_pages_of_their_map(void **state)
{
    struct vm_fixture *f = *state;
    struct vm_map_enter_args args = { .size = (vmm_size)64 << 20,
                                      .flags = VM_MAP_ANYWHERE,
                                      .protection = VMM_PROT_READ,
                                      .max_protection = VMM_PROT_READ };
    vmm_va at = 0;

    assert_int_equal(vm_map_create_submap(f->system, args.size, &args.submap), VMM_OK);
    assert_int_equal(vm_map_enter_submap(f->map, &at, &args), VMM_INVALID_ARGUMENT);
    vm_map_release(&args.submap);
}

/* ---- older releases ---- */

/*  VM_PROT_COPY: as on later releases, since such maps came with those (T4 does not concern them)  */
static void
t4_protect_copy_remaps_on_every_release(void **state)
{
    struct vm_fixture *f = *state;

    restart(f, "macos-10.12");
    draw_pages(f, "xxxx");
    assert_int_equal(user_store(f, 1, 'b'), VMM_OK);
    assert_int_equal(vm_map_wire(f->map, page(f, 0), page(f, 4), VMM_PROT_DEFAULT, true), VMM_OK);
    assert_int_equal(vm_protect(f->map, page(f, 1), PAGE, false, VMM_PROT_DEFAULT | VMM_PROT_COPY),
                     VMM_OK);
    store_text(f, page(f, 1), "new");
    assert_text(f, page(f, 1), "newb");
    assert_null(vm_system_check(f->system));
    assert_int_equal(vm_map_unwire(f->map, page(f, 0), page(f, 1), true), VMM_OK);
    assert_int_equal(vm_map_unwire(f->map, page(f, 2), page(f, 4), true), VMM_OK);
}

/* A run of references finds each part, and makes its faults. */
static void
a_run_of_references_finds_its_parts(void **state)
{
    struct vm_fixture *f = *state;
    uint64_t references[32];
    size_t done = 0;

    draw_pages(f, "xxxxxxxx");
    for (unsigned i = 0; i < 32; i++)
        references[i] = (page(f, i % 8) + i * 4) | HW_REFERENCE_WRITE;
    (void)faults_since(f);
    assert_int_equal(vm_access_run(f->task, references, 32, &done), VMM_OK);
    assert_int_equal(done, 32);
    assert_int_equal(faults_since(f), 8);
    assert_translated(f, "wwwwwwww");
}

#define SMALL_TEST(name) cmocka_unit_test_setup_teardown(name, setup, vm_fixture_teardown)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        SMALL_TEST(four_pages_share_one_frame),
        SMALL_TEST(a_fault_maps_one_part),
        SMALL_TEST(i2_entries_are_aligned_to_the_map),
        SMALL_TEST(unmapping_one_part_keeps_the_others),
        SMALL_TEST(memory_that_comes_again_behind_its_page_is_zero),
        SMALL_TEST(protecting_one_part_leaves_the_others),
        SMALL_TEST(i10_each_part_is_a_wire_of_its_page),
        SMALL_TEST(wiring_one_part_holds_the_whole_page),
        SMALL_TEST(a_wired_part_is_shadowed_with_its_bytes),
        SMALL_TEST(zero_wired_pages_zeroes_the_part_only),
        SMALL_TEST(pageout_drops_every_translation),
        SMALL_TEST(free_drops_whole_pages_only),
        SMALL_TEST(copying_a_page_drops_the_other_parts),
        SMALL_TEST(a_copy_from_larger_pages_spares_the_neighbour),
        SMALL_TEST(a_remap_of_larger_pages_spares_the_neighbour),
        SMALL_TEST(a_part_is_copied_by_itself),
        SMALL_TEST(t16_a_wired_part_is_copied_at_once),
        SMALL_TEST(copies_go_between_maps_of_different_pages),
        SMALL_TEST(sharing_with_larger_pages_needs_whole_pages),
        SMALL_TEST(a_list_has_whole_pages),
        SMALL_TEST(it_needs_a_machine_with_larger_pages),
        SMALL_TEST(submaps_have_the_pages_of_their_map),
        SMALL_TEST(t4_protect_copy_remaps_on_every_release),
        SMALL_TEST(a_run_of_references_finds_its_parts),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

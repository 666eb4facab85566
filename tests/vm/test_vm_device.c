/* test_vm_device.c - mapping what a device has; vm.md 3.4, 4.4 step 8, T6, T28; iokit.md 3.5, 3.6 */
#include "vm_inside.h"

#include "vm/vm_device.h"
#include "vm/vm_fault.h"
#include "vm/vm_map_copy.h"
#include "vm/vm_memory_entry.h"
#include "vm/vm_object.h"
#include "vm/vm_page.h"
#include "vm/vm_upl.h"
#include "vm/vm_user.h"

enum { REGISTERS = 0xfee00 }; /* a frame far beyond the memory of the fixture */

static struct vm_memory_entry *
device(struct vm_fixture *f, enum vm_device_kind kind, const struct vm_device_range *ranges,
       size_t count)
{
    struct vm_memory_entry *entry = NULL;
    struct vm_device_layout layout = { kind, ranges, count };

    assert_int_equal(vm_memory_entry_device(f->system, &layout, VMM_PROT_DEFAULT, &entry), VMM_OK);
    return entry;
}

static void
map_at(struct vm_fixture *f, struct vm_memory_entry *entry, unsigned n, vmm_prot prot)
{
    vmm_va address = page(f, n);

    assert_int_equal(vm_memory_entry_map(entry, f->map, &address, 0, vm_memory_entry_size(entry),
                                         VM_MAP_FIXED, prot),
                     VMM_OK);
}

/* A block of `pages` registers at page 0. */
static void
draw_block(struct vm_fixture *f, uint64_t pages)
{
    struct vm_device_range range = { REGISTERS, pages };
    struct vm_memory_entry *entry = device(f, VM_DEVICE_BLOCK, &range, 1);

    map_at(f, entry, 0, VMM_PROT_DEFAULT);
    vm_memory_entry_release(&entry);
}

static uint64_t
resident(const struct vm_fixture *f)
{
    struct pmap_statistics statistics;

    pmap_statistics(f->map->pmap, &statistics);
    return statistics.resident_pages;
}

/*  T6      ----      wire succeeds and enters nothing
 *  load    WWWW      one fault maps the whole entry, with all its rights, wired
 *  unwire  WWWW      and takes nothing away                                                       */
static void
t06_wiring_a_block_enters_nothing_and_one_fault_maps_it_all(void **state)
{
    struct vm_fixture *f = *state;
    uint8_t byte;

    draw_block(f, 4);
    assert_int_equal(vm_map_wire(f->map, page(f, 0), page(f, 4), VMM_PROT_READ, false), VMM_OK);
    assert_wired(f, "1111");
    assert_translated(f, "----");
    assert_int_equal(faults_since(f), 0);
    assert_int_equal(user_load(f, 2, &byte), VMM_OK);
    assert_translated(f, "WWWW");
    assert_int_equal(faults_since(f), 1);
    assert_int_equal(vm_map_unwire(f->map, page(f, 0), page(f, 4), false), VMM_OK);
    assert_wired(f, "0000");
    assert_translated(f, "WWWW");
}

/*  A block of 10 GiB: through 10.15 one fault reaches 4 GiB less a page to either side (4.4 step 8) */
static void
a_large_block_is_mapped_through_a_window_until_10_15(void **state)
{
    enum { WINDOW = 0xFFFFF, BLOCK = 5 << 19 }; /* pages */
    static const struct {
        const char *release;
        unsigned at;
        uint64_t before;
        uint64_t after;
    } cases[] = {
        { "macos-10.15", BLOCK / 2, WINDOW, WINDOW },
        { "macos-10.15", 0, 0, WINDOW },
        { "macos-11", BLOCK / 2, BLOCK / 2, BLOCK - BLOCK / 2 },
    };
    struct vm_fixture *f = *state;
    uint8_t byte;

    for (size_t i = 0; i < VMM_COUNT_OF(cases); i++) {
        unsigned at = cases[i].at;

        vm_fixture_restart_on(f, cases[i].release, &hw_geometry_x86_64, 8192);
        draw_block(f, BLOCK);
        assert_int_equal(user_load(f, at, &byte), VMM_OK);
        assert_int_equal(vm_map_translated(f->map, page(f, 0), page(f, at), NULL), cases[i].before);
        assert_int_equal(vm_map_translated(f->map, page(f, at), page(f, BLOCK), NULL),
                         cases[i].after);
    }
}

/*  No record, no count: a device's frames are not managed (vm.md 5.1)                            */
static void
a_block_is_not_resident_memory(void **state)
{
    struct vm_fixture *f = *state;
    struct vm_region_pages pages;
    struct vm_statistics before, after;

    draw_block(f, 4);
    vm_system_statistics(f->system, &before);
    assert_int_equal(user_store(f, 0, 9), VMM_OK);
    vm_system_statistics(f->system, &after);
    assert_int_equal(resident(f), 0);
    assert_int_equal(after.active_pages + after.inactive_pages,
                     before.active_pages + before.inactive_pages);
    assert_true(vm_map_region_pages(f->map, page(f, 0), true, &pages));
    assert_int_equal(pages.share_mode, VM_SHARE_EMPTY);
    assert_int_equal(pages.resident, 0);
}

/*  T28: cutting a block drops all of it, and each part is mapped as a block of its own
 *
 *  WWWW  | protect page 1 |  ----   load page 3: --WW                                            */
static void
t28_cutting_a_block_drops_its_translations(void **state)
{
    struct vm_fixture *f = *state;
    uint8_t byte;

    draw_block(f, 4);
    assert_int_equal(user_load(f, 0, &byte), VMM_OK);
    assert_translated(f, "WWWW");
    assert_int_equal(vm_protect(f->map, page(f, 1), PAGE, false, VMM_PROT_READ), VMM_OK);
    assert_translated(f, "----");
    assert_int_equal(user_load(f, 3, &byte), VMM_OK);
    assert_translated(f, "--WW");
    assert_int_equal(user_load(f, 1, &byte), VMM_OK);
    assert_translated(f, "-RWW");
}

/*  Two mappings of one device see the same registers, and so does physical access                */
static void
bytes_are_the_devices(void **state)
{
    struct vm_fixture *f = *state;
    struct vm_device_range range = { REGISTERS, 2 };
    struct vm_memory_entry *entry = device(f, VM_DEVICE_BLOCK, &range, 1);
    uint8_t byte = 0;
    uint8_t two[2];

    map_at(f, entry, 0, VMM_PROT_DEFAULT);
    map_at(f, entry, 4, VMM_PROT_READ);
    vm_memory_entry_release(&entry);
    assert_int_equal(user_store(f, 1, 0x5a), VMM_OK);
    assert_int_equal(user_load(f, 5, &byte), VMM_OK);
    assert_int_equal(byte, 0x5a);
    assert_translated(f, "WW--RR");
    assert_int_equal(user_store(f, 5, 1), VMM_PROTECTION_FAILURE);
    vm_device_read(f->system, ((uint64_t)(REGISTERS + 1) << 12) - 1, two, 2); /* across a page */
    assert_memory_equal(two, ((uint8_t[]){ 0, 0x5a }), 2);
    assert_int_equal(vm_device_write(f->system, (uint64_t)REGISTERS << 12, "R", 1), VMM_OK);
    assert_int_equal(user_load(f, 0, &byte), VMM_OK);
    assert_int_equal(byte, 'R');
}

/*  ranges   AA B         a device pager: one fault a page, read-only after a read (T18)
 *  load 0   r--
 *  store 2  r-w
 *  wire     WWW          each page is entered, with the entry's rights                           */
static void
a_page_list_is_mapped_page_by_page(void **state)
{
    struct vm_fixture *f = *state;
    static const struct vm_device_range ranges[] = { { REGISTERS, 2 }, { REGISTERS + 0x100, 1 } };
    struct vm_memory_entry *entry = device(f, VM_DEVICE_PAGES, ranges, 2);
    struct vm_page_view view;
    uint8_t byte;

    map_at(f, entry, 0, VMM_PROT_DEFAULT);
    vm_memory_entry_release(&entry);
    assert_int_equal(user_load(f, 0, &byte), VMM_OK);
    assert_translated(f, "r--");
    assert_int_equal(user_store(f, 2, 1), VMM_OK);
    assert_translated(f, "r-w");
    vm_map_probe(f->map, page(f, 2), &view);
    assert_int_equal(view.translation_ppn, REGISTERS + 0x100);
    assert_int_equal(faults_since(f), 2);
    assert_int_equal(vm_map_wire(f->map, page(f, 0), page(f, 3), VMM_PROT_READ, true), VMM_OK);
    assert_translated(f, "WWW");
    assert_int_equal(faults_since(f), 3);
    assert_int_equal(vm_map_unwire(f->map, page(f, 0), page(f, 3), true), VMM_OK);
    assert_translated(f, "www");
}

/*  A list of somebody's pages: when the owner gives them up the mapping loses them               */
static void
pages_of_memory_leave_the_list_with_their_owner(void **state)
{
    struct vm_fixture *f = *state;
    struct vm_device_range range = { 0, 1 };
    struct vm_memory_entry *entry;
    struct vm_page_view view;
    uint8_t byte;

    draw_pages(f, "x");
    assert_int_equal(user_store(f, 0, 0x11), VMM_OK);
    vm_map_probe(f->map, page(f, 0), &view);
    range.first = view.ppn;
    entry = device(f, VM_DEVICE_PAGES, &range, 1);
    map_at(f, entry, 4, VMM_PROT_DEFAULT);
    vm_memory_entry_release(&entry);
    assert_int_equal(user_load(f, 4, &byte), VMM_OK);
    assert_int_equal(byte, 0x11);
    assert_int_equal(vm_deallocate(f->map, page(f, 0), PAGE), VMM_OK);
    assert_translated(f, "-----");
    assert_int_equal(user_load(f, 4, &byte), VMM_MEMORY_ERROR);
}

/*  vm.md 2.1: a block cannot be read through mach_vm_read, and a child does not inherit it by copy;
 *  a few bytes go through a kernel buffer, which reads it as the processor does                   */
static void
a_block_is_not_copied(void **state)
{
    struct vm_fixture *f = *state;
    struct vm_task *child = NULL;
    struct vm_region region;
    vmm_va data = 0;
    vmm_va kept = 0;

    draw_block(f, 8);
    assert_int_equal(user_store(f, 0, 0x77), VMM_OK);
    assert_int_equal(vm_read(f->map, page(f, 0), 8 * PAGE, f->map, &data), VMM_PROTECTION_FAILURE);
    assert_int_equal(vm_read(f->map, page(f, 0), 16, f->map, &kept), VMM_OK);
    assert_int_not_equal(kept, 0);
    assert_int_equal(vm_task_fork(f->task, &child), VMM_OK);
    assert_true(!vm_map_region(vm_task_map(child), page(f, 0), &region) ||
                region.start >= page(f, 8));
}

/*  A page list is copied at once: the copy is memory, and the device's later bytes do not show    */
static void
a_page_list_is_copied_at_once(void **state)
{
    struct vm_fixture *f = *state;
    static const struct vm_device_range ranges[] = { { REGISTERS, 4 }, { REGISTERS + 0x100, 1 } };
    struct vm_memory_entry *entry = device(f, VM_DEVICE_PAGES, ranges, 2);
    vmm_va data = 0;
    uint8_t byte;

    map_at(f, entry, 0, VMM_PROT_DEFAULT);
    vm_memory_entry_release(&entry);
    assert_int_equal(user_store(f, 4, 1), VMM_OK);
    assert_int_equal(vm_read(f->map, page(f, 0), 5 * PAGE, f->map, &data), VMM_OK);
    assert_int_equal(user_store(f, 4, 2), VMM_OK);
    assert_int_equal(vm_access(f->system,
                               &(struct vm_access){ .task = f->task,
                                                    .va = data + 4 * PAGE,
                                                    .length = 1,
                                                    .kind = VM_ACCESS_READ,
                                                    .to = &byte },
                               NULL),
                     VMM_OK);
    assert_int_equal(byte, 1);
}

/*  An I/O list over a device names its frames and holds no wire                                  */
static void
an_io_list_over_a_device_holds_no_wires(void **state)
{
    struct vm_fixture *f = *state;
    vmm_size size = 2 * PAGE;
    struct vm_upl *upl = NULL;

    draw_block(f, 4);
    assert_int_equal(vm_upl_create(f->map, page(f, 1), &size, 0, &upl), VMM_OK);
    assert_int_equal(size, 2 * PAGE);
    assert_int_equal(vm_upl_page(upl, 0), REGISTERS + 1);
    assert_int_equal(vm_upl_page(upl, 1), REGISTERS + 2);
    vm_upl_commit(&upl);
}

static void
a_layout_must_make_sense(void **state)
{
    struct vm_fixture *f = *state;
    static const struct vm_device_range two[] = { { REGISTERS, 1 }, { REGISTERS + 9, 1 } };
    static const struct vm_device_range nowhere = { VMM_NO_PAGE, 1 };
    static const struct vm_device_range empty = { REGISTERS, 0 };
    static const struct vm_device_range wraps = { UINT32_MAX, 2 };
    const struct vm_device_layout layouts[] = {
        { VM_DEVICE_BLOCK, two, 2 },    { VM_DEVICE_BLOCK, &nowhere, 1 },
        { VM_DEVICE_PAGES, &empty, 1 }, { VM_DEVICE_PAGES, &wraps, 1 },
        { VM_DEVICE_PAGES, two, 0 },
    };
    struct vm_object *object = NULL;

    for (size_t i = 0; i < VMM_COUNT_OF(layouts); i++)
        assert_int_equal(vm_object_create_device(f->system, &layouts[i], &object),
                         VMM_INVALID_ARGUMENT);
}

/* ---- memory of the embedder runs out ---- */

static void
mapping_a_device_survives_every_failing_allocation(void **state)
{
    struct vm_fixture *f = *state;
    static const struct vm_device_range range = { REGISTERS, 3 };
    struct vm_device_layout layout = { VM_DEVICE_BLOCK, &range, 1 };
    enum vmm_status status = VMM_MODEL_NO_MEMORY;

    for (uint64_t n = 1; status != VMM_OK && n < 1000; n++) {
        struct vm_memory_entry *entry = NULL;
        vmm_va address;

        vm_fixture_restart(f, "macos-15.4");
        address = page(f, 0);
        f->counting.requests = 0;
        f->counting.fail_at = n;
        status = vm_memory_entry_device(f->system, &layout, VMM_PROT_DEFAULT, &entry);
        if (status == VMM_OK)
            status = vm_memory_entry_map(entry, f->map, &address, 0, 3 * PAGE, VM_MAP_FIXED,
                                         VMM_PROT_DEFAULT);
        if (status == VMM_OK)
            status = user_store(f, 0, 1);
        f->counting.fail_at = 0;
        vm_memory_entry_release(&entry);
        assert_true(status == VMM_OK || status == VMM_MODEL_NO_MEMORY);
        assert_null(vm_system_check(f->system));
    }
    assert_int_equal(status, VMM_OK);
}

/*  An address whose page has no number is nobody's, and not the page with the low bits of it        */
static void
an_address_beyond_all_pages_is_nobodys(void **state)
{
    struct vm_fixture *f = *state;
    vmm_ppn ppn = 0;
    uint64_t far;
    uint8_t byte = 0;

    draw_pages(f, "x");
    assert_int_equal(user_store(f, 0, 7), VMM_OK);
    ppn = vm_page_ppn(page_at(f, 0));
    far = ((uint64_t)1 << 32 | ppn) * PAGE;
    vm_device_dma_read(f->system, (uint64_t)ppn * PAGE, &byte, 1);
    assert_int_equal(byte, 7);
    byte = 0;
    vm_device_dma_read(f->system, far, &byte, 1);
    assert_int_equal(byte, 0);
    assert_int_equal(vm_device_dma_write(f->system, far, 9, 1), VMM_OK);
    assert_int_equal(vm_device_write(f->system, far, &byte, 1), VMM_OK);
    vm_device_read(f->system, far, &byte, 1);
    assert_int_equal(byte, 0);
    assert_int_equal(user_load(f, 0, &byte), VMM_OK);
    assert_int_equal(byte, 7);
}

/*  Page 0 is no page, also where the machine's memory is one piece and something lies before it     */
static void
nothing_is_at_page_0(void **state)
{
    struct vm_fixture *f = *state;
    uint8_t byte = 9;

    assert_int_equal(vm_device_write(f->system, 5, &byte, 1), VMM_OK);
    vm_device_read(f->system, 5, &byte, 1);
    assert_int_equal(byte, 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, vm_fixture_setup, vm_fixture_teardown)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(t06_wiring_a_block_enters_nothing_and_one_fault_maps_it_all),
        TEST(a_block_is_not_resident_memory),
        TEST(t28_cutting_a_block_drops_its_translations),
        TEST(bytes_are_the_devices),
        TEST(a_page_list_is_mapped_page_by_page),
        TEST(pages_of_memory_leave_the_list_with_their_owner),
        TEST(a_block_is_not_copied),
        TEST(a_page_list_is_copied_at_once),
        TEST(an_io_list_over_a_device_holds_no_wires),
        TEST(a_layout_must_make_sense),
        TEST(an_address_beyond_all_pages_is_nobodys),
        TEST(nothing_is_at_page_0),
        TEST(a_large_block_is_mapped_through_a_window_until_10_15),
        TEST(mapping_a_device_survives_every_failing_allocation),
    };

    return cmocka_run_group_tests_name("vm_device", tests, NULL, NULL);
}

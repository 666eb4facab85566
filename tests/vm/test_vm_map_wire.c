/* test_vm_map_wire.c - wiring and unwiring, vm.md 3 */
#include "vm_fixture.h"

#include "vm/vm_internal.h"
#include "vm/vm_memory_entry.h"
#include "vm/vm_user.h"

static enum vmm_status
wire(struct vm_fixture *f, unsigned from, unsigned to, vmm_prot access)
{
    return vm_map_wire(f->map, page(f, from), page(f, to), access, false);
}

static enum vmm_status
unwire(struct vm_fixture *f, unsigned from, unsigned to)
{
    return vm_map_unwire(f->map, page(f, from), page(f, to), false);
}

/*  pages   01234567
 *  before  xxxxxxxx     then wire [2, 6)
 *  wired   00111100
 *  PTEs    --WWWW--     each wired page is translated, writable, with the wired bit        */
static void
wire_makes_pages_resident_and_translated(void **state)
{
    struct vm_fixture *f = *state;

    draw_pages(f, "xxxxxxxx");
    assert_int_equal(wire(f, 2, 6, VMM_PROT_READ), VMM_OK);
    assert_wired(f, "00111100");
    assert_translated(f, "--WWWW--");
    assert_int_equal(unwire(f, 2, 6), VMM_OK);
}

/*  Fresh anonymous memory goes the slow way: two faults a page; resident memory one (T17).  */
static void
t17_slow_wire_counts_two_faults_a_page(void **state)
{
    struct vm_fixture *f = *state;

    vm_fixture_restart(f, "macos-10.11");
    draw_pages(f, "xxxx");
    assert_int_equal(user_store(f, 0, 1), VMM_OK);
    assert_int_equal(user_store(f, 1, 1), VMM_OK);
    faults_since(f);
    assert_int_equal(wire(f, 0, 2, VMM_PROT_READ), VMM_OK);
    assert_int_equal(faults_since(f), 2);
    assert_int_equal(wire(f, 2, 4, VMM_PROT_READ), VMM_OK);
    assert_int_equal(faults_since(f), 4);
    assert_int_equal(unwire(f, 0, 4), VMM_OK);
    assert_int_equal(faults_since(f), 0);
}

/*  pages   xxxxxxxx     nobody touched any yet: the object that the wire makes is the whole entry's
 *  wired   ..11....     (vm.md 3.2 step 3.5), so the unwire leaves one entry as before             */
static void
wire_of_a_part_makes_the_object_of_the_whole(void **state)
{
    struct vm_fixture *f = *state;
    struct vm_region front, wired, whole;

    draw_pages(f, "xxxxxxxx");
    assert_int_equal(wire(f, 2, 4, VMM_PROT_READ), VMM_OK);
    assert_true(vm_map_region(f->map, page(f, 0), &front));
    assert_true(vm_map_region(f->map, page(f, 2), &wired));
    assert_int_equal(front.object_id, wired.object_id);
    assert_int_equal(wired.object_references, 3);
    assert_int_equal(unwire(f, 2, 4), VMM_OK);
    assert_true(vm_map_region(f->map, page(f, 0), &whole));
    assert_int_equal(whole.end - whole.start, 8 * PAGE);
    assert_int_equal(whole.resident_pages, 2);
}

/*  The same over memory in use: from 13 on the wired part alone gets an object of its own.  */
static void
wire_of_a_part_in_use_shadows_that_part(void **state)
{
    static const char *const names[] = { "macos-15.4", "macos-12" };
    struct vm_fixture *f = *state;

    for (size_t i = 0; i < 2; i++) {
        struct vm_region front, wired;

        vm_fixture_restart(f, names[i]);
        draw_pages(f, "xxxxxxxx");
        for (unsigned n = 0; n < 8; n++)
            assert_int_equal(user_store(f, n, 1), VMM_OK);
        assert_int_equal(wire(f, 2, 4, VMM_PROT_READ), VMM_OK);
        assert_true(vm_map_region(f->map, page(f, 0), &front));
        assert_true(vm_map_region(f->map, page(f, 2), &wired));
        assert_int_equal(front.object_id == wired.object_id, i == 1);
        assert_int_equal(unwire(f, 2, 4), VMM_OK);
    }
}

/*  wired   ..11......   a second wire only counts: no fault, and no question about rights (T11)  */
static void
t11_second_wire_asks_nothing(void **state)
{
    struct vm_fixture *f = *state;

    draw_pages(f, "xxxx");
    assert_int_equal(wire(f, 0, 4, VMM_PROT_READ), VMM_OK);
    assert_int_equal(vm_protect(f->map, page(f, 0), 4 * PAGE, false, VMM_PROT_READ), VMM_OK);
    faults_since(f);
    assert_int_equal(wire(f, 0, 4, VMM_PROT_READ | VMM_PROT_WRITE), VMM_OK);
    assert_int_equal(faults_since(f), 0);
    assert_wired(f, "2222");
    assert_int_equal(unwire(f, 0, 4), VMM_OK);
    assert_int_equal(unwire(f, 0, 4), VMM_OK);
}

/*  pages   xx.xx        wired entries on both sides of a hole: a wire over it succeeds (T11),
 *  wired   11.11        and the kernel's unwire of the same range panics                   */
static void
t11_wire_over_a_hole_between_wired_entries_succeeds(void **state)
{
    struct vm_fixture *f = *state;

    draw_pages(f, "xx.xx");
    assert_int_equal(wire(f, 0, 2, VMM_PROT_READ), VMM_OK);
    assert_int_equal(wire(f, 3, 5, VMM_PROT_READ), VMM_OK);
    assert_int_equal(wire(f, 0, 5, VMM_PROT_READ), VMM_OK);
    assert_wired(f, "22.22");
    assert_int_equal(unwire(f, 0, 5), VMM_MODEL_PANIC);
    assert_int_equal(vm_system_stop(f->system)->reason, REASON_UNWIRE_HOLE);
}

/*  pages   xxxx.xxx     wire [1, 7) meets the hole: code 1, and nothing stays wired          */
static void
wire_undoes_itself_at_a_hole(void **state)
{
    struct vm_fixture *f = *state;

    draw_pages(f, "xxxx.xxx");
    assert_int_equal(wire(f, 1, 7, VMM_PROT_READ), VMM_INVALID_ADDRESS);
    assert_wired(f, "0000.000");
}

/*  rights  wwwrww       wire [0, 6) for WRITE stops at page 3: code 2                        */
static void
wire_undoes_itself_where_rights_are_missing(void **state)
{
    struct vm_fixture *f = *state;

    draw_pages(f, "xxxxxx");
    assert_int_equal(vm_protect(f->map, page(f, 3), PAGE, false, VMM_PROT_READ), VMM_OK);
    assert_int_equal(wire(f, 0, 6, VMM_PROT_READ | VMM_PROT_WRITE), VMM_PROTECTION_FAILURE);
    assert_wired(f, "000000");
    assert_translated(f, "www---"); /* translations stay when the wires go (T8) */
}

static void
wire_of_an_unmapped_start_is_code_1(void **state)
{
    struct vm_fixture *f = *state;

    draw_pages(f, ".xx");
    assert_int_equal(wire(f, 0, 3, VMM_PROT_READ), VMM_INVALID_ADDRESS);
    assert_wired(f, ".00");
}

static void
t08_unwire_keeps_translations(void **state)
{
    struct vm_fixture *f = *state;

    draw_pages(f, "xxx");
    assert_int_equal(wire(f, 0, 3, VMM_PROT_READ), VMM_OK);
    assert_int_equal(unwire(f, 0, 3), VMM_OK);
    assert_translated(f, "www");
    assert_wired(f, "000");
}

/*  wired   1111         partial unwire clips: counts are per page                            */
static void
partial_unwire_then_whole_unwire_panics_at_page_0(void **state)
{
    struct vm_fixture *f = *state;

    draw_pages(f, "xxxx");
    assert_int_equal(wire(f, 0, 4, VMM_PROT_READ), VMM_OK);
    assert_int_equal(unwire(f, 0, 1), VMM_OK);
    assert_wired(f, "0111");
    assert_int_equal(unwire(f, 0, 4), VMM_MODEL_PANIC);
    assert_int_equal(vm_system_stop(f->system)->reason, REASON_UNWIRE_UNWIRED);
    assert_int_equal(vm_system_stop(f->system)->va, page(f, 0));
}

static void
t12_kernel_unwire_of_unmapped_start_panics_user_says_1(void **state)
{
    struct vm_fixture *f = *state;

    assert_int_equal(vm_map_unwire(f->map, page(f, 0), page(f, 1), true), VMM_INVALID_ADDRESS);
    assert_int_equal(unwire(f, 0, 1), VMM_MODEL_PANIC);
    assert_int_equal(vm_system_stop(f->system)->reason, REASON_UNWIRE_NOT_MAPPED);
}

static void
t12_user_unwire_of_unwired_is_silent(void **state)
{
    struct vm_fixture *f = *state;

    draw_pages(f, "xx");
    assert_int_equal(vm_map_unwire(f->map, page(f, 0), page(f, 2), true), VMM_OK);
    assert_int_equal(vm_system_stop(f->system)->kind, VM_RUNNING);
}

/*  pages   xx.x   user wired; user unwire of all: up to 13 the entry before the hole keeps it (T13) */
static void
t13_user_unwire_before_a_hole(void **state)
{
    static const struct {
        const char *profile;
        const char *after;
    } cases[] = { { "macos-10.11", "11.0" }, { "macos-13", "11.0" }, { "macos-15.4", "00.0" } };
    struct vm_fixture *f = *state;

    for (size_t i = 0; i < VMM_COUNT_OF(cases); i++) {
        vm_fixture_restart(f, cases[i].profile);
        draw_pages(f, "xx.x");
        assert_int_equal(vm_map_wire(f->map, page(f, 0), page(f, 2), VMM_PROT_READ, true), VMM_OK);
        assert_int_equal(vm_map_wire(f->map, page(f, 3), page(f, 4), VMM_PROT_READ, true), VMM_OK);
        assert_int_equal(vm_map_unwire(f->map, page(f, 0), page(f, 4), true), VMM_OK);
        assert_wired(f, cases[i].after);
    }
}

static void
user_and_kernel_wires_count_apart(void **state)
{
    struct vm_fixture *f = *state;

    draw_pages(f, "x");
    assert_int_equal(vm_map_wire(f->map, page(f, 0), page(f, 1), VMM_PROT_READ, true), VMM_OK);
    assert_int_equal(vm_map_wire(f->map, page(f, 0), page(f, 1), VMM_PROT_READ, true), VMM_OK);
    assert_wired(f, "1"); /* all user wires together are one */
    assert_int_equal(wire(f, 0, 1, VMM_PROT_READ), VMM_OK);
    assert_wired(f, "2");
    assert_int_equal(vm_map_unwire(f->map, page(f, 0), page(f, 1), true), VMM_OK);
    assert_wired(f, "2");
    assert_int_equal(vm_map_unwire(f->map, page(f, 0), page(f, 1), true), VMM_OK);
    assert_wired(f, "1");
    assert_int_equal(unwire(f, 0, 1), VMM_OK);
}

/*  wired   11       twice by the user; the kernel unwires what it never wired
 *  after   00       and the user's own unwire finds nothing; what is wired next counts from 0    */
static void
a_kernel_unwire_of_what_only_users_wired_takes_their_wires(void **state)
{
    struct vm_fixture *f = *state;
    struct vm_region region;

    draw_pages(f, "xx");
    vm_map_set_user_wire_limit(f->map, 2 * (vmm_size)PAGE);
    assert_int_equal(vm_map_wire(f->map, page(f, 0), page(f, 2), VMM_PROT_READ, true), VMM_OK);
    assert_int_equal(vm_map_wire(f->map, page(f, 0), page(f, 2), VMM_PROT_READ, true), VMM_OK);
    assert_int_equal(unwire(f, 0, 2), VMM_OK);
    assert_wired(f, "00");
    assert_translated(f, "ww");
    assert_int_equal(vm_map_unwire(f->map, page(f, 0), page(f, 2), true), VMM_OK);
    assert_int_equal(vm_map_wire(f->map, page(f, 0), page(f, 2), VMM_PROT_READ, true), VMM_OK);
    assert_true(vm_map_region(f->map, page(f, 0), &region));
    assert_int_equal(region.user_wired_count, 1);
    assert_wired(f, "11");
}

/*  512 pages of memory, of which 10.11 keeps a fifth from user wires: 410 pages do not fit         */
static void
user_wire_beyond_the_limit_is_code_6(void **state)
{
    struct vm_fixture *f = *state;
    vmm_va address;

    vm_fixture_restart(f, "macos-10.11");
    address = page(f, 0);
    assert_int_equal(vm_allocate(f->map, &address, 410 * PAGE, VM_MAP_FIXED), VMM_OK);
    assert_int_equal(vm_map_wire(f->map, page(f, 0), page(f, 410), VMM_PROT_READ, true),
                     VMM_RESOURCE_SHORTAGE);
    assert_int_equal(vm_map_wire(f->map, page(f, 0), page(f, 300), VMM_PROT_READ, true), VMM_OK);
    assert_int_equal(vm_map_unwire(f->map, page(f, 0), page(f, 300), true), VMM_OK);
}

static void
t30_too_many_wirings(void **state)
{
    struct vm_fixture *f = *state;
    enum vmm_status status = VMM_OK;

    draw_pages(f, "x");
    for (unsigned i = 0; i < VM_MAX_WIRE_COUNT && status == VMM_OK; i++)
        status = wire(f, 0, 1, VMM_PROT_READ);
    assert_int_equal(status, VMM_OK);
    assert_int_equal(wire(f, 0, 1, VMM_PROT_READ), VMM_MODEL_PANIC);
    assert_int_equal(vm_system_stop(f->system)->reason, REASON_TOO_MANY_WIRES);
}

/*  Wiring a page that was only read: two bits of its PTE change, so it is flushed (T32)            */
static void
t32_wire_of_a_read_only_translation_flushes(void **state)
{
    struct vm_fixture *f = *state;
    struct trace *trace;
    struct vm_memory_entry *entry;
    vmm_size size = PAGE;
    vmm_va address = page(f, 4);
    uint8_t byte;

    vm_fixture_restart(f, "macos-10.11");
    trace = vm_system_trace(f->system);
    draw_pages(f, "xx");
    assert_int_equal(user_store(f, 0, 1), VMM_OK);
    assert_int_equal(vm_memory_entry_create(f->map, page(f, 0), &size, VMM_PROT_DEFAULT, &entry),
                     VMM_OK);
    assert_int_equal(
        vm_memory_entry_map(entry, f->map, &address, 0, PAGE, VM_MAP_FIXED, VMM_PROT_DEFAULT),
        VMM_OK);
    assert_int_equal(user_load(f, 4, &byte), VMM_OK);
    assert_translated(f, "w---r");
    trace->counters[EV_TLB_FLUSH] = 0;
    assert_int_equal(wire(f, 4, 5, VMM_PROT_READ), VMM_OK);
    assert_int_equal(trace->counters[EV_TLB_FLUSH], 1);
    assert_int_equal(wire(f, 0, 1, VMM_PROT_READ), VMM_OK); /* same rights: the wired bit alone */
    assert_int_equal(trace->counters[EV_TLB_FLUSH], 1);
    assert_int_equal(unwire(f, 4, 5), VMM_OK);
    assert_int_equal(unwire(f, 0, 1), VMM_OK);
    vm_memory_entry_release(&entry);
}

/*  A wired read-only entry never gets WRITE; the store fails by the entry, not by the PTE          */
static void
wire_of_read_only_memory_enters_read_only(void **state)
{
    struct vm_fixture *f = *state;

    draw_pages(f, "x");
    assert_int_equal(user_store(f, 0, 7), VMM_OK);
    assert_int_equal(vm_protect(f->map, page(f, 0), PAGE, false, VMM_PROT_READ), VMM_OK);
    assert_int_equal(wire(f, 0, 1, VMM_PROT_READ), VMM_OK);
    assert_translated(f, "R");
    assert_int_equal(user_store(f, 0, 8), VMM_PROTECTION_FAILURE);
    assert_int_equal(unwire(f, 0, 1), VMM_OK);
}

/*  T3: protect on wired memory takes WRITE from the PTE; raising it back restores nothing           */
static void
t03_protect_on_wired_memory_costs_a_fault(void **state)
{
    struct vm_fixture *f = *state;

    draw_pages(f, "x");
    assert_int_equal(wire(f, 0, 1, VMM_PROT_READ), VMM_OK);
    assert_translated(f, "W");
    assert_int_equal(vm_protect(f->map, page(f, 0), PAGE, false, VMM_PROT_READ), VMM_OK);
    assert_int_equal(vm_protect(f->map, page(f, 0), PAGE, false, VMM_PROT_DEFAULT), VMM_OK);
    assert_translated(f, "R");
    faults_since(f);
    assert_int_equal(user_store(f, 0, 1), VMM_OK);
    assert_int_equal(faults_since(f), 1);
    assert_translated(f, "W");
    assert_int_equal(unwire(f, 0, 1), VMM_OK);
}

/*  T24 of iokit.md, T5 of vm.md: a page that the slow way copies up gets no WRITE in 10.11-10.15    */
static void
t05_slow_wire_strips_write(void **state)
{
    static const struct {
        const char *profile;
        const char *after;
    } cases[] = { { "macos-10.10", "W" }, { "macos-10.11", "R" }, { "macos-10.12", "R" },
                  { "macos-10.15", "R" }, { "macos-11", "W" },    { "macos-15.4", "W" } };
    struct vm_fixture *f = *state;

    for (size_t i = 0; i < VMM_COUNT_OF(cases); i++) {
        struct vm_memory_entry *copy;
        vmm_va address;

        vm_fixture_restart(f, cases[i].profile);
        address = page(f, 1);
        draw_pages(f, "x");
        assert_int_equal(user_store(f, 0, 9), VMM_OK);
        assert_int_equal(vm_memory_entry_copy(f->map, page(f, 0), PAGE, &copy), VMM_OK);
        assert_int_equal(
            vm_memory_entry_map(copy, f->map, &address, 0, PAGE, VM_MAP_FIXED, VMM_PROT_DEFAULT),
            VMM_OK);
        assert_int_equal(wire(f, 1, 2, VMM_PROT_READ), VMM_OK);
        assert_translated(f, i == 0 ? "rW" : i == 1 || i == 2 || i == 3 ? "rR" : "rW");
        assert_int_equal(unwire(f, 1, 2), VMM_OK);
        vm_memory_entry_release(&copy);
    }
}

static void
t15_delete_of_kernel_wired_memory_hangs(void **state)
{
    struct vm_fixture *f = *state;

    draw_pages(f, "xx");
    assert_int_equal(wire(f, 0, 2, VMM_PROT_READ), VMM_OK);
    assert_int_equal(vm_deallocate(f->map, page(f, 0), 2 * PAGE), VMM_MODEL_HANG);
    assert_int_equal(vm_system_stop(f->system)->reason, REASON_WIRED_AT_UNMAP);
    assert_wired(f, "11");
}

static void
delete_drops_user_wires(void **state)
{
    struct vm_fixture *f = *state;

    draw_pages(f, "xx");
    assert_int_equal(vm_map_wire(f->map, page(f, 0), page(f, 2), VMM_PROT_READ, true), VMM_OK);
    assert_int_equal(vm_deallocate(f->map, page(f, 0), 2 * PAGE), VMM_OK);
    assert_wired(f, "..");
}

static void
wire_that_finds_no_free_page_is_a_hang(void **state)
{
    struct vm_fixture *f = *state;
    vmm_va address = page(f, 0);

    assert_int_equal(vm_allocate(f->map, &address, 600 * PAGE, VM_MAP_FIXED), VMM_OK);
    assert_int_equal(wire(f, 0, 600, VMM_PROT_READ), VMM_MODEL_HANG);
    assert_int_equal(vm_system_stop(f->system)->reason, REASON_NO_FREE_PAGE);
}

/*  The allocator fails at every request in turn; the wire says so and everything still holds        */
static void
wire_survives_every_failing_allocation(void **state)
{
    struct vm_fixture *f = *state;
    enum vmm_status status = VMM_MODEL_NO_MEMORY;

    for (uint64_t n = 1; status != VMM_OK && n < 1000; n++) {
        vm_fixture_restart(f, "macos-15.4");
        draw_pages(f, "xxxxxxxx");
        assert_int_equal(user_store(f, 3, 1), VMM_OK);
        f->counting.requests = 0;
        f->counting.fail_at = n;
        status = wire(f, 2, 6, VMM_PROT_READ);
        f->counting.fail_at = 0;
        if (status != VMM_OK) {
            assert_int_equal(status, VMM_MODEL_NO_MEMORY);
            assert_wired(f, "00000000");
        }
        assert_null(vm_system_check(f->system));
    }
    assert_int_equal(status, VMM_OK);
    assert_int_equal(unwire(f, 2, 6), VMM_OK);
}

/* ---- one page and its number (vm.md 3.5) ---- */

static enum vmm_status
extract(struct vm_fixture *f, unsigned n, vmm_prot access, vmm_ppn *ppn)
{
    return vm_map_wire_and_extract(f->map, page(f, n), access, false, ppn);
}

/*  nothing is copied or made for it: no object, a pending copy, and (13 on) a symmetric object are 4 */
static void
extract_refuses_what_it_would_have_to_copy(void **state)
{
    static const struct {
        const char *profile;
        enum vmm_status symmetric;
    } cases[] = { { "macos-10.10", VMM_OK },
                  { "macos-12", VMM_OK },
                  { "macos-13", VMM_INVALID_ARGUMENT },
                  { "macos-15.4", VMM_INVALID_ARGUMENT } };
    struct vm_fixture *f = *state;

    for (size_t i = 0; i < VMM_COUNT_OF(cases); i++) {
        struct vm_page_view view;
        struct vm_task *child;
        vmm_ppn ppn = 0;

        vm_fixture_restart(f, cases[i].profile);
        draw_pages(f, "x.x");
        assert_int_equal(extract(f, 0, VMM_PROT_READ, &ppn), VMM_INVALID_ARGUMENT);
        assert_int_equal(user_store(f, 0, 1), VMM_OK);
        assert_int_equal(extract(f, 0, VMM_PROT_READ, &ppn), cases[i].symmetric);
        if (cases[i].symmetric == VMM_OK) {
            vm_map_probe(f->map, page(f, 0), &view);
            assert_int_equal(ppn, view.ppn);
            assert_wired(f, "1.0");
            assert_int_equal(vm_map_unwire(f->map, page(f, 0), page(f, 1), false), VMM_OK);
        }
        assert_int_equal(user_store(f, 2, 1), VMM_OK);
        assert_int_equal(vm_task_fork(f->task, &child), VMM_OK);
        assert_int_equal(extract(f, 2, VMM_PROT_READ, &ppn), VMM_INVALID_ARGUMENT);
        assert_wired(f, "0.0");
        assert_int_equal(vm_task_terminate(child), VMM_OK);
    }
}

/*  wired already: the rights are asked for here, where a plain wire does not ask (T11)             */
static void
extract_asks_a_wired_entry_for_its_rights(void **state)
{
    struct vm_fixture *f = *state;
    struct vm_page_view view;
    vmm_ppn ppn = 0;

    draw_pages(f, "x");
    assert_int_equal(vm_map_wire(f->map, page(f, 0), page(f, 1), VMM_PROT_READ, true), VMM_OK);
    assert_int_equal(extract(f, 0, VMM_PROT_EXECUTE, &ppn), VMM_PROTECTION_FAILURE);
    assert_int_equal(ppn, 0);
    assert_int_equal(extract(f, 0, VMM_PROT_READ, &ppn), VMM_OK);
    vm_map_probe(f->map, page(f, 0), &view);
    assert_int_equal(ppn, view.ppn);
    assert_wired(f, "2");
    assert_int_equal(vm_map_unwire(f->map, page(f, 0), page(f, 1), false), VMM_OK);
    vm_fixture_restart(f, "macos-10.9");
    assert_int_equal(extract(f, 0, VMM_PROT_READ, &ppn), VMM_NOT_SUPPORTED);
}

/* ---- signed code (vm.md 3.2 step 3.4) ---- */

static void
executable_memory_is_not_wired_where_code_is_signed(void **state)
{
    static const struct {
        const char *profile;
        enum vmm_status status;
    } cases[] = { { "macos-10.12", VMM_OK }, { "macos-10.13", VMM_PROTECTION_FAILURE } };
    struct vm_fixture *f = *state;

    for (size_t i = 0; i < VMM_COUNT_OF(cases); i++) {
        vm_fixture_restart(f, cases[i].profile);
        draw_pages(f, "xx");
        assert_int_equal(
            vm_protect(f->map, page(f, 1), PAGE, false, VMM_PROT_READ | VMM_PROT_EXECUTE), VMM_OK);
        assert_int_equal(vm_wire(f->map, page(f, 1), PAGE, VMM_PROT_READ), VMM_OK);
        assert_int_equal(vm_wire(f->map, page(f, 1), PAGE, VMM_PROT_NONE), VMM_OK);
        f->map->enforces_code_signing = true;
        assert_int_equal(vm_wire(f->map, page(f, 0), 2 * PAGE, VMM_PROT_READ), cases[i].status);
        assert_wired(f, cases[i].status == VMM_OK ? "11" : "00");
    }
}

/* ---- limits (vm.md 3.1) ---- */

/*  entries  aab      limit 2 pages: [0, 3) is 6 at b, though a alone fits; a counted page is free  */
static void
t14_the_limit_of_a_map_is_asked_entry_by_entry(void **state)
{
    struct vm_fixture *f = *state;
    struct vm_task *child;

    draw_pages(f, "xxx");
    assert_int_equal(vm_protect(f->map, page(f, 2), PAGE, false, VMM_PROT_READ), VMM_OK);
    vm_map_set_user_wire_limit(f->map, 2 * PAGE);
    assert_int_equal(vm_wire(f->map, page(f, 0), 3 * PAGE, VMM_PROT_READ), VMM_RESOURCE_SHORTAGE);
    assert_wired(f, "000");
    for (unsigned n = 0; n < 3; n++)
        assert_int_equal(vm_wire(f->map, page(f, 0), 2 * PAGE, VMM_PROT_READ), VMM_OK);
    assert_int_equal(vm_wire(f->map, page(f, 2), PAGE, VMM_PROT_READ), VMM_RESOURCE_SHORTAGE);
    assert_int_equal(vm_map_wire(f->map, page(f, 2), page(f, 3), VMM_PROT_READ, false), VMM_OK);
    assert_int_equal(vm_map_unwire(f->map, page(f, 2), page(f, 3), false), VMM_OK);
    assert_int_equal(vm_task_fork(f->task, &child), VMM_OK); /* the limit goes to the child */
    assert_int_equal(vm_wire(vm_task_map(child), page(f, 0), 3 * PAGE, VMM_PROT_READ),
                     VMM_RESOURCE_SHORTAGE);
}

/* ---- pages that are zeroed when their wire goes (vm.md 3.4) ---- */

/*  shared by a child; removed while wired: zeroes. Unwired by hand: the bytes stay                */
static void
zero_wired_pages_are_zeroed_by_removal_only(void **state)
{
    struct vm_fixture *f = *state;

    for (unsigned by_hand = 0; by_hand < 2; by_hand++) {
        struct vm_task *child;
        uint8_t byte = 1;

        vm_fixture_restart(f, "macos-15.4");
        draw_pages(f, "xx");
        assert_int_equal(vm_inherit(f->map, page(f, 0), 2 * PAGE, VMM_INHERIT_SHARE), VMM_OK);
        assert_int_equal(user_store(f, 1, 7), VMM_OK);
        assert_int_equal(vm_task_fork(f->task, &child), VMM_OK);
        assert_int_equal(
            vm_behavior_set(f->map, page(f, 0), 2 * PAGE, VM_BEHAVIOR_ZERO_WIRED_PAGES), VMM_OK);
        assert_int_equal(vm_wire(f->map, page(f, 0), 2 * PAGE, VMM_PROT_READ), VMM_OK);
        if (by_hand)
            assert_int_equal(vm_wire(f->map, page(f, 0), 2 * PAGE, VMM_PROT_NONE), VMM_OK);
        assert_int_equal(vm_deallocate(f->map, page(f, 0), 2 * PAGE), VMM_OK);
        f->task = child;
        f->map = vm_task_map(child);
        assert_int_equal(user_load(f, 1, &byte), VMM_OK);
        assert_int_equal(byte, by_hand ? 7 : 0);
    }
}

/*  wires 01.0, by users only: with theirs gone the caller has none of its own to drop                */
static void
removal_with_the_callers_wire_finds_none(void **state)
{
    struct vm_fixture *f = *state;

    draw_pages(f, "xx.x");
    assert_int_equal(vm_map_wire(f->map, page(f, 1), page(f, 2), VMM_PROT_READ, true), VMM_OK);
    assert_int_equal(vm_map_remove(f->map, page(f, 0), page(f, 4), VM_MAP_REMOVE_KUNWIRE), VMM_OK);
    assert_wired(f, "....");
}

/*  vm.md 3.2 step 1: what lies outside the map is nothing to wire, and that is success             */
static void
extracting_outside_the_map_gives_no_page(void **state)
{
    struct vm_fixture *f = *state;
    const vmm_va outside[] = { vm_map_max(f->map), UINT64_MAX - PAGE + 1 };

    for (size_t i = 0; i < VMM_COUNT_OF(outside); i++) {
        vmm_ppn ppn = 7;

        assert_int_equal(vm_map_wire_and_extract(f->map, outside[i], VMM_PROT_READ, false, &ppn),
                         VMM_OK);
        assert_int_equal(ppn, VMM_NO_PAGE);
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, vm_fixture_setup, vm_fixture_teardown)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(wire_makes_pages_resident_and_translated),
        TEST(wire_of_a_part_makes_the_object_of_the_whole),
        TEST(wire_of_a_part_in_use_shadows_that_part),
        TEST(t17_slow_wire_counts_two_faults_a_page),
        TEST(t11_second_wire_asks_nothing),
        TEST(t11_wire_over_a_hole_between_wired_entries_succeeds),
        TEST(wire_undoes_itself_at_a_hole),
        TEST(wire_undoes_itself_where_rights_are_missing),
        TEST(wire_of_an_unmapped_start_is_code_1),
        TEST(t08_unwire_keeps_translations),
        TEST(partial_unwire_then_whole_unwire_panics_at_page_0),
        TEST(t12_kernel_unwire_of_unmapped_start_panics_user_says_1),
        TEST(t12_user_unwire_of_unwired_is_silent),
        TEST(t13_user_unwire_before_a_hole),
        TEST(user_and_kernel_wires_count_apart),
        TEST(a_kernel_unwire_of_what_only_users_wired_takes_their_wires),
        TEST(user_wire_beyond_the_limit_is_code_6),
        TEST(t30_too_many_wirings),
        TEST(t32_wire_of_a_read_only_translation_flushes),
        TEST(wire_of_read_only_memory_enters_read_only),
        TEST(t03_protect_on_wired_memory_costs_a_fault),
        TEST(t05_slow_wire_strips_write),
        TEST(t15_delete_of_kernel_wired_memory_hangs),
        TEST(delete_drops_user_wires),
        TEST(removal_with_the_callers_wire_finds_none),
        TEST(wire_that_finds_no_free_page_is_a_hang),
        TEST(wire_survives_every_failing_allocation),
        TEST(extract_refuses_what_it_would_have_to_copy),
        TEST(extract_asks_a_wired_entry_for_its_rights),
        TEST(executable_memory_is_not_wired_where_code_is_signed),
        TEST(t14_the_limit_of_a_map_is_asked_entry_by_entry),
        TEST(zero_wired_pages_are_zeroed_by_removal_only),
        TEST(extracting_outside_the_map_gives_no_page),
    };

    return cmocka_run_group_tests_name("vm_map_wire", tests, NULL, NULL);
}

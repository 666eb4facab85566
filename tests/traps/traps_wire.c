/* traps_wire.c - what wiring promises, and what it does not; vm.md 3.2 to 3.5 */
#include "traps.h"

#include "iokit_fixture.h"
#include "vm/vm_internal.h"

/*  source    pages resident and held by prepare()        kernel mapping   ---- no translation
 *  A load under a spin lock panics; where faults are allowed each page costs one.
 *  seed-view is what the report believed: there the mapping is made with its translations.        */
void
t01_prepared_memory_has_no_translation(struct vm_fixture *f)
{
    struct iokit_fixture io = { .world = NULL };
    uint64_t address, faults;
    vmk_desc_t md;
    vmk_map_t m;

    iokit_fixture_start(&io, f->profile.name, false);
    md = describe(&io, 0, 4, IO_DIRECTION_OUT);
    assert_int_equal(vmk_desc_prepare(md, IO_DIRECTION_NONE), VMM_OK);
    assert_io_held(io.task, io_page(&io, 0), "1111");
    m = map_in_kernel(&io, md, IO_MAP_READ_ONLY);
    address = vmk_map_address(m);
    if (!f->profile.is_release) {
        assert_io_translated(io.kernel, address, "rrrr");
        iokit_fixture_end(&io);
        return;
    }
    assert_io_translated(io.kernel, address, "----");
    faults = io_events(EV_FAULT);
    assert_true(io_load(io.kernel, address));
    assert_int_equal(io_events(EV_FAULT), faults + 1);
    assert_io_translated(io.kernel, address, "r---");
    assert_false(io_load_locked(io.kernel, address + IO_PAGE));
    assert_stopped(REASON_FAULT_RESTRICTED);
    iokit_fixture_end(&io);
}

/*  page 1 is a copy of page 0 that wiring makes: copied up, not zero-filled, so 10.11-10.15 leave
 *  WRITE out, and the first store to wired memory faults                                          */
static void
t05_copied_pages(struct vm_fixture *f, bool strips)
{
    draw_pages(f, "x");
    assert_int_equal(user_store(f, 0, 9), VMM_OK);
    map_copy(f, 0, 1, 1);
    assert_int_equal(kernel_wire(f, 1, 2), VMM_OK);
    assert_translated(f, strips ? "rR" : "rW");
    faults_since(f);
    assert_int_equal(user_store(f, 1, 1), VMM_OK);
    assert_int_equal(faults_since(f), strips ? 1 : 0);
    assert_translated(f, "rW");
    assert_int_equal(kernel_unwire(f, 1, 2), VMM_OK);
}

/*  Zero-filled pages and pages that the top object has get every right on every release           */
static void
t05_other_pages(struct vm_fixture *f)
{
    draw_pages(f, "xx");
    make_resident(f, 0, 1);
    assert_int_equal(kernel_wire(f, 0, 2), VMM_OK);
    assert_translated(f, "WW");
    faults_since(f);
    assert_int_equal(user_store(f, 0, 1), VMM_OK);
    assert_int_equal(user_store(f, 1, 1), VMM_OK);
    assert_int_equal(faults_since(f), 0);
    assert_int_equal(kernel_unwire(f, 0, 2), VMM_OK);
}

void
t05_slow_wire_strips_write_from_10_11_to_10_15(struct vm_fixture *f)
{
    t05_copied_pages(f, release_from(f, "10.11") && release_until(f, "10.15"));
    start_again(f);
    t05_other_pages(f);
}

/*  parent  P P      fork: one page for both      wired for reading only, it is a page of its own:
 *  child   P P                                   sharing ends, though nobody wrote                */
void
t07_wire_of_copy_on_write_memory_copies_it(struct vm_fixture *f)
{
    struct vm_page_view child_view;
    struct vm_statistics before, after;
    struct vm_task *child;
    vmm_ppn shared;

    draw_pages(f, "xx");
    assert_int_equal(user_store(f, 0, 7), VMM_OK);
    assert_int_equal(vm_task_fork(f->task, &child), VMM_OK);
    shared = look(f, 0).ppn;
    vm_map_probe(vm_task_map(child), page(f, 0), &child_view);
    assert_int_equal(child_view.ppn, shared);
    vm_system_statistics(f->system, &before);
    assert_int_equal(kernel_wire(f, 0, 1), VMM_OK);
    vm_system_statistics(f->system, &after);
    assert_int_equal(after.cow_faults, before.cow_faults + 1);
    assert_int_not_equal(look(f, 0).ppn, shared);
    vm_map_probe(vm_task_map(child), page(f, 0), &child_view);
    assert_int_equal(child_view.ppn, shared);
    assert_int_equal(child_view.page_wire_count, 0);
    assert_int_equal(kernel_unwire(f, 0, 1), VMM_OK);
}

void
t08_unwire_keeps_the_translation(struct vm_fixture *f)
{
    uint8_t byte;

    draw_pages(f, "xxx");
    assert_int_equal(kernel_wire(f, 0, 3), VMM_OK);
    assert_translated(f, "WWW");
    assert_int_equal(kernel_unwire(f, 0, 3), VMM_OK);
    assert_wired(f, "000");
    assert_translated(f, "www");
    faults_since(f);
    for (unsigned n = 0; n < 3; n++) {
        assert_int_equal(user_load(f, n, &byte), VMM_OK);
        assert_int_equal(user_store(f, n, 1), VMM_OK);
    }
    assert_int_equal(faults_since(f), 0);
}

/*  rights  rr        a second wire for writing succeeds where a first one is code 2               */
static void
t11_rights(struct vm_fixture *f)
{
    vmm_prot both = VMM_PROT_READ | VMM_PROT_WRITE;

    draw_pages(f, "xx");
    protect(f, 0, 2, VMM_PROT_READ);
    assert_int_equal(vm_map_wire(f->map, page(f, 0), page(f, 2), both, false),
                     VMM_PROTECTION_FAILURE);
    assert_int_equal(kernel_wire(f, 0, 2), VMM_OK);
    faults_since(f);
    assert_int_equal(vm_map_wire(f->map, page(f, 0), page(f, 2), both, false), VMM_OK);
    assert_int_equal(faults_since(f), 0);
    assert_wired(f, "22");
    assert_int_equal(kernel_unwire(f, 0, 2), VMM_OK);
    assert_int_equal(kernel_unwire(f, 0, 2), VMM_OK);
}

/*  pages  xx.xx      a first wire over the hole is code 1; between wired entries nobody looks, and
 *  wired  11.11      the kernel's unwire of the same range panics                                 */
static void
t11_hole(struct vm_fixture *f)
{
    draw_pages(f, "xx.xx");
    assert_int_equal(kernel_wire(f, 0, 5), VMM_INVALID_ADDRESS);
    assert_wired(f, "00.00");
    assert_int_equal(kernel_wire(f, 0, 2), VMM_OK);
    assert_int_equal(kernel_wire(f, 3, 5), VMM_OK);
    assert_int_equal(kernel_wire(f, 0, 5), VMM_OK);
    assert_wired(f, "22.22");
    assert_int_equal(kernel_unwire(f, 0, 5), VMM_MODEL_PANIC);
    assert_int_equal(vm_system_stop(f->system)->reason, REASON_UNWIRE_HOLE);
}

void
t11_wire_of_wired_entries_checks_neither_holes_nor_rights(struct vm_fixture *f)
{
    t11_rights(f);
    start_again(f);
    t11_hole(f);
}

/*  What an unwire of [0, 3) meets: nothing at page 0, an entry without wires, a hole              */
void
t12_kernel_unwire_errors_panic_and_user_ones_are_silent(struct vm_fixture *f)
{
    static const struct {
        const char *pages;
        bool is_wired;
        enum vmm_status user;
        enum trace_reason kernel;
    } cases[] = { { ".xx", false, VMM_INVALID_ADDRESS, REASON_UNWIRE_NOT_MAPPED },
                  { "xxx", false, VMM_OK, REASON_UNWIRE_UNWIRED },
                  { "x.x", true, VMM_OK, REASON_UNWIRE_HOLE } };

    for (size_t i = 0; i < VMM_COUNT_OF(cases); i++) {
        start_again(f);
        draw_pages(f, cases[i].pages);
        if (cases[i].is_wired)
            assert_int_equal(kernel_wire(f, 0, 1), VMM_OK);
        assert_int_equal(user_unwire(f, 0, 3), cases[i].user);
        assert_int_equal(vm_system_stop(f->system)->kind, VM_RUNNING);
        assert_int_equal(kernel_unwire(f, 0, 3), VMM_MODEL_PANIC);
        assert_int_equal(vm_system_stop(f->system)->reason, cases[i].kernel);
    }
}

/*  pages  xx.x       all wired by a user; the user's unwire of [0, 4). No source between 13 and
 *                    15.4 was read: 14 is our guess (docs/limits.md)                              */
void
t13_user_unwire_leaves_the_entry_before_a_hole_wired_until_13(struct vm_fixture *f)
{
    draw_pages(f, "xx.x");
    assert_int_equal(user_wire(f, 0, 2), VMM_OK);
    assert_int_equal(user_wire(f, 3, 4), VMM_OK);
    assert_wired(f, "11.1");
    assert_int_equal(user_unwire(f, 0, 4), VMM_OK);
    assert_wired(f, release_until(f, "13") ? "11.0" : "00.0");
}

/*  pages   0 1 resident, 2 3 not        wire 1 fault a page, then 2; unwire none                  */
void
t17_slow_wire_counts_two_faults_a_page(struct vm_fixture *f)
{
    draw_pages(f, "xxxx");
    make_resident(f, 0, 2);
    faults_since(f);
    assert_int_equal(kernel_wire(f, 0, 2), VMM_OK);
    assert_int_equal(faults_since(f), 2);
    assert_int_equal(kernel_wire(f, 2, 4), VMM_OK);
    assert_int_equal(faults_since(f), 4);
    assert_int_equal(kernel_wire(f, 0, 4), VMM_OK);
    assert_int_equal(kernel_unwire(f, 0, 4), VMM_OK);
    assert_int_equal(kernel_unwire(f, 0, 4), VMM_OK);
    assert_int_equal(faults_since(f), 0);
}

/* traps_map.c - other calls on a map that meet wired entries, and their odd answers; vm.md 2, 3.6 */
#include "traps.h"

#include "vm/vm_internal.h"
#include "vm/vm_task.h"
#include "vm/vm_upl.h"
#include "vm/vm_user.h"

/*  PTE   W   protect R   R   protect RW   R   store: one fault   W      all the while wired
 *  PTE   W   protect -   -   protect RW   -   load: one fault    wired again                      */
void
t03_protect_of_wired_memory_costs_a_fault(struct vm_fixture *f)
{
    uint8_t byte;

    draw_pages(f, "xx");
    assert_int_equal(kernel_wire(f, 0, 2), VMM_OK);
    assert_translated(f, "WW");
    protect(f, 0, 1, VMM_PROT_READ);
    protect(f, 1, 2, VMM_PROT_NONE);
    assert_translated(f, "R-");
    protect(f, 0, 2, VMM_PROT_DEFAULT);
    assert_translated(f, "R-");
    assert_wired(f, "11");
    faults_since(f);
    assert_int_equal(user_store(f, 0, 1), VMM_OK);
    assert_int_equal(faults_since(f), 1);
    assert_int_equal(user_load(f, 1, &byte), VMM_OK);
    assert_int_equal(faults_since(f), 1);
    assert_true(look(f, 1).is_translation_wired);
    assert_int_equal(kernel_unwire(f, 0, 2), VMM_OK);
}

/* How many pages of memory are wired, and no map entry says so. */
static uint64_t
wired_pages(const struct vm_fixture *f)
{
    return f->system->wired_pages;
}

/*  Memory that two objects' users see, wired by the user, then protected with VM_PROT_COPY.
 *  until 10.13  the entry is wired and waits to copy; the store makes a page that is not wired, the
 *               old one keeps the wire, and no unwire ever gives it back
 *  from 10.14   a copy takes the entry's place, and the wires are gone with the old entry          */
static void
t04_once(struct vm_fixture *f)
{
    bool marks = release_until(f, "10.13");
    vmm_ppn old;

    draw_pages(f, "x");
    assert_int_equal(user_store(f, 0, 5), VMM_OK);
    map_again(f, 0, 1, 4, VMM_PROT_DEFAULT);
    assert_int_equal(user_wire(f, 0, 1), VMM_OK);
    old = look(f, 0).ppn;
    assert_int_equal(look(f, 0).page_wire_count, 1);
    protect(f, 0, 1, VMM_PROT_DEFAULT | VMM_PROT_COPY);
    assert_wired(f, marks ? "1" : "0");
    assert_int_equal(wired_pages(f), marks ? 1 : 0);
    assert_int_equal(user_store(f, 0, 6), VMM_OK);
    assert_int_not_equal(look(f, 0).ppn, old);
    assert_int_equal(look(f, 0).page_wire_count, 0);
    assert_int_equal(look(f, 4).ppn, old);
    assert_int_equal(look(f, 4).page_wire_count, marks ? 1 : 0);
    assert_int_equal(user_unwire(f, 0, 1), VMM_OK);
    assert_wired(f, "0");
    assert_int_equal(wired_pages(f), marks ? 1 : 0);
    assert_null(vm_system_check(f->system));
    assert_int_equal(vm_deallocate(f->map, page(f, 4), PAGE), VMM_OK);
    assert_int_equal(vm_deallocate(f->map, page(f, 0), PAGE), VMM_OK);
    assert_int_equal(wired_pages(f), 0);
}

/* Pages from 0 on, wired by the user, then protected with VM_PROT_COPY; `other` shows them too. */
static void
t04_copy_wired_pages(struct vm_fixture *f, unsigned count, unsigned other)
{
    map_again(f, 0, count, other, VMM_PROT_DEFAULT);
    assert_int_equal(user_wire(f, 0, count), VMM_OK);
    protect(f, 0, count, VMM_PROT_DEFAULT | VMM_PROT_COPY);
}

/* An I/O list holds page n. */
static struct vm_upl *
t04_hold(struct vm_fixture *f, unsigned n)
{
    struct vm_upl *upl;
    vmm_size size = PAGE;

    assert_int_equal(vm_upl_create(f->map, page(f, n), &size, VM_UPL_COPYOUT_FROM, &upl), VMM_OK);
    return upl;
}

/*  Copied twice, and an I/O list holds the last copy: unwiring takes nothing from the list         */
static void
t04_twice(struct vm_fixture *f)
{
    struct vm_upl *upl;

    draw_pages(f, "x");
    assert_int_equal(user_store(f, 0, 1), VMM_OK);
    t04_copy_wired_pages(f, 1, 4);
    assert_int_equal(user_store(f, 0, 2), VMM_OK);
    t04_copy_wired_pages(f, 1, 5);
    assert_int_equal(user_store(f, 0, 3), VMM_OK);
    upl = t04_hold(f, 0);
    assert_int_equal(user_unwire(f, 0, 1), VMM_OK);
    assert_int_equal(user_unwire(f, 0, 1), VMM_OK);
    assert_wired(f, "0");
    assert_int_equal(look(f, 0).page_wire_count, 1);
    vm_upl_commit(&upl);
    assert_int_equal(look(f, 0).page_wire_count, 0);
}

/*  Page 0 is copied while wired, page 1 after the unwire: that one loses no wire, whoever holds the old
 *  page then                                                                                      */
static void
t04_unwired_in_time(struct vm_fixture *f)
{
    struct vm_upl *upl;

    draw_pages(f, "xx");
    assert_int_equal(user_store(f, 0, 1), VMM_OK);
    assert_int_equal(user_store(f, 1, 1), VMM_OK);
    t04_copy_wired_pages(f, 2, 4);
    assert_int_equal(user_store(f, 0, 2), VMM_OK);
    assert_int_equal(user_unwire(f, 0, 2), VMM_OK);
    upl = t04_hold(f, 5);
    assert_int_equal(user_store(f, 1, 2), VMM_OK);
    vm_upl_commit(&upl);
    assert_int_equal(look(f, 4).page_wire_count, release_until(f, "10.13") ? 1 : 0);
    assert_int_equal(look(f, 5).page_wire_count, 0);
    assert_int_equal(look(f, 1).page_wire_count, 0);
}

void
t04_protect_copy_of_wired_memory_loses_a_wire_until_10_13(struct vm_fixture *f)
{
    t04_once(f);
    start_again(f);
    t04_twice(f);
    start_again(f);
    t04_unwired_in_time(f);
}

/*  A user's wires go with the memory; a kernel's wire keeps the thread that removes it, for ever    */
void
t15_deallocate_of_kernel_wired_memory_never_returns(struct vm_fixture *f)
{
    draw_pages(f, "xx");
    assert_int_equal(user_wire(f, 0, 2), VMM_OK);
    assert_int_equal(user_wire(f, 0, 2), VMM_OK);
    assert_int_equal(vm_deallocate(f->map, page(f, 0), 2 * PAGE), VMM_OK);
    assert_wired(f, "..");
    draw_pages(f, "xx");
    assert_int_equal(kernel_wire(f, 0, 2), VMM_OK);
    assert_int_equal(kernel_unwire(f, 0, 2), VMM_OK);
    assert_int_equal(vm_deallocate(f->map, page(f, 0), 2 * PAGE), VMM_OK);
    draw_pages(f, "xx");
    assert_int_equal(kernel_wire(f, 0, 2), VMM_OK);
    assert_int_equal(vm_deallocate(f->map, page(f, 0), 2 * PAGE), VMM_MODEL_HANG);
    assert_int_equal(vm_system_stop(f->system)->reason, REASON_WIRED_AT_UNMAP);
    assert_wired(f, "11");
}

/* Copies pages [0, 4) in one of three ways; large enough for none to go through a kernel buffer. */
static void
fork_it(struct vm_fixture *f)
{
    struct vm_task *child;

    assert_int_equal(vm_task_fork(f->task, &child), VMM_OK);
}

static void
read_it(struct vm_fixture *f)
{
    vmm_va data;

    assert_int_equal(vm_read(f->map, page(f, 0), 4 * PAGE, f->map, &data), VMM_OK);
}

static void
remap_it(struct vm_fixture *f)
{
    struct vm_remap_call call = { .size = 4 * PAGE,
                                  .flags = VM_MAP_ANYWHERE,
                                  .source_map = f->map,
                                  .source = page(f, 0),
                                  .copy = true,
                                  .inheritance = VMM_INHERIT_COPY };
    vmm_prot prot, max_prot;
    vmm_va address = 0;

    assert_int_equal(vm_remap(f->map, &address, &call, &prot, &max_prot), VMM_OK);
}

/*  not wired   no page is copied, and the source loses WRITE    wwww -> rrrr
 *  wired       four pages are copied now; the source keeps it   WWWW -> WWWW                      */
void
t16_copies_of_wired_memory_are_made_at_once(struct vm_fixture *f)
{
    static void (*const ways[])(struct vm_fixture *) = { fork_it, read_it, remap_it };

    for (size_t i = 0; i < VMM_COUNT_OF(ways); i++) {
        for (unsigned is_wired = 0; is_wired < 2; is_wired++) {
            start_again(f);
            draw_pages(f, "xxxx");
            for (unsigned n = 0; n < 4; n++)
                assert_int_equal(user_store(f, n, 1), VMM_OK);
            if (is_wired)
                assert_int_equal(kernel_wire(f, 0, 4), VMM_OK);
            ways[i](f);
            assert_int_equal(events(f, EV_PAGE_COPY), is_wired ? 4 : 0);
            assert_translated(f, is_wired ? "WWWW" : "rrrr");
            if (is_wired)
                assert_int_equal(kernel_unwire(f, 0, 4), VMM_OK);
        }
    }
}

/*  first_free .....hint.....xx      10.9, 10.10: the hint lies before the first entry after
 *                                   first_free, so the search restarts there, below the hint      */
void
t26_anywhere_may_answer_below_the_hint_until_10_10(struct vm_fixture *f)
{
    struct vm_map_call call = { .size = PAGE,
                                .flags = VM_MAP_ANYWHERE,
                                .protection = VMM_PROT_DEFAULT,
                                .max_protection = VMM_PROT_ALL,
                                .inheritance = VMM_INHERIT_COPY };
    vmm_va hint = page(f, 0) - 16 * PAGE;
    vmm_va address = hint;

    draw_pages(f, "xx");
    assert_int_equal(vm_map_call(f->map, &address, &call), VMM_OK);
    if (release_until(f, "10.10"))
        assert_true(address < hint);
    else
        assert_int_equal(address, hint);
}

static enum vmm_status
read_bytes(struct vm_fixture *f, vmm_size size)
{
    vmm_va data;

    return vm_read(f->map, page(f, 0), size, f->map, &data);
}

/*  Where the line lies is known of these: 10.9-10.11 below 4096 bytes, 10.15 below two pages, 15.4
 *  up to two pages                                                                                */
void
t27_small_read_of_forbidden_memory_is_code_1_and_a_large_one_2(struct vm_fixture *f)
{
    bool is_early = release_from(f, "10.9") && release_until(f, "10.11");
    bool is_10_15 = release_from(f, "10.15") && release_until(f, "10.15");

    draw_pages(f, "xxxx");
    protect(f, 0, 4, VMM_PROT_NONE);
    assert_int_equal(read_bytes(f, 1), VMM_INVALID_ADDRESS);
    assert_int_equal(read_bytes(f, 4095), VMM_INVALID_ADDRESS);
    assert_int_equal(read_bytes(f, 4 * PAGE), VMM_PROTECTION_FAILURE);
    if (is_early)
        assert_int_equal(read_bytes(f, 4096), VMM_PROTECTION_FAILURE);
    if (is_10_15) {
        assert_int_equal(read_bytes(f, 8191), VMM_INVALID_ADDRESS);
        assert_int_equal(read_bytes(f, 8192), VMM_PROTECTION_FAILURE);
    }
    if (release_from(f, "15.4")) {
        assert_int_equal(read_bytes(f, 8192), VMM_INVALID_ADDRESS);
        assert_int_equal(read_bytes(f, 8193), VMM_PROTECTION_FAILURE);
    }
}

/*  WWWW   inherit page 1   ----     bookkeeping of one page drops what all four had; the pieces are
 *         load page 3      --WW     mapped again one by one. Memory keeps its translations         */
void
t28_cutting_a_device_mapping_drops_its_translations(struct vm_fixture *f)
{
    uint8_t byte;

    map_device(f, 0, 4);
    assert_int_equal(user_load(f, 0, &byte), VMM_OK);
    assert_translated(f, "WWWW");
    assert_int_equal(vm_inherit(f->map, page(f, 1), PAGE, VMM_INHERIT_NONE), VMM_OK);
    assert_translated(f, "----");
    assert_int_equal(events(f, EV_TLB_FLUSH), 1);
    assert_int_equal(user_load(f, 3, &byte), VMM_OK);
    assert_translated(f, "--WW");
    start_again(f);
    draw_pages(f, "xxxx");
    for (unsigned n = 0; n < 4; n++)
        assert_int_equal(user_store(f, n, 1), VMM_OK);
    assert_int_equal(vm_inherit(f->map, page(f, 1), PAGE, VMM_INHERIT_NONE), VMM_OK);
    assert_translated(f, "wwww");
    assert_int_equal(events(f, EV_TLB_FLUSH), 0);
}

/*
 * test_invariants.c - the invariants of vm.md 8 that test_vm_check.c leaves: I10, I17, I18, I20, I21
 *
 * As there: bend one thing, see it named, bend it back. I20 is about time and not about a state, so
 * it is watched over every call that changes a map; I8 has too many exceptions to be a property of a
 * state (vm.md 8). Then what our own headers promise besides.
 */
#include "vm_inside.h"

#include "pmap/pmap_flush.h"
#include "pmap/pmap_internal.h"
#include "trap_fixture.h"
#include "vm/vm_page.h"
#include "vm/vm_pageout.h"
#include "vm/vm_user.h"

static void
i10_a_wired_page_that_can_be_reclaimed(void **state)
{
    struct vm_fixture *f = *state;

    draw_pages(f, "x");
    assert_int_equal(kernel_wire(f, 0, 1), VMM_OK);
    page_at(f, 0)->queue = VM_PAGE_ACTIVE;
    assert_broken(f, "I6 a page of a wired entry has no wire count");
    page_at(f, 0)->queue = VM_PAGE_ON_NONE;
    assert_int_equal(kernel_unwire(f, 0, 1), VMM_OK);
}

static void
i10_a_page_that_lost_a_wire_it_never_had(void **state)
{
    struct vm_fixture *f = *state;

    draw_and_touch(f, "x");
    assert_true(vm_page_add_odd_wire(page_at(f, 0), VM_WIRES_LOST));
    assert_broken(f, "I10 a page lost more wires than it has");
    vm_page_drop_odd_wire(page_at(f, 0), VM_WIRES_LOST);
}

static void
i17_a_free_page_that_is_wired(void **state)
{
    struct vm_fixture *f = *state;
    struct vm_page *last = vm_page_at(f->system, f->system->frame_count);

    assert_null(vm_page_object(last));
    vm_page_set_wire_count(last, 1);
    assert_broken(f, "I17 a free page has a wire count");
    vm_page_set_wire_count(last, 0);
}

/*  most of a large machine was never handed out; what is wrong with a page there is seen all the same  */
static void
i17_a_far_page_that_was_never_handed_out(void **state)
{
    struct vm_fixture *f = *state;
    struct vm_page *far;

    vm_fixture_restart_on(f, "macos-15.4", &hw_geometry_x86_64, 4 * VM_PAGE_CHUNK);
    assert_null(vm_system_check(f->system));
    far = vm_page_at(f->system, 3 * VM_PAGE_CHUNK - 1);
    vm_page_set_wire_count(far, 1);
    assert_broken(f, "I17 a free page has a wire count");
    vm_page_set_wire_count(far, 2);
    assert_broken(f, "I17 a free page has a wire count");
    vm_page_set_wire_count(far, 0);
    far->queue = VM_PAGE_ACTIVE;
    assert_broken(f, "I17 a free page is on a queue");
    far->queue = VM_PAGE_ON_NONE;
    *vm_page_place(far) = 1u << VMM_RADIX_SHIFT; /* of the first leaf */
    draw_and_touch(f, "x");
    assert_broken(f, "I17 an object's page is a free frame");
    *vm_page_place(far) = 0;
    assert_null(vm_system_check(f->system));
}

static void
i10_a_page_that_nobody_can_reclaim(void **state)
{
    struct vm_fixture *f = *state;
    struct vm_page *found;
    struct vm_page kept;
    uint32_t *stored;
    uint32_t prev;

    draw_and_touch(f, "x");
    found = page_at(f, 0);
    kept = *found;
    stored = &vm_page_chunk(found)->wires[vm_page_nth(found)];
    prev = *stored;
    found->queue = VM_PAGE_ON_NONE;
    vm_page_set_wire_count(found, 0);
    assert_broken(f, "I10 a page that nobody holds stands on no queue");
    *found = kept;
    *stored = prev;
}

/*  pages in a row follow each other in their queue; what that says must be so  */
static void
q1_a_page_that_follows_another_than_it_says(void **state)
{
    struct vm_fixture *f = *state;
    struct vm_page_list *active = &f->system->queues[VM_PAGE_ACTIVE];
    struct vm_page *third;

    draw_and_touch(f, "xxx"); /* between the frames of the first two are those of tables */
    third = page_at(f, 2);
    assert_true(third->follows);
    third->follows = false; /* what is stored then was never written */
    vm_page_chunk(third)->queue_prev[vm_page_nth(third)] = VMM_NO_PAGE;
    vm_page_chunk(third)->queue_next[vm_page_nth(third) - 1] = vm_page_ppn(third);
    assert_broken(f, "Q1 a page of a queue is not behind the one before");
    third->follows = true;
    active->count++;
    assert_broken(f, "Q1 a queue has not the pages that it counts");
    active->count--;
    vm_page_at(f->system, f->system->frame_count)->follows = true;
    assert_broken(f, "Q1 a page that is on no queue follows another");
    vm_page_at(f->system, f->system->frame_count)->follows = false;
    assert_null(vm_system_check(f->system));
}

static void
i17_a_free_page_that_is_on_a_queue(void **state)
{
    struct vm_fixture *f = *state;
    struct vm_page *last = vm_page_at(f->system, f->system->frame_count);

    last->queue = VM_PAGE_ACTIVE;
    assert_broken(f, "I17 a free page is on a queue");
    last->queue = VM_PAGE_ON_NONE;
}

/*  Nobody would drop that translation when the page goes                                           */
static void
i17_a_translation_of_a_page_that_was_never_mapped(void **state)
{
    struct vm_fixture *f = *state;

    draw_and_touch(f, "x");
    page_at(f, 0)->pmapped = false;
    assert_broken(f, "I17 a page that was never mapped has a translation");
    page_at(f, 0)->pmapped = true;
}

static void
i21_a_page_that_stays_in_laundry(void **state)
{
    struct vm_fixture *f = *state;

    draw_and_touch(f, "x");
    page_at(f, 0)->laundry = true;
    assert_broken(f, "I21 a page is in laundry with nobody at work");
    page_at(f, 0)->laundry = false;
}

static void
g1_a_guard_page_that_has_a_frame(void **state)
{
    struct vm_fixture *f = *state;
    struct vm_object *object;

    draw_and_touch(f, "x");
    object = vm_page_object(page_at(f, 0));
    assert_int_equal(vm_map_wire(f->map, page(f, 0), page(f, 1), VMM_PROT_READ, true), VMM_OK);
    object->guard_first = true;
    assert_broken(f, "G1 a guard page has a frame");
    object->guard_first = false;
}

static void
g3_a_slot_that_nobody_names(void **state)
{
    struct vm_fixture *f = *state;

    f->system->store.used++;
    assert_broken(f, "G3 the store holds more or less than objects name");
    f->system->store.used--;
}

static void
g3_more_slots_than_there_may_be(void **state)
{
    struct vm_fixture *f = *state;

    f->system->store.limit = 1;
    draw_and_touch(f, "x");
    assert_int_equal(vm_page_out(page_at(f, 0)), VMM_OK);
    f->system->store.limit = 0;
    assert_broken(f, "G3 the store holds more than it may");
    f->system->store.limit = 1;
}

static void
f2_a_page_in_error_that_is_mapped(void **state)
{
    struct vm_fixture *f = *state;

    draw_and_touch(f, "x");
    page_at(f, 0)->error = true;
    assert_broken(f, "F2 a page in error is wired or mapped");
    page_at(f, 0)->error = false;
}

static void
i21_a_page_that_stays_busy(void **state)
{
    struct vm_fixture *f = *state;

    draw_and_touch(f, "x");
    page_at(f, 0)->busy = true;
    assert_broken(f, "I21 a page is busy with nobody at work");
    page_at(f, 0)->busy = false;
    vm_page_object(page_at(f, 0))->paging_in_progress = 1;
    assert_broken(f, "I21 an object pages with nobody at work");
    vm_page_object(page_at(f, 0))->paging_in_progress = 0;
}

/*  The page forgets its object while a translation of it is there                                  */
static void
i17_a_free_page_that_is_mapped(void **state)
{
    struct vm_fixture *f = *state;
    struct vm_page *found;
    struct vm_page kept;
    uint32_t *stored;
    uint32_t place, prev;

    draw_and_touch(f, "x");
    found = page_at(f, 0);
    kept = *found;
    place = *vm_page_place(found);
    stored = &vm_page_chunk(found)->wires[vm_page_nth(found)];
    prev = *stored;
    *found = (struct vm_page){ .queue = VM_PAGE_ON_NONE };
    *vm_page_place(found) = 0;
    vm_page_set_wire_count(found, 0);
    assert_broken(f, "I17 a free page is mapped");
    *found = kept;
    *vm_page_place(found) = place;
    *stored = prev;
}

/*  The translation is gone and flushed; then the TLB has it again, as if a flush had been forgotten  */
static void
i18_a_tlb_that_remembers_what_no_table_has(void **state)
{
    struct vm_fixture *f = *state;
    struct hw_machine *machine = f->system->machine;
    struct hw_tlb *tlb = &machine->cpus[0].tlb;
    vmm_ppn ppn;

    draw_and_touch(f, "x");
    ppn = vm_page_ppn(page_at(f, 0));
    pmap_page_protect(f->system->pmaps, ppn, VMM_PROT_NONE);
    assert_null(vm_system_check(f->system));
    hw_tlb_fill(tlb, hw_vpn(machine->geometry, page(f, 0)), f->map->pmap->asid,
                hw_pte_make(ppn, HW_PTE_VALID | HW_PTE_USER | HW_PTE_NX));
    assert_broken(f, "I18 a TLB holds a translation that no table has");
    hw_tlb_flush_all(tlb);
}

/*
 * Another task's space was flushed while nobody ran it, so this CPU owes it a flush. That is no excuse for a
 * translation of ours that is not so any more: whoever uses it is told.
 */
static void
i18_a_stale_use_is_seen_while_another_space_is_owed_a_flush(void **state)
{
    struct vm_fixture *f = *state;
    struct hw_machine *machine = f->system->machine;
    struct pmap *other = pmap_create(f->system->pmaps, 77);
    uint8_t byte;

    assert_non_null(other);
    vm_system_watch_tlbs(f->system, true);
    draw_and_touch(f, "xx");
    pmap_flush_range(other, page(f, 0), page(f, 1));
    assert_int_not_equal(pmap_cpu_owes(f->system->pmaps, 0), 0);
    hw_tlb_fill(&machine->cpus[0].tlb, hw_vpn(machine->geometry, page(f, 0)), f->map->pmap->asid,
                hw_pte_make(vm_page_ppn(page_at(f, 1)),
                            HW_PTE_VALID | HW_PTE_USER | HW_PTE_WRITE | HW_PTE_MOD | HW_PTE_NX));
    assert_int_equal(user_load(f, 0, &byte), VMM_OK);
    assert_int_equal(vm_system_trace(f->system)->counters[EV_TLB_STALE], 1);
    hw_tlb_flush_all(&machine->cpus[0].tlb);
    pmap_destroy(other);
}

static enum vmm_status
allocate(struct vm_fixture *f)
{
    vmm_va address = page(f, 8);

    return vm_allocate(f->map, &address, PAGE, VM_MAP_FIXED);
}

static enum vmm_status
narrow(struct vm_fixture *f)
{
    return vm_protect(f->map, page(f, 0), PAGE, false, VMM_PROT_READ);
}

static enum vmm_status
share(struct vm_fixture *f)
{
    return vm_inherit(f->map, page(f, 0), PAGE, VMM_INHERIT_SHARE);
}

static enum vmm_status
wire(struct vm_fixture *f)
{
    return kernel_wire(f, 0, 2);
}

static enum vmm_status
unwire(struct vm_fixture *f)
{
    return kernel_unwire(f, 0, 2);
}

static enum vmm_status
deallocate(struct vm_fixture *f)
{
    return vm_deallocate(f->map, page(f, 0), PAGE);
}

/*  Whoever looked at the map before must be able to tell that it changed                           */
static void
i20_every_change_of_a_map_moves_its_timestamp(void **state)
{
    static enum vmm_status (*const changes[])(
        struct vm_fixture *) = { allocate, narrow, share, wire, unwire, deallocate };
    struct vm_fixture *f = *state;

    draw_pages(f, "xx");
    for (size_t i = 0; i < VMM_COUNT_OF(changes); i++) {
        uint64_t before = f->map->timestamp;

        assert_int_equal(changes[i](f), VMM_OK);
        assert_true(f->map->timestamp > before);
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, vm_fixture_setup, vm_fixture_teardown)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(i10_a_wired_page_that_can_be_reclaimed),
        TEST(i10_a_page_that_lost_a_wire_it_never_had),
        TEST(i17_a_far_page_that_was_never_handed_out),
        TEST(i10_a_page_that_nobody_can_reclaim),
        TEST(q1_a_page_that_follows_another_than_it_says),
        TEST(i17_a_free_page_that_is_on_a_queue),
        TEST(i17_a_translation_of_a_page_that_was_never_mapped),
        TEST(i21_a_page_that_stays_in_laundry),
        TEST(g1_a_guard_page_that_has_a_frame),
        TEST(g3_a_slot_that_nobody_names),
        TEST(g3_more_slots_than_there_may_be),
        TEST(f2_a_page_in_error_that_is_mapped),
        TEST(i21_a_page_that_stays_busy),
        TEST(i17_a_free_page_that_is_wired),
        TEST(i17_a_free_page_that_is_mapped),
        TEST(i18_a_tlb_that_remembers_what_no_table_has),
        TEST(i18_a_stale_use_is_seen_while_another_space_is_owed_a_flush),
        TEST(i20_every_change_of_a_map_moves_its_timestamp),
    };

    return cmocka_run_group_tests_name("invariants", tests, NULL, NULL);
}

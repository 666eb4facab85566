/* traps_wire_count.c - who is charged for a wire, how many there may be, what a failure leaves */
#include "traps.h"

#include "vm/vm_internal.h"
#include "vm/vm_user.h"

/*  limit 2 pages, entry xxxx     [0, 2) fits as a piece of its own, and again for nothing; [2, 3) is
 *  a page too much, and so is the whole of a second entry of which a piece would fit              */
void
t14_only_the_first_user_wire_of_an_entry_is_charged(struct vm_fixture *f)
{
    f->map->user_wire_limit = 2 * PAGE;
    draw_pages(f, "xxxx.xxx");
    assert_int_equal(user_wire(f, 0, 2), VMM_OK);
    assert_int_equal(f->map->user_wire_size, 2 * PAGE);
    assert_int_equal(user_wire(f, 0, 2), VMM_OK);
    assert_int_equal(f->map->user_wire_size, 2 * PAGE);
    assert_int_equal(user_wire(f, 2, 3), VMM_RESOURCE_SHORTAGE);
    assert_int_equal(user_unwire(f, 0, 2), VMM_OK);
    assert_int_equal(f->map->user_wire_size, 2 * PAGE);
    assert_int_equal(user_unwire(f, 0, 2), VMM_OK);
    assert_int_equal(f->map->user_wire_size, 0);
    assert_int_equal(user_wire(f, 5, 8), VMM_RESOURCE_SHORTAGE);
    assert_int_equal(user_wire(f, 5, 7), VMM_OK);
    assert_int_equal(kernel_wire(f, 0, 4), VMM_OK); /* the kernel has no limit */
    assert_int_equal(f->map->user_wire_size, 2 * PAGE);
    assert_int_equal(kernel_unwire(f, 0, 4), VMM_OK);
}

void
t25_wire_of_size_0_takes_an_unaligned_page_until_14(struct vm_fixture *f)
{
    draw_pages(f, "xx");
    assert_int_equal(vm_wire(f->map, page(f, 0), 0, VMM_PROT_READ), VMM_OK);
    assert_wired(f, "00");
    assert_int_equal(vm_wire(f->map, page(f, 0) + 1, 0, VMM_PROT_READ), VMM_OK);
    assert_wired(f, release_until(f, "14") ? "10" : "00");
    assert_int_equal(vm_wire(f->map, page(f, 0) + 1, 0, VMM_PROT_NONE), VMM_OK);
    assert_wired(f, "00");
}

/*  pages   xxxx.     wire [1, 5) meets the hole: code 1, nothing wired, no page made; but the entry
 *  after   x|xxx     stays cut at page 1, and it has an object now                                */
static void
t29_hole(struct vm_fixture *f)
{
    draw_pages(f, "xxxx.");
    assert_int_equal(look(f, 0).object_id, 0);
    assert_int_equal(kernel_wire(f, 1, 5), VMM_INVALID_ADDRESS);
    assert_wired(f, "0000.");
    assert_translated(f, "-----");
    assert_int_equal(entries_in(f, 0, 4), 2);
    assert_int_equal(entries_in(f, 1, 4), 1);
}

/*  rights  wwr       what was wired before the failure is unwired, and then simplified; the pieces
 *                    in front of it and behind it stay                                            */
static void
t29_rights(struct vm_fixture *f)
{
    struct vm_region region;

    draw_pages(f, "xxxx");
    protect(f, 2, 4, VMM_PROT_READ);
    assert_int_equal(entries_in(f, 0, 4), 2);
    assert_int_equal(
        vm_map_wire(f->map, page(f, 1), page(f, 3), VMM_PROT_READ | VMM_PROT_WRITE, false),
        VMM_PROTECTION_FAILURE);
    assert_wired(f, "0000");
    assert_translated(f, "-w--");
    assert_int_equal(entries_in(f, 2, 4), 2);
    assert_true(vm_map_region(f->map, page(f, 2), &region));
    assert_int_not_equal(region.object_id, 0);
}

void
t29_failed_wire_leaves_cut_entries_and_objects(struct vm_fixture *f)
{
    struct vm_region region;

    t29_hole(f);
    assert_true(vm_map_region(f->map, page(f, 0), &region));
    assert_int_not_equal(region.object_id, 0);
    start_again(f);
    t29_rights(f);
}

void
t30_too_many_wires_are_code_5_for_users_and_a_panic_for_the_kernel(struct vm_fixture *f)
{
    enum vmm_status status = VMM_OK;

    draw_pages(f, "xx");
    for (unsigned i = 0; i < 65535 && status == VMM_OK; i++)
        status = user_wire(f, 0, 1);
    assert_int_equal(status, VMM_OK);
    assert_int_equal(user_wire(f, 0, 1), VMM_FAILURE);
    assert_int_equal(vm_system_stop(f->system)->kind, VM_RUNNING);
    for (unsigned i = 0; i < 65535 && status == VMM_OK; i++)
        status = kernel_wire(f, 1, 2);
    assert_int_equal(status, VMM_OK);
    assert_int_equal(user_wire(f, 1, 2), VMM_FAILURE);
    assert_int_equal(kernel_wire(f, 1, 2), VMM_MODEL_PANIC);
    assert_int_equal(vm_system_stop(f->system)->reason, REASON_TOO_MANY_WIRES);
}

void
t31_superpages_are_user_wired_and_stay_so(struct vm_fixture *f)
{
    enum { SUPERPAGE = 2 << 20 };
    vmm_va address = (vmm_va)1 << 34;
    struct vm_region region;

    vm_fixture_restart_on(f, f->profile.name, &hw_geometry_x86_64, 1536);
    assert_int_equal(vm_allocate(f->map, &address, SUPERPAGE, VM_MAP_FIXED | VM_MAP_SUPERPAGE_2MB),
                     VMM_OK);
    assert_true(vm_map_region(f->map, address, &region));
    assert_int_equal(region.user_wired_count, 1);
    assert_int_equal(region.inheritance, VMM_INHERIT_NONE);
    assert_int_equal(region.resident_pages, SUPERPAGE / PAGE);
    assert_int_equal(vm_map_translated(f->map, address, address + SUPERPAGE, NULL), 0); /* T6 */
    assert_int_equal(vm_map_unwire(f->map, address, address + SUPERPAGE, true),
                     VMM_INVALID_ADDRESS);
    assert_int_equal(vm_map_unwire(f->map, address, address + SUPERPAGE, false),
                     VMM_INVALID_ADDRESS);
    assert_true(vm_map_region(f->map, address, &region));
    assert_int_equal(region.user_wired_count, 1);
    assert_int_equal(vm_deallocate(f->map, address, SUPERPAGE), VMM_OK);
}

/* traps_fault.c - what a fault enters, and when it is refused; vm.md 4, 6 */
#include "traps.h"

#include "iokit_fixture.h"
#include "vm/vm_fault.h"
#include "vm/vm_internal.h"
#include "vm/vm_upl.h"

/*  wire    ----     success, and nothing is entered
 *  load    WWWW     one fault maps the whole entry, wired, with every right
 *  unwire  WWWW     takes nothing away                                                            */
void
t06_wire_of_device_memory_maps_nothing_and_a_touch_maps_all(struct vm_fixture *f)
{
    uint8_t byte;

    map_device(f, 0, 4);
    faults_since(f);
    assert_int_equal(kernel_wire(f, 0, 4), VMM_OK);
    assert_wired(f, "1111");
    assert_translated(f, "----");
    assert_int_equal(faults_since(f), 0);
    assert_int_equal(user_load(f, 2, &byte), VMM_OK);
    assert_translated(f, "WWWW");
    assert_int_equal(user_store(f, 0, 1), VMM_OK);
    assert_int_equal(faults_since(f), 1);
    assert_int_equal(kernel_unwire(f, 0, 4), VMM_OK);
    assert_wired(f, "0000");
    assert_translated(f, "WWWW");
}

/*  A mapping made with kIOMapPrefault: WWWW though no entry is wired. The first store after a
 *  protect comes through a fault, which clears the bit. Before 10.10 there is no such option, and the
 *  mapping is lazy: ---- (seed-view makes every mapping eager, without the bit)                   */
void
t10_prefault_sets_the_wired_bit_and_a_fault_clears_it(struct vm_fixture *f)
{
    bool has_prefault = release_from(f, "10.10");
    struct iokit_fixture io = { .world = NULL };
    vmk_task_t other;
    uint64_t address;
    vmk_desc_t md;
    vmk_map_t m;

    iokit_fixture_start(&io, f->profile.name, false);
    other = vmk_sim_task_create();
    md = describe(&io, 0, 4, IO_DIRECTION_OUT_IN);
    assert_int_equal(vmk_desc_prepare(md, IO_DIRECTION_NONE), VMM_OK);
    m = vmk_map_create(md, other, 0, IO_MAP_ANYWHERE | IO_MAP_PREFAULT, 0, 0);
    assert_non_null(m);
    address = vmk_map_address(m);
    assert_io_wired(other, address, "0000");
    if (has_prefault) {
        assert_io_translated(other, address, "WWWW");
        assert_int_equal(vmk_sim_protect(other, address, 2 * IO_PAGE, VMM_PROT_READ), VMM_OK);
        assert_int_equal(vmk_sim_protect(other, address, 2 * IO_PAGE, VMM_PROT_DEFAULT), VMM_OK);
        assert_io_translated(other, address, "RRWW");
        assert_true(io_store(other, address, 1));
        assert_io_translated(other, address, "wRWW");
    } else {
        assert_io_translated(other, address, f->profile.is_release ? "----" : "wwww");
    }
    iokit_fixture_end(&io);
}

/*  page 0 was never mapped with WRITE: a read maps it r, and the store faults again
 *  page 1 was: 10.12 and later keep WRITE when another mapping of it is read                       */
void
t18_read_fault_maps_read_only_unless_mapped_writable_from_10_12(struct vm_fixture *f)
{
    bool keeps = release_from(f, "10.12");
    uint8_t byte;

    draw_pages(f, "xx");
    make_resident(f, 0, 1);
    assert_int_equal(user_store(f, 1, 1), VMM_OK);
    map_again(f, 0, 2, 4, VMM_PROT_DEFAULT);
    faults_since(f);
    assert_int_equal(user_load(f, 4, &byte), VMM_OK);
    assert_int_equal(user_load(f, 5, &byte), VMM_OK);
    assert_int_equal(faults_since(f), 2);
    assert_translated(f, keeps ? "-w--rw" : "-w--rr");
    assert_int_equal(user_store(f, 4, 2), VMM_OK);
    assert_int_equal(faults_since(f), 1);
    assert_int_equal(user_store(f, 5, 2), VMM_OK);
    assert_int_equal(faults_since(f), keeps ? 0 : 1);
}

/*  fresh memory                  a load maps it w: no second fault
 *  fresh, but somebody holds a   a load maps it r: the store must push to the copy first, or make a
 *  copy or shares it by fork     page of its own                                                  */
void
t19_zero_fill_read_maps_writable(struct vm_fixture *f)
{
    struct vm_task *child;
    uint8_t byte = 1;

    draw_pages(f, "xxx");
    assert_int_equal(user_load(f, 0, &byte), VMM_OK);
    assert_int_equal(byte, 0);
    assert_translated(f, "w--");
    faults_since(f);
    assert_int_equal(user_store(f, 0, 1), VMM_OK);
    assert_int_equal(faults_since(f), 0);
    map_again(f, 0, 3, 4, VMM_PROT_DEFAULT);
    map_copy(f, 0, 3, 8);
    assert_int_equal(user_load(f, 1, &byte), VMM_OK);
    assert_translated(f, "rr-");
    start_again(f);
    draw_pages(f, "xx");
    assert_int_equal(user_store(f, 0, 1), VMM_OK);
    assert_int_equal(vm_task_fork(f->task, &child), VMM_OK);
    assert_int_equal(user_load(f, 1, &byte), VMM_OK);
    assert_translated(f, "rr");
}

/* A load by the kernel of its own memory. */
static enum vmm_status
kernel_load(struct vm_fixture *f, vmm_va va, bool has_recovery)
{
    return vm_access(f->system,
                     &(struct vm_access){ .task = vm_task_kernel(f->system),
                                          .va = va,
                                          .length = 1,
                                          .kind = VM_ACCESS_READ,
                                          .has_recovery = has_recovery },
                     NULL);
}

/* Three pages of the kernel's, resident and without a translation. */
static vmm_va
kernel_pages(struct vm_fixture *f)
{
    vmm_size size = 3 * PAGE;
    struct vm_upl *upl;
    vmm_va va = 0;

    assert_int_equal(vm_allocate(f->kernel, &va, size, VM_MAP_ANYWHERE), VMM_OK);
    assert_int_equal(vm_upl_create(f->kernel, va, &size, VM_UPL_COPYOUT_FROM, &upl), VMM_OK);
    vm_upl_commit(&upl);
    return va;
}

/*  The page is resident; only the translation is missing. With preemption off vm_fault() says 5
 *  before it counts: with a recovery handler that is an error, without one a panic. Under a mutex the
 *  same fault is served, and what has a translation never asks.                                   */
void
t20_fault_with_preemption_off_fails_though_the_page_is_there(struct vm_fixture *f)
{
    vmm_va va = kernel_pages(f);
    const char *text;

    vm_context_enter(f->system, VM_MUTEX);
    assert_int_equal(kernel_load(f, va, false), VMM_OK);
    vm_context_leave(f->system, VM_MUTEX);
    vm_context_enter(f->system, VM_PREEMPTION_OFF);
    assert_int_equal(kernel_load(f, va, false), VMM_OK);
    faults_since(f);
    assert_int_equal(vm_fault(f->kernel, va + PAGE, VMM_PROT_READ), VMM_FAILURE);
    assert_int_equal(kernel_load(f, va + PAGE, true), VMM_INVALID_ADDRESS);
    assert_int_equal(vm_system_stop(f->system)->kind, VM_RUNNING);
    assert_int_equal(kernel_load(f, va + PAGE, false), VMM_MODEL_PANIC);
    assert_int_equal(faults_since(f), 0);
    assert_int_equal(vm_system_stop(f->system)->reason, REASON_FAULT_RESTRICTED);
    text = vm_system_stop(f->system)->text;
    assert_int_equal(strstr(text, ", PL: 1") != NULL, release_from(f, "10.11"));
    assert_int_equal(strstr(text, ", VF: 5") != NULL, release_from(f, "10.13"));
}

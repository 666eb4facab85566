/* traps_pmap.c - translations that go although wired, and who must forget them; vm.md 5 */
#include "traps.h"

#include "pmap/pmap_internal.h"
#include "vm/vm_fault.h"
#include "vm/vm_internal.h"
#include "vm/vm_map_prefault.h"
#include "vm/vm_memory_entry.h"

/* arm64 kernels for the Mac begin with macOS 11 (vm.md 0). */
static bool
restart_on_arm64(struct vm_fixture *f)
{
    if (release_before(f, "11"))
        return false;
    vm_fixture_restart_on(f, f->profile.name, &hw_geometry_arm64_16k, 512);
    return true;
}

static enum vmm_status
touch(struct vm_fixture *f, struct vm_task *task, vmm_va va, enum vm_access_kind kind)
{
    return vm_access(
        f->system, &(struct vm_access){ .task = task, .va = va, .length = 1, .kind = kind }, NULL);
}

/* Fresh pages of a task's map, of whatever size pages are. */
static vmm_va
fresh(struct vm_task *task, unsigned pages)
{
    vmm_va va = 0;

    assert_int_equal(vm_allocate(vm_task_map(task), &va,
                                 pages * vm_system_page_bytes(vm_task_system(task)),
                                 VM_MAP_ANYWHERE),
                     VMM_OK);
    return va;
}

/*  pages  0     memory that others hold a copy of (8)
 *  pages  4     the same memory, mapped and wired for reading only: nothing is pushed, R
 *  A store to page 0 pushes the old page to the copy, and every translation of it goes, page 4's too. */
static void
t02_push(struct vm_fixture *f)
{
    uint8_t byte;

    draw_pages(f, "x");
    assert_int_equal(user_store(f, 0, 1), VMM_OK);
    map_again(f, 0, 1, 4, VMM_PROT_READ);
    map_copy(f, 0, 1, 8);
    assert_int_equal(kernel_wire(f, 4, 5), VMM_OK);
    assert_true(look(f, 4).is_translation_wired);
    assert_int_equal(user_store(f, 0, 2), VMM_OK);
    assert_int_equal(look(f, 4).page_wire_count, 1);
    assert_false(look(f, 4).is_translated);
    faults_since(f);
    assert_int_equal(user_load(f, 4, &byte), VMM_OK);
    assert_int_equal(byte, 2);
    assert_int_equal(faults_since(f), 1);
    assert_true(look(f, 4).is_translation_wired);
    assert_int_equal(kernel_unwire(f, 4, 5), VMM_OK);
}

/*  A fork does not do it: the wire has a page of its own, which the child's store leaves alone      */
static void
t02_fork(struct vm_fixture *f)
{
    struct vm_task *child;

    draw_pages(f, "x");
    assert_int_equal(user_store(f, 0, 1), VMM_OK);
    assert_int_equal(vm_task_fork(f->task, &child), VMM_OK);
    assert_int_equal(kernel_wire(f, 0, 1), VMM_OK);
    assert_int_equal(
        vm_access(
            f->system,
            &(struct vm_access){
                .task = child, .va = page(f, 0), .length = 1, .kind = VM_ACCESS_WRITE, .fill = 2 },
            NULL),
        VMM_OK);
    assert_true(look(f, 0).is_translation_wired);
    assert_int_equal(kernel_unwire(f, 0, 1), VMM_OK);
}

void
t02_pushing_a_page_drops_a_wired_translation(struct vm_fixture *f)
{
    t02_push(f);
    start_again(f);
    t02_fork(f);
}

static void
assert_wired_counts(const struct vm_fixture *f, unsigned pages, unsigned statistic)
{
    struct pmap_statistics statistics;

    pmap_statistics(f->map->pmap, &statistics);
    assert_int_equal(statistics.wired_pages, pages);
    assert_int_equal(statistics.wired_statistic, statistic);
}

/* Page `at` is a copy of page 0, prefaulted: R. A store puts another page in its place. */
static void
t09_replace(struct vm_fixture *f, unsigned at, unsigned drift)
{
    uint64_t entered;
    vmm_ppn ppn;

    draw_pages(f, "xxxx");
    assert_int_equal(user_store(f, 0, 1), VMM_OK);
    map_copy(f, 0, 4, at);
    ppn = look(f, at).ppn;
    assert_int_equal(vm_map_prefault(f->map, page(f, at), &ppn, 1, VMM_PROT_READ, true, &entered),
                     VMM_OK);
    assert_wired_counts(f, 1, 1);
    assert_int_equal(user_store(f, at, 2), VMM_OK);
    assert_int_not_equal(look(f, at).translation_ppn, ppn);
    assert_wired_counts(f, 0, drift);
    assert_int_equal(kernel_wire(f, at, at + 4), VMM_OK);
    assert_int_equal(kernel_unwire(f, at, at + 4), VMM_OK);
    assert_wired_counts(f, 0, drift);
}

/*  From 10.10 on x86's statistic keeps counting what is gone; the true count does not, nor arm64's  */
void
t09_replacing_a_wired_translation_drifts_the_statistic_from_10_10(struct vm_fixture *f)
{
    t09_replace(f, 4, release_from(f, "10.10") ? 1 : 0);
    if (restart_on_arm64(f))
        t09_replace(f, 4, 0);
}

/*  Two entries with resident pages; nobody touched the first through its mapping                    */
void
t21_unmap_of_untouched_memory_flushes_nothing(struct vm_fixture *f)
{
    uint8_t byte;

    draw_pages(f, "xxxx.xxxx");
    make_resident(f, 0, 4);
    make_resident(f, 5, 9);
    assert_int_equal(user_load(f, 6, &byte), VMM_OK);
    assert_int_equal(vm_deallocate(f->map, page(f, 0), 4 * PAGE), VMM_OK);
    assert_int_equal(events(f, EV_TLB_FLUSH), 0);
    assert_int_equal(vm_deallocate(f->map, page(f, 5), 4 * PAGE), VMM_OK);
    assert_int_equal(events(f, EV_TLB_FLUSH), 1);
    assert_int_equal(events(f, EV_PMAP_REMOVE), 1);
}

/* The TLB knows pages 0 and 2. Page 2 goes; how many pages must be walked for again? */
static void
t22_flush_one_page(struct vm_fixture *f, unsigned walks_again)
{
    struct hw_cpu *cpu = &f->system->machine->cpus[0];
    vmm_size page_bytes = vm_system_page_bytes(f->system);
    vmm_va va = fresh(f->task, 3);
    uint64_t walks;

    assert_int_equal(touch(f, f->task, va, VM_ACCESS_READ), VMM_OK);
    assert_int_equal(touch(f, f->task, va + 2 * page_bytes, VM_ACCESS_READ), VMM_OK);
    walks = cpu->walks;
    assert_int_equal(touch(f, f->task, va, VM_ACCESS_READ), VMM_OK);
    assert_int_equal(cpu->walks, walks);
    assert_int_equal(vm_deallocate(f->map, va + 2 * page_bytes, page_bytes), VMM_OK);
    assert_int_equal(touch(f, f->task, va, VM_ACCESS_READ), VMM_OK);
    assert_int_equal(cpu->walks, walks + walks_again);
}

/*  One page is flushed: x86 forgets the whole space, arm64 the page                                */
void
t22_every_x86_flush_forgets_the_whole_space(struct vm_fixture *f)
{
    t22_flush_one_page(f, 1);
    if (restart_on_arm64(f))
        t22_flush_one_page(f, 0);
}

/* The kernel, on CPU 0, makes a translation of its own and takes it away again. */
static void
kernel_unmap(struct vm_fixture *f)
{
    vmm_va va = 0;

    assert_int_equal(vm_allocate(f->kernel, &va, PAGE, VM_MAP_ANYWHERE), VMM_OK);
    assert_int_equal(vm_fault(f->kernel, va, VMM_PROT_READ), VMM_OK);
    assert_int_equal(vm_deallocate(f->kernel, va, PAGE), VMM_OK);
}

/*  CPU 1 runs   kernel code: interrupted    user code, or nothing: marked, and it flushes when it next
 *               enters the kernel                                                                 */
void
t23_kernel_flush_does_not_interrupt_user_mode(struct vm_fixture *f)
{
    static const enum hw_cpu_mode modes[] = { HW_CPU_USER, HW_CPU_IDLE, HW_CPU_KERNEL };
    const struct pmap_system *pmaps = f->system->pmaps;

    for (size_t i = 0; i < VMM_COUNT_OF(modes); i++) {
        bool is_interrupted = modes[i] == HW_CPU_KERNEL;
        uint64_t before = events(f, EV_TLB_SHOOTDOWN);

        pmap_cpu_mode(f->system->pmaps, 1, modes[i]);
        kernel_unmap(f);
        assert_int_equal(events(f, EV_TLB_SHOOTDOWN) - before, is_interrupted ? 1 : 0);
        assert_int_equal(pmap_is_flush_pending(pmaps, 1), !is_interrupted);
        pmap_cpu_mode(f->system->pmaps, 1, HW_CPU_KERNEL);
        assert_false(pmap_is_flush_pending(pmaps, 1));
    }
}

/* Wires a fresh page and stores to it twice: no fault is counted; so many fast ones are taken. */
static void
t24_wire_and_store(struct vm_fixture *f, struct vm_task *task, unsigned fast_faults)
{
    vmm_va va = fresh(task, 1);
    vmm_va end = va + vm_system_page_bytes(f->system);
    uint64_t before = events(f, EV_FAST_FAULT);

    assert_int_equal(vm_map_wire(vm_task_map(task), va, end, VMM_PROT_READ, false), VMM_OK);
    faults_since(f);
    vm_context_enter(f->system, VM_PREEMPTION_OFF);
    assert_int_equal(touch(f, task, va, VM_ACCESS_WRITE), VMM_OK);
    assert_int_equal(touch(f, task, va, VM_ACCESS_WRITE), VMM_OK);
    vm_context_leave(f->system, VM_PREEMPTION_OFF);
    assert_int_equal(faults_since(f), 0);
    assert_int_equal(events(f, EV_FAST_FAULT) - before, fast_faults);
    assert_int_equal(vm_map_unwire(vm_task_map(task), va, end, false), VMM_OK);
}

/*  The first store to a user's page that was wired before it: a fast fault on arm64, which is no fault
 *  and may be taken with preemption off; nothing for the kernel's pages, and nothing on x86        */
void
t24_arm64_user_memory_wired_before_its_first_store_faults_softly(struct vm_fixture *f)
{
    t24_wire_and_store(f, f->task, 0);
    t24_wire_and_store(f, vm_task_kernel(f->system), 0);
    if (!restart_on_arm64(f))
        return;
    t24_wire_and_store(f, f->task, 1);
    t24_wire_and_store(f, vm_task_kernel(f->system), 0);
}

/*  page 0  never mapped   page 1  mapped r by a load   page 2  mapped w by a store
 *  Each is `step` pages of the window; wiring page 2 flushes as often as `for_written` says.       */
static void
t32_wire_each(struct vm_fixture *f, unsigned step, unsigned for_written)
{
    uint64_t before;
    uint8_t byte;

    draw_pages(f, "xxxxxxxxxxxx");
    make_resident(f, 0, 3 * step);
    assert_int_equal(user_load(f, step, &byte), VMM_OK);
    assert_int_equal(user_store(f, 2 * step, 1), VMM_OK);
    before = events(f, EV_TLB_FLUSH);
    assert_int_equal(kernel_wire(f, 0, step), VMM_OK);
    assert_int_equal(events(f, EV_TLB_FLUSH), before);
    assert_int_equal(kernel_wire(f, step, 2 * step), VMM_OK);
    assert_int_equal(events(f, EV_TLB_FLUSH), before + 1);
    assert_int_equal(kernel_wire(f, 2 * step, 3 * step), VMM_OK);
    assert_int_equal(events(f, EV_TLB_FLUSH), before + 1 + for_written);
    assert_int_equal(kernel_unwire(f, 0, 3 * step), VMM_OK);
}

/*  x86: wiring page 1 changes two bits of its word and flushes, page 2 only the wired bit; arm64:
 *  every change of a valid word flushes. Page 0 costs none                                        */
void
t32_wire_of_a_page_only_read_flushes_on_x86(struct vm_fixture *f)
{
    t32_wire_each(f, 1, 0);
    if (restart_on_arm64(f))
        t32_wire_each(f, 4, 1);
}

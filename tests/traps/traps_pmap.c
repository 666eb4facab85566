/* traps_pmap.c - translations that go although wired, and who must forget them; vm.md 5 */
#include "traps.h"

#include "pmap/pmap_internal.h"
#include "vm/vm_fault.h"
#include "vm/vm_internal.h"
#include "vm/vm_map_prefault.h"
#include "vm/vm_memory_entry.h"

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

/*  page 1 is a copy of page 0, prefaulted: R. A store puts another page in its place. From 10.10 on
 *  the wired statistic keeps counting what is gone; the true count does not.                      */
void
t09_replacing_a_wired_translation_drifts_the_statistic_from_10_10(struct vm_fixture *f)
{
    struct pmap_statistics statistics;
    uint64_t entered;
    vmm_ppn ppn;

    draw_pages(f, "x");
    assert_int_equal(user_store(f, 0, 1), VMM_OK);
    map_copy(f, 0, 1, 1);
    ppn = look(f, 1).ppn;
    assert_int_equal(vm_map_prefault(f->map, page(f, 1), &ppn, 1, VMM_PROT_READ, true, &entered),
                     VMM_OK);
    assert_translated(f, "rR");
    pmap_statistics(f->map->pmap, &statistics);
    assert_int_equal(statistics.wired_pages, 1);
    assert_int_equal(statistics.wired_statistic, 1);
    assert_int_equal(user_store(f, 1, 2), VMM_OK);
    assert_translated(f, "rw");
    pmap_statistics(f->map->pmap, &statistics);
    assert_int_equal(statistics.wired_pages, 0);
    assert_int_equal(statistics.wired_statistic, release_from(f, "10.10") ? 1 : 0);
    assert_int_equal(kernel_wire(f, 1, 2), VMM_OK);
    assert_int_equal(kernel_unwire(f, 1, 2), VMM_OK);
    pmap_statistics(f->map->pmap, &statistics);
    assert_int_equal(statistics.wired_statistic, release_from(f, "10.10") ? 1 : 0);
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

/*  The TLB knows pages 0 and 2. Page 2 goes, one page is flushed, and page 0 must be walked for too  */
void
t22_every_x86_flush_forgets_the_whole_space(struct vm_fixture *f)
{
    struct hw_cpu *cpu = &f->system->machine->cpus[0];
    uint8_t byte;
    uint64_t walks;

    draw_pages(f, "x.x");
    assert_int_equal(user_load(f, 0, &byte), VMM_OK);
    assert_int_equal(user_load(f, 2, &byte), VMM_OK);
    walks = cpu->walks;
    assert_int_equal(user_load(f, 0, &byte), VMM_OK);
    assert_int_equal(cpu->walks, walks);
    assert_int_equal(vm_deallocate(f->map, page(f, 2), PAGE), VMM_OK);
    assert_int_equal(user_load(f, 0, &byte), VMM_OK);
    assert_int_equal(cpu->walks, walks + 1);
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

/*  page 0  never mapped   page 1  mapped r by a load   page 2  mapped w by a store
 *  Wiring page 1 changes two bits of its word and flushes; the others change none or one.          */
void
t32_wire_of_a_page_only_read_flushes_on_x86(struct vm_fixture *f)
{
    uint8_t byte;

    draw_pages(f, "xxx");
    make_resident(f, 0, 3);
    assert_int_equal(user_load(f, 1, &byte), VMM_OK);
    assert_int_equal(user_store(f, 2, 1), VMM_OK);
    assert_translated(f, "-rw");
    assert_int_equal(kernel_wire(f, 0, 1), VMM_OK);
    assert_int_equal(kernel_wire(f, 2, 3), VMM_OK);
    assert_int_equal(events(f, EV_TLB_FLUSH), 0);
    assert_int_equal(kernel_wire(f, 1, 2), VMM_OK);
    assert_int_equal(events(f, EV_TLB_FLUSH), 1);
    assert_translated(f, "WWW");
    assert_int_equal(kernel_unwire(f, 0, 3), VMM_OK);
}

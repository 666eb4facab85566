/*
 * bench_bar_memory.c - host bytes for what is simulated
 *
 *     memory-page     each page of a GiB that is resident, translated and wired, without contents
 *     memory-entry    each of 100,000 map entries that nobody has touched
 *     memory-tlb      the TLBs of one more CPU
 *     memory-sparse   1 TiB of mappings of 1 MiB each, a million, in a system of 256 MiB host memory
 * Nothing is timed: the arena says how much was taken.
 */
#include "bar.h"
#include "harness.h"
#include "vm/vm_map_wire.h"
#include "vm/vm_task.h"

enum { PAGES = 1 << 18, ENTRIES = 100000, SPARSE_ENTRIES = 1 << 20, PAGE = 4096 };

static struct vm_task *
world(uint32_t cpus, vmm_ppn frames)
{
    struct vm_profile profile;
    struct vm_system *system;
    struct vm_task *task = NULL;

    bench_arena_empty();
    vm_profile_at(vm_profile_count() - 2, &profile);
    system = vm_system_create(&(struct vm_config){ .alloc = &bench_alloc,
                                                   .profile = &profile,
                                                   .geometry = &hw_geometry_x86_64,
                                                   .cpu_count = cpus,
                                                   .frame_count = frames });
    bench_check(system != NULL && vm_task_create(system, &task) == VMM_OK, "no task");
    return task;
}

/* All in: what the machine takes for its frames before anybody uses one counts too. */
static double
bytes_of_a_page(void)
{
    vmm_size size = (vmm_size)PAGES * PAGE;
    vmm_va address = 0;
    struct vm_task *task = world(1, PAGES + 2048);

    bench_check(vm_allocate(vm_task_map(task), &address, size, VM_MAP_ANYWHERE) == VMM_OK &&
                    vm_map_wire(vm_task_map(task), address, address + size, VMM_PROT_DEFAULT,
                                false) == VMM_OK,
                "could not wire");
    return (double)bench_arena_used() / PAGES;
}

/* Apart from each other, so that none becomes one with its neighbour. */
static double
bytes_of_an_entry(void)
{
    struct vm_task *task = world(1, 1024);
    size_t before = bench_arena_used();

    for (vmm_va i = 0; i < ENTRIES; i++) {
        vmm_va address = ((vmm_va)1 << 33) + i * 2 * PAGE;

        bench_check(vm_allocate(vm_task_map(task), &address, PAGE, VM_MAP_FIXED) == VMM_OK,
                    "no entry");
    }
    return (double)(bench_arena_used() - before) / ENTRIES;
}

static double
mib_of_a_sparse_tib(void)
{
    struct vm_task *task = world(1, 1024);
    vmm_size size = (vmm_size)1 << 20;

    for (vmm_va i = 0; i < SPARSE_ENTRIES; i++) {
        vmm_va address = ((vmm_va)1 << 33) + i * (size + PAGE);

        bench_check(vm_allocate(vm_task_map(task), &address, size, VM_MAP_FIXED) == VMM_OK,
                    "no entry");
    }
    return (double)bench_arena_used() / (1 << 20);
}

static double
bytes_of_tlbs(void)
{
    size_t one;

    (void)world(1, 1024);
    one = bench_arena_used();
    (void)world(2, 1024);
    return (double)(bench_arena_used() - one);
}

int
main(void)
{
    bench_arena_create((size_t)512 << 20);
    bench_bar("memory-page", bytes_of_a_page(), 24, "bytes", 1);
    bench_bar("memory-entry", bytes_of_an_entry(), 96, "bytes", 1);
    bench_bar("memory-tlb", bytes_of_tlbs(), 20 << 10, "bytes", 1);
    bench_bar("memory-sparse", mib_of_a_sparse_tib(), 256, "MiB", 1);
    return bench_bar_code();
}

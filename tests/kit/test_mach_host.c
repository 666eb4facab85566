/* test_mach_host.c - a program dereferences the addresses that the Mach calls give it */
#define _DEFAULT_SOURCE 1 /* MAP_ANONYMOUS */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

#include <mach/mach.h>

#include "host_mmu.h"
#include "vm/vm_system.h"

struct fixture {
    const char *machine;
    mach_port_t task;
    uint64_t page;
};

static int
start(void **state, const char *machine)
{
    static struct fixture fixture;

    assert_int_equal(mach_kit_start_on("macos-15.4", machine, &host_mmu), 0);
    fixture = (struct fixture){ machine, mach_task_self(), (uint64_t)1 << mach_kit_page_shift() };
    host_mmu_faults = host_mmu_refused = 0;
    *state = &fixture;
    return 0;
}

static int
setup_4k(void **state)
{
    return start(state, "x86_64");
}

static int
setup_16k(void **state)
{
    return start(state, "arm64");
}

static int
teardown(void **state)
{
    const char *broken = vm_system_check(mach_kit_system());

    (void)state;
    if (broken != NULL)
        fail_msg("invariant: %s", broken);
    mach_kit_stop();
    return 0;
}

static struct fixture *
arm(void **state)
{
    host_mmu_arm();
    return *state;
}

static uint64_t
allocate(const struct fixture *f, unsigned pages)
{
    mach_vm_address_t at = 0;

    assert_int_equal(mach_vm_allocate(f->task, &at, pages * f->page, VM_FLAGS_ANYWHERE), 0);
    return at;
}

static uint8_t
load(uint64_t va)
{
    uint8_t byte = 0;

    assert_true(host_mmu_load(va, &byte));
    return byte;
}

static void
store(uint64_t va, uint8_t byte)
{
    assert_true(host_mmu_store(va, byte));
}

static uint8_t *
pointer(uint64_t va)
{
    return (uint8_t *)(uintptr_t)va;
}

/*  one fault a page, the bytes stay, and the kit's own access sees them  */
static void
memory_is_zero_until_it_is_stored_to(void **state)
{
    struct fixture *f = arm(state);
    uint64_t at = allocate(f, 8);
    uint8_t byte = 1;

    for (uint64_t i = 0; i < 8 * f->page; i++)
        assert_int_equal(pointer(at)[i], 0);
    assert_int_equal(host_mmu_faults, 8);
    memset(pointer(at), 0xa5, 8 * f->page);
    /* x86: zero fill gave WRITE at once. arm64: each first store is a fast fault (vm.md 5.8, T24). */
    assert_int_equal(host_mmu_faults, f->page == 4096 ? 8 : 16);
    assert_int_equal(mach_kit_touch(at + f->page + 3, 0, &byte), 0);
    assert_int_equal(byte, 0xa5);
    byte = 0x3c;
    assert_int_equal(mach_kit_touch(at + f->page + 3, 1, &byte), 0);
    assert_int_equal(load(at + f->page + 3), 0x3c);
    assert_int_equal(host_mmu_refused, 0);
}

static void
what_protection_forbids_is_refused(void **state)
{
    struct fixture *f = arm(state);
    uint64_t at = allocate(f, 4);
    uint8_t byte;

    store(at + f->page, 7);
    assert_int_equal(mach_vm_protect(f->task, at, 2 * f->page, 0, VM_PROT_READ), 0);
    assert_int_equal(load(at + f->page), 7);
    assert_false(host_mmu_store(at + f->page, 8));
    assert_false(host_mmu_store(at, 8)); /* never touched: the fault itself is refused */
    assert_int_equal(mach_vm_protect(f->task, at, 4 * f->page, 0, VM_PROT_NONE), 0);
    assert_false(host_mmu_load(at + f->page, &byte));
    assert_int_equal(mach_vm_protect(f->task, at, 4 * f->page, 0, VM_PROT_DEFAULT), 0);
    assert_int_equal(load(at + f->page), 7);
    store(at + f->page, 9);
    assert_int_equal(load(at + f->page), 9);
    assert_int_equal(host_mmu_refused, 3);
}

static void
what_is_deallocated_is_gone_and_comes_back_zero(void **state)
{
    struct fixture *f = arm(state);
    uint64_t at = allocate(f, 4);
    mach_vm_address_t again = at;
    uint8_t byte;

    memset(pointer(at), 0x77, 4 * f->page);
    assert_int_equal(mach_vm_deallocate(f->task, at + f->page, 2 * f->page), 0);
    assert_false(host_mmu_load(at + f->page, &byte));
    assert_int_equal(load(at), 0x77);
    assert_int_equal(mach_vm_allocate(f->task, &again, 4 * f->page, VM_FLAGS_OVERWRITE), 0);
    for (uint64_t i = 0; i < 4 * f->page; i++)
        assert_int_equal(pointer(at)[i], 0);
}

/*  every frame of the machine is used several times over  */
static void
a_frame_that_is_used_again_is_zero(void **state)
{
    struct fixture *f = arm(state);

    for (unsigned round = 0; round < 24; round++) {
        uint64_t at = allocate(f, 512);

        for (uint64_t i = 0; i < 512 * f->page; i += f->page) {
            assert_int_equal(pointer(at)[i], 0);
            assert_int_equal(pointer(at)[i + f->page - 1], 0);
            memset(pointer(at) + i, 0xff, f->page);
        }
        assert_int_equal(mach_vm_deallocate(f->task, at, 512 * f->page), 0);
    }
}

static void
a_copy_falls_apart_when_either_side_stores(void **state)
{
    struct fixture *f = arm(state);
    uint64_t at = allocate(f, 4);
    vm_offset_t copy = 0;
    mach_msg_type_number_t count = 0;

    memset(pointer(at), 0x11, 4 * f->page);
    assert_int_equal(mach_vm_read(f->task, at, 4 * f->page, &copy, &count), 0);
    assert_int_equal(count, 4 * f->page);
    assert_memory_equal(pointer(at), pointer(copy), 4 * f->page);
    store(at, 0x22);
    assert_int_equal(load(copy), 0x11);
    store(copy + f->page, 0x33);
    assert_int_equal(load(at + f->page), 0x11);
}

static void
a_share_is_one_memory_at_two_addresses(void **state)
{
    struct fixture *f = arm(state);
    uint64_t at = allocate(f, 2);
    mach_vm_address_t other = 0;
    vm_prot_t current = 0, most = 0;

    store(at, 1);
    assert_int_equal(mach_vm_remap(f->task, &other, 2 * f->page, 0, VM_FLAGS_ANYWHERE, f->task, at,
                                   0, &current, &most, VM_INHERIT_COPY),
                     0);
    assert_int_not_equal(other, at);
    assert_int_equal(load(other), 1);
    store(other + f->page, 2);
    assert_int_equal(load(at + f->page), 2);
    store(at, 3);
    assert_int_equal(load(other), 3);
}

/*  the parent's pages become read-only in the host too; what it stores then the child does not see  */
static void
a_forked_child_keeps_the_bytes_of_the_fork(void **state)
{
    struct fixture *f = arm(state);
    uint64_t at = allocate(f, 2);
    uint8_t seen[2] = { 0, 0 };
    mach_vm_size_t size = 0;
    mach_port_t child;

    store(at, 1);
    child = mach_kit_fork();
    assert_int_not_equal(child, 0);
    host_mmu_faults = 0;
    store(at, 2);
    assert_int_equal(host_mmu_faults, 1);
    assert_int_equal(
        mach_vm_read_overwrite(child, at, 1, (mach_vm_address_t)(uintptr_t)&seen[0], &size), 0);
    assert_int_equal(mach_vm_write(child, at, (vm_offset_t)(uintptr_t) "z", 1), 0);
    assert_int_equal(
        mach_vm_read_overwrite(child, at, 1, (mach_vm_address_t)(uintptr_t)&seen[1], &size), 0);
    assert_int_equal(seen[0], 1);
    assert_int_equal(seen[1], 'z');
    assert_int_equal(load(at), 2);
}

/*  write and read_overwrite take buffers of the host (stack, heap) and of the task alike  */
static void
buffers_may_be_the_hosts_or_simulated(void **state)
{
    struct fixture *f = arm(state);
    uint64_t target = allocate(f, 4);
    uint64_t buffer = allocate(f, 4);
    uint64_t length = 2 * f->page + 77;
    uint8_t *mine = malloc(length);
    mach_vm_size_t size = 0;

    for (uint64_t i = 0; i < length; i++)
        mine[i] = (uint8_t)(i * 7);
    assert_int_equal(
        mach_vm_write(f->task, target + 5, (vm_offset_t)(uintptr_t)mine, (unsigned)length), 0);
    assert_memory_equal(pointer(target + 5), mine, length);
    assert_int_equal(load(target + 4), 0);
    assert_int_equal(mach_vm_read_overwrite(f->task, target + 5, length, buffer + 9, &size), 0);
    assert_int_equal(size, length);
    assert_memory_equal(pointer(buffer + 9), mine, length);
    memset(mine, 0, length);
    assert_int_equal(mach_vm_read_overwrite(f->task, buffer + 9, length,
                                            (mach_vm_address_t)(uintptr_t)mine, &size),
                     0);
    assert_memory_equal(pointer(target + 5), mine, length);
    pointer(buffer)[0] = 0x61;
    assert_int_equal(mach_vm_write(f->task, target, buffer, 1), 0);
    assert_int_equal(load(target), 0x61);
    free(mine);
}

static void
buffers_that_are_nobodys_are_refused(void **state)
{
    struct fixture *f = arm(state);
    uint64_t at = allocate(f, 1);
    void *hole = mmap(NULL, 65536, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    mach_vm_size_t size = 0;

    assert_int_not_equal(mach_vm_write(f->task, at, (vm_offset_t)(uintptr_t)hole, 16), 0);
    assert_int_not_equal(mach_vm_write(f->task, at, 0, 16), 0);
    assert_int_not_equal(
        mach_vm_read_overwrite(f->task, at, 16, (mach_vm_address_t)(uintptr_t)hole, &size), 0);
    assert_int_not_equal(mach_vm_read_overwrite(f->task, at, 16, at + f->page, &size), 0);
    assert_int_not_equal(
        mach_vm_read_overwrite(f->task, at, 16, (mach_vm_address_t)(uintptr_t) "constant", &size),
        0);
    assert_int_equal(munmap(hole, 65536), 0);
}

/*  in- and out-parameters lie in simulated memory nobody has touched yet  */
static void
parameters_may_lie_in_simulated_memory(void **state)
{
    struct fixture *f = arm(state);
    struct {
        mach_vm_address_t address;
        mach_vm_size_t size;
        int disposition, references;
        vm_offset_t data;
        mach_msg_type_number_t count;
        struct vm_region_basic_info_64 info;
        mach_port_t object;
    } *p = (void *)pointer(allocate(f, 2));
    struct mach_vm_read_entry *list = (void *)pointer(allocate(f, 2));
    uint8_t *vector = pointer(allocate(f, 1));
    uint64_t target = allocate(f, 4);

    assert_int_equal(mach_vm_allocate(f->task, &p->address, f->page, VM_FLAGS_ANYWHERE), 0);
    store(p->address, 5);
    list[0].address = p->address;
    list[0].size = f->page;
    assert_int_equal(mach_vm_read_list(f->task, list, 1), 0);
    assert_int_equal(load(list[0].address), 5);
    assert_int_equal(mach_vm_page_query(f->task, p->address, &p->disposition, &p->references), 0);
    assert_int_equal(p->disposition & 1, 1);
    assert_int_equal(mach_vm_read(f->task, p->address, 8, &p->data, &p->count), 0);
    assert_int_equal(load(p->data), 5);
    p->count = VM_REGION_BASIC_INFO_COUNT_64;
    assert_int_equal(mach_vm_region(f->task, &p->address, &p->size, VM_REGION_BASIC_INFO_64,
                                    (int *)&p->info, &p->count, &p->object),
                     0);
    assert_int_equal(p->info.protection, VM_PROT_DEFAULT);
    store(target + f->page, 1);
    assert_int_equal(mach_kit_mincore(target, 4 * f->page, vector), 0);
    assert_int_equal(vector[0] & 1, 0); /* MINCORE_INCORE */
    assert_int_equal(vector[1] & 1, 1);
    assert_int_equal(mach_kit_mincore(target, f->page, pointer(target + 64 * f->page)), 14);
    p->size = 4;
    assert_int_equal(
        mach_vm_page_range_query(f->task, target, 4 * f->page, (uintptr_t)(vector + 64), &p->size),
        0);
    assert_int_equal(((int *)(void *)(vector + 64))[1] & 1, 1);
    assert_int_equal(((int *)(void *)(vector + 64))[2] & 1, 0);
}

static void
dispositions_may_go_to_the_host(void **state)
{
    struct fixture *f = arm(state);
    uint64_t target = allocate(f, 2);
    int found[2] = { -1, -1 };
    mach_vm_size_t count = 2;

    store(target, 1);
    assert_int_equal(
        mach_vm_page_range_query(f->task, target, 2 * f->page, (uintptr_t)found, &count), 0);
    assert_int_equal(found[0] & 1, 1);
    assert_int_equal(found[1] & 1, 0);
}

/*  the host's own pages: only mprotect() is passed on  */
static void
the_hosts_own_memory_stays_the_hosts(void **state)
{
    struct fixture *f = arm(state);
    uint8_t *mine = mmap(NULL, 65536, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    uint64_t at = (uintptr_t)mine;

    mine[0] = 0x42;
    assert_int_equal(mach_kit_mprotect(at, 65536, VM_PROT_READ), 0);
    assert_int_equal(mprotect(mine, 65536, PROT_READ | PROT_WRITE), 0);
    assert_int_not_equal(mach_vm_protect(f->task, at, f->page, 0, VM_PROT_READ), 0);
    assert_int_not_equal(mach_kit_mlock(at, f->page), 0);
    (void)mach_kit_munmap(at, 65536);
    assert_int_equal(mine[0], 0x42);
    assert_int_equal(munmap(mine, 65536), 0);
}

/*  room is found only where the host has some, whatever the hint; fixed places get macOS's codes  */
static void
room_is_found_where_the_host_has_some(void **state)
{
    struct fixture *f = arm(state);
    mach_vm_address_t at = (uintptr_t)&at;
    uint64_t first = allocate(f, 1);

    for (unsigned i = 0; i < 4; i++) {
        mach_vm_address_t hints[] = { 0, (uintptr_t)&hints, (uintptr_t)load, first - (1 << 20) };

        at = hints[i];
        assert_int_equal(mach_vm_map(f->task, &at, f->page, 0, VM_FLAGS_ANYWHERE, 0, 0, 0,
                                     VM_PROT_DEFAULT, VM_PROT_ALL, VM_INHERIT_COPY),
                         0);
        assert_true(at >= first);
        store(at, 1);
    }
    at = ~(uint64_t)0 << 20;
    assert_int_equal(mach_vm_allocate(f->task, &at, f->page, VM_FLAGS_FIXED), KERN_INVALID_ADDRESS);
    at = first;
    assert_int_equal(mach_vm_allocate(f->task, &at, f->page, VM_FLAGS_FIXED), KERN_NO_SPACE);
}

#define CASE(test) cmocka_unit_test_setup_teardown(test, SETUP, teardown)
#define CASES                                                                                    \
    CASE(memory_is_zero_until_it_is_stored_to), CASE(what_protection_forbids_is_refused),        \
        CASE(what_is_deallocated_is_gone_and_comes_back_zero),                                   \
        CASE(a_frame_that_is_used_again_is_zero),                                                \
        CASE(a_copy_falls_apart_when_either_side_stores),                                        \
        CASE(a_share_is_one_memory_at_two_addresses),                                            \
        CASE(a_forked_child_keeps_the_bytes_of_the_fork),                                        \
        CASE(buffers_may_be_the_hosts_or_simulated), CASE(buffers_that_are_nobodys_are_refused), \
        CASE(parameters_may_lie_in_simulated_memory), CASE(dispositions_may_go_to_the_host),     \
        CASE(the_hosts_own_memory_stays_the_hosts), CASE(room_is_found_where_the_host_has_some)

int
main(void)
{
#define SETUP setup_4k
    const struct CMUnitTest small[] = { CASES };
#undef SETUP
#define SETUP setup_16k
    const struct CMUnitTest large[] = { CASES };
#undef SETUP

    return cmocka_run_group_tests_name("4 KiB", small, NULL, NULL) +
           cmocka_run_group_tests_name("16 KiB", large, NULL, NULL);
}

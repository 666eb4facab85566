/*
 * by_pointer.c - a program as the conformance kit has them: it knows the adapter's names alone, and
 * dereferences what they give it. Exit 0: every byte and code was right.
 */
#include <oracle/base.h>
#include <sys/mman.h>

#include <setjmp.h>

#include "host_mmu.h"
#include "mach_adapter.h"

static int wrong;

#define CHECK(condition)                                                                  \
    do {                                                                                  \
        if (!(condition)) {                                                               \
            fprintf(stderr, "%s:%d: %s does not hold\n", __FILE__, __LINE__, #condition); \
            wrong = 1;                                                                    \
        }                                                                                 \
    } while (0)

static uint8_t *
pointer(uint64_t va)
{
    return (uint8_t *)(uintptr_t)va;
}

static void
mach_memory(uint64_t page)
{
    mach_vm_address_t at = 0;
    mach_vm_size_t size = 0;
    uint8_t bytes[64];

    CHECK(mach_vm_allocate(mach_task_self(), &at, 4 * page, VM_FLAGS_ANYWHERE) == KERN_SUCCESS);
    memset(pointer(at), 0x5a, 4 * page);
    CHECK(mach_vm_protect(mach_task_self(), at, page, 0, VM_PROT_READ) == KERN_SUCCESS);
    CHECK(pointer(at)[3] == 0x5a);
    CHECK(!host_mmu_store(at, 1));
    CHECK(oracle_fault(at, 1) == KERN_PROTECTION_FAILURE);
    CHECK(oracle_fault(at, 0) == KERN_SUCCESS);
    CHECK(oracle_fault(at + 64 * page, 0) == KERN_INVALID_ADDRESS);
    CHECK(mach_vm_read_overwrite(mach_task_self(), at + page - 32, 64, (uintptr_t)bytes, &size) ==
          KERN_SUCCESS);
    CHECK(size == 64 && bytes[63] == 0x5a);
    memset(bytes, 7, sizeof(bytes));
    CHECK(mach_vm_write(mach_task_self(), at + 2 * page, (uintptr_t)bytes, 64) == KERN_SUCCESS);
    CHECK(pointer(at)[2 * page + 63] == 7 && pointer(at)[2 * page + 64] == 0x5a);
    CHECK(mach_vm_deallocate(mach_task_self(), at, 4 * page) == KERN_SUCCESS);
    CHECK(!host_mmu_load(at + 2 * page, bytes));
}

static void
bsd_memory(uint64_t page)
{
    uint8_t *at =
        oracle_mmap(NULL, 4 * page, PROT_READ | PROT_WRITE, MAP_ANON | MAP_PRIVATE, -1, 0);
    char *vector = oracle_mmap(NULL, page, PROT_READ | PROT_WRITE, MAP_ANON | MAP_PRIVATE, -1, 0);

    CHECK(at != MAP_FAILED && vector != MAP_FAILED);
    at[page] = 1;
    CHECK(oracle_mincore(at, 4 * page, vector) == 0);
    CHECK((vector[0] & 1) == 0 && (vector[1] & 1) == 1);
    CHECK(oracle_mincore(at, page, (char *)at + 64 * page) == -1 && errno == EFAULT);
    CHECK(oracle_mprotect(at, page, PROT_NONE) == 0);
    CHECK(!host_mmu_load((uintptr_t)at, (uint8_t *)vector));
    CHECK(oracle_munmap(at, 4 * page) == 0);
}

int
main(void)
{
    mach_memory(vm_page_size);
    bsd_memory(vm_page_size);
    CHECK(host_mmu_faults > 0 && host_mmu_refused == 3);
    return wrong;
}

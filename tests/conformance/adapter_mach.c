/*
 * adapter_mach.c - the kit's Mach names under the names that the conformance kit drives
 *
 * Renames and nothing more: the mach_vm_* calls are the kit's own; here are the BSD calls with
 * errno, one access, and a handful of sysctls; the vm_* spellings are in adapter_spellings.c.
 */
#include <oracle/base.h>
#include <sys/mman.h>

#include "mach_adapter.h"
#include "mach_kit.h"

unsigned oracle_model_release(void);
int sysctlbyname(const char *name, void *old, size_t *old_length, void *new, size_t new_length);

vm_size_t vm_page_size = 4096, vm_page_mask = 4095;
vm_size_t vm_kernel_page_size = 4096, vm_kernel_page_mask = 4095;
int vm_page_shift = 12, vm_kernel_page_shift = 12;

/* There when the program links hostmmu.c: then the host's MMU plays the simulated one. */
#pragma weak hostmmu_init
#pragma weak hostmmu_ram
#pragma weak hostmmu_enter
#pragma weak hostmmu_remove
#pragma weak hostmmu_protect

__attribute__((constructor)) static void
start(void)
{
    const char *profile = getenv("FAULTLINE_PROFILE");
    const char *machine = getenv("FAULTLINE_MACHINE");
    static struct mach_host_mmu mmu;

    mmu = (struct mach_host_mmu){ hostmmu_init, hostmmu_ram, hostmmu_enter, hostmmu_remove,
                                  hostmmu_protect };
    if (mach_kit_start_on(profile, machine, mmu.init == NULL ? NULL : &mmu) != 0) {
        fprintf(stderr, "adapter: unknown FAULTLINE_PROFILE or FAULTLINE_MACHINE, or no memory\n");
        exit(2);
    }
    vm_page_shift = vm_kernel_page_shift = mach_kit_page_shift();
    vm_page_size = vm_kernel_page_size = (vm_size_t)1 << vm_page_shift;
    vm_page_mask = vm_kernel_page_mask = vm_page_size - 1;
}

unsigned
oracle_model_release(void)
{
    return mach_kit_release();
}

int
oracle_touch(uint64_t va, int write, uint8_t *byte)
{
    return mach_kit_touch(va, write, byte);
}

int
oracle_fault(uint64_t va, int write)
{
    return mach_kit_fault(va, write);
}

/* ---- BSD ---- */

static int
answer(int error)
{
    errno = error == 35 ? EAGAIN : error; /* the other numbers are the same on both */
    return error == 0 ? 0 : -1;
}

void *
oracle_mmap(void *address, size_t length, int prot, int flags, int fd, off_t offset)
{
    uint64_t at = (uintptr_t)address;
    bool has_tag = (flags & MAP_ANON) && fd != -1;
    int tag = has_tag ? (int)((unsigned)fd >> 24) : 0;

    if ((offset & (off_t)vm_page_mask) != 0 || (has_tag && (fd & 0xFFFFFF) != 0)) {
        errno = EINVAL;
        return MAP_FAILED;
    }
    if (answer(mach_kit_mmap(&at, length, prot, flags, tag)) != 0)
        return MAP_FAILED;
    return (void *)(uintptr_t)at;
}

int
oracle_munmap(void *address, size_t length)
{
    return answer(mach_kit_munmap((uintptr_t)address, length));
}

int
oracle_mprotect(void *address, size_t length, int prot)
{
    return answer(mach_kit_mprotect((uintptr_t)address, length, prot));
}

int
oracle_msync(void *address, size_t length, int flags)
{
    return answer(mach_kit_msync((uintptr_t)address, length, flags));
}

int
oracle_madvise(void *address, size_t length, int advice)
{
    return answer(mach_kit_madvise((uintptr_t)address, length, advice));
}

int
oracle_mincore(const void *address, size_t length, char *pages)
{
    return answer(mach_kit_mincore((uintptr_t)address, length, (uint8_t *)pages));
}

int
oracle_minherit(void *address, size_t length, int inheritance)
{
    return answer(mach_kit_minherit((uintptr_t)address, length, inheritance));
}

int
oracle_mlock(const void *address, size_t length)
{
    return answer(mach_kit_mlock((uintptr_t)address, length));
}

int
oracle_munlock(const void *address, size_t length)
{
    return answer(mach_kit_munlock((uintptr_t)address, length));
}

int
sysctlbyname(const char *name, void *old, size_t *old_length, void *new, size_t new_length)
{
    uint64_t value;

    (void)new;
    (void)new_length;
    if (!mach_kit_sysctl(name, &value))
        return answer(ENOENT);
    if (old_length == NULL)
        return 0;
    if (old == NULL) {
        *old_length = sizeof(value);
        return 0;
    }
    if (*old_length >= sizeof(value)) {
        memcpy(old, &value, sizeof(value));
        *old_length = sizeof(value);
    } else {
        uint32_t half = (uint32_t)value;

        memcpy(old, &half, sizeof(half));
        *old_length = sizeof(half);
    }
    return 0;
}

/* mach_kit.c - see mach_kit.h */
#include "mach_kit.h"

#include <stdlib.h>
#include <string.h>

#include "mach_host.h"
#include "mach_ports.h"
#include "vm/vm_access.h"
#include "vm/vm_bsd.h"
#include "vm/vm_profile.h"
#include "vmmodel.h"

enum { KIT_FRAMES = 1 << 18, KIT_STORE_PAGES = 1 << 20, KIT_CPUS = 2 };

static struct {
    struct vm_system *system;
    struct vm_task *task;
} kit;

static void *
kit_take(void *context, size_t size)
{
    void *memory = NULL;

    (void)context;
    return posix_memalign(&memory, 64, size) == 0 ? memset(memory, 0, size) : NULL;
}

static void
kit_give(void *context, void *memory, size_t size)
{
    (void)context;
    (void)size;
    free(memory);
}

static const struct vmm_alloc kit_alloc = { kit_take, kit_give, NULL };

static const struct hw_geometry *
kit_geometry(const char *name)
{
    if (name == NULL || strcmp(name, "x86_64") == 0 || strcmp(name, "") == 0)
        return &hw_geometry_x86_64;
    return strcmp(name, "arm64") == 0 || strcmp(name, "arm64-16k") == 0 ? &hw_geometry_arm64_16k
                                                                        : NULL;
}

int
mach_kit_start(const char *profile, const char *machine)
{
    return mach_kit_start_on(profile, machine, NULL);
}

int
mach_kit_start_on(const char *profile, const char *machine, const struct mach_host_mmu *mmu)
{
    const char *name = profile == NULL ? "macos-15.4" : profile;
    const struct hw_geometry *geometry = kit_geometry(machine);
    struct vm_config config = { .alloc = &kit_alloc,
                                .geometry = geometry,
                                .cpu_count = KIT_CPUS,
                                .frame_count = KIT_FRAMES,
                                .store_pages = KIT_STORE_PAGES };
    struct vm_profile row;
    size_t index;

    if (geometry == NULL || !vm_profile_find(name, strlen(name), &index))
        return -1;
    mach_kit_stop();
    vm_profile_at(index, &row);
    config.profile = &row;
    if (mach_host_start(mmu, KIT_FRAMES, 1u << geometry->page_shift, &config.ram, &config.watch))
        kit.system = vm_system_create(&config);
    if (kit.system == NULL || vm_task_create(kit.system, &kit.task) != VMM_OK) {
        mach_kit_stop();
        return -1;
    }
    mach_host_task(vm_task_map(kit.task));
    return 0;
}

void
mach_kit_stop(void)
{
    mach_ports_forget();
    if (kit.system != NULL)
        vm_system_destroy(kit.system);
    mach_host_stop(); /* the page tables were in its RAM */
    kit.system = NULL;
    kit.task = NULL;
}

struct vm_system *
mach_kit_system(void)
{
    if (kit.system == NULL && mach_kit_start(NULL, NULL) != 0)
        abort(); /* the default machine needs nothing but memory */
    return kit.system;
}

struct vm_task *
mach_kit_task(void)
{
    (void)mach_kit_system();
    return kit.task;
}

int
mach_kit_page_shift(void)
{
    int shift = 0;

    while ((vmm_size)1 << shift < vm_system_page_bytes(mach_kit_system()))
        shift++;
    return shift;
}

unsigned
mach_kit_release(void)
{
    return vm_system_profile(mach_kit_system())->xnu_major;
}

int
mach_kit_sysctl(const char *name, uint64_t *value)
{
    uint64_t page_bytes = vm_system_page_bytes(mach_kit_system());
    uint64_t memory = KIT_FRAMES * page_bytes;
    struct vm_statistics statistics;

    vm_system_statistics(mach_kit_system(), &statistics);
    *value = 0;
    if (strcmp(name, "vm.pagesize") == 0)
        *value = page_bytes;
    else if (strcmp(name, "hw.memsize") == 0)
        *value = memory;
    else if (strcmp(name, "vm.page_wire_count") == 0)
        *value = statistics.wire_pages;
    else if (strcmp(name, "vm.global_user_wire_limit") == 0 ||
             strcmp(name, "vm.user_wire_limit") == 0)
        *value = vm_system_user_wire_limit(mach_kit_system());
    else if (strcmp(name, "vm.global_no_user_wire_amount") == 0)
        *value = memory - vm_system_user_wire_limit(mach_kit_system());
    else if (strcmp(name, "vm.self_region_footprint") != 0)
        return 0;
    return 1;
}

uint32_t
mach_kit_fork(void)
{
    struct vm_task *child;

    return vm_task_fork(mach_kit_task(), &child) == VMM_OK ? mach_port_of_task(child) : 0;
}

int
mach_kit_become(uint32_t task_port)
{
    struct vm_task *task = mach_task_of_port(task_port);

    if (task == NULL)
        return 0;
    kit.task = task;
    return 1;
}

static struct vm_map *
kit_map(void)
{
    return vm_task_map(mach_kit_task());
}

int
mach_kit_touch(uint64_t va, int write, uint8_t *byte)
{
    uint8_t moved = write ? *byte : 0;
    struct vm_access access = { .task = mach_kit_task(),
                                .va = va,
                                .length = 1,
                                .kind = write ? VM_ACCESS_WRITE : VM_ACCESS_READ,
                                .to = &moved,
                                .from = write ? &moved : NULL };
    enum vmm_status status = vm_access(mach_kit_system(), &access, NULL);

    if (status == VMM_OK && !write)
        *byte = moved;
    return status;
}

int
mach_kit_fault(uint64_t va, int write)
{
    return mach_host_fault(va, write != 0);
}

/* ---- BSD ---- */

int
mach_kit_mmap(uint64_t *address, size_t length, int prot, int flags, int tag)
{
    return vm_bsd_mmap(kit_map(), address, length, (vmm_prot)prot, (uint32_t)flags, (uint8_t)tag);
}

int
mach_kit_munmap(uint64_t address, size_t length)
{
    return vm_bsd_munmap(kit_map(), address, length);
}

int
mach_kit_mprotect(uint64_t address, size_t length, int prot)
{
    int error;

    if (mach_host_protect(address, length, prot, &error))
        return error;
    return vm_bsd_mprotect(kit_map(), address, length, (vmm_prot)prot);
}

int
mach_kit_minherit(uint64_t address, size_t length, int inheritance)
{
    return vm_bsd_minherit(kit_map(), address, length, (uint32_t)inheritance);
}

int
mach_kit_madvise(uint64_t address, size_t length, int advice)
{
    return vm_bsd_madvise(kit_map(), address, length, (uint32_t)advice);
}

int
mach_kit_msync(uint64_t address, size_t length, int flags)
{
    return vm_bsd_msync(kit_map(), address, length, (uint32_t)flags);
}

int
mach_kit_mlock(uint64_t address, size_t length)
{
    return vm_bsd_mlock(kit_map(), address, length);
}

int
mach_kit_munlock(uint64_t address, size_t length)
{
    return vm_bsd_munlock(kit_map(), address, length);
}

int
mach_kit_mincore(uint64_t address, size_t length, uint8_t *pages)
{
    size_t page_bytes = vm_system_page_bytes(mach_kit_system());
    size_t most = length / page_bytes + 2;
    uint8_t *found;
    int error;

    if (!mach_host_simulates((uintptr_t)pages))
        return vm_bsd_mincore(kit_map(), address, length, pages);
    found = calloc(most, 1);
    if (found == NULL)
        return VM_ENOMEM;
    error = vm_bsd_mincore(kit_map(), address, length, found);
    most = (address % page_bytes + length + page_bytes - 1) / page_bytes;
    if (error == 0 && mach_host_copyout((uintptr_t)pages, found, most) != VMM_OK)
        error = VM_EFAULT;
    free(found);
    return error;
}

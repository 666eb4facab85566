/* vm_bsd.c - see vm_bsd.h */
#include "vm/vm_bsd.h"

#include "vm/vm_internal.h"
#include "vm/vm_map_store.h"
#include "vm/vm_map_wire.h"
#include "vm/vm_user.h"

static bool
vm_bsd_is_ragged(const struct vm_map *map, vmm_va address)
{
    return (address & (vm_map_page_bytes(map) - 1)) != 0;
}

/* The errno of most calls. */
static int
vm_bsd_errno(enum vmm_status status)
{
    switch (status) {
    case VMM_OK:
        return 0;
    case VMM_INVALID_ADDRESS:
    case VMM_NO_SPACE:
        return VM_ENOMEM;
    case VMM_PROTECTION_FAILURE:
        return VM_EACCES;
    default:
        return VM_EINVAL;
    }
}

/* The machine cannot write or execute what it may not read, so neither call lets anybody ask for it. */
static vmm_prot
vm_bsd_prot(vmm_prot prot)
{
    prot &= VMM_PROT_ALL;
    return prot & (VMM_PROT_WRITE | VMM_PROT_EXECUTE) ? prot | VMM_PROT_READ : prot;
}

int
vm_bsd_mmap(struct vm_map *map, vmm_va *address, vmm_size length, vmm_prot prot, uint32_t flags,
            uint8_t tag)
{
    bool is_fixed = (flags & VM_BSD_FIXED) != 0;
    bool is_shared = (flags & VM_BSD_SHARED) != 0;
    vmm_va at = is_fixed ? *address : vm_map_round_page(map, *address);
    struct vm_map_call call = {
        .size = length,
        .flags = (is_fixed ? VM_MAP_OVERWRITE : VM_MAP_ANYWHERE) | (uint32_t)tag << 24 |
                 (flags & VM_BSD_NOCACHE ? VM_MAP_NO_CACHE : 0u),
        .vmk_flags = flags & VM_BSD_JIT ? VMKF_JIT : 0u,
        .protection = vm_bsd_prot(prot),
        .max_protection = VMM_PROT_ALL,
        .inheritance = is_shared ? VMM_INHERIT_SHARE : VMM_INHERIT_COPY,
    };
    enum vmm_status status;

    if (length == 0 || !(flags & (VM_BSD_SHARED | VM_BSD_PRIVATE)) ||
        vm_map_round_page(map, length) == 0 || (is_fixed && vm_bsd_is_ragged(map, at)) ||
        (is_fixed && vm_range_wraps(at, length)) ||
        ((flags & VM_BSD_JIT) && (is_fixed || is_shared)))
        return VM_EINVAL;
    if (!(flags & VM_BSD_ANON))
        return VM_EBADF; /* there are no files here */
    status = vm_map_call(map, &at, &call);
    if (status == VMM_NO_SPACE && !is_fixed && at != 0) { /* a hint that is no good is none */
        at = vm_map_page_bytes(map);
        status = vm_map_call(map, &at, &call);
    }
    if (status == VMM_OK)
        *address = at;
    return vm_bsd_errno(status);
}

int
vm_bsd_munmap(struct vm_map *map, vmm_va address, vmm_size length)
{
    if (vm_bsd_is_ragged(map, address) || length == 0 || vm_range_wraps(address, length))
        return VM_EINVAL;
    return vm_deallocate(map, address, length) == VMM_OK ? 0 : VM_EINVAL;
}

int
vm_bsd_mprotect(struct vm_map *map, vmm_va address, vmm_size length, vmm_prot prot)
{
    if (vm_bsd_is_ragged(map, address))
        return VM_EINVAL;
    return vm_bsd_errno(vm_protect(map, address, length, false, vm_bsd_prot(prot)));
}

int
vm_bsd_minherit(struct vm_map *map, vmm_va address, vmm_size length, uint32_t inheritance)
{
    enum vmm_status status = vm_inherit(map, address, length, inheritance);

    return status == VMM_OK ? 0 : status == VMM_PROTECTION_FAILURE ? VM_EACCES : VM_EINVAL;
}

int
vm_bsd_madvise(struct vm_map *map, vmm_va address, vmm_size length, uint32_t advice)
{
    static const uint8_t behaviors[] = {
        VM_BEHAVIOR_DEFAULT,          VM_BEHAVIOR_RANDOM,   VM_BEHAVIOR_SEQUENTIAL,
        VM_BEHAVIOR_WILLNEED,         VM_BEHAVIOR_DONTNEED, VM_BEHAVIOR_FREE,
        VM_BEHAVIOR_ZERO_WIRED_PAGES, VM_BEHAVIOR_REUSABLE, VM_BEHAVIOR_REUSE,
        VM_BEHAVIOR_CAN_REUSE,        VM_BEHAVIOR_PAGEOUT,  VM_BEHAVIOR_ZERO,
    };
    enum vmm_status status;

    if (advice >= VMM_COUNT_OF(behaviors))
        return VM_EINVAL;
    status = vm_behavior_set(map, address, length, behaviors[advice]);
    if (status == VMM_PROTECTION_FAILURE)
        return VM_EPERM;
    if (status == VMM_NO_ACCESS)
        return VM_ENOTSUP;
    if (status == VMM_INVALID_ADDRESS) /* a hole; outside the map is ENOMEM */
        return VM_EINVAL;
    return vm_bsd_errno(status);
}

int
vm_bsd_msync(struct vm_map *map, vmm_va address, vmm_size length, uint32_t flags)
{
    uint32_t mach = VM_SYNC_CONTIGUOUS;
    enum vmm_status status;

    if (vm_bsd_is_ragged(map, address) || vm_range_wraps(address, length) || length == 0 ||
        ((flags & VM_BSD_SYNC) && (flags & VM_BSD_ASYNC)))
        return VM_EINVAL;
    mach |= flags & VM_BSD_KILLPAGES ? VM_SYNC_KILLPAGES : 0u;
    mach |= flags & VM_BSD_DEACTIVATE ? VM_SYNC_DEACTIVATE : 0u;
    mach |= flags & VM_BSD_INVALIDATE ? VM_SYNC_INVALIDATE : 0u;
    if (!(flags & (VM_BSD_KILLPAGES | VM_BSD_DEACTIVATE)))
        mach |= flags & VM_BSD_ASYNC ? VM_SYNC_ASYNCHRONOUS : VM_SYNC_SYNCHRONOUS;
    status = vm_msync(map, address, length, mach);
    if (status == VMM_FAILURE)
        return VM_EIO;
    return vm_bsd_errno(status);
}

/* What wiring answered, as this release tells it (vm.md 2.1). */
static int
vm_bsd_mlock_errno(const struct vm_map *map, enum vmm_status status)
{
    uint8_t kind = map->system->profile.mlock_errno;

    if (status == VMM_OK)
        return 0;
    if (status == VMM_RESOURCE_SHORTAGE)
        return VM_EAGAIN;
    if (status == VMM_PROTECTION_FAILURE && kind != VM_MLOCK_ENOMEM)
        return kind == VM_MLOCK_EACCES ? VM_EACCES : VM_EPERM;
    if (status == VMM_INVALID_ARGUMENT && kind == VM_MLOCK_EPERM)
        return VM_EINVAL;
    return VM_ENOMEM;
}

/* mlock wires with no access asked for: any entry will do (vm.md 3.2 step 3.8). */
int
vm_bsd_mlock(struct vm_map *map, vmm_va address, vmm_size length)
{
    vmm_va start = vm_map_trunc_page(map, address);
    vmm_va end = vm_map_round_page(map, address + length);

    if (length == 0)
        return 0;
    if (vm_range_wraps(address, length) || end == 0)
        return VM_EINVAL;
    return vm_bsd_mlock_errno(map, vm_map_wire(map, start, end, VMM_PROT_NONE, true));
}

int
vm_bsd_munlock(struct vm_map *map, vmm_va address, vmm_size length)
{
    vmm_va start = vm_map_trunc_page(map, address);
    vmm_va end = vm_map_round_page(map, address + length);

    if (length == 0)
        return 0;
    if (vm_range_wraps(address, length) || end == 0)
        return VM_EINVAL;
    return vm_map_unwire(map, start, end, true) == VMM_OK ? 0 : VM_ENOMEM;
}

int
vm_bsd_mincore(struct vm_map *map, vmm_va address, vmm_size length, uint8_t *pages)
{
    vmm_va start = vm_map_trunc_page(map, address);
    vmm_va end = vm_map_round_page(map, address + length);

    if (vm_range_wraps(address, length) || end < start)
        return VM_EINVAL;
    if (end > map->max)
        return VM_ENOMEM;
    for (vmm_va va = start; va < end; va += vm_map_page_bytes(map), pages++) {
        int found = 0;
        int references = 0;

        if (vm_page_query(map, va, &found, &references) != VMM_OK)
            found = 0;
        *pages = (uint8_t)((found & VM_PAGE_QUERY_PRESENT ? VM_MINCORE_INCORE : 0) |
                           (found & VM_PAGE_QUERY_REF ? VM_MINCORE_REFERENCED : 0) |
                           (found & VM_PAGE_QUERY_DIRTY ? VM_MINCORE_MODIFIED : 0) |
                           (found & VM_PAGE_QUERY_PAGED_OUT ? VM_MINCORE_PAGED_OUT : 0) |
                           (found & VM_PAGE_QUERY_COPIED ? VM_MINCORE_COPIED : 0) |
                           (found & VM_PAGE_QUERY_EXTERNAL ? 0 : VM_MINCORE_ANONYMOUS));
    }
    return 0;
}

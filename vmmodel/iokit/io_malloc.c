/* io_malloc.c - see io_malloc.h */
#include "iokit/io_malloc.h"

#include "iokit/io_types.h"
#include "vm/vm_kmem.h"
#include "vm/vm_task.h"

enum vmm_status
io_malloc(struct vm_system *system, uint64_t size, uint64_t alignment, bool contiguous,
          uint64_t *address)
{
    uint64_t mask = alignment == 0 ? 0 : alignment - 1;

    if ((alignment & mask) != 0)
        return VMM_INVALID_ARGUMENT;
    return vm_kmem_alloc(system, size, mask, contiguous, address);
}

enum vmm_status
io_free(struct vm_system *system, uint64_t address, uint64_t size)
{
    return vm_kmem_free(system, address, size);
}

enum vmm_status
io_malloc_pageable(struct vm_system *system, uint64_t size, uint64_t alignment, uint64_t *address)
{
    struct vm_map *map = vm_task_map(vm_task_kernel(system));
    vmm_va at = 0;
    enum vmm_status status;

    if (size == 0 || size > IO_PAGEABLE_MAX_BYTES || alignment > vm_system_page_bytes(system))
        return VMM_INVALID_ARGUMENT;
    status = vm_allocate(map, &at, size, VM_MAP_ANYWHERE);
    if (status == VMM_OK)
        *address = at;
    return status;
}

enum vmm_status
io_free_pageable(struct vm_system *system, uint64_t address, uint64_t size)
{
    return vm_deallocate(vm_task_map(vm_task_kernel(system)), address, size);
}

/* io_malloc.c - see io_malloc.h */
#include "iokit/io_malloc.h"

#include "iokit/io_pageable.h"
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
    return vm_kmem_alloc(system, size, mask, contiguous ? VM_KMEM_CONTIGUOUS : 0u, address);
}

enum vmm_status
io_free(struct vm_system *system, uint64_t address, uint64_t size)
{
    return vm_kmem_free(system, address, size);
}

/* A request for pageable memory, and its answer. */
struct io_pageable_request {
    uint64_t size;
    vmm_va address;
};

static enum vmm_status
io_malloc_in(struct vm_map *submap, void *context)
{
    struct io_pageable_request *request = context;

    request->address = vm_map_min(submap);
    return vm_allocate(submap, &request->address, request->size, VM_MAP_ANYWHERE);
}

enum vmm_status
io_malloc_pageable(struct vm_system *system, uint64_t size, uint64_t alignment, uint64_t *address)
{
    struct io_pageable_request request = { .size = size };
    enum vmm_status status;

    if (size == 0 || alignment > vm_system_page_bytes(system))
        return VMM_INVALID_ARGUMENT;
    status = io_pageable_find_room(system, size, io_malloc_in, &request);
    if (status == VMM_OK)
        *address = request.address;
    return status;
}

enum vmm_status
io_free_pageable(struct vm_system *system, uint64_t address, uint64_t size)
{
    struct vm_map *submap;
    enum vmm_status status = io_pageable_map_of(system, address, &submap);

    return status == VMM_OK ? vm_deallocate(submap, address, size) : status;
}

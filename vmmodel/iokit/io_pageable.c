/* io_pageable.c - see io_pageable.h */
#include "iokit/io_pageable.h"

#include <inttypes.h>

#include "iokit/io_types.h"
#include "vm/vm_kmem.h"
#include "vm/vm_system.h"

/* Once around, downward from the submap that had room last. */
static enum vmm_status
io_pageable_try_all(struct vm_kmem_submaps *submaps, io_pageable_try *try_one, void *context)
{
    enum vmm_status status = VMM_NO_SPACE;
    uint32_t index = submaps->hint;

    for (uint32_t left = submaps->count; left > 0 && status != VMM_OK; left--) {
        status = try_one(submaps->maps[index], context);
        if (status == VMM_OK)
            submaps->hint = index;
        index = index == 0 ? submaps->count - 1 : index - 1;
    }
    return status;
}

enum vmm_status
io_pageable_find_room(struct vm_system *system, vmm_size size, io_pageable_try *try_one,
                      void *context)
{
    struct vm_kmem_submaps *submaps = vm_kmem_submaps(system);
    enum vmm_status status;

    if (size > IO_PAGEABLE_MAX_BYTES)
        return VMM_IO_BAD_ARGUMENT;
    status = io_pageable_try_all(submaps, try_one, context);
    while (status == VMM_NO_SPACE && submaps->count < VM_KMEM_SUBMAPS) {
        status = vm_kmem_suballoc(system, IO_PAGEABLE_MAX_BYTES);
        if (status == VMM_OK)
            status = io_pageable_try_all(submaps, try_one, context);
    }
    return status;
}

enum vmm_status
io_pageable_map_of(struct vm_system *system, vmm_va address, struct vm_map **submap)
{
    const struct vm_kmem_submaps *submaps = vm_kmem_submaps(system);

    for (uint32_t i = 0; i < submaps->count; i++) {
        if (address >= vm_map_min(submaps->maps[i]) && address < vm_map_max(submaps->maps[i])) {
            *submap = submaps->maps[i];
            return VMM_OK;
        }
    }
    return vm_panic(system, REASON_NOT_PAGEABLE, 0, address,
                    "IOPageableMapForAddress: no pageable map holds 0x%" PRIx64, address);
}

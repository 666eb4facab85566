/* ring.c - see ring.h. The same file is compiled into the kext, where vmk.h calls I/O Kit. */
#include "ring.h"

enum { DIRECTION_IN = 1, ANYWHERE = 1, READ_ONLY = 0x1000, NO_MEMORY = (int)0xe00002bd };

#ifndef FAULTLINE_POINTER
#include <faultline/native.h>
#define FAULTLINE_POINTER(address) faultline_pointer(vmk_kernel_task(), (address))
#endif

static vmk_return_t
ring_map(struct ring *ring)
{
    vmk_return_t status;

    ring->map =
        vmk_map_create(ring->memory, vmk_kernel_task(), 0, ANYWHERE | READ_ONLY, 0, ring->length);
    if (ring->map == NULL)
        return NO_MEMORY;
    status = vmk_map_wire(ring->map, DIRECTION_IN, 0, ring->length);
    if (status != 0)
        vmk_map_release(ring->map);
    return status;
}

vmk_return_t
ring_open(struct ring *ring, vmk_task_t task, uint64_t address, uint64_t length)
{
    vmk_return_t status;

    ring->length = length;
    ring->memory = vmk_desc_range(task, address, length, DIRECTION_IN);
    if (ring->memory == NULL)
        return NO_MEMORY;
    status = vmk_desc_prepare(ring->memory, 0);
    if (status == 0) {
        status = ring_map(ring);
        if (status != 0)
            (void)vmk_desc_complete(ring->memory, 0);
    }
    if (status != 0) {
        vmk_desc_release(ring->memory);
        return status;
    }
    ring->lock = vmk_lock_alloc(VMK_SPIN);
    ring->bytes = FAULTLINE_POINTER(vmk_map_address(ring->map));
    return 0;
}

void
ring_close(struct ring *ring)
{
    (void)vmk_map_wire(ring->map, 0, 0, ring->length);
    vmk_map_release(ring->map);
    (void)vmk_desc_complete(ring->memory, 0);
    vmk_desc_release(ring->memory);
    vmk_lock_free(ring->lock);
}

unsigned
ring_sum(struct ring *ring)
{
    uint32_t interrupts = vmk_lock_acquire(ring->lock, VMK_EXCLUSIVE | VMK_IRQ_OFF);
    unsigned sum = 0;

    for (uint64_t i = 0; i < ring->length; i++)
        sum += ring->bytes[i];
    vmk_lock_release(ring->lock, VMK_EXCLUSIVE | VMK_IRQ_OFF, interrupts);
    return sum;
}

/* ring.h - a driver's core: a task's ring of bytes that an interrupt handler reads */
#ifndef RING_H
#define RING_H

#include <hooks/vmk.h>

struct ring {
    vmk_desc_t memory;
    vmk_map_t map;
    vmk_lock_t lock;
    const volatile uint8_t *bytes;
    uint64_t length;
};

/* 0, or why not; nothing is held then. */
vmk_return_t ring_open(struct ring *ring, vmk_task_t task, uint64_t address, uint64_t length);
void ring_close(struct ring *ring);

/* Under the ring's spin lock, as the handler is. */
unsigned ring_sum(struct ring *ring);

#endif

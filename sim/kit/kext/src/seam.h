/*
 * seam.h - the way down for everything here
 *
 * PURPOSE     One thread at a time is in the model: a Seam on the stack is the permission.
 * INVARIANTS  none
 * UNITS       bytes
 * OWNERSHIP   none
 * ERRORS      as each call
 * EVENTS      none of its own
 * XNU         none
 */
#ifndef KEXT_SEAM_H
#define KEXT_SEAM_H

#include <faultline/native.h>

/* Calls of vmk_sim.h, whose header is the host's. */
extern "C" {
int32_t vmk_sim_read(vmk_task_t task, uint64_t address, void *to, uint64_t length, uint64_t *done);
int32_t vmk_sim_write(vmk_task_t task, uint64_t address, const void *from, uint8_t fill,
                      uint64_t length, uint64_t *done);
uint32_t vmk_sim_task_id(vmk_task_t task);
}

class Seam
{
  public:
    Seam()
    {
        faultline_lock();
    }
    ~Seam()
    {
        faultline_unlock();
    }
};

#endif

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
vmk_task_t vmk_sim_task_by_id(uint32_t id);
void vmk_sim_may_block(void);
int32_t vmk_sim_map_task_died(vmk_map_t m, int by_user_client);
}

class Seam
{
  public:
    Seam()
    {
        faultline_lock();
    }
    /* A call that stopped the kernel ends here: the driver cannot go on. */
    ~Seam()
    {
        faultline_report_stop();
        faultline_unlock();
    }
};

/* Before a call of the kext's that may wait; the model says whether it may here. */
void seam_may_block();

/* Whether a test wants the next allocation of the kext's own to fail. */
bool seam_allocation_fails();

/* While one is there, this thread's allocations are the kernel's own, which do not fail. */
class Kernel
{
  public:
    Kernel();
    ~Kernel();
};

/* Whether the calling program may do what needs privilege; faultline_set_privileged(). */
bool seam_is_privileged();

/* A deadline as the time until then; at least a little, as 0 is for ever. */
unsigned long long time_until(unsigned long long deadline);

#endif

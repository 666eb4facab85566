/* time.cpp - absolute time is nanoseconds; see kern_threads.h */
#include <faultline_kext/kern.h>

#include "host.h"
#include "seam.h"

uint64_t
mach_absolute_time(void)
{
    return kext_now();
}

void
clock_get_uptime(uint64_t *time)
{
    *time = kext_now();
}

void
clock_interval_to_absolutetime_interval(uint32_t interval, uint32_t scale, uint64_t *time)
{
    *time = (uint64_t)interval * scale;
}

void
clock_interval_to_deadline(uint32_t interval, uint32_t scale, uint64_t *time)
{
    *time = kext_now() + (uint64_t)interval * scale;
}

void
clock_absolutetime_interval_to_deadline(uint64_t interval, uint64_t *time)
{
    *time = kext_now() + interval;
}

void
absolutetime_to_nanoseconds(uint64_t time, uint64_t *nanoseconds)
{
    *nanoseconds = time;
}

void
nanoseconds_to_absolutetime(uint64_t nanoseconds, uint64_t *time)
{
    *time = nanoseconds;
}

uint64_t
mach_approximate_time(void)
{
    return kext_now();
}

uint64_t
mach_continuous_time(void)
{
    return kext_now();
}

void
clock_timebase_info(mach_timebase_info_t info)
{
    info->numer = info->denom = 1;
}

void
clock_deadline_for_periodic_event(uint64_t interval, uint64_t now, uint64_t *deadline)
{
    *deadline += interval;
    if (*deadline <= now)
        *deadline = now + interval;
}

/* The calendar began when the machine did. */
void
clock_get_system_nanotime(clock_sec_t *seconds, clock_nsec_t *nanoseconds)
{
    uint64_t now = kext_now();

    *seconds = (clock_sec_t)(now / NSEC_PER_SEC);
    *nanoseconds = (clock_nsec_t)(now % NSEC_PER_SEC);
}

void
clock_get_system_microtime(clock_sec_t *seconds, clock_usec_t *microseconds)
{
    clock_get_system_nanotime(seconds, microseconds);
    *microseconds /= (clock_usec_t)NSEC_PER_USEC;
}

void
clock_get_calendar_nanotime(clock_sec_t *seconds, clock_nsec_t *nanoseconds)
{
    clock_get_system_nanotime(seconds, nanoseconds);
}

void
clock_get_calendar_microtime(clock_sec_t *seconds, clock_usec_t *microseconds)
{
    clock_get_system_microtime(seconds, microseconds);
}

void
nanouptime(struct timespec *time)
{
    nanotime(time);
}

void
nanotime(struct timespec *time)
{
    uint64_t now = kext_now();

    time->tv_sec = (time_t)(now / NSEC_PER_SEC);
    time->tv_nsec = (long)(now % NSEC_PER_SEC);
}

void
microuptime(struct timeval *time)
{
    uint64_t now = kext_now();

    time->tv_sec = (time_t)(now / NSEC_PER_SEC);
    time->tv_usec = (int)(now % NSEC_PER_SEC / NSEC_PER_USEC);
}

void
microtime(struct timeval *time)
{
    microuptime(time);
}

void
IOSleep(unsigned milliseconds)
{
    seam_may_block();
    kext_pause(milliseconds * NSEC_PER_MSEC);
}

void
IOSleepWithLeeway(unsigned milliseconds, unsigned)
{
    IOSleep(milliseconds);
}

void
clock_delay_until(uint64_t deadline)
{
    while (kext_now() < deadline)
        continue;
}

void
IODelay(unsigned microseconds)
{
    clock_delay_until(kext_now() + microseconds * NSEC_PER_USEC);
}

void
delay(int microseconds)
{
    IODelay((unsigned)microseconds);
}

void
IOPause(unsigned nanoseconds)
{
    (void)nanoseconds;
}

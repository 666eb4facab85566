/*
 * kern_threads.h - threads, sleeping, calls later, and time
 *
 * PURPOSE     kern/thread_call.h, sched_prim.h, clock.h and their like over threads of the host.
 * INVARIANTS  a call that may wait is told to the model, which says where none may
 * UNITS       absolute time: nanoseconds; intervals: as their scale says
 * OWNERSHIP   allocate gives what free takes; a thread is its own
 * ERRORS      as Darwin
 * EVENTS      MAY_BLOCK
 * XNU         osfmk/kern/thread_call.h, sched_prim.h, clock.h, sync_sema.h; bsd/kern/kern_synch.c
 *             Differs: no priorities, and nothing interrupts a sleep
 */
#ifndef KEXT_KERN_THREADS_H
#define KEXT_KERN_THREADS_H

#include <faultline_kext/kern_locks.h>

__BEGIN_DECLS

/* ---- threads ---- */

thread_t current_thread(void);
kern_return_t kernel_thread_start(thread_continue_t, void *parameter, thread_t *);
kern_return_t kernel_thread_start_priority(thread_continue_t, void *parameter, integer_t priority,
                                           thread_t *);
kern_return_t thread_terminate(thread_t);
void thread_deallocate(thread_t);
void thread_reference(thread_t);
typedef void *IOThread;
typedef void (*IOThreadFunc)(void *argument);
IOThread IOCreateThread(IOThreadFunc, void *argument);
void IOExitThread(void);
#define IOThreadSelf() (current_thread())

/* ---- sleeping: wait for an event, wake it ---- */

#define THREAD_CONTINUE_NULL ((thread_continue_t)0)
wait_result_t assert_wait(event_t, wait_interrupt_t);
wait_result_t assert_wait_timeout(event_t, wait_interrupt_t, uint32_t interval, uint32_t scale);
wait_result_t assert_wait_deadline(event_t, wait_interrupt_t, uint64_t deadline);
wait_result_t thread_block(thread_continue_t);
wait_result_t thread_block_parameter(thread_continue_t, void *parameter);
kern_return_t thread_wakeup_prim(event_t, boolean_t one, wait_result_t);
#define thread_wakeup(event) thread_wakeup_prim((event_t)(event), FALSE, THREAD_AWAKENED)
#define thread_wakeup_one(event) thread_wakeup_prim((event_t)(event), TRUE, THREAD_AWAKENED)
#define thread_wakeup_with_result(event, result) \
    thread_wakeup_prim((event_t)(event), FALSE, (result))
int msleep(void *channel, lck_mtx_t *, int priority, const char *, struct timespec *);
int tsleep(void *channel, int priority, const char *, int ticks);
void wakeup(void *channel);
void wakeup_one(caddr_t channel);
#define PZERO 22
#define PWAIT 32
#define PLOCK 36
#define PRIBIO 20
#define PUSER 50
#define PRIMASK 0x0ff
#define PCATCH 0x100
#define PDROP 0x400
#define PSPIN 0x800
extern int hz;

/* ---- semaphores ---- */

#define SYNC_POLICY_FIFO 0
#define SEMAPHORE_NULL ((semaphore_t)0)
#ifndef KEXT_MACH_TIMESPEC
#define KEXT_MACH_TIMESPEC
typedef struct mach_timespec {
    unsigned int tv_sec;
    int tv_nsec;
} mach_timespec_t;
#endif
kern_return_t semaphore_create(task_t, semaphore_t *, int policy, int value);
kern_return_t semaphore_destroy(task_t, semaphore_t);
kern_return_t semaphore_signal(semaphore_t);
kern_return_t semaphore_signal_all(semaphore_t);
kern_return_t semaphore_wait(semaphore_t);
kern_return_t semaphore_timedwait(semaphore_t, mach_timespec_t);

/* ---- calls later ---- */

typedef struct thread_call *thread_call_t;
typedef void *thread_call_param_t;
typedef void (*thread_call_func_t)(thread_call_param_t, thread_call_param_t);
typedef enum {
    THREAD_CALL_PRIORITY_HIGH = 0,
    THREAD_CALL_PRIORITY_KERNEL = 1,
    THREAD_CALL_PRIORITY_USER = 2,
    THREAD_CALL_PRIORITY_LOW = 3,
    THREAD_CALL_PRIORITY_KERNEL_HIGH = 4
} thread_call_priority_t;
enum { THREAD_CALL_OPTIONS_ONCE = 0x1, THREAD_CALL_OPTIONS_SIGNAL = 0x2 };
typedef uint32_t thread_call_options_t;
thread_call_t thread_call_allocate(thread_call_func_t, thread_call_param_t);
thread_call_t thread_call_allocate_with_priority(thread_call_func_t, thread_call_param_t,
                                                 thread_call_priority_t);
thread_call_t thread_call_allocate_with_options(thread_call_func_t, thread_call_param_t,
                                                thread_call_priority_t, thread_call_options_t);
boolean_t thread_call_free(thread_call_t);
boolean_t thread_call_enter(thread_call_t);
boolean_t thread_call_enter1(thread_call_t, thread_call_param_t);
boolean_t thread_call_enter_delayed(thread_call_t, uint64_t deadline);
boolean_t thread_call_enter1_delayed(thread_call_t, thread_call_param_t, uint64_t deadline);
boolean_t thread_call_cancel(thread_call_t);
boolean_t thread_call_cancel_wait(thread_call_t);
boolean_t thread_call_isactive(thread_call_t);
/* A call of its own that is forgotten when it was made. */
void thread_call_func_delayed(thread_call_func_t, thread_call_param_t, uint64_t deadline);
void bsd_timeout(void (*)(void *), void *, struct timespec *);

/* ---- time ---- */

#ifndef KEXT_TIMEBASE
#define KEXT_TIMEBASE
typedef struct mach_timebase_info {
    uint32_t numer, denom;
} mach_timebase_info_data_t, *mach_timebase_info_t;
#endif
uint64_t mach_absolute_time(void);
uint64_t mach_approximate_time(void);
uint64_t mach_continuous_time(void);
void clock_timebase_info(mach_timebase_info_t);
void clock_get_uptime(uint64_t *);
void clock_interval_to_deadline(uint32_t interval, uint32_t scale, uint64_t *);
void clock_interval_to_absolutetime_interval(uint32_t, uint32_t, uint64_t *);
void clock_absolutetime_interval_to_deadline(uint64_t, uint64_t *);
void clock_delay_until(uint64_t deadline);
void clock_deadline_for_periodic_event(uint64_t interval, uint64_t now, uint64_t *deadline);
void absolutetime_to_nanoseconds(uint64_t, uint64_t *);
void nanoseconds_to_absolutetime(uint64_t, uint64_t *);
typedef unsigned long clock_sec_t;
typedef uint32_t clock_usec_t, clock_nsec_t;
void clock_get_system_nanotime(clock_sec_t *, clock_nsec_t *);
void clock_get_system_microtime(clock_sec_t *, clock_usec_t *);
void clock_get_calendar_nanotime(clock_sec_t *, clock_nsec_t *);
void clock_get_calendar_microtime(clock_sec_t *, clock_usec_t *);
void microtime(struct timeval *);
void microuptime(struct timeval *);
void nanotime(struct timespec *);
void nanouptime(struct timespec *);
void IOSleep(unsigned milliseconds);
void IOSleepWithLeeway(unsigned interval, unsigned leeway);
void IODelay(unsigned microseconds);
void IOPause(unsigned nanoseconds);
void delay(int microseconds);

/* kern/kern_types.h's way of handling time as a structure of two halves */
#define AbsoluteTime_to_scalar(x) (*(uint64_t *)(x))
#define ADD_ABSOLUTETIME(a, b) (AbsoluteTime_to_scalar(a) += AbsoluteTime_to_scalar(b))
#define SUB_ABSOLUTETIME(a, b) (AbsoluteTime_to_scalar(a) -= AbsoluteTime_to_scalar(b))
#define ADD_ABSOLUTETIME_TICKS(a, ticks) (AbsoluteTime_to_scalar(a) += (int32_t)(ticks))
#define CMP_ABSOLUTETIME(a, b)                                         \
    (AbsoluteTime_to_scalar(a) > AbsoluteTime_to_scalar(b)   ? (int)+1 \
     : AbsoluteTime_to_scalar(a) < AbsoluteTime_to_scalar(b) ? (int)-1 \
                                                             : 0)

__END_DECLS

#endif

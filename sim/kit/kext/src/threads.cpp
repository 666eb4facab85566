/*
 * threads.cpp - threads, sleeping, semaphores and calls later; see kern_threads.h
 */
#include <faultline_kext/kern.h>

#include "host.h"
#include "seam.h"

int hz = 100;

/* ---- threads ---- */

struct kernel_thread {
    thread_continue_t run;
    void *parameter;
};

static void
kernel_thread_main(void *context)
{
    struct kernel_thread start = *(struct kernel_thread *)context;

    kext_release(context);
    start.run(start.parameter, THREAD_AWAKENED);
}

thread_t
current_thread(void)
{
    return (thread_t)kext_thread_self();
}

kern_return_t
kernel_thread_start(thread_continue_t run, void *parameter, thread_t *thread)
{
    struct kernel_thread *start =
        (struct kernel_thread *)kext_allocate(sizeof(struct kernel_thread), 16);
    void *made;

    start->run = run;
    start->parameter = parameter;
    made = kext_thread_start(kernel_thread_main, start);
    if (thread != NULL)
        *thread = (thread_t)made;
    return KERN_SUCCESS;
}

kern_return_t
kernel_thread_start_priority(thread_continue_t run, void *parameter, integer_t, thread_t *thread)
{
    return kernel_thread_start(run, parameter, thread);
}

/* Only itself: nobody can end another thread safely, and drivers do not. */
kern_return_t
thread_terminate(thread_t thread)
{
    if (thread != current_thread())
        return KERN_INVALID_ARGUMENT;
    kext_thread_exit();
}

void
thread_deallocate(thread_t)
{
}

void
thread_reference(thread_t)
{
}

IOThread
IOCreateThread(IOThreadFunc run, void *argument)
{
    return kext_thread_start(run, argument);
}

void
IOExitThread(void)
{
    kext_thread_exit();
}

/* ---- sleeping ---- */

uint64_t
time_until(uint64_t deadline)
{
    uint64_t now = kext_now();

    return deadline > now ? deadline - now : 1;
}

wait_result_t
assert_wait(event_t event, wait_interrupt_t)
{
    kext_assert_wait(event, 0);
    return THREAD_WAITING;
}

wait_result_t
assert_wait_timeout(event_t event, wait_interrupt_t, uint32_t interval, uint32_t scale)
{
    kext_assert_wait(event, kext_now() + (uint64_t)interval * scale);
    return THREAD_WAITING;
}

wait_result_t
assert_wait_deadline(event_t event, wait_interrupt_t, uint64_t deadline)
{
    kext_assert_wait(event, deadline);
    return THREAD_WAITING;
}

wait_result_t
thread_block_parameter(thread_continue_t next, void *parameter)
{
    wait_result_t result;

    seam_may_block();
    result = kext_block() ? THREAD_TIMED_OUT : THREAD_AWAKENED;
    if (next == THREAD_CONTINUE_NULL)
        return result;
    next(parameter, result);
    kext_thread_exit();
}

wait_result_t
thread_block(thread_continue_t next)
{
    return thread_block_parameter(next, NULL);
}

kern_return_t
thread_wakeup_prim(event_t event, boolean_t one, wait_result_t)
{
    return kext_wakeup(event, one) ? KERN_SUCCESS : KERN_NOT_WAITING;
}

int
tsleep(void *channel, int, const char *, int ticks)
{
    seam_may_block();
    return kext_sleep(NULL, channel, (uint64_t)ticks * (NSEC_PER_SEC / (unsigned)hz)) ? EWOULDBLOCK
                                                                                      : 0;
}

void
wakeup(void *channel)
{
    (void)kext_wakeup(channel, 0);
}

void
wakeup_one(caddr_t channel)
{
    (void)kext_wakeup(channel, 1);
}

/* ---- semaphores ---- */

struct semaphore {
    struct kext_mutex *mutex;
    int count; /* below 0: who waits */
    bool is_gone;
    struct semaphore *next; /* of those that are gone */
};

kern_return_t
semaphore_create(task_t, semaphore_t *made, int policy, int value)
{
    if (value < 0 || policy != SYNC_POLICY_FIFO)
        return KERN_INVALID_ARGUMENT;
    *made = (semaphore_t)kext_allocate(sizeof(struct semaphore), 16);
    (*made)->mutex = kext_mutex_create(0);
    (*made)->count = value;
    return KERN_SUCCESS;
}

/* Who waits is told; its storage stays on a list, as those still look at it. */
kern_return_t
semaphore_destroy(task_t, semaphore_t semaphore)
{
    static semaphore_t gone;

    kext_mutex_lock(semaphore->mutex);
    if (!semaphore->is_gone)
        semaphore->next = __atomic_exchange_n(&gone, semaphore, __ATOMIC_ACQ_REL);
    semaphore->is_gone = true;
    (void)kext_wakeup(semaphore, 0);
    kext_mutex_unlock(semaphore->mutex);
    return KERN_SUCCESS;
}

static kern_return_t
signal_some(semaphore_t semaphore, bool is_all)
{
    kern_return_t result = KERN_SUCCESS;

    kext_mutex_lock(semaphore->mutex);
    if (semaphore->is_gone)
        result = KERN_TERMINATED;
    else if (is_all && semaphore->count >= 0)
        result = KERN_NOT_WAITING;
    else
        semaphore->count = is_all ? 0 : semaphore->count + 1;
    (void)kext_wakeup(semaphore, !is_all);
    kext_mutex_unlock(semaphore->mutex);
    return result;
}

kern_return_t
semaphore_signal(semaphore_t semaphore)
{
    return signal_some(semaphore, false);
}

kern_return_t
semaphore_signal_all(semaphore_t semaphore)
{
    return signal_some(semaphore, true);
}

static kern_return_t
wait_for(semaphore_t semaphore, uint64_t timeout)
{
    bool is_late = false, is_gone;

    seam_may_block();
    kext_mutex_lock(semaphore->mutex);
    if (--semaphore->count < 0 && !semaphore->is_gone)
        is_late = kext_sleep(semaphore->mutex, semaphore, timeout);
    if (is_late)
        semaphore->count++;
    is_gone = semaphore->is_gone;
    kext_mutex_unlock(semaphore->mutex);
    return is_gone ? KERN_TERMINATED : is_late ? KERN_OPERATION_TIMED_OUT : KERN_SUCCESS;
}

kern_return_t
semaphore_wait(semaphore_t semaphore)
{
    return wait_for(semaphore, 0);
}

kern_return_t
semaphore_timedwait(semaphore_t semaphore, mach_timespec_t time)
{
    uint64_t timeout = (uint64_t)time.tv_sec * NSEC_PER_SEC + (uint64_t)time.tv_nsec;

    return wait_for(semaphore, timeout == 0 ? 1 : timeout);
}

/* ---- thread calls: one thread for each that waits ---- */

struct thread_call {
    thread_call_func_t function;
    thread_call_param_t first, second;
    uint64_t generation; /* of the entry that counts; an older one was cancelled or replaced */
    unsigned running;    /* how many threads are in the function */
    bool is_pending, is_freed;
    uint64_t deadline;
    unsigned entries; /* threads that will still look at it */
};

struct thread_call_entry {
    struct thread_call *call;
    uint64_t generation;
};

static struct kext_mutex *calls_lock = kext_mutex_create(1);

/* Waits for the entry's time; true when it is still the one that counts. */
static bool
thread_call_wait(const struct thread_call_entry *entry)
{
    struct thread_call *call = entry->call;

    while (call->generation == entry->generation && call->deadline > kext_now())
        (void)kext_sleep(calls_lock, call, time_until(call->deadline));
    return call->generation == entry->generation && call->is_pending;
}

/* The last to look at a call that was freed gives it back. */
static void
thread_call_reap(struct thread_call *call)
{
    if (call->is_freed && call->entries == 0)
        kext_release(call);
}

static void
thread_call_run(void *context)
{
    struct thread_call_entry entry = *(struct thread_call_entry *)context;
    struct thread_call *call = entry.call;
    thread_call_param_t second;

    kext_release(context);
    kext_mutex_lock(calls_lock);
    if (thread_call_wait(&entry)) {
        call->is_pending = false;
        call->running++;
        second = call->second; /* the next entry may bring another one */
        kext_mutex_unlock(calls_lock);
        call->function(call->first, second);
        kext_mutex_lock(calls_lock);
        call->running--;
        kext_wakeup(&call->running, 0);
    }
    call->entries--;
    thread_call_reap(call);
    kext_mutex_unlock(calls_lock);
}

thread_call_t
thread_call_allocate(thread_call_func_t function, thread_call_param_t parameter)
{
    thread_call_t call = (thread_call_t)kext_allocate(sizeof(*call), 16);

    call->function = function;
    call->first = parameter;
    return call;
}

boolean_t
thread_call_free(thread_call_t call)
{
    boolean_t is_free;

    kext_mutex_lock(calls_lock);
    is_free = !call->is_pending;
    call->is_freed = is_free;
    thread_call_reap(call);
    kext_mutex_unlock(calls_lock);
    return is_free;
}

boolean_t
thread_call_enter1_delayed(thread_call_t call, thread_call_param_t second, uint64_t deadline)
{
    struct thread_call_entry *entry = (struct thread_call_entry *)kext_allocate(sizeof(*entry), 16);
    boolean_t was_pending;

    kext_mutex_lock(calls_lock);
    was_pending = call->is_pending;
    call->second = second;
    call->deadline = deadline;
    call->is_pending = true;
    entry->call = call;
    entry->generation = ++call->generation;
    call->entries++;
    kext_wakeup(call, 0); /* an older entry has nothing to wait for */
    kext_mutex_unlock(calls_lock);
    kext_thread_start(thread_call_run, entry);
    return was_pending;
}

boolean_t
thread_call_enter_delayed(thread_call_t call, uint64_t deadline)
{
    return thread_call_enter1_delayed(call, NULL, deadline);
}

boolean_t
thread_call_enter1(thread_call_t call, thread_call_param_t second)
{
    return thread_call_enter1_delayed(call, second, 0);
}

boolean_t
thread_call_enter(thread_call_t call)
{
    return thread_call_enter1_delayed(call, NULL, 0);
}

boolean_t
thread_call_cancel(thread_call_t call)
{
    boolean_t was_pending;

    kext_mutex_lock(calls_lock);
    was_pending = call->is_pending;
    call->is_pending = false;
    call->generation++;
    kext_wakeup(call, 0);
    kext_mutex_unlock(calls_lock);
    return was_pending;
}

boolean_t
thread_call_cancel_wait(thread_call_t call)
{
    boolean_t was_pending = thread_call_cancel(call);

    kext_mutex_lock(calls_lock);
    while (call->running > 0)
        (void)kext_sleep(calls_lock, &call->running, 0);
    kext_mutex_unlock(calls_lock);
    return was_pending;
}

boolean_t
thread_call_isactive(thread_call_t call)
{
    boolean_t is_active;

    kext_mutex_lock(calls_lock);
    is_active = call->is_pending || call->running > 0;
    kext_mutex_unlock(calls_lock);
    return is_active;
}

thread_call_t
thread_call_allocate_with_priority(thread_call_func_t function, thread_call_param_t parameter,
                                   thread_call_priority_t)
{
    return thread_call_allocate(function, parameter);
}

thread_call_t
thread_call_allocate_with_options(thread_call_func_t function, thread_call_param_t parameter,
                                  thread_call_priority_t, thread_call_options_t)
{
    return thread_call_allocate(function, parameter);
}

struct later {
    thread_call_func_t function;
    void (*bsd)(void *);
    void *parameter;
    uint64_t deadline;
};

static void
later_run(void *context)
{
    struct later later = *(struct later *)context;

    kext_release(context);
    kext_pause(time_until(later.deadline));
    if (later.function != NULL)
        later.function(later.parameter, NULL);
    else
        later.bsd(later.parameter);
}

static void
later_start(thread_call_func_t function, void (*bsd)(void *), void *parameter, uint64_t deadline)
{
    struct later *later = (struct later *)kext_allocate(sizeof(*later), 16);

    later->function = function;
    later->bsd = bsd;
    later->parameter = parameter;
    later->deadline = deadline;
    (void)kext_thread_start(later_run, later);
}

void
thread_call_func_delayed(thread_call_func_t function, thread_call_param_t parameter,
                         uint64_t deadline)
{
    later_start(function, NULL, parameter, deadline);
}

void
bsd_timeout(void (*function)(void *), void *parameter, struct timespec *time)
{
    later_start(NULL, function, parameter,
                kext_now() + (uint64_t)time->tv_sec * NSEC_PER_SEC + (uint64_t)time->tv_nsec);
}

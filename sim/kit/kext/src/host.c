/* host.c - see host.h */
#define _GNU_SOURCE 1
#include "host.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "faultline/explore.h"
#include "hooks/vmk_sim.h"

/* ---- interrupts ---- */

void
kext_interrupt(int is_entered)
{
    faultline_lock();
    if (is_entered)
        vmk_sim_enter(VM_INTERRUPT);
    else
        vmk_sim_leave(VM_INTERRUPT);
    faultline_unlock();
}

/* ---- the release ---- */

int
kext_reads_are_cut(void)
{
    const struct vm_system *system = vmk_sim_system();

    return system != NULL && vm_system_profile(system)->read_bytes_clips;
}

/* ---- memory ---- */

/* GUESS: more than a kernel has room for at once. */
#define KEXT_MOST ((size_t)1 << 36)

void *
kext_try_allocate(size_t size, size_t alignment)
{
    size_t grain = alignment < 16 ? 16 : alignment;
    size_t bytes;
    void *memory;

    if (size > KEXT_MOST || grain > KEXT_MOST || (grain & (grain - 1)) != 0)
        return NULL;
    bytes = size == 0 ? grain : (size + grain - 1) / grain * grain;
    if (grain == 16)
        return calloc(1, bytes);
    memory = aligned_alloc(grain, bytes);
    return memory == NULL ? NULL : memset(memory, 0, bytes);
}

void *
kext_allocate(size_t size, size_t alignment)
{
    void *memory = kext_try_allocate(size, alignment);

    if (memory == NULL)
        abort();
    return memory;
}

void
kext_release(void *memory)
{
    free(memory);
}

/*
 * ---- locks ----
 *
 * In a run of vmk_explore() the threads are fibers of one thread of the host's: none of them may wait in
 * the host's calls, so they give way until what they wait for is there.
 */

struct kext_mutex {
    pthread_mutex_t mutex;
    bool is_recursive;
    /* Who holds the mutex writes these two; others may ask whether it is they. */
    void *owner; /* while depth > 0; as kext_thread_self() */
    unsigned depth;
};

/* Whether the thread that calls is one of a run's. */
static bool
kext_is_explored(void)
{
    return vmk_explore_self() >= 0;
}

struct kext_mutex *
kext_mutex_create(int is_recursive)
{
    struct kext_mutex *made = kext_allocate(sizeof(*made), 0);
    pthread_mutexattr_t kind;

    made->is_recursive = is_recursive != 0;
    pthread_mutexattr_init(&kind);
    pthread_mutexattr_settype(&kind,
                              is_recursive ? PTHREAD_MUTEX_RECURSIVE : PTHREAD_MUTEX_ERRORCHECK);
    pthread_mutex_init(&made->mutex, &kind);
    pthread_mutexattr_destroy(&kind);
    return made;
}

void
kext_mutex_destroy(struct kext_mutex *mutex)
{
    pthread_mutex_destroy(&mutex->mutex);
    free(mutex);
}

static bool
kext_mutex_is_mine(const struct kext_mutex *mutex)
{
    return __atomic_load_n(&mutex->depth, __ATOMIC_RELAXED) > 0 &&
           __atomic_load_n(&mutex->owner, __ATOMIC_RELAXED) == kext_thread_self();
}

/* As pthread_mutex_trylock(). */
static int
kext_mutex_explored_try(const struct kext_mutex *mutex)
{
    return mutex->depth > 0 && !(mutex->is_recursive && kext_mutex_is_mine(mutex));
}

/* As pthread_mutex_lock(). */
static int
kext_mutex_explored_lock(const struct kext_mutex *mutex)
{
    while (kext_mutex_explored_try(mutex) != 0 && !kext_mutex_is_mine(mutex)) {
        uintptr_t owner = (uintptr_t)mutex->owner;

        (void)vmk_explore_wait(mutex, owner <= VMK_EXPLORE_THREADS_MAX ? (int)owner - 1 : -1, 0);
    }
    return kext_mutex_explored_try(mutex);
}

static void
kext_mutex_took(struct kext_mutex *mutex)
{
    __atomic_store_n(&mutex->owner, kext_thread_self(), __ATOMIC_RELAXED);
    __atomic_store_n(&mutex->depth, mutex->depth + 1, __ATOMIC_RELAXED);
}

void
kext_mutex_lock(struct kext_mutex *mutex)
{
    int error =
        kext_is_explored() ? kext_mutex_explored_lock(mutex) : pthread_mutex_lock(&mutex->mutex);

    if (error != 0)
        faultline_report_panic("a thread locks a lock that it holds: on the Mac it waits for ever",
                               "");
    kext_mutex_took(mutex);
}

int
kext_mutex_try(struct kext_mutex *mutex)
{
    int error =
        kext_is_explored() ? kext_mutex_explored_try(mutex) : pthread_mutex_trylock(&mutex->mutex);

    if (error != 0)
        return 0;
    kext_mutex_took(mutex);
    return 1;
}

void
kext_mutex_unlock(struct kext_mutex *mutex)
{
    bool is_last;

    if (!kext_mutex_is_mine(mutex))
        faultline_report_panic("a lock is unlocked that this thread does not hold", "");
    is_last = mutex->depth == 1;
    __atomic_store_n(&mutex->depth, mutex->depth - 1, __ATOMIC_RELAXED);
    if (!kext_is_explored())
        (void)pthread_mutex_unlock(&mutex->mutex);
    if (is_last)
        vmk_explore_wake(mutex);
}

unsigned
kext_mutex_depth(const struct kext_mutex *mutex)
{
    return kext_mutex_is_mine(mutex) ? mutex->depth : 0;
}

/* ---- locks of readers and writers ---- */

struct kext_rw {
    pthread_mutex_t mutex;
    pthread_cond_t change;
    void *writer; /* as kext_thread_self() */
    unsigned readers;
    bool has_writer, is_upgrading;
};

struct kext_rw *
kext_rw_create(void)
{
    struct kext_rw *made = kext_allocate(sizeof(*made), 0);

    pthread_mutex_init(&made->mutex, NULL);
    pthread_cond_init(&made->change, NULL);
    return made;
}

void
kext_rw_destroy(struct kext_rw *rw)
{
    pthread_cond_destroy(&rw->change);
    pthread_mutex_destroy(&rw->mutex);
    free(rw);
}

static bool
kext_rw_is_free(const struct kext_rw *rw, int is_exclusive)
{
    return !rw->has_writer && !rw->is_upgrading && (!is_exclusive || rw->readers == 0);
}

static void
kext_rw_take(struct kext_rw *rw, int is_exclusive)
{
    if (is_exclusive) {
        rw->has_writer = true;
        rw->writer = kext_thread_self();
    } else {
        rw->readers++;
    }
}

/* Waits for a change, with the guard open. */
static void
kext_rw_wait(struct kext_rw *rw)
{
    if (!kext_is_explored()) {
        pthread_cond_wait(&rw->change, &rw->mutex);
        return;
    }
    pthread_mutex_unlock(&rw->mutex);
    (void)vmk_explore_wait(rw, -1, 0);
    pthread_mutex_lock(&rw->mutex);
}

static void
kext_rw_tell(struct kext_rw *rw)
{
    pthread_cond_broadcast(&rw->change);
    vmk_explore_wake(rw);
}

void
kext_rw_lock(struct kext_rw *rw, int is_exclusive)
{
    pthread_mutex_lock(&rw->mutex);
    while (!kext_rw_is_free(rw, is_exclusive))
        kext_rw_wait(rw);
    kext_rw_take(rw, is_exclusive);
    pthread_mutex_unlock(&rw->mutex);
}

int
kext_rw_try(struct kext_rw *rw, int is_exclusive)
{
    int is_free;

    pthread_mutex_lock(&rw->mutex);
    is_free = kext_rw_is_free(rw, is_exclusive);
    if (is_free)
        kext_rw_take(rw, is_exclusive);
    pthread_mutex_unlock(&rw->mutex);
    return is_free;
}

int
kext_rw_unlock(struct kext_rw *rw)
{
    int was_exclusive;

    pthread_mutex_lock(&rw->mutex);
    was_exclusive = rw->has_writer;
    if (was_exclusive)
        rw->has_writer = false;
    else if (rw->readers > 0)
        rw->readers--;
    kext_rw_tell(rw);
    pthread_mutex_unlock(&rw->mutex);
    return was_exclusive;
}

int
kext_rw_upgrade(struct kext_rw *rw)
{
    int is_mine;

    pthread_mutex_lock(&rw->mutex);
    rw->readers--;
    is_mine = !rw->is_upgrading;
    if (is_mine) {
        rw->is_upgrading = true;
        while (rw->readers > 0)
            kext_rw_wait(rw);
        rw->is_upgrading = false;
        kext_rw_take(rw, 1);
    }
    kext_rw_tell(rw);
    pthread_mutex_unlock(&rw->mutex);
    return is_mine;
}

void
kext_rw_downgrade(struct kext_rw *rw)
{
    pthread_mutex_lock(&rw->mutex);
    rw->has_writer = false;
    rw->readers++;
    kext_rw_tell(rw);
    pthread_mutex_unlock(&rw->mutex);
}

int
kext_rw_state(struct kext_rw *rw)
{
    int state;

    pthread_mutex_lock(&rw->mutex);
    state = rw->has_writer ? (rw->writer == kext_thread_self() ? 2 : 0) : rw->readers > 0;
    pthread_mutex_unlock(&rw->mutex);
    return state;
}

/* ---- sleeping ---- */

struct kext_sleeper {
    struct kext_sleeper *next;
    const void *event;
    unsigned long long deadline; /* 0: none */
    int is_awake;
};

static pthread_mutex_t sleepers_lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t sleepers_change;
static pthread_once_t sleepers_once = PTHREAD_ONCE_INIT;
static struct kext_sleeper *sleepers;
/* A thread waits for one event at a time. */
static __thread struct kext_sleeper of_thread;
static struct kext_sleeper of_explored[VMK_EXPLORE_THREADS_MAX];

static struct kext_sleeper *
kext_me(void)
{
    return kext_is_explored() ? &of_explored[vmk_explore_self()] : &of_thread;
}

static void
kext_sleepers_make(void)
{
    pthread_condattr_t clock;

    pthread_condattr_init(&clock);
    pthread_condattr_setclock(&clock, CLOCK_MONOTONIC);
    pthread_cond_init(&sleepers_change, &clock);
    pthread_condattr_destroy(&clock);
}

static void
kext_forget(const struct kext_sleeper *sleeper)
{
    struct kext_sleeper **at = &sleepers;

    while (*at != NULL && *at != sleeper)
        at = &(*at)->next;
    if (*at != NULL)
        *at = sleeper->next;
}

void
kext_assert_wait(const void *event, unsigned long long deadline)
{
    struct kext_sleeper *me = kext_me();

    pthread_once(&sleepers_once, kext_sleepers_make);
    pthread_mutex_lock(&sleepers_lock);
    kext_forget(me);
    *me = (struct kext_sleeper){ sleepers, event, deadline, 0 };
    sleepers = me;
    pthread_mutex_unlock(&sleepers_lock);
}

/* Waits for a wakeup of anybody's, with the list open; 1: the time was up. */
static int
kext_doze(const struct kext_sleeper *me)
{
    struct timespec until = { (time_t)(me->deadline / 1000000000u),
                              (long)(me->deadline % 1000000000u) };
    int is_late;

    if (kext_is_explored()) {
        pthread_mutex_unlock(&sleepers_lock);
        is_late = !vmk_explore_wait(me->event, -1, me->deadline != 0);
        pthread_mutex_lock(&sleepers_lock);
        return is_late;
    }
    return (me->deadline == 0
                ? pthread_cond_wait(&sleepers_change, &sleepers_lock)
                : pthread_cond_timedwait(&sleepers_change, &sleepers_lock, &until)) != 0;
}

int
kext_block(void)
{
    struct kext_sleeper *me = kext_me();
    int is_late = 0;

    pthread_mutex_lock(&sleepers_lock);
    while (!me->is_awake && !is_late && me->event != NULL)
        is_late = kext_doze(me);
    is_late = !me->is_awake && me->event != NULL;
    kext_forget(me);
    me->event = NULL;
    pthread_mutex_unlock(&sleepers_lock);
    return is_late;
}

void
kext_clear_wait(void)
{
    struct kext_sleeper *me = kext_me();

    pthread_mutex_lock(&sleepers_lock);
    kext_forget(me);
    me->event = NULL;
    pthread_mutex_unlock(&sleepers_lock);
}

int
kext_sleep(struct kext_mutex *mutex, const void *event, unsigned long long timeout)
{
    unsigned depth = mutex == NULL ? 0 : kext_mutex_depth(mutex);
    int is_late;

    if (mutex != NULL && depth == 0)
        depth = 1; /* unlocking it says what is wrong */
    kext_assert_wait(event, timeout == 0 ? 0 : kext_now() + timeout);
    for (unsigned i = 0; i < depth; i++)
        kext_mutex_unlock(mutex);
    is_late = kext_block();
    for (unsigned i = 0; i < depth; i++)
        kext_mutex_lock(mutex);
    return is_late;
}

int
kext_wakeup(const void *event, int is_one)
{
    struct kext_sleeper *last = NULL;

    pthread_once(&sleepers_once, kext_sleepers_make);
    pthread_mutex_lock(&sleepers_lock);
    for (struct kext_sleeper *at = sleepers; at != NULL; at = at->next) {
        if (at->event != event || at->is_awake)
            continue;
        at->is_awake = !is_one;
        last = at; /* the one that has slept longest is the last of the list */
    }
    if (last != NULL)
        last->is_awake = 1;
    pthread_cond_broadcast(&sleepers_change);
    vmk_explore_wake(event);
    pthread_mutex_unlock(&sleepers_lock);
    return last != NULL;
}

/* ---- threads, time, text ---- */

struct kext_start {
    void (*run)(void *);
    void *context;
    int cpu;
};

/* How many threads are on each CPU; the test's own is on the first. */
enum { KEXT_CPUS = 4 };
static int threads_on[KEXT_CPUS] = { 1 };
static pthread_mutex_t threads_lock = PTHREAD_MUTEX_INITIALIZER;

/* The emptiest CPU: what is held on a CPU is told apart by CPU, so threads share one only when they must. */
static int
take_cpu(void)
{
    int cpu = 1;

    pthread_mutex_lock(&threads_lock);
    for (int i = 2; i < KEXT_CPUS; i++) {
        if (threads_on[i] < threads_on[cpu])
            cpu = i;
    }
    threads_on[cpu]++;
    pthread_mutex_unlock(&threads_lock);
    return cpu;
}

/* What a thread leaves behind. One that was not started here (-1) has no CPU. */
static void
leave_cpu(int cpu)
{
    kext_clear_wait();
    if (cpu < 0)
        return;
    pthread_mutex_lock(&threads_lock);
    threads_on[cpu]--;
    pthread_mutex_unlock(&threads_lock);
}

static void *
kext_thread_main(void *context)
{
    struct kext_start start = *(struct kext_start *)context;

    free(context);
    faultline_thread_cpu(start.cpu);
    start.run(start.context);
    leave_cpu(start.cpu);
    return NULL;
}

void *
kext_thread_start(void (*run)(void *), void *context)
{
    struct kext_start *start = kext_allocate(sizeof(*start), 0);
    pthread_t thread;

    if (vmk_explore_is_on())
        vmk_explore_fail(
            "a thread of the kernel's own is started (a work loop, a thread call): nobody "
            "can order it; let a thread of the test do its work");
    if (faultline_current_cpu() < 0)
        faultline_thread_cpu(0); /* there is more than one thread now, so each has a CPU */
    *start = (struct kext_start){ run, context, take_cpu() };
    if (pthread_create(&thread, NULL, kext_thread_main, start) != 0)
        abort();
    pthread_detach(thread);
    return (void *)(uintptr_t)thread;
}

void
kext_thread_exit(void)
{
    leave_cpu(faultline_current_cpu());
    pthread_exit(NULL);
}

void *
kext_thread_self(void)
{
    return kext_is_explored() ? (void *)(uintptr_t)(vmk_explore_self() + 1)
                              : (void *)(uintptr_t)pthread_self();
}

unsigned long long
kext_now(void)
{
    static unsigned long long looks;
    struct timespec now;

    if (vmk_explore_is_on())
        return ++looks * 1000; /* in a run time passes where somebody looks */
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (unsigned long long)now.tv_sec * 1000000000u + (unsigned long long)now.tv_nsec;
}

void
kext_pause(unsigned long long time)
{
    struct timespec pause = { (time_t)(time / 1000000000u), (long)(time % 1000000000u) };

    if (vmk_explore_is_on())
        vmk_explore_yield();
    else
        nanosleep(&pause, NULL);
}

void
kext_log(const char *format, va_list arguments)
{
    vfprintf(stderr, format, arguments);
}

/* host.c - see host.h */
#define _GNU_SOURCE 1
#include "host.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "faultline/native.h"

/* ---- memory ---- */

void *
kext_allocate(size_t size, size_t alignment)
{
    size_t grain = alignment < 16 ? 16 : alignment;
    size_t bytes = size == 0 ? grain : (size + grain - 1) / grain * grain;
    void *memory = bytes < size ? NULL : aligned_alloc(grain, bytes);

    if (memory == NULL)
        abort();
    return memset(memory, 0, bytes);
}

void
kext_release(void *memory)
{
    free(memory);
}

/* ---- locks ---- */

struct kext_mutex {
    pthread_mutex_t mutex;
    pthread_t owner;
    unsigned depth;
};

struct kext_mutex *
kext_mutex_create(int is_recursive)
{
    struct kext_mutex *made = kext_allocate(sizeof(*made), 0);
    pthread_mutexattr_t kind;

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

static void
kext_mutex_took(struct kext_mutex *mutex)
{
    mutex->owner = pthread_self();
    mutex->depth++;
}

void
kext_mutex_lock(struct kext_mutex *mutex)
{
    if (pthread_mutex_lock(&mutex->mutex) != 0) {
        fputs("faultline: a thread locks a lock that it holds: on the Mac it waits for ever\n",
              stderr);
        abort();
    }
    kext_mutex_took(mutex);
}

int
kext_mutex_try(struct kext_mutex *mutex)
{
    if (pthread_mutex_trylock(&mutex->mutex) != 0)
        return 0;
    kext_mutex_took(mutex);
    return 1;
}

void
kext_mutex_unlock(struct kext_mutex *mutex)
{
    mutex->depth--;
    if (pthread_mutex_unlock(&mutex->mutex) != 0) {
        fputs("faultline: a lock is unlocked that this thread does not hold\n", stderr);
        abort();
    }
}

int
kext_mutex_is_mine(const struct kext_mutex *mutex)
{
    return mutex->depth > 0 && pthread_equal(mutex->owner, pthread_self());
}

struct kext_rw {
    pthread_rwlock_t lock;
};

struct kext_rw *
kext_rw_create(void)
{
    struct kext_rw *made = kext_allocate(sizeof(*made), 0);

    pthread_rwlock_init(&made->lock, NULL);
    return made;
}

void
kext_rw_destroy(struct kext_rw *rw)
{
    pthread_rwlock_destroy(&rw->lock);
    free(rw);
}

void
kext_rw_lock(struct kext_rw *rw, int is_exclusive)
{
    if (is_exclusive)
        pthread_rwlock_wrlock(&rw->lock);
    else
        pthread_rwlock_rdlock(&rw->lock);
}

void
kext_rw_unlock(struct kext_rw *rw)
{
    pthread_rwlock_unlock(&rw->lock);
}

/* ---- sleeping ---- */

struct kext_sleeper {
    struct kext_sleeper *next;
    const void *event;
    int is_awake;
};

static pthread_mutex_t sleepers_lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t sleepers_change = PTHREAD_COND_INITIALIZER;
static struct kext_sleeper *sleepers;

static void
kext_forget(const struct kext_sleeper *sleeper)
{
    struct kext_sleeper **at = &sleepers;

    while (*at != sleeper)
        at = &(*at)->next;
    *at = sleeper->next;
}

int
kext_sleep(struct kext_mutex *mutex, const void *event, unsigned long long timeout)
{
    struct kext_sleeper me = { NULL, event, 0 };
    struct timespec until;
    int is_late = 0;

    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += (time_t)(timeout / 1000000000u);
    until.tv_nsec += (long)(timeout % 1000000000u);
    until.tv_sec += until.tv_nsec / 1000000000;
    until.tv_nsec %= 1000000000;
    pthread_mutex_lock(&sleepers_lock);
    me.next = sleepers;
    sleepers = &me;
    if (mutex != NULL)
        kext_mutex_unlock(mutex);
    while (!me.is_awake && !is_late)
        is_late = timeout == 0 ? pthread_cond_wait(&sleepers_change, &sleepers_lock)
                               : pthread_cond_timedwait(&sleepers_change, &sleepers_lock, &until);
    kext_forget(&me);
    pthread_mutex_unlock(&sleepers_lock);
    if (mutex != NULL)
        kext_mutex_lock(mutex);
    return !me.is_awake;
}

void
kext_wakeup(const void *event, int is_one)
{
    struct kext_sleeper *last = NULL;

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
    pthread_mutex_unlock(&sleepers_lock);
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

static void
give_cpu(int cpu)
{
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
    give_cpu(start.cpu);
    return NULL;
}

void
kext_thread_start(void (*run)(void *), void *context)
{
    struct kext_start *start = kext_allocate(sizeof(*start), 0);
    pthread_t thread;

    *start = (struct kext_start){ run, context, take_cpu() };
    if (pthread_create(&thread, NULL, kext_thread_main, start) != 0)
        abort();
    pthread_detach(thread);
}

void *
kext_thread_self(void)
{
    return (void *)(uintptr_t)pthread_self();
}

unsigned long long
kext_now(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (unsigned long long)now.tv_sec * 1000000000u + (unsigned long long)now.tv_nsec;
}

void
kext_pause(unsigned long long time)
{
    struct timespec pause = { (time_t)(time / 1000000000u), (long)(time % 1000000000u) };

    nanosleep(&pause, NULL);
}

void
kext_log(const char *format, va_list arguments)
{
    vfprintf(stderr, format, arguments);
}

void
kext_stop(void)
{
    abort();
}

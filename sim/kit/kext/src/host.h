/*
 * host.h - the few things of the host that the kernel's names stand on
 *
 * PURPOSE     Kernel headers and the host's do not go into one file: host.c has the host's, all other
 *             files here have the kernel's, and this is what they say to each other.
 * INVARIANTS  none
 * UNITS       sizes, alignments: bytes; times: nanoseconds, 0 for "for ever"
 * OWNERSHIP   create gives, destroy takes
 * ERRORS      no memory ends the process
 * EVENTS      none
 * XNU         none
 */
#ifndef KEXT_HOST_H
#define KEXT_HOST_H

#include <stdarg.h>
#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Zeroed. */
void *kext_allocate(size_t size, size_t alignment);
void kext_release(void *memory);

struct kext_mutex;
struct kext_mutex *kext_mutex_create(int is_recursive);
void kext_mutex_destroy(struct kext_mutex *);
void kext_mutex_lock(struct kext_mutex *);
int kext_mutex_try(struct kext_mutex *);
void kext_mutex_unlock(struct kext_mutex *);
int kext_mutex_is_mine(const struct kext_mutex *);

struct kext_rw;
struct kext_rw *kext_rw_create(void);
void kext_rw_destroy(struct kext_rw *);
void kext_rw_lock(struct kext_rw *, int is_exclusive);
void kext_rw_unlock(struct kext_rw *);

/* Sleeps until `event` is woken, with the mutex (NULL: none) open meanwhile. 1: the time was up. */
int kext_sleep(struct kext_mutex *, const void *event, unsigned long long timeout);
void kext_wakeup(const void *event, int is_one);

void kext_thread_start(void (*run)(void *), void *context);
void *kext_thread_self(void);
unsigned long long kext_now(void);
void kext_pause(unsigned long long time);
void kext_log(const char *format, va_list arguments);
void kext_stop(void) __attribute__((noreturn));

#ifdef __cplusplus
}
#endif
#endif

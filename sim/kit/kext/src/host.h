/*
 * host.h - the few things of the host that the kernel's names stand on
 *
 * PURPOSE     Kernel headers and the host's do not go into one file: host.c has the host's, all other
 *             files here have the kernel's, and this is what they say to each other.
 * INVARIANTS  none
 * UNITS       sizes, alignments: bytes; times: nanoseconds, 0 for "for ever"
 * OWNERSHIP   create gives, destroy takes
 * ERRORS      no memory ends the process, where a driver does not hear of it
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

/* This CPU enters or leaves a primary interrupt, where no fault is served. */
void kext_interrupt(int is_entered);

/* Whether the release cuts what readBytes() and writeBytes() ask past the end, or moves nothing then. */
int kext_reads_are_cut(void);

/* Zeroed. NULL of the second: there is not so much, or the alignment is no power of two. */
void *kext_allocate(size_t size, size_t alignment);
void *kext_try_allocate(size_t size, size_t alignment);
void kext_release(void *memory);

struct kext_mutex;
struct kext_mutex *kext_mutex_create(int is_recursive);
void kext_mutex_destroy(struct kext_mutex *);
void kext_mutex_lock(struct kext_mutex *);
int kext_mutex_try(struct kext_mutex *);
void kext_mutex_unlock(struct kext_mutex *);
unsigned kext_mutex_depth(const struct kext_mutex *); /* how often this thread holds it */

struct kext_rw;
struct kext_rw *kext_rw_create(void);
void kext_rw_destroy(struct kext_rw *);
void kext_rw_lock(struct kext_rw *, int is_exclusive);
int kext_rw_try(struct kext_rw *, int is_exclusive);
int kext_rw_unlock(struct kext_rw *);  /* 1: it was held to write */
int kext_rw_upgrade(struct kext_rw *); /* 0: another thread upgrades, and the lock is dropped */
void kext_rw_downgrade(struct kext_rw *);
int kext_rw_state(struct kext_rw *); /* 0 free or another's, 1 read, 2 this thread writes */

/* This thread waits for `event` until a deadline (0: none) from now on, and sleeps in kext_block(). */
void kext_assert_wait(const void *event, unsigned long long deadline);
int kext_block(void);       /* 1: the time was up */
void kext_clear_wait(void); /* it does not wait any more */
/* Both, with the mutex (NULL: none) open meanwhile, however often it is held. `timeout` 0: for ever. */
int kext_sleep(struct kext_mutex *, const void *event, unsigned long long timeout);
int kext_wakeup(const void *event, int is_one); /* 1: somebody was woken */

void *kext_thread_start(void (*run)(void *), void *context); /* as kext_thread_self() there */
void kext_thread_exit(void) __attribute__((noreturn));
void *kext_thread_self(void);
unsigned long long kext_now(void);
void kext_pause(unsigned long long time);
void kext_log(const char *format, va_list arguments);

#ifdef __cplusplus
}
#endif
#endif

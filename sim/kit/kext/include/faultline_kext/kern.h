/*
 * kern.h - the kernel's C functions that drivers call
 *
 * PURPOSE     Memory, locks, threads, time and text by their Darwin names, over the host.
 * INVARIANTS  a spin lock forbids page faults on its thread's CPU, as on the Mac; a mutex does not
 * UNITS       sizes: bytes; time: nanoseconds are the unit of absolute time
 * OWNERSHIP   as Darwin
 * ERRORS      as Darwin
 * EVENTS      those of the model for contexts
 * XNU         iokit/IOKit/IOLib.h, IOLocks.h; osfmk/kern/locks.h, thread_call.h, clock.h
 */
#ifndef KEXT_KERN_H
#define KEXT_KERN_H

#include <faultline_kext/base.h>

__BEGIN_DECLS

/* ---- string.h, sys/systm.h ---- */
void *memcpy(void *, const void *, size_t);
void *memmove(void *, const void *, size_t);
void *memset(void *, int, size_t);
int memcmp(const void *, const void *, size_t);
void *memchr(const void *, int, size_t);
size_t strlen(const char *);
size_t strnlen(const char *, size_t);
char *strcpy(char *, const char *);
char *strncpy(char *, const char *, size_t);
char *strcat(char *, const char *);
char *strncat(char *, const char *, size_t);
int strcmp(const char *, const char *);
int strncmp(const char *, const char *, size_t);
int strcasecmp(const char *, const char *);
int strncasecmp(const char *, const char *, size_t);
char *strchr(const char *, int);
char *strrchr(const char *, int);
char *strstr(const char *, const char *);
unsigned long strtoul(const char *, char **, int);
long strtol(const char *, char **, int);
int snprintf(char *, size_t, const char *, ...) __printflike(3, 4);
int vsnprintf(char *, size_t, const char *, va_list) __printflike(3, 0);
int sscanf(const char *, const char *, ...);
size_t strlcpy(char *, const char *, size_t);
size_t strlcat(char *, const char *, size_t);
void bcopy(const void *, void *, size_t);
void bzero(void *, size_t);
int bcmp(const void *, const void *, size_t);
int kprintf(const char *, ...) __printflike(1, 2);
int printf(const char *, ...) __printflike(1, 2);
void panic(const char *, ...) __printflike(1, 2) __dead2;
unsigned int ffs(int);
int copyin(const user_addr_t from, void *to, size_t length);
int copyout(const void *from, user_addr_t to, size_t length);

extern vm_size_t page_size, page_mask;
extern int page_shift;
extern int version_major; /* Darwin's; known from the first faultline_load() on */

/* ---- IOLib.h ---- */
void IOLog(const char *, ...) __printflike(1, 2);
void IOLogv(const char *, va_list);
void IOPanic(const char *) __dead2;
void *IOMalloc(vm_size_t);
void *IOMallocZero(vm_size_t);
void IOFree(void *, vm_size_t);
void *IOMallocAligned(vm_size_t, vm_offset_t alignment);
void IOFreeAligned(void *, vm_size_t);
void *IOMallocContiguous(vm_size_t, vm_size_t alignment, IOPhysicalAddress *);
void IOFreeContiguous(void *, vm_size_t);
void *IOMallocPageable(vm_size_t, vm_size_t alignment);
void IOFreePageable(void *, vm_size_t);
void *IOMallocData(vm_size_t);
void IOFreeData(void *, vm_size_t);
void IOSleep(unsigned milliseconds);
void IOSleepWithLeeway(unsigned, unsigned);
void IODelay(unsigned microseconds);
void IOPause(unsigned nanoseconds);
void OSReportWithBacktrace(const char *, ...) __printflike(1, 2);
extern task_t kernel_task_of_faultline(void);
task_t current_task(void);
thread_t current_thread(void);
proc_t current_proc(void);
int proc_pid(proc_t);
int proc_selfpid(void);
proc_t proc_self(void);
int proc_rele(proc_t);
void proc_name(int, char *, int);
void *get_bsdtask_info(task_t);
#define kernel_task (kernel_task_of_faultline())
vm_map_t kernel_map_of_faultline(void);
boolean_t PE_parse_boot_argn(const char *name, void *value, int size); /* none is ever set */
boolean_t preemption_enabled(void);
boolean_t ml_get_interrupts_enabled(void);
boolean_t ml_set_interrupts_enabled(boolean_t);
boolean_t ml_at_interrupt_context(void);

/* ---- IOLocks.h ---- */
typedef struct IOLock IOLock;
typedef struct IORecursiveLock IORecursiveLock;
typedef struct IORWLock IORWLock;
typedef struct IOSimpleLock IOSimpleLock;
typedef long int IOInterruptState;
enum { kIOLockStateUnlocked = 0, kIOLockStateLocked = 1 };
IOLock *IOLockAlloc(void);
void IOLockFree(IOLock *);
void IOLockLock(IOLock *);
boolean_t IOLockTryLock(IOLock *);
void IOLockUnlock(IOLock *);
int IOLockSleep(IOLock *, void *event, UInt32);
int IOLockSleepDeadline(IOLock *, void *event, AbsoluteTime, UInt32);
void IOLockWakeup(IOLock *, void *event, bool one);
struct _lck_mtx_ *IOLockGetMachLock(IOLock *);
IORecursiveLock *IORecursiveLockAlloc(void);
void IORecursiveLockFree(IORecursiveLock *);
void IORecursiveLockLock(IORecursiveLock *);
boolean_t IORecursiveLockTryLock(IORecursiveLock *);
void IORecursiveLockUnlock(IORecursiveLock *);
boolean_t IORecursiveLockHaveLock(const IORecursiveLock *);
int IORecursiveLockSleep(IORecursiveLock *, void *, UInt32);
int IORecursiveLockSleepDeadline(IORecursiveLock *, void *, AbsoluteTime, UInt32);
void IORecursiveLockWakeup(IORecursiveLock *, void *, bool);
IORWLock *IORWLockAlloc(void);
void IORWLockFree(IORWLock *);
void IORWLockRead(IORWLock *);
void IORWLockWrite(IORWLock *);
void IORWLockUnlock(IORWLock *);
IOSimpleLock *IOSimpleLockAlloc(void);
void IOSimpleLockFree(IOSimpleLock *);
void IOSimpleLockInit(IOSimpleLock *);
void IOSimpleLockLock(IOSimpleLock *);
boolean_t IOSimpleLockTryLock(IOSimpleLock *);
void IOSimpleLockUnlock(IOSimpleLock *);
IOInterruptState IOSimpleLockLockDisableInterrupt(IOSimpleLock *);
void IOSimpleLockUnlockEnableInterrupt(IOSimpleLock *, IOInterruptState);

/* ---- kern/locks.h ---- */
typedef struct __lck_grp__ lck_grp_t;
typedef struct __lck_grp_attr__ lck_grp_attr_t;
typedef struct __lck_attr__ lck_attr_t;
typedef struct __lck_mtx_t__ lck_mtx_t;
typedef struct __lck_rw_t__ lck_rw_t;
typedef struct __lck_spin_t__ lck_spin_t;
typedef unsigned int lck_rw_type_t, lck_sleep_action_t;
#define LCK_GRP_ATTR_NULL ((lck_grp_attr_t *)0)
#define LCK_GRP_NULL ((lck_grp_t *)0)
#define LCK_ATTR_NULL ((lck_attr_t *)0)
#define LCK_RW_TYPE_SHARED 1
#define LCK_RW_TYPE_EXCLUSIVE 2
#define LCK_SLEEP_DEFAULT 0
#define LCK_SLEEP_UNLOCK 1
#define LCK_MTX_ASSERT_OWNED 1
#define LCK_MTX_ASSERT_NOTOWNED 2
lck_grp_attr_t *lck_grp_attr_alloc_init(void);
void lck_grp_attr_setstat(lck_grp_attr_t *);
void lck_grp_attr_free(lck_grp_attr_t *);
lck_grp_t *lck_grp_alloc_init(const char *, lck_grp_attr_t *);
void lck_grp_free(lck_grp_t *);
lck_attr_t *lck_attr_alloc_init(void);
void lck_attr_setdebug(lck_attr_t *);
void lck_attr_free(lck_attr_t *);
lck_mtx_t *lck_mtx_alloc_init(lck_grp_t *, lck_attr_t *);
void lck_mtx_free(lck_mtx_t *, lck_grp_t *);
void lck_mtx_lock(lck_mtx_t *);
boolean_t lck_mtx_try_lock(lck_mtx_t *);
void lck_mtx_unlock(lck_mtx_t *);
void lck_mtx_assert(lck_mtx_t *, unsigned);
wait_result_t lck_mtx_sleep(lck_mtx_t *, lck_sleep_action_t, event_t, wait_interrupt_t);
lck_rw_t *lck_rw_alloc_init(lck_grp_t *, lck_attr_t *);
void lck_rw_free(lck_rw_t *, lck_grp_t *);
void lck_rw_lock(lck_rw_t *, lck_rw_type_t);
void lck_rw_unlock(lck_rw_t *, lck_rw_type_t);
void lck_rw_lock_shared(lck_rw_t *);
void lck_rw_unlock_shared(lck_rw_t *);
void lck_rw_lock_exclusive(lck_rw_t *);
void lck_rw_unlock_exclusive(lck_rw_t *);
boolean_t lck_rw_lock_shared_to_exclusive(lck_rw_t *);
void lck_rw_lock_exclusive_to_shared(lck_rw_t *);
lck_spin_t *lck_spin_alloc_init(lck_grp_t *, lck_attr_t *);
void lck_spin_free(lck_spin_t *, lck_grp_t *);
void lck_spin_lock(lck_spin_t *);
boolean_t lck_spin_try_lock(lck_spin_t *);
void lck_spin_unlock(lck_spin_t *);

/* ---- threads, sleeping, time ---- */
kern_return_t kernel_thread_start(thread_continue_t, void *parameter, thread_t *);
kern_return_t thread_terminate(thread_t);
void thread_deallocate(thread_t);
void thread_reference(thread_t);
int msleep(void *channel, lck_mtx_t *, int priority, const char *, struct timespec *);
void wakeup(void *channel);
void wakeup_one(caddr_t channel);
#define PZERO 22
#define PWAIT 32
#define PCATCH 0x100
#define PDROP 0x400
typedef struct thread_call *thread_call_t;
typedef void *thread_call_param_t;
typedef void (*thread_call_func_t)(thread_call_param_t, thread_call_param_t);
thread_call_t thread_call_allocate(thread_call_func_t, thread_call_param_t);
boolean_t thread_call_free(thread_call_t);
boolean_t thread_call_enter(thread_call_t);
boolean_t thread_call_enter1(thread_call_t, thread_call_param_t);
boolean_t thread_call_enter_delayed(thread_call_t, uint64_t deadline);
boolean_t thread_call_enter1_delayed(thread_call_t, thread_call_param_t, uint64_t deadline);
boolean_t thread_call_cancel(thread_call_t);
boolean_t thread_call_cancel_wait(thread_call_t);
uint64_t mach_absolute_time(void);
void clock_get_uptime(uint64_t *);
void clock_interval_to_deadline(uint32_t interval, uint32_t scale, uint64_t *);
void clock_interval_to_absolutetime_interval(uint32_t, uint32_t, uint64_t *);
void clock_absolutetime_interval_to_deadline(uint64_t, uint64_t *);
void absolutetime_to_nanoseconds(uint64_t, uint64_t *);
void nanoseconds_to_absolutetime(uint64_t, uint64_t *);
void clock_get_system_nanotime(uint32_t *, uint32_t *);
void microtime(struct timeval *);
void microuptime(struct timeval *);
void nanotime(struct timespec *);
uint32_t random(void);
void read_random(void *, unsigned);

/* ---- libkern/OSAtomic.h ---- */
static inline SInt32
OSAddAtomic(SInt32 amount, volatile SInt32 *address)
{
    return __atomic_fetch_add(address, amount, __ATOMIC_SEQ_CST);
}
static inline SInt64
OSAddAtomic64(SInt64 amount, volatile SInt64 *address)
{
    return __atomic_fetch_add(address, amount, __ATOMIC_SEQ_CST);
}
#define OSIncrementAtomic(address) OSAddAtomic(1, (volatile SInt32 *)(address))
#define OSDecrementAtomic(address) OSAddAtomic(-1, (volatile SInt32 *)(address))
#define OSIncrementAtomic64(address) OSAddAtomic64(1, (volatile SInt64 *)(address))
#define OSDecrementAtomic64(address) OSAddAtomic64(-1, (volatile SInt64 *)(address))
static inline UInt32
OSBitOrAtomic(UInt32 mask, volatile UInt32 *address)
{
    return __atomic_fetch_or(address, mask, __ATOMIC_SEQ_CST);
}
static inline UInt32
OSBitAndAtomic(UInt32 mask, volatile UInt32 *address)
{
    return __atomic_fetch_and(address, mask, __ATOMIC_SEQ_CST);
}
static inline Boolean
OSCompareAndSwap(UInt32 old_value, UInt32 new_value, volatile UInt32 *address)
{
    return __atomic_compare_exchange_n(address, &old_value, new_value, 0, __ATOMIC_SEQ_CST,
                                       __ATOMIC_SEQ_CST);
}
static inline Boolean
OSCompareAndSwap64(UInt64 old_value, UInt64 new_value, volatile UInt64 *address)
{
    return __atomic_compare_exchange_n(address, &old_value, new_value, 0, __ATOMIC_SEQ_CST,
                                       __ATOMIC_SEQ_CST);
}
static inline Boolean
OSCompareAndSwapPtr(void *old_value, void *new_value, void *volatile *address)
{
    return __atomic_compare_exchange_n(address, &old_value, new_value, 0, __ATOMIC_SEQ_CST,
                                       __ATOMIC_SEQ_CST);
}
#define OSSynchronizeIO() __atomic_thread_fence(__ATOMIC_SEQ_CST)
#define OSMemoryBarrier() __atomic_thread_fence(__ATOMIC_SEQ_CST)

/* ---- libkern/OSByteOrder.h: a little-endian machine ---- */
#define OSSwapInt16(v) __builtin_bswap16(v)
#define OSSwapInt32(v) __builtin_bswap32(v)
#define OSSwapInt64(v) __builtin_bswap64(v)
#define OSSwapHostToBigInt16(v) __builtin_bswap16(v)
#define OSSwapHostToBigInt32(v) __builtin_bswap32(v)
#define OSSwapHostToBigInt64(v) __builtin_bswap64(v)
#define OSSwapBigToHostInt16(v) __builtin_bswap16(v)
#define OSSwapBigToHostInt32(v) __builtin_bswap32(v)
#define OSSwapBigToHostInt64(v) __builtin_bswap64(v)
#define OSSwapHostToLittleInt16(v) ((uint16_t)(v))
#define OSSwapHostToLittleInt32(v) ((uint32_t)(v))
#define OSSwapHostToLittleInt64(v) ((uint64_t)(v))
#define OSSwapLittleToHostInt16(v) ((uint16_t)(v))
#define OSSwapLittleToHostInt32(v) ((uint32_t)(v))
#define OSSwapLittleToHostInt64(v) ((uint64_t)(v))
static inline uint32_t
OSReadLittleInt32(const volatile void *base, uintptr_t offset)
{
    return *(const volatile uint32_t *)((uintptr_t)base + offset);
}
static inline void
OSWriteLittleInt32(volatile void *base, uintptr_t offset, uint32_t data)
{
    *(volatile uint32_t *)((uintptr_t)base + offset) = data;
}
static inline uint64_t
OSReadLittleInt64(const volatile void *base, uintptr_t offset)
{
    return *(const volatile uint64_t *)((uintptr_t)base + offset);
}
static inline void
OSWriteLittleInt64(volatile void *base, uintptr_t offset, uint64_t data)
{
    *(volatile uint64_t *)((uintptr_t)base + offset) = data;
}

__END_DECLS

#ifdef assert
#undef assert
#endif
#define assert(condition) ((condition) ? (void)0 : panic("assert: %s", #condition))

/* ---- mach/kmod.h: a kext is started by the test, so its record is data only ---- */
typedef struct kmod_info {
    struct kmod_info *next;
    int32_t info_version;
    uint32_t id;
    char name[64];
    char version[64];
} kmod_info_t;
typedef kern_return_t kmod_start_func_t(kmod_info_t *, void *);
typedef kern_return_t kmod_stop_func_t(kmod_info_t *, void *);
#define KMOD_EXPLICIT_DECL(name, version, start, stop)   \
    kmod_info_t kmod_info = { 0, 1, 0, #name, version }; \
    kmod_start_func_t *_realmain = start;                \
    kmod_stop_func_t *_antimain = stop;

#define IONew(type, count) ((type *)IOMalloc(sizeof(type) * (count)))
#define IONewZero(type, count) ((type *)IOMallocZero(sizeof(type) * (count)))
#define IODelete(pointer, type, count) IOFree((pointer), sizeof(type) * (count))
#define IOMallocType(type) ((type *)IOMallocZero(sizeof(type)))
#define IOFreeType(pointer, type) IOFree((pointer), sizeof(type))
#define IOSafeDeleteNULL(pointer, type, count) \
    do {                                       \
        if (pointer) {                         \
            IODelete(pointer, type, count);    \
            (pointer) = 0;                     \
        }                                      \
    } while (0)

#endif

/*
 * base.h - the scalar types, codes and macros that every kernel header brings
 *
 * PURPOSE     Apple's names and numbers, so that a kext's sources compile unmodified.
 * INVARIANTS  64-bit types are `long long`; errno numbers are Darwin's
 * UNITS       none
 * OWNERSHIP   none
 * ERRORS      IOReturn: IOKit/IOReturn.h's numbers; kern_return_t: mach/kern_return.h's
 * EVENTS      none
 * XNU         osfmk/mach/, bsd/sys/, iokit/IOKit/IOTypes.h, IOReturn.h
 */
#ifndef KEXT_BASE_H
#define KEXT_BASE_H

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
#define __BEGIN_DECLS extern "C" {
#define __END_DECLS }
#else
#define __BEGIN_DECLS
#define __END_DECLS
#include <stdbool.h>
#endif

/* ---- sys/types.h, libkern/OSTypes.h ---- */

typedef unsigned char u_char;
typedef unsigned short u_short;
typedef unsigned int u_int;
typedef unsigned long u_long;
typedef int8_t SInt8;
typedef int16_t SInt16;
typedef int32_t SInt32;
typedef int64_t SInt64;
typedef uint8_t UInt8;
typedef uint16_t UInt16;
typedef uint32_t UInt32;
typedef uint64_t UInt64;
typedef unsigned char Boolean;
typedef uint8_t u_int8_t;
typedef uint16_t u_int16_t;
typedef uint32_t u_int32_t;
typedef uint64_t u_int64_t;
typedef long ssize_t;
typedef int64_t off_t;
typedef int32_t pid_t;
typedef uint32_t uid_t, gid_t;
typedef int32_t dev_t;
typedef uint16_t mode_t;
typedef long time_t;
typedef uint64_t user_addr_t, user_size_t;
typedef int64_t user_ssize_t;
typedef char *caddr_t;
typedef uint64_t addr64_t;
typedef uint32_t ppnum_t;
typedef uint32_t OSStatus;
typedef unsigned int wait_result_t;
typedef int wait_interrupt_t;

struct timespec {
    time_t tv_sec;
    long tv_nsec;
};
struct timeval {
    time_t tv_sec;
    int tv_usec;
};

/* ---- mach ---- */

typedef int kern_return_t;
typedef int boolean_t;
typedef unsigned int natural_t;
typedef int integer_t;
typedef uintptr_t vm_offset_t, vm_address_t, vm_size_t;
typedef uint64_t mach_vm_address_t, mach_vm_offset_t, mach_vm_size_t;
typedef uint64_t vm_map_offset_t, vm_map_address_t, vm_map_size_t;
typedef int vm_prot_t;
typedef unsigned int vm_inherit_t;
typedef struct vmk_task *task_t;
typedef struct thread *thread_t;
typedef struct proc *proc_t;
typedef struct ipc_port *ipc_port_t, *mach_port_t;
typedef struct _vm_map *vm_map_t;
typedef void (*thread_continue_t)(void *, wait_result_t);
typedef struct semaphore *semaphore_t;
typedef void *event_t;

#define THREAD_NULL ((thread_t)0)
#define TASK_NULL ((task_t)0)
#define MACH_PORT_NULL ((mach_port_t)0)

#define KERN_SUCCESS 0
#define KERN_INVALID_ADDRESS 1
#define KERN_PROTECTION_FAILURE 2
#define KERN_NO_SPACE 3
#define KERN_INVALID_ARGUMENT 4
#define KERN_FAILURE 5
#define KERN_RESOURCE_SHORTAGE 6
#define KERN_NO_ACCESS 8
#define KERN_MEMORY_ERROR 10
#define KERN_ABORTED 14
#define KERN_NOT_SUPPORTED 46
#define KERN_OPERATION_TIMED_OUT 49

#define VM_PROT_NONE 0
#define VM_PROT_READ 1
#define VM_PROT_WRITE 2
#define VM_PROT_EXECUTE 4
#define VM_PROT_DEFAULT 3
#define VM_PROT_ALL 7

#define THREAD_WAITING (~0U)
#define THREAD_AWAKENED 0
#define THREAD_TIMED_OUT 1
#define THREAD_INTERRUPTED 2
#define THREAD_RESTART 3
#define THREAD_UNINT 0
#define THREAD_INTERRUPTIBLE 1
#define THREAD_ABORTSAFE 2

#define NSEC_PER_USEC 1000ull
#define NSEC_PER_MSEC 1000000ull
#define NSEC_PER_SEC 1000000000ull
#define USEC_PER_SEC 1000000ull

#ifndef TRUE
#define TRUE 1
#define FALSE 0
#endif
#define YES 1
#define NO 0

/* ---- macros ---- */

#define __unused __attribute__((unused))
#define __used __attribute__((used))
#define __dead2 __attribute__((noreturn))
#define __pure2 __attribute__((const))
#define __printflike(at, first) __attribute__((format(printf, at, first)))
#define __improbable(x) __builtin_expect(!!(x), 0)
#define __probable(x) __builtin_expect(!!(x), 1)
#define APPLE_KEXT_OVERRIDE override
#define APPLE_KEXT_COMPATIBILITY
#define APPLE_KEXT_DEPRECATED
#define APPLE_KEXT_WSHADOW_PUSH
#define APPLE_KEXT_WSHADOW_POP
#define APPLE_KEXT_DEPRECATED_WITH_MSG(text)
#define AVAILABLE_MAC_OS_X_VERSION_10_4_AND_LATER
#define __OSX_AVAILABLE(version)
#define __OSX_AVAILABLE_STARTING(mac, ios)
#define LIBKERN_RETURNS_RETAINED
#define LIBKERN_RETURNS_NOT_RETAINED
#define LIBKERN_CONSUMED
#define LIBKERN_CONSUMES_THIS
#define LIBKERN_RETURNS_RETAINED_ON_ZERO
#define LIBKERN_RETURNS_RETAINED_ON_NONZERO
#define OSPTR

#define PAGE_SHIFT 12
#define PAGE_SIZE ((vm_size_t)4096)
#define PAGE_MASK (PAGE_SIZE - 1)
#define atop(x) ((uintptr_t)(x) >> PAGE_SHIFT)
#define ptoa(x) ((uintptr_t)(x) << PAGE_SHIFT)
#define atop_64(x) ((uint64_t)(x) >> PAGE_SHIFT)
#define ptoa_64(x) ((uint64_t)(x) << PAGE_SHIFT)
#define trunc_page(x) ((uintptr_t)(x) & ~PAGE_MASK)
#define round_page(x) trunc_page((uintptr_t)(x) + PAGE_MASK)
#define trunc_page_64(x) ((uint64_t)(x) & ~(uint64_t)PAGE_MASK)
#define round_page_64(x) trunc_page_64((uint64_t)(x) + PAGE_MASK)
#define mach_vm_trunc_page(x) trunc_page_64(x)
#define mach_vm_round_page(x) round_page_64(x)

#ifndef MIN
#define MIN(a, b) ((a) < (b) ? (a) : (b))
#define MAX(a, b) ((a) > (b) ? (a) : (b))
#endif
#ifndef __cplusplus
#define min(a, b) MIN(a, b)
#define max(a, b) MAX(a, b)
#else
template <class T, class U>
static inline T
min(T a, U b)
{
    return a < (T)b ? a : (T)b;
}
template <class T, class U>
static inline T
max(T a, U b)
{
    return a > (T)b ? a : (T)b;
}
#endif

/* ---- sys/errno.h: Darwin's numbers ---- */

#define EPERM 1
#define ENOENT 2
#define EINTR 4
#define EIO 5
#define ENXIO 6
#define E2BIG 7
#define EBADF 9
#define EDEADLK 11
#define ENOMEM 12
#define EACCES 13
#define EFAULT 14
#define EBUSY 16
#define EEXIST 17
#define ENODEV 19
#define EINVAL 22
#define ENOTTY 25
#define EFBIG 27
#define ENOSPC 28
#define EROFS 30
#define EPIPE 32
#define EDOM 33
#define ERANGE 34
#define EAGAIN 35
#define EWOULDBLOCK EAGAIN
#define EINPROGRESS 36
#define EALREADY 37
#define ENOTSOCK 38
#define EMSGSIZE 40
#define EPROTONOSUPPORT 43
#define ENOTSUP 45
#define EAFNOSUPPORT 47
#define EADDRINUSE 48
#define ENETDOWN 50
#define ENOBUFS 55
#define EISCONN 56
#define ENOTCONN 57
#define ETIMEDOUT 60
#define ECONNREFUSED 61
#define ENAMETOOLONG 63
#define ENOSYS 78
#define EOVERFLOW 84
#define ECANCELED 89
#define EOPNOTSUPP 102

/* ---- IOKit/IOTypes.h ---- */

typedef kern_return_t IOReturn;
typedef UInt32 IOOptionBits;
typedef SInt32 IOFixed;
typedef UInt32 IOVersion;
typedef UInt32 IOItemCount;
typedef UInt32 IOCacheMode;
typedef UInt32 IOByteCount32;
typedef UInt64 IOByteCount64;
typedef IOByteCount64 IOByteCount;
typedef uintptr_t IOVirtualAddress, IOLogicalAddress;
typedef UInt64 IOPhysicalAddress64;
typedef UInt32 IOPhysicalAddress32;
typedef IOPhysicalAddress64 IOPhysicalAddress;
typedef UInt64 IOPhysicalLength64;
typedef IOPhysicalLength64 IOPhysicalLength;
typedef UInt32 IOPhysicalLength32;
typedef UInt64 AbsoluteTime;
typedef UInt32 IODirection;

typedef struct {
    IOPhysicalAddress address;
    IOByteCount length;
} IOPhysicalRange;
typedef struct {
    IOVirtualAddress address;
    IOByteCount length;
} IOVirtualRange;
typedef struct {
    mach_vm_address_t address;
    mach_vm_size_t length;
} IOAddressRange;

enum {
    kIODefaultCache = 0,
    kIOInhibitCache = 1,
    kIOWriteThruCache = 2,
    kIOCopybackCache = 3,
    kIOWriteCombineCache = 4,
    kIOCopybackInnerCache = 5,
    kIOPostedWrite = 6
};
enum {
    kIOMapAnywhere = 0x00000001,
    kIOMapCacheMask = 0x00000f00,
    kIOMapCacheShift = 8,
    kIOMapDefaultCache = kIODefaultCache << 8,
    kIOMapInhibitCache = kIOInhibitCache << 8,
    kIOMapWriteThruCache = kIOWriteThruCache << 8,
    kIOMapCopybackCache = kIOCopybackCache << 8,
    kIOMapWriteCombineCache = kIOWriteCombineCache << 8,
    kIOMapUserOptionsMask = 0x00000fff,
    kIOMapReadOnly = 0x00001000,
    kIOMapStatic = 0x01000000,
    kIOMapReference = 0x02000000,
    kIOMapUnique = 0x04000000,
    kIOMapPrefault = 0x10000000,
    kIOMapOverwrite = 0x20000000
};
enum {
    kNanosecondScale = 1,
    kMicrosecondScale = 1000,
    kMillisecondScale = 1000 * 1000,
    kSecondScale = 1000 * 1000 * 1000,
    kTickScale = kSecondScale / 100
};

/* ---- IOKit/IOReturn.h ---- */

#define sys_iokit 0xe0000000
#define sub_iokit_common 0
#define iokit_common_err(code) ((IOReturn)(sys_iokit | sub_iokit_common | (code)))
#define iokit_family_err(sub, code) ((IOReturn)(sys_iokit | (sub) | (code)))
#define iokit_vendor_specific_err(code) ((IOReturn)(sys_iokit | (-2 & 0xfff) << 14 | (code)))
typedef kern_return_t OSReturn;
#define kOSReturnSuccess 0
#define kOSReturnError ((OSReturn)0xdc000001)
#define kOSMetaClassInternal ((OSReturn)0xdc004001)
#define kIOReturnSuccess KERN_SUCCESS
#define kIOReturnError iokit_common_err(0x2bc)
#define kIOReturnNoMemory iokit_common_err(0x2bd)
#define kIOReturnNoResources iokit_common_err(0x2be)
#define kIOReturnIPCError iokit_common_err(0x2bf)
#define kIOReturnNoDevice iokit_common_err(0x2c0)
#define kIOReturnNotPrivileged iokit_common_err(0x2c1)
#define kIOReturnBadArgument iokit_common_err(0x2c2)
#define kIOReturnLockedRead iokit_common_err(0x2c3)
#define kIOReturnLockedWrite iokit_common_err(0x2c4)
#define kIOReturnExclusiveAccess iokit_common_err(0x2c5)
#define kIOReturnBadMessageID iokit_common_err(0x2c6)
#define kIOReturnUnsupported iokit_common_err(0x2c7)
#define kIOReturnVMError iokit_common_err(0x2c8)
#define kIOReturnInternalError iokit_common_err(0x2c9)
#define kIOReturnIOError iokit_common_err(0x2ca)
#define kIOReturnCannotLock iokit_common_err(0x2cc)
#define kIOReturnNotOpen iokit_common_err(0x2cd)
#define kIOReturnNotReadable iokit_common_err(0x2ce)
#define kIOReturnNotWritable iokit_common_err(0x2cf)
#define kIOReturnNotAligned iokit_common_err(0x2d0)
#define kIOReturnBadMedia iokit_common_err(0x2d1)
#define kIOReturnStillOpen iokit_common_err(0x2d2)
#define kIOReturnRLDError iokit_common_err(0x2d3)
#define kIOReturnDMAError iokit_common_err(0x2d4)
#define kIOReturnBusy iokit_common_err(0x2d5)
#define kIOReturnTimeout iokit_common_err(0x2d6)
#define kIOReturnOffline iokit_common_err(0x2d7)
#define kIOReturnNotReady iokit_common_err(0x2d8)
#define kIOReturnNotAttached iokit_common_err(0x2d9)
#define kIOReturnNoChannels iokit_common_err(0x2da)
#define kIOReturnNoSpace iokit_common_err(0x2db)
#define kIOReturnPortExists iokit_common_err(0x2dd)
#define kIOReturnCannotWire iokit_common_err(0x2de)
#define kIOReturnNoInterrupt iokit_common_err(0x2df)
#define kIOReturnNoFrames iokit_common_err(0x2e0)
#define kIOReturnMessageTooLarge iokit_common_err(0x2e1)
#define kIOReturnNotPermitted iokit_common_err(0x2e2)
#define kIOReturnNoPower iokit_common_err(0x2e3)
#define kIOReturnNoMedia iokit_common_err(0x2e4)
#define kIOReturnUnformattedMedia iokit_common_err(0x2e5)
#define kIOReturnUnsupportedMode iokit_common_err(0x2e6)
#define kIOReturnUnderrun iokit_common_err(0x2e7)
#define kIOReturnOverrun iokit_common_err(0x2e8)
#define kIOReturnDeviceError iokit_common_err(0x2e9)
#define kIOReturnNoCompletion iokit_common_err(0x2ea)
#define kIOReturnAborted iokit_common_err(0x2eb)
#define kIOReturnNoBandwidth iokit_common_err(0x2ec)
#define kIOReturnNotResponding iokit_common_err(0x2ed)
#define kIOReturnIsoTooOld iokit_common_err(0x2ee)
#define kIOReturnIsoTooNew iokit_common_err(0x2ef)
#define kIOReturnNotFound iokit_common_err(0x2f0)
#define kIOReturnInvalid iokit_common_err(0x1)

#endif

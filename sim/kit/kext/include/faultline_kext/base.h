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
typedef unsigned int UInt;
typedef signed int SInt;
typedef SInt32 OSStatus;
typedef UInt32 OptionBits;
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
typedef struct ipc_space *ipc_space_t;
typedef struct host *host_t;
typedef struct processor *processor_t;
typedef uint32_t mach_port_name_t, mach_port_right_t;
typedef unsigned int mach_msg_size_t, mach_msg_bits_t;
typedef int mach_msg_id_t, mach_error_t;
typedef struct {
    mach_msg_bits_t msgh_bits;
    mach_msg_size_t msgh_size;
    mach_port_t msgh_remote_port, msgh_local_port;
    mach_port_name_t msgh_voucher_port;
    mach_msg_id_t msgh_id;
} mach_msg_header_t;
typedef uint64_t memory_object_offset_t, memory_object_size_t, vm_object_offset_t;
typedef struct _vm_map *vm_map_t;
typedef void (*thread_continue_t)(void *, wait_result_t);
typedef struct semaphore *semaphore_t;
typedef void *event_t;

#define THREAD_NULL ((thread_t)0)
#define TASK_NULL ((task_t)0)
#define MACH_PORT_NULL ((mach_port_t)0)
#define VM_MAP_NULL ((vm_map_t)0)
#define PROC_NULL ((proc_t)0)
#define VM_FLAGS_FIXED 0
#define VM_FLAGS_ANYWHERE 1
#define VM_INHERIT_SHARE 0u
#define VM_INHERIT_COPY 1u
#define VM_INHERIT_NONE 2u
#define VM_INHERIT_DEFAULT VM_INHERIT_COPY

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
#define KERN_MEMORY_FAILURE 9
#define KERN_ALREADY_IN_SET 11
#define KERN_NOT_IN_SET 12
#define KERN_NAME_EXISTS 13
#define KERN_INVALID_NAME 15
#define KERN_INVALID_TASK 16
#define KERN_INVALID_RIGHT 17
#define KERN_INVALID_VALUE 18
#define KERN_UREFS_OVERFLOW 19
#define KERN_INVALID_CAPABILITY 20
#define KERN_RIGHT_EXISTS 21
#define KERN_INVALID_HOST 22
#define KERN_MEMORY_PRESENT 23
#define KERN_TERMINATED 37
#define KERN_LOCK_SET_DESTROYED 38
#define KERN_LOCK_UNSTABLE 39
#define KERN_LOCK_OWNED 40
#define KERN_SEMAPHORE_DESTROYED 42
#define KERN_NOT_WAITING 48
#define MACH_MSG_SUCCESS 0
#define MACH_SEND_INVALID_DEST 0x10000003

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

#ifndef __has_feature
#define __has_feature(x) 0
#endif
#ifndef __has_extension
#define __has_extension(x) 0
#endif
#define __unused __attribute__((unused))
#define __deprecated
#define __deprecated_msg(text)
#define __unavailable
#define __pure __attribute__((pure))
#define __cold __attribute__((cold))
#define __packed __attribute__((packed))
#define __aligned(x) __attribute__((aligned(x)))
#define __abortlike __dead2 __attribute__((noinline))
#define __scanflike(at, first)
#define __private_extern__ __attribute__((visibility("hidden"))) extern
#define __header_inline static inline
#define __header_always_inline static inline __attribute__((always_inline))
#define __restrict_arr __restrict
#define __exported
#define __CONCAT(a, b) a##b
#define __STRING(x) #x
#define OS_INLINE static inline
#define OS_ALWAYS_INLINE __attribute__((always_inline))
#define OS_NOINLINE __attribute__((noinline))
#define OS_NORETURN __attribute__((noreturn))
#define OS_WARN_RESULT __attribute__((warn_unused_result))
#define OS_UNUSED __attribute__((unused))
#define OS_EXPECT(x, v) __builtin_expect((x), (v))
#define OS_ENUM(name, type, ...) typedef enum : type { __VA_ARGS__ } name##_t
#define OS_CLOSED_ENUM OS_ENUM
#define OS_FALLTHROUGH __attribute__((fallthrough))
#define os_likely(x) __builtin_expect(!!(x), 1)
#define os_unlikely(x) __builtin_expect(!!(x), 0)
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
#define LIBKERN_ALWAYS_DESTROY
#define LIBKERN_RETURNS_RETAINED_RETURNS_NULL
#define APPLE_KEXT_STATIC_CONSTRUCTOR_DEPRECATED
#define API_AVAILABLE(...)
#define API_DEPRECATED(...)
#define API_DEPRECATED_WITH_REPLACEMENT(...)
#define API_UNAVAILABLE(...)
#define __API_AVAILABLE(...)
#define __API_DEPRECATED(...)
#define __OSX_AVAILABLE_BUT_DEPRECATED(...)
#define __OSX_DEPRECATED(...)
#define __IOS_PROHIBITED
#define __TVOS_PROHIBITED
#define __WATCHOS_PROHIBITED
#define __MAC_10_6 1060
#define __MAC_10_7 1070
#define __MAC_10_8 1080
#define __MAC_10_9 1090
#define __MAC_10_10 101000
#define __MAC_10_11 101100
#define __MAC_10_12 101200
#define __MAC_10_13 101300
#define __MAC_10_14 101400
#define __MAC_10_15 101500
#define __MAC_11_0 110000
#define MAC_OS_X_VERSION_10_6 1060
#define MAC_OS_X_VERSION_10_7 1070
#define MAC_OS_X_VERSION_10_8 1080
#define MAC_OS_X_VERSION_10_9 1090
#define MAC_OS_X_VERSION_10_10 101000
#define MAC_OS_X_VERSION_10_11 101100
#define MAC_OS_X_VERSION_10_12 101200
#define MAC_OS_X_VERSION_10_13 101300
#define MAC_OS_X_VERSION_10_14 101400
#define MAC_OS_X_VERSION_10_15 101500
#define MAC_OS_VERSION_11_0 110000
#ifndef MAC_OS_X_VERSION_MIN_REQUIRED
#define MAC_OS_X_VERSION_MIN_REQUIRED MAC_OS_X_VERSION_10_15
#endif
#ifndef MAC_OS_X_VERSION_MAX_ALLOWED
#define MAC_OS_X_VERSION_MAX_ALLOWED MAC_OS_VERSION_11_0
#endif
#define __MAC_OS_X_VERSION_MIN_REQUIRED MAC_OS_X_VERSION_MIN_REQUIRED
#define __MAC_OS_X_VERSION_MAX_ALLOWED MAC_OS_X_VERSION_MAX_ALLOWED

/* A driver is compiled for one kind of machine: faultline_add_kext_test(... MACHINE arm64-16k). */
#ifndef FAULTLINE_PAGE_SHIFT
#define FAULTLINE_PAGE_SHIFT 12
#endif
#define PAGE_SHIFT FAULTLINE_PAGE_SHIFT
#define PAGE_SIZE ((vm_size_t)1 << PAGE_SHIFT)
#define PAGE_MASK (PAGE_SIZE - 1)
#define PAGE_MAX_SHIFT PAGE_SHIFT
#define PAGE_MAX_SIZE PAGE_SIZE
#define NBPG PAGE_SIZE
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

/* ---- sys/param.h, sys/ioccom.h, sys/fcntl.h, sys/stat.h ---- */

#define NBBY 8
#define MAXPHYS (128 * 1024)
#define howmany(x, y) (((x) + ((y)-1)) / (y))
#define roundup(x, y) ((((x) + ((y)-1)) / (y)) * (y))
#define rounddown(x, y) (((x) / (y)) * (y))
#define powerof2(x) ((((x)-1) & (x)) == 0)
#define setbit(a, i) (((char *)(a))[(i) / NBBY] |= 1 << ((i) % NBBY))
#define clrbit(a, i) (((char *)(a))[(i) / NBBY] &= ~(1 << ((i) % NBBY)))
#define isset(a, i) (((char *)(a))[(i) / NBBY] & (1 << ((i) % NBBY)))
#define isclr(a, i) (!isset(a, i))
#define IOCPARM_MASK 0x1fff
#define IOCPARM_LEN(x) (((x) >> 16) & IOCPARM_MASK)
#define IOC_VOID 0x20000000u
#define IOC_OUT 0x40000000u
#define IOC_IN 0x80000000u
#define IOC_INOUT (IOC_IN | IOC_OUT)
#define _IOC(way, group, number, length) \
    ((way) | (((length)&IOCPARM_MASK) << 16) | ((group) << 8) | (number))
#define _IO(group, number) _IOC(IOC_VOID, (group), (number), 0)
#define _IOR(group, number, type) _IOC(IOC_OUT, (group), (number), sizeof(type))
#define _IOW(group, number, type) _IOC(IOC_IN, (group), (number), sizeof(type))
#define _IOWR(group, number, type) _IOC(IOC_INOUT, (group), (number), sizeof(type))
#define FREAD 0x1
#define FWRITE 0x2
#define O_RDONLY 0
#define O_WRONLY 1
#define O_RDWR 2
#define O_NONBLOCK 4
#define S_IFCHR 0020000
#define S_IFBLK 0060000

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
typedef IOCacheMode IOMapCacheMode;
typedef UInt32 IODeviceNumber;
typedef unsigned int IOAlignment;
typedef UInt32 OSType;
typedef SInt32 OSErr;
typedef struct UnsignedWide {
    UInt32 lo, hi;
} UnsignedWide;
typedef mach_port_t io_object_t, io_connect_t, io_service_t;
typedef char io_string_t[512];
typedef char io_name_t[128];

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
    kIOPostedWrite = 6,
    kIORealTimeCache = 7
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
    kIOMapCopybackInnerCache = kIOCopybackInnerCache << 8,
    kIOMapPostedWrite = kIOPostedWrite << 8,
    kIOMapRealTimeCache = kIORealTimeCache << 8,
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

#include <faultline_kext/codes.h>

#endif

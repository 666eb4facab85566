/*
 * kern_lib.h - text, memory, the log, and who runs where
 *
 * PURPOSE     string.h, libkern.h, IOLib.h and their like over the host.
 * INVARIANTS  what IOMalloc() gives is there for ever, as wired memory is
 * UNITS       sizes: bytes
 * OWNERSHIP   IOMalloc...() gives what IOFree...() of the same kind takes
 * ERRORS      NULL for no memory; errno for copies
 * EVENTS      MAY_BLOCK; those of the model for pageable and contiguous memory
 * XNU         iokit/IOKit/IOLib.h; libkern/libkern/libkern.h; bsd/sys/systm.h
 */
#ifndef KEXT_KERN_LIB_H
#define KEXT_KERN_LIB_H

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
char *strsep(char **, const char *);
unsigned long strtoul(const char *, char **, int);
long strtol(const char *, char **, int);
/* Apple's numbers of 64 bits are `long long`, which these give on the host too. */
long long strtoq(const char *, char **, int);
unsigned long long strtouq(const char *, char **, int);
int snprintf(char *, size_t, const char *, ...) __printflike(3, 4);
int vsnprintf(char *, size_t, const char *, va_list) __printflike(3, 0);
int scnprintf(char *, size_t, const char *, ...) __printflike(3, 4);
int sprintf(char *, const char *, ...) __printflike(2, 3);
int sscanf(const char *, const char *, ...);
size_t strlcpy(char *, const char *, size_t);
size_t strlcat(char *, const char *, size_t);
void bcopy(const void *, void *, size_t);
void bzero(void *, size_t);
int bcmp(const void *, const void *, size_t);
int memset_s(void *, size_t, int, size_t);
int atoi(const char *);
int abs(int);
int ffs(int);
int ffsll(long long);
int fls(unsigned int);
int flsll(unsigned long long);
uint32_t random(void);
void read_random(void *, unsigned);
#define __bzero bzero

/* ---- the log, and the end ---- */

void IOLog(const char *, ...) __printflike(1, 2);
void IOLogv(const char *, va_list) __printflike(1, 0);
int kprintf(const char *, ...) __printflike(1, 2);
int printf(const char *, ...) __printflike(1, 2);
void panic(const char *, ...) __printflike(1, 2) __dead2;
void IOPanic(const char *) __dead2;
void Debugger(const char *);
void OSReportWithBacktrace(const char *, ...) __printflike(1, 2);
unsigned OSBacktrace(void **, unsigned count);
#define PRINTF_FORMAT(at, first) __printflike(at, first)

/* ---- memory ---- */

void *IOMalloc(vm_size_t);
void *IOMallocZero(vm_size_t);
void IOFree(void *, vm_size_t);
void *IOMallocAligned(vm_size_t, vm_offset_t alignment);
void IOFreeAligned(void *, vm_size_t);
void *IOMallocContiguous(vm_size_t, vm_size_t alignment, IOPhysicalAddress *);
void IOFreeContiguous(void *, vm_size_t);
void *IOMallocPageable(vm_size_t, vm_size_t alignment);
void *IOMallocPageableZero(vm_size_t, vm_size_t alignment);
void IOFreePageable(void *, vm_size_t);
#define IOMallocData IOMalloc
#define IOMallocZeroData IOMallocZero
#define IOFreeData IOFree
typedef struct OSMallocTag_ *OSMallocTag;
#define OSMT_DEFAULT 0x00
#define OSMT_PAGEABLE 0x01
OSMallocTag OSMalloc_Tagalloc(const char *, uint32_t flags);
void OSMalloc_Tagfree(OSMallocTag);
void *OSMalloc(uint32_t, OSMallocTag);
void *OSMalloc_nowait(uint32_t, OSMallocTag);
void *OSMalloc_noblock(uint32_t, OSMallocTag);
void OSFree(void *, uint32_t, OSMallocTag);
#define M_WAITOK 0
#define M_NOWAIT 1
#define M_ZERO 4
#define M_TEMP 80
void *_MALLOC(size_t, int type, int flags);
void _FREE(void *, int type);
#define MALLOC(space, cast, size, type, flags) ((space) = (cast)_MALLOC((size), (type), (flags)))
#define FREE(pointer, type) _FREE((void *)(pointer), (type))

int copyin(const user_addr_t from, void *to, size_t length);
int copyout(const void *from, user_addr_t to, size_t length);
int copyinstr(const user_addr_t from, void *to, size_t size, size_t *done);

/* ---- the memory's own numbers ---- */

extern vm_size_t page_size, page_mask; /* the machine's, from faultline_start() on */
extern int page_shift;
#define vm_page_size page_size
#define vm_page_mask page_mask
#define vm_page_shift page_shift
extern int version_major; /* Darwin's; likewise */
extern int version_minor, version_revision;
extern const char version[], osrelease[], ostype[];
unsigned int IOSizeToAlignment(unsigned int size);
unsigned int IOAlignmentToSize(unsigned int alignment);
#define IORound(value, multiple) ((((value) + (multiple)-1) / (multiple)) * (multiple))
#define IOTrunc(value, multiple) (((value) / (multiple)) * (multiple))

/* ---- physical memory, and the cache that a simulated machine has not ---- */

UInt8 IOMappedRead8(IOPhysicalAddress);
UInt16 IOMappedRead16(IOPhysicalAddress);
UInt32 IOMappedRead32(IOPhysicalAddress);
UInt64 IOMappedRead64(IOPhysicalAddress);
void IOMappedWrite8(IOPhysicalAddress, UInt8);
void IOMappedWrite16(IOPhysicalAddress, UInt16);
void IOMappedWrite32(IOPhysicalAddress, UInt32);
void IOMappedWrite64(IOPhysicalAddress, UInt64);
IOReturn IOSetProcessorCacheMode(task_t, IOVirtualAddress, IOByteCount, IOOptionBits);
IOReturn IOFlushProcessorCache(task_t, IOVirtualAddress, IOByteCount);
typedef struct pmap *pmap_t;
extern pmap_t kernel_pmap;
/* The page number behind an address of the kernel's, 0: no translation. */
ppnum_t pmap_find_phys(pmap_t, addr64_t);
#define kvtophys(address) kext_kvtophys((IOVirtualAddress)(address))
addr64_t kext_kvtophys(IOVirtualAddress);

/* ---- who and where ---- */

extern task_t kernel_task_of_faultline(void);
task_t current_task(void);
proc_t current_proc(void);
proc_t proc_self(void);
proc_t proc_find(int);
int proc_pid(proc_t);
int proc_selfpid(void);
int proc_rele(proc_t);
void proc_name(int, char *, int);
void proc_selfname(char *, int);
int proc_suser(proc_t);
void *get_bsdtask_info(task_t);
void task_reference(task_t);
void task_deallocate(task_t);
#define kernel_task (kernel_task_of_faultline())
#define kernproc ((proc_t)kernel_task)
int cpu_number(void);
boolean_t PE_parse_boot_argn(const char *name, void *value, int size); /* none is ever set */
boolean_t PE_parse_boot_arg(const char *name, void *value);
boolean_t preemption_enabled(void);
boolean_t ml_get_interrupts_enabled(void);
boolean_t ml_set_interrupts_enabled(boolean_t);
boolean_t ml_at_interrupt_context(void);

__END_DECLS

#ifdef assert
#undef assert
#endif
#define assert(condition) ((condition) ? (void)0 : panic("assert: %s", #condition))
#define assertf(condition, ...) ((condition) ? (void)0 : panic(__VA_ARGS__))

/* NULL as well when there is no such size. */
static inline void *
kext_new(size_t each, size_t count)
{
    vm_size_t size;

    return __builtin_mul_overflow(each, count, &size) ? NULL : IOMallocZero(size);
}
#define IONew(type, count) ((type *)kext_new(sizeof(type), (count)))
#define IONewZero IONew
#define IONewData IONew
#define IONewZeroData IONewZero
#define IODelete(pointer, type, count) IOFree((pointer), sizeof(type) * (count))
#define IODeleteData IODelete
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

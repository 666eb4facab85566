/*
 * vmk.h - THE SEAM: the driver's verbs, answered by the model here and by I/O Kit in a kext
 *
 * PURPOSE     Driver logic written against these functions runs on both sides. Which side answers is
 *             chosen at link time.
 * INVARIANTS  V1  no stale or foreign handle crashes: the model answers VMK_BAD_HANDLE and says so
 * UNITS       addresses, offsets, lengths: bytes
 * OWNERSHIP   create and retain give one reference, release drops one; a map holds its descriptor;
 *             tasks and vmk_map_desc() are borrowed
 * ERRORS      vmk_return_t carries the numbers of <IOKit/IOReturn.h> and <mach/kern_return.h> as
 *             they are; vmk_map_wire() gives a bare kern_return_t, as wireRange() does. The model
 *             adds VMK_PANICKED and VMK_HUNG: the call stopped the simulated kernel.
 * EVENTS      LOCK UNLOCK MAY_BLOCK STALE_HANDLE PANIC, and those of the floors below
 * XNU         spec: IOMemoryDescriptor, IOMemoryMap, IOSimpleLock; option bits keep Apple's values
 *             Differs: in the model vmk_panic() comes back, as every call that stops the kernel does,
 *             and time passes for nobody: a sleep with a limit is over when nobody else can run
 */
#ifndef VMK_H
#define VMK_H

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define VMK_VERSION 1

typedef int32_t vmk_return_t;
typedef uint32_t vmk_options_t;
typedef struct vmk_task *vmk_task_t; /* kext: task_t               */
typedef struct vmk_desc *vmk_desc_t; /* kext: IOMemoryDescriptor * */
typedef struct vmk_map *vmk_map_t;   /* kext: IOMemoryMap *        */
typedef struct vmk_lock *vmk_lock_t;
typedef struct vmk_dma *vmk_dma_t; /* kext: IODMACommand * */

typedef struct vmk_range {
    uint64_t address;
    uint64_t length;
} vmk_range_t;

/* The model's own answers; no Mac returns them. */
enum { VMK_PANICKED = 0x4D01, VMK_HUNG = 0x4D02, VMK_NO_MEMORY = 0x4D03, VMK_BAD_HANDLE = 0x4D05 };

/* ---- what this backend is and can do ---- */
enum {
    VMK_CAP_WIRE = 1u << 0,            /* vmk_map_wire() works            */
    VMK_CAP_PREFAULT_TASK = 1u << 1,   /* kIOMapPrefault, user task       */
    VMK_CAP_PREFAULT_KERNEL = 1u << 2, /* kIOMapPrefault, kernel_task     */
    VMK_CAP_CONTEXT = 1u << 3,         /* vmk_context() tells all bits    */
    VMK_CAP_OBSERVE = 1u << 4          /* vmk_sim.h is there              */
};

typedef struct vmk_info {
    uint32_t size; /* in: sizeof; out: bytes filled */
    uint32_t caps;
    uint32_t darwin_major; /* 14: 10.10, 15: 10.11, 17: 10.13 */
    uint32_t page_shift;
    char name[32]; /* "sim" or "kext" */
} vmk_info_t;

/* Fills *info; kIOReturnBadArgument when info->size is smaller than a vmk_info_t. */
vmk_return_t vmk_get_info(vmk_info_t *info);

/* ---- tasks: borrowed, never released ---- */
vmk_task_t vmk_kernel_task(void);
vmk_task_t vmk_current_task(void);

/* ---- memory descriptors ---- */
/*
 * withAddressRange(), withAddressRanges(): NULL when the real call gives NULL. Without a task the
 * ranges are physical.
 */
vmk_desc_t vmk_desc_range(vmk_task_t task, uint64_t address, uint64_t length,
                          vmk_options_t options);
vmk_desc_t vmk_desc_ranges(vmk_task_t task, const vmk_range_t *ranges, uint32_t count,
                           vmk_options_t options);
/* IOMemoryDescriptor::withAddress(): the kernel's own bytes, prepared at once. */
vmk_desc_t vmk_desc_address(uint64_t address, uint64_t length, uint32_t direction);
/*
 * IOBufferMemoryDescriptor::inTaskWithOptions(), or inTaskWithPhysicalMask() when physical_mask is
 * not 0. task NULL: pageable memory of nobody's. Options are that class's: direction,
 * kIOMemoryPageable, kIOMemoryPhysicallyContiguous, ...
 */
vmk_desc_t vmk_desc_buffer(vmk_task_t task, vmk_options_t options, uint64_t length,
                           uint64_t alignment, uint64_t physical_mask);
/* IOBufferMemoryDescriptor::inTaskWithGuardPages(), 12 and later. */
vmk_desc_t vmk_desc_buffer_guarded(vmk_task_t task, vmk_options_t options, uint64_t length);
/* withPhysicalAddress() */
vmk_desc_t vmk_desc_physical(uint64_t address, uint64_t length, vmk_options_t options);
/* IOMultiMemoryDescriptor::withDescriptors(); options are the direction. */
vmk_desc_t vmk_desc_multi(const vmk_desc_t *parts, uint32_t count, vmk_options_t options);
/* IOGuardPageMemoryDescriptor::withSize(), 12 and later. */
vmk_desc_t vmk_desc_guard(uint64_t size);
/* IOSubMemoryDescriptor::withSubRange() */
vmk_desc_t vmk_desc_sub(vmk_desc_t parent, uint64_t offset, uint64_t length, vmk_options_t options);
/* withPersistentMemoryDescriptor(): the same descriptor with one reference more, or a new one. */
vmk_desc_t vmk_desc_persistent(vmk_desc_t original);
void vmk_desc_retain(vmk_desc_t d);
void vmk_desc_release(vmk_desc_t d);
uint64_t vmk_desc_length(vmk_desc_t d);
uint32_t vmk_desc_direction(vmk_desc_t d);
/* getBytesNoCopy(): where the buffer's owner sees it; NULL: nowhere, or not a buffer. */
void *vmk_desc_bytes(vmk_desc_t d);
uint64_t vmk_desc_capacity(vmk_desc_t d);
/* setLength(): more than the capacity is ignored. */
void vmk_desc_set_length(vmk_desc_t d, uint64_t length);
/* getPreparationID(): 0 unprepared, 1 unsupported. */
uint64_t vmk_desc_preparation(vmk_desc_t d);
vmk_return_t vmk_desc_prepare(vmk_desc_t d, uint32_t direction);
vmk_return_t vmk_desc_complete(vmk_desc_t d, uint32_t direction);
/* readBytes(), writeBytes(): bytes that went through; 0 when refused or stopped. */
uint64_t vmk_desc_read(vmk_desc_t d, uint64_t offset, void *to, uint64_t n);
uint64_t vmk_desc_write(vmk_desc_t d, uint64_t offset, const void *from, uint64_t n);
/*
 * getPhysicalSegment(): 0 when past the end. With _kIOMemorySourceSegment the source's virtual
 * address, prepared or not.
 */
uint64_t vmk_desc_segment(vmk_desc_t d, uint64_t offset, uint64_t *length, vmk_options_t options);

/* ---- mappings ---- */
/* createMappingInTask(): NULL for every refusal, as on the Mac. */
vmk_map_t vmk_map_create(vmk_desc_t d, vmk_task_t task, uint64_t at, vmk_options_t options,
                         uint64_t offset, uint64_t length);
void vmk_map_retain(vmk_map_t m);
void vmk_map_release(vmk_map_t m);
vmk_return_t vmk_map_unmap(vmk_map_t m);
uint64_t vmk_map_address(vmk_map_t m);
uint64_t vmk_map_length(vmk_map_t m);
vmk_options_t vmk_map_options(vmk_map_t m);
vmk_desc_t vmk_map_desc(vmk_map_t m); /* borrowed */
/*
 * wireRange(). direction: kIODirectionIn wires for read, Out for write (a read-only mapping refuses
 * that with 2), None unwires once (unwiring what is not wired panics).
 */
vmk_return_t vmk_map_wire(vmk_map_t m, uint32_t direction, uint64_t offset, uint64_t length);

/* setMapping(): adopts an address that somebody else mapped; unmapping leaves it alone. */
vmk_map_t vmk_map_set(vmk_desc_t d, vmk_task_t task, uint64_t address, vmk_options_t options);

/* ---- the state of a descriptor's pages ---- */
/* getPageCounts(): kIOReturnNotReady before the first mapping. */
vmk_return_t vmk_desc_page_counts(vmk_desc_t d, uint64_t *resident, uint64_t *dirty);
/* setPurgeable(): 1 keep, 2 nonvolatile, 3 volatile, 4 empty; *old (may be NULL) in the same words. */
vmk_return_t vmk_desc_set_purgeable(vmk_desc_t d, uint32_t state, uint32_t *old);
/* performOperation() */
vmk_return_t vmk_desc_perform(vmk_desc_t d, uint32_t operation, uint64_t offset, uint64_t length);
/* getDMAMapLength(): bytes of whole pages; *offset (may be NULL) into the first of them. */
uint64_t vmk_desc_dma_map_length(vmk_desc_t d, uint64_t *offset);

/*
 * IOMemoryDescriptor::redirect(): mappings outside `safe` (NULL: all) lose their translations, and who
 * touches a device's memory waits, until it is called again with on = 0.
 */
vmk_return_t vmk_desc_redirect(vmk_desc_t d, vmk_task_t safe, int on);
/* IOMemoryMap::redirect(NULL), and its end: who touches the memory waits. */
vmk_return_t vmk_map_block(vmk_map_t m, int on);
/*
 * IOMemoryMap::redirect(to): the mapping shows that descriptor's bytes and becomes its. What both
 * describe changes places for everybody. kIOReturnNotReadable: not one named entry each.
 */
vmk_return_t vmk_map_redirect(vmk_map_t m, vmk_desc_t to);

/* ---- IODMACommand ---- */
typedef struct vmk_dma_spec {
    uint32_t address_bits; /* 0: 64 */
    uint32_t alignment;    /* bytes; 0: none */
    uint64_t max_segment;  /* 0: no limit */
    uint64_t max_transfer; /* 0: no limit */
} vmk_dma_spec_t;
/* withSpecification() */
vmk_dma_t vmk_dma_create(const vmk_dma_spec_t *spec);
void vmk_dma_release(vmk_dma_t c);
/* setMemoryDescriptor(): prepares the command if asked, and never the descriptor. */
vmk_return_t vmk_dma_set(vmk_dma_t c, vmk_desc_t d, int auto_prepare);
/* clearMemoryDescriptor() */
vmk_return_t vmk_dma_clear(vmk_dma_t c, int auto_complete);
/* prepare(); length 0: to the end. */
vmk_return_t vmk_dma_prepare(vmk_dma_t c, uint64_t offset, uint64_t length);
vmk_return_t vmk_dma_complete(vmk_dma_t c);
/* gen64IOVMSegments(): *offset and *count move on to what was done. */
vmk_return_t vmk_dma_segments(vmk_dma_t c, uint64_t *offset, vmk_range_t *segments,
                              uint32_t *count);
/* synchronize(): 0x01000000 makes the device work on a copy; kIODirectionOut fills it. */
vmk_return_t vmk_dma_synchronize(vmk_dma_t c, uint32_t options);

/* ---- the kernel's own memory ---- */
/* IOMallocAligned(), IOFreeAligned(): wired, translated from birth. NULL: none. */
void *vmk_alloc(uint64_t length, uint64_t alignment);
void vmk_free(void *p, uint64_t length, uint64_t alignment);
/* IOMallocPageable(), IOFreePageable(): nobody touched it yet, so the first touch faults. */
void *vmk_alloc_pageable(uint64_t length, uint64_t alignment);
void vmk_free_pageable(void *p, uint64_t length);

/* ---- critical sections ---- */
/* IOLock, IOSimpleLock, IORecursiveLock, IORWLock */
enum vmk_lock_kind { VMK_MUTEX, VMK_SPIN, VMK_RECURSIVE, VMK_RW };
enum { VMK_EXCLUSIVE = 0, VMK_SHARED = 1, VMK_IRQ_OFF = 2 };
vmk_lock_t vmk_lock_alloc(enum vmk_lock_kind kind);
void vmk_lock_free(vmk_lock_t l);
/*
 * Waits for whoever has it; only a recursive lock may be taken again by its holder. VMK_SHARED: of a
 * VMK_RW lock, beside other readers. Returns the interrupt state to hand back to vmk_lock_release().
 */
uint32_t vmk_lock_acquire(vmk_lock_t l, uint32_t how);
/* Takes it if that needs no wait: 1. 0: somebody has it, or this backend cannot try that kind. */
int vmk_lock_try(vmk_lock_t l);
void vmk_lock_release(vmk_lock_t l, uint32_t how, uint32_t state);
/* A VMK_RW lock that the caller has shared becomes exclusive: 1. 0: somebody else was before us, and
 * the lock was dropped. */
int vmk_lock_upgrade(vmk_lock_t l);
int vmk_interrupts_set(int enabled); /* returns what it was */
enum { VMK_CTX_PREEMPT_OFF = 1, VMK_CTX_IRQ_OFF = 2, VMK_CTX_INTERRUPT = 4 };
uint32_t vmk_context(void);

/* ---- sleeping, and text ---- */
enum { VMK_AWAKENED = 0, VMK_TIMED_OUT = 1, VMK_INTERRUPTED = 2 };
/*
 * IOLockSleepDeadline(): drops the lock (VMK_MUTEX or VMK_RECURSIVE, which the caller has), waits for
 * vmk_wakeup() of the same event, and takes it again. timeout_ns 0: no limit.
 */
int vmk_sleep(vmk_lock_t mutex, const void *event, uint64_t timeout_ns);
/* IOLockWakeup(): everybody who sleeps for it, or who has slept longest. */
void vmk_wakeup(const void *event, int one);
/* IOLogv() */
void vmk_logv(const char *format, va_list ap) __attribute__((format(printf, 1, 0)));
/* panic("%s", what) */
void vmk_panic(const char *what);

#ifdef __cplusplus
}
#endif
#endif

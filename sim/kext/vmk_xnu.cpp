/*
 * vmk_xnu.cpp - the seam (hooks/vmk.h), answered by I/O Kit
 *
 * A handle is the I/O Kit object itself. Because a scenario comes from outside, each handle is looked up
 * in the table of what was made here before it is followed (kext.h, K1), and verbs that would stop the
 * machine are refused. Calls whose symbols the audit's table does not know are answered "not there".
 */
#include <IOKit/IOBufferMemoryDescriptor.h>
#include <IOKit/IODMACommand.h>
#include <IOKit/IOLib.h>
#include <IOKit/IOLocks.h>
#include <IOKit/IOMemoryDescriptor.h>
#include <IOKit/IOSubMemoryDescriptor.h>
#include <kern/task.h>
#include <libkern/libkern.h>
#include <libkern/version.h>
#include <mach/mach_types.h>
#include <mach/vm_param.h>

#include "hooks/vmk.h"
#include "kext/kext.h"

extern "C" {
boolean_t preemption_enabled(void);
boolean_t ml_get_interrupts_enabled(void);
boolean_t ml_set_interrupts_enabled(boolean_t enable);
boolean_t ml_at_interrupt_context(void);
int copyin(const user_addr_t from, void *to, size_t count);
int copyout(const void *from, user_addr_t to, size_t count);
}

static_assert(KEXT_PAGE == 1 << PAGE_SHIFT, "the table counts in the kernel's pages");

/* ---- handles ---- */

static bool
may_panic()
{
    return (kext_run_now()->flags & KEXT_MAY_PANIC) != 0;
}

static kext_entry *
entry_of(vmk_desc_t d)
{
    return kext_table_find(KEXT_DESC, d);
}

static kext_entry *
entry_of(vmk_map_t m)
{
    return kext_table_find(KEXT_MAP, m);
}

static IOMemoryDescriptor *
memory_of(vmk_desc_t d)
{
    return entry_of(d) != NULL ? reinterpret_cast<IOMemoryDescriptor *>(d) : NULL;
}

static IOMemoryMap *
map_of(vmk_map_t m)
{
    return entry_of(m) != NULL ? reinterpret_cast<IOMemoryMap *>(m) : NULL;
}

static IOBufferMemoryDescriptor *
buffer_of(vmk_desc_t d)
{
    IOMemoryDescriptor *memory = memory_of(d);

    return memory != NULL ? OSDynamicCast(IOBufferMemoryDescriptor, memory) : NULL;
}

static IODMACommand *
command_of(vmk_dma_t c)
{
    return kext_table_find(KEXT_DMA, c) != NULL ? reinterpret_cast<IODMACommand *>(c) : NULL;
}

static task_t
task_of(vmk_task_t task)
{
    return reinterpret_cast<task_t>(task);
}

/* Enters a new descriptor into the table: its handle, or NULL when there is none or no room. */
static vmk_desc_t
keep(IOMemoryDescriptor *memory)
{
    if (memory == NULL)
        return NULL;
    if (kext_table_add(KEXT_DESC, memory, NULL) == NULL) {
        memory->release();
        return NULL;
    }
    return reinterpret_cast<vmk_desc_t>(memory);
}

/* ---- the backend ---- */

static uint32_t
caps_of(uint32_t darwin_major)
{
    return VMK_CAP_CONTEXT | (kext_has_wire_range ? VMK_CAP_WIRE : 0) |
           (darwin_major >= 14 ? VMK_CAP_PREFAULT_TASK : 0) |
           (darwin_major >= 17 ? VMK_CAP_PREFAULT_KERNEL : 0);
}

vmk_return_t
vmk_get_info(vmk_info_t *info)
{
    static const char name[] = "kext";

    if (info->size < sizeof(*info))
        return kIOReturnBadArgument;
    *info = vmk_info_t();
    info->size = sizeof(*info);
    info->darwin_major = (uint32_t)version_major;
    info->caps = caps_of(info->darwin_major);
    info->page_shift = PAGE_SHIFT;
    for (size_t i = 0; i < sizeof(name); i++)
        info->name[i] = name[i];
    return kIOReturnSuccess;
}

vmk_task_t
vmk_kernel_task(void)
{
    return reinterpret_cast<vmk_task_t>(kernel_task);
}

vmk_task_t
vmk_current_task(void)
{
    return reinterpret_cast<vmk_task_t>(current_task());
}

/* ---- descriptors: births ---- */

/* The kernel's own bytes must be some that this kext made; physical ones nobody vouches for. */
static bool
may_describe(vmk_task_t task, uint64_t address, uint64_t length)
{
    if (may_panic())
        return true;
    if (task == NULL)
        return false;
    return task != vmk_kernel_task() || kext_may_touch(address, length, false, false);
}

vmk_desc_t
vmk_desc_range(vmk_task_t task, uint64_t address, uint64_t length, vmk_options_t options)
{
    if (!may_describe(task, address, length))
        return NULL;
    return keep(IOMemoryDescriptor::withAddressRange(address, length, options, task_of(task)));
}

vmk_desc_t
vmk_desc_ranges(vmk_task_t task, const vmk_range_t *ranges, uint32_t count, vmk_options_t options)
{
    enum { MOST = 64 };
    IOAddressRange own[MOST];

    if (count == 0 || count > MOST)
        return NULL;
    for (uint32_t i = 0; i < count; i++) {
        if (!may_describe(task, ranges[i].address, ranges[i].length))
            return NULL;
        own[i].address = ranges[i].address;
        own[i].length = ranges[i].length;
    }
    return keep(IOMemoryDescriptor::withAddressRanges(own, count, options, task_of(task)));
}

static vmk_desc_t
born_prepared(vmk_desc_t d)
{
    if (entry_of(d) != NULL)
        entry_of(d)->flags |= KEXT_PREPARED;
    return d;
}

vmk_desc_t
vmk_desc_address(uint64_t address, uint64_t length, uint32_t direction)
{
    return born_prepared(
        vmk_desc_range(vmk_kernel_task(), address, length, direction | kIOMemoryAutoPrepare));
}

/* The kernel may touch a kernel buffer: tells the table where it is. */
static vmk_desc_t
keep_buffer(IOBufferMemoryDescriptor *buffer, vmk_task_t task, vmk_options_t options)
{
    vmk_desc_t d = keep(buffer);
    kext_entry *entry = entry_of(d);

    if (entry == NULL || task != vmk_kernel_task())
        return d;
    entry->flags = KEXT_IN_KERNEL | ((options & kIOMemoryPageable) == 0 ? KEXT_WIRED : 0);
    entry->address = (uint64_t)(uintptr_t)buffer->getBytesNoCopy();
    entry->length = buffer->getCapacity();
    return d;
}

vmk_desc_t
vmk_desc_buffer(vmk_task_t task, vmk_options_t options, uint64_t length, uint64_t alignment,
                uint64_t physical_mask)
{
    IOBufferMemoryDescriptor *buffer;

    if (length > KEXT_OBJECT_MAX)
        return NULL;
    if (physical_mask != 0)
        buffer = IOBufferMemoryDescriptor::inTaskWithPhysicalMask(task_of(task), options, length,
                                                                  physical_mask);
    else
        buffer = IOBufferMemoryDescriptor::inTaskWithOptions(
            task_of(task), options, (vm_size_t)length,
            alignment != 0 ? (vm_size_t)alignment : (vm_size_t)1);
    return (options & kIOMemoryPageable) == 0 ? born_prepared(keep_buffer(buffer, task, options))
                                              : keep_buffer(buffer, task, options);
}

/* In no list that our table was made from, or of 12 and later only. */
vmk_desc_t
vmk_desc_buffer_guarded(vmk_task_t, vmk_options_t, uint64_t)
{
    return NULL;
}

vmk_desc_t
vmk_desc_guard(uint64_t)
{
    return NULL;
}

vmk_desc_t
vmk_desc_multi(const vmk_desc_t *, uint32_t, vmk_options_t)
{
    return NULL;
}

vmk_desc_t
vmk_desc_persistent(vmk_desc_t)
{
    return NULL;
}

vmk_desc_t
vmk_desc_physical(uint64_t address, uint64_t length, vmk_options_t options)
{
    if (!may_describe(NULL, address, length))
        return NULL;
    return keep(IOMemoryDescriptor::withPhysicalAddress(address, length, options));
}

vmk_desc_t
vmk_desc_sub(vmk_desc_t parent, uint64_t offset, uint64_t length, vmk_options_t options)
{
    IOMemoryDescriptor *memory = memory_of(parent);

    return memory != NULL
               ? keep(IOSubMemoryDescriptor::withSubRange(memory, offset, length, options))
               : NULL;
}

/* ---- descriptors: life ---- */

void
vmk_desc_retain(vmk_desc_t d)
{
    kext_entry *entry = entry_of(d);

    if (entry == NULL)
        return;
    memory_of(d)->retain();
    entry->references++;
}

/* A reference of the driver's only: one that a map holds is not the driver's to drop. */
void
vmk_desc_release(vmk_desc_t d)
{
    kext_entry *entry = entry_of(d);
    IOMemoryDescriptor *memory = memory_of(d);

    if (entry == NULL || entry->references == 0)
        return;
    kext_table_drop(entry);
    memory->release();
}

uint64_t
vmk_desc_length(vmk_desc_t d)
{
    return memory_of(d) != NULL ? memory_of(d)->getLength() : 0;
}

uint32_t
vmk_desc_direction(vmk_desc_t d)
{
    return memory_of(d) != NULL ? (uint32_t)memory_of(d)->getDirection() : 0;
}

void *
vmk_desc_bytes(vmk_desc_t d)
{
    return buffer_of(d) != NULL ? buffer_of(d)->getBytesNoCopy() : NULL;
}

uint64_t
vmk_desc_capacity(vmk_desc_t d)
{
    return buffer_of(d) != NULL ? buffer_of(d)->getCapacity() : 0;
}

void
vmk_desc_set_length(vmk_desc_t d, uint64_t length)
{
    IOBufferMemoryDescriptor *buffer = buffer_of(d);

    if (buffer != NULL && length <= buffer->getCapacity())
        buffer->setLength((vm_size_t)length);
}

uint64_t
vmk_desc_preparation(vmk_desc_t d)
{
    return memory_of(d) != NULL ? memory_of(d)->getPreparationID() : 0;
}

vmk_return_t
vmk_desc_prepare(vmk_desc_t d, uint32_t direction)
{
    kext_entry *entry = entry_of(d);
    IOReturn status;

    if (entry == NULL)
        return VMK_BAD_HANDLE;
    status = memory_of(d)->prepare((IODirection)direction);
    if (status == kIOReturnSuccess)
        entry->prepares++;
    return status;
}

vmk_return_t
vmk_desc_complete(vmk_desc_t d, uint32_t direction)
{
    kext_entry *entry = entry_of(d);

    if (entry == NULL)
        return VMK_BAD_HANDLE;
    if (entry->prepares == 0 && !may_panic())
        return KEXT_REFUSED; /* a development kernel asserts */
    if (entry->prepares > 0)
        entry->prepares--;
    return memory_of(d)->complete((IODirection)direction);
}

/* Physical memory is asked for: a descriptor that nobody prepared panics. */
static bool
may_reach(vmk_desc_t d)
{
    const kext_entry *entry = entry_of(d);

    return entry != NULL &&
           (may_panic() || entry->prepares > 0 || (entry->flags & KEXT_PREPARED) != 0);
}

uint64_t
vmk_desc_read(vmk_desc_t d, uint64_t offset, void *to, uint64_t n)
{
    return may_reach(d) ? memory_of(d)->readBytes(offset, to, n) : 0;
}

uint64_t
vmk_desc_write(vmk_desc_t d, uint64_t offset, const void *from, uint64_t n)
{
    return may_reach(d) ? memory_of(d)->writeBytes(offset, from, n) : 0;
}

uint64_t
vmk_desc_segment(vmk_desc_t d, uint64_t offset, uint64_t *length, vmk_options_t options)
{
    IOByteCount segment = 0;
    uint64_t address =
        may_reach(d) ? memory_of(d)->getPhysicalSegment(offset, &segment, options) : 0;

    if (length != NULL)
        *length = segment;
    return address;
}

vmk_return_t
vmk_desc_page_counts(vmk_desc_t, uint64_t *, uint64_t *)
{
    return kIOReturnUnsupported;
}

vmk_return_t
vmk_desc_set_purgeable(vmk_desc_t d, uint32_t state, uint32_t *old)
{
    IOOptionBits before = 0;
    IOReturn status =
        memory_of(d) != NULL ? memory_of(d)->setPurgeable(state, &before) : VMK_BAD_HANDLE;

    if (old != NULL)
        *old = before;
    return status;
}

vmk_return_t
vmk_desc_perform(vmk_desc_t d, uint32_t operation, uint64_t offset, uint64_t length)
{
    return memory_of(d) != NULL ? memory_of(d)->performOperation(operation, offset, length)
                                : VMK_BAD_HANDLE;
}

uint64_t
vmk_desc_dma_map_length(vmk_desc_t, uint64_t *offset)
{
    if (offset != NULL)
        *offset = 0;
    return 0;
}

/* Who touches redirected memory waits, and it may be the caller. */
vmk_return_t
vmk_desc_redirect(vmk_desc_t d, vmk_task_t safe, int on)
{
    if (memory_of(d) == NULL)
        return VMK_BAD_HANDLE;
    return may_panic() ? memory_of(d)->redirect(task_of(safe), on != 0) : (IOReturn)KEXT_REFUSED;
}

/* ---- mappings ---- */

/* A fixed place in the kernel, or one on top of something: only who may stop the machine. */
static bool
may_map(vmk_task_t task, vmk_options_t options)
{
    bool is_placed = (options & kIOMapAnywhere) == 0 || (options & kIOMapOverwrite) != 0;

    return may_panic() || task != vmk_kernel_task() || !is_placed;
}

static vmk_map_t
keep(IOMemoryMap *map, kext_entry *held, vmk_task_t task)
{
    kext_entry *entry;

    if (map == NULL)
        return NULL;
    entry = kext_table_add(KEXT_MAP, map, held);
    if (entry == NULL) {
        map->release();
        return NULL;
    }
    entry->address = map->getVirtualAddress();
    entry->length = map->getLength();
    entry->flags = (task == vmk_kernel_task() ? KEXT_IN_KERNEL : 0) |
                   ((map->getMapOptions() & kIOMapReadOnly) != 0 ? KEXT_READ_ONLY : 0);
    /* A read-only mapping may freeze the rights of what is mapped, for later mappings too. */
    held->flags |= entry->flags & KEXT_READ_ONLY;
    entry->flags |= held->flags & KEXT_READ_ONLY;
    return reinterpret_cast<vmk_map_t>(map);
}

vmk_map_t
vmk_map_create(vmk_desc_t d, vmk_task_t task, uint64_t at, vmk_options_t options, uint64_t offset,
               uint64_t length)
{
    IOMemoryDescriptor *memory = memory_of(d);

    if (memory == NULL || !may_map(task, options))
        return NULL;
    return keep(memory->createMappingInTask(task_of(task), at, options, offset, length),
                entry_of(d), task);
}

vmk_map_t
vmk_map_set(vmk_desc_t d, vmk_task_t task, uint64_t address, vmk_options_t options)
{
    IOMemoryDescriptor *memory = memory_of(d);

    if (memory == NULL || (task == vmk_kernel_task() && !may_panic()))
        return NULL;
    return keep(memory->setMapping(task_of(task), (IOVirtualAddress)address, options), entry_of(d),
                task);
}

void
vmk_map_retain(vmk_map_t m)
{
    kext_entry *entry = entry_of(m);

    if (entry == NULL)
        return;
    map_of(m)->retain();
    entry->references++;
}

/* Whether taking the map away would wait for an unwire that never comes. */
static bool
would_hang(const kext_entry *entry)
{
    uint64_t offset, length;

    return !may_panic() && kext_table_wired_run(entry, &offset, &length);
}

void
vmk_map_release(vmk_map_t m)
{
    kext_entry *entry = entry_of(m);
    IOMemoryMap *map = map_of(m);

    if (entry == NULL || (entry->references == 1 && would_hang(entry)))
        return;
    kext_table_drop(entry);
    map->release();
}

vmk_return_t
vmk_map_unmap(vmk_map_t m)
{
    kext_entry *entry = entry_of(m);
    IOReturn status;

    if (entry == NULL)
        return VMK_BAD_HANDLE;
    if (would_hang(entry))
        return KEXT_REFUSED;
    status = map_of(m)->unmap();
    entry->flags = 0; /* nobody may touch it any more */
    entry->length = 0;
    return status;
}

uint64_t
vmk_map_address(vmk_map_t m)
{
    return map_of(m) != NULL ? map_of(m)->getVirtualAddress() : 0;
}

uint64_t
vmk_map_length(vmk_map_t m)
{
    return map_of(m) != NULL ? map_of(m)->getLength() : 0;
}

vmk_options_t
vmk_map_options(vmk_map_t m)
{
    return map_of(m) != NULL ? map_of(m)->getMapOptions() : 0;
}

vmk_desc_t
vmk_map_desc(vmk_map_t m)
{
    return map_of(m) != NULL ? reinterpret_cast<vmk_desc_t>(map_of(m)->getMemoryDescriptor())
                             : NULL;
}

/* Inside the mapping; an unwire of what is not wired panics, past the end hits the neighbour. */
static bool
may_wire(const kext_entry *entry, uint32_t direction, uint64_t offset, uint64_t length)
{
    if (may_panic())
        return true;
    if (direction == 0)
        return kext_table_is_wired(entry, false, offset, length);
    return length <= entry->length && offset <= entry->length - length;
}

vmk_return_t
vmk_map_wire(vmk_map_t m, uint32_t direction, uint64_t offset, uint64_t length)
{
    kext_entry *entry = entry_of(m);
    vmk_return_t status;

    if (entry == NULL)
        return VMK_BAD_HANDLE;
    if (length != 0 && !may_wire(entry, direction, offset, length))
        return KEXT_REFUSED;
    if (!kext_table_may_wire(entry, offset, length))
        return kIOReturnNoMemory;
    status = kext_wire_range(m, direction, offset, length);
    if (status == kIOReturnSuccess)
        kext_table_wire(entry, direction, offset, length);
    return status;
}

vmk_return_t
vmk_map_block(vmk_map_t m, int on)
{
    IOMemoryMap *map = map_of(m);

    if (map == NULL)
        return VMK_BAD_HANDLE;
    return may_panic() ? map->redirect(on != 0 ? NULL : map->getMemoryDescriptor(), 0)
                       : (IOReturn)KEXT_REFUSED;
}

vmk_return_t
vmk_map_redirect(vmk_map_t m, vmk_desc_t to)
{
    if (map_of(m) == NULL || memory_of(to) == NULL)
        return VMK_BAD_HANDLE;
    return may_panic() ? map_of(m)->redirect(memory_of(to), 0) : (IOReturn)KEXT_REFUSED;
}

/* ---- IODMACommand ---- */

static bool
put_segment(IODMACommand *, IODMACommand::Segment64 segment, void *segments, UInt32 index)
{
    vmk_range_t *range = static_cast<vmk_range_t *>(segments) + index;

    range->address = segment.fIOVMAddr;
    range->length = segment.fLength;
    return true;
}

vmk_dma_t
vmk_dma_create(const vmk_dma_spec_t *spec)
{
    IODMACommand *command = IODMACommand::withSpecification(
        put_segment, (UInt8)(spec->address_bits != 0 ? spec->address_bits : 64), spec->max_segment,
        IODMACommand::kMapped, spec->max_transfer, spec->alignment != 0 ? spec->alignment : 1, NULL,
        NULL);

    if (command != NULL && kext_table_add(KEXT_DMA, command, NULL) == NULL) {
        command->release();
        command = NULL;
    }
    return reinterpret_cast<vmk_dma_t>(command);
}

void
vmk_dma_release(vmk_dma_t c)
{
    IODMACommand *command = command_of(c);

    if (command == NULL)
        return;
    kext_table_drop(kext_table_find(KEXT_DMA, c));
    command->clearMemoryDescriptor();
    command->release();
}

vmk_return_t
vmk_dma_set(vmk_dma_t c, vmk_desc_t d, int auto_prepare)
{
    if (command_of(c) == NULL || memory_of(d) == NULL)
        return VMK_BAD_HANDLE;
    if (!may_reach(d))
        return KEXT_REFUSED;
    return command_of(c)->setMemoryDescriptor(memory_of(d), auto_prepare != 0);
}

vmk_return_t
vmk_dma_clear(vmk_dma_t c, int auto_complete)
{
    return command_of(c) != NULL ? command_of(c)->clearMemoryDescriptor(auto_complete != 0)
                                 : VMK_BAD_HANDLE;
}

vmk_return_t
vmk_dma_prepare(vmk_dma_t c, uint64_t offset, uint64_t length)
{
    return command_of(c) != NULL ? command_of(c)->prepare(offset, length) : VMK_BAD_HANDLE;
}

vmk_return_t
vmk_dma_complete(vmk_dma_t c)
{
    return command_of(c) != NULL ? command_of(c)->complete() : VMK_BAD_HANDLE;
}

vmk_return_t
vmk_dma_segments(vmk_dma_t c, uint64_t *offset, vmk_range_t *segments, uint32_t *count)
{
    UInt64 at = *offset;
    UInt32 most = *count;
    IOReturn status;

    if (command_of(c) == NULL)
        return VMK_BAD_HANDLE;
    status = command_of(c)->genIOVMSegments(&at, segments, &most);
    *offset = at;
    *count = most;
    return status;
}

vmk_return_t
vmk_dma_synchronize(vmk_dma_t c, uint32_t options)
{
    return command_of(c) != NULL ? command_of(c)->synchronize(options) : VMK_BAD_HANDLE;
}

/* ---- the kernel's own memory ---- */

void *
vmk_alloc(uint64_t length, uint64_t alignment)
{
    kext_entry *entry;
    void *memory;

    if (length == 0 || length > KEXT_OBJECT_MAX)
        return NULL;
    memory = IOMallocAligned((vm_size_t)length, alignment != 0 ? (vm_size_t)alignment : 16);
    entry = memory != NULL ? kext_table_add(KEXT_ALLOC, memory, NULL) : NULL;
    if (memory != NULL && entry == NULL)
        IOFreeAligned(memory, (vm_size_t)length);
    if (entry == NULL)
        return NULL;
    entry->flags = KEXT_IN_KERNEL | KEXT_WIRED;
    entry->address = (uint64_t)(uintptr_t)memory;
    entry->length = length;
    return memory;
}

/* The length is the table's: a wrong one would corrupt the kernel's heap. */
void
vmk_free(void *p, uint64_t, uint64_t)
{
    kext_entry *entry = kext_table_find(KEXT_ALLOC, p);
    uint64_t length = entry != NULL ? entry->length : 0;

    if (entry == NULL)
        return;
    kext_table_drop(entry);
    IOFreeAligned(p, (vm_size_t)length);
}

void *
vmk_alloc_pageable(uint64_t, uint64_t)
{
    return NULL; /* vmk_desc_buffer() has pageable memory */
}

void
vmk_free_pageable(void *, uint64_t)
{
}

/* ---- critical sections ---- */

namespace
{
struct lock {
    IOLock *mutex; /* one of both */
    IOSimpleLock *spin;
};
} // namespace

static lock *
lock_of(vmk_lock_t l)
{
    return kext_table_find(KEXT_LOCK, l) != NULL ? reinterpret_cast<lock *>(l) : NULL;
}

static void
lock_destroy(lock *own)
{
    if (own->mutex != NULL)
        IOLockFree(own->mutex);
    if (own->spin != NULL)
        IOSimpleLockFree(own->spin);
    IOFree(own, sizeof(*own));
}

vmk_lock_t
vmk_lock_alloc(enum vmk_lock_kind kind)
{
    lock *own = static_cast<lock *>(IOMalloc(sizeof(lock)));

    if (own == NULL)
        return NULL;
    own->mutex = kind == VMK_MUTEX ? IOLockAlloc() : NULL;
    own->spin = kind == VMK_SPIN ? IOSimpleLockAlloc() : NULL;
    if ((own->mutex == NULL && own->spin == NULL) || kext_table_add(KEXT_LOCK, own, NULL) == NULL) {
        lock_destroy(own);
        return NULL;
    }
    return reinterpret_cast<vmk_lock_t>(own);
}

void
vmk_lock_free(vmk_lock_t l)
{
    lock *own = lock_of(l);

    if (own == NULL)
        return;
    kext_table_drop(kext_table_find(KEXT_LOCK, l));
    lock_destroy(own);
}

uint32_t
vmk_lock_acquire(vmk_lock_t l, uint32_t how)
{
    lock *own = lock_of(l);
    boolean_t before = ml_get_interrupts_enabled();

    if (own == NULL)
        return (uint32_t)before;
    if ((how & VMK_IRQ_OFF) != 0)
        before = ml_set_interrupts_enabled(false);
    if (own->mutex != NULL)
        IOLockLock(own->mutex);
    else
        IOSimpleLockLock(own->spin);
    return (uint32_t)before;
}

void
vmk_lock_release(vmk_lock_t l, uint32_t how, uint32_t state)
{
    lock *own = lock_of(l);

    if (own == NULL)
        return;
    if (own->mutex != NULL)
        IOLockUnlock(own->mutex);
    else
        IOSimpleLockUnlock(own->spin);
    if ((how & VMK_IRQ_OFF) != 0)
        ml_set_interrupts_enabled((boolean_t)state);
}

int
vmk_interrupts_set(int enabled)
{
    return ml_set_interrupts_enabled(enabled);
}

uint32_t
vmk_context(void)
{
    return (uint32_t)((preemption_enabled() ? 0 : VMK_CTX_PREEMPT_OFF) |
                      (ml_get_interrupts_enabled() ? 0 : VMK_CTX_IRQ_OFF) |
                      (ml_at_interrupt_context() ? VMK_CTX_INTERRUPT : 0));
}

/* ---- what kext.h asks of the kernel ---- */

void *
kext_take(size_t size)
{
    /* vmm_alloc promises 64 bytes of alignment. */
    return IOMallocAligned(size, 64);
}

void
kext_give(void *memory, size_t size)
{
    IOFreeAligned(memory, size);
}

int
kext_copy_in(uint64_t from, void *to, size_t length)
{
    return copyin((user_addr_t)from, to, length);
}

int
kext_copy_out(const void *from, uint64_t to, size_t length)
{
    return copyout(from, (user_addr_t)to, length);
}

/* Volatile, so that each byte is an access of its own, between the lock and the unlock. */
static void
copy_bytes(volatile uint8_t *to, const volatile uint8_t *from, size_t length)
{
    for (size_t i = 0; i < length; i++)
        to[i] = from[i];
}

static int
copy_in_section(enum kext_section section, volatile uint8_t *to, const volatile uint8_t *from,
                size_t length)
{
    IOSimpleLock *spin = section == KEXT_SPIN_SECTION ? IOSimpleLockAlloc() : NULL;
    boolean_t before = true;

    if (section == KEXT_SPIN_SECTION && spin == NULL)
        return kIOReturnNoMemory;
    if (spin != NULL)
        IOSimpleLockLock(spin);
    if (section == KEXT_INTERRUPTS_SECTION)
        before = ml_set_interrupts_enabled(false);
    copy_bytes(to, from, length);
    if (section == KEXT_INTERRUPTS_SECTION)
        ml_set_interrupts_enabled(before);
    if (spin != NULL) {
        IOSimpleLockUnlock(spin);
        IOSimpleLockFree(spin);
    }
    return kIOReturnSuccess;
}

int
kext_load(enum kext_section section, uint64_t from, void *to, size_t length)
{
    return copy_in_section(section, static_cast<uint8_t *>(to),
                           reinterpret_cast<const uint8_t *>((uintptr_t)from), length);
}

int
kext_store(enum kext_section section, const void *from, uint64_t to, size_t length)
{
    return copy_in_section(section, reinterpret_cast<uint8_t *>((uintptr_t)to),
                           static_cast<const uint8_t *>(from), length);
}

/* ---- behind a run ---- */

static void
undo_map(kext_entry *entry)
{
    vmk_map_t m = static_cast<vmk_map_t>(entry->object);
    uint64_t offset, length;

    while (kext_table_wired_run(entry, &offset, &length)) {
        if (vmk_map_wire(m, 0, offset, length) != kIOReturnSuccess)
            return; /* rather a mapping that stays than a machine that hangs */
    }
    vmk_map_release(m);
}

/* Drops one reference of the entry's object; false: it has to stay. */
static bool
undo_one(kext_entry *entry)
{
    uint32_t before = entry->references;
    void *object = entry->object;

    switch (entry->kind) {
    case KEXT_MAP:
        undo_map(entry);
        return entry->object != object || entry->references < before;
    case KEXT_DMA:
        vmk_dma_release(static_cast<vmk_dma_t>(object));
        return true;
    case KEXT_ALLOC:
        vmk_free(object, 0, 0);
        return true;
    case KEXT_LOCK:
        vmk_lock_free(static_cast<vmk_lock_t>(object));
        return true;
    default:
        while (entry->prepares > 0)
            vmk_desc_complete(static_cast<vmk_desc_t>(object), 0);
        vmk_desc_release(static_cast<vmk_desc_t>(object));
        return true;
    }
}

void
kext_undo(void)
{
    kext_entry *entry = kext_table_any();

    while (entry != NULL && undo_one(entry))
        entry = kext_table_any();
    if (entry != NULL)
        IOLog("faultline: a mapping stays wired until the next start\n");
}

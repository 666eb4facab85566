/* vmk_xnu.cpp - the seam (hooks/vmk.h), answered by I/O Kit: descriptors; see vmk_xnu.h */
#include "kext/vmk_xnu.h"

/* Enters a new descriptor into the table: its handle, or NULL when there is none or no room. */
static vmk_desc_t
keep(IOMemoryDescriptor *memory, kext_entry *whole = NULL)
{
    if (memory == NULL)
        return NULL;
    if (kext_table_add(KEXT_DESC, memory, whole) == NULL) {
        memory->release();
        return NULL;
    }
    return reinterpret_cast<vmk_desc_t>(memory);
}

/* ---- the backend ---- */

vmk_return_t
vmk_get_info(vmk_info_t *info)
{
    static const char name[] = "kext";

    if (info->size < sizeof(*info))
        return kIOReturnBadArgument;
    *info = vmk_info_t();
    info->size = sizeof(*info);
    info->darwin_major = (uint32_t)version_major;
    info->caps = VMK_CAP_CONTEXT | (kext_has_wire_range ? VMK_CAP_WIRE : 0) |
                 kext_prefault_caps(info->darwin_major);
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

/* Tells the table which of our own bytes a descriptor describes: they stay as long as it does. */
static vmk_desc_t
describes(vmk_desc_t d, vmk_task_t task, uint64_t address, uint64_t length)
{
    kext_entry *entry = entry_of(d);

    if (entry == NULL || task != vmk_kernel_task())
        return d;
    entry->address = address;
    entry->length = length;
    return d;
}

vmk_desc_t
vmk_desc_range(vmk_task_t task, uint64_t address, uint64_t length, vmk_options_t options)
{
    if (!may_describe(task, address, length))
        return NULL;
    return describes(
        keep(IOMemoryDescriptor::withAddressRange(address, length, options, task_of(task))), task,
        address, length);
}

vmk_desc_t
vmk_desc_ranges(vmk_task_t task, const vmk_range_t *ranges, uint32_t count, vmk_options_t options)
{
    enum { MOST = 64 };
    IOAddressRange own[MOST];
    uint64_t first = UINT64_MAX, end = 0;

    if (count == 0 || count > MOST)
        return NULL;
    for (uint32_t i = 0; i < count; i++) {
        if (!may_describe(task, ranges[i].address, ranges[i].length))
            return NULL;
        own[i].address = ranges[i].address;
        own[i].length = ranges[i].length;
        first = own[i].address < first ? own[i].address : first;
        end = own[i].address + own[i].length > end ? own[i].address + own[i].length : end;
    }
    return describes(
        keep(IOMemoryDescriptor::withAddressRanges(own, count, options, task_of(task))), task,
        first, end - first); /* what is between them stays too */
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
               ? keep(IOSubMemoryDescriptor::withSubRange(memory, offset, length, options),
                      entry_of(parent))
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

    if (entry == NULL || entry->references == 0 || (entry->references == 1 && must_stay(entry)))
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

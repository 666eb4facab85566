/* vmk_xnu_map.cpp - the seam, answered by I/O Kit: mappings and IODMACommand; see vmk_xnu.h */
#include "kext/vmk_xnu.h"

/* ---- mappings ---- */

/* Where a release refuses it, a development kernel asserts, and every kernel leaks addresses. */
static bool
may_prefault()
{
    return (kext_prefault_caps((uint32_t)version_major) & VMK_CAP_PREFAULT_KERNEL) != 0;
}

/* What only who may stop the machine may ask: a fixed place in the kernel, or one on top of something. */
static bool
may_map(vmk_task_t task, vmk_options_t options)
{
    bool is_placed = (options & kIOMapAnywhere) == 0 || (options & kIOMapOverwrite) != 0;

    if (may_panic() || task != vmk_kernel_task())
        return true;
    return !is_placed && ((options & kIOMapPrefault) == 0 || may_prefault());
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
    kext_table_memory(held)->flags |= entry->flags & KEXT_READ_ONLY;
    entry->flags |= kext_table_memory(held)->flags & KEXT_READ_ONLY;
    return reinterpret_cast<vmk_map_t>(map);
}

vmk_map_t
vmk_map_create(vmk_desc_t d, vmk_task_t task, uint64_t at, vmk_options_t options, uint64_t offset,
               uint64_t length)
{
    IOMemoryDescriptor *memory = memory_of(d);

    if (memory == NULL || !may_map(task, options))
        return NULL;
    if (!may_panic() && kext_table_has_stale(entry_of(d)))
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

/* Taking the map away would wait for an unwire that never comes, or leave a descriptor of nothing. */
static bool
is_needed(kext_entry *entry)
{
    return must_stay(entry) || (!may_panic() && kext_table_would_hang(entry));
}

void
vmk_map_release(vmk_map_t m)
{
    kext_entry *entry = entry_of(m);
    IOMemoryMap *map = map_of(m);

    if (entry == NULL || (entry->references == 1 && is_needed(entry)))
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
    if (is_needed(entry))
        return KEXT_REFUSED;
    status = map_of(m)->unmap();
    kext_table_unmap(entry);
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
    if (length == 0) /* that is a page where it does not begin on one (iokit.md 4.3) */
        return offset < entry->length && (entry->address + offset) % KEXT_PAGE == 0;
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
    if (!may_wire(entry, direction, offset, length))
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

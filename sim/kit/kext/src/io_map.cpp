/* io_map.cpp - mappings: each call goes to the seam; see iokit_memory.h */
#include <faultline_kext/iokit_memory.h>

#include "seam.h"

OSDefineMetaClassAndStructors(IOMemoryMap, OSObject);

/* ---- making ---- */

/* A mapping of the seam as an object; it keeps its descriptor. */
IOMemoryMap *
IOMemoryDescriptor::mapped(struct vmk_map *map, task_t task, IOOptionBits options,
                           mach_vm_size_t offset, mach_vm_size_t length)
{
    IOMemoryMap *object = new IOMemoryMap;

    if (object == NULL) {
        vmk_map_release(map);
        return NULL;
    }
    object->fMap = map;
    object->fAddressTask = task;
    object->fMemory = this;
    object->fOffset = offset;
    object->fLength = length;
    object->fOptions = options;
    retain();
    return object;
}

/* Somebody else's mapping, adopted. */
IOMemoryMap *
IOMemoryDescriptor::setMapping(task_t task, IOVirtualAddress at, IOOptionBits options)
{
    Seam seam;
    struct vmk_map *map = NULL;

    if (_desc != NULL)
        map = vmk_map_set(_desc, task, faultline_address((void *)at, NULL), options);
    return map == NULL ? NULL : mapped(map, task, options, 0, _length);
}

/* The kext's own memory is nowhere that a task could see. Without a length it is the descriptor's. */
IOMemoryMap *
IOMemoryDescriptor::createMappingInTask(task_t task, mach_vm_address_t at, IOOptionBits options,
                                        mach_vm_size_t offset, mach_vm_size_t length)
{
    struct vmk_desc *desc = copySeam();
    Seam seam;
    struct vmk_map *map = NULL;

    if (length == 0)
        length = getLength();
    if (desc != NULL) {
        map = vmk_map_create(desc, task, faultline_address((void *)(uintptr_t)at, NULL), options,
                             offset, length);
        vmk_desc_release(desc);
    }
    if (map == NULL && (_bytes == NULL || task != vmk_kernel_task() || offset >= _length ||
                        length > _length - offset))
        return NULL;
    return mapped(map, task, options, offset, length);
}

IOMemoryMap *
IOMemoryDescriptor::map(task_t task, IOVirtualAddress at, IOOptionBits options, IOByteCount offset,
                        IOByteCount length)
{
    return createMappingInTask(task, at, options, offset, length);
}

IOMemoryMap *
IOMemoryDescriptor::map(IOOptionBits options)
{
    return createMappingInTask(kernel_task, 0, options | kIOMapAnywhere);
}

/* ---- what a mapping does ---- */

void
IOMemoryMap::free()
{
    Seam seam;

    if (fMap != NULL)
        vmk_map_release(fMap);
    OSSafeReleaseNULL(fMemory);
    OSObject::free();
}

/* The kernel's mappings are dereferenced, so their address is where the program finds them. */
mach_vm_address_t
IOMemoryMap::getAddress()
{
    Seam seam;
    uint64_t at;

    if (fMap == NULL)
        return (uintptr_t)(fMemory->_bytes + fOffset);
    at = vmk_map_address(fMap);
    return fAddressTask == vmk_kernel_task() && at != 0
               ? (uintptr_t)faultline_pointer(fAddressTask, at)
               : at;
}

IOVirtualAddress
IOMemoryMap::getVirtualAddress()
{
    return (IOVirtualAddress)getAddress();
}

mach_vm_size_t
IOMemoryMap::getSize()
{
    return getLength();
}

IOByteCount
IOMemoryMap::getLength()
{
    Seam seam;

    return fMap == NULL ? fLength : vmk_map_length(fMap);
}

IOPhysicalAddress
IOMemoryMap::getPhysicalAddress()
{
    return fMemory->getPhysicalSegment(fOffset, NULL);
}

IOPhysicalAddress
IOMemoryMap::getPhysicalSegment(IOByteCount at, IOByteCount *run, IOOptionBits options_)
{
    return fMemory->getPhysicalSegment(fOffset + at, run, options_);
}

IOReturn
IOMemoryMap::unmap()
{
    Seam seam;

    return fMap == NULL ? kIOReturnSuccess : vmk_map_unmap(fMap);
}

void
IOMemoryMap::taskDied()
{
    Seam seam;

    if (fMap != NULL)
        (void)vmk_sim_map_task_died(fMap, 1);
    fAddressTask = NULL;
}

/*
 * NULL takes the memory away: who touches it waits until it is given back with the same descriptor. With
 * another one the mapping shows that one's bytes, from the first on, and is its (iokit.md 3.8).
 */
IOReturn
IOMemoryMap::redirect(IOMemoryDescriptor *backing, IOOptionBits, IOByteCount at)
{
    Seam seam;
    IOReturn status;

    if (fMap == NULL)
        return kIOReturnUnsupported;
    if (backing == NULL || backing == fMemory)
        return vmk_map_block(fMap, backing == NULL);
    if (backing->seam() == NULL || at != 0)
        return kIOReturnUnsupported;
    status = vmk_map_redirect(fMap, backing->seam());
    if (status != kIOReturnSuccess)
        return status;
    backing->retain();
    fMemory->release();
    fMemory = backing;
    fOffset = 0;
    return kIOReturnSuccess;
}

IOReturn
IOMemoryMap::redirect(task_t safe, bool on)
{
    return safe == fAddressTask ? kIOReturnSuccess
                                : redirect(on ? NULL : fMemory, 0, (IOByteCount)0);
}

IOReturn
IOMemoryMap::wireRange(uint32_t direction, mach_vm_size_t at, mach_vm_size_t bytes)
{
    Seam seam;

    return fMap == NULL ? kIOReturnSuccess : vmk_map_wire(fMap, direction, at, bytes);
}

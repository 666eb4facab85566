/* io_buffer.cpp - memory that a driver has for itself; see iokit_memory.h */
#include <faultline_kext/iokit_memory.h>

#include "maker.h"

OSDefineMetaClassAndStructors(IOBufferMemoryDescriptor, IOGeneralMemoryDescriptor);

IOBufferMemoryDescriptor *
IOBufferMemoryDescriptor::inTaskWithOptions(task_t task, IOOptionBits options, vm_size_t capacity,
                                            vm_offset_t alignment)
{
    Seam seam;

    return Maker<IOBufferMemoryDescriptor>::from(
        vmk_desc_buffer(task, options, capacity, alignment, 0));
}

IOBufferMemoryDescriptor *
IOBufferMemoryDescriptor::inTaskWithPhysicalMask(task_t task, IOOptionBits options,
                                                 mach_vm_size_t capacity, mach_vm_address_t mask)
{
    Seam seam;

    return Maker<IOBufferMemoryDescriptor>::from(vmk_desc_buffer(task, options, capacity, 1, mask));
}

IOBufferMemoryDescriptor *
IOBufferMemoryDescriptor::inTaskWithGuardPages(task_t task, IOOptionBits options,
                                               mach_vm_size_t capacity)
{
    Seam seam;

    return Maker<IOBufferMemoryDescriptor>::from(vmk_desc_buffer_guarded(task, options, capacity));
}

IOBufferMemoryDescriptor *
IOBufferMemoryDescriptor::withOptions(IOOptionBits options, vm_size_t capacity,
                                      vm_offset_t alignment)
{
    return inTaskWithOptions(kernel_task, options, capacity, alignment);
}

IOBufferMemoryDescriptor *
IOBufferMemoryDescriptor::withCapacity(vm_size_t capacity, IODirection direction, bool contiguous)
{
    return withOptions(direction | (contiguous ? (IOOptionBits)kIOMemoryPhysicallyContiguous : 0),
                       capacity, contiguous ? capacity : 1);
}

IOBufferMemoryDescriptor *
IOBufferMemoryDescriptor::withBytes(const void *bytes, vm_size_t length, IODirection direction,
                                    bool contiguous)
{
    IOBufferMemoryDescriptor *object = withCapacity(length, direction, contiguous);

    if (object != NULL)
        memcpy(object->getBytesNoCopy(), bytes, length);
    return object;
}

bool
IOBufferMemoryDescriptor::initWithOptions(IOOptionBits options, vm_size_t capacity,
                                          vm_offset_t alignment)
{
    return initWithPhysicalMask(kernel_task, options, capacity, alignment, 0);
}

bool
IOBufferMemoryDescriptor::initWithOptions(IOOptionBits options, vm_size_t capacity,
                                          vm_offset_t alignment, task_t task)
{
    return initWithPhysicalMask(task, options, capacity, alignment, 0);
}

bool
IOBufferMemoryDescriptor::initWithPhysicalMask(task_t task, IOOptionBits options,
                                               mach_vm_size_t capacity, mach_vm_address_t alignment,
                                               mach_vm_address_t mask)
{
    Seam seam;

    return initWithSeam(vmk_desc_buffer(task, options, capacity, alignment, mask));
}

void *
IOBufferMemoryDescriptor::getVirtualSegment(IOByteCount offset, IOByteCount *length)
{
    void *bytes = getBytesNoCopy(offset, 0);

    if (length != NULL)
        *length = bytes == NULL ? 0 : getLength() - offset;
    return bytes;
}

/* Where the kernel finds a buffer's bytes; NULL: it is in a user's task. */
static void *
kernels_pointer(vmk_desc_t buffer)
{
    Seam seam;

    return faultline_pointer(vmk_kernel_task(), (uint64_t)(uintptr_t)vmk_desc_bytes(buffer));
}

/* A buffer in a user's task has the user's address, as on the Mac; the kernel's is a pointer. */
void *
IOBufferMemoryDescriptor::getBytesNoCopy()
{
    void *pointer = kernels_pointer(_desc);
    Seam seam;

    return pointer != NULL ? pointer : vmk_desc_bytes(_desc);
}

void *
IOBufferMemoryDescriptor::getBytesNoCopy(vm_size_t start, vm_size_t length)
{
    char *bytes = (char *)getBytesNoCopy();

    return bytes != NULL && start <= _length && length <= _length - start ? bytes + start : NULL;
}

vm_size_t
IOBufferMemoryDescriptor::getCapacity() const
{
    Seam seam;

    return (vm_size_t)vmk_desc_capacity(_desc);
}

void
IOBufferMemoryDescriptor::setLength(vm_size_t length)
{
    Seam seam;

    vmk_desc_set_length(_desc, length);
    _length = vmk_desc_length(_desc);
}

void
IOBufferMemoryDescriptor::setDirection(IODirection direction)
{
    _flags = (_flags & ~(IOOptionBits)kIOMemoryDirectionMask) | direction;
}

bool
IOBufferMemoryDescriptor::appendBytes(const void *bytes, vm_size_t length)
{
    vm_size_t used = (vm_size_t)_length;
    vm_size_t room = getCapacity() - used;
    vm_size_t kept = length < room ? length : room;
    char *mine = (char *)kernels_pointer(_desc);

    setLength(used + kept);
    if (mine != NULL)
        memcpy(mine + used, bytes, kept);
    else
        (void)writeBytes(used, bytes, kept);
    return true;
}

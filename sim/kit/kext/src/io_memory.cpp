/* io_memory.cpp - memory descriptors and mappings: each call goes to the seam; see iokit.h */
#include <faultline_kext/iokit.h>

#include "host.h"
#include "seam.h"

OSDefineMetaClassAndStructors(IOMemoryDescriptor, OSObject);
OSDefineMetaClassAndStructors(IOGeneralMemoryDescriptor, IOMemoryDescriptor);
OSDefineMetaClassAndStructors(IOSubMemoryDescriptor, IOMemoryDescriptor);
OSDefineMetaClassAndStructors(IOMultiMemoryDescriptor, IOMemoryDescriptor);
OSDefineMetaClassAndStructors(IOBufferMemoryDescriptor, IOGeneralMemoryDescriptor);
OSDefineMetaClassAndStructors(IODeviceMemory, IOMemoryDescriptor);
OSDefineMetaClassAndStructors(IOMemoryMap, OSObject);

/* ---- making descriptors ---- */

bool
IOMemoryDescriptor::initWithSeam(struct vmk_desc *desc)
{
    Seam seam;

    if (desc == NULL || !OSObject::init())
        return false;
    _desc = desc;
    _length = vmk_desc_length(desc);
    _flags = vmk_desc_direction(desc);
    return true;
}

/* Reaches the protected init, for the factories of this file. */
template <class Class> class Maker : public Class
{
  public:
    static Class *
    from(struct vmk_desc *desc)
    {
        Class *object = desc == NULL ? NULL : (Class *)Class::metaClass->alloc();

        if (object != NULL && !static_cast<Maker *>(object)->initWithSeam(desc))
            OSSafeReleaseNULL(object);
        return object;
    }
};

void
IOMemoryDescriptor::free()
{
    if (_desc != NULL) {
        Seam seam;

        vmk_desc_release(_desc);
    }
    OSSafeReleaseNULL(_mappings);
    OSObject::free();
}

IOMemoryDescriptor *
IOMemoryDescriptor::ofSeam(struct vmk_desc *desc)
{
    Seam seam;

    if (desc != NULL)
        vmk_desc_retain(desc);
    return Maker<IOGeneralMemoryDescriptor>::from(desc);
}

/*
 * Memory of the kext's own (its globals, its stack, IOMalloc()) is wired and translated on a Mac; here
 * it is the host's, and always there. Memory that the model maps is described by the model.
 */
IOMemoryDescriptor *
IOMemoryDescriptor::withAddress(void *address, IOByteCount length, IODirection direction)
{
    Seam seam;
    vmk_task_t task = NULL;
    uint64_t at = faultline_address(address, &task);
    IOMemoryDescriptor *object;

    if (task != NULL)
        return Maker<IOGeneralMemoryDescriptor>::from(
            task == vmk_kernel_task() ? vmk_desc_address(at, length, direction)
                                      : vmk_desc_range(task, at, length, direction));
    object = new IOGeneralMemoryDescriptor;
    object->_bytes = (char *)address;
    object->_length = length;
    object->_flags = direction;
    return object;
}

IOMemoryDescriptor *
IOMemoryDescriptor::withAddress(IOVirtualAddress address, IOByteCount length, IODirection direction,
                                task_t task)
{
    if (task == kernel_task)
        return withAddress((void *)address, length, direction);
    return withAddressRange(address, length, direction, task);
}

IOMemoryDescriptor *
IOMemoryDescriptor::withAddressRange(mach_vm_address_t address, mach_vm_size_t length,
                                     IOOptionBits options, task_t task)
{
    Seam seam;

    if (task == vmk_kernel_task() && task != NULL)
        return withAddress((void *)(uintptr_t)address, length, options & kIOMemoryDirectionMask);
    return Maker<IOGeneralMemoryDescriptor>::from(
        vmk_desc_range(task, faultline_address((void *)(uintptr_t)address, NULL), length, options));
}

IOMemoryDescriptor *
IOMemoryDescriptor::withAddressRanges(IOAddressRange *ranges, UInt32 count, IOOptionBits options,
                                      task_t task)
{
    Seam seam;
    vmk_range_t *list = (vmk_range_t *)kext_allocate(count * sizeof(*list), 16);
    struct vmk_desc *desc;

    for (UInt32 i = 0; i < count; i++) {
        list[i].address = faultline_address((void *)(uintptr_t)ranges[i].address, NULL);
        list[i].length = ranges[i].length;
    }
    desc = vmk_desc_ranges(task, list, count, options);
    kext_release(list);
    return Maker<IOGeneralMemoryDescriptor>::from(desc);
}

IOMemoryDescriptor *
IOMemoryDescriptor::withRanges(IOVirtualRange *ranges, UInt32 count, IODirection direction,
                               task_t task, bool)
{
    return withAddressRanges((IOAddressRange *)(void *)ranges, count, direction, task);
}

IOMemoryDescriptor *
IOMemoryDescriptor::withOptions(void *buffers, UInt32 count, UInt32, task_t task,
                                IOOptionBits options, IOMapper *)
{
    return withAddressRanges((IOAddressRange *)buffers, count, options, task);
}

IOMemoryDescriptor *
IOMemoryDescriptor::withPhysicalAddress(IOPhysicalAddress address, IOByteCount length,
                                        IODirection direction)
{
    Seam seam;

    return Maker<IOGeneralMemoryDescriptor>::from(vmk_desc_physical(address, length, direction));
}

IOMemoryDescriptor *
IOMemoryDescriptor::withPersistentMemoryDescriptor(IOMemoryDescriptor *original)
{
    Seam seam;

    return Maker<IOGeneralMemoryDescriptor>::from(vmk_desc_persistent(original->_desc));
}

IOMemoryDescriptor *
IOMemoryDescriptor::withSubRange(IOMemoryDescriptor *of, IOByteCount offset, IOByteCount length,
                                 IODirection direction)
{
    return IOSubMemoryDescriptor::withSubRange(of, offset, length, direction);
}

IOSubMemoryDescriptor *
IOSubMemoryDescriptor::withSubRange(IOMemoryDescriptor *of, IOByteCount offset, IOByteCount length,
                                    IOOptionBits options)
{
    Seam seam;

    return Maker<IOSubMemoryDescriptor>::from(vmk_desc_sub(of->seam(), offset, length, options));
}

IOMultiMemoryDescriptor *
IOMultiMemoryDescriptor::withDescriptors(IOMemoryDescriptor **parts, UInt32 count,
                                         IODirection direction, bool)
{
    Seam seam;
    vmk_desc_t *list = (vmk_desc_t *)kext_allocate(count * sizeof(*list), 16);
    struct vmk_desc *desc;

    for (UInt32 i = 0; i < count; i++)
        list[i] = parts[i]->seam();
    desc = vmk_desc_multi(list, count, direction);
    kext_release(list);
    return Maker<IOMultiMemoryDescriptor>::from(desc);
}

IODeviceMemory *
IODeviceMemory::withRange(IOPhysicalAddress address, IOPhysicalLength length)
{
    Seam seam;

    return Maker<IODeviceMemory>::from(vmk_desc_physical(address, length, kIODirectionInOut));
}

/* ---- what a descriptor does ---- */

IODirection
IOMemoryDescriptor::getDirection() const
{
    return _flags & kIOMemoryDirectionMask;
}

IOByteCount
IOMemoryDescriptor::getLength() const
{
    return _length;
}

uint64_t
IOMemoryDescriptor::getPreparationID()
{
    Seam seam;

    return _desc == NULL ? 1 : vmk_desc_preparation(_desc);
}

IOReturn
IOMemoryDescriptor::prepare(IODirection direction)
{
    Seam seam;

    return _desc == NULL ? kIOReturnSuccess : vmk_desc_prepare(_desc, direction);
}

IOReturn
IOMemoryDescriptor::complete(IODirection direction)
{
    Seam seam;

    return _desc == NULL ? kIOReturnSuccess : vmk_desc_complete(_desc, direction);
}

/* How much of [offset, offset + length) the kext's own memory has. */
static IOByteCount
within(IOByteCount offset, IOByteCount length, IOByteCount whole)
{
    return offset >= whole ? 0 : length < whole - offset ? length : whole - offset;
}

IOByteCount
IOMemoryDescriptor::readBytes(IOByteCount offset, void *bytes, IOByteCount length)
{
    Seam seam;

    if (_desc != NULL)
        return vmk_desc_read(_desc, offset, bytes, length);
    length = within(offset, length, _length);
    memcpy(bytes, _bytes + offset, length);
    return length;
}

IOByteCount
IOMemoryDescriptor::writeBytes(IOByteCount offset, const void *bytes, IOByteCount length)
{
    Seam seam;

    if (_desc != NULL)
        return vmk_desc_write(_desc, offset, bytes, length);
    length = within(offset, length, _length);
    memcpy(_bytes + offset, bytes, length);
    return length;
}

addr64_t
IOMemoryDescriptor::getPhysicalSegment(IOByteCount offset, IOByteCount *length,
                                       IOOptionBits options)
{
    Seam seam;
    uint64_t run = 0;
    addr64_t address;

    if (_desc != NULL) {
        address = vmk_desc_segment(_desc, offset, &run, options);
    } else {
        run = within(offset, _length, _length);
        address = run == 0 ? 0 : (uintptr_t)_bytes + offset;
    }
    if (length != NULL)
        *length = address == 0 ? 0 : run;
    return address;
}

addr64_t
IOMemoryDescriptor::getPhysicalSegment64(IOByteCount offset, IOByteCount *length)
{
    return getPhysicalSegment(offset, length);
}

IOPhysicalAddress
IOMemoryDescriptor::getPhysicalAddress()
{
    return getPhysicalSegment(0, NULL);
}

addr64_t
IOMemoryDescriptor::getSourceSegment(IOByteCount offset, IOByteCount *length)
{
    enum { SOURCE_SEGMENT = 0x2000 };

    return getPhysicalSegment(offset, length, SOURCE_SEGMENT);
}

/* ---- mappings ---- */

/* Somebody else's mapping, adopted. */
IOMemoryMap *
IOMemoryDescriptor::setMapping(task_t task, IOVirtualAddress at, IOOptionBits options)
{
    Seam seam;
    struct vmk_map *map = NULL;
    IOMemoryMap *object;

    if (_desc != NULL)
        map = vmk_map_set(_desc, task, faultline_address((void *)at, NULL), options);
    if (map == NULL)
        return NULL;
    object = new IOMemoryMap;
    object->_map = map;
    object->task = task;
    object->descriptor = this;
    object->length = _length;
    object->options = options;
    retain();
    return object;
}

IOMemoryMap *
IOMemoryDescriptor::createMappingInTask(task_t task, mach_vm_address_t at, IOOptionBits options,
                                        mach_vm_size_t offset, mach_vm_size_t length)
{
    Seam seam;
    struct vmk_map *map = NULL;
    IOMemoryMap *object;

    if (length == 0)
        length = _length - offset;
    if (_desc != NULL) {
        map = vmk_map_create(_desc, task, faultline_address((void *)(uintptr_t)at, NULL), options,
                             offset, length);
        if (map == NULL)
            return NULL;
    } else if (task != vmk_kernel_task()) {
        return NULL; /* the kext's own memory is nowhere that a task could see */
    }
    object = new IOMemoryMap;
    object->_map = map;
    object->task = task;
    object->descriptor = this;
    object->offset = offset;
    object->length = length;
    object->options = options;
    retain();
    return object;
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

void
IOMemoryMap::free()
{
    Seam seam;

    if (_map != NULL)
        vmk_map_release(_map);
    OSSafeReleaseNULL(descriptor);
    OSObject::free();
}

/* The kernel's mappings are dereferenced, so their address is where the program finds them. */
mach_vm_address_t
IOMemoryMap::getAddress()
{
    Seam seam;
    uint64_t at;

    if (_map == NULL)
        return (uintptr_t)(descriptor->_bytes + offset);
    at = vmk_map_address(_map);
    return task == vmk_kernel_task() && at != 0 ? (uintptr_t)faultline_pointer(task, at) : at;
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

    return _map == NULL ? length : vmk_map_length(_map);
}

IOPhysicalAddress
IOMemoryMap::getPhysicalAddress()
{
    return descriptor->getPhysicalSegment(offset, NULL);
}

IOPhysicalAddress
IOMemoryMap::getPhysicalSegment(IOByteCount at, IOByteCount *run, IOOptionBits options_)
{
    return descriptor->getPhysicalSegment(offset + at, run, options_);
}

IOReturn
IOMemoryMap::unmap()
{
    Seam seam;

    return _map == NULL ? kIOReturnSuccess : vmk_map_unmap(_map);
}

/* Only the whole, with another descriptor of the same length: what drivers do when a device goes. */
IOReturn
IOMemoryMap::redirect(IOMemoryDescriptor *, IOOptionBits, IOByteCount)
{
    return kIOReturnUnsupported;
}

IOReturn
IOMemoryMap::wireRange(uint32_t direction, mach_vm_size_t at, mach_vm_size_t bytes)
{
    Seam seam;

    return _map == NULL ? kIOReturnSuccess : vmk_map_wire(_map, direction, at, bytes);
}

/* ---- buffers ---- */

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
    Seam seam;

    return initWithSeam(vmk_desc_buffer(vmk_kernel_task(), options, capacity, alignment, 0));
}

/* A buffer in a user's task has the user's address, as on the Mac; the kernel's is a pointer. */
void *
IOBufferMemoryDescriptor::getBytesNoCopy()
{
    Seam seam;
    void *at = vmk_desc_bytes(_desc);
    void *pointer = faultline_pointer(vmk_kernel_task(), (uint64_t)(uintptr_t)at);

    return pointer != NULL ? pointer : at;
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

    setLength(used + kept);
    memcpy((char *)getBytesNoCopy() + used, bytes, kept);
    return true;
}

/* io_memory.cpp - memory descriptors: each call goes to the seam; see iokit_memory.h */
#include <faultline_kext/iokit.h>

#include "host.h"
#include "made.h"
#include "maker.h"

OSDefineMetaClassAndStructors(IOMemoryDescriptor, OSObject);
OSDefineMetaClassAndStructors(IOGeneralMemoryDescriptor, IOMemoryDescriptor);
OSDefineMetaClassAndStructors(IOSubMemoryDescriptor, IOMemoryDescriptor);
OSDefineMetaClassAndStructors(IOMultiMemoryDescriptor, IOMemoryDescriptor);
OSDefineMetaClassAndStructors(IODeviceMemory, IOMemoryDescriptor);

/* ---- making descriptors ---- */

bool
IOMemoryDescriptor::initWithSeam(struct vmk_desc *desc)
{
    Seam seam;

    if (desc == NULL || !OSObject::init())
        return false;
    faultline_note_descriptor(desc);
    _desc = desc;
    _length = vmk_desc_length(desc);
    _flags = vmk_desc_direction(desc);
    return true;
}

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

/*
 * What a mapping of this descriptor is made of. A driver's own class has no descriptor of the seam: its
 * getPhysicalSegment() says where its bytes are, and is called with nothing of the model's held. NULL: they
 * are the kext's own, or in too many pieces.
 */
struct vmk_desc *
IOMemoryDescriptor::copySeam()
{
    enum { MOST = 256 };
    vmk_range_t ranges[MOST];
    UInt32 count = 0;

    if (_desc != NULL) {
        Seam seam;

        vmk_desc_retain(_desc);
    }
    if (_desc != NULL || _bytes != NULL)
        return _desc;
    for (IOByteCount at = 0, run = 0; at < _length; at += run) {
        if (count == MOST)
            return NULL;
        ranges[count].address = getPhysicalSegment(at, &run, kIOMemoryMapperNone);
        if (ranges[count].address == 0 || run == 0)
            return NULL;
        ranges[count++].length = run < _length - at ? run : _length - at;
    }
    Seam seam;

    return vmk_desc_ranges(NULL, ranges, count, getDirection());
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
    if (object == NULL)
        return NULL;
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
IOMemoryDescriptor::withPhysicalRanges(IOPhysicalRange *ranges, UInt32 count, IODirection direction,
                                       bool)
{
    return withAddressRanges((IOAddressRange *)(void *)ranges, count, direction, NULL);
}

/* A list of pages (kIOMemoryTypeUPL) and another descriptor's memory have no way in from here. */
IOMemoryDescriptor *
IOMemoryDescriptor::withOptions(void *buffers, UInt32 count, UInt32 offset, task_t task,
                                IOOptionBits options, IOMapper *)
{
    IOGeneralMemoryDescriptor *object = new IOGeneralMemoryDescriptor;

    return made(object,
                object != NULL && object->initWithOptions(buffers, count, offset, task, options));
}

/* This object becomes what a fresh one is, which is given back. */
bool
IOMemoryDescriptor::become(IOMemoryDescriptor *fresh)
{
    if (fresh == NULL || _desc != NULL || _bytes != NULL || !OSObject::init()) {
        OSSafeRelease(fresh);
        return false;
    }
    _desc = fresh->_desc;
    fresh->_desc = NULL;
    _bytes = fresh->_bytes;
    _length = fresh->_length;
    _flags = fresh->_flags;
    fresh->release();
    return true;
}

bool
IOMemoryDescriptor::initWithAddress(void *address, IOByteCount length, IODirection direction)
{
    return become(withAddress(address, length, direction));
}

bool
IOMemoryDescriptor::initWithAddress(IOVirtualAddress address, IOByteCount length,
                                    IODirection direction, task_t task)
{
    return become(withAddress(address, length, direction, task));
}

bool
IOMemoryDescriptor::initWithPhysicalAddress(IOPhysicalAddress address, IOByteCount length,
                                            IODirection direction)
{
    return become(withPhysicalAddress(address, length, direction));
}

bool
IOMemoryDescriptor::initWithRanges(IOVirtualRange *ranges, UInt32 count, IODirection direction,
                                   task_t task, bool asReference)
{
    return become(withRanges(ranges, count, direction, task, asReference));
}

bool
IOMemoryDescriptor::initWithPhysicalRanges(IOPhysicalRange *ranges, UInt32 count,
                                           IODirection direction, bool asReference)
{
    return become(withPhysicalRanges(ranges, count, direction, asReference));
}

bool
IOMemoryDescriptor::initWithOptions(void *buffers, UInt32 count, UInt32, task_t task,
                                    IOOptionBits options, IOMapper *)
{
    IOAddressRange *ranges = (IOAddressRange *)buffers;

    switch (options & kIOMemoryTypeMask) {
    case kIOMemoryTypeVirtual:
        return become(count == 1 ? withAddressRange(ranges->address, ranges->length, options, task)
                                 : withAddressRanges(ranges, count, options, task));
    case kIOMemoryTypePhysical:
        return become(withAddressRanges(ranges, count, options & kIOMemoryDirectionMask, NULL));
    default:
        return false;
    }
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
    IOSubMemoryDescriptor *object = new IOSubMemoryDescriptor;

    if (object != NULL &&
        !object->initSubRange(of, offset, length, options & kIOMemoryDirectionMask))
        OSSafeReleaseNULL(object);
    return object;
}

/* A part of the kext's own memory is its own memory too. */
bool
IOSubMemoryDescriptor::initSubRange(IOMemoryDescriptor *of, IOByteCount offset, IOByteCount length,
                                    IODirection direction)
{
    Seam seam;

    if (of == NULL || offset > of->getLength() || length > of->getLength() - offset)
        return false;
    if (of->seam() == NULL) {
        if (!initWithAddress((char *)of->getVirtualSegment(offset, NULL), length, direction))
            return false;
    } else if (!initWithSeam(vmk_desc_sub(of->seam(), offset, length, direction))) {
        return false;
    }
    of->retain();
    _parent = of;
    _start = offset;
    return true;
}

void
IOSubMemoryDescriptor::free()
{
    IOMemoryDescriptor *parent = _parent;

    IOMemoryDescriptor::free();
    OSSafeRelease(parent);
}

IOMultiMemoryDescriptor *
IOMultiMemoryDescriptor::withDescriptors(IOMemoryDescriptor **parts, UInt32 count,
                                         IODirection direction, bool)
{
    IOMultiMemoryDescriptor *object = new IOMultiMemoryDescriptor;

    return made(object, object != NULL && object->initWithDescriptors(parts, count, direction));
}

bool
IOMultiMemoryDescriptor::initWithDescriptors(IOMemoryDescriptor **parts, UInt32 count,
                                             IODirection direction, bool)
{
    Seam seam;
    vmk_desc_t *list = (vmk_desc_t *)kext_allocate(count * sizeof(*list), 16);
    struct vmk_desc *desc;

    for (UInt32 i = 0; i < count; i++)
        list[i] = parts[i]->seam();
    desc = vmk_desc_multi(list, count, direction);
    kext_release(list);
    return initWithSeam(desc);
}

IODeviceMemory *
IODeviceMemory::withRange(IOPhysicalAddress address, IOPhysicalLength length)
{
    Seam seam;

    return Maker<IODeviceMemory>::from(vmk_desc_physical(address, length, kIODirectionInOut));
}

IODeviceMemory *
IODeviceMemory::withSubRange(IODeviceMemory *of, IOPhysicalAddress offset, IOPhysicalLength length)
{
    return withRange(of->getPhysicalSegment(offset, NULL), length);
}

OSArray *
IODeviceMemory::arrayFromList(InitElement list[], IOItemCount count)
{
    OSArray *array = OSArray::withCapacity(count);

    for (IOItemCount i = 0; array != NULL && i < count; i++) {
        IODeviceMemory *range = withRange(list[i].start, list[i].length);

        if (range == NULL) {
            OSSafeReleaseNULL(array);
            break;
        }
        range->setTag(list[i].tag);
        array->setObject(range);
        range->release();
    }
    return array;
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

/* How much of it is moved: a release cuts what goes past the end, or moves nothing (iokit.md 7). */
static IOByteCount
moved(IOByteCount offset, IOByteCount length, IOByteCount whole)
{
    Seam seam;
    IOByteCount here = within(offset, length, whole);

    return here == length || kext_reads_are_cut() ? here : 0;
}

/* Through physical memory; of a driver's own class, that which its getPhysicalSegment() tells. */
IOByteCount
IOMemoryDescriptor::readSeam(IOByteCount offset, void *bytes, IOByteCount length)
{
    struct vmk_desc *desc = _desc != NULL ? _desc : copySeam();
    Seam seam;
    IOByteCount done = desc != NULL ? vmk_desc_read(desc, offset, bytes, length) : 0;

    if (desc != _desc)
        vmk_desc_release(desc);
    return done;
}

IOByteCount
IOMemoryDescriptor::writeSeam(IOByteCount offset, const void *bytes, IOByteCount length)
{
    struct vmk_desc *desc = _desc != NULL ? _desc : copySeam();
    Seam seam;
    IOByteCount done = desc != NULL ? vmk_desc_write(desc, offset, bytes, length) : 0;

    if (desc != _desc)
        vmk_desc_release(desc);
    return done;
}

IOByteCount
IOMemoryDescriptor::readBytes(IOByteCount offset, void *bytes, IOByteCount length)
{
    if (_bytes == NULL)
        return readSeam(offset, bytes, length);
    length = moved(offset, length, _length);
    memcpy(bytes, _bytes + offset, length);
    return length;
}

IOByteCount
IOMemoryDescriptor::writeBytes(IOByteCount offset, const void *bytes, IOByteCount length)
{
    if (_bytes == NULL)
        return writeSeam(offset, bytes, length);
    length = moved(offset, length, _length);
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

void *
IOMemoryDescriptor::getVirtualSegment(IOByteCount offset, IOByteCount *length)
{
    if (length != NULL)
        *length = _bytes == NULL ? 0 : within(offset, _length, _length);
    return _bytes == NULL || offset >= _length ? NULL : _bytes + offset;
}

IOReturn
IOMemoryDescriptor::performOperation(IOOptionBits operation, IOByteCount offset, IOByteCount length)
{
    Seam seam;

    return _desc == NULL ? kIOReturnUnsupported
                         : vmk_desc_perform(_desc, operation, offset, length);
}

IOReturn
IOMemoryDescriptor::setPurgeable(IOOptionBits state, IOOptionBits *old)
{
    Seam seam;

    return _desc == NULL ? kIOReturnUnsupported : vmk_desc_set_purgeable(_desc, state, old);
}

IOReturn
IOMemoryDescriptor::getPageCounts(IOByteCount *resident, IOByteCount *dirty)
{
    Seam seam;
    uint64_t here = 0, changed = 0;
    IOReturn status =
        _desc == NULL ? kIOReturnUnsupported : vmk_desc_page_counts(_desc, &here, &changed);

    if (resident != NULL)
        *resident = here;
    if (dirty != NULL)
        *dirty = changed;
    return status;
}

uint64_t
IOMemoryDescriptor::getDMAMapLength(uint64_t *offset)
{
    Seam seam;
    uint64_t in_page = (uintptr_t)_bytes % PAGE_SIZE;

    if (_desc != NULL)
        return vmk_desc_dma_map_length(_desc, offset);
    if (offset != NULL)
        *offset = in_page;
    return (in_page + _length + PAGE_SIZE - 1) / PAGE_SIZE * PAGE_SIZE;
}

IOReturn
IOMemoryDescriptor::redirect(task_t safe, bool on)
{
    Seam seam;

    return _desc == NULL ? kIOReturnUnsupported : vmk_desc_redirect(_desc, safe, on);
}

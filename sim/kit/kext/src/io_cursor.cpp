/* io_cursor.cpp - memory cursors; see iokit_dma.h */
#include <faultline_kext/iokit_work.h>

#include "runs.h"

OSDefineMetaClassAndStructors(IOMemoryCursor, OSObject);

/* The run of physical memory at `offset`, joined with what follows it, cut to what a device takes. */
struct kext_run
next_run(IOMemoryDescriptor *memory, UInt64 offset, UInt64 end, UInt64 most)
{
    struct kext_run run = { 0, 0 };

    while (offset + run.length < end && run.length < most) {
        IOByteCount length = 0;
        addr64_t address =
            memory->getPhysicalSegment(offset + run.length, &length, kIOMemoryMapperNone);

        if (address == 0 || (run.length > 0 && address != run.address + run.length))
            break;
        if (run.length == 0)
            run.address = address;
        run.length += length;
    }
    if (run.length > end - offset)
        run.length = end - offset;
    if (run.length > most)
        run.length = most;
    return run;
}

bool
IOMemoryCursor::initWithSpecification(SegmentFunction output, IOPhysicalLength maxSegment,
                                      IOPhysicalLength maxTransfer, IOPhysicalLength alignment)
{
    outSeg = output;
    maxSegmentSize = maxSegment == 0 ? ~0ull : maxSegment;
    maxTransferSize = maxTransfer == 0 ? ~0ull : maxTransfer;
    alignMask = alignment == 0 ? 0 : alignment - 1;
    return output != NULL && OSObject::init();
}

IOMemoryCursor *
IOMemoryCursor::withSpecification(SegmentFunction output, IOPhysicalLength maxSegment,
                                  IOPhysicalLength maxTransfer, IOPhysicalLength alignment)
{
    IOMemoryCursor *object = new IOMemoryCursor;

    if (object != NULL &&
        !object->initWithSpecification(output, maxSegment, maxTransfer, alignment))
        OSSafeReleaseNULL(object);
    return object;
}

UInt32
IOMemoryCursor::genPhysicalSegments(IOMemoryDescriptor *memory, IOByteCount from, void *segments,
                                    UInt32 count, UInt32 most, IOByteCount *transferred)
{
    UInt64 limit = most == 0 ? maxTransferSize : most;
    UInt64 end = memory->getLength();
    IOByteCount start = from;
    UInt32 made = 0;

    if (end - from > limit)
        end = from + limit;
    for (; made < count && from < end; made++) {
        struct kext_run run = next_run(memory, from, end, maxSegmentSize);
        PhysicalSegment segment = { run.address, run.length };

        if (run.length == 0)
            break;
        outSeg(segment, segments, made);
        from += run.length;
    }
    if (transferred != NULL)
        *transferred = from - start;
    return made;
}

#define CURSOR(name, in_order)                                                                    \
    OSDefineMetaClassAndStructors(name, IOMemoryCursor);                                          \
    void name::outputSegment(PhysicalSegment segment, void *segments, UInt32 index)               \
    {                                                                                             \
        PhysicalSegment *out = (PhysicalSegment *)segments + index;                               \
                                                                                                  \
        out->location = in_order(segment.location);                                               \
        out->length = in_order(segment.length);                                                   \
    }                                                                                             \
    bool name::initWithSpecification(IOPhysicalLength maxSegment, IOPhysicalLength maxTransfer,   \
                                     IOPhysicalLength alignment)                                  \
    {                                                                                             \
        return IOMemoryCursor::initWithSpecification(outputSegment, maxSegment, maxTransfer,      \
                                                     alignment);                                  \
    }                                                                                             \
    name *name::withSpecification(IOPhysicalLength maxSegment, IOPhysicalLength maxTransfer,      \
                                  IOPhysicalLength alignment)                                     \
    {                                                                                             \
        name *object = new name;                                                                  \
                                                                                                  \
        if (object != NULL && !object->initWithSpecification(maxSegment, maxTransfer, alignment)) \
            OSSafeReleaseNULL(object);                                                            \
        return object;                                                                            \
    }
CURSOR(IONaturalMemoryCursor, KEXT_AS_IS)
CURSOR(IOLittleMemoryCursor, OSSwapHostToLittleInt64)
CURSOR(IOBigMemoryCursor, OSSwapHostToBigInt64)

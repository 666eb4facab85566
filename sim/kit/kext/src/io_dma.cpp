/* io_dma.cpp - DMA commands, memory cursors, data queues and command pools; see iokit_work.h */
#include <faultline_kext/iokit_work.h>

#include "host.h"

OSDefineMetaClassAndStructors(IODMACommand, OSObject);
OSDefineMetaClassAndStructors(IOMemoryCursor, OSObject);
OSDefineMetaClassAndStructors(IONaturalMemoryCursor, IOMemoryCursor);
OSDefineMetaClassAndStructors(IODataQueue, OSObject);
OSDefineMetaClassAndStructors(IOSharedDataQueue, IODataQueue);
OSDefineMetaClassAndStructors(IOCommand, OSObject);
OSDefineMetaClassAndStructors(IOCommandPool, OSObject);

/* ---- IODMACommand (iokit.md 7) ---- */

bool
IODMACommand::initWithSpecification(SegmentFunction output, UInt8 bits, UInt64 maxSegment,
                                    MappingOptions, UInt64 maxTransfer, UInt32 alignment,
                                    IOMapper *, void *)
{
    if (output == NULL || !OSObject::init())
        return false;
    fOutSeg = output;
    fNumAddressBits = bits == 0 ? 64 : bits;
    fMaxSegmentSize = maxSegment == 0 ? ~0ull : maxSegment;
    fMaxTransferSize = maxTransfer == 0 ? ~0ull : maxTransfer;
    fAlignment = alignment == 0 ? 1 : alignment;
    return true;
}

IODMACommand *
IODMACommand::withSpecification(SegmentFunction output, UInt8 bits, UInt64 maxSegment,
                                MappingOptions options, UInt64 maxTransfer, UInt32 alignment,
                                IOMapper *mapper, void *)
{
    IODMACommand *object = new IODMACommand;

    if (!object->initWithSpecification(output, bits, maxSegment, options, maxTransfer, alignment,
                                       mapper))
        OSSafeReleaseNULL(object);
    return object;
}

IODMACommand *
IODMACommand::withSpecification(SegmentFunction output, const SegmentOptions *options, uint32_t,
                                IOMapper *mapper, void *)
{
    return withSpecification(output, options->fNumAddressBits, options->fMaxSegmentSize, kMapped,
                             options->fMaxTransferSize, options->fAlignment, mapper);
}

IODMACommand *
IODMACommand::weakWithSpecification(IODMACommand **command, SegmentFunction output, UInt8 bits,
                                    UInt64 maxSegment, MappingOptions options, UInt64 maxTransfer,
                                    UInt32 alignment, IOMapper *mapper, void *)
{
    *command = withSpecification(output, bits, maxSegment, options, maxTransfer, alignment, mapper);
    return *command;
}

IODMACommand *
IODMACommand::cloneCommand(IODMACommand *of, void *)
{
    return withSpecification(of->fOutSeg, (UInt8)of->fNumAddressBits, of->fMaxSegmentSize, kMapped,
                             of->fMaxTransferSize, of->fAlignment);
}

void
IODMACommand::free()
{
    OSSafeReleaseNULL(fMemory);
    OSObject::free();
}

IOReturn
IODMACommand::setMemoryDescriptor(const IOMemoryDescriptor *memory, bool autoPrepare)
{
    if (memory == fMemory)
        return autoPrepare || fActive == 0 ? kIOReturnSuccess : complete();
    if (fMemory != NULL) {
        IOReturn status = fActive > 0 ? kIOReturnBusy : clearMemoryDescriptor();

        if (status != kIOReturnSuccess)
            return status;
    }
    if (memory == NULL)
        return kIOReturnSuccess;
    memory->retain();
    fMemory = const_cast<IOMemoryDescriptor *>(memory);
    return autoPrepare ? prepare() : kIOReturnSuccess;
}

IOReturn
IODMACommand::clearMemoryDescriptor(bool autoComplete)
{
    if (fActive > 0 && !autoComplete)
        return kIOReturnNotReady;
    fActive = 0;
    OSSafeReleaseNULL(fMemory);
    return kIOReturnSuccess;
}

IOReturn
IODMACommand::prepare(UInt64 offset, UInt64 length, bool, bool)
{
    if (fMemory == NULL || offset > fMemory->getLength())
        return kIOReturnNotReady;
    if (length == 0)
        length = fMemory->getLength() - offset;
    if (length > fMaxTransferSize)
        return kIOReturnNoSpace;
    if (fActive > 0 && (offset != fOffset || length != fPreparedLength))
        return kIOReturnNotReady;
    if (length % fAlignment != 0)
        return kIOReturnNotAligned;
    fOffset = offset;
    fPreparedLength = length;
    fActive++;
    return kIOReturnSuccess;
}

IOReturn
IODMACommand::complete(bool, bool)
{
    if (fActive == 0)
        return kIOReturnNotReady;
    fActive--;
    return kIOReturnSuccess;
}

IOReturn
IODMACommand::synchronize(IOOptionBits)
{
    return fActive == 0 ? kIOReturnNotReady : kIOReturnSuccess;
}

UInt64
IODMACommand::readBytes(UInt64 offset, void *bytes, UInt64 length)
{
    return fActive == 0 ? 0 : fMemory->readBytes(fOffset + offset, bytes, length);
}

UInt64
IODMACommand::writeBytes(UInt64 offset, const void *bytes, UInt64 length)
{
    return fActive == 0 ? 0 : fMemory->writeBytes(fOffset + offset, bytes, length);
}

IOReturn
IODMACommand::getPreparedOffsetAndLength(UInt64 *offset, UInt64 *length)
{
    if (fActive == 0)
        return kIOReturnNotReady;
    if (offset != NULL)
        *offset = fOffset;
    if (length != NULL)
        *length = fPreparedLength;
    return kIOReturnSuccess;
}

/* The run of physical memory at `offset`, joined with what follows it, cut to what a device takes. */
static IODMACommand::Segment64
next_run(IOMemoryDescriptor *memory, UInt64 offset, UInt64 end, UInt64 most)
{
    IODMACommand::Segment64 run = { 0, 0 };

    while (offset + run.fLength < end && run.fLength < most) {
        IOByteCount length = 0;
        addr64_t address =
            memory->getPhysicalSegment(offset + run.fLength, &length, kIOMemoryMapperNone);

        if (address == 0 || (run.fLength > 0 && address != run.fIOVMAddr + run.fLength))
            break;
        if (run.fLength == 0)
            run.fIOVMAddr = address;
        run.fLength += length;
    }
    if (run.fLength > end - offset)
        run.fLength = end - offset;
    if (run.fLength > most)
        run.fLength = most;
    return run;
}

IOReturn
IODMACommand::genIOVMSegments(UInt64 *offset, void *segments, UInt32 *count)
{
    UInt32 made = 0;

    if (fActive == 0)
        return kIOReturnNotReady;
    if (offset == NULL || segments == NULL || count == NULL || *count == 0)
        return kIOReturnBadArgument;
    if (*offset >= fPreparedLength)
        return kIOReturnOverrun;
    for (; made < *count && *offset < fPreparedLength; made++) {
        Segment64 run =
            next_run(fMemory, fOffset + *offset, fOffset + fPreparedLength, fMaxSegmentSize);

        if (run.fLength == 0)
            return kIOReturnVMError;
        if (fNumAddressBits < 64 && (run.fIOVMAddr + run.fLength - 1) >> fNumAddressBits != 0)
            return kIOReturnMessageTooLarge;
        if (run.fIOVMAddr % fAlignment != 0)
            return kIOReturnNotAligned;
        if (!fOutSeg(this, run, segments, made))
            return kIOReturnMessageTooLarge;
        *offset += run.fLength;
    }
    *count = made;
    return kIOReturnSuccess;
}

IOReturn
IODMACommand::gen64IOVMSegments(UInt64 *offset, Segment64 *segments, UInt32 *count)
{
    return genIOVMSegments(offset, segments, count);
}

IOReturn
IODMACommand::gen32IOVMSegments(UInt64 *offset, Segment32 *segments, UInt32 *count)
{
    return genIOVMSegments(offset, segments, count);
}

bool
IODMACommand::OutputHost64(IODMACommand *, Segment64 segment, void *segments, UInt32 index)
{
    ((Segment64 *)segments)[index] = segment;
    return true;
}

bool
IODMACommand::OutputLittle64(IODMACommand *command, Segment64 segment, void *segments, UInt32 index)
{
    return OutputHost64(command, segment, segments, index);
}

bool
IODMACommand::OutputBig64(IODMACommand *command, Segment64 segment, void *segments, UInt32 index)
{
    segment.fIOVMAddr = OSSwapInt64(segment.fIOVMAddr);
    segment.fLength = OSSwapInt64(segment.fLength);
    return OutputHost64(command, segment, segments, index);
}

bool
IODMACommand::OutputHost32(IODMACommand *, Segment64 segment, void *segments, UInt32 index)
{
    Segment32 *out = (Segment32 *)segments + index;

    out->fIOVMAddr = (UInt32)segment.fIOVMAddr;
    out->fLength = (UInt32)segment.fLength;
    return segment.fIOVMAddr >> 32 == 0 && segment.fLength >> 32 == 0;
}

bool
IODMACommand::OutputLittle32(IODMACommand *command, Segment64 segment, void *segments, UInt32 index)
{
    return OutputHost32(command, segment, segments, index);
}

bool
IODMACommand::OutputBig32(IODMACommand *command, Segment64 segment, void *segments, UInt32 index)
{
    Segment32 *out = (Segment32 *)segments + index;
    bool fits = OutputHost32(command, segment, segments, index);

    out->fIOVMAddr = OSSwapInt32(out->fIOVMAddr);
    out->fLength = OSSwapInt32(out->fLength);
    return fits;
}

/* ---- memory cursors ---- */

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

    if (!object->initWithSpecification(output, maxSegment, maxTransfer, alignment))
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
        IODMACommand::Segment64 run = next_run(memory, from, end, maxSegmentSize);
        PhysicalSegment segment = { run.fIOVMAddr, run.fLength };

        if (run.fLength == 0)
            break;
        outSeg(segment, segments, made);
        from += run.fLength;
    }
    if (transferred != NULL)
        *transferred = from - start;
    return made;
}

void
IONaturalMemoryCursor::outputSegment(PhysicalSegment segment, void *segments, UInt32 index)
{
    ((PhysicalSegment *)segments)[index] = segment;
}

IONaturalMemoryCursor *
IONaturalMemoryCursor::withSpecification(IOPhysicalLength maxSegment, IOPhysicalLength maxTransfer,
                                         IOPhysicalLength alignment)
{
    IONaturalMemoryCursor *object = new IONaturalMemoryCursor;

    if (!object->initWithSpecification(outputSegment, maxSegment, maxTransfer, alignment))
        OSSafeReleaseNULL(object);
    return object;
}

/* ---- data queues: a ring of entries, each with its size first ---- */

Boolean
IODataQueue::initWithCapacity(UInt32 size)
{
    memory = IOBufferMemoryDescriptor::withOptions(kIODirectionOutIn | kIOMemoryKernelUserShared,
                                                   round_page(size + DATA_QUEUE_MEMORY_HEADER_SIZE),
                                                   page_size);
    if (memory == NULL || !OSObject::init())
        return false;
    dataQueue = (IODataQueueMemory *)memory->getBytesNoCopy();
    dataQueue->queueSize = size;
    dataQueue->head = dataQueue->tail = 0;
    return true;
}

IODataQueue *
IODataQueue::withCapacity(UInt32 size)
{
    IODataQueue *object = new IODataQueue;

    if (!object->initWithCapacity(size))
        OSSafeReleaseNULL(object);
    return object;
}

IODataQueue *
IODataQueue::withEntries(UInt32 count, UInt32 entrySize)
{
    return withCapacity(count * (entrySize + DATA_QUEUE_ENTRY_HEADER_SIZE));
}

void
IODataQueue::free()
{
    OSSafeReleaseNULL(memory);
    OSObject::free();
}

IOMemoryDescriptor *
IODataQueue::getMemoryDescriptor()
{
    memory->retain();
    return memory;
}

/* Where an entry goes, and the tail behind it. One that does not fit at the end goes to the front. */
bool
IODataQueue::room(UInt32 size, UInt32 *at, UInt32 *next)
{
    UInt32 head = dataQueue->head, tail = dataQueue->tail;
    UInt32 whole = size + DATA_QUEUE_ENTRY_HEADER_SIZE;

    if (whole < size)
        return false;
    *at = tail;
    if (tail >= head && dataQueue->queueSize - tail < whole) {
        *at = 0;
        *next = whole;
        return whole < head;
    }
    *next = tail + whole;
    return tail >= head || *next < head;
}

Boolean
IODataQueue::enqueue(void *data, UInt32 size)
{
    UInt32 at, next;
    UInt32 tail = dataQueue->tail;
    IODataQueueEntry *entry;
    bool was_empty = dataQueue->head == tail;

    if (!room(size, &at, &next))
        return false;
    /* A size in the place that is left out tells the reader to go to the front. */
    if (at != tail && dataQueue->queueSize - tail >= DATA_QUEUE_ENTRY_HEADER_SIZE)
        ((IODataQueueEntry *)((UInt8 *)dataQueue->queue + tail))->size = size;
    entry = (IODataQueueEntry *)((UInt8 *)dataQueue->queue + at);
    entry->size = size;
    memcpy(&entry->data, data, size);
    dataQueue->tail = next;
    if (was_empty)
        sendDataAvailableNotification();
    return true;
}

IOSharedDataQueue *
IOSharedDataQueue::withCapacity(UInt32 size)
{
    IOSharedDataQueue *object = new IOSharedDataQueue;

    if (!object->initWithCapacity(size))
        OSSafeReleaseNULL(object);
    return object;
}

IOSharedDataQueue *
IOSharedDataQueue::withEntries(UInt32 count, UInt32 entrySize)
{
    return withCapacity(count * (entrySize + DATA_QUEUE_ENTRY_HEADER_SIZE));
}

IODataQueueEntry *
IOSharedDataQueue::peek()
{
    UInt32 head = dataQueue->head;
    UInt32 left = dataQueue->queueSize - head;
    IODataQueueEntry *entry = (IODataQueueEntry *)((UInt8 *)dataQueue->queue + head);

    if (head == dataQueue->tail)
        return NULL;
    if (left < DATA_QUEUE_ENTRY_HEADER_SIZE || left < entry->size + DATA_QUEUE_ENTRY_HEADER_SIZE)
        return dataQueue->queue;
    return entry;
}

Boolean
IOSharedDataQueue::dequeue(void *data, UInt32 *size)
{
    IODataQueueEntry *entry = peek();

    if (entry == NULL || (data != NULL && (size == NULL || *size < entry->size)))
        return false;
    if (data != NULL) {
        memcpy(data, &entry->data, entry->size);
        *size = entry->size;
    }
    dataQueue->head = (UInt32)((UInt8 *)entry - (UInt8 *)dataQueue->queue) + entry->size +
                      DATA_QUEUE_ENTRY_HEADER_SIZE;
    return true;
}

/* ---- command pools ---- */

IOCommandPool *
IOCommandPool::withWorkLoop(IOWorkLoop *)
{
    IOCommandPool *object = new IOCommandPool;

    object->lock = IOLockAlloc();
    return object;
}

void
IOCommandPool::free()
{
    IOLockFree(lock);
    OSObject::free();
}

IOCommand *
IOCommandPool::getCommand(bool blockForCommand)
{
    IOCommand *command;

    IOLockLock(lock);
    while (commands == NULL && blockForCommand)
        (void)IOLockSleep(lock, this, THREAD_UNINT);
    command = commands;
    if (command != NULL)
        commands = command->fNext;
    IOLockUnlock(lock);
    return command;
}

void
IOCommandPool::returnCommand(IOCommand *command)
{
    IOLockLock(lock);
    command->fNext = commands;
    commands = command;
    IOLockUnlock(lock);
    IOLockWakeup(lock, this, true);
}

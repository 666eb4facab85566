/*
 * io_dma.cpp - DMA commands; see iokit_dma.h
 *
 * A command over a descriptor of the seam is a command of the model (iokit.md 7). Memory of the kext's
 * own, and of a driver's own class, has none there: its segments are cut here.
 */
#include <faultline_kext/iokit_work.h>

#include "host.h"
#include "made.h"
#include "runs.h"
#include "seam.h"

OSDefineMetaClassAndStructors(IOCommand, OSObject);
OSDefineMetaClassAndStructors(IODMACommand, IOCommand);

bool
IOCommand::init()
{
    queue_init(&fCommandChain);
    return OSObject::init();
}

/* ---- making ---- */

bool
IODMACommand::initWithRefCon(void *refCon)
{
    fRefCon = refCon;
    return IOCommand::init();
}

bool
IODMACommand::initWithSpecification(SegmentFunction output, UInt8 bits, UInt64 maxSegment,
                                    MappingOptions options, UInt64 maxTransfer, UInt32 alignment,
                                    IOMapper *, void *refCon)
{
    if (output == NULL || !initWithRefCon(refCon))
        return false;
    fOutSeg = output;
    fMappingOptions = options;
    fNumAddressBits = bits == 0 ? 64 : bits;
    fMaxSegmentSize = maxSegment == 0 ? ~0ull : maxSegment;
    fMaxTransferSize = maxTransfer == 0 ? ~0ull : maxTransfer;
    fAlignment = alignment == 0 ? 1 : alignment;
    return true;
}

bool
IODMACommand::initWithSpecification(SegmentFunction output, const SegmentOptions *segment,
                                    uint32_t options, IOMapper *mapper, void *refCon)
{
    return initWithSpecification(output, segment->fNumAddressBits, segment->fMaxSegmentSize,
                                 (MappingOptions)options, segment->fMaxTransferSize,
                                 segment->fAlignment, mapper, refCon);
}

IODMACommand *
IODMACommand::withSpecification(SegmentFunction output, UInt8 bits, UInt64 maxSegment,
                                MappingOptions options, UInt64 maxTransfer, UInt32 alignment,
                                IOMapper *mapper, void *refCon)
{
    IODMACommand *object = new IODMACommand;

    return made(object, object != NULL &&
                            object->initWithSpecification(output, bits, maxSegment, options,
                                                          maxTransfer, alignment, mapper, refCon));
}

IODMACommand *
IODMACommand::withSpecification(SegmentFunction output, const SegmentOptions *segment,
                                uint32_t options, IOMapper *mapper, void *refCon)
{
    IODMACommand *object = new IODMACommand;

    return made(object, object != NULL && object->initWithSpecification(output, segment, options,
                                                                        mapper, refCon));
}

/* The caller's pointer is set before anything can come back to it. */
IODMACommand *
IODMACommand::weakWithSpecification(IODMACommand **command, SegmentFunction output, UInt8 bits,
                                    UInt64 maxSegment, MappingOptions options, UInt64 maxTransfer,
                                    UInt32 alignment, IOMapper *mapper, void *refCon)
{
    *command = withSpecification(output, bits, maxSegment, options, maxTransfer, alignment, mapper,
                                 refCon);
    return *command;
}

IODMACommand *
IODMACommand::cloneCommand(IODMACommand *of, void *refCon)
{
    return withSpecification(of->fOutSeg, (UInt8)of->fNumAddressBits, of->fMaxSegmentSize,
                             of->fMappingOptions, of->fMaxTransferSize, of->fAlignment, NULL,
                             refCon);
}

IODMACommand *
IODMACommand::withRefCon(void *refCon)
{
    IODMACommand *object = new IODMACommand;

    return made(object, object != NULL && object->initWithRefCon(refCon));
}

void
IODMACommand::free()
{
    if (fDMA != NULL) {
        Seam seam;

        vmk_dma_release(fDMA);
    }
    OSSafeReleaseNULL(fMemory);
    OSObject::free();
}

/* ---- the descriptor ---- */

/* A command of the model for this descriptor, if it has one there. */
IOReturn
IODMACommand::attachDMA()
{
    Seam seam;
    vmk_dma_spec_t spec = { fNumAddressBits, fAlignment, fMaxSegmentSize, fMaxTransferSize };
    IOReturn status;

    if (fMemory->seam() == NULL)
        return kIOReturnSuccess;
    fDMA = vmk_dma_create(&spec);
    if (fDMA == NULL)
        return kIOReturnNoMemory;
    status = vmk_dma_set(fDMA, fMemory->seam(), false);
    if (status != kIOReturnSuccess) {
        vmk_dma_release(fDMA);
        fDMA = NULL;
    }
    return status;
}

IOReturn
IODMACommand::setMemoryDescriptor(const IOMemoryDescriptor *memory, bool autoPrepare)
{
    IOReturn status = kIOReturnSuccess;

    if (memory == fMemory) { /* nothing is prepared once more */
        while (!autoPrepare && status == kIOReturnSuccess && fActive > 0)
            status = complete();
        return status;
    }
    if (fMemory != NULL)
        status = fActive > 0 ? kIOReturnBusy : clearMemoryDescriptor();
    if (memory == NULL || status != kIOReturnSuccess)
        return status;
    memory->retain();
    fMemory = const_cast<IOMemoryDescriptor *>(memory);
    status = attachDMA();
    if (status == kIOReturnSuccess && autoPrepare)
        status = prepare();
    if (status != kIOReturnSuccess)
        (void)clearMemoryDescriptor();
    return status;
}

IOReturn
IODMACommand::clearMemoryDescriptor(bool autoComplete)
{
    if (fActive > 0 && !autoComplete)
        return kIOReturnNotReady;
    while (fActive > 0)
        (void)complete();
    if (fDMA != NULL) {
        Seam seam;

        (void)vmk_dma_clear(fDMA, true);
        vmk_dma_release(fDMA);
        fDMA = NULL;
    }
    OSSafeReleaseNULL(fMemory);
    return kIOReturnSuccess;
}

/* ---- the transfer ---- */

/* What the model checks of its own commands, for memory that has none. */
static IOReturn
check_transfer(UInt64 length, UInt64 most, UInt32 alignment)
{
    return length > most             ? kIOReturnNoSpace
           : length % alignment != 0 ? kIOReturnNotAligned
                                     : kIOReturnSuccess;
}

IOReturn
IODMACommand::prepare(UInt64 offset, UInt64 length, bool, bool)
{
    Seam seam;
    IOReturn status;

    if (fMemory == NULL || offset > fMemory->getLength())
        return kIOReturnNotReady;
    if (length == 0)
        length = fMemory->getLength() - offset;
    if (fActive > 0 && (offset != fOffset || length != fPreparedLength))
        return kIOReturnNotReady;
    status = fDMA != NULL ? vmk_dma_prepare(fDMA, offset, length)
                          : check_transfer(length, fMaxTransferSize, fAlignment);
    if (status != kIOReturnSuccess)
        return status;
    fOffset = offset;
    fPreparedLength = length;
    fActive++;
    return kIOReturnSuccess;
}

IOReturn
IODMACommand::prepareWithSpecification(SegmentFunction output, UInt8 bits, UInt64 maxSegment,
                                       MappingOptions options, UInt64 maxTransfer, UInt32 alignment,
                                       IOMapper *, UInt64 offset, UInt64 length, bool flushCache,
                                       bool synchronize)
{
    IOMemoryDescriptor *memory = fMemory;
    IOReturn status;

    if (memory == NULL || fActive > 0)
        return memory == NULL ? kIOReturnNotReady : kIOReturnNotPermitted;
    memory->retain();
    (void)clearMemoryDescriptor();
    (void)initWithSpecification(output, bits, maxSegment, options, maxTransfer, alignment, NULL,
                                fRefCon);
    status = setMemoryDescriptor(memory, false);
    memory->release();
    return status != kIOReturnSuccess ? status : prepare(offset, length, flushCache, synchronize);
}

IOReturn
IODMACommand::complete(bool, bool)
{
    Seam seam;

    if (fActive == 0)
        return kIOReturnNotReady;
    fActive--;
    return fDMA != NULL ? vmk_dma_complete(fDMA) : kIOReturnSuccess;
}

IOReturn
IODMACommand::synchronize(IOOptionBits options)
{
    Seam seam;

    if (fActive == 0)
        return kIOReturnNotReady;
    return fDMA != NULL ? vmk_dma_synchronize(fDMA, options) : kIOReturnSuccess;
}

UInt64
IODMACommand::readBytes(UInt64 offset, void *bytes, UInt64 length)
{
    if (fActive == 0 || offset >= fPreparedLength)
        return 0;
    return fMemory->readBytes(fOffset + offset, bytes, MIN(length, fPreparedLength - offset));
}

UInt64
IODMACommand::writeBytes(UInt64 offset, const void *bytes, UInt64 length)
{
    if (fActive == 0 || offset >= fPreparedLength)
        return 0;
    return fMemory->writeBytes(fOffset + offset, bytes, MIN(length, fPreparedLength - offset));
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

/* One segment of memory that the model has no command for. */
static IOReturn
own_segment(IOMemoryDescriptor *memory, UInt64 at, UInt64 end, UInt64 most, UInt32 bits,
            struct kext_run *run)
{
    *run = next_run(memory, at, end, most);
    if (run->length == 0)
        return kIOReturnVMError;
    return bits < 64 && (run->address + run->length - 1) >> bits != 0 ? kIOReturnMessageTooLarge
                                                                      : kIOReturnSuccess;
}

/* One of the model's, from *next on. */
static IOReturn
model_segment(struct vmk_dma *command, UInt64 *next, struct kext_run *run)
{
    Seam seam;
    UInt32 one = 1;
    vmk_range_t range = { 0, 0 };
    IOReturn status = vmk_dma_segments(command, next, &range, &one);

    run->address = range.address;
    run->length = range.length;
    return status;
}

/* The output function is the driver's: nothing of the model's is held while it runs. */
IOReturn
IODMACommand::genIOVMSegments(UInt64 *offset, void *segments, UInt32 *count)
{
    UInt32 made = 0;
    IOReturn status = kIOReturnSuccess;

    if (fActive == 0)
        return kIOReturnNotReady;
    if (offset == NULL || segments == NULL || count == NULL || *count == 0)
        return kIOReturnBadArgument;
    if (*offset >= fPreparedLength)
        return kIOReturnOverrun;
    while (status == kIOReturnSuccess && made < *count && *offset < fPreparedLength) {
        struct kext_run run = { 0, 0 };
        UInt64 next = *offset;

        if (fDMA != NULL) {
            status = model_segment(fDMA, &next, &run);
        } else {
            status = own_segment(fMemory, fOffset + *offset, fOffset + fPreparedLength,
                                 fMaxSegmentSize, fNumAddressBits, &run);
            next += run.length;
        }
        if (status == kIOReturnSuccess &&
            !fOutSeg(this, Segment64{ run.address, run.length }, segments, made))
            status = kIOReturnMessageTooLarge;
        if (status == kIOReturnSuccess) {
            *offset = next;
            made++;
        }
    }
    *count = made;
    return status;
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

/* ---- how a segment is written ---- */

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

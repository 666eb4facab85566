/*
 * iokit_dma.h - DMA commands and memory cursors
 *
 * PURPOSE     What cuts a descriptor's pages into what a device takes.
 * INVARIANTS  a command of a seam's descriptor is a command of the model
 * UNITS       sizes: bytes; address bits: bits
 * OWNERSHIP   a command keeps its descriptor until it is cleared
 * ERRORS      as iokit.md 7
 * EVENTS      those of the model
 * XNU         iokit/IOKit/IODMACommand.h, IOMemoryCursor.h
 *             Differs: no mapper
 */
#ifndef KEXT_IOKIT_DMA_H
#define KEXT_IOKIT_DMA_H

#include <faultline_kext/iokit_memory.h>
#include <faultline_kext/queue.h>

struct vmk_dma;

/* What a pool keeps. */
class IOCommand : public OSObject
{
    OSDeclareDefaultStructors(IOCommand);

  public:
    bool init() override;
    queue_chain_t fCommandChain; /* in a driver's queue, or a pool's */
};

class IODMACommand : public IOCommand
{
    OSDeclareDefaultStructors(IODMACommand);

  public:
    struct Segment32 {
        UInt32 fIOVMAddr, fLength;
    };
    struct Segment64 {
        UInt64 fIOVMAddr, fLength;
    };
    enum MappingOptions {
        kMapped = 0x00000000,
        kUnmapped = 0x00000001,
        kBypassed = kUnmapped,
        kNonCoherent = 0x00000002,
        kTypeMask = 0x0000000f,
        kNoCacheStore = 0x00000010,
        kOnChip = 0x00000020,
        kIterateOnly = 0x00000040
    };
    enum SynchronizeOptions { kForceDoubleBuffer = 0x01000000 };
    struct SegmentOptions {
        uint8_t fStructSize, fNumAddressBits;
        uint64_t fMaxSegmentSize, fMaxTransferSize;
        uint32_t fAlignment, fAlignmentLength, fAlignmentInternalSegments;
    };
    typedef bool (*SegmentFunction)(IODMACommand *target, Segment64 segment, void *segments,
                                    UInt32 index);

  protected:
    void *fRefCon;
    IOMemoryDescriptor *fMemory;
    struct vmk_dma *fDMA; /* the model's; NULL: memory of the kext's own */
    SegmentFunction fOutSeg;
    UInt64 fMaxSegmentSize, fMaxTransferSize, fOffset, fPreparedLength;
    UInt32 fNumAddressBits, fAlignment, fActive;
    MappingOptions fMappingOptions;
    void free() override;
    IOReturn attachDMA();

  public:
    static IODMACommand *withSpecification(SegmentFunction, UInt8 addressBits, UInt64 maxSegment,
                                           MappingOptions = kMapped, UInt64 maxTransfer = 0,
                                           UInt32 alignment = 1, IOMapper * = 0, void *refCon = 0);
    static IODMACommand *withSpecification(SegmentFunction, const SegmentOptions *,
                                           uint32_t mappingOptions, IOMapper *, void *refCon = 0);
    static IODMACommand *weakWithSpecification(IODMACommand **, SegmentFunction, UInt8, UInt64,
                                               MappingOptions = kMapped, UInt64 = 0, UInt32 = 1,
                                               IOMapper * = 0, void * = 0);
    static IODMACommand *cloneCommand(IODMACommand *, void *refCon = 0);
    static IODMACommand *withRefCon(void *refCon);
    virtual bool initWithRefCon(void *refCon = 0);
    virtual bool initWithSpecification(SegmentFunction, UInt8, UInt64, MappingOptions = kMapped,
                                       UInt64 = 0, UInt32 = 1, IOMapper * = 0, void * = 0);
    virtual bool initWithSpecification(SegmentFunction, const SegmentOptions *, uint32_t,
                                       IOMapper *, void * = 0);
    virtual IOReturn setMemoryDescriptor(const IOMemoryDescriptor *, bool autoPrepare = true);
    virtual IOReturn clearMemoryDescriptor(bool autoComplete = true);
    virtual const IOMemoryDescriptor *
    getMemoryDescriptor() const
    {
        return fMemory;
    }
    virtual IOMemoryDescriptor *
    getIOMemoryDescriptor() const
    {
        return fMemory;
    }
    virtual IOReturn prepare(UInt64 offset = 0, UInt64 length = 0, bool flushCache = true,
                             bool synchronize = true);
    virtual IOReturn prepareWithSpecification(SegmentFunction, UInt8, UInt64,
                                              MappingOptions = kMapped, UInt64 maxTransfer = 0,
                                              UInt32 alignment = 1, IOMapper * = 0,
                                              UInt64 offset = 0, UInt64 length = 0,
                                              bool flushCache = true, bool synchronize = true);
    virtual IOReturn complete(bool invalidateCache = true, bool synchronize = true);
    virtual IOReturn synchronize(IOOptionBits options);
    virtual UInt64 readBytes(UInt64 offset, void *bytes, UInt64 length);
    virtual UInt64 writeBytes(UInt64 offset, const void *bytes, UInt64 length);
    virtual IOReturn getPreparedOffsetAndLength(UInt64 *offset, UInt64 *length);
    virtual IOReturn genIOVMSegments(UInt64 *offset, void *segments, UInt32 *count);
    IOReturn gen32IOVMSegments(UInt64 *offset, Segment32 *segments, UInt32 *count);
    IOReturn gen64IOVMSegments(UInt64 *offset, Segment64 *segments, UInt32 *count);
    UInt32
    getNumAddressBits()
    {
        return fNumAddressBits;
    }
    UInt32
    getAlignment()
    {
        return fAlignment;
    }
    void *
    getRefCon()
    {
        return fRefCon;
    }
    static bool OutputHost32(IODMACommand *, Segment64, void *, UInt32);
    static bool OutputBig32(IODMACommand *, Segment64, void *, UInt32);
    static bool OutputLittle32(IODMACommand *, Segment64, void *, UInt32);
    static bool OutputHost64(IODMACommand *, Segment64, void *, UInt32);
    static bool OutputBig64(IODMACommand *, Segment64, void *, UInt32);
    static bool OutputLittle64(IODMACommand *, Segment64, void *, UInt32);
};
#define kIODMACommandOutputHost32 (IODMACommand::OutputHost32)
#define kIODMACommandOutputBig32 (IODMACommand::OutputBig32)
#define kIODMACommandOutputLittle32 (IODMACommand::OutputLittle32)
#define kIODMACommandOutputHost64 (IODMACommand::OutputHost64)
#define kIODMACommandOutputBig64 (IODMACommand::OutputBig64)
#define kIODMACommandOutputLittle64 (IODMACommand::OutputLittle64)

/* ---- IOMemoryCursor.h ---- */

class IOMemoryCursor : public OSObject
{
    OSDeclareDefaultStructors(IOMemoryCursor);

  public:
    struct PhysicalSegment {
        IOPhysicalAddress location;
        IOPhysicalLength length;
    };
    typedef PhysicalSegment IOPhysicalSegment;
    typedef void (*SegmentFunction)(PhysicalSegment, void *segments, UInt32 index);
    typedef SegmentFunction OutputSegmentFunc;

  protected:
    SegmentFunction outSeg;
    IOPhysicalLength maxSegmentSize, maxTransferSize, alignMask;

  public:
    static IOMemoryCursor *withSpecification(SegmentFunction, IOPhysicalLength maxSegment,
                                             IOPhysicalLength maxTransfer,
                                             IOPhysicalLength alignment = 1);
    virtual bool initWithSpecification(SegmentFunction, IOPhysicalLength, IOPhysicalLength,
                                       IOPhysicalLength = 1);
    virtual UInt32 genPhysicalSegments(IOMemoryDescriptor *, IOByteCount from, void *segments,
                                       UInt32 count, UInt32 maxTransfer = 0, IOByteCount * = 0);
};

/* Cursors that write one kind of segment. */
#define KEXT_CURSOR(name, Segment)                                                                \
    class name : public IOMemoryCursor                                                            \
    {                                                                                             \
        OSDeclareDefaultStructors(name);                                                          \
                                                                                                  \
      public:                                                                                     \
        static name *withSpecification(IOPhysicalLength maxSegment, IOPhysicalLength maxTransfer, \
                                       IOPhysicalLength alignment = 1);                           \
        virtual bool initWithSpecification(IOPhysicalLength, IOPhysicalLength,                    \
                                           IOPhysicalLength = 1);                                 \
        static void outputSegment(PhysicalSegment, void *segments, UInt32 index);                 \
        UInt32                                                                                    \
        getPhysicalSegments(IOMemoryDescriptor *md, IOByteCount from, Segment *segments,          \
                            UInt32 count, UInt32 maxTransfer = 0, IOByteCount *transferred = 0)   \
        {                                                                                         \
            return genPhysicalSegments(md, from, segments, count, maxTransfer, transferred);      \
        }                                                                                         \
    }
KEXT_CURSOR(IONaturalMemoryCursor, PhysicalSegment);
KEXT_CURSOR(IOBigMemoryCursor, PhysicalSegment);
KEXT_CURSOR(IOLittleMemoryCursor, PhysicalSegment);

#endif

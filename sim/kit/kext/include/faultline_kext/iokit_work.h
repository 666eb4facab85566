/*
 * iokit_work.h - work loops, gates, timers, interrupts, DMA commands, cursors and queues
 *
 * PURPOSE     The classes around the memory calls that drivers use most.
 * INVARIANTS  an action runs on its work loop's thread with the gate closed, where faults are served;
 *             a filter runs in interrupt context, where none is
 * UNITS       sizes: bytes; times: as each name says
 * OWNERSHIP   as I/O Kit
 * ERRORS      IOReturn
 * EVENTS      those of the model
 * XNU         iokit/Kernel/IOWorkLoop.cpp and its like; iokit.md 7
 *             Differs: an IODMACommand has no mapper and no copy for the device
 */
#ifndef KEXT_IOKIT_WORK_H
#define KEXT_IOKIT_WORK_H

#include <faultline_kext/iokit.h>

class IOEventSource;

class IOWorkLoop : public OSObject
{
    OSDeclareDefaultStructors(IOWorkLoop);

  protected:
    IORecursiveLock *gateLock;
    IOEventSource *eventChain;
    void *workThread;
    bool isEnding, hasEnded, workToDo;
    void free() override;
    static void threadMain(void *);

  public:
    static IOWorkLoop *workLoop();
    static IOWorkLoop *
    workLoopWithOptions(IOOptionBits)
    {
        return workLoop();
    }
    bool init() override;
    virtual IOReturn addEventSource(IOEventSource *);
    virtual IOReturn removeEventSource(IOEventSource *);
    virtual void enableAllEventSources() const;
    virtual void disableAllEventSources() const;
    virtual void
    enableAllInterrupts() const
    {
    }
    virtual void
    disableAllInterrupts() const
    {
    }
    virtual bool inGate() const;
    virtual bool onThread() const;
    virtual void signalWorkAvailable();
    virtual void openGate();
    virtual void closeGate();
    virtual bool tryCloseGate();
    virtual int sleepGate(void *event, UInt32 interruptible);
    virtual int sleepGate(void *event, AbsoluteTime deadline, UInt32 interruptible);
    virtual void wakeupGate(void *event, bool one);
    typedef IOReturn (*Action)(OSObject *target, void *, void *, void *, void *);
    virtual IOReturn runAction(Action, OSObject *target, void *a0 = 0, void *a1 = 0, void *a2 = 0,
                               void *a3 = 0);
    virtual IOReturn runEventSources();
};

class IOEventSource : public OSObject
{
    OSDeclareAbstractStructors(IOEventSource);
    friend class IOWorkLoop;

  public:
    typedef void (*Action)(OSObject *owner, ...);

  protected:
    IOEventSource *eventChainNext;
    OSObject *owner;
    Action action;
    bool enabled;
    IOWorkLoop *workLoop;
    virtual bool init(OSObject *owner, Action action = 0);
    virtual bool
    checkForWork()
    {
        return false;
    }
    virtual void setWorkLoop(IOWorkLoop *);
    void
    openGate()
    {
        workLoop->openGate();
    }
    void
    closeGate()
    {
        workLoop->closeGate();
    }
    bool
    tryCloseGate()
    {
        return workLoop->tryCloseGate();
    }
    int
    sleepGate(void *event, UInt32 type)
    {
        return workLoop->sleepGate(event, type);
    }
    void
    wakeupGate(void *event, bool one)
    {
        workLoop->wakeupGate(event, one);
    }
    void
    signalWorkAvailable()
    {
        workLoop->signalWorkAvailable();
    }
    IOEventSource *
    getNext() const
    {
        return eventChainNext;
    }

  public:
    virtual void
    setAction(Action a)
    {
        action = a;
    }
    virtual Action
    getAction() const
    {
        return action;
    }
    virtual void enable();
    virtual void
    disable()
    {
        enabled = false;
    }
    virtual bool
    isEnabled() const
    {
        return enabled;
    }
    virtual IOWorkLoop *
    getWorkLoop() const
    {
        return workLoop;
    }
    virtual bool
    onThread() const
    {
        return workLoop != 0 && workLoop->onThread();
    }
};

class IOCommandGate : public IOEventSource
{
    OSDeclareDefaultStructors(IOCommandGate);

  public:
    typedef IOReturn (*Action)(OSObject *owner, void *, void *, void *, void *);
    static IOCommandGate *commandGate(OSObject *owner, Action action = 0);
    virtual bool init(OSObject *owner, Action action = 0);
    virtual IOReturn runCommand(void *a0 = 0, void *a1 = 0, void *a2 = 0, void *a3 = 0);
    virtual IOReturn runAction(Action, void *a0 = 0, void *a1 = 0, void *a2 = 0, void *a3 = 0);
    virtual IOReturn attemptCommand(void *a0 = 0, void *a1 = 0, void *a2 = 0, void *a3 = 0);
    virtual IOReturn attemptAction(Action, void *a0 = 0, void *a1 = 0, void *a2 = 0, void *a3 = 0);
    virtual IOReturn commandSleep(void *event, UInt32 interruptible = THREAD_ABORTSAFE);
    virtual IOReturn commandSleep(void *event, AbsoluteTime deadline, UInt32 interruptible);
    virtual void commandWakeup(void *event, bool one = false);
};

class IOTimerEventSource : public IOEventSource
{
    OSDeclareDefaultStructors(IOTimerEventSource);

  protected:
    thread_call_t call;
    volatile bool isDue;
    void free() override;
    bool checkForWork() override;
    static void fired(void *, void *);

  public:
    typedef void (*Action)(OSObject *owner, IOTimerEventSource *sender);
    static IOTimerEventSource *timerEventSource(OSObject *owner, Action action = 0);
    static IOTimerEventSource *timerEventSource(UInt32 options, OSObject *owner, Action action = 0);
    virtual bool init(OSObject *owner, Action action = 0);
    virtual IOReturn setTimeoutTicks(UInt32 ticks);
    virtual IOReturn setTimeoutMS(UInt32 ms);
    virtual IOReturn setTimeoutUS(UInt32 us);
    virtual IOReturn setTimeout(UInt32 interval, UInt32 scale = kNanosecondScale);
    virtual IOReturn setTimeout(AbsoluteTime interval);
    virtual IOReturn wakeAtTime(AbsoluteTime deadline);
    virtual void cancelTimeout();
    void disable() override;
};

class IOInterruptEventSource : public IOEventSource
{
    OSDeclareDefaultStructors(IOInterruptEventSource);

  protected:
    IOService *provider;
    int intIndex;
    volatile UInt32 producerCount, consumerCount;
    void free() override;
    bool checkForWork() override;
    static void arrived(OSObject *target, void *refCon, IOService *, int source);

  public:
    typedef void (*Action)(OSObject *owner, IOInterruptEventSource *sender, int count);
    static IOInterruptEventSource *interruptEventSource(OSObject *owner, Action,
                                                        IOService *provider = 0, int index = 0);
    virtual bool init(OSObject *owner, Action, IOService *provider = 0, int index = 0);
    virtual const IOService *
    getProvider() const
    {
        return provider;
    }
    virtual int
    getIntIndex() const
    {
        return intIndex;
    }
    virtual void interruptOccurred(void *refCon, IOService *, int source);
    virtual void normalInterruptOccurred(void *refCon, IOService *nub, int source);
    virtual void disableInterruptOccurred(void *refCon, IOService *nub, int source);
};

class IOFilterInterruptEventSource : public IOInterruptEventSource
{
    OSDeclareDefaultStructors(IOFilterInterruptEventSource);

  public:
    typedef bool (*Filter)(OSObject *owner, IOFilterInterruptEventSource *sender);

  protected:
    Filter filterAction;

  public:
    static IOFilterInterruptEventSource *filterInterruptEventSource(OSObject *owner,
                                                                    IOInterruptEventSource::Action,
                                                                    Filter, IOService *provider,
                                                                    int index = 0);
    virtual bool init(OSObject *owner, IOInterruptEventSource::Action, Filter, IOService *provider,
                      int index = 0);
    virtual void signalInterrupt();
    virtual Filter
    getFilterAction() const
    {
        return filterAction;
    }
    void interruptOccurred(void *refCon, IOService *, int source) override;
};

/* ---- IODMACommand.h ---- */

class IODMACommand : public OSObject
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
        kMapped = 0,
        kBypassed = 1,
        kNonCoherent = 2,
        kMaxMask = 3,
        kUnmapped = kBypassed,
        kIterateOnly = 4
    };
    enum SynchronizeOptions { kForceDoubleBuffer = 0x01000000 };
    struct SegmentOptions {
        uint8_t fStructSize, fNumAddressBits;
        uint64_t fMaxSegmentSize, fMaxTransferSize;
        uint32_t fAlignment, fAlignmentLength, fAlignmentInternalSegments;
    };
    typedef bool (*SegmentFunction)(IODMACommand *, Segment64, void *segments, UInt32 index);

  protected:
    IOMemoryDescriptor *fMemory;
    SegmentFunction fOutSeg;
    UInt64 fMaxSegmentSize, fMaxTransferSize, fOffset, fPreparedLength;
    UInt32 fNumAddressBits, fAlignment, fActive;
    void free() override;

  public:
    static IODMACommand *withSpecification(SegmentFunction, UInt8 addressBits, UInt64 maxSegment,
                                           MappingOptions = kMapped, UInt64 maxTransfer = 0,
                                           UInt32 alignment = 1, IOMapper * = 0, void * = 0);
    static IODMACommand *withSpecification(SegmentFunction, const SegmentOptions *,
                                           uint32_t mappingOptions, IOMapper *, void * = 0);
    static IODMACommand *weakWithSpecification(IODMACommand **, SegmentFunction, UInt8, UInt64,
                                               MappingOptions = kMapped, UInt64 = 0, UInt32 = 1,
                                               IOMapper * = 0, void * = 0);
    static IODMACommand *cloneCommand(IODMACommand *, void * = 0);
    virtual bool initWithSpecification(SegmentFunction, UInt8, UInt64, MappingOptions = kMapped,
                                       UInt64 = 0, UInt32 = 1, IOMapper * = 0, void * = 0);
    virtual IOReturn setMemoryDescriptor(const IOMemoryDescriptor *, bool autoPrepare = true);
    virtual IOReturn clearMemoryDescriptor(bool autoComplete = true);
    virtual const IOMemoryDescriptor *
    getMemoryDescriptor() const
    {
        return fMemory;
    }
    virtual IOReturn prepare(UInt64 offset = 0, UInt64 length = 0, bool flushCache = true,
                             bool synchronize = true);
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

class IONaturalMemoryCursor : public IOMemoryCursor
{
    OSDeclareDefaultStructors(IONaturalMemoryCursor);

  public:
    static IONaturalMemoryCursor *withSpecification(IOPhysicalLength, IOPhysicalLength,
                                                    IOPhysicalLength = 1);
    static void outputSegment(PhysicalSegment, void *segments, UInt32 index);
    UInt32
    getPhysicalSegments(IOMemoryDescriptor *md, IOByteCount from, PhysicalSegment *segments,
                        UInt32 count, UInt32 maxTransfer = 0, IOByteCount *transferred = 0)
    {
        return genPhysicalSegments(md, from, segments, count, maxTransfer, transferred);
    }
};

/* ---- IODataQueue.h, IOSharedDataQueue.h ---- */

typedef struct _IODataQueueEntry {
    UInt32 size;
    UInt8 data[4];
} __attribute__((packed)) IODataQueueEntry; /* an entry begins where the last one ended */
typedef struct _IODataQueueMemory {
    UInt32 queueSize;
    volatile UInt32 head, tail;
    IODataQueueEntry queue[1];
} IODataQueueMemory;
#define DATA_QUEUE_ENTRY_HEADER_SIZE 4
#define DATA_QUEUE_MEMORY_HEADER_SIZE 12

class IODataQueue : public OSObject
{
    OSDeclareDefaultStructors(IODataQueue);

  protected:
    IODataQueueMemory *dataQueue;
    IOBufferMemoryDescriptor *memory;
    void free() override;
    bool room(UInt32 size, UInt32 *at, UInt32 *next);

  public:
    static IODataQueue *withCapacity(UInt32 size);
    static IODataQueue *withEntries(UInt32 count, UInt32 entrySize);
    virtual Boolean initWithCapacity(UInt32 size);
    virtual Boolean enqueue(void *data, UInt32 size);
    virtual void
    setNotificationPort(mach_port_t)
    {
    }
    virtual IOMemoryDescriptor *getMemoryDescriptor();
    virtual void
    sendDataAvailableNotification()
    {
    }
};

class IOSharedDataQueue : public IODataQueue
{
    OSDeclareDefaultStructors(IOSharedDataQueue);

  public:
    static IOSharedDataQueue *withCapacity(UInt32 size);
    static IOSharedDataQueue *withEntries(UInt32 count, UInt32 entrySize);
    virtual IODataQueueEntry *peek();
    virtual Boolean dequeue(void *data, UInt32 *size);
};

/* ---- IOCommand.h, IOCommandPool.h ---- */

class IOCommand : public OSObject
{
    OSDeclareDefaultStructors(IOCommand);

  public:
    IOCommand *fNext;
};

class IOCommandPool : public OSObject
{
    OSDeclareDefaultStructors(IOCommandPool);

  protected:
    IOCommand *commands;
    IOLock *lock;
    void free() override;

  public:
    static IOCommandPool *withWorkLoop(IOWorkLoop *);
    virtual IOCommand *getCommand(bool blockForCommand = true);
    virtual void returnCommand(IOCommand *);
};

#endif

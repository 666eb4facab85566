/*
 * iokit_queue.h - data queues and command pools
 *
 * PURPOSE     Rings that a driver fills for a task, and commands to take and give back.
 * INVARIANTS  an entry is whole and in one piece
 * UNITS       sizes: bytes
 * OWNERSHIP   as I/O Kit
 * ERRORS      false: no room
 * EVENTS      those of the model
 * XNU         iokit/IOKit/IODataQueue.h, IOSharedDataQueue.h, IOCommandPool.h
 */
#ifndef KEXT_IOKIT_QUEUE_H
#define KEXT_IOKIT_QUEUE_H

#include <faultline_kext/iokit_dma.h>
#include <faultline_kext/iokit_loop.h>
#include <faultline_kext/iokit_memory.h>

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
typedef struct _IODataQueueAppendix {
    UInt32 version;
    mach_msg_header_t msgh;
} IODataQueueAppendix;
#define DATA_QUEUE_ENTRY_HEADER_SIZE (sizeof(IODataQueueEntry) - 4)
#define DATA_QUEUE_MEMORY_HEADER_SIZE (sizeof(IODataQueueMemory) - sizeof(IODataQueueEntry))
#define DATA_QUEUE_MEMORY_APPENDIX_SIZE (sizeof(IODataQueueAppendix))

class IODataQueue : public OSObject
{
    OSDeclareDefaultStructors(IODataQueue);

  protected:
    IODataQueueMemory *dataQueue;
    void *notifyMsg; /* the port that is told */
    IOBufferMemoryDescriptor *memory;
    UInt32 queueSize; /* what the program reads of it is a copy */
    void free() override;
    bool room(UInt32 head, UInt32 tail, UInt32 size, UInt32 *at, UInt32 *next) const;

  public:
    static IODataQueue *withCapacity(UInt32 size);
    static IODataQueue *withEntries(UInt32 count, UInt32 entrySize);
    virtual Boolean initWithCapacity(UInt32 size);
    virtual Boolean initWithEntries(UInt32 count, UInt32 entrySize);
    virtual Boolean enqueue(void *data, UInt32 size);
    virtual void setNotificationPort(mach_port_t);
    virtual IOMemoryDescriptor *getMemoryDescriptor();
    virtual void sendDataAvailableNotification();
};

class IOSharedDataQueue : public IODataQueue
{
    OSDeclareDefaultStructors(IOSharedDataQueue);

  protected:
    IODataQueueEntry *first(UInt32 *size);

  public:
    static IOSharedDataQueue *withCapacity(UInt32 size);
    static IOSharedDataQueue *withEntries(UInt32 count, UInt32 entrySize);
    virtual IODataQueueEntry *peek();
    virtual Boolean dequeue(void *data, UInt32 *size);
};

/* ---- IOCommandPool.h ---- */

class IOCommandPool : public OSObject
{
    OSDeclareDefaultStructors(IOCommandPool);

  protected:
    queue_head_t fQueueHead;
    IOCommandGate *fSerializer;
    void free() override;

  public:
    static IOCommandPool *withWorkLoop(IOWorkLoop *);
    static IOCommandPool *commandPool(IOService *owner, IOWorkLoop *, UInt32 size = 10);
    virtual bool initWithWorkLoop(IOWorkLoop *);
    virtual IOCommand *getCommand(bool blockForCommand = true);
    virtual void returnCommand(IOCommand *);
    IOReturn gatedGetCommand(IOCommand **, bool blockForCommand);
    IOReturn gatedReturnCommand(IOCommand *);
    template <typename T>
    T *
    getCommand(bool blockForCommand = true)
    {
        return (T *)getCommand(blockForCommand);
    }
};

#endif

/* io_queue.cpp - data queues and command pools; see iokit_queue.h */
#include <faultline_kext/iokit_work.h>

#include "host.h"
#include "made.h"
#include "ports.h"

OSDefineMetaClassAndStructors(IODataQueue, OSObject);
OSDefineMetaClassAndStructors(IOSharedDataQueue, IODataQueue);
OSDefineMetaClassAndStructors(IOCommandPool, OSObject);

/* ---- data queues: a ring of entries, each with its size first ---- */

Boolean
IODataQueue::initWithCapacity(UInt32 size)
{
    vm_size_t whole = size + DATA_QUEUE_MEMORY_HEADER_SIZE + DATA_QUEUE_MEMORY_APPENDIX_SIZE;

    memory = IOBufferMemoryDescriptor::withOptions(kIODirectionOutIn | kIOMemoryKernelUserShared,
                                                   (whole + page_mask) & ~page_mask, page_size);
    if (memory == NULL || !OSObject::init())
        return false;
    dataQueue = (IODataQueueMemory *)memory->getBytesNoCopy();
    queueSize = size;
    dataQueue->queueSize = size;
    dataQueue->head = dataQueue->tail = 0;
    return true;
}

/* One more than asked for: so many fit wherever the first of them begins. */
Boolean
IODataQueue::initWithEntries(UInt32 count, UInt32 entrySize)
{
    UInt64 each = entrySize + DATA_QUEUE_ENTRY_HEADER_SIZE;

    return (UInt64)count + 1 <= UINT32_MAX / each && initWithCapacity((UInt32)((count + 1) * each));
}

void
IODataQueue::setNotificationPort(mach_port_t port)
{
    notifyMsg = port;
}

/* A program that waits for data is told when there was none before. */
void
IODataQueue::sendDataAvailableNotification()
{
    if (notifyMsg != NULL)
        (void)port_send((mach_port_t)notifyMsg, 0, kIOReturnSuccess, NULL, 0);
}

IODataQueue *
IODataQueue::withCapacity(UInt32 size)
{
    IODataQueue *object = new IODataQueue;

    return made(object, object != NULL && object->initWithCapacity(size));
}

IODataQueue *
IODataQueue::withEntries(UInt32 count, UInt32 entrySize)
{
    IODataQueue *object = new IODataQueue;

    return made(object, object != NULL && object->initWithEntries(count, entrySize));
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

/*
 * Where an entry goes, and the tail behind it. One that does not fit at the end goes to the front. The
 * program may have written anything where head and tail are.
 */
bool
IODataQueue::room(UInt32 head, UInt32 tail, UInt32 size, UInt32 *at, UInt32 *next) const
{
    UInt32 whole = size + (UInt32)DATA_QUEUE_ENTRY_HEADER_SIZE;

    if (whole < size || head > queueSize || tail > queueSize)
        return false;
    *at = tail;
    if (tail >= head && queueSize - tail < whole) {
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
    UInt32 head = dataQueue->head, tail = dataQueue->tail;
    IODataQueueEntry *entry;

    if (!room(head, tail, size, &at, &next))
        return false;
    /* A size in the place that is left out tells the reader to go to the front. */
    if (at != tail && queueSize - tail >= DATA_QUEUE_ENTRY_HEADER_SIZE)
        ((IODataQueueEntry *)((UInt8 *)dataQueue->queue + tail))->size = size;
    entry = (IODataQueueEntry *)((UInt8 *)dataQueue->queue + at);
    entry->size = size;
    memcpy(&entry->data, data, size);
    dataQueue->tail = next;
    if (head == tail || dataQueue->head == tail) /* it was empty, or has been emptied meanwhile */
        sendDataAvailableNotification();
    return true;
}

IOSharedDataQueue *
IOSharedDataQueue::withCapacity(UInt32 size)
{
    IOSharedDataQueue *object = new IOSharedDataQueue;

    return made(object, object != NULL && object->initWithCapacity(size));
}

IOSharedDataQueue *
IOSharedDataQueue::withEntries(UInt32 count, UInt32 entrySize)
{
    IOSharedDataQueue *object = new IOSharedDataQueue;

    return made(object, object != NULL && object->initWithEntries(count, entrySize));
}

/* The first entry, and its size as it was when it was looked at; one that does not fit here is in front. */
IODataQueueEntry *
IOSharedDataQueue::first(UInt32 *size)
{
    UInt32 head = dataQueue->head, at = head;
    IODataQueueEntry *entry;

    if (head == dataQueue->tail || head > queueSize)
        return NULL;
    for (;; at = 0) {
        UInt32 left = queueSize - at;

        entry = (IODataQueueEntry *)((UInt8 *)dataQueue->queue + at);
        *size =
            left >= DATA_QUEUE_ENTRY_HEADER_SIZE ? ((volatile IODataQueueEntry *)entry)->size : ~0u;
        if (left >= (UInt64)*size + DATA_QUEUE_ENTRY_HEADER_SIZE)
            return entry;
        if (at == 0)
            return NULL;
    }
}

IODataQueueEntry *
IOSharedDataQueue::peek()
{
    UInt32 size;

    return first(&size);
}

Boolean
IOSharedDataQueue::dequeue(void *data, UInt32 *size)
{
    UInt32 here;
    IODataQueueEntry *entry = first(&here);

    if (entry == NULL || (data != NULL && (size == NULL || *size < here)))
        return false;
    if (data != NULL)
        memcpy(data, &entry->data, here);
    if (size != NULL)
        *size = here;
    dataQueue->head = (UInt32)((UInt8 *)entry - (UInt8 *)dataQueue->queue) + here +
                      (UInt32)DATA_QUEUE_ENTRY_HEADER_SIZE;
    return true;
}

/* ---- command pools: first returned, first lent; who waits leaves the loop's gate open ---- */

bool
IOCommandPool::initWithWorkLoop(IOWorkLoop *loop)
{
    queue_init(&fQueueHead);
    if (loop == NULL || !OSObject::init())
        return false;
    fSerializer = IOCommandGate::commandGate(this);
    return fSerializer != NULL && loop->addEventSource(fSerializer) == kIOReturnSuccess;
}

IOCommandPool *
IOCommandPool::withWorkLoop(IOWorkLoop *loop)
{
    IOCommandPool *object = new IOCommandPool;

    return made(object, object != NULL && object->initWithWorkLoop(loop));
}

IOCommandPool *
IOCommandPool::commandPool(IOService *, IOWorkLoop *loop, UInt32)
{
    return withWorkLoop(loop);
}

void
IOCommandPool::free()
{
    if (fSerializer != NULL && fSerializer->getWorkLoop() != NULL)
        (void)fSerializer->getWorkLoop()->removeEventSource(fSerializer);
    OSSafeReleaseNULL(fSerializer);
    OSObject::free();
}

IOReturn
IOCommandPool::gatedGetCommand(IOCommand **command, bool blockForCommand)
{
    while (queue_empty(&fQueueHead) && blockForCommand)
        (void)fSerializer->commandSleep(&fQueueHead, THREAD_UNINT);
    if (queue_empty(&fQueueHead))
        return kIOReturnNoResources;
    queue_remove_first(&fQueueHead, *command, IOCommand *, fCommandChain);
    return kIOReturnSuccess;
}

IOReturn
IOCommandPool::gatedReturnCommand(IOCommand *command)
{
    queue_enter(&fQueueHead, command, IOCommand *, fCommandChain);
    fSerializer->commandWakeup(&fQueueHead, true);
    return kIOReturnSuccess;
}

static IOReturn
get_command(OSObject *pool, void *command, void *block, void *, void *)
{
    return ((IOCommandPool *)pool)->gatedGetCommand((IOCommand **)command, block != NULL);
}

static IOReturn
return_command(OSObject *pool, void *command, void *, void *, void *)
{
    return ((IOCommandPool *)pool)->gatedReturnCommand((IOCommand *)command);
}

IOCommand *
IOCommandPool::getCommand(bool blockForCommand)
{
    IOCommand *command = NULL;

    (void)fSerializer->runAction(get_command, &command, (void *)(uintptr_t)blockForCommand);
    return command;
}

void
IOCommandPool::returnCommand(IOCommand *command)
{
    (void)fSerializer->runAction(return_command, command);
}

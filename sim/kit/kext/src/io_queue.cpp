/* io_queue.cpp - data queues and command pools; see iokit_queue.h */
#include <faultline_kext/iokit_work.h>

#include "host.h"
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
    dataQueue->queueSize = size;
    dataQueue->head = dataQueue->tail = 0;
    return true;
}

/* The bytes of so many entries of that size; false: more than a queue can have. */
static bool
size_entries(UInt32 count, UInt32 entrySize, UInt32 *size)
{
    UInt64 bytes = (UInt64)count * (entrySize + DATA_QUEUE_ENTRY_HEADER_SIZE);

    *size = (UInt32)bytes;
    return bytes <= UINT32_MAX;
}

Boolean
IODataQueue::initWithEntries(UInt32 count, UInt32 entrySize)
{
    UInt32 size;

    return size_entries(count, entrySize, &size) && initWithCapacity(size);
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

    if (object != NULL && !object->initWithCapacity(size))
        OSSafeReleaseNULL(object);
    return object;
}

IODataQueue *
IODataQueue::withEntries(UInt32 count, UInt32 entrySize)
{
    UInt32 size;

    return size_entries(count, entrySize, &size) ? withCapacity(size) : NULL;
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
    UInt32 whole = size + (UInt32)DATA_QUEUE_ENTRY_HEADER_SIZE;

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

    if (object != NULL && !object->initWithCapacity(size))
        OSSafeReleaseNULL(object);
    return object;
}

IOSharedDataQueue *
IOSharedDataQueue::withEntries(UInt32 count, UInt32 entrySize)
{
    UInt32 size;

    return size_entries(count, entrySize, &size) ? withCapacity(size) : NULL;
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
                      (UInt32)DATA_QUEUE_ENTRY_HEADER_SIZE;
    return true;
}

/* ---- command pools ---- */

bool
IOCommandPool::initWithWorkLoop(IOWorkLoop *)
{
    lock = IOLockAlloc();
    return lock != NULL && OSObject::init();
}

IOCommandPool *
IOCommandPool::withWorkLoop(IOWorkLoop *loop)
{
    IOCommandPool *object = new IOCommandPool;

    if (object != NULL && !object->initWithWorkLoop(loop))
        OSSafeReleaseNULL(object);
    return object;
}

IOCommandPool *
IOCommandPool::commandPool(IOService *, IOWorkLoop *loop, UInt32)
{
    return withWorkLoop(loop);
}

void
IOCommandPool::free()
{
    if (lock != NULL)
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

/*
 * loops.cpp - work loops and what hangs on them, as drivers know them; each check gives NULL or what did
 * not hold
 */
#include <IOKit/IOCommandGate.h>
#include <IOKit/IOCommandPool.h>
#include <IOKit/IOInterruptEventSource.h>
#include <IOKit/IOLib.h>
#include <IOKit/IOService.h>
#include <IOKit/IOSharedDataQueue.h>
#include <IOKit/IOTimerEventSource.h>
#include <IOKit/IOWorkLoop.h>

#define HOLDS(condition)       \
    do {                       \
        if (!(condition))      \
            return #condition; \
    } while (0)

static int
count_of(const int *counter)
{
    return __atomic_load_n(counter, __ATOMIC_ACQUIRE);
}

static void
count(int *counter)
{
    (void)__atomic_fetch_add(counter, 1, __ATOMIC_ACQ_REL);
}

/* However slow the machine is: what never comes is a test that never ends. */
static bool
comes(const int *counter, int wanted)
{
    while (count_of(counter) < wanted)
        IOSleep(1);
    return count_of(counter) == wanted;
}

/* ---- gates ---- */

static int order[4], orders, gate_results, waiters;

static void
note_order(OSObject *, IOInterruptEventSource *source, int)
{
    order[count_of(&orders)] = source->getIntIndex();
    count(&orders);
}

static IOReturn
nothing(OSObject *, void *, void *, void *, void *)
{
    return kIOReturnSuccess;
}

/* On the loop's own thread, which a disabled gate does not keep waiting. */
static void
use_gate(OSObject *owner, IOInterruptEventSource *, int)
{
    IOCommandGate *gate = OSDynamicCast(IOCommandGate, owner);

    gate_results = gate->runAction(nothing);
    count(&orders);
}

static void
wait_at_gate(void *context, wait_result_t)
{
    IOCommandGate *gate = (IOCommandGate *)context;

    count(&waiters);
    gate_results = gate->runAction(nothing);
    count(&waiters);
    thread_terminate(current_thread());
}

extern "C" const char *
check_gates(void)
{
    IOService *owner = new IOService;
    IOWorkLoop *loop = IOWorkLoop::workLoop();
    IOCommandGate *gate = IOCommandGate::commandGate(owner);
    IOInterruptEventSource *sources[2], *user;
    thread_t thread;

    HOLDS(owner->init((OSDictionary *)NULL));
    HOLDS(gate->attemptAction(nothing) == kIOReturnNotReady);
    for (int i = 0; i < 2; i++) {
        sources[i] = IOInterruptEventSource::interruptEventSource(owner, note_order, NULL, i);
        HOLDS(loop->addEventSource(sources[i]) == kIOReturnSuccess);
    }
    loop->closeGate();
    sources[1]->interruptOccurred(NULL, NULL, 1);
    sources[0]->interruptOccurred(NULL, NULL, 0);
    loop->openGate();
    HOLDS(comes(&orders, 2) && order[0] == 0 && order[1] == 1); /* as they were added */

    HOLDS(loop->addEventSource(gate) == kIOReturnSuccess);
    gate->disable();
    HOLDS(gate->attemptAction(nothing) == kIOReturnNotPermitted);
    user = IOInterruptEventSource::interruptEventSource(gate, use_gate);
    HOLDS(loop->addEventSource(user) == kIOReturnSuccess);
    gate_results = -1;
    user->interruptOccurred(NULL, NULL, 0);
    HOLDS(comes(&orders, 3) && gate_results == kIOReturnSuccess);

    HOLDS(kernel_thread_start(wait_at_gate, gate, &thread) == KERN_SUCCESS);
    thread_deallocate(thread);
    HOLDS(comes(&waiters, 1));
    IOSleep(5);
    HOLDS(loop->removeEventSource(gate) == kIOReturnSuccess);
    HOLDS(comes(&waiters, 2));
    HOLDS(gate_results == kIOReturnAborted || gate_results == kIOReturnNotReady);
    for (int i = 0; i < 2; i++) {
        HOLDS(loop->removeEventSource(sources[i]) == kIOReturnSuccess);
        sources[i]->release();
    }
    HOLDS(loop->removeEventSource(user) == kIOReturnSuccess);
    user->release();
    gate->release();
    loop->release();
    owner->release();
    return NULL;
}

/* ---- timers ---- */

static int fired;

static void
fire(OSObject *, IOTimerEventSource *)
{
    count(&fired);
}

extern "C" const char *
check_timers(void)
{
    IOService *owner = new IOService;
    IOWorkLoop *loop = IOWorkLoop::workLoop();
    IOTimerEventSource *timer = IOTimerEventSource::timerEventSource(owner, fire);
    IOTimerEventSource *idle = IOTimerEventSource::timerEventSource(owner);

    HOLDS(owner->init((OSDictionary *)NULL));
    HOLDS(idle->setTimeoutMS(1) == kIOReturnNoResources); /* it would do nothing */
    HOLDS(timer->setTimeoutMS(1) == kIOReturnSuccess);
    IOSleep(5);
    HOLDS(loop->addEventSource(timer) == kIOReturnSuccess && comes(&fired, 1));
    loop->closeGate();
    HOLDS(timer->setTimeoutMS(5) == kIOReturnSuccess);
    timer->disable();
    loop->openGate();
    IOSleep(20);
    HOLDS(count_of(&fired) == 1);
    timer->enable(); /* the time is not forgotten */
    HOLDS(comes(&fired, 2));
    timer->disable();
    timer->enable(); /* nor does it come again */
    IOSleep(20);
    HOLDS(count_of(&fired) == 2);
    for (unsigned i = 0; i < 200; i++) { /* taken off its loop while it fires */
        HOLDS(timer->setTimeoutUS(i) == kIOReturnSuccess);
        HOLDS(loop->removeEventSource(timer) == kIOReturnSuccess);
        HOLDS(loop->addEventSource(timer) == kIOReturnSuccess);
    }
    timer->cancelTimeout();
    HOLDS(loop->removeEventSource(timer) == kIOReturnSuccess);
    timer->release();
    idle->release();
    loop->release();
    owner->release();
    return NULL;
}

/* ---- interrupts: a source that is taken off its loop leaves its provider ---- */

extern "C" const char *
check_sources(void)
{
    IOService *owner = new IOService, *nub = new IOService;
    IOWorkLoop *loop = IOWorkLoop::workLoop();
    IOInterruptEventSource *source, *other;

    HOLDS(owner->init((OSDictionary *)NULL) && nub->init((OSDictionary *)NULL));
    source = IOInterruptEventSource::interruptEventSource(owner, note_order, nub, 1);
    HOLDS(source != NULL && loop->addEventSource(source) == kIOReturnSuccess);
    HOLDS(IOInterruptEventSource::interruptEventSource(owner, note_order, nub, 1) == NULL);
    HOLDS(loop->removeEventSource(source) == kIOReturnSuccess);
    HOLDS(nub->causeInterrupt(1) == kIOReturnNoInterrupt);
    other = IOInterruptEventSource::interruptEventSource(owner, note_order, nub, 1);
    HOLDS(other != NULL && loop->addEventSource(other) == kIOReturnSuccess);
    HOLDS(loop->removeEventSource(other) == kIOReturnSuccess);
    HOLDS(loop->addEventSource(source) == kIOReturnSuccess); /* there again */
    HOLDS(nub->causeInterrupt(1) == kIOReturnSuccess);
    HOLDS(loop->removeEventSource(source) == kIOReturnSuccess);
    nub->release();
    source->release();
    other->release();
    loop->release();
    owner->release();
    return NULL;
}

/* ---- pools: commands are lent in turn, and who waits for one in the gate leaves it open ---- */

class test_Command : public IOCommand
{
    OSDeclareDefaultStructors(test_Command);
};
OSDefineMetaClassAndStructors(test_Command, IOCommand);

struct pooled {
    IOCommandPool *pool;
    IOCommand *command;
    IOCommandGate *gate;
};
static int returned;

static IOReturn
take_in_gate(OSObject *, void *context, void *, void *, void *)
{
    struct pooled *it = (struct pooled *)context;

    it->command = it->pool->getCommand(true);
    return it->command != NULL ? kIOReturnSuccess : kIOReturnError;
}

static void
return_later(void *context, wait_result_t)
{
    struct pooled *it = (struct pooled *)context;
    IOCommand *lent = it->command;

    IOSleep(5);
    it->pool->returnCommand(lent);
    count(&returned);
    thread_terminate(current_thread());
}

extern "C" const char *
check_pools(void)
{
    IOService *owner = new IOService;
    IOWorkLoop *loop = IOWorkLoop::workLoop();
    IOCommandGate *gate = IOCommandGate::commandGate(owner);
    IOCommandPool *pool = IOCommandPool::withWorkLoop(loop);
    test_Command *commands[2] = { new test_Command, new test_Command };
    struct pooled it = { pool, commands[0], gate }, lent = it;
    thread_t thread;

    HOLDS(owner->init((OSDictionary *)NULL) && IOCommandPool::withWorkLoop(NULL) == NULL);
    HOLDS(loop->addEventSource(gate) == kIOReturnSuccess && pool->getCommand(false) == NULL);
    for (unsigned i = 0; i < 2; i++) {
        HOLDS(commands[i]->init());
        pool->returnCommand(commands[i]);
    }
    for (unsigned i = 0; i < 2; i++)
        HOLDS(pool->getCommand(false) == commands[i]);
    HOLDS(kernel_thread_start(return_later, &lent, &thread) == KERN_SUCCESS);
    thread_deallocate(thread);
    HOLDS(gate->runAction(take_in_gate, &it) == kIOReturnSuccess && it.command == commands[0]);
    HOLDS(comes(&returned, 1));
    HOLDS(loop->removeEventSource(gate) == kIOReturnSuccess);
    pool->release();
    for (unsigned i = 0; i < 2; i++)
        commands[i]->release();
    gate->release();
    loop->release();
    owner->release();
    return NULL;
}

/* ---- data queues: so many entries, one after the other; what the program writes there is not believed ---- */

extern "C" const char *
check_data_queues(void)
{
    IOSharedDataQueue *queue = IOSharedDataQueue::withEntries(3, 8);
    IOMemoryDescriptor *memory = queue->getMemoryDescriptor();
    IOMemoryMap *map = memory->map();
    IODataQueueMemory *shared = (IODataQueueMemory *)map->getVirtualAddress();
    char bytes[8] = "seven..";
    UInt32 size = 8;

    HOLDS(shared->queueSize == 4 * (8 + DATA_QUEUE_ENTRY_HEADER_SIZE));
    for (unsigned round = 0; round < 20; round++) {
        for (unsigned i = 0; i < 3; i++)
            HOLDS(queue->enqueue(bytes, 8));
        for (unsigned i = 0; i < 3; i++)
            HOLDS(queue->dequeue(bytes, &size) && size == 8);
    }
    shared->head = shared->tail = 0;
    shared->tail = 0x7fffffff;
    HOLDS(!queue->enqueue(bytes, 8));
    shared->head = 0x7fffffff;
    shared->tail = 0;
    HOLDS(!queue->enqueue(bytes, 8) && queue->peek() == NULL && !queue->dequeue(bytes, &size));
    shared->head = shared->tail = 0;
    HOLDS(queue->enqueue(bytes, 8));
    shared->queueSize = 0x7fffffff; /* its own size is the queue's to know */
    shared->queue[0].size = 0x10000;
    HOLDS(!queue->dequeue(NULL, NULL));
    shared->queue[0].size = 8;
    for (unsigned i = 0; i < 3; i++)
        HOLDS(queue->enqueue(bytes, 8));
    HOLDS(!queue->enqueue(bytes, 8));
    map->release();
    memory->release();
    queue->release();
    return NULL;
}

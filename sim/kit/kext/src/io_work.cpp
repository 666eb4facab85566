/* io_work.cpp - work loops and their event sources; see iokit_loop.h */
#include <faultline_kext/iokit_work.h>

#include "host.h"
#include "made.h"
#include "seam.h"

OSDefineMetaClassAndStructors(IOWorkLoop, OSObject);
OSDefineMetaClassAndAbstractStructors(IOEventSource, OSObject);
OSDefineMetaClassAndStructors(IOCommandGate, IOEventSource);
OSDefineMetaClassAndStructors(IOTimerEventSource, IOEventSource);
OSDefineMetaClassAndStructors(IOInterruptEventSource, IOEventSource);
OSDefineMetaClassAndStructors(IOFilterInterruptEventSource, IOInterruptEventSource);

/* ---- the loop ---- */

bool
IOWorkLoop::init()
{
    if (!OSObject::init())
        return false;
    gateLock = IORecursiveLockAlloc();
    if (gateLock == NULL)
        return false;
    closeGate(); /* the thread waits until it is known */
    workThread = kext_thread_start(threadMain, this);
    openGate();
    return true;
}

IOWorkLoop *
IOWorkLoop::workLoop()
{
    IOWorkLoop *object = new IOWorkLoop;

    return made(object, object != NULL && object->init());
}

/* Sleeps until there is work, with the gate open. A signal does not take the gate, so it is looked for again. */
void
IOWorkLoop::waitForWork()
{
    (void)assert_wait(&workToDo, THREAD_UNINT);
    if (__atomic_load_n(&workToDo, __ATOMIC_ACQUIRE)) {
        kext_clear_wait();
        return;
    }
    openGate();
    (void)thread_block(THREAD_CONTINUE_NULL);
    closeGate();
}

/* Runs what there is to run until nothing is, then sleeps; ends when told. */
void
IOWorkLoop::threadMain(void *context)
{
    IOWorkLoop *loop = (IOWorkLoop *)context;

    loop->closeGate();
    while (!loop->isEnding) {
        loop->waitForWork();
        __atomic_store_n(&loop->workToDo, false, __ATOMIC_RELEASE);
        if (!loop->isEnding)
            (void)loop->runEventSources();
    }
    loop->hasEnded = true;
    if (loop->isFreedHere) {
        loop->openGate();
        loop->free();
        return;
    }
    loop->wakeupGate(&loop->hasEnded, false);
    loop->openGate();
}

/* Its own thread may let go of the last reference: it calls this again at its end, as on the Mac. */
void
IOWorkLoop::free()
{
    if (gateLock == NULL) {
        OSObject::free();
        return;
    }
    closeGate();
    isEnding = true;
    if (onThread() && !hasEnded) {
        isFreedHere = true;
        openGate();
        return;
    }
    signalWorkAvailable();
    while (!hasEnded)
        (void)sleepGate(&hasEnded, THREAD_UNINT);
    openGate();
    while (eventChain != NULL)
        (void)removeEventSource(eventChain);
    IORecursiveLockFree(gateLock);
    OSObject::free();
}

IOReturn
IOWorkLoop::runEventSources()
{
    bool is_more = true;

    while (is_more && !isEnding) {
        IOEventSource *next;

        is_more = false;
        for (IOEventSource *at = eventChain; at != NULL; at = next) {
            at->retain(); /* its action may take it off the loop */
            is_more |= at->isEnabled() && at->checkForWork();
            next = at->getNext();
            at->release();
        }
    }
    return kIOReturnSuccess;
}

IOReturn
IOWorkLoop::addEventSource(IOEventSource *source)
{
    IOEventSource **at = &eventChain;

    source->retain();
    closeGate();
    source->setWorkLoop(this);
    while (*at != NULL)
        at = &(*at)->eventChainNext;
    source->setNext(NULL);
    *at = source;
    openGate();
    signalWorkAvailable();
    return kIOReturnSuccess;
}

IOReturn
IOWorkLoop::removeEventSource(IOEventSource *source)
{
    IOEventSource **at = &eventChain;
    bool is_here;

    closeGate();
    while (*at != NULL && *at != source)
        at = &(*at)->eventChainNext;
    is_here = *at != NULL;
    if (is_here) {
        *at = source->eventChainNext;
        source->setWorkLoop(NULL);
    }
    openGate();
    if (!is_here)
        return kIOReturnBadArgument;
    source->release();
    return kIOReturnSuccess;
}

void
IOWorkLoop::enableAllEventSources() const
{
    for (IOEventSource *at = eventChain; at != NULL; at = at->getNext())
        at->enable();
}

void
IOWorkLoop::disableAllEventSources() const
{
    for (IOEventSource *at = eventChain; at != NULL; at = at->getNext())
        at->disable();
}

bool
IOWorkLoop::inGate() const
{
    return IORecursiveLockHaveLock(gateLock);
}

bool
IOWorkLoop::onThread() const
{
    return workThread == kext_thread_self();
}

/* From an interrupt the gate is not taken: the flag and the wakeup do. */
void
IOWorkLoop::signalWorkAvailable()
{
    __atomic_store_n(&workToDo, true, __ATOMIC_RELEASE);
    kext_wakeup(&workToDo, 0);
}

void
IOWorkLoop::openGate()
{
    IORecursiveLockUnlock(gateLock);
}

void
IOWorkLoop::closeGate()
{
    IORecursiveLockLock(gateLock);
}

bool
IOWorkLoop::tryCloseGate()
{
    return IORecursiveLockTryLock(gateLock);
}

int
IOWorkLoop::sleepGate(void *event, UInt32 type)
{
    return IORecursiveLockSleep(gateLock, event, type);
}

int
IOWorkLoop::sleepGate(void *event, AbsoluteTime deadline, UInt32 type)
{
    return IORecursiveLockSleepDeadline(gateLock, event, deadline, type);
}

void
IOWorkLoop::wakeupGate(void *event, bool one)
{
    IORecursiveLockWakeup(gateLock, event, one);
}

IOReturn
IOWorkLoop::runAction(Action action, OSObject *target, void *a0, void *a1, void *a2, void *a3)
{
    IOReturn result;

    closeGate();
    result = action(target, a0, a1, a2, a3);
    openGate();
    return result;
}

/* ---- event sources ---- */

bool
IOEventSource::init(OSObject *target, Action act)
{
    owner = target;
    action = act;
    enabled = true;
    return target != NULL && OSObject::init();
}

void
IOEventSource::setWorkLoop(IOWorkLoop *loop)
{
    __atomic_store_n(&workLoop, loop, __ATOMIC_RELEASE);
}

void
IOEventSource::setNext(IOEventSource *next)
{
    eventChainNext = next;
}

void
IOEventSource::enable()
{
    __atomic_store_n(&enabled, true, __ATOMIC_RELEASE);
    if (workLoop != NULL)
        workLoop->signalWorkAvailable();
}

/* ---- command gates ---- */

bool
IOCommandGate::init(OSObject *target, Action act)
{
    return IOEventSource::init(target, (IOEventSource::Action)(void *)act);
}

IOCommandGate *
IOCommandGate::commandGate(OSObject *target, Action act)
{
    IOCommandGate *object = new IOCommandGate;

    return made(object, object != NULL && object->init(target, act));
}

/* Who waits for it (runAction()) goes on. */
void
IOCommandGate::enable()
{
    IOWorkLoop *loop = workLoop;

    if (loop != NULL)
        loop->closeGate();
    IOEventSource::enable();
    if (loop == NULL)
        return;
    loop->wakeupGate(&enabled, false);
    loop->openGate();
}

/* Likewise when there is no loop any more, with an error; the loop stays until they have left it. */
void
IOCommandGate::setWorkLoop(IOWorkLoop *loop)
{
    IOWorkLoop *before = workLoop;

    IOEventSource::setWorkLoop(loop);
    while (before != NULL && sleepers > 0) {
        before->wakeupGate(&enabled, false);
        (void)before->sleepGate(&sleepers, THREAD_UNINT);
    }
}

/* False: the gate was taken off its loop meanwhile. Who takes it off waits until nobody is here. */
bool
IOCommandGate::waitEnabled(IOWorkLoop *loop)
{
    bool is_there;

    sleepers++;
    while (workLoop == loop && !isEnabled())
        (void)loop->sleepGate(&enabled, THREAD_ABORTSAFE);
    is_there = workLoop == loop;
    if (--sleepers == 0)
        loop->wakeupGate(&sleepers, false);
    return is_there;
}

/* The loop's own thread does not wait for a gate that is disabled. */
IOReturn
IOCommandGate::runAction(Action act, void *a0, void *a1, void *a2, void *a3)
{
    IOWorkLoop *loop = workLoop;
    IOReturn result = kIOReturnAborted;

    if (act == NULL)
        return kIOReturnBadArgument;
    if (loop == NULL)
        return kIOReturnNotReady;
    loop->closeGate();
    if (loop->onThread() || isEnabled() || waitEnabled(loop))
        result = act(owner, a0, a1, a2, a3);
    loop->openGate();
    return result;
}

IOReturn
IOCommandGate::runCommand(void *a0, void *a1, void *a2, void *a3)
{
    return runAction((Action)(void *)action, a0, a1, a2, a3);
}

IOReturn
IOCommandGate::attemptAction(Action act, void *a0, void *a1, void *a2, void *a3)
{
    IOWorkLoop *loop = workLoop;
    IOReturn result = kIOReturnNotPermitted;

    if (act == NULL)
        return kIOReturnBadArgument;
    if (loop == NULL)
        return kIOReturnNotReady;
    if (!loop->tryCloseGate())
        return kIOReturnCannotLock;
    if (isEnabled())
        result = act(owner, a0, a1, a2, a3);
    loop->openGate();
    return result;
}

IOReturn
IOCommandGate::attemptCommand(void *a0, void *a1, void *a2, void *a3)
{
    return attemptAction((Action)(void *)action, a0, a1, a2, a3);
}

IOReturn
IOCommandGate::commandSleep(void *event, UInt32 type)
{
    return workLoop->inGate() ? sleepGate(event, type) : kIOReturnNotPermitted;
}

IOReturn
IOCommandGate::commandSleep(void *event, AbsoluteTime deadline, UInt32 type)
{
    return workLoop->inGate() ? workLoop->sleepGate(event, deadline, type) : kIOReturnNotPermitted;
}

void
IOCommandGate::commandWakeup(void *event, bool one)
{
    wakeupGate(event, one);
}

/*
 * ---- timers ----
 *
 * A call is pending while a time is set, the timer is enabled, and it is on a loop; a time that comes when
 * one of these is missing comes when all are there. The call holds the timer, and finds the loop there, as
 * who takes the timer off it waits for the call.
 */

void
IOTimerEventSource::fired(void *self, void *)
{
    IOTimerEventSource *timer = (IOTimerEventSource *)self;
    IOWorkLoop *loop = __atomic_load_n(&timer->workLoop, __ATOMIC_ACQUIRE);

    __atomic_store_n(&timer->isDue, true, __ATOMIC_RELEASE);
    if (loop != NULL)
        loop->signalWorkAvailable();
    timer->release();
}

void
IOTimerEventSource::arm()
{
    AbsoluteTime deadline = __atomic_load_n(&abstime, __ATOMIC_ACQUIRE);

    if (deadline == 0 || workLoop == NULL || !isEnabled())
        return;
    retain();
    if (thread_call_enter_delayed(calloutEntry, deadline))
        release();
}

void
IOTimerEventSource::disarm()
{
    __atomic_store_n(&isDue, false, __ATOMIC_RELEASE);
    if (thread_call_cancel(calloutEntry))
        release();
}

bool
IOTimerEventSource::init(OSObject *target, Action act)
{
    calloutEntry = thread_call_allocate(fired, this);
    return IOEventSource::init(target, (IOEventSource::Action)(void *)act);
}

void
IOTimerEventSource::free()
{
    if (calloutEntry != NULL)
        (void)thread_call_free(calloutEntry);
    IOEventSource::free();
}

IOTimerEventSource *
IOTimerEventSource::timerEventSource(OSObject *target, Action act)
{
    IOTimerEventSource *object = new IOTimerEventSource;

    return made(object, object != NULL && object->init(target, act));
}

IOTimerEventSource *
IOTimerEventSource::timerEventSource(UInt32, OSObject *target, Action act)
{
    return timerEventSource(target, act);
}

/* What was cancelled or set anew while it waited for the gate is not due any more. */
bool
IOTimerEventSource::checkForWork()
{
    AbsoluteTime deadline;

    if (!__atomic_exchange_n(&isDue, false, __ATOMIC_ACQ_REL))
        return false;
    deadline = __atomic_load_n(&abstime, __ATOMIC_ACQUIRE);
    if (action == NULL || deadline == 0 || deadline > mach_absolute_time())
        return false;
    (void)__atomic_compare_exchange_n(&abstime, &deadline, 0, false, __ATOMIC_ACQ_REL,
                                      __ATOMIC_ACQUIRE);
    ((Action)(void *)action)(owner, this);
    return false;
}

IOReturn
IOTimerEventSource::wakeAtTime(AbsoluteTime deadline)
{
    if (action == NULL)
        return kIOReturnNoResources;
    __atomic_store_n(&abstime, deadline, __ATOMIC_RELEASE);
    arm();
    return kIOReturnSuccess;
}

void
IOTimerEventSource::cancelTimeout()
{
    __atomic_store_n(&abstime, 0, __ATOMIC_RELEASE);
    disarm();
}

void
IOTimerEventSource::enable()
{
    IOEventSource::enable();
    arm();
}

void
IOTimerEventSource::disable()
{
    IOEventSource::disable();
    disarm();
}

void
IOTimerEventSource::setWorkLoop(IOWorkLoop *loop)
{
    IOEventSource::setWorkLoop(loop);
    if (loop == NULL && thread_call_cancel_wait(calloutEntry))
        release();
    arm();
}

IOReturn
IOTimerEventSource::setTimeout(UInt32 interval, UInt32 scale)
{
    return wakeAtTime(mach_absolute_time() + (uint64_t)interval * scale);
}

IOReturn
IOTimerEventSource::setTimeout(AbsoluteTime interval)
{
    return wakeAtTime(mach_absolute_time() + interval);
}

IOReturn
IOTimerEventSource::setTimeout(UInt32, AbsoluteTime interval, AbsoluteTime)
{
    return setTimeout(interval);
}

IOReturn
IOTimerEventSource::wakeAtTime(UInt32, AbsoluteTime deadline, AbsoluteTime)
{
    return wakeAtTime(deadline);
}

IOReturn
IOTimerEventSource::wakeAtTime(UInt32 time, UInt32 scale)
{
    return wakeAtTime((AbsoluteTime)time * scale);
}

#define IN_UNITS(Units, scale)                               \
    IOReturn IOTimerEventSource::wakeAtTime##Units(UInt32 n) \
    {                                                        \
        return wakeAtTime(n, scale);                         \
    }                                                        \
    IOReturn IOTimerEventSource::setTimeout##Units(UInt32 n) \
    {                                                        \
        return setTimeout(n, scale);                         \
    }

IN_UNITS(Ticks, kTickScale)
IN_UNITS(MS, kMillisecondScale)
IN_UNITS(US, kMicrosecondScale)

/* ---- interrupts ---- */

void
IOInterruptEventSource::arrived(OSObject *target, void *refCon, IOService *nub, int source)
{
    ((IOInterruptEventSource *)target)->interruptOccurred(refCon, nub, source);
}

bool
IOInterruptEventSource::init(OSObject *target, Action act, IOService *nub, int index)
{
    if (!IOEventSource::init(target, (IOEventSource::Action)(void *)act))
        return false;
    provider = nub;
    intIndex = index;
    return nub == NULL || registerHandler();
}

bool
IOInterruptEventSource::registerHandler()
{
    isRegistered = provider->registerInterrupt(intIndex, this, arrived, NULL) == kIOReturnSuccess;
    return isRegistered;
}

void
IOInterruptEventSource::unregisterHandler()
{
    if (isRegistered)
        (void)provider->unregisterInterrupt(intIndex);
    isRegistered = false;
}

/* The provider may be gone before this is freed: it is left with the loop. */
void
IOInterruptEventSource::setWorkLoop(IOWorkLoop *loop)
{
    if (loop == NULL)
        unregisterHandler();
    IOEventSource::setWorkLoop(loop);
    if (loop != NULL && provider != NULL && !isRegistered)
        (void)registerHandler();
}

void
IOInterruptEventSource::free()
{
    unregisterHandler();
    IOEventSource::free();
}

IOInterruptEventSource *
IOInterruptEventSource::interruptEventSource(OSObject *target, Action act, IOService *nub,
                                             int index)
{
    IOInterruptEventSource *object = new IOInterruptEventSource;

    return made(object, object != NULL && object->init(target, act, nub, index));
}

/* A source is born enabled; its interrupt is not until the driver says so. */
void
IOInterruptEventSource::enable()
{
    IOEventSource::enable();
    explicitDisable = false;
    if (isRegistered)
        (void)provider->enableInterrupt(intIndex);
}

void
IOInterruptEventSource::disable()
{
    explicitDisable = true;
    if (isRegistered)
        (void)provider->disableInterrupt(intIndex);
    IOEventSource::disable();
}

IOReturn
IOInterruptEventSource::warmCPU(uint64_t)
{
    return kIOReturnSuccess;
}

bool
IOInterruptEventSource::checkForWork()
{
    UInt32 produced = __atomic_load_n(&producerCount, __ATOMIC_ACQUIRE);
    int count = (int)(produced - consumerCount);

    if (count == 0)
        return false;
    consumerCount = produced;
    if (action != NULL)
        ((Action)(void *)action)(owner, this, count);
    return __atomic_load_n(&producerCount, __ATOMIC_ACQUIRE) != consumerCount;
}

void
IOInterruptEventSource::interruptOccurred(void *, IOService *, int)
{
    (void)__atomic_fetch_add(&producerCount, 1, __ATOMIC_ACQ_REL);
    if (workLoop != NULL)
        signalWorkAvailable();
}

void
IOInterruptEventSource::normalInterruptOccurred(void *refCon, IOService *nub, int source)
{
    IOInterruptEventSource::interruptOccurred(refCon, nub, source);
}

void
IOInterruptEventSource::disableInterruptOccurred(void *refCon, IOService *nub, int source)
{
    IOInterruptEventSource::interruptOccurred(refCon, nub, source);
}

bool
IOFilterInterruptEventSource::init(OSObject *target, IOInterruptEventSource::Action act,
                                   Filter filter, IOService *nub, int index)
{
    filterAction = filter;
    return filter != NULL && IOInterruptEventSource::init(target, act, nub, index);
}

IOFilterInterruptEventSource *
IOFilterInterruptEventSource::filterInterruptEventSource(OSObject *target,
                                                         IOInterruptEventSource::Action act,
                                                         Filter filter, IOService *nub, int index)
{
    IOFilterInterruptEventSource *object = new IOFilterInterruptEventSource;

    return made(object, object != NULL && object->init(target, act, filter, nub, index));
}

void
IOFilterInterruptEventSource::signalInterrupt()
{
    IOInterruptEventSource::interruptOccurred(NULL, NULL, 0);
}

void
IOFilterInterruptEventSource::interruptOccurred(void *, IOService *, int)
{
    if (filterAction(owner, this))
        signalInterrupt();
}

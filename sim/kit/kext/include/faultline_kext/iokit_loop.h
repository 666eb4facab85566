/*
 * iokit_loop.h - work loops, command gates, timers and interrupts
 *
 * PURPOSE     The classes that say on which thread a driver's code runs, and what else does not meanwhile.
 * INVARIANTS  an action runs on its work loop's thread with the gate closed, where faults are served;
 *             a filter runs in interrupt context, where none is
 * UNITS       times: as each name says
 * OWNERSHIP   as I/O Kit
 * ERRORS      IOReturn
 * EVENTS      LOCK, UNLOCK
 * XNU         iokit/IOKit/IOWorkLoop.h, IOEventSource.h and its kin
 */
#ifndef KEXT_IOKIT_LOOP_H
#define KEXT_IOKIT_LOOP_H

#include <faultline_kext/iokit_service.h>

class IOEventSource;

class IOWorkLoop : public OSObject
{
    OSDeclareDefaultStructors(IOWorkLoop);

  protected:
    IORecursiveLock *gateLock;
    IOEventSource *eventChain;
    void *workThread;
    bool isEnding, hasEnded, workToDo;
    bool isFreedHere; /* by its own thread, which frees it at its end */
    void free() override;
    void waitForWork();
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
    virtual IOThread
    getThread() const
    {
        return workThread;
    }
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
    virtual void setNext(IOEventSource *);
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
    int
    sleepGate(void *event, AbsoluteTime deadline, UInt32 type)
    {
        return workLoop->sleepGate(event, deadline, type);
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
        __atomic_store_n(&enabled, false, __ATOMIC_RELEASE);
    }
    virtual bool
    isEnabled() const
    {
        return __atomic_load_n(&enabled, __ATOMIC_ACQUIRE);
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

  protected:
    unsigned sleepers; /* how many wait until it is enabled */
    bool waitEnabled(IOWorkLoop *);
    void setWorkLoop(IOWorkLoop *) override;

  public:
    typedef IOReturn (*Action)(OSObject *owner, void *, void *, void *, void *);
    static IOCommandGate *commandGate(OSObject *owner, Action action = 0);
    virtual bool init(OSObject *owner, Action action = 0);
    void enable() override;
    virtual IOReturn runCommand(void *a0 = 0, void *a1 = 0, void *a2 = 0, void *a3 = 0);
    virtual IOReturn runAction(Action, void *a0 = 0, void *a1 = 0, void *a2 = 0, void *a3 = 0);
    virtual IOReturn attemptCommand(void *a0 = 0, void *a1 = 0, void *a2 = 0, void *a3 = 0);
    virtual IOReturn attemptAction(Action, void *a0 = 0, void *a1 = 0, void *a2 = 0, void *a3 = 0);
    virtual IOReturn commandSleep(void *event, UInt32 interruptible = THREAD_ABORTSAFE);
    virtual IOReturn commandSleep(void *event, AbsoluteTime deadline, UInt32 interruptible);
    virtual void commandWakeup(void *event, bool one = false);
};

enum {
    kIOTimerEventSourceOptionsPriorityMask = 0x000000ff,
    kIOTimerEventSourceOptionsPriorityHigh = 0x00000000,
    kIOTimerEventSourceOptionsPriorityKernelHigh = 0x00000001,
    kIOTimerEventSourceOptionsPriorityKernel = 0x00000002,
    kIOTimerEventSourceOptionsPriorityUser = 0x00000003,
    kIOTimerEventSourceOptionsPriorityLow = 0x00000004,
    kIOTimerEventSourceOptionsPriorityWorkLoop = 0x000000ff,
    kIOTimerEventSourceOptionsAllowReenter = 0x00000100,
    kIOTimerEventSourceOptionsDefault = kIOTimerEventSourceOptionsPriorityHigh
};
enum { kIOTimeOptionsWithLeeway = 0x00000020, kIOTimeOptionsContinuous = 0x00000100 };

class IOTimerEventSource : public IOEventSource
{
    OSDeclareDefaultStructors(IOTimerEventSource);

  protected:
    thread_call_t calloutEntry;
    AbsoluteTime abstime;
    volatile bool isDue;
    void free() override;
    bool checkForWork() override;
    void setWorkLoop(IOWorkLoop *) override;
    void arm();
    void disarm();
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
    virtual IOReturn setTimeout(UInt32 options, AbsoluteTime interval, AbsoluteTime leeway);
    virtual IOReturn wakeAtTimeTicks(UInt32 ticks);
    virtual IOReturn wakeAtTimeMS(UInt32 ms);
    virtual IOReturn wakeAtTimeUS(UInt32 us);
    virtual IOReturn wakeAtTime(UInt32 time, UInt32 scale = kNanosecondScale);
    virtual IOReturn wakeAtTime(AbsoluteTime deadline);
    virtual IOReturn wakeAtTime(UInt32 options, AbsoluteTime deadline, AbsoluteTime leeway);
    virtual void cancelTimeout();
    void enable() override;
    void disable() override;
};

class IOInterruptEventSource : public IOEventSource
{
    OSDeclareDefaultStructors(IOInterruptEventSource);

  protected:
    IOService *provider;
    int intIndex;
    volatile UInt32 producerCount, consumerCount;
    bool autoDisable, explicitDisable, isRegistered;
    void free() override;
    bool checkForWork() override;
    void setWorkLoop(IOWorkLoop *) override;
    bool registerHandler();
    void unregisterHandler();
    static void arrived(OSObject *target, void *refCon, IOService *, int source);

  public:
    typedef void (*Action)(OSObject *owner, IOInterruptEventSource *sender, int count);
    static IOInterruptEventSource *interruptEventSource(OSObject *owner, Action action,
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
    virtual bool
    getAutoDisable() const
    {
        return autoDisable;
    }
    void enable() override;
    void disable() override;
    IOReturn warmCPU(uint64_t interval);
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

typedef IOEventSource::Action IOEventSourceAction;
typedef IOTimerEventSource::Action IOTimerEventAction;
typedef IOInterruptEventSource::Action IOInterruptEventAction;
typedef IOFilterInterruptEventSource::Filter IOFilterInterruptAction;

#endif

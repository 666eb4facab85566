/*
 * iokit_service.h - services: matched, started, opened, interrupted, ended
 *
 * PURPOSE     IOService and what tells of services.
 * INVARIANTS  a filter or primary interrupt action runs in interrupt context, where no fault is served
 * UNITS       timeouts: nanoseconds
 * OWNERSHIP   as I/O Kit; matching dictionaries as each call says there
 * ERRORS      IOReturn; NULL and false where I/O Kit gives them
 * EVENTS      those of the model
 * XNU         iokit/IOKit/IOService.h
 *             Differs: registerService() tells waiting notifiers and starts nothing
 */
#ifndef KEXT_IOKIT_SERVICE_H
#define KEXT_IOKIT_SERVICE_H

#include <faultline_kext/iokit_power.h>
#include <faultline_kext/iokit_registry.h>

enum {
    kIOServiceRequired = 0x00000001,
    kIOServiceTerminate = 0x00000004,
    kIOServiceSynchronous = 0x00000002,
    kIOServiceAsynchronous = 0x00000008,
    kIOServiceTerminateNeedWillTerminate = 0x00000100,
    kIOServiceSeize = 0x00000001,
    kIOServiceFamilyOpenOptions = 0xffff0000,
    kIOServiceExclusive = 0x00000001
};
enum {
    kIOServiceInactiveState = 0x00000001,
    kIOServiceRegisteredState = 0x00000002,
    kIOServiceMatchedState = 0x00000004,
    kIOServiceFirstPublishState = 0x00000008,
    kIOServiceFirstMatchState = 0x00000010
};
enum {
    kIOInterruptTypeEdge = 0,
    kIOInterruptTypeLevel = 1,
    kIOInterruptTypePCIMessaged = 0x00010000,
    kIOInterruptTypePCIMessagedX = 0x00020000
};
#define kIOServiceClass "IOService"
#define kIOResourcesClass "IOResources"
#define kIOProviderClassKey "IOProviderClass"
#define kIONameMatchKey "IONameMatch"
#define kIOPropertyMatchKey "IOPropertyMatch"
#define kIOUserClientClassKey "IOUserClientClass"
#define kIOClassKey "IOClass"
#define kIOProbeScoreKey "IOProbeScore"
#define kIOMatchCategoryKey "IOMatchCategory"
#define kIOResourceMatchKey "IOResourceMatch"
#define kIOKitDebugKey "IOKitDebug"
#define kIOBSDNameKey "BSD Name"
#define kIODefaultMatchCategoryKey "IODefaultMatchCategory"
#define kIOPublishNotification "IOServicePublish"
#define kIOFirstPublishNotification "IOServiceFirstPublish"
#define kIOMatchedNotification "IOServiceMatched"
#define kIOFirstMatchNotification "IOServiceFirstMatch"
#define kIOTerminatedNotification "IOServiceTerminate"
#define kIOGeneralInterest "IOGeneralInterest"
#define kIOBusyInterest "IOBusyInterest"
#define kIOUserClientCrossEndianKey "IOUserClientCrossEndian"
#define kIOUserClientCrossEndianCompatibleKey "IOUserClientCrossEndianCompatible"
#define kIOUserClientSharedInstanceKey "IOUserClientSharedInstance"
#define kIOUserClientDefaultLockingKey "IOUserClientDefaultLocking"
#define kIOUserClientDefaultLockingSetPropertiesKey "IOUserClientDefaultLockingSetProperties"
#define kIOUserClientDefaultLockingSingleThreadExternalMethodKey \
    "IOUserClientDefaultLockingSingleThreadExternalMethod"
#define kIOUserClientEntitlementsKey "IOUserClientEntitlements"

typedef void (*IOInterruptAction)(OSObject *target, void *refCon, IOService *nub, int source);
typedef void (*IOServiceApplierFunction)(IOService *service, void *context);
typedef void (*OSObjectApplierFunction)(OSObject *object, void *context);
typedef IOReturn (*IOServiceInterestHandler)(void *target, void *refCon, UInt32 messageType,
                                             IOService *provider, void *argument, vm_size_t size);
class IONotifier;
typedef bool (*IOServiceNotificationHandler)(void *target, void *refCon, IOService *newService);
typedef bool (*IOServiceMatchingNotificationHandler)(void *target, void *refCon,
                                                     IOService *newService, IONotifier *notifier);
extern const OSSymbol *gIOPublishNotification, *gIOFirstPublishNotification;
extern const OSSymbol *gIOMatchedNotification, *gIOFirstMatchNotification;
extern const OSSymbol *gIOTerminatedNotification, *gIOGeneralInterest, *gIOBusyInterest;

/* Who wants to be told; remove() ends it and gives the reference back. */
class IONotifier : public OSObject
{
    OSDeclareAbstractStructors(IONotifier);

  public:
    virtual void remove() = 0;
    virtual bool disable() = 0;
    virtual void enable(bool was) = 0;
};

class IOService : public IORegistryEntry
{
    OSDeclareDefaultStructors(IOService);

  protected:
    IOService *openedBy;
    bool isRegistered, isTerminated;
    bool isDeferred; /* terminated, but not finalized yet */
    OSArray *deviceMemory;
    unsigned long powerState;
    void free() override;
    void terminateClients(IOOptionBits options);

  public:
    void endDeferred(IOOptionBits options);

    /* ---- life ---- */
    bool init(OSDictionary *dictionary = 0) override;
    bool init(IORegistryEntry *from, const IORegistryPlane *) override;
    virtual IOService *probe(IOService *provider, SInt32 *score);
    virtual bool start(IOService *provider);
    virtual void stop(IOService *provider);
    virtual bool attach(IOService *provider);
    virtual void detach(IOService *provider);
    virtual bool open(IOService *client, IOOptionBits options = 0, void *argument = 0);
    virtual void close(IOService *client, IOOptionBits options = 0);
    virtual bool isOpen(const IOService *client = 0) const;
    virtual bool handleOpen(IOService *client, IOOptionBits options, void *argument);
    virtual void handleClose(IOService *client, IOOptionBits options);
    virtual bool handleIsOpen(const IOService *client) const;
    virtual bool terminate(IOOptionBits options = 0);
    virtual bool terminateClient(IOService *client, IOOptionBits options);
    virtual bool willTerminate(IOService *provider, IOOptionBits options);
    virtual bool didTerminate(IOService *provider, IOOptionBits options, bool *defer);
    virtual bool requestTerminate(IOService *provider, IOOptionBits options);
    virtual bool finalize(IOOptionBits options);
    virtual bool
    isInactive() const
    {
        return __atomic_load_n(&isTerminated, __ATOMIC_ACQUIRE);
    }
    virtual IOOptionBits getState() const;
    virtual bool lockForArbitration(bool isSuccessRequired = true);
    virtual void unlockForArbitration();

    /* ---- messages, clients ---- */
    virtual IOReturn message(UInt32 type, IOService *provider, void *argument = 0);
    virtual IOReturn messageClient(UInt32 type, OSObject *client, void *argument = 0,
                                   vm_size_t size = 0);
    virtual IOReturn messageClients(UInt32 type, void *argument = 0, vm_size_t size = 0);
    virtual void applyToClients(IOServiceApplierFunction, void *context);
    virtual void applyToProviders(IOServiceApplierFunction, void *context);
    virtual IOService *getProvider() const;
    virtual IOService *getClient() const;
    virtual OSIterator *getProviderIterator() const;
    virtual OSIterator *getOpenProviderIterator() const;
    virtual OSIterator *getClientIterator() const;
    virtual OSIterator *getOpenClientIterator() const;
    virtual IOWorkLoop *getWorkLoop() const;
    virtual IOReturn newUserClient(task_t owner, void *security, UInt32 type, OSDictionary *,
                                   IOUserClient **handler);
    virtual IOReturn newUserClient(task_t owner, void *security, UInt32 type,
                                   IOUserClient **handler);
    IOReturn setProperties(OSObject *) override;
    virtual IOReturn callPlatformFunction(const OSSymbol *, bool wait, void *, void *, void *,
                                          void *);
    virtual IOReturn callPlatformFunction(const char *, bool wait, void *, void *, void *, void *);

    /* ---- matching ---- */
    virtual void registerService(IOOptionBits options = 0);
    virtual bool matchPropertyTable(OSDictionary *table, SInt32 *score);
    virtual bool matchPropertyTable(OSDictionary *table);
    virtual bool compareProperty(OSDictionary *matching, const char *key);
    virtual bool compareProperty(OSDictionary *matching, const OSString *key);
    virtual bool compareProperties(OSDictionary *matching, OSCollection *keys);
    bool matches(OSDictionary *matching); /* what matching a dictionary means here */
    static OSDictionary *serviceMatching(const char *, OSDictionary * = 0);
    static OSDictionary *serviceMatching(const OSString *, OSDictionary * = 0);
    static OSDictionary *nameMatching(const char *, OSDictionary * = 0);
    static OSDictionary *nameMatching(const OSString *, OSDictionary * = 0);
    static OSDictionary *resourceMatching(const char *, OSDictionary * = 0);
    static OSDictionary *resourceMatching(const OSString *, OSDictionary * = 0);
    static OSDictionary *propertyMatching(const OSSymbol *key, const OSObject *value,
                                          OSDictionary * = 0);
    static OSDictionary *registryEntryIDMatching(uint64_t, OSDictionary * = 0);
    static OSIterator *getMatchingServices(OSDictionary *matching);
    static IOService *copyMatchingService(OSDictionary *matching);
    /* Waits; consumes the dictionary, and gives a reference of nobody's (the second: one to keep). */
    static IOService *waitForService(OSDictionary *matching, mach_timespec_t *timeout = 0);
    static IOService *waitForMatchingService(OSDictionary *matching, uint64_t timeout = UINT64_MAX);
    static IONotifier *addNotification(const OSSymbol *type, OSDictionary *matching,
                                       IOServiceNotificationHandler, void *target, void *refCon = 0,
                                       SInt32 priority = 0);
    static IONotifier *addMatchingNotification(const OSSymbol *type, OSDictionary *matching,
                                               IOServiceMatchingNotificationHandler, void *target,
                                               void *refCon = 0, SInt32 priority = 0);
    virtual IONotifier *registerInterest(const OSSymbol *type, IOServiceInterestHandler,
                                         void *target, void *refCon = 0);
    static void publishResource(const OSSymbol *key, OSObject *value = 0);
    static void publishResource(const char *key, OSObject *value = 0);
    static IOService *getResourceService();
    static IOService *
    getServiceRoot()
    {
        return getResourceService();
    }
    virtual SInt32 getBusyState();
    virtual void adjustBusy(SInt32);
    virtual IOReturn waitQuiet(uint64_t timeout = UINT64_MAX);
    virtual IOReturn waitQuiet(mach_timespec_t *timeout);

    /* ---- interrupts ---- */
    virtual IOReturn registerInterrupt(int source, OSObject *target, IOInterruptAction, void * = 0);
    virtual IOReturn unregisterInterrupt(int source);
    virtual IOReturn enableInterrupt(int source);
    virtual IOReturn disableInterrupt(int source);
    virtual IOReturn getInterruptType(int source, int *type);
    virtual IOReturn causeInterrupt(int source);
    virtual IOReturn resolveInterrupt(IOService *nub, int source);

    /* ---- device memory ---- */
    virtual OSArray *
    getDeviceMemory()
    {
        return deviceMemory;
    }
    virtual void setDeviceMemory(OSArray *);
    virtual IOItemCount getDeviceMemoryCount();
    virtual IOMemoryDescriptor *getDeviceMemoryWithIndex(unsigned index);
    virtual IOMemoryMap *mapDeviceMemoryWithIndex(unsigned index, IOOptionBits options = 0);

    /* ---- codes as words ---- */
    virtual const char *stringFromReturn(IOReturn);
    virtual int errnoFromReturn(IOReturn);

    /* ---- power ---- */
    virtual void PMinit();
    virtual void PMstop();
    virtual void joinPMtree(IOService *driver);
    virtual IOReturn registerPowerDriver(IOService *, IOPMPowerState *, unsigned long count);
    virtual IOReturn setPowerState(unsigned long ordinal, IOService *device);
    virtual IOReturn powerStateWillChangeTo(IOPMPowerFlags, unsigned long, IOService *);
    virtual IOReturn powerStateDidChangeTo(IOPMPowerFlags, unsigned long, IOService *);
    virtual unsigned long maxCapabilityForDomainState(IOPMPowerFlags);
    virtual unsigned long initialPowerStateForDomainState(IOPMPowerFlags);
    virtual IOReturn changePowerStateTo(unsigned long ordinal);
    virtual IOReturn changePowerStateToPriv(unsigned long ordinal);
    virtual IOReturn requestPowerDomainState(IOPMPowerFlags, IOService *, unsigned long);
    virtual IOReturn makeUsable();
    virtual void clampPowerOn(unsigned long duration);
    virtual UInt32 getPowerState();
    virtual unsigned long currentCapability();
    virtual IOPMPowerFlags registerInterestedDriver(IOService *);
    virtual IOReturn deRegisterInterestedDriver(IOService *);
    virtual IOReturn acknowledgePowerChange(IOService *);
    virtual IOReturn acknowledgeSetPowerState();
    virtual bool activityTickle(unsigned long type, unsigned long state = 0);
    virtual IOReturn setIdleTimerPeriod(unsigned long);
    virtual void systemWillShutdown(IOOptionBits);
    virtual IOReturn setAggressiveness(unsigned long type, unsigned long level);
    virtual void setPowerParent(IOService *, bool, IOPMPowerFlags);
    static IOService *getPMRootDomain();

    struct Interrupt {
        OSObject *target;
        IOInterruptAction action;
        void *refCon;
        bool isDisabled, isPending;
    } interrupts[8]; /* by source */
};

IONotifier *registerSleepWakeInterest(IOServiceInterestHandler, void *target, void *refCon = 0);
IONotifier *registerPrioritySleepWakeInterest(IOServiceInterestHandler, void *target,
                                              void *refCon = 0);
IOReturn acknowledgeSleepWakeNotification(void *reference);

#endif

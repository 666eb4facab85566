/*
 * iokit.h - I/O Kit's classes over the seam
 *
 * PURPOSE     The classes that drivers derive from and call, by Apple's names, with the memory calls
 *             answered by the model behind vmk.h.
 * INVARIANTS  a memory descriptor here has exactly one descriptor of the seam, or describes memory of
 *             the kext's own, which is always there
 * UNITS       lengths, offsets: bytes
 * OWNERSHIP   as I/O Kit; a map holds its descriptor
 * ERRORS      IOReturn; NULL where I/O Kit gives NULL
 * EVENTS      those of the model
 * XNU         iokit/IOKit/
 *             Differs: one registry plane, no matching, no power management; a service is started by
 *             the test (faultline/iokit.h)
 */
#ifndef KEXT_IOKIT_H
#define KEXT_IOKIT_H

#include <faultline_kext/os.h>

struct vmk_desc;
struct vmk_map;
class IOService;
class IOMemoryDescriptor;
class IOMemoryMap;
class IOMapper;
class IOWorkLoop;
class IOUserClient;

struct IORegistryPlane;
extern const IORegistryPlane *gIOServicePlane;
extern const OSSymbol *gIONameMatchKey;

/* ---- registry entries and services ---- */

class IORegistryEntry : public OSObject
{
    OSDeclareDefaultStructors(IORegistryEntry);

  protected:
    OSDictionary *properties;
    IORegistryEntry *parent;
    OSArray *children;
    const OSSymbol *name;
    uint64_t entryID;
    void free() override;

  public:
    virtual bool init(OSDictionary *dictionary = 0);
    virtual bool
    init(IORegistryEntry *, const IORegistryPlane *)
    {
        return init();
    }
    virtual const char *getName(const IORegistryPlane * = 0) const;
    virtual const OSSymbol *copyName(const IORegistryPlane * = 0) const;
    virtual void setName(const OSSymbol *, const IORegistryPlane * = 0);
    virtual void setName(const char *, const IORegistryPlane * = 0);
    virtual const char *
    getLocation(const IORegistryPlane * = 0) const
    {
        return 0;
    }
    virtual bool setProperty(const OSSymbol *, OSObject *);
    virtual bool setProperty(const OSString *, OSObject *);
    virtual bool setProperty(const char *, OSObject *);
    virtual bool setProperty(const char *, const char *);
    virtual bool setProperty(const char *, bool);
    virtual bool setProperty(const char *, unsigned long long, unsigned bits);
    virtual bool setProperty(const char *, void *, unsigned length);
    virtual void removeProperty(const OSSymbol *);
    virtual void removeProperty(const OSString *);
    virtual void removeProperty(const char *);
    virtual OSObject *getProperty(const OSSymbol *) const;
    virtual OSObject *getProperty(const OSString *) const;
    virtual OSObject *getProperty(const char *) const;
    virtual OSObject *getProperty(const char *, const IORegistryPlane *, IOOptionBits = 0) const;
    virtual OSObject *copyProperty(const OSSymbol *) const;
    virtual OSObject *copyProperty(const OSString *) const;
    virtual OSObject *copyProperty(const char *) const;
    virtual OSDictionary *
    getPropertyTable() const
    {
        return properties;
    }
    virtual OSDictionary *dictionaryWithProperties() const;
    virtual void setPropertyTable(OSDictionary *);
    virtual IOReturn
    setProperties(OSObject *)
    {
        return kIOReturnUnsupported;
    }
    virtual IORegistryEntry *
    getParentEntry(const IORegistryPlane * = 0) const
    {
        return parent;
    }
    virtual IORegistryEntry *getChildEntry(const IORegistryPlane * = 0) const;
    virtual bool attachToParent(IORegistryEntry *, const IORegistryPlane * = 0);
    virtual void detachFromParent(IORegistryEntry *, const IORegistryPlane * = 0);
    virtual uint64_t
    getRegistryEntryID()
    {
        return entryID;
    }
    virtual OSIterator *getChildIterator(const IORegistryPlane *) const;
};

enum {
    kIOServiceRequired = 1,
    kIOServiceTerminate = 4,
    kIOServiceSynchronous = 2,
    kIOServiceAsynchronous = 8,
    kIOServiceSeize = 1,
    kIOServiceExclusive = 1
};
enum {
    kIOMessageServiceIsTerminated = (int)0xe0000010,
    kIOMessageServiceIsSuspended = (int)0xe0000020,
    kIOMessageServiceIsResumed = (int)0xe0000030,
    kIOMessageServiceIsRequestingClose = (int)0xe0000100,
    kIOMessageServiceWasClosed = (int)0xe0000110,
    kIOMessageServiceBusyStateChange = (int)0xe0000120
};

typedef void (*IOInterruptAction)(OSObject *target, void *refCon, IOService *nub, int source);
struct IOPMPowerState {
    unsigned long version, capabilityFlags, outputPowerCharacter, inputPowerRequirement;
    unsigned long staticPower, unbudgetedPower, powerToAttain, timeToAttain, settleUpTime;
    unsigned long timeToLower, settleDownTime, powerDomainBudget;
};
#define IOPMAckImplied 0
#define IOPMNoErr 0
#define kIOPMPowerOn 2
#define kIOPMDeviceUsable 0x8000
#define kIOPMSleep 1

class IONotifier : public OSObject
{
    OSDeclareDefaultStructors(IONotifier);

  public:
    virtual void
    remove()
    {
        release();
    }
    virtual bool
    disable()
    {
        return true;
    }
    virtual void
    enable(bool)
    {
    }
};
typedef bool (*IOServiceMatchingNotificationHandler)(void *target, void *refCon,
                                                     IOService *newService, IONotifier *notifier);
typedef bool (*IOServiceNotificationHandler)(void *target, void *refCon, IOService *newService);
typedef IOReturn (*IOServiceInterestHandler)(void *target, void *refCon, UInt32 messageType,
                                             IOService *provider, void *argument, vm_size_t size);
extern const OSSymbol *gIOPublishNotification, *gIOFirstPublishNotification;
extern const OSSymbol *gIOMatchedNotification, *gIOTerminatedNotification, *gIOGeneralInterest;

class IOService : public IORegistryEntry
{
    OSDeclareDefaultStructors(IOService);

  protected:
    IOService *openedBy;
    bool isRegistered, isTerminated;
    OSArray *deviceMemory;
    void free() override;

  public:
    bool init(OSDictionary *dictionary = 0) override;
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
    virtual bool willTerminate(IOService *provider, IOOptionBits options);
    virtual bool didTerminate(IOService *provider, IOOptionBits options, bool *defer);
    virtual bool requestTerminate(IOService *provider, IOOptionBits options);
    virtual bool finalize(IOOptionBits options);
    virtual bool
    isInactive() const
    {
        return isTerminated;
    }
    virtual IOReturn message(UInt32 type, IOService *provider, void *argument = 0);
    virtual IOReturn messageClients(UInt32 type, void *argument = 0, vm_size_t size = 0);
    virtual void registerService(IOOptionBits options = 0);
    virtual IOService *getProvider() const;
    virtual IOService *getClient() const;
    virtual OSIterator *getClientIterator() const;
    virtual IOWorkLoop *getWorkLoop() const;
    virtual IOReturn newUserClient(task_t owner, void *security, UInt32 type, OSDictionary *,
                                   IOUserClient **handler);
    virtual IOReturn newUserClient(task_t owner, void *security, UInt32 type,
                                   IOUserClient **handler);
    virtual bool
    matchPropertyTable(OSDictionary *, SInt32 *)
    {
        return true;
    }
    virtual bool compareProperty(OSDictionary *, const char *key);
    virtual IOReturn registerInterrupt(int source, OSObject *target, IOInterruptAction, void * = 0);
    virtual IOReturn unregisterInterrupt(int source);
    virtual IOReturn
    enableInterrupt(int source)
    {
        (void)source;
        return kIOReturnSuccess;
    }
    virtual IOReturn
    disableInterrupt(int source)
    {
        (void)source;
        return kIOReturnSuccess;
    }
    virtual IOReturn
    getInterruptType(int, int *)
    {
        return kIOReturnNoInterrupt;
    }
    virtual IOReturn causeInterrupt(int source);
    virtual IOReturn
    setPowerState(unsigned long, IOService *)
    {
        return IOPMAckImplied;
    }
    virtual void
    PMinit()
    {
    }
    virtual void
    PMstop()
    {
    }
    virtual void
    joinPMtree(IOService *)
    {
    }
    virtual IOReturn
    registerPowerDriver(IOService *, IOPMPowerState *, unsigned long)
    {
        return IOPMNoErr;
    }
    virtual IOReturn
    changePowerStateTo(unsigned long)
    {
        return IOPMNoErr;
    }
    virtual IOReturn
    makeUsable()
    {
        return IOPMNoErr;
    }
    virtual OSArray *
    getDeviceMemory()
    {
        return deviceMemory;
    }
    virtual void setDeviceMemory(OSArray *);
    virtual UInt32 getDeviceMemoryCount();
    virtual IOMemoryDescriptor *getDeviceMemoryWithIndex(unsigned index);
    virtual IOMemoryMap *mapDeviceMemoryWithIndex(unsigned index, IOOptionBits options = 0);
    virtual const char *stringFromReturn(IOReturn);
    virtual int errnoFromReturn(IOReturn);
    virtual IOReturn
    callPlatformFunction(const OSSymbol *, bool, void *, void *, void *, void *)
    {
        return kIOReturnUnsupported;
    }
    /* Nothing is ever matched or told: the notifier is there to be removed. */
    static IONotifier *addMatchingNotification(const OSSymbol *type, OSDictionary *matching,
                                               IOServiceMatchingNotificationHandler, void *target,
                                               void *refCon = 0, SInt32 priority = 0);
    virtual IONotifier *registerInterest(const OSSymbol *type, IOServiceInterestHandler,
                                         void *target, void *refCon = 0);
    virtual bool
    activityTickle(unsigned long, unsigned long = 0)
    {
        return true;
    }
    virtual IOReturn
    setIdleTimerPeriod(unsigned long)
    {
        return IOPMNoErr;
    }
    virtual IOReturn
    acknowledgePowerChange(IOService *)
    {
        return IOPMNoErr;
    }
    virtual IOReturn
    acknowledgeSetPowerState()
    {
        return IOPMNoErr;
    }
    virtual void
    systemWillShutdown(IOOptionBits)
    {
    }
    virtual SInt32
    getBusyState()
    {
        return 0;
    }
    virtual void
    adjustBusy(SInt32)
    {
    }
    virtual IOReturn
    waitQuiet(uint64_t = 0)
    {
        return kIOReturnSuccess;
    }
    virtual IOOptionBits
    getState() const
    {
        return isRegistered ? 2 : 0;
    }
    virtual bool
    lockForArbitration(bool = true)
    {
        return true;
    }
    virtual void
    unlockForArbitration()
    {
    }
    static OSDictionary *serviceMatching(const char *, OSDictionary * = 0);
    static OSDictionary *nameMatching(const char *, OSDictionary * = 0);
    static IOService *waitForService(OSDictionary *, void * = 0);
    static IOService *getResourceService();
    virtual IOReturn
    setProperties(OSObject *) override
    {
        return kIOReturnUnsupported;
    }

    struct Interrupt {
        OSObject *target;
        IOInterruptAction action;
        void *refCon;
    } interrupts[8]; /* by source */
};

/* ---- memory ---- */

enum {
    kIODirectionNone = 0x0,
    kIODirectionIn = 0x1,
    kIODirectionOut = 0x2,
    kIODirectionOutIn = kIODirectionOut | kIODirectionIn,
    kIODirectionInOut = kIODirectionIn | kIODirectionOut,
    kIODirectionPrepareToPhys32 = 0x4,
    kIODirectionPrepareNoFault = 0x8,
    kIODirectionPrepareReserved1 = 0x10,
    kIODirectionPrepareNonCoherent = 0x20
};
enum {
    kIOMemoryDirectionMask = 0x00000007,
    kIOMemoryAutoPrepare = 0x00000008,
    kIOMemoryTypeVirtual = 0x00000010,
    kIOMemoryTypePhysical = 0x00000020,
    kIOMemoryTypeUPL = 0x00000030,
    kIOMemoryTypePersistentMD = 0x00000040,
    kIOMemoryTypeUIO = 0x00000050,
    kIOMemoryTypeVirtual64 = kIOMemoryTypeVirtual,
    kIOMemoryTypePhysical64 = kIOMemoryTypePhysical,
    kIOMemoryTypeMask = 0x000000f0,
    kIOMemoryAsReference = 0x00000100,
    kIOMemoryBufferPageable = 0x00000400,
    kIOMemoryMapperNone = 0x00000800,
    kIOMemoryHostOnly = 0x00001000,
    kIOMemoryPersistent = 0x00010000,
    kIOMemoryMapCopyOnWrite = 0x00020000,
    kIOMemoryRemote = 0x00040000,
    kIOMemoryThreadSafe = 0x00100000,
    kIOMemoryClearEncrypt = 0x00200000,
    kIOMemoryUseReserve = 0x00800000
};
/* IOBufferMemoryDescriptor's own */
enum {
    kIOMemoryPhysicallyContiguous = 0x00000010,
    kIOMemoryPageable = 0x00000020,
    kIOMemoryPurgeable = 0x00000040,
    kIOMemoryHostPhysicallyContiguous = 0x00000080,
    kIOMemorySharingTypeMask = 0x000f0000,
    kIOMemoryUnshared = 0x00000000,
    kIOMemoryKernelUserShared = 0x00010000
};

class IOMemoryDescriptor : public OSObject
{
    OSDeclareDefaultStructors(IOMemoryDescriptor);
    friend class IOMemoryMap;

  protected:
    IOByteCount _length;
    IOOptionBits _flags;
    IOOptionBits _tag;
    OSSet *_mappings;
    struct vmk_desc *_desc; /* one reference of the seam's; NULL: memory of the kext's own */
    char *_bytes;           /* which is here */
    unsigned _prepared;
    void free() override;
    bool initWithSeam(struct vmk_desc *);

  public:
    static IOMemoryDescriptor *withAddress(void *address, IOByteCount, IODirection);
    static IOMemoryDescriptor *withAddress(IOVirtualAddress, IOByteCount, IODirection, task_t);
    static IOMemoryDescriptor *withPhysicalAddress(IOPhysicalAddress, IOByteCount, IODirection);
    static IOMemoryDescriptor *withAddressRange(mach_vm_address_t, mach_vm_size_t, IOOptionBits,
                                                task_t);
    static IOMemoryDescriptor *withAddressRanges(IOAddressRange *, UInt32 count, IOOptionBits,
                                                 task_t);
    static IOMemoryDescriptor *withRanges(IOVirtualRange *, UInt32 count, IODirection, task_t,
                                          bool asReference = false);
    static IOMemoryDescriptor *withOptions(void *buffers, UInt32 count, UInt32 offset, task_t,
                                           IOOptionBits, IOMapper * = 0);
    static IOMemoryDescriptor *withPersistentMemoryDescriptor(IOMemoryDescriptor *);
    static IOMemoryDescriptor *withSubRange(IOMemoryDescriptor *, IOByteCount offset,
                                            IOByteCount length, IODirection);
    static IOMemoryDescriptor *ofSeam(struct vmk_desc *); /* the harness makes them so */
    struct vmk_desc *
    seam() const
    {
        return _desc;
    }

    virtual IODirection getDirection() const;
    virtual IOByteCount getLength() const;
    virtual void
    setTag(IOOptionBits tag)
    {
        _tag = tag;
    }
    virtual IOOptionBits
    getTag()
    {
        return _tag;
    }
    virtual uint64_t
    getFlags()
    {
        return _flags;
    }
    virtual uint64_t getPreparationID();
    virtual IOReturn prepare(IODirection direction = kIODirectionNone);
    virtual IOReturn complete(IODirection direction = kIODirectionNone);
    virtual IOByteCount readBytes(IOByteCount offset, void *bytes, IOByteCount length);
    virtual IOByteCount writeBytes(IOByteCount offset, const void *bytes, IOByteCount length);
    virtual addr64_t getPhysicalSegment(IOByteCount offset, IOByteCount *length,
                                        IOOptionBits options = 0);
    virtual addr64_t getPhysicalSegment64(IOByteCount offset, IOByteCount *length);
    virtual IOPhysicalAddress getPhysicalAddress();
    virtual addr64_t getSourceSegment(IOByteCount offset, IOByteCount *length);
    virtual IOMemoryMap *map(IOOptionBits options = 0);
    virtual IOMemoryMap *map(task_t, IOVirtualAddress at, IOOptionBits, IOByteCount offset = 0,
                             IOByteCount length = 0);
    virtual IOMemoryMap *createMappingInTask(task_t, mach_vm_address_t at, IOOptionBits,
                                             mach_vm_size_t offset = 0, mach_vm_size_t length = 0);
    virtual IOMemoryMap *setMapping(task_t, IOVirtualAddress, IOOptionBits = 0);
    virtual IOReturn
    redirect(task_t, bool)
    {
        return kIOReturnSuccess;
    }
    virtual IOReturn
    performOperation(IOOptionBits, IOByteCount, IOByteCount)
    {
        return kIOReturnSuccess;
    }
    virtual IOReturn
    setPurgeable(IOOptionBits, IOOptionBits *)
    {
        return kIOReturnUnsupported;
    }
};

class IOMemoryMap : public OSObject
{
    OSDeclareDefaultStructors(IOMemoryMap);
    friend class IOMemoryDescriptor;

  protected:
    IOMemoryDescriptor *descriptor;
    struct vmk_map *_map;
    task_t task;
    IOByteCount offset, length;
    IOOptionBits options;
    void free() override;

  public:
    virtual IOVirtualAddress getVirtualAddress();
    virtual mach_vm_address_t getAddress();
    virtual mach_vm_size_t getSize();
    virtual IOByteCount getLength();
    virtual task_t
    getAddressTask()
    {
        return task;
    }
    virtual IOMemoryDescriptor *
    getMemoryDescriptor()
    {
        return descriptor;
    }
    virtual IOOptionBits
    getMapOptions()
    {
        return options;
    }
    virtual IOPhysicalAddress getPhysicalAddress();
    virtual IOPhysicalAddress getPhysicalSegment(IOByteCount offset, IOByteCount *length,
                                                 IOOptionBits options = 0);
    virtual IOReturn unmap();
    virtual void
    taskDied()
    {
    }
    virtual IOReturn redirect(IOMemoryDescriptor *, IOOptionBits, IOByteCount = 0);
    virtual IOReturn wireRange(uint32_t options, mach_vm_size_t offset, mach_vm_size_t length);
    struct vmk_map *
    seam() const
    {
        return _map;
    }
};

class IOGeneralMemoryDescriptor : public IOMemoryDescriptor
{
    OSDeclareDefaultStructors(IOGeneralMemoryDescriptor)
};

class IOSubMemoryDescriptor : public IOMemoryDescriptor
{
    OSDeclareDefaultStructors(IOSubMemoryDescriptor);

  public:
    static IOSubMemoryDescriptor *withSubRange(IOMemoryDescriptor *, IOByteCount offset,
                                               IOByteCount length, IOOptionBits);
};

class IOMultiMemoryDescriptor : public IOMemoryDescriptor
{
    OSDeclareDefaultStructors(IOMultiMemoryDescriptor);

  public:
    static IOMultiMemoryDescriptor *withDescriptors(IOMemoryDescriptor **, UInt32 count,
                                                    IODirection, bool asReference = false);
};

class IOBufferMemoryDescriptor : public IOGeneralMemoryDescriptor
{
    OSDeclareDefaultStructors(IOBufferMemoryDescriptor);

  public:
    static IOBufferMemoryDescriptor *withOptions(IOOptionBits, vm_size_t capacity,
                                                 vm_offset_t alignment = 1);
    static IOBufferMemoryDescriptor *withCapacity(vm_size_t capacity, IODirection,
                                                  bool contiguous = false);
    static IOBufferMemoryDescriptor *withBytes(const void *, vm_size_t length, IODirection,
                                               bool contiguous = false);
    static IOBufferMemoryDescriptor *inTaskWithOptions(task_t, IOOptionBits, vm_size_t capacity,
                                                       vm_offset_t alignment = 1);
    static IOBufferMemoryDescriptor *
    inTaskWithPhysicalMask(task_t, IOOptionBits, mach_vm_size_t capacity, mach_vm_address_t mask);
    virtual void *getBytesNoCopy();
    virtual void *getBytesNoCopy(vm_size_t start, vm_size_t length);
    virtual vm_size_t getCapacity() const;
    virtual void setLength(vm_size_t length);
    virtual void setDirection(IODirection direction);
    virtual bool appendBytes(const void *, vm_size_t length);
    virtual bool initWithOptions(IOOptionBits, vm_size_t capacity, vm_offset_t alignment);
};

class IODeviceMemory : public IOMemoryDescriptor
{
    OSDeclareDefaultStructors(IODeviceMemory);

  public:
    static IODeviceMemory *withRange(IOPhysicalAddress, IOPhysicalLength);
};

/* ---- user clients ---- */

typedef IOReturn (*IOExternalMethodAction)(OSObject *target, void *reference,
                                           struct IOExternalMethodArguments *arguments);
struct IOExternalMethodDispatch {
    IOExternalMethodAction function;
    uint32_t checkScalarInputCount, checkStructureInputSize;
    uint32_t checkScalarOutputCount, checkStructureOutputSize;
};
struct IOExternalMethodDispatch2022 {
    IOExternalMethodAction function;
    uint32_t checkScalarInputCount, checkStructureInputSize;
    uint32_t checkScalarOutputCount, checkStructureOutputSize;
    uint8_t allowAsync;
    const char *checkEntitlement;
};
enum { kIOUCVariableStructureSize = 0xffffffff };
#define kIOUCScalarScalar 0
typedef uint64_t io_user_reference_t;
typedef io_user_reference_t OSAsyncReference64[8];
typedef natural_t OSAsyncReference[8];
enum {
    kIOAsyncReservedIndex = 0,
    kIOAsyncReservedCount,
    kIOAsyncCalloutFuncIndex = kIOAsyncReservedCount,
    kIOAsyncCalloutRefconIndex,
    kIOAsyncCalloutCount
};

struct IOExternalMethodArguments {
    uint32_t version;
    uint32_t selector;
    mach_port_t asyncWakePort;
    io_user_reference_t *asyncReference;
    uint32_t asyncReferenceCount;
    const uint64_t *scalarInput;
    uint32_t scalarInputCount;
    const void *structureInput;
    uint32_t structureInputSize;
    IOMemoryDescriptor *structureInputDescriptor;
    uint64_t *scalarOutput;
    uint32_t scalarOutputCount;
    void *structureOutput;
    uint32_t structureOutputSize;
    IOMemoryDescriptor *structureOutputDescriptor;
    uint32_t structureOutputDescriptorSize;
    uint32_t __reservedA;
    OSObject **structureVariableOutputData;
    uint32_t __reserved[30];
};
typedef IOExternalMethodArguments IOExternalMethodArgumentsOpaque;

typedef IOReturn (IOService::*IOMethod)(void *, void *, void *, void *, void *, void *);
typedef IOReturn (IOService::*IOAsyncMethod)(OSAsyncReference, void *, void *, void *, void *,
                                             void *, void *);
enum {
    kIOUCTypeMask = 0xf,
    kIOUCScalarIScalarO = 0,
    kIOUCScalarIStructO = 2,
    kIOUCStructIStructO = 3,
    kIOUCScalarIStructI = 4
};
struct IOExternalMethod {
    IOService *object;
    IOMethod func;
    IOOptionBits flags;
    IOByteCount count0, count1;
};
struct IOExternalAsyncMethod {
    IOService *object;
    IOAsyncMethod func;
    IOOptionBits flags;
    IOByteCount count0, count1;
};
typedef IOReturn (IOService::*IOTrap)(void *, void *, void *, void *, void *, void *);
struct IOExternalTrap {
    IOService *object;
    IOTrap func;
};
#define kIOClientPrivilegeAdministrator "root"
#define kIOClientPrivilegeLocalUser "local"

class IOUserClient : public IOService
{
    OSDeclareAbstractStructors(IOUserClient);

  private:
    task_t faultlineTask;   /* ours: drivers have a field of their own for it */
    OSArray *faultlineMaps; /* what the task mapped of it */

  protected:
    void free() override;

  public:
    void keepMap(IOMemoryMap *map); /* until the client is gone; takes the reference */
    task_t
    taskOfClient() const
    {
        return faultlineTask;
    }
    void
    setTaskOfClient(task_t task)
    {
        faultlineTask = task;
    }
    virtual bool initWithTask(task_t owner, void *security, UInt32 type, OSDictionary *);
    virtual bool initWithTask(task_t owner, void *security, UInt32 type);
    virtual IOReturn clientClose();
    virtual IOReturn clientDied();
    virtual IOService *getService();
    virtual IOReturn registerNotificationPort(mach_port_t, UInt32 type, UInt32 refCon);
    virtual IOReturn registerNotificationPort(mach_port_t, UInt32 type, io_user_reference_t);
    virtual IOReturn
    getNotificationSemaphore(UInt32, semaphore_t *)
    {
        return kIOReturnUnsupported;
    }
    virtual IOReturn
    connectClient(IOUserClient *)
    {
        return kIOReturnUnsupported;
    }
    virtual IOReturn clientMemoryForType(UInt32 type, IOOptionBits *options,
                                         IOMemoryDescriptor **memory);
    virtual IOReturn
    exportObjectToClient(task_t, OSObject *, OSObject **)
    {
        return kIOReturnUnsupported;
    }
    virtual IOReturn externalMethod(uint32_t selector, IOExternalMethodArguments *arguments,
                                    IOExternalMethodDispatch *dispatch = 0, OSObject *target = 0,
                                    void *reference = 0);
    virtual IOExternalMethod *
    getExternalMethodForIndex(UInt32)
    {
        return 0;
    }
    virtual IOExternalMethod *getTargetAndMethodForIndex(IOService **target, UInt32 index);
    virtual IOExternalAsyncMethod *
    getExternalAsyncMethodForIndex(UInt32)
    {
        return 0;
    }
    virtual IOExternalAsyncMethod *
    getAsyncTargetAndMethodForIndex(IOService **, UInt32)
    {
        return 0;
    }
    virtual IOExternalTrap *
    getExternalTrapForIndex(UInt32)
    {
        return 0;
    }
    virtual IOExternalTrap *
    getTargetAndTrapForIndex(IOService **, UInt32)
    {
        return 0;
    }
    static IOReturn clientHasPrivilege(void *security, const char *privilege);
    static OSObject *
    copyClientEntitlement(task_t, const char *)
    {
        return 0;
    }
    static IOReturn sendAsyncResult64(OSAsyncReference64, IOReturn, io_user_reference_t[],
                                      UInt32 count);
    static void setAsyncReference64(OSAsyncReference64, mach_port_t, mach_vm_address_t callback,
                                    io_user_reference_t refcon);
    static IOReturn
    releaseNotificationPort(mach_port_t)
    {
        return kIOReturnSuccess;
    }
};

class IOUserClient2022 : public IOUserClient
{
    OSDeclareAbstractStructors(IOUserClient2022);

  public:
    IOReturn dispatchExternalMethod(uint32_t selector, IOExternalMethodArgumentsOpaque *,
                                    const IOExternalMethodDispatch2022 *, size_t count,
                                    OSObject *target, void *reference);
};

#endif

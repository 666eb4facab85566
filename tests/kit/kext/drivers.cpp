/*
 * drivers.cpp - whole drivers in the manner of real ones: one with a device's interrupt, a queue and a
 * task that waits; one with asynchronous calls, privilege and shared memory
 */
#include <IOKit/IOBufferMemoryDescriptor.h>
#include <IOKit/IOCommandGate.h>
#include <IOKit/IOFilterInterruptEventSource.h>
#include <IOKit/IOLib.h>
#include <IOKit/IOService.h>
#include <IOKit/IOSharedDataQueue.h>
#include <IOKit/IOTimerEventSource.h>
#include <IOKit/IOUserClient.h>
#include <IOKit/IOWorkLoop.h>
#include <miscfs/devfs/devfs.h>
#include <sys/conf.h>
#include <sys/sysctl.h>
#include <sys/uio.h>

/* ---- a device that interrupts ---- */

#define super IOService

class test_Sampler : public IOService
{
    OSDeclareDefaultStructors(test_Sampler);

  private:
    IOWorkLoop *workLoop;
    IOFilterInterruptEventSource *interruptSource;
    IOTimerEventSource *timer;
    IOCommandGate *gate;
    IOBufferMemoryDescriptor *ring;
    IOMemoryMap *ringMap;
    IOSharedDataQueue *queue;
    volatile SInt32 samples;
    volatile UInt8 *registers; /* what the filter reads */

    bool filterInterrupt(IOFilterInterruptEventSource *);
    void handleInterrupt(IOInterruptEventSource *, int count);
    static IOReturn countGated(OSObject *owner, void *arg0, void *, void *, void *);

  public:
    virtual bool start(IOService *provider) APPLE_KEXT_OVERRIDE;
    virtual void stop(IOService *provider) APPLE_KEXT_OVERRIDE;
    virtual void free(void) APPLE_KEXT_OVERRIDE;
    virtual IOWorkLoop *getWorkLoop(void) const APPLE_KEXT_OVERRIDE;
    IOReturn count(UInt64 *out);
    IOSharedDataQueue *
    getQueue()
    {
        return queue;
    }
    IOReturn wire(bool on);
};
OSDefineMetaClassAndStructors(test_Sampler, IOService);

bool
test_Sampler::start(IOService *provider)
{
    if (!super::start(provider))
        return false;
    workLoop = IOWorkLoop::workLoop();
    ring = IOBufferMemoryDescriptor::withOptions(kIODirectionInOut | kIOMemoryPageable, PAGE_SIZE,
                                                 PAGE_SIZE);
    queue = IOSharedDataQueue::withCapacity(1024);
    if (!workLoop || !ring || !queue || ring->prepare() != kIOReturnSuccess)
        return false;
    ringMap = ring->map();
    registers = (volatile UInt8 *)ringMap->getVirtualAddress();
    interruptSource = IOFilterInterruptEventSource::filterInterruptEventSource(
        this, OSMemberFunctionCast(IOInterruptEventAction, this, &test_Sampler::handleInterrupt),
        OSMemberFunctionCast(IOFilterInterruptAction, this, &test_Sampler::filterInterrupt),
        provider, 0);
    gate = IOCommandGate::commandGate(this);
    if (!interruptSource || !gate ||
        workLoop->addEventSource(interruptSource) != kIOReturnSuccess ||
        workLoop->addEventSource(gate) != kIOReturnSuccess)
        return false;
    interruptSource->enable();
    registerService();
    return true;
}

void
test_Sampler::stop(IOService *provider)
{
    if (interruptSource) {
        interruptSource->disable();
        workLoop->removeEventSource(interruptSource);
    }
    if (gate)
        workLoop->removeEventSource(gate);
    super::stop(provider);
}

void
test_Sampler::free(void)
{
    OSSafeReleaseNULL(interruptSource);
    OSSafeReleaseNULL(gate);
    OSSafeReleaseNULL(queue);
    OSSafeReleaseNULL(ringMap);
    if (ring)
        ring->complete();
    OSSafeReleaseNULL(ring);
    OSSafeReleaseNULL(workLoop);
    super::free();
}

IOWorkLoop *
test_Sampler::getWorkLoop(void) const
{
    return workLoop;
}

/* In interrupt context: what it reads must have a translation. */
bool
test_Sampler::filterInterrupt(IOFilterInterruptEventSource *)
{
    return registers[0] == 0; /* the filter's read */
}

void
test_Sampler::handleInterrupt(IOInterruptEventSource *, int count)
{
    OSAddAtomic(count, &samples);
    queue->enqueue((void *)"tick", 5);
}

IOReturn
test_Sampler::countGated(OSObject *owner, void *arg0, void *, void *, void *)
{
    test_Sampler *me = OSDynamicCast(test_Sampler, owner);

    *(UInt64 *)arg0 = (UInt64)me->samples;
    return kIOReturnSuccess;
}

IOReturn
test_Sampler::count(UInt64 *out)
{
    return gate->runAction(&test_Sampler::countGated, out);
}

IOReturn
test_Sampler::wire(bool on)
{
    return ringMap->wireRange(on ? kIODirectionIn : kIODirectionNone, 0, ringMap->getLength());
}
#undef super

#define super IOUserClient
class test_SamplerClient : public IOUserClient
{
    OSDeclareDefaultStructors(test_SamplerClient);

  private:
    task_t fTask;
    test_Sampler *fProvider;
    OSAsyncReference64 fPending;

    static IOReturn sCount(test_SamplerClient *target, void *, IOExternalMethodArguments *);
    static IOReturn sWire(test_SamplerClient *target, void *, IOExternalMethodArguments *);
    static IOReturn sLater(test_SamplerClient *target, void *, IOExternalMethodArguments *);
    static IOReturn sEcho(test_SamplerClient *target, void *, IOExternalMethodArguments *);
    static const IOExternalMethodDispatch sMethods[4];

  public:
    virtual bool initWithTask(task_t owningTask, void *securityToken, UInt32 type,
                              OSDictionary *properties) APPLE_KEXT_OVERRIDE;
    virtual bool start(IOService *provider) APPLE_KEXT_OVERRIDE;
    virtual IOReturn clientClose(void) APPLE_KEXT_OVERRIDE;
    virtual IOReturn externalMethod(uint32_t selector, IOExternalMethodArguments *arguments,
                                    IOExternalMethodDispatch *dispatch, OSObject *target,
                                    void *reference) APPLE_KEXT_OVERRIDE;
    virtual IOReturn clientMemoryForType(UInt32 type, IOOptionBits *options,
                                         IOMemoryDescriptor **memory) APPLE_KEXT_OVERRIDE;
    virtual IOReturn registerNotificationPort(mach_port_t port, UInt32 type,
                                              io_user_reference_t refCon) APPLE_KEXT_OVERRIDE;
};
OSDefineMetaClassAndStructors(test_SamplerClient, IOUserClient);

const IOExternalMethodDispatch test_SamplerClient::sMethods[4] = {
    { (IOExternalMethodAction)&test_SamplerClient::sCount, 0, 0, 1, 0 },
    { (IOExternalMethodAction)&test_SamplerClient::sWire, 1, 0, 0, 0 },
    { (IOExternalMethodAction)&test_SamplerClient::sLater, 1, 0, 0, 0 },
    { (IOExternalMethodAction)&test_SamplerClient::sEcho, 0, kIOUCVariableStructureSize, 0,
      kIOUCVariableStructureSize },
};

bool
test_SamplerClient::initWithTask(task_t owningTask, void *securityToken, UInt32 type,
                                 OSDictionary *properties)
{
    if (!super::initWithTask(owningTask, securityToken, type, properties))
        return false;
    if (clientHasPrivilege(securityToken, kIOClientPrivilegeAdministrator) != kIOReturnSuccess)
        return false;
    fTask = owningTask;
    return true;
}

bool
test_SamplerClient::start(IOService *provider)
{
    fProvider = OSDynamicCast(test_Sampler, provider);
    return fProvider != NULL && super::start(provider);
}

IOReturn
test_SamplerClient::clientClose(void)
{
    if (fPending[0] != 0)
        sendAsyncResult64(fPending, kIOReturnAborted, NULL, 0);
    return terminate() ? kIOReturnSuccess : kIOReturnError;
}

IOReturn
test_SamplerClient::externalMethod(uint32_t selector, IOExternalMethodArguments *arguments,
                                   IOExternalMethodDispatch *dispatch, OSObject *target,
                                   void *reference)
{
    if (current_task() != fTask)
        return kIOReturnNotPermitted;
    if (selector < sizeof(sMethods) / sizeof(sMethods[0])) {
        dispatch = (IOExternalMethodDispatch *)&sMethods[selector];
        if (!target)
            target = this;
    }
    return super::externalMethod(selector, arguments, dispatch, target, reference);
}

IOReturn
test_SamplerClient::sCount(test_SamplerClient *target, void *, IOExternalMethodArguments *arguments)
{
    return target->fProvider->count(&arguments->scalarOutput[0]);
}

IOReturn
test_SamplerClient::sWire(test_SamplerClient *target, void *, IOExternalMethodArguments *arguments)
{
    return target->fProvider->wire(arguments->scalarInput[0] != 0);
}

/* The answer comes at once or when the client closes. */
IOReturn
test_SamplerClient::sLater(test_SamplerClient *target, void *, IOExternalMethodArguments *arguments)
{
    io_user_reference_t answer[2] = { arguments->scalarInput[0], 42 };

    if (arguments->asyncWakePort == MACH_PORT_NULL)
        return kIOReturnBadArgument;
    bcopy(arguments->asyncReference, target->fPending, sizeof(OSAsyncReference64));
    if (arguments->scalarInput[0] == 0)
        return kIOReturnSuccess;
    target->sendAsyncResult64(target->fPending, kIOReturnSuccess, answer, 2);
    bzero(target->fPending, sizeof(OSAsyncReference64));
    return kIOReturnSuccess;
}

/* What came in goes out, inline or not. */
IOReturn
test_SamplerClient::sEcho(test_SamplerClient *, void *, IOExternalMethodArguments *arguments)
{
    IOMemoryDescriptor *in = arguments->structureInputDescriptor;
    IOMemoryDescriptor *out = arguments->structureOutputDescriptor;
    UInt32 size;
    UInt8 *copy;

    if (!in || !out) {
        size = MIN(arguments->structureInputSize, arguments->structureOutputSize);
        bcopy(arguments->structureInput, arguments->structureOutput, size);
        arguments->structureOutputSize = size;
        return kIOReturnSuccess;
    }
    size = (UInt32)MIN(in->getLength(), out->getLength());
    copy = (UInt8 *)IOMalloc(size);
    if (!copy)
        return kIOReturnNoMemory;
    if (in->prepare() != kIOReturnSuccess) {
        IOFree(copy, size);
        return kIOReturnNoMemory;
    }
    in->readBytes(0, copy, size);
    in->complete();
    if (out->prepare() == kIOReturnSuccess) {
        out->writeBytes(0, copy, size);
        out->complete();
    }
    IOFree(copy, size);
    arguments->structureOutputDescriptorSize = size;
    return kIOReturnSuccess;
}

IOReturn
test_SamplerClient::clientMemoryForType(UInt32 type, IOOptionBits *options,
                                        IOMemoryDescriptor **memory)
{
    if (type != 0)
        return kIOReturnUnsupported;
    *options = 0;
    *memory = fProvider->getQueue()->getMemoryDescriptor();
    return kIOReturnSuccess;
}

IOReturn
test_SamplerClient::registerNotificationPort(mach_port_t port, UInt32, io_user_reference_t)
{
    fProvider->getQueue()->setNotificationPort(port);
    return kIOReturnSuccess;
}
#undef super

/* ---- a client of today, whose arguments are nobody's but the kernel's ---- */

#define super IOUserClient2022
class test_TodayClient : public IOUserClient2022
{
    OSDeclareDefaultStructors(test_TodayClient);

  private:
    static IOReturn sAnswer(OSObject *target, void *reference, IOExternalMethodArguments *);
    static const IOExternalMethodDispatch2022 sMethods[2];

  public:
    virtual bool start(IOService *provider) override;
    virtual IOReturn clientClose(void) override;
    virtual IOReturn externalMethod(uint32_t selector,
                                    IOExternalMethodArgumentsOpaque *arguments) override;
};
OSDefineMetaClassAndStructors(test_TodayClient, IOUserClient2022);

const IOExternalMethodDispatch2022 test_TodayClient::sMethods[2] = {
    { &test_TodayClient::sAnswer, 0, 0, 1, 0, false, NULL },
    { &test_TodayClient::sAnswer, 0, 0, 1, 0, false, "com.example.may-ask" },
};

bool
test_TodayClient::start(IOService *provider)
{
    if (!super::start(provider))
        return false;
    setProperty(kIOUserClientDefaultLockingKey, kOSBooleanTrue);
    setProperty(kIOUserClientDefaultLockingSetPropertiesKey, kOSBooleanTrue);
    setProperty(kIOUserClientDefaultLockingSingleThreadExternalMethodKey, kOSBooleanFalse);
    setProperty(kIOUserClientEntitlementsKey, kOSBooleanFalse);
    return true;
}

IOReturn
test_TodayClient::clientClose(void)
{
    return terminate() ? kIOReturnSuccess : kIOReturnError;
}

IOReturn
test_TodayClient::externalMethod(uint32_t selector, IOExternalMethodArgumentsOpaque *arguments)
{
    return dispatchExternalMethod(selector, arguments, sMethods,
                                  sizeof(sMethods) / sizeof(sMethods[0]), this, (void *)"given");
}

IOReturn
test_TodayClient::sAnswer(OSObject *target, void *reference, IOExternalMethodArguments *arguments)
{
    if (OSDynamicCast(test_TodayClient, target) == NULL || strcmp((char *)reference, "given") != 0)
        return kIOReturnInternalError;
    arguments->scalarOutput[0] = 42;
    return kIOReturnSuccess;
}
#undef super

/* ---- a client that names no target, and uses it ---- */

#define super IOUserClient
class test_AimlessClient : public IOUserClient
{
    OSDeclareDefaultStructors(test_AimlessClient);

  private:
    uint64_t answer;
    static IOReturn sUse(OSObject *target, void *, IOExternalMethodArguments *arguments);

  public:
    virtual IOReturn clientClose(void) override;
    virtual IOReturn externalMethod(uint32_t selector, IOExternalMethodArguments *arguments,
                                    IOExternalMethodDispatch *dispatch, OSObject *target,
                                    void *reference) override;
};
OSDefineMetaClassAndStructors(test_AimlessClient, IOUserClient);

IOReturn
test_AimlessClient::clientClose(void)
{
    return terminate() ? kIOReturnSuccess : kIOReturnError;
}

IOReturn
test_AimlessClient::externalMethod(uint32_t selector, IOExternalMethodArguments *arguments,
                                   IOExternalMethodDispatch *, OSObject *target, void *reference)
{
    static IOExternalMethodDispatch method = { &sUse, 0, 0, 1, 0 };

    return super::externalMethod(selector, arguments, &method, target, reference);
}

/* The undefined behaviour sanitizer would be first. */
__attribute__((no_sanitize("undefined"))) IOReturn
test_AimlessClient::sUse(OSObject *target, void *, IOExternalMethodArguments *arguments)
{
    arguments->scalarOutput[0] = ((test_AimlessClient *)target)->answer; /* no target */
    return kIOReturnSuccess;
}
#undef super

/* ---- named values ---- */

static int debug_level = 3;
static char debug_text[8] = "old";
SYSCTL_DECL(_debug);
SYSCTL_INT(_debug, OID_AUTO, kit_level, CTLFLAG_RW, &debug_level, 0, "how much is said");
SYSCTL_STRING(_debug, OID_AUTO, kit_text, CTLFLAG_RW, debug_text, sizeof(debug_text), "what");

static int twice SYSCTL_HANDLER_ARGS
{
    int value = 2 * debug_level;

    return sysctl_handle_int(oidp, &value, 0, req);
}
SYSCTL_PROC(_debug, OID_AUTO, kit_twice, CTLTYPE_INT | CTLFLAG_RD, NULL, 0, twice, "I", "twice");

extern "C" void
make_values(bool is_on)
{
    struct sysctl_oid *oids[] = { &sysctl__debug_kit_level, &sysctl__debug_kit_text,
                                  &sysctl__debug_kit_twice };

    for (unsigned i = 0; i < 3; i++)
        if (is_on)
            sysctl_register_oid(oids[i]);
        else
            sysctl_unregister_oid(oids[i]);
}

/* ---- a device node: what was written last is read ---- */

static char kept[32];
static int kept_length, device_major;
static void *device_node;

static int
kept_open(dev_t, int, int, struct proc *)
{
    return 0;
}

static int
kept_read(dev_t, struct uio *uio, int)
{
    return uiomove(kept, min(kept_length, (int)uio_resid(uio)), uio);
}

static int
kept_write(dev_t, struct uio *uio, int)
{
    kept_length = min((int)sizeof(kept), (int)uio_resid(uio));
    return uiomove(kept, kept_length, uio);
}

static int
kept_ioctl(dev_t dev, u_long command, caddr_t data, int, struct proc *)
{
    if (command != _IOR('k', 1, int))
        return ENOTTY;
    *(int *)data = kept_length + 100 * minor(dev);
    return 0;
}

static struct cdevsw kept_device = { kept_open, kept_open, kept_read, kept_write, kept_ioctl,
                                     eno_stop,  eno_reset, 0,         eno_select, eno_mmap,
                                     eno_strat, eno_getc,  eno_putc,  0 };

extern "C" bool
make_device(void)
{
    device_major = cdevsw_add(-1, &kept_device);
    if (device_major == -1)
        return false;
    device_node = devfs_make_node(makedev(device_major, 3), DEVFS_CHAR, UID_ROOT, GID_WHEEL, 0666,
                                  "kept%d", 3);
    return device_node != NULL;
}

extern "C" bool
remove_device(void)
{
    devfs_remove(device_node);
    return cdevsw_remove(device_major, &kept_device) == device_major;
}

/* ---- misuse, which is found where it is made ---- */

/* The undefined behaviour sanitizer would be first. */
extern "C" __attribute__((no_sanitize("undefined"))) void
use_null_map(void)
{
    IOMemoryMap *volatile map = NULL;

    (void)map->getVirtualAddress(); /* NULL */
}

extern "C" void
use_freed_object(void)
{
    OSArray *volatile array = OSArray::withCapacity(1);

    array->release();
    (void)array->getCount(); /* freed */
}

extern "C" void
unwire_what_is_not_wired(void)
{
    IOBufferMemoryDescriptor *buffer =
        IOBufferMemoryDescriptor::withOptions(kIODirectionInOut | kIOMemoryPageable, PAGE_SIZE);
    IOMemoryMap *map = buffer->map();

    (void)map->wireRange(kIODirectionNone, 0, PAGE_SIZE); /* unwired */
}

extern "C" void
sleep_under_spin_lock(void)
{
    IOSimpleLock *lock = IOSimpleLockAlloc();

    IOSimpleLockLock(lock);
    IOSleep(1); /* sleeps */
    IOSimpleLockUnlock(lock);
    IOSimpleLockFree(lock);
}

/* A try never waits: it may be against the order of other places, and where nobody may wait. */
extern "C" int
try_against_the_order(void)
{
    IOLock *first = IOLockAlloc();
    lck_mtx_t *second = lck_mtx_alloc_init(NULL, NULL);
    lck_rw_t *third = lck_rw_alloc_init(NULL, NULL);
    IOSimpleLock *spin = IOSimpleLockAlloc();
    int tried = 0;

    IOLockLock(first);
    lck_mtx_lock(second);
    lck_rw_lock_exclusive(third);
    lck_rw_unlock_exclusive(third);
    lck_mtx_unlock(second);
    IOLockUnlock(first);

    lck_rw_lock_exclusive(third);
    tried += lck_mtx_try_lock(second);
    tried += IOLockTryLock(first);
    IOLockUnlock(first);
    lck_mtx_unlock(second);
    lck_rw_unlock_exclusive(third);

    lck_mtx_lock(second);
    tried += lck_rw_try_lock_exclusive(third);
    tried += IOLockTryLock(first);
    IOLockUnlock(first);
    lck_rw_unlock_exclusive(third);
    lck_mtx_unlock(second);

    IOSimpleLockLock(spin);
    tried += IOLockTryLock(first);
    IOLockUnlock(first);
    IOSimpleLockUnlock(spin);

    IOSimpleLockFree(spin);
    lck_rw_free(third, NULL);
    lck_mtx_free(second, NULL);
    IOLockFree(first);
    return tried;
}

extern "C" void
forget_to_release(void)
{
    (void)IOBufferMemoryDescriptor::withCapacity(PAGE_SIZE, kIODirectionInOut); /* forgotten */
}

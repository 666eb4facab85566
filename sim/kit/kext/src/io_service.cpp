/* io_service.cpp - services: started, opened, told, ended; see iokit_service.h */
#include <faultline_kext/iokit.h>

#include "host.h"
#include "seam.h"
#include "services.h"

OSDefineMetaClassAndStructors(IOService, IORegistryEntry);

bool
IOService::init(OSDictionary *dictionary)
{
    return IORegistryEntry::init(dictionary);
}

bool
IOService::init(IORegistryEntry *from, const IORegistryPlane *plane)
{
    return IORegistryEntry::init(from, plane);
}

void
IOService::free()
{
    OSSafeReleaseNULL(deviceMemory);
    forget_interest(this);
    IORegistryEntry::free();
}

IOService *
IOService::probe(IOService *, SInt32 *)
{
    return this;
}

bool
IOService::start(IOService *)
{
    return true;
}

void
IOService::stop(IOService *)
{
}

bool
IOService::attach(IOService *provider)
{
    return provider == NULL || attachToParent(provider);
}

void
IOService::detach(IOService *provider)
{
    detachFromParent(provider);
}

/* One thread changes who is open to whom, and for how long who ends may wait. */
static struct kext_mutex *arbitration = kext_mutex_create(1);

/* True without `isSuccessRequired` only of a service that goes on. */
bool
IOService::lockForArbitration(bool isSuccessRequired)
{
    kext_mutex_lock(arbitration);
    if (!isTerminated || isSuccessRequired)
        return true;
    kext_mutex_unlock(arbitration);
    return false;
}

void
IOService::unlockForArbitration()
{
    kext_mutex_unlock(arbitration);
}

bool
IOService::open(IOService *client, IOOptionBits options, void *argument)
{
    bool is_open;

    if (!lockForArbitration(false))
        return false;
    is_open = handleOpen(client, options, argument);
    unlockForArbitration();
    return is_open;
}

/* A client that has ended and had this open yet may stop now. */
void
IOService::close(IOService *client, IOOptionBits options)
{
    bool was_open;

    (void)lockForArbitration();
    was_open = handleIsOpen(client);
    if (was_open)
        handleClose(client, options);
    unlockForArbitration();
    if (was_open && client != NULL)
        client->endDeferred(options);
}

bool
IOService::isOpen(const IOService *client) const
{
    bool is_open;

    kext_mutex_lock(arbitration);
    is_open = handleIsOpen(client);
    kext_mutex_unlock(arbitration);
    return is_open;
}

/* One client at a time; who seizes it asks the other to close it. */
bool
IOService::handleOpen(IOService *client, IOOptionBits options, void *)
{
    if (openedBy != NULL && options & kIOServiceSeize)
        (void)messageClient(kIOMessageServiceIsRequestingClose, openedBy,
                            (void *)(uintptr_t)options);
    if (openedBy != NULL)
        return false;
    openedBy = client;
    return true;
}

void
IOService::handleClose(IOService *client, IOOptionBits)
{
    if (openedBy == client)
        openedBy = NULL;
}

bool
IOService::handleIsOpen(const IOService *client) const
{
    return client == NULL ? openedBy != NULL : openedBy == client;
}

IOOptionBits
IOService::getState() const
{
    return (isRegistered
                ? kIOServiceRegisteredState | kIOServiceMatchedState | kIOServiceFirstPublishState
                : 0) |
           (isInactive() ? kIOServiceInactiveState : 0);
}

bool
IOService::terminateClient(IOService *client, IOOptionBits options)
{
    return client->terminate(options);
}

/* Clients first, the last to come before the others; whoever has this open is told and closes it. */
void
IOService::terminateClients(IOOptionBits options)
{
    OSArray *clients = copyChildren();

    for (unsigned i = clients->getCount(); i-- > 0;) {
        IOService *client = (IOService *)clients->getObject(i);

        (void)client->message(kIOMessageServiceIsTerminated, this);
        (void)client->terminate(options);
    }
    clients->release();
}

/* Then the service itself, when it does not want to wait for something (didTerminate()). */
bool
IOService::terminate(IOOptionBits options)
{
    IOService *provider = getProvider();
    bool defer = false, was_terminated;

    (void)lockForArbitration(); /* who opens it now has done so, or does not get it any more */
    was_terminated = __atomic_exchange_n(&isTerminated, true, __ATOMIC_ACQ_REL);
    unlockForArbitration();
    if (was_terminated)
        return true;
    retain();
    forget_service(this);
    terminateClients(options);
    (void)lockForArbitration();
    isDeferred = true;
    unlockForArbitration();
    if (provider != NULL) {
        (void)willTerminate(provider, options);
        (void)didTerminate(provider, options, &defer);
    }
    if (!defer)
        endDeferred(options);
    release();
    return true;
}

/* Once, whoever says so. */
void
IOService::endDeferred(IOOptionBits options)
{
    bool was_deferred;

    (void)lockForArbitration();
    was_deferred = isDeferred;
    isDeferred = false;
    unlockForArbitration();
    if (was_deferred)
        (void)finalize(options);
}

bool
IOService::willTerminate(IOService *, IOOptionBits)
{
    return true;
}

/* A driver that waits for its I/O sets *defer, and calls this again without when that is done. */
bool
IOService::didTerminate(IOService *, IOOptionBits options, bool *defer)
{
    if (!*defer)
        endDeferred(options);
    return true;
}

bool
IOService::requestTerminate(IOService *, IOOptionBits)
{
    return true;
}

bool
IOService::finalize(IOOptionBits)
{
    IOService *provider = getProvider();

    stop(provider);
    detach(provider);
    return true;
}

IOReturn
IOService::message(UInt32, IOService *, void *)
{
    return kIOReturnUnsupported;
}

IOReturn
IOService::messageClient(UInt32 type, OSObject *client, void *argument, vm_size_t)
{
    IOService *service = OSDynamicCast(IOService, client);

    return service == NULL ? kIOReturnBadArgument : service->message(type, this, argument);
}

IOReturn
IOService::messageClients(UInt32 type, void *argument, vm_size_t size)
{
    OSArray *clients = copyChildren();

    for (unsigned i = 0; i < clients->getCount(); i++)
        (void)messageClient(type, clients->getObject(i), argument, size);
    clients->release();
    tell_interested(this, type, argument, size);
    return kIOReturnSuccess;
}

void
IOService::applyToClients(IOServiceApplierFunction apply, void *context)
{
    OSArray *clients = copyChildren();

    for (unsigned i = 0; i < clients->getCount(); i++)
        apply((IOService *)clients->getObject(i), context);
    clients->release();
}

void
IOService::applyToProviders(IOServiceApplierFunction apply, void *context)
{
    IOService *provider = getProvider();

    if (provider != NULL)
        apply(provider, context);
}

IOReturn
IOService::setProperties(OSObject *)
{
    return kIOReturnUnsupported;
}

IOReturn
IOService::callPlatformFunction(const OSSymbol *name, bool wait, void *a, void *b, void *c, void *d)
{
    IOService *provider = getProvider();

    return provider == NULL ? kIOReturnUnsupported
                            : provider->callPlatformFunction(name, wait, a, b, c, d);
}

IOReturn
IOService::callPlatformFunction(const char *name, bool wait, void *a, void *b, void *c, void *d)
{
    const OSSymbol *symbol = OSSymbol::withCString(name);
    IOReturn result;

    if (symbol == NULL)
        return kIOReturnNoMemory;
    result = callPlatformFunction(symbol, wait, a, b, c, d);
    symbol->release();
    return result;
}

IOService *
IOService::getProvider() const
{
    return OSDynamicCast(IOService, parent);
}

IOService *
IOService::getClient() const
{
    return OSDynamicCast(IOService, getChildEntry());
}

OSIterator *
IOService::getClientIterator() const
{
    return getChildIterator(NULL);
}

OSIterator *
IOService::getProviderIterator() const
{
    return getParentIterator(NULL);
}

/* Of those, who is open to the other. */
static OSIterator *
open_ones(OSIterator *all, const IOService *service, bool are_clients)
{
    OSArray *chosen = all == NULL ? NULL : OSArray::withCapacity(2);
    OSIterator *walk;
    IOService *other;

    if (chosen == NULL) {
        OSSafeRelease(all);
        return NULL;
    }
    while ((other = (IOService *)all->getNextObject()) != NULL)
        if (are_clients ? service->isOpen(other) : other->isOpen(service))
            chosen->setObject(other);
    all->release();
    walk = OSCollectionIterator::withCollection(chosen);
    chosen->release();
    return walk;
}

OSIterator *
IOService::getOpenClientIterator() const
{
    return open_ones(getClientIterator(), this, true);
}

OSIterator *
IOService::getOpenProviderIterator() const
{
    return open_ones(getProviderIterator(), this, false);
}

IOWorkLoop *
IOService::getWorkLoop() const
{
    IOService *provider = getProvider();

    return provider == NULL ? NULL : provider->getWorkLoop();
}

/* First the older of the two, which a driver may have; then the class that the properties name. */
IOReturn
IOService::newUserClient(task_t owner, void *security, UInt32 type, OSDictionary *properties_,
                         IOUserClient **handler)
{
    OSString *wanted;
    OSObject *made;
    IOUserClient *client;

    if (newUserClient(owner, security, type, handler) == kIOReturnSuccess)
        return kIOReturnSuccess;
    wanted = OSDynamicCast(OSString, getProperty(gIOUserClientClassKey));
    if (wanted == NULL)
        return kIOReturnUnsupported;
    made = OSMetaClass::allocClassWithName(wanted);
    client = OSDynamicCast(IOUserClient, made);
    if (client == NULL) {
        OSSafeRelease(made);
        return made == NULL ? kIOReturnNoMemory : kIOReturnUnsupported;
    }
    if (!client->initWithTask(owner, security, type, properties_)) {
        client->release();
        return kIOReturnBadArgument;
    }
    if (!client->attach(this)) {
        client->release();
        return kIOReturnUnsupported;
    }
    if (!client->start(this)) {
        client->detach(this);
        client->release();
        return kIOReturnUnsupported;
    }
    *handler = client;
    return kIOReturnSuccess;
}

IOReturn
IOService::newUserClient(task_t, void *, UInt32, IOUserClient **)
{
    return kIOReturnUnsupported;
}

void
IOService::setDeviceMemory(OSArray *array)
{
    if (array != NULL)
        array->retain();
    OSSafeRelease(deviceMemory);
    deviceMemory = array;
}

IOItemCount
IOService::getDeviceMemoryCount()
{
    return deviceMemory == NULL ? 0 : deviceMemory->getCount();
}

IOMemoryDescriptor *
IOService::getDeviceMemoryWithIndex(unsigned index)
{
    return deviceMemory == NULL ? NULL
                                : OSDynamicCast(IOMemoryDescriptor, deviceMemory->getObject(index));
}

IOMemoryMap *
IOService::mapDeviceMemoryWithIndex(unsigned index, IOOptionBits options)
{
    IOMemoryDescriptor *memory = getDeviceMemoryWithIndex(index);

    return memory == NULL ? NULL : memory->map(options);
}

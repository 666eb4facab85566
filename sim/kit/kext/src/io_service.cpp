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

bool
IOService::open(IOService *client, IOOptionBits options, void *argument)
{
    return !isTerminated && handleOpen(client, options, argument);
}

void
IOService::close(IOService *client, IOOptionBits options)
{
    if (handleIsOpen(client))
        handleClose(client, options);
}

bool
IOService::isOpen(const IOService *client) const
{
    return handleIsOpen(client);
}

bool
IOService::handleOpen(IOService *client, IOOptionBits, void *)
{
    if (openedBy != NULL && openedBy != client)
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
           (isTerminated ? kIOServiceInactiveState : 0);
}

bool
IOService::terminateClient(IOService *client, IOOptionBits options)
{
    return client->terminate(options);
}

/* One thread changes who is open to whom. */
static struct kext_mutex *arbitration = kext_mutex_create(1);

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

/* Clients first, then the service itself; whoever has it open is told and closes it. */
bool
IOService::terminate(IOOptionBits options)
{
    IOService *provider = getProvider();
    bool defer = false;

    if (isTerminated)
        return true;
    isTerminated = true;
    retain();
    forget_service(this);
    while (children->getCount() > 0) {
        unsigned before = children->getCount();
        IOService *client = (IOService *)children->getObject(before - 1);

        client->retain();
        (void)client->message(kIOMessageServiceIsTerminated, this);
        (void)client->terminate(options);
        client->release();
        if (children->getCount() == before)
            break; /* a client that stays keeps us */
    }
    if (provider != NULL) {
        (void)willTerminate(provider, options);
        (void)didTerminate(provider, options, &defer);
    }
    (void)finalize(options);
    release();
    return true;
}

bool
IOService::willTerminate(IOService *, IOOptionBits)
{
    return true;
}

bool
IOService::didTerminate(IOService *, IOOptionBits, bool *)
{
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
    for (unsigned i = 0; i < children->getCount(); i++)
        (void)messageClient(type, children->getObject(i), argument, size);
    tell_interested(this, type, argument, size);
    return kIOReturnSuccess;
}

void
IOService::applyToClients(IOServiceApplierFunction apply, void *context)
{
    for (unsigned i = 0; i < children->getCount(); i++)
        apply((IOService *)children->getObject(i), context);
}

void
IOService::applyToProviders(IOServiceApplierFunction apply, void *context)
{
    if (parent != NULL)
        apply((IOService *)parent, context);
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

IOReturn
IOService::newUserClient(task_t owner, void *security, UInt32 type, OSDictionary *,
                         IOUserClient **handler)
{
    OSString *wanted = OSDynamicCast(OSString, getProperty("IOUserClientClass"));
    IOUserClient *client;

    if (wanted == NULL)
        return kIOReturnUnsupported;
    client = OSDynamicCast(IOUserClient, OSMetaClass::allocClassWithName(wanted));
    if (client == NULL)
        return kIOReturnUnsupported;
    if (!client->initWithTask(owner, security, type, NULL) || !client->attach(this)) {
        client->release();
        return kIOReturnBadArgument;
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
IOService::newUserClient(task_t owner, void *security, UInt32 type, IOUserClient **handler)
{
    return newUserClient(owner, security, type, NULL, handler);
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

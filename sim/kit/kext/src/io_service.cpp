/* io_service.cpp - registry entries and services; see iokit.h */
#include <faultline_kext/iokit.h>

#include "host.h"
#include "seam.h"

OSDefineMetaClassAndStructors(IORegistryEntry, OSObject);
OSDefineMetaClassAndStructors(IOService, IORegistryEntry);
OSDefineMetaClassAndStructors(IONotifier, OSObject);

const IORegistryPlane *gIOServicePlane;
const OSSymbol *gIONameMatchKey = OSSymbol::withCString("IONameMatch");
const OSSymbol *gIOPublishNotification = OSSymbol::withCString("IOServicePublish");
const OSSymbol *gIOFirstPublishNotification = OSSymbol::withCString("IOServiceFirstPublish");
const OSSymbol *gIOMatchedNotification = OSSymbol::withCString("IOServiceMatched");
const OSSymbol *gIOTerminatedNotification = OSSymbol::withCString("IOServiceTerminate");
const OSSymbol *gIOGeneralInterest = OSSymbol::withCString("IOGeneralInterest");

/* ---- registry entries ---- */

bool
IORegistryEntry::init(OSDictionary *dictionary)
{
    static uint64_t last_id;

    if (!OSObject::init())
        return false;
    if (dictionary != NULL)
        dictionary->retain();
    properties = dictionary != NULL ? dictionary : OSDictionary::withCapacity(8);
    children = OSArray::withCapacity(4);
    entryID = __atomic_add_fetch(&last_id, 1, __ATOMIC_RELAXED) + 0x100000000ull;
    return properties != NULL && children != NULL;
}

void
IORegistryEntry::free()
{
    OSSafeReleaseNULL(properties);
    OSSafeReleaseNULL(children);
    OSSafeReleaseNULL(name);
    OSObject::free();
}

const char *
IORegistryEntry::getName(const IORegistryPlane *) const
{
    return name != NULL ? name->getCStringNoCopy() : getMetaClass()->getClassName();
}

const OSSymbol *
IORegistryEntry::copyName(const IORegistryPlane *) const
{
    return OSSymbol::withCString(getName());
}

void
IORegistryEntry::setName(const OSSymbol *symbol, const IORegistryPlane *)
{
    symbol->retain();
    OSSafeRelease(name);
    name = symbol;
}

void
IORegistryEntry::setName(const char *text, const IORegistryPlane *)
{
    OSSafeRelease(name);
    name = OSSymbol::withCString(text);
}

bool
IORegistryEntry::setProperty(const OSSymbol *key, OSObject *value)
{
    return properties->setObject(key, value);
}

bool
IORegistryEntry::setProperty(const OSString *key, OSObject *value)
{
    return properties->setObject(key, value);
}

bool
IORegistryEntry::setProperty(const char *key, OSObject *value)
{
    return properties->setObject(key, value);
}

/* Sets a value that was made for this and gives the reference back. */
static bool
set_fresh(IORegistryEntry *entry, const char *key, OSObject *value)
{
    bool is_set = value != NULL && entry->setProperty(key, value);

    OSSafeRelease(value);
    return is_set;
}

bool
IORegistryEntry::setProperty(const char *key, const char *text)
{
    return set_fresh(this, key, OSString::withCString(text));
}

bool
IORegistryEntry::setProperty(const char *key, bool truth)
{
    return set_fresh(this, key, OSBoolean::withBoolean(truth));
}

bool
IORegistryEntry::setProperty(const char *key, unsigned long long value, unsigned bits)
{
    return set_fresh(this, key, OSNumber::withNumber(value, bits));
}

bool
IORegistryEntry::setProperty(const char *key, void *bytes, unsigned length)
{
    return set_fresh(this, key, OSData::withBytes(bytes, length));
}

void
IORegistryEntry::removeProperty(const OSSymbol *key)
{
    properties->removeObject(key);
}

void
IORegistryEntry::removeProperty(const OSString *key)
{
    properties->removeObject(key);
}

void
IORegistryEntry::removeProperty(const char *key)
{
    properties->removeObject(key);
}

OSObject *
IORegistryEntry::getProperty(const OSSymbol *key) const
{
    return properties->getObject(key);
}

OSObject *
IORegistryEntry::getProperty(const OSString *key) const
{
    return properties->getObject(key);
}

OSObject *
IORegistryEntry::getProperty(const char *key) const
{
    return properties->getObject(key);
}

OSObject *
IORegistryEntry::getProperty(const char *key, const IORegistryPlane *, IOOptionBits) const
{
    OSObject *found = properties->getObject(key);

    return found != NULL || parent == NULL ? found : parent->getProperty(key);
}

static OSObject *
kept(OSObject *object)
{
    if (object != NULL)
        object->retain();
    return object;
}

OSObject *
IORegistryEntry::copyProperty(const OSSymbol *key) const
{
    return kept(getProperty(key));
}

OSObject *
IORegistryEntry::copyProperty(const OSString *key) const
{
    return kept(getProperty(key));
}

OSObject *
IORegistryEntry::copyProperty(const char *key) const
{
    return kept(getProperty(key));
}

OSDictionary *
IORegistryEntry::dictionaryWithProperties() const
{
    return OSDictionary::withDictionary(properties);
}

void
IORegistryEntry::setPropertyTable(OSDictionary *dictionary)
{
    dictionary->retain();
    OSSafeRelease(properties);
    properties = dictionary;
}

IORegistryEntry *
IORegistryEntry::getChildEntry(const IORegistryPlane *) const
{
    return (IORegistryEntry *)children->getObject(0);
}

/* A child keeps its parent, and the parent its child, until the child is detached. */
bool
IORegistryEntry::attachToParent(IORegistryEntry *above, const IORegistryPlane *)
{
    if (parent != NULL)
        return parent == above;
    above->retain();
    parent = above;
    return above->children->setObject(this);
}

void
IORegistryEntry::detachFromParent(IORegistryEntry *above, const IORegistryPlane *)
{
    if (parent != above || above == NULL)
        return;
    parent = NULL;
    above->children->removeObject(above->children->getNextIndexOfObject(this, 0));
    above->release();
}

OSIterator *
IORegistryEntry::getChildIterator(const IORegistryPlane *) const
{
    return OSCollectionIterator::withCollection(children);
}

/* ---- services ---- */

bool
IOService::init(OSDictionary *dictionary)
{
    return IORegistryEntry::init(dictionary);
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
IOService::messageClients(UInt32 type, void *argument, vm_size_t)
{
    for (unsigned i = 0; i < children->getCount(); i++)
        (void)((IOService *)children->getObject(i))->message(type, this, argument);
    return kIOReturnSuccess;
}

void
IOService::registerService(IOOptionBits)
{
    isRegistered = true;
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

bool
IOService::compareProperty(OSDictionary *matching, const char *key)
{
    OSObject *wanted = matching->getObject(key);
    OSObject *found = getProperty(key);

    return wanted == NULL || (found != NULL && found->isEqualTo(wanted));
}

static bool
is_source(int source)
{
    return source >= 0 && source < 8;
}

IOReturn
IOService::registerInterrupt(int source, OSObject *target, IOInterruptAction action, void *refCon)
{
    if (!is_source(source) || interrupts[source].action != NULL)
        return kIOReturnNoResources;
    interrupts[source] = Interrupt{ target, action, refCon };
    return kIOReturnSuccess;
}

IOReturn
IOService::unregisterInterrupt(int source)
{
    if (!is_source(source))
        return kIOReturnNoInterrupt;
    interrupts[source] = Interrupt{ NULL, NULL, NULL };
    return kIOReturnSuccess;
}

IOReturn
IOService::causeInterrupt(int source)
{
    if (!is_source(source) || interrupts[source].action == NULL)
        return kIOReturnNoInterrupt;
    interrupts[source].action(interrupts[source].target, interrupts[source].refCon, this, source);
    return kIOReturnSuccess;
}

void
IOService::setDeviceMemory(OSArray *array)
{
    if (array != NULL)
        array->retain();
    OSSafeRelease(deviceMemory);
    deviceMemory = array;
}

UInt32
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

const char *
IOService::stringFromReturn(IOReturn code)
{
    static char text[32];

    snprintf(text, sizeof(text), code == 0 ? "success" : "0x%x", (unsigned)code);
    return text;
}

int
IOService::errnoFromReturn(IOReturn code)
{
    switch ((unsigned)code) {
    case 0:
        return 0;
    case (unsigned)kIOReturnNoMemory:
        return ENOMEM;
    case (unsigned)kIOReturnBadArgument:
        return EINVAL;
    case (unsigned)kIOReturnBusy:
        return EBUSY;
    case (unsigned)kIOReturnNotPrivileged:
        return EACCES;
    default:
        return EIO;
    }
}

OSDictionary *
IOService::serviceMatching(const char *name, OSDictionary *table)
{
    OSString *value = OSString::withCString(name);

    if (table == NULL)
        table = OSDictionary::withCapacity(2);
    table->setObject("IOProviderClass", value);
    value->release();
    return table;
}

OSDictionary *
IOService::nameMatching(const char *name, OSDictionary *table)
{
    OSString *value = OSString::withCString(name);

    if (table == NULL)
        table = OSDictionary::withCapacity(2);
    table->setObject("IONameMatch", value);
    value->release();
    return table;
}

IONotifier *
IOService::addMatchingNotification(const OSSymbol *, OSDictionary *,
                                   IOServiceMatchingNotificationHandler, void *, void *, SInt32)
{
    return new IONotifier;
}

IONotifier *
IOService::registerInterest(const OSSymbol *, IOServiceInterestHandler, void *, void *)
{
    return new IONotifier;
}

IOService *
IOService::waitForService(OSDictionary *matching, void *)
{
    OSSafeRelease(matching);
    return NULL; /* nothing is matched here */
}

IOService *
IOService::getResourceService()
{
    static IOService *resources;

    if (resources == NULL) {
        resources = new IOService;
        (void)resources->init();
    }
    return resources;
}

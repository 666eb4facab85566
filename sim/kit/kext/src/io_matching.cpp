/*
 * io_matching.cpp - who is registered, who waits for it, who is interested; see iokit_service.h
 *
 * A service is found from its registerService() until it ends. A notifier is told of those that are
 * there when it is added, and of those that come; of one that registers anew unless it wants first ones.
 */
#include <faultline_kext/iokit.h>

#include "host.h"
#include "seam.h"
#include "services.h"

OSDefineMetaClassAndAbstractStructors(IONotifier, OSObject);

const OSSymbol *gIOPublishNotification = OSSymbol::withCString(kIOPublishNotification);
const OSSymbol *gIOFirstPublishNotification = OSSymbol::withCString(kIOFirstPublishNotification);
const OSSymbol *gIOMatchedNotification = OSSymbol::withCString(kIOMatchedNotification);
const OSSymbol *gIOFirstMatchNotification = OSSymbol::withCString(kIOFirstMatchNotification);
const OSSymbol *gIOTerminatedNotification = OSSymbol::withCString(kIOTerminatedNotification);
const OSSymbol *gIOGeneralInterest = OSSymbol::withCString(kIOGeneralInterest);
const OSSymbol *gIOBusyInterest = OSSymbol::withCString(kIOBusyInterest);
static const OSSymbol *entryIDKey = OSSymbol::withCString("IORegistryEntryID");

static struct kext_mutex *registry = kext_mutex_create(1);
static OSArray *registered = OSArray::withCapacity(8);
static OSArray *waiting = OSArray::withCapacity(8); /* every ServiceNotifier */

/* What a notifier is: a service's interest, or a wish to be told of services. */
class ServiceNotifier : public IONotifier
{
    OSDeclareDefaultStructors(ServiceNotifier);

  public:
    const OSSymbol *type;
    OSDictionary *matching; /* NULL: interest */
    IOService *of;          /* whose messages; not kept */
    IOServiceMatchingNotificationHandler handler;
    IOServiceNotificationHandler oldHandler;
    IOServiceInterestHandler interest;
    void *target, *refCon;
    bool isOff, isRemoved;

    void remove() override;
    bool disable() override;
    void enable(bool was) override;
    void free() override;
    void tell(IOService *service);
    void hear(IOService *service, UInt32 message, void *argument, vm_size_t size);
};
OSDefineMetaClassAndStructors(ServiceNotifier, IONotifier);

/* Which thread is in which notifier's handler; each entry is on its thread's stack. */
struct Telling {
    Telling *next;
    ServiceNotifier *notifier;
    void *thread;

    bool begin();
    void end();
};
static Telling *tellings;

static bool
is_told_elsewhere(const ServiceNotifier *notifier)
{
    for (Telling *at = tellings; at != NULL; at = at->next)
        if (at->notifier == notifier && at->thread != kext_thread_self())
            return true;
    return false;
}

void
ServiceNotifier::free()
{
    OSSafeReleaseNULL(matching);
    IONotifier::free();
}

/* When it is back its handler does not run any more, but for the caller itself. */
void
ServiceNotifier::remove()
{
    kext_mutex_lock(registry);
    isRemoved = true;
    waiting->removeObject(waiting->getNextIndexOfObject(this, 0));
    while (is_told_elsewhere(this))
        (void)kext_sleep(registry, &tellings, 0);
    kext_mutex_unlock(registry);
    release();
}

bool
ServiceNotifier::disable()
{
    bool was;

    kext_mutex_lock(registry);
    was = !isOff;
    isOff = true;
    kext_mutex_unlock(registry);
    return was;
}

void
ServiceNotifier::enable(bool was)
{
    kext_mutex_lock(registry);
    isOff = !was;
    kext_mutex_unlock(registry);
}

/* Around a handler's call; only when it may be called. */
bool
Telling::begin()
{
    bool may_be;

    kext_mutex_lock(registry);
    may_be = !notifier->isOff && !notifier->isRemoved;
    if (may_be) {
        next = tellings;
        tellings = this;
    }
    kext_mutex_unlock(registry);
    return may_be;
}

void
Telling::end()
{
    Telling **at = &tellings;

    kext_mutex_lock(registry);
    while (*at != this)
        at = &(*at)->next;
    *at = next;
    (void)kext_wakeup(&tellings, 0);
    kext_mutex_unlock(registry);
}

void
ServiceNotifier::tell(IOService *service)
{
    Telling telling = { NULL, this, kext_thread_self() };

    if (!telling.begin())
        return;
    if (handler != NULL)
        (void)handler(target, refCon, service, this);
    else if (oldHandler != NULL)
        (void)oldHandler(target, refCon, service);
    telling.end();
}

void
ServiceNotifier::hear(IOService *service, UInt32 message, void *argument, vm_size_t size)
{
    Telling telling = { NULL, this, kext_thread_self() };

    if (!telling.begin())
        return;
    (void)interest(target, refCon, message, service, argument, size);
    telling.end();
}

static ServiceNotifier *
notifier(const OSSymbol *type, void *target, void *refCon)
{
    Kernel kernel;
    ServiceNotifier *made = new ServiceNotifier;

    made->type = type;
    made->target = target;
    made->refCon = refCon;
    return made;
}

static void
start_waiting(ServiceNotifier *made)
{
    kext_mutex_lock(registry);
    waiting->setObject(made);
    kext_mutex_unlock(registry);
}

/* ---- what a dictionary means ---- */

bool
IOService::compareProperty(OSDictionary *table, const char *key)
{
    OSObject *wanted = table->getObject(key);
    OSObject *found = getProperty(key);

    return wanted == NULL || (found != NULL && found->isEqualTo(wanted));
}

bool
IOService::compareProperty(OSDictionary *table, const OSString *key)
{
    return compareProperty(table, key->getCStringNoCopy());
}

bool
IOService::compareProperties(OSDictionary *table, OSCollection *keys)
{
    bool is_same = true;

    for (unsigned i = 0; is_same && i < keys->getCount(); i++)
        is_same = compareProperty(table, (OSString *)keys->objectAt(i));
    return is_same;
}

bool
IOService::matchPropertyTable(OSDictionary *)
{
    return true;
}

bool
IOService::matchPropertyTable(OSDictionary *table, SInt32 *)
{
    return matchPropertyTable(table);
}

/* Each of these keys must hold where it is there; others are for matchPropertyTable(). */
bool
IOService::matches(OSDictionary *table)
{
    OSString *wanted = OSDynamicCast(OSString, table->getObject(gIOProviderClassKey));
    OSObject *names = table->getObject(gIONameMatchKey);
    OSDictionary *wish = OSDynamicCast(OSDictionary, table->getObject(gIOPropertyMatchKey));
    OSString *resource = OSDynamicCast(OSString, table->getObject(gIOResourceMatchKey));
    OSNumber *id = OSDynamicCast(OSNumber, table->getObject(entryIDKey));
    SInt32 score = 0;

    return (wanted == NULL || metaCast(wanted) != NULL) && (names == NULL || compareNames(names)) &&
           (wish == NULL || compareProperties(wish, wish)) &&
           (resource == NULL || getProperty(resource) != NULL) &&
           (id == NULL || id->unsigned64BitValue() == getRegistryEntryID()) &&
           matchPropertyTable(table, &score);
}

/* A dictionary with one key more; a new one without one. */
static OSDictionary *
with(OSDictionary *table, const OSSymbol *key, const OSObject *value)
{
    if (table == NULL)
        table = OSDictionary::withCapacity(2);
    if (table != NULL)
        table->setObject(key, value);
    return table;
}

static OSDictionary *
with_text(OSDictionary *table, const OSSymbol *key, const char *text)
{
    OSString *value = OSString::withCString(text);

    if (value == NULL)
        return NULL;
    table = with(table, key, value);
    value->release();
    return table;
}

#define MATCHING(what, key)                                                            \
    OSDictionary *IOService::what##Matching(const char *name, OSDictionary *table)     \
    {                                                                                  \
        return with_text(table, key, name);                                            \
    }                                                                                  \
    OSDictionary *IOService::what##Matching(const OSString *name, OSDictionary *table) \
    {                                                                                  \
        return with(table, key, name);                                                 \
    }

MATCHING(service, gIOProviderClassKey)
MATCHING(name, gIONameMatchKey)

/* A table of the kit's own is given back when there was no memory for the rest. */
static OSDictionary *
of_resources(OSDictionary *table, OSDictionary *all)
{
    if (all == NULL)
        OSSafeRelease(table);
    return all;
}

OSDictionary *
IOService::resourceMatching(const char *name, OSDictionary *table)
{
    OSDictionary *of = serviceMatching(kIOResourcesClass, table);

    if (of == NULL)
        return NULL;
    return of_resources(table == NULL ? of : NULL, with_text(of, gIOResourceMatchKey, name));
}

OSDictionary *
IOService::resourceMatching(const OSString *name, OSDictionary *table)
{
    return resourceMatching(name->getCStringNoCopy(), table);
}

OSDictionary *
IOService::propertyMatching(const OSSymbol *key, const OSObject *value, OSDictionary *table)
{
    OSDictionary *wish = with(NULL, key, value);

    if (wish == NULL)
        return NULL;
    table = with(table, gIOPropertyMatchKey, wish);
    wish->release();
    return table;
}

OSDictionary *
IOService::registryEntryIDMatching(uint64_t id, OSDictionary *table)
{
    OSNumber *value = OSNumber::withNumber(id, 64);

    if (value == NULL)
        return NULL;
    table = with(table, entryIDKey, value);
    value->release();
    return table;
}

/* ---- finding ---- */

static OSArray *
matching_ones(OSDictionary *table)
{
    Kernel kernel;
    OSArray *found = OSArray::withCapacity(4);

    (void)IOService::getResourceService();
    kext_mutex_lock(registry);
    for (unsigned i = 0; i < registered->getCount(); i++)
        if (((IOService *)registered->getObject(i))->matches(table))
            found->setObject(registered->getObject(i));
    kext_mutex_unlock(registry);
    return found;
}

OSIterator *
IOService::getMatchingServices(OSDictionary *table)
{
    OSArray *found = matching_ones(table);
    OSIterator *walk = OSCollectionIterator::withCollection(found);

    found->release();
    return walk;
}

IOService *
IOService::copyMatchingService(OSDictionary *table)
{
    OSArray *found = matching_ones(table);
    IOService *first = (IOService *)found->getObject(0);

    if (first != NULL)
        first->retain();
    found->release();
    return first;
}

IOService *
IOService::waitForMatchingService(OSDictionary *table, uint64_t timeout)
{
    uint64_t now = kext_now();
    uint64_t deadline = timeout > UINT64_MAX - now ? 0 : now + timeout;
    IOService *found;

    seam_may_block();
    while ((found = copyMatchingService(table)) == NULL) {
        kext_assert_wait(&registered, deadline);
        if ((found = copyMatchingService(table)) != NULL) { /* it came meanwhile */
            kext_clear_wait();
            break;
        }
        if (kext_block())
            return NULL;
    }
    return found;
}

IOService *
IOService::waitForService(OSDictionary *table, mach_timespec_t *timeout)
{
    uint64_t time =
        timeout == NULL ? UINT64_MAX : timeout->tv_sec * NSEC_PER_SEC + (uint64_t)timeout->tv_nsec;
    IOService *found = waitForMatchingService(table, time);

    table->release();
    if (found != NULL)
        found->release(); /* borrowed, as the registry has it */
    return found;
}

/* ---- telling ---- */

/* Who waits now: a handler may change the list. */
static OSArray *
copy_waiting()
{
    Kernel kernel;
    OSArray *copy;

    kext_mutex_lock(registry);
    copy = OSArray::withArray(waiting);
    kext_mutex_unlock(registry);
    return copy;
}

enum event { COMES_FIRST, COMES_AGAIN, ENDS };

static bool
is_for(const OSSymbol *type, enum event event)
{
    if (type == gIOTerminatedNotification || event == ENDS)
        return type == gIOTerminatedNotification && event == ENDS;
    return event == COMES_FIRST ||
           (type != gIOFirstPublishNotification && type != gIOFirstMatchNotification);
}

static void
tell(OSArray *told, IOService *service, enum event event)
{
    for (unsigned i = 0; i < told->getCount(); i++) {
        ServiceNotifier *each = (ServiceNotifier *)told->getObject(i);

        if (each->matching != NULL && is_for(each->type, event) && service->matches(each->matching))
            each->tell(service);
    }
    told->release();
}

void
IOService::registerService(IOOptionBits)
{
    OSArray *told = NULL;
    enum event event;

    kext_mutex_lock(registry);
    event = isRegistered ? COMES_AGAIN : COMES_FIRST;
    if (!isTerminated) {
        if (!isRegistered)
            registered->setObject(this);
        isRegistered = true;
        told = copy_waiting();
    }
    kext_mutex_unlock(registry);
    if (told == NULL)
        return;
    tell(told, this, event);
    (void)kext_wakeup(&registered, 0);
}

void
forget_service(IOService *service)
{
    OSArray *told = NULL;
    unsigned at;

    kext_mutex_lock(registry);
    at = registered->getNextIndexOfObject(service, 0);
    service->retain();
    registered->removeObject(at);
    if (at != ~0u)
        told = copy_waiting();
    kext_mutex_unlock(registry);
    if (told != NULL)
        tell(told, service, ENDS);
    service->release();
}

void
forget_interest(IOService *service)
{
    kext_mutex_lock(registry);
    for (unsigned i = 0; i < waiting->getCount(); i++) {
        ServiceNotifier *each = (ServiceNotifier *)waiting->getObject(i);

        if (each->of == service)
            each->of = NULL;
    }
    kext_mutex_unlock(registry);
}

void
tell_interested(IOService *service, UInt32 type, void *argument, vm_size_t size)
{
    OSArray *told = copy_waiting();

    for (unsigned i = 0; i < told->getCount(); i++) {
        ServiceNotifier *each = (ServiceNotifier *)told->getObject(i);

        if (each->of == service && each->interest != NULL)
            each->hear(service, type, argument, size);
    }
    told->release();
}

/* Of those that are there already it is told now; a service that comes meanwhile is in one of both. */
static IONotifier *
added(ServiceNotifier *made, OSDictionary *table)
{
    OSArray *there = NULL;

    made->matching = table;
    kext_mutex_lock(registry);
    if (made->type != gIOTerminatedNotification)
        there = matching_ones(table);
    start_waiting(made);
    kext_mutex_unlock(registry);
    for (unsigned i = 0; there != NULL && i < there->getCount(); i++)
        made->tell((IOService *)there->getObject(i));
    OSSafeRelease(there);
    return made;
}

IONotifier *
IOService::addMatchingNotification(const OSSymbol *type, OSDictionary *table,
                                   IOServiceMatchingNotificationHandler handler, void *target,
                                   void *refCon, SInt32)
{
    ServiceNotifier *made = notifier(type, target, refCon);

    made->handler = handler;
    table->retain(); /* this call leaves the caller's reference alone */
    return added(made, table);
}

IONotifier *
IOService::addNotification(const OSSymbol *type, OSDictionary *table,
                           IOServiceNotificationHandler handler, void *target, void *refCon, SInt32)
{
    ServiceNotifier *made = notifier(type, target, refCon);

    made->oldHandler = handler;
    return added(made, table); /* this one takes it */
}

static IONotifier *
interested(IOService *service, const OSSymbol *type, IOServiceInterestHandler handler, void *target,
           void *refCon)
{
    ServiceNotifier *made = notifier(type, target, refCon);

    made->interest = handler;
    made->of = service;
    start_waiting(made);
    return made;
}

IONotifier *
IOService::registerInterest(const OSSymbol *type, IOServiceInterestHandler handler, void *target,
                            void *refCon)
{
    return isInactive() ? NULL : interested(this, type, handler, target, refCon);
}

IONotifier *
registerSleepWakeInterest(IOServiceInterestHandler handler, void *target, void *refCon)
{
    return interested(IOService::getPMRootDomain(), gIOGeneralInterest, handler, target, refCon);
}

IONotifier *
registerPrioritySleepWakeInterest(IOServiceInterestHandler handler, void *target, void *refCon)
{
    return registerSleepWakeInterest(handler, target, refCon);
}

/* ---- resources ---- */

/* What every driver may hang on, and whose properties are the resources. BSD is there from the first. */
class IOResources : public IOService
{
    OSDeclareDefaultStructors(IOResources);
};
OSDefineMetaClassAndStructors(IOResources, IOService);

IOService *
IOService::getResourceService()
{
    static IOService *resources;

    kext_mutex_lock(registry);
    if (resources == NULL) {
        Kernel kernel;

        resources = new IOResources;
        (void)resources->init();
        resources->setName(kIOResourcesClass);
        resources->setProperty("IOBSD", true);
        resources->registerService();
    }
    kext_mutex_unlock(registry);
    return resources;
}

/* Who waits for it looks again. */
void
IOService::publishResource(const char *key, OSObject *value)
{
    getResourceService()->setProperty(key, value != NULL ? value : (OSObject *)kOSBooleanTrue);
    getResourceService()->registerService();
}

void
IOService::publishResource(const OSSymbol *key, OSObject *value)
{
    publishResource(key->getCStringNoCopy(), value);
}

/*
 * services.cpp - services as drivers know them: found, started, opened, told and ended; each check gives
 * NULL or what did not hold
 */
#include <IOKit/IOLib.h>
#include <IOKit/IOService.h>
#include <IOKit/IOUserClient.h>
#include <kern/thread_call.h>

#define HOLDS(condition)       \
    do {                       \
        if (!(condition))      \
            return #condition; \
    } while (0)

/* ---- loading: who probes may name another, and is detached meanwhile ---- */

class test_Prober : public IOService
{
    OSDeclareDefaultStructors(test_Prober);

  public:
    static test_Prober *better, *started;
    static int attached;
    bool init(OSDictionary *personality) override;
    IOService *probe(IOService *, SInt32 *) override;
    bool attach(IOService *provider) override;
    void detach(IOService *provider) override;
    bool start(IOService *provider) override;
};
OSDefineMetaClassAndStructors(test_Prober, IOService);
test_Prober *test_Prober::better, *test_Prober::started;
int test_Prober::attached;

bool
test_Prober::init(OSDictionary *personality)
{
    return IOService::init(personality) && personality != NULL &&
           OSDynamicCast(OSString, personality->getObject("IOClass")) != NULL;
}

IOService *
test_Prober::probe(IOService *, SInt32 *)
{
    better = new test_Prober;
    (void)better->init(getPropertyTable());
    return better;
}

bool
test_Prober::attach(IOService *provider)
{
    attached++;
    return IOService::attach(provider);
}

void
test_Prober::detach(IOService *provider)
{
    attached--;
    IOService::detach(provider);
}

bool
test_Prober::start(IOService *provider)
{
    started = this;
    return IOService::start(provider);
}

/* After faultline_load("test_Prober"). */
extern "C" const char *
check_prober(void)
{
    HOLDS(test_Prober::better != NULL && test_Prober::started == test_Prober::better);
    HOLDS(test_Prober::attached == 1 && test_Prober::better->getProvider() != NULL);
    return NULL;
}

/* ---- a client made by the older of the two newUserClient() ---- */

class test_OlderClient : public IOUserClient
{
    OSDeclareDefaultStructors(test_OlderClient);

  public:
    IOReturn
    clientClose() override
    {
        return terminate() ? kIOReturnSuccess : kIOReturnError;
    }
};
OSDefineMetaClassAndStructors(test_OlderClient, IOUserClient);

class test_Older : public IOService
{
    OSDeclareDefaultStructors(test_Older);

  public:
    IOReturn newUserClient(task_t, void *, UInt32 type, IOUserClient **handler) override;
    using IOService::newUserClient;
};
OSDefineMetaClassAndStructors(test_Older, IOService);

IOReturn
test_Older::newUserClient(task_t owner, void *security, UInt32 type, IOUserClient **handler)
{
    test_OlderClient *client = new test_OlderClient;

    if (type != 7 || !client->initWithTask(owner, security, type) || !client->attach(this)) {
        client->release();
        return kIOReturnNotPermitted;
    }
    *handler = client;
    return kIOReturnSuccess;
}

/* ---- opening ---- */

class test_Polite : public IOService
{
    OSDeclareDefaultStructors(test_Polite);

  public:
    bool isPolite;
    IOReturn message(UInt32 type, IOService *provider, void *argument) override;
};
OSDefineMetaClassAndStructors(test_Polite, IOService);

IOReturn
test_Polite::message(UInt32 type, IOService *provider, void *)
{
    if (type != kIOMessageServiceIsRequestingClose || !isPolite)
        return kIOReturnUnsupported;
    provider->close(this);
    return kIOReturnSuccess;
}

extern "C" const char *
check_opening(void)
{
    IOService *device = new IOService;
    test_Polite *first = new test_Polite, *second = new test_Polite;

    HOLDS(device->init((OSDictionary *)NULL) && first->init((OSDictionary *)NULL) &&
          second->init((OSDictionary *)NULL));
    HOLDS(device->open(first) && device->isOpen(first) && !device->isOpen(second));
    HOLDS(!device->open(first)); /* once is once */
    HOLDS(!device->open(second) && !device->open(second, kIOServiceSeize));
    first->isPolite = true;
    HOLDS(device->open(second, kIOServiceSeize) && device->isOpen(second));
    device->close(first);
    HOLDS(device->isOpen(second));
    device->close(second);
    HOLDS(!device->isOpen());
    device->release();
    first->release();
    second->release();
    return NULL;
}

/* ---- the registry ---- */

class test_Watched : public IOService
{
    OSDeclareDefaultStructors(test_Watched);

  public:
    unsigned sets;
    bool setProperty(const OSSymbol *key, OSObject *value) override;
    using IOService::setProperty;
};
OSDefineMetaClassAndStructors(test_Watched, IOService);

bool
test_Watched::setProperty(const OSSymbol *key, OSObject *value)
{
    sets++;
    return IOService::setProperty(key, value);
}

enum { ROUNDS = 500, CHILDREN = 3 };
static int setters_done;

static void
set_many(void *context, wait_result_t)
{
    IOService *service = (IOService *)context;
    char key[16];

    for (unsigned i = 0; i < ROUNDS; i++) {
        snprintf(key, sizeof(key), "key%u", i % 50);
        service->setProperty(key, (unsigned long long)i, 32);
        if (i % 7 == 0)
            service->removeProperty(key);
    }
    (void)__atomic_fetch_add(&setters_done, 1, __ATOMIC_ACQ_REL);
    thread_terminate(current_thread());
}

extern "C" const char *
check_registry(void)
{
    test_Watched *service = new test_Watched;
    IOService *parts[CHILDREN], *part;
    OSIterator *walk;
    OSObject *value;
    unsigned seen = 0;
    thread_t thread;

    HOLDS(service->init((OSDictionary *)NULL));
    HOLDS(service->setProperty("text", "a") && service->setProperty("is", true) &&
          service->setProperty("number", 1ull, 32));
    HOLDS(service->sets == 3); /* each is set by the one with a symbol */
    HOLDS(kernel_thread_start(set_many, service, &thread) == KERN_SUCCESS);
    thread_deallocate(thread);
    for (unsigned i = 0; i < ROUNDS; i++)
        if ((value = service->copyProperty("key1")) != NULL)
            value->release();
    while (__atomic_load_n(&setters_done, __ATOMIC_ACQUIRE) == 0)
        IOSleep(1);
    for (unsigned i = 0; i < CHILDREN; i++) {
        parts[i] = new IOService;
        HOLDS(parts[i]->init((OSDictionary *)NULL) && parts[i]->attach(service));
    }
    walk = service->getClientIterator(); /* who is there now, whatever comes of them */
    for (; (part = (IOService *)walk->getNextObject()) != NULL; seen++)
        part->detach(service);
    HOLDS(seen == CHILDREN && service->getClient() == NULL);
    walk->release();
    for (unsigned i = 0; i < CHILDREN; i++)
        parts[i]->release();
    service->release();
    return NULL;
}

/* ---- waiting and being told ---- */

static IONotifier *other_notifier;
static unsigned told_first, told_each, told_removed;

static bool
remove_other(void *, void *count, IOService *, IONotifier *)
{
    ++*(unsigned *)count;
    if (other_notifier != NULL)
        other_notifier->remove();
    other_notifier = NULL;
    return true;
}

static bool
count_it(void *, void *count, IOService *, IONotifier *)
{
    ++*(unsigned *)count;
    return true;
}

static IOReturn
hear(void *, void *count, UInt32, IOService *, void *, vm_size_t)
{
    ++*(unsigned *)count;
    return kIOReturnSuccess;
}

static void
publish_later(void *, void *)
{
    IOService::publishResource("test_Resource");
}

extern "C" const char *
check_telling(void)
{
    mach_timespec_t long_enough = { 60, 0 };
    OSDictionary *wish = IOService::nameMatching("told");
    IOService *service = new IOService;
    IONotifier *first, *each, *interest;
    thread_call_t later = thread_call_allocate(publish_later, NULL);
    unsigned heard = 0;

    HOLDS(IOService::waitForService(IOService::resourceMatching("IOBSD")) ==
          IOService::getResourceService());
    (void)thread_call_enter(later);
    HOLDS(IOService::waitForService(IOService::resourceMatching("test_Resource"), &long_enough));
    HOLDS(service->init((OSDictionary *)NULL));
    service->setName("told");
    first = IOService::addMatchingNotification(gIOFirstPublishNotification, wish, remove_other,
                                               NULL, &told_first);
    each = IOService::addMatchingNotification(gIOPublishNotification, wish, count_it, NULL,
                                              &told_each);
    other_notifier = IOService::addMatchingNotification(gIOPublishNotification, wish, count_it,
                                                        NULL, &told_removed);
    service->registerService();
    HOLDS(told_first == 1 && told_each == 1 && told_removed == 0);
    service->registerService(); /* anew: published, but not for the first time */
    HOLDS(told_first == 1 && told_each == 2);
    first->remove();
    each->remove();
    interest = service->registerInterest(gIOGeneralInterest, hear, NULL, &heard);
    service->messageClients(kIOMessageServiceWasClosed);
    HOLDS(heard == 1 && service->terminate());
    service->release();
    interest->remove();
    wish->release();
    HOLDS(thread_call_cancel_wait(later) == FALSE && thread_call_free(later));
    return NULL;
}

/* ---- ending: a client that has something to do yet says so ---- */

class test_Slow : public IOService
{
    OSDeclareDefaultStructors(test_Slow);

  public:
    static unsigned stopped;
    bool isBusy;
    bool didTerminate(IOService *provider, IOOptionBits options, bool *defer) override;
    void stop(IOService *provider) override;
};
OSDefineMetaClassAndStructors(test_Slow, IOService);
unsigned test_Slow::stopped;

bool
test_Slow::didTerminate(IOService *provider, IOOptionBits options, bool *defer)
{
    *defer = isBusy;
    return IOService::didTerminate(provider, options, defer);
}

void
test_Slow::stop(IOService *provider)
{
    stopped++;
    IOService::stop(provider);
}

extern "C" const char *
check_deferring(void)
{
    IOService *device = new IOService;
    test_Slow *slow = new test_Slow, *closes = new test_Slow;
    bool defer = false;

    HOLDS(device->init((OSDictionary *)NULL) && slow->init((OSDictionary *)NULL) &&
          closes->init((OSDictionary *)NULL));
    HOLDS(slow->attach(device) && closes->attach(device) && device->open(closes));
    slow->isBusy = closes->isBusy = true;
    HOLDS(device->terminate() && slow->isInactive() && closes->isInactive());
    HOLDS(test_Slow::stopped == 0 && slow->getProvider() == device);
    slow->isBusy = false;
    HOLDS(slow->didTerminate(device, 0, &defer) && test_Slow::stopped == 1);
    HOLDS(slow->getProvider() == NULL && closes->getProvider() == device);
    device->close(closes);
    HOLDS(test_Slow::stopped == 2 && closes->getProvider() == NULL);
    device->release();
    slow->release();
    closes->release();
    return NULL;
}

/* ---- interrupts that come while others turn them on and off ---- */

static unsigned interrupts_seen;
static int device_done;

static void
see_interrupt(OSObject *, void *, IOService *nub, int source)
{
    (void)__atomic_fetch_add(&interrupts_seen, 1, __ATOMIC_ACQ_REL);
    nub->disableInterrupt(source);
}

static void
be_the_device(void *context, wait_result_t)
{
    for (unsigned i = 0; i < ROUNDS; i++)
        ((IOService *)context)->causeInterrupt(0);
    __atomic_store_n(&device_done, 1, __ATOMIC_RELEASE);
    thread_terminate(current_thread());
}

extern "C" const char *
check_interrupts(void)
{
    IOService *nub = new IOService;
    thread_t thread;
    unsigned before;

    HOLDS(nub->init((OSDictionary *)NULL));
    HOLDS(nub->registerInterrupt(0, nub, see_interrupt) == kIOReturnSuccess);
    HOLDS(kernel_thread_start(be_the_device, nub, &thread) == KERN_SUCCESS);
    thread_deallocate(thread);
    while (!__atomic_load_n(&device_done, __ATOMIC_ACQUIRE))
        nub->enableInterrupt(0);
    nub->enableInterrupt(0);
    nub->disableInterrupt(0);
    before = __atomic_load_n(&interrupts_seen, __ATOMIC_ACQUIRE);
    HOLDS(before > 0 && nub->causeInterrupt(0) == kIOReturnSuccess);
    HOLDS(__atomic_load_n(&interrupts_seen, __ATOMIC_ACQUIRE) == before); /* it waits */
    nub->enableInterrupt(0);
    HOLDS(__atomic_load_n(&interrupts_seen, __ATOMIC_ACQUIRE) == before + 1);
    HOLDS(nub->unregisterInterrupt(0) == kIOReturnSuccess);
    nub->release();
    return NULL;
}

/*
 * Summer.cpp - a driver with one method: it adds up the bytes of a buffer under its spin lock
 *
 * Large input comes as a descriptor. prepare() keeps its pages in memory, the mapping gives them an
 * address, and neither makes a translation: the first byte that is read under the lock is a page fault
 * where none may be taken (rdar://25140509). -DSUMMER_WIRES is the cure;
 * -DSUMMER_HURRIES leaves out what is done when memory is short.
 */
#include <IOKit/IOLib.h>
#include <IOKit/IOLocks.h>
#include <IOKit/IOMemoryDescriptor.h>
#include <IOKit/IOService.h>
#include <IOKit/IOUserClient.h>

class com_example_Summer : public IOService
{
    OSDeclareDefaultStructors(com_example_Summer);

  public:
    bool start(IOService *provider) override;
    IOReturn newUserClient(task_t owner, void *security, UInt32 type, OSDictionary *properties,
                           IOUserClient **handler) override;
};

class com_example_SummerClient : public IOUserClient
{
    OSDeclareDefaultStructors(com_example_SummerClient);

  private:
    IOSimpleLock *lock;
    UInt64 total;

    static IOReturn sMethod(OSObject *target, void *reference, IOExternalMethodArguments *args);
    IOReturn sum(IOMemoryDescriptor *input);
    void addBytes(const UInt8 *bytes, IOByteCount length);

  public:
    bool initWithTask(task_t owner, void *security, UInt32 type) override;
    void free() override;
    IOReturn clientClose() override;
    IOReturn externalMethod(uint32_t selector, IOExternalMethodArguments *args,
                            IOExternalMethodDispatch *dispatch, OSObject *target,
                            void *reference) override;
};

OSDefineMetaClassAndStructors(com_example_Summer, IOService);
OSDefineMetaClassAndStructors(com_example_SummerClient, IOUserClient);

bool
com_example_Summer::start(IOService *provider)
{
    if (!IOService::start(provider))
        return false;
    registerService();
    return true;
}

IOReturn
com_example_Summer::newUserClient(task_t owner, void *security, UInt32 type, OSDictionary *,
                                  IOUserClient **handler)
{
    com_example_SummerClient *client = new com_example_SummerClient;

#ifndef SUMMER_HURRIES
    if (client == NULL)
        return kIOReturnNoMemory;
#endif
    if (!client->initWithTask(owner, security, type) || !client->attach(this)) {
        client->release();
        return kIOReturnError;
    }
    if (!client->start(this)) {
        client->detach(this);
        client->release();
        return kIOReturnError;
    }
    *handler = client;
    return kIOReturnSuccess;
}

bool
com_example_SummerClient::initWithTask(task_t owner, void *security, UInt32 type)
{
    if (!IOUserClient::initWithTask(owner, security, type))
        return false;
    lock = IOSimpleLockAlloc();
    return lock != NULL;
}

void
com_example_SummerClient::free()
{
    if (lock != NULL)
        IOSimpleLockFree(lock);
    IOUserClient::free();
}

IOReturn
com_example_SummerClient::clientClose()
{
    terminate();
    return kIOReturnSuccess;
}

void
com_example_SummerClient::addBytes(const UInt8 *bytes, IOByteCount length)
{
    IOSimpleLockLock(lock);
    for (IOByteCount i = 0; i < length; i++)
        total += bytes[i]; /* the fault */
    IOSimpleLockUnlock(lock);
}

IOReturn
com_example_SummerClient::sum(IOMemoryDescriptor *input)
{
    IOReturn status = input->prepare();
    IOMemoryMap *map;

    if (status != kIOReturnSuccess)
        return status;
    map = input->createMappingInTask(kernel_task, 0, kIOMapAnywhere | kIOMapReadOnly);
#ifndef SUMMER_HURRIES
    if (map == NULL) {
        input->complete();
        return kIOReturnVMError;
    }
#endif
#ifdef SUMMER_WIRES
    status = map->wireRange(kIODirectionIn, 0, map->getLength());
#endif
    if (status == kIOReturnSuccess)
        addBytes((const UInt8 *)map->getVirtualAddress(), map->getLength());
#ifdef SUMMER_WIRES
    if (status == kIOReturnSuccess)
        map->wireRange(kIODirectionNone, 0, map->getLength());
#endif
    map->release();
    input->complete();
    return status;
}

IOReturn
com_example_SummerClient::sMethod(OSObject *target, void *, IOExternalMethodArguments *args)
{
    com_example_SummerClient *client = OSDynamicCast(com_example_SummerClient, target);
    IOReturn status = kIOReturnSuccess;

    client->total = 0;
    if (args->structureInputDescriptor != NULL)
        status = client->sum(args->structureInputDescriptor);
    else
        client->addBytes((const UInt8 *)args->structureInput, args->structureInputSize);
    args->scalarOutput[0] = client->total;
    return status;
}

IOReturn
com_example_SummerClient::externalMethod(uint32_t selector, IOExternalMethodArguments *args,
                                         IOExternalMethodDispatch *, OSObject *, void *)
{
    static IOExternalMethodDispatch methods[] = {
        { sMethod, 0, kIOUCVariableStructureSize, 1, 0 },
    };

    if (selector >= sizeof(methods) / sizeof(methods[0]))
        return kIOReturnBadArgument;
    return IOUserClient::externalMethod(selector, args, &methods[selector], this, NULL);
}

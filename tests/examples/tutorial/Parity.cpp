/* Parity.cpp - the driver: its one method folds a program's buffer under the spin lock that its interrupt takes */
#include <IOKit/IOLib.h>
#include <IOKit/IOLocks.h>
#include <IOKit/IOMemoryDescriptor.h>
#include <IOKit/IOService.h>
#include <IOKit/IOUserClient.h>

#include "fold.h"

class com_example_Parity : public IOService
{
    OSDeclareDefaultStructors(com_example_Parity);

  public:
    IOReturn newUserClient(task_t owner, void *security, UInt32 type, OSDictionary *properties,
                           IOUserClient **handler) override;
};

class com_example_ParityClient : public IOUserClient
{
    OSDeclareDefaultStructors(com_example_ParityClient);

  private:
    IOSimpleLock *lock;

    static IOReturn sFold(OSObject *target, void *reference, IOExternalMethodArguments *arguments);
    IOReturn foldDescriptor(IOMemoryDescriptor *input, UInt64 *parity);

  public:
    bool start(IOService *provider) override;
    void free() override;
    IOReturn clientClose() override;
    IOReturn externalMethod(uint32_t selector, IOExternalMethodArguments *arguments,
                            IOExternalMethodDispatch *dispatch, OSObject *target,
                            void *reference) override;
};

OSDefineMetaClassAndStructors(com_example_Parity, IOService);
OSDefineMetaClassAndStructors(com_example_ParityClient, IOUserClient);

IOReturn
com_example_Parity::newUserClient(task_t owner, void *security, UInt32 type,
                                  OSDictionary *properties, IOUserClient **handler)
{
    com_example_ParityClient *client = new com_example_ParityClient;

    if (client == NULL)
        return kIOReturnNoMemory;
    if (!client->initWithTask(owner, security, type, properties) || !client->attach(this)) {
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
com_example_ParityClient::start(IOService *provider)
{
    lock = IOSimpleLockAlloc();
    return lock != NULL && IOUserClient::start(provider);
}

void
com_example_ParityClient::free()
{
    if (lock != NULL)
        IOSimpleLockFree(lock);
    IOUserClient::free();
}

IOReturn
com_example_ParityClient::clientClose()
{
    terminate();
    return kIOReturnSuccess;
}

IOReturn
com_example_ParityClient::foldDescriptor(IOMemoryDescriptor *input, UInt64 *parity)
{
    IOReturn status = input->prepare();
    IOMemoryMap *map;

    if (status != kIOReturnSuccess)
        return status;
    map = input->map(kIOMapReadOnly);
    if (map == NULL) {
        input->complete();
        return kIOReturnVMError;
    }
    if (status == kIOReturnSuccess) {
        IOSimpleLockLock(lock);
        *parity = fold((const UInt8 *)map->getVirtualAddress(), map->getLength());
        IOSimpleLockUnlock(lock);
    }
    map->release();
    input->complete();
    return status;
}

IOReturn
com_example_ParityClient::sFold(OSObject *target, void *, IOExternalMethodArguments *arguments)
{
    com_example_ParityClient *client = (com_example_ParityClient *)target;

    if (arguments->structureInputDescriptor != NULL)
        return client->foldDescriptor(arguments->structureInputDescriptor,
                                      &arguments->scalarOutput[0]);
    arguments->scalarOutput[0] =
        fold((const UInt8 *)arguments->structureInput, arguments->structureInputSize);
    return kIOReturnSuccess;
}

IOReturn
com_example_ParityClient::externalMethod(uint32_t selector, IOExternalMethodArguments *arguments,
                                         IOExternalMethodDispatch *, OSObject *, void *)
{
    static IOExternalMethodDispatch methods[] = {
        { sFold, 0, kIOUCVariableStructureSize, 1, 0 },
    };

    if (selector >= sizeof(methods) / sizeof(methods[0]))
        return kIOReturnBadArgument;
    return IOUserClient::externalMethod(selector, arguments, &methods[selector], this, NULL);
}

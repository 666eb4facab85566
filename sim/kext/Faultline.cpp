/*
 * Faultline.cpp - the service, and its user client with one method
 *
 * Method 0: scalars flags, arena address, arena length; the scenario's text as structure input; its
 * report as structure output; scalar output: the report's length. Only an administrator gets a client.
 */
#include <IOKit/IOLib.h>
#include <IOKit/IOLocks.h>
#include <IOKit/IOService.h>
#include <IOKit/IOUserClient.h>

#include "kext/kext.h"

class org_faultline_Faultline : public IOService
{
    OSDeclareDefaultStructors(org_faultline_Faultline)

        public : bool start(IOService *provider) override;
    void stop(IOService *provider) override;
    IOReturn run(kext_request *request);

  private:
    IOLock *lock; /* one run at a time */
};

class org_faultline_Client : public IOUserClient
{
    OSDeclareDefaultStructors(org_faultline_Client)

        public : bool initWithTask(task_t owner, void *security, UInt32 type) override;
    bool start(IOService *provider) override;
    void stop(IOService *provider) override;
    using IOUserClient::initWithTask; /* a newer form of it, where there is one */
    IOReturn clientClose() override;
    IOReturn clientDied() override;
    IOReturn externalMethod(uint32_t selector, IOExternalMethodArguments *arguments,
                            IOExternalMethodDispatch *dispatch, OSObject *target,
                            void *reference) override;

  private:
    org_faultline_Faultline *service;
};

OSDefineMetaClassAndStructors(org_faultline_Faultline, IOService)
    OSDefineMetaClassAndStructors(org_faultline_Client, IOUserClient)

    /* ---- the service ---- */

    bool org_faultline_Faultline::start(IOService *provider)
{
    lock = IOLockAlloc();
    if (lock == NULL)
        return false;
    if (!IOService::start(provider)) {
        IOLockFree(lock); /* nobody stops what never started */
        lock = NULL;
        return false;
    }
    registerService();
    return true;
}

void
org_faultline_Faultline::stop(IOService *provider)
{
    if (lock != NULL)
        IOLockFree(lock);
    lock = NULL;
    IOService::stop(provider);
}

IOReturn
org_faultline_Faultline::run(kext_request *request)
{
    IOReturn status;

    IOLockLock(lock);
    status = kext_run(request);
    IOLockUnlock(lock);
    return status;
}

/* ---- the client ---- */

bool
org_faultline_Client::initWithTask(task_t owner, void *security, UInt32 type)
{
    if (clientHasPrivilege(security, kIOClientPrivilegeAdministrator) != kIOReturnSuccess)
        return false;
    return IOUserClient::initWithTask(owner, security, type);
}

bool
org_faultline_Client::start(IOService *provider)
{
    service = OSDynamicCast(org_faultline_Faultline, provider);
    return service != NULL && IOUserClient::start(provider);
}

void
org_faultline_Client::stop(IOService *provider)
{
    IOUserClient::stop(provider);
}

IOReturn
org_faultline_Client::clientClose()
{
    terminate();
    return kIOReturnSuccess;
}

IOReturn
org_faultline_Client::clientDied()
{
    return clientClose();
}

/* The text, in memory of our own: inline, or read through the descriptor of a long one. */
static IOReturn
take_text(const IOExternalMethodArguments *arguments, char *text, size_t *length)
{
    IOMemoryDescriptor *memory = arguments->structureInputDescriptor;
    const char *bytes = static_cast<const char *>(arguments->structureInput);
    IOReturn status;

    *length = memory != NULL ? (size_t)memory->getLength() : arguments->structureInputSize;
    if (*length > KEXT_TEXT_MAX)
        return kIOReturnNoSpace;
    for (size_t i = 0; memory == NULL && i < *length; i++)
        text[i] = bytes[i];
    if (memory == NULL)
        return kIOReturnSuccess;
    status = memory->prepare();
    if (status != kIOReturnSuccess)
        return status;
    if (memory->readBytes(0, text, *length) != *length)
        status = kIOReturnBadArgument;
    memory->complete();
    return status;
}

static IOReturn
give_report(IOExternalMethodArguments *arguments, const kext_request *request)
{
    IOMemoryDescriptor *memory = arguments->structureOutputDescriptor;
    char *bytes = static_cast<char *>(arguments->structureOutput);
    IOReturn status = kIOReturnSuccess;

    arguments->scalarOutput[0] = request->report_length;
    for (size_t i = 0; memory == NULL && i < request->report_length; i++)
        bytes[i] = request->report[i];
    if (memory == NULL) {
        arguments->structureOutputSize = (uint32_t)request->report_length;
        return status;
    }
    status = memory->prepare();
    if (status != kIOReturnSuccess)
        return status;
    if (memory->writeBytes(0, request->report, request->report_length) != request->report_length)
        status = kIOReturnNoSpace;
    memory->complete();
    return status;
}

static IOReturn
run_with(org_faultline_Faultline *service, IOExternalMethodArguments *arguments,
         kext_request *request, char *text)
{
    IOReturn status = take_text(arguments, text, &request->length);

    request->text = text;
    if (status == kIOReturnSuccess)
        status = service->run(request);
    return status == kIOReturnSuccess ? give_report(arguments, request) : status;
}

static size_t
room_of(const IOExternalMethodArguments *arguments)
{
    size_t room = arguments->structureOutputDescriptor != NULL
                      ? (size_t)arguments->structureOutputDescriptor->getLength()
                      : arguments->structureOutputSize;

    return room < KEXT_REPORT_MAX ? room : (size_t)KEXT_REPORT_MAX;
}

IOReturn
org_faultline_Client::externalMethod(uint32_t selector, IOExternalMethodArguments *arguments,
                                     IOExternalMethodDispatch *, OSObject *, void *)
{
    kext_request request = kext_request();
    IOReturn status = kIOReturnNoMemory;
    char *text;

    if (selector != 0 || arguments->scalarInputCount != 3 || arguments->scalarOutputCount != 1)
        return kIOReturnBadArgument;
    request.flags = (uint32_t)arguments->scalarInput[0];
    request.arena = arguments->scalarInput[1];
    request.arena_length = arguments->scalarInput[2];
    request.room = room_of(arguments);
    if (request.room == 0)
        return kIOReturnBadArgument;
    text = static_cast<char *>(IOMalloc(KEXT_TEXT_MAX));
    request.report = static_cast<char *>(IOMalloc((vm_size_t)request.room));
    if (text != NULL && request.report != NULL)
        status = run_with(service, arguments, &request, text);
    if (text != NULL)
        IOFree(text, KEXT_TEXT_MAX);
    if (request.report != NULL)
        IOFree(request.report, (vm_size_t)request.room);
    return status;
}

/* io_user_client.cpp - a task's way into a driver, with dispatch records and without; see iokit.h */
#include <faultline_kext/iokit.h>

OSDefineMetaClassAndAbstractStructors(IOUserClient, IOService);
OSDefineMetaClassAndAbstractStructors(IOUserClient2022, IOUserClient);

void
IOUserClient::free()
{
    OSSafeReleaseNULL(faultlineMaps);
    IOService::free();
}

void
IOUserClient::keepMap(IOMemoryMap *map)
{
    if (faultlineMaps == NULL)
        faultlineMaps = OSArray::withCapacity(2);
    faultlineMaps->setObject(map);
    map->release();
}

bool
IOUserClient::initWithTask(task_t owner, void *, UInt32)
{
    faultlineTask = owner;
    return init();
}

bool
IOUserClient::initWithTask(task_t owner, void *security, UInt32 type, OSDictionary *)
{
    return initWithTask(owner, security, type);
}

IOReturn
IOUserClient::clientClose()
{
    return kIOReturnUnsupported;
}

IOReturn
IOUserClient::clientDied()
{
    return clientClose();
}

IOService *
IOUserClient::getService()
{
    return getProvider();
}

IOReturn
IOUserClient::registerNotificationPort(mach_port_t, UInt32, UInt32)
{
    return kIOReturnUnsupported;
}

IOReturn
IOUserClient::registerNotificationPort(mach_port_t port, UInt32 type, io_user_reference_t refCon)
{
    return registerNotificationPort(port, type, (UInt32)refCon);
}

IOReturn
IOUserClient::clientMemoryForType(UInt32, IOOptionBits *, IOMemoryDescriptor **)
{
    return kIOReturnUnsupported;
}

IOExternalMethod *
IOUserClient::getTargetAndMethodForIndex(IOService **target, UInt32 index)
{
    IOExternalMethod *method = getExternalMethodForIndex(index);

    if (method != NULL)
        *target = method->object;
    return method;
}

IOReturn
IOUserClient::clientHasPrivilege(void *, const char *)
{
    return kIOReturnSuccess;
}

static bool
count_is_wrong(uint32_t wanted, uint64_t given)
{
    return wanted != kIOUCVariableStructureSize && wanted != given;
}

/* The checks of a dispatch record (iokit.md 6.2). */
static IOReturn
check_counts(const IOExternalMethodArguments *a, uint32_t scalarsIn, uint32_t structIn,
             uint32_t scalarsOut, uint32_t structOut)
{
    uint64_t in = a->structureInputDescriptor != NULL ? a->structureInputDescriptor->getLength()
                                                      : a->structureInputSize;
    uint64_t out = a->structureOutputDescriptor != NULL ? a->structureOutputDescriptor->getLength()
                                                        : a->structureOutputSize;

    if (count_is_wrong(scalarsIn, a->scalarInputCount) || count_is_wrong(structIn, in) ||
        count_is_wrong(scalarsOut, a->scalarOutputCount) || count_is_wrong(structOut, out))
        return kIOReturnBadArgument;
    return kIOReturnSuccess;
}

/* The old tables: at most six machine words in all, whose meaning the flags give. */
static IOReturn
legacy_method(IOUserClient *client, uint32_t selector, IOExternalMethodArguments *a)
{
    IOService *object = NULL;
    IOExternalMethod *method = client->getTargetAndMethodForIndex(&object, selector);
    void *p[6] = { 0, 0, 0, 0, 0, 0 };
    uint64_t outputs[6] = { 0, 0, 0, 0, 0, 0 };
    IOByteCount size = a->structureOutputSize;
    IOByteCount in = a->structureInputSize;
    uint32_t at = 0;
    IOReturn result;

    if (method == NULL || object == NULL)
        return kIOReturnUnsupported;
    if (a->structureInputDescriptor != NULL || a->structureOutputDescriptor != NULL)
        return kIOReturnIPCError;
    if ((method->flags & kIOUCTypeMask) != kIOUCStructIStructO)
        for (uint32_t i = 0; i < a->scalarInputCount && at < 6; i++)
            p[at++] = (void *)(uintptr_t)a->scalarInput[i];
    switch (method->flags & kIOUCTypeMask) {
    case kIOUCScalarIScalarO:
        for (uint32_t i = 0; i < a->scalarOutputCount && at < 6; i++)
            p[at++] = &outputs[i];
        break;
    case kIOUCScalarIStructO:
        if (at + 2 <= 6) {
            p[at++] = a->structureOutput;
            p[at++] = &size;
        }
        break;
    case kIOUCStructIStructO:
        p[0] = const_cast<void *>(a->structureInput);
        p[1] = a->structureOutput;
        p[2] = (void *)(uintptr_t)in;
        p[3] = &size;
        break;
    default:
        if (at + 2 <= 6) {
            p[at++] = const_cast<void *>(a->structureInput);
            p[at++] = (void *)(uintptr_t)in;
        }
    }
    result = (object->*method->func)(p[0], p[1], p[2], p[3], p[4], p[5]);
    for (uint32_t i = 0; i < a->scalarOutputCount && i < 6; i++)
        a->scalarOutput[i] = outputs[i];
    a->structureOutputSize = (uint32_t)size;
    return result;
}

IOReturn
IOUserClient::externalMethod(uint32_t selector, IOExternalMethodArguments *arguments,
                             IOExternalMethodDispatch *dispatch, OSObject *target, void *reference)
{
    IOReturn status;

    if (dispatch == NULL)
        return legacy_method(this, selector, arguments);
    status =
        check_counts(arguments, dispatch->checkScalarInputCount, dispatch->checkStructureInputSize,
                     dispatch->checkScalarOutputCount, dispatch->checkStructureOutputSize);
    if (status != kIOReturnSuccess)
        return status;
    if (dispatch->function == NULL)
        return kIOReturnNoCompletion;
    return dispatch->function(target != NULL ? target : this, reference, arguments);
}

IOReturn
IOUserClient2022::dispatchExternalMethod(uint32_t selector, IOExternalMethodArguments *arguments,
                                         const IOExternalMethodDispatch2022 *table, size_t count,
                                         OSObject *target, void *reference)
{
    const IOExternalMethodDispatch2022 *row = table + selector;
    IOReturn status;

    if (selector >= count || (arguments->asyncWakePort != NULL && !row->allowAsync))
        return kIOReturnBadArgument;
    status = check_counts(arguments, row->checkScalarInputCount, row->checkStructureInputSize,
                          row->checkScalarOutputCount, row->checkStructureOutputSize);
    if (status != kIOReturnSuccess)
        return status;
    if (row->checkEntitlement != NULL)
        return kIOReturnNotPrivileged;
    return row->function == NULL ? kIOReturnNoCompletion
                                 : row->function(target, reference, arguments);
}

void
IOUserClient::setAsyncReference64(OSAsyncReference64 reference, mach_port_t port,
                                  mach_vm_address_t callback, io_user_reference_t refcon)
{
    reference[kIOAsyncReservedIndex] = (uintptr_t)port;
    reference[kIOAsyncCalloutFuncIndex] = callback;
    reference[kIOAsyncCalloutRefconIndex] = refcon;
}

IOReturn
IOUserClient::sendAsyncResult64(OSAsyncReference64, IOReturn, io_user_reference_t[], UInt32)
{
    return kIOReturnSuccess;
}

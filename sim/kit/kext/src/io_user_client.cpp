/* io_user_client.cpp - a task's way into a driver, with dispatch records and without; see iokit_user_client.h */
#include <faultline_kext/iokit.h>

#include "ports.h"
#include "seam.h"

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
    Kernel kernel;

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
IOUserClient::getNotificationSemaphore(UInt32, semaphore_t *)
{
    return kIOReturnUnsupported;
}

IOReturn
IOUserClient::connectClient(IOUserClient *)
{
    return kIOReturnUnsupported;
}

IOReturn
IOUserClient::exportObjectToClient(task_t, OSObject *, OSObject **)
{
    return kIOReturnUnsupported;
}

IOExternalMethod *
IOUserClient::getExternalMethodForIndex(UInt32)
{
    return NULL;
}

IOExternalAsyncMethod *
IOUserClient::getExternalAsyncMethodForIndex(UInt32)
{
    return NULL;
}

IOExternalAsyncMethod *
IOUserClient::getAsyncTargetAndMethodForIndex(IOService **target, UInt32 index)
{
    IOExternalAsyncMethod *method = getExternalAsyncMethodForIndex(index);

    if (method != NULL)
        *target = method->object;
    return method;
}

IOExternalTrap *
IOUserClient::getExternalTrapForIndex(UInt32)
{
    return NULL;
}

IOExternalTrap *
IOUserClient::getTargetAndTrapForIndex(IOService **target, UInt32 index)
{
    IOExternalTrap *trap = getExternalTrapForIndex(index);

    if (trap != NULL)
        *target = trap->object;
    return trap;
}

/* ---- privilege: what the test says of the program ---- */

IOReturn
IOUserClient::clientHasPrivilege(void *, const char *)
{
    return seam_is_privileged() ? kIOReturnSuccess : kIOReturnNotPrivileged;
}

IOReturn
IOUserClient::clientHasAuthorization(task_t, IOService *)
{
    return seam_is_privileged() ? kIOReturnSuccess : kIOReturnNotPermitted;
}

OSObject *
IOUserClient::copyClientEntitlement(task_t, const char *)
{
    return seam_is_privileged() ? OSBoolean::withBoolean(true) : NULL;
}

/* ---- memory for the task ---- */

IOMemoryMap *
IOUserClient::mapClientMemory64(IOOptionBits type, task_t task, IOOptionBits flags,
                                mach_vm_address_t at)
{
    IOOptionBits options = 0;
    IOMemoryDescriptor *memory = NULL;
    IOMemoryMap *map;

    if (clientMemoryForType(type, &options, &memory) != kIOReturnSuccess || memory == NULL)
        return NULL;
    options = (options & ~(IOOptionBits)kIOMapUserOptionsMask) | (flags & kIOMapUserOptionsMask);
    map = memory->createMappingInTask(task, at, options);
    memory->release();
    return map;
}

IOMemoryMap *
IOUserClient::mapClientMemory(IOOptionBits type, task_t task, IOOptionBits flags,
                              IOVirtualAddress at)
{
    return mapClientMemory64(type, task, flags, at);
}

/* ---- calls ---- */

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

/*
 * The old tables: at most six machine words in all, whose meaning the flags give: the scalars in, then
 * where scalars out go, or a structure and its size.
 */
struct OldCall {
    void *p[6];
    uint32_t used;
    uint64_t outputs[6];
    IOByteCount size;

    OldCall() : p{}, used(0), outputs{}, size(0)
    {
    }

    void
    add(void *word)
    {
        if (used < 6)
            p[used] = word;
        used++;
    }

    void
    fill(const IOExternalMethodArguments *a, IOOptionBits type)
    {
        size = a->structureOutputSize;
        if (type == kIOUCStructIStructO) {
            add(const_cast<void *>(a->structureInput));
            add(a->structureOutput);
            add((void *)(uintptr_t)a->structureInputSize);
            add(&size);
            return;
        }
        for (uint32_t i = 0; i < a->scalarInputCount; i++)
            add((void *)(uintptr_t)a->scalarInput[i]);
        for (uint32_t i = 0; type == kIOUCScalarIScalarO && i < a->scalarOutputCount && i < 6; i++)
            add(&outputs[i]);
        if (type == kIOUCScalarIStructO) {
            add(a->structureOutput);
            add(&size);
        } else if (type == kIOUCScalarIStructI) {
            add(const_cast<void *>(a->structureInput));
            add((void *)(uintptr_t)a->structureInputSize);
        }
    }

    void
    giveBack(IOExternalMethodArguments *a) const
    {
        for (uint32_t i = 0; i < a->scalarOutputCount && i < 6; i++)
            a->scalarOutput[i] = outputs[i];
        a->structureOutputSize = (uint32_t)size;
    }
};

/* The counts of an old table are checked as a dispatch record's are. */
static bool
old_counts_are_wrong(const IOExternalMethodArguments *a, IOOptionBits type, IOByteCount count0,
                     IOByteCount count1)
{
    uint64_t in = type == kIOUCStructIStructO ? a->structureInputSize : a->scalarInputCount;
    uint64_t out = type == kIOUCScalarIScalarO   ? a->scalarOutputCount
                   : type == kIOUCScalarIStructI ? a->structureInputSize
                                                 : a->structureOutputSize;

    return count_is_wrong((uint32_t)count0, in) || count_is_wrong((uint32_t)count1, out);
}

static IOReturn
legacy_method(IOUserClient *client, uint32_t selector, IOExternalMethodArguments *a)
{
    IOService *object = NULL;
    IOExternalMethod *method = client->getTargetAndMethodForIndex(&object, selector);
    IOOptionBits type = method == NULL ? 0 : method->flags & kIOUCTypeMask;
    OldCall call;
    IOReturn result;

    if (method == NULL || object == NULL)
        return kIOReturnUnsupported;
    if (old_counts_are_wrong(a, type, method->count0, method->count1))
        return kIOReturnBadArgument;
    call.fill(a, type);
    if (call.used > 6)
        return kIOReturnBadArgument;
    result =
        (object->*method->func)(call.p[0], call.p[1], call.p[2], call.p[3], call.p[4], call.p[5]);
    call.giveBack(a);
    return result;
}

/* The same with a reference of where the answer goes, before the words. */
static IOReturn
legacy_async_method(IOUserClient *client, uint32_t selector, IOExternalMethodArguments *a)
{
    IOService *object = NULL;
    IOExternalAsyncMethod *method = client->getAsyncTargetAndMethodForIndex(&object, selector);
    IOOptionBits type = method == NULL ? 0 : method->flags & kIOUCTypeMask;
    OSAsyncReference reference = { 0 };
    OldCall call;
    IOReturn result;

    if (method == NULL || object == NULL)
        return kIOReturnUnsupported;
    if (old_counts_are_wrong(a, type, method->count0, method->count1))
        return kIOReturnBadArgument;
    IOUserClient::setAsyncReference(
        reference, a->asyncWakePort, (void *)(uintptr_t)a->asyncReference[kIOAsyncCalloutFuncIndex],
        (void *)(uintptr_t)a->asyncReference[kIOAsyncCalloutRefconIndex]);
    call.fill(a, type);
    if (call.used > 6)
        return kIOReturnBadArgument;
    result = (object->*method->func)(reference, call.p[0], call.p[1], call.p[2], call.p[3],
                                     call.p[4], call.p[5]);
    call.giveBack(a);
    return result;
}

IOReturn
IOUserClient::externalMethod(uint32_t selector, IOExternalMethodArguments *arguments,
                             IOExternalMethodDispatch *dispatch, OSObject *target, void *reference)
{
    IOReturn status;

    if (dispatch == NULL && (arguments->structureInputDescriptor != NULL ||
                             arguments->structureOutputDescriptor != NULL))
        return kIOReturnIPCError; /* old tables know no descriptors */
    if (dispatch == NULL)
        return arguments->asyncWakePort != NULL ? legacy_async_method(this, selector, arguments)
                                                : legacy_method(this, selector, arguments);
    status =
        check_counts(arguments, dispatch->checkScalarInputCount, dispatch->checkStructureInputSize,
                     dispatch->checkScalarOutputCount, dispatch->checkStructureOutputSize);
    if (status != kIOReturnSuccess)
        return status;
    if (dispatch->function == NULL)
        return kIOReturnNoCompletion;
    return dispatch->function(target, reference, arguments);
}

/* The kernel's call. Such a client has its own table, so nobody gives it a record. */
IOReturn
IOUserClient2022::externalMethod(uint32_t selector, IOExternalMethodArguments *arguments,
                                 IOExternalMethodDispatch *, OSObject *, void *)
{
    return externalMethod(selector, (IOExternalMethodArgumentsOpaque *)(void *)arguments);
}

IOReturn
IOUserClient2022::dispatchExternalMethod(uint32_t selector, IOExternalMethodArgumentsOpaque *opaque,
                                         const IOExternalMethodDispatch2022 table[], size_t count,
                                         OSObject *target, void *reference)
{
    IOExternalMethodArguments *arguments = (IOExternalMethodArguments *)(void *)opaque;
    const IOExternalMethodDispatch2022 *row = selector < count ? table + selector : NULL;
    IOExternalMethodDispatch dispatch;

    if (row == NULL || (arguments->asyncWakePort != NULL && !row->allowAsync))
        return kIOReturnBadArgument;
    if (row->checkEntitlement != NULL && !seam_is_privileged())
        return kIOReturnNotPrivileged;
    dispatch = { row->function, row->checkScalarInputCount, row->checkStructureInputSize,
                 row->checkScalarOutputCount, row->checkStructureOutputSize };
    return IOUserClient::externalMethod(selector, arguments, &dispatch, target, reference);
}

/* ---- answers that come later: see ports.cpp ---- */

void
IOUserClient::setAsyncReference64(OSAsyncReference64 reference, mach_port_t port,
                                  mach_vm_address_t callback, io_user_reference_t refcon)
{
    reference[kIOAsyncReservedIndex] = (uintptr_t)port;
    reference[kIOAsyncCalloutFuncIndex] = callback;
    reference[kIOAsyncCalloutRefconIndex] = refcon;
}

void
IOUserClient::setAsyncReference64(OSAsyncReference64 reference, mach_port_t port,
                                  mach_vm_address_t callback, io_user_reference_t refcon, task_t)
{
    setAsyncReference64(reference, port, callback, refcon);
}

/* Words of 32 bits hold the number of a port, not its address. */
void
IOUserClient::setAsyncReference(OSAsyncReference reference, mach_port_t port, void *callback,
                                void *refcon)
{
    reference[kIOAsyncReservedIndex] = port_number(port);
    reference[kIOAsyncCalloutFuncIndex] = (natural_t)(uintptr_t)callback;
    reference[kIOAsyncCalloutRefconIndex] = (natural_t)(uintptr_t)refcon;
}

IOReturn
IOUserClient::sendAsyncResult64(OSAsyncReference64 reference, IOReturn result,
                                io_user_reference_t arguments[], UInt32 count)
{
    return port_send((mach_port_t)(uintptr_t)reference[kIOAsyncReservedIndex],
                     reference[kIOAsyncCalloutRefconIndex], result, arguments, count);
}

IOReturn
IOUserClient::sendAsyncResult64WithOptions(OSAsyncReference64 reference, IOReturn result,
                                           io_user_reference_t arguments[], UInt32 count,
                                           IOOptionBits)
{
    return sendAsyncResult64(reference, result, arguments, count);
}

IOReturn
IOUserClient::sendAsyncResult(OSAsyncReference reference, IOReturn result, void *arguments[],
                              UInt32 count)
{
    io_user_reference_t wide[kMaxAsyncArgs];

    if (count > kMaxAsyncArgs)
        return kIOReturnMessageTooLarge;
    for (UInt32 i = 0; i < count; i++)
        wide[i] = (uintptr_t)arguments[i];
    return port_send(port_numbered(reference[kIOAsyncReservedIndex]),
                     reference[kIOAsyncCalloutRefconIndex], result, wide, count);
}

IOReturn
IOUserClient::releaseAsyncReference64(OSAsyncReference64 reference)
{
    reference[kIOAsyncReservedIndex] = 0;
    return kIOReturnSuccess;
}

IOReturn
IOUserClient::releaseNotificationPort(mach_port_t)
{
    return kIOReturnSuccess;
}

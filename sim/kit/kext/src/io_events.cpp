/* io_events.cpp - a service's interrupts, power, and what codes mean; see iokit_service.h */
#include <faultline_kext/iokit.h>

#include "host.h"
#include "seam.h"
#include "services.h"

/* ---- interrupts: causeInterrupt() is the device ---- */

/* Of every service; the driver turns interrupts on and off while the device makes them. */
static struct kext_mutex *controller = kext_mutex_create(0);

static bool
is_source(int source)
{
    return source >= 0 && source < 8;
}

IOReturn
IOService::registerInterrupt(int source, OSObject *target, IOInterruptAction action, void *refCon)
{
    bool is_free;

    if (!is_source(source))
        return kIOReturnNoResources;
    kext_mutex_lock(controller);
    is_free = interrupts[source].action == NULL;
    if (is_free)
        interrupts[source] = Interrupt{ target, action, refCon, true, false };
    kext_mutex_unlock(controller);
    return is_free ? kIOReturnSuccess : kIOReturnNoResources;
}

IOReturn
IOService::unregisterInterrupt(int source)
{
    bool was_there;

    if (!is_source(source))
        return kIOReturnNoInterrupt;
    kext_mutex_lock(controller);
    was_there = interrupts[source].action != NULL;
    interrupts[source] = Interrupt{ NULL, NULL, NULL, true, false };
    kext_mutex_unlock(controller);
    return was_there ? kIOReturnSuccess : kIOReturnNoInterrupt;
}

IOReturn
IOService::getInterruptType(int source, int *type)
{
    if (!is_source(source))
        return kIOReturnNoInterrupt;
    *type = kIOInterruptTypeEdge;
    return kIOReturnSuccess;
}

IOReturn
IOService::resolveInterrupt(IOService *, int source)
{
    return is_source(source) ? kIOReturnSuccess : kIOReturnNoInterrupt;
}

IOReturn
IOService::disableInterrupt(int source)
{
    if (!is_source(source))
        return kIOReturnNoInterrupt;
    kext_mutex_lock(controller);
    interrupts[source].isDisabled = true;
    kext_mutex_unlock(controller);
    return kIOReturnSuccess;
}

IOReturn
IOService::enableInterrupt(int source)
{
    bool is_pending;

    if (!is_source(source))
        return kIOReturnNoInterrupt;
    kext_mutex_lock(controller);
    interrupts[source].isDisabled = false;
    is_pending = interrupts[source].isPending;
    kext_mutex_unlock(controller);
    return is_pending ? causeInterrupt(source) : kIOReturnSuccess;
}

/* The action runs as a primary interrupt on this thread's CPU. One that is disabled waits. */
IOReturn
IOService::causeInterrupt(int source)
{
    Interrupt now = {};

    if (is_source(source)) {
        kext_mutex_lock(controller);
        interrupts[source].isPending = interrupts[source].isDisabled;
        now = interrupts[source];
        kext_mutex_unlock(controller);
    }
    if (now.action == NULL)
        return kIOReturnNoInterrupt;
    if (now.isDisabled)
        return kIOReturnSuccess;
    kext_interrupt(1);
    now.action(now.target, now.refCon, this, source);
    kext_interrupt(0);
    return kIOReturnSuccess;
}

/* ---- being busy ---- */

SInt32
IOService::getBusyState()
{
    return 0;
}

void
IOService::adjustBusy(SInt32)
{
}

IOReturn
IOService::waitQuiet(uint64_t)
{
    return kIOReturnSuccess;
}

IOReturn
IOService::waitQuiet(mach_timespec_t *)
{
    return kIOReturnSuccess;
}

/* ---- power: the test is the power manager ---- */

void
IOService::PMinit()
{
}

void
IOService::PMstop()
{
}

void
IOService::joinPMtree(IOService *)
{
}

IOReturn
IOService::registerPowerDriver(IOService *, IOPMPowerState *, unsigned long)
{
    return IOPMNoErr;
}

IOReturn
IOService::setPowerState(unsigned long, IOService *)
{
    return IOPMAckImplied;
}

IOReturn
IOService::powerStateWillChangeTo(IOPMPowerFlags, unsigned long, IOService *)
{
    return IOPMAckImplied;
}

IOReturn
IOService::powerStateDidChangeTo(IOPMPowerFlags, unsigned long, IOService *)
{
    return IOPMAckImplied;
}

unsigned long
IOService::maxCapabilityForDomainState(IOPMPowerFlags)
{
    return powerState;
}

unsigned long
IOService::initialPowerStateForDomainState(IOPMPowerFlags)
{
    return powerState;
}

IOReturn
IOService::changePowerStateTo(unsigned long ordinal)
{
    IOReturn result = setPowerState(ordinal, this);

    powerState = ordinal;
    return result == IOPMAckImplied ? IOPMNoErr : result;
}

IOReturn
IOService::changePowerStateToPriv(unsigned long ordinal)
{
    return changePowerStateTo(ordinal);
}

IOReturn
IOService::requestPowerDomainState(IOPMPowerFlags, IOService *, unsigned long)
{
    return IOPMNoErr;
}

IOReturn
IOService::makeUsable()
{
    return IOPMNoErr;
}

void
IOService::clampPowerOn(unsigned long)
{
}

UInt32
IOService::getPowerState()
{
    return (UInt32)powerState;
}

unsigned long
IOService::currentCapability()
{
    return powerState == 0 ? 0 : kIOPMDeviceUsable;
}

IOPMPowerFlags
IOService::registerInterestedDriver(IOService *)
{
    return currentCapability();
}

IOReturn
IOService::deRegisterInterestedDriver(IOService *)
{
    return IOPMNoErr;
}

IOReturn
IOService::acknowledgePowerChange(IOService *)
{
    return IOPMNoErr;
}

IOReturn
IOService::acknowledgeSetPowerState()
{
    return IOPMNoErr;
}

bool
IOService::activityTickle(unsigned long, unsigned long)
{
    return true;
}

IOReturn
IOService::setIdleTimerPeriod(unsigned long)
{
    return IOPMNoErr;
}

void
IOService::systemWillShutdown(IOOptionBits)
{
}

IOReturn
IOService::setAggressiveness(unsigned long, unsigned long)
{
    return IOPMNoErr;
}

void
IOService::setPowerParent(IOService *, bool, IOPMPowerFlags)
{
}

IOService *
IOService::getPMRootDomain()
{
    static IOService *root;

    if (root == NULL) {
        Kernel kernel;

        root = new IOService;
        (void)root->init();
        root->setName("IOPMrootDomain");
    }
    return root;
}

IOReturn
acknowledgeSleepWakeNotification(void *)
{
    return IOPMNoErr;
}

/* ---- codes ---- */

/* What IOReturn.h's comments say, in few words; the BSD side's number. */
static const struct {
    IOReturn code;
    const char *text;
    int number;
} codes[] = {
    { kIOReturnSuccess, "success", 0 },
    { kIOReturnError, "general error", EIO },
    { kIOReturnNoMemory, "memory allocation error", ENOMEM },
    { kIOReturnNoResources, "resource shortage", EAGAIN },
    { kIOReturnIPCError, "Mach IPC failure", EIO },
    { kIOReturnNoDevice, "no such device", ENXIO },
    { kIOReturnNotPrivileged, "privilege violation", EACCES },
    { kIOReturnBadArgument, "invalid argument", EINVAL },
    { kIOReturnLockedRead, "device is read locked", EIO },
    { kIOReturnLockedWrite, "device is write locked", EROFS },
    { kIOReturnExclusiveAccess, "device is exclusive access", EBUSY },
    { kIOReturnUnsupported, "unsupported function", EOPNOTSUPP },
    { kIOReturnVMError, "virtual memory error", EFAULT },
    { kIOReturnInternalError, "internal driver error", EIO },
    { kIOReturnIOError, "I/O error", EIO },
    { kIOReturnCannotLock, "cannot acquire lock", EAGAIN },
    { kIOReturnNotOpen, "device is not open", EBADF },
    { kIOReturnNotReadable, "device is not readable", EBADF },
    { kIOReturnNotWritable, "device is not writeable", EROFS },
    { kIOReturnNotAligned, "alignment error", EINVAL },
    { kIOReturnBusy, "device is busy", EBUSY },
    { kIOReturnTimeout, "I/O timeout", ETIMEDOUT },
    { kIOReturnOffline, "device is offline", ENXIO },
    { kIOReturnNotReady, "device is not ready", EIO },
    { kIOReturnNotAttached, "device/channel is not attached", ENXIO },
    { kIOReturnNoSpace, "no space on device", ENOSPC },
    { kIOReturnCannotWire, "cannot wire physical memory", ENOMEM },
    { kIOReturnMessageTooLarge, "message too large", EMSGSIZE },
    { kIOReturnNotPermitted, "operation is not permitted", EPERM },
    { kIOReturnNoPower, "device has no power", EPWROFF },
    { kIOReturnNoMedia, "media is not present", ENXIO },
    { kIOReturnUnderrun, "data underrun", EIO },
    { kIOReturnOverrun, "data overrun", EIO },
    { kIOReturnDeviceError, "device error", EIO },
    { kIOReturnAborted, "operation was aborted", EIO },
    { kIOReturnNotResponding, "device is not responding", EIO },
    { kIOReturnNotFound, "data was not found", ENOENT },
};

const char *
IOService::stringFromReturn(IOReturn code)
{
    for (unsigned i = 0; i < sizeof(codes) / sizeof(codes[0]); i++)
        if (codes[i].code == code)
            return codes[i].text;
    return "unknown";
}

int
IOService::errnoFromReturn(IOReturn code)
{
    for (unsigned i = 0; i < sizeof(codes) / sizeof(codes[0]); i++)
        if (codes[i].code == code)
            return codes[i].number;
    return EIO;
}

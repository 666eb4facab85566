/*
 * iokit_power.h - what power management says
 *
 * PURPOSE     Types and messages of power management.
 * INVARIANTS  none
 * UNITS       times: as each name says
 * OWNERSHIP   none
 * ERRORS      none
 * EVENTS      none
 * XNU         iokit/IOKit/pwr_mgt/IOPM.h, IOMessage.h
 *             Differs: the test is the power manager (faultline_set_power())
 */
#ifndef KEXT_IOKIT_POWER_H
#define KEXT_IOKIT_POWER_H

#include <faultline_kext/base.h>

/* ---- IOMessage.h ---- */

#define iokit_common_msg(message) ((UInt32)(sys_iokit | sub_iokit_common | (message)))
#define iokit_family_msg(sub, message) ((UInt32)(sys_iokit | (sub) | (message)))
#define iokit_vendor_specific_msg(message) \
    ((UInt32)(sys_iokit | sub_iokit_vendor_specific | (message)))
#define kIOMessageServiceIsTerminated iokit_common_msg(0x010)
#define kIOMessageServiceIsSuspended iokit_common_msg(0x020)
#define kIOMessageServiceIsResumed iokit_common_msg(0x030)
#define kIOMessageServiceIsRequestingClose iokit_common_msg(0x100)
#define kIOMessageServiceIsAttemptingOpen iokit_common_msg(0x101)
#define kIOMessageServiceWasClosed iokit_common_msg(0x110)
#define kIOMessageServiceBusyStateChange iokit_common_msg(0x120)
#define kIOMessageServicePropertyChange iokit_common_msg(0x130)
#define kIOMessageCopyClientID iokit_common_msg(0x330)
#define kIOMessageSystemCapabilityChange iokit_common_msg(0x340)
#define kIOMessageDeviceSignaledWakeup iokit_common_msg(0x350)
#define kIOMessageDeviceWillPowerOff iokit_common_msg(0x210)
#define kIOMessageDeviceHasPoweredOn iokit_common_msg(0x230)
#define kIOMessageSystemWillPowerOff iokit_common_msg(0x250)
#define kIOMessageSystemWillRestart iokit_common_msg(0x310)
#define kIOMessageSystemPagingOff iokit_common_msg(0x255)
#define kIOMessageCanSystemSleep iokit_common_msg(0x270)
#define kIOMessageSystemWillNotSleep iokit_common_msg(0x290)
#define kIOMessageSystemWillSleep iokit_common_msg(0x280)
#define kIOMessageSystemWillPowerOn iokit_common_msg(0x320)
#define kIOMessageSystemHasPoweredOn iokit_common_msg(0x300)
#define kIOMessageCanDevicePowerOff iokit_common_msg(0x200)

/* ---- pwr_mgt/IOPM.h ---- */

typedef unsigned long IOPMPowerFlags, IOPMPowerStateIndex;
typedef struct IOPMPowerState {
    unsigned long version;
    IOPMPowerFlags capabilityFlags, outputPowerCharacter, inputPowerRequirement;
    unsigned long staticPower, stateOrder, powerToAttain, timeToAttain, settleUpTime;
    unsigned long timeToLower, settleDownTime, powerDomainBudget;
} IOPMPowerState;
enum { kIOPMPowerStateVersion1 = 1 };
#define kIOPMPowerOff 0x0
#define kIOPMPowerOn 0x2
#define kIOPMDeviceUsable 0x8000
#define kIOPMLowPower 0x10000
#define kIOPMPreventIdleSleep 0x40
#define kIOPMSleepCapability 0x4
#define kIOPMRestartCapability 0x80
#define kIOPMSleep 0x1
#define kIOPMRestart 0x80
#define kIOPMRestartCapabilitySupported 0x80
#define kIOPMInitialDeviceState 0x100
#define IOPMPowerOn kIOPMPowerOn
#define IOPMDeviceUsable kIOPMDeviceUsable
#define IOPMMaxPerformance 0x4000
#define kIOPMMaxPerformance 0x4000
#define IOPMAckImplied 0
#define IOPMWillAckLater 1
#define IOPMNoErr 0
#define IOPMNotYetInitialized 0xe000
#define IOPMNoSuchState 3
#define kIOPMAckImplied IOPMAckImplied

#endif

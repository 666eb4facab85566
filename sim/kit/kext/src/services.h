/*
 * services.h - what the files of IOService say to each other
 *
 * PURPOSE     Matching and interest are kept in io_matching.cpp; who ends or speaks says so there.
 * INVARIANTS  none
 * UNITS       none
 * OWNERSHIP   a registered service is kept until it ends
 * ERRORS      none
 * EVENTS      none
 * XNU         iokit/Kernel/IOService.cpp
 */
#ifndef KEXT_SERVICES_H
#define KEXT_SERVICES_H

#include <faultline_kext/iokit.h>

/* It ends: waiting notifiers are told, and nobody finds it any more. */
void forget_service(IOService *service);

/* It is gone: who was interested in it hears no other. */
void forget_interest(IOService *service);

/* A message for those who registered interest. */
void tell_interested(IOService *service, UInt32 type, void *argument, vm_size_t size);

#endif

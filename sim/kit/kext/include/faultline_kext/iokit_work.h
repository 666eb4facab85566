/*
 * iokit_work.h - all of I/O Kit: the classes, and the work around the memory calls
 *
 * PURPOSE     What a driver's headers bring together.
 * INVARIANTS  none
 * UNITS       as each part
 * OWNERSHIP   as I/O Kit
 * ERRORS      IOReturn
 * EVENTS      those of the parts
 * XNU         iokit/IOKit/
 */
#ifndef KEXT_IOKIT_WORK_H
#define KEXT_IOKIT_WORK_H

#include <faultline_kext/iokit.h>
#include <faultline_kext/iokit_queue.h>

#endif

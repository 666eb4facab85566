/*
 * iokit.h - I/O Kit's classes over the seam, whole
 *
 * PURPOSE     What any header of IOKit/ brings, but for work loops, DMA and queues (iokit_work.h).
 * INVARIANTS  none
 * UNITS       lengths, offsets: bytes
 * OWNERSHIP   as I/O Kit
 * ERRORS      IOReturn; NULL where I/O Kit gives NULL
 * EVENTS      those of the model
 * XNU         iokit/IOKit/
 */
#ifndef KEXT_IOKIT_H
#define KEXT_IOKIT_H

#include <faultline_kext/iokit_user_client.h>

#endif

/*
 * os.h - libkern's object system and containers, whole
 *
 * PURPOSE     What any header of libkern/c++ brings.
 * INVARIANTS  none
 * UNITS       none
 * OWNERSHIP   as libkern: with...() and copy...() give a reference, get...() borrows one
 * ERRORS      NULL or false, as libkern
 * EVENTS      none
 * XNU         libkern/libkern/c++/
 */
#ifndef KEXT_OS_H
#define KEXT_OS_H

#include <faultline_kext/os_collections.h>
#include <faultline_kext/os_shared_ptr.h>

#endif

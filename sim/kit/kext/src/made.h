/*
 * made.h - an object whose init may have failed
 *
 * PURPOSE     For factories: a new object, or NULL.
 * INVARIANTS  none
 * UNITS       none
 * OWNERSHIP   takes the object, and gives it back to the caller when it is good
 * ERRORS      NULL: it is not, or there was none
 * EVENTS      none
 * XNU         none
 */
#ifndef KEXT_MADE_H
#define KEXT_MADE_H

#include <faultline_kext/os_object.h>

template <class T>
static inline T *
made(T *object, bool is_good)
{
    if (!is_good)
        OSSafeReleaseNULL(object);
    return object;
}

#endif

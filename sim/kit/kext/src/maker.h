/*
 * maker.h - an object around a descriptor of the seam
 *
 * PURPOSE     For the factories of memory descriptors.
 * INVARIANTS  none
 * UNITS       none
 * OWNERSHIP   takes the reference of the seam's descriptor
 * ERRORS      NULL: there was none
 * EVENTS      none
 * XNU         none
 */
#ifndef KEXT_MAKER_H
#define KEXT_MAKER_H

#include <faultline_kext/iokit_memory.h>

#include "seam.h"

/* Reaches the protected init, for the factories of this file. */
template <class Class> class Maker : public Class
{
  public:
    static Class *
    from(struct vmk_desc *desc)
    {
        Class *object = desc == NULL ? NULL : (Class *)Class::metaClass->alloc();
        Seam seam;

        if (object == NULL && desc != NULL)
            vmk_desc_release(desc);
        if (object != NULL && !static_cast<Maker *>(object)->initWithSeam(desc))
            OSSafeReleaseNULL(object);
        return object;
    }
};

#endif

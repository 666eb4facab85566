/* io_iterator.cpp - walking the registry; see iokit_registry.h */
#include <faultline_kext/iokit_registry.h>

#include "seam.h"

OSDefineMetaClassAndStructors(IORegistryIterator, OSIterator);

/* Who is there now; an entry that comes later is not walked to. */
void
IORegistryIterator::gather(IORegistryEntry *below, bool recursively)
{
    OSIterator *walk = options & kIORegistryIterateParents ? below->getParentIterator(NULL)
                                                           : below->getChildIterator(NULL);
    IORegistryEntry *entry;

    while ((entry = (IORegistryEntry *)walk->getNextObject()) != NULL) {
        found->setObject(entry);
        if (recursively)
            gather(entry, true);
    }
    walk->release();
}

IORegistryIterator *
IORegistryIterator::iterateOver(IORegistryEntry *start, const IORegistryPlane *,
                                IOOptionBits options)
{
    IORegistryIterator *walk = new IORegistryIterator;

    if (walk == NULL)
        return NULL;
    walk->root = start;
    start->retain();
    walk->options = options;
    walk->reset();
    return walk;
}

IORegistryIterator *
IORegistryIterator::iterateOver(const IORegistryPlane *plane, IOOptionBits options)
{
    return iterateOver(IORegistryEntry::getRegistryRoot(), plane, options);
}

void
IORegistryIterator::free()
{
    OSSafeReleaseNULL(found);
    OSSafeReleaseNULL(root);
    OSIterator::free();
}

void
IORegistryIterator::reset()
{
    Kernel kernel;

    OSSafeReleaseNULL(found);
    found = OSArray::withCapacity(8);
    at = 0;
    gather(root, options & kIORegistryIterateRecursively);
}

bool
IORegistryIterator::isValid()
{
    return true;
}

OSObject *
IORegistryIterator::getNextObject()
{
    OSObject *next = found->getObject(at);

    if (next != NULL)
        at++;
    return next;
}

IORegistryEntry *
IORegistryIterator::getNextObjectFlat()
{
    return (IORegistryEntry *)getNextObject();
}

IORegistryEntry *
IORegistryIterator::getNextObjectRecursive()
{
    return (IORegistryEntry *)getNextObject();
}

/* os_sets.cpp - sets, with an order and without; see os_collections.h */
#include <faultline_kext/os.h>

#include "made.h"

OSDefineMetaClassAndStructors(OSSet, OSCollection);
OSDefineMetaClassAndStructors(OSOrderedSet, OSCollection);

/* ---- sets ---- */

bool
OSSet::initWithCapacity(unsigned wanted)
{
    members = OSArray::withCapacity(wanted);
    (void)setCapacityIncrement(wanted);
    return members != NULL && OSObject::init();
}

OSSet *
OSSet::withCapacity(unsigned wanted)
{
    OSSet *object = new OSSet;

    return made(object, object != NULL && object->initWithCapacity(wanted));
}

OSSet *
OSSet::withObjects(const OSObject *objects[], unsigned number, unsigned wanted)
{
    OSSet *object;

    if (objects == NULL || !hasRoom(&wanted, number))
        return NULL;
    object = withCapacity(wanted);
    for (unsigned i = 0; object != NULL && i < number; i++)
        object->setObject(objects[i]);
    return object;
}

OSSet *
OSSet::withArray(const OSArray *other, unsigned wanted)
{
    OSSet *object;

    if (other == NULL || !hasRoom(&wanted, other->getCount()))
        return NULL;
    object = withCapacity(wanted);
    if (object != NULL)
        object->merge(other);
    return object;
}

OSSet *
OSSet::withSet(const OSSet *other, unsigned wanted)
{
    return withArray(other == NULL ? NULL : other->members, wanted);
}

void
OSSet::free()
{
    OSSafeReleaseNULL(members);
    OSCollection::free();
}

unsigned int
OSSet::getCount() const
{
    return members->getCount();
}

unsigned int
OSSet::getCapacity() const
{
    return members->getCapacity();
}

unsigned int
OSSet::ensureCapacity(unsigned wanted)
{
    return members->ensureCapacity(wanted);
}

void
OSSet::flushCollection()
{
    haveUpdated();
    members->flushCollection();
}

OSObject *
OSSet::objectAt(unsigned index) const
{
    return members->getObject(index);
}

OSObject *
OSSet::getAnyObject() const
{
    return members->getObject(0);
}

bool
OSSet::containsObject(const OSMetaClassBase *object) const
{
    return members->getNextIndexOfObject(object, 0) != ~0u;
}

bool
OSSet::setObject(const OSMetaClassBase *object)
{
    if (object == NULL || containsObject(object))
        return false;
    haveUpdated();
    return members->setObject(object);
}

/* False: one of them is not in the set now. */
bool
OSSet::merge(const OSArray *other)
{
    bool are_in = true;

    for (unsigned i = 0; i < other->getCount(); i++)
        are_in &= containsObject(other->getObject(i)) || setObject(other->getObject(i));
    return are_in;
}

bool
OSSet::merge(const OSSet *other)
{
    return merge(other->members);
}

void
OSSet::removeObject(const OSMetaClassBase *object)
{
    if (!containsObject(object))
        return;
    haveUpdated();
    members->removeObject(members->getNextIndexOfObject(object, 0));
}

bool
OSSet::isEqualTo(const OSSet *other) const
{
    bool is_same = other != NULL && other->getCount() == getCount();

    for (unsigned i = 0; is_same && i < getCount(); i++)
        is_same = other->containsObject(objectAt(i));
    return is_same;
}

bool
OSSet::isEqualTo(const OSMetaClassBase *other) const
{
    return isEqualTo(OSDynamicCast(OSSet, other));
}

OSCollection *
OSSet::copyCollection(OSDictionary *cycles)
{
    OSSet *copy = withSet(this);

    return copyMembers(copy, copy == NULL ? NULL : copy->members, cycles);
}

/* ---- ordered sets ---- */

bool
OSOrderedSet::initWithCapacity(unsigned wanted, OSOrderFunction order, void *reference)
{
    members = OSArray::withCapacity(wanted);
    (void)setCapacityIncrement(wanted);
    ordering = order;
    orderingRef = reference;
    return members != NULL && OSObject::init();
}

OSOrderedSet *
OSOrderedSet::withCapacity(unsigned wanted, OSOrderFunction order, void *reference)
{
    OSOrderedSet *object = new OSOrderedSet;

    return made(object, object != NULL && object->initWithCapacity(wanted, order, reference));
}

void
OSOrderedSet::free()
{
    OSSafeReleaseNULL(members);
    OSCollection::free();
}

unsigned int
OSOrderedSet::getCount() const
{
    return members->getCount();
}

unsigned int
OSOrderedSet::getCapacity() const
{
    return members->getCapacity();
}

unsigned int
OSOrderedSet::ensureCapacity(unsigned wanted)
{
    return members->ensureCapacity(wanted);
}

void
OSOrderedSet::flushCollection()
{
    haveUpdated();
    members->flushCollection();
}

OSObject *
OSOrderedSet::objectAt(unsigned index) const
{
    return members->getObject(index);
}

OSObject *
OSOrderedSet::getLastObject() const
{
    return members->getLastObject();
}

bool
OSOrderedSet::containsObject(const OSMetaClassBase *object) const
{
    return members->getNextIndexOfObject(object, 0) != ~0u;
}

/* Before the first that is smaller; among equals, as all are without an order, behind those there. */
bool
OSOrderedSet::setObject(const OSMetaClassBase *object)
{
    unsigned at = 0;

    while (at < getCount() &&
           (ordering == NULL || ordering(members->getObject(at), object, orderingRef) >= 0))
        at++;
    return setObject(at, object);
}

bool
OSOrderedSet::setObject(unsigned index, const OSMetaClassBase *object)
{
    if (object == NULL || index > getCount() || containsObject(object))
        return false;
    haveUpdated();
    return members->setObject(index, object);
}

bool
OSOrderedSet::setFirstObject(const OSMetaClassBase *object)
{
    return setObject(0u, object);
}

bool
OSOrderedSet::setLastObject(const OSMetaClassBase *object)
{
    return setObject(getCount(), object);
}

void
OSOrderedSet::removeObject(const OSMetaClassBase *object)
{
    if (!containsObject(object))
        return;
    haveUpdated();
    members->removeObject(members->getNextIndexOfObject(object, 0));
}

SInt32
OSOrderedSet::orderObject(const OSMetaClassBase *object)
{
    return ordering == NULL ? 0 : ordering(object, NULL, orderingRef);
}

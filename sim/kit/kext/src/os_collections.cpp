/* os_collections.cpp - arrays, dictionaries and what walks them; see os_collections.h */
#include <faultline_kext/os.h>

#include "host.h"

OSDefineMetaClassAndAbstractStructors(OSIterator, OSObject);
OSDefineMetaClassAndAbstractStructors(OSCollection, OSObject);
OSDefineMetaClassAndStructors(OSCollectionIterator, OSIterator);
OSDefineMetaClassAndStructors(OSArray, OSCollection);
OSDefineMetaClassAndStructors(OSDictionary, OSCollection);

/* ---- what all collections do ---- */

unsigned
OSCollection::setOptions(unsigned options, unsigned mask, void *)
{
    unsigned before = flags;

    flags = (flags & ~mask) | (options & mask);
    return before;
}

/* Only those that can be copied answer. */
OSCollection *
OSCollection::copyCollection(OSDictionary *)
{
    return NULL;
}

bool
OSCollection::iterateObjects(void *refcon, bool (*callback)(void *refcon, OSObject *object))
{
    unsigned before = changes;

    for (unsigned i = 0; i < getCount(); i++)
        if (changes != before || callback(refcon, objectAt(i)))
            return changes == before;
    return true;
}

/* ---- iterators ---- */

bool
OSCollectionIterator::initWithCollection(const OSCollection *walked)
{
    if (walked == NULL || !OSObject::init())
        return false;
    walked->retain();
    collection = walked;
    changes = walked->changes;
    return true;
}

OSCollectionIterator *
OSCollectionIterator::withCollection(const OSCollection *walked)
{
    OSCollectionIterator *object = new OSCollectionIterator;

    if (object != NULL && !object->initWithCollection(walked))
        OSSafeReleaseNULL(object);
    return object;
}

void
OSCollectionIterator::free()
{
    OSSafeRelease(collection);
    OSIterator::free();
}

void
OSCollectionIterator::reset()
{
    at = 0;
    changes = collection->changes;
}

bool
OSCollectionIterator::isValid()
{
    return changes == collection->changes;
}

OSObject *
OSCollectionIterator::getNextObject()
{
    return isValid() && at < collection->getCount() ? collection->objectAt(at++) : NULL;
}

/* ---- arrays ---- */

bool
OSArray::initWithCapacity(unsigned wanted)
{
    return OSObject::init() && ensureCapacity(wanted) >= wanted;
}

unsigned int
OSArray::ensureCapacity(unsigned wanted)
{
    const OSMetaClassBase **larger;

    if (wanted <= capacity)
        return capacity;
    larger = (const OSMetaClassBase **)kext_allocate(wanted * sizeof(*larger), 16);
    if (count > 0)
        memcpy(larger, array, count * sizeof(*larger));
    kext_release(array);
    array = larger;
    return capacity = wanted;
}

void
OSArray::free()
{
    flushCollection();
    kext_release(array);
    OSCollection::free();
}

void
OSArray::flushCollection()
{
    changes++;
    while (count > 0)
        array[--count]->taggedRelease(this);
}

bool
OSArray::setObject(const OSMetaClassBase *object)
{
    return setObject(count, object);
}

bool
OSArray::setObject(unsigned index, const OSMetaClassBase *object)
{
    if (object == NULL || index > count)
        return false;
    if (count == capacity)
        ensureCapacity(growth != 0 ? capacity + growth : capacity == 0 ? 4 : capacity * 2);
    memmove(array + index + 1, array + index, (count - index) * sizeof(*array));
    object->taggedRetain(this);
    array[index] = object;
    count++;
    changes++;
    return true;
}

void
OSArray::replaceObject(unsigned index, const OSMetaClassBase *object)
{
    const OSMetaClassBase *before;

    if (object == NULL || index >= count)
        return;
    before = array[index];
    object->taggedRetain(this);
    array[index] = object;
    before->taggedRelease(this);
    changes++;
}

void
OSArray::removeObject(unsigned index)
{
    const OSMetaClassBase *before;

    if (index >= count)
        return;
    before = array[index];
    count--;
    memmove(array + index, array + index + 1, (count - index) * sizeof(*array));
    changes++;
    before->taggedRelease(this);
}

OSObject *
OSArray::getObject(unsigned index) const
{
    return index < count ? (OSObject *)const_cast<OSMetaClassBase *>(array[index]) : NULL;
}

OSObject *
OSArray::getLastObject() const
{
    return count == 0 ? NULL : getObject(count - 1);
}

unsigned int
OSArray::getNextIndexOfObject(const OSMetaClassBase *object, unsigned index) const
{
    while (index < count && array[index] != object)
        index++;
    return index < count ? index : ~0u;
}

bool
OSArray::initWithObjects(const OSObject *objects[], unsigned number, unsigned wanted)
{
    bool is_good = initWithCapacity(wanted > number ? wanted : number);

    for (unsigned i = 0; is_good && i < number; i++)
        is_good = setObject(objects[i]);
    return is_good;
}

bool
OSArray::initWithArray(const OSArray *other, unsigned wanted)
{
    return other != NULL && initWithObjects((const OSObject **)other->array, other->count, wanted);
}

bool
OSArray::merge(const OSArray *other)
{
    for (unsigned i = 0; i < other->count; i++)
        setObject(other->array[i]);
    return true;
}

bool
OSArray::isEqualTo(const OSArray *other) const
{
    bool is_same = other != NULL && other->count == count;

    for (unsigned i = 0; is_same && i < count; i++)
        is_same = array[i]->isEqualTo(other->array[i]);
    return is_same;
}

bool
OSArray::isEqualTo(const OSMetaClassBase *other) const
{
    return isEqualTo(OSDynamicCast(OSArray, other));
}

OSCollection *
OSArray::copyCollection(OSDictionary *)
{
    return withArray(this);
}

OSArray *
OSArray::withCapacity(unsigned wanted)
{
    OSArray *object = new OSArray;

    if (object != NULL && !object->initWithCapacity(wanted))
        OSSafeReleaseNULL(object);
    return object;
}

OSArray *
OSArray::withObjects(const OSObject *objects[], unsigned number, unsigned wanted)
{
    OSArray *object = new OSArray;

    if (object != NULL && !object->initWithObjects(objects, number, wanted))
        OSSafeReleaseNULL(object);
    return object;
}

OSArray *
OSArray::withArray(const OSArray *other, unsigned wanted)
{
    return withObjects((const OSObject **)other->array, other->count, wanted);
}

/* ---- dictionaries ---- */

bool
OSDictionary::initWithCapacity(unsigned wanted)
{
    keys = OSArray::withCapacity(wanted);
    values = OSArray::withCapacity(wanted);
    return OSObject::init() && keys != NULL && values != NULL;
}

OSDictionary *
OSDictionary::withCapacity(unsigned wanted)
{
    OSDictionary *object = new OSDictionary;

    if (object != NULL && !object->initWithCapacity(wanted))
        OSSafeReleaseNULL(object);
    return object;
}

OSDictionary *
OSDictionary::withDictionary(const OSDictionary *other, unsigned wanted)
{
    OSDictionary *object = withCapacity(wanted);

    if (object != NULL && other != NULL)
        object->merge(other);
    return object;
}

OSDictionary *
OSDictionary::withObjects(const OSObject *objects[], const OSSymbol *names[], unsigned number,
                          unsigned wanted)
{
    return withObjects(objects, (const OSString **)names, number, wanted);
}

OSDictionary *
OSDictionary::withObjects(const OSObject *objects[], const OSString *names[], unsigned number,
                          unsigned wanted)
{
    OSDictionary *object = withCapacity(wanted > number ? wanted : number);

    for (unsigned i = 0; object != NULL && i < number; i++)
        object->setObject(names[i], objects[i]);
    return object;
}

void
OSDictionary::free()
{
    OSSafeReleaseNULL(keys);
    OSSafeReleaseNULL(values);
    OSCollection::free();
}

int
OSDictionary::indexOf(const char *key) const
{
    for (unsigned i = 0; i < keys->getCount(); i++)
        if (((OSString *)keys->getObject(i))->isEqualTo(key))
            return (int)i;
    return -1;
}

unsigned int
OSDictionary::getCount() const
{
    return keys == NULL ? 0 : keys->getCount();
}

unsigned int
OSDictionary::getCapacity() const
{
    return keys->getCapacity();
}

unsigned int
OSDictionary::ensureCapacity(unsigned wanted)
{
    (void)values->ensureCapacity(wanted);
    return keys->ensureCapacity(wanted);
}

void
OSDictionary::flushCollection()
{
    changes++;
    keys->flushCollection();
    values->flushCollection();
}

OSObject *
OSDictionary::objectAt(unsigned index) const
{
    return keys->getObject(index);
}

bool
OSDictionary::setObject(const OSSymbol *key, const OSMetaClassBase *value)
{
    int at = key == NULL || value == NULL ? -2 : indexOf(key->getCStringNoCopy());

    if (at == -2)
        return false;
    changes++;
    if (at >= 0) {
        values->replaceObject((unsigned)at, value);
        return true;
    }
    return keys->setObject(key) && values->setObject(value);
}

bool
OSDictionary::setObject(const char *key, const OSMetaClassBase *value)
{
    const OSSymbol *symbol = OSSymbol::withCString(key);
    bool is_set = setObject(symbol, value);

    OSSafeRelease(symbol);
    return is_set;
}

bool
OSDictionary::setObject(const OSString *key, const OSMetaClassBase *value)
{
    return key != NULL && setObject(key->getCStringNoCopy(), value);
}

void
OSDictionary::removeObject(const char *key)
{
    int at = indexOf(key);

    if (at < 0)
        return;
    changes++;
    keys->removeObject((unsigned)at);
    values->removeObject((unsigned)at);
}

void
OSDictionary::removeObject(const OSSymbol *key)
{
    removeObject(key->getCStringNoCopy());
}

void
OSDictionary::removeObject(const OSString *key)
{
    removeObject(key->getCStringNoCopy());
}

OSObject *
OSDictionary::getObject(const char *key) const
{
    int at = key == NULL ? -1 : indexOf(key);

    return at < 0 ? NULL : values->getObject((unsigned)at);
}

OSObject *
OSDictionary::getObject(const OSSymbol *key) const
{
    return key == NULL ? NULL : getObject(key->getCStringNoCopy());
}

OSObject *
OSDictionary::getObject(const OSString *key) const
{
    return key == NULL ? NULL : getObject(key->getCStringNoCopy());
}

bool
OSDictionary::merge(const OSDictionary *other)
{
    for (unsigned i = 0; i < other->getCount(); i++)
        setObject((OSString *)other->keys->getObject(i), other->values->getObject(i));
    return true;
}

/* Whether both have the same values for every key of the first. */
static bool
agree(const OSDictionary *a, const OSDictionary *b, const OSCollection *keys)
{
    for (unsigned i = 0; i < keys->getCount(); i++) {
        const OSString *key = (const OSString *)keys->objectAt(i);
        const OSObject *value = a->getObject(key);
        const OSObject *other = b->getObject(key);

        if (value != other && (value == NULL || !value->isEqualTo(other)))
            return false;
    }
    return true;
}

bool
OSDictionary::isEqualTo(const OSDictionary *other, const OSCollection *of) const
{
    return other != NULL && agree(this, other, of);
}

bool
OSDictionary::isEqualTo(const OSDictionary *other) const
{
    return other != NULL && other->getCount() == getCount() && agree(this, other, this);
}

bool
OSDictionary::isEqualTo(const OSMetaClassBase *other) const
{
    return isEqualTo(OSDynamicCast(OSDictionary, other));
}

OSCollection *
OSDictionary::copyCollection(OSDictionary *)
{
    return withDictionary(this);
}

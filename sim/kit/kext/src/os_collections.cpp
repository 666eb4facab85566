/* os_collections.cpp - arrays, dictionaries and what walks them; see os_collections.h */
#include <faultline_kext/os.h>

#include "host.h"
#include "made.h"

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

void
OSCollection::haveUpdated()
{
    if (flags & kImmutable)
        OSReportWithBacktrace("a collection that nobody may change is changed\n");
    changes++;
}

/* Only those that can be copied answer. */
OSCollection *
OSCollection::copyCollection(OSDictionary *)
{
    return NULL;
}

/* A collection among the members, or its copy where it has one; the caller's reference. NULL: it is none. */
static OSCollection *
copy_member(const OSObject *member, OSDictionary *cycles)
{
    OSCollection *inner = OSDynamicCast(OSCollection, member);
    OSObject *known =
        inner == NULL ? NULL : cycles->getObject((const OSSymbol *)(const void *)inner);

    if (known == NULL)
        return inner == NULL ? NULL : inner->copyCollection(cycles);
    known->retain();
    return (OSCollection *)known;
}

OSCollection *
OSCollection::copyMembers(OSCollection *copy, OSArray *members, OSDictionary *cycles) const
{
    OSDictionary *known = cycles != NULL ? cycles : OSDictionary::withCapacity(16);

    if (copy == NULL || known == NULL) {
        OSSafeRelease(copy);
        OSSafeRelease(cycles == NULL ? known : NULL);
        return NULL;
    }
    known->setObject((const OSSymbol *)(const void *)this, copy); /* its address is the key */
    for (unsigned i = 0; i < members->getCount(); i++) {
        OSCollection *inner = copy_member(members->getObject(i), known);

        members->replaceObject(i, inner);
        OSSafeRelease(inner);
    }
    OSSafeRelease(cycles == NULL ? known : NULL);
    return copy;
}

bool
OSCollection::hasRoom(unsigned *capacity, unsigned count)
{
    if (*capacity == 0)
        *capacity = count;
    return count <= *capacity;
}

bool
OSCollection::iterateObjects(void *refcon, bool (*callback)(void *refcon, OSObject *object))
{
    unsigned before = changes;

    for (unsigned i = 0; i < getCount() && changes == before; i++)
        if (callback(refcon, objectAt(i)))
            break;
    return changes == before;
}

/* ---- iterators ---- */

bool
OSCollectionIterator::initWithCollection(const OSCollection *walked)
{
    if (walked == NULL || !OSObject::init())
        return false;
    walked->retain();
    collection = walked;
    return true;
}

OSCollectionIterator *
OSCollectionIterator::withCollection(const OSCollection *walked)
{
    OSCollectionIterator *object = new OSCollectionIterator;

    return made(object, object != NULL && object->initWithCollection(walked));
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
    isBegun = true;
}

/* What changes before the first look does not matter. */
bool
OSCollectionIterator::isValid()
{
    if (!isBegun)
        reset();
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
    (void)setCapacityIncrement(wanted);
    return OSObject::init() && ensureCapacity(wanted) >= wanted;
}

unsigned int
OSArray::ensureCapacity(unsigned wanted)
{
    UInt64 rounded = ((UInt64)wanted + growth - 1) / growth * growth;
    const OSMetaClassBase **larger;

    if (wanted <= capacity || rounded > UINT32_MAX / sizeof(*larger))
        return capacity;
    larger = (const OSMetaClassBase **)kext_allocate(rounded * sizeof(*larger), 16);
    if (count > 0)
        memcpy(larger, array, count * sizeof(*larger));
    kext_release(array);
    array = larger;
    return capacity = (unsigned)rounded;
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
    haveUpdated();
    for (unsigned i = 0; i < count; i++)
        array[i]->taggedRelease(this);
    count = 0;
}

bool
OSArray::setObject(const OSMetaClassBase *object)
{
    return setObject(count, object);
}

bool
OSArray::setObject(unsigned index, const OSMetaClassBase *object)
{
    if (object == NULL || index > count || ensureCapacity(count + 1) <= count)
        return false;
    haveUpdated();
    memmove(array + index + 1, array + index, (count - index) * sizeof(*array));
    object->taggedRetain(this);
    array[index] = object;
    count++;
    return true;
}

void
OSArray::replaceObject(unsigned index, const OSMetaClassBase *object)
{
    const OSMetaClassBase *before;

    if (object == NULL || index >= count)
        return;
    haveUpdated();
    before = array[index];
    object->taggedRetain(this);
    array[index] = object;
    before->taggedRelease(this);
}

void
OSArray::removeObject(unsigned index)
{
    const OSMetaClassBase *before;

    if (index >= count)
        return;
    haveUpdated();
    before = array[index];
    count--;
    memmove(array + index, array + index + 1, (count - index) * sizeof(*array));
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
    bool is_good = objects != NULL && hasRoom(&wanted, number) && initWithCapacity(wanted);

    for (unsigned i = 0; is_good && i < number; i++)
        is_good = setObject(objects[i]);
    return is_good;
}

bool
OSArray::initWithArray(const OSArray *other, unsigned wanted)
{
    if (other == NULL || !hasRoom(&wanted, other->count) || !initWithCapacity(wanted))
        return false;
    return merge(other);
}

bool
OSArray::merge(const OSArray *other)
{
    unsigned more = other->count; /* it may be this one */

    if (more > ~0u - count || ensureCapacity(count + more) < count + more)
        return false;
    for (unsigned i = 0; i < more; i++)
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
OSArray::copyCollection(OSDictionary *cycles)
{
    OSArray *copy = withArray(this);

    return copyMembers(copy, copy, cycles);
}

OSArray *
OSArray::withCapacity(unsigned wanted)
{
    OSArray *object = new OSArray;

    return made(object, object != NULL && object->initWithCapacity(wanted));
}

OSArray *
OSArray::withObjects(const OSObject *objects[], unsigned number, unsigned wanted)
{
    OSArray *object = new OSArray;

    return made(object, object != NULL && object->initWithObjects(objects, number, wanted));
}

OSArray *
OSArray::withArray(const OSArray *other, unsigned wanted)
{
    OSArray *object = new OSArray;

    return made(object, object != NULL && object->initWithArray(other, wanted));
}

/* ---- dictionaries ---- */

bool
OSDictionary::initWithCapacity(unsigned wanted)
{
    keys = OSArray::withCapacity(wanted);
    values = OSArray::withCapacity(wanted);
    (void)setCapacityIncrement(wanted);
    return OSObject::init() && keys != NULL && values != NULL;
}

OSDictionary *
OSDictionary::withCapacity(unsigned wanted)
{
    OSDictionary *object = new OSDictionary;

    return made(object, object != NULL && object->initWithCapacity(wanted));
}

OSDictionary *
OSDictionary::withDictionary(const OSDictionary *other, unsigned wanted)
{
    OSDictionary *object;

    if (other == NULL || !hasRoom(&wanted, other->getCount()))
        return NULL;
    object = withCapacity(wanted);
    if (object != NULL)
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
    OSDictionary *object;

    if (objects == NULL || names == NULL || !hasRoom(&wanted, number))
        return NULL;
    object = withCapacity(wanted);
    for (unsigned i = 0; object != NULL && i < number; i++)
        if (!object->setObject(names[i], objects[i]))
            OSSafeReleaseNULL(object);
    return object;
}

void
OSDictionary::free()
{
    OSSafeReleaseNULL(keys);
    OSSafeReleaseNULL(values);
    OSCollection::free();
}

/* A key is the symbol itself: its text exists once. */
unsigned
OSDictionary::indexOf(const OSSymbol *key) const
{
    return keys->getNextIndexOfObject(key, 0);
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
    haveUpdated();
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
    unsigned at;

    if (key == NULL || value == NULL)
        return false;
    haveUpdated();
    at = indexOf(key);
    if (at == ~0u)
        return keys->setObject(key) && values->setObject(value);
    values->replaceObject(at, value);
    return true;
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
OSDictionary::removeObject(const OSSymbol *key)
{
    unsigned at = key == NULL ? ~0u : indexOf(key);

    if (at == ~0u)
        return;
    haveUpdated();
    keys->removeObject(at);
    values->removeObject(at);
}

void
OSDictionary::removeObject(const char *key)
{
    const OSSymbol *symbol = key == NULL ? NULL : OSSymbol::existingSymbolForCString(key);

    removeObject(symbol);
    OSSafeRelease(symbol);
}

void
OSDictionary::removeObject(const OSString *key)
{
    removeObject(key == NULL ? NULL : key->getCStringNoCopy());
}

OSObject *
OSDictionary::getObject(const OSSymbol *key) const
{
    return key == NULL ? NULL : values->getObject(indexOf(key));
}

/* A text that is no symbol yet is nobody's key. */
OSObject *
OSDictionary::getObject(const char *key) const
{
    const OSSymbol *symbol = key == NULL ? NULL : OSSymbol::existingSymbolForCString(key);
    OSObject *found = getObject(symbol);

    OSSafeRelease(symbol);
    return found;
}

OSObject *
OSDictionary::getObject(const OSString *key) const
{
    return key == NULL ? NULL : getObject(key->getCStringNoCopy());
}

bool
OSDictionary::merge(const OSDictionary *other)
{
    bool is_done = other != NULL;

    for (unsigned i = 0; is_done && i < other->getCount(); i++)
        is_done = setObject((const OSSymbol *)other->objectAt(i), other->values->getObject(i));
    return is_done;
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
OSDictionary::copyCollection(OSDictionary *cycles)
{
    OSDictionary *copy = withDictionary(this);

    return copyMembers(copy, copy == NULL ? NULL : copy->values, cycles);
}

/* io_registry.cpp - registry entries; see iokit_registry.h */
#include <faultline_kext/iokit.h>

#include "host.h"
#include "seam.h"

OSDefineMetaClassAndStructors(IORegistryEntry, OSObject);

const IORegistryPlane *gIOServicePlane, *gIOPowerPlane, *gIODTPlane;
const OSSymbol *gIONameMatchKey = OSSymbol::withCString("IONameMatch");
const OSSymbol *gIONameMatchedKey = OSSymbol::withCString("IONameMatched");
const OSSymbol *gIONameKey = OSSymbol::withCString("IOName");
const OSSymbol *gIOLocationKey = OSSymbol::withCString("IOLocation");
const OSSymbol *gIOProviderClassKey = OSSymbol::withCString("IOProviderClass");
const OSSymbol *gIOPropertyMatchKey = OSSymbol::withCString("IOPropertyMatch");
const OSSymbol *gIOUserClientClassKey = OSSymbol::withCString("IOUserClientClass");
const OSSymbol *gIOResourceMatchKey = OSSymbol::withCString("IOResourceMatch");
const OSSymbol *gIOResourcesKey = OSSymbol::withCString("IOResources");
const OSSymbol *gIOClassKey = OSSymbol::withCString("IOClass");

static OSObject *
kept(OSObject *object)
{
    if (object != NULL)
        object->retain();
    return object;
}

/*
 * Properties, and who hangs where, are read and changed by one thread at a time. Nothing of a driver's runs
 * meanwhile: what is let go of is let go of afterwards.
 */
static struct kext_mutex *registry = kext_mutex_create(1);

bool
IORegistryEntry::init(OSDictionary *dictionary)
{
    static uint64_t last_id;

    if (!OSObject::init())
        return false;
    if (dictionary != NULL)
        dictionary->retain();
    properties = dictionary != NULL ? dictionary : OSDictionary::withCapacity(8);
    children = OSArray::withCapacity(4);
    entryID = __atomic_add_fetch(&last_id, 1, __ATOMIC_RELAXED) + 0x100000000ull;
    return properties != NULL && children != NULL;
}

/* Another entry's properties, as a nub's driver gets them. */
bool
IORegistryEntry::init(IORegistryEntry *from, const IORegistryPlane *)
{
    return init(from == NULL ? NULL : from->properties);
}

void
IORegistryEntry::free()
{
    OSSafeReleaseNULL(properties);
    OSSafeReleaseNULL(children);
    OSSafeReleaseNULL(name);
    OSSafeReleaseNULL(location);
    OSObject::free();
}

const char *
IORegistryEntry::getName(const IORegistryPlane *) const
{
    return name != NULL ? name->getCStringNoCopy() : getMetaClass()->getClassName();
}

const OSSymbol *
IORegistryEntry::copyName(const IORegistryPlane *) const
{
    return OSSymbol::withCString(getName());
}

void
IORegistryEntry::setName(const OSSymbol *symbol, const IORegistryPlane *)
{
    symbol->retain();
    OSSafeRelease(name);
    name = symbol;
}

void
IORegistryEntry::setName(const char *text, const IORegistryPlane *)
{
    OSSafeRelease(name);
    name = OSSymbol::withCString(text);
}

/* A text as the kernel makes it a key; it does so without fail. */
class Key
{
  public:
    Key(const char *text)
    {
        Kernel kernel;

        symbol = OSSymbol::withCString(text);
    }
    Key(const OSString *text) : Key(text->getCStringNoCopy())
    {
    }
    ~Key()
    {
        symbol->release();
    }
    const OSSymbol *symbol;
};

bool
IORegistryEntry::setProperty(const OSSymbol *key, OSObject *value)
{
    OSObject *before;
    bool is_set;

    kext_mutex_lock(registry);
    before = kept(properties->getObject(key));
    is_set = properties->setObject(key, value);
    kext_mutex_unlock(registry);
    OSSafeRelease(before);
    return is_set;
}

bool
IORegistryEntry::setProperty(const OSString *key, OSObject *value)
{
    return setProperty(Key(key).symbol, value);
}

bool
IORegistryEntry::setProperty(const char *key, OSObject *value)
{
    return setProperty(Key(key).symbol, value);
}

/* Sets a value that was made for this and gives the reference back. */
static bool
set_fresh(IORegistryEntry *entry, const char *key, OSObject *value)
{
    bool is_set = value != NULL && entry->setProperty(key, value);

    OSSafeRelease(value);
    return is_set;
}

bool
IORegistryEntry::setProperty(const char *key, const char *text)
{
    return set_fresh(this, key, OSString::withCString(text));
}

bool
IORegistryEntry::setProperty(const char *key, bool truth)
{
    return set_fresh(this, key, OSBoolean::withBoolean(truth));
}

bool
IORegistryEntry::setProperty(const char *key, unsigned long long value, unsigned bits)
{
    return set_fresh(this, key, OSNumber::withNumber(value, bits));
}

bool
IORegistryEntry::setProperty(const char *key, void *bytes, unsigned length)
{
    return set_fresh(this, key, OSData::withBytes(bytes, length));
}

void
IORegistryEntry::removeProperty(const OSSymbol *key)
{
    OSObject *before;

    kext_mutex_lock(registry);
    before = kept(properties->getObject(key));
    properties->removeObject(key);
    kext_mutex_unlock(registry);
    OSSafeRelease(before);
}

void
IORegistryEntry::removeProperty(const OSString *key)
{
    removeProperty(Key(key).symbol);
}

void
IORegistryEntry::removeProperty(const char *key)
{
    removeProperty(Key(key).symbol);
}

OSObject *
IORegistryEntry::copyProperty(const OSSymbol *key) const
{
    OSObject *found;

    kext_mutex_lock(registry);
    found = kept(properties->getObject(key));
    kext_mutex_unlock(registry);
    return found;
}

OSObject *
IORegistryEntry::copyProperty(const OSString *key) const
{
    return copyProperty(Key(key).symbol);
}

OSObject *
IORegistryEntry::copyProperty(const char *key) const
{
    return copyProperty(Key(key).symbol);
}

/* Its own, and then those of who is above it or below it, as the options say. */
OSObject *
IORegistryEntry::copyProperty(const OSSymbol *key, const IORegistryPlane *plane,
                              IOOptionBits options) const
{
    OSObject *found = copyProperty(key);
    OSArray *others;

    if (found != NULL || !(options & kIORegistryIterateRecursively))
        return found;
    others = options & kIORegistryIterateParents ? copyParents() : copyChildren();
    for (unsigned i = 0; found == NULL && i < others->getCount(); i++)
        found = ((IORegistryEntry *)others->getObject(i))->copyProperty(key, plane, options);
    others->release();
    return found;
}

OSObject *
IORegistryEntry::copyProperty(const OSString *key, const IORegistryPlane *plane,
                              IOOptionBits options) const
{
    return copyProperty(Key(key).symbol, plane, options);
}

OSObject *
IORegistryEntry::copyProperty(const char *key, const IORegistryPlane *plane,
                              IOOptionBits options) const
{
    return copyProperty(Key(key).symbol, plane, options);
}

/* What is got belongs to whose property it is. */
static OSObject *
borrowed(OSObject *object)
{
    OSSafeRelease(object);
    return object;
}

OSObject *
IORegistryEntry::getProperty(const OSSymbol *key) const
{
    return borrowed(copyProperty(key));
}

OSObject *
IORegistryEntry::getProperty(const OSString *key) const
{
    return getProperty(Key(key).symbol);
}

OSObject *
IORegistryEntry::getProperty(const char *key) const
{
    return getProperty(Key(key).symbol);
}

OSObject *
IORegistryEntry::getProperty(const OSSymbol *key, const IORegistryPlane *plane,
                             IOOptionBits options) const
{
    return borrowed(copyProperty(key, plane, options));
}

OSObject *
IORegistryEntry::getProperty(const OSString *key, const IORegistryPlane *plane,
                             IOOptionBits options) const
{
    return getProperty(Key(key).symbol, plane, options);
}

OSObject *
IORegistryEntry::getProperty(const char *key, const IORegistryPlane *plane,
                             IOOptionBits options) const
{
    return getProperty(Key(key).symbol, plane, options);
}

OSDictionary *
IORegistryEntry::dictionaryWithProperties() const
{
    OSDictionary *copy = OSDictionary::withCapacity(getPropertyTable()->getCapacity());

    kext_mutex_lock(registry);
    if (copy != NULL)
        copy->merge(properties);
    kext_mutex_unlock(registry);
    return copy;
}

void
IORegistryEntry::setPropertyTable(OSDictionary *dictionary)
{
    OSDictionary *before;

    dictionary->retain();
    kext_mutex_lock(registry);
    before = properties;
    properties = dictionary;
    kext_mutex_unlock(registry);
    OSSafeRelease(before);
}

bool
IORegistryEntry::serializeProperties(OSSerialize *to) const
{
    OSDictionary *copy = dictionaryWithProperties();
    bool is_done = copy != NULL && copy->serialize(to);

    OSSafeRelease(copy);
    return is_done;
}

/* ---- above and below ---- */

/* A child keeps its parent, and the parent its child, until the child is detached. */
bool
IORegistryEntry::attachToParent(IORegistryEntry *above, const IORegistryPlane *)
{
    bool is_attached;

    kext_mutex_lock(registry);
    is_attached = parent == above;
    if (parent == NULL && above->children->setObject(this)) {
        above->retain();
        parent = above;
        is_attached = true;
    }
    kext_mutex_unlock(registry);
    return is_attached;
}

void
IORegistryEntry::detachFromParent(IORegistryEntry *above, const IORegistryPlane *)
{
    bool is_detached;

    retain();
    kext_mutex_lock(registry);
    is_detached = above != NULL && parent == above;
    if (is_detached) {
        parent = NULL;
        above->children->removeObject(above->children->getNextIndexOfObject(this, 0));
    }
    kext_mutex_unlock(registry);
    if (is_detached)
        above->release();
    release();
}

/* Who is there now; a walk through them does not see who comes or goes. */
OSArray *
IORegistryEntry::copyChildren() const
{
    Kernel kernel;
    OSArray *copy = OSArray::withCapacity(4);

    kext_mutex_lock(registry);
    copy->merge(children);
    kext_mutex_unlock(registry);
    return copy;
}

OSArray *
IORegistryEntry::copyParents() const
{
    Kernel kernel;
    OSArray *copy = OSArray::withCapacity(1);

    kext_mutex_lock(registry);
    copy->setObject(parent);
    kext_mutex_unlock(registry);
    return copy;
}

static OSIterator *
walk_through(OSArray *entries)
{
    OSIterator *walk = OSCollectionIterator::withCollection(entries);

    entries->release();
    return walk;
}

OSIterator *
IORegistryEntry::getChildIterator(const IORegistryPlane *) const
{
    return walk_through(copyChildren());
}

OSIterator *
IORegistryEntry::getParentIterator(const IORegistryPlane *) const
{
    return walk_through(copyParents());
}

IOReturn
IORegistryEntry::setProperties(OSObject *)
{
    return kIOReturnUnsupported;
}

IOReturn
IORegistryEntry::runPropertyAction(Action action, OSObject *target, void *a0, void *a1, void *a2,
                                   void *a3)
{
    return action(target, a0, a1, a2, a3);
}

/* ---- names and places ---- */

IORegistryEntry *
IORegistryEntry::getRegistryRoot()
{
    return IOService::getServiceRoot();
}

const IORegistryPlane *
IORegistryEntry::getPlane(const char *)
{
    return gIOServicePlane;
}

const char *
IORegistryEntry::getLocation(const IORegistryPlane *) const
{
    return location == NULL ? NULL : location->getCStringNoCopy();
}

const OSSymbol *
IORegistryEntry::copyLocation(const IORegistryPlane *) const
{
    if (location != NULL)
        location->retain();
    return location;
}

void
IORegistryEntry::setLocation(const OSSymbol *symbol, const IORegistryPlane *)
{
    symbol->retain();
    OSSafeRelease(location);
    location = symbol;
}

void
IORegistryEntry::setLocation(const char *text, const IORegistryPlane *)
{
    OSSafeRelease(location);
    location = OSSymbol::withCString(text);
}

bool
IORegistryEntry::compareName(OSString *wanted, OSString **matched) const
{
    bool is_it = wanted->isEqualTo(getName());

    if (is_it && matched != NULL) {
        wanted->retain();
        *matched = wanted;
    }
    return is_it;
}

bool
IORegistryEntry::compareNames(OSObject *names, OSString **matched) const
{
    OSCollection *list = OSDynamicCast(OSCollection, names);
    OSString *one = OSDynamicCast(OSString, names);
    bool is_it = one != NULL && compareName(one, matched);

    for (unsigned i = 0; list != NULL && !is_it && i < list->getCount(); i++)
        is_it = compareNames(list->objectAt(i), matched);
    return is_it;
}

bool
IORegistryEntry::getPathComponent(char *path, int *length, const IORegistryPlane *plane) const
{
    const char *where = getLocation(plane);
    int wanted =
        snprintf(path, (size_t)*length, where == NULL ? "%s" : "%s@%s", getName(plane), where);
    bool fits = wanted < *length;

    *length = wanted;
    return fits;
}

bool
IORegistryEntry::getPath(char *path, int *length, const IORegistryPlane *plane) const
{
    int used = *length, room;

    if (parent == NULL) {
        *length = snprintf(path, (size_t)*length, "%s:/", kIOServicePlane);
        return *length < used;
    }
    if (!parent->getPath(path, length, plane))
        return false;
    if (parent->parent != NULL && *length < used - 1)
        path[(*length)++] = '/';
    room = used - *length;
    used = *length;
    if (!getPathComponent(path + used, &room, plane))
        return false;
    *length = used + room;
    return true;
}

/* The child whose name the path goes on with; its location may be left out. */
static IORegistryEntry *
child_named(const IORegistryEntry *of, const char *name, size_t length)
{
    Kernel kernel;
    OSIterator *walk = of->getChildIterator(NULL);
    IORegistryEntry *child, *found = NULL;

    while (found == NULL && (child = (IORegistryEntry *)walk->getNextObject()) != NULL) {
        char component[128];
        int size = sizeof(component);

        if ((child->getPathComponent(component, &size, NULL) && (size_t)size == length &&
             strncmp(component, name, length) == 0) ||
            (strlen(child->getName()) == length && strncmp(child->getName(), name, length) == 0))
            found = child;
    }
    walk->release();
    return found;
}

IORegistryEntry *
IORegistryEntry::fromPath(const char *path, const IORegistryPlane *, char *, int *,
                          IORegistryEntry *from)
{
    const char *colon = strchr(path, ':');
    IORegistryEntry *at = from != NULL ? from : getRegistryRoot();

    path = colon == NULL ? path : colon + 1;
    while (at != NULL && *path != '\0') {
        const char *end = path + (*path == '/');

        path = end;
        while (*end != '\0' && *end != '/')
            end++;
        if (end > path)
            at = child_named(at, path, (size_t)(end - path));
        path = end;
    }
    if (at != NULL)
        at->retain();
    return at;
}

/* ---- who hangs where ---- */

IORegistryEntry *
IORegistryEntry::copyParentEntry(const IORegistryPlane *) const
{
    IORegistryEntry *above;

    kext_mutex_lock(registry);
    above = (IORegistryEntry *)kept(parent);
    kext_mutex_unlock(registry);
    return above;
}

IORegistryEntry *
IORegistryEntry::copyChildEntry(const IORegistryPlane *) const
{
    IORegistryEntry *child;

    kext_mutex_lock(registry);
    child = (IORegistryEntry *)kept(children->getObject(0));
    kext_mutex_unlock(registry);
    return child;
}

IORegistryEntry *
IORegistryEntry::getChildEntry(const IORegistryPlane *plane) const
{
    return (IORegistryEntry *)borrowed(copyChildEntry(plane));
}

unsigned
IORegistryEntry::getChildCount(const IORegistryPlane *) const
{
    return children->getCount();
}

bool
IORegistryEntry::isChild(IORegistryEntry *child, const IORegistryPlane *, bool only) const
{
    return child->parent == this && (!only || children->getCount() == 1);
}

bool
IORegistryEntry::isParent(IORegistryEntry *above, const IORegistryPlane *, bool) const
{
    return above != NULL && parent == above;
}

bool
IORegistryEntry::inPlane(const IORegistryPlane *) const
{
    return parent != NULL || this == getRegistryRoot();
}

unsigned
IORegistryEntry::getDepth(const IORegistryPlane *plane) const
{
    return parent == NULL ? 0 : 1 + parent->getDepth(plane);
}

bool
IORegistryEntry::attachToChild(IORegistryEntry *child, const IORegistryPlane *plane)
{
    return child->attachToParent(this, plane);
}

void
IORegistryEntry::detachFromChild(IORegistryEntry *child, const IORegistryPlane *plane)
{
    child->detachFromParent(this, plane);
}

void
IORegistryEntry::detachAbove(const IORegistryPlane *plane)
{
    detachFromParent(parent, plane);
}

void
IORegistryEntry::detachAll(const IORegistryPlane *plane)
{
    IORegistryEntry *child;

    while ((child = copyChildEntry(plane)) != NULL) {
        child->detachFromParent(this, plane);
        child->release();
    }
    detachAbove(plane);
}

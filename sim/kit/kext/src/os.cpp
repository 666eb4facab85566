/* os.cpp - see os.h */
#include <faultline_kext/os.h>

#include "host.h"
#include "seam.h"

static struct kext_mutex *freed_lock = kext_mutex_create(0);

/* ---- metaclasses ---- */

static const OSMetaClass *classes; /* every metaclass of the program, newest first */

OSMetaClass::OSMetaClass(const char *className, const OSMetaClass *super, unsigned classSize)
    : next(classes), superClass(super), name(className), size(classSize), instances(0)
{
    classes = this;
}

OSMetaClass::~OSMetaClass()
{
}

const OSMetaClass *
OSMetaClass::getMetaClassWithName(const char *wanted)
{
    const OSMetaClass *at = classes;

    while (at != NULL && strcmp(at->name, wanted) != 0)
        at = at->next;
    return at;
}

const OSMetaClass *
OSMetaClass::getMetaClassWithName(const OSSymbol *wanted)
{
    return getMetaClassWithName(wanted->getCStringNoCopy());
}

OSObject *
OSMetaClass::allocClassWithName(const char *wanted)
{
    const OSMetaClass *meta = getMetaClassWithName(wanted);

    return meta == NULL ? NULL : meta->alloc();
}

OSObject *
OSMetaClass::allocClassWithName(const OSSymbol *wanted)
{
    return allocClassWithName(wanted->getCStringNoCopy());
}

OSObject *
OSMetaClass::allocClassWithName(const OSString *wanted)
{
    return allocClassWithName(wanted->getCStringNoCopy());
}

void
OSMetaClass::instanceConstructed() const
{
    __atomic_fetch_add(&instances, 1, __ATOMIC_RELAXED);
}

void
OSMetaClass::instanceDestructed() const
{
    __atomic_fetch_sub(&instances, 1, __ATOMIC_RELEASE);
}

bool
OSMetaClass::checkMetaCastClass(const OSMetaClass *wanted) const
{
    const OSMetaClass *at = this;

    while (at != NULL && at != wanted)
        at = at->superClass;
    return at != NULL;
}

OSMetaClassBase *
OSMetaClassBase::safeMetaCast(const OSMetaClassBase *object, const OSMetaClass *wanted)
{
    return object == NULL ? NULL : object->metaCast(wanted);
}

OSMetaClassBase *
OSMetaClassBase::requiredMetaCast(const OSMetaClassBase *object, const OSMetaClass *wanted)
{
    OSMetaClassBase *cast = safeMetaCast(object, wanted);

    if (object != NULL && cast == NULL)
        panic("required cast of a %s to a %s failed", object->getMetaClass()->getClassName(),
              wanted->getClassName());
    return cast;
}

bool
OSMetaClassBase::checkTypeInst(const OSMetaClassBase *object, const OSMetaClassBase *typed)
{
    return safeMetaCast(object, typed->getMetaClass()) != NULL;
}

OSMetaClassBase *
OSMetaClassBase::metaCast(const OSMetaClass *wanted) const
{
    return getMetaClass()->checkMetaCastClass(wanted) ? const_cast<OSMetaClassBase *>(this) : NULL;
}

OSMetaClassBase *
OSMetaClassBase::metaCast(const char *wanted) const
{
    const OSMetaClass *meta = OSMetaClass::getMetaClassWithName(wanted);

    return meta == NULL ? NULL : metaCast(meta);
}

OSMetaClassBase *
OSMetaClassBase::metaCast(const OSSymbol *wanted) const
{
    return metaCast(wanted->getCStringNoCopy());
}

OSMetaClassBase *
OSMetaClassBase::metaCast(const OSString *wanted) const
{
    return metaCast(wanted->getCStringNoCopy());
}

bool
OSMetaClassBase::isEqualTo(const OSMetaClassBase *other) const
{
    return this == other;
}

/* A pointer to member is {address, or 1 + offset into the vtable; distance to the right base}. */
OSMetaClassBase::_ptf_t
OSMetaClassBase::_ptmf2ptf(const OSMetaClassBase *self, void (OSMetaClassBase::*function)(void))
{
    union {
        void (OSMetaClassBase::*member)(void);
        struct {
            uintptr_t address;
            intptr_t distance;
        } parts;
    } as;
    _ptf_t found;

    as.member = function;
    if (as.parts.address & 1) {
        const char *vtable = *(const char *const *)self;

        memcpy(&found, vtable + as.parts.address - 1, sizeof(found));
    } else {
        memcpy(&found, &as.parts.address, sizeof(found));
    }
    return found;
}

/* ---- OSObject ---- */

OSObject::MetaClass OSObject::gMetaClass;
const OSMetaClass *const OSObject::metaClass = &OSObject::gMetaClass;
const OSMetaClass *const OSObject::superClass = NULL;

OSObject::MetaClass::MetaClass() : OSMetaClass("OSObject", NULL, sizeof(OSObject))
{
}

OSObject *
OSObject::MetaClass::alloc() const
{
    return NULL;
}

const OSMetaClass *
OSObject::getMetaClass() const
{
    return &gMetaClass;
}

OSObject::OSObject() : retainCount(1)
{
}

OSObject::OSObject(const OSMetaClass *) : retainCount(1)
{
}

OSObject::~OSObject()
{
}

void *
OSObject::operator new(size_t size) noexcept
{
    seam_may_block();
    return seam_allocation_fails() ? NULL : kext_allocate(size, 16);
}

/*
 * What is freed stays for a while, with a table of virtual functions that all say so: a call through a
 * pointer that somebody kept is found where it is made.
 */
enum { FREED_OBJECTS = 256, VIRTUAL_FUNCTIONS = 512 };

static void
freed_object_used()
{
    faultline_report_panic("an object was used after its last reference was released",
                           "use-after-release");
}

static void
keep_freed(void *memory)
{
    static void *freed[FREED_OBJECTS];
    static void (*functions[VIRTUAL_FUNCTIONS])();
    static unsigned next;
    unsigned at;

    kext_mutex_lock(freed_lock);
    for (unsigned i = 0; functions[0] == NULL && i < VIRTUAL_FUNCTIONS; i++)
        functions[VIRTUAL_FUNCTIONS - 1 - i] = freed_object_used;
    *(void (***)())memory = functions;
    at = next++ % FREED_OBJECTS;
    kext_release(freed[at]);
    freed[at] = memory;
    kext_mutex_unlock(freed_lock);
}

void
OSObject::operator delete(void *memory, size_t)
{
    keep_freed(memory);
}

int
OSObject::getRetainCount() const
{
    return __atomic_load_n(&retainCount, __ATOMIC_RELAXED);
}

/* All references go through the two with a tag, which a driver may have its own of. */
void
OSObject::taggedRetain(const void *) const
{
    __atomic_fetch_add(&retainCount, 1, __ATOMIC_RELAXED);
}

void
OSObject::taggedRelease(const void *, const int freeWhen) const
{
    int left = __atomic_sub_fetch(&retainCount, 1, __ATOMIC_ACQ_REL);

    if (left < 0)
        faultline_report_panic("an object was released after its last reference", "over-release");
    if (left < freeWhen)
        const_cast<OSObject *>(this)->free();
}

void
OSObject::retain() const
{
    taggedRetain(NULL);
}

void
OSObject::release() const
{
    taggedRelease(NULL);
}

void
OSObject::release(int freeWhen) const
{
    taggedRelease(NULL, freeWhen);
}

void
OSObject::taggedRelease(const void *tag) const
{
    taggedRelease(tag, 1);
}

bool
OSObject::init()
{
    return true;
}

void
OSObject::free()
{
    getMetaClass()->instanceDestructed();
    delete this;
}

/*
 * os_object.h - metaclasses and objects
 *
 * PURPOSE     OSMetaClass and OSObject, by which a kext's classes are found and counted.
 * INVARIANTS  an object's storage is zero before its constructor runs; free() runs at the last release
 * UNITS       none
 * OWNERSHIP   as libkern: retain and release in pairs
 * ERRORS      NULL or false, as libkern
 * EVENTS      none
 * XNU         libkern/libkern/c++/OSMetaClass.h, OSObject.h
 *             Differs: no per-instance reserved slots in the vtables
 */
#ifndef KEXT_OS_OBJECT_H
#define KEXT_OS_OBJECT_H

#include <faultline_kext/kern.h>

#define OSTypeID(type) (type::metaClass)
#define OSTypeIDInst(instance) ((instance)->getMetaClass())
#define OSDynamicCast(type, instance) \
    ((type *)OSMetaClassBase::safeMetaCast((instance), OSTypeID(type)))
#define OSRequiredCast(type, instance) \
    ((type *)OSMetaClassBase::requiredMetaCast((instance), OSTypeID(type)))
#define OSTypeAlloc(type) ((type *)((type::metaClass)->alloc()))
#define OSCheckTypeInst(typed, instance) OSMetaClassBase::checkTypeInst((instance), (typed))
#define OSInstanceOf OSDynamicCast
#define OSSafeRelease(instance)    \
    do {                           \
        if (instance)              \
            (instance)->release(); \
    } while (0)
#define OSSafeReleaseNULL(instance) \
    do {                            \
        if (instance)               \
            (instance)->release();  \
        (instance) = NULL;          \
    } while (0)
#define OSMemberFunctionCast(type, self, function) \
    ((type)OSMetaClassBase::_ptmf2ptf((self), (void(OSMetaClassBase::*)(void))(function)))

class OSObject;
class OSMetaClass;
class OSString;
class OSSymbol;
class OSDictionary;
class OSCollection;
class OSSerialize;
class OSData;

class OSMetaClassBase
{
  public:
    static OSMetaClassBase *safeMetaCast(const OSMetaClassBase *, const OSMetaClass *);
    static OSMetaClassBase *requiredMetaCast(const OSMetaClassBase *, const OSMetaClass *);
    static bool checkTypeInst(const OSMetaClassBase *, const OSMetaClassBase *typed);
    typedef void (*_ptf_t)(void);
    static _ptf_t _ptmf2ptf(const OSMetaClassBase *self, void (OSMetaClassBase::*function)(void));

    virtual int getRetainCount() const = 0;
    virtual void retain() const = 0;
    virtual void release() const = 0;
    virtual void release(int freeWhen) const = 0;
    virtual void taggedRetain(const void *tag = 0) const = 0;
    virtual void taggedRelease(const void *tag = 0) const = 0;
    virtual void taggedRelease(const void *tag, const int freeWhen) const = 0;
    virtual bool isEqualTo(const OSMetaClassBase *) const;
    virtual bool serialize(OSSerialize *) const = 0;
    virtual const OSMetaClass *getMetaClass() const = 0;
    OSMetaClassBase *metaCast(const OSMetaClass *) const;
    OSMetaClassBase *metaCast(const OSSymbol *) const;
    OSMetaClassBase *metaCast(const OSString *) const;
    OSMetaClassBase *metaCast(const char *) const;

  protected:
    OSMetaClassBase()
    {
    }
    virtual ~OSMetaClassBase()
    {
    }
};

class OSMetaClass : private OSMetaClassBase
{
  public:
    static OSObject *allocClassWithName(const char *);
    static OSObject *allocClassWithName(const OSSymbol *);
    static OSObject *allocClassWithName(const OSString *);
    static const OSMetaClass *getMetaClassWithName(const char *);
    static const OSMetaClass *getMetaClassWithName(const OSSymbol *);
    virtual OSObject *alloc() const = 0;
    const OSMetaClass *
    getSuperClass() const
    {
        return superClass;
    }
    const char *
    getClassName() const
    {
        return name;
    }
    unsigned
    getClassSize() const
    {
        return size;
    }
    unsigned
    getInstanceCount() const
    {
        return __atomic_load_n(&instances, __ATOMIC_ACQUIRE);
    }
    void instanceConstructed() const;
    void instanceDestructed() const;
    bool checkMetaCastClass(const OSMetaClass *) const;

    int
    getRetainCount() const override
    {
        return 1;
    }
    void
    retain() const override
    {
    }
    void
    release() const override
    {
    }
    void
    release(int) const override
    {
    }
    void
    taggedRetain(const void *) const override
    {
    }
    void
    taggedRelease(const void *) const override
    {
    }
    void
    taggedRelease(const void *, const int) const override
    {
    }
    bool
    serialize(OSSerialize *) const override
    {
        return false;
    }
    const OSMetaClass *
    getMetaClass() const override
    {
        return this;
    }

  protected:
    OSMetaClass(const char *className, const OSMetaClass *superClass, unsigned classSize);
    virtual ~OSMetaClass();

  private:
    friend class OSMetaClassBase;
    const OSMetaClass *next;
    const OSMetaClass *superClass;
    const char *name;
    unsigned size;
    mutable unsigned instances;
};

#define OSDeclareCommonStructors(className)           \
  private:                                            \
    static const OSMetaClass *const superClass;       \
                                                      \
  public:                                             \
    static const OSMetaClass *const metaClass;        \
    static class MetaClass : public OSMetaClass       \
    {                                                 \
      public:                                         \
        MetaClass();                                  \
        OSObject *alloc() const override;             \
    } gMetaClass;                                     \
    friend class className::MetaClass;                \
    const OSMetaClass *getMetaClass() const override; \
                                                      \
  protected:                                          \
    className(const OSMetaClass *);                   \
    virtual ~className() override

#define OSDeclareDefaultStructors(className) \
    OSDeclareCommonStructors(className);     \
                                             \
  public:                                    \
    className(void);                         \
                                             \
  protected:
#define OSDeclareAbstractStructors(className) \
    OSDeclareCommonStructors(className);      \
                                              \
  private:                                    \
    className(void);                          \
                                              \
  protected:
#define OSDeclareFinalStructors(className) OSDeclareDefaultStructors(className)

#define OSDefineMetaClassCommon(className, superclassName)                        \
    className::MetaClass className::gMetaClass;                                   \
    const OSMetaClass *const className::metaClass = &className::gMetaClass;       \
    const OSMetaClass *const className::superClass = &superclassName::gMetaClass; \
    className::className(const OSMetaClass *meta) : superclassName(meta)          \
    {                                                                             \
    }                                                                             \
    className::~className()                                                       \
    {                                                                             \
    }                                                                             \
    const OSMetaClass *className::getMetaClass() const                            \
    {                                                                             \
        return &gMetaClass;                                                       \
    }                                                                             \
    className::MetaClass::MetaClass()                                             \
        : OSMetaClass(#className, &superclassName::gMetaClass, sizeof(className)) \
    {                                                                             \
    }
#define OSDefineMetaClass(className, superclassName)                                           \
    OSDefineMetaClassCommon(className, superclassName) OSObject *className::MetaClass::alloc() \
        const                                                                                  \
    {                                                                                          \
        return new className;                                                                  \
    }
#define OSDefineAbstractMetaClass(className, superclassName)                                   \
    OSDefineMetaClassCommon(className, superclassName) OSObject *className::MetaClass::alloc() \
        const                                                                                  \
    {                                                                                          \
        return NULL;                                                                           \
    }
#define OSDefineDefaultStructors(className, superclassName) \
    className::className() : superclassName(&gMetaClass)    \
    {                                                       \
        gMetaClass.instanceConstructed();                   \
    }
#define OSDefineAbstractStructors(className, superclassName) \
    className::className() : superclassName(&gMetaClass)     \
    {                                                        \
    }
#define OSDefineMetaClassAndStructors(className, superclassName) \
    OSDefineMetaClass(className, superclassName) OSDefineDefaultStructors(className, superclassName)
#define OSDefineMetaClassAndFinalStructors(className, superclassName) \
    OSDefineMetaClassAndStructors(className, superclassName)
#define OSDefineMetaClassAndAbstractStructors(className, superclassName) \
    OSDefineAbstractMetaClass(className, superclassName)                 \
        OSDefineAbstractStructors(className, superclassName)
#define OSDefineMetaClassWithInit(className, superclassName, init) \
    OSDefineMetaClass(className, superclassName)
#define OSDefineAbstractMetaClassWithInit(className, superclassName, init) \
    OSDefineAbstractMetaClass(className, superclassName)
#define OSDefineMetaClassAndStructorsWithInit(className, superclassName, init) \
    OSDefineMetaClassAndStructors(className, superclassName)
#define OSDefineMetaClassAndAbstractStructorsWithInit(className, superclassName, init) \
    OSDefineMetaClassAndAbstractStructors(className, superclassName)
#define OSDefineMetaClassAndFinalStructorsWithInit(className, superclassName, init) \
    OSDefineMetaClassAndFinalStructors(className, superclassName)
#define OSDeclareAbstractStructorsWithDispatch(className) OSDeclareAbstractStructors(className)
#define OSDeclareDefaultStructorsWithDispatch(className) OSDeclareDefaultStructors(className)
#define OSDeclareFinalStructorsWithDispatch(className) OSDeclareFinalStructors(className)
#define OSMetaClassDeclareReservedUnused(className, index) \
  private:                                                 \
    virtual void _RESERVED##className##index()
#define OSMetaClassDeclareReservedUsed(className, index)
#define OSMetaClassDefineReservedUnused(className, index) \
    void className::_RESERVED##className##index()         \
    {                                                     \
    }
#define OSMetaClassDefineReservedUsed(className, index)

class OSObject : public OSMetaClassBase
{
  private:
    static const OSMetaClass *const superClass;

  public:
    static const OSMetaClass *const metaClass;
    static class MetaClass : public OSMetaClass
    {
      public:
        MetaClass();
        OSObject *alloc() const override;
    } gMetaClass;
    friend class OSObject::MetaClass;
    const OSMetaClass *getMetaClass() const override;

    int getRetainCount() const override;
    void retain() const override;
    void release() const override;
    void release(int freeWhen) const override;
    void taggedRetain(const void *tag = 0) const override;
    void taggedRelease(const void *tag = 0) const override;
    void taggedRelease(const void *tag, const int freeWhen) const override;
    bool serialize(OSSerialize *) const override;
    virtual bool init();
    static void *operator new(size_t) noexcept; /* NULL: no memory */
    static void operator delete(void *, size_t);

  protected:
    OSObject();
    OSObject(const OSMetaClass *);
    virtual ~OSObject() override;
    virtual void free();

  private:
    mutable int retainCount;
};

#endif

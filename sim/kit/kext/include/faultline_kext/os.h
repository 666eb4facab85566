/*
 * os.h - libkern's object system and containers
 *
 * PURPOSE     OSMetaClass, OSObject and the collections by their own names, so that a kext's classes
 *             compile and are found by name.
 * INVARIANTS  an object's storage is zero before its constructor runs; free() runs at the last release
 * UNITS       counts: objects; lengths: bytes
 * OWNERSHIP   as libkern: with...() and copy...() give a reference, get...() borrows one
 * ERRORS      NULL or false, as libkern
 * EVENTS      none
 * XNU         libkern/libkern/c++/
 *             Differs: no serialisation, no per-instance reserved slots in the vtables
 */
#ifndef KEXT_OS_H
#define KEXT_OS_H

#include <faultline_kext/kern.h>

#define OSTypeID(type) (type::metaClass)
#define OSTypeIDInst(instance) ((instance)->getMetaClass())
#define OSDynamicCast(type, instance) \
    ((type *)OSMetaClassBase::safeMetaCast((instance), OSTypeID(type)))
#define OSRequiredCast(type, instance) \
    ((type *)OSMetaClassBase::requiredMetaCast((instance), OSTypeID(type)))
#define OSTypeAlloc(type) ((type *)((type::metaClass)->alloc()))
#define OSCheckTypeInst(typed, instance) OSMetaClassBase::checkTypeInst((instance), (typed))
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
        return instances;
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
#define OSDefineMetaClassAndStructorsWithInit(className, superclassName, init) \
    OSDefineMetaClassAndStructors(className, superclassName)
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
    virtual void taggedRelease(const void *tag, const int freeWhen) const;
    bool serialize(OSSerialize *) const override;
    virtual bool init();
    static void *operator new(size_t);
    static void operator delete(void *, size_t);

  protected:
    OSObject();
    OSObject(const OSMetaClass *);
    virtual ~OSObject() override;
    virtual void free();

  private:
    mutable int retainCount;
};

class OSSerialize : public OSObject
{
    OSDeclareDefaultStructors(OSSerialize);

  public:
    virtual char *
    text() const
    {
        return (char *)"";
    }
    static OSSerialize *withCapacity(unsigned);
};

class OSString : public OSObject
{
    OSDeclareDefaultStructors(OSString);

  protected:
    unsigned length;
    char *string;
    void free() override;

  public:
    static OSString *withCString(const char *);
    static OSString *withCStringNoCopy(const char *);
    static OSString *withString(const OSString *);
    virtual bool initWithCString(const char *);
    virtual unsigned int getLength() const;
    virtual char getChar(unsigned) const;
    virtual bool setChar(char, unsigned);
    virtual const char *getCStringNoCopy() const;
    virtual bool isEqualTo(const OSString *) const;
    virtual bool isEqualTo(const char *) const;
    bool isEqualTo(const OSMetaClassBase *) const override;
};

class OSSymbol : public OSString
{
    OSDeclareDefaultStructors(OSSymbol);

  public:
    static const OSSymbol *withString(const OSString *);
    static const OSSymbol *withCString(const char *);
    static const OSSymbol *withCStringNoCopy(const char *);
    static const OSSymbol *existingSymbolForCString(const char *);
    using OSString::isEqualTo;
};

class OSNumber : public OSObject
{
    OSDeclareDefaultStructors(OSNumber);

  protected:
    unsigned int bits;
    unsigned long long value;

  public:
    static OSNumber *withNumber(unsigned long long value, unsigned int bits);
    static OSNumber *withNumber(const char *, unsigned int bits);
    virtual bool init(unsigned long long value, unsigned int bits);
    virtual unsigned int
    numberOfBits() const
    {
        return bits;
    }
    virtual unsigned int
    numberOfBytes() const
    {
        return (bits + 7) / 8;
    }
    virtual unsigned char
    unsigned8BitValue() const
    {
        return (unsigned char)value;
    }
    virtual unsigned short
    unsigned16BitValue() const
    {
        return (unsigned short)value;
    }
    virtual unsigned int
    unsigned32BitValue() const
    {
        return (unsigned int)value;
    }
    virtual unsigned long long
    unsigned64BitValue() const
    {
        return value;
    }
    virtual void
    addValue(long long delta)
    {
        value += (unsigned long long)delta;
    }
    virtual void
    setValue(unsigned long long number)
    {
        value = number;
    }
    bool isEqualTo(const OSMetaClassBase *) const override;
};

class OSBoolean : public OSObject
{
    OSDeclareDefaultStructors(OSBoolean);

  protected:
    bool value;

  public:
    static OSBoolean *withBoolean(bool);
    virtual bool
    isTrue() const
    {
        return value;
    }
    virtual bool
    isFalse() const
    {
        return !value;
    }
    virtual bool
    getValue() const
    {
        return value;
    }
    bool
    isEqualTo(const OSMetaClassBase *other) const override
    {
        return this == other;
    }
};
extern OSBoolean *const &kOSBooleanTrue;
extern OSBoolean *const &kOSBooleanFalse;

class OSData : public OSObject
{
    OSDeclareDefaultStructors(OSData);

  protected:
    void *data;
    unsigned length, capacity;
    bool isOwn;
    void free() override;

  public:
    static OSData *withCapacity(unsigned);
    static OSData *withBytes(const void *, unsigned);
    static OSData *withBytesNoCopy(void *, unsigned);
    static OSData *withData(const OSData *);
    virtual bool initWithCapacity(unsigned);
    virtual unsigned int
    getLength() const
    {
        return length;
    }
    virtual unsigned int
    getCapacity() const
    {
        return capacity;
    }
    virtual unsigned int ensureCapacity(unsigned);
    virtual bool appendBytes(const void *, unsigned);
    virtual bool appendBytes(const OSData *);
    virtual const void *
    getBytesNoCopy() const
    {
        return length == 0 ? 0 : data;
    }
    virtual const void *getBytesNoCopy(unsigned start, unsigned count) const;
    virtual bool isEqualTo(const OSData *) const;
    virtual bool isEqualTo(const void *, unsigned) const;
    bool isEqualTo(const OSMetaClassBase *) const override;
};

class OSIterator : public OSObject
{
    OSDeclareAbstractStructors(OSIterator);

  public:
    virtual void reset() = 0;
    virtual bool isValid() = 0;
    virtual OSObject *getNextObject() = 0;
};

class OSCollection : public OSObject
{
    OSDeclareAbstractStructors(OSCollection);

  public:
    virtual unsigned int getCount() const = 0;
    virtual unsigned int
    getCapacity() const
    {
        return getCount();
    }
    virtual unsigned int
    ensureCapacity(unsigned count)
    {
        return count;
    }
    virtual void flushCollection() = 0;
    virtual OSObject *objectAt(unsigned) const = 0; /* what an iterator walks */
    unsigned changes;
};

class OSCollectionIterator : public OSIterator
{
    OSDeclareDefaultStructors(OSCollectionIterator);

  protected:
    const OSCollection *collection;
    unsigned at, changes;
    void free() override;

  public:
    static OSCollectionIterator *withCollection(const OSCollection *);
    virtual bool initWithCollection(const OSCollection *);
    void reset() override;
    bool isValid() override;
    OSObject *getNextObject() override;
};

class OSArray : public OSCollection
{
    OSDeclareDefaultStructors(OSArray);

  protected:
    const OSMetaClassBase **array;
    unsigned count, room;
    void free() override;

  public:
    static OSArray *withCapacity(unsigned);
    static OSArray *withObjects(const OSObject *objects[], unsigned count, unsigned capacity = 0);
    static OSArray *withArray(const OSArray *, unsigned capacity = 0);
    virtual bool initWithCapacity(unsigned);
    unsigned int
    getCount() const override
    {
        return count;
    }
    unsigned int ensureCapacity(unsigned) override;
    void flushCollection() override;
    OSObject *
    objectAt(unsigned index) const override
    {
        return getObject(index);
    }
    virtual bool setObject(const OSMetaClassBase *);
    virtual bool setObject(unsigned index, const OSMetaClassBase *);
    virtual void replaceObject(unsigned index, const OSMetaClassBase *);
    virtual void removeObject(unsigned index);
    virtual OSObject *getObject(unsigned index) const;
    virtual OSObject *getLastObject() const;
    virtual unsigned int getNextIndexOfObject(const OSMetaClassBase *, unsigned index) const;
};

class OSSet : public OSArray
{
    OSDeclareDefaultStructors(OSSet);

  public:
    static OSSet *withCapacity(unsigned);
    bool setObject(const OSMetaClassBase *) override;
    virtual bool containsObject(const OSMetaClassBase *) const;
    virtual bool
    member(const OSMetaClassBase *object) const
    {
        return containsObject(object);
    }
    virtual OSObject *
    getAnyObject() const
    {
        return getObject(0);
    }
    virtual void removeObject(const OSMetaClassBase *);
    using OSArray::removeObject;
    using OSArray::setObject;
};

class OSOrderedSet : public OSArray
{
    OSDeclareDefaultStructors(OSOrderedSet);

  public:
    static OSOrderedSet *withCapacity(unsigned, void *order = 0, void *reference = 0);
    virtual OSObject *
    getFirstObject() const
    {
        return getObject(0);
    }
};

class OSDictionary : public OSCollection
{
    OSDeclareDefaultStructors(OSDictionary);

  protected:
    OSArray *keys, *values;
    void free() override;
    int indexOf(const char *) const;

  public:
    static OSDictionary *withCapacity(unsigned);
    static OSDictionary *withDictionary(const OSDictionary *, unsigned capacity = 0);
    static OSDictionary *withObjects(const OSObject *objects[], const OSString *keys[],
                                     unsigned count, unsigned capacity = 0);
    virtual bool initWithCapacity(unsigned);
    unsigned int getCount() const override;
    void flushCollection() override;
    OSObject *objectAt(unsigned index) const override;
    virtual bool setObject(const OSSymbol *, const OSMetaClassBase *);
    virtual bool setObject(const OSString *, const OSMetaClassBase *);
    virtual bool setObject(const char *, const OSMetaClassBase *);
    virtual void removeObject(const OSSymbol *);
    virtual void removeObject(const OSString *);
    virtual void removeObject(const char *);
    virtual OSObject *getObject(const OSSymbol *) const;
    virtual OSObject *getObject(const OSString *) const;
    virtual OSObject *getObject(const char *) const;
    virtual bool merge(const OSDictionary *);
};

/* ---- libkern/c++/OSSharedPtr.h ---- */

struct OSNoRetainTag {
};
struct OSRetainTag {
};
static constexpr OSNoRetainTag OSNoRetain{};
static constexpr OSRetainTag OSRetain{};

template <class T> class OSSharedPtr
{
  public:
    OSSharedPtr()
    {
    }
    OSSharedPtr(decltype(nullptr))
    {
    }
    OSSharedPtr(T *p, OSNoRetainTag) : object(p)
    {
    }
    OSSharedPtr(T *p, OSRetainTag) : object(p)
    {
        keep();
    }
    OSSharedPtr(const OSSharedPtr &other) : object(other.object)
    {
        keep();
    }
    template <class U> OSSharedPtr(const OSSharedPtr<U> &other) : object(other.get())
    {
        keep();
    }
    OSSharedPtr(OSSharedPtr &&other) : object(other.detach())
    {
    }
    ~OSSharedPtr()
    {
        reset();
    }
    OSSharedPtr &
    operator=(OSSharedPtr other)
    {
        swap(other);
        return *this;
    }
    T *
    get() const
    {
        return object;
    }
    T *
    operator->() const
    {
        return object;
    }
    T &
    operator*() const
    {
        return *object;
    }
    explicit operator bool() const
    {
        return object != nullptr;
    }
    T *
    detach()
    {
        T *was = object;
        object = nullptr;
        return was;
    }
    void
    reset()
    {
        if (object != nullptr)
            object->release();
        object = nullptr;
    }
    void
    reset(T *p, OSNoRetainTag)
    {
        OSSharedPtr(p, OSNoRetain).swap(*this);
    }
    void
    reset(T *p, OSRetainTag)
    {
        OSSharedPtr(p, OSRetain).swap(*this);
    }
    void
    swap(OSSharedPtr &other)
    {
        T *mine = object;
        object = other.object;
        other.object = mine;
    }

  private:
    void
    keep()
    {
        if (object != nullptr)
            object->retain();
    }
    T *object = nullptr;
};

template <class T, class U>
static inline bool
operator==(const OSSharedPtr<T> &a, const OSSharedPtr<U> &b)
{
    return a.get() == b.get();
}
template <class T>
static inline bool
operator==(const OSSharedPtr<T> &a, decltype(nullptr))
{
    return a.get() == nullptr;
}
template <class T>
static inline bool
operator!=(const OSSharedPtr<T> &a, decltype(nullptr))
{
    return a.get() != nullptr;
}
template <class T>
static inline OSSharedPtr<T>
OSMakeShared()
{
    return OSSharedPtr<T>(OSTypeAlloc(T), OSNoRetain);
}
template <class T, class U>
static inline OSSharedPtr<T>
OSDynamicPtrCast(const OSSharedPtr<U> &from)
{
    return OSSharedPtr<T>(OSDynamicCast(T, from.get()), OSRetain);
}

#endif

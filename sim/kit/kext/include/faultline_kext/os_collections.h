/*
 * os_collections.h - arrays, sets, dictionaries and what walks them
 *
 * PURPOSE     libkern's collections by their own names.
 * INVARIANTS  a collection holds a reference of each member
 * UNITS       counts: objects
 * OWNERSHIP   with...() and copy...() give a reference, get...() borrows one
 * ERRORS      NULL or false, as libkern
 * EVENTS      none
 * XNU         libkern/libkern/c++/OSCollection.h and its like
 */
#ifndef KEXT_OS_COLLECTIONS_H
#define KEXT_OS_COLLECTIONS_H

#include <faultline_kext/os_values.h>

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
    enum { kImmutable = 1, kSort = 2, kMASK = (unsigned)-1 };
    virtual unsigned int getCount() const = 0;
    virtual unsigned int getCapacity() const = 0;
    virtual unsigned int
    getCapacityIncrement() const
    {
        return growth;
    }
    virtual unsigned int
    setCapacityIncrement(unsigned increment)
    {
        return growth = increment != 0 ? increment : 16;
    }
    virtual unsigned int ensureCapacity(unsigned count) = 0;
    virtual void flushCollection() = 0;
    virtual unsigned setOptions(unsigned options, unsigned mask, void * = 0);
    /* Collections in it are copied, too, each once: `cycles` has the copies by their originals. */
    virtual OSCollection *copyCollection(OSDictionary *cycles = 0);
    virtual OSObject *objectAt(unsigned) const = 0; /* what an iterator walks */
    bool iterateObjects(void *refcon, bool (*callback)(void *refcon, OSObject *object));
    void haveUpdated();
    unsigned changes;

  protected:
    unsigned growth, flags;
    /* A capacity of 0 is that of `count`; false: it is smaller. */
    static bool hasRoom(unsigned *capacity, unsigned count);
    OSCollection *copyMembers(OSCollection *copy, OSArray *members, OSDictionary *cycles) const;
};

class OSCollectionIterator : public OSIterator
{
    OSDeclareDefaultStructors(OSCollectionIterator);

  protected:
    const OSCollection *collection;
    unsigned at, changes;
    bool isBegun;
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
    unsigned count, capacity;
    void free() override;

  public:
    static OSArray *withCapacity(unsigned);
    static OSArray *withObjects(const OSObject *objects[], unsigned count, unsigned capacity = 0);
    static OSArray *withArray(const OSArray *, unsigned capacity = 0);
    virtual bool initWithCapacity(unsigned);
    virtual bool initWithObjects(const OSObject *objects[], unsigned count, unsigned capacity = 0);
    virtual bool initWithArray(const OSArray *, unsigned capacity = 0);
    unsigned int
    getCount() const override
    {
        return count;
    }
    unsigned int
    getCapacity() const override
    {
        return capacity;
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
    virtual bool merge(const OSArray *);
    virtual void replaceObject(unsigned index, const OSMetaClassBase *);
    virtual void removeObject(unsigned index);
    virtual OSObject *getObject(unsigned index) const;
    virtual OSObject *getLastObject() const;
    virtual unsigned int getNextIndexOfObject(const OSMetaClassBase *, unsigned index) const;
    virtual bool isEqualTo(const OSArray *) const;
    bool isEqualTo(const OSMetaClassBase *) const override;
    bool serialize(OSSerialize *) const override;
    OSCollection *copyCollection(OSDictionary *cycles = 0) override;
};

class OSSet : public OSCollection
{
    OSDeclareDefaultStructors(OSSet);

  protected:
    OSArray *members;
    void free() override;

  public:
    static OSSet *withCapacity(unsigned);
    static OSSet *withObjects(const OSObject *objects[], unsigned count, unsigned capacity = 0);
    static OSSet *withArray(const OSArray *, unsigned capacity = 0);
    static OSSet *withSet(const OSSet *, unsigned capacity = 0);
    virtual bool initWithCapacity(unsigned);
    unsigned int getCount() const override;
    unsigned int getCapacity() const override;
    unsigned int ensureCapacity(unsigned) override;
    void flushCollection() override;
    OSObject *objectAt(unsigned index) const override;
    virtual bool setObject(const OSMetaClassBase *);
    virtual bool merge(const OSArray *);
    virtual bool merge(const OSSet *);
    virtual void removeObject(const OSMetaClassBase *);
    virtual bool containsObject(const OSMetaClassBase *) const;
    virtual bool
    member(const OSMetaClassBase *object) const
    {
        return containsObject(object);
    }
    virtual OSObject *getAnyObject() const;
    virtual bool isEqualTo(const OSSet *) const;
    bool isEqualTo(const OSMetaClassBase *) const override;
    bool serialize(OSSerialize *) const override;
    OSCollection *copyCollection(OSDictionary *cycles = 0) override;
};

/* In the order that a function says, largest first; without one, as they came. */
class OSOrderedSet : public OSCollection
{
    OSDeclareDefaultStructors(OSOrderedSet);

  public:
    typedef SInt32 (*OSOrderFunction)(const OSMetaClassBase *, const OSMetaClassBase *, void *);

  protected:
    OSArray *members;
    OSOrderFunction ordering;
    void *orderingRef;
    void free() override;

  public:
    static OSOrderedSet *withCapacity(unsigned, OSOrderFunction = 0, void *reference = 0);
    virtual bool initWithCapacity(unsigned, OSOrderFunction = 0, void *reference = 0);
    unsigned int getCount() const override;
    unsigned int getCapacity() const override;
    unsigned int ensureCapacity(unsigned) override;
    void flushCollection() override;
    OSObject *objectAt(unsigned index) const override;
    virtual bool setObject(const OSMetaClassBase *);
    virtual bool setFirstObject(const OSMetaClassBase *);
    virtual bool setLastObject(const OSMetaClassBase *);
    virtual bool setObject(unsigned index, const OSMetaClassBase *);
    virtual void removeObject(const OSMetaClassBase *);
    virtual bool containsObject(const OSMetaClassBase *) const;
    virtual bool
    member(const OSMetaClassBase *object) const
    {
        return containsObject(object);
    }
    virtual OSObject *
    getFirstObject() const
    {
        return objectAt(0);
    }
    virtual OSObject *getLastObject() const;
    virtual OSObject *
    getObject(unsigned index) const
    {
        return objectAt(index);
    }
    virtual SInt32 orderObject(const OSMetaClassBase *);
    virtual void *
    getOrderingRef()
    {
        return orderingRef;
    }
};

class OSDictionary : public OSCollection
{
    OSDeclareDefaultStructors(OSDictionary);

  protected:
    OSArray *keys, *values;
    void free() override;
    unsigned indexOf(const OSSymbol *) const; /* ~0u: there is none */

  public:
    static OSDictionary *withCapacity(unsigned);
    static OSDictionary *withDictionary(const OSDictionary *, unsigned capacity = 0);
    static OSDictionary *withObjects(const OSObject *objects[], const OSString *keys[],
                                     unsigned count, unsigned capacity = 0);
    static OSDictionary *withObjects(const OSObject *objects[], const OSSymbol *keys[],
                                     unsigned count, unsigned capacity = 0);
    virtual bool initWithCapacity(unsigned);
    unsigned int getCount() const override;
    unsigned int getCapacity() const override;
    unsigned int ensureCapacity(unsigned) override;
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
    virtual bool isEqualTo(const OSDictionary *) const;
    virtual bool isEqualTo(const OSDictionary *, const OSCollection *keys) const;
    bool isEqualTo(const OSMetaClassBase *) const override;
    bool serialize(OSSerialize *) const override;
    OSCollection *copyCollection(OSDictionary *cycles = 0) override;
};

#endif

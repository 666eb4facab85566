/*
 * iokit_registry.h - registry entries
 *
 * PURPOSE     What hangs where, with its properties.
 * INVARIANTS  an attached entry keeps its parent, and the parent it, until it is detached
 * UNITS       none
 * OWNERSHIP   as I/O Kit
 * ERRORS      NULL or false, as I/O Kit
 * EVENTS      none
 * XNU         iokit/IOKit/IORegistryEntry.h
 *             Differs: one plane, so every name of a plane means the same, and one parent in it
 */
#ifndef KEXT_IOKIT_REGISTRY_H
#define KEXT_IOKIT_REGISTRY_H

#include <faultline_kext/os.h>

class IOService;
class IOMemoryDescriptor;
class IOMemoryMap;
class IOMapper;
class IOWorkLoop;
class IOUserClient;
class IORegistryIterator;

struct IORegistryPlane;
extern const IORegistryPlane *gIOServicePlane, *gIOPowerPlane, *gIODTPlane;
extern const OSSymbol *gIONameMatchKey, *gIONameMatchedKey, *gIONameKey, *gIOLocationKey;
extern const OSSymbol *gIOProviderClassKey, *gIOPropertyMatchKey, *gIOUserClientClassKey;
extern const OSSymbol *gIOResourceMatchKey, *gIOResourcesKey, *gIOClassKey;
enum { kIORegistryIterateRecursively = 1, kIORegistryIterateParents = 2 };
#define kIOServicePlane "IOService"
#define kIOPowerPlane "IOPower"

class IORegistryEntry : public OSObject
{
    OSDeclareDefaultStructors(IORegistryEntry);

  protected:
    OSDictionary *properties;
    IORegistryEntry *parent;
    OSArray *children;
    const OSSymbol *name, *location;
    uint64_t entryID;
    void free() override;
    OSArray *copyChildren() const;
    OSArray *copyParents() const;

  public:
    typedef IOReturn (*Action)(OSObject *target, void *arg0, void *arg1, void *arg2, void *arg3);
    virtual bool init(OSDictionary *dictionary = 0);
    virtual bool init(IORegistryEntry *from, const IORegistryPlane *);
    static IORegistryEntry *getRegistryRoot();
    static const IORegistryPlane *getPlane(const char *name);
    static IORegistryEntry *fromPath(const char *path, const IORegistryPlane * = 0,
                                     char *residual = 0, int *residualLength = 0,
                                     IORegistryEntry *from = 0);
    virtual bool getPath(char *path, int *length, const IORegistryPlane *) const;
    virtual bool getPathComponent(char *path, int *length, const IORegistryPlane *) const;
    virtual const char *getName(const IORegistryPlane * = 0) const;
    virtual const OSSymbol *copyName(const IORegistryPlane * = 0) const;
    virtual void setName(const OSSymbol *, const IORegistryPlane * = 0);
    virtual void setName(const char *, const IORegistryPlane * = 0);
    virtual bool compareName(OSString *name, OSString **matched = 0) const;
    virtual bool compareNames(OSObject *names, OSString **matched = 0) const;
    virtual const char *getLocation(const IORegistryPlane * = 0) const;
    virtual const OSSymbol *copyLocation(const IORegistryPlane * = 0) const;
    virtual void setLocation(const OSSymbol *, const IORegistryPlane * = 0);
    virtual void setLocation(const char *, const IORegistryPlane * = 0);
    virtual bool setProperty(const OSSymbol *, OSObject *);
    virtual bool setProperty(const OSString *, OSObject *);
    virtual bool setProperty(const char *, OSObject *);
    virtual bool setProperty(const char *, const char *);
    virtual bool setProperty(const char *, bool);
    virtual bool setProperty(const char *, unsigned long long, unsigned bits);
    virtual bool setProperty(const char *, void *, unsigned length);
    virtual void removeProperty(const OSSymbol *);
    virtual void removeProperty(const OSString *);
    virtual void removeProperty(const char *);
    virtual OSObject *getProperty(const OSSymbol *) const;
    virtual OSObject *getProperty(const OSString *) const;
    virtual OSObject *getProperty(const char *) const;
    virtual OSObject *getProperty(const OSSymbol *, const IORegistryPlane *,
                                  IOOptionBits = kIORegistryIterateRecursively |
                                                 kIORegistryIterateParents) const;
    virtual OSObject *getProperty(const OSString *, const IORegistryPlane *,
                                  IOOptionBits = kIORegistryIterateRecursively |
                                                 kIORegistryIterateParents) const;
    virtual OSObject *getProperty(const char *, const IORegistryPlane *,
                                  IOOptionBits = kIORegistryIterateRecursively |
                                                 kIORegistryIterateParents) const;
    virtual OSObject *copyProperty(const OSSymbol *) const;
    virtual OSObject *copyProperty(const OSString *) const;
    virtual OSObject *copyProperty(const char *) const;
    virtual OSObject *copyProperty(const OSSymbol *, const IORegistryPlane *,
                                   IOOptionBits = kIORegistryIterateRecursively |
                                                  kIORegistryIterateParents) const;
    virtual OSObject *copyProperty(const OSString *, const IORegistryPlane *,
                                   IOOptionBits = kIORegistryIterateRecursively |
                                                  kIORegistryIterateParents) const;
    virtual OSObject *copyProperty(const char *, const IORegistryPlane *,
                                   IOOptionBits = kIORegistryIterateRecursively |
                                                  kIORegistryIterateParents) const;
    virtual OSDictionary *
    getPropertyTable() const
    {
        return properties;
    }
    virtual OSDictionary *dictionaryWithProperties() const;
    virtual bool serializeProperties(OSSerialize *) const;
    virtual void setPropertyTable(OSDictionary *);
    virtual IOReturn setProperties(OSObject *);
    virtual IOReturn runPropertyAction(Action, OSObject *target, void * = 0, void * = 0, void * = 0,
                                       void * = 0);
    virtual IORegistryEntry *
    getParentEntry(const IORegistryPlane * = 0) const
    {
        return parent;
    }
    virtual IORegistryEntry *copyParentEntry(const IORegistryPlane * = 0) const;
    virtual IORegistryEntry *getChildEntry(const IORegistryPlane * = 0) const;
    virtual IORegistryEntry *copyChildEntry(const IORegistryPlane * = 0) const;
    virtual OSIterator *getParentIterator(const IORegistryPlane *) const;
    virtual OSIterator *getChildIterator(const IORegistryPlane *) const;
    virtual unsigned getChildCount(const IORegistryPlane * = 0) const;
    virtual bool isChild(IORegistryEntry *child, const IORegistryPlane *, bool only = false) const;
    virtual bool isParent(IORegistryEntry *above, const IORegistryPlane *, bool only = false) const;
    virtual bool inPlane(const IORegistryPlane * = 0) const;
    virtual unsigned getDepth(const IORegistryPlane *) const;
    virtual bool attachToParent(IORegistryEntry *, const IORegistryPlane * = 0);
    virtual void detachFromParent(IORegistryEntry *, const IORegistryPlane * = 0);
    virtual bool attachToChild(IORegistryEntry *, const IORegistryPlane * = 0);
    virtual void detachFromChild(IORegistryEntry *, const IORegistryPlane * = 0);
    virtual void detachAbove(const IORegistryPlane *);
    virtual void detachAll(const IORegistryPlane *);
    uint64_t
    getRegistryEntryID()
    {
        return entryID;
    }
};

/* Walks what is below an entry, or above it; from the root without one. */
class IORegistryIterator : public OSIterator
{
    OSDeclareDefaultStructors(IORegistryIterator);

  protected:
    OSArray *found;
    IORegistryEntry *root;
    IOOptionBits options;
    unsigned at;
    void free() override;
    void gather(IORegistryEntry *, bool recursively);

  public:
    static IORegistryIterator *iterateOver(const IORegistryPlane *, IOOptionBits = 0);
    static IORegistryIterator *iterateOver(IORegistryEntry *start, const IORegistryPlane *,
                                           IOOptionBits = 0);
    OSObject *getNextObject() override;
    virtual IORegistryEntry *getNextObjectFlat();
    virtual IORegistryEntry *getNextObjectRecursive();
    virtual IORegistryEntry *
    getCurrentEntry()
    {
        return at == 0 ? root : (IORegistryEntry *)found->getObject(at - 1);
    }
    void reset() override;
    bool isValid() override;
};

#endif

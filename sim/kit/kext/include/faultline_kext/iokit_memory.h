/*
 * iokit_memory.h - memory descriptors and mappings
 *
 * PURPOSE     Whose bytes, and where they are seen: each call goes to the model behind vmk.h.
 * INVARIANTS  a descriptor here has one descriptor of the seam, or is memory of the kext's own, which is
 *             always there, or is a driver's own class, whose segments say where it is
 * UNITS       lengths, offsets: bytes
 * OWNERSHIP   as I/O Kit; a map holds its descriptor
 * ERRORS      IOReturn; NULL where I/O Kit gives NULL; wireRange() a bare kern_return_t
 * EVENTS      those of the model
 * XNU         iokit/IOKit/IOMemoryDescriptor.h, IOBufferMemoryDescriptor.h
 *             Differs: no list of pages (kIOMemoryTypeUPL), no mapper
 */
#ifndef KEXT_IOKIT_MEMORY_H
#define KEXT_IOKIT_MEMORY_H

#include <faultline_kext/iokit_service.h>

struct vmk_desc;
struct vmk_map;

enum {
    kIODirectionNone = 0x0,
    kIODirectionIn = 0x1,
    kIODirectionOut = 0x2,
    kIODirectionOutIn = kIODirectionOut | kIODirectionIn,
    kIODirectionInOut = kIODirectionIn | kIODirectionOut,
    kIODirectionPrepareToPhys32 = 0x4,
    kIODirectionPrepareNoFault = 0x8,
    kIODirectionPrepareReserved1 = 0x10,
    kIODirectionPrepareNonCoherent = 0x20
};
enum {
    kIOMemoryDirectionMask = 0x00000007,
    kIOMemoryAutoPrepare = 0x00000008,
    kIOMemoryTypeVirtual = 0x00000010,
    kIOMemoryTypePhysical = 0x00000020,
    kIOMemoryTypeUPL = 0x00000030,
    kIOMemoryTypePersistentMD = 0x00000040,
    kIOMemoryTypeUIO = 0x00000050,
    kIOMemoryTypeVirtual64 = kIOMemoryTypeVirtual,
    kIOMemoryTypePhysical64 = kIOMemoryTypePhysical,
    kIOMemoryTypeMask = 0x000000f0,
    kIOMemoryAsReference = 0x00000100,
    kIOMemoryBufferPageable = 0x00000400,
    kIOMemoryMapperNone = 0x00000800,
    kIOMemoryHostOnly = 0x00001000,
    kIOMemoryPersistent = 0x00010000,
    kIOMemoryMapCopyOnWrite = 0x00020000,
    kIOMemoryRemote = 0x00040000,
    kIOMemoryThreadSafe = 0x00100000,
    kIOMemoryClearEncrypt = 0x00200000,
    kIOMemoryMapperSystem = 0x00000000,
    kIOMemoryReserved6156215 = 0x00020000,
    kIOMemoryUseReserve = 0x00800000
};
#define kIOMapperNone ((IOMapper *)-1)
#define kIOMapperSystem ((IOMapper *)0)
/* setPurgeable() */
enum {
    kIOMemoryPurgeableKeepCurrent = 1,
    kIOMemoryPurgeableNonVolatile = 2,
    kIOMemoryPurgeableVolatile = 3,
    kIOMemoryPurgeableEmpty = 4,
    kIOMemoryPurgeableVolatileGroup0 = 0x000,
    kIOMemoryPurgeableVolatileOrderingObsolete = 0x040,
    kIOMemoryPurgeableVolatileBehaviorFifo = 0x000
};
/* performOperation() */
enum {
    kIOMemoryIncoherentIOFlush = 1,
    kIOMemoryIncoherentIOStore = 2,
    kIOMemoryClearEncrypted = 50,
    kIOMemorySetEncrypted = 51
};
/* IOBufferMemoryDescriptor's own */
enum {
    kIOMemoryPhysicallyContiguous = 0x00000010,
    kIOMemoryPageable = 0x00000020,
    kIOMemoryPurgeable = 0x00000040,
    kIOMemoryHostPhysicallyContiguous = 0x00000080,
    kIOMemorySharingTypeMask = 0x000f0000,
    kIOMemoryUnshared = 0x00000000,
    kIOMemoryKernelUserShared = 0x00010000
};

class IOMemoryDescriptor : public OSObject
{
    OSDeclareDefaultStructors(IOMemoryDescriptor);
    friend class IOMemoryMap;

  protected:
    IOByteCount _length;
    IOOptionBits _flags;
    IOOptionBits _tag;
    OSSet *_mappings;
    struct vmk_desc *_desc; /* one reference of the seam's; NULL: memory of the kext's own */
    char *_bytes;           /* which is here */
    void free() override;
    bool initWithSeam(struct vmk_desc *);
    bool become(IOMemoryDescriptor *fresh);
    struct vmk_desc *copySeam(); /* to map: of a driver's own class, what its segments say */
    IOByteCount readSeam(IOByteCount offset, void *bytes, IOByteCount length);
    IOByteCount writeSeam(IOByteCount offset, const void *bytes, IOByteCount length);
    IOMemoryMap *mapped(struct vmk_map *, task_t, IOOptionBits, mach_vm_size_t offset,
                        mach_vm_size_t length);

  public:
    static IOMemoryDescriptor *withAddress(void *address, IOByteCount, IODirection);
    static IOMemoryDescriptor *withAddress(IOVirtualAddress, IOByteCount, IODirection, task_t);
    static IOMemoryDescriptor *withPhysicalAddress(IOPhysicalAddress, IOByteCount, IODirection);
    static IOMemoryDescriptor *withAddressRange(mach_vm_address_t, mach_vm_size_t, IOOptionBits,
                                                task_t);
    static IOMemoryDescriptor *withAddressRanges(IOAddressRange *, UInt32 count, IOOptionBits,
                                                 task_t);
    static IOMemoryDescriptor *withRanges(IOVirtualRange *, UInt32 count, IODirection, task_t,
                                          bool asReference = false);
    static IOMemoryDescriptor *withPhysicalRanges(IOPhysicalRange *, UInt32 count, IODirection,
                                                  bool asReference = false);
    static IOMemoryDescriptor *withOptions(void *buffers, UInt32 count, UInt32 offset, task_t,
                                           IOOptionBits, IOMapper * = kIOMapperSystem);
    static IOMemoryDescriptor *withPersistentMemoryDescriptor(IOMemoryDescriptor *);
    static IOMemoryDescriptor *withSubRange(IOMemoryDescriptor *, IOByteCount offset,
                                            IOByteCount length, IODirection);
    static IOMemoryDescriptor *ofSeam(struct vmk_desc *); /* the harness makes them so */
    struct vmk_desc *
    seam() const
    {
        return _desc;
    }

    virtual bool initWithAddress(void *address, IOByteCount, IODirection);
    virtual bool initWithAddress(IOVirtualAddress, IOByteCount, IODirection, task_t);
    virtual bool initWithPhysicalAddress(IOPhysicalAddress, IOByteCount, IODirection);
    virtual bool initWithRanges(IOVirtualRange *, UInt32 count, IODirection, task_t,
                                bool asReference = false);
    virtual bool initWithPhysicalRanges(IOPhysicalRange *, UInt32 count, IODirection,
                                        bool asReference = false);
    virtual bool initWithOptions(void *buffers, UInt32 count, UInt32 offset, task_t, IOOptionBits,
                                 IOMapper * = kIOMapperSystem);
    virtual IODirection getDirection() const;
    virtual IOByteCount getLength() const;
    virtual void
    setTag(IOOptionBits tag)
    {
        _tag = tag;
    }
    virtual IOOptionBits
    getTag()
    {
        return _tag;
    }
    virtual uint64_t
    getFlags()
    {
        return _flags;
    }
    virtual uint64_t getPreparationID();
    virtual IOReturn prepare(IODirection direction = kIODirectionNone);
    virtual IOReturn complete(IODirection direction = kIODirectionNone);
    virtual IOByteCount readBytes(IOByteCount offset, void *bytes, IOByteCount length);
    virtual IOByteCount writeBytes(IOByteCount offset, const void *bytes, IOByteCount length);
    virtual addr64_t getPhysicalSegment(IOByteCount offset, IOByteCount *length,
                                        IOOptionBits options = 0);
    virtual addr64_t getPhysicalSegment64(IOByteCount offset, IOByteCount *length);
    virtual IOPhysicalAddress getPhysicalAddress();
    virtual addr64_t getSourceSegment(IOByteCount offset, IOByteCount *length);
    virtual void *getVirtualSegment(IOByteCount offset, IOByteCount *length);
    virtual IOMemoryMap *map(IOOptionBits options = 0);
    virtual IOMemoryMap *map(task_t, IOVirtualAddress at, IOOptionBits, IOByteCount offset = 0,
                             IOByteCount length = 0);
    IOMemoryMap *createMappingInTask(task_t, mach_vm_address_t at, IOOptionBits,
                                     mach_vm_size_t offset = 0, mach_vm_size_t length = 0);
    virtual IOMemoryMap *setMapping(task_t, IOVirtualAddress, IOOptionBits = 0);
    virtual IOReturn redirect(task_t safe, bool redirect);
    virtual IOReturn performOperation(IOOptionBits operation, IOByteCount offset,
                                      IOByteCount length);
    virtual IOReturn setPurgeable(IOOptionBits state, IOOptionBits *old);
    IOReturn getPageCounts(IOByteCount *resident, IOByteCount *dirty);
    uint64_t getDMAMapLength(uint64_t *offset = 0);
};

class IOMemoryMap : public OSObject
{
    OSDeclareDefaultStructors(IOMemoryMap);
    friend class IOMemoryDescriptor;

  protected:
    IOMemoryDescriptor *fMemory;
    struct vmk_map *fMap;
    task_t fAddressTask;
    mach_vm_size_t fOffset, fLength;
    IOOptionBits fOptions;
    void free() override;

  public:
    virtual IOVirtualAddress getVirtualAddress();
    mach_vm_address_t getAddress();
    mach_vm_size_t getSize();
    virtual IOByteCount getLength();
    virtual task_t
    getAddressTask()
    {
        return fAddressTask;
    }
    virtual IOMemoryDescriptor *
    getMemoryDescriptor()
    {
        return fMemory;
    }
    virtual IOOptionBits
    getMapOptions()
    {
        return fOptions;
    }
    virtual IOPhysicalAddress getPhysicalAddress();
    virtual IOPhysicalAddress getPhysicalSegment(IOByteCount offset, IOByteCount *length,
                                                 IOOptionBits options = 0);
    virtual IOReturn unmap();
    virtual void taskDied();
    virtual IOReturn redirect(IOMemoryDescriptor *newBacking, IOOptionBits, IOByteCount offset = 0);
    IOReturn redirect(task_t, bool redirect);
    IOReturn wireRange(uint32_t options, mach_vm_size_t offset, mach_vm_size_t length);
    struct vmk_map *
    seam() const
    {
        return fMap;
    }
};

class IOGeneralMemoryDescriptor : public IOMemoryDescriptor
{
    OSDeclareDefaultStructors(IOGeneralMemoryDescriptor)
};

class IOSubMemoryDescriptor : public IOMemoryDescriptor
{
    OSDeclareDefaultStructors(IOSubMemoryDescriptor);

  protected:
    IOMemoryDescriptor *_parent; /* kept; the kext's own memory is seen through it */
    IOByteCount _start;
    void free() override;

  public:
    static IOSubMemoryDescriptor *withSubRange(IOMemoryDescriptor *, IOByteCount offset,
                                               IOByteCount length, IOOptionBits);
    virtual bool initSubRange(IOMemoryDescriptor *parent, IOByteCount offset, IOByteCount length,
                              IODirection);
};

class IOMultiMemoryDescriptor : public IOMemoryDescriptor
{
    OSDeclareDefaultStructors(IOMultiMemoryDescriptor);

  public:
    static IOMultiMemoryDescriptor *withDescriptors(IOMemoryDescriptor **, UInt32 count,
                                                    IODirection, bool asReference = false);
    virtual bool initWithDescriptors(IOMemoryDescriptor **, UInt32 count, IODirection,
                                     bool asReference = false);
};

class IOBufferMemoryDescriptor : public IOGeneralMemoryDescriptor
{
    OSDeclareDefaultStructors(IOBufferMemoryDescriptor);

  public:
    static IOBufferMemoryDescriptor *withOptions(IOOptionBits, vm_size_t capacity,
                                                 vm_offset_t alignment = 1);
    static IOBufferMemoryDescriptor *withCapacity(vm_size_t capacity, IODirection,
                                                  bool contiguous = false);
    static IOBufferMemoryDescriptor *withBytes(const void *, vm_size_t length, IODirection,
                                               bool contiguous = false);
    static IOBufferMemoryDescriptor *inTaskWithOptions(task_t, IOOptionBits, vm_size_t capacity,
                                                       vm_offset_t alignment = 1);
    static IOBufferMemoryDescriptor *
    inTaskWithPhysicalMask(task_t, IOOptionBits, mach_vm_size_t capacity, mach_vm_address_t mask);
    static IOBufferMemoryDescriptor *inTaskWithGuardPages(task_t, IOOptionBits,
                                                          mach_vm_size_t capacity);
    virtual void *getBytesNoCopy();
    virtual void *getBytesNoCopy(vm_size_t start, vm_size_t length);
    void *getVirtualSegment(IOByteCount offset, IOByteCount *length) override;
    virtual vm_size_t getCapacity() const;
    virtual void setLength(vm_size_t length);
    virtual void setDirection(IODirection direction);
    virtual bool appendBytes(const void *, vm_size_t length);
    using IOMemoryDescriptor::initWithOptions;
    virtual bool initWithOptions(IOOptionBits, vm_size_t capacity, vm_offset_t alignment);
    virtual bool initWithOptions(IOOptionBits, vm_size_t capacity, vm_offset_t alignment, task_t);
    virtual bool initWithPhysicalMask(task_t, IOOptionBits, mach_vm_size_t capacity,
                                      mach_vm_address_t alignment, mach_vm_address_t mask);
};

class IODeviceMemory : public IOMemoryDescriptor
{
    OSDeclareDefaultStructors(IODeviceMemory);

  public:
    struct InitElement {
        IOPhysicalAddress start;
        IOPhysicalLength length;
        IOOptionBits tag;
    };
    static OSArray *arrayFromList(InitElement[], IOItemCount count);
    static IODeviceMemory *withRange(IOPhysicalAddress, IOPhysicalLength);
    static IODeviceMemory *withSubRange(IODeviceMemory *, IOPhysicalAddress offset,
                                        IOPhysicalLength);
};

#endif

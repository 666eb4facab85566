/*
 * faultline_xnu.h - the kernel's names that our kext uses, declared for its Mach-O target
 *
 * PURPOSE     Lets Linux compile the kext without a kernel SDK: the same class, method and type
 *             names, so the compiler mangles them as the kernel exports them, and the audit of the
 *             result is about real symbols. With FAULTLINE_KEXT_SDK these headers are not used.
 * INVARIANTS  what is called is imported: nothing here has a body that does anything
 * UNITS       lengths, offsets: bytes
 * OWNERSHIP   as I/O Kit
 * ERRORS      IOReturn
 * EVENTS      none
 * XNU         iokit/IOKit, libkern/libkern/c++, osfmk/kern, osfmk/mach
 *             Differs: virtual functions that we neither call nor override are left out, so the
 *             tables of virtual functions have another shape and the result cannot be loaded. The kit's headers
 *             (sim/kit/kext/include) have bodies over the simulator, and types of Linux hosts.
 */
#ifndef FAULTLINE_XNU_H
#define FAULTLINE_XNU_H

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

/* ---- types: on the Mac 64-bit ones are long long, and a size is unsigned long ---- */

typedef int8_t SInt8;
typedef int32_t SInt32;
typedef uint8_t UInt8;
typedef uint32_t UInt32;
typedef uint64_t UInt64;
typedef int kern_return_t;
typedef int boolean_t;
typedef unsigned long vm_size_t;
typedef uint64_t mach_vm_address_t, mach_vm_size_t, addr64_t, user_addr_t;
typedef uint32_t ppnum_t;
typedef struct task *task_t;
typedef struct pmap *pmap_t;

typedef kern_return_t IOReturn;
typedef UInt32 IOOptionBits, IODirection, IOItemCount;
typedef UInt64 IOByteCount;
typedef uint64_t IOPhysicalAddress;
typedef uintptr_t IOVirtualAddress;
typedef struct IOVirtualRange {
    mach_vm_address_t address;
    mach_vm_size_t length;
} IOVirtualRange;
typedef IOVirtualRange IOAddressRange;

#define PAGE_SHIFT 12
#define kIOReturnSuccess 0
#define kIOReturnNoMemory ((IOReturn)0xe00002bd)
#define kIOReturnNotPrivileged ((IOReturn)0xe00002c1)
#define kIOReturnBadArgument ((IOReturn)0xe00002c2)
#define kIOReturnUnsupported ((IOReturn)0xe00002c7)
#define kIOReturnNoSpace ((IOReturn)0xe00002db)
#define kIOReturnNotPermitted ((IOReturn)0xe00002e2)
#define kIOClientPrivilegeAdministrator "root"

enum {
    kIOMapAnywhere = 0x1,
    kIOMapReadOnly = 0x1000,
    kIOMapPrefault = 0x10000000,
    kIOMapOverwrite = 0x20000000
};
enum { kIOMemoryPageable = 0x20, kIOMemoryAutoPrepare = 0x8 };

/* ---- functions ---- */

extern "C" {
extern task_t kernel_task;
extern int version_major;
task_t current_task(void);
void IOLog(const char *format, ...);
void *IOMalloc(vm_size_t size);
void IOFree(void *address, vm_size_t size);
void *IOMallocAligned(vm_size_t size, vm_size_t alignment);
void IOFreeAligned(void *address, vm_size_t size);
int copyin(const user_addr_t from, void *to, size_t count);
int copyout(const void *from, user_addr_t to, size_t count);
boolean_t preemption_enabled(void);
boolean_t ml_get_interrupts_enabled(void);
boolean_t ml_set_interrupts_enabled(boolean_t enable);
boolean_t ml_at_interrupt_context(void);
extern pmap_t kernel_pmap;
ppnum_t pmap_find_phys(pmap_t pmap, addr64_t address);

typedef struct _IOLock IOLock;
typedef struct __lck_spin_t__ IOSimpleLock;
IOLock *IOLockAlloc(void);
void IOLockFree(IOLock *lock);
void IOLockLock(IOLock *lock);
void IOLockUnlock(IOLock *lock);
IOSimpleLock *IOSimpleLockAlloc(void);
void IOSimpleLockFree(IOSimpleLock *lock);
void IOSimpleLockLock(IOSimpleLock *lock);
void IOSimpleLockUnlock(IOSimpleLock *lock);
boolean_t IOLockTryLock(IOLock *lock);
boolean_t IOSimpleLockTryLock(IOSimpleLock *lock);
typedef struct _IORecursiveLock IORecursiveLock;
IORecursiveLock *IORecursiveLockAlloc(void);
void IORecursiveLockFree(IORecursiveLock *lock);
void IORecursiveLockLock(IORecursiveLock *lock);
boolean_t IORecursiveLockTryLock(IORecursiveLock *lock);
void IORecursiveLockUnlock(IORecursiveLock *lock);
typedef struct _IORWLock IORWLock;
typedef struct __lck_rw_t__ lck_rw_t;
IORWLock *IORWLockAlloc(void);
void IORWLockFree(IORWLock *lock);
void IORWLockRead(IORWLock *lock);
void IORWLockWrite(IORWLock *lock);
void IORWLockUnlock(IORWLock *lock);
lck_rw_t *IORWLockGetMachLock(IORWLock *lock);
boolean_t lck_rw_lock_shared_to_exclusive(lck_rw_t *lock);
void IOLogv(const char *format, va_list ap);
void panic(const char *format, ...) __attribute__((noreturn));
}

/* ---- libkern's objects ---- */

class OSObject;
class OSMetaClass;
class OSSerialize;
class OSDictionary;

class OSMetaClassBase
{
  public:
    static OSMetaClassBase *safeMetaCast(const OSMetaClassBase *from, const OSMetaClass *to);
    virtual void release(int free_when) const = 0;
    virtual int getRetainCount() const = 0;
    virtual void retain() const = 0;
    virtual void release() const = 0;
    virtual bool serialize(OSSerialize *to) const = 0;
    virtual const OSMetaClass *getMetaClass() const = 0;
    virtual bool isEqualTo(const OSMetaClassBase *other) const;
    virtual void taggedRetain(const void *tag = 0) const = 0;
    virtual void taggedRelease(const void *tag = 0) const = 0;

  protected:
    virtual void taggedRelease(const void *tag, int free_when) const = 0;
    OSMetaClassBase();
    virtual ~OSMetaClassBase();
};

class OSMetaClass : private OSMetaClassBase
{
  public:
    virtual OSObject *alloc() const = 0;
    void instanceConstructed() const;
    void release(int free_when) const override;
    int getRetainCount() const override;
    void retain() const override;
    void release() const override;
    bool serialize(OSSerialize *to) const override;
    const OSMetaClass *getMetaClass() const override;
    void taggedRetain(const void *tag) const override;
    void taggedRelease(const void *tag) const override;

  protected:
    void taggedRelease(const void *tag, int free_when) const override;
    OSMetaClass(const char *name, const OSMetaClass *super, unsigned size);
    virtual ~OSMetaClass();
    static void
    operator delete(void *, size_t)
    {
    } /* metaclasses are never allocated */
};

class OSObject : public OSMetaClassBase
{
  public:
    static const OSMetaClass *const metaClass;
    static class MetaClass : public OSMetaClass
    {
      public:
        MetaClass();
        OSObject *alloc() const override;
    } gMetaClass;
    void release(int free_when) const override;
    int getRetainCount() const override;
    void retain() const override;
    void release() const override;
    bool serialize(OSSerialize *to) const override;
    void taggedRetain(const void *tag = 0) const override;
    void taggedRelease(const void *tag = 0) const override;

  protected:
    void taggedRelease(const void *tag, int free_when) const override;
    virtual bool init();
    virtual void free();
    OSObject(const OSMetaClass *meta);
    virtual ~OSObject();
    static void *operator new(size_t size);
    static void operator delete(void *object, size_t size);
};

#define OSTypeID(type) (type::metaClass)
#define OSDynamicCast(type, object) \
    ((type *)OSMetaClassBase::safeMetaCast((object), OSTypeID(type)))

#define OSDeclareDefaultStructors(name)               \
  public:                                             \
    static const OSMetaClass *const metaClass;        \
    static class MetaClass : public OSMetaClass       \
    {                                                 \
      public:                                         \
        MetaClass();                                  \
        OSObject *alloc() const override;             \
    } gMetaClass;                                     \
    friend class name::MetaClass;                     \
    const OSMetaClass *getMetaClass() const override; \
    name();                                           \
                                                      \
  protected:                                          \
    explicit name(const OSMetaClass *meta);           \
    virtual ~name() override;

#define OSDefineMetaClassAndStructors(name, super)                                      \
    name::MetaClass name::gMetaClass;                                                   \
    const OSMetaClass *const name::metaClass = &name::gMetaClass;                       \
    name::MetaClass::MetaClass() : OSMetaClass(#name, &super::gMetaClass, sizeof(name)) \
    {                                                                                   \
    }                                                                                   \
    OSObject *name::MetaClass::alloc() const                                            \
    {                                                                                   \
        return new name;                                                                \
    }                                                                                   \
    const OSMetaClass *name::getMetaClass() const                                       \
    {                                                                                   \
        return &gMetaClass;                                                             \
    }                                                                                   \
    name::name(const OSMetaClass *meta) : super(meta)                                   \
    {                                                                                   \
    }                                                                                   \
    name::name() : super(&gMetaClass)                                                   \
    {                                                                                   \
        gMetaClass.instanceConstructed();                                               \
    }                                                                                   \
    name::~name()                                                                       \
    {                                                                                   \
    }

/* ---- memory ---- */

class IOMemoryMap;
class IOMapper;

class IOMemoryDescriptor : public OSObject
{
  public:
    static const OSMetaClass *const metaClass;
    static IOMemoryDescriptor *withAddressRange(mach_vm_address_t address, mach_vm_size_t length,
                                                IOOptionBits options, task_t task);
    static IOMemoryDescriptor *withAddressRanges(IOAddressRange *ranges, UInt32 count,
                                                 IOOptionBits options, task_t task);
    static IOMemoryDescriptor *withPhysicalAddress(IOPhysicalAddress address, IOByteCount length,
                                                   IODirection direction);
    virtual IODirection getDirection() const;
    virtual IOByteCount getLength() const;
    virtual UInt64 getPreparationID();
    virtual addr64_t getPhysicalSegment(IOByteCount offset, IOByteCount *length,
                                        IOOptionBits options = 0) = 0;
    virtual IOByteCount readBytes(IOByteCount offset, void *bytes, IOByteCount length);
    virtual IOByteCount writeBytes(IOByteCount offset, const void *bytes, IOByteCount length);
    virtual IOReturn prepare(IODirection direction = 0) = 0;
    virtual IOReturn complete(IODirection direction = 0) = 0;
    virtual IOReturn setPurgeable(IOOptionBits state, IOOptionBits *old);
    virtual IOReturn performOperation(IOOptionBits what, IOByteCount offset, IOByteCount length);
    virtual IOReturn redirect(task_t safe, bool on);
    virtual IOMemoryMap *setMapping(task_t task, IOVirtualAddress address,
                                    IOOptionBits options = 0);
    IOMemoryMap *createMappingInTask(task_t task, mach_vm_address_t at, IOOptionBits options,
                                     mach_vm_size_t offset = 0, mach_vm_size_t length = 0);
};

class IOSubMemoryDescriptor : public IOMemoryDescriptor
{
  public:
    static IOSubMemoryDescriptor *withSubRange(IOMemoryDescriptor *of, IOByteCount offset,
                                               IOByteCount length, IOOptionBits options);
};

class IOBufferMemoryDescriptor : public IOMemoryDescriptor
{
  public:
    static const OSMetaClass *const metaClass;
    static IOBufferMemoryDescriptor *inTaskWithOptions(task_t task, IOOptionBits options,
                                                       vm_size_t capacity, vm_size_t alignment = 1);
    static IOBufferMemoryDescriptor *inTaskWithPhysicalMask(task_t task, IOOptionBits options,
                                                            mach_vm_size_t capacity,
                                                            mach_vm_address_t mask);
    virtual void setLength(vm_size_t length);
    virtual vm_size_t getCapacity() const;
    virtual void *getBytesNoCopy();
};

class IOMemoryMap : public OSObject
{
  public:
    virtual IOVirtualAddress getVirtualAddress();
    virtual IOByteCount getLength();
    virtual IOMemoryDescriptor *getMemoryDescriptor();
    virtual IOOptionBits getMapOptions();
    virtual IOReturn unmap();
    virtual IOReturn redirect(IOMemoryDescriptor *to, IOOptionBits options,
                              mach_vm_size_t offset = 0);
    IOReturn wireRange(UInt32 options, mach_vm_size_t offset, mach_vm_size_t length);
};

class IODMACommand : public OSObject
{
  public:
    struct Segment64 {
        UInt64 fIOVMAddr, fLength;
    };
    enum MappingOptions { kMapped = 0 };
    typedef bool (*SegmentFunction)(IODMACommand *target, Segment64 segment, void *segments,
                                    UInt32 index);
    static IODMACommand *withSpecification(SegmentFunction function, UInt8 address_bits,
                                           UInt64 max_segment, MappingOptions options,
                                           UInt64 max_transfer, UInt32 alignment, IOMapper *mapper,
                                           void *reference);
    virtual IOReturn setMemoryDescriptor(const IOMemoryDescriptor *memory, bool prepare = true);
    virtual IOReturn clearMemoryDescriptor(bool complete = true);
    virtual IOReturn prepare(UInt64 offset = 0, UInt64 length = 0, bool flush = true,
                             bool synchronize = true);
    virtual IOReturn complete(bool invalidate = true, bool synchronize = true);
    virtual IOReturn synchronize(IOOptionBits options);
    virtual IOReturn genIOVMSegments(UInt64 *offset, void *segments, UInt32 *count);
};

/* ---- services ---- */

class IOService : public OSObject
{
  public:
    static const OSMetaClass *const metaClass;
    static class MetaClass : public OSMetaClass
    {
      public:
        MetaClass();
        OSObject *alloc() const override;
    } gMetaClass;
    void free() override;
    virtual bool start(IOService *provider);
    virtual void stop(IOService *provider);
    virtual void registerService(IOOptionBits options = 0);
    virtual bool terminate(IOOptionBits options = 0);

  protected:
    IOService(const OSMetaClass *meta);
    virtual ~IOService() override;
};

struct IOExternalMethodArguments {
    uint32_t version, selector;
    struct ipc_port *asyncWakePort;
    uint64_t *asyncReference;
    uint32_t asyncReferenceCount;
    const uint64_t *scalarInput;
    uint32_t scalarInputCount;
    const void *structureInput;
    uint32_t structureInputSize;
    IOMemoryDescriptor *structureInputDescriptor;
    uint64_t *scalarOutput;
    uint32_t scalarOutputCount;
    void *structureOutput;
    uint32_t structureOutputSize;
    IOMemoryDescriptor *structureOutputDescriptor;
    uint32_t structureOutputDescriptorSize;
};
struct IOExternalMethodDispatch;

class IOUserClient : public IOService
{
  public:
    static const OSMetaClass *const metaClass;
    static class MetaClass : public OSMetaClass
    {
      public:
        MetaClass();
        OSObject *alloc() const override;
    } gMetaClass;
    static IOReturn clientHasPrivilege(void *security, const char *privilege);
    void free() override;
    virtual bool initWithTask(task_t owner, void *security, UInt32 type);
    virtual IOReturn clientClose();
    virtual IOReturn clientDied();
    virtual IOReturn externalMethod(uint32_t selector, IOExternalMethodArguments *arguments,
                                    IOExternalMethodDispatch *dispatch = 0, OSObject *target = 0,
                                    void *reference = 0);

  protected:
    IOUserClient(const OSMetaClass *meta);
    virtual ~IOUserClient() override;
};

/* ---- mach/kmod.h ---- */

enum { KMOD_MAX_NAME = 64, KMOD_INFO_VERSION = 1 };
typedef struct kmod_info {
    struct kmod_info *next;
    int32_t info_version;
    uint32_t id;
    char name[KMOD_MAX_NAME];
    char version[KMOD_MAX_NAME];
    int32_t reference_count;
    void *reference_list;
    uint64_t address;
    uint64_t size;
    uint64_t hdr_size;
    kern_return_t (*start)(struct kmod_info *info, void *data);
    kern_return_t (*stop)(struct kmod_info *info, void *data);
} __attribute__((packed, aligned(4))) kmod_info_t;

#endif

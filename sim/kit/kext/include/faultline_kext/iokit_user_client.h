/*
 * iokit_user_client.h - user clients
 *
 * PURPOSE     What a task's calls arrive at.
 * INVARIANTS  none
 * UNITS       sizes: bytes
 * OWNERSHIP   a client keeps what its task mapped until it is gone
 * ERRORS      IOReturn
 * EVENTS      those of the model
 * XNU         iokit/IOKit/IOUserClient.h; iokit.md 6
 *             Differs: a port is the test's (faultline/iokit.h), and the security token is the task
 */
#ifndef KEXT_IOKIT_USER_CLIENT_H
#define KEXT_IOKIT_USER_CLIENT_H

#include <faultline_kext/iokit_memory.h>

typedef IOReturn (*IOExternalMethodAction)(OSObject *target, void *reference,
                                           struct IOExternalMethodArguments *arguments);
struct IOExternalMethodDispatch {
    IOExternalMethodAction function;
    uint32_t checkScalarInputCount, checkStructureInputSize;
    uint32_t checkScalarOutputCount, checkStructureOutputSize;
};
struct IOExternalMethodDispatch2022 {
    IOExternalMethodAction function;
    uint32_t checkScalarInputCount, checkStructureInputSize;
    uint32_t checkScalarOutputCount, checkStructureOutputSize;
    uint8_t allowAsync;
    const char *checkEntitlement;
};
enum { kIOUCVariableStructureSize = 0xffffffff };
enum { kIOExternalMethodArgumentsCurrentVersion = 2 };
typedef uint64_t io_user_reference_t;
typedef io_user_reference_t OSAsyncReference64[8];
typedef natural_t OSAsyncReference[8];
enum { kOSAsyncRefCount = 8, kOSAsyncRef64Count = 8, kMaxAsyncArgs = 16 };
enum {
    kIOAsyncReservedIndex = 0,
    kIOAsyncReservedCount,
    kIOAsyncCalloutFuncIndex = kIOAsyncReservedCount,
    kIOAsyncCalloutRefconIndex,
    kIOAsyncCalloutCount
};

struct IOExternalMethodArguments {
    uint32_t version;
    uint32_t selector;
    mach_port_t asyncWakePort;
    io_user_reference_t *asyncReference;
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
    uint32_t __reservedA;
    OSObject **structureVariableOutputData;
    uint32_t __reserved[30];
};
/* The same to those who may not look into it. */
struct IOExternalMethodArgumentsOpaque;

typedef IOReturn (IOService::*IOMethod)(void *, void *, void *, void *, void *, void *);
typedef IOReturn (IOService::*IOAsyncMethod)(OSAsyncReference, void *, void *, void *, void *,
                                             void *, void *);
enum {
    kIOUCTypeMask = 0xf,
    kIOUCScalarIScalarO = 0,
    kIOUCScalarIStructO = 2,
    kIOUCStructIStructO = 3,
    kIOUCScalarIStructI = 4,
    kIOUCForegroundOnly = 0x00000010
};
struct IOExternalMethod {
    IOService *object;
    IOMethod func;
    IOOptionBits flags;
    IOByteCount count0, count1;
};
struct IOExternalAsyncMethod {
    IOService *object;
    IOAsyncMethod func;
    IOOptionBits flags;
    IOByteCount count0, count1;
};
typedef IOReturn (IOService::*IOTrap)(void *, void *, void *, void *, void *, void *);
struct IOExternalTrap {
    IOService *object;
    IOTrap func;
};

#define kIOClientPrivilegeAdministrator "root"
#define kIOClientPrivilegeLocalUser "local"
#define kIOClientPrivilegeConsoleUser "console"
#define kIOClientPrivilegeSecureConsoleProcess "secureprocess"
#define kIOClientPrivilegeConsoleSession "consolesession"

class IOUserClient : public IOService
{
    OSDeclareAbstractStructors(IOUserClient);

  private:
    task_t faultlineTask;   /* ours: drivers have a field of their own for it */
    OSArray *faultlineMaps; /* what the task mapped of it */

  protected:
    OSSet *mappings;
    UInt8 sharedInstance, closed;
    void free() override;

  public:
    void keepMap(IOMemoryMap *map); /* until the client is gone; takes the reference */
    task_t
    taskOfClient() const
    {
        return faultlineTask;
    }
    void
    setTaskOfClient(task_t task)
    {
        faultlineTask = task;
    }
    virtual bool initWithTask(task_t owner, void *security, UInt32 type, OSDictionary *);
    virtual bool initWithTask(task_t owner, void *security, UInt32 type);
    virtual IOReturn clientClose();
    virtual IOReturn clientDied();
    virtual IOService *getService();
    virtual IOReturn registerNotificationPort(mach_port_t, UInt32 type, UInt32 refCon);
    virtual IOReturn registerNotificationPort(mach_port_t, UInt32 type, io_user_reference_t);
    virtual IOReturn getNotificationSemaphore(UInt32 type, semaphore_t *);
    virtual IOReturn connectClient(IOUserClient *);
    virtual IOReturn clientMemoryForType(UInt32 type, IOOptionBits *options,
                                         IOMemoryDescriptor **memory);
    IOMemoryMap *mapClientMemory(IOOptionBits type, task_t, IOOptionBits flags = kIOMapAnywhere,
                                 IOVirtualAddress at = 0);
    IOMemoryMap *mapClientMemory64(IOOptionBits type, task_t, IOOptionBits flags = kIOMapAnywhere,
                                   mach_vm_address_t at = 0);
    virtual IOReturn exportObjectToClient(task_t, OSObject *, OSObject **handle);
    virtual IOReturn externalMethod(uint32_t selector, IOExternalMethodArguments *arguments,
                                    IOExternalMethodDispatch *dispatch = 0, OSObject *target = 0,
                                    void *reference = 0);
    virtual IOExternalMethod *getExternalMethodForIndex(UInt32);
    virtual IOExternalAsyncMethod *getExternalAsyncMethodForIndex(UInt32);
    virtual IOExternalMethod *getTargetAndMethodForIndex(IOService **target, UInt32 index);
    virtual IOExternalAsyncMethod *getAsyncTargetAndMethodForIndex(IOService **target,
                                                                   UInt32 index);
    virtual IOExternalTrap *getExternalTrapForIndex(UInt32 index);
    virtual IOExternalTrap *getTargetAndTrapForIndex(IOService **target, UInt32 index);
    static IOReturn clientHasPrivilege(void *security, const char *privilege);
    static IOReturn clientHasAuthorization(task_t, IOService *);
    static OSObject *copyClientEntitlement(task_t, const char *entitlement);
    static void setAsyncReference(OSAsyncReference, mach_port_t, void *callback, void *refcon);
    static void setAsyncReference64(OSAsyncReference64, mach_port_t, mach_vm_address_t callback,
                                    io_user_reference_t refcon);
    static void setAsyncReference64(OSAsyncReference64, mach_port_t, mach_vm_address_t callback,
                                    io_user_reference_t refcon, task_t);
    static IOReturn sendAsyncResult(OSAsyncReference, IOReturn, void *arguments[], UInt32 count);
    static IOReturn sendAsyncResult64(OSAsyncReference64, IOReturn, io_user_reference_t[],
                                      UInt32 count);
    static IOReturn sendAsyncResult64WithOptions(OSAsyncReference64, IOReturn,
                                                 io_user_reference_t[], UInt32 count,
                                                 IOOptionBits options);
    static IOReturn releaseAsyncReference64(OSAsyncReference64);
    static IOReturn releaseNotificationPort(mach_port_t);
};

class IOUserClient2022 : public IOUserClient
{
    OSDeclareAbstractStructors(IOUserClient2022);

  private:
    IOReturn externalMethod(uint32_t selector, IOExternalMethodArguments *arguments,
                            IOExternalMethodDispatch *dispatch = 0, OSObject *target = 0,
                            void *reference = 0) override;

  protected:
    IOReturn dispatchExternalMethod(uint32_t selector, IOExternalMethodArgumentsOpaque *,
                                    const IOExternalMethodDispatch2022 table[], size_t count,
                                    OSObject *target, void *reference);

  public:
    virtual IOReturn externalMethod(uint32_t selector,
                                    IOExternalMethodArgumentsOpaque *arguments) = 0;
};

#endif

/*
 * kernel.cpp - what the kernel gives beside classes: memory, moving bytes, named values, ports, locks; each
 * check gives NULL or what did not hold
 */
#include <IOKit/IODMACommand.h>
#include <IOKit/IOLib.h>
#include <IOKit/IOLocks.h>
#include <IOKit/IOUserClient.h>
#include <kern/locks.h>
#include <mach/semaphore.h>
#include <miscfs/devfs/devfs.h>
#include <sys/conf.h>
#include <sys/errno.h>
#include <sys/malloc.h>
#include <sys/sysctl.h>
#include <sys/systm.h>
#include <sys/uio.h>

#define HOLDS(condition)       \
    do {                       \
        if (!(condition))      \
            return #condition; \
    } while (0)

extern "C" {
void *faultline_port_create(void);
void faultline_port_destroy(void *port);
int faultline_device_open(const char *name);
int faultline_sysctl(const char *name, void *old, uint64_t *old_size, const void *new_value,
                     uint64_t new_size);
void faultline_set_privileged(int is_root);
}

/* ---- memory: what nobody has is NULL ---- */

extern "C" const char *
check_memory(void)
{
    vm_size_t more_than_all = (vm_size_t)1 << 50;
    vm_size_t wraps = ~(vm_size_t)0 / sizeof(UInt64) + 2;
    void *contiguous = IOMallocContiguous(PAGE_SIZE, 1, NULL);

    HOLDS(IOMalloc(more_than_all) == NULL && IOMallocZero(more_than_all) == NULL);
    HOLDS(_MALLOC(more_than_all, M_TEMP, M_NOWAIT) == NULL);
    HOLDS(IONew(UInt64, wraps) == NULL && IONewZero(UInt64, wraps) == NULL);
    HOLDS(IOMallocAligned(64, 24) == NULL); /* no power of two */
    IOFreeContiguous(contiguous, PAGE_SIZE);
    IOFreeContiguous(NULL, 0);
    return NULL;
}

/* ---- moving bytes ---- */

extern "C" const char *
check_moving(void)
{
    char first[4] = "", second[4] = "";
    uio_t uio = uio_create(3, 0, UIO_SYSSPACE, UIO_READ);

    HOLDS(uio_addiov(uio, (user_addr_t)(uintptr_t)first, 3) == 0);
    HOLDS(uio_addiov(uio, (user_addr_t)(uintptr_t)second, 0) == 0);
    HOLDS(uio_addiov(uio, (user_addr_t)(uintptr_t)second, 3) == 0);
    uio_update(uio, 100); /* no further than the piece, and past one that is empty */
    HOLDS(uio_curriovbase(uio) == (user_addr_t)(uintptr_t)second && uio_curriovlen(uio) == 3);
    HOLDS(uio_resid(uio) == 3 && uio_offset(uio) == 3 && uio_iovcnt(uio) == 1);
    HOLDS(uiomove("xyz", 5, uio) == 0 && second[2] == 'z' && uio_resid(uio) == 0);
    uio_update(uio, 1);
    HOLDS(uio_resid(uio) == 0 && uio_iovcnt(uio) == 0);
    uio_free(uio);
    return NULL;
}

extern "C" const char *
check_far_device(void)
{
    void *node = devfs_make_node(makedev(200, 0), DEVFS_CHAR, UID_ROOT, GID_WHEEL, 0600, "far");

    HOLDS(faultline_device_open("far") == ENXIO);
    devfs_remove(node);
    return NULL;
}

/* ---- named values ---- */

static int for_root = 3, for_all = 4;
static char words[8] = "old";
SYSCTL_DECL(_debug);
SYSCTL_INT(_debug, OID_AUTO, test_root, CTLFLAG_RW, &for_root, 0, "root's to set");
SYSCTL_INT(_debug, OID_AUTO, test_all, CTLFLAG_RW | CTLFLAG_ANYBODY, &for_all, 0, "anybody's");
SYSCTL_STRING(_debug, OID_AUTO, test_words, CTLFLAG_RD, words, sizeof(words), "words");

extern "C" const char *
check_values_by_name(void)
{
    uint64_t size = 2;
    char text[4] = "..";
    int wanted = 9;

    sysctl_register_oid(&sysctl__debug_test_root);
    sysctl_register_oid(&sysctl__debug_test_all);
    sysctl_register_oid(&sysctl__debug_test_words);
    sysctl_register_oid(&sysctl__debug_test_words); /* once is enough */
    HOLDS(faultline_sysctl("debug.test_words", text, &size, NULL, 0) == ENOMEM);
    HOLDS(size == 2 && memcmp(text, "ol", 3) == 0); /* as much as fits */
    faultline_set_privileged(0);
    HOLDS(faultline_sysctl("debug.test_root", NULL, NULL, &wanted, sizeof(wanted)) == EPERM);
    HOLDS(faultline_sysctl("debug.test_all", NULL, NULL, &wanted, sizeof(wanted)) == 0);
    faultline_set_privileged(1);
    HOLDS(for_root == 3 && for_all == 9);
    HOLDS(faultline_sysctl("debug.test_root", NULL, NULL, &wanted, sizeof(wanted)) == 0);
    sysctl_unregister_oid(&sysctl__debug_test_root);
    sysctl_unregister_oid(&sysctl__debug_test_all);
    sysctl_unregister_oid(&sysctl__debug_test_words);
    HOLDS(faultline_sysctl("debug.test_words", NULL, &size, NULL, 0) == ENOENT);
    return NULL;
}

/* ---- a port whose program is gone ---- */

class test_Sender : public IOUserClient
{
    OSDeclareDefaultStructors(test_Sender);

  public:
    static IOReturn
    send(OSAsyncReference64 reference)
    {
        return sendAsyncResult64(reference, kIOReturnSuccess, NULL, 0);
    }
    static void
    set(OSAsyncReference64 reference, mach_port_t port)
    {
        setAsyncReference64(reference, port, 0, 0);
    }
};
OSDefineMetaClassAndStructors(test_Sender, IOUserClient);

extern "C" const char *
check_dead_port(void)
{
    OSAsyncReference64 reference = { 0 };
    void *port = faultline_port_create();

    test_Sender::set(reference, (mach_port_t)port);
    HOLDS(test_Sender::send(reference) == kIOReturnSuccess);
    faultline_port_destroy(port);
    HOLDS(test_Sender::send(reference) == MACH_SEND_INVALID_DEST);
    return NULL;
}

/* ---- locks and semaphores of several threads ---- */

enum { READERS = 3, READS = 300 };
static IORWLock *shared;
static int readers_done;

static void
read_often(void *, wait_result_t)
{
    for (unsigned i = 0; i < READS; i++) {
        IORWLockRead(shared);
        IORWLockUnlock(shared);
    }
    (void)__atomic_fetch_add(&readers_done, 1, __ATOMIC_ACQ_REL);
    thread_terminate(current_thread());
}

extern "C" const char *
check_readers(void)
{
    IORecursiveLock *lock = IORecursiveLockAlloc();
    semaphore_t semaphore;
    thread_t thread;

    shared = IORWLockAlloc();
    for (unsigned i = 0; i < READERS; i++) {
        HOLDS(kernel_thread_start(read_often, NULL, &thread) == KERN_SUCCESS);
        thread_deallocate(thread);
    }
    while (__atomic_load_n(&readers_done, __ATOMIC_ACQUIRE) < READERS)
        IOSleep(1);
    IORWLockWrite(shared);
    IORWLockUnlock(shared);
    IORWLockFree(shared);
    HOLDS(!IORecursiveLockHaveLock(lock));
    IORecursiveLockFree(lock);
    HOLDS(semaphore_create(current_task(), &semaphore, SYNC_POLICY_FIFO, 1) == KERN_SUCCESS);
    HOLDS(semaphore_destroy(current_task(), semaphore) == KERN_SUCCESS);
    HOLDS(semaphore_signal(semaphore) == KERN_TERMINATED);
    HOLDS(semaphore_wait(semaphore) == KERN_TERMINATED);
    return NULL;
}

/* ---- a driver's output function may wait for a thread that needs the kernel ---- */

static IOLock *output_lock;
static int is_held, is_out;

static void
hold_and_work(void *, wait_result_t)
{
    void *memory;

    IOLockLock(output_lock);
    __atomic_store_n(&is_held, 1, __ATOMIC_RELEASE);
    while (!__atomic_load_n(&is_out, __ATOMIC_ACQUIRE))
        IOSleep(1);
    memory = IOMalloc(16);
    IOFree(memory, 16);
    IOLockUnlock(output_lock);
    thread_terminate(current_thread());
}

static bool
wait_and_output(IODMACommand *, IODMACommand::Segment64 segment, void *segments, UInt32 index)
{
    __atomic_store_n(&is_out, 1, __ATOMIC_RELEASE);
    IOLockLock(output_lock);
    IOLockUnlock(output_lock);
    ((IODMACommand::Segment64 *)segments)[index] = segment;
    return true;
}

extern "C" const char *
check_output(void)
{
    static char mine[64];
    IOMemoryDescriptor *memory = IOMemoryDescriptor::withAddress(mine, 64, kIODirectionOut);
    IODMACommand *command = IODMACommand::withSpecification(wait_and_output, 64, 0);
    IODMACommand::Segment64 segment;
    UInt32 count = 1;
    UInt64 offset = 0;
    thread_t thread;

    output_lock = IOLockAlloc();
    HOLDS(command->setMemoryDescriptor(memory) == kIOReturnSuccess);
    HOLDS(kernel_thread_start(hold_and_work, NULL, &thread) == KERN_SUCCESS);
    thread_deallocate(thread);
    while (!__atomic_load_n(&is_held, __ATOMIC_ACQUIRE))
        IOSleep(1);
    HOLDS(command->gen64IOVMSegments(&offset, &segment, &count) == kIOReturnSuccess);
    HOLDS(count == 1 && segment.fLength == 64);
    HOLDS(!memory->initWithAddress(mine, 8, kIODirectionIn)); /* it is one already */
    HOLDS(command->clearMemoryDescriptor() == kIOReturnSuccess);
    command->release();
    memory->release();
    IOLockFree(output_lock);
    return NULL;
}

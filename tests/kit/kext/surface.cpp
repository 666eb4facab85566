/*
 * surface.cpp - the names, overloads, default arguments and macros that drivers use (kext.md 3, 4)
 *
 * Written as drivers write them: what is here compiles, links and holds.
 */
#include <Availability.h>
#include <IOKit/IOBufferMemoryDescriptor.h>
#include <IOKit/IOCommandGate.h>
#include <IOKit/IOCommandPool.h>
#include <IOKit/IODMACommand.h>
#include <IOKit/IODataQueueShared.h>
#include <IOKit/IODeviceMemory.h>
#include <IOKit/IOFilterInterruptEventSource.h>
#include <IOKit/IOKitKeys.h>
#include <IOKit/IOLib.h>
#include <IOKit/IOLocks.h>
#include <IOKit/IOMemoryCursor.h>
#include <IOKit/IOMessage.h>
#include <IOKit/IOMultiMemoryDescriptor.h>
#include <IOKit/IOPlatformExpert.h>
#include <IOKit/IOService.h>
#include <IOKit/IOSharedDataQueue.h>
#include <IOKit/IOSubMemoryDescriptor.h>
#include <IOKit/IOTimerEventSource.h>
#include <IOKit/IOUserClient.h>
#include <IOKit/IOWorkLoop.h>
#include <IOKit/pwr_mgt/RootDomain.h>
#include <kern/clock.h>
#include <kern/locks.h>
#include <kern/sched_prim.h>
#include <kern/task.h>
#include <kern/thread_call.h>
#include <libkern/OSAtomic.h>
#include <libkern/OSByteOrder.h>
#include <libkern/OSMalloc.h>
#include <libkern/c++/OSContainers.h>
#include <libkern/c++/OSSharedPtr.h>
#include <libkern/libkern.h>
#include <libkern/sysctl.h>
#include <libkern/version.h>
#include <mach/kmod.h>
#include <mach/mach_types.h>
#include <mach/semaphore.h>
#include <os/log.h>
#include <pexpert/pexpert.h>
#include <sys/errno.h>
#include <sys/ioccom.h>
#include <sys/param.h>
#include <sys/proc.h>
#include <sys/systm.h>

#define HOLDS(condition)       \
    do {                       \
        if (!(condition))      \
            return #condition; \
    } while (0)

/* A forward declaration by Apple's tag, and one of the structure itself. */
struct __lck_mtx_t__;
struct held {
    lck_mtx_t *mutex;
    struct __lck_rw_t__ *rw;
    lck_spin_t *spin;
};

#define super IOMemoryDescriptor
/* A descriptor of a driver's own: bytes that a device has here and there. */
class test_Scattered : public IOMemoryDescriptor
{
    OSDeclareDefaultStructors(test_Scattered)

        protected : IOMemoryDescriptor *parts[2];

  public:
    static test_Scattered *withParts(IOMemoryDescriptor *a, IOMemoryDescriptor *b);
    virtual void free() APPLE_KEXT_OVERRIDE;
    virtual addr64_t getPhysicalSegment(IOByteCount offset, IOByteCount *length,
                                        IOOptionBits options = 0) APPLE_KEXT_OVERRIDE;
    virtual IOReturn prepare(IODirection direction = kIODirectionNone) APPLE_KEXT_OVERRIDE;
    virtual IOReturn complete(IODirection direction = kIODirectionNone) APPLE_KEXT_OVERRIDE;
};
OSDefineMetaClassAndStructors(test_Scattered, IOMemoryDescriptor)

    test_Scattered *test_Scattered::withParts(IOMemoryDescriptor *a, IOMemoryDescriptor *b)
{
    test_Scattered *me = new test_Scattered;

    if (me && !me->init()) {
        me->release();
        return NULL;
    }
    me->parts[0] = a;
    me->parts[1] = b;
    a->retain();
    b->retain();
    me->_length = a->getLength() + b->getLength();
    me->_flags = kIODirectionInOut;
    me->_tag = 0x73636174; /* "scat" */
    me->_mappings = NULL;
    return me;
}

void
test_Scattered::free()
{
    OSSafeReleaseNULL(parts[0]);
    OSSafeReleaseNULL(parts[1]);
    super::free();
}

addr64_t
test_Scattered::getPhysicalSegment(IOByteCount offset, IOByteCount *length, IOOptionBits options)
{
    IOByteCount first = parts[0]->getLength();

    return offset < first ? parts[0]->getPhysicalSegment(offset, length, options)
                          : parts[1]->getPhysicalSegment(offset - first, length, options);
}

IOReturn
test_Scattered::prepare(IODirection direction)
{
    return parts[0]->prepare(direction) | parts[1]->prepare(direction);
}

IOReturn
test_Scattered::complete(IODirection direction)
{
    return parts[0]->complete(direction) | parts[1]->complete(direction);
}
#undef super

extern "C" const char *
check_own_descriptor(void)
{
    IOBufferMemoryDescriptor *a =
        IOBufferMemoryDescriptor::withCapacity(PAGE_SIZE, kIODirectionInOut);
    IOBufferMemoryDescriptor *b =
        IOBufferMemoryDescriptor::withCapacity(PAGE_SIZE, kIODirectionInOut);
    test_Scattered *both = test_Scattered::withParts(a, b);
    IOMemoryMap *map;
    char out[1];
    char *bytes;

    HOLDS(both->getTag() == 0x73636174 && both->getLength() == 2 * PAGE_SIZE);
    HOLDS(both->prepare() == kIOReturnSuccess);
    ((char *)a->getBytesNoCopy())[7] = 'a';
    ((char *)b->getBytesNoCopy())[9] = 'b';
    map = both->map();
    HOLDS(map != NULL);
    bytes = (char *)map->getVirtualAddress();
    HOLDS(bytes[7] == 'a' && bytes[PAGE_SIZE + 9] == 'b');
    map->release();
    HOLDS(both->readBytes(7, out, 1) == 1 && out[0] == 'a');
    HOLDS(both->writeBytes(PAGE_SIZE - 1, "xy", 2) == 2);
    HOLDS(((char *)a->getBytesNoCopy())[PAGE_SIZE - 1] == 'x');
    HOLDS(((char *)b->getBytesNoCopy())[0] == 'y');
    HOLDS(both->complete() == kIOReturnSuccess);
    both->release();
    a->release();
    b->release();
    return NULL;
}

/* One whose memory is in as many pieces as it has pages. */
class test_Pieces : public test_Scattered
{
    OSDeclareDefaultStructors(test_Pieces)

        public : static test_Pieces *withPages(IOMemoryDescriptor *of, IOByteCount pages);
    addr64_t getPhysicalSegment(IOByteCount offset, IOByteCount *length,
                                IOOptionBits options = 0) override;
};
OSDefineMetaClassAndStructors(test_Pieces, test_Scattered)

    test_Pieces *test_Pieces::withPages(IOMemoryDescriptor *of, IOByteCount pages)
{
    test_Pieces *me = new test_Pieces;

    if (me && me->init()) {
        of->retain();
        me->parts[0] = of;
        me->_length = pages * PAGE_SIZE;
        me->_flags = kIODirectionInOut;
    }
    return me;
}

addr64_t
test_Pieces::getPhysicalSegment(IOByteCount offset, IOByteCount *length, IOOptionBits)
{
    IOByteCount run = PAGE_SIZE - offset % PAGE_SIZE;

    if (length)
        *length = run;
    return offset < _length ? parts[0]->getPhysicalSegment(offset % PAGE_SIZE, NULL) : 0;
}

extern "C" const char *
check_many_pieces(void)
{
    IOBufferMemoryDescriptor *page =
        IOBufferMemoryDescriptor::withCapacity(PAGE_SIZE, kIODirectionInOut, true);
    test_Pieces *most = test_Pieces::withPages(page, 256);
    test_Pieces *many = test_Pieces::withPages(page, 257);
    IOMemoryMap *map;
    char out[1];

    HOLDS(page->prepare() == kIOReturnSuccess);
    ((char *)page->getBytesNoCopy())[3] = 'p';
    map = most->createMappingInTask(kernel_task, 0, kIOMapAnywhere);
    HOLDS(map != NULL && map->getLength() == 256 * PAGE_SIZE);
    HOLDS(((char *)map->getVirtualAddress())[255 * PAGE_SIZE + 3] == 'p');
    map->release();
    HOLDS(!many->createMappingInTask(kernel_task, 0, kIOMapAnywhere, 0, PAGE_SIZE));
    HOLDS(most->readBytes(200 * PAGE_SIZE + 3, out, 1) == 1 && out[0] == 'p');
    HOLDS(many->readBytes(3, out, 1) == 0);
    HOLDS(page->complete() == kIOReturnSuccess);
    most->release();
    many->release();
    page->release();
    return NULL;
}

/* ---- descriptors by every way that makes one ---- */

extern "C" const char *
check_descriptor_surface(void)
{
    IOBufferMemoryDescriptor *buffer = IOBufferMemoryDescriptor::inTaskWithPhysicalMask(
        kernel_task, kIODirectionInOut | kIOMemoryPhysicallyContiguous | kIOMapInhibitCache,
        4 * PAGE_SIZE, 0x00000000FFFFF000ULL);
    IOBufferMemoryDescriptor *pageable = IOBufferMemoryDescriptor::withOptions(
        kIODirectionOutIn | kIOMemoryPageable | kIOMemoryPurgeable, 2 * PAGE_SIZE, PAGE_SIZE);
    IOMemoryDescriptor *parts[2], *physical;
    IOBufferMemoryDescriptor *spare;
    IOMultiMemoryDescriptor *multi;
    IODeviceMemory *device;
    IOPhysicalRange range;
    IOAddressRange address;
    IOByteCount length = 0, resident = 0, dirty = 0;
    IOOptionBits old = 0;
    IOMemoryMap *map, *second;
    UInt8 out[4];

    HOLDS(buffer && pageable && buffer->getDirection() == kIODirectionInOut);
    HOLDS(buffer->prepare(kIODirectionOut) == kIOReturnSuccess);
    range.address = buffer->getPhysicalAddress();
    range.length = buffer->getLength();
    HOLDS(range.address != 0 && buffer->getPhysicalSegment(0, &length) == range.address);
    HOLDS(length == 4 * PAGE_SIZE && buffer->getPhysicalSegment(0, &length, kIOMemoryMapperNone));
    physical = IOMemoryDescriptor::withPhysicalAddress(range.address, range.length, kIODirectionIn);
    HOLDS(physical != NULL && physical->getLength() == range.length);
    physical->release();
    physical = IOMemoryDescriptor::withPhysicalRanges(&range, 1, kIODirectionIn);
    HOLDS(physical != NULL);
    physical->release();
    physical = IOMemoryDescriptor::withOptions(&range, 1, 0, NULL,
                                               kIOMemoryTypePhysical64 | kIODirectionInOut);
    HOLDS(physical != NULL && physical->prepare() == 0);
    ((UInt8 *)buffer->getBytesNoCopy())[3] = 0x5a;
    HOLDS(physical->readBytes(3, out, 1) == 1 && out[0] == 0x5a);
    HOLDS(IOMappedRead8(range.address + 3) == 0x5a);
    IOMappedWrite32(range.address, 0x01020304);
    HOLDS(OSReadLittleInt32(buffer->getBytesNoCopy(), 0) == 0x01020304);
    physical->complete();
    physical->release();
    device = IODeviceMemory::withRange(range.address, range.length);
    HOLDS(device != NULL);
    device->release();

    address.address = (mach_vm_address_t)buffer->getBytesNoCopy();
    address.length = PAGE_SIZE;
    physical = IOMemoryDescriptor::withAddressRanges(&address, 1, kIODirectionOut, kernel_task);
    HOLDS(physical != NULL && physical->prepare() == 0 && physical->complete() == 0);
    physical->release();
    physical = IOMemoryDescriptor::withAddressRange(
        address.address, address.length, kIODirectionOut | kIOMemoryThreadSafe, kernel_task);
    HOLDS(physical != NULL);
    physical->release();

    parts[0] = IOMemoryDescriptor::withSubRange(buffer, 0, PAGE_SIZE, kIODirectionInOut);
    parts[1] =
        IOMemoryDescriptor::withSubRange(buffer, 2 * PAGE_SIZE, PAGE_SIZE, kIODirectionInOut);
    HOLDS(parts[0] && parts[1]);
    multi = IOMultiMemoryDescriptor::withDescriptors(parts, 2, kIODirectionInOut, false);
    HOLDS(multi != NULL && multi->getLength() == 2 * PAGE_SIZE);
    multi->release();
    parts[0]->release();
    parts[1]->release();

    map = buffer->map(kIOMapReadOnly);
    second = buffer->map(kernel_task, 0, kIOMapAnywhere | kIOMapUnique, PAGE_SIZE, PAGE_SIZE);
    HOLDS(map && second && map->getSize() == 4 * PAGE_SIZE && second->getLength() == PAGE_SIZE);
    HOLDS(map->getAddressTask() == kernel_task && map->getMemoryDescriptor() == buffer);
    HOLDS(map->getPhysicalSegment(0, &length) == range.address);
    HOLDS(second->getPhysicalAddress() == range.address + PAGE_SIZE);
    HOLDS(second->wireRange(kIODirectionIn, 0, PAGE_SIZE) == KERN_SUCCESS);
    HOLDS(second->wireRange(kIODirectionNone, 0, PAGE_SIZE) == KERN_SUCCESS);
    HOLDS(second->unmap() == kIOReturnSuccess);
    second->release();
    map->release();
    HOLDS(buffer->complete(kIODirectionOut) == kIOReturnSuccess);

    HOLDS(buffer->performOperation(kIOMemoryIncoherentIOFlush, 0, PAGE_SIZE) !=
          kIOReturnBadArgument);
    map = pageable->map();
    HOLDS(pageable->getPageCounts(&resident, &dirty) == kIOReturnSuccess);
    HOLDS(pageable->setPurgeable(kIOMemoryPurgeableKeepCurrent, &old) == kIOReturnSuccess);
    HOLDS(pageable->redirect(kernel_task, true) == kIOReturnSuccess);
    HOLDS(pageable->redirect(kernel_task, false) == kIOReturnSuccess);
    spare = IOBufferMemoryDescriptor::withOptions(kIODirectionOutIn | kIOMemoryPageable,
                                                  2 * PAGE_SIZE, PAGE_SIZE);
    HOLDS(spare != NULL);
    ((UInt8 *)spare->getBytesNoCopy())[1] = 0x77;
    HOLDS(map->redirect(spare, 0) == kIOReturnSuccess && map->getMemoryDescriptor() == spare);
    HOLDS(((UInt8 *)map->getVirtualAddress())[1] == 0x77);
    spare->release();
    map->release();
    buffer->setDirection(kIODirectionOut);
    HOLDS(buffer->appendBytes("x", 1) && buffer->getDirection() == kIODirectionOut);
    buffer->release();
    pageable->release();
    return NULL;
}

/* ---- DMA ---- */

static bool
own_segment(IODMACommand *, IODMACommand::Segment64 segment, void *segments, UInt32 index)
{
    ((UInt64 *)segments)[index] = segment.fIOVMAddr;
    return true;
}

extern "C" const char *
check_dma_surface(void)
{
    IOBufferMemoryDescriptor *buffer =
        IOBufferMemoryDescriptor::withCapacity(4 * PAGE_SIZE, kIODirectionInOut, true);
    IODMACommand::SegmentOptions options = { sizeof(options), 64, PAGE_SIZE, 0, 1, 0, 0 };
    IODMACommand *command =
        IODMACommand::withSpecification(own_segment, &options, IODMACommand::kMapped, NULL, NULL);
    IODMACommand *small = IODMACommand::withSpecification(IODMACommand::OutputLittle32, 32, 0,
                                                          IODMACommand::kMapped, 0, 1);
    IODMACommand *copy, *weak = NULL;
    IODMACommand::Segment32 out[4];
    UInt64 addresses[8], offset = 0, from = 0, length = 0;
    UInt32 count = 8;
    char text[4] = "";

    HOLDS(buffer->prepare() == 0 && command && small);
    HOLDS(command->setMemoryDescriptor(buffer, false) == kIOReturnSuccess);
    HOLDS(command->prepare(PAGE_SIZE, 2 * PAGE_SIZE) == kIOReturnSuccess);
    HOLDS(command->getPreparedOffsetAndLength(&from, &length) == 0 && from == PAGE_SIZE);
    HOLDS(command->genIOVMSegments(&offset, addresses, &count) == 0 && count == 2);
    HOLDS(addresses[0] == buffer->getPhysicalAddress() + PAGE_SIZE);
    HOLDS(command->writeBytes(0, "abc", 3) == 3 && command->readBytes(1, text, 2) == 2);
    HOLDS(text[0] == 'b' && ((char *)buffer->getBytesNoCopy())[PAGE_SIZE] == 'a');
    HOLDS(command->complete() == kIOReturnSuccess);
    HOLDS(command->clearMemoryDescriptor() == kIOReturnSuccess && !command->getMemoryDescriptor());

    /* A bounce: the device gets other pages, and what it stored there comes back at the end. */
    HOLDS(small->setMemoryDescriptor(buffer) == kIOReturnSuccess);
    HOLDS(small->synchronize(IODMACommand::kForceDoubleBuffer | kIODirectionOut) == 0);
    offset = 0;
    count = 4;
    HOLDS(small->gen32IOVMSegments(&offset, out, &count) == kIOReturnSuccess);
    HOLDS(out[0].fIOVMAddr != (UInt32)buffer->getPhysicalAddress());
    IOMappedWrite8(out[0].fIOVMAddr, 0x77);
    HOLDS(small->complete() == kIOReturnSuccess);
    HOLDS(((UInt8 *)buffer->getBytesNoCopy())[0] == 0x77);
    HOLDS(small->clearMemoryDescriptor() == kIOReturnSuccess);
    copy = IODMACommand::cloneCommand(small);
    HOLDS(copy && copy->getNumAddressBits() == 32 && copy->getAlignment() == 1);
    HOLDS(IODMACommand::weakWithSpecification(&weak, kIODMACommandOutputHost64, 64, 0) == weak);
    weak->release();
    copy->release();
    small->release();
    command->release();
    buffer->complete();
    buffer->release();
    return NULL;
}

/* ---- locks, sleeping, time ---- */

static lck_rw_t *rw;
static volatile int upgraded, dropped;

static void
upgrade(void *, wait_result_t)
{
    lck_rw_lock_shared(rw);
    OSIncrementAtomic(&upgraded);
    while (upgraded < 2)
        IOSleep(1);
    if (lck_rw_lock_shared_to_exclusive(rw)) {
        lck_rw_lock_exclusive_to_shared(rw);
        lck_rw_unlock_shared(rw);
    } else {
        OSIncrementAtomic(&dropped);
    }
    OSIncrementAtomic(&upgraded);
    (void)thread_terminate(current_thread());
    upgraded = 100; /* nobody comes here */
}

extern "C" const char *
check_lock_surface(void)
{
    lck_grp_attr_t *group_attributes = lck_grp_attr_alloc_init();
    lck_grp_t *group = lck_grp_alloc_init("com.example", group_attributes);
    lck_attr_t *attributes = lck_attr_alloc_init();
    lck_mtx_t in_place;
    IORWLock *shared = IORWLockAlloc();
    IORecursiveLock *again = IORecursiveLockAlloc();
    IOLock *plain = IOLockAlloc();
    semaphore_t semaphore = SEMAPHORE_NULL;
    mach_timespec_t soon = { 0, 1000000 };
    AbsoluteTime deadline;
    thread_t thread;
    uint64_t ns;

    rw = lck_rw_alloc_init(group, attributes);
    upgraded = dropped = 0;
    for (int i = 0; i < 2; i++) {
        HOLDS(kernel_thread_start(upgrade, NULL, &thread) == KERN_SUCCESS);
        thread_deallocate(thread);
    }
    while (upgraded < 4)
        IOSleep(1);
    HOLDS(upgraded == 4 && dropped == 1); /* of two that upgrade at once, one loses the lock */
    lck_rw_lock_exclusive(rw);
    lck_rw_assert(rw, LCK_RW_ASSERT_EXCLUSIVE);
    HOLDS(!lck_rw_try_lock(rw, LCK_RW_TYPE_SHARED));
    HOLDS(lck_rw_done(rw) == LCK_RW_TYPE_EXCLUSIVE);
    lck_rw_free(rw, group);

    lck_mtx_init(&in_place, group, LCK_ATTR_NULL);
    lck_mtx_lock(&in_place);
    HOLDS(lck_mtx_sleep_deadline(&in_place, LCK_SLEEP_DEFAULT, (event_t)&in_place, THREAD_UNINT,
                                 mach_absolute_time() + 1000000) == THREAD_TIMED_OUT);
    lck_mtx_unlock(&in_place);
    lck_mtx_destroy(&in_place, group);
    lck_attr_free(attributes);
    lck_grp_free(group);
    lck_grp_attr_free(group_attributes);

    IORWLockRead(shared);
    IORWLockRead(shared);
    IORWLockUnlock(shared);
    IORWLockUnlock(shared);
    IORWLockWrite(shared);
    IORWLockAssert(shared, kIORWLockAssertWrite);
    IORWLockUnlock(shared);
    IORWLockFree(shared);
    IORecursiveLockLock(again);
    IORecursiveLockLock(again);
    HOLDS(IORecursiveLockHaveLock(again));
    IORecursiveLockUnlock(again);
    IORecursiveLockUnlock(again);
    IORecursiveLockFree(again);
    IOTakeLock(plain);
    clock_interval_to_deadline(1, kMillisecondScale, (uint64_t *)&deadline);
    HOLDS(IOLockSleepDeadline(plain, &plain, deadline, THREAD_UNINT) == THREAD_TIMED_OUT);
    IOLockAssert(plain, kIOLockAssertOwned);
    IOUnlock(plain);
    HOLDS(IOLockGetMachLock(plain) != NULL);
    IOLockFree(plain);

    assert_wait_timeout(&deadline, THREAD_UNINT, 1, kMillisecondScale);
    HOLDS(thread_block(THREAD_CONTINUE_NULL) == THREAD_TIMED_OUT);
    assert_wait(&deadline, THREAD_UNINT);
    HOLDS(thread_wakeup(&deadline) == KERN_SUCCESS);
    HOLDS(thread_block(THREAD_CONTINUE_NULL) == THREAD_AWAKENED);
    HOLDS(semaphore_create(kernel_task, &semaphore, SYNC_POLICY_FIFO, 1) == KERN_SUCCESS);
    HOLDS(semaphore_wait(semaphore) == KERN_SUCCESS);
    HOLDS(semaphore_timedwait(semaphore, soon) == KERN_OPERATION_TIMED_OUT);
    HOLDS(semaphore_signal(semaphore) == KERN_SUCCESS && semaphore_wait(semaphore) == 0);
    semaphore_destroy(kernel_task, semaphore);
    absolutetime_to_nanoseconds(mach_absolute_time(), &ns);
    HOLDS(ns > 0);
    return NULL;
}

/* ---- small things ---- */

extern "C" const char *
check_library_surface(void)
{
    OSMallocTag tag = OSMalloc_Tagalloc("com.example", OSMT_DEFAULT);
    void *memory = OSMalloc(64, tag);
    volatile UInt32 bits = 1;
    volatile SInt32 count = 5;
    char text[16];
    UInt16 *words = IONew(UInt16, 4);
    IOPhysicalAddress where = 0;
    void *contiguous = IOMallocContiguous(PAGE_SIZE, PAGE_SIZE, &where);
    void *pageable = IOMallocPageable(PAGE_SIZE, PAGE_SIZE);

    OSFree(memory, 64, tag);
    OSMalloc_Tagfree(tag);
    HOLDS(OSBitOrAtomic(4, &bits) == 1 && OSBitAndAtomic(~1u, &bits) == 5 && bits == 4);
    HOLDS(OSAddAtomic(2, &count) == 5 && OSDecrementAtomic(&count) == 7 && count == 6);
    HOLDS(OSCompareAndSwap(4, 9, &bits) && bits == 9 && !OSCompareAndSwap(4, 1, &bits));
    HOLDS(OSSwapInt32(0x01020304) == 0x04030201 && OSSwapHostToBigInt16(0x0102) == 0x0201);
    OSWriteBigInt32(words, 0, 0x0a0b0c0d);
    HOLDS(((UInt8 *)words)[0] == 0x0a && OSReadBigInt32(words, 0) == 0x0a0b0c0d);
    IODelete(words, UInt16, 4);
    HOLDS(snprintf(text, sizeof(text), "%llu %s", (UInt64)7, "x") == 3);
    HOLDS(strlcpy(text, "too long for sixteen", sizeof(text)) == 20);
    HOLDS(min(3, 4) == 3 && max(3u, 4u) == 4 && MIN(1, 2) == 1 && IORound(5, 4) == 8);
    HOLDS(trunc_page(PAGE_SIZE + 1) == PAGE_SIZE && round_page(1) == PAGE_SIZE);
    HOLDS(page_size == PAGE_SIZE && (1 << PAGE_SHIFT) == PAGE_SIZE && atop(PAGE_SIZE) == 1);
    HOLDS(_IOR('x', 1, UInt32) == 0x40047801 && howmany(5, 4) == 2);
    HOLDS(fls(8) == 4 && ffs(8) == 4 && err_get_system(kIOReturnError) == 0x38);
    HOLDS(contiguous && where && kvtophys(contiguous) == where);
    HOLDS(pageable && pmap_find_phys(kernel_pmap, (addr64_t)(uintptr_t)pageable) == 0);
    *(volatile char *)pageable = 1;
    HOLDS(pmap_find_phys(kernel_pmap, (addr64_t)(uintptr_t)pageable) != 0);
    IOFreePageable(pageable, PAGE_SIZE);
    IOFreeContiguous(contiguous, PAGE_SIZE);
    os_log_with_type(OS_LOG_DEFAULT, OS_LOG_TYPE_ERROR, "a %{public}s log", "plain");
    HOLDS(!PE_parse_boot_argn("debug", text, sizeof(text)));
    return NULL;
}

extern "C" const char *
check_container_surface(void)
{
    const OSSymbol *key = OSSymbol::withCString("key");
    OSNumber *number = OSNumber::withNumber(7ull, 32);
    OSString *string = OSString::withCString("a<b");
    OSSet *set = OSSet::withCapacity(2);
    OSArray *array, *same;
    OSDictionary *table, *copy;
    OSSerialize *text = OSSerialize::withCapacity(10);
    OSOrderedSet *ordered = OSOrderedSet::withCapacity(2);
    OSSharedPtr<OSNumber> owned = OSSharedPtr<OSNumber>(number, OSRetain);
    const OSObject *objects[] = { number, string };
    const OSSymbol *keys[] = { key, key };

    HOLDS(set->setObject(number) && !set->setObject(number) && set->containsObject(number));
    array = OSArray::withObjects(objects, 2);
    same = OSDynamicCast(OSArray, array->copyCollection());
    HOLDS(same && same->isEqualTo(array) && array->getLastObject() == string);
    table = OSDictionary::withObjects(objects, keys, 1);
    copy = OSDictionary::withDictionary(table);
    HOLDS(copy->isEqualTo(table) && table->getObject(key) == number);
    HOLDS(table->setObject("array", array) && !copy->isEqualTo(table));
    HOLDS(table->serialize(text));
    HOLDS(strcmp(text->text(),
                 "<dict ID=\"0\"><key>key</key><integer size=\"32\" ID=\"1\">0x7</integer>"
                 "<key>array</key><array ID=\"2\"><reference IDREF=\"1\"/>"
                 "<string ID=\"3\">a&lt;b</string></array></dict>") == 0);
    HOLDS(ordered->setObject(string) && ordered->setLastObject(number));
    HOLDS(ordered->getFirstObject() == string && ordered->getLastObject() == number);
    HOLDS(owned->unsigned64BitValue() == 7 && OSDynamicPtrCast<OSNumber>(owned) == owned);
    owned.reset();
    HOLDS(number->getRetainCount() == 8); /* a text keeps what it has named */
    ordered->release();
    text->release();
    copy->release();
    table->release();
    same->release();
    array->release();
    set->release();
    string->release();
    number->release();
    key->release();
    return NULL;
}

/* ---- services ---- */

static int published, ended;

static bool
came(void *target, void *refCon, IOService *service, IONotifier *)
{
    *(int *)refCon += service != NULL && target == NULL;
    return true;
}

static IOReturn
told(void *, void *refCon, UInt32 type, IOService *, void *, vm_size_t)
{
    *(UInt32 *)refCon = type;
    return kIOReturnSuccess;
}

extern "C" const char *
check_service_surface(void)
{
    IOService *service = new IOService, *found;
    OSDictionary *wish = IOService::nameMatching("surface");
    IONotifier *come, *go, *interest;
    OSIterator *walk;
    UInt32 last = 0;
    char path[64];
    int length = sizeof(path);

    published = ended = 0;
    HOLDS(service->init((OSDictionary *)NULL) && service->attach(IOService::getResourceService()));
    service->setName("surface");
    service->setLocation("7");
    service->setProperty("number", 7ull, 32);
    come = IOService::addMatchingNotification(gIOPublishNotification, wish, came, NULL, &published);
    go = IOService::addMatchingNotification(gIOTerminatedNotification, wish, came, NULL, &ended);
    interest = service->registerInterest(gIOGeneralInterest, told, NULL, &last);
    HOLDS(IOService::waitForMatchingService(wish, 1000000) == NULL);
    service->registerService();
    HOLDS(published == 1 && ended == 0);
    found = IOService::waitForMatchingService(wish, 1000000);
    HOLDS(found == service);
    found->release();
    HOLDS(IOService::waitForService(IOService::nameMatching("surface")) == service);
    walk = IOService::getMatchingServices(wish);
    HOLDS(walk->getNextObject() == service && walk->getNextObject() == NULL);
    walk->release();
    HOLDS(service->getPath(path, &length, gIOServicePlane));
    HOLDS(strcmp(path, "IOService:/surface@7") == 0);
    found = OSDynamicCast(IOService, IORegistryEntry::fromPath(path));
    HOLDS(found == service);
    found->release();
    service->messageClients(kIOMessageServiceBusyStateChange);
    HOLDS(last == kIOMessageServiceBusyStateChange);
    HOLDS(strcmp(service->stringFromReturn(kIOReturnBusy), "device is busy") == 0);
    HOLDS(service->errnoFromReturn(kIOReturnTimeout) == ETIMEDOUT);
    interest->remove();
    HOLDS(service->terminate() && ended == 1);
    come->remove();
    go->remove();
    wish->release();
    service->release();
    return NULL;
}

/* What gives NULL when there is no memory, by a driver that looks. */
extern "C" const char *
use_what_may_be_missing(IOService *nub)
{
    static char mine[16];
    IODeviceMemory::InitElement list[] = { { 0x1000, 0x1000, 1 }, { 0x3000, 0x1000, 2 } };
    IOMemoryDescriptor *own =
        IOMemoryDescriptor::withAddress(mine, sizeof(mine), kIODirectionInOut);
    OSArray *ranges = IODeviceMemory::arrayFromList(list, 2);
    const OSSymbol *key = OSSymbol::withCString("IOSurfaceKey");
    OSString *name = OSString::withCString("IOService");
    OSDictionary *tables[] = {
        IOService::serviceMatching("IOService"),
        IOService::nameMatching("surface"),
        IOService::resourceMatching("surface"),
        name != NULL ? IOService::serviceMatching(name) : NULL,
        key != NULL && name != NULL ? IOService::propertyMatching(key, name) : NULL,
        IOService::registryEntryIDMatching(7),
    };
    OSIterator *walks[] = { nub->getOpenClientIterator(), nub->getOpenProviderIterator(),
                            nub->getClientIterator(), nub->getProviderIterator() };
    IORegistryIterator *below = IORegistryIterator::iterateOver(nub, gIOServicePlane);
    IORegistryEntry *found = IORegistryEntry::fromPath("IOService:/surface-missing");
    IOReturn result = nub->callPlatformFunction("IOSurfaceCall", false, NULL, NULL, NULL, NULL);

    HOLDS(result == kIOReturnUnsupported || result == kIOReturnNoMemory);
    HOLDS(found == NULL && (own == NULL || own->getLength() == sizeof(mine)));
    HOLDS(ranges == NULL || ranges->getCount() == 2);
    for (unsigned i = 0; i < sizeof(tables) / sizeof(tables[0]); i++) {
        HOLDS(tables[i] == NULL || tables[i]->getCount() == (i == 2 ? 2 : 1)); /* a class, too */
        OSSafeReleaseNULL(tables[i]);
    }
    for (unsigned i = 0; i < sizeof(walks) / sizeof(walks[0]); i++)
        OSSafeReleaseNULL(walks[i]);
    if (below != NULL)
        below->reset();
    OSSafeReleaseNULL(below);
    OSSafeReleaseNULL(own);
    OSSafeReleaseNULL(ranges);
    OSSafeReleaseNULL(key);
    OSSafeReleaseNULL(name);
    return NULL;
}

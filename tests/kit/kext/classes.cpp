/*
 * classes.cpp - kernel code that uses what drivers use; each check gives NULL or what did not hold
 */
#include <IOKit/IOBufferMemoryDescriptor.h>
#include <IOKit/IOCommandGate.h>
#include <IOKit/IODMACommand.h>
#include <IOKit/IOFilterInterruptEventSource.h>
#include <IOKit/IOLib.h>
#include <IOKit/IOMemoryCursor.h>
#include <IOKit/IOMemoryDescriptor.h>
#include <IOKit/IOService.h>
#include <IOKit/IOSharedDataQueue.h>
#include <IOKit/IOSubMemoryDescriptor.h>
#include <IOKit/IOTimerEventSource.h>
#include <IOKit/IOUserClient.h>
#include <IOKit/IOWorkLoop.h>
#include <kern/queue.h>
#include <kern/thread_call.h>
#include <libkern/c++/OSContainers.h>
#include <libkern/c++/OSSharedPtr.h>
#include <os/overflow.h>
#include <sys/errno.h>
#include <sys/systm.h>

#define HOLDS(condition)       \
    do {                       \
        if (!(condition))      \
            return #condition; \
    } while (0)

static_assert(sizeof(long long) == sizeof(uint64_t) && EAGAIN == 35 && ETIMEDOUT == 60, "Darwin's");
static_assert((OSStatus)-1 < 0 && sizeof(OSStatus) == 4 && (SInt)-1 < 0 && (UInt)-1 > 0,
              "OSTypes.h");
static_assert(sizeof(OptionBits) == 4 && (OptionBits)-1 > 0, "OSTypes.h");
static_assert(sub_iokit_usb == err_sub(1) && sub_iokit_pmu == err_sub(9), "IOReturn.h");
static_assert(err_get_sub(sub_iokit_vendor_specific + 1) == 0xffe, "IOReturn.h");
static_assert(iokit_vendor_specific_err(1) == (IOReturn)0xe3ff8001, "IOReturn.h");

/* Overloads that a `long` uint64_t would break. */
static int
which(unsigned long long)
{
    return 1;
}
__unused static int
which(unsigned long)
{
    return 2;
}

/* ---- classes ---- */

class test_Base : public OSObject
{
    OSDeclareDefaultStructors(test_Base);

  public:
    static int freed;
    void free() override;
    virtual IOReturn
    answer(void *a, void *, void *, void *)
    {
        return (IOReturn)(uintptr_t)a + 1;
    }
    IOReturn
    plain(void *a, void *, void *, void *)
    {
        return (IOReturn)(uintptr_t)a + 2;
    }
};
class test_Derived : public test_Base
{
    OSDeclareFinalStructors(test_Derived);

  public:
    IOReturn
    answer(void *a, void *, void *, void *) override
    {
        return (IOReturn)(uintptr_t)a + 9;
    }
};
OSDefineMetaClassAndStructors(test_Base, OSObject);
OSDefineMetaClassAndFinalStructors(test_Derived, test_Base);
int test_Base::freed;

void
test_Base::free()
{
    freed++;
    OSObject::free();
}

extern "C" const char *
check_objects(void)
{
    OSObject *made = OSMetaClass::allocClassWithName("test_Derived");
    test_Base *base = OSDynamicCast(test_Base, made);
    IOCommandGate::Action action;

    HOLDS(which((uint64_t)1) == 1);
    HOLDS(base != NULL && made->getRetainCount() == 1);
    HOLDS(OSDynamicCast(OSString, made) == NULL &&
          OSDynamicCast(test_Base, (OSObject *)NULL) == NULL);
    HOLDS(strcmp(made->getMetaClass()->getClassName(), "test_Derived") == 0);
    action = OSMemberFunctionCast(IOCommandGate::Action, base, &test_Base::answer);
    HOLDS(action(base, (void *)1, 0, 0, 0) == 10); /* virtual: the derived one */
    action = OSMemberFunctionCast(IOCommandGate::Action, base, &test_Base::plain);
    HOLDS(action(base, (void *)1, 0, 0, 0) == 3);
    {
        OSSharedPtr<test_Base> shared(base, OSRetain);
        HOLDS(base->getRetainCount() == 2 && shared->getRetainCount() == 2);
    }
    made->retain();
    made->release();
    HOLDS(test_Base::freed == 0);
    OSSafeReleaseNULL(made);
    HOLDS(made == NULL && test_Base::freed == 1);
    return NULL;
}

extern "C" const char *
check_containers(void)
{
    OSDictionary *table = OSDictionary::withCapacity(2);
    OSNumber *number = OSNumber::withNumber(0x1ffull, 8);
    OSArray *array = OSArray::withCapacity(1);
    OSData *data = OSData::withBytes("abc", 3);
    OSCollectionIterator *walk;
    unsigned seen = 0;
    UInt32 sum;

    HOLDS(number->unsigned32BitValue() == 0xff);
    HOLDS(table->setObject("one", number) && table->setObject("two", kOSBooleanTrue));
    HOLDS(number->getRetainCount() == 2);
    HOLDS(OSDynamicCast(OSNumber, table->getObject("one")) == number);
    HOLDS(table->getObject("three") == NULL && table->getCount() == 2);
    walk = OSCollectionIterator::withCollection(table);
    while (OSObject *key = walk->getNextObject())
        seen += OSDynamicCast(OSSymbol, key) != NULL;
    HOLDS(seen == 2);
    walk->release();
    table->removeObject("one");
    HOLDS(number->getRetainCount() == 1 && table->getCount() == 1);
    HOLDS(array->setObject(number) && array->setObject(data) && array->getCount() == 2);
    array->removeObject(0);
    HOLDS(array->getObject(0) == data && number->getRetainCount() == 1);
    HOLDS(data->appendBytes("def", 3) && data->isEqualTo("abcdef", 6));
    HOLDS(OSSymbol::withCString("same") == OSSymbol::withCString("same"));
    HOLDS(os_add_overflow(0xffffffffu, 1u, &sum));
    array->release();
    table->release();
    number->release();
    data->release();
    return NULL;
}

struct item {
    int number;
    queue_chain_t link;
};

extern "C" const char *
check_queues(void)
{
    queue_head_t head;
    struct item items[3] = { { 1, { 0, 0 } }, { 2, { 0, 0 } }, { 3, { 0, 0 } } };
    struct item *at;
    int digits = 0;

    queue_init(&head);
    queue_enter(&head, &items[1], struct item *, link);
    queue_enter(&head, &items[2], struct item *, link);
    queue_enter_first(&head, &items[0], struct item *, link);
    queue_iterate(&head, at, struct item *, link) digits = digits * 10 + at->number;
    HOLDS(digits == 123);
    queue_remove(&head, &items[1], struct item *, link);
    queue_remove_first(&head, at, struct item *, link);
    HOLDS(at == &items[0] && (struct item *)(void *)queue_first(&head) == &items[2]);
    queue_remove_first(&head, at, struct item *, link);
    HOLDS(at == &items[2] && queue_empty(&head));
    return NULL;
}

/* ---- memory ---- */

extern "C" const char *
check_buffers(void)
{
    static char mine[100];
    IOBufferMemoryDescriptor *buffer = IOBufferMemoryDescriptor::inTaskWithOptions(
        kernel_task, kIODirectionInOut | kIOMemoryKernelUserShared, 3 * PAGE_SIZE, PAGE_SIZE);
    IOMemoryDescriptor *own = IOMemoryDescriptor::withAddress(mine, sizeof(mine), kIODirectionOut);
    IOSubMemoryDescriptor *sub;
    IOMemoryMap *map;
    char *bytes;

    HOLDS(buffer != NULL && buffer->getLength() == 3 * PAGE_SIZE);
    HOLDS(buffer->prepare() == kIOReturnSuccess);
    bytes = (char *)buffer->getBytesNoCopy();
    memset(bytes, 7, 3 * PAGE_SIZE);
    map = buffer->map();
    HOLDS(map != NULL && map->getLength() == 3 * PAGE_SIZE);
    HOLDS(((char *)map->getVirtualAddress())[PAGE_SIZE] == 7);
    ((char *)map->getAddress())[5] = 9;
    HOLDS(bytes[5] == 9);
    HOLDS(buffer->readBytes(4, mine, 3) == 3 && mine[1] == 9 && mine[2] == 7);
    HOLDS(buffer->writeBytes(0, "xyz", 3) == 3 && bytes[2] == 'z');
    HOLDS(buffer->getBytesNoCopy(PAGE_SIZE, 4) == bytes + PAGE_SIZE);
    sub = IOSubMemoryDescriptor::withSubRange(buffer, PAGE_SIZE, PAGE_SIZE, kIODirectionInOut);
    HOLDS(sub != NULL && sub->getLength() == PAGE_SIZE);
    sub->release();
    buffer->setLength(10);
    HOLDS(buffer->getLength() == 10 && buffer->getCapacity() >= 3 * PAGE_SIZE);
    map->release();
    HOLDS(buffer->complete() == kIOReturnSuccess);
    buffer->release();
    HOLDS(own->prepare() == 0 && own->readBytes(1, mine + 50, 4) == 4 && mine[50] == 9);
    map = own->map();
    HOLDS((void *)map->getVirtualAddress() == mine);
    map->release();
    own->complete();
    own->release();
    return NULL;
}

/* Its bytes stand in the program's memory, where the kernel has no pointer to them. */
extern "C" const char *
check_users_buffer(task_t task)
{
    IOBufferMemoryDescriptor *buffer = IOBufferMemoryDescriptor::inTaskWithOptions(
        task, kIODirectionInOut | kIOMemoryPageable, PAGE_SIZE, PAGE_SIZE);
    char bytes[6] = "";

    HOLDS(buffer != NULL && buffer->prepare() == kIOReturnSuccess);
    buffer->setLength(0);
    HOLDS(buffer->appendBytes("abc", 3) && buffer->appendBytes("de", 2) &&
          buffer->getLength() == 5);
    HOLDS(buffer->readBytes(0, bytes, 5) == 5 && memcmp(bytes, "abcde", 5) == 0);
    HOLDS(buffer->complete() == kIOReturnSuccess);
    buffer->release();
    return NULL;
}

/* A mapping lies within its descriptor; without a length it has the descriptor's. */
extern "C" const char *
check_bounds(void)
{
    static char mine[100];
    IOBufferMemoryDescriptor *buffer =
        IOBufferMemoryDescriptor::withCapacity(3 * PAGE_SIZE, kIODirectionInOut);
    IOMemoryDescriptor *descriptors[] = { buffer, IOMemoryDescriptor::withAddress(
                                                      mine, sizeof(mine), kIODirectionInOut) };

    for (unsigned i = 0; i < 2; i++) {
        IOMemoryDescriptor *memory = descriptors[i];
        IOByteCount whole = memory->getLength();
        IOMemoryMap *map = memory->createMappingInTask(kernel_task, 0, kIOMapAnywhere, 0, 0);

        HOLDS(map != NULL && map->getLength() == whole);
        map->release();
        HOLDS(!memory->createMappingInTask(kernel_task, 0, kIOMapAnywhere, 1, 0));
        HOLDS(!memory->createMappingInTask(kernel_task, 0, kIOMapAnywhere, 0, whole + 1));
        HOLDS(!memory->createMappingInTask(kernel_task, 0, kIOMapAnywhere, whole, 1));
        HOLDS(!memory->createMappingInTask(kernel_task, 0, kIOMapAnywhere, ~0ull, 2));
        HOLDS(!memory->createMappingInTask(kernel_task, 0, kIOMapAnywhere, 2, ~0ull));
        map = memory->createMappingInTask(kernel_task, 0, kIOMapAnywhere, 10, whole - 10);
        HOLDS(map != NULL && map->getLength() == whole - 10);
        map->release();
        memory->release();
    }
    return NULL;
}

/* What is read or written past the end of the kext's own memory. */
extern "C" const char *
check_own_bytes(int clips)
{
    static char mine[100];
    char other[8] = "";
    IOMemoryDescriptor *own =
        IOMemoryDescriptor::withAddress(mine, sizeof(mine), kIODirectionInOut);
    IOByteCount past = clips ? 2 : 0;
    uint64_t in_page = ~0ull;

    HOLDS(own->writeBytes(96, "abcd", 4) == 4 && own->readBytes(96, other, 4) == 4);
    HOLDS(memcmp(other, "abcd", 4) == 0 && own->readBytes(100, other, 1) == 0);
    HOLDS(own->writeBytes(98, "xyz", 3) == past && mine[98] == (clips ? 'x' : 'c'));
    HOLDS(own->readBytes(98, other, 3) == past);
    HOLDS(own->getDMAMapLength(&in_page) % PAGE_SIZE == 0);
    HOLDS(in_page == (uintptr_t)mine % PAGE_SIZE);
    own->release();
    return NULL;
}

extern "C" const char *
check_dma(void)
{
    IOBufferMemoryDescriptor *buffer =
        IOBufferMemoryDescriptor::withCapacity(4 * PAGE_SIZE, kIODirectionInOut);
    IODMACommand *command =
        IODMACommand::withSpecification(kIODMACommandOutputHost64, 64, PAGE_SIZE);
    IONaturalMemoryCursor *cursor = IONaturalMemoryCursor::withSpecification(2 * PAGE_SIZE, 0);
    IODMACommand::Segment64 segments[8];
    IOMemoryCursor::PhysicalSegment runs[8];
    UInt64 offset = 0, total = 0;
    UInt32 count = 8;
    IOByteCount length = 0;

    HOLDS(buffer->prepare() == 0);
    HOLDS(command->gen64IOVMSegments(&offset, segments, &count) == kIOReturnNotReady);
    HOLDS(command->setMemoryDescriptor(buffer) == 0);
    HOLDS(command->gen64IOVMSegments(&offset, segments, &count) == 0 && count == 4);
    for (UInt32 i = 0; i < count; i++)
        total += segments[i].fLength;
    HOLDS(total == 4 * PAGE_SIZE && offset == total);
    HOLDS(segments[0].fIOVMAddr == buffer->getPhysicalSegment(0, &length));
    HOLDS(command->gen64IOVMSegments(&offset, segments, &count) == kIOReturnOverrun);
    /* The same descriptor again: nothing is prepared once more, or all of it is completed. */
    HOLDS(command->setMemoryDescriptor(buffer) == 0 && command->complete() == 0);
    HOLDS(command->complete() == kIOReturnNotReady);
    HOLDS(command->setMemoryDescriptor(buffer) == 0); /* it is not prepared, and stays so */
    HOLDS(command->gen64IOVMSegments(&offset, segments, &count) == kIOReturnNotReady);
    HOLDS(command->prepare() == 0 && command->prepare() == 0);
    HOLDS(command->setMemoryDescriptor(buffer, false) == 0);
    HOLDS(command->complete() == kIOReturnNotReady);
    HOLDS(command->clearMemoryDescriptor() == 0);
    HOLDS(cursor->getPhysicalSegments(buffer, 0, runs, 8) >= 2 && runs[0].length > 0);
    HOLDS(buffer->complete() == 0);
    cursor->release();
    command->release();
    buffer->release();
    return NULL;
}

extern "C" const char *
check_queue(void)
{
    IOSharedDataQueue *queue = IOSharedDataQueue::withCapacity(64);
    char text[16] = "";
    UInt32 size;

    HOLDS(!IOSharedDataQueue::withEntries(0x10000000, 12)); /* 2^32 bytes */
    for (unsigned round = 0; round < 50; round++) {
        HOLDS(queue->enqueue((void *)"hello", 6) && queue->enqueue((void *)"you", 4));
        size = sizeof(text);
        HOLDS(queue->dequeue(text, &size) && size == 6 && strcmp(text, "hello") == 0);
        size = sizeof(text);
        HOLDS(queue->dequeue(text, &size) && size == 4 && strcmp(text, "you") == 0);
    }
    HOLDS(queue->peek() == NULL && !queue->dequeue(text, &size));
    queue->release();
    return NULL;
}

/* ---- threads ---- */

static int timer_fired, interrupts_done, filter_seen, call_done; /* several threads' */

static void
add(int *flag, int count)
{
    (void)__atomic_fetch_add(flag, count, __ATOMIC_ACQ_REL);
}

static void
timer_action(OSObject *, IOTimerEventSource *)
{
    add(&timer_fired, 1);
}

static IOReturn
gated(OSObject *, void *a, void *, void *, void *)
{
    *(int *)a += 1;
    return kIOReturnSuccess;
}

static bool
filter(OSObject *, IOFilterInterruptEventSource *)
{
    add(&filter_seen, 1);
    return true;
}

static void
interrupt_action(OSObject *, IOInterruptEventSource *, int count)
{
    add(&interrupts_done, count);
}

static void
called(thread_call_param_t, thread_call_param_t)
{
    add(&call_done, 1);
}

/* However slow the machine is: a count that never comes is a test that never ends. */
static bool
comes_true(const int *flag, int wanted)
{
    while (__atomic_load_n(flag, __ATOMIC_ACQUIRE) < wanted)
        IOSleep(1);
    return __atomic_load_n(flag, __ATOMIC_ACQUIRE) == wanted;
}

extern "C" const char *
check_work_loop(void)
{
    IOService *owner = new IOService;
    IOWorkLoop *loop = IOWorkLoop::workLoop();
    IOCommandGate *gate = IOCommandGate::commandGate(owner, gated);
    IOTimerEventSource *timer = IOTimerEventSource::timerEventSource(owner, timer_action);
    IOFilterInterruptEventSource *interrupt;
    thread_call_t call = thread_call_allocate(called, NULL);
    int value = 0;

    HOLDS(owner->init((OSDictionary *)NULL));
    interrupt = IOFilterInterruptEventSource::filterInterruptEventSource(owner, interrupt_action,
                                                                         filter, owner, 0);
    HOLDS(gate->runCommand(&value) == kIOReturnNotReady);
    HOLDS(loop->addEventSource(gate) == 0 && loop->addEventSource(timer) == 0);
    HOLDS(loop->addEventSource(interrupt) == 0);
    HOLDS(owner->causeInterrupt(0) == 0 && filter_seen == 0); /* not enabled: it waits */
    interrupt->enable();
    HOLDS(comes_true(&interrupts_done, 1) && filter_seen == 1);
    HOLDS(gate->runCommand(&value) == 0 && gate->runAction(gated, &value) == 0 && value == 2);
    HOLDS(!loop->inGate() && !loop->onThread());
    HOLDS(timer->setTimeoutMS(5) == 0 && comes_true(&timer_fired, 1));
    add(&timer_fired, -1);
    loop->closeGate(); /* it may be due by now, and is cancelled before the loop can look */
    HOLDS(timer->setTimeoutMS(1) == 0);
    IOSleep(5);
    timer->cancelTimeout();
    loop->openGate();
    IOSleep(20);
    HOLDS(comes_true(&timer_fired, 0));
    loop->closeGate(); /* nor is one that was set anew due when the old one was */
    HOLDS(timer->setTimeoutMS(1) == 0);
    IOSleep(5);
    HOLDS(timer->setTimeoutMS(3600000) == 0);
    loop->openGate();
    IOSleep(20);
    HOLDS(comes_true(&timer_fired, 0));
    timer->cancelTimeout();
    HOLDS(owner->causeInterrupt(0) == 0 && owner->causeInterrupt(0) == 0);
    HOLDS(comes_true(&interrupts_done, 3) && comes_true(&filter_seen, 3));
    HOLDS(!thread_call_enter(call) && comes_true(&call_done, 1));
    HOLDS(thread_call_free(call));
    HOLDS(loop->removeEventSource(interrupt) == 0 && loop->removeEventSource(timer) == 0);
    HOLDS(loop->removeEventSource(gate) == 0 && comes_true(&timer_fired, 0));
    interrupt->release();
    timer->release();
    gate->release();
    loop->release();
    owner->release();
    return NULL;
}

static lck_mtx_t *mutex;
static volatile int ready;

static void
waker(void *, wait_result_t)
{
    lck_mtx_lock(mutex);
    ready = 1;
    wakeup((void *)&ready);
    lck_mtx_unlock(mutex);
    thread_terminate(current_thread());
}

extern "C" const char *
check_sleep(void)
{
    struct timespec soon = { 0, 1000000 };
    thread_t thread;

    mutex = lck_mtx_alloc_init(NULL, NULL);
    lck_mtx_lock(mutex);
    lck_mtx_assert(mutex, LCK_MTX_ASSERT_OWNED);
    HOLDS(msleep(&soon, mutex, PWAIT, "never", &soon) == EWOULDBLOCK);
    HOLDS(kernel_thread_start(waker, NULL, &thread) == KERN_SUCCESS);
    while (!ready)
        HOLDS(msleep((void *)&ready, mutex, PWAIT, "ready", NULL) == 0);
    lck_mtx_unlock(mutex);
    thread_deallocate(thread);
    lck_mtx_free(mutex, NULL);
    return NULL;
}

/* A recursive lock that is held twice is let go of whole while its holder sleeps. */
static IORecursiveLock *twice;
static IOCommandGate *twice_gate;
static IOWorkLoop *twice_loop;
static int twice_ready;

static void
twice_waker(void *, wait_result_t)
{
    IORecursiveLockLock(twice);
    twice_ready = 1;
    IORecursiveLockWakeup(twice, &twice_ready, false);
    IORecursiveLockUnlock(twice);
    thread_terminate(current_thread());
}

static IOReturn
twice_awake(OSObject *, void *, void *, void *, void *)
{
    twice_ready = 2;
    twice_gate->commandWakeup(&twice_ready);
    return kIOReturnSuccess;
}

static void
twice_gate_waker(void *, wait_result_t)
{
    (void)twice_gate->runAction(twice_awake);
    thread_terminate(current_thread());
}

/* Far beyond what the slowest machine needs. */
static uint64_t
in_an_hour()
{
    return mach_absolute_time() + 3600 * NSEC_PER_SEC;
}

static IOReturn
twice_sleeps(OSObject *, void *, void *, void *, void *)
{
    thread_t thread;

    if (kernel_thread_start(twice_gate_waker, NULL, &thread) != KERN_SUCCESS)
        return kIOReturnNoResources;
    thread_deallocate(thread);
    return twice_gate->commandSleep(&twice_ready, in_an_hour(), THREAD_UNINT);
}

static IOReturn
twice_nests(OSObject *, void *, void *, void *, void *)
{
    IOReturn result = twice_gate->runAction(twice_sleeps);

    return twice_loop->inGate() ? result : kIOReturnNotPermitted;
}

extern "C" const char *
check_twice(void)
{
    IOService *owner = new IOService;
    thread_t thread;

    twice_ready = 0;
    twice = IORecursiveLockAlloc();
    IORecursiveLockLock(twice);
    IORecursiveLockLock(twice);
    HOLDS(kernel_thread_start(twice_waker, NULL, &thread) == KERN_SUCCESS);
    thread_deallocate(thread);
    HOLDS(IORecursiveLockSleepDeadline(twice, &twice_ready, in_an_hour(), THREAD_UNINT) ==
          THREAD_AWAKENED);
    HOLDS(twice_ready == 1);
    IORecursiveLockUnlock(twice);
    HOLDS(IORecursiveLockHaveLock(twice));
    IORecursiveLockUnlock(twice);
    HOLDS(!IORecursiveLockHaveLock(twice));
    IORecursiveLockFree(twice);

    HOLDS(owner->init((OSDictionary *)NULL));
    twice_loop = IOWorkLoop::workLoop();
    twice_gate = IOCommandGate::commandGate(owner);
    HOLDS(twice_loop->addEventSource(twice_gate) == kIOReturnSuccess);
    HOLDS(twice_gate->runAction(twice_nests) == THREAD_AWAKENED && twice_ready == 2);
    HOLDS(!twice_loop->inGate());
    HOLDS(twice_loop->removeEventSource(twice_gate) == kIOReturnSuccess);
    twice_gate->release();
    twice_loop->release();
    owner->release();
    return NULL;
}

/* Who calls a gate that is disabled waits until it is enabled. */
static IOCommandGate *shut_gate;
static int shut_calls, shut_runs;

static IOReturn
shut_action(OSObject *, void *, void *, void *, void *)
{
    add(&shut_runs, 1);
    return kIOReturnSuccess;
}

static void
shut_caller(void *, wait_result_t)
{
    add(&shut_calls, 1);
    (void)shut_gate->runAction(shut_action);
    add(&shut_calls, 1);
    thread_terminate(current_thread());
}

extern "C" const char *
check_shut_gate(void)
{
    IOService *owner = new IOService;
    IOWorkLoop *loop = IOWorkLoop::workLoop();
    thread_t thread;

    shut_calls = shut_runs = 0;
    HOLDS(owner->init((OSDictionary *)NULL));
    shut_gate = IOCommandGate::commandGate(owner);
    HOLDS(loop->addEventSource(shut_gate) == kIOReturnSuccess);
    shut_gate->disable();
    HOLDS(kernel_thread_start(shut_caller, NULL, &thread) == KERN_SUCCESS);
    thread_deallocate(thread);
    HOLDS(comes_true(&shut_calls, 1));
    IOSleep(20);
    HOLDS(comes_true(&shut_runs, 0) && !shut_gate->isEnabled());
    shut_gate->enable();
    HOLDS(comes_true(&shut_runs, 1) && comes_true(&shut_calls, 2));
    HOLDS(loop->removeEventSource(shut_gate) == kIOReturnSuccess);
    shut_gate->release();
    loop->release();
    owner->release();
    return NULL;
}

/* ---- symbols of several threads ---- */

enum { NAMERS = 4, NAMES = 400 };
static const OSSymbol *named[NAMERS][NAMES];
static int namers_done;

static void
namer(void *context, wait_result_t)
{
    char text[32];

    for (unsigned i = 0; i < NAMES; i++) {
        snprintf(text, sizeof(text), "the name %u", i);
        ((const OSSymbol **)context)[i] = OSSymbol::withCString(text);
    }
    add(&namers_done, 1);
    thread_terminate(current_thread());
}

/* A text is one symbol, whoever makes it first. */
extern "C" const char *
check_names(void)
{
    thread_t thread;

    namers_done = 0;
    for (unsigned i = 0; i < NAMERS; i++) {
        HOLDS(kernel_thread_start(namer, named[i], &thread) == KERN_SUCCESS);
        thread_deallocate(thread);
    }
    HOLDS(comes_true(&namers_done, NAMERS));
    for (unsigned i = 0; i < NAMES; i++) {
        for (unsigned j = 0; j < NAMERS; j++)
            HOLDS(named[j][i] != NULL && named[j][i] == named[0][i]);
        HOLDS(named[0][i]->isEqualTo(named[1][i]) && named[0][i]->getLength() > 9);
    }
    return NULL;
}

/* ---- a call that runs twice at a time ---- */

static int overlaps_begun, overlaps_done, overlap_goes_on;

static void
overlaps(thread_call_param_t, thread_call_param_t is_long)
{
    add(&overlaps_begun, 1);
    while (is_long != NULL && !__atomic_load_n(&overlap_goes_on, __ATOMIC_ACQUIRE))
        IOSleep(1);
    add(&overlaps_done, 1);
}

extern "C" const char *
check_overlap(void)
{
    thread_call_t call = thread_call_allocate(overlaps, NULL);

    overlaps_begun = overlaps_done = overlap_goes_on = 0;
    HOLDS(!thread_call_enter1(call, &overlaps_begun) && comes_true(&overlaps_begun, 1));
    HOLDS(!thread_call_enter1(call, NULL) && comes_true(&overlaps_done, 1));
    IOSleep(20); /* the second has ended, the first has not */
    HOLDS(thread_call_isactive(call));
    add(&overlap_goes_on, 1);
    HOLDS(!thread_call_cancel_wait(call) && !thread_call_isactive(call));
    HOLDS(__atomic_load_n(&overlaps_done, __ATOMIC_ACQUIRE) == 2);
    HOLDS(thread_call_free(call));
    return NULL;
}

/* ---- services that come while somebody asks ---- */

class test_Late : public IOService
{
    OSDeclareDefaultStructors(test_Late);

  public:
    int looks; /* how often it was looked at; the first time it does not match */
    bool matchPropertyTable(OSDictionary *table) override;
};
OSDefineMetaClassAndStructors(test_Late, IOService);

bool
test_Late::matchPropertyTable(OSDictionary *)
{
    return looks++ > 0;
}

/* It comes between the look and the sleep: then the thread waits for nothing any more. */
extern "C" const char *
check_late_service(void)
{
    test_Late *late = new test_Late;
    OSDictionary *table = IOService::serviceMatching("test_Late");
    IOService *found;

    HOLDS(late->init((OSDictionary *)NULL));
    late->registerService();
    late->looks = 0;
    found = IOService::waitForMatchingService(table, NSEC_PER_MSEC);
    HOLDS(found == late && late->looks == 2);
    HOLDS(thread_block(THREAD_CONTINUE_NULL) == THREAD_AWAKENED);
    found->release();
    HOLDS(late->terminate());
    late->release();
    table->release();
    return NULL;
}

class test_Many : public IOService
{
    OSDeclareDefaultStructors(test_Many);

  public:
    int told;
};
OSDefineMetaClassAndStructors(test_Many, IOService);

enum { REGISTRARS = 3, EACH = 50, MANY = REGISTRARS * EACH, NOTIFIERS = 50 };
static int many_registered;

static void
many_registrar(void *context, wait_result_t)
{
    for (unsigned i = 0; i < EACH; i++)
        ((test_Many **)context)[i]->registerService();
    add(&many_registered, 1);
    thread_terminate(current_thread());
}

static bool
many_told(void *, void *, IOService *service, IONotifier *)
{
    add(&((test_Many *)service)->told, 1);
    return true;
}

/* Who asks while services come is told of each of them once. */
extern "C" const char *
check_told_once(void)
{
    test_Many *many[MANY];
    IONotifier *notifiers[NOTIFIERS];
    OSDictionary *table = IOService::serviceMatching("test_Many");
    thread_t thread;

    many_registered = 0;
    for (unsigned i = 0; i < MANY; i++) {
        many[i] = new test_Many;
        HOLDS(many[i]->init((OSDictionary *)NULL));
    }
    for (unsigned i = 0; i < REGISTRARS; i++) {
        HOLDS(kernel_thread_start(many_registrar, many + i * EACH, &thread) == KERN_SUCCESS);
        thread_deallocate(thread);
    }
    for (unsigned i = 0; i < NOTIFIERS; i++)
        notifiers[i] = IOService::addMatchingNotification(gIOPublishNotification, table, many_told,
                                                          NULL, NULL);
    HOLDS(comes_true(&many_registered, REGISTRARS));
    for (unsigned i = 0; i < MANY; i++)
        HOLDS(__atomic_load_n(&many[i]->told, __ATOMIC_ACQUIRE) == NOTIFIERS);
    for (unsigned i = 0; i < NOTIFIERS; i++)
        notifiers[i]->remove();
    for (unsigned i = 0; i < MANY; i++) {
        HOLDS(many[i]->terminate());
        many[i]->release();
    }
    table->release();
    return NULL;
}

/* A thread that the kernel did not start ends through the kernel. */
extern "C" void
end_this_thread(void)
{
    IOExitThread();
}

/* ---- a loop whose last reference is let go of by its own thread ---- */

class test_LastLoop : public IOWorkLoop
{
    OSDeclareDefaultStructors(test_LastLoop);

  public:
    void free() override;
};
OSDefineMetaClassAndStructors(test_LastLoop, IOWorkLoop);
static test_LastLoop *last_loop;
static int last_frees, last_actions;

void
test_LastLoop::free()
{
    add(&last_frees, onThread());
    IOWorkLoop::free();
}

static void
last_action(OSObject *, IOTimerEventSource *)
{
    last_loop->release();
    add(&last_actions, 1);
}

extern "C" const char *
check_last_loop(void)
{
    IOService *owner = new IOService;
    IOTimerEventSource *timer = IOTimerEventSource::timerEventSource(owner, last_action);

    last_frees = last_actions = 0;
    HOLDS(owner->init((OSDictionary *)NULL));
    last_loop = new test_LastLoop;
    HOLDS(last_loop->init() && last_loop->addEventSource(timer) == kIOReturnSuccess);
    HOLDS(timer->setTimeoutMS(1) == kIOReturnSuccess && comes_true(&last_actions, 1));
    /* As on the Mac free() is called again, when the thread has ended its work. */
    HOLDS(comes_true(&last_frees, 2));
    for (unsigned i = 0; i < 60000 && OSTypeID(test_LastLoop)->getInstanceCount() > 0; i++)
        IOSleep(1);
    HOLDS(OSTypeID(test_LastLoop)->getInstanceCount() == 0);
    timer->release();
    owner->release();
    return NULL;
}

/* ---- contexts ---- */

extern "C" const char *
check_contexts(void)
{
    IOSimpleLock *spin = IOSimpleLockAlloc();
    IOLock *lock = IOLockAlloc();
    IOInterruptState state;

    HOLDS(preemption_enabled() && ml_get_interrupts_enabled());
    IOLockLock(lock);
    HOLDS(preemption_enabled() && !IOLockTryLock(lock));
    IOLockUnlock(lock);
    IOSimpleLockLock(spin);
    HOLDS(!preemption_enabled() && ml_get_interrupts_enabled());
    IOSimpleLockUnlock(spin);
    state = IOSimpleLockLockDisableInterrupt(spin);
    HOLDS(!ml_get_interrupts_enabled());
    IOSimpleLockUnlockEnableInterrupt(spin, state);
    HOLDS(preemption_enabled() && ml_get_interrupts_enabled());
    IOSimpleLockFree(spin);
    IOLockFree(lock);
    return NULL;
}

/* ---- an old driver: a method table without dispatch records ---- */

class test_Old : public IOService
{
    OSDeclareDefaultStructors(test_Old)
};
class test_OldClient : public IOUserClient
{
    OSDeclareDefaultStructors(test_OldClient);

  public:
    IOReturn add(void *a, void *b, void *out, void *, void *, void *);
    IOExternalMethod *getTargetAndMethodForIndex(IOService **target, UInt32 index) override;
    IOReturn clientMemoryForType(UInt32 type, IOOptionBits *options,
                                 IOMemoryDescriptor **memory) override;
    IOReturn clientClose() override;
};
OSDefineMetaClassAndStructors(test_Old, IOService);
OSDefineMetaClassAndStructors(test_OldClient, IOUserClient);

IOReturn
test_OldClient::add(void *a, void *b, void *out, void *, void *, void *)
{
    *(UInt64 *)out = (UInt64)(uintptr_t)a + (UInt64)(uintptr_t)b;
    return kIOReturnSuccess;
}

IOExternalMethod *
test_OldClient::getTargetAndMethodForIndex(IOService **target, UInt32 index)
{
    static IOExternalMethod methods[] = {
        { NULL, (IOMethod)&test_OldClient::add, kIOUCScalarIScalarO, 2, 1 },
    };

    *target = this;
    return index == 0 ? &methods[0] : NULL;
}

IOReturn
test_OldClient::clientMemoryForType(UInt32, IOOptionBits *, IOMemoryDescriptor **memory)
{
    IOBufferMemoryDescriptor *shared = IOBufferMemoryDescriptor::withOptions(
        kIODirectionInOut | kIOMemoryKernelUserShared, PAGE_SIZE, PAGE_SIZE);

    strlcpy((char *)shared->getBytesNoCopy(), "shared", 16);
    *memory = shared;
    return kIOReturnSuccess;
}

IOReturn
test_OldClient::clientClose()
{
    return terminate() ? kIOReturnSuccess : kIOReturnError;
}

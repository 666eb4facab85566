/*
 * explored.cpp - a driver's code for vmk_explore(): a map that one thread reads and another one takes
 *
 * What explored_test.c calls runs as kernel code, over I/O Kit's names.
 */
#include <IOKit/IOBufferMemoryDescriptor.h>
#include <IOKit/IOLib.h>
#include <IOKit/IOLocks.h>
#include <IOKit/IOMemoryDescriptor.h>

static IOLock *lock, *other;
static IORWLock *table_lock;
static IOSimpleLock *spin;
static IOBufferMemoryDescriptor *buffer;
static IOMemoryMap *map;
static volatile uint8_t *bytes; /* NULL: taken */
static bool is_ready;
static unsigned sum;

extern "C" void
explored_begin(void *)
{
    lock = IOLockAlloc();
    other = IOLockAlloc();
    spin = IOSimpleLockAlloc();
    table_lock = IORWLockAlloc();
    buffer = IOBufferMemoryDescriptor::inTaskWithOptions(
        kernel_task, kIODirectionInOut | kIOMemoryPageable, PAGE_SIZE, PAGE_SIZE);
    (void)buffer->prepare();
    map = buffer->createMappingInTask(kernel_task, 0, kIOMapAnywhere | kIOMapUnique);
    bytes = (volatile uint8_t *)map->getVirtualAddress();
}

extern "C" const char *
explored_end(void *)
{
    map->release();
    (void)buffer->complete();
    buffer->release();
    IOLockFree(lock);
    IOLockFree(other);
    IOSimpleLockFree(spin);
    IORWLockFree(table_lock);
    return NULL;
}

/* ---- a map under a lock, or under none ---- */

static void
read_map(void)
{
    if (bytes != NULL)
        sum += *bytes;
}

extern "C" void
explored_read_locked(void *)
{
    IOLockLock(lock);
    read_map();
    IOLockUnlock(lock);
}

extern "C" void
explored_take_locked(void *)
{
    IOLockLock(lock);
    (void)map->unmap();
    bytes = NULL;
    IOLockUnlock(lock);
}

extern "C" void
explored_take(void *)
{
    (void)map->unmap();
    bytes = NULL;
}

/* ---- the lock of readers and writers ---- */

extern "C" void
explored_read_shared(void *)
{
    IORWLockRead(table_lock);
    read_map();
    IORWLockUnlock(table_lock);
}

extern "C" void
explored_take_exclusive(void *)
{
    IORWLockWrite(table_lock);
    explored_take(NULL);
    IORWLockUnlock(table_lock);
}

/* ---- two locks ---- */

extern "C" void
explored_up(void *)
{
    IOLockLock(lock);
    IOLockLock(other);
    IOLockUnlock(other);
    IOLockUnlock(lock);
}

extern "C" void
explored_down(void *)
{
    IOLockLock(other);
    IOLockLock(lock);
    IOLockUnlock(lock);
    IOLockUnlock(other);
}

/* ---- sleeping ---- */

extern "C" void
explored_sleep(void *)
{
    IOLockLock(lock);
    while (!is_ready)
        IOLockSleep(lock, &is_ready, THREAD_UNINT);
    IOLockUnlock(lock);
}

extern "C" void
explored_wake(void *)
{
    IOLockLock(lock);
    is_ready = true;
    IOLockWakeup(lock, &is_ready, false);
    IOLockUnlock(lock);
}

extern "C" void
explored_wake_unlocked(void *)
{
    is_ready = true;
    IOLockWakeup(lock, &is_ready, false);
}

extern "C" void
explored_sleep_a_while(void *)
{
    AbsoluteTime deadline;

    clock_interval_to_deadline(1, kSecondScale, &deadline);
    IOLockLock(lock);
    if (!is_ready)
        (void)IOLockSleepDeadline(lock, &is_ready, deadline, THREAD_UNINT);
    IOLockUnlock(lock);
}

/* ---- a thread of the kernel's own ---- */

extern "C" void
explored_start_a_thread(void *)
{
    (void)IOCreateThread(explored_wake, NULL);
}

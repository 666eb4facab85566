/* vmk_xnu_lock.cpp - the seam, answered by I/O Kit: locks, text and contexts; see vmk_xnu.h */
#include "kext/vmk_xnu.h"

extern "C" {
boolean_t preemption_enabled(void);
boolean_t ml_get_interrupts_enabled(void);
boolean_t ml_set_interrupts_enabled(boolean_t enable);
boolean_t ml_at_interrupt_context(void);
}

/* ---- locks ---- */

namespace
{
struct lock {
    enum vmk_lock_kind kind;
    uint32_t taken; /* how often, and not given back */
    bool is_shared; /* it is for reading only */
    union {
        IOLock *mutex;
        IOSimpleLock *spin;
        IORecursiveLock *recursive;
        IORWLock *rw;
        void *any;
    } its;
};
} // namespace

static lock *
lock_of(vmk_lock_t l)
{
    return kext_table_find(KEXT_LOCK, l) != NULL ? reinterpret_cast<lock *>(l) : NULL;
}

/* The run is one thread: what it has and takes again, it would wait for. */
static bool
would_wait(const lock *own)
{
    return !may_panic() && own->taken > 0 && own->kind != VMK_RECURSIVE;
}

/*
 * A text's spin lock only marks the section: the runner takes memory between the lines, which may sleep,
 * and its accesses find the section in kext_world.c.
 */
static bool
is_only_marked(const lock *own)
{
    return own->kind == VMK_SPIN && kext_run_now()->length > 0 && !may_panic();
}

static void *
lock_create(enum vmk_lock_kind kind)
{
    switch (kind) {
    case VMK_MUTEX:
        return IOLockAlloc();
    case VMK_SPIN:
        return IOSimpleLockAlloc();
    case VMK_RECURSIVE:
        return IORecursiveLockAlloc();
    case VMK_RW:
        return IORWLockAlloc();
    }
    return NULL;
}

static void
lock_destroy(lock *own)
{
    switch (own->kind) {
    case VMK_MUTEX:
        IOLockFree(own->its.mutex);
        break;
    case VMK_SPIN:
        IOSimpleLockFree(own->its.spin);
        break;
    case VMK_RECURSIVE:
        IORecursiveLockFree(own->its.recursive);
        break;
    case VMK_RW:
        IORWLockFree(own->its.rw);
        break;
    }
    IOFree(own, sizeof(*own));
}

vmk_lock_t
vmk_lock_alloc(enum vmk_lock_kind kind)
{
    lock *own = static_cast<lock *>(IOMalloc(sizeof(lock)));

    if (own == NULL)
        return NULL;
    own->kind = kind;
    own->taken = 0;
    own->is_shared = false;
    own->its.any = lock_create(kind);
    if (own->its.any == NULL) {
        IOFree(own, sizeof(*own));
        return NULL;
    }
    if (kext_table_add(KEXT_LOCK, own, NULL) == NULL) {
        lock_destroy(own);
        return NULL;
    }
    return reinterpret_cast<vmk_lock_t>(own);
}

void
vmk_lock_free(vmk_lock_t l)
{
    lock *own = lock_of(l);

    if (own == NULL)
        return;
    while (own->taken > 0)
        vmk_lock_release(l, VMK_EXCLUSIVE, true);
    kext_table_drop(kext_table_find(KEXT_LOCK, l));
    lock_destroy(own);
}

uint32_t
vmk_lock_acquire(vmk_lock_t l, uint32_t how)
{
    lock *own = lock_of(l);
    boolean_t before = ml_get_interrupts_enabled();

    if (own == NULL || would_wait(own))
        return (uint32_t)before;
    own->taken++;
    own->is_shared = own->kind == VMK_RW && (how & VMK_SHARED) != 0;
    if (is_only_marked(own)) {
        kext_mark_spin_lock(true);
        return (uint32_t)before;
    }
    if ((how & VMK_IRQ_OFF) != 0)
        before = ml_set_interrupts_enabled(false);
    if (own->kind == VMK_MUTEX)
        IOLockLock(own->its.mutex);
    else if (own->kind == VMK_SPIN)
        IOSimpleLockLock(own->its.spin);
    else if (own->kind == VMK_RECURSIVE)
        IORecursiveLockLock(own->its.recursive);
    else if ((how & VMK_SHARED) != 0)
        IORWLockRead(own->its.rw);
    else
        IORWLockWrite(own->its.rw);
    return (uint32_t)before;
}

/* No list has a call that tries an IORWLock. */
static bool
lock_try(lock *own)
{
    switch (own->kind) {
    case VMK_MUTEX:
        return IOLockTryLock(own->its.mutex);
    case VMK_SPIN:
        return IOSimpleLockTryLock(own->its.spin);
    case VMK_RECURSIVE:
        return IORecursiveLockTryLock(own->its.recursive);
    default:
        return false;
    }
}

int
vmk_lock_try(vmk_lock_t l)
{
    lock *own = lock_of(l);

    if (own == NULL || is_only_marked(own) || !lock_try(own))
        return 0; /* no text tries */
    own->taken++;
    return 1;
}

void
vmk_lock_release(vmk_lock_t l, uint32_t how, uint32_t state)
{
    lock *own = lock_of(l);

    if (own == NULL || own->taken == 0)
        return;
    own->taken--;
    if (is_only_marked(own)) {
        kext_mark_spin_lock(false);
        return;
    }
    if (own->kind == VMK_MUTEX)
        IOLockUnlock(own->its.mutex);
    else if (own->kind == VMK_SPIN)
        IOSimpleLockUnlock(own->its.spin);
    else if (own->kind == VMK_RECURSIVE)
        IORecursiveLockUnlock(own->its.recursive);
    else
        IORWLockUnlock(own->its.rw);
    if ((how & VMK_IRQ_OFF) != 0)
        ml_set_interrupts_enabled((boolean_t)state);
}

int
vmk_lock_upgrade(vmk_lock_t l)
{
    lock *own = lock_of(l);

    if (own == NULL || own->taken != 1 || !own->is_shared)
        return 0; /* another share of its own would be waited for */
    own->is_shared = false;
    if (lck_rw_lock_shared_to_exclusive(IORWLockGetMachLock(own->its.rw)))
        return 1;
    own->taken = 0; /* somebody else was before us */
    return 0;
}

/* ---- sleeping, and text ---- */

/* No list of 10.9 has IOLockSleep(), so nobody sleeps here and nobody is woken. */
int
vmk_sleep(vmk_lock_t, const void *, uint64_t timeout_ns)
{
    return timeout_ns > 0 ? VMK_TIMED_OUT : VMK_INTERRUPTED;
}

void
vmk_wakeup(const void *, int)
{
}

void
vmk_logv(const char *format, va_list ap)
{
    IOLogv(format, ap);
}

void
vmk_panic(const char *what)
{
    if (may_panic())
        panic("%s", what);
    IOLog("faultline: no panic: %s\n", what);
}

/* ---- contexts ---- */

int
vmk_interrupts_set(int enabled)
{
    return ml_set_interrupts_enabled(enabled);
}

uint32_t
vmk_context(void)
{
    return (uint32_t)((preemption_enabled() ? 0 : VMK_CTX_PREEMPT_OFF) |
                      (ml_get_interrupts_enabled() ? 0 : VMK_CTX_IRQ_OFF) |
                      (ml_at_interrupt_context() ? VMK_CTX_INTERRUPT : 0));
}

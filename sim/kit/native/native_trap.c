/*
 * native_trap.c - the host's trap becomes the model's
 *
 * An access without a translation arrives here as SIGSEGV, on the thread that made it. The lock is
 * taken, the model asked as the hardware would, and what it answers decides: the access is tried
 * again, or it is reported. A thread that faults while it is in the model itself (the model copies to
 * or from a simulated buffer of the caller's) holds the lock already; the model stands at a copy then,
 * with nothing half done, and may be entered again.
 */
#define _GNU_SOURCE 1 /* REG_ERR, REG_RIP */
#include <errno.h>
#include <pthread.h>
#include <ucontext.h>

#include "native_internal.h"
#include "vm/vm_access.h"
#include "vm/vm_task.h"

#ifndef __x86_64__
#error "native memory reads x86_64's trap frames"
#endif

/* ---- the lock ---- */

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static __thread unsigned lock_depth;
static __thread int thread_cpu = -1;

void
faultline_lock(void)
{
    if (lock_depth++ == 0)
        pthread_mutex_lock(&lock);
    if (thread_cpu >= 0)
        vmk_sim_set_cpu((uint32_t)thread_cpu);
}

void
faultline_unlock(void)
{
    if (--lock_depth == 0)
        pthread_mutex_unlock(&lock);
}

void
native_unlock_all(void)
{
    while (lock_depth > 0)
        faultline_unlock();
}

void
native_thread_swap(struct native_thread *from, const struct native_thread *to)
{
    *from = (struct native_thread){ lock_depth, thread_cpu };
    if (lock_depth > 0 && to->lock_depth == 0)
        pthread_mutex_unlock(&lock);
    if (lock_depth == 0 && to->lock_depth > 0)
        pthread_mutex_lock(&lock);
    lock_depth = to->lock_depth;
    thread_cpu = to->cpu;
}

void
faultline_thread_cpu(int cpu)
{
    thread_cpu = cpu;
}

int
faultline_current_cpu(void)
{
    return thread_cpu;
}

/* ---- NULL ---- */

static bool is_null_claimed;

void
faultline_claim_null(int is_claimed)
{
    is_null_claimed = is_claimed != 0;
}

/* The kernel's space, when an address is one that NULL leads to and the kernel has it. */
static struct faultline_world *
native_find_null(uint64_t host, struct native_space **space)
{
    struct faultline_world *world = native_current();

    if (!is_null_claimed || world == NULL || host >= world->page_bytes)
        return NULL;
    *space = world->spaces;
    while ((*space)->id != 0)
        *space = (*space)->next;
    return world;
}

/* ---- the trap ---- */

/* Bits of x86's error code. */
enum { TRAP_WRITE = 2, TRAP_FETCH = 16 };

/* Has the model serve the access; true when the host allows it now. */
static bool
native_serve(struct faultline_world *world, struct native_access *access)
{
    uint64_t maps = world->maps;
    struct vm_access touch = { .task = vm_task_find(world->system, access->space->id),
                               .va = access->va,
                               .length = 1,
                               .kind = access->is_write ? VM_ACCESS_WRITE : VM_ACCESS_READ,
                               .only_translates = true };

    if (touch.task == NULL)
        return false; /* it ended, and a pointer into it is left */
    native_record_access(world, access->space->id, access->va, access->is_write);
    access->status = vm_access(world->system, &touch, NULL);
    native_host_flush(world);
    if (access->status != VMM_OK)
        return false;
    /* Nothing new: the host had forgotten a page that the tables have. */
    return world->maps != maps || native_host_refresh(world, access->space, access->va);
}

static void
native_trap(int number, siginfo_t *info, void *context)
{
    const ucontext_t *at = context;
    uint64_t code = (uint64_t)at->uc_mcontext.gregs[REG_ERR];
    struct native_access access = { .is_write = (code & TRAP_WRITE) != 0,
                                    .pc = (uint64_t)at->uc_mcontext.gregs[REG_RIP],
                                    .status = VMM_INVALID_ADDRESS };
    int before = errno;
    struct faultline_world *world;
    bool is_served = false;

    faultline_lock();
    world = native_find((uintptr_t)info->si_addr, &access.space);
    if (world != NULL) {
        access.va = (uintptr_t)info->si_addr - access.space->host + access.space->base;
    } else {
        world = native_find_null((uintptr_t)info->si_addr, &access.space);
        access.va = (uintptr_t)info->si_addr;
    }
    if (world != NULL)
        is_served = !(code & TRAP_FETCH) && native_serve(world, &access);
    errno = before;
    /* Still under the lock: another thread whose call ends now must not take the stop for its own. */
    if (world != NULL && !is_served)
        native_report(world, &access);
    faultline_unlock();
    errno = before;
    if (world == NULL)
        native_signal_pass(number, info, context);
}

void
native_trap_install(void)
{
    uint64_t frame;

    (void)native_backtrace(0, &frame, 1); /* loads the unwinder now, not in a trap */
    native_signal_install(native_trap);
}

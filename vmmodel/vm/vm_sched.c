/* vm_sched.c - see vm_sched.h; locks, and the waits of a map */
#include "vm/vm_sched.h"

#include <inttypes.h>

#include "vm/vm_internal.h"

static void
vm_sched_yield_to_nobody(struct vm_sched *sched)
{
    (void)sched;
}

static enum vmm_status
vm_sched_would_block(struct vm_sched *sched, enum vm_sched_event event, const void *object,
                     enum vm_sched_wait how)
{
    (void)sched;
    (void)event;
    (void)object;
    (void)how;
    return VMM_MODEL_WOULD_BLOCK;
}

static void
vm_sched_wake_nobody(struct vm_sched *sched, enum vm_sched_event event, const void *object)
{
    (void)sched;
    (void)event;
    (void)object;
}

void
vm_sched_init(struct vm_sched *sched)
{
    *sched = (struct vm_sched){ .yield = vm_sched_yield_to_nobody,
                                .block = vm_sched_would_block,
                                .wakeup = vm_sched_wake_nobody };
}

/* ---- locks ---- */

uint32_t
vm_sched_thread(const struct vm_system *system)
{
    struct vm_sched *sched = system->sched;

    return sched != NULL && sched->current != NULL ? sched->current(sched) : 0;
}

enum vmm_status
vm_sched_wait(struct vm_system *system, enum vm_sched_event event, const void *object,
              enum trace_reason reason)
{
    struct vm_sched *sched = system->sched;

    if (sched == NULL)
        return VMM_MODEL_WOULD_BLOCK;
    sched->wait = (struct vm_wait){ .reason = reason };
    return sched->block(sched, event, object, VM_SCHED_UNINTERRUPTIBLE);
}

void
vm_sched_wake(struct vm_system *system, enum vm_sched_event event, const void *object)
{
    if (system->sched != NULL)
        system->sched->wakeup(system->sched, event, object);
}

enum vmm_status
vm_lock_take(struct vm_system *system, struct vm_lock *lock)
{
    uint32_t self = vm_sched_thread(system);

    while (lock->depth > 0 && lock->owner != self) {
        enum vmm_status status = vm_sched_wait(system, VM_SCHED_LOCK, lock, REASON_NONE);

        if (status != VMM_OK)
            return status;
    }
    lock->owner = self;
    lock->depth++;
    return VMM_OK;
}

bool
vm_lock_is_mine(const struct vm_system *system, const struct vm_lock *lock)
{
    return lock->depth > 0 && lock->owner == vm_sched_thread(system);
}

void
vm_lock_drop(struct vm_system *system, struct vm_lock *lock)
{
    VMM_ASSERT(vm_lock_is_mine(system, lock));
    lock->depth--;
    if (lock->depth == 0)
        vm_sched_wake(system, VM_SCHED_LOCK, lock);
}

/* ---- a map's waits (vm.md 9) ---- */

void
vm_map_yield(struct vm_map *map)
{
    struct vm_sched *sched = map->system->sched;

    VMM_ASSERT(!map->is_locked);
    if (sched != NULL)
        sched->yield(sched);
}

void
vm_map_wakeup(struct vm_map *map, enum vm_sched_event event)
{
    struct vm_sched *sched = map->system->sched;

    if (sched != NULL)
        sched->wakeup(sched, event, map);
}

enum vmm_status
vm_map_block(struct vm_map *map, enum vm_sched_event event, enum vm_sched_wait how)
{
    struct vm_sched *sched = map->system->sched;
    enum vmm_status status;

    vm_map_unlock(map);
    status = sched->block(sched, event, map, how);
    vm_map_lock(map);
    VMM_ASSERT(how == VM_SCHED_INTERRUPTIBLE || status != VMM_ABORTED);
    return status;
}

enum vmm_status
vm_map_entry_wait(struct vm_map *map, struct vm_map_entry *entry, enum vm_sched_wait how,
                  enum trace_reason reason)
{
    struct vm_system *system = map->system;

    if (system->sched == NULL)
        return vm_hang(system, reason, map->space, entry->start,
                       "the thread waits for ever: entry 0x%" PRIx64 "-0x%" PRIx64
                       " has %u kernel wiring(s)%s",
                       entry->start, entry->end, (unsigned)entry->wired_count,
                       entry->in_transition ? " and is in transition" : " that nobody undoes");
    entry->needs_wakeup = true;
    system->sched->wait =
        (struct vm_wait){ reason, map->space, entry->start, entry->end, entry->wired_count };
    return vm_map_block(map, VM_SCHED_ENTRY_TRANSITION, how);
}

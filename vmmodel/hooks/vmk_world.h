/*
 * vmk_world.h - the world behind the seam's model: one kernel and the handles given out for it
 *
 * PURPOSE     Shared by what answers vmk.h (vmk_model.c, vmk_desc.c, vmk_lock.c, vmk_neighbours.c) and
 *             vmk_sim.h (vmk_sim.c), and by what stands in front of both (vmk_front.c).
 * INVARIANTS  V1  (vmk.h) a handle is a number; what it names is looked up each time
 * UNITS       an event's number of a handle is vmm_idtable_number()
 * OWNERSHIP   a world owns its kernel, its handles and what they name
 * ERRORS      NULL from every lookup of a handle that is stale, NULL or of another kind
 * EVENTS      MAY_BLOCK STALE_HANDLE
 * XNU         none; in the kext a handle is the object itself
 */
#ifndef HOOKS_VMK_WORLD_H
#define HOOKS_VMK_WORLD_H

#include "base/idtable.h"
#include "hooks/vmk_sim.h"
#include "iokit/io_memory_map.h"
#include "iokit/io_user_client.h"
#include "vm/vm_sched.h"

enum vmk_kind { VMK_KIND_TASK = 1, VMK_KIND_DESC, VMK_KIND_MAP, VMK_KIND_LOCK, VMK_KIND_DMA };

/* Calls that wait for memory or for a lock: a thread that may not block may not make them. */
enum vmk_call {
    VMK_CALL_CREATE = 1, /* a descriptor, which takes memory */
    VMK_CALL_PREPARE,
    VMK_CALL_COMPLETE,
    VMK_CALL_MAP, /* makes or undoes a mapping: takes I/O Kit's global lock */
    VMK_CALL_WIRE,
    VMK_CALL_ALLOCATE,
    VMK_CALL_LOCK,
    VMK_CALL_SLEEP,
    VMK_CALL_OTHER /* what the seam has no verb for */
};

struct vmk_lock_state {
    enum vmk_lock_kind kind;
    /* By one of the embedder's threads (vm_sched.h). The kit's pthreads wait for locks of their own. */
    struct vm_lock held;
    uint32_t readers;  /* who has it shared */
    uint32_t waiters;  /* threads inside of the call that takes it */
    bool is_upgrading; /* one of them waits for the others to go */
};

/* Who sleeps in vmk_sleep(); on the sleeper's stack. */
struct vmk_sleeper {
    struct vmk_sleeper *next;
    const void *event;
    bool is_awake;
};

/* A call that has begun and not ended. */
struct vmk_call_state {
    struct vmk_call_state *next;
    struct io_external_method_arguments arguments;
};

struct vmk_world {
    const struct vmm_alloc *alloc;
    struct vm_system *system;
    struct vmm_idtable handles;
    struct io_owner owner;   /* told when an object is gone */
    uint64_t kernel_task;    /* handles of tasks are made once */
    struct vm_task *current; /* whose thread is in the kernel: the caller of the last user call */
    enum vmm_status hidden;  /* what the last NULL hid */
    struct vmk_call_state *calls;
    struct vmk_watcher *watchers; /* told of calls (vmk_watch.h) */
    struct vmk_sleeper *sleepers; /* who has slept longest first */
    void (*log)(void *context, const char *text, size_t length);
    void *log_context;
};

/* The current world, or NULL. */
struct vmk_world *vmk_world_here(void);

/* Keeps what a call gave NULL for, for vmk_sim_hidden_status(). */
void vmk_world_hide(enum vmm_status status);

/* VMM_OK when the current world exists and its kernel runs; else why it does nothing. */
enum vmm_status vmk_world_runs(void);

/* Announces a call that may block where none may be made; object: its id, 0: none. */
void vmk_world_may_block(enum vmk_call call, uint32_t object);

/* The object of that kind behind a handle. Tools look so too: nothing is announced. */
void *vmk_object_of(const void *handle, enum vmk_kind kind);
struct vm_task *vmk_task_of(vmk_task_t handle);
struct io_md *vmk_desc_of(vmk_desc_t handle);
struct io_map *vmk_map_of(vmk_map_t handle);

/*
 * The same for the driver's own calls, all but those that only look: a stale handle, whose slot is now
 * another object's or nobody's, is announced.
 */
void *vmk_object_named(const void *handle, enum vmk_kind kind);
struct io_md *vmk_desc_named(vmk_desc_t handle);
struct io_map *vmk_map_named(vmk_map_t handle);

/* The handle of an object, made at the first asking; NULL: no memory. */
vmk_task_t vmk_handle_of_task(struct vm_task *task);
vmk_desc_t vmk_handle_of_desc(struct io_md *md);
vmk_map_t vmk_handle_of_map(struct io_map *map);

/* The current world as the owner of what it gives handles to: told that one is gone, it forgets it. */
struct io_owner *vmk_world_owner(void);

/* Makes a task's handle stale. */
void vmk_forget_task(vmk_task_t handle);

#endif

/*
 * vm_task.h - who owns an address space
 *
 * PURPOSE     A task is a name and a map. Task 0 is the kernel's.
 * INVARIANTS  K1  ids are never reused in one system
 * UNITS       none
 * OWNERSHIP   the system owns tasks; a task holds one reference on its map, an IOMemoryMap may hold
 *             another (iokit.md 1.4), so a map can outlive its task
 * ERRORS      VMM_MODEL_NO_MEMORY, VMM_MODEL_NO_FRAME; VMM_MODEL_HANG from terminate when a kernel
 *             wire keeps an entry (iokit.md 4.4)
 * EVENTS      MAP_REMOVE and its like while terminating
 * XNU         osfmk/kern/task.c
 */
#ifndef VM_VM_TASK_H
#define VM_VM_TASK_H

#include "vm/vm_map.h"
#include "vm/vm_system.h"

struct vm_task *vm_task_kernel(struct vm_system *system);

/* A user task with an empty map. */
enum vmm_status vm_task_create(struct vm_system *system, struct vm_task **task) VMM_MUST_USE;

/*
 * The same with pages of 4 KiB on a machine whose pages are larger (vm.md 1.8), as of a program that
 * Rosetta runs; VMM_NOT_SUPPORTED where they are not. Its children have such pages too.
 */
enum vmm_status vm_task_create_small(struct vm_system *system, struct vm_task **task) VMM_MUST_USE;

/* Ends a task: removes everything in its map and drops the task's reference on it. */
enum vmm_status vm_task_terminate(struct vm_task *task) VMM_MUST_USE;

struct vm_map *vm_task_map(const struct vm_task *task);
uint32_t vm_task_id(const struct vm_task *task);
struct vm_system *vm_task_system(const struct vm_task *task);

/* Faults that this task's threads took (vm.md 7.2); the kernel's own count for task 0. */
uint64_t vm_task_faults(const struct vm_task *task);

/* The task with that id, or NULL when it never was or has ended. */
struct vm_task *vm_task_find(const struct vm_system *system, uint32_t id);

/*
 * A throttled task's I/O waits behind everybody's; and whether the thread on the current CPU is of one.
 * XNU: NEED_TO_HARD_THROTTLE_THIS_TASK().
 */
void vm_task_set_throttled(struct vm_task *task, bool is_throttled);
bool vm_task_current_is_throttled(const struct vm_system *system);

/* Makes the current CPU run a thread of this task (its user space is loaded). */
void vm_task_switch(struct vm_task *task);

/*
 * A child task: entries are shared, copied when somebody writes, or left out, as their inheritance
 * says; what is wired is copied now. The child has no translation and no wire. XNU: vm_map_fork(),
 * vm.md 2.3, 3.6.
 */
enum vmm_status vm_task_fork(struct vm_task *parent, struct vm_task **child) VMM_MUST_USE;

#endif

/* vm_task.c - see vm_task.h */
#include "vm/vm_task.h"

#include "vm/vm_internal.h"
#include "vm/vm_pageout.h"

#define VM_PAGEZERO_BYTES ((vmm_size)1 << 32) /* what the linker gives a 64-bit program */

/* A user pmap with the map's pages, whose root needs a frame: another page makes room if it can. */
static struct pmap *
vm_task_create_pmap(const struct vm_map *map)
{
    struct vm_system *system = map->system;
    struct pmap *pmap;

    do
        pmap = vm_map_is_small(map) ? pmap_create_small(system->pmaps, map->space)
                                    : pmap_create(system->pmaps, map->space);
    while (pmap == NULL && system->machine->frames.free_count == 0 &&
           vm_page_reclaim(system) == VMM_OK);
    return pmap;
}

/* A task's map, with a pmap: the kernel's, or one of its own. */
static enum vmm_status
vm_task_create_map(struct vm_task *task, uint32_t page_shift)
{
    struct vm_system *system = task->system;
    const struct hw_geometry *geometry = system->machine->geometry;
    bool is_kernel = task->id == 0;
    enum vmm_status status =
        vm_map_create(system, task->id, is_kernel ? geometry->kernel_min : 0,
                      is_kernel ? geometry->kernel_max : geometry->user_max, &task->map);

    if (status != VMM_OK)
        return status;
    task->map->task = task;
    task->map->page_shift = page_shift;
    task->map->pmap = is_kernel ? pmap_kernel(system->pmaps) : vm_task_create_pmap(task->map);
    task->map->owns_pmap = !is_kernel;
    if (task->map->pmap != NULL)
        return VMM_OK;
    vm_map_release(&task->map);
    return VMM_MODEL_NO_MEMORY;
}

/* A user program keeps its lowest 4 GiB unmapped with an entry that allows nothing. */
static enum vmm_status
vm_map_enter_pagezero(struct vm_map *map)
{
    vmm_va address = 0;

    return vm_map_enter(map, &address,
                        &(struct vm_map_enter_args){ .size = VM_PAGEZERO_BYTES,
                                                     .flags = VM_MAP_FIXED,
                                                     .inheritance = VMM_INHERIT_COPY });
}

enum vmm_status
vm_task_create_empty(struct vm_system *system, uint32_t page_shift, struct vm_task **made)
{
    struct vm_task *task = vmm_zone_take(&system->task_zone);
    enum vmm_status status;

    if (task == NULL)
        return VMM_MODEL_NO_MEMORY;
    task->system = system;
    task->id = system->next_space;
    status = vm_task_create_map(task, page_shift);
    if (status != VMM_OK) {
        vmm_zone_give(&system->task_zone, task);
        return status;
    }
    system->next_space++;
    vmm_list_append(&system->tasks, &task->link);
    *made = task;
    return VMM_OK;
}

/* Undoes vm_task_create_empty(). */
static void
vm_task_discard(struct vm_task *task)
{
    task->system->next_space--;
    vm_map_release(&task->map);
    vmm_list_remove(&task->link);
    vmm_zone_give(&task->system->task_zone, task);
}

static enum vmm_status
vm_task_make(struct vm_system *system, uint32_t page_shift, struct vm_task **made)
{
    struct vm_task *task;
    enum vmm_status status = vm_task_create_empty(system, page_shift, &task);

    if (status != VMM_OK)
        return status;
    if (task->id != 0)
        status = vm_map_enter_pagezero(task->map);
    if (status != VMM_OK)
        vm_task_discard(task);
    else
        *made = task;
    return status;
}

enum vmm_status
vm_task_create(struct vm_system *system, struct vm_task **task)
{
    return vm_task_make(system, system->page_shift, task);
}

enum vmm_status
vm_task_create_small(struct vm_system *system, struct vm_task **task)
{
    uint32_t page_shift = system->machine->small.page_shift;

    return page_shift < system->page_shift ? vm_task_make(system, page_shift, task)
                                           : VMM_NOT_SUPPORTED;
}

enum vmm_status
vm_task_terminate(struct vm_task *task)
{
    struct vm_system *system = task->system;
    struct vm_map *map = task->map;
    enum vmm_status status;

    VMM_ASSERT(task != system->kernel_task);
    status = vm_map_delete(map, map->min, map->max);
    if (status != VMM_OK)
        return status;
    for (uint32_t cpu = 0; cpu < system->machine->cpu_count; cpu++)
        if (system->cpu_tasks[cpu] == task)
            vm_cpu_switch(system, cpu, NULL);
    map->task = NULL;
    vm_map_release(&task->map);
    vmm_list_remove(&task->link);
    vmm_zone_give(&system->task_zone, task);
    return VMM_OK;
}

void
vm_cpu_switch(struct vm_system *system, uint32_t cpu, struct vm_task *task)
{
    if (system->cpu_tasks[cpu] == task)
        return;
    system->cpu_tasks[cpu] = task;
    pmap_switch(system->pmaps, cpu, task == NULL ? NULL : task->map->pmap);
}

void
vm_task_switch(struct vm_task *task)
{
    struct vm_system *system = task->system;

    vm_cpu_switch(system, system->cpu, task == system->kernel_task ? NULL : task);
}

void
vm_task_set_throttled(struct vm_task *task, bool is_throttled)
{
    task->is_throttled = is_throttled;
}

bool
vm_task_current_is_throttled(const struct vm_system *system)
{
    const struct vm_task *task = system->cpu_tasks[system->cpu];

    return task != NULL && task->is_throttled;
}

struct vm_task *
vm_task_kernel(struct vm_system *system)
{
    return system->kernel_task;
}

struct vm_map *
vm_task_map(const struct vm_task *task)
{
    return task->map;
}

uint32_t
vm_task_id(const struct vm_task *task)
{
    return task->id;
}

struct vm_system *
vm_task_system(const struct vm_task *task)
{
    return task->system;
}

uint64_t
vm_task_faults(const struct vm_task *task)
{
    return task->faults;
}

struct vm_task *
vm_task_find(const struct vm_system *system, uint32_t id)
{
    const struct vmm_list *link;

    for (link = system->tasks.next; link != &system->tasks; link = link->next) {
        struct vm_task *task = VMM_CONTAINER(link, struct vm_task, link);

        if (task->id == id)
            return task;
    }
    return NULL;
}

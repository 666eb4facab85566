/* vmk_world.c - see vmk_world.h; worlds are made and ended here */
#include "hooks/vmk_world.h"

#include "base/assert.h"
#include "iokit/io_dma_command.h"

enum { VMK_DEFAULT_CPUS = 2, VMK_DEFAULT_FRAMES = 16384 };

/* The one global that can change: which world answers, or who keeps that for each thread. */
static struct {
    struct vmk_world *world;
    vmk_world_t *(*slot)(void);
} vmk_model_current;

static struct vmk_world **
vmk_slot(void)
{
    return vmk_model_current.slot != NULL ? vmk_model_current.slot() : &vmk_model_current.world;
}

struct vmk_world *
vmk_world_here(void)
{
    return *vmk_slot();
}

void
vmk_world_hide(enum vmm_status status)
{
    if (*vmk_slot() != NULL)
        (*vmk_slot())->hidden = status;
}

enum vmm_status
vmk_world_runs(void)
{
    return *vmk_slot() == NULL ? VMM_MODEL_BAD_HANDLE : vm_system_runs((*vmk_slot())->system);
}

/* ---- handles ---- */

void *
vmk_object_of(const void *handle, enum vmk_kind kind)
{
    if (*vmk_slot() == NULL)
        return NULL;
    return vmm_idtable_get(&(*vmk_slot())->handles, (uint64_t)(uintptr_t)handle, kind);
}

void *
vmk_object_named(const void *handle, enum vmk_kind kind)
{
    const struct vmk_world *world = *vmk_slot();
    uint64_t id = (uint64_t)(uintptr_t)handle;
    void *object = vmk_object_of(handle, kind);

    if (object == NULL && world != NULL && vmm_idtable_state(&world->handles, id) == VMM_ID_STALE)
        trace_emit(vm_system_trace(world->system), EV_STALE_HANDLE,
                   .object = vmm_idtable_number(id), .detail = kind);
    return object;
}

struct vm_task *
vmk_task_of(vmk_task_t handle)
{
    return vmk_object_of(handle, VMK_KIND_TASK);
}

struct io_md *
vmk_desc_of(vmk_desc_t handle)
{
    return vmk_object_of(handle, VMK_KIND_DESC);
}

struct io_map *
vmk_map_of(vmk_map_t handle)
{
    return vmk_object_of(handle, VMK_KIND_MAP);
}

struct io_md *
vmk_desc_named(vmk_desc_t handle)
{
    return vmk_object_named(handle, VMK_KIND_DESC);
}

struct io_map *
vmk_map_named(vmk_map_t handle)
{
    return vmk_object_named(handle, VMK_KIND_MAP);
}

void
vmk_world_may_block(enum vmk_call call, uint32_t object)
{
    struct vm_system *system = vmk_sim_system();

    if (vmk_world_runs() == VMM_OK && !vm_context_may_block(system))
        trace_emit(vm_system_trace(system), EV_MAY_BLOCK, .object = object, .count = call,
                   .detail = vm_context_innermost(system));
}

static void
vmk_world_forget(struct io_owner *owner, uint64_t handle)
{
    struct vmk_world *world = VMM_CONTAINER(owner, struct vmk_world, owner);

    vmm_idtable_remove(&world->handles, handle);
}

struct io_owner *
vmk_world_owner(void)
{
    return &vmk_world_here()->owner;
}

vmk_desc_t
vmk_handle_of_desc(struct io_md *md)
{
    struct vmk_world *world = *vmk_slot();

    if (io_md_handle(md) == 0)
        io_md_set_owner(md, &world->owner, vmm_idtable_add(&world->handles, md, VMK_KIND_DESC));
    if (io_md_handle(md) == 0)
        io_md_set_owner(md, NULL, 0);
    return (vmk_desc_t)(uintptr_t)io_md_handle(md);
}

vmk_map_t
vmk_handle_of_map(struct io_map *map)
{
    struct vmk_world *world = *vmk_slot();

    if (io_map_handle(map) == 0)
        io_map_set_owner(map, &world->owner, vmm_idtable_add(&world->handles, map, VMK_KIND_MAP));
    if (io_map_handle(map) == 0)
        io_map_set_owner(map, NULL, 0);
    return (vmk_map_t)(uintptr_t)io_map_handle(map);
}

vmk_task_t
vmk_handle_of_task(struct vm_task *task)
{
    struct vmm_idtable *handles = &(*vmk_slot())->handles;

    for (size_t slot = 0; slot < handles->capacity; slot++) {
        uint64_t id = vmm_idtable_id_at(handles, slot);

        if (vmm_idtable_get(handles, id, VMK_KIND_TASK) == task)
            return (vmk_task_t)(uintptr_t)id;
    }
    return (vmk_task_t)(uintptr_t)vmm_idtable_add(handles, task, VMK_KIND_TASK);
}

void
vmk_forget_task(vmk_task_t handle)
{
    vmm_idtable_remove(&(*vmk_slot())->handles, (uint64_t)(uintptr_t)handle);
}

/* ---- worlds ---- */

vmk_world_t
vmk_sim_create(const struct vmk_sim_config *config)
{
    struct vmk_world *world = vmm_take_array(config->alloc, 1, sizeof(*world));
    struct vmk_world *before = *vmk_slot();
    bool is_whole;

    if (world == NULL)
        return NULL;
    world->alloc = config->alloc;
    world->owner.gone = vmk_world_forget;
    world->log = config->log;
    world->log_context = config->log_context;
    vmm_idtable_init(&world->handles, config->alloc);
    world->system = vm_system_create(&(struct vm_config){
        .alloc = config->alloc,
        .profile = config->profile,
        .geometry = config->geometry == NULL ? &hw_geometry_x86_64 : config->geometry,
        .cpu_count = config->cpu_count == 0 ? VMK_DEFAULT_CPUS : config->cpu_count,
        .frame_count = config->frame_count == 0 ? VMK_DEFAULT_FRAMES : config->frame_count,
        .store_pages = config->store_pages,
        .ram = config->ram,
        .watch = config->watch,
        .kernel_asserts = config->kernel_asserts,
        .evicts_on_entry = config->evicts_on_entry });
    *vmk_slot() = world;
    is_whole = world->system != NULL && vmk_handle_of_task(vm_task_kernel(world->system)) != NULL;
    *vmk_slot() = before;
    if (is_whole) {
        world->current = vm_task_kernel(world->system);
        return world;
    }
    vmk_sim_destroy(world);
    return NULL;
}

/* Frees every descriptor with its mappings; locks are plain storage. */
static void
vmk_world_empty(struct vmk_world *world)
{
    for (size_t slot = 0; slot < world->handles.capacity; slot++) {
        uint64_t id = vmm_idtable_id_at(&world->handles, slot);
        struct io_md *md = vmm_idtable_get(&world->handles, id, VMK_KIND_DESC);
        struct vmk_lock_state *lock = vmm_idtable_get(&world->handles, id, VMK_KIND_LOCK);
        struct io_dma *dma = vmm_idtable_get(&world->handles, id, VMK_KIND_DMA);

        if (md != NULL)
            io_md_abandon(md);
        if (dma != NULL)
            io_dma_abandon(dma);
        vmm_give_array(world->alloc, lock, 1, sizeof(*lock));
    }
}

void
vmk_sim_destroy(vmk_world_t world)
{
    if (world == NULL)
        return;
    if (*vmk_slot() == world)
        *vmk_slot() = NULL;
    if (world->system != NULL)
        vm_system_trace(world->system)->sinks = NULL; /* nobody watches an end without manners */
    vmk_world_empty(world);
    while (world->calls != NULL) {
        struct vmk_call_state *call = world->calls;

        world->calls = call->next;
        vmm_give_array(world->alloc, call, 1, sizeof(*call));
    }
    vmm_idtable_destroy(&world->handles);
    if (world->system != NULL)
        vm_system_destroy(world->system);
    vmm_give_array(world->alloc, world, 1, sizeof(*world));
}

vmk_world_t
vmk_sim_make_current(vmk_world_t world)
{
    struct vmk_world *before = *vmk_slot();

    *vmk_slot() = world;
    return before;
}

void
vmk_sim_keep_current(vmk_world_t *(*slot)(void))
{
    vmk_model_current.slot = slot;
}

struct vm_system *
vmk_sim_system(void)
{
    return *vmk_slot() == NULL ? NULL : (*vmk_slot())->system;
}

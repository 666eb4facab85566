/*
 * vmk_model.c - the model's answer to vmk.h
 *
 * Each function looks its handles up, asks whether the kernel still runs, and passes on. A handle that
 * names nothing is answered, never followed.
 */
#include "hooks/vmk_world.h"
#include "iokit/io_buffer.h"

static struct vm_system *
vmk_system(void)
{
    return vmk_world_here()->system;
}

vmk_return_t
vmk_get_info(vmk_info_t *info)
{
    static const char name[] = "sim";
    const struct vm_profile *profile;

    if (vmk_world_here() == NULL)
        return VMM_MODEL_BAD_HANDLE;
    if (info->size < sizeof(*info))
        return VMM_IO_BAD_ARGUMENT;
    profile = vm_system_profile(vmk_system());
    *info = (vmk_info_t){ .size = sizeof(*info), .darwin_major = profile->darwin_major };
    info->caps = VMK_CAP_CONTEXT | VMK_CAP_OBSERVE | (profile->has_wire_range ? VMK_CAP_WIRE : 0) |
                 (profile->prefault != VM_PREFAULT_ABSENT ? VMK_CAP_PREFAULT_TASK : 0) |
                 (profile->prefault == VM_PREFAULT_ANY ? VMK_CAP_PREFAULT_KERNEL : 0);
    while (((vmm_size)1 << info->page_shift) < vm_system_page_bytes(vmk_system()))
        info->page_shift++;
    for (size_t i = 0; i < sizeof(name); i++)
        info->name[i] = name[i];
    return VMM_OK;
}

/* ---- tasks ---- */

vmk_task_t
vmk_kernel_task(void)
{
    return vmk_world_here() == NULL ? NULL : vmk_handle_of_task(vm_task_kernel(vmk_system()));
}

vmk_task_t
vmk_current_task(void)
{
    return vmk_world_here() == NULL ? NULL : vmk_handle_of_task(vmk_world_here()->current);
}

/* ---- descriptors (their births are in vmk_desc.c) ---- */

void
vmk_desc_retain(vmk_desc_t d)
{
    struct io_md *md = vmk_desc_named(d);

    if (md != NULL && vmk_world_runs() == VMM_OK)
        io_md_retain(md);
}

void
vmk_desc_release(vmk_desc_t d)
{
    struct io_md *md = vmk_desc_named(d);

    if (md != NULL && vmk_world_runs() == VMM_OK)
        (void)io_md_release(&md);
}

uint64_t
vmk_desc_length(vmk_desc_t d)
{
    const struct io_md *md = vmk_desc_of(d);

    return md == NULL ? 0 : io_md_length(md);
}

uint32_t
vmk_desc_direction(vmk_desc_t d)
{
    const struct io_md *md = vmk_desc_of(d);

    return md == NULL ? 0 : io_md_direction(md);
}

uint64_t
vmk_sim_desc_bytes(vmk_desc_t d)
{
    const struct io_md *md = vmk_desc_of(d);

    return md == NULL ? 0 : io_buffer_bytes(md);
}

void *
vmk_desc_bytes(vmk_desc_t d)
{
    return (void *)(uintptr_t)vmk_sim_desc_bytes(d);
}

uint64_t
vmk_desc_capacity(vmk_desc_t d)
{
    const struct io_md *md = vmk_desc_of(d);

    return md == NULL ? 0 : io_buffer_capacity(md);
}

void
vmk_desc_set_length(vmk_desc_t d, uint64_t length)
{
    struct io_md *md = vmk_desc_of(d);

    if (md != NULL && vmk_world_runs() == VMM_OK)
        (void)io_buffer_set_length(md, length);
}

uint64_t
vmk_desc_preparation(vmk_desc_t d)
{
    const struct io_md *md = vmk_desc_of(d);

    return md == NULL ? 0 : io_md_preparation_id(md);
}

vmk_return_t
vmk_desc_prepare(vmk_desc_t d, uint32_t direction)
{
    struct io_md *md = vmk_desc_named(d);
    enum vmm_status status = vmk_world_runs();

    if (md == NULL)
        return VMM_MODEL_BAD_HANDLE;
    vmk_world_may_block(VMK_CALL_PREPARE, io_md_id(md));
    return status == VMM_OK ? io_md_prepare(md, direction) : status;
}

vmk_return_t
vmk_desc_complete(vmk_desc_t d, uint32_t direction)
{
    struct io_md *md = vmk_desc_named(d);
    enum vmm_status status = vmk_world_runs();

    if (md == NULL)
        return VMM_MODEL_BAD_HANDLE;
    vmk_world_may_block(VMK_CALL_COMPLETE, io_md_id(md));
    return status == VMM_OK ? io_md_complete(md, direction) : status;
}

uint64_t
vmk_desc_read(vmk_desc_t d, uint64_t offset, void *to, uint64_t n)
{
    struct io_md *md = vmk_desc_named(d);
    uint64_t done = 0;
    enum vmm_status status = md == NULL ? VMM_MODEL_BAD_HANDLE : vmk_world_runs();

    if (status == VMM_OK)
        status = io_md_read(md, offset, to, n, &done);
    vmk_world_hide(status);
    return done;
}

uint64_t
vmk_desc_write(vmk_desc_t d, uint64_t offset, const void *from, uint64_t n)
{
    struct io_md *md = vmk_desc_named(d);
    uint64_t done = 0;
    enum vmm_status status = md == NULL ? VMM_MODEL_BAD_HANDLE : vmk_world_runs();

    if (status == VMM_OK)
        status = io_md_write(md, offset, from, n, &done);
    vmk_world_hide(status);
    return done;
}

uint64_t
vmk_desc_segment(vmk_desc_t d, uint64_t offset, uint64_t *length, vmk_options_t options)
{
    struct io_md *md = vmk_desc_named(d);
    uint64_t address = 0;
    uint64_t run = 0;

    if (md != NULL && vmk_world_runs() == VMM_OK &&
        io_md_segment(md, offset, options, &address, &run) == VMM_OK && length != NULL)
        *length = run;
    return address;
}

/* ---- mappings ---- */

/* As vmk_desc_made(), for mappings. */
static vmk_map_t
vmk_map_made(enum vmm_status status, struct io_map *map)
{
    vmk_map_t made;

    vmk_world_hide(status);
    if (status != VMM_OK)
        return NULL;
    made = vmk_handle_of_map(map);
    if (made == NULL) {
        (void)io_map_release(&map);
        vmk_world_hide(VMM_MODEL_NO_MEMORY);
    }
    return made;
}

vmk_map_t
vmk_map_create(vmk_desc_t d, vmk_task_t handle, uint64_t at, vmk_options_t options, uint64_t offset,
               uint64_t length)
{
    struct io_md *md = vmk_desc_named(d);
    struct vm_task *task = vmk_task_of(handle);
    enum vmm_status status = vmk_world_runs();
    struct io_map *map = NULL;

    if (status == VMM_OK && (md == NULL || task == NULL))
        status = VMM_MODEL_BAD_HANDLE;
    if (status == VMM_OK)
        vmk_world_may_block(VMK_CALL_MAP, io_md_id(md));
    if (status == VMM_OK)
        status = io_map_create(md, task, at, options, offset, length, &map);
    return vmk_map_made(status, map);
}

vmk_map_t
vmk_map_set(vmk_desc_t d, vmk_task_t task, uint64_t address, vmk_options_t options)
{
    return vmk_map_create(d, task, address, options | IO_MAP_STATIC, 0, 0);
}

void
vmk_map_retain(vmk_map_t m)
{
    struct io_map *map = vmk_map_named(m);

    if (map != NULL && vmk_world_runs() == VMM_OK)
        io_map_retain(map);
}

void
vmk_map_release(vmk_map_t m)
{
    struct io_map *map = vmk_map_named(m);

    if (map == NULL)
        return;
    vmk_world_may_block(VMK_CALL_MAP, io_map_id(map));
    if (vmk_world_runs() == VMM_OK)
        (void)io_map_release(&map);
}

vmk_return_t
vmk_map_unmap(vmk_map_t m)
{
    struct io_map *map = vmk_map_named(m);
    enum vmm_status status = vmk_world_runs();

    if (map == NULL)
        return VMM_MODEL_BAD_HANDLE;
    vmk_world_may_block(VMK_CALL_MAP, io_map_id(map));
    return status == VMM_OK ? io_map_unmap(map) : status;
}

uint64_t
vmk_map_address(vmk_map_t m)
{
    const struct io_map *map = vmk_map_of(m);

    return map == NULL ? 0 : io_map_address(map);
}

uint64_t
vmk_map_length(vmk_map_t m)
{
    const struct io_map *map = vmk_map_of(m);

    return map == NULL ? 0 : io_map_length(map);
}

vmk_options_t
vmk_map_options(vmk_map_t m)
{
    const struct io_map *map = vmk_map_of(m);

    return map == NULL ? 0 : io_map_options(map);
}

vmk_desc_t
vmk_map_desc(vmk_map_t m)
{
    const struct io_map *map = vmk_map_of(m);

    return map == NULL ? NULL : vmk_handle_of_desc(io_map_descriptor(map));
}

vmk_return_t
vmk_map_wire(vmk_map_t m, uint32_t direction, uint64_t offset, uint64_t length)
{
    struct io_map *map = vmk_map_named(m);
    enum vmm_status status = vmk_world_runs();

    if (map == NULL)
        return VMM_MODEL_BAD_HANDLE;
    vmk_world_may_block(VMK_CALL_WIRE, io_map_id(map));
    return status == VMM_OK ? io_map_wire_range(map, direction, offset, length) : status;
}

/* ---- critical sections ---- */

static struct vmk_lock_state *
vmk_lock_of(vmk_lock_t handle)
{
    return vmk_world_here() == NULL ? NULL
                                    : vmm_idtable_get(&vmk_world_here()->handles,
                                                      (uint64_t)(uintptr_t)handle, VMK_KIND_LOCK);
}

/* A lock's number in events. */
static uint32_t
vmk_lock_id(vmk_lock_t handle)
{
    return (uint32_t)(uintptr_t)handle & 0xffffff;
}

vmk_lock_t
vmk_lock_alloc(enum vmk_lock_kind kind)
{
    struct vmk_world *world = vmk_world_here();
    struct vmk_lock_state *lock;
    uint64_t id;

    if (world == NULL)
        return NULL;
    lock = vmm_take_array(world->alloc, 1, sizeof(*lock));
    if (lock == NULL)
        return NULL;
    lock->kind = kind;
    id = vmm_idtable_add(&world->handles, lock, VMK_KIND_LOCK);
    if (id == 0)
        vmm_give_array(world->alloc, lock, 1, sizeof(*lock));
    return (vmk_lock_t)(uintptr_t)id;
}

void
vmk_lock_free(vmk_lock_t l)
{
    struct vmk_lock_state *lock = vmk_lock_of(l);

    if (lock == NULL)
        return;
    vmm_idtable_remove(&vmk_world_here()->handles, (uint64_t)(uintptr_t)l);
    vmm_give_array(vmk_world_here()->alloc, lock, 1, sizeof(*lock));
}

uint32_t
vmk_lock_acquire(vmk_lock_t l, uint32_t how)
{
    struct vmk_lock_state *lock = vmk_lock_of(l);
    uint32_t was = lock == NULL || vm_context_interrupts_enabled(vmk_system());

    if (lock == NULL)
        return was;
    if (lock->kind != VMK_SPIN)
        vmk_world_may_block(VMK_CALL_LOCK, vmk_lock_id(l));
    if (vm_lock_take(vmk_system(), &lock->held) != VMM_OK)
        return was; /* nobody gives it back any more: the kernel has stopped */
    if (how & VMK_IRQ_OFF)
        vmk_sim_enter(VM_INTERRUPTS_OFF);
    vmk_sim_enter(lock->kind == VMK_SPIN ? VM_SPIN_LOCK : VM_MUTEX);
    trace_emit(vm_system_trace(vmk_system()), EV_LOCK, .object = vmk_lock_id(l),
               .detail = lock->kind);
    return was;
}

void
vmk_lock_release(vmk_lock_t l, uint32_t how, uint32_t state)
{
    struct vmk_lock_state *lock = vmk_lock_of(l);

    (void)state; /* sections nest, so leaving one restores what was before it */
    if (lock == NULL)
        return;
    trace_emit(vm_system_trace(vmk_system()), EV_UNLOCK, .object = vmk_lock_id(l),
               .detail = lock->kind);
    vmk_sim_leave(lock->kind == VMK_SPIN ? VM_SPIN_LOCK : VM_MUTEX);
    if (how & VMK_IRQ_OFF)
        vmk_sim_leave(VM_INTERRUPTS_OFF);
    if (vm_lock_is_mine(vmk_system(), &lock->held))
        vm_lock_drop(vmk_system(), &lock->held);
}

int
vmk_interrupts_set(int enabled)
{
    int was;

    if (vmk_world_here() == NULL)
        return 1;
    was = vm_context_interrupts_enabled(vmk_system());
    if (was && !enabled)
        vmk_sim_enter(VM_INTERRUPTS_OFF);
    else if (!was && enabled)
        vmk_sim_leave(VM_INTERRUPTS_OFF);
    return was;
}

uint32_t
vmk_context(void)
{
    const struct vm_system *system;

    if (vmk_world_here() == NULL)
        return 0;
    system = vmk_system();
    return (vm_context_preemption_level(system) > 0 ? VMK_CTX_PREEMPT_OFF : 0u) |
           (vm_context_interrupts_enabled(system) ? 0u : VMK_CTX_IRQ_OFF) |
           (vm_context_in_interrupt(system) ? VMK_CTX_INTERRUPT : 0u);
}

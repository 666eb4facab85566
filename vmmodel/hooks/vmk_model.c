/*
 * vmk_model.c - the model's answer to vmk.h
 *
 * Each function looks its handles up, asks whether the kernel still runs, and passes on. A handle that
 * names nothing is answered, never followed.
 */
#include "hooks/vmk_names.h" /* first: it names what is defined here */
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
    struct io_md *md = vmk_desc_named(d);

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

    if (status == VMM_OK && io_md_is_thread_safe(md))
        vmk_world_may_block(VMK_CALL_LOCK, io_md_id(md));
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

    if (status == VMM_OK && io_md_is_thread_safe(md))
        vmk_world_may_block(VMK_CALL_LOCK, io_md_id(md));
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

/* ---- contexts (locks are in vmk_lock.c) ---- */

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

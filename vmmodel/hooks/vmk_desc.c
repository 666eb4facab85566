/*
 * vmk_desc.c - every way to make a descriptor, over the seam
 *
 * NULL is what the driver sees of a refusal; vmk_sim_hidden_status() tells why.
 */
#include "hooks/vmk_names.h" /* first: it names what is defined here */
#include "hooks/vmk_sim.h"
#include "hooks/vmk_world.h"
#include "iokit/io_buffer.h"
#include "iokit/io_device.h"
#include "iokit/io_multi.h"
#include "iokit/io_sub.h"

vmk_desc_t
vmk_desc_range(vmk_task_t task, uint64_t address, uint64_t length, vmk_options_t options)
{
    vmk_range_t range = { address, length };

    return vmk_desc_ranges(task, &range, 1, options);
}

_Static_assert(sizeof(vmk_range_t) == sizeof(struct io_range), "the same two words");

static const struct io_range *
vmk_io_ranges(const vmk_range_t *ranges)
{
    return (const struct io_range *)(const void *)ranges;
}

/*
 * What a creation comes to: a handle, or NULL with the reason kept. `md` holds one reference that is
 * given away or dropped here.
 */
static vmk_desc_t
vmk_desc_made(enum vmm_status status, struct io_md *md)
{
    vmk_desc_t made;

    vmk_world_hide(status);
    if (status != VMM_OK)
        return NULL;
    vmk_world_may_block(VMK_CALL_CREATE, io_md_id(md));
    made = vmk_handle_of_desc(md);
    if (made == NULL) {
        (void)io_md_release(&md);
        vmk_world_hide(VMM_MODEL_NO_MEMORY);
    }
    return made;
}

vmk_desc_t
vmk_desc_ranges(vmk_task_t handle, const vmk_range_t *ranges, uint32_t count, vmk_options_t options)
{
    struct vm_task *task = vmk_task_of(handle);
    enum vmm_status status = vmk_world_runs();
    struct io_md *md = NULL;

    if (status == VMM_OK && handle != NULL && task == NULL)
        status = VMM_MODEL_BAD_HANDLE;
    if (status == VMM_OK && ranges == NULL)
        status = VMM_IO_BAD_ARGUMENT;
    if (status == VMM_OK && task == NULL)
        status =
            io_device_create(vmk_world_here()->system, vmk_io_ranges(ranges), count, options, &md);
    else if (status == VMM_OK)
        status = io_md_create(task, vmk_io_ranges(ranges), count, options, &md);
    return vmk_desc_made(status, md);
}

vmk_desc_t
vmk_desc_address(uint64_t address, uint64_t length, uint32_t direction)
{
    enum vmm_status status = vmk_world_runs();
    struct io_md *md = NULL;

    if (status == VMM_OK)
        status =
            io_md_create_with_address(vmk_world_here()->system, address, length, direction, &md);
    return vmk_desc_made(status, md);
}

vmk_desc_t
vmk_desc_buffer(vmk_task_t handle, vmk_options_t options, uint64_t length, uint64_t alignment,
                uint64_t physical_mask)
{
    struct vm_task *task = vmk_task_of(handle);
    enum vmm_status status = vmk_world_runs();
    struct io_md *md = NULL;

    if (status == VMM_OK && handle != NULL && task == NULL)
        status = VMM_MODEL_BAD_HANDLE;
    if (status == VMM_OK)
        status = io_buffer_create(vmk_world_here()->system,
                                  &(struct io_buffer_request){ .task = task,
                                                               .options = options,
                                                               .capacity = length,
                                                               .alignment = alignment,
                                                               .physical_mask = physical_mask },
                                  &md);
    return vmk_desc_made(status, md);
}

vmk_desc_t
vmk_desc_sub(vmk_desc_t parent, uint64_t offset, uint64_t length, vmk_options_t options)
{
    struct io_md *of = vmk_desc_named(parent);
    enum vmm_status status = of == NULL ? VMM_MODEL_BAD_HANDLE : vmk_world_runs();
    struct io_md *md = NULL;

    if (status == VMM_OK)
        status = io_sub_create(of, offset, length, options, &md);
    return vmk_desc_made(status, md);
}

vmk_desc_t
vmk_desc_persistent(vmk_desc_t original)
{
    struct io_md *of = vmk_desc_named(original);
    enum vmm_status status = of == NULL ? VMM_MODEL_BAD_HANDLE : vmk_world_runs();
    struct io_md *md = NULL;

    if (status == VMM_OK)
        status = io_md_create_persistent(of, &md);
    return vmk_desc_made(status, md);
}

vmk_desc_t
vmk_desc_physical(uint64_t address, uint64_t length, vmk_options_t options)
{
    return vmk_desc_range(NULL, address, length, options);
}

vmk_desc_t
vmk_desc_multi(const vmk_desc_t *parts, uint32_t count, vmk_options_t options)
{
    const struct vmm_alloc *alloc;
    enum vmm_status status = vmk_world_runs();
    struct io_md *md = NULL;
    struct io_md **children;

    if (status != VMM_OK || (parts == NULL && count > 0))
        return vmk_desc_made(status == VMM_OK ? VMM_IO_BAD_ARGUMENT : status, NULL);
    alloc = vmk_world_here()->alloc;
    children = vmm_take_array(alloc, (size_t)count + 1, sizeof(*children));
    if (children == NULL)
        return vmk_desc_made(VMM_MODEL_NO_MEMORY, NULL);
    for (uint32_t i = 0; i < count && status == VMM_OK; i++) {
        children[i] = vmk_desc_named(parts[i]);
        status = children[i] == NULL ? VMM_MODEL_BAD_HANDLE : VMM_OK;
    }
    if (status == VMM_OK)
        status = io_multi_create(vmk_world_here()->system, children, count, options, &md);
    vmm_give_array(alloc, children, (size_t)count + 1, sizeof(*children));
    return vmk_desc_made(status, md);
}

vmk_desc_t
vmk_desc_guard(uint64_t size)
{
    enum vmm_status status = vmk_world_runs();
    struct io_md *md = NULL;

    if (status == VMM_OK)
        status = io_guard_create(vmk_world_here()->system, size, &md);
    return vmk_desc_made(status, md);
}

vmk_desc_t
vmk_desc_buffer_guarded(vmk_task_t handle, vmk_options_t options, uint64_t length)
{
    struct vm_task *task = vmk_task_of(handle);
    enum vmm_status status = task == NULL ? VMM_MODEL_BAD_HANDLE : vmk_world_runs();
    struct io_md *md = NULL;

    if (status == VMM_OK)
        status = io_buffer_create_guarded(vmk_world_here()->system, task, options, length, &md);
    return vmk_desc_made(status, md);
}

vmk_desc_t
vmk_sim_desc_list(vmk_task_t handle, uint64_t address, uint64_t length, vmk_options_t options)
{
    struct vm_task *task = vmk_task_of(handle);
    enum vmm_status status = task == NULL ? VMM_MODEL_BAD_HANDLE : vmk_world_runs();
    struct vm_upl *list = NULL;
    struct io_md *md = NULL;
    uint64_t size = length;

    if (status == VMM_OK)
        status = vm_upl_create(vm_task_map(task), address, &size, 0, &list);
    if (status == VMM_OK)
        status = io_device_create_of_list(
            vmk_world_here()->system, &list,
            address & (vm_system_page_bytes(vmk_world_here()->system) - 1), length, options, &md);
    if (list != NULL)
        vm_upl_commit(&list);
    return vmk_desc_made(status, md);
}

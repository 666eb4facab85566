/* vmk_sim.c - what only a simulator can do; see vmk_sim.h */
#include "hooks/vmk_names.h" /* first: it names what is defined here */
#include "hooks/vmk_sim.h"

#include "base/assert.h"
#include "hooks/vmk_world.h"
#include "iokit/io_buffer.h"
#include "vm/vm_access.h"
#include "vm/vm_device.h"
#include "vm/vm_digest.h"
#include "vm/vm_map_wire.h"

enum { VMK_ALL_SUBMAPS = 32 }; /* GUESS: no map nests deeper */

/* ---- tasks and their memory ---- */

/* The handle of a task that was just made; without one the task ends again. */
static vmk_task_t
vmk_show_new_task(struct vm_task *task)
{
    vmk_task_t handle = vmk_handle_of_task(task);

    if (handle == NULL && vm_task_terminate(task) != VMM_OK)
        VMM_ASSERT(false); /* nothing of it is wired */
    return handle;
}

vmk_task_t
vmk_sim_task_create(void)
{
    struct vm_task *task;

    if (vmk_world_runs() != VMM_OK || vm_task_create(vmk_sim_system(), &task) != VMM_OK)
        return NULL;
    return vmk_show_new_task(task);
}

vmk_task_t
vmk_sim_task_create_small(void)
{
    enum vmm_status status = vmk_world_runs();
    struct vm_task *task = NULL;
    vmk_task_t made = NULL;

    if (status == VMM_OK)
        status = vm_task_create_small(vmk_sim_system(), &task);
    if (status == VMM_OK)
        made = vmk_show_new_task(task);
    vmk_world_hide(status == VMM_OK && made == NULL ? VMM_MODEL_NO_MEMORY : status);
    return made;
}

uint64_t
vmk_sim_page_bytes(vmk_task_t handle)
{
    const struct vm_task *task = vmk_task_of(handle);

    return task == NULL ? 0 : vm_map_page_bytes(vm_task_map(task));
}

vmk_task_t
vmk_sim_task_fork(vmk_task_t handle)
{
    struct vm_task *parent = vmk_task_of(handle);
    enum vmm_status status = parent == NULL ? VMM_MODEL_BAD_HANDLE : vmk_world_runs();
    struct vm_task *child = NULL;
    vmk_task_t made = NULL;

    if (status == VMM_OK)
        status = vm_task_fork(parent, &child);
    if (status == VMM_OK)
        made = vmk_show_new_task(child);
    vmk_world_hide(status == VMM_OK && made == NULL ? VMM_MODEL_NO_MEMORY : status);
    return made;
}

struct vm_map *
vmk_sim_task_map(vmk_task_t handle)
{
    const struct vm_task *task = vmk_task_of(handle);

    return task == NULL ? NULL : vm_task_map(task);
}

vmk_return_t
vmk_sim_task_terminate(vmk_task_t handle)
{
    struct vm_task *task = vmk_task_of(handle);
    struct vmk_world *world = vmk_world_here();
    enum vmm_status status = vmk_world_runs();

    if (task == NULL || vm_task_id(task) == 0)
        return VMM_MODEL_BAD_HANDLE;
    if (status == VMM_OK)
        status = vm_task_terminate(task);
    if (status != VMM_OK)
        return status;
    if (world->current == task)
        world->current = vm_task_kernel(world->system);
    vmk_forget_task(handle);
    return VMM_OK;
}

void
vmk_sim_task_throttle(vmk_task_t handle, int on)
{
    struct vm_task *task = vmk_task_of(handle);

    if (task != NULL)
        vm_task_set_throttled(task, on != 0);
}

void
vmk_sim_task_switch(vmk_task_t handle)
{
    struct vm_task *task = vmk_task_of(handle);

    if (task == NULL || vmk_world_runs() != VMM_OK)
        return;
    vmk_world_here()->current = task;
    vm_task_switch(task);
}

vmk_task_t
vmk_sim_task_by_id(uint32_t id)
{
    struct vm_task *task = vmk_world_here() == NULL ? NULL : vm_task_find(vmk_sim_system(), id);

    return task == NULL ? NULL : vmk_handle_of_task(task);
}

uint32_t
vmk_sim_task_id(vmk_task_t handle)
{
    const struct vm_task *task = vmk_task_of(handle);

    return task == NULL ? 0 : vm_task_id(task);
}

uint64_t
vmk_sim_task_faults(vmk_task_t handle)
{
    const struct vm_task *task = vmk_task_of(handle);

    return task == NULL ? 0 : vm_task_faults(task);
}

/* The task's map if the kernel runs; else why not in *status. */
static struct vm_map *
vmk_map_to_change(vmk_task_t handle, enum vmm_status *status)
{
    const struct vm_task *task = vmk_task_of(handle);

    *status = task == NULL ? VMM_MODEL_BAD_HANDLE : vmk_world_runs();
    return *status == VMM_OK ? vm_task_map(task) : NULL;
}

vmk_return_t
vmk_sim_allocate(vmk_task_t task, uint64_t *address, uint64_t length)
{
    enum vmm_status status;
    struct vm_map *map = vmk_map_to_change(task, &status);

    return map == NULL
               ? status
               : vm_allocate(map, address, length, *address == 0 ? VM_MAP_ANYWHERE : VM_MAP_FIXED);
}

vmk_return_t
vmk_sim_deallocate(vmk_task_t task, uint64_t address, uint64_t length)
{
    enum vmm_status status;
    struct vm_map *map = vmk_map_to_change(task, &status);

    return map == NULL ? status : vm_deallocate(map, address, length);
}

vmk_return_t
vmk_sim_protect(vmk_task_t task, uint64_t address, uint64_t length, uint32_t prot)
{
    enum vmm_status status;
    struct vm_map *map = vmk_map_to_change(task, &status);

    return map == NULL ? status : vm_protect(map, address, length, false, prot);
}

vmk_return_t
vmk_sim_read(vmk_task_t handle, uint64_t address, void *to, uint64_t length, uint64_t *done)
{
    struct vm_task *task = vmk_task_of(handle);

    if (task == NULL)
        return VMM_MODEL_BAD_HANDLE;
    return vm_access(
        vmk_sim_system(),
        &(struct vm_access){
            .task = task, .va = address, .length = length, .kind = VM_ACCESS_READ, .to = to },
        done);
}

/* Tells of bytes that code stored. */
static void
vmk_announce_store(const struct vm_task *task, uint64_t address, uint64_t length)
{
    if (length > 0)
        trace_emit(vm_system_trace(vmk_sim_system()), EV_STORE, .space = vm_task_id(task),
                   .va = address, .length = length);
}

vmk_return_t
vmk_sim_write(vmk_task_t handle, uint64_t address, const void *from, uint8_t fill, uint64_t length,
              uint64_t *done)
{
    struct vm_task *task = vmk_task_of(handle);
    uint64_t through = 0;
    enum vmm_status status;

    if (task == NULL)
        return VMM_MODEL_BAD_HANDLE;
    status = vm_access(vmk_sim_system(),
                       &(struct vm_access){ .task = task,
                                            .va = address,
                                            .length = length,
                                            .kind = VM_ACCESS_WRITE,
                                            .from = from,
                                            .fill = fill },
                       &through);
    vmk_announce_store(task, address, through);
    if (done != NULL)
        *done = through;
    return status;
}

vmk_return_t
vmk_sim_try(vmk_task_t handle, uint64_t address, int is_store, uint8_t *byte)
{
    struct vm_task *task = vmk_task_of(handle);
    enum vmm_status status;

    if (task == NULL)
        return VMM_MODEL_BAD_HANDLE;
    status = vm_access(vmk_sim_system(),
                       &(struct vm_access){ .task = task,
                                            .va = address,
                                            .length = 1,
                                            .kind = is_store ? VM_ACCESS_WRITE : VM_ACCESS_READ,
                                            .to = byte,
                                            .from = byte,
                                            .is_trial = true },
                       NULL);
    if (is_store && status == VMM_OK)
        vmk_announce_store(task, address, 1);
    return status;
}

/* Rounds a byte range out to pages; false when it wraps. */
static bool
vmk_page_range(const struct vm_map *map, uint64_t address, uint64_t length, vmm_va *start,
               vmm_va *end)
{
    *start = vm_map_trunc_page(map, address);
    *end = vm_map_round_page(map, address + length);
    return address + length >= address && *end >= *start;
}

vmk_return_t
vmk_sim_user_wire(vmk_task_t task, uint64_t address, uint64_t length, uint32_t access)
{
    enum vmm_status status;
    struct vm_map *map = vmk_map_to_change(task, &status);
    vmm_va start, end;

    if (map == NULL)
        return status;
    if (!vmk_page_range(map, address, length, &start, &end))
        return VMM_INVALID_ARGUMENT;
    return vm_map_wire(map, start, end, access, true);
}

vmk_return_t
vmk_sim_user_unwire(vmk_task_t task, uint64_t address, uint64_t length)
{
    enum vmm_status status;
    struct vm_map *map = vmk_map_to_change(task, &status);
    vmm_va start, end;

    if (map == NULL)
        return status;
    if (!vmk_page_range(map, address, length, &start, &end))
        return VMM_INVALID_ARGUMENT;
    return vm_map_unwire(map, start, end, true);
}

/* ---- contexts ---- */

void
vmk_sim_set_cpu(uint32_t cpu)
{
    if (vmk_world_runs() == VMM_OK && cpu < vm_system_cpu_count(vmk_sim_system()))
        vm_system_set_cpu(vmk_sim_system(), cpu);
}

void
vmk_sim_enter(enum vm_no_fault kind)
{
    if (vmk_world_here() != NULL && vm_context_depth(vmk_sim_system()) < VM_CONTEXT_DEPTH)
        vm_context_enter(vmk_sim_system(), kind);
}

void
vmk_sim_leave(enum vm_no_fault kind)
{
    if (vmk_world_here() != NULL && vm_context_depth(vmk_sim_system()) > 0)
        vm_context_leave(vmk_sim_system(), kind);
}

void
vmk_sim_may_block(void)
{
    if (vmk_world_here() != NULL)
        vmk_world_may_block(VMK_CALL_OTHER, 0);
}

vmk_return_t
vmk_sim_map_task_died(vmk_map_t m, int by_user_client)
{
    struct io_map *map = vmk_map_of(m);
    enum vmm_status status = vmk_world_runs();

    if (map == NULL)
        return VMM_MODEL_BAD_HANDLE;
    return status == VMM_OK ? io_map_task_died(map, by_user_client != 0) : status;
}

/* ---- devices ---- */

vmk_return_t
vmk_sim_device_read(uint64_t physical, void *to, uint64_t length)
{
    enum vmm_status status = vmk_world_runs();

    if (status == VMM_OK)
        vm_device_dma_read(vmk_sim_system(), physical, to, length);
    return status;
}

vmk_return_t
vmk_sim_device_write(uint64_t physical, uint8_t fill, uint64_t length)
{
    enum vmm_status status = vmk_world_runs();

    return status == VMM_OK ? vm_device_dma_write(vmk_sim_system(), physical, fill, length)
                            : status;
}

/* ---- the driver's end ---- */

/* What the driver holds of one handle: references, 0 when they are all somebody else's. */
static uint32_t
vmk_held(struct vmk_world *world, uint64_t id, struct trace_event *leak)
{
    const struct io_md *md = vmm_idtable_get(&world->handles, id, VMK_KIND_DESC);
    const struct io_map *map = vmm_idtable_get(&world->handles, id, VMK_KIND_MAP);

    leak->object = vmm_idtable_number(id);
    if (md != NULL) {
        leak->detail = io_buffer_capacity(md) > 0 ? TRACE_LEAK_BUFFER : TRACE_LEAK_DESCRIPTOR;
        leak->object = io_md_id(md);
        leak->length = io_md_length(md);
        return io_md_held(md);
    }
    if (map != NULL) {
        leak->detail = TRACE_LEAK_MAPPING;
        leak->object = io_map_id(map);
        leak->length = io_map_length(map);
        return io_map_held(map);
    }
    leak->detail = TRACE_LEAK_LOCK;
    if (vmm_idtable_get(&world->handles, id, VMK_KIND_LOCK) != NULL)
        return 1;
    leak->detail = TRACE_LEAK_COMMAND;
    return vmm_idtable_get(&world->handles, id, VMK_KIND_DMA) != NULL;
}

uint64_t
vmk_sim_unload(void)
{
    struct vmk_world *world = vmk_world_here();
    uint64_t leaks = 0;

    if (vmk_world_runs() != VMM_OK)
        return 0;
    for (size_t slot = 0; slot < world->handles.capacity; slot++) {
        struct trace_event leak = { .kind = EV_LEAK };

        leak.count = vmk_held(world, vmm_idtable_id_at(&world->handles, slot), &leak);
        if (leak.count == 0)
            continue;
        leaks++;
        trace_emit(vm_system_trace(world->system), EV_LEAK, .object = leak.object,
                   .length = leak.length, .detail = leak.detail, .count = leak.count);
    }
    return leaks;
}

/* ---- the user client's path ---- */

/* Gives the call's descriptors handles; false: no memory. */
static bool
vmk_call_show(struct vmk_sim_call *call, struct vmk_call_state *state)
{
    struct io_external_method_arguments *arguments = &state->arguments;

    call->state = state;
    call->inline_input = arguments->structure_input_size > 0 ? arguments->structure_input : NULL;
    call->inline_input_size = arguments->structure_input_size;
    call->input_descriptor = NULL;
    call->output_descriptor = NULL;
    if (arguments->structure_input_descriptor != NULL) {
        call->input_descriptor = vmk_handle_of_desc(arguments->structure_input_descriptor);
        if (call->input_descriptor == NULL)
            return false;
    }
    if (arguments->structure_output_descriptor != NULL) {
        call->output_descriptor = vmk_handle_of_desc(arguments->structure_output_descriptor);
        if (call->output_descriptor == NULL)
            return false;
    }
    return true;
}

vmk_return_t
vmk_sim_call_begin(struct vmk_sim_call *call)
{
    struct vmk_world *world = vmk_world_here();
    struct vm_task *task = vmk_task_of(call->task);
    enum vmm_status status = task == NULL ? VMM_MODEL_BAD_HANDLE : vmk_world_runs();
    struct vmk_call_state *state;

    call->state = NULL;
    if (status != VMM_OK)
        return status;
    state = vmm_take_array(world->alloc, 1, sizeof(*state));
    if (state == NULL)
        return VMM_MODEL_NO_MEMORY;
    world->current = task;
    status = io_user_client_begin(world->system,
                                  &(struct io_call){ .task = task,
                                                     .input = call->input,
                                                     .input_size = call->input_size,
                                                     .output = call->output,
                                                     .output_size = call->output_size,
                                                     .force_out_of_line = call->force_out_of_line },
                                  &state->arguments);
    if (status == VMM_OK && !vmk_call_show(call, state)) {
        (void)io_user_client_end(&state->arguments);
        status = VMM_MODEL_NO_MEMORY;
    }
    if (status != VMM_OK) {
        call->state = NULL;
        vmm_give_array(world->alloc, state, 1, sizeof(*state));
        return status;
    }
    state->next = world->calls;
    world->calls = state;
    return VMM_OK;
}

vmk_return_t
vmk_sim_call_end(struct vmk_sim_call *call)
{
    struct vmk_world *world = vmk_world_here();
    enum vmm_status status = vmk_world_runs();
    struct vmk_call_state **at;

    if (world == NULL || call->state == NULL)
        return VMM_MODEL_BAD_HANDLE;
    if (status != VMM_OK)
        return status;
    for (at = &world->calls; *at != NULL && *at != call->state; at = &(*at)->next)
        continue;
    if (*at == NULL)
        return VMM_MODEL_BAD_HANDLE; /* ended already, or begun in another world */
    *at = (*at)->next;
    status = io_user_client_end(&((struct vmk_call_state *)call->state)->arguments);
    vmm_give_array(world->alloc, call->state, 1, sizeof(struct vmk_call_state));
    call->state = NULL;
    call->inline_input = NULL;
    return status;
}

/* ---- looking ---- */

void
vmk_sim_probe(vmk_task_t handle, uint64_t address, struct vm_page_view *view)
{
    const struct vm_task *task = vmk_task_of(handle);

    *view = (struct vm_page_view){ .is_mapped = false };
    if (task != NULL)
        vm_map_probe(vm_task_map(task), address, view);
}

uint64_t
vmk_sim_translated(vmk_task_t handle, uint64_t address, uint64_t length, uint64_t *wired)
{
    const struct vm_task *task = vmk_task_of(handle);

    if (wired != NULL)
        *wired = 0;
    if (task == NULL || length == 0)
        return 0;
    return vm_map_translated(vm_task_map(task), address, address + length, wired);
}

uint64_t
vmk_sim_resident(vmk_task_t handle, uint64_t address, uint64_t length, uint64_t *wired)
{
    const struct vm_task *task = vmk_task_of(handle);
    uint64_t resident = 0;
    uint64_t held = 0;
    vmm_va at, end;

    if (task != NULL && length > 0 &&
        vmk_page_range(vm_task_map(task), address, length, &at, &end)) {
        for (; at < end; at += vm_map_page_bytes(vm_task_map(task))) {
            struct vm_page_view view;

            vm_map_probe(vm_task_map(task), at, &view);
            resident += view.is_resident;
            held += view.page_wire_count > 0;
        }
    }
    if (wired != NULL)
        *wired = held;
    return resident;
}

int
vmk_sim_region(vmk_task_t handle, uint64_t address, struct vm_region *region)
{
    const struct vm_task *task = vmk_task_of(handle);
    uint32_t depth = VMK_ALL_SUBMAPS;

    return task != NULL && vm_map_region_recurse(vm_task_map(task), address, &depth, region);
}

int
vmk_sim_region_pages(vmk_task_t handle, uint64_t address, struct vm_region_pages *pages)
{
    const struct vm_task *task = vmk_task_of(handle);

    return task != NULL &&
           vm_map_region_pages_below(vm_task_map(task), address, VMK_ALL_SUBMAPS, true, pages);
}

vmk_return_t
vmk_sim_hidden_status(void)
{
    return vmk_world_here() == NULL ? VMM_MODEL_BAD_HANDLE : vmk_world_here()->hidden;
}

uint32_t
vmk_sim_desc_id(vmk_desc_t d)
{
    const struct io_md *md = vmk_desc_of(d);

    return md == NULL ? 0 : io_md_id(md);
}

uint32_t
vmk_sim_desc_wire_count(vmk_desc_t d)
{
    const struct io_md *md = vmk_desc_of(d);

    return md == NULL ? 0 : io_md_wire_count(md);
}

uint32_t
vmk_sim_desc_references(vmk_desc_t d)
{
    const struct io_md *md = vmk_desc_of(d);

    return md == NULL ? 0 : io_md_references(md);
}

vmk_task_t
vmk_sim_desc_task(vmk_desc_t d)
{
    const struct io_md *md = vmk_desc_of(d);
    struct vm_task *task = md == NULL ? NULL : io_md_task(md);

    return task == NULL ? NULL : vmk_handle_of_task(task);
}

uint32_t
vmk_sim_map_id(vmk_map_t m)
{
    const struct io_map *map = vmk_map_of(m);

    return map == NULL ? 0 : io_map_id(map);
}

vmk_task_t
vmk_sim_map_task(vmk_map_t m)
{
    const struct io_map *map = vmk_map_of(m);
    struct vm_task *task = NULL;

    if (map != NULL && io_map_vm_map(map) != NULL)
        task = vm_task_find(vmk_sim_system(), vm_map_space(io_map_vm_map(map)));
    return task == NULL ? NULL : vmk_handle_of_task(task);
}

uint32_t
vmk_sim_map_references(vmk_map_t m)
{
    const struct io_map *map = vmk_map_of(m);

    return map == NULL ? 0 : io_map_references(map);
}

const char *
vmk_sim_check(void)
{
    return vmk_world_here() == NULL ? NULL : vm_system_check(vmk_sim_system());
}

/* What one handle names, as far as it decides what the driver can see. */
static uint64_t
vmk_digest_handle(struct vmk_world *world, uint64_t id)
{
    const struct io_md *md = vmm_idtable_get(&world->handles, id, VMK_KIND_DESC);
    const struct io_map *map = vmm_idtable_get(&world->handles, id, VMK_KIND_MAP);

    if (md != NULL)
        return vm_digest_mix(id, (uint64_t)io_md_wire_count(md) << 32 | io_md_references(md));
    if (map != NULL)
        return vm_digest_mix(vm_digest_mix(id, io_map_address(map)), io_map_references(map));
    return vm_digest_mix(id, vmk_sim_lock_holders((vmk_lock_t)(uintptr_t)id));
}

uint64_t
vmk_sim_digest(void)
{
    struct vmk_world *world = vmk_world_here();
    uint64_t digest;

    if (world == NULL)
        return 0;
    digest = vm_digest_mix(vm_system_digest(world->system, 0),
                           vm_system_driver_lock(world->system)->owner);
    for (size_t slot = 0; slot < world->handles.capacity; slot++) {
        uint64_t id = vmm_idtable_id_at(&world->handles, slot);

        if (id != 0)
            digest = vm_digest_mix(digest, vmk_digest_handle(world, id));
    }
    for (const struct vmk_sleeper *at = world->sleepers; at != NULL; at = at->next)
        digest = vm_digest_mix(digest, (uint64_t)(uintptr_t)at->event << 1 | at->is_awake);
    return digest;
}

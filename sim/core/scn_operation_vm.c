/*
 * scn_operation_vm.c - the Mach calls on a task's memory, and what a simulator does to it
 *
 * Each resolves its arguments and makes one call of vm/vm_user.h, vm_map_wire.h or their neighbours.
 */
#include "scn_operation.h"

#include <string.h>

/* ---- arguments ---- */

/* The bytes at a place: length=, or what is left of the name behind it. */
static struct scn_stretch
bytes_from(const struct scn_run *run, const struct scn_operands *operands, size_t place)
{
    const struct scn_object *object = scn_object_of(run, &operands->places[place]);
    struct scn_stretch bytes = scn_place_bytes(run, &operands->places[place], 0);
    uint64_t offset = bytes.address - object->address;

    if ((operands->given & SCN_TAKES_LENGTH) != 0)
        bytes.length = scn_value(run, operands->length);
    else
        bytes.length = offset < object->length ? object->length - offset : 0;
    return bytes;
}

/* FIXED with at=, else ANYWHERE, and OVERWRITE. */
static uint32_t
placing_flags(const struct scn_operands *operands)
{
    uint32_t flags = (operands->given & SCN_TAKES_AT) != 0 ? VM_MAP_FIXED : VM_MAP_ANYWHERE;

    return (operands->given & SCN_TAKES_OVERWRITE) != 0 ? flags | VM_MAP_OVERWRITE : flags;
}

static uint32_t
inheritance_of(const struct scn_operands *operands)
{
    return (operands->given & SCN_TAKES_INHERIT) != 0 ? operands->inherit : VMM_INHERIT_COPY;
}

/* What the result names, if there is one. */
static struct scn_result
named(struct scn_object *result, enum vmm_status status, vmk_task_t task, uint64_t address,
      uint64_t length)
{
    result->task = task;
    result->address = address;
    result->length = length;
    result->is_null = status != VMM_OK;
    return scn_gave((vmk_return_t)status);
}

static struct scn_result
named_entry(struct scn_object *result, enum vmm_status status)
{
    result->is_null = status != VMM_OK;
    if (!result->is_null)
        result->length = vm_memory_entry_size(result->entry);
    return scn_gave((vmk_return_t)status);
}

/* ---- maps ---- */

struct scn_result
scn_run_region(struct scn_run *run, const struct scn_operands *operands, struct scn_object *result)
{
    (void)named(result, VMM_OK, scn_object_of(run, &operands->places[0])->task,
                scn_address_of(run, operands), scn_value(run, operands->numbers[0]));
    return (struct scn_result){ .has_status = false };
}

struct scn_result
scn_run_fork(struct scn_run *run, const struct scn_operands *operands, struct scn_object *result)
{
    result->task = vmk_sim_task_fork(scn_object_of(run, &operands->places[0])->task);
    result->is_null = result->task == NULL;
    return scn_gave_object(run, result->is_null, vmk_sim_hidden_status());
}

struct scn_result
scn_run_inherit(struct scn_run *run, const struct scn_operands *operands, struct scn_object *result)
{
    struct scn_stretch bytes = scn_stretch_of(run, operands);
    struct vm_map *map = vmk_sim_task_map(bytes.task);

    (void)result;
    if (map == NULL)
        return scn_gave(VMK_BAD_HANDLE);
    return scn_gave((vmk_return_t)vm_inherit(map, bytes.address, bytes.length, operands->word));
}

static struct scn_result
kernel_wire(const struct scn_run *run, const struct scn_operands *operands, bool wires)
{
    struct scn_stretch bytes = scn_stretch_of(run, operands);
    struct vm_map *map = vmk_sim_task_map(bytes.task);
    vmm_va start;
    vmm_va end;

    if (map == NULL)
        return scn_gave(VMK_BAD_HANDLE);
    start = vm_map_trunc_page(map, bytes.address);
    end = vm_map_round_page(map, bytes.address + bytes.length);
    return scn_gave((vmk_return_t)(wires ? vm_map_wire(map, start, end, operands->word, false)
                                         : vm_map_unwire(map, start, end, false)));
}

struct scn_result
scn_run_kernel_wire(struct scn_run *run, const struct scn_operands *operands,
                    struct scn_object *result)
{
    (void)result;
    return kernel_wire(run, operands, true);
}

struct scn_result
scn_run_kernel_unwire(struct scn_run *run, const struct scn_operands *operands,
                      struct scn_object *result)
{
    (void)result;
    return kernel_wire(run, operands, false);
}

struct scn_result
scn_run_kernel_memory(struct scn_run *run, const struct scn_operands *operands,
                      struct scn_object *result)
{
    uint64_t length = scn_value(run, operands->numbers[0]);
    uint32_t flags =
        (operands->given & SCN_TAKES_GUARDED) != 0 ? VM_KMEM_GUARD_FIRST | VM_KMEM_GUARD_LAST : 0u;
    enum vmm_status status = vm_kmem_alloc(run->system, length, 0, flags, &result->address);

    result->length = length;
    result->task = vmk_kernel_task();
    result->is_null = status != VMM_OK;
    return scn_gave_object(run, result->is_null, (vmk_return_t)status);
}

/* ---- copies ---- */

/* Bytes of one map for a place in another, or in the same. */
struct transfer {
    struct vm_map *from;
    struct vm_map *to;
    vmm_va source;
    vmm_size size;
    vmm_va target;
};

/* False: one of the tasks has ended. */
static bool
transfer_of(const struct scn_run *run, const struct scn_operands *operands,
            struct transfer *transfer)
{
    struct scn_stretch source = bytes_from(run, operands, 0);
    struct scn_stretch target = bytes_from(run, operands, 1);

    *transfer = (struct transfer){ vmk_sim_task_map(source.task), vmk_sim_task_map(target.task),
                                   source.address, source.length, target.address };
    return transfer->from != NULL && transfer->to != NULL;
}

struct scn_result
scn_run_copy(struct scn_run *run, const struct scn_operands *operands, struct scn_object *result)
{
    struct transfer it;

    (void)result;
    if (!transfer_of(run, operands, &it))
        return scn_gave(VMK_BAD_HANDLE);
    return scn_gave(
        (vmk_return_t)(it.from == it.to
                           ? vm_copy(it.from, it.source, it.size, it.target)
                           : vm_read_overwrite(it.from, it.source, it.size, it.to, it.target)));
}

struct scn_result
scn_run_write(struct scn_run *run, const struct scn_operands *operands, struct scn_object *result)
{
    struct transfer it;

    (void)result;
    if (!transfer_of(run, operands, &it))
        return scn_gave(VMK_BAD_HANDLE);
    return scn_gave((vmk_return_t)vm_write(it.to, it.target, it.from, it.source, it.size));
}

struct scn_result
scn_run_read(struct scn_run *run, const struct scn_operands *operands, struct scn_object *result)
{
    vmk_task_t task = scn_object_of(run, &operands->places[0])->task;
    struct scn_stretch source = bytes_from(run, operands, 1);
    struct vm_map *from = vmk_sim_task_map(source.task);
    struct vm_map *to = vmk_sim_task_map(task);
    enum vmm_status status = VMM_MODEL_BAD_HANDLE;
    vmm_va data = 0;

    if (from != NULL && to != NULL)
        status = vm_read(from, source.address, source.length, to, &data);
    return named(result, status, task, data, source.length);
}

struct scn_result
scn_run_remap(struct scn_run *run, const struct scn_operands *operands, struct scn_object *result)
{
    vmk_task_t task = scn_object_of(run, &operands->places[0])->task;
    struct scn_stretch source = bytes_from(run, operands, 1);
    struct vm_remap_call call = { .size = source.length,
                                  .flags = placing_flags(operands),
                                  .source_map = vmk_sim_task_map(source.task),
                                  .source = source.address,
                                  .copy = operands->word != 0,
                                  .inheritance = inheritance_of(operands) };
    struct vm_map *to = vmk_sim_task_map(task);
    enum vmm_status status = VMM_MODEL_BAD_HANDLE;
    vmm_va address = scn_address_of(run, operands);
    vmm_prot rights = VMM_PROT_NONE;
    vmm_prot maximum = VMM_PROT_NONE;

    if (call.source_map != NULL && to != NULL)
        status = vm_remap(to, &address, &call, &rights, &maximum);
    return named(result, status, task, address, source.length);
}

/* ---- memory entries and files ---- */

struct scn_result
scn_run_memory_entry(struct scn_run *run, const struct scn_operands *operands,
                     struct scn_object *result)
{
    struct scn_stretch bytes = bytes_from(run, operands, 0);
    struct vm_map *map = vmk_sim_task_map(bytes.task);
    uint32_t permission = operands->word;

    if ((operands->given & SCN_TAKES_COPY) != 0)
        permission |= VM_MEM_VM_COPY;
    if ((operands->given & SCN_TAKES_SHARED) != 0)
        permission |= VM_MEM_VM_SHARE;
    if (map == NULL)
        return named_entry(result, VMM_MODEL_BAD_HANDLE);
    return named_entry(result, vm_make_memory_entry(map, &bytes.length, bytes.address, permission,
                                                    NULL, &result->entry));
}

struct scn_result
scn_run_named_entry(struct scn_run *run, const struct scn_operands *operands,
                    struct scn_object *result)
{
    struct vm_map *map = vmk_sim_task_map(scn_object_of(run, &operands->places[0])->task);
    uint32_t permission = operands->word | VM_MEM_NAMED_CREATE;
    vmm_size size = scn_value(run, operands->numbers[0]);

    if ((operands->given & SCN_TAKES_PURGABLE) != 0)
        permission |= VM_MEM_PURGABLE;
    if (map == NULL)
        return named_entry(result, VMM_MODEL_BAD_HANDLE);
    return named_entry(result,
                       vm_make_memory_entry(map, &size, 0, permission, NULL, &result->entry));
}

struct scn_result
scn_run_file(struct scn_run *run, const struct scn_operands *operands, struct scn_object *result)
{
    vmm_size size = scn_value(run, operands->numbers[0]);
    vmm_size rounded = (size + run->page_bytes - 1) / run->page_bytes * run->page_bytes;

    if (size == 0 || rounded < size)
        return named_entry(result, VMM_INVALID_ARGUMENT);
    if (rounded / run->page_bytes > SCN_FRAMES_MAX)
        return named_entry(result, VMM_RESOURCE_SHORTAGE);
    return named_entry(result,
                       vm_memory_entry_file(run->system, rounded, VMM_PROT_ALL, &result->entry));
}

/* [offset, offset + length) of a file, cut at its end; its length in pages. */
static void
file_range(const struct scn_object *file, uint64_t *offset, uint64_t *length)
{
    *offset = *offset < file->length ? *offset : file->length;
    *length = *length < file->length - *offset ? *length : file->length - *offset;
}

struct scn_result
scn_run_file_write(struct scn_run *run, const struct scn_operands *operands,
                   struct scn_object *result)
{
    const struct scn_object *file = scn_object_of(run, &operands->places[0]);
    uint64_t offset = scn_value(run, operands->numbers[0]);
    uint64_t length = scn_value(run, operands->numbers[1]);
    uint8_t bytes[256];
    enum vmm_status status = VMM_OK;

    (void)result;
    if (!vm_memory_entry_is_file(file->entry))
        return scn_gave(VMK_BAD_HANDLE);
    file_range(file, &offset, &length);
    memset(bytes, scn_byte_of(operands), sizeof bytes);
    for (uint64_t part; length > 0 && status == VMM_OK; offset += part, length -= part) {
        part = length < sizeof bytes ? length : sizeof bytes;
        status = vm_memory_entry_file_write(file->entry, offset, bytes, part);
    }
    return scn_gave((vmk_return_t)status);
}

struct scn_result
scn_run_file_fail(struct scn_run *run, const struct scn_operands *operands,
                  struct scn_object *result)
{
    const struct scn_object *file = scn_object_of(run, &operands->places[0]);
    uint64_t offset;
    uint64_t length;

    (void)result;
    if (!vm_memory_entry_is_file(file->entry))
        return scn_gave(VMK_BAD_HANDLE);
    scn_range_of(run, operands, file->length, &offset, &length);
    file_range(file, &offset, &length);
    vm_memory_entry_file_fail(file->entry, offset, offset + length,
                              (enum vmm_status)operands->status);
    return scn_gave(0);
}

struct scn_result
scn_run_file_delay(struct scn_run *run, const struct scn_operands *operands,
                   struct scn_object *result)
{
    const struct scn_object *file = scn_object_of(run, &operands->places[0]);
    uint64_t turns = scn_value(run, operands->numbers[0]);

    (void)result;
    if (!vm_memory_entry_is_file(file->entry))
        return scn_gave(VMK_BAD_HANDLE);
    if (turns > SCN_TURNS_MAX)
        return scn_gave(VMM_INVALID_ARGUMENT);
    vm_memory_entry_file_delay(file->entry, (uint32_t)turns);
    return scn_gave(0);
}

struct scn_result
scn_run_map_entry(struct scn_run *run, const struct scn_operands *operands,
                  struct scn_object *result)
{
    const struct scn_object *entry = scn_object_of(run, &operands->places[0]);
    vmk_task_t task = scn_object_of(run, &operands->places[1])->task;
    struct vm_map *map = vmk_sim_task_map(task);
    struct vm_map_call call = { .flags = placing_flags(operands),
                                .entry = entry->entry,
                                .copy = (operands->given & SCN_TAKES_COPY) != 0,
                                .protection = operands->word,
                                .max_protection = VMM_PROT_ALL,
                                .inheritance = inheritance_of(operands) };
    enum vmm_status status = VMM_MODEL_BAD_HANDLE;
    vmm_va address = scn_address_of(run, operands);

    scn_range_of(run, operands, entry->length, &call.offset, &call.size);
    if (map != NULL && entry->entry != NULL)
        status = vm_map_call(map, &address, &call);
    return named(result, status, task, address, call.size);
}

struct scn_result
scn_run_release_entry(struct scn_run *run, const struct scn_operands *operands,
                      struct scn_object *result)
{
    (void)result;
    vm_memory_entry_release(&scn_object_of(run, &operands->places[0])->entry);
    return scn_gave_nothing(run);
}

/* ---- advice ---- */

struct scn_result
scn_run_behavior(struct scn_run *run, const struct scn_operands *operands,
                 struct scn_object *result)
{
    struct scn_stretch bytes = scn_stretch_of(run, operands);
    struct vm_map *map = vmk_sim_task_map(bytes.task);

    (void)result;
    if (map == NULL)
        return scn_gave(VMK_BAD_HANDLE);
    return scn_gave(
        (vmk_return_t)vm_behavior_set(map, bytes.address, bytes.length, operands->word));
}

struct scn_result
scn_run_msync(struct scn_run *run, const struct scn_operands *operands, struct scn_object *result)
{
    struct scn_stretch bytes = scn_stretch_of(run, operands);
    struct vm_map *map = vmk_sim_task_map(bytes.task);

    (void)result;
    if (map == NULL)
        return scn_gave(VMK_BAD_HANDLE);
    return scn_gave((vmk_return_t)vm_msync(map, bytes.address, bytes.length, operands->word));
}

struct scn_result
scn_run_purgable(struct scn_run *run, const struct scn_operands *operands,
                 struct scn_object *result)
{
    struct scn_stretch bytes = scn_stretch_of(run, operands);
    struct vm_map *map = vmk_sim_task_map(bytes.task);
    int state = (int)operands->word;

    (void)result;
    if (map == NULL)
        return scn_gave(VMK_BAD_HANDLE);
    return scn_gave(
        (vmk_return_t)vm_purgable_control(map, bytes.address, VM_PURGABLE_SET_STATE, &state));
}

struct scn_result
scn_run_purge_all(struct scn_run *run, const struct scn_operands *operands,
                  struct scn_object *result)
{
    struct vm_map *map = vmk_sim_task_map(run->objects[SCN_KERNEL_NAME].task);
    int state = 0;

    (void)operands;
    (void)result;
    return scn_gave((vmk_return_t)vm_purgable_control(map, 0, VM_PURGABLE_PURGE_ALL, &state));
}

struct scn_result
scn_run_sever(struct scn_run *run, const struct scn_operands *operands, struct scn_object *result)
{
    struct scn_stretch bytes = scn_stretch_of(run, operands);
    struct vm_map *map = vmk_sim_task_map(bytes.task);

    (void)result;
    if (map == NULL)
        return scn_gave(VMK_BAD_HANDLE);
    return scn_gave(
        (vmk_return_t)vm_map_sever(map, vm_map_trunc_page(map, bytes.address),
                                   vm_map_round_page(map, bytes.address + bytes.length)));
}

/* ---- pressure ---- */

struct scn_result
scn_run_page_out(struct scn_run *run, const struct scn_operands *operands,
                 struct scn_object *result)
{
    struct scn_stretch bytes = scn_stretch_of(run, operands);
    struct vm_map *map = vmk_sim_task_map(bytes.task);

    (void)result;
    if (map == NULL)
        return scn_gave(VMK_BAD_HANDLE);
    return scn_gave(
        (vmk_return_t)vm_map_page_out(map, vm_map_trunc_page(map, bytes.address),
                                      vm_map_round_page(map, bytes.address + bytes.length)));
}

struct scn_result
scn_run_reclaim(struct scn_run *run, const struct scn_operands *operands, struct scn_object *result)
{
    (void)result;
    (void)vm_system_reclaim(run->system, operands->numbers[0].value);
    return scn_gave_nothing(run);
}

struct scn_result
scn_run_fail_store(struct scn_run *run, const struct scn_operands *operands,
                   struct scn_object *result)
{
    (void)result;
    vm_system_fail_store(run->system, operands->status != 0);
    return scn_gave_nothing(run);
}

struct scn_result
scn_run_fail(struct scn_run *run, const struct scn_operands *operands, struct scn_object *result)
{
    (void)result;
    scn_fail_next(run, (enum vmm_call)operands->word,
                  operands->number_count > 0 ? operands->numbers[0].value : 1);
    return (struct scn_result){ .has_status = false };
}

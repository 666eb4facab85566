/*
 * scn_operation_task.c - tasks, their memory, and code that touches it
 */
#include "scn_operation.h"

/* ---- tasks and their memory ---- */

struct scn_result
scn_run_task(struct scn_run *run, const struct scn_operands *operands, struct scn_object *result)
{
    result->task = (operands->given & SCN_TAKES_PAGES) != 0 ? vmk_sim_task_create_small()
                                                            : vmk_sim_task_create();
    return scn_gave_object(run, result->task == NULL, vmk_sim_hidden_status());
}

/* VM_FLAGS_* of an allocation; at=0 is no place. */
static uint32_t
allocate_flags(const struct scn_operands *operands, uint64_t address)
{
    uint32_t flags = address == 0 ? VM_MAP_ANYWHERE : VM_MAP_FIXED;

    if ((operands->given & SCN_TAKES_OVERWRITE) != 0)
        flags |= VM_MAP_OVERWRITE;
    if ((operands->given & SCN_TAKES_PERMANENT) != 0)
        flags |= VM_MAP_PERMANENT;
    if ((operands->given & SCN_TAKES_SUPERPAGE) != 0)
        flags |= VM_MAP_SUPERPAGE_2MB;
    if ((operands->given & SCN_TAKES_PURGABLE) != 0)
        flags |= VM_MAP_PURGABLE;
    return flags;
}

struct scn_result
scn_run_allocate(struct scn_run *run, const struct scn_operands *operands,
                 struct scn_object *result)
{
    uint64_t address = scn_address_of(run, operands);
    uint32_t flags = allocate_flags(operands, address);
    struct vm_map *map;
    struct scn_result gives;

    result->task = scn_object_of(run, &operands->places[0])->task;
    result->length = scn_value(run, operands->numbers[0]);
    map = vmk_sim_task_map(result->task);
    gives =
        scn_gave(map == NULL ? VMK_BAD_HANDLE : vm_allocate(map, &address, result->length, flags));
    result->address = address;
    result->is_null = gives.status != 0;
    return gives;
}

struct scn_result
scn_run_deallocate(struct scn_run *run, const struct scn_operands *operands,
                   struct scn_object *result)
{
    struct scn_stretch bytes = scn_stretch_of(run, operands);

    (void)result;
    return scn_gave(vmk_sim_deallocate(bytes.task, bytes.address, bytes.length));
}

struct scn_result
scn_run_protect(struct scn_run *run, const struct scn_operands *operands, struct scn_object *result)
{
    struct scn_stretch bytes = scn_stretch_of(run, operands);
    struct vm_map *map = vmk_sim_task_map(bytes.task);
    bool is_maximum = (operands->given & SCN_TAKES_MAXIMUM) != 0;
    vmm_prot prot = operands->word | ((operands->given & SCN_TAKES_COPY) != 0 ? VMM_PROT_COPY : 0u);

    (void)result;
    return scn_gave(map == NULL ? VMK_BAD_HANDLE
                                : vm_protect(map, bytes.address, bytes.length, is_maximum, prot));
}

/* What load and store touch: the number that follows, else all of a name, else one byte. */
static struct scn_stretch
access_of(const struct scn_run *run, const struct scn_operands *operands)
{
    struct scn_stretch bytes = scn_place_bytes(run, &operands->places[0], 1);

    if (operands->number_count > 0)
        bytes.length = scn_value(run, operands->numbers[0]);
    return bytes;
}

struct scn_result
scn_run_load(struct scn_run *run, const struct scn_operands *operands, struct scn_object *result)
{
    struct scn_stretch bytes = access_of(run, operands);
    vmk_return_t status = 0;
    uint64_t done = 0;

    (void)result;
    run->now.has_loaded = false;
    if (bytes.length == 0)
        return scn_gave(0);
    status = vmk_sim_read(bytes.task, bytes.address, &run->now.loaded, 1, &done);
    run->now.has_loaded = status == 0;
    if (status == 0 && bytes.length > 1)
        status = vmk_sim_read(bytes.task, bytes.address + 1, NULL, bytes.length - 1, &done);
    return scn_gave(status);
}

struct scn_result
scn_run_store(struct scn_run *run, const struct scn_operands *operands, struct scn_object *result)
{
    struct scn_stretch bytes = access_of(run, operands);
    uint64_t done;

    (void)result;
    if (bytes.length == 0)
        return scn_gave(0);
    return scn_gave(
        vmk_sim_write(bytes.task, bytes.address, NULL, scn_byte_of(operands), bytes.length, &done));
}

struct scn_result
scn_run_fill(struct scn_run *run, const struct scn_operands *operands, struct scn_object *result)
{
    const struct scn_object *object = scn_object_of(run, &operands->places[0]);
    uint64_t at = scn_value(run, operands->places[0].offset);
    uint64_t page_bytes = vmk_sim_page_bytes(object->task);
    vmk_return_t status = page_bytes == 0 ? VMK_BAD_HANDLE : 0;
    uint64_t done;

    (void)result;
    while (status == 0 && at < object->length) {
        uint64_t page = at / page_bytes;
        uint64_t end = (page + 1) * page_bytes;

        if (end > object->length || end < at)
            end = object->length;
        status =
            vmk_sim_write(object->task, object->address + at, NULL, (uint8_t)page, end - at, &done);
        at = end;
    }
    return scn_gave(status);
}

struct scn_result
scn_run_user_wire(struct scn_run *run, const struct scn_operands *operands,
                  struct scn_object *result)
{
    struct scn_stretch bytes = scn_stretch_of(run, operands);
    uint32_t access = operands->has_word ? operands->word : VMM_PROT_DEFAULT;

    (void)result;
    return scn_gave(vmk_sim_user_wire(bytes.task, bytes.address, bytes.length, access));
}

struct scn_result
scn_run_user_unwire(struct scn_run *run, const struct scn_operands *operands,
                    struct scn_object *result)
{
    struct scn_stretch bytes = scn_stretch_of(run, operands);

    (void)result;
    return scn_gave(vmk_sim_user_unwire(bytes.task, bytes.address, bytes.length));
}

struct scn_result
scn_run_switch_to(struct scn_run *run, const struct scn_operands *operands,
                  struct scn_object *result)
{
    (void)result;
    vmk_sim_task_switch(scn_object_of(run, &operands->places[0])->task);
    return scn_gave_nothing(run);
}

struct scn_result
scn_run_terminate(struct scn_run *run, const struct scn_operands *operands,
                  struct scn_object *result)
{
    (void)result;
    return scn_gave(vmk_sim_task_terminate(scn_object_of(run, &operands->places[0])->task));
}

/*
 * scn_operation_kinds.c - descriptors that are not over a task's ranges, and kernel memory
 */
#include "scn_operation.h"

struct scn_result
scn_run_address_descriptor(struct scn_run *run, const struct scn_operands *operands,
                           struct scn_object *result)
{
    struct scn_stretch bytes = scn_stretch_of(run, operands);

    return scn_gave_descriptor(run, vmk_desc_address(bytes.address, bytes.length, operands->word),
                               result);
}

struct scn_result
scn_run_physical(struct scn_run *run, const struct scn_operands *operands,
                 struct scn_object *result)
{
    uint32_t options =
        operands->word | ((operands->given & SCN_TAKES_REMOTE) != 0 ? (uint32_t)SCN_REMOTE : 0);

    return scn_gave_descriptor(run,
                               vmk_desc_physical(scn_value(run, operands->numbers[0]),
                                                 scn_value(run, operands->numbers[1]), options),
                               result);
}

struct scn_result
scn_run_buffer(struct scn_run *run, const struct scn_operands *operands, struct scn_object *result)
{
    uint32_t options = operands->word;

    if ((operands->given & SCN_TAKES_PAGEABLE) != 0)
        options |= SCN_BUFFER_PAGEABLE;
    if ((operands->given & SCN_TAKES_CONTIGUOUS) != 0)
        options |= SCN_BUFFER_CONTIGUOUS;
    if ((operands->given & SCN_TAKES_SHARED) != 0)
        options |= SCN_BUFFER_SHARED;
    if ((operands->given & SCN_TAKES_PREFAULT) != 0)
        options |= SCN_MAP_PREFAULT;
    return scn_gave_descriptor(run,
                               vmk_desc_buffer(scn_object_of(run, &operands->places[0])->task,
                                               options, scn_value(run, operands->numbers[0]),
                                               scn_value(run, operands->align), 0),
                               result);
}

struct scn_result
scn_run_bytes(struct scn_run *run, const struct scn_operands *operands, struct scn_object *result)
{
    vmk_desc_t desc = scn_object_of(run, &operands->places[0])->desc;

    result->address = vmk_sim_desc_bytes(desc);
    result->length = vmk_desc_capacity(desc);
    result->task = vmk_sim_desc_task(desc);
    result->is_null = result->address == 0;
    return scn_gave_object(run, result->is_null, 0);
}

struct scn_result
scn_run_set_length(struct scn_run *run, const struct scn_operands *operands,
                   struct scn_object *result)
{
    struct scn_object *object = scn_object_of(run, &operands->places[0]);

    (void)result;
    vmk_desc_set_length(object->desc, scn_value(run, operands->numbers[0]));
    object->length = vmk_desc_length(object->desc);
    return scn_gave_nothing(run);
}

struct scn_result
scn_run_sub(struct scn_run *run, const struct scn_operands *operands, struct scn_object *result)
{
    vmk_desc_t parent = scn_object_of(run, &operands->places[0])->desc;

    return scn_gave_descriptor(run,
                               vmk_desc_sub(parent, scn_value(run, operands->numbers[0]),
                                            scn_value(run, operands->numbers[1]),
                                            vmk_desc_direction(parent)),
                               result);
}

struct scn_result
scn_run_row(struct scn_run *run, const struct scn_operands *operands, struct scn_object *result)
{
    vmk_desc_t *parts = core_arena_array(&run->scratch, operands->place_count, sizeof *parts);

    if (parts == NULL)
        return scn_gave(VMK_NO_MEMORY);
    for (size_t i = 0; i < operands->place_count; i++)
        parts[i] = scn_object_of(run, &operands->places[i])->desc;
    return scn_gave_descriptor(
        run, vmk_desc_multi(parts, (uint32_t)operands->place_count, vmk_desc_direction(parts[0])),
        result);
}

struct scn_result
scn_run_io_malloc(struct scn_run *run, const struct scn_operands *operands,
                  struct scn_object *result)
{
    uint64_t length = scn_value(run, operands->numbers[0]);
    bool is_pageable = (operands->given & SCN_TAKES_PAGEABLE) != 0;

    result->address = is_pageable ? vmk_sim_alloc_pageable(length, 0) : vmk_sim_alloc(length, 0);
    result->length = length;
    result->task = vmk_kernel_task();
    result->is_null = result->address == 0;
    return scn_gave_object(run, result->is_null, vmk_sim_hidden_status());
}

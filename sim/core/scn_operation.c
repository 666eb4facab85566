/*
 * scn_operation.c - arguments, results, and the table of operations
 *
 * One function per row of scn_operations.def. Nothing here decides what an operation means: the
 * arguments are resolved, the seam is called, and its answer is the result.
 */
#include "scn_operation.h"

#include <string.h>

/* ---- results ---- */

struct scn_result
scn_gave(vmk_return_t status)
{
    return (struct scn_result){ .has_status = true, .status = status };
}

struct scn_result
scn_gave_nothing(const struct scn_run *run)
{
    switch (vm_system_stop(run->system)->kind) {
    case VM_PANICKED:
        return scn_gave(VMK_PANICKED);
    case VM_HUNG:
        return scn_gave(VMK_HUNG);
    default:
        return scn_gave(0);
    }
}

struct scn_result
scn_gave_object(const struct scn_run *run, bool is_null, vmk_return_t hidden)
{
    struct scn_result result = scn_gave_nothing(run);

    if (is_null && result.status == 0) {
        result.is_null = true;
        result.hidden = hidden;
    }
    return result;
}

struct scn_result
scn_gave_descriptor(const struct scn_run *run, vmk_desc_t desc, struct scn_object *result)
{
    result->desc = desc;
    result->is_null = desc == NULL;
    result->length = result->is_null ? 0 : vmk_desc_length(desc);
    return scn_gave_object(run, result->is_null, vmk_sim_hidden_status());
}

/* ---- arguments ---- */

void
scn_range_of(const struct scn_run *run, const struct scn_operands *operands, uint64_t whole,
             uint64_t *offset, uint64_t *length)
{
    const struct scn_place *place = &operands->places[0];

    *offset = place->has_offset ? scn_value(run, place->offset) : scn_value(run, operands->offset);
    if ((operands->given & SCN_TAKES_LENGTH) != 0)
        *length = scn_value(run, operands->length);
    else
        *length = *offset < whole ? whole - *offset : 0;
}

struct scn_stretch
scn_stretch_of(const struct scn_run *run, const struct scn_operands *operands)
{
    const struct scn_object *object = scn_object_of(run, &operands->places[0]);
    uint64_t offset;
    uint64_t length;

    scn_range_of(run, operands, object->length, &offset, &length);
    return (struct scn_stretch){ object->task, object->address + offset, length };
}

struct scn_stretch
scn_place_bytes(const struct scn_run *run, const struct scn_place *place, uint64_t bare)
{
    const struct scn_object *object = scn_object_of(run, place);
    uint64_t offset = place->has_offset ? scn_value(run, place->offset) : 0;
    uint64_t length = place->has_offset ? bare : object->length;

    if (place->has_length)
        length = scn_value(run, place->length);
    return (struct scn_stretch){ object->task, object->address + offset, length };
}

uint64_t
scn_address_of(const struct scn_run *run, const struct scn_operands *operands)
{
    if (operands->at_is_place)
        return scn_place_bytes(run, &operands->place, 0).address;
    return (operands->given & SCN_TAKES_AT) != 0 ? scn_value(run, operands->at) : 0;
}

bool
scn_operands_are_made(const struct scn_run *run, const struct scn_operands *operands)
{
    bool has_place = (operands->given & SCN_TAKES_OUTPUT) != 0 || operands->at_is_place;

    for (size_t i = 0; i < operands->place_count; i++) {
        if (!scn_object_of(run, &operands->places[i])->is_made)
            return false;
    }
    return !has_place || scn_object_of(run, &operands->place)->is_made;
}

uint8_t
scn_byte_of(const struct scn_operands *operands)
{
    bool is_given = (operands->given & SCN_TAKES_VALUE) != 0;

    return is_given ? (uint8_t)operands->value.value : (uint8_t)SCN_DEFAULT_BYTE;
}

/* ---- the machine, and looking ---- */

struct scn_result
scn_run_on_cpu(struct scn_run *run, const struct scn_operands *operands, struct scn_object *result)
{
    (void)result;
    run->now.cpu = (uint32_t)operands->numbers[0].value;
    vmk_sim_set_cpu(run->now.cpu);
    return scn_gave_nothing(run);
}

struct scn_result
scn_run_check(struct scn_run *run, const struct scn_operands *operands, struct scn_object *result)
{
    /* while another thread is inside a call, not every invariant holds */
    struct scn_result gives = { .broken = scn_threads_are_quiet(run) ? vmk_sim_check() : NULL };

    (void)operands;
    (void)result;
    return gives;
}

struct scn_result
scn_run_mark(struct scn_run *run, const struct scn_operands *operands, struct scn_object *result)
{
    (void)operands;
    (void)result;
    memcpy(run->mark_counters, vm_system_trace(run->system)->counters, sizeof run->mark_counters);
    return (struct scn_result){ .has_status = false };
}

/* ---- the table ---- */

static scn_operation_function *const functions[] = {
#define SCN_OPERATION(id, function, word, gives, takes, options, shows, syntax, text) \
    scn_run_##function,
#include "scn_operations.def"
#undef SCN_OPERATION
};

/* An operand that is NULL: the seam answers that nobody is there, before anything else. */
static bool
has_null_operand(const struct scn_run *run, const struct scn_operands *operands)
{
    for (size_t i = 0; i < operands->place_count; i++) {
        if (scn_object_of(run, &operands->places[i])->is_null)
            return true;
    }
    return operands->at_is_place && scn_object_of(run, &operands->place)->is_null;
}

struct scn_result
scn_operate(struct scn_run *run, const struct scn_statement *statement)
{
    struct scn_object unnamed = { 0 };
    struct scn_object *object = &unnamed;
    struct scn_result result;

    if (statement->result != SCN_NO_NAME)
        object = &run->objects[statement->result];
    if (has_null_operand(run, &statement->u.operands)) {
        object->is_made = true;
        object->is_null = true;
        return scn_gave(VMK_BAD_HANDLE);
    }
    result = functions[statement->operation](run, &statement->u.operands, object);
    object->is_made = true; /* other threads may have run meanwhile */
    if (result.status == VMK_NO_MEMORY || result.hidden == VMK_NO_MEMORY)
        run->out_of_memory = true;
    return result;
}

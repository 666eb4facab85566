/*
 * scn_operation_iokit.c - descriptors, mappings, and the user client's path
 */
#include "scn_operation.h"

#include <string.h>

enum { BYTES_MAX = 64 << 20 }; /* readBytes and writeBytes move at most this much */

/* ---- descriptors ---- */

static uint32_t
descriptor_options(const struct scn_operands *operands)
{
    return operands->word |
           ((operands->given & SCN_TAKES_COW) != 0 ? (uint32_t)SCN_COPY_ON_WRITE : 0) |
           ((operands->given & SCN_TAKES_REMOTE) != 0 ? (uint32_t)SCN_REMOTE : 0);
}

struct scn_result
scn_run_descriptor(struct scn_run *run, const struct scn_operands *operands,
                   struct scn_object *result)
{
    struct scn_stretch bytes = scn_stretch_of(run, operands);

    return scn_gave_descriptor(
        run, vmk_desc_range(bytes.task, bytes.address, bytes.length, descriptor_options(operands)),
        result);
}

struct scn_result
scn_run_descriptor_ranges(struct scn_run *run, const struct scn_operands *operands,
                          struct scn_object *result)
{
    const struct scn_object *object = scn_object_of(run, &operands->places[0]);
    vmk_range_t *ranges = core_arena_array(&run->scratch, operands->place_count, sizeof *ranges);

    if (ranges == NULL)
        return scn_gave(VMK_NO_MEMORY);
    for (size_t i = 0; i < operands->place_count; i++) {
        const struct scn_place *place = &operands->places[i];
        uint64_t offset = scn_value(run, place->offset);
        uint64_t rest = offset < object->length ? object->length - offset : 0;
        struct scn_stretch bytes = scn_place_bytes(run, place, rest);

        ranges[i] = (vmk_range_t){ bytes.address, bytes.length };
    }
    return scn_gave_descriptor(run,
                               vmk_desc_ranges(object->task, ranges,
                                               (uint32_t)operands->place_count,
                                               descriptor_options(operands)),
                               result);
}

struct scn_result
scn_run_prepare(struct scn_run *run, const struct scn_operands *operands, struct scn_object *result)
{
    uint32_t direction = operands->has_word ? operands->word : 0;

    (void)result;
    if ((operands->given & SCN_TAKES_NO_FAULT) != 0)
        direction |= SCN_PREPARE_NO_FAULT;
    if ((operands->given & SCN_TAKES_NO_ZERO_FILL) != 0)
        direction |= SCN_PREPARE_NO_ZERO_FILL;
    return scn_gave(vmk_desc_prepare(scn_object_of(run, &operands->places[0])->desc, direction));
}

struct scn_result
scn_run_complete(struct scn_run *run, const struct scn_operands *operands,
                 struct scn_object *result)
{
    (void)result;
    return scn_gave(vmk_desc_complete(
        scn_object_of(run, &operands->places[0])->desc,
        (operands->given & SCN_TAKES_DATA_VALID) != 0 ? SCN_COMPLETE_DATA_VALID : 0));
}

/*
 * The bytes to move, as one call. Beyond the descriptor's end one byte says as much as many, so the
 * buffer need not be larger than the descriptor.
 */
static uint64_t
bytes_to_move(const struct scn_operands *operands, const struct scn_run *run, uint64_t *offset)
{
    uint64_t whole = vmk_desc_length(scn_object_of(run, &operands->places[0])->desc);
    uint64_t most = whole < BYTES_MAX ? whole + 1 : BYTES_MAX;
    uint64_t length;

    *offset = operands->number_count > 0 ? scn_value(run, operands->numbers[0]) : 0;
    if (operands->number_count > 1)
        length = scn_value(run, operands->numbers[1]);
    else
        length = *offset < whole ? whole - *offset : 0;
    return length < most ? length : most;
}

static struct scn_result
move_bytes(struct scn_run *run, const struct scn_operands *operands, bool is_write)
{
    vmk_desc_t desc = scn_object_of(run, &operands->places[0])->desc;
    uint64_t offset;
    uint64_t length = bytes_to_move(operands, run, &offset);
    uint8_t *bytes = run->alloc.take(run->alloc.context, (size_t)length + 1);

    if (bytes == NULL)
        return scn_gave(VMK_NO_MEMORY);
    memset(bytes, is_write ? scn_byte_of(operands) : 0, (size_t)length + 1);
    run->now.moved = is_write ? vmk_desc_write(desc, offset, bytes, length)
                              : vmk_desc_read(desc, offset, bytes, length);
    run->now.has_moved = true;
    if (!is_write) {
        run->now.has_loaded = run->now.moved > 0;
        run->now.loaded = bytes[0];
    }
    run->alloc.give(run->alloc.context, bytes, (size_t)length + 1);
    return scn_gave_nothing(run);
}

struct scn_result
scn_run_read_bytes(struct scn_run *run, const struct scn_operands *operands,
                   struct scn_object *result)
{
    (void)result;
    return move_bytes(run, operands, false);
}

struct scn_result
scn_run_write_bytes(struct scn_run *run, const struct scn_operands *operands,
                    struct scn_object *result)
{
    (void)result;
    return move_bytes(run, operands, true);
}

/* ---- mappings ---- */

static uint32_t
map_options(const struct scn_operands *operands)
{
    uint32_t options = 0;

    if ((operands->given & SCN_TAKES_AT) == 0)
        options |= SCN_MAP_ANYWHERE;
    if ((operands->given & SCN_TAKES_READ_ONLY) != 0)
        options |= SCN_MAP_READ_ONLY;
    if ((operands->given & SCN_TAKES_PREFAULT) != 0)
        options |= SCN_MAP_PREFAULT;
    if ((operands->given & SCN_TAKES_UNIQUE) != 0)
        options |= SCN_MAP_UNIQUE;
    if ((operands->given & SCN_TAKES_GUARDED) != 0)
        options |= SCN_MAP_GUARDED;
    return options;
}

struct scn_result
scn_run_map(struct scn_run *run, const struct scn_operands *operands, struct scn_object *result)
{
    vmk_desc_t desc = scn_object_of(run, &operands->places[0])->desc;

    result->task = scn_object_of(run, &operands->places[1])->task;
    result->map =
        vmk_map_create(desc, result->task, scn_address_of(run, operands), map_options(operands),
                       scn_value(run, operands->offset), scn_value(run, operands->length));
    result->is_null = result->map == NULL;
    if (!result->is_null) {
        result->address = vmk_map_address(result->map);
        result->length = vmk_map_length(result->map);
    }
    return scn_gave_object(run, result->is_null, vmk_sim_hidden_status());
}

struct scn_result
scn_run_wire(struct scn_run *run, const struct scn_operands *operands, struct scn_object *result)
{
    const struct scn_object *object = scn_object_of(run, &operands->places[0]);
    uint64_t offset;
    uint64_t length;

    (void)result;
    scn_range_of(run, operands, object->length, &offset, &length);
    return scn_gave(vmk_map_wire(object->map, operands->word, offset, length));
}

struct scn_result
scn_run_unwire(struct scn_run *run, const struct scn_operands *operands, struct scn_object *result)
{
    return scn_run_wire(run, operands, result); /* the word is none, which is 0 */
}

struct scn_result
scn_run_unmap(struct scn_run *run, const struct scn_operands *operands, struct scn_object *result)
{
    (void)result;
    return scn_gave(vmk_map_unmap(scn_object_of(run, &operands->places[0])->map));
}

/* Whether the seam still knows the handle: the verbs that return nothing cannot say. */
static bool
is_live(const struct scn_object *object)
{
    if (object->map != NULL)
        return vmk_sim_map_id(object->map) != 0;
    return vmk_sim_desc_id(object->desc) != 0;
}

struct scn_result
scn_run_release(struct scn_run *run, const struct scn_operands *operands, struct scn_object *result)
{
    const struct scn_object *object = scn_object_of(run, &operands->places[0]);
    bool was_live = is_live(object);

    (void)result;
    if (object->map != NULL)
        vmk_map_release(object->map);
    else
        vmk_desc_release(object->desc);
    return was_live ? scn_gave_nothing(run) : scn_gave(VMK_BAD_HANDLE);
}

struct scn_result
scn_run_retain(struct scn_run *run, const struct scn_operands *operands, struct scn_object *result)
{
    const struct scn_object *object = scn_object_of(run, &operands->places[0]);
    bool was_live = is_live(object);

    (void)result;
    if (object->map != NULL)
        vmk_map_retain(object->map);
    else
        vmk_desc_retain(object->desc);
    return was_live ? scn_gave_nothing(run) : scn_gave(VMK_BAD_HANDLE);
}

/* ---- the user client's path ---- */

/* What the call sends: length=, or the place to its end. */
static struct scn_stretch
call_input(const struct scn_run *run, const struct scn_operands *operands)
{
    const struct scn_place *place = &operands->places[1];
    uint64_t whole = scn_object_of(run, place)->length;
    uint64_t offset = scn_value(run, place->offset);
    struct scn_stretch bytes = scn_place_bytes(run, place, offset < whole ? whole - offset : 0);

    if ((operands->given & SCN_TAKES_LENGTH) != 0)
        bytes.length = scn_value(run, operands->length);
    return bytes;
}

struct scn_result
scn_run_user_call(struct scn_run *run, const struct scn_operands *operands,
                  struct scn_object *result)
{
    struct vmk_sim_call *call = core_arena_take(&run->scratch, sizeof *call);
    struct scn_stretch bytes = call_input(run, operands);
    struct scn_result gives;

    if (call == NULL)
        return scn_gave(VMK_NO_MEMORY);
    call->task = scn_object_of(run, &operands->places[0])->task;
    call->input = bytes.address;
    call->input_size = bytes.length;
    call->force_out_of_line = (operands->given & SCN_TAKES_OUT_OF_LINE) != 0;
    if ((operands->given & SCN_TAKES_OUTPUT) != 0) {
        bytes = scn_place_bytes(run, &operands->place, 1);
        call->output = bytes.address;
        call->output_size = bytes.length;
    }
    gives = scn_gave(vmk_sim_call_begin(call));
    result->call = call;
    result->is_null = gives.status != 0;
    return gives;
}

/* Nothing failed where the bytes came inline: a NULL hides no code. */
static struct scn_result
call_descriptor(const struct scn_run *run, vmk_desc_t desc, struct scn_object *result)
{
    struct scn_result gives = scn_gave_descriptor(run, desc, result);

    gives.hidden = 0;
    return gives;
}

struct scn_result
scn_run_input_descriptor(struct scn_run *run, const struct scn_operands *operands,
                         struct scn_object *result)
{
    const struct vmk_sim_call *call = scn_object_of(run, &operands->places[0])->call;

    return call_descriptor(run, call->input_descriptor, result);
}

struct scn_result
scn_run_output_descriptor(struct scn_run *run, const struct scn_operands *operands,
                          struct scn_object *result)
{
    const struct vmk_sim_call *call = scn_object_of(run, &operands->places[0])->call;

    return call_descriptor(run, call->output_descriptor, result);
}

struct scn_result
scn_run_end_call(struct scn_run *run, const struct scn_operands *operands,
                 struct scn_object *result)
{
    struct scn_object *object = scn_object_of(run, &operands->places[0]);
    vmk_return_t status = vmk_sim_call_end(object->call);

    (void)result;
    object->is_null = true; /* over: neither its descriptors nor its end can be asked for again */
    return scn_gave(status);
}

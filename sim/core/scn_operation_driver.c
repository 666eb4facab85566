/*
 * scn_operation_driver.c - what a driver has besides descriptors: locks, a device, an end
 */
#include "scn_operation.h"

enum { DEVICE_BYTES_MAX = 64 << 20 }; /* one transfer moves at most this much */

/* ---- locks ---- */

struct scn_result
scn_run_new_lock(struct scn_run *run, const struct scn_operands *operands,
                 struct scn_object *result)
{
    result->lock = vmk_lock_alloc((enum vmk_lock_kind)operands->word);
    result->is_null = result->lock == NULL;
    return scn_gave_object(run, result->is_null, VMK_NO_MEMORY);
}

struct scn_result
scn_run_lock(struct scn_run *run, const struct scn_operands *operands, struct scn_object *result)
{
    bool is_shared = (operands->given & SCN_TAKES_SHARED) != 0;

    (void)result;
    vmk_lock_acquire(scn_object_of(run, &operands->places[0])->lock,
                     is_shared ? VMK_SHARED : VMK_EXCLUSIVE);
    return scn_gave_nothing(run);
}

struct scn_result
scn_run_unlock(struct scn_run *run, const struct scn_operands *operands, struct scn_object *result)
{
    (void)result;
    vmk_lock_release(scn_object_of(run, &operands->places[0])->lock, VMK_EXCLUSIVE, 1);
    return scn_gave_nothing(run);
}

struct scn_result
scn_run_free_lock(struct scn_run *run, const struct scn_operands *operands,
                  struct scn_object *result)
{
    (void)result;
    vmk_lock_free(scn_object_of(run, &operands->places[0])->lock);
    return scn_gave_nothing(run);
}

/* ---- a device ---- */

struct scn_result
scn_run_segment(struct scn_run *run, const struct scn_operands *operands, struct scn_object *result)
{
    result->address = vmk_desc_segment(scn_object_of(run, &operands->places[0])->desc,
                                       scn_value(run, operands->offset), &result->length, 0);
    result->is_null = result->address == 0;
    return scn_gave_object(run, result->is_null, 0);
}

/* The whole segment, or as many bytes as were asked for: a device does not know where it ends. */
static uint64_t
bytes_of_segment(const struct scn_run *run, const struct scn_operands *operands)
{
    uint64_t length = operands->number_count > 0 ? scn_value(run, operands->numbers[0])
                                                 : scn_object_of(run, &operands->places[0])->length;

    return length < DEVICE_BYTES_MAX ? length : (uint64_t)DEVICE_BYTES_MAX;
}

struct scn_result
scn_run_device_load(struct scn_run *run, const struct scn_operands *operands,
                    struct scn_object *result)
{
    const struct scn_object *segment = scn_object_of(run, &operands->places[0]);

    (void)result;
    return scn_gave(vmk_sim_device_read(segment->address, NULL, bytes_of_segment(run, operands)));
}

struct scn_result
scn_run_device_store(struct scn_run *run, const struct scn_operands *operands,
                     struct scn_object *result)
{
    const struct scn_object *segment = scn_object_of(run, &operands->places[0]);

    (void)result;
    return scn_gave(vmk_sim_device_write(segment->address, scn_byte_of(operands),
                                         bytes_of_segment(run, operands)));
}

/* ---- the end ---- */

struct scn_result
scn_run_unload(struct scn_run *run, const struct scn_operands *operands, struct scn_object *result)
{
    (void)operands;
    (void)result;
    (void)vmk_sim_unload();
    return scn_gave_nothing(run);
}

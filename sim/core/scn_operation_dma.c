/* scn_operation_dma.c - an IODMACommand, and who is kept out of memory for a while */
#include "scn_operation.h"

static vmk_dma_t
dma_of(const struct scn_run *run, const struct scn_operands *operands)
{
    return scn_object_of(run, &operands->places[0])->dma;
}

static bool
is_automatic(const struct scn_operands *operands)
{
    return (operands->given & SCN_TAKES_BY_HAND) == 0;
}

struct scn_result
scn_run_new_dma(struct scn_run *run, const struct scn_operands *operands, struct scn_object *result)
{
    const struct scn_number *numbers = operands->numbers;
    uint64_t bits = operands->number_count > 0 ? scn_value(run, numbers[0]) : 64;
    vmk_dma_spec_t spec = { .address_bits = bits < 64 ? (uint32_t)bits : 64,
                            .alignment = (uint32_t)scn_value(run, operands->align),
                            .max_transfer = scn_value(run, operands->length) };

    if (operands->number_count > 1)
        spec.max_segment = scn_value(run, numbers[1]);
    result->dma = vmk_dma_create(&spec);
    result->is_null = result->dma == NULL;
    return scn_gave_object(run, result->is_null, VMK_NO_MEMORY);
}

struct scn_result
scn_run_set_dma(struct scn_run *run, const struct scn_operands *operands, struct scn_object *result)
{
    (void)result;
    return scn_gave(vmk_dma_set(dma_of(run, operands),
                                scn_object_of(run, &operands->places[1])->desc,
                                is_automatic(operands)));
}

struct scn_result
scn_run_prepare_dma(struct scn_run *run, const struct scn_operands *operands,
                    struct scn_object *result)
{
    (void)result;
    return scn_gave(vmk_dma_prepare(dma_of(run, operands), scn_value(run, operands->offset),
                                    scn_value(run, operands->length)));
}

struct scn_result
scn_run_dma_segment(struct scn_run *run, const struct scn_operands *operands,
                    struct scn_object *result)
{
    uint64_t offset = scn_value(run, operands->offset);
    vmk_range_t segment = { 0, 0 };
    uint32_t count = 1;
    vmk_return_t status = vmk_dma_segments(dma_of(run, operands), &offset, &segment, &count);

    result->address = segment.address;
    result->length = segment.length;
    result->is_null = status != 0;
    return scn_gave(status);
}

struct scn_result
scn_run_synchronize_dma(struct scn_run *run, const struct scn_operands *operands,
                        struct scn_object *result)
{
    bool copies = (operands->given & SCN_TAKES_COPY) != 0;

    (void)result;
    return scn_gave(vmk_dma_synchronize(dma_of(run, operands),
                                        operands->word | (copies ? (uint32_t)SCN_DMA_COPY : 0)));
}

struct scn_result
scn_run_complete_dma(struct scn_run *run, const struct scn_operands *operands,
                     struct scn_object *result)
{
    (void)result;
    return scn_gave(vmk_dma_complete(dma_of(run, operands)));
}

struct scn_result
scn_run_clear_dma(struct scn_run *run, const struct scn_operands *operands,
                  struct scn_object *result)
{
    (void)result;
    return scn_gave(vmk_dma_clear(dma_of(run, operands), is_automatic(operands)));
}

struct scn_result
scn_run_release_dma(struct scn_run *run, const struct scn_operands *operands,
                    struct scn_object *result)
{
    (void)result;
    vmk_dma_release(dma_of(run, operands));
    return scn_gave_nothing(run);
}

/* ---- redirect() ---- */

static struct scn_result
set_blocked(const struct scn_run *run, const struct scn_operands *operands, int on)
{
    const struct scn_object *object = scn_object_of(run, &operands->places[0]);

    return scn_gave(object->map != NULL ? vmk_map_block(object->map, on)
                                        : vmk_desc_redirect(object->desc, NULL, on));
}

struct scn_result
scn_run_block(struct scn_run *run, const struct scn_operands *operands, struct scn_object *result)
{
    (void)result;
    return set_blocked(run, operands, 1);
}

struct scn_result
scn_run_unblock(struct scn_run *run, const struct scn_operands *operands, struct scn_object *result)
{
    (void)result;
    return set_blocked(run, operands, 0);
}

struct scn_result
scn_run_redirect(struct scn_run *run, const struct scn_operands *operands,
                 struct scn_object *result)
{
    (void)result;
    return scn_gave(vmk_map_redirect(scn_object_of(run, &operands->places[0])->map,
                                     scn_object_of(run, &operands->places[1])->desc));
}

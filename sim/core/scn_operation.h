/*
 * scn_operation.h - one function per row of scn_operations.def
 *
 * PURPOSE     The operations and what they share: arguments made of numbers and names, results made
 *             of what the seam answered.
 * INVARIANTS  none
 * UNITS       bytes
 * OWNERSHIP   as scn_run.h
 * ERRORS      in the result
 * EVENTS      those of the seam
 * XNU         none
 */
#ifndef CORE_SCN_OPERATION_H
#define CORE_SCN_OPERATION_H

#include "scn_run.h"

typedef struct scn_result scn_operation_function(struct scn_run *run,
                                                 const struct scn_operands *operands,
                                                 struct scn_object *result);

#define SCN_OPERATION(id, function, word, gives, takes, options, shows, syntax, text) \
    scn_operation_function scn_run_##function;
#include "scn_operations.def"
#undef SCN_OPERATION

/* ---- results ---- */
struct scn_result scn_gave(vmk_return_t status);
/* For the verbs that return nothing: 0, or how the kernel stopped. */
struct scn_result scn_gave_nothing(const struct scn_run *run);
/* For the verbs that give an object or NULL. A NULL from a kernel that stopped says so. */
struct scn_result scn_gave_object(const struct scn_run *run, bool is_null, vmk_return_t hidden);

/* For those that give a descriptor or NULL: it becomes the result, with its length; the seam knows what a NULL hides. */
struct scn_result scn_gave_descriptor(const struct scn_run *run, vmk_desc_t desc,
                                      struct scn_object *result);

/* ---- arguments ---- */
/*
 * The bytes an operation works on: +N or offset=, then length=; without length= what is left of the
 * first operand, which has `whole` bytes.
 */
void scn_range_of(const struct scn_run *run, const struct scn_operands *operands, uint64_t whole,
                  uint64_t *offset, uint64_t *length);
/* at=, or 0. */
uint64_t scn_address_of(const struct scn_run *run, const struct scn_operands *operands);
/* value=, or the default byte. */
uint8_t scn_byte_of(const struct scn_operands *operands);

#endif

/*
 * contract_internal.h - how a fact is asked
 *
 * PURPOSE     ASK() calls a verb, or takes what the recording has in its place: the same text of a fact
 *             does both. A fact goes on after a wrong answer only to give back what it made.
 * INVARIANTS  none of its own
 * UNITS       as the verbs
 * OWNERSHIP   a fact gives back what it made
 * ERRORS      the fact's own, in struct contract_fact
 * EVENTS      none of its own
 * XNU         none
 */
#ifndef CORE_CONTRACT_INTERNAL_H
#define CORE_CONTRACT_INTERNAL_H

#include "contract.h"

enum { IN = 1, OUT = 2, INOUT = 3, ANYWHERE = 1, READ_ONLY = 0x1000, ODD = 0x100 };

/* Keeps an answer, or takes the recording's; the answer. */
int64_t contract_keep(struct contract *c, const char *verb, int64_t gave);
/* Whether the answer is the wanted one; else the fact has failed. */
bool contract_want(struct contract *c, const char *verb, int64_t gave, int64_t wanted);
void contract_fail(struct contract *c, const char *verb, int64_t gave, int64_t wanted,
                   const char *why);

/* In a replay nobody is called: the answer is the recording's. */
#define ASK(c, verb, call) contract_keep((c), (verb), (c)->is_replay ? 0 : (int64_t)(call))
/* A verb without an answer. */
#define TELL(c, call)        \
    do {                     \
        if (!(c)->is_replay) \
            (call);          \
    } while (0)
#define WANT(c, verb, call, wanted) \
    contract_want((c), (verb), ASK((c), (verb), (call)), (int64_t)(wanted))

/* The facts, each asked on its own. */
#define FACT(name, text) void contract_fact_##name(struct contract *c);
#include "contract_facts.def"
#undef FACT

/* ---- what facts begin with ---- */

/* NULL is the wrong answer; in a replay no handle is ever used. */
vmk_desc_t contract_describe(struct contract *c, uint64_t offset, uint64_t length,
                             uint32_t direction);
void contract_user_stores(struct contract *c, uint64_t offset, uint8_t byte);
/* The byte that a task sees, or -1. */
int64_t contract_byte_at(vmk_task_t task, uint64_t address);
vmk_map_t contract_map_in_kernel(struct contract *c, vmk_desc_t d, uint32_t options);

#endif

/*
 * contract.c - how facts are asked and held against a recording
 *
 * The facts are in contract_facts.c and contract_verbs.c.
 */
#include "contract_internal.h"

#include "base/assert.h"

#include <string.h>

/* ---- asking ---- */

void
contract_fail(struct contract *c, const char *verb, int64_t gave, int64_t wanted, const char *why)
{
    struct contract_fact *fact = c->fact;

    if (fact->has_failed)
        return;
    fact->has_failed = true;
    fact->verb = verb;
    fact->gave = gave;
    fact->wanted = wanted;
    fact->why = why;
}

static bool
same_text(const char *one, const char *other)
{
    size_t length = strlen(one);

    return length == strlen(other) && memcmp(one, other, length) == 0;
}

/* The recording's answer to the verb that is due; 0 when it has another one there. */
static int64_t
recorded_answer(struct contract *c, const char *verb)
{
    const struct contract_answer *answer = &c->recorded[c->count];

    if (c->count >= c->recorded_count) {
        contract_fail(c, verb, 0, 0, "the recording ends before it");
        return 0;
    }
    if (!same_text(answer->fact, c->fact->name) || !same_text(answer->verb, verb)) {
        contract_fail(c, verb, 0, 0, "the recording has another verb in its place");
        return 0;
    }
    return answer->gave;
}

int64_t
contract_keep(struct contract *c, const char *verb, int64_t gave)
{
    if (c->is_replay)
        gave = recorded_answer(c, verb);
    VMM_ASSERT(c->count < CONTRACT_ANSWERS_MAX);
    c->answers[c->count++] = (struct contract_answer){ c->fact->name, verb, gave };
    return gave;
}

bool
contract_want(struct contract *c, const char *verb, int64_t gave, int64_t wanted)
{
    if (gave != wanted)
        contract_fail(c, verb, gave, wanted, NULL);
    return gave == wanted;
}

/* ---- the table ---- */

static const struct {
    const char *name;
    const char *text;
    void (*ask)(struct contract *c);
} facts_table[] = {
#define FACT(name, text) { #name, text, contract_fact_##name },
#include "contract_facts.def"
#undef FACT
};

size_t
contract_fact_count(void)
{
    return VMM_COUNT_OF(facts_table);
}

static bool
ask_all(struct contract *c, struct contract_fact *facts)
{
    bool holds = true;

    for (size_t i = 0; i < VMM_COUNT_OF(facts_table); i++) {
        facts[i] =
            (struct contract_fact){ .name = facts_table[i].name, .text = facts_table[i].text };
        c->fact = &facts[i];
        facts_table[i].ask(c);
        holds &= !facts[i].has_failed;
    }
    if (c->is_replay && holds && c->count < c->recorded_count) {
        contract_fail(c, c->recorded[c->count].verb, 0, 0,
                      "the recording goes on where the facts end");
        holds = false;
    }
    return holds;
}

bool
contract_run(struct contract *contract, const struct contract_place *place,
             struct contract_fact *facts)
{
    memset(contract, 0, sizeof *contract);
    contract->place = *place;
    contract->info.size = sizeof contract->info;
    return vmk_get_info(&contract->info) == 0 && ask_all(contract, facts);
}

bool
contract_replay(struct contract *contract, const vmk_info_t *info,
                const struct contract_answer *recorded, size_t count, struct contract_fact *facts)
{
    memset(contract, 0, sizeof *contract);
    contract->info = *info;
    contract->place.page_bytes = (uint64_t)1 << info->page_shift;
    contract->is_replay = true;
    contract->recorded = recorded;
    contract->recorded_count = count;
    return ask_all(contract, facts);
}

/*
 * contract.h - what every backend behind the seam must answer
 *
 * PURPOSE     One set of facts about vmk.h that the model, a kext and a recording are held to. A fact asks
 *             verbs one after the other; each answer is kept as a number that is the same on every
 *             machine (a code, a length, a byte, a truth), so that answers can be recorded, replayed
 *             and compared verb by verb.
 * INVARIANTS  T1  facts ask the same verbs in the same order whatever is answered, until one is wrong
 *             T2  a fact leaves nothing behind: no reference, wire, lock or preparation
 * UNITS       as the verbs
 * OWNERSHIP   the caller has the storage of the answers; a replay borrows its answers and names
 * ERRORS      a fact that does not hold says which verb gave what, and what was wanted
 * EVENTS      those of the verbs
 * XNU         none; each fact names what I/O Kit promises
 */
#ifndef CORE_CONTRACT_H
#define CORE_CONTRACT_H

#include "core_out.h"

enum { CONTRACT_ANSWERS_MAX = 384, CONTRACT_PAGES = 8 };

struct contract_answer {
    const char *fact;
    const char *verb;
    int64_t gave;
};

/* What a fact came to. */
struct contract_fact {
    const char *name;
    const char *text;
    bool is_skipped; /* the backend says that it cannot do this */
    bool has_failed;
    const char *verb; /* the first that was wrong */
    int64_t gave;
    int64_t wanted;
    const char *why; /* of a recording that does not fit; NULL: the numbers say it */
};

/* A world to ask: CONTRACT_PAGES pages of a task that nobody has touched, and a hole behind them. */
struct contract_place {
    vmk_task_t task;
    uint64_t address;
    uint64_t page_bytes;
};

struct contract {
    vmk_info_t info;
    struct contract_place place;
    bool is_replay;
    const struct contract_answer *recorded; /* of a replay */
    size_t recorded_count;
    struct contract_answer answers[CONTRACT_ANSWERS_MAX];
    size_t count;
    struct contract_fact *fact; /* the one that runs */
};

/* How many facts there are: what `facts` below has room for. */
size_t contract_fact_count(void);

/* Asks the backend behind vmk.h. facts: contract_fact_count() of them. True: every fact holds. */
bool contract_run(struct contract *contract, const struct contract_place *place,
                  struct contract_fact *facts);

/* Asks a recording: `info` is that of the backend that was recorded. */
bool contract_replay(struct contract *contract, const vmk_info_t *info,
                     const struct contract_answer *recorded, size_t count,
                     struct contract_fact *facts);

/* One line a fact, then a verdict; or the recording itself (docs/contract.md). */
void contract_print_text(const struct core_out *out, const struct contract *contract,
                         const struct contract_fact *facts);
void contract_print_json(const struct core_out *out, const struct contract *contract,
                         const struct contract_fact *facts);

#endif

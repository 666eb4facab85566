/*
 * explain.h - what a word of the model means, why, and which call helps
 *
 * PURPOSE     One door to everything that has a name here: codes, rules, events, traps of the spec and
 *             behaviours of a profile.
 * INVARIANTS  W1  every status has its row in explain_codes.def; a name has one meaning
 * UNITS       none
 * OWNERSHIP   all texts are constants
 * ERRORS      false: the word is unknown, and *guess has the nearest
 * EVENTS      none
 * XNU         each text names its source
 */
#ifndef CORE_EXPLAIN_H
#define CORE_EXPLAIN_H

#include "scn.h"
#include "scn_words.h"

enum explain_kind {
    EXPLAIN_A_CODE,
    EXPLAIN_A_RULE,
    EXPLAIN_AN_EVENT,
    EXPLAIN_A_TRAP,
    EXPLAIN_A_BEHAVIOUR,
    EXPLAIN_KINDS
};

struct explain {
    enum explain_kind kind;
    const char *word;
    const char *what;   /* one or two sentences */
    const char *why;    /* NULL: what says it all */
    const char *fix;    /* the call or the habit that helps; NULL: there is nothing to fix */
    const char *source; /* of the spec and of XNU */
    int32_t code;       /* EXPLAIN_A_CODE: its number */
    size_t index;       /* in its own table */
};

/* "code", "rule", "event", "trap", "behaviour" */
const char *explain_kind_name(enum explain_kind kind);

/* Every word, kind by kind, in the order of the tables. */
size_t explain_count(void);
void explain_at(size_t index, struct explain *explain);

/* By name, whatever its case, or a code by its number ("2", "0xE00002C2", "-536870206"). */
bool explain_find(const char *word, struct explain *explain, struct scn_guess *guess);

void explain_print_text(const struct core_out *out, const struct explain *explain);
void explain_print_json(const struct core_out *out, const struct explain *explain);
/* A line for each word. */
void explain_print_list(const struct core_out *out);

#endif

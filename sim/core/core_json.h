/*
 * core_json.h - writing JSON objects, key by key
 *
 * PURPOSE     The writer behind `--json`: keys come in the order they are put, numbers that may need more than
 *             53 bits are hex strings, text from outside is made safe. (The story, the profiles and kpi have a
 *             layout of their own, which their readers know: they put their keys by hand.)
 * INVARIANTS  none
 * UNITS       none
 * OWNERSHIP   borrows the caller's struct core_out
 * ERRORS      none: an out that cannot take bytes deals with it itself
 * EVENTS      none
 * XNU         none
 */
#ifndef CORE_CORE_JSON_H
#define CORE_CORE_JSON_H

#include "core_out.h"

struct core_json {
    const struct core_out *out;
    bool has_keys;
};

/* `{` and `}`; an object inside another one begins behind core_json_key(). */
struct core_json core_json_begin(const struct core_out *out);
void core_json_end(const struct core_json *object);

/* `{ "schema": .., "program": .., "version": .., "verb": ..`: how every answer of a verb begins. */
struct core_json core_json_begin_answer(const struct core_out *out, const char *verb);
void core_json_end_answer(const struct core_json *object);

/* `"name": `, with a comma before it unless it is the first. */
void core_json_key(struct core_json *object, const char *name);

/* The elements of a list stand one a line. `index`: from 0. */
void core_json_list(struct core_json *object, const char *name);
void core_json_element(const struct core_out *out, size_t index);
void core_json_list_end(const struct core_out *out);

void core_json_string(struct core_json *object, const char *name, const char *value);
void core_json_number(struct core_json *object, const char *name, uint64_t value);
void core_json_bool(struct core_json *object, const char *name, bool value);
void core_json_hex(struct core_json *object, const char *name, uint64_t value);
/* { "code": .., "name": .. } */
void core_json_status(struct core_json *object, const char *name, int32_t status);

/* "profile": { "name": .., "label": .., "tag": .., "release": .. } */
void core_json_profile(struct core_json *object, size_t row);

#endif

/*
 * cmd_json.h - answers of the program, read back
 *
 * PURPOSE     A report or a recording from a file, checked before it is used.
 * INVARIANTS  none
 * UNITS       none
 * OWNERSHIP   cmd_json_load() gives one reference, for json_decref()
 * ERRORS      NULL after one complaint on `err`
 * EVENTS      none
 * XNU         none
 */
#ifndef CMD_CMD_JSON_H
#define CMD_CMD_JSON_H

#include <jansson.h>

#include "cmd/cmd.h"

/* The object in a file, which has a list under `list` (NULL: under "runs" or "answers"). */
json_t *cmd_json_load(const char *file, const char *list, struct io_bytes *err);

/* A string or a number of an object; NULL or false when there is none of that kind. */
const char *cmd_json_text(const json_t *object, const char *key);
bool cmd_json_number(const json_t *object, const char *key, int64_t *number);

#endif

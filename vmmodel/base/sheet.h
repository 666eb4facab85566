/*
 * sheet.h - tables of numbers with a source each: machines, prices
 *
 * PURPOSE     A sheet has fields (name, unit, what it means, what is allowed) and rows; a row says only
 *             what differs from the row it is based on, and every number says where it was read.
 * INVARIANTS  D1  every field of every row has a value and a source: the first row sets them all
 *             D2  low <= value <= high, and all three are within what the field allows
 * UNITS       as each field says
 * OWNERSHIP   sheets are constants; values are plain
 * ERRORS      false for names that no field or row has
 * EVENTS      none
 * XNU         none
 */
#ifndef BASE_SHEET_H
#define BASE_SHEET_H

#include "base/types.h"

struct sheet_field {
    const char *name;
    const char *unit;
    const char *text;
    uint64_t minimum;
    uint64_t maximum;
};

struct sheet_value {
    uint64_t value;
    uint64_t low; /* the spread: what other sources or machines of the kind say */
    uint64_t high;
    /* Begins with its trust: "A: " read here, "B: " secondary, "C: " from memory, or "GUESS". */
    const char *source;
};

/* Begins a row (`row` set), or sets one field of the row it stands in. */
struct sheet_line {
    const char *row;
    const char *label;
    const char *base; /* NULL: the row before */
    uint32_t field;
    struct sheet_value value;
};

struct sheet {
    const struct sheet_field *fields;
    const struct sheet_line *lines;
    size_t field_count;
    size_t line_count;
};

enum { SHEET_MAX_FIELDS = 40 }; /* room for the values of any sheet's row */

/* How many rows there are; the name and the label of row `row` < that. */
size_t sheet_row_count(const struct sheet *sheet);
const char *sheet_row_name(const struct sheet *sheet, size_t row);
const char *sheet_row_label(const struct sheet *sheet, size_t row);

/* Finds a row or a field by its name of `length` bytes; true and its index written when it is known. */
bool sheet_row_find(const struct sheet *sheet, const char *name, size_t length, size_t *row);
bool sheet_field_find(const struct sheet *sheet, const char *name, size_t length, size_t *field);

/* Fills values[field_count] with what the row says, and with what it is based on. */
void sheet_row_values(const struct sheet *sheet, size_t row, struct sheet_value *values);

#endif

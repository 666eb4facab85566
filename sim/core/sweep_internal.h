/*
 * sweep_internal.h - the parts of a sweep, for its two files
 *
 * PURPOSE     sweep.c reads params into a grid; sweep_text.c writes the text of a point.
 * INVARIANTS  see sweep.h
 * UNITS       column: bytes from 1
 * OWNERSHIP   everything lies in the sweep's arena
 * ERRORS      none of its own
 * EVENTS      none
 * XNU         none
 */
#ifndef CORE_SWEEP_INTERNAL_H
#define CORE_SWEEP_INTERNAL_H

#include "core_arena.h"
#include "sweep.h"

/* 25% is 25 / 100, 4K is 4096 / 1. */
struct sweep_number {
    uint64_t numerator;
    uint64_t denominator;
};

struct sweep_value {
    const char *text;
    bool is_number;
    struct sweep_number number;
};

struct sweep_param {
    const char *name;
    struct sweep_value *values;
    size_t value_count;
};

struct sweep {
    struct core_arena arena;
    const char *text;
    size_t length;
    struct sweep_param params[SWEEP_PARAMS_MAX];
    size_t param_count;
    uint64_t point_count;
    uint64_t seed;
};

/* A line of the file, and where in it a reader stands. */
struct sweep_line {
    const char *bytes;
    size_t length; /* without the line's end */
    size_t at;
    uint32_t number;
};

/* The next line of the text at *at, or false behind the last. */
bool sweep_next_line(const struct sweep *sweep, size_t *at, struct sweep_line *line);

void sweep_skip_blanks(struct sweep_line *line);
/* A word of letters, digits, '-', '_' at the reader's place; 0: none. */
size_t sweep_word_length(const struct sweep_line *line);
bool sweep_is_word(const struct sweep_line *line, const char *word);

/* A parameter by name, or NULL. */
const struct sweep_param *sweep_param_named(const struct sweep *sweep, const char *name,
                                            size_t length);

/* "12", "4K", "16p", "25%"; false: no number. `length` bytes are all of it. */
bool sweep_number_read(const char *bytes, size_t length, struct sweep_number *number);

/* Fills *error for the reader's place; returns SCN_BAD_SOURCE. */
enum scn_outcome sweep_fail(struct scn_error *error, const struct sweep_line *line, const char *how,
                            const char *format, ...) __attribute__((format(printf, 4, 5)));

#endif

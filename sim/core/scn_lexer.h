/*
 * scn_lexer.h - lines and words
 *
 * PURPOSE     Cuts a source into lines and each line into words, and refuses what is no text.
 * INVARIANTS  X1  every line ends with a SCN_TOKEN_END, whose column is one past the last byte
 * UNITS       column: bytes from 1
 * OWNERSHIP   tokens point into the source
 * ERRORS      false with *error filled
 * EVENTS      none
 * XNU         none
 */
#ifndef CORE_SCN_LEXER_H
#define CORE_SCN_LEXER_H

#include "scn.h"

enum scn_token_kind {
    SCN_TOKEN_END, /* of the line */
    SCN_TOKEN_WORD,
    SCN_TOKEN_STRING, /* bytes: between the quotes, escapes as written */
    SCN_TOKEN_EQUALS,
    SCN_TOKEN_PLUS,
    SCN_TOKEN_COLON,
    SCN_TOKEN_OPEN,
    SCN_TOKEN_CLOSE
};

struct scn_token {
    enum scn_token_kind kind;
    const char *bytes;
    size_t length;
    uint32_t column;
};

enum { SCN_LINE_TOKENS = 512 };

struct scn_line {
    uint32_t number;
    size_t count; /* without the SCN_TOKEN_END */
    struct scn_token tokens[SCN_LINE_TOKENS + 1];
};

struct scn_source {
    const char *bytes;
    size_t length;
    size_t at;       /* where the next line begins */
    uint32_t number; /* of the last line read */
};

/* Checks size and characters of the whole source and goes to its start. */
bool scn_source_open(struct scn_source *source, const char *bytes, size_t length,
                     struct scn_error *error);

/* Reads the next line; *is_end at the end of the source, where no line is read. */
bool scn_source_line(struct scn_source *source, struct scn_line *line, bool *is_end,
                     struct scn_error *error);

#endif

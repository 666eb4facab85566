/*
 * scn_parser.h - the parser's parts, for each other
 *
 * PURPOSE     scn_parser.c reads lines, blocks and names; scn_parse_header.c what stands before the
 *             first operation; scn_parse_operation.c and scn_parse_expect.c what stands behind a
 *             word; scn_parse_value.c numbers, places and strings.
 * INVARIANTS  Q1  a function that returns false has filled the error or set SCN_NO_MEMORY
 * UNITS       column: bytes from 1
 * OWNERSHIP   the parser lives for one scn_parse(); what it makes lies in the program's arena
 * ERRORS      false; the first error wins
 * EVENTS      none
 * XNU         none
 */
#ifndef CORE_SCN_PARSER_H
#define CORE_SCN_PARSER_H

#include "scn_lexer.h"
#include "scn_program.h"

enum { SCN_HASH_SIZE = 1024 };

struct scn_block {
    uint32_t line; /* that opened it */
    uint32_t column;
    enum scn_form form; /* of the statement that opens it */
    uint32_t number;    /* SCN_OPEN: the section; SCN_THREAD: which thread */
    struct scn_rows rows;
};

struct scn_parser {
    struct scn_program *program;
    struct core_arena *arena;
    struct scn_error *error;
    enum scn_outcome outcome;

    struct scn_line line;
    size_t at;                     /* the next token of the line */
    const struct scn_token *start; /* the first token of the statement */

    struct scn_statement **tail;
    struct scn_name **name_tail;
    struct scn_rows rows;  /* of the statement being read */
    struct scn_rows asked; /* that the file asks for */
    bool header_is_over;
    bool has_title;
    bool has_machine;
    const char *profile_line; /* "profile" or "each", once seen */

    struct scn_block blocks[SCN_DEPTH_MAX];
    uint32_t depth;
    bool brace_is_due; /* `nofault KIND` or `thread NAME` stood at the end of a line */

    struct scn_name *hash[SCN_HASH_SIZE];
};

/* ---- tokens of the line ---- */
const struct scn_token *scn_peek(const struct scn_parser *parser);
const struct scn_token *scn_peek_after(const struct scn_parser *parser);
const struct scn_token *scn_take(struct scn_parser *parser); /* the end is never passed */
/* Takes the token if it is of that kind. */
bool scn_take_kind(struct scn_parser *parser, enum scn_token_kind kind);
/* Takes the token if it is that word. */
bool scn_take_word(struct scn_parser *parser, const char *word);
/* Whether the statement ends here: end of line or a brace. */
bool scn_at_end(const struct scn_parser *parser);

/* ---- errors; all return false ---- */
/* "WHAT 'token'", or "WHAT" at an end. */
bool scn_fail_token(struct scn_parser *parser, const struct scn_token *token, const char *what,
                    const char *how);
/* The same, and "did you mean" when there is a guess, else `how`. */
bool scn_fail_guess(struct scn_parser *parser, const struct scn_token *token, const char *what,
                    const struct scn_guess *guess, const char *how);
bool scn_fail_text(struct scn_parser *parser, const struct scn_token *token, const char *how,
                   const char *format, ...) __attribute__((format(printf, 4, 5)));
bool scn_fail_memory(struct scn_parser *parser);

/* ---- values; `syntax` is for the error ---- */
bool scn_parse_number(struct scn_parser *parser, const char *syntax, struct scn_number *number);
bool scn_parse_plain(struct scn_parser *parser, const char *syntax, uint64_t most,
                     uint64_t *value); /* no pages, at most `most` */
bool scn_parse_string(struct scn_parser *parser, const char *syntax, const char **string);
/* A name of one of the types in the mask (bit 1 << type). `verb` takes it. */
bool scn_parse_name(struct scn_parser *parser, const char *verb, const char *syntax, uint32_t types,
                    uint32_t *index);
/* NAME[+OFFSET] and, where may_span, [:LENGTH]. */
bool scn_parse_place(struct scn_parser *parser, const char *verb, const char *syntax, bool may_span,
                     struct scn_place *place);
bool scn_parse_places(struct scn_parser *parser, const char *verb, const char *syntax,
                      struct scn_place **places, size_t *count);
bool scn_parse_word(struct scn_parser *parser, const struct scn_word_list *list, const char *what,
                    const char *syntax, uint32_t *value);
/* ok, a number, or the name of a status. */
bool scn_parse_status(struct scn_parser *parser, const char *syntax, int32_t *status);
/* Whether a number stands next. */
bool scn_number_is_next(const struct scn_parser *parser);

/* ---- names ---- */
/* Words that may follow a name and so cannot be one: at-least, cow, read-only and their like. */
bool scn_name_is_reserved(const char *bytes, size_t length);
struct scn_name *scn_name_lookup(const struct scn_parser *parser, const char *bytes, size_t length);
/* Binds a name to a type on the statement's rows. */
bool scn_name_bind(struct scn_parser *parser, const struct scn_token *token, enum scn_type type,
                   uint32_t *index);

/* ---- statements ---- */
/* A header line: *is_header tells whether it was one. */
bool scn_parse_header(struct scn_parser *parser, bool *is_header);
void scn_header_end(struct scn_parser *parser); /* what it left open gets its default */
bool scn_parse_operation(struct scn_parser *parser, const struct scn_token *name,
                         struct scn_statement *statement);
bool scn_parse_expect(struct scn_parser *parser, struct scn_statement *statement);
bool scn_parse_report(struct scn_parser *parser, struct scn_statement *statement);

#endif

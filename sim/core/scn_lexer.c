/*
 * scn_lexer.c - first "is this text?", then line by line
 */
#include "scn_lexer.h"

#include <string.h>

/* ---- the whole source ---- */

static bool
is_text_byte(const char *bytes, size_t at, size_t length)
{
    unsigned char byte = (unsigned char)bytes[at];

    if (byte == '\r')
        return at + 1 < length && bytes[at + 1] == '\n';
    return (byte >= 0x20 && byte != 0x7f) || byte == '\t' || byte == '\n';
}

static bool
check_characters(const char *bytes, size_t length, struct scn_error *error)
{
    uint32_t line = 1;
    size_t start = 0;

    for (size_t i = 0; i < length; i++) {
        if (!is_text_byte(bytes, i, length)) {
            scn_error_set(error, line, i - start + 1,
                          "a scenario is plain text, one operation a line",
                          "control character 0x%02x: this is no text file",
                          (unsigned)(unsigned char)bytes[i]);
            return false;
        }
        if (bytes[i] == '\n') {
            line++;
            start = i + 1;
        }
    }
    return true;
}

bool
scn_source_open(struct scn_source *source, const char *bytes, size_t length,
                struct scn_error *error)
{
    static const char mark[] = "\xEF\xBB\xBF"; /* some editors put it before the first line */

    if (length > SCN_SOURCE_MAX) {
        scn_error_set(error, 0, 0, "split the scenario", "more than %d bytes", (int)SCN_SOURCE_MAX);
        return false;
    }
    if (!check_characters(bytes, length, error))
        return false;
    *source = (struct scn_source){ .bytes = bytes, .length = length };
    if (length >= 3 && memcmp(bytes, mark, 3) == 0)
        source->at = 3;
    return true;
}

/* ---- one line ---- */

struct cursor {
    const char *bytes; /* the line */
    size_t length;
    size_t at;
};

static bool
is_word_byte(char byte)
{
    return (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') ||
           (byte >= '0' && byte <= '9') || byte == '_' || byte == '-' || byte == '.';
}

/* The length of the string whose opening quote is at the cursor, both quotes included; 0: open. */
static size_t
string_length(const struct cursor *cursor)
{
    for (size_t i = cursor->at + 1; i < cursor->length; i++) {
        if (cursor->bytes[i] == '"')
            return i + 1 - cursor->at;
        if (cursor->bytes[i] == '\\')
            i++;
    }
    return 0;
}

static enum scn_token_kind
single_byte_kind(char byte)
{
    switch (byte) {
    case '=':
        return SCN_TOKEN_EQUALS;
    case '+':
        return SCN_TOKEN_PLUS;
    case ':':
        return SCN_TOKEN_COLON;
    case '{':
        return SCN_TOKEN_OPEN;
    case '}':
        return SCN_TOKEN_CLOSE;
    default:
        return SCN_TOKEN_END;
    }
}

static void
unexpected_byte(const struct cursor *cursor, uint32_t line, struct scn_error *error)
{
    unsigned char byte = (unsigned char)cursor->bytes[cursor->at];
    static const char how[] =
        "words are letters, digits, '-', '_' and '.'; free text stands in \"quotes\"";

    if (byte < 0x80)
        scn_error_set(error, line, cursor->at + 1, how, "unexpected character '%c'", byte);
    else
        scn_error_set(error, line, cursor->at + 1, how, "unexpected byte 0x%02x", (unsigned)byte);
}

/* One token at the cursor, which stands on no space. */
static bool
lex_token(struct cursor *cursor, uint32_t line, struct scn_token *token, struct scn_error *error)
{
    const char *start = cursor->bytes + cursor->at;
    size_t length = 1;

    *token = (struct scn_token){ .bytes = start, .column = (uint32_t)cursor->at + 1 };
    if (*start == '"') {
        length = string_length(cursor);
        token->kind = SCN_TOKEN_STRING;
        token->bytes = start + 1;
        token->length = length - 2;
        if (length == 0) {
            scn_error_set(error, line, token->column, "end it with \" on the same line",
                          "the string has no end");
            return false;
        }
    } else if (is_word_byte(*start)) {
        while (cursor->at + length < cursor->length && is_word_byte(start[length]))
            length++;
        token->kind = SCN_TOKEN_WORD;
        token->length = length;
    } else {
        token->kind = single_byte_kind(*start);
        token->length = 1;
        if (token->kind == SCN_TOKEN_END) {
            unexpected_byte(cursor, line, error);
            return false;
        }
    }
    cursor->at += length;
    return true;
}

static void
skip_space(struct cursor *cursor)
{
    while (cursor->at < cursor->length &&
           (cursor->bytes[cursor->at] == ' ' || cursor->bytes[cursor->at] == '\t'))
        cursor->at++;
    if (cursor->at < cursor->length && cursor->bytes[cursor->at] == '#')
        cursor->length = cursor->at;
}

static bool
lex_line(struct cursor *cursor, struct scn_line *line, struct scn_error *error)
{
    line->count = 0;
    for (skip_space(cursor); cursor->at < cursor->length; skip_space(cursor)) {
        if (line->count == SCN_LINE_TOKENS) {
            scn_error_set(error, line->number, cursor->at + 1, "one operation a line",
                          "too many words on one line");
            return false;
        }
        if (!lex_token(cursor, line->number, &line->tokens[line->count], error))
            return false;
        line->count++;
    }
    line->tokens[line->count] = (struct scn_token){
        .kind = SCN_TOKEN_END,
        .bytes = cursor->bytes + cursor->length,
        .column = (uint32_t)cursor->length + 1,
    };
    return true;
}

/* Finds the line at source->at and steps over its end. */
static struct cursor
take_line(struct scn_source *source)
{
    const char *start = source->bytes + source->at;
    size_t left = source->length - source->at;
    const char *newline = memchr(start, '\n', left);
    size_t length = newline != NULL ? (size_t)(newline - start) : left;

    source->at += newline != NULL ? length + 1 : length;
    source->number++;
    if (length > 0 && start[length - 1] == '\r')
        length--;
    return (struct cursor){ .bytes = start, .length = length };
}

bool
scn_source_line(struct scn_source *source, struct scn_line *line, bool *is_end,
                struct scn_error *error)
{
    struct cursor cursor;

    *is_end = source->at >= source->length;
    if (*is_end)
        return true;
    cursor = take_line(source);
    line->number = source->number;
    if (cursor.length > SCN_LINE_MAX) {
        scn_error_set(error, line->number, SCN_LINE_MAX + 1, "one operation a line",
                      "the line is longer than %d bytes", (int)SCN_LINE_MAX);
        return false;
    }
    return lex_line(&cursor, line, error);
}

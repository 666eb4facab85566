/*
 * scn_parse_value.c - numbers, places, strings, and the errors about them
 */
#include "scn_parser.h"

#include <stdarg.h>
#include <string.h>

/* ---- errors ---- */

enum { SCN_CLIP = 40 }; /* of a token, as an error shows it */

/* Terminates a token's text in `text`, cut to fit. */
static const char *
clip(const struct scn_token *token, char text[SCN_CLIP + 1])
{
    size_t length = token->length < SCN_CLIP ? token->length : SCN_CLIP;

    memcpy(text, token->bytes, length);
    text[length] = '\0';
    return text;
}

static void
begin_error(struct scn_parser *parser, const struct scn_token *token, const char *how,
            struct vmm_text *what)
{
    struct vmm_text how_text;

    parser->outcome = SCN_BAD_SOURCE;
    parser->error->line = parser->line.number;
    parser->error->column = token->column;
    vmm_text_init(&how_text, parser->error->how, sizeof parser->error->how);
    vmm_text_put(&how_text, how);
    vmm_text_init(what, parser->error->what, sizeof parser->error->what);
}

bool
scn_fail_token(struct scn_parser *parser, const struct scn_token *token, const char *what,
               const char *how)
{
    char shown[SCN_CLIP + 1];
    struct vmm_text text;

    begin_error(parser, token, how, &text);
    vmm_text_put(&text, what);
    if (token->kind == SCN_TOKEN_END)
        vmm_text_put(&text, ", but the line ends here");
    else
        vmm_text_format(&text, " '%s'", clip(token, shown));
    return false;
}

bool
scn_fail_guess(struct scn_parser *parser, const struct scn_token *token, const char *what,
               const struct scn_guess *guess, const char *how)
{
    char line[160];
    struct vmm_text text;

    if (guess->word == NULL)
        return scn_fail_token(parser, token, what, how);
    vmm_text_init(&text, line, sizeof line);
    vmm_text_format(&text, "did you mean '%s'?", guess->word);
    return scn_fail_token(parser, token, what, line);
}

bool
scn_fail_text(struct scn_parser *parser, const struct scn_token *token, const char *how,
              const char *format, ...)
{
    struct vmm_text text;
    va_list arguments;

    begin_error(parser, token, how, &text);
    va_start(arguments, format);
    vmm_text_vformat(&text, format, arguments);
    va_end(arguments);
    return false;
}

bool
scn_fail_memory(struct scn_parser *parser)
{
    parser->outcome = SCN_NO_MEMORY;
    return false;
}

static bool
fail_syntax(struct scn_parser *parser, const struct scn_token *token, const char *what,
            const char *syntax)
{
    char line[160];
    struct vmm_text text;

    vmm_text_init(&text, line, sizeof line);
    vmm_text_put(&text, "write: ");
    vmm_text_put(&text, syntax);
    return scn_fail_token(parser, token, what, line);
}

/* ---- numbers ---- */

enum { NUMBER_PAGE_SHIFT = 16 }; /* no page of ours is larger than 64 KiB */

static int
digit_of(char byte)
{
    if (byte >= '0' && byte <= '9')
        return byte - '0';
    if (byte >= 'a' && byte <= 'f')
        return byte - 'a' + 10;
    if (byte >= 'A' && byte <= 'F')
        return byte - 'A' + 10;
    return 16;
}

/* The digits at the start of a token: how many, or 0; *fits is false when they need over 64 bits. */
static size_t
read_digits(const struct scn_token *token, uint64_t *value, bool *fits)
{
    bool is_hex = token->length > 2 && token->bytes[0] == '0' &&
                  (token->bytes[1] == 'x' || token->bytes[1] == 'X');
    uint64_t base = is_hex ? 16 : 10;
    size_t start = is_hex ? 2 : 0;
    size_t i = start;

    *value = 0;
    *fits = true;
    for (; i < token->length; i++) {
        uint64_t digit = (uint64_t)digit_of(token->bytes[i]);

        if (digit >= base)
            break;
        if (*value > (UINT64_MAX - digit) / base)
            *fits = false;
        *value = *value * base + digit;
    }
    return i > start ? i : 0;
}

/* The suffix at the end: its power of two, or -1. */
static int
suffix_shift(const struct scn_token *token, size_t at, bool *in_pages)
{
    *in_pages = false;
    if (at == token->length)
        return 0;
    if (at + 1 != token->length)
        return -1;
    switch (token->bytes[at]) {
    case 'K':
    case 'k':
        return 10;
    case 'M':
    case 'm':
        return 20;
    case 'G':
    case 'g':
        return 30;
    case 'p':
        *in_pages = true;
        return 0;
    default:
        return -1;
    }
}

bool
scn_parse_number(struct scn_parser *parser, const char *syntax, struct scn_number *number)
{
    const struct scn_token *token = scn_peek(parser);
    bool fits = true;
    size_t digits = 0;
    uint64_t value = 0;
    int shift;

    if (token->kind != SCN_TOKEN_WORD)
        return fail_syntax(parser, token, "a number is missing", syntax);
    digits = read_digits(token, &value, &fits);
    shift = suffix_shift(token, digits, &number->in_pages);
    if (digits == 0 || shift < 0)
        return scn_fail_token(parser, token, "this is no number:",
                              "write 4096, 0x1000, 4K, 1M, 1G, or 16p for 16 pages");
    if (!fits || value > UINT64_MAX >> shift ||
        (number->in_pages && value > UINT64_MAX >> NUMBER_PAGE_SHIFT))
        return scn_fail_token(parser, token, "the number needs more than 64 bits:",
                              "the largest is 0xffffffffffffffff");
    number->value = value << shift;
    scn_take(parser);
    return true;
}

bool
scn_parse_plain(struct scn_parser *parser, const char *syntax, uint64_t most, uint64_t *value)
{
    const struct scn_token *token = scn_peek(parser);
    struct scn_number number;
    char how[160];
    struct vmm_text text;

    if (!scn_parse_number(parser, syntax, &number))
        return false;
    vmm_text_init(&text, how, sizeof how);
    vmm_text_format(&text, "at most %llu here, and no pages", (unsigned long long)most);
    if (number.in_pages || number.value > most)
        return scn_fail_token(parser, token, "out of range:", how);
    *value = number.value;
    return true;
}

bool
scn_number_is_next(const struct scn_parser *parser)
{
    const struct scn_token *token = scn_peek(parser);

    return token->kind == SCN_TOKEN_WORD && token->bytes[0] >= '0' && token->bytes[0] <= '9' &&
           scn_peek_after(parser)->kind != SCN_TOKEN_EQUALS;
}

/* ---- statuses ---- */

static void
scn_guess_status(struct scn_guess *guess, const struct scn_token *token)
{
    scn_guess_init(guess, token->bytes, token->length);
#define VMM_STATUS(id, number, name, text) scn_guess_offer(guess, name);
#include "base/status.def"
#undef VMM_STATUS
}

bool
scn_parse_status(struct scn_parser *parser, const char *syntax, int32_t *status)
{
    const struct scn_token *token = scn_peek(parser);
    enum vmm_status known = VMM_OK;
    struct scn_guess guess;
    uint64_t number = 0;

    if (scn_number_is_next(parser)) {
        if (!scn_parse_plain(parser, syntax, UINT32_MAX, &number))
            return false;
        *status = (int32_t)(uint32_t)number;
        return true;
    }
    if (token->kind != SCN_TOKEN_WORD)
        return scn_fail_token(parser, token, "a status is missing", syntax);
    if (!scn_take_word(parser, "ok")) {
        if (!vmm_status_by_name(token->bytes, token->length, &known)) {
            scn_guess_status(&guess, token);
            return scn_fail_guess(parser, token, "unknown status", &guess,
                                  "ok, null, a number, or a name: KERN_PROTECTION_FAILURE, "
                                  "kIOReturnBadArgument");
        }
        scn_take(parser);
    }
    *status = (int32_t)known;
    return true;
}

/* ---- strings ---- */

bool
scn_parse_string(struct scn_parser *parser, const char *syntax, const char **string)
{
    const struct scn_token *token = scn_peek(parser);
    size_t length = 0;
    char *copy;

    if (token->kind != SCN_TOKEN_STRING)
        return fail_syntax(parser, token, "a \"string\" is missing", syntax);
    copy = core_arena_take(parser->arena, token->length + 1);
    if (copy == NULL)
        return scn_fail_memory(parser);
    for (size_t i = 0; i < token->length; i++) {
        if (token->bytes[i] == '\\' && ++i < token->length && token->bytes[i] != '"' &&
            token->bytes[i] != '\\')
            return scn_fail_token(parser, token, "unknown escape in the string",
                                  "only \\\" and \\\\ are escapes");
        copy[length++] = token->bytes[i];
    }
    *string = copy;
    scn_take(parser);
    return true;
}

/* ---- words and names ---- */

bool
scn_parse_word(struct scn_parser *parser, const struct scn_word_list *list, const char *what,
               const char *syntax, uint32_t *value)
{
    const struct scn_token *token = scn_peek(parser);
    const struct scn_word *word = NULL;
    struct scn_guess guess;
    char line[160];
    struct vmm_text text;

    if (token->kind != SCN_TOKEN_WORD) {
        vmm_text_init(&text, line, sizeof line);
        vmm_text_format(&text, "%s is missing", what);
        return fail_syntax(parser, token, line, syntax);
    }
    word = scn_word_find(list, token->bytes, token->length);
    if (word == NULL) {
        scn_guess_init(&guess, token->bytes, token->length);
        scn_guess_offer_list(&guess, list);
        vmm_text_init(&text, line, sizeof line);
        vmm_text_put(&text, "one of:");
        for (size_t i = 0; i < list->count; i++)
            vmm_text_format(&text, " %s", list->words[i].word);
        return scn_fail_guess(parser, token, what, &guess, line);
    }
    *value = word->value;
    scn_take(parser);
    return true;
}

/* Whether a name and not a number or a keyword stands next. */
static bool
name_is_next(const struct scn_parser *parser)
{
    const struct scn_token *token = scn_peek(parser);

    return token->kind == SCN_TOKEN_WORD && !scn_number_is_next(parser) &&
           scn_peek_after(parser)->kind != SCN_TOKEN_EQUALS &&
           !scn_name_is_reserved(token->bytes, token->length);
}

static bool
fail_unbound(struct scn_parser *parser, const struct scn_token *token, const char *syntax)
{
    struct scn_guess guess;
    char line[160];
    struct vmm_text text;

    scn_guess_init(&guess, token->bytes, token->length);
    for (size_t i = 0; i < SCN_HASH_SIZE; i++) {
        for (struct scn_name *name = parser->hash[i]; name != NULL; name = name->next_same_hash)
            scn_guess_offer(&guess, name->text);
    }
    vmm_text_init(&text, line, sizeof line);
    vmm_text_format(&text, "bind it in a line above; here: %s", syntax);
    return scn_fail_guess(parser, token, "nothing is bound to", &guess, line);
}

/* "m is a map, prepare takes a descriptor" */
static bool
fail_type(struct scn_parser *parser, const struct scn_token *token, const struct scn_name *name,
          const char *verb, uint32_t types)
{
    char wanted[80];
    struct vmm_text text;
    char how[160];

    vmm_text_init(&text, wanted, sizeof wanted);
    for (uint32_t type = SCN_TASK; type < SCN_TYPE_COUNT; type++) {
        if ((types >> type & 1) == 0)
            continue;
        vmm_text_put(&text, text.length > 0 ? " or " : "");
        vmm_text_put(&text, scn_type_phrase((enum scn_type)type));
    }
    vmm_text_init(&text, how, sizeof how);
    if (name->index == SCN_KERNEL_NAME)
        vmm_text_put(&text, "kernel is the kernel's task");
    else
        vmm_text_format(&text, "line %u binds %s", name->line, name->text);
    return scn_fail_text(parser, token, how, "%s is %s, %s takes %s", name->text,
                         scn_type_phrase(name->type), verb, wanted);
}

bool
scn_parse_name(struct scn_parser *parser, const char *verb, const char *syntax, uint32_t types,
               uint32_t *index)
{
    const struct scn_token *token = scn_peek(parser);
    const struct scn_name *name;
    struct scn_rows rows;

    if (token->kind != SCN_TOKEN_WORD)
        return fail_syntax(parser, token, "a name is missing", syntax);
    name = scn_name_lookup(parser, token->bytes, token->length);
    if (name == NULL)
        return fail_unbound(parser, token, syntax);
    if ((types >> name->type & 1) == 0)
        return fail_type(parser, token, name, verb, types);
    rows = scn_rows_both(&parser->rows, &parser->asked);
    if (!scn_rows_covers(&name->rows, &rows))
        return scn_fail_text(parser, token, "put the same `on` before this line",
                             "%s is not bound on every release that this line runs on", name->text);
    *index = name->index;
    scn_take(parser);
    return true;
}

bool
scn_parse_place(struct scn_parser *parser, const char *verb, const char *syntax, bool may_span,
                struct scn_place *place)
{
    *place = (struct scn_place){ 0 };
    if (!scn_parse_name(parser, verb, syntax, 1u << SCN_BUFFER | 1u << SCN_MAP, &place->name))
        return false;
    place->has_offset = scn_take_kind(parser, SCN_TOKEN_PLUS);
    if (place->has_offset && !scn_parse_number(parser, syntax, &place->offset))
        return false;
    place->has_length = may_span && scn_take_kind(parser, SCN_TOKEN_COLON);
    return !place->has_length || scn_parse_number(parser, syntax, &place->length);
}

bool
scn_parse_places(struct scn_parser *parser, const char *verb, const char *syntax,
                 struct scn_place **places, size_t *count)
{
    size_t most = parser->line.count - parser->at + 1; /* each takes at least one token */

    *count = 0;
    *places = core_arena_array(parser->arena, most, sizeof **places);
    if (*places == NULL)
        return scn_fail_memory(parser);
    do {
        if (!scn_parse_place(parser, verb, syntax, true, *places + *count))
            return false;
        ++*count;
    } while (name_is_next(parser));
    return true;
}

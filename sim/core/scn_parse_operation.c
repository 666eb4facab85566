/*
 * scn_parse_operation.c - one operation, read along its row of scn_operations.def
 */
#include "scn_parser.h"

#include <string.h>

enum { SCN_ROW_MAX = 32 };

struct reader {
    struct scn_parser *parser;
    const struct scn_operation *operation;
    struct scn_operands *operands;
};

static bool
unknown_operation(struct scn_parser *parser)
{
    const struct scn_token *token = scn_peek(parser);
    static const char *const others[] = { "expect", "report",  "nofault", "on",      "thread",
                                          "title",  "profile", "each",    "machine", "schedule" };
    struct scn_guess guess;

    if (token->kind != SCN_TOKEN_WORD)
        return scn_fail_token(parser, token, "an operation is missing",
                              "one operation a line: app = task");
    scn_guess_init(&guess, token->bytes, token->length);
    scn_guess_offer_operations(&guess);
    for (size_t i = 0; i < VMM_COUNT_OF(others); i++)
        scn_guess_offer(&guess, others[i]);
    return scn_fail_guess(parser, token, "unknown operation", &guess,
                          "docs/scenario-language.md lists the operations");
}

/* ---- what stands behind the word, in order ---- */

static bool
read_name(struct reader *reader, uint32_t types)
{
    struct scn_place *place = &reader->operands->places[reader->operands->place_count++];

    return scn_parse_name(reader->parser, reader->operation->word, reader->operation->syntax, types,
                          &place->name);
}

static bool
read_place(struct reader *reader)
{
    struct scn_place *place = &reader->operands->places[reader->operands->place_count++];

    return scn_parse_place(reader->parser, reader->operation->word, reader->operation->syntax,
                           false, place);
}

static bool
read_number(struct reader *reader, bool may_be_missing)
{
    struct scn_operands *operands = reader->operands;

    if (may_be_missing && !scn_number_is_next(reader->parser))
        return true;
    return scn_parse_number(reader->parser, reader->operation->syntax,
                            &operands->numbers[operands->number_count++]);
}

static bool
read_word(struct reader *reader, const struct scn_word_list *list, const char *what,
          bool may_be_missing)
{
    const struct scn_token *token = scn_peek(reader->parser);

    if (may_be_missing && (token->kind != SCN_TOKEN_WORD ||
                           scn_peek_after(reader->parser)->kind == SCN_TOKEN_EQUALS ||
                           scn_word_find(&scn_options_list, token->bytes, token->length) != NULL))
        return true;
    reader->operands->has_word = true;
    return scn_parse_word(reader->parser, list, what, reader->operation->syntax,
                          &reader->operands->word);
}

/* wireRange() takes none too, but that is its other verb. */
static bool
read_wire_direction(struct reader *reader)
{
    const struct scn_token *token = scn_peek(reader->parser);

    if (!read_word(reader, &scn_directions, "a direction", false))
        return false;
    if (reader->operands->word == SCN_DIRECTION_NONE)
        return scn_fail_token(reader->parser, token, "wire takes in, out or inout, not",
                              "to undo a wiring: unwire M");
    return true;
}

static bool
read_spans(struct reader *reader)
{
    struct scn_operands *operands = reader->operands;
    const struct scn_token *token = scn_peek(reader->parser);

    if (!scn_parse_places(reader->parser, reader->operation->word, reader->operation->syntax,
                          &operands->places, &operands->place_count))
        return false;
    for (size_t i = 1; i < operands->place_count; i++) {
        if (operands->places[i].name != operands->places[0].name)
            return scn_fail_token(reader->parser, token,
                                  "the ranges of a descriptor lie in one buffer; the first is",
                                  "name the same buffer in every range");
    }
    return true;
}

/* Names of descriptors to the end of the line. */
static bool
read_descriptors(struct reader *reader)
{
    struct scn_operands *operands = reader->operands;
    struct scn_place *places = core_arena_array(reader->parser->arena, SCN_ROW_MAX, sizeof *places);

    if (places == NULL)
        return scn_fail_memory(reader->parser);
    operands->places = places;
    do {
        if (operands->place_count == SCN_ROW_MAX)
            return scn_fail_token(reader->parser, scn_peek(reader->parser),
                                  "too many descriptors in a row; the next is",
                                  "a row may have rows as its parts");
        if (!read_name(reader, 1u << SCN_DESCRIPTOR))
            return false;
    } while (!scn_at_end(reader->parser));
    return true;
}

/* One or more words whose numbers are joined. */
static bool
read_syncs(struct reader *reader, const struct scn_word_list *list)
{
    uint32_t all = 0;

    do {
        if (!read_word(reader, list, "msync takes no", false))
            return false;
        all |= reader->operands->word;
    } while (scn_peek(reader->parser)->kind == SCN_TOKEN_WORD &&
             scn_peek_after(reader->parser)->kind != SCN_TOKEN_EQUALS);
    reader->operands->word = all;
    return true;
}

/* What operations of the vm floor take, and those of locks and devices. */
static bool
read_vm_operand(struct reader *reader, char letter)
{
    switch (letter) {
    case 'e':
        return read_name(reader, 1u << SCN_MEMORY_ENTRY);
    case 'h':
        return read_word(reader, &scn_inheritances, "an inheritance", false);
    case 'k':
        return read_word(reader, &scn_remap_kinds, "share or copy", false);
    case 'v':
        return read_word(reader, &scn_behaviors, "a behavior", false);
    case 'y':
        return read_syncs(reader, &scn_syncs);
    case 'Y':
        return read_syncs(reader, &scn_bsd_syncs);
    case 'V':
        return read_word(reader, &scn_advices, "an advice", false);
    case 'u':
        return read_word(reader, &scn_purgables, "a purgable state", false);
    case 'l':
        return read_name(reader, 1u << SCN_LOCK);
    case 'L':
        return read_word(reader, &scn_lock_kinds, "a kind of lock", false);
    case 'F':
        reader->parser->program->has_failures = true;
        return read_word(reader, &scn_calls, "a call that can fail", false);
    case 'g':
        return read_name(reader, 1u << SCN_SEGMENT);
    case 'x':
        return read_name(reader, 1u << SCN_DMA);
    default: /* 's' */
        return scn_parse_status(reader->parser, reader->operation->syntax,
                                &reader->operands->status);
    }
}

static bool
read_operand(struct reader *reader, char letter)
{
    switch (letter) {
    case 'D':
        return read_descriptors(reader);
    case 't':
        return read_name(reader, 1u << SCN_TASK);
    case 'b':
        return read_name(reader, 1u << SCN_BUFFER);
    case 'd':
        return read_name(reader, 1u << SCN_DESCRIPTOR);
    case 'm':
        return read_name(reader, 1u << SCN_MAP);
    case 'c':
        return read_name(reader, 1u << SCN_CALL);
    case 'o':
        return read_name(reader, 1u << SCN_DESCRIPTOR | 1u << SCN_MAP);
    case 'p':
        return read_place(reader);
    case 'R':
        return read_spans(reader);
    case 'n':
    case 'N':
        return read_number(reader, letter == 'N');
    case 'I':
        return read_word(reader, &scn_directions, "a direction", true);
    case 'w':
        return read_wire_direction(reader);
    case 'a':
    case 'A':
        return read_word(reader, &scn_rights, "rights", letter == 'A');
    default:
        return read_vm_operand(reader, letter);
    }
}

/* ---- KEY=VALUE and single words, in any order ---- */

static bool
read_pattern(struct reader *reader)
{
    if (scn_take_word(reader->parser, "page"))
        return true;
    return scn_fail_token(reader->parser, scn_peek(reader->parser), "unknown pattern",
                          "the pattern is `page`: byte = page index");
}

static bool
read_byte(struct reader *reader)
{
    uint64_t value;

    if (!scn_parse_plain(reader->parser, reader->operation->syntax, 255, &value))
        return false;
    reader->operands->value = (struct scn_number){ .value = value };
    return true;
}

static bool
read_at(struct reader *reader)
{
    struct scn_operands *operands = reader->operands;

    operands->at_is_place = !scn_number_is_next(reader->parser);
    if (operands->at_is_place)
        return scn_parse_place(reader->parser, "at=", reader->operation->syntax, false,
                               &operands->place);
    return scn_parse_number(reader->parser, reader->operation->syntax, &operands->at);
}

/* The size of a task's pages: 4K, where the machine that the file names has larger ones. */
static bool
read_pages(struct reader *reader)
{
    struct scn_parser *parser = reader->parser;
    const struct hw_geometry *machine = &parser->program->geometry;
    const struct scn_token *token = scn_peek(parser);
    struct scn_number pages;

    if (!scn_parse_number(parser, reader->operation->syntax, &pages))
        return false;
    if (pages.in_pages || pages.value != SCN_SMALL_PAGE)
        return scn_fail_token(parser, token, "a task's pages are the machine's or 4K, not",
                              "leave pages= out, or write pages=4K");
    if (machine->levels == 0 || hw_page_bytes(machine) <= SCN_SMALL_PAGE)
        return scn_fail_token(parser, token,
                              "the machine's own pages have 4 KiB, so nothing asks for",
                              "leave pages= out, or name another in the header: machine m1");
    return true;
}

static bool
read_value_of(struct reader *reader, uint32_t option)
{
    struct scn_operands *operands = reader->operands;
    const char *syntax = reader->operation->syntax;

    switch (option) {
    case SCN_TAKES_OFFSET:
        return scn_parse_number(reader->parser, syntax, &operands->offset);
    case SCN_TAKES_LENGTH:
        return scn_parse_number(reader->parser, syntax, &operands->length);
    case SCN_TAKES_AT:
        return read_at(reader);
    case SCN_TAKES_ALIGN:
        return scn_parse_number(reader->parser, syntax, &operands->align);
    case SCN_TAKES_VALUE:
        return read_byte(reader);
    case SCN_TAKES_DIRECTION:
        return read_word(reader, &scn_directions, "a direction", false);
    case SCN_TAKES_PATTERN:
        return read_pattern(reader);
    case SCN_TAKES_PAGES:
        return read_pages(reader);
    case SCN_TAKES_INHERIT:
        return scn_parse_word(reader->parser, &scn_inheritances, "an inheritance", syntax,
                              &operands->inherit);
    default:
        return scn_parse_place(reader->parser, "output=", syntax, true, &operands->place);
    }
}

static bool
unknown_option(struct reader *reader, const struct scn_token *token)
{
    struct scn_guess guess;
    char how[160];
    struct vmm_text text;

    scn_guess_init(&guess, token->bytes, token->length);
    for (size_t i = 0; i < scn_options_list.count; i++) {
        if ((scn_options_list.words[i].value & reader->operation->options) != 0)
            scn_guess_offer(&guess, scn_options_list.words[i].word);
    }
    vmm_text_init(&text, how, sizeof how);
    vmm_text_format(&text, "write: %s", reader->operation->syntax);
    return scn_fail_guess(reader->parser, token, "nothing calls for", &guess, how);
}

static bool
read_option(struct reader *reader)
{
    struct scn_parser *parser = reader->parser;
    const struct scn_token *token = scn_peek(parser);
    const struct scn_word *option = NULL;
    bool has_value;

    if (token->kind == SCN_TOKEN_WORD)
        option = scn_word_find(&scn_options_list, token->bytes, token->length);
    if (option == NULL || (option->value & reader->operation->options) == 0)
        return unknown_option(reader, token);
    if ((option->value & reader->operands->given) != 0)
        return scn_fail_token(parser, token, "said twice:", "say it once");
    scn_take(parser);
    reader->operands->given |= option->value;
    has_value = (option->value & SCN_TAKES_VALUES) != 0;
    if (scn_take_kind(parser, SCN_TOKEN_EQUALS) != has_value)
        return scn_fail_token(parser, token, has_value ? "= is missing after" : "no = after",
                              reader->operation->syntax);
    return !has_value || read_value_of(reader, option->value);
}

/* ---- what the row cannot say ---- */

static bool
check_whole(struct reader *reader, const struct scn_token *start)
{
    const struct scn_operands *operands = reader->operands;
    uint32_t cpus = reader->parser->program->cpu_count;
    enum scn_operation_id id = (enum scn_operation_id)(reader->operation - scn_operation_at(0));

    if ((reader->operation->options & SCN_TAKES_DIRECTION & ~operands->given) != 0)
        return scn_fail_token(reader->parser, start, "direction= is missing in",
                              reader->operation->syntax);
    if ((operands->given & SCN_TAKES_OFFSET) != 0 && operands->place_count > 0 &&
        operands->places[0].has_offset)
        return scn_fail_token(reader->parser, start, "the offset is said twice in",
                              "say +N or offset=N");
    if (id == SCN_OP_FAIL && operands->number_count > 0 &&
        (operands->numbers[0].in_pages || operands->numbers[0].value == 0))
        return scn_fail_token(reader->parser, start + 2, "calls count from 1, not",
                              "fail map 2: the second one behind this line");
    if (id == SCN_OP_ON_CPU &&
        (operands->numbers[0].in_pages ||
         operands->numbers[0].value >= (cpus != 0 ? cpus : SCN_DEFAULT_CPUS)))
        return scn_fail_token(reader->parser, start + 1, "the machine has no CPU",
                              "CPUs count from 0; a header line `machine cpus=N` asks for more");
    return true;
}

static bool
bind_result(struct reader *reader, const struct scn_token *name, const struct scn_token *start,
            uint32_t *result)
{
    enum scn_type gives = reader->operation->gives;
    char how[160];
    struct vmm_text text;

    if (name == NULL && gives == SCN_NOTHING)
        return true;
    vmm_text_init(&text, how, sizeof how);
    vmm_text_format(&text, "write: %s", reader->operation->syntax);
    if (gives == SCN_NOTHING)
        return scn_fail_token(reader->parser, start, "there is nothing to bind from", how);
    if (name == NULL)
        return scn_fail_token(reader->parser, start, "a name is missing before", how);
    return scn_name_bind(reader->parser, name, gives, result);
}

bool
scn_parse_operation(struct scn_parser *parser, const struct scn_token *name,
                    struct scn_statement *statement)
{
    const struct scn_token *start = scn_peek(parser);
    struct reader reader = { .parser = parser, .operands = &statement->u.operands };

    if (start->kind != SCN_TOKEN_WORD ||
        !scn_operation_find(start->bytes, start->length, &statement->operation))
        return unknown_operation(parser);
    scn_take(parser);
    reader.operation = scn_operation_at(statement->operation);
    reader.operands->places = core_arena_array(parser->arena, strlen(reader.operation->takes),
                                               sizeof *reader.operands->places);
    if (reader.operands->places == NULL)
        return scn_fail_memory(parser);
    for (const char *letter = reader.operation->takes; *letter != '\0'; letter++) {
        if (!read_operand(&reader, *letter))
            return false;
    }
    while (!scn_at_end(parser)) {
        if (!read_option(&reader))
            return false;
    }
    return check_whole(&reader, start) && bind_result(&reader, name, start, &statement->result);
}

/*
 * scn_parse_expect.c - expect and report, read along their rows of scn_subjects.def
 */
#include "scn_parser.h"

#include <string.h>

struct reader {
    struct scn_parser *parser;
    const struct scn_subject *subject;
    struct scn_claim *claim;
};

static bool
unknown_subject(struct scn_parser *parser)
{
    const struct scn_token *token = scn_peek(parser);
    struct scn_guess guess;

    if (token->kind != SCN_TOKEN_WORD)
        return scn_fail_token(parser, token, "a subject is missing",
                              "docs/scenario-language.md lists what can be expected");
    scn_guess_init(&guess, token->bytes, token->length);
    scn_guess_offer_subjects(&guess);
    return scn_fail_guess(parser, token, "unknown subject", &guess,
                          "docs/scenario-language.md lists what can be expected");
}

/* ---- names that the model's tables know ---- */

static bool
read_status(struct reader *reader)
{
    if (reader->claim->subject == SCN_SUBJECT_RESULT && scn_take_word(reader->parser, "null")) {
        reader->claim->form = SCN_RESULT_NULL;
        return true;
    }
    return scn_parse_status(reader->parser, reader->subject->syntax, &reader->claim->status);
}

static bool
read_event(struct reader *reader)
{
    const struct scn_token *token = scn_peek(reader->parser);
    struct scn_guess guess;

    if (token->kind == SCN_TOKEN_WORD &&
        trace_kind_by_name(token->bytes, token->length, &reader->claim->event)) {
        scn_take(reader->parser);
        return true;
    }
    if (token->kind != SCN_TOKEN_WORD)
        return scn_fail_token(reader->parser, token, "an event is missing",
                              reader->subject->syntax);
    scn_guess_init(&guess, token->bytes, token->length);
    for (uint32_t kind = 0; kind < EV_KIND_COUNT; kind++)
        scn_guess_offer(&guess, trace_kind_name((enum trace_kind)kind));
    return scn_fail_guess(reader->parser, token, "unknown event", &guess,
                          "events are named as in PMAP_ENTER, PAGE_WIRE, IOMAP_FAIL");
}

static bool
read_rule(struct reader *reader)
{
    const struct scn_token *token = scn_peek(reader->parser);
    struct scn_guess guess;

    if (token->kind == SCN_TOKEN_WORD)
        reader->claim->rule = verify_rule_find(token->bytes, token->length);
    if (reader->claim->rule != NULL) {
        scn_take(reader->parser);
        return true;
    }
    if (token->kind != SCN_TOKEN_WORD)
        return scn_fail_token(reader->parser, token, "a rule is missing", reader->subject->syntax);
    scn_guess_init(&guess, token->bytes, token->length);
    for (size_t i = 0; i < verify_rule_count(); i++)
        scn_guess_offer(&guess, verify_rule_at(i)->id);
    return scn_fail_guess(reader->parser, token, "unknown rule", &guess,
                          "`faultline rules` lists the rules");
}

/* ---- words of the vm floor ---- */

/* One or more of the words that a page query, or mincore, can answer. */
static bool
read_page_bits(struct reader *reader, const struct scn_word_list *list, const char *what)
{
    uint32_t bit;

    do {
        if (!scn_parse_word(reader->parser, list, what, reader->subject->syntax, &bit))
            return false;
        reader->claim->word |= bit;
    } while (!scn_at_end(reader->parser));
    return true;
}

static bool
read_vm_word(struct reader *reader, char letter)
{
    const struct scn_word_list *list = &scn_statistics;
    const char *what = "a counter";

    if (letter == 'q')
        return read_page_bits(reader, &scn_page_bits, "a page query has no");
    if (letter == 'Q')
        return read_page_bits(reader, &scn_mincore_bits, "mincore has no");
    if (letter == 'a') {
        list = &scn_rights;
        what = "rights";
    } else if (letter == 'h') {
        list = &scn_inheritances;
        what = "an inheritance";
    } else if (letter == 'm') {
        list = &scn_share_modes;
        what = "a share mode";
    } else if (letter == 'u') {
        list = &scn_purgables;
        what = "a purgable state";
    } else if (letter == 'g') {
        list = &scn_region_facts;
        what = "a fact of a region";
    }
    return scn_parse_word(reader->parser, list, what, reader->subject->syntax,
                          &reader->claim->word);
}

/* ---- the subject's words ---- */

static bool
read_name(struct reader *reader, uint32_t types)
{
    struct scn_place *place = &reader->claim->places[reader->claim->place_count++];

    return scn_parse_name(reader->parser, reader->subject->word, reader->subject->syntax, types,
                          &place->name);
}

static bool
read_one(struct reader *reader, char letter)
{
    struct scn_claim *claim = reader->claim;

    switch (letter) {
    case 's':
        return read_status(reader);
    case 'e':
        return read_event(reader);
    case 'f':
        return read_rule(reader);
    case 'R':
        return scn_parse_places(reader->parser, reader->subject->word, reader->subject->syntax,
                                &claim->places, &claim->place_count);
    case 'p':
        return scn_parse_place(reader->parser, reader->subject->word, reader->subject->syntax,
                               false, &claim->places[claim->place_count++]);
    case 'd':
        return read_name(reader, 1u << SCN_DESCRIPTOR);
    case 'o':
        return read_name(reader, 1u << SCN_DESCRIPTOR | 1u << SCN_MAP);
    case 'O':
        return read_name(reader, 1u << SCN_DESCRIPTOR | 1u << SCN_MAP | 1u << SCN_MEMORY_ENTRY |
                                     1u << SCN_SEGMENT);
    case 'a':
    case 'h':
    case 'm':
    case 'u':
    case 'g':
    case 'q':
    case 'Q':
    case 'V':
        return read_vm_word(reader, letter);
    default: /* 'S' */
        if (scn_peek(reader->parser)->kind != SCN_TOKEN_STRING)
            return true;
        return scn_parse_string(reader->parser, reader->subject->syntax, &claim->string);
    }
}

/* offset= and length=, where one place is named. */
static bool
read_range(struct reader *reader)
{
    struct scn_parser *parser = reader->parser;
    struct scn_claim *claim = reader->claim;

    while (scn_peek(parser)->kind == SCN_TOKEN_WORD &&
           scn_peek_after(parser)->kind == SCN_TOKEN_EQUALS) {
        const struct scn_token *key = scn_take(parser);
        bool is_offset = scn_same(key->bytes, key->length, "offset");
        bool is_length = scn_same(key->bytes, key->length, "length");

        scn_take(parser);
        if ((!is_offset && !is_length) || claim->place_count != 1 ||
            !scn_same(reader->subject->takes, strlen(reader->subject->takes), "R"))
            return scn_fail_token(parser, key, "nothing calls for", reader->subject->syntax);
        if ((is_offset && (claim->has_offset || claim->places[0].has_offset)) ||
            (is_length && (claim->has_length || claim->places[0].has_length)))
            return scn_fail_token(parser, key, "said twice:", "say it once");
        claim->has_offset |= is_offset;
        claim->has_length |= is_length;
        if (!scn_parse_number(parser, reader->subject->syntax,
                              is_offset ? &claim->offset : &claim->length))
            return false;
    }
    return true;
}

static bool
read_subject(struct reader *reader)
{
    struct scn_parser *parser = reader->parser;
    const struct scn_token *token = scn_peek(parser);
    struct scn_claim *claim = reader->claim;

    if (token->kind != SCN_TOKEN_WORD ||
        !scn_subject_find(token->bytes, token->length, &claim->subject))
        return unknown_subject(parser);
    scn_take(parser);
    claim->text_at = (size_t)(token->bytes - parser->start->bytes);
    reader->subject = scn_subject_at(claim->subject);
    claim->places =
        core_arena_array(parser->arena, strlen(reader->subject->takes), sizeof *claim->places);
    if (claim->places == NULL)
        return scn_fail_memory(parser);
    for (const char *letter = reader->subject->takes; *letter != '\0'; letter++) {
        if (!read_one(reader, *letter))
            return false;
    }
    return read_range(reader);
}

static bool
read_comparison(struct reader *reader)
{
    struct scn_claim *claim = reader->claim;

    if (scn_take_word(reader->parser, "at-least"))
        claim->comparison = SCN_AT_LEAST;
    else if (scn_take_word(reader->parser, "at-most"))
        claim->comparison = SCN_AT_MOST;
    return scn_parse_number(reader->parser, reader->subject->syntax, &claim->number);
}

bool
scn_parse_expect(struct scn_parser *parser, struct scn_statement *statement)
{
    struct reader reader = { .parser = parser, .claim = &statement->u.claim };
    const struct scn_token *start = scn_peek(parser);

    statement->form = SCN_EXPECT;
    if (!read_subject(&reader))
        return false;
    if (parser->program->operation_count == 0)
        return scn_fail_token(parser, start, "no operation stands before expect",
                              "do something first, then expect");
    return reader.subject->unit == NULL || read_comparison(&reader);
}

bool
scn_parse_report(struct scn_parser *parser, struct scn_statement *statement)
{
    struct reader reader = { .parser = parser, .claim = &statement->u.claim };
    const struct scn_token *name = scn_peek(parser);
    const struct scn_token *start;

    statement->form = SCN_REPORT;
    if (name->kind != SCN_TOKEN_WORD)
        return scn_fail_token(parser, name, "a name is missing", "write: report NAME translated m");
    parser->program->report_count++;
    reader.claim->metric = core_arena_copy(parser->arena, name->bytes, name->length);
    if (reader.claim->metric == NULL)
        return scn_fail_memory(parser);
    scn_take(parser);
    start = scn_peek(parser);
    if (!read_subject(&reader))
        return false;
    if (reader.subject->unit == NULL)
        return scn_fail_token(parser, start, "a report is a number, and this is none:",
                              "numbers: translated, resident, faults, count and their like");
    return true;
}
